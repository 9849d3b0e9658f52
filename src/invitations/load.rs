//! How much somebody is asked for: letters by the month in which they ask, time by the month in which it is taken.

use super::{
    rules::{self, takes_time},
    to_letter, to_opportunity,
};
use crate::platform::Result;
use chrono::Datelike;
use chrono_tz::Tz;
use entity::{
    InvitationId, InvitationState, MailState, MatchRunId, OpportunityId, OrganisationId, ParticipantId, ProjectId, Time,
    invitation, mail_message, opportunity,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect,
    sea_query::SimpleExpr,
};

/// What has been asked of somebody, over everything the organisation runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Invitations of this month.
    pub invitations: i64,
    /// Minutes of time, preparation included, in the month in which something would take place.
    pub minutes: i64,
}

/// The months that count for something that takes place at a time, or whenever somebody likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    zone: Tz,
    now: i32,
    work: i32,
}

/// Months are told apart by their number since the year 0, where people are.
fn month(zone: Tz, at: Time) -> i32 {
    let day = at.with_timezone(&zone).date_naive();
    day.year() * 12 + day.month0() as i32
}

/// When something takes somebody's time: when it begins, or when they are asked where it has no beginning, or has begun.
fn work(asked_at: Time, starts_at: Option<Time>) -> Time {
    starts_at.map_or(asked_at, |starts| starts.max(asked_at))
}

impl When {
    /// For somebody who is asked now.
    pub fn of(zone: Tz, now: Time, starts_at: Option<Time>) -> Self {
        Self { zone, now: month(zone, now), work: month(zone, work(now, starts_at)) }
    }
}

/// An earlier invitation, with the letter that asked.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Earlier {
    /// Its id.
    pub id: InvitationId,
    /// Whom it asks.
    pub participant_id: ParticipantId,
    /// Where it stands.
    pub state: InvitationState,
    run_id: Option<MatchRunId>,
    created_at: Time,
    letter: Option<MailState>,
    sent_at: Option<Time>,
    /// What it asks for.
    pub opportunity_id: OpportunityId,
    /// The project of that.
    pub project_id: ProjectId,
    starts_at: Option<Time>,
    minutes: i32,
    preparation_minutes: i32,
}

impl Earlier {
    /// Whether the person has heard of it, or will: its letter was not lost.
    pub fn heard(&self) -> bool {
        let lost = self.state == InvitationState::Ended && self.run_id.is_some();
        !lost || self.letter.is_some_and(|letter| MailState::LEFT.contains(&letter))
    }

    /// Adds it to what is asked of somebody, as far as it falls into the months that count.
    pub fn count(&self, when: &When, asked: &mut Asked) {
        if !self.heard() {
            return;
        }
        let at = self.sent_at.unwrap_or(self.created_at);
        asked.invitations += i64::from(month(when.zone, at) == when.now);
        if takes_time(self.state) && month(when.zone, work(at, self.starts_at)) == when.work {
            asked.minutes += i64::from(self.minutes) + i64::from(self.preparation_minutes);
        }
    }
}

/// Earlier invitations of people, as far as they count: of this month, about what begins from this month on, and about what is
/// asked for.
pub async fn earlier(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    whose: SimpleExpr,
    month_began: Time,
    about: SimpleExpr,
) -> Result<Vec<Earlier>> {
    let recent = Condition::any()
        .add(invitation::Column::CreatedAt.gte(month_began))
        .add(mail_message::Column::SentAt.gte(month_began))
        .add(opportunity::Column::StartsAt.gte(month_began));
    let rows: Vec<Earlier> = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::Id)
        .column(invitation::Column::ParticipantId)
        .column(invitation::Column::State)
        .column(invitation::Column::RunId)
        .column(invitation::Column::CreatedAt)
        .column_as(mail_message::Column::State, "letter")
        .column(mail_message::Column::SentAt)
        .column(invitation::Column::OpportunityId)
        .column(opportunity::Column::ProjectId)
        .column(opportunity::Column::StartsAt)
        .column(opportunity::Column::Minutes)
        .column(opportunity::Column::PreparationMinutes)
        .join(JoinType::InnerJoin, to_opportunity())
        .join(JoinType::LeftJoin, to_letter())
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(whose)
        .filter(recent.add(about))
        .into_model()
        .all(connection)
        .await?;
    Ok(rows.into_iter().filter(|row| rules::counts(row.state, row.run_id, row.letter)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn at(month: u32, day: u32) -> Time {
        Utc.with_ymd_and_hms(2027, month, day, 12, 0, 0).unwrap()
    }

    fn invited(state: InvitationState, asked: Time, starts_at: Option<Time>, letter: Option<MailState>) -> Earlier {
        Earlier {
            id: uuid::Uuid::nil().into(),
            participant_id: uuid::Uuid::nil().into(),
            state,
            run_id: Some(uuid::Uuid::nil().into()),
            created_at: asked,
            letter,
            sent_at: letter.map(|_| asked),
            opportunity_id: uuid::Uuid::nil().into(),
            project_id: uuid::Uuid::nil().into(),
            starts_at,
            minutes: 60,
            preparation_minutes: 30,
        }
    }

    #[test]
    fn time_counts_in_the_month_in_which_it_is_taken() {
        use InvitationState::{Accepted, Declined, Ended, Sent};
        let sent = Some(MailState::Sent);
        let rows = [
            // Asked in March for April, in April for April, and in April for May.
            invited(Accepted, at(3, 25), Some(at(4, 20)), sent),
            invited(Sent, at(4, 2), Some(at(4, 24)), sent),
            invited(Accepted, at(4, 3), Some(at(5, 3)), sent),
            // Whenever they like, and begun before they were asked.
            invited(Accepted, at(4, 4), None, sent),
            invited(Accepted, at(4, 5), Some(at(1, 5)), sent),
            // Said no; never heard of it.
            invited(Declined, at(4, 6), Some(at(4, 24)), sent),
            invited(Ended, at(4, 7), None, Some(MailState::Failed)),
        ];
        let asked = |now, starts_at| {
            let mut asked = Asked::default();
            rows.iter().for_each(|row| row.count(&When::of(Tz::Europe__London, now, starts_at), &mut asked));
            (asked.invitations, asked.minutes)
        };
        assert_eq!(asked(at(4, 10), None), (5, 4 * 90));
        assert_eq!(asked(at(4, 10), Some(at(5, 9))), (5, 90));
        assert_eq!(asked(at(4, 10), Some(at(6, 9))), (5, 0));
        assert_eq!(asked(at(3, 28), Some(at(4, 9))), (1, 4 * 90));
        // The last evening of a month in London is the first night of the next in Greenwich's summer.
        let night = Utc.with_ymd_and_hms(2027, 4, 30, 23, 30, 0).unwrap();
        assert_eq!(month(Tz::Europe__London, night), month(Tz::Europe__London, at(5, 1)));
    }
}
