//! What a database role may do: the grants that docs/operations.md gives suffice for what they are for,
//! and nothing beyond is possible, or else it is found.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{Holder, Run, World, definition, psql, psql_program};

/// A catalog with the documented roles, which can log in.
struct Staffed {
    world: World,
    suffix: String,
}

const ROLES: [&str; 3] = ["reader", "recorder", "writer"];

impl Staffed {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let suffix = format!(
            "{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let world = World::new();
        world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
        world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
        world.ok(&["import", "df.yaml", "du.yaml"]);
        let docs = include_str!("../docs/operations.md");
        let (_, rest) = docs.split_once("```sql\n").expect("the grants");
        let (grants, _) = rest.split_once("```").expect("an end");
        let staffed = Self { world, suffix };
        let mut sql = grants.to_owned();
        for role in ROLES {
            sql = sql.replace(&format!("catalog_{role}"), &staffed.role(role));
        }
        psql(staffed.world.url(), &sql);
        for role in ROLES {
            psql(
                staffed.world.url(),
                &format!("ALTER ROLE {} LOGIN", staffed.role(role)),
            );
        }
        staffed
    }

    fn role(&self, kind: &str) -> String {
        format!("{kind}_{}", self.suffix)
    }

    fn url(&self, kind: &str) -> String {
        let name = self.role(kind);
        let url = self
            .world
            .url()
            .replacen("toolcat@", &format!("{name}@"), 1);
        let join = if url.contains('?') { '&' } else { '?' };
        format!("{url}{join}user={name}")
    }

    /// The program as that role.
    fn toolcat(&self, kind: &str, args: &[&str]) -> Run {
        let url = self.url(kind);
        self.world.run(&[args, &["--database-url", &url]].concat())
    }

