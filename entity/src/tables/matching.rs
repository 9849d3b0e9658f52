//! Tables of the room `matching`.

use crate::{Time, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// One run of matching: everything needed to run the draw again.
pub mod match_run {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "match_run")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MatchRunId,
        pub opportunity_id: OpportunityId,
        #[sea_orm(column_type = "Text")]
        pub rules_version: String,
        /// Public; empty for an open call.
        #[sea_orm(column_type = "Text", nullable)]
        pub seed: Option<String>,
        /// SHA-256 over the eligible people's pool numbers.
        #[sea_orm(column_type = "Blob")]
        pub pool_digest: Option<Vec<u8>>,
        pub places: Option<i32>,
        /// The eligible people's numbers in order, 16 bytes each, so that a draw can be run again; empty for an open call.
        #[sea_orm(column_type = "Blob", nullable)]
        pub pool: Option<Vec<u8>>,
        /// The last person that was looked at: a run that was broken off goes on behind them.
        pub cursor: Option<ParticipantId>,
        pub considered: i32,
        pub eligible: i32,
        pub asked: i32,
        pub reserve: i32,
        /// Counts by reason, for the record; shown only through the minimum group rule.
        #[sea_orm(column_type = "JsonBinary")]
        pub reasons: serde_json::Value,
        /// `running` or `done`.
        #[sea_orm(column_type = "Text")]
        pub state: String,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub created_at: Time,
        pub finished_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who might have been asked for an opportunity, when it was last counted.
pub mod match_count {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "match_count")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        pub considered: i32,
        pub eligible: i32,
        /// Counts by reason, for the record; shown only through the minimum group rule.
        #[sea_orm(column_type = "JsonBinary")]
        pub reasons: serde_json::Value,
        pub counted_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who was asked or stands in reserve.
pub mod match_result {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "match_result")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub run_id: MatchRunId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        pub outcome: DrawOutcome,
        pub rank: i32,
        /// The person's number in the draw, where it was drawn under the key of another installation.
        pub number: Option<Uuid>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
