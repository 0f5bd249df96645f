//! The local cluster: a private PostgreSQL server that is made and started on
//! first use, from the PostgreSQL programs installed on the machine.
//!
//! # Where it is
//! In `TOOLCAT_HOME`, else `XDG_DATA_HOME/toolcat`, else
//! `HOME/.local/share/toolcat`, for every user, root included: another home is
//! another cluster, and a home that is removed leaves nothing behind (a server
//! whose data directory is gone ends by itself within a minute). The server
//! listens on a Unix socket in a folder of mode 0700 and opens no TCP port. A
//! home whose path is too long for a socket, or has a comma, gets a short name for the socket's
//! folder in `/tmp/toolcat-UID`, which has to be this user's own.
//!
//! # Run as root
//! PostgreSQL refuses to run as root. The server's folder then belongs to an
//! unprivileged account, `postgres` or else `nobody`, and the server runs as
//! that account. It needs no access to the folders above, such as a `/root`
//! closed to everyone else: root opens the data directory and hands it to the
//! server, which knows it as `/proc/self/fd/N` and reaches its socket and its
//! files from there. Root itself reaches the socket everywhere.
//!
//! # How it runs
//! The server is a process in its own session without a descriptor or variable
//! of the caller, and stays for the next call. A lock keeps two processes
//! apart; the one that comes second finds the server running. A data directory
//! appears whole or not at all. What a reboot or a `kill -9` leaves behind is
//! recognised by looking at the process itself, and cleared away.
//!
//! Nothing here prints: what takes a moment is reported to a callback, as a
//! [`Notice`].

mod account;
mod environment;
mod error;
mod initialise;
mod install;
mod layout;
mod lock;
mod ping;
mod postmaster;
mod process;
mod programs;
mod server;
mod settings;
mod status;
mod upgrade;

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

pub use self::account::user_name;
pub use self::environment::Environment;
pub use self::error::{ClusterError, ServerRemedy};
pub use self::programs::Programs;
pub use self::status::{Notice, State, Status};

use self::account::Account;
use self::layout::Layout;
use self::lock::Lock;
use self::postmaster::Postmaster;
use self::programs::Search;
use self::server::{Presence, Starter};

/// The name of the database in the cluster.
pub const DATABASE: &str = "toolcat";

/// The name of the cluster's superuser, as whom clients connect.
pub const USER: &str = "toolcat";

/// Tells where a database is while an upgrade goes on: on the old server, and on the new one.
pub type Urls<'a> = &'a dyn Fn(&str) -> [String; 2];

/// How long a process waits for others that start or stop the server.
const LOCK_PATIENCE: Duration = Duration::from_secs(180);

/// How long a server may take until it accepts connections, recovery included.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// How long [`Cluster::restart`] leaves clients that connected at the last moment to end.
const RESTART_PATIENCE: Duration = Duration::from_secs(30);

/// How long [`Cluster::destroy`] waits for the server to stop, each way.
const DESTROY_PATIENCE: Duration = Duration::from_secs(15);

/// A place on disk for a private PostgreSQL server, perhaps not made yet.
#[derive(Clone, Debug)]
pub struct Cluster {
    layout: Layout,
    search: Search,
    durable: bool,
}

impl Cluster {
    /// The cluster of the user whose surroundings these are. Nothing is
    /// created and no process is started.
    ///
    /// # Errors
    /// [`ClusterError::NoHome`] if no folder is named,
    /// [`ClusterError::NotOwner`] and [`ClusterError::OpenHome`] if others
    /// could have filled it, and [`ClusterError::NoSocketPath`].
    pub fn locate(environment: &Environment) -> Result<Self, ClusterError> {
        if environment.names_service {
            return Err(ClusterError::ServiceNamed);
        }
        let layout = Layout::new(environment.cluster_home()?)?;
        layout.require_own_home()?;
        Ok(Self {
            layout,
            search: Search {
                path: environment.path.clone(),
                only: environment.programs_dir.clone().map(PathBuf::from),
                root: PathBuf::from("/"),
            },
            durable: true,
        })
    }

    /// The cluster in the folder `home`, whatever the environment says about
    /// the place; it still says where the programs are.
    ///
    /// # Errors
    /// As [`locate`](Self::locate).
    pub fn at(home: impl Into<PathBuf>) -> Result<Self, ClusterError> {
        Self::locate(&Environment {
            toolcat_home: Some(home.into().into_os_string()),
            ..Environment::current()
        })
    }

    /// Whether the socket in that folder, or in the one that it is a short name for, is that of a cluster of
    /// toolcat's own: such a server keeps its files where nobody but its user and root can look.
    pub fn is_socket_folder(folder: &Path) -> bool {
        layout::is_run(folder)
    }

