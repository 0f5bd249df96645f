//! Permissions that others are part of: who is root may do what needs sudo.

use std::collections::{BTreeMap, BTreeSet};

/// What stands for every permission.
pub const EVERY: &str = "*";

/// What permissions cover where nothing else is declared.
pub const COVERED: &[(&str, &[&str])] = &[("root", &[EVERY]), ("admin", &["operator"])];

/// The permissions held, and those that they cover: what is declared, else [`COVERED`].
pub fn with_covered(held: &[String], declared: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = held.iter().rev().cloned().collect();
    while let Some(permission) = open.pop() {
        if !seen.insert(permission.clone()) {
            continue;
        }
        match (
            declared.get(&permission),
            COVERED.iter().find(|it| it.0 == permission),
        ) {
            (Some(covered), _) => open.extend(covered.iter().rev().cloned()),
            (None, Some((_, covered))) => {
                open.extend(covered.iter().rev().map(|it| (*it).to_owned()));
            }
            (None, None) => {}
        }
        found.push(permission);
    }
    found
}

/// Whether a permission is among those held.
pub fn holds(held: &[String], needed: &str) -> bool {
    held.iter().any(|it| it == needed || it == EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn root_covers_all_and_admin_an_operator() {
        let none = BTreeMap::new();
        let held = |given: &[&str]| with_covered(&names(given), &none);
        assert!(holds(&held(&["root"]), "docker"));
        assert!(holds(&held(&["admin"]), "operator"));
        assert!(!holds(&held(&["admin"]), "root"));
        assert!(!holds(&held(&["operator"]), "admin"));
        assert!(!holds(&held(&[]), "operator"));
    }

    #[test]
    fn what_is_declared_counts_instead_and_circles_end() {
        let declared = BTreeMap::from([
            ("root".to_owned(), names(&["sudo"])),
            ("sudo".to_owned(), names(&["docker", "root"])),
        ]);
        let held = with_covered(&names(&["root"]), &declared);
        assert_eq!(held, names(&["root", "sudo", "docker"]));
        assert!(!holds(&held, "network"));
    }
}
