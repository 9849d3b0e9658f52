//! Judges one set of answers.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::HashSet;

use super::answers::{Findings, Situation, longer_than};
use super::expression::{Scope, Work};
use super::form::{Form, Gate, Question};
use super::report::{Evaluation, Violation, below};
use super::values::json_is_empty;

/// No question has more options than this, special ones included.
const MAX_ITEMS: usize = 1_010;
/// The longest text of one answer, even where the form sets no limit.
const MAX_TEXT: usize = 100_000;

/// The answers by place, and what is shown because of them.
struct State<'f, 'a> {
    form: &'f Form,
    now: DateTime<Utc>,
    slots: Vec<Option<&'a Value>>,
    /// What each element's own condition says.
    own: Vec<bool>,
    /// What is really shown: the element's own condition and that of everything around it.
    shown: Vec<bool>,
    cleared: Vec<usize>,
    /// Answers too large for any question. Conditions do not get to see them, as comparing two
    /// huge lists would take far too long.
    oversized: Vec<(usize, &'static str, String)>,
    work: Work,
}

impl Form {
    /// Names of the questions that are asked of somebody with these answers.
    pub fn asked(&self, answers: &Map<String, Value>, now: DateTime<Utc>) -> HashSet<&str> {
        let state = State::new(self, answers, now);
        self.questions.iter().filter(|question| at(&state.shown, question.gate)).map(Question::name).collect()
    }

    /// Names of the questions that somebody with these answers can change, shown or not.
    pub fn changeable(&self, answers: &Map<String, Value>, now: DateTime<Utc>) -> HashSet<&str> {
        let state = State::new(self, answers, now);
        let enabled = state.spread(&state.decide(|gate, scope| gate.enabled.is_not_false(scope)));
        self.questions.iter().filter(|question| at(&enabled, question.gate)).map(Question::name).collect()
    }

    /// Judges a finished response. `now` is what the clock on the wall shows.
    ///
    /// Answers to questions that are not shown are left out. While it is decided what is shown,
    /// hidden answers still count, as they do on screen up to the moment of submission. If leaving
    /// them out hides further questions, those are left out as well, until nothing changes any
    /// more; each round removes an answer, so this ends. Answers that would take too much work are refused as a whole. What is shown, required and violated is
    /// then told for the remaining answers, which is why judging `cleaned` again gives the same.
    pub fn evaluate(&self, answers: &Map<String, Value>, now: DateTime<Utc>) -> Evaluation {
        let mut state = State::new(self, answers, now);
        state.settle();
        state.judge(answers, false)
    }

    /// Judges a response that is saved before it is finished.
    ///
    /// Nothing needs to be complete yet, so only answers that could never be kept are violations:
    /// wrong types, unknown options and rows, texts that are too long, unknown names. Answers to
    /// questions that are not shown are kept, as the participant may still go back.
    pub fn evaluate_draft(&self, answers: &Map<String, Value>, now: DateTime<Utc>) -> Evaluation {
        State::new(self, answers, now).judge(answers, true)
    }
}

impl<'f, 'a> State<'f, 'a> {
    fn new(form: &'f Form, answers: &'a Map<String, Value>, now: DateTime<Utc>) -> State<'f, 'a> {
        let mut oversized = Vec::new();
        let mut slots = Vec::with_capacity(form.keys.len());
        for (slot, key) in form.keys.iter().enumerate() {
            let value = answers.get(key).filter(|value| !json_is_empty(value));
            match value.and_then(too_large) {
                None => slots.push(value),
                Some((code, detail)) => {
                    slots.push(None);
                    oversized.push((slot, code, detail));
                }
            }
        }
        let mut state =
            State { form, now, slots, own: Vec::new(), shown: Vec::new(), cleared: Vec::new(), oversized, work: Work::default() };
        state.own = state.decide(|gate, scope| gate.visible.is_true(scope));
        state.show();
        state
    }

    fn scope(&self) -> Scope<'_, 'a> {
        Scope { slots: &self.slots, now: self.now, work: &self.work }
    }

    fn decide(&self, rule: fn(&Gate, &Scope) -> bool) -> Vec<bool> {
        let scope = self.scope();
        let gates = self.form.gates.iter();
        gates.map(|gate| rule(gate, &scope)).collect()
    }

    /// Spreads decisions from pages and panels to what they hold. Parents come first in the list.
    fn spread(&self, own: &[bool]) -> Vec<bool> {
        let mut all: Vec<bool> = Vec::with_capacity(own.len());
        for (gate, own) in self.form.gates.iter().zip(own) {
            let around = gate.parent.is_none_or(|parent| at(&all, parent));
            all.push(*own && around);
        }
        all
    }

    fn show(&mut self) {
        self.shown = self.spread(&self.own);
    }

    /// Leaves hidden answers out until nothing changes.
    fn settle(&mut self) {
        loop {
            let before = self.cleared.len();
            for question in &self.form.questions {
                let shown = at(&self.shown, question.gate);
                if !shown {
                    self.clear(question.slot);
                }
                if let Some(comment) = &question.comment {
                    let used = comment.always || chose_other(self.get(question.slot));
                    if !shown || !used {
                        self.clear(comment.slot);
                    }
                }
            }
            let mut stale: Vec<usize> = self
                .cleared
                .get(before..)
                .unwrap_or_default()
                .iter()
                .filter_map(|slot| self.form.readers.get(*slot))
                .flatten()
                .copied()
                .collect();
            stale.sort_unstable();
            stale.dedup();
            for index in stale {
                let Some(gate) = self.form.gates.get(index) else {
                    continue;
                };
                let holds = gate.visible.is_true(&self.scope());
                if let Some(own) = self.own.get_mut(index) {
                    *own = holds;
                }
            }
            if self.cleared.len() == before || self.work.is_spent() {
                return;
            }
            self.show();
        }
    }

