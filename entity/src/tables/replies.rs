//! Tables of the room `replies`.

use crate::{Time, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// What somebody answered to a letter by e-mail.
pub mod mail_reply {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_reply")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ReplyId,
        /// The letter.
        pub message_id: MailMessageId,
        /// Whom the letter went to.
        pub participant_id: ParticipantId,
        /// What the letter was about, if it was about one opportunity.
        pub opportunity_id: Option<OpportunityId>,
        /// The meeting that the letter was about.
        pub meeting_id: Option<MeetingId>,
        pub received_at: Time,
        /// What the person newly wrote. Empty once it was taken: then the contribution holds it.
        #[sea_orm(column_type = "Text", nullable)]
        pub words: Option<String>,
        /// All that they wrote, with what they quoted. Empty once it was taken.
        #[sea_orm(column_type = "Text", nullable)]
        pub whole: Option<String>,
        /// Whether it was longer than what is kept, and lacks its end.
        pub cut: bool,
        /// Whether words stood between what they answer.
        pub in_between: bool,
        /// How many files came with it. They are not kept.
        pub attachments: i32,
        /// The names of the first of them.
        #[sea_orm(column_type = "JsonBinary")]
        pub attachment_names: serde_json::Value,
        /// Whether the address that it came to proves that whoever wrote it has had the letter.
        pub sure: bool,
        /// Whether it says that it is from whom the letter went to.
        pub same_sender: bool,
        /// Whether all that it says is that the person wants no more letters.
        pub asks_to_stop: bool,
        /// Whether letters were stopped because of that.
        pub stopped: bool,
        pub state: ReplyState,
        /// Why it was set aside, for the person.
        #[sea_orm(column_type = "Text", nullable)]
        pub reason: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub decided_by: Option<String>,
        pub decided_at: Option<Time>,
        /// What was made of it.
        pub contribution_id: Option<ContributionId>,
        /// So that an answer that is delivered twice is one.
        #[sea_orm(column_type = "Blob")]
        pub once: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
