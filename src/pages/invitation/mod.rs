//! An invitation: what is asked, and all that can be said to it.
//!
//! Every invitation has an address and a cookie of its own, so that whoever has two of them open answers the one they look at.

mod agreed;
mod answer;

use super::{
    kit::{Block, Card, Choice, Desk, Field, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    meeting,
};
use crate::{
    integrity::{
        ahead::Supported,
        ladder::{ATTRIBUTION, SOURCE, step},
    },
    invitations::{
        self, Guest, endings, guest as guests,
        letters::{GROUP, SUPPORTED, day, holds, moment, payment, promise, time},
        places, replies,
        rules::{self, Reply as Said, accepts},
    },
    opportunities::{
        self, activity_of,
        group::{activity, in_words},
        quotas::{self, Sharing},
        supported,
    },
    platform::{
        Error, Result,
        http::Cursor,
        secret::{Token, TokenKind},
    },
    responses::drafts,
    sessions,
};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use entity::{InvitationId, InvitationState, OpportunityKind, PlaceState, Purpose, opportunity};
use poem::{Route, get, http::StatusCode, post};
use std::sync::Arc;

const COOKIE: &str = "invitation";
/// Meetings that are shown with an invitation.
const MEETINGS: u64 = 50;

/// The routes.
pub fn routes(route: Route, desk: &Desk) -> Route {
    let open = Zone::Open;
    route
        .at("/i/:token", get(ask(desk, open, ask_open)).post(act(desk, open, enter)))
        .at("/invitation/:invitation", get(ask(desk, open, show)))
        .at("/invitation/:invitation/agree", get(ask(desk, open, agreed::ask_it)).post(act(desk, open, agreed::agree)))
        .at("/invitation/:invitation/agreed", get(ask(desk, open, agreed::show)))
        .at("/invitation/:invitation/close", post(act(desk, open, close)))
        .at("/invitation/:invitation/:verb", post(act(desk, open, answer::answer)))
}

/// Asks before anything is opened: mail scanners open every link.
async fn ask_open(visit: Arc<Visit>) -> Result<Reply> {
    let token = token(&visit)?;
    // Whose letter it is, and how its pages look. A link that is none says no more than that there is an invitation.
    if let Ok(guest) = guests::holder(visit.platform(), &token).await {
        visit.belongs_to(guest.organisation).await?;
    }
    let form = Form::button("", "Read the invitation");
    let text = "Press the button to read it. Nothing is answered by that.";
    Ok(Page::new("You have an invitation").text(text).form(form).into())
}

/// Takes the token out of the address: into a cookie for these pages alone.
async fn enter(visit: Arc<Visit>) -> Result<Reply> {
    let token = token(&visit)?;
    let guest = guests::holder(visit.platform(), &token).await?;
    open(&visit, guest.invitation.id, &token, "")
}

/// The token in the address. What stands in an address is decoded before we see it, so nothing else may be written into a page.
fn token(visit: &Visit) -> Result<Token> {
    let found = Token::parse(visit.word("token")).filter(|(found, _)| *found == TokenKind::Invitation);
    found.map(|(_, token)| token).ok_or(Error::NotFound("link"))
}

/// The address of the page of an invitation, or of what belongs to it.
pub fn at(visit: &Visit, invitation: InvitationId, rest: &str) -> String {
    visit.at(format!("/invitation/{invitation}{rest}"))
}

/// Leads to the page of an invitation, or to one below it. Whoever came by a letter has its token in a cookie that goes to this
/// page alone; whoever came from their own page is known there by their session, and no more once they have signed out.
pub fn open(visit: &Visit, invitation: InvitationId, token: &Token, rest: &str) -> Result<Reply> {
    let path = format!("/invitation/{invitation}");
    match visit.cookie("person").filter(|_| visit.cookie(COOKIE).is_none()) {
        Some(session) => visit.keep("person", session, &path),
        None => visit.keep(COOKIE, token.reveal(), &path),
    }
    Reply::to(at(visit, invitation, rest))
}

/// The token of the invitation that this browser has open: of its letter, or of whoever is signed in as its person.
pub async fn token_held(visit: &Visit) -> Result<Token> {
    if let Some(cookie) = visit.cookie(COOKIE) {
        let found = Token::parse(&cookie).filter(|(kind, _)| *kind == TokenKind::Invitation);
        return found.map(|(_, token)| token).ok_or(Error::SignInNeeded);
    }
    let person = visit.person().await?;
    invitations::link_for(visit.platform(), &person, visit.param("invitation")?).await
}

/// Whoever holds the link of the invitation that the address names, and of no other, or is signed in as its person. The pages are
/// then those of its organisation.
pub async fn guest(visit: &Visit) -> Result<Guest> {
    let named: InvitationId = visit.param("invitation")?;
    let by_letter = visit.cookie(COOKIE).is_some();
    if !by_letter {
        // Whose page it is, also where nobody may see it: the quick way out is there, and the title says nothing.
        match guests::home(visit.platform(), named).await? {
            Some(organisation) => visit.belongs_to(organisation).await?,
            None => return Err(Error::SignInNeeded),
        }
    }
    let held = async { guests::holder(visit.platform(), &token_held(visit).await?).await };
    let guest = match held.await {
        Ok(guest) => guest,
        Err(error) => {
            if let Some(organisation) = guests::home(visit.platform(), named).await?.filter(|_| by_letter) {
                visit.belongs_to(organisation).await?;
            }
            return Err(error);
        }
    };
    visit.belongs_to(guest.organisation).await?;
    if guest.invitation.id == named {
        let out = match by_letter {
            true => at(visit, named, "/close"),
            false => visit.at(format!("/o/{}/me/sign-out", visit.organisation().await?.slug)),
        };
        visit.nav(Vec::new(), Some(out));
        return Ok(guest);
    }
    let detail = "This page belongs to another invitation than the one that you opened last. Nothing was changed. Please open the one \
                  that you mean from its letter once more.";
    Err(Error::conflict("another_invitation", detail))
}

/// Lets the browser forget an invitation: the next one at a shared computer sees nothing of it.
async fn close(visit: Arc<Visit>) -> Result<Reply> {
    let named: InvitationId = visit.param("invitation")?;
    if let Some(organisation) = guests::home(visit.platform(), named).await? {
        visit.belongs_to(organisation).await?;
    }
    for cookie in [COOKIE, "person"] {
        visit.forget(cookie, &format!("/invitation/{named}"));
    }
    let text = "Nobody can open the invitation here any more without your letter. Nothing else has changed.";
    Ok(Page::new("You are signed out").text(text).into())
}

/// Shows the invitation.
async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let db = visit.platform().db.read();
    let offer = guest.opportunity(db).await?;
    let open = opportunities::is_open(db, &offer, visit.platform().clock.now()).await?;
    let sharing = quotas::drawn_by(db, &offer).await?;
    let said = answer::said(&visit, &guest, &offer, &sharing);
    let mut page = Page::new(&offer.title).caption("Invitation").said(said).text(&offer.summary);
    page = page.blocks(standing(&visit, &guest, &sharing, open).await?);
    let replies = replying(&visit, &guest, &offer, open).await?;
    let zone = opportunities::zone(db, guest.organisation).await?;
    let can_be = supported::of_one(visit.platform().db.read(), &offer, visit.platform().clock.now()).await?;
    let mut facts = about(&offer, &can_be, visit.easy(), zone);
    facts.extend(shared_out(&offer, &sharing));
    facts.extend(meetings(&visit, &guest, zone).await?);
    facts.push(Block::Links(vec![easy_switch(&visit, &guest)]));
    if !guest.invitation.why.reasons.is_empty() {
        facts.extend([Block::Heading("Why you were asked".into()), Block::List(guest.invitation.why.reasons.clone())]);
    }
    // Nobody is asked for an answer before they could read what it is about. Whoever has answered comes back for what is next.
    let asks = open && matches!(guest.invitation.state, InvitationState::Sent | InvitationState::AskLater);
    page = match asks {
        true => page.blocks(facts).heading("Your answer").blocks(replies),
        false => page.blocks(replies).blocks(facts),
    };
    let agreed = at(&visit, guest.invitation.id, "/agreed");
    let links = vec![Link::new("What you have agreed to, and how to take it back", agreed)];
    Ok(page.heading("Your agreement").block(Block::Links(links)).into())
}

