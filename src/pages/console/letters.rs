//! Letters, for administrators: which were sent together, whether they arrived, and what can be done where they did not. Neither
//! names nor addresses are shown.

use super::{
    desk::{Seat, again, mistaken, paged, seat},
    words::{Word, leaving},
};
use crate::{
    accounts::{
        self, Power,
        mailings::{self, Step},
    },
    feedback, invitations,
    opportunities::zone_of,
    pages::kit::{Block, Cell, Desk, Field, Form, Page, Reply, Submit, Table, Visit, Zone, act, ask},
    participants,
    platform::{
        Result,
        mail::{
            hold, reason, refusing,
            status::{self, Counts},
        },
    },
    sessions,
};
use entity::{BatchState, LetterReason, MailBatchId, MailState, mail_batch, mail_message};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let (console, at) = (Zone::Console, "/console/:slug/letters");
    route
        .at(at, get(ask(desk, console, list)))
        .at(format!("{at}/:mailing"), get(ask(desk, console, one)).post(act(desk, console, take)))
        .at(format!("{at}/:mailing/cancel"), get(ask(desk, console, ask_cancel)).post(act(desk, console, cancel)))
}

/// What letters of a kind are about, as their sender would say it.
fn about(kind: &str) -> &'static str {
    match kind {
        accounts::STAFF_INVITATION => "Invitation to work here",
        accounts::PASSWORD_RESET => "A new password",
        participants::JOIN => "Joining",
        participants::SIGN_IN => "A link to one's own page",
        participants::JOIN_INVITATION => "Invitation to join, after an import",
        invitations::INVITE => "Invitation to take part",
        invitations::AGAIN => "A new link to an invitation",
        invitations::REMIND => "Reminder",
        invitations::wording::TEST => "A letter that somebody here sent to themselves, to see it",
        invitations::TAKEN_BACK => "An invitation that was taken back",
        invitations::PLACE => "A place became free",
        invitations::NO_PLACE => "No place became free",
        invitations::DRAW_MOVED => "Names are drawn later",
        invitations::NOT_DRAWN => "Names were drawn, and theirs was not",
        invitations::choices::GOING_ON => "Go on hearing from us?",
        invitations::choices::REVIEW => "Are choices still right?",
        participants::trials::HALF_WAY => "How trying more is going",
        participants::trials::OVER => "Trying more is over",
        sessions::NOTES => "Notes of a meeting",
        sessions::ARRANGED => "When a meeting is",
        sessions::CHANGED => "A meeting has changed",
        sessions::CANCELLED => "A meeting does not take place",
        sessions::AHEAD => "Meetings that lie ahead",
        sessions::GONE => "Meetings that are over for somebody",
        feedback::REPORT => "What came of it",
        participants::news::DIGEST => "News, gathered in one letter",
        _ => "Another letter",
    }
}

fn when(row: &mail_batch::Model) -> String {
    row.created_at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// Where letters that were made together stand, in a word.
fn stands(row: &mail_batch::Model, counts: &Counts) -> &'static str {
    match row.state {
        BatchState::Running if counts.of(&ON_ITS_WAY) == 0 => "Done",
        state => state.said(),
    }
}

const ON_ITS_WAY: [MailState; 4] = [MailState::Queued, MailState::Leased, MailState::Dot, MailState::Deferred];
const NOT_ARRIVED: [MailState; 3] = [MailState::Failed, MailState::Uncertain, MailState::Expired];

