//! V3, V4 and V14: what browsers are told, and which requests are taken.

use super::world;
use crate::{
    document::{operations, served},
    harness::{Answer, Backend, PASSWORD, TestApp, everywhere, on},
    walk::{HERE, Seen, pages},
};
use alongside::pages::kit::escaped;
use chrono::Duration;
use poem::http::Method;
use serde_json::json;
use std::collections::BTreeMap;

/// What comes of a form.
async fn form(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&");
    app.post(path).bytes(body.into_bytes(), "application/x-www-form-urlencoded").send().await
}

/// Every page, and an answer of each other kind.
async fn answers(app: &TestApp) -> Vec<(String, Answer)> {
    let world = world(app).await;
    let starts = world.starts(app).await;
    let seen = pages(app, &starts, &world.cookies()).await;
    let mut all: Vec<_> = seen.into_iter().map(|Seen { address, answer, .. }| (address, answer)).collect();
    for (method, path) in [
        (Method::GET, "/api/rungs"),
        (Method::GET, "/api/account"),
        (Method::GET, "/api/nothing"),
        (Method::GET, "/nothing"),
        (Method::DELETE, "/o/sunrise"),
        (Method::POST, "/api/sign-in"),
        (Method::OPTIONS, "/api/rungs"),
        (Method::GET, "/metrics"),
        (Method::GET, "/docs/api"),
    ] {
        all.push((path.into(), app.call(method, path).send().await));
    }
    let export = app.get(world.story.ada.path("/people/export")).token(&world.story.ada.token).send().await;
    all.push(("/people/export".into(), export.expect(200)));
    all
}

fn text<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn is_html(answer: &Answer) -> bool {
    text(answer, "content-type").starts_with("text/html")
}

/// Checks every answer; what is wrong with one is told with its address.
fn each(check: impl Fn(&str, &Answer) -> bool) {
    on(Backend::Sqlite, |app| {
        let check = &check;
        async move {
            let all = answers(&app).await;
            let wrong: Vec<_> =
                all.iter().filter(|(path, answer)| !check(path, answer)).map(|(path, answer)| (path, &answer.headers)).collect();
            assert!(wrong.is_empty(), "{} of {}: {:#?}", wrong.len(), all.len(), wrong.first());
            assert!(all.iter().filter(|(_, answer)| is_html(answer)).count() > 40);
        }
    });
}

/// What is asked for by itself is not shown as something else: pictures and files are what they say, and run nothing.
#[test]
fn v3_2_1_nothing_is_rendered_in_a_wrong_context() {
    each(|path, answer| {
        let file = path.ends_with("/export");
        let apart = !file || text(answer, "content-disposition").starts_with("attachment");
        let inert = is_html(answer) || text(answer, "content-security-policy").starts_with("default-src 'none'");
        apart && inert && text(answer, "x-content-type-options") == "nosniff"
    });
}

/// Cookies go by TLS alone, under a name that says so, are for no script, and come with no request of another site.
#[test]
fn v3_3_1_cookies_are_secure_strict_about_sites_and_out_of_reach_of_scripts() {
    everywhere(|app| async move {
        let world = world(&app).await;
        let mut cookies = Vec::new();
        for letter in &world.letters {
            for (page, prefix) in [("i", "ai_"), ("join", "aj_"), ("sign-in", "aj_")] {
                if letter.text().contains(&format!("/{page}/{prefix}")) {
                    let opened = app.post(format!("/{page}/{}", letter.token(prefix))).send().await.expect(303);
                    cookies.push(text(&opened, "set-cookie").to_owned());
                }
            }
        }
        let asked = form(&app, "/o/sunrise/sign-in", &[("email", &world.ben.email), ("next", "/o/sunrise/me/record")]).await;
        cookies.push(text(&asked, "set-cookie").to_owned());
        app.run_jobs().await;
        let entered = form(&app, "/console/sign-in", &[("email", "root@sunrise.example"), ("password", PASSWORD)]).await;
        cookies.push(text(&entered, "set-cookie").to_owned());
        let mut paths = BTreeMap::new();
        for cookie in cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            let path = rest.split("; ").find_map(|part| part.strip_prefix("Path=")).expect("a path");
            paths.insert(name.to_owned(), path.split('/').nth(1).unwrap().to_owned());
            // A path of its own is worth more here than the stricter prefix, which forbids one: see the table.
            assert!(name.starts_with("__Secure-") || name.starts_with("__Host-"), "{cookie}");
            for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
                assert!(rest.contains(part), "{part}: {cookie}");
            }
            assert!(!rest.contains("Domain=") && cookie.len() < 4096, "{cookie}");
            assert!(name.starts_with("__Host-") || path != "/", "a path of its own: {cookie}");
        }
        let kinds = [
            ("__Secure-invitation", "invitation"),
            ("__Secure-onward", "sign-in"),
            ("__Secure-person", "o"),
            ("__Secure-staff", "console"),
        ];
        assert_eq!(paths, kinds.map(|(name, path)| (name.to_owned(), path.to_owned())).into());
    });
}

