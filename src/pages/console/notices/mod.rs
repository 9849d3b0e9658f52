//! Notices: what people agree to. Drafted from a text that has to be read and changed, with a switch for each use of data, and
//! published for good.

mod publishing;
mod texts;
mod uses;

use super::{
    desk::{Seat, again, fresh, mistaken, paged, seat},
    entry::Entry,
    words::Word,
};
use crate::{
    accounts::Power,
    consent::{lint, notices},
    opportunities::ways,
    pages::{
        kit::{Block, Cell, Choice, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
        notice,
    },
    platform::{Error, Result, Violation, http::Cursor},
};
use entity::{NoticeContent, NoticeId, NoticeState, OpportunityId, Purpose, notice as row};
use poem::{Route, get};
use std::sync::Arc;
use uuid::Uuid;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/notices");
    let route = route
        .at(at, get(ask(desk, console, list)))
        .at(format!("{at}/new"), get(ask(desk, console, ask_new)).post(act(desk, console, create)))
        .at(format!("{at}/:notice"), get(ask(desk, console, one)).post(act(desk, console, save)))
        .at("/console/:slug/opportunities/:opportunity/notice", get(ask(desk, console, of_opportunity)));
    let route = uses::routes(route, desk);
    publishing::routes(route, desk)
}

fn state(state: NoticeState) -> &'static str {
    match state {
        NoticeState::Draft => "Draft",
        NoticeState::Published => "Published",
    }
}

/// The opportunity that a notice is about, if it is about one.
fn about(seat: &Seat<'_>, notice: &row::Model) -> Option<OpportunityId> {
    (notice.scope_id != seat.actor.organisation.0).then(|| notice.scope_id.into())
}

/// An address below a notice.
fn at(seat: &Seat<'_>, id: NoticeId, rest: &str) -> String {
    seat.at(format!("/notices/{id}{rest}"))
}

async fn found(seat: &Seat<'_>) -> Result<row::Model> {
    notices::get(seat.db(), seat.actor.organisation, seat.visit.param("notice")?).await
}

/// A draft that can still be changed.
async fn found_draft(seat: &Seat<'_>) -> Result<row::Model> {
    let notice = found(seat).await?;
    match notice.state {
        NoticeState::Draft => Ok(notice),
        NoticeState::Published => Err(Error::conflict("published", "A published notice never changes. Make a new version.")),
    }
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let rows = notices::list(seat.db(), seat.actor.organisation, None, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |row| row.id.to_string());
    let text = "A notice says what people agree to. The one of your organisation is about writing to them. Each way to take part has \
                its own.";
    let mut page = Page::new("Notices").text(text).wide();
    let own = |row: &row::Model| row.scope_id == seat.actor.organisation.0;
    let drafted = rows.iter().any(|row| own(row) && row.state == NoticeState::Draft);
    if seat.manages() && !drafted {
        page = page.block(Block::Go(seat.link("Draft a notice of your organisation", "/notices/new")));
    }
    if rows.is_empty() {
        return Ok(page.text("There is none yet.").into());
    }
    let ids: Vec<OpportunityId> = rows.iter().filter(|row| !own(row)).map(|row| row.scope_id.into()).collect();
    let titles = crate::opportunities::titles(seat.db(), seat.actor.organisation, &ids).await?;
    let line = |row: row::Model| {
        let whole = own(&row);
        let found = titles.iter().find(|(id, _)| id.0 == row.scope_id).map(|(_, title)| title.clone());
        let about = if whole { "Your organisation".to_owned() } else { found.unwrap_or_default() };
        let name = Cell::Link(seat.link(row.content.title, format!("/notices/{}", row.id)));
        vec![name, Cell::Text(about), Cell::Number(row.n.to_string()), Cell::text(state(row.state))]
    };
    let columns = ["Title", "About", "Version", "Where it stands"].map(String::from).to_vec();
    page = page.block(Block::Table(Table { caption: "Notices".into(), columns, rows: rows.into_iter().map(line).collect() }));
    let more = next.map(|next| Block::Links(vec![seat.link("Go on reading", format!("/notices?after={next}"))]));
    Ok(page.blocks(more).into())
}

/// The notice of a way to take part: the draft, or the one that is published, or a new one.
async fn of_opportunity(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let way = ways::find(seat.db(), seat.actor.organisation, visit.param("opportunity")?).await?;
    let all = Cursor { after: None, limit: 500 };
    let rows = notices::list(seat.db(), seat.actor.organisation, Some(way.id.0), all).await?;
    match rows.last() {
        Some(newest) => Reply::to(at(&seat, newest.id, "")),
        None => Reply::to(seat.at(format!("/notices/new?opportunity={}", way.id))),
    }
}

