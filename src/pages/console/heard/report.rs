//! The report: what the coordinator writes, what it looks like now, and publishing it.

use super::Matter;
use crate::{
    accounts::Power,
    feedback::{
        publish,
        report::{self, Facts},
    },
    pages::{
        self,
        console::{
            desk::{again, fresh, mistaken},
            entry::Entry,
        },
        kit::{Block, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::{Error, Result},
};
use entity::{NextStep, OpportunityState, ReportState};
use poem::{Route, get, post};
use std::sync::Arc;

/// So many steps can be written down: as many as a report can have.
const STEPS: usize = 100;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    let at = "/console/:slug/opportunities/:opportunity/report";
    route
        .at(at, get(ask(desk, console, show)).post(act(desk, console, save)))
        .at(format!("{at}/begin"), post(act(desk, console, begin)))
        .at(format!("{at}/preview"), get(ask(desk, console, preview)))
        .at(format!("{at}/publish"), get(ask(desk, console, ask_publish)).post(act(desk, console, go_out)))
}

fn form(row: &entity::report::Model) -> Form {
    let hint = "The decision, the three biggest things that changed, and what did not change and why.";
    let mut form = Form::default()
        .field(Field::area("in_one_minute", "In one minute", &row.in_one_minute).hint(hint))
        .field(
            Field::area(
                "in_one_minute_easy_read",
                "The same in Easy Read",
                row.in_one_minute_easy_read.clone().unwrap_or_default(),
            )
            .hint("Short sentences, one idea each. Written by a person.")
            .optional(),
        )
        .field(Field::area("steps_taken", "What you did to reach people", &row.steps_taken))
        .field(Field::area("learned", "What you learned", &row.learned))
        .words(vec![Block::Heading("What happens next".into())]);
    let count = row.next_steps.0.len();
    for n in 0..(count + 1).min(STEPS) {
        let step = row.next_steps.0.get(n);
        let field = |name: &str, label: &str, value: String, kind: &'static str| {
            Field::typed(format!("{name}-{n}"), format!("{label} ({})", n + 1), value, kind)
                .pointer(format!("/next_steps/{n}/{name}"))
                .optional()
        };
        form = form
            .field(field("what", "Step", step.map(|step| step.what.clone()).unwrap_or_default(), "text"))
            .field(field("owner", "Who does it", step.map(|step| step.owner.clone()).unwrap_or_default(), "text"))
            .field(field("due", "By when", step.map(|step| step.due.to_string()).unwrap_or_default(), "date"));
    }
    form.hidden("count", (count + 1).min(STEPS).to_string())
        .version(row.version)
        .submit(Submit::new("Save"))
        .submit(Submit::new("Save and add a step").sends("more", "yes"))
        .submit(Submit::new("Save and look at it").sends("look", "yes"))
}

fn facts(visit: &Visit) -> Result<Facts> {
    let mut entry = Entry::new(&visit.fields);
    // Steps that say nothing are left out, so what is wrong with the second may stand in the third row.
    let (mut next_steps, mut rows) = (Vec::new(), Vec::new());
    for n in 0..visit.fields.text("count").parse().unwrap_or(0usize).min(STEPS) {
        let (what, owner) = (entry.text(&format!("what-{n}")), entry.text(&format!("owner-{n}")));
        let due = visit.fields.given(&format!("due-{n}"));
        if what.is_empty() && owner.is_empty() && due.is_none() {
            continue;
        }
        let read = due.and_then(|due| due.parse().ok());
        if read.is_none() {
            entry.wrong(format!("/next_steps/{n}/due"), "Write a day, such as 2027-03-31.");
        }
        next_steps.push(NextStep { what, owner, due: read.unwrap_or_default() });
        rows.push(n);
    }
    let facts = Facts {
        in_one_minute: entry.text("in_one_minute"),
        in_one_minute_easy_read: entry.given("in_one_minute_easy_read"),
        steps_taken: entry.text("steps_taken"),
        learned: entry.text("learned"),
        next_steps,
    };
    let rules = facts.check().map_err(|error| beside_rows(error, &rows));
    entry.done_with(rules.clone())?;
    rules.map(|()| facts)
}

/// What is wrong with a step stands in the row in which the step was written.
fn beside_rows(error: Error, rows: &[usize]) -> Error {
    let Error::Invalid(mut found) = error else { return error };
    for one in &mut found {
        let step = one.pointer.strip_prefix("/next_steps/").and_then(|rest| rest.split_once('/'));
        if let Some((at, name)) = step
            && let Some(row) = at.parse().ok().and_then(|at: usize| rows.get(at))
        {
            one.pointer = format!("/next_steps/{row}/{name}");
        }
    }
    Error::Invalid(found)
}

