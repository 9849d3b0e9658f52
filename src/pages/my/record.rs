//! My record: what I was asked, what I said, and what happened to it.

use super::{Own, at, done, own, time};
use crate::{
    feedback::{
        ledger::{self, Entry},
        ratings::{self, Marks},
    },
    influence,
    invitations::{self, letters::day},
    opportunities,
    pages::{
        kit::{self, Block, Cell, Choice, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask},
        questions, report,
    },
    participants,
    platform::{Error, Result, Violation, http::Cursor},
    questionnaires::Reader,
    responses::drafts,
};
use entity::{InfluenceId, InvitationState, OpportunityId, PartState, PlaceState, ReadingOf, ResponseState, Standing};
use poem::{Route, get, http::StatusCode, post};
use std::sync::Arc;

/// Entries on one page.
const ENTRIES: u64 = 20;
/// What is rated, from 1 to 5.
const MARKS: [(&str, &str); 5] = [
    ("heard", "I was heard"),
    ("ways", "I had enough ways to take part"),
    ("matters", "It was about what matters to us"),
    ("change", "I can see what changed, or why not"),
    ("worth_it", "It was worth it for me"),
];

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/record", get(ask(desk, own, list)))
        .at("/o/:slug/me/record/looked", get(ask(desk, own, looked)))
        .at("/o/:slug/me/record/:opportunity/answers", get(ask(desk, own, said)))
        .at("/o/:slug/me/record/:opportunity/rating", get(ask(desk, own, ask_rating)).post(act(desk, own, rate)))
        .at("/o/:slug/me/influence/:influence", post(act(desk, own, say_whether_right)))
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let (rows, next) =
        kit::paged(ENTRIES, ledger::list(visit.platform(), &own.person, Cursor { after, limit: ENTRIES }).await?, |row| {
            row.opportunity.id
        });
    let mut page = Page::new("My record").said(done(&visit)).text("What you were asked, what you said, and what happened to it.");
    if rows.is_empty() {
        page = page.text("You have not been asked anything yet.");
    }
    for row in rows {
        page = page.heading(row.opportunity.title.clone()).blocks(entry(&visit, &own, &row));
    }
    if let Some(next) = next {
        let to = at(&visit, &own.organisation, &format!("/record?after={next}"));
        page = page.block(Block::Links(vec![Link::new("Go on reading", to)]));
    }
    let meetings = Link::new("My meetings, with their notes", at(&visit, &own.organisation, "/meetings"));
    page = page.heading("Meetings").block(Block::Links(vec![meetings]));
    let replies = Link::new("What I answered to letters by e-mail", at(&visit, &own.organisation, "/replies"));
    page = page.heading("Answers to letters").block(Block::Links(vec![replies]));
    let looked = Link::new("See who looked at what is kept about me", at(&visit, &own.organisation, "/record/looked"));
    Ok(page.heading("Who looked").block(Block::Links(vec![looked])).into())
}

fn entry(visit: &Visit, own: &Own, row: &Entry) -> Vec<Block> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, text: String| facts.push((name.to_owned(), text));
    if let Some(state) = row.invitation {
        let took_back = row.taken_back && state == InvitationState::SteppedDown;
        let said = match row.part {
            Some(part) => part_words(part),
            None if took_back => "Yes. Later I took it back",
            None => reply_words(state),
        };
        fact("What I answered", said.into());
    }
    if let Some(state) = row.place {
        fact("My place", place_words(state).into());
    }
    if let Some(state) = row.response {
        let stay = state == ResponseState::Submitted && row.taken_back;
        fact("My answers", if stay { "Handed in. They stay in what was published before" } else { response_words(state) }.into());
    }
    if row.contributions > 0 {
        let many = row.contributions;
        fact("What I said at meetings", if many == 1 { "One thing is noted".into() } else { format!("{many} things are noted") });
    }
    if !row.themes.is_empty() {
        fact("It became part of", row.themes.iter().map(|theme| theme.title.clone()).collect::<Vec<_>>().join("\n"));
    }
    if let Some(news) = &row.news {
        fact("What came of it", news.clone());
    }
    let mut blocks = vec![Block::Facts(facts)];
    for answer in &row.recommendations {
        blocks.push(Block::Subheading(answer.text.clone()));
        let mut said = vec![("Answer".to_owned(), report::outcome_words(answer.outcome).to_owned())];
        said.extend(answer.reason.clone().map(|reason| ("Why".to_owned(), reason)));
        said.extend(answer.owner.clone().map(|owner| ("Who does it".to_owned(), owner)));
        said.extend(answer.due.map(|due| ("By when".to_owned(), day(due))));
        blocks.push(Block::Facts(said));
    }
    for claim in &row.influence {
        blocks.push(Block::Subheading(format!("Did this change because of you? {}", claim.decision)));
        blocks.push(Block::Text(format!("{}. {}", report::level_words(claim.level), claim.note)));
        blocks.push(right_or_not(visit, own, claim.influence, claim.mine));
    }
    let mut links = Vec::new();
    let said_yes = matches!(row.invitation, Some(InvitationState::Accepted | InvitationState::Waiting));
    if row.part.is_some_and(|part| part != PartState::Paused) {
        let to = at(visit, &own.organisation, &format!("/parts/{}", row.opportunity.id));
        links.push(Link::new(format!("What I can still choose: {}", row.opportunity.title), to));
    } else if said_yes || row.place.is_some_and(|state| state != PlaceState::Released) {
        let to = at(visit, &own.organisation, &format!("/parts/{}", row.opportunity.id));
        links.push(Link::new(format!("Leave, pause, or do less: {}", row.opportunity.title), to));
    }
    if row.response == Some(ResponseState::Submitted) {
        let to = at(visit, &own.organisation, &format!("/record/{}/answers", row.opportunity.id));
        links.push(Link::new(format!("What I said: {}", row.opportunity.title), to));
    }
    if row.contributions > 0 {
        let to = at(visit, &own.organisation, &format!("/record/{}/contributions", row.opportunity.id));
        links.push(Link::new(format!("What I said at meetings: {}", row.opportunity.title), to));
    }
    if let Some(address) = &row.report {
        links.push(Link::new(format!("Read the report: {}", row.opportunity.title), address.clone()));
        let to = at(visit, &own.organisation, &format!("/record/{}/rating", row.opportunity.id));
        links.push(Link::new(format!("Say how it was for you: {}", row.opportunity.title), to));
    }
    if !links.is_empty() {
        blocks.push(Block::Links(links));
    }
    blocks
}

