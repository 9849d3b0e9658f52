//! Places in two stages: letters go out first, and names are drawn later among those who said yes. Letters are shared out by the
//! rules of [`letters`], the draw by those of every other draw over panels.

use super::{
    Counts, How, Stage, begin, draws, find, note,
    panel::{self, Pool},
    still_running,
};
use crate::{
    accounts::Actor,
    invitations::{places, waiting},
    matching::{
        grounds::{Bounds, Grounds, Sent},
        groups::Kinds,
        letters::{self, Letters},
        people::{Looked, Question, must_be_open},
        public::without_pool,
        rates, seats,
    },
    opportunities::{self, quotas},
    platform::{
        Error, Platform, Result, Tx, audit,
        jobs::{Fault, Next},
        text::Check,
    },
};
use chrono::{Duration, NaiveDate};
use entity::{DrawOutcome, OpportunityId, OpportunityState, ParticipantId, match_run, opportunity, organisation, selection};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sortition::{Kind, Problem, Quota, easing};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Opportunities that are looked at in one go.
const PAGE: u64 = 100;

/// Shares letters out among all who may be asked, and sends them.
pub(super) async fn send(platform: &Platform, run: match_run::Model) -> Result<Next> {
    let now = platform.clock.now();
    let db = platform.db.read();
    let question = Question::read(db, find(db, run.organisation_id, run.opportunity_id).await?, now).await?;
    let mut grounds = Grounds::read(run.quotas.as_ref()).unwrap_or_default();
    let (mut counts, mut kinds, mut members) =
        (Counts::default(), Kinds::default(), BTreeMap::<Uuid, (ParticipantId, u32)>::new());
    let quotas = grounds.quotas.len();
    let add = |looked: &Looked| {
        counts.add(looked.verdict.map(|_| ()));
        if looked.verdict.is_ok() {
            let recency = letters::recency(looked.last_asked, now);
            let kind = kinds.add(letters::with_recency(looked.counts_for.clone(), recency, quotas));
            members.insert(draws::number(platform, run.id, looked.participant), (looked.participant, kind));
        }
    };
    question.everybody(platform, now, add).await?;
    let pool = Pool::of(platform, run.id, kinds, members);
    let people: Vec<u32> = pool.kinds.iter().map(|kind| kind.people).collect();
    let seats = u32::try_from(run.places.unwrap_or(0)).unwrap_or(0);
    // Nobody has a place yet. Who has said yes is counted off, as long as more yeses than that are needed.
    let yes = waiting::who_may_move_up(db, platform, &question.opportunity).await?;
    let (seats, said_yes) = match seats.checked_sub(u32::try_from(yes.len()).unwrap_or(u32::MAX)) {
        Some(left) if left > 0 => (left, yes),
        _ => (seats, Vec::new()),
    };
    grounds.before = vec![0; quotas];
    let counts_for = question.counts_for(db, &said_yes, now).await?;
    counts_for.values().flatten().for_each(|quota| grounds.before[*quota as usize] += 1);
    grounds.kinds = pool.kinds.iter().map(|kind| kind.quotas.clone()).collect();
    let rates = rates::of(db, run.organisation_id, &grounds.quotas, now).await?;
    let wanted = grounds.letters.take().unwrap_or_default().wanted;
    grounds.letters = Some(Sent { wanted, rates, said_yes: u32::try_from(said_yes.len()).unwrap_or(u32::MAX) });
    let (grounds, lottery) = platform.cpu.run(move || shared_out(grounds, seats, &people)).await?;
    let seed = run.seed.clone().unwrap_or_default();
    let drawn = match &lottery {
        Some(lottery) => lottery.draw(&pool.lines, &seed).ok_or_else(|| Error::bug("letters that are not about their pool"))?,
        None => Vec::new(),
    };
    let mut grounds = grounds;
    grounds.seated = panel::seated(&drawn, &pool, &grounds);
    grounds.drawn = u32::try_from(drawn.len()).unwrap_or(u32::MAX);
    let state = if lottery.is_none() && grounds.trouble.is_some() { "stopped" } else { "done" };

    let tx = platform.db.begin().await?;
    let Some(run) = still_running(&tx, &run).await? else { return Ok(Next::Done) };
    let opportunity = places::lock(&tx, run.organisation_id, run.opportunity_id).await?;
    let question = Question::read(&tx, opportunity, now).await?;
    // It may have closed, or names may have been drawn, while everybody was looked at.
    let asks = question.gathers && must_be_open(&tx, &question.opportunity, now).await.is_ok();
    let drawn: Vec<ParticipantId> = drawn.into_iter().filter_map(|place| pool.members.get(place)).copied().collect();
    draws::keep(&tx, &run, drawn.iter().map(|person| (*person, DrawOutcome::Reserve))).await?;
    let most = if asks { drawn.len() } else { 0 };
    let (asked, _) = draws::ask_next(&tx, platform, &question, run.id, &run.created_by, most).await?;
    let left = counts.eligible.saturating_sub(u64::try_from(asked).unwrap_or(0));
    let more = pool.record(&grounds, lottery, asked, left)?;
    note(&tx, platform, run, &counts, more, Some(state)).await?;
    tx.commit().await?;
    Ok(Next::Done)
}

