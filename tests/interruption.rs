//! An import that is cut off at any moment leaves the catalog as before or as after.
//!
//! `TOOLCAT_KILLS=30 TOOLCAT_KILL_TOOLS=10000 cargo test --test main interruption` is the long form.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{Holder, World, definition};

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

#[test]
fn a_killed_import_leaves_the_catalog_as_before_or_as_after() {
    let (kills, tools) = (
        setting("TOOLCAT_KILLS", 6),
        setting("TOOLCAT_KILL_TOOLS", 300),
    );
    let world = World::new();
    let stream: String = (0..tools)
        .map(|index| {
            let name = format!("tool-{index}");
            format!("---\n{}", definition("linux", &name, "1.0", "disk_usage"))
        })
        .collect();
    world.write("many.yaml", stream);

    // How long a whole import takes tells where the moments are to be spread.
    world.ok(&["--catalog", "whole", "migrate", "up"]);
    let start = Instant::now();
    world.ok(&["--catalog", "whole", "import", "many.yaml"]);
    let whole = start.elapsed();

    let counts = |catalog: &str| {
        crate::common::psql(
            world.url(),
            &format!(
                "SELECT (SELECT count(*) FROM {catalog}.tools), (SELECT count(*) FROM {catalog}.tool_patterns), \
                 (SELECT revision FROM {catalog}.catalog_state)"
            ),
        )
    };
    let (before, after) = ("0|0|0\n".to_owned(), format!("{tools}|{tools}|1\n"));
    let mut state = 0x9E37_79B9_u64;
    for kill in 0..kills {
        let catalog = format!("killed_{kill}");
        world.ok(&["--catalog", &catalog, "migrate", "up"]);
        let mut child = world
            .command(&["--catalog", &catalog, "import", "many.yaml"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("toolcat runs");
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let share = (state >> 33) as f64 / f64::from(1u32 << 31);
        let until = Instant::now() + whole.mul_f64(share);
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1).min(until - Instant::now()));
        }
        child.kill().expect("a kill");
        child.wait().expect("an end");
        // The server may still be finishing a commit that was on its way.
        crate::common::psql(
            world.url(),
            &format!("BEGIN; LOCK {catalog}.catalog_state IN ACCESS EXCLUSIVE MODE; COMMIT"),
        );
        let found = counts(&catalog);
        assert!(found == before || found == after, "kill {kill}: {found}");
        world.ok(&["--catalog", &catalog, "import", "many.yaml"]);
        assert_eq!(counts(&catalog), after, "kill {kill}");
    }
}

#[test]
fn a_connection_that_is_cut_is_reported_and_nothing_is_written() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    let holder = Holder::of_the_writers_lock(world.url());
    let import = world
        .command(&["import", "df.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("toolcat runs");
    holder.await_rival();
    crate::common::psql(
        world.url(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    let run = crate::common::Run::of(import.wait_with_output().expect("an end"));
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("lost"), "{}", run.stderr);
    drop(holder);
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "0");
}
