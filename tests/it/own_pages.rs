//! Somebody's own pages: from joining to leaving, as a browser without scripts does it.

use crate::{
    harness::{Answer, TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap};

/// A browser: it keeps cookies, sends each to the paths it is for, and follows where pages lead.
struct Browser<'a> {
    app: &'a TestApp,
    /// By name and path.
    cookies: RefCell<BTreeMap<(String, String), String>>,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: RefCell::default() }
    }

    fn cookie(&self, address: &str) -> String {
        let path = address.split('?').next().unwrap();
        let sent = |path: &str, of: &str| path == of || path.strip_prefix(of).is_some_and(|rest| rest.starts_with('/'));
        let cookies = self.cookies.borrow();
        let pairs = cookies.iter().filter(|((_, of), _)| sent(path, of)).map(|((name, _), value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let mut parts = cookie.to_str().unwrap().split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let parts: Vec<&str> = parts.collect();
            let path = parts.iter().find_map(|part| part.strip_prefix("Path=")).unwrap();
            let key = (name.to_owned(), path.to_owned());
            match parts.contains(&"Max-Age=0") {
                true => self.cookies.borrow_mut().remove(&key),
                false => self.cookies.borrow_mut().insert(key, value.to_owned()),
            };
        }
    }

    async fn get(&self, address: &str) -> (String, Answer) {
        let mut address = address.to_owned();
        loop {
            let answer = self.app.get(&address).header("cookie", &self.cookie(&address)).send().await;
            self.keep(&answer);
            match answer.status.as_u16() {
                303 => address = answer.headers["location"].to_str().unwrap().to_owned(),
                _ => return (address, answer),
            }
        }
    }

    /// Sends a form; answers where it led and what stands there.
    async fn send(&self, address: &str, fields: &[(&str, &str)]) -> (String, Answer) {
        let form: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let call = self.app.post(address).header("cookie", &self.cookie(address)).header("sec-fetch-site", "same-origin");
        let answer = call.bytes(form.into_bytes(), "application/x-www-form-urlencoded").send().await;
        self.keep(&answer);
        match answer.status.as_u16() {
            303 => self.get(answer.headers["location"].to_str().unwrap()).await,
            _ => (address.to_owned(), answer),
        }
    }

    /// Answers a question about how one wants to be involved, based on the version that its page shows.
    async fn choose(&self, question: &str, fields: &[(&str, &str)]) -> (String, Answer) {
        let address = format!("/o/sunrise/me/preferences/{question}");
        let (_, page) = self.get(&address).await;
        let version = after(&page.text, "name=\"version\" value=\"");
        let fields: Vec<_> = fields.iter().copied().chain([("version", version.as_str())]).collect();
        self.send(&address, &fields).await
    }
}

/// What stands behind some text, up to the next quote.
#[track_caller]
fn after(html: &str, text: &str) -> String {
    let at = html.find(text).unwrap_or_else(|| panic!("no {text} in {html}")) + text.len();
    html[at..].split('"').next().unwrap().to_owned()
}

/// Somebody who has joined on the pages.
async fn joined<'a>(app: &'a TestApp, email: &str) -> Browser<'a> {
    let browser = Browser::new(app);
    let (at, _) = browser.send("/o/sunrise/join", &[("email", email), ("name", "Ben")]).await;
    assert_eq!(at, "/o/sunrise/letter");
    let letters = app.outbox().await;
    let link = format!("/join/{}", letters.iter().find(|letter| letter.to == email).unwrap().token("aj_"));
    let (at, page) = browser.send(&link, &[]).await;
    assert_eq!(at, "/o/sunrise/me/welcome");
    assert!(page.expect(200).text.contains("Welcome to sunrise trust"));
    browser
}

/// What counts for the person now, through the API of the same person.
async fn document(app: &TestApp) -> Value {
    let found = entity::preference::Entity::find();
    use sea_orm::{EntityTrait, QueryOrder};
    let row = found.order_by_desc(entity::preference::Column::N).one(app.app.platform.db.read()).await.unwrap().unwrap();
    serde_json::to_value(row.document).unwrap()
}

