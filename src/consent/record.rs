//! What people say to a notice: shown, given, refused, left for later, taken back. The list only grows.

use super::{WITHDRAWN, Withdrawal, notices, rules::State};
use crate::{
    accounts::Person,
    platform::{
        Error, Platform, Result, Tx,
        jobs::{NewJob, enqueue},
        secret::{Token, TokenKind},
        text::Check,
    },
};
use chrono::{Duration, Months};
use entity::{
    ConsentEventId, ConsentType, LetterFormat, NoticeId, NoticePurpose, NoticeShownId, NoticeState, OrganisationId,
    ParticipantId, Purpose, Time, WithdrawalEffect, consent_event, consent_standing, notice, notice_shown,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

/// The proof that a notice was shown can be used for so long.
const SHOWN_FOR: Duration = Duration::hours(24);

/// Who is speaking, and how it reaches us.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whose data it is about.
    pub participant: ParticipantId,
    /// `web`, `link`, `phone`, ...
    pub channel: &'static str,
    /// Who wrote it down: `participant:...`, `invitation:...`, `account:...`.
    pub by: String,
}

impl Speaker {
    /// Somebody on their own page.
    pub fn on_the_web(person: &Person) -> Self {
        Self { organisation: person.organisation, participant: person.participant, channel: "web", by: person.by() }
    }
}

/// One thing said about one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// About what.
    pub purpose: Purpose,
    /// Give, refuse or defer.
    pub choice: ConsentType,
}

/// Records that a notice was shown, and returns the proof to send with what the person says. Used once.
pub async fn shown(
    tx: &Tx,
    platform: &Platform,
    speaker: &Speaker,
    id: NoticeId,
    language: &str,
    format: LetterFormat,
) -> Result<Token> {
    let notice = notices::get(tx, speaker.organisation, id).await?;
    if notice.state != NoticeState::Published {
        return Err(Error::NotFound("notice"));
    }
    let has =
        language == notice.content.language && (format != LetterFormat::EasyRead || notice.content.easy_read_text.is_some());
    if !has {
        return Err(Error::invalid("/format", "not_there", "The notice was not written in this language and format."));
    }
    let token = Token::new(TokenKind::NoticeShown, platform.clock.secret());
    let row = notice_shown::ActiveModel {
        organisation_id: Set(speaker.organisation),
        id: Set(platform.clock.new_id()),
        participant_id: Set(speaker.participant),
        notice_id: Set(id),
        language: Set(language.to_owned()),
        format: Set(format),
        token_hash: Set(token.hash()),
        at: Set(platform.clock.now()),
        used_at: Set(None),
    };
    notice_shown::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(token)
}

/// Records what a person says to the notice that they were shown. Purposes that are left out stay as they are.
pub async fn say(
    tx: &Tx,
    platform: &Platform,
    speaker: &Speaker,
    proof: &str,
    said: &[Said],
) -> Result<Vec<consent_standing::Model>> {
    let (shown, notice) = use_proof(tx, platform, speaker, proof).await?;
    let mut check = Check::new();
    check.that(!said.is_empty(), "/consents", "required", "Say something about at least one purpose.");
    for (index, one) in said.iter().enumerate() {
        let at = format!("/consents/{index}/purpose");
        let named = notice.content.purposes.iter().any(|purpose| purpose.purpose == one.purpose);
        check.that(named, &at, "not_in_notice", "The notice does not name this purpose.");
        let twice = said[..index].iter().any(|earlier| earlier.purpose == one.purpose);
        check.that(!twice, &at, "twice", "Name each purpose once.");
        let choice = matches!(one.choice, ConsentType::Give | ConsentType::Refuse | ConsentType::Defer);
        check.that(choice, &format!("/consents/{index}/choice"), "choice", "Use give, refuse or defer.");
    }
    check.done()?;
    for one in said {
        let Some(purpose) = notice.content.purposes.iter().find(|purpose| purpose.purpose == one.purpose) else { continue };
        append(tx, platform, speaker, &notice, Some(shown.id), purpose, one.choice).await?;
    }
    standing_of(tx, speaker.organisation, speaker.participant).await
}

