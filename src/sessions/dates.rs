//! Letters about when and where meetings are. Each asks once more, at the last moment, whether it may be sent, and says what has
//! changed since the person was told.
//!
//! A file for the calendar goes with it, unless the person wants letters that show nothing to others: calendars are shared, and
//! nobody thinks of that when they open a file.

use super::{
    AHEAD, ARRANGED, CANCELLED, CHANGED, GONE,
    calendar::{self, Entry, Method, Parties},
    revisions,
    telling::{self, Unsaid},
    told,
};
use crate::{
    accounts::Person,
    consent::permits,
    invitations::{letters::moment, parting, places},
    participants::{Recipient, preferences, recipient},
    platform::{
        Error, Platform, Result,
        mail::{self, Both, Composed, Letter, both},
    },
};
use chrono_tz::Tz;
use entity::{
    MailState, MeetingId, OpportunityId, PlaceState, Purpose, Time, mail_message, meeting, meeting_revision as revision,
    opportunity, organisation, participant,
};
use sea_orm::EntityTrait;

/// A letter takes so many meetings out of a calendar; those beyond it are named in words alone.
const FILES: usize = 20;
/// What a meeting is called where it must tell nothing.
const NEUTRAL: &str = "Appointment";

/// Writes a letter about meetings, unless it may not be sent any more.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let subject = message.subject_id.ok_or_else(|| Error::bug("a letter about no meeting"))?;
    let one = match message.kind.as_str() {
        ARRANGED | CHANGED | CANCELLED => {
            let key = (recipient.organisation.id, MeetingId(subject));
            let found = meeting::Entity::find_by_id(key).one(platform.db.read()).await?;
            Some(found.ok_or_else(|| Error::bug("a letter about no meeting"))?)
        }
        AHEAD | GONE => None,
        _ => return Err(Error::bug("a kind of letter that is not about meetings")),
    };
    let id = one.as_ref().map_or(OpportunityId(subject), |row| row.opportunity_id);
    let about = opportunity::Entity::find_by_id((recipient.organisation.id, id)).one(platform.db.read()).await?;
    let about = about.ok_or_else(|| Error::bug("a meeting of nothing"))?;
    let desk = Desk { platform: &platform, message: &message, recipient: &recipient, about: &about };
    if let Some(instead) = desk.instead().await? {
        return Ok(instead);
    }
    let letter = match one {
        Some(row) => desk.one(&row).await?,
        None => desk.several().await?,
    };
    Ok(match letter {
        Ok(letter) => Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))),
        Err(instead) => instead,
    })
}

/// A letter, or what is to be done instead.
type Written = std::result::Result<Letter, Composed>;

fn drop(state: MailState, why: &'static str) -> Composed {
    Composed::Drop(state, why)
}

/// Everything that a letter about meetings is made of.
struct Desk<'a> {
    platform: &'a Platform,
    message: &'a mail_message::Model,
    recipient: &'a Recipient,
    about: &'a opportunity::Model,
}

