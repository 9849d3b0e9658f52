//! What each of these pages says.

use super::{draw::Asked, read, to};
use crate::{
    consent::permits,
    invitations::{
        Guest,
        letters::{day, promise},
    },
    opportunities,
    pages::{
        invitation,
        kit::{Answered, Block, Form, Link, Page, Submit, Visit},
    },
    platform::Result,
    questionnaires::{self, Kind, Part, Reader},
    responses::drafts::Sitting,
};
use chrono_tz::Tz;
use entity::{Purpose, Time, opportunity, response};
use poem::http::StatusCode;
use serde_json::{Map, Value};

/// A moment as people write it.
fn moment(at: Time, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %B %Y at %H:%M").to_string()
}

/// The form of a page, with its buttons.
pub fn form(visit: &Visit, guest: &Guest, sitting: &Sitting, asked: &Asked<'_>, page: usize) -> Form {
    let open: Vec<usize> = asked.on(page).into_iter().filter(|at| asked.is_open(*at)).collect();
    let mut form = Form::to(to(visit, guest, &format!("/{}", page + 1), ""))
        .hidden(read::SHOWN, read::shown(&open))
        .hidden("questionnaire", sitting.questionnaire.to_string())
        .fields(asked.fields(page))
        .submit(Submit::new("Continue"));
    if asked.pages().first().is_some_and(|first| *first < page) {
        form = form.submit(Submit::new("Back").sends("go", "back"));
    }
    form = form.submit(Submit::new("Save and come back later").sends("go", "later"));
    if heads(asked, page) { form.heading() } else { form }
}

/// Whether the one question of a page is its heading.
pub fn heads(asked: &Asked<'_>, page: usize) -> bool {
    let Some(sheet) = asked.sheet(page) else { return false };
    let bare = asked.say(&sheet.title).is_none() && asked.say(&sheet.description).is_none();
    bare && asked.fields(page).len() == 1 && asked.on(page).iter().all(|at| asked.is_open(*at))
}

/// What a page of questions says above them. `otherwise` is its heading where the form has none.
pub fn around(asked: &Asked<'_>, page: usize, form: Form, otherwise: &str) -> Page {
    let (pages, layout) = (asked.pages(), asked.form.layout());
    let sheet = asked.sheet(page);
    let own = sheet.and_then(|sheet| asked.say(&sheet.title));
    let title = own.or_else(|| asked.say(&layout.title)).unwrap_or_else(|| otherwise.to_owned());
    let mut made = if heads(asked, page) {
        let title = asked.on(page).first().map(|at| asked.title(*at)).unwrap_or(title);
        Page::question(title, form)
    } else {
        Page::new(title).form(form)
    };
    let at = pages.iter().position(|one| *one == page).unwrap_or(0) + 1;
    made = made.caption(if pages.len() > 1 { format!("Page {at} of {}", pages.len()) } else { "Questions".into() });
    let mut above: Vec<Block> = Vec::new();
    if pages.first() == Some(&page) {
        above.extend(asked.say(&layout.description).map(Block::Text));
    }
    above.extend(sheet.and_then(|sheet| asked.say(&sheet.description)).map(Block::Text));
    let language = asked.language();
    if !language.is_empty() && !above.is_empty() {
        above = vec![Block::In(language, above)];
    }
    made.blocks.splice(0..0, above);
    made
}

/// A page of questions.
pub fn draw(visit: &Visit, guest: &Guest, sitting: &Sitting, asked: &Asked<'_>, page: usize, form: Form) -> Page {
    let said = match visit.query.text("note") {
        "changed" => {
            Some("The questions have changed. Answers to questions that stayed are kept. Please look at them once more.".into())
        }
        "back" => {
            sitting.saved.map(|(_, at)| format!("Your answers were saved on {}. You can go on here.", moment(at, sitting.zone)))
        }
        _ => None,
    };
    let mut made = around(asked, page, form, &sitting.offer.title).said(said);
    let new = visit.query.text("new").split('-').filter_map(|at| at.parse::<usize>().ok()).filter(|at| asked.is_open(*at));
    let links: Vec<Link> = new.take(20).map(|at| Link::new(asked.title(at), format!("#{}", anchor(asked, at)))).collect();
    if !links.is_empty() && made.mistakes.is_empty() {
        let text = "Your answers are saved. Because of them, there is more to answer on this page.".to_owned();
        made.blocks.splice(0..0, [Block::Important("More questions".into(), vec![text]), Block::Links(links)]);
    }
    made = made.block(Block::Links(switches(visit, guest, asked, &format!("/{}", page + 1))));
    made
}

