//! Words that name the same act or thing in any catalog: a small general list, never one made for a catalog.

/// Groups of equal meaning.
const GROUPS: &[&[&str]] = &[
    &["find", "search", "locate"],
    &["delete", "remove", "erase"],
    &["stop", "kill", "terminate"],
    &["start", "launch"],
    &["show", "display"],
    &["create", "make"],
    &["copy", "duplicate"],
    &["download", "fetch"],
    &["directory", "folder"],
];

/// The share of a word's own weight that a synonym counts for.
pub(super) const SYNONYM_WEIGHT: f64 = 0.2;

/// The other words of the group that holds a word with this stem; `stem` is applied to each.
pub(super) fn synonyms(term: &str, mut stem: impl FnMut(&str) -> String) -> Vec<String> {
    for group in GROUPS {
        let stems: Vec<String> = group.iter().map(|word| stem(word)).collect();
        if stems.iter().any(|s| s == term) {
            return stems.into_iter().filter(|s| s != term).collect();
        }
    }
    Vec::new()
}
