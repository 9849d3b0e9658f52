//! A walk over everything that can be looked at: an organisation with work at every stage, the pages of people in it, followed
//! from link to link, and every operation of the API that reads.

use crate::{
    document::{operations, served},
    given::{Given, Someone},
    harness::{Answer, Mail, Participant, TestApp},
    story::{Story, notice, purpose},
};
use alongside::platform::secret::{Token, TokenKind};
use chrono::Duration;
use poem::http::Method;
use regex::Regex;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
};

/// The address under which tests reach the server.
pub const HERE: &str = "https://alongside.test";

/// An organisation with work at every stage.
pub struct World {
    pub story: Story,
    /// Somebody who was asked, agreed and answered.
    pub ben: Participant,
    /// The link of their invitation.
    pub invitation: String,
    /// The link of somebody who has not handed in what they began.
    pub begun: String,
    /// Somebody who took part in what is finished.
    pub dora: Someone,
    /// Every letter so far.
    pub letters: Vec<Mail>,
}

impl World {
    /// Makes it. The words and names of people begin with `mark`.
    pub async fn make(app: &TestApp, mark: &str) -> Self {
        let day = |days| (app.clock.now() + Duration::days(days)).format("%Y-%m-%d").to_string();
        let dates = json!({"closes_on": day(30), "feedback_due": day(60)});
        let story = Story::begin(app.clone()).await;
        let wishes = json!({"stance": {"kind": "up_to", "rung": "co_design"}});
        // Ben wants to see how to try more for a while.
        let mut curious = wishes.clone();
        curious["trial"] = json!({"open_to_trying_higher": true});
        let ben = story.person(&format!("{mark}ben"), curious).await;
        let id = story.open("consultation", "consultation", dates.clone()).await;
        let mut letters = story.invite(&id, json!({})).await;
        let invitation = letters[0].token("ai_");
        story.consent(&invitation).await;
        let words = format!("{mark} is what I think");
        story.hand_in(&invitation, json!({"form": "group", "why": words})).await.expect(201);
        let file = format!("email,name\r\n{mark}cleo@people.example,{mark}Cleo\r\n").into_bytes();
        let import = app.post(story.ada.path("/people/import")).token(&story.ada.token);
        import.bytes(file, "text/csv").send().await.expect(200);
        story.person(&format!("{mark}cat"), wishes).await;
        // Something that is being written.
        let draft = story.draft("consultation", "consultation", dates.clone());
        let draft = story.ada.post(app, "/opportunities", &draft).await.expect(201).id();
        let content = notice(&[purpose("participate", "erase_raw_unpublished")]);
        story.ada.post(app, "/notices", &json!({"opportunity": draft, "content": content})).await.expect(201);
        letters.extend(story.invite(&id, json!({})).await);
        let begun = letters[1].token("ai_");
        let draft = json!({"answers": {"form": "group"}, "questionnaire": story.asked(&begun).await});
        story.consent(&begun).await;
        app.put("/api/invitation/draft").token(&begun).json(&draft).send().await.expect(200);
        look(app, &story).await;
        let dates = json!({"closes_on": day(20), "feedback_due": day(60), "starts_at": format!("{}T10:00:00Z", day(25))});
        let workshop = story.open("workshop", "co_design", dates).await;
        letters.extend(story.invite(&workshop, json!({})).await);
        let dora = finished(app, &story, mark).await;
        let vera = json!({"email": format!("{mark}vera@staff.example"), "role": "viewer"});
        story.ada.post(app, "/staff", &vera).await.expect(202);
        app.post("/api/password-reset").json(&json!({"email": "root@sunrise.example"})).send().await.expect(202);
        for (door, who) in [("join", "eve"), ("sign-in", "ben")] {
            let email = format!("{mark}{who}@people.example");
            app.post(format!("/api/public/sunrise/{door}")).json(&json!({"email": email})).send().await.expect(202);
        }
        letters.extend(app.outbox().await);
        crate::harness::answers::answered(app, &ben.email, &format!("{mark} answers, and the lamp is broken")).await;
        let hook = json!({"url": "https://front.example/news", "description": "Our front end", "events": ["report.published"]});
        let hook = story.ada.post(app, "/webhooks", &hook).await.expect(201).id();
        for (verb, status) in [("test", 202), ("pause", 200)] {
            let path = story.ada.path(&format!("/webhooks/{hook}/{verb}"));
            app.post(path).token(&story.ada.token).send().await.expect(status);
        }
        Self { story, ben, invitation, begun, dora, letters }
    }

