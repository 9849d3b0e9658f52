//! Do I want to go on hearing from the organisation? For whoever has not answered for a while; every answer is as good.

use super::{at, own};
use crate::{
    invitations::choices::going_on,
    pages::kit::{Block, Desk, Form, Link, Page, Reply, Visit, Zone, act, ask},
    platform::Result,
};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    route.at("/o/:slug/me/hearing", get(ask(desk, Zone::Own, show)).post(act(desk, Zone::Own, go_on)))
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let here = |rest: &str| at(&visit, &own.organisation, rest);
    let go_on = Form::button(here("/hearing"), "Yes, go on");
    let others = [("Ask me for less", "/step-down"), ("Pause", "/pause"), ("Leave", "/leave")];
    let others = others.map(|(words, rest)| Link::new(words, here(rest))).to_vec();
    let page = Page::new("Do you want to go on hearing from us?").back("Back", here(""));
    let page = page.text("If you have not answered us for a while, we ask you half as often, until we hear from you.");
    let page = page.form(go_on).text("You can also choose one of these. Every answer is as good, and you need give no reason.");
    Ok(page.block(Block::Links(others)).into())
}

async fn go_on(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    going_on::go_on(visit.platform(), &own.person).await?;
    Reply::to(at(&visit, &own.organisation, "?done=hearing"))
}
