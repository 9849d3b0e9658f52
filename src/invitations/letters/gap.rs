//! Days between the letters that ask one person something, over everything that an organisation runs.

use super::About;
use crate::{
    invitations::{INVITE, REMIND, posted},
    platform::{Result, mail::Composed},
};
use chrono::Duration;
use entity::{MailState, Time, mail_message};
use sea_orm::ConnectionTrait;

/// Whoever waits for a letter has so long to answer it, or more. Our own choice: as long as nobody is reminded.
const ROOM: Duration = posted::GAP;
/// When the first and the second of two letters look again that were in a worker's hands at the same moment.
const AGAIN_SOON: [Duration; 2] = [Duration::minutes(1), Duration::minutes(15)];

impl About {
    /// What is to be done instead of sending a letter that asks on our initiative, because another one left a short while ago.
    /// Being left out is worse than one letter more, so an invitation that could not be answered in time goes at once.
    pub(super) async fn crowded(
        &self,
        connection: &impl ConnectionTrait,
        message: &mail_message::Model,
        now: Time,
    ) -> Result<Option<Composed>> {
        let gap = Duration::days(i64::from(self.organisation.letters_gap_days));
        let ours = message.kind == REMIND || (message.kind == INVITE && self.invitation.run_id.is_some());
        // What may have arrived already is the same letter once more.
        if gap <= Duration::zero() || !ours || message.doubts > 0 {
            return Ok(None);
        }
        let (organisation, person) = (self.organisation.id, self.person.id);
        let others = posted::asking_lately(connection, organisation, person, message.id, now - gap).await?;
        if others.is_empty() || (message.kind == INVITE && self.applied(connection).await?) {
            return Ok(None);
        }
        let left = others.iter().filter_map(|other| other.left(now)).max();
        let after = left.unwrap_or(now) + gap;
        let after = self.waits_until(connection, &message.kind, after).await?.unwrap_or(after);
        if message.kind == INVITE && (self.is_late(after) || self.unwanted(connection, INVITE, after).await?) {
            return Ok(None);
        }
        Ok(Some(match left {
            Some(_) if self.is_late(after) => {
                let why = "another letter asked the person something a short while ago, and later would be too late";
                Composed::Drop(MailState::Cancelled, why)
            }
            Some(_) => Composed::Later(after),
            // Each that sees another one waits, because neither can know whether the other has looked already.
            None => {
                let [first, second] = AGAIN_SOON;
                let is_first = others.iter().all(|other| message.id < other.id);
                Composed::Later(now + if is_first { first } else { second })
            }
        }))
    }

    /// Whether whoever reads a letter at this time has too little left to answer it.
    pub(super) fn is_late(&self, at: Time) -> bool {
        let last = at + ROOM;
        let begins = self.opportunity.starts_at.is_some_and(|starts| starts < last);
        begins || self.last_day.is_some_and(|day| day < last.with_timezone(&self.zone).date_naive())
    }
}
