//! Writing files so that an interruption leaves the old one or the new one, and nothing beside it.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{CommandError, ErrorKind};

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whom the umask lets; a file that exists keeps its mode.
    Usual,
    /// The owner alone: for a file that holds all that a catalog does.
    Owner,
}

/// Writes a text; see [`write_with`]. Folders above the file are made.
///
/// # Errors
/// If the file cannot be written, with its path.
pub fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    fs::create_dir_all(folder_of(path)).map_err(|error| failed(path, &error))?;
    write_with(path, Readers::Usual, |out| {
        out.write_all(text.as_bytes())
            .map_err(|error| failed(path, &error))
    })
}

/// Writes a text to a file below a folder that others may have filled, such as a clone: no link there leads to a
/// file elsewhere. One to a device, in which nothing can be lost, is written through.
///
/// # Errors
/// If something on the way is a link, or as [`write`].
pub fn write_below(folder: &Path, path: &Path, text: &str) -> Result<(), CommandError> {
    let is_device =
        || fs::metadata(folder.join(path)).is_ok_and(|it| !it.is_file() && !it.is_dir());
    let above = path.parent().and_then(|it| link_on_the_way(folder, it));
    let itself = || link_on_the_way(folder, path).filter(|_| !is_device());
    if let Some(link) = above.or_else(itself) {
        let message = format!(
            "cannot write {}: {} is a link, which may lead out of the folder",
            folder.join(path).display(),
            link.display()
        );
        return Err(CommandError::invalid(message).hint("replace the link by what it leads to"));
    }
    write(&folder.join(path), text)
}

/// The first part of a path below a folder that is a link.
pub fn link_on_the_way(folder: &Path, path: &Path) -> Option<PathBuf> {
    let mut parts: Vec<&Path> = path
        .ancestors()
        .filter(|it| !it.as_os_str().is_empty())
        .collect();
    parts.reverse();
    let mut parts = parts.into_iter().map(|it| folder.join(it));
    parts.find(|it| it.is_symlink())
}

/// Writes what `fill` makes, whole or not at all.
///
/// A link is followed: the file that it leads to is written, and the link stays. A device, a pipe or
/// a socket is written through. A file that exists is replaced by one with its owner and mode; where
/// the owner cannot be kept, the file is written in place.
///
/// # Errors
/// If the file cannot be written, with its path; whatever `fill` says.
pub fn write_with<T>(
    path: &Path,
    readers: Readers,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let failed = |error: io::Error| failed(path, &error);
    let present = match fs::metadata(path) {
        Ok(present) => Some(present),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    if let Some(present) = present.as_ref().filter(|it| is_stream(path, it)) {
        if present.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let mut out = fs::OpenOptions::new()
            .append(present.is_file())
            .write(true)
            .open(path)
            .map_err(failed)?;
        return fill(&mut out);
    }
    let target = match &present {
        Some(_) => fs::canonicalize(path).map_err(failed)?,
        None if path.is_symlink() => {
            return Err(CommandError::invalid(format!(
                "cannot write {}: it is a link that leads nowhere",
                path.display()
            )));
        }
        None => path.to_owned(),
    };
    let mut fresh = Fresh::beside(&target, readers).map_err(failed)?;
    let made = fill(&mut fresh.file)?;
    fresh
        .replace(&target, present.as_ref(), readers)
        .map_err(failed)?;
    Ok(made)
}

/// What a file holds, if it is a regular file of at most `most` bytes.
pub fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(most + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= most).then_some(bytes)
}

/// Refuses a file that is there already, unless it is one that is written through.
///
/// # Errors
/// Conflict, with the flag that replaces it.
pub fn refuse_to_replace(path: &Path) -> Result<(), CommandError> {
    match fs::metadata(path) {
        Ok(present) if !is_stream(path, &present) || present.is_dir() => Err(
            CommandError::conflict(format!("{} exists already", path.display()))
                .hint("give --force to replace it"),
        ),
        _ => Ok(()),
    }
}

/// Whether the path cannot be replaced by another file: a device, a pipe, a folder, or
/// what a descriptor of this process leads to.
fn is_stream(path: &Path, found: &Metadata) -> bool {
    let descriptors = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];
    !found.is_file() || descriptors.iter().any(|it| path.starts_with(it))
}

