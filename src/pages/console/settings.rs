//! What an organisation says about itself, how its pages look, who works for it, and its log.

use super::{
    desk::{Seat, again, fresh, mistaken, paged, seat, short},
    entry::Entry,
    words::{choices, read},
};
use crate::{
    accounts::{
        Power,
        look::{self, Choice as Chosen},
        organisations::{self, Facts},
        readings, staff,
    },
    pages::kit::{
        Block, Cell, Choice, Control, Desk, Field, Form, Link, Page, Reply, Submit, Table, Visit, Zone, act, ask, take_file,
    },
    platform::{Error, Result, audit},
};
use entity::{DayOfWeek, LettersWindow, MembershipId, Role, account, audit_entry, membership, organisation};
use multer::{Constraints, Multipart, SizeLimit};
use poem::{Route, get, post};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route
        .at("/console/:slug/settings", get(ask(desk, console, show)).post(act(desk, console, change)))
        .at("/console/:slug/settings/look", get(ask(desk, console, ask_look)).post(act(desk, console, choose_look)))
        .at("/console/:slug/settings/logo", post(take_file(desk, console, put_logo)))
        .at("/console/:slug/settings/logo/remove", post(act(desk, console, remove_logo)))
        .at("/console/:slug/staff", get(ask(desk, console, people)).post(act(desk, console, invite)))
        .at("/console/:slug/staff/:member", post(act(desk, console, change_role)))
        .at("/console/:slug/staff/:member/remove", get(ask(desk, console, ask_remove)).post(act(desk, console, remove)))
        .at("/console/:slug/audit", get(ask(desk, console, log)))
}

fn done(visit: &Visit) -> Option<&'static str> {
    Some(match visit.query.text("done") {
        "saved" => "Saved.",
        "look" => "Saved. The pages look like this from now on.",
        "invited" => "A letter with a link is on its way.",
        "removed" => "They work here no longer, and are signed out.",
        _ => return None,
    })
}

fn form(seat: &Seat<'_>) -> Form {
    let row = seat.organisation;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let form = Form::default()
        .field(Field::line("name", "Name", &row.name))
        .field(Field::line("contact", "Whom people can turn to", &row.contact).hint("An e-mail address, or a telephone number."))
        .field(Field::typed("privacy_url", "Address of your privacy page", text(&row.privacy_url), "url").optional());
    let most = row.invites_per_month.map(|most| most.to_string()).unwrap_or_default();
    let form = form.field(
        Field::typed("invites_per_month", "Invitations a month, to people who set no limit", most, "number")
            .optional()
            .hint("Whoever sets a limit gets no more than that. Leave it empty for no limit to the others."),
    );
    let gap = row.letters_gap_days.to_string();
    let form = form.field(
        Field::typed("letters_gap_days", "Days between two letters that ask the same person something", gap, "number").hint(
            "0 to 30, over everything that you run. What people asked for themselves, and what they are owed, comes at once.",
        ),
    );
    let form = window(form, row);
    let form = if seat.may(Power::Administer) { deep(form, row) } else { form };
    form.version(row.version).submit(Submit::new("Save"))
}

/// When letters leave.
fn window(form: Form, row: &organisation::Model) -> Form {
    let set = row.letters_window.as_ref();
    let hours = |name: &str, label: &str, range: std::ops::RangeInclusive<i32>, now: Option<i32>| {
        let any = Choice::new("", "Any hour").on(now.is_none());
        let hour = |hour: i32| Choice::new(hour.to_string(), format!("{hour}:00")).on(now == Some(hour));
        Field::select(name, label, std::iter::once(any).chain(range.map(hour))).pointer(format!("/letters_window/{name}"))
    };
    let some = set.filter(|window| (window.from_hour, window.to_hour) != (0, 24));
    let days = choices::<DayOfWeek>(|day| set.is_some_and(|window| window.days.contains(&day)));
    let hint = "By the clock of whoever gets them. Hours that people chose for themselves always hold. A letter that would then come too \
                late leaves at once, and so does a link to sign in.";
    form.field(hours("from_hour", "Letters leave from", 0..=23, some.map(|window| window.from_hour)).hint(hint))
        .field(hours("to_hour", "until", 1..=24, some.map(|window| window.to_hour)))
        .field(
            Field::checks("days", "On these days", days)
                .optional()
                .hint("Tick none for every day.")
                .pointer("/letters_window/days"),
        )
}

