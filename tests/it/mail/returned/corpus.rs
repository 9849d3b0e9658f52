//! Messages as servers, mail programs and people send them: each file of `tests/fixtures/returned` is read, with either kind of line
//! end, and must mean what the table says.
//!
//! Made by the programs themselves: `postfix-*` (3.7.11), `exim-*` (4.96) but `exim-old*` and `exim-alias`, `opensmtpd-*`
//! (6.8.0) but `opensmtpd-old`, `sendmail-*` (8.17.1) but `sendmail-old` and `sendmail-ancient`, `away-sieve*` and
//! `receipt-sieve-reject` (Pigeonhole 0.5.19). `broken-*` and `report-in-mixed` are `postfix-failed`, damaged or wrapped. All
//! others are written after the formats, with contents of our own.

use alongside::platform::mail::returned::{Action, Recipient, Report, Returned, Source, read, recipients, verp};
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/returned")
}

fn file(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.eml"));
    let bytes = fs::read(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    String::from_utf8_lossy(&bytes).contains('\r').then(|| panic!("{name} has carriage returns"));
    bytes
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect()
}

fn show(told: &Returned) -> String {
    match told {
        Returned::Report(report) => report_line(report),
        Returned::Complaint(one) => {
            let letter = one.message_id.as_deref().map(tail).unwrap_or("-");
            let from = one.mail_from.as_deref().and_then(|address| verp::read(verp::BOUNCE, address)).map_or("-", |_| "token");
            let envelope = one.envelope_id.as_deref().unwrap_or("-");
            format!("complaint {:?} {} {letter} {from} {envelope}", one.feedback, one.recipients.join(","))
        }
        Returned::Automatic(kind) => format!("automatic {kind:?}"),
        Returned::Reply(reply) => {
            let flags = [(reply.cut, "cut"), (reply.shortened, "shortened"), (reply.between, "between")];
            let flags: Vec<&str> = flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
            let files = format!("{}:{}", reply.attachments, reply.attachment_names.join(","));
            format!("reply [{}] {files} {}", flags.join(" "), reply.text.replace('\n', "|"))
        }
        Returned::Unreadable(reason) => format!("unreadable {reason}"),
    }
}

fn report_line(report: &Report) -> String {
    let letter = report.message_id.as_deref().map(tail).unwrap_or("-");
    let envelope = report.envelope_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
    let all: Vec<String> = report.recipients.iter().map(recipient_line).collect();
    format!("{} {letter}{envelope}: {}", if report.prose { "prose" } else { "report" }, all.join("; "))
}

fn recipient_line(one: &Recipient) -> String {
    let word = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let class = one.class.map(|class| format!("{class:?}"));
    let (status, code) = (one.status.map(|status| status.to_string()), one.code.map(|code| code.to_string()));
    let address = one.final_recipient.as_deref().unwrap_or("-");
    format!("{:?} {} {} {} {address}", one.action, word(status), word(code), word(class))
}

/// What differs between the names of the letters of the corpus.
fn tail(id: &str) -> &str {
    id.strip_prefix("0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d").and_then(|rest| rest.strip_suffix("@example.org")).unwrap_or(id)
}

/// File, and what it means: a report with the letter that it is about, and for each recipient action, status, code, class
/// and address; a complaint with its kind, recipients, letter, token and envelope; an answer with its flags, files and text.
const TABLE: &[(&str, &str)] = &[
    ("away-exchange", "automatic Answer"),
    ("away-exchange-old", "automatic Answer"),
    ("away-french", "automatic Answer"),
    ("away-gmail", "automatic Answer"),
    ("away-icloud", "automatic Answer"),
    ("away-sieve", "automatic Answer"),
    ("away-sieve-german", "automatic Answer"),
    ("broken-base64", "report 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("broken-boundary", "report 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("broken-charset", "report 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("broken-no-boundary", "prose 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("broken-no-end", "report 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("broken-no-recipient", "prose 01: Failed - - NoSuchAddress nobody@example.net"),
    ("challenge", "automatic Challenge"),
    ("challenge-french", "automatic Challenge"),
    ("complaint-generic", "complaint Abuse tom@example.com 82 - ENV-82"),
    ("complaint-microsoft", "complaint Abuse lina@hotmail.example 85 token -"),
    ("complaint-not-spam", "complaint NotSpam  84 - -"),
    ("complaint-redacted", "complaint Abuse  83 token -"),
    ("complaint-yahoo", "complaint Abuse lina@yahoo.example 81 token -"),
    ("daemon-without-report", "automatic Daemon"),
    ("dragonfly", "prose 76: Failed 5.1.1 550 NoSuchAddress lina@example.net"),
    ("encrypted", "unreadable encrypted or enveloped: cannot be read here"),
    ("exchange-2003", "prose -: Failed 5.1.1 - NoSuchAddress mia@example.net"),
    ("exchange-no-such-address", "report 41: Failed 5.1.10 550 NoSuchAddress mia@example.net"),
    ("exchange-policy", "report 42: Failed 5.7.515 550 Policy mia@example.com"),
    ("exim-alias", "prose -: Failed 5.6.0 554 Content alias@example.net"),
    ("exim-bare-550", "report 02: Failed 5.0.0 550 NoSuchAddress plain@example.net"),
    ("exim-delayed", "report 06: Delayed 4.0.0 450 - slow@example.net"),
    ("exim-failed", "report 01: Failed 5.0.0 550 NoSuchAddress nobody@example.net"),
    ("exim-given-up", "report 09: Failed 5.0.0 450 Transient slow@example.com"),
    ("exim-old", "prose 71: Failed - - NoSuchAddress lina@example.net; Failed 5.2.2 552 Full tom@example.com"),
    ("exim-old-delayed", "prose -: Delayed 5.1.1 550 - lina@example.net"),
    (
        "exim-several",
        "report 07: Failed 5.0.0 550 NoSuchAddress nobody@example.net; Failed 5.0.0 550 Disabled off@example.net; Failed 5.0.0 552 Full full@example.com",
    ),
    ("exim-unrouteable", "report 08: Failed 5.0.0 - NoSuchAddress who@local.example.org"),
    ("gmail-delayed", "report 53: Delayed 4.2.2 452 - noah@example.com"),
    ("gmail-no-such-address", "report 51: Failed 5.1.1 550 NoSuchAddress noah@example.com"),
    ("gmail-old", "prose 54: Failed 5.1.1 550 NoSuchAddress noah@example.net"),
    ("gmail-too-fast", "report 52: Failed 5.2.1 550 Transient noah@example.com"),
    ("newsletter", "automatic List"),
    ("null-path", "automatic Daemon"),
    ("opensmtpd-delayed", "report 06: Delayed 4.0.0 450 - slow@example.net"),
    ("opensmtpd-failed", "report 01: Failed 5.0.0 550 NoSuchAddress nobody@example.net"),
    ("opensmtpd-old", "prose 74: Failed 5.2.1 550 Disabled lina@example.net"),
    ("opensmtpd-relayed", "report 05: Relayed 2.0.0 - - ok@example.net"),
    (
        "opensmtpd-several",
        "report 07: Failed 5.0.0 552 Full full@example.com; Failed 5.0.0 550 NoSuchAddress nobody@example.net; Failed 5.0.0 550 Disabled off@example.net",
    ),
    ("own-letter", "automatic Generated"),
    ("postfix-bare-550", "report 02: Failed 5.0.0 550 NoSuchAddress plain@example.net"),
    ("postfix-content", "report 05: Failed 5.6.0 554 Content content@example.net"),
    ("postfix-delayed", "report 07: Delayed 4.2.0 450 - slow@example.net"),
    ("postfix-failed", "report 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("postfix-full", "report 03: Failed 5.2.2 552 Full full@example.net"),
    ("postfix-local", "report 09: Failed 5.1.1 - NoSuchAddress who@local.example.org"),
    ("postfix-policy", "report 04: Failed 5.7.515 550 Policy policy@example.net"),
    (
        "postfix-several",
        "report 08: Failed 5.2.2 552 Full full@example.com; Failed 5.1.1 550 NoSuchAddress nobody@example.net; Failed 5.2.1 550 Disabled off@example.net",
    ),
    ("postfix-success", "report 06 ENV-77: Relayed 2.0.0 250 - ok@example.net"),
    ("qmail-failed", "prose 61: Failed 5.1.1 - NoSuchAddress lina@example.net"),
    ("qmail-given-up", "prose 63: Failed - 421 Transient lina@example.net"),
    (
        "qmail-several",
        "prose 62: Failed - 550 NoSuchAddress lina@example.net; Failed 5.1.2 - NoSuchAddress tom@example.com; Failed 5.7.1 554 Policy ida@example.net",
    ),
    ("receipt-read", "automatic Receipt"),
    ("receipt-sieve-reject", "automatic Receipt"),
    ("reply-apple", "reply [shortened] 0: Good idea. Where can I see the plan?||Lina"),
    ("reply-arabic", "reply [shortened] 0: نعم، أريد المزيد من الأشجار في شارعنا."),
    ("reply-attachment", "reply [] 1:Straße.jpg "),
    ("reply-bottom", "reply [shortened] 0: More trees, fewer signs.||Lina"),
    ("reply-calendar", "reply [] 0: Lina Berg has accepted this invitation."),
    ("reply-files-between", "reply [] 3:before.jpg,notes.txt Here is the corner today:|and here is how it could be."),
    ("reply-forwards-report", "reply [] 1:Undelivered Mail.eml I got this when I wrote to you."),
    ("reply-german-webmail", "reply [shortened] 0: Gerne!"),
    ("reply-gmail", "reply [shortened] 0: Yes please, more trees and a bench."),
    ("reply-gmail-between", "reply [shortened between] 0: Yes, lime trees.|No — people sleep on them & that is fine elsewhere."),
    ("reply-japanese", "reply [shortened] 0: 木を増やしてください。"),
    ("reply-one-word", "reply [] 0: Yes"),
    ("reply-only-quotation", "reply [] 0: > You are invited to say how the street should look."),
    ("reply-outlook", "reply [shortened] 0: Dear all,|the café needs a place for bicycles.|Kind regards, Lina"),
    ("reply-outlook-plain", "reply [shortened] 0: Ich mache gerne mit."),
    ("reply-outlook-web", "reply [shortened] 0: I cannot come on Monday, but on Thursday I can."),
    ("reply-postmaster", "reply [] 0: I look after the mail here, and I would like to take part."),
    ("reply-suppress", "reply [] 0: I am out of town on Friday, but will come on Thursday."),
    ("reply-telephone", "reply [shortened] 0: Ok see you Thursday"),
    (
        "reply-thunderbird",
        "reply [shortened between] 0: Hello,||Yes, but not lime trees: they drip on the cars that stand below them.||One, near the bus stop.",
    ),
    ("reply-top", "reply [shortened] 0: Count me in.||Lina"),
    ("reply-without-marks", "reply [shortened] 0: Both days suit me."),
    ("reply-wrong-charset", "reply [] 0: Mehr Bäume für die Straße!"),
    ("reply-yahoo", "reply [shortened] 0: Thursday suits me."),
    ("report-in-mixed", "report 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("report-in-mixed-other-sender", "report -: Failed 5.1.1 - NoSuchAddress lina@example.net"),
    ("report-nobody", "unreadable a report without recipients"),
    ("report-other-sender", "report 78: Failed 5.1.1 - NoSuchAddress lina@example.net"),
    ("report-utf8", "report 77: Failed 5.1.1 550 NoSuchAddress jörg@example.net"),
    ("sealed", "unreadable encrypted or enveloped: cannot be read here"),
    ("sendmail-ancient", "prose 79: Failed - - Transient tom@example.com"),
    ("sendmail-bare-550", "report 02: Failed 5.1.1 550 NoSuchAddress plain@example.net"),
    ("sendmail-delayed", "report 06: Delayed 4.2.0 450 - slow@example.net"),
    ("sendmail-failed", "report 01: Failed 5.1.1 550 NoSuchAddress nobody@example.net"),
    ("sendmail-old", "prose 73: Failed - 550 NoSuchAddress lina@example.net"),
    ("sendmail-relayed", "report 05 ENV-77: Relayed 2.1.5 250 - ok@example.net"),
    (
        "sendmail-several",
        "report 07: Failed 5.1.1 550 NoSuchAddress nobody@example.net; Failed 5.2.1 550 Disabled off@example.net; Failed 5.2.2 552 Full full@example.com",
    ),
    ("unsubscribe-apple", "automatic Unsubscribe"),
    ("yahoo-old", "prose 75: Failed - 554 NoSuchAddress lina@example.net"),
    ("zoho", "prose -: Failed - - NoSuchAddress lina@example.net"),
];

#[test]
fn every_file_means_what_the_table_says() {
    let mut wrong = Vec::new();
    for (name, want) in TABLE {
        for bytes in [file(name), with_crlf(&file(name))] {
            let got = show(&read(&bytes));
            if got != *want {
                wrong.push(format!("{name}\n  want {want}\n  got  {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_every_file() {
    let mut files: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".eml").to_owned())
        .collect();
    files.sort();
    assert_eq!(files, TABLE.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// The token in the addresses of the corpus: sixteen bytes and ten of proof.
fn token() -> Vec<u8> {
    (0..16).chain([0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x07, 0x18, 0x29, 0x3a]).collect()
}

#[test]
fn tokens_are_found_whichever_way_a_message_came() {
    let made = verp::address(verp::BOUNCE, &token(), "bounce.example.org").unwrap();
    for name in ["postfix-failed", "exim-old", "exchange-policy", "exchange-2003", "gmail-delayed", "dragonfly"] {
        let found = recipients(&file(name));
        assert!(found.iter().any(|(_, address)| *address == made), "{name}: {found:?}");
        assert!(found.iter().any(|(_, address)| verp::read(verp::BOUNCE, address) == Some(token())), "{name}");
    }
    let found = recipients(&file("reply-one-word"));
    let sources: Vec<Source> = found.iter().map(|(source, _)| *source).collect();
    assert_eq!(sources, [Source::DeliveredTo], "the same address, told three times, is one");
    assert_eq!(verp::read(verp::REPLY, &found[0].1), Some(token()));
    assert_eq!(verp::read(verp::BOUNCE, &found[0].1), None);
}

#[test]
fn the_letter_that_came_back_has_the_token_too() {
    for name in ["postfix-failed", "exim-several", "sendmail-several", "qmail-several", "exim-old"] {
        let Returned::Report(report) = read(&file(name)) else { panic!("{name}") };
        let original = report.original.unwrap();
        assert_eq!(verp::read(verp::BOUNCE, &original.return_path().unwrap()), Some(token()), "{name}");
        assert!(original.list_unsubscribe()[0].starts_with("https://consult.example.org/u/au_abc"), "{name}");
    }
    let Returned::Complaint(one) = read(&file("complaint-yahoo")) else { panic!() };
    let original = one.original.unwrap();
    assert_eq!(original.list_unsubscribe(), ["https://consult.example.org/u/au_abc81"]);
    assert_eq!(original.field("Feedback-ID"), Some("invite:sunrise:example"));
    assert!(one.feedback.is_unwanted());
}

#[test]
fn a_delay_or_a_success_is_never_a_bounce() {
    let mut seen = 0;
    for (name, _) in TABLE {
        let Returned::Report(report) = read(&file(name)) else { continue };
        for one in report.recipients {
            seen += usize::from(one.action != Action::Failed);
            assert_eq!(one.class.is_some(), one.action == Action::Failed, "{name}");
        }
    }
    assert_eq!(seen, 9);
}

#[test]
fn what_is_kept_for_the_operator_and_what_is_logged_tell_nobody() {
    let words = |name| {
        let Returned::Report(report) = read(&file(name)) else { panic!("{name}") };
        report.recipients.into_iter().map(|one| one.diagnostic.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(words("postfix-local"), ["unknown user: (address)"]);
    assert_eq!(
        words("postfix-failed"),
        ["550 5.1.1 (address) Recipient address rejected: User unknown in virtual mailbox table"]
    );
    assert_eq!(words("exim-unrouteable"), ["Unrouteable address"]);
    let people = ["@", "lina", "noah", "Lina", "nobody", "trees", "Thursday"];
    for (name, _) in TABLE {
        let told = read(&file(name));
        let logged = format!("{told:?}");
        assert!(!people.iter().any(|word| logged.contains(word)), "{name}: {logged}");
        let Returned::Report(report) = told else { continue };
        for text in report.recipients.iter().filter_map(|one| one.diagnostic.as_deref()) {
            assert!(!people[..6].iter().any(|word| text.contains(word)), "{name}: {text}");
        }
    }
}

#[test]
fn the_header_of_an_answer_is_kept() {
    let Returned::Reply(reply) = read(&file("reply-arabic")) else { panic!() };
    assert_eq!(reply.from.as_deref(), Some("lina@example.net"));
    assert_eq!(reply.subject.as_deref(), Some("رد: دعوتك"));
    assert_eq!(reply.date.as_deref(), Some("Tue, 5 May 2026 12:00:00 +0200"));
    assert_eq!(reply.in_reply_to, ["0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d91@example.org"]);
    assert_eq!(reply.references, ["first@example.org", "0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d91@example.org"]);
}