/// Shares letters out. Quotas that nobody's seats can keep stop it, unless a coordinator lets them give.
fn shared_out(mut grounds: Grounds, seats: u32, people: &[u32]) -> (Grounds, Option<seats::Panels>) {
    let bounds = |quotas: &[Quota]| quotas.iter().map(|quota| (quota.min, quota.max)).collect::<Vec<Bounds>>();
    grounds.kept = bounds(&grounds.left());
    let all: u64 = people.iter().map(|people| u64::from(*people)).sum();
    if all == 0 {
        return (grounds, None);
    }
    let needed = |grounds: &Grounds| {
        let quotas: Vec<Quota> = grounds.kept.iter().map(|(min, max)| Quota { min: *min, max: *max }).collect();
        let rates = grounds.letters.as_ref().map(|sent| sent.rates.clone()).unwrap_or_default();
        Letters { seats, quotas: &quotas, kinds: &grounds.kinds, people, rates: &rates }.needed()
    };
    let mut found = needed(&grounds);
    if found.is_none() {
        let own = |kind: &Vec<u32>| kind.iter().copied().filter(|quota| (*quota as usize) < grounds.quotas.len()).collect();
        let kinds = people.iter().zip(&grounds.kinds).map(|(people, kind)| Kind { people: *people, quotas: own(kind) });
        let seats = seats.min(u32::try_from(all).unwrap_or(u32::MAX));
        let problem = Problem { seats, quotas: grounds.left(), kinds: kinds.collect() };
        let eased = easing::ease(&problem).ok();
        grounds.trouble = Some(panel::told(&problem, eased.as_ref(), grounds.ease && eased.is_some()));
        if let Some(eased) = eased.filter(|_| grounds.ease) {
            grounds.kept = bounds(&eased.quotas);
            found = needed(&grounds);
        }
    }
    let Some(needed) = found else { return (grounds, None) };
    if let Some(sent) = grounds.letters.as_mut().filter(|sent| sent.wanted == 0) {
        sent.wanted = letters::wanted(needed);
    }
    let lottery = grounds.letters(seats, people);
    grounds.chances = lottery.as_ref().map(seats::Panels::chances).unwrap_or_default();
    (grounds, lottery)
}

/// Begins the draw among those who said yes: from its day on, or as soon as nobody can say yes any more.
///
/// # Errors
/// Conflicts: it is not in two stages, names were drawn, it is too early, a run is under way, or nobody has said yes.
pub async fn draw_gathered(tx: &Tx, platform: &Platform, actor: &Actor, id: OpportunityId, how: How) -> Result<match_run::Model> {
    let opportunity = places::lock(tx, actor.organisation, id).await?;
    let mut check = Check::new();
    if let Some(seed) = &how.seed {
        check.line("/seed", seed, 200);
    }
    check.done()?;
    let sharing = quotas::drawn_by(tx, &opportunity).await?;
    if sharing.draws_on.is_none() {
        let detail = "Names are drawn before anybody is asked. There is nobody to draw among.";
        return Err(Error::conflict("one_stage", detail));
    }
    if !sharing.gathers() {
        let detail = "Names were drawn for this already. As places become free, names are drawn for them.";
        return Err(Error::conflict("drawn", detail));
    }
    let (now, zone) = (platform.clock.now(), opportunities::zone(tx, actor.organisation).await?);
    let early = sharing.draws_on.is_some_and(|day| opportunities::today(now, zone) < day);
    if early && opportunities::takes_answers(&opportunity, now, zone) {
        let detail = "People were told the day on which names are drawn, and can say yes until then. Wait for that day.";
        return Err(Error::conflict("too_early", detail));
    }
    if is_under_way(tx, &opportunity).await? {
        return Err(Error::conflict("running", "A run is under way. Wait until it has finished."));
    }
    if waiting::who_may_move_up(tx, platform, &opportunity).await?.is_empty() {
        return Err(Error::conflict("nobody", "Nobody has said yes yet."));
    }
    let run = begin(tx, platform, &opportunity, sharing, Stage::Gathered, &actor.by, how).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "draw", &format!("match_run:{}", run.id)).await?;
    Ok(run)
}

