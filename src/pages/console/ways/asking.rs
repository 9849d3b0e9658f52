//! Asking people: who may be asked, in counts; sending, with a page that says how many and what; and how it stands.

use super::{at, found, groups, page};
use crate::{
    accounts::Power,
    invitations::{
        funnel, jobs,
        letters::{day, moment},
        places,
    },
    matching::{
        forecast::Forecast,
        grounds::Grounds,
        runs::{self, How},
        standing::{self as standing_of, Standing},
        told,
    },
    opportunities::{
        quotas::{Sharing, drawn_by},
        zone_of,
    },
    pages::{
        console::{
            desk::{Seat, again, fresh, mistaken, paged, seat},
            entry::Entry,
            words::{Word, leaving},
        },
        kit::{Block, Cell, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    },
    platform::Result,
};
use entity::{match_run, opportunity, organisation, participant, place};
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/opportunities/:opportunity");
    route
        .at(format!("{at}/match"), get(ask(desk, console, counted)).post(act(desk, console, count_again)))
        .at(format!("{at}/send"), get(ask(desk, console, ask_send)).post(act(desk, console, send)))
        .at(format!("{at}/remind"), get(ask(desk, console, ask_remind)).post(act(desk, console, remind)))
        .at(format!("{at}/funnel"), get(ask(desk, console, standing)))
        .at(format!("{at}/places"), get(ask(desk, console, list_places)))
}

/// A count, or that it is withheld.
pub(super) fn count(count: Option<u64>) -> Cell {
    Cell::Number(count.map_or_else(|| "Not shown".into(), |count| count.to_string()))
}

fn table(caption: &str, columns: [&str; 2], rows: Vec<Vec<Cell>>) -> Block {
    Block::Table(Table { caption: caption.into(), columns: columns.map(String::from).to_vec(), rows })
}

pub(in crate::pages::console) const FEW: &str = "Numbers about few people are not shown, so that nobody can be known by them.";

fn counts(seat: &Seat<'_>, way: &opportunity::Model, told: &told::Told) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Counted".to_owned(), moment(told.counted_at, zone_of(seat.organisation))),
        ("People who have joined".to_owned(), told.considered.to_string()),
        ("People who may be asked".to_owned(), told.eligible.to_string()),
        ("People who are asked first".to_owned(), told.asked.to_string()),
    ];
    if way.places.is_some() {
        facts.push(("People who stand in reserve".into(), told.reserve.to_string()));
    }
    facts.extend(told.forecast.filter(|forecast| forecast.letters > 0).map(expected));
    facts
}

/// What can be expected of those who are asked first.
fn expected(forecast: Forecast) -> (String, String) {
    let Forecast { yes, asked_before, yes_before, .. } = forecast;
    let basis = match asked_before {
        0 => "Nobody was asked about such a thing in the last two years, so nobody knows well.".to_owned(),
        _ => format!("Of {asked_before} who were asked about such a thing in the last two years, {yes_before} said yes."),
    };
    ("Yeses to be expected".to_owned(), format!("{} {basis}", groups::likely(yes)))
}

async fn counted(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let told = told::last(seat.db(), seat.organisation, &way).await?;
    let page =
        page(&seat, &way, "Who may be asked").text("Nobody is asked by looking at this. You see counts, and nobody's name.");
    let Some(told) = told else {
        return Ok(page.text("Nobody has counted yet.").form(Form::default().submit(Submit::new("Count"))).into());
    };
    let rows = told.not_asked.iter().map(|(why, number)| vec![Cell::text(why.said()), count(*number)]).collect();
    let page = page.block(Block::Facts(counts(&seat, &way, &told)));
    let page =
        page.block(table("Everybody else, by the first reason", ["Reason", "People"], rows)).block(Block::Note(FEW.into()));
    let gathers = drawn_by(seat.db(), &way).await?.gathers();
    let groups = told.groups.map(|groups| groups::outlook(groups, way.places.unwrap_or(0), gathers));
    let page = page.blocks(groups.unwrap_or_default());
    let page = page.block(Block::Go(Link::new("Ask people", at(&seat, &way, "/send"))));
    let page = page.text("People change what they want at any time. Each person is looked at again before they are asked.");
    Ok(page.form(Form::default().submit(Submit::new("Count again"))).into())
}

async fn count_again(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "/match");
    told::count(seat.platform(), seat.organisation, way).await?;
    Reply::to(address)
}

/// A part of the seed of a draw.
pub(super) fn seed() -> Field {
    let hint = "Such as the numbers of a public lottery. Whoever wants to can then run the draw again and need not trust us.";
    Field::line("seed", "A part of the draw from outside", "").optional().hint(hint)
}

/// Lets quotas give that cannot be kept.
pub(super) fn ease() -> Field {
    Field::switch("ease", "Change the quotas as it is said above", false)
}

