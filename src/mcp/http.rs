//! The protocol over HTTP: which POST is served, and with which status it is answered. What is read from a
//! request comes in as text, so that nothing here knows a server.
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http>

use serde_json::{Map, Value};

use super::context::Context;
use super::era::{Era, LEGACY, MODERN, Revision};
use super::message::{
    self, Fault, HEADER_MISMATCH, METHOD_NOT_FOUND, Message, Request, UNSUPPORTED_VERSION,
};
use super::{answer, unsupported};

/// What of a POST is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Post<'a> {
    /// The header `MCP-Protocol-Version`.
    pub version: Option<&'a str>,
    /// The header `Mcp-Method`.
    pub method: Option<&'a str>,
    /// The header `Mcp-Name`.
    pub name: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The message, if there is one.
    pub body: Option<Value>,
}

/// Answers a POST.
pub fn post(context: &mut Context<'_>, post: &Post<'_>) -> Reply {
    let message = match message::parse(post.body) {
        Ok(message) => message,
        Err(unreadable) => return refused(&unreadable.fault, unreadable.id.as_deref()),
    };
    let Message::Request(request) = &message else {
        return Reply {
            status: 202,
            body: None,
        };
    };
    match admitted(post, request) {
        Err(fault) => refused(&fault, Some(&request.id)),
        Ok(agreed) => {
            context.agreed = agreed;
            let body = answer(context, message);
            let code = body.as_ref().and_then(|it| it.pointer("/error/code"));
            let is_unknown = code.and_then(Value::as_i64) == Some(METHOD_NOT_FOUND);
            let status = if is_unknown && agreed.is_none() {
                404
            } else {
                200
            };
            Reply { status, body }
        }
    }
}

fn refused(fault: &Fault, id: Option<&Value>) -> Reply {
    Reply {
        status: 400,
        body: Some(fault.answer(id)),
    }
}

/// The earlier revision that a request is in; none for one that says everything itself.
fn admitted(post: &Post<'_>, request: &Request) -> Result<Option<Revision>, Fault> {
    let version = post.version.map(str::trim);
    if !Era::is_said(&request.params) && version != Some(MODERN) {
        return match version {
            _ if request.method == "initialize" => Ok(Some(LEGACY[0])),
            // The header is younger than the oldest of them.
            None => Ok(Revision::of("2025-03-26")),
            Some(date) => Revision::of(date)
                .map(Some)
                .ok_or_else(|| unsupported(date)),
        };
    }
    same("Mcp-Method", post.method, Some(&request.method))?;
    if let Some(name) = named(&request.method, &request.params) {
        same("Mcp-Name", post.name, name)?;
    }
    match Era::of(&request.params, None) {
        Err(fault) if fault.code != UNSUPPORTED_VERSION => Err(fault),
        era => {
            same("MCP-Protocol-Version", version, Era::said(&request.params))?;
            era.map(|_| None)
        }
    }
}

/// What the header `Mcp-Name` has to say, of the methods that need it.
fn named<'a>(method: &str, params: &'a Map<String, Value>) -> Option<Option<&'a str>> {
    let field = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return None,
    };
    Some(params.get(field).and_then(Value::as_str))
}

/// Refuses a header that is missing, or says something else than the body.
fn same(header: &str, given: Option<&str>, body: Option<&str>) -> Result<(), Fault> {
    let given = given.map(str::trim);
    if given.is_some() && given.and_then(decoded).as_deref() == body {
        return Ok(());
    }
    let message = match given {
        None => format!("Header mismatch: {header} is missing"),
        Some(_) => format!("Header mismatch: {header} does not match the body"),
    };
    Err(Fault::new(HEADER_MISMATCH, message))
}

/// The value of a header; what headers cannot hold comes as `=?base64?...?=`.
fn decoded(value: &str) -> Option<String> {
    let inner = value
        .strip_prefix("=?base64?")
        .and_then(|it| it.strip_suffix("?="));
    match inner {
        None => Some(value.to_owned()),
        Some(inner) => String::from_utf8(base64(inner)?).ok(),
    }
}

/// The bytes that a text in Base64 stands for (RFC 4648, section 4, with padding).
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 {
        return None;
    }
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|it| *it == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // Bits that are left over do not make a byte.
    (bits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn request(method: &str, params: Value) -> Request {
        Request {
            id: json!(1),
            method: method.to_owned(),
            params: params.as_object().cloned().expect("an object"),
        }
    }

    fn modern(mut params: Value) -> Value {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        params
    }

    fn headers<'a>(version: &'a str, method: &'a str, name: &'a str) -> Post<'a> {
        let given = |text: &'a str| Some(text).filter(|it| !it.is_empty());
        Post {
            version: given(version),
            method: given(method),
            name: given(name),
            body: b"",
        }
    }

    fn code(post: Post<'_>, request: &Request) -> i64 {
        admitted(&post, request).expect_err("a fault").code
    }

    #[test]
    fn headers_must_say_what_the_body_says() {
        let call = request("tools/call", modern(json!({"name": "find_tool"})));
        for name in ["find_tool", " find_tool ", "=?base64?ZmluZF90b29s?="] {
            assert_eq!(
                admitted(&headers(MODERN, "tools/call", name), &call),
                Ok(None)
            );
        }
        for post in [
            headers("", "tools/call", "find_tool"),
            headers("2025-11-25", "tools/call", "find_tool"),
            headers(MODERN, "", "find_tool"),
            headers(MODERN, "tools/list", "find_tool"),
            headers(MODERN, "TOOLS/CALL", "find_tool"),
            headers(MODERN, "tools/call", ""),
            headers(MODERN, "tools/call", "get_tool"),
            headers(MODERN, "tools/call", "=?base64?ZmluZF90b29?="),
        ] {
            assert_eq!(code(post, &call), HEADER_MISMATCH, "{post:?}");
        }
        let read = request(
            "resources/read",
            modern(json!({"uri": "toolcat://capabilities"})),
        );
        let post = headers(MODERN, "resources/read", "toolcat://capabilities");
        assert_eq!(admitted(&post, &read), Ok(None));
    }

    #[test]
    fn a_revision_that_is_not_spoken_is_named_with_those_that_are() {
        let mut params = modern(json!({}));
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
        let discover = request("server/discover", params);
        let post = headers("2099-01-01", "server/discover", "");
        assert_eq!(code(post, &discover), UNSUPPORTED_VERSION);
        let post = headers(MODERN, "server/discover", "");
        assert_eq!(code(post, &discover), HEADER_MISMATCH);
        let bare = request("server/discover", json!({}));
        assert_eq!(code(post, &bare), message::INVALID_PARAMS);
    }

    #[test]
    fn earlier_revisions_need_one_header_at_most() {
        let list = request("tools/list", json!({}));
        let agreed = |version: &str| admitted(&headers(version, "", ""), &list);
        assert_eq!(agreed("2025-06-18"), Ok(Revision::of("2025-06-18")));
        assert_eq!(agreed(""), Ok(Revision::of("2025-03-26")));
        assert_eq!(
            agreed("1999-01-01").expect_err("a fault").code,
            UNSUPPORTED_VERSION
        );
        let hello = request("initialize", json!({}));
        assert!(admitted(&headers("", "", ""), &hello).is_ok());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in any::<String>()) {
            let _ = decoded(&value);
            let _ = decoded(&format!("=?base64?{value}?="));
        }
    }
}
