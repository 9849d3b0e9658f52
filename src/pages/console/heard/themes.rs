//! Themes: what several people said, resting on what they said.

use super::{
    Matter,
    answers::{read, said},
    sources,
};
use crate::{
    accounts::{Power, readings},
    influence::themes::{self, Facts, Sources},
    pages::{
        console::desk::{TEXTS, again, fresh, mistaken, short},
        kit::{self, Block, Card, Choice, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::{Error, Result},
};
use entity::{ReadingOf, ThemeId, theme};
use poem::{Route, get, post};
use std::sync::Arc;

/// The name of the boxes.
const BOXES: &str = "response";

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    let at = "/console/:slug/opportunities/:opportunity/themes";
    route
        .at(at, get(ask(desk, console, list)).post(act(desk, console, create)))
        .at(format!("{at}/:theme"), get(ask(desk, console, one)).post(act(desk, console, change)))
        .at(format!("{at}/:theme/remove"), post(act(desk, console, remove)))
        .at(format!("{at}/:theme/sources"), get(ask(desk, console, ask_sources)).post(act(desk, console, set_sources)))
}

fn form(row: Option<&theme::Model>) -> Form {
    let text = |of: fn(&theme::Model) -> &String| row.map(|row| of(row).clone()).unwrap_or_default();
    let form = Form::default()
        .field(Field::line("title", "Heading", text(|row| &row.title)))
        .field(
            Field::area("summary", "What people said", text(|row| &row.summary))
                .hint("In plain English, and in their words where you can."),
        )
        .field(
            Field::switch("minority", "A view of few, kept beside the others", row.is_some_and(|row| row.minority))
                .hint("A view of few counts as much. It is shown without a number."),
        );
    match row {
        Some(row) => form.version(row.version).submit(Submit::new("Save")),
        None => form.submit(Submit::new("Add this theme")),
    }
}

fn facts(visit: &Visit, position: i32) -> Facts {
    Facts {
        title: visit.fields.trimmed("title"),
        summary: visit.fields.trimmed("summary"),
        minority: visit.fields.has("minority"),
        position,
    }
}

async fn list_page(matter: &Matter<'_>, form: Option<Form>) -> Result<Page> {
    let rows = themes::list(matter.seat.db(), matter.seat.organisation.id, matter.about.id).await?;
    let card = |row: &theme::Model| Card {
        title: row.title.clone(),
        to: Some(matter.at(&format!("/themes/{}", row.id))),
        texts: vec![row.summary.clone()],
        ..Card::default()
    };
    let mut page = matter.page("Themes");
    page = if rows.is_empty() {
        page.text("There is no theme yet. A theme is what several people said, in a few words.")
    } else {
        page.heading("What people said").block(Block::Cards(rows.iter().map(card).collect()))
    };
    Ok(match form {
        Some(form) => page.heading("Add a theme").form(form),
        None => page,
    })
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadWork).await?;
    let form = matter.seat.manages().then(|| fresh(&matter.seat, form(None)));
    Ok(list_page(&matter, form).await?.into())
}

async fn create(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let seat = &matter.seat;
    let once = seat.once().await?;
    if let Some(address) = once.seen_at() {
        return Reply::to(address);
    }
    let position = i32::try_from(themes::list(once.tx(), seat.organisation.id, matter.about.id).await?.len()).unwrap_or(0);
    match themes::create(once.tx(), seat.platform(), &seat.actor, matter.about.id, facts(&visit, position)).await {
        Ok(made) => {
            let address = matter.at(&format!("/themes/{}/sources", made.id));
            once.commit_at(&address).await?;
            Reply::to(address)
        }
        Err(error) => {
            drop(once);
            Ok(mistaken(list_page(&matter, Some(again(fresh(seat, form(None)), &visit, error)?)).await?).into())
        }
    }
}

pub(super) async fn theme_of(matter: &Matter<'_>) -> Result<theme::Model> {
    let id: ThemeId = matter.seat.visit.param("theme")?;
    let rows = themes::list(matter.seat.db(), matter.seat.organisation.id, matter.about.id).await?;
    rows.into_iter().find(|row| row.id == id).ok_or(Error::NotFound("theme"))
}

