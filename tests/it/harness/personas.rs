//! People in tests: staff with a role, participants, nobody.

use super::{Answer, Browser, Call, TestApp};
use serde_json::{Value, json};

/// The password of every member of staff in tests.
pub const PASSWORD: &str = "a long enough passphrase";

/// Somebody with a token, in an organisation.
#[derive(Clone, Debug)]
pub struct Persona {
    /// Their token.
    pub token: String,
    /// Id of their organisation.
    pub organisation: String,
    /// Name in public addresses of their organisation.
    pub slug: String,
}

impl TestApp {
    /// The first administrator, with an organisation called `Sunrise`.
    pub async fn administrator(&self) -> Persona {
        self.administrator_of("sunrise").await
    }

    /// The first administrator, with an organisation of this name.
    pub async fn administrator_of(&self, slug: &str) -> Persona {
        let token =
            alongside::accounts::organisations::first_start(&self.app.platform).await.unwrap().expect("a new installation");
        let body = json!({
            "token": token.reveal(), "email": "root@sunrise.example", "name": "Rosa Root", "password": PASSWORD,
            "organisation": organisation(slug),
        });
        let made = self.post("/api/set-up").json(&body).send().await.expect(201);
        Persona {
            token: made.json["token"].as_str().unwrap().to_owned(),
            organisation: made.json["organisation"]["id"].as_str().unwrap().to_owned(),
            slug: slug.to_owned(),
        }
    }

    /// The first administrator on a new session, for tests in which time passes.
    pub async fn sign_in_again(&self, administrator: &Persona) -> Persona {
        let body = json!({"email": "root@sunrise.example", "password": PASSWORD});
        let token = self.post("/api/sign-in").json(&body).send().await.expect(201).json["token"].as_str().unwrap().to_owned();
        Persona { token, ..administrator.clone() }
    }

    /// A second organisation of the same administrator.
    pub async fn organisation(&self, administrator: &Persona, slug: &str) -> Persona {
        let made = self.post("/api/organisations").token(&administrator.token).json(&organisation(slug)).send().await.expect(201);
        Persona { token: administrator.token.clone(), organisation: made.id(), slug: slug.to_owned() }
    }

    /// A member of staff with a role, invited and joined the ordinary way.
    pub async fn staff(&self, administrator: &Persona, name: &str, role: &str) -> Persona {
        let email = format!("{name}@staff.example");
        let path = administrator.path("/staff");
        self.post(path).token(&administrator.token).json(&json!({"email": email, "role": role})).send().await.expect(202);
        let letters = self.outbox().await;
        let letter = letters.iter().find(|letter| letter.to == email).expect("an invitation");
        let body = json!({"token": letter.token("al_"), "name": name, "password": PASSWORD});
        let joined = self.post("/api/staff-invitations/accept").json(&body).send().await.expect(201);
        Persona { token: joined.json["token"].as_str().unwrap().to_owned(), ..administrator.clone() }
    }

    /// A browser in which the account with this address is signed in to the console.
    pub async fn at_the_console(&self, email: &str) -> Browser<'_> {
        let mut browser = Browser::new(self);
        browser.open("/console/sign-in").await.fill("E-mail address", email).fill("Password", PASSWORD);
        browser.press("Sign in").await.expect(200);
        browser
    }

    /// A coordinator.
    pub async fn coordinator(&self, administrator: &Persona, name: &str) -> Persona {
        self.staff(administrator, name, "coordinator").await
    }
}

/// What an organisation says about itself.
pub fn organisation(slug: &str) -> Value {
    json!({"slug": slug, "name": format!("{slug} trust"), "contact": "hello@sunrise.example", "invites_per_month": null, "letters_gap_days": 0})
}

impl Persona {
    /// An address in their organisation.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/organisations/{}{rest}", self.organisation)
    }

    /// GET in their organisation.
    pub fn get<'a>(&self, app: &'a TestApp, rest: &str) -> Call<'a> {
        app.get(self.path(rest)).token(&self.token)
    }

    /// POST in their organisation.
    pub async fn post(&self, app: &TestApp, rest: &str, body: &Value) -> Answer {
        app.post(self.path(rest)).token(&self.token).json(body).send().await
    }

    /// PUT in their organisation, based on the version just read.
    pub async fn put(&self, app: &TestApp, rest: &str, body: &Value) -> Answer {
        app.put(self.path(rest)).token(&self.token).header("if-match", "*").json(body).send().await
    }
}

/// Somebody who takes part.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Their session's token.
    pub token: String,
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
}

impl TestApp {
    /// Somebody who has joined an organisation the ordinary way.
    pub async fn participant(&self, organisation: &Persona, name: &str) -> Participant {
        let email = format!("{name}@people.example");
        let join = format!("/api/public/{}/join", organisation.slug);
        self.post(join).json(&json!({"email": email, "name": name})).send().await.expect(202);
        let letters = self.outbox().await;
        let letter = letters.iter().find(|letter| letter.to == email).expect("a letter");
        let confirm = format!("/api/public/{}/confirm", organisation.slug);
        let joined = self.post(confirm).json(&json!({"token": letter.token("aj_")})).send().await.expect(201);
        let text = |field: &str| joined.json[field].as_str().unwrap().to_owned();
        Participant { token: text("token"), id: text("participant"), email }
    }
}

impl TestApp {
    /// The same person on a new session, for tests in which time passes.
    pub async fn sign_in_by_letter(&self, organisation: &Persona, who: &Participant) -> Participant {
        let door = |rest: &str| format!("/api/public/{}/{rest}", organisation.slug);
        self.post(door("sign-in")).json(&json!({"email": who.email})).send().await.expect(202);
        let letters = self.outbox().await;
        let letter = letters.iter().find(|letter| letter.to == who.email && letter.text().contains("aj_")).expect("a letter");
        let opened = self.post(door("confirm")).json(&json!({"token": letter.token("aj_")})).send().await.expect(201);
        Participant { token: opened.json["token"].as_str().unwrap().to_owned(), ..who.clone() }
    }
}

impl Participant {
    /// GET on their own page.
    pub fn get<'a>(&self, app: &'a TestApp, rest: &str) -> Call<'a> {
        app.get(format!("/api/me{rest}")).token(&self.token)
    }

    /// POST on their own page.
    pub async fn post(&self, app: &TestApp, rest: &str, body: &Value) -> Answer {
        app.post(format!("/api/me{rest}")).token(&self.token).json(body).send().await
    }

    /// PUT on their own page, based on the version just read.
    pub async fn put(&self, app: &TestApp, rest: &str, body: &Value) -> Answer {
        app.put(format!("/api/me{rest}")).token(&self.token).header("if-match", "*").json(body).send().await
    }
}
