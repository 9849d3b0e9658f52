//! Projects: from a need, with their stages and decisions.

mod decisions;
mod forms;

use super::{
    desk::{ROWS, Seat, again, fresh, mistaken, paged, seat},
    entry::Entry,
    words::Word,
};
use crate::{
    accounts::Power,
    integrity::ladder::step,
    invitations::letters::day,
    opportunities::{ways, zone_of},
    pages::kit::{Block, Cell, Desk, Form, Page, Reply, Table, Visit, Zone, act, ask},
    platform::{Error, Result, http::Cursor},
    projects::{
        presence::in_words,
        stages,
        work::{self, Whole},
    },
};
use entity::{DecisionScope, ProjectId, Stage, decision, stage};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/projects");
    let route = route
        .at(at, get(ask(desk, console, list)))
        .at(format!("{at}/new"), get(ask(desk, console, ask_new)).post(act(desk, console, create)))
        .at(format!("{at}/:project"), get(ask(desk, console, one)))
        .at(format!("{at}/:project/edit"), get(ask(desk, console, ask_edit)).post(act(desk, console, edit)))
        .at(format!("{at}/:project/stages/:stage"), get(ask(desk, console, ask_stage)).post(act(desk, console, record_stage)));
    decisions::routes(route, desk)
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let rows = work::list(seat.platform(), seat.actor.organisation, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |whole| whole.row.id.to_string());
    let mut page = Page::new("Projects").wide();
    if seat.manages() {
        page = page.block(Block::Go(seat.link("Begin a project", "/projects/new")));
    }
    page = page.block(Block::Links(vec![seat.link("Topics that people can choose", "/topics")]));
    if rows.is_empty() {
        return Ok(page.text("There is no project yet. A need is enough to begin one.").into());
    }
    let row = |whole: Whole| {
        let claimed = whole.row.claimed_rung.map_or("Not said yet", |rung| step(rung).title);
        let name = Cell::Link(seat.link(whole.row.title, format!("/projects/{}", whole.row.id)));
        vec![name, Cell::text(claimed), Cell::text(whole.row.kind.said())]
    };
    let columns = ["Name", "Rung that is claimed", "Kind"].map(String::from).to_vec();
    page = page.block(Block::Table(Table { caption: "Projects".into(), columns, rows: rows.into_iter().map(row).collect() }));
    let more = next.map(|next| Block::Links(vec![seat.link("Go on reading", format!("/projects?after={next}"))]));
    Ok(page.blocks(more).into())
}

fn new_page(seat: &Seat<'_>, form: Form) -> Page {
    Page::new("Begin a project").back("Projects", seat.at("/projects")).form(form)
}

async fn ask_new(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    Ok(new_page(&seat, fresh(&seat, forms::project(None))).into())
}

async fn create(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    match make(&seat).await {
        Ok(address) => Reply::to(address),
        Err(error) => {
            let form = again(fresh(&seat, forms::project(None)), &visit, error)?;
            Ok(mistaken(new_page(&seat, form)).into())
        }
    }
}

async fn make(seat: &Seat<'_>) -> Result<String> {
    let facts = forms::read_project(Entry::new(&seat.visit.fields))?;
    let once = seat.once().await?;
    if let Some(address) = once.seen_at() {
        return Ok(address);
    }
    let made = work::create(once.tx(), seat.platform(), &seat.actor, facts).await?;
    let address = seat.at(format!("/projects/{}", made.row.id));
    once.commit_at(&address).await?;
    Ok(address)
}

async fn found(seat: &Seat<'_>) -> Result<Whole> {
    work::get(seat.db(), seat.actor.organisation, seat.visit.param("project")?).await
}

