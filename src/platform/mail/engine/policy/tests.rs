use super::*;
use entity::RecipientKind;
use proptest::prelude::*;
use uuid::Uuid;

/// A letter that was queued at the beginning of 2027.
fn letter(priority: i32) -> mail_message::Model {
    let at: Time = "2027-03-01T09:00:00Z".parse().unwrap();
    mail_message::Model {
        id: MailMessageId(Uuid::from_u128(7)),
        batch_id: entity::MailBatchId(Uuid::from_u128(8)),
        organisation_id: None,
        recipient_kind: RecipientKind::Participant,
        recipient_id: Uuid::from_u128(9),
        kind: "test.letter".into(),
        n: 0,
        subject_id: None,
        address: "ben@example.org".into(),
        domain: "example.org".into(),
        message_id: "<7@alongside>".into(),
        date: at,
        priority,
        state: MailState::Dot,
        attempts: 0,
        doubts: 0,
        next_at: at,
        expires_at: None,
        lease_token: 1,
        lease_until: None,
        last_stage: None,
        last_code: None,
        last_enhanced: None,
        last_text: None,
        created_at: at,
        sent_at: None,
        turn: 0,
        due: false,
        turned_away: 0,
        reason: None,
    }
}

fn after(stage: Stage, code: Option<u16>, words: &str) -> Outcome {
    let enhanced = words.split(' ').next().filter(|word| word.contains('.')).map(str::to_owned);
    let message = letter(priority::INVITATION);
    Outcome::after(SendFault { stage, code, enhanced, text: words.into() }, &message, message.date)
}

/// State, whether it was an attempt, the signs of server and domain, suppression, stop.
type Told = (MailState, bool, Sign, Sign, Option<Suppress>, Option<Stop>);

fn told(stage: Stage, code: impl Into<Option<u16>>, words: &str) -> Told {
    let outcome = after(stage, code.into(), words);
    (outcome.change.state, outcome.change.attempt, outcome.server, outcome.domain, outcome.suppress, outcome.stop)
}

#[test]
fn only_what_is_said_of_the_address_is_held_against_it() {
    use MailState::{Deferred, Failed, Queued};
    use Sign::{Busy, Fault, Good, None as Nothing};
    let (week, day) = (Suppress::Again(Duration::days(7)), Suppress::Again(Duration::days(1)));
    let table: [(Stage, Option<u16>, &str, Told); 30] = [
        (Stage::Connect, None, "refused", (Deferred, false, Fault, Nothing, None, None)),
        (Stage::Greeting, Some(554), "5.7.1 go away", (Deferred, false, Fault, Nothing, None, None)),
        (Stage::Auth, Some(535), "5.7.8 bad password", (Deferred, false, Fault, Nothing, None, None)),
        (Stage::Mail, Some(421), "4.3.2 shutting down", (Queued, false, Busy, Nothing, None, None)),
        (Stage::Dot, Some(421), "4.3.2 shutting down", (Queued, false, Busy, Nothing, None, None)),
        (Stage::Mail, None, "the connection broke", (Deferred, true, Fault, Nothing, None, None)),
        (Stage::Data, None, "the connection broke", (Deferred, true, Fault, Nothing, None, None)),
        (Stage::Mail, Some(530), "5.7.0 sign in first", (Deferred, true, Fault, Nothing, None, None)),
        (Stage::Mail, Some(451), "4.3.0 later", (Deferred, true, Fault, Nothing, None, None)),
        (Stage::Mail, Some(553), "5.1.8 not your address", (Queued, false, Good, Nothing, None, Some(Stop::Sender))),
        (Stage::Mail, Some(552), "5.3.4 too large", (Queued, false, Good, Nothing, None, Some(Stop::Size))),
        (Stage::Recipient, Some(550), "5.1.1 no such user", (Failed, true, Good, Nothing, Some(Suppress::Now), None)),
        (Stage::Recipient, Some(550), "5.1.10 null MX", (Failed, true, Good, Nothing, Some(Suppress::Now), None)),
        (Stage::Recipient, Some(550), "5.2.1 disabled", (Failed, true, Good, Nothing, Some(week), None)),
        (Stage::Recipient, Some(552), "5.2.2 full", (Deferred, true, Good, Nothing, None, None)),
        (Stage::Recipient, Some(452), "4.2.2 full", (Deferred, true, Good, Nothing, None, None)),
        (Stage::Recipient, Some(450), "4.7.1 greylisted", (Deferred, true, Good, Fault, None, None)),
        (Stage::Recipient, Some(451), "later", (Deferred, true, Good, Fault, None, None)),
        (Stage::Recipient, Some(550), "5.7.515 not signed", (Failed, true, Good, Fault, None, None)),
        (Stage::Recipient, Some(550), "5.7.1 policy", (Failed, true, Good, Fault, None, None)),
        (Stage::Recipient, Some(554), "5.7.1 Relay access denied", (Deferred, true, Fault, Nothing, None, None)),
        (Stage::Recipient, Some(550), "5.7.1 Unable to relay", (Failed, true, Good, Fault, None, None)),
        (Stage::Recipient, Some(535), "5.7.8 sign in", (Deferred, true, Fault, Nothing, None, None)),
        (Stage::Recipient, Some(550), "sorry", (Failed, true, Good, Nothing, Some(day), None)),
        (Stage::Recipient, Some(553), "5.6.7 needs SMTPUTF8", (Failed, true, Good, Nothing, None, None)),
        (Stage::Dot, Some(554), "5.6.0 content", (Failed, true, Good, Nothing, None, Some(Stop::Content))),
        (Stage::Dot, Some(550), "5.7.26 not authenticated", (Failed, true, Good, Fault, None, Some(Stop::Content))),
        (Stage::Dot, Some(554), "no", (Failed, true, Good, Nothing, None, Some(Stop::Content))),
        (Stage::Dot, Some(552), "5.2.2 full", (Deferred, true, Good, Nothing, None, None)),
        (Stage::Dot, Some(451), "4.3.0 later", (Deferred, true, Good, Nothing, None, None)),
    ];
    for (stage, code, words, expected) in table {
        assert_eq!(told(stage, code, words), expected, "{stage:?} {code:?} {words}");
    }
}

