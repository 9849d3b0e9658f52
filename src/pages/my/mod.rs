//! Somebody's own pages with an organisation: how they want to be involved, what they agreed to, what they were asked and
//! said, and what became of it. Stepping down, pausing and leaving are one action away on every one of them.

mod asking;
mod consents;
mod details;
mod facts;
mod given;
mod hearing;
mod meetings;
mod part;
mod preferences;
mod record;
mod replies;
mod slower;
mod trial;

use super::kit::{Block, Card, Desk, Form, Link, NavLink, Page, Reply, Visit, Zone, act, ask};
use crate::{
    accounts::Person,
    invitations::{self, letters::day, rules::is_open},
    participants::{self, sessions},
    platform::{Result, http::Cursor},
};
use entity::{InvitationState, organisation, participant};
use poem::{Route, get, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    let route = route
        .at("/o/:slug/me", get(ask(desk, own, home)))
        .at("/o/:slug/me/welcome", get(ask(desk, own, welcome)))
        .at("/o/:slug/me/sign-out", post(act(desk, own, sign_out)))
        .at("/o/:slug/me/invitations/:invitation", post(act(desk, own, open_invitation)))
        .at("/me", get(ask(desk, Zone::Open, somewhere)));
    let route = preferences::routes(route, desk);
    let route = slower::routes(route, desk);
    let route = trial::routes(route, desk);
    let route = part::routes(route, desk);
    let route = hearing::routes(route, desk);
    let route = consents::routes(route, desk);
    let route = details::routes(route, desk);
    let route = facts::routes(route, desk);
    let route = meetings::routes(route, desk);
    let route = given::routes(route, desk);
    let route = asking::routes(route, desk);
    let route = replies::routes(route, desk);
    record::routes(route, desk)
}

/// Who is here: the person, what is kept about them, and the organisation.
struct Own {
    person: Person,
    row: participant::Model,
    organisation: organisation::Model,
}

/// Lets in whoever is signed in with the organisation that the address names, and says where one can go.
async fn own(visit: &Visit) -> Result<Own> {
    let person = visit.person().await?;
    let row = participants::row(visit.platform().db.read(), &person).await?;
    let organisation = visit.organisation().await?.clone();
    let at = |rest: &str| at(visit, &organisation, rest);
    let here = visit.path.split("/me").nth(1).unwrap_or_default().to_owned();
    let links = [
        ("Home", ""),
        ("How I am involved", "/preferences"),
        ("My record", "/record"),
        ("What I agreed to", "/consents"),
        ("My details", "/details"),
    ];
    let nav = links.into_iter().map(|(words, rest)| NavLink {
        words: words.into(),
        to: at(rest),
        here: if rest.is_empty() { here.is_empty() } else { here.starts_with(rest) },
    });
    visit.nav(nav.collect(), Some(at("/sign-out")));
    let link = |(words, rest): (&str, &str)| Link::new(words, at(rest));
    visit.ease([("Ask me for less", "/step-down"), ("Pause", "/pause"), ("Leave", "/leave")].map(link).to_vec());
    Ok(Own { person, row, organisation })
}

/// An address on somebody's own pages.
fn at(visit: &Visit, organisation: &organisation::Model, rest: &str) -> String {
    visit.at(format!("/o/{}/me{rest}", organisation.slug))
}

/// A time as the organisation's clocks show it.
fn time(own: &Own, at: entity::Time) -> String {
    let zone = crate::opportunities::zone_of(&own.organisation);
    at.with_timezone(&zone).format("%-d %B %Y, %H:%M").to_string()
}

/// What was done on another page, in words.
fn done(visit: &Visit) -> Option<&'static str> {
    Some(match visit.query.text("done") {
        "saved" => "Saved. It holds from now on.",
        "paused" => "You are pausing. Nothing is asked of you meanwhile.",
        "lighter" => "From now on you are asked for no more than that.",
        "applied" => "You are in the draw. Names are drawn when the people who run it say so.",
        "applied_not" => "You have taken it back. Nothing follows from it.",
        "hearing" => "Thank you. You go on hearing from us as you chose.",
        "kept" => "Your choices hold for another year.",
        "trying" => "It counts from now on, until you go back or it is over.",
        "back" => "What you chose before counts again.",
        "agreed" => "Your choices are kept.",
        "withdrawn" => "You have taken it back. Nothing else follows from it.",
        "nothing" => "There was nothing to change.",
        "ended" => "That browser is signed out.",
        "facts" => "Your answers are kept. You can change them at any time.",
        "out" => "It is taken out, and is counted no more.",
        "notes" => "Thank you. What you said about the notes is kept.",
        "letters" => "Those letters come to you again.",
        "rated" => "Thank you. What you said is counted.",
        "words" => "You have taken it back. Its words are gone.",
        "left" => "You have left, and your choices are kept. Nobody asks you why.",
        "pausing" => "You are pausing. Nothing is asked of you about this meanwhile.",
        "instead" => "You chose something lighter. A letter about it is on its way, or in your hands already.",
        "goes-on" => "You go on as before.",
        "said" => "Thank you. What you said is noted.",
        _ => return None,
    })
}

