//! The words that people read: plain, short, and never pushing.
//!
//! Every text in the sources of what participants see is collected from the program itself (string literals, by their place
//! in the syntax) and from the templates, and judged by the same rules as the letters.

use alongside::integrity::ladder::LADDER;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use syn::visit::{self, Visit};

/// Words and phrases that push, belittle, hurry, or that people outside offices do not use.
pub const BANNED: [&str; 73] = [
    // What pushes, belittles or hurries (domain.md 2, S24 and M14).
    "only",
    "just",
    "simply",
    "merely",
    "upgrade",
    "sorry",
    "unfortunately",
    "hurry",
    "obviously",
    "of course",
    "easy",
    "easily",
    "quick and easy",
    "don't miss",
    "last chance",
    "act now",
    "exciting",
    "valued",
    "we value",
    "you must",
    "you should",
    // What makes people a kind of people.
    "vulnerable",
    "hard to reach",
    "service user",
    "service users",
    "user",
    "users",
    "respondent",
    "respondents",
    "beneficiary",
    "beneficiaries",
    "stakeholder",
    "stakeholders",
    "give a voice",
    "give voice",
    "giving a voice",
    "empower",
    "empowerment",
    "normal people",
    "ordinary people",
    "suffering from",
    "the disabled",
    // Words of offices.
    "utilise",
    "leverage",
    "facilitate",
    "in order to",
    "prior to",
    "commence",
    "terminate",
    "terminated",
    "regarding",
    "in respect of",
    "with respect to",
    "pursuant",
    "hereby",
    "herein",
    "aforementioned",
    "thereof",
    "mandatory",
    "is required to",
    "has been actioned",
    "it has been determined",
    "is being processed",
    "will be processed",
    // Words of machines.
    "invalid",
    "illegal",
    "click",
    "click here",
    "log in",
    "login",
    "token",
    "null",
    "endpoint",
];

/// No sentence has more words.
const LONGEST: usize = 25;
/// A text's sentences have no more words than this on average.
const AVERAGE: usize = 15;
/// No sentence in Easy Read has more words (domain.md 1, Easy Read).
const EASY: usize = 15;

/// The sentences of a text with the number of words in each; links, headings' underlines and list marks are no words.
pub fn sentences(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for block in text.split("\n\n") {
        let words = block.split_whitespace().filter(|word| !word.contains("://") && word.chars().any(char::is_alphanumeric));
        let mut sentence: Vec<&str> = Vec::new();
        for word in words {
            sentence.push(word);
            if word.trim_end_matches(['”', '"', ')', '\'']).ends_with(['.', '?', '!', ':']) {
                found.push((sentence.join(" "), sentence.len()));
                sentence.clear();
            }
        }
        if !sentence.is_empty() {
            found.push((sentence.join(" "), sentence.len()));
        }
    }
    found
}

/// The banned words in a text. “Easy Read” is the name of a way of writing, and what stands in an address is no word at all.
pub fn banned(text: &str) -> impl Iterator<Item = &'static str> {
    let text = text.split_whitespace().filter(|word| !word.contains("://")).collect::<Vec<_>>().join(" ");
    let text = text.replace("Easy Read", "").replace('’', "'").to_lowercase();
    let plain = text.replace(|c: char| !c.is_alphanumeric() && c != '\'', " ");
    let plain = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
    BANNED.into_iter().filter(move |word| plain.contains(&format!(" {word} ")))
}

/// A text, and the file in which it stands.
struct Text {
    file: String,
    text: String,
}

/// Collects the texts of a file.
#[derive(Default)]
struct Texts(Vec<String>);

/// Calls and macros whose words are for operators and programmers.
const FOR_OPERATORS: [&str; 12] = [
    "bug",
    "unavailable",
    "Unavailable",
    "expect",
    "error",
    "warn",
    "info",
    "debug",
    "trace",
    "assert",
    "assert_eq",
    "unreachable",
];

fn is_for_operators(name: Option<&syn::Ident>) -> bool {
    name.is_some_and(|name| FOR_OPERATORS.iter().any(|known| name == known))
}

