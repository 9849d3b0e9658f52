//! Tables of the room `mail`.

use crate::{Time, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// One sending: the letters of one kind that were made together.
pub mod mail_batch {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_batch")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MailBatchId,
        pub organisation_id: Option<OrganisationId>,
        #[sea_orm(column_type = "Text")]
        pub kind: String,
        /// What it is about, such as the opportunity.
        pub subject_id: Option<Uuid>,
        pub state: BatchState,
        #[sea_orm(column_type = "Text", nullable)]
        pub pause_reason: Option<String>,
        /// A letter of which nobody knows whether it arrived is left until a person decides, and not sent once more.
        pub ask_in_doubt: bool,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is known of a mail server, or of a domain that is written to.
pub mod mail_route {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_route")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: RouteKind,
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub name: String,
        /// Letters that may go, where there is a limit in time.
        pub letters: Option<f64>,
        /// When there were so many.
        pub filled_at: Option<Time>,
        /// Faults since a letter got through.
        pub faults: i32,
        /// How often nothing was tried for a while since a letter got through.
        pub opened: i32,
        /// Nothing is tried before this time.
        pub closed_until: Option<Time>,
        /// No letter has got through since, over all the times in which nothing was tried.
        pub shut_since: Option<Time>,
        #[sea_orm(column_type = "Text", nullable)]
        pub last_stage: Option<String>,
        pub last_code: Option<i32>,
        #[sea_orm(column_type = "Text", nullable)]
        pub last_enhanced: Option<String>,
        /// The last fault in the server's words, with addresses taken out.
        #[sea_orm(column_type = "Text", nullable)]
        pub last_text: Option<String>,
        /// When the first letter went to it, where it is to get to know us.
        pub started_on: Option<chrono::NaiveDate>,
        /// The day of the count.
        pub counted_on: Option<chrono::NaiveDate>,
        /// Letters on that day.
        pub counted: i32,
        pub changed_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who reads the mailbox for mail that comes back, when it is read next, and how that went. One row.
pub mod mail_fetch {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_fetch")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        /// Tells which mailbox it is and with which password; a keyed hash.
        pub settings: Vec<u8>,
        /// Whoever takes the mailbox over raises it.
        pub lease_token: i64,
        pub lease_until: Option<Time>,
        pub next_at: Time,
        /// Since it worked.
        pub failures: i32,
        pub outcome: Option<FetchOutcome>,
        /// Where in the conversation it ended, if it did not work.
        #[sea_orm(column_type = "Text", nullable)]
        pub stage: Option<String>,
        pub ended_at: Option<Time>,
        /// When it worked at last.
        pub worked_at: Option<Time>,
        /// Messages so far.
        pub taken: i64,
        /// Messages that are written down here and may still be in the mailbox, marked as deleted.
        #[sea_orm(column_type = "JsonBinary")]
        pub marked: Json,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One letter to one recipient; enqueued in the transaction of what it is about.
pub mod mail_message {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_message")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MailMessageId,
        pub batch_id: MailBatchId,
        pub organisation_id: Option<OrganisationId>,
        pub recipient_kind: RecipientKind,
        pub recipient_id: Uuid,
        #[sea_orm(column_type = "Text")]
        pub kind: String,
        /// 0 for the letter itself, 1 and up for reminders.
        pub n: i32,
        /// The row that the letter is about.
        pub subject_id: Option<Uuid>,
        /// As it was when the letter was made.
        #[sea_orm(column_type = "Text")]
        pub address: String,
        #[sea_orm(column_type = "Text")]
        pub domain: String,
        /// Fixed from the start: a letter sent again is the same letter.
        #[sea_orm(column_type = "Text")]
        pub message_id: String,
        /// Fixed from the start.
        pub date: Time,
        pub priority: i32,
        pub state: MailState,
        pub attempts: i32,
        /// How often it was left open whether the letter arrived.
        pub doubts: i32,
        pub next_at: Time,
        pub expires_at: Option<Time>,
        pub lease_token: i64,
        pub lease_until: Option<Time>,
        #[sea_orm(column_type = "Text", nullable)]
        pub last_stage: Option<String>,
        pub last_code: Option<i32>,
        #[sea_orm(column_type = "Text", nullable)]
        pub last_enhanced: Option<String>,
        /// The server's words, with addresses taken out.
        #[sea_orm(column_type = "Text", nullable)]
        pub last_text: Option<String>,
        pub created_at: Time,
        pub sent_at: Option<Time>,
        /// How many letters to the same domain were made with it and go before it.
        pub turn: i32,
        /// It may be taken now. Whoever writes `next_at` takes this back; a worker says it again when that time has come.
        pub due: bool,
        /// How often a server took leave of us instead of answering.
        pub turned_away: i32,
        /// What the last refusal was about.
        pub reason: Option<LetterReason>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Append-only: what happened to a letter.
pub mod mail_event {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MailEventId,
        pub message_id: MailMessageId,
        pub at: Time,
        pub event: MailState,
        #[sea_orm(column_type = "Text", nullable)]
        pub stage: Option<String>,
        pub code: Option<i32>,
        #[sea_orm(column_type = "Text", nullable)]
        pub detail: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Letters that wait for an operator's word: those of an organisation, or all.
pub mod mail_hold {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_hold")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MailHoldId,
        /// Empty for all letters.
        pub organisation_id: Option<OrganisationId>,
        pub why: HoldReason,
        pub since: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// An address that must not be written to, kept as a keyed hash so that it outlives erasure.
pub mod suppression {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "suppression")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: SuppressionId,
        #[sea_orm(column_type = "Blob")]
        pub address_hash: Vec<u8>,
        /// `all`, or the kind of letter.
        #[sea_orm(column_type = "Text")]
        pub scope: String,
        pub reason: SuppressionReason,
        pub created_at: Time,
        pub expires_at: Option<Time>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A message that came back to us.
pub mod mail_inbound {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_inbound")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: MailInboundId,
        /// Whose letter it is about, if that is proved.
        pub organisation_id: Option<OrganisationId>,
        /// The letter that it is about, if that is proved.
        pub message_id: Option<MailMessageId>,
        /// What it is, once it was read.
        pub kind: Option<InboundKind>,
        pub state: InboundState,
        /// Why it was laid aside, for the operator.
        #[sea_orm(column_type = "Text", nullable)]
        pub why: Option<String>,
        /// The addresses of ours that it was delivered to.
        #[sea_orm(column_type = "JsonBinary")]
        pub sent_to: serde_json::Value,
        /// All of it, as long as it is not understood.
        #[sea_orm(column_type = "Blob", nullable)]
        pub raw: Option<Vec<u8>>,
        /// So that a message that is delivered twice counts once.
        #[sea_orm(column_type = "Blob")]
        pub raw_hash: Vec<u8>,
        pub received_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
