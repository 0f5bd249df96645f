//! Arguments that every command takes.

use clap::Args;

use crate::output::{ColorChoice, UiOptions};

const HEADING: &str = "Options for every command";

/// Arguments that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = HEADING)]
pub struct GlobalArgs {
    /// Database to use, as a URL or key=value pairs [default: the local server]
    ///
    /// Else TOOLCAT_DATABASE_URL, DATABASE_URL, `database_url` in the configuration file, and
    /// if none is set a private server that toolcat starts itself.
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// Catalog to use, a schema of the database [default: tool_catalog]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "TOOLCAT_CATALOG",
        hide_env_values = true
    )]
    pub catalog: Vec<String>,

    /// Who acts, for the audit log [default: TOOLCAT_ACTOR, else the login name]
    #[arg(long, global = true, value_name = "NAME")]
    pub actor: Option<String>,

    /// Why, for the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,

    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorChoice,

    /// Leave out status lines and hints
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// Write long results to the terminal as they are [default: by TOOLCAT_PAGER, PAGER or less]
    #[arg(long, global = true)]
    pub no_pager: bool,

    /// Print what this filter of jq makes of the result, which is JSON then; texts without quotes
    #[arg(long, global = true, value_name = "EXPR", conflicts_with = "render")]
    pub jq: Option<String>,

    /// Print what this Jinja template makes of the result, which is JSON then and called `it`
    #[arg(long, global = true, value_name = "TEXT")]
    pub render: Option<String>,

    /// Never ask; fail where an answer would be needed
    #[arg(long, global = true)]
    pub no_input: bool,
}

impl GlobalArgs {
    /// What the user asked of the output.
    pub fn ui_options(&self) -> UiOptions {
        UiOptions {
            color: self.color,
            quiet: self.quiet,
            no_input: self.no_input,
            no_pager: self.no_pager,
        }
    }
}
