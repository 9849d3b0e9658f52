//! An invitation: what is asked, and all that can be said to it.
//!
//! Every invitation has an address and a cookie of its own, so that whoever has two of them open answers the one they look at.

use super::{Choice, Page, Part, agreed, from_our_page, of_kind, page, path};
use crate::{
    integrity::ladder::{ATTRIBUTION, step},
    invitations::{
        Guest, guest,
        letters::{day, holds, payment, promise, time},
        replies,
        rules::{self, Reply, accepts},
    },
    opportunities,
    platform::{Error, Platform, Result, secret::TokenKind},
};
use chrono::{Days, NaiveDate};
use entity::{InvitationId, InvitationState, opportunity};
use poem::{
    Request, Response, handler,
    http::StatusCode,
    web::{
        Data, Path,
        cookie::{Cookie, CookieJar, SameSite},
    },
};

const COOKIE: &str = "invitation";

/// Asks before anything is opened: mail scanners open every link.
#[handler]
pub fn ask_open(Path(token): Path<String>) -> Response {
    let texts = ["Press the button to read it. Nothing is answered by that."];
    let ask = || Page::new("You have an invitation", &texts).button_here("Read the invitation");
    page(of_kind(&token, TokenKind::Invitation).map(|_| ask()))
}

/// Takes the token out of the address: into a cookie for these pages alone.
#[handler]
pub async fn enter(Path(token): Path<String>, Data(platform): Data<&Platform>, jar: &CookieJar, request: &Request) -> Response {
    // Another site must not make somebody answer an invitation that it chose.
    if let Err(error) = from_our_page(platform, request) {
        return page(Err(error));
    }
    match holder(platform, &token).await {
        Ok(guest) => open(platform, jar, guest.invitation.id, token),
        Err(error) => page(Err(error)),
    }
}

/// The address of the page of an invitation, or of an answer to it.
pub(super) fn at(platform: &Platform, invitation: InvitationId, rest: &str) -> String {
    path(platform, &format!("/invitation/{invitation}{rest}"))
}

/// Leads to the page of an invitation, with its token in a cookie that goes to this page alone.
pub(super) fn open(platform: &Platform, jar: &CookieJar, invitation: InvitationId, token: String) -> Response {
    let shown = at(platform, invitation, "");
    let mut cookie = Cookie::new_with_str(COOKIE, token);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_secure(platform.config.public_url.starts_with("https://"));
    cookie.set_path(&shown);
    jar.add(cookie);
    Response::builder().status(StatusCode::SEE_OTHER).header("location", shown).finish()
}

async fn holder(platform: &Platform, token: &str) -> Result<Guest> {
    guest::holder(platform, &of_kind(token, TokenKind::Invitation)?).await
}

/// Whoever holds the link of the invitation that the address names, and of no other.
pub(super) async fn from_cookie(platform: &Platform, jar: &CookieJar, named: &str) -> Result<Guest> {
    let named: InvitationId = named.parse().map_err(|_| Error::NotFound("page"))?;
    let cookie = jar.get(COOKIE).ok_or(Error::SignInNeeded)?;
    let guest = holder(platform, cookie.value_str()).await?;
    if guest.invitation.id == named {
        return Ok(guest);
    }
    let detail = "This page belongs to another invitation than the one that you opened last. Nothing was changed. Please open the one \
                  that you mean from its letter once more.";
    Err(Error::conflict("another_invitation", detail))
}

/// Shows the invitation.
#[handler]
pub async fn show(Path(invitation): Path<String>, Data(platform): Data<&Platform>, jar: &CookieJar) -> Response {
    page(shown(platform, jar, &invitation).await)
}

async fn shown(platform: &Platform, jar: &CookieJar, invitation: &str) -> Result<Page> {
    let guest = from_cookie(platform, jar, invitation).await?;
    let db = platform.db.read();
    let offer = guest.opportunity(db).await?;
    let open = opportunities::is_open(db, &offer, platform.clock.now()).await?;
    let (id, state) = (guest.invitation.id, guest.invitation.state);
    let mut page = Page::new(&offer.title, &[offer.summary.as_str()]);
    page.facts = facts(&offer);
    page.reasons.clone_from(&guest.invitation.why.reasons);
    page.texts.push(stands(platform, &guest, open).await?);
    if let Some(last) = guest.invitation.held_until.filter(|_| open && rules::is_open(state)) {
        page.texts.push(holds(last));
    }
    let can = |reply: Reply| open && accepts(state, reply) == Some(true);
    if can(Reply::Accept) {
        page = page.button("Yes, I take part", at(platform, id, "/accept"));
        page.agree = agreed::asked(platform, &guest, &offer).await?;
    }
    // Giving a place up is always possible.
    let yes = matches!(state, InvitationState::Accepted | InvitationState::Waiting);
    if can(Reply::Decline) || yes {
        page = page.button("No, not this time", at(platform, id, "/decline"));
    }
    if can(Reply::AskLater) {
        page.parts.extend(later(platform, &guest, &offer).await?);
    }
    if can(Reply::StepDown) {
        page.parts.extend(lighter(platform, &guest, &offer).await?);
    }
    page.parts.extend(agreed::given(platform, &guest).await?);
    Ok(page)
}

