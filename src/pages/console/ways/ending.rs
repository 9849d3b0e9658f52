//! Ending something that has places before its time.

use super::{at, found, page};
use crate::{
    accounts::Power,
    invitations::endings,
    pages::{
        console::desk::{Seat, again, fresh, mistaken, seat},
        kit::{Block, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    parts::ending,
    platform::Result,
};
use entity::opportunity;
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route.at("/console/:slug/opportunities/:opportunity/end", get(ask(desk, console, show)).post(act(desk, console, end)))
}

fn form(seat: &Seat<'_>) -> Form {
    let hint = "It stands in everybody's letter as you write it. Plain words, without links.";
    let words = Field::area("words", "What do you want to tell people about it?", "").hint(hint);
    fresh(seat, Form::default().field(words).submit(Submit::new("End it now, and tell everybody")))
}

fn end_page(seat: &Seat<'_>, way: &opportunity::Model, form: Form) -> Page {
    let happens = [
        "It closes, and meetings that are still to come do not take place.",
        "Everybody who holds a place, waits or was asked gets a letter: thanks, your words, and what comes next.",
        "You get a list of what there is to do: thanks, pay, and talks for those who want one.",
        "It cannot be taken back.",
    ];
    page(seat, way, "End it before its time").block(Block::List(happens.map(String::from).to_vec())).form(form)
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    if let Some(ending) = endings::of(seat.db(), seat.actor.organisation, way.id).await? {
        return Ok(page(&seat, &way, "It has ended").block(Block::Quote(ending.words)).into());
    }
    Ok(end_page(&seat, &way, form(&seat)).into())
}

async fn end(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "?done=ended");
    let done = async {
        let once = seat.once().await?;
        if once.seen_at().is_none() {
            ending::end(once.tx(), seat.platform(), &seat.actor, way.id, visit.fields.text("words")).await?;
            once.commit_at(&address).await?;
            seat.platform().wake.notify_one();
        }
        Ok(())
    };
    match done.await {
        Ok(()) => Reply::to(address),
        Err(error) => Ok(mistaken(end_page(&seat, &way, again(form(&seat), &visit, error)?)).into()),
    }
}
