//! Taking the data to a newer major version of PostgreSQL.
//!
//! The old server is started where nobody reaches it, a new one beside it, and
//! everything goes from one to the other by the new version's `pg_dumpall`:
//! roles, databases, rows. When both hold the same, a mark says so, and the new
//! data takes the place of the old. Without the mark an interrupted attempt is
//! given up, with it completed; either way by whoever comes next.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::account::Account;
use super::error::ClusterError;
use super::layout::{self, Layout, make_private};
use super::programs::Programs;
use super::server::{self, Starter};
use super::{DATABASE, USER, Urls, initialise, process, url_of};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(120);

/// The file that says that the new data is complete.
const COMPLETE: &str = "complete";

/// What the dump begins with that the new server has already.
const OWN_ROLE: &[u8] = b"CREATE ROLE toolcat;\n";

/// What an upgrade takes. The lock is held by the caller, and
/// [`settle`] was called.
pub(super) struct Upgrade<'a> {
    pub(super) layout: &'a Layout,
    pub(super) old: &'a Programs,
    pub(super) new: &'a Programs,
    pub(super) account: Option<&'a Account>,
    pub(super) durable: bool,
}

impl Upgrade<'_> {
    /// Puts data of the new version in the place of the old. `compare` gets a
    /// function that tells the URLs of a database on the old and on the new
    /// server.
    pub(super) fn run(
        &self,
        compare: &mut dyn FnMut(Urls<'_>) -> Result<(), String>,
    ) -> Result<(), ClusterError> {
        let clients = [client(self.new, "pg_dumpall")?, client(self.new, "psql")?];
        server::stop(self.layout, Signal::INT, PATIENCE)?;
        let made = self.make(&clients, compare);
        if made.is_err() {
            settle(self.layout)?;
        }
        made?;
        settle(self.layout)
    }

    fn make(
        &self,
        [dump, load]: &[PathBuf; 2],
        compare: &mut dyn FnMut(Urls<'_>) -> Result<(), String>,
    ) -> Result<(), ClusterError> {
        let old = self.layout.aside()?;
        let folder = self.layout.upgrade_folder();
        make_private(&folder, self.account)?;
        make_private(&old.run(), self.account)?;
        let new = fresh(self.layout)?;
        make_private(new.home(), self.account)?;
        new.make_server_folders(self.account)?;
        old.make_client_folder()?;
        new.make_client_folder()?;
        initialise::initialise(&new, self.new, self.account, self.durable)?;
        self.start(&old, self.old)?;
        self.start(&new, self.new)?;
        run(reach(load, &new)
            .args(["-d", "postgres", "-c"])
            .arg(format!("DROP DATABASE {DATABASE}")))?;
        transfer(
            reach(dump, &old),
            reach(load, &new).args(["-q", "-d", "postgres"]),
        )?;
        run(reach(load, &new).args(["-d", DATABASE, "-c", "ANALYZE"]))?;
        compare(&|database| [url_of(&old, database), url_of(&new, database)])
            .map_err(|log| ClusterError::UpgradeFailed { log })?;
        server::stop(&new, Signal::INT, PATIENCE)?;
        server::stop(&old, Signal::INT, PATIENCE)?;
        let mark = folder.join(COMPLETE);
        File::create(&mark)
            .and_then(|file| file.sync_all())
            .map_err(|source| ClusterError::file("write", &mark, source))
    }

    fn start(&self, layout: &Layout, programs: &Programs) -> Result<(), ClusterError> {
        let starter = Starter {
            layout,
            programs,
            account: self.account,
            durable: self.durable,
            patience: PATIENCE,
        };
        starter.start(&mut |_| ())
    }
}

/// The new data while it is made.
fn fresh(layout: &Layout) -> Result<Layout, ClusterError> {
    Layout::new(layout.upgrade_folder().join("new"))
}

/// Ends what an interrupted upgrade left: forward where the new data is
/// complete, else back. No server for others runs; the lock is held.
pub(super) fn settle(layout: &Layout) -> Result<(), ClusterError> {
    let folder = layout.upgrade_folder();
    if !folder.is_dir() {
        return Ok(());
    }
    let (old, new) = (layout.aside()?, fresh(layout)?);
    for layout in [&new, &old] {
        server::stop(layout, Signal::INT, PATIENCE)?;
        layout.remove_client_folder();
    }
    if folder.join(COMPLETE).is_file() {
        put_in_place(&new.data(), &layout.data())?;
    }
    let removed = fs::remove_dir_all(&folder);
    removed.map_err(|source| ClusterError::file("remove", &folder, source))
}

/// Replaces the old data by the new. Each step leaves a state from which this
/// goes on.
fn put_in_place(new: &Path, data: &Path) -> Result<(), ClusterError> {
    let old = data.with_extension("old");
    let moved = |from: &Path, to: &Path| {
        fs::rename(from, to).map_err(|source| ClusterError::file("rename", from, source))
    };
    if new.is_dir() {
        if data.is_dir() {
            moved(data, &old)?;
        }
        moved(new, data)?;
    }
    let folder = data.parent().unwrap_or(data);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| ClusterError::file("sync", folder, source))?;
    match fs::remove_dir_all(&old) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ClusterError::file("remove", &old, error))
        }
        _ => Ok(()),
    }
}

