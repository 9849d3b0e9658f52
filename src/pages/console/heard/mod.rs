//! What people said, and what came of it: answers, themes, proposals with their answers, what they changed, and the report.

mod answers;
mod effects;
mod proposals;
mod report;
mod sources;
mod themes;

use super::desk::{Seat, seat};
use crate::{
    accounts::Power,
    influence,
    opportunities::ways,
    pages::kit::{Desk, Link, Page, Visit},
    platform::{Result, http::Cursor},
    projects::decisions,
};
use entity::{OpportunityId, decision, opportunity, theme};
use poem::Route;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let route = answers::routes(route, desk);
    let route = themes::routes(route, desk);
    let route = sources::routes(route, desk);
    let route = proposals::routes(route, desk);
    let route = effects::routes(route, desk);
    report::routes(route, desk)
}

/// What people were asked, and who sits before it.
struct Matter<'v> {
    seat: Seat<'v>,
    about: opportunity::Model,
}

impl<'v> Matter<'v> {
    async fn read(visit: &'v Visit, power: Power) -> Result<Self> {
        let seat = seat(visit, power).await?;
        let id: OpportunityId = visit.param("opportunity")?;
        let about = ways::find(seat.db(), seat.organisation.id, id).await?;
        Ok(Self { seat, about })
    }

    /// An address below that of the opportunity.
    fn at(&self, rest: &str) -> String {
        self.seat.at(format!("/opportunities/{}{rest}", self.about.id))
    }

    fn link(&self, words: impl Into<String>, rest: &str) -> Link {
        Link::new(words, self.at(rest))
    }

    /// A page about it.
    fn page(&self, title: impl Into<String>) -> Page {
        Page::new(title).caption(&self.about.title).back("Back", self.at("")).said(done(self.seat.visit))
    }
}

/// What proposals and effects are about: the themes, and the decisions of the project.
struct Around {
    themes: Vec<theme::Model>,
    decisions: Vec<decision::Model>,
}

impl Around {
    async fn read(matter: &Matter<'_>) -> Result<Self> {
        let (seat, about) = (&matter.seat, &matter.about);
        let cursor = Cursor { after: None, limit: 200 };
        Ok(Self {
            themes: influence::themes::list(seat.db(), seat.organisation.id, about.id).await?,
            decisions: decisions::list(seat.platform(), seat.organisation.id, about.project_id, cursor).await?,
        })
    }
}

/// What was done, in words.
fn done(visit: &Visit) -> Option<&'static str> {
    Some(match visit.query.text("done") {
        "saved" => "Saved.",
        "made" => "It is there.",
        "removed" => "It is gone.",
        "published" => "The report is published. Everybody who took part and wants to know gets a letter.",
        "unchanged" => "Nothing has changed since the last version, so nobody is told again.",
        _ => return None,
    })
}

/// The pages here, for the page of the opportunity.
pub(super) fn links(seat: &Seat<'_>, about: &opportunity::Model) -> Vec<Link> {
    let link = |words: &str, rest: &str| seat.link(words, format!("/opportunities/{}{rest}", about.id));
    let mut links = Vec::new();
    if seat.may(Power::ReadResponses) {
        links.push(link("Answers", "/answers"));
        links.push(link("What people said at meetings", "/contributions"));
    }
    links.extend([
        link("Themes", "/themes"),
        link("Proposals and their answers", "/proposals"),
        link("What people changed", "/effects"),
        link("Report", "/report"),
    ]);
    links
}
