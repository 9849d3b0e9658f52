//! Request bodies: read with a limit, parsed strictly, every complaint with a JSON pointer.
//!
//! Parsing waits until the handler asks for the value, so that a caller who may not do something is told so before
//! anything is said about the body.

use crate::platform::{
    Platform,
    error::{Error, Result, Violation},
    secret::sha256,
};
use poem::{Request, RequestBody, error::ReadBodyError};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::{Any, Type},
};
use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::{cell::RefCell, fmt, marker::PhantomData};

/// Objects and lists may be nested so deep.
const DEPTH: usize = 64;

/// A JSON body of type `T`.
pub struct Body<T> {
    bytes: Result<Vec<u8>>,
    fingerprint: Vec<u8>,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Body<T> {
    /// The value, or what is wrong with it.
    pub fn take(self) -> Result<T> {
        parse(&self.bytes?)
    }

    /// The value, leaving the body in place.
    pub fn read(&self) -> Result<T> {
        parse(self.bytes.as_ref().map_err(Error::clone)?)
    }
}

impl<T> Body<T> {
    /// SHA-256 over method, path and body: two requests with the same one ask for the same thing.
    pub fn fingerprint(&self) -> &[u8] {
        &self.fingerprint
    }
}

/// Parses bytes into `T`: no duplicate keys, no unknown fields, no endless nesting.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let value = strict_json(bytes)?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let violation = explain(pointer(error.path()), &error.inner().to_string());
        // A word in the right place and of the right kind that we do not know: the shape is right, the meaning is not.
        if violation.code == "unknown_word" { Error::Invalid(vec![violation]) } else { Error::Malformed(violation) }
    })
}

/// JSON without duplicate keys; complaints carry a pointer.
pub fn strict_json(bytes: &[u8]) -> Result<Value> {
    if bytes.is_empty() {
        return Err(Error::Malformed(Violation::new("", "body", "Send a JSON body.")));
    }
    let at = RefCell::new(Vec::new());
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { at: &at }.deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    value.map_err(|error| {
        let pointer: String = at.borrow().iter().map(|part: &String| format!("/{}", escape(part))).collect();
        let text = error.to_string();
        let violation = if text.starts_with("duplicate key") {
            Violation::new(pointer, "duplicate_key", "This key stands twice in the same object.")
        } else if text.starts_with("too deep") || text.starts_with("recursion limit") {
            Violation::new(pointer, "too_deep", format!("Nest objects and lists at most {DEPTH} deep."))
        } else {
            let place = format!("This is not JSON (line {}, column {}).", error.line(), error.column());
            Violation::new(pointer, "json", place)
        };
        Error::Malformed(violation)
    })
}

/// RFC 6901.
fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape(key)),
            Segment::Enum { variant } => format!("/{}", escape(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// serde's message in our words. serde repeats the value that was sent; we name only what is allowed.
fn explain(pointer: String, message: &str) -> Violation {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    if let Some(rest) = message.strip_prefix("missing field ") {
        let field = quoted(rest);
        return Violation::new(format!("{pointer}/{}", escape(&field)), "required", "This field is needed.");
    }
    if message.starts_with("unknown field ") {
        let allowed =
            message.split("expected ").nth(1).unwrap_or("no field").trim_end_matches(|c: char| !c.is_alphanumeric() && c != '`');
        return Violation::new(pointer, "unknown_field", format!("This field is not known here. Known: {allowed}."));
    }
    if message.starts_with("unknown variant ") {
        let allowed = message.split("expected ").nth(1).unwrap_or_default();
        return Violation::new(pointer, "unknown_word", format!("Use {allowed}."));
    }
    if message.starts_with("duplicate field ") {
        return Violation::new(pointer, "duplicate_key", "This key stands twice in the same object.");
    }
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => Violation::new(pointer, "type", format!("Send {expected}.")),
        None => Violation::new(pointer, "form", "This value has the wrong form."),
    }
}

/// Builds a [`Value`] while refusing duplicate keys and endless nesting.
struct Strict<'a> {
    at: &'a RefCell<Vec<String>>,
}

