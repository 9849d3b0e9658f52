//! Tables of the room `participants`.

use crate::{Time, ids::*, preference_document::*, words::*};
use sea_orm::entity::prelude::*;

/// A subject people can choose to be asked about.
pub mod topic {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "topic")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: TopicId,
        /// Stable name in addresses and files.
        #[sea_orm(column_type = "Text")]
        pub key: String,
        #[sea_orm(column_type = "Text")]
        pub title: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub description: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub easy_read: Option<String>,
        pub retired_at: Option<Time>,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A person known to one organisation.
pub mod participant {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "participant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ParticipantId,
        /// As the person wrote it.
        #[sea_orm(column_type = "Text")]
        pub email: String,
        /// As compared: lower case, composed, trimmed.
        #[sea_orm(column_type = "Text")]
        pub email_key: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub name: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub language: String,
        pub state: ParticipantState,
        pub source: ParticipantSource,
        /// The version that counts.
        pub preference_id: Option<PreferenceId>,
        /// The day on which that version is looked at again.
        pub review_after: Option<chrono::NaiveDate>,
        pub created_at: Time,
        pub joined_at: Option<Time>,
        pub left_at: Option<Time>,
        pub last_asked_at: Option<Time>,
        pub version: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A link sent to a person, stored as its SHA-256.
pub mod participant_link {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "participant_link")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ParticipantLinkId,
        pub participant_id: ParticipantId,
        pub purpose: ParticipantLinkPurpose,
        #[sea_orm(column_type = "Blob")]
        pub token_hash: Vec<u8>,
        pub created_at: Time,
        pub expires_at: Option<Time>,
        pub used_at: Option<Time>,
        /// What whoever asked for the link called themselves; it counts once the link is used.
        #[sea_orm(column_type = "Text", nullable)]
        pub name: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub language: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A person's signed-in browser.
pub mod participant_session {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "participant_session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ParticipantSessionId,
        pub participant_id: ParticipantId,
        #[sea_orm(column_type = "Blob")]
        pub token_hash: Vec<u8>,
        pub created_at: Time,
        pub last_used_at: Time,
        pub idle_until: Time,
        pub expires_at: Time,
        pub revoked_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Append-only: one version of how a person wants to be involved.
pub mod preference {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "preference")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: PreferenceId,
        pub participant_id: ParticipantId,
        pub n: i32,
        #[sea_orm(column_type = "Json")]
        pub document: PreferenceDoc,
        pub recorded_at: Time,
        #[sea_orm(column_type = "Text")]
        pub recorded_by: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// News that is gathered for one person until a day, and leaves in one letter.
pub mod digest {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "digest")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: DigestId,
        pub participant_id: ParticipantId,
        /// The day on which it leaves: one a person and day.
        pub due_on: Date,
        /// Since when nothing is added, where it left before its day.
        pub closed_at: Option<Time>,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One piece of gathered news: what a letter of a kind about a row would have told.
pub mod digest_item {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "digest_item")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest_id: DigestId,
        /// The kind of the letter that it would have been.
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub kind: String,
        /// What that is about.
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject_id: Uuid,
        pub added_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A person tries a higher rung for a while, beside the version of their wishes that counted when they began.
pub mod trial {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "trial")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: TrialId,
        pub participant_id: ParticipantId,
        /// What counted before, and counts again afterwards.
        pub preference_id: PreferenceId,
        pub rung: Rung,
        pub sessions: i32,
        /// The last day on which it runs.
        pub last_day: chrono::NaiveDate,
        /// Who goes along, in the person's words; forgotten when it ends.
        #[sea_orm(column_type = "Text", nullable)]
        pub supporter: Option<String>,
        pub started_at: Time,
        /// When the person was asked how it is going.
        pub asked_at: Option<Time>,
        pub ended_at: Option<Time>,
        pub ended: Option<TrialEnd>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One fact about a person, given for fair representation; counted only while consent stands.
pub mod demographic {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "demographic")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: DemographicId,
        pub participant_id: ParticipantId,
        #[sea_orm(column_type = "Text")]
        pub dimension: String,
        #[sea_orm(column_type = "Text")]
        pub category: String,
        pub recorded_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One file of people to be asked to join.
pub mod import_run {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "import_run")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ImportId,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub created_at: Time,
        pub finished_at: Option<Time>,
        pub lines: i32,
        pub invited: i32,
        pub unchanged: i32,
        pub refused: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What became of one line of a file.
pub mod import_line {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "import_line")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub import_id: ImportId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub line: i32,
        pub outcome: ImportOutcome,
        #[sea_orm(column_type = "Text", nullable)]
        pub detail: Option<String>,
        pub participant_id: Option<ParticipantId>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
