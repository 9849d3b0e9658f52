//! Answers: without the people, and in numbers only where enough people gave them.

use super::Matter;
use crate::{
    accounts::{Power, readings},
    opportunities::zone_of,
    pages::{
        console::desk::{TEXTS, short},
        kit::{self, Bars, Block, Desk, Form, Link, Reply, Visit, Zone, act, ask},
        questions::told,
    },
    platform::Result,
    responses::export,
    statistics::{disclosure::Shown, summary},
};
use entity::{ReadingOf, ResponseId, response};
use poem::{Route, get, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let at = "/console/:slug/opportunities/:opportunity/answers";
    route
        .at(at, get(ask(desk, Zone::Console, numbers)))
        .at(format!("{at}/read"), get(ask(desk, Zone::Console, list)))
        .at(format!("{at}/file"), post(act(desk, Zone::Console, file)))
}

fn number(shown: &Shown) -> Option<i64> {
    shown.number().and_then(|number| i64::try_from(number).ok())
}

/// How often each answer was given.
async fn numbers(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadResponses).await?;
    let seat = &matter.seat;
    let least = u64::try_from(seat.organisation.minimum_group).unwrap_or(u64::MAX);
    let now = seat.platform().clock.now();
    let counted = summary::summary(seat.platform(), seat.organisation.id, matter.about.id, least, now).await?;
    let text = format!(
        "Counts about fewer than {least} people are withheld, and others from which they could be worked out. An answer is \
         counted if whoever gave it allows that."
    );
    let all = number(&counted.responses).map_or_else(|| format!("fewer than {least}"), |number| number.to_string());
    let mut page = matter.page("Answers in numbers").text(text);
    page = page.block(Block::Facts(vec![("Answers that are in".into(), all)]));
    for question in &counted.questions {
        let bar = |label: &str, shown: &Shown| (label.to_owned(), number(shown));
        let mut rows: Vec<_> = question.choices.iter().map(|choice| bar(&choice.text, &choice.people)).collect();
        rows.push(bar("Left it out", &question.left_out));
        rows.push(bar("Was not asked", &question.not_asked));
        let bars = Bars::one(question.title.clone(), "Answer", "People", rows);
        page = page.heading(question.title.clone()).block(Block::Bars(bars));
    }
    let read = vec![matter.link("Read the answers one by one, without names", "/answers/read")];
    // Who takes a copy is written down, so this is no link that a browser may open ahead.
    let take = Form::button(matter.at("/answers/file"), "Take a file of them (CSV)");
    let note = "People see on their own page that their answers were read, and when.";
    Ok(page.heading("The answers themselves").text(note).block(Block::Links(read)).form(take).into())
}

/// The answers, one after another.
async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadResponses).await?;
    let seat = &matter.seat;
    readings::note(seat.platform(), &seat.actor, ReadingOf::Answers, matter.about.id.0).await?;
    let rows = read(&matter).await?;
    let (rows, next) = kit::paged(TEXTS, rows, |row| row.id.to_string());
    let mut page = matter.page("Answers").back("Back to the numbers", matter.at("/answers"));
    if rows.is_empty() {
        return Ok(page.text("There is no answer yet.").into());
    }
    for row in &rows {
        page = page.heading(format!("Answer {}", short(row.id))).block(Block::Facts(said(&visit, &matter, row).await?));
    }
    let more = next.map(|next| Block::Links(vec![Link::new("Go on reading", matter.at(&format!("/answers/read?after={next}")))]));
    Ok(page.blocks(more).into())
}

/// A page of answers that may be used.
pub(super) async fn read(matter: &Matter<'_>) -> Result<Vec<response::Model>> {
    let seat = &matter.seat;
    let after: Option<ResponseId> = seat.visit.query.parsed("after", "Use a link of this page.")?;
    export::page(seat.db(), seat.organisation.id, matter.about.id, after, TEXTS + 1, seat.platform().clock.now()).await
}

/// What an answer says, question by question, as those who gave it have read it.
pub(super) async fn said(visit: &Visit, matter: &Matter<'_>, row: &response::Model) -> Result<Vec<(String, String)>> {
    let form = visit.desk.forms.form(visit.platform(), matter.seat.organisation.id, row.questionnaire_id).await?;
    Ok(told(&form, row, zone_of(matter.seat.organisation)))
}

/// The answers as a file.
async fn file(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadResponses).await?;
    let seat = &matter.seat;
    let rows = export::begin(seat.platform(), &visit.desk.forms, &seat.actor, matter.about.id, export::Format::Csv).await?;
    let body = poem::Body::from_bytes_stream(rows);
    Ok(Reply::File("answers.csv".into(), "text/csv; charset=utf-8", body))
}
