//! Bodies that nobody should send, and readers that come again and again: answers stay polite, and nothing is written.

use crate::{
    document::{Operation, operations, resolve, served},
    harness::{Answer, Backend, TestApp, everywhere, on},
    schema::tables,
    staffed::Cast,
};
use alongside::platform::Db;
use poem::http::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A value that must never come back.
const CANARY: &str = "canary-7c1f";

/// Tables that keep the books of requests; they may grow with a request that is refused.
const BOOKS: [&str; 4] = ["account_session", "participant_session", "idempotency", "api_key"];

async fn count(app: &TestApp) -> BTreeMap<String, i64> {
    let db = app.app.platform.db.read();
    let mut counts = BTreeMap::new();
    for table in tables(db).await.into_iter().filter(|table| !BOOKS.contains(&table.as_str())) {
        let sql = format!("SELECT count(*) AS n FROM {table}");
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
        counts.insert(table, row.try_get("", "n").unwrap());
    }
    counts
}

/// A value that fits a schema, taken from the examples of the document.
fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = if schema.get("example").is_some() { schema } else { resolve(document, schema) };
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("string") => json!("text"),
        Some("integer") => json!(1),
        Some("number") => json!(0.5),
        Some("boolean") => json!(true),
        Some("array") if depth < 5 => json!([sample(document, &schema["items"], depth + 1)]),
        Some("array") => json!([]),
        _ if depth < 5 => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields.map(|(name, field)| (name.clone(), sample(document, field, depth + 1))).collect()
        }
        _ => json!({}),
    }
}

/// A value of another type than the schema's.
fn wrong(document: &Value, schema: &Value) -> Value {
    match resolve(document, schema)["type"].as_str() {
        Some("string") => json!({"canary": CANARY}),
        _ => json!(CANARY),
    }
}

/// A body that is refused, and where the complaint must point, if it must.
struct Attack {
    name: String,
    bytes: Vec<u8>,
    kind: &'static str,
    pointer: Option<String>,
}

