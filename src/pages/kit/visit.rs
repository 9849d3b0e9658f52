//! A visit to a page: what was asked for, who asks, and what they get. The only place of the pages that speaks HTTP.

use super::{Fields, Frame, Link, Look, Page, frame, frame::NavLink};
use crate::{
    accounts::{
        self, Person,
        access::{self, Staff},
        look::Framed,
    },
    opportunities::Forms,
    platform::{
        Error, Platform, Result, Violation,
        http::{Caller, edge},
    },
    responses::submit::Submissions,
};
use entity::{OrganisationId, organisation};
use poem::{
    Body, Endpoint, EndpointExt, PathPattern, Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{CookieJarManager, CookieJarManagerEndpoint},
    web::cookie::{Cookie, CookieJar, SameSite},
};
use std::{collections::HashMap, future::Future, str::FromStr, sync::Arc};
use tokio::sync::OnceCell;

/// A form has no more bytes than this; a text answer has its own, smaller limit.
const FORM: usize = 1 << 20;

/// What pages work with.
#[derive(Clone)]
pub struct Desk {
    /// The platform.
    pub platform: Platform,
    /// Questionnaires that were read before.
    pub forms: Forms,
    /// Takes answers in.
    pub submissions: Submissions,
}

/// Whom a page is for, which decides what is said to whoever is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Everybody, or whoever holds a link.
    Open,
    /// Somebody's own pages with an organisation: `/o/:slug/me...`.
    Own,
    /// Staff.
    Console,
}

/// What a visitor gets.
pub enum Reply {
    /// A page.
    Page(Box<Page>),
    /// Another address.
    To(String),
    /// A file; its name.
    File(String, &'static str, Body),
    /// Something else, with its own headers.
    Raw(Response),
}

impl Reply {
    /// Leads to another address.
    pub fn to(address: impl Into<String>) -> Result<Self> {
        Ok(Self::To(address.into()))
    }
}

/// What stands apart in a page: its styles are inside, nothing in it runs, is loaded or is sent, and no other page may show it.
const APART: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; \
                     frame-ancestors 'self'; sandbox";

impl Reply {
    /// A document that stands apart in a page of ours.
    pub fn apart(html: String) -> Self {
        let response = Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, APART)
            .header(header::X_FRAME_OPTIONS, "SAMEORIGIN");
        Self::Raw(response.body(html))
    }
}

impl From<Page> for Reply {
    fn from(page: Page) -> Self {
        Self::Page(Box::new(page))
    }
}

/// A visit.
pub struct Visit {
    /// What pages work with.
    pub desk: Desk,
    /// What was sent.
    pub fields: Fields,
    /// What stands behind the question mark.
    pub query: Fields,
    /// The path that was asked for, without the base.
    pub path: String,
    /// Where the request comes from, for limits.
    pub source: String,
    zone: Zone,
    /// Whether it is a look at a page, and nothing sent.
    looks: bool,
    params: HashMap<String, String>,
    jar: CookieJar,
    body: std::sync::Mutex<Option<(HeaderMap, Body)>>,
    look: OnceCell<Option<(organisation::Model, Look)>>,
    nav: std::sync::Mutex<(Vec<NavLink>, Option<String>)>,
    ease: std::sync::OnceLock<Vec<Link>>,
    /// Whether the browser is to forget who was here.
    forgets: std::sync::OnceLock<()>,
}

impl Visit {
    /// The platform.
    pub fn platform(&self) -> &Platform {
        &self.desk.platform
    }

    /// A part of the address. What has not the form of such a part is no page.
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T> {
        self.params.get(name).and_then(|text| text.parse().ok()).ok_or(Error::NotFound("page"))
    }

