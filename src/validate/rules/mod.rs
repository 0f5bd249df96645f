//! The rules: what is looked for, how much it matters, and why.

mod table;

pub use table::ALL;

use super::Severity;

/// A rule of validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name: a group and a name, such as `schema/required`.
    pub id: &'static str,
    /// How much its findings matter where nothing else is asked for.
    pub severity: Severity,
    /// What it is for.
    pub about: &'static str,
    /// An example that breaks it; empty if none can be shown.
    pub bad: &'static str,
    /// The same, right.
    pub good: &'static str,
}

/// The rule of that name.
pub fn explain(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_explained() {
        let ids: HashSet<&str> = ALL.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for rule in ALL {
            assert!(rule.id.split_once('/').is_some(), "{}", rule.id);
            assert!(rule.about.ends_with('.'), "{}", rule.id);
        }
    }
}
