//! Shapes of requests and answers.

use crate::{consent::record::Said, platform::secret::hex};
use entity::{
    ConsentEventId, ConsentType, LetterFormat, NoticeContent, NoticeId, NoticeState, OpportunityId, Purpose, Time,
    WithdrawalEffect, consent_event, consent_standing, notice,
};
use poem_openapi::Object;
use serde::Deserialize;

/// A notice to be drafted.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeIn {
    /// The opportunity it is for; left out, it is for the organisation as a whole.
    #[serde(default)]
    pub opportunity: Option<OpportunityId>,
    /// What it says.
    pub content: NoticeContent,
}

/// A changed draft.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeChangeIn {
    /// What it says.
    pub content: NoticeContent,
}

/// A notice.
#[derive(Object)]
pub struct NoticeOut {
    /// Its id.
    pub id: NoticeId,
    /// The opportunity it is for; absent for the organisation as a whole.
    #[oai(skip_serializing_if_is_none)]
    pub opportunity: Option<OpportunityId>,
    /// Number of the version.
    pub n: i32,
    /// Draft or published.
    pub state: NoticeState,
    /// What it says.
    pub content: NoticeContent,
    /// SHA-256 of the content, in hexadecimal, once published.
    #[oai(skip_serializing_if_is_none)]
    pub digest: Option<String>,
    /// When it was published.
    #[oai(skip_serializing_if_is_none)]
    pub published_at: Option<Time>,
}

impl From<notice::Model> for NoticeOut {
    fn from(row: notice::Model) -> Self {
        Self {
            id: row.id,
            opportunity: (row.scope_id != row.organisation_id.0).then_some(OpportunityId(row.scope_id)),
            n: row.n,
            state: row.state,
            content: row.content,
            digest: row.digest.map(|digest| hex(&digest)),
            published_at: row.published_at,
        }
    }
}

/// In which form a notice was shown.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownIn {
    /// Language tag.
    pub language: String,
    /// Plain English or Easy Read.
    pub format: LetterFormat,
}

/// The proof that a notice was shown.
#[derive(Object)]
pub struct ShownOut {
    /// Send it with what the person says; it works once, within a day.
    pub shown: String,
}

/// What a person says about one purpose.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentIn {
    /// About what.
    pub purpose: Purpose,
    /// `give`, `refuse` or `defer`.
    pub choice: ConsentType,
}

/// What a person says to a notice. Purposes that are left out stay as they are.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentsIn {
    /// The proof that the notice was shown.
    pub shown: String,
    /// What is said.
    pub consents: Vec<ConsentIn>,
}

impl ConsentsIn {
    /// What is said, for [`crate::consent::record::say`].
    pub fn said(&self) -> Vec<Said> {
        self.consents.iter().map(|one| Said { purpose: one.purpose, choice: one.choice }).collect()
    }
}

/// What is taken back.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawIn {
    /// To what.
    pub purpose: Purpose,
    /// For which opportunity; left out, for the organisation as a whole.
    #[serde(default)]
    pub opportunity: Option<OpportunityId>,
}

/// Where a consent stands.
#[derive(Object)]
pub struct StandingOut {
    /// To what.
    pub purpose: Purpose,
    /// For which opportunity; absent for the organisation as a whole.
    #[oai(skip_serializing_if_is_none)]
    pub opportunity: Option<OpportunityId>,
    /// The last thing that was said.
    pub said: ConsentType,
    /// Whether it is a yes that holds now.
    pub permits: bool,
    /// The notice it was said to.
    pub notice: NoticeId,
    /// The yes holds until.
    #[oai(skip_serializing_if_is_none)]
    pub valid_until: Option<Time>,
}

impl StandingOut {
    /// From the row.
    pub fn of(row: consent_standing::Model, now: Time) -> Self {
        let state = crate::consent::rules::State::after(row.r#type, row.valid_until);
        Self {
            purpose: row.purpose,
            opportunity: (row.scope_id != row.organisation_id.0).then_some(OpportunityId(row.scope_id)),
            said: row.r#type,
            permits: state.permits(now),
            notice: row.notice_id,
            valid_until: row.valid_until,
        }
    }
}

/// One thing a person said.
#[derive(Object)]
pub struct ConsentEventOut {
    /// Its id.
    pub id: ConsentEventId,
    /// About what.
    pub purpose: Purpose,
    /// For which opportunity; absent for the organisation as a whole.
    #[oai(skip_serializing_if_is_none)]
    pub opportunity: Option<OpportunityId>,
    /// What was said.
    pub said: ConsentType,
    /// To which notice.
    pub notice: NoticeId,
    /// How it reached us.
    pub channel: String,
    /// What withdrawing does, as the notice said.
    pub withdrawal_effect: WithdrawalEffect,
    /// When.
    pub at: Time,
    /// Holds until.
    #[oai(skip_serializing_if_is_none)]
    pub valid_until: Option<Time>,
}

impl From<consent_event::Model> for ConsentEventOut {
    fn from(row: consent_event::Model) -> Self {
        Self {
            id: row.id,
            purpose: row.purpose,
            opportunity: (row.scope_id != row.organisation_id.0).then_some(OpportunityId(row.scope_id)),
            said: row.r#type,
            notice: row.notice_id,
            channel: row.channel,
            withdrawal_effect: row.withdrawal_effect,
            at: row.occurred_at,
            valid_until: row.valid_until,
        }
    }
}

/// Whether something was taken back.
#[derive(Object)]
pub struct WithdrawnOut {
    /// Whether there was a yes to take back. A second withdrawal changes nothing.
    pub withdrawn: bool,
    /// What happens now, in words.
    pub message: String,
}

impl WithdrawnOut {
    /// In words.
    pub fn of(withdrawn: bool) -> Self {
        let message = if withdrawn {
            "It is taken back. What the notice promised is being done."
        } else {
            "There was nothing to take back."
        };
        Self { withdrawn, message: message.into() }
    }
}

/// What leaving means.
#[derive(Object)]
pub struct LeftOut {
    /// Plain sentences.
    pub what_happens: Vec<String>,
}
