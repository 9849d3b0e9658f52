//! The settings. Every key has a default, so the program starts with none set; an unknown key is an error.

mod delivery;
pub mod mailbox;
mod reader;

pub use delivery::{Delivery, Rate, Rates};
pub use mailbox::{Mailbox, Protection};

use reader::Reader;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// What every key of the environment begins with.
const PREFIX: &str = "ALONGSIDE_";

/// One key, as `doctor` and the README show it.
pub struct Key {
    /// The name in the environment, without the prefix.
    pub name: &'static str,
    /// What holds when it is not set.
    pub default: &'static str,
    /// Whether its value must not be shown.
    pub secret: bool,
    /// What it does.
    pub help: &'static str,
}

macro_rules! keys {
    ($($name:literal = $default:literal, $secret:literal, $help:literal;)*) => {
        /// Every key.
        pub const KEYS: &[Key] = &[$(Key { name: $name, default: $default, secret: $secret, help: $help }),*];
    };
}

keys! {
    "DATABASE_URL" = "sqlite://./data/alongside.db", true, "SQLite file or `postgres://user:password@host/database`";
    "DATABASE_POOL" = "8", false, "Connections to the database";
    "LISTEN" = "127.0.0.1:8080", false, "Address and port of the server";
    "PUBLIC_URL" = "http://127.0.0.1:8080", false, "Address under which people reach the server; links in letters begin with it";
    "SECRET_FILE" = "./data/secret.key", false, "Key from which links are derived; made at the first start; every process needs the same one";
    "MAIL" = "folder", false, "`folder` writes letters to MAIL_FOLDER, `smtp` sends them";
    "MAIL_FOLDER" = "./data/mail", false, "Where `folder` writes its .eml files";
    "MAIL_FROM" = "Alongside <alongside@localhost.localdomain>", false, "Sender of letters";
    "SMTP_URL" = "", true, "`smtp://host:port`, `smtps://user:password@host` or `smtp://user:password@host?tls=required`; several with commas between: each is used while those before it are not reached";
    "SMTP_CONNECTIONS" = "8", false, "Letters under way at the same time";
    "SMTP_LETTERS" = "100", false, "Letters on one connection; some mail servers want no more than 20";
    "SMTP_CA" = "", false, "File with certificates (PEM) that are believed beside the public ones, for a mail server in the house";
    "MAIL_DKIM" = "", false, "Keys that sign letters for the domain of MAIL_FROM, `selector:file.pem` with commas between; leave it out where the mail server signs";
    "MAIL_RETURNS" = "", false, "Domain at which bounces come back to us, such as returns.sunrise.example; its mail server hands them over by POST to /inbound or by LMTP, or they are fetched from a mailbox";
    "MAIL_RETURNS_LMTP" = "", false, "Address and port at which a worker takes them by LMTP, such as 127.0.0.1:2424";
    "MAIL_RETURNS_POLL" = "", false, "Mailbox that mail that comes back is fetched from by IMAP, once a minute, and that holds nothing else: `imaps://returns@mail.sunrise.example/INBOX`, or `imap://` for STARTTLS";
    "MAIL_RETURNS_PASSWORD_FILE" = "", false, "File that holds the password of that mailbox";
    "MAIL_RETURNS_TOKEN" = "", true, "Bearer token for /inbound; without one, nothing is taken there";
    "MAIL_RATES" = "", false, "Most letters in a time, with commas between: `server=50/s` for each mail server, `domain=20/s` for each domain that is written to, `gmail.com=1000/h` for one";
    "MAIL_WARM_UP" = "off", false, "Letters on the first day from a mail server that nobody knows yet, such as 200; twice as many on each day after it, until there is no limit";
    "CORS_ORIGINS" = "", false, "Front ends that may call the API from a browser, with commas between";
    "TRUSTED_PROXIES" = "", false, "Addresses or networks (10.0.0.0/8) of reverse proxies whose `X-Forwarded-For` and `traceparent` are believed, with commas between";
    "WEBHOOK_ALLOW" = "", false, "Networks (10.0.0.0/8) or addresses that webhooks may lead to though they are not public, also without https; commas between";
    "WEBHOOK_SECONDS" = "15", false, "A webhook's receiver has so long to answer";
    "METRICS_TOKEN" = "", true, "Bearer token for `/metrics`; without one, only callers on the same computer see it";
    "OTEL_URL" = "", false, "An OpenTelemetry collector that is sent traces (`http://127.0.0.1:4318`), by a program built with `otel`";
    "BODY_LIMIT" = "1048576", false, "Largest JSON body in bytes";
    "IMPORT_LIMIT" = "33554432", false, "Largest imported file in bytes";
    "HASHERS" = "2", false, "Passwords hashed at the same time (19 MiB of memory each)";
    "SIGN_IN_LIMIT" = "20", false, "Attempts of one kind (signing in, joining, a link that does not work) from one place, and for one address, in ten minutes; 0 switches the limit off";
    "CONNECTIONS" = "1000", false, "Connections at the same time; beyond them, the one that has waited longest without asking makes room";
    "CONNECTIONS_EACH" = "200", false, "Connections from one place (a /24 of IPv4, a /56 of IPv6) at the same time, named proxies apart";
    "HEAD_SECONDS" = "20", false, "The head of a request has to be there after so long";
    "REQUEST_SECONDS" = "300", false, "A request is given up after so long";
    "REQUEST_LIMIT" = "6000", false, "Requests in ten minutes from one place, and of one account, key or person, and half as many to one address; 0 switches the limit off";
    "WORKER" = "on", false, "`off` lets `serve` leave queued work to `alongside worker`";
    "LOG" = "info", false, "What is logged: error, warn, info, debug, or a filter by module";
    "LOG_FORMAT" = "text", false, "`text` or `json`";
}

