//! Reads people a page at a time, with all that the rule needs: a constant number of queries a thousand people.

use super::{
    groups::{CountsFor, Groups},
    rules::{Ask, Candidate, Chosen, Eligible, Left, may_be_asked, ruled_out, why},
};
use crate::{
    consent::permits::standing,
    invitations::{
        self, Invitee, applications,
        load::{Asked, When, earlier},
        same_day::{self, Meetings},
        silence,
    },
    opportunities::{self, activity_of},
    participants::{
        rules::{time_of_week, trying},
        trials,
    },
    platform::{Error, Platform, Result, db::filled_up, mail::suppression::suppressed},
};
use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::{
    InvitationState, ParticipantId, ParticipantState, PreferenceDoc, PreferenceId, Purpose, Rung, SeatQuota, Time, TopicId,
    WhyNot, application, consent_standing, demographic, invitation, opportunity, opportunity_topic, organisation, participant,
    place, preference, trial,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Order, Query, SimpleExpr},
};
use std::collections::{HashMap, HashSet};
use tokio::sync::Semaphore;

/// People in one page.
pub const PAGE: u64 = 1000;
/// Pages that are read at the same time.
const PAGES: usize = 4;
/// Everybody is looked at for one opportunity at a time: it takes some of the connections to the database, and the others are
/// for everybody else.
static LOOKS: Semaphore = Semaphore::const_new(1);

/// Whom to look at.
#[derive(Clone, Copy)]
pub enum Whom<'a> {
    /// The next so many behind somebody, or the first ones. Fewer are the last.
    Behind(Option<ParticipantId>, u64),
    /// Everybody behind somebody, up to somebody.
    Between(Option<ParticipantId>, Option<ParticipantId>),
    /// These: a page at most.
    These(&'a [ParticipantId]),
}

/// What people are looked at for.
pub struct Question {
    /// The opportunity.
    pub opportunity: opportunity::Model,
    /// What it asks.
    pub ask: Ask,
    /// How its places are shared out among groups; empty where they are not.
    pub quotas: Vec<SeatQuota>,
    /// Whether those who say yes are gathered, and names are drawn among them later.
    pub gathers: bool,
    /// Whether the asking is shared among several opportunities.
    pub shared: bool,
    groups: Groups,
    zone: Tz,
    month_began: Time,
    when: When,
    /// Invitations a month at most to people who set no limit themselves.
    usual: Option<i32>,
    /// Whether anybody applied for it themselves.
    applications: bool,
    /// What else there is on the day on which it begins.
    beside: Meetings,
}

impl Question {
    /// Reads what an opportunity asks.
    pub async fn read(connection: &impl ConnectionTrait, opportunity: opportunity::Model, now: Time) -> Result<Self> {
        let organisation = organisation::Entity::find_by_id(opportunity.organisation_id).one(connection).await?;
        let organisation = organisation.ok_or_else(|| Error::bug("an opportunity without its organisation"))?;
        Self::of(connection, &organisation, opportunity, now).await
    }

    /// Reads what an opportunity of an organisation asks.
    pub async fn of(
        connection: &impl ConnectionTrait,
        organisation: &organisation::Model,
        opportunity: opportunity::Model,
        now: Time,
    ) -> Result<Self> {
        let zone = opportunities::zone_of(organisation);
        let topics = opportunity_topic::Entity::find()
            .filter(opportunity_topic::Column::OrganisationId.eq(opportunity.organisation_id))
            .filter(opportunity_topic::Column::OpportunityId.eq(opportunity.id))
            .all(connection)
            .await?;
        let supported = opportunities::supported::of_one(connection, &opportunity, now).await?.rung;
        let ask = asks(&opportunity, topics.into_iter().map(|row| row.topic_id).collect(), supported, zone, now);
        let sharing = opportunities::quotas::drawn_by(connection, &opportunity).await?;
        let (gathers, quotas) = (sharing.gathers(), sharing.quotas);
        let groups = Groups::of(&quotas);
        let beside = same_day::beside(connection, &opportunity, zone).await?;
        let applications = applications::any(connection, opportunity.organisation_id, opportunity.id).await?;
        Ok(Self {
            applications,
            when: When::of(zone, now, opportunity.starts_at),
            usual: organisation.invites_per_month,
            beside,
            opportunity,
            ask,
            quotas,
            gathers,
            shared: false,
            groups,
            zone,
            month_began: opportunities::month_began(zone, now),
        })
    }