/// Browsers come back by TLS alone for at least a year, where the public address has TLS; elsewhere nothing is promised.
#[test]
fn v3_4_1_browsers_are_told_to_come_back_by_tls() {
    each(|_, answer| text(answer, "strict-transport-security") == "max-age=63072000; includeSubDomains");
    on(Backend::Sqlite, |app| async move {
        let plain = app.under("http://127.0.0.1:8080").get("/healthz").send().await.expect(200);
        assert_eq!(text(&plain, "strict-transport-security"), "");
    });
}

/// Pages of other origins may call the API where an operator has listed them, and no `*` is ever said.
#[test]
fn v3_4_2_other_origins_are_on_a_list() {
    everywhere(|app| async move {
        let app = app.with(|config| config.cors_origins = vec!["https://front.example".into()]);
        for (origin, allowed) in [
            ("https://front.example", "https://front.example"),
            ("https://front.example.evil.example", ""),
            ("https://evil.example", ""),
            ("http://front.example", ""),
            ("null", ""),
        ] {
            for method in [Method::GET, Method::OPTIONS] {
                let call = app.call(method, "/api/rungs").header("origin", origin);
                let answer = call.header("access-control-request-method", "GET").send().await;
                assert_eq!(text(&answer, "access-control-allow-origin"), allowed, "{origin}");
            }
        }
        // Pages are read by nobody else, listed or not.
        let page = app.get("/accessibility").header("origin", "https://front.example").send().await.expect(200);
        assert_eq!(text(&page, "access-control-allow-origin"), "");
    });
}

/// The one page that is not ours; a browser looks at it in `browser/walk.rs`, and it asks nothing of other servers.
fn is_api_browser(path: &str) -> bool {
    path == "/docs/api"
}

/// A letter that stands apart in the page that looks at it, as mail programs get it: its styles are inside. It is kept in a sandbox.
fn is_apart(path: &str) -> bool {
    path.split('?').next().unwrap().ends_with("/letters/look/html")
}

/// A policy bounds what a page loads and runs: nothing at all, but what it names; scripts from ourselves, none inside pages.
#[test]
fn v3_4_3_a_policy_bounds_what_pages_load() {
    each(|path, answer| {
        let policy = text(answer, "content-security-policy");
        let nothing_else = !policy.contains('*') && !policy.contains("http") && !policy.contains("unsafe-eval");
        // The API browser has styles and scripts inside: of scripts those that are there, by what they say.
        let mut parts = policy.split("; ");
        let scripts = parts.find_map(|part| part.strip_prefix("script-src")).unwrap_or_default();
        let hashed = scripts.split_whitespace().all(|source| source.starts_with("'sha256-")) && !scripts.is_empty();
        let kept_in = policy.contains("; style-src 'unsafe-inline'; ") && policy.ends_with("; sandbox") && scripts.is_empty();
        let strict = !policy.contains("unsafe") || is_api_browser(path) && hashed || is_apart(path) && kept_in;
        policy.starts_with("default-src 'none'") && policy.contains("base-uri 'none'") && nothing_else && strict
    });
    each(|path, answer| {
        is_api_browser(path) || !is_html(answer) || {
            let body = answer.text.to_lowercase();
            let inline = body.split("<script").skip(1).any(|part| !part.starts_with(" src=\"/"));
            let styled = body.contains(" style=\"") || body.contains("<style");
            !inline && (!styled || is_apart(path)) && !body.contains("javascript:")
        }
    });
}

/// No answer is taken for another kind of thing than it says.
#[test]
fn v3_4_4_no_type_is_guessed() {
    each(|_, answer| text(answer, "x-content-type-options") == "nosniff");
}

