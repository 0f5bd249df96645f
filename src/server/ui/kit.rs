//! The parts that pages are made of.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::url::{self, Query};
use crate::output::text::{visible, visible_lines};
pub use crate::words::{counted, grouped};

/// Text from the catalog or from a request, on one line: what could disguise what it says is made visible.
pub fn shown(text: &str) -> Cow<'_, str> {
    visible(text)
}

/// The same of several lines.
pub fn shown_lines(text: &str) -> String {
    visible_lines(text)
}

/// A moment, in UTC.
pub fn moment(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M")) } }
}

/// What a badge says beside its words; the words alone must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Not as it should be.
    Bad,
    /// None of these.
    Plain,
}

/// A word about the state of something.
pub fn badge(tone: Tone, text: &str) -> Markup {
    let class = match tone {
        Tone::Good => "badge good",
        Tone::Warn => "badge warn",
        Tone::Bad => "badge bad",
        Tone::Plain => "badge",
    };
    html! { span class=(class) { (shown(text)) } }
}

/// How the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Words.
    Text(&'static str),
    /// Figures, which end on one line.
    Number(&'static str),
    /// Words that may take several lines.
    Wide(&'static str),
}

impl Column {
    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Column::Text(name) => (name, ""),
            Column::Number(name) => (name, "number"),
            Column::Wide(name) => (name, "wide"),
        }
    }
}

