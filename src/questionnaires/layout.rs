//! How a form reads: its pages and headings, and every text in each of its languages.
//!
//! Judging answers needs none of this; showing the form to people does. It follows the definition in the same order as the
//! compiler does, so a question is named by its place among the questions of the form.
//!
//! **Easy Read.** A text in several languages may hold one more, whose key ends in `easy`: `"easy"` beside `"default"`, or
//! `"de-easy"` beside `"de"`. Whoever asks for Easy Read gets it where there is one. Any SurveyJS front end shows
//! the same by setting its locale to that key, because it falls back from `de-easy` to `de`, and from `easy` to the default.

use serde_json::{Map, Value};
use std::{collections::BTreeSet, ops::Range};

/// A text in the languages that the form has it in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<(String, String)>);

/// How somebody reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reader {
    /// Their language, as a tag.
    pub language: String,
    /// Whether they asked for Easy Read.
    pub easy: bool,
}

/// A form as it is read.
#[derive(Debug, Default)]
pub struct Layout {
    /// Its title.
    pub title: Text,
    /// What is said before it begins.
    pub description: Text,
    /// What is said when it is done.
    pub done: Text,
    /// Languages of its texts beside the usual one, without variants.
    pub languages: Vec<String>,
    /// Whether any text has an Easy Read variant.
    pub easy: bool,
    /// Its pages, shown or not.
    pub pages: Vec<Sheet>,
    /// The texts of each question.
    pub wordings: Vec<Wording>,
}

/// A page.
#[derive(Debug, Default)]
pub struct Sheet {
    /// Its heading.
    pub title: Text,
    /// What is said below the heading.
    pub description: Text,
    /// What stands on it, from the top down.
    pub parts: Vec<Part>,
}

/// What stands on a page.
#[derive(Debug, Clone)]
pub enum Part {
    /// The heading of a panel.
    Heading {
        /// What it says.
        title: Text,
        /// What is said below it.
        description: Text,
        /// 0 for a panel on the page, 1 for a panel in one.
        depth: usize,
        /// The questions below it.
        inside: Range<usize>,
    },
    /// A question.
    Question(usize),
}

/// In which order options are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As the form lists them.
    #[default]
    Listed,
    /// By their words.
    Rising,
    /// By their words, backwards.
    Falling,
    /// Another one for each person, so that being first helps no option.
    Random,
}

/// The texts of a question.
#[derive(Debug, Default)]
pub struct Wording {
    /// What is asked.
    pub title: Text,
    /// What helps to answer.
    pub description: Text,
    /// An example.
    pub placeholder: Text,
    /// What is asked beside the answer.
    pub comment: Text,
    /// The words of each option, in the order of the form.
    pub choices: Vec<Text>,
    /// The words of each row.
    pub rows: Vec<Text>,
    /// The words of each column.
    pub columns: Vec<Text>,
    /// What the lowest point of a scale means.
    pub least: Text,
    /// What the highest point means.
    pub most: Text,
    /// In which order options, or rows, are shown.
    pub order: Order,
    /// Whether one box ticks all.
    pub all: bool,
    /// What that box says.
    pub all_text: Text,
    /// Whether no comes before yes.
    pub swapped: bool,
}

impl Text {
    fn of(map: &Map<String, Value>, names: &[&str]) -> Self {
        let found = names.iter().find_map(|name| map.get(*name)).filter(|value| !value.is_null());
        found.map(Self::read).unwrap_or_default()
    }

    fn read(value: &Value) -> Self {
        match value {
            Value::String(text) if !text.trim().is_empty() => Self(vec![(String::new(), text.clone())]),
            Value::Object(languages) => {
                let texts =
                    languages.iter().filter_map(|(language, text)| Some((language.to_lowercase(), text.as_str()?.to_owned())));
                Self(texts.filter(|(_, text)| !text.trim().is_empty()).collect())
            }
            _ => Self::default(),
        }
    }

    fn in_language(&self, language: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == language).map(|(_, text)| text.as_str())
    }

    /// The text as somebody reads it: Easy Read where they asked for it and there is one, their language, the usual one.
    pub fn say(&self, reader: &Reader) -> Option<&str> {
        let language = reader.language.to_lowercase();
        let root = language.split('-').next().unwrap_or_default();
        let own = || self.in_language(&language).or_else(|| self.in_language(root));
        let easy = || {
            let theirs = self.in_language(&format!("{language}-easy")).or_else(|| self.in_language(&format!("{root}-easy")));
            // The one without a language goes with the usual words, which are English.
            theirs.or_else(|| (own().is_none() || root == "en").then(|| self.in_language("easy")).flatten())
        };
        let usual = || ["default", "", "en"].iter().find_map(|key| self.in_language(key));
        let any = || self.0.iter().find(|(key, _)| !key.ends_with("easy")).or(self.0.first()).map(|(_, text)| text.as_str());
        reader.easy.then(easy).flatten().or_else(own).or_else(usual).or_else(any)
    }
}

