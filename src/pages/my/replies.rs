//! What I answered to letters by e-mail: that it came in, what became of it, and taking it back.

use super::{Own, at, done, own, time};
use crate::{
    pages::kit::{self, Block, Card, Desk, Form, Link, Page, Reply, Visit, Zone, act, ask},
    platform::{Result, http::Cursor},
    replies::own::{self as replies, Own as Answer},
};
use entity::ReplyState;
use poem::{Route, get, post};
use std::sync::Arc;

/// Answers on one page.
const ROWS: u64 = 15;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let own = Zone::Own;
    route
        .at("/o/:slug/me/replies", get(ask(desk, own, list)))
        .at("/o/:slug/me/replies/:reply/back", post(act(desk, own, take_back)))
}

/// What became of an answer, in a sentence or two.
fn became(answer: &Answer) -> Vec<String> {
    let row = &answer.row;
    let mut said = Vec::new();
    match row.state {
        _ if answer.taken_back() => said.push("I took this back. Its words are gone.".to_owned()),
        ReplyState::New => said.push("It came in. Nobody has decided yet what becomes of it.".to_owned()),
        ReplyState::Taken => said.push("It counts together with what others said. I can take it back.".to_owned()),
        ReplyState::SetAside => {
            said.push("It was read, and it is not counted.".to_owned());
            said.extend(row.reason.clone());
        }
    }
    if row.stopped {
        said.push("Such letters come to me no more, because I asked for that.".to_owned());
    }
    said
}

fn card(visit: &Visit, own: &Own, answer: &Answer) -> Card {
    let row = &answer.row;
    let about = answer.about.as_ref().map_or("A letter", |about| about.title.as_str());
    let title = format!("{about}, {}", time(own, row.received_at));
    let mut facts = vec![("What became of it".to_owned(), became(answer).join("\n"))];
    match row.attachments {
        0 => {}
        1 => facts.push(("Files".into(), "One file came with it. It is not kept.".into())),
        many => facts.push(("Files".into(), format!("{many} files came with it. They are not kept."))),
    }
    let mut forms = Vec::new();
    if !answer.taken_back() {
        let mut form = Form::button(at(visit, &own.organisation, &format!("/replies/{}/back", row.id)), "Take it back");
        form.submits[0].about = format!(": {title}");
        forms.push(form);
    }
    let words = answer.words().filter(|words| !words.trim().is_empty()).map(str::to_owned);
    Card { title, texts: words.into_iter().collect(), facts, forms, to: None }
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    let after = visit.query.parsed("after", "Use a link of this page.")?;
    let cursor = Cursor { after, limit: ROWS };
    let rows = replies::list(visit.platform().db.read(), &own.person, cursor).await?;
    let (rows, next) = kit::paged(ROWS, rows, |answer| answer.row.id);
    let page = Page::new("What I answered by e-mail").said(done(&visit));
    let page = page.back("Back to my record", at(&visit, &own.organisation, "/record"));
    if rows.is_empty() {
        return Ok(page.text("There is nothing here.").into());
    }
    let text = "These are your answers to letters, without what you quoted. Staff read them. You can take each of them back: its \
                words are erased at once.";
    let page = page.text(text).heading("Newest first");
    let page = page.block(Block::Cards(rows.iter().map(|answer| card(&visit, &own, answer)).collect()));
    let more = next.map(|next| Link::new("Go on reading", at(&visit, &own.organisation, &format!("/replies?after={next}"))));
    Ok(page.blocks(more.map(|link| Block::Links(vec![link]))).into())
}

async fn take_back(visit: Arc<Visit>) -> Result<Reply> {
    let own = own(&visit).await?;
    replies::take_back(visit.platform(), &own.person, visit.param("reply")?).await?;
    Reply::to(at(&visit, &own.organisation, "/replies?done=words"))
}
