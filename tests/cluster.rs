//! The local cluster on real PostgreSQL programs. Every test has a home of its
//! own, and whatever it started is removed with it.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;
use toolcat::cluster::{Cluster, ClusterError, Environment, Notice, ServerRemedy, State};

const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster in a temporary home, removed on drop.
struct TestCluster {
    cluster: Cluster,
    home: PathBuf,
    _place: tempfile::TempDir,
}

impl TestCluster {
    fn new(name: &str) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let home = place.path().join(name);
        let cluster = Cluster::at(&home).expect("a usable path").durable(false);
        Self {
            cluster,
            home,
            _place: place,
        }
    }

    fn start(&self) -> bool {
        self.cluster.start(&mut |_| ()).expect("it starts")
    }

    fn pid(&self) -> u32 {
        match self.cluster.status().expect("a status").state {
            State::Running { pid, since } => {
                assert!(since.is_some());
                pid.expect("a visible process")
            }
            other => panic!("not running: {other:?}"),
        }
    }

    #[expect(unsafe_code, reason = "kill is a C function")]
    fn kill_hard(&self) {
        let pid = libc::pid_t::try_from(self.pid()).expect("a process number");
        // SAFETY: a system call on plain numbers.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
    }

    fn data(&self) -> PathBuf {
        self.home.join("postgresql/data")
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        let _ = self.cluster.destroy(&mut |_| ());
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn ask(cluster: &Cluster, expression: &str) -> String {
    let mut connection = PgConnection::establish(&cluster.url()).expect("a connection");
    let lines: Vec<Line> = diesel::sql_query(format!("SELECT ({expression})::text AS line"))
        .load(&mut connection)
        .expect("an answer");
    lines.into_iter().map(|line| line.line).collect()
}

fn run(cluster: &Cluster, statement: &str) {
    let mut connection = PgConnection::establish(&cluster.url()).expect("a connection");
    diesel::sql_query(statement)
        .execute(&mut connection)
        .expect("it runs");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").mode() & 0o777
}

#[test]
fn first_use_by_many_at_once_then_a_whole_life() {
    let test = TestCluster::new("a home, with spaces & more");
    let made: Vec<Notice> = std::thread::scope(|scope| {
        let users: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut notices = Vec::new();
                    test.cluster
                        .ensure_running(&mut |notice| notices.push(notice))
                        .expect("every one of them succeeds");
                    assert_eq!(ask(&test.cluster, "1 + 1"), "2");
                    notices
                })
            })
            .collect();
        users
            .into_iter()
            .flat_map(|user| user.join().expect("no panic"))
            .collect()
    });
    let count = |wanted: fn(&Notice) -> bool| made.iter().filter(|notice| wanted(notice)).count();
    assert_eq!(
        count(|notice| matches!(notice, Notice::Initialising { .. })),
        1
    );
    assert_eq!(count(|notice| matches!(notice, Notice::Starting)), 1);

    // Private, and independent of the user's locale.
    for folder in ["postgresql", "postgresql/run", "postgresql/data"] {
        assert_eq!(mode(&test.home.join(folder)), 0o700, "{folder}");
    }
    for (setting, value) in [
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("lc_messages", "C"),
        ("TimeZone", "UTC"),
        ("jit", "off"),
    ] {
        let answer = ask(&test.cluster, &format!("current_setting('{setting}')"));
        assert_eq!(answer, value, "{setting}");
    }
    let collation = "SELECT datcollate FROM pg_database WHERE datname = current_database()";
    assert_eq!(ask(&test.cluster, collation), "C");

    // Stopped and started, it is the same database.
    let first = test.pid();
    assert!(!test.start(), "it ran already");
    run(&test.cluster, "CREATE TABLE kept AS SELECT 42 AS answer");
    assert!(test.cluster.stop(PATIENCE, &mut |_| ()).expect("it stops"));
    assert!(!test.cluster.stop(PATIENCE, &mut |_| ()).expect("no error"));
    let status = test.cluster.status().expect("a status");
    assert_eq!(status.state, State::Stopped);
    assert!(status.size_bytes.is_some_and(|size| size > 1_000_000));
    assert!(status.log_path.is_file());
    assert!(test.start());
    assert_ne!(test.pid(), first);
    assert_eq!(ask(&test.cluster, "SELECT answer FROM kept"), "42");

    assert!(test.cluster.destroy(&mut |_| ()).expect("it goes"));
    assert!(!test.home.exists());
    let status = test.cluster.status().expect("a status");
    assert_eq!(status.state, State::NotInitialised);
}

