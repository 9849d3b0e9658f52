//! Who may do what: every operation, called by everybody.

use crate::{
    document::{Operation, golden, operations, served},
    harness::{Answer, Backend, TestApp, everywhere, on},
    staffed::Cast,
};
use poem::http::Method;
use std::fmt::Write;

/// Operations that end the caller's own session: each gets a cast of its own, so that it spoils no other call.
const ENDINGS: [&str; 3] = ["leave", "signMeOut", "signOut"];

fn id(operation: &Operation) -> &str {
    operation.what["operationId"].as_str().unwrap()
}

fn is_staffs(operation: &Operation) -> bool {
    operation.path.starts_with("/organisations/{organisation}")
}

/// Calls an operation with `{}` where it takes JSON.
async fn call(app: &TestApp, operation: &Operation, cast: &Cast, token: Option<&str>) -> Answer {
    let mut call = app.call(operation.method.clone(), operation.address(&cast.known));
    if let Some(token) = token {
        call = call.token(token);
    }
    match operation.body() {
        Some(("application/json", _)) => call.bytes(b"{}".to_vec(), "application/json"),
        Some((kind, _)) => call.bytes(Vec::new(), kind),
        None => call,
    }
    .send()
    .await
}

/// What an answer says about the caller's power. An address that names nothing answers 404 to those who may know that.
fn class(answer: &Answer) -> String {
    match answer.status.as_u16() {
        status @ (401 | 403 | 404) => status.to_string(),
        200..=499 => "ok".into(),
        status => panic!("{status}: {}", answer.text),
    }
}

async fn row(app: &TestApp, operation: &Operation, cast: &Cast) -> Vec<String> {
    let mut classes = Vec::new();
    for (name, token) in &cast.callers {
        let answer = call(app, operation, cast, token.as_deref()).await;
        let class = class(&answer);
        if id(operation) == "createOrganisation" {
            let administers = matches!(*name, "administrator" | "elsewhere");
            assert_eq!(class == "ok", administers, "{name}: {}", answer.text);
        }
        if is_staffs(operation) {
            let writes = operation.method != Method::GET;
            let powerless = matches!(*name, "viewer" | "analyst" | "key:read" | "key:responses") && writes;
            let stranger = matches!(*name, "nobody" | "elsewhere" | "key:elsewhere" | "participant" | "invitation");
            assert!(
                class != "ok" || !(powerless || stranger),
                "{} answers {name} {} before the question who may: {}",
                operation.name(),
                answer.status,
                answer.text
            );
        }
        classes.push(class);
    }
    classes
}

fn line(operation: &Operation, classes: &[String]) -> String {
    let mut line = format!("{:<6} {:<100}", operation.method.as_str(), operation.path);
    classes.iter().for_each(|class| write!(line, " {class:>4}").unwrap());
    line.push('\n');
    line
}

#[test]
fn who_may_do_what_is_the_golden_table() {
    on(Backend::Sqlite, |app| async move {
        let cast = Cast::gather(&app).await;
        let all = operations(&served(&app).await);
        let mut text = String::from("Columns: ");
        text.push_str(&cast.callers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
        text.push_str(
            "\n401 sign in first, 403 not with this role or token, 404 nothing here that the caller may know of, ok anything else.\n\n",
        );
        for operation in all.iter().filter(|operation| !ENDINGS.contains(&id(operation))) {
            text.push_str(&line(operation, &row(&app, operation, &cast).await));
        }
        golden("roles.txt", &text);
        app.outbox().await;
    });
}

#[test]
fn endings_end_the_callers_own_session() {
    for ending in ENDINGS {
        on(Backend::Sqlite, |app| async move {
            let cast = Cast::gather(&app).await;
            let all = operations(&served(&app).await);
            let operation = all.iter().find(|operation| id(operation) == ending).unwrap();
            let classes = row(&app, operation, &cast).await;
            assert_eq!(classes[0], "401");
            golden(&format!("roles-{ending}.txt"), &line(operation, &classes));
            app.outbox().await;
        });
    }
}

#[test]
fn nobody_and_strangers_get_no_further_than_the_door() {
    everywhere(|app| async move {
        let cast = Cast::gather(&app).await;
        let all = operations(&served(&app).await);
        let inside: Vec<_> = all.iter().filter(|operation| is_staffs(operation)).collect();
        assert!(inside.len() > 60);
        for operation in inside {
            for (who, status) in
                [("nobody", 401), ("elsewhere", 404), ("key:elsewhere", 404), ("participant", 404), ("invitation", 404)]
            {
                let answer = call(&app, operation, &cast, cast.token(who).as_deref()).await;
                assert_eq!(answer.status.as_u16(), status, "{who} at {}: {}", operation.name(), answer.text);
                assert!(!answer.text.contains("sunrise") && !answer.text.contains("A better waiting room"), "{}", answer.text);
            }
        }
        for operation in all.iter().filter(|operation| operation.what["security"].is_array()) {
            let answer = call(&app, operation, &cast, None).await;
            assert_eq!(answer.status.as_u16(), 401, "{}: {}", operation.name(), answer.text);
        }
        app.outbox().await;
    });
}
