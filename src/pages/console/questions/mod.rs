//! The questions of a consultation: put together one by one, or pasted as SurveyJS JSON. Each change is the next version; answers
//! keep the version they were given under.

mod model;
mod trial;

use super::{
    desk::{Seat, again, fresh, mistaken, seat},
    entry::Entry,
    ways::{self, at, found, page},
    words::choices,
};
use crate::{
    accounts::Power,
    opportunities::{forms, questions},
    pages::kit::{Block, Card, Cell, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    platform::{Error, Result, http::strict_json},
};
use entity::{OpportunityState, opportunity, questionnaire};
use model::{Builder, Kind, Question};
use poem::{Route, get};
use serde_json::Value;
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/opportunities/:opportunity/questions");
    route
        .at(at, get(ask(desk, console, overview)).post(act(desk, console, rearrange)))
        .at(format!("{at}/add"), get(ask(desk, console, ask_add)).post(act(desk, console, add)))
        .at(format!("{at}/json"), get(ask(desk, console, ask_json)).post(act(desk, console, paste)))
        .at(format!("{at}/preview"), get(ask(desk, console, trial::page)).post(act(desk, console, trial::page)))
        .at(format!("{at}/change/:name"), get(ask(desk, console, ask_change)).post(act(desk, console, change)))
}

/// What is asked now.
async fn latest(seat: &Seat<'_>, way: &opportunity::Model) -> Result<Option<questionnaire::Model>> {
    match questions::latest(seat.db(), seat.actor.organisation, way.id).await {
        Ok(row) => Ok(Some(row)),
        Err(Error::NotFound("questionnaire")) => Ok(None),
        Err(error) => Err(error),
    }
}

fn builder(row: Option<&questionnaire::Model>) -> Result<Builder> {
    row.map_or_else(|| Ok(Builder::empty()), |row| Ok(Builder::of(&strict_json(row.definition.as_bytes())?)))
}

/// Step by step, while nobody can answer yet: half a change must never be asked of anybody.
fn builds(seat: &Seat<'_>, way: &opportunity::Model) -> bool {
    seat.manages() && way.state == OpportunityState::Draft
}

/// The version that a form was based on. It goes along unseen.
fn based_on(form: Form, row: Option<&questionnaire::Model>) -> Form {
    form.version(row.map_or(0, |row| row.n))
}

fn expect(visit: &Visit, row: Option<&questionnaire::Model>) -> Result<()> {
    crate::platform::http::etag::expect(Some(&visit.fields.if_match()?), row.map_or(0, |row| row.n))
}

/// Publishes the next version.
async fn publish(seat: &Seat<'_>, way: &opportunity::Model, definition: Value, text: String) -> Result<()> {
    questions::askable(seat.db(), seat.platform(), way).await?;
    let form = seat.platform().cpu.run(move || forms::compile(&definition)).await??;
    let once = seat.once().await?;
    if once.seen_at().is_some() {
        return Ok(());
    }
    let made = questions::publish(once.tx(), seat.platform(), &seat.actor, way.id, text).await?;
    once.commit_at(&at(seat, way, "/questions?done=saved")).await?;
    seat.visit.desk.forms.keep(seat.actor.organisation, made.id, Arc::new(form));
    Ok(())
}

async fn publish_built(seat: &Seat<'_>, way: &opportunity::Model, builder: &Builder) -> Result<()> {
    let definition = builder.definition();
    let text = serde_json::to_string_pretty(&definition).map_err(|error| Error::bug(error.to_string()))?;
    publish(seat, way, definition, text).await
}

// All of them.

async fn overview(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let way = found(&seat).await?;
    let row = latest(&seat, &way).await?;
    Ok(overview_page(&seat, &way, row.as_ref())?.into())
}

fn overview_page(seat: &Seat<'_>, way: &opportunity::Model, row: Option<&questionnaire::Model>) -> Result<Page> {
    let said = (seat.visit.query.text("done") == "saved").then_some("Saved.");
    let builder = builder(row)?;
    let builds = builds(seat, way);
    let replaces = seat.manages() && way.state != OpportunityState::Closed;
    let mut page = page(seat, way, "Questions").said(said).wide();
    if builds {
        page = page.block(Block::Go(Link::new("Add a question", at(seat, way, "/questions/add"))));
    } else if replaces {
        page =
            page.text("People can answer already. Questions can be replaced as a whole, and answers keep the version they had.");
    } else if way.state == OpportunityState::Closed {
        page = page.text("This has closed. Its questions stay as they are.");
    }
    if builder.pages.iter().all(Vec::is_empty) {
        page = page.text("There is no question yet.");
    } else {
        page = page
            .block(Block::Links(vec![Link::new("Try them out, as people will see them", at(seat, way, "/questions/preview"))]));
    }
    let many = builder.pages.len() > 1;
    for (n, elements) in builder.pages.iter().enumerate().filter(|(_, elements)| !elements.is_empty()) {
        let caption = if many { format!("Page {}", n + 1) } else { "Questions".into() };
        if builds {
            let cards = elements.iter().enumerate().map(|(at, element)| card(seat, way, row, element, (n, at))).collect();
            page = page.heading(caption).block(Block::Cards(cards));
            continue;
        }
        let rows = elements.iter().map(line).collect();
        let columns = ["Question", "Kind", "Must be answered"].map(String::from).to_vec();
        page = page.block(Block::Table(Table { caption, columns, rows }));
    }
    if replaces {
        page = page.block(Block::Links(vec![Link::new("Paste or copy SurveyJS JSON", at(seat, way, "/questions/json"))]));
    }
    Ok(page)
}

