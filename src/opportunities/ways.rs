//! Opportunities: made in a project, read, changed.

use super::{
    rules::{self, Offer, keeps_its_word},
    zone,
};
use crate::{
    accounts::Actor,
    platform::{
        Error, Platform, Result, Tx, Violation, audit,
        http::{Cursor, etag},
        text::Check,
    },
    projects::work,
};
use entity::{
    DecisionId, Formats, NoticeId, OpportunityId, OpportunityKind, OpportunityState, OrganisationId, PaymentKind, PaymentOffer,
    ProjectId, ReportState, Rung, TopicId, decision, notice, opportunity, opportunity_decision, opportunity_topic, project,
    report, topic,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// An opportunity with what it is linked to.
#[derive(Clone, Debug)]
pub struct Way {
    /// The opportunity.
    pub row: opportunity::Model,
    /// What it is about, in order of id.
    pub topics: Vec<TopicId>,
    /// Which decisions it feeds, in order of id.
    pub decisions: Vec<DecisionId>,
    /// The rung that its project claims.
    pub claimed: Option<Rung>,
}

/// How an opportunity is named in the audit log.
pub fn object(id: OpportunityId) -> String {
    format!("opportunity:{id}")
}

/// Makes an opportunity, as a draft.
pub async fn create(tx: &Tx, platform: &Platform, actor: &Actor, offer: Offer) -> Result<Way> {
    let offer = offer.tidied();
    let project = project::Entity::find_by_id((actor.organisation, offer.project)).one(tx).await?;
    let id: OpportunityId = platform.clock.new_id();
    check_draft(tx, actor.organisation, id, &offer, project.as_ref(), &[]).await?;
    let mut row = opportunity::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(id),
        project_id: Set(offer.project),
        state: Set(OpportunityState::Draft),
        opened_at: Set(None),
        closed_at: Set(None),
        closed_early_reason: Set(None),
        feedback_late_since: Set(None),
        questionnaire_id: Set(None),
        promised: Set(None),
        created_by: Set(actor.by.clone()),
        version: Set(1),
        created_at: Set(platform.clock.now()),
        ..Default::default()
    };
    let (topics, decisions) = offer.links();
    write(&mut row, offer, None);
    let row = row.insert(tx).await?;
    link(tx, actor.organisation, id, &topics, &decisions).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "create_opportunity", &object(id)).await?;
    Ok(Way { row, topics, decisions, claimed: project.and_then(|project| project.claimed_rung) })
}

/// Everything that is wrong with a draft, at once: in itself, against its project, in what it is linked to.
async fn check_draft(
    tx: &Tx,
    organisation: OrganisationId,
    id: OpportunityId,
    offer: &Offer,
    project: Option<&project::Model>,
    kept: &[TopicId],
) -> Result<()> {
    let mut check = offer.flaws();
    check.that(project.is_some(), "/project", "unknown", "Name a project of this organisation.");
    check.extend(project.and_then(|project| offer.rung_flaw(project)));
    check_links(tx, organisation, offer, kept, &mut check).await?;
    if let Some(notice) = offer.notice {
        check.that(is_notice_of(tx, organisation, notice, id).await?, "/notice", "unknown", "Name a notice of this opportunity.");
    }
    check.done()
}

async fn is_notice_of(tx: &Tx, organisation: OrganisationId, notice: NoticeId, id: OpportunityId) -> Result<bool> {
    let found = notice::Entity::find_by_id((organisation, notice)).one(tx).await?;
    Ok(found.is_some_and(|notice| notice.scope_id == id.0))
}

/// Topics must be of this organisation and in use; decisions must be of the same project.
async fn check_links(tx: &Tx, organisation: OrganisationId, offer: &Offer, kept: &[TopicId], check: &mut Check) -> Result<()> {
    let topics: HashSet<TopicId> = topic::Entity::find()
        .filter(topic::Column::OrganisationId.eq(organisation))
        .filter(topic::Column::Id.is_in(offer.topics.iter().copied()))
        .all(tx)
        .await?
        .into_iter()
        .filter(|topic| topic.retired_at.is_none() || kept.contains(&topic.id))
        .map(|topic| topic.id)
        .collect();
    let unknown = |pointer: String, detail: &str| Violation::new(pointer, "unknown", detail);
    check.extend(
        (offer.topics.iter().enumerate().filter(|(_, id)| !topics.contains(id)))
            .map(|(i, _)| unknown(format!("/topics/{i}"), "Name a topic of this organisation that is in use.")),
    );
    let decisions: HashSet<DecisionId> = decision::Entity::find()
        .filter(decision::Column::OrganisationId.eq(organisation))
        .filter(decision::Column::ProjectId.eq(offer.project))
        .filter(decision::Column::Id.is_in(offer.decisions.iter().copied()))
        .all(tx)
        .await?
        .into_iter()
        .map(|decision| decision.id)
        .collect();
    check.extend(
        (offer.decisions.iter().enumerate().filter(|(_, id)| !decisions.contains(id)))
            .map(|(i, _)| unknown(format!("/decisions/{i}"), "Name a decision of the same project.")),
    );
    Ok(())
}