/// A client program of an installation.
fn client(programs: &Programs, program: &'static str) -> Result<PathBuf, ClusterError> {
    let path = programs.bindir.join(program);
    let found = path.is_file().then_some(path);
    found.ok_or(ClusterError::ClientMissing { program })
}

/// A client program that talks to the server of `layout`.
fn reach(program: &Path, layout: &Layout) -> Command {
    let mut command = Command::new(program);
    process::clean(&mut command);
    command.arg("-h").arg(layout.client_folder()).args([
        "-p",
        &layout::PORT.to_string(),
        "-U",
        USER,
        "-w",
    ]);
    if program.ends_with("psql") {
        command.args(["-X", "-v", "ON_ERROR_STOP=1"]);
    }
    command
}

fn run(command: &mut Command) -> Result<(), ClusterError> {
    let output = command
        .output()
        .map_err(|source| not_runnable(command, source))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(&String::from_utf8_lossy(&output.stderr))),
    }
}

/// Lets one program read what the other writes.
fn transfer(mut dump: Command, load: &mut Command) -> Result<(), ClusterError> {
    let complaints = |command: &mut Command| -> Result<File, ClusterError> {
        let said = tempfile::tempfile().map_err(|source| not_runnable(command, source))?;
        let copy = said
            .try_clone()
            .map_err(|source| not_runnable(command, source))?;
        command.stderr(Stdio::from(copy));
        Ok(said)
    };
    let mut said = [complaints(&mut dump)?, complaints(load)?];
    let mut from = dump
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| not_runnable(&dump, source))?;
    let mut to = load
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|source| not_runnable(load, source))?;
    let copied = match (from.stdout.take(), to.stdin.take()) {
        (Some(out), Some(mut into)) => copy(BufReader::new(out), &mut into),
        _ => Ok(()),
    };
    let ended = [from.wait(), to.wait()];
    let good = ended
        .iter()
        .all(|status| status.as_ref().is_ok_and(std::process::ExitStatus::success));
    if good && copied.is_ok() {
        return Ok(());
    }
    let mut log = String::new();
    for file in &mut said {
        let mut text = Vec::new();
        let read = file.rewind().and_then(|()| file.read_to_end(&mut text));
        if read.is_ok() {
            log.push_str(&String::from_utf8_lossy(&text));
        }
    }
    Err(failed(&log))
}

/// Copies a dump, but for the role that both servers have.
fn copy(mut dump: impl BufRead, into: &mut impl Write) -> std::io::Result<()> {
    let mut line = Vec::new();
    while dump.read_until(b'\n', &mut line)? > 0 {
        if line == OWN_ROLE {
            break;
        }
        into.write_all(&line)?;
        line.clear();
    }
    std::io::copy(&mut dump, into).map(drop)
}

fn failed(log: &str) -> ClusterError {
    ClusterError::UpgradeFailed {
        log: process::last_lines(log),
    }
}

fn not_runnable(command: &Command, source: std::io::Error) -> ClusterError {
    ClusterError::NotRunnable {
        program: command.get_program().into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home with data of `version`, and what an interrupted upgrade left.
    fn interrupted(steps: &[(&str, &str)]) -> (tempfile::TempDir, Layout) {
        let place = tempfile::tempdir().unwrap();
        for (file, text) in steps {
            let path = place.path().join("postgresql").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let layout = Layout::new(place.path().into()).unwrap();
        (place, layout)
    }

    const OLD: (&str, &str) = ("data/PG_VERSION", "15");
    const OLD_MOVED: (&str, &str) = ("data.old/PG_VERSION", "15");
    const NEW: (&str, &str) = ("upgrade/new/postgresql/data/PG_VERSION", "17");
    const NEW_MOVED: (&str, &str) = ("data/PG_VERSION", "17");
    const MARK: (&str, &str) = ("upgrade/complete", "");

    #[test]
    fn an_interrupted_upgrade_goes_back_or_forward() {
        let cases: [(&[(&str, &str)], u32); 5] = [
            (&[OLD, NEW], 15),
            (&[OLD, NEW, MARK], 17),
            (&[OLD_MOVED, NEW, MARK], 17),
            (&[OLD_MOVED, NEW_MOVED, MARK], 17),
            (&[OLD], 15),
        ];
        for (steps, version) in cases {
            let (_place, layout) = interrupted(steps);
            settle(&layout).unwrap();
            settle(&layout).unwrap();
            assert_eq!(layout.data_version(), Some(version), "{steps:?}");
            let left: Vec<_> = fs::read_dir(layout.server_folder()).unwrap().collect();
            assert_eq!(left.len(), 1, "{left:?}");
        }
    }

    #[test]
    fn the_role_that_is_there_is_left_out_once() {
        let dump = b"--\nCREATE ROLE a;\nCREATE ROLE toolcat;\nALTER ROLE toolcat;\nCREATE ROLE toolcat;\n";
        let mut copied = Vec::new();
        copy(dump.as_slice(), &mut copied).unwrap();
        let expected = "--\nCREATE ROLE a;\nALTER ROLE toolcat;\nCREATE ROLE toolcat;\n";
        assert_eq!(copied, expected.as_bytes());
    }
}
