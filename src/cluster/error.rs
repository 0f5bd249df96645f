//! What can go wrong with the local cluster, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::install;

/// Why the local cluster could not be used.
///
/// The message says what happened; [`hint`](ClusterError::hint) says what to
/// do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No variable names a folder for the cluster.
    #[error("no folder for the local database: TOOLCAT_HOME, XDG_DATA_HOME and HOME are not set")]
    NoHome,
    /// The database was there, and is no longer.
    #[error("the local database in {home} is gone", home = home.display())]
    Gone {
        /// The folder that held it.
        home: PathBuf,
    },
    /// libpq would take the server from a service file.
    #[error("PGSERVICE is set, which names another server than toolcat's own")]
    ServiceNamed,
    /// No PostgreSQL server programs on this machine.
    #[error("the PostgreSQL server programs (initdb, postgres) are not installed")]
    ProgramsMissing,
    /// `TOOLCAT_PG_BINDIR` names a folder without the programs.
    #[error("no PostgreSQL server programs (initdb, postgres) in {dir}, which TOOLCAT_PG_BINDIR names", dir = dir.display())]
    ProgramsNotThere {
        /// The folder named.
        dir: PathBuf,
    },
    /// The server programs are there, but not the client program asked for.
    #[error("the PostgreSQL client program {program} is not installed")]
    ClientMissing {
        /// The name of the program.
        program: &'static str,
    },
    /// The data was written by a major version that is not installed.
    #[error(
        "the local database was made by PostgreSQL {data}, but the programs installed are of version {installed}"
    )]
    VersionMismatch {
        /// The major version that wrote the data.
        data: u32,
        /// The versions found, as a list in words.
        installed: String,
        /// The newest of them.
        newest: u32,
    },
    /// The folder cannot be written to.
    #[error("cannot write to {path}: {source}", path = path.display())]
    ReadOnly {
        /// The file or folder that could not be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk or the quota is full.
    #[error("no space left on the disk that holds {path}", path = path.display())]
    NoSpace {
        /// The file or folder that could not be written.
        path: PathBuf,
    },
    /// The folder is another user's.
    #[error("{path} belongs to user {owner}, not to the user running toolcat", path = path.display())]
    NotOwner {
        /// The folder.
        path: PathBuf,
        /// The name of its owner.
        owner: String,
    },
    /// Everyone may write to the folder.
    #[error("everyone may write to {path}, so that the database in it would be anyone's", path = path.display())]
    OpenHome {
        /// The folder.
        path: PathBuf,
    },
    /// The programs that made the data are needed once more.
    #[error(
        "the local database was made by PostgreSQL {data}, whose programs are needed once more to take it to PostgreSQL {new}"
    )]
    OldProgramsMissing {
        /// The major version that made the data.
        data: u32,
        /// The major version that is installed.
        new: u32,
    },
    /// The data could not be taken to a newer version.
    #[error(
        "the local database could not be upgraded and is as it was{}",
        tail(log)
    )]
    UpgradeFailed {
        /// What the programs said, or what differs.
        log: String,
    },
    /// Something else is where a folder of the cluster should be.
    #[error("{path} is not a folder", path = path.display())]
    NotAFolder {
        /// What is in the way.
        path: PathBuf,
    },
    /// Any other failure of a file operation.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A path that cannot name a socket, and no safe place for a short one.
    #[error("the path {path} cannot name a Unix socket (it is too long or has a comma), and no private folder for a short name can be made in /tmp or /var/tmp", path = path.display())]
    NoSocketPath {
        /// The socket's folder.
        path: PathBuf,
    },
    /// Another process held the lock for the whole waiting time.
    #[error(
        "another process has been starting or stopping the local database for more than {seconds} s"
    )]
    LockTimeout {
        /// How long this process waited.
        seconds: u64,
    },
    /// A PostgreSQL program could not be run.
    #[error("cannot run {program}: {source}", program = program.display())]
    NotRunnable {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Run as root, without any account to run the server as.
    #[error(
        "PostgreSQL does not run as root, and this system has neither an account named postgres nor one named nobody"
    )]
    NoUnprivilegedUser,
    /// The user who runs toolcat is not in the user database, as in many containers.
    #[error(
        "the local database cannot be made: user {uid} has no entry in the user database, which initdb needs"
    )]
    NoAccount {
        /// The number of the user.
        uid: u32,
    },
    /// The data directory could not be initialised.
    #[error("the local database could not be initialised{}", tail(log))]
    InitFailed {
        /// The last lines of what the program said.
        log: String,
    },
    /// The server exited while starting.
    #[error("the local PostgreSQL server did not start{}", tail(log))]
    StartFailed {
        /// The last lines of the server's log.
        log: String,
        /// Where the whole log is.
        log_path: PathBuf,
    },
    /// The server did not accept connections in time.
    #[error(
        "the local PostgreSQL server did not accept connections within {seconds} s{}",
        tail(log)
    )]
    StartTimeout {
        /// How long was waited.
        seconds: u64,
        /// The last lines of the server's log.
        log: String,
        /// Where the whole log is.
        log_path: PathBuf,
    },
    /// The server did not stop in time.
    #[error("the local PostgreSQL server (process {pid}) did not stop within {seconds} s")]
    StopTimeout {
        /// The server's process.
        pid: u32,
        /// How long was waited.
        seconds: u64,
    },
    /// The server answers but its process cannot be seen from here.
    #[error(
        "the local PostgreSQL server runs where its process cannot be reached from here (another container?)"
    )]
    OutOfReach,
}

