//! What the tests of the program share: a throw-away PostgreSQL server per run, a database per
//! test, cloned from a template that was migrated once, and a runner that shows a whole
//! interaction as text.
//!
//! `scripts/test` starts one server for all test programs and names its home in
//! `TOOLCAT_TEST_HOME`; a test program started alone makes one for itself. It is never the
//! developer's own: homes are temporary folders. A watcher holds the other end of a pipe and
//! removes the server when the test program ends, however it ends.

#![allow(dead_code, reason = "no test program uses all of it")]

pub mod small_model;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{NaiveDateTime, TimeDelta, Utc};
use toolcat::cluster::Cluster;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_toolcat");

/// The name of the migrated database that is cloned.
const TEMPLATE: &str = "test_template";

/// The server of this run.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = match std::env::var_os("TOOLCAT_TEST_HOME") {
            Some(home) => started(Path::new(&home)),
            None => own_cluster(),
        };
        prepare_template(&cluster);
        cluster
    })
}

/// A server that need not survive a crash of the machine, started where it does not run.
fn started(home: &Path) -> Cluster {
    let cluster = Cluster::at(home)
        .expect("a place for the server")
        .durable(false);
    cluster
        .ensure_running(&mut |_| {})
        .expect("a running server");
    cluster
}

fn own_cluster() -> Cluster {
    let home = tempfile::Builder::new()
        .prefix("toolcat-test-")
        .tempdir()
        .expect("a temporary folder")
        .keep();
    let cluster = started(&home);
    let watcher = Command::new("sh")
        .args([
            "-c",
            "read end; \"$0\" db destroy --yes --quiet; rm -rf \"$1\"",
            PROGRAM,
        ])
        .arg(&home)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TOOLCAT_HOME", &home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a watcher");
    // It outlives this process, whose end closes the pipe.
    std::mem::forget(watcher);
    cluster
}

/// Makes the template once per server, whichever test program comes first.
fn prepare_template(cluster: &Cluster) {
    let lock = std::fs::File::create(cluster.home().join("template.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let exists = psql(
        &cluster.url(),
        &format!("SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}' AND datistemplate"),
    );
    if exists.trim() == "1" {
        return;
    }
    psql(
        &cluster.url(),
        &format!("DROP DATABASE IF EXISTS {TEMPLATE}"),
    );
    psql(&cluster.url(), &format!("CREATE DATABASE {TEMPLATE}"));
    let migrated = Command::new(PROGRAM)
        .args(["migrate", "up"])
        .env("TOOLCAT_DATABASE_URL", cluster.url_of(TEMPLATE))
        .output()
        .expect("toolcat runs");
    assert!(migrated.status.success(), "{migrated:?}");
    psql(
        &cluster.url(),
        &format!("ALTER DATABASE {TEMPLATE} IS_TEMPLATE true"),
    );
}

/// Runs SQL with psql and returns what it printed, unaligned and without headings.
pub fn psql(url: &str, sql: &str) -> String {
    let output = Command::new(psql_program())
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
        .output()
        .expect("psql runs");
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The program that runs SQL by hand.
pub fn psql_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let home = tempfile::tempdir().expect("a temporary folder");
        Cluster::at(home.path())
            .and_then(|cluster| cluster.psql_program())
            .expect("psql")
    })
}

/// Another session that holds the lock of the writers of definitions, until it is dropped: a change
/// waits for it in the middle of its transaction.
pub struct Holder {
    session: std::process::Child,
    url: String,
}

impl Holder {
    /// Takes the lock.
    pub fn of_the_writers_lock(url: &str) -> Self {
        Self::of(url, "SELECT FROM tool_catalog.catalog_state FOR UPDATE")
    }

    /// Takes the locks of a statement.
    pub fn of(url: &str, statement: &str) -> Self {
        let mut session = Command::new(psql_program())
            .args(["-XAtq", "-d", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a session");
        let out = session.stdout.take().expect("a pipe");
        let url = url.to_owned();
        let mut holder = Self { session, url };
        holder.ask(&format!("BEGIN; {statement}; SELECT 'held'"));
        let mut out = BufReader::new(out).lines();
        while out.next().expect("a line").expect("text") != "held" {}
        holder
    }

    /// Sends another statement, without waiting for its end.
    pub fn ask(&mut self, statement: &str) {
        let stdin = self.session.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{statement};").expect("the statement");
    }

    /// Returns when another session waits for a lock.
    pub fn await_rival(&self) {
        const WAITING: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                               AND wait_event_type = 'Lock'";
        let start = std::time::Instant::now();
        while psql(&self.url, WAITING).is_empty() {
            assert!(start.elapsed().as_secs() < 120, "no session waits");
            std::thread::yield_now();
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.session.stdin.take());
        let _ = self.session.wait();
    }
}

/// A test's own database, home and working folder; gone when it is dropped.
pub struct World {
    url: String,
    name: String,
    folder: tempfile::TempDir,
}

impl World {
    /// A world with a migrated, empty catalog.
    pub fn new() -> Self {
        Self::from_template(TEMPLATE)
    }

    /// A world with an empty database, without a catalog.
    pub fn bare() -> Self {
        Self::from_template("template0")
    }

    fn from_template(template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "test_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let cluster = cluster();
        psql(
            &cluster.url(),
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("home")).expect("a home");
        std::fs::create_dir(folder.path().join("project")).expect("a working folder");
        Self {
            url: cluster.url_of(&name),
            name,
            folder,
        }
    }

    /// The URL of the test's database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The working folder of the commands.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file in the working folder, with the folders above it.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Reads a file of the working folder.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect(name)
    }

    /// The program with those arguments, in the test's surroundings, not yet started.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("TOOLCAT_DATABASE_URL", &self.url)
            .env("TOOLCAT_ACTOR", "tester")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Run {
        Run::of(self.command(args).output().expect("toolcat runs"))
    }

    /// Runs the program with text on stdin.
    pub fn run_with_input<S: AsRef<std::ffi::OsStr>>(&self, args: &[S], input: &str) -> Run {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("toolcat runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        let writer = std::thread::spawn(move || {
            // A program that does not read all of its input is not the test's concern here.
            let _ = stdin.write_all(input.as_bytes());
        });
        let output = child.wait_with_output().expect("toolcat ends");
        writer.join().expect("the writer ends");
        Run::of(output)
    }

