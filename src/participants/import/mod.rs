//! Files of people to be asked to join. A file asks; it never signs anybody up, and sending it again changes nothing.
//!
//! The file is read while it arrives and worked through in pieces of 500 lines, each in a transaction of its own with the
//! same number of statements. If it breaks off, what was read so far stays, and the file can be sent again.

mod lines;

use self::lines::{Columns, Flaw, Named};
use super::{
    JOIN_INVITATION,
    links::{self, NewLink},
};
use crate::{
    accounts::Actor,
    platform::{
        Error, Platform, Result, Tx, audit,
        csv::{Record, Records},
        error::is_duplicate,
        http::Cursor,
        mail::{self, NewLetter, priority, suppression},
    },
};
use chrono::Duration;
use entity::{
    ImportId, ImportOutcome, MailBatchId, MailMessageId, ParticipantId, ParticipantLinkId, ParticipantLinkPurpose,
    ParticipantSource, ParticipantState, RecipientKind, import_line, import_run, participant,
};
use futures_util::{Stream, StreamExt};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use std::{
    collections::{HashMap, HashSet},
    mem,
};

/// Lines in one transaction.
const LINES: usize = 500;
/// Bytes that are looked at before the lines found in them are worked through.
const PIECE: usize = 16 * 1024;
/// The link to join works for so long, and the letter is tried for so long.
const LASTS: Duration = Duration::days(30);

/// Imports a file. Nothing is written before its heading has been understood.
pub async fn import(
    platform: &Platform,
    actor: &Actor,
    mut file: impl Stream<Item = Result<Vec<u8>>> + Unpin,
) -> Result<import_run::Model> {
    let mut run: Option<Run> = None;
    match read(platform, actor, &mut file, &mut run).await {
        // What was read before stays: say where it can be looked at.
        Err(error) => Err(match run {
            Some(run) => Error::At(Box::new(error), address(actor, run.row.id)),
            None => error,
        }),
        Ok(()) => match run {
            Some(run) => run.finish(platform).await,
            None => Err(Error::invalid("/heading", "required", "The file is empty. Its first line must name the columns.")),
        },
    }
}

/// Where an import can be looked at.
fn address(actor: &Actor, id: ImportId) -> String {
    format!("/api/organisations/{}/people/imports/{id}", actor.organisation)
}

/// Reads a file to its end, and works through its lines on the way.
async fn read(
    platform: &Platform,
    actor: &Actor,
    file: &mut (impl Stream<Item = Result<Vec<u8>>> + Unpin),
    run: &mut Option<Run>,
) -> Result<()> {
    let (mut records, mut found) = (Records::default(), Vec::new());
    while let Some(bytes) = file.next().await {
        for piece in bytes?.chunks(PIECE) {
            records.feed(piece, |record| found.push(record));
            work(platform, actor, run, &mut found, LINES).await?;
        }
    }
    records.finish(|record| found.push(record));
    work(platform, actor, run, &mut found, 1).await
}

/// Begins the run with the first record, and works through the others once there are `least` of them.
async fn work(platform: &Platform, actor: &Actor, run: &mut Option<Run>, found: &mut Vec<Record>, least: usize) -> Result<()> {
    if run.is_none() && !found.is_empty() {
        let columns = Columns::read(&found.remove(0))?;
        *run = Some(Run::begin(platform, actor, columns).await?);
    }
    if let Some(run) = run {
        while found.len() >= least.max(1) {
            let rest = found.split_off(found.len().min(LINES));
            run.lines(platform, &mem::replace(found, rest)).await?;
        }
    }
    Ok(())
}

/// An import on its way.
struct Run {
    row: import_run::Model,
    batch: MailBatchId,
    columns: Columns,
}

/// What becomes of the lines of one piece.
#[derive(Default)]
struct Outcome {
    lines: Vec<import_line::ActiveModel>,
    people: Vec<participant::ActiveModel>,
    links: Vec<NewLink>,
    unsubscribes: Vec<(MailMessageId, ParticipantId)>,
    letters: Vec<NewLetter>,
    invited: i32,
    unchanged: i32,
    refused: i32,
}