/// Writes what an opportunity says. A reason for a moved feedback day is kept once people were asked.
fn write(row: &mut opportunity::ActiveModel, offer: Offer, reason: Option<String>) {
    row.kind = Set(offer.kind);
    row.activity = Set(offer.activity);
    row.title = Set(offer.title);
    row.summary = Set(offer.summary);
    row.rung = Set(offer.rung);
    row.stage = Set(offer.stage);
    row.open_to_influence = Set(offer.open_to_influence);
    row.not_open = Set(offer.not_open);
    row.who_decides = Set(offer.who_decides);
    row.how_chosen = Set(offer.how_chosen);
    row.minutes = Set(offer.minutes);
    row.preparation_minutes = Set(offer.preparation_minutes);
    row.formats = Set(Formats(offer.formats));
    row.group_facts = Set(offer.group);
    row.support = Set(offer.support);
    row.support_contact = Set(offer.support_contact);
    row.content_note = Set(offer.content_note);
    row.payment = Set(offer.payment.unwrap_or_else(unpaid));
    row.places = Set(offer.places);
    row.reply_within_days = Set(offer.reply_within_days);
    row.opens_on = Set(offer.opens_on);
    row.closes_on = Set(offer.closes_on);
    row.starts_at = Set(offer.starts_at);
    row.feedback_due = Set(offer.feedback_due);
    row.feedback_moved_reason = Set(reason);
    row.notice_id = Set(offer.notice);
}

/// Stands in for a statement that the checks have made sure of.
fn unpaid() -> PaymentOffer {
    PaymentOffer { kind: PaymentKind::Unpaid, amount_pence: None, expenses: String::new(), how: String::new() }
}

/// Sets what an opportunity is linked to.
async fn link(
    tx: &Tx,
    organisation: OrganisationId,
    id: OpportunityId,
    topics: &[TopicId],
    decisions: &[DecisionId],
) -> Result<()> {
    opportunity_topic::Entity::delete_many()
        .filter(opportunity_topic::Column::OrganisationId.eq(organisation))
        .filter(opportunity_topic::Column::OpportunityId.eq(id))
        .exec(tx)
        .await?;
    opportunity_decision::Entity::delete_many()
        .filter(opportunity_decision::Column::OrganisationId.eq(organisation))
        .filter(opportunity_decision::Column::OpportunityId.eq(id))
        .exec(tx)
        .await?;
    if !topics.is_empty() {
        let rows = topics.iter().map(|topic| opportunity_topic::ActiveModel {
            organisation_id: Set(organisation),
            opportunity_id: Set(id),
            topic_id: Set(*topic),
        });
        opportunity_topic::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    if !decisions.is_empty() {
        let rows = decisions.iter().map(|decision| opportunity_decision::ActiveModel {
            organisation_id: Set(organisation),
            opportunity_id: Set(id),
            decision_id: Set(*decision),
        });
        opportunity_decision::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The opportunities of these ids without their links, in one statement; those that are not there are left out.
pub async fn several(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    ids: impl Iterator<Item = OpportunityId>,
) -> Result<HashMap<OpportunityId, opportunity::Model>> {
    let ids: BTreeSet<OpportunityId> = ids.collect();
    let found = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::Id.is_in(ids))
        .all(connection)
        .await?;
    Ok(found.into_iter().map(|row| (row.id, row)).collect())
}

/// One opportunity without its links.
pub async fn find(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
) -> Result<opportunity::Model> {
    opportunity::Entity::find_by_id((organisation, id)).one(connection).await?.ok_or(Error::NotFound("opportunity"))
}

/// One opportunity, kept from others until the commit.
pub async fn hold(tx: &Tx, organisation: OrganisationId, id: OpportunityId) -> Result<opportunity::Model> {
    let found = opportunity::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("opportunity"))
}

/// One opportunity.
pub async fn get(connection: &impl ConnectionTrait, organisation: OrganisationId, id: OpportunityId) -> Result<Way> {
    let row = find(connection, organisation, id).await?;
    with_links(connection, organisation, vec![row]).await?.pop().ok_or(Error::NotFound("opportunity"))
}

/// A page of opportunities, oldest first, and one more; of one project or in one state if asked.
pub async fn list(
    platform: &Platform,
    organisation: OrganisationId,
    project: Option<ProjectId>,
    state: Option<OpportunityState>,
    cursor: Cursor,
) -> Result<Vec<Way>> {
    let mut query = opportunity::Entity::find().filter(opportunity::Column::OrganisationId.eq(organisation));
    if let Some(project) = project {
        query = query.filter(opportunity::Column::ProjectId.eq(project));
    }
    if let Some(state) = state {
        query = query.filter(opportunity::Column::State.eq(state));
    }
    if let Some(after) = cursor.after {
        query = query.filter(opportunity::Column::Id.gt(OpportunityId(after)));
    }
    let rows = query.order_by_asc(opportunity::Column::Id).limit(cursor.limit + 1).all(platform.db.read()).await?;
    with_links(platform.db.read(), organisation, rows).await
}

/// The newest opportunities in a state, so many and one more; if asked, those alone of which no report is published.
pub async fn newest(
    platform: &Platform,
    organisation: OrganisationId,
    state: OpportunityState,
    untold: bool,
    limit: u64,
) -> Result<Vec<opportunity::Model>> {
    let mut query = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::State.eq(state));
    if untold {
        let told = report::Entity::find()
            .select_only()
            .column(report::Column::OpportunityId)
            .filter(report::Column::OrganisationId.eq(organisation))
            .filter(report::Column::State.eq(ReportState::Published));
        query = query.filter(opportunity::Column::Id.not_in_subquery(told.into_query()));
    }
    Ok(query.order_by_desc(opportunity::Column::Id).limit(limit + 1).all(platform.db.read()).await?)
}

