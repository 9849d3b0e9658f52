//! Endpoints for staff accounts, organisations and keys.

use super::{
    access::{self, Power},
    keys,
    organisations::{self, Facts, FirstAdministrator},
    sessions, staff,
};
use crate::platform::{
    Platform, Result, audit,
    http::{Accepted, Body, Caller, Chapter, Created, Cursor, Done, Fine, NoContent, Once, Page, edge},
    secret::hex,
};
use entity::{
    AccountId, AccountSessionId, ApiKeyId, MembershipId, OrganisationId, Role, Scope, Time, account_session, api_key,
    audit_entry, membership, organisation,
};
use poem::Request;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;

/// What an organisation says about itself.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationIn {
    /// Name in public addresses: small letters, digits, hyphens.
    slug: String,
    /// Name that people see.
    name: String,
    /// Whom people can turn to, such as an e-mail address or a telephone number.
    contact: String,
    /// Address of the privacy page.
    #[serde(default)]
    privacy_url: Option<String>,
    /// Where an own front end opens links, such as `https://front.example/{kind}#{token}`. Without it, links lead to the hosted pages.
    #[serde(default)]
    link_template: Option<String>,
    /// IANA name of the time zone.
    #[serde(default = "london")]
    #[oai(default = "london")]
    time_zone: String,
    /// No number about fewer people than this is shown; 5 or more.
    #[serde(default = "five")]
    #[oai(default = "five")]
    minimum_group: i32,
}

fn london() -> String {
    "Europe/London".into()
}

fn five() -> i32 {
    5
}

impl From<OrganisationIn> for Facts {
    fn from(given: OrganisationIn) -> Self {
        Self {
            slug: given.slug,
            name: given.name,
            contact: given.contact,
            privacy_url: given.privacy_url,
            link_template: given.link_template,
            time_zone: given.time_zone,
            minimum_group: given.minimum_group,
        }
    }
}

/// An organisation.
#[derive(Object)]
pub struct OrganisationOut {
    /// Its id.
    id: OrganisationId,
    /// Name in public addresses.
    slug: String,
    /// Name that people see.
    name: String,
    /// Whom people can turn to.
    contact: String,
    /// Address of the privacy page.
    privacy_url: Option<String>,
    /// Where an own front end opens links.
    link_template: Option<String>,
    /// IANA name of the time zone.
    time_zone: String,
    /// No number about fewer people than this is shown.
    minimum_group: i32,
    /// The caller's role here.
    #[oai(skip_serializing_if_is_none)]
    role: Option<Role>,
}

impl OrganisationOut {
    fn of(row: organisation::Model, role: Option<Role>) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            contact: row.contact,
            privacy_url: row.privacy_url,
            link_template: row.link_template,
            time_zone: row.time_zone,
            minimum_group: row.minimum_group,
            role,
        }
    }
}

/// The first administrator and the first organisation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUpIn {
    /// The token of the link that the first start printed.
    token: String,
    /// Address to sign in with.
    email: String,
    /// Name of the administrator.
    name: String,
    /// Password: 15 characters or more.
    password: String,
    /// The organisation.
    organisation: OrganisationIn,
}

/// What somebody signs in with.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInIn {
    /// Address.
    email: String,
    /// Password.
    password: String,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    #[oai(default)]
    label: String,
}

/// A new session. The token is only in this answer.
#[derive(Object)]
pub struct SignedInOut {
    /// Send it as `Authorization: Bearer ...`.
    token: String,
    /// The session ends then, used or not.
    expires_at: Time,
    /// The organisation that was made, after the set-up.
    #[oai(skip_serializing_if_is_none)]
    organisation: Option<OrganisationOut>,
}

/// A signed-in device.
#[derive(Object)]
pub struct SessionOut {
    /// Its id.
    id: AccountSessionId,
    /// What the caller said about the device.
    label: String,
    /// Signed in at.
    created_at: Time,
    /// Last used at, to within five minutes.
    last_used_at: Time,
    /// Ends at.
    expires_at: Time,
    /// Whether it is the one of this request.
    current: bool,
}

