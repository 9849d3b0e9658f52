//! The gate: what must be there before a way to take part may open. Pure.
//!
//! Everything that is missing is told at once, each with the field it is about. A lower rung honestly offered passes as
//! it is: nothing is asked of it that belongs to a higher one.

use crate::platform::Violation;
use chrono::NaiveDate;
use entity::{
    DecisionScope, OpportunityKind, PaymentKind, PaymentOffer, ProjectKind, ProjectPurpose, Rung, SupportContact, Time,
};

/// What is known about a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionFact {
    /// Whether people can change it.
    pub scope: DecisionScope,
    /// Whether it is settled.
    pub settled: bool,
}

impl DecisionFact {
    fn can_change(&self) -> bool {
        self.scope == DecisionScope::Open && !self.settled
    }
}

/// What is known about the notice that an opportunity names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeFact {
    /// Whether it is published.
    pub published: bool,
    /// Whether it is about this opportunity.
    pub of_this: bool,
    /// Whether no newer one is published: people are shown the newest.
    pub newest: bool,
    /// Whether it asks for consent to take part.
    pub participate: bool,
    /// Whether it asks for consent to being counted in what is published.
    pub counted: bool,
}

/// What is known about the project behind an opportunity.
#[derive(Clone, Debug)]
pub struct ProjectFact {
    /// Involvement, or a survey about something that exists.
    pub kind: ProjectKind,
    /// Why people are involved.
    pub purpose: ProjectPurpose,
    /// Who will use what comes of it.
    pub intended_users: Vec<String>,
    /// What can change, in public words.
    pub promise: Option<String>,
    /// The rung that is claimed.
    pub claimed_rung: Option<Rung>,
    /// All its decisions.
    pub decisions: Vec<DecisionFact>,
}

/// Everything that decides whether an opportunity may open.
#[derive(Clone, Debug)]
pub struct OpeningFacts {
    /// The project.
    pub project: ProjectFact,
    /// The decisions that this opportunity feeds.
    pub linked: Vec<DecisionFact>,
    /// Which way to take part.
    pub kind: OpportunityKind,
    /// The rung that is offered.
    pub rung: Rung,
    /// What it is, in a few sentences.
    pub summary: String,
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
    /// The payment statement.
    pub payment: PaymentOffer,
    /// Places; `None` for an open call.
    pub places: Option<i32>,
    /// A word about hard content.
    pub content_note: Option<String>,
    /// Whom to turn to.
    pub support_contact: Option<SupportContact>,
    /// The notice, where one is named.
    pub notice: Option<NoticeFact>,
    /// Whether a questionnaire is published.
    pub questionnaire: bool,
    /// First day.
    pub opens_on: Option<NaiveDate>,
    /// Last day on which people can answer or say yes.
    pub closes_on: Option<NaiveDate>,
    /// When the activity begins.
    pub starts_at: Option<Time>,
    /// The day on which it begins, where the organisation is.
    pub starts_on: Option<NaiveDate>,
    /// The day by which people are told what came of it.
    pub feedback_due: Option<NaiveDate>,
    /// Today, where the organisation is.
    pub today: NaiveDate,
    /// Now.
    pub now: Time,
}

/// Whether a kind happens at one time for all who take part.
pub fn is_dated(kind: OpportunityKind) -> bool {
    matches!(kind, OpportunityKind::Workshop | OpportunityKind::FocusGroup | OpportunityKind::CoDesignGroup)
}

/// Whether a kind has a number of places; a consultation may be open to all.
pub fn is_limited(kind: OpportunityKind) -> bool {
    kind != OpportunityKind::Consultation
}

/// Everything that is missing before the opportunity may open; empty when it may.
pub fn missing(facts: &OpeningFacts) -> Vec<Violation> {
    let mut missing = Missing(Vec::new());
    missing.project(&facts.project);
    missing.rung(facts);
    missing.decisions(facts);
    missing.texts(facts);
    missing.offer(facts);
    missing.consent_and_questions(facts);
    missing.dates(facts);
    missing.0
}

