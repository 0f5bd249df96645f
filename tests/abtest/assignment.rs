//! Who gets which arm.

use std::collections::HashMap;
use std::io::Write;
use std::process::Stdio;

use toolcat::abtest::assignment::Allocation;
use toolcat::abtest::{ArmLabel, Split};

use super::setting::{SEED, started, world};
use crate::common::{Run, shared};

/// Bucket and arm of each unit, as the database placed it.
fn placed(world: &crate::common::World) -> HashMap<String, (f64, ArmLabel)> {
    world
        .sql("SELECT unit, bucket, arm FROM tool_ab_assignments")
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('|').collect();
            let arm = if fields[2] == "A" {
                ArmLabel::A
            } else {
                ArmLabel::B
            };
            (
                fields[0].to_owned(),
                (fields[1].parse().expect("a bucket"), arm),
            )
        })
        .collect()
}

#[test]
fn the_database_hashes_as_the_program_does() {
    let world = world();
    started(
        &world,
        &["--metric", "time", "--split", "70/30", "--coverage", "0.6"],
    );
    let mut units: Vec<String> = (0..1500).map(|unit| format!("unit-{unit}")).collect();
    units.extend(["😀", "agent-é", "naïve-✓", "日本", "a b", "'; --", "-x"].map(str::to_owned));
    let run = world.run_with_input(
        &["abtest", "assign", "t", "--batch", "-", "--format", "json"],
        &units.join("\n"),
    );
    let rows = run.json();
    let split = Split::from_share_of_a(0.7).expect("a split");
    let allocation = Allocation::new(SEED, split, 0.6).expect("an allocation");
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), units.len());
    for (row, unit) in rows.iter().zip(&units) {
        let expected = allocation.place(unit).expect("a placement");
        assert_eq!(row["unit"], unit.as_str());
        assert_eq!(row["bucket"], expected.bucket, "{unit}");
        assert_eq!(
            row["arm"].as_str(),
            expected.arm.map(ArmLabel::as_str),
            "{unit}"
        );
        let outside = if expected.arm.is_none() {
            Some("coverage")
        } else {
            None
        };
        assert_eq!(row["outside"].as_str(), outside);
    }
    let stored = placed(&world);
    let inside = rows.iter().filter(|row| !row["arm"].is_null()).count();
    assert_eq!(stored.len(), inside);
}

#[test]
fn the_public_vectors_hold_in_the_database() {
    let Some(shared) = shared() else { return };
    let text =
        std::fs::read_to_string(shared.join("fixtures/growthbook_hash_cases.json")).expect("cases");
    let cases: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let world = crate::common::World::new();
    for case in cases["hash"].as_array().expect("cases") {
        let (seed, value) = (
            case[0].as_str().unwrap_or(""),
            case[1].as_str().unwrap_or(""),
        );
        if case[2] != 2 {
            continue;
        }
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let found = world.sql(&format!(
            "SELECT ab_bucket(ab_fnv1a32({}), {})",
            quoted(seed),
            quoted(value)
        ));
        assert_eq!(found.trim().parse::<f64>().ok(), case[3].as_f64(), "{case}");
    }
}

#[test]
fn thirty_two_processes_assign_ten_thousand_units() {
    const PROCESSES: usize = 32;
    const UNITS: usize = 10_000;
    const SHARED: usize = 64;
    let world = world();
    started(&world, &["--metric", "success"]);
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let mut child = world
                .command(&["abtest", "assign", "t", "--batch", "-", "--format", "csv"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("toolcat runs");
            // its own units and some that every process asks for, in another order each
            let mut units: Vec<usize> = (0..UNITS)
                .filter(|unit| unit % PROCESSES == process || *unit < SHARED)
                .collect();
            let places = units.len();
            units.rotate_left(process * 7 % places);
            let ids: String = units.iter().map(|unit| format!("unit-{unit}\n")).collect();
            let mut stdin = child.stdin.take().expect("a pipe");
            stdin.write_all(ids.as_bytes()).expect("the ids");
            drop(stdin);
            child
        })
        .collect();
    let allocation = Allocation::new(SEED, Split::from_share_of_a(0.5).expect("a split"), 1.0)
        .expect("an allocation");
    for child in children {
        let run = Run::of(child.wait_with_output().expect("toolcat ends"));
        assert_eq!(run.code, 0, "{}", run.shown(""));
        for line in run.stdout.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let expected = allocation.place(fields[1]).expect("a placement").arm;
            assert_eq!(Some(fields[2]), expected.map(ArmLabel::as_str), "{line}");
        }
    }
    let stored = placed(&world);
    assert_eq!(stored.len(), UNITS, "none is lost");
    for (unit, (_, arm)) in &stored {
        assert_eq!(
            Some(*arm),
            allocation.place(unit).expect("a placement").arm,
            "{unit}"
        );
    }
}

