//! The questions as forms.

use super::{Question, words, zone};
use crate::{
    integrity::ladder::LADDER,
    opportunities::group::{activity, present},
    pages::kit::{Block, Choice, Field, Form, Submit},
    participants::rules::rungs_of,
};
use entity::*;

/// The question in words.
pub(super) fn title(asked: Question) -> &'static str {
    match asked {
        Question::Involvement => "How much would you like to be involved?",
        Question::Exactly => "Which kinds of involvement are welcome?",
        Question::Topics => "What would you like to be asked about?",
        Question::TopicWishes => "Is it different for some topics?",
        Question::ActivityWishes => "Is it different for some kinds of activity?",
        Question::StageWishes => "Is it different at some stages of the work?",
        Question::Activities => "Which kinds of activity are welcome?",
        Question::Formats => "How would you like to take part?",
        Question::Groups => "What does a group have to be for you?",
        Question::Time => "How much of your time may we ask for?",
        Question::Times => "Which times of the week suit you?",
        Question::Letters => "How shall we write to you?",
        Question::Reach => "How can somebody reach you?",
        Question::Meetings => "What can you manage in a meeting?",
        Question::Support => "What do you need to take part?",
        Question::Payment => "What about payment?",
        Question::Story => "May we ask about your experience?",
        Question::Quiet => "When shall we leave you in peace?",
        Question::Trying => "Would you like to see how to try something more?",
        Question::Review => "When shall we ask whether this is still right?",
    }
}

/// A question with what was answered before.
pub(super) fn of(asked: Question, doc: &PreferenceDoc, topics: &[topic::Model]) -> Form {
    match asked {
        Question::Involvement => involvement(doc),
        Question::Exactly => exactly(doc),
        Question::Topics => about(doc, topics),
        Question::TopicWishes => topic_wishes(doc, topics),
        Question::ActivityWishes => activity_wishes(doc),
        Question::StageWishes => stage_wishes(doc),
        Question::Activities => activities(doc),
        Question::Formats => formats(doc),
        Question::Groups => groups(doc),
        Question::Time => time(doc),
        Question::Times => times(doc),
        Question::Letters => letters(doc),
        Question::Reach => reach(doc),
        Question::Meetings => meetings(doc),
        Question::Support => support(doc),
        Question::Payment => payment(doc),
        Question::Story => story(doc),
        Question::Quiet => quiet(doc),
        Question::Trying => trying(doc),
        Question::Review => review(doc),
    }
}

fn involvement(doc: &PreferenceDoc) -> Form {
    let now = words::kind_of(&doc.stance);
    let choice = |(value, label, hint): (&str, &str, &str)| Choice::new(value, label).hint(hint).on(value == now);
    let hint = "Each of these is as good as any other. From “Ask for my views” on, lighter kinds are welcome too.";
    let field = Field::radios("kind", title(Question::Involvement), words::KINDS.into_iter().map(choice)).hint(hint);
    Form::default().field(field.pointer("/stance")).heading()
}

fn exactly(doc: &PreferenceDoc) -> Form {
    let now = rungs_of(&doc.stance);
    let choice = |rung: &crate::integrity::ladder::Step| {
        Choice::new(rung.rung.word(), rung.people_say).hint(rung.plain).on(now.contains(rung.rung))
    };
    let kinds = LADDER.iter().filter(|step| step.rung != Rung::Coercion).map(choice);
    let hint = "You are asked for what you tick, and for nothing else.";
    Form::default().field(Field::checks("rung", title(Question::Exactly), kinds).hint(hint).pointer("/stance/rungs")).heading()
}

fn about(doc: &PreferenceDoc, topics: &[topic::Model]) -> Form {
    let field = |topic: &topic::Model| {
        let now = [("yes", &doc.topics.yes), ("ask_first", &doc.topics.ask_first), ("never", &doc.topics.never)]
            .into_iter()
            .find(|(_, list)| list.contains(&topic.id))
            .map_or("", |(word, _)| word);
        let choices =
            [("yes", "Welcome"), ("ask_first", "Ask me first"), ("never", "Never ask me about this"), ("", "No special wish")];
        let choices = choices.into_iter().map(|(value, label)| Choice::new(value, label).on(value == now));
        let field = Field::radios(format!("topic-{}", topic.id), &topic.title, choices);
        field.hint(topic.description.clone().unwrap_or_default())
    };
    let text = "Nobody is asked about a topic that they never want to be asked about. We need no reason.";
    Form::default().words(vec![Block::Text(text.into())]).fields(topics.iter().map(field))
}

