//! The edge of the server: who may call from where, and how often.

use crate::{
    document::{operations, served},
    harness::{Answer, Browser, PASSWORD, TestApp, everywhere},
    story::Story,
};
use alongside::{pages::kit::Told, platform::Error};
use poem::{
    Addr, Endpoint, IntoResponse, Request, RequestParts,
    http::{self, Method, StatusCode, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const FRONT: &str = "https://front.example";
const PROBLEM: &str = "application/problem+json";

#[test]
fn listed_front_ends_may_call_the_api_and_our_own_pages_need_no_permission() {
    everywhere(|app| async move {
        app.administrator().await;
        let app = app.with(|config| config.cors_origins = vec![FRONT.into()]);
        let from = async |method: Method, path: &str, origin: &str| {
            let call = app.call(method, path).header("origin", origin).header("access-control-request-method", "GET");
            call.send().await
        };
        let allowed =
            |answer: &Answer| answer.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned());
        for (method, status) in [(Method::OPTIONS, 200), (Method::GET, 401)] {
            for origin in [FRONT, "https://alongside.test"] {
                let answer = from(method.clone(), "/api/account", origin).await.expect(status);
                assert_eq!(allowed(&answer).as_deref(), Some(origin));
            }
            let foreign = from(method, "/api/account", "https://elsewhere.example").await;
            assert_eq!((foreign.status, allowed(&foreign)), (StatusCode::FORBIDDEN, None), "{}", foreign.text);
        }
        assert_eq!(allowed(&from(Method::GET, "/api/openapi.json", FRONT).await.expect(200)).as_deref(), Some(FRONT));
        // A browser names the origin of a form as our own address, or as `null` because of our referrer policy.
        for origin in ["https://alongside.test", "null"] {
            let page = from(Method::POST, "/u/au_nothing", origin).await.expect(404);
            assert!(page.text.contains("This page does not exist"), "{}", page.text);
            assert_eq!(allowed(&page), None);
        }
        from(Method::GET, "/docs", "https://alongside.test").await.expect(200);
    });
}

#[test]
fn without_a_list_of_front_ends_nothing_is_said_about_origins() {
    everywhere(|app| async move {
        let answer = app.get("/api/account").header("origin", FRONT).send().await.expect(401);
        assert!(answer.headers.get("access-control-allow-origin").is_none());
    });
}

#[test]
fn metrics_are_for_the_operator() {
    everywhere(|app| async move {
        app.get("/metrics").send().await.expect(403);
        let app = app.with(|config| config.metrics_token = "a long word".into());
        app.get("/metrics").send().await.expect(401);
        app.get("/metrics").token("another word").send().await.expect(401);
        let counters = app.get("/metrics").token("a long word").send().await.expect(200);
        assert!(counters.text.contains("alongside_request_seconds_count"), "{}", counters.text);
    });
}

#[test]
fn a_name_that_no_organisation_can_have_is_told_so() {
    everywhere(|app| async move {
        app.administrator().await;
        let document = served(&app).await;
        let mut tried = 0;
        for operation in operations(&document).iter().filter(|operation| operation.path.contains("{slug}")) {
            for slug in ["%00", "%F0%9F%8C%BB", "Sunrise", &"s".repeat(10_000)] {
                let address = operation.address(&BTreeMap::from([("slug", slug.to_owned())]));
                let body = if operation.path.ends_with("/confirm") {
                    json!({"token": "x"})
                } else {
                    json!({"email": "ben@people.example"})
                };
                let call = app.call(operation.method.clone(), address);
                let call = if operation.method == Method::POST { call.json(&body) } else { call };
                let answer = call.send().await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {}: {}", operation.name(), &slug[..3], answer.text);
                tried += 1;
            }
        }
        assert!(tried > 20, "{tried}");
    });
}

/// What comes of a request from an address of its own.
async fn asked(app: &TestApp, address: &str, request: http::request::Builder, body: String) -> poem::Response {
    let parts = request.body(()).unwrap().into_parts().0;
    let peer = RemoteAddr(Addr::SocketAddr((address.parse::<std::net::IpAddr>().unwrap(), 9).into()));
    let parts = RequestParts::from((parts, LocalAddr::default(), peer, Scheme::HTTP));
    app.app.endpoint().get_response(Request::from_parts(parts, body.into())).await
}

/// A request from an address of its own.
async fn from(app: &TestApp, address: &str, path: &str, body: &Value) -> (StatusCode, String, Option<String>) {
    let request = http::Request::post(path).header("content-type", "application/json");
    let response = asked(app, address, request, body.to_string()).await;
    let wait = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (response.status(), response.into_body().into_string().await.unwrap(), wait)
}

#[test]
fn a_password_is_not_guessed_from_many_places_either() {
    everywhere(|app| async move {
        app.administrator().await;
        let app = app.with(|config| config.sign_in_limit = 3);
        let guess = |email: &str| json!({"email": email, "password": "wrong wrong wrong wrong"});
        for (email, other) in [("root@sunrise.example", "Root@Sunrise.example"), ("nobody@x.example", "nobody@x.example")] {
            for n in 0..3 {
                assert_eq!(from(&app, &format!("203.0.113.{n}"), "/api/sign-in", &guess(email)).await.0, StatusCode::FORBIDDEN);
            }
            let (status, text, wait) = from(&app, "203.0.113.77", "/api/sign-in", &guess(other)).await;
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
            assert!(text.contains("3 times in 10 minutes"), "{text}");
            assert_eq!(wait.as_deref(), Some("600"));
        }
        let right = json!({"email": "root@sunrise.example", "password": PASSWORD});
        app.clock.advance(chrono::Duration::minutes(10));
        assert_eq!(from(&app, "203.0.113.77", "/api/sign-in", &right).await.0, StatusCode::CREATED);
    });
}

#[test]
fn people_of_one_house_can_join_together() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let app = app.with(|config| config.sign_in_limit = 10);
        let here = "203.0.113.5";
        let mut tokens = Vec::new();
        for n in 0..10 {
            let email = format!("person{n}@people.example");
            assert_eq!(from(&app, here, "/api/public/sunrise/join", &json!({"email": email})).await.0, StatusCode::ACCEPTED);
        }
        for letter in app.outbox().await {
            tokens.push(letter.token("aj_"));
        }
        let confirm = async |token: &str| from(&app, here, "/api/public/sunrise/confirm", &json!({"token": token})).await;
        // Some open their link twice.
        for token in &tokens {
            assert_eq!(confirm(token).await.0, StatusCode::CREATED);
        }
        for token in &tokens {
            assert_eq!(confirm(token).await.0, StatusCode::GONE);
        }
        for n in 0..10 {
            let email = format!("person{n}@people.example");
            assert_eq!(from(&app, here, "/api/public/sunrise/sign-in", &json!({"email": email})).await.0, StatusCode::ACCEPTED);
        }
        // Guessing ends, for this place and no other.
        let (status, text, wait) = confirm("aj_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        assert_eq!((status, wait.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("600")), "{text}");
        let elsewhere = from(&app, "203.0.113.6", "/api/public/sunrise/confirm", &json!({"token": "x"})).await;
        assert_eq!(elsewhere.0, StatusCode::GONE);
        ada.get(&app, "").send().await.expect(200);
        app.outbox().await;
    });
}