/// Reads it: any hour of every day is no limit at all.
fn read_window(entry: &mut Entry<'_>) -> Option<LettersWindow> {
    let from: Option<i32> = entry.parsed("from_hour", "Use a whole hour from 0 to 23.");
    let to: Option<i32> = entry.parsed("to_hour", "Use a whole hour from 1 to 24.");
    let days: Vec<DayOfWeek> = entry.words("days");
    let days = if days.is_empty() { DayOfWeek::ALL.to_vec() } else { days };
    let window = LettersWindow { from_hour: from.unwrap_or(0), to_hour: to.unwrap_or(24), days };
    let all = (window.from_hour, window.to_hour) == (0, 24) && window.days.len() == DayOfWeek::ALL.len();
    (!all).then_some(window)
}

/// What administrators alone change.
fn deep(form: Form, row: &organisation::Model) -> Form {
    let minimum = row.minimum_group.to_string();
    form.field(
        Field::line("slug", "Name in addresses", &row.slug).hint("Small letters, digits, hyphens. Old addresses stop working."),
    )
    .field(
        Field::line("link_template", "Your own site for links in letters", row.link_template.clone().unwrap_or_default())
            .optional()
            .hint("For example https://front.example/{kind}#{token}. Leave it empty to use the pages that come with this."),
    )
    .field(Field::line("time_zone", "Time zone", &row.time_zone).hint("For example Europe/London."))
    .field(
        Field::typed("minimum_group", "Smallest group that numbers are shown about", minimum, "number")
            .hint("5 or more. Numbers about fewer people are withheld."),
    )
}

fn page(seat: &Seat<'_>, form: Form) -> Page {
    let mut links = vec![
        seat.link("Colour, logo, and the quick way out", "/settings/look"),
        seat.link("Topics that people can choose", "/topics"),
        seat.link("The log", "/audit"),
    ];
    if seat.may(Power::Administer) {
        links.push(seat.link("Who works here", "/staff"));
        links.push(seat.link("Letters, and whether they arrived", "/letters"));
    }
    Page::new("Settings").said(done(seat.visit)).block(Block::Links(links)).form(form)
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let form = form(&seat);
    Ok(page(&seat, form).into())
}

async fn change(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let based_on = visit.fields.if_match()?;
    let (row, sent) = (seat.organisation, &visit.fields);
    let mut facts = Facts {
        slug: row.slug.clone(),
        name: sent.trimmed("name"),
        contact: sent.trimmed("contact"),
        privacy_url: sent.given("privacy_url"),
        link_template: row.link_template.clone(),
        time_zone: row.time_zone.clone(),
        minimum_group: row.minimum_group,
        invites_per_month: row.invites_per_month,
        letters_gap_days: row.letters_gap_days,
        letters_window: row.letters_window.clone(),
    };
    let changed = async {
        let mut entry = Entry::new(sent);
        facts.invites_per_month = entry.parsed("invites_per_month", "Use a whole number from 1 to 31, or leave it empty.");
        facts.letters_gap_days =
            entry.needed("letters_gap_days", "Use a whole number from 0 to 30.").unwrap_or(row.letters_gap_days);
        facts.letters_window = read_window(&mut entry);
        entry.done()?;
        if seat.may(Power::Administer) {
            facts.slug = sent.trimmed("slug");
            facts.link_template = sent.given("link_template");
            facts.time_zone = sent.trimmed("time_zone");
            let mut entry = Entry::new(sent);
            facts.minimum_group = entry.needed("minimum_group", "Use a whole number from 5 to 100.").unwrap_or(row.minimum_group);
            entry.done_with(facts.check())?;
        }
        organisations::change(seat.platform(), &seat.actor, Some(&based_on), facts).await
    };
    let changed = changed.await;
    match changed {
        Ok(row) => Reply::to(visit.at(format!("/console/{}/settings?done=saved", row.slug))),
        Err(error) => Ok(mistaken(page(&seat, again(form(&seat), &visit, error)?)).into()),
    }
}

