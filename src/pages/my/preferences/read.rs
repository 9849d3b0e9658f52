//! What was answered, as a change of the document. Whatever a question does not ask about stays as it is.

use super::{Question, words::kind_of, zone};
use crate::{
    pages::kit::Fields,
    platform::{Error, Result, Violation},
};
use chrono::NaiveDate;
use entity::*;

/// So many rows of one question are read at most.
const ROWS: usize = 101;

/// The document with one answer in it.
pub(super) fn answer(asked: Question, sent: &Fields, mut doc: PreferenceDoc, topics: &[topic::Model]) -> Result<PreferenceDoc> {
    match asked {
        Question::Involvement => doc.stance = stance("/stance", sent.text("kind"), &doc.stance)?,
        Question::Exactly => doc.stance = exactly(sent, &doc.stance)?,
        Question::Topics => doc.topics = about(sent, &doc.topics, topics),
        Question::TopicWishes => doc.topic_stances = topic_wishes(sent, &doc.topic_stances, topics)?,
        Question::ActivityWishes => {
            let before = |kind| doc.activity_stances.iter().find(|wish| wish.activity == kind).map(|wish| &wish.stance);
            let made = |activity, stance| ActivityStance { activity, stance };
            doc.activity_stances = own_wishes(sent, "activity", ActivityType::ALL, ActivityType::word, before, made)?;
        }
        Question::StageWishes => {
            let before = |stage| doc.stage_stances.iter().find(|wish| wish.stage == stage).map(|wish| &wish.stance);
            let made = |stage, stance| StageStance { stage, stance };
            doc.stage_stances = own_wishes(sent, "stage", Stage::ALL, Stage::word, before, made)?;
        }
        Question::Activities => doc.activity_types = chosen(sent, "activity", ActivityType::ALL, ActivityType::word),
        Question::Formats => doc.formats = chosen(sent, "format", Format::ALL, Format::word),
        Question::Groups => doc.group_safety = groups(sent),
        Question::Time => doc.load = time(sent)?,
        Question::Times => doc.times = chosen(sent, "time", TimeOfWeek::ALL, TimeOfWeek::word),
        Question::Letters => doc.contact = letters(sent, doc.contact)?,
        Question::Reach => doc.contact = reach(sent, doc.contact)?,
        Question::Meetings => doc.sessions = meetings(sent)?,
        Question::Support => doc.access_needs = support(sent)?,
        Question::Payment => {
            let payment = one(sent, "payment", "/money/payment", PaymentWish::ALL, PaymentWish::word)?;
            let method = given(sent, "method", "/money/method", PaymentMethod::ALL, PaymentMethod::word)?;
            let lower_amount_pence = pence(sent, "lower_amount", "/money/lower_amount_pence")?;
            doc.money = Money { payment, prepaid_expenses: sent.has("prepaid_expenses"), method, lower_amount_pence };
        }
        Question::Story => {
            let read = |name: &str| one(sent, name, &format!("/story/{name}"), Permission::ALL, Permission::word);
            let credit = given(sent, "credit", "/story/credit", Credit::ALL, Credit::word)?.unwrap_or(doc.story.credit);
            doc.story = Story { may_ask_about_experience: read("may_ask_about_experience")?, quotes: read("quotes")?, credit };
        }
        Question::Quiet => doc.quiet_periods = quiet(sent)?,
        Question::Trying => {
            let open_to_trying_higher =
                one(sent, "trying", "/trying", &[true, false], |yes| if yes { "yes" } else { "no" }.into())?;
            doc.trial = TrialWish { open_to_trying_higher };
        }
        Question::Review => doc.review_after = sent.parsed("review_after", "Write a day, such as 2027-03-31.")?,
    }
    Ok(doc)
}

fn choose() -> &'static str {
    "Choose one of the answers."
}

/// The one word that was chosen.
fn one<T: Copy>(sent: &Fields, name: &str, at: &str, all: &[T], word: impl Fn(T) -> String) -> Result<T> {
    let text = sent.text(name);
    let found = all.iter().copied().find(|one| word(*one) == text);
    found.ok_or_else(|| Error::Invalid(vec![Violation::new(at, "required", choose())]))
}

/// The one word that was chosen, if any was.
fn given<T: Copy>(sent: &Fields, name: &str, at: &str, all: &[T], word: impl Fn(T) -> String) -> Result<Option<T>> {
    sent.given(name).map(|_| one(sent, name, at, all, word)).transpose()
}