    /// SQL by hand as that role; what it printed, or the error.
    fn by_hand(&self, kind: &str, sql: &str) -> Result<String, String> {
        let sql = format!("SET search_path = tool_catalog, pg_temp; {sql}");
        let url = self.url(kind);
        let output = Command::new(psql_program())
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", &sql])
            .output()
            .expect("psql runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

impl Drop for Staffed {
    fn drop(&mut self) {
        for role in ROLES.iter().rev() {
            let role = self.role(role);
            psql(
                self.world.url(),
                &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"),
            );
        }
    }
}

#[test]
fn the_documented_grants_suffice() {
    let staffed = Staffed::new();
    let done = |kind: &str, args: &[&str]| {
        let run = staffed.toolcat(kind, args);
        assert_eq!(
            run.code,
            0,
            "{}",
            run.shown(&format!("as {kind}: {args:?}"))
        );
        run.stdout
    };
    let select: &[&str] = &["select", "-c", "disk_usage", "--format", "name"];
    done("reader", select);
    done("reader", &["list"]);
    done("reader", &["audit", "verify"]);
    done(
        "recorder",
        &["telemetry", "record", "df", "--time-ms", "5", "--success"],
    );
    done("writer", &["disable", "df"]);
    assert!(done("reader", select).contains("linux/du"));
    done("writer", &["enable", "df"]);
    done(
        "writer",
        &["update", "df", "--yes", "--set", "policy.max_cost=3"],
    );
    done(
        "writer",
        &["update", "df", "--yes", "--set", "description=Other words"],
    );
    done("writer", &["delete", "du", "--yes"]);
    done("writer", &["restore", "du"]);
    // A change by hand leaves the index behind: who may not write it reads the definitions.
    let by_hand = "UPDATE tools SET enabled = false WHERE tool_name = 'df'";
    staffed.by_hand("writer", by_hand).expect("a writer may");
    for kind in ["reader", "recorder", "writer"] {
        assert!(done(kind, select).contains("linux/du"), "{kind}");
    }
    done("writer", &["doctor", "--deep"]);
    assert_eq!(staffed.world.run(&["doctor", "--deep"]).code, 0);
}

#[test]
fn f2_f11_f13_what_a_role_has_no_business_with_is_refused() {
    let staffed = Staffed::new();
    let tries = [
        ("reader", "UPDATE tools SET enabled = false"),
        (
            "reader",
            "INSERT INTO tool_telemetry (tool_id, actual_time_ms, success) SELECT id, 1, true FROM tools",
        ),
        ("reader", "SELECT make_telemetry_partition('2026-01-01')"),
        ("reader", "SELECT lock_catalog('tool_catalog')"),
        ("reader", "SELECT clear_index()"),
        (
            "recorder",
            "UPDATE catalog_state SET indexed_revision = 1000000",
        ),
        (
            "recorder",
            "UPDATE catalog_state SET indexed_revision = revision",
        ),
        ("recorder", "UPDATE selection_index SET entry = '{}'"),
        ("recorder", "DELETE FROM search_terms"),
        ("recorder", "SELECT finish_index(1, 0, 0)"),
        (
            "recorder",
            "SELECT write_index_entries('{1}', '{}', '{}', '{}', '{}')",
        ),
        ("recorder", "UPDATE tools SET enabled = false"),
        (
            "writer",
            "UPDATE selection_index SET entry = replace(entry, '10', '1000')",
        ),
        ("writer", "DELETE FROM selection_index"),
        ("writer", "INSERT INTO tool_vectors VALUES (1, '', '', '')"),
        ("writer", "INSERT INTO search_terms VALUES ('x', 0, '')"),
        ("writer", "UPDATE catalog_state SET revision = revision + 1"),
        (
            "writer",
            "UPDATE catalog_state SET indexed_revision = revision",
        ),
        (
            "writer",
            "INSERT INTO tool_audit_log (revision, entity, entity_id, entity_name, action, changes, changed_by) VALUES (9, 'tool', 1, 'x', 'created', '{}', 'alice')",
        ),
        ("writer", "UPDATE tool_audit_log SET changed_by = 'alice'"),
        ("writer", "DELETE FROM tool_audit_log"),
        ("writer", "TRUNCATE tool_audit_log"),
        (
            "writer",
            "INSERT INTO tool_audit_chain VALUES (99, 99, sha256(''))",
        ),
        ("writer", "UPDATE tool_audit_chain SET hash = sha256('')"),
        ("writer", "DELETE FROM tool_audit_chain"),
        ("writer", "SELECT audit_note('restored', '{}')"),
        ("writer", "SELECT audit_link(9, 9, '')"),
        ("writer", "SELECT begin_revision()"),
        ("writer", "DELETE FROM __diesel_schema_migrations"),
        ("writer", "ALTER TABLE tools DISABLE TRIGGER ALL"),
        ("writer", "SET session_replication_role = replica"),
        ("writer", "CREATE TABLE shadow ()"),
        (
            "writer",
            "CREATE TEMP TABLE t (id BIGINT); CREATE TRIGGER x AFTER INSERT ON t REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tool_catalog.audit_change('tool', '1', '')",
        ),
    ];
    for (kind, sql) in tries {
        let refused = staffed.by_hand(kind, sql);
        let error = refused.expect_err(&format!("{kind} may: {sql}"));
        assert!(
            ["permission denied", "append-only", "must be owner"]
                .iter()
                .any(|it| error.contains(it)),
            "{kind}: {sql}: {error}"
        );
    }
    // Whatever else was granted, what is derived is written in the owner's name.
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA tool_catalog TO {}",
        staffed.role("writer")
    );
    psql(staffed.world.url(), &grant);
    for (kind, sql) in tries.iter().filter(|(_, sql)| {
        [
            "catalog_state",
            "selection_index",
            "search_terms",
            "tool_vectors",
            "audit",
        ]
        .iter()
        .any(|it| sql.contains(it))
    }) {
        if *kind == "writer" {
            staffed.by_hand(kind, sql).expect_err(sql);
        }
    }
    let doctor = staffed.world.run(&["doctor", "--deep"]);
    assert_eq!(doctor.code, 0, "{}", doctor.shown("doctor --deep"));
}

#[test]
fn f10_no_setting_keeps_a_digest_that_no_longer_fits() {
    let staffed = Staffed::new();
    let unchanged = || {
        let plan = staffed.world.run(&["plan", "df.yaml", "--format", "json"]);
        plan.json()["unchanged"] == 1
    };
    let digest = || {
        let sql = "SELECT definition_digest IS NULL FROM tools WHERE tool_name = 'df'";
        staffed.world.sql(sql).trim() == "t"
    };
    assert!(!digest() && unchanged());
    for change in [
        "UPDATE tool_patterns SET complexity_score = 0.9",
        "BEGIN; UPDATE tools SET owner = 'x'; UPDATE tool_patterns SET complexity_score = 0.8; COMMIT",
        "UPDATE tools SET description = 'other'",
        "UPDATE tools SET description = 'forged', definition_digest = repeat('a', 64)",
        "UPDATE tools SET definition_digest = repeat('b', 64)",
    ] {
        let sql = format!("SET toolcat.keeps_digest = 'on'; {change}");
        staffed.by_hand("writer", &sql).expect("a writer may");
        assert!(digest() && !unchanged(), "{change}");
        staffed.world.ok(&[
            "update",
            "df",
            "--yes",
            "--set",
            &format!("metadata.author={}", change.len()),
        ]);
        assert!(!digest(), "toolcat keeps it again");
    }
    assert_eq!(staffed.world.run(&["doctor", "--deep"]).code, 0);
    // Who forges both columns on purpose is found.
    let forged = "UPDATE tools SET definition_digest = repeat('c', 64), digest_at = now() WHERE tool_name = 'df'";
    staffed.by_hand("writer", forged).expect("a writer may");
    let doctor = staffed.world.run(&["doctor", "--deep"]);
    assert_eq!(doctor.code, 1, "{}", doctor.shown("doctor --deep"));
    assert!(
        doctor.stdout.contains("first linux/df@1.0"),
        "{}",
        doctor.stdout
    );
}

#[test]
fn f2_an_index_that_was_forged_through_its_functions_is_found() {
    for forgery in [
        "SELECT renew_index_entries('{1}', '{disk_usage}', ARRAY[(SELECT replace(entry, '0.3', '0.1') FROM selection_index WHERE tool_id = 1)])",
        "SELECT write_index_entries('{1}', '{}', '{}', '{}', '{}')",
        "SELECT write_index_terms(0, '{}', '{}', '{disk}')",
        "SELECT finish_index(index_format, 7, total_length) FROM catalog_state",
    ] {
        let staffed = Staffed::new();
        assert_eq!(staffed.world.run(&["doctor", "--deep"]).code, 0);
        staffed.by_hand("writer", forgery).expect("a writer may");
        let doctor = staffed.world.run(&["doctor", "--deep"]);
        assert_eq!(doctor.code, 1, "{}", doctor.shown(forgery));
        assert!(
            doctor
                .stdout
                .contains("between the index and the definitions"),
            "{}",
            doctor.shown(forgery)
        );
        staffed
            .world
            .sql("SELECT clear_index(), finish_index(0, 0, 0)");
        staffed.world.ok(&["select", "-c", "disk_usage"]);
        assert_eq!(staffed.world.run(&["doctor", "--deep"]).code, 0);
    }
    // A revision that there is not, as an owner can set it, counts as none.
    let staffed = Staffed::new();
    staffed
        .world
        .sql("UPDATE catalog_state SET indexed_revision = 1000000");
    let doctor = staffed.world.run(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(
        doctor.stdout.contains("claims a revision"),
        "{}",
        doctor.stdout
    );
    staffed.world.ok(&["disable", "df"]);
    let found = staffed
        .world
        .ok(&["select", "-c", "disk_usage", "--format", "name"]);
    assert!(found.contains("linux/du"), "{found}");
    assert_eq!(staffed.world.run(&["doctor", "--deep"]).code, 0);
}

#[test]
fn f12_a_renamed_catalog_refuses_changes_until_it_is_mended() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    world.sql("ALTER SCHEMA tool_catalog RENAME TO renamed");
    for other in [false, true] {
        if other {
            world.ok(&["migrate", "up"]);
            world.ok(&["import", "df.yaml"]);
        }
        let logged = || match other {
            true => world.sql("SELECT count(*) FROM tool_catalog.tool_audit_log"),
            false => String::new(),
        };
        let before = logged();
        let run = world.run(&["disable", "df", "--catalog", "renamed"]);
        assert_ne!(run.code, 0, "{}", run.shown("disable"));
        assert!(
            run.stderr.contains("was renamed"),
            "{}",
            run.shown("disable")
        );
        let by_hand = std::panic::catch_unwind(|| {
            psql(world.url(), "UPDATE renamed.tools SET enabled = false")
        });
        assert!(by_hand.is_err(), "by hand as well");
        assert_eq!(logged(), before, "nothing in the log of another catalog");
        let doctor = world.run(&["doctor", "--catalog", "renamed"]);
        assert_eq!(doctor.code, 1);
        assert!(doctor.stdout.contains("was renamed"), "{}", doctor.stdout);
    }
    world.ok(&["migrate", "up", "--catalog", "renamed"]);
    world.ok(&["disable", "df", "--catalog", "renamed"]);
    psql(
        world.url(),
        "UPDATE renamed.tools SET description = 'by hand'",
    );
    for args in [&["audit", "verify"][..], &["doctor", "--deep"]] {
        let run = world.run(&[args, &["--catalog", "renamed"]].concat());
        assert_eq!(run.code, 0, "{}", run.shown("mended"));
    }
}

#[test]
fn f17_a_writer_by_hand_takes_the_writers_lock_before_rows() {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml"]);
    for change in [
        "UPDATE tools SET description = 'by hand'",
        "UPDATE tool_capabilities SET description = 'by hand'",
        "UPDATE tool_patterns SET description = 'by hand'",
        "DELETE FROM tool_patterns",
    ] {
        let holder = Holder::of_the_writers_lock(world.url());
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| world.sql(change));
            holder.await_rival();
            // A row that the waiting statement held would make a circle with who holds the lock.
            for table in ["tools", "tool_capabilities", "tool_patterns"] {
                world.sql(&format!("SELECT FROM {table} FOR UPDATE NOWAIT"));
            }
            drop(holder);
            writer.join().expect("the change is made");
        });
    }
    assert_eq!(world.run(&["audit", "verify"]).code, 0);
}

