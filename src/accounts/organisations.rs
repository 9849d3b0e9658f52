//! Organisations, and the first start.

use super::{
    access::{Power, Staff},
    sessions::{self, NewLink},
};
use crate::platform::{
    Error, Platform, Result, Tx, audit,
    error::is_duplicate,
    http::etag,
    secret::Token,
    text::{Check, email_key, is_web_address},
};
use chrono::Duration;
use entity::{
    AccountId, AccountLinkPurpose, LettersWindow, OrganisationId, Role, Time, account, account_link, installation, membership,
    organisation,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};
use std::collections::HashSet;

/// The link of a first start works for so long; a later start prints a new one.
const SET_UP: Duration = Duration::days(7);

/// Names that stand in addresses of the console where an organisation's name stands.
const RESERVED: [&str; 4] = ["account", "forgotten-password", "sign-in", "sign-out"];

/// What an organisation says about itself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Name in addresses.
    pub slug: String,
    /// Name that people see.
    pub name: String,
    /// Whom to turn to.
    pub contact: String,
    /// Privacy page.
    pub privacy_url: Option<String>,
    /// Where an own front end opens links.
    pub link_template: Option<String>,
    /// IANA time zone.
    pub time_zone: String,
    /// Smallest group about which numbers are shown.
    pub minimum_group: i32,
    /// Invitations a month at most to people who set no limit themselves.
    pub invites_per_month: Option<i32>,
    /// Days that lie between two letters that ask somebody something, whatever they are about: 0 for none, 30 at most.
    pub letters_gap_days: i32,
    /// When letters leave that can wait, by the clock of whoever gets them; none for as soon as they are made.
    pub letters_window: Option<LettersWindow>,
}

/// Days between two letters that ask somebody something, where an organisation says nothing else. Our own default: no source says how
/// many there should be.
pub const LETTERS_GAP_DAYS: i32 = 2;

impl Facts {
    /// Everything that is wrong, at once.
    pub fn check(&self) -> Result<()> {
        let mut check = Check::new();
        check.that(
            is_slug(&self.slug),
            "/slug",
            "form",
            "Use 1 to 40 small letters, digits and hyphens, beginning with a letter.",
        );
        // These would hide an organisation's console behind pages of their own.
        check.that(!RESERVED.contains(&self.slug.as_str()), "/slug", "taken", "This name is taken. Choose another one.");
        check.line("/name", &self.name, 120);
        check.line("/contact", &self.contact, 300);
        for (pointer, url) in [("/privacy_url", &self.privacy_url), ("/link_template", &self.link_template)] {
            if let Some(url) = url {
                let ok = url.len() <= 500 && is_web_address(url);
                let detail = "Use an address that begins with https:// and holds plain letters, digits and signs, 500 at most.";
                check.that(ok, pointer, "url", detail);
            }
        }
        if let Some(template) = &self.link_template {
            let fragment = template.split_once('#').is_some_and(|(_, fragment)| fragment.contains("{token}"));
            check.that(
                fragment,
                "/link_template",
                "token_place",
                "Put the place for the link's secret behind a #, so that it reaches no server's log.",
            );
        }
        check.that(
            self.time_zone.parse::<chrono_tz::Tz>().is_ok(),
            "/time_zone",
            "unknown",
            "Use an IANA name, such as Europe/London.",
        );
        check.range("/minimum_group", self.minimum_group, 5, 100);
        if let Some(most) = self.invites_per_month {
            check.range("/invites_per_month", most, 1, 31);
        }
        check.range("/letters_gap_days", self.letters_gap_days, 0, 30);
        if let Some(window) = &self.letters_window {
            check_window(&mut check, window);
        }
        check.done()
    }
}

