//! What I said at meetings, or gave beside a questionnaire: to read, and to take back.

use super::{Own, at, done, own, time};
use crate::{
    opportunities::ways,
    pages::kit::{self, Block, Card, Desk, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    platform::{Error, Result, http::Cursor},
    sessions::{contributions, meetings},
};
use entity::{OpportunityId, QuotePermission, contribution};
use poem::{Route, get};
use std::sync::Arc;

/// Contributions on one page.
const ROWS: u64 = 15;
/// So many meetings are looked up for their names.
const MEETINGS: u64 = 500;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route.at("/o/:slug/me/record/:opportunity/contributions", get(ask(desk, own, list))).at(
        "/o/:slug/me/record/:opportunity/contributions/:contribution",
        get(ask(desk, own, ask_back)).post(act(desk, own, take_back)),
    )
}

fn here(visit: &Visit, own: &Own, opportunity: OpportunityId, rest: &str) -> String {
    at(visit, &own.organisation, &format!("/record/{opportunity}/contributions{rest}"))
}

/// Who noted it, and whether it may be quoted.
fn facts(row: &contribution::Model) -> Vec<(String, String)> {
    let by = if row.recorded_by.starts_with("participant:") { "Me" } else { "Staff" };
    let mut facts = vec![("Noted by".to_owned(), by.to_owned())];
    if row.withdrawn_at.is_none() {
        facts.push(("May it be quoted?".into(), quote_words(row.quote).into()));
    }
    facts
}

fn quote_words(quote: QuotePermission) -> &'static str {
    match quote {
        QuotePermission::No => "No",
        QuotePermission::Anonymous => "Yes, without my name",
        QuotePermission::Named => "Yes, with my name",
    }
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (db, id): (_, OpportunityId) = (visit.platform().db.read(), visit.param("opportunity")?);
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let rows = contributions::own(db, &own.person, id, Cursor { after, limit: ROWS }).await?;
    let (rows, next) = kit::paged(ROWS, rows, |row| row.id);
    if rows.is_empty() {
        // Not even the title of what somebody has no part in is told.
        return Err(Error::NotFound("what you said"));
    }
    let offer = ways::find(db, own.person.organisation, id).await?;
    let page = Page::new("What I said at meetings").caption(&offer.title).said(done(&visit));
    let page = page.back("Back to my record", at(&visit, &own.organisation, "/record"));
    let all = Cursor { after: None, limit: MEETINGS };
    let meetings = meetings::list(db, own.person.organisation, id, all).await?;
    let card = |row: &contribution::Model| {
        let meeting = row.meeting_id.and_then(|id| meetings.iter().find(|meeting| meeting.id == id));
        let title = meeting.map_or("In another way", |meeting| meeting.title.as_str());
        let title = format!("{title}, {}", time(&own, row.created_at));
        let words = row.text.clone().unwrap_or_else(|| "I took this back. Its words are gone.".into());
        let to = row.withdrawn_at.is_none().then(|| here(&visit, &own, id, &format!("/{}", row.id)));
        Card { title, to, texts: vec![words], facts: facts(row), ..Card::default() }
    };
    let text = "These words count together with those of others. You can take each of them back.";
    let page = page.text(text).heading("What is noted").block(Block::Cards(rows.iter().map(card).collect()));
    let more = next.map(|next| Link::new("Go on reading", here(&visit, &own, id, &format!("?after={next}"))));
    Ok(page.blocks(more.map(|link| Block::Links(vec![link]))).into())
}

async fn ask_back(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (db, id): (_, OpportunityId) = (visit.platform().db.read(), visit.param("opportunity")?);
    let row = contributions::own_one(db, &own.person, id, visit.param("contribution")?).await?;
    let meeting = match row.meeting_id {
        Some(meeting) => Some(meetings::get(db, own.person.organisation, id, meeting).await?),
        None => None,
    };
    let page = Page::new("What I said").back("What I said at meetings", here(&visit, &own, id, ""));
    let mut about = vec![("Noted".to_owned(), time(&own, row.created_at))];
    about.extend(meeting.map(|meeting| ("At the meeting".to_owned(), meeting.title)));
    about.extend(facts(&row));
    let page = page.block(Block::Facts(about));
    let Some(words) = row.text else {
        return Ok(page.text("I took this back. Its words are gone.").into());
    };
    let texts = [
        "You can take this back. You need give no reason, and nothing else follows from it.",
        "Its words are erased at once. It counts in nothing that is written from then on. What was published before stays as it is.",
    ];
    let page = page.block(Block::Quote(words)).heading("Take it back").texts(texts);
    Ok(page.form(Form::default().submit(Submit::new("Take back what I said"))).into())
}

async fn take_back(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (platform, id): (_, OpportunityId) = (visit.platform(), visit.param("opportunity")?);
    let row = contributions::own_one(platform.db.read(), &own.person, id, visit.param("contribution")?).await?;
    let tx = platform.db.begin().await?;
    contributions::withdraw(&tx, platform, &own.person, row.id).await?;
    tx.commit().await?;
    Reply::to(here(&visit, &own, id, "?done=words"))
}
