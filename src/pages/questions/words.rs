//! Questions and answers in words: titles that quote answers, and answers as people would say them.

use super::draw::Asked;
use crate::questionnaires::{Choice, Kind, Question, Text};
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::Value;

impl Asked<'_> {
    /// A text as this person reads it, with their answers where it quotes them.
    pub fn say(&self, text: &Text) -> Option<String> {
        text.say(&self.reader).map(|text| self.quoting(text))
    }

    /// What a question asks.
    pub fn title(&self, at: usize) -> String {
        let own = self.wording(at).and_then(|wording| self.say(&wording.title));
        own.unwrap_or_else(|| self.question(at).map(|question| self.quoting(question.title())).unwrap_or_default())
    }

    /// What an option says.
    pub fn option(&self, at: usize, place: usize) -> String {
        let own = self.wording(at).and_then(|wording| self.say(wording.choices.get(place)?));
        own.or_else(|| plain(self.question(at)?.choices(), place)).unwrap_or_default()
    }

    /// What a row says.
    pub fn row(&self, at: usize, row: usize) -> String {
        let own = self.wording(at).and_then(|wording| self.say(wording.rows.get(row)?));
        own.or_else(|| plain(self.question(at)?.rows(), row)).unwrap_or_default()
    }

    /// What a column says.
    pub fn column(&self, at: usize, column: usize) -> String {
        let own = self.wording(at).and_then(|wording| self.say(wording.columns.get(column)?));
        own.or_else(|| plain(self.question(at)?.columns(), column)).unwrap_or_default()
    }

    /// `{name}` in a text becomes the answer to that question. What names no question stays as it is.
    fn quoting(&self, text: &str) -> String {
        let (mut said, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            said.push_str(before);
            match self.named(name.trim()) {
                Some(answer) => said.push_str(&answer),
                None => said.push_str(&format!("{{{name}}}")),
            }
            rest = behind;
        }
        said.push_str(rest);
        said
    }

    /// The answer that a name in a text stands for: of a question, of the text beside it, or of a row.
    fn named(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        for (at, question) in self.form.questions().enumerate() {
            let own = question.name().to_lowercase();
            if lower == own {
                return Some(self.answer(at).join(", "));
            }
            if question.comment_key().is_some_and(|key| key.to_lowercase() == lower) {
                let text = question.comment_key().and_then(|key| self.answers.get(&key)).and_then(Value::as_str);
                return Some(text.unwrap_or_default().to_owned());
            }
            if let Some(row) = lower.strip_prefix(&own).and_then(|rest| rest.strip_prefix('.')) {
                let found = question.rows().iter().find(|one| one.value.as_str().is_some_and(|key| key.to_lowercase() == row));
                if let Some(key) = found.and_then(|row| row.value.as_str()) {
                    let given = self.answers.get(question.name()).and_then(|rows| rows.get(key));
                    return Some(given.map(|given| self.column_of(at, question, given)).unwrap_or_default());
                }
            }
        }
        None
    }

    fn column_of(&self, at: usize, question: &Question, given: &Value) -> String {
        let column = question.columns().iter().position(|column| column.is(given));
        column.map(|column| self.column(at, column)).unwrap_or_default()
    }

    fn option_of(&self, at: usize, question: &Question, given: &Value) -> String {
        let place = question.choices().iter().position(|choice| choice.is(given));
        place.map(|place| self.option(at, place)).unwrap_or_default()
    }

    /// An answer in words, a line each; none where there is no answer.
    pub fn answer(&self, at: usize) -> Vec<String> {
        let Some(question) = self.question(at) else { return Vec::new() };
        let given = self.answers.get(question.name());
        let mut lines: Vec<String> = match (question.kind(), given) {
            (_, None) => Vec::new(),
            (Kind::Text, Some(Value::String(text))) => vec![dated(question.input_type().unwrap_or_default(), text)],
            (Kind::Comment, Some(Value::String(text))) => vec![text.clone()],
            (Kind::Text | Kind::Comment, Some(value)) => vec![value.to_string()],
            (Kind::Checkbox, Some(Value::Array(items))) => items.iter().map(|item| self.option_of(at, question, item)).collect(),
            (Kind::Ranking, Some(Value::Array(items))) => {
                let ranked = items.iter().enumerate();
                ranked.map(|(rank, item)| format!("{}. {}", rank + 1, self.option_of(at, question, item))).collect()
            }
            (Kind::Matrix, Some(Value::Object(rows))) => {
                let row = |(place, row): (usize, &Choice)| {
                    let given = rows.get(row.value.as_str()?).filter(|given| !given.is_null())?;
                    Some(format!("{}: {}", self.row(at, place), self.column_of(at, question, given)))
                };
                question.rows().iter().enumerate().filter_map(row).collect()
            }
            (_, Some(value)) => vec![self.option_of(at, question, value)],
        };
        lines.retain(|line| !line.trim().is_empty());
        let comment = question.comment_key().and_then(|key| self.answers.get(&key)).and_then(Value::as_str);
        lines.extend(comment.filter(|text| !text.trim().is_empty()).map(|text| format!("“{text}”")));
        lines
    }
}

fn plain(choices: &[Choice], place: usize) -> Option<String> {
    choices.get(place).map(|choice| choice.text.clone())
}

/// Days and times as people write them.
fn dated(kind: &str, text: &str) -> String {
    let date = |format: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|date| date.format(format).to_string());
    let said = match kind {
        "date" => date("%-d %B %Y"),
        "month" => NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().map(|date| date.format("%B %Y").to_string()),
        "datetime-local" => {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok().map(|at| at.format("%-d %B %Y, %H:%M").to_string())
        }
        _ => None,
    };
    said.unwrap_or_else(|| text.to_owned())
}
