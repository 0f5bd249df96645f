//! Writing files so that an interruption leaves the old one or the new one.

use std::io::Write;
use std::path::Path;

use super::CommandError;

/// Writes beside the file and renames. Folders above it are made; the permissions of a file that
/// exists are kept.
///
/// # Errors
/// Where the file cannot be written, with its path.
pub fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::invalid(format!("cannot write {}: {error}", path.display()))
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let permissions = match std::fs::metadata(path) {
        Ok(present) => present.permissions(),
        Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".toolcat-")
        .permissions(permissions)
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
