//! The nearest known term to an unknown one: a slip of the pen, or another form of the word.

/// Letters of a term that has neighbours, at least.
const SHORTEST: usize = 3;

/// Letters from which any one slip is forgiven; in a shorter word only a letter that should stand twice.
const MIDDLE: usize = 4;

/// Letters from which a slip and a half are forgiven, and two.
const LONG: usize = 6;
const LONGER: usize = 8;

/// What a letter too many or too few next to its double, two letters swapped, and a key beside the right one count
/// against any other slip: people make them more often.
const DOUBLED: f64 = 0.5;
const SWAPPED: f64 = 0.6;
const BESIDE: f64 = 0.9;

/// Letters and share of the longer word that two forms of a word begin with, at least.
const COMMON_LETTERS: usize = 5;
const COMMON_START: f64 = 0.6;

/// The rows of a keyboard; neighbours stand beside one another or a row apart.
const KEYBOARD: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The beginnings of the terms that may be neighbours of a term: its first letter, and the second, where the two may
/// have been swapped. None for a term too short or not of letters, which has no neighbours.
pub fn beginnings(term: &str) -> Vec<&str> {
    if term.chars().count() < SHORTEST || !term.chars().all(char::is_alphabetic) {
        return Vec::new();
    }
    let mut letters = term.char_indices();
    let mut out = Vec::new();
    for (at, letter) in letters.by_ref().take(2) {
        let letter = &term[at..at + letter.len_utf8()];
        if !out.contains(&letter) {
            out.push(letter);
        }
    }
    out
}

/// The nearest of some terms to a word, given as its term and as it was written (the stem of a slip may be far from
/// the stem of the word); none if none is near. Equals are settled by byte order.
pub fn nearest<'a>(
    term: &str,
    written: &str,
    vocabulary: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if beginnings(term).is_empty() {
        return None;
    }
    let forms: [Vec<char>; 2] = [term.chars().collect(), written.chars().collect()];
    let near = |candidate: &str| {
        let near = forms.iter().filter_map(|form| distance(form, candidate));
        near.reduce(f64::min)
    };
    vocabulary
        .into_iter()
        .filter(|candidate| *candidate != term)
        .filter_map(|candidate| near(candidate).map(|near| (near, candidate)))
        .min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)))
        .map(|(_, candidate)| candidate)
}

/// How far a term is from a candidate; none if that is too far. A form of the word is farther than a slip.
fn distance(term: &[char], candidate: &str) -> Option<f64> {
    let other: Vec<char> = candidate.chars().collect();
    let slips = match term.len() {
        ..MIDDLE => DOUBLED,
        MIDDLE..LONG => 1.0,
        LONG..LONGER => 1.5,
        LONGER.. => 2.0,
    };
    let same_start = term.first() == other.first()
        || (term.first(), term.get(1)) == (other.get(1), other.first());
    if same_start && term.len().abs_diff(other.len()) <= 2 && other.len() >= SHORTEST {
        let edits = edits(term, &other);
        if edits <= slips {
            return Some(edits);
        }
    }
    let common = term.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let share = common as f64 / term.len().max(other.len()) as f64;
    (common >= COMMON_LETTERS && share >= COMMON_START).then_some(3.0 - share)
}

/// The weighted edits between two words, with swapped letters as one (the restricted distance of Damerau, "A
/// technique for computer detection and correction of spelling errors", 1964).
fn edits(a: &[char], b: &[char]) -> f64 {
    let width = b.len() + 1;
    let mut costs = vec![0.0f64; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let cost = |i: usize, j: usize| costs[i * width + j];
            let mut least = if i == 0 && j == 0 { 0.0 } else { f64::INFINITY };
            if i > 0 {
                least = least.min(cost(i - 1, j) + one_letter(a, i - 1));
            }
            if j > 0 {
                least = least.min(cost(i, j - 1) + one_letter(b, j - 1));
            }
            if i > 0 && j > 0 {
                least = least.min(cost(i - 1, j - 1) + replaced(a[i - 1], b[j - 1]));
            }
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(cost(i - 2, j - 2) + SWAPPED);
            }
            costs[i * width + j] = least;
        }
    }
    costs[a.len() * width + b.len()]
}

/// What the letter at a place costs that the other word lacks.
fn one_letter(word: &[char], at: usize) -> f64 {
    let before = at.checked_sub(1).and_then(|it| word.get(it));
    if before == Some(&word[at]) {
        DOUBLED
    } else {
        1.0
    }
}

fn replaced(a: char, b: char) -> f64 {
    let place = |letter: char| {
        (KEYBOARD.iter().enumerate()).find_map(|(row, keys)| Some((row, keys.find(letter)?)))
    };
    match (place(a), place(b)) {
        _ if a == b => 0.0,
        (Some((row, at)), Some((other_row, other)))
            if row.abs_diff(other_row) <= 1 && at.abs_diff(other) <= 1 =>
        {
            BESIDE
        }
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near<'a>(word: &str, vocabulary: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        nearest(word, word, vocabulary)
    }

    #[test]
    fn slips_and_forms_are_near() {
        assert_eq!(near("daemonize", ["dae", "daemon", "date"]), Some("daemon"));
        assert_eq!(
            near("compresion", ["compar", "compression"]),
            Some("compression")
        );
        assert_eq!(near("hsot", ["host", "hot", "shot"]), Some("host"));
        assert_eq!(near("ohst", ["host", "oyst"]), Some("host"));
        assert_eq!(near("prot", ["prop", "port"]), Some("port"));
        assert_eq!(near("diks", ["dike", "disk"]), Some("disk"));
        assert_eq!(near("nettwork", ["network", "networks"]), Some("network"));
    }

    #[test]
    fn what_is_far_or_short_is_not_near() {
        assert_eq!(near("network", ["netmask", "nettle"]), None);
        assert_eq!(near("abc", ["abcd"]), None);
        assert_eq!(near("zebra", ["zero", "debris"]), None);
        assert_eq!(near("ab12", ["ab13"]), None);
    }

    #[test]
    fn a_word_is_near_by_its_stem_or_as_it_was_written() {
        assert_eq!(
            nearest("proce", "proces", ["price", "process"]),
            Some("process")
        );
        assert_eq!(
            nearest("proce", "proce", ["price", "process"]),
            Some("price")
        );
    }

    #[test]
    fn a_short_word_may_lack_a_double_letter() {
        assert_eq!(near("kil", ["kill", "kit"]), Some("kill"));
        assert_eq!(near("kli", ["kill"]), None);
    }

    #[test]
    fn neighbours_begin_with_one_of_two_letters() {
        assert_eq!(beginnings("host"), ["h", "o"]);
        assert_eq!(beginnings("eels"), ["e"]);
        assert_eq!(beginnings("\u{e9}\u{e8}\u{e9}\u{e9}"), ["\u{e9}", "\u{e8}"]);
        assert!(beginnings("ab").is_empty());
    }
}