    /// A part of the address as text.
    pub fn word(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// An address on these pages, as a browser asks for it.
    pub fn at(&self, rest: impl AsRef<str>) -> String {
        format!("{}{}", self.platform().config.public_path(), rest.as_ref())
    }

    /// The organisation that the address names as `:slug`, with its look.
    pub async fn organisation(&self) -> Result<&organisation::Model> {
        self.looked().await?.as_ref().map(|(organisation, _)| organisation).ok_or(Error::NotFound("organisation"))
    }

    async fn looked(&self) -> Result<&Option<(organisation::Model, Look)>> {
        let find = || async {
            let slug = self.word("slug");
            if slug.is_empty() {
                return Ok(None);
            }
            let found = accounts::look::by_slug(self.platform().db.read(), slug).await?;
            Ok::<_, Error>(Some(self.framed(found)))
        };
        self.look.get_or_try_init(find).await
    }

    fn framed(&self, found: Framed) -> (organisation::Model, Look) {
        let look = Look::of(self.platform().config.public_path(), &found);
        (found.organisation, look)
    }

    /// Says whose pages these are, where the address does not.
    pub async fn belongs_to(&self, organisation: OrganisationId) -> Result<()> {
        let found = accounts::look::by_id(self.platform().db.read(), organisation).await?;
        let _ = self.look.set(Some(self.framed(found)));
        Ok(())
    }

    /// Where one can go from this page, and where one signs out.
    pub fn nav(&self, links: Vec<NavLink>, sign_out: Option<String>) {
        *self.nav.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = (links, sign_out);
    }

    /// What is one action away on each of somebody's own pages.
    pub fn ease(&self, links: Vec<Link>) {
        let _ = self.ease.set(links);
    }

    /// Whoever is signed in with this organisation.
    pub async fn person(&self) -> Result<Person> {
        let organisation = self.organisation().await?.id;
        let person = access::person(self.platform(), &self.caller("person")?).await?;
        if person.organisation == organisation { Ok(person) } else { Err(Error::SignInNeeded) }
    }

    /// The member of staff who is signed in.
    pub async fn staff(&self) -> Result<Staff> {
        access::staff(self.platform(), &self.staff_caller()?).await
    }

    /// The token of the member of staff who is signed in, for verbs that ask what it opens.
    pub fn staff_caller(&self) -> Result<Caller> {
        self.caller("staff")
    }

    fn caller(&self, cookie: &str) -> Result<Caller> {
        Ok(Caller::with(self.cookie(cookie).ok_or(Error::SignInNeeded)?))
    }

    /// The name of a cookie: behind TLS browsers refuse to let anything else set one that begins so.
    fn cookie_name(&self, name: &str) -> String {
        let safe = self.platform().config.public_url.starts_with("https://");
        if safe { format!("__Secure-{name}") } else { name.to_owned() }
    }

    /// What a cookie of ours holds.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.get(&self.cookie_name(name)).map(|cookie| cookie.value_str().to_owned())
    }

    /// Lets the browser keep something that goes to one path alone, and to no other site's requests.
    pub fn keep(&self, name: &str, value: impl Into<String>, path: &str) {
        let mut cookie = Cookie::new_with_str(self.cookie_name(name), value.into());
        cookie.set_http_only(true);
        // Lax, so that somebody who comes from a letter is still signed in; whatever changes something is a POST, and those
        // of other sites come without it.
        cookie.set_same_site(SameSite::Lax);
        cookie.set_secure(self.platform().config.public_url.starts_with("https://"));
        cookie.set_path(self.at(path));
        self.jar.add(cookie);
    }

    /// Lets the browser forget it, and with it who was here.
    pub fn forget(&self, name: &str, path: &str) {
        self.let_go(name, path);
        let _ = self.forgets.set(());
    }

    /// Takes back what a browser was to keep for a while.
    pub fn let_go(&self, name: &str, path: &str) {
        let mut cookie = Cookie::named(self.cookie_name(name));
        cookie.set_path(self.at(path));
        cookie.make_removal();
        self.jar.add(cookie);
    }

    /// Counts a try of `what` from where this request comes from. Answers under which name it is counted.
    pub fn slow_down(&self, what: &str) -> Result<String> {
        let (platform, source) = (self.platform(), format!("{what} {}", self.source));
        platform.limits.allow(&platform.clock, &source, platform.config.sign_in_limit)?;
        Ok(source)
    }

