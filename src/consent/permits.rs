//! The one question that guards every use of personal data: may this be done with this person's data, now?

use super::rules::State;
use crate::platform::{Error, Result, Tx};
use entity::{
    ConsentType, OpportunityId, OrganisationId, ParticipantId, Permission, Purpose, QuotePermission, Time, consent_standing,
    participant, preference,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, sea_query::SelectStatement,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What a standing must be to permit: agreed, and not run out.
pub fn standing(organisation: OrganisationId, purpose: Purpose, scope: Uuid, now: Time) -> Condition {
    Condition::all()
        .add(consent_standing::Column::OrganisationId.eq(organisation))
        .add(consent_standing::Column::Purpose.eq(purpose))
        .add(consent_standing::Column::ScopeId.eq(scope))
        .add(consent_standing::Column::Type.is_in([ConsentType::Give, ConsentType::Renew]))
        .add(
            Condition::any()
                .add(consent_standing::Column::ValidUntil.is_null())
                .add(consent_standing::Column::ValidUntil.gt(now)),
        )
}

/// Everybody who permits a use now: the ids, as a subquery.
pub fn permitting(organisation: OrganisationId, purpose: Purpose, scope: Uuid, now: Time) -> SelectStatement {
    consent_standing::Entity::find()
        .select_only()
        .column(consent_standing::Column::ParticipantId)
        .filter(standing(organisation, purpose, scope, now))
        .into_query()
}

/// What those of `people` said who permit a use now.
fn among(
    organisation: OrganisationId,
    people: &[ParticipantId],
    purpose: Purpose,
    scope: Uuid,
    now: Time,
) -> Select<consent_standing::Entity> {
    consent_standing::Entity::find()
        .filter(consent_standing::Column::ParticipantId.is_in(people.iter().copied()))
        .filter(standing(organisation, purpose, scope, now))
}

/// Whether `participant` permits `purpose` in `scope` (the organisation's id, or an opportunity's). Everything that is
/// not a yes that still holds is a no.
pub async fn permits(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    participant: ParticipantId,
    purpose: Purpose,
    scope: Uuid,
    now: Time,
) -> Result<bool> {
    Ok(among(organisation, &[participant], purpose, scope, now).count(connection).await? > 0)
}

/// Those of `people` who permit `purpose`, in one query.
pub async fn permitted(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    people: &[ParticipantId],
    purpose: Purpose,
    scope: Uuid,
    now: Time,
) -> Result<HashSet<ParticipantId>> {
    let found: Vec<ParticipantId> = among(organisation, people, purpose, scope, now)
        .select_only()
        .column(consent_standing::Column::ParticipantId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// As [`permitted`], and it cannot be taken back before the transaction ends. For 1000 people at most.
pub async fn permitted_until_commit(
    tx: &Tx,
    organisation: OrganisationId,
    people: &[ParticipantId],
    purpose: Purpose,
    scope: Uuid,
    now: Time,
) -> Result<HashSet<ParticipantId>> {
    let found = among(organisation, people, purpose, scope, now)
        .order_by_asc(consent_standing::Column::ParticipantId)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(found.into_iter().map(|row| row.participant_id).collect())
}

/// As [`permits`], and it cannot be taken back before the transaction ends: what is written under it is there when the
/// withdrawal is carried out.
pub async fn permits_until_commit(
    tx: &Tx,
    organisation: OrganisationId,
    participant: ParticipantId,
    purpose: Purpose,
    scope: Uuid,
    now: Time,
) -> Result<bool> {
    let key = (organisation, participant, purpose, scope);
    let found = consent_standing::Entity::find_by_id(key).lock_exclusive().one(tx).await?;
    Ok(found.is_some_and(|row| State::after(row.r#type, row.valid_until).permits(now)))
}

/// What somebody hears who has not agreed to take part.
pub fn consent_needed() -> Error {
    Error::conflict("consent_needed", "Read the notice and agree to take part first.")
}

/// Goes on only with somebody who agrees to take part in an opportunity; it stays so until the commit.
pub async fn must_take_part(
    tx: &Tx,
    organisation: OrganisationId,
    participant: ParticipantId,
    opportunity: OpportunityId,
    now: Time,
) -> Result<()> {
    let agreed = permits_until_commit(tx, organisation, participant, Purpose::Participate, opportunity.0, now).await?;
    if agreed { Ok(()) } else { Err(consent_needed()) }
}

/// How somebody's words may be quoted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotes {
    /// Without the name.
    pub anonymous: bool,
    /// With the name.
    pub attributed: bool,
}

impl Quotes {
    /// What is left of what was said about some words.
    pub fn limit(self, said: QuotePermission) -> QuotePermission {
        match said {
            QuotePermission::Named if self.attributed => QuotePermission::Named,
            QuotePermission::Named | QuotePermission::Anonymous if self.anonymous => QuotePermission::Anonymous,
            _ => QuotePermission::No,
        }
    }
}

/// How the words of these people may be quoted in an opportunity now. What somebody said about the opportunity outranks
/// what they said to the organisation as a whole; whose choices say never is not quoted, whatever they agreed to.
pub async fn quotes(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    people: &[ParticipantId],
    now: Time,
) -> Result<HashMap<ParticipantId, Quotes>> {
    let mut rows = consent_standing::Entity::find()
        .filter(consent_standing::Column::OrganisationId.eq(organisation))
        .filter(consent_standing::Column::ParticipantId.is_in(people.iter().copied()))
        .filter(consent_standing::Column::Purpose.is_in([Purpose::QuoteAnonymous, Purpose::QuoteAttributed]))
        .filter(consent_standing::Column::ScopeId.is_in([organisation.0, opportunity.0]))
        .all(connection)
        .await?;
    rows.sort_by_key(|row| row.scope_id == opportunity.0);
    let mut found: HashMap<ParticipantId, Quotes> = HashMap::new();
    for row in rows {
        let quotes = found.entry(row.participant_id).or_default();
        let says = State::after(row.r#type, row.valid_until).permits(now);
        match row.purpose {
            Purpose::QuoteAnonymous => quotes.anonymous = says,
            _ => quotes.attributed = says,
        }
    }
    let wishes = participant::Entity::find()
        .select_only()
        .column(participant::Column::PreferenceId)
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::Id.is_in(found.keys().copied()))
        .into_query();
    let wishes = preference::Entity::find()
        .filter(preference::Column::OrganisationId.eq(organisation))
        .filter(preference::Column::Id.in_subquery(wishes))
        .all(connection)
        .await?;
    for never in wishes.iter().filter(|row| row.document.story.quotes == Permission::Never) {
        found.remove(&never.participant_id);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_far_as_both_the_words_and_the_person_allow() {
        use QuotePermission::{Anonymous, Named, No};
        let quotes = |anonymous, attributed| Quotes { anonymous, attributed };
        for (quotes, expected) in [
            (quotes(false, false), [No, No, No]),
            (quotes(true, false), [No, Anonymous, Anonymous]),
            (quotes(false, true), [No, No, Named]),
            (quotes(true, true), [No, Anonymous, Named]),
        ] {
            assert_eq!([No, Anonymous, Named].map(|said| quotes.limit(said)), expected, "{quotes:?}");
        }
    }
}
