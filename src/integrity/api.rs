//! The ladder over the API.

use super::ladder::{ATTRIBUTION, LADDER, SOURCE};
use crate::platform::{
    Result,
    http::{Chapter, Fine},
};
use entity::Rung;
use poem_openapi::{Object, OpenApi};

/// A rung of the ladder, explained.
#[derive(Object)]
pub struct RungOut {
    /// The word that requests use.
    key: Rung,
    /// Place on the ladder, from 1.
    order: i32,
    /// Its name.
    title: String,
    /// What it offers, in people's words.
    people_say: String,
    /// What it means, in plain English.
    plain_text: String,
    /// What it means, in Easy Read.
    easy_read_text: String,
    /// Where the ladder is published.
    source_url: String,
    /// Who made it.
    attribution: String,
}

/// Reference texts.
pub struct Api;

#[OpenApi(tag = "Chapter::Reference")]
impl Api {
    /// Read the ladder
    ///
    /// The seven rungs with plain and Easy Read texts. No rung but coercion is a bad place to be.
    #[oai(path = "/rungs", method = "get", operation_id = "listRungs")]
    async fn rungs(&self) -> Result<Fine<Vec<RungOut>>> {
        let rungs = LADDER.iter().zip(1..).map(|(step, order)| RungOut {
            key: step.rung,
            order,
            title: step.title.into(),
            people_say: step.people_say.into(),
            plain_text: step.plain.into(),
            easy_read_text: step.easy_read.into(),
            source_url: SOURCE.into(),
            attribution: ATTRIBUTION.into(),
        });
        Ok(Fine::new(&rungs.collect::<Vec<_>>()))
    }
}