#[test]
fn an_assignment_sticks_and_cannot_be_changed() {
    let world = world();
    started(&world, &["--metric", "time"]);
    let first = world
        .run(&["abtest", "assign", "t", "--unit", "u", "--format", "json"])
        .json();
    assert_eq!(first["sticky"], false);
    let again = world
        .run(&["abtest", "assign", "t", "--unit", "u", "--format", "json"])
        .json();
    assert_eq!(again["sticky"], true);
    for field in ["arm", "tool", "bucket", "assigned_at", "phase"] {
        assert_eq!(first[field], again[field], "{field}");
    }
    let change = "UPDATE tool_ab_assignments SET arm = CASE arm WHEN 'A' THEN 'B' ELSE 'A' END";
    assert!(std::panic::catch_unwind(|| world.sql(change)).is_err());
    let second = "INSERT INTO tool_ab_assignments (test_id, phase, unit, arm, bucket, seed)
                  SELECT test_id, phase, unit, 'B', 0.5, seed FROM tool_ab_assignments";
    assert!(std::panic::catch_unwind(|| world.sql(second)).is_err());
}

#[test]
fn a_dry_run_stores_nothing() {
    let world = world();
    started(&world, &["--metric", "time"]);
    world.ok(&["abtest", "assign", "t", "--unit", "u", "--dry-run"]);
    assert_eq!(
        world.sql("SELECT count(*) FROM tool_ab_assignments").trim(),
        "0"
    );
}

#[test]
fn only_the_target_takes_part() {
    let world = world();
    started(
        &world,
        &[
            "--metric",
            "time",
            "--environment",
            "staging",
            "--users",
            "ann,bob",
        ],
    );
    let outside = |more: &[&str]| {
        let mut args = vec!["abtest", "assign", "t", "--unit", "u", "--format", "json"];
        args.extend(more);
        let row = world.run(&args).json();
        assert!(!row["tool"].is_null());
        row["outside"].as_str().map(str::to_owned)
    };
    assert_eq!(outside(&["--user", "ann"]).as_deref(), Some("environment"));
    assert_eq!(
        outside(&["--user", "eve", "--environment", "staging"]).as_deref(),
        Some("user")
    );
    let nobody = world.run(&[
        "abtest",
        "assign",
        "t",
        "--unit",
        "u",
        "--environment",
        "staging",
    ]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.stderr.contains("--user"), "{}", nobody.stderr);
    assert_eq!(
        outside(&["--user", "ann", "--environment", "staging"]),
        None
    );
}

#[test]
fn a_new_split_is_a_new_phase() {
    let world = world();
    started(&world, &["--metric", "time"]);
    world.ok(&["abtest", "assign", "t", "--unit", "u"]);
    world.ok(&["abtest", "split", "t", "90/10"]);
    let test = world
        .run(&["abtest", "show", "t", "--format", "json"])
        .json();
    assert_eq!(test["phase"], 2);
    assert_ne!(test["seed"], SEED);
    assert_eq!(test["earlier_phases"][0]["seed"], SEED);
    let row = world
        .run(&["abtest", "assign", "t", "--unit", "u", "--format", "json"])
        .json();
    assert_eq!(
        (row["phase"].as_i64(), row["sticky"].as_bool()),
        (Some(2), Some(false))
    );
    let old = world
        .run(&["abtest", "analyze", "t", "--phase", "1", "--format", "json"])
        .json();
    assert_eq!(
        old["arms"]["a"]["assigned"].as_i64().unwrap_or(0)
            + old["arms"]["b"]["assigned"].as_i64().unwrap_or(0),
        1
    );
    assert_eq!(old["seed"], SEED);
}
