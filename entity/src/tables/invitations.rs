//! Tables of the room `invitations`.

use crate::{Time, documents::*, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// One person asked to take part in one opportunity.
pub mod invitation {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: InvitationId,
        pub opportunity_id: OpportunityId,
        pub participant_id: ParticipantId,
        pub run_id: Option<MatchRunId>,
        pub state: InvitationState,
        /// A question is put first; the first reason in `why` says why.
        pub question_first: bool,
        #[sea_orm(column_type = "JsonBinary")]
        pub why: WhyAsked,
        /// The last day on which a place is held for this person; empty where no place is, or is no longer.
        pub held_until: Option<chrono::NaiveDate>,
        pub reminders: i32,
        pub reminded_at: Option<Time>,
        pub ask_again_on: Option<chrono::NaiveDate>,
        pub replied_at: Option<Time>,
        pub ended_at: Option<Time>,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The question whether somebody who does not answer wants to go on hearing from the organisation.
pub mod silence {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "silence")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        /// When it was put last.
        pub asked_at: Time,
        /// When they said that they want to go on.
        pub answered_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// How somebody changed the part that they have in an opportunity. Whoever takes part as they said has no row.
pub mod part {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "part")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub participant_id: ParticipantId,
        pub state: PartState,
        /// The last day of a pause.
        pub paused_until: Option<chrono::NaiveDate>,
        /// When the letter was made that asks, after a pause, whether they want to go on.
        pub asked_at: Option<Time>,
        /// Whether they are told what came of it.
        pub results: bool,
        pub changed_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A link of an invitation, stored as its SHA-256; every letter carries its own.
pub mod invitation_link {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitation_link")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: InvitationLinkId,
        pub invitation_id: InvitationId,
        #[sea_orm(column_type = "Blob")]
        pub token_hash: Vec<u8>,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One version of what coordinators say in the letters about an opportunity. Versions are never changed: a letter says what the
/// words were when it was made.
pub mod letter_words {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "letter_words")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub opportunity_id: OpportunityId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub n: i32,
        #[sea_orm(column_type = "JsonBinary")]
        pub words: LetterWords,
        #[sea_orm(column_type = "Text")]
        pub written_by: String,
        pub written_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
