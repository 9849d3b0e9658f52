//! My meetings: when and where they are, and their notes, which are right when those who were there say so.

use super::{Own, at, done, own};
use crate::{
    invitations::parting::has_part,
    opportunities::{titles, zone_of},
    pages::{
        kit::{self, Block, Card, Cell, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
        meeting,
    },
    platform::{Error, Result, http::Cursor},
    sessions::{
        dates,
        notes::{self, OwnMeeting},
    },
};
use entity::{Attendance, MeetingId};
use poem::{Route, get, http::StatusCode};
use std::sync::Arc;

/// Meetings on one page.
const ROWS: u64 = 20;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/meetings", get(ask(desk, own, list)))
        .at("/o/:slug/me/meetings/:meeting", get(ask(desk, own, show)).post(act(desk, own, answer)))
        .at("/o/:slug/me/meetings/:meeting/meeting.ics", get(ask(desk, own, file)))
}

fn here(visit: &Visit, own: &Own, id: MeetingId) -> String {
    at(visit, &own.organisation, &format!("/meetings/{id}"))
}

/// Where the notes stand for this person.
fn notes_words(row: &OwnMeeting) -> &'static str {
    match (&row.meeting.notes, &row.answer) {
        (None, _) => "None yet",
        (Some(_), None) => "You can say whether they are right",
        (Some(_), Some(answer)) if answer.agrees => "You said that they are right",
        (Some(_), Some(_)) => "You said what is wrong",
    }
}

/// For the first of somebody's own pages: what is to come, and notes that nothing was said about.
pub(super) async fn coming(visit: &Visit, own: &Own) -> Result<Vec<Block>> {
    let now = visit.platform().clock.now();
    let rows = notes::own_now(visit.platform().db.read(), &own.person, now).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let zone = zone_of(&own.organisation);
    let card = |row: &OwnMeeting| {
        let mut facts = meeting::facts(&row.meeting, zone);
        if row.meeting.notes.is_some() {
            facts.push(("Notes".into(), notes_words(row).into()));
        }
        Card { title: row.meeting.title.clone(), to: Some(here(visit, own, row.meeting.id)), facts, ..Card::default() }
    };
    Ok(vec![Block::Heading("Meetings".into()), Block::Cards(rows.iter().map(card).collect())])
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let rows = notes::own(visit.platform().db.read(), &own.person, Cursor { after, limit: ROWS }).await?;
    let (rows, next) = kit::paged(ROWS, rows, |row| row.meeting.id);
    let page = Page::new("My meetings").back("Back to my record", at(&visit, &own.organisation, "/record"));
    if rows.is_empty() {
        return Ok(page.text("There is no meeting that you take part in.").into());
    }
    let zone = zone_of(&own.organisation);
    let row = |row: &OwnMeeting| {
        let name = Cell::Link(Link::new(&row.meeting.title, here(&visit, &own, row.meeting.id)));
        vec![name, Cell::text(meeting::when(&row.meeting, zone)), Cell::text(notes_words(row))]
    };
    let columns = ["Name", "When", "Notes"].map(String::from).to_vec();
    let table = Table { caption: "Meetings of what I take part in".into(), columns, rows: rows.iter().map(row).collect() };
    let more = next.map(|next| {
        let to = at(&visit, &own.organisation, &format!("/meetings?after={next}"));
        Block::Links(vec![Link::new("Go on reading", to)])
    });
    Ok(page.block(Block::Table(table)).blocks(more).into())
}

/// Two answers that are equally good. Each names the version that was read, so that nobody says anything about other words.
fn right() -> Form {
    Form::default().submit(Submit::new("Yes, the notes are right").sends("answer", "right").other())
}

fn wrong(row: &OwnMeeting) -> Form {
    let said = row.answer.as_ref().filter(|answer| !answer.agrees).and_then(|answer| answer.comment.clone());
    Form::default()
        .field(
            Field::area("comment", "What is wrong with the notes?", said.unwrap_or_default())
                .hint("Staff who work on this read it with your name, so that they can put it right."),
        )
        .submit(Submit::new("Tell what is wrong").sends("answer", "wrong").other())
}