/// L7, D2: what changes nothing works if nothing can be changed.
#[test]
fn l7_dry_runs_and_plans_need_no_right_to_write() {
    let staffed = Staffed::new();
    let world = &staffed.world;
    world.write("df2.yaml", definition("linux", "df", "2.0", "disk_usage"));
    world.ok(&["import", "df2.yaml"]);
    world.ok(&["delete", "du", "--yes"]);
    world.write("new.yaml", definition("linux", "new", "1.0", "c"));
    let log = || world.sql("SELECT count(*), max(revision) FROM tool_audit_log");
    let before = log();
    let frozen = {
        let url = world.url();
        let join = if url.contains('?') { '&' } else { '?' };
        format!("{url}{join}options=-c%20default_transaction_read_only%3Don")
    };
    for (args, told) in [
        (&["plan", "new.yaml", "df.yaml"][..], "linux/new@1.0"),
        (&["import", "--dry-run", "new.yaml"], "linux/new@1.0"),
        (
            &["import", "--dry-run", "--prune", "new.yaml"],
            "linux/df@2.0",
        ),
        (
            &["update", "df", "--set", "description=Other", "--dry-run"],
            "Other",
        ),
        (
            &["disable", "df", "--dry-run"],
            "would disable linux/df@2.0",
        ),
        (&["delete", "df", "--dry-run"], "would delete linux/df@2.0"),
        (
            &["restore", "du", "--dry-run"],
            "would restore linux/du@1.0",
        ),
        (&["rollback", "df", "--dry-run"], "1.0"),
        (&["revert", "3", "--dry-run"], "would restore linux/du@1.0"),
        (&["revert", "2", "--dry-run"], "would delete linux/df@2.0"),
    ] {
        for run in [
            staffed.toolcat("reader", args),
            world.run(&[args, &["--database-url", &frozen]].concat()),
            world.run(args),
        ] {
            assert_eq!(run.code, 0, "{}", run.shown(&args.join(" ")));
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(shown.contains(told), "{args:?}: {shown}");
        }
    }
    // What is to be kept is refused as before.
    for run in [
        staffed.toolcat("reader", &["disable", "df"]),
        world.run(&["disable", "df", "--database-url", &frozen]),
    ] {
        assert_eq!(run.code, 3, "{run:?}");
    }
    let impact = ["import", "--impact=7", "new.yaml"];
    assert_eq!(staffed.toolcat("reader", &impact).code, 3);
    assert_eq!(log(), before);
}
