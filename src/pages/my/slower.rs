//! Asking for less, pausing, leaving: each takes one page, one button and no reason.

use super::{Own, at, done, own};
use crate::{
    consent::leaving,
    integrity::ladder::step,
    invitations,
    pages::kit::{Block, Choice, Desk, Field, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    participants::{preferences, rules::rungs_of, trials},
    platform::{Result, http::Cursor},
};
use entity::{InvitationState, PreferenceDoc, Rung, StanceKind, opportunity};
use poem::{Route, get, http::StatusCode};
use std::sync::Arc;

/// So many things that somebody takes part in are named.
const PARTS: u64 = 50;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/pause", get(ask(desk, own, ask_pause)).post(act(desk, own, pause)))
        .at("/o/:slug/me/step-down", get(ask(desk, own, ask_step_down)).post(act(desk, own, step_down)))
        .at("/o/:slug/me/leave", get(ask(desk, own, ask_leave)).post(act(desk, own, leave)))
        .at("/o/:slug/left", get(ask(desk, Zone::Open, left)))
}

fn home(visit: &Visit, own: &Own, rest: &str) -> String {
    at(visit, &own.organisation, rest)
}

async fn pause_page(visit: &Visit, own: &Own, form: Form) -> Result<Page> {
    let cursor = Cursor { after: None, limit: PARTS };
    let parts = invitations::mine(visit.platform(), &own.person, cursor).await?;
    let parts = parts.into_iter().filter(|(row, _)| [InvitationState::Accepted, InvitationState::Waiting].contains(&row.state));
    let link = |(_, about): (_, opportunity::Model)| Link::new(about.title, home(visit, own, &format!("/parts/{}", about.id)));
    let parts: Vec<Link> = parts.map(link).collect();
    let text = "Nothing new is asked of you while you pause. Afterwards we ask you first, and for nothing beyond what you chose before. You \
                still hear what came of what you took part in.";
    let page = Page::new("Pause").said(done(visit)).back("Back", home(visit, own, "")).text(text).form(form);
    if parts.is_empty() {
        return Ok(page);
    }
    let stays = "What you take part in already stays as it is. You can pause or leave each of these by itself.";
    Ok(page.heading("What you take part in").text(stays).block(Block::Links(parts)))
}

fn pause_form() -> Form {
    let hint = "Leave it empty to pause until you change it.";
    Form::default()
        .field(Field::typed("until", "The last day of the pause", "", "date").hint(hint).optional())
        .submit(Submit::new("Pause"))
}

async fn ask_pause(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    Ok(pause_page(&visit, &own, pause_form()).await?.into())
}

async fn pause(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let platform = visit.platform();
    let until = visit.fields.parsed("until", "Write a day, such as 2027-03-31.");
    let tx = platform.db.begin().await?;
    let paused = match until {
        Ok(until) => preferences::pause(&tx, platform, &own.person, until).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match paused {
        Ok(()) => {
            tx.commit().await?;
            platform.wake.notify_one();
            Reply::to(home(&visit, &own, "?done=paused"))
        }
        Err(error) => {
            tx.rollback().await?;
            let form = pause_form().again(&visit.fields, error)?;
            Ok(pause_page(&visit, &own, form).await?.status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

/// What is lighter than what counts now.
fn lighter(doc: &PreferenceDoc) -> Vec<Rung> {
    let highest = rungs_of(&doc.stance).highest();
    Rung::ALL.iter().copied().filter(|rung| *rung >= Rung::Informing && highest.is_some_and(|highest| *rung < highest)).collect()
}

fn step_down_form(doc: &PreferenceDoc) -> Form {
    let choice = |rung: Rung| Choice::new(rung.word(), step(rung).people_say).hint(step(rung).plain);
    let hint = "From now on you are asked for this, and for what is lighter. It holds at once, for every topic.";
    let field =
        Field::radios("rung", "What would you like to be asked for at most?", lighter(doc).into_iter().map(choice)).hint(hint);
    Form::default().field(field).submit(Submit::new("Ask me for no more than this")).heading()
}

async fn ask_step_down(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (_, doc) = preferences::current(visit.platform().db.read(), &own.row).await?;
    // Whoever tries something goes back with one button; what lies below that is chosen here.
    let tries = trials::mine(visit.platform(), &own.person).await?.running.is_some();
    let tries = tries.then(|| Link::new("Go back from what I am trying", home(&visit, &own, "/trial")));
    let tries = tries.map(|link| Block::Links(vec![link]));
    if doc.stance.kind == StanceKind::Paused {
        let text = "You are pausing. To be asked again, and for what, choose how you want to be involved.";
        let links = Block::Links(vec![Link::new("How I want to be involved", home(&visit, &own, "/preferences"))]);
        return Ok(Page::new("Ask me for less").back("Back", home(&visit, &own, "")).text(text).block(links).into());
    }
    if lighter(&doc).is_empty() {
        let text = "You are asked for the lightest kind already, or for nothing. You can pause, or leave.";
        let page = Page::new("Ask me for less").back("Back", home(&visit, &own, "")).text(text);
        return Ok(page.blocks(tries).into());
    }
    let page = Page::question("Ask me for less", step_down_form(&doc));
    Ok(page.back("Back", home(&visit, &own, "")).blocks(tries).into())
}

async fn step_down(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    let text = visit.fields.text("rung").to_owned();
    let rung = Rung::ALL.iter().copied().find(|rung| rung.word() == text);
    let done = match rung {
        Some(rung) => preferences::step_down(&tx, platform, &own.person, rung).await.map(|_| ()),
        None => Err(crate::platform::Error::invalid("/rung", "required", "Choose one of the answers.")),
    };
    match done {
        Ok(()) => {
            tx.commit().await?;
            platform.wake.notify_one();
            Reply::to(home(&visit, &own, "?done=lighter"))
        }
        Err(error) => {
            tx.rollback().await?;
            let (_, doc) = preferences::current(platform.db.read(), &own.row).await?;
            let form = step_down_form(&doc).again(&visit.fields, error)?;
            let page = Page::question("Ask me for less", form).back("Back", home(&visit, &own, ""));
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

async fn ask_leave(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let texts = [
        "Nothing more is asked of you, at once. You need give no reason. Money that is owed to you is paid.",
        "What you agreed to with us as a whole is taken back. You can join again at any time.",
    ];
    let everything = Field::switch("everything", "Also take back what I gave to particular pieces of work", false).hint(
        "If you do not tick this, it stays there as you agreed for each of them. What is in a published report stays in it.",
    );
    let form = Form::default().field(everything).submit(Submit::new("Leave"));
    let page = Page::new(format!("Leave {}", own.organisation.name)).back("Back", home(&visit, &own, ""));
    Ok(page.texts(texts).form(form).into())
}

async fn leave(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let everything = visit.fields.has("everything");
    leaving::leave(visit.platform(), &own.person, everything).await?;
    visit.forget("person", &format!("/o/{}", own.organisation.slug));
    let what = if everything { "?everything=yes" } else { "" };
    Reply::to(visit.at(format!("/o/{}/left{what}", own.organisation.slug)))
}

/// What leaving means, for whoever has just left.
async fn left(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let told = leaving::what_happens(visit.query.has("everything"), &organisation.contact);
    Ok(Page::new("You have left").blocks(told.into_iter().map(Block::Text)).into())
}
