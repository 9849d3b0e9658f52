//! What somebody agreed to, each with a way to take it back; and the organisation's own notice, to agree to.

use super::{Own, at, done, own, time};
use crate::{
    consent::{
        notices,
        record::{self, Speaker},
        rules::State,
    },
    invitations::letters::day,
    pages::{
        kit::{Block, Card, Cell, Desk, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
        notice::{self, effects},
    },
    platform::{Error, Result},
};
use entity::{ConsentType, OpportunityId, Purpose, consent_standing, notice as notices_table};
use poem::{Route, get, http::StatusCode, post};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// Events on one page.
const EVENTS: u64 = 100;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/consents", get(ask(desk, own, list)))
        .at("/o/:slug/me/consents/notice", get(ask(desk, own, ask_notice)).post(act(desk, own, agree)))
        .at("/o/:slug/me/consents/withdraw", post(act(desk, own, withdraw)))
        .at("/o/:slug/me/consents/history", get(ask(desk, own, history)))
}

/// Everything that holds, by what it is about.
async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let platform = visit.platform();
    let db = platform.db.read();
    let standing = record::standing_of(db, own.person.organisation, own.person.participant).await?;
    let open: Vec<_> = standing.into_iter().filter(gives).collect();
    let names = titles(&visit, &own, open.iter().map(|row| row.scope_id)).await?;
    let read = notices::several(db, own.person.organisation, open.iter().map(|row| row.notice_id)).await?;
    let mut by_scope: Vec<(Uuid, Vec<Card>)> = Vec::new();
    for row in &open {
        let Some(words) = read.get(&row.notice_id).and_then(|notice| purpose(notice, row.purpose)) else { continue };
        let card = card(&visit, &own, row, words, platform.clock.now());
        match by_scope.iter_mut().find(|(scope, _)| *scope == row.scope_id) {
            Some((_, cards)) => cards.push(card),
            None => by_scope.push((row.scope_id, vec![card])),
        }
    }
    let text = "You can take each of these back at any time. You need give no reason, and nothing else follows from it.";
    let mut page = Page::new("What I agreed to").said(done(&visit)).text(text);
    if by_scope.is_empty() {
        page = page.text("You have agreed to nothing, or you have taken it back.");
    }
    for (scope, cards) in by_scope {
        let name = names.get(&scope).cloned().unwrap_or_else(|| own.organisation.name.clone());
        page = page.heading(name).block(Block::Cards(cards));
    }
    let links = vec![
        Link::new("Read and answer the notice about being written to", at(&visit, &own.organisation, "/consents/notice")),
        Link::new("Facts about me, to see who is missing", at(&visit, &own.organisation, "/facts")),
        Link::new("Everything I ever agreed to, refused or took back", at(&visit, &own.organisation, "/consents/history")),
    ];
    Ok(page.heading("More").block(Block::Links(links)).into())
}

