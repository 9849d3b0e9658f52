//! Joining and signing in, both by a letter: whoever can read it has shown that the address is theirs.
//!
//! Asking gets one and the same answer whatever is known about an address; what is known decides which letter goes out.

use super::{
    JOIN, SIGN_IN, SIGN_IN_ASKED,
    links::{self, NewLink},
    sessions,
};
use crate::{
    accounts::organisations,
    platform::{
        Error, Platform, Result, Tx,
        jobs::{self, NewJob},
        mail::{self, NewLetter, priority, suppression},
        secret::{Token, hex, sha256},
        text::{Check, email_key},
    },
};
use chrono::Duration;
use entity::{
    OrganisationId, ParticipantId, ParticipantLinkId, ParticipantLinkPurpose, ParticipantSource, ParticipantState, RecipientKind,
    Time, organisation, participant, participant_link,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, LockType, OnConflict},
};

/// A link to join works for so long.
const JOIN_LASTS: Duration = Duration::hours(48);
/// A link to sign in works for so long.
const SIGN_IN_LASTS: Duration = Duration::minutes(15);
/// What is written in without a choice.
pub(super) const LANGUAGE: &str = "en";

/// What somebody says who wants to join.
pub struct Wish {
    /// Address.
    pub email: String,
    /// Name, if they want to give one.
    pub name: Option<String>,
    /// Language tag.
    pub language: Option<String>,
}

/// So many letters a window go to one address because somebody typed it: enough for whoever waits for one, too few to
/// bury whoever did not ask.
const LETTERS: u32 = 3;

/// One source, and one address, can ask so often and no oftener. Both are counted alike for known and unknown, and each
/// kind of asking by itself: people of one house share a source. An organisation that there cannot be is told first.
pub fn slow_down(platform: &Platform, source: &str, what: &str, slug: &str, email: &str) -> Result<()> {
    organisations::check_slug(slug)?;
    let limit = platform.config.sign_in_limit;
    platform.limits.allow(&platform.clock, &format!("{what} {source}"), limit)?;
    if let Some(key) = email_key(email) {
        let address = hex(&sha256(key.as_bytes()));
        platform.limits.allow(&platform.clock, &format!("{what} {slug} {address}"), limit.min(LETTERS))?;
    }
    Ok(())
}

/// A session that was opened. The token is only here.
pub struct Opened {
    /// The token.
    pub token: Token,
    /// Who.
    pub participant: ParticipantId,
    /// When it ends, used or not.
    pub expires_at: Time,
}

/// Checks a name and a language tag.
pub(super) fn check_person(check: &mut Check, name: Option<&str>, language: Option<&str>) {
    if let Some(name) = name {
        check.line("/name", name, 120);
    }
    if let Some(language) = language {
        check.that(is_language(language), "/language", "form", "Use a language tag, such as en or cy.");
    }
}

/// Whether a text has the form of a language tag (BCP 47).
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let first_ok = (2..=3).contains(&first.len()) && first.chars().all(|c| c.is_ascii_lowercase());
    first_ok
        && tag.len() <= 35
        && parts.all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// Somebody wants to join. People who are here already get a letter to sign in, everybody else one to confirm.