fn is_required(element: &Value) -> &'static str {
    if element["isRequired"] == true { "Yes" } else { "No" }
}

fn line(element: &Value) -> Vec<Cell> {
    vec![Cell::Text(model::title(element)), Cell::Text(model::kind(element)), Cell::text(is_required(element))]
}

/// A question that can be changed and moved.
fn card(
    seat: &Seat<'_>,
    way: &opportunity::Model,
    row: Option<&questionnaire::Model>,
    element: &Value,
    (page, place): (usize, usize),
) -> Card {
    let (name, title) = (element["name"].as_str().unwrap_or_default(), model::title(element));
    let about = format!("“{title}”");
    let button = |words: &str, does: &str| {
        let mut submit = Submit::new(words).sends("do", does).about(about.as_str());
        submit.other = true;
        submit
    };
    let turn = match (page, place) {
        (0, 0) => None,
        (_, 0) => Some(button("Join with the page before", "turn")),
        _ => Some(button("Begin a page here", "turn")),
    };
    let mut form = fresh(seat, based_on(Form::to(at(seat, way, "/questions")).hidden("name", name), row));
    form.submits = vec![button("Up", "up"), button("Down", "down")];
    form.submits.extend(turn);
    form.submits.push(button("Take out", "remove"));
    let known = Question::of(element).is_some();
    Card {
        title,
        to: known.then(|| at(seat, way, &format!("/questions/change/{}", path(name)))),
        facts: vec![("Kind".into(), model::kind(element)), ("Must be answered".into(), is_required(element).into())],
        texts: Vec::new(),
        forms: vec![form],
    }
}

/// A text as one part of a path.
fn path(text: &str) -> String {
    crate::pages::kit::escaped(text).replace('+', "%20")
}

async fn rearrange(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = latest(&seat, &way).await?;
    let done = async {
        only_drafts(&seat, &way)?;
        expect(&visit, row.as_ref())?;
        let mut builder = builder(row.as_ref())?;
        let name = visit.fields.text("name");
        match visit.fields.text("do") {
            "up" => builder.up(name),
            "down" => builder.down(name),
            "turn" => builder.turn(name),
            "remove" => builder.remove(name),
            _ => return Err(Error::NotFound("page")),
        }
        publish_built(&seat, &way, &builder).await
    };
    match done.await {
        Ok(()) => Reply::to(at(&seat, &way, "/questions?done=saved")),
        Err(Error::Invalid(wrong)) => Ok(mistaken(overview_page(&seat, &way, row.as_ref())?.mistaken(&wrong)).into()),
        Err(error) => Err(error),
    }
}

fn only_drafts(seat: &Seat<'_>, way: &opportunity::Model) -> Result<()> {
    let detail = "People can answer already. Replace the questions as a whole.";
    if builds(seat, way) { Ok(()) } else { Err(Error::conflict("open", detail)) }
}

// One of them.

fn form(given: &Question) -> Form {
    Form::default()
        .field(Field::radios("kind", "How is it answered?", choices(|kind| given.kind == Some(kind))))
        .field(Field::line("title", "The question", &given.title).hint("One thing at a time, in short words."))
        .field(Field::line("help", "What helps to answer it", &given.help).optional())
        .field(Field::line("easy", "The question in Easy Read", &given.easy).optional())
        .field(
            Field::area("choices", "Answers to choose from", given.choices.join("\n"))
                .optional()
                .hint("One a line, where the question has any. Think of “I would rather not say”."),
        )
        .field(
            Field::switch("required", "It must be answered", given.required).hint("Ask this of few questions: people may pass."),
        )
        .submit(Submit::new("Save the question"))
}

fn read(mut entry: Entry<'_>) -> Result<Question> {
    let kind: Kind = entry.word("kind");
    let question = Question {
        kind: Some(kind),
        title: entry.text("title"),
        help: entry.text("help"),
        easy: entry.text("easy"),
        choices: if kind.has_choices() { entry.lines("choices") } else { Vec::new() },
        required: entry.ticked("required"),
    };
    if question.title.is_empty() {
        entry.wrong("/title", "Write the question.");
    }
    if kind.has_choices() && question.choices.len() < 2 {
        entry.wrong("/choices", "Give at least two answers, one a line.");
    }
    entry.done()?;
    Ok(question)
}