fn easy_switch(visit: &Visit, guest: &Guest) -> Link {
    let here = at(visit, guest.invitation.id, "");
    match visit.easy() {
        true => Link::new("Show this page in plain English", here),
        false => Link::new("Explain this in Easy Read", format!("{here}?format=easy")),
    }
}

/// What is offered, and what is not.
pub fn about(offer: &opportunity::Model, can_be: &Supported, easy: bool, zone: Tz) -> Vec<Block> {
    let rung = step(offer.rung);
    let means = if easy { rung.easy_read } else { rung.plain };
    let mut facts = vec![
        ("What this is", format!("{}.\n{means}", rung.people_say)),
        ("How you take part", activity(activity_of(offer)).to_owned()),
        (SUPPORTED, supported::in_words(can_be).unwrap_or_default()),
        ("What we promise", promise(offer)),
        ("What can change", offer.open_to_influence.clone()),
        ("What cannot change", offer.not_open.clone()),
        ("Who decides", offer.who_decides.clone()),
        ("When", offer.starts_at.map(|at| moment(at, zone)).unwrap_or_default()),
        (GROUP, in_words(offer.group_facts.as_ref())),
        ("Time it takes", time(offer)),
        ("Payment", payment(&offer.payment)),
        ("Support", offer.support.clone()),
        ("Please note", offer.content_note.clone().unwrap_or_default()),
        ("How people are chosen", offer.how_chosen.clone()),
        ("Answer by", offer.closes_on.map(day).unwrap_or_default()),
        ("You hear what came of it by", offer.feedback_due.map(day).unwrap_or_default()),
    ];
    facts.retain(|(_, text)| !text.trim().is_empty());
    let facts = facts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let ladder = Block::Links(vec![Link::new(ATTRIBUTION, SOURCE)]);
    vec![Block::Heading("What it is about".into()), Block::Facts(facts), ladder]
}