    /// Whether the server waits for the disk. Without it, a server that this
    /// value starts is faster and loses data when the machine crashes: for
    /// tests.
    #[must_use]
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// The folder that holds everything of the cluster.
    pub fn home(&self) -> &Path {
        self.layout.home()
    }

    /// The URL of the database, for libpq. It holds no secret.
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// The URL of another database of this cluster.
    pub fn url_of(&self, database: &str) -> String {
        url_of(&self.layout, database)
    }

    /// The server's socket, as clients reach it.
    pub fn socket_path(&self) -> PathBuf {
        self.layout.socket()
    }

    /// Sees to it that the server runs and accepts connections: makes the
    /// database on first use, starts the server after a reboot, waits for one
    /// that is just starting or stopping.
    ///
    /// Where the server runs, this is one exchange over the socket: no process
    /// is started and no lock is taken. Connecting first and calling this only
    /// if that fails is faster still.
    ///
    /// # Errors
    /// Whatever stands in the way; see [`ClusterError`].
    pub fn ensure_running(&self, notices: &mut dyn FnMut(Notice)) -> Result<(), ClusterError> {
        self.start(notices).map(|_| ())
    }

    /// As [`ensure_running`](Self::ensure_running); returns whether the server
    /// had to be started.
    ///
    /// # Errors
    /// As [`ensure_running`](Self::ensure_running).
    pub fn start(&self, notices: &mut dyn FnMut(Notice)) -> Result<bool, ClusterError> {
        if server::presence(&self.layout) == Presence::Ready {
            return Ok(false);
        }
        // Before anything is created: without programs nothing is left behind.
        let programs = self.programs()?;
        self.layout.make_home()?;
        self.bring_up(programs, true, notices)
    }

    /// As [`start`](Self::start) for a database that was there before: none is made.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`ClusterError::Gone`].
    pub fn start_existing(&self, notices: &mut dyn FnMut(Notice)) -> Result<bool, ClusterError> {
        if server::presence(&self.layout) == Presence::Ready {
            return Ok(false);
        }
        // Where an upgrade was interrupted, the data is elsewhere in this folder.
        if !self.layout.server_folder().is_dir() {
            return Err(self.gone());
        }
        self.bring_up(self.programs()?, false, notices)
    }

    fn gone(&self) -> ClusterError {
        ClusterError::Gone {
            home: self.home().to_path_buf(),
        }
    }

    /// Starts the server by those programs; without data, makes it or gives up.
    fn bring_up(
        &self,
        mut programs: Programs,
        make: bool,
        notices: &mut dyn FnMut(Notice),
    ) -> Result<bool, ClusterError> {
        let _lock = self.lock(notices)?;
        // Another process may have removed or made the database meanwhile.
        self.layout.make_client_folder()?;
        if server::presence(&self.layout) == Presence::Ready {
            return Ok(false);
        }
        upgrade::settle(&self.layout)?;
        if !make && !self.layout.is_initialised() {
            return Err(self.gone());
        }
        initialise::remove_unfinished(&self.layout.server_folder());
        let account = self.server_account()?;
        self.layout.make_server_folders(account.as_ref())?;
        if self.layout.is_initialised() {
            if self.layout.data_version() != Some(programs.major) {
                programs = self.programs()?;
            }
        } else {
            notices(Notice::Initialising {
                home: self.home().to_path_buf(),
                version: programs.version.clone(),
                account: account.as_ref().map(|account| account.name.clone()),
            });
            initialise::initialise(&self.layout, &programs, account.as_ref(), self.durable)?;
        }
        notices(Notice::Starting);
        Starter {
            layout: &self.layout,
            programs: &programs,
            account: account.as_ref(),
            durable: self.durable,
            patience: START_PATIENCE,
        }
        .start(notices)?;
        Ok(true)
    }

    /// Stops the server, disconnecting its clients, and waits until its
    /// process is gone. Returns whether it ran.
    ///
    /// # Errors
    /// [`ClusterError::StopTimeout`] after `patience`, and what can go wrong
    /// with the lock.
    pub fn stop(
        &self,
        patience: Duration,
        notices: &mut dyn FnMut(Notice),
    ) -> Result<bool, ClusterError> {
        if !self.home().is_dir() {
            return Ok(false);
        }
        let _lock = self.lock(notices)?;
        upgrade::settle(&self.layout)?;
        self.layout.make_client_folder()?;
        server::stop(&self.layout, Signal::INT, patience)
    }

