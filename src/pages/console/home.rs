//! Where one begins: the organisations one works for, and what needs attention in each.

use super::{
    desk::{ROWS, Seat, paged, seat},
    words::Word,
};
use crate::{
    accounts::{Power, organisations},
    feedback::overdue,
    invitations::letters::day,
    opportunities::{quotas, today, ways, zone_of},
    pages::kit::{Block, Card, Cell, Desk, Page, Reply, Table, Visit, Zone, ask},
    platform::{Result, http::Cursor, mail::status},
};
use chrono::{NaiveDate, TimeDelta};
use entity::{OpportunityState, opportunity};
use poem::{Route, get};
use std::sync::Arc;

/// Older letters that did not arrive are in their list, and nobody is reminded of them.
const RECENT: TimeDelta = TimeDelta::days(28);

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route
        .at("/console", get(ask(desk, console, choose)))
        .at("/console/:slug", get(ask(desk, console, home)))
        .at("/console/:slug/begin", get(ask(desk, console, begin)))
}

/// The organisations of an account; straight on when there is one.
async fn choose(visit: Arc<Visit>) -> Result<Reply> {
    let staff = visit.staff().await?;
    let mine = organisations::of_staff(visit.platform(), &staff).await?;
    if let [(one, _)] = mine.as_slice() {
        return Reply::to(visit.at(format!("/console/{}", one.slug)));
    }
    visit.nav(Vec::new(), Some(visit.at("/console/sign-out")));
    let page = Page::new("Your organisations");
    if mine.is_empty() {
        return Ok(page.text("You work for no organisation at the moment. An administrator can invite you.").into());
    }
    let card = |(row, role): (entity::organisation::Model, entity::Role)| Card {
        to: Some(visit.at(format!("/console/{}", row.slug))),
        facts: vec![("Your role".into(), role.said().into())],
        title: row.name,
        ..Card::default()
    };
    Ok(page.heading("Choose one").block(Block::Cards(mine.into_iter().map(card).collect())).into())
}

/// What to do first, after setting up.
async fn begin(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let steps = [
        "Say what people agree to when they join: draft a notice and publish it.",
        "Let people join. They do it themselves on your public page.",
        "Write down a need. It becomes a project, and from it you ask people.",
    ];
    let links = vec![
        seat.link("Draft the notice", "/notices"),
        seat.link("Begin a project", "/projects"),
        crate::pages::kit::Link::new("See your public page", visit.at(format!("/o/{}", seat.organisation.slug))),
    ];
    let page = Page::new("You are set up").text("Nothing has been sent to anybody. These are good first steps:");
    let page = page.block(Block::List(steps.map(String::from).to_vec())).block(Block::Links(links));
    Ok(page.block(Block::Go(seat.link("Go to the start", ""))).into())
}

/// What needs attention.
async fn home(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let mut page = Page::new("What needs attention").caption(&seat.organisation.name).wide();
    let late = late(&seat).await?;
    let letters = letters(&seat).await?;
    let (open, closed, drafts) = tokio::try_join!(
        newest(&seat, OpportunityState::Open, false),
        newest(&seat, OpportunityState::Closed, true),
        newest(&seat, OpportunityState::Draft, false)
    )?;
    let [(open, a), (closed, b), (drafts, c)] = [open, closed, drafts].map(|rows| paged(rows, |way| way.id.to_string()));
    let more = a.or(b).or(c).is_some();
    let draws = draws(&seat).await?;
    let several = open.len() > 1;
    let mut waiting = super::tasks::waiting(&seat).await?;
    waiting.extend(super::replies::waiting(&seat).await?);
    let nothing = waiting.is_empty()
        && late.is_none()
        && draws.is_empty()
        && letters.is_empty()
        && open.is_empty()
        && closed.is_empty()
        && drafts.is_empty();
    let refusing = super::letters::refusing(&seat).await?;
    page = page.blocks(refusing).blocks(late).blocks(waiting).blocks(draws).blocks(letters);
    if nothing {
        page = page.text("Nothing is under way.").block(Block::Links(vec![seat.link("Begin with a project", "/projects")]));
    }
    page = page.blocks(table(&seat, "Open now", &["Closes", "People hear back by"], open, |way| {
        vec![on(way.closes_on), on(way.feedback_due)]
    }));
    page = page
        .blocks(table(&seat, "Closed, and not reported yet", &["People hear back by"], closed, |way| vec![on(way.feedback_due)]));
    page = page.blocks(table(&seat, "Drafts", &["Opens"], drafts, |way| vec![on(way.opens_on)]));
    if seat.manages() && several {
        page = page.block(Block::Links(vec![seat.link("Ask for several things together", "/together")]));
    }
    if more {
        page = page
            .text(format!("These are the newest {ROWS} of each."))
            .block(Block::Links(vec![seat.link("See all by project", "/projects")]));
    }
    Ok(page.into())
}

