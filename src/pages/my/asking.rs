//! What I am asked for and what not: by which of my choices, and what a draw did.

use super::{Own, at, done, own};
use crate::{
    invitations::{letters::day, link_for},
    matching::{
        applying::{self, Applied},
        mine,
        mine::{Mine, OwnDraw},
        outlook,
        over::{self, Over},
        together::own::OwnShare,
    },
    opportunities::zone_of,
    pages::kit::{self, Block, Desk, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    platform::{Result, http::Cursor},
};
use entity::{DrawOutcome, WhyNot};
use poem::{Route, get, post};
use std::sync::Arc;

/// Rows on one page.
const ROWS: u64 = 20;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    route
        .at("/o/:slug/me/asking", get(ask(desk, Zone::Own, list)))
        .at("/o/:slug/me/asking/over", get(ask(desk, Zone::Own, gone)))
        .at("/o/:slug/me/asking/:opportunity", post(act(desk, Zone::Own, apply)))
}

/// Where the choice is changed that speaks against it, if one does.
fn choice(why: WhyNot) -> Option<(&'static str, &'static str)> {
    Some(match why {
        WhyNot::NoConsent => ("What I agreed to", "/consents"),
        WhyNot::Unanswered => ("Go on hearing from us", "/hearing"),
        WhyNot::AskedBefore | WhyNot::DeclinedHere | WhyNot::Undelivered => return None,
        _ => ("How I want to be involved", "/preferences"),
    })
}

fn drawn(own: &Own, draw: &OwnDraw) -> Vec<(String, String)> {
    let zone = zone_of(&own.organisation);
    let outcome = match draw.outcome {
        Some(DrawOutcome::Asked | DrawOutcome::Seated) if draw.letters => {
            "A letter fell to you. Those who get a place are drawn later, among all who say yes."
        }
        Some(DrawOutcome::Reserve) | None if draw.letters => "The letters went to others.",
        Some(DrawOutcome::Asked | DrawOutcome::Seated) => "Your name was drawn.",
        Some(DrawOutcome::PassedOver) => "Your turn came, and your choices spoke against it.",
        Some(DrawOutcome::Reserve) | None => "Your name was not drawn. When a place becomes free, it can be drawn for that.",
    };
    let what = if draw.letters { "Letters were drawn by lot" } else { "Names were drawn" };
    vec![
        (what.into(), day(draw.at.with_timezone(&zone).date_naive())),
        ("The chance that you had".into(), outlook::in_words(draw.chance)),
        ("What came of it".into(), outcome.into()),
        ("Your number in this draw".into(), draw.number.to_string()),
    ]
}

fn shared(own: &Own, share: &OwnShare) -> Vec<(String, String)> {
    let zone = zone_of(&own.organisation);
    let outcome = match share.outcome {
        Some(DrawOutcome::Asked | DrawOutcome::Seated) => "You were asked.",
        Some(DrawOutcome::PassedOver) => "A letter fell to you. When it was your turn, you could not be asked any more.",
        Some(DrawOutcome::Reserve) => "A letter fell to you, and was not sent, because this had ended.",
        None => "The letters about this went to others.",
    };
    vec![
        ("Letters were shared out".into(), day(share.at.with_timezone(&zone).date_naive())),
        ("How".into(), "Several things needed people. Letters were shared out as evenly as they can be, and by lot.".into()),
        ("The chance that you had of a letter".into(), outlook::in_words(share.chance)),
        ("What came of it".into(), outcome.into()),
        ("Your number in this".into(), share.number.to_string()),
    ]
}

/// Applying oneself, or taking that back: where somebody is not asked, or would not be asked yet.
fn applying(visit: &Visit, own: &Own, row: &Mine) -> Option<Block> {
    let to = at(visit, &own.organisation, &format!("/asking/{}", row.opportunity.id));
    let about = format!(": {}", row.opportunity.title);
    let submit = match (row.applied, row.why_not) {
        (false, Some(WhyNot::Paused)) | (_, Some(WhyNot::AskedBefore | WhyNot::NoConsent)) => return None,
        (true, _) => Submit::new("Take my wish to take part back").sends("take_back", "yes").other(),
        // Whose choices include it is in the draw already.
        (false, None) if row.opportunity.places.is_some() => return None,
        (false, _) => Submit::new("I want to take part in this").other(),
    };
    Some(Block::Form(Box::new(Form::to(to).submit(submit.about(about)))))
}

