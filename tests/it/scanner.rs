//! Programs that look at everything before people do: mail scanners that open every link of every letter again and again,
//! browsers that load ahead, preview bots. Whatever they look at, nothing changes and no letter is written.

use crate::{
    harness::{Answer, TestApp, everywhere},
    letters::letters,
    walk::{World, addresses, changed, fits, held, pages, patterns, reads},
};
use chrono::Duration;
use poem::http::Method;
use std::collections::{BTreeMap, BTreeSet};

/// How often each link is opened by each kind of program.
const TIMES: usize = 20;

/// What scanners and previews send along: Safe Links, a preview bot, a browser that loads ahead, an archive.
const PROGRAMS: [&[(&str, &str)]; 4] = [
    &[("user-agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"), ("accept", "*/*")],
    &[("user-agent", "Slackbot-LinkExpanding 1.0"), ("range", "bytes=0-32768"), ("x-forwarded-for", "203.0.113.9")],
    &[("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none")],
    &[
        ("user-agent", "BarracudaCentral"),
        ("if-modified-since", "Mon, 01 Mar 2027 09:00:00 GMT"),
        ("origin", "https://scan.example"),
    ],
];

/// Sessions note when they were used last; that is the one thing a look leaves behind, and only of whoever is signed in.
const LAST_USED: [&str; 2] = ["last_used_at", "idle_until"];

/// People see who of the staff looked at what is kept about them, so that is written down.
fn but_who_looked(mut changed: Vec<String>) -> Vec<String> {
    changed.retain(|line| !line.starts_with("reading: "));
    changed
}

async fn look(app: &TestApp, method: Method, address: &str, headers: &[(&str, &str)]) -> Answer {
    headers.iter().fold(app.call(method, address), |call, (name, value)| call.header(name, value)).send().await
}

/// HEAD says what GET says, without the body.
#[track_caller]
fn alike(address: &str, get: &Answer, head: &Answer) {
    assert_eq!(get.status, head.status, "HEAD {address}");
    assert!(head.text.is_empty(), "HEAD {address} has a body");
    for name in ["content-type", "location", "content-security-policy", "cache-control", "referrer-policy"] {
        assert_eq!(get.headers.get(name), head.headers.get(name), "{name} of HEAD {address}");
    }
    assert!(get.headers.get("set-cookie").is_none() && head.headers.get("set-cookie").is_none(), "{address} sets a cookie");
}

#[test]
fn fault_21_every_link_of_every_letter_can_be_opened_again_and_again() {
    everywhere(|app| async move {
        let all = letters(&app).await;
        app.run_jobs().await;
        app.clock.advance(Duration::minutes(10));
        let links: BTreeSet<(&str, String)> =
            all.iter().flat_map(|(kind, letter)| addresses(letter).into_iter().map(move |address| (*kind, address))).collect();
        assert!(links.len() > 20, "{links:?}");
        let before = held(&app, &[]).await;
        for (kind, link) in &links {
            // Somebody's own pages ask first who it is.
            let expected = if link.starts_with("/o/sunrise/me/") { 303 } else { 200 };
            let mut first: Option<Answer> = None;
            for headers in PROGRAMS {
                for _ in 0..TIMES {
                    let get = look(&app, Method::GET, link, headers).await;
                    assert_eq!(get.status.as_u16(), expected, "{kind}: {link}: {}", get.text);
                    alike(link, &get, &look(&app, Method::HEAD, link, headers).await);
                    let first = first.get_or_insert_with(|| get.clone());
                    assert_eq!(first.text, get.text, "{kind}: {link} says something else later");
                }
            }
        }
        assert_eq!(changed(&before, &held(&app, &[]).await), [""; 0]);
        assert_eq!(app.run_jobs().await, 0, "nothing was put in the queue");
    });
}

/// A first visit to a page transfers no more than this without its pictures; and what its headers take of that.
const MOST: usize = 30 * 1024;
const HEADERS: usize = 1024;

