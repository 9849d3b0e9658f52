//! Drawing names among those who said yes, where letters went out first.

use super::{asking, at, found, page};
use crate::{
    accounts::Power,
    invitations::{letters::day, places},
    matching::runs::{self, How},
    opportunities::{quotas, takes_answers, today, zone_of},
    pages::{
        console::desk::{Seat, again, fresh, mistaken, seat},
        kit::{Block, Desk, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::Result,
};
use entity::{PlaceState, opportunity};
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route.at("/console/:slug/opportunities/:opportunity/draw", get(ask(desk, console, show)).post(act(desk, console, draw)))
}

fn form(seat: &Seat<'_>, stopped: bool) -> Form {
    let form = Form::default().field(asking::seed());
    let form = if stopped { form.field(asking::ease()) } else { form };
    fresh(seat, form.submit(Submit::new("Draw the names")))
}

async fn draw_page(seat: &Seat<'_>, way: &opportunity::Model, trouble: Vec<String>, form: Form) -> Result<Page> {
    let page = page(seat, way, "Draw names");
    let sharing = quotas::of(seat.db(), way.organisation_id, way.id).await?;
    let Some(on) = sharing.draws_on else {
        return Ok(page.text("Names are drawn here before anybody is asked."));
    };
    if sharing.drawn_at.is_some() {
        return Ok(page.text("Names were drawn. As places become free, names are drawn for them."));
    }
    let yes = places::count(seat.db(), way.organisation_id, way.id, PlaceState::Waiting).await?;
    let facts = vec![
        ("People who have said yes".to_owned(), yes.to_string()),
        ("Places".to_owned(), way.places.unwrap_or(0).to_string()),
        ("Day on which names are drawn".to_owned(), day(on)),
    ];
    let page = page.block(Block::Facts(facts));
    let is_late = !trouble.is_empty();
    let page = match trouble.is_empty() {
        true => page,
        false => page.block(Block::Important("Names were not drawn, because the quotas cannot be kept".into(), trouble)),
    };
    if yes == 0 {
        return Ok(page.text("Names are drawn among those who have said yes. Nobody has yet."));
    }
    let (now, zone) = (seat.platform().clock.now(), zone_of(seat.organisation));
    if today(now, zone) < on && takes_answers(way, now, zone) {
        let text =
            "People were told that names are drawn on that day, and can say yes until then. It is done on the day by itself.";
        return Ok(page.text(text).text("Whoever says yes after the draw can have a place that becomes free."));
    }
    let page = match is_late {
        true => {
            let another = Link::new("Choose a later day, or change the quotas", at(seat, way, "/quotas"));
            page.text("Everybody who said yes waits for it.").block(Block::Links(vec![another]))
        }
        false => page,
    };
    Ok(page.text("Whoever says yes after the draw can have a place that becomes free.").form(form))
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let trouble = asking::stopped(&seat, &way, true).await?;
    let form = form(&seat, !trouble.is_empty());
    Ok(draw_page(&seat, &way, trouble, form).await?.into())
}

async fn draw(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "?done=drawn");
    let done = async {
        let once = seat.once().await?;
        if once.seen_at().is_none() {
            let how = How { seed: visit.fields.given("seed"), ease: visit.fields.has("ease"), ..How::default() };
            runs::draw_gathered(once.tx(), seat.platform(), &seat.actor, way.id, how).await?;
            once.commit_at(&address).await?;
            seat.platform().wake.notify_one();
        }
        Ok(())
    };
    match done.await {
        Ok(()) => Reply::to(address),
        Err(error) => {
            let trouble = asking::stopped(&seat, &way, true).await?;
            let form = again(form(&seat, !trouble.is_empty()), &visit, error)?;
            Ok(mistaken(draw_page(&seat, &way, trouble, form).await?).into())
        }
    }
}
