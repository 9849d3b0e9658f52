//! A walk over every page: at each width, enlarged, by keyboard alone, with chosen colours, without styles, and without
//! scripts and pictures. axe-core looks at each of them.

use super::{
    driver::{self, Browser, Ways},
    listed::{self, Listed, Step},
    prepared::prepare,
    served,
};
use crate::{
    harness::{Backend, on},
    walk::{fits, patterns},
};
use alongside::accounts::organisations::first_start;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const TAB: char = '\u{E004}';
/// What axe-core looks for.
const RULES: [&str; 7] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

#[test]
fn every_page_is_listed() {
    on(Backend::Sqlite, |app| async move {
        let mut found = patterns();
        // Files, and an address that leads on to a notice.
        found.retain(|route| !route.starts_with("/assets/") && !route.ends_with(".ics") && !route.ends_with("/look/html"));
        found.retain(|route| route != "/console/:slug/opportunities/:opportunity/notice");
        assert!(found.len() > 80, "{found:?}");
        let all = listed::all(&prepare(&app.under("http://alongside.test")).await).await;
        let missing: Vec<_> = found.iter().filter(|route| !all.iter().any(|page| fits(&page.route, route))).collect();
        assert!(missing.is_empty(), "no browser looks at these; list them in tests/it/browser/listed.rs: {missing:#?}");
        let names: BTreeSet<_> = all.iter().map(|page| &page.name).collect();
        assert_eq!(names.len(), all.len(), "each has a name of its own");
    });
}

