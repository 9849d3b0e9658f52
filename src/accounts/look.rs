//! How an organisation's pages look: its colour, its logo, and a quick way out for people who may be watched.
//!
//! A colour that white letters cannot be read on is refused, so that nobody is shut out by somebody's taste.

use super::Actor;
use crate::platform::{
    Error, Platform, Result, Tx, audit,
    http::etag,
    text::{Check, is_web_address},
};
use entity::{OrganisationId, Time, look, organisation};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IdenStatic,
    IntoActiveModel, JoinType, QueryFilter, QueryResult, QuerySelect, RelationDef, sea_query::Expr,
};

/// A logo has no more bytes than this.
pub const LOGO: usize = 200 * 1024;
/// What lies behind words on our pages, from the lightest on. Links in the colour must be readable on all of them.
const BEHIND: [[u8; 3]; 2] = [[255, 255, 255], [0xf2, 0xf5, 0xf6]];
/// WCAG 2.2, 1.4.3.
const CONTRAST: f64 = 4.5;

/// How pages look, without the picture itself.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Look {
    /// `#rrggbb`.
    pub colour: Option<String>,
    /// The logo's media type; the picture is read by [`logo`].
    pub logo_kind: Option<String>,
    /// Where the quick way out leads.
    pub exit_url: Option<String>,
    /// What the window's title says where there is one.
    pub exit_title: Option<String>,
    /// Its version.
    pub version: i32,
}

/// What can be chosen.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// `#rrggbb`.
    pub colour: Option<String>,
    /// Where the quick way out leads; without it there is none.
    pub exit_url: Option<String>,
    /// What the window's title says instead of what a page is about.
    pub exit_title: Option<String>,
}

/// What of a look is read with every page: not the picture.
const READ: [look::Column; 5] =
    [look::Column::Colour, look::Column::LogoKind, look::Column::ExitUrl, look::Column::ExitTitle, look::Column::Version];

/// How an organisation's pages look, if it has chosen anything.
pub async fn of(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<Option<Look>> {
    let found = look::Entity::find().select_only().columns(READ).filter(look::Column::OrganisationId.eq(organisation));
    Ok(found.into_model::<Look>().one(connection).await?)
}

/// An organisation with how its pages look: what every page begins with, in one statement.
pub struct Framed {
    /// The organisation.
    pub organisation: organisation::Model,
    /// How its pages look, if it has chosen anything.
    pub look: Option<Look>,
}

impl FromQueryResult for Framed {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let organisation = organisation::Model::from_query_result(row, "")?;
        Ok(Self { organisation, look: Look::from_query_result_optional(row, PREFIX)? })
    }
}

/// Before the names of a look's columns where they stand beside an organisation's.
const PREFIX: &str = "look_";

/// The organisation of a name in addresses.
pub async fn by_slug(connection: &impl ConnectionTrait, slug: &str) -> Result<Framed> {
    super::organisations::check_slug(slug)?;
    framed(connection, organisation::Column::Slug.eq(slug)).await
}

/// The organisation of an id.
pub async fn by_id(connection: &impl ConnectionTrait, id: OrganisationId) -> Result<Framed> {
    framed(connection, organisation::Column::Id.eq(id)).await
}

async fn framed(connection: &impl ConnectionTrait, which: Expr) -> Result<Framed> {
    let to_look: RelationDef =
        organisation::Entity::belongs_to(look::Entity).from(organisation::Column::Id).to(look::Column::OrganisationId).into();
    let query = organisation::Entity::find().filter(which).join(JoinType::LeftJoin, to_look);
    let query = READ.into_iter().fold(query, |query, column| query.column_as(column, format!("{PREFIX}{}", column.as_str())));
    query.into_model::<Framed>().one(connection).await?.ok_or(Error::NotFound("organisation"))
}

/// The logo and its media type.
pub async fn logo(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<(String, Vec<u8>)> {
    let found = look::Entity::find_by_id(organisation).one(connection).await?;
    let found = found.and_then(|look| Some((look.logo_kind?, look.logo?)));
    found.ok_or(Error::NotFound("logo"))
}

/// Chooses colour and way out.
pub async fn choose(platform: &Platform, actor: &Actor, if_match: Option<&str>, choice: Choice) -> Result<i32> {
    check(&choice)?;
    let tx = platform.db.begin().await?;
    let old = held(&tx, actor.organisation, platform.clock.now()).await?;
    etag::expect(if_match, old.version)?;
    let mut row = old.clone().into_active_model();
    row.colour = Set(choice.colour.map(|colour| colour.to_lowercase()));
    row.exit_url = Set(choice.exit_url);
    row.exit_title = Set(choice.exit_title.map(|title| title.trim().to_owned()));
    change(tx, platform, actor, row, old.version).await
}

/// Puts up a logo, or takes it down.
pub async fn put_logo(
    platform: &Platform,
    actor: &Actor,
    if_match: Option<&str>,
    pointer: &str,
    picture: Option<Vec<u8>>,
) -> Result<i32> {
    let kind = match &picture {
        Some(bytes) => Some(picture_kind(pointer, bytes)?),
        None => None,
    };
    let tx = platform.db.begin().await?;
    let old = held(&tx, actor.organisation, platform.clock.now()).await?;
    etag::expect(if_match, old.version)?;
    let mut row = old.clone().into_active_model();
    row.logo = Set(picture);
    row.logo_kind = Set(kind.map(Into::into));
    change(tx, platform, actor, row, old.version).await
}

async fn change(tx: Tx, platform: &Platform, actor: &Actor, mut row: look::ActiveModel, version: i32) -> Result<i32> {
    row.version = Set(version + 1);
    row.changed_at = Set(platform.clock.now());
    row.update(&tx).await?;
    let object = format!("organisation:{}", actor.organisation);
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "change_look", &object).await?;
    tx.commit().await?;
    Ok(version + 1)
}

