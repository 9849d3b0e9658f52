//! Connections: taken, bounded, and cut off when they hold what others need.
//!
//! Whoever sends slowly, reads slowly or opens many connections keeps nothing from anybody else: the head of a request has to
//! arrive in time, its body at a pace, an answer has to be taken, one place has so many connections, and when there are as
//! many as there may be, the one that has waited longest without asking anything makes room. The framework's own server
//! knows none of these, so its endpoint is served by hyper here.

mod body;
mod held;
mod paced;

use crate::platform::{Config, tasks::Tasks};
use held::Held;
use http_body_util::BodyExt;
use hyper::{
    Request as Incoming,
    body::{Body, Incoming as IncomingBody},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use paced::{Paced, Phase};
use poem::{
    Endpoint, EndpointExt, Request, RequestParts, Response,
    endpoint::BoxEndpoint,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// A connection that asks nothing for so long is closed.
const IDLE: Duration = Duration::from_secs(75);
/// An answer of which nothing is taken for so long is given up.
const STALL: Duration = Duration::from_secs(60);
/// After a connection could not be taken (no file left to open) the next try waits so long.
const BREATH: Duration = Duration::from_millis(100);
/// A head has at most so many lines.
const HEADERS: usize = 64;
/// And is at most so long; at the same time the room for what was read and not yet used.
const HEAD: usize = 32 * 1024;

/// What a connection may take.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The head of a request has to be there after so long.
    pub head: Duration,
    /// Connections at the same time.
    pub connections: usize,
    /// Connections from one place at the same time.
    pub each: usize,
    /// Who passes the requests of many on, and has no bound of its own.
    pub proxies: Vec<IpNet>,
}

impl Bounds {
    /// As the operator has set them.
    pub fn of(config: &Config) -> Self {
        Self {
            head: Duration::from_secs(config.head_seconds),
            connections: config.connections,
            each: config.connections_each,
            proxies: config.trusted_proxies.clone(),
        }
    }
}

/// Serves an endpoint until the tasks are asked to end; then requests under way have `grace` to be answered.
pub async fn serve(listener: TcpListener, endpoint: BoxEndpoint<'static>, bounds: Bounds, tasks: &Tasks, grace: Duration) {
    let (served, cut) = (Tasks::new(), CancellationToken::new());
    let held = Held::new(bounds.connections, bounds.each, bounds.proxies.clone());
    let endpoint = Arc::new(endpoint.map_to_response());
    let local = listener.local_addr().ok();
    loop {
        let accepted = tokio::select! {
            () = tasks.stopping() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let Some(place) = held.admit(peer.ip()) else { continue };
        // It fails for a caller who has gone already; that shows soon enough.
        let _ = stream.set_nodelay(true);
        let (endpoint, bounds, stop, cut) = (endpoint.clone(), bounds.clone(), served.clone(), cut.clone());
        served.spawn(async move {
            let connection = connection(stream, (local, peer), endpoint, &bounds, place, stop);
            tokio::select! {
                () = connection => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    served.stop();
    if tokio::time::timeout(grace, served.finished()).await.is_err() {
        cut.cancel();
        served.finished().await;
    }
}

/// Serves one connection.
async fn connection(
    stream: TcpStream,
    (local, peer): (Option<SocketAddr>, SocketAddr),
    endpoint: Arc<impl Endpoint<Output = Response> + 'static>,
    bounds: &Bounds,
    place: held::Place,
    stop: Tasks,
) {
    let phase = place.phase();
    let io = Paced::new(stream, phase.clone(), bounds.head, IDLE, STALL);
    let service = service_fn(move |request: Incoming<IncomingBody>| {
        let (endpoint, phase) = (endpoint.clone(), phase.clone());
        async move {
            phase.set(Phase::BUSY);
            let request = readable(request, local, peer);
            let answer = endpoint.get_response(request).await;
            let ending = Ending(phase);
            // The frames keep it until hyper has let the last one go.
            let answer = hyper::Response::from(answer).map(|body| {
                body.map_frame(move |frame| {
                    let _until = &ending;
                    frame
                })
            });
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Heads are timed where bytes arrive, apart from the pause between two requests.
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(io), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = place.asked_to_go() => return,
        () = stop.stopping() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A request as the framework takes it, with a body that has to arrive at a pace.
fn readable(request: Incoming<IncomingBody>, local: Option<SocketAddr>, peer: SocketAddr) -> Request {
    let (parts, body) = request.into_parts();
    let local = local.map(|address| LocalAddr(address.into())).unwrap_or_default();
    let parts = RequestParts::from((parts, local, RemoteAddr(peer.into()), Scheme::HTTP));
    let body = if body.is_end_stream() { poem::Body::empty() } else { poem::Body::from_bytes_stream(body::paced(body)) };
    Request::from_parts(parts, body)
}

/// An answer under way. When it is over, the next request may begin.
struct Ending(Phase);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.set(Phase::ANSWERED);
    }
}
