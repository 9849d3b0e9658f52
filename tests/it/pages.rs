//! The pages behind links: a GET changes nothing, a button does, and the token leaves the address.

use crate::{
    harness::{Answer, Browser, TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use entity::{invitation, suppression};
use poem::http::Method;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

/// The page of an invitation, as a browser holds it.
struct Open<'a> {
    app: &'a TestApp,
    address: String,
    cookie: String,
}

impl<'a> Open<'a> {
    /// Opens the link of a letter and presses the button.
    async fn by(app: &'a TestApp, token: &str) -> Self {
        Self::at(app, &app.post(format!("/i/{token}")).send().await.expect(303))
    }

    /// Where an answer leads.
    fn at(app: &'a TestApp, answer: &Answer) -> Self {
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let cookie = header("set-cookie").split(';').next().unwrap().to_owned();
        Self { app, address: header("location"), cookie }
    }

    async fn shown(&self) -> String {
        self.app.get(&self.address).header("cookie", &self.cookie).send().await.expect(200).text
    }

    async fn press(&self, verb: &str, fields: &str) -> Answer {
        let form = fields.as_bytes().to_vec();
        let call = self.app.post(format!("{}/{verb}", self.address)).header("cookie", &self.cookie);
        call.header("origin", "https://alongside.test").bytes(form, "application/x-www-form-urlencoded").send().await
    }

    /// The page to which something that was pressed leads.
    async fn pressed(&self, verb: &str, fields: &str) -> String {
        let address = self.press(verb, fields).await.expect(303).headers["location"].to_str().unwrap().to_owned();
        self.app.get(&address).header("cookie", &self.cookie).send().await.expect(200).text
    }

    async fn agreed(&self) -> String {
        self.app.get(format!("{}/agreed", self.address)).header("cookie", &self.cookie).send().await.expect(200).text
    }
}

fn up_to(rung: &str) -> Value {
    json!({"stance": {"kind": "up_to", "rung": rung}})
}

#[test]
fn a_link_opens_a_button_and_the_button_a_page_without_the_token() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let id = story.open("workshop", "co_design", json!({"title": "A day <together>"})).await;
        let letters = story.invite(&id, json!({})).await;
        let token = letters[0].token("ai_");
        let link = format!("/i/{token}");
        assert!(letters[0].text().contains(&format!("https://alongside.test{link}")));
        for _ in 0..20 {
            let asked = app.get(&link).send().await.expect(200);
            assert!(asked.text.contains("<button"));
            assert_eq!(asked.headers["referrer-policy"], "no-referrer");
            assert_eq!(asked.headers["cache-control"], "no-store");
        }
        let before = invitation::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
        let opened = app.post(&link).send().await.expect(303);
        let address = opened.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(address, format!("/invitation/{}", before.id));
        let cookie = opened.headers["set-cookie"].to_str().unwrap().to_owned();
        for part in ["HttpOnly", "__Secure-", "SameSite=Lax", "Secure", &format!("Path={address}")] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap();
        let shown = app.get(&address).header("cookie", cookie).send().await.expect(200);
        for words in ["A day &#60;together&#62;", "What cannot change", "Yes, I take part", "No, not this time"] {
            assert!(shown.text.contains(words), "{words}: {}", shown.text);
        }
        assert!(!shown.text.contains(&token));
        let after = invitation::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
        assert_eq!(before, after, "looking changes nothing");
        // Neither may another site make somebody answer an invitation that it chose.
        for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            let planted = app.post(&link).header(name, value).send().await;
            assert_eq!(planted.status.as_u16(), 403);
            assert!(planted.headers.get("set-cookie").is_none());
        }
        let sandboxed = app.post(format!("{address}/accept")).header("cookie", cookie).header("origin", "null");
        assert_eq!(sandboxed.header("sec-fetch-site", "cross-site").send().await.status.as_u16(), 403);
        let elsewhere =
            app.post(format!("{address}/accept")).header("cookie", cookie).header("origin", "https://evil.example").send().await;
        assert_eq!(elsewhere.status.as_u16(), 403);
        app.post(format!("{address}/accept")).send().await.expect(401);
        // The yes leads to the notice, with an empty box for each use.
        let page = Open { app: &app, address: address.clone(), cookie: cookie.to_owned() };
        let asked = page.pressed("accept", "").await;
        for words in
            ["What we do with what you tell us", "How long it is kept", "name=\"agree-publish_in_aggregate\"", "I agree to this"]
        {
            assert!(asked.contains(words), "{words}: {asked}");
        }
        assert!(!asked.contains("checked"));
        let notice = app.get("/api/invitation/notice").token(&token).send().await.expect(200).id();
        let yes = async |fields: String| page.press("agree", &fields).await;
        for (fields, status) in [
            (String::new(), 409),
            (format!("notice={notice}"), 422),
            (format!("notice={notice}&agree-publish_in_aggregate=yes"), 422),
            (format!("notice={id}&agree-participate=yes"), 409),
        ] {
            let refused = yes(fields).await.expect(status);
            assert!(refused.text.contains("notice"), "{}", refused.text);
        }
        let none = app.get("/api/invitation/consents").token(&token).send().await.expect(200);
        assert_eq!(none.json, json!([]), "what was refused leaves nothing");
        assert_eq!(story.count(&id, "accepted").await, 0);
        yes(format!("notice={notice}&agree-participate=yes")).await.expect(303);
        let said = app.get("/api/invitation/consents").token(&token).send().await.expect(200);
        assert_eq!((said.json.as_array().unwrap().len(), &said.json[0]["purpose"]), (1, &json!("participate")));
        assert_eq!(story.count(&id, "accepted").await, 1);
        app.outbox().await;
        app.post("/i/ai_nothing").send().await.expect(404);
    });
}

