//! Every letter in every form as a mail program may show it: narrow, by day and by night, from left to right and from right to
//! left. axe-core looks at each.

use super::{
    driver::{self, Browser, Ways},
    walk::violations,
};
use crate::{
    harness::{Backend, Watched, on},
    letters::{Form, every_form},
    story::Story,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

/// A telephone that reads letters.
const READER: Ways = Ways { script: true, images: true, width: 390 };
/// Nothing is there: a letter asks nobody for anything.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The document in an HTML part.
fn document(html: &str) -> &str {
    let html = &html[html.find("<!").or(html.find("<html")).expect("a document")..];
    &html[..html.rfind("</html>").expect("its end") + "</html>".len()]
}

/// The same letter, as if its words were written from right to left.
fn turned(html: &str) -> String {
    html.replacen(" lang=\"en\" dir=\"ltr\"", " lang=\"ar\" dir=\"rtl\"", 2)
}

async fn show(browser: &Browser, html: &str, dark: bool) {
    let scheme = if dark { "dark" } else { "light" };
    let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
    browser.tools("Emulation.setEmulatedMedia", features).await;
    browser.go(&format!("data:text/html;charset=utf-8;base64,{}", BASE64_STANDARD.encode(html))).await;
}

/// What is wrong with a letter as it is shown.
async fn wrong(browser: &Browser, axe: Option<&str>, html: &str, dark: bool) -> Vec<String> {
    show(browser, html, dark).await;
    let mut found = match axe {
        Some(axe) => violations(browser, axe).await,
        None => Vec::new(),
    };
    browser.resize(320, 256).await;
    found.extend(browser.complaints("width", json!([])).await);
    browser.resize(READER.width, 844).await;
    found.extend(browser.trouble(200).await);
    found
}

#[test]
fn fault_34_every_letter_in_every_form_works_for_everybody() {
    let _watched = Watched::begin();
    let (runtime, axe) = (tokio::runtime::Runtime::new().unwrap(), driver::axe());
    let all = every_form();
    runtime.block_on(driver::with(NOWHERE, READER, async |browser| {
        let mut faults = Vec::new();
        for (form, letters) in all {
            for (kind, letter) in letters {
                let html = letter.html();
                let html = document(&html);
                let ways =
                    [("by day", html.to_owned(), false), ("by night", html.to_owned(), true), ("turned", turned(html), false)];
                // Another subject line changes nothing of how it looks, and staff are written to in one form.
                let same = *form == Form::Neutral || *form != Form::Plain && kind.starts_with("accounts.");
                for (way, html, dark) in ways.into_iter().take(if same { 1 } else { 3 }) {
                    let found = wrong(browser, axe.as_deref(), &html, dark).await;
                    faults.extend(found.into_iter().map(|one| format!("{kind}, {form:?}, {way}: {one}")));
                    if !same && way != "turned" {
                        browser.picture(&format!("letter-{kind}-{form:?}-{way}").to_lowercase().replace(' ', "-")).await;
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }));
}

/// A coordinator's own words, from right to left inside a letter from left to right.
#[test]
fn fault_34_own_words_in_another_language_work_for_everybody() {
    on(Backend::Sqlite, |app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let text = "مرحبا {{ name }}،\n**شكرا** لك\n\n1. *واحد*\n2. [صفحتنا عن الانتظار](https://sunrise.example/ar)";
        let word =
            |letter: &str, form: &str| json!({"letter": letter, "slot": "opening", "language": "ar", "form": form, "text": text});
        let words = json!({"words": [word("invite", "plain"), word("invite", "easy_read"), word("place", "plain")]});
        story.ada.put(&app, &format!("/opportunities/{id}/letters"), &words).await.expect(200);
        let axe = driver::axe();
        driver::with(NOWHERE, READER, async |browser| {
            for (letter, format) in [("invite", "plain"), ("invite", "easy_read"), ("place", "large_print")] {
                let path = format!("/opportunities/{id}/letters/{letter}/preview?language=ar&format={format}");
                let seen = story.ada.get(&app, &path).send().await.expect(200).json;
                for dark in [false, true] {
                    let found = wrong(browser, axe.as_deref(), seen["html"].as_str().unwrap(), dark).await;
                    assert!(found.is_empty(), "{letter}, {format}: {found:#?}");
                    browser.picture(&format!("letter-own-{letter}-{format}-{dark}")).await;
                }
            }
        })
        .await;
    });
}

#[test]
fn what_is_planted_in_a_letter_is_found_by_day_and_by_night() {
    let _watched = Watched::begin();
    let (runtime, Some(axe)) = (tokio::runtime::Runtime::new().unwrap(), driver::axe()) else { return };
    let letter = &every_form()[0].1[alongside::invitations::INVITE];
    let html = letter.html();
    let html = document(&html).to_owned();
    runtime.block_on(driver::with(NOWHERE, READER, async |browser| {
        for (from, to, dark, found) in [
            ("color:#1a1a1a", "color:#bbbbbb", false, "color-contrast"),
            ("color: #f2f2f2", "color: #444444", true, "color-contrast"),
            (" lang=\"en\" dir", " dir", false, "html-has-lang"),
            ("</h1>", "</h1><img src=\"data:,\">", false, "image-alt"),
            ("<h2", "<h4", false, "heading-order"),
        ] {
            let planted = html.replace(from, to);
            assert_ne!(planted, html, "{from}");
            let seen = wrong(browser, Some(&axe), &planted, dark).await;
            assert!(seen.iter().any(|one| one.starts_with(found)), "{found}: {seen:#?}");
            // By the other light it stays unseen, so both have to be looked at.
            if found == "color-contrast" && dark {
                assert_eq!(wrong(browser, Some(&axe), &planted, false).await, Vec::<String>::new());
            }
        }
    }));
}