#[test]
fn what_a_crash_leaves_behind_is_no_obstacle() {
    let test = TestCluster::new("home");
    // An initialisation that was interrupted.
    let unfinished = test.home.join("postgresql/data.new-abc");
    fs::create_dir_all(&unfinished).expect("made");
    fs::write(unfinished.join("PG_VERSION"), "15\n").expect("written");
    assert!(test.start());
    assert!(!unfinished.exists());
    run(&test.cluster, "CREATE TABLE kept AS SELECT 42 AS answer");

    // The server is killed: pid file, socket and its lock stay behind.
    test.kill_hard();
    test.cluster
        .ensure_running(&mut |_| ())
        .expect("it starts again");
    assert_eq!(ask(&test.cluster, "SELECT answer FROM kept"), "42");

    // The machine is rebooted: the number is now another program's.
    test.cluster.stop(PATIENCE, &mut |_| ()).expect("it stops");
    let stale = format!(
        "{}\n/somewhere\n1\n5432\n../run\n\n\nready\n",
        std::process::id()
    );
    fs::write(test.data().join("postmaster.pid"), &stale).expect("written");
    let run_folder = test.home.join("postgresql/run");
    fs::write(run_folder.join(".s.PGSQL.5432.lock"), &stale).expect("written");
    fs::write(run_folder.join(".s.PGSQL.5432"), "").expect("written");
    let status = test.cluster.status().expect("a status");
    assert_eq!(status.state, State::Stopped);
    assert!(test.start());
    assert_eq!(ask(&test.cluster, "SELECT answer FROM kept"), "42");
}

#[expect(unsafe_code, reason = "a descriptor is to be inherited")]
#[test]
fn a_long_path_is_served_and_no_pipe_is_held() {
    let test = TestCluster::new(&format!("{0}/{0}/{0}", "long".repeat(20)));
    assert!(test.cluster.socket_path().as_os_str().len() < 104);

    // A pipe that every child inherits, as from `toolcat ... | cat`.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    assert_eq!(
        // SAFETY: a system call on a descriptor that is open.
        unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFD, 0) },
        0
    );
    assert!(test.start());
    drop(writer);
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = reader.read_to_end(&mut Vec::new());
        let _ = done.send(());
    });
    ended
        .recv_timeout(PATIENCE)
        .expect("the pipe ends although the server runs");

    // The short name is made again if it is swept away.
    let short = test.cluster.socket_path();
    let short = short.parent().expect("a folder");
    fs::remove_file(short).expect("it is a link");
    assert!(!test.start(), "the server still ran");
    assert_eq!(ask(&test.cluster, "1"), "1");
    test.cluster.destroy(&mut |_| ()).expect("it goes");
    assert!(fs::symlink_metadata(short).is_err());
}

#[test]
fn missing_programs_are_named_and_nothing_is_made() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let home = place.path().join("home");
    let cluster = Cluster::locate(&Environment {
        toolcat_home: Some(home.clone().into()),
        programs_dir: Some(place.path().join("no programs").into()),
        ..Environment::default()
    })
    .expect("a usable path");
    let error = cluster
        .ensure_running(&mut |_| ())
        .expect_err("no programs");
    assert!(error.to_string().contains("initdb"), "{error}");
    assert!(error.to_string().contains("no programs"), "{error}");
    assert_eq!(error.remedy(), Some(ServerRemedy::ProgramsFolder));
    assert!(!home.exists());
}

#[test]
fn a_place_that_cannot_hold_a_cluster_is_named() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let file = place.path().join("file");
    File::create(&file).expect("made");
    for home in [file.clone(), file.join("below")] {
        let cluster = Cluster::at(&home).expect("a path");
        let error = cluster.ensure_running(&mut |_| ()).expect_err("a file");
        assert!(matches!(error, ClusterError::NotAFolder { .. }), "{error}");
        assert!(error.to_string().contains("file"), "{error}");
        assert_eq!(error.remedy(), Some(ServerRemedy::ChooseWritableHome));
    }
    // Where no user, root included, can create anything.
    let cluster = Cluster::at("/proc/toolcat").expect("a path");
    assert!(cluster.ensure_running(&mut |_| ()).is_err());
}

#[test]
fn data_of_another_version_is_refused_and_kept() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let data = place.path().join("postgresql/data");
    fs::create_dir_all(&data).expect("made");
    fs::write(data.join("PG_VERSION"), "99\n").expect("written");
    let cluster = Cluster::at(place.path()).expect("a path");
    let error = cluster.ensure_running(&mut |_| ()).expect_err("too new");
    assert!(matches!(
        error,
        ClusterError::VersionMismatch { data: 99, .. }
    ));
    assert!(error.to_string().contains("99"), "{error}");
    assert!(data.join("PG_VERSION").exists());
}

