//! A folder that is kept in step with the catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::format::{Format, MAX_BYTES};
use crate::output::text;
use crate::store::audit::Entry;
use crate::store::tools::{self, Filter, StoredTool};
use crate::store::{Connection, StoreError};

use super::super::export::{told_path, yaml};
use super::super::files;
use super::{CommandError, Session};

/// The file in the folder that says which files are ours: no other is ever removed.
const LIST: &str = ".toolcat-files.json";

/// Files by `[platform, name]`.
type Files = BTreeMap<String, PathBuf>;

/// A folder with one file for the latest version of each tool.
pub struct Mirror {
    folder: PathBuf,
    connection: Connection,
    files: Files,
}

fn key(platform: &str, name: &str) -> String {
    serde_json::json!([platform, name]).to_string()
}

impl Mirror {
    /// Brings the folder up to date.
    ///
    /// # Errors
    /// Where the catalog cannot be read or the folder not written.
    pub fn open(folder: &Path, session: &mut Session) -> Result<Self, CommandError> {
        let files = files::read(&folder.join(LIST), MAX_BYTES)
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let mut mirror = Self {
            folder: folder.to_owned(),
            connection: session.connect()?,
            files,
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
        let (stored, documents) = self.connection.snapshot::<_, StoreError>(|connection| {
            let mut stored = match some {
                None => tools::list(connection, &Filter::default())?,
                Some(some) => {
                    let names: Vec<&str> = some.iter().map(|(_, name)| name.as_str()).collect();
                    tools::named(connection, &names)?
                }
            };
            stored.retain(is_concerned);
            let documents = tools::definitions(connection, &stored)?;
            Ok((stored, documents))
        })?;
        let mut gone: Files = match some {
            None => std::mem::take(&mut self.files),
            Some(some) => some
                .iter()
                .filter_map(|(platform, name)| {
                    let key = key(platform, name);
                    self.files.remove(&key).map(|path| (key, path))
                })
                .collect(),
        };
        for (tool, document) in stored.iter().zip(&documents) {
            let path = told_path(&tool.identity(), Format::Yaml, session);
            let text = yaml(document)?;
            let file = self.folder.join(&path);
            if files::read(&file, text.len() as u64).as_deref() != Some(text.as_bytes()) {
                files::write(&file, &text)?;
            }
            let key = key(&tool.platform, &tool.tool_name);
            if gone.get(&key) == Some(&path) {
                gone.remove(&key);
            }
            self.files.insert(key, path);
        }
        for path in gone.values().filter(|path| stays_inside(path)) {
            // A file that someone removed already is as it should be.
            let _ = std::fs::remove_file(self.folder.join(path));
        }
        let list = serde_json::to_string(&self.files).map_err(std::io::Error::from)?;
        files::write(&self.folder.join(LIST), &list)?;
        Ok(stored.len())
    }
}

/// Whether a path of the list, which anyone could have written, leads nowhere else.
fn stays_inside(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, std::path::Component::Normal(_)))
}
