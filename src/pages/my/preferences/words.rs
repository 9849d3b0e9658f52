//! What somebody chose, in words.

use super::{Question, zone};
use crate::{
    integrity::ladder::step,
    invitations::letters::day,
    opportunities::group::{activity, present},
    participants::rules::rungs_of,
};
use entity::*;

/// How much involvement, in the words that people choose from.
pub(super) const KINDS: [(&str, &str, &str); 8] = [
    ("inform", "Keep me informed", "You are told what is happening and what was decided. You are not asked."),
    (
        "consultation",
        "Ask for my views",
        "You are asked what you think, in writing or at a meeting. Others decide, and tell you what came of it.",
    ),
    (
        "engagement",
        "Talk it through more than once",
        "You can say what you think more than once and in more than one way. You may change some of the decisions.",
    ),
    ("co_design", "Design it together", "You help to plan how something will work, from your own experience and ideas."),
    ("co_production", "Run it together", "You work as equals from the first idea to running it, and share the big decisions."),
    ("ask", "Ask me each time", "We ask you each time whether you would like to. Nothing follows from not answering."),
    ("pause", "Not now", "Nothing is asked of you until you change this."),
    ("exactly", "Choose the kinds one by one", "For example: your views and planning together, and nothing else."),
];

/// The choice in [`KINDS`] that a stance is.
pub(super) fn kind_of(stance: &Stance) -> &'static str {
    match (stance.kind, stance.rung) {
        (StanceKind::InformMeOnly, _) => "inform",
        (StanceKind::UpTo, Some(Rung::Informing)) => "inform",
        (StanceKind::UpTo, Some(Rung::Consultation)) => "consultation",
        (StanceKind::UpTo, Some(Rung::Engagement)) => "engagement",
        (StanceKind::UpTo, Some(Rung::CoDesign)) => "co_design",
        (StanceKind::UpTo, Some(Rung::CoProduction)) => "co_production",
        (StanceKind::AskEachTime, _) => "ask",
        (StanceKind::Paused, _) => "pause",
        _ => "exactly",
    }
}

/// A stance in words, a line each.
pub(super) fn stance(stance: &Stance) -> Vec<String> {
    let kinds = |rungs: Vec<Rung>| rungs.iter().map(|rung| step(*rung).people_say).collect::<Vec<_>>().join(". ");
    let upto = |rung: Rung| format!("{}, and anything lighter", step(rung).people_say);
    match stance.kind {
        StanceKind::UpTo => vec![stance.rung.map_or_else(String::new, upto)],
        StanceKind::InformMeOnly => vec!["Keep me informed. Do not ask me.".into()],
        StanceKind::AskEachTime if stance.rungs.is_empty() => vec!["Ask me each time".into()],
        StanceKind::AskEachTime => vec![format!("Ask me each time, about: {}", kinds(stance.rungs.clone()))],
        StanceKind::Paused => match stance.until {
            Some(until) => vec![format!("Not now. I am pausing until {}.", day(until))],
            None => vec!["Not now. I am pausing until I change this.".into()],
        },
        StanceKind::AtLeast | StanceKind::Only | StanceKind::Between => {
            vec![format!("These, and no others: {}", kinds(rungs_of(stance).iter().collect()))]
        }
    }
}

pub(super) fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Need => "Saying what is needed",
        Stage::Scoping => "Finding out what it is about",
        Stage::Strategy => "Choosing the direction",
        Stage::Design => "Working out how it will be",
        Stage::Delivery => "Doing it",
        Stage::Review => "Looking back at how it went",
    }
}

pub(super) fn format(format: Format) -> &'static str {
    match format {
        Format::Online => "By video call",
        Format::InPerson => "In person",
        Format::Phone => "By telephone",
        Format::Post => "By post",
        Format::AsyncText => "In writing, in my own time",
        Format::Audio => "By recorded sound",
    }
}

pub(super) fn letter(format: LetterFormat) -> &'static str {
    match format {
        LetterFormat::Plain => "Plain English",
        LetterFormat::EasyRead => "Easy Read",
        LetterFormat::LargePrint => "Large print",
        LetterFormat::Audio => "As sound",
        LetterFormat::Bsl => "British Sign Language",
    }
}

pub(super) fn news(wish: NewsWish) -> &'static str {
    match wish {
        NewsWish::AtOnce => "As it happens",
        NewsWish::Weekly => "Once a week",
        NewsWish::Monthly => "Once a month",
    }
}

pub(super) fn payment(wish: PaymentWish) -> &'static str {
    match wish {
        PaymentWish::Wants => "I would like to be paid what is offered",
        PaymentWish::Lower => "I would like to be paid less than is offered",
        PaymentWish::ToCharity => "I would like the money to go to a charity",
        PaymentWish::Decline => "I do not want to be paid",
        PaymentWish::AskEachTime => "Ask me each time",
    }
}

pub(super) fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "By e-mail",
        Channel::Phone => "By telephone",
        Channel::Post => "By post. We ask you for your address",
    }
}

