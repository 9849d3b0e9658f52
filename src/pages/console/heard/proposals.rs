//! Proposals that follow from what people said, each with its answer: yes, in part, no with the reason, or passed on.

use super::{Around, Matter};
use crate::{
    accounts::Power,
    influence::recommendations::{self, Facts},
    invitations::letters::day,
    pages::{
        console::{
            desk::{again, fresh, mistaken},
            entry::Entry,
        },
        kit::{Block, Card, Choice, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
        report::outcome_words,
    },
    platform::{Error, Result},
};
use entity::{RecommendationId, RecommendationOutcome, recommendation};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    let at = "/console/:slug/opportunities/:opportunity/proposals";
    route
        .at(at, get(ask(desk, console, list)).post(act(desk, console, create)))
        .at(format!("{at}/:proposal"), get(ask(desk, console, one)).post(act(desk, console, change)))
}

fn form(around: &Around, row: Option<&recommendation::Model>) -> Form {
    let none = |words: &str, on| Choice::new("", words).on(on);
    let theme = row.and_then(|row| row.theme_id);
    let of_theme = around.themes.iter().map(|one| Choice::new(one.id.to_string(), &one.title).on(theme == Some(one.id)));
    let decision = row.and_then(|row| row.decision_id);
    let of_decision = around.decisions.iter().map(|one| Choice::new(one.id.to_string(), &one.title).on(decision == Some(one.id)));
    let outcome = row.map(|row| row.outcome);
    let answers =
        RecommendationOutcome::ALL.iter().map(|one| Choice::new(one.word(), outcome_words(*one)).on(outcome == Some(*one)));
    let text = |of: fn(&recommendation::Model) -> Option<String>| row.and_then(of).unwrap_or_default();
    let form = Form::default()
        .field(Field::area("text", "What is proposed", text(|row| Some(row.text.clone()))).rows(3))
        .field(Field::select(
            "theme",
            "The theme it follows from",
            std::iter::once(none("None", theme.is_none())).chain(of_theme),
        ))
        .field(Field::select(
            "decision",
            "The decision it is about",
            std::iter::once(none("None", decision.is_none())).chain(of_decision),
        ))
        .field(
            Field::radios("outcome", "The answer", answers)
                .hint("Everything that was proposed is owed an answer before the report goes out."),
        )
        .field(
            Field::area("reason", "Why", text(|row| row.reason.clone()))
                .hint("Needed unless the answer is yes, or not there yet.")
                .optional(),
        )
        .field(
            Field::line("owner", "Who does it", text(|row| row.owner.clone()))
                .hint("Needed when it is done, whole or in part.")
                .optional(),
        )
        .field(Field::typed("due", "By when", text(|row| row.due.map(|due| due.to_string())), "date").optional());
    match row {
        Some(row) => form.version(row.version).submit(Submit::new("Save")),
        None => form.submit(Submit::new("Add this proposal")),
    }
}

fn facts(visit: &Visit, position: i32) -> Result<Facts> {
    let mut entry = Entry::new(&visit.fields);
    let outcome = entry.one_of("outcome", RecommendationOutcome::ALL, |one| one.word(), "Choose an answer.");
    let facts = Facts {
        text: entry.text("text"),
        theme: entry.parsed("theme", "Choose one of the themes."),
        decision: entry.parsed("decision", "Choose one of the decisions."),
        // The one that needs nothing beside it.
        outcome: outcome.unwrap_or(RecommendationOutcome::Pending),
        reason: entry.given("reason"),
        owner: entry.given("owner"),
        due: entry.day("due"),
        position,
    };
    entry.done_with(facts.flaws().done())?;
    Ok(facts)
}

async fn list_page(matter: &Matter<'_>, form: Option<Form>) -> Result<Page> {
    let rows = recommendations::list(matter.seat.db(), matter.seat.organisation.id, matter.about.id).await?;
    let card = |row: &recommendation::Model| {
        let mut facts = vec![("Answer".to_owned(), outcome_words(row.outcome).to_owned())];
        facts.extend(row.reason.clone().map(|reason| ("Why".to_owned(), reason)));
        facts.extend(row.owner.clone().map(|owner| ("Who does it".to_owned(), owner)));
        facts.extend(row.due.map(|due| ("By when".to_owned(), day(due))));
        let to = matter.seat.manages().then(|| matter.at(&format!("/proposals/{}", row.id)));
        Card { title: row.text.clone(), to, facts, ..Card::default() }
    };
    let mut page = matter.page("Proposals and their answers");
    page = if rows.is_empty() {
        page.text("There is no proposal yet.")
    } else {
        page.heading("What was proposed").block(Block::Cards(rows.iter().map(card).collect()))
    };
    Ok(match form {
        Some(form) => page.heading("Add a proposal").form(form),
        None => page,
    })
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadWork).await?;
    let around = Around::read(&matter).await?;
    let form = matter.seat.manages().then(|| fresh(&matter.seat, form(&around, None)));
    Ok(list_page(&matter, form).await?.into())
}

async fn create(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let seat = &matter.seat;
    let once = seat.once().await?;
    if let Some(address) = once.seen_at() {
        return Reply::to(address);
    }
    let rows = recommendations::list(once.tx(), seat.organisation.id, matter.about.id).await?;
    let made = match facts(&visit, i32::try_from(rows.len()).unwrap_or(0)) {
        Ok(facts) => recommendations::create(once.tx(), seat.platform(), &seat.actor, matter.about.id, facts).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(_) => {
            let address = matter.at("/proposals?done=made");
            once.commit_at(&address).await?;
            Reply::to(address)
        }
        Err(error) => {
            drop(once);
            let around = Around::read(&matter).await?;
            let form = again(fresh(seat, form(&around, None)), &visit, error)?;
            Ok(mistaken(list_page(&matter, Some(form)).await?).into())
        }
    }
}

async fn proposal_of(matter: &Matter<'_>) -> Result<recommendation::Model> {
    let id: RecommendationId = matter.seat.visit.param("proposal")?;
    let rows = recommendations::list(matter.seat.db(), matter.seat.organisation.id, matter.about.id).await?;
    rows.into_iter().find(|row| row.id == id).ok_or(Error::NotFound("proposal"))
}

fn one_page(matter: &Matter<'_>, form: Form) -> Page {
    matter.page("A proposal").back("Back to the proposals", matter.at("/proposals")).form(form)
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let row = proposal_of(&matter).await?;
    let around = Around::read(&matter).await?;
    Ok(one_page(&matter, form(&around, Some(&row))).into())
}

async fn change(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let row = proposal_of(&matter).await?;
    let (seat, based_on) = (&matter.seat, visit.fields.if_match()?);
    let changed = match facts(&visit, row.position) {
        Ok(facts) => recommendations::change(seat.platform(), &seat.actor, matter.about.id, row.id, Some(&based_on), facts)
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Reply::to(matter.at("/proposals?done=saved")),
        Err(error) => {
            let around = Around::read(&matter).await?;
            Ok(mistaken(one_page(&matter, again(form(&around, Some(&row)), &visit, error)?)).into())
        }
    }
}