// A new one.

/// What a new notice is about.
async fn scope(seat: &Seat<'_>) -> Result<Option<OpportunityId>> {
    let named: Option<OpportunityId> = seat.visit.query.parsed("opportunity", "Use a link of this page.")?;
    if let Some(id) = named {
        ways::find(seat.db(), seat.actor.organisation, id).await?;
    }
    Ok(named)
}

/// The fields of a notice.
fn form(content: &NoticeContent, for_opportunity: bool) -> Form {
    let easy = content.easy_read_text.clone().unwrap_or_default();
    let chosen = |purpose: Purpose| content.purposes.iter().any(|one| one.purpose == purpose);
    let choice = |purpose: &Purpose| {
        let given = content.purposes.iter().find(|one| one.purpose == *purpose).cloned();
        let given = given.unwrap_or_else(|| texts::use_of(*purpose));
        let hint = format!("{} When somebody takes this back: {}", given.text, given.withdrawal_effect.said());
        Choice::new(purpose.word(), purpose.said()).hint(hint).on(chosen(*purpose))
    };
    let uses = texts::offered(for_opportunity).iter().map(choice);
    Form::default()
        .field(Field::line("title", "Title", &content.title))
        .field(Field::area("text", "Text, in plain English", &content.text).rows(10))
        .field(Field::area("easy_read_text", "The same in Easy Read", easy).optional().rows(8))
        .field(
            Field::area("controllers", "Who is responsible for the data?", content.controllers.join("\n"))
                .rows(2)
                .hint("One a line."),
        )
        .field(Field::line("contact", "Whom can people ask, or complain to?", &content.contact))
        .field(
            Field::checks("uses", "What do you ask people to agree to?", uses)
                .pointer("/purposes")
                .hint("Each is a switch of its own for them, and none is ticked beforehand. Ask for what you need."),
        )
        .submit(Submit::new("Save the draft"))
}

/// The content that was sent: uses that were there keep their words, new ones begin with a text.
fn read(sent: &Entry<'_>, before: &NoticeContent, for_opportunity: bool) -> NoticeContent {
    let chosen: Vec<Purpose> = sent.words("uses");
    let offered = texts::offered(for_opportunity).iter().filter(|purpose| chosen.contains(purpose));
    let kept = |purpose: &Purpose| before.purposes.iter().find(|one| one.purpose == *purpose).cloned();
    NoticeContent {
        language: before.language.clone(),
        title: sent.text("title"),
        text: sent.text("text"),
        easy_read_text: sent.given("easy_read_text"),
        controllers: sent.lines("controllers"),
        contact: sent.text("contact"),
        purposes: offered.map(|purpose| kept(purpose).unwrap_or_else(|| texts::use_of(*purpose))).collect(),
    }
}

fn new_page(seat: &Seat<'_>, about: Option<OpportunityId>, form: Form) -> Page {
    let text = "This text is there to begin with. It knows nothing of what you do. Change it until it says what you really do with what \
                people tell you. Nobody sees it before you publish it.";
    let (back, to) = match about {
        Some(id) => ("Back to the list", format!("/opportunities/{id}")),
        None => ("Notices", "/notices".into()),
    };
    let warning = Block::Important("Please read and change this draft".into(), vec![text.into()]);
    Page::new("Draft a notice").back(back, seat.at(to)).block(warning).form(form)
}

async fn ask_new(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let about = scope(&seat).await?;
    let form = form(&beginning(&seat, about).await?, about.is_some());
    Ok(new_page(&seat, about, fresh(&seat, form)).into())
}

/// What a new version begins with: what is published now, or a text of ours.
async fn beginning(seat: &Seat<'_>, about: Option<OpportunityId>) -> Result<NoticeContent> {
    let scope = about.map_or(seat.actor.organisation.0, |id| id.0);
    let current = notices::current(seat.db(), seat.actor.organisation, scope).await?;
    Ok(current.map_or_else(|| texts::content(seat.organisation, about.is_some()), |notice| notice.content))
}

