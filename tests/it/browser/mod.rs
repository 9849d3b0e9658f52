//! The pages in a real browser: every page that anybody can reach, as people meet it, and what they do there from the first
//! letter to the last.
//!
//! Chromium is driven by its own driver (`chromedriver`). Where there is none, these tests say so and do nothing; with
//! `ALONGSIDE_TEST_BROWSER=required` that is a failure. `ALONGSIDE_TEST_AXE` is the path of axe-core's `axe.min.js`.

mod coordinator;
pub mod driver;
mod leaving;
mod letters;
mod listed;
mod prepared;
mod tales;
mod walk;

use crate::harness::TestApp;
use alongside::commands::serve;
use tokio::net::TcpListener;

/// The application on a port of its own, reached under the address that its letters name.
async fn served(app: &TestApp) -> (TestApp, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let app = app.under(&origin);
    let app = app.with(|config| config.worker = false);
    // As it is served to everybody, until the test ends.
    serve::start(app.app.clone(), listener).unwrap();
    (app, origin)
}