    /// What browsers send along: of staff, of somebody with an invitation, of somebody who took part.
    pub fn cookies(&self) -> [String; 3] {
        let person = |token: &str| format!("__Secure-person={token}");
        [
            format!("__Secure-staff={0}; __Host-staff={0}", self.story.ada.token),
            format!("{}; __Secure-invitation={}", person(&self.ben.token), self.invitation),
            person(&self.dora.token),
        ]
    }

    /// Every token that somebody holds.
    pub fn tokens(&self) -> Vec<String> {
        let mut all =
            vec![self.ben.token.clone(), self.invitation.clone(), self.dora.token.clone(), self.story.ada.token.clone()];
        for letter in &self.letters {
            let text = letter.text();
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
            let token = |word: &&str| word.len() == 46 && word.starts_with('a') && word.as_bytes()[2] == b'_';
            all.extend(words.filter(token).map(Into::into));
        }
        all
    }

    /// Where a walk over the pages begins.
    pub async fn starts(&self, app: &TestApp) -> Vec<String> {
        let mut starts: Vec<String> = [
            "/",
            "/o/sunrise",
            "/o/sunrise/me",
            "/o/sunrise/me/welcome",
            "/o/sunrise/letter",
            "/o/sunrise/left",
            "/o/sunrise/stopped?done=one",
            "/o/sunrise/overdue",
            "/me",
            "/set-up",
            "/staff-invitation",
            "/new-password",
            "/console",
            "/console/sunrise/begin",
            "/docs",
            "/healthz",
            "/readyz",
            "/api/openapi.json",
        ]
        .map(Into::into)
        .to_vec();
        // The link of the first start has been used.
        starts.push(format!("/set-up/{}", Token::new(TokenKind::StaffLink, [1; 32]).reveal()));
        for id in ids(app, "invitation").await {
            starts.extend(["", "/agree", "/agreed"].map(|rest| format!("/invitation/{id}{rest}")));
        }
        for id in ids(app, "opportunity").await {
            starts.push(format!("/o/sunrise/opportunities/{id}"));
            starts.push(format!("/o/sunrise/me/record/{id}/rating"));
            starts.push(format!("/o/sunrise/me/record/{id}/contributions"));
        }
        for id in ids(app, "meeting").await {
            starts.push(format!("/o/sunrise/me/meetings/{id}"));
            starts.push(format!("/o/sunrise/me/meetings/{id}/meeting.ics"));
        }
        for letter in &self.letters {
            starts.extend(addresses(letter));
        }
        for pattern in patterns().iter().filter(|pattern| pattern.starts_with("/console/:slug/")) {
            starts.extend(filled(app, pattern).await);
        }
        starts
    }
}

/// The organisation chooses a colour, a logo and a quick way out.
async fn look(app: &TestApp, story: &Story) {
    use alongside::accounts::{
        access::{Power, may},
        look,
    };
    let platform = &app.app.platform;
    let caller = alongside::platform::http::Caller::with(story.ada.token.clone());
    let actor = may(platform, &caller, story.ada.organisation.parse().unwrap(), Power::Administer).await.unwrap();
    let choice = look::Choice {
        colour: Some("#1d4ed8".into()),
        exit_url: Some("https://weather.example/".into()),
        exit_title: Some("Weather".into()),
    };
    look::choose(platform, &actor, Some("*"), choice).await.unwrap();
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec();
    look::put_logo(platform, &actor, Some("*"), "/logo", Some(picture)).await.unwrap();
}

