//! An organisation, its topics and notice; people who join and say what they want.

use super::{
    people::{Person, TOPICS},
    story::{Story, text},
};
use crate::{
    commands::client::Client,
    platform::{Error, Result},
};
use chrono::NaiveDate;
use hyper::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Name in addresses.
pub const SLUG: &str = "riverside";
/// The demo's coordinator.
pub const EMAIL: &str = "ada@riverside.example";
/// Everybody may know it: it opens made-up data on this computer.
pub const PASSWORD: &str = "walking alongside one another";

impl Story {
    /// An administrator, an organisation, a coordinator, topics and a notice.
    pub async fn set_up(&mut self, link: &str) -> Result<()> {
        self.progress.begin("An organisation is set up", 0);
        let body = json!({
            "token": link, "email": "rosa@riverside.example", "name": "Rosa", "password": PASSWORD,
            "organisation": {"slug": SLUG, "name": "Riverside Support Partnership", "contact": "hello@riverside.example", "time_zone": "Europe/London", "invites_per_month": null, "letters_gap_days": 0},
        });
        let made = self.api.post("/api/set-up", None, &body).await?;
        self.organisation = text(&made["organisation"], "id")?;
        let body = json!({"email": EMAIL, "role": "coordinator"});
        self.api.post(&self.path("/staff"), Some(&text(&made, "token")?), &body).await?;
        let letters = self.letters.take(1, "to the coordinator", |letter| letter.token("al_").is_some()).await?;
        let token = letters.first().and_then(|letter| letter.token("al_"));
        let body = json!({"token": token, "name": "Ada", "password": PASSWORD});
        self.staff = text(&self.api.post("/api/staff-invitations/accept", None, &body).await?, "token")?;
        for (key, title) in TOPICS {
            let made = self.post("/topics", &json!({"key": key, "title": title})).await?;
            self.topics.push(text(&made, "id")?);
        }
        let notice = self.post("/notices", &json!({"content": notice()})).await?;
        self.act(&format!("/notices/{}/publish", text(&notice, "id")?)).await?;
        Ok(())
    }

    /// A file names people; each of them gets a letter, and most use the link in it.
    pub async fn people_join(&mut self) -> Result<()> {
        self.progress.begin("Letters ask people whether they want to join", 0);
        let mut file = "email,name,language\r\n".to_owned();
        self.people.iter().for_each(|person| file.push_str(&person.line(self.seed)));
        let path = self.path("/people/import");
        let sent = self.api.send(Method::POST, &path, Some(&self.staff), "text/csv", &[], file.into()).await?;
        let run = sent.json()?;
        if run["invited"].as_u64() != Some(self.people.len() as u64) {
            return Err(Error::bug(format!("not everybody in the file was asked to join: {run}")));
        }
        let letters = self.letters.take(self.people.len(), "asking to join", |letter| letter.token("aj_").is_some()).await?;
        let links: HashMap<&str, &str> =
            letters.iter().filter_map(|letter| Some((letter.to.as_str(), letter.token("aj_")?))).collect();

        let who: Vec<usize> = (0..self.people.len()).filter(|at| self.people[*at].joins).collect();
        self.progress.begin("People join with the link in their letter", who.len());
        let bodies: Vec<Value> = who.iter().map(|at| json!({"token": links.get(self.people[*at].email.as_str())})).collect();
        let confirm =
            |api: Client, body: Value| async move { api.post(&format!("/api/public/{SLUG}/confirm"), None, &body).await };
        let opened = self.each(bodies, confirm).await?;
        for (at, opened) in who.into_iter().zip(opened) {
            self.people[at].session = text(&opened, "token")?;
            self.people[at].id = text(&opened, "participant")?;
        }
        Ok(())
    }

    /// Each reads the notice and says yes, no or later to each purpose; most say how they want to be involved.
    pub async fn people_say_what_they_want(&mut self) -> Result<()> {
        let joined: Vec<Person> = self.people.iter().filter(|person| !person.session.is_empty()).cloned().collect();
        self.progress.begin("People say how they want to be involved", joined.len());
        let (seed, today) = (self.seed, self.today());
        let speak = |api, person| speak(api, person, self.topics.clone(), seed, today);
        self.each(joined, speak).await?;
        Ok(())
    }
}

async fn speak(api: Client, person: Person, topics: Vec<String>, seed: u64, today: NaiveDate) -> Result<()> {
    let me = Some(person.session.as_str());
    if !person.says.is_empty() {
        let notice = text(&api.get("/api/me/notice", me).await?, "id")?;
        let read = json!({"language": "en", "format": "plain"});
        let shown = text(&api.post(&format!("/api/me/notices/{notice}/shown"), me, &read).await?, "shown")?;
        let consents: Vec<Value> =
            person.says.iter().map(|(purpose, choice)| json!({"purpose": purpose, "choice": choice})).collect();
        api.post("/api/me/consents", me, &json!({"shown": shown, "consents": consents})).await?;
    }
    if let Some(wishes) = person.wishes(seed, &topics, today) {
        api.put("/api/me/preferences", me, &wishes).await?;
    }
    if person.agrees("demographics_representativeness") {
        api.put("/api/me/demographics", me, &json!({"facts": person.facts(seed)})).await?;
    }
    Ok(())
}

/// One use of data, as a notice names it.
pub fn use_of_data(purpose: &str, says: &str, data: &[&str], effect: &str, necessary: bool) -> Value {
    json!({
        "purpose": purpose, "text": says, "data": data, "necessary": necessary, "retention": "Two years, or until you take it back",
        "legal_basis": "consent", "withdrawal_effect": effect, "legal_basis_after": "none", "valid_months": 24,
    })
}

fn notice() -> Value {
    let keep = "stop_future_only";
    json!({
        "language": "en",
        "title": "How we use what you tell us",
        "text": "You choose what we may write to you about. Each choice is yours alone, and you can take it back at any time, without a reason.",
        "controllers": ["Riverside Support Partnership"],
        "contact": "hello@riverside.example",
        "purposes": [
            use_of_data("contact_invite", "We write to you when something fits what you chose.", &["Your address"], keep, false),
            use_of_data("contact_reminder", "We remind you, twice at most.", &["Your address"], keep, false),
            use_of_data("contact_feedback", "We tell you what came of what you gave.", &["Your address"], keep, false),
            use_of_data(
                "demographics_representativeness",
                "We count what you tell us about yourself, to see who is missing. Nobody is shown by name.",
                &["Age band", "Gender", "Area"],
                "erase_all_identifiable",
                false,
            ),
        ],
    })
}
