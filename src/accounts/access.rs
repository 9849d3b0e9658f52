//! What a token opens. The only place where a caller becomes somebody who may do something.

use crate::platform::{
    Error, Platform, Result,
    http::{Caller, limits::Asking},
    secret::{Token, TokenKind},
};
use chrono::Duration;
use entity::{
    AccountId, AccountSessionId, OrganisationId, ParticipantId, ParticipantSessionId, Role, Scope, account, account_session,
    api_key, membership, participant_session,
};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef, sea_query::Expr};
use uuid::Uuid;

/// Something that may be done in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Power {
    /// Read projects, opportunities and reports.
    ReadWork,
    /// Plan and run projects and opportunities, match, invite, feed back.
    ManageWork,
    /// Read who the people are.
    ReadPeople,
    /// Import people and help them with their preferences.
    ManagePeople,
    /// Read and export responses.
    ReadResponses,
    /// Change the organisation, its staff and its keys; read the audit log.
    Administer,
}

impl Power {
    /// Whether a role has this power.
    pub fn of_role(self, role: Role) -> bool {
        match role {
            Role::Administrator => true,
            Role::Coordinator => self != Self::Administer,
            Role::Analyst => matches!(self, Self::ReadWork | Self::ReadResponses),
            Role::Viewer => self == Self::ReadWork,
        }
    }

    /// Whether a key with this scope has this power.
    fn of_scope(self, scope: Scope) -> bool {
        match scope {
            Scope::Read => self == Self::ReadWork,
            Scope::Manage => matches!(self, Self::ReadWork | Self::ManageWork),
            Scope::People => matches!(self, Self::ReadPeople | Self::ManagePeople),
            Scope::Responses => self == Self::ReadResponses,
        }
    }
}

/// Somebody who may do what they asked to do, in one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Where.
    pub organisation: OrganisationId,
    /// Who, as it is recorded: `account:...` or `key:...`.
    pub by: String,
    /// The account, unless it is a key.
    pub account: Option<AccountId>,
    grant: Grant,
}

/// What somebody's powers rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Grant {
    Role(Role),
    Scopes(Vec<Scope>),
}

impl Actor {
    /// Whether they may do something else here as well.
    pub fn may(&self, power: Power) -> bool {
        self.grant.has(power)
    }
}

impl Grant {
    fn has(&self, power: Power) -> bool {
        match self {
            Self::Role(role) => power.of_role(*role),
            Self::Scopes(scopes) => scopes.iter().any(|scope| power.of_scope(*scope)),
        }
    }
}

/// A signed-in member of staff.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Who.
    pub account: account::Model,
    /// On which device.
    pub session: AccountSessionId,
}

impl Staff {
    /// How it is recorded.
    pub fn by(&self) -> String {
        format!("account:{}", self.account.id)
    }
}

/// A signed-in participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Who.
    pub participant: ParticipantId,
    /// In which browser.
    pub session: ParticipantSessionId,
}

impl Person {
    /// How it is recorded.
    pub fn by(&self) -> String {
        format!("participant:{}", self.participant)
    }
}

/// A session's use is noted so often, and no oftener: reading must not write.
const NOTE_USE: Duration = Duration::minutes(5);
/// A staff session that is not used for so long ends.
pub const STAFF_IDLE: Duration = Duration::hours(12);
/// A participant's session that is not used for so long ends.
pub const PARTICIPANT_IDLE: Duration = Duration::hours(2);

/// Lets a caller through who has `power` in `organisation`: 404 for strangers, 403 for staff without the power.
pub async fn may(platform: &Platform, caller: &Caller, organisation: OrganisationId, power: Power) -> Result<Actor> {
    look_up(platform, caller, organisation, power, true).await
}

/// The same for somebody who was let through before and does nothing new: it is no use of their session, which ends as if they
/// had gone.
pub async fn still_may(platform: &Platform, caller: &Caller, organisation: OrganisationId, power: Power) -> Result<Actor> {
    look_up(platform, caller, organisation, power, false).await
}

async fn look_up(platform: &Platform, caller: &Caller, organisation: OrganisationId, power: Power, uses: bool) -> Result<Actor> {
    let (kind, token) = caller.token()?;
    match kind {
        TokenKind::Staff => {
            let staff = staff_of(platform, &token, uses).await?;
            staff_may(platform, &staff, organisation, power).await
        }
        TokenKind::Key => key_actor(platform, &token, organisation, power, uses).await,
        _ => Err(Error::NotFound("organisation")),
    }
}

/// The same for a member of staff who is known already.
pub async fn staff_may(platform: &Platform, staff: &Staff, organisation: OrganisationId, power: Power) -> Result<Actor> {
    let role = role(platform, organisation, staff.account.id).await?.ok_or(Error::NotFound("organisation"))?;
    if !power.of_role(role) {
        return Err(Error::Forbidden(format!("Your role here is {role}; this needs another one.")));
    }
    Ok(Actor { organisation, by: staff.by(), account: Some(staff.account.id), grant: Grant::Role(role) })
}

