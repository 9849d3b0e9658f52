//! An invitation: what is asked, and yes or no.

use super::{Agree, Page, Use, from_our_page, of_kind, page, path};
use crate::{
    consent::{
        notices, permits,
        record::{self, Said},
    },
    integrity::ladder::{ATTRIBUTION, step},
    invitations::{
        Guest, guest,
        letters::{day, holds, payment, promise, time},
        replies,
        rules::is_open,
    },
    opportunities,
    platform::{Error, Platform, Result, Tx, secret::TokenKind},
};
use entity::{
    ConsentType, InvitationState, LetterFormat, NoticePurpose, OpportunityKind, Purpose, WithdrawalEffect, opportunity,
};
use poem::{
    Request, Response, handler,
    http::StatusCode,
    web::{
        Data, Form, Path,
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
    if let Err(error) = holder(platform, &token).await {
        return page(Err(error));
    }
    let shown = path(platform, "/invitation");
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

async fn from_cookie(platform: &Platform, jar: &CookieJar) -> Result<Guest> {
    let cookie = jar.get(COOKIE).ok_or(Error::SignInNeeded)?;
    holder(platform, cookie.value_str()).await
}

/// Shows the invitation.
#[handler]
pub async fn show(Data(platform): Data<&Platform>, jar: &CookieJar) -> Response {
    page(shown(platform, jar).await)
}

async fn shown(platform: &Platform, jar: &CookieJar) -> Result<Page> {
    let guest = from_cookie(platform, jar).await?;
    let db = platform.db.read();
    let offer = guest.opportunity(db).await?;
    let open = opportunities::is_open(db, &offer, platform.clock.now()).await?;
    let rung = step(offer.rung);
    let mut page = Page::new(&offer.title, &[offer.summary.as_str()]);
    page.facts = vec![
        ("What this is", format!("{}. {} ({ATTRIBUTION})", rung.people_say, rung.plain)),
        ("What we promise", promise(&offer)),
        ("What can change", offer.open_to_influence.clone()),
        ("What cannot change", offer.not_open.clone()),
        ("Who decides", offer.who_decides.clone()),
        ("Time it takes", time(&offer)),
        ("Payment", payment(&offer.payment)),
        ("Support", offer.support.clone()),
        ("Please note", offer.content_note.clone().unwrap_or_default()),
        ("Answer by", offer.closes_on.map(day).unwrap_or_default()),
        ("You hear what came of it by", offer.feedback_due.map(day).unwrap_or_default()),
    ];
    page.facts.retain(|(_, text)| !text.trim().is_empty());
    page.reasons.clone_from(&guest.invitation.why.reasons);
    page.texts.push(match guest.invitation.state {
        InvitationState::Accepted => "You have said yes. You can change your mind.".into(),
        InvitationState::Waiting => "You are on the waiting list.".into(),
        InvitationState::Declined => "You have said no. You can change your mind.".into(),
        _ if !open => "This has closed. Thank you for looking.".into(),
        _ => "Yes and no are equally good answers. You need give no reason.".into(),
    });
    if let Some(last) = guest.invitation.held_until.filter(|_| open && is_open(guest.invitation.state)) {
        page.texts.push(holds(last));
    }
    let yes = matches!(guest.invitation.state, InvitationState::Accepted | InvitationState::Waiting);
    if open && !yes && guest.invitation.state != InvitationState::Withdrawn {
        page = page.button("Yes, I take part", path(platform, "/invitation/accept"));
        page.agree = agree(platform, &guest, &offer).await?;
    }
    if guest.invitation.state != InvitationState::Declined && (open || yes) {
        page = page.button("No, not this time", path(platform, "/invitation/decline"));
    }
    Ok(page)
}

/// The notice to agree to with the yes, for whoever takes a place and has not agreed yet.
async fn agree(platform: &Platform, guest: &Guest, offer: &opportunity::Model) -> Result<Option<Agree>> {
    let (db, now) = (platform.db.read(), platform.clock.now());
    if offer.kind == OpportunityKind::Consultation
        || permits(db, guest.organisation, guest.participant, Purpose::Participate, offer.id.0, now).await?
    {
        return Ok(None);
    }
    let notice = notices::current(db, guest.organisation, offer.id.0).await?;
    Ok(notice.map(|notice| {
        let (id, content) = (notice.id.to_string(), notice.content);
        let mut texts = vec![content.text];
        texts.extend(content.easy_read_text);
        texts.push(format!(
            "Responsible for it: {}. Questions and complaints: {}",
            content.controllers.join(", "),
            content.contact
        ));
        let uses = content.purposes.into_iter().map(asked).collect();
        Agree { notice: id, title: content.title, texts, uses }
    }))
}

fn asked(given: NoticePurpose) -> Use {
    let mut facts = vec![
        ("What is used", given.data.join(", ")),
        ("Who receives it", given.recipients.join(", ")),
        ("How long it is kept", given.retention),
        ("If you take this back", taken_back(given.withdrawal_effect).to_owned()),
    ];
    facts.retain(|(_, text)| !text.trim().is_empty());
    let needed = given.purpose == Purpose::Participate;
    Use { purpose: given.purpose.word(), text: given.text, facts, needed }
}

/// What taking back does.
fn taken_back(effect: WithdrawalEffect) -> &'static str {
    match effect {
        WithdrawalEffect::StopFutureOnly => "Nothing new is done. What was given stays as it is.",
        WithdrawalEffect::EraseRawUnpublished => "What is held for this use and is in no published report is erased.",
        WithdrawalEffect::EraseAllIdentifiable => "Everything held for this use that can be told to be yours is erased.",
        WithdrawalEffect::CannotLocate => "It can no longer be found, because nothing links it to you.",
    }
}

/// Answers the invitation.
#[handler]
pub async fn answer(
    Path(verb): Path<String>,
    Data(platform): Data<&Platform>,
    jar: &CookieJar,
    request: &Request,
    form: poem::Result<Form<Vec<(String, String)>>>,
) -> Response {
    // A button alone sends no form.
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    page(replied(platform, jar, request, &verb, &fields).await)
}

/// Records what was agreed on the page, to the notice that stood there.
async fn agreed(tx: &Tx, platform: &Platform, guest: &Guest, fields: &[(String, String)]) -> Result<()> {
    let Some((_, id)) = fields.iter().find(|(field, _)| field == "notice") else { return Ok(()) };
    let current = notices::current(tx, guest.organisation, guest.invitation.opportunity_id.0).await?;
    let Some(notice) = current.filter(|current| current.id.to_string() == *id) else {
        let detail = "The notice has changed since you read it. Please open the link in the letter once more.";
        return Err(Error::conflict("notice_superseded", detail));
    };
    let ticked = |purpose: Purpose| fields.iter().any(|(field, value)| field == "agree" && *value == purpose.word());
    let purposes = notice.content.purposes.iter().map(|given| given.purpose);
    let said: Vec<Said> =
        purposes.filter(|purpose| ticked(*purpose)).map(|purpose| Said { purpose, choice: ConsentType::Give }).collect();
    if said.is_empty() {
        return Ok(());
    }
    let speaker = guest.speaker();
    let proof = record::shown(tx, platform, &speaker, notice.id, &notice.content.language, LetterFormat::Plain).await?;
    record::say(tx, platform, &speaker, proof.reveal(), &said).await?;
    Ok(())
}

async fn replied(
    platform: &Platform,
    jar: &CookieJar,
    request: &Request,
    verb: &str,
    fields: &[(String, String)],
) -> Result<Page> {
    from_our_page(platform, request)?;
    let guest = from_cookie(platform, jar).await?;
    let tx = platform.db.begin().await?;
    let kind = guest.opportunity(&tx).await?.kind;
    let state = match verb {
        "accept" => {
            agreed(&tx, platform, &guest, fields).await?;
            replies::accept(&tx, platform, &guest).await?
        }
        "decline" => replies::decline(&tx, platform, &guest).await?,
        _ => return Err(Error::NotFound("page")),
    };
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(match state {
        InvitationState::Accepted if kind == OpportunityKind::Consultation => Page::new("Thank you", &["You take part."]),
        InvitationState::Accepted => Page::new("Thank you", &["You have a place. A letter confirms it."]),
        InvitationState::Waiting => Page::new(
            "Thank you",
            &["All places are taken at the moment. You are on the waiting list, and we write if one becomes free."],
        ),
        _ => Page::new(
            "Thank you for telling us",
            &["We do not ask again about this project. Nothing else follows from your answer."],
        ),
    })
}
