//! A person tries a higher rung for a while. Nobody else can begin it, its end needs no act of anybody, and the rung stays only
//! if the person says so.
//!
//! It stands beside the wishes and is read with them: as long as it runs, one rung more is welcome. When it is over, the version
//! that counted before counts, because no other one was ever made.

mod jobs;
mod letters;

pub use jobs::look_after;
pub use letters::compose;

use super::{
    PREFERENCE_CHANGED,
    preferences::{self, Matter, version_of},
    rules::{Terms, Trying, steps_to_try, trying},
};
use crate::{
    accounts::Person,
    platform::{
        Error, Platform, Result, Tx,
        db::filled_up,
        jobs::{self as queue, NewJob},
        text::Check,
    },
};
use chrono::{DateTime, Months, NaiveDate};
use chrono_tz::Tz;
use entity::{
    Attendance, OrganisationId, ParticipantId, PreferenceDoc, PreferenceId, Rung, Time, TrialEnd, TrialId, attendance, meeting,
    opportunity, organisation, participant, preference, trial,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef,
    sea_query::{Expr, SimpleExpr},
};
use std::collections::HashMap;

/// Kind of the letter that asks how a trial is going.
pub const HALF_WAY: &str = "trials.half_way";
/// Kind of the letter that says that a trial is over.
pub const OVER: &str = "trials.over";
/// Kind of the recurring job that asks half-way, and tells when a trial is over.
pub const LOOK_AFTER: &str = "trials.look_after";

/// Sessions, where none were chosen.
const SESSIONS: i32 = 2;
/// Months, where no day was chosen.
const MONTHS: u32 = 3;
/// Months, at most.
const MOST_MONTHS: u32 = 12;

/// What somebody wants to try.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The rung.
    pub rung: Rung,
    /// So many sessions; two if left out.
    pub sessions: Option<i32>,
    /// The last day; in three months if left out.
    pub until: Option<NaiveDate>,
    /// Who goes along.
    pub supporter: Option<String>,
}

/// A trial that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// What was chosen.
    pub row: trial::Model,
    /// Sessions that were attended.
    pub attended: i64,
}

/// Where somebody stands: their trial, if one runs, or what they could try.
#[derive(Clone, Debug)]
pub struct Mine {
    /// The trial.
    pub running: Option<Running>,
    /// Rungs above what they chose, if none runs.
    pub steps: Vec<Rung>,
}

/// What counts for a person on a day, a trial included.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The number of the version; 0 for those who have said nothing.
    pub n: i32,
    /// What counts.
    pub doc: PreferenceDoc,
    /// The trial that it includes.
    pub trying: Option<Trying>,
}

/// What counts for a person today, a trial included.
pub async fn in_force(connection: &impl ConnectionTrait, person: &participant::Model, today: NaiveDate) -> Result<InForce> {
    let Some(version) = version_of(connection, person).await? else {
        return Ok(InForce { n: 0, doc: PreferenceDoc::unspoken(), trying: None });
    };
    let whose = trial::Column::ParticipantId.eq(person.id);
    let mut running = running(connection, person.organisation_id, whose, today).await?;
    let (n, id, mut doc) = (version.n, version.id, version.document);
    let trying = running.remove(&id);
    if let Some(on) = trying {
        doc = self::trying(&doc, on.rung);
    }
    Ok(InForce { n, doc, trying })
}

/// The trials that run on a day, of those whom `whose` names, by the version that counts beside them: whoever has made another
/// one since tries nothing any more. One statement; two where somebody tries something.
pub async fn running(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    whose: SimpleExpr,
    today: NaiveDate,
) -> Result<HashMap<PreferenceId, Trying>> {
    let rows = trial::Entity::find()
        .filter(trial::Column::OrganisationId.eq(organisation))
        .filter(trial::Column::EndedAt.is_null())
        .filter(trial::Column::LastDay.gte(today))
        .filter(whose)
        .all(connection)
        .await?;
    let attended = attended(connection, organisation, &rows).await?;
    let runs = |row: &trial::Model| attended.get(&row.id).copied().unwrap_or(0) < i64::from(row.sessions);
    let trying = |row: &trial::Model| (row.preference_id, Trying { rung: row.rung, until: row.last_day });
    Ok(rows.iter().filter(|row| runs(row)).map(trying).collect())
}

