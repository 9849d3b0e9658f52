//! How an organisation's hosted pages look.

use crate::{
    accounts::{
        access::{self, Power},
        look::{self, Choice},
    },
    platform::{
        Error, Platform, Result,
        http::{Body, Caller, Chapter, Done, Fine, NoContent},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use entity::OrganisationId;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path},
};
use serde::Deserialize;

/// How pages look.
#[derive(Object)]
pub struct LookOut {
    /// Colour of buttons and links.
    #[oai(skip_serializing_if_is_none)]
    colour: Option<String>,
    /// Media type of the logo, if there is one.
    #[oai(skip_serializing_if_is_none)]
    logo: Option<String>,
    /// Where the quick way out leads, if there is one.
    #[oai(skip_serializing_if_is_none)]
    exit_url: Option<String>,
    /// What the window's title says where there is one.
    #[oai(skip_serializing_if_is_none)]
    exit_title: Option<String>,
}

/// What can be chosen.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookIn {
    /// A # and six digits from 0 to f. White letters must be readable on it: a contrast of 4.5 to 1.
    #[serde(default)]
    colour: Option<String>,
    /// Where a quick way out leads, for people who may be watched. With it, the window's title never says what a page is about.
    #[serde(default)]
    exit_url: Option<String>,
    /// What the window's title says then.
    #[serde(default)]
    exit_title: Option<String>,
}

/// A picture.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogoIn {
    /// A PNG, JPEG or WebP file of at most 200 KB, in base64.
    picture: String,
}

/// How pages look.
pub struct LookApi(pub Platform);

#[OpenApi(tag = "Chapter::Accounts")]
impl LookApi {
    /// Read how the pages look
    ///
    /// Colour, logo and the quick way out of the hosted pages.
    #[oai(path = "/organisations/:organisation/look", method = "get", operation_id = "getLook")]
    async fn get(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<LookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        self.out(actor.organisation).await
    }

    /// Choose how the pages look
    ///
    /// What is left out is switched off. The logo stays as it is.
    #[oai(path = "/organisations/:organisation/look", method = "put", operation_id = "chooseLook")]
    async fn choose(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<LookIn>,
    ) -> Result<Fine<LookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.take()?;
        let choice = Choice { colour: given.colour, exit_url: given.exit_url, exit_title: given.exit_title };
        look::choose(&self.0, &actor, if_match.0.as_deref(), choice).await?;
        self.out(actor.organisation).await
    }

    /// Put up a logo
    ///
    /// It replaces the one that is there.
    #[oai(path = "/organisations/:organisation/look/logo", method = "put", operation_id = "putLogo")]
    async fn put_logo(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<LogoIn>,
    ) -> Result<Fine<LookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let wrong = |_| Error::invalid("/picture", "base64", "Send the file in base64.");
        let picture = STANDARD.decode(body.take()?.picture.trim()).map_err(wrong)?;
        look::put_logo(&self.0, &actor, if_match.0.as_deref(), "/picture", Some(picture)).await?;
        self.out(actor.organisation).await
    }

    /// Take the logo down
    ///
    /// Doing it twice changes nothing.
    #[oai(path = "/organisations/:organisation/look/logo", method = "delete", operation_id = "removeLogo")]
    async fn remove_logo(&self, caller: Caller, organisation: Path<OrganisationId>) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        look::put_logo(&self.0, &actor, Some("*"), "/picture", None).await?;
        Ok(NoContent)
    }
}

impl LookApi {
    async fn out(&self, organisation: OrganisationId) -> Result<Fine<LookOut>> {
        let found = look::of(self.0.db.read(), organisation).await?;
        let version = found.as_ref().map_or(0, |look| look.version);
        let out = match found {
            Some(look) => {
                LookOut { colour: look.colour, logo: look.logo_kind, exit_url: look.exit_url, exit_title: look.exit_title }
            }
            None => LookOut { colour: None, logo: None, exit_url: None, exit_title: None },
        };
        Ok(Fine::new(&out).version(version))
    }
}