/// What a payment statement contradicts itself in, or leaves out.
pub fn payment_flaws(payment: &PaymentOffer) -> Option<Violation> {
    let violation = |code, detail| Some(Violation::new("/payment/amount_pence", code, detail));
    match (payment.kind, payment.amount_pence) {
        (PaymentKind::Unpaid, Some(_)) => {
            violation("not_used", "Unpaid means no amount. Take the amount out, or choose another kind.")
        }
        (PaymentKind::Unpaid, None) => None,
        (_, None) => violation("required", "Say how much is paid for the whole activity, preparation included."),
        (_, Some(amount)) if amount <= 0 => violation("out_of_range", "Use an amount above zero, or say that it is unpaid."),
        (_, Some(_)) => None,
    }
}

struct Missing(Vec<Violation>);

impl Missing {
    fn unless(&mut self, ok: bool, pointer: &str, code: &'static str, detail: &str) {
        if !ok {
            self.0.push(Violation::new(pointer, code, detail));
        }
    }

    fn said(&mut self, text: &str, pointer: &str, detail: &str) {
        self.unless(!text.trim().is_empty(), pointer, "required", detail);
    }

    fn project(&mut self, project: &ProjectFact) {
        let purpose = &project.purpose;
        self.said(&purpose.why, "/project/purpose/why", "Say in the project why people are involved.");
        let benefit = "Say in the project what the people who take part get out of it.";
        self.said(&purpose.benefit_to_participants, "/project/purpose/benefit_to_participants", benefit);
        self.said(&purpose.intended_change, "/project/purpose/intended_change", "Say in the project what should change.");
        let users = project.intended_users.iter().any(|group| !group.trim().is_empty());
        self.unless(users, "/project/intended_users", "required", "Say in the project who will use what comes of it.");
        let promise = project.promise.as_deref().unwrap_or_default();
        self.said(promise, "/project/promise", "Say in the project, in public words, what can change.");
        let claimed = project.claimed_rung.is_some();
        self.unless(claimed, "/project/claimed_rung", "required", "Say in the project which rung of the ladder this is.");
    }

    fn rung(&mut self, facts: &OpeningFacts) {
        let selectable = facts.rung != Rung::Coercion;
        self.unless(selectable, "/rung", "coercion", "Coercion can never be offered. Choose another rung.");
        let survey = facts.project.kind == ProjectKind::FeedbackSurvey && facts.rung > Rung::Consultation;
        self.unless(!survey, "/rung", "feedback_survey", "In a feedback survey, offer consultation or a rung below it.");
        let above = facts.project.claimed_rung.is_some_and(|claimed| facts.rung > claimed);
        self.unless(!above, "/rung", "above_claim", "Offer at most the rung that the project claims.");
    }

    /// From consultation on, something must be open: asking about what is settled is no consultation.
    fn decisions(&mut self, facts: &OpeningFacts) {
        if facts.rung < Rung::Consultation {
            return;
        }
        let relevant = if facts.linked.is_empty() { &facts.project.decisions } else { &facts.linked };
        let open = relevant.iter().any(DecisionFact::can_change);
        let detail = "At this rung people need something to change: name at least one decision that is open and not settled.";
        self.unless(open, "/decisions", "no_open_decision", detail);
    }

    fn texts(&mut self, facts: &OpeningFacts) {
        self.said(&facts.summary, "/summary", "Say what this is, in a few sentences.");
        self.said(&facts.open_to_influence, "/open_to_influence", "Say what people can change; if nothing, say so.");
        self.said(&facts.not_open, "/not_open", "Say what people cannot change; if everything is open, say so.");
        self.said(&facts.who_decides, "/who_decides", "Say who decides in the end.");
        self.said(&facts.how_chosen, "/how_chosen", "Say how people are chosen; if everybody can take part, say so.");
    }