async fn page(visit: &Visit, own: &Own, row: &OwnMeeting, wrong: Form) -> Result<Page> {
    let about = titles(visit.platform().db.read(), own.person.organisation, &[row.meeting.opportunity_id]).await?;
    let mut facts: Vec<(String, String)> = about.into_iter().map(|(_, title)| ("Part of".to_owned(), title)).collect();
    facts.extend(meeting::facts(&row.meeting, zone_of(&own.organisation)));
    if let Some(attendance) = row.attendance {
        facts.push(("Was I there?".into(), there_words(attendance).into()));
    }
    let to = at(visit, &own.organisation, &format!("/parts/{}", row.meeting.opportunity_id));
    let part = has_part(visit.platform().db.read(), own.person.organisation, row.meeting.opportunity_id, own.person.participant);
    let part = part.await?.then(|| Link::new("Leave, pause, or do less", to));
    let coming = row.meeting.cancelled_at.is_none() && row.meeting.ends_at > visit.platform().clock.now();
    let calendar = coming
        .then(|| Link::new("Put it into my calendar (a file)", format!("{}/meeting.ics", here(visit, own, row.meeting.id))));
    let links: Vec<Link> = calendar.into_iter().chain(part).collect();
    let links = (!links.is_empty()).then_some(Block::Links(links));
    let page = Page::new(&row.meeting.title)
        .caption("Meeting")
        .back("My meetings", at(visit, &own.organisation, "/meetings"))
        .said(done(visit))
        .block(Block::Facts(facts))
        .blocks(links)
        .heading("Notes");
    let Some(notes) = &row.meeting.notes else {
        let text = match row.meeting.notes_shared_at {
            Some(_) => "The notes went to those who were there, or sent word that they could not come.",
            None => "There are no notes yet. They come to those who are there, or send word that they cannot come.",
        };
        return Ok(page.text(text));
    };
    let said = match &row.answer {
        None => "You can say that the notes are right, or what is wrong. You need not answer.",
        Some(answer) if answer.agrees => "You have said that the notes are right. You can change your mind.",
        Some(_) => "You have said what is wrong. You can change it, or say that the notes are right.",
    };
    let page = page.block(Block::Quote(notes.clone())).heading("Are the notes right?").text(said);
    let version = row.meeting.version;
    Ok(page.form(right().version(version)).form(wrong.version(version)))
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let row = notes::own_one(visit.platform().db.read(), &own.person, visit.param("meeting")?).await?;
    Ok(page(&visit, &own, &row, wrong(&row)).await?.into())
}

/// The meeting as a file for the person's calendar.
async fn file(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let row = notes::own_one(visit.platform().db.read(), &own.person, visit.param("meeting")?).await?;
    let file = dates::own_file(visit.platform(), &own.person, &row.meeting).await?;
    Ok(Reply::File("meeting.ics".into(), "text/calendar; charset=utf-8", file.into()))
}

async fn answer(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (platform, id) = (visit.platform(), visit.param("meeting")?);
    let read = visit.fields.parsed("version", "Open the page again.")?.ok_or(Error::VersionNeeded)?;
    let agrees = match visit.fields.text("answer") {
        "right" => true,
        "wrong" => false,
        _ => return Err(Error::invalid("/answer", "required", "Choose one of the answers.")),
    };
    let comment = visit.fields.given("comment").filter(|_| !agrees);
    match notes::answer(platform, &own.person, id, read, agrees, comment).await {
        Ok(()) => Reply::to(at(&visit, &own.organisation, &format!("/meetings/{id}?done=notes"))),
        Err(error) => {
            let row = notes::own_one(platform.db.read(), &own.person, id).await?;
            let form = wrong(&row).again(&visit.fields, error)?;
            Ok(page(&visit, &own, &row, form).await?.status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

fn there_words(attendance: Attendance) -> &'static str {
    match attendance {
        Attendance::Present => "I was there",
        Attendance::Apologies => "I sent word that I could not come",
        Attendance::Absent => "I was not there",
    }
}
