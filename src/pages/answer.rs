//! What somebody says on the page of an invitation: yes, no, later, something lighter, or that they take an agreement back.

use super::{
    Page, agreed, from_our_page,
    invitation::{at, from_cookie, open},
    page,
};
use crate::{
    invitations::{Guest, letters::day, replies},
    platform::{Error, Platform, Result, Tx, secret::Token},
};
use chrono::NaiveDate;
use entity::{InvitationId, InvitationState, OpportunityId, OpportunityKind};
use poem::{
    Request, Response, handler,
    web::{Data, Form, Path, cookie::CookieJar},
};

/// What the person sees next.
enum Next {
    /// A page that says what follows.
    Told(Box<Page>),
    /// The page of the lighter way that they chose.
    Other(InvitationId, Token),
}

/// Answers the invitation.
#[handler]
pub async fn answer(
    Path((invitation, verb)): Path<(String, String)>,
    Data(platform): Data<&Platform>,
    jar: &CookieJar,
    request: &Request,
    form: poem::Result<Form<Vec<(String, String)>>>,
) -> Response {
    // A button alone sends no form.
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    match answered(platform, jar, request, &invitation, &verb, &fields).await {
        Ok(Next::Told(told)) => page(Ok(*told)),
        Ok(Next::Other(other, token)) => open(platform, jar, other, token.reveal().to_owned()),
        Err(error) => page(Err(error)),
    }
}

async fn answered(
    platform: &Platform,
    jar: &CookieJar,
    request: &Request,
    invitation: &str,
    verb: &str,
    fields: &[(String, String)],
) -> Result<Next> {
    from_our_page(platform, request)?;
    let guest = from_cookie(platform, jar, invitation).await?;
    let tx = platform.db.begin().await?;
    let next = said(&tx, platform, &guest, verb, fields).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    let back = at(platform, guest.invitation.id, "");
    Ok(match next {
        Next::Told(words) => told(words.link("Back to the invitation", back)),
        other => other,
    })
}

async fn said(tx: &Tx, platform: &Platform, guest: &Guest, verb: &str, fields: &[(String, String)]) -> Result<Next> {
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    match verb {
        "accept" => {
            agreed::note(tx, platform, guest, fields).await?;
            let kind = guest.opportunity(tx).await?.kind;
            Ok(told(thanks(replies::accept(tx, platform, guest).await?, kind)))
        }
        "decline" => {
            replies::decline(tx, platform, guest).await?;
            let texts = ["We do not ask again about this project. Nothing else follows from your answer."];
            Ok(told(Page::new("Thank you for telling us", &texts)))
        }
        "later" => {
            let on: NaiveDate = field("on").parse().map_err(|_| Error::invalid("/on", "date", "Choose one of the days."))?;
            replies::ask_later(tx, platform, guest, on).await?;
            let when = format!("We ask you again on {}. Nothing else follows from your answer.", day(on));
            Ok(told(Page::new("Thank you for telling us", &[when.as_str()])))
        }
        "lighter" => {
            let to: OpportunityId =
                field("to").parse().map_err(|_| Error::invalid("/to", "not_offered", "Choose one of the lighter ways."))?;
            lighter(tx, platform, guest, to).await
        }
        "withdraw" => Ok(told(match agreed::withdraw(tx, platform, guest, field("purpose")).await? {
            Some(effect) => Page::new("You have taken it back", &[effect.as_str(), "Nothing else follows from it."]),
            None => Page::new("There was nothing to take back", &["Nothing was changed."]),
        })),
        _ => Err(Error::NotFound("page")),
    }
}

async fn lighter(tx: &Tx, platform: &Platform, guest: &Guest, to: OpportunityId) -> Result<Next> {
    match replies::step_down(tx, platform, guest, Some(to)).await? {
        (_, Some(made)) => Ok(Next::Other(made, replies::first_link(tx, platform, guest.organisation, made).await?)),
        _ => {
            let texts = ["You have an invitation to it already. Its link is in the letter that asked you."];
            Ok(told(Page::new("That is fine", &texts)))
        }
    }
}

fn thanks(state: InvitationState, kind: OpportunityKind) -> Page {
    let text = match state {
        InvitationState::Accepted if kind == OpportunityKind::Consultation => "You take part.",
        InvitationState::Accepted => "You have a place. A letter confirms it.",
        _ => "All places are taken at the moment. You are on the waiting list, and we write if one becomes free.",
    };
    Page::new("Thank you", &[text])
}

fn told(page: Page) -> Next {
    Next::Told(Box::new(page))
}