    fn offer(&mut self, facts: &OpeningFacts) {
        self.unless(facts.minutes > 0, "/minutes", "required", "Say how many minutes this asks for.");
        self.0.extend(payment_flaws(&facts.payment));
        match facts.places {
            Some(places) => self.unless(places > 0, "/places", "out_of_range", "Offer at least one place."),
            None => self.unless(!is_limited(facts.kind), "/places", "required", "Say how many places there are."),
        }
        let noted = facts.content_note.as_deref().is_some_and(|note| !note.trim().is_empty());
        let contact = facts.support_contact.as_ref();
        let reachable = contact.is_some_and(|contact| !contact.name.trim().is_empty() && !contact.reach.trim().is_empty());
        let detail = "There is a content note: name somebody to turn to when something is hard to bear, and how to reach them.";
        self.unless(!noted || reachable, "/support_contact", "required", detail);
    }

    fn consent_and_questions(&mut self, facts: &OpeningFacts) {
        match facts.notice {
            None => self.unless(false, "/notice", "required", "Name the consent notice of this opportunity."),
            Some(notice) => {
                self.unless(notice.of_this, "/notice", "other", "Name a consent notice of this opportunity.");
                self.unless(notice.published, "/notice", "not_published", "Publish the consent notice first.");
                let detail = "A newer consent notice is published, and people would be shown that one. Name it.";
                self.unless(notice.newest, "/notice", "superseded", detail);
                let detail = "The consent notice must ask for consent to take part.";
                self.unless(notice.participate, "/notice", "no_participate", detail);
                let detail = "The consent notice must ask whether people let themselves be counted in what is published.";
                self.unless(notice.counted, "/notice", "no_publish_in_aggregate", detail);
            }
        }
        let asks = facts.kind != OpportunityKind::Consultation || facts.questionnaire;
        self.unless(asks, "/questionnaire", "required", "Publish the questions of this consultation.");
    }

