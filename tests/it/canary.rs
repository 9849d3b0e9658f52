//! Canaries: names, addresses, answers and tokens that occur nowhere else, and that must be found in no log, no counter, no
//! address that a log or another site could see.

use crate::{
    harness::{SECRET, TestApp, everywhere_on_one_thread},
    walk::{HERE, Seen, World, pages, reads},
};
use alongside::commands::filter;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem::http::Method;
use serde_json::json;
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tracing_subscriber::fmt::MakeWriter;

/// What names, addresses, answers and made-up tokens begin with.
const MARK: &str = "zq7";
/// The password that somebody tries.
const PASSWORD: &str = "zq7-a-password-that-is-long-enough";

/// A log that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// What must not be found, in the forms in which it could be written.
fn canaries(world: &World) -> Vec<String> {
    let mut all = vec![MARK.to_owned(), PASSWORD.to_owned(), world.dora.email.clone()];
    all.extend(world.tokens());
    // The part without the prefix, and the hash under which the database knows it, would do as well.
    let tokens = world.tokens();
    all.extend(tokens.iter().map(|token| token[3..].to_owned()));
    all.extend(
        tokens.iter().map(|token| alongside::platform::secret::hex(&alongside::platform::secret::sha256(token.as_bytes()))),
    );
    all
}

#[track_caller]
fn none_in(what: &str, text: &str, canaries: &[String]) {
    for line in text.lines() {
        if let Some(found) = canaries.iter().find(|canary| line.contains(canary.as_str())) {
            panic!("{what} holds {found}: {}", &line[..line.len().min(600)]);
        }
    }
}

/// Things that go wrong, each with something in it that should stay where it is.
async fn mishaps(app: &TestApp, world: &World) {
    let token = &world.invitation;
    let sign_in = json!({"email": format!("{MARK}ada@staff.example"), "password": PASSWORD});
    app.post("/api/sign-in").json(&sign_in).send().await.expect(403);
    app.get(format!("/i/{token}x")).send().await.expect(404);
    app.get(format!("/api/{MARK}/{token}")).send().await.expect(404);
    app.get(format!("/{MARK}?token={token}")).send().await.expect(404);
    app.get(format!("/api/me?{MARK}={token}")).token(&format!("{token}{MARK}")).send().await.expect(401);
    app.post("/api/public/sunrise/join").json(&json!({"email": MARK})).send().await.expect(422);
    app.post("/api/public/sunrise/join").bytes(format!("{{\"email\": \"{MARK}").into_bytes(), "application/json").send().await;
    app.post("/api/public/sunrise/confirm").json(&json!({"token": format!("aj_{MARK}")})).send().await;
    let form = format!("email={MARK}new%40people.example&name={MARK}").into_bytes();
    app.post("/o/sunrise/join").bytes(form, "application/x-www-form-urlencoded").send().await.expect(303);
    let form = format!("email={MARK}ben%40people.example").into_bytes();
    app.post("/o/sunrise/sign-in").bytes(form.clone(), "application/x-www-form-urlencoded").send().await.expect(303);
    app.post("/o/sunrise/sign-in").bytes(form, "text/plain").send().await.expect(415);
    app.post(format!("/i/{token}")).header("origin", &format!("https://{MARK}.example")).send().await.expect(403);
    app.post(format!("/i/{token}")).send().await.expect(303);
    app.post(format!("/u/{}", token.replace("ai_", "au_"))).send().await;
    let answers = json!({"answers": {"form": MARK, "why": [MARK]}});
    app.post("/api/invitation/response").token(token).json(&answers).send().await;
    let file = format!("email,name\r\n{MARK},{MARK}\r\n").into_bytes();
    let import = app.post(world.story.ada.path("/people/import")).token(&world.story.ada.token);
    import.bytes(file, "text/csv").send().await;
    app.outbox().await;
}

/// Where pages lead, and what a site would learn from being led to.
fn look_at_links(seen: &[Seen], canaries: &[String]) {
    let mut elsewhere = 0;
    for page in seen {
        let headers = &page.answer.headers;
        assert_eq!(headers["referrer-policy"], "no-referrer", "{}", page.address);
        if let Some(to) = headers.get("location").map(|to| to.to_str().unwrap()) {
            assert!(to.starts_with('/') && !to.starts_with("//"), "{} leads to {to}", page.address);
            none_in("an address that is led to", to, canaries);
        }
        if !page.is_page() || page.address.starts_with("/docs") {
            continue;
        }
        none_in("the title of a window", page.answer.text.split("</title>").next().unwrap(), &canaries[2..]);
        for link in page.links() {
            match link.split_once('?') {
                Some((_, query)) => none_in(&format!("a query on {}", page.address), query, canaries),
                None => elsewhere += usize::from(link.starts_with("https://") && !link.starts_with(HERE)),
            }
            if link.starts_with("http") {
                none_in(&format!("a link on {}", page.address), &link, canaries);
            }
        }
        // What is loaded comes from us: nobody else hears of a visit.
        for part in page.answer.text.split("src=\"").skip(1) {
            assert!(part.starts_with('/') && !part.starts_with("//"), "{} loads {}", page.address, &part[..60]);
        }
    }
    assert!(elsewhere > 0, "some page leads elsewhere, to the ladder's makers");
}

