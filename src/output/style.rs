//! The few colours, by what they mean.

use anstyle::{AnsiColor, Style};

/// Headings and names.
pub const HEADING: Style = Style::new().bold();
/// What is less important.
pub const DIM: Style = Style::new().dimmed();
/// Good, added, chosen.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Bad, removed, refused.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Worth a look.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// Hints and changed values.
pub const HINT: Style = AnsiColor::Cyan.on_default();

/// The sequence of one of these styles, or of their end, that a text starts with.
pub fn own_sequence(text: &str) -> Option<&str> {
    [HEADING, DIM, GOOD, BAD, WARN, HINT]
        .into_iter()
        .flat_map(|style| [format!("{style}"), format!("{style:#}")])
        .filter(|it| !it.is_empty() && text.starts_with(it))
        .map(|it| it.len())
        .max()
        .map(|length| &text[..length])
}

/// The text in that style, or plain where colour is off.
pub fn paint(style: Style, on: bool, text: &str) -> String {
    if on {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}
