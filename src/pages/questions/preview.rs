//! The questions as a participant would see them, to try out before they are published.
//!
//! Nothing is saved: what was answered so far goes along in the page itself, so a coordinator can try every branch.

use super::{
    draw::Asked,
    pages::{around, heads, summary},
    read,
};
use crate::{
    pages::kit::{Block, Fields, Form as Sheet, Page, Submit},
    questionnaires::{Form, Part, Reader},
};
use entity::Time;
use poem::http::StatusCode;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What comes next, for whoever tries a form out: the first page when nothing was sent. The form of the page goes to `to`, where
/// what is sent is handed in here again. `now` is what the clock on the wall shows.
pub fn preview(form: &Form, sent: &Fields, to: &str, easy: bool, now: Time) -> Page {
    let reader = Reader { language: "en".into(), easy };
    let answers: Map<String, Value> = serde_json::from_str(sent.text("so_far")).unwrap_or_default();
    let was: Option<usize> = sent.text("page").parse().ok();
    let Some(page) = was.filter(|page| *page < form.layout().pages.len()) else {
        let asked = Asked::new(form, &answers, reader, 0, now);
        return at(&asked, asked.pages().first().copied(), to);
    };
    let then = Asked::new(form, &answers, reader.clone(), 0, now);
    let parts = then.sheet(page).into_iter().flat_map(|sheet| &sheet.parts);
    let on_page: HashSet<usize> = parts.filter_map(|part| if let Part::Question(at) = part { Some(*at) } else { None }).collect();
    let given = read::read(&then, &on_page, sent);
    let mut answers = answers.clone();
    given.empty.iter().for_each(|key| drop(answers.remove(key)));
    answers.extend(given.answers);
    let asked = Asked::new(form, &answers, reader, 0, now);
    if sent.text("go") == "back" {
        return at(&asked, asked.pages().into_iter().rfind(|back| *back < page), to);
    }
    let is_there = |at: usize| given.shown.contains(&at);
    let mut wrong = given.wrong;
    wrong.extend(asked.wrong_on(page).into_iter().filter(|one| asked.about(one).is_none_or(is_there)));
    if !wrong.is_empty() {
        let mut sheet = sheet(&asked, page, to);
        sheet.point_out(wrong);
        return around(&asked, page, sheet, "Preview").status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    if asked.on(page).into_iter().any(|at| asked.is_open(at) && !is_there(at)) {
        return at(&asked, Some(page), to);
    }
    at(&asked, asked.pages().into_iter().find(|next| *next > page), to)
}

fn at(asked: &Asked<'_>, page: Option<usize>, to: &str) -> Page {
    match page {
        Some(page) => around(asked, page, sheet(asked, page, to), "Preview"),
        None => Page::new("Check your answers")
            .text("This is a preview. Nothing is saved or handed in.")
            .blocks(summary(asked, |_, _| None))
            .block(Block::Form(Box::new(Sheet::button(to, "Begin again")))),
    }
}

fn sheet(asked: &Asked<'_>, page: usize, to: &str) -> Sheet {
    let open: Vec<usize> = asked.on(page).into_iter().filter(|at| asked.is_open(*at)).collect();
    let so_far = serde_json::to_string(asked.answers).unwrap_or_default();
    let mut form = Sheet::to(to)
        .hidden(read::SHOWN, read::shown(&open))
        .hidden("page", page.to_string())
        .hidden("so_far", so_far)
        .fields(asked.fields(page))
        .submit(Submit::new("Continue"));
    if asked.pages().first().is_some_and(|first| *first < page) {
        form = form.submit(Submit::new("Back").sends("go", "back"));
    }
    if heads(asked, page) { form.heading() } else { form }
}
