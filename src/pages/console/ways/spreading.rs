//! An open call that is spread over days: how far it is, and stopping it.

use super::{at, found, page};
use crate::{
    accounts::Power,
    invitations::letters::moment,
    matching::{runs, told},
    opportunities::zone_of,
    pages::{
        console::desk::{Seat, fresh, mistaken, seat},
        kit::{Block, Desk, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::Result,
};
use entity::{match_run, opportunity};
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route.at("/console/:slug/opportunities/:opportunity/further", get(ask(desk, console, show)).post(act(desk, console, stop)))
}

/// The run that is under way and spread over days, if there is one.
pub(super) async fn under_way(seat: &Seat<'_>, way: &opportunity::Model) -> Result<Option<match_run::Model>> {
    let latest = told::runs(seat.db(), seat.actor.organisation, way.id, 1).await?.into_iter().next();
    Ok(latest.filter(|run| run.days.is_some() && run.state == "running"))
}

/// How far it is.
pub(super) fn how_far(seat: &Seat<'_>, run: &match_run::Model) -> String {
    let days = run.days.unwrap_or(1);
    match run.next_at {
        Some(at) => {
            let at = moment(at, zone_of(seat.organisation));
            format!("{} of {days} days are done. The next are asked on {at}.", run.days_done)
        }
        None => format!("{} of {days} days are done. People are being asked now.", run.days_done),
    }
}

async fn far_page(seat: &Seat<'_>, way: &opportunity::Model) -> Result<Page> {
    let page = page(seat, way, "Who is still to be asked");
    let Some(run) = under_way(seat, way).await? else {
        return Ok(page.text("Nobody is still to be asked by letters that are spread over days."));
    };
    let facts = vec![
        ("How far it is".to_owned(), how_far(seat, &run)),
        ("People who were asked".to_owned(), run.asked.to_string()),
        ("People who may be asked, with them".to_owned(), run.eligible.to_string()),
    ];
    let page = page.block(Block::Facts(facts));
    let page = page.text("You can stop here if enough people have answered. Whoever was asked can still answer.");
    let page = page.text("Those who were not asked come first another time.");
    Ok(page.form(fresh(seat, Form::default().submit(Submit::new("Ask nobody else")))))
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    Ok(far_page(&seat, &way).await?.into())
}

async fn stop(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "?done=stopped");
    let Some(run) = under_way(&seat, &way).await? else {
        return Ok(mistaken(far_page(&seat, &way).await?).into());
    };
    let once = seat.once().await?;
    if once.seen_at().is_none() {
        runs::stop(once.tx(), seat.platform(), &seat.actor, way.id, run.id).await?;
        once.commit_at(&address).await?;
    }
    Reply::to(address)
}
