//! Text from elsewhere, made safe and fit for a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub use crate::words::{counted, grouped, is_unsafe};

/// The text with everything visible that could drive a terminal or disguise what it says: control
/// characters and escape sequences, marks that reverse the direction of writing, and invisible
/// separators are shown as escapes (`\e[2J`, `\u{202e}`).
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\u{1b}' => shown.push_str("\\e"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_unsafe(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same for text of several lines, whose line breaks and tabs are kept.
pub fn visible_lines(text: &str) -> String {
    text.split('\n')
        .map(|line| {
            line.trim_end_matches('\r')
                .split('\t')
                .map(visible)
                .collect::<Vec<_>>()
                .join("\t")
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The text as a program reads it from a line: what would break the line, or drive a terminal, is shown as
/// an escape; all else is as it is, invisible or not, so that it can be given back.
pub fn on_a_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => line.push_str(&visible(c.encode_utf8(&mut [0; 4]))),
            false => line.push(c),
        }
    }
    line
}

/// Columns that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text cut to so many columns, with an ellipsis where something is missing.
pub fn truncated(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = UnicodeWidthChar::width(c).unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        shown.push(c);
    }
    shown.push('…');
    Cow::Owned(shown)
}

/// What follows the name of something unknown, where another name is near.
pub fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"))
}

/// A time to the second, in UTC: `2026-01-31T12:00:00Z`.
pub fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// How long before `now` a time was, for people: `5 min ago`, `2 h ago`, `3 days ago`; beyond two months its
/// date, and what is still to come in full.
pub fn ago(at: chrono::DateTime<chrono::Utc>, now: chrono::DateTime<chrono::Utc>) -> String {
    let seconds = (now - at).num_seconds();
    match seconds {
        ..-60 => time(at),
        -60..60 => format!("{} s ago", seconds.max(0)),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        172_800..5_184_000 => format!("{} days ago", seconds / 86_400),
        _ => at.date_naive().to_string(),
    }
}

/// The text in lines of at most so many columns, broken between words; what stands between backticks is
/// one word. A word that is longer has a line of its own.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    wrapped_after(0, text, columns)
}

/// The same where so many columns of the first line are taken.
pub fn wrapped_after(taken: usize, text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        let taken = if lines.is_empty() { taken } else { 0 };
        if taken + width(&line) + usize::from(!line.is_empty()) + width(word) > columns
            && taken + line.len() > 0
        {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The words of a text, and what stands between backticks whole.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '`';
        c.is_whitespace() && !quoted
    })
    .filter(|it| !it.is_empty())
}

/// The text cut to so many columns behind a word, with an ellipsis where something is missing.
pub fn shortened(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let cut = truncated(text, columns);
    let whole = cut.trim_end_matches('…');
    match whole.rsplit_once(' ') {
        // Not where little would be left.
        Some((words, _)) if 2 * width(words) > columns => {
            Cow::Owned(format!("{}…", words.trim_end()))
        }
        _ => cut,
    }
}

/// A number for people: at most three decimals, no trailing zeros.
pub fn number(value: f64) -> String {
    if value.is_finite() && value.abs() < 1e15 {
        let text = format!("{value:.3}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        if text == "0" && value != 0.0 {
            return format!("{value:.2e}");
        }
        return if text == "-0" {
            "0".to_owned()
        } else {
            text.to_owned()
        };
    }
    format!("{value:e}")
}

/// Milliseconds for people: `450 ms`, `1.5 s`, `2 min`, `3.1 h`.
pub fn duration(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 1000.0 => format!("{} ms", number((ms * 10.0).round() / 10.0)),
        ms if ms < 60_000.0 => format!("{} s", number((ms / 10.0).round() / 100.0)),
        ms if ms < 3_600_000.0 => format!("{} min", number((ms / 6000.0).round() / 10.0)),
        ms => format!("{} h", number((ms / 360_000.0).round() / 10.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_not_obeyed() {
        assert_eq!(
            visible("a\u{1b}[2Jb\u{7}\u{202e}c\u{9b}"),
            "a\\e[2Jb\\u{7}\\u{202e}c\\u{9b}"
        );
        assert_eq!(visible("ping 日本 ü"), "ping 日本 ü");
        assert_eq!(visible_lines("a\n\u{1b}b\tc"), "a\n\\eb\tc");
    }

    #[test]
    fn a_line_for_programs_is_whole_and_only_one() {
        assert_eq!(
            on_a_line("a\u{200b}\u{202e}b\nc\u{1b}"),
            "a\u{200b}\u{202e}b\\nc\\e"
        );
    }

    #[test]
    fn widths_are_columns() {
        assert_eq!(truncated("日本語", 5), "日本…");
        assert_eq!(truncated("abc", 3), "abc");
    }

    #[test]
    fn times_are_told_by_how_long_ago_they_were() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let told = |seconds: i64| ago(now - chrono::TimeDelta::seconds(seconds), now);
        assert_eq!(told(0), "0 s ago");
        assert_eq!(told(61), "1 min ago");
        assert_eq!(told(2 * 3600 + 5), "2 h ago");
        assert_eq!(told(3 * 86_400), "3 days ago");
        assert_eq!(told(100 * 86_400), "2026-10-07");
        assert_eq!(told(-7200), "2027-01-15T10:00:00Z");
    }

    #[test]
    fn lines_end_between_words_and_commands_stay_whole() {
        assert_eq!(
            wrapped("look at it with `toolcat show df` again", 20),
            ["look at it with", "`toolcat show df`", "again"]
        );
        assert_eq!(wrapped("", 20), [""]);
        assert_eq!(shortened("reports the free space", 14), "reports the…");
        assert_eq!(shortened("a-very-long-word here", 10), "a-very-lo…");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(1500.0), "1500");
        assert_eq!(number(0.00004), "4.00e-5");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(duration(90_000.0), "1.5 min");
        assert_eq!(counted(1, "tool"), "1 tool");
        assert_eq!(counted(2000, "tool"), "2,000 tools");
    }
}