#[test]
fn a_flood_of_made_up_requests_lets_nobody_guess_on() {
    everywhere(|app| async move {
        app.administrator().await;
        let app = app.with(|config| (config.sign_in_limit, config.request_limit) = (3, 1_000_000));
        let guess = json!({"email": "nobody@x.example", "password": "wrong wrong wrong wrong"});
        let here = "203.0.113.5";
        for _ in 0..3 {
            assert_eq!(from(&app, here, "/api/sign-in", &guess).await.0, StatusCode::FORBIDDEN);
        }
        assert_eq!(from(&app, here, "/api/sign-in", &guess).await.0, StatusCode::TOO_MANY_REQUESTS);
        let limits = &app.app.platform.limits;
        let before = limits.sources_of_requests();
        let spell =
            |n: usize| -> String { (0..6).map(|at| char::from(b'a' + u8::try_from((n >> (4 * at)) & 15).unwrap())).collect() };
        for n in 0..20 {
            let word = spell(n);
            from(&app, here, &format!("/{word}/{word}"), &guess).await;
            from(&app, here, &format!("/api/public/{word}/confirm"), &guess).await;
            app.get("/api/account").token(&format!("as_{word}")).send().await.expect(401);
            app.get(format!("/o/{word}")).header("cookie", &format!("__Secure-person=ap_{word}")).send().await.expect(404);
        }
        let more = limits.sources_of_requests() - before;
        assert!(more <= 2, "{more} sources were made up");
        // As from very many places, which nobody chooses freely.
        for n in 0..60_000 {
            limits.allow_request(&app.clock, &format!("all {n}"), 1).unwrap();
        }
        assert_eq!(from(&app, here, "/api/sign-in", &guess).await.0, StatusCode::TOO_MANY_REQUESTS);
    });
}