fn facts(offer: &opportunity::Model) -> Vec<(&'static str, String)> {
    let rung = step(offer.rung);
    let mut facts = vec![
        ("What this is", format!("{}. {} ({ATTRIBUTION})", rung.people_say, rung.plain)),
        ("What we promise", promise(offer)),
        ("What can change", offer.open_to_influence.clone()),
        ("What cannot change", offer.not_open.clone()),
        ("Who decides", offer.who_decides.clone()),
        ("Time it takes", time(offer)),
        ("Payment", payment(&offer.payment)),
        ("Support", offer.support.clone()),
        ("Please note", offer.content_note.clone().unwrap_or_default()),
        ("Answer by", offer.closes_on.map(day).unwrap_or_default()),
        ("You hear what came of it by", offer.feedback_due.map(day).unwrap_or_default()),
    ];
    facts.retain(|(_, text)| !text.trim().is_empty());
    facts
}

/// Where the invitation stands, in words.
async fn stands(platform: &Platform, guest: &Guest, open: bool) -> Result<String> {
    let state = guest.invitation.state;
    Ok(match state {
        InvitationState::Accepted => "You have said yes. You can change your mind.".into(),
        InvitationState::Waiting => "You are on the waiting list. You can change your mind.".into(),
        _ if rules::is_over(state) || !open => replies::over(platform.db.read(), guest, state, open).await?.into(),
        InvitationState::Declined => "You have said no. You can change your mind.".into(),
        InvitationState::SteppedDown => "You have chosen something lighter. You can change your mind.".into(),
        InvitationState::AskLater => match guest.invitation.ask_again_on {
            Some(on) => format!("We ask you again on {}. You can also answer now.", day(on)),
            None => "We ask you again later. You can also answer now.".into(),
        },
        _ => "Every answer is equally good. You need give no reason.".into(),
    })
}

/// Days on which to ask again.
async fn later(platform: &Platform, guest: &Guest, offer: &opportunity::Model) -> Result<Option<Part>> {
    let zone = opportunities::zone(platform.db.read(), guest.organisation).await?;
    let today = opportunities::today(platform.clock.now(), zone);
    let days = later_days(today, offer.closes_on);
    let choice = |(words, on): (&str, NaiveDate)| Choice {
        button: format!("{words}, on {}", day(on)),
        to: at(platform, guest.invitation.id, "/later"),
        field: "on",
        value: on.to_string(),
        ..Choice::default()
    };
    let texts = vec!["We write to you once more on that day. You can answer before that with the same link.".to_owned()];
    let part = Part { title: "Ask me again later", texts, choices: days.into_iter().map(choice).collect() };
    Ok(Some(part).filter(|part| !part.choices.is_empty()))
}

/// A few days to choose from, all of them before it closes.
fn later_days(today: NaiveDate, closes_on: Option<NaiveDate>) -> Vec<(&'static str, NaiveDate)> {
    let all = [("Tomorrow", 1), ("In a week", 7), ("In two weeks", 14), ("In four weeks", 28)];
    let day = |(words, days)| Some((words, today.checked_add_days(Days::new(days))?));
    let fits = |(_, on): &(&str, NaiveDate)| closes_on.is_none_or(|last| *on <= last);
    all.into_iter().filter_map(day).filter(fits).collect()
}

/// Lighter ways to take part, each with its rung in plain words.
async fn lighter(platform: &Platform, guest: &Guest, offer: &opportunity::Model) -> Result<Option<Part>> {
    let ways = replies::lighter(platform.db.read(), platform, guest, offer).await?;
    let choice = |way: opportunity::Model| {
        let rung = step(way.rung);
        Choice {
            texts: vec![
                format!("{}. {}", rung.people_say, rung.plain),
                format!("Time it takes: {}. Payment: {}", time(&way), payment(&way.payment)),
            ],
            button: "I would like this instead".into(),
            to: at(platform, guest.invitation.id, "/lighter"),
            field: "to",
            value: way.id.to_string(),
            title: way.title,
        }
    };
    let texts = vec!["A lighter way is as welcome as this one.".to_owned()];
    let part = Part { title: "Something lighter", texts, choices: ways.into_iter().map(choice).collect() };
    Ok(Some(part).filter(|part| !part.choices.is_empty()))
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