/// Pounds as pence, if any are given.
fn pence(sent: &Fields, name: &str, at: &str) -> Result<Option<i64>> {
    let Some(text) = sent.given(name) else { return Ok(None) };
    let read = crate::pages::kit::pence(text.trim_start_matches('£').trim());
    read.map(Some).ok_or_else(|| Error::invalid(at, "form", "Write an amount in pounds, such as 5 or 12.50."))
}

/// All the words that were chosen, in their usual order.
fn chosen<T: Copy>(sent: &Fields, name: &str, all: &[T], word: impl Fn(T) -> String) -> Vec<T> {
    all.iter().copied().filter(|one| sent.all(name).any(|text| text == word(*one))).collect()
}

/// The stance that a choice means. The same choice as before changes nothing of what stands behind it.
fn stance(at: &str, kind: &str, before: &Stance) -> Result<Stance> {
    if kind == kind_of(before) {
        return Ok(before.clone());
    }
    Ok(match kind {
        "inform" => Stance::bare(StanceKind::InformMeOnly),
        "consultation" => Stance::up_to(Rung::Consultation),
        "engagement" => Stance::up_to(Rung::Engagement),
        "co_design" => Stance::up_to(Rung::CoDesign),
        "co_production" => Stance::up_to(Rung::CoProduction),
        "ask" => Stance::bare(StanceKind::AskEachTime),
        "pause" => Stance::bare(StanceKind::Paused),
        _ => return Err(Error::Invalid(vec![Violation::new(at, "required", choose())])),
    })
}

fn exactly(sent: &Fields, before: &Stance) -> Result<Stance> {
    let rungs: Vec<Rung> =
        chosen(sent, "rung", Rung::ALL, Rung::word).into_iter().filter(|rung| *rung != Rung::Coercion).collect();
    if rungs.is_empty() {
        return Err(Error::invalid("/stance/rungs", "required", "Tick at least one, or go back and choose “Not now”."));
    }
    let same = kind_of(before) == "exactly" && crate::participants::rules::rungs_of(before).iter().eq(rungs.iter().copied());
    Ok(if same { before.clone() } else { Stance { rungs, ..Stance::bare(StanceKind::Only) } })
}

fn about(sent: &Fields, before: &TopicChoices, topics: &[topic::Model]) -> TopicChoices {
    let list = |word: &str, before: &[TopicId]| -> Vec<TopicId> {
        let chosen = topics.iter().filter(|topic| sent.text(&format!("topic-{}", topic.id)) == word).map(|topic| topic.id);
        // What the page did not show stays as it was.
        let hidden = before.iter().copied().filter(|id| topics.iter().all(|topic| topic.id != *id));
        chosen.chain(hidden).collect()
    };
    TopicChoices {
        yes: list("yes", &before.yes),
        ask_first: list("ask_first", &before.ask_first),
        never: list("never", &before.never),
    }
}

fn topic_wishes(sent: &Fields, before: &[TopicStance], topics: &[topic::Model]) -> Result<Vec<TopicStance>> {
    let ids: Vec<TopicId> = topics.iter().map(|topic| topic.id).collect();
    let of = |topic| before.iter().find(|wish| wish.topic == topic).map(|wish| &wish.stance);
    let hidden: Vec<TopicStance> = before.iter().filter(|wish| !ids.contains(&wish.topic)).cloned().collect();
    let mut wishes =
        own_wishes(sent, "topic", &ids, |topic| topic.to_string(), of, |topic, stance| TopicStance { topic, stance })?;
    wishes.extend(hidden);
    Ok(wishes)
}

/// The wishes that were chosen beside the default; none for what is the same as for everything else.
fn own_wishes<'d, T: Copy, W>(
    sent: &Fields,
    name: &str,
    all: &[T],
    word: impl Fn(T) -> String,
    before: impl Fn(T) -> Option<&'d Stance>,
    made: impl Fn(T, Stance) -> W,
) -> Result<Vec<W>> {
    let nothing = Stance::bare(StanceKind::AskEachTime);
    let mut wishes = Vec::new();
    for one in all {
        let name = format!("{name}-{}", word(*one));
        let kind = sent.text(&name);
        if !kind.is_empty() {
            wishes.push(made(*one, stance(&format!("/{name}"), kind, before(*one).unwrap_or(&nothing))?));
        }
    }
    Ok(wishes)
}

fn groups(sent: &Fields) -> GroupSafety {
    let ticked = |name: &str| sent.all("group").any(|one| one == name);
    GroupSafety {
        women_only: ticked("women_only"),
        same_experience: ticked("same_experience"),
        known_facilitator: ticked("known_facilitator"),
        not_with: chosen(sent, "not_with", Present::ALL, Present::word),
    }
}

