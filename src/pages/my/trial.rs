//! Trying something more for a while. It is begun here by the person alone, and ended by one button.

use super::{Own, at, done, own};
use crate::{
    integrity::ladder::step,
    invitations::letters::day,
    pages::kit::{Block, Choice, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    participants::trials::{self, Mine, Running, Wanted},
    platform::{Error, Result},
};
use entity::Rung;
use poem::{Route, get, http::StatusCode, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/trial", get(ask(desk, own, show)).post(act(desk, own, start)))
        .at("/o/:slug/me/trial/end", post(act(desk, own, end)))
        .at("/o/:slug/me/trial/keep", post(act(desk, own, keep)))
}

fn here(visit: &Visit, own: &Own, rest: &str) -> String {
    at(visit, &own.organisation, rest)
}

/// What can be tried, with how long and with whom.
fn form(mine: &Mine) -> Form {
    let choice = |rung: &Rung| Choice::new(rung.word(), step(*rung).people_say).hint(step(*rung).plain);
    Form::default()
        .field(Field::radios("rung", "What would you like to try?", mine.steps.iter().map(choice)))
        .field(
            Field::typed("sessions", "For how many sessions", "2", "number")
                .hint("Between 1 and 10. After so many, what you chose before counts again."),
        )
        .field(
            Field::typed("until", "Until which day at the latest", "", "date")
                .hint("Within a year. If you leave it empty, it is three months from today.")
                .optional(),
        )
        .field(
            Field::line("supporter", "Who goes along with you", "")
                .hint("For example a friend, or somebody who works here. It is for you. Nobody else reads it.")
                .optional(),
        )
        .submit(Submit::new("Begin"))
}

fn page(visit: &Visit, own: &Own, form: Form) -> Page {
    let texts = [
        "You can try another way to be involved for a while. What you chose stays as it is.",
        "Afterwards it counts again by itself. You can also go back at any time. Nobody asks you why.",
        "Staying with what you chose is as good.",
    ];
    let page = Page::new("Try something more for a while").back("Back to all my choices", here(visit, own, "/preferences"));
    page.texts(texts).form(form)
}

/// What somebody tries, and the two ways to end it.
fn running(visit: &Visit, own: &Own, on: &Running) -> Page {
    let row = &on.row;
    let mut facts = vec![
        ("What you try".to_owned(), step(row.rung).people_say.to_owned()),
        ("The last day".to_owned(), day(row.last_day)),
        ("Sessions".to_owned(), format!("{} of {}", on.attended, row.sessions)),
    ];
    facts.extend(row.supporter.clone().map(|who| ("Who goes along with you".to_owned(), who)));
    let mut back = Form::button(here(visit, own, "/trial/end"), "Go back now");
    back.submits[0] = back.submits[0].clone().other();
    let mut keep = Form::button(here(visit, own, "/trial/keep"), "Keep this from now on");
    keep.submits[0] = keep.submits[0].clone().other();
    Page::new("What you are trying")
        .said(done(visit))
        .back("Back to all my choices", here(visit, own, "/preferences"))
        .block(Block::Facts(facts))
        .text("If you want to go on, you need not do anything. Afterwards, what you chose before counts again by itself.")
        .heading("Go back")
        .text("What you chose before counts again at once. A place that you have taken stays yours, until you give it up.")
        .form(back)
        .heading("Keep it")
        .text("You are then asked for this too from now on. You can change that at any time.")
        .form(keep)
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let mine = trials::mine(visit.platform(), &own.person).await?;
    if let Some(on) = &mine.running {
        return Ok(running(&visit, &own, on).into());
    }
    if mine.steps.is_empty() {
        let text = "There is nothing above what you chose, or you are pausing. You can change your choices at any time.";
        let back = here(&visit, &own, "/preferences");
        return Ok(Page::new("Try something more for a while").back("Back to all my choices", back).text(text).into());
    }
    Ok(page(&visit, &own, form(&mine)).into())
}

/// What was filled in.
fn wanted(visit: &Visit) -> Result<Wanted> {
    let text = visit.fields.text("rung").to_owned();
    let rung = Rung::ALL.iter().copied().find(|rung| rung.word() == text);
    Ok(Wanted {
        rung: rung.ok_or_else(|| Error::invalid("/rung", "required", "Choose one of the answers."))?,
        sessions: visit.fields.parsed("sessions", "Write a number, such as 2.")?,
        until: visit.fields.parsed("until", "Write a day, such as 2027-03-31.")?,
        supporter: visit.fields.given("supporter"),
    })
}

async fn start(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    let begun = match wanted(&visit) {
        Ok(wanted) => trials::start(&tx, platform, &own.person, wanted).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match begun {
        Ok(()) => {
            tx.commit().await?;
            Reply::to(here(&visit, &own, "/trial?done=trying"))
        }
        Err(error) => {
            tx.rollback().await?;
            let mine = trials::mine(platform, &own.person).await?;
            let form = form(&mine).again(&visit.fields, error)?;
            Ok(page(&visit, &own, form).status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

async fn end(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    trials::go_back(&tx, platform, &own.person).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Reply::to(here(&visit, &own, "?done=back"))
}

async fn keep(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    trials::keep(&tx, platform, &own.person).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Reply::to(here(&visit, &own, "/preferences?done=saved"))
}
