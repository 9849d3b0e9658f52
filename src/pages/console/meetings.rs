//! Meetings: when and where, who was there, and the notes, which go to those who were.

use super::{
    desk::{ROWS, Seat, again, fresh, mistaken, paged, seat},
    entry::{self, Entry},
    ways::{FEW, at, found, page},
    words::choices_or_none,
};
use crate::{
    accounts::{Power, readings},
    invitations::places,
    opportunities::zone_of,
    pages::kit::{Block, Cell, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    platform::{Result, http::Cursor},
    sessions::{
        expected,
        meetings::{self, Facts},
        notes,
    },
    statistics::disclosure::Shown,
};
use chrono::TimeDelta;
use entity::{Attendance, ParticipantId, PlaceState, ReadingOf, attendance, meeting, opportunity, participant, place};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/opportunities/:opportunity/meetings");
    route
        .at(at, get(ask(desk, console, list)))
        .at(format!("{at}/new"), get(ask(desk, console, ask_new)).post(act(desk, console, create)))
        .at(format!("{at}/:meeting"), get(ask(desk, console, one)))
        .at(format!("{at}/:meeting/edit"), get(ask(desk, console, ask_edit)).post(act(desk, console, edit)))
        .at(format!("{at}/:meeting/cancel"), get(ask(desk, console, ask_cancel)).post(act(desk, console, cancel)))
        .at(format!("{at}/:meeting/attendance"), get(ask(desk, console, ask_there)).post(act(desk, console, there)))
        .at(format!("{at}/:meeting/notes"), get(ask(desk, console, ask_notes)).post(act(desk, console, write)))
        .at(format!("{at}/:meeting/share"), get(ask(desk, console, ask_share)).post(act(desk, console, share)))
}

pub(super) async fn one_of(seat: &Seat<'_>, way: &opportunity::Model) -> Result<meeting::Model> {
    meetings::get(seat.db(), seat.actor.organisation, way.id, seat.visit.param("meeting")?).await
}

fn here(seat: &Seat<'_>, way: &opportunity::Model, row: &meeting::Model, rest: &str) -> String {
    at(seat, way, &format!("/meetings/{}{rest}", row.id))
}

pub(super) fn below(seat: &Seat<'_>, way: &opportunity::Model, row: &meeting::Model, title: &str) -> Page {
    Page::new(title).caption(&row.title).back("Back to the meeting", here(seat, way, row, ""))
}

fn when(seat: &Seat<'_>, at: entity::Time) -> String {
    at.with_timezone(&zone_of(seat.organisation)).format("%-d %B %Y, %H:%M").to_string()
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let way = found(&seat).await?;
    let rows = meetings::list(seat.db(), seat.actor.organisation, way.id, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |row| row.id.to_string());
    let mut page = page(&seat, &way, "Meetings").wide();
    if seat.manages() {
        page = page.block(Block::Go(Link::new("Add a meeting", at(&seat, &way, "/meetings/new"))));
    }
    if rows.is_empty() {
        return Ok(page.text("There is none yet.").into());
    }
    let row = |row: meeting::Model| {
        let notes = match (row.notes.is_some(), row.notes_shared_at.is_some(), row.notes_agreed_at.is_some()) {
            (_, _, true) => "Agreed",
            (_, true, _) => "Sent",
            (true, _, _) => "Written",
            _ => "None yet",
        };
        let name = Cell::Link(Link::new(&row.title, here(&seat, &way, &row, "")));
        vec![name, Cell::Text(when(&seat, row.starts_at)), Cell::text(notes)]
    };
    let columns = ["Name", "When", "Notes"].map(String::from).to_vec();
    page = page.block(Block::Table(Table { caption: "Meetings".into(), columns, rows: rows.into_iter().map(row).collect() }));
    let more =
        next.map(|next| Block::Links(vec![Link::new("Go on reading", at(&seat, &way, &format!("/meetings?after={next}")))]));
    Ok(page.blocks(more).into())
}

