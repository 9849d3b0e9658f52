//! Endpoints for staff accounts, organisations and keys.

pub mod look;
pub mod mailings;
pub mod shapes;

use super::{
    access::{self, Power},
    keys,
    organisations::{self, FirstAdministrator},
    sessions, staff,
};
use crate::platform::{
    Platform, Result, audit,
    http::{Accepted, Body, Caller, Chapter, Created, Cursor, Done, Fine, NoContent, Once, Page, edge},
    secret::hex,
};
use entity::{AccountSessionId, ApiKeyId, MembershipId, OrganisationId, Role, account_session, audit_entry, membership};
use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};

pub use shapes::{
    AcceptIn, AccountOut, AuditCheckOut, AuditOut, EmailIn, KeyIn, KeyOut, MemberOut, MessageOut, OrganisationIn,
    OrganisationOut, PasswordIn, ResetIn, RoleIn, SessionOut, SetUpIn, SignInIn, SignedInOut, StaffIn, StaffInvitationOut,
};

/// Accounts, organisations, keys.
pub struct Api(pub Platform);

impl Api {
    /// One source can try so often and no oftener.
    fn slow_down(&self, request: &Request) -> Result<()> {
        sessions::slow_down(&self.0, &edge::source(request))
    }
}

#[OpenApi(tag = "Chapter::Accounts")]
impl Api {
    /// Set up
    ///
    /// Makes the first administrator and the first organisation, with the link that the first start printed.
    #[oai(path = "/set-up", method = "post", operation_id = "setUp")]
    async fn set_up(&self, request: &Request, body: Body<SetUpIn>) -> Result<Created<SignedInOut>> {
        self.slow_down(request)?;
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
        sessions::slow_down_for(&self.0, &given.email)?;
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
    ///
    /// Who is signed in, and the organisations they work for, each with their role.
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
        let given = body.take()?;
        sessions::slow_down_for(&self.0, &given.email)?;
        sessions::ask_reset(&self.0, &given.email).await?;
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
    ///
    /// Devices on which the account is signed in, with when each was last used.
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
    ///
    /// That device has to sign in again.
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
        organisations::may_create(self.0.db.read(), &staff).await?;
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
    ///
    /// What people can read about it, and its settings.
    #[oai(path = "/organisations/:organisation", method = "get", operation_id = "getOrganisation")]
    async fn organisation(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<OrganisationOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = organisations::get(&self.0, actor.organisation).await?;
        let version = found.version;
        Ok(Fine::new(&OrganisationOut::of(found, None)).version(version))
    }

    /// Change an organisation
    ///
    /// The smallest group that numbers are shown about can be 5 to 100 people. Coordinators can change the name, the contact and the
    /// privacy page; administrators all of it.
    #[oai(path = "/organisations/:organisation", method = "put", operation_id = "changeOrganisation")]
    async fn change_organisation(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<OrganisationIn>,
    ) -> Result<Fine<OrganisationOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let changed = organisations::change(&self.0, &actor, if_match.0.as_deref(), body.take()?.into()).await?;
        let version = changed.version;
        Ok(Fine::new(&OrganisationOut::of(changed, None)).version(version))
    }

    /// List staff
    ///
    /// Accounts with their roles, oldest first.
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
    ///
    /// With the token of the letter. A new address gets an account; somebody who has one gives its password.
    #[oai(path = "/staff-invitations/accept", method = "post", operation_id = "acceptStaffInvitation")]
    async fn accept(&self, request: &Request, body: Body<AcceptIn>) -> Result<Created<SignedInOut>> {
        self.slow_down(request)?;
        let given = body.take()?;
        let (token, expires_at) = staff::accept(&self.0, &given.token, &given.name, given.password).await?;
        Ok(Created::new(&SignedInOut { token: token.reveal().into(), expires_at, organisation: None }).at("/api/account"))
    }

    /// Change a role
    ///
    /// Takes effect with the next request. An organisation keeps at least one administrator.
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
    ///
    /// Their account stays; they can no longer act for this organisation.
    #[oai(path = "/organisations/:organisation/staff/:membership", method = "delete", operation_id = "removeStaff")]
    async fn remove(&self, caller: Caller, organisation: Path<OrganisationId>, membership: Path<MembershipId>) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        staff::remove(&self.0, &actor, membership.0).await?;
        Ok(NoContent)
    }

    /// List keys
    ///
    /// Names, scopes and when each was last used. A key itself is shown once, when it is made.
    #[oai(path = "/organisations/:organisation/keys", method = "get", operation_id = "listKeys")]
    async fn keys(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<Vec<KeyOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let keys: Vec<_> =
            keys::list(&self.0, &actor).await?.into_iter().map(|(row, made_by)| KeyOut::of(row, made_by, None)).collect();
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
        let (made, made_by, token) =
            keys::create(once.tx(), &self.0, &actor, &given.name, given.scopes, given.expires_at).await?;
        let at = format!("/api/organisations/{}/keys/{}", actor.organisation, made.id);
        once.commit_secret(Created::new(&KeyOut::of(made, made_by, Some(token.reveal().into()))).at(at)).await
    }

    /// Revoke a key
    ///
    /// It stops working at once, for good.
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
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let cursor = Cursor::read(limit.0, None)?;
        let rows = audit::page(self.0.db.read(), actor.organisation, after.0.unwrap_or(0), cursor.limit + 1).await?;
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
