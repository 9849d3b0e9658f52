//! Reads people a page at a time, with all that the rule needs: a constant number of queries a thousand people.

use super::rules::{Ask, Asked, Candidate, Eligible, may_be_asked, why};
use crate::{
    consent::permits::standing,
    invitations::{self, Invitee, rules::takes_time},
    opportunities::{self, activity},
    platform::{Error, Platform, Result, mail::suppression::suppressed},
};
use entity::{
    ConsentEventId, InvitationState, MailState, MatchRunId, OpportunityId, ParticipantId, ParticipantState, PreferenceDoc,
    ProjectId, Purpose, Time, WhyNot, consent_standing, invitation, mail_message, opportunity, opportunity_topic, organisation,
    participant, preference,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::SimpleExpr};
use std::collections::{HashMap, HashSet};

/// People in one page.
pub const PAGE: u64 = 1000;

/// What people are looked at for.
pub struct Question {
    /// The opportunity.
    pub opportunity: opportunity::Model,
    /// What it asks.
    pub ask: Ask,
    month_began: Time,
}

impl Question {
    /// Reads what an opportunity asks.
    pub async fn read(connection: &impl ConnectionTrait, opportunity: opportunity::Model, now: Time) -> Result<Self> {
        let organisation = organisation::Entity::find_by_id(opportunity.organisation_id).one(connection).await?;
        let organisation = organisation.ok_or_else(|| Error::bug("an opportunity without its organisation"))?;
        let zone = opportunities::zone_of(&organisation);
        let day = |at: Time| at.with_timezone(&zone).date_naive();
        let topics = opportunity_topic::Entity::find()
            .filter(opportunity_topic::Column::OrganisationId.eq(opportunity.organisation_id))
            .filter(opportunity_topic::Column::OpportunityId.eq(opportunity.id))
            .all(connection)
            .await?;
        let ask = Ask {
            rung: opportunity.rung,
            topics: topics.into_iter().map(|row| row.topic_id).collect(),
            activity: activity(opportunity.kind),
            formats: opportunity.formats.0.clone(),
            minutes: i64::from(opportunity.minutes) + i64::from(opportunity.preparation_minutes),
            starts_on: opportunity.starts_at.map(day),
            today: day(now),
        };
        Ok(Self { opportunity, ask, month_began: opportunities::month_began(zone, now) })
    }

    /// Looks at the next page of people behind `after`; a page that is not full is the last one. With `among`, at those only.
    pub async fn page(
        &self,
        connection: &impl ConnectionTrait,
        platform: &Platform,
        after: Option<ParticipantId>,
        among: Option<&[ParticipantId]>,
        now: Time,
    ) -> Result<Vec<Looked>> {
        let organisation = self.opportunity.organisation_id;
        let people = self.read_people(connection, after, among, now).await?;
        let (Some(first), Some(last)) = (people.first(), people.last()) else { return Ok(Vec::new()) };
        let these = match among {
            // Their ids lie close together: naming both ends costs far less than naming each.
            None => invitation::Column::ParticipantId.between(first.id, last.id),
            Some(_) => invitation::Column::ParticipantId.is_in(people.iter().map(|person| person.id)),
        };
        let (load, before, declined) = self.history(connection, these).await?;
        // Who stopped such letters, or whose mailbox refuses them, cannot be asked: no seat waits for them.
        let addresses = people.iter().filter(|person| person.agreed.is_some()).map(|person| person.email_key.as_str());
        let unreachable = suppressed(connection, platform, organisation, addresses, invitations::INVITE).await?;
        let unreachable: HashSet<ParticipantId> =
            people.iter().filter(|person| unreachable.contains(person.email_key.as_str())).map(|person| person.id).collect();
        let unspoken = PreferenceDoc::unspoken();
        let look = |person: Read| {
            let candidate = Candidate {
                wishes: person.document.as_ref().unwrap_or(&unspoken),
                has_said: person.document.is_some(),
                may_be_written_to: person.agreed.is_some() && !unreachable.contains(&person.id),
                asked: load.get(&person.id).copied().unwrap_or_default(),
                asked_before: before.contains(&person.id),
                declined_here: declined.contains(&person.id),
            };
            let verdict = may_be_asked(&self.ask, &candidate);
            let why = if verdict.is_ok() { why(&self.ask, &candidate, self.opportunity.places.is_some()) } else { Vec::new() };
            Looked { participant: person.id, address: person.email, verdict, why }
        };
        Ok(people.into_iter().map(look).collect())
    }