/// What somebody has handed in, for themselves.
async fn said(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let (platform, person) = (visit.platform(), &own.person);
    let id: OpportunityId = visit.param("opportunity")?;
    let row = drafts::handed_in_by(platform.db.read(), person.organisation, person.participant, id).await?;
    let row = row.ok_or(Error::NotFound("answers"))?;
    let offer = opportunities::ways::find(platform.db.read(), person.organisation, id).await?;
    let form = visit.desk.forms.form(platform, person.organisation, row.questionnaire_id).await?;
    let reader = Reader { language: own.row.language.clone(), easy: visit.easy() };
    let mut page =
        Page::new("What I said").caption(&offer.title).back("Back to my record", at(&visit, &own.organisation, "/record"));
    page = page.block(Block::Facts(vec![("Handed in".into(), time(&own, row.submitted_at))]));
    page = page.blocks(questions::written(&form, &row, reader, opportunities::zone_of(&own.organisation)));
    let open = opportunities::is_open(platform.db.read(), &offer, platform.clock.now()).await?;
    let invitation = invitations::to_opportunity_of(platform, person, id).await?;
    Ok(match invitation.filter(|_| open) {
        Some(invitation) => {
            let to = at(&visit, &own.organisation, &format!("/invitations/{invitation}"));
            let change = Form::to(to).hidden("to", "questions").submit(Submit::new("Change my answers, or take them back"));
            page.form(change).into()
        }
        None => page.into(),
    })
}

/// Who looked at what is kept about the person.
async fn looked(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let (rows, next) =
        kit::paged(ENTRIES, participants::at_me(visit.platform(), &own.person, Cursor { after, limit: ENTRIES }).await?, |row| {
            row.id
        });
    let text = "Each line is an hour in which somebody looked at your record, or at a list that you are on. Looks at answers count if \
                yours are among them. Answers are read without names.";
    let page = Page::new("Who looked").back("Back to my record", at(&visit, &own.organisation, "/record")).text(text);
    let row = |row: &participants::Look| {
        let by = if row.by_key { format!("Another system: {}", row.by) } else { row.by.clone() };
        let what = match &row.about {
            Some(about) => format!("{}: {about}", reading_words(row.what)),
            None => reading_words(row.what).to_owned(),
        };
        vec![Cell::text(time(&own, row.hour)), Cell::text(by), Cell::text(what)]
    };
    let mut page = if rows.is_empty() {
        page.text("Nobody has looked yet.")
    } else {
        let columns = ["From", "Who", "What"].map(String::from).to_vec();
        page.block(Block::Table(Table { caption: "Newest first".into(), columns, rows: rows.iter().map(row).collect() }))
    };
    if let Some(next) = next {
        let to = at(&visit, &own.organisation, &format!("/record/looked?after={next}"));
        page = page.block(Block::Links(vec![Link::new("Go on reading", to)]));
    }
    Ok(page.into())
}

fn reading_words(what: ReadingOf) -> &'static str {
    match what {
        ReadingOf::People => "The list of people",
        ReadingOf::PeopleFile => "The list of people, as a file",
        ReadingOf::Person => "My record",
        ReadingOf::Answers => "Answers",
        ReadingOf::AnswersFile => "Answers, as a file",
        ReadingOf::Places => "Who has a place",
        ReadingOf::Attendance => "Who was at a meeting",
        ReadingOf::Expected => "Who is expected at a meeting, and what they need there",
        ReadingOf::Contributions => "What was said at meetings, without names",
        ReadingOf::Tasks => "Who changed their part, and what is to be done about it",
        ReadingOf::Reply => "What I answered to a letter by e-mail",
        ReadingOf::Draw => "A draw: which groups people are in, without names",
    }
}

