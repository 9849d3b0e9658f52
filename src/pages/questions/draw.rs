//! Draws questions as fields. Pure: the same form, answers and moment always give the same page.
//!
//! A field is named by the place of its question in the form, never by words that somebody wrote, so that no name can stand for
//! anything else. A box or a button sends the place of its option.

use crate::{
    pages::kit::{Block, Choice, Control, Field},
    platform::Violation,
    questionnaires::{Form, Kind, Order, Part, Question, Reader, Sheet, Text, Wording},
};
use entity::Time;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The most options for which a place is picked from a list; beyond, it is typed.
const PICKED: usize = 15;
/// What ticks every box at once.
pub const ALL: &str = "all";

/// A form with somebody's answers: what is asked of them now, and how it is told.
pub struct Asked<'a> {
    /// The questions.
    pub form: &'a Form,
    /// The answers so far.
    pub answers: &'a Map<String, Value>,
    /// How they read.
    pub reader: Reader,
    /// What sets the order of options that come in another order for each person.
    pub seed: u64,
    /// What does not fit yet.
    pub violations: Vec<Violation>,
    /// Keys of answers that are left out, because their question is not asked.
    pub cleared: Vec<String>,
    shown: Vec<bool>,
    open: Vec<bool>,
    required: Vec<bool>,
}

impl<'a> Asked<'a> {
    /// Looks at a form with these answers.
    pub fn new(form: &'a Form, answers: &'a Map<String, Value>, reader: Reader, seed: u64, now: Time) -> Self {
        let found = form.evaluate(answers, now);
        let changeable = form.changeable(answers, now);
        let (visible, required): (HashSet<&str>, HashSet<&str>) =
            (found.visible.iter().map(String::as_str).collect(), found.required.iter().map(String::as_str).collect());
        let each = |holds: &dyn Fn(&str) -> bool| form.questions().map(|question| holds(question.name())).collect();
        Self {
            form,
            answers,
            reader,
            seed,
            shown: each(&|name| visible.contains(name)),
            open: each(&|name| visible.contains(name) && changeable.contains(name)),
            required: each(&|name| required.contains(name)),
            violations: found.violations.into_iter().map(|one| Violation::new(one.pointer, one.code, one.detail)).collect(),
            cleared: found.cleared,
        }
    }