    /// What was sent, where it is no form that was read already.
    pub fn take_body(&self) -> Option<(HeaderMap, Body)> {
        self.body.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    /// Whether Easy Read was asked for.
    pub fn easy(&self) -> bool {
        self.query.text("format") == "easy"
    }

    async fn frame(&self) -> Frame {
        let look = self.looked().await.ok().cloned().flatten().map(|(_, look)| look);
        let (nav, sign_out) = self.nav.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let look = match self.zone {
            // Only those who belong to an organisation see in the console whose pages these are.
            Zone::Console => look.filter(|_| !nav.is_empty()).map(|look| Look {
                home: self.at(format!("/console/{}", self.word("slug"))),
                exit: None,
                ..look
            }),
            Zone::Open | Zone::Own => look,
        };
        Frame {
            base: self.platform().config.public_path().to_owned(),
            look,
            nav,
            ease: self.ease.get().cloned().unwrap_or_default(),
            sign_out,
        }
    }
}

/// A page that is looked at.
pub fn ask<F, Fut>(desk: &Desk, zone: Zone, page: F) -> CookieJarManagerEndpoint<Door<F>>
where
    F: Fn(Arc<Visit>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    Door { desk: desk.clone(), zone, page, reads: Reads::Nothing }.with(CookieJarManager::new())
}

/// A page to which a form is sent.
pub fn act<F, Fut>(desk: &Desk, zone: Zone, page: F) -> CookieJarManagerEndpoint<Door<F>>
where
    F: Fn(Arc<Visit>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    Door { desk: desk.clone(), zone, page, reads: Reads::Form }.with(CookieJarManager::new())
}

/// A page to which a file is sent, with fields around it. See [`Visit::take_body`].
pub fn take_file<F, Fut>(desk: &Desk, zone: Zone, page: F) -> CookieJarManagerEndpoint<Door<F>>
where
    F: Fn(Arc<Visit>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    Door { desk: desk.clone(), zone, page, reads: Reads::Raw }.with(CookieJarManager::new())
}

/// A page to which mail programs send a form as well, wherever they are and however it is written: by a link that proves itself,
/// without cookies (RFC 8058, 3.2). Of a form that is none of ours it has no fields.
pub fn act_from_anywhere<F, Fut>(desk: &Desk, zone: Zone, page: F) -> CookieJarManagerEndpoint<Door<F>>
where
    F: Fn(Arc<Visit>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    Door { desk: desk.clone(), zone, page, reads: Reads::Anything }.with(CookieJarManager::new())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Nothing,
    Form,
    Raw,
    Anything,
}

/// Turns a request into a [`Visit`], and a [`Reply`] into a response.
pub struct Door<F> {
    desk: Desk,
    zone: Zone,
    page: F,
    reads: Reads,
}

impl<F, Fut> Endpoint for Door<F>
where
    F: Fn(Arc<Visit>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let mut visit = Visit::of(&self.desk, self.zone, &request);
        let pattern = request.data::<PathPattern>().map(|pattern| pattern.0.clone());
        let mut answer = pattern.map_or(Ok(()), |pattern| edge::slow_down_at(&request, &pattern));
        if answer.is_ok() && matches!(self.reads, Reads::Form | Reads::Raw) {
            answer = from_our_page(&self.desk.platform, &request);
        }
        if answer.is_ok() {
            answer = read(&mut visit, self.reads, &mut request).await;
        }
        let visit = Arc::new(visit);
        let reply = match answer {
            Ok(()) => (self.page)(visit.clone()).await,
            Err(error) => Err(error),
        };
        let mut response = visit.respond(reply).await;
        if visit.forgets.get().is_some() {
            // Not the cookies: that would take those of other programs on the same host along.
            response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
        }
        Ok(response)
    }
}

/// Reads what was sent, as far as the page wants it read.
async fn read(visit: &mut Visit, reads: Reads, request: &mut Request) -> Result<()> {
    match reads {
        Reads::Nothing => {}
        Reads::Raw => {
            let headers = request.headers().clone();
            visit.body = std::sync::Mutex::new(Some((headers, request.take_body())));
        }
        Reads::Form | Reads::Anything => {
            let kind = request.content_type().unwrap_or_default();
            // A button alone sends no form.
            if !(kind.is_empty() || kind.starts_with("application/x-www-form-urlencoded")) {
                let refused = Err(Error::WrongType("application/x-www-form-urlencoded"));
                return if reads == Reads::Anything { Ok(()) } else { refused };
            }
            let bytes = request.take_body().into_bytes_limit(FORM).await.map_err(|error| match error {
                poem::error::ReadBodyError::PayloadTooLarge => Error::TooLarge(FORM),
                _ => Error::Malformed(Violation::new("", "body", "What was sent broke off. Please send it again.")),
            })?;
            visit.fields = Fields::read(&bytes);
        }
    }
    Ok(())
}

