//! A folder that is kept in step with the catalog.

use std::collections::BTreeSet;
use std::path::Path;

use crate::definition::Document;
use crate::format::Format;
use crate::output::text;
use crate::store::audit::Entry;
use crate::store::tools::{self, Filter, StoredTool};
use crate::store::{Connection, StoreError};

use super::super::export::{Layout, told_path, yaml};
use super::super::owned::Owned;
use super::{CommandError, Session};

/// Definitions that are read together.
const PART: usize = 200;

/// A folder with one file for the latest version of each tool.
pub struct Mirror {
    connection: Connection,
    files: Owned,
}

impl Mirror {
    /// Brings the folder up to date.
    ///
    /// # Errors
    /// If the catalog cannot be read or the folder not written.
    pub fn open(folder: &Path, session: &mut Session) -> Result<Self, CommandError> {
        let mut mirror = Self {
            connection: session.connect()?,
            files: Owned::of(folder),
        };
        let written = mirror.bring_up_to_date(None, session)?;
        session.ui.status(&format!(
            "wrote {} to {}",
            text::counted(written, "definition"),
            folder.display()
        ));
        Ok(mirror)
    }

    /// Connects again after the server was away; a failure shows at the next change.
    pub fn reconnect(&mut self, session: &Session) {
        if let Ok(connection) = session.connect() {
            self.connection = connection;
        }
    }

    /// Writes what the changes concern.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn follow(&mut self, entries: &[Entry], session: &Session) -> Result<(), CommandError> {
        let concerned: BTreeSet<(String, String)> = entries
            .iter()
            .filter_map(|entry| Some((entry.platform.clone()?, entry.tool_name.clone()?)))
            .collect();
        if self.bring_up_to_date(Some(&concerned), session).is_err() {
            self.reconnect(session);
            self.bring_up_to_date(Some(&concerned), session)?;
        }
        Ok(())
    }

    /// Writes the definitions of some tools, or of all, and removes our files of tools that are gone.
    fn bring_up_to_date(
        &mut self,
        some: Option<&BTreeSet<(String, String)>>,
        session: &Session,
    ) -> Result<usize, CommandError> {
        let is_concerned = |tool: &StoredTool| {
            tool.is_latest
                && some.is_none_or(|some| {
                    some.contains(&(tool.platform.clone(), tool.tool_name.clone()))
                })
        };
        let Self { connection, files } = self;
        let present = connection.snapshot::<_, StoreError>(|connection| {
            let mut stored = match some {
                None => tools::list(connection, &Filter::default())?,
                Some(some) => {
                    let names: Vec<&str> = some.iter().map(|(_, name)| name.as_str()).collect();
                    tools::named(connection, &names)?
                }
            };
            stored.retain(is_concerned);
            for part in stored.chunks(PART) {
                let documents = tools::definitions(connection, part)?;
                if let Err(error) = write(files, part, &documents, session) {
                    return Ok(Err(error));
                }
            }
            let names = stored.into_iter().map(|it| (it.platform, it.tool_name));
            Ok(Ok(names.collect::<BTreeSet<_>>()))
        })??;
        self.files.keep(|platform, name| {
            let tool = (platform.to_owned(), name.to_owned());
            present.contains(&tool) || some.is_some_and(|some| !some.contains(&tool))
        });
        self.files.save()?;
        Ok(present.len())
    }
}

/// Writes the files of some tools.
fn write(
    files: &mut Owned,
    stored: &[StoredTool],
    documents: &[Document],
    session: &Session,
) -> Result<(), CommandError> {
    for (tool, document) in stored.iter().zip(documents) {
        let identity = tool.identity();
        let path = told_path(&identity, Format::Yaml, Layout::Version, session);
        files.write(&identity, path, &yaml(document)?)?;
    }
    Ok(())
}