    fn get(&self, slot: usize) -> Option<&'a Value> {
        self.slots.get(slot).copied().flatten()
    }

    fn clear(&mut self, slot: usize) {
        if let Some(place) = self.slots.get_mut(slot)
            && place.take().is_some()
        {
            self.cleared.push(slot);
        }
    }

    fn judge(self, answers: &Map<String, Value>, draft: bool) -> Evaluation {
        let form = self.form;
        let enabled = self.spread(&self.decide(|gate, scope| gate.enabled.is_not_false(scope)));
        let required = self.decide(|gate, scope| gate.required.is_true(scope));
        let mut findings = Findings::default();
        let mut visible = Vec::new();
        let mut required_names = Vec::new();
        for question in &form.questions {
            let shown = at(&self.shown, question.gate);
            let enabled = at(&enabled, question.gate);
            let required = shown && enabled && at(&required, question.gate);
            if shown {
                visible.push(question.name.clone());
            }
            if required {
                required_names.push(question.name.clone());
            }
            if shown || draft {
                let situation = Situation { required: required && !draft, complete: enabled && !draft, strict: !draft };
                self.question(question, &situation, &mut findings);
            }
        }
        if !draft {
            self.groups(&enabled, &required, &mut findings);
        }
        for (slot, code, detail) in &self.oversized {
            let key = form.keys.get(*slot).map_or("", String::as_str);
            findings.add(below("", key), code, detail.as_str());
        }
        self.unknown_names(answers, &mut findings);
        if self.work.is_spent() {
            // What was found rests on conditions that were not worked out.
            findings.list = vec![Violation {
                pointer: String::new(),
                code: "too_much_work",
                detail: "Shorten your longest answers. Together they are more than the rules of this form can look through"
                    .to_owned(),
            }];
        }
        let mut cleaned = Map::new();
        for (key, value) in form.keys.iter().zip(&self.slots) {
            if let Some(value) = value {
                cleaned.insert(key.clone(), (*value).clone());
            }
        }
        let mut cleared = self.cleared;
        cleared.sort_unstable();
        let key = |slot: usize| form.keys.get(slot).cloned();
        Evaluation {
            visible,
            required: required_names,
            cleaned,
            cleared: cleared.into_iter().filter_map(key).collect(),
            violations: findings.list,
        }
    }

    fn question(&self, question: &Question, situation: &Situation, findings: &mut Findings) {
        let value = self.get(question.slot);
        let before = findings.list.len();
        findings.answer(question, value, situation);
        if let Some(comment) = &question.comment {
            let asked = comment.with_other && chose_other(value);
            let text = self.get(comment.slot);
            findings.comment(question, comment, text, asked, situation);
        }
        // An answer of the wrong kind gets one message, not one from every rule as well.
        if situation.complete && findings.list.len() == before {
            // Text of nothing but blanks is no answer that a rule could judge.
            let value = value.filter(|value| value.as_str().is_none_or(|s| !s.trim().is_empty()));
            findings.validators(question, value, &self.scope());
        }
    }

    /// Pages and panels of which at least one question must be answered.
    fn groups(&self, enabled: &[bool], required: &[bool], findings: &mut Findings) {
        for group in &self.form.groups {
            let asked = at(&self.shown, group.gate) && at(enabled, group.gate) && at(required, group.gate);
            if !asked {
                continue;
            }
            let inside = self.form.questions.get(group.inside.clone());
            let shown = || {
                let inside = inside.unwrap_or_default().iter();
                inside.filter(|question| at(&self.shown, question.gate))
            };
            if let Some(first) = shown().next()
                && shown().all(|question| self.get(question.slot).is_none())
            {
                let usual = "Answer at least one of these questions";
                let detail = group.required_text.as_deref().unwrap_or(usual);
                findings.add(below("", &first.name), "missing", detail);
            }
        }
    }

    fn unknown_names(&self, answers: &Map<String, Value>, findings: &mut Findings) {
        let form = self.form;
        let known = |key: &String| answers.contains_key(key);
        if answers.len() == form.keys.iter().filter(|key| known(key)).count() {
            return;
        }
        let keys: std::collections::HashSet<&str> = form.keys.iter().map(String::as_str).collect();
        for name in answers.keys().filter(|name| !keys.contains(name.as_str())) {
            let detail = "This form has no question of this name";
            findings.add(below("", name), "unknown_question", detail);
        }
    }
}

fn too_large(value: &Value) -> Option<(&'static str, String)> {
    match value {
        Value::String(s) if longer_than(s, MAX_TEXT) => Some(("too_long", format!("Use at most {MAX_TEXT} characters"))),
        Value::Array(items) if items.len() > MAX_ITEMS => Some(("too_many", "Choose from the options offered".to_owned())),
        Value::Object(rows) if rows.len() > MAX_ITEMS => Some(("too_many", "Answer the rows of this table".to_owned())),
        _ => None,
    }
}

fn at(list: &[bool], index: usize) -> bool {
    list.get(index).copied().unwrap_or(false)
}

/// Whether "Other" is chosen, alone or among others.
fn chose_other(value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(s)) => s == "other",
        Some(Value::Array(items)) => items.iter().any(|item| item == "other"),
        _ => false,
    }
}
