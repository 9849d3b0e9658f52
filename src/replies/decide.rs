//! What staff make of an answer: something that the person gave, or nothing, with the reason.

use super::may_read;
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, audit, text::Check},
    sessions::contributions,
};
use entity::{ReplyId, ReplyState, mail_reply};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel, QuerySelect};

/// Longest reason, in characters.
const REASON: usize = 1000;

/// Which words of an answer count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the person newly wrote.
    Words,
    /// All of it, with what they quoted: where what was newly written was not told rightly from the rest.
    Whole,
}

/// Makes something that the person gave of an answer, as if they had said it there: they must be part of it, and agree to take
/// part. From then on the contribution holds the words, so that taking it back takes them back everywhere. Doing it twice changes
/// nothing.
pub async fn take(platform: &Platform, actor: &Actor, id: ReplyId, part: Part) -> Result<mail_reply::Model> {
    may_read(actor)?;
    let tx = platform.db.begin().await?;
    let row = held(&tx, actor, id).await?;
    if row.state == ReplyState::Taken {
        return Ok(row);
    }
    let Some(opportunity) = row.opportunity_id else {
        let detail =
            "This letter was about nothing that people take part in. Set the answer aside, and say what you did about it.";
        return Err(Error::conflict("about_nothing", detail));
    };
    let text = match part {
        Part::Words => row.words.clone(),
        Part::Whole => row.whole.clone(),
    };
    let text = text.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
        Error::conflict("no_words", "There are no words in this answer. Set it aside, and say what you did about it.")
    })?;
    let from = contributions::Answered { participant: row.participant_id, opportunity, meeting: row.meeting_id, text };
    let made = contributions::take_answer(&tx, platform, actor, from).await?;
    let mut changed = row.into_active_model();
    changed.state = Set(ReplyState::Taken);
    changed.words = Set(None);
    changed.whole = Set(None);
    changed.reason = Set(None);
    changed.decided_by = Set(Some(actor.by.clone()));
    changed.decided_at = Set(Some(made.created_at));
    changed.contribution_id = Set(Some(made.id));
    let row = changed.update(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "take_reply", &format!("reply:{id}")).await?;
    tx.commit().await?;
    Ok(row)
}

/// Sets an answer aside, with the reason that the person then reads. The reason can be changed.
pub async fn set_aside(platform: &Platform, actor: &Actor, id: ReplyId, reason: &str) -> Result<mail_reply::Model> {
    may_read(actor)?;
    let reason = reason.trim();
    let mut check = Check::new();
    check.text("/reason", reason, REASON);
    check.done()?;
    let tx = platform.db.begin().await?;
    let row = held(&tx, actor, id).await?;
    if row.state == ReplyState::Taken {
        return Err(Error::conflict("taken", "This answer counts already as something that the person gave."));
    }
    if row.state == ReplyState::SetAside && row.reason.as_deref() == Some(reason) {
        return Ok(row);
    }
    let mut changed = row.into_active_model();
    changed.state = Set(ReplyState::SetAside);
    changed.reason = Set(Some(reason.to_owned()));
    changed.decided_by = Set(Some(actor.by.clone()));
    changed.decided_at = Set(Some(platform.clock.now()));
    let row = changed.update(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "set_reply_aside", &format!("reply:{id}")).await?;
    tx.commit().await?;
    Ok(row)
}

async fn held(tx: &Tx, actor: &Actor, id: ReplyId) -> Result<mail_reply::Model> {
    let found = mail_reply::Entity::find_by_id((actor.organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("answer"))
}
