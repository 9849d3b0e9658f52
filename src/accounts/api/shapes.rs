//! What requests and answers about staff accounts, organisations and keys look like.

use crate::accounts::organisations::{Facts, LETTERS_GAP_DAYS};
use entity::{
    AccountId, AccountSessionId, ApiKeyId, LettersWindow, MembershipId, OrganisationId, Role, Scope, Time, api_key, organisation,
};
use poem_openapi::Object;
use serde::Deserialize;

/// What an organisation says about itself.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationIn {
    /// Name in public addresses: small letters, digits, hyphens.
    pub slug: String,
    /// Name that people see.
    pub name: String,
    /// Whom people can turn to, such as an e-mail address or a telephone number.
    pub contact: String,
    /// Address of the privacy page.
    #[serde(default)]
    pub privacy_url: Option<String>,
    /// Where an own front end opens links, such as `https://front.example/{kind}#{token}`. Without it, links lead to the hosted pages.
    #[serde(default)]
    pub link_template: Option<String>,
    /// IANA name of the time zone.
    #[serde(default = "london")]
    #[oai(default = "london")]
    pub time_zone: String,
    /// No number about fewer people than this is shown; 5 or more.
    #[serde(default = "five")]
    #[oai(default = "five")]
    pub minimum_group: i32,
    /// Invitations a month at most to people who set no limit themselves: 1 to 31, or null for no limit.
    #[serde(default = "once_a_month")]
    #[oai(default = "once_a_month")]
    pub invites_per_month: Option<i32>,
    /// Days that lie between two letters that ask somebody something, whatever they are about: 0 to 30, 0 for none.
    #[serde(default = "two_days")]
    #[oai(default = "two_days")]
    pub letters_gap_days: i32,
    /// When letters leave that can wait, in the time zone of whoever gets them; null for as soon as they are made. Hours that somebody
    /// chose themselves hold in any case, and where the two have no time in common within eight days, these alone do.
    #[serde(default)]
    pub letters_window: Option<LettersWindow>,
}

fn once_a_month() -> Option<i32> {
    Some(1)
}

fn two_days() -> i32 {
    LETTERS_GAP_DAYS
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
            invites_per_month: given.invites_per_month,
            letters_gap_days: given.letters_gap_days,
            letters_window: given.letters_window,
        }
    }
}

/// An organisation.
#[derive(Object)]
pub struct OrganisationOut {
    /// Its id.
    pub id: OrganisationId,
    /// Name in public addresses.
    pub slug: String,
    /// Name that people see.
    pub name: String,
    /// Whom people can turn to.
    pub contact: String,
    /// Address of the privacy page.
    pub privacy_url: Option<String>,
    /// Where an own front end opens links.
    pub link_template: Option<String>,
    /// IANA name of the time zone.
    pub time_zone: String,
    /// No number about fewer people than this is shown.
    pub minimum_group: i32,
    /// Invitations a month at most to people who set no limit themselves; null for no limit.
    pub invites_per_month: Option<i32>,
    /// Days that lie between two letters that ask somebody something; 0 for none.
    pub letters_gap_days: i32,
    /// When letters leave that can wait; null for as soon as they are made.
    pub letters_window: Option<LettersWindow>,
    /// The caller's role here.
    #[oai(skip_serializing_if_is_none)]
    pub role: Option<Role>,
}

impl OrganisationOut {
    pub fn of(row: organisation::Model, role: Option<Role>) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            contact: row.contact,
            privacy_url: row.privacy_url,
            link_template: row.link_template,
            time_zone: row.time_zone,
            minimum_group: row.minimum_group,
            invites_per_month: row.invites_per_month,
            letters_gap_days: row.letters_gap_days,
            letters_window: row.letters_window,
            role,
        }
    }
}

/// The first administrator and the first organisation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUpIn {
    /// The token of the link that the first start printed.
    pub token: String,
    /// Address to sign in with.
    pub email: String,
    /// Name of the administrator.
    pub name: String,
    /// Password: 15 characters or more.
    pub password: String,
    /// The organisation.
    pub organisation: OrganisationIn,
}

