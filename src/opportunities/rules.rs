//! What an opportunity may say, and what may still change once people were asked. Pure.

use crate::{
    integrity::gates::payment_flaws,
    participants::rules::meets_others,
    platform::{Error, Result, Violation, text::Check},
    projects::{Warning, claimable},
};
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use entity::{
    ActivityType, DecisionId, Format, GroupFacts, NoticeId, OpportunityKind, OpportunityState, PaymentOffer, ProjectId, Rung,
    Stage, SupportContact, Time, TopicId, opportunity, project,
};

/// A place is held so long for somebody who was asked, where nothing else is said.
const REPLY_WITHIN_DAYS: i32 = 14;

/// What an opportunity is among the activities that people choose in their preferences.
pub fn activity_of(row: &opportunity::Model) -> ActivityType {
    row.activity.unwrap_or_else(|| activity(row.kind))
}

/// What a kind of opportunity is among them, where nothing else is said.
pub fn activity(kind: OpportunityKind) -> ActivityType {
    match kind {
        OpportunityKind::Consultation => ActivityType::Survey,
        OpportunityKind::Workshop => ActivityType::Workshop,
        OpportunityKind::Interview => ActivityType::Interview1to1,
        OpportunityKind::FocusGroup => ActivityType::FocusGroup,
        OpportunityKind::ReadingPanel => ActivityType::DocumentReview,
        OpportunityKind::CoDesignGroup => ActivityType::CoDesignGroup,
        OpportunityKind::BoardSeat => ActivityType::BoardOrSteering,
        OpportunityKind::PeerResearch => ActivityType::PeerResearch,
        OpportunityKind::PaidRole => ActivityType::PaidRole,
    }
}

/// The day it is in a time zone.
pub fn today(now: Time, zone: Tz) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

/// Whether the closing day has passed, whatever the record still says.
pub fn has_ended(row: &opportunity::Model, now: Time, zone: Tz) -> bool {
    row.state == OpportunityState::Closed || row.closes_on.is_some_and(|closes| closes < today(now, zone))
}

/// Whether people can take part right now. Days count where the organisation is: from the start of `opens_on` to the end
/// of `closes_on`. A closing that is recorded late changes nothing.
pub fn takes_answers(row: &opportunity::Model, now: Time, zone: Tz) -> bool {
    let begun = row.opens_on.is_none_or(|opens| opens <= today(now, zone));
    row.state == OpportunityState::Open && begun && !has_ended(row, now, zone)
}

/// Whether a place that is given up goes on to somebody who waits for one: while people can say yes, and after that until
/// it begins.
pub fn passes_places_on(row: &opportunity::Model, now: Time) -> bool {
    match row.state {
        OpportunityState::Draft => false,
        OpportunityState::Open => true,
        OpportunityState::Closed => row.starts_at.is_some_and(|starts| now < starts),
    }
}

/// What an opportunity says about itself.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The project it belongs to.
    pub project: ProjectId,
    /// Which way to take part.
    pub kind: OpportunityKind,
    /// What it is among the activities that people choose, where that is not what its kind is as a rule.
    pub activity: Option<ActivityType>,
    /// Name.
    pub title: String,
    /// What it is.
    pub summary: String,
    /// The rung that is offered.
    pub rung: Rung,
    /// In which stage of the work.
    pub stage: Stage,
    /// What people can change.
    pub open_to_influence: String,
    /// What they cannot.
    pub not_open: String,
    /// Who decides.
    pub who_decides: String,
    /// How people are chosen.
    pub how_chosen: String,
    /// Time asked for.
    pub minutes: i32,
    /// Time to prepare.
    pub preparation_minutes: i32,
    /// Forms it offers.
    pub formats: Vec<Format>,
    /// What the group is in which people meet.
    pub group: Option<GroupFacts>,
    /// What support there is.
    pub support: String,
    /// Whom to turn to.
    pub support_contact: Option<SupportContact>,
    /// A word about hard content.
    pub content_note: Option<String>,
    /// The payment statement; needed, also when nothing is paid.
    pub payment: Option<PaymentOffer>,
    /// Places; `None` for an open call.
    pub places: Option<i32>,
    /// For so many days a place is held for somebody who was asked.
    pub reply_within_days: Option<i32>,
    /// First day.
    pub opens_on: Option<NaiveDate>,
    /// Last day on which people can answer or say yes.
    pub closes_on: Option<NaiveDate>,
    /// When the activity begins.
    pub starts_at: Option<Time>,
    /// The day by which people are told what came of it.
    pub feedback_due: Option<NaiveDate>,
    /// Why that day was moved after people were asked.
    pub feedback_moved_reason: Option<String>,
    /// The consent notice.
    pub notice: Option<NoticeId>,
    /// What it is about.
    pub topics: Vec<TopicId>,
    /// Which decisions it feeds.
    pub decisions: Vec<DecisionId>,
}