#[test]
fn joining_choosing_and_agreeing_takes_one_question_a_page() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = joined(&app, "ben@people.example").await;
        let (_, first) = ben.get("/o/sunrise/me/preferences/involvement?first=yes").await;
        assert!(
            first.text.contains("How much would you like to be involved?") && !first.text.contains(" checked"),
            "{}",
            first.text
        );
        let wrong = ben.choose("involvement", &[("first", "yes")]).await.1.expect(422);
        assert!(wrong.text.contains("<a href=\"#f-kind-0\">Choose one of the answers.</a>"), "{}", wrong.text);
        let (at, _) = ben.choose("involvement", &[("kind", "engagement"), ("first", "yes")]).await;
        assert!(at.starts_with("/o/sunrise/me/preferences/") && at.ends_with("?first=yes"), "{at}");
        assert_eq!(document(&app).await["stance"], json!({"kind": "up_to", "rung": "engagement"}));
        ben.choose("time", &[("hours", "1.5"), ("invites", "2")]).await.1.expect(200);
        ben.choose("letters", &[("format", "easy_read"), ("neutral_subject", "yes"), ("from_hour", "9"), ("to_hour", "17")])
            .await;
        assert_eq!(document(&app).await["contact"].get("time_zone"), None, "by the clock of the organisation");
        let nights = [("format", "easy_read"), ("from_hour", "9"), ("to_hour", "2"), ("time_zone", "buenos aires")];
        ben.choose("letters", &nights).await.1.expect(200);
        let (_, page) = ben.get("/o/sunrise/me/preferences/letters").await;
        assert!(page.text.contains("value=\"Buenos Aires\""), "{}", page.text);
        assert_eq!(document(&app).await["contact"]["time_zone"], "America/Argentina/Buenos_Aires");
        let nowhere = [("format", "easy_read"), ("from_hour", "9"), ("to_hour", "2"), ("time_zone", "Nowhere")];
        let wrong = ben.choose("letters", &nowhere).await.1.expect(422);
        assert!(wrong.text.contains("<a href=\"#f-time_zone\">Write a large town with the same time"), "{}", wrong.text);
        ben.choose("support", &[("need-0", "A lift"), ("share-0", "venue"), ("count", "1")]).await;
        ben.choose("quiet", &[("from-0", "2027-04-01"), ("to-0", ""), ("count", "1")]).await;
        ben.choose("reach", &[("channel", "phone"), ("phone", "01632 960 123"), ("no_voicemail", "yes")]).await;
        ben.choose("meetings", &[("longest", "60"), ("camera_off", "yes")]).await;
        ben.choose("groups", &[("group", "same_experience"), ("not_with", "police"), ("not_with", "funders")]).await;
        ben.choose("times", &[("time", "weekday_evening")]).await;
        ben.choose("payment", &[("payment", "lower"), ("lower_amount", "12.50"), ("method", "cash")]).await;
        let (_, wrong) = ben.choose("payment", &[("payment", "wants"), ("lower_amount", "12.50")]).await;
        assert!(wrong.expect(422).text.contains("Choose to be paid less, or leave the amount out."));
        ben.choose("activities", &[("activity", "survey"), ("activity", "interview_1to1")]).await;
        ben.choose("activity-wishes", &[("activity-workshop", "ask"), ("activity-survey", "consultation")]).await.1.expect(200);
        let (_, sums_up) = ben.choose("stage-wishes", &[("stage-review", "inform")]).await;
        assert!(sums_up.text.contains("A workshop: Ask me each time"), "{}", sums_up.text);
        let doc = document(&app).await;
        let survey = json!({"activity": "survey", "stance": {"kind": "up_to", "rung": "consultation"}});
        let workshop = json!({"activity": "workshop", "stance": {"kind": "ask_each_time"}});
        assert_eq!(doc["activity_stances"], json!([survey, workshop]));
        assert_eq!(doc["stage_stances"], json!([{"stage": "review", "stance": {"kind": "inform_me_only"}}]));
        ben.choose("activity-wishes", &[("activity-workshop", ""), ("activity-survey", "consultation")]).await;
        assert_eq!(document(&app).await["activity_stances"], json!([survey]), "the same as for everything else");
        assert_eq!(
            doc["load"],
            json!({"minutes_per_month_max": 90, "invites_per_month_max": 2, "notice_days_min": null, "meetings_per_day_max": null})
        );
        assert_eq!((&doc["contact"]["format"], &doc["contact"]["from_hour"]), (&json!("easy_read"), &json!(9)));
        assert_eq!(doc["access_needs"], json!([{"need": "A lift", "kind": "other", "must_have": false, "share_with": "venue"}]));
        assert_eq!(doc["quiet_periods"], json!([{"from": "2027-04-01", "to": "2027-04-01"}]));
        assert_eq!(doc["activity_types"], json!(["survey", "interview_1to1"]));
        assert_eq!((&doc["contact"]["phone"], &doc["contact"]["from_hour"]), (&json!("01632 960 123"), &json!(9)));
        assert_eq!((&doc["sessions"]["longest_minutes"], &doc["sessions"]["camera_off"]), (&json!(60), &json!(true)));
        assert_eq!(doc["group_safety"]["not_with"], json!(["police", "funders"]));
        assert_eq!((&doc["group_safety"]["same_experience"], &doc["times"]), (&json!(true), &json!(["weekday_evening"])));
        assert_eq!((&doc["money"]["lower_amount_pence"], &doc["money"]["method"]), (&json!(1250), &json!("cash")));
        assert_eq!(doc["stance"]["rung"], "engagement", "an answer changes nothing else");
        let (_, sum) = ben.get("/o/sunrise/me/preferences").await;
        for words in [
            "Talk it through more than once, and anything lighter",
            "At most 1 h 30 min a month",
            "Between 9:00 and 2:00 on the next day",
            "By the clock of Buenos Aires (America, Argentina)",
            "A lift (told to:",
            "Not with: The police; People who give the money for this",
            "Monday to Friday, in the evening",
            "To see how you can try something more for a while, change",
            "1 April 2027",
        ] {
            assert!(sum.text.contains(words), "{words}: {}", sum.text);
        }
        // Agreeing is a page of its own, with nothing ticked.
        let (_, notice) = ben.get("/o/sunrise/me/consents/notice").await;
        assert!(!notice.text.contains(" checked"));
        let id = after(&notice.text, "name=\"notice\" value=\"");
        let fields = [("notice", id.as_str()), ("format", "plain"), ("agree-contact_invite", "yes")];
        let (_, agreed) = ben.send("/o/sunrise/me/consents/notice", &fields).await;
        assert!(agreed.text.contains("Your choices are kept."), "{}", agreed.text);
        let opened = story.open("consultation", "consultation", json!({"title": "Your view"})).await;
        story.invite(&opened, json!({})).await;
        let (_, home) = ben.get("/o/sunrise/me").await;
        assert!(home.text.contains("Your view") && home.text.contains("Read it and answer"), "{}", home.text);
        let open = after(&home.text, "action=\"/o/sunrise/me/invitations/");
        let (at, invitation) = ben.send(&format!("/o/sunrise/me/invitations/{open}"), &[]).await;
        assert_eq!(at, format!("/invitation/{open}"));
        assert!(invitation.expect(200).text.contains("Your view"));
        let (_, consents) = ben.get("/o/sunrise/me/consents").await;
        assert_eq!(consents.text.matches("Take this back").count(), 1);
        let scope = after(&consents.text, "name=\"scope\" value=\"");
        let (_, back) = ben.send("/o/sunrise/me/consents/withdraw", &[("scope", &scope), ("purpose", "contact_invite")]).await;
        assert!(back.text.contains("You have taken it back.") && !back.text.contains("Take this back"), "{}", back.text);
        let (_, history) = ben.get("/o/sunrise/me/consents/history").await;
        assert!(history.text.contains("I agreed") && history.text.contains("I took it back"), "{}", history.text);
        app.outbox().await;
    });
}

