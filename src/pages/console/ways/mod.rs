//! Ways to take part, from the draft to the close: a list of what has to be said, with what is missing, and what can be done next.

mod asking;
mod drawing;
mod ending;
mod groups;
mod gathering;
mod letters;
mod opening;
mod parts;
mod quotas;
mod spreading;

pub(super) use asking::FEW;

use super::{
    desk::{Seat, again, fresh, mistaken, seat},
    entry::Entry,
    words::{Word, choices, choices_or_none},
};
use crate::{
    accounts::Power,
    integrity::ahead::Supported,
    invitations::letters::SUPPORTED,
    opportunities::{
        opening as gate,
        quotas::drawn_by,
        rules::{Offer, warnings},
        supported,
        ways::{self, Way},
        zone_of,
    },
    pages::{
        invitation::about,
        kit::{Block, Desk, Field, Form, Link, Page, Reply, Step, Submit, Visit, Zone, act, ask},
    },
    platform::{Result, Violation},
    projects::work,
};
use entity::{OpportunityKind, OpportunityState, PaymentOffer, ProjectId, Rung, Stage, opportunity, project};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    let new = "/console/:slug/projects/:project/opportunities/new";
    let route = route
        .at(new, get(ask(desk, console, ask_new)).post(act(desk, console, create)))
        .at("/console/:slug/opportunities/:opportunity", get(ask(desk, console, one)));
    let route = letters::routes(parts::routes(route, desk), desk);
    let route = drawing::routes(quotas::routes(route, desk), desk);
    let route = opening::routes(spreading::routes(route, desk), desk);
    asking::routes(ending::routes(route, desk), desk)
}

/// The way that the address names.
pub(super) async fn found(seat: &Seat<'_>) -> Result<opportunity::Model> {
    ways::find(seat.db(), seat.actor.organisation, seat.visit.param("opportunity")?).await
}

/// The same with what it is linked to.
async fn whole(seat: &Seat<'_>) -> Result<Way> {
    ways::get(seat.db(), seat.actor.organisation, seat.visit.param("opportunity")?).await
}

/// An address below the way that the address names.
pub(super) fn at(seat: &Seat<'_>, way: &opportunity::Model, rest: &str) -> String {
    seat.at(format!("/opportunities/{}{rest}", way.id))
}

/// A page about a way, with the way back to it.
pub(super) fn page(seat: &Seat<'_>, way: &opportunity::Model, title: impl Into<String>) -> Page {
    Page::new(title).caption(&way.title).back("Back to the list", at(seat, way, ""))
}

// A new one.

fn new_form(project: &project::Model) -> Form {
    let rungs = choices::<Rung>(|_| false).into_iter().filter(|choice| {
        super::words::read::<Rung>(&choice.value).is_some_and(|rung| project.claimed_rung.is_none_or(|most| rung <= most))
    });
    Form::default()
        .field(Field::radios("kind", "How do people take part?", choices::<OpportunityKind>(|_| false)))
        .field(Field::line("title", "Name", "").hint("People read it in their letter."))
        .field(Field::radios("rung", "What are people offered?", rungs).hint("At most what the project claims."))
        .field(Field::select("stage", "In which stage of the work?", choices_or_none::<Stage>("Choose one", None)))
        .field(
            Field::radios("payment", "What is paid?", choices::<entity::PaymentKind>(|_| false))
                .hint("You can say how much later."),
        )
        .submit(Submit::new("Begin"))
}

fn new_page(seat: &Seat<'_>, project: &project::Model, form: Form) -> Page {
    let text = "This begins a draft. Nobody is asked before you open it and send letters.";
    let back = seat.at(format!("/projects/{}", project.id));
    Page::new("Add a way to take part").caption(&project.title).back("Back to the project", back).text(text).form(form)
}

async fn ask_new(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let project = work::find(seat.db(), seat.actor.organisation, visit.param("project")?).await?;
    Ok(new_page(&seat, &project, fresh(&seat, new_form(&project))).into())
}

async fn create(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let project = work::find(seat.db(), seat.actor.organisation, visit.param("project")?).await?;
    match make(&seat, &project).await {
        Ok(address) => Reply::to(address),
        Err(error) => {
            let form = again(fresh(&seat, new_form(&project)), &visit, error)?;
            Ok(mistaken(new_page(&seat, &project, form)).into())
        }
    }
}

async fn make(seat: &Seat<'_>, project: &project::Model) -> Result<String> {
    let mut entry = Entry::new(&seat.visit.fields);
    let mut offer = empty(project.id);
    offer.kind = entry.word("kind");
    offer.title = entry.text("title");
    offer.rung = entry.word("rung");
    offer.stage = entry.word("stage");
    let kind = entry.word("payment");
    offer.payment = Some(PaymentOffer { kind, amount_pence: None, expenses: String::new(), how: String::new() });
    let mut flaws = offer.flaws();
    flaws.extend(offer.rung_flaw(project));
    entry.done_with(flaws.done())?;
    let once = seat.once().await?;
    if let Some(address) = once.seen_at() {
        return Ok(address);
    }
    let made = ways::create(once.tx(), seat.platform(), &seat.actor, offer).await?;
    let address = at(seat, &made.row, "");
    once.commit_at(&address).await?;
    Ok(address)
}

