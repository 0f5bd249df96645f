//! Cells of CSV that a spreadsheet would run as formulas: they are written with an apostrophe before
//! them, which a spreadsheet takes for "this is text", and read without it.

use std::borrow::Cow;

/// What starts a formula, or is passed over before one.
fn starts_a_formula(text: &str) -> bool {
    let rest = text.trim_start_matches('\'');
    rest.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

/// The text as a cell that no spreadsheet runs. Numbers are written as they are, not by this.
pub fn defused(text: &str) -> Cow<'_, str> {
    match starts_a_formula(text) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// The text of which [`defused`] made a cell; any other cell is its text.
pub fn restored(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if starts_a_formula(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_come_back() {
        for text in [
            "=1+1",
            "+1",
            "-a",
            "@SUM(A1)",
            "\tx",
            "\r=1",
            "'=1",
            "''@x",
            "\u{ff1d}1",
        ] {
            let cell = defused(text);
            assert!(cell.starts_with('\''), "{text:?}");
            assert_eq!(restored(&cell), text);
        }
        for text in ["", "df", "'tis", "a=b", " =1", "'"] {
            assert_eq!(defused(text), text);
            assert_eq!(restored(text), text);
        }
    }
}