impl Desk<'_> {
    fn zone(&self) -> Tz {
        self.recipient.organisation.time_zone.parse().unwrap_or(Tz::UTC)
    }

    async fn holds(&self) -> Result<bool> {
        let (organisation, person) = (self.recipient.organisation.id, self.recipient.participant.id);
        let place = places::of(self.platform.db.read(), organisation, self.about.id, person).await?;
        Ok(place.is_some_and(|place| place.state == PlaceState::Held))
    }

    /// What is to be done instead of sending a letter, if it may not be sent, or not yet.
    async fn instead(&self) -> Result<Option<Composed>> {
        let (db, now) = (self.platform.db.read(), self.platform.clock.now());
        let (organisation, person) = (self.recipient.organisation.id, self.recipient.participant.id);
        // That meetings are over for somebody is told to those who gave their place up, too: it takes back what we put into their
        // calendar.
        if self.message.kind != GONE {
            if !self.holds().await? {
                return Ok(Some(drop(MailState::Cancelled, "the person holds no place any more")));
            }
            if parting::of(db, organisation, self.about.id, person).await?.is_some() {
                return Ok(Some(drop(MailState::Cancelled, "the person has stepped down from it, or is pausing")));
            }
        }
        if !permits(db, organisation, person, Purpose::Participate, self.about.id.0, now).await? {
            return Ok(Some(drop(MailState::Suppressed, "the person does not agree to take part any more")));
        }
        // Whoever has it in mind as it was before has to hear of it in time, too.
        let next = match self.recipient.organisation.letters_window {
            Some(_) => revisions::next_beginning(db, organisation, self.about.id, self.message.subject_id, now).await?,
            None => None,
        };
        Ok(self.recipient.waits_until(now, next).map(Composed::Later))
    }

    /// A letter about one meeting, as it was when the letter was made.
    async fn one(&self, row: &meeting::Model) -> Result<Written> {
        let (db, organisation) = (self.platform.db.read(), self.recipient.organisation.id);
        if row.sequence != self.message.n {
            return Ok(Err(drop(MailState::Cancelled, "the meeting was changed again, and another letter says how")));
        }
        if row.starts_at <= self.platform.clock.now() {
            return Ok(Err(drop(MailState::Expired, "the meeting has begun")));
        }
        let revisions = revisions::of(db, organisation, &[row.id]).await?;
        let whose = (organisation, self.about.id, self.recipient.participant.id);
        let told = told::of(db, whose, &revisions, Some(self.message.id)).await?;
        let known = told.get(&row.id).filter(|told| !told.gone).map(|told| &told.as_it_was);
        let is = revisions.get(&row.id).and_then(|all| all.last()).ok_or_else(|| Error::bug("a meeting without a beginning"))?;
        Ok(match known {
            None if is.cancelled => Err(drop(MailState::Cancelled, "the person was not told of the meeting")),
            Some(known) if told::same(known, is) => Err(drop(MailState::Cancelled, "the person knows it already")),
            Some(known) if is.cancelled => Ok(self.cancelled(row, known)),
            Some(known) => Ok(self.changed(row, known)),
            None => Ok(self.arranged(row)),
        })
    }

    /// A letter about all meetings that lie ahead.
    async fn several(&self) -> Result<Written> {
        let (db, now) = (self.platform.db.read(), self.platform.clock.now());
        let holds = self.holds().await?;
        let whose = (self.recipient.organisation.id, self.about.id, self.recipient.participant.id);
        let unsaid = telling::unsaid(db, whose, holds, now, Some(self.message.id)).await?;
        Ok(match self.message.kind.as_str() {
            AHEAD if unsaid.coming.is_empty() => {
                Err(drop(MailState::Cancelled, "there is no meeting that the person does not know of"))
            }
            AHEAD => Ok(self.ahead(&unsaid)),
            _ if unsaid.over.is_empty() => Err(drop(MailState::Cancelled, "there is no meeting to take back")),
            // Nothing of ours is in their calendar, and what they did they know.
            _ if !holds && self.is_neutral() => Err(drop(MailState::Cancelled, "the person has no file of ours in a calendar")),
            _ => Ok(self.over(&unsaid.over, holds)),
        })
    }

    fn is_neutral(&self) -> bool {
        self.recipient.wishes.contact.neutral_subject
    }

    fn letter(&self, subject: impl Into<Both>) -> Letter {
        let (title, name) = (&self.about.title, &self.recipient.organisation.name);
        let reason = both(
            format!("You get this letter because you have, or had, a place in “{title}” of {name}."),
            format!("This is about {title}.\nYou have, or had, a place in it.\nIt is run by {name}."),
        );
        self.recipient.letter(subject, reason).text(match &self.recipient.participant.name {
            Some(name) => format!("Dear {name},"),
            None => "Hello,".to_owned(),
        })
    }

    fn page(&self, row: &meeting::Model) -> String {
        self.recipient.own_page(self.platform, &format!("/meetings/{}", row.id))
    }

    fn arranged(&self, row: &meeting::Model) -> Letter {
        let title = &self.about.title;
        let letter = self.letter(format!("When we meet: {}", row.title)).text(both(
            format!("There is a meeting of “{title}”, in which you have a place."),
            format!("There is a meeting.\nIt is part of {title}.\nYou have a place in it."),
        ));
        self.foot(self.filed(self.facts(letter, row), Method::Request, std::slice::from_ref(row)), row)
    }

    fn changed(&self, row: &meeting::Model, was: &revision::Model) -> Letter {
        let title = &self.about.title;
        let letter = self
            .letter(format!("A meeting has changed: {}", row.title))
            .text(both(
                format!("Something has changed about a meeting of “{title}”:"),
                format!("A meeting has changed.\nIt is part of {title}."),
            ))
            .heading(both("", "What has changed"))
            .list(differences(was, row, self.zone()))
            .text(both("This is how it is now:", "This is how it is now."));
        self.foot(self.filed(self.facts(letter, row), Method::Request, std::slice::from_ref(row)), row)
    }

    fn cancelled(&self, row: &meeting::Model, was: &revision::Model) -> Letter {
        let (title, day) = (&self.about.title, when(was.starts_at, was.ends_at, self.zone()));
        let name = &was.title;
        let letter = self.letter(format!("A meeting does not take place: {name}")).text(both(
            format!("The meeting “{name}” of “{title}” does not take place. It was to be on {day}. You need not do anything."),
            format!("A meeting will not happen.\nIts name was {name}.\nIt is part of {title}."),
        ));
        let letter = letter.text(both("", format!("It was to be on {day}.\nYou do not need to do anything.")));
        let letter = match self.is_neutral() {
            true => letter,
            false => letter.text(both(
                "If you put it into your calendar with our file, the file with this letter takes it out.",
                "There is a file with this letter.\nIt takes the meeting out of your calendar.",
            )),
        };
        let letter = self.filed(letter, Method::Cancel, std::slice::from_ref(row));
        self.questions(letter.button("Read about the meeting", self.page(row)))
    }

    fn ahead(&self, unsaid: &Unsaid) -> Letter {
        let (rows, title) = (unsaid.coming.as_slice(), &self.about.title);
        let letter = self
            .letter(format!("When we meet: {title}"))
            .text(both(
                format!("You have a place in “{title}”. These meetings lie ahead:"),
                format!("You have a place in {title}.\nThese are the meetings."),
            ))
            .heading(both("", "The meetings"));
        let letter = rows.iter().fold(letter, |letter, row| letter.fact(row.title.as_str(), self.line(row)));
        let method = if rows.len() == 1 { Method::Request } else { Method::Publish };
        let mut letter = self.filed(letter, method, rows);
        if !unsaid.over.is_empty() {
            let more = letter.text(both("These do not take place any more:", "These meetings will not happen now."));
            letter = self.taken_out(more, &unsaid.over);
        }
        let url = self.recipient.own_page(self.platform, "/meetings");
        self.questions(letter.button("See your meetings", url))
    }

    fn over(&self, rows: &[(meeting::Model, revision::Model)], holds: bool) -> Letter {
        let title = &self.about.title;
        let opening = match holds {
            true => both(
                format!("These meetings of “{title}” do not take place:"),
                format!("Some meetings will not happen.\nThey are part of {title}."),
            ),
            false => both(
                format!("You have given up your place in “{title}”. So these meetings are no longer yours:"),
                format!("You gave up your place in {title}.\nYou do not need to come to these meetings."),
            ),
        };
        let subject = if holds { "Meetings do not take place" } else { "Meetings that are no longer yours" };
        self.questions(self.taken_out(self.letter(format!("{subject}: {title}")).text(opening), rows))
    }

    /// The letter with meetings that are over for the person, and files that take them out of a calendar.
    fn taken_out(&self, letter: Letter, rows: &[(meeting::Model, revision::Model)]) -> Letter {
        let mut letter = rows.iter().fold(letter.heading(both("", "The meetings")), |letter, (_, was)| {
            letter.fact(was.title.as_str(), when(was.starts_at, was.ends_at, self.zone()))
        });
        if !self.is_neutral() {
            letter = letter.text(both(
                "If you put them into your calendar with our files, the files with this letter take them out.",
                "There are files with this letter.\nThey take the meetings out of your calendar.",
            ));
        }
        // Each takes back one meeting: no other form is allowed (RFC 5546, 3.2.5).
        for (row, _) in rows.iter().take(FILES) {
            let gone = meeting::Model { cancelled_at: Some(self.message.date), ..row.clone() };
            letter = self.filed(letter, Method::Cancel, &[gone]);
        }
        letter
    }

    fn facts(&self, letter: Letter, row: &meeting::Model) -> Letter {
        letter
            .fact(both("What", "What it is"), row.title.as_str())
            .fact("When", when(row.starts_at, row.ends_at, self.zone()))
            .fact(both("Where, and how to get in", "Where it is"), place(row.location.as_deref()))
    }

    /// When and where a meeting is.
    fn line(&self, row: &meeting::Model) -> Both {
        let when = when(row.starts_at, row.ends_at, self.zone());
        match row.location.as_deref().map(str::trim).filter(|at| !at.is_empty()) {
            Some(at) => both(format!("{when}. Where: {at}"), format!("{when}\n{at}")),
            None => when.into(),
        }
    }

    fn foot(&self, letter: Letter, row: &meeting::Model) -> Letter {
        let letter = letter
            .button("Read about the meeting", self.page(row))
            .heading(both("", "What you can do"))
            .text(both(
                "If you cannot come, or no longer want to: on that page you can pause, do less, or leave. You need give no reason.",
                "You may not be able to come.\nYou may not want to come any more.\nThat is fine.",
            ))
            .text(both("", "You can pause, do less or leave.\nYou can do that on that page.\nYou do not have to say why."));
        self.questions(letter)
    }

    fn questions(&self, letter: Letter) -> Letter {
        let contact = &self.recipient.organisation.contact;
        letter
            .heading(both("", "Questions?"))
            .text(both(format!("If you have a question, turn to {contact}."), format!("You can ask {contact}.")))
    }

    /// The letter with a file for the calendar, and with words about it.
    fn filed(&self, letter: Letter, method: Method, rows: &[meeting::Model]) -> Letter {
        if self.is_neutral() {
            return match method {
                Method::Cancel => letter,
                _ => letter.text(both(
                    "No file for your calendar is with this letter, because others may see your calendar. On your page there is one \
                     that does not say what it is about.",
                    "There is no calendar file with this letter.\nOther people may see your calendar.\nThere is a file on your page.\nIt does not say what the meeting is about.",
                )),
            };
        }
        let Some(from) = mail::sender_address(&self.platform.config) else { return letter };
        let to = (method != Method::Publish).then(|| self.message.address.clone());
        let parties = Parties { organiser: self.recipient.organisation.name.clone(), from, to };
        let entries: Vec<_> = rows.iter().map(|row| self.entry(row)).collect();
        let text = calendar::file(method, &entries, Some(&parties), self.message.date);
        let letter = letter.calendar(method.word(), text);
        match method {
            Method::Cancel => letter,
            _ if rows.len() > 1 => letter.text(both(
                "With the file that comes with this letter you can put them into your calendar.",
                "There is a file with this letter.\nYou can use it to put the meetings into your calendar.",
            )),
            _ => letter.text(both(
                "With the file that comes with this letter you can put it into your calendar, or change it there.",
                "There is a file with this letter.\nYou can use it to put the meeting into your calendar.",
            )),
        }
    }

    fn entry(&self, row: &meeting::Model) -> Entry {
        let text = format!("A meeting of “{}”, {}.", self.about.title, self.recipient.organisation.name);
        entry(row, text, self.page(row))
    }
}