impl Visit<'_> for Texts {
    fn visit_lit_str(&mut self, literal: &syn::LitStr) {
        self.0.push(literal.value());
    }

    // Documentation is written for programmers, and so are other attributes.
    fn visit_attribute(&mut self, _: &syn::Attribute) {}

    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        let tests = item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !tests {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_expr_call(&mut self, call: &syn::ExprCall) {
        let name = match &*call.func {
            syn::Expr::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
            _ => None,
        };
        if !is_for_operators(name) {
            visit::visit_expr_call(self, call);
        }
    }

    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        if is_for_operators(Some(&call.method)) {
            self.visit_expr(&call.receiver);
        } else {
            visit::visit_expr_method_call(self, call);
        }
    }

    fn visit_macro(&mut self, item: &syn::Macro) {
        if !is_for_operators(item.path.segments.last().map(|segment| &segment.ident)) {
            literals(item.tokens.to_string().parse().unwrap(), &mut self.0);
        }
    }
}

/// The string literals in a macro's tokens.
pub fn literals(tokens: proc_macro2::TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Group(group) => literals(group.stream(), found),
            proc_macro2::TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    found.push(text.value());
                }
            }
            _ => {}
        }
    }
}

/// Whether a literal is something that people read, and no name, address, call or statement.
fn is_text(literal: &str) -> bool {
    let words = literal.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    words >= 2
        && !literal.starts_with(['/', '<', '.', '#'])
        && !["default-src", "()", "SELECT ", "ORDER BY"].iter().any(|sign| literal.contains(sign))
}

/// Whether a source file holds texts for participants, or for coordinators on pages: the pages and the letters themselves, and
/// every room, whose refusals the pages print. The shapes of the API speak to programmers, and exports are tables.
fn is_for_people(path: &str) -> bool {
    let apart = ["pages/docs.rs", "responses/export.rs", "responses/lookup.rs"];
    let machines = ["app.rs", "lib.rs", "main.rs", "commands/", "platform/", "webhooks/", "questionnaires/expression/"];
    let told = ["platform/text.rs", "platform/csv.rs", "platform/error.rs", "platform/http/upload.rs", "platform/mail/rules.rs"];
    let inside = path.contains("/api") || path.contains("/tests") || path.ends_with("/jobs.rs");
    told.contains(&path) || !inside && !apart.contains(&path) && !machines.iter().any(|part| path.starts_with(part))
}

pub fn files(folder: &Path, end: &str, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, end, all);
        } else if path.extension().is_some_and(|found| found == end) {
            all.push(path);
        }
    }
    all.sort();
}

/// What a template says, without its tags and its commands.
fn template_texts(text: &str) -> Vec<String> {
    let text: String = match text.split_once("<style>") {
        Some((head, rest)) => format!("{head}{}", rest.split_once("</style>").map_or("", |(_, rest)| rest)),
        None => text.to_owned(),
    };
    let mut plain = String::new();
    let (mut tag, mut command) = (false, false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' if matches!(rest.peek(), Some('%' | '{' | '#')) => command = true,
            '}' if command => command = rest.peek() == Some(&'}'),
            '<' if !command => {
                tag = true;
                plain.push('\u{1}');
            }
            '>' if tag && !command => tag = false,
            _ if !tag && !command => plain.push(c),
            _ => {}
        }
    }
    plain.split('\u{1}').map(|part| part.trim().to_owned()).filter(|part| is_text(part)).collect()
}

/// Every text that participants or coordinators may see.
fn texts() -> Vec<Text> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut sources, mut templates, mut all) = (Vec::new(), Vec::new(), Vec::new());
    files(&root.join("src"), "rs", &mut sources);
    for path in sources {
        let file = path.strip_prefix(root.join("src")).unwrap().to_string_lossy().replace('\\', "/");
        if is_for_people(&file) {
            let mut found = Texts::default();
            found.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
            all.extend(found.0.into_iter().filter(|text| is_text(text)).map(|text| Text { file: file.clone(), text }));
        }
    }
    files(&root.join("templates"), "html", &mut templates);
    for path in templates {
        let file = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let found = template_texts(&fs::read_to_string(&path).unwrap());
        all.extend(found.into_iter().map(|text| Text { file: file.clone(), text }));
    }
    all
}