/// An offer that says nothing yet.
fn empty(project: ProjectId) -> Offer {
    Offer {
        project,
        kind: OpportunityKind::Consultation,
        activity: None,
        title: String::new(),
        summary: String::new(),
        rung: Rung::Consultation,
        stage: Stage::Need,
        open_to_influence: String::new(),
        not_open: String::new(),
        who_decides: String::new(),
        how_chosen: String::new(),
        minutes: 0,
        preparation_minutes: 0,
        formats: Vec::new(),
        group: None,
        support: String::new(),
        support_contact: None,
        content_note: None,
        payment: None,
        places: None,
        reply_within_days: None,
        opens_on: None,
        closes_on: None,
        starts_at: None,
        feedback_due: None,
        feedback_moved_reason: None,
        notice: None,
        topics: Vec::new(),
        decisions: Vec::new(),
    }
}

// The page of one.

/// A part that has to be said before it opens: its name, where it is said, and which gaps it closes.
struct Part {
    title: &'static str,
    rest: &'static str,
    gaps: &'static [&'static str],
}

const PARTS: [Part; 6] = [
    Part { title: "Describe it", rest: "/describe", gaps: &["/summary", "/rung", "/activity", "/group"] },
    Part {
        title: "Who decides, and what can change",
        rest: "/influence",
        gaps: &["/open_to_influence", "/not_open", "/who_decides", "/how_chosen", "/decisions"],
    },
    Part { title: "Time, payment and support", rest: "/terms", gaps: &["/minutes", "/payment", "/places", "/support_contact"] },
    Part { title: "Dates, and when people hear back", rest: "/dates", gaps: &["/closes_on", "/feedback_due", "/starts_at"] },
    Part { title: "Questions", rest: "/questions", gaps: &["/questionnaire"] },
    Part { title: "What people agree to", rest: "/notice", gaps: &["/notice"] },
];

