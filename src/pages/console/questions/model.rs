//! A questionnaire as the builder changes it: pages of questions in SurveyJS JSON. What the builder does not know stays as it is. Pure.

use crate::pages::console::words::Word;
use serde_json::{Map, Value, json};

/// Texts in Easy Read stand beside the usual ones under this language.
const EASY: &str = "easy";

/// A kind of question that the builder can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Short,
    Long,
    One,
    Several,
    List,
    YesNo,
    Scale,
    Number,
    Day,
}

impl Word for Kind {
    const CHOICES: &'static [Self] =
        &[Self::Short, Self::Long, Self::One, Self::Several, Self::List, Self::YesNo, Self::Scale, Self::Number, Self::Day];

    fn key(self) -> String {
        let (kind, input) = self.parts();
        input.unwrap_or(kind).to_owned()
    }

    fn said(self) -> &'static str {
        match self {
            Self::Short => "A short text",
            Self::Long => "A longer text",
            Self::One => "One of several answers",
            Self::Several => "Any of several answers",
            Self::List => "One of many answers, from a list",
            Self::YesNo => "Yes or no",
            Self::Scale => "A number from 1 to 5",
            Self::Number => "A number",
            Self::Day => "A day",
        }
    }
}

impl Kind {
    fn parts(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Short => ("text", None),
            Self::Long => ("comment", None),
            Self::One => ("radiogroup", None),
            Self::Several => ("checkbox", None),
            Self::List => ("dropdown", None),
            Self::YesNo => ("boolean", None),
            Self::Scale => ("rating", None),
            Self::Number => ("text", Some("number")),
            Self::Day => ("text", Some("date")),
        }
    }

    /// Whether it needs answers to choose from.
    pub fn has_choices(self) -> bool {
        matches!(self, Self::One | Self::Several | Self::List)
    }

    fn of(element: &Value) -> Option<Self> {
        let kind = element["type"].as_str()?;
        let input = element["inputType"].as_str().filter(|input| *input != "text");
        Self::CHOICES.iter().copied().find(|known| known.parts() == (kind, input))
    }
}

/// A question as the builder's form shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    pub kind: Option<Kind>,
    pub title: String,
    pub help: String,
    pub easy: String,
    pub choices: Vec<String>,
    pub required: bool,
}

/// A questionnaire.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    root: Map<String, Value>,
    /// Questions by page.
    pub pages: Vec<Vec<Value>>,
    /// The rest of each page.
    rest: Vec<Map<String, Value>>,
}

impl Builder {
    /// One without questions.
    pub fn empty() -> Self {
        Self { root: Map::new(), pages: vec![Vec::new()], rest: vec![Map::new()] }
    }

    /// Reads a definition that compiled.
    pub fn of(definition: &Value) -> Self {
        let mut root = definition.as_object().cloned().unwrap_or_default();
        let pages = match (root.remove("pages"), root.remove("elements").or_else(|| root.remove("questions"))) {
            (Some(Value::Array(pages)), _) => pages,
            (_, Some(elements)) => vec![json!({"elements": elements})],
            _ => vec![json!({"elements": []})],
        };
        let mut builder = Self { root, pages: Vec::new(), rest: Vec::new() };
        for page in pages {
            let mut rest = page.as_object().cloned().unwrap_or_default();
            let elements = rest.remove("elements").or_else(|| rest.remove("questions"));
            builder.pages.push(elements.and_then(|elements| elements.as_array().cloned()).unwrap_or_default());
            builder.rest.push(rest);
        }
        builder
    }

    /// The definition to publish; pages without questions are left out.
    pub fn definition(&self) -> Value {
        let mut root = self.root.clone();
        let full = self.pages.iter().zip(&self.rest).filter(|(elements, _)| !elements.is_empty());
        let pages = full.enumerate().map(|(n, (elements, rest))| {
            let mut page = rest.clone();
            page.entry("name").or_insert_with(|| format!("page{}", n + 1).into());
            page.insert("elements".into(), Value::Array(elements.clone()));
            Value::Object(page)
        });
        root.insert("pages".into(), pages.collect());
        Value::Object(root)
    }

    /// Where a question stands.
    pub fn place(&self, name: &str) -> Option<(usize, usize)> {
        let on_page = |elements: &Vec<Value>| elements.iter().position(|element| element["name"] == name);
        self.pages.iter().enumerate().find_map(|(page, elements)| Some((page, on_page(elements)?)))
    }

