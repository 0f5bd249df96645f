//! The program on its own server: nothing set up, no URL, no home.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Holder, PROGRAM, Run, definition};

/// A place with a server of its own, which is removed at the end.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(
            tempfile::Builder::new()
                .prefix("a place with spaces ")
                .tempdir()
                .expect("a folder"),
        )
    }

    fn home(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(args)
            .current_dir(self.home())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TOOLCAT_HOME", self.home().join("data"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().expect("toolcat runs"))
    }

    /// A definition in `df.yaml`.
    fn write_df(&self) {
        let text = definition("linux", "df", "1.0", "disk_usage");
        std::fs::write(self.home().join("df.yaml"), text).expect("a file");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.run(&["db", "destroy", "--yes"]);
    }
}

#[test]
fn the_first_use_needs_no_preparation_and_no_home() {
    let place = Place::new();
    place.write_df();
    assert_eq!(place.run(&["db", "status"]).code, 1);
    // Several first uses at once.
    let first: Vec<_> = (0..4)
        .map(|_| {
            place
                .command(&["list", "--format", "name"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("toolcat runs")
        })
        .collect();
    for child in first {
        let run = Run::of(child.wait_with_output().expect("an end"));
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    }
    let run = place.run(&["import", "df.yaml"]);
    assert_eq!(run.code, 0, "{run:?}");
    let run = place.run(&["select", "-c", "disk_usage", "--format", "name"]);
    assert_eq!(run.stdout, "linux/df@1.0 disk_usage use\n", "{run:?}");
    assert_eq!(place.run(&["db", "status"]).code, 0);
    assert_eq!(place.run(&["db", "psql", "-Atc", "select 1"]).stdout, "1\n");

    assert_eq!(place.run(&["db", "stop"]).code, 0);
    assert_eq!(place.run(&["db", "status"]).code, 1);
    let run = place.run(&["list", "--format", "name"]);
    assert_eq!(run.stdout, "linux/df@1.0\n", "started again: {run:?}");

    let run = place.run(&["db", "destroy"]);
    assert_eq!(run.code, 2, "nobody can be asked: {run:?}");
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
}

#[test]
fn without_a_home_the_message_names_the_way_out() {
    let output = Command::new(PROGRAM)
        .arg("list")
        .env_clear()
        .env("PATH", "/nowhere")
        .env("TOOLCAT_PG_BINDIR", "/nowhere")
        .env(
            "TOOLCAT_HOME",
            tempfile::tempdir().expect("a folder").path(),
        )
        .output()
        .expect("toolcat runs");
    let run = Run::of(output);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("hint:"), "{}", run.stderr);
}

#[test]
fn a_url_means_that_the_local_server_is_left_alone() {
    let place = Place::new();
    let mut command = place.command(&["db", "start"]);
    command.env("DATABASE_URL", "postgresql://127.0.0.1:1/x");
    let run = Run::of(command.output().expect("toolcat runs"));
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("DATABASE_URL"), "{}", run.stderr);
    assert!(!place.home().join("data").exists());
}

/// S4
#[test]
fn variables_for_other_servers_do_not_move_the_local_one() {
    let place = Place::new();
    place.write_df();
    assert_eq!(place.run(&["import", "df.yaml"]).code, 0);
    for (variable, value) in [
        ("PGHOST", "/nowhere"),
        ("PGHOSTADDR", "127.0.0.9"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGDATABASE", "none"),
        ("PGREQUIREPEER", "nobody"),
        ("PGREQUIREAUTH", "scram-sha-256"),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "system"),
        ("PGSSLNEGOTIATION", "direct"),
        ("PGCHANNELBINDING", "require"),
        ("PGGSSENCMODE", "require"),
        ("PGLOADBALANCEHOSTS", "bogus"),
        ("PGMINPROTOCOLVERSION", "bogus"),
        ("PGSSLMINPROTOCOLVERSION", "bogus"),
    ] {
        for args in [&["list", "--format", "name"][..], &["db", "status"]] {
            let mut command = place.command(args);
            command.env(variable, value);
            let run = Run::of(command.output().expect("toolcat runs"));
            assert_eq!(run.code, 0, "{variable}: {run:?}");
        }
    }
    // What counts for any server and cannot be used is told at once.
    let mut command = place.command(&["list"]);
    command.env("PGCONNECT_TIMEOUT", "soon");
    let run = Run::of(command.output().expect("toolcat runs"));
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("connect_timeout"), "{}", run.stderr);
    let mut command = place.command(&["list"]);
    command.env("PGSERVICE", "nosuch");
    let run = Run::of(command.output().expect("toolcat runs"));
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("unset PGSERVICE"), "{}", run.stderr);
}

