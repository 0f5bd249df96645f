//! What a request says, read so that whatever is wrong with it becomes a problem.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::api::LARGEST_IMPORT;
use super::app::Asker;
use super::finish::{RequestId, Signed};
use super::listen::Peer;
use super::problem::{Name, Problem};
use crate::definition::ToolRef;

/// The parameters of the query; a type that denies unknown fields refuses unknown parameters.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if !is_encoded(query.as_bytes()) {
            let detail = "the query is not UTF-8 in percent-encoding";
            return Err(Problem::new(Name::Parameter, detail));
        }
        if query.contains("%00") {
            return Err(Problem::new(Name::Parameter, NUL));
        }
        let read = serde_html_form::from_str(query).map(Params);
        read.map_err(|error| Problem::new(Name::Parameter, format!("the query: {error}")))
    }
}

/// Whether each `%` of a text stands before two hexadecimal digits, and what it all says is UTF-8: what is not would
/// be read as other characters.
pub fn is_encoded(text: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(*rest.next()?).to_digit(16);
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => return false,
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// No parameters: any is refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What the catalog cannot keep.
pub const NUL: &str = "a text holds the character NUL, which the catalog cannot keep";

/// The name in the path.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::new(Name::Parameter, format!("the path: {error}")))?;
        match name.contains('\0') {
            true => Err(Problem::new(Name::Parameter, NUL)),
            false => Ok(Named(name)),
        }
    }
}

/// The tool that the path names, narrowed down by parameters.
///
/// # Errors
/// 400 if that cannot be an address.
pub fn tool(name: &str, platform: Option<&str>, version: Option<&str>) -> Result<ToolRef, Problem> {
    let mut address = match platform {
        Some(platform) => format!("{platform}/{name}"),
        None => name.to_owned(),
    };
    if let Some(version) = version {
        address = format!("{address}@{version}");
    }
    address
        .parse()
        .map_err(|error| Problem::new(Name::Parameter, format!("{error}")))
}

/// A name or an address as a part of a path.
pub fn encoded(text: &str) -> String {
    let byte = |it: u8| match it {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
            char::from(it).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// A body that is an object in JSON.
pub struct JsonBody<T>(pub T);

/// A body in JSON, whatever it is.
pub struct AnyJson(pub Value);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        json(&bytes_of(request, state).await?, |it| object(it)).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for AnyJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        json(&bytes_of(request, state).await?, |it| {
            Value::deserialize(it)
        })
        .map(Self)
    }
}

/// The bytes of a body that says it is JSON.
async fn bytes_of<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let kind = media_type(request.headers());
    if kind != "application/json" {
        return Err(wrong_type(&kind, "application/json"));
    }
    body(request, state).await
}

/// Reads JSON that came from outside.
///
/// # Errors
/// 400 if it is not JSON, 422 if it is not of the shape that is asked for.
fn json<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::SliceRead>) -> serde_json::Result<T>,
) -> Result<T, Problem> {
    let value = crate::reading::json::value(bytes).map_err(unreadable)?;
    if bytes.windows(6).any(|it| it == br"\u0000") && holds_nul(&value) {
        return Err(Problem::new(Name::Invalid, NUL));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = read(&mut deserializer).map_err(unreadable)?;
    deserializer.end().map_err(unreadable)?;
    Ok(value)
}

/// Reads an object into a struct. By itself serde takes a list for one as well, its items for the fields in their order.
///
/// # Errors
/// What is not an object, or not of the shape that is asked for.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Fields<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(fields))
        }
    }
    deserializer.deserialize_map(Fields(std::marker::PhantomData))
}

fn unreadable(error: serde_json::Error) -> Problem {
    let name = match error.is_data() {
        true => Name::Invalid,
        false => Name::Malformed,
    };
    Problem::new(name, format!("the body: {error}"))
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => {
            (fields.iter()).any(|(key, value)| key.contains('\0') || holds_nul(value))
        }
        _ => false,
    }
}

/// The type of the body without its parameters, in lower case.
pub fn media_type(headers: &HeaderMap) -> String {
    let given = headers.get(header::CONTENT_TYPE);
    let text = given.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

/// The refusal of a body of a type that is not read.
pub fn wrong_type(given: &str, expected: &str) -> Problem {
    let given = match given {
        "" => "the request does not say what type its body has".to_owned(),
        given => format!("a body of type {given} is not read"),
    };
    Problem::new(Name::MediaType, format!("{given}; expected {expected}"))
}

/// The whole body, up to the limit of the route.
///
/// # Errors
/// 413 if it is larger; 400 if it ends early; 415 if it is compressed.
pub async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|it| it > LARGEST_IMPORT) {
        // Nothing takes as much: the body itself is not waited for.
        return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE, ""));
    }
    if let Some(coding) = request.headers().get(header::CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let message = "a body in a content coding is not read; expected one without";
        return Err(Problem::new(Name::MediaType, message));
    }
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match &rejection {
            BytesRejection::FailedToBufferBody(it) => {
                Problem::of_status(it.status(), &it.body_text())
            }
            other => Problem::new(Name::Malformed, other.body_text()),
        })
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = parts.extensions.get::<RequestId>();
        let signed = parts.extensions.get::<Signed>();
        let peer = parts.extensions.get::<ConnectInfo<Peer>>();
        match (id, signed) {
            (Some(id), Some(signed)) => Ok(Asker {
                name: signed.name().to_owned(),
                request_id: id.0.clone(),
                token_id: signed.token_id(),
                address: peer.and_then(|it| it.0.address()),
            }),
            _ => Err(Problem::internal("a route without its layers")),
        }
    }
}

/// A body in JSON, written once.
pub struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let kind = [(header::CONTENT_TYPE, "application/json")];
                (kind, text).into_response()
            }
            Err(error) => Problem::internal(error.to_string()).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_percent_encoded_utf_8_is_seen() {
        for good in ["", "q=a+b%20c&x=%C3%A9", "q=\u{e9}"] {
            assert!(is_encoded(good.as_bytes()), "{good}");
        }
        for wrong in ["%ff", "q=%", "q=%2", "q=%zz", "%C3", "%C3&x=%A9", "%+1"] {
            assert!(!is_encoded(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_with_json_has_a_status() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Names {
            names: Vec<String>,
        }
        let status = |text: &str| {
            json::<Names>(text.as_bytes(), |it| object(it)).map_err(|problem| problem.status)
        };
        let named = |name: &str| {
            Ok(Names {
                names: vec![name.to_owned()],
            })
        };
        assert_eq!(status(r#"{"names": ["a"]}"#), named("a"));
        assert_eq!(status("{"), Err(400));
        assert_eq!(status(r#"{"names": []} {}"#), Err(400));
        assert_eq!(status(r#"{"names": [1]}"#), Err(422));
        assert_eq!(status(r#"[["a"]]"#), Err(422));
        assert_eq!(status(r#"{"names": ["\u0000"]}"#), Err(422));
        assert_eq!(status(r#"{"names": ["\\u0000"]}"#), named("\\u0000"));
    }
}
