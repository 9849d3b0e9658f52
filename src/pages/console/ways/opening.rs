//! Opening and closing: each with a page that says what follows from it before anything is pressed.

use super::{at, found, page, steps};
use crate::{
    accounts::Power,
    integrity::ahead::Supported,
    opportunities::{opening as gate, rules::closes_early, supported, zone_of},
    pages::{
        console::desk::{Seat, again, fresh, mistaken, seat},
        invitation::about,
        kit::{Block, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::{Result, Violation},
    projects::work,
};
use entity::opportunity;
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/opportunities/:opportunity");
    route
        .at(format!("{at}/open"), get(ask(desk, console, ask_open)).post(act(desk, console, open)))
        .at(format!("{at}/close"), get(ask(desk, console, ask_close)).post(act(desk, console, close)))
}

/// What an open page says beside the form.
struct Known {
    promise: Option<String>,
    can_be: Supported,
    missing: Vec<Violation>,
}

fn open_page(seat: &Seat<'_>, way: &opportunity::Model, known: &Known, form: Form) -> Page {
    let Known { promise, can_be, missing } = known;
    let page = page(seat, way, "Check and open");
    if !missing.is_empty() {
        let page = page.text("Some things have to be said before this can open.").heading("What is missing");
        return page.block(Block::Steps(steps(seat, way, missing).into_iter().filter(|step| !step.done).collect()));
    }
    let stays = "Once it is open, people can rely on what you say here. You can still change the name, the words that describe it and \
                 the support. The last day can move later. The day for hearing back can move, with a reason.";
    let page = page.block(Block::Important("What people are told stays".into(), vec![stays.into()]));
    let page = page.text("Opening writes to nobody. You ask people in the next step.").form(form);
    // The promise is the project's, and is copied when it opens.
    let promise = promise.as_ref().map(|promise| Block::Facts(vec![("What we promise".into(), promise.clone())]));
    page.blocks(about(way, can_be, false, zone_of(seat.organisation))).blocks(promise)
}

/// What is known of it: what is missing, what the project promises everybody who is asked, and what it can be.
async fn known(seat: &Seat<'_>, way: &opportunity::Model) -> Result<Known> {
    let missing = gate::missing(seat.platform(), seat.actor.organisation, way.id).await?;
    let promise = work::find(seat.db(), seat.actor.organisation, way.project_id).await?.promise;
    let can_be = supported::of_one(seat.db(), way, seat.platform().clock.now()).await?;
    Ok(Known { promise, can_be, missing })
}

fn open_form(seat: &Seat<'_>) -> Form {
    fresh(seat, Form::default().submit(Submit::new("Open it now")))
}

async fn ask_open(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let known = known(&seat, &way).await?;
    Ok(open_page(&seat, &way, &known, open_form(&seat)).into())
}

async fn open(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "?done=opened");
    let done = async {
        let once = seat.once().await?;
        if once.seen_at().is_none() {
            gate::open(once.tx(), seat.platform(), &seat.actor, way.id).await?;
            once.commit_at(&address).await?;
            seat.platform().wake.notify_one();
        }
        Ok(())
    };
    match done.await {
        Ok(()) => Reply::to(address),
        Err(error) => {
            let form = again(open_form(&seat), &visit, error)?;
            let known = known(&seat, &way).await?;
            Ok(mistaken(open_page(&seat, &way, &known, form)).into())
        }
    }
}

fn close_form(seat: &Seat<'_>, way: &opportunity::Model) -> Form {
    let early = closes_early(way, seat.platform().clock.now(), zone_of(seat.organisation));
    let form = if early {
        let hint = "People were told that they have time until the last day. Everybody can read the reason.";
        Form::default().field(Field::area("reason", "Why does it close early?", "").hint(hint))
    } else {
        Form::default()
    };
    fresh(seat, form.submit(Submit::new("Close it now")))
}

fn close_page(seat: &Seat<'_>, way: &opportunity::Model, form: Form) -> Page {
    page(seat, way, "Close it").text("From then on no answers are taken. It cannot be opened again.").form(form)
}

async fn ask_close(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    Ok(close_page(&seat, &way, close_form(&seat, &way)).into())
}

async fn close(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "?done=closed");
    let done = async {
        let once = seat.once().await?;
        if once.seen_at().is_none() {
            gate::close(once.tx(), seat.platform(), &seat.actor, way.id, visit.fields.given("reason")).await?;
            once.commit_at(&address).await?;
            seat.platform().wake.notify_one();
        }
        Ok(())
    };
    match done.await {
        Ok(()) => Reply::to(address),
        Err(error) => Ok(mistaken(close_page(&seat, &way, again(close_form(&seat, &way), &visit, error)?)).into()),
    }
}