async fn create(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let about = scope(&seat).await?;
    let scope: Uuid = about.map_or(seat.actor.organisation.0, |id| id.0);
    let before = beginning(&seat, about).await?;
    let made = async {
        let content = read(&Entry::new(&visit.fields), &before, about.is_some());
        let once = seat.once().await?;
        if let Some(address) = once.seen_at() {
            return Ok(address);
        }
        let made = notices::draft(once.tx(), seat.platform(), &seat.actor, scope, content).await?;
        let address = at(&seat, made.id, "?done=saved");
        once.commit_at(&address).await?;
        Ok(address)
    };
    match made.await {
        Ok(address) => Reply::to(address),
        Err(error) => {
            let form = again(fresh(&seat, form(&before, about.is_some())), &visit, error)?;
            Ok(mistaken(new_page(&seat, about, form)).into())
        }
    }
}

// One of them.

/// What must be put right before a draft can be published.
fn findings(seat: &Seat<'_>, notice: &row::Model) -> Vec<Violation> {
    match lint::check(&notice.content, about(seat, notice).is_some()) {
        Err(Error::Invalid(found)) => found,
        _ => Vec::new(),
    }
}

fn draft_page(seat: &Seat<'_>, notice: &row::Model, form: Form) -> Page {
    let (back, to) = match about(seat, notice) {
        Some(id) => ("Back to the list", format!("/opportunities/{id}")),
        None => ("Notices", "/notices".into()),
    };
    let said = (seat.visit.query.text("done") == "saved").then_some("Saved.");
    let page = Page::new("Draft of a notice").caption(format!("Version {}", notice.n)).back(back, seat.at(to)).said(said);
    let row = |index: usize, purpose: Purpose| {
        let wrong = findings(seat, notice).iter().filter(|one| one.pointer.starts_with(&format!("/purposes/{index}/"))).count();
        let name = Cell::Link(Link::new(purpose.said(), at(seat, notice.id, &format!("/uses/{}", purpose.word()))));
        let text = match wrong {
            0 => "Complete".to_owned(),
            wrong => format!("To be put right: {wrong}"),
        };
        vec![name, Cell::Text(text)]
    };
    let rows = notice.content.purposes.iter().enumerate().map(|(index, one)| row(index, one.purpose)).collect();
    let columns = ["Use", "Where it stands"].map(String::from).to_vec();
    page.form(form)
        .heading("The words of each use")
        .text("Say for each what is used, how long it is kept, and what happens when somebody takes it back.")
        .block(Block::Table(Table { caption: "Uses in this draft".into(), columns, rows }))
        .heading("When it says what you do")
        .block(Block::Go(Link::new("Read it and publish", at(seat, notice.id, "/publish"))))
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let notice = found(&seat).await?;
    if notice.state == NoticeState::Published || !seat.manages() {
        return Ok(published_page(&seat, &notice).into());
    }
    let mut form = form(&notice.content, about(&seat, &notice).is_some()).version(notice.version);
    form.point_out(findings(&seat, &notice));
    Ok(draft_page(&seat, &notice, form).into())
}

async fn save(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let notice = found_draft(&seat).await?;
    let for_opportunity = about(&seat, &notice).is_some();
    let content = read(&Entry::new(&visit.fields), &notice.content, for_opportunity);
    let saved = async {
        let version = visit.fields.if_match()?;
        notices::change(seat.platform(), &seat.actor, notice.id, Some(&version), content).await
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, notice.id, "?done=saved")),
        Err(error) => {
            let form = form(&notice.content, for_opportunity).hidden("version", visit.fields.text("version"));
            Ok(mistaken(draft_page(&seat, &notice, again(form, &visit, error)?)).into())
        }
    }
}

fn published_page(seat: &Seat<'_>, notice: &row::Model) -> Page {
    let (back, to) = match about(seat, notice) {
        Some(id) => ("Back to the list", format!("/opportunities/{id}")),
        None => ("Notices", "/notices".into()),
    };
    let said = (seat.visit.query.text("done") == "published").then_some("Published. From now on it stays as it is.");
    let caption = format!("{}, version {}", state(notice.state), notice.n);
    let page = Page::new(&notice.content.title).caption(caption).back(back, seat.at(to)).said(said);
    let page = page.blocks(as_read(seat, notice));
    if seat.manages() && about(seat, notice).is_none() {
        return page.block(Block::Links(vec![seat.link("Draft a new version", "/notices/new")]));
    }
    page
}

/// A notice as people read it.
fn as_read(seat: &Seat<'_>, row: &row::Model) -> Vec<Block> {
    let mut blocks = notice::words(row, seat.visit.easy(), &seat.visit.at(&seat.visit.path));
    for one in &row.content.purposes {
        blocks.push(Block::Heading(one.text.clone()));
        blocks.push(Block::Facts(notice::facts(one)));
    }
    blocks
}