fn one_page(matter: &Matter<'_>, row: &theme::Model, form: Option<Form>) -> Page {
    let page = matter.page(&row.title).back("Back to the themes", matter.at("/themes")).text(&row.summary);
    let Some(form) = form else { return page };
    let to = |words: &str, rest: &str| matter.link(words, &format!("/themes/{}{rest}", row.id));
    let sources = vec![to("Say what it rests on", "/sources"), to("Say which words from meetings it rests on", "/contributions")];
    let remove = Form::button(matter.at(&format!("/themes/{}/remove", row.id)), "Remove this theme");
    page.block(Block::Links(sources)).heading("Change it").form(form).form(remove)
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadWork).await?;
    let row = theme_of(&matter).await?;
    let form = matter.seat.manages().then(|| form(Some(&row)));
    Ok(one_page(&matter, &row, form).into())
}

async fn change(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let row = theme_of(&matter).await?;
    let (seat, based_on) = (&matter.seat, visit.fields.if_match()?);
    let given = facts(&visit, row.position);
    match themes::change(seat.platform(), &seat.actor, matter.about.id, row.id, Some(&based_on), given).await {
        Ok(_) => Reply::to(matter.at("/themes?done=saved")),
        Err(error) => Ok(mistaken(one_page(&matter, &row, Some(again(form(Some(&row)), &visit, error)?))).into()),
    }
}

async fn remove(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let row = theme_of(&matter).await?;
    themes::delete(matter.seat.platform(), &matter.seat.actor, matter.about.id, row.id).await?;
    Reply::to(matter.at("/themes?done=removed"))
}

/// The answers, with a box beside each. Those on other pages stay as they are.
async fn ask_sources(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadResponses).await?;
    let seat = &matter.seat;
    readings::note(seat.platform(), &seat.actor, ReadingOf::Answers, matter.about.id.0).await?;
    let row = theme_of(&matter).await?;
    let chosen = themes::sources(seat.db(), seat.organisation.id, row.id).await?;
    let (rows, next) = kit::paged(TEXTS, read(&matter).await?, |row| row.id.to_string());
    let page = matter.page("What the theme rests on").back("Back to the theme", matter.at(&format!("/themes/{}", row.id)));
    let page = page.text(format!("“{}” Tick the answers in which people say this.", row.title));
    if rows.is_empty() {
        return Ok(page.text("There is no answer that may be used.").into());
    }
    let mut choices = Vec::new();
    for answer in &rows {
        let told = said(&visit, &matter, answer).await?;
        let hint = told.into_iter().map(|(question, words)| format!("{question}\n{words}")).collect::<Vec<_>>().join("\n\n");
        let label = format!("Answer {}", short(answer.id));
        choices.push(Choice::new(answer.id.to_string(), label).hint(hint).on(chosen.responses.contains(&answer.id)));
    }
    let field = Field::checks(BOXES, "Answers", choices);
    Ok(page.form(sources::boxes(field, rows.iter().map(|answer| answer.id.to_string()), row.version, next)).into())
}

/// Whoever says what a theme rests on may read it.
pub(super) fn must_read(matter: &Matter<'_>) -> Result<()> {
    match matter.seat.may(Power::ReadResponses) {
        true => Ok(()),
        false => Err(Error::Forbidden("Your role does not include reading answers.".into())),
    }
}

async fn set_sources(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    must_read(&matter)?;
    let seat = &matter.seat;
    let row = theme_of(&matter).await?;
    let before = themes::sources(seat.db(), seat.organisation.id, row.id).await?;
    let responses = sources::ticked(&visit, BOXES, before.responses);
    let all = Sources { responses, contributions: before.contributions };
    let based_on = visit.fields.if_match()?;
    themes::set_sources(seat.platform(), &seat.actor, matter.about.id, row.id, Some(&based_on), all).await?;
    sources::onward(&matter, row.id, "sources")
}
