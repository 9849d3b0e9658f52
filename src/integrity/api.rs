//! The ladder over the API.

use super::ladder::{ATTRIBUTION, SOURCE, step};
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

impl From<Rung> for RungOut {
    fn from(rung: Rung) -> Self {
        let words = step(rung);
        Self {
            key: rung,
            order: Rung::ALL.iter().zip(1..).find(|(one, _)| **one == rung).map_or(0, |(_, order)| order),
            title: words.title.into(),
            people_say: words.people_say.into(),
            plain_text: words.plain.into(),
            easy_read_text: words.easy_read.into(),
            source_url: SOURCE.into(),
            attribution: ATTRIBUTION.into(),
        }
    }
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
        let rungs: Vec<RungOut> = Rung::ALL.iter().copied().map(RungOut::from).collect();
        Ok(Fine::new(&rungs))
    }
}
