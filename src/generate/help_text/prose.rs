//! Sentences of a help text: what the command does, and what says nothing of it.

use super::{Section, heading};

/// From so many bytes on, what has no end is no sentence.
const LONGEST: usize = 2000;

/// The first sentence of prose.
pub fn description(name: &str, lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let trimmed = line.trim();
        if says_nothing(name, trimmed) && text.is_empty() {
            continue;
        }
        if text.is_empty() && introduces_a_list(trimmed) {
            break;
        }
        let prose = !trimmed.is_empty()
            && heading(line).is_none()
            && !trimmed.starts_with('-')
            && trimmed.split_whitespace().count() > 1;
        if text.len() > LONGEST {
            break;
        }
        if prose {
            join(&mut text, trimmed);
        } else if !text.is_empty()
            || heading(line).is_some_and(|it| Section::of(&it) != Section::Other)
            || trimmed.starts_with('-')
        {
            break;
        }
    }
    first_sentence(&text)
}

/// Adds a line to a text, with one blank between words; a word that was divided at the end of a
/// line is one again.
pub fn join(text: &mut String, line: &str) {
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.ends_with('\u{2010}') {
        text.pop();
    } else if !text.is_empty() && !words.is_empty() {
        text.push(' ');
    }
    text.push_str(&words);
}

/// Versions, authors, licences, addresses, errors, facts with a label, and bare lists.
fn says_nothing(name: &str, line: &str) -> bool {
    let labelled = line.split_once(": ").is_some_and(|(label, _)| {
        label.starts_with(char::is_uppercase) && label.chars().all(char::is_alphabetic)
    });
    // `64-bit files, links, threads,`
    let commas = line.matches(',').count();
    let first_word_is_listed = line
        .split_whitespace()
        .next()
        .is_some_and(|it| it.ends_with(','));
    let list =
        first_word_is_listed || (commas > 1 && 2 * commas + 1 >= line.split_whitespace().count());
    labelled || list || is_version(line) || is_legal(line) || is_error(name, line)
}

/// `These are common commands:` says nothing of the command itself.
fn introduces_a_list(line: &str) -> bool {
    let lower = line.to_lowercase();
    line.ends_with(':')
        && [
            "these are",
            "the following",
            "here are",
            "available",
            "some ",
        ]
        .iter()
        .any(|start| lower.starts_with(start))
}

/// `curl 7.88.1 (x86_64-pc-linux-gnu) ...`, `rsync  version 3.2.7  protocol version 31`,
/// `gpg (GnuPG) 2.2.40`, `BusyBox v1.36.1 multi-call binary.`
fn is_version(line: &str) -> bool {
    let mut words = line.split_whitespace().skip(1).skip_while(|it| {
        matches!(it.to_lowercase().as_str(), "version" | "version:" | "v") || it.starts_with('(')
    });
    words.next().is_some_and(|it| {
        let number = it.trim_start_matches(['v', 'V', '(']);
        number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.')
    })
}

/// Who made it, and who may use it.
fn is_legal(line: &str) -> bool {
    const STARTS: [&str; 13] = [
        "copyright",
        "(c) ",
        "\u{a9}",
        "license",
        "licence",
        "written by",
        "author",
        "web site:",
        "website:",
        "homepage:",
        "home page:",
        "report bugs",
        "this is free software",
    ];
    let lower = line.to_lowercase();
    let address = lower.starts_with("http://") || lower.starts_with("https://");
    let author = lower.contains('@') && lower.ends_with('>') && lower.contains('<');
    address
        || author
        || lower.contains("no warranty")
        || lower.contains("redistribute")
        || lower.contains("general public licen")
        || STARTS.iter().any(|start| lower.starts_with(start))
}

/// What a command says that does not know how it was called.
pub fn is_error(name: &str, line: &str) -> bool {
    const WORDS: [&str; 22] = [
        "unknown option",
        "unknown flag",
        "unknown command",
        "unknown argument",
        "unknown shorthand",
        "unknown subcommand",
        "unrecognized option",
        "unrecognised option",
        "unrecognized argument",
        "unexpected argument",
        "invalid option",
        "illegal option",
        "invalid argument",
        "bad option",
        "no such file or directory",
        "command not found",
        ": not found",
        "permission denied",
        "missing operand",
        "traceback (most recent",
        "cannot execute",
        "flag provided but not defined",
    ];
    let lower = line.trim().to_lowercase();
    let command = name
        .split_whitespace()
        .next()
        .unwrap_or(name)
        .to_lowercase();
    let label = lower
        .strip_prefix(&format!("{command}: "))
        .unwrap_or(&lower);
    let labelled = [
        "error:",
        "error -",
        "err:",
        "fatal:",
        "panic:",
        "exception",
        "[error]",
    ]
    .iter()
    .any(|it| label.starts_with(it));
    let advice = lower.starts_with("for more information")
        || (lower.starts_with("try ") || lower.starts_with("run ") || lower.starts_with("see "))
            && (lower.contains("help") || lower.contains("usage"));
    let unknown = lower.contains("is not a") && lower.contains("command");
    labelled || advice || unknown || WORDS.iter().any(|it| lower.contains(it))
}

/// Whether a text holds nothing but errors; the first of them.
pub fn only_errors<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let first = lines.next().filter(|it| is_error(name, it))?;
    let command = name.split_whitespace().next().unwrap_or(name);
    // What a program adds to its errors starts with its name, or with nothing that is told.
    lines
        .all(|it| is_error(name, it) || it.starts_with(&format!("{command}:")) || is_trace(it))
        .then_some(first)
}

/// A line below an error that is not help either.
fn is_trace(line: &str) -> bool {
    let lower = line.to_lowercase();
    [
        "at ",
        "file \"",
        "caused by",
        "note:",
        "hint:",
        "tip:",
        "for more information",
    ]
    .iter()
    .any(|it| lower.starts_with(it))
}

/// Up to the first full stop that ends a sentence.
pub fn first_sentence(text: &str) -> String {
    let end = text
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with("e.g") && !text[..*at].ends_with("i.e"));
    let sentence = end.map_or(text, |at| &text[..at]);
    sentence.trim().trim_end_matches(['.', ':']).to_owned()
}
