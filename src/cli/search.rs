//! `toolcat search`: tools by words, ranked as `select` ranks them.

use clap::Args;

use crate::operations::search::{self, Hit};
use crate::output::{Column, Format, Record, record, text};

use super::filter::FilterArgs;
use super::{CommandError, Outcome, Session};

/// Find tools by words
#[derive(Debug, Args)]
#[command(after_help = "Exits with 1 where no tool is found.\n\nExamples:\n  \
                        toolcat search free disk space\n  \
                        toolcat search --platform linux open ports --format name")]
pub struct SearchArgs {
    /// Words to look for in names, capabilities, descriptions, use cases and tags
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,

    /// How many tools to list; 0 for all
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 10)]
    limit: usize,

    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(args: &SearchArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let request = search::Request {
        words: args.words.join(" "),
        filter: args.filter.filter(),
        limit: (args.limit > 0).then_some(args.limit),
    };
    let rows = search::run(&mut session.connect()?, &request, &session.encoding())?;
    if rows.is_empty() && args.format.is_for_people() {
        if !session.tell_if_empty() {
            session.ui.status("no tool is found");
        }
        return Ok(Outcome::No);
    }
    record::write_list(&mut session.ui, &rows, args.format)?;
    Ok(match rows.is_empty() {
        true => Outcome::No,
        false => Outcome::Done,
    })
}

impl Record for Hit {
    const COLUMNS: &'static [Column] = &[
        Column::text("platform").rank(2),
        Column::text("tool").rank(0),
        Column::text("version").rank(4),
        Column::number("relevance").rank(3),
        Column::text("status").rank(5),
        Column::text("capabilities").wide(),
        Column::text("description").prose().rank(1),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.platform.clone(),
            self.tool.clone(),
            self.version.clone(),
            format!("{:.2}", self.relevance),
            match self.enabled {
                true => self.status.clone(),
                false => format!("off ({})", self.status),
            },
            self.capabilities.join(", "),
            text::truncated(&self.description, 80).into_owned(),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}@{}", self.platform, self.tool, self.version)
    }
}