impl Run {
    async fn begin(platform: &Platform, actor: &Actor, columns: Columns) -> Result<Self> {
        let row = import_run::Model {
            organisation_id: actor.organisation,
            id: platform.clock.new_id(),
            created_by: actor.by.clone(),
            created_at: platform.clock.now(),
            finished_at: None,
            lines: 0,
            invited: 0,
            unchanged: 0,
            refused: 0,
        };
        let tx = platform.db.begin().await?;
        import_run::Entity::insert(row.clone().into_active_model().reset_all()).exec_without_returning(&tx).await?;
        let organisation = Some(actor.organisation);
        let batch = mail::open_batch(&tx, &platform.clock, organisation, JOIN_INVITATION, Some(row.id.0), &actor.by).await?;
        let object = format!("import_run:{}", row.id);
        audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "import_people", &object).await?;
        tx.commit().await?;
        Ok(Self { row, batch, columns })
    }

    async fn finish(mut self, platform: &Platform) -> Result<import_run::Model> {
        let now = platform.clock.now();
        import_run::Entity::update_many()
            .col_expr(import_run::Column::FinishedAt, Expr::value(now))
            .filter(import_run::Column::OrganisationId.eq(self.row.organisation_id))
            .filter(import_run::Column::Id.eq(self.row.id))
            .exec(platform.db.write())
            .await?;
        self.row.finished_at = Some(now);
        platform.wake.notify_one();
        Ok(self.row)
    }

    /// Works through some lines. Somebody who registers at the same moment can get in the way once.
    async fn lines(&mut self, platform: &Platform, records: &[Record]) -> Result<()> {
        match self.try_lines(platform, records).await {
            Err(Error::Conflict { code: MET, .. }) => self.try_lines(platform, records).await,
            other => other,
        }
    }

    async fn try_lines(&mut self, platform: &Platform, records: &[Record]) -> Result<()> {
        let lines: Vec<Result<Named, Flaw>> = records.iter().map(|record| self.columns.named(record)).collect();
        let tx = platform.db.begin().await?;
        let outcome = self.decide(&tx, platform, lines).await?;
        let organisation = self.row.organisation_id;
        if !outcome.people.is_empty() {
            participant::Entity::insert_many(outcome.people).exec_without_returning(&tx).await.map_err(met)?;
            links::make(&tx, platform, organisation, &outcome.links).await?;
            links::unsubscribe_links(&tx, platform, organisation, &outcome.unsubscribes).await?;
            mail::enqueue(&tx, &platform.clock, Some(organisation), self.batch, &outcome.letters).await?;
        }
        import_line::Entity::insert_many(outcome.lines).exec_without_returning(&tx).await?;
        let mut row = self.row.clone();
        row.lines += i32::try_from(records.len()).unwrap_or(i32::MAX);
        row.invited += outcome.invited;
        row.unchanged += outcome.unchanged;
        row.refused += outcome.refused;
        let counts = import_run::ActiveModel {
            lines: Set(row.lines),
            invited: Set(row.invited),
            unchanged: Set(row.unchanged),
            refused: Set(row.refused),
            ..Default::default()
        };
        import_run::Entity::update_many()
            .set(counts)
            .filter(import_run::Column::OrganisationId.eq(organisation))
            .filter(import_run::Column::Id.eq(row.id))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        self.row = row;
        platform.wake.notify_one();
        Ok(())
    }

    /// Decides what becomes of each line, with three statements however many there are.
    async fn decide(&self, tx: &Tx, platform: &Platform, lines: Vec<Result<Named, Flaw>>) -> Result<Outcome> {
        let organisation = self.row.organisation_id;
        let keys: HashSet<&str> = lines.iter().flatten().map(|named| named.key.as_str()).collect();
        let known = known(tx, &self.row, &keys).await?;
        let new = keys.iter().copied().filter(|key| !known.contains_key(*key));
        let unwanted = suppression::suppressed(tx, platform, organisation, new, JOIN_INVITATION).await?;
        let unwanted: HashSet<String> = unwanted.into_iter().map(str::to_owned).collect();
        let named_before = named_before(tx, &self.row, known.values().copied()).await?;
        let mut seen = HashSet::new();
        let mut outcome = Outcome::default();
        for (line, named) in (self.row.lines + 2..).zip(lines) {
            let named = match named {
                Ok(named) if !seen.insert(named.key.clone()) => Err(Flaw::Repeated),
                Ok(named) if unwanted.contains(&named.key) => Err(Flaw::Unwanted),
                other => other,
            };
            match named {
                Err(flaw) => outcome.refuse(&self.row, line, flaw),
                Ok(named) => match known.get(&named.key) {
                    Some(person) if named_before.contains(person) => outcome.refuse(&self.row, line, Flaw::Repeated),
                    Some(person) => outcome.leave(&self.row, line, *person),
                    None => outcome.invite(platform, &self.row, line, named),
                },
            }
        }
        Ok(outcome)
    }
}

impl Outcome {
    fn note(
        &mut self,
        run: &import_run::Model,
        line: i32,
        outcome: ImportOutcome,
        who: Option<ParticipantId>,
        why: Option<Flaw>,
    ) {
        self.lines.push(import_line::ActiveModel {
            organisation_id: Set(run.organisation_id),
            import_id: Set(run.id),
            line: Set(line),
            outcome: Set(outcome),
            detail: Set(why.map(|flaw| flaw.word().to_owned())),
            participant_id: Set(who),
        });
    }

