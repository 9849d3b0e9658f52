//! Chromium, driven over WebDriver (W3C) and what its driver adds to that: the developer tools' commands and its logs.

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::FutureExt;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    panic::{AssertUnwindSafe, resume_unwind},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The name under which WebDriver hands elements over.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// What runs inside pages: finds things as a person does, and looks at what a person may stumble over.
const LOOK: &str = include_str!("look.js");

/// How the browser is set.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// Whether pages may run scripts.
    pub script: bool,
    /// Whether pictures are loaded.
    pub images: bool,
    /// How wide it is, in CSS pixels.
    pub width: u32,
}

/// A browser of this test's own.
pub struct Browser {
    client: Client<HttpConnector, Full<Bytes>>,
    session: String,
    /// The pages' own server; nothing else may be asked for anything.
    pub origin: String,
    /// How it is set.
    pub ways: Ways,
}

/// A setting of the test run.
#[allow(clippy::disallowed_methods)]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the browser half of the suite must run.
pub fn is_required() -> bool {
    setting("ALONGSIDE_TEST_BROWSER").as_deref() == Some("required")
}

/// The source of axe-core, where it is given.
pub fn axe() -> Option<String> {
    let path = setting("ALONGSIDE_TEST_AXE").or_else(|| {
        assert!(!is_required(), "ALONGSIDE_TEST_AXE must be the path of axe.min.js");
        eprintln!("axe-core did not look at the pages: ALONGSIDE_TEST_AXE is not set.");
        None
    })?;
    Some(std::fs::read_to_string(path).expect("axe-core"))
}

/// Runs a test with a browser, and ends the browser however the test ends. Without Chromium it says so.
pub async fn with(origin: &str, ways: Ways, test: impl AsyncFnOnce(&Browser)) {
    let Some((_driver, address)) = driver() else { return };
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut browser = Browser { client, session: address.clone(), origin: origin.to_owned(), ways };
    let made = browser.command(Method::POST, "/session", &wishes(ways)).await;
    browser.session = format!("{address}/session/{}", made["sessionId"].as_str().expect("a session"));
    browser.resize(ways.width, 900).await;
    let done = AssertUnwindSafe(test(&browser)).catch_unwind().await;
    browser.command(Method::DELETE, "", &Value::Null).await;
    done.unwrap_or_else(|panic| resume_unwind(panic));
}

/// A driver, which ends with its test.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The driver on a free port, and its address.
fn driver() -> Option<(Driver, String)> {
    let mut command = Command::new(setting("ALONGSIDE_TEST_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into()));
    let started = command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(why) => {
            assert!(!is_required(), "ALONGSIDE_TEST_BROWSER is `required`, but chromedriver does not start: {why}");
            eprintln!("Browser tests did not run: chromedriver does not start ({why}).");
            return None;
        }
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let driver = Driver(child);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let port = lines.find_map(|line| line.split_once("successfully on port ").map(|(_, port)| port.to_owned()));
        let _ = tell.send(port);
    });
    let port = told.recv_timeout(Duration::from_secs(60)).ok().flatten();
    let port = port.expect("the port of chromedriver").trim_end_matches('.').to_owned();
    Some((driver, format!("http://127.0.0.1:{port}")))
}

fn wishes(ways: Ways) -> Value {
    let allowed = |yes: bool| if yes { 1 } else { 2 };
    json!({"capabilities": {"alwaysMatch": {
        "goog:chromeOptions": {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--disable-background-networking", "--no-first-run",
            ],
            "prefs": {
                "profile.managed_default_content_settings.javascript": allowed(ways.script),
                "profile.managed_default_content_settings.images": allowed(ways.images),
            },
        },
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }}})
}

