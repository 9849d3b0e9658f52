//! The served API document, read for the tests that walk over every operation.

use crate::harness::TestApp;
use poem::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Method.
    pub method: Method,
    /// Address with its gaps, without `/api`.
    pub path: String,
    /// What it says about itself.
    pub what: Value,
}

/// The document as it is served.
pub async fn served(app: &TestApp) -> Value {
    app.get("/api/openapi.json").send().await.expect(200).json
}

/// Every operation, in order of address and method.
pub fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(|(method, what)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
            what: what.clone(),
        })
    });
    all.collect()
}

impl Operation {
    /// Method and address.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The media type and the schema of the body, if it takes one.
    pub fn body(&self) -> Option<(&str, &Value)> {
        let content = self.what.pointer("/requestBody/content")?.as_object()?;
        content.iter().next().map(|(kind, media)| (kind.as_str(), &media["schema"]))
    }

    /// The example of the body.
    pub fn example(&self) -> Option<&Value> {
        let content = self.what.pointer("/requestBody/content")?.as_object()?;
        content.iter().next().and_then(|(_, media)| media.get("example"))
    }

    /// The address with its gaps filled: what `known` does not name gets an id that names nothing.
    pub fn address(&self, known: &BTreeMap<&str, String>) -> String {
        let fill = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => match (known.get(name), name) {
                (Some(value), _) => value.clone(),
                (None, "stage") => "design".into(),
                (None, "letter") => "invite".into(),
                (None, _) => "0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e".into(),
            },
            None => part.to_owned(),
        };
        let filled: Vec<_> = self.path.split('/').map(fill).collect();
        format!("/api{}", filled.join("/"))
    }
}

/// A schema with its references followed.
pub fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return resolve(document, &document["components"]["schemas"][name]);
    }
    match schema["allOf"].get(0) {
        Some(part) => resolve(document, part),
        None => schema,
    }
}

/// A value that fits a schema, taken from the examples of the document.
pub fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
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

/// Compares a text with a golden file, or writes the file where `ALONGSIDE_TEST_UPDATE=1` is set.
#[track_caller]
#[allow(clippy::disallowed_methods)]
pub fn golden(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var("ALONGSIDE_TEST_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != text {
        let (old, new): (Vec<_>, Vec<_>) = (kept.lines().collect(), text.lines().collect());
        let gone = old.iter().filter(|line| !new.contains(line)).take(20).map(|line| format!("- {line}"));
        let come = new.iter().filter(|line| !old.contains(line)).take(20).map(|line| format!("+ {line}"));
        let lines: Vec<_> = gone.chain(come).collect();
        panic!("tests/golden/{name} differs; look, then set ALONGSIDE_TEST_UPDATE=1\n{}", lines.join("\n"));
    }
}
