//! Arguments that say which tools are meant.

use clap::Args;

use crate::store::tools::Filter;

/// Which tools are meant. Values of one kind are alternatives; different kinds must all hold.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// Only tools of this platform (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub platform: Vec<String>,

    /// Only tools of this category (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub category: Vec<String>,

    /// Only tools with this status: active, deprecated, disabled, testing (can be repeated)
    #[arg(long, value_name = "STATUS")]
    pub status: Vec<crate::definition::Status>,

    /// Only tools that have this tag (can be repeated: all of them)
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,

    /// Only tools that offer this capability (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub capability: Vec<String>,

    /// Only tools of this owner (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub owner: Vec<String>,

    /// Only tools that are switched on, or off
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub enabled: Option<bool>,

    /// Older versions as well as the latest
    #[arg(long)]
    pub all_versions: bool,
}

impl FilterArgs {
    /// The filter of the store.
    pub fn filter(&self) -> Filter {
        Filter {
            tools: Vec::new(),
            platforms: self.platform.clone(),
            categories: self.category.clone(),
            statuses: self.status.iter().map(ToString::to_string).collect(),
            tags: self.tag.clone(),
            capabilities: self.capability.clone(),
            owners: self.owner.clone(),
            enabled: self.enabled,
            all_versions: self.all_versions,
        }
    }
}
