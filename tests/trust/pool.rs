//! P1, P2, P3: what holds through a pool in front of the server. Through each kind of PgBouncer a
//! command works in the catalog that is named, or refuses.

use std::fs::Permissions;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::relay::{Relay, database_of};
use crate::common::{Run, World, definition};

/// A PgBouncer before the test's server.
struct Pool {
    process: Child,
    port: u16,
    database: String,
    _folder: tempfile::TempDir,
}

impl Pool {
    /// Starts one; `None` if PgBouncer is not installed.
    fn start(world: &World, mode: &str, more: &str) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
            .into_iter()
            .map(PathBuf::from)
            .find(|it| it.exists())?;
        let relay = Relay::new(world.url());
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("a mode");
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").expect("a port");
            free.local_addr().expect("an address").port()
        };
        // Transactions take turns on two sessions, so that none can count on the last one's.
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=toolcat\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\nserver_round_robin = 1\nmin_pool_size = 2\nserver_tls_sslmode = disable\n{more}\n",
            relay.port
        );
        let file = folder.path().join("pool.ini");
        std::fs::write(&file, settings).expect("a file");
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("a mode");
        let mut command = Command::new(program);
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        let process = command
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PgBouncer starts");
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Some(Self {
            process,
            port,
            database: database_of(world.url()),
            _folder: folder,
        })
    }

    fn url(&self, more: &str) -> String {
        format!(
            "postgresql://toolcat@127.0.0.1:{}/{}{more}",
            self.port, self.database
        )
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(world: &World, url: &str, args: &[&str]) -> Run {
    let mut command = world.command(args);
    command.env("TOOLCAT_DATABASE_URL", url);
    Run::of(command.output().expect("toolcat runs"))
}

const AS_IT_COMES: &str = "";
const DROPS_OPTIONS: &str = "ignore_startup_parameters = options";

#[test]
fn p1_p2_every_command_works_in_the_catalog_that_is_named_through_each_kind_of_pool() {
    for (mode, more) in [
        ("session", AS_IT_COMES),
        ("session", DROPS_OPTIONS),
        ("transaction", AS_IT_COMES),
        ("transaction", DROPS_OPTIONS),
    ] {
        let world = World::bare();
        let Some(pool) = Pool::start(&world, mode, more) else {
            return;
        };
        let context = format!("{mode}, {more}");
        world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
        let ok = |args: &[&str]| {
            let run = run(&world, &pool.url(""), args);
            assert_eq!(run.code, 0, "{context}: {args:?}: {run:?}");
            run.stdout
        };
        ok(&["--catalog", "production", "migrate", "up"]);
        ok(&["--catalog", "staging", "migrate", "up"]);
        ok(&["--catalog", "production", "import", "df.yaml"]);
        let deleted = run(
            &world,
            &pool.url(""),
            &["--catalog", "staging", "delete", "df", "--yes"],
        );
        assert_eq!(deleted.code, 4, "{context}: {deleted:?}");
        let places = world.sql(
            "SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'tools'",
        );
        assert_eq!(places.trim(), "production,staging", "{context}");
        let production = |args: &[&str]| ok(&[&["--catalog", "production"], args].concat());
        assert_eq!(production(&["list", "--format", "name"]), "linux/df@1.0\n");
        production(&["select", "--capability", "disk_usage"]);
        production(&["search", "disk"]);
        production(&["disable", "df", "--yes"]);
        production(&["enable", "df", "--yes"]);
        production(&["telemetry", "record", "df", "--time-ms", "5", "--success"]);
        production(&["telemetry", "stats"]);
        production(&["audit", "verify"]);
        production(&["watch", "--since", "0", "--count", "1"]);
        production(&["db", "backup", "all.jsonl"]);
        production(&["migrate", "status"]);
        ok(&["--catalog", "copy", "db", "restore", "all.jsonl"]);
        let copied = ok(&["--catalog", "copy", "list", "--format", "name"]);
        assert_eq!(copied, "linux/df@1.0\n", "{context}");
    }
}

#[test]
fn p2_a_pool_of_statements_is_refused() {
    for more in [AS_IT_COMES, DROPS_OPTIONS] {
        let world = World::new();
        let Some(pool) = Pool::start(&world, "statement", more) else {
            return;
        };
        let refused = run(&world, &pool.url(""), &["list"]);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.stderr.contains("pool"), "{refused:?}");
    }
}

#[test]
fn p3_what_the_user_sets_for_a_session_holds_with_and_without_a_pool() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    let pool = Pool::start(&world, "transaction", DROPS_OPTIONS);
    let urls = [
        Some(world.url().to_owned()),
        pool.as_ref().map(|it| it.url("")),
    ];
    for url in urls.iter().flatten() {
        let with = |options: &str, args: &[&str]| {
            let mut command = world.command(args);
            command
                .env("TOOLCAT_DATABASE_URL", url)
                .env("PGOPTIONS", options);
            Run::of(command.output().expect("toolcat runs"))
        };
        let read_only = with(
            "-c default_transaction_read_only=on",
            &["disable", "df", "--yes"],
        );
        assert_eq!(read_only.code, 3, "{read_only:?}");
        assert!(read_only.stderr.contains("read-only"), "{read_only:?}");
        let role = with("-c role=no_such_role", &["list"]);
        assert_eq!(role.code, 3, "{url}: {role:?}");
        assert_eq!(with("-c work_mem=1MB", &["list"]).code, 0, "{url}");
    }
    let mut command = world.command(&["db", "psql", "--", "-XAtc", "SHOW statement_timeout"]);
    command.env("PGOPTIONS", "-c statement_timeout=7s");
    let shown = Run::of(command.output().expect("toolcat runs"));
    assert_eq!(shown.stdout.trim(), "7s", "{shown:?}");
    let mut command = world.command(&["db", "psql", "--", "-XAtc", "SHOW application_name"]);
    command.env("PGAPPNAME", "nightly");
    let shown = Run::of(command.output().expect("toolcat runs"));
    assert_eq!(shown.stdout.trim(), "nightly", "{shown:?}");
}