#[test]
fn fault_20_one_click_stops_letters_for_ever_and_a_look_does_not() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let names = ["ben", "cat", "dan", "eve"];
        for name in names {
            story.person(name, json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        let links: Vec<String> = names
            .iter()
            .map(|name| {
                let letter = letters.iter().find(|letter| letter.to.starts_with(name)).unwrap();
                format!("/u/{}", letter.token("au_"))
            })
            .collect();
        let count = async || suppression::Entity::find().count(app.app.platform.db.read()).await.unwrap();
        // Whose letters they are stands on the page, and with it that organisation's quick way out.
        let asked = app.get(&links[0]).send().await.expect(200).text;
        assert!(asked.contains("sunrise trust"), "{asked}");
        // Fifty programs that look at every link, some of them ahead of time.
        for number in 0..50 {
            let looked = if number % 2 == 0 { app.get(&links[0]) } else { app.call(Method::HEAD, &links[0]) };
            looked.header("sec-purpose", "prefetch;prerender").send().await.expect(200);
        }
        assert_eq!(count().await, 0);
        // What mail programs send (RFC 8058): either form, or nothing at all; without cookies, from another origin, years later.
        let form = "--b\r\ncontent-disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        let bodies: [(&str, &str); 3] = [
            ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
            (form, "multipart/form-data; boundary=b"),
            ("", "application/x-www-form-urlencoded"),
        ];
        let click = async |link: &str, body: &str, kind: &str| {
            let call = app.post(link).bytes(body.as_bytes().to_vec(), kind);
            let answer =
                call.header("origin", "https://mail.example").header("sec-fetch-site", "cross-site").send().await.expect(200);
            assert!(
                answer.headers.get("location").is_none() && answer.headers.get("set-cookie").is_none(),
                "no redirect, no cookie"
            );
        };
        for (number, ((body, kind), link)) in bodies.iter().zip(&links).enumerate() {
            for _ in 0..2 {
                click(link, body, kind).await;
                assert_eq!(count().await, number as u64 + 1, "{kind} {body:?}: once, however often");
            }
        }
        app.clock.advance(Duration::days(3 * 365));
        click(&links[3], bodies[0].0, bodies[0].1).await;
        assert_eq!(count().await, 4);
        let forged = format!("/u/au_{}", "A".repeat(43));
        app.post(&forged).bytes(bodies[0].0.into(), bodies[0].1).send().await.expect(404);
        assert_eq!(count().await, 4);
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let other =
            story.open("consultation", "consultation", json!({"closes_on": "2030-06-01", "feedback_due": "2030-09-01"})).await;
        assert!(story.invite(&other, json!({})).await.is_empty());
    });
}

