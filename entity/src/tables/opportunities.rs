//! Tables of the room `opportunities`.

use crate::{Time, documents::*, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// One way to take part.
pub mod opportunity {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "opportunity")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: OpportunityId,
        pub project_id: ProjectId,
        pub kind: OpportunityKind,
        /// What it is among the activities that people choose, where that is not what its kind is as a rule.
        pub activity: Option<ActivityType>,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        #[sea_orm(column_type = "Text")]
        pub summary: String,
        pub rung: Rung,
        pub stage: Stage,
        #[sea_orm(column_type = "Text")]
        pub open_to_influence: String,
        #[sea_orm(column_type = "Text")]
        pub not_open: String,
        #[sea_orm(column_type = "Text")]
        pub who_decides: String,
        #[sea_orm(column_type = "Text")]
        pub how_chosen: String,
        /// Time asked for, in minutes.
        pub minutes: i32,
        pub preparation_minutes: i32,
        #[sea_orm(column_type = "JsonBinary")]
        pub formats: Formats,
        /// What the group is in which people meet, where that was said.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub group_facts: Option<GroupFacts>,
        #[sea_orm(column_type = "Text")]
        pub support: String,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub support_contact: Option<SupportContact>,
        #[sea_orm(column_type = "Text", nullable)]
        pub content_note: Option<String>,
        #[sea_orm(column_type = "JsonBinary")]
        pub payment: PaymentOffer,
        /// Empty for an open call.
        pub places: Option<i32>,
        /// For so many days a place is held for somebody who was asked; empty for an open call.
        pub reply_within_days: Option<i32>,
        pub opens_on: Option<chrono::NaiveDate>,
        pub closes_on: Option<chrono::NaiveDate>,
        /// When the activity itself begins.
        pub starts_at: Option<Time>,
        pub feedback_due: Option<chrono::NaiveDate>,
        /// Why the promised feedback day was moved after people were asked.
        #[sea_orm(column_type = "Text", nullable)]
        pub feedback_moved_reason: Option<String>,
        /// The day that was promised, where it had passed without a report when it was moved.
        pub feedback_late_since: Option<chrono::NaiveDate>,
        pub state: OpportunityState,
        pub opened_at: Option<Time>,
        pub closed_at: Option<Time>,
        /// Why it closed before its closing day was over.
        #[sea_orm(column_type = "Text", nullable)]
        pub closed_early_reason: Option<String>,
        pub notice_id: Option<NoticeId>,
        pub questionnaire_id: Option<QuestionnaireId>,
        /// What people were promised, as on the day it opened; empty in a draft.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub promised: Option<Promised>,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// How the places of an opportunity are shared out among groups, where they are.
pub mod selection {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "selection")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        #[sea_orm(column_type = "JsonBinary")]
        pub quotas: SeatQuotas,
        /// The day on which names are drawn among those who said yes, where letters go out first.
        pub draws_on: Option<chrono::NaiveDate>,
        /// When the first names were drawn among them.
        pub drawn_at: Option<Time>,
        pub version: i32,
        #[sea_orm(column_type = "Text")]
        pub changed_by: String,
        pub changed_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Something that staff have to do for people.
pub mod task {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "task")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: TaskId,
        pub kind: TaskKind,
        pub opportunity_id: OpportunityId,
        /// Whom it is about; empty where it is about everybody who takes part.
        pub participant_id: Option<ParticipantId>,
        /// The last day of the pause that it is about.
        pub paused_until: Option<chrono::NaiveDate>,
        pub made_at: Time,
        pub done_at: Option<Time>,
        #[sea_orm(column_type = "Text", nullable)]
        pub done_by: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The end of an opportunity by whoever ran it, before its work was done.
pub mod ending {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ending")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        /// What people are told about it.
        #[sea_orm(column_type = "Text")]
        pub words: String,
        #[sea_orm(column_type = "Text")]
        pub ended_by: String,
        pub ended_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What an opportunity is about.
pub mod opportunity_topic {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "opportunity_topic")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub topic_id: TopicId,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which decisions an opportunity feeds.
pub mod opportunity_decision {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "opportunity_decision")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub decision_id: DecisionId,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A published version of a consultation's questions; it never changes.
pub mod questionnaire {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "questionnaire")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: QuestionnaireId,
        pub opportunity_id: OpportunityId,
        pub n: i32,
        /// SurveyJS JSON as it was handed in.
        #[sea_orm(column_type = "Text")]
        pub definition: String,
        #[sea_orm(column_type = "Blob")]
        pub digest: Vec<u8>,
        #[sea_orm(column_type = "Text")]
        pub published_by: String,
        pub published_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
