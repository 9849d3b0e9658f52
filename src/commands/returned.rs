//! `returned`: mail that came back and that nothing was made of, for an operator to look at.

use super::{backup, log, open, settings};
use crate::platform::{Error, Result, mail::inbound};
use entity::MailInboundId;
use serde_json::json;
use std::{io::Write, process::ExitCode};

/// What to show.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Write one message to standard output, as it came
    #[arg(long, value_name = "ID")]
    show: Option<MailInboundId>,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// Shows them.
pub async fn returned(options: Options) -> Result<ExitCode> {
    let config = settings()?;
    log(&config);
    // Nothing is made or changed where nothing is.
    backup::open(&config).await?.close().await?;
    let app = open(config).await?;
    let db = app.platform.db.read();
    if let Some(id) = options.show {
        let raw = inbound::kept_whole(db, id).await?.ok_or_else(|| Error::unavailable("no such message is kept"))?;
        std::io::stdout().write_all(&raw).map_err(|error| Error::unavailable(format!("cannot write the message: {error}")))?;
    } else {
        let kept = inbound::kept(db).await?;
        if kept.is_empty() && !options.json {
            println!("No message that came back waits for you.");
        }
        for one in kept {
            if options.json {
                println!("{}", json!({"id": one.id, "received_at": one.received_at, "why": one.why, "bytes": one.bytes}));
            } else {
                let why = one.why.unwrap_or_default();
                println!("{}  {}  {:>8} bytes  {why}", one.id, one.received_at.format("%Y-%m-%d %H:%M UTC"), one.bytes);
            }
        }
    }
    super::serve::end(app).await;
    Ok(ExitCode::SUCCESS)
}
