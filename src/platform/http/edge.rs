//! Around every request: a number to find it by, security headers, a log line and counters that hold no personal data.
//!
//! Logs and counters name the route's pattern, never its path: paths can hold tokens.

use crate::platform::{
    Config, Platform,
    error::{Error, Result as Answer, Violation},
    http::limits,
    net,
    secret::sha256,
};
use hyper::body::Bytes;
use poem::{
    Endpoint, EndpointExt, IntoResponse, Middleware, PathPattern, Request, Response, Result, RouteMethod,
    endpoint::BoxEndpoint,
    http::{HeaderMap, HeaderValue, Method},
};
use poem_openapi::{
    OpenApi, OperationId,
    registry::{MetaApi, Registry},
};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, Once, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// Upper ends of the latency buckets, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0];

/// Counts of requests by operation and status.
#[derive(Clone, Default)]
pub struct Traffic(Arc<Mutex<BTreeMap<(String, u16), Seen>>>);

#[derive(Clone, Default)]
struct Seen {
    count: u64,
    seconds: f64,
    buckets: [u64; BUCKETS.len()],
}

impl Traffic {
    fn count(&self, operation: &str, status: u16, took: Duration) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry((operation.to_owned(), status)).or_default();
        let seconds = took.as_secs_f64();
        seen.count += 1;
        seen.seconds += seconds;
        for (end, bucket) in BUCKETS.iter().zip(&mut seen.buckets) {
            *bucket += u64::from(seconds <= *end);
        }
    }

    /// The counters in Prometheus's text form.
    pub fn render(&self) -> String {
        use std::fmt::Write;
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::from(
            "# HELP alongside_request_seconds Time to answer, by operation and status.\n# TYPE alongside_request_seconds histogram\n",
        );
        for ((operation, status), seen) in seen {
            let labels = format!("operation=\"{operation}\",status=\"{status}\"");
            for (end, bucket) in BUCKETS.iter().zip(seen.buckets) {
                let _ = writeln!(text, "alongside_request_seconds_bucket{{{labels},le=\"{end}\"}} {bucket}");
            }
            let _ = writeln!(text, "alongside_request_seconds_bucket{{{labels},le=\"+Inf\"}} {}", seen.count);
            let _ = writeln!(text, "alongside_request_seconds_sum{{{labels}}} {}", seen.seconds);
            let _ = writeln!(text, "alongside_request_seconds_count{{{labels}}} {}", seen.count);
        }
        text
    }
}

/// The middleware.
pub struct Edge {
    /// Where requests are counted.
    pub traffic: Traffic,
    /// Numbers requests.
    pub platform: Platform,
}

impl<E: Endpoint> Middleware<E> for Edge {
    type Output = EdgeEndpoint<E>;
    fn transform(&self, inner: E) -> Self::Output {
        EdgeEndpoint { inner, traffic: self.traffic.clone(), platform: self.platform.clone() }
    }
}

/// See [`Edge`].
pub struct EdgeEndpoint<E> {
    inner: E,
    traffic: Traffic,
    platform: Platform,
}

impl<E: Endpoint> Endpoint for EdgeEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let id: uuid::Uuid = self.platform.clock.new_id();
        let (started, method) = (Instant::now(), request.method().clone());
        let _waiting = self.platform.callers.enter(!method.is_safe());
        let span = self.platform.traces.request(known(&method), traceparent(&self.platform.config, &request));
        request.extensions_mut().insert(self.platform.clone());
        let mut response = match span.within(limits::one_request(self.inner.call(request))).await {
            Ok(response) => response.into_response(),
            Err(error) => error.into_response(),
        };
        if method == Method::HEAD {
            // What GET would answer, without its body, also where something is wrong.
            response.set_body(());
        }
        let took = started.elapsed();
        let pattern = response.data::<PathPattern>().map(|pattern| pattern.0.to_string());
        let operation = response.data::<OperationId>().map(|operation| operation.0.to_owned());
        let operation = operation.or(pattern).unwrap_or_else(|| "unknown".into());
        let status = response.status().as_u16();
        self.traffic.count(&operation, status, took);
        span.answered(&operation, status);
        tracing::info!(request = %id, method = known(&method), operation, status, micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "request");
        let headers = response.headers_mut();
        protect(headers, &self.platform.config);
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            headers.insert("x-request-id", id);
        }
        Ok(response)
    }
}

/// The name of a method. Callers can make up others, of any length, and those are theirs and not the log's.
fn known(method: &Method) -> &str {
    let name = method.as_str();
    if matches!(name, "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") { name } else { "other" }
}

