//! The OpenAPI document as it is served: what the framework makes, with an example for every field, body and parameter, and
//! words for every parameter, and the problems that each operation can answer.
//!
//! A field whose example is not known gets none, so that the test that looks for examples finds it.

use super::{
    examples::{PARAMETERS, TEXTS, VALUES, WHOLE},
    refusals,
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Examples of things inside things go so deep.
const DEEP: usize = 16;

/// Completes a document: every property, body and parameter gets an example, every parameter words.
pub fn complete(spec: &str) -> serde_json::Result<Value> {
    let Merged(mut document) = serde_json::from_str(spec)?;
    let whole: Vec<(&str, Value)> =
        WHOLE.iter().map(|(name, text)| Ok((*name, serde_json::from_str(text)?))).collect::<serde_json::Result<_>>()?;
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, example) in &whole {
            if let Some(schema) = all.get_mut(*name).and_then(Value::as_object_mut) {
                schema.insert("example".into(), example.clone());
            }
        }
    }
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (of, schema) in all {
            let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { continue };
            for (name, property) in properties {
                add_example(of, name, property, &schemas);
            }
        }
    }
    for operation in operations(&mut document) {
        complete_operation(operation, &whole, &schemas);
    }
    refusals::tell(&mut document);
    trim_defaults(&mut document);
    tell_nulls(&mut document);
    Ok(document)
}

/// JSON in which an object may have a key twice: what stands under it is put together. The framework writes a path once for
/// each room that answers there, and whoever reads it sees the last one alone.
struct Merged(Value);

impl<'de> Deserialize<'de> for Merged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Merging).map(Self)
    }
}

struct Merging;

impl<'de> Visitor<'de> for Merging {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Merged(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some((key, Merged(value))) = access.next_entry::<String, Merged>()? {
            match (map.get_mut(&key), value) {
                (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
                (_, value) => {
                    map.insert(key, value);
                }
            }
        }
        Ok(Value::Object(map))
    }
}

/// Says of fields that may be absent that they come as `null` then. What is sent to us takes `null` for a field that may be
/// absent as well, but not for a list or a switch, which stand for themselves when they are left out.
fn tell_nulls(document: &mut Value) {
    let mut sent = BTreeSet::new();
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    for operation in operations(document) {
        name_schemas(operation.get("requestBody").unwrap_or(&Value::Null), &schemas, &mut sent);
    }
    let all = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in all.into_iter().flatten() {
        let is_sent = sent.contains(name);
        let needed = schema.get("required").cloned().unwrap_or_default();
        let needed = |name: &str| needed.as_array().is_some_and(|all| all.iter().any(|one| one == name));
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (_, property) in properties.into_iter().flatten().filter(|(name, _)| !needed(name)) {
            let kind = property.get("type").and_then(Value::as_str);
            if is_sent && (property.get("default").is_some() || matches!(kind, Some("array" | "boolean"))) {
                continue;
            }
            if property.get("$ref").is_some() {
                *property = json!({"allOf": [property.take()]});
            }
            if let Some(property) = property.as_object_mut() {
                property.insert("nullable".into(), true.into());
            }
        }
    }
}

/// The names of the schemas to which something refers, and of those to which they refer in turn.
fn name_schemas(value: &Value, schemas: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
            if let Some(name) = name.filter(|name| !names.contains(*name)) {
                names.insert(name.to_owned());
                name_schemas(schemas.get(name).unwrap_or(&Value::Null), schemas, names);
            }
            fields.values().for_each(|field| name_schemas(field, schemas, names));
        }
        Value::Array(items) => items.iter().for_each(|item| name_schemas(item, schemas, names)),
        _ => {}
    }
}

/// Every operation of a document.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    paths.into_iter().flatten().filter_map(|(_, path)| path.as_object_mut()).flatten().map(|(_, operation)| operation)
}

/// Gives an operation's body an example, and its parameters words and examples.
fn complete_operation(operation: &mut Value, whole: &[(&str, Value)], schemas: &Value) {
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(media) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) {
        for (_, media) in media {
            let own = whole.iter().find(|(name, _)| *name == id).map(|(_, example)| example.clone());
            let schema = media.get("schema").cloned().unwrap_or_default();
            if let (Some(example), Some(media)) = (own.or_else(|| example("", "", &schema, schemas, 0)), media.as_object_mut()) {
                media.insert("example".into(), example);
            }
        }
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
    for parameter in parameters.filter_map(Value::as_object_mut) {
        complete_parameter(parameter, schemas);
    }
}