#[test]
fn joining_works_from_the_letter_alone() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        app.post("/api/public/sunrise/join").json(&json!({"email": "ben@people.example"})).send().await.expect(202);
        let letters = app.outbox().await;
        let link = format!("/join/{}", letters[0].token("aj_"));
        app.get(&link).send().await.expect(200);
        let people = ada.get(&app, "/people").send().await.expect(200).json;
        assert_eq!(people["items"][0]["state"], "invited");
        let joined = app.post(&link).send().await.expect(303);
        assert_eq!(joined.headers["location"], "/o/sunrise/me/welcome");
        let people = ada.get(&app, "/people").send().await.expect(200).json;
        assert_eq!(people["items"][0]["state"], "joined");
        for dead in [app.post(&link), app.get(&link)] {
            let told = dead.send().await.expect(410).text;
            assert!(told.contains("href=\"/o/sunrise/sign-in\""), "a dead link offers a new one: {told}");
        }
    });
}

#[test]
fn only_a_token_is_written_into_a_page() {
    everywhere(|app| async move {
        app.administrator().await;
        for page in ["i", "u", "join", "sign-in"] {
            for bad in
                ["..%2Finvitation%2Faccept", "%22%3E%3Cscript%3E", "ai_short", "as_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
            {
                let shown = app.get(format!("/{page}/{bad}")).send().await;
                assert!(matches!(shown.status.as_u16(), 404), "{page} {bad}: {}", shown.text);
                assert!(!shown.text.contains("<form") && !shown.text.contains("accept") && !shown.text.contains("<script"));
            }
        }
    });
}

#[test]
fn a_link_signs_in_once_and_looking_at_it_does_not() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let count = async || entity::participant_session::Entity::find().count(app.app.platform.db.read()).await.unwrap();
        let form = b"email=ben%40people.example".to_vec();
        let asked = app.post("/o/sunrise/sign-in").bytes(form, "application/x-www-form-urlencoded").send().await.expect(303);
        assert_eq!(asked.headers["location"], "/o/sunrise/letter");
        let letter = app.outbox().await.remove(0);
        assert_eq!(letter.to, ben.email);
        let token = letter.token("aj_");
        assert!(letter.text().contains(&format!("https://alongside.test/sign-in/{token}")));
        for _ in 0..3 {
            let shown = app.get(format!("/sign-in/{token}")).send().await.expect(200);
            assert!(shown.text.contains("sunrise trust") && shown.text.contains("Go to my page"), "{}", shown.text);
        }
        assert_eq!(count().await, 1);
        let entered = app.post(format!("/sign-in/{token}")).send().await.expect(303);
        assert_eq!(entered.headers["location"], "/o/sunrise/me");
        let cookie = entered.headers["set-cookie"].to_str().unwrap();
        for part in ["__Secure-person=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/o/sunrise"] {
            assert!(cookie.contains(part), "{part}: {cookie}");
        }
        let cookie = cookie.split(';').next().unwrap();
        let home = app.get("/o/sunrise/me").header("cookie", cookie).send().await.expect(200);
        assert!(home.text.contains("Nothing is waiting for your answer."), "{}", home.text);
        app.post(format!("/sign-in/{token}")).send().await.expect(410);
        assert_eq!(count().await, 2);
        let out = app.post("/o/sunrise/me/sign-out").header("cookie", cookie).send().await.expect(303);
        assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"), "{:?}", out.headers);
        let gone = app.get("/o/sunrise/me").header("cookie", cookie).send().await.expect(303);
        assert_eq!(gone.headers["location"], "/o/sunrise/sign-in");
    });
}

