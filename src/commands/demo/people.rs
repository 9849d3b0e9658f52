//! Made-up people: what each of them wants, allows and does. Everything follows from the seed and their number.

use super::dice::Dice;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

const NAMES: [&str; 24] = [
    "Amara", "Bea", "Chloe", "Dev", "Ellis", "Farah", "Grace", "Hana", "Iris", "Jo", "Kit", "Leila", "Maya", "Nia", "Orla",
    "Priya", "Quinn", "Rosa", "Sam", "Tess", "Uma", "Vera", "Wren", "Zadie",
];

/// Key and heading of the organisation's topics. The work of the demo is about the first.
pub const TOPICS: [(&str, &str); 5] = [
    ("support_after_violence", "Support after violence"),
    ("safe_housing", "Safe housing"),
    ("courts_and_police", "Courts and police"),
    ("health_care", "Health care"),
    ("money_advice", "Money advice"),
];

/// What somebody does when they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answers.
    Answer,
    /// Says no.
    Decline,
    /// Says later.
    Later,
    /// Chooses to stay informed.
    StepDown,
    /// Leaves the letter.
    Nothing,
}

/// A made-up person.
#[derive(Clone, Debug)]
pub struct Person {
    /// From 1.
    pub number: usize,
    /// Address.
    pub email: String,
    /// Whether they use the link to join.
    pub joins: bool,
    /// What they say to the organisation's notice, by purpose; empty for somebody who says nothing.
    pub says: Vec<(&'static str, &'static str)>,
    /// What they do when asked for the consultation.
    pub reply: Reply,
    /// Their session, once they have joined.
    pub session: String,
    /// Their id, once they have joined.
    pub id: String,
}

impl Person {
    /// The person of this number.
    pub fn new(seed: u64, number: usize) -> Self {
        let mut dice = Dice::of(seed, number, "person");
        let joins = dice.chance(94);
        let mut says = Vec::new();
        if dice.chance(97) {
            for (purpose, give, refuse) in [
                ("contact_invite", 94, 4),
                ("contact_reminder", 55, 35),
                ("contact_feedback", 85, 10),
                ("demographics_representativeness", 60, 30),
            ] {
                let choice = dice.weighted(&[(give, "give"), (refuse, "refuse"), (100 - give - refuse, "defer")]);
                says.push((purpose, choice.unwrap_or("defer")));
            }
        }
        let replies = [(92, Reply::Answer), (3, Reply::Decline), (1, Reply::Later), (1, Reply::StepDown), (3, Reply::Nothing)];
        let reply = dice.weighted(&replies).unwrap_or(Reply::Nothing);
        Self {
            number,
            email: format!("person{number:04}@people.example"),
            joins,
            says,
            reply,
            session: String::new(),
            id: String::new(),
        }
    }

    /// Whether they agreed to something in the organisation's notice.
    pub fn agrees(&self, purpose: &str) -> bool {
        self.says.iter().any(|(about, choice)| *about == purpose && *choice == "give")
    }

    /// The line of the file that names them; not everybody gave a name.
    pub fn line(&self, seed: u64) -> String {
        let mut dice = Dice::of(seed, self.number, "name");
        let name = if dice.chance(80) { dice.pick(&NAMES) } else { "" };
        format!("{},{name},en\r\n", self.email)
    }