#[test]
fn logs_counters_and_addresses_tell_nothing_about_anybody() {
    everywhere_on_one_thread(|app| async move {
        let kept = Kept::default();
        // Everything that the program can be asked to log, as it ships.
        let log = tracing_subscriber::fmt().with_env_filter(filter("trace")).with_writer(kept.clone()).with_ansi(false).finish();
        // With one log alone, what other threads meet first would be taken for silenced everywhere.
        let _another = tracing::Dispatch::new(tracing_subscriber::registry());
        let listening = tracing::subscriber::set_default(log);
        let world = World::make(&app, MARK).await;
        let canaries = canaries(&world);
        let starts = world.starts(&app).await;
        let seen = pages(&app, &starts, &world.cookies()).await;
        look_at_links(&seen, &canaries);
        for (_, address, token) in reads(&app, &world).await {
            let call = app.get(&address);
            match token {
                Some(token) => call.token(&token).send().await,
                None => call.send().await,
            };
        }
        mishaps(&app, &world).await;
        let metrics = app.with(|config| config.metrics_token = "a long word".into());
        app.get("/metrics").send().await.expect(403);
        metrics.get(format!("/i/{}", world.invitation)).send().await.expect(200);
        none_in("a counter", &metrics.get("/metrics").token("a long word").send().await.expect(200).text, &canaries);
        drop(listening);
        let text = kept.text();
        assert!(
            text.lines().count() > 300 && text.contains("operation=\"listProjects\""),
            "the log was not kept: {} lines: {}",
            text.lines().count(),
            &text[..text.len().min(3000)]
        );
        none_in("the log", &text, &canaries);
        in_a_process_of_its_own(&app, &world, &seen, &canaries);
    });
}

/// A server that does not answer after so long never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server as an operator runs it, asked to log as much as it can.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    fn start(app: &TestApp) -> Self {
        let folder = std::env::temp_dir().join(format!("alongside-canary-{}", app.clock.new_id::<uuid::Uuid>()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("secret.key"), URL_SAFE_NO_PAD.encode(SECRET)).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_alongside"))
            .arg("serve")
            .env_clear()
            .current_dir(&folder)
            .env("ALONGSIDE_DATABASE_URL", &app.url)
            .env("ALONGSIDE_LISTEN", address.to_string())
            .env("ALONGSIDE_PUBLIC_URL", HERE)
            .env("ALONGSIDE_SECRET_FILE", folder.join("secret.key"))
            .env("ALONGSIDE_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.join("said")).unwrap())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Self { child, address, folder };
        let began = Instant::now();
        while server.ask("GET", "/readyz", "", "").is_none_or(|answer| !answer.starts_with("HTTP/1.1 200")) {
            assert!(server.child.try_wait().unwrap().is_none(), "the server has ended");
            assert!(began.elapsed() < PATIENCE, "the server is not ready");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// An answer, if there is a server.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        // While nobody listens there, a connection can get that very port for its own end, and then it talks to itself for ever.
        if stream.local_addr().ok()? == self.address {
            return None;
        }
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: alongside.test\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Ends it, and reads what it told.
    fn told(mut self) -> String {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        let began = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let told = fs::read_to_string(self.folder.join("log")).unwrap() + &fs::read_to_string(self.folder.join("said")).unwrap();
        fs::remove_dir_all(&self.folder).unwrap();
        told
    }
}

/// A test that fails leaves no server behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn in_a_process_of_its_own(app: &TestApp, world: &World, seen: &[Seen], canaries: &[String]) {
    let server = Server::start(app);
    let mut well = 0;
    for page in seen {
        for method in ["GET", Method::HEAD.as_str()] {
            let answer = server.ask(method, &page.address, &format!("cookie: {}\r\n", page.cookie), "").unwrap();
            well += usize::from(answer.starts_with("HTTP/1.1 200"));
        }
    }
    assert!(well > 50, "{well} pages were shown");
    let token = &world.invitation;
    let bearer = format!("authorization: Bearer {token}\r\n");
    let json = "content-type: application/json\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let sign_in = json!({"email": format!("{MARK}ada@staff.example"), "password": PASSWORD}).to_string();
    for (method, path, headers, body, status) in [
        ("GET", "/api/invitation".to_owned(), bearer.clone(), String::new(), "200"),
        ("POST", "/api/invitation/response".to_owned(), format!("{bearer}{json}"), format!("{{\"{MARK}\": 1}}"), "4"),
        ("POST", format!("/i/{token}"), String::new(), String::new(), "303"),
        ("POST", "/api/sign-in".to_owned(), json.to_owned(), sign_in, "403"),
        ("POST", "/o/sunrise/sign-in".to_owned(), form.to_owned(), format!("email={MARK}ben%40people.example"), "303"),
        ("GET", format!("/{MARK}/{token}?{MARK}={token}"), bearer, String::new(), "404"),
        // What is no HTTP at all is refused below us.
        ("GET", format!("/i/{token} {MARK}"), String::new(), String::new(), "400"),
        (&format!("{MARK}{}", "X".repeat(70_000)), format!("/i/{token}"), String::new(), String::new(), "4"),
        ("GET", format!("/i/{token}"), format!("{MARK}: {}\r\n", token.repeat(20_000)), String::new(), "4"),
    ] {
        let answer = server.ask(method, &path, &headers, &body).unwrap_or_default();
        let answered = answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status}"));
        assert!(answered, "{}: {}", &path[..8], &answer[..answer.len().min(200)]);
    }
    let told = server.told();
    assert!(told.lines().count() > 100, "{told}");
    none_in("the log of a server", &told, canaries);
}