fn topic_wishes(doc: &PreferenceDoc, topics: &[topic::Model]) -> Form {
    let field = |topic: &topic::Model| {
        let own = doc.topic_stances.iter().find(|wish| wish.topic == topic.id).map(|wish| &wish.stance);
        own_wish(format!("topic-{}", topic.id), &topic.title, own)
    };
    Form::default().fields(topics.iter().map(field))
}

fn activity_wishes(doc: &PreferenceDoc) -> Form {
    let field = |kind: &ActivityType| {
        let own = doc.activity_stances.iter().find(|wish| wish.activity == *kind).map(|wish| &wish.stance);
        own_wish(format!("activity-{}", kind.word()), activity(*kind), own)
    };
    Form::default().fields(ActivityType::ALL.iter().map(field))
}

fn stage_wishes(doc: &PreferenceDoc) -> Form {
    let field = |stage: &Stage| {
        let own = doc.stage_stances.iter().find(|wish| wish.stage == *stage).map(|wish| &wish.stance);
        own_wish(format!("stage-{}", stage.word()), words::stage(*stage), own)
    };
    Form::default().fields(Stage::ALL.iter().map(field))
}

/// A field for a wish that stands beside the default.
fn own_wish(name: String, label: &str, own: Option<&Stance>) -> Field {
    let now = own.map_or("", words::kind_of);
    let mut choices = vec![Choice::new("", "The same as for everything else").on(own.is_none())];
    let kinds = words::KINDS.into_iter().filter(|(value, ..)| *value != "exactly" || now == "exactly");
    choices.extend(kinds.map(|(value, label, _)| {
        let label = own.filter(|_| value == "exactly").map_or_else(|| label.to_owned(), |own| words::stance(own).join(" "));
        Choice::new(value, label).on(own.is_some() && value == now)
    }));
    Field::select(name, label, choices)
}

fn activities(doc: &PreferenceDoc) -> Form {
    let choice = |kind: &ActivityType| Choice::new(kind.word(), activity(*kind)).on(doc.activity_types.contains(kind));
    let field = Field::checks("activity", title(Question::Activities), ActivityType::ALL.iter().map(choice));
    Form::default().field(field.hint("Tick none if all are welcome.").pointer("/activity_types")).heading()
}

fn formats(doc: &PreferenceDoc) -> Form {
    let choice = |one: &Format| Choice::new(one.word(), words::format(*one)).on(doc.formats.contains(one));
    let field = Field::checks("format", title(Question::Formats), Format::ALL.iter().map(choice));
    Form::default().field(field.hint("Tick none if all are welcome.").pointer("/formats")).heading()
}

fn groups(doc: &PreferenceDoc) -> Form {
    let wanted = &doc.group_safety;
    let ticked = [wanted.women_only, wanted.same_experience, wanted.known_facilitator];
    let kinds = words::GROUPS.iter().zip(ticked).map(|((value, label), on)| Choice::new(*value, *label).on(on));
    let who = |one: &Present| Choice::new(one.word(), present(*one)).on(wanted.not_with.contains(one));
    let texts = [
        "This is about talks, workshops and other meetings with several people. It is not about what you do alone, or with one person.",
        "Where you tick something, you are asked into groups of which it was said, and into no others. We do not ask who you are, or why.",
    ];
    Form::default()
        .words(texts.map(|text| Block::Text(text.into())).into_iter().collect())
        .field(Field::checks("group", "What kind of group", kinds).pointer("/group_safety").optional())
        .field(
            Field::checks("not_with", "Who must not be there", Present::ALL.iter().map(who))
                .pointer("/group_safety/not_with")
                .optional(),
        )
}

