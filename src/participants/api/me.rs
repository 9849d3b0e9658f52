//! A person's own page.

use crate::{
    accounts::access,
    participants::{self, me, sessions},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Cursor, Done, Fine, NoContent, Page},
    },
};
use entity::{
    ParticipantId, ParticipantSessionId, ParticipantState, ReadingOf, SuppressionReason, Time, organisation, participant,
    participant_session, suppression,
};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

/// Who you are here.
#[derive(Object)]
pub struct MeOut {
    /// Your id.
    id: ParticipantId,
    /// Name, if you gave one.
    name: Option<String>,
    /// Address.
    email: String,
    /// Language tag.
    language: String,
    /// Where you stand.
    state: ParticipantState,
    /// Since when you take part.
    joined_at: Option<Time>,
    /// Name of the organisation.
    organisation: String,
    /// Whom to turn to.
    contact: String,
}

impl MeOut {
    fn of(row: participant::Model, organisation: organisation::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            email: row.email,
            language: row.language,
            state: row.state,
            joined_at: row.joined_at,
            organisation: organisation.name,
            contact: organisation.contact,
        }
    }
}

/// What you can change about yourself here.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeIn {
    /// Name; leave it out to be without one.
    #[serde(default)]
    name: Option<String>,
    /// Language tag, such as `en`.
    language: String,
}

/// A browser in which you are signed in.
#[derive(Object)]
pub struct MySessionOut {
    /// Its id.
    id: ParticipantSessionId,
    /// Signed in at.
    created_at: Time,
    /// Last used at, to within five minutes.
    last_used_at: Time,
    /// Ends at.
    expires_at: Time,
    /// Whether it is the one of this request.
    current: bool,
}

/// Letters that do not come to you.
#[derive(Object)]
pub struct StoppedLettersOut {
    /// Which letters: a family such as `invitations`, or `all`.
    family: String,
    /// Why.
    reason: SuppressionReason,
    /// Since when.
    created_at: Time,
    /// Until when; absent when it holds until you let them come again.
    #[oai(skip_serializing_if_is_none)]
    expires_at: Option<Time>,
}

/// That somebody looked at what is kept about you.
#[derive(Object)]
pub struct ReadingOut {
    /// The hour in which it was.
    hour: Time,
    /// What was read.
    what: ReadingOf,
    /// Title of what it was about, where it was about one thing.
    #[oai(skip_serializing_if_is_none)]
    about: Option<String>,
    /// Name of the member of staff, or of the key of another system.
    by: String,
    /// Whether another system read it, with a key.
    by_key: bool,
}

/// Endpoints for a person's own page.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Me")]
impl Api {
    /// Read who I am here
    ///
    /// Name, address, language, and the organisation whose page this is.
    #[oai(path = "/me", method = "get", operation_id = "getMe")]
    async fn me(&self, caller: Caller) -> Result<Fine<MeOut>> {
        let person = access::person(&self.0, &caller).await?;
        let (row, organisation) = me::get(&self.0, &person).await?;
        let version = row.version;
        Ok(Fine::new(&MeOut::of(row, organisation)).version(version))
    }

    /// Change my name or language
    ///
    /// Takes effect with the next letter.
    #[oai(path = "/me", method = "put", operation_id = "changeMe")]
    async fn change(
        &self,
        caller: Caller,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<MeIn>,
    ) -> Result<Fine<MeOut>> {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?;
        me::change(&self.0, &person, if_match.0.as_deref(), given.name, given.language).await?;
        let (row, organisation) = me::get(&self.0, &person).await?;
        let version = row.version;
        Ok(Fine::new(&MeOut::of(row, organisation)).version(version))
    }

    /// List letters that I stopped
    ///
    /// Also letters that your mailbox refused. A link to sign in comes in any case.
    #[oai(path = "/me/stopped-letters", method = "get", operation_id = "listMyStoppedLetters")]
    async fn stopped(&self, caller: Caller) -> Result<Fine<Vec<StoppedLettersOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let out = |row: suppression::Model| StoppedLettersOut {
            family: row.scope,
            reason: row.reason,
            created_at: row.created_at,
            expires_at: row.expires_at,
        };
        let stopped: Vec<_> = me::stopped_letters(&self.0, &person).await?.into_iter().map(out).collect();
        Ok(Fine::new(&stopped))
    }

    /// Let letters come again
    ///
    /// Letters of this family, or `all`. What you agreed to, and how you want to be involved, stays as it is.
    #[oai(path = "/me/stopped-letters/:family", method = "delete", operation_id = "letMyLettersCome")]
    async fn let_come(&self, caller: Caller, family: Path<String>) -> Done {
        let person = access::person(&self.0, &caller).await?;
        me::let_letters_come(&self.0, &person, &family.0).await?;
        Ok(NoContent)
    }

    /// List who looked at what is kept about me
    ///
    /// Newest first: at my record, at lists that I am on, and at answers and places where I gave or have one. One entry an
    /// hour for each member of staff, or other system, and each thing.
    #[oai(path = "/me/readings", method = "get", operation_id = "listMyReadings")]
    async fn readings(
        &self,
        caller: Caller,
        /// Items in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<ReadingOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = participants::at_me(&self.0, &person, cursor).await?;
        let out = |row: participants::Look| ReadingOut {
            hour: row.hour,
            what: row.what,
            about: row.about,
            by: row.by,
            by_key: row.by_key,
        };
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, out)))
    }

    /// Sign out
    ///
    /// Ends the session of this request.
    #[oai(path = "/me/sign-out", method = "post", operation_id = "signMeOut")]
    async fn sign_out(&self, caller: Caller) -> Done {
        let person = access::person(&self.0, &caller).await?;
        sessions::end(&self.0, &person, person.session).await?;
        Ok(NoContent)
    }

    /// List my sessions
    ///
    /// Browsers in which I am signed in, with when each was last used.
    #[oai(path = "/me/sessions", method = "get", operation_id = "listMySessions")]
    async fn sessions(&self, caller: Caller) -> Result<Fine<Vec<MySessionOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let out = |row: participant_session::Model| MySessionOut {
            current: row.id == person.session,
            id: row.id,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        };
        let sessions: Vec<_> = sessions::list(&self.0, &person).await?.into_iter().map(out).collect();
        Ok(Fine::new(&sessions))
    }

    /// End all my other sessions
    ///
    /// Signs out every browser but this one.
    #[oai(path = "/me/sessions", method = "delete", operation_id = "endMyOtherSessions")]
    async fn end_others(&self, caller: Caller) -> Done {
        let person = access::person(&self.0, &caller).await?;
        sessions::end_all(self.0.db.write(), &self.0, &person, Some(person.session)).await?;
        Ok(NoContent)
    }

    /// End one of my sessions
    ///
    /// That browser has to sign in again.
    #[oai(path = "/me/sessions/:session", method = "delete", operation_id = "endMySession")]
    async fn end(&self, caller: Caller, session: Path<ParticipantSessionId>) -> Done {
        let person = access::person(&self.0, &caller).await?;
        sessions::end(&self.0, &person, session.0).await?;
        Ok(NoContent)
    }
}
