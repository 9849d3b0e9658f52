//! RFC 9457 problems: the only place that makes an error response.

use crate::platform::error::{Error, Violation};
use poem::{IntoResponse, Response, error as poem_error, http::StatusCode};
use poem_openapi::{
    ApiResponse, Object,
    error::{AuthorizationError, ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ToJSON, Type},
};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// What every `type` begins with; the rest is one of [`KINDS`].
pub const TYPE_BASE: &str = "https://alongside.example/problems/";

/// Every kind of problem: stable name, status, title.
pub const KINDS: &[(&str, u16, &str)] = &[
    ("malformed", 400, "The request has the wrong form"),
    ("sign-in-needed", 401, "Sign in first"),
    ("forbidden", 403, "You may not do this"),
    ("not-found", 404, "There is nothing here"),
    ("method-not-allowed", 405, "This address does not take that method"),
    ("conflict", 409, "This does not fit what is there"),
    ("gone", 410, "This has ended"),
    ("stale", 412, "Somebody has changed this since you read it"),
    ("too-large", 413, "The body is too large"),
    ("wrong-type", 415, "The body has the wrong type"),
    ("invalid", 422, "Something in the request is not right"),
    ("version-needed", 428, "Say which version you have read"),
    ("too-many", 429, "Too many requests"),
    ("bug", 500, "Something went wrong on our side"),
    ("unavailable", 503, "This is not available right now"),
];

/// A problem, as RFC 9457 lays it out.
#[derive(Object)]
pub struct Problem {
    /// A stable address that names the kind of problem.
    #[oai(rename = "type")]
    r#type: String,
    /// The kind of problem in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened here, and what to do.
    detail: String,
    /// The address of what was kept, where work broke off on the way.
    #[oai(skip_serializing_if_is_none)]
    instance: Option<String>,
    /// A stable word for conflicts.
    #[oai(skip_serializing_if_is_none)]
    code: Option<String>,
    /// Everything that is wrong or missing, each with the place it is about.
    #[oai(skip_serializing_if_is_none)]
    errors: Option<Vec<ProblemItem>>,
}

/// One thing that is wrong.
#[derive(Object)]
pub struct ProblemItem {
    /// JSON pointer (RFC 6901) into the body, or the name of a parameter.
    pointer: String,
    /// A stable word for the rule.
    code: String,
    /// What is allowed.
    detail: String,
}

impl From<Violation> for ProblemItem {
    fn from(violation: Violation) -> Self {
        Self { pointer: violation.pointer, code: violation.code.into_owned(), detail: violation.detail }
    }
}

/// The problem of an error, with the seconds to wait where there are any.
fn problem(error: Error) -> (Problem, Option<u64>) {
    if let Error::At(error, at) = error {
        let (problem, wait) = problem(*error);
        return (Problem { instance: Some(at), ..problem }, wait);
    }
    let slug = error.slug();
    let mut code = None;
    let mut errors = Vec::new();
    let mut wait = None;
    let detail = match error {
        Error::NotFound(what) => format!("There is no such {what}, or you may not know of it."),
        Error::Forbidden(detail) | Error::Gone(detail) => detail,
        Error::SignInNeeded => "Send a valid token: `Authorization: Bearer ...`.".into(),
        Error::Malformed(violation) => {
            let detail = violation.detail.clone();
            errors.push(violation.into());
            detail
        }
        Error::Invalid(list) => {
            errors.extend(list.into_iter().map(ProblemItem::from));
            "See `errors` for each field and what it allows.".into()
        }
        Error::Conflict { code: name, detail, items } => {
            code = Some(name.to_owned());
            errors.extend(items.into_iter().map(ProblemItem::from));
            detail
        }
        Error::Stale => "Read it again, then send your change with the new ETag in `If-Match`.".into(),
        Error::VersionNeeded => "Send the ETag you read in `If-Match`.".into(),
        Error::TooLarge(limit) => format!("Send at most {limit} bytes."),
        Error::WrongType(accepted) => format!("Send `Content-Type: {accepted}`."),
        Error::TooMany { most, minutes, wait: seconds } => {
            wait = Some(seconds);
            format!("This can be done {most} times in {minutes} minutes. Try again in {seconds} seconds.")
        }
        Error::Unavailable(operator) => {
            tracing::error!(error = operator, "unavailable");
            wait = Some(5);
            "Try again in a moment. Nothing was changed.".into()
        }
        Error::At(error, _) => error.to_string(),
        Error::Bug(operator) => {
            tracing::error!(error = operator, "bug");
            "We have noted it. Nothing was changed.".into()
        }
    };
    (of_kind(slug, detail, code, errors), wait)
}

