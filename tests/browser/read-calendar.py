"""Reads files for calendars with icalendar. Argument: a folder with .ics files.

Prints a line of JSON for each: its name, what it does, and its events.
"""

import datetime
import json
import pathlib
import sys

import icalendar


def time(event, key):
    return event.decoded(key).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(event):
    if event.errors:
        raise ValueError(event.errors)
    attendees = event.get("attendee", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    organiser = event.get("organizer")
    return {
        "uid": str(event["uid"]),
        "sequence": int(event["sequence"]),
        "start": time(event, "dtstart"),
        "end": time(event, "dtend"),
        "stamp": time(event, "dtstamp"),
        "summary": str(event["summary"]),
        "location": str(event.get("location", "")),
        "status": str(event["status"]),
        "organiser": [str(organiser), str(organiser.params["cn"])] if organiser else [],
        "attendees": [[str(one), str(one.params["rsvp"])] for one in attendees],
    }


for file in sorted(pathlib.Path(sys.argv[1]).glob("*.ics")):
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    events = [read(event) for event in calendar.walk("VEVENT")]
    print(json.dumps({"name": file.name, "method": str(calendar["method"]), "events": events}, ensure_ascii=False))
