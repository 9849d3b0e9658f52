//! What is agreed to before taking part, and what can be taken back: at any time, also after the end.

use super::{answer, at, guest};
use crate::{
    consent::{
        notices, permits,
        record::{self, Said},
        rules::State,
    },
    invitations::Guest,
    pages::{
        kit::{Block, Card, Form, Page, Reply, Visit},
        notice::{Switches, effects, fields},
    },
    platform::{Error, Result, Violation},
};
use entity::{ConsentType, LetterFormat, Purpose, notice, opportunity};
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
    Ok(page.blocks(crate::pages::notice::words(notice, visit.easy(), &at(visit, guest.invitation.id, "/agree"))).form(form))
}

async fn form(visit: &Visit, guest: &Guest, notice: &notice::Model) -> Result<Form> {
    let platform = visit.platform();
    let standing = record::standing_of(platform.db.read(), guest.organisation, guest.participant).await?;
    let given = |purpose| {
        let row = standing.iter().find(|row| row.scope_id == notice.scope_id && row.purpose == purpose);
        row.is_some_and(|row| State::after(row.r#type, row.valid_until).permits(platform.clock.now()))
    };
    let switches = Switches { notice, taking_part: true, given: &given };
    let format = if visit.easy() { "easy" } else { "plain" };
    Ok(fields(Form::default(), &switches)
        .hidden("notice", notice.id.to_string())
        .hidden("format", format)
        .submit(crate::pages::kit::Submit::new("Agree to what I have ticked, and take part")))
}

/// Records what was agreed to the notice that stood there, and takes part.
pub(super) async fn agree(visit: Arc<Visit>) -> Result<Reply> {
    let guest = guest(&visit).await?;
    let notice = current(&visit, &guest).await?;
    if visit.fields.text("notice") != notice.id.to_string() {
        let detail = "The notice has changed since you read it. Please read it once more.";
        return Err(Error::conflict("notice_superseded", detail));
    }
    let platform = visit.platform();
    let offer = guest.opportunity(platform.db.read()).await?;
    let tx = platform.db.begin().await?;
    let done = match note(&tx, &visit, &guest, &notice, &offer).await {
        Ok(()) => answer::accepted(&tx, &visit, &guest).await,
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

async fn note(
    tx: &crate::platform::Tx,
    visit: &Visit,
    guest: &Guest,
    notice: &notice::Model,
    offer: &opportunity::Model,
) -> Result<()> {
    let platform = visit.platform();
    let ticked = |purpose: Purpose| visit.fields.has(&crate::pages::notice::name(purpose));
    let purposes = notice.content.purposes.iter().map(|given| given.purpose);
    let said: Vec<Said> =
        purposes.filter(|purpose| ticked(*purpose)).map(|purpose| Said { purpose, choice: ConsentType::Give }).collect();
    if !said.is_empty() {
        let easy = visit.fields.text("format") == "easy" && notice.content.easy_read_text.is_some();
        let format = if easy { LetterFormat::EasyRead } else { LetterFormat::Plain };
        let speaker = guest.speaker();
        let proof = record::shown(tx, platform, &speaker, notice.id, &notice.content.language, format).await?;
        record::say(tx, platform, &speaker, proof.reveal(), &said).await?;
    }
    let now = platform.clock.now();
    if permits(tx, guest.organisation, guest.participant, Purpose::Participate, offer.id.0, now).await? {
        return Ok(());
    }
    let detail = "To take part, tick that you agree to this. You can also go back and say no.";
    Err(Error::Invalid(vec![Violation::new(format!("/{}", crate::pages::notice::name(Purpose::Participate)), "needed", detail)]))
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
        "withdrawn" => Some("You have taken it back. Nothing else follows from it."),
        "nothing" => Some("There was nothing to take back. Nothing was changed."),
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
    let what = if done { "withdrawn" } else { "nothing" };
    Reply::to(at(visit, guest.invitation.id, &format!("/agreed?done={what}")))
}
