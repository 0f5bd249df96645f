//! `toolcat capabilities`: what the tools of the catalog can do.

use clap::Args;
use serde::Serialize;

use crate::output::{Column, Format, Record, record};
use crate::store::capabilities::{self, Offer};

use super::{CommandError, Outcome, Session};

/// List the capabilities, or the tools that offer one
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat capabilities\n  toolcat capabilities disk_usage --format json"
)]
pub struct CapabilitiesArgs {
    /// Capability whose tools to list
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Only tools of this platform (can be repeated)
    #[arg(long, value_name = "NAME")]
    platform: Vec<String>,

    /// How to write the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &CapabilitiesArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let Some(name) = &args.name else {
        let rows: Vec<Counted> = connection
            .read(|connection| capabilities::counted(connection, &args.platform))?
            .into_iter()
            .map(|it| Counted {
                capability: it.capability,
                tools: it.tools,
                selectable: it.selectable,
            })
            .collect();
        record::write_list(&mut session.ui, &rows, args.format)?;
        return Ok(Outcome::Done);
    };
    let offers =
        connection.read(|connection| capabilities::offers(connection, name, &args.platform))?;
    if offers.is_empty() {
        let known = connection.read(|connection| capabilities::counted(connection, &[]))?;
        let mut near: Vec<(usize, &str)> = known
            .iter()
            .map(|it| {
                (
                    strsim::damerau_levenshtein(&it.capability, name),
                    it.capability.as_str(),
                )
            })
            .filter(|(distance, _)| *distance <= 1 + name.chars().count() / 4)
            .collect();
        near.sort_unstable();
        let error = CommandError::not_found(format!("no tool offers `{name}`"));
        return Err(match near.first() {
            Some((0, _)) => error.hint("tools of other platforms do"),
            Some((_, near)) => error.hint(format!("did you mean {near}?")),
            None => error.hint("`toolcat capabilities` lists what there is"),
        });
    }
    record::write_list(&mut session.ui, &offers, args.format)?;
    Ok(Outcome::Done)
}

/// A capability in the list.
#[derive(Debug, Serialize)]
struct Counted {
    capability: String,
    /// Tools that offer it.
    tools: i64,
    /// Those of them that can be selected.
    selectable: i64,
}

impl Record for Counted {
    const COLUMNS: &'static [Column] = &[
        Column::text("capability"),
        Column::number("tools"),
        Column::number("selectable").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.capability.clone(),
            self.tools.to_string(),
            self.selectable.to_string(),
        ]
    }

    fn name(&self) -> String {
        self.capability.clone()
    }
}

impl Record for Offer {
    const COLUMNS: &'static [Column] = &[
        Column::text("platform"),
        Column::text("tool"),
        Column::text("version"),
        Column::text("status"),
        Column::text("patterns"),
        Column::text("description"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.platform.clone(),
            self.tool.clone(),
            self.version.clone(),
            match self.enabled {
                true => self.status.clone(),
                false => format!("off ({})", self.status),
            },
            self.patterns.join(", "),
            self.description.clone(),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}@{}", self.platform, self.tool, self.version)
    }
}