#[test]
fn an_account_has_one_measure_of_requests_in_however_many_browsers() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let again = app.sign_in_again(&ada).await;
        let before = app.at_the_console("root@sunrise.example").await.cookies();
        let app = app.with(|config| config.request_limit = 12);
        for n in 0..12 {
            let who = if n % 2 == 0 { &ada } else { &again };
            // A page asks more than once who it is, and is one request.
            if n < 6 {
                who.get(&app, "/people").send().await.expect(200);
            } else {
                app.get("/console/sunrise").header("cookie", &before).send().await.expect(200);
            }
        }
        for who in [&ada, &again] {
            let refused = who.get(&app, "/people").send().await.expect(429);
            assert_eq!(refused.headers["retry-after"], "600");
            assert_eq!(refused.json["type"], "https://alongside.example/problems/too-many");
        }
        let page = app.get("/console/sunrise").header("cookie", &before).send().await.expect(429);
        assert_eq!(page.headers["retry-after"], "600");
        assert!(page.text.contains("Please wait a little") && page.text.contains("<h1"), "{}", page.text);
        // Signing in once more brings nothing.
        let after = app.sign_in_again(&ada).await;
        after.get(&app, "/people").send().await.expect(429);
        let mut browser = Browser::new(&app);
        browser.open("/console/sign-in").await.fill("E-mail address", "root@sunrise.example").fill("Password", PASSWORD);
        browser.press("Sign in").await.expect(429).says("Please wait a little");
        app.clock.advance(chrono::Duration::minutes(10));
        app.get("/console/sunrise").header("cookie", &before).send().await.expect(200);
    });
}

#[test]
fn a_person_has_one_measure_of_requests_with_their_page_and_their_invitation() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let link = story.invite(&id, json!({})).await[0].token("ai_");
        let app = app.with(|config| config.request_limit = 4);
        let cookie = format!("__Secure-person={}", ben.token);
        ben.get(&app, "").send().await.expect(200);
        app.get("/api/invitation").token(&link).send().await.expect(200);
        app.get("/o/sunrise/me/details").header("cookie", &cookie).send().await.expect(200);
        app.get("/o/sunrise/me/details").header("cookie", &cookie).send().await.expect(200);
        ben.get(&app, "").send().await.expect(429);
        app.get("/api/invitation").token(&link).send().await.expect(429);
        let page = app.get("/o/sunrise/me/details").header("cookie", &cookie).send().await.expect(429);
        assert_eq!(page.headers["retry-after"], "600");
        assert!(page.text.contains("Please wait a little"), "{}", page.text);
    });
}