/// How few places are shared out, where names are drawn by groups or in two stages.
pub fn shared_out(offer: &opportunity::Model, sharing: &Sharing) -> Vec<Block> {
    if !sharing.is_over_panels() {
        return Vec::new();
    }
    let places = match offer.places.unwrap_or(0) {
        1 => "There is 1 place.".to_owned(),
        many => format!("There are {many} places."),
    };
    let drawn = match (sharing.draws_on, sharing.drawn_at) {
        (None, _) => "Names are drawn by lot among all whose choices fit. Those who are drawn are asked.".to_owned(),
        (Some(_), Some(_)) => {
            "Names were drawn by lot among those who had said yes. Places that become free are drawn for.".to_owned()
        }
        (Some(on), None) => {
            format!("Names are drawn by lot on {}, among all who have said yes before. A yes is not a place yet.", day(on))
        }
    };
    let mut blocks = vec![Block::Heading("How places are shared out".into()), Block::Text(places), Block::Text(drawn)];
    if !sharing.quotas.is_empty() {
        blocks.push(Block::Text("So many places are for people of these groups:".into()));
        blocks.push(Block::List(sharing.quotas.iter().map(quotas::said).collect()));
        let silent = "People count for a group by what they told us about themselves for this. Whoever told nothing can be drawn too, \
                      for places that are for no group.";
        blocks.push(Block::Text(silent.into()));
    }
    blocks
}

/// The meetings, for whoever holds a place: where they are is told to nobody else.
async fn meetings(visit: &Visit, guest: &Guest, zone: Tz) -> Result<Vec<Block>> {
    let (db, organisation, offer) = (visit.platform().db.read(), guest.organisation, guest.invitation.opportunity_id);
    let place = places::of(db, organisation, offer, guest.participant).await?;
    if place.is_none_or(|place| place.state != PlaceState::Held) {
        return Ok(Vec::new());
    }
    let mut rows = sessions::meetings::list(db, organisation, offer, Cursor { after: None, limit: MEETINGS }).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    rows.sort_by_key(|row| row.starts_at);
    let slug = &visit.organisation().await?.slug;
    let card = |row: &entity::meeting::Model| Card {
        title: row.title.clone(),
        to: Some(visit.at(format!("/o/{slug}/me/meetings/{}", row.id))),
        facts: meeting::facts(row, zone),
        ..Card::default()
    };
    Ok(vec![Block::Heading("Meetings".into()), Block::Cards(rows.iter().map(card).collect())])
}

