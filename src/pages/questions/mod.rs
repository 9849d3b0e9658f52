//! The questions of a consultation, page by page.
//!
//! **What they promise people.** Every button saves: forward, back, and "come back later". Whoever stops goes on later
//! from where they were, in any browser, with the link in their letter. What does not fit is told beside its field and changes
//! nothing that was saved. Nothing is handed in before its own button is pressed on a page that shows every answer.
//!
//! A page is named by its number among all pages of the form, shown or not, so an address stays right whatever is answered.
//! What is told to people counts the pages that they see.

mod draw;
mod pages;
mod preview;
mod read;
mod words;

#[cfg(test)]
mod tests;

pub use pages::{told, written};
pub use preview::preview;

use super::{
    invitation::{self, guest},
    kit::{Block, Desk, Link, Page, Reply, Visit, Zone, act, ask, unsaved},
};
use crate::{
    invitations::Guest,
    platform::{Error, Result, http::limits::Asking},
    questionnaires::{Part, Reader},
    responses::{
        drafts::{self, Sitting},
        submit::Submission,
    },
};
use draw::Asked;
use entity::{InvitationState, QuestionnaireId};
use poem::{Route, get, http::StatusCode, post};
use std::{collections::HashSet, sync::Arc};

/// The routes.
pub fn routes(route: Route, desk: &Desk) -> Route {
    let open = Zone::Open;
    let at = |rest: &str| format!("/invitation/:invitation/questions{rest}");
    route
        .at(at(""), get(ask(desk, open, begin)))
        .at(at("/check"), get(ask(desk, open, check)))
        .at(at("/submit"), post(act(desk, open, submit)))
        .at(at("/saved"), get(ask(desk, open, saved)))
        .at(at("/done"), get(ask(desk, open, done)))
        .at(at("/:page"), get(ask(desk, open, show)).post(act(desk, open, save)))
}

/// An address of these pages, with what stands behind the question mark. Easy Read stays on.
fn to(visit: &Visit, guest: &Guest, rest: &str, query: &str) -> String {
    let easy = if visit.easy() { "format=easy" } else { "" };
    let query: Vec<&str> = [query, easy].into_iter().filter(|part| !part.is_empty()).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    invitation::at(visit, guest.invitation.id, &format!("/questions{rest}{query}"))
}

async fn sit(visit: &Visit, guest: &Guest) -> Result<Sitting> {
    let sitting = drafts::sit(visit.platform().db.read(), visit.platform(), &visit.desk.forms, guest).await?;
    // A letter can be passed on. What was handed in is shown to nobody who has but its link.
    if sitting.handed_in.is_some() && !is_own(visit, guest).await? {
        return Err(Error::conflict("handed_in", "Answers that are handed in are read and changed on your own page."));
    }
    Ok(sitting)
}

/// Whether the person of the invitation is signed in here.
async fn is_own(visit: &Visit, guest: &Guest) -> Result<bool> {
    match visit.person().await {
        Ok(person) => Ok(person.participant == guest.participant),
        Err(Error::SignInNeeded) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The questions as they are for this person and these answers.
fn asked<'a>(visit: &Visit, guest: &Guest, sitting: &'a Sitting) -> Asked<'a> {
    let reader = Reader { language: sitting.language.clone(), easy: visit.easy() };
    let (high, low) = guest.invitation.id.0.as_u64_pair();
    Asked::new(&sitting.form, &sitting.answers, reader, high ^ low, sitting.now)
}

/// Where it does not go on here: to the notice that must be agreed to first, to the questions as they are now, or to the end.
async fn elsewhere(visit: &Visit, guest: &Guest, error: Error) -> Result<Reply> {
    match error {
        Error::Conflict { code: "consent_needed", .. } => {
            let rest = if guest.invitation.state == InvitationState::Accepted { "/agree" } else { "" };
            Reply::to(invitation::at(visit, guest.invitation.id, rest))
        }
        Error::Conflict { code: "handed_in", .. } => Reply::to(to(visit, guest, "/done", "")),
        Error::Conflict { code: "questions_changed", .. } => match visit.typed() {
            typed if typed.is_empty() => Reply::to(to(visit, guest, "", "note=changed")),
            typed => {
                let text = "The questions have changed meanwhile. What you have written on this page was not saved. Copy it, go on, and \
                            put it in again.";
                let go = Block::Go(Link::new("Go on with the questions", to(visit, guest, "", "note=changed")));
                Ok(unsaved(Page::new("The questions have changed").text(text).block(go), typed).into())
            }
        },
        Error::Gone(text) if !visit.typed().is_empty() => Ok(unsaved(pages::ended(&text, None), visit.typed()).into()),
        Error::Gone(text) => {
            let db = visit.platform().db.read();
            let handed_in = drafts::handed_in(db, guest).await?.is_some();
            Ok(pages::ended(&text, handed_in.then(|| to(visit, guest, "/done", ""))).into())
        }
        error => Err(error),
    }
}

