//! Tables of the room `responses`.

use crate::{Time, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// Answers that are not handed in yet.
pub mod response_draft {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "response_draft")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub invitation_id: InvitationId,
        pub questionnaire_id: QuestionnaireId,
        #[sea_orm(column_type = "JsonBinary")]
        pub answers: serde_json::Value,
        pub version: i32,
        pub updated_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A person's answers to one consultation, pinned to the version of the questions they saw.
pub mod response {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "response")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ResponseId,
        pub opportunity_id: OpportunityId,
        pub participant_id: ParticipantId,
        pub invitation_id: InvitationId,
        pub questionnaire_id: QuestionnaireId,
        /// Empty once withdrawn.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub answers: Option<serde_json::Value>,
        pub state: ResponseState,
        pub submitted_at: Time,
        pub changed_at: Time,
        pub version: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A seat in a workshop, group, panel or role.
pub mod place {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "place")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: PlaceId,
        pub opportunity_id: OpportunityId,
        pub participant_id: ParticipantId,
        pub state: PlaceState,
        /// Order of acceptance; the waiting list follows it.
        pub position: i32,
        pub created_at: Time,
        pub released_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