/// The names of a program in a text: whatever stands in backticks, and words with an underscore. What stands in braces is put
/// in when the text is told.
fn names(text: &str) -> Vec<String> {
    let parts = text.split('{').enumerate();
    let told: String =
        parts.map(|(at, part)| if at == 0 { part } else { part.split_once('}').map_or("", |(_, told)| told) }).collect();
    let is_name = |word: &&str| {
        let inside = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '`');
        !word.contains("://") && (inside.contains('`') || inside.contains('_'))
    };
    told.split_whitespace().filter(is_name).map(str::to_owned).collect()
}

/// What is wrong with a text.
fn judged(text: &str) -> Vec<String> {
    let mut wrong: Vec<String> = banned(text).map(|word| format!("the word “{word}”")).collect();
    wrong.extend(names(text).into_iter().map(|name| format!("the name “{name}”")));
    if text.contains('!') {
        wrong.push("an exclamation mark".into());
    }
    for short in ["e.g.", "i.e.", "etc.", " etc ", "cf.", "viz.", "n.b.", "asap"] {
        if text.to_lowercase().contains(short) {
            wrong.push(format!("“{short}”"));
        }
    }
    let sentences = sentences(text);
    wrong.extend(sentences.iter().filter(|(_, words)| *words > LONGEST).map(|(_, words)| format!("a sentence of {words} words")));
    let total: usize = sentences.iter().map(|(_, words)| words).sum();
    if sentences.len() > 1 && total > AVERAGE * sentences.len() {
        wrong.push(format!("{total} words in {} sentences", sentences.len()));
    }
    wrong
}

#[test]
fn every_text_that_people_see_is_plain() {
    let all = texts();
    let files: BTreeSet<_> = all.iter().map(|text| text.file.as_str()).collect();
    assert!(all.len() > 500 && files.len() > 40, "{} texts in {} files: {files:?}", all.len(), files.len());
    let mut wrong = Vec::new();
    for Text { file, text } in &all {
        wrong.extend(judged(text).into_iter().map(|what| format!("{file}: {what}: {text}")));
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    let sentences: Vec<_> = all.iter().flat_map(|text| sentences(&text.text)).collect();
    let words: usize = sentences.iter().map(|(_, words)| words).sum();
    assert!(words < 11 * sentences.len(), "{words} words in {} sentences", sentences.len());
}

#[test]
fn easy_read_has_short_sentences_and_one_idea_a_line() {
    for step in LADDER {
        for line in step.easy_read.lines() {
            let found = sentences(line);
            assert_eq!(found.len(), 1, "{line}");
            assert!(found[0].1 <= EASY, "{line}");
            assert_eq!(judged(line), Vec::<String>::new(), "{line}");
        }
    }
}

#[test]
fn the_rules_find_what_they_are_for() {
    for (text, what) in [
        ("You can just upgrade.", 2),
        ("Easy Read", 0),
        ("This is easy.", 1),
        ("A user, e.g. you", 2),
        ("Welcome!", 1),
        ("Ask our justice team about their onlyfolk.", 0),
        ("Choose an hour after `from`.", 1),
        ("Name the ground in legal_basis_after.", 1),
        ("Use at most {MAX_TEXT} characters, as at https://there.example/a_b.", 0),
    ] {
        assert_eq!(judged(text).len(), what, "{text}: {:?}", judged(text));
    }
    let long = vec!["word"; LONGEST + 1].join(" ");
    assert_eq!(judged(&long).len(), 1);
    assert_eq!(judged(&format!("{} and then.", &long[..long.len() - 15])), Vec::<String>::new());
    assert_eq!(
        template_texts("<p class=\"a b\">Leave {{ page.title }} quickly</p>{% if a < b %}<b>x</b>{% endif %}"),
        ["Leave  quickly"]
    );
}
