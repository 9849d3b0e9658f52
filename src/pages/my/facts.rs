//! Facts about me: what somebody tells about themselves, so that it can be seen who is missing.

use super::{Own, at, done, own};
use crate::{
    consent::{self, notices},
    opportunities::quotas,
    pages::kit::{Block, Cell, Choice, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    participants::{self, Fact, topics::is_key},
    platform::{Error, Result, Violation},
    projects::presence::{self, Kind, in_words},
};
use entity::{Purpose, demographic};
use poem::{Route, get, http::StatusCode, post};
use std::sync::Arc;

/// The group of whoever belongs to none of those that are sought. Without it nobody could tell them from people who said nothing.
const NONE: &str = "none_of_these";
/// Kinds of facts on the page. The verb takes no more.
const KINDS: usize = 50;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/facts", get(ask(desk, own, show)).post(act(desk, own, give)))
        .at("/o/:slug/me/facts/remove", post(act(desk, own, remove)))
}

/// What the page is about.
struct Matter {
    /// The version of the person's record.
    version: i32,
    /// What the person has told.
    told: Vec<demographic::Model>,
    /// What is asked.
    asked: Vec<Kind>,
    /// Whether the person agrees to be counted by it.
    agrees: bool,
    /// Whether the notice of today asks for that at all.
    offered: bool,
}

async fn matter(visit: &Visit, own: &Own) -> Result<Matter> {
    let (platform, organisation) = (visit.platform(), own.person.organisation);
    let db = platform.db.read();
    let (version, told) = participants::facts(platform, &own.person).await?;
    let mut asked = presence::sought(db, organisation).await?;
    for quota in quotas::sought(db, organisation).await? {
        add(&mut asked, &quota.dimension, &quota.category);
    }
    // Words that the verb refuses as a kind cannot be answered by anybody.
    asked.retain(|kind| is_key(&kind.dimension));
    for fact in &told {
        add(&mut asked, &fact.dimension, &fact.category);
    }
    asked.truncate(KINDS.max(told.len()));
    let (purpose, scope, now) = (Purpose::DemographicsRepresentativeness, organisation.0, platform.clock.now());
    let agrees = consent::permits(db, organisation, own.person.participant, purpose, scope, now).await?;
    let notice = notices::current(db, organisation, scope).await?;
    let offered = notice.is_some_and(|notice| notice.content.purposes.iter().any(|given| given.purpose == purpose));
    Ok(Matter { version, told, asked, agrees, offered })
}

/// Adds a group to what is asked. What somebody has told stays among the answers, also when nobody looks for that group any more.
fn add(asked: &mut Vec<Kind>, dimension: &str, category: &str) {
    match asked.iter_mut().find(|kind| kind.dimension == dimension) {
        Some(kind) if category == NONE || kind.groups.iter().any(|group| group == category) => {}
        Some(kind) => kind.groups.push(category.to_owned()),
        None => asked.insert(0, Kind { dimension: dimension.to_owned(), groups: vec![category.to_owned()] }),
    }
}