/// The address of the project that the address names.
fn at(seat: &Seat<'_>, id: ProjectId, rest: &str) -> String {
    seat.at(format!("/projects/{id}{rest}"))
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let whole = found(&seat).await?;
    let warnings: Vec<String> = whole.warnings().into_iter().map(|warning| warning.detail.into()).collect();
    let said = match visit.query.text("done") {
        "saved" => Some("Saved."),
        "settled" => Some("The decision is settled."),
        _ => None,
    };
    let mut page = Page::new(&whole.row.title).caption("Project").back("Projects", seat.at("/projects")).said(said).wide();
    if !warnings.is_empty() {
        page = page.block(Block::Important("Please look at this".into(), warnings));
    }
    page = page.heading("What it is about").block(Block::Facts(about(&whole)));
    if seat.manages() {
        page = page.block(Block::Links(vec![seat.link("Change this", format!("/projects/{}/edit", whole.row.id))]));
    }
    page = page.blocks(ways_of(&seat, whole.row.id).await?);
    page = page.blocks(decisions_of(&seat, whole.row.id).await?);
    Ok(page.block(stages_of(&seat, &whole)).into())
}

fn about(whole: &Whole) -> Vec<(String, String)> {
    let row = &whole.row;
    let mut facts = vec![
        ("What is needed", row.need.clone()),
        ("Why people are involved", row.purpose.why.clone()),
        ("What they get out of it", row.purpose.benefit_to_participants.clone()),
        ("What should be different", row.purpose.intended_change.clone()),
        ("Who will use it", row.intended_users.0.join("\n")),
        ("Promise", row.promise.clone().unwrap_or_default()),
        ("Rung that is claimed", row.claimed_rung.map_or("Not said yet", |rung| step(rung).title).into()),
        ("What the record supports", "Not assessed yet".into()),
    ];
    let sought = |target: &entity::PresenceTarget| {
        format!("{}, {}: {}", in_words(&target.dimension), in_words(&target.category), target.sought)
    };
    facts.push(("Whose presence is sought", row.presence.0.iter().map(sought).collect::<Vec<_>>().join("\n")));
    facts.retain(|(_, text)| !text.trim().is_empty());
    facts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// What people can take part in.
async fn ways_of(seat: &Seat<'_>, id: ProjectId) -> Result<Vec<Block>> {
    let cursor = Cursor { after: None, limit: ROWS };
    let rows = ways::list(seat.platform(), seat.actor.organisation, Some(id), None, cursor).await?;
    let mut blocks = vec![Block::Heading("Ways to take part".into())];
    if rows.is_empty() {
        blocks.push(Block::Text("There is none yet.".into()));
    } else {
        let row = |way: ways::Way| {
            let name = Cell::Link(seat.link(way.row.title, format!("/opportunities/{}", way.row.id)));
            vec![name, Cell::text(way.row.kind.said()), Cell::text(way.row.state.said())]
        };
        let columns = ["Name", "Kind", "Where it stands"].map(String::from).to_vec();
        blocks.push(Block::Table(Table {
            caption: "Ways to take part".into(),
            columns,
            rows: rows.into_iter().map(row).collect(),
        }));
    }
    if seat.manages() {
        blocks.push(Block::Links(vec![seat.link("Add a way to take part", format!("/projects/{id}/opportunities/new"))]));
    }
    Ok(blocks)
}

async fn decisions_of(seat: &Seat<'_>, id: ProjectId) -> Result<Vec<Block>> {
    let cursor = Cursor { after: None, limit: ROWS };
    let rows = crate::projects::decisions::list(seat.platform(), seat.actor.organisation, id, cursor).await?;
    let mut blocks = vec![Block::Heading("Decisions".into())];
    if rows.is_empty() {
        blocks.push(Block::Text("Say what people can change and what they cannot, before anybody is asked.".into()));
    } else {
        let row = |row: decision::Model| {
            let stands = match (row.settled_at, row.scope) {
                (Some(_), _) => "Settled",
                (None, DecisionScope::Open) => "Open",
                (None, DecisionScope::Reserved) => "Reserved",
            };
            let name = Cell::Link(seat.link(row.title, format!("/projects/{id}/decisions/{}", row.id)));
            vec![name, Cell::text(stands), Cell::text(row.owner)]
        };
        let columns = ["What is to be decided", "Where it stands", "Who decides"].map(String::from).to_vec();
        blocks.push(Block::Table(Table { caption: "Decisions".into(), columns, rows: rows.into_iter().map(row).collect() }));
    }
    if seat.manages() {
        blocks.push(Block::Links(vec![seat.link("Add a decision", format!("/projects/{id}/decisions/new"))]));
    }
    Ok(blocks)
}

fn stages_of(seat: &Seat<'_>, whole: &Whole) -> Block {
    let zone = zone_of(seat.organisation);
    let on = |at: Option<entity::Time>| at.map_or_else(String::new, |at| day(at.with_timezone(&zone).date_naive()));
    let row = |stage: Stage| {
        let recorded = whole.stages.iter().find(|row| row.stage == stage);
        let name = match seat.manages() {
            true => Cell::Link(seat.link(stage.said(), format!("/projects/{}/stages/{}", whole.row.id, stage.word()))),
            false => Cell::text(stage.said()),
        };
        let of = |part: fn(&stage::Model) -> Option<entity::Time>| Cell::Text(on(recorded.and_then(part)));
        let by = recorded.and_then(|row| row.settled_by.clone()).unwrap_or_default();
        vec![name, of(|row| row.started_at), of(|row| row.settled_at), Cell::Text(by)]
    };
    let columns = ["Stage", "Began", "Settled", "By whom"].map(String::from).to_vec();
    Block::Table(Table { caption: "Stages of the work".into(), columns, rows: Stage::CHOICES.iter().copied().map(row).collect() })
}

fn edit_page(seat: &Seat<'_>, id: ProjectId, form: Form) -> Page {
    Page::new("Change the project").back("Back to the project", at(seat, id, "")).form(form)
}

async fn ask_edit(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?.row;
    Ok(edit_page(&seat, row.id, forms::project(Some(&row)).version(row.version)).into())
}

async fn edit(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let row = found(&seat).await?.row;
    let saved = async {
        let facts = forms::read_project(Entry::new(&visit.fields))?;
        work::change(seat.platform(), &seat.actor, row.id, Some(&visit.fields.if_match()?), facts).await
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, row.id, "?done=saved")),
        Err(error) => {
            let form = forms::project(Some(&row)).version(row.version);
            Ok(mistaken(edit_page(&seat, row.id, again(form, &visit, error)?)).into())
        }
    }
}

