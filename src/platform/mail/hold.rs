//! Letters that wait for an operator's word.
//!
//! Whoever brings a backup back, or moves an organisation, has letters in the outbox of which nobody here knows whether they
//! were sent meanwhile from the other place. No letter leaves until a person who can find out has decided: send them, or not.

use super::{
    outbox::{KEEP_TRYING, event},
    priority, status,
};
use crate::platform::{Clock, Platform, Result, Tx};
use entity::{HoldReason, MailHoldId, MailMessageId, MailState, OrganisationId, Time, mail_event, mail_hold, mail_message};
use mail_message::{Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

/// Letters in one statement.
const ROWS: u64 = 500;
/// Letters that have not left.
const WAITING: [MailState; 4] = [MailState::Queued, MailState::Deferred, MailState::Leased, MailState::Dot];
/// Why the history holds `uncertain` for a letter that was not sent from here.
const NOT_SENT: &str = "it may have been sent from the place this database came from; it is not sent from here";

/// Lets no letter leave, of an organisation or at all, until it is said otherwise. One that is being handed over now does.
pub async fn hold(tx: &Tx, clock: &Clock, organisation: Option<OrganisationId>, why: HoldReason) -> Result<()> {
    mail_hold::Entity::delete_many().filter(of(organisation)).exec(tx).await?;
    let row = mail_hold::ActiveModel {
        id: Set(clock.new_id()),
        organisation_id: Set(organisation),
        why: Set(why),
        since: Set(clock.now()),
    };
    mail_hold::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// What holds letters, oldest first.
pub async fn holds(connection: &impl ConnectionTrait) -> Result<Vec<mail_hold::Model>> {
    Ok(mail_hold::Entity::find().order_by_asc(mail_hold::Column::Id).all(connection).await?)
}

/// Whether the letters of an organisation are held: its own, or all.
pub async fn is_held(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<bool> {
    let any = Condition::any().add(of(None)).add(of(Some(organisation)));
    Ok(mail_hold::Entity::find().filter(any).one(connection).await?.is_some())
}

fn of(organisation: Option<OrganisationId>) -> Condition {
    let column = mail_hold::Column::OrganisationId;
    Condition::all().add(organisation.map_or_else(|| column.is_null(), |id| column.eq(id)))
}

/// The letters that a hold keeps.
fn kept(hold: &mail_hold::Model) -> Condition {
    let waiting = Condition::all().add(Column::State.is_in(WAITING));
    match hold.organisation_id {
        Some(organisation) => waiting.add(Column::OrganisationId.eq(organisation)),
        None => waiting,
    }
}

/// How many letters of each kind a hold keeps, and when the oldest of them was made.
pub async fn waiting(connection: &impl ConnectionTrait, hold: &mail_hold::Model) -> Result<Vec<(String, i64, Time)>> {
    let counts = Entity::find()
        .select_only()
        .column(Column::Kind)
        .column_as(Column::Id.count(), "letters")
        .column_as(Column::CreatedAt.min(), "oldest")
        .filter(kept(hold))
        .group_by(Column::Kind)
        .order_by_asc(Column::Kind)
        .into_tuple();
    Ok(counts.all(connection).await?)
}

/// Lets the letters go. The time that they stood still is not taken from them, but for those whose links end with it.
pub async fn release(tx: &Tx, clock: &Clock, hold: &mail_hold::Model) -> Result<()> {
    let until = clock.now() + KEEP_TRYING;
    Entity::update_many()
        .col_expr(Column::ExpiresAt, Expr::value(until))
        .filter(kept(hold))
        .filter(Column::Priority.gt(priority::SIGN_IN))
        .filter(Column::ExpiresAt.lt(until))
        .exec(tx)
        .await?;
    status::now_due(tx, clock, kept(hold)).await?;
    end(tx, hold.id).await
}

/// Does not send the letters from here: whether they arrived is left open, as it is. Answers to what somebody has done since the
/// hold began are sent. Answers how many letters were left.
pub async fn leave(tx: &Tx, platform: &Platform, hold: &mail_hold::Model) -> Result<u64> {
    let fresh = Column::CreatedAt.gt(hold.since).and(Column::Priority.lte(priority::TRANSACTIONAL));
    let mut left = 0;
    loop {
        let ids: Vec<MailMessageId> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(kept(hold))
            .filter(fresh.clone().not())
            .order_by_asc(Column::Id)
            .limit(ROWS)
            .into_tuple()
            .all(tx)
            .await?;
        if ids.is_empty() {
            break;
        }
        Entity::update_many()
            .col_expr(Column::State, Expr::value(MailState::Uncertain.word()))
            .col_expr(Column::Due, Expr::value(false))
            .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
            .col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None))
            .col_expr(Column::LastText, Expr::value(NOT_SENT))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(tx)
            .await?;
        left += u64::try_from(ids.len()).unwrap_or(0);
        let left_here = |id| event(&platform.clock, id, MailState::Uncertain, None, None, Some(NOT_SENT.to_owned()));
        let events = ids.into_iter().map(left_here);
        mail_event::Entity::insert_many(events).exec_without_returning(tx).await?;
    }
    end(tx, hold.id).await?;
    Ok(left)
}

async fn end(tx: &Tx, id: MailHoldId) -> Result<()> {
    mail_hold::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