fn of_kind(slug: &str, detail: String, code: Option<String>, errors: Vec<ProblemItem>) -> Problem {
    let (status, title) =
        KINDS.iter().find(|kind| kind.0 == slug).map_or((500, "Something went wrong on our side"), |kind| (kind.1, kind.2));
    let errors = (!errors.is_empty()).then_some(errors);
    Problem { r#type: format!("{TYPE_BASE}{slug}"), title: title.to_owned(), status, detail, instance: None, code, errors }
}

fn respond(problem: Problem, wait: Option<u64>) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::builder().status(status).content_type(PROBLEM_JSON);
    if let Some(seconds) = wait {
        response = response.header("Retry-After", seconds.to_string());
    }
    if status == StatusCode::UNAUTHORIZED {
        response = response.header("WWW-Authenticate", "Bearer");
    }
    response.body(problem.to_json_string())
}

impl IntoResponse for Error {
    /// The problem, which carries the error itself along for whoever tells it in another form.
    fn into_response(self) -> Response {
        let (problem, wait) = problem(self.clone());
        let mut response = respond(problem, wait);
        response.set_data(self);
        response
    }
}

impl From<Error> for poem::Error {
    fn from(error: Error) -> Self {
        let mut carrier = poem::Error::from_response(error.clone().into_response());
        // The framework keeps no more of that response than head and body.
        carrier.set_data(error);
        carrier
    }
}

impl ApiResponse for Error {
    fn meta() -> MetaResponses {
        let content = || vec![MetaMediaType { content_type: PROBLEM_JSON, schema: Problem::schema_ref() }];
        let response = |range: &str, description| MetaResponse {
            description,
            status: None,
            status_range: Some(range.to_owned()),
            content: content(),
            headers: vec![],
        };
        MetaResponses {
            responses: vec![response("4XX", "A problem with the request."), response("5XX", "A problem on our side.")],
        }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

/// Turns whatever went wrong before a handler ran into a problem.
pub async fn from_poem(error: poem::Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    let malformed =
        |pointer: &str, code: &'static str, detail: &str| Error::Malformed(Violation::new(pointer, code, detail)).into_response();
    if let Some(param) = error.downcast_ref::<ParseParamError>() {
        return malformed(param.name, "parameter", "This parameter is missing or has the wrong form.");
    }
    if let Some(param) = error.downcast_ref::<ParsePathError>() {
        // An id that is not an id names nothing.
        let _ = param;
        return Error::NotFound("address").into_response();
    }
    if error.is::<ParseRequestPayloadError>() {
        return malformed("", "body", "The body has the wrong form.");
    }
    if error.is::<ContentTypeError>() {
        return Error::WrongType("application/json").into_response();
    }
    if error.is::<AuthorizationError>() {
        return Error::SignInNeeded.into_response();
    }
    if error.is::<poem_error::NotFoundError>() {
        return Error::NotFound("address").into_response();
    }
    if error.is::<poem_error::MethodNotAllowedError>() {
        let detail = "See the API document for the methods of this address.".to_owned();
        return respond(of_kind("method-not-allowed", detail, None, Vec::new()), None);
    }
    if error.is::<poem_error::CorsError>() {
        let detail = "Pages of this origin may not call the API from a browser.".to_owned();
        return Error::Forbidden(detail).into_response();
    }
    match error.status() {
        StatusCode::NOT_FOUND => Error::NotFound("address").into_response(),
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge(0).into_response(),
        status if status.is_client_error() => malformed("", "request", "The request could not be understood."),
        _ => Error::bug(error.to_string()).into_response(),
    }
}