    /// The day that it is then, where the organisation is.
    pub fn day(&self, at: Time) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// Looks at everybody, a few pages at a time: while one is judged, the database reads the next.
    pub async fn everybody(&self, platform: &Platform, now: Time, mut each: impl FnMut(&Looked)) -> Result<()> {
        let db = platform.db.read();
        let _turn = LOOKS.acquire().await.map_err(|_| Error::bug("nobody closes the turns"))?;
        let ends = self.ends(db).await?;
        let pages = (0..=ends.len()).map(|n| (n.checked_sub(1).and_then(|n| ends.get(n)).copied(), ends.get(n).copied()));
        let page = |(after, until)| self.page(db, platform, Whom::Between(after, until), now);
        let mut pages = stream::iter(pages.map(page)).buffered(PAGES);
        while let Some(page) = pages.try_next().await? {
            page.iter().for_each(&mut each);
        }
        Ok(())
    }

    /// Where each full page of people ends.
    async fn ends(&self, connection: &impl ConnectionTrait) -> Result<Vec<ParticipantId>> {
        let number = Expr::cust("row_number() OVER (ORDER BY id)");
        let numbered = participant::Entity::find()
            .select_only()
            .column(participant::Column::Id)
            .expr_as(number, "number")
            .filter(participant::Column::OrganisationId.eq(self.opportunity.organisation_id))
            .filter(participant::Column::State.eq(ParticipantState::Joined))
            .into_query();
        let ends = Query::select()
            .column(participant::Column::Id)
            .from_subquery(numbered, "numbered")
            .and_where(Expr::cust(format!("number % {PAGE} = 0")))
            .order_by(participant::Column::Id, Order::Asc)
            .to_owned();
        let rows = connection.query_all(&ends).await?;
        Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
    }

    /// Looks at people. What the databases are asked is plain, and one table at a time: a planner that joins short stretches of
    /// several tables guesses wrong by a thousand.
    pub async fn page(
        &self,
        connection: &impl ConnectionTrait,
        platform: &Platform,
        whom: Whom<'_>,
        now: Time,
    ) -> Result<Vec<Looked>> {
        let organisation = self.opportunity.organisation_id;
        let people = self.read_people(connection, whom).await?;
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let agreed: Vec<ParticipantId> = consent_standing::Entity::find()
            .select_only()
            .column(consent_standing::Column::ParticipantId)
            .filter(standing(organisation, Purpose::ContactInvite, organisation.0, now))
            .filter(these(consent_standing::Column::ParticipantId, whom, &people))
            .into_tuple()
            .all(connection)
            .await?;
        let agreed: HashSet<ParticipantId> = agreed.into_iter().collect();
        // Who stopped such letters, or whose mailbox refuses them, cannot be asked: no seat waits for them.
        let addresses = people.iter().filter(|person| agreed.contains(&person.id)).map(|person| person.email_key.as_str());
        let unreachable = suppressed(connection, platform, organisation, addresses, invitations::INVITE).await?;
        let asked = these(invitation::Column::ParticipantId, whom, &people);
        let history = self.history(connection, asked).await?;
        let silent = these(invitation::Column::ParticipantId, whom, &people);
        let silent = silence::candidates(connection, organisation, silent, PAGE).await?;
        let silent = silence::among(connection, organisation, &silent, now).await?;
        let applied = match self.applications {
            true => {
                let whose = these(application::Column::ParticipantId, whom, &people);
                applications::among(connection, organisation, self.opportunity.id, whose).await?
            }
            false => HashSet::new(),
        };
        let comes = these(place::Column::ParticipantId, whom, &people);
        let that_day = same_day::among(connection, organisation, &self.beside, comes).await?;
        let last_asked = |person: &Read| person.last_asked_at.map_or(self.ask.today, |at| self.day(at));
        let unspoken = PreferenceDoc::unspoken();
        let known = |person: &Read| Candidate {
            wishes: &unspoken,
            trying: None,
            has_said: false,
            may_be_written_to: agreed.contains(&person.id) && !unreachable.contains(person.email_key.as_str()),
            asked: history.load.get(&person.id).copied().unwrap_or_default(),
            usual: self.usual,
            asked_before: history.before.contains(&person.id),
            unheard: history.unheard.contains(&person.id),
            declined_here: history.declined.contains(&person.id),
            silent_since: silent.contains_key(&person.id).then(|| last_asked(person)),
            applied: applied.contains(&person.id),
            meetings_that_day: that_day.get(&person.id).copied().unwrap_or(0),
        };
        // Nobody's wishes are read who is not asked whatever they are.
        let open = people.iter().filter(|person| ruled_out(&known(person)).is_none());
        let mut wishes = self.wishes(connection, open.filter_map(|person| person.preference_id)).await?;
        let trials = these(trial::Column::ParticipantId, whom, &people);
        let trials = trials::running(connection, organisation, trials, self.ask.today).await?;
        for (version, on) in &trials {
            wishes.entry(*version).and_modify(|doc| *doc = trying(doc, on.rung));
        }
        // Whoever counts everybody asks nobody.
        let asks = !matches!(whom, Whom::Between(..));
        let look = |person: &Read| {
            let own = person.preference_id.and_then(|id| wishes.get(&id));
            let on = person.preference_id.and_then(|id| trials.get(&id)).copied();
            let wishes = own.unwrap_or(&unspoken);
            let candidate = Candidate { wishes, trying: on, has_said: own.is_some(), ..known(person) };
            let verdict = may_be_asked(&self.ask, &candidate);
            let chosen = match self.opportunity.places {
                _ if self.shared => Chosen::Shared,
                None => Chosen::Everybody,
                Some(_) if self.gathers => Chosen::Letters,
                Some(_) => Chosen::Drawn,
            };
            let told = || why(&self.ask, &candidate, chosen);
            let why = if asks && verdict.is_ok() { told() } else { Vec::new() };
            let (participant, address, last_asked) = (person.id, person.email.clone(), person.last_asked_at);
            let left = candidate.left();
            Looked { participant, address, verdict, why, counts_for: Vec::new(), last_asked, left }
        };
        let mut looked: Vec<Looked> = people.iter().map(look).collect();
        if !self.groups.is_empty() {
            let facts = these(demographic::Column::ParticipantId, whom, &people);
            let consents = these(consent_standing::Column::ParticipantId, whom, &people);
            let mut found = self.groups.counts_for(connection, organisation, facts, consents, now).await?;
            for one in looked.iter_mut().filter(|one| one.verdict.is_ok()) {
                one.counts_for = found.remove(&one.participant).unwrap_or_default();
            }
        }
        Ok(looked)
    }