fn begun(name: &str) -> String {
    let words = in_words(name);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn field_name(kind: &Kind) -> String {
    format!("fact-{}", kind.dimension)
}

/// One question a kind. Nothing is chosen beforehand but not to say.
fn form(matter: &Matter) -> Form {
    let field = |kind: &Kind| {
        let told = matter.told.iter().find(|fact| fact.dimension == kind.dimension).map(|fact| fact.category.as_str());
        let silent = Choice::new("", "I would rather not say").on(told.is_none());
        let groups = kind.groups.iter().filter(|group| *group != NONE);
        let groups = groups.map(|group| Choice::new(group, begun(group)).on(told == Some(group)));
        let other = Choice::new(NONE, "None of these").on(told == Some(NONE));
        Field::radios(field_name(kind), begun(&kind.dimension), std::iter::once(silent).chain(groups).chain([other])).optional()
    };
    Form::default().fields(matter.asked.iter().map(field)).version(matter.version).submit(Submit::new("Save"))
}

/// What was chosen. Only what is offered on the page counts.
fn read(visit: &Visit, matter: &Matter) -> Result<Vec<Fact>> {
    let (mut facts, mut wrong) = (Vec::new(), Vec::new());
    for kind in &matter.asked {
        let category = visit.fields.trimmed(&field_name(kind));
        if category.is_empty() {
            continue;
        }
        if category == NONE || kind.groups.contains(&category) {
            facts.push(Fact { dimension: kind.dimension.clone(), category });
        } else {
            wrong.push(Violation::new(format!("/{}", field_name(kind)), "unknown", "Choose one of the answers."));
        }
    }
    if wrong.is_empty() { Ok(facts) } else { Err(Error::Invalid(wrong)) }
}

fn told(visit: &Visit, own: &Own, matter: &Matter) -> Vec<Block> {
    let to = at(visit, &own.organisation, "/facts/remove");
    let row = |fact: &demographic::Model| {
        let what = begun(&fact.dimension);
        let mut button = Form::button(&to, "Take this out").version(matter.version);
        button.submits[0] = button.submits[0].clone().other().sends("fact", fact.dimension.clone()).about(format!(": {what}"));
        let answer = Cell::text(begun(&fact.category));
        // What is left is kept on the person's consent: without it there is one way out, for all of them.
        let out = if matter.agrees { Cell::Form(Box::new(button)) } else { Cell::text("It is not counted now") };
        vec![Cell::text(what), answer, out]
    };
    let columns = ["What", "My answer", ""].map(String::from).to_vec();
    let table = Table { caption: "Facts that are kept".into(), columns, rows: matter.told.iter().map(row).collect() };
    let mut blocks = vec![Block::Table(table)];
    if !matter.agrees || matter.told.len() > 1 {
        let mut all = Form::button(&to, "Take all of them out").version(matter.version);
        all.submits[0].other = true;
        blocks.push(Block::Form(Box::new(all)));
    }
    blocks
}

fn page(visit: &Visit, own: &Own, matter: &Matter, form: Form) -> Page {
    let page = Page::new("Facts about me")
        .said(done(visit))
        .back("Back to what I agreed to", at(visit, &own.organisation, "/consents"))
        .texts([
            "Facts such as your age or where you live help us to see who is missing. Then we can try harder to reach them.",
            "You are asked if you agreed to that. You need not answer any question. It changes nothing for you.",
            "The answers of many people are counted together. Nobody sees yours beside your name. Small numbers are not shown.",
        ]);
    let page = match matter.told.is_empty() {
        true => page,
        false => page.heading("What you have told us").blocks(told(visit, own, matter)),
    };
    if matter.asked.is_empty() {
        return page.heading("What we ask").text("Nothing is asked at the moment.");
    }
    if matter.agrees {
        return page.heading("What we ask").form(form);
    }
    let kinds = matter.asked.iter().map(|kind| in_words(&kind.dimension)).collect();
    let page = page
        .heading("What we would ask")
        .block(Block::List(kinds))
        .text("You have not agreed to have facts about yourself counted. So you are not asked, and that is fine.");
    if !matter.offered {
        return page.text("You cannot agree to it at the moment: the notice of today does not ask for it.");
    }
    let notice = Link::new("Read the notice, and agree to it if you want to", at(visit, &own.organisation, "/consents/notice"));
    page.block(Block::Links(vec![notice]))
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let matter = matter(&visit, &own).await?;
    Ok(page(&visit, &own, &matter, form(&matter)).into())
}

async fn give(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let matter = matter(&visit, &own).await?;
    let based_on = visit.fields.if_match()?;
    let given = match read(&visit, &matter) {
        Ok(facts) => consent::give_facts(visit.platform(), &own.person, Some(&based_on), facts).await,
        Err(error) => Err(error),
    };
    match given {
        Ok(()) => Reply::to(at(&visit, &own.organisation, "/facts?done=facts")),
        Err(error) => {
            let form = form(&matter).again(&visit.fields, error)?;
            Ok(page(&visit, &own, &matter, form).status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

/// Takes one fact out and leaves the others, or takes all of them out where none is named.
async fn remove(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let based_on = visit.fields.if_match()?;
    let (_, told) = participants::facts(visit.platform(), &own.person).await?;
    let out = visit.fields.given("fact");
    let left = told.into_iter().filter(|fact| out.as_ref().is_some_and(|out| fact.dimension != *out));
    let left = left.map(|fact| Fact { dimension: fact.dimension, category: fact.category }).collect();
    consent::give_facts(visit.platform(), &own.person, Some(&based_on), left).await?;
    Reply::to(at(&visit, &own.organisation, "/facts?done=out"))
}