/// Where the invitation stands, in words.
async fn standing(visit: &Visit, guest: &Guest, sharing: &Sharing, open: bool) -> Result<Vec<Block>> {
    let state = guest.invitation.state;
    let text = match state {
        InvitationState::Accepted => "You have said yes. You can change your mind.".into(),
        InvitationState::Waiting if sharing.gathers() => {
            let on = sharing.draws_on.unwrap_or_default();
            let drawn = match on
                < opportunities::today(visit.platform().clock.now(), opportunities::zone_of(visit.organisation().await?))
            {
                true => format!("Names were to be drawn on {}. That is late, and we write to you when they are.", day(on)),
                false => format!("Names are drawn on {}.", day(on)),
            };
            format!("You have said yes. {drawn} You can change your mind.")
        }
        InvitationState::Waiting => "You are on the waiting list. You can change your mind.".into(),
        InvitationState::SteppedDown if took_back(visit, guest).await? => "You have taken back that you take part.".into(),
        _ if rules::is_over(state) || !open => replies::over(visit.platform().db.read(), guest, state, open).await?.into(),
        InvitationState::Declined => "You have said no. You can change your mind.".into(),
        InvitationState::SteppedDown => "You have chosen something lighter. You can change your mind.".into(),
        InvitationState::AskLater => match guest.invitation.ask_again_on {
            Some(on) => format!("We ask you again on {}. You can also answer now.", day(on)),
            None => "We ask you again later. You can also answer now.".into(),
        },
        _ => "Every answer is equally good. You need give no reason.".into(),
    };
    let mut blocks = vec![Block::Text(text)];
    let ending = endings::of(visit.platform().db.read(), guest.organisation, guest.invitation.opportunity_id).await?;
    blocks.extend(ending.map(|ending| Block::Important("This has ended".into(), vec![ending.words])));
    if let Some(last) = guest.invitation.held_until.filter(|_| open && rules::is_open(state)) {
        blocks.push(Block::Text(holds(last, guest.invitation.question_first)));
    }
    Ok(blocks)
}

/// Whether the person took back that they take part.
async fn took_back(visit: &Visit, guest: &Guest) -> Result<bool> {
    Ok(agreed::taken_back(visit, guest, &Purpose::Participate.word()).await?.is_some())
}

/// All that can be said now.
async fn replying(visit: &Visit, guest: &Guest, offer: &opportunity::Model, open: bool) -> Result<Vec<Block>> {
    let (id, state) = (guest.invitation.id, guest.invitation.state);
    let asks_questions = offer.kind == OpportunityKind::Consultation;
    let mut blocks = Vec::new();
    if asks_questions && drafts::handed_in(visit.platform().db.read(), guest).await?.is_some() {
        let receipt =
            Link::new("Your receipt, and how to change your answers or take them back", at(visit, id, "/questions/done"));
        blocks.extend([Block::Text("Your answers are in.".into()), Block::Links(vec![receipt])]);
        return Ok(blocks);
    }
    let can = |reply: Said| open && accepts(state, reply) == Some(true);
    let place = !asks_questions && matches!(state, InvitationState::Accepted | InvitationState::Waiting);
    if open && state == InvitationState::Accepted && asks_questions {
        blocks.push(Block::Go(Link::new("Go to the questions", at(visit, id, "/questions"))));
    }
    if can(Said::Accept) {
        blocks.push(form(Form::button(at(visit, id, "/accept"), "Yes, I take part")));
    }
    // Giving a place up is always possible.
    if can(Said::Decline) || place {
        let mut no = Form::button(at(visit, id, "/decline"), "No, not this time");
        no.submits[0].other = true;
        blocks.push(form(no));
    }
    if place {
        // There one can also pause, and say what becomes of what one gave.
        let to = visit.at(format!("/o/{}/me/parts/{}", visit.organisation().await?.slug, offer.id));
        blocks.push(Block::Links(vec![Link::new("Pause, or choose what becomes of what I gave", to)]));
    }
    if can(Said::AskLater) {
        blocks.extend(later(visit, guest, offer).await?);
    }
    if can(Said::StepDown) {
        blocks.extend(lighter(visit, guest, offer).await?);
    }
    Ok(blocks)
}

