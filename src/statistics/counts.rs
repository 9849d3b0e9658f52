//! Counts, each one query over the raw rows. They are exact: whoever shows one asks [`super::disclosure`] first.

use super::{
    disclosure::{Shown, alone, part, protect},
    numbers::count,
    people::{self, Audience, Scope},
};
use crate::platform::Result;
use entity::{
    InvitationState, MailState, OpportunityId, OrganisationId, ParticipantId, ResponseState, ThemeId, Time, contribution,
    invitation, loop_rating, mail_message, participant, response, theme, theme_source,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Func},
};
use std::collections::HashMap;

/// How many were asked, answered and took part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnout {
    /// People who were asked.
    pub asked: u64,
    /// People whose answers are in.
    pub answered: u64,
    /// People who took part in any way.
    pub took_part: u64,
}

/// Counts the people of an opportunity. That somebody was asked is what the organisation did, and rests on no consent;
/// whoever answered or took part is counted as far as they allow.
pub async fn turnout(connection: &impl ConnectionTrait, scope: Scope, audience: Audience, now: Time) -> Result<Turnout> {
    let asked = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(scope.organisation))
        .filter(invitation::Column::OpportunityId.eq(scope.opportunity))
        .filter(was_asked())
        .count(connection)
        .await?;
    let counted = people::lets_count(response::Column::ParticipantId, scope, audience, now);
    let answered = people::answers(scope, now).filter(counted).count(connection).await?;
    let took_part = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(scope.organisation))
        .filter(people::took_part(participant::Column::Id, scope, audience, now))
        .count(connection)
        .await?;
    Ok(Turnout { asked, answered, took_part })
}

/// Invitations that reached their person as far as anybody can tell: a letter left, or they answered.
fn was_asked() -> Condition {
    use InvitationState::{Accepted, AskLater, Declined, SteppedDown, Waiting};
    let left = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::Id)
        .filter(
            Expr::col((mail_message::Entity, mail_message::Column::OrganisationId))
                .equals((invitation::Entity, invitation::Column::OrganisationId)),
        )
        .filter(
            Expr::col((mail_message::Entity, mail_message::Column::SubjectId))
                .equals((invitation::Entity, invitation::Column::Id)),
        )
        .filter(mail_message::Column::State.is_in(MailState::LEFT))
        .into_query();
    Condition::any()
        .add(invitation::Column::State.is_in([Accepted, AskLater, Declined, SteppedDown, Waiting]))
        .add(Expr::exists(left))
}

#[derive(FromQueryResult)]
struct ThemeCount {
    theme_id: ThemeId,
    people: i64,
}

/// The people behind themes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThemePeople {
    /// Different people behind each theme. Themes without anybody are left out.
    pub by_theme: HashMap<ThemeId, u64>,
    /// Different people behind all themes together.
    pub together: u64,
}

impl ThemePeople {
    /// The counts of these themes as they may be shown, in order, beside the numbers of those who answered and who took
    /// part: a theme that nearly all of them share would tell who does not.
    pub fn shown(&self, themes: &[ThemeId], turnout: Turnout, minimum: u64) -> Vec<Shown> {
        let of = |theme: &ThemeId| self.by_theme.get(theme).copied().unwrap_or(0);
        let cells: Vec<_> = themes.iter().map(|theme| (String::new(), of(theme))).collect();
        // Where nobody stands behind two themes, the counts add up to a number that may be known from elsewhere.
        let shown: Vec<_> = if cells.iter().map(|(_, count)| count).sum::<u64>() == self.together {
            protect(&cells, minimum).into_iter().map(|(_, shown)| shown).collect()
        } else {
            cells.iter().map(|(_, count)| alone(*count, minimum)).collect()
        };
        let wholes = [turnout.answered, turnout.took_part];
        let tells = |count: u64| wholes.iter().any(|whole| part(count, *whole, minimum) == Shown::Few);
        let beside = |(shown, (_, count)): (Shown, &(String, u64))| if tells(*count) { Shown::Few } else { shown };
        shown.into_iter().zip(&cells).map(beside).collect()
    }
}