#[test]
fn a_sign_in_leads_to_where_the_letter_led() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("co_design")).await;
        let form = async |next: &str| {
            let body = format!("email=ben@people.example&next={next}").into_bytes();
            let sent = app.post("/o/sunrise/sign-in").bytes(body, "application/x-www-form-urlencoded").send().await.expect(303);
            let kept = sent.headers.get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
            (kept, app.outbox().await.last().unwrap().token("aj_"))
        };
        let door = app.get("/o/sunrise/me/record").send().await.expect(303).headers["location"].to_str().unwrap().to_owned();
        let asked = app.get(&door).send().await.expect(200);
        assert!(asked.text.contains("name=\"next\" value=\"/o/sunrise/me/record\""), "{}", asked.text);
        let (kept, token) = form("%2Fo%2Fsunrise%2Fme%2Frecord").await;
        let kept = kept.unwrap();
        for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/sign-in"] {
            assert!(kept.contains(part), "{part}: {kept}");
        }
        let cookie = kept.split(';').next().unwrap();
        let entered = app.post(format!("/sign-in/{token}")).header("cookie", cookie).send().await.expect(303);
        assert_eq!(entered.headers["location"], "/o/sunrise/me/record");
        let all: Vec<_> = entered.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
        assert!(all.iter().any(|cookie| cookie.contains("onward=") && cookie.contains("Max-Age=0")), "{all:?}");
        // What is no page of their own leads to the first of them.
        let foreign = ["https://evil.example/o/sunrise/me/x", "//evil.example/o/sunrise/me/x", "/o/moon/me/record"];
        for planted in foreign {
            let (kept, token) = form(planted).await;
            assert_eq!(kept, None, "{planted}");
            let cookie = format!("__Secure-onward={planted}");
            let entered = app.post(format!("/sign-in/{token}")).header("cookie", &cookie).send().await.expect(303);
            assert_eq!(entered.headers["location"], "/o/sunrise/me", "{planted}");
        }
    });
}

#[test]
fn pages_work_where_the_public_address_has_a_path() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        let behind = app.under("https://sunrise.example/alongside");
        let ours = "https://sunrise.example";
        let opened = behind.post(format!("/i/{token}")).header("origin", ours).send().await.expect(303);
        let page = opened.headers["location"].to_str().unwrap().to_owned();
        assert!(page.starts_with("/alongside/invitation/"), "{page}");
        let inside = page.trim_start_matches("/alongside").to_owned();
        let cookie = opened.headers["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains(&format!("Path={page}")), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let shown = behind.get(&inside).header("cookie", &cookie).send().await.expect(200);
        assert!(shown.text.contains(&format!("action=\"{page}/accept\"")), "{}", shown.text);
        behind.post(format!("{inside}/decline")).header("cookie", &cookie).header("origin", ours).send().await.expect(303);
    });
}

#[test]
fn what_was_agreed_on_the_page_can_be_taken_back_there_also_after_the_end() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("co_design")).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        let page = Open::by(&app, &token).await;
        assert!(!page.agreed().await.contains("Take this back"), "nothing is agreed to yet");
        let notice = app.get("/api/invitation/notice").token(&token).send().await.expect(200).id();
        let told = page.pressed("agree", &format!("notice={notice}&agree-participate=yes&agree-publish_in_aggregate=yes")).await;
        assert!(told.contains("You have a place. A letter confirms it."), "{told}");
        app.outbox().await;
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &json!({"reason": "Full."})).await.expect(200);
        app.run_jobs().await;
        let permits = async || -> Vec<(String, bool)> {
            let said = app.get("/api/invitation/consents").token(&token).send().await.expect(200).json;
            let one = |row: &Value| (row["purpose"].as_str().unwrap().to_owned(), row["permits"].as_bool().unwrap());
            said.as_array().unwrap().iter().map(one).collect()
        };
        for _ in 0..3 {
            let shown = page.agreed().await;
            assert_eq!(shown.matches("Take this back").count(), 2, "{shown}");
            assert!(shown.contains("What is held for this use and is in no published report is erased."), "{shown}");
            app.get(format!("{}/withdraw", page.address)).header("cookie", &page.cookie).send().await.expect(405);
        }
        assert!(permits().await.iter().all(|(_, permits)| *permits), "looking changes nothing");
        let done = page.pressed("withdraw", "purpose=publish_in_aggregate").await;
        assert!(done.contains("You have taken it back") && done.contains("Back to the invitation"), "{done}");
        let said = permits().await;
        assert!(
            said.contains(&("participate".into(), true)) && said.contains(&("publish_in_aggregate".into(), false)),
            "{said:?}"
        );
        let shown = page.agreed().await;
        assert_eq!(shown.matches("Take this back").count(), 1, "{shown}");
        assert!(shown.contains("no longer take part"), "what follows is told before: {shown}");
        page.press("withdraw", "purpose=participate").await.expect(303);
        app.run_jobs().await;
        assert!(permits().await.iter().all(|(_, permits)| !permits));
        assert!(!page.agreed().await.contains("Take this back"));
        let again = page.pressed("withdraw", "purpose=participate").await;
        assert!(again.contains("nothing to take back"), "{again}");
        page.press("withdraw", "purpose=contact_invite").await.expect(303);
        let contact = entity::consent_standing::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        let contact = contact.iter().find(|row| row.purpose == entity::Purpose::ContactInvite).unwrap();
        assert_eq!(contact.r#type, entity::ConsentType::Give, "this page speaks for one invitation alone");
    });
}

