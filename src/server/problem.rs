//! Errors as a client gets them: `application/problem+json` (RFC 9457).

use std::ops::{Deref, DerefMut};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::hint;
use crate::definition::Overlap;
use crate::operations::refusal::Flaw;
use crate::operations::{Kind, Refusal, Remedy};
use crate::store::StoreError;
use crate::validate::Diagnostic;

/// What went wrong: the stable end of the problem's type, and the status that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// The request cannot be read.
    Malformed,
    /// A parameter is unknown, missing or cannot be used.
    Parameter,
    /// Nobody is signed in.
    NotSignedIn,
    /// The caller may not do that.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// There is no such path.
    NoSuchPath,
    /// The path does not take this method.
    Method,
    /// The answer cannot be written as the client wants it.
    NotAcceptable,
    /// The request took too long to arrive, or to be answered.
    Timeout,
    /// A name can mean several things.
    Ambiguous,
    /// Something stands in the way.
    Conflict,
    /// The tool was changed since the client saw it.
    Precondition,
    /// The body is too large.
    TooLarge,
    /// The body is of a type that is not read.
    MediaType,
    /// The request is addressed to another host.
    Misdirected,
    /// The request can be read, but not carried out as it is.
    Invalid,
    /// The request must say which state of the tool it is about.
    PreconditionMissing,
    /// Too many requests.
    RateLimited,
    /// A fault of the server.
    Internal,
    /// The database cannot be used now.
    Unavailable,
}

impl Name {
    /// Every one, for the reference.
    pub const ALL: &[Name] = &[
        Name::Malformed,
        Name::Parameter,
        Name::NotSignedIn,
        Name::Forbidden,
        Name::NotFound,
        Name::NoSuchPath,
        Name::Method,
        Name::NotAcceptable,
        Name::Timeout,
        Name::Ambiguous,
        Name::Conflict,
        Name::Precondition,
        Name::TooLarge,
        Name::MediaType,
        Name::Misdirected,
        Name::Invalid,
        Name::PreconditionMissing,
        Name::RateLimited,
        Name::Internal,
        Name::Unavailable,
    ];

    /// Status, name in the type, and title.
    pub fn facts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Name::Malformed => (S::BAD_REQUEST, "malformed", "The request cannot be read"),
            Name::Parameter => (S::BAD_REQUEST, "parameter", "A parameter cannot be used"),
            Name::NotSignedIn => (S::UNAUTHORIZED, "not-signed-in", "Nobody is signed in"),
            Name::Forbidden => (S::FORBIDDEN, "forbidden", "The caller may not do that"),
            Name::NotFound => (S::NOT_FOUND, "not-found", "There is no such thing"),
            Name::NoSuchPath => (S::NOT_FOUND, "no-such-path", "There is no such path"),
            Name::Method => (
                S::METHOD_NOT_ALLOWED,
                "method",
                "The path does not take this method",
            ),
            Name::NotAcceptable => (
                S::NOT_ACCEPTABLE,
                "not-acceptable",
                "The answer cannot be written like that",
            ),
            Name::Timeout => (S::REQUEST_TIMEOUT, "timeout", "The request took too long"),
            Name::Ambiguous => (S::CONFLICT, "ambiguous", "The name can mean several things"),
            Name::Conflict => (S::CONFLICT, "conflict", "Something stands in the way"),
            Name::Precondition => (
                S::PRECONDITION_FAILED,
                "precondition",
                "It was changed since it was read",
            ),
            Name::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Name::MediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "The body is of a type that is not read",
            ),
            Name::Misdirected => (
                S::MISDIRECTED_REQUEST,
                "misdirected",
                "The request is for another host",
            ),
            Name::Invalid => (
                S::UNPROCESSABLE_ENTITY,
                "invalid",
                "The request cannot be carried out as it is",
            ),
            Name::PreconditionMissing => (
                S::PRECONDITION_REQUIRED,
                "precondition-missing",
                "The request must say which state it is about",
            ),
            Name::RateLimited => (S::TOO_MANY_REQUESTS, "rate-limited", "Too many requests"),
            Name::Internal => (
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "A fault of the server",
            ),
            Name::Unavailable => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "The catalog cannot be used now",
            ),
        }
    }

    /// The one for a status that the framework chose.
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Name::NoSuchPath,
            StatusCode::CONFLICT => Name::Conflict,
            StatusCode::BAD_REQUEST => Name::Malformed,
            other => (Name::ALL.iter().copied())
                .find(|it| it.facts().0 == other)
                .unwrap_or(if other.is_server_error() {
                    Name::Internal
                } else {
                    Name::Malformed
                }),
        }
    }
}

