//! JSON-RPC 2.0 as the Model Context Protocol uses it: one message from bytes, and answers.

use serde_json::{Map, Value, json};

/// Longest message that is read, in bytes.
pub const LONGEST_MESSAGE: usize = 4 * 1024 * 1024;

/// The text is no JSON.
pub const PARSE_ERROR: i64 = -32700;
/// The JSON is not a message.
pub const INVALID_REQUEST: i64 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters cannot be used.
pub const INVALID_PARAMS: i64 = -32602;
/// A fault of this program.
pub const INTERNAL_ERROR: i64 = -32603;
/// There is no such resource, in revisions before 2026-07-28.
pub const RESOURCE_NOT_FOUND: i64 = -32002;
/// A header says something else than the body.
pub const HEADER_MISMATCH: i64 = -32020;
/// The revision asked for is not spoken here.
pub const UNSUPPORTED_VERSION: i64 = -32022;

/// A message from a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// It wants an answer.
    Request(Request),
    /// It wants none.
    Notification {
        /// What happened.
        method: String,
    },
    /// An answer to a request; this server sends none.
    Response,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its number or name, text or an integer.
    pub id: Value,
    /// What is asked for.
    pub method: String,
    /// With what.
    pub params: Map<String, Value>,
}

/// Why a request was not served: an error of the protocol, which a client and not a model has to mend.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The error code.
    pub code: i64,
    /// What is wrong.
    pub message: String,
    /// More about it.
    pub data: Option<Value>,
}

impl Fault {
    /// A fault without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// The same with data.
    #[must_use]
    pub fn with(self, data: Value) -> Self {
        Self {
            data: Some(data),
            ..self
        }
    }

    /// The answer that says so; without an id where the request's could not be read.
    pub fn answer(&self, id: Option<&Value>) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        let mut answer = Map::new();
        answer.insert("jsonrpc".to_owned(), json!("2.0"));
        if let Some(id) = id {
            answer.insert("id".to_owned(), id.clone());
        }
        answer.insert("error".to_owned(), error);
        Value::Object(answer)
    }
}

/// The answer to a request that was served.
pub fn result(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// Bytes that are no message, and the id of the request as far as it can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable {
    /// What is wrong.
    pub fault: Fault,
    /// The id that the answer bears.
    pub id: Option<Box<Value>>,
}

impl Unreadable {
    /// A message that is longer than [`LONGEST_MESSAGE`].
    pub fn too_long() -> Self {
        let message = format!("a message may be {LONGEST_MESSAGE} bytes long, and this is longer");
        Self {
            fault: Fault::new(INVALID_REQUEST, message),
            id: None,
        }
    }

    /// The answer that says so.
    pub fn answer(&self) -> Value {
        self.fault.answer(self.id.as_deref())
    }
}

/// Reads one message.
///
/// # Errors
/// [`PARSE_ERROR`] for what is not JSON; [`INVALID_REQUEST`] for JSON that is not a message.
pub fn parse(bytes: &[u8]) -> Result<Message, Unreadable> {
    if bytes.len() > LONGEST_MESSAGE {
        return Err(Unreadable::too_long());
    }
    match crate::reading::json::value(bytes) {
        Ok(value) => read(value),
        Err(error) if error.is_data() => Err(Unreadable {
            fault: Fault::new(INVALID_REQUEST, error.to_string()),
            id: None,
        }),
        Err(error) => Err(Unreadable {
            fault: Fault::new(PARSE_ERROR, format!("this is no JSON: {error}")),
            id: None,
        }),
    }
}

/// Reads one message from JSON.
///
/// # Errors
/// [`INVALID_REQUEST`].
pub fn read(value: Value) -> Result<Message, Unreadable> {
    let invalid = |id: Option<Value>, message: &str| Unreadable {
        fault: Fault::new(INVALID_REQUEST, message),
        id: id.map(Box::new),
    };
    let Value::Object(mut fields) = value else {
        return Err(invalid(None, "a message is a JSON object"));
    };
    let id = fields.shift_remove("id");
    let usable = id.clone().filter(is_id);
    if fields.get("jsonrpc") != Some(&json!("2.0")) {
        return Err(invalid(usable, "`jsonrpc` must be \"2.0\""));
    }
    let method = match fields.shift_remove("method") {
        Some(Value::String(method)) => method,
        None if fields.contains_key("result") || fields.contains_key("error") => {
            return Ok(Message::Response);
        }
        _ => return Err(invalid(usable, "`method` must be text")),
    };
    match (id, usable) {
        (None, _) => Ok(Message::Notification { method }),
        (Some(_), None) => Err(invalid(None, "`id` must be text or an integer")),
        (Some(_), Some(id)) => match fields.shift_remove("params") {
            None => Ok(request(id, method, Map::new())),
            Some(Value::Object(params)) => Ok(request(id, method, params)),
            Some(_) => Err(invalid(Some(id), "`params` must be an object")),
        },
    }
}

fn request(id: Value, method: String, params: Map<String, Value>) -> Message {
    Message::Request(Request { id, method, params })
}

fn is_id(id: &Value) -> bool {
    id.is_string() || id.is_i64() || id.is_u64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> i64 {
        parse(text.as_bytes()).expect_err(text).fault.code
    }

    #[test]
    fn requests_and_notifications_are_told_apart() {
        let text = br#"{"jsonrpc":"2.0","id":"a","method":"ping","params":{"x":1}}"#;
        let Ok(Message::Request(request)) = parse(text) else {
            panic!("no request");
        };
        assert_eq!((request.id, request.method.as_str()), (json!("a"), "ping"));
        assert_eq!(request.params["x"], 1);
        let text = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert!(matches!(parse(text), Ok(Message::Notification { .. })));
        let text = br#"{"jsonrpc":"2.0","id":3,"result":{}}"#;
        assert_eq!(parse(text), Ok(Message::Response));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in ["", "{", "nul", "[1,", "{\"a\":}", "\u{1}", "{}}"] {
            assert_eq!(code(text), PARSE_ERROR, "{text}");
        }
        for text in [
            "1",
            "[]",
            "{}",
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
        ] {
            assert_eq!(code(text), INVALID_REQUEST, "{text}");
        }
        assert_eq!(code(&"[".repeat(100_000)), PARSE_ERROR);
        let long = " ".repeat(LONGEST_MESSAGE + 1);
        assert_eq!(code(&long), INVALID_REQUEST);
    }

    #[test]
    fn an_error_bears_the_id_where_it_can_be_read() {
        let error = parse(br#"{"jsonrpc":"2.0","id":7,"method":null}"#).expect_err("no method");
        assert_eq!(error.answer()["id"], 7);
        let error = parse(b"{").expect_err("no JSON");
        assert!(error.answer().get("id").is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_json_makes_it_panic(
            id in "null|1|1\\.5|-9|\"a\"|\\[\\]|1e400", method in "[a-z/]{0,12}", params in "null|\\{\\}|\\[\\]|3"
        ) {
            let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#);
            match parse(text.as_bytes()) {
                Ok(Message::Request(request)) => prop_assert_eq!(request.method, method),
                Ok(other) => prop_assert!(false, "{:?}", other),
                Err(error) => prop_assert!(error.fault.code < -32599),
            }
        }
    }
}
