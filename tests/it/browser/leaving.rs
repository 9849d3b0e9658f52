//! The quick way out: a press or three times Escape, and nothing behind it leads back to what was looked at.

use super::{
    driver::{self, Browser},
    served,
    tales::{PHONE, WIDE},
};
use crate::harness::{Backend, TestApp, on};
use entity::look;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use std::time::Duration;

const ESCAPE: char = '\u{E00C}';
/// What is looked at, and what was open before.
const SECRET: &str = "/o/sunrise/overdue";
const BEFORE: &str = "/o/sunrise";
/// Where the way out leads here: nothing is asked of other servers.
const OUT: &str = "/accessibility";

/// An organisation with a quick way out.
async fn prepared(app: TestApp) -> String {
    let (app, origin) = served(&app).await;
    let root = app.administrator().await;
    let chosen = app.put(format!("/api/organisations/{}/look", root.organisation)).token(&root.token);
    let choice = json!({"exit_url": "https://weather.example/", "exit_title": "Weather"});
    chosen.header("if-match", "*").json(&choice).send().await.expect(200);
    let row = look::ActiveModel { exit_url: Set(Some(format!("{origin}{OUT}"))), ..Default::default() };
    look::Entity::update_many().set(row).exec(app.app.platform.db.write()).await.unwrap();
    origin
}

/// Looks at something, coming from somewhere.
async fn look_at_it(browser: &Browser) {
    browser.go(BEFORE).await;
    browser.go(SECRET).await;
    assert_eq!((browser.address().await.as_str(), browser.title().await.as_str()), (SECRET, "Weather"));
}

/// It has left, and going back does not lead to what was looked at.
async fn left(browser: &Browser) {
    let there = async {
        while browser.address().await != OUT {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), there).await.is_ok(), "still at {}", browser.address().await);
    browser.back().await;
    assert_eq!(browser.address().await, BEFORE);
}

#[test]
fn one_press_leaves_and_nothing_leads_back() {
    on(Backend::Sqlite, |app| async move {
        let origin = prepared(app).await;
        driver::with(&origin, WIDE, async |browser| {
            look_at_it(browser).await;
            browser.press("Leave this page quickly").await;
            left(browser).await;
            // So does a page that tells that something went wrong.
            browser.go(&format!("{SECRET}/nothing")).await;
            assert_eq!(browser.title().await, "Weather");
            browser.press("Leave this page quickly").await;
            left(browser).await;
        })
        .await;
        // Without scripts it is a link.
        driver::with(&origin, PHONE, async |browser| {
            look_at_it(browser).await;
            browser.press("Leave this page quickly").await;
            assert_eq!(browser.address().await, OUT);
        })
        .await;
    });
}

#[test]
fn three_times_escape_leaves_and_nothing_less_does() {
    on(Backend::Sqlite, |app| async move {
        let origin = prepared(app).await;
        driver::with(&origin, WIDE, async |browser| {
            look_at_it(browser).await;
            browser.keys(ESCAPE, 2).await;
            browser.keys('a', 1).await;
            browser.keys(ESCAPE, 2).await;
            // Whoever waits begins anew.
            browser.run("const now = Date.now; Date.now = () => now() + 2500;", json!([])).await;
            browser.keys(ESCAPE, 2).await;
            assert_eq!(browser.address().await, SECRET);
            browser.keys(ESCAPE, 1).await;
            left(browser).await;
        })
        .await;
    });
}