/// The member of staff behind a token.
pub async fn staff(platform: &Platform, caller: &Caller) -> Result<Staff> {
    staff_of(platform, &caller.of_kind(TokenKind::Staff)?, true).await
}

async fn staff_of(platform: &Platform, token: &Token, uses: bool) -> Result<Staff> {
    let now = platform.clock.now();
    let to_account: RelationDef = account_session::Entity::belongs_to(account::Entity)
        .from(account_session::Column::AccountId)
        .to(account::Column::Id)
        .into();
    let found = account_session::Entity::find()
        .filter(account_session::Column::TokenHash.eq(token.hash()))
        .join(JoinType::InnerJoin, to_account)
        .select_also(account::Entity)
        .one(platform.db.read())
        .await?
        .filter(|(session, _)| session.revoked_at.is_none() && session.idle_until > now && session.expires_at > now);
    let Some((found, Some(account))) = found else { return Err(Error::SignInNeeded) };
    if uses {
        count(platform, "account", account.id.0)?;
    }
    if uses && now - found.last_used_at > NOTE_USE {
        account_session::Entity::update_many()
            .col_expr(account_session::Column::LastUsedAt, Expr::value(now))
            .col_expr(account_session::Column::IdleUntil, Expr::value((now + STAFF_IDLE).min(found.expires_at)))
            .filter(account_session::Column::Id.eq(found.id))
            .exec(platform.db.write())
            .await?;
    }
    Ok(Staff { account, session: found.id })
}

/// Counts a request for whoever sends it: neither another browser nor another place gives them more.
pub fn count(platform: &Platform, kind: &str, id: Uuid) -> Result<()> {
    count_for(platform, &Asking::here(), kind, id)
}

/// The same for a request that another task answers.
pub fn count_for(platform: &Platform, asking: &Asking, kind: &str, id: Uuid) -> Result<()> {
    platform.limits.allow_caller(&platform.clock, asking, &format!("{kind} {id}"), platform.config.request_limit)
}

/// The role of an account in an organisation.
pub async fn role(platform: &Platform, organisation: OrganisationId, account: AccountId) -> Result<Option<Role>> {
    let found = membership::Entity::find()
        .filter(membership::Column::OrganisationId.eq(organisation))
        .filter(membership::Column::AccountId.eq(account))
        .one(platform.db.read())
        .await?;
    Ok(found.map(|membership| membership.role))
}

async fn key_actor(platform: &Platform, token: &Token, organisation: OrganisationId, power: Power, uses: bool) -> Result<Actor> {
    let now = platform.clock.now();
    let key = api_key::Entity::find()
        .filter(api_key::Column::TokenHash.eq(token.hash()))
        .one(platform.db.read())
        .await?
        .filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now))
        .ok_or(Error::SignInNeeded)?;
    if uses {
        count(platform, "key", key.id.0)?;
    }
    if key.organisation_id != organisation {
        return Err(Error::NotFound("organisation"));
    }
    let grant = Grant::Scopes(key.scopes.0);
    if !grant.has(power) {
        return Err(Error::Forbidden("This key was not made for that.".into()));
    }
    if uses && key.last_used_at.is_none_or(|at| now - at > NOTE_USE) {
        api_key::Entity::update_many()
            .col_expr(api_key::Column::LastUsedAt, Expr::value(now))
            .filter(api_key::Column::OrganisationId.eq(organisation))
            .filter(api_key::Column::Id.eq(key.id))
            .exec(platform.db.write())
            .await?;
    }
    Ok(Actor { organisation, by: format!("key:{}", key.id), account: None, grant })
}

/// The participant behind a token.
pub async fn person(platform: &Platform, caller: &Caller) -> Result<Person> {
    let token = caller.of_kind(TokenKind::Participant)?;
    let now = platform.clock.now();
    let found = participant_session::Entity::find()
        .filter(participant_session::Column::TokenHash.eq(token.hash()))
        .one(platform.db.read())
        .await?
        .filter(|session| session.revoked_at.is_none() && session.idle_until > now && session.expires_at > now)
        .ok_or(Error::SignInNeeded)?;
    count(platform, "participant", found.participant_id.0)?;
    if now - found.last_used_at > NOTE_USE {
        participant_session::Entity::update_many()
            .col_expr(participant_session::Column::LastUsedAt, Expr::value(now))
            .col_expr(participant_session::Column::IdleUntil, Expr::value((now + PARTICIPANT_IDLE).min(found.expires_at)))
            .filter(participant_session::Column::OrganisationId.eq(found.organisation_id))
            .filter(participant_session::Column::Id.eq(found.id))
            .exec(platform.db.write())
            .await?;
    }
    Ok(Person { organisation: found.organisation_id, participant: found.participant_id, session: found.id })
}
