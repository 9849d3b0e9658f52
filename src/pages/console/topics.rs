//! Topics: the subjects that people can choose to be asked about, or never to be asked about.

use super::{
    desk::{Seat, again, fresh, mistaken, paged, seat},
    entry::Entry,
};
use crate::{
    accounts::Power,
    pages::kit::{Block, Cell, Desk, Field, Form, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    participants::topics::{self, Facts, is_key},
    platform::{Result, http::Cursor},
};
use entity::topic;
use poem::{Route, get, post};
use std::{collections::BTreeSet, sync::Arc};

/// So many topics are looked through for a name that is free.
const TOPICS: u64 = 500;
/// Letters of a key that follow from the name; a number may come behind them.
const KEY: usize = 50;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/topics");
    route
        .at(at, get(ask(desk, console, list)).post(act(desk, console, add)))
        .at(format!("{at}/:topic"), get(ask(desk, console, ask_change)).post(act(desk, console, change)))
        .at(format!("{at}/:topic/retire"), get(ask(desk, console, ask_retire)).post(act(desk, console, retire)))
        .at(format!("{at}/:topic/restore"), post(act(desk, console, restore)))
}

fn done(visit: &Visit) -> Option<&'static str> {
    Some(match visit.query.text("done") {
        "added" => "Added. People can choose it from now on.",
        "saved" => "Saved.",
        "retired" => "It can no longer be chosen.",
        "restored" => "It can be chosen again.",
        _ => return None,
    })
}

/// What a topic says. `row` is what it says now, if there is one.
fn form(row: Option<&topic::Model>) -> Form {
    let text = |of: fn(&topic::Model) -> Option<String>| row.and_then(of).unwrap_or_default();
    let form = row.map_or_else(Form::default, |row| Form::default().version(row.version));
    form.field(Field::line("title", "Name", text(|row| Some(row.title.clone()))).hint("A few words, such as: Getting around."))
        .field(
            Field::area("description", "What it is about", text(|row| row.description.clone()))
                .optional()
                .rows(3)
                .hint("Short sentences, no jargon."),
        )
        .field(Field::area("easy_read", "The same in Easy Read", text(|row| row.easy_read.clone())).optional().rows(3))
        .submit(Submit::new(if row.is_some() { "Save" } else { "Add this topic" }))
}

fn read(seat: &Seat<'_>) -> Facts {
    let entry = Entry::new(&seat.visit.fields);
    Facts { title: entry.text("title"), description: entry.given("description"), easy_read: entry.given("easy_read") }
}

async fn list_page(seat: &Seat<'_>, form: Form) -> Result<Page> {
    let rows = topics::list(seat.db(), seat.actor.organisation, true, &seat.cursor()?).await?;
    let (rows, next) = paged(rows, |row| row.id.to_string());
    let texts = [
        "People choose on their own page what they would like to be asked about, and what never. They choose among these topics.",
        "Each way to take part can name the topics that it is about. Nobody is asked about a topic that they ruled out.",
    ];
    let mut page = Page::new("Topics").said(done(seat.visit)).wide().texts(texts);
    if rows.is_empty() {
        page = page.text("There is no topic yet. Until there is one, people are not asked to choose.");
    } else {
        let row = |row: topic::Model| {
            let name = match seat.manages() {
                true => Cell::Link(seat.link(&row.title, format!("/topics/{}", row.id))),
                false => Cell::text(&row.title),
            };
            let state = if row.retired_at.is_some() { "Cannot be chosen any more" } else { "Can be chosen" };
            vec![name, Cell::text(row.description.unwrap_or_default()), Cell::text(state)]
        };
        let columns = ["Name", "What it is about", "Where it stands"].map(String::from).to_vec();
        let table = Table { caption: "Topics, oldest first".into(), columns, rows: rows.into_iter().map(row).collect() };
        page = page.block(Block::Table(table));
    }
    page = page.blocks(next.map(|next| Block::Links(vec![seat.link("Go on reading", format!("/topics?after={next}"))])));
    Ok(if seat.manages() { page.heading("Add a topic").form(form) } else { page })
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let form = fresh(&seat, form(None));
    Ok(list_page(&seat, form).await?.into())
}

