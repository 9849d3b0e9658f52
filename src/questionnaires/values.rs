//! How answers behave inside conditions.
//!
//! Form authors write conditions in the SurveyJS dialect, and the browser judges them with
//! JavaScript's loose rules: `'10'` equals `10`, `"Yes"` equals `"yes"`, an empty list equals no
//! answer. The server must reach the same verdict as the screen a participant saw, so those rules
//! are spelled out here, away from everything else.

use std::borrow::Cow;

use serde_json::Value;

/// How deep the comparison of two structured values looks before it calls them different.
/// Answers are far shallower; the limit only protects the stack.
pub(crate) const DEPTH: usize = 64;

/// A value while a condition is worked out. Answers are borrowed, never copied.
#[derive(Debug, Clone)]
pub(crate) enum Val<'a> {
    /// A question without an answer.
    Undefined,
    /// The literal `null`, an unknown path, or the result of a division by zero.
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    /// Milliseconds since 1970 in UTC; not-a-number stands for a date that cannot be read.
    Date(f64),
    /// A list or an object out of the answers.
    Json(&'a Value),
    List(Vec<Val<'a>>),
}

impl<'a> Val<'a> {
    pub(crate) fn from_json(value: &'a Value) -> Val<'a> {
        match value {
            Value::Null => Val::Null,
            Value::Bool(b) => Val::Bool(*b),
            Value::Number(n) => Val::Number(n.as_f64().unwrap_or(f64::NAN)),
            Value::String(s) => Val::Text(Cow::Borrowed(s)),
            Value::Array(_) | Value::Object(_) => Val::Json(value),
        }
    }

    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Val<'a> {
        Val::Text(text.into())
    }

    pub(crate) fn is_nullish(&self) -> bool {
        matches!(self, Val::Undefined | Val::Null)
    }

    /// The items of a list, or nothing for any other value.
    pub(crate) fn items(&self) -> Option<Vec<Val<'a>>> {
        match self {
            Val::List(items) => Some(items.clone()),
            Val::Json(Value::Array(items)) => Some(items.iter().map(Val::from_json).collect()),
            _ => None,
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Val::List(_) | Val::Json(Value::Array(_)))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Val::List(_) | Val::Json(_) | Val::Date(_))
    }

    /// Whether the value counts as "no answer": nothing, `""`, `[]` or an object of such values.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Val::Undefined | Val::Null => true,
            Val::Number(n) => n.is_nan(),
            Val::Text(s) => s.is_empty(),
            Val::List(items) => items.is_empty(),
            Val::Json(json) => json_is_empty(json),
            Val::Bool(_) | Val::Date(_) => false,
        }
    }

    pub(crate) fn truthy(&self) -> bool {
        match self {
            Val::Undefined | Val::Null => false,
            Val::Bool(b) => *b,
            Val::Number(n) => *n != 0.0 && !n.is_nan(),
            Val::Text(s) => !s.is_empty(),
            Val::Date(_) | Val::Json(_) | Val::List(_) => true,
        }
    }

    /// A condition holds when its result loosely equals `true`: `true`, `1` and `"1"` do, `5` does
    /// not.
    pub(crate) fn holds(&self) -> bool {
        match self {
            Val::Bool(b) => *b,
            Val::Number(n) => *n == 1.0,
            Val::Text(_) | Val::List(_) | Val::Json(_) => self.to_number() == 1.0,
            _ => false,
        }
    }

    /// The number a value turns into when arithmetic or `<` forces it to be one.
    pub(crate) fn to_number(&self) -> f64 {
        match self {
            Val::Undefined => f64::NAN,
            Val::Null => 0.0,
            Val::Bool(b) => f64::from(u8::from(*b)),
            Val::Number(n) | Val::Date(n) => *n,
            Val::Text(s) => loose_number(s),
            Val::List(_) | Val::Json(Value::Array(_)) => loose_number(&self.to_text()),
            Val::Json(_) => f64::NAN,
        }
    }

    /// The text a value turns into when it is joined to another text.
    pub(crate) fn to_text(&self) -> Cow<'a, str> {
        self.text_within(0, ",")
    }

    /// A list's items joined the way a sentence lists them; other values as plain text.
    pub(crate) fn joined(&self) -> Cow<'a, str> {
        self.text_within(0, ", ")
    }

    fn text_within(&self, depth: usize, separator: &str) -> Cow<'a, str> {
        match self {
            Val::Undefined => Cow::Borrowed("undefined"),
            Val::Null => Cow::Borrowed("null"),
            Val::Bool(true) => Cow::Borrowed("true"),
            Val::Bool(false) => Cow::Borrowed("false"),
            Val::Number(n) => Cow::Owned(number_text(*n)),
            Val::Text(s) => s.clone(),
            Val::Date(ms) => Cow::Owned(super::expression::dates::iso(*ms)),
            Val::Json(Value::Object(_)) => Cow::Borrowed("[object Object]"),
            Val::List(_) | Val::Json(_) => {
                if depth > DEPTH {
                    return Cow::Borrowed("");
                }
                let items = self.items().unwrap_or_default();
                let parts: Vec<_> = items
                    .iter()
                    .map(|item| match item {
                        Val::Undefined | Val::Null => Cow::Borrowed(""),
                        other => other.text_within(depth + 1, ","),
                    })
                    .collect();
                Cow::Owned(parts.join(separator))
            }
        }
    }

    /// Reads the value as a number the way the dialect does: numeric text counts
    /// (with one comma as decimal point), true and false do not.
    pub(crate) fn numeric(&self) -> Option<f64> {
        match self {
            Val::Number(n) if n.is_finite() => Some(*n),
            Val::Text(s) => numeric_text(s),
            _ => None,
        }
    }

    /// An answer as a condition sees it: `"true"` is a boolean and `"12"` a number, but `"012"`
    /// stays text, as it may be a code.
    pub(crate) fn corrected(self) -> Val<'a> {
        let Val::Text(s) = &self else { return self };
        let bytes = s.as_bytes();
        let Some(&first) = bytes.first() else {
            return self;
        };
        if s.eq_ignore_ascii_case("true") {
            return Val::Bool(true);
        }
        if s.eq_ignore_ascii_case("false") {
            return Val::Bool(false);
        }
        let last = bytes.last().copied().unwrap_or_default();
        if bytes.len() > 1 && matches!(first, b'\'' | b'"') && matches!(last, b'\'' | b'"') {
            let inner = s.get(1..s.len() - 1).unwrap_or_default().to_owned();
            return Val::text(inner);
        }
        // Only these can begin a number; most answers are words and need no closer look.
        if !matches!(
            first,
            b'0'..=b'9' | b'-' | b'+' | b'.' | b',' | b' ' | b'\t'
        ) {
            return self;
        }
        let Some(number) = numeric_text(s) else {
            return self;
        };
        if first == b'0' && !s.starts_with("0x") && bytes.len() > 1 {
            let point = matches!(bytes.get(1), Some(b'.' | b','));
            if !point {
                return self;
            }
        }
        Val::Number(number)
    }
}