/// The first of somebody's own pages.
async fn home(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let cursor = Cursor { after: None, limit: 100 };
    let asked = invitations::mine(visit.platform(), &own.person, cursor).await?;
    let card = |(invitation, offer): (entity::invitation::Model, entity::opportunity::Model)| {
        let to = at(&visit, &own.organisation, &format!("/invitations/{}", invitation.id));
        let mut facts = Vec::new();
        if let Some(last) = offer.closes_on {
            facts.push(("Answer by".to_owned(), day(last)));
        }
        let mut open = Form::button(to, "Read it and answer");
        open.submits[0].about = format!(": {}", offer.title);
        Card { title: offer.title, texts: vec![offer.summary], facts, forms: vec![open], to: None }
    };
    let waiting: Vec<Card> =
        asked.into_iter().filter(|(row, _)| is_open(row.state) || row.state == InvitationState::Accepted).map(card).collect();
    let greeting = own.row.name.as_ref().map_or("Your own page".to_owned(), |name| format!("Hello {name}"));
    let mut page = Page::new(greeting).said(done(&visit)).heading("You have been asked");
    page = if waiting.is_empty() { page.text("Nothing is waiting for your answer.") } else { page.block(Block::Cards(waiting)) };
    page = page.blocks(meetings::coming(&visit, &own).await?);
    let link = |words: &str, rest: &str| Link::new(words, at(&visit, &own.organisation, rest));
    let (_, wishes) = participants::preferences::current(visit.platform().db.read(), &own.row).await?;
    let mut more = vec![
        link("How I want to be involved", "/preferences"),
        link("What I was asked and said, and what happened to it", "/record"),
        link("What I am asked for, and what not", "/asking"),
        link("My meetings", "/meetings"),
        link("What I agreed to", "/consents"),
        link("Facts about me", "/facts"),
        link("My name, letters and devices", "/details"),
    ];
    if wishes.trial.open_to_trying_higher {
        more.insert(1, link("Try something more for a while", "/trial"));
    }
    Ok(page.heading("Your choices").block(Block::Links(more)).into())
}

/// What to do first after joining.
async fn welcome(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let texts = [
        "Thank you for joining. Your address is confirmed.",
        "First you say how you want to be involved, and what we may do. Nothing is asked of you before. Every answer is equally good. \
         You can change each of them at any time.",
    ];
    let go = Link::new("Say how I want to be involved", at(&visit, &own.organisation, "/preferences/involvement?first=yes"));
    let later = Link::new("Do this later", at(&visit, &own.organisation, ""));
    let page = Page::new(format!("Welcome to {}", own.organisation.name)).texts(texts);
    Ok(page.block(Block::Go(go)).block(Block::Links(vec![later])).into())
}

async fn sign_out(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    sessions::end(visit.platform(), &own.person, own.person.session).await?;
    visit.forget("person", &format!("/o/{}", own.organisation.slug));
    Reply::to(visit.at(format!("/o/{}", own.organisation.slug)))
}

/// Opens an invitation without its letter: whoever is signed in as the person gets a link of their own.
async fn open_invitation(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let id = visit.param("invitation")?;
    let token = invitations::link_for(visit.platform(), &own.person, id).await?;
    // The pages of the invitation then know the person: they may read what they handed in.
    super::invitation::open(&visit, id, &token, if visit.fields.text("to") == "questions" { "/questions" } else { "" })
}

/// An address that says nothing of an organisation.
async fn somewhere(_: Arc<Visit>) -> Result<Reply> {
    let text = "Your own page belongs to the organisation that wrote to you. Please open it with a link from one of its letters.";
    Ok(Page::new("Your own page").text(text).into())
}