/// The caller's own account.
#[derive(Object)]
pub struct AccountOut {
    /// Its id.
    id: AccountId,
    /// Address to sign in with.
    email: String,
    /// Name.
    name: String,
    /// Organisations, each with the caller's role.
    organisations: Vec<OrganisationOut>,
}

/// A change of password.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordIn {
    /// The current one.
    current_password: String,
    /// The new one: 15 characters or more.
    new_password: String,
}

/// An e-mail address.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailIn {
    /// The address.
    email: String,
}

/// A new password, with the link that allows it.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetIn {
    /// The token of the link.
    token: String,
    /// The new password: 15 characters or more.
    password: String,
}

/// What happened, in words.
#[derive(Object)]
pub struct MessageOut {
    /// The words.
    pub message: String,
}

/// Somebody to be invited to the staff.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffIn {
    /// Their address.
    email: String,
    /// Their role.
    role: Role,
}

/// An invitation to the staff.
#[derive(Object)]
pub struct StaffInvitationOut {
    /// Address it went to.
    email: String,
    /// Role it offers.
    role: Option<Role>,
    /// Ends at.
    expires_at: Time,
}

/// Accepting an invitation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptIn {
    /// The token of the link.
    token: String,
    /// Name, for a new account.
    #[serde(default)]
    #[oai(default)]
    name: String,
    /// A new password, or the one of the account with this address.
    password: String,
}

/// A member of staff.
#[derive(Object)]
pub struct MemberOut {
    /// Id of the membership.
    id: MembershipId,
    /// Name.
    name: String,
    /// Address.
    email: String,
    /// Role.
    role: Role,
    /// Since.
    since: Time,
}

/// A role.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleIn {
    /// The role.
    role: Role,
}

/// A key to be made.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyIn {
    /// What it is for, in words.
    name: String,
    /// What it may be used for.
    scopes: Vec<Scope>,
    /// When it ends; never if left out.
    #[serde(default)]
    expires_at: Option<Time>,
}

/// A key.
#[derive(Object)]
pub struct KeyOut {
    /// Its id.
    id: ApiKeyId,
    /// What it is for.
    name: String,
    /// What it may be used for.
    scopes: Vec<Scope>,
    /// Made at.
    created_at: Time,
    /// Ends at.
    expires_at: Option<Time>,
    /// Last used at, to within five minutes.
    last_used_at: Option<Time>,
    /// The key itself; only in the answer that made it.
    #[oai(skip_serializing_if_is_none)]
    token: Option<String>,
}

impl KeyOut {
    fn of(row: api_key::Model, token: Option<String>) -> Self {
        let (scopes, id, name) = (row.scopes.0, row.id, row.name);
        Self { id, name, scopes, created_at: row.created_at, expires_at: row.expires_at, last_used_at: row.last_used_at, token }
    }
}

/// An entry of the audit log.
#[derive(Object)]
pub struct AuditOut {
    /// Number in the chain.
    seq: i64,
    /// When.
    at: Time,
    /// Who: `account:...`, `key:...`, `participant:...` or `system`.
    actor: String,
    /// What was done.
    action: String,
    /// To what.
    object: String,
    /// Hash of this entry, in hexadecimal.
    hash: String,
}

/// Whether the audit log is whole.
#[derive(Object)]
pub struct AuditCheckOut {
    /// Whether every entry fits.
    whole: bool,
    /// Number of the first entry that does not.
    #[oai(skip_serializing_if_is_none)]
    first_break: Option<i64>,
}

/// Accounts, organisations, keys.
pub struct Api(pub Platform);

impl Api {
    fn slow_down(&self, request: &Request) -> Result<()> {
        let limit = self.0.config.sign_in_limit;
        self.0.limits.allow(&self.0.clock, format!("sign-in {}", edge::source(request)), limit, 600)
    }
}

