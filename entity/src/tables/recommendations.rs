//! Tables of the room `recommendations`.

use crate::{Time, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// Something that people said.
pub mod theme {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "theme")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ThemeId,
        pub opportunity_id: OpportunityId,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        #[sea_orm(column_type = "Text")]
        pub summary: String,
        /// A view of few, kept beside the others.
        pub minority: bool,
        pub position: i32,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who said it: a response or a contribution.
pub mod theme_source {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "theme_source")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub theme_id: ThemeId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub source_id: Uuid,
        pub response_id: Option<ResponseId>,
        pub contribution_id: Option<ContributionId>,
        pub participant_id: Option<ParticipantId>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A proposal that follows from what people said; it is owed an answer.
pub mod recommendation {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recommendation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RecommendationId,
        pub opportunity_id: OpportunityId,
        pub theme_id: Option<ThemeId>,
        pub decision_id: Option<DecisionId>,
        #[sea_orm(column_type = "Text")]
        pub text: String,
        pub outcome: RecommendationOutcome,
        #[sea_orm(column_type = "Text", nullable)]
        pub reason: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub owner: Option<String>,
        pub due: Option<chrono::NaiveDate>,
        pub position: i32,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A recorded effect of what people said on a decision.
pub mod influence {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "influence")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: InfluenceId,
        pub decision_id: DecisionId,
        pub theme_id: Option<ThemeId>,
        pub contribution_id: Option<ContributionId>,
        pub level: InfluenceLevel,
        #[sea_orm(column_type = "Text")]
        pub note: String,
        pub standing: Standing,
        #[sea_orm(column_type = "Text")]
        pub claimed_by: String,
        pub claimed_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One participant concerned says whether a recorded effect is right.
pub mod influence_answer {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "influence_answer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub influence_id: InfluenceId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        pub standing: Standing,
        pub at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
