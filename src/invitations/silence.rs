//! Who has not answered for a while. Silence is no refusal and no consent: it makes invitations rarer, and one question is put.

use super::{to_letter, to_opportunity};
use crate::platform::{Result, db::filled_up};
use chrono::Duration;
use entity::{
    InvitationState, MailState, OrganisationId, ParticipantId, Time, invitation, mail_message, opportunity, preference, silence,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func, SimpleExpr},
};
use std::collections::HashMap;

/// So many invitations in a row without any answer.
pub const IN_A_ROW: usize = 3;
/// Somebody has had time to answer a letter after so many days.
pub const TIME: Duration = Duration::days(14);
/// Somebody has had time to answer what closed so long after its letter.
const TIME_TO_CLOSE: Duration = Duration::days(7);
/// At least so many days lie between two invitations to somebody who does not answer, where no wish of theirs can be halved:
/// twice the usual month.
pub const GAP_DAYS: i64 = 60;

/// An invitation that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// When its letter left.
    pub left_at: Time,
    /// When it could no longer be answered, if it cannot.
    pub over_at: Option<Time>,
}

/// Whether somebody is silent: of the invitations since they were heard of, so many had their time and no answer came. What closed
/// soon after its letter gave nobody time.
pub fn is_silent(asked: &[Unanswered], heard_at: Option<Time>, now: Time) -> bool {
    let since = asked.iter().filter(|one| heard_at.is_none_or(|heard| one.left_at >= heard));
    let had_time = |one: &&Unanswered| match one.over_at {
        Some(over) => one.left_at + TIME_TO_CLOSE <= over,
        None => one.left_at + TIME <= now,
    };
    since.filter(had_time).count() >= IN_A_ROW
}

/// How many invitations a month are left of what somebody wants, if it can be halved.
pub fn halved(most: Option<i32>) -> Option<i64> {
    most.filter(|most| *most > 1).map(|most| (i64::from(most) + 1) / 2)
}

/// Somebody who is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// When they were last heard of: an answer, a choice, or a yes to the question whether to go on.
    pub heard_at: Option<Time>,
    /// When they were last asked whether to go on.
    pub asked_at: Option<Time>,
}

impl Silence {
    /// Whether the question was put since they were last heard of.
    pub fn was_asked(&self) -> bool {
        self.asked_at.is_some_and(|asked| self.heard_at.is_none_or(|heard| asked >= heard))
    }
}

/// Invitations of ours that were not answered.
fn unanswered(organisation: OrganisationId) -> Condition {
    Condition::all()
        .add(invitation::Column::OrganisationId.eq(organisation))
        .add(invitation::Column::RepliedAt.is_null())
        .add(invitation::Column::RunId.is_not_null())
        .add(invitation::Column::State.is_in([InvitationState::Sent, InvitationState::Ended]))
}

/// Those of the people whom `whose` names that may be silent, in the order of their ids: with so many unanswered invitations at
/// all. One statement.
pub async fn candidates(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    whose: SimpleExpr,
    most: u64,
) -> Result<Vec<ParticipantId>> {
    let count = Expr::expr(Func::count(Expr::col((invitation::Entity, invitation::Column::Id))));
    let found = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::ParticipantId)
        .filter(unanswered(organisation))
        .filter(whose)
        .group_by(invitation::Column::ParticipantId)
        .having(count.gte(i32::try_from(IN_A_ROW).unwrap_or(i32::MAX)))
        .order_by_asc(invitation::Column::ParticipantId)
        .limit(most)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found)
}

#[derive(FromQueryResult)]
struct Asked {
    participant_id: ParticipantId,
    state: InvitationState,
    sent_at: Option<Time>,
    ended_at: Option<Time>,
    closed_at: Option<Time>,
}