    /// What people count for who are not among those that are looked at, such as who has a place already.
    pub async fn counts_for(
        &self,
        connection: &impl ConnectionTrait,
        people: &[ParticipantId],
        now: Time,
    ) -> Result<HashMap<ParticipantId, CountsFor>> {
        let mut found = HashMap::new();
        for people in people.chunks(1000) {
            let facts = demographic::Column::ParticipantId.is_in(filled_up(people.iter().copied()));
            let consents = consent_standing::Column::ParticipantId.is_in(filled_up(people.iter().copied()));
            let organisation = self.opportunity.organisation_id;
            found.extend(self.groups.counts_for(connection, organisation, facts, consents, now).await?);
        }
        Ok(found)
    }

    /// People who have joined.
    async fn read_people(&self, connection: &impl ConnectionTrait, whom: Whom<'_>) -> Result<Vec<Read>> {
        let id = participant::Column::Id;
        let query = participant::Entity::find()
            .select_only()
            .columns([
                id,
                participant::Column::Email,
                participant::Column::EmailKey,
                participant::Column::PreferenceId,
                participant::Column::LastAskedAt,
            ])
            .filter(participant::Column::OrganisationId.eq(self.opportunity.organisation_id))
            .filter(participant::Column::State.eq(ParticipantState::Joined));
        let query = match whom {
            Whom::Behind(after, most) => after.into_iter().fold(query.limit(most), |query, after| query.filter(id.gt(after))),
            Whom::These(these) => query.filter(id.is_in(filled_up(these.iter().copied()))),
            Whom::Between(after, until) => {
                let query = after.into_iter().fold(query, |query, after| query.filter(id.gt(after)));
                until.into_iter().fold(query, |query, until| query.filter(id.lte(until)))
            }
        };
        Ok(query.order_by_asc(id).into_model().all(connection).await?)
    }

