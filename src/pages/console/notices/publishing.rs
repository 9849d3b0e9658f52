//! Publishing a notice, after reading it as people will.

use super::{as_read, at, findings, found};
use crate::{
    accounts::Power,
    consent::notices,
    pages::{
        console::desk::{Seat, again, mistaken, seat},
        kit::{Block, Desk, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::Result,
};
use entity::{NoticeState, notice};
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route.at("/console/:slug/notices/:notice/publish", get(ask(desk, console, ask_publish)).post(act(desk, console, publish)))
}

fn page(seat: &Seat<'_>, notice: &notice::Model, form: Form) -> Page {
    let page = Page::new("Read it and publish").caption(&notice.content.title).back("Back to the draft", at(seat, notice.id, ""));
    let missing: Vec<String> = findings(seat, notice).into_iter().map(|one| one.detail).collect();
    let page = if missing.is_empty() {
        let text =
            "What somebody has agreed to stays what it was. For other words you make a new version, and people are asked again.";
        page.block(Block::Important("A published notice never changes".into(), vec![text.into()])).form(form)
    } else {
        page.block(Block::Important("This has to be put right first".into(), missing))
    };
    page.heading("As people will read it").blocks(as_read(seat, notice))
}

fn form(version: impl Into<String>) -> Form {
    Form::default().hidden("version", version).submit(Submit::new("Publish it"))
}

async fn ask_publish(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let notice = found(&seat).await?;
    if notice.state == NoticeState::Published {
        return Reply::to(at(&seat, notice.id, ""));
    }
    let form = form(notice.version.to_string());
    Ok(page(&seat, &notice, form).into())
}

async fn publish(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let notice = found(&seat).await?;
    // Sent twice: it is done.
    if notice.state == NoticeState::Published {
        return Reply::to(at(&seat, notice.id, "?done=published"));
    }
    let done = async {
        let version = visit.fields.if_match()?;
        let tx = seat.platform().db.begin().await?;
        notices::publish(&tx, seat.platform(), &seat.actor, notice.id, Some(&version)).await?;
        tx.commit().await.map_err(crate::platform::Error::from)
    };
    match done.await {
        Ok(()) => Reply::to(at(&seat, notice.id, "?done=published")),
        Err(error) => {
            let form = again(form(visit.fields.text("version")), &visit, error)?;
            Ok(mistaken(page(&seat, &notice, form)).into())
        }
    }
}
