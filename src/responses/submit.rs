//! Handing in answers.
//!
//! This is the busiest path of all, so many answers are written together: one query finds out all about the links, the
//! answers are checked without the database, and a few statements write them, in one transaction. Each caller is
//! answered after the commit.

use crate::{
    consent::rules::State,
    opportunities::{Forms, takes_answers},
    platform::{
        Error, Platform, Result, Tx, Violation,
        group::{GroupWriter, WriteBatch},
        tasks::Tasks,
    },
};
use chrono_tz::Tz;
use entity::{
    ConsentType, InvitationId, InvitationState, OpportunityId, OrganisationId, ParticipantId, Purpose, QuestionnaireId,
    ResponseId, ResponseState, Time, consent_standing, invitation, invitation_link, opportunity, organisation, response,
    response_draft,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, RelationDef,
    sea_query::{Expr, IntoCondition, LockType, OnConflict},
};
use serde_json::{Map, Value};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Answers written in one transaction at most.
const MOST: usize = 200;

/// Somebody's answers, as they are handed in.
#[derive(Clone, Debug)]
pub struct Submission {
    /// SHA-256 of the link's token.
    pub token_hash: Vec<u8>,
    /// The version of the questions that was answered, where the caller names it.
    pub questionnaire: Option<QuestionnaireId>,
    /// The answers.
    pub answers: Map<String, Value>,
}

/// What somebody gets for their answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Id of the response.
    pub response: ResponseId,
    /// 1, and one more with each change.
    pub version: i32,
    /// Which questions were answered.
    pub questionnaire: QuestionnaireId,
    /// When.
    pub at: Time,
    /// Names of questions whose answers were left out, because they are hidden for these answers.
    pub cleared: Vec<String>,
}

/// Writes answers as they come in.
#[derive(Clone)]
pub struct Submissions(GroupWriter<Submission, Receipt>);

impl Submissions {
    /// Starts the writer.
    pub fn start(tasks: &Tasks, platform: &Platform, forms: Forms) -> Self {
        let inner = platform.clone();
        let write: WriteBatch<Submission, Receipt> = Arc::new(move |tx, items| {
            let (platform, forms) = (inner.clone(), forms.clone());
            Box::pin(async move { write(tx, &platform, &forms, items).await })
        });
        Self(GroupWriter::start(tasks, platform.db.clone(), MOST, write))
    }

    /// Hands answers in, and answers after they are stored.
    pub async fn submit(&self, submission: Submission) -> Result<Receipt> {
        self.0.write(submission).await
    }
}

/// Everything about a link that decides what becomes of its answers.
#[derive(Debug, FromQueryResult)]
struct Known {
    token_hash: Vec<u8>,
    organisation_id: OrganisationId,
    invitation_id: InvitationId,
    participant_id: ParticipantId,
    opportunity_id: OpportunityId,
    state: InvitationState,
    time_zone: String,
    said: Option<ConsentType>,
    valid_until: Option<Time>,
    response_id: Option<ResponseId>,
    response_version: Option<i32>,
    submitted_at: Option<Time>,
    draft_version: Option<i32>,
}

fn link_to_invitation() -> RelationDef {
    invitation_link::Entity::belongs_to(invitation::Entity)
        .from((invitation_link::Column::OrganisationId, invitation_link::Column::InvitationId))
        .to((invitation::Column::OrganisationId, invitation::Column::Id))
        .into()
}

fn invitation_to_organisation() -> RelationDef {
    invitation::Entity::belongs_to(organisation::Entity)
        .from(invitation::Column::OrganisationId)
        .to(organisation::Column::Id)
        .into()
}

/// The consent of the invitation's person to taking part in its opportunity.
fn invitation_to_standing() -> RelationDef {
    let relation: RelationDef = invitation::Entity::belongs_to(consent_standing::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::ParticipantId, invitation::Column::OpportunityId))
        .to((
            consent_standing::Column::OrganisationId,
            consent_standing::Column::ParticipantId,
            consent_standing::Column::ScopeId,
        ))
        .into();
    relation.on_condition(|_, standing| {
        Expr::col((standing, consent_standing::Column::Purpose)).eq(Purpose::Participate.word()).into_condition()
    })
}

fn invitation_to_response() -> RelationDef {
    invitation::Entity::belongs_to(response::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::OpportunityId, invitation::Column::ParticipantId))
        .to((response::Column::OrganisationId, response::Column::OpportunityId, response::Column::ParticipantId))
        .into()
}

