//! What doctor finds, and that each bad line says what to do.

use crate::common::{World, definition};

fn states(world: &World, args: &[&str]) -> (i32, serde_json::Value) {
    let run = world.run(&[&["doctor", "--format", "json"], args].concat());
    (run.code, run.json())
}

fn check(list: &serde_json::Value, name: &str) -> serde_json::Value {
    let found = list
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it["check"] == name);
    let found = found.expect(name).clone();
    assert_eq!(
        found["state"] == "bad",
        found["advice"].is_string(),
        "{found}"
    );
    found
}

#[test]
fn a_healthy_catalog_is_good_in_every_line() {
    let world = World::new();
    world.write("a.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "a.yaml"]);
    let (code, list) = states(&world, &[]);
    assert_eq!(code, 0, "{list:#}");
    for name in [
        "configuration",
        "server",
        "version",
        "encoding",
        "clock",
        "disk",
        "migrations",
        "extensions",
        "rights",
        "indexes",
        "audit log",
        "definitions",
    ] {
        assert_eq!(check(&list, name)["state"], "good", "{list:#}");
    }
}

#[test]
fn what_is_bad_is_named_with_what_to_do() {
    let world = World::new();
    world.write("a.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "a.yaml"]);
    world.sql(
        "ALTER TABLE tools DISABLE TRIGGER audit_update;
         UPDATE tool_patterns SET time_estimate_ms = '5 +';
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tools_platform'::regclass",
    );
    let (code, list) = states(&world, &[]);
    assert_eq!(code, 1, "{list:#}");
    assert!(
        check(&list, "audit log")["found"]
            .to_string()
            .contains("tools.audit_update")
    );
    assert!(
        check(&list, "indexes")["advice"]
            .to_string()
            .contains("REINDEX INDEX tools_platform")
    );
    let definitions = check(&list, "definitions");
    assert!(
        definitions["found"].to_string().contains("linux/df@1.0"),
        "{definitions}"
    );
}

#[test]
fn a_catalog_that_is_missing_and_a_server_that_is_away() {
    let world = World::new();
    let (code, list) = states(&world, &["--catalog", "nowhere"]);
    assert_eq!(code, 1);
    assert!(
        check(&list, "migrations")["advice"]
            .to_string()
            .contains("migrate up")
    );
    let (code, list) = states(&world, &["--database-url", "postgresql://x@127.0.0.1:1/x"]);
    assert_eq!(code, 1);
    assert_eq!(check(&list, "server")["state"], "bad");
    assert_eq!(check(&list, "definitions")["state"], "skipped");
}

#[test]
fn a_reader_is_told_what_it_may_not_read() {
    let world = World::new();
    let name = format!("reader_{}", std::process::id());
    world.sql(&format!(
        "CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA tool_catalog TO {name}; \
                        GRANT SELECT ON ALL TABLES IN SCHEMA tool_catalog TO {name}; \
                        REVOKE SELECT ON tool_telemetry FROM {name}"
    ));
    let url = format!(
        "{}{}user={name}",
        world.url().replacen("toolcat@", &format!("{name}@"), 1),
        if world.url().contains('?') { "&" } else { "?" }
    );
    let (_, list) = states(&world, &["--database-url", &url]);
    world.sql(&format!("DROP OWNED BY {name}; DROP ROLE {name}"));
    let rights = check(&list, "rights");
    assert!(
        rights["found"]
            .to_string()
            .contains("SELECT on tool_telemetry"),
        "{list:#}"
    );
}
