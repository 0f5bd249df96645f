//! The report for people.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::harmless;
use crate::validate::{Diagnostic, Excerpt, Options, Report, Severity};

struct Palette {
    error: &'static str,
    warning: &'static str,
    note: &'static str,
    bold: &'static str,
    dim: &'static str,
    reset: &'static str,
}

const PLAIN: Palette = Palette {
    error: "",
    warning: "",
    note: "",
    bold: "",
    dim: "",
    reset: "",
};

const COLOURED: Palette = Palette {
    error: "\x1b[1;31m",
    warning: "\x1b[1;33m",
    note: "\x1b[1;36m",
    bold: "\x1b[1m",
    dim: "\x1b[2m",
    reset: "\x1b[0m",
};

/// Every finding with its line and a caret under the place, then a summary.
pub fn render(report: &Report, options: &Options, colour: bool) -> String {
    let palette = if colour { &COLOURED } else { &PLAIN };
    let mut out = String::new();
    let shown = options.shown.unwrap_or(usize::MAX);
    for diagnostic in report.diagnostics.iter().take(shown) {
        finding(diagnostic, palette, &mut out);
    }
    out.push_str(&summary(report, options));
    out.push('\n');
    out
}

fn finding(found: &Diagnostic, palette: &Palette, out: &mut String) {
    let Palette {
        bold, dim, reset, ..
    } = palette;
    let tone = match found.severity {
        Severity::Error => palette.error,
        Severity::Warning => palette.warning,
        Severity::Note => palette.note,
    };
    let _ = writeln!(
        out,
        "{bold}{}:{}:{}{reset}: {tone}{}{reset}: {} {dim}[{}]{reset}",
        harmless(&found.file).replace('\n', "\\n"),
        found.line,
        found.column,
        found.severity,
        harmless(&found.message),
        found.rule,
    );
    if let Some(line) = &found.excerpt {
        excerpt(found, line, palette, tone, out);
    }
    if let Some(help) = &found.help {
        let _ = writeln!(out, "  {bold}help{reset}: {}", harmless(help));
    }
    out.push('\n');
}

fn excerpt(found: &Diagnostic, line: &Excerpt, palette: &Palette, tone: &str, out: &mut String) {
    let Palette { dim, reset, .. } = palette;
    let within = |column: u32| column.saturating_sub(line.column) as usize;
    let visible: Vec<char> = line.text.chars().collect();
    let show = |characters: &[char]| -> String {
        harmless(&characters.iter().collect::<String>()).replace('\t', " ")
    };
    let at = within(found.column).min(visible.len());
    let end = if found.end_line == found.line {
        within(found.end_column)
    } else {
        visible.len()
    };
    let end = end.clamp(at, visible.len());
    let indent = show(&visible[..at]).width();
    let carets = show(&visible[at..end])
        .chars()
        .filter_map(UnicodeWidthChar::width)
        .sum::<usize>()
        .max(1);
    let number = found.line.to_string();
    let gutter = " ".repeat(number.len());
    let _ = writeln!(out, "  {dim}{number} |{reset} {}", show(&visible));
    let _ = writeln!(
        out,
        "  {dim}{gutter} |{reset} {}{tone}{}{reset}",
        " ".repeat(indent),
        "^".repeat(carets)
    );
}

/// What was found, in one line.
pub fn summary(report: &Report, options: &Options) -> String {
    let counted = |number: usize, noun: &str| match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    };
    let found: Vec<String> = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Note, "note"),
    ]
    .into_iter()
    .map(|(severity, noun)| (report.count(severity), noun))
    .filter(|(number, _)| *number > 0)
    .map(|(number, noun)| counted(number, noun))
    .collect();
    let looked_at = format!(
        "{} in {}",
        counted(report.definitions, "definition"),
        counted(report.files, "file")
    );
    match (found.is_empty(), report.fails(options)) {
        (true, _) => format!("{looked_at}: no problems"),
        (false, true) => format!("{looked_at}: {}", found.join(", ")),
        (false, false) => format!("{looked_at}: valid, {}", found.join(", ")),
    }
}