#[OpenApi(tag = "Chapter::Accounts")]
impl Api {
    /// Set up
    ///
    /// Makes the first administrator and the first organisation, with the link that the first start printed.
    #[oai(path = "/set-up", method = "post", operation_id = "setUp")]
    async fn set_up(&self, body: Body<SetUpIn>) -> Result<Created<SignedInOut>> {
        let given = body.take()?;
        let who = FirstAdministrator { token: given.token, email: given.email, name: given.name, password: given.password };
        let (made, token, expires_at) = organisations::set_up(&self.0, who, given.organisation.into()).await?;
        let at = format!("/api/organisations/{}", made.id);
        let organisation = Some(OrganisationOut::of(made, Some(Role::Administrator)));
        Ok(Created::new(&SignedInOut { token: token.reveal().into(), expires_at, organisation }).at(at))
    }

    /// Sign in
    ///
    /// Unknown addresses and wrong passwords get the same answer.
    #[oai(path = "/sign-in", method = "post", operation_id = "signIn")]
    async fn sign_in(&self, request: &Request, body: Body<SignInIn>) -> Result<Created<SignedInOut>> {
        self.slow_down(request)?;
        let given = body.take()?;
        let (token, _, expires_at) = sessions::sign_in(&self.0, &given.email, given.password, &given.label).await?;
        Ok(Created::new(&SignedInOut { token: token.reveal().into(), expires_at, organisation: None }).at("/api/account"))
    }

    /// Sign out
    ///
    /// Ends the session of this request.
    #[oai(path = "/sign-out", method = "post", operation_id = "signOut")]
    async fn sign_out(&self, caller: Caller) -> Done {
        let staff = access::staff(&self.0, &caller).await?;
        sessions::revoke(&self.0, &staff, staff.session).await?;
        Ok(NoContent)
    }

    /// Own account
    #[oai(path = "/account", method = "get", operation_id = "getAccount")]
    async fn account(&self, caller: Caller) -> Result<Fine<AccountOut>> {
        let staff = access::staff(&self.0, &caller).await?;
        let organisations = organisations::of_staff(&self.0, &staff).await?;
        let organisations = organisations.into_iter().map(|(row, role)| OrganisationOut::of(row, Some(role))).collect();
        let account = staff.account;
        Ok(Fine::new(&AccountOut { id: account.id, email: account.email, name: account.name, organisations }))
    }

    /// Change own password
    ///
    /// Ends every other session of the account.
    #[oai(path = "/account/password", method = "put", operation_id = "changePassword")]
    async fn change_password(&self, caller: Caller, request: &Request, body: Body<PasswordIn>) -> Done {
        let staff = access::staff(&self.0, &caller).await?;
        self.slow_down(request)?;
        let given = body.take()?;
        sessions::change_password(&self.0, &staff, given.current_password, given.new_password).await?;
        Ok(NoContent)
    }

    /// Ask for a new password
    ///
    /// The answer is the same whether or not there is such an account.
    #[oai(path = "/password-reset", method = "post", operation_id = "askPasswordReset")]
    async fn ask_reset(&self, request: &Request, body: Body<EmailIn>) -> Result<Accepted<MessageOut>> {
        self.slow_down(request)?;
        sessions::ask_reset(&self.0, &body.take()?.email).await?;
        Ok(Accepted::new(&MessageOut { message: "If there is an account with this address, a letter is on its way.".into() }))
    }

    /// Choose a new password
    ///
    /// Ends every session of the account.
    #[oai(path = "/password-reset/confirm", method = "post", operation_id = "confirmPasswordReset")]
    async fn reset(&self, request: &Request, body: Body<ResetIn>) -> Done {
        self.slow_down(request)?;
        let given = body.take()?;
        sessions::reset(&self.0, &given.token, given.password).await?;
        Ok(NoContent)
    }

