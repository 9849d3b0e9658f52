//! News that is gathered: whoever wants one letter for a week or a month gets what letters would have told in one.
//!
//! What is gathered stands in the outbox as a letter from the first piece on, and is put together when it leaves.

use super::{links::unsubscribe_links, rules};
use crate::platform::{
    Error, Platform, Result, Tx,
    mail::{self, NewLetter, priority},
};
use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::{
    Contact, DigestId, MailState, NewsWish, OrganisationId, ParticipantId, RecipientKind, Time, digest, digest_item,
    mail_message, organisation, participant, preference,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict, SelectStatement},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Kind of the letter that holds gathered news.
pub const DIGEST: &str = "news.digest";
/// Pieces of news in one letter, the oldest first.
pub const MOST: u64 = 50;
/// Rows in one statement.
const ROWS: usize = 500;

/// What a letter tells: its kind, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct News {
    /// Whose news.
    pub organisation: OrganisationId,
    /// The kind of the letter that tells it by itself.
    pub kind: &'static str,
    /// What that letter is about.
    pub subject: Uuid,
}

/// Somebody for whom it is gathered.
struct Waits {
    who: ParticipantId,
    address: String,
    contact: Contact,
    due_on: NaiveDate,
}

/// Keeps news for those who want it gathered, and answers the others: they are to be written to now. Whoever has it already, in a
/// letter that waits, keeps it once.
pub async fn gather(
    tx: &Tx,
    platform: &Platform,
    news: News,
    people: Vec<(ParticipantId, String)>,
) -> Result<Vec<(ParticipantId, String)>> {
    let home = organisation::Entity::find_by_id(news.organisation).one(tx).await?;
    let home = home.ok_or_else(|| Error::bug("news of no organisation"))?;
    let (zone, now): (Tz, _) = (home.time_zone.parse().unwrap_or(Tz::UTC), platform.clock.now());
    let mut contacts = contacts(tx, news.organisation, &people).await?;
    let mut people = people;
    // In one order, so that two that gather at the same time do not wait for each other.
    people.sort_unstable_by_key(|(who, _)| *who);
    let (mut at_once, mut waiting) = (Vec::new(), Vec::new());
    for (who, address) in people {
        let contact = contacts.remove(&who).unwrap_or_else(Contact::usual);
        match rules::due_on(&contact, rules::day_of(&contact, zone, now)) {
            Some(due_on) => waiting.push(Waits { who, address, contact, due_on }),
            None => at_once.push((who, address)),
        }
    }
    while !waiting.is_empty() {
        let mut left = Vec::new();
        let mut rest = waiting;
        while !rest.is_empty() {
            let some: Vec<_> = rest.drain(..rest.len().min(ROWS)).collect();
            left.extend(add(tx, platform, news, some).await?);
        }
        waiting = left;
    }
    Ok(at_once)
}

/// How people want to be written to, those who have said anything.
async fn contacts(
    tx: &Tx,
    organisation: OrganisationId,
    people: &[(ParticipantId, String)],
) -> Result<HashMap<ParticipantId, Contact>> {
    let mut found = HashMap::new();
    for some in people.chunks(ROWS) {
        let current = participant::Entity::find()
            .select_only()
            .column(participant::Column::PreferenceId)
            .filter(participant::Column::OrganisationId.eq(organisation))
            .filter(participant::Column::Id.is_in(some.iter().map(|(who, _)| *who)))
            .filter(participant::Column::PreferenceId.is_not_null())
            .into_query();
        let rows = preference::Entity::find()
            .filter(preference::Column::OrganisationId.eq(organisation))
            .filter(preference::Column::Id.in_subquery(current))
            .all(tx)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.participant_id, row.document.contact)));
    }
    Ok(found)
}

