//! Tables of the room `matching`.

use crate::{Time, documents::*, ids::*, words::*};
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
        /// The plan by which people were asked for several things together, if one was.
        pub plan_id: Option<AskingPlanId>,
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
        /// Over how many days an open call is spread; empty where everybody is asked at once.
        pub days: Option<i32>,
        /// Days on which everybody was asked whose turn it was.
        pub days_done: i32,
        /// Up to which place in the order people are asked on the day under way; empty as long as it is not worked out.
        pub bound: Option<i32>,
        /// When the next day's letters leave; empty while a day is under way.
        pub next_at: Option<Time>,
        pub considered: i32,
        pub eligible: i32,
        pub asked: i32,
        pub reserve: i32,
        /// Counts by reason, for the record; shown only through the minimum group rule.
        #[sea_orm(column_type = "JsonBinary")]
        pub reasons: serde_json::Value,
        /// What our part of the seed was committed to before, and when.
        #[sea_orm(column_type = "Blob", nullable)]
        pub commitment: Option<Vec<u8>>,
        pub committed_at: Option<Time>,
        /// The quotas, what had to give, and what cannot be kept; empty where there are none.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub quotas: Option<serde_json::Value>,
        /// The lottery over panels as JSON: all that a draw with quotas needs, beside the pool and the seed.
        #[sea_orm(column_type = "Blob", nullable)]
        pub lottery: Option<Vec<u8>>,
        /// `running`, `done`, or `stopped` where the quotas cannot be kept.
        #[sea_orm(column_type = "Text")]
        pub state: String,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub created_at: Time,
        pub finished_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Our part of the seed of an opportunity's next draw, which is fixed before anybody knows it.
pub mod seal {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "seal")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        /// Which of the opportunity's parts it is; the part itself is derived from the installation's key.
        pub n: i32,
        /// SHA-256 of that part in hexadecimal: public before the draw.
        #[sea_orm(column_type = "Blob")]
        pub commitment: Vec<u8>,
        pub made_at: Time,
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
        /// The quotas of that time; empty where there are none.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub quotas: Option<SeatQuotas>,
        /// How many of those who may be asked are of each kind: `[[people, [quota, ...]], ...]`.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub kinds: Option<serde_json::Value>,
        /// What a draw would do for them, when that has been worked out.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub outlook: Option<serde_json::Value>,
        /// How often people said yes before: `{"all": [asked, yes], "kind": [asked, yes]}`, the second to the same kind of thing.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub replies: Option<serde_json::Value>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A plan that shares the asking among several opportunities which need the same people.
pub mod asking_plan {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "asking_plan")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AskingPlanId,
        #[sea_orm(column_type = "Text")]
        pub rules_version: String,
        #[sea_orm(column_type = "Text")]
        pub seed: String,
        /// What our parts of the seed were committed to before: of each opportunity its id, the digest and since when.
        #[sea_orm(column_type = "JsonBinary")]
        pub commitments: serde_json::Value,
        /// Of each opportunity its id and how many yeses it aims for.
        #[sea_orm(column_type = "JsonBinary")]
        pub aims: serde_json::Value,
        /// People who were looked at.
        pub considered: i32,
        /// People who may be asked for one of the opportunities at least.
        pub wanted: i32,
        /// The opportunities and the kinds of people as JSON: all that the plan rests on.
        #[sea_orm(column_type = "Blob", nullable)]
        pub problem: Option<Vec<u8>>,
        /// What came of it: see `matching::together`.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub outcome: Option<serde_json::Value>,
        /// Of each kind, the chance of a letter for each opportunity in turn: 8 bytes each.
        #[sea_orm(column_type = "Blob", nullable)]
        pub chances: Option<Vec<u8>>,
        /// Who may be asked: a number of 16 bytes, the kind in 4, and how long ago they were asked in 1.
        #[sea_orm(column_type = "Blob", nullable)]
        pub pool: Option<Vec<u8>>,
        /// SHA-256 over the pool.
        #[sea_orm(column_type = "Blob", nullable)]
        pub pool_digest: Option<Vec<u8>>,
        /// `running`, `done`, or `stopped` where it could not go on.
        #[sea_orm(column_type = "Text")]
        pub state: String,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub created_at: Time,
        pub finished_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who applied for something themselves.
pub mod application {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "application")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        pub applied_at: Time,
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
