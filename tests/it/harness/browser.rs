//! A browser without scripts: follows links, fills fields by their labels, presses buttons by their words, keeps cookies, and goes
//! where it is sent. What a person cannot see or reach on a page, it cannot use.

use super::{Answer, Participant, TestApp};
use poem::http::Method;
use std::collections::HashMap;

/// A browser with a page open.
pub struct Browser<'a> {
    app: &'a TestApp,
    cookies: Vec<Cookie>,
    /// Where it is, with what stands behind the question mark.
    pub address: String,
    /// The status of the page.
    pub status: u16,
    /// The page.
    pub html: String,
    typed: Vec<(String, Entry)>,
}

struct Cookie {
    name: String,
    value: String,
    path: String,
}

/// What somebody does with a field.
enum Entry {
    Text(String),
    Choice(String),
    Tick,
}

/// A form as it is on the page.
#[derive(Default, Debug, Clone)]
pub struct Shown {
    /// Where it goes; empty for the page itself.
    pub action: String,
    /// Its fields.
    pub fields: Vec<Input>,
    /// Its buttons: words, and what each sends.
    pub buttons: Vec<(String, Option<(String, String)>)>,
    upload: bool,
}

/// A field as it is on the page.
#[derive(Default, Debug, Clone)]
pub struct Input {
    /// hidden, text, checkbox, radio, select, textarea, file ...
    pub kind: String,
    /// Name under which it is sent.
    pub name: String,
    /// What stands in it.
    pub value: String,
    /// Whether it is chosen, for what can be.
    pub on: bool,
    /// Its label.
    pub label: String,
    /// The question of the group that it belongs to.
    pub group: String,
    /// For a select: value, words.
    pub options: Vec<(String, String)>,
    id: String,
}