#[test]
fn an_answer_lands_on_the_invitation_on_whose_page_it_was_given() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("co_design")).await;
        let first = story.open("consultation", "consultation", json!({"title": "First"})).await;
        let second = story.open("consultation", "consultation", json!({"title": "Second"})).await;
        let a = Open::by(&app, &story.invite(&first, json!({})).await[0].token("ai_")).await;
        let b = Open::by(&app, &story.invite(&second, json!({})).await[0].token("ai_")).await;
        assert_ne!(a.address, b.address, "a browser keeps both cookies, and sends each to its own page");
        assert!(a.shown().await.contains("First") && b.shown().await.contains("Second"));
        // A browser that mixes them up is told so.
        let mixed = Open { app: &app, address: a.address.clone(), cookie: b.cookie.clone() };
        let refused = mixed.press("decline", "").await.expect(409);
        assert!(refused.text.contains("Nothing was changed"), "{}", refused.text);
        app.get(&mixed.address).header("cookie", &mixed.cookie).send().await.expect(409);
        assert_eq!((story.count(&first, "declined").await, story.count(&second, "declined").await), (0, 0));
        let told = a.pressed("decline", "").await;
        assert!(told.contains("We do not ask again about this project."), "{told}");
        assert_eq!((story.count(&first, "declined").await, story.count(&second, "declined").await), (1, 0));
    });
}

#[test]
fn later_and_lighter_are_one_step_away_on_the_page() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat"] {
            story.person(name, up_to("co_design")).await;
        }
        let light = story.open("consultation", "consultation", json!({"title": "Questions"})).await;
        let deep = story.open("workshop", "co_design", json!({"title": "A day"})).await;
        let letters = story.invite(&deep, json!({})).await;
        let ben = Open::by(&app, &letters[0].token("ai_")).await;
        let shown = ben.shown().await;
        for words in
            ["In a week, on 8 March 2027", "Something lighter", "Questions", "Ask for my views", "I would like this instead"]
        {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        ben.press("later", "on=2027-02-01").await.expect(422);
        ben.press("later", "on=soon").await.expect(422);
        assert!(ben.pressed("later", "on=2027-03-08").await.contains("We ask you again on 8 March 2027"));
        assert!(ben.shown().await.contains("We ask you again on 8 March 2027"));
        ben.press("lighter", "to=nothing").await.expect(422);
        let led = ben.press("lighter", &format!("to={light}")).await.expect(303);
        let other = Open::at(&app, &led);
        let there = other.shown().await;
        assert!(there.contains("Questions") && there.contains("You chose this lighter way yourself."), "{there}");
        assert_eq!((story.count(&deep, "stepped_down").await, story.count(&light, "sent").await), (1, 1));
        app.outbox().await;
        // Cat said no to the questions before. They are not offered to her as something lighter.
        let cat = Open::by(&app, &letters[1].token("ai_")).await;
        assert!(cat.shown().await.contains("Something lighter"));
        let asked = story.invite(&light, json!({})).await;
        let no = asked.iter().find(|letter| letter.to == letters[1].to).unwrap();
        Open::by(&app, &no.token("ai_")).await.press("decline", "").await.expect(303);
        assert!(!cat.shown().await.contains("Something lighter"));
        cat.press("lighter", &format!("to={light}")).await.expect(422);
        assert_eq!(story.count(&deep, "sent").await, 1, "she has lost nothing");
        // After the end there is a text, and no button that would lead nowhere.
        app.clock.advance(Duration::days(40));
        let closed = cat.shown().await;
        let main = closed.split("<main").nth(1).unwrap();
        assert!(main.contains("This has closed") && !main.contains("<button"), "{closed}");
    });
}

