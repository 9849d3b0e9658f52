//! Identifiers: one newtype a thing, so that an id of one kind can never be passed for another.
//!
//! Every id is a UUIDv7 made by the clock. A v7 id tells when it was made, so an id is never a secret
//! and never stands for a person in a place where they were promised anonymity.

/// Declares id newtypes that work as database keys, path parameters and JSON strings.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            sea_orm::DeriveValueType, poem_openapi::NewType,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        #[oai(to_header = false)]
        pub struct $name(pub uuid::Uuid);

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A login of a member of staff; may belong to several organisations.
    AccountId;
    /// One signed-in device of an account.
    AccountSessionId;
    /// A single-use link sent to staff: first set-up, invitation, new password.
    AccountLinkId;
    /// A note that staff have read something about people.
    ReadingId;
    /// What somebody answered to a letter by e-mail.
    ReplyId;
    /// News that is gathered for one letter.
    DigestId;
    /// An organisation: the tenant, because it is the data controller.
    OrganisationId;
    /// One account's role in one organisation.
    MembershipId;
    /// A key for another system.
    ApiKeyId;
    /// A queued piece of work.
    JobId;
    /// One sending: the letters of one kind that were made together.
    MailBatchId;
    /// One letter to one recipient.
    MailMessageId;
    /// A message that came back.
    MailInboundId;
    /// One thing that happened to a letter.
    MailEventId;
    /// Letters that wait for an operator's word.
    MailHoldId;
    /// An address that must not be written to.
    SuppressionId;
    /// A subject people can choose to be asked about.
    TopicId;
    /// A person who takes part.
    ParticipantId;
    /// A link sent to a participant.
    ParticipantLinkId;
    /// A participant's signed-in browser.
    ParticipantSessionId;
    /// One version of how a person wants to be involved.
    PreferenceId;
    /// A higher rung that a person tries for a while.
    TrialId;
    /// One fact about a person that they gave for fair representation.
    DemographicId;
    /// One file of people to be invited to join.
    ImportId;
    /// Something that staff have to do for people.
    TaskId;
    /// A piece of work from a need.
    ProjectId;
    /// A stage of a project.
    StageId;
    /// A choice that a project leads to.
    DecisionId;
    /// One way to take part.
    OpportunityId;
    /// A published version of a consultation's questions.
    QuestionnaireId;
    /// A version of a consent notice.
    NoticeId;
    /// The fact that a notice was shown to somebody.
    NoticeShownId;
    /// One consent event.
    ConsentEventId;
    /// One run of matching.
    MatchRunId;
    /// One plan that shares the asking among several opportunities.
    AskingPlanId;
    /// One person asked to take part in one opportunity.
    InvitationId;
    /// One link of an invitation; each letter carries its own.
    InvitationLinkId;
    /// A person's answers to one consultation.
    ResponseId;
    /// A seat in a workshop, group or panel.
    PlaceId;
    /// One dated meeting.
    MeetingId;
    /// Anything a participant gives beside a questionnaire response.
    ContributionId;
    /// Something that several people said.
    ThemeId;
    /// A proposal that follows from what people said, and is owed an answer.
    RecommendationId;
    /// A recorded effect of what people said on a decision.
    InfluenceId;
    /// An address at which another system hears of news.
    WebhookId;
    /// Something that other systems are told.
    WebhookEventId;
    /// One event on its way to one address.
    WebhookDeliveryId;
    /// A feedback report.
    ReportId;
    /// One published version of a report.
    ReleaseId;
    /// One participant's rating of the feedback loop.
    RatingId;
}
