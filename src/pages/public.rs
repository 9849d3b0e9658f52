//! What everybody can read: what an organisation asks now, what came of what it asked, and which of its promises are late.

use super::{
    invitation::{about, shared_out},
    kit::{self, Block, Card, Cell, Desk, Link, Page, Reply, Table, Visit, Zone, ask},
    report,
};
use crate::{
    feedback::{overdue, public as reports},
    integrity::ladder::step,
    invitations::letters::{day, payment, time},
    opportunities::{public as offers, quotas::drawn_by, supported, zone_of},
    platform::{Result, http::Cursor},
};
use entity::{OpportunityId, OpportunityState, ReportId, opportunity, organisation};
use poem::{Route, get};
use std::sync::Arc;

/// Entries on one page.
const ENTRIES: u64 = 20;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let open = Zone::Open;
    route
        .at("/", get(ask(desk, open, door)))
        .at("/o/:slug", get(ask(desk, open, home)))
        .at("/o/:slug/opportunities", get(ask(desk, open, list)))
        .at("/o/:slug/opportunities/:opportunity", get(ask(desk, open, one)))
        .at("/o/:slug/reports", get(ask(desk, open, published)))
        .at("/o/:slug/reports/:report", get(ask(desk, open, read)))
        .at("/o/:slug/overdue", get(ask(desk, open, late)))
        .at("/o/:slug/accessibility", get(ask(desk, open, accessibility)))
        .at("/accessibility", get(ask(desk, open, accessibility)))
}

/// The beginning of all addresses. It names no organisation: who uses this server is nobody's business.
async fn door(visit: Arc<Visit>) -> Result<Reply> {
    let texts = [
        "Organisations use this site to ask people for their views, and to tell them what came of it.",
        "If you have a letter from one of them, please open the link in it.",
    ];
    let staff = Link::new("For staff: sign in", visit.at("/console"));
    Ok(Page::new("Alongside").texts(texts).block(Block::Links(vec![staff])).into())
}

fn at(visit: &Visit, organisation: &organisation::Model, rest: &str) -> String {
    visit.at(format!("/o/{}{rest}", organisation.slug))
}

fn cursor(visit: &Visit) -> Result<Cursor> {
    Ok(Cursor { after: visit.query.parsed("after", "Use a link of this page.")?, limit: ENTRIES })
}

fn go_on(visit: &Visit, organisation: &organisation::Model, rest: &str, next: Option<String>) -> Option<Block> {
    let next = next?;
    Some(Block::Links(vec![Link::new("Go on reading", at(visit, organisation, &format!("{rest}?after={next}")))]))
}

fn offer_card(visit: &Visit, organisation: &organisation::Model, row: opportunity::Model) -> Card {
    let mut facts = vec![
        ("What this is".to_owned(), step(row.rung).people_say.to_owned()),
        ("Time it takes".to_owned(), time(&row)),
        ("Payment".to_owned(), payment(&row.payment)),
    ];
    facts.extend(row.closes_on.map(|last| ("Open until".to_owned(), day(last))));
    let to = at(visit, organisation, &format!("/opportunities/{}", row.id));
    Card { title: row.title, to: Some(to), facts, texts: vec![row.summary], forms: Vec::new() }
}

/// The first page of an organisation.
async fn home(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let platform = visit.platform();
    let few = Cursor { after: None, limit: 5 };
    let (offers, _) = offers::list(platform, &organisation.slug, few).await?;
    let told = reports::list(platform.db.read(), organisation.id, few).await?;
    let overdue = overdue::list(platform.db.read(), organisation, platform.clock.now(), few).await?;
    let mut page = Page::new(&organisation.name).block(Block::Go(Link::new("Join", at(&visit, organisation, "/join"))));
    page = page.block(Block::Links(vec![Link::new("I have joined: go to my page", at(&visit, organisation, "/me"))]));
    page = page.heading("What you can take part in now");
    page = if offers.is_empty() {
        page.text("Nothing is open at the moment.")
    } else {
        let more = Link::new("See everything that is open", at(&visit, organisation, "/opportunities"));
        let cards = offers.into_iter().take(5).map(|row| offer_card(&visit, organisation, row)).collect();
        page.block(Block::Cards(cards)).block(Block::Links(vec![more]))
    };
    page = page.heading("What came of it");
    page = if told.is_empty() {
        page.text("There is no report yet.")
    } else {
        let link = |row: reports::Entry| Link::new(row.title, at(&visit, organisation, &format!("/reports/{}", row.report)));
        let mut links: Vec<Link> = told.into_iter().take(5).map(link).collect();
        links.push(Link::new("See every report", at(&visit, organisation, "/reports")));
        page.block(Block::Links(links))
    };
    if !overdue.is_empty() {
        let words = "Some of what people were promised is late.";
        let link = Link::new("See what is late", at(&visit, organisation, "/overdue"));
        page = page.heading("What is late").text(words).block(Block::Links(vec![link]));
    }
    Ok(page.into())
}

/// Everything that is open.
async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let (rows, _) = offers::list(visit.platform(), &organisation.slug, cursor(&visit)?).await?;
    let (rows, next) = kit::paged(ENTRIES, rows, |row| row.id.to_string());
    let page = Page::new("What you can take part in now").back("Back", at(&visit, organisation, ""));
    let page = if rows.is_empty() {
        page.text("Nothing is open at the moment.")
    } else {
        let cards = rows.into_iter().map(|row| offer_card(&visit, organisation, row)).collect();
        page.heading("Open now").block(Block::Cards(cards))
    };
    Ok(page.blocks(go_on(&visit, organisation, "/opportunities", next)).into())
}

