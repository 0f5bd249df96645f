//! Paths and queries of pages.

use std::fmt::Display;

use super::BASE;
use crate::definition::Identity;

/// A text as a part of a path or of a query.
pub fn encoded(text: &str) -> String {
    let byte = |it: u8| match it {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(it).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// A page by its path below the base, as `/tools`.
pub fn to(path: &str) -> String {
    format!("{BASE}{path}")
}

/// The page of a tool, in the version that is in use.
pub fn tool(platform: &str, name: &str) -> String {
    to(&format!(
        "/tools/{}",
        encoded(&format!("{platform}/{name}"))
    ))
}

/// The page of a version.
pub fn version(identity: &Identity) -> String {
    let page = tool(&identity.platform, &identity.name);
    format!("{page}?version={}", encoded(&identity.version))
}

/// A query, made of what is given alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// The same with a parameter more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        let sign = if self.0.is_empty() { '?' } else { '&' };
        self.0.push(sign);
        self.0
            .push_str(&format!("{name}={}", encoded(&value.to_string())));
        self
    }

    /// The same with the parameter if there is a value, which is not empty.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value.filter(|it| !it.is_empty()) {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With its question mark; empty if nothing was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