#[test]
fn less_a_pause_and_the_way_out_take_one_button() {
    everywhere(|app| async move {
        let _story = Story::begin(app.clone()).await;
        let ben = joined(&app, "ben@people.example").await;
        ben.choose("involvement", &[("kind", "co_design")]).await.1.expect(200);
        let (_, home) = ben.send("/o/sunrise/me/step-down", &[("rung", "consultation")]).await;
        assert!(home.text.contains("From now on you are asked for no more than that."), "{}", home.text);
        assert_eq!(document(&app).await["stance"], json!({"kind": "up_to", "rung": "consultation"}));
        ben.send("/o/sunrise/me/step-down", &[("rung", "co_production")]).await.1.expect(409);
        ben.send("/o/sunrise/me/step-down", &[]).await.1.expect(422);
        ben.send("/o/sunrise/me/pause", &[("until", "2020-01-01")]).await.1.expect(422);
        let wrong = ben.send("/o/sunrise/me/pause", &[("until", "soon")]).await.1.expect(422);
        assert!(wrong.text.contains("href=\"#f-until\""), "{}", wrong.text);
        let (_, home) = ben.send("/o/sunrise/me/pause", &[("until", "")]).await;
        assert!(home.text.contains("You are pausing."), "{}", home.text);
        assert_eq!(document(&app).await["stance"]["kind"], "paused");
        let (at, left) = ben.send("/o/sunrise/me/leave", &[("everything", "yes")]).await;
        assert_eq!(at, "/o/sunrise/left?everything=yes");
        assert!(left.text.contains("You have left."), "{}", left.text);
        let (at, _) = ben.get("/o/sunrise/me").await;
        assert_eq!(at, "/o/sunrise/sign-in", "nobody is signed in who has left");
        app.run_jobs().await;
    });
}

