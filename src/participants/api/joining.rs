//! Joining, signing in, stopping letters: without a session.

use crate::{
    accounts::organisations,
    participants::{
        joining::{self, Wish},
        links,
    },
    platform::{
        Platform, Result,
        http::{Accepted, Body, Chapter, Created, Done, NoContent, edge},
    },
};
use entity::{ParticipantId, Time};
use poem::Request;
use poem_openapi::{Object, OpenApi, param::Path};
use serde::Deserialize;

/// Somebody who wants to join.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinIn {
    /// Address.
    email: String,
    /// Name, if you want to give one.
    #[serde(default)]
    name: Option<String>,
    /// Language tag, such as `en`.
    #[serde(default)]
    language: Option<String>,
}

/// Somebody who wants a link to their own page.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInLinkIn {
    /// Address.
    email: String,
}

/// The answer to everybody, known or not.
#[derive(Object)]
pub struct WrittenOut {
    /// What happens now.
    message: String,
}

/// The token of a link.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseLinkIn {
    /// As it stands in the link.
    token: String,
}

/// A new session. The token is only in this answer.
#[derive(Object)]
pub struct PersonSignedInOut {
    /// Send it as `Authorization: Bearer ...`.
    token: String,
    /// Your id here.
    participant: ParticipantId,
    /// The session ends then, used or not.
    expires_at: Time,
}

/// Which letters are to stop.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribeIn {
    /// As it stands in the link.
    token: String,
    /// Stop every letter that you did not ask for, also those of other kinds.
    #[serde(default)]
    #[oai(default)]
    everything: bool,
}

/// Endpoints for joining and signing in.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Public")]
impl Api {
    /// Ask to join
    ///
    /// Sends a letter with a link. Nothing happens before it is used. The answer is the same for every address.
    #[oai(path = "/public/:slug/join", method = "post", operation_id = "join")]
    async fn join(&self, request: &Request, slug: Path<String>, body: Body<JoinIn>) -> Result<Accepted<WrittenOut>> {
        let given = body.take()?;
        joining::slow_down(&self.0, &edge::source(request), "join", &slug.0, &given.email)?;
        let organisation = organisations::by_slug(&self.0, &slug.0).await?;
        let wish = Wish { email: given.email, name: given.name, language: given.language };
        joining::join(&self.0, &organisation, wish).await?;
        let message = "A letter with a link is on its way to this address. Open the link to go on.".into();
        Ok(Accepted::new(&WrittenOut { message }))
    }

    /// Ask for a link to one's own page
    ///
    /// The answer is the same for every address.
    #[oai(path = "/public/:slug/sign-in", method = "post", operation_id = "askSignInLink")]
    async fn sign_in(&self, request: &Request, slug: Path<String>, body: Body<SignInLinkIn>) -> Result<Accepted<WrittenOut>> {
        let given = body.take()?;
        joining::slow_down(&self.0, &edge::source(request), "person", &slug.0, &given.email)?;
        let organisation = organisations::by_slug(&self.0, &slug.0).await?;
        joining::ask_sign_in(&self.0, &organisation, &given.email).await?;
        let message = "If somebody has joined with this address, a letter with a link is on its way.".into();
        Ok(Accepted::new(&WrittenOut { message }))
    }

    /// Use a link to join or sign in
    ///
    /// A link works once.
    #[oai(path = "/public/:slug/confirm", method = "post", operation_id = "confirmLink")]
    async fn confirm(&self, request: &Request, slug: Path<String>, body: Body<UseLinkIn>) -> Result<Created<PersonSignedInOut>> {
        let source = format!("confirm {}", edge::source(request));
        self.0.limits.allow(&self.0.clock, &source, self.0.config.sign_in_limit)?;
        let given = body.take()?;
        let organisation = organisations::by_slug(&self.0, &slug.0).await?;
        let opened = joining::confirm(&self.0, &organisation, &given.token).await?;
        // Whoever holds a link that works has guessed nothing.
        self.0.limits.forgive(&source);
        let out = PersonSignedInOut {
            token: opened.token.reveal().into(),
            participant: opened.participant,
            expires_at: opened.expires_at,
        };
        Ok(Created::new(&out).at("/api/me"))
    }

    /// Stop letters
    ///
    /// With the link in a letter, as often as you like.
    #[oai(path = "/public/unsubscribe", method = "post", operation_id = "unsubscribe")]
    async fn unsubscribe(&self, body: Body<UnsubscribeIn>) -> Done {
        let given = body.take()?;
        links::unsubscribe(&self.0, &given.token, given.everything).await?;
        Ok(NoContent)
    }
}
