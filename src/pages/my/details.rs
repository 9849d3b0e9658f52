//! Name and language, letters that were stopped, and devices on which one is signed in.

use super::{Own, at, done, own, time};
use crate::{
    pages::kit::{Block, Cell, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    participants::{self, sessions},
    platform::Result,
};
use entity::{SuppressionReason, participant_session, suppression};
use poem::{Route, get, http::StatusCode, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/details", get(ask(desk, own, show)).post(act(desk, own, change)))
        .at("/o/:slug/me/letters", post(act(desk, own, let_come)))
        .at("/o/:slug/me/sessions", post(act(desk, own, end)))
}

fn form(own: &Own) -> Form {
    let name = own.row.name.clone().unwrap_or_default();
    Form::default()
        .field(Field::line("name", "Name", name).optional().autocomplete("name").hint("Any name that you like to be called."))
        .field(
            Field::line("language", "Language of letters", &own.row.language)
                .hint("For example en for English, or cy for Welsh."),
        )
        .version(own.row.version)
        .submit(Submit::new("Save"))
}

async fn page(visit: &Visit, own: &Own, form: Form) -> Result<Page> {
    let platform = visit.platform();
    let facts = vec![("E-mail address".to_owned(), own.row.email.clone())];
    let mut page = Page::new("My details").said(done(visit)).block(Block::Facts(facts)).form(form);
    let stopped = participants::stopped_letters(platform, &own.person).await?;
    page = page.heading("Letters that do not come to me");
    page = if stopped.is_empty() {
        page.text("None. In each letter is a link to stop letters like it.")
    } else {
        let row = |row: &suppression::Model| letters_row(visit, own, row);
        let columns = ["Letters", "Why", ""].map(String::from).to_vec();
        page.block(Block::Table(Table {
            caption: "Letters that are stopped".into(),
            columns,
            rows: stopped.iter().map(row).collect(),
        }))
    };
    let hearing = Link::new("Do I want to go on hearing from you?", at(visit, &own.organisation, "/hearing"));
    page = page.block(Block::Links(vec![hearing]));
    let signed_in = sessions::list(platform, &own.person).await?;
    let row = |session: &participant_session::Model| session_row(visit, own, session);
    let columns = ["Last used", "Since", ""].map(String::from).to_vec();
    let table = Table { caption: "Browsers that are signed in".into(), columns, rows: signed_in.iter().map(row).collect() };
    Ok(page.heading("Where I am signed in").block(Block::Table(table)))
}

fn letters_row(visit: &Visit, own: &Own, row: &suppression::Model) -> Vec<Cell> {
    let what = match row.scope.as_str() {
        "all" => "All letters",
        "invitations" => "Invitations",
        "places" => "Letters about places",
        "feedback" => "Letters about what came of something",
        "sessions" => "Notes of meetings",
        "news" => "Letters with gathered news",
        "choices" => "Letters about my choices",
        "trials" => "Letters about what I try",
        other => other,
    };
    let why = match row.reason {
        SuppressionReason::Unsubscribed => "You stopped them",
        SuppressionReason::Bounced => "Your mailbox refused them",
        SuppressionReason::Complained => "They were marked as unwanted",
        SuppressionReason::Recorded => "Somebody wrote down that you do not want them",
    };
    let mut button = Form::button(at(visit, &own.organisation, "/letters"), "Let them come again");
    button.submits[0] = button.submits[0].clone().other().sends("family", row.scope.clone()).about(format!(": {what}"));
    vec![Cell::text(what), Cell::text(why), Cell::Form(Box::new(button))]
}

fn session_row(visit: &Visit, own: &Own, session: &participant_session::Model) -> Vec<Cell> {
    let last = if session.id == own.person.session {
        Cell::text("This browser")
    } else {
        let about = format!(": the browser last used on {}", time(own, session.last_used_at));
        let mut button = Form::button(at(visit, &own.organisation, "/sessions"), "Sign out there");
        button.submits[0] = button.submits[0].clone().other().sends("session", session.id.to_string()).about(about);
        Cell::Form(Box::new(button))
    };
    vec![Cell::text(time(own, session.last_used_at)), Cell::text(time(own, session.created_at)), last]
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let form = form(&own);
    Ok(page(&visit, &own, form).await?.into())
}

async fn change(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (name, language) = (visit.fields.given("name"), visit.fields.trimmed("language"));
    let based_on = visit.fields.if_match()?;
    match participants::change_me(visit.platform(), &own.person, Some(&based_on), name, language).await {
        Ok(_) => Reply::to(at(&visit, &own.organisation, "/details?done=saved")),
        Err(error) => {
            let form = form(&own).again(&visit.fields, error)?;
            Ok(page(&visit, &own, form).await?.status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

async fn let_come(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    participants::let_letters_come(visit.platform(), &own.person, visit.fields.text("family")).await?;
    Reply::to(at(&visit, &own.organisation, "/details?done=letters"))
}

async fn end(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let session = visit.fields.needed("session", "Choose one of the browsers.")?;
    sessions::end(visit.platform(), &own.person, session).await?;
    Reply::to(at(&visit, &own.organisation, "/details?done=ended"))
}
