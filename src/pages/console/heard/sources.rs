//! What themes rest on beside answers: what people said at meetings, or gave in another way.

use super::{
    Matter,
    themes::{must_read, theme_of},
};
use crate::{
    accounts::{Power, readings},
    influence::themes::{self, Sources},
    pages::{
        console::desk::{TEXTS, short},
        kit::{self, Choice, Desk, Field, Form, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::Result,
    sessions::contributions,
};
use entity::{ReadingOf, ThemeId, contribution};
use poem::{Route, get};
use std::{str::FromStr, sync::Arc};

/// The name of the boxes.
const BOXES: &str = "contribution";

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let at = "/console/:slug/opportunities/:opportunity/themes/:theme/contributions";
    route.at(at, get(ask(desk, Zone::Console, ask_sources)).post(act(desk, Zone::Console, set_sources)))
}

/// What was given, with a box beside each. What stands on other pages stays as it is.
async fn ask_sources(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadResponses).await?;
    let seat = &matter.seat;
    readings::note(seat.platform(), &seat.actor, ReadingOf::Contributions, matter.about.id.0).await?;
    let row = theme_of(&matter).await?;
    let chosen = themes::sources(seat.db(), seat.organisation.id, row.id).await?;
    let (cursor, now) = (seat.cursor_of(TEXTS)?, seat.platform().clock.now());
    let given = contributions::list(seat.db(), seat.organisation.id, matter.about.id, cursor, now).await?;
    let (mut rows, next) = kit::paged(TEXTS, given, |row| row.id.to_string());
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
    let field = Field::checks(BOXES, "What people said at meetings", rows.iter().map(choice));
    Ok(page.form(boxes(field, rows.iter().map(|given| given.id.to_string()), row.version, next)).into())
}

/// A form with a box beside each source of this page. It names those that it shows: the others stay as they are.
pub(super) fn boxes(field: Field, shown: impl Iterator<Item = String>, version: i32, next: Option<String>) -> Form {
    let form = Form::default().field(field).version(version);
    let form = shown.fold(form, |form, id| form.hidden("shown", id)).submit(Submit::new("Save"));
    match next {
        Some(next) => form.hidden("next", next).submit(Submit::new("Save and go on reading").sends("go_on", "yes")),
        None => form,
    }
}

/// The sources after such a form was sent: those of other pages, and what was ticked on this one.
pub(super) fn ticked<Id: FromStr + PartialEq>(visit: &Visit, name: &str, before: Vec<Id>) -> Vec<Id> {
    let id = |text: &str| text.parse::<Id>().ok();
    let shown: Vec<Id> = visit.fields.all("shown").filter_map(id).collect();
    let ticked: Vec<Id> = visit.fields.all(name).filter_map(id).filter(|id| shown.contains(id)).collect();
    before.into_iter().filter(|id| !shown.contains(id)).chain(ticked).collect()
}

/// Where it goes on: to the next page of what can be ticked, or back to the themes.
pub(super) fn onward(matter: &Matter<'_>, theme: ThemeId, rest: &str) -> Result<Reply> {
    let sent = &matter.seat.visit.fields;
    match sent.given("next").filter(|_| sent.has("go_on")) {
        Some(next) => Reply::to(matter.at(&format!("/themes/{theme}/{rest}?after={next}"))),
        None => Reply::to(matter.at("/themes?done=saved")),
    }
}

async fn set_sources(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    must_read(&matter)?;
    let seat = &matter.seat;
    let row = theme_of(&matter).await?;
    let before = themes::sources(seat.db(), seat.organisation.id, row.id).await?;
    let sources = Sources { responses: before.responses, contributions: ticked(&visit, BOXES, before.contributions) };
    let based_on = visit.fields.if_match()?;
    themes::set_sources(seat.platform(), &seat.actor, matter.about.id, row.id, Some(&based_on), sources).await?;
    onward(&matter, row.id, "contributions")
}
