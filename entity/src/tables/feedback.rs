//! Tables of the room `feedback`.

use crate::{Time, documents::*, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// The feedback report of one opportunity.
pub mod report {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "report")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ReportId,
        pub opportunity_id: OpportunityId,
        pub state: ReportState,
        #[sea_orm(column_type = "Text")]
        pub in_one_minute: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub in_one_minute_easy_read: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub steps_taken: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub next_steps: NextSteps,
        #[sea_orm(column_type = "Text")]
        pub learned: String,
        pub version: i32,
        pub created_at: Time,
        pub published_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Append-only: one published version of a report, whole.
pub mod report_release {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "report_release")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ReleaseId,
        pub report_id: ReportId,
        pub n: i32,
        #[sea_orm(column_type = "JsonBinary")]
        pub document: serde_json::Value,
        #[sea_orm(column_type = "Blob")]
        pub digest: Vec<u8>,
        #[sea_orm(column_type = "Text", nullable)]
        pub change_note: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub published_by: String,
        pub published_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What one participant thinks of the feedback loop.
pub mod loop_rating {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "loop_rating")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RatingId,
        pub opportunity_id: OpportunityId,
        pub participant_id: ParticipantId,
        pub heard: i32,
        pub ways: i32,
        pub matters: i32,
        pub change: i32,
        pub worth_it: i32,
        #[sea_orm(column_type = "Text", nullable)]
        pub harm: Option<String>,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