fn tail(log: &str) -> String {
    if log.is_empty() {
        String::new()
    } else {
        format!(":\n{log}")
    }
}

/// What the user can do about an error of the local server; each front end words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerRemedy {
    /// Choose a folder for it, or another database.
    ChooseHome,
    /// Unset the variable, or name the service in the URL.
    Service,
    /// The same, as the folder cannot be written.
    ChooseWritableHome,
    /// Install the programs, as said, or choose another database.
    InstallPrograms(String),
    /// Install the client, as said.
    InstallClient(String),
    /// Name the folder of the programs rightly.
    ProgramsFolder,
    /// Take the data to the newer major version, with the programs of the old one beside it.
    Upgrade {
        /// The major version of the data.
        data: u32,
        /// The newest that is installed.
        newest: u32,
    },
    /// Install the programs of the data's version, and go on with the upgrade.
    OldPrograms(u32),
    /// Install the programs of the data's version.
    MatchPrograms(u32),
    /// Keep others from writing to the folder.
    OwnHome(PathBuf),
    /// Free space, or choose another disk.
    MakeRoom,
    /// Run as the owner, or choose a folder of one's own.
    RunAs(String),
    /// Choose a shorter path.
    ShorterHome,
    /// See what holds it, and try again.
    SeeStatus,
    /// Make an unprivileged user.
    MakeUser,
    /// Read the whole log.
    ReadLog(PathBuf),
    /// Try again, or end the process of that number.
    HardStop(u32),
    /// Stop it where it was started.
    StopThere,
    /// Give the user of that number an entry in the user database, or choose another database.
    AddAccount(u32),
    /// Name programs that the server's user can run.
    RunnablePrograms,
}

