//! One error type in domain words. Each carries what the caller may read and, apart, what the operator may read.

use sea_orm::DbErr;
use std::borrow::Cow;

/// The usual result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One thing that is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer (RFC 6901) into what was sent; empty for the whole.
    pub pointer: String,
    /// Stable snake_case name of the rule.
    pub code: Cow<'static, str>,
    /// What is allowed, in plain English. Never repeats what was sent.
    pub detail: String,
}

impl Violation {
    /// A violation.
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// There is no such thing, or the caller may not know of it.
    NotFound(&'static str),
    /// The caller may know of it but may not do this.
    Forbidden(String),
    /// Nobody is signed in, or the token is not valid (any more).
    SignInNeeded,
    /// The request has the wrong shape.
    Malformed(Violation),
    /// The request has the right shape and a wrong meaning; everything that is wrong, at once.
    Invalid(Vec<Violation>),
    /// The request does not fit what is there.
    Conflict {
        /// Stable snake_case name.
        code: &'static str,
        /// Plain English.
        detail: String,
        /// What is missing or in the way, where it is a list.
        items: Vec<Violation>,
    },
    /// `If-Match` names an older version.
    Stale,
    /// `If-Match` is needed.
    VersionNeeded,
    /// It was there and has ended.
    Gone(String),
    /// The body is too large; holds the limit in bytes.
    TooLarge(usize),
    /// The body has a type that is not understood; holds what is.
    WrongType(&'static str),
    /// Too many calls.
    TooMany {
        /// So many may be made.
        most: u32,
        /// In so many minutes.
        minutes: u64,
        /// The seconds to wait.
        wait: u64,
    },
    /// Something needed is not there now; for the operator.
    Unavailable(String),
    /// A mistake of ours; for the operator.
    Bug(String),
    /// One of the others, and the address of what was kept of the work before it happened.
    At(Box<Error>, String),
}

impl Error {
    /// One violation.
    pub fn invalid(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(pointer, code, detail)])
    }

    /// A conflict without a list.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict { code, detail: detail.into(), items: Vec::new() }
    }

    /// A mistake of ours.
    pub fn bug(operator: impl Into<String>) -> Self {
        Self::Bug(operator.into())
    }

    /// Something needed is not there now.
    pub fn unavailable(operator: impl Into<String>) -> Self {
        Self::Unavailable(operator.into())
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error.to_string()),
            _ if is_busy(&error) => Self::Unavailable(error.to_string()),
            _ => Self::Bug(error.to_string()),
        }
    }
}

/// Whether the database could not do it now but could do it a moment later.
fn is_busy(error: &DbErr) -> bool {
    let text = error.to_string();
    ["database is locked", "deadlock detected", "could not serialize", "Connection refused", "connection closed"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Whether an insert met a row that is there already.
pub fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

impl std::fmt::Display for Error {
    /// For the operator; never holds personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bug(text) | Self::Unavailable(text) => f.write_str(text),
            Self::NotFound(what) => write!(f, "no such {what}"),
            Self::Conflict { code, .. } => write!(f, "conflict: {code}"),
            Self::Invalid(list) => write!(f, "{} violations", list.len()),
            Self::At(error, at) => write!(f, "{error} at {at}"),
            Self::Malformed(violation) => write!(f, "malformed: {}", violation.code),
            other => write!(f, "{}", other.slug()),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// The stable name of this kind of problem.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::Forbidden(_) => "forbidden",
            Self::SignInNeeded => "sign-in-needed",
            Self::Malformed(_) => "malformed",
            Self::Invalid(_) => "invalid",
            Self::Conflict { .. } => "conflict",
            Self::Stale => "stale",
            Self::VersionNeeded => "version-needed",
            Self::Gone(_) => "gone",
            Self::TooLarge(_) => "too-large",
            Self::WrongType(_) => "wrong-type",
            Self::TooMany { .. } => "too-many",
            Self::Unavailable(_) => "unavailable",
            Self::Bug(_) => "bug",
            Self::At(error, _) => error.slug(),
        }
    }
}
