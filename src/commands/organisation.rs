//! `export-organisation` and `import-organisation`: one tenant on its way to another installation, with everything that is its
//! own and nothing that is anybody else's.
//!
//! What hangs on the key of the old installation is translated. Addresses that must not be written to travel as addresses and
//! are hashed anew; numbers of people in draws travel with the draws; links in letters are looked up by their hash and go on
//! working where the address of the pages stays the same; and a letter that is still to be sent gets a link of the new key.

use super::{
    archive::{self, Archive, Batch, Content, End, Head, Header, Keys, Of, Piece, PutOff, Recipients, Table, Writer, tables},
    backup, letters, log, restore, settings,
};
use crate::{
    app,
    platform::{Clock, Config, Db, Error, Result, Secret, Tx, audit, mail::hold},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use entity::{HoldReason, MatchRunId, OrganisationId, ParticipantId, account, organisation, participant, suppression};
use futures_util::TryStreamExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Value as Json, json};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    process::ExitCode,
};
use uuid::Uuid;

mod claims;
mod links;

/// What is to be written.
#[derive(clap::Args, Clone, Debug)]
pub struct Export {
    /// The organisation's name in public addresses
    organisation: String,
    /// The file to write; one that is there is never overwritten
    file: PathBuf,
    /// A public key of age (age1...) whose owner may open the file; may be given more than once
    #[arg(long, value_name = "KEY")]
    to: Vec<String>,
    /// Do not encrypt: whoever gets hold of the file can read every name and answer
    #[arg(long)]
    plain: bool,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// What is to be taken in.
#[derive(clap::Args, Clone, Debug)]
pub struct Import {
    /// A file that `export-organisation` wrote
    file: PathBuf,
    /// The file with the secret key that opens it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// Writes an organisation to a file.
pub async fn export(options: Export) -> Result<ExitCode> {
    let to = Recipients::read(&options.to, options.plain)?;
    let config = settings()?;
    log(&config);
    let db = backup::open(&config).await?;
    let written = write(&db, &config, &Clock::system(), &options.organisation, &options.file, &to).await;
    db.close().await?;
    let written = written?;
    restore::tell_rows(&written.end.rows, options.json);
    if options.json {
        println!("{}", json!({"file": options.file, "bytes": written.bytes, "unknown_addresses": written.unknown}));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} ({} KiB)", options.file.display(), written.bytes.div_ceil(1024));
    if written.unknown > 0 {
        println!(
            "{} addresses that must not be written to are known here by their hash alone, and cannot go along.",
            written.unknown
        );
    }
    println!(
        "Nothing was changed here. Let no letters leave from here: `alongside letters --hold --organisation {}`.",
        options.organisation
    );
    Ok(ExitCode::SUCCESS)
}

/// Takes an organisation in.
pub async fn import(options: Import) -> Result<ExitCode> {
    let keys = Keys::open(options.key.as_deref())?;
    let config = settings()?;
    log(&config);
    let app = super::open(config).await?;
    let platform = &app.platform;
    let taken = read(&platform.db, &platform.secret, &platform.clock, &options.file, &keys).await;
    super::serve::end(app).await;
    let taken = taken?;
    restore::tell_rows(&taken.rows, options.json);
    if options.json {
        println!(
            "{}",
            json!({"organisation": taken.slug, "accounts_made": taken.made, "accounts_known": taken.known,
                "letters_waiting": taken.waiting})
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} is here.", taken.slug);
    println!(
        "  - {} accounts came along with their passwords; {} were known here by their address and keep theirs.",
        taken.made, taken.known
    );
    println!("  - Nobody is signed in, and keys of other systems stayed behind: make new ones.");
    println!("  - No letter of theirs leaves until you say so ({} wait): see `alongside letters`.", taken.waiting);
    Ok(ExitCode::SUCCESS)
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// What is in the file.
    pub end: End,
    /// How large it is.
    pub bytes: u64,
    /// Addresses on the list of those that must not be written to, which nobody here knows any more.
    pub unknown: u64,
}

/// Writes an organisation to a file.
pub async fn write(db: &Db, config: &Config, clock: &Clock, slug: &str, path: &Path, to: &Recipients) -> Result<Written> {
    if !app::key_fits(config, db).await? || !config.secret_file.exists() {
        return Err(Error::unavailable(
            "the key of this database is needed: set ALONGSIDE_SECRET_FILE to the file of its server",
        ));
    }
    let secret = Secret::open(&config.secret_file, clock.secret()).map_err(Error::Unavailable)?;
    write_with(db, &secret, clock, slug, path, to).await
}

/// The same, with the key in hand.
pub async fn write_with(db: &Db, secret: &Secret, clock: &Clock, slug: &str, path: &Path, to: &Recipients) -> Result<Written> {
    let snapshot = db.snapshot().await?;
    let migrations = archive::migrations(&snapshot).await?;
    let organisation = letters::named(&snapshot, slug).await?.id;
    let addresses = stopped(&snapshot, secret, organisation).await?;
    let mut header = Header::new(Content::Organisation, clock.now(), db.is_postgres(), migrations);
    header.organisation = Some(organisation.0);
    let mut writer = Writer::begin(path, to, header)?;
    let mut unknown = 0;
    for table in tables() {
        let Some(condition) = table.belongs(organisation.0) else { continue };
        let mut select = table.select();
        select.and_where(condition);
        let change = |row: &mut Vec<Json>| {
            let kept = leave_key(&table, row, secret, &addresses)?;
            unknown += u64::from(!kept);
            Ok(kept)
        };
        archive::rows(&snapshot, &mut writer, &table, &select, change).await?;
    }
    snapshot.rollback().await?;
    let (end, bytes) = writer.finish()?;
    Ok(Written { end, bytes, unknown })
}

/// The addresses behind the hashes of those that must not be written to, as far as they are known.
async fn stopped(tx: &Tx, secret: &Secret, organisation: OrganisationId) -> Result<HashMap<String, String>> {
    let hashes: Vec<Vec<u8>> = suppression::Entity::find()
        .select_only()
        .column(suppression::Column::AddressHash)
        .filter(suppression::Column::OrganisationId.eq(organisation))
        .into_tuple()
        .all(tx)
        .await?;
    let hashes: std::collections::HashSet<Vec<u8>> = hashes.into_iter().collect();
    let people = participant::Entity::find().filter(participant::Column::OrganisationId.eq(organisation));
    let mut people = people.stream(tx).await?;
    let mut known = HashMap::new();
    while let Some(person) = people.try_next().await? {
        let hash = secret.address_hash(organisation.0, &person.email_key);
        if hashes.contains(&hash) {
            known.insert(STANDARD.encode(hash), STANDARD.encode(person.email_key));
        }
    }
    Ok(known)
}

/// Takes out of a row what means something under our key alone. Answers whether the row can go along.
fn leave_key(table: &Table, row: &mut [Json], secret: &Secret, addresses: &HashMap<String, String>) -> Result<bool> {
    let place = |column: &str| table.columns.iter().position(|one| one.name == column);
    let cell = |row: &[Json], column: &str| place(column).and_then(|at| row.get(at)).and_then(Json::as_str).map(str::to_owned);
    match table.name.as_str() {
        "suppression" => {
            let address = cell(row, "address_hash").and_then(|hash| addresses.get(&hash).cloned());
            match (address, place("address_hash")) {
                (Some(address), Some(at)) => row[at] = json!(address),
                _ => return Ok(false),
            }
        }
        "match_result" if cell(row, "number").is_none() => {
            let id = |column: &str| cell(row, column).and_then(|id| id.parse::<Uuid>().ok());
            if let (Some(run), Some(person), Some(at)) = (id("run_id"), id("participant_id"), place("number")) {
                let (run, person) = (MatchRunId(run), ParticipantId(person));
                row[at] = json!(secret.pseudonym(run.0, person.0).to_string());
            }
        }
        _ => {}
    }
    Ok(true)
}

/// What was taken in.
#[derive(Debug)]
pub struct Taken {
    /// The organisation's name in public addresses.
    pub slug: String,
    /// Its id.
    pub organisation: OrganisationId,
    /// How many rows of each table the file held.
    pub rows: BTreeMap<String, u64>,
    /// Accounts that came along.
    pub made: u64,
    /// Accounts that were here already.
    pub known: u64,
    /// Letters that wait for a word.
    pub waiting: u64,
}

/// Reads an organisation from a file into a database that others work on.
pub async fn read(db: &Db, secret: &Secret, clock: &Clock, path: &Path, keys: &Keys) -> Result<Taken> {
    let (header, end) = archive::check(path, keys)?;
    let organisation = match (header.kind, header.organisation) {
        (Content::Organisation, Some(id)) => OrganisationId(id),
        _ => return Err(Error::unavailable("this file holds a whole installation: `alongside restore` brings it back")),
    };
    let tx = db.begin().await?;
    if archive::migrations(&tx).await? != header.migrations {
        return Err(Error::unavailable(format!(
            "the file was made by another version of this program ({}, this one is {}): bring both places to the same version \
             and write it anew",
            header.program,
            env!("CARGO_PKG_VERSION")
        )));
    }
    if organisation::Entity::find_by_id(organisation).one(&tx).await?.is_some() {
        return Err(Error::unavailable("this organisation is here already, and nothing of it is overwritten"));
    }
    let accounts = HashMap::new();
    let mut taking = Taking { secret, clock, organisation, accounts, made: 0, known: 0, events: 0, slug: String::new() };
    let put_off = PutOff::begin(&tx).await?;
    taking.take_in(&tx, Archive::open(path, keys)?).await?;
    put_off.end(&tx).await?;
    claims::check(&tx, organisation, taking.events).await?;
    links::renew(&tx, secret, clock, organisation).await?;
    hold::hold(&tx, clock, Some(organisation), HoldReason::Moved).await?;
    audit::record(&tx, clock, organisation, "operator", "move_here", &format!("organisation:{organisation}")).await?;
    let mut waiting = 0;
    for held in hold::holds(&tx).await?.iter().filter(|held| held.organisation_id == Some(organisation)) {
        waiting += hold::waiting(&tx, held).await?.iter().map(|(_, count, _)| u64::try_from(*count).unwrap_or(0)).sum::<u64>();
    }
    tx.commit().await?;
    let Taking { made, known, slug, .. } = taking;
    Ok(Taken { slug, organisation, rows: end.rows, made, known, waiting })
}

/// What has to be known while rows come in.
struct Taking<'a> {
    secret: &'a Secret,
    clock: &'a Clock,
    organisation: OrganisationId,
    /// The accounts that have another id here.
    accounts: HashMap<String, String>,
    made: u64,
    known: u64,
    /// How many things that happened to letters were written.
    events: u64,
    slug: String,
}

impl Taking<'_> {
    /// Writes the rows of a file.
    async fn take_in(&mut self, tx: &Tx, mut archive: Archive) -> Result<()> {
        let mut batch = Batch::default();
        let ours: HashMap<String, Of> = tables().into_iter().map(|table| (table.name, table.of)).collect();
        while let Some(piece) = archive.piece()? {
            match piece {
                Piece::Table(head) => {
                    // Nothing may come in under the name of a move that moves with nobody.
                    if ours.get(&head.name).is_none_or(|of| *of == Of::Stays) {
                        return Err(Error::unavailable(format!("the file holds a table that does not move: {}", head.name)));
                    }
                    batch.table(tx, head).await?;
                }
                Piece::Row(mut row) => {
                    let head = archive.head().cloned().ok_or_else(|| Error::bug("a row without a table"))?;
                    if self.change(tx, &head, &mut row).await? {
                        batch.row(tx, row).await?;
                    }
                }
            }
        }
        batch.flush(tx).await
    }

