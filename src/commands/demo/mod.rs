//! `demo`: the whole story in a minute, told through the server's own public API: nothing here knows a short cut.
//!
//! An organisation asks made-up people what support for those who lived through violence should look like. People join, say
//! how much they want to be involved, are asked or left in peace, answer, design together, and are told what came of it.
//! With the same seed every number is the same again.

mod consultation;
mod dice;
mod group;
mod house;
mod letters;
mod people;
mod progress;
mod questions;
mod story;
mod summary;
mod telling;
mod work;

pub use house::EMAIL as COORDINATOR;
pub use summary::{Consultation, Group, Summary};

use super::{client::Client, log, open, serve};
use crate::{
    accounts::organisations,
    app,
    platform::{Config, Error, Result},
};
use progress::Progress;
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};
use story::Story;

/// Where the demo keeps its things.
const FOLDER: &str = "./data/demo";

/// What can be chosen about a demo.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// How many people there are
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(20..=5000))]
    pub people: u32,
    /// What everything that is left to chance follows from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Stop the server at the end
    #[arg(long)]
    pub exit: bool,
}

/// Tells the story, prints what came of it, and leaves the server running unless told not to.
pub async fn demo(options: Options) -> Result<ExitCode> {
    let folder = PathBuf::from(FOLDER);
    let server = tokio::select! {
        told = tell(&folder, &options, ([127, 0, 0, 1], 0).into()) => told?,
        () = serve::stop_signal() => {
            eprintln!("\nThe demo was stopped before its end.");
            return Ok(ExitCode::FAILURE);
        }
    };
    let (summary, server) = server;
    if options.json {
        println!("{}", serde_json::to_string(&summary).map_err(|error| Error::bug(error.to_string()))?);
    } else {
        print!("{}", summary.for_people(&server.app.platform.config.public_url, &folder));
    }
    if !options.exit {
        eprintln!("The server runs until you press Ctrl-C.");
        serve::stop_signal().await;
    }
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Tells the story in a folder of its own, on a server that is left running. What was there from an earlier demo is removed.
pub async fn tell(folder: &Path, options: &Options, address: SocketAddr) -> Result<(Summary, serve::Running)> {
    let began = Instant::now();
    wipe(folder).map_err(|error| Error::unavailable(format!("cannot begin afresh in {}: {error}", folder.display())))?;
    let listener = serve::listen(address).await?;
    let address = listener.local_addr().map_err(|error| Error::unavailable(error.to_string()))?;
    let config = settings(folder, address)?;
    log(&config);
    let app = open(config.clone()).await?;
    app::schedule(&app.platform).await?;
    let link = organisations::first_start(&app.platform).await?.ok_or_else(|| Error::bug("the demo is set up already"))?;
    let now = app.platform.clock.now();
    let server = serve::start(app, listener)?;
    let progress = Progress::new();
    let story = Story::begin(Client::new(&config.public_url), progress.clone(), folder.join("mail"), options, now);
    match story.tell(link.reveal()).await {
        Ok(mut summary) => {
            summary.seconds = (began.elapsed().as_secs_f64() * 10.0).round() / 10.0;
            Ok((summary, server))
        }
        Err(error) => {
            server.stop().await;
            Err(Error::unavailable(format!("the demo stopped at “{}”: {error}", progress.step())))
        }
    }
}

/// Settings that need nothing from outside: an SQLite file, and letters as files.
fn settings(folder: &Path, address: SocketAddr) -> Result<Config> {
    let at = |name: &str| folder.join(name).display().to_string();
    let pairs = [
        ("DATABASE_URL", format!("sqlite://{}", at("alongside.db"))),
        ("SECRET_FILE", at("secret.key")),
        ("MAIL", "folder".to_owned()),
        ("MAIL_FOLDER", at("mail")),
        ("MAIL_FROM", "Riverside Support Partnership <letters@riverside.example>".to_owned()),
        ("LISTEN", address.to_string()),
        ("PUBLIC_URL", format!("http://{address}")),
        ("SIGN_IN_LIMIT", "0".to_owned()),
        ("REQUEST_LIMIT", "0".to_owned()),
        ("LOG", "warn".to_owned()),
    ];
    let pairs = pairs.into_iter().map(|(name, value)| (format!("ALONGSIDE_{name}"), value));
    Config::read(pairs).map_err(|wrong| Error::bug(wrong.join("\n")))
}

/// Removes what an earlier demo made, by name: nothing else that may be in the folder.
fn wipe(folder: &Path) -> io::Result<()> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    for name in ["alongside.db", "alongside.db-wal", "alongside.db-shm", "secret.key"] {
        gone(std::fs::remove_file(folder.join(name)))?;
    }
    gone(std::fs::remove_dir_all(folder.join("mail")))?;
    std::fs::create_dir_all(folder)
}