/// Easy Read, where the questions have it; and the way to the invitation.
fn switches(visit: &Visit, guest: &Guest, asked: &Asked<'_>, rest: &str) -> Vec<Link> {
    let here = invitation::at(visit, guest.invitation.id, &format!("/questions{rest}"));
    let mut links = Vec::new();
    if asked.form.layout().easy {
        links.push(match visit.easy() {
            true => Link::new("Show these questions in their usual words", here),
            false => Link::new("Show these questions in Easy Read", format!("{here}?format=easy")),
        });
    }
    links.push(Link::new(
        "Back to the invitation, or take back what you agreed to",
        invitation::at(visit, guest.invitation.id, ""),
    ));
    links
}

/// Where a link to a question leads on its page.
fn anchor(asked: &Asked<'_>, at: usize) -> String {
    let first = match asked.question(at).map(|question| question.kind()) {
        Some(Kind::Radiogroup | Kind::Rating | Kind::Boolean | Kind::Checkbox) => "-0",
        _ => "",
    };
    format!("f-{}{first}", super::draw::name(at))
}

/// The answers of each page, in words.
pub fn summary(asked: &Asked<'_>, change: impl Fn(usize, usize) -> Option<String>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (nth, page) in asked.pages().into_iter().enumerate() {
        let own = asked.sheet(page).and_then(|sheet| asked.say(&sheet.title));
        blocks.push(Block::Heading(own.unwrap_or_else(|| format!("Page {}", nth + 1))));
        let row = |at: usize| {
            let said = asked.answer(at);
            let said = if said.is_empty() { vec!["No answer".to_owned()] } else { said };
            Answered { what: asked.title(at), said, change: change(page, at).filter(|_| asked.is_open(at)) }
        };
        blocks.push(Block::Summary(asked.on(page).into_iter().map(row).collect()));
    }
    blocks
}

/// Every answer, to check.
pub fn check(visit: &Visit, guest: &Guest, sitting: &Sitting, asked: &Asked<'_>) -> Page {
    let change = |page: usize, at: usize| format!("{}#{}", to(visit, guest, &format!("/{}", page + 1), ""), anchor(asked, at));
    let said = match visit.query.text("note") {
        "newer" => Some("Your answers were changed in another window. Nothing was handed in yet. Please look at them once more."),
        "changed" => {
            Some("The questions have changed. Answers to questions that stayed are kept. Please look at them once more.")
        }
        "back" => Some("Welcome back. Everything you answered is saved."),
        _ => None,
    };
    let mut page = Page::new("Check your answers").caption(sitting.offer.title.as_str()).said(said);
    let unchanged = sitting.saved.is_none() && sitting.handed_in.is_some() && !sitting.changed;
    let missing = missing(asked, &change);
    if let Some(handed_in) = &sitting.handed_in {
        let at = moment(handed_in.changed_at, sitting.zone);
        page = page.text(match unchanged {
            true => format!("This is what you handed in on {at}."),
            false => format!("You handed in answers on {at}. They stand until you hand in these."),
        });
    } else {
        page = page.text("Nothing is handed in yet.");
    }
    if !missing.is_empty() {
        let text = "These need your attention before you can hand in. Everything else is saved.".to_owned();
        page = page.block(Block::Important("Still to do".into(), vec![text])).block(Block::Links(missing.clone()));
    }
    page = page.blocks(summary(asked, |page, at| Some(change(page, at))));
    if !asked.cleared.is_empty() {
        page = page
            .block(Block::Note("Some answers belong to questions that you are no longer asked. They are not handed in.".into()));
    }
    if missing.is_empty() && !unchanged {
        let form = Form::to(to(visit, guest, "/submit", ""))
            .hidden("questionnaire", sitting.questionnaire.to_string())
            .hidden("draft", sitting.saved.map(|(version, _)| version.to_string()).unwrap_or_default())
            .submit(Submit::new("Hand in my answers"));
        page =
            page.heading("Hand in").text("You can change your answers until the end, and take them back at any time.").form(form);
    }
    let mut links = vec![Link::new("Come back later: everything is saved", to(visit, guest, "/saved", ""))];
    if sitting.handed_in.is_some() {
        links.push(Link::new("Your receipt", to(visit, guest, "/done", "")));
    }
    links.extend(switches(visit, guest, asked, "/check"));
    page.block(Block::Links(links))
}

