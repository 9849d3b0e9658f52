//! What people answered to letters by e-mail: to read, to count as given, or to set aside with a reason that they read.

use super::{
    desk::{Seat, again, mistaken, paged, seat},
    ways::at,
};
use crate::{
    accounts::Power,
    opportunities::zone_of,
    pages::kit::{Block, Cell, Choice, Desk, Field, Form, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    platform::{Error, Result},
    replies::{
        decide::{self, Part},
        may_read,
        read::{self, Filter, Listed, Whole},
    },
};
use entity::{ReplyId, ReplyState, Time};
use poem::{Route, get, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route
        .at("/console/:slug/replies", get(ask(desk, console, list)))
        .at("/console/:slug/replies/:reply", get(ask(desk, console, one)))
        .at("/console/:slug/replies/:reply/take", post(act(desk, console, take)))
        .at("/console/:slug/replies/:reply/aside", post(act(desk, console, set_aside)))
}

async fn reader(visit: &Visit, power: Power) -> Result<Seat<'_>> {
    let seat = seat(visit, power).await?;
    may_read(&seat.actor)?;
    Ok(seat)
}

/// That answers wait, told where one begins to those who may read them.
pub(super) async fn waiting(seat: &Seat<'_>) -> Result<Vec<Block>> {
    if may_read(&seat.actor).is_err() {
        return Ok(Vec::new());
    }
    let line = match read::waiting(seat.db(), seat.actor.organisation).await? {
        0 => return Ok(Vec::new()),
        1 => "One answer has not been looked at yet.".to_owned(),
        many => format!("{many} answers have not been looked at yet."),
    };
    let link = seat.link("Read what people answered", "/replies");
    Ok(vec![Block::Important("People answered letters by e-mail".into(), vec![line]), Block::Links(vec![link])])
}

fn state_words(state: ReplyState) -> &'static str {
    match state {
        ReplyState::New => "New",
        ReplyState::Taken => "It counts",
        ReplyState::SetAside => "Set aside",
    }
}

fn time(seat: &Seat<'_>, at: Time) -> String {
    at.with_timezone(&zone_of(seat.organisation)).format("%-d %B %Y, %H:%M").to_string()
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = reader(&visit, Power::ReadWork).await?;
    let state = match visit.query.text("state") {
        "taken" => ReplyState::Taken,
        "set_aside" => ReplyState::SetAside,
        _ => ReplyState::New,
    };
    let filter = Filter { state: Some(state), opportunity: visit.query.parsed("opportunity", "Use a link of this page.")? };
    let rows = read::list(seat.platform(), &seat.actor, filter, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |listed| listed.row.id.to_string());
    let said = match visit.query.text("done") {
        "taken" => Some("It counts now, and the person sees that."),
        "aside" => Some("It is set aside, and the person reads why."),
        _ => None,
    };
    let title = match state {
        ReplyState::New => "Answers to letters",
        ReplyState::Taken => "Answers that count",
        ReplyState::SetAside => "Answers that were set aside",
    };
    let text =
        "People can answer letters by e-mail. Please look at each answer: the person sees on their own page what became of it.";
    let mut page = Page::new(title).caption(&seat.organisation.name).back("Back to the start", seat.at("")).wide().said(said);
    page = page.text(text);
    if rows.is_empty() {
        page = page.text(if state == ReplyState::New { "No answer waits." } else { "There is none." });
    } else {
        let row = |listed: &Listed| {
            let row = &listed.row;
            let about = listed.about.as_ref().map_or("No opportunity".to_owned(), |about| about.title.clone());
            let mut notes = Vec::new();
            if row.asks_to_stop {
                notes.push("Wants no more letters");
            }
            if row.attachments > 0 {
                notes.push("With files");
            }
            let when = Cell::Link(seat.link(time(&seat, row.received_at), format!("/replies/{}", row.id)));
            vec![when, Cell::Text(about), Cell::Text(notes.join("\n"))]
        };
        let columns = ["Came", "About", "What to know"].map(String::from).to_vec();
        page = page.block(Block::Table(Table { caption: "Oldest first".into(), columns, rows: rows.iter().map(row).collect() }));
    }
    let other = |which: ReplyState| (which != state).then(|| (which, format!("/replies?state={which}")));
    let mut links: Vec<_> =
        next.map(|next| seat.link("Go on reading", format!("/replies?state={state}&after={next}"))).into_iter().collect();
    let words = |which| match which {
        ReplyState::New => "See answers that wait",
        ReplyState::Taken => "See answers that count",
        ReplyState::SetAside => "See answers that were set aside",
    };
    links.extend(ReplyState::ALL.iter().filter_map(|which| other(*which)).map(|(which, to)| seat.link(words(which), to)));
    Ok(page.block(Block::Links(links)).into())
}