#[test]
fn whoever_presses_too_often_is_told_so_on_a_page() {
    everywhere(|app| async move {
        app.administrator().await;
        let app = app.with(|config| config.request_limit = 2);
        let look = async |method: Method, path: &str, accept: &str| {
            let request = http::Request::builder().method(method).uri(path).header("accept", accept);
            asked(&app, "203.0.113.5", request, String::new()).await
        };
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        assert_eq!(look(Method::GET, "/console/sign-in", browser).await.status(), StatusCode::OK);
        assert_eq!(look(Method::GET, "/o/sunrise", browser).await.status(), StatusCode::OK);
        for (method, path) in
            [(Method::GET, "/o/sunrise"), (Method::POST, "/console/sign-in"), (Method::POST, "/nowhere"), (Method::GET, "/docs")]
        {
            let page = look(method, path, browser).await;
            let headers = page.headers().clone();
            assert_eq!(
                (page.status(), &headers["retry-after"]),
                (StatusCode::TOO_MANY_REQUESTS, &"600".parse().unwrap()),
                "{path}"
            );
            assert_eq!(headers["content-type"], "text/html; charset=utf-8", "{path}");
            assert!(headers["content-security-policy"].to_str().unwrap().contains("style-src 'self'"), "{path}");
            let text = page.into_body().into_string().await.unwrap();
            assert!(text.contains("Please wait a little") && text.contains("Please try again in 10 minutes."), "{path}: {text}");
        }
        // A program is told in its own way, whatever it says it takes.
        for (path, accept) in [("/api/rungs", browser), ("/o/sunrise", "application/json")] {
            let problem = look(Method::GET, path, accept).await;
            assert_eq!(problem.status(), StatusCode::TOO_MANY_REQUESTS);
            assert_eq!((&problem.headers()["retry-after"], problem.content_type()), (&"600".parse().unwrap(), Some(PROBLEM)));
        }
        app.clock.advance(chrono::Duration::seconds(590));
        let page = look(Method::GET, "/o/sunrise", browser).await;
        assert_eq!(page.headers()["retry-after"], "10");
        let text = page.into_body().into_string().await.unwrap();
        assert!(text.contains("Please try again in a minute."), "{text}");
        app.clock.advance(chrono::Duration::seconds(10));
        assert_eq!(look(Method::GET, "/o/sunrise", browser).await.status(), StatusCode::OK);
    });
}

#[test]
fn what_cannot_be_read_is_told_on_a_page() {
    everywhere(|app| async move {
        let request = |accept: &str| {
            let odd = http::HeaderValue::from_bytes(b"caf\xe9").unwrap();
            http::Request::get("/console/sign-in").header("accept", accept).header("if-match", odd)
        };
        let page = asked(&app, "203.0.113.5", request("text/html"), String::new()).await;
        assert_eq!((page.status(), page.content_type()), (StatusCode::BAD_REQUEST, Some("text/html; charset=utf-8")));
        let text = page.into_body().into_string().await.unwrap();
        assert!(text.contains("Use visible ASCII characters."), "{text}");
        let problem = asked(&app, "203.0.113.5", request("*/*"), String::new()).await;
        assert_eq!((problem.status(), problem.content_type()), (StatusCode::BAD_REQUEST, Some(PROBLEM)));
    });
}