    /// List own sessions
    #[oai(path = "/sessions", method = "get", operation_id = "listSessions")]
    async fn sessions(&self, caller: Caller) -> Result<Fine<Vec<SessionOut>>> {
        let staff = access::staff(&self.0, &caller).await?;
        let out = |row: account_session::Model| SessionOut {
            current: row.id == staff.session,
            id: row.id,
            label: row.label,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        };
        let sessions: Vec<_> = sessions::list(&self.0, &staff).await?.into_iter().map(out).collect();
        Ok(Fine::new(&sessions))
    }

    /// End a session
    #[oai(path = "/sessions/:session", method = "delete", operation_id = "endSession")]
    async fn end_session(&self, caller: Caller, session: Path<AccountSessionId>) -> Done {
        let staff = access::staff(&self.0, &caller).await?;
        sessions::revoke(&self.0, &staff, session.0).await?;
        Ok(NoContent)
    }

    /// Make an organisation
    ///
    /// Only for administrators of another one. The caller becomes its administrator.
    #[oai(path = "/organisations", method = "post", operation_id = "createOrganisation")]
    async fn create_organisation(
        &self,
        caller: Caller,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<OrganisationIn>,
    ) -> Result<Created<OrganisationOut>> {
        let staff = access::staff(&self.0, &caller).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &staff.by(), key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = organisations::create(once.tx(), &self.0, &staff, given.into()).await?;
        let (at, version) = (format!("/api/organisations/{}", made.id), made.version);
        once.commit(Created::new(&OrganisationOut::of(made, Some(Role::Administrator))).at(at).version(version)).await
    }

    /// Read an organisation
    #[oai(path = "/organisations/:organisation", method = "get", operation_id = "getOrganisation")]
    async fn organisation(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<OrganisationOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = organisations::get(&self.0, actor.organisation).await?;
        let version = found.version;
        Ok(Fine::new(&OrganisationOut::of(found, None)).version(version))
    }

