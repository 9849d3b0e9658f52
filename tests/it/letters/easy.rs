//! Easy Read: what it asks of letters (domain.md 1): at most 15 words a sentence, one idea a sentence, words of every day, short
//! paragraphs with headings. And nothing that people need to know may be lost on the way.

use super::{Form, every_form, masked};
use crate::{
    harness::Mail,
    words::{banned, files, literals, sentences},
};
use std::{collections::BTreeSet, fs, path::Path};
use syn::visit::{self, Visit};

/// No sentence has more words.
const LONGEST: usize = 15;
/// No paragraph has more sentences.
const SENTENCES: usize = 6;
/// Words that are not of every day, or that Easy Read says in another way.
const HARD: [&str; 37] = [
    "involve",
    "involved",
    "involves",
    "participate",
    "participation",
    "preparation",
    "preparing",
    "consultation",
    "afterwards",
    "among",
    "drawn",
    "by lot",
    "pausing",
    "whoever",
    "beyond",
    "however",
    "therefore",
    "additional",
    "receive",
    "require",
    "request",
    "provide",
    "assist",
    "confirm",
    "select",
    "deadline",
    "feedback",
    "previously",
    "regardless",
    "concerning",
    "approximately",
    "sufficient",
    "need not",
    "need give",
    "as well as",
    "in the meantime",
    "owed",
];

/// What is wrong with words in Easy Read.
fn judged(text: &str) -> Vec<String> {
    let mut wrong: Vec<String> = banned(text).map(|word| format!("the word “{word}”")).collect();
    let plain = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    let plain = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
    wrong.extend(HARD.iter().filter(|word| plain.contains(&format!(" {word} "))).map(|word| format!("the word “{word}”")));
    let long = sentences(text).into_iter().filter(|(_, words)| *words > LONGEST);
    wrong.extend(long.map(|(sentence, words)| format!("{words} words: {sentence}")));
    if text.contains(';') {
        wrong.push("two ideas in one sentence".to_owned());
    }
    for short in ["n't", "n’t", "'re ", "’re ", "'ll ", "’ll "] {
        if text.contains(short) {
            wrong.push(format!("the short form “{short}”"));
        }
    }
    wrong
}

/// A letter's paragraphs behind its subject line.
fn paragraphs(letter: &Mail) -> Vec<String> {
    let text = letter.text();
    text.split_once("\n\n").unwrap().1.split("\n\n").map(str::to_owned).collect()
}

fn easy() -> impl Iterator<Item = (&'static str, &'static Mail)> {
    let (_, all) = every_form().iter().find(|(form, _)| *form == Form::EasyRead).unwrap();
    all.iter().filter(|(kind, _)| !kind.starts_with("accounts.")).map(|(kind, letter)| (*kind, letter))
}

#[test]
fn every_easy_letter_has_short_sentences_everyday_words_and_short_paragraphs_with_headings() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (kind, letter) in easy() {
        seen += 1;
        let paragraphs = paragraphs(letter);
        // The subject is the first heading; there is at least one more.
        let headings = paragraphs.iter().filter(|part| part.ends_with("--") && part.lines().count() >= 2).count();
        if headings == 0 {
            wrong.push(format!("{kind}: no heading"));
        }
        for part in &paragraphs {
            wrong.extend(judged(part).into_iter().map(|what| format!("{kind}: {what}")));
            if sentences(part).len() > SENTENCES {
                wrong.push(format!("{kind}: a long paragraph: {part}"));
            }
        }
    }
    assert_eq!(seen, super::KINDS.len() - 2);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Days, amounts of money and addresses in a text.
fn facts(letter: &Mail) -> BTreeSet<String> {
    let text = masked(&paragraphs(letter).join("\n\n"));
    let words: Vec<&str> = text.split_whitespace().collect();
    let trimmed = |word: &str| word.trim_end_matches(['.', ',', ':', ')']).to_owned();
    let day = |three: &[&str]| {
        let is_day = three[0].parse::<u32>().is_ok() && three[1].chars().all(char::is_alphabetic);
        (is_day && trimmed(three[2]).parse::<u32>().is_ok_and(|year| year > 2000)).then(|| trimmed(&three.join(" ")))
    };
    let days = words.windows(3).filter_map(day);
    let others = words.iter().filter(|word| word.starts_with('£') || word.contains('@') || word.contains("://"));
    days.chain(others.map(|word| trimmed(word))).collect()
}

#[test]
fn no_easy_letter_lacks_a_day_an_amount_or_an_address_of_the_plain_one() {
    let plain = &every_form()[0].1;
    let mut all = 0;
    for (kind, letter) in easy() {
        let (needed, there) = (facts(&plain[kind]), facts(letter));
        all += needed.len();
        let lost: Vec<_> = needed.difference(&there).collect();
        assert!(lost.is_empty(), "{kind}: {lost:?} not in {there:?}");
        assert_ne!(paragraphs(letter), paragraphs(&plain[kind]), "{kind}: no words of its own");
    }
    assert!(all > 40, "{all}");
}

/// The second words of every `both(plain, easy)`.
#[derive(Default)]
struct Easy(Vec<String>);

impl Visit<'_> for Easy {
    fn visit_expr_call(&mut self, call: &syn::ExprCall) {
        let named = matches!(&*call.func, syn::Expr::Path(path) if path.path.is_ident("both"));
        if let (true, Some(easy)) = (named, call.args.get(1)) {
            let mut found = Literals::default();
            found.visit_expr(easy);
            self.0.extend(found.0);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        if !item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            visit::visit_item_mod(self, item);
        }
    }
}

#[derive(Default)]
struct Literals(Vec<String>);

impl Visit<'_> for Literals {
    fn visit_lit_str(&mut self, literal: &syn::LitStr) {
        self.0.push(literal.value());
    }

    fn visit_macro(&mut self, item: &syn::Macro) {
        literals(item.tokens.to_string().parse().unwrap(), &mut self.0);
    }
}

/// Also of what no letter above happens to say.
#[test]
fn every_wording_in_easy_read_has_one_short_sentence_a_line() {
    let (mut sources, mut found) = (Vec::new(), Easy::default());
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "rs", &mut sources);
    for path in sources.iter().filter(|path| !path.ends_with("platform/mail/letter.rs")) {
        let text = fs::read_to_string(path).unwrap();
        if text.contains("both(") {
            found.visit_file(&syn::parse_file(&text).unwrap());
        }
    }
    assert!(found.0.len() > 80, "{}", found.0.len());
    let mut wrong = Vec::new();
    for text in &found.0 {
        for line in text.lines() {
            let line = line.replace("{}.", "this.");
            wrong.extend(judged(&line).into_iter().map(|what| format!("{what}: {line}")));
            if sentences(&line).len() > 1 && text.contains('\n') {
                wrong.push(format!("more than one sentence: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rules_of_easy_read_find_what_they_are_for() {
    assert_eq!(judged("You can say yes. You can say no."), Vec::<String>::new());
    let long = format!("{}.", vec!["word"; LONGEST + 1].join(" "));
    for bad in
        ["You are involved.", "You need not do it.", "Say yes; say no.", "You don't have to.", "This is only a draft.", &long]
    {
        assert_eq!(judged(bad).len(), 1, "{bad}: {:?}", judged(bad));
    }
}
