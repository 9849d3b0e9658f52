// Reads files for calendars with ical.js. Arguments: a folder with .ics files, and the folder of modules.
// Prints a line of JSON for each: its name, what it does, and its events.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, modules] = process.argv.slice(2);
const { default: ICAL } = await import(pathToFileURL(path.join(modules, 'ical.js/dist/ical.js')));
const time = (value) => value.toJSDate().toISOString().replace('.000Z', 'Z');
for (const name of fs.readdirSync(folder).filter((name) => name.endsWith('.ics')).sort()) {
  const calendar = new ICAL.Component(ICAL.parse(fs.readFileSync(path.join(folder, name), 'utf8')));
  const events = calendar.getAllSubcomponents('vevent').map((component) => {
    const event = new ICAL.Event(component, { strictExceptions: true });
    const value = (key) => component.getFirstPropertyValue(key);
    const attendees = event.attendees.map((one) => [one.getFirstValue(), one.getParameter('rsvp')]);
    const organiser = component.getFirstProperty('organizer');
    return {
      uid: event.uid, sequence: event.sequence, start: time(event.startDate), end: time(event.endDate), stamp: time(value('dtstamp')),
      summary: event.summary, location: event.location ?? '', status: value('status'),
      organiser: organiser ? [organiser.getFirstValue(), organiser.getParameter('cn')] : [], attendees,
    };
  });
  console.log(JSON.stringify({ name, method: calendar.getFirstPropertyValue('method'), events }));
}