fn form(form: Form) -> Block {
    Block::Form(Box::new(form))
}

/// Days on which to ask again.
async fn later(visit: &Visit, guest: &Guest, offer: &opportunity::Model) -> Result<Vec<Block>> {
    let ask = later_form(visit, guest, offer).await?;
    Ok(ask.map(|ask| Block::Details("Ask me again later".into(), vec![form(ask)])).into_iter().collect())
}

/// Asks for the day, if there is one before it closes.
async fn later_form(visit: &Visit, guest: &Guest, offer: &opportunity::Model) -> Result<Option<Form>> {
    let zone = opportunities::zone_of(visit.organisation().await?);
    let today = opportunities::today(visit.platform().clock.now(), zone);
    let sharing = quotas::drawn_by(visit.platform().db.read(), offer).await?;
    let days = later_days(today, sharing.last_day(offer.closes_on));
    if days.is_empty() {
        return Ok(None);
    }
    let choice = |(words, on): (&str, NaiveDate)| Choice::new(on.to_string(), format!("{words}, on {}", day(on)));
    let field = Field::radios("on", "When shall we ask again?", days.into_iter().map(choice))
        .hint("We write to you once more on that day. You can answer before that with the same link.");
    let ask = Form::to(at(visit, guest.invitation.id, "/later")).field(field);
    Ok(Some(ask.submit(Submit::new("Ask me again later").other())))
}

/// The same as a page of its own, where the day was left out.
async fn later_again(visit: &Visit, guest: &Guest, error: Error) -> Result<Reply> {
    let offer = guest.opportunity(visit.platform().db.read()).await?;
    let Some(ask) = later_form(visit, guest, &offer).await? else { return Err(error) };
    let page = Page::new("Ask me again later").caption(&offer.title).form(ask.again(&visit.fields, error)?);
    let page = page.back("Back to the invitation", at(visit, guest.invitation.id, ""));
    Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into())
}

/// A few days to choose from, all of them before it closes.
fn later_days(today: NaiveDate, closes_on: Option<NaiveDate>) -> Vec<(&'static str, NaiveDate)> {
    let all = [("Tomorrow", 1), ("In a week", 7), ("In two weeks", 14), ("In four weeks", 28)];
    let day = |(words, days)| Some((words, today.checked_add_days(Days::new(days))?));
    let fits = |(_, on): &(&str, NaiveDate)| closes_on.is_none_or(|last| *on <= last);
    all.into_iter().filter_map(day).filter(fits).collect()
}

/// Lighter ways to take part, each with its rung in plain words.
async fn lighter(visit: &Visit, guest: &Guest, offer: &opportunity::Model) -> Result<Vec<Block>> {
    let platform = visit.platform();
    let ways = replies::lighter(platform.db.read(), platform, guest, offer).await?;
    if ways.is_empty() {
        return Ok(Vec::new());
    }
    let card = |way: opportunity::Model| {
        let rung = step(way.rung);
        let mut button = Form::button(at(visit, guest.invitation.id, "/lighter"), "I would like this instead");
        button.submits[0] = button.submits[0].clone().other().sends("to", way.id.to_string()).about(format!(": {}", way.title));
        Card {
            title: way.title.clone(),
            texts: vec![format!("{}. {}", rung.people_say, rung.plain)],
            facts: vec![("Time it takes".into(), time(&way)), ("Payment".into(), payment(&way.payment))],
            forms: vec![button],
            to: None,
        }
    };
    Ok(vec![
        Block::Heading("Something lighter".into()),
        Block::Text("A lighter way is as welcome as this one.".into()),
        Block::Cards(ways.into_iter().map(card).collect()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_to_ask_again_come_before_the_end() {
        let day = |n| NaiveDate::from_ymd_opt(2027, 3, n).unwrap_or_default();
        let offered = |last| later_days(day(1), last).into_iter().map(|(_, on)| on).collect::<Vec<_>>();
        assert_eq!(offered(None), [day(2), day(8), day(15), day(29)]);
        assert_eq!(offered(Some(day(15))), [day(2), day(8), day(15)]);
        assert!(offered(Some(day(1))).is_empty());
    }
}