/// What axe-core finds.
pub async fn violations(browser: &Browser, axe: &str) -> Vec<String> {
    browser.run(axe, json!([])).await;
    let script = r#"
        const [rules, done] = arguments;
        const options = { runOnly: { type: "tag", values: rules }, rules: { "target-size": { enabled: true } } };
        axe.run(document, options).then(
            (found) => done(found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html + " " + node.failureSummary).join("; ")}`)),
            (error) => done([`axe-core broke off: ${error}`]),
        );"#;
    let found = browser.run_later(script, json!([RULES])).await;
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Goes through the page with the tabulator. A busy computer draws the ring late: what is found is looked at once more.
async fn by_keyboard(browser: &Browser) -> Vec<String> {
    let mut found = through(browser).await;
    if !found.is_empty() {
        let again = through(browser).await;
        found.retain(|one| again.contains(one));
    }
    found
}

async fn through(browser: &Browser) -> Vec<String> {
    let times = browser.look("note", json!([])).await.as_u64().unwrap();
    browser.keys(TAB, usize::try_from(times).unwrap()).await;
    browser.complaints("noted", json!([])).await
}

/// Everything about one page that is open; its words.
async fn inspect(browser: &Browser, page: &Listed, axe: Option<&str>, wrong: &mut Vec<String>) -> String {
    let mut note =
        |where_: &str, found: Vec<String>| wrong.extend(found.into_iter().map(|one| format!("{}: {where_}{one}", page.name)));
    if page.status == 422 {
        note("", browser.complaints("mistakes", json!([])).await);
    }
    note("", browser.complaints("bones", json!([])).await);
    let words = browser.words().await;
    for (width, height) in [(1280, 900), (390, 844)] {
        browser.resize(width, height).await;
        browser.picture(&format!("{}-{width}", page.name)).await;
    }
    browser.look("open", json!([])).await;
    for (width, height) in [(390, 844), (1280, 900)] {
        let at = format!("at {width} px: ");
        browser.resize(width, height).await;
        note(&at, browser.complaints("width", json!([])).await);
        note(&at, browser.complaints("targets", json!([])).await);
        if let Some(axe) = axe {
            note(&at, violations(browser, axe).await);
        }
    }
    note("", by_keyboard(browser).await);
    // A window of 1280 by 1024 at 400 %, in the colours that somebody has chosen.
    browser.resize(320, 256).await;
    let forced = |active: &str| json!({"features": [{"name": "forced-colors", "value": active}]});
    browser.tools("Emulation.setEmulatedMedia", forced("active")).await;
    note("with chosen colours: ", browser.complaints("forced", json!([])).await);
    note("at 400 %: ", by_keyboard(browser).await);
    browser.tools("Emulation.setEmulatedMedia", forced("none")).await;
    for what in ["width", "targets", "spread"] {
        note(&format!("at 400 %, {what}: "), browser.complaints(what, json!([])).await);
    }
    let (styled, bare) = (browser.words().await, browser.look("bare", json!([])).await);
    if bare != Value::String(styled.clone()) {
        note("", vec![format!("without styles it says {bare} and not {styled}")]);
    }
    browser.resize(browser.ways.width, 900).await;
    words
}

/// What a page said where scripts and pictures are on.
struct Said {
    title: String,
    words: String,
}

async fn with_everything(origin: &str, all: &[Listed]) -> (BTreeMap<String, Said>, Vec<String>) {
    let axe = driver::axe();
    let (mut said, mut wrong) = (BTreeMap::new(), Vec::new());
    let mut titles: BTreeMap<String, &Listed> = BTreeMap::new();
    driver::with(origin, Ways { script: true, images: true, width: 1280 }, async |browser| {
        for page in all {
            page.open(browser).await;
            let title = browser.title().await;
            let words = inspect(browser, page, axe.as_deref(), &mut wrong).await;
            let trouble = browser.trouble(page.status).await;
            wrong.extend(trouble.into_iter().map(|one| format!("{}: {one}", page.name)));
            if page.status == 422 && page.tells() && !title.starts_with("Mistake: ") {
                wrong.push(format!("{}: its title does not say that something is wrong: {title}", page.name));
            }
            match titles.get(&title) {
                Some(other) if other.route != page.route && page.tells() => {
                    wrong.push(format!("{}: called “{title}”, as {} is", page.name, other.name));
                }
                _ => {
                    titles.insert(title.clone(), page);
                }
            }
            said.insert(page.name.clone(), Said { title, words });
        }
    })
    .await;
    (said, wrong)
}

/// Without scripts and pictures each page says the same.
async fn with_less(origin: &str, all: &[Listed], said: &BTreeMap<String, Said>, wrong: &mut Vec<String>) {
    driver::with(origin, Ways { script: false, images: false, width: 390 }, async |browser| {
        for page in all {
            page.open(browser).await;
            let (title, words) = (browser.title().await, browser.words().await);
            let Said { title: other, words: more } = &said[&page.name];
            if (&title, &words) != (other, more) {
                wrong.push(format!("{}: without scripts it says “{title}” {words} and not “{other}” {more}", page.name));
            }
            if page.status == 422 {
                let found = browser.complaints("mistakes", json!([])).await;
                wrong.extend(found.into_iter().map(|one| format!("{}: without scripts {one}", page.name)));
            }
            let trouble = browser.trouble(page.status).await;
            wrong.extend(trouble.into_iter().map(|one| format!("{}: without scripts it {one}", page.name)));
        }
    })
    .await;
}

#[test]
fn every_page_works_for_everybody() {
    on(Backend::Sqlite, |app| async move {
        let (app, origin) = served(&app).await;
        let all = listed::all(&prepare(&app).await).await;
        let (said, mut wrong) = with_everything(&origin, &all).await;
        if !said.is_empty() {
            with_less(&origin, &all, &said, &mut wrong).await;
        }
        assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// Before there is any organisation there is one page: the one that makes the first.
#[test]
fn the_first_page_works_for_everybody() {
    on(Backend::Sqlite, |app| async move {
        let (app, origin) = served(&app).await;
        let token = first_start(&app.app.platform).await.unwrap().expect("a new installation");
        let (route, address) = ("/set-up/:token", format!("/set-up/{}", token.reveal()));
        let wrong = [
            Step::Fill("Your e-mail address", "nobody"),
            Step::Fill("A password", "short"),
            Step::Fill("Its name in addresses", "NOT A NAME"),
            Step::Press("Set up"),
        ];
        let all = [Listed::new("set-up-first", route, &address), Listed::new("set-up-first-wrong", route, &address).wrong(wrong)];
        let (said, mut wrong) = with_everything(&origin, &all).await;
        if !said.is_empty() {
            with_less(&origin, &all, &said, &mut wrong).await;
        }
        assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// What axe-core finds in the API browser, which is a page of the framework's: src/decisions.rs says why it stays.
const OF_THE_FRAMEWORK: [&str; 7] =
    ["color-contrast", "landmark-one-main", "nested-interactive", "page-has-heading-one", "region", "select-name", "target-size"];

#[test]
fn the_api_browser_shows_the_api() {
    on(Backend::Sqlite, |app| async move {
        let (app, origin) = served(&app).await;
        app.administrator().await;
        let axe = driver::axe();
        driver::with(&origin, Ways { script: true, images: true, width: 1280 }, async |browser| {
            browser.go("/docs").await;
            browser.press("Browse the API").await;
            let there = async {
                while !browser.words().await.contains("/invitation/response") {
                    tokio::task::yield_now().await;
                }
            };
            let waited = tokio::time::timeout(Duration::from_secs(60), there).await;
            assert!(waited.is_ok(), "{}", browser.words().await);
            browser.picture("docs-api").await;
            let mut wrong = browser.trouble(200).await;
            if let Some(axe) = &axe {
                wrong.extend(violations(browser, axe).await);
            }
            wrong.retain(|one| !OF_THE_FRAMEWORK.iter().any(|known| one.starts_with(&format!("{known}: "))));
            assert!(wrong.is_empty(), "{wrong:#?}");
        })
        .await;
    });
}