/// What does not fit yet, each with a link to its page.
fn missing(asked: &Asked<'_>, change: &impl Fn(usize, usize) -> String) -> Vec<Link> {
    let home = |at: usize| asked.pages().into_iter().find(|page| asked.on(*page).contains(&at));
    let link = |one: &crate::platform::Violation| {
        let Some((at, page)) = asked.about(one).and_then(|at| Some((at, home(at)?))) else {
            return Link::new(one.detail.clone(), "#content");
        };
        Link::new(format!("{}: {}", asked.title(at), one.detail), change(page, at))
    };
    asked.violations.iter().map(link).collect()
}

/// Everything is saved.
pub fn saved(visit: &Visit, guest: &Guest, sitting: &Sitting) -> Page {
    let mut page = Page::new("Your answers are saved").caption(sitting.offer.title.as_str());
    if let Some((_, at)) = sitting.saved {
        page = page.text(format!("They were saved on {}. They are not handed in yet.", moment(at, sitting.zone)));
    }
    page = page.text("To go on, open the link in your letter once more. It also works on another phone or computer.");
    if let Some(last) = sitting.offer.closes_on {
        page = page.text(format!("You can answer until {}. What is not handed in by then is not used.", day(last)));
    }
    let links = vec![Link::new("Back to the invitation", invitation::at(visit, guest.invitation.id, ""))];
    page.block(Block::Go(Link::new("Go on now", to(visit, guest, "", "")))).block(Block::Links(links))
}

/// It has ended. What was handed in stands.
pub fn ended(text: &str, receipt: Option<String>) -> Page {
    let page = Page::new("This has ended").text(text).status(StatusCode::GONE);
    match receipt {
        Some(receipt) => {
            let page = page.text("What you handed in before stands. Changes that you did not hand in are not used.");
            page.block(Block::Links(vec![Link::new("What you handed in", receipt)]))
        }
        None => page.text("Answers that were not handed in are not used."),
    }
}