fn gives(row: &consent_standing::Model) -> bool {
    State::after(row.r#type, row.valid_until).accepts(ConsentType::Withdraw) == Some(true)
}

fn purpose(notice: &notices_table::Model, purpose: Purpose) -> Option<&entity::NoticePurpose> {
    notice.content.purposes.iter().find(|given| given.purpose == purpose)
}

fn card(visit: &Visit, own: &Own, row: &consent_standing::Model, words: &entity::NoticePurpose, now: entity::Time) -> Card {
    let mut button = Form::button(at(visit, &own.organisation, "/consents/withdraw"), "Take this back")
        .hidden("scope", row.scope_id.to_string());
    button.submits[0] = button.submits[0].clone().other().sends("purpose", row.purpose.word()).about(format!(": {}", words.text));
    let mut facts = Vec::new();
    if let Some(until) = row.valid_until {
        let words = if until > now { "It holds until" } else { "It ran out on" };
        facts.push((words.to_owned(), day(until.date_naive())));
    }
    facts.push(("If you take this back".into(), effects(row.purpose, words.withdrawal_effect)));
    Card { title: words.text.clone(), facts, forms: vec![button], ..Card::default() }
}

/// Titles of opportunities that something was agreed to for.
async fn titles(visit: &Visit, own: &Own, scopes: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
    let ids: Vec<OpportunityId> = scopes.filter(|scope| *scope != own.organisation.id.0).map(OpportunityId::from).collect();
    let found = crate::opportunities::titles(visit.platform().db.read(), own.person.organisation, &ids).await?;
    Ok(found.into_iter().map(|(id, title)| (id.0, title)).collect())
}

async fn current(visit: &Visit, own: &Own) -> Result<Option<notices_table::Model>> {
    notices::current(visit.platform().db.read(), own.person.organisation, own.person.organisation.0).await
}

async fn notice_form(visit: &Visit, own: &Own, notice: &notices_table::Model) -> Result<Form> {
    let form = notice::form(visit, &Speaker::on_the_web(&own.person), notice, false).await?;
    Ok(form.submit(Submit::new("Agree to what I have ticked")))
}

fn notice_page(visit: &Visit, own: &Own, notice: &notices_table::Model, form: Form) -> Page {
    let here = at(visit, &own.organisation, "/consents/notice");
    let page = Page::new(&notice.content.title).back("Back", at(visit, &own.organisation, "/consents"));
    let text = "Each of these is a choice of its own. You need not agree to any of them.";
    page.blocks(notice::words(notice, visit.easy(), &here)).text(text).form(form)
}

async fn ask_notice(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let Some(notice) = current(&visit, &own).await? else {
        let text = "There is nothing to agree to at the moment.";
        let home = Link::new("Go to my page", at(&visit, &own.organisation, ""));
        return Ok(Page::new("What we may do").text(text).block(Block::Links(vec![home])).into());
    };
    let form = notice_form(&visit, &own, &notice).await?;
    Ok(notice_page(&visit, &own, &notice, form).into())
}

async fn agree(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let notice = current(&visit, &own).await?.ok_or(Error::NotFound("notice"))?;
    notice::expect(&visit, &notice)?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    match notice::note(&tx, &visit, &Speaker::on_the_web(&own.person), &notice).await {
        Ok(agreed) => {
            tx.commit().await?;
            let what = if agreed { "agreed" } else { "nothing" };
            Reply::to(at(&visit, &own.organisation, &format!("?done={what}")))
        }
        Err(error) => {
            tx.rollback().await?;
            let form = notice_form(&visit, &own, &notice).await?.again(&visit.fields, error)?;
            Ok(notice_page(&visit, &own, &notice, form).status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

async fn withdraw(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let named = visit.fields.text("purpose");
    let purpose = Purpose::ALL.iter().copied().find(|purpose| purpose.word() == named).ok_or(Error::NotFound("page"))?;
    let scope: Uuid = visit.fields.needed("scope", "Choose one of your agreements.")?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    let done = record::withdraw(&tx, platform, &Speaker::on_the_web(&own.person), purpose, scope).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    let what = if done { "withdrawn" } else { "nothing" };
    Reply::to(at(&visit, &own.organisation, &format!("/consents?done={what}")))
}

/// Everything that was ever said, with the words that were read.
async fn history(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let db = visit.platform().db.read();
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let mut events = record::events_of(db, own.person.organisation, own.person.participant, after, EVENTS + 1).await?;
    let more = events.len() > usize::try_from(EVENTS).unwrap_or(usize::MAX);
    events.truncate(usize::try_from(EVENTS).unwrap_or(usize::MAX));
    let next = events.last().filter(|_| more).map(|row| row.id);
    let read = notices::several(db, own.person.organisation, events.iter().map(|row| row.notice_id)).await?;
    let names = titles(&visit, &own, events.iter().map(|row| row.scope_id)).await?;
    let row = |event: &entity::consent_event::Model| {
        let words = read.get(&event.notice_id).and_then(|notice| purpose(notice, event.purpose)).map(|given| given.text.clone());
        vec![
            Cell::text(time(&own, event.occurred_at)),
            Cell::text(names.get(&event.scope_id).cloned().unwrap_or_else(|| own.organisation.name.clone())),
            Cell::text(words.unwrap_or_default()),
            Cell::text(said_in_words(event.r#type)),
        ]
    };
    let columns = ["When", "About", "What for", "What I said"].map(String::from).to_vec();
    let table = Table { caption: "Oldest first".into(), columns, rows: events.iter().map(row).collect() };
    let mut page =
        Page::new("Everything I agreed to, refused or took back").back("Back", at(&visit, &own.organisation, "/consents"));
    page = if events.is_empty() { page.text("You have said nothing yet.") } else { page.block(Block::Table(table)) };
    if let Some(next) = next {
        let to = at(&visit, &own.organisation, &format!("/consents/history?after={next}"));
        page = page.block(Block::Links(vec![Link::new("Go on reading", to)]));
    }
    Ok(page.wide().into())
}

fn said_in_words(said: ConsentType) -> &'static str {
    match said {
        ConsentType::Give => "I agreed",
        ConsentType::Renew => "I agreed once more",
        ConsentType::Refuse => "I said no",
        ConsentType::Defer => "I left it for later",
        ConsentType::Withdraw => "I took it back",
    }
}
