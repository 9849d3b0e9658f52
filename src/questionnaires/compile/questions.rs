//! Questions.

use serde_json::Value;

use super::super::form::{Answer, Bound, Choice, Comment, Input, Kind, Question, TextRule};
use super::super::formats;
use super::super::values::number_text;
use super::choices::extras;
use super::props::Props;
use super::{Compiler, lists};

/// The longest name of a question, in characters.
const MAX_NAME: usize = 200;

impl<'v> Compiler<'v> {
    pub(super) fn question(&mut self, mut props: Props<'v>, kind: Kind, parent: Option<usize>) {
        let name = self.name(&mut props);
        let gate = self.gate(&mut props, parent);
        let title = props.text(&mut self.flaws, &["title"]);
        let required_text = props.error_text(&mut self.flaws, "requiredErrorText");
        let slot = self.key(&props, &name);
        let (mut choices, mut rows, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        let mut other = false;
        let answer = match kind {
            Kind::Text => Answer::Text(self.text_rule(&mut props)),
            Kind::Comment => Answer::Long {
                max_length: props.limit(&mut self.flaws, &["maxLength"], self.text_limit),
            },
            Kind::Radiogroup | Kind::Dropdown => {
                (choices, other) = self.options(&mut props, kind);
                Answer::One
            }
            Kind::Checkbox => {
                (choices, other) = self.options(&mut props, kind);
                let (min, max) = self.selected(&mut props, choices.len());
                Answer::Many { min, max }
            }
            Kind::Ranking => {
                (choices, _) = self.options(&mut props, kind);
                let part = props.flag(&mut self.flaws, &["selectToRankEnabled"], false);
                let (min, max) = self.selected(&mut props, choices.len());
                let (min, max) = if part { (min, max) } else { (0, None) };
                Answer::Ranking {
                    whole: !part,
                    min,
                    max,
                }
            }
            Kind::Rating => {
                choices = self.scale(&mut props);
                Answer::One
            }
            Kind::Boolean => {
                let (yes, no) = self.yes_and_no(&mut props, &mut choices);
                Answer::Yes { yes, no }
            }
            Kind::Matrix => {
                (rows, columns) = self.grid(&mut props);
                let names = ["eachRowRequired", "isAllRowRequired"];
                Answer::Matrix {
                    every_row: props.flag(&mut self.flaws, &names, false),
                    unique: props.flag(&mut self.flaws, &["eachRowUnique"], false),
                }
            }
        };
        let comment = self.comment(&mut props, kind, &name, other);
        let validators = self.validators(&mut props);
        let (looks, texts) = extras(kind);
        let with_choices = !choices.is_empty() && !matches!(kind, Kind::Rating | Kind::Boolean);
        let (choice_looks, choice_texts) = if with_choices {
            (lists::CHOICE_LOOKS, lists::CHOICE_TEXTS)
        } else {
            (&[][..], &[][..])
        };
        let looks = [
            lists::ELEMENT_LOOKS,
            lists::QUESTION_LOOKS,
            looks,
            choice_looks,
        ];
        let texts = [lists::QUESTION_TEXTS, texts, choice_texts];
        let what = format!("a {} question", kind.as_str());
        props.finish(&mut self.flaws, &what, &looks, &texts);
        let title = title
            .filter(|t| !t.trim().is_empty())
            .unwrap_or_else(|| name.clone());
        self.questions.push(Question {
            name,
            kind,
            title,
            choices,
            rows,
            columns,
            gate,
            slot,
            comment,
            answer,
            validators,
            required_text,
        });
    }

    fn name(&mut self, props: &mut Props<'v>) -> String {
        let (code, detail) = match props.get(&["name"]).map(|(_, name)| name) {
            Some(Value::String(name)) if name.trim().is_empty() => ("bad_name", "A name is needed"),
            Some(Value::String(name)) if name.contains(['{', '}']) => {
                ("bad_name", "A name cannot contain braces")
            }
            Some(Value::String(name)) if name.chars().count() > MAX_NAME => {
                ("bad_name", "The name is too long")
            }
            Some(Value::String(name)) => return name.clone(),
            Some(_) => ("bad_name", "A name must be text"),
            None => ("missing_name", "Every question needs a name"),
        };
        props.flaw(&mut self.flaws, "name", code, detail);
        String::new()
    }

    /// Reserves the place of an answer.
    fn key(&mut self, props: &Props<'v>, name: &str) -> usize {
        let slot = self.keys.len();
        self.keys.push(name.to_owned());
        if !name.is_empty() && !self.names.add(name, slot) {
            let detail = "Another question or free text already has this name";
            props.flaw(&mut self.flaws, "name", "duplicate_name", detail);
        }
        slot
    }

    fn comment(
        &mut self,
        props: &mut Props<'v>,
        kind: Kind,
        name: &str,
        other: bool,
    ) -> Option<Comment> {
        if matches!(kind, Kind::Text | Kind::Comment) {
            return None;
        }
        let always = props.flag(&mut self.flaws, &["showCommentArea", "hasComment"], false);
        (always || other).then(|| Comment {
            slot: self.key(props, &format!("{name}-Comment")),
            always: always && !other,
            with_other: other,
            max_length: self.comment_limit,
        })
    }

    /// How many options may be chosen.
    fn selected(&mut self, props: &mut Props<'v>, offered: usize) -> (usize, Option<usize>) {
        let min = props
            .count(&mut self.flaws, &["minSelectedChoices"])
            .unwrap_or(0);
        let max = props
            .count(&mut self.flaws, &["maxSelectedChoices"])
            .filter(|max| *max > 0);
        if min > offered || max.is_some_and(|max| min > max) {
            let detail = "More options are asked for than can be chosen";
            props.flaw(&mut self.flaws, "minSelectedChoices", "bad_range", detail);
        }
        (min, max)
    }

    fn yes_and_no(&mut self, props: &mut Props<'v>, choices: &mut Vec<Choice>) -> (Value, Value) {
        let mut side = |value: &'static str, label: &'static str, usual: bool, word: &str| {
            let text = props.text(&mut self.flaws, &[label]);
            let value = match props.get(&[value]) {
                None => Value::Bool(usual),
                Some((_, given @ (Value::Bool(_) | Value::Number(_)))) => given.clone(),
                Some((_, given @ Value::String(s))) if !s.is_empty() => given.clone(),
                Some((name, _)) => {
                    let detail = "The value must be text, a number, true or false";
                    props.flaw(&mut self.flaws, name, "bad_value", detail);
                    Value::Bool(usual)
                }
            };
            choices.push(Choice {
                value: value.clone(),
                text: text.unwrap_or_else(|| word.to_owned()),
                alone: false,
            });
            value
        };
        let yes = side("valueTrue", "labelTrue", true, "Yes");
        let no = side("valueFalse", "labelFalse", false, "No");
        self.unique(&props.below("valueFalse"), choices);
        (yes, no)
    }

    fn text_rule(&mut self, props: &mut Props<'v>) -> TextRule {
        let input = match props.get(&["inputType"]) {
            None => Input::Text,
            Some((name, value)) => {
                let known = Input::ALL
                    .iter()
                    .find(|(_, known)| value.as_str() == Some(known))
                    .map(|(input, _)| *input);
                known.unwrap_or_else(|| {
                    let detail = "This input type is not supported";
                    props.flaw(&mut self.flaws, name, "unsupported_input", detail);
                    Input::Text
                })
            }
        };
        let min = self.bound(props, "min", input);
        let max = self.bound(props, "max", input);
        if let (Some(min), Some(max)) = (&min, &max)
            && min.at > max.at
        {
            props.flaw(
                &mut self.flaws,
                "min",
                "bad_range",
                "\"min\" is above \"max\"",
            );
        }
        let step = props
            .number(&mut self.flaws, &["step"])
            .filter(|step| *step != 0.0);
        if step.is_some_and(|step| step < 0.0) {
            props.flaw(
                &mut self.flaws,
                "step",
                "bad_range",
                "\"step\" must be above 0",
            );
        }
        TextRule {
            input,
            min,
            max,
            step: step.filter(|_| input.is_number()),
            max_length: props.limit(&mut self.flaws, &["maxLength"], self.text_limit),
        }
    }

    fn bound(&mut self, props: &mut Props<'v>, name: &'static str, input: Input) -> Option<Bound> {
        let (_, value) = props.get(&[name])?;
        if value == "" {
            return None;
        }
        match input {
            Input::Number | Input::Range => {
                let at = props.number(&mut self.flaws, &[name])?;
                let shown = number_text(at);
                Some(Bound { at, shown })
            }
            Input::Date | Input::DateTime | Input::Time | Input::Month | Input::Week => {
                let placed = value.as_str().and_then(|text| {
                    let at = formats::place(input, text)?;
                    let shown = text.replace('T', " ");
                    Some(Bound { at, shown })
                });
                if placed.is_none() {
                    let detail = formats::hint(input).replacen("Enter", "Give", 1);
                    props.flaw(&mut self.flaws, name, "bad_range", detail);
                }
                placed
            }
            // Other types have no scale and screens ignore the limit, so a form that gives one
            // would promise a check that nobody makes.
            _ => {
                let detail = format!("\"{name}\" has no meaning for this input type");
                props.flaw(&mut self.flaws, name, "bad_range", detail);
                None
            }
        }
    }
}
