//! What somebody says on the page of an invitation: yes, no, later, something lighter, or that they take an agreement back.

use super::{agreed, at, guest, later_again, open};
use crate::{
    invitations::{Guest, letters::day, replies},
    opportunities::quotas::Sharing,
    pages::kit::{Reply, Visit},
    platform::{Error, Result, Tx},
};
use chrono::NaiveDate;
use entity::{InvitationState, OpportunityId, OpportunityKind, opportunity};
use std::sync::Arc;

/// What has just been said, in words. They follow from what is stored, and from nothing that stands in the address.
pub(super) fn said(visit: &Visit, guest: &Guest, offer: &opportunity::Model, sharing: &Sharing) -> Option<String> {
    let done = visit.query.text("done");
    let invitation = &guest.invitation;
    Some(match (done, invitation.state) {
        ("accept", InvitationState::Accepted) if offer.kind == OpportunityKind::Consultation => {
            "Thank you. You take part.".into()
        }
        ("accept", InvitationState::Accepted) => "Thank you. You have a place. A letter confirms it.".into(),
        ("accept", InvitationState::Waiting) if sharing.gathers() => {
            let on = sharing.draws_on.map(day).unwrap_or_default();
            format!("Thank you. You have said yes. Names are drawn on {on}. We write to you then, whatever comes of it.")
        }
        ("accept", InvitationState::Waiting) => {
            "Thank you. All places are taken at the moment. You are on the waiting list, and we write if one becomes free.".into()
        }
        ("decline", InvitationState::Declined) => {
            "Thank you for telling us. We do not ask again about this project. Nothing else follows from your answer.".into()
        }
        ("later", InvitationState::AskLater) => {
            let on = invitation.ask_again_on.map(day).unwrap_or_default();
            format!("Thank you for telling us. We ask you again on {on}. Nothing else follows from your answer.")
        }
        ("lighter", InvitationState::SteppedDown) => {
            "That is fine. You have an invitation to it already. Its link is in the letter that asked you.".into()
        }
        _ => return None,
    })
}

/// Answers the invitation.
pub(super) async fn answer(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let platform = visit.platform();
    match visit.word("verb") {
        "accept" => accept(&visit, &guest).await,
        "withdraw" => agreed::withdraw(&visit, &guest).await,
        verb @ ("decline" | "later" | "lighter") => {
            let tx = platform.db.begin().await?;
            let reply = match say(&tx, &visit, &guest, verb).await {
                Ok(reply) => reply,
                Err(error @ Error::Invalid(_)) if verb == "later" => {
                    drop(tx);
                    return later_again(&visit, &guest, error).await;
                }
                Err(error) => return Err(error),
            };
            tx.commit().await?;
            platform.wake.notify_one();
            Ok(reply)
        }
        _ => Err(Error::NotFound("page")),
    }
}

/// Yes. Whoever has not agreed to the notice yet reads it first.
async fn accept(visit: &Visit, guest: &Guest) -> Result<Reply> {
    let platform = visit.platform();
    let offer = guest.opportunity(platform.db.read()).await?;
    if agreed::is_needed(visit, guest, &offer).await? {
        return Reply::to(at(visit, guest.invitation.id, "/agree"));
    }
    let tx = platform.db.begin().await?;
    let reply = accepted(&tx, visit, guest, &offer).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(reply)
}

/// Takes part, and leads on: to the questions, where there are some.
pub(super) async fn accepted(tx: &Tx, visit: &Visit, guest: &Guest, offer: &opportunity::Model) -> Result<Reply> {
    replies::accept(tx, visit.platform(), guest).await?;
    let next = if offer.kind == OpportunityKind::Consultation { "/questions" } else { "?done=accept" };
    Reply::to(at(visit, guest.invitation.id, next))
}

async fn say(tx: &Tx, visit: &Visit, guest: &Guest, verb: &str) -> Result<Reply> {
    let platform = visit.platform();
    match verb {
        "decline" => {
            replies::decline(tx, platform, guest).await?;
        }
        "later" => {
            let on: NaiveDate = visit.fields.needed("on", "Choose one of the days.")?;
            replies::ask_later(tx, platform, guest, on).await?;
        }
        _ => {
            let to: OpportunityId = visit.fields.needed("to", "Choose one of the lighter ways.")?;
            if let (_, Some(made)) = replies::step_down(tx, platform, guest, Some(to)).await? {
                let token = replies::first_link(tx, platform, guest.organisation, made).await?;
                return open(visit, made, &token, "");
            }
        }
    }
    Reply::to(at(visit, guest.invitation.id, &format!("?done={verb}")))
}