fn attack(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Attack {
    Attack { name: name.into(), bytes: bytes.into(), kind: "application/json", pointer: None }
}

fn attacks(document: &Value, schema: &Value) -> Vec<Attack> {
    let mut all = vec![
        attack("broken", format!("{{\"a\": \"{CANARY}\"")),
        attack("nothing", ""),
        attack("not UTF-8", [b"{\"a\": \"".as_slice(), &[0xff, 0xfe], b"\"}"].concat()),
        attack("a duplicate key", format!("{{\"a\": \"{CANARY}\", \"a\": 1}}")),
        attack("U+0000", format!("{{\"a\": \"{CANARY}\\u0000\"}}")),
        attack("deep", format!("{{\"a\": {}{}}}", "[".repeat(5000), "]".repeat(5000))),
        attack("too large", format!("{{\"a\": \"{}\"}}", CANARY.repeat(200_000))),
        Attack { kind: "text/plain", ..attack("another type", "{}") },
    ];
    let target = resolve(document, schema);
    if target["type"].is_null() && target["properties"].is_null() {
        // Any JSON is read here; the handler says what it makes of it.
        return all;
    }
    for other in [json!(CANARY), json!(7), json!(null)] {
        all.push(attack(format!("{other} as a whole"), other.to_string()));
    }
    if target["type"] == "array" {
        all.push(attack("an object for a list", json!({"canary": CANARY}).to_string()));
        return all;
    }
    all.push(attack("a list for an object", json!([[CANARY]]).to_string()));
    let good = sample(document, schema, 0);
    let mut more = good.clone();
    more["canary_field"] = json!(CANARY);
    all.push(Attack { pointer: Some("/canary_field".into()), ..attack("an unknown field", more.to_string()) });
    for (name, field) in target["properties"].as_object().into_iter().flatten() {
        let mut body = good.clone();
        body[name] = wrong(document, field);
        all.push(Attack { pointer: Some(format!("/{name}")), ..attack(format!("a wrong {name}"), body.to_string()) });
    }
    all
}

async fn send(app: &TestApp, operation: &Operation, cast: &Cast, attack: &Attack) -> Answer {
    let mut call = app.call(operation.method.clone(), operation.address(&cast.known)).header("if-match", "*");
    if let Some(token) = cast.token(Cast::mightiest(&operation.path)) {
        call = call.token(&token);
    }
    call.bytes(attack.bytes.clone(), attack.kind).send().await
}

/// What is wrong with the answer to an attack.
fn complaint(answer: &Answer, attack: &Attack) -> Option<String> {
    let status = answer.status.as_u16();
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !(400..500).contains(&status) {
        return Some(format!("answered {status}"));
    }
    if !kind.starts_with("application/problem+json") {
        return Some(format!("answered {kind}"));
    }
    if answer.text.contains(CANARY) {
        return Some("the answer repeats what was sent".into());
    }
    let pointer = attack.pointer.as_ref().filter(|_| matches!(status, 400 | 422))?;
    let points = answer.violations().iter().any(|(given, _)| given.starts_with(pointer.as_str()));
    (!points).then(|| format!("no pointer to {pointer}: {}", answer.text))
}

#[test]
fn bodies_that_nobody_should_send_are_refused_and_nothing_is_written() {
    everywhere(|app| async move {
        let cast = Cast::gather(&app).await;
        let document = served(&app).await;
        let mut breaches = Vec::new();
        let mut tried = 0;
        for operation in operations(&document) {
            let Some(("application/json", schema)) = operation.body() else { continue };
            let before = count(&app).await;
            for attack in attacks(&document, schema) {
                let answer = send(&app, &operation, &cast, &attack).await;
                tried += 1;
                if let Some(complaint) = complaint(&answer, &attack) {
                    breaches.push(format!("{}: {}: {complaint}", operation.name(), attack.name));
                }
            }
            let after = count(&app).await;
            if before != after {
                let grown = after.iter().filter(|(table, n)| before[*table] != **n).map(|(table, _)| table.as_str());
                breaches.push(format!("{}: wrote to {}", operation.name(), grown.collect::<Vec<_>>().join(", ")));
            }
        }
        assert!(tried > 600, "{tried}");
        assert!(breaches.is_empty(), "{} of {tried}:\n{}", breaches.len(), breaches.join("\n"));
        app.outbox().await;
    });
}

/// Days and times that a database cannot keep, or keeps in a wrong order.
const ABSURD: [(&str, &str); 4] = [
    ("9999-12-31", "9999-12-31T23:59:59Z"),
    ("+262142-12-31", "+262142-12-31T23:59:59Z"),
    ("0000-01-01", "0000-01-01T00:00:00Z"),
    ("-4800-01-01", "-4800-01-01T00:00:00Z"),
];

/// Where days and times stand in a schema: each pointer, and whether it is a time.
fn dates(document: &Value, schema: &Value, at: &str, depth: usize, all: &mut Vec<(String, bool)>) {
    let schema = resolve(document, schema);
    match schema["format"].as_str() {
        Some("naive-date") => all.push((at.to_owned(), false)),
        Some("date-time") => all.push((at.to_owned(), true)),
        _ => {}
    }
    if depth == 6 {
        return;
    }
    if schema["items"].is_object() {
        dates(document, &schema["items"], &format!("{at}/0"), depth + 1, all);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        dates(document, field, &format!("{at}/{name}"), depth + 1, all);
    }
}

#[test]
fn days_and_times_beyond_all_calendars_are_refused_by_name() {
    everywhere(|app| async move {
        let cast = Cast::gather(&app).await;
        let document = served(&app).await;
        // What is there already is looked up first.
        let needs_a_row = ["/meetings/{meeting}", "/recommendations", "/recommendations/{recommendation}"];
        let (mut breaches, mut tried) = (Vec::new(), 0);
        for operation in operations(&document) {
            let Some(("application/json", schema)) = operation.body() else { continue };
            let mut places = Vec::new();
            dates(&document, schema, "", 0, &mut places);
            for ((place, timed), (day, time)) in places.iter().flat_map(|place| ABSURD.iter().map(move |absurd| (place, absurd)))
            {
                let mut body = sample(&document, schema, 0);
                if body.get("project").is_some() {
                    // An opportunity of another project is told that first.
                    body["project"] = json!(cast.known["project"]);
                }
                *body.pointer_mut(place).unwrap_or_else(|| panic!("{}: no sample of {place}", operation.name())) =
                    json!(if *timed { time } else { day });
                let attack = Attack { pointer: Some(place.clone()), ..attack(format!("{day} at {place}"), body.to_string()) };
                let answer = send(&app, &operation, &cast, &attack).await;
                tried += 1;
                let unnamed = !matches!(answer.status.as_u16(), 400 | 422)
                    && !needs_a_row.iter().any(|end| operation.path.ends_with(end) && answer.status.as_u16() == 404);
                let complaint = complaint(&answer, &attack).or(unnamed.then(|| format!("answered {}", answer.text)));
                breaches.extend(complaint.map(|complaint| format!("{}: {}: {complaint}", operation.name(), attack.name)));
            }
        }
        assert!(tried > 120, "{tried}");
        assert!(breaches.is_empty(), "{} of {tried}:\n{}", breaches.len(), breaches.join("\n"));
    });
}

#[test]
fn reading_changes_nothing() {
    on(Backend::Sqlite, |app| async move {
        let cast = Cast::gather(&app).await;
        // A connection of its own sees whether any other connection has changed the file.
        let watcher = Db::connect(&app.url, 1).await.unwrap();
        let version = async || {
            let sql = Statement::from_string(watcher.backend(), "SELECT data_version AS n FROM pragma_data_version");
            watcher.write().query_one_raw(sql).await.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
        };
        let mut written = Vec::new();
        for operation in operations(&served(&app).await).iter().filter(|operation| operation.method == Method::GET) {
            let before = version().await;
            for _ in 0..3 {
                for (_, token) in cast.callers.iter().filter(|(name, _)| !name.starts_with("key")) {
                    let mut call = app.get(operation.address(&cast.known));
                    if let Some(token) = token {
                        call = call.token(token);
                    }
                    let answer = call.send().await;
                    assert!(answer.status.as_u16() < 500, "{}: {}", operation.name(), answer.text);
                }
            }
            if before != version().await {
                written.push(operation.name());
            }
        }
        // Who took a copy of people's data is written down: that is what the audit log is for.
        written.retain(|name| !name.ends_with("/export"));
        assert!(written.is_empty(), "{}", written.join("\n"));
        watcher.close().await.unwrap();
    });
}