    /// Makes a row one of this place. Answers whether it is to be written.
    async fn change(&mut self, tx: &Tx, head: &Head, row: &mut [Json]) -> Result<bool> {
        let place = |column: &str| head.columns.iter().position(|(name, _)| name == column).filter(|at| *at < row.len());
        let id = self.organisation.0.to_string();
        let owner = if head.name == "organisation" { "id" } else { "organisation_id" };
        // A row that does not say whose it is may be anybody's.
        if place(owner).is_none_or(|at| row[at] != id) && head.name != "account" && head.name != "mail_event" {
            return Err(Error::unavailable(format!("the file holds a row of another organisation: {}", head.name)));
        }
        match head.name.as_str() {
            "organisation" => self.is_new(tx, place("slug").and_then(|at| row[at].as_str())).await?,
            "mail_event" => self.events += 1,
            "account" => return self.is_new_account(tx, place("id"), place("email"), row).await,
            "suppression" => {
                if let Some(at) = place("address_hash") {
                    let address = row[at].as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
                    let address = String::from_utf8(address).map_err(|_| Error::unavailable("an address is none"))?;
                    row[at] = json!(STANDARD.encode(self.secret.address_hash(self.organisation.0, &address)));
                }
            }
            _ => {
                if let Some(at) = place("account_id")
                    && let Some(here) = row[at].as_str().and_then(|id| self.accounts.get(id))
                {
                    row[at] = json!(here);
                }
            }
        }
        Ok(true)
    }

