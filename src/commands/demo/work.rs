//! The work: a need, a promise, decisions; a consultation and a group that designs together.

use super::{
    house::use_of_data,
    people::later,
    questions,
    story::{Story, text},
};
use crate::platform::{Error, Result};
use serde_json::{Value, json};

/// Places of the group.
pub const PLACES: u64 = 12;
/// The group begins so many hours from now, a week after the last day to say yes.
pub const BEGINS: i64 = 21 * 24;

/// Ids of what was planned.
pub struct Work {
    /// The project.
    pub project: String,
    /// The decision on the form of support.
    pub form: String,
    /// The decision on how people are welcomed.
    pub welcome: String,
    /// The consultation.
    pub consultation: String,
    /// The group.
    pub group: String,
}

impl Story {
    /// A project with its decisions, and two ways to take part that are open at the end.
    pub async fn plan(&mut self) -> Result<Work> {
        self.progress.begin("A need, a promise, decisions, two ways in", 0);
        let project = text(&self.post("/projects", &project()).await?, "id")?;
        let started = json!({"started_at": self.at(-24)});
        self.put(&format!("/projects/{project}/stages/need"), &started).await?;
        self.put(&format!("/projects/{project}/stages/scoping"), &started).await?;
        let mut decisions = Vec::new();
        for decision in self.decisions() {
            decisions.push(text(&self.post(&format!("/projects/{project}/decisions"), &decision).await?, "id")?);
        }
        let [form, welcome, _reserved] = decisions.as_slice() else { return Err(Error::bug("three decisions were made")) };
        let consultation = self.way(self.consultation(&project, form), Some(questions::definition())).await?;
        let group = self.way(self.group(&project, &[form, welcome]), None).await?;
        Ok(Work { project, form: form.clone(), welcome: welcome.clone(), consultation, group })
    }

    /// Drafts a way to take part, publishes its notice and questions, looks at the gate and opens it.
    async fn way(&self, mut offer: Value, questions: Option<Value>) -> Result<String> {
        let id = text(&self.post("/opportunities", &offer).await?, "id")?;
        let at = format!("/opportunities/{id}");
        let notice = text(&self.post("/notices", &json!({"opportunity": id, "content": notice()})).await?, "id")?;
        self.act(&format!("/notices/{notice}/publish")).await?;
        offer["notice"] = json!(notice);
        self.put(&at, &offer).await?;
        if let Some(questions) = questions {
            self.post(&format!("{at}/questionnaire"), &questions).await?;
        }
        let gate = self.get(&format!("{at}/gate")).await?;
        if gate["ready"] != json!(true) {
            return Err(Error::bug(format!("something is still missing before it may open: {gate}")));
        }
        self.act(&format!("{at}/open")).await?;
        Ok(id)
    }

    fn decisions(&self) -> [Value; 3] {
        let decision = |title: &str, weight: &str, scope: &str, reason: Option<&str>| {
            json!({
                "title": title, "stage": "scoping", "level": "service", "weight": weight, "scope": scope, "reserved_reason": reason,
                "owner": "The partnership's steering group, in which four people have lived experience", "rule": "consensus",
                "opens_on": self.today(), "settles_on": later(self.today(), 60),
            })
        };
        [
            decision("What form support takes: a group, one to one, or something else entirely", "big", "open", None),
            decision("How people are welcomed the first time", "small", "open", None),
            decision(
                "How much money there is in the first year",
                "big",
                "reserved",
                Some("The council has set the sum for the first year. We cannot change it; we can change what it is spent on."),
            ),
        ]
    }

    /// What both ways have in common.
    fn common(&self, project: &str, decisions: &[&String]) -> Value {
        json!({
            "project": project, "stage": "scoping", "topics": [self.topics[0]], "decisions": decisions,
            "open_to_influence": "What form support takes, how people are welcomed, when and where it happens.",
            "not_open": "How much money there is in the first year.",
            "who_decides": "The partnership's steering group, by consensus. Four of its nine members have lived experience.",
            "content_note": "This is about life after violence. Nobody is asked to tell what happened to them.",
            "support": "Somebody is there to talk with before, during and after.",
            "support_contact": {"name": "Mina, who supports people who take part", "reach": "01632 960 100, every day from 9 to 9"},
            "closes_on": later(self.today(), 14),
        })
    }

    fn consultation(&self, project: &str, form: &String) -> Value {
        let mut offer = self.common(project, &[form]);
        let own = json!({
            "kind": "consultation", "title": "What should support look like?", "rung": "consultation",
            "summary": "Questions about the form that support should take, for people who lived through violence. A group, one to one, or something else entirely?",
            "how_chosen": "Everybody whose choices fit is asked.", "minutes": 25, "formats": ["async_text", "phone", "post"],
            "payment": {"kind": "voucher", "amount_pence": 1000, "how": "By e-mail or post, within a week."},
            "feedback_due": later(self.today(), 42),
        });
        merge(&mut offer, own);
        offer
    }

    fn group(&self, project: &str, decisions: &[&String]) -> Value {
        let mut offer = self.common(project, decisions);
        let own = json!({
            "kind": "co_design_group", "title": "Designing support together", "rung": "co_design",
            "summary": "Twelve people work out together what support could look like, in three meetings.",
            "how_chosen": "Names are drawn by lot from everybody whose choices fit. Anybody can run the draw again.",
            "minutes": 360, "preparation_minutes": 60, "formats": ["in_person", "online"], "places": PLACES,
            "payment": {"kind": "amount", "amount_pence": 15000, "expenses": "Travel, and care for children or others.", "how": "Half before the first meeting, half after the last."},
            "starts_at": self.at(BEGINS), "feedback_due": later(self.today(), 90),
        });
        merge(&mut offer, own);
        offer
    }
}

/// Adds fields to an object.
fn merge(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

fn project() -> Value {
    json!({
        "title": "Support after violence",
        "need": "People who lived through violence tell us that what is offered does not fit their lives. What should it look like: a group, one to one, or something else entirely?",
        "purpose": {
            "why": "Those who lived through it know best what helps. Nothing has been decided before they were asked.",
            "benefit_to_participants": "Payment for time, people to turn to, and a say in what will be there.",
            "intended_change": "Support that people choose, and come back to.",
        },
        "intended_users": ["People who live or have lived with violence at home", "People who support them"],
        "presence": [
            {"dimension": "age_band", "category": "16_24", "sought": 20},
            {"dimension": "age_band", "category": "65_plus", "sought": 15},
            {"dimension": "area", "category": "villages", "sought": 25},
        ],
        "claimed_rung": "co_design",
        "promise": "The form that support takes will follow from what people say. Where we cannot do what is proposed, we say why.",
    })
}

fn notice() -> Value {
    let erase = "erase_raw_unpublished";
    json!({
        "language": "en",
        "title": "What happens to what you give",
        "text": "You can take part without agreeing to be counted or quoted. You can take back each of these at any time, without a reason.",
        "controllers": ["Riverside Support Partnership"],
        "contact": "hello@riverside.example",
        "purposes": [
            use_of_data("participate", "We keep and read what you give.", &["What you give"], erase, true),
            use_of_data("publish_in_aggregate", "You are counted in what we publish.", &["What you give"], erase, false),
            use_of_data("quote_anonymous", "We may quote your words, without your name.", &["Your words"], erase, false),
        ],
    })
}