/// A folder with programs that say they are of `version` and do what the real ones do.
fn programs(place: &Path, version: &str) -> PathBuf {
    let real = Cluster::at(place)
        .expect("a path")
        .programs()
        .expect("programs")
        .bindir;
    let folder = place.join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    for name in ["initdb", "postgres", "psql", "pg_dumpall"] {
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && echo '{name} (PostgreSQL) {version}' && exit\nexec '{}' \"$@\"\n",
            real.join(name).display()
        );
        let written = std::process::Command::new("sh")
            .args(["-c", "printf %s \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(folder.join(name))
            .arg(script)
            .status();
        assert!(written.is_ok_and(|status| status.success()));
    }
    folder
}

fn open_to_all(place: &tempfile::TempDir) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path(), mode).expect("a mode");
}

/// Another version is installed beside that of the data: everything goes over, and what fails in the
/// middle leaves the old data.
#[test]
fn data_is_taken_to_a_newer_version() {
    let place = tempfile::tempdir().expect("a temporary folder");
    open_to_all(&place);
    let server = TestCluster::new("home");
    server.start();
    run(&server.cluster, "CREATE ROLE reader");
    run(&server.cluster, "CREATE TABLE kept (a int, b text)");
    run(
        &server.cluster,
        "INSERT INTO kept SELECT n, 'line ' || n FROM generate_series(1, 1000) n",
    );
    run(&server.cluster, "GRANT SELECT ON kept TO reader");
    let before = ask(
        &server.cluster,
        "SELECT md5(string_agg(k::text, '' ORDER BY a)) FROM kept k",
    );
    let newer = Environment {
        toolcat_home: Some(server.home.clone().into()),
        programs_dir: Some(programs(place.path(), "99.1").into()),
        ..Environment::current()
    };
    let newer = Cluster::locate(&newer).expect("a path").durable(false);

    let refused = newer.upgrade(&mut |_| (), &mut |_| Err("they differ".to_owned()));
    let error = refused.expect_err("refused");
    assert!(error.to_string().contains("they differ"), "{error}");
    assert!(!server.home.join("postgresql/upgrade").exists());
    server.start();
    assert_eq!(ask(&server.cluster, "SELECT count(*) FROM kept"), "1000");

    let mut seen = Vec::new();
    let upgraded = newer
        .upgrade(&mut |_| (), &mut |urls| {
            for url in urls("toolcat") {
                let mut connection = PgConnection::establish(&url).expect("a connection");
                let lines: Vec<Line> = diesel::sql_query("SELECT count(*)::text AS line FROM kept")
                    .load(&mut connection)
                    .expect("an answer");
                seen.extend(lines.into_iter().map(|it| it.line));
            }
            Ok(())
        })
        .expect("it is upgraded");
    assert_eq!(upgraded.map(|[_, new]| new).as_deref(), Some("99.1"));
    assert_eq!(seen, ["1000", "1000"]);
    server.start();
    let after = ask(
        &server.cluster,
        "SELECT md5(string_agg(k::text, '' ORDER BY a)) FROM kept k",
    );
    assert_eq!(after, before);
    let granted = "has_table_privilege('reader', 'kept', 'SELECT')";
    assert_eq!(ask(&server.cluster, granted), "true");
    let mut left: Vec<_> = fs::read_dir(server.home.join("postgresql"))
        .expect("a folder")
        .map(|it| it.expect("an entry").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["data", "log", "run"]);
}

/// What an upgrade left that was killed: the next start goes on with the old data.
#[test]
fn a_killed_upgrade_is_no_obstacle() {
    let server = TestCluster::new("home");
    server.start();
    run(&server.cluster, "CREATE TABLE kept (a int)");
    server.kill_hard();
    let half = server.home.join("postgresql/upgrade/new/postgresql/data");
    fs::create_dir_all(&half).expect("a folder");
    fs::write(half.join("PG_VERSION"), "99\n").expect("written");
    server.start();
    assert_eq!(ask(&server.cluster, "SELECT count(*) FROM kept"), "0");
    assert!(!server.home.join("postgresql/upgrade").exists());
}

#[test]
fn leftovers_of_a_killed_first_start_are_removed() {
    let server = TestCluster::new("home");
    server.start();
    server.cluster.stop(PATIENCE, &mut |_| ()).expect("stopped");
    let half = server.home.join("postgresql/data.new-abc");
    fs::create_dir(&half).expect("a folder");
    server.start();
    assert!(!half.exists());
}

#[test]
fn f15_any_time_limit_will_do() {
    let server = TestCluster::new("home");
    server.start();
    assert!(
        server
            .cluster
            .stop(Duration::MAX, &mut |_| ())
            .expect("stopped")
    );
}
