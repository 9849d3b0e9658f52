//! What coordinators say in letters in their own words: written, looked at, and sent to oneself.

use super::{at, found, page};
use crate::{
    accounts::Power,
    invitations::{
        letters::sample::Sample,
        wording::{
            self,
            check::Matter,
            markdown::ALLOWED,
            rules::{self, VARIABLES},
            show,
        },
    },
    pages::{
        console::{
            desk::{Seat, again, fresh, mistaken, seat},
            words::{Word, read},
        },
        kit::{Block, Desk, Field, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    participants::is_language,
    platform::{Error, Result},
};
use entity::{LetterFormat, LetterWord, OwnForm, OwnLetter, OwnSlot, letter_words, opportunity};
use poem::{Route, get};
use std::sync::Arc;

/// The fields of the page, and what each is about.
const FIELDS: [(&str, OwnSlot, OwnForm, &str); 4] = [
    ("opening", OwnSlot::Opening, OwnForm::Plain, "Behind the greeting"),
    ("closing", OwnSlot::Closing, OwnForm::Plain, "At the end"),
    ("opening_easy", OwnSlot::Opening, OwnForm::EasyRead, "Behind the greeting, in Easy Read"),
    ("closing_easy", OwnSlot::Closing, OwnForm::EasyRead, "At the end, in Easy Read"),
];

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route
        .at("/console/:slug/opportunities/:opportunity/letters", get(ask(desk, console, all)))
        .at(
            "/console/:slug/opportunities/:opportunity/letters/edit",
            get(ask(desk, console, edit)).post(act(desk, console, save)),
        )
        .at(
            "/console/:slug/opportunities/:opportunity/letters/look",
            get(ask(desk, console, look)).post(act(desk, console, test)),
        )
        .at("/console/:slug/opportunities/:opportunity/letters/look/html", get(ask(desk, console, look_html)))
}

/// What the address is about.
fn wanted(visit: &Visit) -> Sample {
    let language = visit.query.trimmed("language").to_lowercase();
    Sample {
        letter: read(visit.query.text("letter")).unwrap_or(OwnLetter::Invite),
        format: read(visit.query.text("format")).unwrap_or(LetterFormat::Plain),
        language: if is_language(&language) { language } else { "en".into() },
    }
}

fn to(seat: &Seat<'_>, way: &opportunity::Model, page: &str, wanted: &Sample, more: &str) -> String {
    let Sample { letter, format, language } = wanted;
    at(seat, way, &format!("/letters/{page}?letter={letter}&language={language}&format={format}{more}"))
}

async fn newest(seat: &Seat<'_>, way: &opportunity::Model) -> Result<Option<letter_words::Model>> {
    wording::newest(seat.db(), way.organisation_id, way.id).await
}

fn words_of(row: Option<&letter_words::Model>) -> &[LetterWord] {
    row.map_or(&[], |row| row.words.0.as_slice())
}

async fn all(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let kept = newest(&seat, &way).await?;
    let words = words_of(kept.as_ref());
    let lacking = Matter::of(seat.db(), way.organisation_id, way.id).await?.count(seat.db()).await?;
    let mut page = page(&seat, &way, "Your own words in letters")
        .said((visit.query.text("done") == "saved").then_some("Saved."))
        .text("Each letter has its usual words. You can say something in your own words behind the greeting and at the end.")
        .text("The facts, what is promised, why people are asked, and how to say no stay as they are.")
        .text("Letters that are written from now on have your words. Letters that wait already stay as they are.");
    if lacking > 0 {
        let people = if lacking == 1 { "1 person".into() } else { format!("{lacking} people") };
        let says = [
            format!("The letters of {people} would have a gap: no name, or no words in their language or in Easy Read."),
            "Nobody can be asked until every letter is whole.".to_owned(),
        ];
        page = page.block(Block::Important("Please look at this".into(), says.to_vec()));
    }
    for letter in OwnLetter::ALL {
        let languages: Vec<&str> = rules::languages(words, *letter).into_iter().collect();
        let said = match languages.as_slice() {
            [] => "It has its usual words.".to_owned(),
            languages => format!("It has your words in: {}.", languages.join(", ")),
        };
        let others = languages.iter().filter(|language| **language != "en");
        let mut links = Vec::new();
        for language in ["en"].iter().chain(others) {
            let wanted = Sample { letter: *letter, format: LetterFormat::Plain, language: (*language).to_owned() };
            links.push(Link::new(format!("Write in {language}: {}", letter.said()), to(&seat, &way, "edit", &wanted, "")));
            links.push(Link::new(format!("Look at it in {language}: {}", letter.said()), to(&seat, &way, "look", &wanted, "")));
        }
        page = page.heading(letter.said()).text(said).block(Block::Links(links));
    }
    Ok(page.into())
}

fn form(wanted: &Sample, kept: Option<&letter_words::Model>) -> Form {
    let words = words_of(kept);
    let hint = "A language tag, such as en or cy. People who read another language get the words in en.";
    let mut form = Form::default().field(Field::line("language", "Language", &wanted.language).hint(hint));
    for (name, slot, form_of, label) in FIELDS {
        let of = |word: &&LetterWord| {
            (word.letter, word.slot, word.form) == (wanted.letter, slot, form_of) && word.language == wanted.language
        };
        let text = words.iter().find(of).map_or("", |word| word.text.as_str());
        form = form.field(Field::area(name, label, text).optional().rows(6));
    }
    form.version(kept.map_or(0, |row| row.n)).submit(Submit::new("Save"))
}

fn edit_page(seat: &Seat<'_>, way: &opportunity::Model, wanted: &Sample, form: Form) -> Page {
    let may = |missing| if missing { "; it may be missing" } else { "" };
    let gap = |known: &rules::Variable| format!("{{{{ {} }}}}: {}{}.", known.name, known.what, may(known.may_be_missing));
    let gaps = VARIABLES.iter().map(gap).collect();
    page(seat, way, wanted.letter.said())
        .text(ALLOWED)
        .text("Easy Read is written apart, in short sentences. Nothing is made out of the other words.")
        .block(Block::Details(
            "What can be put in for each person".into(),
            vec![
                Block::List(gaps),
                Block::Text("For people who have none, write another word behind a line: {{ name | neighbour }}.".into()),
            ],
        ))
        .form(form)
        .block(Block::Links(vec![
            Link::new("Look at this letter", to(seat, way, "look", wanted, "")),
            Link::new("All letters", at(seat, way, "/letters")),
        ]))
}

async fn edit(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let kept = newest(&seat, &way).await?;
    let wanted = wanted(&visit);
    Ok(edit_page(&seat, &way, &wanted, form(&wanted, kept.as_ref())).into())
}

/// The words with those of this page in their place, and the field from which each of these comes.
fn changed(visit: &Visit, wanted: &Sample, language: &str, before: &[LetterWord]) -> (Vec<LetterWord>, Vec<&'static str>) {
    let here = |word: &&LetterWord| word.letter == wanted.letter && word.language == language;
    let mut words: Vec<LetterWord> = FIELDS
        .iter()
        .filter(|(name, ..)| !visit.fields.trimmed(name).is_empty())
        .map(|(name, slot, form, _)| LetterWord {
            letter: wanted.letter,
            slot: *slot,
            language: language.to_owned(),
            form: *form,
            text: visit.fields.text(name).replace("\r\n", "\n"),
        })
        .collect();
    let fields = FIELDS.iter().map(|(name, ..)| *name).filter(|name| !visit.fields.trimmed(name).is_empty()).collect();
    words.extend(before.iter().filter(|word| !here(word)).cloned());
    (words, fields)
}

async fn save(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let kept = newest(&seat, &way).await?;
    let wanted = wanted(&visit);
    let language = visit.fields.trimmed("language").to_lowercase();
    let saved = async {
        if !is_language(&language) {
            return Err(Error::invalid("/language", "form", "Use a language tag, such as en or cy."));
        }
        let (words, fields) = changed(&visit, &wanted, &language, words_of(kept.as_ref()));
        let set = wording::set(seat.platform(), &seat.actor, way.id, Some(&visit.fields.if_match()?), words).await;
        // What is wrong with a text stands beside the field in which it was written.
        set.map_err(|error| match error {
            Error::Invalid(mut list) => {
                for one in &mut list {
                    let nth = one.pointer.strip_prefix("/words/").and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
                    if let Some(field) = nth.and_then(|nth| fields.get(nth)) {
                        one.pointer = format!("/{field}");
                    }
                }
                Error::Invalid(list)
            }
            error => error,
        })
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, &way, "/letters?done=saved")),
        Err(error) => {
            let form = again(form(&wanted, kept.as_ref()), &visit, error)?;
            Ok(mistaken(edit_page(&seat, &way, &wanted, form)).into())
        }
    }
}