/// How many sessions of the rung were attended in each trial.
async fn attended(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    trials: &[trial::Model],
) -> Result<HashMap<TrialId, i64>> {
    let Some(first) = trials.iter().map(|row| row.started_at).min() else { return Ok(HashMap::new()) };
    let meeting: RelationDef = attendance::Entity::belongs_to(meeting::Entity)
        .from((attendance::Column::OrganisationId, attendance::Column::MeetingId))
        .to((meeting::Column::OrganisationId, meeting::Column::Id))
        .into();
    let opportunity: RelationDef = meeting::Entity::belongs_to(opportunity::Entity)
        .from((meeting::Column::OrganisationId, meeting::Column::OpportunityId))
        .to((opportunity::Column::OrganisationId, opportunity::Column::Id))
        .into();
    let mut found: Vec<(ParticipantId, Rung, Time)> = Vec::new();
    for trials in trials.chunks(1000) {
        let query = attendance::Entity::find()
            .select_only()
            .column(attendance::Column::ParticipantId)
            .column(opportunity::Column::Rung)
            .column(meeting::Column::StartsAt)
            .join(JoinType::InnerJoin, meeting.clone())
            .join(JoinType::InnerJoin, opportunity.clone())
            .filter(attendance::Column::OrganisationId.eq(organisation))
            .filter(attendance::Column::ParticipantId.is_in(filled_up(trials.iter().map(|row| row.participant_id))))
            .filter(attendance::Column::Attendance.eq(Attendance::Present))
            .filter(meeting::Column::StartsAt.gte(first));
        found.extend(query.into_tuple::<(ParticipantId, Rung, Time)>().all(connection).await?);
    }
    let count = |row: &trial::Model| {
        let of_it =
            found.iter().filter(|(who, rung, at)| *who == row.participant_id && *rung == row.rung && *at >= row.started_at);
        i64::try_from(of_it.count()).unwrap_or(i64::MAX)
    };
    Ok(trials.iter().map(|row| (row.id, count(row))).collect())
}

/// Where a person stands.
pub async fn mine(platform: &Platform, person: &Person) -> Result<Mine> {
    let db = platform.db.read();
    let row = super::row(db, person).await?;
    let home = organisation::Entity::find_by_id(person.organisation).one(db).await?.ok_or(Error::NotFound("organisation"))?;
    let today = preferences::today(&home, platform.clock.now());
    let running = open(db, person.organisation, person.participant).await?;
    let running = match running {
        Some(found) if row.preference_id == Some(found.preference_id) => {
            let attended = attended(db, person.organisation, std::slice::from_ref(&found)).await?;
            let attended = attended.get(&found.id).copied().unwrap_or(0);
            let over = terms(&found, zone(&home)).are_over(attended, today);
            (!over).then_some(Running { row: found, attended })
        }
        _ => None,
    };
    let (_, doc) = preferences::current(db, &row).await?;
    let steps = if running.is_some() { Vec::new() } else { steps_to_try(&doc, today) };
    Ok(Mine { running, steps })
}

/// A person begins to try something.
pub async fn start(tx: &Tx, platform: &Platform, person: &Person, wanted: Wanted) -> Result<trial::Model> {
    Check::new().day("/until", wanted.until).done()?;
    let matter = Matter::read(tx, platform, person.organisation, person.participant).await?;
    if let Some(found) = open(tx, person.organisation, person.participant).await? {
        let attended = attended(tx, person.organisation, std::slice::from_ref(&found)).await?;
        let home = organisation::Entity::find_by_id(person.organisation).one(tx).await?.ok_or(Error::NotFound("organisation"))?;
        if !terms(&found, zone(&home)).are_over(attended.get(&found.id).copied().unwrap_or(0), matter.today) {
            return Err(Error::conflict(
                "trying_already",
                "You are trying something now. Go back first, then try something else.",
            ));
        }
        finish(tx, platform, person.organisation, person.participant, TrialEnd::Over).await?;
    }
    let steps = steps_to_try(&matter.doc, matter.today);
    let Some(former) = matter.person.preference_id.filter(|_| !steps.is_empty()) else {
        return Err(Error::conflict("nothing_higher", "There is nothing above what you chose, or you are pausing."));
    };
    let in_months = |months| matter.today.checked_add_months(Months::new(months)).unwrap_or(matter.today);
    let (sessions, until) = (wanted.sessions.unwrap_or(SESSIONS), wanted.until.unwrap_or_else(|| in_months(MONTHS)));
    let supporter = wanted.supporter.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut check = Check::new();
    check.that(steps.contains(&wanted.rung), "/rung", "not_higher", "Choose something that is more than you chose before.");
    check.range("/sessions", sessions, 1, 10);
    let fits = until > matter.today && until <= in_months(MOST_MONTHS);
    check.that(fits, "/until", "out_of_range", "Choose a day to come, within a year.");
    check.length("/supporter", supporter.as_deref().unwrap_or_default(), 200);
    check.done()?;
    let row = trial::ActiveModel {
        organisation_id: Set(person.organisation),
        id: Set(platform.clock.new_id()),
        participant_id: Set(person.participant),
        preference_id: Set(former),
        rung: Set(wanted.rung),
        sessions: Set(sessions),
        last_day: Set(until),
        supporter: Set(supporter),
        started_at: Set(platform.clock.now()),
        asked_at: Set(None),
        ended_at: Set(None),
        ended: Set(None),
    };
    Ok(row.insert(tx).await?)
}

