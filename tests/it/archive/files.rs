//! Files that were cut off, changed, or are meant for somebody else; and the commands as an operator types them.

use super::*;
use std::process::{Command, Output, Stdio};

/// A file that holds a backup of a small installation.
async fn small(app: &TestApp, folder: &Folder, to: &Recipients) -> PathBuf {
    app.administrator().await;
    let file = folder.at("small.alongside");
    let snapshot = app.app.platform.db.snapshot().await.unwrap();
    backup::from(snapshot, key(), &app.clock, &file, to).await.unwrap();
    file
}

fn key_of(folder: &Folder, name: &str) -> (PathBuf, String) {
    let path = folder.at(name);
    let public = archive::new_key(&path).unwrap();
    (path, public)
}

#[test]
fn a_file_that_was_cut_off_or_changed_is_refused_before_anything_is_done() {
    crate::harness::on(Backend::Sqlite, |app| async move {
        let folder = Folder::new();
        let (secret, public) = key_of(&folder, "mine.key");
        let keys = Keys::open(Some(&secret)).unwrap();
        for (plain, to) in [(true, vec![]), (false, vec![public])] {
            let place = Folder::new();
            let file = {
                let snapshot = app.app.platform.db.snapshot().await.unwrap();
                let file = place.at("whole.alongside");
                backup::from(snapshot, key(), &app.clock, &file, &Recipients::read(&to, plain).unwrap()).await.unwrap();
                file
            };
            let whole = std::fs::read(&file).unwrap();
            archive::check(&file, &keys).unwrap();
            let broken = place.at("broken.alongside");
            let refused = |bytes: &[u8], what: String| {
                std::fs::write(&broken, bytes).unwrap();
                assert!(archive::check(&broken, &keys).is_err(), "{what} was taken");
            };
            for cut in [0, 1, 20, whole.len() / 3, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
                refused(&whole[..cut], format!("{cut} of {} bytes", whole.len()));
            }
            // The first ten bytes of a plain file say how it was packed; some of them mean nothing.
            for at in (10..whole.len()).step_by(whole.len() / 97 + 1) {
                let mut changed = whole.clone();
                changed[at] ^= 0x10;
                refused(&changed, format!("a file with byte {at} changed"));
            }
            refused(&[whole.as_slice(), b"more"].concat(), "a file with more behind it".into());

            // And the database that was to be filled is not even made.
            std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
            let target = place.at("never.db");
            let url = format!("sqlite://{}?mode=rwc", target.display());
            restore::load(&config(&place, &url), &app.clock, &broken, &keys).await.unwrap_err();
            assert!(!target.exists() && !place.at("secret.key").exists());
        }
    });
}

#[test]
fn a_line_that_was_changed_with_its_checksums_is_still_found() {
    use std::io::{Read, Write};
    crate::harness::on(Backend::Sqlite, |app| async move {
        let folder = Folder::new();
        let file = small(&app, &folder, &Recipients::read(&[], true).unwrap()).await;
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap()).read_to_string(&mut text).unwrap();
        let packed = |text: &str| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(text.as_bytes()).unwrap();
            std::fs::write(folder.at("other.alongside"), out.finish().unwrap()).unwrap();
            archive::check(&folder.at("other.alongside"), &Keys::default())
        };
        packed(&text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let row = lines.iter().position(|line| line.starts_with("[\"")).unwrap();
        for (changed, what) in [
            (text.replacen("Rosa Root", "Rosa Boot", 1), "another value"),
            ([&lines[..row], &lines[row + 1..]].concat().join("\n") + "\n", "a row less"),
            ([&lines[..=row], &lines[row..]].concat().join("\n") + "\n", "a row twice"),
            (lines[..lines.len() - 1].join("\n") + "\n", "no end"),
            (text.clone() + "[1]\n", "a row behind the end"),
            (text.replacen("\"version\":1", "\"version\":2", 1), "a later format"),
        ] {
            assert_ne!(changed, text, "{what}");
            assert!(packed(&changed).is_err(), "{what} was taken");
        }
    });
}

