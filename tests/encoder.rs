//! A sentence encoder judges the meaning of words: chosen, kept beside the index, and the same wherever it is asked.

use crate::common::{Run, World, definition, small_model};

fn world() -> World {
    let world = World::new();
    for (name, use_case) in [
        ("find", "find large log files"),
        ("fd", "look for files by name"),
        ("tar", "archive the files of a folder"),
        ("echo", "print a line"),
    ] {
        let text = definition("linux", name, "1.0", &format!("{name}_it"))
            .replace(&format!("try {name}"), use_case);
        world.write(&format!("tools/{name}.yaml"), text);
    }
    world.ok(&["import", "tools"]);
    world.write("model/README", "a small one");
    small_model::write(&world.path().join("model"), "", "F32");
    world
}

fn used() -> World {
    let world = world();
    let run = done(&world, &["encoder", "use", "model"]);
    assert!(
        run.stderr.contains("the encoder has read 4 tools"),
        "{}",
        run.stderr
    );
    world
}

fn done(world: &World, arguments: &[&str]) -> Run {
    let run = world.run(arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

/// The answer to a request, with its figures.
fn answer(world: &World, more: &[&str]) -> String {
    let arguments = [&["select", "archive log files", "--format", "json"], more].concat();
    let run = world.run(&arguments);
    assert_eq!(run.stderr, "", "{}", run.stderr);
    without_clock(&run.stdout)
}

fn without_clock(answer: &str) -> String {
    let lines = answer.lines().filter(|it| !it.contains("\"clock\""));
    lines.map(|it| format!("{it}\n")).collect()
}

fn kept(world: &World) -> String {
    world.sql("SELECT string_agg(tool_id || encode(texts || vectors, 'hex'), ' ' ORDER BY tool_id) FROM tool_vectors")
}

#[test]
fn an_encoder_judges_meaning_until_it_is_switched_off() {
    let world = world();
    let by_table = answer(&world, &[]);
    let run = world.run(&["encoder", "status"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("no encoder is in use"),
        "{}",
        run.stderr
    );
    world.ok(&["encoder", "use", "model"]);
    assert_ne!(answer(&world, &[]), by_table);
    let run = done(&world, &["encoder", "status"]);
    assert!(
        run.stderr.contains("vectors of 8 numbers"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("it has read every tool"),
        "{}",
        run.stderr
    );
    world.ok(&["encoder", "off"]);
    assert_eq!(answer(&world, &[]), by_table);
    let run = done(&world, &["encoder", "off"]);
    assert!(
        run.stderr.contains("no encoder was in use"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_kept_and_what_is_made_give_the_same_answer() {
    let world = used();
    let kept = answer(&world, &[]);
    world.sql("SELECT clear_tool_vectors()");
    assert_eq!(answer(&world, &[]), kept);
    let run = done(&world, &["encoder", "status"]);
    assert!(
        run.stderr.contains("4 tools of the catalog not read yet"),
        "{}",
        run.stderr
    );
    let of_files = answer(&world, &["--from", "tools"]);
    let relevance = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|it| it.contains("\"likeness\""));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(relevance(&of_files), relevance(&kept));
    assert!(!relevance(&kept).is_empty());
    world.ok(&["encoder", "index"]);
    assert_eq!(answer(&world, &[]), kept);
}

#[test]
fn an_import_is_read_and_a_change_is_forgotten() {
    let world = used();
    let before = kept(&world);
    let text = definition("linux", "tar", "1.0", "tar_it").replace("try tar", "unpack an archive");
    world.write("tools/tar.yaml", text);
    let run = done(&world, &["import", "tools", "--on-conflict", "update"]);
    assert!(
        run.stderr.contains("the encoder has read 1 tool"),
        "{}",
        run.stderr
    );
    let after = kept(&world);
    assert_ne!(after, before);
    world.ok(&["encoder", "index", "--anew"]);
    assert_eq!(kept(&world), after);
    // What no word comes from keeps its vectors.
    world.ok(&["update", "linux/tar", "--set", "cost_estimate=2", "--yes"]);
    assert_eq!(kept(&world), after);
    world.ok(&["disable", "linux/tar"]);
    assert_eq!(world.sql("SELECT count(*) FROM tool_vectors").trim(), "3");
    assert_eq!(world.run(&["doctor", "--deep"]).code, 0);
}

/// Asserts that the table answers in the place of an encoder that cannot be used, and that it is said why.
fn the_table_stands_in(world: &World, by_table: &str, why: &str) {
    let run = world.run(&["select", "archive log files", "--format", "json"]);
    let told = run.stderr.contains(why)
        && run
            .stderr
            .contains("the built-in table of meanings is used");
    assert!(told, "{}", run.stderr);
    assert_eq!(without_clock(&run.stdout), by_table);
}

#[test]
fn an_encoder_that_is_gone_or_another_is_told_and_the_table_stands_in() {
    let world = world();
    let by_table = answer(&world, &[]);
    world.ok(&["encoder", "use", "model"]);
    world.write("model/tokenizer_config.json", "{\"do_lower_case\": false}");
    the_table_stands_in(
        &world,
        &by_table,
        "its files have changed since it was chosen",
    );
    // A selection by capability needs none.
    let run = done(&world, &["select", "--capability", "tar_it"]);
    assert!(!run.stderr.contains("built-in"), "{}", run.stderr);
    world.ok(&["encoder", "use", "model"]);
    std::fs::remove_dir_all(world.path().join("model")).expect("removed");
    the_table_stands_in(&world, &by_table, "model");
}

#[test]
fn what_is_no_encoder_is_refused() {
    let world = world();
    let run = world.run(&["encoder", "use", "tools"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("config.json"), "{}", run.stderr);
    assert_eq!(world.run(&["encoder", "status"]).code, 1);
}
