//! Documents: values that are read and written whole, stored as one JSON column, and served in the same shape.

use crate::{ids::DecisionId, words::*};
use chrono::NaiveDate;

/// Declares a document: one struct for the column, the request and the response.
/// Unknown fields are refused, missing optional ones take their default.
macro_rules! documents {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize,
            poem_openapi::Object, sea_orm::FromJsonQueryResult,
        )]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }
    )*};
}

pub(crate) use documents;

documents! {
    /// Why a project exists, in the words of the 4Pi standards: purpose and impact.
    ProjectPurpose {
        /// Why people are involved.
        #[serde(default)]
        #[oai(default)]
        why: String,
        /// What the people who take part get out of it.
        #[serde(default)]
        #[oai(default)]
        benefit_to_participants: String,
        /// What should be different afterwards.
        #[serde(default)]
        #[oai(default)]
        intended_change: String,
    }

    /// A group whose presence is sought.
    PresenceTarget {
        /// The kind of fact, such as `age_band`.
        dimension: String,
        /// The group, such as `25_34`.
        category: String,
        /// How many people of this group are sought.
        sought: i32,
    }

    /// How many of those seated are of a group. Who says nothing about a kind of fact counts for none of its groups.
    SeatQuota {
        /// The kind of fact, such as `age_band`.
        dimension: String,
        /// The group, such as `25_34`.
        category: String,
        /// At least so many are seated.
        min: i32,
        /// At most so many are seated.
        max: i32,
    }

    /// What the group is in which people meet others, as whoever runs it says.
    GroupFacts {
        /// It is for women only.
        #[serde(default)]
        #[oai(default)]
        women_only: bool,
        /// Everybody in it shares the experience that it is about.
        #[serde(default)]
        #[oai(default)]
        same_experience: bool,
        /// Whoever leads it is known to those who come.
        #[serde(default)]
        #[oai(default)]
        known_facilitator: bool,
        /// Who else is there; empty for nobody, left out where it is not said.
        #[serde(default)]
        present: Option<Vec<Present>>,
    }

    /// The payment statement of an opportunity. It must be there, also when nothing is paid.
    PaymentOffer {
        /// What is offered.
        kind: PaymentKind,
        /// Pence for the whole activity with preparation; not with `unpaid`.
        #[serde(default)]
        amount_pence: Option<i64>,
        /// What is paid beside that: travel, care cover, data.
        #[serde(default)]
        #[oai(default)]
        expenses: String,
        /// How and when it is paid.
        #[serde(default)]
        #[oai(default)]
        how: String,
    }

    /// A decision as people were told of it on the day the opportunity opened.
    PromisedDecision {
        /// The decision.
        decision: DecisionId,
        /// What is to be decided.
        title: String,
        /// Whether people can change it.
        scope: DecisionScope,
        /// Why they cannot.
        #[serde(default)]
        reserved_reason: Option<String>,
        /// Who decides.
        owner: String,
    }

    /// What people were promised, kept as on the day the opportunity opened.
    Promised {
        /// What can change, in the project's public words.
        promise: String,
        /// Why people are involved.
        purpose: ProjectPurpose,
        /// The rung that the project claimed.
        claimed_rung: Rung,
        /// The decisions it feeds, and everything in the project that people cannot change.
        decisions: Vec<PromisedDecision>,
    }

    /// The person or team to turn to when something in an opportunity is hard to bear.
    SupportContact {
        /// Who.
        name: String,
        /// How to reach them.
        reach: String,
    }

    /// One use of personal data in a notice.
    NoticePurpose {
        /// What for.
        purpose: Purpose,
        /// What it means, in plain English.
        text: String,
        /// Whether taking part is impossible without it.
        #[serde(default)]
        #[oai(default)]
        necessary: bool,
        /// Which data.
        data: Vec<String>,
        /// Who receives it.
        #[serde(default)]
        #[oai(default)]
        recipients: Vec<String>,
        /// How long it is kept.
        retention: String,
        /// On what ground it is used.
        legal_basis: LegalBasis,
        /// What withdrawing does.
        withdrawal_effect: WithdrawalEffect,
        /// On what ground data that stays is kept after withdrawal.
        legal_basis_after: LegalBasis,
        /// Months for which the consent holds (1-24).
        valid_months: i32,
    }

    /// The content of a notice: what somebody reads before they agree.
    NoticeContent {
        /// Language tag, such as `en`.
        language: String,
        /// Heading.
        title: String,
        /// The text, in plain English.
        text: String,
        /// The same in Easy Read, where it was written.
        #[serde(default)]
        easy_read_text: Option<String>,
        /// Who is responsible for the data.
        controllers: Vec<String>,
        /// Whom to ask or complain to.
        contact: String,
        /// The uses, each a switch of its own.
        purposes: Vec<NoticePurpose>,
    }

    /// Why somebody was asked, kept for their own eyes.
    WhyAsked {
        /// Plain sentences.
        reasons: Vec<String>,
    }

    /// What a coordinator says in a letter in their own words.
    LetterWord {
        /// Which letter.
        letter: OwnLetter,
        /// Where in it.
        slot: OwnSlot,
        /// The language of the words, such as `en`.
        language: String,
        /// Whether they are in plain words or in Easy Read. Neither is made of the other.
        form: OwnForm,
        /// In Markdown: paragraphs, lines, lists, bold, italics, and links to `https://` and `mailto:` addresses. `{{ name }}` is a
        /// gap that is filled for each person; `{{ name | there }}` says what to write for somebody who gave no name. 4000 characters
        /// at most.
        text: String,
    }

    /// The hours and days in which an organisation's letters leave, by the clock of whoever gets them: from the first hour until before
    /// the second, over midnight where the first is the later one. Each moment belongs to the day that the calendar shows then.
    LettersWindow {
        /// From this hour on: 0 to 23.
        #[serde(default)]
        #[oai(default)]
        from_hour: i32,
        /// Until before this hour: 1 to 24, and another one than the first.
        #[serde(default = "midnight")]
        #[oai(default = "midnight")]
        to_hour: i32,
        /// On these days, each named once; all seven when left out.
        #[serde(default = "every_day")]
        #[oai(default = "every_day")]
        days: Vec<DayOfWeek>,
    }

    /// Something that will be done after a report.
    NextStep {
        /// What.
        what: String,
        /// Who.
        owner: String,
        /// By when.
        due: NaiveDate,
    }
}

fn midnight() -> i32 {
    24
}

fn every_day() -> Vec<DayOfWeek> {
    DayOfWeek::ALL.to_vec()
}

/// A list of documents or words in one JSON column.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident($item:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, sea_orm::FromJsonQueryResult)]
        #[serde(transparent)]
        pub struct $name(pub Vec<$item>);
    )*};
}

lists! {
    /// Words in plain text.
    Texts(String);
    /// Scopes of an API key.
    Scopes(Scope);
    /// News that a webhook is told of.
    WebhookEvents(WebhookEventKind);
    /// Presence targets of a project.
    PresenceTargets(PresenceTarget);
    /// How places are shared out among groups.
    SeatQuotas(SeatQuota);
    /// What a coordinator says in letters in their own words.
    LetterWords(LetterWord);
    /// Forms an opportunity offers.
    Formats(Format);
    /// What will be done next.
    NextSteps(NextStep);
}