/// Those of `people` (a thousand at most) who are silent. Four statements, or none where there is nobody to look at.
pub async fn among(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    people: &[ParticipantId],
    now: Time,
) -> Result<HashMap<ParticipantId, Silence>> {
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let whose = || filled_up(people.iter().copied());
    let asked: Vec<Asked> = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::ParticipantId)
        .column(invitation::Column::State)
        .column(mail_message::Column::SentAt)
        .column(invitation::Column::EndedAt)
        .column(opportunity::Column::ClosedAt)
        .join(JoinType::InnerJoin, to_letter())
        .join(JoinType::InnerJoin, to_opportunity())
        .filter(unanswered(organisation))
        .filter(invitation::Column::ParticipantId.is_in(whose()))
        .filter(mail_message::Column::State.is_in(MailState::LEFT))
        .into_model()
        .all(connection)
        .await?;
    let mut letters: HashMap<ParticipantId, Vec<Unanswered>> = HashMap::new();
    for row in asked {
        let over_at = [row.ended_at.filter(|_| row.state == InvitationState::Ended), row.closed_at].into_iter().flatten().min();
        if let Some(left_at) = row.sent_at {
            letters.entry(row.participant_id).or_default().push(Unanswered { left_at, over_at });
        }
    }
    let mut heard: HashMap<ParticipantId, Time> = HashMap::new();
    let mut hear = |(who, at): (ParticipantId, Time)| {
        let known = heard.entry(who).or_insert(at);
        *known = Ord::max(at, *known);
    };
    let replies = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::ParticipantId)
        .column_as(invitation::Column::RepliedAt.max(), "at")
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::ParticipantId.is_in(whose()))
        .filter(invitation::Column::RepliedAt.is_not_null())
        .group_by(invitation::Column::ParticipantId);
    replies.into_tuple().all(connection).await?.into_iter().for_each(&mut hear);
    let choices = preference::Entity::find()
        .select_only()
        .column(preference::Column::ParticipantId)
        .column_as(preference::Column::RecordedAt.max(), "at")
        .filter(preference::Column::OrganisationId.eq(organisation))
        .filter(preference::Column::ParticipantId.is_in(whose()))
        .group_by(preference::Column::ParticipantId);
    choices.into_tuple().all(connection).await?.into_iter().for_each(&mut hear);
    let questions = silence::Entity::find()
        .filter(silence::Column::OrganisationId.eq(organisation))
        .filter(silence::Column::ParticipantId.is_in(whose()))
        .all(connection)
        .await?;
    questions.iter().filter_map(|row| Some((row.participant_id, row.answered_at?))).for_each(&mut hear);
    let asked_at = |who: ParticipantId| questions.iter().find(|row| row.participant_id == who).map(|row| row.asked_at);
    let silent = letters.into_iter().filter(|(who, asked)| is_silent(asked, heard.get(who).copied(), now));
    Ok(silent.map(|(who, _)| (who, Silence { heard_at: heard.get(&who).copied(), asked_at: asked_at(who) })).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn day(n: i64) -> Time {
        Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap() + Duration::days(n)
    }

    #[test]
    fn three_letters_that_had_their_time_are_silence_and_any_answer_ends_it() {
        let asked = |left: i64, over: Option<i64>| Unanswered { left_at: day(left), over_at: over.map(day) };
        let three = [asked(0, Some(7)), asked(5, None), asked(10, None)];
        assert!(!is_silent(&three, None, day(23)), "the last one still has its time");
        assert!(is_silent(&three, None, day(24)));
        assert!(!is_silent(&three[..2], None, day(99)));
        assert!(is_silent(&three, Some(day(-1)), day(24)));
        let closed_soon = [asked(0, Some(1)), asked(5, Some(11)), asked(10, None)];
        assert!(!is_silent(&closed_soon, None, day(99)), "what closed soon gave nobody time");
        assert!(!is_silent(&three, Some(day(1)), day(24)), "what was asked before an answer is no silence");
    }

    #[test]
    fn half_of_what_somebody_wants_is_rounded_up() {
        assert_eq!(
            [None, Some(0), Some(1), Some(2), Some(3), Some(5)].map(halved),
            [None, None, None, Some(1), Some(2), Some(3)]
        );
    }
}