impl Browser {
    async fn command(&self, method: Method, path: &str, body: &Value) -> Value {
        self.tried(method, path, body).await.unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    async fn tried(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == Method::POST { body.to_string() } else { String::new() };
        let request = Request::builder().method(method).uri(format!("{}{path}", self.session));
        let request = request.header("content-type", "application/json").body(Full::new(Bytes::from(body))).unwrap();
        let answered = async {
            let answer = self.client.request(request).await.map_err(|why| format!("{why:?}"))?;
            let fine = answer.status().is_success();
            let bytes = answer.into_body().collect().await.map_err(|why| why.to_string())?.to_bytes();
            Ok::<_, String>((fine, bytes))
        };
        let answered = tokio::time::timeout(Duration::from_secs(120), answered).await;
        let (fine, bytes) = answered.map_err(|_| "chromedriver does not answer".to_owned())??;
        let value: Value = serde_json::from_slice(&bytes).map_err(|why| why.to_string())?;
        if fine { Ok(value["value"].clone()) } else { Err(value["value"]["message"].to_string()) }
    }

    /// A command of the developer tools.
    pub async fn tools(&self, name: &str, parameters: Value) -> Value {
        self.command(Method::POST, "/goog/cdp/execute", &json!({"cmd": name, "params": parameters})).await
    }

    /// Runs a script in the page; what it returns.
    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        self.command(Method::POST, "/execute/sync", &json!({"script": script, "args": arguments})).await
    }

    /// Runs a script in the page that answers later, by calling its last argument.
    pub async fn run_later(&self, script: &str, arguments: Value) -> Value {
        self.command(Method::POST, "/execute/async", &json!({"script": script, "args": arguments})).await
    }

    /// Asks one of the functions of `look.js`.
    pub async fn look(&self, function: &str, arguments: Value) -> Value {
        self.run(&format!("{LOOK}\nreturn look.{function}(...arguments);"), arguments).await
    }

    /// What one of those functions complains of.
    pub async fn complaints(&self, function: &str, arguments: Value) -> Vec<String> {
        let found = self.look(function, arguments).await;
        found.as_array().expect("complaints").iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }

    /// Opens an address of our own, or a whole one.
    pub async fn go(&self, address: &str) {
        let url = if address.starts_with('/') { format!("{}{address}", self.origin) } else { address.to_owned() };
        self.command(Method::POST, "/url", &json!({"url": url})).await;
    }

    /// Goes back, as the button beside the address does.
    pub async fn back(&self) {
        self.command(Method::POST, "/back", &json!({})).await;
    }

    /// Where it is.
    pub async fn address(&self) -> String {
        let url = self.command(Method::GET, "/url", &Value::Null).await.as_str().unwrap().to_owned();
        url.strip_prefix(&self.origin).unwrap_or(&url).to_owned()
    }

    /// What the window says.
    pub async fn title(&self) -> String {
        self.command(Method::GET, "/title", &Value::Null).await.as_str().unwrap().to_owned()
    }

    /// The words on the page, in the order in which they are read.
    pub async fn words(&self) -> String {
        self.look("words", json!([])).await.as_str().unwrap().to_owned()
    }

    /// Sets the size of what is seen, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Forgets all cookies and keeps these: name, value, path.
    pub async fn keep(&self, cookies: &[(&str, String, String)]) {
        self.tools("Network.clearBrowserCookies", json!({})).await;
        for (name, value, path) in cookies {
            let cookie = json!({"name": name, "value": value, "path": path, "url": self.origin, "httpOnly": true});
            self.tools("Network.setCookie", cookie).await;
        }
    }

    async fn found(&self, what: &str, words: &str) -> String {
        let found = self.look(what, json!([words])).await;
        let id = found[ELEMENT].as_str().map(ToOwned::to_owned);
        match id {
            Some(id) => id,
            None => panic!("no {what} “{words}” on {}: {}", self.address().await, self.words().await),
        }
    }