/// Letters that were made together, newest first: those that somebody should look after, or all.
async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let all = visit.query.text("show") == "all";
    let rows = status::newest(seat.db(), seat.actor.organisation, !all, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |row| row.id.to_string());
    let counts = status::counts_of(seat.db(), rows.iter().map(|row| row.id)).await?;
    let none = Counts::default();
    let row = |row: &mail_batch::Model| {
        let of = counts.get(&row.id).unwrap_or(&none);
        let number = |states: &[MailState]| Cell::Number(of.of(states).to_string());
        vec![
            Cell::Link(seat.link(format!("{}, {}", about(&row.kind), when(row)), format!("/letters/{}", row.id))),
            Cell::text(stands(row, of)),
            number(&[MailState::Sent]),
            number(&ON_ITS_WAY),
            number(&NOT_ARRIVED),
        ]
    };
    let (caption, other, nothing) = if all {
        ("All letters, newest first", seat.link("Show those that did not arrive", "/letters"), "No letter has been written yet.")
    } else {
        let nothing = "Every letter was handed over, or is on its way.";
        ("Letters that did not arrive, or are paused", seat.link("Show all letters", "/letters?show=all"), nothing)
    };
    let page = Page::new(if all { "All letters" } else { "Letters" }).back("Back to the settings", seat.at("/settings")).wide();
    let page = page.blocks(refusing(&seat).await?).blocks(held(&seat).await?);
    let page = page.text("A line stands for letters of one kind that were written together.");
    if rows.is_empty() {
        return Ok(page.text(nothing).block(Block::Links(vec![other])).into());
    }
    let columns = ["Letters", "Where they stand", "Sent", "On their way", "Not arrived, or not known"];
    let rows = rows.iter().map(row).collect();
    let page = page.block(Block::Table(Table { caption: caption.into(), columns: columns.map(String::from).to_vec(), rows }));
    let show = if all { "show=all&" } else { "" };
    let more = next.map(|next| seat.link("Go on reading", format!("/letters?{show}after={next}")));
    Ok(page.block(Block::Links(more.into_iter().chain([other]).collect())).into())
}

/// Says that no letter leaves, where that is so: after a backup was restored, or the organisation moved.
pub(super) async fn held(seat: &Seat<'_>) -> Result<Option<Block>> {
    let text = "Whoever runs the server has to let them go. Until then they wait.";
    let held = hold::is_held(seat.db(), seat.actor.organisation).await?;
    Ok(held.then(|| Block::Important("No letter leaves at the moment".into(), vec![text.into()])))
}

/// Says that letters wait because no mail server takes them, to those who may do something about it.
pub(super) async fn refusing(seat: &Seat<'_>) -> Result<Option<Block>> {
    if !seat.may(Power::Administer) {
        return Ok(None);
    }
    let Some(found) = refusing::refusing(seat.platform()).await? else { return Ok(None) };
    let zone = zone_of(seat.organisation);
    let (since, now) = (found.since.with_timezone(&zone), seat.platform().clock.now().with_timezone(&zone));
    let time = if since.date_naive() == now.date_naive() { "%H:%M" } else { "%H:%M on %-d %B" };
    let since = since.format(time);
    let trouble = if found.is_reached() {
        format!("Our mail server has refused to take letters since {since} ({}).", found.why())
    } else {
        format!("Our mail server has not been reached since {since}.")
    };
    let lines = vec![
        format!("{trouble} They will go by themselves as soon as it works again."),
        "Letters that have waited for three days end. You can send those once more.".to_owned(),
        "A link for signing in may come too late. Whoever needs one can ask for another.".to_owned(),
    ];
    Ok(Some(Block::Important("Letters are waiting".into(), lines)))
}

async fn found(seat: &Seat<'_>) -> Result<mail_batch::Model> {
    status::mailing(seat.db(), seat.actor.organisation, seat.visit.param("mailing")?).await
}

fn done(visit: &Visit) -> Option<&'static str> {
    Some(match visit.query.text("done") {
        "pause" => "These letters are paused. Those that were being handed over at that moment may still arrive.",
        "resume" => "These letters go on.",
        "retry" => "They are sent once more.",
        "doubt" => "Saved.",
        "cancel" => "What was not handed over yet has been taken back.",
        _ => return None,
    })
}