fn on(date: Option<NaiveDate>) -> Cell {
    Cell::Text(date.map_or_else(|| "Not said yet".into(), day))
}

async fn newest(seat: &Seat<'_>, state: OpportunityState, untold: bool) -> Result<Vec<opportunity::Model>> {
    ways::newest(seat.platform(), seat.actor.organisation, state, untold, ROWS).await
}

fn table(
    seat: &Seat<'_>,
    title: &str,
    columns: &[&str],
    rows: Vec<opportunity::Model>,
    cells: impl Fn(&opportunity::Model) -> Vec<Cell>,
) -> Option<Block> {
    if rows.is_empty() {
        return None;
    }
    let row = |way: opportunity::Model| {
        let rest = cells(&way);
        let name = Cell::Link(seat.link(way.title, format!("/opportunities/{}", way.id)));
        std::iter::once(name).chain(rest).collect()
    };
    let columns = std::iter::once("Name").chain(columns.iter().copied()).map(String::from).collect();
    Some(Block::Table(Table { caption: title.into(), columns, rows: rows.into_iter().map(row).collect() }))
}

/// Promises that are late.
async fn late(seat: &Seat<'_>) -> Result<Option<Block>> {
    let cursor = Cursor { after: None, limit: ROWS };
    let found = overdue::list(seat.db(), seat.organisation, seat.platform().clock.now(), cursor).await?;
    let line = |row: overdue::Overdue| format!("{}: promised for {}, {} days late.", row.title, day(row.due), row.days_late);
    let lines: Vec<String> = found.into_iter().map(line).collect();
    Ok((!lines.is_empty()).then(|| Block::Important("People are waiting to hear what came of it".into(), lines)))
}

/// Draws that people were told of, and whose day has come.
async fn draws(seat: &Seat<'_>) -> Result<Vec<Block>> {
    if !seat.manages() {
        return Ok(Vec::new());
    }
    let today = today(seat.platform().clock.now(), zone_of(seat.organisation));
    let late = quotas::late(seat.db(), seat.actor.organisation, today).await?;
    if late.is_empty() {
        return Ok(Vec::new());
    }
    let line = |(way, on): &(opportunity::Model, NaiveDate)| format!("{}: names were to be drawn on {}.", way.title, day(*on));
    let link = |(way, _): &(opportunity::Model, NaiveDate)| {
        seat.link(format!("Look at the draw for {}", way.title), format!("/opportunities/{}/draw", way.id))
    };
    let lines = late.iter().map(line).collect();
    Ok(vec![Block::Important("People who said yes wait for a draw".into(), lines), Block::Links(late.iter().map(link).collect())])
}

/// Letters of the last weeks that did not arrive; administrators look after them.
async fn letters(seat: &Seat<'_>) -> Result<Vec<Block>> {
    if !seat.may(Power::Administer) {
        return Ok(Vec::new());
    }
    let held = super::letters::held(seat).await?;
    let since = seat.platform().clock.now() - RECENT;
    let count = status::troubled(seat.db(), seat.actor.organisation, since).await?;
    if count == 0 {
        return Ok(held.into_iter().collect());
    }
    let text = match count {
        1 => "One letter could not be delivered, or it is not known whether it was.".to_owned(),
        many => format!("{many} letters could not be delivered, or it is not known whether they were."),
    };
    let look = Block::Links(vec![seat.link("Look after these letters", "/letters")]);
    let troubled = Block::Important("Some letters did not arrive".into(), vec![text]);
    Ok(held.into_iter().chain([troubled, look]).collect())
}