fn failed(path: &Path, error: &io::Error) -> CommandError {
    let message = format!("cannot write {}: {error}", path.display());
    CommandError::new(ErrorKind::NotWritten, message)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file that is not in place yet.
struct Fresh {
    file: File,
    /// Its name so far; none if the system can make files without one, which vanish by themselves
    /// when the process is killed.
    name: Option<tempfile::TempPath>,
}

const PREFIX: &str = ".toolcat-";

impl Fresh {
    fn beside(target: &Path, readers: Readers) -> io::Result<Self> {
        let mode = match readers {
            Readers::Usual => 0o666,
            Readers::Owner => 0o600,
        };
        let folder = folder_of(target);
        if let Some(file) = nameless(folder, mode) {
            return Ok(Self { file, name: None });
        }
        let (file, name) = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder)?
            .into_parts();
        Ok(Self {
            file,
            name: Some(name),
        })
    }

    /// Puts the file in the place of `target`.
    fn replace(
        self,
        target: &Path,
        present: Option<&Metadata>,
        readers: Readers,
    ) -> io::Result<()> {
        if let Some(present) = present {
            let own = self.file.metadata()?;
            let owner = (present.uid(), present.gid());
            if (own.uid(), own.gid()) != owner
                && std::os::unix::fs::fchown(&self.file, Some(owner.0), Some(owner.1)).is_err()
            {
                return self.copy_into(target);
            }
            if readers == Readers::Usual {
                let mode = Permissions::from_mode(present.mode() & 0o7777);
                self.file.set_permissions(mode)?;
            }
        }
        if readers == Readers::Owner {
            self.file.sync_all()?;
        }
        let name = match self.name {
            Some(name) => name,
            None => named(&self.file, folder_of(target))?,
        };
        name.persist(target).map_err(|error| error.error)
    }

    fn copy_into(mut self, target: &Path) -> io::Result<()> {
        use std::io::Seek;
        let mut there = fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(target)?;
        self.file.rewind()?;
        io::copy(&mut self.file, &mut there)?;
        there.sync_all()
    }
}

#[cfg(target_os = "linux")]
fn nameless(folder: &Path, mode: u32) -> Option<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::open(folder, flags, Mode::from_raw_mode(mode)).ok()?;
    // Only by this path can it get a name.
    Path::new("/proc/self/fd").is_dir().then(|| file.into())
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path, _: u32) -> Option<File> {
    None
}

/// Gives a file without a name one in `folder`.
fn named(file: &File, folder: &Path) -> io::Result<tempfile::TempPath> {
    use rustix::fs::{AtFlags, CWD};
    use std::os::fd::AsRawFd;
    let descriptor = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let link = |name: &Path| {
        rustix::fs::linkat(CWD, &descriptor, CWD, name, AtFlags::SYMLINK_FOLLOW)
            .map_err(io::Error::from)
    };
    let made = tempfile::Builder::new()
        .prefix(PREFIX)
        .make_in(folder, link)?;
    Ok(made.into_temp_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_keeps_its_mode() {
        let place = tempfile::tempdir().unwrap();
        let (file, link) = (place.path().join("f"), place.path().join("l"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("f", &link).unwrap();
        write(&link, "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        fs::remove_file(&file).unwrap();
        let error = write(&link, "new").unwrap_err();
        assert!(error.message.contains("leads nowhere"), "{}", error.message);
    }

    #[test]
    fn f3_a_device_is_written_through() {
        let before = fs::metadata("/dev/null").unwrap();
        assert!(!before.is_file());
        refuse_to_replace(Path::new("/dev/null")).unwrap();
        write(Path::new("/dev/null"), "x").unwrap();
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        write(&link, "x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert!(link.is_symlink());
    }

    #[test]
    fn nothing_is_left_where_filling_fails_and_the_old_file_stays() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("f");
        fs::write(&file, "old").unwrap();
        let refused = write_with(&file, Readers::Owner, |out| {
            out.write_all(b"half")?;
            Err::<(), _>(CommandError::invalid("no"))
        });
        assert!(refused.is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(entries(place.path()), 1);
    }

    #[test]
    fn what_holds_a_catalog_is_its_owners_alone() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("f");
        for _ in 0..2 {
            write_with(&file, Readers::Owner, |out| Ok(out.write_all(b"all")?)).unwrap();
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
        }
        let usual = place.path().join("a/b");
        write(&usual, "x").unwrap();
        // Never to be run, whatever the umask says.
        assert_eq!(fs::metadata(&usual).unwrap().mode() & 0o7111, 0);
        let error = refuse_to_replace(&usual).unwrap_err();
        assert!(error.hint.is_some_and(|hint| hint.contains("--force")));
        assert!(write(place.path(), "x").is_err());
    }

    #[test]
    fn only_files_are_read_and_only_so_much_of_them() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("f");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).as_deref(), Some(b"12345".as_slice()));
        assert_eq!(read(&file, 4), None);
        assert_eq!(read(Path::new("/dev/zero"), 5), None);
        assert_eq!(read(place.path(), 5), None);
    }

    #[test]
    fn a_file_of_another_owner_keeps_it() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("f");
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::chown(&file, Some(1234), Some(1235)).unwrap();
        write(&file, "new").unwrap();
        let found = fs::metadata(&file).unwrap();
        assert_eq!((found.uid(), found.gid()), (1234, 1235));
    }
}