impl ClusterError {
    /// What the user can do about it.
    pub fn remedy(&self) -> Option<ServerRemedy> {
        Some(match self {
            Self::NoHome => ServerRemedy::ChooseHome,
            Self::ServiceNamed => ServerRemedy::Service,
            Self::ProgramsMissing => ServerRemedy::InstallPrograms(install::advice()),
            Self::ProgramsNotThere { .. } => ServerRemedy::ProgramsFolder,
            Self::ClientMissing { .. } => ServerRemedy::InstallClient(install::advice()),
            Self::VersionMismatch { data, newest, .. } if newest > data => ServerRemedy::Upgrade {
                data: *data,
                newest: *newest,
            },
            Self::OldProgramsMissing { data, .. } => ServerRemedy::OldPrograms(*data),
            Self::OpenHome { path } => ServerRemedy::OwnHome(path.clone()),
            Self::VersionMismatch { data, .. } => ServerRemedy::MatchPrograms(*data),
            Self::ReadOnly { .. } | Self::NotAFolder { .. } => ServerRemedy::ChooseWritableHome,
            Self::NoSpace { .. } => ServerRemedy::MakeRoom,
            Self::NotOwner { owner, .. } => ServerRemedy::RunAs(owner.to_string()),
            Self::NoSocketPath { .. } => ServerRemedy::ShorterHome,
            Self::LockTimeout { .. } => ServerRemedy::SeeStatus,
            Self::NoUnprivilegedUser => ServerRemedy::MakeUser,
            Self::NoAccount { uid } => ServerRemedy::AddAccount(*uid),
            Self::StartFailed { log_path, .. } | Self::StartTimeout { log_path, .. } => {
                ServerRemedy::ReadLog(log_path.clone())
            }
            Self::StopTimeout { pid, .. } => ServerRemedy::HardStop(*pid),
            Self::OutOfReach => ServerRemedy::StopThere,
            Self::NotRunnable { .. } => ServerRemedy::RunnablePrograms,
            Self::Gone { .. }
            | Self::File { .. }
            | Self::InitFailed { .. }
            | Self::UpgradeFailed { .. } => {
                return None;
            }
        })
    }

    /// Classifies a failed file operation on `path`.
    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { path, source }
            }
            io::ErrorKind::NotADirectory => Self::NotAFolder { path },
            _ => Self::File {
                action,
                path,
                source,
            },
        }
    }

    /// Recognises a full or read-only disk in what a program said about `path`.
    pub(super) fn from_log(log: &str, path: &Path) -> Option<Self> {
        let path_buf = path.to_path_buf();
        if log.contains("No space left on device") || log.contains("Disk quota exceeded") {
            return Some(Self::NoSpace { path: path_buf });
        }
        if log.contains("Read-only file system") {
            return Some(Self::ReadOnly {
                path: path_buf,
                source: io::ErrorKind::ReadOnlyFilesystem.into(),
            });
        }
        // On a full disk the log itself may have stayed empty.
        let free = rustix::fs::statvfs(path)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        (free < MIN_FREE_BYTES).then_some(Self::NoSpace { path: path_buf })
    }
}

/// Less free space than this, and a failure is put down to the full disk: one
/// WAL segment is 16 MiB.
const MIN_FREE_BYTES: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_errors_are_classified() {
        let classify =
            |kind: io::ErrorKind| ClusterError::file("write", Path::new("/x"), kind.into());
        assert!(matches!(
            classify(io::ErrorKind::StorageFull),
            ClusterError::NoSpace { .. }
        ));
        assert!(matches!(
            classify(io::ErrorKind::ReadOnlyFilesystem),
            ClusterError::ReadOnly { .. }
        ));
        assert!(matches!(
            classify(io::ErrorKind::NotADirectory),
            ClusterError::NotAFolder { .. }
        ));
    }

    #[test]
    fn a_full_disk_is_recognised_in_a_log() {
        let log = "initdb: error: could not write file: No space left on device";
        let error = ClusterError::from_log(log, Path::new("/")).expect("recognised");
        assert!(matches!(error, ClusterError::NoSpace { .. }));
        assert_eq!(error.remedy(), Some(ServerRemedy::MakeRoom));
    }

    #[test]
    fn missing_programs_say_how_to_get_them() {
        let remedy = ClusterError::ProgramsMissing.remedy();
        assert!(
            matches!(&remedy, Some(ServerRemedy::InstallPrograms(how)) if how.contains("install")),
            "{remedy:?}"
        );
    }
}
