//! The house keeps its order: who may import whom, how long a file may be.

use std::{fs, path::Path};
use syn::visit::{self, Visit};

/// The rooms, from the top down. A room uses those after it.
const ROOMS: [&str; 24] = [
    "main",
    "commands",
    "app",
    "pages",
    "webhooks",
    "parts",
    "feedback",
    "influence",
    "payments",
    "replies",
    "sessions",
    "responses",
    "matching",
    "invitations",
    "opportunities",
    "statistics",
    "projects",
    "consent",
    "participants",
    "integrity",
    "accounts",
    "questionnaires",
    "platform",
    // Says why, uses nobody.
    "decisions",
];

/// No file has more lines than this, its tests not counted.
const LONGEST: usize = 500;

/// A source file: its path under `src/`, its text, and every path of names that it uses.
struct Source {
    path: String,
    text: String,
    uses: Vec<String>,
}

/// Collects the names a file uses, its tests left out.
#[derive(Default)]
struct Uses(Vec<String>);

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
    })
}

fn flatten(tree: &syn::UseTree, before: &str, all: &mut Vec<String>) {
    let join = |name: &syn::Ident| if before.is_empty() { name.to_string() } else { format!("{before}::{name}") };
    match tree {
        syn::UseTree::Path(path) => flatten(&path.tree, &join(&path.ident), all),
        syn::UseTree::Name(name) => all.push(join(&name.ident)),
        syn::UseTree::Rename(name) => all.push(join(&name.ident)),
        syn::UseTree::Glob(_) => all.push(format!("{before}::*")),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, all)),
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            flatten(&item.tree, "", &mut self.0);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.0.push(names.join("::"));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // A macro's inside has no syntax of its own; its paths are found in its words.
        let words = item.tokens.to_string().replace(" :: ", "::");
        self.0.extend(
            words.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').filter(|w| w.contains("::")).map(Into::into),
        );
        visit::visit_macro(self, item);
    }
}

fn read(folder: &Path, root: &Path, all: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, root, all);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut uses = Uses::default();
            uses.visit_file(&syn::parse_file(&text).unwrap());
            let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            all.push(Source { path, text, uses: uses.0 });
        }
    }
}

/// Every source file but those that are tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    read(&root, &root, &mut all);
    all.retain(|source| !source.path.contains("/tests/") && !source.path.ends_with("/tests.rs"));
    assert!(all.len() > 100, "the sources were not found");
    all.sort_by(|one, other| one.path.cmp(&other.path));
    all
}

impl Source {
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_edge(&self) -> bool {
        let path = &self.path;
        path == "app.rs"
            || ["commands/", "platform/http/", "pages/"].iter().any(|folder| path.starts_with(folder))
            || path.ends_with("/api.rs")
            || path.contains("/api/")
    }

    fn is_pure(&self) -> bool {
        let path = &self.path;
        path.starts_with("questionnaires/")
            || path.ends_with("/rules.rs")
            || path.contains("/rules/")
            || path == "statistics/disclosure.rs"
            || path == "matching/lottery.rs"
    }

    fn uses_crate(&self, name: &str) -> bool {
        self.uses.iter().any(|used| used == name || used.starts_with(&format!("{name}::")))
    }

    /// Lines before the tests at its end.
    fn length(&self) -> usize {
        let lines: Vec<_> = self.text.lines().collect();
        let end = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].ends_with('{'));
        end.unwrap_or(lines.len())
    }
}

#[track_caller]
fn none(breaches: &[String]) {
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_room_uses_rooms_below_it() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.room() != "lib") {
        let Some(own) = ROOMS.iter().position(|room| *room == source.room()) else {
            breaches.push(format!("{}: the room has no place in the order", source.path));
            continue;
        };
        for used in &source.uses {
            let mut names = used.split("::");
            if !matches!(names.next(), Some("crate" | "alongside")) {
                continue;
            }
            // `pub(crate)` names the crate and no room.
            let Some(room) = names.next() else { continue };
            match ROOMS.iter().position(|known| *known == room) {
                Some(place) if place < own => breaches.push(format!("{} uses {used}, which is above it", source.path)),
                Some(_) => {}
                None => breaches.push(format!("{} uses {used}, which is no room", source.path)),
            }
        }
    }
    none(&breaches);
}

#[test]
fn the_web_framework_stays_at_the_edge() {
    let touches = |source: &&Source| source.uses_crate("poem") || source.uses_crate("poem_openapi");
    let breaches: Vec<_> = sources().iter().filter(|s| !s.is_edge()).filter(touches).map(|source| source.path.clone()).collect();
    none(&breaches);
}

#[test]
fn letters_leave_by_one_door() {
    let inside = |source: &&Source| !source.path.starts_with("platform/mail/") && source.uses_crate("lettre");
    none(&sources().iter().filter(inside).map(|source| source.path.clone()).collect::<Vec<_>>());
}

#[test]
fn pure_files_know_no_database_no_clock_and_no_runtime() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.is_pure()) {
        for name in ["sea_orm", "sqlx", "tokio", "poem", "poem_openapi", "hyper", "lettre"] {
            if source.uses_crate(name) {
                breaches.push(format!("{} uses {name}", source.path));
            }
        }
        // Time and chance are arguments: `now` is the name of one, `Utc::now` is a clock.
        let clock = |used: &&String| {
            let banned = ["Clock", "SystemTime", "Instant", "clock", "random", "thread_rng", "new_v4", "now_v7"];
            used.ends_with("::now") || used.as_str() == "rand::rng" || used.split("::").any(|name| banned.contains(&name))
        };
        for used in source.uses.iter().filter(clock) {
            breaches.push(format!("{} uses {used}", source.path));
        }
        if source.uses.iter().any(|used| used == "crate::platform::Db" || used == "crate::platform::Platform") {
            breaches.push(format!("{} uses the database", source.path));
        }
        if source.text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("async fn")) {
            breaches.push(format!("{} has an async function", source.path));
        }
    }
    none(&breaches);
}

#[test]
fn no_file_is_long() {
    let long = |source: &Source| (source.length() > LONGEST).then(|| format!("{}: {} lines", source.path, source.length()));
    none(&sources().iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = |source: &&Source| !source.text.starts_with("//!");
    none(&sources().iter().filter(silent).map(|source| source.path.clone()).collect::<Vec<_>>());
}

#[test]
fn packages_of_npm_are_locked_and_their_locks_name_no_registry() {
    for folder in ["tests/browser", "examples/typescript"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("package-lock.json");
        let lock: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        assert!(packages.len() > 1, "{folder}");
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(package["integrity"].is_string() && package.get("resolved").is_none(), "{folder}: {name}");
        }
    }
}
