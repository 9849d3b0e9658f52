//! Decisions: open or reserved, until each is settled.

use super::{at, forms};
use crate::{
    accounts::Power,
    invitations::letters::day,
    pages::{
        console::{
            desk::{Seat, again, fresh, mistaken, seat},
            entry::Entry,
            words::Word,
        },
        kit::{Block, Desk, Form, Page, Reply, Visit, Zone, act, ask},
    },
    platform::Result,
    projects::{decisions, work},
};
use entity::{ProjectId, decision};
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/projects/:project/decisions");
    route
        .at(format!("{at}/new"), get(ask(desk, console, ask_new)).post(act(desk, console, create)))
        .at(format!("{at}/:decision"), get(ask(desk, console, one)).post(act(desk, console, edit)))
        .at(format!("{at}/:decision/settle"), get(ask(desk, console, ask_settle)).post(act(desk, console, settle)))
}

async fn project(seat: &Seat<'_>) -> Result<ProjectId> {
    Ok(work::find(seat.db(), seat.actor.organisation, seat.visit.param("project")?).await?.id)
}

async fn found(seat: &Seat<'_>) -> Result<decision::Model> {
    decisions::get(seat.db(), seat.actor.organisation, seat.visit.param("project")?, seat.visit.param("decision")?).await
}

fn page(seat: &Seat<'_>, title: &str, project: ProjectId) -> Page {
    Page::new(title).back("Back to the project", at(seat, project, ""))
}

async fn ask_new(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let project = project(&seat).await?;
    Ok(page(&seat, "Add a decision", project).form(fresh(&seat, forms::decision(None))).into())
}

async fn create(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let project = project(&seat).await?;
    let made = async {
        let facts = forms::read_decision(Entry::new(&visit.fields))?;
        let once = seat.once().await?;
        let address = at(&seat, project, "?done=saved");
        if once.seen_at().is_none() {
            decisions::create(once.tx(), seat.platform(), &seat.actor, project, facts).await?;
            once.commit_at(&address).await?;
        }
        Ok(address)
    };
    match made.await {
        Ok(address) => Reply::to(address),
        Err(error) => {
            let form = again(fresh(&seat, forms::decision(None)), &visit, error)?;
            Ok(mistaken(page(&seat, "Add a decision", project).form(form)).into())
        }
    }
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let row = found(&seat).await?;
    if row.settled_at.is_some() || !seat.manages() {
        return Ok(page(&seat, &row.title, row.project_id).caption("Decision").block(Block::Facts(facts(&row))).into());
    }
    Ok(edit_page(&seat, &row, forms::decision(Some(&row))).into())
}

fn edit_page(seat: &Seat<'_>, row: &decision::Model, form: Form) -> Page {
    let settle = seat.link("Settle this decision", format!("/projects/{}/decisions/{}/settle", row.project_id, row.id));
    let page = page(seat, "Change the decision", row.project_id).form(form);
    page.heading("When it has been decided").block(Block::Links(vec![settle]))
}

fn facts(row: &decision::Model) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Can people change it", row.scope.said().to_owned()),
        ("Why not", row.reserved_reason.clone().unwrap_or_default()),
        ("Who decides", row.owner.clone()),
        ("How", row.rule.said().to_owned()),
        ("Stage", row.stage.said().to_owned()),
        ("To be settled on", row.settles_on.map(day).unwrap_or_default()),
        ("Settled on", row.settled_at.map(|at| day(at.date_naive())).unwrap_or_default()),
        ("What was decided", row.outcome.clone().unwrap_or_default()),
        ("Why", row.outcome_reason.clone().unwrap_or_default()),
    ];
    facts.retain(|(_, text)| !text.is_empty());
    facts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

async fn edit(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?;
    let saved = async {
        let facts = forms::read_decision(Entry::new(&visit.fields))?;
        let which = (row.project_id, row.id);
        decisions::change(seat.platform(), &seat.actor, which, Some(&visit.fields.if_match()?), facts).await
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, row.project_id, "?done=saved")),
        Err(error) => {
            let form = forms::decision(Some(&row));
            Ok(mistaken(edit_page(&seat, &row, again(form, &visit, error)?)).into())
        }
    }
}

fn settle_page(seat: &Seat<'_>, row: &decision::Model, form: Form) -> Page {
    let text = "A decision is settled once, with its reason. It cannot be changed or settled again after that.";
    page(seat, "Settle the decision", row.project_id).caption(&row.title).text(text).form(form)
}

async fn ask_settle(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?;
    Ok(settle_page(&seat, &row, fresh(&seat, forms::settling())).into())
}

async fn settle(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?;
    let done = async {
        let once = seat.once().await?;
        let address = at(&seat, row.project_id, "?done=settled");
        if once.seen_at().is_none() {
            let which = (row.project_id, row.id);
            let (outcome, reason) = (visit.fields.trimmed("outcome"), visit.fields.trimmed("reason"));
            decisions::settle(once.tx(), seat.platform(), &seat.actor, which, &outcome, &reason).await?;
            once.commit_at(&address).await?;
        }
        Ok(address)
    };
    match done.await {
        Ok(address) => Reply::to(address),
        Err(error) => Ok(mistaken(settle_page(&seat, &row, again(fresh(&seat, forms::settling()), &visit, error)?)).into()),
    }
}
