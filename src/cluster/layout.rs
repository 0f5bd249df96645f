//! Where the files of a cluster are, and making its private folders.
//!
//! ```text
//! HOME_OF_CLUSTER/postgresql.lock   held while starting, stopping, removing
//! HOME_OF_CLUSTER/postgresql/       mode 0700, the server's user's
//!     data/                         the data directory
//!     run/                          the socket
//!     log/postgresql.log            what the server said, and one older file
//! ```

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::{self, Account};
use super::error::ClusterError;

/// The port number in the socket's name; no TCP port is opened.
pub(super) const PORT: u16 = 5432;

/// World-writable folders in which a short name for a socket may be made.
const SHARED_FOLDERS: [&str; 2] = ["/tmp", "/var/tmp"];

/// The paths of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    home: PathBuf,
    client_folder: PathBuf,
}

impl Layout {
    /// The paths of the cluster in `home`, an absolute path.
    pub(super) fn new(home: PathBuf) -> Result<Self, ClusterError> {
        let client_folder = client_folder(&home.join("postgresql/run"))?;
        Ok(Self {
            home,
            client_folder,
        })
    }

    /// The folder that holds everything.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// The private folder of the server.
    pub(super) fn server_folder(&self) -> PathBuf {
        self.home.join("postgresql")
    }

    /// The data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("postgresql/data")
    }

    /// The folder that holds the socket.
    pub(super) fn run(&self) -> PathBuf {
        self.home.join("postgresql/run")
    }

    /// The folder by which clients reach the socket: [`run`](Self::run), or a
    /// short name for it where that path cannot name a socket.
    pub(super) fn client_folder(&self) -> &Path {
        &self.client_folder
    }

    /// The socket, as clients reach it.
    pub(super) fn socket(&self) -> PathBuf {
        self.client_folder.join(socket_name())
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("postgresql/log/postgresql.log")
    }

    /// The lock file.
    pub(super) fn lock(&self) -> PathBuf {
        self.home.join("postgresql.lock")
    }

    /// Whether a data directory has been initialised.
    pub(super) fn is_initialised(&self) -> bool {
        self.data().join("PG_VERSION").is_file()
    }

    /// The major version that initialised the data directory.
    pub(super) fn data_version(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data().join("PG_VERSION")).ok()?;
        text.trim().split('.').next()?.parse().ok()
    }

    /// Makes the folder that holds everything, and those above it.
    pub(super) fn make_home(&self) -> Result<(), ClusterError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.home)
            .map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => ClusterError::NotAFolder {
                    path: self.home.clone(),
                },
                _ => ClusterError::file("create", &self.home, source),
            })
    }

    /// Makes the server's folders, each private to `owner`, or to this
    /// process's user where there is none.
    pub(super) fn make_server_folders(&self, owner: Option<&Account>) -> Result<(), ClusterError> {
        for folder in ["postgresql", "postgresql/run", "postgresql/log"] {
            make_private(&self.home.join(folder), owner)?;
        }
        if let Some(owner) = owner {
            give_away(&self.data(), owner)?;
        }
        Ok(())
    }

    /// Makes or repairs the short name of the socket's folder, where one is
    /// needed.
    pub(super) fn make_client_folder(&self) -> Result<(), ClusterError> {
        let (run, name) = (self.run(), &self.client_folder);
        if *name == run || fs::read_link(name).is_ok_and(|target| target == run) {
            return Ok(());
        }
        let parent = name.parent().unwrap_or(name);
        make_private(parent, None)?;
        let fresh = name.with_extension(std::process::id().to_string());
        let _ = fs::remove_file(&fresh);
        std::os::unix::fs::symlink(&run, &fresh)
            .and_then(|()| fs::rename(&fresh, name))
            .map_err(|source| ClusterError::file("create", name, source))
    }

    /// Removes the short name of the socket's folder, if there is one.
    pub(super) fn remove_client_folder(&self) {
        if self.client_folder != self.run() {
            let _ = fs::remove_file(&self.client_folder);
        }
    }
}

/// The name of the socket in its folder.
pub(super) fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

/// The longest path of a Unix socket, in bytes: the address has room for one
/// more, the NUL at its end.
fn longest_socket_path() -> usize {
    // SAFETY: sockaddr_un is a plain C struct for which all zeroes is a valid value.
    let address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_path.len() - 1
}