/// Uses the proof up. It must be this person's, unused and fresh, and the notice still the current one of its scope.
async fn use_proof(tx: &Tx, platform: &Platform, speaker: &Speaker, proof: &str) -> Result<(notice_shown::Model, notice::Model)> {
    let wrong = || Error::invalid("/shown", "not_shown", "Show the notice first, and send the proof of that; it works once.");
    let (_, token) = Token::parse(proof).filter(|(kind, _)| *kind == TokenKind::NoticeShown).ok_or_else(wrong)?;
    let now = platform.clock.now();
    let shown = notice_shown::Entity::find()
        .filter(notice_shown::Column::OrganisationId.eq(speaker.organisation))
        .filter(notice_shown::Column::ParticipantId.eq(speaker.participant))
        .filter(notice_shown::Column::TokenHash.eq(token.hash()))
        .one(tx)
        .await?
        .ok_or_else(wrong)?;
    let used = notice_shown::Entity::update_many()
        .col_expr(notice_shown::Column::UsedAt, Expr::value(now))
        .filter(notice_shown::Column::OrganisationId.eq(speaker.organisation))
        .filter(notice_shown::Column::Id.eq(shown.id))
        .filter(notice_shown::Column::UsedAt.is_null())
        .filter(notice_shown::Column::At.gt(now - SHOWN_FOR))
        .exec(tx)
        .await?;
    if used.rows_affected == 0 {
        return Err(wrong());
    }
    let notice = notices::get(tx, speaker.organisation, shown.notice_id).await?;
    let current = notices::current(tx, speaker.organisation, notice.scope_id).await?;
    if current.is_none_or(|current| current.id != notice.id) {
        return Err(Error::conflict("notice_superseded", "There is a newer notice. Show that one."));
    }
    Ok((shown, notice))
}