/// Gives a parameter words, where it has none, and an example.
fn complete_parameter(parameter: &mut serde_json::Map<String, Value>, schemas: &Value) {
    let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let schema = parameter.get("schema").cloned().unwrap_or_default();
    let known = PARAMETERS.iter().find(|(known, ..)| *known == name);
    if parameter.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
        let words = known.map(|(_, words, _)| (*words).to_owned());
        let words = words.unwrap_or_else(|| format!("Id of the {}.", name.replace('_', " ")));
        parameter.insert("description".into(), words.into());
    }
    let given = known.filter(|(.., example)| !example.is_empty()).map(|(.., example)| json!(example));
    let number = schema.get("type").and_then(Value::as_str) == Some("integer");
    let example =
        if number { example("", &name, &schema, schemas, 0) } else { given.or_else(|| example("", &name, &schema, schemas, 0)) };
    if let Some(example) = example {
        parameter.insert("example".into(), example);
    }
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

fn add_example(of: &str, name: &str, property: &mut Value, schemas: &Value) {
    // In OpenAPI 3.0 nothing may stand beside `$ref`.
    let Some(object) = property.as_object_mut() else { return };
    if object.contains_key("$ref") || object.contains_key("example") {
        return;
    }
    if let Some(example) = example(of, name, &Value::Object(object.clone()), schemas, 0) {
        object.insert("example".into(), example);
    }
}

/// What is known for a field: first for the field of this schema, then for every field of this name.
fn known(of: &str, name: &str) -> Option<Value> {
    let text = |key: &str| VALUES.iter().find(|(known, _)| *known == key).map(|(_, text)| *text);
    let text = text(&format!("{of}.{name}")).or_else(|| text(name))?;
    serde_json::from_str(text).ok()
}

/// An example of a schema: whole, by the name of its field, by its words, by its format, by its parts.
fn example(of: &str, name: &str, schema: &Value, schemas: &Value, depth: usize) -> Option<Value> {
    if depth > DEEP {
        return None;
    }
    let kind = schema.get("type").and_then(Value::as_str);
    // Fields of one name may be of several kinds: a number of people, and the people.
    let by_name = known(of, name).filter(|example| fits(example, schema, schemas, 0));
    if let Some(example) = by_name.or_else(|| schema.get("example").cloned()) {
        return Some(example);
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference.rsplit('/').next().unwrap_or_default();
        return example(target, name, schemas.get(target)?, schemas, depth + 1);
    }
    if let Some(part) = schema.get("allOf").and_then(|parts| parts.get(0)) {
        return example(of, name, part, schemas, depth + 1);
    }
    if let Some(first) = schema.get("enum").and_then(|words| words.get(0)) {
        return Some(first.clone());
    }
    match (kind?, schema.get("format").and_then(Value::as_str)) {
        // An id keeps the form of an id, whatever its field is called.
        ("string", Some("uuid")) => Some(json!("0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e")),
        ("string", Some("date-time")) => Some(json!("2027-03-01T09:30:00Z")),
        ("string", Some("date" | "naive-date")) => Some(json!("2027-03-01")),
        ("string", Some("binary")) => Some(json!("email,name\nsam@people.example,Sam Okafor\n")),
        ("string", _) => TEXTS.iter().find(|(field, _)| *field == name).map(|(_, text)| json!(text)),
        ("boolean", _) => Some(json!(true)),
        ("array", _) => Some(json!([example(of, name, schema.get("items")?, schemas, depth + 1)?])),
        ("object", _) => {
            let mut made = serde_json::Map::new();
            for (field, property) in schema.get("properties").and_then(Value::as_object)? {
                if let Some(example) = example(of, field, property, schemas, depth + 1) {
                    made.insert(field.clone(), example);
                }
            }
            Some(Value::Object(made))
        }
        _ => None,
    }
}

