//! Signatures, the times of tries, and which addresses can be told. Pure.

use crate::platform::Violation;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use entity::WebhookEventKind;
use hmac::{Hmac, KeyInit, Mac};
use ipnet::IpNet;
use serde_json::{Value, json};
use sha2::Sha256;

/// An old secret signs along for so long after a new one was made.
pub const OLD_SECRET: Duration = Duration::hours(24);
/// A webhook at which nothing has arrived for so long is switched off.
pub const FAILING: Duration = Duration::days(5);
/// Events are kept for so long, and can be sent again until then.
pub const KEPT: Duration = Duration::days(30);
/// So many webhooks may an organisation have.
pub const MOST: u64 = 20;
/// Waits before each further try, as Standard Webhooks suggests: more than three days in all.
const WAITS: [Duration; 9] = [
    Duration::seconds(5),
    Duration::minutes(5),
    Duration::minutes(30),
    Duration::hours(2),
    Duration::hours(5),
    Duration::hours(10),
    Duration::hours(14),
    Duration::hours(20),
    Duration::hours(24),
];

/// How long to wait after so many tries; none if that was the last. `spread` (any number) lets the tries of many deliveries
/// that failed together drift apart; `asked` is what the receiver asked for.
pub fn wait(attempts: i32, spread: u8, asked: Option<Duration>) -> Option<Duration> {
    let index = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let wait = *WAITS.get(index)?;
    let wait = wait + Duration::milliseconds(wait.num_milliseconds() / 10 * i64::from(spread) / 255);
    Some(asked.map_or(wait, |asked| wait.max(asked.min(Duration::hours(24)))))
}

/// A secret as it is shown: Standard Webhooks' form.
pub fn shown(secret: [u8; 32]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// The value of `webhook-signature`: one signature for each secret.
pub fn signatures(secrets: &[[u8; 32]], id: &str, timestamp: i64, body: &str) -> String {
    secrets.iter().map(|secret| signature(secret, id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

fn signature(secret: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    // HMAC takes a key of any length, so this cannot fail.
    #[allow(clippy::expect_used)]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("a key of any length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// What an event says. The same text at each try.
pub fn body(kind: WebhookEventKind, at: entity::Time, about: &Value) -> String {
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    json!({"type": kind.word(), "timestamp": at, "data": about}).to_string()
}

/// An address to be told, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The host, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as they stand in the address.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// Reads an address; `None` if it is none of the web.
    pub fn read(url: &str) -> Option<Self> {
        if !url.chars().all(|c| c.is_ascii_graphic()) || url.contains('#') {
            return None;
        }
        let uri: hyper::Uri = url.parse().ok()?;
        let encrypted = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { encrypted, host, port, authority: authority.as_str().to_owned(), path })
    }
}

/// What stands against telling this address, as far as its text says. Where the name leads is looked at on each connection.
pub fn against(url: &str, allowed: &[IpNet]) -> Option<Violation> {
    let wrong = |code: &'static str, detail: &str| Some(Violation::new("/url", code, detail));
    let Some(target) = Target::read(url) else {
        return wrong("url", "Use an address that begins with https://, without a user name and without a #.");
    };
    if !target.encrypted && allowed.is_empty() {
        return wrong("not_https", "Use https, so that nobody on the way can read or change what is sent.");
    }
    if let Ok(address) = target.host.parse()
        && !crate::platform::net::is_public(address)
        && !crate::platform::net::is_in(allowed, address)
    {
        return wrong("private_address", "This address is not on the public internet. Nothing is sent there.");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_is_signed_alike() {
        // The example of the Standard Webhooks libraries.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn tries_are_spread_over_days_and_end() {
        assert_eq!(wait(1, 0, None), Some(Duration::seconds(5)));
        assert_eq!(wait(2, 255, None), Some(Duration::seconds(330)));
        assert_eq!(wait(1, 0, Some(Duration::minutes(2))), Some(Duration::minutes(2)));
        assert_eq!(wait(1, 0, Some(Duration::days(300))), Some(Duration::hours(24)));
        assert_eq!(wait(10, 0, None), None);
        let all: Duration = (1..10).filter_map(|attempt| wait(attempt, 0, None)).sum();
        assert!(all > Duration::days(3) && all < FAILING);
    }

    #[test]
    fn addresses_are_read_strictly() {
        let code = |url: &str| against(url, &[]).map(|violation| violation.code.into_owned());
        for good in ["https://front.example/hooks?key=1", "https://front.example:8443", "https://8.8.8.8/x"] {
            assert_eq!(code(good), None, "{good}");
        }
        for (url, why) in [
            ("ftp://front.example", "url"),
            ("front.example/hooks", "url"),
            ("https://me:word@front.example", "url"),
            ("https://front.example/#here", "url"),
            ("https:///path", "url"),
            ("http://front.example", "not_https"),
            ("https://127.0.0.1/", "private_address"),
            ("https://[::1]/", "private_address"),
            ("https://[::ffff:10.0.0.1]/", "private_address"),
            ("https://169.254.169.254/latest", "private_address"),
        ] {
            assert_eq!(code(url).as_deref(), Some(why), "{url}");
        }
        let inside = [crate::platform::net::read("10.0.0.0/8").unwrap()];
        assert_eq!(against("http://10.0.0.7:3000/x", &inside), None);
        assert!(against("http://127.0.0.1", &inside).is_some());
    }
}
