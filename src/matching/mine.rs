//! For somebody's own eyes: whether they may be asked for what is open, by which of their choices not, and what a draw did.

use super::{
    file,
    grounds::Grounds,
    letters,
    people::asks,
    pools::{self, Sought},
    public::without_pool,
    rules::{Candidate, may_be_asked},
    runs::number_in,
    seats,
    together::own::{self, OwnShare},
};
use crate::{
    accounts::Person,
    consent::permits,
    invitations::{
        self, applications,
        load::{Asked, When, earlier},
        same_day::OwnDays,
        silence,
    },
    opportunities,
    participants::{
        preferences::today,
        rules::{Scope, Trying, speaks_against},
        topics::titles,
        trials::{InForce, in_force},
    },
    platform::{Platform, Result, http::Cursor, mail::suppression::suppressed},
};
use entity::{
    DrawOutcome, InvitationState, MatchRunId, OpportunityId, OpportunityState, PreferenceDoc, Purpose, Time, TopicId, WhyNot,
    invitation, match_result, match_run, opportunity, organisation, participant,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Something that is open, for one person.
pub struct Mine {
    /// What.
    pub opportunity: opportunity::Model,
    /// Why they are not asked, if they are not.
    pub why_not: Option<WhyNot>,
    /// The same in words, with which of their wishes it is.
    pub in_words: Option<String>,
    /// What they try, where that is why they may be asked.
    pub tries: Option<Trying>,
    /// Whether they applied for it themselves.
    pub applied: bool,
    /// What the newest draw for it did, if they were in it.
    pub draw: Option<OwnDraw>,
    /// How letters were shared out among several things, this one among them, if they were in that.
    pub share: Option<OwnShare>,
}

/// A draw that somebody was in.
pub struct OwnDraw {
    /// The run.
    pub run: MatchRunId,
    /// Their number in it.
    pub number: Uuid,
    /// When names were drawn.
    pub at: Time,
    /// Their chance, from 0 to 1.
    pub chance: f64,
    /// What became of them; none if their name was not drawn.
    pub outcome: Option<DrawOutcome>,
    /// Whether those who get a letter were drawn, and not yet those who get a place.
    pub letters: bool,
}

/// Why somebody is not asked, in words for themselves.
pub fn in_words(why: WhyNot) -> &'static str {
    match why {
        WhyNot::NoConsent => "You have not agreed to be sent invitations, or you have stopped them.",
        WhyNot::AskedBefore => "You have been asked for this already.",
        WhyNot::Undelivered => "A letter about this was made for you, and could not be delivered.",
        WhyNot::Paused => "You are pausing, so nothing is asked of you.",
        WhyNot::DeclinedHere => "You said no to something in the same project, so you are not asked again.",
        WhyNot::Topic => "It is about a topic that you do not want to be asked about.",
        WhyNot::Rung => "It asks for more, or for something else, than you chose.",
        WhyNot::Supported => "You chose more than this can be, by what is on record.",
        WhyNot::Activity => "It is a kind of activity that you did not choose.",
        WhyNot::Format => "It takes place in a way that you did not choose.",
        WhyNot::Group => "You do not want to meet others in such a group, or it was not said what the group is.",
        WhyNot::Time => "It begins at a time of the week that you did not choose.",
        WhyNot::SameDay => "You come to as many meetings on that day as you want.",
        WhyNot::QuietPeriod => "You asked for quiet at this time.",
        WhyNot::Notice => "It begins sooner than the notice that you asked for.",
        WhyNot::MonthlyInvitations => "You have had as many invitations this month as you want.",
        WhyNot::Unanswered => "You have not answered our last letters, so we ask you half as often until we hear from you.",
        WhyNot::MonthlyMinutes => "It takes more time than you have left for this month.",
    }
}

/// The same, where a wish of its own for a topic, a kind of activity or a stage of the work speaks against it.
pub(super) fn by_wish(why: WhyNot, scope: Option<Scope>, topics: &HashMap<TopicId, String>) -> String {
    let of = match scope {
        Some(Scope::Topic(topic)) => match topics.get(&topic) {
            Some(title) => format!("for the topic “{title}”"),
            None => "for its topic".into(),
        },
        Some(Scope::Activity(_)) => "for this kind of activity".into(),
        Some(Scope::Stage(_)) => "for this stage of the work".into(),
        None => return in_words(why).into(),
    };
    match why {
        WhyNot::Rung => format!("It asks for more, or for something else, than you chose {of}."),
        WhyNot::Paused => format!("You are pausing {of}, so you are not asked for this."),
        why => in_words(why).into(),
    }
}