fn form(seat: &Seat<'_>, row: Option<&meeting::Model>) -> Form {
    let zone = zone_of(seat.organisation);
    let hint = format!("In the time of {}.", zone.name());
    let time = |at: fn(&meeting::Model) -> entity::Time| entry::moment(row.map(at), zone);
    let location = row.and_then(|row| row.location.clone()).unwrap_or_default();
    Form::default()
        .field(Field::line("title", "Name", row.map(|row| row.title.clone()).unwrap_or_default()))
        .field(Field::typed("starts_at", "When it begins", time(|row| row.starts_at), "datetime-local").hint(hint))
        .field(Field::typed("ends_at", "When it ends", time(|row| row.ends_at), "datetime-local"))
        .field(Field::area("location", "Where, and how to get in", location).optional().rows(3))
        .submit(Submit::new("Save"))
}

fn read(seat: &Seat<'_>) -> Result<Facts> {
    let zone = zone_of(seat.organisation);
    let mut entry = Entry::new(&seat.visit.fields);
    let (starts, ends) = (entry.moment("starts_at", zone), entry.moment("ends_at", zone));
    for (name, at) in [("starts_at", starts), ("ends_at", ends)] {
        if at.is_none() && seat.visit.fields.given(name).is_none() {
            entry.wrong(format!("/{name}"), "Say when.");
        }
    }
    let (title, location) = (entry.text("title"), entry.given("location"));
    // What stands in for a time that cannot be read goes with the other one.
    let (hour, now) = (TimeDelta::hours(1), seat.platform().clock.now());
    let starts_at = starts.or(ends.map(|ends| ends - hour)).unwrap_or(now);
    let facts = Facts { title, starts_at, ends_at: ends.unwrap_or(starts_at + hour), location };
    entry.done_with(facts.check())?;
    Ok(facts)
}

fn new_page(seat: &Seat<'_>, way: &opportunity::Model, form: Form) -> Page {
    Page::new("Add a meeting").caption(&way.title).back("Meetings", at(seat, way, "/meetings")).form(form)
}

async fn ask_new(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    Ok(new_page(&seat, &way, fresh(&seat, form(&seat, None))).into())
}

async fn create(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let made = async {
        let facts = read(&seat)?;
        let once = seat.once().await?;
        if let Some(address) = once.seen_at() {
            return Ok(address);
        }
        let made = meetings::create(once.tx(), seat.platform(), &seat.actor, way.id, facts).await?;
        let address = here(&seat, &way, &made, "");
        once.commit_at(&address).await?;
        seat.platform().wake.notify_one();
        Ok(address)
    };
    match made.await {
        Ok(address) => Reply::to(address),
        Err(error) => Ok(mistaken(new_page(&seat, &way, again(fresh(&seat, form(&seat, None)), &visit, error)?)).into()),
    }
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let said = match visit.query.text("done") {
        "saved" => Some("Saved."),
        "cancelled" => Some("The meeting does not take place. Whoever was told of it gets a letter."),
        "shared" => Some("The notes are on their way to those who were there."),
        _ => None,
    };
    let mut facts = vec![("Begins".to_owned(), when(&seat, row.starts_at)), ("Ends".to_owned(), when(&seat, row.ends_at))];
    facts.extend(row.location.clone().map(|place| ("Where".to_owned(), place)));
    facts.extend(too_long(expected::too_long_for(seat.platform(), &row).await?).map(|text| ("Its length".to_owned(), text)));
    facts.extend(row.cancelled_at.map(|_| ("Please note".to_owned(), "This meeting does not take place.".to_owned())));
    let page = Page::new(&row.title).caption(&way.title).back("Meetings", at(&seat, &way, "/meetings")).said(said);
    let mut page = page.block(Block::Facts(facts));
    if seat.manages() {
        let to = |words: &str, rest: &str| Link::new(words, here(&seat, &way, &row, rest));
        let mut links =
            vec![to("Change time or place", "/edit"), to("Who was there", "/attendance"), to("Write the notes", "/notes")];
        if row.cancelled_at.is_some() {
            links.remove(0);
        } else if row.starts_at > seat.platform().clock.now() {
            links.insert(1, to("Call the meeting off", "/cancel"));
        }
        if row.notes.is_some() && row.notes_shared_at.is_none() {
            links.push(to("Send the notes", "/share"));
        }
        let said = format!("/contributions/new?meeting={}", row.id);
        links.push(Link::new("Note what somebody said", at(&seat, &way, &said)));
        if seat.may(Power::ReadPeople) {
            links.insert(0, to("Who is expected, and what they need", "/expected"));
        }
        page = page.block(Block::Links(links));
    }
    if let Some(text) = row.notes.clone().filter(|_| seat.may(Power::ReadResponses)) {
        page = page.heading("Notes").text(text);
    }
    if seat.may(Power::ReadPeople) {
        page = page.blocks(answers(&seat, &row).await?);
    }
    Ok(page.into())
}