/// Leads to where somebody left off.
async fn begin(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let sitting = match sit(&visit, &guest).await {
        Ok(sitting) => sitting,
        Err(error) => return elsewhere(&visit, &guest, error).await,
    };
    if sitting.saved.is_none() && sitting.handed_in.is_some() && !sitting.changed {
        return Reply::to(to(&visit, &guest, "/done", ""));
    }
    let note = match (visit.query.text("note"), sitting.changed) {
        ("changed", _) | (_, true) => "note=changed",
        _ if sitting.saved.is_some() => "note=back",
        _ => "",
    };
    let rest = match left_off(&asked(&visit, &guest, &sitting)) {
        Some(page) => format!("/{}", page + 1),
        None => "/check".into(),
    };
    Reply::to(to(&visit, &guest, &rest, note))
}

/// The page after the last one with an answer, or that one if something on it does not fit yet; none when all are done.
fn left_off(asked: &Asked<'_>) -> Option<usize> {
    let pages = asked.pages();
    let last = pages.iter().rposition(|page| asked.on(*page).iter().any(|at| asked.is_answered(*at)));
    match last {
        None => pages.first().copied(),
        Some(last) if !asked.wrong_on(pages[last]).is_empty() => Some(pages[last]),
        Some(last) => pages.get(last + 1).copied(),
    }
}

/// The number in the address, as a place among the pages of the form.
fn named(visit: &Visit) -> Result<usize> {
    let number: usize = visit.param("page")?;
    number.checked_sub(1).ok_or(Error::NotFound("page"))
}

/// Shows a page.
async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let (guest, page) = (guest(&visit).await?, named(&visit)?);
    let sitting = match sit(&visit, &guest).await {
        Ok(sitting) => sitting,
        Err(error) => return elsewhere(&visit, &guest, error).await,
    };
    let asked = asked(&visit, &guest, &sitting);
    if asked.sheet(page).is_none() {
        return Err(Error::NotFound("page"));
    }
    if asked.on(page).is_empty() {
        // It is not asked any more; what comes next is.
        return Reply::to(to(&visit, &guest, &after(&asked, page), ""));
    }
    let form = pages::form(&visit, &guest, &sitting, &asked, page);
    Ok(pages::draw(&visit, &guest, &sitting, &asked, page, form).into())
}

/// The part of the address of the next page that is shown; the answers to check come after the last.
fn after(asked: &Asked<'_>, page: usize) -> String {
    let next = asked.pages().into_iter().find(|next| *next > page);
    next.map_or_else(|| "/check".into(), |next| format!("/{}", next + 1))
}

/// The part of the address of the page before.
fn before(asked: &Asked<'_>, page: usize) -> String {
    let back = asked.pages().into_iter().rfind(|back| *back < page).or_else(|| asked.pages().first().copied());
    back.map_or_else(|| "/check".into(), |back| format!("/{}", back + 1))
}

/// Saves a page, and leads on.
async fn save(visit: Arc<Visit>) -> Result<Reply> {
    let (guest, page) = (guest(&visit).await?, named(&visit)?);
    match saved_page(&visit, &guest, page).await {
        Err(error) => elsewhere(&visit, &guest, error).await,
        done => done,
    }
}

async fn saved_page(visit: &Visit, guest: &Guest, page: usize) -> Result<Reply> {
    let questionnaire: QuestionnaireId = visit.fields.needed("questionnaire", "Load the page again.")?;
    let before_it = sit(visit, guest).await?;
    drafts::must_be_current(questionnaire, before_it.questionnaire)?;
    let then = asked(visit, guest, &before_it);
    let parts = &then.sheet(page).ok_or(Error::NotFound("page"))?.parts;
    let on_page: HashSet<usize> =
        parts.iter().filter_map(|part| if let Part::Question(at) = part { Some(*at) } else { None }).collect();
    let sent = read::read(&then, &on_page, &visit.fields);
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    let merged = drafts::merge(&tx, platform, &visit.desk.forms, guest, questionnaire, &sent.answers, &sent.empty).await;
    let sitting = match merged {
        Ok(sitting) => sitting,
        Err(error) => {
            tx.rollback().await?;
            let form = pages::form(visit, guest, &before_it, &then, page).again(&visit.fields, error)?;
            let page = pages::draw(visit, guest, &before_it, &then, page, form);
            return Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into());
        }
    };
    tx.commit().await?;
    onward(visit, guest, &sitting, page, sent)
}

