//! Asking for several things together: which, how many yeses each needs, and how letters were shared out.

use super::desk::{ROWS, Seat, again, fresh, mistaken, paged, seat};
use crate::{
    accounts::Power,
    invitations::letters::{day, moment},
    matching::together::{self, Aim, Outcome, Wanted},
    opportunities::{quotas, titles, ways, zone_of},
    pages::{
        console::entry::Entry,
        kit::{Block, Cell, Desk, Field, Form, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    },
    platform::Result,
};
use entity::{AskingPlanId, OpportunityId, OpportunityState, asking_plan, match_run, opportunity};
use poem::{Route, get};
use std::{collections::HashMap, sync::Arc};

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/together");
    route
        .at(at, get(ask(desk, console, list)))
        .at(format!("{at}/new"), get(ask(desk, console, choose)).post(act(desk, console, start)))
        .at(format!("{at}/plans/:plan"), get(ask(desk, console, one)))
}

fn stands(plan: &asking_plan::Model) -> &'static str {
    match plan.state.as_str() {
        "done" => "Done",
        "stopped" => "It could not go on",
        _ => "Under way",
    }
}

/// The latest plans.
async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let plans = together::list(seat.db(), seat.actor.organisation).await?;
    let page = Page::new("Asking for several things together").back("Back to the start", seat.at("")).wide();
    let page = page
        .text("Where several things need the same people, letters can be shared out among them.")
        .text("Nobody then gets every letter, and nobody who wants to be asked is left out while others are asked twice.")
        .block(Block::Go(seat.link("Ask for several things together", "/together/new")));
    if plans.is_empty() {
        return Ok(page.text("Nothing was asked for together yet.").into());
    }
    let zone = zone_of(seat.organisation);
    let row = |plan: &asking_plan::Model| {
        let name = moment(plan.created_at, zone);
        vec![
            Cell::Link(seat.link(name, format!("/together/plans/{}", plan.id))),
            Cell::Text(stands(plan).into()),
            Cell::Number(together::aims(plan).len().to_string()),
            Cell::Number(plan.wanted.to_string()),
        ]
    };
    let columns = ["Begun", "Where it stands", "Things", "People who may be asked"].map(String::from).to_vec();
    let rows = plans.iter().map(row).collect();
    Ok(page.block(Block::Table(Table { caption: "The latest, newest first".into(), columns, rows })).into())
}

/// What can be asked for together: open, and for everybody or with a draw still to come.
async fn candidates(seat: &Seat<'_>) -> Result<Vec<opportunity::Model>> {
    let organisation = seat.actor.organisation;
    let open = ways::newest(seat.platform(), organisation, OpportunityState::Open, false, ROWS).await?;
    let (open, _) = paged(open, |way| way.id.to_string());
    let gathering = quotas::gathering(seat.db(), organisation, open.iter().map(|way| way.id)).await?;
    Ok(open.into_iter().filter(|way| way.places.is_none() || gathering.contains(&way.id)).collect())
}

fn name(way: OpportunityId) -> String {
    format!("yes-{way}")
}

/// The form. Its fields point to what was chosen before, in the order in which it was.
fn form(seat: &Seat<'_>, ways: &[opportunity::Model], chosen: &[OpportunityId]) -> Form {
    let field = |way: &opportunity::Model| {
        let hint = match way.places {
            Some(places) => format!(
                "There are {places} places, and names are drawn later. Twice as many yeses as places is usual: {}.",
                places.saturating_mul(2)
            ),
            None => "Leave it empty to ask nobody for this now.".to_owned(),
        };
        let field = Field::typed(name(way.id), way.title.clone(), "", "number").optional().hint(hint);
        match chosen.iter().position(|one| *one == way.id) {
            Some(at) => field.pointer(format!("/opportunities/{at}/yes")),
            None => field,
        }
    };
    let hint = "Such as the numbers of a public lottery. Whoever wants to can then work it out again and need not trust us.";
    let seed = Field::line("seed", "A part of the lots from outside", "").optional().hint(hint);
    fresh(seat, Form::default().fields(ways.iter().map(field)).field(seed).submit(Submit::new("Share out the letters")))
}

fn new_page(seat: &Seat<'_>, form: Form) -> Page {
    Page::new("Ask for several things together")
        .back("Back to the list", seat.at("/together"))
        .text(
            "Say how many yeses each needs. Everybody is looked at for each of them. No person gets more letters than they want.",
        )
        .text("Letters leave at once, and cannot be called back.")
        .form(form)
}

async fn choose(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let ways = candidates(&seat).await?;
    if ways.len() < 2 {
        let page = Page::new("Ask for several things together").back("Back to the list", seat.at("/together"));
        let text =
            "Open at least two things first. Where places are few, set a day on which names are drawn among those who say yes.";
        return Ok(page.text(text).into());
    }
    Ok(new_page(&seat, form(&seat, &ways, &[])).into())
}

fn read(seat: &Seat<'_>, ways: &[opportunity::Model]) -> Result<Vec<Wanted>> {
    let mut entry = Entry::new(&seat.visit.fields);
    let mut wanted = Vec::new();
    for way in ways {
        if let Some(yes) = entry.parsed(&name(way.id), "Use a whole number.") {
            wanted.push(Wanted { opportunity: way.id, yes: Some(yes) });
        }
    }
    if let (true, Some(first)) = (wanted.len() < 2, ways.iter().find(|way| wanted.iter().all(|one| one.opportunity != way.id))) {
        entry.wrong(format!("/{}", name(first.id)), "Say how many yeses are needed for two things at least.");
    }
    entry.done()?;
    Ok(wanted)
}