/// Hours that there are, and some time in them.
fn check_window(check: &mut Check, window: &LettersWindow) {
    let LettersWindow { from_hour, to_hour, days } = window;
    check.range("/letters_window/from_hour", *from_hour, 0, 23);
    check.range("/letters_window/to_hour", *to_hour, 1, 24);
    check.that(
        from_hour != to_hour,
        "/letters_window/to_hour",
        "empty",
        "Choose another hour than the one at which letters begin to leave.",
    );
    let detail =
        "Name the days on which letters leave, each once: monday, tuesday, wednesday, thursday, friday, saturday, sunday.";
    let once = days.iter().collect::<HashSet<_>>().len() == days.len();
    check.that(!days.is_empty() && once, "/letters_window/days", "days", detail);
}

/// Whether a text has the form of a name in addresses.
fn is_slug(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Refuses a text that is the name of no organisation, whatever is stored.
pub fn check_slug(slug: &str) -> Result<()> {
    if is_slug(slug) { Ok(()) } else { Err(Error::NotFound("organisation")) }
}

/// Whether nobody has been set up yet.
async fn is_new(connection: &impl ConnectionTrait) -> Result<bool> {
    Ok(account::Entity::find().count(connection).await? == 0)
}

/// Lets one process at a time look whether anybody has been set up.
async fn hold_installation(tx: &Tx) -> Result<()> {
    installation::Entity::find_by_id(1).lock_exclusive().one(tx).await?;
    Ok(())
}

/// The token for the first administrator, if there is none yet. Earlier ones stop working.
pub async fn first_start(platform: &Platform) -> Result<Option<Token>> {
    if !is_new(platform.db.read()).await? {
        return Ok(None);
    }
    let tx = platform.db.begin().await?;
    hold_installation(&tx).await?;
    if !is_new(&tx).await? {
        return Ok(None);
    }
    account_link::Entity::update_many()
        .col_expr(account_link::Column::UsedAt, Expr::value(platform.clock.now()))
        .filter(account_link::Column::Purpose.eq(AccountLinkPurpose::SetUp))
        .filter(account_link::Column::UsedAt.is_null())
        .exec(&tx)
        .await?;
    let link =
        NewLink { purpose: AccountLinkPurpose::SetUp, email: "", account: None, organisation: None, role: None, lasts: SET_UP };
    let (_, token) = sessions::make_link(&tx, platform, link).await?;
    tx.commit().await?;
    Ok(Some(token))
}

/// Who sets an installation up.
pub struct FirstAdministrator {
    /// The token of the printed link.
    pub token: String,
    /// Address to sign in with.
    pub email: String,
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
}

/// Makes the first administrator and the first organisation.
pub async fn set_up(platform: &Platform, who: FirstAdministrator, facts: Facts) -> Result<(organisation::Model, Token, Time)> {
    let done = || Error::Gone("This has been set up already. Sign in, or ask an administrator to invite you.".into());
    // Hashing is dear, so a link that opens nothing is told first.
    if !is_new(platform.db.read()).await? {
        return Err(done());
    }
    sessions::live_link(platform.db.read(), platform, &who.token, AccountLinkPurpose::SetUp).await?;
    let mut check = Check::new();
    check.line("/name", &who.name, 120);
    let email = email_key(&who.email);
    check.that(email.is_some(), "/email", "address", "Use an e-mail address.");
    if let Err(Error::Invalid(found)) = facts.check().map_err(|error| under("/organisation", error)) {
        check.extend(found);
    }
    let email = email.unwrap_or_default();
    let hash = sessions::checked_hash(platform, check, "/password", who.password, &email, &who.name).await?;
    let tx = platform.db.begin().await?;
    hold_installation(&tx).await?;
    if !is_new(&tx).await? {
        return Err(done());
    }
    sessions::use_link(&tx, platform, &who.token, AccountLinkPurpose::SetUp).await?;
    let account = make_account(&tx, platform, &email, &who.name, Some(hash)).await?;
    let organisation = create_in(&tx, platform, account, facts).await?;
    let (token, until) = sessions::open(&tx, platform, account, "set-up").await?;
    tx.commit().await?;
    Ok((organisation, token, until))
}

/// Moves the pointers of violations under a parent.
fn under(parent: &str, error: Error) -> Error {
    match error {
        Error::Invalid(mut list) => {
            for violation in &mut list {
                violation.pointer.insert_str(0, parent);
            }
            Error::Invalid(list)
        }
        other => other,
    }
}

/// Makes an account.
pub(super) async fn make_account(
    tx: &Tx,
    platform: &Platform,
    email: &str,
    name: &str,
    hash: Option<String>,
) -> Result<AccountId> {
    let id: AccountId = platform.clock.new_id();
    let row = account::ActiveModel {
        id: Set(id),
        email: Set(email.to_owned()),
        name: Set(name.trim().to_owned()),
        password_hash: Set(hash),
        version: Set(1),
        created_at: Set(platform.clock.now()),
    };
    let made = account::Entity::insert(row).exec_without_returning(tx).await;
    // Two links to one new address may be used at the same moment.
    let detail = "There is an account with this address by now. Use its password.";
    made.map_err(|error| if is_duplicate(&error) { Error::conflict("account_exists", detail) } else { error.into() })?;
    Ok(id)
}

/// Makes an organisation; the caller becomes its administrator. Only an administrator of another one may.
pub async fn create(tx: &Tx, platform: &Platform, staff: &Staff, facts: Facts) -> Result<organisation::Model> {
    may_create(tx, staff).await?;
    facts.check()?;
    create_in(tx, platform, staff.account.id, facts).await
}

/// Lets those through who may make another organisation: administrators of one.
pub async fn may_create(connection: &impl ConnectionTrait, staff: &Staff) -> Result<()> {
    let administers = membership::Entity::find()
        .filter(membership::Column::AccountId.eq(staff.account.id))
        .filter(membership::Column::Role.eq(Role::Administrator))
        .count(connection)
        .await?;
    match administers {
        0 => Err(Error::Forbidden("Administrators of an organisation can make another one.".into())),
        _ => Ok(()),
    }
}

async fn create_in(tx: &Tx, platform: &Platform, account: AccountId, facts: Facts) -> Result<organisation::Model> {
    let now = platform.clock.now();
    let row = organisation::ActiveModel {
        id: Set(platform.clock.new_id()),
        slug: Set(facts.slug),
        name: Set(facts.name.trim().to_owned()),
        contact: Set(facts.contact),
        privacy_url: Set(facts.privacy_url),
        link_template: Set(facts.link_template),
        time_zone: Set(facts.time_zone),
        minimum_group: Set(facts.minimum_group),
        invites_per_month: Set(facts.invites_per_month),
        letters_gap_days: Set(facts.letters_gap_days),
        letters_window: Set(facts.letters_window),
        version: Set(1),
        created_at: Set(now),
    };
    let made = row.insert(tx).await.map_err(taken)?;
    audit::begin(tx, made.id).await?;
    add_member(tx, platform, made.id, account, Role::Administrator).await?;
    audit::record(
        tx,
        &platform.clock,
        made.id,
        &format!("account:{account}"),
        "create_organisation",
        &format!("organisation:{}", made.id),
    )
    .await?;
    Ok(made)
}

fn taken(error: sea_orm::DbErr) -> Error {
    if is_duplicate(&error) { Error::invalid("/slug", "taken", "This name is taken. Choose another one.") } else { error.into() }
}

/// So many people work for an organisation at most: a list of them is never longer.
pub(super) const STAFF: u64 = 500;

/// Gives an account a role.
pub(super) async fn add_member(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    account: AccountId,
    role: Role,
) -> Result<()> {
    let members = membership::Entity::find().filter(membership::Column::OrganisationId.eq(organisation)).count(tx).await?;
    if members >= STAFF {
        let detail = format!("An organisation has {STAFF} members of staff at most. Remove somebody who has left first.");
        return Err(Error::conflict("too_many_staff", detail));
    }
    let row = membership::ActiveModel {
        organisation_id: Set(organisation),
        id: Set(platform.clock.new_id()),
        account_id: Set(account),
        role: Set(role),
        version: Set(1),
        created_at: Set(platform.clock.now()),
    };
    let made = membership::Entity::insert(row).exec_without_returning(tx).await;
    made.map_err(|error| if is_duplicate(&error) { already_staff() } else { error.into() })?;
    Ok(())
}

/// Somebody has a role here already.
pub(super) fn already_staff() -> Error {
    Error::conflict("already_staff", "This person works here already.")
}

/// The organisations of a member of staff, with the role in each.
pub async fn of_staff(platform: &Platform, staff: &Staff) -> Result<Vec<(organisation::Model, Role)>> {
    let roles = membership::Entity::find()
        .filter(membership::Column::AccountId.eq(staff.account.id))
        .order_by_asc(membership::Column::CreatedAt)
        .all(platform.db.read())
        .await?;
    let ids: Vec<OrganisationId> = roles.iter().map(|membership| membership.organisation_id).collect();
    let found = organisation::Entity::find().filter(organisation::Column::Id.is_in(ids)).all(platform.db.read()).await?;
    let with_role = roles.into_iter().filter_map(|membership| {
        let organisation = found.iter().find(|organisation| organisation.id == membership.organisation_id)?;
        Some((organisation.clone(), membership.role))
    });
    Ok(with_role.collect())
}

/// One organisation.
pub async fn get(platform: &Platform, id: OrganisationId) -> Result<organisation::Model> {
    organisation::Entity::find_by_id(id).one(platform.db.read()).await?.ok_or(Error::NotFound("organisation"))
}

/// The organisation with this name in public addresses.
pub async fn by_slug(platform: &Platform, slug: &str) -> Result<organisation::Model> {
    check_slug(slug)?;
    let found = organisation::Entity::find().filter(organisation::Column::Slug.eq(slug)).one(platform.db.read()).await?;
    found.ok_or(Error::NotFound("organisation"))
}

/// Reads an organisation and holds it until the transaction ends: changes to it and to its staff come one after another.
pub(super) async fn hold(tx: &Tx, id: OrganisationId) -> Result<organisation::Model> {
    organisation::Entity::find_by_id(id).lock_exclusive().one(tx).await?.ok_or(Error::NotFound("organisation"))
}

/// Changes what an organisation says about itself.
pub async fn change(
    platform: &Platform,
    actor: &super::Actor,
    if_match: Option<&str>,
    facts: Facts,
) -> Result<organisation::Model> {
    facts.check()?;
    let tx = platform.db.begin().await?;
    let old = hold(&tx, actor.organisation).await?;
    etag::expect(if_match, old.version)?;
    // Coordinators say who the organisation is and whom people can turn to. What links and numbers hang on is for administrators.
    let deep = old.slug != facts.slug
        || old.link_template != facts.link_template
        || old.time_zone != facts.time_zone
        || old.minimum_group != facts.minimum_group;
    if !actor.may(Power::Administer) && (deep || actor.account.is_none()) {
        let detail = "An administrator changes the name in addresses, the site of links, the time zone and the smallest group.";
        return Err(Error::Forbidden(detail.into()));
    }
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.slug = Set(facts.slug);
    row.name = Set(facts.name.trim().to_owned());
    row.contact = Set(facts.contact);
    row.privacy_url = Set(facts.privacy_url);
    row.link_template = Set(facts.link_template);
    row.time_zone = Set(facts.time_zone);
    row.minimum_group = Set(facts.minimum_group);
    row.invites_per_month = Set(facts.invites_per_month);
    row.letters_gap_days = Set(facts.letters_gap_days);
    row.letters_window = Set(facts.letters_window);
    row.version = Set(version);
    let changed = row.update(&tx).await.map_err(taken)?;
    audit::record(&tx, &platform.clock, changed.id, &actor.by, "change_organisation", &format!("organisation:{}", changed.id))
        .await?;
    tx.commit().await?;
    Ok(changed)
}