/// Where it goes on after a page was saved.
fn onward(visit: &Visit, guest: &Guest, sitting: &Sitting, page: usize, sent: read::Sent) -> Result<Reply> {
    let asked = asked(visit, guest, sitting);
    match visit.fields.text("go") {
        "later" => return Reply::to(to(visit, guest, "/saved", "")),
        "back" => return Reply::to(to(visit, guest, &before(&asked, page), "")),
        _ => {}
    }
    let was_there = |at: &usize| sent.shown.contains(at);
    let mut wrong = sent.wrong.clone();
    wrong.extend(asked.wrong_on(page).into_iter().filter(|one| asked.about(one).is_none_or(|at| was_there(&at))));
    if !wrong.is_empty() {
        let mut form = pages::form(visit, guest, sitting, &asked, page);
        form.point_out(wrong);
        let page = pages::draw(visit, guest, sitting, &asked, page, form);
        return Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into());
    }
    let new: Vec<String> =
        asked.on(page).into_iter().filter(|at| asked.is_open(*at) && !was_there(at)).map(|at| at.to_string()).collect();
    if !new.is_empty() {
        return Reply::to(to(visit, guest, &format!("/{}", page + 1), &format!("new={}", new.join("-"))));
    }
    Reply::to(to(visit, guest, &after(&asked, page), ""))
}

/// Every answer, before anything is handed in.
async fn check(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    match sit(&visit, &guest).await {
        Ok(sitting) => Ok(pages::check(&visit, &guest, &sitting, &asked(&visit, &guest, &sitting)).into()),
        Err(error) => elsewhere(&visit, &guest, error).await,
    }
}

/// Hands in what the page before has shown, and nothing else.
async fn submit(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    match handed_in(&visit, &guest).await {
        Ok(reply) => Ok(reply),
        // The page shows what does not fit, and what was saved meanwhile.
        Err(Error::Invalid(_)) => Reply::to(to(&visit, &guest, "/check", "")),
        Err(Error::Stale) => Reply::to(to(&visit, &guest, "/check", "note=newer")),
        Err(error) => elsewhere(&visit, &guest, error).await,
    }
}

async fn handed_in(visit: &Visit, guest: &Guest) -> Result<Reply> {
    let sitting = sit(visit, guest).await?;
    // Pressed twice: it is there already.
    if sitting.saved.is_none() && sitting.handed_in.is_some() && !sitting.changed {
        return Reply::to(to(visit, guest, "/done", ""));
    }
    let questionnaire: QuestionnaireId = visit.fields.needed("questionnaire", "Load the page again.")?;
    let draft: Option<i32> = visit.fields.parsed("draft", "Load the page again.")?;
    if draft != sitting.saved.map(|(version, _)| version) {
        return Err(Error::Stale);
    }
    let token_hash = invitation::token_held(visit).await?.hash();
    let asking = Asking::here();
    let submission = Submission { token_hash, questionnaire, answers: sitting.answers, draft, asking };
    visit.desk.submissions.submit(submission).await?;
    Reply::to(to(visit, guest, "/done", ""))
}

/// Says that everything is saved, and how to go on.
async fn saved(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    match sit(&visit, &guest).await {
        Ok(sitting) => Ok(pages::saved(&visit, &guest, &sitting).into()),
        Err(error) => elsewhere(&visit, &guest, error).await,
    }
}

/// The receipt. It stays when the consultation has closed.
async fn done(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let platform = visit.platform();
    let Some(response) = drafts::handed_in(platform.db.read(), &guest).await? else {
        return Reply::to(to(&visit, &guest, "", ""));
    };
    let form = visit.desk.forms.form(platform, guest.organisation, response.questionnaire_id).await?;
    let own = is_own(&visit, &guest).await?;
    // Whoever has but the link is shown that something was handed in, and can change nothing.
    let sitting = match own {
        true => match drafts::sit(platform.db.read(), platform, &visit.desk.forms, &guest).await {
            Ok(sitting) => Some(sitting),
            Err(Error::Gone(_) | Error::Conflict { .. }) => None,
            Err(error) => return Err(error),
        },
        false => None,
    };
    let offer = match &sitting {
        Some(sitting) => sitting.offer.clone(),
        None => guest.opportunity(platform.db.read()).await?,
    };
    let page: Page = pages::receipt(&visit, &guest, &offer, &form, &response, sitting.as_ref(), own).await?;
    Ok(page.into())
}
