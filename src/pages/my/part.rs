//! My part in something: leave, pause or something lighter, in one step, with what becomes of what I gave. Nobody asks why.

use super::{Own, at, done, own};
use crate::{
    invitations::letters::{day, payment, time},
    pages::kit::{Block, Choice, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    parts::{
        change::{self, Step},
        mine::Mine,
        words::OWED,
    },
    platform::{Error, Result},
};
use entity::{Credit, GivenChoice, OpportunityId, OpportunityKind, PartChoice, PartState, PlaceState};
use poem::{Route, get, http::StatusCode, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/parts/:opportunity", get(ask(desk, own, show)).post(act(desk, own, choose)))
        .at("/o/:slug/me/parts/:opportunity/go-on", post(act(desk, own, go_on)))
}

fn here(visit: &Visit, own: &Own, id: OpportunityId, rest: &str) -> String {
    at(visit, &own.organisation, &format!("/parts/{id}{rest}"))
}

/// Where the person stands, in a few words.
fn standing(mine: &Mine) -> &'static str {
    let place = mine.held.place.as_ref().map(|place| place.state);
    match (mine.held.part.as_ref().map(|part| part.state), place) {
        (Some(PartState::Left), _) => "I have left",
        (Some(PartState::Lighter), _) => "I chose something lighter instead",
        (Some(PartState::Paused), Some(PlaceState::Waiting)) => "I am pausing. I keep my turn on the waiting list",
        (Some(PartState::Paused), Some(_)) => "I am pausing. My place is kept",
        (Some(PartState::Paused), None) => "I am pausing",
        (None, Some(PlaceState::Held)) => "I have a place",
        (None, Some(PlaceState::Waiting)) => "I am on the waiting list",
        (None, _) => "I have said yes",
    }
}

fn facts(mine: &Mine) -> Vec<(String, String)> {
    let mut facts = vec![("Where I stand".to_owned(), standing(mine).to_owned())];
    let until = mine.held.part.as_ref().and_then(|part| part.paused_until);
    facts.extend(until.map(|until| ("I pause until".to_owned(), day(until))));
    if mine.to_come > 0 {
        facts.push(("Meetings to come".into(), mine.to_come.to_string()));
    }
    facts.push(("What was offered".into(), payment(&mine.held.about.payment)));
    facts.extend(mine.ending.as_ref().map(|ending| ("It has ended".to_owned(), ending.words.clone())));
    facts
}

/// What can be done with the part.
fn steps(mine: &Mine) -> Field {
    let kept = match mine.held.about.kind {
        OpportunityKind::Consultation => "Nothing is asked of you meanwhile.",
        _ => "Your place is kept. Nothing is asked of you meanwhile.",
    };
    let mut choices = Vec::new();
    for choice in mine.choices() {
        match choice {
            PartChoice::Leave => choices.push(Choice::new("leave", "Leave it").hint("At once. You need give no reason.")),
            PartChoice::Pause => choices.push(Choice::new("pause", "Pause").hint(kept)),
            PartChoice::Lighter => choices.extend(mine.lighter.iter().map(|way| {
                Choice::new(way.id.to_string(), format!("Take part in “{}” instead", way.title))
                    .hint(format!("It takes {}.", time(way)))
            })),
        }
    }
    Field::radios("choice", "What would you like to do?", choices)
}

