//! How somebody wants to be involved, as a document: read and written whole, and served in the same shape.

use crate::{documents::documents, ids::TopicId, words::*};
use chrono::NaiveDate;

documents! {
    /// How much involvement somebody wants. `kind` says which of the other fields are used:
    /// `up_to` and `at_least` take `rung`; `only` takes `rungs`; `between` takes `low` and `high`; `ask_each_time` may take
    /// `rungs`; `paused` may take `until` and `rungs`.
    Stance {
        /// Which kind of wish this is.
        kind: StanceKind,
        /// The rung of `up_to` and `at_least`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[oai(skip_serializing_if_is_none)]
        rung: Option<Rung>,
        /// The rungs of `only`. With `ask_each_time`, what a question may be about; anything when left out. With `paused`, what
        /// a question may be about after the pause; what stood before it when left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[oai(default, skip_serializing_if_is_empty)]
        rungs: Vec<Rung>,
        /// The lowest rung of `between`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[oai(skip_serializing_if_is_none)]
        low: Option<Rung>,
        /// The highest rung of `between`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[oai(skip_serializing_if_is_none)]
        high: Option<Rung>,
        /// When a pause ends; without it the pause has no end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[oai(skip_serializing_if_is_none)]
        until: Option<NaiveDate>,
    }

    /// A different wish for one topic. The more specific wish wins over the default.
    TopicStance {
        /// The topic it is about.
        topic: TopicId,
        /// The wish.
        stance: Stance,
    }

    /// A different wish for one kind of activity. The more specific wish wins over the default.
    ActivityStance {
        /// The kind of activity it is about.
        activity: ActivityType,
        /// The wish.
        stance: Stance,
    }

    /// A different wish for one stage of the work. The more specific wish wins over the default.
    StageStance {
        /// The stage it is about.
        stage: Stage,
        /// The wish.
        stance: Stance,
    }

    /// What somebody wants to be asked about. `never` outranks everything else.
    TopicChoices {
        /// Welcome.
        #[serde(default)]
        #[oai(default)]
        yes: Vec<TopicId>,
        /// Put a question first.
        #[serde(default)]
        #[oai(default)]
        ask_first: Vec<TopicId>,
        /// Never.
        #[serde(default)]
        #[oai(default)]
        never: Vec<TopicId>,
    }

    /// How much of somebody's time may be asked for, over everything the organisation runs. Preparation counts.
    Load {
        /// Minutes a calendar month at most.
        #[serde(default)]
        minutes_per_month_max: Option<i32>,
        /// Invitations a calendar month at most.
        #[serde(default)]
        invites_per_month_max: Option<i32>,
        /// Days of notice at least before something starts.
        #[serde(default)]
        notice_days_min: Option<i32>,
        /// Meetings on one day at most, with everything that the person takes part in already.
        #[serde(default)]
        meetings_per_day_max: Option<i32>,
    }

    /// How and when somebody may be written to.
    Contact {
        /// The form of written material. Letters come in large print or in Easy Read to those who wish it; what a coordinator wrote
        /// stands in them as it was written. Other forms are kept here for whoever writes to the person.
        #[serde(default = "plain")]
        #[oai(default = "plain")]
        format: LetterFormat,
        /// Letters carry a neutral subject line that tells nothing to somebody looking over a shoulder.
        #[serde(default)]
        #[oai(default)]
        neutral_subject: bool,
        /// The first full hour of the day (0-23) in which letters may arrive.
        #[serde(default)]
        from_hour: Option<i32>,
        /// The hour of the day (1-24) from which letters may no longer arrive. Where it is before the first one, the hours go over
        /// midnight: from 20 to 2.
        #[serde(default)]
        to_hour: Option<i32>,
        /// The person's own time zone, by its IANA name. In it letters keep to these hours and to quiet days; where it is left out,
        /// in the organisation's. Days of meetings, and days on which something ends, are the organisation's in any case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[oai(skip_serializing_if_is_none)]
        time_zone: Option<String>,
        /// How the person is best reached by whoever works with them. Letters from here go by e-mail whatever is said; a call is
        /// made by a person.
        #[serde(default = "by_email")]
        #[oai(default = "by_email")]
        channel: Channel,
        /// A telephone number, for a person to call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[oai(skip_serializing_if_is_none)]
        phone: Option<String>,
        /// Nothing is to be said to a machine or to somebody else.
        #[serde(default)]
        #[oai(default)]
        no_voicemail: bool,
        /// How often letters come that tell news and nothing else: reports on what came of something. What asks something (as
        /// notes of a meeting do: whether they are right), has a last day, or changes what was promised comes by itself in any case.
        #[serde(default = "at_once")]
        #[oai(default = "at_once")]
        news: NewsWish,
    }

    /// What somebody wants done about payment. Never used to choose who is asked.
    Money {
        /// The wish.
        payment: PaymentWish,
        /// Expenses must be paid in advance.
        #[serde(default)]
        #[oai(default)]
        prepaid_expenses: bool,
        /// How the money should come; left out where it does not matter.
        #[serde(default)]
        method: Option<PaymentMethod>,
        /// With the wish `lower`: so much at most, in pence; left out where the person says it each time.
        #[serde(default)]
        lower_amount_pence: Option<i64>,
    }

    /// Something a person needs in order to take part.
    AccessNeed {
        /// What is needed, in the person's words.
        need: String,
        /// What it is about.
        #[serde(default = "other")]
        #[oai(default = "other")]
        kind: NeedKind,
        /// Whether the person cannot take part without it.
        #[serde(default)]
        #[oai(default)]
        must_have: bool,
        /// With whom it may be shared.
        share_with: ShareWith,
    }

    /// Days, first and last included, on which nothing may be sent. No reason is asked.
    QuietPeriod {
        /// The first day.
        from: NaiveDate,
        /// The last day.
        to: NaiveDate,
        /// How often these days come back, with no end; left out where they do not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[oai(skip_serializing_if_is_none)]
        repeat: Option<Repeat>,
    }

    /// What may be done with somebody's experience and words.
    Story {
        /// Whether they may be asked to tell about their experience. Staff who work with the person see it, and so does whoever
        /// leads a meeting at which they are expected.
        may_ask_about_experience: Permission,
        /// Whether their words may be quoted. `never` outranks what was agreed to for a single opportunity.
        quotes: Permission,
        /// How the person wants to be named where their work is published.
        #[serde(default = "unnamed")]
        #[oai(default = "unnamed")]
        credit: Credit,
    }

    /// What somebody can manage in a meeting. Whoever leads it sees it.
    SessionWishes {
        /// So many minutes at most.
        #[serde(default)]
        longest_minutes: Option<i32>,
        /// A break is needed after so many minutes.
        #[serde(default)]
        break_after_minutes: Option<i32>,
        /// In a video call the camera stays off.
        #[serde(default)]
        #[oai(default)]
        camera_off: bool,
        /// In a video call the written chat is too much.
        #[serde(default)]
        #[oai(default)]
        no_chat: bool,
    }

    /// What a group has to be for somebody to meet others in it. It is about the group, and never about who somebody is; it counts
    /// for everything in which people meet others, and not for what they do alone or with one person.
    GroupSafety {
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
        /// Who must not be there. Where it is not said who is there, they may be.
        #[serde(default)]
        #[oai(default)]
        not_with: Vec<Present>,
    }

    /// About trying more than somebody has chosen, for a while.
    TrialWish {
        /// Whether the person wants to be shown how to try a higher rung. Nobody but the person can begin a trial, whatever
        /// stands here.
        #[serde(default)]
        #[oai(default)]
        open_to_trying_higher: bool,
    }

    /// How somebody wants to be involved. Versions are only ever added; the latest counts, at once.
    PreferenceDoc {
        /// The wish where no topic, kind of activity or stage has its own.
        stance: Stance,
        /// Wishes for single topics. Where several wishes of their own meet, what all of them allow is allowed.
        #[serde(default)]
        #[oai(default)]
        topic_stances: Vec<TopicStance>,
        /// Wishes for single kinds of activity.
        #[serde(default)]
        #[oai(default)]
        activity_stances: Vec<ActivityStance>,
        /// Wishes for single stages of the work.
        #[serde(default)]
        #[oai(default)]
        stage_stances: Vec<StageStance>,
        /// Topics by welcome.
        #[serde(default = "TopicChoices::none")]
        #[oai(default = "TopicChoices::none")]
        topics: TopicChoices,
        /// Kinds of activity that are welcome; empty means any.
        #[serde(default)]
        #[oai(default)]
        activity_types: Vec<ActivityType>,
        /// Forms that are welcome; empty means any.
        #[serde(default)]
        #[oai(default)]
        formats: Vec<Format>,
        /// How much time.
        #[serde(default = "Load::open")]
        #[oai(default = "Load::open")]
        load: Load,
        /// How to write.
        #[serde(default = "Contact::usual")]
        #[oai(default = "Contact::usual")]
        contact: Contact,
        /// About payment.
        #[serde(default = "Money::ask")]
        #[oai(default = "Money::ask")]
        money: Money,
        /// What is needed to take part.
        #[serde(default)]
        #[oai(default)]
        access_needs: Vec<AccessNeed>,
        /// When to leave the person in peace.
        #[serde(default)]
        #[oai(default)]
        quiet_periods: Vec<QuietPeriod>,
        /// Parts of the week in which something may begin; empty means any.
        #[serde(default)]
        #[oai(default)]
        times: Vec<TimeOfWeek>,
        /// What can be managed in a meeting.
        #[serde(default = "SessionWishes::any")]
        #[oai(default = "SessionWishes::any")]
        sessions: SessionWishes,
        /// What a group has to be.
        #[serde(default = "GroupSafety::any")]
        #[oai(default = "GroupSafety::any")]
        group_safety: GroupSafety,
        /// About experience and words.
        #[serde(default = "Story::ask")]
        #[oai(default = "Story::ask")]
        story: Story,
        /// About trying more for a while.
        #[serde(default = "TrialWish::unasked")]
        #[oai(default = "TrialWish::unasked")]
        trial: TrialWish,
        /// The day on which to look at these choices again; a year ahead when left out.
        #[serde(default)]
        review_after: Option<NaiveDate>,
    }
}