fn time(sent: &Fields) -> Result<Load> {
    let number = "Write a whole number, or leave it empty.";
    let hours: Option<f64> = sent.parsed("hours", "Write a number, such as 2 or 1.5, or leave it empty.").map_err(at_load)?;
    let wrong = || Error::invalid("/load/minutes_per_month_max", "out_of_range", "A month has 744 hours at most.");
    let all = match hours {
        Some(hours) if !(0.0..=744.0).contains(&hours) => return Err(wrong()),
        #[allow(clippy::cast_possible_truncation)]
        Some(hours) => Some((hours * 60.0).round() as i32),
        None => None,
    };
    Ok(Load {
        minutes_per_month_max: all,
        invites_per_month_max: sent.parsed("invites", number)?,
        notice_days_min: sent.parsed("notice", number)?,
        meetings_per_day_max: sent.parsed("meetings", number)?,
    })
}

/// The field for hours is about minutes in the document.
fn at_load(error: Error) -> Error {
    match error {
        Error::Invalid(found) => Error::Invalid(
            found.into_iter().map(|one| Violation { pointer: "/load/minutes_per_month_max".into(), ..one }).collect(),
        ),
        other => other,
    }
}

fn letters(sent: &Fields, before: Contact) -> Result<Contact> {
    let hour = "Choose one of the hours.";
    Ok(Contact {
        format: one(sent, "format", "/contact/format", LetterFormat::ALL, LetterFormat::word)?,
        neutral_subject: sent.has("neutral_subject"),
        from_hour: sent.parsed("from_hour", hour)?,
        to_hour: sent.parsed("to_hour", hour)?,
        time_zone: sent.given("time_zone").as_deref().map(zone::read).transpose()?,
        news: given(sent, "news", "/contact/news", NewsWish::ALL, NewsWish::word)?.unwrap_or(before.news),
        ..before
    })
}

fn reach(sent: &Fields, before: Contact) -> Result<Contact> {
    let channel = one(sent, "channel", "/contact/channel", Channel::ALL, Channel::word)?;
    Ok(Contact { channel, phone: sent.given("phone"), no_voicemail: sent.has("no_voicemail"), ..before })
}

fn meetings(sent: &Fields) -> Result<SessionWishes> {
    let number = "Write a whole number, or leave it empty.";
    Ok(SessionWishes {
        longest_minutes: sent.parsed("longest", number)?,
        break_after_minutes: sent.parsed("break", number)?,
        camera_off: sent.has("camera_off"),
        no_chat: sent.has("no_chat"),
    })
}

fn rows(sent: &Fields) -> usize {
    sent.text("count").parse().unwrap_or(0usize).min(ROWS)
}

/// Rows that were emptied are gone.
fn support(sent: &Fields) -> Result<Vec<AccessNeed>> {
    let mut all = Vec::new();
    for n in 0..rows(sent) {
        let Some(need) = sent.given(&format!("need-{n}")) else { continue };
        let name = format!("share-{n}");
        let share_with = one(sent, &name, &format!("/{name}"), ShareWith::ALL, ShareWith::word)?;
        let name = format!("kind-{n}");
        let kind = given(sent, &name, &format!("/{name}"), NeedKind::ALL, NeedKind::word)?.unwrap_or(NeedKind::Other);
        all.push(AccessNeed { need, kind, must_have: sent.has(&format!("must-{n}")), share_with });
    }
    Ok(all)
}

fn quiet(sent: &Fields) -> Result<Vec<QuietPeriod>> {
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for n in 0..rows(sent) {
        let day = |name: &str| -> Result<Option<NaiveDate>, Violation> {
            let at = format!("/quiet_periods/{n}/{name}");
            let text = sent.given(&format!("{name}-{n}"));
            text.map(|text| text.parse().map_err(|_| Violation::new(at, "form", "Write a day, such as 2027-03-31."))).transpose()
        };
        let repeat = given(sent, &format!("repeat-{n}"), &format!("/quiet_periods/{n}/repeat"), Repeat::ALL, Repeat::word)?;
        match (day("from"), day("to")) {
            (Ok(None), Ok(None)) => {}
            (Ok(Some(from)), Ok(to)) => all.push(QuietPeriod { from, to: to.unwrap_or(from), repeat }),
            (Ok(None), Ok(Some(_))) => {
                wrong.push(Violation::new(format!("/quiet_periods/{n}/from"), "required", "Write the first day."));
            }
            (from, to) => wrong.extend([from.err(), to.err()].into_iter().flatten()),
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(Error::Invalid(wrong)) }
}