/// Reads a definition that compiled.
pub(super) fn read(definition: &Value) -> Layout {
    let empty = Map::new();
    let map = definition.as_object().unwrap_or(&empty);
    let mut walk = Walk::default();
    match map.get("pages").and_then(Value::as_array) {
        Some(pages) => pages.iter().filter_map(Value::as_object).for_each(|page| walk.page(page)),
        None => walk.page_of(map, Sheet::default()),
    }
    let mut keys = BTreeSet::new();
    languages(definition, 0, &mut keys);
    let mut layout = Layout {
        title: Text::of(map, &["title"]),
        description: Text::of(map, &["description"]),
        done: Text::of(map, &["completedHtml"]),
        easy: keys.iter().any(|key| key.ends_with("easy")),
        languages: keys.into_iter().filter(|key| !key.ends_with("easy") && key != "default").collect(),
        pages: walk.pages,
        wordings: walk.wordings,
    };
    let single = map.get("isSinglePage") == Some(&Value::Bool(true));
    match map.get("questionsOnPageMode").and_then(Value::as_str) {
        Some("questionPerPage" | "inputPerPage") => layout.pages = one_a_page(layout.pages),
        Some("singlePage") => layout.pages = all_on_one(layout.pages),
        _ if single => layout.pages = all_on_one(layout.pages),
        _ => {}
    }
    layout
}

/// Keys of texts in several languages. A text is where neither an element nor a list can be.
fn languages(value: &Value, depth: usize, keys: &mut BTreeSet<String>) {
    const TEXTS: [&str; 5] = ["title", "text", "description", "placeholder", "completedHtml"];
    match value {
        Value::Array(items) if depth < 64 => items.iter().for_each(|item| languages(item, depth + 1, keys)),
        Value::Object(map) if depth < 64 => {
            for (name, inner) in map {
                match inner {
                    Value::Object(texts) if TEXTS.contains(&name.as_str()) => {
                        keys.extend(texts.keys().map(|key| key.to_lowercase()))
                    }
                    inner => languages(inner, depth + 1, keys),
                }
            }
        }
        _ => {}
    }
}

/// A page for each question, below the headings that it stands under.
fn one_a_page(pages: Vec<Sheet>) -> Vec<Sheet> {
    let mut made = Vec::new();
    for page in pages {
        for part in &page.parts {
            let Part::Question(at) = part else { continue };
            let above = |part: &&Part| matches!(part, Part::Heading { inside, .. } if inside.contains(at));
            let parts = page.parts.iter().filter(above).chain([part]).cloned().collect();
            made.push(Sheet { parts, ..Sheet::default() });
        }
    }
    made
}

/// Everything on one page, under the titles of the pages.
fn all_on_one(pages: Vec<Sheet>) -> Vec<Sheet> {
    let mut all = Sheet::default();
    for page in pages {
        let questions = page.parts.iter().filter_map(|part| if let Part::Question(at) = part { Some(*at) } else { None });
        let (first, last) = (questions.clone().min(), questions.max());
        if let (Some(first), Some(last)) = (first, last) {
            all.parts.push(Part::Heading { title: page.title, description: page.description, depth: 0, inside: first..last + 1 });
        }
        all.parts.extend(page.parts);
    }
    vec![all]
}

#[derive(Default)]
struct Walk {
    pages: Vec<Sheet>,
    wordings: Vec<Wording>,
}

impl Walk {
    fn page(&mut self, page: &Map<String, Value>) {
        let sheet = Sheet { title: Text::of(page, &["title"]), description: Text::of(page, &["description"]), parts: Vec::new() };
        self.page_of(page, sheet);
    }

    fn page_of(&mut self, holder: &Map<String, Value>, mut sheet: Sheet) {
        self.elements(holder, 0, &mut sheet.parts);
        self.pages.push(sheet);
    }

    fn elements(&mut self, holder: &Map<String, Value>, depth: usize, parts: &mut Vec<Part>) {
        let elements = ["elements", "questions"].iter().find_map(|name| holder.get(*name)).and_then(Value::as_array);
        for element in elements.into_iter().flatten().filter_map(Value::as_object) {
            if element.get("type").and_then(Value::as_str) != Some("panel") {
                parts.push(Part::Question(self.wordings.len()));
                self.wordings.push(wording(element));
                continue;
            }
            let (first, place) = (self.wordings.len(), parts.len());
            self.elements(element, depth + 1, parts);
            let (title, description) = (Text::of(element, &["title"]), Text::of(element, &["description"]));
            parts.insert(place, Part::Heading { title, description, depth, inside: first..self.wordings.len() });
        }
    }
}