/// What to know of where an answer comes from.
fn caution(found: &Whole) -> Option<Block> {
    let row = &found.row;
    let line = match (row.sure, row.same_sender) {
        (true, true) => return None,
        (true, false) => {
            "It came from another address than the letter went to. Somebody may have written for this person, or have got the letter \
             from them. Ask if you are not sure."
        }
        (false, _) => {
            "It came to another address than the one for answers. It names the letter and says that it is from this person, and \
             anybody who has seen the letter could have written it. Ask if you are not sure."
        }
    };
    Some(Block::Important("Whose words are these?".into(), vec![line.to_owned()]))
}

fn facts(seat: &Seat<'_>, found: &Whole) -> Vec<(String, String)> {
    let row = &found.row;
    let mut facts = Vec::new();
    if let Some(person) = &found.person {
        let who = person.name.clone().map_or(person.email.clone(), |name| format!("{name}, {}", person.email));
        facts.push(("The letter went to".to_owned(), who));
    }
    facts.push(("Came".into(), time(seat, row.received_at)));
    let about = found.about.as_ref().map_or("No opportunity".to_owned(), |about| about.title.clone());
    facts.push(("The letter was about".into(), about));
    facts.extend(found.meeting.as_ref().map(|meeting| ("At the meeting".to_owned(), meeting.title.clone())));
    if row.attachments > 0 {
        let names: Vec<String> = serde_json::from_value(row.attachment_names.clone()).unwrap_or_default();
        let many = match row.attachments {
            1 => "One file came with it. It is not kept.".to_owned(),
            many => format!("{many} files came with it. They are not kept."),
        };
        facts.push(("Files".into(), std::iter::once(many).chain(names).collect::<Vec<_>>().join("\n")));
    }
    facts.push(("Where it stands".into(), state_words(row.state).into()));
    facts.extend(row.reason.clone().map(|reason| ("Why".to_owned(), reason)));
    facts
}

fn words(found: &Whole) -> Vec<Block> {
    let row = &found.row;
    let mut blocks = Vec::new();
    match found.words() {
        Some(words) if !words.trim().is_empty() => blocks.push(Block::Quote(words.to_owned())),
        Some(_) => blocks.push(Block::Text("There are no words in it.".into())),
        None => blocks.push(Block::Text("The person took this back. Its words are gone.".into())),
    }
    if row.in_between {
        blocks.push(Block::Note(
            "Parts of it stand between lines of the letter. Read the whole text to see what they answer.".into(),
        ));
    }
    if row.cut {
        blocks.push(Block::Note("It was longer than what is kept. Its end is not here.".into()));
    }
    if let Some(whole) =
        row.whole.as_ref().filter(|whole| !whole.trim().is_empty() && Some(whole.as_str()) != row.words.as_deref())
    {
        let note = Block::Note("With what was quoted. Links are taken out, because they are the person's alone.".into());
        blocks.push(Block::Details("The whole text".into(), vec![note, Block::Quote(whole.clone())]));
    }
    blocks
}

fn take_form(seat: &Seat<'_>, found: &Whole) -> Option<Form> {
    let row = &found.row;
    let open = matches!(row.state, ReplyState::New | ReplyState::SetAside);
    let about = found.about.as_ref().filter(|_| open && row.whole.as_ref().is_some_and(|whole| !whole.trim().is_empty()))?;
    let mut form = Form::to(seat.at(format!("/replies/{}/take", row.id)));
    if row.whole != row.words {
        let choices = [
            Choice::new("own", "What the person newly wrote").on(true),
            Choice::new("whole", "The whole text").hint("If what is new was not told rightly from the rest."),
        ];
        form = form.field(Field::radios("words", "Which words count?", choices));
    } else {
        form = form.hidden("words", "own");
    }
    Some(form.submit(Submit::new(format!("Count it as said to: {}", about.title))))
}

