//! `toolcat search`: tools by words, ranked as `select` ranks them.

use clap::Args;
use serde::Serialize;

use crate::operations::select::files::text_of;
use crate::output::{Column, Format, Record, record, text};
use crate::select::retrieval::Index;
use crate::store::{StoreError, tools};

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
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(args: &SearchArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let filter = args.filter.filter();
    let mut connection = session.connect()?;
    let (stored, documents) = connection.snapshot::<_, StoreError>(|connection| {
        let stored = tools::list(connection, &filter)?;
        let documents = tools::definitions(connection, &stored)?;
        Ok((stored, documents))
    })?;
    let tools = documents
        .iter()
        .map(crate::definition::Document::to_tool)
        .collect::<Result<Vec<_>, _>>()
        .map_err(crate::store::StoreError::from)?;
    let texts: Vec<_> = tools.iter().map(text_of).collect();
    let ranking = Index::build(&texts).search(&args.words.join(" "));
    let limit = match args.limit {
        0 => usize::MAX,
        limit => limit,
    };
    let rows: Vec<Hit> = ranking
        .hits
        .iter()
        .take(limit)
        .filter_map(|hit| {
            let place = usize::try_from(hit.doc).ok()?;
            let (tool, stored) = (tools.get(place)?, stored.get(place)?);
            Some(Hit {
                platform: stored.platform.clone(),
                tool: stored.tool_name.clone(),
                version: stored.version.clone(),
                relevance: hit.relevance,
                status: stored.status.clone(),
                enabled: stored.enabled,
                capabilities: tool.capabilities.keys().cloned().collect(),
                description: stored.description.clone(),
            })
        })
        .collect();
    if rows.is_empty() {
        if args.format.is_for_people() {
            session.ui.status("no tool is found");
        } else {
            record::write_list(&mut session.ui, &rows, args.format)?;
        }
        return Ok(Outcome::No);
    }
    record::write_list(&mut session.ui, &rows, args.format)?;
    Ok(Outcome::Done)
}

/// A tool that was found.
#[derive(Debug, Serialize)]
struct Hit {
    platform: String,
    tool: String,
    version: String,
    /// 0 to 1.
    relevance: f64,
    status: String,
    enabled: bool,
    capabilities: Vec<String>,
    description: String,
}

impl Record for Hit {
    const COLUMNS: &'static [Column] = &[
        Column::text("platform"),
        Column::text("tool"),
        Column::text("version"),
        Column::number("relevance"),
        Column::text("status"),
        Column::text("capabilities").wide(),
        Column::text("description"),
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
