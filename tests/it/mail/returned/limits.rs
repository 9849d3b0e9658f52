//! No bytes make reading fail or take long.

use alongside::platform::mail::returned::{MOST, Returned, TEXT, read, recipients};
use proptest::prelude::*;
use std::{
    fs,
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// Far more than any of these takes, and far less than anything that grows with the square of the size.
const SOON: Duration = Duration::from_secs(20);

static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/returned");
    fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
});

fn timed(what: &str, raw: &[u8]) -> Returned {
    let start = Instant::now();
    let told = read(raw);
    recipients(raw);
    assert!(start.elapsed() < SOON, "{what}: {:?}", start.elapsed());
    told
}

/// A text, and a piece of it again and again up to the largest size.
fn filled(head: &str, piece: &str) -> Vec<u8> {
    let mut raw = head.as_bytes().to_vec();
    while raw.len() + piece.len() <= MOST {
        raw.extend_from_slice(piece.as_bytes());
    }
    raw
}

#[test]
fn every_beginning_of_a_message_is_read() {
    for raw in CORPUS.iter() {
        for end in (0..raw.len()).step_by(50) {
            read(&raw[..end]);
            recipients(&raw[..end]);
        }
    }
}

#[test]
fn a_report_with_a_letter_of_10_mb_is_read() {
    let head = "From: MAILER-DAEMON@mx.example.net\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
                --b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n\
                Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\n\
                Message-ID: <x@example.org>\nContent-Transfer-Encoding: base64\n\n";
    let raw = filled(head, "aGVsbG8gd29ybGQhIGhlbGxvIHdvcmxkISBoZWxsbyB3b3JsZCEgaGVsbG8gd29ybGQh\n");
    let Returned::Report(report) = timed("report", &raw) else { panic!() };
    assert_eq!(report.message_id.as_deref(), Some("x@example.org"));
    assert_eq!(report.recipients.len(), 1);
    let larger = [raw, vec![b'\n'; MOST]].concat();
    assert_eq!(read(&larger), Returned::Unreadable("larger than 10 MB"));
    assert_eq!(recipients(&larger), []);
}

#[test]
fn nothing_of_10_mb_takes_long() {
    let multipart = "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n";
    let html = "From: a@b.example\nContent-Type: text/html\n\n";
    let plain = "From: a@b.example\n\n";
    let flowed = "From: a@b.example\nContent-Type: text/plain; format=flowed\n\n";
    let daemon = "From: mailer-daemon@b.example\n\nIt could not be delivered.\n";
    let status = "From: mailer-daemon@b.example\nContent-Type: message/delivery-status\n\n";
    let long = format!("From: a@b.example\nContent-Type: multipart/mixed; boundary={}x\n\n", "-".repeat(5_000_000));
    let encoded = |kind: &str| format!("From: a@b.example\nContent-Transfer-Encoding: {kind}\n\n");
    let (base64, printable) = (encoded("base64"), encoded("quoted-printable"));
    let cases = [
        ("fields", "", "A: b\n"),
        ("one field", "Subject: ", "=?utf-8?q?a?="),
        ("folded", "References: <a@b>\n", " <c@d>\n"),
        ("addresses", "To: a@b.example\n", " , (((\"<a@b.example>\n"),
        ("parts", multipart, "--b\n\nx\n"),
        ("multiparts", multipart, "--b\nContent-Type: multipart/mixed; boundary=c\n\n"),
        ("messages", multipart, "Content-Type: message/rfc822\n\n"),
        ("no boundary", multipart, "-- b\n"),
        ("a long boundary", &long, "-"),
        ("tags", html, "<"),
        ("open tags", html, "<a b=\""),
        ("entities", html, "&amp"),
        ("comments", html, "<!--"),
        ("nested", html, "<div class=gmail_signature><blockquote>x"),
        ("empty lines", plain, "\n"),
        ("short lines", plain, "a\n"),
        ("one line", plain, "a"),
        ("quotations", plain, "> a\nb\n"),
        ("deep quotations", plain, ">"),
        ("signatures", plain, "a\n--\n"),
        ("attributions", plain, "On 5 May 2026 a <a@b.example> wrote:\n\n\n"),
        ("half attributions", plain, "On 5 May 2026 a\n"),
        ("blocks", plain, "From: a\nSent: b\n"),
        ("flowed", flowed, "a \n"),
        ("told", daemon, "<a@b.example>: x\n"),
        ("sentences", daemon, "unknown user: a@b.example\n"),
        ("recipients", status, "Final-Recipient: rfc822; a@b.example\nAction: failed\n\n"),
        ("no fields", status, "x\n"),
        ("base64", &base64, "YWFh\n"),
        ("quoted-printable", &printable, "=3D=\n"),
    ];
    for (what, head, piece) in cases {
        timed(what, &filled(head, piece));
    }
}