async fn apply(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let id = visit.param("opportunity")?;
    let tx = visit.platform().db.begin().await?;
    if visit.fields.has("take_back") {
        applying::take_back(&tx, &own.person, id).await?;
        tx.commit().await?;
        return Reply::to(at(&visit, &own.organisation, "/asking?done=applied_not"));
    }
    let applied = applying::apply(&tx, visit.platform(), &own.person, id).await?;
    tx.commit().await?;
    visit.platform().wake.notify_one();
    match applied {
        Applied::InDraw => Reply::to(at(&visit, &own.organisation, "/asking?done=applied")),
        Applied::Asked(invitation) => {
            let token = link_for(visit.platform(), &own.person, invitation).await?;
            crate::pages::invitation::open(&visit, invitation, &token, "")
        }
    }
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let cursor = Cursor { after, limit: ROWS };
    let rows = mine::list(visit.platform(), &own.person, &own.organisation, cursor).await?;
    let (rows, next) = kit::paged(ROWS, rows, |row: &Mine| row.opportunity.id);
    let mut page = Page::new("What I am asked for, and what not")
        .said(done(&visit))
        .text("This is what is open now. Your choices decide what you are asked for. You can change them at any time.")
        .text("You can also take part in something that your choices do not include. They stay as they are.");
    if rows.is_empty() {
        page = page.text("Nothing is open now.");
    }
    for row in rows {
        let tries = row.tries.map(|on| format!("You are trying this step until {}.", day(on.until)));
        let may = match row.why_not {
            None if row.applied => "You asked to be in this draw yourself.",
            None if tries.is_some() => tries.as_deref().unwrap_or_default(),
            None if row.opportunity.places.is_some() => "Your choices include this. Names are drawn, because places are few.",
            None => "Your choices include this.",
            Some(_) => row.in_words.as_deref().unwrap_or_default(),
        };
        let about = match row.why_not {
            None | Some(WhyNot::AskedBefore) => "May you be asked?",
            Some(_) => "Why you are not asked",
        };
        let mut facts = vec![(about.to_owned(), may.to_owned())];
        facts.extend(row.draw.as_ref().map(|draw| drawn(&own, draw)).unwrap_or_default());
        facts.extend(row.share.as_ref().map(|share| shared(&own, share)).unwrap_or_default());
        page = page.heading(row.opportunity.title.clone()).block(Block::Facts(facts));
        page = page.blocks(applying(&visit, &own, &row));
        if let Some((words, rest)) = row.why_not.and_then(choice) {
            page = page.block(Block::Links(vec![Link::new(words, at(&visit, &own.organisation, rest))]));
        }
    }
    let more = next.map(|next| Link::new("Go on reading", at(&visit, &own.organisation, &format!("/asking?after={next}"))));
    let over = Link::new("What is over", at(&visit, &own.organisation, "/asking/over"));
    Ok(page.block(Block::Links(more.into_iter().chain([over]).collect())).into())
}

/// What is over, and what it was for somebody.
async fn gone(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let rows = over::list(visit.platform(), &own.person, &own.organisation, Cursor { after, limit: ROWS }).await?;
    let (rows, next) = kit::paged(ROWS, rows, |row: &Over| row.opportunity.id);
    let back = at(&visit, &own.organisation, "/asking");
    let mut page = Page::new("What is over").back("Back to what is open", back);
    page = page.text("People were asked for these. You see whether you were, why not, and what a draw did.");
    if rows.is_empty() {
        page = page.text("Nothing is over yet.");
    }
    let zone = zone_of(&own.organisation);
    for row in rows {
        let asked = if row.asked { "Yes" } else { "No" };
        let mut facts = vec![("Were you asked?".to_owned(), asked.to_owned())];
        facts.extend(row.in_words.map(|words| ("Why you were not asked".to_owned(), words)));
        facts.extend(row.asked_at.map(|at| ("People were asked from".to_owned(), day(at.with_timezone(&zone).date_naive()))));
        let draw = row.draw.as_ref().map(|draw| drawn(&own, draw)).unwrap_or_default();
        facts.extend(draw);
        facts.extend(row.share.as_ref().map(|share| shared(&own, share)).unwrap_or_default());
        page = page.heading(row.opportunity.title).block(Block::Facts(facts));
    }
    let more = next.map(|next| at(&visit, &own.organisation, &format!("/asking/over?after={next}")));
    Ok(page.blocks(more.map(|to| Block::Links(vec![Link::new("Go on reading", to)]))).into())
}
