//! `toolcat capabilities`: what the tools of the catalog can do.

use clap::Args;

use crate::operations::capabilities::{self, Counted, Offer};
use crate::output::{Column, Format, Record, record};

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
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub fn run(args: &CapabilitiesArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    match &args.name {
        None => {
            let rows = capabilities::all(&mut connection, &args.platform)?;
            record::write_list(&mut session.ui, &rows, args.format)?;
        }
        Some(name) => {
            let rows = capabilities::offers(&mut connection, name, &args.platform)?;
            record::write_list(&mut session.ui, &rows, args.format)?;
        }
    }
    Ok(Outcome::Done)
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
        Column::text("platform").rank(2),
        Column::text("tool").rank(0),
        Column::text("version").rank(4),
        Column::text("status").rank(5),
        Column::text("patterns").prose().rank(3),
        Column::text("description").prose().rank(1),
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