    /// Whether the programs of the server that runs were replaced or removed
    /// since it started, as by an update of the system. It then fails at the
    /// next library that it loads.
    pub fn programs_changed(&self) -> bool {
        let server = Postmaster::of(&self.layout.data());
        let Some((pid, since)) = server.and_then(|it| Some((it.pid, it.since?))) else {
            return false;
        };
        let Some(program) = postmaster::program(pid) else {
            return false;
        };
        match std::fs::metadata(program) {
            Ok(found) => {
                let seconds = u64::try_from(found.ctime()).unwrap_or_default();
                SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) >= since
            }
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }

    /// Restarts a server whose programs were replaced. A client that connects
    /// at the last moment is left to end.
    ///
    /// # Errors
    /// As [`stop`](Self::stop) and [`start`](Self::start).
    pub fn restart(&self, notices: &mut dyn FnMut(Notice)) -> Result<(), ClusterError> {
        // Without them it could not start again.
        self.programs()?;
        {
            let _lock = self.lock(notices)?;
            if self.programs_changed() {
                server::stop(&self.layout, Signal::TERM, RESTART_PATIENCE)?;
            }
        }
        self.start_existing(notices).map(drop)
    }

    /// Takes the data to the newest PostgreSQL that is installed, by its own
    /// dump; no server runs afterwards. `compare` is shown the URLs of the old and
    /// the new server before the new data takes the place of the old, which is
    /// removed then. Returns both versions; none if there is nothing newer,
    /// or no data.
    ///
    /// Whatever interrupts it, the data is there: the next start goes back to
    /// the old data, or forward where the new is complete.
    ///
    /// # Errors
    /// [`ClusterError::OldProgramsMissing`], [`ClusterError::UpgradeFailed`]
    /// with what `compare` said, and what can go wrong with two servers.
    pub fn upgrade(
        &self,
        notices: &mut dyn FnMut(Notice),
        compare: &mut dyn FnMut(Urls<'_>) -> Result<(), String>,
    ) -> Result<Option<[String; 2]>, ClusterError> {
        if !self.home().is_dir() {
            return Ok(None);
        }
        let _lock = self.lock(notices)?;
        upgrade::settle(&self.layout)?;
        let Some(data) = self.layout.data_version() else {
            return Ok(None);
        };
        let Some(new) = self.search.newer_than(data) else {
            return Ok(None);
        };
        let major = new.major;
        let missing = ClusterError::OldProgramsMissing { data, new: major };
        let old = self.search.of(data).ok_or(missing)?;
        notices(Notice::Upgrading {
            from: old.version.clone(),
            to: new.version.clone(),
        });
        let account = self.server_account()?;
        upgrade::Upgrade {
            layout: &self.layout,
            old: &old,
            new: &new,
            account: account.as_ref(),
            durable: self.durable,
        }
        .run(compare)?;
        Ok(Some([old.version, new.version]))
    }

    /// Stops the server and removes the database with everything in it.
    /// Returns whether there was one.
    ///
    /// # Errors
    /// As [`stop`](Self::stop), and what can go wrong with removing files.
    pub fn destroy(&self, notices: &mut dyn FnMut(Notice)) -> Result<bool, ClusterError> {
        if !self.home().is_dir() {
            return Ok(false);
        }
        let _lock = self.lock(notices)?;
        upgrade::settle(&self.layout)?;
        match server::stop(&self.layout, Signal::INT, DESTROY_PATIENCE) {
            Err(ClusterError::StopTimeout { .. }) => {
                server::stop(&self.layout, Signal::QUIT, DESTROY_PATIENCE)?
            }
            stopped => stopped?,
        };
        let existed = self.layout.is_initialised();
        self.remove()?;
        Ok(existed)
    }

    /// What there is to know about the cluster. Starts and creates nothing.
    ///
    /// # Errors
    /// [`ClusterError::NotOwner`] if the cluster is another user's.
    pub fn status(&self) -> Result<Status, ClusterError> {
        let folder = self.layout.server_folder();
        let owner = std::fs::metadata(&folder).ok().map(|found| found.uid());
        let me = account::effective_user();
        if let Some(owner) = owner.filter(|owner| me != 0 && *owner != me) {
            return Err(ClusterError::NotOwner {
                path: folder,
                owner: account::display_name(owner),
            });
        }
        let data = self.layout.data();
        let initialised = self.layout.is_initialised();
        if initialised {
            // The short name of the socket may have been swept from /tmp.
            let _ = self.layout.make_client_folder();
        }
        let server = Postmaster::of(&data);
        let pid = server.map(|server| server.pid);
        let state = match server::presence(&self.layout) {
            Presence::Ready => State::Running {
                pid,
                since: server.and_then(|server| server.since),
            },
            Presence::Changing => State::Changing { pid },
            Presence::Absent if initialised => State::Stopped,
            Presence::Absent => State::NotInitialised,
        };
        let version = self.programs().map(|programs| programs.version).ok();
        let data_version = self.layout.data_version();
        Ok(Status {
            state,
            version: version.or_else(|| data_version.map(|major| major.to_string())),
            account: owner.map(account::display_name),
            home: self.home().to_path_buf(),
            socket_dir: self.layout.client_folder().to_path_buf(),
            log_path: self.layout.log(),
            url: self.url(),
            size_bytes: initialised.then(|| size_of_folder(&data)),
            data_dir: data,
        })
    }

    /// The PostgreSQL programs that this cluster uses: those of the version
    /// that made its data, or, before there is any, the first on `PATH`, what
    /// `pg_config` names, or the newest in the usual folders.
    ///
    /// # Errors
    /// [`ClusterError::ProgramsMissing`], [`ClusterError::ProgramsNotThere`]
    /// and [`ClusterError::VersionMismatch`].
    pub fn programs(&self) -> Result<Programs, ClusterError> {
        self.search.find(self.layout.data_version())
    }

    /// The interactive client `psql`.
    ///
    /// # Errors
    /// As [`programs`](Self::programs), and [`ClusterError::ClientMissing`].
    pub fn psql_program(&self) -> Result<PathBuf, ClusterError> {
        self.programs()?
            .psql
            .ok_or(ClusterError::ClientMissing { program: "psql" })
    }

    fn lock(&self, notices: &mut dyn FnMut(Notice)) -> Result<Lock, ClusterError> {
        let waiting = || notices(Notice::Waiting);
        Lock::acquire(&self.layout.lock(), LOCK_PATIENCE, waiting)
    }

    /// The account to run the server as, if it is not this process's own.
    fn server_account(&self) -> Result<Option<Account>, ClusterError> {
        if account::effective_user() != 0 {
            return Ok(None);
        }
        let owner = std::fs::symlink_metadata(self.layout.data())
            .ok()
            .map(|found| found.uid());
        account::for_server(owner)
            .map(Some)
            .ok_or(ClusterError::NoUnprivilegedUser)
    }

    /// Removes the files. The server's folder is renamed first, so that an
    /// interrupted removal leaves no half of a database in its place.
    fn remove(&self) -> Result<(), ClusterError> {
        let folder = self.layout.server_folder();
        let home = self.home();
        let failed = |source| ClusterError::file("remove", &folder, source);
        if folder.exists() {
            let doomed = tempfile::Builder::new()
                .prefix("postgresql.removed-")
                .tempdir_in(home)
                .map_err(failed)?;
            std::fs::rename(&folder, doomed.path().join("postgresql")).map_err(failed)?;
            doomed.close().map_err(failed)?;
        }
        for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("postgresql.removed-") {
                std::fs::remove_dir_all(entry.path()).map_err(failed)?;
            }
        }
        self.layout.remove_client_folder();
        let lock = self.layout.lock();
        std::fs::remove_file(&lock)
            .map_err(|source| ClusterError::file("remove", &lock, source))?;
        // Only where nothing else is in it.
        let _ = std::fs::remove_dir(home);
        Ok(())
    }
}