/// What is open, newest first, and one more, each with what it means for this person. The same rule decides that decides for
/// everybody; a constant number of statements.
pub async fn list(platform: &Platform, person: &Person, organisation: &organisation::Model, cursor: Cursor) -> Result<Vec<Mine>> {
    let (db, now, me) = (platform.db.read(), platform.clock.now(), person.participant);
    let zone = opportunities::zone_of(organisation);
    let mut query = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation.id))
        .filter(opportunity::Column::State.eq(OpportunityState::Open));
    if let Some(before) = cursor.after {
        query = query.filter(opportunity::Column::Id.lt(OpportunityId(before)));
    }
    let open = query.order_by_desc(opportunity::Column::Id).limit(cursor.limit + 1).all(db).await?;
    let ids: Vec<OpportunityId> = open.iter().map(|row| row.id).collect();
    let mut topics = opportunities::topics(db, organisation.id, &ids).await?;
    let row = participant::Entity::find_by_id((organisation.id, me)).one(db).await?;
    let email = row.as_ref().map(|row| row.email_key.clone()).unwrap_or_default();
    let agrees = permits(db, organisation.id, me, Purpose::ContactInvite, organisation.id.0, now).await?;
    let unreachable = suppressed(db, platform, organisation.id, [email.as_str()], invitations::INVITE).await?;
    let wishes = match &row {
        Some(row) => in_force(db, row, today(organisation, now)).await?,
        None => InForce { n: 0, doc: PreferenceDoc::unspoken(), trying: None },
    };
    let days = OwnDays::read(db, organisation.id, me, &wishes.doc, zone).await?;
    let projects = open.iter().map(|row| row.project_id);
    let about = invitation::Column::OpportunityId.is_in(ids.iter().copied()).or(opportunity::Column::ProjectId.is_in(projects));
    let own = invitation::Column::ParticipantId.eq(me);
    let history = earlier(db, organisation.id, own, opportunities::month_began(zone, now), about).await?;
    let silent = silence::candidates(db, organisation.id, invitation::Column::ParticipantId.eq(me), 1).await?;
    let silent = silence::among(db, organisation.id, &silent, now).await?.contains_key(&me);
    let last = row.as_ref().and_then(|row| row.last_asked_at).map(|at| at.with_timezone(&zone).date_naive());
    let silent_since = silent.then(|| last.unwrap_or_else(|| today(organisation, now)));
    let yes = [InvitationState::Accepted, InvitationState::Waiting];
    let said_yes = history.iter().filter(|row| yes.contains(&row.state)).map(|row| row.opportunity_id).collect();
    let mut draws = draws(platform, person, &ids, &said_yes).await?;
    let supported = opportunities::supported::of(db, &open, now).await?;
    let applied = applications::of(db, organisation.id, me, ids.iter().copied()).await?;
    let mut shares = own::shares(platform, person, &ids).await?;
    let titles = titles(db, organisation.id, wishes.doc.topic_stances.iter().map(|wish| wish.topic)).await?;
    let mine = |opportunity: opportunity::Model| {
        let (mut asked, when) = (Asked::default(), When::of(zone, now, opportunity.starts_at));
        history.iter().for_each(|row| row.count(&when, &mut asked));
        let candidate = Candidate {
            wishes: &wishes.doc,
            trying: wishes.trying,
            has_said: wishes.n > 0,
            may_be_written_to: agrees && unreachable.is_empty(),
            asked,
            usual: organisation.invites_per_month,
            asked_before: history.iter().any(|row| row.opportunity_id == opportunity.id && row.heard()),
            unheard: history.iter().any(|row| row.opportunity_id == opportunity.id && !row.heard()),
            declined_here: history
                .iter()
                .any(|row| row.project_id == opportunity.project_id && row.state == InvitationState::Declined),
            silent_since,
            applied: applied.contains(&opportunity.id),
            meetings_that_day: days.beside(&opportunity),
        };
        let can_be = supported.get(&opportunity.id).map_or(opportunity.rung, |supported| supported.rung);
        let ask = asks(&opportunity, topics.remove(&opportunity.id).unwrap_or_default(), can_be, zone, now);
        // Whoever was asked is told that, whatever else would speak against asking them again.
        let why_not = match candidate.asked_before {
            true => Some(WhyNot::AskedBefore),
            false => may_be_asked(&ask, &candidate).err(),
        };
        let day = ask.today;
        let scope = speaks_against(&wishes.doc, ask.offer().matter(), opportunity.rung, day);
        let in_words = why_not.map(|why| by_wish(why, scope, &titles));
        let tries = wishes.trying.filter(|on| why_not.is_none() && on.rung == opportunity.rung);
        let (draw, share) = (draws.remove(&opportunity.id), shares.remove(&opportunity.id));
        let applied = candidate.applied;
        Mine { draw, share, why_not, in_words, tries, applied, opportunity }
    };
    Ok(open.into_iter().map(mine).collect())
}

