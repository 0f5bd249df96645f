//! Values as bars below one another.

use super::page::escape;
use crate::words::grouped;

/// A bar: what it is for, how long it is, and what is written beside it.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it is for.
    pub name: String,
    /// Its value, 0 or more.
    pub value: f64,
    /// The value in words.
    pub words: String,
    /// Whether it counts what went wrong.
    pub is_bad: bool,
}

impl Bar {
    /// A bar for a count of what went wrong.
    pub fn count(name: &str, count: usize) -> Self {
        Self {
            name: name.to_owned(),
            value: count as f64,
            words: grouped(count),
            is_bad: true,
        }
    }
}

/// Bars with their names, the longest one as wide as there is room.
pub fn bars(bars: &[Bar]) -> String {
    let most = bars.iter().map(|it| it.value).fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    let mut html = "<div class=\"counts\">".to_owned();
    for bar in bars {
        let width = (bar.value / most).clamp(0.0, 1.0) * 100.0;
        html.push_str(&format!(
            "<div><span>{}</span><svg aria-hidden=\"true\"><rect{} width=\"{width:.1}%\" height=\"100%\" rx=\"3\"/></svg>\
             <b>{}</b></div>",
            escape(&bar.name),
            if bar.is_bad { " class=\"bad\"" } else { "" },
            escape(&bar.words)
        ));
    }
    html + "</div>"
}