#[test]
fn an_answer_that_never_came_leaves_it_open_once() {
    let outcome = after(Stage::Dot, None, "the server did not answer in time");
    assert_eq!(
        (outcome.change.state, outcome.change.event, outcome.change.doubt),
        (MailState::Deferred, MailState::Uncertain, true)
    );
    let twice = mail_message::Model { doubts: 1, ..letter(priority::INVITATION) };
    let fault = SendFault { stage: Stage::Dot, code: None, enhanced: None, text: "x".into() };
    assert_eq!(Outcome::after(fault, &twice, twice.date).change.state, MailState::Uncertain);
}

#[test]
fn a_letter_that_makes_the_server_leave_is_not_tried_without_end() {
    let once = mail_message::Model { turned_away: PATIENCE, ..letter(priority::INVITATION) };
    let fault = SendFault { stage: Stage::Mail, code: Some(421), enhanced: None, text: "x".into() };
    let outcome = Outcome::after(fault, &once, once.date);
    assert_eq!((outcome.change.state, outcome.change.attempt), (MailState::Deferred, true));
    assert!(outcome.next_at.unwrap() > once.date);
}

#[test]
fn a_letter_to_sign_in_stops_no_sending() {
    let message = letter(priority::SIGN_IN);
    for words in ["5.1.8 not your address", "5.7.1 no"] {
        let fault = SendFault { stage: Stage::Mail, code: Some(553), enhanced: None, text: words.into() };
        let outcome = Outcome::after(fault, &message, message.date);
        assert_eq!((outcome.change.state, outcome.stop, outcome.server), (MailState::Deferred, None, Sign::Fault));
    }
}

#[test]
fn a_server_that_says_when_is_believed_within_reason() {
    for (words, seconds) in [
        ("4.7.1 Greylisted, try again in 300 seconds", Some(300)),
        ("4.2.0 please retry in 7 min.", Some(420)),
        ("4.7.0 come back in 2 hours", Some(7200)),
        ("4.7.0 come back in 900 hours", Some(8 * 3600)),
        ("4.7.0 99999999999999999 hours", None),
        ("4.7.1 error 17", None),
        ("4.7.1 17 reasons", None),
    ] {
        assert_eq!(hint(words).map(|wait| wait.num_seconds()), seconds, "{words}");
    }
    let message = letter(priority::INVITATION);
    let next = after(Stage::Recipient, Some(450), "4.7.1 again in 30 minutes").next_at.unwrap();
    assert!(next >= message.date + Duration::minutes(24), "a fifth less at most");
}

#[test]
fn a_letter_whose_time_has_passed_says_what_stood_in_its_way() {
    let tried = mail_message::Model {
        attempts: 3,
        last_stage: Some("recipient".into()),
        last_code: Some(450),
        last_enhanced: Some("4.7.1".into()),
        last_text: Some("4.7.1 later".into()),
        ..letter(priority::INVITATION)
    };
    let outcome = Outcome::too_late(&tried);
    assert_eq!((outcome.change.state, outcome.change.code), (MailState::Failed, Some(450)));
    assert!(outcome.change.text.unwrap().ends_with("at last: 4.7.1 later"));
    assert_eq!(Outcome::too_late(&letter(priority::INVITATION)).change.state, MailState::Expired);
}

proptest! {
    #[test]
    fn jitter_stays_within_a_fifth(id in any::<u128>(), attempt in 0..100) {
        let id = MailMessageId(Uuid::from_u128(id));
        let wait = Duration::minutes(60);
        let got = jitter(wait, id, attempt);
        prop_assert!(got >= Duration::minutes(48) && got <= Duration::minutes(72));
        prop_assert_eq!(got, jitter(wait, id, attempt));
    }

    #[test]
    fn whatever_a_server_says_no_letter_is_lost(stage in 0..9_usize, code in proptest::option::of(400..600_u16), words in "\\PC{0,60}", urgent in any::<bool>()) {
        const STAGES: [Stage; 9] = [
            Stage::Connect, Stage::Tls, Stage::Greeting, Stage::Hello, Stage::Auth, Stage::Mail, Stage::Recipient, Stage::Data, Stage::Dot,
        ];
        let message = letter(if urgent { priority::SIGN_IN } else { priority::INVITATION });
        let stage = STAGES[stage];
        let outcome = Outcome::after(SendFault { stage, code, enhanced: None, text: words }, &message, message.date);
        let state = outcome.change.state;
        prop_assert!(matches!(state, MailState::Queued | MailState::Deferred | MailState::Failed), "{state:?}");
        prop_assert_eq!(outcome.next_at.is_some(), state != MailState::Failed);
        // Given up only for a refusal for good of this letter or this address, never for one of us.
        if state == MailState::Failed {
            prop_assert!(code.is_some_and(|code| code >= 500) && stage >= Stage::Mail);
        }
        if outcome.suppress.is_some() {
            prop_assert!(stage >= Stage::Recipient && state == MailState::Failed);
        }
    }
}