#[test]
fn a_long_answer_is_cut() {
    let long = |words: usize| format!("From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\n{}\n", "ä".repeat(words));
    let Returned::Reply(reply) = read(long(TEXT).as_bytes()) else { panic!() };
    assert_eq!((reply.text.chars().count(), reply.cut), (TEXT, false));
    let Returned::Reply(reply) = read(long(TEXT + 1).as_bytes()) else { panic!() };
    assert_eq!((reply.text.chars().count(), reply.cut), (TEXT, true));
}

#[test]
fn what_is_no_message_is_laid_aside() {
    for raw in ["", "\n", "just text\n", "\n\nSubject: late\n"] {
        assert_eq!(read(raw.as_bytes()), Returned::Unreadable("no header"), "{raw:?}");
    }
    let parts = format!("From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(600));
    assert_eq!(read(parts.as_bytes()), Returned::Unreadable("too many parts"));
}

/// Changes to a message: where, and what is done there.
fn change(raw: &mut Vec<u8>, at: usize, what: u8, byte: u8) {
    let at = at % raw.len().max(1);
    match what % 5 {
        0 => raw.insert(at, byte),
        1 if !raw.is_empty() => raw[at] = byte,
        2 if !raw.is_empty() => drop(raw.remove(at)),
        3 => drop(raw.drain(at..(at + usize::from(byte)).min(raw.len()))),
        _ => {
            let piece = raw[at..(at + usize::from(byte)).min(raw.len())].to_vec();
            raw.extend(piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
        read(&raw);
        recipients(&raw);
    }

    #[test]
    fn random_text_with_the_marks_of_mail_is_read(
        words in proptest::collection::vec(
            prop_oneof![
                Just("\n"), Just("\r\n"), Just(" "), Just("--b"), Just("--b--"), Just("Content-Type: "), Just("multipart/report; "),
                Just("report-type=delivery-status; "), Just("boundary=b"), Just("message/delivery-status"), Just("text/html"), Just("<"),
                Just(">"), Just("=?utf-8?q?"), Just("?="), Just("=?iso-2022-jp?b?"), Just("&#x"), Just(";"), Just("\""), Just("("), Just("<a@b>"),
                Just("Final-Recipient: rfc822;"), Just("Action: failed"), Just("5.1.1"), Just("On 5 May wrote:"), Just("From: "),
                Just("mailer-daemon@b"), Just("charset=utf-7"), Just("charset=utf-16"), Just("Content-Transfer-Encoding: base64"),
                Just("<blockquote>"), Just("</div>"), Just("-- "), Just("*0*=utf-8''%"), Just("ä"), Just("\u{0}"),
            ],
            0..80,
        )
    ) {
        let raw = words.concat();
        read(raw.as_bytes());
        recipients(raw.as_bytes());
    }

    #[test]
    fn changed_messages_are_read(
        which in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..20),
    ) {
        let mut raw = which.get(&CORPUS).clone();
        for (at, what, byte) in changes {
            change(&mut raw, at, what, byte);
        }
        read(&raw);
        recipients(&raw);
    }
}
