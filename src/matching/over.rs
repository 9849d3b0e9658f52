//! For somebody's own eyes: what is over, whether they were asked for it, by which of their choices of that day not, and what draws did.

use super::{
    mine::{OwnDraw, by_wish, draws},
    rules::reason,
    together::own::{self, OwnShare},
};
use crate::{
    accounts::Person,
    invitations::{posted, rules::offer},
    opportunities::{self, zone_of},
    participants::{
        rules::{objection, quiet_on, speaks_against, trying},
        topics::titles,
    },
    platform::{Platform, Result, http::Cursor},
};
use chrono::NaiveDate;
use entity::{
    InvitationState, OpportunityId, OpportunityState, ParticipantState, PreferenceDoc, PreferenceId, Time, TopicId, WhyNot,
    invitation, match_run, opportunity, organisation, participant, preference, trial,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::{HashMap, HashSet};

/// So many versions of somebody's choices are looked at, newest first.
const VERSIONS: u64 = 200;

/// Something that is over.
pub struct Over {
    /// What.
    pub opportunity: opportunity::Model,
    /// When people were asked first.
    pub asked_at: Option<Time>,
    /// Whether they were asked.
    pub asked: bool,
    /// Why they were not asked then, as far as it was by their choices of that day.
    pub why_not: Option<WhyNot>,
    /// The same in words, also where it was for another reason.
    pub in_words: Option<String>,
    /// What the newest draw for it did, if they were in it.
    pub draw: Option<OwnDraw>,
    /// How letters were shared out, if they were in that.
    pub share: Option<OwnShare>,
}

/// What has closed and was asked about, newest first, and one more. A constant number of statements.
pub async fn list(platform: &Platform, person: &Person, home: &organisation::Model, cursor: Cursor) -> Result<Vec<Over>> {
    let (db, organisation, me) = (platform.db.read(), person.organisation, person.participant);
    let asked_about = match_run::Entity::find()
        .select_only()
        .column(match_run::Column::OpportunityId)
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .into_query();
    let mut query = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::State.eq(OpportunityState::Closed))
        .filter(opportunity::Column::Id.in_subquery(asked_about));
    if let Some(before) = cursor.after {
        query = query.filter(opportunity::Column::Id.lt(OpportunityId(before)));
    }
    let closed = query.order_by_desc(opportunity::Column::Id).limit(cursor.limit + 1).all(db).await?;
    let ids: Vec<OpportunityId> = closed.iter().map(|row| row.id).collect();
    let invited: Vec<(OpportunityId, InvitationState)> = invitation::Entity::find()
        .select_only()
        .columns([invitation::Column::OpportunityId, invitation::Column::State])
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::ParticipantId.eq(me))
        .filter(invitation::Column::OpportunityId.is_in(ids.iter().copied()))
        .filter(invitation::Column::State.ne(InvitationState::Unsent))
        // Whom no letter reached was not asked; whoever chose it themselves knows of it without one.
        .filter(Condition::any().add(invitation::Column::RunId.is_null()).add(posted::has_asked()))
        .into_tuple()
        .all(db)
        .await?;
    // Whoever said yes was in the draw that followed the letters, whatever became of their yes since.
    let yes = [InvitationState::Accepted, InvitationState::Waiting, InvitationState::Ended];
    let said_yes = invited.iter().filter(|(_, state)| yes.contains(state)).map(|(id, _)| *id).collect();
    let asked: HashSet<OpportunityId> = invited.iter().map(|(id, _)| *id).collect();
    let mut draws = draws(platform, person, &ids, &said_yes).await?;
    let mut shares = own::shares(platform, person, &ids).await?;
    let then = Then::read(db, person, home, &ids).await?;
    let over = |opportunity: opportunity::Model| {
        let asked = asked.contains(&opportunity.id);
        let asked_at = then.runs.get(&opportunity.id).copied();
        let (why_not, in_words) = match asked_at.filter(|_| !asked) {
            Some(at) => then.judged(home, &opportunity, at),
            None => (None, None),
        };
        let (draw, share) = (draws.remove(&opportunity.id), shares.remove(&opportunity.id));
        // Whoever was in a draw could be asked.
        let (why_not, in_words) = if draw.is_some() || share.is_some() { (None, None) } else { (why_not, in_words) };
        Over { opportunity, asked_at, asked, why_not, in_words, draw, share }
    };
    Ok(closed.into_iter().map(over).collect())
}

