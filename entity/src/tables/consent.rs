//! Tables of the room `consent`.

use crate::{Time, documents::*, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// A version of a consent notice; once published it never changes and is known by its digest.
pub mod notice {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: NoticeId,
        /// The organisation, or one opportunity.
        pub scope_id: Uuid,
        pub n: i32,
        pub state: NoticeState,
        #[sea_orm(column_type = "JsonBinary")]
        pub content: NoticeContent,
        /// SHA-256 of the canonical content.
        #[sea_orm(column_type = "Blob")]
        pub digest: Option<Vec<u8>>,
        pub published_at: Option<Time>,
        #[sea_orm(column_type = "Text", nullable)]
        pub published_by: Option<String>,
        pub created_at: Time,
        pub version: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The notice was shown to somebody; its token can be used once.
pub mod notice_shown {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice_shown")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: NoticeShownId,
        pub participant_id: ParticipantId,
        pub notice_id: NoticeId,
        #[sea_orm(column_type = "Text")]
        pub language: String,
        pub format: LetterFormat,
        #[sea_orm(column_type = "Blob")]
        pub token_hash: Vec<u8>,
        pub at: Time,
        pub used_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Append-only: one thing a person said about one use of their data.
pub mod consent_event {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ConsentEventId,
        pub participant_id: ParticipantId,
        pub purpose: Purpose,
        pub scope_id: Uuid,
        pub notice_id: NoticeId,
        pub shown_id: Option<NoticeShownId>,
        #[sea_orm(column_name = "type")]
        pub r#type: ConsentType,
        #[sea_orm(column_type = "Text")]
        pub channel: String,
        #[sea_orm(column_type = "Text")]
        pub recorded_by: String,
        pub withdrawal_effect: WithdrawalEffect,
        pub occurred_at: Time,
        pub valid_until: Option<Time>,
        pub previous_id: Option<ConsentEventId>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Derived from the events, in the same transaction: where each consent stands now.
pub mod consent_standing {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "consent_standing")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub purpose: Purpose,
        #[sea_orm(primary_key, auto_increment = false)]
        pub scope_id: Uuid,
        #[sea_orm(column_name = "type")]
        pub r#type: ConsentType,
        pub event_id: ConsentEventId,
        pub notice_id: NoticeId,
        pub valid_until: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