async fn is_under_way(tx: &Tx, about: &opportunity::Model) -> Result<bool> {
    let running = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(about.organisation_id))
        .filter(match_run::Column::OpportunityId.eq(about.id))
        .filter(match_run::Column::State.eq("running"));
    Ok(running.count(tx).await? > 0)
}

/// Draws where the day has come that people were told. One that stopped, because its quotas could not be kept, waits for somebody who
/// decides, or for another yes; one for which nobody has said yes waits for the first.
pub async fn draw_due(platform: Platform) -> Result<Next, Fault> {
    let now = platform.clock.now();
    // Nowhere is the day further ahead than 14 hours.
    let latest = (now + Duration::hours(14)).date_naive();
    let mut after = OpportunityId(Uuid::nil());
    loop {
        let page = due(&platform, after, latest).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for about in &page {
            if let Err(error) = draw_one(&platform, about).await {
                tracing::error!(opportunity = %about.id, error = %error, "names could not be drawn on their day");
            }
        }
    }
    Ok(Next::At(now + Duration::hours(1)))
}

/// The newest draw among those who said yes.
async fn latest_gathered(tx: &Tx, about: &opportunity::Model) -> Result<Option<match_run::Model>> {
    let latest = without_pool()
        .filter(match_run::Column::OrganisationId.eq(about.organisation_id))
        .filter(match_run::Column::OpportunityId.eq(about.id))
        .filter(match_run::Column::RulesVersion.eq(seats::RULES))
        .order_by_desc(match_run::Column::Id)
        .one(tx)
        .await?;
    Ok(latest.filter(|run| Grounds::read(run.quotas.as_ref()).is_some_and(|grounds| grounds.gathered)))
}

/// Opportunities whose day may have come, and for which no names were drawn.
async fn due(platform: &Platform, after: OpportunityId, latest: NaiveDate) -> Result<Vec<opportunity::Model>> {
    let waits = selection::Entity::find()
        .select_only()
        .column(selection::Column::OpportunityId)
        .filter(selection::Column::DrawsOn.lte(latest))
        .filter(selection::Column::DrawnAt.is_null())
        .into_query();
    let all = opportunity::Entity::find()
        .filter(opportunity::Column::Id.gt(after))
        .filter(opportunity::Column::State.ne(OpportunityState::Draft))
        .filter(
            Condition::any()
                .add(opportunity::Column::StartsAt.is_null())
                .add(opportunity::Column::StartsAt.gt(platform.clock.now())),
        )
        .filter(opportunity::Column::Id.in_subquery(waits));
    Ok(all.order_by_asc(opportunity::Column::Id).limit(PAGE).all(platform.db.read()).await?)
}

async fn draw_one(platform: &Platform, about: &opportunity::Model) -> Result<()> {
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    let about = places::lock(&tx, about.organisation_id, about.id).await?;
    let sharing = quotas::drawn_by(&tx, &about).await?;
    let home = organisation::Entity::find_by_id(about.organisation_id).one(&tx).await?;
    let Some(zone) = home.map(|home| opportunities::zone_of(&home)) else { return Ok(()) };
    let come = sharing.draws_on.filter(|day| *day <= opportunities::today(now, zone));
    let Some(day) = come.filter(|_| sharing.gathers()) else { return Ok(()) };
    if is_under_way(&tx, &about).await? {
        return Ok(());
    }
    let yes = waiting::who_may_move_up(&tx, platform, &about).await?.len();
    // What stopped on the day or after it would stop again with the same people.
    let tried = latest_gathered(&tx, &about).await?.is_some_and(|run| {
        opportunities::today(run.created_at, zone) >= day && usize::try_from(run.eligible).is_ok_and(|eligible| eligible == yes)
    });
    if yes > 0 && !tried {
        begin(&tx, platform, &about, sharing, Stage::Gathered, "system", How::default()).await?;
        tx.commit().await?;
        platform.wake.notify_one();
    }
    Ok(())
}