impl Offer {
    /// The offer that a row was made from.
    pub fn of(row: opportunity::Model, topics: Vec<TopicId>, decisions: Vec<DecisionId>) -> Self {
        Self {
            project: row.project_id,
            kind: row.kind,
            activity: row.activity,
            title: row.title,
            summary: row.summary,
            rung: row.rung,
            stage: row.stage,
            open_to_influence: row.open_to_influence,
            not_open: row.not_open,
            who_decides: row.who_decides,
            how_chosen: row.how_chosen,
            minutes: row.minutes,
            preparation_minutes: row.preparation_minutes,
            formats: row.formats.0,
            group: row.group_facts,
            support: row.support,
            support_contact: row.support_contact,
            content_note: row.content_note,
            payment: Some(row.payment),
            places: row.places,
            reply_within_days: row.reply_within_days,
            opens_on: row.opens_on,
            closes_on: row.closes_on,
            starts_at: row.starts_at,
            feedback_due: row.feedback_due,
            feedback_moved_reason: row.feedback_moved_reason,
            notice: row.notice_id,
            topics,
            decisions,
        }
    }

    /// The same in the form in which it is kept: without blanks around, double forms, or fractions of a millisecond.
    pub fn tidied(mut self) -> Self {
        let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        self.title = self.title.trim().to_owned();
        self.reply_within_days = self.reply_within_days.or(self.places.map(|_| REPLY_WITHIN_DAYS));
        self.content_note = said(self.content_note);
        self.feedback_moved_reason = said(self.feedback_moved_reason);
        self.starts_at = self.starts_at.map(|at| DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at));
        self.formats.sort();
        self.formats.dedup();
        self.activity = self.activity.filter(|own| *own != activity(self.kind));
        if let Some(present) = self.group.as_mut().and_then(|group| group.present.as_mut()) {
            present.sort();
            present.dedup();
        }
        self
    }

    /// Topics and decisions, each once and in order of id.
    pub fn links(&self) -> (Vec<TopicId>, Vec<DecisionId>) {
        let (mut topics, mut decisions) = (self.topics.clone(), self.decisions.clone());
        topics.sort();
        topics.dedup();
        decisions.sort();
        decisions.dedup();
        (topics, decisions)
    }

    /// What is wrong in itself, drafts included; what is still missing is told by the gate.
    pub fn flaws(&self) -> Check {
        let mut check = Check::new();
        check.line("/title", &self.title, 200);
        let texts = [
            ("/summary", &self.summary),
            ("/open_to_influence", &self.open_to_influence),
            ("/not_open", &self.not_open),
            ("/who_decides", &self.who_decides),
            ("/how_chosen", &self.how_chosen),
            ("/support", &self.support),
        ];
        for (pointer, text) in texts {
            check.length(pointer, text, 3000);
        }
        for (pointer, text) in [("/content_note", &self.content_note), ("/feedback_moved_reason", &self.feedback_moved_reason)] {
            check.length(pointer, text.as_deref().unwrap_or_default(), 2000);
        }
        check.range("/minutes", self.minutes, 0, 100_000).range("/preparation_minutes", self.preparation_minutes, 0, 100_000);
        if let Some(contact) = &self.support_contact {
            check.line("/support_contact/name", &contact.name, 200).line("/support_contact/reach", &contact.reach, 300);
        }
        if let Some(places) = self.places {
            check.range("/places", places, 1, 100_000);
            let detail = "Leave this out: a consultation has no places, and everybody whose choices fit is asked.";
            check.that(self.kind != OpportunityKind::Consultation, "/places", "not_used", detail);
        }
        if let Some(days) = self.reply_within_days {
            check.range("/reply_within_days", days, 3, 60);
            let detail = "Leave this out: where places are not limited, none is held for anybody.";
            check.that(self.places.is_some(), "/reply_within_days", "not_used", detail);
        }
        let survey = self.kind != OpportunityKind::Consultation || self.activity() == ActivityType::Survey;
        check.that(survey, "/activity", "not_used", "Leave this out: in a consultation people answer questions in writing.");
        let group = self.group.is_none() || meets_others(self.activity());
        check.that(group, "/group", "not_used", "Leave this out: in this, people do not meet others.");
        check.day("/opens_on", self.opens_on).day("/closes_on", self.closes_on).day("/feedback_due", self.feedback_due);
        check.time("/starts_at", self.starts_at);
        if let (Some(opens), Some(closes)) = (self.opens_on, self.closes_on) {
            check.that(opens <= closes, "/closes_on", "order", "Choose a closing day on or after the opening day.");
        }
        check.items("/topics", self.topics.len(), 50).items("/decisions", self.decisions.len(), 50);
        self.payment_flaws(&mut check);
        check
    }

    /// What it is among the activities that people choose.
    pub fn activity(&self) -> ActivityType {
        self.activity.unwrap_or_else(|| activity(self.kind))
    }

    fn payment_flaws(&self, check: &mut Check) {
        let Some(payment) = &self.payment else {
            let detail = "Say what is paid. When nothing is paid, say that.";
            check.that(false, "/payment", "required", detail);
            return;
        };
        check.length("/payment/expenses", &payment.expenses, 1000).length("/payment/how", &payment.how, 1000);
        if let Some(amount) = payment.amount_pence {
            check.that(amount <= 100_000_000, "/payment/amount_pence", "out_of_range", "Use at most 100000000 pence.");
        }
        // An amount that is not known yet may be added before it opens.
        check.extend(payment_flaws(payment).filter(|flaw| flaw.code != "required"));
    }

    /// Whether the project may carry this.
    pub fn rung_flaw(&self, project: &project::Model) -> Option<Violation> {
        let above = project.claimed_rung.is_some_and(|claimed| self.rung > claimed);
        let above = above.then(|| Violation::new("/rung", "above_claim", "Offer at most the rung that the project claims."));
        claimable("/rung", self.rung, project.kind).or(above)
    }
}

