//! Making a new data directory.
//!
//! It is built under another name and renamed when it is complete and on
//! disk, so a process killed half-way leaves nothing that looks like a
//! database; what it leaves is removed by the next attempt.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::account::{self, Account};
use super::error::ClusterError;
use super::layout::Layout;
use super::process::{self, DataDirectory};
use super::programs::Programs;
use super::{DATABASE, USER, settings};

const UNFINISHED: &str = "data.new-";

/// Initialises the data directory of `layout`, whose folders exist. The lock
/// is held by the caller.
pub(super) fn initialise(
    layout: &Layout,
    programs: &Programs,
    account: Option<&Account>,
    durable: bool,
) -> Result<(), ClusterError> {
    let uid = account::effective_user();
    if account.is_none() && account::by_id(uid).is_none() {
        return Err(ClusterError::NoAccount { uid });
    }
    let folder = layout.server_folder();
    remove_unfinished(&folder);
    let fresh = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(&folder)
        .map_err(|source| ClusterError::file("create", &folder, source))?;
    let path = fresh.path();
    if let Some(account) = account {
        std::os::unix::fs::lchown(path, Some(account.uid), Some(account.gid))
            .map_err(|source| ClusterError::file("change the owner of", path, source))?;
    }
    let data = DataDirectory::open(path, account)?;
    let command = |program: &Path| process::command(program, account, &data, false);

    let mut initdb = command(&programs.initdb);
    initdb
        .args(["--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync"])
        .arg(format!("--username={USER}"))
        .arg("-D")
        .arg(data.argument());
    run(initdb, &programs.initdb, "", layout.home())?;

    append(&path.join("postgresql.conf"), settings::CONFIGURATION)?;
    replace(&path.join("pg_hba.conf"), settings::ACCESS)?;

    let mut single = command(&programs.postgres);
    single.args(["--single", "-D"]).arg(data.argument()).args([
        "-c",
        "exit_on_error=on",
        "-c",
        "fsync=off",
        "postgres",
    ]);
    let statement = format!("CREATE DATABASE {DATABASE};\n");
    run(single, &programs.postgres, &statement, layout.home())?;

    if durable {
        let mut sync = command(&programs.initdb);
        sync.args(["--sync-only", "-D"]).arg(data.argument());
        run(sync, &programs.initdb, "", layout.home())?;
    }
    drop(data);
    let target = layout.data();
    fs::rename(path, &target)
        .map_err(|source| ClusterError::file("put the new database in", &target, source))?;
    // Renamed: there is nothing left for the guard to remove.
    let _ = fresh.keep();
    if durable {
        File::open(&folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| ClusterError::file("sync", &folder, source))?;
    }
    Ok(())
}

/// Removes what interrupted attempts left, as far as that is possible.
pub(super) fn remove_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Runs a program to its end with `input`; a failure carries what it said, or
/// that the disk of `place` is full.
fn run(
    mut command: Command,
    program: &Path,
    input: &str,
    place: &Path,
) -> Result<(), ClusterError> {
    let not_runnable = |source| ClusterError::NotRunnable {
        program: program.to_path_buf(),
        source,
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_runnable)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that fails before it reads says why in its output.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(not_runnable)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(
        ClusterError::from_log(&said, place).unwrap_or_else(|| ClusterError::InitFailed {
            log: process::last_lines(&said),
        }),
    )
}

fn append(path: &Path, text: &str) -> Result<(), ClusterError> {
    OpenOptions::new()
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| ClusterError::file("write", path, source))
}

/// Overwrites a file in place, so that it keeps its owner.
fn replace(path: &Path, text: &str) -> Result<(), ClusterError> {
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| ClusterError::file("write", path, source))
}
