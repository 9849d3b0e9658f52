//! What somebody was told of meetings, as far as letters have left.

use super::{AHEAD, ARRANGED, CANCELLED, CHANGED, GONE};
use crate::platform::Result;
use chrono::Duration;
use entity::{
    MailMessageId, MailState, MeetingId, OpportunityId, OrganisationId, ParticipantId, RecipientKind, Time, mail_message,
    meeting_revision as revision,
};
use mail_message::Column;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

/// So long before it has left, at most, a letter was written: an answer of the mail server may take ten minutes.
const WRITTEN: Duration = Duration::minutes(15);
/// Letters of one person that are looked at, the latest ones.
const MOST: u64 = 2000;

/// What somebody knows of a meeting.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What it was then.
    pub as_it_was: revision::Model,
    /// Whether it was said to be over for them.
    pub gone: bool,
}

/// One letter that has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it was.
    pub kind: String,
    /// What it was about: a meeting, or all of an opportunity.
    pub subject: uuid::Uuid,
    /// Which change of the meeting.
    pub n: i32,
    /// When it was made.
    pub made_at: Time,
    /// When it left, or was made where that is not known.
    pub at: Time,
}

/// What a person knows of meetings of an opportunity, one letter apart: the one that is being written.
pub async fn of(
    connection: &impl ConnectionTrait,
    (organisation, opportunity, participant): (OrganisationId, OpportunityId, ParticipantId),
    revisions: &HashMap<MeetingId, Vec<revision::Model>>,
    apart: Option<MailMessageId>,
) -> Result<HashMap<MeetingId, Told>> {
    let subjects = revisions.keys().map(|id| id.0).chain([opportunity.0]);
    let mut found = mail_message::Entity::find()
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::RecipientId.eq(participant.0))
        .filter(Column::RecipientKind.eq(RecipientKind::Participant))
        .filter(Column::Kind.is_in([ARRANGED, CHANGED, CANCELLED, AHEAD, GONE]))
        .filter(Column::State.is_in(MailState::LEFT))
        .filter(Condition::any().add(Column::SubjectId.is_in(subjects)));
    if let Some(apart) = apart {
        found = found.filter(Column::Id.ne(apart));
    }
    let rows = found.order_by_desc(Column::Id).limit(MOST).all(connection).await?;
    // The oldest first: of two of the same moment, the one that was made later says more.
    let letters = rows.into_iter().rev().filter_map(|row| {
        Some(Letter {
            kind: row.kind,
            subject: row.subject_id?,
            n: row.n,
            made_at: row.date,
            at: row.sent_at.unwrap_or(row.date),
        })
    });
    Ok(fold(letters.collect(), opportunity, revisions))
}

/// The last word on each meeting.
fn fold(
    mut letters: Vec<Letter>,
    opportunity: OpportunityId,
    revisions: &HashMap<MeetingId, Vec<revision::Model>>,
) -> HashMap<MeetingId, Told> {
    letters.sort_by_key(|letter| letter.at);
    let mut told: HashMap<MeetingId, Told> = HashMap::new();
    for letter in letters {
        if letter.subject != opportunity.0 {
            let id = MeetingId(letter.subject);
            let said = revisions.get(&id).and_then(|all| all.iter().find(|one| one.sequence == letter.n));
            if let Some(said) = said {
                told.insert(id, Told { as_it_was: said.clone(), gone: letter.kind == CANCELLED });
            }
            continue;
        }
        for (id, all) in revisions {
            // It was written after it was made, and some time before it left: what changed in between may not stand in it, and is
            // told once more.
            let written = (letter.at - WRITTEN).max(letter.made_at);
            let then = all.iter().rev().find(|one| one.made_at <= written);
            let Some(then) = then.or(all.first().filter(|one| one.made_at <= letter.at)) else { continue };
            if letter.kind == GONE || then.cancelled {
                if let Some(one) = told.get_mut(id) {
                    one.gone = true;
                }
            } else if then.starts_at > letter.at {
                told.insert(*id, Told { as_it_was: then.clone(), gone: false });
            }
        }
    }
    told
}

/// Whether two changes of a meeting say the same to those who come.
pub fn same(one: &revision::Model, other: &revision::Model) -> bool {
    let place = |row: &revision::Model| row.location.clone().unwrap_or_default().trim().to_owned();
    one.title == other.title
        && one.starts_at == other.starts_at
        && one.ends_at == other.ends_at
        && place(one) == place(other)
        && one.cancelled == other.cancelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    #[test]
    fn the_last_letter_that_left_says_what_somebody_knows() {
        let day = |day: i64| Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap() + Duration::days(day);
        let (meeting, group) = (MeetingId(uuid::Uuid::from_u128(1)), OpportunityId(uuid::Uuid::from_u128(2)));
        let revision = |sequence: i32, made: i64, cancelled: bool| revision::Model {
            organisation_id: OrganisationId(uuid::Uuid::nil()),
            meeting_id: meeting,
            sequence,
            title: format!("As it was {sequence}"),
            starts_at: day(20),
            ends_at: day(21),
            location: None,
            cancelled,
            made_at: day(made),
        };
        let all = HashMap::from([(meeting, vec![revision(0, 0, false), revision(1, 5, false), revision(2, 10, true)])]);
        let letter = |kind: &str, n: i32, at: i64| {
            let subject = if [AHEAD, GONE].contains(&kind) { group.0 } else { meeting.0 };
            Letter { kind: kind.to_owned(), subject, n, made_at: day(at), at: day(at) }
        };
        let of = |letters: &[Letter]| {
            fold(letters.to_vec(), group, &all).remove(&meeting).map(|told| (told.as_it_was.sequence, told.gone))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[letter(ARRANGED, 0, 1)]), Some((0, false)));
        assert_eq!(of(&[letter(CHANGED, 1, 6), letter(ARRANGED, 0, 1)]), Some((1, false)), "in the order of their leaving");
        assert_eq!(of(&[letter(ARRANGED, 0, 1), letter(CANCELLED, 2, 11)]), Some((2, true)));
        assert_eq!(of(&[letter(AHEAD, 0, 7)]), Some((1, false)), "as it was when the letter left");
        assert_eq!(of(&[letter(AHEAD, 0, 12)]), None, "it did not take place then");
        assert_eq!(of(&[letter(AHEAD, 0, 2), letter(GONE, 0, 3)]), Some((0, true)));
        assert_eq!(of(&[letter(AHEAD, 0, 2), letter(GONE, 0, 3), letter(AHEAD, 0, 6)]), Some((1, false)));
        assert_eq!(of(&[letter(AHEAD, 0, 2), letter(AHEAD, 0, 12)]), Some((0, true)), "it names what does not take place, too");
        assert_eq!(of(&[letter(GONE, 0, 3)]), None);
        let on_its_way = Letter { made_at: day(4), at: day(5) + Duration::minutes(1), ..letter(AHEAD, 0, 5) };
        assert_eq!(of(&[on_its_way]), Some((0, false)), "what changed while it was on its way does not stand in it");
        assert_eq!(of(&[letter(AHEAD, 0, 30)]), None, "it was over");
    }
}