fn invitation_to_draft() -> RelationDef {
    invitation::Entity::belongs_to(response_draft::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::Id))
        .to((response_draft::Column::OrganisationId, response_draft::Column::InvitationId))
        .into()
}

/// Looks up all links at once. The invitations stay locked until the commit, so that one person's two answers follow
/// one another.
async fn look_up(tx: &Tx, items: &[Submission]) -> Result<HashMap<Vec<u8>, Known>> {
    let mut query = invitation_link::Entity::find()
        .select_only()
        .column(invitation_link::Column::TokenHash)
        .column(invitation_link::Column::OrganisationId)
        .column_as(invitation::Column::Id, "invitation_id")
        .column(invitation::Column::ParticipantId)
        .column(invitation::Column::OpportunityId)
        .column(invitation::Column::State)
        .column(organisation::Column::TimeZone)
        .column_as(consent_standing::Column::Type, "said")
        .column(consent_standing::Column::ValidUntil)
        .column_as(response::Column::Id, "response_id")
        .column_as(response::Column::Version, "response_version")
        .column(response::Column::SubmittedAt)
        .column_as(response_draft::Column::Version, "draft_version")
        .join(JoinType::InnerJoin, link_to_invitation())
        .join(JoinType::InnerJoin, invitation_to_organisation())
        .join(JoinType::LeftJoin, invitation_to_standing())
        .join(JoinType::LeftJoin, invitation_to_response())
        .join(JoinType::LeftJoin, invitation_to_draft())
        .filter(invitation_link::Column::TokenHash.is_in(items.iter().map(|item| item.token_hash.clone())));
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, [invitation::Entity]);
    let rows = query.into_model::<Known>().all(tx).await?;
    Ok(rows.into_iter().map(|row| (row.token_hash.clone(), row)).collect())
}

/// The opportunities behind the links: few, whatever the number of answers.
async fn offers(
    tx: &Tx,
    known: &HashMap<Vec<u8>, Known>,
) -> Result<HashMap<(OrganisationId, OpportunityId), opportunity::Model>> {
    let mut keys: Vec<(OrganisationId, OpportunityId)> =
        known.values().map(|row| (row.organisation_id, row.opportunity_id)).collect();
    keys.sort_unstable();
    keys.dedup();
    let any = keys.iter().fold(Condition::any(), |any, (organisation, id)| {
        any.add(opportunity::Column::OrganisationId.eq(*organisation).and(opportunity::Column::Id.eq(*id)))
    });
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = opportunity::Entity::find().filter(any).all(tx).await?;
    Ok(rows.into_iter().map(|row| ((row.organisation_id, row.id), row)).collect())
}

/// Checks and writes a batch.
async fn write(tx: &Tx, platform: &Platform, forms: &Forms, items: &[Submission]) -> Result<Vec<Result<Receipt>>> {
    let now = platform.clock.now();
    let known = look_up(tx, items).await?;
    let offers = offers(tx, &known).await?;
    let (mut results, mut rows, mut accepted, mut drafts) = (Vec::with_capacity(items.len()), Vec::new(), Vec::new(), Vec::new());
    let mut written = HashSet::new();
    for item in items {
        let Some(row) = known.get(&item.token_hash) else {
            results.push(Err(Error::SignInNeeded));
            continue;
        };
        let offer = offers.get(&(row.organisation_id, row.opportunity_id));
        if !written.insert(row.invitation_id) {
            // Twice the same person in one batch: the second one goes by itself, after the first.
            return Err(Error::unavailable("the same person answered twice at the same moment"));
        }
        match check(tx, platform, forms, item, row, offer).await {
            Err(error) => results.push(Err(error)),
            Ok((receipt, answers)) => {
                rows.push(to_row(row, &receipt, answers, now));
                if row.state != InvitationState::Accepted {
                    accepted.push((row.organisation_id, row.invitation_id));
                }
                if row.draft_version.is_some() {
                    drafts.push((row.organisation_id, row.invitation_id));
                }
                results.push(Ok(receipt));
            }
        }
    }
    store(tx, platform, rows, &accepted, &drafts).await?;
    Ok(results)
}

fn to_row(known: &Known, receipt: &Receipt, answers: Map<String, Value>, now: Time) -> response::ActiveModel {
    response::ActiveModel {
        organisation_id: Set(known.organisation_id),
        id: Set(receipt.response),
        opportunity_id: Set(known.opportunity_id),
        participant_id: Set(known.participant_id),
        invitation_id: Set(known.invitation_id),
        questionnaire_id: Set(receipt.questionnaire),
        answers: Set(Some(Value::Object(answers))),
        state: Set(ResponseState::Submitted),
        submitted_at: Set(known.submitted_at.unwrap_or(now)),
        changed_at: Set(now),
        version: Set(receipt.version),
    }
}

