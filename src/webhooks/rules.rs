//! Signatures and the times of tries. Pure.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use entity::WebhookEventKind;
use hmac::{Hmac, KeyInit, Mac};
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
}