/// Everything that is chosen with it. Whatever is left empty stays as it was agreed.
fn form(mine: &Mine) -> Form {
    let mut form = Form::default();
    if mine.held.left() {
        form = form.hidden("choice", "leave");
    } else {
        form = form.field(steps(mine));
        if mine.choices().contains(&PartChoice::Pause) {
            let hint = "Choose a day if you pause. After it, one letter asks whether you want to go on.";
            form = form.field(Field::typed("until", "The last day of the pause", "", "date").hint(hint).optional());
        }
        if mine.to_come > 0 {
            let hint = "If you do not tick this, staff see that you sent word.";
            form = form.field(Field::switch("unsaid", "Send no word to the meetings that I miss", false).hint(hint));
        }
    }
    if mine.gave.is_open() {
        let given = [
            ("keep", "It stays, as I agreed"),
            ("anonymise", "It stays, and nobody can tell that it was mine"),
            ("withdraw", "I take it back"),
        ];
        let hint = "This is about what no published report holds yet. If you choose nothing, it stays.";
        let choices = given.map(|(value, label)| Choice::new(value, label));
        form = form.field(Field::radios("given", "What becomes of what you gave?", choices).hint(hint).optional());
    }
    if mine.gave.named > 0 {
        // What they have said about their name is there to begin with.
        let nameless = mine.credit != Credit::Name;
        form = form.field(Field::switch("nameless", "Take my name from words of mine that may be quoted", nameless));
    }
    let untold = Field::switch("untold", "Do not tell me what came of it", false);
    let label = if mine.held.left() { "Keep this choice" } else { "Do this now" };
    form.field(untold.hint("If you do not tick this, you still hear of the results.")).submit(Submit::new(label))
}

fn page(visit: &Visit, own: &Own, mine: &Mine, form: Form) -> Page {
    let id = mine.held.about.id;
    let mut page = Page::new("My part in it")
        .caption(&mine.held.about.title)
        .said(done(visit))
        .back("Back to my record", at(visit, &own.organisation, "/record"))
        .block(Block::Facts(facts(mine)));
    if mine.held.paused().is_some() {
        let go_on = Form::button(here(visit, own, id, "/go-on"), "Go on now");
        page = page.heading("Go on").text("You can go on at any time. If you do nothing, you go on pausing.").form(go_on);
    }
    if mine.gave.is_published() {
        page = page.text("What is in a published report stays in it. It can not be changed any more.");
    }
    page = page.heading(if mine.held.left() { "What you can still choose" } else { "Change my part" });
    page.text(OWED).form(form)
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let mine = Mine::read(visit.platform(), &own.person, visit.param("opportunity")?).await?;
    Ok(page(&visit, &own, &mine, form(&mine)).into())
}

/// What was filled in.
fn chosen(visit: &Visit) -> Result<change::Choice> {
    let fields = &visit.fields;
    let step = match fields.text("choice") {
        "leave" => Step::Leave,
        "pause" => Step::Pause(fields.needed("until", "Write the last day of the pause, such as 2027-03-31.")?),
        "" => return Err(Error::invalid("/choice", "required", "Choose one of the answers.")),
        _ => Step::Lighter(fields.needed("choice", "Choose one of the answers.")?),
    };
    let given = match fields.text("given") {
        "anonymise" => GivenChoice::Anonymise,
        "withdraw" => GivenChoice::Withdraw,
        _ => GivenChoice::Keep,
    };
    Ok(change::Choice {
        step,
        apologies: !fields.has("unsaid"),
        given,
        named: !fields.has("nameless"),
        results: !fields.has("untold"),
    })
}

async fn choose(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (platform, id) = (visit.platform(), visit.param("opportunity")?);
    let tx = platform.db.begin().await?;
    let changed = match chosen(&visit) {
        Ok(choice) => change::change(&tx, platform, &own.person, id, choice).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(changed) => {
            tx.commit().await?;
            platform.wake.notify_one();
            let what = match changed.choice.step {
                Step::Leave => "left",
                Step::Pause(_) => "pausing",
                Step::Lighter(_) => "instead",
            };
            Reply::to(here(&visit, &own, id, &format!("?done={what}")))
        }
        Err(error @ Error::Invalid(_)) => {
            tx.rollback().await?;
            let mine = Mine::read(platform, &own.person, id).await?;
            let form = form(&mine).again(&visit.fields, error)?;
            Ok(page(&visit, &own, &mine, form).status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
        Err(error) => Err(error),
    }
}

async fn go_on(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (platform, id) = (visit.platform(), visit.param("opportunity")?);
    let tx = platform.db.begin().await?;
    change::go_on(&tx, platform, &own.person, id).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Reply::to(here(&visit, &own, id, "?done=goes-on"))
}
