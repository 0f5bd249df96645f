//! Comments that turn lints off: `# toolcat: allow RULE, RULE`.
//!
//! At the end of a line it holds for that line. On a line of its own before the first line of
//! content it holds for the whole file, elsewhere for the next line of content.

use std::collections::BTreeSet;

use crate::format::{Position, Problem, Source, Span};

use super::options::{allowable, names};
use super::{Diagnostic, Severity};

/// The rules that a file's comments turn off.
#[derive(Debug, Clone, Default)]
pub struct Directives {
    everywhere: BTreeSet<String>,
    /// In the order of the lines.
    lines: Vec<(u32, String)>,
}

impl Directives {
    /// Adds those of the next part of the file.
    pub fn append(&mut self, next: Self) {
        self.everywhere.extend(next.everywhere);
        self.lines.extend(next.lines);
    }

    /// Whether a finding is turned off. Errors never are.
    pub fn allow(&self, found: &Diagnostic) -> bool {
        found.severity < Severity::Error
            && (self.everywhere.iter().any(|rule| names(rule, found.rule))
                || self.of(found.line).any(|rule| names(rule, found.rule)))
    }

    /// The rules that are turned off for a line.
    fn of(&self, line: u32) -> impl Iterator<Item = &String> {
        let first = self.lines.partition_point(|(at, _)| *at < line);
        let rest = self.lines[first..].iter();
        rest.take_while(move |(at, _)| *at == line)
            .map(|(_, rule)| rule)
    }
}

const MARK: &str = "toolcat:";

/// Reads the comments of a YAML file, or of a part of one; a comment that makes no sense is reported.
pub fn read(source: &Source, problems: &mut Vec<Problem>) -> Directives {
    let mut directives = Directives::default();
    let Ok(text) = std::str::from_utf8(&source.bytes) else {
        return directives;
    };
    if !text.contains(MARK) {
        return directives;
    }
    let mut content = source.start.line > 1;
    let mut waiting: Vec<String> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let place = |column| Position::new(at + 1, column).from(source.start);
        let number = place(1).line;
        let trimmed = line.trim_start_matches('\u{feff}').trim();
        let alone = trimmed.starts_with('#');
        let blank = trimmed.is_empty() || trimmed.starts_with("---") || trimmed.starts_with('%');
        let rules = comment(line).map_or_else(Vec::new, |(column, comment)| {
            rules(comment, place(column), problems)
        });
        match (alone, content) {
            (true, false) => directives.everywhere.extend(rules),
            (true, true) => waiting.extend(rules),
            (false, _) => directives
                .lines
                .extend(rules.into_iter().map(|rule| (number, rule))),
        }
        if !alone && !blank {
            content = true;
            directives
                .lines
                .extend(waiting.drain(..).map(|rule| (number, rule)));
        }
    }
    directives
}

/// The comment of a line that is addressed to this program, and the column of its `#`.
fn comment(line: &str) -> Option<(usize, &str)> {
    line.match_indices('#').find_map(|(at, _)| {
        let before = line[..at].chars().next_back();
        let starts = before.is_none_or(char::is_whitespace);
        let rest = line[at + 1..].trim_start().strip_prefix(MARK)?;
        starts.then(|| (line[..at].chars().count() + 1, rest.trim()))
    })
}

fn rules(comment: &str, place: Position, problems: &mut Vec<Problem>) -> Vec<String> {
    let span = Span::at(place);
    let Some(list) = comment
        .strip_prefix("allow")
        .filter(|rest| rest.starts_with([' ', '\t', ':']))
    else {
        problems.push(
            Problem::new(
                "lint/bad-comment",
                span,
                "this comment has no effect: it is not `toolcat: allow RULE`",
            )
            .help("write `# toolcat: allow lint/placeholder`"),
        );
        return Vec::new();
    };
    // A reason may follow the names after a dash.
    let list = list.split(" - ").next().unwrap_or(list);
    list.split([',', ' ', '\t', ':'])
        .filter(|name| !name.is_empty())
        .filter_map(|name| match allowable(name) {
            Ok(()) => Some(name.to_owned()),
            Err(error) => {
                problems.push(Problem::new(
                    "lint/bad-comment",
                    span,
                    format!("this comment has no effect: {error}"),
                ));
                None
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        let text = "# toolcat: allow lint/placeholder\na: 1 # toolcat: allow lint/unknown-key\n\
            # toolcat: allow lint/no-use-cases, lint/empty-description - why\n\nb: 2\nc: '#toolcat: x'\n";
        let mut problems = Vec::new();
        let directives = read(&Source::new("a.yaml", text), &mut problems);
        assert_eq!(problems, []);
        assert!(directives.everywhere.iter().eq(["lint/placeholder"]));
        let lines: Vec<(u32, &str)> = directives
            .lines
            .iter()
            .map(|(line, rule)| (*line, rule.as_str()))
            .collect();
        assert_eq!(
            lines,
            [
                (2, "lint/unknown-key"),
                (5, "lint/no-use-cases"),
                (5, "lint/empty-description")
            ]
        );
    }

    #[test]
    fn nonsense_is_reported() {
        let mut problems = Vec::new();
        let text = "a: 1 # toolcat: deny x\nb: 1 # toolcat: allow lint/no-use-case\nc: 1 # toolcat: allow schema/type\n";
        read(&Source::new("a.yaml", text), &mut problems);
        let messages: Vec<&str> = problems.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert!(messages[1].contains("did you mean `lint/no-use-cases`?"));
        assert!(messages[2].contains("cannot be allowed"));
    }
}