    /// A question by its place.
    pub fn question(&self, at: usize) -> Option<&'a Question> {
        self.form.questions().nth(at)
    }

    /// The texts of a question.
    pub fn wording(&self, at: usize) -> Option<&'a Wording> {
        self.form.layout().wordings.get(at)
    }

    /// Whether a question is asked.
    pub fn is_shown(&self, at: usize) -> bool {
        self.shown.get(at).copied().unwrap_or(false)
    }

    /// Whether a question is asked and can be answered.
    pub fn is_open(&self, at: usize) -> bool {
        self.open.get(at).copied().unwrap_or(false)
    }

    /// Whether it must be answered.
    pub fn is_required(&self, at: usize) -> bool {
        self.required.get(at).copied().unwrap_or(false)
    }

    /// A page of the form, whether or not it is shown.
    pub fn sheet(&self, page: usize) -> Option<&'a Sheet> {
        self.form.layout().pages.get(page)
    }

    /// The questions of a page that are asked.
    pub fn on(&self, page: usize) -> Vec<usize> {
        let parts = self.sheet(page).into_iter().flat_map(|sheet| &sheet.parts);
        parts
            .filter_map(|part| if let Part::Question(at) = part { Some(*at) } else { None })
            .filter(|at| self.is_shown(*at))
            .collect()
    }

    /// The pages that are shown: those on which anything is asked.
    pub fn pages(&self) -> Vec<usize> {
        (0..self.form.layout().pages.len()).filter(|page| !self.on(*page).is_empty()).collect()
    }

    /// Whether a question has an answer.
    pub fn is_answered(&self, at: usize) -> bool {
        self.question(at).is_some_and(|question| self.answers.contains_key(question.name()))
    }

    /// The question that something which does not fit is about.
    pub fn about(&self, one: &Violation) -> Option<usize> {
        let is_about = |question: &Question| {
            let own = pointer(&[question.name()]);
            let inside = one.pointer.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            inside || question.comment_key().is_some_and(|key| one.pointer == pointer(&[&key]))
        };
        self.form.questions().position(is_about)
    }

    /// What does not fit on a page. Where questions stand apart, a rule about several of them waits for the end.
    pub fn wrong_on(&self, page: usize) -> Vec<Violation> {
        let on = self.on(page);
        let alone = on.len() == 1;
        let is_ours = |one: &&Violation| {
            self.about(one).is_some_and(|at| on.contains(&at) && (!alone || one.code != "missing" || self.is_own(at, one)))
        };
        self.violations.iter().filter(is_ours).cloned().collect()
    }

    /// Whether a question is itself what is missing, and not one of a group of which any will do.
    fn is_own(&self, at: usize, one: &Violation) -> bool {
        self.is_required(at) || self.question(at).is_none_or(|question| one.pointer != pointer(&[question.name()]))
    }

    /// The fields of a page.
    pub fn fields(&self, page: usize) -> Vec<Field> {
        let mut fields = Vec::new();
        for part in self.sheet(page).into_iter().flat_map(|sheet| &sheet.parts) {
            match part {
                Part::Heading { title, description, depth, inside } if inside.clone().any(|at| self.is_shown(at)) => {
                    fields.extend(self.heading(title, description, *depth));
                }
                Part::Question(at) if self.is_open(*at) => fields.extend(self.draw(*at)),
                Part::Question(at) if self.is_shown(*at) => fields.push(self.locked(*at)),
                _ => {}
            }
        }
        let language = self.language();
        fields.iter_mut().for_each(|field| field.language.clone_from(&language));
        fields
    }

    /// The language of the questions where it is not that of our own words.
    pub fn language(&self) -> String {
        let root = self.reader.language.split('-').next().unwrap_or_default().to_lowercase();
        let known = self.form.layout().languages.iter().any(|known| known.split('-').next() == Some(root.as_str()));
        if known && root != "en" { self.reader.language.clone() } else { String::new() }
    }

    fn heading(&self, title: &Text, description: &Text, depth: usize) -> Option<Field> {
        let mut blocks = Vec::new();
        if let Some(title) = self.say(title) {
            blocks.push(if depth == 0 { Block::Heading(title) } else { Block::Subheading(title) });
        }
        blocks.extend(self.say(description).map(Block::Text));
        if blocks.is_empty() {
            return None;
        }
        let language = self.language();
        Some(Field::words(if language.is_empty() { blocks } else { vec![Block::In(language, blocks)] }))
    }

    /// A question that cannot be changed: it is told with its answer.
    fn locked(&self, at: usize) -> Field {
        let answer = self.answer(at);
        let answer = if answer.is_empty() { vec!["No answer".to_owned()] } else { answer };
        Field::words(vec![Block::Facts(vec![(self.title(at), answer.join("\n"))])])
    }

    fn draw(&self, at: usize) -> Vec<Field> {
        let Some(question) = self.question(at) else { return Vec::new() };
        let mut fields = match question.kind() {
            Kind::Text | Kind::Comment => vec![self.typed(at, question)],
            Kind::Radiogroup | Kind::Rating | Kind::Boolean | Kind::Dropdown => vec![self.one_of(at, question)],
            Kind::Checkbox => vec![self.some_of(at, question)],
            Kind::Ranking => self.ranking(at, question),
            Kind::Matrix => self.matrix(at, question),
        };
        fields.extend(self.comment(at, question));
        fields
    }

    /// A field with what all have: the question, what helps, and where mistakes point.
    fn field(&self, at: usize, question: &Question, control: Control) -> Field {
        let wording = self.wording(at);
        let allows = question.allows();
        let description = wording.and_then(|wording| self.say(&wording.description));
        let example = wording.and_then(|wording| self.say(&wording.placeholder));
        let hint: Vec<String> = description.into_iter().chain((!allows.is_empty()).then_some(allows)).chain(example).collect();
        let mut field = Field::new(name(at), self.title(at), control).hint(hint.join("\n")).pointer(pointer(&[question.name()]));
        field.optional = !self.is_required(at);
        field
    }

    fn typed(&self, at: usize, question: &Question) -> Field {
        let value = match self.answers.get(question.name()) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let kind = match question.input_type() {
            Some("range") => "number",
            Some("color") | None => "text",
            Some(kind) => kind,
        };
        // What has lines came from elsewhere, and one line would lose them.
        if question.kind() == Kind::Comment || value.contains('\n') {
            return self.field(at, question, Control::Area { value, rows: 5 });
        }
        let autocomplete = match kind {
            "email" => "email",
            "tel" => "tel",
            _ => "",
        };
        self.field(at, question, Control::Line { value, kind, autocomplete })
    }

    /// The options in the order in which this person sees them.
    fn options(&self, at: usize, question: &Question) -> Vec<usize> {
        let wording = self.wording(at);
        let order = wording.map(|wording| wording.order).unwrap_or_default();
        let other = question.comment_with_other() == Some(true);
        let special = |choice: &crate::questionnaires::Choice| choice.is_alone() || other && choice.value == "other";
        let own = question.choices().iter().position(special).unwrap_or(question.choices().len());
        let mut places: Vec<usize> = (0..own).collect();
        match order {
            Order::Listed => {}
            Order::Rising => places.sort_by_key(|place| self.option(at, *place).to_lowercase()),
            Order::Falling => places.sort_by_key(|place| std::cmp::Reverse(self.option(at, *place).to_lowercase())),
            Order::Random => places.sort_by_key(|place| mixed(self.seed, at, *place)),
        }
        if wording.is_some_and(|wording| wording.swapped) && question.kind() == Kind::Boolean {
            places.reverse();
        }
        places.extend(own..question.choices().len());
        places
    }

    fn one_of(&self, at: usize, question: &Question) -> Field {
        let answer = self.answers.get(question.name());
        let last = question.choices().len().saturating_sub(1);
        let ends = |place: usize| {
            let wording = self.wording(at).filter(|_| question.kind() == Kind::Rating)?;
            self.say(if place == 0 {
                &wording.least
            } else if place == last {
                &wording.most
            } else {
                return None;
            })
        };
        let words = |place: usize| match ends(place) {
            Some(meaning) => format!("{}: {meaning}", self.option(at, place)),
            None => self.option(at, place),
        };
        let choice = |place: usize| {
            let on = answer.is_some_and(|answer| question.choices().get(place).is_some_and(|choice| choice.is(answer)));
            Choice::new(place.to_string(), words(place)).on(on)
        };
        let mut choices: Vec<Choice> = self.options(at, question).into_iter().map(choice).collect();
        if question.kind() == Kind::Dropdown {
            choices.insert(0, Choice::new("", "Choose one"));
            return self.field(at, question, Control::Select(choices));
        }
        // A button that was pressed cannot be let go again, so there is one for no answer.
        if answer.is_some() && !self.is_required(at) {
            choices.push(Choice::new("", "No answer"));
        }
        self.field(at, question, Control::Radios(choices))
    }

    fn some_of(&self, at: usize, question: &Question) -> Field {
        let given: &[Value] = self.answers.get(question.name()).and_then(Value::as_array).map_or(&[], Vec::as_slice);
        let choice = |place: usize| {
            let on = question.choices().get(place).is_some_and(|choice| given.iter().any(|one| choice.is(one)));
            Choice::new(place.to_string(), self.option(at, place)).on(on)
        };
        let mut choices: Vec<Choice> = self.options(at, question).into_iter().map(choice).collect();
        if let Some(wording) = self.wording(at).filter(|wording| wording.all) {
            let words = self.say(&wording.all_text).unwrap_or_else(|| "All of these".into());
            choices.insert(0, Choice::new(ALL, words));
        }
        self.field(at, question, Control::Checks(choices))
    }

    /// Without a script nothing is dragged: each option is given a place.
    fn ranking(&self, at: usize, question: &Question) -> Vec<Field> {
        let given: &[Value] = self.answers.get(question.name()).and_then(Value::as_array).map_or(&[], Vec::as_slice);
        let most = question.choices().len();
        let mut group = self.field(at, question, Control::Group);
        let how = format!("Give each one a place. 1 is first, {most} is last.");
        group.hint = if group.hint.is_empty() { how } else { format!("{}\n{how}", group.hint) };
        let mut fields = vec![group];
        for place in self.options(at, question) {
            let Some(choice) = question.choices().get(place) else { continue };
            let rank = given.iter().position(|one| choice.is(one)).map(|rank| (rank + 1).to_string()).unwrap_or_default();
            let control = if most > PICKED {
                Control::Line { value: rank, kind: "number", autocomplete: "" }
            } else {
                let places = (1..=most).map(|one| one.to_string());
                let choices = std::iter::once(Choice::new("", "No place")).chain(places.map(|one| Choice::new(one.clone(), one)));
                Control::Select(
                    choices
                        .map(|one| {
                            let on = one.value == rank;
                            one.on(on)
                        })
                        .collect(),
                )
            };
            // Mistakes are about the whole order, so they stand at the group.
            fields.push(Field::new(format!("{}-p{place}", name(at)), self.option(at, place), control).pointer("//"));
        }
        fields.push(Field::new("", "", Control::End));
        fields
    }

    fn matrix(&self, at: usize, question: &Question) -> Vec<Field> {
        let given = self.answers.get(question.name()).and_then(Value::as_object);
        let mut fields = vec![self.field(at, question, Control::Group)];
        let mut rows: Vec<usize> = (0..question.rows().len()).collect();
        if self.wording(at).is_some_and(|wording| wording.order == Order::Random) {
            rows.sort_by_key(|row| mixed(self.seed, at, *row));
        }
        for row in rows {
            let Some(key) = question.rows().get(row).and_then(|row| row.value.as_str()) else { continue };
            let answer = given.and_then(|rows| rows.get(key));
            let choice = |(column, choice): (usize, &crate::questionnaires::Choice)| {
                Choice::new(column.to_string(), self.column(at, column)).on(answer.is_some_and(|answer| choice.is(answer)))
            };
            let mut choices: Vec<Choice> = question.columns().iter().enumerate().map(choice).collect();
            if answer.is_some_and(|answer| !answer.is_null()) && !self.is_required(at) {
                choices.push(Choice::new("", "No answer"));
            }
            let field = Field::radios(format!("{}-r{row}", name(at)), self.row(at, row), choices);
            fields.push(field.pointer(pointer(&[question.name(), key])));
        }
        fields.push(Field::new("", "", Control::End));
        fields
    }

    /// The free text beside an answer.
    fn comment(&self, at: usize, question: &Question) -> Option<Field> {
        let (key, with_other) = (question.comment_key()?, question.comment_with_other()?);
        let value = self.answers.get(&key).and_then(Value::as_str).unwrap_or_default();
        let asked = self.wording(at).and_then(|wording| self.say(&wording.comment));
        let other = question.choices().iter().position(|choice| choice.value == "other");
        let label = match other.filter(|_| with_other) {
            Some(place) => asked.unwrap_or_else(|| format!("If you chose “{}”: your own words", self.option(at, place))),
            None => asked.unwrap_or_else(|| "Anything you would like to add".into()),
        };
        let mut field = Field::area(format!("{}-more", name(at)), label, value).rows(2).pointer(pointer(&[&key]));
        field.optional = !with_other;
        Some(field)
    }
}

/// The name of the field of a question.
pub fn name(at: usize) -> String {
    format!("q{at}")
}

/// A JSON pointer.
pub fn pointer(steps: &[&str]) -> String {
    steps.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Numbers that look random and are the same each time.
fn mixed(seed: u64, question: usize, option: usize) -> u64 {
    let mut mixed = seed ^ ((question as u64) << 32) ^ option as u64;
    for _ in 0..2 {
        mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    mixed
}