    /// Adds a question at the end.
    pub fn add(&mut self, question: &Question) {
        let taken = |name: &str| self.pages.iter().flatten().any(|element| element["name"] == name);
        let name = (1..).map(|n| format!("question{n}")).find(|name| !taken(name)).unwrap_or_default();
        let mut element = json!({"name": name});
        question.write(&mut element);
        if let Some(last) = self.pages.last_mut() {
            last.push(element);
        }
    }

    /// Moves a question up, across the beginning of its page.
    pub fn up(&mut self, name: &str) {
        match self.place(name) {
            Some((page, 0)) if page > 0 => {
                let element = self.pages[page].remove(0);
                self.pages[page - 1].push(element);
            }
            Some((page, at)) if at > 0 => self.pages[page].swap(at, at - 1),
            _ => {}
        }
    }

    /// Moves a question down, across the end of its page.
    pub fn down(&mut self, name: &str) {
        let Some((page, at)) = self.place(name) else { return };
        if at + 1 < self.pages[page].len() {
            self.pages[page].swap(at, at + 1);
        } else if page + 1 < self.pages.len() {
            let element = self.pages[page].remove(at);
            self.pages[page + 1].insert(0, element);
        }
    }

    /// Takes a question out.
    pub fn remove(&mut self, name: &str) {
        if let Some((page, at)) = self.place(name) {
            self.pages[page].remove(at);
        }
    }

    /// Begins a new page with a question, or joins its page with the one before where it begins one.
    pub fn turn(&mut self, name: &str) {
        match self.place(name) {
            Some((page, 0)) if page > 0 => {
                let elements = self.pages.remove(page);
                self.rest.remove(page);
                self.pages[page - 1].extend(elements);
            }
            Some((page, at)) if at > 0 => {
                let elements = self.pages[page].split_off(at);
                self.pages.insert(page + 1, elements);
                self.rest.insert(page + 1, Map::new());
            }
            _ => {}
        }
    }
}