    /// What they say about themselves, so that it can be seen who is missing.
    pub fn facts(&self, seed: u64) -> Vec<Value> {
        let mut dice = Dice::of(seed, self.number, "facts");
        let mut facts = Vec::new();
        let kinds: [(&str, &[&'static str]); 3] = [
            ("age_band", &["16_24", "25_34", "35_44", "45_64", "45_64", "65_plus"]),
            ("gender", &["woman", "woman", "woman", "man", "non_binary"]),
            ("area", &["town_centre", "north", "south", "villages"]),
        ];
        for (dimension, categories) in kinds {
            let category = dice.pick(categories);
            if dice.chance(85) {
                facts.push(json!({"dimension": dimension, "category": category}));
            }
        }
        facts
    }

    /// How they want to be involved, in the words of the API; `None` for somebody who has not said.
    pub fn wishes(&self, seed: u64, topics: &[String], today: NaiveDate) -> Option<Value> {
        let mut dice = Dice::of(seed, self.number, "wishes");
        if dice.chance(5) {
            return None;
        }
        Some(json!({
            "stance": stance(&mut dice, today),
            "topic_stances": topic_stances(&mut dice, topics),
            "topics": topic_choices(&mut dice, topics),
            "activity_types": activities(&mut dice),
            "formats": formats(&mut dice),
            "load": load(&mut dice),
            "contact": contact(&mut dice),
            "money": money(&mut dice),
            "access_needs": access_needs(&mut dice),
            "quiet_periods": quiet_periods(&mut dice, today),
            "story": story(&mut dice),
        }))
    }
}

/// A thrown word that is always there.
fn word(dice: &mut Dice, choices: &[(usize, Value)]) -> Value {
    dice.weighted(choices).unwrap_or_default()
}

fn stance(dice: &mut Dice, today: NaiveDate) -> Value {
    word(
        dice,
        &[
            (22, json!({"kind": "up_to", "rung": "co_production"})),
            (20, json!({"kind": "up_to", "rung": "co_design"})),
            (9, json!({"kind": "up_to", "rung": "engagement"})),
            (17, json!({"kind": "up_to", "rung": "consultation"})),
            (3, json!({"kind": "up_to", "rung": "informing"})),
            (6, json!({"kind": "between", "low": "consultation", "high": "co_design"})),
            (4, json!({"kind": "only", "rungs": ["consultation"]})),
            (2, json!({"kind": "at_least", "rung": "co_design"})),
            (10, json!({"kind": "ask_each_time"})),
            (3, json!({"kind": "inform_me_only"})),
            (2, json!({"kind": "paused"})),
            (2, json!({"kind": "paused", "until": later(today, 40)})),
        ],
    )
}

fn topic_stances(dice: &mut Dice, topics: &[String]) -> Value {
    if dice.chance(6) {
        json!([{"topic": topics[0], "stance": {"kind": "up_to", "rung": "consultation"}}])
    } else if dice.chance(8) {
        json!([{"topic": topics[2], "stance": {"kind": "inform_me_only"}}])
    } else {
        json!([])
    }
}

fn topic_choices(dice: &mut Dice, topics: &[String]) -> Value {
    let (mut yes, mut ask_first, mut never) = (Vec::new(), Vec::new(), Vec::new());
    for (at, topic) in topics.iter().enumerate() {
        let shares = if at == 0 { [(60, 0), (8, 1), (2, 2), (30, 3)] } else { [(25, 0), (8, 1), (7, 2), (60, 3)] };
        match dice.weighted(&shares) {
            Some(0) => yes.push(topic),
            Some(1) => ask_first.push(topic),
            Some(2) => never.push(topic),
            _ => {}
        }
    }
    json!({"yes": yes, "ask_first": ask_first, "never": never})
}

fn activities(dice: &mut Dice) -> Value {
    word(
        dice,
        &[
            (46, json!([])),
            (30, json!(["survey", "workshop", "co_design_group"])),
            (12, json!(["survey"])),
            (9, json!(["survey", "document_review", "interview_1to1"])),
            (3, json!(["co_design_group", "peer_research"])),
        ],
    )
}

fn formats(dice: &mut Dice) -> Value {
    word(
        dice,
        &[
            (56, json!([])),
            (22, json!(["async_text", "online"])),
            (10, json!(["in_person", "async_text"])),
            (9, json!(["phone", "post"])),
            (3, json!(["in_person"])),
        ],
    )
}

fn load(dice: &mut Dice) -> Value {
    json!({
        "minutes_per_month_max": word(dice, &[(62, Value::Null), (12, json!(60)), (12, json!(240)), (14, json!(600))]),
        "invites_per_month_max": word(dice, &[(66, Value::Null), (2, json!(0)), (8, json!(1)), (16, json!(2)), (8, json!(4))]),
        "notice_days_min": word(dice, &[(60, Value::Null), (22, json!(7)), (12, json!(14)), (6, json!(28))]),
    })
}

/// Hours of the day are left out: the demo is to work at any of them.
fn contact(dice: &mut Dice) -> Value {
    json!({
        "format": word(dice, &[(85, json!("plain")), (9, json!("easy_read")), (6, json!("large_print"))]),
        "neutral_subject": dice.chance(15),
    })
}

fn money(dice: &mut Dice) -> Value {
    let wishes = ["wants", "wants", "ask_each_time", "decline", "to_charity", "lower"];
    json!({"payment": dice.pick(&wishes), "prepaid_expenses": dice.chance(20)})
}

fn access_needs(dice: &mut Dice) -> Value {
    word(
        dice,
        &[
            (84, json!([])),
            (5, json!([{"need": "A hearing loop", "kind": "communication", "must_have": true, "share_with": "venue"}])),
            (6, json!([{"need": "Breaks every half hour", "share_with": "facilitator"}])),
            (5, {
                let need = "Somebody to look after my child while we meet";
                json!([{"need": need, "kind": "care_for_others", "must_have": true, "share_with": "coordinator"}])
            }),
        ],
    )
}

fn quiet_periods(dice: &mut Dice, today: NaiveDate) -> Value {
    let period = |from: u64, to: u64| json!([{"from": later(today, from), "to": later(today, to)}]);
    word(dice, &[(86, json!([])), (3, period(0, 10)), (3, period(18, 28)), (8, period(60, 90))])
}

fn story(dice: &mut Dice) -> Value {
    let permission = ["ok", "ask_first", "ask_first", "never"];
    json!({"may_ask_about_experience": dice.pick(&permission), "quotes": dice.pick(&permission)})
}

/// A day to come.
pub fn later(today: NaiveDate, days: u64) -> NaiveDate {
    today.checked_add_days(Days::new(days)).unwrap_or(today)
}
