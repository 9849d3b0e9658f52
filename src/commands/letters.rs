//! `letters`: what waits for an operator's word after a restore or a move, and the word.

use super::{backup, log, open, settings};
use crate::platform::{Clock, Error, Result, Tx, mail::hold};
use entity::{HoldReason, OrganisationId, mail_hold, organisation};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;
use std::process::ExitCode;

/// What is to be done with letters that wait.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Send what waits: nothing was sent from the other place since
    #[arg(long, group = "word")]
    send: bool,
    /// Do not send what waits: it was sent from the other place, or may have been
    #[arg(long, group = "word")]
    leave: bool,
    /// Let no letter leave until it is said otherwise
    #[arg(long, group = "word")]
    hold: bool,
    /// Letters of this organisation (its name in public addresses) instead of all
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// Shows what waits, or does what is asked.
pub async fn letters(options: Options) -> Result<ExitCode> {
    let config = settings()?;
    log(&config);
    // Nothing is made or changed where nothing is.
    backup::open(&config).await?.close().await?;
    let app = open(config).await?;
    let platform = &app.platform;
    let whose = match &options.organisation {
        Some(slug) => Some(named(platform.db.read(), slug).await?.id),
        None => None,
    };
    if options.send || options.leave {
        // Work that is overdue writes its letters first, so that the word is for them too.
        app.run_queue().await?;
    }
    let tx = platform.db.begin().await?;
    let held = hold::holds(&tx).await?.into_iter().find(|hold| hold.organisation_id == whose);
    let done = match held {
        _ if options.hold => {
            hold::hold(&tx, &platform.clock, whose, HoldReason::Asked).await?;
            json!({"done": "held"})
        }
        Some(hold) if options.send => {
            hold::release(&tx, &platform.clock, &hold).await?;
            json!({"done": "sending"})
        }
        Some(hold) if options.leave => json!({"done": "left", "letters": hold::leave(&tx, platform, &hold).await?}),
        None if options.send || options.leave => {
            return Err(Error::unavailable("no letters of this kind are held: `alongside letters` shows those that are"));
        }
        _ => json!({}),
    };
    let rows = rows(&tx, &platform.clock).await?;
    tx.commit().await?;
    tell(&options, &done, &rows);
    super::serve::end(app).await;
    Ok(ExitCode::SUCCESS)
}

/// An organisation by its name in public addresses.
pub(super) async fn named(connection: &impl ConnectionTrait, slug: &str) -> Result<organisation::Model> {
    let found = organisation::Entity::find().filter(organisation::Column::Slug.eq(slug)).one(connection).await?;
    found.ok_or_else(|| Error::unavailable(format!("there is no organisation with the name {slug} in public addresses")))
}

/// Letters that wait.
struct Row {
    hold: mail_hold::Model,
    /// Empty for all.
    organisation: Option<String>,
    kind: String,
    letters: i64,
    oldest: String,
}

async fn rows(tx: &Tx, clock: &Clock) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for hold in hold::holds(tx).await? {
        let organisation = match hold.organisation_id {
            Some(id) => slug(tx, id).await?,
            None => None,
        };
        let mut kinds = hold::waiting(tx, &hold).await?;
        if kinds.is_empty() {
            kinds.push(("none yet".to_owned(), 0, clock.now()));
        }
        rows.extend(kinds.into_iter().map(|(kind, letters, oldest)| Row {
            hold: hold.clone(),
            organisation: organisation.clone(),
            kind,
            letters,
            oldest: oldest.format("%Y-%m-%d %H:%M UTC").to_string(),
        }));
    }
    Ok(rows)
}

async fn slug(tx: &Tx, id: OrganisationId) -> Result<Option<String>> {
    Ok(organisation::Entity::find_by_id(id).one(tx).await?.map(|found| found.slug))
}

/// Why letters wait, in words.
pub(super) fn reason(why: HoldReason) -> &'static str {
    match why {
        HoldReason::Restored => "since a backup was brought back",
        HoldReason::Moved => "since the organisation was moved here",
        HoldReason::Asked => "because an operator wished it",
    }
}

fn tell(options: &Options, done: &serde_json::Value, rows: &[Row]) {
    if options.json {
        if done.get("done").is_some() {
            println!("{done}");
        }
        for row in rows {
            println!(
                "{}",
                json!({"organisation": row.organisation, "why": row.hold.why, "since": row.hold.since, "kind": row.kind,
                    "letters": row.letters})
            );
        }
        return;
    }
    match done["done"].as_str() {
        Some("left") => println!("{} letters are not sent from here; their mailings show them as uncertain.", done["letters"]),
        Some("sending") => println!("The letters that waited are sent by the server or the worker."),
        Some(_) => println!("No letter leaves until you say `alongside letters --send` or `--leave`."),
        None if rows.is_empty() => println!("No letters wait for your word."),
        None => {}
    }
    for row in rows {
        let whose = row.organisation.as_deref().unwrap_or("everybody");
        println!("  {whose:<20} {:<28} {:>7}  oldest {}  ({})", row.kind, row.letters, row.oldest, reason(row.hold.why));
    }
}