/// What was handed in when, and what happens now.
pub async fn receipt(
    visit: &Visit,
    guest: &Guest,
    offer: &opportunity::Model,
    form: &questionnaires::Form,
    handed_in: &response::Model,
    sitting: Option<&Sitting>,
    own: bool,
) -> Result<Page> {
    let db = visit.platform().db.read();
    let zone = opportunities::zone_of(visit.organisation().await?);
    let reader = Reader { language: sitting.map(|sitting| sitting.language.clone()).unwrap_or_default(), easy: visit.easy() };
    let answers = said(handed_in);
    let asked = Asked::new(form, &answers, reader.clone(), 0, questionnaires::wall_clock(handed_in.changed_at, zone));
    let mut facts = vec![("Handed in".to_owned(), moment(handed_in.submitted_at, zone))];
    if handed_in.version > 1 {
        facts.push(("Last changed".into(), moment(handed_in.changed_at, zone)));
    }
    let answered = (0..form.questions().len()).filter(|at| asked.is_answered(*at)).count();
    facts.push((
        "Questions you answered".into(),
        format!("{answered} of {}", asked.pages().iter().map(|page| asked.on(*page).len()).sum::<usize>()),
    ));
    let mut page = Page::new("Thank you. We have your answers").caption(offer.title.as_str()).block(Block::Facts(facts));
    if let Some(text) = asked.say(&form.layout().done) {
        page = page.text(text);
    }
    page = page.heading("What happens now");
    let now = visit.platform().clock.now();
    let told = permits(db, guest.organisation, guest.participant, Purpose::ContactFeedback, guest.organisation.0, now).await?;
    page = page.text(match (offer.feedback_due, told) {
        (Some(due), true) => format!("We write to you by {}. You hear what came of what people said.", day(due)),
        (None, true) => "We write to you when we know what came of what people said.".into(),
        (Some(due), false) => format!("By {} you can read on our public page what came of what people said.", day(due)),
        (None, false) => "You can read on our public page what came of what people said, when we know it.".into(),
    });
    let promised = promise(offer);
    if !promised.trim().is_empty() {
        page = page.text(format!("What we promise: {promised}"));
    }
    let agrees = permits(db, guest.organisation, guest.participant, Purpose::Participate, offer.id.0, now).await?;
    page = page.heading("Change or take back").blocks(if own {
        changing(visit, guest, offer, sitting)
    } else {
        vec![Block::Text("To read what you handed in, or to change it, sign in to your own page.".into())]
    });
    page = page.text(match agrees {
        true => "You can take your answers back at any time. You need give no reason.",
        false => "You have taken back that you take part. What was published before stays as it is.",
    });
    let mut links = Vec::new();
    if !own {
        let slug = &visit.organisation().await?.slug;
        links.push(Link::new("Go to my own page", visit.at(format!("/o/{slug}/me/record/{}/answers", offer.id))));
    }
    links.push(Link::new(
        "What you have agreed to, and how to take it back",
        invitation::at(visit, guest.invitation.id, "/agreed"),
    ));
    links.push(Link::new("Back to the invitation", invitation::at(visit, guest.invitation.id, "")));
    page = page.block(Block::Links(links));
    let words = || Block::Details("What you handed in".into(), written(form, handed_in, reader, zone));
    Ok(page.blocks(own.then(words)))
}

fn said(handed_in: &response::Model) -> Map<String, Value> {
    handed_in.answers.as_ref().and_then(|answers| answers.as_object().cloned()).unwrap_or_default()
}

/// What was answered, question by question, for staff: the question, and the answer in its own words.
pub fn told(form: &questionnaires::Form, handed_in: &response::Model, zone: Tz) -> Vec<(String, String)> {
    let (answers, reader) = (said(handed_in), Reader { language: "en".into(), easy: false });
    let asked = Asked::new(form, &answers, reader, 0, questionnaires::wall_clock(handed_in.changed_at, zone));
    let pages = asked.pages();
    let all = pages.into_iter().flat_map(|page| asked.on(page)).filter(|at| asked.is_answered(*at));
    all.map(|at| (asked.title(at), asked.answer(at).join("\n"))).collect()
}

/// What somebody has handed in, question by question.
pub fn written(form: &questionnaires::Form, handed_in: &response::Model, reader: Reader, zone: Tz) -> Vec<Block> {
    let answers = said(handed_in);
    summary(&Asked::new(form, &answers, reader, 0, questionnaires::wall_clock(handed_in.changed_at, zone)), |_, _| None)
}

fn changing(visit: &Visit, guest: &Guest, offer: &opportunity::Model, sitting: Option<&Sitting>) -> Vec<Block> {
    let mut blocks = Vec::new();
    match sitting {
        Some(sitting) if sitting.saved.is_some() => {
            blocks.push(Block::Text("You have begun to change your answers. The changes are not handed in yet.".into()));
            blocks.push(Block::Go(Link::new("Go on with the changes", to(visit, guest, "", ""))));
        }
        Some(sitting) => {
            let until = offer.closes_on.map(|last| format!(" until {}", day(last))).unwrap_or_default();
            blocks.push(Block::Text(format!("You can change your answers{until}.")));
            let first = sitting
                .form
                .layout()
                .pages
                .iter()
                .position(|page| page.parts.iter().any(|part| matches!(part, Part::Question(_))));
            let first = format!("/{}", first.unwrap_or(0) + 1);
            blocks.push(Block::Links(vec![Link::new("Change my answers", to(visit, guest, &first, ""))]));
        }
        None => blocks.push(Block::Text("Answers can no longer be changed here.".into())),
    }
    blocks
}