fn time(doc: &PreferenceDoc) -> Form {
    let number = |value: Option<i32>| value.map(|value| value.to_string()).unwrap_or_default();
    let load = &doc.load;
    let hours = load.minutes_per_month_max.map(hours).unwrap_or_default();
    Form::default()
        .field(
            Field::typed("hours", "Hours a month at most", hours, "number")
                .optional()
                .hint("For example 2, or 1.5.")
                .pointer("/load/minutes_per_month_max"),
        )
        .field(
            Field::typed("invites", "Invitations a month at most", number(load.invites_per_month_max), "number")
                .optional()
                .pointer("/load/invites_per_month_max"),
        )
        .field(
            Field::typed("notice", "Days of notice at least before something starts", number(load.notice_days_min), "number")
                .optional()
                .pointer("/load/notice_days_min"),
        )
        .field(
            Field::typed("meetings", "Meetings on one day at most", number(load.meetings_per_day_max), "number")
                .optional()
                .hint("From 1 to 5. What you come to already counts.")
                .pointer("/load/meetings_per_day_max"),
        )
        .words(vec![Block::Note("Time to prepare counts too. Leave a field empty if there is no limit.".into())])
}

fn times(doc: &PreferenceDoc) -> Form {
    let choice = |one: &TimeOfWeek| Choice::new(one.word(), words::time_of_week(*one)).on(doc.times.contains(one));
    let field = Field::checks("time", title(Question::Times), TimeOfWeek::ALL.iter().map(choice));
    let hint = "Tick none if any time suits you. The morning ends at twelve, and the evening begins at five.";
    Form::default().field(field.hint(hint).pointer("/times")).heading()
}

/// Minutes as hours.
fn hours(minutes: i32) -> String {
    if minutes % 60 == 0 { (minutes / 60).to_string() } else { format!("{:.2}", f64::from(minutes) / 60.0) }
}

fn letters(doc: &PreferenceDoc) -> Form {
    let contact = &doc.contact;
    let choice = |one: &LetterFormat| Choice::new(one.word(), words::letter(*one)).on(contact.format == *one);
    let hours = |name: &str, label: &str, range: std::ops::RangeInclusive<i32>, now: Option<i32>| {
        let any = Choice::new("", "Any hour").on(now.is_none());
        let hour = |hour: i32| Choice::new(hour.to_string(), format!("{hour}:00")).on(now == Some(hour));
        Field::select(name, label, std::iter::once(any).chain(range.map(hour))).pointer(format!("/contact/{name}"))
    };
    let news = |one: &NewsWish| Choice::new(one.word(), words::news(*one)).on(contact.news == *one);
    let neutral = "Use a subject line that tells nothing to somebody looking over my shoulder";
    Form::default()
        .field(
            Field::radios("format", "The form that suits you", LetterFormat::ALL.iter().map(choice))
                .hint("Staff who work with you see this, and so does whoever leads a meeting that you come to.")
                .pointer("/contact/format"),
        )
        .field(Field::switch("neutral_subject", neutral, contact.neutral_subject))
        .field(
            hours("from_hour", "Letters may arrive from", 0..=23, contact.from_hour)
                .hint("It may be night: from 20:00 until 2:00, for example."),
        )
        .field(hours("to_hour", "until", 1..=24, contact.to_hour))
        .field(
            Field::line("time_zone", "By the clock of", contact.time_zone.as_deref().map(zone::written).unwrap_or_default())
                .hint(
                    "A large town with the same time as you, such as London. Leave it empty for the clock of the organisation. \
                     Your quiet days go by it too. Meetings keep the time of the organisation.",
                )
                .pointer("/contact/time_zone"),
        )
        .field(
            Field::radios("news", "News, such as reports on what happened", NewsWish::ALL.iter().map(news))
                .hint("What asks you something, and what changes a meeting or a promise, comes by itself in any case.")
                .pointer("/contact/news"),
        )
}

