//! Links in letters to people: to join, to sign in, to stop letters.

use crate::platform::{
    Error, Platform, Result, Tx,
    mail::suppression::{self, ALL},
    secret::{Token, TokenKind},
};
use entity::{
    MailMessageId, OrganisationId, ParticipantId, ParticipantLinkId, ParticipantLinkPurpose, SuppressionReason, Time,
    mail_message, organisation, participant, participant_link,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

/// Rows in one statement.
const ROWS: usize = 1000;

/// A link to be made.
pub(super) struct NewLink {
    pub id: ParticipantLinkId,
    pub participant: ParticipantId,
    pub purpose: ParticipantLinkPurpose,
    /// Without it the link never ends.
    pub expires_at: Option<Time>,
    /// The name that whoever asked for it gave.
    pub name: Option<String>,
    /// The language that they named.
    pub language: Option<String>,
}

/// The kind of token a link carries.
pub(super) fn token_kind(purpose: ParticipantLinkPurpose) -> TokenKind {
    match purpose {
        ParticipantLinkPurpose::Join | ParticipantLinkPurpose::SignIn => TokenKind::ParticipantLink,
        ParticipantLinkPurpose::Unsubscribe => TokenKind::Unsubscribe,
    }
}

/// Makes links, a thousand with one statement. Their tokens follow from their ids.
pub(super) async fn make(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    links: &[NewLink],
) -> Result<()> {
    let now = platform.clock.now();
    for links in links.chunks(ROWS) {
        let rows = links.iter().map(|link| participant_link::ActiveModel {
            organisation_id: Set(organisation),
            id: Set(link.id),
            participant_id: Set(link.participant),
            purpose: Set(link.purpose),
            token_hash: Set(platform.secret.token(token_kind(link.purpose), link.id.0).hash()),
            created_at: Set(now),
            expires_at: Set(link.expires_at),
            name: Set(link.name.clone()),
            language: Set(link.language.clone()),
            used_at: Set(None),
        });
        participant_link::Entity::insert_many(rows).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Makes the link that stops letters, for one letter to one person. It has the id of the letter, so that whoever writes
/// the letter finds its token with `platform.secret.token(TokenKind::Unsubscribe, message.id.0)`.
pub async fn unsubscribe_link(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    participant: ParticipantId,
    letter: MailMessageId,
) -> Result<(ParticipantLinkId, Token)> {
    unsubscribe_links(tx, platform, organisation, &[(letter, participant)]).await?;
    Ok((ParticipantLinkId(letter.0), platform.secret.token(TokenKind::Unsubscribe, letter.0)))
}

/// Makes the links that stop letters for many letters, a thousand with one statement.
pub async fn unsubscribe_links(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    letters: &[(MailMessageId, ParticipantId)],
) -> Result<()> {
    let links: Vec<NewLink> = letters
        .iter()
        .map(|(letter, participant)| NewLink {
            id: ParticipantLinkId(letter.0),
            participant: *participant,
            purpose: ParticipantLinkPurpose::Unsubscribe,
            expires_at: None,
            name: None,
            language: None,
        })
        .collect();
    make(connection, platform, organisation, &links).await
}

/// What a link that cannot be used is answered, whatever the reason.
pub(super) fn dead() -> Error {
    Error::Gone("This link was used or has ended. Ask for a new one.".into())
}

/// Uses up a link that opens a session.
pub(super) async fn use_up(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    token: &str,
) -> Result<participant_link::Model> {
    let (_, token) = Token::parse(token.trim()).filter(|(kind, _)| *kind == TokenKind::ParticipantLink).ok_or_else(dead)?;
    let now = platform.clock.now();
    let link = participant_link::Entity::find()
        .filter(participant_link::Column::OrganisationId.eq(organisation))
        .filter(participant_link::Column::TokenHash.eq(token.hash()))
        .filter(participant_link::Column::Purpose.ne(ParticipantLinkPurpose::Unsubscribe))
        .one(tx)
        .await?
        .ok_or_else(dead)?;
    let used = participant_link::Entity::update_many()
        .col_expr(participant_link::Column::UsedAt, Expr::value(now))
        .filter(participant_link::Column::OrganisationId.eq(organisation))
        .filter(participant_link::Column::Id.eq(link.id))
        .filter(participant_link::Column::UsedAt.is_null())
        .filter(participant_link::Column::ExpiresAt.gt(now))
        .exec(tx)
        .await?;
    if used.rows_affected == 0 { Err(dead()) } else { Ok(link) }
}

/// Ends every link of a person that could open a session.
pub(super) async fn end_all(tx: &Tx, platform: &Platform, organisation: OrganisationId, person: ParticipantId) -> Result<()> {
    participant_link::Entity::update_many()
        .col_expr(participant_link::Column::UsedAt, Expr::value(platform.clock.now()))
        .filter(participant_link::Column::OrganisationId.eq(organisation))
        .filter(participant_link::Column::ParticipantId.eq(person))
        .filter(participant_link::Column::Purpose.ne(ParticipantLinkPurpose::Unsubscribe))
        .filter(participant_link::Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Stops letters with the link in one of them: letters of that family, or, with `everything`, all that were not asked for.
///
/// It takes nothing but the link, works for ever, and doing it twice changes nothing. Answers whether all letters were stopped:
/// they also are where nobody knows any more which kind of letter the link stood in.
pub async fn unsubscribe(platform: &Platform, token: &str, everything: bool) -> Result<bool> {
    let unknown = || Error::NotFound("link");
    let (_, token) = Token::parse(token.trim()).filter(|(kind, _)| *kind == TokenKind::Unsubscribe).ok_or_else(unknown)?;
    let tx = platform.db.begin().await?;
    let link = participant_link::Entity::find()
        .filter(participant_link::Column::TokenHash.eq(token.hash()))
        .filter(participant_link::Column::Purpose.eq(ParticipantLinkPurpose::Unsubscribe))
        .one(&tx)
        .await?
        .ok_or_else(unknown)?;
    let organisation = link.organisation_id;
    let person = participant::Entity::find_by_id((organisation, link.participant_id)).one(&tx).await?.ok_or_else(unknown)?;
    let letter = mail_message::Entity::find_by_id(MailMessageId(link.id.0)).one(&tx).await?;
    // Where the letter itself is forgotten, its kind is too: stop everything rather than nothing.
    let kind = letter.filter(|_| !everything).map_or_else(|| ALL.to_owned(), |letter| letter.kind);
    suppression::suppress(&tx, platform, organisation, &person.email_key, &kind, SuppressionReason::Unsubscribed, None).await?;
    if link.used_at.is_none() {
        participant_link::Entity::update_many()
            .col_expr(participant_link::Column::UsedAt, Expr::value(platform.clock.now()))
            .filter(participant_link::Column::OrganisationId.eq(organisation))
            .filter(participant_link::Column::Id.eq(link.id))
            .exec(&tx)
            .await?;
    }
    tx.commit().await?;
    Ok(kind == ALL)
}

/// The organisation that a link belongs to: one that opens a page, or one that stops letters.
pub async fn home(platform: &Platform, token: &str) -> Result<organisation::Model> {
    let link = find_of(platform, token, &[TokenKind::ParticipantLink, TokenKind::Unsubscribe]).await?;
    organisation::Entity::find_by_id(link.organisation_id).one(platform.db.read()).await?.ok_or_else(dead)
}

/// Whether a link that opens a session works still.
pub async fn is_live(platform: &Platform, token: &str) -> Result<bool> {
    let (link, now) = (find(platform, token).await?, platform.clock.now());
    Ok(link.used_at.is_none() && link.expires_at.is_none_or(|end| end > now))
}

/// Whether a link opens one's own page, as against one that makes somebody join.
pub async fn is_for_signing_in(platform: &Platform, token: &str) -> Result<bool> {
    Ok(find(platform, token).await?.purpose == ParticipantLinkPurpose::SignIn)
}

async fn find(platform: &Platform, token: &str) -> Result<participant_link::Model> {
    find_of(platform, token, &[TokenKind::ParticipantLink]).await
}

async fn find_of(platform: &Platform, token: &str, kinds: &[TokenKind]) -> Result<participant_link::Model> {
    let (_, token) = Token::parse(token.trim()).filter(|(kind, _)| kinds.contains(kind)).ok_or_else(dead)?;
    let query = participant_link::Entity::find().filter(participant_link::Column::TokenHash.eq(token.hash()));
    query.one(platform.db.read()).await?.ok_or_else(dead)
}
