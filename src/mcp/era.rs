//! The revisions of the protocol, and which of them a request is in.
//!
//! Since 2026-07-28 each request says in its `_meta` which revision it speaks, and nothing is remembered.
//! Before, `initialize` agreed on one for as long as the connection lasts. Both are served, also mixed.

use serde_json::{Map, Value, json};

use super::message::{Fault, INVALID_PARAMS, UNSUPPORTED_VERSION};

/// The revision whose requests say everything themselves.
pub const MODERN: &str = "2026-07-28";

/// The revisions that begin with `initialize`, newest first.
pub const LEGACY: [Revision; 3] = [
    Revision("2025-11-25"),
    Revision("2025-06-18"),
    Revision("2025-03-26"),
];

/// Where a request says its revision.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// Where it says what its client can do.
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
/// Where an answer says who gave it.
const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";

/// A revision that begins with `initialize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision(&'static str);

impl Revision {
    /// Its date.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether several messages may come as one list.
    pub fn has_batches(self) -> bool {
        self == LEGACY[2]
    }

    /// The revision of that date.
    pub fn of(date: &str) -> Option<Self> {
        LEGACY.into_iter().find(|it| it.0 == date)
    }

    /// What is agreed on with a client that asks for that revision: it, or the newest.
    pub fn agreed(date: Option<&str>) -> Self {
        date.and_then(Self::of).unwrap_or(LEGACY[0])
    }
}

/// The era of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// The request says everything itself.
    Modern,
    /// What `initialize` agreed on holds.
    Legacy(Revision),
}

impl Era {
    /// Whether a request says which revision it speaks.
    pub fn is_said(params: &Map<String, Value>) -> bool {
        let meta = params.get("_meta");
        meta.is_some_and(|it| it.get(VERSION_KEY).is_some())
    }

    /// The revision that a request says.
    pub fn said(params: &Map<String, Value>) -> Option<&str> {
        params.get("_meta")?.get(VERSION_KEY)?.as_str()
    }

    /// The era of a request with those parameters; `agreed` is what `initialize` agreed on, if it was.
    ///
    /// # Errors
    /// [`UNSUPPORTED_VERSION`]; [`INVALID_PARAMS`] if `_meta` lacks what it must hold.
    pub fn of(params: &Map<String, Value>, agreed: Option<Revision>) -> Result<Self, Fault> {
        let meta = params.get("_meta");
        let Some(version) = meta.and_then(|it| it.get(VERSION_KEY)) else {
            return agreed.map(Self::Legacy).ok_or_else(|| {
                let message = format!(
                    "`_meta` must hold `{VERSION_KEY}`; a client of an earlier revision sends `initialize` first"
                );
                Fault::new(INVALID_PARAMS, message)
            });
        };
        let Some(version) = version.as_str() else {
            let message = format!("`{VERSION_KEY}` must be text");
            return Err(Fault::new(INVALID_PARAMS, message));
        };
        if version != MODERN {
            let data = json!({"supported": spoken(), "requested": version});
            return Err(Fault::new(UNSUPPORTED_VERSION, "Unsupported protocol version").with(data));
        }
        let capabilities = meta.and_then(|it| it.get(CAPABILITIES_KEY));
        if !capabilities.is_some_and(Value::is_object) {
            let message = format!("`_meta` must hold `{CAPABILITIES_KEY}`, an object");
            return Err(Fault::new(INVALID_PARAMS, message));
        }
        Ok(Self::Modern)
    }

    /// Whether tools may give their answers as data beside the text.
    pub fn has_structured_content(self) -> bool {
        self != Self::Legacy(LEGACY[2])
    }

    /// A result in the shape of the era.
    pub fn shaped(self, result: Served) -> Value {
        let Served { mut fields, fresh } = result;
        if self == Self::Modern {
            fields.insert("resultType".to_owned(), json!("complete"));
            if let Some(fresh) = fresh {
                fields.insert("ttlMs".to_owned(), json!(fresh.milliseconds));
                let scope = if fresh.public { "public" } else { "private" };
                fields.insert("cacheScope".to_owned(), json!(scope));
            }
            fields.insert("_meta".to_owned(), json!({SERVER_KEY: server()}));
        }
        Value::Object(fields)
    }
}