fn reach(doc: &PreferenceDoc) -> Form {
    let contact = &doc.contact;
    let choice = |one: &Channel| Choice::new(one.word(), words::channel(*one)).on(contact.channel == *one);
    let text = "Letters from here go to you by e-mail, whatever you choose. This tells people who work with you how to reach you. A \
                call is made by a person.";
    let quiet = "Say nothing to a machine, or to somebody else who answers";
    Form::default()
        .words(vec![Block::Text(text.into())])
        .field(Field::radios("channel", "The best way", Channel::ALL.iter().map(choice)).pointer("/contact/channel"))
        .field(
            Field::typed("phone", "Telephone number", contact.phone.clone().unwrap_or_default(), "tel")
                .optional()
                .autocomplete("tel")
                .pointer("/contact/phone"),
        )
        .field(Field::switch("no_voicemail", quiet, contact.no_voicemail))
}

fn meetings(doc: &PreferenceDoc) -> Form {
    let wishes = &doc.sessions;
    let number = |value: Option<i32>| value.map(|value| value.to_string()).unwrap_or_default();
    let text = "Staff who work with you see this. So does whoever leads a meeting that you come to. Whoever plans a meeting is told for \
                how many people it is too long.";
    Form::default()
        .words(vec![Block::Text(text.into())])
        .field(
            Field::typed("longest", "The longest meeting, in minutes", number(wishes.longest_minutes), "number")
                .optional()
                .pointer("/sessions/longest_minutes"),
        )
        .field(
            Field::typed("break", "A break after so many minutes", number(wishes.break_after_minutes), "number")
                .optional()
                .pointer("/sessions/break_after_minutes"),
        )
        .field(Field::switch("camera_off", "My camera stays off in a video call", wishes.camera_off))
        .field(Field::switch("no_chat", "The written chat in a video call is too much for me", wishes.no_chat))
}

/// Fields for what there is, and for one more.
fn support(doc: &PreferenceDoc) -> Form {
    let text = "Staff who work with you see what you share with them, and first what you cannot take part without. Whoever leads a \
                meeting sees what you share with them, for that meeting. The venue is told what is needed, and not who needs it.";
    let mut form = Form::default().words(vec![Block::Text(text.into())]);
    let count = doc.access_needs.len();
    for n in 0..=count {
        let need = doc.access_needs.get(n);
        let choice =
            |with: &ShareWith| Choice::new(with.word(), words::share(*with)).on(need.map(|need| need.share_with) == Some(*with));
        let now = need.map_or(NeedKind::Other, |need| need.kind);
        let kind = |one: &NeedKind| Choice::new(one.word(), words::need_kind(*one)).on(now == *one);
        let label = if n == 0 { "What you need".to_owned() } else { format!("What else you need ({})", n + 1) };
        let text = need.map(|need| need.need.clone()).unwrap_or_default();
        form = form
            .field(
                Field::area(format!("need-{n}"), label, text)
                    .rows(2)
                    .hint("For example: a lift, a break every hour, an interpreter, papers a week before. You need not say why.")
                    .pointer(format!("/access_needs/{n}/need"))
                    .optional(),
            )
            .field(Field::select(format!("kind-{n}"), "What it is about", NeedKind::ALL.iter().rev().map(kind)))
            .field(Field::switch(format!("must-{n}"), "I cannot take part without this", need.is_some_and(|need| need.must_have)))
            .field(Field::select(format!("share-{n}"), "Who may be told", ShareWith::ALL.iter().map(choice)));
    }
    form.hidden("count", (count + 1).to_string()).submit(more())
}

fn more() -> Submit {
    Submit::new("Save and add another").sends("more", "yes").other()
}

fn payment(doc: &PreferenceDoc) -> Form {
    let choice = |one: &PaymentWish| Choice::new(one.word(), words::payment(*one)).on(doc.money.payment == *one);
    let hint = "This is never used to choose who is asked. Staff who work with you see it. If you receive benefits, you may want advice \
                before you accept or decline a payment.";
    let any = Choice::new("", "Any way").on(doc.money.method.is_none());
    let way = |one: &PaymentMethod| Choice::new(one.word(), words::method(*one)).on(doc.money.method == Some(*one));
    let ways = std::iter::once(any).chain(PaymentMethod::ALL.iter().map(way));
    let lower = doc.money.lower_amount_pence.map(words::pounds).unwrap_or_default();
    Form::default()
        .field(
            Field::radios("payment", "What you would like", PaymentWish::ALL.iter().map(choice))
                .hint(hint)
                .pointer("/money/payment"),
        )
        .field(
            Field::typed("lower_amount", "If you want less: how much at most, in pounds?", lower, "number")
                .optional()
                .hint("For example 5, or 12.50. Leave it empty if you want to say it each time.")
                .pointer("/money/lower_amount_pence"),
        )
        .field(Field::select("method", "How the money should come", ways).pointer("/money/method"))
        .field(Field::switch("prepaid_expenses", "My expenses must be paid in advance", doc.money.prepaid_expenses))
}

