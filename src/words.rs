//! What every layer says alike: numbers with their nouns, digests in digits, names near a wrong one; and the
//! characters that no text may hold.

/// `1 tool`, `2 tools`: a number with its noun; `one` must form its plural with `s`.
pub fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        n => format!("{} {one}s", grouped(n)),
    }
}

/// A number with its thousands apart: `12,345`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    use std::fmt::Write;
    let bytes = bytes.as_ref();
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // A string takes whatever is written to it.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// At most three names near a wrong one, the nearest first, for "did you mean": those of which a quarter of its
/// characters and one differ.
pub fn near(name: &str, known: impl IntoIterator<Item = String>) -> Vec<String> {
    let most = 1 + name.chars().count() / 4;
    let mut near: Vec<(usize, String)> = known
        .into_iter()
        .map(|other| (strsim::damerau_levenshtein(&other, name), other))
        .filter(|(distance, other)| *distance <= most || name.len() > 2 && other.contains(name))
        .collect();
    near.sort();
    near.into_iter().map(|(_, name)| name).take(3).collect()
}

/// Whether a character could drive a terminal or disguise what a text says.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}' | '\u{061c}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