pub async fn join(platform: &Platform, organisation: &organisation::Model, wish: Wish) -> Result<()> {
    let mut check = Check::new();
    let key = email_key(&wish.email);
    check.that(key.is_some(), "/email", "address", "Use an e-mail address.");
    check_person(&mut check, wish.name.as_deref(), wish.language.as_deref());
    check.done()?;
    let key = key.unwrap_or_default();
    let tx = platform.db.begin().await?;
    let said = Said { name: wish.name.as_deref().map(|name| name.trim().to_owned()), language: wish.language.clone() };
    note(&tx, platform, organisation.id, &key, wish).await?;
    if let Some(person) = by_key(&tx, organisation.id, &key).await? {
        // What a stranger may have written does not replace what is there.
        let (kind, purpose, lasts) = match person.state {
            ParticipantState::Joined => (SIGN_IN, ParticipantLinkPurpose::SignIn, SIGN_IN_LASTS),
            ParticipantState::Invited | ParticipantState::Left => (JOIN, ParticipantLinkPurpose::Join, JOIN_LASTS),
        };
        let said = if kind == JOIN { said } else { Said::default() };
        write(&tx, platform, &person, kind, purpose, lasts, said).await?;
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}

/// What somebody who asked for a link said about themselves: it counts once that link is used.
#[derive(Default)]
struct Said {
    name: Option<String>,
    language: Option<String>,
}

/// Writes down somebody new; changes nothing about somebody known.
async fn note(tx: &Tx, platform: &Platform, organisation: OrganisationId, key: &str, wish: Wish) -> Result<()> {
    let row = participant::ActiveModel {
        organisation_id: Set(organisation),
        id: Set(platform.clock.new_id()),
        email: Set(wish.email.trim().to_owned()),
        email_key: Set(key.to_owned()),
        name: Set(wish.name.map(|name| name.trim().to_owned())),
        language: Set(wish.language.unwrap_or_else(|| LANGUAGE.to_owned())),
        state: Set(ParticipantState::Invited),
        source: Set(ParticipantSource::SelfRegistered),
        preference_id: Set(None),
        review_after: Set(None),
        created_at: Set(platform.clock.now()),
        joined_at: Set(None),
        left_at: Set(None),
        last_asked_at: Set(None),
        version: Set(1),
    };
    let columns = [participant::Column::OrganisationId, participant::Column::EmailKey];
    participant::Entity::insert(row)
        .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

async fn by_key(tx: &Tx, organisation: OrganisationId, key: &str) -> Result<Option<participant::Model>> {
    let found = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::EmailKey.eq(key))
        .one(tx)
        .await?;
    Ok(found)
}

/// Makes a link and the letter that carries it.
async fn write(
    tx: &Tx,
    platform: &Platform,
    person: &participant::Model,
    kind: &'static str,
    purpose: ParticipantLinkPurpose,
    lasts: Duration,
    said: Said,
) -> Result<()> {
    let organisation = person.organisation_id;
    let link: ParticipantLinkId = platform.clock.new_id();
    let expires_at = platform.clock.now() + lasts;
    let (name, language) = (said.name, said.language);
    let new = NewLink { id: link, participant: person.id, purpose, expires_at: Some(expires_at), name, language };
    links::make(tx, platform, organisation, &[new]).await?;
    let batch = mail::open_batch(tx, &platform.clock, Some(organisation), kind, Some(link.0), "system").await?;
    let letter = NewLetter {
        id: platform.clock.new_id(),
        kind,
        recipient_kind: RecipientKind::Participant,
        recipient_id: person.id.0,
        subject_id: Some(link.0),
        address: person.email.clone(),
        n: 0,
        priority: priority::SIGN_IN,
        expires_at: Some(expires_at),
    };
    mail::enqueue(tx, &platform.clock, Some(organisation), batch, &[letter]).await
}

/// Somebody asks for a link to their own page.
///
/// The same is done for every address: a job is enqueued, about somebody who has joined or about nobody. So neither the
/// answer nor the time it takes tells a stranger who is known here.
pub async fn ask_sign_in(platform: &Platform, organisation: &organisation::Model, email: &str) -> Result<()> {
    let Some(key) = email_key(email) else {
        return Err(Error::invalid("/email", "address", "Use an e-mail address."));
    };
    let nobody = platform.clock.new_id::<ParticipantId>();
    let tx = platform.db.begin().await?;
    let person = by_key(&tx, organisation.id, &key).await?.map_or(nobody, |person| person.id);
    let payload = serde_json::json!({"organisation": organisation.id, "participant": person});
    jobs::enqueue(&tx, &platform.clock, NewJob::now(SIGN_IN_ASKED, organisation.id, payload)).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}

/// Writes a letter to sign in to somebody who has joined; does nothing about anybody else.
pub(super) async fn write_sign_in(platform: &Platform, organisation: OrganisationId, id: ParticipantId) -> Result<()> {
    let tx = platform.db.begin().await?;
    let person = participant::Entity::find_by_id((organisation, id)).one(&tx).await?;
    if let Some(person) = person.filter(|person| person.state == ParticipantState::Joined) {
        write(&tx, platform, &person, SIGN_IN, ParticipantLinkPurpose::SignIn, SIGN_IN_LASTS, Said::default()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Uses a link to join or to sign in, once, and opens a session.
pub async fn confirm(platform: &Platform, organisation: &organisation::Model, token: &str) -> Result<Opened> {
    let tx = platform.db.begin().await?;
    let person = use_link(&tx, platform, organisation, token).await?;
    let (token, expires_at) = sessions::open(&tx, platform, organisation.id, person.id).await?;
    tx.commit().await?;
    Ok(Opened { token, participant: person.id, expires_at })
}

/// Uses a link up. Somebody who was asked to join, or had left, joins by that. The link came by a letter, so the address works:
/// if it was refused before that letter was made, letters come again.
async fn use_link(tx: &Tx, platform: &Platform, organisation: &organisation::Model, token: &str) -> Result<participant::Model> {
    let link = links::use_up(tx, platform, organisation.id, token).await?;
    let person = participant::Entity::find_by_id((organisation.id, link.participant_id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?
        .ok_or_else(links::dead)?;
    match (person.state, link.purpose) {
        (ParticipantState::Joined, _) => {}
        (_, ParticipantLinkPurpose::Join) => mark_joined(tx, platform, &person, &link).await?,
        _ => return Err(links::dead()),
    }
    suppression::lift_refused(tx, platform, organisation.id, &person.email_key, link.created_at).await?;
    Ok(person)
}

/// Whoever uses the link can read the letter, so what was said with it counts: somebody else may have named this address
/// before, and a name that nobody gave with this link was not given by them.
async fn mark_joined(tx: &Tx, platform: &Platform, person: &participant::Model, link: &participant_link::Model) -> Result<()> {
    let registered = person.source == ParticipantSource::SelfRegistered && person.joined_at.is_none();
    let name = link.name.clone().or_else(|| person.name.clone().filter(|_| !registered));
    let language = link.language.clone().unwrap_or_else(|| person.language.clone());
    participant::Entity::update_many()
        .col_expr(participant::Column::Name, Expr::value(name))
        .col_expr(participant::Column::Language, Expr::value(language))
        .col_expr(participant::Column::State, Expr::value(ParticipantState::Joined.word()))
        .col_expr(participant::Column::JoinedAt, Expr::value(platform.clock.now()))
        .col_expr(participant::Column::LeftAt, Expr::value(Option::<Time>::None))
        .col_expr(participant::Column::Version, Expr::value(person.version + 1))
        .filter(participant::Column::OrganisationId.eq(person.organisation_id))
        .filter(participant::Column::Id.eq(person.id))
        .exec(tx)
        .await?;
    Ok(())
}