/// What a coordinator should know about an opportunity; it stops nothing.
pub fn warnings(claimed: Option<Rung>) -> Vec<Warning> {
    let detail = "The project claims no rung of the ladder yet. It needs one before this can open.";
    if claimed.is_none() { vec![Warning { code: "no_claimed_rung", detail }] } else { Vec::new() }
}

/// Whether `new` keeps what people were told when `old` opened.
pub fn keeps_its_word(
    old: &opportunity::Model,
    links: (&[TopicId], &[DecisionId]),
    new: &Offer,
    now: Time,
    zone: Tz,
) -> Result<()> {
    let ended = has_ended(old, now, zone);
    let mut fixed: Vec<Violation> = fixed_fields(old, links, new)
        .into_iter()
        .filter(|(same, _)| !same)
        .map(|(_, pointer)| Violation::new(pointer, "fixed", "People were told this. It cannot change any more."))
        .collect();
    let today = today(now, zone);
    if new.closes_on != old.closes_on {
        let later = new.closes_on.is_some_and(|day| day >= today && old.closes_on.is_none_or(|before| day > before));
        if ended {
            fixed.push(Violation::new("/closes_on", "fixed", "It has closed. The closing day cannot change any more."));
        } else if !later {
            fixed.push(Violation::new("/closes_on", "later", "The closing day can move later, and never earlier."));
        }
    }
    if new.feedback_due.is_none() && old.feedback_due.is_some() {
        fixed.push(Violation::new("/feedback_due", "promised", "A feedback day was promised. It can move, with a reason."));
    }
    if !fixed.is_empty() {
        let code = if ended { "closed" } else { "open" };
        let detail = "People were asked on these terms. What cannot change is named.".into();
        return Err(Error::Conflict { code, detail, items: fixed });
    }
    keeps_feedback(old, new, today, zone)
}

