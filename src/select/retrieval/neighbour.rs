//! The nearest known term to an unknown one: another form of the word, or a slip of the pen.

/// Letters that a neighbour must share at its start.
const PREFIX: usize = 3;

/// Least share of the longer word that both begin with.
const COMMON_START: f64 = 0.6;

/// Least similarity by edits (Damerau-Levenshtein, as a share of the longer word).
const SIMILARITY: f64 = 0.8;

/// The letters with which a neighbour of the term begins; none for a term too short or not of letters, which has no
/// neighbours.
pub fn prefix(term: &str) -> Option<&str> {
    if term.chars().count() < PREFIX + 2 || !term.chars().all(char::is_alphabetic) {
        return None;
    }
    let end = term.char_indices().nth(PREFIX)?.0;
    term.get(..end)
}

/// The nearest of some terms, if one is near; equals are settled by byte order. Terms without the
/// [`prefix`] are passed over.
pub fn nearest<'a>(term: &str, vocabulary: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let start = prefix(term)?;
    vocabulary
        .into_iter()
        .filter(|candidate| *candidate != term && candidate.starts_with(start))
        .filter_map(|candidate| likeness(term, candidate).map(|likeness| (likeness, candidate)))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

fn likeness(a: &str, b: &str) -> Option<f64> {
    let longer = a.chars().count().max(b.chars().count()) as f64;
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count() as f64 / longer;
    let common = if common >= COMMON_START { common } else { 0.0 };
    let edits = strsim::normalized_damerau_levenshtein(a, b);
    let edits = if edits >= SIMILARITY { edits } else { 0.0 };
    let likeness = common.max(edits);
    (likeness > 0.0).then_some(likeness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_slips_are_near() {
        assert_eq!(
            nearest("daemonize", ["dae", "daemon", "date"]),
            Some("daemon")
        );
        assert_eq!(
            nearest("compresion", ["compar", "compression"]),
            Some("compression")
        );
        assert_eq!(nearest("network", ["netmask", "nettle"]), None);
        assert_eq!(nearest("abc", ["abcd"]), None);
        assert_eq!(
            prefix("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"),
            Some("\u{e9}\u{e9}\u{e9}")
        );
    }
}