/// Whoever is watched needs the way out most where an address was mistyped, or the server sends them away.
#[test]
fn the_way_out_is_there_where_something_went_wrong() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        app.organisation(&root, "harbour").await;
        let look = json!({"colour": "#7A1FA2", "exit_url": "https://weather.example/", "exit_title": "Weather"});
        let chosen = app.put(format!("/api/organisations/{}/look", root.organisation)).token(&root.token);
        chosen.header("if-match", "*").json(&look).send().await.expect(200);
        let unavailable = poem::endpoint::make(async |_| Ok::<_, poem::Error>(Error::unavailable("busy").into_response()));
        let busy = Told::around(unavailable, &app.app.platform);
        let page = async |app: &TestApp, path: &str, status: u16| {
            let odd = http::HeaderValue::from_bytes(if status == 400 { b"caf\xe9" } else { b"*" }).unwrap();
            let request = http::Request::get(path).header("accept", "text/html").header("if-match", odd);
            let page = match status {
                503 => busy.get_response(Request::builder().uri_str(path).header("accept", "text/html").finish()).await,
                _ => asked(app, "203.0.113.5", request, String::new()).await,
            };
            assert_eq!((page.status().as_u16(), page.content_type()), (status, Some("text/html; charset=utf-8")), "{path}");
            let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
            (page.into_body().into_string().await.unwrap(), policy)
        };
        let full = app.with(|config| config.request_limit = 1);
        page(&full, "/o/sunrise/nothing", 404).await;
        for (app, rest, status) in [
            (&app, "/nothing", 404),
            (&app, "/opportunities/nothing/at/all", 404),
            // There is a form that is sent here, and no page.
            (&app, "/me/sign-out", 404),
            (&app, "", 400),
            (&full, "", 429),
            (&app, "", 503),
        ] {
            let (ours, policy) = page(app, &format!("/o/sunrise{rest}"), status).await;
            assert!(ours.contains("<title>Weather</title>"), "{rest}: {ours}");
            assert!(
                ours.contains("<a href=\"https://weather.example/\" rel=\"noreferrer noopener\" data-exit>"),
                "{rest}: {ours}"
            );
            assert!(ours.contains("<script src=\"/assets/script-") && policy.contains("script-src 'self'"), "{rest}: {policy}");
            for other in ["harbour", "nobody"] {
                let (theirs, policy) = page(app, &format!("/o/{other}{rest}"), status).await;
                assert!(!theirs.contains("data-exit") && !theirs.contains("Weather"), "{other}{rest}: {theirs}");
                assert!(!policy.contains("script-src"), "{other}{rest}: {policy}");
            }
        }
    });
}

#[test]
fn handing_in_counts_for_the_person_however_it_is_done() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let link = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&link).await;
        let body = json!({"answers": {"form": "one_to_one"}, "questionnaire": story.asked(&link).await});
        let mut browser = Browser::new(&app);
        browser.open(&format!("/i/{link}")).await.press("Read the invitation").await;
        browser.open(&format!("{}/questions", browser.address.clone())).await.choose("form", "group").press("Continue").await;
        browser.press("Continue").await.says("Check your answers");
        let (to, fields) = browser.prepared("Hand in my answers");
        let sent = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish().into_bytes();
        // The page asks who it is, and hands in: one request.
        let one = app.with(|config| config.request_limit = 1);
        let press = || {
            let call = one.post(to.clone()).header("cookie", &browser.cookies());
            call.bytes(sent.clone(), "application/x-www-form-urlencoded").send()
        };
        let done = press().await.expect(303);
        assert!(done.headers["location"].to_str().unwrap().ends_with("/questions/done"));
        let page = press().await.expect(429);
        assert_eq!(page.headers["retry-after"], "600");
        assert!(page.text.contains("Please wait a little"), "{}", page.text);
        // At the same time, so that several are written together.
        let three = app.with(|config| config.request_limit = 3);
        let hand_in = || three.post("/api/invitation/response").token(&link).json(&body).send();
        let answers = futures_util::future::join_all((0..8).map(|_| hand_in())).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 201, 201, 429, 429, 429, 429, 429]);
        assert_eq!(hand_in().await.expect(429).headers["retry-after"], "600");
        three.get("/api/invitation").token(&link).send().await.expect(429);
        three.clock.advance(chrono::Duration::minutes(10));
        hand_in().await.expect(201);
    });
}

#[test]
fn the_api_browser_runs_its_own_scripts_and_no_other() {
    everywhere(|app| async move {
        let page = app.get("/docs/api").send().await.expect(200);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        let scripts = policy.split(';').find_map(|part| part.trim().strip_prefix("script-src ")).unwrap();
        let hashes: Vec<&str> = scripts.split(' ').collect();
        assert!(hashes.len() == 2 && hashes.iter().all(|hash| hash.starts_with("'sha256-")), "{policy}");
        assert!(page.text.contains("SwaggerUIBundle({"));
    });
}