/// Since when feedback is late, once its day is moved: a new day does not take back that the old one passed.
pub fn late_since(old: &opportunity::Model, new_due: Option<NaiveDate>, today: NaiveDate) -> Option<NaiveDate> {
    let passed = old.feedback_due.filter(|due| *due < today && new_due != old.feedback_due);
    old.feedback_late_since.or(passed)
}

/// Whether closing now breaks the word that the closing day never moves earlier.
pub fn closes_early(row: &opportunity::Model, now: Time, zone: Tz) -> bool {
    row.closes_on.is_some_and(|closes| closes >= today(now, zone))
}

/// A feedback day moves with a reason, and never before the closing day or the beginning.
fn keeps_feedback(old: &opportunity::Model, new: &Offer, today: NaiveDate, zone: Tz) -> Result<()> {
    let mut check = Check::new();
    if new.feedback_due != old.feedback_due {
        let given = new.feedback_moved_reason.is_some() && new.feedback_moved_reason != old.feedback_moved_reason;
        check.that(given, "/feedback_moved_reason", "required", "Say why the feedback day moves. Everybody can read it.");
        check.that(new.feedback_due.is_none_or(|day| day > today), "/feedback_due", "past", "Choose a day that has not passed.");
    }
    let after = new.feedback_due.zip(new.closes_on).is_none_or(|(due, closes)| due > closes);
    check.that(after, "/feedback_due", "order", "Choose a feedback day after the closing day.");
    let begun = new.feedback_due.zip(new.starts_at).is_none_or(|(due, starts)| due > self::today(starts, zone));
    let detail = "Choose a feedback day after the day on which it begins.";
    check.that(begun, "/feedback_due", "before_it_begins", detail);
    check.done()
}

