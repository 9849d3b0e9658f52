//! Tables of the room `accounts`.

use crate::{Time, documents::*, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// An organisation: the tenant.
pub mod organisation {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "organisation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: OrganisationId,
        /// The name in public addresses.
        #[sea_orm(column_type = "Text")]
        pub slug: String,
        /// The name people see.
        #[sea_orm(column_type = "Text")]
        pub name: String,
        /// Whom people can turn to.
        #[sea_orm(column_type = "Text")]
        pub contact: String,
        /// The organisation's privacy page.
        #[sea_orm(column_type = "Text", nullable)]
        pub privacy_url: Option<String>,
        /// Where an own front end opens links: `{kind}` and `{token}` are replaced.
        #[sea_orm(column_type = "Text", nullable)]
        pub link_template: Option<String>,
        /// IANA name.
        #[sea_orm(column_type = "Text")]
        pub time_zone: String,
        /// No number about fewer people than this is published.
        pub minimum_group: i32,
        /// Invitations a month at most to people who set no limit themselves; empty for no limit.
        pub invites_per_month: Option<i32>,
        /// Days between two letters that ask somebody something on the organisation's initiative; 0 for no such gap.
        pub letters_gap_days: i32,
        /// When letters leave that can wait; empty for as soon as they are made.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub letters_window: Option<LettersWindow>,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A login of a member of staff.
pub mod account {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AccountId,
        /// Lower-cased; unique.
        #[sea_orm(column_type = "Text")]
        pub email: String,
        #[sea_orm(column_type = "Text")]
        pub name: String,
        /// PHC string; empty until a password is chosen.
        #[sea_orm(column_type = "Text", nullable)]
        pub password_hash: Option<String>,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A signed-in device. The token is stored as its SHA-256.
pub mod account_session {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "account_session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AccountSessionId,
        pub account_id: AccountId,
        #[sea_orm(column_type = "Blob")]
        pub token_hash: Vec<u8>,
        /// What the caller said about the device.
        #[sea_orm(column_type = "Text")]
        pub label: String,
        pub created_at: Time,
        pub last_used_at: Time,
        pub idle_until: Time,
        pub expires_at: Time,
        pub revoked_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A single-use link sent to staff.
pub mod account_link {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "account_link")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AccountLinkId,
        pub purpose: AccountLinkPurpose,
        #[sea_orm(column_type = "Blob")]
        pub token_hash: Vec<u8>,
        #[sea_orm(column_type = "Text")]
        pub email: String,
        pub account_id: Option<AccountId>,
        pub organisation_id: Option<OrganisationId>,
        pub role: Option<Role>,
        pub created_at: Time,
        pub expires_at: Time,
        pub used_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One account's role in one organisation.
pub mod membership {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "membership")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MembershipId,
        pub account_id: AccountId,
        pub role: Role,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A key for another system, stored as its SHA-256.
pub mod api_key {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ApiKeyId,
        #[sea_orm(column_type = "Text")]
        pub name: String,
        #[sea_orm(column_type = "Blob")]
        pub token_hash: Vec<u8>,
        #[sea_orm(column_type = "JsonBinary")]
        pub scopes: Scopes,
        pub created_by: AccountId,
        pub created_at: Time,
        pub expires_at: Option<Time>,
        pub last_used_at: Option<Time>,
        pub revoked_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// How an organisation's pages look.
pub mod look {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "look")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        /// `#rrggbb`, dark enough for white letters.
        #[sea_orm(column_type = "Text", nullable)]
        pub colour: Option<String>,
        /// The picture's bytes.
        #[sea_orm(column_type = "Blob", nullable)]
        pub logo: Option<Vec<u8>>,
        /// Its media type.
        #[sea_orm(column_type = "Text", nullable)]
        pub logo_kind: Option<String>,
        /// Where the quick way out leads; empty where it is switched off.
        #[sea_orm(column_type = "Text", nullable)]
        pub exit_url: Option<String>,
        /// What the window's title says where it is switched on.
        #[sea_orm(column_type = "Text", nullable)]
        pub exit_title: Option<String>,
        pub version: i32,
        pub changed_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A note that staff have read something about people: one an hour for each person who reads and each thing that is read.
pub mod reading {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "reading")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ReadingId,
        /// `account:...` or `key:...`.
        #[sea_orm(column_type = "Text")]
        pub actor: String,
        pub what: ReadingOf,
        /// The participant, the opportunity, or the organisation as a whole.
        pub subject_id: Uuid,
        /// The hour in which it was read.
        pub hour: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
