//! Who is expected at a meeting, and what they need there.

use super::{
    desk::seat,
    meetings::{below, name_of, one_of},
    ways::found,
    working,
};
use crate::{
    accounts::Power,
    pages::kit::{Block, Card, Desk, Reply, Visit, Zone, ask},
    platform::Result,
    sessions::expected::{self, Expected, ForVenue},
};
use poem::{Route, get};
use std::sync::Arc;

/// The route.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let at = "/console/:slug/opportunities/:opportunity/meetings/:meeting/expected";
    route.at(at, get(ask(desk, Zone::Console, show)))
}

fn card(one: &Expected) -> Card {
    let mut facts = working::needs(&one.known);
    facts.extend(working::facts(&one.known));
    facts.push(("Language".into(), one.person.language.clone()));
    Card { title: name_of(Some(&one.person)), to: None, facts, texts: Vec::new(), forms: Vec::new() }
}

fn for_venue(one: &ForVenue) -> String {
    let people = if one.people == 1 { "1 person".to_owned() } else { format!("{} people", one.people) };
    let first = if one.must_have { format!("{}: ", working::MUST_HAVE) } else { String::new() };
    format!("{first}{}: {people}", working::line(&one.need, one.kind))
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadPeople).await?;
    let way = found(&seat).await?;
    let row = one_of(&seat, &way).await?;
    let gathering = expected::read(seat.platform(), &seat.actor, &row).await?;
    let page = below(&seat, &way, &row, "Who is expected, and what they need");
    let page = page.text("People see on their own page who has looked at this, and when. Keep it to those who lead the meeting.");
    if gathering.people.is_empty() {
        return Ok(page.text("Nobody is expected.").into());
    }
    let cards = gathering.people.iter().map(card).collect();
    let page = page.heading("People").block(Block::Cards(cards));
    if gathering.venue.is_empty() {
        return Ok(page.into());
    }
    let text = "This may be told to the venue. It names nobody, so leave names out when you pass it on.";
    let lines = gathering.venue.iter().map(for_venue).collect();
    Ok(page.heading("For the venue").text(text).block(Block::List(lines)).into())
}