/// The row, made where there is none; version 0 is that of an organisation that has chosen nothing.
async fn held(tx: &Tx, organisation: OrganisationId, now: Time) -> Result<look::Model> {
    super::organisations::hold(tx, organisation).await?;
    if let Some(found) = look::Entity::find_by_id(organisation).one(tx).await? {
        return Ok(found);
    }
    let row = look::ActiveModel {
        organisation_id: Set(organisation),
        colour: Set(None),
        logo: Set(None),
        logo_kind: Set(None),
        exit_url: Set(None),
        exit_title: Set(None),
        version: Set(0),
        changed_at: Set(now),
    };
    Ok(row.insert(tx).await?)
}

fn check(choice: &Choice) -> Result<()> {
    let mut check = Check::new();
    if let Some(colour) = &choice.colour {
        match rgb(colour) {
            None => {
                check.that(false, "/colour", "form", "Use a # and six digits from 0 to f, such as #0b4f6c.");
            }
            Some(rgb) => {
                let least = BEHIND.into_iter().map(|behind| contrast(rgb, behind)).fold(f64::INFINITY, f64::min);
                let detail = format!(
                    "Choose a darker colour: letters need a contrast of {CONTRAST} to 1, and this one has {:.1} to 1.",
                    (least * 10.0).floor() / 10.0
                );
                check.that(least >= CONTRAST, "/colour", "contrast", detail);
            }
        }
    }
    if let Some(url) = &choice.exit_url {
        let fine = url.len() <= 500 && is_web_address(url);
        check.that(fine, "/exit_url", "url", "Use an address that begins with https://.");
    }
    if let Some(title) = &choice.exit_title {
        check.line("/exit_title", title, 60);
        check.that(
            choice.exit_url.is_some(),
            "/exit_title",
            "not_used",
            "Say where the quick way out leads, or leave this empty.",
        );
    }
    check.done()
}

/// The media type of a picture that browsers show, told from its first bytes. Drawings that can hold script are none.
fn picture_kind(pointer: &str, bytes: &[u8]) -> Result<&'static str> {
    if bytes.len() > LOGO {
        return Err(Error::invalid(pointer, "too_large", format!("A logo may have {} KB at most.", LOGO / 1024)));
    }
    let kinds: [(&[u8], &str); 2] = [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg")];
    let kind = kinds.into_iter().find(|(begin, _)| bytes.starts_with(begin)).map(|(_, kind)| kind);
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    kind.or(webp.then_some("image/webp"))
        .ok_or_else(|| Error::invalid(pointer, "kind", "Use a picture that is a PNG, a JPEG or a WebP file."))
}

fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |n: usize| u8::from_str_radix(digits.get(n..n + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// The contrast of two colours (WCAG 2.2).
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(rgb: [u8; 3]) -> f64 {
    let part = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(choice: Choice) -> Vec<String> {
        match check(&choice) {
            Err(Error::Invalid(found)) => found.into_iter().map(|one| format!("{} {}", one.pointer, one.code)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        let known = |one, other, expected: f64| assert!((contrast(one, other) - expected).abs() < 0.01);
        known([0, 0, 0], [255, 255, 255], 21.0);
        known([0x76, 0x76, 0x76], [255, 255, 255], 4.54);
        known([0xff, 0, 0], [255, 255, 255], 4.0);
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused() {
        let colour = |text: &str| codes(Choice { colour: Some(text.into()), ..Choice::default() });
        assert!(colour("#0b4f6c").is_empty());
        assert!(colour("#0B4F6C").is_empty());
        assert_eq!(colour("#ffcc00"), ["/colour contrast"]);
        // Readable on white, and not on the grey behind notes.
        assert_eq!(colour("#767676"), ["/colour contrast"]);
        for wrong in ["red", "#fff", "#12345g", "0b4f6c", "#é234"] {
            assert_eq!(colour(wrong), ["/colour form"], "{wrong}");
        }
    }

    #[test]
    fn the_way_out_leads_to_the_web() {
        let exit = |url: Option<&str>, title: Option<&str>| {
            codes(Choice { colour: None, exit_url: url.map(Into::into), exit_title: title.map(Into::into) })
        };
        assert!(exit(Some("https://weather.example"), Some("Weather")).is_empty());
        assert_eq!(exit(Some("javascript:alert(1)"), None), ["/exit_url url"]);
        assert_eq!(exit(None, Some("Weather")), ["/exit_title not_used"]);
    }

    #[test]
    fn a_logo_is_a_picture() {
        assert_eq!(picture_kind("/logo", b"\x89PNG\r\n\x1a\nrest").unwrap(), "image/png");
        assert_eq!(picture_kind("/logo", b"RIFF....WEBPrest").unwrap(), "image/webp");
        assert!(picture_kind("/logo", b"<svg onload='alert(1)'>").is_err());
        assert!(picture_kind("/logo", &vec![0xff; LOGO + 1]).is_err());
    }
}