#[test]
fn a_change_on_an_old_page_is_told_and_overwrites_nothing() {
    everywhere(|app| async move {
        let _story = Story::begin(app.clone()).await;
        let ben = joined(&app, "ben@people.example").await;
        ben.choose("involvement", &[("kind", "consultation")]).await.1.expect(200);
        let (_, old) = ben.get("/o/sunrise/me/preferences/involvement").await;
        let version = after(&old.text, "name=\"version\" value=\"");
        ben.choose("time", &[("hours", "2")]).await.1.expect(200);
        let late = [("kind", "co_production"), ("version", version.as_str())];
        let refused = ben.send("/o/sunrise/me/preferences/involvement", &late).await.1.expect(422);
        assert!(refused.text.contains("Somebody has saved a change here"), "{}", refused.text);
        let doc = document(&app).await;
        assert_eq!((&doc["stance"]["rung"], &doc["load"]["minutes_per_month_max"]), (&json!("consultation"), &json!(120)));
        // Wishes that these pages cannot make stay as they are when they are not touched.
        ben.choose("exactly", &[("rung", "consultation"), ("rung", "co_design")]).await.1.expect(200);
        assert_eq!(document(&app).await["stance"], json!({"kind": "only", "rungs": ["consultation", "co_design"]}));
        app.run_jobs().await;
    });
}

#[test]
fn people_see_who_looked_at_what_is_kept_about_them() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = joined(&app, "ben@people.example").await;
        app.run_jobs().await;
        let people = story.ada.get(&app, "/people").send().await.expect(200).json;
        let id = people["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
        for _ in 0..3 {
            story.ada.get(&app, &format!("/people/{id}")).send().await.expect(200);
        }
        let (_, looked) = ben.get("/o/sunrise/me/record/looked").await;
        assert_eq!(looked.text.matches("My record</td>").count(), 1, "once an hour: {}", looked.text);
        assert!(looked.text.contains("The list of people") && looked.text.contains("Rosa Root"), "{}", looked.text);
        app.clock.advance(Duration::hours(1));
        story.ada.get(&app, &format!("/people/{id}")).send().await.expect(200);
        let (_, looked) = ben.get("/o/sunrise/me/record/looked").await;
        assert_eq!(looked.text.matches("My record</td>").count(), 2, "{}", looked.text);
        // Somebody else's record is not theirs.
        let cat = joined(&app, "cat@people.example").await;
        let (_, looked) = cat.get("/o/sunrise/me/record/looked").await;
        assert!(!looked.text.contains("My record</td>"), "{}", looked.text);
    });
}