pub(super) fn method(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Bank => "To my bank account",
        PaymentMethod::Cash => "In cash",
        PaymentMethod::Voucher => "As a voucher",
    }
}

pub(super) fn credit(credit: Credit) -> &'static str {
    match credit {
        Credit::None => "Do not name me",
        Credit::Pseudonym => "Use another name that I choose",
        Credit::Name => "Use my name",
    }
}

pub(super) fn need_kind(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Communication => "Hearing, seeing, reading, speaking",
        NeedKind::MovingAround => "Moving around",
        NeedKind::Travel => "Getting there and back",
        NeedKind::CareForOthers => "Care for somebody while I am there",
        NeedKind::SupportPerson => "Somebody who comes with me",
        NeedKind::Food => "Food and drink",
        NeedKind::Technology => "A device or a connection",
        NeedKind::Other => "Something else",
    }
}

/// Pence as pounds.
pub(super) fn pounds(pence: i64) -> String {
    format!("{}.{:02}", pence / 100, pence % 100)
}

pub(super) fn share(with: ShareWith) -> &'static str {
    match with {
        ShareWith::Coordinator => "The coordinator",
        ShareWith::Facilitator => "The coordinator and whoever leads the session",
        ShareWith::Venue => "The coordinator, whoever leads the session, and the venue",
        ShareWith::Nobody => "Nobody for now",
    }
}

pub(super) fn permission(permission: Permission) -> &'static str {
    match permission {
        Permission::Never => "Never",
        Permission::AskFirst => "Ask me first",
        Permission::Ok => "Yes",
    }
}

/// Minutes a month in words.
fn time(minutes: i32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "1 hour".into(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Everything, with the question by which it is changed.
pub(super) fn rows(doc: &PreferenceDoc, topics: &[topic::Model]) -> Vec<(Question, &'static str, Vec<String>)> {
    let any = |mut list: Vec<String>, otherwise: &str| {
        if list.is_empty() {
            list.push(otherwise.into());
        }
        list
    };
    let title = |id: &TopicId| topics.iter().find(|topic| topic.id == *id).map_or_else(String::new, |topic| topic.title.clone());
    let mut about: Vec<String> = Vec::new();
    for (words, list) in [("Welcome", &doc.topics.yes), ("Ask me first", &doc.topics.ask_first), ("Never", &doc.topics.never)] {
        if !list.is_empty() {
            about.push(format!("{words}: {}", list.iter().map(title).collect::<Vec<_>>().join(", ")));
        }
    }
    let beside = |what: &str, wish: &Stance| format!("{what}: {}", stance(wish).join(" "));
    let wishes = doc.topic_stances.iter().map(|wish| beside(&title(&wish.topic), &wish.stance)).collect();
    let activities = doc.activity_stances.iter().map(|wish| beside(activity(wish.activity), &wish.stance)).collect();
    let stages = doc.stage_stances.iter().map(|wish| beside(self::stage(wish.stage), &wish.stance)).collect();
    let needs = doc.access_needs.iter().map(need).collect();
    let quiet = doc.quiet_periods.iter().map(quiet).collect();
    let story = vec![
        format!("Asked about my experience: {}", permission(doc.story.may_ask_about_experience)),
        format!("My words may be quoted: {}", permission(doc.story.quotes)),
        format!("My name where work is published: {}", credit(doc.story.credit)),
    ];
    let tried = if doc.trial.open_to_trying_higher { "Shown on my own page" } else { "Not shown on my own page" };
    let mut paid = vec![payment(doc.money.payment).to_owned()];
    paid.extend(doc.money.lower_amount_pence.map(|pence| format!("At most £{}", pounds(pence))));
    paid.extend(doc.money.method.map(|one| method(one).to_owned()));
    if doc.money.prepaid_expenses {
        paid.push("Expenses must be paid in advance".into());
    }
    vec![
        (Question::Involvement, "How much", stance(&doc.stance)),
        (Question::Topics, "Topics", any(about, "Any topic")),
        (Question::TopicWishes, "Different for some topics", any(wishes, "The same for every topic")),
        (
            Question::Activities,
            "Kinds of activity",
            any(doc.activity_types.iter().map(|kind| activity(*kind).into()).collect(), "Any"),
        ),
        (Question::ActivityWishes, "Different for some kinds", any(activities, "The same for every kind")),
        (Question::StageWishes, "Different at some stages", any(stages, "The same at every stage")),
        (Question::Formats, "Ways to take part", any(doc.formats.iter().map(|one| format(*one).into()).collect(), "Any")),
        (Question::Groups, "Groups", any(groups(&doc.group_safety), "Any group")),
        (Question::Time, "My time", any(load(&doc.load), "No limit")),
        (
            Question::Times,
            "Times of the week",
            any(doc.times.iter().map(|time| time_of_week(*time).to_owned()).collect(), "Any time"),
        ),
        (Question::Letters, "Letters", letters(&doc.contact)),
        (Question::Reach, "Reaching me", reach(&doc.contact)),
        (Question::Meetings, "In a meeting", any(sessions(&doc.sessions), "Nothing said")),
        (Question::Support, "What I need to take part", any(needs, "Nothing said")),
        (Question::Payment, "Payment", paid),
        (Question::Story, "My experience and my words", story),
        (Question::Quiet, "Days to leave me in peace", any(quiet, "None")),
        (Question::Trying, "Trying something more", vec![tried.to_owned()]),
        (Question::Review, "Look at this again on", vec![doc.review_after.map_or_else(|| "In a year".into(), day)]),
    ]
}

/// Something that is needed, in a line.
fn need(need: &AccessNeed) -> String {
    let must = if need.must_have { "I cannot take part without this: " } else { "" };
    format!("{must}{} (told to: {})", need.need, share(need.share_with))
}

/// Days of quiet, in a line.
fn quiet(period: &QuietPeriod) -> String {
    let days = match period.from == period.to {
        true => day(period.from),
        false => format!("{} to {}", day(period.from), day(period.to)),
    };
    period.repeat.map_or_else(|| days.clone(), |often| format!("{days}, and these days {}", repeat(often)))
}

pub(super) fn repeat(often: Repeat) -> &'static str {
    match often {
        Repeat::Weekly => "each week after that",
        Repeat::Yearly => "each year after that",
    }
}

/// What a group has to be, in the words that people choose from.
pub(super) const GROUPS: [(&str, &str); 3] = [
    ("women_only", "The group is for women"),
    ("same_experience", "Everybody in the group shares the experience"),
    ("known_facilitator", "Whoever leads the group is known to those who come"),
];

fn groups(wanted: &GroupSafety) -> Vec<String> {
    let ticked = [wanted.women_only, wanted.same_experience, wanted.known_facilitator];
    let mut all: Vec<String> =
        GROUPS.iter().zip(ticked).filter(|(_, on)| *on).map(|((_, words), _)| (*words).to_owned()).collect();
    if !wanted.not_with.is_empty() {
        let names: Vec<&str> = wanted.not_with.iter().map(|who| present(*who)).collect();
        all.push(format!("Not with: {}", names.join("; ")));
    }
    all
}

pub(super) fn time_of_week(time: TimeOfWeek) -> &'static str {
    match time {
        TimeOfWeek::WeekdayMorning => "Monday to Friday, in the morning",
        TimeOfWeek::WeekdayAfternoon => "Monday to Friday, in the afternoon",
        TimeOfWeek::WeekdayEvening => "Monday to Friday, in the evening",
        TimeOfWeek::WeekendMorning => "At the weekend, in the morning",
        TimeOfWeek::WeekendAfternoon => "At the weekend, in the afternoon",
        TimeOfWeek::WeekendEvening => "At the weekend, in the evening",
    }
}

