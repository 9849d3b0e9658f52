//! Bodies that nobody should send, and readers that come again and again: answers stay polite, and nothing is written.

use crate::{
    document::{Operation, operations, resolve, sample, served},
    harness::{Answer, Backend, TestApp, everywhere, on},
    staffed::Cast,
    walk::{changed, held},
};
use alongside::platform::Db;
use poem::http::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A value that must never come back.
const CANARY: &str = "canary-7c1f";

/// Columns that tell when somebody was last seen; they move with every request, also with one that is refused.
const LAST_SEEN: [&str; 2] = ["last_used_at", "idle_until"];

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
        Attack { pointer: Some("/a".into()), ..attack("a duplicate key", format!("{{\"a\": \"{CANARY}\", \"a\": 1}}")) },
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
        let others = good.as_object().into_iter().flatten().filter(|(other, _)| *other != name);
        let mut fields: Vec<_> = others.map(|(other, value)| format!("{}:{value}", json!(other))).collect();
        fields.extend([format!("{}:{}", json!(name), json!(CANARY)), format!("{}:1", json!(name))]);
        let twice = format!("{{{}}}", fields.join(","));
        all.push(Attack { pointer: Some(format!("/{name}")), ..attack(format!("{name} twice"), twice) });
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

/// What is wrong with an answer that must be a problem with one of these statuses.
fn impolite(answer: &Answer, statuses: &[u16]) -> Option<String> {
    let status = answer.status.as_u16();
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !statuses.contains(&status) {
        return Some(format!("answered {status}: {}", answer.text));
    }
    if !kind.starts_with("application/problem+json") {
        return Some(format!("answered {kind}"));
    }
    answer.text.contains(CANARY).then(|| "the answer repeats what was sent".into())
}

/// What is wrong with the answer to an attack. The caller may do this, so the body is judged before anything else.
fn complaint(answer: &Answer, attack: &Attack) -> Option<String> {
    if let Some(complaint) = impolite(answer, &[400, 413, 415, 422]) {
        return Some(complaint);
    }
    let pointer = attack.pointer.as_ref()?;
    let points = answer.violations().iter().any(|(given, _)| given == pointer || given.starts_with(&format!("{pointer}/")));
    (!points).then(|| format!("no pointer to {pointer}: {}", answer.text))
}

/// Fails with everything that was found, unless nothing was written and nothing found.
async fn judge(app: &TestApp, before: &BTreeMap<String, String>, mut breaches: Vec<String>, tried: usize, least: usize) {
    let after = held(app, &LAST_SEEN).await;
    breaches.extend(changed(before, &after).into_iter().map(|table| format!("something wrote to {table}")));
    assert!(tried >= least, "{tried}");
    assert!(breaches.is_empty(), "{} of {tried}:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn bodies_that_nobody_should_send_are_refused_and_nothing_is_written() {
    everywhere(|app| async move {
        let cast = Cast::gather(&app).await;
        let document = served(&app).await;
        let mut breaches = Vec::new();
        let mut tried = 0;
        let first = held(&app, &LAST_SEEN).await;
        let mut before = first.clone();
        for operation in operations(&document) {
            let Some(("application/json", schema)) = operation.body() else { continue };
            for attack in attacks(&document, schema) {
                let answer = send(&app, &operation, &cast, &attack).await;
                tried += 1;
                if let Some(complaint) = complaint(&answer, &attack) {
                    breaches.push(format!("{}: {}: {complaint}", operation.name(), attack.name));
                }
            }
            let after = held(&app, &LAST_SEEN).await;
            let wrote = changed(&before, &after);
            if !wrote.is_empty() {
                breaches.push(format!("{}: wrote to {}", operation.name(), wrote.join(", ")));
            }
            before = after;
        }
        judge(&app, &first, breaches, tried, 900).await;
        app.outbox().await;
    });
}

#[test]
fn files_that_nobody_should_send_are_refused_or_answered_for_line_by_line() {
    everywhere(|app| async move {
        let cast = Cast::gather(&app).await;
        let token = cast.token("administrator").unwrap();
        let path = format!("/api/organisations/{}/people/import", cast.known["organisation"]);
        let before = held(&app, &LAST_SEEN).await;
        let (mut breaches, mut tried) = (Vec::new(), 0);
        let limit = app.app.platform.config.import_limit;
        let files: [(&str, Vec<u8>); 9] = [
            ("nothing", Vec::new()),
            ("line breaks", b"\r\n\r\n\n\n".to_vec()),
            ("another heading", format!("email,{CANARY}\na@people.example,1\n").into()),
            ("no heading", format!("{CANARY}@people.example\n").into()),
            ("U+0000 in the heading", format!("email,na\0me{CANARY}\na@people.example,x\n").into()),
            ("a heading that is not UTF-8", b"email,\xff\xfe\na@people.example,x\n".to_vec()),
            ("a quote that is never closed", format!("\"email,name\n{}", CANARY.repeat(10_000)).into()),
            ("one huge line", "x".repeat(5 << 20).into()),
            ("too large", vec![b'x'; limit + 1]),
        ];
        for (name, file) in files {
            let answer = app.post(&path).token(&token).bytes(file, "text/csv").send().await;
            tried += 1;
            breaches.extend(impolite(&answer, &[400, 413, 422]).map(|complaint| format!("{name}: {complaint}")));
        }
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", "garbage"] {
            let answer = app.post(&path).token(&token).bytes(b"email\na@people.example\n".to_vec(), kind).send().await;
            tried += 1;
            breaches.extend(impolite(&answer, &[415]).map(|complaint| format!("as {kind}: {complaint}")));
        }
        judge(&app, &before, breaches, tried, 13).await;
        // What is wrong in one line harms no other, and is answered for.
        let lines: [&[u8]; 7] = [
            b"email,name",
            b"nul\0@people.example,x",
            b"a@people.example,nul\0",
            b"\xff\xfe@people.example,x",
            &[b'x'; 40_000],
            b"good@people.example,Good",
            b"\"b@people.example,never closed",
        ];
        let made = app.post(&path).token(&token).bytes(lines.join(&b'\n'), "text/csv").send().await.expect(200);
        assert_eq!([&made.json["invited"], &made.json["refused"]], [1, 5], "{}", made.text);
        app.outbox().await;
    });
}

