//! Reads one object of a definition and remembers which properties were looked at, so that
//! everything left over can be refused by name.

use serde_json::{Map, Value};

use super::super::expression::MAX_LENGTH;
use super::super::report::{Flaw, below};

/// The longest text a form may show, in bytes.
const MAX_TEXT: usize = 10_000;

pub(super) struct Props<'v> {
    map: &'v Map<String, Value>,
    pub(super) pointer: String,
    seen: Vec<&'static str>,
}

impl<'v> Props<'v> {
    pub(super) fn new(map: &'v Map<String, Value>, pointer: String) -> Props<'v> {
        Props {
            map,
            pointer,
            seen: Vec::new(),
        }
    }

    pub(super) fn below(&self, name: &str) -> String {
        below(&self.pointer, name)
    }

    pub(super) fn flaw(
        &self,
        flaws: &mut Vec<Flaw>,
        name: &str,
        code: &'static str,
        detail: impl Into<String>,
    ) {
        flaws.push(Flaw {
            pointer: self.below(name),
            code,
            detail: detail.into(),
        });
    }

    /// The first of several spellings of a property that is present. `null` counts as absent.
    pub(super) fn get(&mut self, names: &[&'static str]) -> Option<(&'static str, &'v Value)> {
        self.seen.extend_from_slice(names);
        names
            .iter()
            .find_map(|name| self.map.get(*name).map(|value| (*name, value)))
            .filter(|(_, value)| !value.is_null())
    }

    pub(super) fn flag(
        &mut self,
        flaws: &mut Vec<Flaw>,
        names: &[&'static str],
        otherwise: bool,
    ) -> bool {
        match self.get(names) {
            None => otherwise,
            Some((_, Value::Bool(b))) => *b,
            Some((name, _)) => {
                self.flaw(
                    flaws,
                    name,
                    "bad_value",
                    format!("\"{name}\" must be true or false"),
                );
                otherwise
            }
        }
    }

    /// A number, also one written as text, as form editors sometimes store it.
    pub(super) fn number(&mut self, flaws: &mut Vec<Flaw>, names: &[&'static str]) -> Option<f64> {
        let (name, value) = self.get(names)?;
        let number = match value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|n: &f64| n.is_finite());
        if number.is_none() {
            self.flaw(
                flaws,
                name,
                "bad_value",
                format!("\"{name}\" must be a number"),
            );
        }
        number
    }

    /// A count: a whole number that is not negative.
    pub(super) fn count(&mut self, flaws: &mut Vec<Flaw>, names: &[&'static str]) -> Option<usize> {
        let name = self.get(names)?.0;
        let number = self.number(flaws, names)?;
        if number < 0.0 || number.fract() != 0.0 || number > 1e9 {
            let detail = format!("\"{name}\" must be a whole number that is not negative");
            self.flaw(flaws, name, "bad_value", detail);
            return None;
        }
        Some(number as usize)
    }

    /// A length limit, for which -1 means "as the survey says" and 0 means "none".
    pub(super) fn limit(
        &mut self,
        flaws: &mut Vec<Flaw>,
        names: &[&'static str],
        of_survey: Option<usize>,
    ) -> Option<usize> {
        if matches!(self.get(names), Some((_, value)) if value.as_i64() == Some(-1)) {
            return of_survey;
        }
        match self.count(flaws, names) {
            None => of_survey,
            Some(0) => None,
            Some(limit) => Some(limit),
        }
    }

    /// Plain text. Of a text in several languages the default one is taken, or the first.
    pub(super) fn text(&mut self, flaws: &mut Vec<Flaw>, names: &[&'static str]) -> Option<String> {
        let (name, value) = self.get(names)?;
        plain_text(flaws, &self.below(name), value)
    }

    /// The form's own words for an error. Words that quote answers (`{name}`) would need them
    /// filled in, and errors never repeat an answer, so ours are used instead.
    pub(super) fn error_text(
        &mut self,
        flaws: &mut Vec<Flaw>,
        name: &'static str,
    ) -> Option<String> {
        let text = self.text(flaws, &[name])?;
        (!text.trim().is_empty() && !text.contains('{')).then_some(text)
    }

    /// The text of a condition; an empty one counts as absent.
    pub(super) fn condition(
        &mut self,
        flaws: &mut Vec<Flaw>,
        name: &'static str,
    ) -> Option<(String, &'v str)> {
        match self.get(&[name])?.1 {
            Value::String(s) if s.trim().is_empty() => None,
            Value::String(s) if s.len() > MAX_LENGTH => {
                let detail = format!("A condition may have at most {MAX_LENGTH} characters");
                self.flaw(flaws, name, "expression_too_long", detail);
                None
            }
            Value::String(s) => Some((self.below(name), s.as_str())),
            _ => {
                self.flaw(flaws, name, "bad_value", format!("\"{name}\" must be text"));
                None
            }
        }
    }

    /// Refuses every property that neither was read nor only affects how the form looks.
    pub(super) fn finish(
        &mut self,
        flaws: &mut Vec<Flaw>,
        what: &str,
        looks: &[&[&str]],
        texts: &[&[&str]],
    ) {
        let listed = |lists: &[&[&str]], key: &str| lists.iter().any(|list| list.contains(&key));
        for (key, value) in self.map {
            if self.seen.contains(&key.as_str()) {
                continue;
            }
            let pointer = self.below(key);
            if listed(texts, key) {
                if !value.is_null() {
                    plain_text(flaws, &pointer, value);
                }
            } else if listed(looks, key) {
                match value {
                    Value::Null | Value::Bool(_) | Value::Number(_) => {}
                    Value::String(_) => {
                        plain_text(flaws, &pointer, value);
                    }
                    _ => flaws.push(Flaw {
                        pointer,
                        code: "bad_value",
                        detail: "This property takes a single value".into(),
                    }),
                }
            } else {
                flaws.push(Flaw {
                    pointer,
                    code: "unknown_property",
                    detail: format!("\"{}\" is not supported for {what}", shortened(key)),
                });
            }
        }
    }
}

/// Text or an object of texts by language.
pub(super) fn plain_text(flaws: &mut Vec<Flaw>, pointer: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(s) => checked(flaws, pointer, s).then(|| s.clone()),
        Value::Object(languages) => {
            let mut sound = true;
            for (language, text) in languages {
                let pointer = below(pointer, language);
                match text {
                    Value::String(s) => sound &= checked(flaws, &pointer, s),
                    _ => {
                        sound = false;
                        flaws.push(Flaw {
                            pointer,
                            code: "bad_value",
                            detail: "A translation must be text".into(),
                        });
                    }
                }
            }
            let chosen = languages
                .get("default")
                .or_else(|| languages.values().next());
            chosen
                .and_then(Value::as_str)
                .filter(|_| sound)
                .map(str::to_owned)
        }
        _ => {
            flaws.push(Flaw {
                pointer: pointer.to_owned(),
                code: "bad_value",
                detail: "This property must be text, or an object of texts by language".into(),
            });
            None
        }
    }
}

/// Texts are shown to participants as they are, so they may not carry markup that a page would
/// run.
fn checked(flaws: &mut Vec<Flaw>, pointer: &str, text: &str) -> bool {
    let mut refuse = |code, detail: String| {
        flaws.push(Flaw {
            pointer: pointer.to_owned(),
            code,
            detail,
        });
        false
    };
    if text.len() > MAX_TEXT {
        return refuse(
            "text_too_long",
            format!("A text may have at most {MAX_TEXT} bytes"),
        );
    }
    let markup = text.split('<').skip(1).any(|after| {
        after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    });
    if markup {
        return refuse("markup_in_text", "Texts must be plain, without HTML".into());
    }
    true
}

/// A name from the definition, short enough for a message.
pub(super) fn shortened(name: &str) -> String {
    if name.chars().count() <= 80 {
        return name.to_owned();
    }
    name.chars().take(79).chain(['…']).collect()
}