/// That a meeting is too long, where it is for some.
fn too_long(shown: Shown) -> Option<String> {
    match shown {
        Shown::Number(0) => None,
        Shown::Number(people) => Some(format!("It is longer than {people} of those who are expected can manage.")),
        Shown::Few => Some(format!("It may be longer than some of those who are expected can manage. {FEW}")),
    }
}

/// What people said about the notes.
async fn answers(seat: &Seat<'_>, row: &meeting::Model) -> Result<Option<Block>> {
    let found = notes::answers(seat.db(), seat.actor.organisation, row.id).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let people = people(seat, row).await?;
    let line = |answer: entity::notes_agreement::Model| {
        let name = people.iter().find(|(place, _)| place.participant_id == answer.participant_id);
        let name = name.map_or_else(|| "Somebody".to_owned(), |(_, person)| name_of(person.as_ref()));
        let said = if answer.agrees { "The notes are right" } else { "Something is to be put right" };
        vec![Cell::Text(name), Cell::text(said), Cell::Text(answer.comment.unwrap_or_default())]
    };
    let rows = found.into_iter().map(line).collect();
    let columns = ["Name", "Answer", "What they say"].map(String::from).to_vec();
    Ok(Some(Block::Table(Table { caption: "What people say about the notes".into(), columns, rows })))
}

async fn ask_edit(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    Ok(below(&seat, &way, &row, "Change the meeting").form(form(&seat, Some(&row)).version(row.version)).into())
}

async fn edit(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let saved = async {
        let (facts, version) = (read(&seat)?, visit.fields.if_match()?);
        meetings::change(seat.platform(), &seat.actor, way.id, row.id, Some(&version), facts).await
    };
    match saved.await {
        Ok(_) => Reply::to(here(&seat, &way, &row, "?done=saved")),
        Err(error) => {
            let form = form(&seat, Some(&row)).hidden("version", visit.fields.text("version"));
            Ok(mistaken(below(&seat, &way, &row, "Change the meeting").form(again(form, &visit, error)?)).into())
        }
    }
}

fn cancel_page(seat: &Seat<'_>, way: &opportunity::Model, row: &meeting::Model, form: Form) -> Page {
    below(seat, way, row, "Call the meeting off")
        .text("The meeting stays in the list and does not take place. This cannot be undone: add another meeting instead.")
        .text("Whoever was told of it gets a letter that says so, and that takes it out of their calendar.")
        .form(form)
}

fn cancel_form() -> Form {
    Form::default().submit(Submit::new("Call the meeting off"))
}

async fn ask_cancel(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    Ok(cancel_page(&seat, &way, &row, cancel_form().version(row.version)).into())
}

async fn cancel(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let done = async {
        let version = visit.fields.if_match()?;
        meetings::cancel(seat.platform(), &seat.actor, way.id, row.id, Some(&version)).await
    };
    match done.await {
        Ok(_) => Reply::to(here(&seat, &way, &row, "?done=cancelled")),
        Err(error) => {
            let form = cancel_form().hidden("version", visit.fields.text("version"));
            Ok(mistaken(cancel_page(&seat, &way, &row, again(form, &visit, error)?)).into())
        }
    }
}

// Who was there.

type Holder = (place::Model, Option<participant::Model>);

/// Those who hold a place, or held one when the meeting began.
async fn people(seat: &Seat<'_>, row: &meeting::Model) -> Result<Vec<Holder>> {
    let all = Cursor { after: None, limit: ROWS * 10 };
    let mut rows = places::list(seat.platform(), &seat.actor, row.opportunity_id, all).await?;
    rows.retain(|(place, _)| match place.state {
        PlaceState::Held => true,
        PlaceState::Released => place.released_at.is_some_and(|at| at > row.starts_at),
        PlaceState::Waiting => false,
    });
    Ok(rows)
}

pub(super) fn name_of(person: Option<&participant::Model>) -> String {
    person.map(|person| person.name.clone().unwrap_or_else(|| person.email.clone())).unwrap_or_default()
}

