//! People: who has joined, and files of addresses to be asked whether they want to.

use super::{
    desk::{Seat, mistaken, paged, seat},
    working,
};
use crate::{
    accounts::Power,
    pages::kit::{Block, Cell, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, ask, take_file},
    participants::{import, people},
    platform::{Error, Result, Violation, http::Cursor},
};
use entity::{ImportId, ImportOutcome, ParticipantId, ParticipantState, import_line, import_run, participant};
use futures_util::StreamExt;
use multer::{Constraints, Multipart, SizeLimit};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route
        .at("/console/:slug/people", get(ask(desk, console, list)))
        .at("/console/:slug/people/import", get(ask(desk, console, ask_file)).post(take_file(desk, console, import_file)))
        .at("/console/:slug/people/imports/:import", get(ask(desk, console, report)))
        .at("/console/:slug/people/:participant", get(ask(desk, console, one)))
}

fn state_words(state: ParticipantState) -> &'static str {
    match state {
        ParticipantState::Invited => "Asked whether they want to join",
        ParticipantState::Joined => "Joined",
        ParticipantState::Left => "Left",
    }
}

/// Everybody, in the order in which they became known.
async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadPeople).await?;
    let rows = people::list(seat.platform(), &seat.actor, None, &seat.cursor()?).await?;
    let (rows, next) = paged(rows, |row| row.id.to_string());
    let public = Link::new("Your public page, where people join", visit.at(format!("/o/{}", seat.organisation.slug)));
    let mut links = vec![public];
    if seat.may(Power::ManagePeople) {
        links.push(seat.link("Ask people to join, by file", "/people/import"));
    }
    let text = "People see on their own page who has looked at this list, and when.";
    let mut page = Page::new("People").wide().text(text).block(Block::Links(links));
    if rows.is_empty() {
        return Ok(page.text("Nobody has joined yet.").into());
    }
    let row = |row: &participant::Model| {
        let name = row.name.clone().unwrap_or_else(|| row.email.clone());
        vec![
            Cell::Link(seat.link(name, format!("/people/{}", row.id))),
            Cell::text(&row.email),
            Cell::text(state_words(row.state)),
        ]
    };
    let columns = ["Name", "Address", "Where they stand"].map(String::from).to_vec();
    let table = Table { caption: "People, oldest first".into(), columns, rows: rows.iter().map(row).collect() };
    page = page.block(Block::Table(table));
    let more = next.map(|next| Block::Links(vec![seat.link("Go on reading", format!("/people?after={next}"))]));
    Ok(page.blocks(more).into())
}

/// What staff need to work with somebody: what they share, and what is to be kept to; no reasons.
async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadPeople).await?;
    let id: ParticipantId = visit.param("participant")?;
    let people::Detail { person: row, known, .. } = people::get(seat.platform(), &seat.actor, id).await?;
    let mut facts = vec![
        ("Address".to_owned(), row.email.clone()),
        ("Where they stand".to_owned(), state_words(row.state).to_owned()),
        ("Language".to_owned(), row.language.clone()),
    ];
    facts.extend(row.joined_at.map(|at| ("Joined".to_owned(), at.format("%-d %B %Y").to_string())));
    let name = row.name.clone().unwrap_or_else(|| row.email.clone());
    let needs = known.as_ref().map(working::needs).unwrap_or_default();
    // What they cannot take part without stands before everything else.
    let facts = needs.into_iter().chain(facts).collect();
    let mut page = Page::new(name).window("A person").back("Back to all people", seat.at("/people")).block(Block::Facts(facts));
    if let Some(known) = known {
        page = page.heading("When you work with them").block(Block::Facts(working::facts(&known)));
    }
    let text =
        "How much somebody wants to be involved is their own. What they chose decides whom you can ask; it is not shown here.";
    Ok(page.block(Block::Note(text.into())).into())
}

fn file_form() -> Form {
    let hint = "A CSV file in UTF-8. Its first line names the columns: email, and if you like name and language.";
    Form::default()
        .field(Field::new("file", "The file", crate::pages::kit::Control::File { accept: ".csv,text/csv" }).hint(hint))
        .submit(Submit::new("Ask these people whether they want to join"))
}

