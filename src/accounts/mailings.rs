//! What those who look after letters can do about letters that were made together. Each time it is written down who did it.

use super::access::Actor;
use crate::platform::{Error, Platform, Result, audit, mail::status, text::Check};
use entity::{BatchState, MailBatchId};

/// What is done.
pub enum Step {
    /// Nothing of it is sent until it goes on. Why is for those who come after, in up to 500 letters.
    Pause(String),
    /// It goes on.
    Resume,
    /// Everything that was not handed over yet is taken back, for good.
    Cancel,
    /// What was given up is sent once more; with `uncertain` also that which may have arrived.
    Retry {
        /// Somebody may then get the same letter twice.
        uncertain: bool,
    },
    /// Whether a letter of which nobody knows whether it arrived is left until a person decides, and not sent once more.
    Doubt {
        /// It is left.
        ask: bool,
    },
}

/// Does it, and lets the worker look. Errors: `/reason` is missing or too long; `mailing_cancelled` where one that was cancelled
/// should go on; not found in this organisation.
pub async fn take(platform: &Platform, actor: &Actor, id: MailBatchId, step: Step) -> Result<()> {
    if let Step::Pause(reason) = &step {
        Check::new().text("/reason", reason, 500).done()?;
    }
    let tx = platform.db.begin().await?;
    let (clock, organisation) = (&platform.clock, actor.organisation);
    let action = match step {
        Step::Pause(reason) => {
            status::pause(&tx, organisation, id, reason.trim()).await?;
            "pause_mailing"
        }
        Step::Resume => {
            status::resume(&tx, clock, organisation, id).await?;
            "resume_mailing"
        }
        Step::Cancel => {
            status::cancel(&tx, clock, organisation, id).await?;
            "cancel_mailing"
        }
        Step::Retry { uncertain } => {
            if status::mailing(&tx, organisation, id).await?.state == BatchState::Cancelled {
                return Err(Error::conflict("mailing_cancelled", "This mailing was cancelled and does not go on."));
            }
            status::retry(&tx, clock, organisation, id, uncertain).await?;
            "retry_mailing"
        }
        Step::Doubt { ask } => {
            status::ask_in_doubt(&tx, clock, organisation, id, ask).await?;
            if ask { "ask_in_doubt" } else { "send_in_doubt" }
        }
    };
    audit::record(&tx, clock, organisation, &actor.by, action, &format!("mail_batch:{id}")).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}