    async fn is_new(&mut self, tx: &Tx, slug: Option<&str>) -> Result<()> {
        let slug = slug.unwrap_or_default();
        let taken = organisation::Entity::find().filter(organisation::Column::Slug.eq(slug)).one(tx).await?;
        if taken.is_some() {
            return Err(Error::unavailable(format!(
                "another organisation here has the name {slug} in public addresses: change one of them first"
            )));
        }
        slug.clone_into(&mut self.slug);
        Ok(())
    }

    /// Somebody with this address works here already: the account stays as it is, its password too.
    async fn is_new_account(&mut self, tx: &Tx, id: Option<usize>, email: Option<usize>, row: &mut [Json]) -> Result<bool> {
        let (Some(id), Some(email)) = (id, email) else {
            return Err(Error::unavailable("the file holds an account without an id"));
        };
        let there = row[id].as_str().unwrap_or_default().to_owned();
        let address = row[email].as_str().unwrap_or_default();
        if let Some(here) = account::Entity::find().filter(account::Column::Email.eq(address)).one(tx).await? {
            self.accounts.insert(there, here.id.to_string());
            self.known += 1;
            return Ok(false);
        }
        self.made += 1;
        let taken = there.parse::<Uuid>().map_err(|_| Error::unavailable("the file holds an account without an id"))?;
        if account::Entity::find_by_id(entity::AccountId(taken)).one(tx).await?.is_some() {
            let fresh: Uuid = self.clock.new_id();
            self.accounts.insert(there, fresh.to_string());
            row[id] = json!(fresh.to_string());
        }
        Ok(true)
    }
}