    /// Runs the program and expects it to succeed.
    pub fn ok<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> String {
        let run = self.run(args);
        assert_eq!(run.code, 0, "{}", run.shown(""));
        run.stdout
    }

    /// Runs commands, one a line, split at blanks, and shows the whole interaction with times,
    /// paths and digests masked: for snapshots.
    pub fn transcript(&self, commands: &str) -> String {
        let mut shown = String::new();
        for line in commands.lines().map(str::trim).filter(|it| !it.is_empty()) {
            let run = self.run(&line.split_whitespace().collect::<Vec<_>>());
            shown.push_str(&run.shown(line));
        }
        self.masked(&shown)
    }

    /// Replaces what differs from run to run: times, the test's folder and URL, digests.
    pub fn masked(&self, text: &str) -> String {
        let text = text
            .replace(&self.url, "[URL]")
            .replace(&self.folder.path().display().to_string(), "[FOLDER]");
        mask_runs(&mask_times(&text))
    }

    /// Runs SQL on the test's database, in its catalog.
    pub fn sql(&self, sql: &str) -> String {
        psql(
            &self.url,
            &format!("SET search_path = tool_catalog, pg_temp; {sql}"),
        )
    }
}

impl Drop for World {
    fn drop(&mut self) {
        psql(
            &cluster().url(),
            &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
    }
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Run {
    /// From a process's output.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The whole interaction as text.
    pub fn shown(&self, line: &str) -> String {
        let mut shown = format!("$ toolcat {line}\n{}", self.stdout);
        for line in self.stderr.lines() {
            let _ = writeln!(shown, "! {line}");
        }
        if self.code != 0 {
            let _ = writeln!(shown, "[exit {}]", self.code);
        }
        shown
    }

    /// stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A time since yesterday, with or without a fraction, becomes `[TIME]`. Older ones are constants, or those of a
/// clock that a test has frozen, and stay.
fn mask_times(text: &str) -> String {
    const SHAPE: &str = "dddd-dd-ddTdd:dd:dd";
    let bytes = text.as_bytes();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let has_shape = bytes.len() >= at + SHAPE.len()
            && SHAPE
                .bytes()
                .zip(&bytes[at..])
                .all(|(shape, byte)| match shape {
                    b'd' => byte.is_ascii_digit(),
                    other => *byte == other,
                });
        if has_shape && is_recent(&text[at..at + SHAPE.len()]) {
            at += SHAPE.len();
            at += bytes[at..]
                .iter()
                .take_while(|byte| {
                    byte.is_ascii_digit() || matches!(byte, b'.' | b'Z' | b'+' | b':')
                })
                .count();
            shown.push_str("[TIME]");
        } else {
            let next = text[at..].chars().next().map_or(1, char::len_utf8);
            shown.push_str(&text[at..at + next]);
            at += next;
        }
    }
    shown
}

fn is_recent(time: &str) -> bool {
    let yesterday = Utc::now().naive_utc() - TimeDelta::days(1);
    NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S").is_ok_and(|it| it > yesterday)
}

/// 64 hexadecimal digits become `[DIGEST]`.
fn mask_runs(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_hexdigit() {
            run.push(c);
            continue;
        }
        shown.push_str(if run.len() == 64 { "[DIGEST]" } else { &run });
        run.clear();
        if c != '\0' {
            shown.push(c);
        }
    }
    shown
}

/// A valid definition with one capability and one pattern.
pub fn definition(platform: &str, name: &str, version: &str, capability: &str) -> String {
    format!(
        "tool_name: {name}
version: '{version}'
description: What {name} is for
platform: {platform}
category: system
metadata:
  tags: [test]
capabilities:
  {capability}:
    description: What {capability} does
    patterns:
      use:
        description: The usual way
        typical_use_cases:
          - try {name}
        time_estimate_ms: 100 + N
        cost_estimate: '1'
        complexity_score: 0.3
        scope: single_item
        completeness: complete
        policy:
          max_cost: 10
          requires_approval: false
          production_safe: true
        preference_match:
          speed: 0.8
          accuracy: 0.7
          cost: 0.6
          complexity: 0.5
          completeness: 0.4
        required_inputs: []
        expected_outputs: []
"
    )
}

/// The folder with reference data, where this checkout has one beside it.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("TOOLCAT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    folder.is_dir().then_some(folder)
}