fn is_about(part: &Part, gap: &Violation) -> bool {
    part.gaps.iter().any(|pointer| gap.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// What has to be said, with what is missing and where it is put right.
pub(super) fn steps(seat: &Seat<'_>, way: &opportunity::Model, missing: &[Violation]) -> Vec<Step> {
    let details = |mine: &dyn Fn(&Violation) -> bool| -> Vec<String> {
        missing.iter().filter(|gap| mine(gap)).map(|gap| gap.detail.clone()).collect()
    };
    let link = |words: &str, to: String| seat.manages().then(|| Link::new(words, to));
    let shown = |part: &&Part| part.rest != "/questions" || way.kind == OpportunityKind::Consultation;
    let step = |part: &Part| {
        let texts = details(&|gap| is_about(part, gap));
        let words = if texts.is_empty() { "Look at this, or change it" } else { "Put this right" };
        Step {
            title: part.title.into(),
            done: texts.is_empty(),
            texts,
            to: link(&format!("{words}: {}", part.title), at(seat, way, part.rest)),
        }
    };
    let mut steps: Vec<Step> = PARTS.iter().filter(shown).map(step).collect();
    let texts = details(&|gap| gap.pointer.starts_with("/project"));
    let words = if texts.is_empty() { "Look at the project" } else { "Put this right in the project" };
    let project = link(words, seat.at(format!("/projects/{}/edit", way.project_id)));
    steps.push(Step { title: "The project behind it".into(), done: texts.is_empty(), texts, to: project });
    steps
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let way = whole(&seat).await?;
    let project = work::find(seat.db(), seat.actor.organisation, way.row.project_id).await?;
    let said = match visit.query.text("done") {
        "saved" => Some("Saved."),
        "opened" => Some("It is open now. Nobody has been written to yet."),
        "asked" => Some("The invitations are being written. They leave one after the other."),
        "stopped" => Some("Nobody else is asked. Whoever was asked can still answer."),
        "drawn" => Some("Names are being drawn. If the quotas can be kept, everybody who said yes gets a letter."),
        "reminded" => Some("Reminders are being written for those who have not answered."),
        "ended" => Some("It has ended. Letters to everybody concerned are being written."),
        "closed" => Some("It is closed. No more answers are taken."),
        _ => None,
    };
    let back = seat.at(format!("/projects/{}", project.id));
    let page = Page::new(&way.row.title).caption(format!("{}. {}", way.row.kind.said(), way.row.state.said()));
    let page = page.back(project.title.clone(), back).said(said).blocks(super::letters::refusing(&seat).await?);
    let can_be = supported::of_one(seat.db(), &way.row, seat.platform().clock.now()).await?;
    let less = supported::in_words(&can_be).map(|words| format!("{SUPPORTED}: {words} People who want more are not asked."));
    let notes: Vec<String> = warnings(way.claimed).into_iter().map(|warning| warning.detail.into()).chain(less).collect();
    let page = if notes.is_empty() { page } else { page.block(Block::Important("Please look at this".into(), notes)) };
    match way.row.state {
        OpportunityState::Draft => Ok(draft(&seat, &way.row, page).await?.into()),
        OpportunityState::Open | OpportunityState::Closed => {
            let gathers = drawn_by(seat.db(), &way.row).await?.gathers();
            let spread = way.row.places.is_none() && spreading::under_way(&seat, &way.row).await?.is_some();
            Ok(opened(&seat, &way.row, Ahead { gathers, spread, can_be }, page).into())
        }
    }
}

async fn draft(seat: &Seat<'_>, way: &opportunity::Model, page: Page) -> Result<Page> {
    let missing = gate::missing(seat.platform(), seat.actor.organisation, way.id).await?;
    let page = page.heading("What has to be said before it opens").block(Block::Steps(steps(seat, way, &missing)));
    let shares = seat.manages() && way.places.is_some();
    let shares = shares.then(|| Block::Links(vec![Link::new("Share places out among groups", at(seat, way, "/quotas"))]));
    let own = seat.manages().then(|| Block::Links(vec![Link::new("Your own words in letters", at(seat, way, "/letters"))]));
    let page = page.blocks(shares).blocks(own).heading("Open it");
    Ok(match (missing.len(), seat.manages()) {
        (0, true) => page.text("Nothing is missing.").block(Block::Go(Link::new("Check and open", at(seat, way, "/open")))),
        (0, false) => page.text("Nothing is missing."),
        (1, _) => page.text("One thing is missing."),
        (many, _) => page.text(format!("{many} things are missing.")),
    })
}

/// What is still to come of asking people.
struct Ahead {
    /// Names are drawn later among those who say yes.
    gathers: bool,
    /// Letters are spread over days.
    spread: bool,
    /// What it can be, by what is on record.
    can_be: Supported,
}

fn opened(seat: &Seat<'_>, way: &opportunity::Model, ahead: Ahead, page: Page) -> Page {
    let to = |words: &str, rest: &str| Link::new(words, at(seat, way, rest));
    let mut page = page;
    let open = way.state == OpportunityState::Open;
    if seat.manages() {
        let mut links = Vec::new();
        if open {
            links.extend([
                to("See who may be asked", "/match"),
                to("Ask people", "/send"),
                to("Remind those who have not answered", "/remind"),
            ]);
        }
        links.push(to("How the invitations stand", "/funnel"));
        if ahead.spread {
            links.push(to("Who is still to be asked", "/further"));
        }
        if ahead.gathers {
            links.push(to("Draw names among those who said yes", "/draw"));
        }
        if way.places.is_some() {
            links.push(to("Share places out among groups", "/quotas"));
        }
        if seat.may(Power::ReadPeople) && way.places.is_some() {
            links.push(to("Places and waiting list", "/places"));
        }
        links.push(to("Your own words in letters", "/letters"));
        page = page.heading("Asking people").block(Block::Links(links));
    } else {
        page = page.heading("Asking people").block(Block::Links(vec![to("How the invitations stand", "/funnel")]));
    }
    page = page.blocks(after(seat, way));
    if seat.manages() {
        let mut links = vec![to("Change the words", "/describe"), to("Change the support", "/terms"), to("Move a day", "/dates")];
        if way.kind == OpportunityKind::Consultation {
            links.push(to("Questions", "/questions"));
        }
        if open {
            links.push(to("Close it", "/close"));
        }
        if way.kind != OpportunityKind::Consultation {
            links.push(to("End it before its time", "/end"));
        }
        page = page.heading("Changing and closing").block(Block::Links(links));
    }
    let reason = way.closed_early_reason.clone();
    let page = page.blocks(reason.map(|reason| Block::Facts(vec![("Why it closed early".into(), reason)])));
    page.blocks(about(way, &ahead.can_be, false, zone_of(seat.organisation)))
}

/// What is done with people, beside asking them.
fn after(seat: &Seat<'_>, way: &opportunity::Model) -> Vec<Block> {
    let mut blocks = Vec::new();
    if way.kind != OpportunityKind::Consultation {
        let meetings = Link::new("Meetings", at(seat, way, "/meetings"));
        blocks.extend([Block::Heading("Meeting people".into()), Block::Links(vec![meetings])]);
    }
    let heard = super::heard::links(seat, way);
    blocks.extend([Block::Heading("What people said, and what came of it".into()), Block::Links(heard)]);
    blocks
}