fn look_form(chosen: Option<&look::Look>) -> Form {
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    Form::default()
        .field(
            Field::line("colour", "Colour of buttons and links", text(chosen.and_then(|look| look.colour.as_ref())))
                .optional()
                .hint("A # and six digits, such as #0b4f6c. White letters must be readable on it, so a pale colour is refused."),
        )
        .field(
            Field::typed(
                "exit_url",
                "Where the quick way out leads",
                text(chosen.and_then(|look| look.exit_url.as_ref())),
                "url",
            )
            .optional()
            .hint(
                "For people who may be watched. On every page stands a link that leaves it quickly, and the window's title never \
                     says what the page is about. Leave it empty to switch it off.",
            ),
        )
        .field(
            Field::line(
                "exit_title",
                "What the window's title says then",
                text(chosen.and_then(|look| look.exit_title.as_ref())),
            )
            .optional(),
        )
        .version(chosen.map_or(0, |look| look.version))
        .submit(Submit::new("Save"))
}

fn look_page(seat: &Seat<'_>, chosen: Option<&look::Look>, form: Form, logo: Form) -> Page {
    let page = Page::new("How the pages look").said(done(seat.visit)).back("Back to the settings", seat.at("/settings"));
    let mut page = page.form(form).heading("Logo").form(logo);
    if chosen.is_some_and(|look| look.logo_kind.is_some()) {
        page = page.form(Form::button(seat.at("/settings/logo/remove"), "Take the logo down"));
    }
    page
}

fn logo_form(seat: &Seat<'_>) -> Form {
    let hint = "A PNG, JPEG or WebP file of at most 200 KB. It stands beside your name, so it needs no words in it.";
    Form::to(seat.at("/settings/logo"))
        .field(Field::new("logo", "The file", Control::File { accept: "image/png,image/jpeg,image/webp" }).hint(hint))
        .submit(Submit::new("Put up this logo"))
}

async fn ask_look(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let chosen = look::of(seat.db(), seat.organisation.id).await?;
    Ok(look_page(&seat, chosen.as_ref(), look_form(chosen.as_ref()), logo_form(&seat)).into())
}

async fn choose_look(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let choice = Chosen {
        colour: visit.fields.given("colour"),
        exit_url: visit.fields.given("exit_url"),
        exit_title: visit.fields.given("exit_title"),
    };
    match look::choose(seat.platform(), &seat.actor, Some(&visit.fields.if_match()?), choice).await {
        Ok(_) => Reply::to(seat.at("/settings/look?done=look")),
        Err(error) => {
            let chosen = look::of(seat.db(), seat.organisation.id).await?;
            let form = again(look_form(chosen.as_ref()), &visit, error)?;
            Ok(mistaken(look_page(&seat, chosen.as_ref(), form, logo_form(&seat))).into())
        }
    }
}

async fn put_logo(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let put = match picture(&visit).await {
        Ok(bytes) => look::put_logo(seat.platform(), &seat.actor, Some("*"), "/logo", Some(bytes)).await,
        Err(error) => Err(error),
    };
    match put {
        Ok(_) => Reply::to(seat.at("/settings/look?done=look")),
        Err(error) => {
            let chosen = look::of(seat.db(), seat.organisation.id).await?;
            let logo = again(logo_form(&seat), &visit, error)?;
            Ok(mistaken(look_page(&seat, chosen.as_ref(), look_form(chosen.as_ref()), logo)).into())
        }
    }
}

