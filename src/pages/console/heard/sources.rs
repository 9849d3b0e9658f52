//! What themes rest on beside answers: what people said at meetings, or gave in another way.

use super::{
    Matter,
    themes::{must_read, theme_of},
};
use crate::{
    accounts::Power,
    influence::themes::{self, Sources},
    pages::{
        console::desk::paged,
        kit::{Choice, Desk, Field, Form, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::Result,
    sessions::contributions,
};
use entity::{ContributionId, contribution};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let at = "/console/:slug/opportunities/:opportunity/themes/:theme/contributions";
    route.at(at, get(ask(desk, Zone::Console, ask_sources)).post(act(desk, Zone::Console, set_sources)))
}

/// What was given, with a box beside each. What stands on other pages stays as it is.
async fn ask_sources(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadResponses).await?;
    let seat = &matter.seat;
    let row = theme_of(&matter).await?;
    let chosen = themes::sources(seat.db(), seat.organisation.id, row.id).await?;
    let (cursor, now) = (seat.cursor()?, seat.platform().clock.now());
    let given = contributions::list(seat.db(), seat.organisation.id, matter.about.id, cursor, now).await?;
    let (mut rows, next) = paged(given, |row| row.id.to_string());
    // What was taken back has no words, and nothing rests on it.
    rows.retain(|row| row.withdrawn_at.is_none());
    let page = matter
        .page("What was said at meetings that the theme rests on")
        .back("Back to the theme", matter.at(&format!("/themes/{}", row.id)));
    let page = page.text(format!("“{}” Tick what people said at meetings that says this.", row.title));
    if rows.is_empty() && next.is_none() {
        return Ok(page.text("There is nothing that may be used.").into());
    }
    let choice = |given: &contribution::Model| {
        let label = format!("Contribution {}", short(given.id));
        let words = given.text.clone().unwrap_or_default();
        Choice::new(given.id.to_string(), label).hint(words).on(chosen.contributions.contains(&given.id))
    };
    let mut form = Form::default()
        .field(Field::checks("contribution", "What people said at meetings", rows.iter().map(choice)))
        .version(row.version);
    for given in &rows {
        form = form.hidden("shown", given.id.to_string());
    }
    form = form.submit(Submit::new("Save"));
    if let Some(next) = next {
        form = form.hidden("next", next).submit(Submit::new("Save and go on reading").sends("go_on", "yes"));
    }
    Ok(page.form(form).into())
}

/// A name for a contribution that says nothing about whoever gave it.
fn short(id: ContributionId) -> String {
    let id = id.to_string();
    id[id.len().saturating_sub(6)..].to_owned()
}

async fn set_sources(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    must_read(&matter)?;
    let seat = &matter.seat;
    let row = theme_of(&matter).await?;
    let id = |text: &str| text.parse::<ContributionId>().ok();
    let shown: Vec<ContributionId> = visit.fields.all("shown").filter_map(id).collect();
    let ticked: Vec<ContributionId> = visit.fields.all("contribution").filter_map(id).filter(|id| shown.contains(id)).collect();
    let before = themes::sources(seat.db(), seat.organisation.id, row.id).await?;
    let kept = before.contributions.into_iter().filter(|id| !shown.contains(id));
    let sources = Sources { responses: before.responses, contributions: kept.chain(ticked).collect() };
    let based_on = visit.fields.if_match()?;
    themes::set_sources(seat.platform(), &seat.actor, matter.about.id, row.id, Some(&based_on), sources).await?;
    match visit.fields.given("next").filter(|_| visit.fields.has("go_on")) {
        Some(next) => Reply::to(matter.at(&format!("/themes/{}/contributions?after={next}", row.id))),
        None => Reply::to(matter.at("/themes?done=saved")),
    }
}