/// What can be done about them.
fn forms(row: &mail_batch::Model, counts: &Counts, at: &str) -> Vec<Form> {
    if row.state == BatchState::Cancelled {
        return Vec::new();
    }
    let mut forms = Vec::new();
    let step = |step: &str| Form::to(at.to_owned()).hidden("step", step);
    if row.state == BatchState::Paused {
        forms.push(step("resume").submit(Submit::new("Let them go on")));
    } else if counts.of(&ON_ITS_WAY) > 0 {
        let why = Field::line("reason", "Why pause them?", "").hint("For those who come after you.");
        forms.push(step("pause").field(why).submit(Submit::new("Pause them")));
    }
    if counts.of(&ON_ITS_WAY) > 0 {
        let hint = "This happens when a computer stops in the middle. If you leave this off, the same letter is sent once more.";
        let label = "If nobody knows whether a letter arrived, leave it until one of us decides";
        let ask = Field::switch("ask", label, row.ask_in_doubt).hint(hint);
        forms.push(step("doubt").field(ask).submit(Submit::new("Save").other()));
    }
    let uncertain = counts.of(&[MailState::Uncertain]) > 0;
    if uncertain || counts.of(&[MailState::Failed, MailState::Expired]) > 0 {
        let hint = "Nobody knows whether these arrived. Somebody may then get the same letter twice.";
        let too = Field::switch("uncertain", "Those too that may have arrived", false).hint(hint);
        let form = step("retry");
        let form = if uncertain { form.field(too) } else { form };
        forms.push(form.submit(Submit::new("Send once more what did not arrive")));
    }
    forms
}

/// One letter: how far it came. The mail server's words had addresses taken out before they were kept.
fn letter(row: &mail_message::Model) -> Vec<Cell> {
    let code = row.last_code.map(|code| code.to_string());
    let said: Vec<String> = code.into_iter().chain(row.last_text.clone()).collect();
    vec![
        Cell::text(format!("Letter {}", super::desk::short(row.id))),
        Cell::text(row.state.said()),
        Cell::text(reason::of(row).map_or("", reason::said)),
        Cell::Number(row.attempts.to_string()),
        Cell::text(if said.is_empty() { "Nothing".into() } else { said.join(" ") }),
    ]
}

/// Why letters did not arrive, or not yet, and what can be done.
fn reasons(counts: &Counts) -> Option<Block> {
    let row = |(why, count): &(LetterReason, u64)| {
        vec![Cell::text(reason::said(*why)), Cell::Number(count.to_string()), Cell::text(reason::advice(*why))]
    };
    let columns = ["What happened", "Letters", "What you can do"].map(String::from).to_vec();
    let rows: Vec<_> = counts.reasons.iter().map(row).collect();
    (!rows.is_empty()).then(|| Block::Table(Table { caption: "Letters that did not arrive, or not yet".into(), columns, rows }))
}

async fn counted(seat: &Seat<'_>, row: &mail_batch::Model) -> Result<Counts> {
    Ok(status::counts_of(seat.db(), [row.id]).await?.remove(&row.id).unwrap_or_default())
}