/// Everything that is fixed once people were asked, and whether it is the same.
fn fixed_fields(
    old: &opportunity::Model,
    (topics, decisions): (&[TopicId], &[DecisionId]),
    new: &Offer,
) -> Vec<(bool, &'static str)> {
    let (new_topics, new_decisions) = new.links();
    vec![
        (new.project == old.project_id, "/project"),
        (new.kind == old.kind, "/kind"),
        (new.kind != old.kind || new.activity() == activity_of(old), "/activity"),
        (new.rung == old.rung, "/rung"),
        (new.stage == old.stage, "/stage"),
        (new.open_to_influence == old.open_to_influence, "/open_to_influence"),
        (new.not_open == old.not_open, "/not_open"),
        (new.who_decides == old.who_decides, "/who_decides"),
        (new.how_chosen == old.how_chosen, "/how_chosen"),
        (new.minutes == old.minutes, "/minutes"),
        (new.preparation_minutes == old.preparation_minutes, "/preparation_minutes"),
        (new.formats == old.formats.0, "/formats"),
        (new.group == old.group_facts, "/group"),
        (new.payment.as_ref() == Some(&old.payment), "/payment"),
        (new.places == old.places, "/places"),
        (new.opens_on == old.opens_on, "/opens_on"),
        (new.starts_at == old.starts_at, "/starts_at"),
        (new.notice == old.notice_id, "/notice"),
        (new_topics == topics, "/topics"),
        (new_decisions == decisions, "/decisions"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{Formats, PaymentKind};
    use proptest::prelude::*;
    use std::collections::HashSet;
    use uuid::Uuid;

    fn day(n: i64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2027, 3, 1).unwrap() + chrono::Duration::days(n)
    }

    fn row() -> opportunity::Model {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        opportunity::Model {
            organisation_id: Uuid::nil().into(),
            id: Uuid::nil().into(),
            project_id: Uuid::nil().into(),
            kind: OpportunityKind::Consultation,
            activity: None,
            title: "T".into(),
            summary: "S".into(),
            rung: Rung::Consultation,
            stage: Stage::Design,
            open_to_influence: "O".into(),
            not_open: "N".into(),
            who_decides: "W".into(),
            how_chosen: "H".into(),
            minutes: 10,
            preparation_minutes: 0,
            formats: Formats(vec![Format::Online]),
            group_facts: None,
            support: String::new(),
            support_contact: None,
            content_note: None,
            payment: PaymentOffer { kind: PaymentKind::Unpaid, amount_pence: None, expenses: String::new(), how: String::new() },
            places: None,
            reply_within_days: None,
            opens_on: None,
            closes_on: Some(day(10)),
            starts_at: None,
            feedback_due: Some(day(40)),
            feedback_moved_reason: None,
            state: OpportunityState::Open,
            opened_at: Some(at),
            closed_at: None,
            notice_id: None,
            questionnaire_id: None,
            promised: None,
            closed_early_reason: None,
            feedback_late_since: None,
            created_by: "account".into(),
            version: 1,
            created_at: at,
        }
    }

    /// The offer that the row came from.
    fn same(row: &opportunity::Model) -> Offer {
        Offer::of(row.clone(), Vec::new(), Vec::new())
    }

    fn noon(n: i64) -> Time {
        day(n).and_hms_opt(12, 0, 0).unwrap().and_utc()
    }

    #[test]
    fn each_kind_is_one_activity() {
        let kinds: HashSet<ActivityType> = OpportunityKind::ALL.iter().map(|kind| activity(*kind)).collect();
        assert_eq!(kinds.len(), OpportunityKind::ALL.len());
        assert_eq!(activity(OpportunityKind::Interview), ActivityType::Interview1to1);
        assert_eq!(activity(OpportunityKind::BoardSeat), ActivityType::BoardOrSteering);
    }

    #[test]
    fn what_is_sent_back_unchanged_keeps_its_word() {
        assert_eq!(keeps_its_word(&row(), (&[], &[]), &same(&row()), noon(0), Tz::UTC), Ok(()));
        assert_eq!(keeps_its_word(&row(), (&[], &[]), &same(&row()), noon(90), Tz::UTC), Ok(()));
    }

    proptest! {
        #[test]
        fn a_closing_day_moves_later_and_never_earlier(now in -20i64..40, to in -20i64..60) {
            let old = row();
            let offer = Offer { closes_on: Some(day(to)), feedback_due: Some(day(100)), feedback_moved_reason: Some("R".into()), ..same(&old) };
            let kept = keeps_its_word(&old, (&[], &[]), &offer, noon(now), Tz::UTC).is_ok();
            prop_assert_eq!(kept, to == 10 || (now <= 10 && to > 10 && to >= now));
        }

        #[test]
        fn what_has_ended_stays_ended(closes in 0i64..30, now in -10i64..50, hours in 0i64..500, zone in 0..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let open = opportunity::Model { closes_on: Some(day(closes)), ..row() };
            let (now, later) = (noon(now), noon(now) + chrono::Duration::hours(hours));
            prop_assert!(!has_ended(&open, now, zone) || has_ended(&open, later, zone));
            prop_assert_eq!(takes_answers(&open, now, zone), !has_ended(&open, now, zone));
            for state in [OpportunityState::Draft, OpportunityState::Closed] {
                let other = opportunity::Model { state, ..open.clone() };
                prop_assert!(!takes_answers(&other, now, zone));
            }
        }

        #[test]
        fn a_payment_statement_is_always_asked_for(minutes in -5i32..200_000, title in "\\PC{0,5}") {
            let offer = Offer { payment: None, minutes, title, ..same(&row()) };
            let Err(Error::Invalid(flaws)) = offer.flaws().done() else { return Err(TestCaseError::fail("nothing was told")) };
            prop_assert!(flaws.iter().any(|flaw| flaw.pointer == "/payment" && flaw.code == "required"));
        }
    }
}
