//! What is agreed to before taking part, and what can be taken back: at any time, also after the end.

use super::{answer, at, guest};
use crate::{
    consent::{notices, permits, record, rules::State},
    invitations::Guest,
    pages::{
        kit::{Block, Card, Form, Page, Reply, Submit, Visit},
        notice::{self as wording, effects},
    },
    platform::{Error, Result, Tx, Violation},
};
use entity::{ConsentType, Purpose, consent_standing, notice, opportunity};
use poem::http::StatusCode;
use std::sync::Arc;

/// Whether the notice must be agreed to before a yes.
pub(super) async fn is_needed(visit: &Visit, guest: &Guest, offer: &opportunity::Model) -> Result<bool> {
    let platform = visit.platform();
    let (db, now) = (platform.db.read(), platform.clock.now());
    let agreed = permits(db, guest.organisation, guest.participant, Purpose::Participate, offer.id.0, now).await?;
    Ok(!agreed && notices::current(db, guest.organisation, offer.id.0).await?.is_some())
}

/// The notice that there is to agree to.
async fn current(visit: &Visit, guest: &Guest) -> Result<notice::Model> {
    let found = notices::current(visit.platform().db.read(), guest.organisation, guest.invitation.opportunity_id.0).await?;
    found.ok_or(Error::NotFound("notice"))
}

/// Shows the notice with a switch for each use, all of them off.
pub(super) async fn ask_it(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let notice = current(&visit, &guest).await?;
    let form = form(&visit, &guest, &notice).await?;
    Ok(page(&visit, &guest, &notice, form).await?.into())
}

async fn page(visit: &Visit, guest: &Guest, notice: &notice::Model, form: Form) -> Result<Page> {
    let offer = guest.opportunity(visit.platform().db.read()).await?;
    let back = at(visit, guest.invitation.id, "");
    let page = Page::new(&notice.content.title).caption(&offer.title).back("Back to the invitation", back);
    Ok(page.blocks(wording::words(notice, visit.easy(), &at(visit, guest.invitation.id, "/agree"))).form(form))
}

async fn form(visit: &Visit, guest: &Guest, notice: &notice::Model) -> Result<Form> {
    let form = wording::form(visit, &guest.speaker(), notice, true).await?;
    Ok(form.submit(Submit::new("Agree to what I have ticked, and take part")))
}

/// Records what was agreed to the notice that stood there, and takes part.
pub(super) async fn agree(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let notice = current(&visit, &guest).await?;
    wording::expect(&visit, &notice)?;
    let platform = visit.platform();
    let offer = guest.opportunity(platform.db.read()).await?;
    let tx = platform.db.begin().await?;
    let done = match note(&tx, &visit, &guest, &notice, &offer).await {
        Ok(()) => answer::accepted(&tx, &visit, &guest, &offer).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(reply) => {
            tx.commit().await?;
            platform.wake.notify_one();
            Ok(reply)
        }
        Err(error) => {
            tx.rollback().await?;
            let form = form(&visit, &guest, &notice).await?.again(&visit.fields, error)?;
            Ok(page(&visit, &guest, &notice, form).await?.status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

async fn note(tx: &Tx, visit: &Visit, guest: &Guest, notice: &notice::Model, offer: &opportunity::Model) -> Result<()> {
    wording::note(tx, visit, &guest.speaker(), notice).await?;
    let platform = visit.platform();
    let now = platform.clock.now();
    if permits(tx, guest.organisation, guest.participant, Purpose::Participate, offer.id.0, now).await? {
        return Ok(());
    }
    let detail = "To take part, tick that you agree to this. You can also go back and say no.";
    Err(Error::Invalid(vec![Violation::new(format!("/{}", wording::name(Purpose::Participate)), "needed", detail)]))
}

/// Everything that this person has agreed to here, each with a button to take it back.
pub(super) async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let platform = visit.platform();
    let db = platform.db.read();
    let offer = guest.opportunity(db).await?;
    let standing = record::standing_of(db, guest.organisation, guest.participant).await?;
    let can_go = |kind, until| State::after(kind, until).accepts(ConsentType::Withdraw) == Some(true);
    let mut cards = Vec::new();
    for row in standing.into_iter().filter(|row| row.scope_id == offer.id.0 && can_go(row.r#type, row.valid_until)) {
        // What was promised is what stood in the notice that they agreed to.
        let notice = notices::get(db, guest.organisation, row.notice_id).await?;
        let Some(words) = notice.content.purposes.into_iter().find(|given| given.purpose == row.purpose) else { continue };
        let mut button = Form::button(at(&visit, guest.invitation.id, "/withdraw"), "Take this back");
        button.submits[0] =
            button.submits[0].clone().other().sends("purpose", row.purpose.word()).about(format!(": {}", words.text));
        cards.push(Card {
            title: words.text.clone(),
            texts: vec![format!("If you take this back: {}", effects(row.purpose, words.withdrawal_effect))],
            forms: vec![button],
            ..Card::default()
        });
    }
    let said = match visit.query.text("done") {
        "withdrawn" => Some(withdrawn(&visit, &guest).await?),
        "nothing" => Some("There was nothing to take back. Nothing was changed.".into()),
        _ => None,
    };
    let mut page = Page::new("What you have agreed to").caption(&offer.title).said(said);
    page = page.back("Back to the invitation", at(&visit, guest.invitation.id, ""));
    page = if cards.is_empty() {
        page.text("You have agreed to nothing here, or you have taken it back.")
    } else {
        let text = "You can take each of these back at any time. You need give no reason.";
        page.text(text).heading("Your agreements").block(Block::Cards(cards))
    };
    Ok(page.into())
}

/// What the person has taken back of what they agreed to here, by the word of its purpose.
pub(super) async fn taken_back(visit: &Visit, guest: &Guest, named: &str) -> Result<Option<consent_standing::Model>> {
    let db = visit.platform().db.read();
    let standing = record::standing_of(db, guest.organisation, guest.participant).await?;
    let is = |row: &consent_standing::Model| {
        row.scope_id == guest.invitation.opportunity_id.0 && row.purpose.word() == named && row.r#type == ConsentType::Withdraw
    };
    Ok(standing.into_iter().find(is))
}

/// What follows from what was taken back, as the notice has promised it.
async fn withdrawn(visit: &Visit, guest: &Guest) -> Result<String> {
    let db = visit.platform().db.read();
    let mut said = "You have taken it back. Nobody asks you why.".to_owned();
    if let Some(row) = taken_back(visit, guest, visit.query.text("purpose")).await? {
        let notice = notices::get(db, guest.organisation, row.notice_id).await?;
        if let Some(words) = notice.content.purposes.iter().find(|given| given.purpose == row.purpose) {
            said = format!("You have taken it back. {}", effects(row.purpose, words.withdrawal_effect));
        }
    }
    Ok(said)
}

/// Takes one thing back.
pub(super) async fn withdraw(visit: &Visit, guest: &Guest) -> Result<Reply> {
    let named = visit.fields.text("purpose");
    let purpose = Purpose::ALL.iter().copied().find(|purpose| purpose.word() == named).ok_or(Error::NotFound("page"))?;
    let platform = visit.platform();
    let tx = platform.db.begin().await?;
    let scope = guest.invitation.opportunity_id.0;
    let done = record::withdraw(&tx, platform, &guest.speaker(), purpose, scope).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    let what = if done { format!("withdrawn&purpose={}", purpose.word()) } else { "nothing".into() };
    Reply::to(at(visit, guest.invitation.id, &format!("/agreed?done={what}")))
}