/// How many people said something that belongs to each theme, of those who let themselves be counted; what was taken back
/// does not count.
pub async fn theme_people(connection: &impl ConnectionTrait, scope: Scope, audience: Audience, now: Time) -> Result<ThemePeople> {
    let counted = people::lets_count(theme_source::Column::ParticipantId, scope, audience, now);
    let used = counted.add(standing_sources(scope));
    let people = Func::count_distinct(Expr::col((theme_source::Entity, theme_source::Column::ParticipantId)));
    let rows = sources(scope, used.clone())
        .select_only()
        .column(theme_source::Column::ThemeId)
        .column_as(Expr::expr(people), "people")
        .group_by(theme_source::Column::ThemeId)
        .into_model::<ThemeCount>()
        .all(connection)
        .await?;
    let behind = sources(scope, used).select_only().column(theme_source::Column::ParticipantId).into_query();
    let together = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(scope.organisation))
        .filter(participant::Column::Id.in_subquery(behind))
        .count(connection)
        .await?;
    let by_theme = rows.into_iter().map(|row| Ok((row.theme_id, count(row.people)?))).collect::<Result<_>>()?;
    Ok(ThemePeople { by_theme, together })
}

/// The sources of an opportunity's themes, of those that fit a condition.
fn sources(scope: Scope, fit: Condition) -> Select<theme_source::Entity> {
    let themes = theme::Entity::find()
        .select_only()
        .column(theme::Column::Id)
        .filter(theme::Column::OrganisationId.eq(scope.organisation))
        .filter(theme::Column::OpportunityId.eq(scope.opportunity))
        .into_query();
    theme_source::Entity::find()
        .filter(theme_source::Column::OrganisationId.eq(scope.organisation))
        .filter(theme_source::Column::ThemeId.in_subquery(themes))
        .filter(fit)
}

/// Sources that were not taken back.
fn standing_sources(scope: Scope) -> Condition {
    let responses = response::Entity::find()
        .select_only()
        .column(response::Column::Id)
        .filter(response::Column::OrganisationId.eq(scope.organisation))
        .filter(response::Column::OpportunityId.eq(scope.opportunity))
        .filter(response::Column::State.eq(ResponseState::Submitted))
        .into_query();
    let contributions = contribution::Entity::find()
        .select_only()
        .column(contribution::Column::Id)
        .filter(contribution::Column::OrganisationId.eq(scope.organisation))
        .filter(contribution::Column::OpportunityId.eq(scope.opportunity))
        .filter(contribution::Column::WithdrawnAt.is_null())
        .into_query();
    Condition::any()
        .add(theme_source::Column::ResponseId.in_subquery(responses))
        .add(theme_source::Column::ContributionId.in_subquery(contributions))
}

/// What people think of the feedback loop, added up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratings {
    /// How many ratings are told of: whole groups of the minimum, in order of arrival.
    pub people: Shown,
    /// Means of: heard, ways, matters, change, worth it.
    pub means: Option<[f64; 5]>,
}

#[derive(FromQueryResult)]
struct RatingSums {
    heard: Option<i64>,
    ways: Option<i64>,
    matters: Option<i64>,
    change: Option<i64>,
    worth_it: Option<i64>,
}

/// How many of `n` ratings are told of: none of a further group before it is whole. Otherwise a mean before and a mean
/// after one more rating would give that rating away.
fn whole_groups(n: u64, minimum: u64) -> u64 {
    n.checked_div(minimum).map_or(n, |groups| groups * minimum)
}

