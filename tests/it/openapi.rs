//! The API document: complete, and the same as yesterday unless somebody meant to change it.

use crate::{
    document::{golden, operations, served},
    harness::{Backend, on},
};
use alongside::platform::http::problem::{KINDS, TYPE_BASE};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_served_document_is_the_golden_one_and_the_printed_one() {
    on(Backend::Sqlite, |app| async move {
        let document = served(&app).await;
        golden("openapi.json", &format!("{}\n", serde_json::to_string_pretty(&document).unwrap()));
        let printed = alongside::commands::openapi::document().await.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), document);
    });
}

#[test]
fn every_operation_says_what_it_is() {
    on(Backend::Sqlite, |app| async move {
        let document = served(&app).await;
        let (mut ids, mut missing) = (BTreeSet::new(), Vec::new());
        let empty = |value: &Value| value.as_str().is_none_or(|text| text.trim().is_empty());
        let all = operations(&document);
        assert!(all.len() > 100);
        for operation in &all {
            let name = operation.name();
            let id = operation.what["operationId"].as_str().unwrap_or_default().to_owned();
            if id.is_empty() || !ids.insert(id) {
                missing.push(format!("{name}: an operation id of its own"));
            }
            for what in ["summary", "description"] {
                if empty(&operation.what[what]) {
                    missing.push(format!("{name}: a {what}"));
                }
            }
            if operation.body().is_some() && operation.example().is_none() {
                missing.push(format!("{name}: an example of its body"));
            }
            for parameter in operation.what["parameters"].as_array().into_iter().flatten() {
                if empty(&parameter["description"]) {
                    missing.push(format!("{name}: words for {}", parameter["name"]));
                }
                if parameter.get("example").is_none() {
                    missing.push(format!("{name}: an example of {}", parameter["name"]));
                }
            }
            // Whoever tries the document finds nothing in it that allows whatever comes.
            let answers: Vec<&String> =
                operation.what["responses"].as_object().into_iter().flatten().map(|(status, _)| status).collect();
            if answers.iter().any(|status| status.parse::<u16>().is_err()) {
                missing.push(format!("{name}: the status of each answer"));
            }
            if !answers.iter().any(|status| *status == "429") {
                missing.push(format!("{name}: the problems it answers"));
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    });
}

#[test]
fn every_property_has_words_and_an_example() {
    on(Backend::Sqlite, |app| async move {
        let document = served(&app).await;
        let mut missing = Vec::new();
        for (schema, what) in document["components"]["schemas"].as_object().unwrap() {
            for (name, property) in what["properties"].as_object().into_iter().flatten() {
                let place = format!("{schema}.{name}");
                if property["description"].as_str().is_none_or(str::is_empty) && property["$ref"].is_null() {
                    missing.push(format!("{place}: words"));
                }
                // In OpenAPI 3.0 nothing may stand beside `$ref`: what it points to has the examples.
                if property["$ref"].is_null() && property.get("example").is_none() {
                    missing.push(format!("{place}: an example"));
                }
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    });
}

#[test]
fn the_kinds_of_problems_are_the_golden_ones() {
    let lines: Vec<_> = KINDS.iter().map(|(slug, status, title)| format!("{status} {TYPE_BASE}{slug}  {title}\n")).collect();
    golden("problems.txt", &lines.concat());
}

#[test]
fn the_page_for_front_ends_names_operations_that_exist() {
    on(Backend::Sqlite, |app| async move {
        let document = served(&app).await;
        let known: Vec<String> = document["paths"].as_object().unwrap().keys().map(|path| format!("/api{path}")).collect();
        let page = app.get("/docs").send().await.expect(200).text.replace("&#123;", "{").replace("&#125;", "}");
        let mut count = 0;
        for part in page.split("/api/").skip(1) {
            let end = part
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '{' | '}' | '.')))
                .unwrap_or(part.len());
            let path = format!("/api/{}", part[..end].trim_end_matches(['.', '/']));
            // A part in capital letters stands for an id.
            let part = |(known, own): (&str, &str)| {
                known == own || known.starts_with('{') && own.chars().all(|c| c.is_ascii_uppercase())
            };
            let own = |known: &String| {
                let begins = known.split('/').count() >= path.split('/').count();
                path == "/api/openapi.json" || begins && known.split('/').zip(path.split('/')).all(part)
            };
            assert!(known.iter().any(own), "there is no {path}");
            count += 1;
        }
        assert!(count > 3, "{count}: {page}");
    });
}
