//! People who answer letters by e-mail.

use super::TestApp;
use alongside::platform::mail::inbound;
use entity::{MailState, mail_message, mail_reply};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

/// Somebody answers the newest letter that went to them, however the installation is set up. Answers the answer.
pub async fn answered(app: &TestApp, email: &str, words: &str) -> String {
    let platform = &app.app.platform;
    let letters = mail_message::Entity::find()
        .filter(mail_message::Column::Address.eq(email))
        .filter(mail_message::Column::State.eq(MailState::Sent))
        .order_by_desc(mail_message::Column::Id);
    let letter = letters.one(platform.db.read()).await.unwrap().expect("a letter");
    let to = inbound::reply_address(&platform.secret, Some("returns.sunrise.example"), &letter).unwrap();
    let raw = format!("From: {email}\nTo: {to}\nMessage-ID: <{}@a>\n\n{words}\n", letter.id);
    inbound::take(platform, &[to], raw.into_bytes()).await.unwrap();
    app.run_jobs().await;
    let newest = mail_reply::Entity::find().order_by_desc(mail_reply::Column::Id).one(platform.db.read()).await.unwrap();
    newest.expect("an answer").id.to_string()
}