#[test]
fn a_look_at_any_page_changes_nothing() {
    everywhere(|app| async move {
        let world = World::make(&app, "zq7").await;
        app.run_jobs().await;
        app.clock.advance(Duration::minutes(10));
        let (starts, before) = (world.starts(&app).await, held(&app, &LAST_USED).await);
        let seen = pages(&app, &starts, &world.cookies()).await;
        let (mut hidden, mut watched) = (BTreeSet::new(), BTreeSet::new());
        for page in &seen {
            let status = page.answer.status.as_u16();
            let linked = !starts.contains(&page.address);
            let from = || seen.iter().filter(|other| other.links().contains(&page.address)).map(|other| &other.address);
            let broken = status >= 500 || linked && status == 404;
            assert!(!broken, "{status} {} from {:?}: {}", page.address, from().collect::<Vec<_>>(), page.answer.text);
            if page.is_page() && !page.address.starts_with("/docs") {
                let files: Vec<_> = page.answer.text.split('"').filter(|part| part.contains("/assets/")).collect();
                let mut bytes = page.answer.text.len() + HEADERS;
                for file in
                    files.iter().filter(|file| file.ends_with(".css") || file.ends_with(".js") || file.contains("/colour/"))
                {
                    bytes += app.get(*file).send().await.expect(200).text.len();
                }
                assert!(bytes <= MOST, "{} takes {bytes} bytes without pictures", page.address);
            }
            if page.is_of_people() {
                let text = &page.answer.text;
                let out = text.contains("<title>Weather</title>") && text.contains("data-exit>Leave this page quickly</a>");
                hidden.insert(status);
                watched.extend((!out).then(|| format!("{status} {}", page.address)));
            }
            let head = app.call(Method::HEAD, &page.address).header("cookie", &page.cookie).send().await;
            alike(&page.address, &page.answer, &head);
        }
        assert!(hidden.contains(&200) && hidden.contains(&404), "{hidden:?}");
        assert!(watched.is_empty(), "no quick way out, or a title that tells: {watched:#?}");
        assert_eq!(but_who_looked(changed(&before, &held(&app, &LAST_USED).await)), [""; 0]);
        assert_eq!(app.run_jobs().await, 0, "nothing was put in the queue");
        let shown = |pattern: &&String| {
            !seen.iter().any(|page| fits(&page.address, pattern) && matches!(page.answer.status.as_u16(), 200 | 303 | 410))
        };
        let patterns = patterns();
        assert!(patterns.len() > 80, "{patterns:?}");
        let missed: Vec<_> = patterns.iter().filter(shown).collect();
        assert!(missed.is_empty(), "the walk did not come to {missed:?}");
    });
}

/// Operations of which there is nothing to see in the world that is walked over.
const NOTHING_THERE: [&str; 0] = [];

/// Who took a copy of people's data is written down: that is what the audit log is for.
fn is_copy(address: &str) -> bool {
    address.split('?').next().unwrap().ends_with("/export")
}

#[test]
fn a_look_at_anything_in_the_api_changes_nothing() {
    everywhere(|app| async move {
        let world = World::make(&app, "zq7").await;
        app.run_jobs().await;
        app.clock.advance(Duration::minutes(10));
        let mut all = reads(&app, &world).await;
        all.retain(|(_, address, _)| !is_copy(address));
        let before = held(&app, &LAST_USED).await;
        let mut best: BTreeMap<&str, u16> = BTreeMap::new();
        for (name, address, token) in &all {
            let call = |method: Method| match token {
                Some(token) => app.call(method, address).token(token),
                None => app.call(method, address),
            };
            let get = call(Method::GET).send().await;
            let status = get.status.as_u16();
            assert!(status < 500, "{address}: {}", get.text);
            if status == 200 || !best.contains_key(name.as_str()) {
                alike(address, &get, &call(Method::HEAD).send().await);
            }
            let best = best.entry(name).or_insert(status);
            *best = status.min(*best);
        }
        let poor: Vec<_> = best.iter().filter(|(name, status)| **status != 200 && !NOTHING_THERE.contains(name)).collect();
        assert!(poor.is_empty(), "never answered with 200: {poor:?}");
        assert_eq!(but_who_looked(changed(&before, &held(&app, &LAST_USED).await)), [""; 0]);
        assert_eq!(app.run_jobs().await, 0, "nothing was put in the queue");
    });
}
