//! A request's body, which has to arrive at a pace.

use futures_util::{Stream, stream};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use std::{io, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Between two pieces there is at most so long.
const GAP: Duration = Duration::from_secs(20);
/// The body as a whole has so long, and for every piece of this many bytes a second more.
const START: Duration = Duration::from_secs(30);
const PACE: u64 = 4096;

/// The pieces of a body. One that comes too slowly breaks off.
pub fn paced(body: Incoming) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let begun = Instant::now();
    stream::unfold((body, 0u64), move |(mut body, mut read)| async move {
        loop {
            let whole = begun + START + Duration::from_secs(read / PACE);
            let frame = match timeout_at(whole.min(Instant::now() + GAP), body.frame()).await {
                Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly")),
                Ok(None) => return None,
                Ok(Some(Err(error))) => Err(io::Error::other(error)),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => Ok(bytes),
                    // Trailers say nothing that is needed here.
                    Err(_) => continue,
                },
            };
            if let Ok(bytes) = &frame {
                read += bytes.len() as u64;
            }
            return Some((frame, (body, read)));
        }
    })
}
