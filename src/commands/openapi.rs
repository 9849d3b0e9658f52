//! `openapi`: prints the API document.

use crate::{
    app::{self, App},
    platform::{Clock, Config, Db, Error, Result, Secret, config::MailWay, http::openapi, mail::transport::Memory},
};
use std::{process::ExitCode, sync::Arc};

/// Prints the document that the server serves. Needs no database and no settings.
pub async fn print() -> Result<ExitCode> {
    println!("{}", document().await?);
    Ok(ExitCode::SUCCESS)
}

/// The document, indented.
pub async fn document() -> Result<String> {
    let mut config = Config::read([]).map_err(|wrong| Error::bug(wrong.join(" ")))?;
    config.mail = MailWay::Memory;
    let db = Db::connect("sqlite::memory:", 1).await?;
    let app = App::assemble(config, Clock::system(), db, Secret::new([0; 32]), Arc::new(Memory::default()))?;
    let document = openapi::complete(&app::service(&app).spec()).map_err(|error| Error::bug(error.to_string()))?;
    serde_json::to_string_pretty(&document).map_err(|error| Error::bug(error.to_string()))
}
