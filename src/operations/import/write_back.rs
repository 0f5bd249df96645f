//! The versions that an import made, in the texts of the files that the definitions came from.

use std::collections::{BTreeMap, HashMap};

use super::read::Definitions;
use super::report::Imported;
use crate::definition::Identity;
use crate::format::{Format, MAX_BYTES, with_versions};
use crate::operations::{Kind, Refusal, Remedy};

/// A file with the new versions, not yet written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The file.
    pub file: String,
    /// What it will hold.
    pub text: String,
    /// What changes: each definition as it was, and its new version.
    pub versions: Vec<(Identity, String)>,
}

/// The files whose definitions became the next version, as they stand now with that version in its place.
///
/// # Errors
/// [`Kind::Invalid`] with the file in which that cannot be done.
pub fn write_back(
    definitions: &Definitions,
    imported: &Imported,
    from: Option<Format>,
) -> Result<Vec<Rewritten>, Refusal> {
    let briefs = definitions.documents.briefs();
    let mut files: BTreeMap<&str, Vec<(Identity, String)>> = BTreeMap::new();
    for (place, version) in imported.bumps() {
        let step = (briefs[place].identity.clone(), version.to_owned());
        files.entry(definitions.file(place)).or_default().push(step);
    }
    let mut rewritten = Vec::new();
    for (file, versions) in files {
        let refused = |why: String| {
            let message = format!("{file}: the new version cannot be written back: {why}");
            let help =
                "give the definition its new version by hand, or import without writing back";
            Refusal::new(Kind::Invalid, message).remedy(Remedy::Said(help.to_owned()))
        };
        let bytes = regular(file).map_err(|why| refused(why.to_string()))?;
        let wanted: HashMap<Identity, String> = versions.iter().cloned().collect();
        let text = with_versions(file, &bytes, from, &wanted);
        rewritten.push(Rewritten {
            file: file.to_owned(),
            text: text.map_err(|why| refused(why.to_string()))?,
            versions,
        });
    }
    Ok(rewritten)
}

/// What a regular file holds; a link is not followed.
fn regular(file: &str) -> std::io::Result<Vec<u8>> {
    let found = std::fs::symlink_metadata(file)?;
    let why = match found.len() {
        _ if found.is_symlink() => "it is a link, which may lead to a file elsewhere",
        _ if !found.is_file() => "it is not a regular file",
        size if size > MAX_BYTES => "it is too large",
        _ => return std::fs::read(file),
    };
    Err(std::io::Error::other(why))
}
