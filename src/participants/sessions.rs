//! A person's signed-in browsers.

use crate::{
    accounts::{Person, access::PARTICIPANT_IDLE},
    platform::{
        Error, Platform, Result, Tx,
        secret::{Token, TokenKind},
    },
};
use chrono::Duration;
use entity::{OrganisationId, ParticipantId, ParticipantSessionId, Time, participant_session};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};

/// A session ends after so long, used or not.
const ABSOLUTE: Duration = Duration::hours(24);

/// Opens a session.
pub(super) async fn open(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    participant: ParticipantId,
) -> Result<(Token, Time)> {
    let now = platform.clock.now();
    let token = Token::new(TokenKind::Participant, platform.clock.secret());
    let row = participant_session::ActiveModel {
        organisation_id: Set(organisation),
        id: Set(platform.clock.new_id()),
        participant_id: Set(participant),
        token_hash: Set(token.hash()),
        created_at: Set(now),
        last_used_at: Set(now),
        idle_until: Set(now + PARTICIPANT_IDLE),
        expires_at: Set(now + ABSOLUTE),
        revoked_at: Set(None),
    };
    participant_session::Entity::insert(row).exec_without_returning(tx).await?;
    Ok((token, now + ABSOLUTE))
}

/// The sessions of a person that are still open, newest first.
pub async fn list(platform: &Platform, person: &Person) -> Result<Vec<participant_session::Model>> {
    let now = platform.clock.now();
    let sessions = participant_session::Entity::find()
        .filter(participant_session::Column::OrganisationId.eq(person.organisation))
        .filter(participant_session::Column::ParticipantId.eq(person.participant))
        .filter(participant_session::Column::RevokedAt.is_null())
        .filter(participant_session::Column::ExpiresAt.gt(now))
        .filter(participant_session::Column::IdleUntil.gt(now))
        .order_by_desc(participant_session::Column::Id)
        .all(platform.db.read())
        .await?;
    Ok(sessions)
}

/// Ends one of a person's sessions. Ending it twice changes nothing.
pub async fn end(platform: &Platform, person: &Person, session: ParticipantSessionId) -> Result<()> {
    let ended = participant_session::Entity::update_many()
        .col_expr(participant_session::Column::RevokedAt, Expr::value(platform.clock.now()))
        .filter(participant_session::Column::OrganisationId.eq(person.organisation))
        .filter(participant_session::Column::ParticipantId.eq(person.participant))
        .filter(participant_session::Column::Id.eq(session))
        .exec(platform.db.write())
        .await?;
    if ended.rows_affected == 0 { Err(Error::NotFound("session")) } else { Ok(()) }
}

/// Ends every session of a person, except one.
pub async fn end_all(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    person: &Person,
    keep: Option<ParticipantSessionId>,
) -> Result<()> {
    let mut update = participant_session::Entity::update_many()
        .col_expr(participant_session::Column::RevokedAt, Expr::value(platform.clock.now()))
        .filter(participant_session::Column::OrganisationId.eq(person.organisation))
        .filter(participant_session::Column::ParticipantId.eq(person.participant))
        .filter(participant_session::Column::RevokedAt.is_null());
    if let Some(keep) = keep {
        update = update.filter(participant_session::Column::Id.ne(keep));
    }
    update.exec(connection).await?;
    Ok(())
}
