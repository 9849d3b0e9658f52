//! Tables of the room `platform`.

use crate::{Time, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// One row: what this installation is.
pub mod installation {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "installation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        /// A commitment to the secret key, so that a second process with another key refuses to start.
        #[sea_orm(column_type = "Blob")]
        pub secret_check: Vec<u8>,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A POST that was done: the same key and body gets the same answer again.
pub mod idempotency {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "idempotency")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub actor: String,
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub key: String,
        #[sea_orm(column_type = "Blob")]
        pub request_hash: Vec<u8>,
        pub status: Option<i32>,
        #[sea_orm(column_type = "Text", nullable)]
        pub body: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub location: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub etag: Option<String>,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One queued piece of work. The payload holds ids only.
pub mod job {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "job")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: JobId,
        #[sea_orm(column_type = "Text")]
        pub kind: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub payload: serde_json::Value,
        pub priority: i32,
        pub state: JobState,
        pub attempts: i32,
        pub run_at: Time,
        pub lease_token: i64,
        pub lease_until: Option<Time>,
        /// For the operator; never personal data.
        #[sea_orm(column_type = "Text", nullable)]
        pub last_error: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub unique_key: Option<String>,
        pub organisation_id: Option<OrganisationId>,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The newest link of an organisation's audit chain.
pub mod audit_head {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        pub seq: i64,
        #[sea_orm(column_type = "Blob")]
        pub hash: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Append-only: who did what, chained by hash. Ids only, never personal data.
pub mod audit_entry {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_entry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        pub at: Time,
        #[sea_orm(column_type = "Text")]
        pub actor: String,
        #[sea_orm(column_type = "Text")]
        pub action: String,
        #[sea_orm(column_type = "Text")]
        pub object: String,
        #[sea_orm(column_type = "Blob")]
        pub prev_hash: Vec<u8>,
        #[sea_orm(column_type = "Blob")]
        pub hash: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
