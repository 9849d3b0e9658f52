//! Whether letters wait because no mail server of ours takes them: told to administrators without a word of the server's, which could
//! hold an address.

use super::{smtp, transport::Stage};
use crate::platform::{Config, Platform, Result, config::MailWay};
use chrono::Duration;
use entity::{RouteKind, Time, mail_route};
use mail_route::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// A pause that ended so long ago, and nothing was tried since: no letter waits, and nobody knows how the server is now.
const STALE: Duration = Duration::minutes(10);

/// That none of our mail servers takes letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusing {
    /// Since when none does.
    pub since: Time,
    /// Where in the conversation with the most wanted one it ended at last.
    pub stage: Option<String>,
    /// The code of its answer, if it gave one.
    pub code: Option<u16>,
    /// When one is tried again.
    pub next_at: Option<Time>,
}

/// Whether letters wait because none of our mail servers takes them. While one does, they leave by that.
pub async fn refusing(platform: &Platform) -> Result<Option<Refusing>> {
    let servers = servers(&platform.config);
    if servers.is_empty() {
        return Ok(None);
    }
    let fresh = platform.clock.now() - STALE;
    let shut = Entity::find()
        .filter(Column::Kind.eq(RouteKind::Server))
        .filter(Column::Name.is_in(servers.iter().map(String::as_str)))
        .filter(Column::ShutSince.is_not_null())
        .filter(Column::ClosedUntil.gt(fresh))
        .all(platform.db.read())
        .await?;
    Ok(all_of(&servers, &shut))
}

fn servers(config: &Config) -> Vec<String> {
    match &config.mail {
        MailWay::Smtp(urls) => urls.split(',').filter_map(|url| smtp::place(url.trim())).collect(),
        MailWay::Folder(_) | MailWay::Memory => Vec::new(),
    }
}

fn all_of(servers: &[String], shut: &[Model]) -> Option<Refusing> {
    let rows = servers.iter().map(|name| shut.iter().find(|row| row.name == *name)).collect::<Option<Vec<_>>>()?;
    let first = rows.first()?;
    Some(Refusing {
        since: rows.iter().filter_map(|row| row.shut_since).max()?,
        stage: first.last_stage.clone(),
        code: first.last_code.and_then(|code| u16::try_from(code).ok()),
        next_at: rows.iter().filter_map(|row| row.closed_until).min(),
    })
}

impl Refusing {
    /// Whether it is there at all.
    pub fn is_reached(&self) -> bool {
        self.stage.as_deref() != Some(Stage::Connect.word())
    }

    /// What happens when a letter is to leave, and the code, as it stands in brackets behind a sentence.
    pub fn why(&self) -> String {
        let is = |stage: Stage| self.stage.as_deref() == Some(stage.word());
        let words = if !self.is_reached() {
            "it is not reached"
        } else if is(Stage::Tls) {
            "the connection cannot be encrypted"
        } else if is(Stage::Auth) {
            "login refused"
        } else if is(Stage::Greeting) || is(Stage::Hello) {
            "it turns us away"
        } else if is(Stage::Mail) {
            "it refuses our address"
        } else {
            "it does not take them"
        };
        self.code.map_or_else(|| words.to_owned(), |code| format!("{words}, {code}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn at(minute: u32) -> Time {
        Utc.with_ymd_and_hms(2027, 3, 1, 9, minute, 0).unwrap()
    }

    fn row(name: &str, since: u32, until: u32, stage: &str, code: Option<i32>) -> Model {
        Model {
            kind: RouteKind::Server,
            name: name.into(),
            letters: None,
            filled_at: None,
            faults: 5,
            opened: 1,
            closed_until: Some(at(until)),
            shut_since: Some(at(since)),
            last_stage: Some(stage.into()),
            last_code: code,
            last_enhanced: None,
            last_text: Some("for ben@example.org".into()),
            started_on: None,
            counted_on: None,
            counted: 0,
            changed_at: at(since),
        }
    }

    #[test]
    fn letters_wait_when_no_server_takes_them() {
        let both = ["a:25".to_owned(), "b:587".to_owned()];
        let (a, b) = (row("a:25", 5, 40, "auth", Some(535)), row("b:587", 20, 30, "connect", None));
        assert_eq!(all_of(&both, std::slice::from_ref(&a)), None, "the other one takes them");
        let found = all_of(&both, &[b.clone(), a.clone()]).unwrap();
        assert_eq!((found.since, found.next_at), (at(20), Some(at(30))), "until then the other one took them");
        assert_eq!(found.why(), "login refused, 535");
        assert_eq!(all_of(&["b:587".into()], &[b]).unwrap().why(), "it is not reached");
        assert_eq!(all_of(&[], &[a]), None);
    }

    #[test]
    fn servers_are_named_as_they_are_kept() {
        for (url, name) in [
            ("smtp://mail.example", Some("mail.example:25")),
            ("smtps://a%40b:p%3Aw@mail.example", Some("mail.example:465")),
            ("smtp://a:b@mail.example?tls=required", Some("mail.example:587")),
            ("smtp://[::1]:2525", Some("::1:2525")),
            ("mail.example", None),
        ] {
            assert_eq!(smtp::place(url).as_deref(), name);
        }
    }
}