/// Whether these answers may be taken, and what is kept of them. The same rules as for every use: the invitation stands, the
/// opportunity is open, the person agrees to take part, the form is filled in.
async fn check(
    tx: &Tx,
    platform: &Platform,
    forms: &Forms,
    item: &Submission,
    known: &Known,
    offer: Option<&opportunity::Model>,
) -> Result<(Receipt, Map<String, Value>)> {
    let now = platform.clock.now();
    let offer = offer.ok_or_else(|| Error::bug("an invitation without its opportunity"))?;
    let questionnaire =
        may_answer(known.state, known.said.map(|said| State::after(said, known.valid_until)), offer, &known.time_zone, now)?;
    if item.questionnaire.is_some_and(|named| named != questionnaire) {
        return Err(Error::conflict(
            "questions_changed",
            "The questions have changed since you read them. Read them again; your answers are still yours.",
        ));
    }
    let form = forms.form_in(tx, known.organisation_id, questionnaire).await?;
    let evaluation = form.evaluate(&item.answers, now);
    if !evaluation.violations.is_empty() {
        return Err(Error::Invalid(to_violations(evaluation.violations)));
    }
    let receipt = Receipt {
        response: known.response_id.unwrap_or_else(|| platform.clock.new_id()),
        version: known.response_version.unwrap_or(0) + 1,
        questionnaire,
        at: now,
        cleared: evaluation.cleared,
    };
    Ok((receipt, evaluation.cleaned))
}

/// What a form complains about, with pointers into the request.
pub(super) fn to_violations(found: Vec<crate::questionnaires::Violation>) -> Vec<Violation> {
    found.into_iter().map(|one| Violation::new(format!("/answers{}", one.pointer), one.code, one.detail)).collect()
}

/// Whether answers may be given now, and to which questions.
pub(super) fn may_answer(
    state: InvitationState,
    consent: Option<State>,
    offer: &opportunity::Model,
    time_zone: &str,
    now: Time,
) -> Result<QuestionnaireId> {
    if matches!(state, InvitationState::Withdrawn | InvitationState::Ended)
        || !takes_answers(offer, now, time_zone.parse().unwrap_or(Tz::UTC))
    {
        return Err(Error::Gone("This has closed. Thank you for looking.".into()));
    }
    if !consent.is_some_and(|consent| consent.permits(now)) {
        let detail = "Read the notice and agree to take part first.";
        return Err(Error::conflict("consent_needed", detail));
    }
    offer.questionnaire_id.ok_or_else(|| Error::conflict("no_questions", "This is not answered with a form."))
}

/// Writes rows, and what follows from them for invitations and drafts.
async fn store(
    tx: &Tx,
    platform: &Platform,
    rows: Vec<response::ActiveModel>,
    accepted: &[(OrganisationId, InvitationId)],
    drafts: &[(OrganisationId, InvitationId)],
) -> Result<()> {
    use response::Column;
    if rows.is_empty() {
        return Ok(());
    }
    let again = OnConflict::columns([Column::OrganisationId, Column::OpportunityId, Column::ParticipantId])
        .update_columns([Column::QuestionnaireId, Column::Answers, Column::State, Column::ChangedAt, Column::Version])
        .to_owned();
    response::Entity::insert_many(rows).on_conflict(again).exec_without_returning(tx).await?;
    if !accepted.is_empty() {
        invitation::Entity::update_many()
            .col_expr(invitation::Column::State, Expr::value(InvitationState::Accepted.word()))
            .col_expr(invitation::Column::RepliedAt, Expr::value(platform.clock.now()))
            .filter(any_of(accepted, invitation::Column::OrganisationId, invitation::Column::Id))
            .exec(tx)
            .await?;
    }
    if !drafts.is_empty() {
        response_draft::Entity::delete_many()
            .filter(any_of(drafts, response_draft::Column::OrganisationId, response_draft::Column::InvitationId))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Rows of several organisations: a list of ids for each organisation.
fn any_of<C: ColumnTrait>(keys: &[(OrganisationId, InvitationId)], organisation: C, id: C) -> Condition {
    let mut by_organisation: HashMap<OrganisationId, Vec<InvitationId>> = HashMap::new();
    for (organisation, id) in keys {
        by_organisation.entry(*organisation).or_default().push(*id);
    }
    by_organisation.into_iter().fold(Condition::any(), |any, (one, ids)| any.add(organisation.eq(one).and(id.is_in(ids))))
}