impl<'a> Browser<'a> {
    /// A new one, with nothing open.
    pub fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: Vec::new(), address: String::new(), status: 0, html: String::new(), typed: Vec::new() }
    }

    /// Signed in as somebody, with their organisation.
    pub fn sign_in(&mut self, who: &Participant, slug: &str) -> &mut Self {
        self.keep(&format!("__Secure-person={}; path=/o/{slug}", who.token));
        self
    }

    /// Opens an address, and goes on where it leads.
    pub async fn open(&mut self, address: &str) -> &mut Self {
        self.go(Method::GET, address.to_owned(), None).await;
        self
    }

    /// Goes to where a link of the page leads.
    #[track_caller]
    pub fn link(&self, words: &str) -> String {
        let found = links(&self.html).into_iter().find(|(said, _)| said == words);
        found.unwrap_or_else(|| panic!("no link “{words}” on {}:\n{}", self.address, self.words())).1
    }

    /// Follows a link of the page.
    pub async fn follow(&mut self, words: &str) -> &mut Self {
        let to = self.link(words);
        self.open(&to).await
    }

    /// Types into the field with this label.
    pub fn fill(&mut self, label: &str, text: &str) -> &mut Self {
        self.typed.push((label.to_owned(), Entry::Text(text.to_owned())));
        self
    }

    /// Chooses an answer of the question.
    pub fn choose(&mut self, question: &str, answer: &str) -> &mut Self {
        self.typed.push((question.to_owned(), Entry::Choice(answer.to_owned())));
        self
    }

    /// Ticks the box with this label.
    pub fn tick(&mut self, label: &str) -> &mut Self {
        self.typed.push((label.to_owned(), Entry::Tick));
        self
    }

    /// What would be sent by pressing a button, after what was typed: the address and the fields.
    #[track_caller]
    pub fn prepared(&mut self, button: &str) -> (String, Vec<(String, String)>) {
        let typed = std::mem::take(&mut self.typed);
        let all = forms(&self.html);
        let found = all.into_iter().find(|form| form.buttons.iter().any(|(words, _)| words == button));
        let mut form = found.unwrap_or_else(|| panic!("no button “{button}” on {}:\n{}", self.address, self.words()));
        for (label, entry) in typed {
            enter(&mut form, &label, &entry).unwrap_or_else(|why| panic!("{why} on {}:\n{}", self.address, self.words()));
        }
        assert!(!form.upload, "use `send_file` for forms with a file");
        let mut sent: Vec<(String, String)> =
            form.fields.iter().filter(|one| is_sent(one)).map(|one| (one.name.clone(), one.value.clone())).collect();
        let pressed = form.buttons.iter().find(|(words, _)| words == button).and_then(|(_, sends)| sends.clone());
        sent.extend(pressed);
        let to = if form.action.is_empty() { self.address.clone() } else { form.action };
        (to, sent)
    }

    /// Presses a button, with what was typed before, and goes on where it leads.
    pub async fn press(&mut self, button: &str) -> &mut Self {
        let (to, sent) = self.prepared(button);
        self.send(&to, &sent).await;
        self
    }

    /// Sends fields as a form of our own page does, and goes on where it leads.
    pub async fn send(&mut self, to: &str, fields: &[(String, String)]) {
        self.go(Method::POST, to.to_owned(), Some(encoded(fields))).await;
    }

    /// Sends a form and stays where it is: answers what came.
    pub async fn answer(&mut self, to: &str, fields: &[(String, String)]) -> Answer {
        self.one(Method::POST, to, Some(encoded(fields))).await
    }

    async fn go(&mut self, mut method: Method, mut address: String, mut body: Option<String>) {
        self.typed.clear();
        for _ in 0..5 {
            let answer = self.one(method, &address, body.take()).await;
            if answer.status.as_u16() != 303 {
                (self.address, self.status, self.html) = (address, answer.status.as_u16(), answer.text);
                return;
            }
            address = answer.headers["location"].to_str().unwrap().to_owned();
            method = Method::GET;
        }
        panic!("sent from one address to the next, and no end: {address}");
    }

    async fn one(&mut self, method: Method, address: &str, body: Option<String>) -> Answer {
        let mut call = self.app.call(method.clone(), address);
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let sent: Vec<String> =
            self.cookies.iter().filter(|one| goes_to(one, path)).map(|one| format!("{}={}", one.name, one.value)).collect();
        if !sent.is_empty() {
            call = call.header("cookie", &sent.join("; "));
        }
        if method == Method::POST {
            let ours = &self.app.app.platform.config.public_url;
            call = call.header("origin", ours).header("sec-fetch-site", "same-origin");
        }
        if let Some(body) = body {
            call = call.bytes(body.into_bytes(), "application/x-www-form-urlencoded");
        }
        let answer = call.send().await;
        for header in answer.headers.get_all("set-cookie") {
            self.keep(header.to_str().unwrap());
        }
        answer
    }

    fn keep(&mut self, header: &str) {
        let mut parts = header.split("; ");
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap();
        let attributes: HashMap<String, &str> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect();
        let path = attributes.get("path").copied().unwrap_or("/").to_owned();
        self.cookies.retain(|one| !(one.name == name && one.path == path));
        if attributes.get("max-age") != Some(&"0") && !value.is_empty() {
            self.cookies.push(Cookie { name: name.to_owned(), value: value.to_owned(), path });
        }
    }

    /// What the page says, without markup.
    pub fn words(&self) -> String {
        let body = self.html.split_once("<body").map_or(self.html.as_str(), |(_, body)| body);
        let text: String = Tags(body).map(|(text, _, _)| format!("{text} ")).collect();
        unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Where the links of the page lead.
    pub fn links(&self) -> Vec<String> {
        links(&self.html).into_iter().map(|(_, to)| to).collect()
    }

    /// Everything that it keeps, as it goes with a request to the console.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|one| format!("{}={}", one.name, one.value)).collect::<Vec<_>>().join("; ")
    }

    /// The forms of the page.
    pub fn forms(&self) -> Vec<Shown> {
        forms(&self.html)
    }

    /// The page must say this.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.words().contains(words), "{} does not say “{words}”:\n{}", self.address, self.words());
        self
    }

    /// The page must not say this.
    #[track_caller]
    pub fn hides(&self, words: &str) -> &Self {
        assert!(!self.words().contains(words), "{} says “{words}”:\n{}", self.address, self.words());
        self
    }

    /// The page must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}:\n{}", self.address, self.words());
        self
    }

    /// What stands in the field with this label.
    #[track_caller]
    pub fn value(&self, label: &str) -> String {
        let all = self.forms();
        let found = all.iter().flat_map(|form| &form.fields).find(|one| one.label == label);
        found.unwrap_or_else(|| panic!("no field “{label}” on {}:\n{}", self.address, self.words())).value.clone()
    }
}

fn encoded(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn goes_to(cookie: &Cookie, path: &str) -> bool {
    let base = cookie.path.trim_end_matches('/');
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_sent(field: &Input) -> bool {
    match field.kind.as_str() {
        "checkbox" | "radio" => field.on,
        _ => !field.name.is_empty(),
    }
}

/// Does something with the field that has this label. Where several have it, the first that is still as it was.
fn enter(form: &mut Shown, label: &str, entry: &Entry) -> Result<(), String> {
    match entry {
        Entry::Text(text) => {
            let texts = |one: &&mut Input| one.label == label && !matches!(one.kind.as_str(), "checkbox" | "radio" | "select");
            let field = form.fields.iter_mut().find(texts).ok_or_else(|| format!("no field “{label}”"))?;
            field.value.clone_from(text);
        }
        Entry::Tick => {
            let boxes = |one: &&mut Input| one.label == label && one.kind == "checkbox";
            form.fields.iter_mut().find(boxes).ok_or_else(|| format!("no box “{label}”"))?.on = true;
        }
        Entry::Choice(answer) => {
            if let Some(list) = form.fields.iter_mut().find(|one| one.kind == "select" && one.label == label) {
                let option = list.options.iter().find(|(_, words)| words == answer);
                list.value = option.ok_or_else(|| format!("no answer “{answer}” of “{label}”"))?.0.clone();
                return Ok(());
            }
            let within = |one: &Input| one.group == label && matches!(one.kind.as_str(), "radio" | "checkbox");
            let at = form.fields.iter().position(|one| within(one) && one.label == answer.as_str());
            let at = at.ok_or_else(|| format!("no answer “{answer}” of “{label}”"))?;
            if form.fields[at].kind == "radio" {
                form.fields.iter_mut().filter(|one| within(one)).for_each(|one| one.on = false);
            }
            form.fields[at].on = true;
        }
    }
    Ok(())
}

/// The text before each tag, its name (with a slash where it closes), and its attributes.
struct Tags<'t>(&'t str);

impl<'t> Iterator for Tags<'t> {
    type Item = (&'t str, &'t str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let (text, rest) = self.0.split_once('<')?;
        let (tag, after) = rest.split_once('>')?;
        self.0 = after;
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        Some((text, name, attributes))
    }
}

/// An attribute of a tag; empty for one without a value.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let found = &rest[..end];
        rest = &rest[end..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                rest = after;
                value
            }
            None => "",
        };
        rest = rest.trim_start();
        if found == name {
            return Some(unescaped(value));
        }
    }
    None
}