#[test]
fn absurd_parameters_are_refused() {
    everywhere(|app| async move {
        let cast = Cast::gather(&app).await;
        let before = held(&app, &LAST_SEEN).await;
        let (mut breaches, mut tried) = (Vec::new(), 0);
        for operation in operations(&served(&app).await) {
            let parameters = operation.what["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
                let name = parameter["name"].as_str().unwrap();
                let values: &[&str] = match name {
                    "limit" => &["-1", "0", "1e9", "1000000000", "99999999999999999999", CANARY, "%00", "2027-01-01"],
                    _ => &[CANARY, "%00", "%ff%fe", "-1", "%F0%9F%98%80"],
                };
                for value in values {
                    let address = format!("{}?{name}={value}", operation.address(&cast.known));
                    let mut call = app.call(operation.method.clone(), address);
                    if let Some(token) = cast.token(Cast::mightiest(&operation.path)) {
                        call = call.token(&token);
                    }
                    let answer = call.send().await;
                    tried += 1;
                    // Some lists go by a number of their own.
                    if *value == "-1" && parameter["schema"]["type"] == "integer" && name == "after" {
                        continue;
                    }
                    let complaint = impolite(&answer, &[400, 422]);
                    breaches.extend(complaint.map(|complaint| format!("{}?{name}={value}: {complaint}", operation.name())));
                }
            }
        }
        judge(&app, &before, breaches, tried, 200).await;
    });
}

#[test]
fn absurd_headers_are_refused() {
    everywhere(|app| async move {
        let cast = Cast::gather(&app).await;
        let document = served(&app).await;
        let before = held(&app, &LAST_SEEN).await;
        let (mut breaches, mut tried) = (Vec::new(), 0);
        let long = format!("\"{CANARY}\", ").repeat(500);
        let key = CANARY.repeat(1000);
        for operation in operations(&document) {
            let parameters = operation.what["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "header") {
                // Whatever it says is an event that the caller does not have.
                if parameter["name"] == "Last-Event-ID" {
                    continue;
                }
                let (name, values, statuses): (_, &[&str], &[u16]) = match parameter["name"].as_str().unwrap() {
                    // A thing that is not there is said to be so; one that is there does not have this version.
                    "If-Match" => {
                        ("if-match", &[CANARY, "\"v77\"", "W/\"v1\"", "\"v99999999999\"", &long], &[404, 409, 412, 422])
                    }
                    _ => ("idempotency-key", &[&key, "two words", "\u{e9}"], &[400, 422]),
                };
                for value in values {
                    let mut call = app.call(operation.method.clone(), operation.address(&cast.known)).header(name, value);
                    if let Some(token) = cast.token(Cast::mightiest(&operation.path)) {
                        call = call.token(&token);
                    }
                    if let Some(("application/json", schema)) = operation.body() {
                        call = call.json(&sample(&document, schema, 0));
                    }
                    let answer = call.send().await;
                    tried += 1;
                    let shown: String = value.chars().take(20).collect();
                    let complaint = impolite(&answer, statuses);
                    breaches.extend(complaint.map(|complaint| format!("{} {name}: {shown}: {complaint}", operation.name())));
                }
            }
        }
        judge(&app, &before, breaches, tried, 100).await;
    });
}

