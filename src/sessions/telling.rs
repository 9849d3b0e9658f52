//! Who is written to about meetings. Letters are made in the transaction of what they are about; what they say is settled when
//! they leave, from what the person was told before.

use super::{AHEAD, ARRANGED, CANCELLED, CHANGED, GONE, revisions, told};
use crate::{
    consent::permitting,
    invitations::{jobs::payload, parting, places},
    participants::unsubscribe_links,
    platform::{
        Clock, Platform, Result, Tx,
        jobs::{Fault, Next},
        mail::{self, NewLetter, priority},
    },
};
use entity::{
    MailMessageId, MeetingId, OpportunityId, OrganisationId, ParticipantId, ParticipantState, PlaceState, Purpose, RecipientKind,
    Time, mail_message, meeting, meeting_revision as revision, participant, place,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Deserialize;

/// Meetings in one letter, the next ones.
const MEETINGS: u64 = 100;
/// Beyond this a letter's own time is shorter than what is left until the meeting.
const SOON: chrono::Duration = chrono::Duration::hours(72);

/// Whom a letter goes to, and where.
type People = Vec<(ParticipantId, String)>;

/// What letters are about.
struct About {
    kind: &'static str,
    subject: uuid::Uuid,
    n: i32,
    expires_at: Option<Time>,
}

/// Those who hold a place, agree to take part, and have neither left nor are pausing.
async fn holders(tx: &Tx, platform: &Platform, organisation: OrganisationId, opportunity: OpportunityId) -> Result<People> {
    let held = place::Entity::find()
        .select_only()
        .column(place::Column::ParticipantId)
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(opportunity))
        .filter(place::Column::State.eq(PlaceState::Held))
        .into_query();
    let now = platform.clock.now();
    let found = participant::Entity::find()
        .select_only()
        .columns([participant::Column::Id, participant::Column::Email])
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .filter(participant::Column::Id.in_subquery(held))
        .filter(participant::Column::Id.in_subquery(permitting(organisation, Purpose::Participate, opportunity.0, now)))
        .filter(participant::Column::Id.not_in_subquery(parting::away(organisation, opportunity)))
        .order_by_asc(participant::Column::Id)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found)
}

/// Tells of a meeting that was arranged, changed or cancelled. Whoever has an earlier letter about it that has not left gets the
/// new one alone.
pub(super) async fn tell(tx: &Tx, platform: &Platform, row: &meeting::Model, kind: &'static str, by: &str) -> Result<()> {
    take_back(tx, &platform.clock, row.organisation_id, [row.id.0], None).await?;
    let now = platform.clock.now();
    if row.starts_at <= now {
        return Ok(());
    }
    let people = holders(tx, platform, row.organisation_id, row.opportunity_id).await?;
    let expires_at = (row.starts_at < now + SOON).then_some(row.starts_at);
    let about = About { kind, subject: row.id.0, n: row.sequence, expires_at };
    write(tx, platform, row.organisation_id, about, by, people).await
}

/// Tells those who hold a place that meetings do not take place: one letter each, however many there are.
pub(super) async fn tell_over(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    cancelled: &[meeting::Model],
    by: &str,
) -> Result<()> {
    take_back(tx, &platform.clock, organisation, cancelled.iter().map(|row| row.id.0), None).await?;
    let people = match cancelled {
        [] => Vec::new(),
        _ => holders(tx, platform, organisation, opportunity).await?,
    };
    let about = About { kind: GONE, subject: opportunity.0, n: 0, expires_at: None };
    write(tx, platform, organisation, about, by, people).await
}

async fn write(tx: &Tx, platform: &Platform, organisation: OrganisationId, about: About, by: &str, people: People) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let (clock, of) = (&platform.clock, Some(organisation));
    let batch = mail::open_batch(tx, clock, of, about.kind, Some(about.subject), by).await?;
    let letters = people.into_iter().map(|(person, address)| NewLetter {
        id: clock.new_id(),
        kind: about.kind,
        recipient_kind: RecipientKind::Participant,
        recipient_id: person.0,
        subject_id: Some(about.subject),
        address,
        n: about.n,
        priority: priority::TRANSACTIONAL,
        expires_at: about.expires_at,
    });
    let letters: Vec<_> = letters.collect();
    let stop: Vec<_> = letters.iter().map(|letter| (letter.id, ParticipantId(letter.recipient_id))).collect();
    unsubscribe_links(tx, platform, organisation, &stop).await?;
    mail::enqueue(tx, clock, of, batch, &letters).await
}