/// No site learns from which page of ours somebody came.
#[test]
fn v3_4_5_no_site_learns_where_somebody_came_from() {
    each(|_, answer| text(answer, "referrer-policy") == "no-referrer");
}

/// No site shows our pages inside its own.
#[test]
fn v3_4_6_no_site_frames_our_pages() {
    each(|path, answer| {
        let ours = is_apart(path) && answer.status == 200;
        let by = if ours { "frame-ancestors 'self'; sandbox" } else { "frame-ancestors 'none'" };
        let old = if ours { "SAMEORIGIN" } else { "DENY" };
        text(answer, "content-security-policy").contains(by) && text(answer, "x-frame-options") == old
    });
}

/// A page that opens ours has no hold on it, and ours may use no camera, microphone or place.
#[test]
fn v3_4_8_windows_are_apart() {
    each(|_, answer| {
        text(answer, "cross-origin-opener-policy") == "same-origin" && text(answer, "permissions-policy").contains("camera=()")
    });
}

/// What changes something is taken from our own pages: by what browsers say of where a form comes from.
#[test]
fn v3_5_1_forms_of_other_sites_are_refused() {
    everywhere(|app| async move {
        let world = world(&app).await;
        let cookie = &world.cookies()[1];
        let send = async |headers: &[(&str, &str)]| {
            let call = app.post("/o/sunrise/me/pause").header("cookie", cookie);
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
            call.bytes(Vec::new(), "application/x-www-form-urlencoded").send().await.status.as_u16()
        };
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "https://alongside.test.evil.example")],
            &[("origin", "http://alongside.test")],
            &[("origin", HERE), ("sec-fetch-site", "cross-site")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
        ] {
            assert_eq!(send(headers).await, 403, "{headers:?}");
        }
        for headers in [&[("origin", HERE)][..], &[("sec-fetch-site", "same-origin"), ("origin", "null")]] {
            assert_ne!(send(headers).await, 403, "{headers:?}");
        }
        app.outbox().await;
    });
}

/// The API takes what no form of another site can send: a token in a header, and JSON. A cookie opens nothing there.
#[test]
fn v3_5_2_the_api_takes_nothing_that_a_form_can_send() {
    everywhere(|app| async move {
        let world = world(&app).await;
        for cookie in world.cookies() {
            app.get("/api/me").header("cookie", &cookie).send().await.expect(401);
            app.get("/api/account").header("cookie", &cookie).send().await.expect(401);
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let body = json!({"email": "ben@people.example"}).to_string().into_bytes();
            app.post("/api/public/sunrise/join").bytes(body, kind).send().await.expect(415);
        }
    });
}

/// What changes something is no GET: every other method is refused where a button is meant.
#[test]
fn v3_5_3_looking_changes_nothing() {
    everywhere(|app| async move {
        let world = world(&app).await;
        for path in ["/o/sunrise/me/sign-out", "/o/sunrise/me/sessions", "/o/sunrise/me/consents/withdraw"] {
            for method in [Method::GET, Method::HEAD] {
                app.call(method, path).header("cookie", &world.cookies()[1]).send().await.expect(405);
            }
        }
        // A form's method cannot be changed by a field or a header.
        let call = app.get("/o/sunrise/me/pause?_method=POST").header("x-http-method-override", "POST");
        call.header("cookie", &world.cookies()[1]).send().await.expect(200);
        assert!(world.ben.get(&app, "/preferences").send().await.expect(200).json["stance"]["kind"] != "paused");
    });
}

/// What somebody is signed in for is loaded into no other site.
#[test]
fn v3_5_8_nothing_is_loaded_into_other_sites() {
    each(|_, answer| text(answer, "cross-origin-resource-policy") == "same-origin");
}

/// Styles, scripts and pictures are ours: nothing comes from elsewhere.
#[test]
fn v3_6_1_nothing_comes_from_elsewhere() {
    each(|path, answer| {
        is_api_browser(path)
            || !is_html(answer)
            || ["src=\"", "<link rel=\"stylesheet\" href=\""]
                .iter()
                .all(|name| answer.text.split(name).skip(1).all(|part| part.starts_with('/') && !part.starts_with("//")))
    });
}