/// What browsers are asked to do with every answer: take it for what it says it is, keep nothing, tell nobody where one came
/// from, let no other site show or load it, and come back by TLS alone where there is TLS.
fn protect(headers: &mut HeaderMap, config: &Config) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if config.public_url.starts_with("https://") {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert("strict-transport-security", two_years);
    }
    // A letter that is looked at stands in a page of ours.
    headers.entry("x-frame-options").or_insert(HeaderValue::from_static("DENY"));
    let policy = HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
    headers.entry("content-security-policy").or_insert(policy);
    headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
}

/// Lets requests in that can be read and do not come too often, and gives those up that are not answered in time, their bodies
/// included. It stands within the edge and within what tells people of problems.
pub fn admitting(inner: impl Endpoint + 'static, platform: &Platform) -> BoxEndpoint<'static> {
    let most = Duration::from_secs(platform.config.request_seconds);
    inner.map_to_response().around(move |inner, request| admitted(inner, request, most)).boxed()
}

async fn admitted(inner: Arc<impl Endpoint<Output = Response>>, request: Request, most: Duration) -> Result<Response> {
    legible(&request)?;
    if let Some(platform) = request.data::<Platform>() {
        slow_down(platform, &request)?;
    }
    tokio::time::timeout(most, inner.call(request)).await.unwrap_or_else(|_| {
        Err(Error::unavailable(format!("a request was not answered within {} seconds", most.as_secs())).into())
    })
}

/// Refuses headers that the framework would take for absent because they are not text: what they ask for would be left out
/// without a word.
fn legible(request: &Request) -> Answer<()> {
    for name in ["Idempotency-Key", "If-Match"] {
        if request.headers().get_all(name).iter().any(|value| value.to_str().is_err()) {
            return Err(Error::Malformed(Violation::new(name, "form", "Use visible ASCII characters.")));
        }
    }
    Ok(())
}

/// Refuses a place that asks too often. What a health check asks costs nothing and is not counted.
fn slow_down(platform: &Platform, request: &Request) -> Answer<()> {
    let (most, path) = (platform.config.request_limit, request.uri().path());
    let Some(address) = address_of(&platform.config, request) else { return Ok(()) };
    if matches!(path, "/healthz" | "/readyz" | "/metrics") {
        return Ok(());
    }
    platform.limits.allow_request(&platform.clock, &format!("all {}", net::prefix(address)), most)
}

/// Refuses a place that asks too often at one address. That address is a pattern of ours and never the path, of which callers
/// could make up as many as they like.
pub fn slow_down_at(request: &Request, pattern: &str) -> Answer<()> {
    let Some(platform) = request.data::<Platform>() else { return Ok(()) };
    let Some(address) = address_of(&platform.config, request) else { return Ok(()) };
    let at = format!("route {} {} {pattern}", net::prefix(address), known(request.method()));
    platform.limits.allow_request(&platform.clock, &at, platform.config.request_limit.div_ceil(2))
}

/// Operations whose every address is counted by itself. See [`slow_down_at`].
pub struct Counted<T>(pub T);

impl<T: OpenApi> OpenApi for Counted<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let mut own = HashMap::new();
        self.0.add_routes(&mut own);
        for (path, by_method) in own {
            let pattern: Arc<str> = format!("/api{path}").into();
            let counted = by_method.into_iter().map(|(method, inner)| {
                let pattern = pattern.clone();
                let count = move |request: Request| {
                    let answer = slow_down_at(&request, &pattern);
                    async move { answer.map(|()| request).map_err(poem::Error::from) }
                };
                (method, inner.before(count).map_to_response().boxed())
            });
            routes.entry(path).or_default().extend(counted);
        }
    }
}

/// Where a request comes from: the peer, or what a named proxy says of it.
pub fn source(request: &Request) -> String {
    let address = request.data::<Platform>().and_then(|platform| address_of(&platform.config, request));
    address.map_or_else(|| "unknown".into(), prefix)
}

fn address_of(config: &Config, request: &Request) -> Option<IpAddr> {
    let peer = request.remote_addr().as_socket_addr()?.ip();
    let trusted = config.trusted_proxies.as_slice();
    if !net::is_in(trusted, peer) && request.headers().contains_key("x-forwarded-for") {
        // Once: whoever has no proxy, and meets a caller who pretends, need not read it again and again.
        static TOLD: Once = Once::new();
        TOLD.call_once(|| {
            tracing::warn!(
                "a proxy that ALONGSIDE_TRUSTED_PROXIES does not name passes requests on; all its callers share one limit"
            );
        });
    }
    Some(behind(peer, trusted, request.headers()))
}

/// The address that the outermost named proxy saw. From the right: each named proxy has added the address it saw, on the
/// same line or on one of its own; what stands further left, anybody may have written.
fn behind(peer: IpAddr, trusted: &[ipnet::IpNet], headers: &HeaderMap) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or_default());
    let parts: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    let mut source = peer;
    for part in parts.into_iter().rev() {
        if !net::is_in(trusted, source) {
            break;
        }
        match part.trim().parse::<IpAddr>() {
            Ok(address) => source = address,
            Err(_) => break,
        }
    }
    source
}