fn story(doc: &PreferenceDoc) -> Form {
    let field = |name: &str, label: &str, now: Permission| {
        let choice = |one: &Permission| Choice::new(one.word(), words::permission(*one)).on(now == *one);
        Field::radios(name, label, Permission::ALL.iter().map(choice)).pointer(format!("/story/{name}"))
    };
    let asked = "May you be asked to tell about your own experience?";
    let quoted = "May your words be quoted, without your name?";
    let credit = |one: &Credit| Choice::new(one.word(), words::credit(*one)).on(doc.story.credit == *one);
    let named = "If something that you made or said is published, how should we name you?";
    let seen = "Staff who work with you see the first and the last of these answers, and so does whoever leads a meeting that you come to.";
    Form::default()
        .words(vec![Block::Text("You never have to tell what happened to you. You can take part without that.".into())])
        .field(field("may_ask_about_experience", asked, doc.story.may_ask_about_experience))
        .field(field("quotes", quoted, doc.story.quotes))
        .field(Field::radios("credit", named, Credit::ALL.iter().map(credit)).pointer("/story/credit"))
        .words(vec![Block::Text(seen.into())])
}

/// Fields for what there is, and for one more.
fn quiet(doc: &PreferenceDoc) -> Form {
    let mut form =
        Form::default().words(vec![Block::Text("No letter reaches you on these days. You need give no reason.".into())]);
    let count = doc.quiet_periods.len();
    for n in 0..=count {
        let period = doc.quiet_periods.get(n);
        let text = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let field = |name: &str, label: &str, value: String| {
            let label = if n == 0 { label.to_owned() } else { format!("{label} ({})", n + 1) };
            Field::typed(format!("{name}-{n}"), label, value, "date").pointer(format!("/quiet_periods/{n}/{name}")).optional()
        };
        form = form.field(field("from", "First day", text(period.map(|period| period.from)))).field(field(
            "to",
            "Last day",
            text(period.map(|period| period.to)),
        ));
        let now = period.and_then(|period| period.repeat);
        let once = Choice::new("", "These days alone").on(now.is_none());
        let again = |often: &Repeat| Choice::new(often.word(), format!("And {}", words::repeat(*often))).on(now == Some(*often));
        let label = if n == 0 { "How often".to_owned() } else { format!("How often ({})", n + 1) };
        let often = Field::select(format!("repeat-{n}"), label, std::iter::once(once).chain(Repeat::ALL.iter().map(again)));
        form = form.field(often.pointer(format!("/quiet_periods/{n}/repeat")));
    }
    form.hidden("count", (count + 1).to_string()).submit(more())
}

fn trying(doc: &PreferenceDoc) -> Form {
    let choice = |value: &str, label: &str, on: bool| Choice::new(value, label).on(on == doc.trial.open_to_trying_higher);
    let choices = [choice("yes", "Show it on my own page", true), choice("no", "Do not show it", false)];
    let hint = "It means another way to be involved, for a while. Nothing begins by this answer, and both are equally good.";
    Form::default().field(Field::radios("trying", title(Question::Trying), choices).hint(hint)).heading()
}

fn review(doc: &PreferenceDoc) -> Form {
    let value = doc.review_after.map(|day| day.to_string()).unwrap_or_default();
    let hint = "On that day we ask whether your choices are still right. Until you answer, we ask you first, each time.";
    Form::default().field(Field::typed("review_after", "The day", value, "date").hint(hint).optional())
}