fn question_page(seat: &Seat<'_>, way: &opportunity::Model, title: &str, form: Form) -> Page {
    Page::new(title).caption(&way.title).back("Back to the questions", at(seat, way, "/questions")).form(form)
}

async fn ask_add(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    only_drafts(&seat, &way)?;
    let row = latest(&seat, &way).await?;
    let form = based_on(fresh(&seat, form(&Question::default())), row.as_ref());
    Ok(question_page(&seat, &way, "Add a question", form).into())
}

async fn add(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = latest(&seat, &way).await?;
    let done = async {
        only_drafts(&seat, &way)?;
        let question = read(Entry::new(&visit.fields))?;
        let mut builder = builder(row.as_ref())?;
        builder.add(&question);
        // A question that is added changes none of the others, so it may be based on an earlier version; sent twice it is one.
        publish_built(&seat, &way, &builder).await
    };
    match done.await {
        Ok(()) => Reply::to(at(&seat, &way, "/questions?done=saved")),
        Err(error) => {
            let form = based_on(fresh(&seat, form(&Question::default())), row.as_ref());
            Ok(mistaken(question_page(&seat, &way, "Add a question", again(form, &visit, error)?)).into())
        }
    }
}

/// The question that the address names.
fn named(visit: &Visit, builder: &Builder) -> Result<((usize, usize), Question)> {
    let (page, at) = builder.place(visit.word("name")).ok_or(Error::NotFound("question"))?;
    let question = Question::of(&builder.pages[page][at]).ok_or(Error::NotFound("question"))?;
    Ok(((page, at), question))
}

async fn ask_change(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    only_drafts(&seat, &way)?;
    let row = latest(&seat, &way).await?;
    let (_, question) = named(&visit, &builder(row.as_ref())?)?;
    let form = based_on(fresh(&seat, form(&question)), row.as_ref());
    Ok(question_page(&seat, &way, "Change the question", form).into())
}

async fn change(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = latest(&seat, &way).await?;
    let mut builder = builder(row.as_ref())?;
    let ((page, index), before) = named(&visit, &builder)?;
    let done = async {
        only_drafts(&seat, &way)?;
        expect(&visit, row.as_ref())?;
        read(Entry::new(&visit.fields))?.write(&mut builder.pages[page][index]);
        publish_built(&seat, &way, &builder).await
    };
    match done.await {
        Ok(()) => Reply::to(at(&seat, &way, "/questions?done=saved")),
        Err(error) => {
            let form = based_on(fresh(&seat, form(&before)), row.as_ref());
            Ok(mistaken(question_page(&seat, &way, "Change the question", again(form, &visit, error)?)).into())
        }
    }
}

// As a whole.

fn json_form(seat: &Seat<'_>, text: &str) -> Form {
    let hint = "Made with SurveyJS or by hand. It is kept exactly as you paste it.";
    let field = Field::area("definition", "SurveyJS JSON", text).rows(18).hint(hint);
    fresh(seat, Form::default().field(field).submit(Submit::new("Save the questions")))
}

fn json_page(seat: &Seat<'_>, way: &opportunity::Model, form: Form) -> Page {
    let text = "Use this for what the pages for single questions do not offer, such as conditions. Everything that cannot be judged \
                faithfully is refused, each with its place.";
    let page = question_page(seat, way, "Questions as a whole", form).wide();
    page.block(Block::Note(text.into()))
}

async fn ask_json(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = latest(&seat, &way).await?;
    let text = row.as_ref().map(|row| row.definition.clone()).unwrap_or_default();
    Ok(json_page(&seat, &way, based_on(json_form(&seat, &text), row.as_ref())).into())
}

async fn paste(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let row = latest(&seat, &way).await?;
    let text = visit.fields.trimmed("definition");
    let done = async {
        expect(&visit, row.as_ref())?;
        let definition = strict_json(text.as_bytes())?;
        publish(&seat, &way, definition, text.clone()).await
    };
    match done.await {
        Ok(()) => Reply::to(at(&seat, &way, "/questions?done=saved")),
        Err(error) => {
            let form = based_on(json_form(&seat, ""), row.as_ref());
            Ok(mistaken(json_page(&seat, &way, again(form, &visit, placed(error))?)).into())
        }
    }
}

/// What is wrong with a definition, each with its place in words.
fn placed(error: Error) -> Error {
    let place = |mut one: crate::platform::Violation| {
        if !one.pointer.is_empty() {
            one.detail = format!("{}: {}", one.pointer, one.detail);
        }
        one.pointer = "/definition".into();
        one
    };
    match error {
        Error::Invalid(found) => Error::Invalid(found.into_iter().map(place).collect()),
        Error::Malformed(one) => Error::Invalid(vec![place(one)]),
        other => other,
    }
}
