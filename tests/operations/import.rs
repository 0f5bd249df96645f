//! Definitions imported from texts.

use serde_json::json;
use toolcat::format::{Source, collect_without};
use toolcat::operations::import::{Definitions, Request, files, run, texts};
use toolcat::operations::{Kind, Remedy, Silent, Stage};
use toolcat::store::import::OnConflict;

use super::progress::Told;
use super::{backend, caller, connect, dry, world};
use crate::common::definition;

fn definitions(version_of_du: &str, category: &str) -> Definitions {
    let text = format!(
        "{}---\n{}",
        definition("linux", "df", "1.0", "disk_usage").replace("system", category),
        definition("linux", "du", version_of_du, "disk_usage")
    );
    texts(vec![Source::new("body", text)], None).expect("room")
}

#[test]
fn texts_are_imported_planned_and_refused_like_files() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let same = definitions("1.0", "system");
    let request = Request::default();
    let planned = run(&mut connection, &dry(), &same, &request, &Silent).expect("a plan");
    assert!(!planned.stopped());
    assert_eq!(
        json!(planned.plan(&same))["steps"],
        json!([{ "tool": "linux/du@1.0", "step": "create", "version": null, "latest": true, "changes": [] }])
    );
    let done = run(&mut connection, &caller(), &same, &request, &Silent).expect("an import");
    assert_eq!((done.summary.created, done.summary.unchanged), (1, 1));

    let other = definitions("2.0", "storage");
    let stopped = run(&mut connection, &caller(), &other, &request, &Silent).expect("a report");
    let refusal = stopped.accepted(&other).unwrap_err();
    assert_eq!(refusal.kind, Kind::Conflict);
    assert_eq!(refusal.remedy, Some(Remedy::NewVersionOrPolicy));
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "2");
    let request = Request {
        on_conflict: OnConflict::Update,
        ..request
    };
    let done = run(&mut connection, &caller(), &other, &request, &Silent).expect("an import");
    assert_eq!((done.summary.created, done.summary.updated), (1, 1));
}

#[test]
fn what_is_not_valid_is_refused_with_its_place() {
    let world = world(&[]);
    let mut connection = connect(&world);
    let text = definition("linux", "df", "1.0", "disk_usage").replace("100 + N", "100 +");
    let bad = texts(vec![Source::new("body", text)], None).expect("room");
    let request = Request::default();
    let refusal = run(&mut connection, &caller(), &bad, &request, &Silent).unwrap_err();
    assert_eq!(refusal.kind, Kind::Invalid);
    let flaw = refusal.flaws.first().expect("a flaw");
    assert_eq!(
        flaw.pointer,
        "/capabilities/disk_usage/patterns/use/time_estimate_ms"
    );
    assert_eq!(flaw.place.map(|(line, _)| line), Some(16));
}

#[test]
fn the_progress_moves_with_each_file_and_each_part_that_is_written() {
    const FILES: usize = 3;
    const IN_EACH: usize = 500;
    let world = world(&[]);
    for file in 0..FILES {
        let text: Vec<String> = (0..IN_EACH)
            .map(|it| definition("linux", &format!("t{file}-{it}"), "1.0", "disk_usage"))
            .collect();
        world.write(&format!("many/{file}.yaml"), text.join("---\n"));
    }
    let told = Told::default();
    let backend = backend(&world).watched(|_| {}, told.clone());
    let folder = world.path().join("many").display().to_string();
    let collected = collect_without(&[folder], &[]).expect("files");
    let definitions = files(&backend, &collected, None).expect("room");
    let mut connection = backend.connect().expect("a connection");
    let progress = backend.progress();
    let request = Request::default();
    run(&mut connection, &dry(), &definitions, &request, progress).expect("a plan");
    let told = told.parts();
    assert_eq!(told[0], (Stage::Reading, FILES as u64, vec![1; FILES]));
    let (stage, steps, done) = &told[1];
    assert_eq!((*stage, *steps), (Stage::Writing, (FILES * IN_EACH) as u64));
    assert_eq!(done.iter().sum::<u64>(), *steps);
    assert!(done.iter().filter(|it| **it > 0).count() > 1, "{done:?}");
}

/// Definitions of more than a megabyte as one text, which is read part by part.
fn large(write: impl Fn(&serde_json::Value) -> String) -> String {
    let definition = definition("linux", "NAME", "1.0", "disk_usage");
    let notes = "x".repeat(4000);
    let each = (0..400).map(|it| {
        let text = definition.replace("NAME", &format!("t{it}"));
        let mut value: serde_json::Value = serde_yaml::from_str(&text).expect("a definition");
        value["metadata"] = serde_json::json!({ "notes": notes });
        write(&value)
    });
    each.collect()
}

#[test]
fn a_large_file_is_imported_part_by_part_and_its_faults_are_at_their_places() {
    let world = world(&[]);
    let line = |it: &serde_json::Value| format!("{it}\n");
    let lines = large(line);
    let list = format!("[\n{}]\n", lines.trim_end().replace('\n', ",\n") + "\n");
    let stream = large(|it| format!("---\n{}", serde_yaml::to_string(it).expect("YAML")));
    assert!(lines.len() > 1 << 20 && stream.len() > 1 << 20);
    let backend = backend(&world);
    let mut connection = backend.connect().expect("a connection");
    for (name, text, expected) in [
        ("a.jsonl", &lines, (400, 0)),
        ("a.json", &list, (0, 400)),
        ("a.yaml", &stream, (0, 400)),
    ] {
        world.write(name, text);
        let path = world.path().join(name).display().to_string();
        let read = |path: &String| {
            let collected = collect_without(&[path], &[]).expect("a file");
            files(&backend, &collected, None).expect("room")
        };
        let definitions = read(&path);
        assert_eq!(definitions.findings.diagnostics, [], "{name}");
        let request = Request::default();
        let done = run(&mut connection, &caller(), &definitions, &request, &Silent).expect(name);
        let summary = &done.summary;
        assert_eq!((summary.created, summary.unchanged), expected, "{name}");

        // In the last part: a tool that the first part has.
        let bad = text
            .replace(r#""tool_name":"t398""#, r#""tool_name":"t2""#)
            .replace("tool_name: t398\n", "tool_name: t2\n");
        world.write(name, &bad);
        let definitions = read(&path);
        let found = &definitions.findings.diagnostics;
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        let lines = bad.lines().zip(1..).filter_map(|(line, number)| {
            let is_it = line.contains(r#""tool_name":"t2""#) || line == "tool_name: t2";
            is_it.then_some(number)
        });
        let lines: Vec<u32> = lines.collect();
        let first = found[0].related.as_ref().map_or(0, |it| it.line);
        assert_eq!(found[0].rule, "catalog/duplicate-identity", "{name}");
        assert_eq!([first, found[0].line], lines[..], "{name}");
        assert!(definitions.documents.is_empty(), "{name}");
    }
}