/// Adds news to what is gathered for these people until their day. Answers those for whom nothing is gathered for that day any more,
/// because its letter has left or was taken back, with the next day.
async fn add(tx: &Tx, platform: &Platform, news: News, people: Vec<Waits>) -> Result<Vec<Waits>> {
    let (organisation, now) = (news.organisation, platform.clock.now());
    let rows: Vec<digest::ActiveModel> = people
        .iter()
        .map(|one| digest::ActiveModel {
            organisation_id: Set(organisation),
            id: Set(platform.clock.new_id()),
            participant_id: Set(one.who),
            due_on: Set(one.due_on),
            closed_at: Set(None),
            created_at: Set(now),
        })
        .collect();
    let made: HashSet<DigestId> = rows.iter().map(|row| *row.id.as_ref()).collect();
    let key = [digest::Column::OrganisationId, digest::Column::ParticipantId, digest::Column::DueOn];
    let there = OnConflict::columns(key).do_nothing().to_owned();
    digest::Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx).await?;
    // Whoever lets them leave sooner waits for this transaction, or is seen here.
    let rows = digest::Entity::find()
        .filter(digest::Column::OrganisationId.eq(organisation))
        .filter(digest::Column::ParticipantId.is_in(people.iter().map(|one| one.who)))
        .filter(digest::Column::DueOn.is_in(people.iter().map(|one| one.due_on).collect::<HashSet<_>>()))
        .order_by_asc(digest::Column::Id)
        .lock_shared()
        .all(tx)
        .await?;
    let rows: HashMap<(ParticipantId, NaiveDate), digest::Model> =
        rows.into_iter().map(|row| ((row.participant_id, row.due_on), row)).collect();
    let old = rows.values().filter(|row| row.closed_at.is_none() && !made.contains(&row.id)).map(|row| row.id);
    let open = waiting(tx, organisation, old.collect()).await?;
    let (mut begun, mut items, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for mut one in people {
        let Some(row) = rows.get(&(one.who, one.due_on)) else {
            return Err(Error::bug("gathered news that is not there"));
        };
        let is_new = made.contains(&row.id);
        if !is_new && !open.contains(&row.id) {
            one.due_on = rules::due_on(&one.contact, one.due_on).ok_or_else(|| Error::bug("news that is not gathered"))?;
            left.push(one);
            continue;
        }
        items.push(item(news, row.id, now));
        if is_new {
            begun.push(letter(platform, row.id, one));
        }
    }
    if !items.is_empty() {
        let key = [
            digest_item::Column::OrganisationId,
            digest_item::Column::DigestId,
            digest_item::Column::Kind,
            digest_item::Column::SubjectId,
        ];
        let there = OnConflict::columns(key).do_nothing().to_owned();
        digest_item::Entity::insert_many(items).on_conflict(there).exec_without_returning(tx).await?;
    }
    write(tx, platform, organisation, &begun).await?;
    Ok(left)
}

/// Those whose letters have not left, nor were taken back.
async fn waiting(tx: &Tx, organisation: OrganisationId, digests: Vec<DigestId>) -> Result<HashSet<DigestId>> {
    if digests.is_empty() {
        return Ok(HashSet::new());
    }
    let subjects: Vec<Option<Uuid>> = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::SubjectId)
        .filter(mail_message::Column::OrganisationId.eq(organisation))
        .filter(mail_message::Column::Kind.eq(DIGEST))
        .filter(mail_message::Column::SubjectId.is_in(digests.into_iter().map(|id| id.0)))
        .filter(mail_message::Column::State.is_in(MailState::PENDING))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(subjects.into_iter().flatten().map(DigestId).collect())
}

fn item(news: News, digest: DigestId, now: Time) -> digest_item::ActiveModel {
    digest_item::ActiveModel {
        organisation_id: Set(news.organisation),
        digest_id: Set(digest),
        kind: Set(news.kind.to_owned()),
        subject_id: Set(news.subject),
        added_at: Set(now),
    }
}

fn letter(platform: &Platform, digest: DigestId, to: Waits) -> NewLetter {
    NewLetter {
        id: platform.clock.new_id(),
        kind: DIGEST,
        recipient_kind: RecipientKind::Participant,
        recipient_id: to.who.0,
        subject_id: Some(digest.0),
        address: to.address,
        n: 0,
        priority: priority::FEEDBACK,
        expires_at: None,
    }
}

/// Puts the letters of what was begun into the outbox. Each finds out by itself when it leaves.
async fn write(tx: &Tx, platform: &Platform, organisation: OrganisationId, letters: &[NewLetter]) -> Result<()> {
    if letters.is_empty() {
        return Ok(());
    }
    let (clock, about) = (&platform.clock, Some(organisation.0));
    let batch = mail::open_batch(tx, clock, Some(organisation), DIGEST, about, "system").await?;
    let stop: Vec<_> = letters.iter().map(|letter| (letter.id, ParticipantId(letter.recipient_id))).collect();
    unsubscribe_links(tx, platform, organisation, &stop).await?;
    mail::enqueue(tx, clock, Some(organisation), batch, letters).await
}