/// A table with a caption for those who do not see it; the first cell of a row names it.
pub fn table(caption: &str, columns: &[Column], rows: Vec<Vec<Markup>>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption.unseen { (caption) }
                thead { tr {
                    @for column in columns {
                        @let (name, class) = column.parts();
                        th scope="col" class=[(!class.is_empty()).then_some(class)] { (name) }
                    }
                } }
                tbody {
                    @for row in &rows {
                        tr {
                            @for (cell, column) in row.iter().zip(columns) {
                                @let (_, class) = column.parts();
                                td class=[(!class.is_empty()).then_some(class)] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is said where a list would be empty: why, and what to do.
pub fn empty(title: &str, what: Markup) -> Markup {
    html! { div.empty { p { strong { (title) } } p { (what) } } }
}

/// Named values.
pub fn facts(facts: Vec<(&str, Markup)>) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in &facts { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// A part of a page with a heading.
pub fn section(title: &str, body: Markup) -> Markup {
    html! { section.card { h2 { (title) } (body) } }
}

/// A row of buttons.
pub fn buttons(buttons: Markup) -> Markup {
    html! { div.buttons { (buttons) } }
}

/// A button that submits its form; where it must not, it is there with the reason.
pub fn button(label: &str, class: &str, barred: Option<&str>) -> Markup {
    html! {
        @match barred {
            None => button type="submit" class=(class) { (label) },
            Some(why) => span.barred {
                button type="submit" class=(class) disabled { (label) }
                span.why { (shown(why)) }
            }
        }
    }
}

/// A row of a form: what it is called, what goes in, what is wrong with it.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// What people call it.
    pub label: &'a str,
    /// Its name in the form; also its id.
    pub name: &'a str,
    /// What goes in, where the label does not say it.
    pub help: &'a str,
    /// What is wrong with what was given.
    pub error: Option<&'a str>,
    /// Whether it must be filled in.
    pub required: bool,
}

/// What ties a control to its row.
pub struct Attributes {
    /// For `id`.
    pub id: String,
    /// For `aria-describedby`.
    pub described_by: String,
}

impl Field<'_> {
    /// The row with a control of one's own.
    pub fn with(&self, control: impl FnOnce(&Attributes) -> Markup) -> Markup {
        let attributes = Attributes {
            id: self.name.to_owned(),
            described_by: format!("{}-help {0}-error", self.name),
        };
        html! {
            div.field {
                label for=(attributes.id) {
                    (self.label)
                    @if !self.required { span.optional { " optional" } }
                }
                (control(&attributes))
                div.help id=(format!("{}-help", self.name)) { (code_marked(self.help)) }
                div.error id=(format!("{}-error", self.name)) {
                    @if let Some(error) = self.error { (shown(error)) }
                }
            }
        }
    }

    /// The row with a line of text.
    pub fn text(&self, value: &str) -> Markup {
        self.with(|it| {
            html! {
                input type="text" id=(it.id) name=(self.name) value=(value) required[self.required]
                    aria-describedby=(it.described_by) aria-invalid=[self.error.map(|_| "true")];
            }
        })
    }

    /// The row with a number, which may have bounds.
    pub fn number(&self, value: &str, bounds: Option<(f64, f64)>) -> Markup {
        self.with(|it| {
            html! {
                input type="number" id=(it.id) name=(self.name) value=(value) step="any" inputmode="decimal"
                    min=[bounds.map(|it| it.0)] max=[bounds.map(|it| it.1)] aria-describedby=(it.described_by);
            }
        })
    }

    /// The row with several lines of text.
    pub fn area(&self, value: &str, rows: usize) -> Markup {
        self.with(|it| {
            html! {
                textarea id=(it.id) name=(self.name) rows=(rows) required[self.required] spellcheck="false"
                    aria-describedby=(it.described_by) aria-invalid=[self.error.map(|_| "true")] { "\n" (value) }
            }
        })
    }

    /// The row with a choice of values, each with what it is called.
    pub fn choice(&self, value: &str, choices: &[(&str, &str)]) -> Markup {
        self.with(|it| {
            html! {
                select id=(it.id) name=(self.name) aria-describedby=(it.described_by)
                    aria-invalid=[self.error.map(|_| "true")] {
                    @for (choice, label) in choices {
                        option value=(choice) selected[*choice == value] { (shown(label)) }
                    }
                }
            }
        })
    }
}

/// Text in which backticks mark code.
fn code_marked(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The row for why something is changed, as the audit log will say.
pub fn reason(value: &str) -> Markup {
    let field = Field {
        label: "Reason",
        name: "reason",
        help: "Why, for the audit log.",
        error: None,
        required: false,
    };
    field.text(value)
}

/// How to go on in a list: `query` is that of the page without its place, `first` the number of its first row.
pub fn pager(
    path: &str,
    query: &Query,
    first: u64,
    rows: usize,
    total: u64,
    next: Option<&str>,
) -> Markup {
    let last = first + (rows as u64).saturating_sub(1);
    html! {
        nav.pager aria-label="Pages of the list" {
            span { (grouped_u64(first)) "–" (grouped_u64(last)) " of " (grouped_u64(total)) }
            @if first > 1 { a href=(format!("{path}{}", query.as_str())) { "First page" } }
            @if let Some(next) = next {
                @let onward = query.clone().with("cursor", next).with("from", last + 1);
                a rel="next" href=(format!("{path}{}", onward.as_str())) { "Next page" }
            }
        }
    }
}

fn grouped_u64(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

/// A tool by its address, as a link to its page.
pub fn tool_link(platform: &str, name: &str) -> Markup {
    html! {
        a.tool href=(url::tool(platform, name)) {
            span.platform { (shown(platform)) "/" } (shown(name))
        }
    }
}

/// A text of several lines with their numbers, each of which can be linked to; lines with a fault are marked.
pub fn numbered(text: &str, marked: &[u32]) -> Markup {
    html! {
        div.text tabindex="0" role="region" aria-label="Text with line numbers" {
            ol.code {
                @for (number, line) in (1_u32..).zip(shown_lines(text).lines()) {
                    @let is_marked = marked.contains(&number);
                    li id=(format!("line-{number}")) class=[is_marked.then_some("marked")] {
                        code { (line) }
                        @if is_marked { span.unseen { " (error in this line)" } }
                    }
                }
            }
        }
    }
}

/// A value of a definition, short where it can be.
pub fn value(value: &serde_json::Value) -> Markup {
    use serde_json::Value;
    html! {
        @match value {
            Value::Null => span.soft { "none" },
            Value::String(text) => code { (shown(text)) },
            Value::Object(_) | Value::Array(_) => pre.value { (shown_lines(&serde_json::to_string_pretty(value).unwrap_or_default())) },
            other => code { (other.to_string()) },
        }
    }
}