/// The addresses of a pattern of the console, with everything there is in its gaps.
async fn filled(app: &TestApp, pattern: &str) -> Vec<String> {
    let mut addresses = vec![String::new()];
    for part in pattern.split('/').skip(1) {
        let fills = match part.strip_prefix(':') {
            Some("slug") => vec!["sunrise".to_owned()],
            Some("purpose") => vec!["participate".to_owned()],
            Some("reply") => ids(app, "mail_reply").await,
            Some(table @ ("opportunity" | "notice" | "project" | "decision" | "meeting" | "topic")) => ids(app, table).await,
            _ => vec![part.to_owned()],
        };
        addresses = addresses.iter().flat_map(|begun| fills.iter().map(move |fill| format!("{begun}/{fill}"))).collect();
    }
    addresses
}

/// A consultation that is finished, with its report.
async fn finished(app: &TestApp, story: &Story, mark: &str) -> Someone {
    let given = Given::of(app, &story.ada);
    let about = given.consultation(6).await;
    let theme = given.theme(about.id, "Seats", false, &about.responses).await;
    let due = (app.clock.now() + Duration::days(90)).format("%Y-%m-%d").to_string();
    let answer = json!({"text": "New seats", "theme": theme, "outcome": "done", "owner": "The ward manager", "due": due});
    given.post(about.id, "/recommendations", &answer).await.expect(201);
    let decision = given.decision(about.project, "Which seats", None).await;
    let claim = json!({"theme": theme, "level": "changed", "note": "Soft seats."});
    given.ada.post(app, &format!("/decisions/{decision}/influence"), &claim).await.expect(201);
    given.contribution(about.id, &about.who[0], &format!("{mark} the seats are hard")).await;
    given.draft(about.id).await;
    given.post(about.id, "/report/publish", &json!({})).await.expect(200);
    let marks = json!({"heard": 5, "ways": 4, "matters": 3, "change": 2, "worth_it": 1, "harm": format!("{mark} the stairs")});
    about.who[1].post(app, &format!("/opportunities/{}/rating", about.id), &marks).await.expect(204);
    given.notes(about.id, &about.who[0], &format!("{mark} We talked about seats.")).await;
    about.who[0].clone()
}

/// Addresses on this server in a letter, without what a browser keeps to itself.
pub fn addresses(letter: &Mail) -> Vec<String> {
    let (text, html) = (letter.text(), letter.html());
    let mut found = Vec::new();
    for part in text.split(HERE).skip(1).chain(html.split(HERE).skip(1)) {
        let end = part.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | ',')).unwrap_or(part.len());
        found.push(part[..end].trim_end_matches('.').split('#').next().unwrap().to_owned());
    }
    found
}

/// The ids of a table's rows.
pub async fn ids(app: &TestApp, table: &str) -> Vec<String> {
    let db = app.app.platform.db.read();
    let sql = format!("SELECT id FROM {table} ORDER BY 1");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get::<uuid::Uuid>("", "id").unwrap().to_string()).collect()
}

/// A page that was looked at.
pub struct Seen {
    /// Its address.
    pub address: String,
    /// What the browser sent along.
    pub cookie: String,
    /// What came.
    pub answer: Answer,
}

impl Seen {
    /// Attributes of a page that name an address.
    pub fn links(&self) -> Vec<String> {
        let text = &self.answer.text;
        let of = |name: &str| {
            let parts = text.split(name).skip(1).map(|part| part.split('"').next().unwrap());
            parts.map(|part| part.replace("&#38;", "&").replace("&amp;", "&")).collect::<Vec<_>>()
        };
        ["href=\"", "src=\"", "action=\""].into_iter().flat_map(of).collect()
    }