    /// Change an organisation
    #[oai(path = "/organisations/:organisation", method = "put", operation_id = "changeOrganisation")]
    async fn change_organisation(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<OrganisationIn>,
    ) -> Result<Fine<OrganisationOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let changed = organisations::change(&self.0, &actor, if_match.0.as_deref(), body.take()?.into()).await?;
        let version = changed.version;
        Ok(Fine::new(&OrganisationOut::of(changed, None)).version(version))
    }

    /// List staff
    #[oai(path = "/organisations/:organisation/staff", method = "get", operation_id = "listStaff")]
    async fn staff(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<Vec<MemberOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let out = |(member, account): (membership::Model, entity::account::Model)| MemberOut {
            id: member.id,
            name: account.name,
            email: account.email,
            role: member.role,
            since: member.created_at,
        };
        let members: Vec<_> = staff::list(&self.0, &actor).await?.into_iter().map(out).collect();
        Ok(Fine::new(&members))
    }

    /// Invite staff
    ///
    /// Sends a letter with a link that works for 14 days.
    #[oai(path = "/organisations/:organisation/staff", method = "post", operation_id = "inviteStaff")]
    async fn invite(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<StaffIn>,
    ) -> Result<Accepted<StaffInvitationOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let link = staff::invite(once.tx(), &self.0, &actor, &given.email, given.role).await?;
        let out = StaffInvitationOut { email: link.email, role: link.role, expires_at: link.expires_at };
        let reply = once.commit(Accepted::new(&out)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }

    /// Accept an invitation to the staff
    #[oai(path = "/staff-invitations/accept", method = "post", operation_id = "acceptStaffInvitation")]
    async fn accept(&self, request: &Request, body: Body<AcceptIn>) -> Result<Created<SignedInOut>> {
        self.slow_down(request)?;
        let given = body.take()?;
        let (token, expires_at) = staff::accept(&self.0, &given.token, &given.name, given.password).await?;
        Ok(Created::new(&SignedInOut { token: token.reveal().into(), expires_at, organisation: None }).at("/api/account"))
    }

    /// Change a role
    #[oai(path = "/organisations/:organisation/staff/:membership", method = "put", operation_id = "changeRole")]
    async fn change_role(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        membership: Path<MembershipId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<RoleIn>,
    ) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        staff::change_role(&self.0, &actor, membership.0, if_match.0.as_deref(), body.take()?.role).await?;
        Ok(NoContent)
    }

    /// Remove somebody from the staff
    #[oai(path = "/organisations/:organisation/staff/:membership", method = "delete", operation_id = "removeStaff")]
    async fn remove(&self, caller: Caller, organisation: Path<OrganisationId>, membership: Path<MembershipId>) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        staff::remove(&self.0, &actor, membership.0).await?;
        Ok(NoContent)
    }

    /// List keys
    #[oai(path = "/organisations/:organisation/keys", method = "get", operation_id = "listKeys")]
    async fn keys(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<Vec<KeyOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let keys: Vec<_> = keys::list(&self.0, &actor).await?.into_iter().map(|row| KeyOut::of(row, None)).collect();
        Ok(Fine::new(&keys))
    }

    /// Make a key
    ///
    /// The token is only in this answer.
    #[oai(path = "/organisations/:organisation/keys", method = "post", operation_id = "createKey")]
    async fn create_key(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<KeyIn>,
    ) -> Result<Created<KeyOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let (made, token) = keys::create(once.tx(), &self.0, &actor, &given.name, given.scopes, given.expires_at).await?;
        let at = format!("/api/organisations/{}/keys/{}", actor.organisation, made.id);
        once.commit_secret(Created::new(&KeyOut::of(made, Some(token.reveal().into()))).at(at)).await
    }

    /// Revoke a key
    #[oai(path = "/organisations/:organisation/keys/:key", method = "delete", operation_id = "revokeKey")]
    async fn revoke_key(&self, caller: Caller, organisation: Path<OrganisationId>, key: Path<ApiKeyId>) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        keys::revoke(&self.0, &actor, key.0).await?;
        Ok(NoContent)
    }

    /// Read the audit log
    ///
    /// Who did what, oldest first. Entries hold ids only.
    #[oai(path = "/organisations/:organisation/audit", method = "get", operation_id = "listAudit")]
    async fn audit(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Entries in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this number.
        after: Query<Option<i64>>,
    ) -> Result<Fine<Page<AuditOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let cursor = Cursor::read(limit.0, None)?;
        let rows = audit_entry::Entity::find()
            .filter(audit_entry::Column::OrganisationId.eq(actor.organisation))
            .filter(audit_entry::Column::Seq.gt(after.0.unwrap_or(0)))
            .order_by_asc(audit_entry::Column::Seq)
            .limit(cursor.limit + 1)
            .all(self.0.db.read())
            .await
            .map_err(crate::platform::Error::from)?;
        let most = usize::try_from(cursor.limit).unwrap_or(500);
        let next = if rows.len() > most { rows.get(most - 1).map(|row| row.seq.to_string()) } else { None };
        let out = |row: audit_entry::Model| AuditOut {
            seq: row.seq,
            at: row.at,
            actor: row.actor,
            action: row.action,
            object: row.object,
            hash: hex(&row.hash),
        };
        let items = rows.into_iter().take(most).map(out).collect();
        Ok(Fine::new(&Page { items, next }))
    }

    /// Check the audit log
    ///
    /// Computes every hash again and answers whether the chain is whole.
    #[oai(path = "/organisations/:organisation/audit/check", method = "get", operation_id = "checkAudit")]
    async fn check_audit(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<AuditCheckOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let first_break = audit::first_break(self.0.db.read(), actor.organisation).await?;
        Ok(Fine::new(&AuditCheckOut { whole: first_break.is_none(), first_break }))
    }
}