fn there_form(row: &meeting::Model, people: &[Holder], recorded: &[attendance::Model]) -> Form {
    let field = |(n, (place, person)): (usize, &Holder)| {
        let word = recorded.iter().find(|one| one.participant_id == place.participant_id).map(|one| one.attendance);
        let name = name_of(person.as_ref());
        Field::select(format!("p{}", place.participant_id), name, choices_or_none("Not recorded", word)).pointer(format!("/{n}"))
    };
    let fields = people.iter().enumerate().map(field);
    Form::default().version(row.version).fields(fields).submit(Submit::new("Save"))
}

async fn ask_there(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let page = below(&seat, &way, &row, "Who was there");
    let people = people(&seat, &row).await?;
    if people.is_empty() {
        return Ok(page.text("Nobody holds a place.").into());
    }
    readings::note(seat.platform(), &seat.actor, ReadingOf::Attendance, row.opportunity_id.0).await?;
    let recorded = meetings::attendance(seat.db(), seat.actor.organisation, row.id).await?;
    Ok(page.form(there_form(&row, &people, &recorded)).into())
}

async fn there(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let people = people(&seat, &row).await?;
    let given = Entry::new(&visit.fields);
    let word = |(place, _): &Holder| -> Option<(ParticipantId, Attendance)> {
        Some((place.participant_id, given.word_or_none(&format!("p{}", place.participant_id))?))
    };
    let list: Vec<_> = people.iter().filter_map(word).collect();
    let saved = async {
        let version = visit.fields.if_match()?;
        meetings::attend(seat.platform(), &seat.actor, way.id, row.id, Some(&version), list).await
    };
    match saved.await {
        Ok(_) => Reply::to(here(&seat, &way, &row, "?done=saved")),
        Err(error) => {
            let form = there_form(&row, &people, &[]);
            Ok(mistaken(below(&seat, &way, &row, "Who was there").form(again(form, &visit, error)?)).into())
        }
    }
}

// The notes.

fn notes_form(row: &meeting::Model) -> Form {
    let field = Field::area("text", "Notes", row.notes.clone().unwrap_or_default()).rows(16);
    let hint = "What was said and decided, so that those who were there know it again. No names where they are not wanted.";
    Form::default().field(field.hint(hint)).submit(Submit::new("Save the notes"))
}

fn notes_page(seat: &Seat<'_>, way: &opportunity::Model, row: &meeting::Model, form: Form) -> Page {
    let page = below(seat, way, row, "Write the notes");
    let page = match row.notes_shared_at {
        Some(_) => {
            page.text("These notes were sent. If you change them, send them again, and people say again whether they are right.")
        }
        None => page,
    };
    page.form(form)
}

async fn ask_notes(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    Ok(notes_page(&seat, &way, &row, notes_form(&row).version(row.version)).into())
}

async fn write(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let saved = async {
        let version = visit.fields.if_match()?;
        notes::write(seat.platform(), &seat.actor, way.id, row.id, Some(&version), visit.fields.trimmed("text")).await
    };
    match saved.await {
        Ok(_) => Reply::to(here(&seat, &way, &row, "?done=saved")),
        Err(error) => {
            let form = notes_form(&row).hidden("version", visit.fields.text("version"));
            Ok(mistaken(notes_page(&seat, &way, &row, again(form, &visit, error)?)).into())
        }
    }
}

fn share_page(seat: &Seat<'_>, way: &opportunity::Model, row: &meeting::Model, form: Form) -> Page {
    let text = "A letter goes to everybody who was there or sent word, and still agrees to take part. They can say whether the notes are \
                right.";
    let page = below(seat, way, row, "Send the notes").text(text).form(form);
    page.heading("The notes").text(row.notes.clone().unwrap_or_default())
}

fn share_form() -> Form {
    Form::default().submit(Submit::new("Send the notes"))
}

async fn ask_share(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    Ok(share_page(&seat, &way, &row, share_form()).into())
}

/// Notes that are sent already are not sent again.
async fn share(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let done = async {
        let tx = seat.platform().db.begin().await?;
        notes::share(&tx, seat.platform(), &seat.actor, way.id, row.id).await?;
        tx.commit().await.map_err(crate::platform::Error::from)
    };
    match done.await {
        Ok(()) => {
            seat.platform().wake.notify_one();
            Reply::to(here(&seat, &way, &row, "?done=shared"))
        }
        Err(error) => Ok(mistaken(share_page(&seat, &way, &row, again(share_form(), &visit, error)?)).into()),
    }
}
