//! Are my choices still right? One button keeps them for another year; looking changes nothing.

use super::{Matter, words};
use crate::{
    invitations::letters::day,
    pages::{
        kit::{Answered, Block, Form, Link, Page, Reply, Visit},
        my::at,
    },
    participants::{preferences, rules::grows_old},
    platform::Result,
};
use std::sync::Arc;

pub(super) async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit).await?;
    let choices = |rest: &str| matter.at(&visit, rest);
    let page = Page::new("Are my choices still right?").back("Back", at(&visit, &matter.own.organisation, ""));
    if matter.n == 0 {
        let first = Link::new("Say how I want to be involved", choices("/involvement?first=yes"));
        let page = page.text("You have not said anything yet. Until you do, we ask you first, each time.");
        return Ok(page.block(Block::Go(first)).into());
    }
    let rows = words::rows(&matter.doc, &matter.topics).into_iter();
    let rows = rows.filter(|(question, ..)| question.is_asked(&matter.topics));
    let rows = rows.map(|(question, what, said)| Answered {
        what: what.into(),
        said,
        change: Some(choices(&format!("/{}", question.name()))),
    });
    let today = preferences::today(&matter.own.organisation, visit.platform().clock.now());
    let text = match matter.doc.review_after.filter(|_| grows_old(&matter.doc, today)) {
        Some(until) if until >= today => {
            format!("This is what you chose. It holds until {}. After that we ask you first, about this alone.", day(until))
        }
        Some(_) => "This is what you chose. It was long ago, so we ask you first, each time.".to_owned(),
        None => "This is what you chose. It holds until you change it.".to_owned(),
    };
    let keep = Form::button(at(&visit, &matter.own.organisation, "/review"), "Keep my choices as they are").version(matter.n);
    let page = page.text(text).block(Block::Summary(rows.collect())).form(keep);
    Ok(page.text("They then hold for another year. You can change each of them at any time.").into())
}

pub(super) async fn keep(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit).await?;
    let based_on = visit.fields.if_match()?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    preferences::keep(&tx, platform, &matter.own.person, Some(&based_on)).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Reply::to(matter.at(&visit, "?done=kept"))
}