/// The folder by which clients reach a socket in `run`.
///
/// A path that is too long for a socket, or has the comma by which libpq
/// separates hosts, gets a short name: a symbolic link in a folder of this user
/// alone, its name made from the path so that every call finds the same one. A
/// folder that another user planted there is not used.
fn client_folder(run: &Path) -> Result<PathBuf, ClusterError> {
    let fits = run.as_os_str().len() + 1 + socket_name().len() <= longest_socket_path();
    if fits && !run.as_os_str().as_bytes().contains(&b',') {
        return Ok(run.to_path_buf());
    }
    let user = account::effective_user();
    let digest = Sha256::digest(run.as_os_str().as_bytes());
    let name: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    SHARED_FOLDERS
        .iter()
        .filter(|shared| Path::new(shared).is_dir())
        .map(|shared| Path::new(shared).join(format!("toolcat-{user}")))
        .find(|folder| match fs::symlink_metadata(folder) {
            Ok(found) => found.is_dir() && found.uid() == user && found.mode() & 0o077 == 0,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        })
        .map(|folder| folder.join(name))
        .ok_or_else(|| ClusterError::NoSocketPath {
            path: run.to_path_buf(),
        })
}

/// Makes `path` a folder of mode 0700 that belongs to `owner`, or to this
/// process's user; refuses what is another user's or not a real folder.
fn make_private(path: &Path, owner: Option<&Account>) -> Result<(), ClusterError> {
    let failed = |action| move |source| ClusterError::file(action, path, source);
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.map_err(failed("create"))?,
    }
    let found = fs::symlink_metadata(path).map_err(failed("read"))?;
    if !found.is_dir() {
        return Err(ClusterError::NotAFolder {
            path: path.to_path_buf(),
        });
    }
    match owner {
        Some(owner) if found.uid() != owner.uid => {
            std::os::unix::fs::lchown(path, Some(owner.uid), Some(owner.gid))
                .map_err(failed("change the owner of"))?;
        }
        None if found.uid() != account::effective_user() => {
            return Err(ClusterError::NotOwner {
                path: path.to_path_buf(),
                owner: account::display_name(found.uid()),
            });
        }
        _ => {}
    }
    if found.mode() & 0o777 != 0o700 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(failed("change the mode of"))?;
    }
    Ok(())
}

/// Makes everything in `path` belong to `owner`, where `path` exists and does
/// not yet: a volume that came from a machine with other user numbers.
fn give_away(path: &Path, owner: &Account) -> Result<(), ClusterError> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.uid() != owner.uid) {
        return Ok(());
    }
    // The folder itself comes last, so that an interrupted pass is repeated.
    for entry in walkdir::WalkDir::new(path).contents_first(true) {
        let entry =
            entry.map_err(|source| ClusterError::file("read", path, io::Error::other(source)))?;
        std::os::unix::fs::lchown(entry.path(), Some(owner.uid), Some(owner.gid))
            .map_err(|source| ClusterError::file("change the owner of", entry.path(), source))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_path_is_used_as_it_is() {
        let layout = Layout::new("/short home".into()).unwrap();
        assert_eq!(layout.client_folder(), layout.run());
        assert!(layout.socket().ends_with(".s.PGSQL.5432"));
    }

    #[test]
    fn a_long_path_gets_a_short_name_that_is_always_the_same() {
        let long = PathBuf::from(format!("/{}", "long/".repeat(40)));
        let layout = Layout::new(long.clone()).unwrap();
        assert!(layout.socket().as_os_str().len() <= longest_socket_path());
        assert_eq!(layout.socket(), Layout::new(long.clone()).unwrap().socket());
        let other = Layout::new(long.join("other")).unwrap();
        assert_ne!(layout.socket(), other.socket());
    }

    #[test]
    fn a_private_folder_is_not_a_link_or_a_file() {
        let place = tempfile::tempdir().unwrap();
        let (folder, link) = (place.path().join("folder"), place.path().join("link"));
        make_private(&folder, None).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        make_private(&folder, None).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let error = make_private(&link, None).unwrap_err();
        assert!(matches!(error, ClusterError::NotAFolder { .. }));
    }
}