/// Whether an example is of the kind that its schema asks for.
fn fits(example: &Value, schema: &Value, schemas: &Value, depth: usize) -> bool {
    if depth > DEEP {
        return true;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference.rsplit('/').next().and_then(|target| schemas.get(target));
        return target.is_none_or(|target| fits(example, target, schemas, depth + 1));
    }
    let parts = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(parts) = parts("allOf") {
        return parts.iter().all(|part| fits(example, part, schemas, depth + 1));
    }
    if let Some(words) = parts("enum") {
        return words.contains(example);
    }
    let text = example.as_str();
    match (schema.get("type").and_then(Value::as_str), schema.get("format").and_then(Value::as_str)) {
        (Some("string"), Some("uuid")) => text.is_some_and(|text| text.parse::<uuid::Uuid>().is_ok()),
        (Some("string"), Some("date-time")) => text.is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok()),
        (Some("string"), Some("date" | "naive-date")) => text.is_some_and(|text| text.parse::<chrono::NaiveDate>().is_ok()),
        (Some("string"), _) => text.is_some(),
        (Some("integer"), _) => example.is_i64(),
        (Some("number"), _) => example.is_number(),
        (Some("boolean"), _) => example.is_boolean(),
        (Some("array"), _) => example.as_array().is_some_and(|items| {
            items.iter().all(|item| schema.get("items").is_none_or(|of| fits(item, of, schemas, depth + 1)))
        }),
        (Some("object"), _) => example.as_object().is_some_and(|fields| {
            let properties = schema.get("properties").and_then(Value::as_object);
            let needed = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            needed.into_iter().all(|name| fields.contains_key(name))
                && properties.is_none_or(|properties| {
                    fields.iter().all(|(name, field)| {
                        let nullable = |of: &Value| field.is_null() && of.get("nullable") == Some(&Value::Bool(true));
                        properties.get(name).is_none_or(|of| nullable(of) || fits(field, of, schemas, depth + 1))
                    })
                })
        }),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that a document uses: of schemas, operations, fields, and fields of schemas.
    fn names(document: &Value) -> std::collections::BTreeSet<String> {
        let mut found = std::collections::BTreeSet::new();
        for (schema, what) in document["components"]["schemas"].as_object().unwrap() {
            found.insert(schema.clone());
            for field in what["properties"].as_object().into_iter().flatten().map(|(field, _)| field) {
                found.extend([field.clone(), format!("{schema}.{field}")]);
            }
        }
        for operation in operations(&mut document.clone()) {
            found.insert(operation["operationId"].as_str().unwrap().to_owned());
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            found.extend(parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned()));
        }
        found
    }

    /// Every schema with an example, and where it stands.
    fn with_examples<'a>(value: &'a Value, path: String, found: &mut Vec<(String, &'a Value, &'a Value)>) {
        match value {
            Value::Object(fields) => {
                if let Some(example) = fields.get("example") {
                    found.push((path.clone(), fields.get("schema").unwrap_or(value), example));
                }
                for (name, field) in fields.iter().filter(|(name, _)| !["example", "default"].contains(&name.as_str())) {
                    with_examples(field, format!("{path}/{name}"), found);
                }
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| with_examples(item, format!("{path}/{n}"), found));
            }
            _ => {}
        }
    }

    #[tokio::test]
    async fn every_example_is_of_the_kind_that_its_schema_asks_for() {
        let document: Value = serde_json::from_str(&crate::commands::openapi::document().await.unwrap()).unwrap();
        let mut found = Vec::new();
        with_examples(&document, String::new(), &mut found);
        assert!(found.len() > 500, "{}", found.len());
        let schemas = &document["components"]["schemas"];
        let wrong: Vec<_> = found
            .iter()
            .filter(|(_, schema, example)| !fits(example, schema, schemas, 0))
            .map(|(path, _, example)| (path, example))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_path_that_two_rooms_answer_keeps_the_operations_of_both() {
        let Merged(document) =
            serde_json::from_str(r#"{"paths": {"/a": {"get": {"x": 1}}, "/b": [1.5, null], "/a": {"post": {"y": "z"}}}}"#)
                .unwrap();
        assert_eq!(document, json!({"paths": {"/a": {"get": {"x": 1}, "post": {"y": "z"}}, "/b": [1.5, null]}}));
    }

    #[tokio::test]
    async fn every_example_is_used_and_can_be_read() {
        let document: Value = serde_json::from_str(&crate::commands::openapi::document().await.unwrap()).unwrap();
        let names = names(&document);
        let keys =
            WHOLE.iter().chain(VALUES).chain(TEXTS).map(|(name, _)| *name).chain(PARAMETERS.iter().map(|(name, ..)| *name));
        let unused: Vec<_> = keys.filter(|name| !names.contains(*name)).collect();
        assert!(unused.is_empty(), "{unused:?}");
        for (name, text) in WHOLE.iter().chain(VALUES) {
            assert!(serde_json::from_str::<Value>(text).is_ok(), "{name}");
        }
    }
}