/// A person goes back to what they chose before. Doing it twice changes nothing.
pub async fn go_back(tx: &Tx, platform: &Platform, person: &Person) -> Result<()> {
    Matter::read(tx, platform, person.organisation, person.participant).await?;
    if finish(tx, platform, person.organisation, person.participant, TrialEnd::WentBack).await? {
        tell(tx, platform, person.organisation, person.participant).await?;
    }
    Ok(())
}

/// A person keeps what they try, from now on: a new version of their wishes.
pub async fn keep(tx: &Tx, platform: &Platform, person: &Person) -> Result<preference::Model> {
    let matter = Matter::read(tx, platform, person.organisation, person.participant).await?;
    let whose = trial::Column::ParticipantId.eq(person.participant);
    let running = running(tx, person.organisation, whose, matter.today).await?;
    let on = matter.person.preference_id.and_then(|id| running.get(&id).copied());
    let on = on.ok_or_else(|| Error::conflict("no_trial", "You are not trying anything now. You can change your choices."))?;
    finish(tx, platform, person.organisation, person.participant, TrialEnd::Kept).await?;
    matter.renew(tx, platform, &person.by(), |doc| trying(doc, on.rung)).await
}

/// Ends the trial that is open, if there is one, and forgets who went along. Answers whether there was one. Whoever calls it
/// holds the person.
pub(super) async fn finish(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    participant: ParticipantId,
    how: TrialEnd,
) -> Result<bool> {
    let ended = trial::Entity::update_many()
        .col_expr(trial::Column::EndedAt, Expr::value(platform.clock.now()))
        .col_expr(trial::Column::Ended, Expr::value(how.word()))
        .col_expr(trial::Column::Supporter, Expr::value(Option::<String>::None))
        .filter(trial::Column::OrganisationId.eq(organisation))
        .filter(trial::Column::ParticipantId.eq(participant))
        .filter(trial::Column::EndedAt.is_null())
        .exec(tx)
        .await?;
    Ok(ended.rows_affected > 0)
}

/// Lets a trial go on beside a version that says of involvement what the one before it said.
pub(super) async fn carry(
    tx: &Tx,
    organisation: OrganisationId,
    participant: ParticipantId,
    version: PreferenceId,
) -> Result<()> {
    trial::Entity::update_many()
        .col_expr(trial::Column::PreferenceId, Expr::value(version))
        .filter(trial::Column::OrganisationId.eq(organisation))
        .filter(trial::Column::ParticipantId.eq(participant))
        .filter(trial::Column::EndedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Lets whatever no longer fits be taken back.
async fn tell(tx: &Tx, platform: &Platform, organisation: OrganisationId, participant: ParticipantId) -> Result<()> {
    let payload = serde_json::json!({"organisation": organisation, "participant": participant});
    queue::enqueue(tx, &platform.clock, NewJob::now(PREFERENCE_CHANGED, organisation, payload)).await
}

/// The trial that nobody has ended, whether it is over by itself or not.
async fn open(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    participant: ParticipantId,
) -> Result<Option<trial::Model>> {
    let found = trial::Entity::find()
        .filter(trial::Column::OrganisationId.eq(organisation))
        .filter(trial::Column::ParticipantId.eq(participant))
        .filter(trial::Column::EndedAt.is_null())
        .one(connection)
        .await?;
    Ok(found)
}

fn terms(row: &trial::Model, zone: Tz) -> Terms {
    let first_day = DateTime::with_timezone(&row.started_at, &zone).date_naive();
    Terms { sessions: i64::from(row.sessions), first_day, last_day: row.last_day }
}

fn zone(home: &organisation::Model) -> Tz {
    home.time_zone.parse().unwrap_or(Tz::UTC)
}
