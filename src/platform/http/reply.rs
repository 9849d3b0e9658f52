//! Answers: JSON with its status, and the headers that go with it.

use crate::platform::error::{Error, Result};
use futures_util::Stream;
use poem::{Body as PoemBody, IntoResponse, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::{ToJSON, Type},
};
use std::marker::PhantomData;

/// A JSON answer with status `S`. It holds the finished text, so that it can be kept and given again.
pub struct Reply<T, const S: u16> {
    pub(super) body: String,
    pub(super) location: Option<String>,
    pub(super) etag: Option<String>,
    of: PhantomData<fn() -> T>,
}

/// 200.
pub type Fine<T> = Reply<T, 200>;
/// 201, with the address of what was made.
pub type Created<T> = Reply<T, 201>;
/// 202: it will be done.
pub type Accepted<T> = Reply<T, 202>;

impl<T: ToJSON, const S: u16> Reply<T, S> {
    /// The answer of a value.
    pub fn new(value: &T) -> Self {
        Self::raw(value.to_json_string())
    }
}

impl<T, const S: u16> Reply<T, S> {
    /// An answer that was made before.
    pub fn raw(body: String) -> Self {
        Self { body, location: None, etag: None, of: PhantomData }
    }

    /// Where what was made can be read.
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.location = Some(path.into());
        self
    }

    /// Which version this is.
    pub fn version(mut self, version: i32) -> Self {
        self.etag = Some(super::etag::of(version));
        self
    }
}

impl<T, const S: u16> IntoResponse for Reply<T, S> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(S).unwrap_or(StatusCode::OK);
        let mut response = Response::builder().status(status).content_type("application/json; charset=utf-8");
        if let Some(location) = self.location {
            response = response.header("Location", location);
        }
        if let Some(etag) = self.etag {
            response = response.header("ETag", etag);
        }
        response.body(self.body)
    }
}

impl<T: Type, const S: u16> ApiResponse for Reply<T, S> {
    fn meta() -> MetaResponses {
        let header = |name: &str, description: &str| MetaHeader {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            required: false,
            deprecated: false,
            schema: String::schema_ref(),
        };
        let mut headers = vec![header("ETag", "The version, for `If-Match`.")];
        if S == 201 {
            headers.push(header("Location", "Where what was made can be read."));
        }
        MetaResponses {
            responses: vec![MetaResponse {
                description: match S {
                    201 => "It was made.",
                    202 => "It will be done; the answer tells where to look.",
                    _ => "The answer.",
                },
                status: Some(S),
                status_range: None,
                content: vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }],
                headers,
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// 204: done, nothing to say.
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for NoContent {
    fn meta() -> MetaResponses {
        let response =
            MetaResponse { description: "Done.", status: Some(204), status_range: None, content: vec![], headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(_: &mut Registry) {}
}

/// What an endpoint without content answers.
pub type Done = Result<NoContent, Error>;

/// A download that is written while it is read from the database.
pub struct Streamed {
    name: String,
    content_type: &'static str,
    body: PoemBody,
}

impl Streamed {
    /// A download called `name`.
    pub fn new(
        name: impl Into<String>,
        content_type: &'static str,
        rows: impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static,
    ) -> Self {
        Self { name: name.into(), content_type, body: PoemBody::from_bytes_stream(rows) }
    }
}

impl IntoResponse for Streamed {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type(self.content_type)
            .header("Content-Disposition", format!("attachment; filename=\"{}\"", self.name))
            .body(self.body)
    }
}

impl ApiResponse for Streamed {
    fn meta() -> MetaResponses {
        let content = |content_type| MetaMediaType {
            content_type,
            schema: MetaSchemaRef::Inline(Box::new(poem_openapi::registry::MetaSchema::new_with_format("string", "binary"))),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The file, streamed.",
                status: Some(200),
                status_range: None,
                content: vec![content("text/csv"), content("application/x-ndjson")],
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

/// A stream of server-sent events whose data is JSON.
pub struct Events<T> {
    body: PoemBody,
    of: PhantomData<fn() -> T>,
}

impl<T> Events<T> {
    /// Events as they are written: with their names, ids and blank lines.
    pub fn new(lines: impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static) -> Self {
        Self { body: PoemBody::from_bytes_stream(lines), of: PhantomData }
    }
}

impl<T> IntoResponse for Events<T> {
    fn into_response(self) -> Response {
        // Proxies that gather an answer before they pass it on would gather for ever.
        Response::builder().content_type("text/event-stream").header("X-Accel-Buffering", "no").body(self.body)
    }
}

impl<T: Type> ApiResponse for Events<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The events, one after another; this is the data of each.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType { content_type: "text/event-stream", schema: T::schema_ref() }],
                headers: vec![],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}
