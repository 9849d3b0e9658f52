//! Reads what a browser sent for a page of questions. Pure, and the mirror of drawing: what is drawn and sent back unchanged
//! is read as the same answers.
//!
//! Fields that belong to no question of the page count for nothing. A question that was not on the page when it was drawn
//! keeps its answer: a button that was never seen cannot have been left unpressed.

use super::draw::{ALL, Asked, name, pointer};
use crate::{
    pages::kit::Fields,
    platform::Violation,
    questionnaires::{Kind, Question},
};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The field that says which questions were on the page.
pub const SHOWN: &str = "shown";
/// So many characters of one answer are read; the form's own limit is smaller.
const LONGEST: usize = 100_000;

/// What was sent.
#[derive(Debug, Default, PartialEq)]
pub struct Sent {
    /// Answers by key.
    pub answers: Map<String, Value>,
    /// Keys of what was left empty.
    pub empty: Vec<String>,
    /// What was entered and fits no answer.
    pub wrong: Vec<Violation>,
    /// Places of the questions that were on the page.
    pub shown: HashSet<usize>,
}

/// Which questions a page says it shows.
pub fn shown(questions: &[usize]) -> String {
    questions.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

/// Reads the fields of a page.
pub fn read(asked: &Asked<'_>, on_page: &HashSet<usize>, fields: &Fields) -> Sent {
    let mut sent = Sent {
        shown: fields.text(SHOWN).split(' ').filter_map(|at| at.parse().ok()).filter(|at| on_page.contains(at)).collect(),
        ..Sent::default()
    };
    let mut shown: Vec<usize> = sent.shown.iter().copied().collect();
    shown.sort_unstable();
    for at in shown {
        let Some(question) = asked.question(at) else { continue };
        let answer = answer(asked, at, question, fields, &mut sent.wrong);
        keep(&mut sent, question.name(), answer);
        if let Some(key) = question.comment_key() {
            let text = fields.text(&format!("{}-more", name(at)));
            let answered = sent.answers.get(question.name());
            if question.comment_with_other() == Some(true) && !text.trim().is_empty() && !is_other(answered) {
                let detail = "You wrote something here. Choose the answer that it belongs to as well, or clear the words.";
                sent.wrong.push(Violation::new(pointer(&[&key]), "other_not_chosen", detail));
            }
            keep(&mut sent, &key, text_of(text));
        }
    }
    sent
}

fn keep(sent: &mut Sent, key: &str, answer: Option<Value>) {
    match answer {
        Some(answer) => drop(sent.answers.insert(key.to_owned(), answer)),
        None => sent.empty.push(key.to_owned()),
    }
}

fn is_other(answer: Option<&Value>) -> bool {
    match answer {
        Some(Value::Array(items)) => items.iter().any(|item| item == "other"),
        Some(value) => value == "other",
        None => false,
    }
}

fn text_of(text: &str) -> Option<Value> {
    let cut = text.char_indices().nth(LONGEST + 1).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    (!cut.is_empty()).then(|| cut.into())
}

fn answer(asked: &Asked<'_>, at: usize, question: &Question, fields: &Fields, wrong: &mut Vec<Violation>) -> Option<Value> {
    let field = name(at);
    let chosen = |text: &str| question.choices().get(text.parse::<usize>().ok()?).map(|choice| choice.value.clone());
    match question.kind() {
        Kind::Comment => text_of(fields.text(&field)),
        Kind::Text => typed(question, fields.text(&field), &asked.reader.language),
        Kind::Radiogroup | Kind::Dropdown | Kind::Rating | Kind::Boolean => chosen(fields.text(&field)),
        Kind::Checkbox => some_of(asked, at, question, fields),
        Kind::Ranking => ranked(at, question, fields, wrong),
        Kind::Matrix => {
            let row = |(place, row): (usize, &crate::questionnaires::Choice)| {
                let column = fields.text(&format!("{field}-r{place}")).parse::<usize>().ok()?;
                Some((row.value.as_str()?.to_owned(), question.columns().get(column)?.value.clone()))
            };
            let rows: Map<String, Value> = question.rows().iter().enumerate().filter_map(row).collect();
            (!rows.is_empty()).then_some(Value::Object(rows))
        }
    }
}

fn some_of(asked: &Asked<'_>, at: usize, question: &Question, fields: &Fields) -> Option<Value> {
    let field = name(at);
    let ticked: HashSet<&str> = fields.all(&field).collect();
    let offers_all = asked.wording(at).is_some_and(|wording| wording.all);
    let all = offers_all && ticked.contains(ALL);
    let ticks = |place: usize| ticked.contains(place.to_string().as_str());
    let choice = |(place, choice): (usize, &crate::questionnaires::Choice)| {
        let own = !choice.is_alone() && choice.value != "other";
        (ticks(place) || all && own).then(|| choice.value.clone())
    };
    // In the order in which they stand stored, so that nothing changes by being looked at.
    let mut items: Vec<Value> = question.choices().iter().enumerate().filter_map(choice).collect();
    if let Some(before) = asked.answers.get(question.name()).and_then(Value::as_array) {
        let place = |item: &Value| before.iter().position(|old| old == item).unwrap_or(usize::MAX);
        items.sort_by_key(place);
    }
    (!items.is_empty()).then_some(Value::Array(items))
}

/// An order out of places. Gaps are closed; two of the same place are a mistake.
fn ranked(at: usize, question: &Question, fields: &Fields, wrong: &mut Vec<Violation>) -> Option<Value> {
    let most = question.choices().len();
    let mut ranked: Vec<(usize, &Value)> = Vec::new();
    let (mut odd, mut used) = (false, HashSet::new());
    for (place, choice) in question.choices().iter().enumerate() {
        let text = fields.text(&format!("{}-p{place}", name(at))).trim();
        match text.parse::<usize>() {
            Ok(rank) if (1..=most).contains(&rank) => {
                odd |= !used.insert(rank);
                ranked.push((rank, &choice.value));
            }
            _ => odd |= !text.is_empty(),
        }
    }
    if odd {
        let detail = format!("Give each one a place of its own, from 1 to {most}.");
        wrong.push(Violation::new(pointer(&[question.name()]), "unclear_order", detail));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    (!ranked.is_empty()).then(|| ranked.into_iter().map(|(_, value)| value.clone()).collect())
}

fn typed(question: &Question, text: &str, language: &str) -> Option<Value> {
    match question.input_type() {
        Some("number" | "range") => {
            let text = text.trim();
            number(text, language).or_else(|| text_of(text))
        }
        Some("text" | "tel") | None => text_of(text),
        Some(_) => text_of(text.trim()),
    }
}

/// A number as people write it: in English with commas between thousands, elsewhere with a comma before the fraction. What can be
/// read in two ways is read in none.
fn number(text: &str, language: &str) -> Option<Value> {
    let english = language.is_empty() || language == "en" || language.starts_with("en-");
    let groups: Vec<&str> = text.split('.').next().unwrap_or_default().split(',').collect();
    let is_grouped = groups.len() > 1 && groups.iter().skip(1).all(|group| group.len() == 3);
    let plain = match (text.matches(',').count(), english) {
        (0, _) => text.to_owned(),
        (_, true) if is_grouped => text.replace(',', ""),
        (1, _) if !text.contains('.') => text.replace(',', "."),
        _ => return None,
    };
    if !plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E')) {
        return None;
    }
    plain.parse::<i64>().ok().map(|whole| json!(whole)).or_else(|| plain.parse::<u64>().ok().map(|whole| json!(whole))).or_else(
        || {
            let number = plain.parse::<f64>().ok().filter(|number| number.is_finite())?;
            Some(json!(number))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, language, read) in [
            ("35", "en", Some(json!(35))),
            ("-2.5", "en", Some(json!(-2.5))),
            ("2,5", "en", Some(json!(2.5))),
            ("1,000", "en-GB", Some(json!(1000))),
            ("12,345,678.5", "en", Some(json!(12_345_678.5))),
            ("1,234", "de", Some(json!(1.234))),
            ("1,234,567", "de", None),
            ("thirty", "en", None),
            ("inf", "en", None),
            ("NaN", "en", None),
            ("1e999", "en", None),
            ("", "en", None),
        ] {
            assert_eq!(number(text, language), read, "{text} in {language}");
        }
    }
}