    /// Whether it is a page of people who take part, or could: with the organisation that was made, or about an invitation of it.
    pub fn is_of_people(&self) -> bool {
        let path = self.address.split('?').next().unwrap();
        let staff = ["/console", "/docs", "/set-up", "/staff-invitation", "/new-password"];
        // `/me` asks whose pages somebody looks for.
        let of_nobody = ["/", "/me", "/accessibility"].contains(&path) || staff.iter().any(|start| path.starts_with(start));
        self.is_page() && !of_nobody
    }

    /// Whether it is a page.
    pub fn is_page(&self) -> bool {
        self.answer.headers.get("content-type").is_some_and(|kind| kind.to_str().unwrap().starts_with("text/html"))
    }
}

/// Follows every link from the beginnings on, as each of these browsers.
pub async fn pages(app: &TestApp, starts: &[String], cookies: &[String]) -> Vec<Seen> {
    let mut all = Vec::new();
    for cookie in cookies {
        let (mut known, mut next) = (BTreeSet::new(), VecDeque::from_iter(starts.iter().cloned()));
        while let Some(address) = next.pop_front() {
            if !known.insert(address.clone()) {
                continue;
            }
            assert!(known.len() < 1000, "the pages lead on without an end: {address}");
            let answer = app.get(&address).header("cookie", cookie).send().await;
            let seen = Seen { address, cookie: cookie.clone(), answer };
            let ours = |to: &String| to.starts_with('/') && !to.starts_with("//");
            let to = seen.answer.headers.get("location").map(|to| to.to_str().unwrap().to_owned());
            let mut links: Vec<String> = to.into_iter().collect();
            if seen.is_page() && !seen.address.starts_with("/docs") {
                links.extend(seen.links());
            }
            next.extend(links.into_iter().filter(ours).map(|to| to.split('#').next().unwrap().to_owned()));
            all.push(seen);
        }
    }
    all
}

/// The patterns of the addresses of pages that answer GET, read from the sources.
pub fn patterns() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    routes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages"), &mut found);
    found
}

