//! OWASP ASVS 5.0, the items that privacy.md 2.2 names: each has a test, or an exception that says why not.
//!
//! The items about browsers, headers, requests and sessions have tests of their own here, named by their number. The others
//! name the test elsewhere that proves them. What an item asks is said in our own words.

mod browsers;
mod sessions;

use crate::{harness::TestApp, walk::World};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The items of privacy.md 2.2.
const ITEMS: [&str; 83] = [
    "1.2.2", "1.2.3", "1.2.4", "1.2.10", "1.3.7", "1.3.11", "1.3.12", "2.2.1", "2.2.2", "2.3.1", "2.3.3", "2.3.4", "2.3.5",
    "2.4.1", "3.4.2", "3.4.4", "3.4.5", "3.5.3", "4.1.1", "4.1.3", "4.1.4", "6.1.1", "6.2.1", "6.2.4", "6.2.5", "6.2.8",
    "6.2.12", "6.3.1", "6.3.2", "6.3.3", "6.3.4", "6.3.7", "6.3.8", "6.4.1", "6.4.3", "6.5.1", "6.5.2", "6.5.3", "6.5.5",
    "6.6.2", "6.6.3", "7.2.3", "7.2.4", "7.3.1", "7.3.2", "7.4.1", "7.4.2", "7.4.3", "7.5.1", "7.5.2", "8.1.1", "8.2.1", "8.2.2",
    "8.2.3", "8.3.1", "8.3.2", "8.4.1", "11.1.1", "11.2.2", "11.3.2", "11.3.3", "11.3.4", "11.4.2", "11.5.1", "12.3.1", "13.3.1",
    "14.1.1", "14.1.2", "14.2.1", "14.2.4", "14.2.7", "14.3.2", "15.2.2", "15.3.1", "15.3.3", "15.4.2", "16.2.5", "16.3.1",
    "16.3.2", "16.4.1", "16.4.2", "16.5.1", "16.5.3",
];

/// The names of all tests, with the file in which each stands.
fn tests() -> BTreeMap<String, String> {
    fn read(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                for (at, _) in text.match_indices("#[test]").chain(text.match_indices("#[tokio::test]")) {
                    let name = text[at..].split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).map(|(name, _)| name);
                    found.insert(name.unwrap_or_default().to_owned(), path.display().to_string());
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    for folder in ["src", "tests", "entity/src"] {
        read(&root.join(folder), &mut found);
    }
    found
}

#[test]
fn every_item_has_a_test_or_an_exception() {
    let (tests, mut wrong, mut seen) = (tests(), Vec::new(), BTreeSet::new());
    for line in include_str!("matrix.md").lines().filter(|line| line.starts_with("| V")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [item, asks, proof] = cells[..] else { panic!("three cells, please: {line}") };
        seen.insert(item.trim_start_matches('V'));
        let named: Vec<_> = proof.split('`').skip(1).step_by(2).collect();
        wrong.extend(named.iter().filter(|name| !tests.contains_key(**name)).map(|name| format!("{item}: no test {name}")));
        let excepted = proof.split_once("Exception:").is_some_and(|(_, why)| why.split_whitespace().count() >= 8);
        if named.is_empty() && !excepted || asks.is_empty() {
            wrong.push(format!("{item} has neither a test nor an exception with its reason"));
        }
    }
    wrong.extend(ITEMS.iter().filter(|item| !seen.contains(**item)).map(|item| format!("V{item} is missing")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Each test that is named by a number stands in the table.
    let table = include_str!("matrix.md");
    let numbered = tests.keys().filter(|name| name.starts_with('v') && name[1..2].parse::<u8>().is_ok());
    let loose: Vec<_> = numbered.filter(|name| !table.contains(name.as_str())).collect();
    assert!(loose.is_empty(), "{loose:?}");
}

/// The world, with everything done that was in the queue.
async fn world(app: &TestApp) -> World {
    let world = World::make(app, "zq7").await;
    app.run_jobs().await;
    world
}
