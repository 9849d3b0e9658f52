//! Validators: the extra rules a form gives a question.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::super::form::{Check, Validator};
use super::super::report::below;
use super::props::{Props, shortened};
use super::{Compiler, MAX_ALL_PATTERNS, MAX_PATTERNS, Pending, Target, pattern};

/// The most validators of one question.
const MAX_VALIDATORS: usize = 20;
/// How large a compiled pattern may become, in bytes, in steps: the first that is enough tells how large it is.
const PATTERN_SIZES: [usize; 5] = [1 << 13, 1 << 15, 1 << 17, 1 << 19, 1 << 20];
/// What matching may keep in memory beside the pattern, in bytes.
const PATTERN_CACHE: usize = 1 << 18;

impl<'v> Compiler<'v> {
    /// Reads the validators of the question that is about to be added.
    pub(super) fn validators(&mut self, props: &mut Props<'v>) -> Vec<Validator> {
        let Some((name, value)) = props.get(&["validators"]) else {
            return Vec::new();
        };
        let pointer = props.below(name);
        let Some(list) = value.as_array() else {
            self.flaw(pointer, "bad_value", "\"validators\" must be a list");
            return Vec::new();
        };
        if list.len() > MAX_VALIDATORS {
            let detail = format!("A question may have at most {MAX_VALIDATORS} validators");
            self.flaw(pointer, "too_many_validators", detail);
            return Vec::new();
        }
        let mut validators = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let pointer = below(&pointer, &index.to_string());
            let Some(map) = item.as_object() else {
                self.flaw(pointer, "bad_value", "A validator must be a JSON object");
                continue;
            };
            let mut props = Props::new(map, pointer);
            let message = props.error_text(&mut self.flaws, "text");
            self.only(&mut props, "notificationType", &["error".into()]);
            if let Some(check) = self.check(&mut props, validators.len()) {
                validators.push(Validator { message, check });
                props.finish(&mut self.flaws, "this validator", &[], &[]);
            }
        }
        validators
    }

    fn check(&mut self, props: &mut Props<'v>, position: usize) -> Option<Check> {
        let kind = props.get(&["type"]).map(|(_, kind)| kind);
        let Some(kind) = kind.and_then(Value::as_str) else {
            props.flaw(&mut self.flaws, "type", "missing_type", "A validator needs a type");
            return None;
        };
        let flaws = &mut self.flaws;
        let check = match kind.strip_suffix("validator").unwrap_or(kind) {
            "numeric" => {
                let min = props.number(flaws, &["minValue"]);
                let max = props.number(flaws, &["maxValue"]);
                if min > max && max.is_some() {
                    let detail = "\"minValue\" is above \"maxValue\"";
                    props.flaw(flaws, "minValue", "bad_range", detail);
                }
                Check::Numeric { min, max }
            }
            "text" => {
                let min = props.count(flaws, &["minLength"]).unwrap_or(0);
                let max = props.count(flaws, &["maxLength"]).unwrap_or(0);
                if max > 0 && min > max {
                    let detail = "\"minLength\" is above \"maxLength\"";
                    props.flaw(flaws, "minLength", "bad_range", detail);
                }
                let digits = props.flag(flaws, &["allowDigits"], true);
                Check::Length { min, max, digits }
            }
            "answercount" => {
                let min = props.count(flaws, &["minCount"]).unwrap_or(0);
                let max = props.count(flaws, &["maxCount"]).unwrap_or(0);
                if max > 0 && min > max {
                    let detail = "\"minCount\" is above \"maxCount\"";
                    props.flaw(flaws, "minCount", "bad_range", detail);
                }
                Check::Count { min, max }
            }
            "email" => Check::Email,
            "regex" => return self.pattern(props),
            "expression" => {
                let Some((pointer, text)) = props.condition(flaws, "expression") else {
                    let detail = "This validator needs an expression";
                    props.flaw(flaws, "expression", "missing_expression", detail);
                    return None;
                };
                let target = Target::Validator(self.questions.len(), position);
                self.pending.push(Pending { pointer, text, target });
                // Replaced once all names are known and the condition is parsed.
                Check::Count { min: 0, max: 0 }
            }
            other => {
                let detail = format!("Validators of type \"{}\" are not supported", shortened(other));
                props.flaw(flaws, "type", "unknown_type", detail);
                return None;
            }
        };
        Some(check)
    }

    fn pattern(&mut self, props: &mut Props<'v>) -> Option<Check> {
        let ignore_case = props.flag(&mut self.flaws, &["caseInsensitive", "insensitive"], false);
        let source = props.get(&["regex"]).and_then(|(_, source)| source.as_str());
        let Some(source) = source.filter(|source| !source.is_empty()) else {
            let detail = "This validator needs a pattern";
            props.flaw(&mut self.flaws, "regex", "missing_pattern", detail);
            return None;
        };
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS || self.all_patterns > MAX_ALL_PATTERNS {
            let detail = format!("A form may have at most {MAX_PATTERNS} patterns, and all of them together may not be so large");
            props.flaw(&mut self.flaws, "regex", "too_many_patterns", detail);
            return None;
        }
        let compiled = pattern::translate(source).and_then(|pattern| {
            build(&pattern, ignore_case).ok_or_else(|| "This pattern cannot be read, or it is too large".to_owned())
        });
        match compiled {
            Ok((regex, size)) => {
                self.all_patterns += size;
                Some(Check::Pattern { regex, size })
            }
            Err(detail) => {
                props.flaw(&mut self.flaws, "regex", "unsupported_pattern", detail);
                None
            }
        }
    }
}

/// A pattern with the size that was enough for it.
fn build(pattern: &str, ignore_case: bool) -> Option<(Regex, usize)> {
    PATTERN_SIZES.iter().find_map(|size| {
        let built = RegexBuilder::new(pattern)
            .case_insensitive(ignore_case)
            .size_limit(*size)
            .dfa_size_limit(PATTERN_CACHE)
            .nest_limit(50)
            .build();
        Some((built.ok()?, *size))
    })
}