async fn start(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let ways = candidates(&seat).await?;
    let chosen: Vec<OpportunityId> =
        ways.iter().map(|way| way.id).filter(|way| visit.fields.given(&name(*way)).is_some()).collect();
    let begun = async {
        let once = seat.once().await?;
        if let Some(address) = once.seen_at() {
            return Ok(address);
        }
        let wanted = read(&seat, &ways)?;
        let plan = together::start(once.tx(), seat.platform(), &seat.actor, &wanted, visit.fields.given("seed")).await?;
        let address = seat.at(format!("/together/plans/{}", plan.id));
        once.commit_at(&address).await?;
        seat.platform().wake.notify_one();
        Ok(address)
    };
    match begun.await {
        Ok(address) => Reply::to(address),
        Err(error) => {
            let form = again(form(&seat, &ways, &chosen), &visit, error)?;
            Ok(mistaken(new_page(&seat, form)).into())
        }
    }
}

/// One plan: what each thing can expect, and how evenly letters were shared out.
async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let plan: AskingPlanId = visit.param("plan")?;
    let plan = together::find(seat.db(), seat.actor.organisation, plan).await?;
    let runs = together::runs(seat.db(), seat.actor.organisation, plan.id).await?;
    let about: Vec<OpportunityId> = together::aims(&plan).iter().map(|aim| aim.opportunity).collect();
    let titles = titles(seat.db(), seat.actor.organisation, &about).await?.into_iter().collect();
    let outcome = Outcome::read(plan.outcome.as_ref());
    let on = plan.created_at.with_timezone(&zone_of(seat.organisation)).date_naive();
    let page = Page::new(format!("Asked for together on {}", day(on))).back("Back to the list", seat.at("/together")).wide();
    let mut facts = vec![("Where it stands".to_owned(), stands(&plan).to_owned())];
    if outcome.is_some() {
        facts.push(("People who were looked at".into(), plan.considered.to_string()));
        facts.push(("People who may be asked for one of these at least".into(), plan.wanted.to_string()));
    }
    if let Some(outcome) = &outcome {
        facts.push(("How even it is".into(), smallest(outcome)));
    }
    let page = page.block(Block::Facts(facts));
    let page = match plan.state.as_str() {
        "stopped" => page.text("Letters could not be shared out to the end. Each of these can be asked for by itself."),
        "done" => page,
        _ => page.text("Letters are being shared out. Open this page again in a moment."),
    };
    let page = page.block(things(&seat, &plan, &runs, outcome.as_ref(), &titles));
    let each = together::each(outcome.as_ref(), seat.organisation.minimum_group);
    if each.is_empty() {
        return Ok(page.into());
    }
    let row = |(letters, people): (u32, Option<u64>)| {
        vec![
            Cell::Number(letters.to_string()),
            Cell::Number(people.map_or_else(|| "Not shown".into(), |people| people.to_string())),
        ]
    };
    let columns = ["Letters", "People"].map(String::from).to_vec();
    let rows = each.into_iter().map(row).collect();
    let page = page.block(Block::Table(Table { caption: "How many letters people got".into(), columns, rows }));
    Ok(page.block(Block::Note("Numbers about few people are not shown, so that nobody can be known by them.".into())).into())
}

/// The smallest share, in words.
fn smallest(outcome: &Outcome) -> String {
    let share = match (outcome.smallest * 100.0).floor() {
        least if least < 100.0 => format!("Everybody can expect at least {least:.0} in 100 of the letters that they may get."),
        _ => "Everybody gets all the letters that they may get.".to_owned(),
    };
    match outcome.fairest {
        true => format!("{share} It is proved that no other way is fairer."),
        false => format!("{share} It is not proved that no other way is fairer."),
    }
}

/// A number of people that can be expected.
fn about(people: f64) -> String {
    if people < 10.0 { format!("{people:.1}") } else { format!("{people:.0}") }
}

fn things(
    seat: &Seat<'_>,
    plan: &asking_plan::Model,
    runs: &[match_run::Model],
    outcome: Option<&Outcome>,
    titles: &HashMap<OpportunityId, String>,
) -> Block {
    let known = |at: usize, read: fn(&Outcome, usize) -> Option<String>| {
        Cell::Number(outcome.and_then(|outcome| read(outcome, at)).unwrap_or_else(|| "-".into()))
    };
    let row = |((at, aim), run): ((usize, Aim), &match_run::Model)| {
        let title = titles.get(&aim.opportunity).cloned().unwrap_or_default();
        vec![
            Cell::Link(seat.link(title, format!("/opportunities/{}", aim.opportunity))),
            Cell::Number(aim.yes.to_string()),
            known(at, |outcome, at| outcome.yes.get(at).map(|yes| about(*yes))),
            known(at, |outcome, at| Some(outcome.letters.get(at)?.to_string())),
            Cell::Number(run.asked.to_string()),
        ]
    };
    let rows = together::aims(plan).into_iter().enumerate().zip(runs).map(row).collect();
    let columns = ["Name", "Yeses needed", "Yeses to be expected", "Letters", "People who were asked"].map(String::from).to_vec();
    Block::Table(Table { caption: "What was asked for".into(), columns, rows })
}
