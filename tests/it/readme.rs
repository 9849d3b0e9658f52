//! The README's eight steps run as they stand, in order, on a fresh installation.

use crate::harness::{TestApp, everywhere};
use poem::http::Method;
use serde_json::Value;
use std::collections::BTreeMap;

const README: &str = include_str!("../../README.md");

/// One command: `NAME=` where its answer is kept, whose token, what is asked for, and where the value is in the answer.
#[derive(Debug)]
struct Command {
    keep: Option<String>,
    token: String,
    method: String,
    path: String,
    body: Option<String>,
    pick: Option<String>,
}

/// A line of the steps.
#[derive(Debug)]
enum Line {
    /// `NAME=$(date -d '+14 days' +%F)`
    Day { name: String, days: i64 },
    /// `NAME=aj_...`: the token of this kind from the latest letter.
    Letter { name: String, prefix: String },
    /// `api ...`
    Call(Command),
}

/// The lines of the steps; a quoted body may go over several.
fn lines() -> Vec<Line> {
    let (_, steps) = README.split_once("## The API in eight steps").unwrap();
    let (steps, _) = steps.split_once("\n## ").unwrap();
    let mut found = Vec::new();
    let mut open = String::new();
    for line in steps.lines().filter(|line| line.starts_with("    ")).map(str::trim) {
        open = if open.is_empty() { line.to_owned() } else { format!("{open} {line}") };
        // An odd number of quotes: the body goes on.
        if open.matches('\'').count() % 2 == 1 || open.ends_with('\\') {
            continue;
        }
        found.extend(parse(&std::mem::take(&mut open)));
    }
    assert!(open.is_empty(), "{open}");
    found
}

fn parse(line: &str) -> Option<Line> {
    if line.starts_with("api() {") {
        return None;
    }
    let (keep, rest) = match line.split_once('=') {
        Some((name, rest)) if name.chars().all(|c| c.is_ascii_uppercase()) => (Some(name.to_owned()), rest),
        _ => (None, line),
    };
    if let Some(days) = rest.strip_prefix("$(date -d '+").and_then(|rest| rest.strip_suffix(" days' +%F)")) {
        return Some(Line::Day { name: keep?, days: days.parse().unwrap() });
    }
    if let Some(prefix) = rest.strip_suffix("...") {
        return Some(Line::Letter { name: keep?, prefix: prefix.to_owned() });
    }
    let (call, pick) =
        match rest.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')).map(|rest| rest.rsplit_once(" | jq -r ")) {
            Some(piped) => piped.map(|(call, pick)| (call, Some(pick.to_owned()))).unwrap(),
            None => (rest, None),
        };
    let mut words = call.strip_prefix("api ").unwrap_or_else(|| panic!("not a command: {line}")).splitn(4, ' ');
    let mut word = || words.next().unwrap_or_else(|| panic!("too short: {line}")).to_owned();
    let (token, method, path) = (word(), word(), word());
    let body = words.next().map(|body| body.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap().to_owned());
    Some(Line::Call(Command { keep, token, method, path, body, pick }))
}

/// Puts values in place of `'"$NAME"'` and `$NAME`, as a shell would.
fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = text.replace("'\"$", "$").replace("\"'", "");
    // The longest names first, so that none is taken for the beginning of another.
    let mut names: Vec<_> = known.iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in names {
        out = out.replace(&format!("${name}"), value);
    }
    assert!(!out.contains('$'), "nothing is known for a name in {out}");
    out
}

/// `.items[0].id` of an answer.
fn picked(json: &Value, pick: &str) -> String {
    let pointer = pick.replace('[', "/").replace(']', "").replace('.', "/");
    json.pointer(&pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pick} in {json}")).to_owned()
}

async fn run(app: &TestApp, command: Command, known: &mut BTreeMap<String, String>) -> Value {
    let path = format!("/api{}", filled(&command.path, known));
    let mut call = app.call(command.method.parse::<Method>().unwrap(), path.clone()).header("if-match", "*");
    if command.token != "\"\"" {
        call = call.token(&filled(&command.token, known));
    }
    if let Some(body) = &command.body {
        call = call.bytes(filled(body, known).into_bytes(), "application/json");
    }
    let answer = call.send().await;
    assert!(answer.status.is_success(), "{} {path}: {} {}", command.method, answer.status, answer.text);
    if let (Some(name), Some(pick)) = (command.keep, command.pick) {
        known.insert(name, picked(&answer.json, &pick));
    }
    answer.json
}

#[test]
fn the_eight_steps_run_as_they_stand() {
    everywhere(|app| async move {
        let start =
            alongside::accounts::organisations::first_start(&app.app.platform).await.unwrap().expect("a new installation");
        let (mut known, mut letters, mut calls, mut last) = (BTreeMap::new(), Vec::new(), 0, Value::Null);
        for line in lines() {
            match line {
                Line::Day { name, days } => {
                    let day = (app.clock.now() + chrono::Duration::days(days)).date_naive();
                    known.insert(name, day.to_string());
                }
                Line::Letter { name, .. } if name == "START" => {
                    known.insert(name, start.reveal().to_owned());
                }
                Line::Letter { name, prefix } => {
                    letters.extend(app.outbox().await);
                    known.insert(name, letters.last().expect("a letter").token(&prefix));
                }
                Line::Call(command) => {
                    last = run(&app, command, &mut known).await;
                    calls += 1;
                }
            }
        }
        assert!(calls >= 30, "{calls}");
        assert_eq!(last["items"][0]["title"], "Your view", "the report is there for everybody");
        let told = app.outbox().await;
        assert_eq!(told.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@example.org"]);
        assert!(told[0].words().contains("Your view"), "{}", told[0].text());
    });
}