fn plain() -> LetterFormat {
    LetterFormat::Plain
}

fn at_once() -> NewsWish {
    NewsWish::AtOnce
}

fn by_email() -> Channel {
    Channel::Email
}

fn other() -> NeedKind {
    NeedKind::Other
}

fn unnamed() -> Credit {
    Credit::None
}

impl Stance {
    /// A wish that needs no rung.
    pub fn bare(kind: StanceKind) -> Self {
        Self { kind, rung: None, rungs: Vec::new(), low: None, high: None, until: None }
    }

    /// Informing up to and including a rung.
    pub fn up_to(rung: Rung) -> Self {
        Self { rung: Some(rung), ..Self::bare(StanceKind::UpTo) }
    }
}

impl TopicChoices {
    /// No choice made.
    pub fn none() -> Self {
        Self { yes: Vec::new(), ask_first: Vec::new(), never: Vec::new() }
    }
}

impl Load {
    /// No limit set.
    pub fn open() -> Self {
        Self { minutes_per_month_max: None, invites_per_month_max: None, notice_days_min: None, meetings_per_day_max: None }
    }
}

impl Contact {
    /// Plain English, at any hour, with an ordinary subject.
    pub fn usual() -> Self {
        Self {
            format: LetterFormat::Plain,
            neutral_subject: false,
            from_hour: None,
            to_hour: None,
            time_zone: None,
            channel: Channel::Email,
            phone: None,
            no_voicemail: false,
            news: NewsWish::AtOnce,
        }
    }
}