/// People for whom this news was gathered, as a subquery.
pub fn gathered(news: News) -> SelectStatement {
    let holding = digest_item::Entity::find()
        .select_only()
        .column(digest_item::Column::DigestId)
        .filter(digest_item::Column::OrganisationId.eq(news.organisation))
        .filter(digest_item::Column::Kind.eq(news.kind))
        .filter(digest_item::Column::SubjectId.eq(news.subject))
        .into_query();
    digest::Entity::find()
        .select_only()
        .column(digest::Column::ParticipantId)
        .filter(digest::Column::OrganisationId.eq(news.organisation))
        .filter(digest::Column::Id.in_subquery(holding))
        .into_query()
}

/// What was gathered for a letter, and its pieces, the oldest first: one more than fits, where there are more.
pub async fn find(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: DigestId,
) -> Result<Option<(digest::Model, Vec<digest_item::Model>)>> {
    let Some(row) = digest::Entity::find_by_id((organisation, id)).one(connection).await? else { return Ok(None) };
    let items = digest_item::Entity::find()
        .filter(digest_item::Column::OrganisationId.eq(organisation))
        .filter(digest_item::Column::DigestId.eq(id))
        .order_by_asc(digest_item::Column::AddedAt)
        .order_by_asc(digest_item::Column::SubjectId)
        .limit(MOST + 1)
        .all(connection)
        .await?;
    Ok(Some((row, items)))
}

/// Lets what was gathered for somebody leave now, because they want news sooner. Nothing is added to it any more.
pub(super) async fn release(tx: &Tx, platform: &Platform, organisation: OrganisationId, who: ParticipantId) -> Result<()> {
    let now = platform.clock.now();
    let open = digest::Entity::find()
        .filter(digest::Column::OrganisationId.eq(organisation))
        .filter(digest::Column::ParticipantId.eq(who))
        .filter(digest::Column::ClosedAt.is_null())
        .order_by_asc(digest::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    let open: Vec<DigestId> = waiting(tx, organisation, open.iter().map(|row| row.id).collect()).await?.into_iter().collect();
    if open.is_empty() {
        return Ok(());
    }
    digest::Entity::update_many()
        .col_expr(digest::Column::ClosedAt, Expr::value(now))
        .filter(digest::Column::OrganisationId.eq(organisation))
        .filter(digest::Column::Id.is_in(open.iter().copied()))
        .exec(tx)
        .await?;
    // One that a worker holds is taken out of its hands: it may have been put off already.
    mail_message::Entity::update_many()
        .col_expr(mail_message::Column::State, Expr::value(MailState::Queued.word()))
        .col_expr(mail_message::Column::LeaseToken, Expr::col(mail_message::Column::LeaseToken).add(1))
        .col_expr(mail_message::Column::LeaseUntil, Expr::value(Option::<Time>::None))
        .col_expr(mail_message::Column::NextAt, Expr::value(now))
        .filter(mail_message::Column::OrganisationId.eq(organisation))
        .filter(mail_message::Column::Kind.eq(DIGEST))
        .filter(mail_message::Column::SubjectId.is_in(open.into_iter().map(|id| id.0)))
        .filter(mail_message::Column::State.is_in(MailState::PENDING))
        .exec(tx)
        .await?;
    Ok(())
}

/// Forgets what was gathered for somebody who leaves.
pub(super) async fn forget(tx: &Tx, organisation: OrganisationId, who: ParticipantId) -> Result<()> {
    let theirs = digest::Entity::find()
        .select_only()
        .column(digest::Column::Id)
        .filter(digest::Column::OrganisationId.eq(organisation))
        .filter(digest::Column::ParticipantId.eq(who))
        .into_query();
    digest_item::Entity::delete_many()
        .filter(digest_item::Column::OrganisationId.eq(organisation))
        .filter(digest_item::Column::DigestId.in_subquery(theirs))
        .exec(tx)
        .await?;
    digest::Entity::delete_many()
        .filter(digest::Column::OrganisationId.eq(organisation))
        .filter(digest::Column::ParticipantId.eq(who))
        .exec(tx)
        .await?;
    Ok(())
}

/// The instant at which gathered news of somebody leaves.
pub fn leaves_at(home: &organisation::Model, contact: &Contact, row: &digest::Model) -> Option<Time> {
    match row.closed_at {
        Some(closed) => Some(closed),
        // Chosen while the first piece was added.
        None if contact.news == NewsWish::AtOnce => Some(row.created_at),
        None => rules::leaves_at(contact, home.time_zone.parse().unwrap_or(Tz::UTC), row.due_on),
    }
}