/// The trace that a named proxy has begun. Whoever else sends one would have us write down their words.
fn traceparent<'a>(config: &Config, request: &'a Request) -> Option<&'a str> {
    let peer = request.remote_addr().as_socket_addr()?.ip();
    let mut lines = request.headers().get_all("traceparent").iter();
    let (first, second) = (lines.next()?, lines.next());
    if second.is_none() && net::is_in(&config.trusted_proxies, peer) { first.to_str().ok() } else { None }
}

/// Lets those through who may read the counters: with the token, where there is one; else from the same computer, and not
/// through a proxy there.
pub fn may_measure(config: &Config, request: &Request) -> Answer<()> {
    if config.metrics_token.is_empty() {
        let peer = request.remote_addr().as_socket_addr().map(|address| address.ip());
        let near = peer.is_some_and(|peer| peer.is_loopback());
        let passed_on =
            ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| request.headers().contains_key(*name));
        let detail = "Only callers on the same computer see this, or with the token of ALONGSIDE_METRICS_TOKEN.";
        return if near && !passed_on { Ok(()) } else { Err(Error::Forbidden(detail.to_owned())) };
    }
    if bearer_is(request, &config.metrics_token) { Ok(()) } else { Err(Error::SignInNeeded) }
}

/// Whether a request brings this token.
pub fn bearer_is(request: &Request, token: &str) -> bool {
    let given = request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    // Hashes take the same time to compare, wherever they begin to differ.
    sha256(given.trim().as_bytes()) == sha256(token.as_bytes())
}

/// An IPv4 address, or the /64 of an IPv6 address: one household or office.
fn prefix(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let parts = address.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", parts[0], parts[1], parts[2], parts[3])
        }
    }
}

/// A page.
pub fn html(text: String) -> Response {
    Response::builder().content_type("text/html; charset=utf-8").body(text)
}

/// A route that answers GET with a text that is made when somebody first asks for it: most servers are never asked.
pub fn lazy(content_type: &'static str, make: impl Fn() -> String + Send + Sync + 'static) -> RouteMethod {
    let text: OnceLock<Bytes> = OnceLock::new();
    poem::get(poem::endpoint::make_sync(move |_| {
        let text = text.get_or_init(|| make().into()).clone();
        Response::builder().content_type(content_type).body(text)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nobody_chooses_the_address_by_which_they_are_counted() {
        let trusted = [net::read("10.0.0.1").unwrap(), net::read("10.0.0.2/31").unwrap()];
        let source = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            behind(address(peer), &trusted, &headers).to_string()
        };
        assert_eq!(source("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        // The proxy adds a line of its own below the one that the caller has made up.
        assert_eq!(source("10.0.0.1", &["198.51.100.1", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(source("10.0.0.1", &["198.51.100.1, 203.0.113.7, 10.0.0.2"]), "203.0.113.7");
        assert_eq!(source("10.0.0.1", &["198.51.100.1", "203.0.113.7", "10.0.0.2"]), "203.0.113.7");
        assert_eq!(source("203.0.113.7", &["198.51.100.1"]), "203.0.113.7", "nobody who is named has said so");
        assert_eq!(source("10.0.0.1", &["198.51.100.1", "nonsense"]), "10.0.0.1");
    }

    #[test]
    fn counters_are_for_the_same_computer_or_for_the_token() {
        use poem::{
            Addr, RequestParts,
            http::{self, uri::Scheme},
            web::{LocalAddr, RemoteAddr},
        };
        let from = |peer: &str, headers: &[(&'static str, &str)]| {
            let mut parts = http::Request::new(()).into_parts().0;
            for (name, value) in headers {
                parts.headers.insert(*name, value.parse().unwrap());
            }
            let peer = RemoteAddr(Addr::SocketAddr((address(peer), 1).into()));
            Request::from_parts(RequestParts::from((parts, LocalAddr::default(), peer, Scheme::HTTP)), poem::Body::empty())
        };
        let config = |token: &str| Config::read([("ALONGSIDE_METRICS_TOKEN".to_owned(), token.to_owned())]).unwrap();
        let open = config("");
        assert!(may_measure(&open, &from("127.0.0.1", &[])).is_ok());
        assert!(may_measure(&open, &from("203.0.113.7", &[])).is_err());
        assert!(may_measure(&open, &from("127.0.0.1", &[("x-forwarded-for", "203.0.113.7")])).is_err());
        let closed = config("a word of its own");
        assert!(may_measure(&closed, &from("127.0.0.1", &[])).is_err());
        assert!(may_measure(&closed, &from("203.0.113.7", &[("authorization", "Bearer a word of its ow")])).is_err());
        assert!(may_measure(&closed, &from("203.0.113.7", &[("authorization", "Bearer a word of its own")])).is_ok());
    }
}