/// The file that was sent.
async fn picture(visit: &Visit) -> Result<Vec<u8>> {
    let missing = || Error::invalid("/logo", "required", "Choose a file.");
    let (headers, body) = visit.take_body().ok_or_else(missing)?;
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| missing())?;
    let most = u64::try_from(look::LOGO).unwrap_or(u64::MAX).saturating_add(8192);
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(most));
    let mut parts = Multipart::with_constraints(body.into_bytes_stream(), boundary, limits);
    let large = |_| Error::invalid("/logo", "too_large", "A logo may have 200 KB at most.");
    while let Some(part) = parts.next_field().await.map_err(large)? {
        if part.name() == Some("logo") {
            let bytes = part.bytes().await.map_err(large)?;
            return if bytes.is_empty() { Err(missing()) } else { Ok(bytes.to_vec()) };
        }
    }
    Err(missing())
}

async fn remove_logo(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    look::put_logo(seat.platform(), &seat.actor, Some("*"), "/logo", None).await?;
    Reply::to(seat.at("/settings/look?done=look"))
}

fn invite_form(seat: &Seat<'_>) -> Form {
    let form = Form::default()
        .field(Field::typed("email", "E-mail address", "", "email").hint("They get a letter with a link that works once."))
        .field(Field::radios("role", "Role", choices::<Role>(|_| false)))
        .submit(Submit::new("Invite"));
    fresh(seat, form)
}

async fn staff_page(seat: &Seat<'_>, form: Form) -> Result<Page> {
    let members = staff::list(seat.platform(), &seat.actor).await?;
    let row = |(member, account): &(membership::Model, account::Model)| {
        let role = choices::<Role>(|role| role == member.role);
        let about = format!(": {}", account.name);
        let to = seat.at(format!("/staff/{}", member.id));
        let change = Form::to(&to)
            .field(Field::select("role", format!("Role of {}", account.name), role))
            .hidden("version", member.version.to_string())
            .submit(Submit::new("Change").about(about));
        let remove = Link::new(format!("Remove {}", account.name), format!("{to}/remove"));
        vec![Cell::text(&account.name), Cell::text(&account.email), Cell::Form(Box::new(change)), Cell::Link(remove)]
    };
    let columns = ["Name", "Address", "Role", "When they leave"].map(String::from).to_vec();
    let table = Table { caption: "Who works here".into(), columns, rows: members.iter().map(row).collect() };
    let page = Page::new("Who works here").said(done(seat.visit)).back("Back to the settings", seat.at("/settings")).wide();
    Ok(page.block(Block::Table(table)).heading("Invite somebody").form(form))
}

async fn people(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let form = invite_form(&seat);
    Ok(staff_page(&seat, form).await?.into())
}

async fn invite(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let made = async {
        let mut entry = Entry::new(&visit.fields);
        let (role, email) = (entry.word::<Role>("role"), entry.text("email"));
        entry.done_with(staff::address(&email).map(|_| ()))?;
        let tx = seat.platform().db.begin().await?;
        staff::invite(&tx, seat.platform(), &seat.actor, &email, role).await?;
        tx.commit().await?;
        seat.platform().wake.notify_one();
        Ok(())
    };
    match made.await {
        Ok(()) => Reply::to(seat.at("/staff?done=invited")),
        Err(error) => Ok(mistaken(staff_page(&seat, again(invite_form(&seat), &visit, error)?).await?).into()),
    }
}

async fn change_role(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let member: MembershipId = visit.param("member")?;
    let role = read::<Role>(visit.fields.text("role")).ok_or_else(|| Error::invalid("/role", "required", "Choose a role."))?;
    staff::change_role(seat.platform(), &seat.actor, member, Some(&visit.fields.if_match()?), role).await?;
    Reply::to(seat.at("/staff?done=saved"))
}