/// Whether an answer holds nothing at all.
pub(crate) fn json_is_empty(value: &Value) -> bool {
    fn within(value: &Value, depth: usize) -> bool {
        match value {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => depth < DEPTH && map.values().all(|v| within(v, depth + 1)),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }
    within(value, 0)
}

/// Text read strictly as a decimal number; words such as `inf` do not count.
fn decimal(s: &str) -> Option<f64> {
    let plain = !s.is_empty()
        && s.bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    if !plain {
        return None;
    }
    s.parse::<f64>().ok()
}

/// Text as a number under `==` and `<`: empty text is zero, anything unreadable is not a number.
fn loose_number(s: &str) -> f64 {
    let s = s.trim();
    if s.is_empty() {
        return 0.0;
    }
    match s.strip_prefix("0x").or_else(|| s.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).map_or(f64::NAN, |n| n as f64),
        None => decimal(s).unwrap_or(f64::NAN),
    }
}

fn numeric_text(s: &str) -> Option<f64> {
    let s = s.trim();
    if let Some(hex) = s.strip_prefix("0x") {
        let digits: String = hex.chars().take_while(char::is_ascii_hexdigit).collect();
        if s.len() > 32 || digits.is_empty() {
            return None;
        }
        // Read digit by digit, as the value may exceed every integer type.
        return Some(digits.chars().fold(0.0, |sum, digit| {
            sum * 16.0 + f64::from(digit.to_digit(16).unwrap_or(0))
        }));
    }
    if s.len() > 15 && s.bytes().all(|b| b.is_ascii_digit()) {
        // Longer than a number can hold exactly: more likely an identifier.
        return None;
    }
    let number = if s.matches(',').count() == 1 {
        decimal(&s.replace(',', "."))
    } else {
        decimal(s)
    };
    number.filter(|n| n.is_finite())
}

/// A number as JavaScript would print it.
pub(crate) fn number_text(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if n == 0.0 {
        "0".to_owned()
    } else if n.abs() >= 1e21 || n.abs() < 1e-6 {
        let text = format!("{n:e}");
        if text.contains("e-") {
            text
        } else {
            text.replace('e', "e+")
        }
    } else {
        n.to_string()
    }
}