/// We lead to no other host, whatever an address asks for.
#[test]
fn v3_7_2_we_lead_to_no_other_host() {
    each(|_, answer| {
        let to = text(answer, "location");
        to.is_empty() || to.starts_with('/') && !to.starts_with("//")
    });
    everywhere(|app| async move {
        let root = app.administrator().await;
        let ben = app.participant(&root, "ben").await;
        let (ours, console) = ("/o/sunrise/me/record", "/console/sunrise/people");
        let evil = [
            "//evil.example",
            "https://evil.example",
            "https:evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/o/sunrise/me/..//evil.example",
            "/o/sunrise/me/\t//evil.example",
            "/o/sunrise@evil.example/me/record",
            "/console//evil.example",
            "/console@evil.example",
            "/console/\r\nlocation: https://evil.example",
        ];
        for next in evil.into_iter().chain([ours, console]) {
            for (door, good) in [("/o/sunrise/sign-in", ours), ("/console/sign-in", console)] {
                let page = app.get(format!("{door}?next={}", escaped(next))).send().await.expect(200);
                assert_eq!(page.text.contains("name=\"next\""), next == good, "{door} {next}: {}", page.text);
                assert!(!page.text.contains("evil"), "{next}: {}", page.text);
            }
            let staff = [("email", "root@sunrise.example"), ("password", PASSWORD), ("next", next)];
            let entered = form(&app, "/console/sign-in", &staff).await.expect(303);
            assert_eq!(text(&entered, "location"), if next == console { console } else { "/console" }, "{next}");
            // What a browser was to keep until the letter is opened, and what somebody put there.
            let asked = form(&app, "/o/sunrise/sign-in", &[("email", &ben.email), ("next", next)]).await.expect(303);
            let keeps = text(&asked, "set-cookie");
            assert_eq!(keeps.starts_with(&format!("__Secure-onward={};", escaped(ours))), next == ours, "{next}: {keeps}");
            assert!(next == ours || keeps.is_empty(), "{next}: {keeps}");
            let link = format!("/sign-in/{}", app.outbox().await[0].token("aj_"));
            let kept = format!("__Secure-onward={}", escaped(next));
            let opened = app.post(&link).header("cookie", &kept).send().await.expect(303);
            assert_eq!(text(&opened, "location"), if next == ours { ours } else { "/o/sunrise/me" }, "{next}");
            app.clock.advance(Duration::hours(2));
        }
    });
}

/// Every body says what it is, with its letters' encoding where it is text.
#[test]
fn v4_1_1_bodies_say_what_they_are() {
    each(|_, answer| {
        let kind = text(answer, "content-type");
        let encoded = !kind.starts_with("text/") || kind.contains("charset=utf-8");
        let json = !kind.contains("json") || serde_json::from_str::<serde_json::Value>(&answer.text).is_ok();
        (answer.text.is_empty() || !kind.is_empty()) && encoded && json
    });
}

/// Nobody chooses by a header where they come from or under which name we are reached.
#[test]
fn v4_1_3_headers_of_proxies_are_believed_from_proxies_alone() {
    everywhere(|app| async move {
        let limited = app.with(|config| config.sign_in_limit = 3);
        let wrong = json!({"email": "nobody@staff.example", "password": "wrong wrong wrong wrong"});
        let mut last = 0;
        for n in 0..4 {
            let call = limited.post("/api/sign-in").json(&wrong).header("x-forwarded-for", &format!("203.0.113.{n}"));
            last = call.header("x-real-ip", &format!("198.51.100.{n}")).send().await.status.as_u16();
        }
        assert_eq!(last, 429, "a header makes nobody somebody else");
        let world = world(&app).await;
        let call = app.get("/o/sunrise").header("host", "evil.example").header("x-forwarded-host", "evil.example");
        let page = call.header("x-forwarded-proto", "http").send().await.expect(200);
        assert!(!page.text.contains("evil.example"));
        assert!(text(&page, "strict-transport-security").contains("max-age"), "nor is TLS talked away");
        let email = json!({"email": world.ben.email});
        app.post("/api/public/sunrise/sign-in").header("host", "evil.example").json(&email).send().await.expect(202);
        let letter = app.outbox().await.remove(0);
        assert!(letter.text().contains(HERE) && !letter.text().contains("evil.example"));
    });
}