fn aside_form(seat: &Seat<'_>, found: &Whole) -> Option<Form> {
    let row = &found.row;
    if row.state == ReplyState::Taken {
        return None;
    }
    let hint = "The person reads this. Say what you did about it, or why it counts nowhere.";
    let reason = Field::area("reason", "Why, or what did you do about it?", row.reason.clone().unwrap_or_default()).hint(hint);
    let words = if row.state == ReplyState::SetAside { "Change the reason" } else { "Set it aside" };
    Some(Form::to(seat.at(format!("/replies/{}/aside", row.id))).field(reason).submit(Submit::new(words).other()))
}

/// A page about an answer; a form that was sent and has mistakes stands in place of the other.
fn page(seat: &Seat<'_>, found: &Whole, mistake: Option<Form>) -> Page {
    let row = &found.row;
    let mut page = Page::new("An answer to a letter").back("Back to all answers", seat.at("/replies"));
    if row.asks_to_stop {
        let line = match row.stopped {
            true => "They say that they want no more letters. Such letters go to them no more.",
            false => {
                "They seem to say that they want no more letters. Nothing was stopped: it is not certain that they wrote it."
            }
        };
        page = page.block(Block::Important("This person asks for no more letters".into(), vec![line.into()]));
    }
    page = page.blocks(caution(found)).block(Block::Facts(facts(seat, found))).heading("What they wrote").blocks(words(found));
    if let Some(about) = found.about.as_ref().filter(|_| row.state == ReplyState::Taken) {
        page = page.block(Block::Links(vec![crate::pages::kit::Link::new(
            "See all that people said",
            at(seat, about, "/contributions"),
        )]));
    }
    if !seat.manages() {
        return page;
    }
    if let Some(mistake) = mistake {
        return page.heading("What becomes of it?").form(mistake);
    }
    if let Some(form) = take_form(seat, found) {
        let text = "It then counts together with what others said. The person must have agreed to take part. It may not be quoted, \
                    because they have not said so.";
        page = page.heading("Count it").text(text).form(form);
    }
    if let Some(form) = aside_form(seat, found) {
        page = page.heading("Set it aside").form(form);
    }
    page
}

async fn found(seat: &Seat<'_>) -> Result<Whole> {
    let id: ReplyId = seat.visit.param("reply")?;
    read::get(seat.platform(), &seat.actor, id).await
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = reader(&visit, Power::ReadWork).await?;
    let found = found(&seat).await?;
    Ok(page(&seat, &found, None).into())
}

async fn take(visit: Arc<Visit>) -> Result<Reply> {
    let seat = reader(&visit, Power::ManageWork).await?;
    let part = match visit.fields.text("words") {
        "own" => Ok(Part::Words),
        "whole" => Ok(Part::Whole),
        _ => Err(Error::invalid("/words", "required", "Choose one of the answers.")),
    };
    let done = async { decide::take(seat.platform(), &seat.actor, visit.param("reply")?, part?).await };
    match done.await {
        Ok(_) => Reply::to(seat.at("/replies?done=taken")),
        Err(error) => {
            let found = found(&seat).await?;
            match take_form(&seat, &found) {
                Some(form) => Ok(mistaken(page(&seat, &found, Some(again(form, &visit, error)?))).into()),
                None => Err(error),
            }
        }
    }
}

async fn set_aside(visit: Arc<Visit>) -> Result<Reply> {
    let seat = reader(&visit, Power::ManageWork).await?;
    match decide::set_aside(seat.platform(), &seat.actor, visit.param("reply")?, visit.fields.text("reason")).await {
        Ok(_) => Reply::to(seat.at("/replies?done=aside")),
        Err(error) => {
            let found = found(&seat).await?;
            match aside_form(&seat, &found) {
                Some(form) => Ok(mistaken(page(&seat, &found, Some(again(form, &visit, error)?))).into()),
                None => Err(error),
            }
        }
    }
}
