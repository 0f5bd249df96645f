//! A catalog that goes away in the middle, and comes back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::agent::Agent;
use crate::common::{World, definition, psql};

/// Runs SQL in another database of the same server.
fn from_elsewhere(world: &World, sql: &str) {
    let (start, options) = world.url().split_once('?').expect("options");
    let (server, _) = start.rsplit_once('/').expect("a database");
    psql(&format!("{server}/postgres?{options}"), sql);
}

/// Ends every session on that database.
fn end_sessions(world: &World, name: &str) {
    let sql =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    from_elsewhere(world, &sql);
}

/// The name of the test's database.
fn database(world: &World) -> String {
    let name = psql(world.url(), "SELECT current_database()");
    name.trim().to_owned()
}

fn world() -> World {
    let world = World::new();
    world.write("a.yaml", definition("linux", "a", "1.0", "thing"));
    world.ok(&["import", "a.yaml"]);
    world
}

#[test]
fn a_connection_that_broke_is_made_again_unseen() {
    let world = world();
    let name = database(&world);
    let mut agent = Agent::modern(&world);
    for _ in 0..3 {
        let found = agent.call("find_tool", json!({"capability": "thing"}));
        assert_eq!(found["answer"]["tool"], "linux/a@1.0");
        end_sessions(&world, &name);
    }
    let recorded = agent.call(
        "record_outcome",
        json!({"tool": "a", "success": true, "time_ms": 3}),
    );
    assert_eq!(recorded["recorded"], true);
}

#[test]
fn a_catalog_that_is_gone_says_when_to_ask_again_and_recovers() {
    let world = world();
    let mut agent = Agent::modern(&world);
    agent.call("find_tool", json!({"capability": "thing"}));
    let name = database(&world);
    from_elsewhere(
        &world,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
    );
    end_sessions(&world, &name);
    for _ in 0..2 {
        let result = agent.result("find_tool", json!({"capability": "thing"}));
        assert_eq!(result["isError"], true, "{result}");
        let error = result["structuredContent"]["error"].clone();
        assert_eq!(error["kind"], "unavailable", "{error}");
        assert!(error["retry_after_ms"].is_u64(), "{error}");
        assert!(error["retry_at"].is_string());
    }
    from_elsewhere(
        &world,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
    );
    let start = Instant::now();
    loop {
        let result = agent.result("find_tool", json!({"capability": "thing"}));
        if result["isError"] == false {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{result}");
        std::thread::yield_now();
    }
}