/// One of them, with what it offers and what it does not.
async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let id: OpportunityId = visit.param("opportunity")?;
    let (row, _) = offers::get(visit.platform(), &organisation.slug, id).await?;
    let page = Page::new(&row.title).back("Back", at(&visit, organisation, "/opportunities")).text(&row.summary);
    let here = at(&visit, organisation, &format!("/opportunities/{id}"));
    let sharing = drawn_by(visit.platform().db.read(), &row).await?;
    let can_be = supported::of_one(visit.platform().db.read(), &row, visit.platform().clock.now()).await?;
    let page = page.blocks(about(&row, &can_be, visit.easy(), zone_of(organisation))).blocks(shared_out(&row, &sharing));
    let page = page.block(Block::Links(vec![match visit.easy() {
        true => Link::new("Show this page in plain English", here),
        false => Link::new("Explain this in Easy Read", format!("{here}?format=easy")),
    }]));
    let page = page.heading("How to take part");
    let page = if row.state == OpportunityState::Open {
        let text = "Invitations go to people who have joined and whose choices fit. Whoever was invited finds the invitation on \
                    their own page, and in a letter.";
        let links = vec![
            Link::new("Join", at(&visit, organisation, "/join")),
            Link::new("Go to my page", at(&visit, organisation, "/me")),
        ];
        page.text(text).block(Block::Links(links))
    } else {
        page.text("This has closed. What came of it is told in a report.")
    };
    Ok(page.into())
}

/// Every published report.
async fn published(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let rows = reports::list(visit.platform().db.read(), organisation.id, cursor(&visit)?).await?;
    let (rows, next) = kit::paged(ENTRIES, rows, |row| row.report.to_string());
    let page = Page::new("What came of it").back("Back", at(&visit, organisation, ""));
    let page = if rows.is_empty() {
        page.text("There is no report yet.")
    } else {
        let row = |row: reports::Entry| {
            let to = at(&visit, organisation, &format!("/reports/{}", row.report));
            let on = row.published_at.map(|at| day(at.date_naive())).unwrap_or_default();
            vec![Cell::Link(Link::new(row.title, to)), Cell::text(on)]
        };
        let columns = vec!["Report".into(), "First published".into()];
        let table = Table { caption: "Reports, newest first".into(), columns, rows: rows.into_iter().map(row).collect() };
        page.block(Block::Table(table))
    };
    Ok(page.blocks(go_on(&visit, organisation, "/reports", next)).into())
}

/// One report.
async fn read(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let id: ReportId = visit.param("report")?;
    let document = reports::newest(visit.platform().db.read(), organisation.id, id).await?;
    let here = at(&visit, organisation, &format!("/reports/{id}"));
    Ok(report::page(&document, visit.easy(), &here).into())
}

/// Promises that are late.
async fn late(visit: Arc<Visit>) -> Result<Reply> {
    let organisation = visit.organisation().await?;
    let platform = visit.platform();
    let rows = overdue::list(platform.db.read(), organisation, platform.clock.now(), cursor(&visit)?).await?;
    let (rows, next) = kit::paged(ENTRIES, rows, |row| row.opportunity.to_string());
    let page = Page::new("What is late").back("Back", at(&visit, organisation, ""));
    let page = page.text("People who took part were to be told what came of it by these days, and have not been told yet.");
    let page = if rows.is_empty() {
        page.text("Nothing is late.")
    } else {
        let row = |row: overdue::Overdue| {
            let to = at(&visit, organisation, &format!("/opportunities/{}", row.opportunity));
            let moved = row.moved_to.map(|to| format!("Now promised for {}.", day(to))).unwrap_or_default();
            let why = row.moved_reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            vec![
                Cell::Link(Link::new(row.title, to)),
                Cell::text(day(row.due)),
                Cell::Number(row.days_late.to_string()),
                Cell::text(format!("{moved}{why}")),
            ]
        };
        let columns = ["About", "Promised for", "Days late", "What is said about it"].map(String::from).to_vec();
        let table = Table { caption: "Late promises".into(), columns, rows: rows.into_iter().map(row).collect() };
        page.block(Block::Table(table))
    };
    Ok(page.blocks(go_on(&visit, organisation, "/overdue", next)).into())
}

/// How usable these pages are, and whom to tell if they are not.
async fn accessibility(visit: Arc<Visit>) -> Result<Reply> {
    if !visit.word("slug").is_empty() {
        visit.organisation().await?;
    }
    let texts = [
        "These pages are made to meet the Web Content Accessibility Guidelines 2.2 at level AA. They work with a keyboard alone, and with \
         a screen reader. They work on a small screen, and enlarged to four times their size. They work without scripts, pictures or \
         colours.",
        "Nothing on them comes from another site, and nothing follows you.",
        "If something does not work for you, tell the organisation that wrote to you. Its contact stands at the foot of its pages. You can \
         also take part in another way: by telephone or post, for example.",
    ];
    let links = vec![Link::new("Equality Advisory and Support Service", "https://www.equalityadvisoryservice.com/")];
    let complain = "In England, Scotland and Wales, this service advises you if an organisation does not answer.";
    Ok(Page::new("Accessibility").texts(texts).text(complain).block(Block::Links(links)).into())
}