fn stage_page(seat: &Seat<'_>, id: ProjectId, stage: Stage, form: Form) -> Page {
    let text = "Record what has happened, not what is planned.";
    Page::new(stage.said()).caption("Stage").back("Back to the project", at(seat, id, "")).text(text).form(form)
}

fn stage_of(visit: &Visit) -> Result<Stage> {
    super::words::read(visit.word("stage")).ok_or(Error::NotFound("stage"))
}

async fn ask_stage(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let (whole, stage) = (found(&seat).await?, stage_of(&visit)?);
    let row = whole.stages.iter().find(|row| row.stage == stage);
    Ok(stage_page(&seat, whole.row.id, stage, forms::stage(row, zone_of(seat.organisation))).into())
}

async fn record_stage(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let (whole, stage, zone) = (found(&seat).await?, stage_of(&visit)?, zone_of(seat.organisation));
    let row = whole.stages.iter().find(|row| row.stage == stage);
    let id = whole.row.id;
    let saved = async {
        let facts = forms::read_stage(Entry::new(&visit.fields), row, zone, seat.platform().clock.now())?;
        stages::record(seat.platform(), &seat.actor, id, stage, Some(&visit.fields.if_match()?), facts).await
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, id, "?done=saved")),
        Err(error) => Ok(mistaken(stage_page(&seat, id, stage, again(forms::stage(row, zone), &visit, error)?)).into()),
    }
}