    /// People who have joined, with their latest wishes and whether they agreed to be written to: one query.
    async fn read_people(
        &self,
        connection: &impl ConnectionTrait,
        after: Option<ParticipantId>,
        among: Option<&[ParticipantId]>,
        now: Time,
    ) -> Result<Vec<Read>> {
        let organisation = self.opportunity.organisation_id;
        let wishes = participant::Entity::belongs_to(preference::Entity)
            .from((participant::Column::OrganisationId, participant::Column::PreferenceId))
            .to((preference::Column::OrganisationId, preference::Column::Id));
        let agreed = participant::Entity::belongs_to(consent_standing::Entity)
            .from((participant::Column::OrganisationId, participant::Column::Id))
            .to((consent_standing::Column::OrganisationId, consent_standing::Column::ParticipantId))
            .on_condition(move |_, _| standing(organisation, Purpose::ContactInvite, organisation.0, now));
        let mut query = participant::Entity::find()
            .select_only()
            .columns([participant::Column::Id, participant::Column::Email, participant::Column::EmailKey])
            .column(preference::Column::Document)
            .column_as(consent_standing::Column::EventId, "agreed")
            .join(sea_orm::JoinType::LeftJoin, wishes.into())
            .join(sea_orm::JoinType::LeftJoin, agreed.into())
            .filter(participant::Column::OrganisationId.eq(organisation))
            .filter(participant::Column::State.eq(ParticipantState::Joined));
        if let Some(after) = after {
            query = query.filter(participant::Column::Id.gt(after));
        }
        if let Some(among) = among {
            query = query.filter(participant::Column::Id.is_in(among.iter().copied()));
        }
        Ok(query.order_by_asc(participant::Column::Id).limit(PAGE).into_model().all(connection).await?)
    }

    /// What was asked of people this month, whom this opportunity has asked, and who said no in this project.
    async fn history(&self, connection: &impl ConnectionTrait, these: SimpleExpr) -> Result<History> {
        let organisation = self.opportunity.organisation_id;
        let rows: Vec<Past> = invitation::Entity::find()
            .select_only()
            .column(invitation::Column::ParticipantId)
            .column(invitation::Column::State)
            .column(invitation::Column::RunId)
            .column(invitation::Column::CreatedAt)
            .column_as(mail_message::Column::State, "letter")
            .column(mail_message::Column::SentAt)
            .column(invitation::Column::OpportunityId)
            .column(opportunity::Column::ProjectId)
            .column(opportunity::Column::Minutes)
            .column(opportunity::Column::PreparationMinutes)
            .join(sea_orm::JoinType::InnerJoin, invitations::to_opportunity())
            .join(sea_orm::JoinType::LeftJoin, invitations::to_letter())
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(these)
            .filter(
                sea_orm::Condition::any()
                    .add(invitation::Column::CreatedAt.gte(self.month_began))
                    .add(mail_message::Column::SentAt.gte(self.month_began))
                    .add(invitation::Column::OpportunityId.eq(self.opportunity.id))
                    .add(opportunity::Column::ProjectId.eq(self.opportunity.project_id)),
            )
            .into_model()
            .all(connection)
            .await?;
        let (mut load, mut before, mut declined) = (HashMap::<_, Asked>::new(), HashSet::new(), HashSet::new());
        for row in rows.iter().filter(|row| invitations::rules::counts(row.state, row.run_id, row.letter)) {
            let person = row.participant_id;
            if row.sent_at.unwrap_or(row.created_at) >= self.month_began {
                let load = load.entry(person).or_default();
                load.invitations += 1;
                if takes_time(row.state) {
                    load.minutes += i64::from(row.minutes) + i64::from(row.preparation_minutes);
                }
            }
            if row.opportunity_id == self.opportunity.id {
                before.insert(person);
            }
            if row.project_id == self.opportunity.project_id && row.state == InvitationState::Declined {
                declined.insert(person);
            }
        }
        Ok((load, before, declined))
    }
}

/// An earlier invitation, with the letter that asked.
#[derive(sea_orm::FromQueryResult)]
struct Past {
    participant_id: ParticipantId,
    state: InvitationState,
    run_id: Option<MatchRunId>,
    created_at: Time,
    letter: Option<MailState>,
    sent_at: Option<Time>,
    opportunity_id: OpportunityId,
    project_id: ProjectId,
    minutes: i32,
    preparation_minutes: i32,
}

type History = (HashMap<ParticipantId, Asked>, HashSet<ParticipantId>, HashSet<ParticipantId>);

/// Somebody who has joined, as far as matching needs to know them.
#[derive(sea_orm::FromQueryResult)]
struct Read {
    id: ParticipantId,
    email: String,
    email_key: String,
    /// How they want to be involved, if they have said it.
    document: Option<PreferenceDoc>,
    /// Their standing agreement to be written to with invitations.
    agreed: Option<ConsentEventId>,
}

/// A person who was looked at.
pub struct Looked {
    /// Who.
    pub participant: ParticipantId,
    /// Where a letter would go.
    address: String,
    /// Whether they may be asked.
    pub verdict: Result<Eligible, WhyNot>,
    why: Vec<String>,
}

impl Looked {
    /// As somebody to be invited, if they may be.
    pub fn invitee(self) -> Option<Invitee> {
        let eligible = self.verdict.ok()?;
        Some(Invitee {
            participant: self.participant,
            address: self.address,
            question_first: eligible.question_first,
            why: self.why,
        })
    }
}

/// Whether nobody stands behind a page of people.
pub fn is_last(page: &[Looked]) -> bool {
    u64::try_from(page.len()).unwrap_or(u64::MAX) < PAGE
}

/// Whether an opportunity can invite now.
pub async fn must_be_open(connection: &impl ConnectionTrait, opportunity: &opportunity::Model, now: Time) -> Result<()> {
    if opportunities::is_open(connection, opportunity, now).await? {
        Ok(())
    } else {
        Err(Error::conflict("not_open", "Open this first: nobody is asked about something that takes no answers."))
    }
}
