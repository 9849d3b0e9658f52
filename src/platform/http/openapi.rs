//! The OpenAPI document as it is served: what the framework makes, with an example for every field and words for every
//! parameter.

use super::examples::{EXAMPLES, PARAMETERS};
use serde_json::{Value, json};

/// Examples of things inside things go so deep.
const DEEP: usize = 10;

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
    describe_parameters(&mut document);
    trim_defaults(&mut document);
    Ok(document)
}

/// Takes fields that are `null` out of defaults: they are absent, and not every field may be null.
fn trim_defaults(value: &mut Value) {
    fn trim(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|_, field| !field.is_null());
                fields.values_mut().for_each(trim);
            }
            Value::Array(items) => items.iter_mut().for_each(trim),
            _ => {}
        }
    }
    match value {
        Value::Object(fields) => {
            // A property may be called `default` too; then it is a schema, which has no field that is null.
            fields.get_mut("default").into_iter().for_each(trim);
            fields.values_mut().for_each(trim_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(trim_defaults),
        _ => {}
    }
}

/// Gives words to every parameter that has none.
fn describe_parameters(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flatten().filter_map(|(_, path)| path.as_object_mut()).flatten();
    let parameters = operations.filter_map(|(_, operation)| operation.get_mut("parameters")?.as_array_mut()).flatten();
    for parameter in parameters.filter_map(Value::as_object_mut) {
        if parameter.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
            let known = PARAMETERS.iter().find(|(known, _)| *known == name).map(|(_, words)| (*words).to_owned());
            let words = known.unwrap_or_else(|| format!("Id of the {}.", name.replace('_', " ")));
            parameter.insert("description".into(), words.into());
        }
    }
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
            Some(target) if depth < DEEP => example(name, target, schemas, depth + 1),
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
    // An id keeps the form of an id, whatever its field is called.
    if kind == "string"
        && schema.get("format").is_none()
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
            if depth < DEEP { json!([example(name, &items, schemas, depth + 1)]) } else { json!([]) }
        }
        _ => {
            let mut made = serde_json::Map::new();
            if let Some(properties) = schema.get("properties").and_then(Value::as_object)
                && depth < DEEP
            {
                for (field, property) in properties {
                    made.insert(field.clone(), example(field, property, schemas, depth + 1));
                }
            }
            Value::Object(made)
        }
    }
}