#[test]
fn an_encrypted_file_opens_for_each_of_its_keys_and_for_nobody_else() {
    crate::harness::on(Backend::Sqlite, |app| async move {
        let folder = Folder::new();
        let keys = ["one.key", "two.key", "three.key"].map(|name| key_of(&folder, name));
        let to = Recipients::read(&[keys[0].1.clone(), keys[1].1.clone()], false).unwrap();
        let file = small(&app, &folder, &to).await;
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1"));
        assert!(!String::from_utf8_lossy(&bytes).contains("sunrise"));
        for (path, _) in &keys[..2] {
            let (header, end) = archive::check(&file, &Keys::open(Some(path)).unwrap()).unwrap();
            assert_eq!(header.secret_key, Some(key()));
            assert_eq!(end.rows["account"], 1);
        }
        let refused = archive::check(&file, &Keys::open(Some(&keys[2].0)).unwrap()).unwrap_err().to_string();
        assert!(refused.contains("not encrypted to this key"), "{refused}");
        let refused = archive::check(&file, &Keys::default()).unwrap_err().to_string();
        assert!(refused.contains("--key"), "{refused}");

        // Words for whoever mixes things up.
        let secret = std::fs::read_to_string(&keys[0].0).unwrap();
        let secret = secret.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap().to_owned();
        let refused = Recipients::read(std::slice::from_ref(&secret), false).err().unwrap().to_string();
        assert!(refused.contains("public key") && !refused.contains(&secret), "{refused}");
        let refused = Recipients::read(&[], false).err().unwrap().to_string();
        assert!(refused.contains("--to") && refused.contains("--plain"), "{refused}");
        assert!(Recipients::read(&[keys[0].1.clone()], true).is_err());
        let refused = Keys::open(Some(&file)).err().unwrap().to_string();
        assert!(refused.contains("key file"), "{refused}");
        assert!(archive::new_key(&keys[0].0).is_err(), "a key is not overwritten");
    });
}

/// The program, as an operator starts it.
fn run(folder: &Folder, arguments: &[&str], url: &str, secret: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_alongside"))
        .args(arguments)
        .env_clear()
        .current_dir(folder.at(""))
        .env("ALONGSIDE_DATABASE_URL", url)
        .env("ALONGSIDE_SECRET_FILE", folder.at(secret))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The last line, which is the whole of it in one object.
fn last(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", told(output));
    serde_json::from_str(String::from_utf8_lossy(&output.stdout).lines().last().unwrap()).unwrap()
}

#[test]
fn an_operator_backs_up_and_brings_back() {
    everywhere_today(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let folder = Folder::new();
        std::fs::write(folder.at("secret.key"), key()).unwrap();
        let made = run(&folder, &["backup", "--new-key", "backup.key", "--json"], &app.url, "secret.key");
        let public = last(&made)["public_key"].as_str().unwrap().to_owned();

        let none = run(&folder, &["backup", "one.age"], &app.url, "secret.key");
        assert!(!none.status.success() && told(&none).contains("--plain"), "{}", told(&none));
        let done = run(&folder, &["backup", "one.age", "--to", &public, "--json"], &app.url, "secret.key");
        assert_eq!(last(&done)["keys"], 1);
        #[cfg(unix)]
        for file in ["one.age", "backup.key"] {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(folder.at(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        }
        assert!(!folder.at("one.age.part").exists());

        let checked =
            run(&folder, &["restore", "one.age", "--key", "backup.key", "--check", "--json"], "sqlite://no.db", "no.key");
        assert_eq!(last(&checked)["kind"], "backup");
        assert!(!told(&checked).contains(&key()), "the key of links is shown to nobody");
        assert!(!folder.at("no.db").exists(), "looking makes nothing");

        let target = databases::bare(app.backend).await;
        let back = run(&folder, &["restore", "one.age", "--key", "backup.key", "--json"], &target.url, "back.key");
        assert_eq!(last(&back)["restored"], true);
        assert_eq!(std::fs::read_to_string(folder.at("back.key")).unwrap(), key());
        let doctor = run(&folder, &["doctor"], &target.url, "back.key");
        assert!(told(&doctor).contains("PROBLEM letters") && told(&doctor).contains("alongside letters"), "{}", told(&doctor));
        let shown = run(&folder, &["letters", "--json"], &target.url, "back.key");
        assert_eq!(last(&shown)["why"], "restored");
        let word = run(&folder, &["letters", "--leave", "--json"], &target.url, "back.key");
        assert_eq!(last(&word)["done"], "left");
        let doctor = run(&folder, &["doctor"], &target.url, "back.key");
        assert!(told(&doctor).contains("ok      letters"), "{}", told(&doctor));
        let again = run(&folder, &["letters", "--send"], &target.url, "back.key");
        assert!(!again.status.success(), "nothing is held any more");
        target.remove().await;
    });
}