/// A text, which may stand in several languages.
fn text(value: &Value, language: &str) -> String {
    match value {
        Value::String(text) if language == "default" => text.clone(),
        Value::Object(texts) => texts.get(language).and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The words of a question.
pub(super) fn title(element: &Value) -> String {
    let title = text(&element["title"], "default");
    if title.is_empty() { element["name"].as_str().unwrap_or_default().to_owned() } else { title }
}

/// What kind of question it is, in words.
pub(super) fn kind(element: &Value) -> String {
    match Kind::of(element) {
        Some(kind) => kind.said().to_owned(),
        None => format!("Another kind: {}", element["type"].as_str().unwrap_or_default()),
    }
}

impl Question {
    /// A question that the builder can show; none for one of another kind.
    pub fn of(element: &Value) -> Option<Self> {
        let kind = Kind::of(element)?;
        let choices = element["choices"].as_array().cloned().unwrap_or_default();
        let said = |choice: &Value| match choice {
            Value::String(said) => said.clone(),
            Value::Object(both) => {
                let shown = text(both.get("text").unwrap_or(&Value::Null), "default");
                if shown.is_empty() { both.get("value").and_then(Value::as_str).unwrap_or_default().to_owned() } else { shown }
            }
            other => other.to_string(),
        };
        Some(Self {
            kind: Some(kind),
            title: title(element),
            help: text(&element["description"], "default"),
            easy: text(&element["title"], EASY),
            choices: choices.iter().map(said).collect(),
            required: element["isRequired"] == true,
        })
    }

    /// Writes it into a question; what else that one holds stays.
    pub fn write(&self, element: &mut Value) {
        let Some(element) = element.as_object_mut() else { return };
        if let Some(kind) = self.kind {
            let (name, input) = kind.parts();
            element.insert("type".into(), name.into());
            set(element, "inputType", input.map(Value::from));
        }
        let before = |name: &str| element.get(name).cloned().unwrap_or(Value::Null);
        let (title, help) = (before("title"), before("description"));
        set(element, "title", said(&title, &[("default", &self.title), (EASY, &self.easy)]));
        set(element, "description", said(&help, &[("default", &self.help)]));
        set(element, "isRequired", self.required.then_some(true.into()));
        // Choices with values of their own keep them as long as their words do.
        let before = element.get("choices").and_then(Value::as_array).cloned().unwrap_or_default();
        let kept = |said: &String| {
            let same = |choice: &&Value| choice.get("text").is_some_and(|words| text(words, "default") == *said);
            before.iter().find(same).cloned().unwrap_or_else(|| said.clone().into())
        };
        let choices = self.kind.is_some_and(Kind::has_choices).then(|| self.choices.iter().map(kept).collect());
        set(element, "choices", choices);
    }
}

/// A text with these words in it: what it says in other languages stays.
fn said(before: &Value, words: &[(&str, &String)]) -> Option<Value> {
    let mut texts = match before {
        Value::Object(texts) => texts.clone(),
        _ => Map::new(),
    };
    for (language, text) in words {
        set(&mut texts, language, (!text.is_empty()).then(|| (*text).clone().into()));
    }
    match (texts.len(), texts.get("default")) {
        (0, _) => None,
        (1, Some(alone)) => Some(alone.clone()),
        _ => Some(Value::Object(texts)),
    }
}

fn set(element: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => element.insert(name.into(), value),
        None => element.remove(name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: Kind, title: &str) -> Question {
        Question { kind: Some(kind), title: title.into(), choices: vec!["Yes".into(), "No".into()], ..Question::default() }
    }

    #[test]
    fn questions_are_added_moved_and_taken_out() {
        let mut builder = Builder::empty();
        for title in ["one", "two", "three"] {
            builder.add(&named(Kind::One, title));
        }
        let titles = |builder: &Builder| -> Vec<Vec<String>> {
            builder.pages.iter().map(|page| page.iter().map(title).collect()).collect()
        };
        builder.up("question3");
        assert_eq!(titles(&builder), [["one", "three", "two"]]);
        builder.turn("question2");
        assert_eq!(titles(&builder), [vec!["one", "three"], vec!["two"]]);
        builder.up("question2");
        assert_eq!(titles(&builder), [vec!["one", "three", "two"], vec![]]);
        assert_eq!(builder.definition()["pages"].as_array().unwrap().len(), 1, "an empty page is left out");
        builder.down("question2");
        assert_eq!(titles(&builder), [vec!["one", "three"], vec!["two"]]);
        builder.turn("question2");
        assert_eq!(titles(&builder), [["one", "three", "two"]]);
        builder.remove("question1");
        builder.add(&named(Kind::Long, "four"));
        assert!(builder.place("question1").is_some(), "a free name is used again");
        crate::opportunities::forms::compile(&builder.definition()).unwrap();
    }

    #[test]
    fn every_kind_compiles_and_is_read_back_as_it_was_written() {
        for kind in Kind::CHOICES {
            let mut question = named(*kind, "What?");
            question.easy = "What is it?".into();
            question.help = "Take your time.".into();
            question.required = true;
            if !kind.has_choices() {
                question.choices.clear();
            }
            let mut builder = Builder::empty();
            builder.add(&question);
            let form = crate::opportunities::forms::compile(&builder.definition()).unwrap();
            assert!(form.layout().easy, "people can read it in Easy Read");
            assert_eq!(Question::of(&Builder::of(&builder.definition()).pages[0][0]), Some(question), "{kind:?}");
        }
    }

    #[test]
    fn what_the_builder_does_not_know_stays() {
        let mut element = json!({"type": "radiogroup", "name": "a", "title": "Old", "visibleIf": "{b} = 1",
            "choices": [{"value": "y", "text": "Yes"}, "No"], "isRequired": true});
        let mut question = Question::of(&element).unwrap();
        assert_eq!(question.choices, ["Yes", "No"]);
        question.title = "New".into();
        question.required = false;
        question.write(&mut element);
        let expected = json!({"type": "radiogroup", "name": "a", "title": "New", "visibleIf": "{b} = 1",
            "choices": [{"value": "y", "text": "Yes"}, "No"]});
        assert_eq!(element, expected);
        assert_eq!(Question::of(&json!({"type": "matrix", "name": "m"})), None);
    }

    #[test]
    fn what_is_said_in_other_languages_stays() {
        let mut element = json!({"type": "comment", "name": "a", "description": {"default": "Help", "cy": "Cymorth"},
            "title": {"default": "How?", "cy": "Sut?", "easy": "How is it?", "cy-easy": "Sut mae?"}});
        let mut question = Question::of(&element).unwrap();
        question.required = true;
        question.easy.clear();
        question.write(&mut element);
        assert_eq!(element["title"], json!({"default": "How?", "cy": "Sut?", "cy-easy": "Sut mae?"}));
        assert_eq!(element["description"], json!({"default": "Help", "cy": "Cymorth"}));
    }
}
