//! Answers by capability: policy, preferences, formats, explanations.

use crate::common::{World, definition};

fn world() -> World {
    let world = World::new();
    let slow = definition("linux", "slow", "1.0", "job")
        .replace("100 + N", "2000")
        .replace("accuracy: 0.7", "accuracy: 1.0");
    let fast = definition("linux", "fast", "1.0", "job").replace("100 + N", "5 * N");
    let unsafe_one = definition("linux", "unsafe", "1.0", "job")
        .replace("production_safe: true", "production_safe: false")
        .replace("100 + N", "1");
    let root = definition("linux", "root", "1.0", "job")
        .replace("100 + N", "1")
        .replace(
            "production_safe: true",
            "production_safe: true\n          required_permissions: [sudo]",
        );
    for (name, text) in [
        ("slow", slow),
        ("fast", fast),
        ("unsafe", unsafe_one),
        ("root", root),
    ] {
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.write(
        "toolcat.toml",
        "[profiles]\ncareful = \"accuracy=1\"\nbroken = \"speed=1\"\n",
    );
    world.ok(&["import", "tools"]);
    world
}

fn name(world: &World, arguments: &[&str]) -> String {
    let arguments = [&["select", "-c", "job", "--format", "name"], arguments].concat();
    world.run(&arguments).stdout
}

#[test]
fn policy_and_preferences_decide() {
    let world = world();
    assert_eq!(
        name(&world, &["--mode", "fast"]),
        "linux/fast@1.0 job use\n"
    );
    assert_eq!(
        name(&world, &["--profile", "careful"]),
        "linux/slow@1.0 job use\n"
    );
    assert_eq!(
        name(&world, &["--allow-unsafe", "--mode", "fast"]),
        "linux/unsafe@1.0 job use\n"
    );
    assert_eq!(
        name(&world, &["--environment", "staging", "--mode", "fast"]),
        "linux/unsafe@1.0 job use\n"
    );
    assert_eq!(
        name(&world, &["--permission", "sudo", "--mode", "fast"]),
        "linux/root@1.0 job use\n"
    );
    let shown = world.run(&[
        "select",
        "-c",
        "job",
        "--permission",
        "sudo",
        "--mode",
        "fast",
    ]);
    assert!(
        shown
            .stdout
            .contains("approval: it runs with the permission sudo"),
        "{shown:?}"
    );
    let none = world.run(&["select", "-c", "job", "--max-cost", "0", "--format", "name"]);
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    assert!(
        world
            .run(&["select", "-c", "job", "--allow-unsafe"])
            .stderr
            .contains("--allow-unsafe")
    );
}

#[test]
fn a_profile_must_exist_and_be_one() {
    let world = world();
    let run = world.run(&["select", "-c", "job", "--profile", "none"]);
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("broken, careful"), "{run:?}");
    let run = world.run(&["select", "-c", "job", "--profile", "broken"]);
    assert_eq!(run.code, 2);
}

#[test]
fn every_format_is_written() {
    let world = world();
    let json = world
        .run(&["select", "-c", "job", "--format", "json"])
        .json();
    for field in [
        "catalog_revision",
        "clock",
        "request_hash",
        "weights",
        "candidates",
    ] {
        assert!(!json[field].is_null(), "{field}");
    }
    assert_eq!(json["set_aside"][0]["reason"]["kind"], "permission");
    let line = world.ok(&["select", "-c", "job", "--format", "jsonl"]);
    assert_eq!(line.lines().count(), 1);
    let csv = world.ok(&["select", "-c", "job", "--format", "csv"]);
    assert!(
        csv.starts_with("rank,tool,platform,version,capability,pattern,score"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 3);
    let yaml = world.ok(&["select", "-c", "job", "--format", "yaml"]);
    assert!(yaml.contains("\nanswer:\n"), "{yaml}");
}

#[test]
fn an_explanation_shows_the_whole_reckoning() {
    let world = world();
    let shown = world.ok(&["select", "-c", "job", "--mode", "fast", "--explain"]);
    for part in [
        "weights time 0.8, cost 0.05",
        "not_production_safe",
        "needs the permission sudo",
        "\u{2588}",
        "accurate",
    ] {
        assert!(shown.to_lowercase().contains(part), "{part}: {shown}");
    }
}

#[test]
fn why_not_names_what_would_change_it() {
    let world = world();
    let why = |tool: &str| {
        world
            .run(&[
                "select",
                "-c",
                "job",
                "--mode",
                "fast",
                "--why-not",
                tool,
                "--format",
                "json",
            ])
            .json()["why_not"]
            .clone()
    };
    let slow = why("slow");
    assert_eq!(slow["standing"], "behind");
    assert_eq!(slow["crossovers"][0]["variable"], "N");
    assert_eq!(slow["crossovers"][0]["direction"], "above");
    for (n, winner) in [("loses_at", "fast"), ("wins_at", "slow")] {
        let context = format!("N={}", slow["crossovers"][0][n]);
        assert_eq!(
            name(&world, &["--mode", "fast", "--context", &context]),
            format!("linux/{winner}@1.0 job use\n")
        );
    }
    let aside = why("unsafe");
    assert_eq!(aside["standing"], "set_aside");
    assert_eq!(aside["remedies"][0]["flags"], "--allow-unsafe");
    assert_eq!(aside["remedies"][0]["rank"], 1);
    assert_eq!(why("fast")["standing"], "chosen");
    let run = world.run(&["select", "-c", "job", "--why-not", "nobody"]);
    assert_eq!(run.code, 4, "{run:?}");
    world.write(
        "other.yaml",
        definition("linux", "other", "1.0", "another_job"),
    );
    world.ok(&["import", "other.yaml"]);
    let other = why("other");
    assert_eq!(other["standing"], "no_candidate");
    assert_eq!(
        other["absence"][0],
        "it does not offer job; it offers another_job"
    );
}

#[test]
fn a_fallback_answers_where_no_database_does() {
    let world = world();
    let run = world.run(&[
        "select",
        "-c",
        "job",
        "--mode",
        "fast",
        "--format",
        "name",
        "--database-url",
        "postgresql:///none?host=/nowhere",
        "--fallback",
        "tools",
    ]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "linux/fast@1.0 job use\n")
    );
    assert!(
        run.stderr.contains("choosing from tools instead"),
        "{run:?}"
    );
}

#[test]
fn a_key_of_a_batch_that_says_nothing_is_told_once() {
    let world = world();
    let line = r#"{"id": 1, "capabilities": ["job"], "permission": ["root"]}"#;
    world.write("requests.jsonl", format!("{line}\n{line}\n"));
    let run = world.run(&["select", "--batch", "requests.jsonl"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout.lines().count(), 2);
    assert_eq!(
        run.stderr.matches("did you mean `permissions`?").count(),
        1,
        "{run:?}"
    );
}
