//! Where the files of a cluster are, and making its private folders.
//!
//! ```text
//! HOME_OF_CLUSTER/postgresql.lock   held while starting, stopping, removing
//! HOME_OF_CLUSTER/postgresql/       mode 0700, the server's user's
//!     data/                         the data directory
//!     run/                          the socket
//!     log/postgresql.log            what the server said, and one older file
//!     upgrade/                      only while the data is taken to a newer PostgreSQL
//! ```

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::{self, Account};
use super::error::ClusterError;

/// Whether a folder is the one for the socket of a cluster, whose server's folder is closed to others.
pub(super) fn is_run(folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else {
        return false;
    };
    let Some(server) = folder.parent().filter(|_| folder.ends_with(RUN)) else {
        return false;
    };
    let is_closed = fs::metadata(server).is_ok_and(|it| it.permissions().mode() & 0o077 == 0);
    is_closed && server.join("data/PG_VERSION").is_file()
}

/// The port number in the socket's name; no TCP port is opened.
pub(super) const PORT: u16 = 5432;

/// World-writable folders in which a short name for a socket may be made.
const SHARED_FOLDERS: [&str; 2] = ["/tmp", "/var/tmp"];

/// The paths of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    home: PathBuf,
    /// The socket's folder, in the home.
    run: &'static str,
    client_folder: PathBuf,
}

/// The socket's folder of a server that others are to reach.
const RUN: &str = "postgresql/run";

/// That of one that nobody is to reach meanwhile.
const RUN_ASIDE: &str = "postgresql/upgrade/run";

impl Layout {
    /// The paths of the cluster in `home`, an absolute path.
    pub(super) fn new(home: PathBuf) -> Result<Self, ClusterError> {
        Self::with_socket_in(home, RUN)
    }

    /// The same data, with a socket where nobody looks for it.
    pub(super) fn aside(&self) -> Result<Self, ClusterError> {
        Self::with_socket_in(self.home.clone(), RUN_ASIDE)
    }

    fn with_socket_in(home: PathBuf, run: &'static str) -> Result<Self, ClusterError> {
        let client_folder = client_folder(&home.join(run))?;
        Ok(Self {
            home,
            run,
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
        self.home.join(self.run)
    }

    /// The same as the server names it, which works in its data directory.
    pub(super) fn run_from_data(&self) -> String {
        self.run.replacen("postgresql", "..", 1)
    }

    /// Where the data is taken to a newer version.
    pub(super) fn upgrade_folder(&self) -> PathBuf {
        self.home.join("postgresql/upgrade")
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

    /// Refuses a home that somebody else could fill: one of another user, or one that everyone may
    /// write to. A home that does not exist yet is made private.
    pub(super) fn require_own_home(&self) -> Result<(), ClusterError> {
        let Ok(found) = fs::metadata(&self.home) else {
            return Ok(());
        };
        if found.uid() != 0 && found.uid() != account::effective_user() {
            return Err(ClusterError::NotOwner {
                path: self.home.clone(),
                owner: account::display_name(found.uid()),
            });
        }
        if found.is_dir() && found.mode() & 0o002 != 0 {
            return Err(ClusterError::OpenHome {
                path: self.home.clone(),
            });
        }
        Ok(())
    }

    /// Makes the server's folders, each private to `owner`, or to this
    /// process's user if there is none.
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
#[expect(unsafe_code, reason = "the size of a C structure")]
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
pub(super) fn make_private(path: &Path, owner: Option<&Account>) -> Result<(), ClusterError> {
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
/// not yet: a volume that came from a machine with other user numbers. A link is not a folder of ours,
/// and what it leads to is left alone.
fn give_away(path: &Path, owner: &Account) -> Result<(), ClusterError> {
    let foreign = |found: fs::Metadata| found.is_dir() && found.uid() != owner.uid;
    if !fs::symlink_metadata(path).is_ok_and(foreign) {
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
    fn a_server_aside_has_another_socket_and_the_same_data() {
        let layout = Layout::new("/home/x".into()).unwrap();
        let aside = layout.aside().unwrap();
        assert_eq!(layout.data(), aside.data());
        assert_ne!(layout.socket(), aside.socket());
        assert_eq!(layout.run_from_data(), "../run");
        assert_eq!(aside.run_from_data(), "../upgrade/run");
    }

    #[test]
    fn f20_a_home_that_others_can_fill_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let layout = Layout::new(place.path().into()).unwrap();
        layout.require_own_home().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = layout.require_own_home().unwrap_err();
        assert!(matches!(error, ClusterError::OpenHome { .. }));
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o775)).unwrap();
        layout.require_own_home().unwrap();
        if account::effective_user() == 0 {
            std::os::unix::fs::chown(place.path(), Some(1234), None).unwrap();
            let error = layout.require_own_home().unwrap_err();
            assert!(matches!(error, ClusterError::NotOwner { .. }));
        }
    }

    #[test]
    fn f20_what_a_link_leads_to_is_not_given_away() {
        if account::effective_user() != 0 {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let (target, link) = (place.path().join("target"), place.path().join("data"));
        fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(4321), Some(4321)).unwrap();
        let owner = Account {
            name: "x".to_owned(),
            uid: 1234,
            gid: 1234,
            home: "/".into(),
        };
        give_away(&link, &owner).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().uid(), 0);
        give_away(&target, &owner).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().uid(), 1234);
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
