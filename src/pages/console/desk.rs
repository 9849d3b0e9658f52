//! Who sits at the console, in which organisation, and what they may do there.

use crate::{
    accounts::{Actor, Power, access},
    pages::kit::{self, Form, Link, NavLink, Page, Visit},
    platform::{
        Error, Platform, Result, Violation,
        http::{Cursor, Once},
        secret::{hex, sha256},
    },
};
use entity::organisation;
use poem::http::StatusCode;
use sea_orm::DatabaseConnection;

/// So many rows stand on one page of a list.
pub(super) const ROWS: u64 = 50;
/// So many where each of them is all that somebody said: a page stays small enough for a slow line.
pub(super) const TEXTS: u64 = 15;

/// The parts of the console: their names, where each begins, and what is needed to see it.
const PARTS: [(&str, &str, Power); 5] = [
    ("Home", "", Power::ReadWork),
    ("Projects", "/projects", Power::ReadWork),
    ("People", "/people", Power::ReadPeople),
    ("Notices", "/notices", Power::ReadWork),
    ("Settings", "/settings", Power::ManageWork),
];

/// A member of staff at work for an organisation.
pub(super) struct Seat<'v> {
    /// The visit.
    pub visit: &'v Visit,
    /// Who, with what they may do.
    pub actor: Actor,
    /// For whom.
    pub organisation: &'v organisation::Model,
}

/// Lets those through who may do something in the organisation that the address names: whoever does not belong to it finds
/// nothing, and whoever may not do this is told so. The frame shows the parts that they may see.
pub(super) async fn seat(visit: &Visit, power: Power) -> Result<Seat<'_>> {
    let staff = visit.staff().await?;
    let organisation = visit.organisation().await?;
    let actor = access::staff_may(visit.platform(), &staff, organisation.id, Power::ReadWork).await?;
    let seat = Seat { visit, actor, organisation };
    seat.show_parts();
    if !seat.may(power) {
        return Err(Error::Forbidden("Your role does not include this. An administrator can change your role.".into()));
    }
    Ok(seat)
}

impl<'v> Seat<'v> {
    /// The platform.
    pub fn platform(&self) -> &'v Platform {
        self.visit.platform()
    }

    /// For reading.
    pub fn db(&self) -> &'v DatabaseConnection {
        self.visit.platform().db.read()
    }

    /// Whether they may do something else as well.
    pub fn may(&self, power: Power) -> bool {
        self.actor.may(power)
    }

    /// Whether they run projects and opportunities.
    pub fn manages(&self) -> bool {
        self.may(Power::ManageWork)
    }

    /// An address in this organisation's console.
    pub fn at(&self, rest: impl AsRef<str>) -> String {
        self.visit.at(format!("/console/{}{}", self.organisation.slug, rest.as_ref()))
    }

    /// A link in this organisation's console.
    pub fn link(&self, words: impl Into<String>, rest: impl AsRef<str>) -> Link {
        Link::new(words, self.at(rest))
    }

    /// Where a list begins.
    pub fn cursor(&self) -> Result<Cursor> {
        self.cursor_of(ROWS)
    }

    /// Where a list begins that has so many rows on a page.
    pub fn cursor_of(&self, limit: u64) -> Result<Cursor> {
        Ok(Cursor { after: self.visit.query.parsed("after", "Use a link of this page.")?, limit })
    }

    fn show_parts(&self) {
        let here = self.visit.path.strip_prefix(&format!("/console/{}", self.organisation.slug)).unwrap_or_default();
        let within = |rest: &str| match rest {
            "" => here.is_empty() || here == "/",
            part => here == part || here.starts_with(&format!("{part}/")),
        };
        let parts = PARTS.iter().filter(|(_, _, power)| self.may(*power));
        let links = parts.map(|(words, rest, _)| NavLink { words: (*words).into(), to: self.at(rest), here: within(rest) });
        self.visit.nav(links.collect(), Some(self.visit.at("/console/sign-out")));
    }

    /// Begins what is done once, however often the form is sent. See [`fresh`].
    pub async fn once(&self) -> Result<Once> {
        let sent: Vec<String> = self.visit.fields.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let fingerprint = sha256(format!("{} {}", self.visit.path, sent.join("\n")).as_bytes());
        let key = self.visit.fields.given("once").filter(|key| key.len() <= 100);
        let begun = Once::begin_for(self.platform(), &self.actor.by, key.as_deref(), &fingerprint).await;
        begun.map_err(|error| match error {
            Error::Invalid(found) if found.iter().any(|one| one.code == "used_before") => Error::conflict(
                "sent_before",
                "This form was sent before, with other words in it. Open the page again to see what was made, and to make more.",
            ),
            other => other,
        })
    }
}

/// A form that does something once: it carries a number of its own.
pub(super) fn fresh(seat: &Seat<'_>, form: Form) -> Form {
    let sent = seat.visit.fields.given("once");
    form.hidden("once", sent.unwrap_or_else(|| hex(&seat.platform().clock.secret()[..16])))
}

/// The end of an id: tells two of a kind apart, and says nothing about whoever stands behind it.
pub(super) fn short(id: impl std::fmt::Display) -> String {
    let id = id.to_string();
    id[id.len().saturating_sub(6)..].to_owned()
}

/// The form with what was sent and what is wrong with it. What does not fit what is there can be mended too, so it is told on the
/// same page instead of on one without the form.
pub(super) fn again(form: Form, visit: &Visit, error: Error) -> Result<Form> {
    form.again(&visit.fields, mendable(error))
}

fn mendable(error: Error) -> Error {
    match error {
        Error::Conflict { items, .. } if !items.is_empty() => Error::Invalid(items),
        Error::Conflict { detail, .. } => Error::Invalid(vec![Violation::new("", "conflict", detail)]),
        other => other,
    }
}

/// A page whose form has mistakes.
pub(super) fn mistaken(page: Page) -> Page {
    page.status(StatusCode::UNPROCESSABLE_ENTITY)
}

/// One page of a list: its rows, and where to read on.
pub(super) fn paged<R>(rows: Vec<R>, id: impl Fn(&R) -> String) -> (Vec<R>, Option<String>) {
    kit::paged(ROWS, rows, id)
}