fn entry(row: &meeting::Model, text: String, url: String) -> Entry {
    Entry {
        id: row.id,
        sequence: row.sequence,
        title: row.title.clone(),
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        location: row.location.clone(),
        text,
        url,
        cancelled: row.cancelled_at.is_some(),
    }
}

/// What has changed, each in a sentence: how it was, and how it is.
fn differences(was: &revision::Model, is: &meeting::Model, zone: Tz) -> Vec<Both> {
    let mut all = Vec::new();
    if (was.starts_at, was.ends_at) != (is.starts_at, is.ends_at) {
        let (before, now) = (when(was.starts_at, was.ends_at, zone), when(is.starts_at, is.ends_at, zone));
        all.push(both(
            format!("When: it was to be on {before}. It is now on {now}."),
            format!("It was to be on {before}.\nIt is now on {now}."),
        ));
    }
    let (before, now) = (place(was.location.as_deref()), place(is.location.as_deref()));
    if before != now {
        all.push(both(
            format!("Where: it was “{before}”. It is now “{now}”."),
            format!("The place was {before}.\nThe place is now {now}."),
        ));
    }
    if was.title != is.title {
        let (before, now) = (&was.title, &is.title);
        all.push(both(
            format!("Name: it was called “{before}”. It is now called “{now}”."),
            format!("The name was {before}.\nThe name is now {now}."),
        ));
    }
    all
}