/// Adds up the ratings of an opportunity. Means are there from twice the minimum on. Whoever rates speaks to staff, also
/// after they took their part back; everybody hears of those alone who let themselves be counted.
pub async fn ratings(
    connection: &impl ConnectionTrait,
    scope: Scope,
    audience: Audience,
    minimum: u64,
    now: Time,
) -> Result<Ratings> {
    use loop_rating::Column::{Change, Heard, Id, Matters, OpportunityId, OrganisationId, ParticipantId, Ways, WorthIt};
    let counted = (audience == Audience::Everybody).then(|| people::lets_count(ParticipantId, scope, audience, now));
    let all = loop_rating::Entity::find()
        .filter(OrganisationId.eq(scope.organisation))
        .filter(OpportunityId.eq(scope.opportunity))
        .filter(Condition::all().add_option(counted));
    let n = all.clone().count(connection).await?;
    let told = whole_groups(n, minimum);
    let people = if told == 0 { alone(n, minimum) } else { Shown::Number(told) };
    if told < minimum.saturating_mul(2) || told == 0 {
        return Ok(Ratings { people, means: None });
    }
    let first = all.select_only().column(Id).order_by_asc(Id).limit(told).into_query();
    let sums = loop_rating::Entity::find()
        .select_only()
        .column_as(Heard.sum(), "heard")
        .column_as(Ways.sum(), "ways")
        .column_as(Matters.sum(), "matters")
        .column_as(Change.sum(), "change")
        .column_as(WorthIt.sum(), "worth_it")
        .filter(OrganisationId.eq(scope.organisation))
        .filter(Id.in_subquery(first))
        .into_model::<RatingSums>()
        .one(connection)
        .await?;
    // Sums of marks from 1 to 5 are far below the numbers that a float cannot hold.
    #[allow(clippy::cast_precision_loss)]
    let mean = |sum: Option<i64>| (sum.unwrap_or(0) as f64 / told as f64 * 10.0).round() / 10.0;
    let means = sums.map(|sums| [sums.heard, sums.ways, sums.matters, sums.change, sums.worth_it].map(mean));
    Ok(Ratings { people, means })
}

/// Whether somebody took part in an opportunity, and did not take all of it back.
pub async fn did_take_part(connection: &impl ConnectionTrait, scope: Scope, participant: ParticipantId) -> Result<bool> {
    let found = participant::Entity::find_by_id((scope.organisation, participant))
        .filter(people::one_is_owed(scope, participant))
        .count(connection)
        .await?;
    Ok(found > 0)
}

/// Whether somebody is behind a theme: their response or contribution is one of its sources and still stands.
pub async fn is_behind_theme(
    connection: &impl ConnectionTrait,
    scope: Scope,
    theme: ThemeId,
    participant: ParticipantId,
) -> Result<bool> {
    let found = sources(scope, standing_sources(scope))
        .filter(theme_source::Column::ThemeId.eq(theme))
        .filter(theme_source::Column::ParticipantId.eq(participant))
        .count(connection)
        .await?;
    Ok(found > 0)
}

/// The scope of an opportunity.
pub fn scope(organisation: OrganisationId, opportunity: OpportunityId) -> Scope {
    Scope { organisation, opportunity }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_group_is_told_when_it_is_whole() {
        assert_eq!([0, 4, 5, 9, 10, 14, 15].map(|n| whole_groups(n, 5)), [0, 0, 5, 5, 10, 10, 15]);
        assert_eq!(whole_groups(7, 0), 7);
    }

    #[test]
    fn a_theme_that_nearly_everybody_shares_tells_nobody_who_does_not() {
        let theme = ThemeId(uuid::Uuid::from_u128(1));
        let people = ThemePeople { by_theme: HashMap::from([(theme, 19)]), together: 19 };
        let shown = |answered, took_part| {
            let turnout = Turnout { asked: 30, answered, took_part };
            people.shown(&[theme], turnout, 5)
        };
        assert_eq!(shown(20, 20), [Shown::Few]);
        assert_eq!(shown(24, 24), [Shown::Number(19)]);
        assert_eq!(shown(19, 19), [Shown::Number(19)], "all of them say so");
        // At a meeting there is nothing to answer, so it stands beside those who took part.
        assert_eq!(shown(0, 20), [Shown::Few]);
        assert_eq!(shown(0, 24), [Shown::Number(19)]);
        assert_eq!(shown(20, 25), [Shown::Few], "all but one of those who answered");
        assert_eq!(shown(19, 20), [Shown::Few], "all but one of those who took part");
    }
}