/// The URL of a database of the server of `layout`.
fn url_of(layout: &Layout, database: &str) -> String {
    format!(
        "postgresql:///{}?host={}&port={}&user={USER}",
        percent_encode(database.as_bytes()),
        percent_encode(layout.client_folder().as_os_str().as_bytes()),
        layout::PORT,
    )
}

/// Encodes everything but the unreserved characters of RFC 3986.
fn percent_encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

/// The bytes of all files in `folder`; those that vanish meanwhile are not
/// counted.
fn size_of_folder(folder: &Path) -> u64 {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|found| found.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_encodes_the_folder_and_the_database() {
        let cluster = Cluster::at("/a b/ü&c").unwrap();
        assert_eq!(
            cluster.url(),
            "postgresql:///toolcat?host=%2Fa%20b%2F%C3%BC%26c%2Fpostgresql%2Frun&port=5432&user=toolcat"
        );
        assert!(cluster.url_of("x/y").starts_with("postgresql:///x%2Fy?"));
    }

    #[test]
    fn what_does_not_exist_is_neither_stopped_nor_removed_nor_made() {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().join("none");
        let cluster = Cluster::at(&home).unwrap();
        assert!(!cluster.stop(Duration::ZERO, &mut |_| ()).unwrap());
        assert!(!cluster.destroy(&mut |_| ()).unwrap());
        assert_eq!(cluster.status().unwrap().state, State::NotInitialised);
        assert!(!home.exists());
    }
}