fn editor(matter: &Matter<'_>, row: &entity::report::Model, form: Form) -> Page {
    let mut links = vec![matter.link("Look at it as it is now", "/report/preview"), matter.link("Publish it", "/report/publish")];
    if row.state == ReportState::Published {
        let to = matter.seat.visit.at(format!("/o/{}/reports/{}", matter.seat.organisation.slug, row.id));
        links.push(crate::pages::kit::Link::new("The published report", to));
    }
    let text = "Everything else in the report comes from the record: what was asked and promised, who took part, themes, proposals and \
                decisions.";
    matter.page("Report").text(text).block(Block::Links(links)).form(form)
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadWork).await?;
    let seat = &matter.seat;
    match report::get(seat.db(), seat.organisation.id, matter.about.id).await {
        Ok(row) if seat.manages() => Ok(editor(&matter, &row, form(&row)).into()),
        Ok(_) => Reply::to(matter.at("/report/preview")),
        Err(Error::NotFound(_)) => {
            let page = matter.page("Report");
            Ok(match (matter.about.state, seat.manages()) {
                (OpportunityState::Closed, true) => {
                    let text = "Nobody has been told yet what came of it.";
                    page.text(text).form(Form::button(matter.at("/report/begin"), "Begin the report")).into()
                }
                (OpportunityState::Closed, false) => page.text("There is no report yet.").into(),
                _ => page.text("The report is written when no more answers are taken. Close this first.").into(),
            })
        }
        Err(error) => Err(error),
    }
}

async fn begin(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let seat = &matter.seat;
    let tx = seat.platform().db.begin().await?;
    match report::draft(&tx, seat.platform(), &seat.actor, matter.about.id).await {
        Ok(_) => tx.commit().await?,
        // Pressed twice: it is there.
        Err(Error::Conflict { code: "exists", .. }) => tx.rollback().await?,
        Err(error) => return Err(error),
    }
    Reply::to(matter.at("/report"))
}

async fn save(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let seat = &matter.seat;
    let based_on = visit.fields.if_match()?;
    let saved = match facts(&visit) {
        Ok(facts) => report::change(seat.platform(), &seat.actor, matter.about.id, Some(&based_on), facts).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match saved {
        Ok(()) if visit.fields.has("look") => Reply::to(matter.at("/report/preview")),
        Ok(()) => Reply::to(matter.at("/report?done=saved")),
        Err(error) => {
            let row = report::get(seat.db(), seat.organisation.id, matter.about.id).await?;
            Ok(mistaken(editor(&matter, &row, again(form(&row), &visit, error)?)).into())
        }
    }
}

async fn preview(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadWork).await?;
    let seat = &matter.seat;
    let document = report::preview(seat.platform(), seat.organisation.id, matter.about.id).await?;
    let page = pages::report::page(&document, visit.easy(), &matter.at("/report/preview"));
    Ok(page.window("The report as it is now").back("Back to the report", matter.at("/report")).into())
}

fn publish_form(matter: &Matter<'_>, again: bool) -> Form {
    let form = Form::default();
    let form = if again {
        let hint = "People read it beside the new version, and in their letter.";
        form.field(Field::area("change_note", "What has changed", "").hint(hint))
    } else {
        form
    };
    fresh(&matter.seat, form).submit(Submit::new("Publish, and tell everybody who took part"))
}

async fn publish_page(matter: &Matter<'_>, form: Option<Form>) -> Result<Page> {
    let row = report::get(matter.seat.db(), matter.seat.organisation.id, matter.about.id).await?;
    let texts = [
        "Everybody can read it then. Everybody who took part and wants to know gets a letter.",
        "What is published stays. A change later makes a new version that says what has changed, and people are told again.",
    ];
    let form = form.unwrap_or_else(|| publish_form(matter, row.state == ReportState::Published));
    Ok(matter.page("Publish the report").back("Back to the report", matter.at("/report")).texts(texts).form(form))
}

async fn ask_publish(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    Ok(publish_page(&matter, None).await?.into())
}

async fn go_out(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let seat = &matter.seat;
    let once = seat.once().await?;
    if let Some(address) = once.seen_at() {
        return Reply::to(address);
    }
    match publish::publish(once.tx(), seat.platform(), &seat.actor, matter.about.id, visit.fields.given("change_note")).await {
        Ok(made) => {
            let address = matter.at(if made.is_new { "/report?done=published" } else { "/report?done=unchanged" });
            once.commit_at(&address).await?;
            seat.platform().wake.notify_one();
            Reply::to(address)
        }
        Err(error) => {
            drop(once);
            let row = report::get(seat.db(), seat.organisation.id, matter.about.id).await?;
            let form = again(publish_form(&matter, row.state == ReportState::Published), &visit, error)?;
            Ok(mistaken(publish_page(&matter, Some(form)).await?).into())
        }
    }
}