#[test]
fn a_server_restarted_in_the_middle_leaves_the_catalog_unchanged() {
    let place = Place::new();
    place.write_df();
    assert_eq!(place.run(&["import", "df.yaml"]).code, 0);
    let before = place.run(&["show", "df", "--format", "json"]).stdout;
    let url = place.run(&["db", "url"]).stdout.trim().to_owned();
    let holder = Holder::of_the_writers_lock(&url);
    let change = place
        .command(&["disable", "df", "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("toolcat runs");
    holder.await_rival();
    assert_eq!(place.run(&["db", "stop"]).code, 0);
    assert_eq!(place.run(&["db", "start"]).code, 0);
    let change = Run::of(change.wait_with_output().expect("an end"));
    assert_eq!(change.code, 3, "{change:?}");
    assert!(change.stderr.contains("lost"), "{}", change.stderr);
    drop(holder);
    assert_eq!(
        place.run(&["show", "df", "--format", "json"]).stdout,
        before
    );
    assert_eq!(place.run(&["audit", "verify"]).code, 0);
    assert_eq!(place.run(&["disable", "df", "--yes"]).code, 0);
}

/// The programs are updated while the server runs: it is restarted at the next command when nobody
/// else is connected, else that is said.
#[test]
fn a_server_outlives_an_update_of_its_programs() {
    let place = Place::new();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.home(), mode).expect("a mode");
    let real = toolcat::cluster::Cluster::at(place.home().join("data"))
        .and_then(|cluster| cluster.programs())
        .expect("programs")
        .bindir;
    // The programs find their libraries and tables from where they are.
    let root = place.home().join("root");
    let bin = root.join(real.strip_prefix("/").expect("an absolute path"));
    let script = "set -e; mkdir -p \"$1\" \"$3\"; cp \"$2\"/postgres \"$2\"/initdb \"$2\"/psql \"$1\"; \
                  for each in lib share/postgresql; do \
                  from=$(cd \"$2\" && \"./pg_config\" --\"$(case $each in lib) echo pkglibdir;; *) echo sharedir;; esac)\"); \
                  mkdir -p \"$3$(dirname \"$from\")\"; [ -e \"$3$from\" ] || ln -s \"$from\" \"$3$from\"; done";
    let farm = Command::new("sh")
        .args(["-c", script, "sh"])
        .args([&bin, &real, &root])
        .status()
        .expect("a shell");
    if !farm.success() {
        // No pg_config, which is a package of its own.
        return;
    }
    let run = |args: &[&str]| {
        let mut command = place.command(args);
        command.env("TOOLCAT_PG_BINDIR", &bin);
        command.output().map(Run::of).expect("toolcat runs")
    };
    assert_eq!(run(&["list"]).code, 0);
    let pid = || {
        let status = run(&["db", "status", "--json"]).json();
        status["pid"].as_u64().expect("a process")
    };
    let before = pid();
    let update = format!(
        "printf '%s\\n' '#!/bin/sh' '[ \"$1\" = --version ] && echo \"postgres (PostgreSQL) 15.99\" && exit' \
         'exec \"{}\" \"$@\"' > \"$1/new\" && chmod 755 \"$1/new\" && mv \"$1/new\" \"$1/postgres\"",
        real.join("postgres").display()
    );
    let updated = Command::new("sh")
        .args(["-c", &update, "sh"])
        .arg(&bin)
        .status();
    assert!(updated.is_ok_and(|status| status.success()));
    let url = run(&["db", "url"]).stdout;
    let other = Holder::of_the_writers_lock(url.trim());
    let said = run(&["list"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stderr.contains("15.99 is installed by now"),
        "{said:?}"
    );
    assert_eq!(pid(), before);
    drop(other);
    let said = run(&["list"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stderr
            .contains("to 15.99; restarting the local database"),
        "{said:?}"
    );
    assert_ne!(pid(), before);
}