fn test_form(seat: &Seat<'_>, way: &opportunity::Model, wanted: &Sample) -> Form {
    fresh(seat, Form::button(to(seat, way, "look", wanted, ""), "Send it to my own address"))
}

async fn look(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let wanted = wanted(&visit);
    let base = page(&seat, &way, wanted.letter.said()).caption("As somebody made up gets it. Its links do nothing.");
    let base =
        base.said((visit.query.text("done") == "sent").then_some("It is on its way to your own address, marked as a test."));
    let other = |format: LetterFormat| Sample { format, ..wanted.clone() };
    let forms = [LetterFormat::Plain, LetterFormat::EasyRead, LetterFormat::LargePrint].into_iter();
    let links = forms
        .filter(|format| *format != wanted.format)
        .map(|format| Link::new(format!("See it: {}", format.said()), to(&seat, &way, "look", &other(format), "")));
    let mut links: Vec<Link> = links.collect();
    links.push(Link::new("Change the words", to(&seat, &way, "edit", &wanted, "")));
    links.push(Link::new("All letters", at(&seat, &way, "/letters")));
    let shown = match show::preview(seat.platform(), way.organisation_id, way.id, &wanted).await {
        Ok(shown) => shown,
        Err(Error::Conflict { detail, items, .. }) => {
            let gaps = items.into_iter().map(|gap| gap.detail).collect();
            return Ok(base.block(Block::Important(detail, gaps)).block(Block::Links(links)).into());
        }
        Err(error) => return Err(error),
    };
    let others = match shown.others {
        0 => None,
        1 => Some("1 person reads another language, and gets the English words.".to_owned()),
        many => Some(format!("{many} people read other languages, and get the English words.")),
    };
    let tongue = shown.own_language.filter(|language| language != "en");
    let spoken = |block: Block| match &tongue {
        Some(language) => Block::In(language.clone(), vec![block]),
        None => block,
    };
    let html = Block::Apart("The letter, as most mail programs show it".into(), to(&seat, &way, "look/html", &wanted, ""));
    let page = base
        .blocks(others.map(Block::Text))
        .block(spoken(Block::Heading(shown.shown.subject)))
        .text("It is sent in two forms, and each mail program shows one of them. Both say the same.")
        .block(Block::Subheading("As most mail programs show it".into()))
        .block(html)
        .block(Block::Subheading("As words alone".into()))
        .block(spoken(Block::Quote(shown.shown.text)))
        .form(test_form(&seat, &way, &wanted));
    Ok(page.block(Block::Links(links)).into())
}

/// The letter alone, as it stands in the page that looks at it. A press on one of its links opens nothing: where nothing may open
/// anew, a link that would does not.
async fn look_html(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let shown = show::preview(seat.platform(), way.organisation_id, way.id, &wanted(&visit)).await?;
    Ok(Reply::apart(shown.shown.html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1)))
}

async fn test(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let wanted = wanted(&visit);
    let address = to(&seat, &way, "look", &wanted, "&done=sent");
    let once = seat.once().await?;
    if once.seen_at().is_none() {
        show::send_test(once.tx(), seat.platform(), &seat.actor, way.id, &wanted).await?;
        once.commit_at(&address).await?;
        seat.platform().wake.notify_one();
    }
    Reply::to(address)
}