#[test]
fn a_mistyped_address_is_a_page_for_people_and_a_problem_for_programs() {
    everywhere(|app| async move {
        for address in ["/", "/nothing", "/o/small/", "/invitation/x/decline", "/console/"] {
            let page = app.get(address).header("accept", "text/html,application/xhtml+xml").send().await;
            assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{address}: {}", page.text);
            assert!(page.status.as_u16() == 404 || address == "/", "{address}: {}", page.status);
            assert!(page.headers.contains_key("content-security-policy"), "{address}");
        }
        let problem = app.get("/nothing").header("accept", "*/*").send().await.expect(404);
        assert!(problem.headers["content-type"].to_str().unwrap().starts_with("application/problem+json"));
        let problem = app.get("/api/nothing").header("accept", "text/html").send().await.expect(404);
        assert!(problem.headers["content-type"].to_str().unwrap().starts_with("application/problem+json"));
        app.get("/").header("accept", "text/html").send().await.expect(200);
    });
}

#[test]
fn signing_out_closes_invitations_too() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("co_design")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        let invitation = invitation::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap().id;
        let here = format!("/invitation/{invitation}");
        let mut own = Browser::new(&app);
        own.sign_in(&ben, "sunrise")
            .open("/o/sunrise/me")
            .await
            .press("Read it and answer : Your view")
            .await
            .expect(200)
            .says("Your view");
        assert!(!own.cookies().contains("invitation="), "{}", own.cookies());
        own.open(&format!("{here}/agree")).await.expect(200);
        own.open("/o/sunrise/me").await.press("Sign out").await.expect(200);
        for rest in ["", "/agree", "/questions/1"] {
            own.open(&format!("{here}{rest}")).await.expect(401).hides("Your view");
        }
        // Whoever came by the letter signs out on the page itself.
        let mut guest = Browser::new(&app);
        guest.open(&format!("/i/{}", letters[0].token("ai_"))).await.press("Read the invitation").await.expect(200);
        guest.says("Your view");
        guest.press("Sign out").await.expect(200).says("Nobody can open the invitation here any more without your letter.");
        assert!(!guest.cookies().contains("invitation="), "{}", guest.cookies());
        guest.open(&here).await.expect(401).hides("Your view");
    });
}

#[test]
fn a_day_that_was_left_out_is_asked_for_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("co_design")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let page = Open::by(&app, &story.invite(&id, json!({})).await[0].token("ai_")).await;
        let asked = page.press("later", "").await.expect(422).text;
        for words in ["There is a problem", "Choose one of the days.", "href=\"#f-on", "type=\"radio\"", "Back to the invitation"]
        {
            assert!(asked.contains(words), "{words}: {asked}");
        }
    });
}

#[test]
fn what_was_written_is_shown_where_it_cannot_be_saved() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("co_design")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&token).await;
        let page = Open::by(&app, &token).await;
        let written = "Nobody had asked us before";
        let asked = story.asked(&token).await;
        let form = format!("questionnaire={}&q0=0&q1={}", asked.as_str().unwrap(), written.replace(' ', "+"));
        let send = async |cookie: &str| {
            let call = app.post(format!("{}/questions/1", page.address)).header("cookie", cookie);
            call.bytes(form.as_bytes().to_vec(), "application/x-www-form-urlencoded").send().await
        };
        // The browser was closed meanwhile.
        let lost = send("other=1").await.expect(401).text;
        assert!(lost.contains(written) && lost.contains("open the link in your letter again"), "{lost}");
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &json!({"reason": "It is done."})).await.expect(200);
        app.outbox().await;
        let over = send(&page.cookie).await.text;
        assert!(over.contains(written), "{over}");
    });
}