/// What somebody signs in with.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInIn {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    #[oai(default)]
    pub label: String,
}

/// A new session. The token is only in this answer.
#[derive(Object)]
pub struct SignedInOut {
    /// Send it as `Authorization: Bearer ...`.
    pub token: String,
    /// The session ends then, used or not.
    pub expires_at: Time,
    /// The organisation that was made, after the set-up.
    #[oai(skip_serializing_if_is_none)]
    pub organisation: Option<OrganisationOut>,
}

/// A signed-in device.
#[derive(Object)]
pub struct SessionOut {
    /// Its id.
    pub id: AccountSessionId,
    /// What the caller said about the device.
    pub label: String,
    /// Signed in at.
    pub created_at: Time,
    /// Last used at, to within five minutes.
    pub last_used_at: Time,
    /// Ends at.
    pub expires_at: Time,
    /// Whether it is the one of this request.
    pub current: bool,
}

/// The caller's own account.
#[derive(Object)]
pub struct AccountOut {
    /// Its id.
    pub id: AccountId,
    /// Address to sign in with.
    pub email: String,
    /// Name.
    pub name: String,
    /// Organisations, each with the caller's role.
    pub organisations: Vec<OrganisationOut>,
}

/// A change of password.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordIn {
    /// The current one.
    pub current_password: String,
    /// The new one: 15 characters or more.
    pub new_password: String,
}

/// An e-mail address.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailIn {
    /// The address.
    pub email: String,
}

/// A new password, with the link that allows it.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetIn {
    /// The token of the link.
    pub token: String,
    /// The new password: 15 characters or more.
    pub password: String,
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
    pub email: String,
    /// Their role.
    pub role: Role,
}

/// An invitation to the staff.
#[derive(Object)]
pub struct StaffInvitationOut {
    /// Address it went to.
    pub email: String,
    /// Role it offers.
    pub role: Option<Role>,
    /// Ends at.
    pub expires_at: Time,
}

/// Accepting an invitation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptIn {
    /// The token of the link.
    pub token: String,
    /// Name, for a new account.
    #[serde(default)]
    #[oai(default)]
    pub name: String,
    /// A new password, or the one of the account with this address.
    pub password: String,
}

/// A member of staff.
#[derive(Object)]
pub struct MemberOut {
    /// Id of the membership.
    pub id: MembershipId,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Since.
    pub since: Time,
}

/// A role.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleIn {
    /// The role.
    pub role: Role,
}

/// A key to be made.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyIn {
    /// What it is for, in words.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it ends; never if left out.
    #[serde(default)]
    pub expires_at: Option<Time>,
}

/// A key.
#[derive(Object)]
pub struct KeyOut {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Name of the member of staff who made it. When they leave, the key ends.
    pub made_by: String,
    /// Made at.
    pub created_at: Time,
    /// Ends at.
    pub expires_at: Option<Time>,
    /// Last used at, to within five minutes.
    pub last_used_at: Option<Time>,
    /// The key itself; only in the answer that made it.
    #[oai(skip_serializing_if_is_none)]
    pub token: Option<String>,
}

impl KeyOut {
    pub fn of(row: api_key::Model, made_by: String, token: Option<String>) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: row.scopes.0,
            made_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            token,
        }
    }
}

/// An entry of the audit log.
#[derive(Object)]
pub struct AuditOut {
    /// Number in the chain.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// Who: `account:...`, `key:...`, `participant:...` or `system`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// Hash of this entry, in hexadecimal.
    pub hash: String,
}

/// Whether the audit log is whole.
#[derive(Object)]
pub struct AuditCheckOut {
    /// Whether every entry fits.
    pub whole: bool,
    /// Number of the first entry that does not.
    #[oai(skip_serializing_if_is_none)]
    pub first_break: Option<i64>,
}