impl Visit {
    fn of(desk: &Desk, zone: Zone, request: &Request) -> Self {
        let params = request.path_params::<HashMap<String, String>>().unwrap_or_default();
        Self {
            desk: desk.clone(),
            fields: Fields::default(),
            query: Fields::read(request.uri().query().unwrap_or_default().as_bytes()),
            path: request.uri().path().to_owned(),
            source: edge::source(request),
            zone,
            looks: matches!(*request.method(), Method::GET | Method::HEAD),
            params,
            jar: request.cookie().clone(),
            body: std::sync::Mutex::default(),
            look: OnceCell::new(),
            nav: std::sync::Mutex::default(),
            ease: std::sync::OnceLock::new(),
            forgets: std::sync::OnceLock::new(),
        }
    }

    async fn respond(&self, reply: Result<Reply>) -> Response {
        match reply {
            Ok(Reply::Page(page)) => self.write(&page).await,
            Ok(Reply::To(address)) => {
                Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, address).finish()
            }
            Ok(Reply::File(name, kind, body)) => Response::builder()
                .content_type(kind)
                .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
                .body(body),
            Ok(Reply::Raw(response)) => response,
            Err(Error::SignInNeeded) if self.zone != Zone::Open => {
                let address = match self.zone {
                    Zone::Console => self.at(format!("/console/sign-in?next={}", escaped(&self.path))),
                    // Some pages can only be sent to; and to the first of one's own a sign-in leads anyway.
                    _ if self.looks && !self.path.ends_with("/me") => {
                        self.at(format!("/o/{}/sign-in?next={}", self.word("slug"), escaped(&self.path)))
                    }
                    _ => self.at(format!("/o/{}/sign-in", self.word("slug"))),
                };
                let typed = self.typed();
                if !typed.is_empty() {
                    return self.write(&super::told::signed_out(Some(address), typed)).await;
                }
                Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, address).finish()
            }
            Err(Error::SignInNeeded) if !self.typed().is_empty() => {
                self.write(&super::told::signed_out(None, self.typed())).await
            }
            Err(error) => self.tell(&error).await,
        }
    }

    /// Texts that somebody has written into a form: long enough that nobody likes to write them again.
    pub fn typed(&self) -> Vec<String> {
        let written = |(name, value): &&(String, String)| !name.contains("password") && value.split_whitespace().count() > 2;
        self.fields.0.iter().filter(written).map(|(_, value)| value.clone()).collect()
    }

    /// A page that tells what did not work.
    async fn tell(&self, error: &Error) -> Response {
        if matches!(error, Error::Bug(_) | Error::Unavailable(_)) {
            tracing::error!(error = %error, "a page could not be made");
        }
        let mut response = self.write(&frame::page(error, self.zone)).await;
        if let Error::TooMany { wait, .. } = error {
            response.headers_mut().insert(header::RETRY_AFTER, (*wait).into());
        }
        response
    }

    async fn write(&self, page: &Page) -> Response {
        let frame = self.frame().await;
        match page.render(&frame) {
            Ok(text) => Response::builder()
                .status(page.status)
                .content_type("text/html; charset=utf-8")
                .header(header::CONTENT_SECURITY_POLICY, frame.policy_of(page))
                .body(text),
            Err(error) => {
                tracing::error!(error = %error, "a page could not be written");
                Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).finish()
            }
        }
    }
}

/// A text as a part of an address.
pub fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Refuses a form that another site has sent. Browsers say where a form comes from; because our pages ask them to tell
/// other sites nothing, some name no origin.
pub fn from_our_page(platform: &Platform, request: &Request) -> Result<()> {
    let ours = platform.config.public_origin();
    let fine = match (request.header("sec-fetch-site"), request.header("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == "null" || origin.eq_ignore_ascii_case(ours),
        (None, None) => true,
    };
    if fine { Ok(()) } else { Err(Error::Forbidden("Please answer on our own page.".into())) }
}
