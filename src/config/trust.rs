//! Which project files the user trusts, kept in the user's own folder outside of every project.
//!
//! Trust is one file for each trusted one, named by the SHA-256 of its path, owner and content, and
//! holding its path: a file that moved, changed or changed hands is a stranger again. A file that
//! another user may write is not used at all, trusted or not.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Text, is_absent, state_folder};
use crate::words::hex;

/// How far a configuration file is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is the user's own.
    Own,
    /// The user has trusted this content of it.
    Trusted,
    /// The user has not: it may not say where to connect, as whom to act, what to run or read, or
    /// what would lift a hard rule of selection.
    Untrusted,
    /// Another user may write it, and how: nothing of it is used.
    Refused(String),
}

/// Why a file must not be used, if that is so: someone else than this user and root owns it or may
/// write it, or may put another in its place. `named` is what was asked for, `real` where it leads.
///
/// # Errors
/// If its folder or its link cannot be looked at.
pub(super) fn danger(named: &Path, real: &Path, found: &Metadata) -> io::Result<Option<String>> {
    let me = rustix::process::geteuid().as_raw();
    let link = std::fs::symlink_metadata(named)?;
    for (what, it) in [("it", found), ("the link to it", &link)] {
        if !matches!(it.uid(), owner if owner == me || owner == 0) {
            return Ok(Some(format!(
                "{what} belongs to another user (uid {})",
                it.uid()
            )));
        }
    }
    if others_may_write(found) {
        return Ok(Some("other users may write it".to_owned()));
    }
    for path in [named, real] {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = std::fs::metadata(folder)?;
        if !matches!(folder.uid(), owner if owner == me || owner == 0) {
            return Ok(Some(format!(
                "its folder belongs to another user (uid {})",
                folder.uid()
            )));
        }
        if others_may_write(&folder) {
            return Ok(Some("other users may write its folder".to_owned()));
        }
    }
    Ok(None)
}

/// Whether anyone but the owner may write. A group of the same number as the owner is the owner's
/// own, as most systems make one for each user.
fn others_may_write(found: &Metadata) -> bool {
    let by_group = found.mode() & 0o020 != 0 && found.gid() != found.uid();
    by_group || found.mode() & 0o002 != 0
}

/// Whether the user has trusted the file as it stands.
pub fn is_trusted(text: &Text) -> bool {
    store_for(text).is_ok_and(|store| {
        std::fs::symlink_metadata(store.join(name(text))).is_ok_and(|it| it.is_file())
    })
}

/// Trusts the file as it stands, in place of what it said before.
///
/// # Errors
/// If trust cannot be kept.
pub fn trust(text: &Text) -> io::Result<()> {
    let store = store_for(text)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&store)?;
    // The folder may have been there already.
    let store = store_for(text)?;
    forget_all_but(&store, &text.path, &name(text))?;
    let mut kept = tempfile::NamedTempFile::new_in(&store)?;
    io::Write::write_all(&mut kept, text.path.as_os_str().as_bytes())?;
    kept.persist(store.join(name(text)))?;
    Ok(())
}

/// Trusts the file at that path no longer, whatever it says; whether it was trusted. The file need
/// not be there any more.
///
/// # Errors
/// If trust cannot be changed.
pub fn untrust(path: &Path) -> io::Result<bool> {
    forget_all_but(&store()?, path, "")
}

/// The paths of the files that the user has trusted.
///
/// # Errors
/// If trust cannot be read.
pub fn trusted() -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = match store() {
        Ok(store) => kept(&store)?.into_iter().map(|(_, path)| path).collect(),
        // Nowhere to keep trust: nothing is trusted.
        Err(_) => Vec::new(),
    };
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn name(text: &Text) -> String {
    let mut digest = Sha256::new();
    digest.update(text.path.as_os_str().as_bytes());
    digest.update(format!("\0{}\0", text.owner));
    digest.update(&text.content);
    hex(digest.finalize())
}

/// The folder where trust is kept: an error if it is not this user's alone.
fn store() -> io::Result<PathBuf> {
    let store = state_folder()?.join("trust");
    match std::fs::metadata(&store) {
        Ok(found)
            if found.uid() != rustix::process::geteuid().as_raw() || others_may_write(&found) =>
        {
            Err(io::Error::other(format!(
                "{} belongs to another user, or others may write it",
                store.display()
            )))
        }
        _ => Ok(store),
    }
}

/// The same for one file, which must not bring its own trust along.
fn store_for(text: &Text) -> io::Result<PathBuf> {
    let store = store()?;
    let real = store
        .ancestors()
        .find_map(|it| it.canonicalize().ok())
        .unwrap_or_else(|| store.clone());
    let project = text.path.parent().unwrap_or(Path::new("/"));
    if real.starts_with(project) || store.starts_with(project) {
        return Err(io::Error::other(format!(
            "{}, where trust is kept, is in the folder of this file: put its settings into the \
             user's file (`toolcat config init --user`)",
            store.display()
        )));
    }
    Ok(store)
}

/// The files of the store and the paths that they trust.
fn kept(store: &Path) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let entries = match std::fs::read_dir(store) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut kept = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let path = std::ffi::OsString::from_vec(std::fs::read(entry.path())?);
            kept.push((entry.path(), PathBuf::from(path)));
        }
    }
    Ok(kept)
}

fn forget_all_but(store: &Path, path: &Path, name: &str) -> io::Result<bool> {
    let mut found = false;
    for (file, _) in kept(store)?.into_iter().filter(|(_, it)| it == path) {
        if !file.ends_with(name) || name.is_empty() {
            std::fs::remove_file(file)?;
            found = true;
        }
    }
    Ok(found)
}
