//! The known name that an unknown one was probably meant to be.

use strsim::damerau_levenshtein;

/// The shortest common beginning that makes one name an abbreviation of another (`power`, `pow`).
const SHORTEST_ABBREVIATION: usize = 3;

/// Returns the candidate nearest to `name`, or none if nothing is near.
///
/// Letter case costs nothing. A candidate is near if a third of the name's characters (at least
/// one, from two characters on) have to change, or if one of the two begins with the other.
/// Of equally near candidates the first wins.
pub fn nearest<'a, I>(name: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
{
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    let tolerance = if length < 2 { 0 } else { (length / 3).max(1) };
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let known = candidate.to_lowercase();
            let distance = damerau_levenshtein(&wanted, &known);
            let near = distance <= tolerance || abbreviates(&wanted, &known);
            near.then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn abbreviates(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= SHORTEST_ABBREVIATION
        && (one.starts_with(other) || other.starts_with(one))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typing_mistakes_case_and_abbreviations() {
        let known = ["abs", "ceil", "sqrt", "log", "log10", "pow", "min", "max"];
        for (name, expected) in [
            ("sqr", "sqrt"),
            ("sqtr", "sqrt"),
            ("SQRT", "sqrt"),
            ("power", "pow"),
            ("maximum", "max"),
            ("ceiling", "ceil"),
            ("log01", "log10"),
        ] {
            assert_eq!(nearest(name, known), Some(expected), "{name}");
        }
        assert_eq!(nearest("n", ["pages", "N"]), Some("N"));
        assert_eq!(
            nearest("packets_count", ["packet_count"]),
            Some("packet_count")
        );
    }

    #[test]
    fn finds_nothing_where_nothing_is_near() {
        assert_eq!(nearest("x", ["N", "y"]), None);
        assert_eq!(nearest("", ["N", "abs"]), None);
        assert_eq!(nearest("eval", ["log", "min"]), None);
        assert_eq!(nearest("anything", []), None);
    }
}