/// Takes a consent back. Needs no reason; a second time changes nothing. Answers whether there was something to take back.
pub async fn withdraw(tx: &Tx, platform: &Platform, speaker: &Speaker, purpose: Purpose, scope: Uuid) -> Result<bool> {
    let Some(standing) = locked_standing(tx, speaker, purpose, scope).await? else { return Ok(false) };
    let state = State::after(standing.r#type, standing.valid_until);
    if state.accepts(ConsentType::Withdraw) != Some(true) {
        return Ok(false);
    }
    let given = consent_event::Entity::find_by_id((speaker.organisation, standing.event_id)).one(tx).await?;
    let given = given.ok_or_else(|| Error::bug("a standing without its event"))?;
    let said = write(
        tx,
        platform,
        speaker,
        Event {
            purpose,
            scope,
            kind: ConsentType::Withdraw,
            notice: given.notice_id,
            shown: None,
            effect: given.withdrawal_effect,
            until: None,
            previous: Some(given.id),
        },
    )
    .await?;
    // What was promised to happen is what the notice said that this person agreed to.
    let withdrawal = Withdrawal {
        organisation: speaker.organisation,
        participant: speaker.participant,
        purpose,
        scope,
        effect: given.withdrawal_effect,
        event: said,
    };
    let payload = serde_json::to_value(withdrawal).map_err(|error| Error::bug(error.to_string()))?;
    enqueue(tx, &platform.clock, NewJob::now(WITHDRAWN, speaker.organisation, payload)).await?;
    Ok(true)
}

async fn locked_standing(tx: &Tx, speaker: &Speaker, purpose: Purpose, scope: Uuid) -> Result<Option<consent_standing::Model>> {
    let key = (speaker.organisation, speaker.participant, purpose, scope);
    Ok(consent_standing::Entity::find_by_id(key).lock_exclusive().one(tx).await?)
}

async fn append(
    tx: &Tx,
    platform: &Platform,
    speaker: &Speaker,
    notice: &notice::Model,
    shown: Option<NoticeShownId>,
    purpose: &NoticePurpose,
    choice: ConsentType,
) -> Result<()> {
    let standing = locked_standing(tx, speaker, purpose.purpose, notice.scope_id).await?;
    let state = standing.as_ref().map_or(State::Silent, |standing| State::after(standing.r#type, standing.valid_until));
    // Agreeing again to what was agreed is a renewal under the words shown now.
    let kind = if choice == ConsentType::Give && matches!(state, State::Given(_)) { ConsentType::Renew } else { choice };
    match state.accepts(kind) {
        Some(true) => {}
        None => return Ok(()),
        Some(false) => {
            return Err(Error::conflict("given", "You have agreed to this. To take that back, withdraw it."));
        }
    }
    let months = Months::new(u32::try_from(purpose.valid_months).unwrap_or(1));
    let until = matches!(kind, ConsentType::Give | ConsentType::Renew).then(|| platform.clock.now() + months);
    let event = Event {
        purpose: purpose.purpose,
        scope: notice.scope_id,
        kind,
        notice: notice.id,
        shown,
        effect: purpose.withdrawal_effect,
        until,
        previous: standing.map(|standing| standing.event_id),
    };
    write(tx, platform, speaker, event).await?;
    Ok(())
}

struct Event {
    purpose: Purpose,
    scope: Uuid,
    kind: ConsentType,
    notice: NoticeId,
    shown: Option<NoticeShownId>,
    effect: WithdrawalEffect,
    until: Option<Time>,
    previous: Option<ConsentEventId>,
}

/// Appends an event and derives the standing from it, together.
async fn write(tx: &Tx, platform: &Platform, speaker: &Speaker, event: Event) -> Result<ConsentEventId> {
    let id: ConsentEventId = platform.clock.new_id();
    let row = consent_event::ActiveModel {
        organisation_id: Set(speaker.organisation),
        id: Set(id),
        participant_id: Set(speaker.participant),
        purpose: Set(event.purpose),
        scope_id: Set(event.scope),
        notice_id: Set(event.notice),
        shown_id: Set(event.shown),
        r#type: Set(event.kind),
        channel: Set(speaker.channel.to_owned()),
        recorded_by: Set(speaker.by.clone()),
        withdrawal_effect: Set(event.effect),
        occurred_at: Set(platform.clock.now()),
        valid_until: Set(event.until),
        previous_id: Set(event.previous),
    };
    consent_event::Entity::insert(row).exec_without_returning(tx).await?;
    let standing = consent_standing::ActiveModel {
        organisation_id: Set(speaker.organisation),
        participant_id: Set(speaker.participant),
        purpose: Set(event.purpose),
        scope_id: Set(event.scope),
        r#type: Set(event.kind),
        event_id: Set(id),
        notice_id: Set(event.notice),
        valid_until: Set(event.until),
    };
    use consent_standing::Column;
    let key = OnConflict::columns([Column::OrganisationId, Column::ParticipantId, Column::Purpose, Column::ScopeId])
        .update_columns([Column::Type, Column::EventId, Column::NoticeId, Column::ValidUntil])
        .to_owned();
    consent_standing::Entity::insert(standing).on_conflict(key).exec_without_returning(tx).await?;
    Ok(id)
}

/// Where all of a person's consents stand.
pub async fn standing_of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    participant: ParticipantId,
) -> Result<Vec<consent_standing::Model>> {
    let rows = consent_standing::Entity::find()
        .filter(consent_standing::Column::OrganisationId.eq(organisation))
        .filter(consent_standing::Column::ParticipantId.eq(participant))
        .order_by_asc(consent_standing::Column::ScopeId)
        .order_by_asc(consent_standing::Column::Purpose)
        .all(connection)
        .await?;
    Ok(rows)
}

/// The events of a person, oldest first, after one of them.
pub async fn events_of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    participant: ParticipantId,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<consent_event::Model>> {
    let mut query = consent_event::Entity::find()
        .filter(consent_event::Column::OrganisationId.eq(organisation))
        .filter(consent_event::Column::ParticipantId.eq(participant));
    if let Some(after) = after {
        query = query.filter(consent_event::Column::Id.gt(ConsentEventId(after)));
    }
    Ok(query.order_by_asc(consent_event::Column::Id).limit(limit).all(connection).await?)
}
