//! What people said or brought beside a questionnaire, such as at a meeting: written down by staff, read without names.

use super::{
    desk::{ROWS, Seat, TEXTS, again, fresh, mistaken, seat},
    entry::Entry,
    ways::{at, found, page},
    words::{Word, choices},
};
use crate::{
    accounts::{Power, readings},
    invitations::places,
    pages::kit::{self, Block, Cell, Choice, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    platform::{Result, http::Cursor},
    sessions::{
        contributions::{self, New},
        meetings,
    },
};
use entity::{PlaceState, QuotePermission, ReadingOf, contribution, meeting, opportunity, participant};
use poem::{Route, get};
use std::{collections::HashMap, sync::Arc};

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/opportunities/:opportunity/contributions");
    route
        .at(at, get(ask(desk, console, list)))
        .at(format!("{at}/new"), get(ask(desk, console, ask_new)).post(act(desk, console, record)))
}

async fn all_meetings(seat: &Seat<'_>, way: &opportunity::Model) -> Result<Vec<meeting::Model>> {
    let all = Cursor { after: None, limit: ROWS * 10 };
    meetings::list(seat.db(), seat.actor.organisation, way.id, all).await
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadResponses).await?;
    let way = found(&seat).await?;
    readings::note(seat.platform(), &seat.actor, ReadingOf::Contributions, way.id.0).await?;
    let (cursor, now) = (seat.cursor_of(TEXTS)?, seat.platform().clock.now());
    let rows = contributions::list(seat.db(), seat.actor.organisation, way.id, cursor, now).await?;
    let (rows, next) = kit::paged(TEXTS, rows, |row| row.id.to_string());
    let said = (visit.query.text("done") == "noted").then_some("It is noted.");
    let text = "What people said at meetings, or gave beside a questionnaire. They can take it back; then its words are gone.";
    let mut page = page(&seat, &way, "What people said at meetings").wide().said(said).text(text);
    if seat.manages() {
        page = page.block(Block::Go(Link::new("Note what somebody said", at(&seat, &way, "/contributions/new"))));
    }
    if rows.is_empty() {
        return Ok(page.text("There is nothing yet.").into());
    }
    let titles: HashMap<_, _> = all_meetings(&seat, &way).await?.into_iter().map(|row| (row.id, row.title)).collect();
    let row = |row: contribution::Model| {
        let meeting = row.meeting_id.and_then(|id| titles.get(&id).cloned()).unwrap_or_default();
        let by = if row.recorded_by.starts_with("participant:") { "The person" } else { "Staff" };
        let words = row.text.unwrap_or_else(|| "Taken back".into());
        vec![Cell::Text(words), Cell::Text(meeting), Cell::text(by), Cell::text(row.quote.said())]
    };
    let columns = ["What was said", "At which meeting", "Noted by", "May it be quoted?"].map(String::from).to_vec();
    page = page.block(Block::Table(Table { caption: "Oldest first".into(), columns, rows: rows.into_iter().map(row).collect() }));
    let more =
        next.map(|next| Block::Links(vec![Link::new("Go on reading", at(&seat, &way, &format!("/contributions?after={next}")))]));
    Ok(page.blocks(more).into())
}

/// Meetings, and people who hold a place, to choose from.
struct Around {
    meetings: Vec<meeting::Model>,
    people: Vec<participant::Model>,
}

async fn around(seat: &Seat<'_>, way: &opportunity::Model) -> Result<Around> {
    let meetings = all_meetings(seat, way).await?;
    let people = if seat.may(Power::ReadPeople) {
        let all = Cursor { after: None, limit: ROWS * 10 };
        let rows = places::list(seat.platform(), &seat.actor, way.id, all).await?;
        rows.into_iter().filter(|(place, _)| place.state == PlaceState::Held).filter_map(|(_, person)| person).collect()
    } else {
        Vec::new()
    };
    Ok(Around { meetings, people })
}

fn form(seat: &Seat<'_>, around: &Around) -> Form {
    let chosen = seat.visit.query.text("meeting");
    let at_none = Choice::new("", "At no meeting").on(chosen.is_empty());
    let meeting = |row: &meeting::Model| Choice::new(row.id.to_string(), &row.title).on(row.id.to_string() == chosen);
    let nobody = Choice::new("", "Nobody in particular").on(true);
    let person = |row: &participant::Model| Choice::new(row.id.to_string(), row.name.as_ref().unwrap_or(&row.email));
    let form = Form::default()
        .field(Field::area("text", "What did they say, or bring?", "").hint("In their own words, as far as you can."))
        .field(Field::select(
            "meeting",
            "At which meeting?",
            std::iter::once(at_none).chain(around.meetings.iter().map(meeting)),
        ));
    let form = if around.people.is_empty() {
        form
    } else {
        let people = std::iter::once(nobody).chain(around.people.iter().map(person));
        let hint = "They find it in their record, and can take it back. Name nobody if you are not sure.";
        form.field(Field::select("participant", "Who?", people).hint(hint))
    };
    let quote = choices::<QuotePermission>(|one| one == QuotePermission::No);
    let form = form.field(
        Field::radios("quote", "May these words be quoted?", quote)
            .hint("As they told you. What they agreed to is checked as well."),
    );
    fresh(seat, form.submit(Submit::new("Note it")))
}

fn new_page(seat: &Seat<'_>, way: &opportunity::Model, form: Form) -> Page {
    Page::new("Note what somebody said")
        .caption(&way.title)
        .back("What people said at meetings", at(seat, way, "/contributions"))
        .form(form)
}

async fn ask_new(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let around = around(&seat, &way).await?;
    Ok(new_page(&seat, &way, form(&seat, &around)).into())
}

fn read(seat: &Seat<'_>) -> Result<New> {
    let mut entry = Entry::new(&seat.visit.fields);
    let new = New {
        participant: entry.parsed("participant", "Choose one of the people."),
        meeting: entry.parsed("meeting", "Choose one of the meetings."),
        text: entry.text("text"),
        quote: entry.word("quote"),
    };
    entry.done_with(new.flaws().done())?;
    Ok(new)
}

async fn record(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    // Whoever may not read what people said goes back to the opportunity.
    let address = at(&seat, &way, if seat.may(Power::ReadResponses) { "/contributions?done=noted" } else { "" });
    let made = async {
        let new = read(&seat)?;
        let once = seat.once().await?;
        if once.seen_at().is_none() {
            contributions::record(once.tx(), seat.platform(), &seat.actor, way.id, new).await?;
            once.commit_at(&address).await?;
        }
        Ok(())
    };
    match made.await {
        Ok(()) => Reply::to(address),
        Err(error) => {
            let around = around(&seat, &way).await?;
            Ok(mistaken(new_page(&seat, &way, again(form(&seat, &around), &visit, error)?)).into())
        }
    }
}