/// Adds topics, decisions and claims: three statements, however many rows.
async fn with_links(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    rows: Vec<opportunity::Model>,
) -> Result<Vec<Way>> {
    let topics = opportunity_topic::Entity::find()
        .filter(opportunity_topic::Column::OrganisationId.eq(organisation))
        .filter(opportunity_topic::Column::OpportunityId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(opportunity_topic::Column::TopicId)
        .all(connection)
        .await?;
    let decisions = opportunity_decision::Entity::find()
        .filter(opportunity_decision::Column::OrganisationId.eq(organisation))
        .filter(opportunity_decision::Column::OpportunityId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(opportunity_decision::Column::DecisionId)
        .all(connection)
        .await?;
    let projects: HashMap<ProjectId, Option<Rung>> = project::Entity::find()
        .filter(project::Column::OrganisationId.eq(organisation))
        .filter(project::Column::Id.is_in(rows.iter().map(|row| row.project_id).collect::<HashSet<_>>()))
        .all(connection)
        .await?
        .into_iter()
        .map(|project| (project.id, project.claimed_rung))
        .collect();
    let mut of: HashMap<OpportunityId, (Vec<TopicId>, Vec<DecisionId>)> = HashMap::new();
    for link in topics {
        of.entry(link.opportunity_id).or_default().0.push(link.topic_id);
    }
    for link in decisions {
        of.entry(link.opportunity_id).or_default().1.push(link.decision_id);
    }
    let way = |row: opportunity::Model| {
        let (topics, decisions) = of.remove(&row.id).unwrap_or_default();
        let claimed = projects.get(&row.project_id).copied().flatten();
        Way { row, topics, decisions, claimed }
    };
    Ok(rows.into_iter().map(way).collect())
}

/// Changes an opportunity: a draft freely, an open one as far as it keeps its word.
pub async fn change(platform: &Platform, actor: &Actor, id: OpportunityId, if_match: Option<&str>, offer: Offer) -> Result<Way> {
    let tx = platform.db.begin().await?;
    let held = hold(&tx, actor.organisation, id).await?;
    etag::expect(if_match, held.version)?;
    let offer = offer.tidied();
    let old = with_links(&tx, actor.organisation, vec![held]).await?.pop().ok_or(Error::NotFound("opportunity"))?;
    let mut late_since = None;
    let reason = if old.row.state == OpportunityState::Draft {
        change_draft(&tx, &old, &offer).await?;
        None
    } else {
        offer.flaws().done()?;
        let zone = zone(&tx, actor.organisation).await?;
        keeps_its_word(&old.row, (&old.topics, &old.decisions), &offer, platform.clock.now(), zone)?;
        late_since = rules::late_since(&old.row, offer.feedback_due, rules::today(platform.clock.now(), zone));
        let moved = offer.feedback_due != old.row.feedback_due;
        if moved { offer.feedback_moved_reason.clone() } else { old.row.feedback_moved_reason.clone() }
    };
    let version = old.row.version + 1;
    let mut row = old.row.into_active_model();
    let (topics, decisions) = offer.links();
    write(&mut row, offer, reason);
    row.feedback_late_since = Set(late_since);
    row.version = Set(version);
    let row = row.update(&tx).await?;
    if topics != old.topics || decisions != old.decisions {
        link(&tx, actor.organisation, id, &topics, &decisions).await?;
    }
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "change_opportunity", &object(id)).await?;
    tx.commit().await?;
    Ok(Way { row, topics, decisions, claimed: old.claimed })
}

async fn change_draft(tx: &Tx, old: &Way, offer: &Offer) -> Result<()> {
    let organisation = old.row.organisation_id;
    let project = work::find(tx, organisation, old.row.project_id).await?;
    if offer.project != old.row.project_id {
        return Err(Error::invalid("/project", "fixed", "An opportunity stays in its project. Make a new one there."));
    }
    if old.row.questionnaire_id.is_some() && offer.kind != OpportunityKind::Consultation {
        return Err(Error::invalid("/kind", "has_questionnaire", "Questions are published: this stays a consultation."));
    }
    check_draft(tx, organisation, old.row.id, offer, Some(&project), &old.topics).await
}