    fn refuse(&mut self, run: &import_run::Model, line: i32, flaw: Flaw) {
        self.refused += 1;
        self.note(run, line, ImportOutcome::Refused, None, Some(flaw));
    }

    fn leave(&mut self, run: &import_run::Model, line: i32, person: ParticipantId) {
        self.unchanged += 1;
        self.note(run, line, ImportOutcome::Unchanged, Some(person), None);
    }

    fn invite(&mut self, platform: &Platform, run: &import_run::Model, line: i32, named: Named) {
        let now = platform.clock.now();
        let person: ParticipantId = platform.clock.new_id();
        let link: ParticipantLinkId = platform.clock.new_id();
        let letter: MailMessageId = platform.clock.new_id();
        let ends = Some(now + LASTS);
        self.invited += 1;
        self.note(run, line, ImportOutcome::Invited, Some(person), None);
        self.links.push(NewLink {
            id: link,
            participant: person,
            purpose: ParticipantLinkPurpose::Join,
            expires_at: ends,
            name: None,
            language: None,
        });
        self.unsubscribes.push((letter, person));
        self.letters.push(NewLetter {
            id: letter,
            kind: JOIN_INVITATION,
            recipient_kind: RecipientKind::Participant,
            recipient_id: person.0,
            subject_id: Some(link.0),
            address: named.email.clone(),
            n: 0,
            priority: priority::INVITATION,
            expires_at: ends,
        });
        self.people.push(participant::ActiveModel {
            organisation_id: Set(run.organisation_id),
            id: Set(person),
            email: Set(named.email),
            email_key: Set(named.key),
            name: Set(named.name),
            language: Set(named.language),
            state: Set(ParticipantState::Invited),
            source: Set(ParticipantSource::Imported),
            preference_id: Set(None),
            review_after: Set(None),
            created_at: Set(now),
            joined_at: Set(None),
            left_at: Set(None),
            last_asked_at: Set(None),
            version: Set(1),
        });
    }
}

/// The code with which lines are tried again.
const MET: &str = "met";

fn met(error: sea_orm::DbErr) -> Error {
    if is_duplicate(&error) {
        Error::conflict(MET, "Somebody in the file registered at this moment. You can send the file again.")
    } else {
        error.into()
    }
}

/// Who of these is known already, in any state.
async fn known(tx: &Tx, run: &import_run::Model, keys: &HashSet<&str>) -> Result<HashMap<String, ParticipantId>> {
    let found: Vec<(String, ParticipantId)> = participant::Entity::find()
        .select_only()
        .columns([participant::Column::EmailKey, participant::Column::Id])
        .filter(participant::Column::OrganisationId.eq(run.organisation_id))
        .filter(participant::Column::EmailKey.is_in(keys.iter().copied()))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found.into_iter().collect())
}

/// Who of these stood in an earlier line of the same file.
async fn named_before(
    tx: &Tx,
    run: &import_run::Model,
    people: impl Iterator<Item = ParticipantId>,
) -> Result<HashSet<ParticipantId>> {
    let found: Vec<Option<ParticipantId>> = import_line::Entity::find()
        .select_only()
        .column(import_line::Column::ParticipantId)
        .filter(import_line::Column::OrganisationId.eq(run.organisation_id))
        .filter(import_line::Column::ImportId.eq(run.id))
        .filter(import_line::Column::ParticipantId.is_in(people))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// A page of an organisation's imports, oldest first, and one more.
pub async fn list(connection: &impl ConnectionTrait, actor: &Actor, cursor: Cursor) -> Result<Vec<import_run::Model>> {
    let mut query = import_run::Entity::find().filter(import_run::Column::OrganisationId.eq(actor.organisation));
    if let Some(after) = cursor.after {
        query = query.filter(import_run::Column::Id.gt(ImportId(after)));
    }
    Ok(query.order_by_asc(import_run::Column::Id).limit(cursor.limit + 1).all(connection).await?)
}

/// One import.
pub async fn get(connection: &impl ConnectionTrait, actor: &Actor, id: ImportId) -> Result<import_run::Model> {
    let found = import_run::Entity::find_by_id((actor.organisation, id)).one(connection).await?;
    found.ok_or(Error::NotFound("import"))
}

/// Up to `most` lines of an import after a line, with what became of them.
pub async fn lines(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: ImportId,
    after: i32,
    most: u64,
) -> Result<Vec<import_line::Model>> {
    get(connection, actor, id).await?;
    let found = import_line::Entity::find()
        .filter(import_line::Column::OrganisationId.eq(actor.organisation))
        .filter(import_line::Column::ImportId.eq(id))
        .filter(import_line::Column::Line.gt(after))
        .order_by_asc(import_line::Column::Line)
        .limit(most)
        .all(connection)
        .await?;
    Ok(found)
}
