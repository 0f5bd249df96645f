//! F18, F19, D3: a server that is silent, refuses or speaks another language ends a command in time,
//! with the exit code that fits.

use std::time::{Duration, Instant};

use super::relay::{Relay, database_of};
use crate::common::{Holder, Run, World, definition, psql};

fn with_df(world: &World) {
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "--quiet", "df.yaml"]);
}

#[test]
fn f19_a_server_that_falls_silent_ends_a_command() {
    let world = World::new();
    with_df(&world);
    // While it logs in, after it has, and in the middle of a command.
    for word in ["user\0", "TIME ZONE", "current_setting", "tool_name"] {
        let relay = Relay::silent_at(world.url(), word);
        let url = format!(
            "postgresql://toolcat@127.0.0.1:{}/{}?sslmode=disable&connect_timeout=2",
            relay.port,
            database_of(world.url())
        );
        let mut command = world.command(&["show", "df"]);
        command.env("TOOLCAT_DATABASE_URL", &url);
        let run = Run::of(command.output().expect("toolcat runs"));
        assert_eq!(run.code, 3, "{word}: {run:?}");
        assert!(
            run.stderr.contains("silent") || run.stderr.contains("timeout"),
            "{word}: {run:?}"
        );
    }
}

#[test]
fn f19_a_selection_falls_back_wherever_the_server_falls_silent() {
    let world = World::new();
    with_df(&world);
    for word in ["TIME ZONE", "selection_index"] {
        let relay = Relay::silent_at(world.url(), word);
        let url = format!(
            "postgresql://toolcat@127.0.0.1:{}/{}?sslmode=disable&connect_timeout=2",
            relay.port,
            database_of(world.url())
        );
        let mut command = world.command(&[
            "select",
            "--capability",
            "disk_usage",
            "--fallback",
            "df.yaml",
        ]);
        command.env("TOOLCAT_DATABASE_URL", &url);
        let run = Run::of(command.output().expect("toolcat runs"));
        assert_eq!(run.code, 0, "{word}: {run:?}");
        assert!(run.stderr.contains("silent"), "{word}: {run:?}");
        assert!(run.stdout.contains("df"), "{word}: {run:?}");
    }
}

#[test]
fn f19_a_statement_that_only_takes_long_goes_on() {
    let world = World::new();
    with_df(&world);
    let relay = Relay::new(world.url());
    let url = format!(
        "postgresql://toolcat@127.0.0.1:{}/{}?sslmode=disable&connect_timeout=2",
        relay.port,
        database_of(world.url())
    );
    let holder = Holder::of_the_writers_lock(world.url());
    let mut command = world.command(&["disable", "df", "--yes"]);
    let child = command
        .env("TOOLCAT_DATABASE_URL", &url)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("toolcat runs");
    holder.await_rival();
    // Longer than the server may be silent: it is asked meanwhile, and answers.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        psql(world.url(), "SELECT pg_sleep(0.2)");
    }
    drop(holder);
    let run = Run::of(child.wait_with_output().expect("it ends"));
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn f18_an_interrupted_command_leaves_no_statement_behind() {
    let world = World::new();
    with_df(&world);
    let holder = Holder::of_the_writers_lock(world.url());
    let mut child = world
        .command(&["disable", "df", "--yes"])
        .spawn()
        .expect("toolcat runs");
    holder.await_rival();
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    let waits = "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let start = Instant::now();
    while psql(world.url(), waits).trim() != "0" {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "its statement waits on"
        );
    }
    drop(holder);
}

#[test]
fn d3_exit_codes_do_not_depend_on_the_language_of_the_server() {
    let world = World::new();
    with_df(&world);
    world.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION USING ERRCODE = split_part(current_setting('test.refusal'), ' ', 1), \
         MESSAGE = substr(current_setting('test.refusal'), 7); END $$; \
         CREATE TRIGGER refuse BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    for (refusal, code) in [
        ("42501 keine Berechtigung", 3),
        ("25006 nur lesend", 3),
        ("57014 Anweisung abgebrochen", 3),
        ("53100 kein Platz mehr", 3),
        ("53200 kein Speicher mehr", 3),
        ("57P01 Verbindung beendet", 3),
        ("55P03 Sperre nicht bekommen", 5),
        ("40P01 Verklemmung", 5),
        ("P0001 deadlock detected", 2),
        ("P0001 permission denied for table tools", 2),
        ("P0001 out of memory", 2),
    ] {
        let (user, name) = ("toolcat", database_of(world.url()));
        psql(
            world.url(),
            &format!("ALTER ROLE {user} IN DATABASE {name} SET test.refusal = '{refusal}'"),
        );
        let run = world.run(&["disable", "df", "--yes"]);
        assert_eq!(run.code, code, "{refusal}: {run:?}");
    }
}

#[test]
fn a_time_limit_that_was_asked_for_ends_a_statement() {
    let world = World::new();
    with_df(&world);
    let holder = Holder::of_the_writers_lock(world.url());
    let limited = |limit: &str| {
        let mut command = world.command(&["disable", "df", "--yes"]);
        command.env("PGOPTIONS", format!("-c {limit}"));
        Run::of(command.output().expect("toolcat runs"))
    };
    let timed_out = limited("statement_timeout=300ms");
    assert_eq!(timed_out.code, 3, "{timed_out:?}");
    assert!(
        timed_out.stderr.contains("statement_timeout"),
        "{timed_out:?}"
    );
    assert_eq!(limited("lock_timeout=300ms").code, 5);
    drop(holder);
}

#[test]
fn a_server_without_a_connection_left_says_so() {
    let world = World::new();
    let name = database_of(world.url());
    psql(
        world.url(),
        &format!("ALTER DATABASE {name} CONNECTION LIMIT 0"),
    );
    // A superuser is let in all the same, so that the limit is another role's.
    psql(world.url(), &format!("CREATE ROLE guest_{name} LOGIN"));
    let url = world
        .url()
        .replace("user=toolcat", &format!("user=guest_{name}"));
    let mut command = world.command(&["list"]);
    command.env("TOOLCAT_DATABASE_URL", url);
    let run = Run::of(command.output().expect("toolcat runs"));
    psql(world.url(), &format!("DROP ROLE guest_{name}"));
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("no connection left"), "{run:?}");
}

#[test]
fn a_read_makes_no_catalog_and_names_the_nearest() {
    let world = World::new();
    world.ok(&["--catalog", "platform", "migrate", "up"]);
    for args in [
        &["list"][..],
        &["select", "--capability", "x"],
        &["import", "df.yaml"],
        &["watch", "--count", "1"],
    ] {
        world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
        let run = world.run(&[&["--catalog", "platfrom"], args].concat());
        assert_eq!(run.code, 4, "{args:?}: {run:?}");
        assert!(run.stderr.contains("`platform`"), "{run:?}");
    }
    let made = world.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'platfrom'");
    assert_eq!(made.trim(), "0");
    for system in ["information_schema", "pg_catalog", "pg_toast"] {
        assert_eq!(world.run(&["--catalog", system, "migrate", "up"]).code, 2);
    }
}