/// Asks whether a claim about somebody's words is right.
fn right_or_not(visit: &Visit, own: &Own, influence: InfluenceId, mine: Option<Standing>) -> Block {
    let to = at(visit, &own.organisation, &format!("/influence/{influence}"));
    let said = match mine {
        Some(Standing::Confirmed) => "You have said that this is right.",
        Some(Standing::Disputed) => "You have said that this is not right.",
        _ => "Is this right? You need not answer.",
    };
    let form = Form::to(to)
        .words(vec![Block::Text(said.into())])
        .submit(Submit::new("Yes, this is right").sends("standing", "confirmed").other())
        .submit(Submit::new("No, this is not right").sends("standing", "disputed").other());
    Block::Form(Box::new(form))
}

async fn say_whether_right(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let id: InfluenceId = visit.param("influence")?;
    let standing = match visit.fields.text("standing") {
        "confirmed" => Standing::Confirmed,
        "disputed" => Standing::Disputed,
        _ => return Err(Error::invalid("/standing", "required", "Choose one of the answers.")),
    };
    influence::links::answer(visit.platform(), &own.person, id, standing).await?;
    Reply::to(at(&visit, &own.organisation, "/record?done=said"))
}

fn rating_form() -> Form {
    let mark = |(name, label): (&str, &str)| {
        let choices = [("5", "Yes"), ("4", "Mostly"), ("3", "In part"), ("2", "Hardly"), ("1", "No")];
        Field::radios(name, label, choices.map(|(value, label)| Choice::new(value, label)))
    };
    let harm = Field::area("harm", "Did anything harm you or shut you out?", "").optional();
    let form = Form::default().fields(MARKS.into_iter().map(mark));
    form.field(harm.hint("Staff read this without your name.")).submit(Submit::new("Send"))
}

fn rating_page(visit: &Visit, own: &Own, form: Form) -> Page {
    let text = "What you say is counted together with what others say. It is shown once enough people have answered.";
    Page::new("How was it for you?").back("Back to my record", at(visit, &own.organisation, "/record")).text(text).form(form)
}

async fn ask_rating(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let _: OpportunityId = visit.param("opportunity")?;
    Ok(rating_page(&visit, &own, rating_form()).into())
}

async fn rate(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let opportunity: OpportunityId = visit.param("opportunity")?;
    let missing: Vec<Violation> = MARKS
        .into_iter()
        .filter(|(name, _)| visit.fields.given(name).is_none())
        .map(|(name, label)| Violation::new(format!("/{name}"), "required", format!("Choose an answer: {label}.")))
        .collect();
    if !missing.is_empty() {
        let form = rating_form().again(&visit.fields, Error::Invalid(missing))?;
        return Ok(rating_page(&visit, &own, form).status(StatusCode::UNPROCESSABLE_ENTITY).into());
    }
    let mark = |name: &str| visit.fields.text(name).parse().unwrap_or(0);
    let marks = Marks {
        heard: mark("heard"),
        ways: mark("ways"),
        matters: mark("matters"),
        change: mark("change"),
        worth_it: mark("worth_it"),
        harm: visit.fields.given("harm"),
    };
    match ratings::rate(visit.platform(), &own.person, opportunity, marks).await {
        Ok(()) => Reply::to(at(&visit, &own.organisation, "/record?done=rated")),
        Err(error) => {
            let form = rating_form().again(&visit.fields, error)?;
            Ok(rating_page(&visit, &own, form).status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

fn reply_words(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Accepted => "Yes",
        InvitationState::Waiting => "Yes. I am on the waiting list",
        InvitationState::Declined => "No",
        InvitationState::AskLater => "Ask me later",
        InvitationState::SteppedDown => "Something lighter",
        InvitationState::Withdrawn => "It was taken back before I answered",
        InvitationState::Sent | InvitationState::Unsent => "Nothing yet",
        InvitationState::Ended => "Nothing. It has ended",
    }
}

fn part_words(state: PartState) -> &'static str {
    match state {
        PartState::Left => "Yes. Later I left",
        PartState::Lighter => "Yes. Later I chose something lighter",
        PartState::Paused => "Yes. I am pausing",
    }
}

fn place_words(state: PlaceState) -> &'static str {
    match state {
        PlaceState::Held => "I have a place",
        PlaceState::Waiting => "I am on the waiting list",
        PlaceState::Released => "I gave it up",
    }
}

fn response_words(state: ResponseState) -> &'static str {
    match state {
        ResponseState::Submitted => "Handed in",
        ResponseState::Withdrawn => "Taken back",
    }
}
