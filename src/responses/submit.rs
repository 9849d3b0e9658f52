//! Handing in answers.
//!
//! This is the busiest path of all, so many answers are written together: one query finds out all about the links, the
//! answers are checked without the database, and a few statements write them, in one transaction. Each caller is
//! answered after the commit.

use super::lookup::{Asked, Stands, any_of, look_up, offers, stands};
use crate::{
    accounts::access,
    consent::{permits::consent_needed, rules::State},
    invitations::{
        parting,
        rules::{is_over, over},
    },
    opportunities::{Forms, takes_answers},
    platform::{
        Error, Platform, Result, Tx, Violation,
        db::powers_of_two,
        group::{GroupWriter, WriteBatch},
        http::limits::Asking,
        tasks::Tasks,
    },
    questionnaires::wall_clock,
};
use chrono_tz::Tz;
use entity::{
    InvitationId, InvitationState, OrganisationId, QuestionnaireId, ResponseId, ResponseState, Time, invitation, opportunity,
    response, response_draft,
};
use sea_orm::{
    ActiveValue::Set,
    EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
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
    /// The version of the questions that was answered.
    pub questionnaire: QuestionnaireId,
    /// The answers.
    pub answers: Map<String, Value>,
    /// The version of the draft that they were read from. If another has been saved since, nothing is taken.
    pub draft: Option<i32>,
    /// The request that hands them in, which counts for the person.
    pub asking: Asking,
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
struct Known<'a> {
    asked: &'a Asked,
    stands: &'a Stands,
    offer: &'a opportunity::Model,
}

/// Checks and writes a batch. Where one person answers twice in it, the second answer follows the first.
async fn write(tx: &Tx, platform: &Platform, forms: &Forms, items: &[Submission]) -> Result<Vec<Result<Receipt>>> {
    let mut results: Vec<Option<Result<Receipt>>> = items.iter().map(|_| None).collect();
    let mut left: Vec<usize> = (0..items.len()).collect();
    while !left.is_empty() {
        left = write_wave(tx, platform, forms, items, left, &mut results).await?;
    }
    Ok(results.into_iter().flatten().collect())
}

/// Checks and writes one answer of each person among `left`, and answers which of `left` come after it.
async fn write_wave(
    tx: &Tx,
    platform: &Platform,
    forms: &Forms,
    items: &[Submission],
    left: Vec<usize>,
    results: &mut [Option<Result<Receipt>>],
) -> Result<Vec<usize>> {
    let now = platform.clock.now();
    let asked = look_up(tx, left.iter().map(|at| &items[*at])).await?;
    let (stands, offers) = (stands(tx, &asked).await?, offers(tx, &asked).await?);
    let known: HashMap<&[u8], Known> = asked
        .iter()
        .filter_map(|asked| {
            let (stands, offer) = (stands.get(&asked.invitation_id)?, offers.get(&asked.opportunity_id)?);
            Some((asked.token_hash.as_slice(), Known { asked, stands, offer }))
        })
        .collect();
    let (mut rows, mut accepted, mut back, mut drafts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut written, mut after) = (HashSet::new(), Vec::new());
    for at in left {
        let item = &items[at];
        let Some(known) = known.get(item.token_hash.as_slice()) else {
            results[at] = Some(Err(Error::SignInNeeded));
            continue;
        };
        let row = known.asked;
        if !written.insert(row.invitation_id) {
            after.push(at);
            continue;
        }
        results[at] = Some(match check(tx, platform, forms, item, known).await {
            Err(error) => Err(error),
            Ok((receipt, answers)) => {
                rows.push(to_row(known, &receipt, answers, now));
                if row.state != InvitationState::Accepted {
                    accepted.push((row.organisation_id, row.invitation_id));
                }
                if matches!(row.state, InvitationState::Declined | InvitationState::SteppedDown) {
                    back.push((row.organisation_id, row.opportunity_id, row.participant_id));
                }
                if known.stands.draft_version.is_some() {
                    drafts.push((row.organisation_id, row.invitation_id));
                }
                Ok(receipt)
            }
        });
    }
    store(tx, platform, rows, &accepted, &drafts).await?;
    // Whoever had left before takes part again.
    for (organisation, opportunity, participant) in back {
        parting::forget(tx, organisation, opportunity, participant).await?;
    }
    Ok(after)
}

fn to_row(known: &Known<'_>, receipt: &Receipt, answers: Map<String, Value>, now: Time) -> response::ActiveModel {
    response::ActiveModel {
        organisation_id: Set(known.asked.organisation_id),
        id: Set(receipt.response),
        opportunity_id: Set(known.asked.opportunity_id),
        participant_id: Set(known.asked.participant_id),
        invitation_id: Set(known.asked.invitation_id),
        questionnaire_id: Set(receipt.questionnaire),
        answers: Set(Some(Value::Object(answers))),
        state: Set(ResponseState::Submitted),
        submitted_at: Set(known.stands.submitted_at.unwrap_or(now)),
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
    known: &Known<'_>,
) -> Result<(Receipt, Map<String, Value>)> {
    let now = platform.clock.now();
    let Known { asked, stands, offer } = known;
    access::count_for(platform, &item.asking, "participant", asked.participant_id.0)?;
    let consent = stands.said.map(|said| State::after(said, stands.valid_until));
    let zone = asked.time_zone.parse().unwrap_or(Tz::UTC);
    let questionnaire = may_answer(asked.state, consent, offer, zone, now)?;
    must_be_current(item.questionnaire, questionnaire)?;
    if item.draft.is_some() && item.draft != stands.draft_version {
        return Err(Error::Stale);
    }
    let form = forms.form_in(tx, asked.organisation_id, questionnaire).await?;
    let evaluation = form.evaluate(&item.answers, wall_clock(now, zone));
    if !evaluation.violations.is_empty() {
        return Err(Error::Invalid(to_violations(evaluation.violations)));
    }
    let receipt = Receipt {
        response: stands.response_id.unwrap_or_else(|| platform.clock.new_id()),
        version: stands.response_version.unwrap_or(0) + 1,
        questionnaire,
        at: now,
        cleared: evaluation.cleared,
    };
    Ok((receipt, evaluation.cleaned))
}

/// Answers belong to the questions that somebody read, so others are not put under them.
pub fn must_be_current(read: QuestionnaireId, current: QuestionnaireId) -> Result<()> {
    let detail = "The questions have changed since you read them. Read them again; your answers are still yours.";
    if read == current { Ok(()) } else { Err(Error::conflict("questions_changed", detail)) }
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
    zone: Tz,
    now: Time,
) -> Result<QuestionnaireId> {
    let open = takes_answers(offer, now, zone);
    if !open || is_over(state) {
        return Err(Error::Gone(over(state, open).into()));
    }
    if !consent.is_some_and(|consent| consent.permits(now)) {
        return Err(consent_needed());
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
    for rows in powers_of_two(rows) {
        response::Entity::insert_many(rows).on_conflict(again.clone()).exec_without_returning(tx).await?;
    }
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