#[test]
fn an_organisation_gives_its_pages_a_look_and_a_way_out() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let look = format!("/api/organisations/{}/look", root.organisation);
        let choose = async |body: Value| app.put(&look).token(&root.token).header("if-match", "*").json(&body).send().await;
        let pale = choose(json!({"colour": "#ffcc00"})).await.expect(422);
        assert_eq!(pale.violations(), [("/colour".to_owned(), "contrast".to_owned())]);
        let chosen = json!({"colour": "#7A1FA2", "exit_url": "https://weather.example/", "exit_title": "Weather"});
        choose(chosen).await.expect(200);
        let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let logo = app.put(format!("{look}/logo")).token(&root.token).header("if-match", "*");
        logo.json(&json!({"picture": picture})).send().await.expect(200);
        let drawn = app.put(format!("{look}/logo")).token(&root.token).header("if-match", "*");
        drawn.json(&json!({"picture": "PHN2Zz48L3N2Zz4="})).send().await.expect(422);
        let page = app.get("/o/sunrise").send().await.expect(200);
        assert!(page.text.contains("<title>Weather</title>") && page.text.contains("Leave this page quickly"), "{}", page.text);
        let policy = page.headers["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        for (mark, kind) in [("<link rel=\"stylesheet\" href=\"/assets/colour", "text/css"), ("<img src=\"", "image/png")] {
            let address = match mark.starts_with("<img") {
                true => after(&page.text, mark),
                false => format!("/assets/colour{}", after(&page.text, mark)),
            };
            let file = app.get(&address).send().await.expect(200);
            assert!(file.headers["content-type"].to_str().unwrap().starts_with(kind), "{address}");
            assert!(file.headers["cache-control"].to_str().unwrap().contains("immutable"));
        }
        // What nobody switched on is not there.
        choose(json!({})).await.expect(200);
        let page = app.get("/o/sunrise").send().await.expect(200);
        assert!(!page.text.contains("Leave this page quickly") && !page.text.contains("<script"), "{}", page.text);
        assert!(!page.headers["content-security-policy"].to_str().unwrap().contains("script-src"));
    });
}

#[test]
fn everybody_sees_what_is_open_and_what_is_late() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let browser = Browser::new(&app);
        let id = story.open("consultation", "consultation", json!({"title": "Your view <here>"})).await;
        let (_, home) = browser.get("/o/sunrise").await;
        assert!(home.text.contains("Your view &#60;here&#62;"), "{}", home.text);
        let (_, one) = browser.get(&format!("/o/sunrise/opportunities/{id}")).await;
        for words in ["What cannot change", "Ask for my views", "How to take part"] {
            assert!(one.text.contains(words), "{words}: {}", one.text);
        }
        let (_, easy) = browser.get(&format!("/o/sunrise/opportunities/{id}?format=easy")).await;
        assert!(easy.text.contains("You are asked what you think."), "{}", easy.text);
        assert!(!home.text.contains("What is late"));
        app.clock.advance(Duration::days(200));
        app.run_jobs().await;
        let (_, home) = browser.get("/o/sunrise").await;
        assert!(home.text.contains("What is late"), "{}", home.text);
        let (_, late) = browser.get("/o/sunrise/overdue").await;
        assert!(late.text.contains("Your view") && late.text.contains("Days late"), "{}", late.text);
        browser.get("/o/nobody").await.1.expect(404);
        app.outbox().await;
    });
}
