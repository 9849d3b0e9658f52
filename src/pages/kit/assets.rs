//! What pages load: one small style sheet, an organisation's colour and logo, one small script. All of it is ours.

use super::{Desk, Reply, Visit};
use crate::{
    accounts::look,
    platform::{
        Error, Result,
        secret::{hex, sha256},
    },
};
use entity::OrganisationId;
use poem::{Response, http::header};
use std::sync::{Arc, LazyLock};

/// The style sheet.
const STYLE: &str = include_str!("../../../templates/kit/style.css");
/// The script: the quick way out.
const SCRIPT: &str = include_str!("../../../templates/kit/script.js");

/// Names hold a digest of what they name, so that browsers can keep them for good.
pub static SHEET: LazyLock<String> = LazyLock::new(|| named("style", STYLE, "css"));
/// The name of the script.
pub static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| named("script", SCRIPT, "js"));

fn named(what: &str, text: &str, end: &str) -> String {
    format!("{what}-{}.{end}", &hex(&sha256(text.as_bytes()))[..12])
}

/// The style sheet or the script.
pub async fn file(visit: Arc<Visit>) -> Result<Reply> {
    let name = visit.word("file");
    let (text, kind) = if name == SHEET.as_str() {
        (STYLE, "text/css; charset=utf-8")
    } else if name == SCRIPT_NAME.as_str() {
        (SCRIPT, "text/javascript; charset=utf-8")
    } else {
        return Err(Error::NotFound("file"));
    };
    Ok(lasting(kind, text.as_bytes().to_vec()))
}

/// An organisation's colour. Its address holds the version.
pub async fn colour(visit: Arc<Visit>) -> Result<Reply> {
    let organisation: OrganisationId = visit.param("organisation")?;
    let found = look::of(visit.platform().db.read(), organisation).await?.and_then(|look| look.colour);
    let colour = found.ok_or(Error::NotFound("file"))?;
    Ok(lasting("text/css; charset=utf-8", format!(":root{{--brand:{colour}}}").into_bytes()))
}

/// An organisation's logo. Its address holds the version.
pub async fn logo(visit: Arc<Visit>) -> Result<Reply> {
    let organisation: OrganisationId = visit.param("organisation")?;
    let (kind, bytes) = look::logo(visit.platform().db.read(), organisation).await?;
    Ok(lasting(&kind, bytes))
}

fn lasting(kind: &str, bytes: Vec<u8>) -> Reply {
    let response = Response::builder()
        .content_type(kind)
        .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
        .header("cross-origin-resource-policy", "same-origin")
        .body(bytes);
    Reply::Raw(response)
}

/// The routes.
pub fn routes(route: poem::Route, desk: &Desk) -> poem::Route {
    use super::{Zone, ask};
    route
        .at("/assets/:file", poem::get(ask(desk, Zone::Open, file)))
        .at("/assets/colour/:organisation/:version", poem::get(ask(desk, Zone::Open, colour)))
        .at("/assets/logo/:organisation/:version", poem::get(ask(desk, Zone::Open, logo)))
}
