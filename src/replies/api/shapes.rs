//! What requests and answers about answers to letters look like.

use crate::replies::{
    decide::Part,
    own::Own,
    read::{Listed, Whole},
};
use entity::{ContributionId, MeetingId, OpportunityId, ParticipantId, ReplyId, ReplyState, Time, mail_reply};
use poem_openapi::{Enum, Object};
use serde::Deserialize;

/// Which words of an answer count.
#[derive(Clone, Copy, Debug, Enum, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ReplyWords {
    /// What the person newly wrote.
    Own,
    /// All of it, with what they quoted.
    Whole,
}

impl From<ReplyWords> for Part {
    fn from(words: ReplyWords) -> Self {
        match words {
            ReplyWords::Own => Self::Words,
            ReplyWords::Whole => Self::Whole,
        }
    }
}

/// That an answer counts.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakeReplyIn {
    /// Which of its words count. Take all of it where what was newly written was not told rightly from what was quoted.
    pub words: ReplyWords,
}

/// That an answer counts nowhere.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetReplyAsideIn {
    /// Why, or what you did about it. The person reads this.
    pub reason: String,
}

/// An answer in a list: without words, and without whose it is.
#[derive(Object)]
pub struct MailReplyLineOut {
    /// Its id.
    id: ReplyId,
    /// What became of it.
    state: ReplyState,
    /// When it came.
    received_at: Time,
    /// What the letter was about, if it was about one opportunity.
    opportunity: Option<OpportunityId>,
    /// Its title.
    title: Option<String>,
    /// Whether all that it says is that the person wants no more letters.
    asks_to_stop: bool,
    /// How many files came with it. They are not kept.
    attachments: i32,
    /// When it was decided what becomes of it.
    decided_at: Option<Time>,
}

impl From<Listed> for MailReplyLineOut {
    fn from(listed: Listed) -> Self {
        let Listed { row, about } = listed;
        Self {
            id: row.id,
            state: row.state,
            received_at: row.received_at,
            opportunity: row.opportunity_id,
            title: about.map(|about| about.title),
            asks_to_stop: row.asks_to_stop,
            attachments: row.attachments,
            decided_at: row.decided_at,
        }
    }
}

/// An answer with its words.
#[derive(Object)]
pub struct MailReplyOut {
    /// Its id.
    id: ReplyId,
    /// What became of it.
    state: ReplyState,
    /// When it came.
    received_at: Time,
    /// Whom the letter went to.
    participant: ParticipantId,
    /// Their name, if they gave one.
    name: Option<String>,
    /// What the letter was about, if it was about one opportunity.
    opportunity: Option<OpportunityId>,
    /// Its title.
    title: Option<String>,
    /// The meeting that the letter was about.
    meeting: Option<MeetingId>,
    /// What the person newly wrote; absent once they took it back.
    words: Option<String>,
    /// All that they wrote, with what they quoted; links are taken out. Absent once it was taken.
    whole: Option<String>,
    /// Whether it was longer than what is kept, and lacks its end.
    cut: bool,
    /// Whether words stood between what they answer, so that they are understood with the whole text alone.
    in_between: bool,
    /// How many files came with it. They are not kept.
    attachments: i32,
    /// The names of the first of them.
    attachment_names: Vec<String>,
    /// Whether the address that it came to proves that whoever wrote it has had the letter.
    sure: bool,
    /// Whether it says that it is from whom the letter went to. Anybody can write that.
    same_sender: bool,
    /// Whether all that it says is that the person wants no more letters.
    asks_to_stop: bool,
    /// Whether letters were stopped because of that.
    stopped: bool,
    /// Why it was set aside.
    reason: Option<String>,
    /// Who decided what becomes of it.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<Time>,
    /// What was made of it.
    contribution: Option<ContributionId>,
}

fn names(row: &mail_reply::Model) -> Vec<String> {
    serde_json::from_value(row.attachment_names.clone()).unwrap_or_default()
}

impl From<Whole> for MailReplyOut {
    fn from(found: Whole) -> Self {
        let words = found.words().map(str::to_owned);
        let Whole { row, about, person, .. } = found;
        Self {
            attachment_names: names(&row),
            id: row.id,
            state: row.state,
            received_at: row.received_at,
            participant: row.participant_id,
            name: person.and_then(|person| person.name),
            opportunity: row.opportunity_id,
            title: about.map(|about| about.title),
            meeting: row.meeting_id,
            words,
            whole: row.whole,
            cut: row.cut,
            in_between: row.in_between,
            attachments: row.attachments,
            sure: row.sure,
            same_sender: row.same_sender,
            asks_to_stop: row.asks_to_stop,
            stopped: row.stopped,
            reason: row.reason,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            contribution: row.contribution_id,
        }
    }
}

/// One of my own answers.
#[derive(Object)]
pub struct MyReplyOut {
    /// Its id.
    id: ReplyId,
    /// What became of it.
    state: ReplyState,
    /// When it came.
    received_at: Time,
    /// What the letter was about, if it was about one opportunity.
    opportunity: Option<OpportunityId>,
    /// Its title.
    title: Option<String>,
    /// What I newly wrote, as it was understood; absent once I took it back.
    words: Option<String>,
    /// All that I wrote, with what I quoted; absent once it was taken.
    whole: Option<String>,
    /// How many files came with it. They are not kept.
    attachments: i32,
    /// The names of the first of them.
    attachment_names: Vec<String>,
    /// Whether letters were stopped because of it.
    stopped: bool,
    /// Why it was set aside, or what was done about it.
    reason: Option<String>,
    /// When it was decided what becomes of it.
    decided_at: Option<Time>,
    /// What was made of it.
    contribution: Option<ContributionId>,
}

impl From<Own> for MyReplyOut {
    fn from(own: Own) -> Self {
        let words = own.words().map(str::to_owned);
        let Own { row, about, .. } = own;
        Self {
            attachment_names: names(&row),
            id: row.id,
            state: row.state,
            received_at: row.received_at,
            opportunity: row.opportunity_id,
            title: about.map(|about| about.title),
            words,
            whole: row.whole,
            attachments: row.attachments,
            stopped: row.stopped,
            reason: row.reason,
            decided_at: row.decided_at,
            contribution: row.contribution_id,
        }
    }
}