fn place(location: Option<&str>) -> String {
    location.map(str::trim).filter(|text| !text.is_empty()).unwrap_or("Not said yet").to_owned()
}

/// When a meeting is: its day and hours, as the organisation's clocks show them.
fn when(starts_at: Time, ends_at: Time, zone: Tz) -> String {
    let ends = ends_at.with_timezone(&zone);
    if starts_at.with_timezone(&zone).date_naive() == ends.date_naive() {
        return format!("{} to {}", moment(starts_at, zone), ends.format("%H:%M"));
    }
    format!("{}, to {}", moment(starts_at, zone), moment(ends_at, zone))
}

/// A file for the person's own calendar, of one meeting that they see on their own page. Where they want that nothing is shown to
/// others, it tells the time alone.
pub async fn own_file(platform: &Platform, person: &Person, row: &meeting::Model) -> Result<String> {
    let db = platform.db.read();
    let found = participant::Entity::find_by_id((person.organisation, person.participant)).one(db).await?;
    let found = found.ok_or(Error::NotFound("participant"))?;
    let writer = organisation::Entity::find_by_id(person.organisation).one(db).await?.ok_or(Error::NotFound("organisation"))?;
    let (_, wishes) = preferences::current(db, &found).await?;
    let stamp = platform.clock.now();
    if wishes.contact.neutral_subject {
        let entry = Entry { title: NEUTRAL.into(), location: None, ..entry(row, String::new(), String::new()) };
        return Ok(calendar::file(Method::Publish, &[entry], None, stamp));
    }
    let about = opportunity::Entity::find_by_id((person.organisation, row.opportunity_id)).one(db).await?;
    let text = about.map(|about| format!("A meeting of “{}”, {}.", about.title, writer.name)).unwrap_or_default();
    let url = format!("{}/o/{}/me/meetings/{}", platform.config.public_url, writer.slug, row.id);
    let parties = mail::sender_address(&platform.config).map(|from| Parties { organiser: writer.name.clone(), from, to: None });
    Ok(calendar::file(Method::Publish, &[entry(row, text, url)], parties.as_ref(), stamp))
}
