//! The one question that guards every use of personal data: may this be done with this person's data, now?

use crate::platform::Result;
use entity::{ConsentType, OrganisationId, ParticipantId, Purpose, Time, consent_standing};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use std::collections::HashSet;
use uuid::Uuid;

/// What a standing must be to permit: agreed, and not run out.
pub fn standing(purpose: Purpose, scope: Uuid, now: Time) -> Condition {
    Condition::all()
        .add(consent_standing::Column::Purpose.eq(purpose))
        .add(consent_standing::Column::ScopeId.eq(scope))
        .add(consent_standing::Column::Type.is_in([ConsentType::Give, ConsentType::Renew]))
        .add(
            Condition::any()
                .add(consent_standing::Column::ValidUntil.is_null())
                .add(consent_standing::Column::ValidUntil.gt(now)),
        )
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
    let found = consent_standing::Entity::find()
        .filter(consent_standing::Column::OrganisationId.eq(organisation))
        .filter(consent_standing::Column::ParticipantId.eq(participant))
        .filter(standing(purpose, scope, now))
        .count(connection)
        .await?;
    Ok(found > 0)
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
    let found: Vec<ParticipantId> = consent_standing::Entity::find()
        .select_only()
        .column(consent_standing::Column::ParticipantId)
        .filter(consent_standing::Column::OrganisationId.eq(organisation))
        .filter(consent_standing::Column::ParticipantId.is_in(people.iter().copied()))
        .filter(standing(purpose, scope, now))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}