async fn page(seat: &Seat<'_>, row: &mail_batch::Model, counts: &Counts, forms: Vec<Form>) -> Result<Page> {
    let at = format!("/letters/{}", row.id);
    let mut facts = vec![("Written".to_owned(), when(row)), ("Where they stand".into(), stands(row, counts).into())];
    let wait = seat.organisation.letters_window.as_ref().filter(|_| counts.of(&ON_ITS_WAY) > 0);
    facts.extend(wait.map(|window| ("What they may wait for".into(), leaving(window))));
    facts.extend(row.pause_reason.clone().map(|why| ("Why they are paused".into(), why)));
    facts.extend(counts.states.iter().map(|(state, count)| (state.said().into(), count.to_string())));
    let page = Page::new(about(&row.kind)).said(done(seat.visit)).wide();
    let page = page.back("Back to the letters", seat.at("/letters")).blocks(refusing(seat).await?).block(Block::Facts(facts));
    let page = page.blocks(reasons(counts));
    let mut page = forms.into_iter().fold(page, Page::form);
    if row.state != BatchState::Cancelled && counts.of(&ON_ITS_WAY) > 0 {
        page = page.block(Block::Links(vec![seat.link("Take back what was not sent yet", format!("{at}/cancel"))]));
    }
    let state = seat.visit.query.text("state");
    let state = MailState::CHOICES.iter().copied().find(|word| word.key() == state);
    let rows = status::letters(seat.db(), seat.actor.organisation, row.id, state, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |row| row.id.to_string());
    let only =
        |state: MailState| seat.link(format!("Those of which it says: {}", state.said()), format!("{at}?state={}", state.key()));
    let mut links: Vec<_> = counts.states.iter().filter(|_| counts.states.len() > 1).map(|(state, _)| only(*state)).collect();
    if state.is_some() {
        links.push(seat.link("All of them", &at));
    }
    page = page.heading("One by one");
    if rows.is_empty() {
        page = page.text("There is none.");
    } else {
        let columns = ["Letter", "Where it stands", "What happened", "Tried so often", "What the mail server said"]
            .map(String::from)
            .to_vec();
        let rows = rows.iter().map(letter).collect();
        page = page.block(Block::Table(Table { caption: "Without names and addresses".into(), columns, rows }));
    }
    let show = state.map(|state| format!("state={}&", state.key())).unwrap_or_default();
    links.extend(next.map(|next| seat.link("Go on reading", format!("{at}?{show}after={next}"))));
    Ok(page.blocks((!links.is_empty()).then_some(Block::Links(links))))
}

async fn one(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let row = found(&seat).await?;
    let counts = counted(&seat, &row).await?;
    let forms = forms(&row, &counts, &seat.at(format!("/letters/{}", row.id)));
    Ok(page(&seat, &row, &counts, forms).await?.into())
}

async fn take(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let row = found(&seat).await?;
    let word = visit.fields.text("step").to_owned();
    let step = match word.as_str() {
        "pause" => Step::Pause(visit.fields.trimmed("reason")),
        "resume" => Step::Resume,
        "doubt" => Step::Doubt { ask: visit.fields.has("ask") },
        "retry" => Step::Retry { uncertain: visit.fields.has("uncertain") },
        _ => return Reply::to(seat.at(format!("/letters/{}", row.id))),
    };
    match mailings::take(seat.platform(), &seat.actor, row.id, step).await {
        Ok(()) => Reply::to(seat.at(format!("/letters/{}?done={word}", row.id))),
        Err(error) => {
            let counts = counted(&seat, &row).await?;
            let mut forms = forms(&row, &counts, &seat.at(format!("/letters/{}", row.id)));
            let sent = |form: &Form| form.hidden.iter().any(|(name, value)| name == "step" && *value == word);
            match forms.iter_mut().find(|form| sent(form)) {
                Some(form) => *form = again(std::mem::take(form), &visit, error)?,
                None => return Err(error),
            }
            Ok(mistaken(page(&seat, &row, &counts, forms).await?).into())
        }
    }
}

async fn ask_cancel(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let row = found(&seat).await?;
    let then = match row.kind.as_str() {
        invitations::INVITE | invitations::REMIND => {
            "Whoever was to be asked by such a letter was not asked: it counts for nothing, and they can be asked again."
        }
        feedback::REPORT | participants::news::DIGEST => {
            "The people who took part were promised to hear what came of it. Those who have not had this letter yet will not get it \
             any more."
        }
        _ => "Those who have not had this letter yet will not get it any more.",
    };
    let page = Page::new("Take these letters back").caption(about(&row.kind));
    let page = page.back("Back to the letters", seat.at(format!("/letters/{}", row.id)));
    let page = page.texts(["Every letter of these that was not handed over yet is taken back, for good.", then]);
    Ok(page.form(Form::default().submit(Submit::new("Take them back"))).into())
}

async fn cancel(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let id: MailBatchId = found(&seat).await?.id;
    mailings::take(seat.platform(), &seat.actor, id, Step::Cancel).await?;
    Reply::to(seat.at(format!("/letters/{id}?done=cancel")))
}