/// How letters leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailWay {
    /// As .eml files.
    Folder(PathBuf),
    /// By SMTP; holds the URL.
    Smtp(String),
    /// Into memory, in tests.
    Memory,
}

/// The settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Database URL.
    pub database_url: String,
    /// Connections.
    pub database_pool: u32,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How people reach the server, without a slash at the end.
    pub public_url: String,
    /// The key file.
    pub secret_file: PathBuf,
    /// How letters leave.
    pub mail: MailWay,
    /// Sender.
    pub mail_from: String,
    /// Letters under way at the same time.
    pub smtp_connections: usize,
    /// How letters are handed over.
    pub delivery: Delivery,
    /// Allowed front ends.
    pub cors_origins: Vec<String>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Networks that webhooks may lead to though they are not public.
    pub webhook_allow: Vec<ipnet::IpNet>,
    /// A webhook's receiver has so many seconds to answer.
    pub webhook_seconds: u64,
    /// Token for reading metrics; empty if there is none.
    pub metrics_token: String,
    /// The collector that is sent traces; empty if there is none.
    pub otel_url: String,
    /// Largest JSON body.
    pub body_limit: usize,
    /// Largest imported file.
    pub import_limit: usize,
    /// Passwords hashed at the same time.
    pub hashers: usize,
    /// Sign-in attempts in ten minutes.
    pub sign_in_limit: u32,
    /// Connections at the same time.
    pub connections: usize,
    /// Connections from one place at the same time.
    pub connections_each: usize,
    /// The head of a request has to be there after so many seconds.
    pub head_seconds: u64,
    /// A request is given up after so many seconds.
    pub request_seconds: u64,
    /// Requests in ten minutes.
    pub request_limit: u32,
    /// Whether `serve` works off the queue.
    pub worker: bool,
    /// Log filter.
    pub log: String,
    /// Whether to log JSON.
    pub log_json: bool,
    /// What was set, by whom: for `doctor`.
    pub set: BTreeMap<String, String>,
}

