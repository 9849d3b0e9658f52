//! Every page that anybody can reach, with who looks at it. A route of `src/pages` that is listed nowhere fails a test.

use super::{
    driver::Browser,
    prepared::{Asked, Prepared},
};

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A page.
pub struct Listed {
    /// Its name, for pictures and complaints.
    pub name: String,
    /// The route that it belongs to, as it stands in the source.
    pub route: String,
    /// Where it is.
    pub address: String,
    /// What the browser holds: name, value and path of cookies.
    pub cookies: Vec<(&'static str, String, String)>,
    /// The status with which it is answered in the end.
    pub status: u16,
    /// What is done there to come to it.
    pub steps: Vec<Step>,
}

/// Something that somebody does.
pub enum Step {
    Fill(&'static str, &'static str),
    Choose(&'static str),
    Press(&'static str),
}

use Step::{Choose, Fill, Press};

impl Listed {
    pub fn new(name: impl Into<String>, route: impl Into<String>, address: impl Into<String>) -> Self {
        let (name, route, address) = (name.into(), route.into(), address.into());
        Self { name, route, address, cookies: Vec::new(), status: 200, steps: Vec::new() }
    }

    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The page that tells that something is wrong with what was sent from this one.
    pub fn wrong(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps.extend(steps);
        self.status(422)
    }

    /// Whether its window says what the page is about: not where people may be watched.
    pub fn tells(&self) -> bool {
        !self.address.starts_with("/o/harbour")
    }

    /// Opens it.
    pub async fn open(&self, browser: &Browser) {
        browser.keep(&self.cookies).await;
        browser.go(&self.address).await;
        for step in &self.steps {
            match step {
                Fill(label, text) => browser.fill(label, text).await,
                Choose(label) => browser.choose(label).await,
                Press(words) => browser.press(words).await,
            }
        }
    }
}

/// All of them.
pub async fn all(from: &Prepared) -> Vec<Listed> {
    let mut all = everybody(from);
    all.extend(doors(from));
    all.extend(console(from).await);
    all.extend(own(from));
    all.extend(wishes(from));
    all.extend(asked(from));
    all.extend(watched(from));
    all
}

/// What everybody can read.
fn everybody(from: &Prepared) -> Vec<Listed> {
    let offer = format!("/o/sunrise/opportunities/{}", from.consultation);
    let report = format!("/o/sunrise/reports/{}", from.report);
    vec![
        Listed::new("door", "/", "/"),
        Listed::new("home", "/o/:slug", "/o/sunrise"),
        Listed::new("open", "/o/:slug/opportunities", "/o/sunrise/opportunities"),
        Listed::new("offer", "/o/:slug/opportunities/:opportunity", &offer),
        Listed::new("offer-easy", "/o/:slug/opportunities/:opportunity", format!("{offer}?format=easy")),
        Listed::new("reports", "/o/:slug/reports", "/o/sunrise/reports"),
        Listed::new("report", "/o/:slug/reports/:report", &report),
        Listed::new("report-easy", "/o/:slug/reports/:report", format!("{report}?format=easy")),
        Listed::new("late", "/o/:slug/overdue", "/o/sunrise/overdue"),
        Listed::new("accessibility", "/accessibility", "/accessibility"),
        Listed::new("accessibility-here", "/o/:slug/accessibility", "/o/sunrise/accessibility"),
        Listed::new("join", "/o/:slug/join", "/o/sunrise/join"),
        Listed::new("join-wrong", "/o/:slug/join", "/o/sunrise/join")
            .wrong([Fill("Your e-mail address", "nobody"), Press("Send me the letter")]),
        Listed::new("sign-in", "/o/:slug/sign-in", "/o/sunrise/sign-in"),
        Listed::new("sign-in-wrong", "/o/:slug/sign-in", "/o/sunrise/sign-in").wrong([Press("Send me a link")]),
        Listed::new("letter", "/o/:slug/letter", "/o/sunrise/letter"),
        Listed::new("confirm", "/join/:token", &from.join),
        Listed::new("enter", "/sign-in/:token", &from.sign_in),
        Listed::new("enter-used", "/sign-in/:token", &from.used).status(410),
        Listed::new("stop", "/u/:token", &from.stop),
        Listed::new("stopped", "/o/:slug/stopped", "/o/sunrise/stopped?done=one"),
        Listed::new("left", "/o/:slug/left", "/o/sunrise/left?everything=yes"),
        Listed::new("somewhere", "/me", "/me"),
        Listed::new("nowhere", "/o/:slug", "/o/nowhere").status(404),
    ]
}

/// The doors for staff.
fn doors(from: &Prepared) -> Vec<Listed> {
    vec![
        Listed::new("set-up", "/set-up", "/set-up"),
        Listed::new("set-up-used", "/set-up/:token", format!("/set-up/{}", from.reset)).status(410),
        Listed::new("staff-invitation-code", "/staff-invitation", "/staff-invitation"),
        Listed::new("staff-invitation-code-wrong", "/staff-invitation", "/staff-invitation").wrong([Press("Go on")]),
        Listed::new("staff-invitation", "/staff-invitation/:token", format!("/staff-invitation/{}", from.hired)),
        Listed::new("new-password-code", "/new-password", "/new-password"),
        Listed::new("new-password", "/new-password/:token", format!("/new-password/{}", from.reset)),
        Listed::new("docs", "/docs", "/docs"),
        Listed::new("console-sign-in", "/console/sign-in", "/console/sign-in"),
        Listed::new("console-sign-in-wrong", "/console/sign-in", "/console/sign-in").wrong([
            Fill("E-mail address", "root@sunrise.example"),
            Fill("Password", "not this one"),
            Press("Sign in"),
        ]),
        Listed::new("console-forgotten", "/console/forgotten-password", "/console/forgotten-password"),
        Listed::new("console-forgotten-sent", "/console/forgotten-password", "/console/forgotten-password?done=sent"),
    ]
}

/// So many pages of a kind are followed.
const OF_A_KIND: usize = 8;

/// The console, found by following its links from its first page on: one page of each kind.
async fn console(from: &Prepared) -> Vec<Listed> {
    let links = Regex::new(r#"href="(/console[^"?\#]*)"#).unwrap();
    let cookie = format!("staff={}", from.staff);
    let kept = ("staff", from.staff.clone(), "/console".to_owned());
    let kind = |part: &str| if uuid::Uuid::parse_str(part).is_ok() { ":id".to_owned() } else { part.to_owned() };
    let question = Regex::new("/questions/change/.*").unwrap();
    let route_of = |address: &str| {
        let route = address.split('/').map(kind).collect::<Vec<_>>().join("/");
        question.replace(&route, "/questions/change/:name").into_owned()
    };
    let mut known = BTreeSet::from(["/console/sign-in".to_owned(), "/console/forgotten-password".to_owned()]);
    let (mut waiting, mut found) = (VecDeque::from(["/console".to_owned(), "/console/sunrise/begin".to_owned()]), Vec::new());
    waiting.extend(from.stages.iter().map(|(_, address)| address.split('?').next().unwrap_or_default().to_owned()));
    // What stands behind one consultation does not stand behind each workshop: so several of a kind are followed, and one is looked at.
    let mut followed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(address) = waiting.pop_front() {
        let route = route_of(&address);
        let of_kind = followed.entry(route.clone()).or_default();
        if of_kind.len() == OF_A_KIND || !of_kind.insert(address.clone()) {
            continue;
        }
        let shown = from.app.get(&address).header("cookie", &cookie).send().await;
        if let Some(to) = shown.headers.get("location") {
            waiting.push_back(to.to_str().unwrap().split('?').next().unwrap_or_default().to_owned());
            continue;
        }
        let html = shown.headers.get("content-type").is_some_and(|kind| kind.to_str().unwrap().starts_with("text/html"));
        if html {
            waiting.extend(links.captures_iter(&shown.text).map(|link| link[1].to_owned()));
            if !known.insert(route.clone()) {
                continue;
            }
            let name = route.trim_start_matches('/').replace('/', "-").replace(':', "");
            found.push(Listed { cookies: vec![kept.clone()], ..Listed::new(name, route, address) });
        }
    }
    let more = from.stages.iter().map(|(name, address)| Listed {
        cookies: vec![kept.clone()],
        ..Listed::new(format!("console-{name}"), route_of(address), address)
    });
    found.extend(more);
    let wrong = |name: &str, address: &str, steps: Vec<Step>| Listed {
        cookies: vec![kept.clone()],
        ..Listed::new(name, route_of(address), address).wrong(steps)
    };
    let stage = |name: &str| {
        let found = from.stages.iter().find(|(stage, _)| *stage == name);
        found.unwrap_or_else(|| panic!("no stage {name}")).1.clone()
    };
    found.push(wrong("console-project-wrong", "/console/sunrise/projects/new", vec![Press("Save")]));
    found.push(wrong("console-settings-wrong", "/console/sunrise/settings", vec![Fill("Name", ""), Press("Save")]));
    let terms = vec![Fill("Minutes that taking part takes", "-5"), Fill("How much, in pounds", "-3"), Press("Save")];
    found.push(wrong("console-draft-terms-wrong", &stage("draft-terms"), terms));
    let question = vec![Choose("One of several answers"), Press("Save the question")];
    found.push(wrong("console-draft-question-wrong", &stage("draft-question"), question));
    let words = vec![Fill("Behind the greeting", "# Big"), Press("Save")];
    found.push(wrong("console-own-words-wrong", &stage("own-words-edit"), words));
    let meeting = vec![Fill("Name", ""), Fill("When it ends", ""), Press("Save")];
    found.push(wrong("console-meeting-edit-wrong", &stage("meeting-edit"), meeting));
    found.push(wrong("console-notice-use-wrong", &stage("notice-use"), vec![Fill("For how many months", "1.5"), Press("Save")]));
    let told = stage("told");
    for (name, rest, press) in [
        ("console-told-contribution-wrong", "/contributions/new", "Note it"),
        ("console-told-themes-wrong", "/themes", "Add this theme"),
        ("console-told-proposals-wrong", "/proposals", "Add this proposal"),
        ("console-told-effects-wrong", "/effects", "Write this down"),
    ] {
        found.push(wrong(name, &format!("{told}{rest}"), vec![Press(press)]));
    }
    found.push(wrong("console-reply-wrong", &stage("reply"), vec![Press("Set it aside")]));
    found.push(wrong("console-topics-wrong", "/console/sunrise/topics", vec![Press("Add this topic")]));
    found
}

/// As somebody who is signed in with an organisation.
fn signed_in(slug: &str, token: &str, pages: Vec<Listed>) -> Vec<Listed> {
    let cookie = ("person", token.to_owned(), format!("/o/{slug}"));
    pages.into_iter().map(|page| Listed { cookies: vec![cookie.clone()], ..page }).collect()
}

/// Somebody's own pages.
fn own(from: &Prepared) -> Vec<Listed> {
    let me = "/o/sunrise/me";
    let nora = vec![
        Listed::new("welcome", "/o/:slug/me/welcome", format!("{me}/welcome")),
        Listed::new("me-new", "/o/:slug/me", me),
        Listed::new("meetings-none", "/o/:slug/me/meetings", format!("{me}/meetings")),
        Listed::new("record-empty", "/o/:slug/me/record", format!("{me}/record")),
        Listed::new("consents-none", "/o/:slug/me/consents", format!("{me}/consents")),
        Listed::new("facts-unasked", "/o/:slug/me/facts", format!("{me}/facts")),
        Listed::new("review-nothing", "/o/:slug/me/review", format!("{me}/review")),
        Listed::new("trial-nothing", "/o/:slug/me/trial", format!("{me}/trial")),
        Listed::new("step-down-lightest", "/o/:slug/me/step-down", format!("{me}/step-down")),
    ];
    let cleo = vec![
        Listed::new("me", "/o/:slug/me", me),
        Listed::new("me-done", "/o/:slug/me", format!("{me}?done=lighter")),
        Listed::new("consents", "/o/:slug/me/consents", format!("{me}/consents")),
        Listed::new("notice", "/o/:slug/me/consents/notice", format!("{me}/consents/notice")),
        Listed::new("consents-history", "/o/:slug/me/consents/history", format!("{me}/consents/history")),
        Listed::new("facts", "/o/:slug/me/facts", format!("{me}/facts")),
        Listed::new("replies", "/o/:slug/me/replies", format!("{me}/replies")),
        Listed::new("asking", "/o/:slug/me/asking", format!("{me}/asking")),
        Listed::new("asking-over", "/o/:slug/me/asking/over", format!("{me}/asking/over")),
        Listed::new("details", "/o/:slug/me/details", format!("{me}/details")),
        Listed::new("details-wrong", "/o/:slug/me/details", format!("{me}/details"))
            .wrong([Fill("Language of letters", "not a language"), Press("Save")]),
        Listed::new("pause", "/o/:slug/me/pause", format!("{me}/pause")),
        Listed::new("step-down", "/o/:slug/me/step-down", format!("{me}/step-down")),
        Listed::new("step-down-wrong", "/o/:slug/me/step-down", format!("{me}/step-down"))
            .wrong([Press("Ask me for no more than this")]),
        Listed::new("leave", "/o/:slug/me/leave", format!("{me}/leave")),
        Listed::new("hearing", "/o/:slug/me/hearing", format!("{me}/hearing")),
        Listed::new("review", "/o/:slug/me/review", format!("{me}/review")),
        Listed::new("trial", "/o/:slug/me/trial", format!("{me}/trial")),
        Listed::new("trial-wrong", "/o/:slug/me/trial", format!("{me}/trial")).wrong([Press("Begin")]),
    ];
    let finn = vec![
        Listed::new("trial-running", "/o/:slug/me/trial", format!("{me}/trial?done=trying")),
        Listed::new("step-down-trying", "/o/:slug/me/step-down", format!("{me}/step-down")),
    ];
    let route = "/o/:slug/me/parts/:opportunity";
    let holds = format!("{me}/parts/{}", from.consultation);
    let dana = vec![
        Listed::new("replies-taken", "/o/:slug/me/replies", format!("{me}/replies")),
        Listed::new("part", route, &holds),
        Listed::new("part-wrong", route, &holds).wrong([Press("Do this now")]),
        Listed::new("part-pausing", route, format!("{me}/parts/{}?done=pausing", from.pausing)),
    ];
    let gale = vec![Listed::new("part-left", route, format!("{me}/parts/{}?done=left", from.told))];
    let rating = format!("{me}/record/{}/rating", from.told);
    let meeting = format!("{me}/meetings/{}", from.meeting);
    let reader = vec![
        Listed::new("meetings", "/o/:slug/me/meetings", format!("{me}/meetings")),
        Listed::new("meeting", "/o/:slug/me/meetings/:meeting", &meeting),
        Listed::new("meeting-wrong", "/o/:slug/me/meetings/:meeting", &meeting).wrong([Press("Tell what is wrong")]),
        Listed::new("record", "/o/:slug/me/record", format!("{me}/record")),
        Listed::new("said", "/o/:slug/me/record/:opportunity/answers", format!("{me}/record/{}/answers", from.told)),
        Listed::new("given", "/o/:slug/me/record/:opportunity/contributions", format!("{me}/record/{}/contributions", from.told)),
        Listed::new("given-back", "/o/:slug/me/record/:opportunity/contributions/:contribution", &from.given),
        Listed::new("looked", "/o/:slug/me/record/looked", format!("{me}/record/looked")),
        Listed::new("rating", "/o/:slug/me/record/:opportunity/rating", &rating),
        Listed::new("rating-wrong", "/o/:slug/me/record/:opportunity/rating", &rating).wrong([Press("Send")]),
    ];
    let mut all = signed_in("sunrise", &from.nora.token, nora);
    all.extend(signed_in("sunrise", &from.cleo.token, cleo));
    all.extend(signed_in("sunrise", &from.finn.token, finn));
    all.extend(signed_in("sunrise", &from.dana.token, dana));
    all.extend(signed_in("sunrise", &from.gale, gale));
    all.extend(signed_in("sunrise", &from.reader, reader));
    all
}

/// How I want to be involved: the page that sums up, and each question.
fn wishes(from: &Prepared) -> Vec<Listed> {
    let route = "/o/:slug/me/preferences/:question";
    let at = |question: &str| format!("/o/sunrise/me/preferences/{question}");
    let first = vec![
        Listed::new("wishes-none", "/o/:slug/me/preferences", "/o/sunrise/me/preferences"),
        Listed::new("wish-first", route, at("involvement?first=yes")),
        Listed::new("wish-first-wrong", route, at("involvement?first=yes")).wrong([Press("Save and go on")]),
    ];
    let questions = [
        ("wish-involvement", "involvement"),
        ("wish-exactly", "exactly"),
        ("wish-topics", "topics"),
        ("wish-topic-wishes", "topic-wishes"),
        ("wish-activity-wishes", "activity-wishes"),
        ("wish-stage-wishes", "stage-wishes"),
        ("wish-activities", "activities"),
        ("wish-formats", "formats"),
        ("wish-groups", "groups"),
        ("wish-time", "time"),
        ("wish-times", "times"),
        ("wish-letters", "letters"),
        ("wish-reach", "reach"),
        ("wish-meetings", "meetings"),
        ("wish-support", "support"),
        ("wish-payment", "payment"),
        ("wish-story", "story"),
        ("wish-quiet", "quiet"),
        ("wish-trying", "trying"),
        ("wish-review", "review"),
    ];
    let mut later = vec![
        Listed::new("wishes", "/o/:slug/me/preferences", "/o/sunrise/me/preferences"),
        Listed::new("wishes-first", "/o/:slug/me/preferences", "/o/sunrise/me/preferences?first=yes"),
        Listed::new("wish-time-wrong", route, at("time")).wrong([Fill("Hours a month at most", "many"), Press("Save")]),
    ];
    later.extend(questions.map(|(name, question)| Listed::new(name, route, at(question))));
    let mut all = signed_in("sunrise", &from.nora.token, first);
    all.extend(signed_in("sunrise", &from.cleo.token, later));
    all
}

/// Invitations.
fn asked(from: &Prepared) -> Vec<Listed> {
    let page = |name, asked: &Asked, rest: &str| {
        let route = match rest.split('?').next().unwrap() {
            "/agree" => "/invitation/:invitation/agree",
            "/agreed" => "/invitation/:invitation/agreed",
            "/questions/check" => "/invitation/:invitation/questions/check",
            "/questions/saved" => "/invitation/:invitation/questions/saved",
            "/questions/done" => "/invitation/:invitation/questions/done",
            "/questions/1" => "/invitation/:invitation/questions/:page",
            _ => "/invitation/:invitation",
        };
        let cookie = ("invitation", asked.token.clone(), asked.address.clone());
        Listed { cookies: vec![cookie], ..Listed::new(name, route, format!("{}{rest}", asked.address)) }
    };
    vec![
        Listed::new("invitation-link", "/i/:token", format!("/i/{}", from.asked.token)),
        Listed::new("invitation-signed-out", "/invitation/:invitation", &from.asked.address).status(401),
        page("invitation", &from.asked, ""),
        page("invitation-easy", &from.asked, "?format=easy"),
        page("invitation-agree", &from.asked, "/agree"),
        page("invitation-agree-wrong", &from.asked, "/agree").wrong([Press("Agree to what I have ticked, and take part")]),
        page("invitation-agreed-none", &from.asked, "/agreed"),
        page("invitation-accepted", &from.accepted, "?done=accept"),
        page("invitation-agreed", &from.accepted, "/agreed"),
        page("invitation-declined", &from.declined, "?done=decline"),
        page("invitation-later", &from.later, "?done=later"),
        page("invitation-over", &from.over, ""),
        page("questions", &from.answering, "/questions/1"),
        page("questions-wrong", &from.answering, "/questions/1").wrong([Press("Continue")]),
        page("questions-check", &from.answering, "/questions/check"),
        page("questions-saved", &from.answering, "/questions/saved"),
        page("questions-done", &from.handed_in, "/questions/done"),
    ]
}

/// Pages of an organisation that has chosen how they look, and a quick way out.
fn watched(from: &Prepared) -> Vec<Listed> {
    let mut all = vec![
        Listed::new("harbour", "/o/:slug", "/o/harbour"),
        Listed::new("harbour-join-wrong", "/o/:slug/join", "/o/harbour/join").wrong([Press("Send me the letter")]),
    ];
    let own = vec![
        Listed::new("harbour-me", "/o/:slug/me", "/o/harbour/me"),
        Listed::new("harbour-notice", "/o/:slug/me/consents/notice", "/o/harbour/me/consents/notice"),
        Listed::new("harbour-wish", "/o/:slug/me/preferences/:question", "/o/harbour/me/preferences/support"),
    ];
    all.extend(signed_in("harbour", &from.hana.token, own));
    all
}