/// What held for somebody when people were asked.
struct Then {
    /// When people were first asked for each.
    runs: HashMap<OpportunityId, Time>,
    topics: HashMap<OpportunityId, Vec<TopicId>>,
    titles: HashMap<TopicId, String>,
    /// When they joined, if they have.
    joined_at: Option<Time>,
    /// Versions of their choices, newest first.
    versions: Vec<(PreferenceId, Time, PreferenceDoc)>,
    /// What they tried beside them, newest first.
    trials: Vec<trial::Model>,
}

impl Then {
    async fn read(
        connection: &impl ConnectionTrait,
        person: &Person,
        home: &organisation::Model,
        ids: &[OpportunityId],
    ) -> Result<Self> {
        let runs: Vec<(OpportunityId, Option<Time>)> = match_run::Entity::find()
            .select_only()
            .column(match_run::Column::OpportunityId)
            .column_as(match_run::Column::CreatedAt.min(), "at")
            .filter(match_run::Column::OrganisationId.eq(home.id))
            .filter(match_run::Column::OpportunityId.is_in(ids.iter().copied()))
            .group_by(match_run::Column::OpportunityId)
            .into_tuple()
            .all(connection)
            .await?;
        let topics = opportunities::topics(connection, home.id, ids).await?;
        let titles = titles(connection, home.id, topics.values().flatten().copied()).await?;
        let row = participant::Entity::find_by_id((home.id, person.participant)).one(connection).await?;
        let versions = preference::Entity::find()
            .select_only()
            .columns([preference::Column::Id, preference::Column::RecordedAt, preference::Column::Document])
            .filter(preference::Column::OrganisationId.eq(home.id))
            .filter(preference::Column::ParticipantId.eq(person.participant))
            .order_by_desc(preference::Column::N)
            .limit(VERSIONS)
            .into_tuple()
            .all(connection)
            .await?;
        let trials = trial::Entity::find()
            .filter(trial::Column::OrganisationId.eq(home.id))
            .filter(trial::Column::ParticipantId.eq(person.participant))
            .order_by_desc(trial::Column::Id)
            .limit(VERSIONS)
            .all(connection)
            .await?;
        Ok(Self {
            runs: runs.into_iter().filter_map(|(id, at)| Some((id, at?))).collect(),
            topics,
            titles,
            joined_at: row.filter(|row| row.state == ParticipantState::Joined).and_then(|row| row.joined_at),
            versions,
            trials,
        })
    }

    /// What they wanted then, with what they tried beside it.
    fn wished(&self, at: Time, today: NaiveDate) -> PreferenceDoc {
        let Some((id, _, doc)) = self.versions.iter().find(|(_, recorded, _)| *recorded <= at) else {
            return PreferenceDoc::unspoken();
        };
        let ran = |row: &&trial::Model| {
            row.preference_id == *id && row.started_at <= at && row.ended_at.is_none_or(|end| end > at) && row.last_day >= today
        };
        self.trials.iter().find(ran).map_or_else(|| doc.clone(), |on| trying(doc, on.rung))
    }

    /// What in their choices of that time spoke against asking them, and how that is said.
    fn judged(&self, home: &organisation::Model, about: &opportunity::Model, at: Time) -> (Option<WhyNot>, Option<String>) {
        if self.joined_at.is_none_or(|joined| joined > at) {
            return (None, Some("You had not joined yet when people were asked.".into()));
        }
        let none = Vec::new();
        let topics = self.topics.get(&about.id).unwrap_or(&none);
        let offer = offer(about, topics, about.rung, at, zone_of(home), at);
        let doc = &self.wished(at, offer.today);
        let quiet = || quiet_on(doc, offer.today).then_some(WhyNot::QuietPeriod);
        let why = objection(doc, &offer).map(reason).or_else(quiet);
        let scope = speaks_against(doc, offer.matter(), about.rung, offer.today);
        let words = match why {
            Some(why) => format!("By your choices of that day: {}", by_wish(why, scope, &self.titles)),
            None => {
                "Your choices did not speak against it. It was for another reason, such as how often you had been asked.".into()
            }
        };
        (why, Some(words))
    }
}
