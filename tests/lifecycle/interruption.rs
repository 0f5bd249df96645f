//! A bulk change that is cut off at any moment leaves the catalog as before or as after.
//!
//! `TOOLCAT_KILLS=50 TOOLCAT_KILL_TOOLS=10000 cargo test --test main lifecycle::interruption` is the long form.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::setting;
use crate::common::{World, definition};

#[test]
fn a_killed_update_leaves_the_catalog_as_before_or_as_after() {
    let kills = setting("TOOLCAT_KILLS", 6);
    let tools = setting("TOOLCAT_KILL_TOOLS", 200);
    let world = World::new();
    let stream: String = (0..tools)
        .map(|index| {
            let name = format!("tool-{index}");
            format!("---\n{}", definition("linux", &name, "1.0", "disk_usage"))
        })
        .collect();
    world.write("many.yaml", stream);
    world.ok(&["import", "many.yaml"]);
    let update = |value: &str| {
        let set = format!("policy.max_cost={value}");
        world.command(&["update", "--all", "--set", &set, "--yes"])
    };
    let start = Instant::now();
    assert!(update("1").output().expect("toolcat runs").status.success());
    let whole = start.elapsed();
    let mut value = "1".to_owned();
    let mut cut_off = 0;
    for kill in 0..kills {
        let next = format!("{}", kill + 2);
        let mut child = update(&next)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("toolcat runs");
        // Spread over the whole of the change, its end included.
        let share = (u32::try_from(kill * 37 % kills).expect("small") * 105)
            / u32::try_from(kills).expect("small");
        let until = Instant::now() + whole * share / 100;
        while Instant::now() < until && child.try_wait().expect("a child").is_none() {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let _ = child.kill();
        child.wait().expect("a child");
        // The server may still be at work for the process that is gone.
        world.ok(&["log", "-n", "1"]);
        let idle = "SELECT count(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND application_name = 'toolcat'";
        while world.sql(idle).trim() != "0" {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        let found = world.sql("SELECT DISTINCT policy ->> 'max_cost' FROM tool_patterns");
        let found: Vec<&str> = found.lines().collect();
        assert_eq!(found.len(), 1, "neither before nor after: {found:?}");
        assert!(found[0] == value || found[0] == next, "{found:?}");
        if found[0] == value {
            cut_off += 1;
        }
        value = found[0].to_owned();
    }
    world.ok(&["audit", "verify"]);
    if kills > 20 {
        eprintln!("{cut_off} of {kills} updates were cut off, the others were done");
    }
}