fn unescaped(text: &str) -> String {
    let pairs = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

/// Words without markup, and without what only readers that speak are told.
fn plain(html: &str) -> String {
    let (mut text, mut hidden, mut left) = (String::new(), 0, html);
    for (before, name, attributes) in Tags(html) {
        if hidden == 0 {
            text.push_str(before);
        }
        match name {
            "span"
                if hidden > 0 || attribute(attributes, "class").is_some_and(|class| class == "hidden" || class == "optional") =>
            {
                hidden += 1
            }
            "/span" if hidden > 0 => hidden -= 1,
            _ => {}
        }
        left = left.split_once('>').map_or("", |(_, rest)| rest);
    }
    if hidden == 0 {
        text.push_str(left);
    }
    unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between each tag of this name and its end: attributes, inside.
fn each<'t>(html: &'t str, name: &str) -> Vec<(&'t str, &'t str)> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    for part in html.split(&open).skip(1) {
        let Some((attributes, rest)) = part.split_once('>') else { continue };
        if attributes.is_empty() || attributes.starts_with(char::is_whitespace) {
            found.push((attributes, rest.split(&close).next().unwrap_or_default()));
        }
    }
    found
}

/// Links: words, address.
fn links(html: &str) -> Vec<(String, String)> {
    each(html, "a").into_iter().filter_map(|(attributes, inner)| Some((plain(inner), attribute(attributes, "href")?))).collect()
}

fn forms(html: &str) -> Vec<Shown> {
    each(html, "form").into_iter().map(|(attributes, inner)| form(attributes, inner)).collect()
}

fn form(attributes: &str, inner: &str) -> Shown {
    let labels: HashMap<String, String> =
        each(inner, "label").into_iter().filter_map(|(at, words)| Some((attribute(at, "for")?, plain(words)))).collect();
    let mut shown = Shown {
        action: attribute(attributes, "action").unwrap_or_default(),
        upload: attribute(attributes, "enctype").is_some(),
        ..Shown::default()
    };
    let mut group = String::new();
    let mut left = inner;
    while let Some((_, rest)) = left.split_once('<') {
        let Some((tag, after)) = rest.split_once('>') else { break };
        let (name, at) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        left = after;
        match name {
            "/fieldset" => group.clear(),
            "legend" => group = plain(after.split("</legend>").next().unwrap_or_default()),
            "button" => {
                // A button is known by all its words, also those that only readers that speak are told.
                let inner = after.split("</button>").next().unwrap_or_default();
                let words = plain(&inner.replace("class=\"hidden\"", ""));
                let sends = attribute(at, "name").map(|name| (name, attribute(at, "value").unwrap_or_default()));
                shown.buttons.push((words, sends));
            }
            "input" | "textarea" | "select" => shown.fields.push(input(name, at, after, &labels, &group)),
            _ => {}
        }
    }
    shown
}

fn input(name: &str, at: &str, after: &str, labels: &HashMap<String, String>, group: &str) -> Input {
    let id = attribute(at, "id").unwrap_or_default();
    let mut field = Input {
        kind: if name == "input" { attribute(at, "type").unwrap_or_else(|| "text".into()) } else { name.to_owned() },
        name: attribute(at, "name").unwrap_or_default(),
        value: attribute(at, "value").unwrap_or_default(),
        on: attribute(at, "checked").is_some(),
        label: labels.get(&id).cloned().unwrap_or_default(),
        group: group.to_owned(),
        options: Vec::new(),
        id,
    };
    if name == "textarea" {
        let text = after.split("</textarea>").next().unwrap_or_default();
        field.value = unescaped(text.strip_prefix('\n').unwrap_or(text));
    }
    if name == "select" {
        let inner = after.split("</select>").next().unwrap_or_default();
        let options = each(inner, "option");
        field.options = options.iter().map(|(at, words)| (attribute(at, "value").unwrap_or_default(), plain(words))).collect();
        let chosen = options.iter().position(|(at, _)| attribute(at, "selected").is_some()).unwrap_or(0);
        field.value = field.options.get(chosen).map(|(value, _)| value.clone()).unwrap_or_default();
    }
    assert!(field.kind == "hidden" || !field.label.is_empty(), "a field without a label: {} {}", field.name, field.id);
    field
}