fn routes(folder: &Path, found: &mut BTreeSet<String>) {
    let shown = Regex::new(r#"\.at\(\s*"([^"]+)",\s*(?:poem::)?get\("#).unwrap();
    // Most routes of the console stand below one that is named first.
    let named = Regex::new(r#"\bat\)? = (?:\([^,"]+, )?"(/[^"]+)"\)?;"#).unwrap();
    let below = Regex::new(r#"\.at\(\s*(?:format!\("\{at\}([^"]*)"\)|at),\s*get\("#).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        found.extend(shown.captures_iter(&text).map(|route| route[1].to_owned()));
        for route in below.captures_iter(&text) {
            let before = &text[..route.get(0).unwrap().start()];
            let first = named.captures_iter(before).last().unwrap_or_else(|| panic!("{}: where is at?", path.display()));
            found.insert(format!("{}{}", &first[1], route.get(1).map_or("", |rest| rest.as_str())));
        }
    }
}

/// Whether an address fits a pattern of a route.
pub fn fits(address: &str, pattern: &str) -> bool {
    let path = address.split('?').next().unwrap();
    let (parts, wanted): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
    parts.len() == wanted.len() && parts.iter().zip(&wanted).all(|(part, wanted)| wanted.starts_with(':') || part == wanted)
}

/// Every operation of the API that reads, at the addresses of everything there is, with the tokens of everybody who may.
pub async fn reads(app: &TestApp, world: &World) -> Vec<(String, String, Option<String>)> {
    let mut tables = BTreeMap::new();
    for (name, table) in [
        ("organisation", "organisation"),
        ("project", "project"),
        ("decision", "decision"),
        ("opportunity", "opportunity"),
        ("participant", "participant"),
        ("meeting", "meeting"),
        ("questionnaire", "questionnaire"),
        ("notice", "notice"),
        ("topic", "topic"),
        ("run", "match_run"),
        ("plan", "asking_plan"),
        ("report", "report"),
        ("mailing", "mail_batch"),
        ("import", "import_run"),
        ("webhook", "webhook"),
        ("delivery", "webhook_delivery"),
        ("reply", "mail_reply"),
    ] {
        tables.insert(name, ids(app, table).await);
    }
    tables.insert("slug", vec!["sunrise".into()]);
    tables.insert("letter", ["invite", "again", "remind", "place"].map(String::from).to_vec());
    let mut all = Vec::new();
    for operation in operations(&served(app).await).iter().filter(|operation| operation.method == Method::GET) {
        // Numbers that are pushed come for as long as somebody listens.
        if operation.path.ends_with("/live") {
            continue;
        }
        let tokens = match operation.path.split('/').nth(1) {
            Some("me") => vec![Some(world.ben.token.clone()), Some(world.dora.token.clone())],
            Some("invitation") => vec![Some(world.invitation.clone()), Some(world.begun.clone())],
            Some("public" | "rungs") => vec![None],
            _ => vec![Some(world.story.ada.token.clone())],
        };
        let mut addresses = vec![String::from("/api")];
        for part in operation.path.split('/').skip(1) {
            let fills = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => tables.get(name).cloned().unwrap_or_else(|| panic!("nothing fills {name} of {}", operation.path)),
                None => vec![part.to_owned()],
            };
            addresses = addresses.iter().flat_map(|begun| fills.iter().map(move |fill| format!("{begun}/{fill}"))).collect();
        }
        for address in addresses {
            let address = if address.ends_with("/responses/export") { format!("{address}?format=csv") } else { address };
            all.extend(tokens.iter().map(|token| (operation.name(), address.clone(), token.clone())));
        }
    }
    all
}

/// Everything that the database holds, by table; without the columns that are named.
pub async fn held(app: &TestApp, without: &[&str]) -> BTreeMap<String, String> {
    let db = app.app.platform.db.write();
    let postgres = app.app.platform.db.is_postgres();
    let ask = async |sql: String, column: &str| -> Vec<String> {
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get::<Option<String>>("", column).unwrap().unwrap_or_default()).collect()
    };
    let tables = match postgres {
        true => "SELECT CAST(tablename AS TEXT) AS n FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        false => "SELECT name AS n FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1",
    };
    let mut held = BTreeMap::new();
    for table in ask(tables.into(), "n").await {
        let columns = match postgres {
            true => format!(
                "SELECT CAST(column_name AS TEXT) AS n FROM information_schema.columns WHERE table_name = '{table}' AND \
                 table_schema = 'public' ORDER BY 1"
            ),
            false => format!("SELECT name AS n FROM pragma_table_info('{table}') ORDER BY 1"),
        };
        let columns: Vec<_> = ask(columns, "n").await.into_iter().filter(|name| !without.contains(&name.as_str())).collect();
        let cell = |name: &String| match postgres {
            true => format!("COALESCE(CAST(\"{name}\" AS TEXT), '-')"),
            false => format!("quote(\"{name}\")"),
        };
        let row = columns.iter().map(cell).collect::<Vec<_>>().join(" || ' ' || ");
        let rows = ask(format!("SELECT {row} AS n FROM \"{table}\" ORDER BY 1"), "n").await;
        held.insert(table, rows.join("\n"));
    }
    assert!(held.len() > 50, "the tables were not found");
    held
}

/// What differs between two states of the database, a line a table.
pub fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    before
        .iter()
        .filter(|(table, rows)| after[*table] != **rows)
        .map(|(table, rows)| {
            let new = after[table].lines().find(|line| !rows.lines().any(|old| old == *line)).unwrap_or("a row is gone");
            format!("{table}: {new}")
        })
        .collect()
}