impl Config {
    /// Reads the process's environment.
    #[allow(clippy::disallowed_methods)]
    pub fn from_env() -> Result<Self, Vec<String>> {
        Self::read(std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)))
    }

    /// Reads settings; everything that is wrong is told at once, each with what to do.
    pub fn read(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut set = BTreeMap::new();
        for (name, value) in pairs {
            let short = name.strip_prefix(PREFIX).unwrap_or(&name).to_owned();
            // Keys of the test suite share the prefix and are not settings of the server.
            if short.starts_with("TEST_") {
                continue;
            }
            if KEYS.iter().any(|key| key.name == short) {
                set.insert(short, value.trim().to_owned());
            } else {
                wrong.push(format!("{name} is not a setting. Did you mean {PREFIX}{}?", nearest(&short)));
            }
        }
        let mut reader = Reader { set: &set, wrong: &mut wrong };
        let mail = match reader.text("MAIL").as_str() {
            "folder" => {
                if !reader.text("SMTP_URL").is_empty() {
                    reader
                        .wrong("SMTP_URL", "is set, and ALONGSIDE_MAIL is folder: set ALONGSIDE_MAIL=smtp, or leave the URL out");
                }
                MailWay::Folder(PathBuf::from(reader.text("MAIL_FOLDER")))
            }
            "smtp" => {
                let url = reader.text("SMTP_URL");
                if url.is_empty() {
                    reader.wrong("SMTP_URL", "is needed when ALONGSIDE_MAIL is smtp");
                }
                if reader.set.contains_key("MAIL_FOLDER") {
                    reader.wrong(
                        "MAIL_FOLDER",
                        "is set, and ALONGSIDE_MAIL is smtp: leave the folder out, or set ALONGSIDE_MAIL=folder",
                    );
                }
                MailWay::Smtp(url)
            }
            _ => {
                reader.wrong("MAIL", "must be `folder` or `smtp`");
                MailWay::Memory
            }
        };
        let public_url = reader.text("PUBLIC_URL").trim_end_matches('/').to_owned();
        if !(public_url.starts_with("http://") || public_url.starts_with("https://")) {
            reader.wrong("PUBLIC_URL", "must begin with http:// or https://");
        }
        let config = Self {
            database_url: reader.database(),
            database_pool: reader.number("DATABASE_POOL", 1, 500),
            listen: reader.parse(
                "LISTEN",
                "must be an address with a port, such as 127.0.0.1:8080",
                ([127, 0, 0, 1], 8080).into(),
            ),
            public_url,
            secret_file: PathBuf::from(reader.text("SECRET_FILE")),
            mail,
            mail_from: reader.text("MAIL_FROM"),
            smtp_connections: reader.number("SMTP_CONNECTIONS", 1, 200),
            delivery: Delivery::read(&mut reader),
            cors_origins: reader.origins("CORS_ORIGINS"),
            trusted_proxies: reader.networks("TRUSTED_PROXIES"),
            webhook_allow: reader.networks("WEBHOOK_ALLOW"),
            webhook_seconds: reader.number("WEBHOOK_SECONDS", 1, 60),
            metrics_token: reader.token("METRICS_TOKEN"),
            otel_url: reader.collector("OTEL_URL"),
            body_limit: reader.number("BODY_LIMIT", 1024, 64 << 20),
            import_limit: reader.number("IMPORT_LIMIT", 1024, 1 << 30),
            hashers: reader.number("HASHERS", 1, 64),
            sign_in_limit: reader.number("SIGN_IN_LIMIT", 0, 100_000),
            connections: reader.number("CONNECTIONS", 1, 1_000_000),
            connections_each: reader.number("CONNECTIONS_EACH", 1, 1_000_000),
            head_seconds: reader.number("HEAD_SECONDS", 1, 600),
            request_seconds: reader.number("REQUEST_SECONDS", 1, 3600),
            request_limit: reader.number("REQUEST_LIMIT", 0, 100_000_000),
            worker: reader.choice("WORKER", "on", "off"),
            log: reader.log(),
            log_json: reader.choice("LOG_FORMAT", "json", "text"),
            set: BTreeMap::new(),
        };
        if wrong.is_empty() { Ok(Self { set, ..config }) } else { Err(wrong) }
    }

    /// Scheme, host and port of the address under which people reach the server, as browsers name them.
    pub fn public_origin(&self) -> &str {
        let origin = self.public_parts().0;
        let usual = if origin.starts_with("https:") { ":443" } else { ":80" };
        origin.strip_suffix(usual).unwrap_or(origin)
    }

    /// The path behind which people reach the pages; empty where they stand at the root.
    pub fn public_path(&self) -> &str {
        self.public_parts().1
    }

    fn public_parts(&self) -> (&str, &str) {
        let host = self.public_url.find("://").map_or(0, |at| at + 3);
        let end = self.public_url[host..].find('/').map_or(self.public_url.len(), |at| host + at);
        self.public_url.split_at(end)
    }

    /// Each key with its value as it may be shown, and whether it was set.
    pub fn shown(&self) -> Vec<(&'static Key, String, bool)> {
        let show = |key: &'static Key| {
            let set = self.set.get(key.name);
            let value = set.map_or(key.default, String::as_str);
            let value = match (key.secret, key.name) {
                (false, _) => value.to_owned(),
                (true, "SMTP_URL") => value.split(',').map(|url| without_password(url.trim())).collect::<Vec<_>>().join(","),
                (true, _) => without_password(value),
            };
            (key, value, set.is_some())
        };
        KEYS.iter().map(show).collect()
    }
}

/// A URL without the password in it; of what is no URL, nothing.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.is_empty() { String::new() } else { "…".to_owned() };
    };
    // PostgreSQL takes a password in the query as well. Paths of sockets may stay, whatever else stands there may not.
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let shown = |part: &str| match part.split_once('=') {
        Some((key @ ("host" | "port" | "user" | "dbname" | "sslmode" | "mode" | "tls"), value)) => format!("{key}={value}"),
        Some((key, _)) => format!("{key}=…"),
        None => "…".to_owned(),
    };
    let query = query.map_or(String::new(), |query| format!("?{}", query.split('&').map(shown).collect::<Vec<_>>().join("&")));
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}:…@{host}{query}", user.split(':').next().unwrap_or_default()),
        None => format!("{scheme}://{rest}{query}"),
    }
}