fn removing(seat: &Seat<'_>, account: &account::Model, form: Form) -> Page {
    let texts = [
        "They can no longer sign in to this organisation, from this moment on. What they did stays in the log with their name.",
        "Keys for other systems that they made end as well. Whatever works with one of those stops.",
    ];
    let page = Page::new(format!("Remove {}", account.name)).back("Back to all who work here", seat.at("/staff"));
    page.texts(texts).form(form)
}

/// The member of staff that the address names.
async fn member(seat: &Seat<'_>) -> Result<(membership::Model, account::Model)> {
    let id: MembershipId = seat.visit.param("member")?;
    let all = staff::list(seat.platform(), &seat.actor).await?;
    all.into_iter().find(|(member, _)| member.id == id).ok_or(Error::NotFound("member of staff"))
}

async fn ask_remove(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let (_, account) = member(&seat).await?;
    Ok(removing(&seat, &account, Form::default().submit(Submit::new("Remove them"))).into())
}

async fn remove(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::Administer).await?;
    let (member, account) = member(&seat).await?;
    match staff::remove(seat.platform(), &seat.actor, member.id).await {
        Ok(()) => Reply::to(seat.at("/staff?done=removed")),
        Err(error) => {
            let form = again(Form::default().submit(Submit::new("Remove them")), &visit, error)?;
            Ok(mistaken(removing(&seat, &account, form)).into())
        }
    }
}

/// Who did something, where there is no name: the program itself, or somebody who has left.
fn actor(name: &str) -> String {
    if name.starts_with("account:") || name.starts_with("key:") { "Somebody who is gone".into() } else { object(name) }
}

/// What something was done to, in words, with the end of its number so that entries about the same can be told.
fn object(name: &str) -> String {
    let (kind, id) = name.split_once(':').unwrap_or((name, ""));
    let kind = kind.replace('_', " ");
    if id.is_empty() { kind } else { format!("{kind} {}", short(id)) }
}

/// Who did what to what, oldest first. The whole log is looked through when that is asked for.
async fn log(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let after: i64 = visit.query.parsed("after", "Use a link of this page.")?.unwrap_or(0);
    let rows = audit::page(seat.db(), seat.organisation.id, after, super::desk::ROWS + 1).await?;
    let (rows, next) = paged(rows, |row| row.seq.to_string());
    let whole = match visit.query.text("look") {
        "whole" => Some(match audit::first_break(seat.db(), seat.organisation.id).await? {
            None => "Every entry fits the one before it: nothing was changed or taken out.".to_owned(),
            Some(n) => format!("Entry {n} does not fit the one before it. Somebody has changed the log outside this program."),
        }),
        _ => None,
    };
    let names = readings::names(seat.db(), seat.organisation.id, rows.iter().map(|row| row.actor.as_str())).await?;
    let row = |row: &audit_entry::Model| {
        vec![
            Cell::text(row.seq.to_string()),
            Cell::text(row.at.format("%-d %B %Y, %H:%M UTC").to_string()),
            Cell::text(names.get(&row.actor).map_or_else(|| actor(&row.actor), Clone::clone)),
            Cell::text(row.action.replace('_', " ")),
            Cell::text(object(&row.object)),
        ]
    };
    let columns = ["Number", "When", "Who", "What", "About"].map(String::from).to_vec();
    let table = Table { caption: "The log, oldest first".into(), columns, rows: rows.iter().map(row).collect() };
    let page = Page::new("The log").back("Back to the settings", seat.at("/settings")).wide().blocks(whole.map(Block::Note));
    let check = vec![seat.link("Check that nothing was changed or taken out", "/audit?look=whole")];
    let page = page.block(Block::Links(check));
    let more = next.map(|next| Block::Links(vec![seat.link("Go on reading", format!("/audit?after={next}"))]));
    Ok(page.block(Block::Table(table)).blocks(more).into())
}
