//! The tools of the catalog, all at once or page by page.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Refusal;
use super::page::{self, from_text, to_text};
use crate::store::Connection;
use crate::store::tools::{self, Filter, Place, StoredTool};

/// Where a page begins. As text it is opaque, and safe in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Place);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            platform,
            tool_name,
            id,
        } = &self.0;
        f.write_str(&to_text(&(platform, tool_name, id)))
    }
}

impl FromStr for Cursor {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (platform, tool_name, id): (String, String, i64) = from_text(text)?;
        Ok(Self(Place {
            // PostgreSQL holds no text with this character.
            platform: platform.replace('\0', ""),
            tool_name: tool_name.replace('\0', ""),
            id,
        }))
    }
}

/// A page of the tools.
pub type Page = page::Page<Cursor>;

/// A list of tools, or a page of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The tools, by platform and name in byte order, the versions of each in the order in which they
    /// were made.
    pub tools: Vec<Listed>,
    /// How many there are on all pages.
    pub total: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// The revision of the catalog that the list shows.
    pub revision: i64,
}

/// A tool in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// Its name.
    pub tool: String,
    /// The version of the definition.
    pub version: String,
    /// Where it runs.
    pub platform: String,
    /// Kind of tool.
    pub category: String,
    /// active, deprecated, disabled, testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its capabilities, in the order of the definition.
    pub capabilities: Vec<String>,
    /// What it is for.
    pub description: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The revision of the catalog that the list shows.
    pub revision: i64,
}

impl Listed {
    fn new(tool: StoredTool, capabilities: &mut HashMap<i64, Vec<String>>, revision: i64) -> Self {
        Self {
            revision,
            capabilities: capabilities.remove(&tool.id).unwrap_or_default(),
            tool: tool.tool_name,
            version: tool.version,
            platform: tool.platform,
            category: tool.category,
            status: tool.status,
            enabled: tool.enabled,
            is_latest: tool.is_latest,
            owner: tool.owner,
            description: tool.description,
            updated_at: tool.updated_at,
        }
    }
}

/// The tools that the filter lets through, all of them or one page.
///
/// # Errors
/// [`Invalid`](super::Kind::Invalid) for a page without tools or with too many.
pub fn run(
    connection: &mut Connection,
    filter: &Filter,
    page: Option<&Page>,
) -> Result<Listing, Refusal> {
    let rows = page.map(Page::rows).transpose()?;
    Ok(connection.read_consistently(|connection| {
        let (found, next, total) = match page.zip(rows) {
            None => {
                let found = tools::list(connection, filter)?;
                let total = found.len() as u64;
                (found, None, total)
            }
            Some((page, rows)) => {
                let after = page.after.as_ref().map(|it| &it.0);
                let mut found = tools::page(connection, filter, after, rows)?;
                let next = page.cut(&mut found, |it| Cursor(Place::from(it)));
                let total = tools::count(connection, filter)?;
                (found, next, total.unsigned_abs())
            }
        };
        let ids: Vec<i64> = found.iter().map(|tool| tool.id).collect();
        let mut capabilities = tools::capability_names(connection, &ids)?;
        let revision = tools::revision(connection)?;
        let tools = found
            .into_iter()
            .map(|tool| Listed::new(tool, &mut capabilities, revision))
            .collect();
        Ok(Listing {
            tools,
            total,
            next,
            revision,
        })
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Kind;

    #[test]
    fn a_cursor_survives_as_text() {
        let cursor = Cursor(Place {
            platform: "linux".to_owned(),
            tool_name: "npm install @angular/cli \u{e9}\"".to_owned(),
            id: i64::MAX,
        });
        let text = cursor.to_string();
        assert!(text.bytes().all(|it| it.is_ascii_alphanumeric()), "{text}");
        assert_eq!(text.parse::<Cursor>().unwrap(), cursor);
    }

    #[test]
    fn what_no_list_gave_out_is_refused() {
        let hostile = |text: &str| {
            text.bytes()
                .map(|it| format!("{it:02x}"))
                .collect::<String>()
        };
        for text in [
            "",
            "5",
            "zz",
            "\u{e9}",
            "+1+1",
            &hostile("[\"linux\",\"df\"]"),
            &hostile("[1,2,3]"),
        ] {
            let refusal = text.parse::<Cursor>().unwrap_err();
            assert_eq!(refusal.kind, Kind::Invalid, "{text}");
        }
    }
}
