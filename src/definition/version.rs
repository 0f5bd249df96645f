//! The order of versions.

use std::cmp::Ordering;

/// A version as catalogs write it, ordered by its number parts: `1.10` follows `1.9`, `v2` follows
/// `v1`, `2025-01-15` follows `2024-12-31`. A pre-release (`1.0-rc.1`) precedes its release, by
/// the rules of semantic versioning (semver.org, item 11); build metadata after `+` decides last,
/// so that two different texts are never equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<'a> {
    text: &'a str,
    release: Vec<Part<'a>>,
    pre_release: Vec<Part<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'a> {
    /// Digits without leading zeros, so that any length compares.
    Number(&'a str),
    Word(&'a str),
}

impl Ord for Part<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Part::Number(a), Part::Number(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Part::Number(_), Part::Word(_)) => Ordering::Less,
            (Part::Word(_), Part::Number(_)) => Ordering::Greater,
            (Part::Word(a), Part::Word(b)) => a.cmp(b),
        }
    }
}

impl PartialOrd for Part<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'a> Version<'a> {
    /// Reads any text as a version.
    pub fn new(text: &'a str) -> Self {
        let bare = text.split_once('+').map_or(text, |(version, _)| version);
        let bare = bare
            .strip_prefix(['v', 'V'])
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(bare);
        // A hyphen before a digit separates the parts of a date; before a letter it starts a
        // pre-release.
        let pre_release = bare
            .char_indices()
            .find(|&(at, c)| {
                c == '-' && bare[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
            })
            .map(|(at, _)| at);
        let (release, pre_release) = match pre_release {
            Some(at) => (&bare[..at], &bare[at + 1..]),
            None => (bare, ""),
        };
        Self {
            text,
            release: parts(release, &['.', '-', '_']),
            pre_release: parts(pre_release, &['.', '-']),
        }
    }
}

/// The version that follows: its last number plus one, with its leading zeros kept (`1.9` ->
/// `1.10`, `2025-01-09` -> `2025-01-10`, `1.0-rc.1` -> `1.0-rc.2`). Build metadata after `+` is left
/// out, for it would say something of another build; a version without a number gets `.1`.
pub fn next_version(text: &str) -> String {
    let bare = text.split_once('+').map_or(text, |(version, _)| version);
    let Some(end) = bare.rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1) else {
        return format!("{bare}.1");
    };
    let start = bare[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| {
            at + bare[at..].chars().next().map_or(1, char::len_utf8)
        });
    let mut digits: Vec<u8> = bare[start..end].bytes().collect();
    let mut carry = true;
    for digit in digits.iter_mut().rev() {
        if !carry {
            break;
        }
        carry = *digit == b'9';
        *digit = if carry { b'0' } else { *digit + 1 };
    }
    if carry {
        digits.insert(0, b'1');
    }
    let number: String = digits.into_iter().map(char::from).collect();
    format!("{}{number}{}", &bare[..start], &bare[end..])
}

fn parts<'a>(text: &'a str, separators: &[char]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for piece in text.split(separators).filter(|piece| !piece.is_empty()) {
        let mut rest = piece;
        while let Some(first) = rest.chars().next() {
            let digits = first.is_ascii_digit();
            let end = rest
                .find(|c: char| c.is_ascii_digit() != digits)
                .unwrap_or(rest.len());
            let (part, tail) = rest.split_at(end);
            parts.push(if digits {
                Part::Number(part.trim_start_matches('0'))
            } else {
                Part::Word(part)
            });
            rest = tail;
        }
    }
    parts
}

/// Compares number parts; a missing part is zero, so that `1` and `1.0` differ by text alone.
fn compare_release(a: &[Part<'_>], b: &[Part<'_>]) -> Ordering {
    const ZERO: Part<'static> = Part::Number("");
    (0..a.len().max(b.len()))
        .map(|i| a.get(i).unwrap_or(&ZERO).cmp(b.get(i).unwrap_or(&ZERO)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_release(&self.release, &other.release)
            .then_with(|| {
                // A release follows its pre-releases.
                self.pre_release
                    .is_empty()
                    .cmp(&other.pre_release.is_empty())
            })
            .then_with(|| self.pre_release.cmp(&other.pre_release))
            .then_with(|| self.text.cmp(other.text))
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_are_ordered_by_number_parts() {
        let ordered = [
            "0.9",
            "1.0-alpha",
            "1.0-alpha.1",
            "1.0-alpha.beta",
            "1.0-beta.2",
            "1.0-beta.11",
            "1.0-rc.1",
            "1.0",
            "1.0.1",
            "1.9",
            "1.10",
            "v2",
            "2.1",
            "2024-12-31",
            "2025-01-15",
            "2025-02-01",
        ];
        for pair in ordered.windows(2) {
            assert!(
                Version::new(pair[0]) < Version::new(pair[1]),
                "{} < {}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn the_last_number_grows() {
        for (version, next) in [
            ("1.0", "1.1"),
            ("1.9", "1.10"),
            ("v2", "v3"),
            ("2025-01-09", "2025-01-10"),
            ("1.0-rc.1", "1.0-rc.2"),
            ("1.99", "1.100"),
            ("1.2a", "1.3a"),
            ("1.0+5", "1.1"),
            ("stable", "stable.1"),
            ("é9", "é10"),
        ] {
            assert_eq!(next_version(version), next);
        }
    }

    proptest! {
        #[test]
        fn the_next_version_follows(version in "[v0-9a-z.-]{0,12}") {
            let next = next_version(&version);
            prop_assert!(Version::new(&next) > Version::new(&version), "{} {}", version, next);
        }

        #[test]
        fn the_order_is_total(a in "[v0-9a-z.+-]{0,12}", b in "[v0-9a-z.+-]{0,12}", c in "[v0-9a-z.+-]{0,12}") {
            let (a, b, c) = (Version::new(&a), Version::new(&b), Version::new(&c));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}
