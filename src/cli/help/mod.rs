//! `toolcat help`: pages on concepts, and the help of any subcommand.

use clap::{Args, CommandFactory};

use crate::expression::nearest;
use crate::output::style::HEADING;

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
    "expressions",
    "selection",
    "catalogs",
    "configuration",
    "exit-codes",
];

/// Explain a concept, or show the help of a subcommand.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat help expressions\n  toolcat help db backup")]
pub struct HelpArgs {
    /// A topic (definitions, expressions, selection, catalogs, configuration, exit-codes) or a
    /// subcommand
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

pub fn run(args: &HelpArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    session.ui.page();
    let mut command = super::Cli::command();
    command.build();
    let Some(first) = args.words.first() else {
        let text = command.render_long_help();
        show(session, &text)?;
        writeln!(session.ui.out(), "\nTopics (toolcat help TOPIC):")?;
        for topic in TOPICS {
            writeln!(session.ui.out(), "  {:<15}{}", topic.name, topic.title())?;
        }
        return Ok(Outcome::Done);
    };
    if let (Some(topic), 1) = (TOPICS.iter().find(|it| it.name == first), args.words.len()) {
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
    let text = at.render_long_help();
    show(session, &text)?;
    Ok(Outcome::Done)
}

fn show(session: &mut Session, text: &clap::builder::StyledStr) -> std::io::Result<()> {
    match session.ui.color() {
        true => write!(session.ui.out(), "{}", text.ansi()),
        false => write!(session.ui.out(), "{text}"),
    }
}

/// The page as it is written, with headings as such.
fn page(session: &mut Session, topic: &Topic) -> std::io::Result<()> {
    for line in topic.text.lines() {
        let line = match line.strip_prefix('#') {
            Some(heading) => session
                .ui
                .paint(HEADING, heading.trim_start_matches('#').trim()),
            None => line.to_owned(),
        };
        writeln!(session.ui.out(), "{line}")?;
    }
    Ok(())
}