/// A fault of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Which definition it is: the number of the document, or the version of the tool.
    pub subject: String,
    /// Where in the definition, as a JSON pointer; empty for the whole of it.
    pub pointer: String,
    /// Line in the text that was sent, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// The rule that says so.
    pub rule: String,
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self {
            subject: flaw.subject,
            pointer: flaw.pointer,
            line: flaw.place.map(|(line, _)| line),
            column: flaw.place.map(|(_, column)| column),
            message: flaw.message,
            rule: flaw.rule.to_owned(),
        }
    }
}

impl From<&Diagnostic> for Fault {
    fn from(found: &Diagnostic) -> Self {
        Self {
            subject: found.file.clone(),
            pointer: found.pointer.clone(),
            line: Some(found.line),
            column: Some(found.column),
            message: found.message.clone(),
            rule: found.rule.to_owned(),
        }
    }
}

/// A field that both the client and somebody else changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Overlapping {
    /// The field, by its path.
    pub field: String,
    /// What it was when the client read it.
    pub base: serde_json::Value,
    /// What it is now.
    pub theirs: serde_json::Value,
    /// What the client wants.
    pub ours: serde_json::Value,
}

impl From<&Overlap> for Overlapping {
    fn from(overlap: &Overlap) -> Self {
        Self {
            field: overlap.field.clone(),
            base: overlap.base.clone(),
            theirs: overlap.theirs.clone(),
            ours: overlap.ours.clone(),
        }
    }
}

/// Why a request was not answered as asked (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Problem(Box<ProblemDetails>);

impl Deref for Problem {
    type Target = ProblemDetails;