fn reach(contact: &Contact) -> Vec<String> {
    let mut all = vec![channel(contact.channel).to_owned()];
    all.extend(contact.phone.clone());
    if contact.no_voicemail {
        all.push("Say nothing to a machine, or to somebody else".into());
    }
    all
}

fn sessions(wishes: &SessionWishes) -> Vec<String> {
    let longest = wishes.longest_minutes.map(|most| format!("At most {}", time(most)));
    let pause = wishes.break_after_minutes.map(|most| format!("A break after {}", time(most)));
    let camera = wishes.camera_off.then(|| "My camera stays off".to_owned());
    let chat = wishes.no_chat.then(|| "The written chat is too much for me".to_owned());
    [longest, pause, camera, chat].into_iter().flatten().collect()
}

fn load(load: &Load) -> Vec<String> {
    let minutes = load.minutes_per_month_max.map(|minutes| format!("At most {} a month, with preparation", time(minutes)));
    let invites = load.invites_per_month_max.map(|count| format!("At most {count} invitations a month"));
    let notice = load.notice_days_min.map(|days| format!("At least {days} days before something starts"));
    let day = load.meetings_per_day_max.map(|count| match count {
        1 => "At most 1 meeting a day".to_owned(),
        many => format!("At most {many} meetings a day"),
    });
    [minutes, invites, notice, day].into_iter().flatten().collect()
}

fn letters(contact: &Contact) -> Vec<String> {
    let mut all = vec![letter(contact.format).to_owned()];
    if contact.neutral_subject {
        all.push("With a subject line that tells nothing".into());
    }
    if contact.from_hour.is_some() || contact.to_hour.is_some() {
        let (from, to) = (contact.from_hour.unwrap_or(0), contact.to_hour.unwrap_or(24));
        let next = if from > to { " on the next day" } else { "" };
        all.push(format!("Between {from}:00 and {to}:00{next}"));
    }
    if let Some(zone) = &contact.time_zone {
        all.push(format!("By the clock of {}", zone::name(zone)));
    }
    if contact.news != NewsWish::AtOnce {
        all.push(format!("News: {}", news(contact.news).to_lowercase()));
    }
    all
}
