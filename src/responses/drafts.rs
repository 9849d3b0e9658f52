//! Answers that are not handed in yet: kept so that somebody can go on later, also on another device.

pub use super::submit::must_be_current;
use super::submit::{may_answer, to_violations};
use crate::{
    consent::rules::State,
    invitations::Guest,
    opportunities::Forms,
    platform::{Error, Platform, Result, Tx, Violation, error::is_duplicate, http::etag},
    questionnaires::{Form, wall_clock},
};
use chrono_tz::Tz;
use entity::{
    OpportunityId, OrganisationId, ParticipantId, Purpose, QuestionnaireId, ResponseState, Time, consent_standing, invitation,
    opportunity, organisation, participant, response, response_draft,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The draft of an invitation.
pub async fn get(connection: &impl ConnectionTrait, guest: &Guest) -> Result<Option<response_draft::Model>> {
    Ok(response_draft::Entity::find_by_id((guest.organisation, guest.invitation.id)).one(connection).await?)
}

/// What the holder of an invitation was asked to, which questions they may answer now, and in which time zone.
async fn answerable(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    guest: &Guest,
) -> Result<(opportunity::Model, QuestionnaireId, Tz)> {
    let offer = guest.opportunity(connection).await?;
    let home = organisation::Entity::find_by_id(guest.organisation).one(connection).await?;
    let zone = home.and_then(|home| home.time_zone.parse().ok()).unwrap_or(Tz::UTC);
    let key = (guest.organisation, guest.participant, Purpose::Participate, offer.id.0);
    let standing = consent_standing::Entity::find_by_id(key).one(connection).await?;
    let standing = standing.map(|standing| State::after(standing.r#type, standing.valid_until));
    let questionnaire = may_answer(guest.invitation.state, standing, &offer, zone, platform.clock.now())?;
    Ok((offer, questionnaire, zone))
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
    let (_, current, zone) = answerable(tx, platform, guest).await?;
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

/// What somebody finds who comes to answer, or comes back.
pub struct Sitting {
    /// What it is about.
    pub offer: opportunity::Model,
    /// The version of the questions that is asked now.
    pub questionnaire: QuestionnaireId,
    /// The questions.
    pub form: Arc<Form>,
    /// Answers so far: of the draft, or else those that were handed in, or else none.
    pub answers: Map<String, Value>,
    /// The draft, by its version and when it was saved.
    pub saved: Option<(i32, Time)>,
    /// What was handed in and stands.
    pub handed_in: Option<response::Model>,
    /// Whether the questions have changed since these answers were given. Those that no longer fit are left out.
    pub changed: bool,
    /// What the clock on the wall shows.
    pub now: Time,
    /// The time zone of that clock.
    pub zone: Tz,
    /// The person's language.
    pub language: String,
}

/// Sits down with the questions of an invitation, where they may be answered now.
pub async fn sit(connection: &impl ConnectionTrait, platform: &Platform, forms: &Forms, guest: &Guest) -> Result<Sitting> {
    let (offer, questionnaire, zone) = answerable(connection, platform, guest).await?;
    let form = forms.form_in(connection, guest.organisation, questionnaire).await?;
    let (draft, handed_in) = (get(connection, guest).await?, handed_in(connection, guest).await?);
    let given = match (&draft, &handed_in) {
        (Some(draft), _) => Some((draft.questionnaire_id, &draft.answers)),
        (None, Some(response)) => response.answers.as_ref().map(|answers| (response.questionnaire_id, answers)),
        (None, None) => None,
    };
    let now = wall_clock(platform.clock.now(), zone);
    let changed = given.is_some_and(|(version, _)| version != questionnaire);
    let mut answers = given.and_then(|(_, answers)| answers.as_object().cloned()).unwrap_or_default();
    if changed {
        answers = fitting(&form, answers, now);
    }
    let key = (guest.organisation, guest.participant);
    let person = participant::Entity::find_by_id(key).one(connection).await?.ok_or(Error::NotFound("participant"))?;
    let saved = draft.map(|draft| (draft.version, draft.updated_at));
    Ok(Sitting { offer, questionnaire, form, answers, saved, handed_in, changed, now, zone, language: person.language })
}

/// What the person of an invitation has handed in, unless they took it back.
pub async fn handed_in(connection: &impl ConnectionTrait, guest: &Guest) -> Result<Option<response::Model>> {
    handed_in_by(connection, guest.organisation, guest.participant, guest.invitation.opportunity_id).await
}

/// What somebody has handed in, unless they took it back. It is for themselves: no link alone may read it.
pub async fn handed_in_by(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    participant: ParticipantId,
    opportunity: OpportunityId,
) -> Result<Option<response::Model>> {
    let found = response::Entity::find()
        .filter(response::Column::OrganisationId.eq(organisation))
        .filter(response::Column::OpportunityId.eq(opportunity))
        .filter(response::Column::ParticipantId.eq(participant))
        .filter(response::Column::State.eq(ResponseState::Submitted))
        .one(connection)
        .await?;
    Ok(found)
}

/// The answers that these questions can still hold, each looked at by itself.
fn fitting(form: &Form, answers: Map<String, Value>, now: Time) -> Map<String, Value> {
    let fits = |key: &String, value: &Value| {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        form.evaluate_draft(&alone, now).violations.is_empty()
    };
    answers.into_iter().filter(|(key, value)| fits(key, value)).collect()
}

/// Saves the answers of one page, and leaves those of every other page as they are. Of two browsers the later one counts for
/// the page that it saves, and nothing else of the other is lost. What `empty` names is taken
/// away.
pub async fn merge(
    tx: &Tx,
    platform: &Platform,
    forms: &Forms,
    guest: &Guest,
    questionnaire: QuestionnaireId,
    page: &Map<String, Value>,
    empty: &[String],
) -> Result<Sitting> {
    // The lock of `save`: one after the other, and never beside a withdrawal.
    let key = (guest.organisation, guest.invitation.id);
    let invitation = invitation::Entity::find_by_id(key).lock_exclusive().one(tx).await?;
    let guest = &Guest { invitation: invitation.ok_or(Error::NotFound("invitation"))?, ..guest.clone() };
    let mut sitting = sit(tx, platform, forms, guest).await?;
    must_be_current(questionnaire, sitting.questionnaire)?;
    let before = sitting.answers.clone();
    empty.iter().for_each(|key| drop(sitting.answers.remove(key)));
    sitting.answers.extend(page.clone());
    let found = sitting.form.evaluate_draft(&sitting.answers, sitting.now).violations;
    if !found.is_empty() {
        return Err(Error::Invalid(found.into_iter().map(|one| Violation::new(one.pointer, one.code, one.detail)).collect()));
    }
    // Looking through what was handed in begins no new draft.
    let nothing_new = sitting.answers == before && !sitting.changed && (sitting.saved.is_some() || sitting.handed_in.is_some());
    if !nothing_new {
        let (answers, current) = (sitting.answers.clone(), sitting.saved.map(|(version, _)| etag::of(version)));
        let saved = save(tx, platform, forms, guest, current.as_deref(), questionnaire, answers).await?;
        sitting.saved = Some((saved.version, saved.updated_at));
    }
    Ok(sitting)
}
