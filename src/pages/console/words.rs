//! The words of the console for what is stored as words of the domain, and reading them back from a form.

use crate::{integrity::ladder::step, pages::kit::Choice};
use entity::*;

/// A word of the domain that a form can offer.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// Every word that can be chosen.
    const CHOICES: &'static [Self];
    /// As it is sent.
    fn key(self) -> String;
    /// As it is read.
    fn said(self) -> &'static str;
    /// What else is to be known about it.
    fn hint(self) -> &'static str {
        ""
    }
}

/// The choices of a field, with the one that is chosen.
pub(super) fn choices<W: Word>(chosen: impl Fn(W) -> bool) -> Vec<Choice> {
    W::CHOICES.iter().map(|word| Choice::new(word.key(), word.said()).hint(word.hint()).on(chosen(*word))).collect()
}

/// The same, beginning with "nothing chosen".
pub(super) fn choices_or_none<W: Word>(none: &str, chosen: Option<W>) -> Vec<Choice> {
    let first = Choice::new("", none).on(chosen.is_none());
    std::iter::once(first).chain(choices(|word| chosen == Some(word))).collect()
}

/// The word that was sent.
pub(super) fn read<W: Word>(text: &str) -> Option<W> {
    W::CHOICES.iter().copied().find(|word| word.key() == text)
}

macro_rules! said {
    ($($name:ident { $($variant:ident => $words:literal),* $(,)? })*) => {$(
        impl Word for $name {
            const CHOICES: &'static [Self] = &[$(Self::$variant),*];
            fn key(self) -> String {
                self.word()
            }
            fn said(self) -> &'static str {
                match self { $(Self::$variant => $words),* }
            }
        }
    )*};
}