fn send_form(seat: &Seat<'_>, way: &opportunity::Model, gathers: bool, stopped: bool) -> Form {
    let form = Form::default();
    let spread = "Leave it empty to ask everybody at once. With more days, those come first who were asked least recently.";
    let spread = Field::typed("days", "Over how many days?", "", "number").optional().hint(spread);
    let form = form.field(if way.places.is_some() { seed() } else { spread });
    let form = if gathers {
        let hint = "Leave it empty for as many as bring about twice as many yeses as there are places.";
        form.field(Field::typed("letters", "How many letters?", "", "number").optional().hint(hint))
    } else {
        form
    };
    let form = if stopped { form.field(ease()) } else { form };
    fresh(seat, form.submit(Submit::new("Send the invitations")))
}

/// What stood against the quotas when names, or those who get letters, were last drawn, and nobody could be. `gathered` is about the
/// draw among those who said yes.
pub(super) async fn stopped(seat: &Seat<'_>, way: &opportunity::Model, gathered: bool) -> Result<Vec<String>> {
    let runs = told::runs(seat.db(), seat.actor.organisation, way.id, told::RUNS).await?;
    let grounds = |run: match_run::Model| Some((run.state, Grounds::read(run.quotas.as_ref())?));
    let latest = runs.into_iter().filter_map(grounds).find(|(_, grounds)| grounds.gathered == gathered);
    let stopped = latest.filter(|(state, _)| state == "stopped");
    let minimum = u64::try_from(seat.organisation.minimum_group).unwrap_or(5);
    Ok(stopped.map(|(_, grounds)| grounds.told(minimum)).unwrap_or_default())
}

/// That letters wait for the hours in which they leave, where that is so.
fn waiting(home: &organisation::Model) -> Option<String> {
    home.letters_window.as_ref().map(leaving)
}

async fn send_page(
    seat: &Seat<'_>,
    way: &opportunity::Model,
    sharing: &Sharing,
    trouble: Vec<String>,
    form: Form,
) -> Result<Page> {
    let told = told::last(seat.db(), seat.organisation, way).await?;
    let page = page(seat, way, "Ask people");
    let page = if trouble.is_empty() {
        page
    } else {
        let links = Block::Links(vec![Link::new("Change how places are shared out", at(seat, way, "/quotas"))]);
        page.block(Block::Important("Nobody was asked, because the quotas cannot be kept".into(), trouble)).block(links)
    };
    let page = page.blocks(told.map(|told| Block::Facts(counts(seat, way, &told))));
    let text = match way.places {
        Some(places) if sharing.gathers() => format!(
            "There are {places} places. Letters go out first. Names are drawn on {} among those who have said yes. More \
             letters go to groups that say yes less often, and first to people who were asked least recently.",
            sharing.draws_on.map(day).unwrap_or_default()
        ),
        None => "Everybody who may be asked gets a letter. Each is looked at again before it leaves.".to_owned(),
        Some(places) => format!(
            "There are {places} places. Names are drawn. A letter goes to those who are drawn first. The others stand in reserve, and \
             are asked as places become free."
        ),
    };
    let links = Block::Links(vec![Link::new("Count again who may be asked", at(seat, way, "/match"))]);
    let page = page.block(links).text(text);
    let page = waiting(seat.organisation).into_iter().fold(page, Page::text);
    Ok(page.text("Letters that have left cannot be called back.").form(form))
}

async fn ask_send(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let trouble = stopped(&seat, &way, false).await?;
    let sharing = drawn_by(seat.db(), &way).await?;
    let form = send_form(&seat, &way, sharing.gathers(), !trouble.is_empty());
    Ok(send_page(&seat, &way, &sharing, trouble, form).await?.into())
}

async fn send(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "?done=asked");
    let done = async {
        let once = seat.once().await?;
        if once.seen_at().is_none() {
            let mut entry = Entry::new(&visit.fields);
            let letters = entry.parsed("letters", "Use a whole number.");
            let days = entry.parsed("days", "Use a whole number.");
            entry.done()?;
            let how = How { seed: visit.fields.given("seed"), ease: visit.fields.has("ease"), letters, days };
            runs::start(once.tx(), seat.platform(), &seat.actor, way.id, how).await?;
            once.commit_at(&address).await?;
            seat.platform().wake.notify_one();
        }
        Ok(())
    };
    match done.await {
        Ok(()) => Reply::to(address),
        Err(error) => {
            let trouble = stopped(&seat, &way, false).await?;
            let sharing = drawn_by(seat.db(), &way).await?;
            let form = again(send_form(&seat, &way, sharing.gathers(), !trouble.is_empty()), &visit, error)?;
            Ok(mistaken(send_page(&seat, &way, &sharing, trouble, form).await?).into())
        }
    }
}

fn remind_page(seat: &Seat<'_>, way: &opportunity::Model, form: Form) -> Page {
    let text = "Those who have not answered are reminded: twice at most, and never sooner than three days after the last letter.";
    let page = page(seat, way, "Remind people").text(text).text("Whoever does not want reminders gets none.");
    waiting(seat.organisation).into_iter().fold(page, Page::text).form(form)
}