/// Adds a topic. Its key, under which other systems know it, follows from its name.
async fn add(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let address = seat.at("/topics?done=added");
    let made = async {
        let facts = read(&seat);
        let once = seat.once().await?;
        if once.seen_at().is_some() {
            return Ok(());
        }
        let all = Cursor { after: None, limit: TOPICS };
        let known = topics::list(once.tx(), seat.actor.organisation, true, &all).await?;
        let key = free_key(&facts.title, &known.into_iter().map(|row| row.key).collect());
        topics::create(once.tx(), seat.platform(), &seat.actor, key, facts).await?;
        once.commit_at(&address).await
    };
    match made.await {
        Ok(()) => Reply::to(address),
        Err(error) => {
            let form = again(fresh(&seat, form(None)), &visit, error)?;
            Ok(mistaken(list_page(&seat, form).await?).into())
        }
    }
}

/// A key for a topic of this name that no other topic has.
fn free_key(title: &str, taken: &BTreeSet<String>) -> String {
    let words = title.to_lowercase();
    let parts = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let mut key: String = parts.collect::<Vec<_>>().join("_").chars().take(KEY).collect();
    if !is_key(&key) {
        key = format!("topic_{key}").trim_end_matches('_').chars().take(KEY).collect();
    }
    let more = (2..).map(|n: usize| format!("{key}_{n}"));
    std::iter::once(key.clone()).chain(more).find(|key| !taken.contains(key)).unwrap_or(key)
}

async fn found(seat: &Seat<'_>) -> Result<topic::Model> {
    topics::get(seat.db(), seat.actor.organisation, seat.visit.param("topic")?).await
}

fn change_page(seat: &Seat<'_>, row: &topic::Model, form: Form) -> Page {
    let page = Page::new("Change a topic").caption(&row.title).back("Topics", seat.at("/topics")).form(form);
    if row.retired_at.is_some() {
        let page = page.text("It cannot be chosen any more. What people have said about it stays.");
        return page.form(Form::button(seat.at(format!("/topics/{}/restore", row.id)), "Let it be chosen again"));
    }
    page.block(Block::Links(vec![seat.link("Let it be chosen no more", format!("/topics/{}/retire", row.id))]))
}

async fn ask_change(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?;
    Ok(change_page(&seat, &row, form(Some(&row))).into())
}

async fn change(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?;
    let based_on = visit.fields.if_match()?;
    match topics::change(seat.platform(), &seat.actor, row.id, Some(&based_on), read(&seat)).await {
        Ok(_) => Reply::to(seat.at("/topics?done=saved")),
        Err(error) => Ok(mistaken(change_page(&seat, &row, again(form(Some(&row)), &visit, error)?)).into()),
    }
}

async fn ask_retire(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?;
    let texts = [
        "People can then no longer choose it, and no new way to take part can name it. What people have said about it stays.",
        "You can let it be chosen again later.",
    ];
    let page = Page::new("Let a topic be chosen no more").caption(&row.title);
    let page = page.back("Back to the topic", seat.at(format!("/topics/{}", row.id))).texts(texts);
    Ok(page.form(Form::default().submit(Submit::new("Let it be chosen no more"))).into())
}

async fn retire(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    topics::retire(seat.platform(), &seat.actor, found(&seat).await?.id).await?;
    Reply::to(seat.at("/topics?done=retired"))
}

async fn restore(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    topics::restore(seat.platform(), &seat.actor, found(&seat).await?.id).await?;
    Reply::to(seat.at("/topics?done=restored"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_follows_from_the_name_and_is_free() {
        let taken = BTreeSet::from(["getting_around".to_owned(), "getting_around_2".to_owned()]);
        let keys = ["Getting around", "Being reached at night!", "24 hours", "Ŵŷ", &"long ".repeat(40)]
            .map(|name| free_key(name, &taken));
        assert_eq!(keys[..4], ["getting_around_3", "being_reached_at_night", "topic_24_hours", "topic"]);
        assert!(keys.iter().all(|key| is_key(key)), "{keys:?}");
    }
}