/// What a request gets, before it has the shape of its era.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The fields of the result.
    pub fields: Map<String, Value>,
    /// How long it may be kept, if it may.
    pub fresh: Option<Fresh>,
}

/// How long a result may be kept, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh {
    /// For how long.
    pub milliseconds: u64,
    /// Whether it is the same for everybody.
    pub public: bool,
}

impl Served {
    /// A result that is an object.
    pub fn new(result: Value) -> Self {
        Self {
            fields: match result {
                Value::Object(fields) => fields,
                _ => Map::new(),
            },
            fresh: None,
        }
    }

    /// The same, to be kept for so long: what this program says is the same for everybody, what the
    /// catalog says is not.
    #[must_use]
    pub fn fresh(self, milliseconds: u64, public: bool) -> Self {
        Self {
            fresh: Some(Fresh {
                milliseconds,
                public,
            }),
            ..self
        }
    }
}

/// Every revision that is spoken, newest first.
pub fn spoken() -> Vec<&'static str> {
    let legacy = LEGACY.into_iter().map(Revision::as_str);
    std::iter::once(MODERN).chain(legacy).collect()
}

/// The fault of a request in a revision that is not spoken.
pub fn unsupported(version: &str) -> Fault {
    let data = json!({"supported": spoken(), "requested": version});
    Fault::new(UNSUPPORTED_VERSION, "Unsupported protocol version").with(data)
}

/// What this program calls itself.
pub fn server() -> Value {
    json!({"name": "toolcat", "version": env!("CARGO_PKG_VERSION")})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(meta: Value) -> Map<String, Value> {
        let mut params = Map::new();
        params.insert("_meta".to_owned(), meta);
        params
    }

    #[test]
    fn a_request_says_its_revision_or_initialize_did() {
        let modern = params(json!({VERSION_KEY: MODERN, CAPABILITIES_KEY: {}}));
        assert_eq!(Era::of(&modern, None), Ok(Era::Modern));
        assert_eq!(Era::of(&modern, Some(LEGACY[0])), Ok(Era::Modern));
        let legacy = params(json!({"progressToken": 1}));
        assert_eq!(
            Era::of(&legacy, Some(LEGACY[1])),
            Ok(Era::Legacy(LEGACY[1]))
        );
        let code = |meta: Value| Era::of(&params(meta), None).expect_err("a fault").code;
        assert_eq!(code(json!({})), INVALID_PARAMS);
        assert_eq!(code(json!(null)), INVALID_PARAMS);
        assert_eq!(code(json!({VERSION_KEY: 3})), INVALID_PARAMS);
        assert_eq!(code(json!({VERSION_KEY: MODERN})), INVALID_PARAMS);
        assert_eq!(
            code(json!({VERSION_KEY: MODERN, CAPABILITIES_KEY: []})),
            INVALID_PARAMS
        );
        for unsupported in ["2025-11-25", "1900-01-01"] {
            let meta = json!({VERSION_KEY: unsupported, CAPABILITIES_KEY: {}});
            let fault = Era::of(&params(meta), None).expect_err("a fault");
            assert_eq!(fault.code, UNSUPPORTED_VERSION);
            let data = fault.data.expect("data");
            assert_eq!(data["requested"], unsupported);
            assert_eq!(data["supported"][0], MODERN);
        }
    }

    #[test]
    fn an_unknown_revision_is_answered_with_the_newest() {
        assert_eq!(Revision::agreed(Some("2025-03-26")), LEGACY[2]);
        assert_eq!(Revision::agreed(Some("2024-11-05")), LEGACY[0]);
        assert_eq!(Revision::agreed(None), LEGACY[0]);
    }

    #[test]
    fn only_modern_results_say_what_they_are() {
        let served = || Served::new(json!({"tools": []})).fresh(5, true);
        assert_eq!(
            Era::Legacy(LEGACY[0]).shaped(served()),
            json!({"tools": []})
        );
        let modern = Era::Modern.shaped(served());
        assert_eq!(modern["resultType"], "complete");
        assert_eq!(modern["ttlMs"], 5);
        assert_eq!(modern["cacheScope"], "public");
        assert_eq!(modern["_meta"][SERVER_KEY]["name"], "toolcat");
    }
}
