//! The vocabulary: every enumeration of the domain, the same word from the database to the API.
//!
//! Stored as snake_case strings, never as native database enums, so that both databases agree and a new word
//! needs no migration.

/// Declares enums stored and served as snake_case words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            sea_orm::EnumIter, sea_orm::DeriveActiveEnum, poem_openapi::Enum,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[oai(rename_all = "snake_case")]
        #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every word of this vocabulary, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word as stored and served.
            pub fn word(self) -> String {
                sea_orm::ActiveEnum::to_value(&self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.word())
            }
        }
    )*};
}

words! {
    /// A position on the ladder of co-production (Think Local Act Personal and the National Co-production Advisory Group).
    Rung {
        /// People attend, and their views do not count.
        Coercion,
        /// People are helped to understand services.
        Educating,
        /// People are told what was decided and why.
        Informing,
        /// People are asked for their views.
        Consultation,
        /// People give views more than once and may influence some decisions.
        Engagement,
        /// People help to design, and have real influence.
        CoDesign,
        /// People share decisions and delivery from start to end.
        CoProduction,
    }

    /// What staff have read about people.
    ReadingOf {
        /// The list of people.
        People,
        /// The list of people, as a file.
        PeopleFile,
        /// One person's record.
        Person,
        /// Answers, without names.
        Answers,
        /// Answers, without names, as a file.
        AnswersFile,
        /// Who holds a place.
        Places,
        /// Who was at a meeting.
        Attendance,
        /// What people said at meetings or beside a questionnaire, without names.
        Contributions,
        /// A draw, with the groups that those count for who could be drawn, without names.
        Draw,
        /// Who changed their part, and what is to be done about it.
        Tasks,
        /// Who is expected at a meeting, and what they need there.
        Expected,
        /// What one person answered to a letter by e-mail.
        Reply,
    }

    /// What became of what somebody answered to a letter.
    ReplyState {
        /// Nobody has decided about it yet.
        New,
        /// It counts as something that the person gave.
        Taken,
        /// It was read, and counts nowhere.
        SetAside,
    }

    /// What a member of staff may do in an organisation.
    Role {
        /// Runs the organisation's settings and staff, and all that a coordinator does.
        Administrator,
        /// Plans, runs and feeds back.
        Coordinator,
        /// Reads answers and exports; changes nothing.
        Analyst,
        /// Reads projects, opportunities and reports; sees no person.
        Viewer,
    }

    /// What a single-use staff link is for.
    AccountLinkPurpose {
        /// The first administrator of a new installation.
        SetUp,
        /// An invitation to join an organisation's staff.
        StaffInvitation,
        /// Choosing a new password.
        PasswordReset,
    }

    /// What an API key may be used for.
    Scope {
        /// Read projects, opportunities, reports.
        Read,
        /// Manage projects and opportunities.
        Manage,
        /// Import people and read their contact details.
        People,
        /// Read and export responses.
        Responses,
    }

    /// News that other systems can hear of.
    WebhookEventKind {
        /// An opportunity has opened.
        #[oai(rename = "opportunity.opened")]
        #[serde(rename = "opportunity.opened")]
        #[sea_orm(string_value = "opportunity.opened")]
        OpportunityOpened,
        /// An opportunity has closed: no more answers are taken.
        #[oai(rename = "opportunity.closed")]
        #[serde(rename = "opportunity.closed")]
        #[sea_orm(string_value = "opportunity.closed")]
        OpportunityClosed,
        /// A version of a report was published.
        #[oai(rename = "report.published")]
        #[serde(rename = "report.published")]
        #[sea_orm(string_value = "report.published")]
        ReportPublished,
        /// The day by which people were to be told has passed without a report.
        #[oai(rename = "feedback.overdue")]
        #[serde(rename = "feedback.overdue")]
        #[sea_orm(string_value = "feedback.overdue")]
        FeedbackOverdue,
        /// A test that an administrator asked for. It is sent to every webhook that is tested.
        #[oai(rename = "webhook.test")]
        #[serde(rename = "webhook.test")]
        #[sea_orm(string_value = "webhook.test")]
        Test,
    }

    /// Whether a webhook is told of news.
    WebhookState {
        /// It is told.
        On,
        /// News waits until somebody lets it go on.
        Paused,
        /// It is not told; what happens meanwhile is kept as missed.
        Off,
    }

    /// Why a webhook was switched off.
    WebhookOffReason {
        /// Nothing could be delivered for days.
        Failing,
        /// It answered that it is gone for good (410).
        Gone,
    }

    /// Where a delivery stands.
    WebhookDeliveryState {
        /// Will be tried, or tried again.
        Waiting,
        /// The receiver has it.
        Delivered,
        /// Given up after the last try.
        Failed,
        /// Not tried, because the webhook was switched off.
        Missed,
    }

    /// Why a delivery did not arrive.
    WebhookProblem {
        /// No answer in time.
        Timeout,
        /// The name of the host leads nowhere.
        UnknownHost,
        /// The name of the host leads to an address that is not public.
        PrivateAddress,
        /// No connection could be made.
        Connection,
        /// No encrypted connection could be made.
        Tls,
        /// The answer was no HTTP.
        Protocol,
        /// The answer was no success.
        Status,
    }

    /// Where a queued job stands.
    JobState {
        /// Waits for its time.
        Waiting,
        /// A worker holds it.
        Leased,
        /// Gave up; visible, and can be retried.
        Dead,
    }

    /// Where a sending stands.
    BatchState {
        /// Letters go out as their time comes.
        Running,
        /// Stopped by a person or by itself.
        Paused,
        /// Will not continue.
        Cancelled,
    }

    /// Where a letter stands.
    MailState {
        /// Waits to be sent.
        Queued,
        /// A worker holds it; the server has not been handed the letter yet.
        Leased,
        /// The whole letter is being handed over: if the process dies now, whether it arrived is not known.
        Dot,
        /// The server took it.
        Sent,
        /// The server said "later".
        Deferred,
        /// Will not be tried again.
        Failed,
        /// Handed over, but no answer was seen.
        Uncertain,
        /// Not sent, because the person does not want it.
        Suppressed,
        /// Not sent, because it was taken back.
        Cancelled,
        /// Not sent, because its time has passed.
        Expired,
    }

    /// Why a letter did not arrive, or not yet; the most pressing first.
    LetterReason {
        /// Our mail server is not reached, or does not let us in.
        OurServer,
        /// Our own sender's address was refused.
        Sender,
        /// Something in the letter was refused.
        Content,
        /// The letter is too large.
        TooLarge,
        /// The other side does not take mail from us.
        NotWelcome,
        /// It could not be written.
        Unwritten,
        /// It was handed over, and nobody said whether it was taken.
        NoAnswer,
        /// There is no such mailbox.
        NoSuchAddress,
        /// The mailbox is switched off.
        Disabled,
        /// The mailbox is full.
        Full,
        /// The address has letters that the mail server cannot write to.
        OtherLetters,
        /// The other side did not take it yet, or not as long as it was tried.
        NotNow,
        /// Its time had passed before it could leave.
        TooLate,
        /// The person wants no such letters, or does not agree to them.
        NotWanted,
        /// It was taken back, or what it is about has changed.
        NotNeeded,
        /// It was refused, and no reason was given.
        Unknown,
    }

    /// On what the way of a letter depends.
    RouteKind {
        /// A mail server that takes our letters.
        Server,
        /// A domain that is written to.
        Domain,
    }

    /// How a look into the mailbox for mail that comes back ended.
    FetchOutcome {
        /// Everything that lay there was taken.
        Done,
        /// There was no connection.
        NotReached,
        /// The connection could not be encrypted.
        NotEncrypted,
        /// The file with the password could not be read.
        NoPassword,
        /// The server did not let us in.
        LoginRefused,
        /// The folder could not be opened.
        NoFolder,
        /// Nothing can be taken out of the folder.
        FolderFixed,
        /// The server refused what was asked for.
        Refused,
        /// The server's answer could not be understood.
        NotUnderstood,
        /// The connection ended in the middle.
        Ended,
        /// The server took too long.
        TooSlow,
        /// What was fetched could not be written down here.
        NotWritten,
    }

    /// What a message is that came back.
    InboundKind {
        /// What became of a letter.
        Report,
        /// Somebody does not want our letters.
        Complaint,
        /// A program's answer.
        Automatic,
        /// A person's answer.
        Reply,
        /// It cannot be understood.
        Unreadable,
    }

    /// Where a message stands that came back.
    InboundState {
        /// It has not been read yet.
        Waiting,
        /// What it says is done.
        Done,
        /// Nothing proves that it is about a letter of ours, or it changes nothing.
        Ignored,
        /// It waits for an operator to look at it.
        Kept,
    }

    /// Whom a letter is for.
    RecipientKind {
        /// A person who takes part, or was asked to join.
        Participant,
        /// A member of staff.
        Staff,
    }

    /// Why letters wait for an operator's word.
    HoldReason {
        /// The database came from a backup: what waits in it may have been sent since.
        Restored,
        /// The organisation came from another place, which may have sent what waits.
        Moved,
        /// An operator wished it.
        Asked,
    }

    /// Why an address must not be written to.
    SuppressionReason {
        /// The person used the unsubscribe link.
        Unsubscribed,
        /// The address does not exist.
        Bounced,
        /// The person marked a letter as unwanted.
        Complained,
        /// A coordinator recorded it for them.
        Recorded,
    }

    /// Where a person stands in an organisation.
    ParticipantState {
        /// Asked to join, has not answered. Nothing may be asked of them.
        Invited,
        /// Joined, with a confirmed address.
        Joined,
        /// Left.
        Left,
    }

    /// How somebody came to be known.
    ParticipantSource {
        /// Registered themselves.
        SelfRegistered,
        /// Named in a file by a coordinator.
        Imported,
    }

    /// What a participant's link is for.
    ParticipantLinkPurpose {
        /// Confirm the address and join.
        Join,
        /// Sign in to one's own page.
        SignIn,
        /// Stop letters.
        Unsubscribe,
    }

    /// What became of a line of an imported file.
    ImportOutcome {
        /// A letter asks the person to join.
        Invited,
        /// The person was known already; nothing was changed.
        Unchanged,
        /// The line could not be used.
        Refused,
    }

    /// How much involvement a person wants.
    StanceKind {
        /// Informing up to and including a rung.
        UpTo,
        /// These rungs and no other.
        Only,
        /// A rung or above.
        AtLeast,
        /// From a rung to a rung.
        Between,
        /// Put a question first, each time.
        AskEachTime,
        /// Tell me, do not ask me.
        InformMeOnly,
        /// Nothing for now.
        Paused,
    }

    /// What a preference is about.
    PreferenceScope {
        /// Everything without a more specific choice.
        Default,
        /// One topic.
        Topic,
    }

    /// A kind of activity, as people choose among them.
    ActivityType {
        /// Answer questions in writing.
        Survey,
        /// Comment on drafts.
        DocumentReview,
        /// Talk with one person.
        #[oai(rename = "interview_1to1")]
        #[serde(rename = "interview_1to1")]
        #[sea_orm(string_value = "interview_1to1")]
        Interview1to1,
        /// Talk in a small group, once.
        FocusGroup,
        /// Work together for some hours.
        Workshop,
        /// Design together over several meetings.
        CoDesignGroup,
        /// A seat on a board or steering group.
        BoardOrSteering,
        /// Do research with others who share the experience.
        PeerResearch,
        /// Help to choose staff.
        InterviewPanel,
        /// Train others or speak.
        TrainingOrSpeaking,
        /// A paid role.
        PaidRole,
        /// Be part of a citizens' jury.
        CitizensJury,
    }

    /// The form in which people take part.
    Format {
        /// By video call.
        Online,
        /// In the same place.
        InPerson,
        /// By telephone.
        Phone,
        /// By post.
        Post,
        /// In writing, in one's own time.
        AsyncText,
        /// By recorded sound.
        Audio,
    }

    /// What a person wants done about payment.
    PaymentWish {
        /// Wants what is offered.
        Wants,
        /// Does not want it.
        Decline,
        /// Wants less.
        Lower,
        /// Wants it given to a charity.
        ToCharity,
        /// Wants to be asked each time.
        AskEachTime,
    }

    /// How a person is best reached.
    Channel {
        /// By e-mail.
        Email,
        /// By telephone.
        Phone,
        /// By post.
        Post,
    }

    /// How money should come.
    PaymentMethod {
        /// To a bank account.
        Bank,
        /// In cash.
        Cash,
        /// As a voucher.
        Voucher,
    }

    /// What something that a person needs is about.
    NeedKind {
        /// Being told things, and telling.
        Communication,
        /// Getting about in a building or a room.
        MovingAround,
        /// The way there and back.
        Travel,
        /// Care for somebody else meanwhile.
        CareForOthers,
        /// Somebody who comes along.
        SupportPerson,
        /// Food and drink.
        Food,
        /// Devices and connections.
        Technology,
        /// Something else.
        Other,
    }

    /// How a person wants to be named where their work is published; each word names more of them than the one before.
    Credit {
        /// Not at all.
        None,
        /// By another name.
        Pseudonym,
        /// By their name.
        Name,
    }

    /// A part of the week.
    TimeOfWeek {
        /// Monday to Friday, before twelve.
        WeekdayMorning,
        /// Monday to Friday, from twelve to five.
        WeekdayAfternoon,
        /// Monday to Friday, from five.
        WeekdayEvening,
        /// Saturday or Sunday, before twelve.
        WeekendMorning,
        /// Saturday or Sunday, from twelve to five.
        WeekendAfternoon,
        /// Saturday or Sunday, from five.
        WeekendEvening,
    }

    /// How often letters come that tell news and nothing else.
    NewsWish {
        /// A letter as it happens.
        AtOnce,
        /// One letter for a week.
        Weekly,
        /// One letter for a month.
        Monthly,
    }

    /// A day of the week.
    DayOfWeek {
        /// Monday.
        Monday,
        /// Tuesday.
        Tuesday,
        /// Wednesday.
        Wednesday,
        /// Thursday.
        Thursday,
        /// Friday.
        Friday,
        /// Saturday.
        Saturday,
        /// Sunday.
        Sunday,
    }

    /// Who else may be in the room.
    Present {
        /// Doctors, nurses, therapists.
        Clinicians,
        /// Social workers.
        SocialWorkers,
        /// The police.
        Police,
        /// Staff of a council.
        CouncilStaff,
        /// Staff of a landlord or a housing office.
        HousingStaff,
        /// Researchers.
        Researchers,
        /// Politicians.
        Politicians,
        /// Those who give the money.
        Funders,
        /// Journalists.
        Journalists,
    }

    /// How often days of quiet come back.
    Repeat {
        /// Every week.
        Weekly,
        /// Every year.
        Yearly,
    }

    /// With whom an access need may be shared: each word names one more than the one before.
    ShareWith {
        /// The coordinator.
        Coordinator,
        /// The coordinator, and whoever leads the session.
        Facilitator,
        /// The coordinator, whoever leads the session, and the venue.
        Venue,
        /// Nobody.
        Nobody,
    }

    /// Whether something may be done with a person's words.
    Permission {
        /// Never.
        Never,
        /// Ask first.
        AskFirst,
        /// Yes.
        Ok,
    }

    /// A letter in which coordinators may say something in their own words.
    OwnLetter {
        /// The letter that asks.
        Invite,
        /// The letter that asks again, because the person wanted that.
        Again,
        /// The reminder.
        Remind,
        /// The letter that says that somebody has a place.
        Place,
    }

    /// Where in a letter such words stand.
    OwnSlot {
        /// Behind the greeting.
        Opening,
        /// At the end.
        Closing,
    }

    /// How such words are written.
    OwnForm {
        /// Plain English, or another language in plain words.
        Plain,
        /// Easy Read.
        EasyRead,
    }

    /// How written material should come.
    LetterFormat {
        /// Plain English.
        Plain,
        /// Easy Read.
        EasyRead,
        /// Large print.
        LargePrint,
        /// Sound.
        Audio,
        /// British Sign Language.
        Bsl,
    }

    /// What kind of work a project is.
    ProjectKind {
        /// People are involved in decisions.
        Involvement,
        /// People say what they think of something that exists; never above consultation.
        FeedbackSurvey,
    }

    /// A stage of work.
    Stage {
        /// Seeing that something is needed.
        Need,
        /// Finding out what it is about.
        Scoping,
        /// Choosing the direction.
        Strategy,
        /// Working out the form.
        Design,
        /// Doing it.
        Delivery,
        /// Looking back.
        Review,
    }

    /// How wide a decision reaches.
    WorkLevel {
        /// Policies, budgets, direction.
        Strategic,
        /// A service and its development.
        Service,
        /// One person's support.
        Individual,
    }

    /// How much a decision weighs.
    Weight {
        /// Changes what people get.
        Big,
        /// A detail.
        Small,
    }

    /// Whether people can change a decision.
    DecisionScope {
        /// People can change it.
        Open,
        /// It is settled or somebody else's; the reason is told.
        Reserved,
    }

    /// How a decision is taken.
    DecisionRule {
        /// All agree.
        Consensus,
        /// By vote.
        Vote,
        /// Its owner decides.
        OwnerDecides,
        /// Each side can stop it.
        MutualVeto,
    }

    /// A way to take part.
    OpportunityKind {
        /// Questions to answer.
        Consultation,
        /// A working session.
        Workshop,
        /// A talk with one person.
        Interview,
        /// A small group that talks once.
        FocusGroup,
        /// A group that comments on drafts.
        ReadingPanel,
        /// A group that designs together.
        CoDesignGroup,
        /// A seat on a board.
        BoardSeat,
        /// Research by people who share the experience.
        PeerResearch,
        /// A paid role.
        PaidRole,
    }

    /// Where an opportunity stands.
    OpportunityState {
        /// Being prepared; nobody is asked.
        Draft,
        /// People can take part.
        Open,
        /// No more answers are taken.
        Closed,
    }

    /// What is offered for taking part.
    PaymentKind {
        /// Nothing is paid, and people are told so.
        Unpaid,
        /// An amount for the activity.
        Amount,
        /// A voucher.
        Voucher,
        /// A salary or fee for a role.
        Salary,
    }

    /// What a use of personal data is for.
    Purpose {
        /// Take part in this opportunity.
        Participate,
        /// Be written to with invitations.
        ContactInvite,
        /// Be reminded.
        ContactReminder,
        /// Be told what came of it.
        ContactFeedback,
        /// Have facts about oneself counted, to see who is missing.
        DemographicsRepresentativeness,
        /// Be counted in published results.
        PublishInAggregate,
        /// Be quoted without a name.
        QuoteAnonymous,
        /// Be quoted with a name.
        QuoteAttributed,
        /// Be asked again about the same work.
        RecontactFuture,
        /// Have data passed to a named recipient.
        ShareNamedRecipient,
        /// Be recorded in sound or picture.
        AudioVideo,
        /// Have payments handled.
        PaymentProcessing,
    }

    /// What withdrawing a consent does to what is held for that use.
    WithdrawalEffect {
        /// Nothing new is done; what was given stays as it is.
        StopFutureOnly,
        /// What is held for this use and is in no published report is erased.
        EraseRawUnpublished,
        /// Everything held for this use that can be told to be this person's is erased.
        EraseAllIdentifiable,
        /// It can no longer be found, because nothing links it to the person.
        CannotLocate,
    }

    /// The ground on which personal data is used.
    LegalBasis {
        /// Consent.
        Consent,
        /// A task in the public interest.
        PublicTask,
        /// A legitimate interest.
        LegitimateInterest,
        /// A contract.
        Contract,
        /// A legal duty.
        LegalObligation,
        /// None: the data is not kept.
        None,
    }

    /// Where a notice stands.
    NoticeState {
        /// Can still be changed; nobody can agree to it.
        Draft,
        /// Will never change.
        Published,
    }

    /// One consent event.
    ConsentType {
        /// Agreed.
        Give,
        /// Said no.
        Refuse,
        /// Left it for later.
        Defer,
        /// Agreed again.
        Renew,
        /// Took it back.
        Withdraw,
    }

    /// How somebody changed the part that they have in something.
    PartState {
        /// They left.
        Left,
        /// They chose a lighter way instead.
        Lighter,
        /// They are pausing.
        Paused,
    }

    /// What somebody does with the part that they have in something.
    PartChoice {
        /// Leave it.
        Leave,
        /// Pause, and keep the place.
        Pause,
        /// Take part in a lighter way instead.
        Lighter,
    }

    /// What becomes of the meetings that are still to come for somebody who changes their part.
    MeetingsChoice {
        /// Word goes out that they do not come.
        Apologies,
        /// Nothing is said about them.
        Unsaid,
    }

    /// What becomes of what somebody gave, as far as it is in no published report.
    GivenChoice {
        /// It stays as it is.
        Keep,
        /// It stays, and nobody can tell whose it was.
        Anonymise,
        /// It goes.
        Withdraw,
    }

    /// What staff have to do something about.
    TaskKind {
        /// Somebody left.
        Left,
        /// Somebody chose a lighter way.
        Lighter,
        /// Somebody is pausing.
        Paused,
        /// Something was ended.
        Ended,
    }

    /// How a trial of a higher rung ended.
    TrialEnd {
        /// Its sessions or its days were over.
        Over,
        /// The person went back.
        WentBack,
        /// The person kept the rung.
        Kept,
        /// The person, or staff for them, changed their choices.
        Changed,
    }

    /// Why people are not asked, in the order in which it is looked at.
    WhyNot {
        /// They did not agree to be written to.
        NoConsent,
        /// They were asked for this already.
        AskedBefore,
        /// They were to be asked for this, and the letter did not reach them.
        Undelivered,
        /// They said no in the same project.
        DeclinedHere,
        /// They are pausing.
        Paused,
        /// They do not want to be asked about a topic.
        Topic,
        /// Their wish does not include this rung.
        Rung,
        /// They want more than the record shows it can be.
        Supported,
        /// They did not choose this kind of activity.
        Activity,
        /// They did not choose any form that is offered.
        Format,
        /// They do not want to meet others in such a group.
        Group,
        /// It begins at a time of the week that does not suit them.
        Time,
        /// They want to be left in peace.
        QuietPeriod,
        /// They need more notice.
        Notice,
        /// They come to as many meetings on that day as they want.
        SameDay,
        /// They have had as many invitations this month as they want.
        MonthlyInvitations,
        /// It would take more of their time this month than they want to give.
        MonthlyMinutes,
        /// They have not answered for a while, and are asked half as often.
        Unanswered,
    }

    /// What became of somebody in a draw.
    DrawOutcome {
        /// Asked.
        Asked,
        /// Next in line if a place becomes free.
        Reserve,
        /// Their turn came, and they could not be asked any more.
        PassedOver,
        /// Has the place: they had said yes before, and waited.
        Seated,
    }

    /// Where an invitation stands.
    InvitationState {
        /// The letter is made; no answer yet.
        Sent,
        /// The person takes part.
        Accepted,
        /// On the waiting list: all places were taken.
        Waiting,
        /// The person said no.
        Declined,
        /// The person asked to be asked again later.
        AskLater,
        /// The person chose a lighter way.
        SteppedDown,
        /// The invitation was taken back: it no longer fits what the person wants.
        Withdrawn,
        /// The opportunity ended without an answer.
        Ended,
        /// The letter never left: its mailing was cancelled. Nobody was asked, and the person can be asked again.
        Unsent,
    }

    /// Where a response stands.
    ResponseState {
        /// Given, and counted.
        Submitted,
        /// Taken back: the answers are erased.
        Withdrawn,
    }

    /// Where a place stands.
    PlaceState {
        /// Taken.
        Held,
        /// Next in line.
        Waiting,
        /// Given up.
        Released,
    }

    /// Whether somebody was there.
    Attendance {
        /// Was there.
        Present,
        /// Sent word.
        Apologies,
        /// Was not there.
        Absent,
    }

    /// How somebody's words may be used.
    QuotePermission {
        /// Not at all.
        No,
        /// Without the name.
        Anonymous,
        /// With the name.
        Named,
    }

    /// What became of a recommendation.
    RecommendationOutcome {
        /// No answer yet: a report cannot be published.
        Pending,
        /// Will be or was done.
        Done,
        /// Done in part.
        Partly,
        /// Not done, with the reason.
        Declined,
        /// Not ours to change; passed to somebody.
        PassedOn,
    }

    /// How far what people said changed a decision.
    InfluenceLevel {
        /// Not at all.
        None,
        /// It was noted.
        Noted,
        /// It changed a part.
        Partial,
        /// It changed the decision.
        Changed,
        /// It was their idea.
        Originated,
    }

    /// Whether those concerned agree with a claimed influence.
    Standing {
        /// They were not asked yet.
        Unasked,
        /// They agree.
        Confirmed,
        /// They do not agree.
        Disputed,
    }

    /// Where a report stands.
    ReportState {
        /// Being written.
        Draft,
        /// Everybody can read it.
        Published,
    }
}

impl MailState {
    /// The letter has left, or may have.
    pub const LEFT: [Self; 3] = [Self::Sent, Self::Dot, Self::Uncertain];
    /// The letter has not left, and may still leave.
    pub const PENDING: [Self; 3] = [Self::Queued, Self::Deferred, Self::Leased];
}
