//! Charts in pages: SVG by the server, which needs no script.

use maud::{Markup, PreEscaped, html};

use crate::report::Figure;

/// Charts side by side if there is room.
pub fn charts(figures: &[Figure]) -> Markup {
    html! {
        @if !figures.is_empty() {
            div.charts { @for figure in figures { (PreEscaped(figure.html())) } }
        }
    }
}

/// A sentence that stands out: what the figures say.
pub fn verdict(tone: crate::report::Tone, sentence: &str) -> Markup {
    html! { p class=(format!("verdict {}", tone.class())) { (super::kit::shown(sentence)) } }
}
