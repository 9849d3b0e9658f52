//! Tables of the room `projects`.

use crate::{Time, documents::*, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// A piece of work from a need.
pub mod project {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "project")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ProjectId,
        pub kind: ProjectKind,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        #[sea_orm(column_type = "Text")]
        pub need: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub purpose: ProjectPurpose,
        #[sea_orm(column_type = "JsonBinary")]
        pub intended_users: Texts,
        #[sea_orm(column_type = "JsonBinary")]
        pub presence: PresenceTargets,
        pub claimed_rung: Option<Rung>,
        /// What can change, in public words.
        #[sea_orm(column_type = "Text", nullable)]
        pub promise: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A stage of a project.
pub mod stage {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "stage")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: StageId,
        pub project_id: ProjectId,
        pub stage: Stage,
        pub started_at: Option<Time>,
        pub settled_at: Option<Time>,
        #[sea_orm(column_type = "Text", nullable)]
        pub settled_by: Option<String>,
        pub version: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A choice that a project leads to.
pub mod decision {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "decision")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: DecisionId,
        pub project_id: ProjectId,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        pub stage: Stage,
        pub level: WorkLevel,
        pub weight: Weight,
        pub scope: DecisionScope,
        #[sea_orm(column_type = "Text", nullable)]
        pub reserved_reason: Option<String>,
        pub declared_at: Option<Time>,
        #[sea_orm(column_type = "Text")]
        pub owner: String,
        pub rule: DecisionRule,
        pub opens_on: Option<chrono::NaiveDate>,
        pub settles_on: Option<chrono::NaiveDate>,
        pub settled_at: Option<Time>,
        #[sea_orm(column_type = "Text", nullable)]
        pub outcome: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub outcome_reason: Option<String>,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