/// Methods that an address does not know are refused there.
#[test]
fn v4_1_4_other_methods_are_refused() {
    on(Backend::Sqlite, |app| async move {
        let document = served(&app).await;
        let all = operations(&document);
        for operation in &all {
            let known: Vec<_> = all.iter().filter(|other| other.path == operation.path).map(|other| &other.method).collect();
            let address = operation.address(&std::collections::BTreeMap::new());
            for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE, Method::CONNECT] {
                if !known.contains(&&method) {
                    let answer = app.call(method.clone(), &address).send().await;
                    assert_eq!(answer.status.as_u16(), 405, "{method} {address}");
                }
            }
        }
        for page in ["/o/sunrise", "/i/ai_x", "/u/au_x", "/healthz", "/docs", "/assets/x"] {
            for method in [Method::PUT, Method::TRACE, Method::DELETE] {
                assert_eq!(app.call(method.clone(), page).send().await.status.as_u16(), 405, "{method} {page}");
            }
        }
    });
}

/// A value that is sent twice is not taken for two things: the first one of a form counts, an object may not repeat a name.
#[test]
fn v2_2_1_what_is_sent_twice_counts_once() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        app.participant(&ada, "ben").await;
        let form = b"email=ben%40people.example&email=eve%40people.example".to_vec();
        app.post("/o/sunrise/sign-in").bytes(form, "application/x-www-form-urlencoded").send().await.expect(303);
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@people.example"]);
        let twice = br#"{"email": "ben@people.example", "email": "eve@people.example"}"#.to_vec();
        app.post("/api/public/sunrise/sign-in").bytes(twice, "application/json").send().await.expect(400);
        let some = ada.get(&app, "/people?limit=1&limit=100").send().await;
        assert!(some.status.as_u16() == 400 || some.json["items"].as_array().unwrap().len() <= 1, "{}", some.text);
    });
}

/// Tokens travel in headers, cookies and bodies. A link of a letter holds one that opens a page with a button and no more,
/// and the address behind that button holds none.
#[test]
fn v14_2_1_addresses_hold_no_token() {
    on(Backend::Sqlite, |app| async move {
        let world = world(&app).await;
        let tokens = world.tokens();
        let starts: Vec<_> =
            world.starts(&app).await.into_iter().filter(|at| !tokens.iter().any(|one| at.contains(one))).collect();
        for page in pages(&app, &starts, &world.cookies()).await {
            assert!(!tokens.iter().any(|token| page.address.contains(token)), "{}", page.address);
        }
        for name in ["token", "access_token", "authorization"] {
            app.get(format!("/api/me?{name}={}", world.ben.token)).send().await.expect(401);
        }
    });
}

/// Whoever signs out leaves nothing behind in the browser.
#[test]
fn v14_3_1_signing_out_clears_the_browser() {
    everywhere(|app| async move {
        let world = world(&app).await;
        let [staff, person, _] = world.cookies();
        for (out, own, cookie, names) in [
            ("/o/sunrise/me/sign-out", "/o/sunrise/me", person, vec!["__Secure-person="]),
            ("/console/sign-out", "/console/sunrise", staff, vec!["__Secure-staff="]),
        ] {
            app.get(own).header("cookie", &cookie).send().await.expect(200);
            let answer = app.post(out).header("cookie", &cookie).send().await.expect(303);
            assert_eq!(text(&answer, "clear-site-data"), "\"cache\", \"storage\"", "{out}");
            let set: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
            for name in names {
                assert!(set.iter().any(|one| one.starts_with(name) && one.contains("Max-Age=0")), "{name}: {set:?}");
            }
            // What the browser held opens nothing any more, wherever a copy may be.
            app.get(own).header("cookie", &cookie).send().await.expect(303);
        }
    });
}

/// Nothing about anybody is kept by browsers or by what stands between; what looks alike for all may be.
#[test]
fn v14_3_2_nothing_about_anybody_is_kept() {
    each(|path, answer| {
        let kept = text(answer, "cache-control") != "no-store";
        !kept || path.starts_with("/assets/") && text(answer, "set-cookie").is_empty()
    });
}

/// Pages keep nothing in a browser's storage.
#[test]
fn v14_3_3_nothing_is_kept_in_storage() {
    let script = include_str!("../../../templates/kit/script.js");
    for store in ["localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches", "serviceWorker"] {
        assert!(!script.contains(store), "{store}");
    }
}