said! {
    OwnLetter {
        Invite => "The letter that asks", Again => "The letter that asks again", Remind => "The reminder",
        Place => "The letter about a place",
    }
    DayOfWeek {
        Monday => "Monday", Tuesday => "Tuesday", Wednesday => "Wednesday", Thursday => "Thursday", Friday => "Friday",
        Saturday => "Saturday", Sunday => "Sunday",
    }
    Role {
        Administrator => "Administrator", Coordinator => "Coordinator", Analyst => "Analyst", Viewer => "Viewer",
    }
    ProjectKind {
        Involvement => "People are involved in decisions",
        FeedbackSurvey => "People say what they think of something that exists",
    }
    Stage {
        Need => "Seeing that something is needed", Scoping => "Finding out what it is about",
        Strategy => "Choosing the direction", Design => "Working out the form", Delivery => "Doing it", Review => "Looking back",
    }
    WorkLevel {
        Strategic => "Policies, budgets, direction", Service => "A service and how it develops",
        Individual => "One person's support",
    }
    Weight {
        Big => "Big: it changes what people get", Small => "Small: a detail",
    }
    DecisionScope {
        Open => "Open: people can change it", Reserved => "Reserved: people cannot change it",
    }
    DecisionRule {
        Consensus => "All agree", Vote => "By vote", OwnerDecides => "Whoever owns it decides",
        MutualVeto => "Each side can stop it",
    }
    OpportunityKind {
        Consultation => "Questions to answer", Workshop => "A workshop", Interview => "A conversation with one person",
        FocusGroup => "A talk in a small group", ReadingPanel => "A group that comments on drafts",
        CoDesignGroup => "A group that designs together", BoardSeat => "A seat on a board",
        PeerResearch => "Research by people who share the experience", PaidRole => "A paid role",
    }
    OpportunityState {
        Draft => "Draft", Open => "Open", Closed => "Closed",
    }
    ActivityType {
        Survey => "Answering questions in writing", DocumentReview => "Reading a draft and saying what one thinks",
        Interview1to1 => "A conversation with one person", FocusGroup => "A talk in a small group", Workshop => "A workshop",
        CoDesignGroup => "A group that designs something together", BoardOrSteering => "A seat on a board or steering group",
        PeerResearch => "Doing research with others who have been there", InterviewPanel => "Helping to choose new staff",
        TrainingOrSpeaking => "Training others, or speaking", PaidRole => "A paid role",
        CitizensJury => "A citizens' jury or panel",
    }
    Present {
        Clinicians => "Doctors, nurses or therapists", SocialWorkers => "Social workers", Police => "The police",
        CouncilStaff => "People who work for a council", HousingStaff => "People who work for a landlord or a housing office",
        Researchers => "Researchers", Politicians => "Politicians", Funders => "People who give the money",
        Journalists => "Journalists",
    }
    PaymentKind {
        Unpaid => "Nothing is paid", Amount => "An amount of money", Voucher => "A voucher", Salary => "A salary or fee",
    }
    Format {
        Online => "By video call", InPerson => "In person", Phone => "By telephone", Post => "By post",
        AsyncText => "In writing, in one's own time", Audio => "By recorded sound",
    }
    LegalBasis {
        Consent => "Consent", PublicTask => "A task in the public interest", LegitimateInterest => "A legitimate interest",
        Contract => "A contract", LegalObligation => "A legal duty", None => "None: the data is not kept",
    }
    WithdrawalEffect {
        StopFutureOnly => "Nothing new is done. What was given stays as it is.",
        EraseRawUnpublished => "What is held for this use and is in no published report is erased.",
        EraseAllIdentifiable => "Everything held for this use that can be told to be the person's is erased.",
        CannotLocate => "It can no longer be found, because nothing links it to the person.",
    }
    Purpose {
        Participate => "Take part in this", ContactInvite => "Be written to with invitations",
        ContactReminder => "Be reminded", ContactFeedback => "Be told what came of it",
        DemographicsRepresentativeness => "Have facts about oneself counted, to see who is missing",
        PublishInAggregate => "Be counted in published results", QuoteAnonymous => "Be quoted without a name",
        QuoteAttributed => "Be quoted with a name", RecontactFuture => "Be asked again about the same work",
        ShareNamedRecipient => "Have data passed to somebody who is named", AudioVideo => "Be recorded in sound or picture",
        PaymentProcessing => "Have payments handled",
    }
    QuotePermission {
        No => "No", Anonymous => "Yes, without a name", Named => "Yes, with the name",
    }
    Permission {
        Never => "Never", AskFirst => "Ask them first", Ok => "Yes",
    }
    Credit {
        None => "Not at all", Pseudonym => "By another name that they choose", Name => "By their name",
    }
    PaymentWish {
        Wants => "They want what is offered", Lower => "They want less than is offered",
        ToCharity => "They want the money to go to a charity", Decline => "They do not want to be paid",
        AskEachTime => "Ask them each time",
    }
    Channel {
        Email => "By e-mail", Phone => "By telephone", Post => "By post: ask them for the address",
    }
    PaymentMethod {
        Bank => "To a bank account", Cash => "In cash", Voucher => "As a voucher",
    }
    LetterFormat {
        Plain => "Plain English", EasyRead => "Easy Read", LargePrint => "Large print", Audio => "As sound",
        Bsl => "British Sign Language",
    }
    NeedKind {
        Communication => "Communication", MovingAround => "Moving around", Travel => "Travel",
        CareForOthers => "Care for others", SupportPerson => "A support person", Food => "Food and drink",
        Technology => "Technology", Other => "Something else",
    }
    Attendance {
        Present => "Was there", Apologies => "Sent word", Absent => "Was not there",
    }
    InvitationState {
        Sent => "Asked, no answer yet", Accepted => "Take part", Waiting => "Wait for a place", Declined => "Said no",
        AskLater => "Asked to be asked later", SteppedDown => "Chose something lighter, or took it back", Withdrawn => "Taken back",
        Ended => "Ended without an answer", Unsent => "Never sent",
    }
    BatchState {
        Running => "Under way", Paused => "Paused", Cancelled => "Taken back",
    }
    MailState {
        Queued => "Waiting to be sent", Leased => "Being sent", Dot => "Being handed over", Sent => "Sent",
        Deferred => "Put off by the mail server", Failed => "Not delivered", Uncertain => "Not known whether it arrived",
        Suppressed => "Not wanted", Cancelled => "Taken back before it was sent", Expired => "Too late to be sent",
    }
    PlaceState {
        Held => "Has a place", Waiting => "Waits for a place", Released => "Gave the place up",
    }
    WhyNot {
        NoConsent => "They did not agree to be written to", AskedBefore => "They were asked for this already",
        Undelivered => "The letter about this did not reach them", Paused => "They are pausing",
        DeclinedHere => "They said no in the same project", Topic => "They do not want to be asked about a topic",
        Rung => "Their wish does not include this kind of involvement",
        Supported => "They want more than the record shows this can be",
        Activity => "They did not choose this kind of activity", Format => "They did not choose any form that is offered",
        Group => "They do not want to meet others in such a group, or it is not said what it is",
        Time => "It begins at a time of the week that does not suit them",
        QuietPeriod => "They want to be left in peace", Notice => "They need more notice",
        SameDay => "They come to as many meetings on that day as they want",
        MonthlyInvitations => "They have had as many invitations this month as they want",
        MonthlyMinutes => "It would take more of their time this month than they want to give",
        Unanswered => "They have not answered for a while, and are asked half as often",
    }
}

impl Word for Rung {
    /// Coercion is found in the record afterwards, and offered by nobody.
    const CHOICES: &'static [Self] =
        &[Self::Educating, Self::Informing, Self::Consultation, Self::Engagement, Self::CoDesign, Self::CoProduction];

    fn key(self) -> String {
        self.word()
    }

    fn said(self) -> &'static str {
        step(self).title
    }

    fn hint(self) -> &'static str {
        step(self).plain
    }
}

/// When letters leave that can wait, in a sentence.
pub(super) fn leaving(window: &LettersWindow) -> String {
    let hours = match (window.from_hour, window.to_hour) {
        (0, 24) => "at any hour".to_owned(),
        (from, to) if from < to => format!("from {from}:00 until {to}:00"),
        (from, to) => format!("from {from}:00 through the night until {to}:00"),
    };
    let days: Vec<DayOfWeek> = DayOfWeek::ALL.iter().copied().filter(|day| window.days.contains(day)).collect();
    let days = match days.as_slice() {
        all if all.len() == DayOfWeek::ALL.len() => "each day".to_owned(),
        [first, .., last] if days.len() > 2 && *last as usize - *first as usize + 1 == days.len() => {
            format!("{} to {}", first.said(), last.said())
        }
        some => some.iter().map(|day| day.said()).collect::<Vec<_>>().join(", "),
    };
    format!("Letters leave {hours}, {days}, by the clock of whoever gets them.")
}
