//! Endpoints for facts that people give about themselves.

use crate::{
    accounts::access,
    consent::facts,
    participants,
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Done, Fine, NoContent},
    },
};
use poem_openapi::{Object, OpenApi, param::Header};
use serde::Deserialize;

/// A fact about yourself, given so that the organisation can see who is missing.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactAboutMe {
    /// Which kind of fact, such as `age_band`.
    dimension: String,
    /// The group, such as `25_34`.
    category: String,
}

/// Facts about yourself, which are kept and counted while you agree to that.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactsIn {
    /// All of them: those left out are removed.
    facts: Vec<FactAboutMe>,
}

/// Facts about yourself.
#[derive(Object)]
pub struct FactsOut {
    /// All of them.
    facts: Vec<FactAboutMe>,
}

/// Facts about oneself.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Me")]
impl Api {
    /// Read the facts I gave about myself
    ///
    /// Facts are given freely and counted where I allow it; nobody sees them beside my name.
    #[oai(path = "/me/demographics", method = "get", operation_id = "getMyDemographics")]
    async fn facts(&self, caller: Caller) -> Result<Fine<FactsOut>> {
        let person = access::person(&self.0, &caller).await?;
        let (version, rows) = participants::facts(&self.0, &person).await?;
        let facts = rows.into_iter().map(|row| FactAboutMe { dimension: row.dimension, category: row.category }).collect();
        Ok(Fine::new(&FactsOut { facts }).version(version))
    }

    /// Give facts about myself
    ///
    /// Replaces all of them. The organisation's notice is read and `demographics_representativeness` agreed to before; while
    /// that stands they are counted, and not otherwise. Removing them needs no consent.
    #[oai(path = "/me/demographics", method = "put", operation_id = "giveMyDemographics")]
    async fn give(
        &self,
        caller: Caller,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<FactsIn>,
    ) -> Done {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?.facts.into_iter();
        let facts = given.map(|fact| participants::Fact { dimension: fact.dimension, category: fact.category }).collect();
        facts::give(&self.0, &person, if_match.0.as_deref(), facts).await?;
        Ok(NoContent)
    }
}