    /// What these versions of wishes say.
    async fn wishes(
        &self,
        connection: &impl ConnectionTrait,
        versions: impl Iterator<Item = PreferenceId>,
    ) -> Result<HashMap<PreferenceId, PreferenceDoc>> {
        let found: Vec<(PreferenceId, PreferenceDoc)> = preference::Entity::find()
            .select_only()
            .columns([preference::Column::Id, preference::Column::Document])
            .filter(preference::Column::OrganisationId.eq(self.opportunity.organisation_id))
            .filter(preference::Column::Id.is_in(filled_up(versions)))
            .into_tuple()
            .all(connection)
            .await?;
        Ok(found.into_iter().collect())
    }

    async fn history(&self, connection: &impl ConnectionTrait, asked: SimpleExpr) -> Result<History> {
        let about = invitation::Column::OpportunityId.eq(self.opportunity.id);
        let about = about.or(opportunity::Column::ProjectId.eq(self.opportunity.project_id));
        let rows = earlier(connection, self.opportunity.organisation_id, asked, self.month_began, about).await?;
        let mut history = History::default();
        for row in rows {
            let person = row.participant_id;
            row.count(&self.when, history.load.entry(person).or_default());
            if row.opportunity_id == self.opportunity.id {
                let asked = if row.heard() { &mut history.before } else { &mut history.unheard };
                asked.insert(person);
            }
            if row.project_id == self.opportunity.project_id && row.state == InvitationState::Declined {
                history.declined.insert(person);
            }
        }
        Ok(history)
    }
}

/// What an opportunity asks of somebody who is asked now.
pub(super) fn asks(opportunity: &opportunity::Model, topics: Vec<TopicId>, supported: Rung, zone: Tz, now: Time) -> Ask {
    let day = |at: Time| at.with_timezone(&zone).date_naive();
    Ask {
        rung: opportunity.rung,
        supported,
        topics,
        activity: activity_of(opportunity),
        stage: opportunity.stage,
        formats: opportunity.formats.0.clone(),
        group: opportunity.group_facts.clone(),
        minutes: i64::from(opportunity.minutes) + i64::from(opportunity.preparation_minutes),
        starts_on: opportunity.starts_at.map(day),
        starts_in: opportunity.starts_at.map(|at| time_of_week(at, zone)),
        today: day(now),
    }
}

/// What people were asked for before.
#[derive(Default)]
struct History {
    load: HashMap<ParticipantId, Asked>,
    /// Those whom this opportunity has asked.
    before: HashSet<ParticipantId>,
    /// Those whom it was to ask, and whom no letter reached.
    unheard: HashSet<ParticipantId>,
    /// Those who said no in this project.
    declined: HashSet<ParticipantId>,
}

/// A column that names one of these people.
fn these(column: impl ColumnTrait, whom: Whom<'_>, people: &[Read]) -> SimpleExpr {
    match (whom, people.first(), people.last()) {
        // Few others lie between, such as those who have left: naming both ends costs far less than naming each.
        (Whom::Behind(..) | Whom::Between(..), Some(first), Some(last)) => column.between(first.id, last.id),
        _ => column.is_in(filled_up(people.iter().map(|person| person.id))),
    }
}

/// Somebody who has joined, as far as matching needs to know them.
#[derive(sea_orm::FromQueryResult)]
struct Read {
    id: ParticipantId,
    email: String,
    email_key: String,
    /// The version of their wishes that counts, if they have said any.
    preference_id: Option<PreferenceId>,
    last_asked_at: Option<Time>,
}

/// A person who was looked at.
pub struct Looked {
    /// Who.
    pub participant: ParticipantId,
    /// Where a letter would go.
    address: String,
    /// Whether they may be asked.
    pub verdict: Result<Eligible, WhyNot>,
    /// The quotas that they count for; empty if they may not be asked.
    pub counts_for: CountsFor,
    /// When they were asked last, for whatever.
    pub last_asked: Option<Time>,
    /// What they can still be asked for this month.
    pub left: Left,
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

/// Whether an opportunity can invite now.
pub async fn must_be_open(connection: &impl ConnectionTrait, opportunity: &opportunity::Model, now: Time) -> Result<()> {
    if opportunities::is_open(connection, opportunity, now).await? {
        Ok(())
    } else {
        Err(Error::conflict("not_open", "Open this first: nobody is asked about something that takes no answers."))
    }
}
