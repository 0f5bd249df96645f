//! `toolcat help`: pages on concepts, and the help of any subcommand.

use anstyle::Style;
use clap::{Args, CommandFactory};

use crate::expression::nearest;
use crate::output::style::HEADING;
use crate::output::text;

use super::{CommandError, Outcome, Session};

/// A page on a concept.
struct Topic {
    name: &'static str,
    text: &'static str,
}

macro_rules! topics {
    ($($name:literal),* $(,)?) => {
        &[$(Topic { name: $name, text: include_str!(concat!($name, ".md")) }),*]
    };
}

const TOPICS: &[Topic] = topics![
    "definitions",
    "pattern",
    "expressions",
    "context",
    "N",
    "cost",
    "selection",
    "mode",
    "catalogs",
    "revision",
    "configuration",
    "exit-codes",
];

/// Explain a concept, or show the help of a subcommand.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat help expressions\n  toolcat help db backup")]
pub struct HelpArgs {
    /// A topic (definitions, pattern, expressions, context, N, cost, selection, mode, catalogs,
    /// revision, configuration, exit-codes) or a subcommand
    #[arg(value_name = "TOPIC")]
    words: Vec<String>,
}

impl Topic {
    /// The first line, which is the heading.
    fn title(&self) -> &'static str {
        self.text
            .lines()
            .next()
            .map_or("", |line| line.trim_start_matches('#').trim())
    }
}

/// The names of the topics.
pub fn topics() -> Vec<String> {
    TOPICS.iter().map(|it| it.name.to_owned()).collect()
}

pub fn run(args: &HelpArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    session.ui.page();
    let mut command = super::Cli::command();
    command.build();
    let Some(first) = args.words.first() else {
        let overview = command.render_long_help();
        show(session, &overview)?;
        writeln!(session.ui.out(), "\nTopics (toolcat help TOPIC):")?;
        for topic in TOPICS {
            writeln!(session.ui.out(), "  {:<15}{}", topic.name, topic.title())?;
        }
        return Ok(Outcome::Done);
    };
    if let (Some(topic), 1) = (
        TOPICS.iter().find(|it| it.name.eq_ignore_ascii_case(first)),
        args.words.len(),
    ) {
        page(session, topic)?;
        return Ok(Outcome::Done);
    }
    let mut at = &mut command;
    for word in &args.words {
        let topics = TOPICS.iter().map(|it| it.name);
        let names: Vec<String> = at
            .get_subcommands()
            .map(|it| it.get_name().to_owned())
            .collect();
        let Some(found) = at.find_subcommand_mut(word) else {
            let error = CommandError::not_found(format!("there is no help on `{word}`"));
            let near = nearest(word, names.iter().map(String::as_str).chain(topics));
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`toolcat help` lists the subcommands and topics"),
            });
        };
        at = found;
    }
    let page = at.render_long_help();
    show(session, &page)?;
    Ok(Outcome::Done)
}

fn show(session: &mut Session, text: &clap::builder::StyledStr) -> std::io::Result<()> {
    match session.ui.color() {
        true => write!(session.ui.out(), "{}", text.ansi()),
        false => write!(session.ui.out(), "{text}"),
    }
}

/// The page, with headings as such. A paragraph that the terminal is too narrow for is broken anew; what is
/// indented, such as an example, stays as it is written.
fn page(session: &mut Session, topic: &Topic) -> std::io::Result<()> {
    let columns = session.ui.width().map_or(usize::MAX, usize::from);
    let mut lines = topic.text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("# ") {
            for line in text::wrapped(heading, columns) {
                let line = session.ui.paint(HEADING, &line);
                writeln!(session.ui.out(), "{line}")?;
            }
            continue;
        }
        let mut paragraph = vec![line];
        while is_prose(line)
            && let Some(more) = lines.next_if(|it| is_prose(it) && label(it) == 0)
        {
            paragraph.push(more);
        }
        if !is_prose(line) || paragraph.iter().all(|it| text::width(it) <= columns) {
            for line in paragraph {
                writeln!(session.ui.out(), "{line}")?;
            }
            continue;
        }
        let (label, rest) = line.split_at(label(line));
        paragraph[0] = rest;
        (session.ui).paragraph(Style::new(), label, label.len(), &paragraph.join(" "))?;
    }
    Ok(())
}

/// Whether a line belongs to a paragraph: it is neither empty nor an example.
fn is_prose(line: &str) -> bool {
    !line.is_empty() && !line.starts_with("    ")
}

/// How many columns the number of a list's item takes (`3. `); 0 for other lines.
fn label(line: &str) -> usize {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match digits > 0 && line[digits..].starts_with(". ") {
        true => digits + 2,
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    /// A command of an example must be one that there is, with the flags that it has.
    #[test]
    fn the_commands_of_every_page_are_understood() {
        for topic in TOPICS {
            let examples = topic.text.lines().filter(|it| !is_prose(it));
            for line in examples.map(str::trim) {
                let end = line.find("  ").unwrap_or(line.len());
                if !line.starts_with("toolcat ") || line.contains('|') {
                    continue;
                }
                let mut words = Vec::new();
                for (index, part) in line[..end].split('"').enumerate() {
                    match index % 2 {
                        0 => words.extend(part.split_whitespace()),
                        _ => words.push(part),
                    }
                }
                let parsed = super::super::Cli::try_parse_from(&words);
                assert!(parsed.is_ok(), "{}: {line}: {parsed:?}", topic.name);
            }
        }
    }
}