impl Strict<'_> {
    fn child(&self) -> Strict<'_> {
        Strict { at: self.at }
    }

    fn enter<E: serde::de::Error>(&self, part: String) -> Result<(), E> {
        let mut at = self.at.borrow_mut();
        at.push(part);
        if at.len() > DEPTH { Err(E::custom("too deep")) } else { Ok(()) }
    }

    fn leave(&self) {
        self.at.borrow_mut().pop();
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        // PostgreSQL cannot store it, and nobody can read it.
        if value.contains('\0') { Err(E::custom("the character U+0000")) } else { Ok(Value::String(value.to_owned())) }
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        self.enter("0".into())?;
        while let Some(item) = seq.next_element_seed(self.child())? {
            items.push(item);
            self.leave();
            self.enter(items.len().to_string())?;
        }
        self.leave();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            self.enter(key.clone())?;
            if map.contains_key(&key) {
                return Err(A::Error::custom("duplicate key"));
            }
            let value = access.next_value_seed(self.child())?;
            self.leave();
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

impl<'a, T: Type> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> poem::Result<Self> {
        let limit = request.data::<Platform>().map_or(1 << 20, |platform| platform.config.body_limit);
        let bytes = read(request, body, limit, "application/json").await;
        let fingerprint = fingerprint(request, bytes.as_deref().unwrap_or_default());
        Ok(Self { bytes, fingerprint, of: PhantomData })
    }
}

/// SHA-256 over method, path and body.
pub fn fingerprint(request: &Request, body: &[u8]) -> Vec<u8> {
    let mut asked = format!("{} {}\n", request.method(), request.uri().path()).into_bytes();
    asked.extend_from_slice(body);
    sha256(&asked)
}

/// A JSON body that is kept exactly as it was sent.
pub struct RawJson(Body<Any<Value>>);

impl RawJson {
    /// The value, and the text it was read from.
    pub fn read(&self) -> Result<(Value, String)> {
        let bytes = self.0.bytes.as_ref().map_err(Error::clone)?;
        let value = strict_json(bytes)?;
        let text = String::from_utf8(bytes.clone());
        let text = text.map_err(|_| Error::Malformed(Violation::new("", "json", "Send the text in UTF-8.")))?;
        Ok((value, text))
    }

    /// SHA-256 over method, path and body.
    pub fn fingerprint(&self) -> &[u8] {
        self.0.fingerprint()
    }
}

impl<'a> ApiExtractor<'a> for RawJson {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Body::<Any<Value>>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Body::<Any<Value>>::request_meta()
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, options: ExtractParamOptions<()>) -> poem::Result<Self> {
        Body::from_request(request, body, options).await.map(Self)
    }
}

/// The bytes of a body of the given type, within a limit.
pub async fn read(request: &Request, body: &mut RequestBody, limit: usize, accepted: &'static str) -> Result<Vec<u8>> {
    if let Some(given) = request.content_type() {
        let given = given.split(';').next().unwrap_or_default().trim();
        if !given.eq_ignore_ascii_case(accepted) {
            return Err(Error::WrongType(accepted));
        }
    }
    whole(body.take().map_err(|_| Error::bug("the body was read twice"))?, limit).await
}

/// All the bytes of a body, within a limit.
pub async fn whole(body: poem::Body, limit: usize) -> Result<Vec<u8>> {
    match body.into_bytes_limit(limit).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(ReadBodyError::PayloadTooLarge) => Err(Error::TooLarge(limit)),
        Err(_) => Err(Error::Malformed(Violation::new("", "body", "The body broke off."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[allow(dead_code)]
        name: String,
        #[allow(dead_code)]
        list: Vec<u8>,
    }

    fn complaint(text: &str) -> (String, String) {
        match parse::<Form>(text.as_bytes()) {
            Err(Error::Malformed(violation)) => (violation.pointer, violation.code.into_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn complaints_name_the_place() {
        let expect = |text: &str, pointer: &str, code: &str| assert_eq!(complaint(text), (pointer.into(), code.into()), "{text}");
        expect("", "", "body");
        expect("{", "", "json");
        expect(r#"{"name": 1, "list": []}"#, "/name", "type");
        expect(r#"{"name": "a", "list": [1, "x"]}"#, "/list/1", "type");
        expect(r#"{"name": "a"}"#, "/list", "required");
        expect(r#"{"name": "a", "list": [], "more": 1}"#, "/more", "unknown_field");
        expect(r#"{"name": "a", "list": [], "name": "b"}"#, "/name", "duplicate_key");
        expect(r#"{"name": "a", "list": [1, }"#, "/list/1", "json");
        expect(r#"[]"#, "", "type");
        expect(&format!("{}{}", r#"{"name":"#, "[".repeat(100)), &format!("/name{}", "/0".repeat(64)), "too_deep");
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        for text in [r#"{"name": {"secret": 1}, "list": []}"#, r#"{"name": "a", "list": ["secret"]}"#] {
            let Err(Error::Malformed(violation)) = parse::<Form>(text.as_bytes()) else { panic!() };
            assert!(!violation.detail.contains("secret"), "{}", violation.detail);
        }
    }
}
