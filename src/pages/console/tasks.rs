//! What there is to do for people who changed their part, or whose work has ended.

use super::desk::{Seat, TEXTS, seat};
use crate::{
    accounts::Power,
    opportunities::{
        tasks::{self, Listed},
        zone_of,
    },
    pages::kit::{self, Block, Card, Desk, Form, Page, Reply, Visit, Zone, act, ask},
    parts::words,
    platform::Result,
};
use poem::{Route, get, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route
        .at("/console/:slug/tasks", get(ask(desk, console, list)))
        .at("/console/:slug/tasks/:task/done", post(act(desk, console, done)))
}

/// What there is to do, told in a few lines where one begins.
pub(super) async fn waiting(seat: &Seat<'_>) -> Result<Vec<Block>> {
    let open = tasks::open(seat.platform(), &seat.actor).await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let line = |row: &tasks::Open| {
        let many = if row.count > 1 { format!(" ({} times)", row.count) } else { String::new() };
        format!("{}: {}{many}.", row.about.title, words::named(row.kind).to_lowercase())
    };
    let mut blocks = vec![Block::Important("There is something to do for people".into(), open.iter().map(line).collect())];
    if seat.manages() {
        blocks.push(Block::Links(vec![seat.link("See what there is to do", "/tasks")]));
    }
    Ok(blocks)
}

fn card(seat: &Seat<'_>, listed: &Listed) -> Card {
    let Listed { row, about, person } = listed;
    let made = row.made_at.with_timezone(&zone_of(seat.organisation)).format("%-d %B %Y").to_string();
    let mut facts = vec![("Since".to_owned(), made)];
    if let Some(person) = person {
        let who = person.name.clone().map_or(person.email.clone(), |name| format!("{name}, {}", person.email));
        facts.push(("Who".into(), who));
    }
    let mut form = Form::button(seat.at(format!("/tasks/{}/done", row.id)), "Done");
    form.submits[0].about = format!(": {}, {}", words::named(row.kind), about.title);
    Card {
        title: format!("{}: {}", words::named(row.kind), about.title),
        texts: words::to_do(row.kind, about, row.paused_until),
        facts,
        forms: vec![form],
        to: None,
    }
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let rows = tasks::list(seat.platform(), &seat.actor, false, seat.cursor_of(TEXTS)?).await?;
    let (rows, next) = kit::paged(TEXTS, rows, |listed| listed.row.id.to_string());
    let said = (visit.query.text("done") == "done").then_some("It is noted as done.");
    let page =
        Page::new("What there is to do for people").caption(&seat.organisation.name).back("Back to the start", seat.at(""));
    let page = page.said(said).blocks(super::replies::waiting(&seat).await?);
    if rows.is_empty() {
        return Ok(page.text("There is nothing to do.").into());
    }
    let text = "Nobody has to say why they do less. Please do not ask.";
    let page = page.text(text).heading("To do").block(Block::Cards(rows.iter().map(|row| card(&seat, row)).collect()));
    let more = next.map(|next| Block::Links(vec![seat.link("Go on reading", format!("/tasks?after={next}"))]));
    Ok(page.blocks(more).into())
}

async fn done(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    tasks::done(seat.platform(), &seat.actor, visit.param("task")?).await?;
    Reply::to(seat.at("/tasks?done=done"))
}
