//! Trying the questions out: as people will see them, one page after the other. Nothing is saved.

use super::{latest, ways};
use crate::{
    accounts::Power,
    pages::{
        console::desk::seat,
        kit::{Block, Link, Reply, Visit},
        questions::preview,
    },
    platform::Result,
};
use std::sync::Arc;

/// A page of the questions, with what was typed so far.
pub(super) async fn page(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ReadWork).await?;
    let way = ways::found(&seat).await?;
    let Some(row) = latest(&seat, &way).await? else {
        return Reply::to(ways::at(&seat, &way, "/questions"));
    };
    let form = visit.desk.forms.form(visit.platform(), seat.actor.organisation, row.id).await?;
    let here = |easy: bool| ways::at(&seat, &way, if easy { "/questions/preview?format=easy" } else { "/questions/preview" });
    let easy = visit.easy();
    let mut page = preview(&form, &visit.fields, &here(easy), easy, visit.platform().clock.now());
    let note = "You are trying the questions out. Nothing is saved, and nobody sees what you enter here.";
    page.blocks.insert(0, Block::Note(note.into()));
    if form.layout().easy {
        let words = if easy { "Begin again in the usual words" } else { "Begin again in Easy Read" };
        page = page.block(Block::Links(vec![Link::new(words, here(!easy))]));
    }
    Ok(page.back("Back to the questions", ways::at(&seat, &way, "/questions")).into())
}