fn file_page(seat: &Seat<'_>, form: Form) -> Page {
    let texts = [
        "Each new address gets one letter that asks whether the person wants to join. Nobody is signed up by this.",
        "Sending a file again changes nothing. Whoever is known already, has left, or wants no letters is not asked.",
    ];
    Page::new("Ask people to join, by file").back("Back to all people", seat.at("/people")).texts(texts).form(form)
}

async fn ask_file(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManagePeople).await?;
    let earlier = import::list(seat.db(), &seat.actor, Cursor { after: None, limit: 20 }).await?;
    let mut page = file_page(&seat, file_form());
    if !earlier.is_empty() {
        let link = |run: &import_run::Model| {
            let words = format!("{}: {} lines", run.created_at.format("%-d %B %Y, %H:%M UTC"), run.lines);
            seat.link(words, format!("/people/imports/{}", run.id))
        };
        page = page.heading("Files that were sent").block(Block::Links(earlier.iter().map(link).collect()));
    }
    Ok(page.into())
}

/// Reads the file while it arrives.
async fn import_file(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManagePeople).await?;
    match imported(&visit, &seat).await {
        Ok(run) => Reply::to(seat.at(format!("/people/imports/{}?done=read", run.id))),
        Err(error) => {
            let error = match error {
                Error::At(error, _) => *error,
                other => other,
            };
            let error = match error {
                Error::Invalid(found) => {
                    Error::Invalid(found.into_iter().map(|one| Violation { pointer: "/file".into(), ..one }).collect())
                }
                other => other,
            };
            Ok(mistaken(file_page(&seat, file_form().again(&visit.fields, error)?)).into())
        }
    }
}

async fn imported(visit: &Visit, seat: &Seat<'_>) -> Result<import_run::Model> {
    let missing = || Error::invalid("/file", "required", "Choose a file.");
    let (headers, body) = visit.take_body().ok_or_else(missing)?;
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| missing())?;
    let limit = seat.platform().config.import_limit;
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(most.saturating_add(4096)));
    let mut parts = Multipart::with_constraints(body.into_bytes_stream(), boundary, constraints);
    let broken = move |error: multer::Error| match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => Error::TooLarge(limit),
        _ => Error::invalid("/file", "body", "The file broke off. You can send it again."),
    };
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        if part.name() == Some("file") {
            if part.file_name().is_none_or(str::is_empty) {
                return Err(missing());
            }
            let bytes = part.map(move |piece| piece.map(|bytes| bytes.to_vec()).map_err(broken));
            return import::import(seat.platform(), &seat.actor, Box::pin(bytes)).await;
        }
    }
    Err(missing())
}

/// What became of each line of a file.
async fn report(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManagePeople).await?;
    let id: ImportId = visit.param("import")?;
    let run = import::get(seat.db(), &seat.actor, id).await?;
    let after: i32 = visit.query.parsed("after", "Use a link of this page.")?.unwrap_or(0);
    let lines = import::lines(seat.db(), &seat.actor, id, after, super::desk::ROWS + 1).await?;
    let (lines, next) = paged(lines, |line| line.line.to_string());
    let facts = vec![
        ("Lines read".to_owned(), run.lines.to_string()),
        ("Asked whether they want to join".to_owned(), run.invited.to_string()),
        ("Known already, nothing changed".to_owned(), run.unchanged.to_string()),
        ("Could not be used".to_owned(), run.refused.to_string()),
    ];
    let said = (visit.query.text("done") == "read").then_some("The file was read.");
    let mut page = Page::new("What became of the file").said(said).back("Back", seat.at("/people/import")).wide();
    page = page.block(Block::Facts(facts));
    if run.finished_at.is_none() {
        page = page.text("The file broke off. What was read before stays, and you can send it again.");
    }
    let row = |line: &import_line::Model| {
        let what = match line.outcome {
            ImportOutcome::Invited => "Asked whether they want to join",
            ImportOutcome::Unchanged => "Known already",
            ImportOutcome::Refused => "Could not be used",
        };
        vec![Cell::text(line.line.to_string()), Cell::text(what), Cell::text(line.detail.clone().unwrap_or_default())]
    };
    let columns = ["Line", "What became of it", "Why"].map(String::from).to_vec();
    page = page.block(Block::Table(Table { caption: "Line by line".into(), columns, rows: lines.iter().map(row).collect() }));
    let more = next.map(|next| Block::Links(vec![seat.link("Go on reading", format!("/people/imports/{id}?after={next}"))]));
    Ok(page.blocks(more).into())
}
