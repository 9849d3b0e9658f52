//! Answers that are not handed in yet: kept so that somebody can go on later, also on another device.

use super::submit::{may_answer, must_be_current, to_violations};
use crate::{
    consent::rules::State,
    invitations::Guest,
    opportunities::Forms,
    platform::{Error, Platform, Result, Tx, error::is_duplicate, http::etag},
    questionnaires::wall_clock,
};
use chrono_tz::Tz;
use entity::{Purpose, QuestionnaireId, consent_standing, invitation, organisation, response_draft};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel, QuerySelect};
use serde_json::{Map, Value};

/// The draft of an invitation.
pub async fn get(connection: &impl ConnectionTrait, guest: &Guest) -> Result<Option<response_draft::Model>> {
    Ok(response_draft::Entity::find_by_id((guest.organisation, guest.invitation.id)).one(connection).await?)
}

/// Which questions the holder of an invitation may answer now, and in which time zone.
async fn answerable(connection: &impl ConnectionTrait, platform: &Platform, guest: &Guest) -> Result<(QuestionnaireId, Tz)> {
    let offer = guest.opportunity(connection).await?;
    let home = organisation::Entity::find_by_id(guest.organisation).one(connection).await?;
    let zone = home.and_then(|home| home.time_zone.parse().ok()).unwrap_or(Tz::UTC);
    let key = (guest.organisation, guest.participant, Purpose::Participate, offer.id.0);
    let standing = consent_standing::Entity::find_by_id(key).one(connection).await?;
    let standing = standing.map(|standing| State::after(standing.r#type, standing.valid_until));
    Ok((may_answer(guest.invitation.state, standing, &offer, zone, platform.clock.now())?, zone))
}

/// Saves a draft of answers to these questions, which must be the current ones. What is missing is no fault yet; what is wrong is. A draft that is there must be named by its version, so
/// that a second device cannot overwrite what it has not seen.
pub async fn save(
    tx: &Tx,
    platform: &Platform,
    forms: &Forms,
    guest: &Guest,
    if_match: Option<&str>,
    questionnaire: QuestionnaireId,
    answers: Map<String, Value>,
) -> Result<response_draft::Model> {
    // Whoever carries out a withdrawal holds this row: a draft is there before it, and goes, or finds no consent.
    let key = (guest.organisation, guest.invitation.id);
    let invitation = invitation::Entity::find_by_id(key).lock_exclusive().one(tx).await?;
    let guest = &Guest { invitation: invitation.ok_or(Error::NotFound("invitation"))?, ..guest.clone() };
    let (current, zone) = answerable(tx, platform, guest).await?;
    must_be_current(questionnaire, current)?;
    let form = forms.form_in(tx, guest.organisation, questionnaire).await?;
    let found = form.evaluate_draft(&answers, wall_clock(platform.clock.now(), zone)).violations;
    if !found.is_empty() {
        return Err(Error::Invalid(to_violations(found)));
    }
    let old = response_draft::Entity::find_by_id((guest.organisation, guest.invitation.id)).lock_exclusive().one(tx).await?;
    let now = platform.clock.now();
    let Some(old) = old else {
        let row = response_draft::ActiveModel {
            organisation_id: Set(guest.organisation),
            invitation_id: Set(guest.invitation.id),
            questionnaire_id: Set(questionnaire),
            answers: Set(Value::Object(answers)),
            version: Set(1),
            updated_at: Set(now),
        };
        // On PostgreSQL a second device may have saved the first draft since it was looked for.
        return row.insert(tx).await.map_err(|error| if is_duplicate(&error) { Error::Stale } else { error.into() });
    };
    etag::expect(if_match, old.version)?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.questionnaire_id = Set(questionnaire);
    row.answers = Set(Value::Object(answers));
    row.version = Set(version);
    row.updated_at = Set(now);
    Ok(row.update(tx).await?)
}