fn remind_form(seat: &Seat<'_>) -> Form {
    fresh(seat, Form::default().submit(Submit::new("Send reminders")))
}

async fn ask_remind(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    Ok(remind_page(&seat, &way, remind_form(&seat)).into())
}

async fn remind(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let address = at(&seat, &way, "?done=reminded");
    let done = async {
        let once = seat.once().await?;
        if once.seen_at().is_none() {
            jobs::ask_reminders(once.tx(), seat.platform(), &seat.actor, way.id).await?;
            once.commit_at(&address).await?;
            seat.platform().wake.notify_one();
        }
        Ok(())
    };
    match done.await {
        Ok(()) => Reply::to(address),
        Err(error) => Ok(mistaken(remind_page(&seat, &way, again(remind_form(&seat), &visit, error)?)).into()),
    }
}

async fn standing(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let way = found(&seat).await?;
    let funnel = funnel::told(seat.platform(), &seat.actor, &way).await?;
    let shown = |number: Option<u64>| number.map_or_else(|| "Not shown".to_owned(), |number| number.to_string());
    let mut facts = vec![("People who were asked".to_owned(), shown(funnel.asked))];
    if let Some(places) = funnel.places {
        facts.push(("Places".into(), places.to_string()));
        facts.push(("Places that are taken".into(), shown(funnel.filled)));
        facts.push(("People who wait for a place".into(), shown(funnel.waiting)));
    }
    let stands = match seat.manages() {
        true => standing_of::read(seat.db(), seat.organisation, &way, seat.platform().clock.now()).await?,
        false => Standing::default(),
    };
    facts.extend(stands.expected.map(|yes| ("Yeses in the end".to_owned(), groups::likely(yes))));
    let nothing = |number: &Option<u64>| *number == Some(0);
    let invitations = funnel.invitations.iter().filter(|row| !nothing(&row.count));
    let invitations = invitations.map(|row| vec![Cell::text(row.state.said()), count(row.count)]).collect();
    let letters = funnel.letters.iter().filter(|row| !nothing(&row.count));
    let letters = letters.map(|row| vec![Cell::text(row.state.said()), count(row.count)]).collect();
    let mut page = page(&seat, &way, "How the invitations stand").wide().block(Block::Facts(facts));
    page = page.block(table("Invitations", ["Where they stand", "People"], invitations));
    page = page.block(table("Letters", ["Where they stand", "Letters"], letters));
    if !seat.manages() {
        return Ok(page.block(Block::Note(FEW.into())).into());
    }
    page = page.blocks(groups::standing(&stands, way.places.unwrap_or(0)));
    let runs = told::runs(seat.db(), seat.actor.organisation, way.id, told::RUNS).await?;
    Ok(page.block(rounds(&seat, runs)).into())
}

/// Each time that people were asked.
fn rounds(seat: &Seat<'_>, runs: Vec<match_run::Model>) -> Block {
    let zone = zone_of(seat.organisation);
    let row = |run: match_run::Model| {
        let state = match run.state.as_str() {
            "done" => "Done".to_owned(),
            "stopped" => "Stopped by the quotas".to_owned(),
            _ if run.days.is_some() => format!("{} of {} days done", run.days_done, run.days.unwrap_or(1)),
            _ => "Under way".to_owned(),
        };
        let numbers = [run.considered, run.eligible, run.asked, run.reserve].map(|number| Cell::Number(number.to_string()));
        let began = Cell::Text(day(run.created_at.with_timezone(&zone).date_naive()));
        [began, Cell::Text(state)].into_iter().chain(numbers).collect()
    };
    let columns = ["Day", "Where it stands", "Looked at", "May be asked", "Asked", "In reserve"].map(String::from).to_vec();
    Block::Table(Table { caption: "Times that people were asked".into(), columns, rows: runs.into_iter().map(row).collect() })
}

async fn list_places(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadPeople).await?;
    let way = found(&seat).await?;
    let rows = places::list(seat.platform(), &seat.actor, way.id, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |(row, _)| row.id.to_string());
    let page = page(&seat, &way, "Places and waiting list");
    if rows.is_empty() {
        return Ok(page.text("Nobody has a place yet.").into());
    }
    let row = |(row, person): (place::Model, Option<participant::Model>)| {
        let (name, email) = person.map(|person| (person.name, person.email)).unwrap_or_default();
        vec![Cell::Text(name.unwrap_or_else(|| email.clone())), Cell::Text(email), Cell::text(row.state.said())]
    };
    let columns = ["Name", "Address", "Where it stands"].map(String::from).to_vec();
    let table = Table { caption: "Places".into(), columns, rows: rows.into_iter().map(row).collect() };
    let more = next.map(|next| Block::Links(vec![Link::new("Go on reading", at(&seat, &way, &format!("/places?after={next}")))]));
    Ok(page.block(Block::Table(table)).blocks(more).into())
}