/// The newest draw for each opportunity, for those that the person was in.
pub(super) async fn draws(
    platform: &Platform,
    person: &Person,
    about: &[OpportunityId],
    said_yes: &HashSet<OpportunityId>,
) -> Result<HashMap<OpportunityId, OwnDraw>> {
    let (db, organisation) = (platform.db.read(), person.organisation);
    let runs = without_pool()
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .filter(match_run::Column::OpportunityId.is_in(about.iter().copied()))
        .filter(match_run::Column::State.eq("done"))
        .filter(match_run::Column::PoolDigest.is_not_null())
        .order_by_asc(match_run::Column::Id)
        .all(db)
        .await?;
    let results: HashMap<MatchRunId, match_result::Model> = match_result::Entity::find()
        .filter(match_result::Column::OrganisationId.eq(organisation))
        .filter(match_result::Column::ParticipantId.eq(person.participant))
        .filter(match_result::Column::RunId.is_in(runs.iter().map(|run| run.id)))
        .all(db)
        .await?
        .into_iter()
        .map(|row| (row.run_id, row))
        .collect();
    // The one that drew them, or else the newest.
    let mut newest: HashMap<OpportunityId, match_run::Model> = HashMap::new();
    for run in runs {
        let drew = |run: &match_run::Model| {
            results.get(&run.id).is_some_and(|row| matches!(row.outcome, DrawOutcome::Asked | DrawOutcome::Seated))
        };
        // Who got a letter by lot and said yes was in the draw for places that followed.
        let letters = |before: &match_run::Model| before.rules_version == letters::RULES;
        let followed = newest.get(&run.opportunity_id).is_some_and(letters)
            && run.rules_version == seats::RULES
            && said_yes.contains(&run.opportunity_id);
        if followed || !newest.get(&run.opportunity_id).is_some_and(drew) || drew(&run) {
            newest.insert(run.opportunity_id, run);
        }
    }
    let numbers: Vec<(&match_run::Model, Uuid)> =
        newest.values().map(|run| (run, number_in(platform, run.id, person.participant, results.get(&run.id)))).collect();
    let sought = |(run, number): &(&match_run::Model, Uuid)| Sought {
        of: run.id.0,
        line: file::line_of(&run.rules_version),
        number: *number,
    };
    let sought: Vec<Sought> = numbers.iter().map(sought).collect();
    let columns = (match_run::Column::Id, match_run::Column::OrganisationId, match_run::Column::Pool);
    let lines = pools::lines::<match_run::Entity>(db, columns, organisation, &sought).await?;
    let own = |(run, number): (&match_run::Model, Uuid)| {
        let line = lines.get(&run.id.0)?;
        let outcome = results.get(&run.id).map(|row| row.outcome);
        let chance = chance(run, seats::kind(line));
        let at = run.finished_at.unwrap_or(run.created_at);
        let letters = run.rules_version == letters::RULES;
        Some((run.opportunity_id, OwnDraw { run: run.id, number, at, chance, outcome, letters }))
    };
    Ok(numbers.into_iter().filter_map(own).collect())
}

/// The chance of somebody who was in a draw, of this kind where there were kinds.
fn chance(run: &match_run::Model, kind: Option<u32>) -> f64 {
    match kind {
        Some(kind) => {
            let grounds = Grounds::read(run.quotas.as_ref());
            grounds.and_then(|grounds| grounds.chances.get(kind as usize).copied()).unwrap_or(0.0)
        }
        None if run.eligible == 0 => 0.0,
        // Names are drawn for the places that are free.
        None => {
            let free = Grounds::read(run.quotas.as_ref()).map(|grounds| f64::from(grounds.drawn));
            f64::min(free.unwrap_or(f64::from(run.places.unwrap_or(0))) / f64::from(run.eligible), 1.0)
        }
    }
}