    fn deref(&self) -> &ProblemDetails {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut ProblemDetails {
        &mut self.0
    }
}

/// What is said of a problem.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// `urn:toolcat:problem:NAME`; stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What failed, where and why.
    pub detail: String,
    /// What would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The request in the log of the server.
    pub request_id: String,
    /// What an ambiguous name can mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// What is wrong with definitions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// The fields that somebody else changed as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<Overlapping>,
    /// What the log says of it, and the client must not know.
    #[serde(skip)]
    pub cause: Option<String>,
    /// After how many seconds to try again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem with its sentence.
    pub fn new(name: Name, detail: impl Into<String>) -> Self {
        let (status, kind, title) = name.facts();
        Self(Box::new(ProblemDetails {
            kind: format!("urn:toolcat:problem:{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            hint: None,
            request_id: String::new(),
            candidates: Vec::new(),
            errors: Vec::new(),
            overlaps: Vec::new(),
            cause: None,
            retry_after: (name == Name::Unavailable).then_some(1),
        }))
    }

    /// The same with what would help.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with what the log says of it.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// A fault of the server; only the log says which.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(
            Name::Internal,
            "the server has a fault, which its log describes under this request's id",
        )
        .cause(cause)
    }

    /// What the framework answered by a status alone.
    pub fn of_status(status: StatusCode, text: &str) -> Self {
        let name = Name::of(status);
        let (_, _, title) = name.facts();
        let detail = match text.trim() {
            "" => title.to_owned(),
            text => text.to_owned(),
        };
        let mut problem = Self::new(name, detail);
        problem.status = status.as_u16();
        if status.is_server_error() && name == Name::Internal {
            problem = Self::internal(text);
        }
        problem
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body.
    pub fn body(&self) -> Body {
        Body::from(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl IntoResponse for Problem {
    /// The status alone: the outermost layer writes the body, with the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let source = std::error::Error::source(&refusal);
        if let Some(error) = source.and_then(|it| it.downcast_ref::<StoreError>())
            && let Some(problem) = of_the_store(error)
        {
            return problem.cause(refusal.message);
        }
        let name = match refusal.kind {
            Kind::Invalid => Name::Invalid,
            Kind::NotFound => Name::NotFound,
            Kind::Ambiguous => Name::Ambiguous,
            Kind::Overtaken
                if refusal.remedy == Some(Remedy::ReadAgain) || !refusal.overlaps().is_empty() =>
            {
                Name::Precondition
            }
            Kind::Conflict | Kind::Overtaken => Name::Conflict,
            Kind::Forbidden => Name::Forbidden,
            Kind::Unauthenticated => Name::NotSignedIn,
            Kind::NoDatabase => Name::Unavailable,
        };
        if refusal.kind == Kind::NoDatabase {
            // Where it is, and why it is not there, is for the log.
            return Self::new(name, "the database cannot be used").cause(refusal.message);
        }
        let overlaps = refusal.overlaps().iter().map(Overlapping::from).collect();
        let mut problem = Self::new(name, refusal.message);
        problem.overlaps = overlaps;
        problem.hint = refusal.remedy.as_ref().and_then(hint::of);
        problem.candidates = refusal
            .remedy
            .as_ref()
            .map(hint::candidates)
            .unwrap_or_default();
        problem.errors = refusal.flaws.into_iter().map(Fault::from).collect();
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

/// What a client is told of an error that holds words of the database, which are for the log.
fn of_the_store(error: &StoreError) -> Option<Problem> {
    let unavailable = |detail: &str| Some(Problem::new(Name::Unavailable, detail));
    match error {
        StoreError::Unreachable { .. } | StoreError::Pool(_) => {
            unavailable("the database cannot be reached")
        }
        StoreError::Full { .. } => unavailable("the database takes no more connections"),
        StoreError::Lost(_) => unavailable(
            "the connection to the database was lost; a change may or may not have been made",
        ),
        StoreError::NoCatalog(_)
        | StoreError::SchemaTooOld { .. }
        | StoreError::SchemaTooNew { .. }
        | StoreError::Migration(_) => {
            unavailable("the catalog is not as this server needs it; its operator must migrate it")
        }
        StoreError::Cancelled(_) => unavailable("the database gave up: it took too long"),
        StoreError::OutOfResources(_) => unavailable("the database has run out of resources"),
        // The catalog's own rule, in the catalog's own words.
        StoreError::Forbidden(denial) if denial.who_may().is_some() => None,
        StoreError::Forbidden(_) => Some(Problem::new(
            Name::Forbidden,
            "the catalog does not let this caller do that",
        )),
        StoreError::Url(_) | StoreError::Query(_) => Some(Problem::internal("")),
        StoreError::Conflict(_) | StoreError::Overtaken(_) | StoreError::Definition(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::QueryError;

    #[test]
    fn words_of_the_database_stay_in_the_log() {
        let secret = StoreError::Lost("server closed at 10.0.0.7".to_owned());
        let problem = Problem::from(Refusal::from(secret));
        assert_eq!(problem.status, 503);
        assert!(!problem.detail.contains("10.0.0.7"));
        assert!(
            problem
                .cause
                .as_deref()
                .is_some_and(|it| it.contains("10.0.0.7"))
        );
        let query = Problem::from(StoreError::Query(QueryError::NotFound));
        assert_eq!(query.status, 500);
    }

    #[test]
    fn every_name_is_a_type_of_its_own() {
        let mut names: Vec<&str> = Name::ALL.iter().map(|it| it.facts().1).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Name::ALL.len());
    }

    #[test]
    fn what_the_framework_answers_has_a_name() {
        let problem = |status| Problem::of_status(status, "").kind.clone();
        assert_eq!(
            problem(StatusCode::NOT_FOUND),
            "urn:toolcat:problem:no-such-path"
        );
        assert_eq!(
            problem(StatusCode::IM_A_TEAPOT),
            "urn:toolcat:problem:malformed"
        );
        assert_eq!(
            problem(StatusCode::BAD_GATEWAY),
            "urn:toolcat:problem:internal"
        );
    }
}
