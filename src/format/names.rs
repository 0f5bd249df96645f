//! Names for APIs that limit them, and the way back.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::definition::Document;
use crate::words::hex;

use super::foreign;

/// What an API lets a tool's name be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most characters.
    pub length: usize,
    /// Whether dots are accepted beside letters, digits, `_` and `-`.
    pub dots: bool,
}

/// Length of the part of a hash that a shortened name ends with, in hexadecimal digits.
const HASH: usize = 8;

impl Limits {
    fn accepts(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || (self.dots && c == '.')
    }

    /// Whether a name can stay as it is.
    pub fn fits(self, name: &str) -> bool {
        !name.is_empty()
            && name.chars().count() <= self.length
            && name.chars().all(|c| self.accepts(c))
    }

    /// The name itself where it fits; otherwise as much of it as is accepted, `_` and a hash of
    /// the whole, so that different names stay different. The same name always gives the same.
    pub fn shorten(self, name: &str) -> String {
        if self.fits(name) {
            return name.to_owned();
        }
        let digest = Sha256::digest(name.as_bytes());
        let hash = hex(&digest[..HASH / 2]);
        let kept: String = name
            .chars()
            .map(|c| if self.accepts(c) { c } else { '_' })
            .take(self.length - HASH - 1)
            .collect();
        format!("{kept}_{hash}")
    }

    /// Whether `short` stands for `name`.
    pub fn stands_for(self, short: &str, name: &str) -> bool {
        short != name && self.shorten(name) == short
    }
}

/// A name for each definition, no two the same, with what it stands for: the tool's name, the one
/// that it was imported with, or its whole identity where several have that name.
pub fn unique(documents: &[Document], limits: Limits) -> Vec<(String, String)> {
    let mut taken = HashSet::new();
    documents
        .iter()
        .map(|document| {
            let own = document
                .fields()
                .get("tool_name")
                .and_then(|it| it.as_str())
                .unwrap_or_default();
            let own = foreign::original_name(document).unwrap_or(own).to_owned();
            let mut full = own;
            let mut name = limits.shorten(&full);
            let mut number = 1;
            while !taken.insert(name.clone()) {
                full = match number {
                    1 => document.label(),
                    number => format!("{} ({number})", document.label()),
                };
                name = limits.shorten(&full);
                number += 1;
            }
            (name, full)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_differ() {
        let limits = Limits {
            length: 64,
            dots: false,
        };
        assert_eq!(limits.shorten("df"), "df");
        let (a, b) = (
            limits.shorten("npm install @a/x"),
            limits.shorten("npm install @a.x"),
        );
        assert!(limits.fits(&a) && limits.fits(&b));
        assert_ne!(a, b);
        assert!(a.starts_with("npm_install__a_x_"));
        let long = "x".repeat(200);
        assert_eq!(limits.shorten(&long).len(), 64);
        assert!(limits.stands_for(&limits.shorten(&long), &long));
        assert!(limits.fits(&limits.shorten("")));
    }
}
