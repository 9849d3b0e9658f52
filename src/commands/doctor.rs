//! `doctor`: looks at the settings and at what the server needs, and says what to do.

use super::log;
use crate::platform::{
    Clock, Config, Db, Result,
    config::MailWay,
    jobs,
    mail::{
        Composers, Mailer,
        transport::{self, Memory},
    },
};
use chrono::{DateTime, Utc};
use migration::{Migrations, Migrator};
use serde_json::json;
use std::{process::ExitCode, sync::Arc};

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    good: bool,
    detail: String,
}

/// Looks at everything; the exit code tells whether all is well. With `retry_dead`, jobs that gave up are set going again.
pub async fn doctor(as_json: bool, retry_dead: bool) -> Result<ExitCode> {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(wrong) => {
            for one in &wrong {
                tell(as_json, &Finding { what: "settings", good: false, detail: one.clone() });
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    log(&config);
    if !as_json {
        println!("Settings");
    }
    for (key, value, set) in config.shown() {
        let from = if set { "set in the environment" } else { "default" };
        if as_json {
            println!("{}", json!({"setting": format!("ALONGSIDE_{}", key.name), "value": value, "from": from}));
        } else {
            println!("  ALONGSIDE_{:<16} {value}  ({from})", key.name);
        }
    }
    if !as_json {
        println!("Checks");
    }
    let mut findings = database(&config, retry_dead).await;
    findings.extend([secret(&config), mail(&config), clock(), zones(), address(&config), metrics(&config)]);
    findings.iter().for_each(|finding| tell(as_json, finding));
    Ok(if findings.iter().all(|finding| finding.good) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(as_json: bool, finding: &Finding) {
    if as_json {
        println!("{}", json!({"check": finding.what, "good": finding.good, "detail": finding.detail}));
    } else {
        println!("  {} {}: {}", if finding.good { "ok     " } else { "PROBLEM" }, finding.what, finding.detail);
    }
}

async fn database(config: &Config, retry_dead: bool) -> Vec<Finding> {
    let what = "database";
    let bad = |detail: String| vec![Finding { what, good: false, detail }];
    if crate::app::sqlite_file(&config.database_url).is_some_and(|file| !file.exists()) {
        let detail = "is not there yet; the first start makes it, or `alongside migrate`".to_owned();
        return vec![Finding { what, good: true, detail }];
    }
    let db = match Db::connect(&config.database_url, 1).await {
        Ok(db) => db,
        Err(error) => return bad(format!("cannot connect: {error}. Check ALONGSIDE_DATABASE_URL, and that the server runs.")),
    };
    let findings = match Migrator::get_pending_migrations(db.write()).await {
        Ok(pending) if pending.is_empty() => {
            let reachable = Finding { what, good: true, detail: "reachable and up to date".into() };
            vec![reachable, key_fits(config, &db).await, queue(&db, retry_dead).await]
        }
        Ok(pending) => bad(format!("{} migrations are missing. Run `alongside migrate`, or start the server.", pending.len())),
        Err(error) => bad(format!("cannot read its migrations: {error}.")),
    };
    let _ = db.close().await;
    findings
}

/// Whether the database was made with the key that is there: with another one the server refuses to start.
async fn key_fits(config: &Config, db: &Db) -> Finding {
    let (good, detail) = match crate::app::key_fits(config, db).await {
        Ok(true) => (true, "it is the one that this database was made with".to_owned()),
        Ok(false) => (false, "this database was made with another one. Set ALONGSIDE_SECRET_FILE to that file.".to_owned()),
        Err(error) => (false, format!("cannot be compared: {error}.")),
    };
    Finding { what: "secret key of the database", good, detail }
}

/// Jobs that gave up: what they were to do has not been done.
async fn queue(db: &Db, retry_dead: bool) -> Finding {
    let (good, detail) = match look_at_queue(db, retry_dead).await {
        Ok((0, dead)) if dead.is_empty() => (true, "no job gave up".to_owned()),
        Ok((0, dead)) => {
            let kinds: Vec<String> = dead.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let what = "Their reasons are in the log. When they are dealt with, run `alongside doctor --retry-dead`.";
            (false, format!("jobs gave up: {}. {what}", kinds.join(", ")))
        }
        Ok((again, _)) => (true, format!("jobs that gave up and are set going again: {again}")),
        Err(error) => (false, format!("cannot read the queue: {error}.")),
    };
    Finding { what: "queue", good, detail }
}

async fn look_at_queue(db: &Db, retry_dead: bool) -> Result<(u64, Vec<(String, i64)>)> {
    let again = if retry_dead { jobs::retry_dead(db.write(), &Clock::system()).await? } else { 0 };
    Ok((again, jobs::dead(db.read()).await?))
}

fn secret(config: &Config) -> Finding {
    let path = &config.secret_file;
    let (good, detail) = match std::fs::metadata(path) {
        Ok(found) => private(&found, path),
        Err(_) => {
            (true, format!("{} is not there yet; the first start makes it. Keep a copy: links depend on it.", path.display()))
        }
    };
    Finding { what: "secret key", good, detail }
}

#[cfg(unix)]
fn private(found: &std::fs::Metadata, path: &std::path::Path) -> (bool, String) {
    use std::os::unix::fs::PermissionsExt;
    if found.permissions().mode() & 0o077 == 0 {
        (true, format!("{} can be read by its owner alone", path.display()))
    } else {
        (false, format!("others can read {}. Run `chmod 600` on it.", path.display()))
    }
}

#[cfg(not(unix))]
fn private(_: &std::fs::Metadata, path: &std::path::Path) -> (bool, String) {
    (true, format!("{} is there", path.display()))
}

fn mail(config: &Config) -> Finding {
    let detail = match &config.mail {
        MailWay::Folder(folder) => {
            format!("letters are written to {}; nobody receives them. Set ALONGSIDE_MAIL=smtp to send.", folder.display())
        }
        MailWay::Smtp(_) => "letters are sent by SMTP".to_owned(),
        MailWay::Memory => "letters stay in memory".to_owned(),
    };
    let sender = Mailer::new(Composers::default(), Arc::new(Memory::default()), config);
    match sender.and_then(|_| transport::open(config)) {
        Ok(_) => Finding { what: "mail", good: true, detail },
        Err(error) => Finding { what: "mail", good: false, detail: error.to_string() },
    }
}

/// The clock must not be years off: links and consents depend on it.
fn clock() -> Finding {
    let now = Clock::system().now();
    let built: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).unwrap_or(now);
    let good = now > built;
    let detail =
        if good { format!("{}", now.format("%Y-%m-%d %H:%M UTC")) } else { "the computer's clock is wrong. Set it.".to_owned() };
    Finding { what: "clock", good, detail }
}

fn zones() -> Finding {
    let good = "Europe/London".parse::<chrono_tz::Tz>().is_ok();
    Finding { what: "time zones", good, detail: format!("built in ({})", chrono_tz::IANA_TZDB_VERSION) }
}

fn metrics(config: &Config) -> Finding {
    let detail = if config.metrics_token.is_empty() {
        "callers on this computer see /metrics, if no proxy has passed them on. Set ALONGSIDE_METRICS_TOKEN to read it from elsewhere."
    } else {
        "whoever sends the token sees /metrics"
    };
    Finding { what: "metrics", good: true, detail: detail.to_owned() }
}

fn address(config: &Config) -> Finding {
    let local = config.public_url.contains("127.0.0.1") || config.public_url.contains("localhost");
    let safe = config.public_url.starts_with("https://") || local;
    let detail = if safe {
        format!("links in letters begin with {}", config.public_url)
    } else {
        format!("{} is not https: links would travel in the clear. Put a proxy with TLS in front.", config.public_url)
    };
    Finding { what: "public address", good: safe, detail }
}