    fn dates(&mut self, facts: &OpeningFacts) {
        match facts.closes_on {
            None => self.unless(false, "/closes_on", "required", "Say until which day people can answer or say yes."),
            Some(closes) => {
                self.unless(closes >= facts.today, "/closes_on", "past", "Choose a closing day that has not passed.");
                let order = facts.opens_on.is_none_or(|opens| opens <= closes);
                self.unless(order, "/closes_on", "order", "Choose a closing day on or after the opening day.");
            }
        }
        match facts.feedback_due {
            None => self.unless(false, "/feedback_due", "required", "Say by which day people will be told what came of it."),
            Some(due) => {
                let after = facts.closes_on.is_none_or(|closes| due > closes) && due > facts.today;
                self.unless(after, "/feedback_due", "order", "Choose a feedback day after the closing day.");
                let begun = facts.starts_on.is_none_or(|starts| due > starts);
                let detail = "Choose a feedback day after the day on which it begins.";
                self.unless(begun, "/feedback_due", "before_it_begins", detail);
            }
        }
        match facts.starts_at {
            None => self.unless(!is_dated(facts.kind), "/starts_at", "required", "Say when it begins."),
            Some(starts) => self.unless(starts > facts.now, "/starts_at", "past", "Choose a beginning that has not passed."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::{prelude::*, sample::subsequence};

    /// A consultation with nothing missing.
    fn whole() -> OpeningFacts {
        let text = || "Something.".to_owned();
        let open = DecisionFact { scope: DecisionScope::Open, settled: false };
        OpeningFacts {
            project: ProjectFact {
                kind: ProjectKind::Involvement,
                purpose: ProjectPurpose { why: text(), benefit_to_participants: text(), intended_change: text() },
                intended_users: vec![text()],
                promise: Some(text()),
                claimed_rung: Some(Rung::CoDesign),
                decisions: vec![open],
            },
            linked: vec![open],
            kind: OpportunityKind::Consultation,
            rung: Rung::Consultation,
            summary: text(),
            open_to_influence: text(),
            not_open: text(),
            who_decides: text(),
            how_chosen: text(),
            minutes: 20,
            payment: PaymentOffer { kind: PaymentKind::Unpaid, amount_pence: None, expenses: text(), how: text() },
            places: None,
            content_note: None,
            support_contact: None,
            notice: Some(NoticeFact { published: true, of_this: true, newest: true, participate: true, counted: true }),
            questionnaire: true,
            opens_on: None,
            closes_on: NaiveDate::from_ymd_opt(2027, 3, 20),
            starts_at: None,
            starts_on: None,
            feedback_due: NaiveDate::from_ymd_opt(2027, 4, 20),
            today: NaiveDate::from_ymd_opt(2027, 3, 1).unwrap(),
            now: chrono::Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap(),
        }
    }

    /// The same as a workshop at co-design.
    fn workshop() -> OpeningFacts {
        let starts = chrono::Utc.with_ymd_and_hms(2027, 3, 10, 9, 0, 0).unwrap();
        let kind = OpportunityKind::Workshop;
        OpeningFacts {
            kind,
            rung: Rung::CoDesign,
            places: Some(8),
            starts_at: Some(starts),
            starts_on: Some(starts.date_naive()),
            questionnaire: false,
            ..whole()
        }
    }

    type Spoil = (&'static str, &'static str, fn(&mut OpeningFacts));

    /// One way to spoil each thing, with the place and the word it is told by. They do not touch each other.
    const SPOILS: &[Spoil] = &[
        ("/project/purpose/why", "required", |f| f.project.purpose.why.clear()),
        ("/project/purpose/benefit_to_participants", "required", |f| f.project.purpose.benefit_to_participants.clear()),
        ("/project/purpose/intended_change", "required", |f| f.project.purpose.intended_change = "  ".into()),
        ("/project/intended_users", "required", |f| f.project.intended_users.clear()),
        ("/project/promise", "required", |f| f.project.promise = None),
        ("/project/claimed_rung", "required", |f| f.project.claimed_rung = None),
        ("/decisions", "no_open_decision", |f| f.linked[0].settled = true),
        ("/summary", "required", |f| f.summary.clear()),
        ("/open_to_influence", "required", |f| f.open_to_influence.clear()),
        ("/not_open", "required", |f| f.not_open.clear()),
        ("/who_decides", "required", |f| f.who_decides.clear()),
        ("/how_chosen", "required", |f| f.how_chosen = "\n".into()),
        ("/minutes", "required", |f| f.minutes = 0),
        ("/payment/amount_pence", "required", |f| f.payment.kind = PaymentKind::Voucher),
        ("/places", "out_of_range", |f| f.places = Some(0)),
        ("/support_contact", "required", |f| f.content_note = Some("About abuse.".into())),
        ("/notice", "required", |f| f.notice = None),
        ("/questionnaire", "required", |f| (f.questionnaire, f.kind) = (false, OpportunityKind::Consultation)),
        ("/closes_on", "past", |f| f.closes_on = f.today.pred_opt()),
        ("/feedback_due", "required", |f| f.feedback_due = None),
        ("/starts_at", "past", |f| f.starts_at = Some(f.now)),
    ];

    fn told(facts: &OpeningFacts) -> Vec<(String, String)> {
        missing(facts).into_iter().map(|violation| (violation.pointer, violation.code.into_owned())).collect()
    }

    fn one(change: impl Fn(&mut OpeningFacts), mut facts: OpeningFacts, pointer: &str, code: &str) {
        change(&mut facts);
        assert_eq!(told(&facts), vec![(pointer.to_owned(), code.to_owned())]);
    }

    #[test]
    fn what_is_whole_may_open() {
        assert_eq!(told(&whole()), vec![]);
        assert_eq!(told(&workshop()), vec![]);
    }

    #[test]
    fn a_lower_rung_honestly_offered_needs_no_decision() {
        for rung in [Rung::Educating, Rung::Informing] {
            let mut facts = OpeningFacts { rung, linked: vec![], ..whole() };
            facts.project.decisions.clear();
            facts.project.claimed_rung = Some(rung);
            assert_eq!(told(&facts), vec![]);
        }
        for rung in [Rung::Consultation, Rung::Engagement, Rung::CoDesign] {
            let mut facts = OpeningFacts { rung, linked: vec![], ..whole() };
            assert_eq!(told(&facts), vec![], "any open decision of the project will do when none is linked");
            facts.project.decisions.clear();
            assert_eq!(told(&facts), vec![("/decisions".into(), "no_open_decision".into())]);
        }
    }

    #[test]
    fn each_missing_thing_is_told() {
        for (pointer, code, spoil) in SPOILS {
            one(spoil, whole(), pointer, code);
        }
        let reserved = DecisionFact { scope: DecisionScope::Reserved, settled: false };
        one(|f| f.linked = vec![reserved], whole(), "/decisions", "no_open_decision");
        one(|f| f.payment.amount_pence = Some(500), whole(), "/payment/amount_pence", "not_used");
        for kind in [PaymentKind::Amount, PaymentKind::Voucher, PaymentKind::Salary] {
            one(|f| f.payment.kind = kind, workshop(), "/payment/amount_pence", "required");
            let zero = |f: &mut OpeningFacts| (f.payment.kind, f.payment.amount_pence) = (kind, Some(0));
            one(zero, whole(), "/payment/amount_pence", "out_of_range");
        }
        let notice = NoticeFact { published: true, of_this: true, newest: true, participate: true, counted: true };
        one(|f| f.notice = Some(NoticeFact { published: false, ..notice }), whole(), "/notice", "not_published");
        one(|f| f.notice = Some(NoticeFact { of_this: false, ..notice }), whole(), "/notice", "other");
        one(|f| f.notice = Some(NoticeFact { participate: false, ..notice }), whole(), "/notice", "no_participate");
        one(|f| f.notice = Some(NoticeFact { counted: false, ..notice }), whole(), "/notice", "no_publish_in_aggregate");
        one(|f| f.closes_on = None, whole(), "/closes_on", "required");
        one(|f| f.opens_on = NaiveDate::from_ymd_opt(2027, 3, 21), whole(), "/closes_on", "order");
        one(|f| f.feedback_due = f.closes_on, whole(), "/feedback_due", "order");
        one(|f| f.starts_on = f.feedback_due, workshop(), "/feedback_due", "before_it_begins");
        one(|f| f.notice = Some(NoticeFact { newest: false, ..notice }), whole(), "/notice", "superseded");
        one(|f| f.places = None, workshop(), "/places", "required");
        one(|f| f.starts_at = None, workshop(), "/starts_at", "required");
        one(|f| f.project.claimed_rung = Some(Rung::Informing), whole(), "/rung", "above_claim");
        one(|f| f.project.kind = ProjectKind::FeedbackSurvey, workshop(), "/rung", "feedback_survey");
        one(|f| f.rung = Rung::Coercion, whole(), "/rung", "coercion");
    }

    #[test]
    fn a_content_note_with_somebody_to_turn_to_is_fine() {
        let contact = Some(SupportContact { name: "The team".into(), reach: "0300 123".into() });
        let facts = OpeningFacts { content_note: Some("About abuse.".into()), support_contact: contact, ..whole() };
        assert_eq!(told(&facts), vec![]);
    }

    proptest! {
        #[test]
        fn everything_that_is_missing_is_told_at_once(chosen in subsequence((0..SPOILS.len()).collect::<Vec<_>>(), 0..=SPOILS.len())) {
            let mut facts = whole();
            let mut expected = Vec::new();
            for i in chosen {
                let (pointer, code, spoil) = SPOILS[i];
                spoil(&mut facts);
                expected.push((pointer.to_owned(), code.to_owned()));
            }
            let mut told = told(&facts);
            told.sort();
            expected.sort();
            prop_assert_eq!(told, expected);
        }

        #[test]
        fn details_are_plain_and_never_empty(chosen in subsequence((0..SPOILS.len()).collect::<Vec<_>>(), 1..=SPOILS.len())) {
            let mut facts = whole();
            for i in chosen {
                SPOILS[i].2(&mut facts);
            }
            for violation in missing(&facts) {
                prop_assert!(violation.detail.ends_with('.'), "{}", violation.detail);
                for word in ["only", "just", "upgrade"] {
                    prop_assert!(!violation.detail.split_whitespace().any(|given| given == word));
                }
            }
        }
    }
}