/// Takes letters about a meeting, or about all of an opportunity, back that have not left: to one person, or to everybody.
async fn take_back(
    tx: &Tx,
    clock: &Clock,
    organisation: OrganisationId,
    subjects: impl IntoIterator<Item = uuid::Uuid>,
    person: Option<ParticipantId>,
) -> Result<()> {
    use mail_message::Column;
    let letters = Condition::all()
        .add(Column::OrganisationId.eq(organisation))
        .add(Column::SubjectId.is_in(subjects))
        .add(Column::Kind.is_in([ARRANGED, CHANGED, CANCELLED, AHEAD, GONE]))
        .add_option(person.map(|person| Column::RecipientId.eq(person.0)));
    mail::take_back(tx, clock, letters, "a later letter says more").await?;
    Ok(())
}

/// Meetings of an opportunity that lie ahead, the next ones first, whether they take place or not.
fn ahead(organisation: OrganisationId, opportunity: OpportunityId, now: Time) -> sea_orm::Select<meeting::Entity> {
    meeting::Entity::find()
        .filter(meeting::Column::OrganisationId.eq(organisation))
        .filter(meeting::Column::OpportunityId.eq(opportunity))
        .filter(Condition::all().add(meeting::Column::StartsAt.gt(now)))
        .order_by_asc(meeting::Column::StartsAt)
        .order_by_asc(meeting::Column::Id)
        .limit(MEETINGS)
}

/// What is still to be said to somebody about meetings that lie ahead.
pub(super) struct Unsaid {
    /// They take place, and the person does not know it, or not as they are now.
    pub coming: Vec<meeting::Model>,
    /// The person has them in mind, and they are no longer for them: each with how they were told of it.
    pub over: Vec<(meeting::Model, revision::Model)>,
}

/// Finds out. `holds` says whether the person has a place.
pub(super) async fn unsaid(
    connection: &impl ConnectionTrait,
    whose: (OrganisationId, OpportunityId, ParticipantId),
    holds: bool,
    now: Time,
    apart: Option<MailMessageId>,
) -> Result<Unsaid> {
    let (organisation, opportunity, _) = whose;
    let rows = ahead(organisation, opportunity, now).all(connection).await?;
    let ids: Vec<MeetingId> = rows.iter().map(|row| row.id).collect();
    let revisions = revisions::of(connection, organisation, &ids).await?;
    let told = told::of(connection, whose, &revisions, apart).await?;
    let mut unsaid = Unsaid { coming: Vec::new(), over: Vec::new() };
    for row in rows {
        let Some(is) = revisions.get(&row.id).and_then(|all| all.last()) else { continue };
        let known = told.get(&row.id).filter(|told| !told.gone);
        match known {
            Some(known) if is.cancelled || !holds => unsaid.over.push((row, known.as_it_was.clone())),
            Some(known) if told::same(&known.as_it_was, is) => {}
            _ if is.cancelled || !holds => {}
            _ => unsaid.coming.push(row),
        }
    }
    Ok(unsaid)
}

/// Whose place has changed, as the job says it.
#[derive(Deserialize)]
struct Whose {
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
}

/// Somebody got a place, goes on, or has given their place up: they hear of the meetings that lie ahead, or that these are over for
/// them, with one letter.
pub async fn place_changed(platform: Platform, value: serde_json::Value) -> Result<Next, Fault> {
    let Whose { organisation, opportunity, participant } = payload(value)?;
    let tx = platform.db.begin().await?;
    // Whoever changes a place holds the opportunity, so what is read here stays so.
    places::lock(&tx, organisation, opportunity).await?;
    let person = participant::Entity::find_by_id((organisation, participant)).one(&tx).await?;
    let Some(person) = person.filter(|person| person.state == ParticipantState::Joined) else { return Ok(Next::Done) };
    let place = places::of(&tx, organisation, opportunity, participant).await?;
    let holds = place.is_some_and(|place| place.state == PlaceState::Held);
    let now = platform.clock.now();
    let ids: Vec<MeetingId> = ahead(organisation, opportunity, now).all(&tx).await?.into_iter().map(|row| row.id).collect();
    let theirs = ids.iter().filter(|_| !holds).map(|id| id.0);
    take_back(&tx, &platform.clock, organisation, theirs.chain([opportunity.0]), Some(participant)).await?;
    let unsaid = unsaid(&tx, (organisation, opportunity, participant), holds, now, None).await?;
    let kind = match (unsaid.coming.is_empty(), unsaid.over.is_empty()) {
        (false, _) => Some(AHEAD),
        (true, false) => Some(GONE),
        (true, true) => None,
    };
    if let Some(kind) = kind {
        let about = About { kind, subject: opportunity.0, n: 0, expires_at: None };
        write(&tx, &platform, organisation, about, "system", vec![(participant, person.email)]).await?;
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}
