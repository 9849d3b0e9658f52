//! Tables of the room `sessions`.

use crate::{Time, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// One dated meeting of an opportunity.
pub mod meeting {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "meeting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MeetingId,
        pub opportunity_id: OpportunityId,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        pub starts_at: Time,
        pub ends_at: Time,
        #[sea_orm(column_type = "Text", nullable)]
        pub location: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub notes: Option<String>,
        pub notes_shared_at: Option<Time>,
        pub notes_agreed_at: Option<Time>,
        pub version: i32,
        pub created_at: Time,
        /// Since when it does not take place.
        pub cancelled_at: Option<Time>,
        /// How often what matters to those who come was changed: `SEQUENCE` in calendars (RFC 5545, 3.8.7.4).
        pub sequence: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a meeting was at one time: letters say what has changed since somebody was told.
pub mod meeting_revision {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "meeting_revision")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: MeetingId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i32,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        pub starts_at: Time,
        pub ends_at: Time,
        #[sea_orm(column_type = "Text", nullable)]
        pub location: Option<String>,
        /// Whether it does not take place.
        pub cancelled: bool,
        /// Since when it is so.
        pub made_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Whether somebody was at a meeting.
pub mod attendance {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "attendance")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: MeetingId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        pub attendance: Attendance,
        #[sea_orm(column_type = "Text")]
        pub recorded_by: String,
        pub recorded_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A participant says the notes are right, or what is wrong with them.
pub mod notes_agreement {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes_agreement")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: MeetingId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        pub agrees: bool,
        #[sea_orm(column_type = "Text", nullable)]
        pub comment: Option<String>,
        pub at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Anything a participant gives beside a questionnaire response.
pub mod contribution {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contribution")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ContributionId,
        pub opportunity_id: OpportunityId,
        pub meeting_id: Option<MeetingId>,
        pub participant_id: Option<ParticipantId>,
        /// Empty once withdrawn.
        #[sea_orm(column_type = "Text", nullable)]
        pub text: Option<String>,
        pub quote: QuotePermission,
        #[sea_orm(column_type = "Text")]
        pub recorded_by: String,
        pub created_at: Time,
        pub withdrawn_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
