//! A clock and a seed that are frozen from outside: what the program dates and draws is then the same in every
//! run. The database keeps its own time, which `World::masked` hides.

use crate::common::{Run, World, definition};

/// Runs the program at one moment, with one seed.
fn frozen(world: &World, args: &[&str]) -> Run {
    let mut command = world.command(args);
    command
        .env("TOOLCAT_CLOCK", "2026-01-31T12:00:00Z")
        .env("TOOLCAT_SEED", "tests");
    Run::of(command.output().expect("toolcat runs"))
}

fn two_versions() -> World {
    let world = World::new();
    for version in ["1.0", "2.0"] {
        let text = definition("linux", "df", version, "disk_usage");
        world.write(&format!("df{version}.yaml"), text);
        world.ok(&["import", &format!("df{version}.yaml")]);
    }
    world
}

#[test]
fn what_the_program_dates_has_the_frozen_time() {
    let world = two_versions();
    let mut shown = String::new();
    for line in [
        "telemetry record df --time-ms 120 --context N=5 --success",
        "telemetry export --format csv",
        "db backup all.jsonl",
        "db restore all.jsonl --catalog copy --dry-run",
    ] {
        let run = frozen(&world, &line.split_whitespace().collect::<Vec<_>>());
        shown.push_str(&run.shown(line));
    }
    insta::assert_snapshot!(world.masked(&shown));
    let header = world.read("all.jsonl");
    let header = header.lines().next().expect("a header");
    assert!(
        header.contains("\"made_at\":\"2026-01-31T12:00:00Z\""),
        "{header}"
    );
}

#[test]
fn what_the_program_draws_follows_the_seed() {
    let world = two_versions();
    let seed = |name: &str, run: fn(&World, &[&str]) -> Run| {
        let args = [
            "abtest", "create", name, "--a", "df@1.0", "--b", "df@2.0", "--metric", "time",
            "--format", "json",
        ];
        let made = run(&world, &args);
        assert_eq!(made.code, 0, "{}", made.shown(name));
        let seed = made.json()["seed"].clone();
        seed.as_str().expect("a seed").to_owned()
    };
    let first = seed("first", frozen);
    assert_eq!(first, seed("second", frozen));
    assert_ne!(first, seed("third", |world, args| world.run(args)));
}