#[test]
fn pages_take_what_nobody_should_send() {
    everywhere(|app| async move {
        Cast::gather(&app).await;
        let before = held(&app, &LAST_SEEN).await;
        let (mut breaches, mut tried) = (Vec::new(), 0);
        let long = "x".repeat(8000);
        let tokens = [CANARY, "%00", "%ff%fe", "%22%3E%3Cscript%3E", "ai_%2e%2e%2f", "ai_", "au_x", &long];
        for token in tokens {
            for page in ["i", "u", "join", "invitation"] {
                let address = format!("/{page}/{token}");
                // Forms carry nothing but the address and the cookie: whatever else is sent is not read.
                let form = format!("answer={CANARY}&%00=%ff").into_bytes();
                let cookie = format!("invitation={token}; invitation=\"{CANARY}");
                let sent =
                    app.post(&address).header("cookie", &cookie).bytes(form, "application/x-www-form-urlencoded").send().await;
                let asked = app.get(&address).header("cookie", &cookie).send().await;
                tried += 2;
                for (method, answer) in [("POST", sent), ("GET", asked)] {
                    let status = answer.status.as_u16();
                    // A link is not looked up before its button is pressed.
                    let asks = method == "GET" && status == 200;
                    if !asks && !(400..500).contains(&status) {
                        breaches.push(format!("{method} {address}: answered {status}"));
                    }
                    if answer.text.contains("<script") {
                        breaches.push(format!("{method} {address}: the page repeats a tag"));
                    }
                }
            }
        }
        judge(&app, &before, breaches, tried, 60).await;
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

/// Sets a place in a body. What the sample leaves out on the way there is filled in as the schema says.
fn put(document: &Value, schema: &Value, body: &mut Value, pointer: &str, value: Value) {
    let (mut schema, mut here) = (resolve(document, schema).clone(), body);
    for part in pointer.split('/').skip(1) {
        if part == "0" {
            let items = schema["items"].clone();
            if here.as_array().is_none_or(Vec::is_empty) {
                *here = json!([fields(document, &items)]);
            }
            (schema, here) = (resolve(document, &items).clone(), &mut here[0]);
        } else {
            let field = resolve(document, &schema["properties"][part]).clone();
            if here.get(part).is_none() {
                here[part] = if field["type"] == "array" { json!([]) } else { fields(document, &field) };
            }
            (schema, here) = (field, &mut here[part]);
        }
    }
    *here = value;
}

/// A sample of an object from those of its fields that it needs.
fn fields(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    let needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    needed.map(|name| (name.to_owned(), sample(document, &schema["properties"][name], 0))).collect()
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
                put(&document, schema, &mut body, place, json!(if *timed { time } else { day }));
                let attack = Attack { pointer: Some(place.clone()), ..attack(format!("{day} at {place}"), body.to_string()) };
                let answer = send(&app, &operation, &cast, &attack).await;
                tried += 1;
                let unnamed = !matches!(answer.status.as_u16(), 400 | 422)
                    && !needs_a_row.iter().any(|end| operation.path.ends_with(end) && answer.status.as_u16() == 404);
                if !unnamed && answer.status.as_u16() == 404 {
                    continue;
                }
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
        // Who took a copy of people's data, or looked at it, is written down for the people: nothing else is.
        let noted = [
            "/export",
            "/places",
            "/responses",
            "/people",
            "/people/{participant}",
            "/attendance",
            "/contributions",
            "/tasks",
            "/replies/{reply}",
        ];
        written.retain(|name| !noted.iter().any(|end| name.ends_with(end)));
        assert!(written.is_empty(), "{}", written.join("\n"));
        watcher.close().await.unwrap();
    });
}