    /// Presses the link or the button with these words, and waits for the page to which it leads.
    pub async fn press(&self, words: &str) {
        let id = self.found("press", words).await;
        self.run("window.before = true;", json!([])).await;
        self.command(Method::POST, &format!("/element/{id}/click"), &json!({})).await;
        let there = async {
            // While one page gives way to the next there may be none to ask.
            let script = json!({"script": "return !window.before && document.readyState === 'complete';", "args": []});
            while self.tried(Method::POST, "/execute/sync", &script).await != Ok(json!(true)) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), there).await;
        assert!(waited.is_ok(), "“{words}” leads nowhere from {}", self.address().await);
    }

    /// Opens what is folded up under these words.
    pub async fn unfold(&self, words: &str) {
        let id = self.found("folded", words).await;
        self.command(Method::POST, &format!("/element/{id}/click"), &json!({})).await;
    }

    /// Chooses the answer with this label.
    pub async fn choose(&self, label: &str) {
        let id = self.found("choice", label).await;
        self.command(Method::POST, &format!("/element/{id}/click"), &json!({})).await;
    }

    /// Chooses the one of several answers with the same label.
    pub async fn choose_nth(&self, label: &str, n: usize) {
        let id = self.look("nth", json!([label, n])).await[ELEMENT].as_str().expect("an answer").to_owned();
        self.command(Method::POST, &format!("/element/{id}/click"), &json!({})).await;
    }

    /// Chooses every answer whose label begins like this.
    pub async fn choose_all(&self, label: &str) {
        let all = self.look("choices", json!([label])).await;
        for one in all.as_array().expect("answers") {
            let id = one[ELEMENT].as_str().expect("an answer");
            self.command(Method::POST, &format!("/element/{id}/click"), &json!({})).await;
        }
    }

    /// Picks one of the answers of a list that opens.
    pub async fn pick(&self, label: &str, answer: &str) {
        let id = self.look("option", json!([label, answer])).await[ELEMENT].as_str().expect("an answer to pick").to_owned();
        self.command(Method::POST, &format!("/element/{id}/click"), &json!({})).await;
    }

    /// Enters a day (2027-03-20), as the calendar of the field does.
    pub async fn date(&self, label: &str, day: &str) {
        assert_eq!(self.look("date", json!([label, day])).await, json!(day), "“{label}” takes no day");
    }

    /// Types into the field with this label.
    pub async fn fill(&self, label: &str, text: &str) {
        let id = self.found("field", label).await;
        self.command(Method::POST, &format!("/element/{id}/clear"), &json!({})).await;
        self.command(Method::POST, &format!("/element/{id}/value"), &json!({"text": text})).await;
    }

    /// Presses a key so many times.
    pub async fn keys(&self, key: char, times: usize) {
        let one = [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let actions: Vec<Value> = one.into_iter().cycle().take(2 * times).collect();
        self.command(Method::POST, "/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]})).await;
    }

    /// What was asked of other servers, and what the page was refused or complained of, since this was asked last.
    pub async fn trouble(&self, expected: u16) -> Vec<String> {
        let mut found = Vec::new();
        let log = async |kind: &str| self.command(Method::POST, "/se/log", &json!({"type": kind})).await;
        for entry in log("performance").await.as_array().unwrap() {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let event = &event["message"];
            let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
            let ours = url.starts_with(&format!("{}/", self.origin)) || url.starts_with("data:");
            if event["method"] == "Network.requestWillBeSent" && !ours {
                found.push(format!("asks {url} for something"));
            }
        }
        for entry in log("browser").await.as_array().unwrap() {
            let message = entry["message"].as_str().unwrap_or_default();
            // A page that tells that something is wrong has the status that says so.
            // What a browser merely suggests is no trouble.
            let matters = entry["level"] == "WARNING" || entry["level"] == "SEVERE";
            let told = entry["source"] == "network" && message.contains(&format!("status of {expected} "));
            if matters && !told {
                found.push(format!("says {message}"));
            }
        }
        found
    }

    /// A picture of the whole page.
    pub async fn picture(&self, name: &str) {
        let size = self.tools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let shot = self.tools("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip})).await;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screens");
        std::fs::create_dir_all(&folder).unwrap();
        let bytes = BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }
}