fn wording(element: &Map<String, Value>) -> Wording {
    let kind = element.get("type").and_then(Value::as_str).unwrap_or_default();
    let flag = |names: &[&str]| names.iter().any(|name| element.get(*name) == Some(&Value::Bool(true)));
    let order = if kind == "matrix" { ["rowOrder", "rowsOrder"] } else { ["choicesOrder", "choicesOrder"] };
    Wording {
        title: Text::of(element, &["title"]),
        description: Text::of(element, &["description"]),
        placeholder: Text::of(element, &["placeholder", "placeHolder"]),
        comment: Text::of(element, &["commentText"]),
        choices: choices(element, kind),
        rows: items(element.get("rows")),
        columns: items(element.get("columns")),
        least: Text::of(element, &["minRateDescription", "mininumRateDescription"]),
        most: Text::of(element, &["maxRateDescription", "maximumRateDescription"]),
        order: match order.iter().find_map(|name| element.get(*name)).and_then(Value::as_str) {
            Some("asc") => Order::Rising,
            Some("desc") => Order::Falling,
            Some("random") => Order::Random,
            _ => Order::Listed,
        },
        all: flag(&["showSelectAllItem", "hasSelectAll"]),
        all_text: Text::of(element, &["selectAllText"]),
        swapped: flag(&["swapOrder"]),
    }
}

fn items(list: Option<&Value>) -> Vec<Text> {
    let item = |item: &Value| item.as_object().map(|item| Text::of(item, &["text"])).unwrap_or_default();
    list.and_then(Value::as_array).into_iter().flatten().map(item).collect()
}

/// The words of the options, in the order in which the compiler lists them.
fn choices(element: &Map<String, Value>, kind: &str) -> Vec<Text> {
    match kind {
        "boolean" => vec![Text::of(element, &["labelTrue"]), Text::of(element, &["labelFalse"])],
        "rating" => items(element.get("rateValues")),
        _ => {
            const SPECIAL: [(&[&str], &str); 4] = [
                (&["showNoneItem", "hasNone"], "noneText"),
                (&["showRefuseItem"], "refuseText"),
                (&["showDontKnowItem"], "dontKnowText"),
                (&["showOtherItem", "hasOther"], "otherText"),
            ];
            let shown = |flags: &[&str]| flags.iter().find_map(|flag| element.get(*flag)) == Some(&Value::Bool(true));
            let special = SPECIAL.iter().filter(|(flags, _)| kind != "ranking" && shown(flags));
            items(element.get("choices")).into_iter().chain(special.map(|(_, text)| Text::of(element, &[text]))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reads(text: &Value, language: &str, easy: bool) -> String {
        let reader = Reader { language: language.into(), easy };
        Text::read(text).say(&reader).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_text_is_read_in_the_nearest_language() {
        let text = json!({"default": "Name", "de": "Namen", "easy": "Your name", "de-easy": "Dein Name"});
        for (language, easy, said) in [
            ("en", false, "Name"),
            ("en-GB", true, "Your name"),
            ("de-AT", false, "Namen"),
            ("de", true, "Dein Name"),
            ("cy", false, "Name"),
            ("cy", true, "Your name"),
        ] {
            assert_eq!(reads(&text, language, easy), said, "{language} {easy}");
        }
        assert_eq!(reads(&json!({"fr": "Nom", "fr-easy": "Ton nom"}), "de", false), "Nom");
        assert_eq!(reads(&json!("Plain"), "de", true), "Plain");
    }

    #[test]
    fn pages_follow_the_mode_of_the_form() {
        let form = |mode: &str| {
            read(&json!({"questionsOnPageMode": mode, "pages": [
                {"title": "One", "elements": [
                    {"type": "panel", "title": "P", "elements": [{"type": "text", "name": "a"}, {"type": "text", "name": "b"}]}]},
                {"title": {"default": "Two", "cy": "Dau"}, "elements": [{"type": "text", "name": "c"}]},
            ]}))
        };
        let parts = |layout: Layout| layout.pages.iter().map(|page| page.parts.len()).collect::<Vec<_>>();
        assert_eq!(parts(form("standard")), [3, 1]);
        assert_eq!(parts(form("questionPerPage")), [2, 2, 1], "a heading and a question each");
        assert_eq!(parts(form("singlePage")), [6], "the titles of pages become headings");
        assert_eq!(form("standard").languages, ["cy"]);
    }
}