/// The key whose name needs the fewest changes.
fn nearest(name: &str) -> &'static str {
    KEYS.iter().map(|key| key.name).min_by_key(|key| distance(key, name)).unwrap_or("LOG")
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        Config::read(pairs.iter().map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned())))
    }

    #[test]
    fn everything_has_a_default() {
        let config = read(&[]).unwrap();
        assert_eq!(config.database_url, "sqlite://./data/alongside.db?mode=rwc");
        assert_eq!(config.mail, MailWay::Folder("./data/mail".into()));
    }

    #[test]
    fn mistakes_are_told_at_once_with_the_nearest_key() {
        let wrong =
            read(&[("DATABSE_URL", "x"), ("DATABASE_POOL", "none"), ("MAIL", "smtp"), ("PUBLIC_URL", "ftp://x")]).unwrap_err();
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(wrong[0].contains("Did you mean ALONGSIDE_DATABASE_URL?"));
    }

    #[test]
    fn settings_that_contradict_each_other_are_told() {
        let smtp = ("MAIL", "smtp");
        let poll = ("MAIL_RETURNS_POLL", "imaps://returns@mail.example/INBOX");
        let password = ("MAIL_RETURNS_PASSWORD_FILE", "/etc/alongside/mailbox");
        let contradictions: [(&[(&str, &str)], &str); 9] = [
            (&[password], "there is no mailbox"),
            (&[poll, password], "needs ALONGSIDE_MAIL_RETURNS, the domain"),
            (&[poll, ("MAIL_RETURNS", "returns.example")], "needs ALONGSIDE_MAIL_RETURNS_PASSWORD_FILE"),
            (&[("SMTP_URL", "smtp://mail:25")], "ALONGSIDE_MAIL=smtp"),
            (&[smtp, ("SMTP_URL", "smtp://mail:25"), ("MAIL_FOLDER", "x")], "ALONGSIDE_MAIL=folder"),
            (&[("CORS_ORIGINS", "*")], "name the front ends"),
            (&[("CORS_ORIGINS", "https://a.example/path")], "without a path"),
            (&[("CORS_ORIGINS", "a.example")], "with its scheme"),
            (&[("METRICS_TOKEN", "short")], "16 letters"),
        ];
        for (pairs, words) in contradictions {
            let wrong = read(pairs).unwrap_err();
            assert!(wrong.len() == 1 && wrong[0].contains(words), "{pairs:?}: {wrong:?}");
        }
        assert_eq!(read(&[("CORS_ORIGINS", "https://a.example, http://localhost:5173")]).unwrap().cors_origins.len(), 2);
    }

    #[cfg(not(feature = "otel"))]
    #[test]
    fn a_program_that_cannot_trace_does_not_seem_to() {
        let wrong = read(&[("OTEL_URL", "http://127.0.0.1:4318")]).unwrap_err();
        assert!(wrong.len() == 1 && wrong[0].contains("built without `otel`"), "{wrong:?}");
        assert!(read(&[("OTEL_URL", "")]).is_ok());
    }

    #[test]
    fn passwords_are_not_shown() {
        let config = read(&[("DATABASE_URL", "postgres://ada:hunter2@db/x")]).unwrap();
        let shown: Vec<String> = config.shown().into_iter().map(|(_, value, _)| value).collect();
        assert!(shown.contains(&"postgres://ada:…@db/x".to_owned()));
        assert!(!shown.iter().any(|value| value.contains("hunter2")));
        let config = read(&[("METRICS_TOKEN", "hunter2hunter2hunter2")]).unwrap();
        assert!(!config.shown().iter().any(|(_, value, _)| value.contains("hunter2")));
    }

    #[test]
    fn the_public_address_has_an_origin_and_perhaps_a_path() {
        let of = |url| {
            let config = read(&[("PUBLIC_URL", url)]).unwrap();
            (config.public_origin().to_owned(), config.public_path().to_owned())
        };
        let expect = |url, origin: &str, path: &str| assert_eq!(of(url), (origin.to_owned(), path.to_owned()));
        expect("https://a.example:8443/alongside/", "https://a.example:8443", "/alongside");
        expect("http://127.0.0.1:8080", "http://127.0.0.1:8080", "");
        expect("https://alongside.test", "https://alongside.test", "");
        expect("https://sunrise.example/alongside", "https://sunrise.example", "/alongside");
        expect("https://sunrise.example:443/a/b", "https://sunrise.example", "/a/b");
        expect("http://localhost:8080", "http://localhost:8080", "");
    }
}