impl Money {
    /// Ask each time.
    pub fn ask() -> Self {
        Self { payment: PaymentWish::AskEachTime, prepaid_expenses: false, method: None, lower_amount_pence: None }
    }
}

impl Story {
    /// Ask first.
    pub fn ask() -> Self {
        Self { may_ask_about_experience: Permission::AskFirst, quotes: Permission::AskFirst, credit: Credit::None }
    }
}

impl SessionWishes {
    /// Any meeting.
    pub fn any() -> Self {
        Self { longest_minutes: None, break_after_minutes: None, camera_off: false, no_chat: false }
    }
}

impl GroupSafety {
    /// Any group.
    pub fn any() -> Self {
        Self { women_only: false, same_experience: false, known_facilitator: false, not_with: Vec::new() }
    }
}

impl TrialWish {
    /// Not shown.
    pub fn unasked() -> Self {
        Self { open_to_trying_higher: false }
    }
}

impl PreferenceDoc {
    /// What holds for somebody who has said nothing yet: put a question first, each time.
    pub fn unspoken() -> Self {
        Self::with_stance(Stance::bare(StanceKind::AskEachTime))
    }

    /// A document with one stance and nothing else chosen.
    pub fn with_stance(stance: Stance) -> Self {
        Self {
            stance,
            topic_stances: Vec::new(),
            activity_stances: Vec::new(),
            stage_stances: Vec::new(),
            topics: TopicChoices::none(),
            activity_types: Vec::new(),
            formats: Vec::new(),
            load: Load::open(),
            contact: Contact::usual(),
            money: Money::ask(),
            access_needs: Vec::new(),
            quiet_periods: Vec::new(),
            times: Vec::new(),
            sessions: SessionWishes::any(),
            group_safety: GroupSafety::any(),
            story: Story::ask(),
            trial: TrialWish::unasked(),
            review_after: None,
        }
    }

    /// The default, and every wish that stands beside it.
    pub fn stances(&self) -> impl Iterator<Item = &Stance> {
        let topics = self.topic_stances.iter().map(|wish| &wish.stance);
        let activities = self.activity_stances.iter().map(|wish| &wish.stance);
        let stages = self.stage_stances.iter().map(|wish| &wish.stance);
        std::iter::once(&self.stance).chain(topics).chain(activities).chain(stages)
    }

    /// Every wish that stands beside the default.
    pub fn own_stances_mut(&mut self) -> impl Iterator<Item = &mut Stance> {
        let topics = self.topic_stances.iter_mut().map(|wish| &mut wish.stance);
        let activities = self.activity_stances.iter_mut().map(|wish| &mut wish.stance);
        topics.chain(activities).chain(self.stage_stances.iter_mut().map(|wish| &mut wish.stance))
    }
}
