//! DKIM signatures, looked at by verifiers that others wrote.

use super::*;
use crate::browser::driver::{is_required, setting};
use alongside::platform::mail::dkim::{Key, Signer};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

/// The keys, with their selectors.
const KEYS: [(&str, &str); 2] = [("letters", "rsa2048.pem"), ("letters-ed", "ed25519.pem")];

fn key(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/platform/mail/dkim/keys").join(file)
}

/// What the DNS of the sender's domain says.
fn records() -> BTreeMap<String, String> {
    let read = |(selector, file): (&str, &str)| (selector.to_owned(), Key::read(&std::fs::read(key(file)).unwrap()).unwrap());
    let signer = Signer::new("sunrise.example", KEYS.map(read).into()).unwrap();
    signer.record().into_iter().map(|record| (record.name, record.value)).collect()
}

/// A verifier's verdicts, by the name of the letter.
fn verdicts(program: &mut Command) -> BTreeMap<String, Vec<String>> {
    let output = program.output().expect("the verifier can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        (words.next().unwrap_or_default(), words.collect())
    };
    text.lines().map(line).collect()
}

/// The verifiers that are here: mailauth beside axe-core, and the Python that has dkimpy.
fn verifiers(folder: &Path) -> Vec<(&'static str, Command)> {
    let script = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(name);
    let mut found = Vec::new();
    if let Some(axe) = setting("ALONGSIDE_TEST_AXE") {
        let modules = Path::new(&axe).ancestors().find(|path| path.ends_with("node_modules")).expect("axe-core's folder");
        let mut command = Command::new("node");
        command.arg(script("verify-dkim.mjs")).arg(folder).arg(modules);
        found.push(("mailauth", command));
    }
    if let Some(python) = setting("ALONGSIDE_TEST_DKIM") {
        let mut command = Command::new(python);
        command.arg(script("verify-dkim.py")).arg(folder);
        found.push(("dkimpy", command));
    }
    assert!(found.len() == 2 || !is_required(), "ALONGSIDE_TEST_AXE and ALONGSIDE_TEST_DKIM name what verifies signatures");
    if found.len() < 2 {
        eprintln!("Not all verifiers looked at the signatures: ALONGSIDE_TEST_AXE or ALONGSIDE_TEST_DKIM is not set.");
    }
    found
}

#[test]
fn fault_19_every_letter_carries_signatures_that_others_accept() {
    crate::harness::on(crate::harness::Backend::Sqlite, |app| async move {
        let app = app.with(|config| {
            config.mail_from = "Alongside <letters@sunrise.example>".into();
            config.delivery.dkim = KEYS.map(|(selector, file)| (selector.to_owned(), key(file))).into();
        });
        let folder = std::env::temp_dir().join(format!("alongside-dkim-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("records.json"), serde_json::to_string(&records()).unwrap()).unwrap();
        let letters = crate::letters::letters(&app).await;
        let mut expected = BTreeMap::new();
        for (kind, letter) in &letters {
            let raw = &letter.raw;
            assert_eq!(raw.matches("DKIM-Signature: ").count(), KEYS.len(), "{kind}");
            let (head, _) = raw.split_once("\r\n\r\n").unwrap();
            let head = head.replace("\r\n ", " ");
            let covered = head.lines().filter(|line| line.starts_with("DKIM-Signature: "));
            for signature in covered {
                let list = signature.split("h=").nth(1).unwrap().split(';').next().unwrap().replace(' ', "").to_lowercase();
                let names: Vec<&str> = list.split(':').collect();
                for name in ["from", "subject", "date", "to", "list-unsubscribe", "list-unsubscribe-post"] {
                    assert!(names.contains(&name), "{kind}: {name} is not covered by {list}");
                }
            }
            std::fs::write(folder.join(format!("{kind}.eml")), raw).unwrap();
            expected.insert(format!("{kind}.eml"), vec!["pass".to_owned(); KEYS.len()]);
            // One byte of the body, and one header more.
            let body = raw.rfind("</html>").unwrap();
            let tampered = [&raw[..body], " </html>", &raw[body + 7..]].concat();
            std::fs::write(folder.join(format!("{kind}-body.eml")), tampered).unwrap();
            std::fs::write(folder.join(format!("{kind}-head.eml")), format!("Subject: Something else\r\n{raw}")).unwrap();
            for way in ["body", "head"] {
                expected.insert(format!("{kind}-{way}.eml"), vec!["fail".to_owned(); KEYS.len()]);
            }
        }
        for (name, mut verifier) in verifiers(&folder) {
            assert_eq!(verdicts(&mut verifier), expected, "{name}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    });
}

#[test]
fn a_letter_that_is_sent_again_has_the_same_signature() {
    everywhere(|app| async move {
        let server = Server::start([vec![(At::Dot, Act::TakeAndHangUp)]]).await;
        let mut config = config(&app, MailWay::Smtp(server.url()));
        config.delivery.dkim = vec![("letters".into(), key("rsa2048.pem"))];
        config.mail_from = "letters@sunrise.example".into();
        let mailer = Mailer::new(composers(), transport::open(&config).unwrap(), &config).unwrap();
        queue(&app, 1).await;
        run(&app, &mailer).await;
        app.clock.advance(Duration::hours(1));
        run(&app, &mailer).await;
        let ledger = server.ledger();
        assert_eq!(ledger.len(), 2);
        assert!(ledger[0].bytes.starts_with(b"DKIM-Signature: v=1; "));
        assert_eq!(ledger[0].bytes, ledger[1].bytes);
    });
}
