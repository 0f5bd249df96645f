//! Edits that begin from a state known by its mark alone.

use toolcat::definition::Document;
use toolcat::operations::edit::{Base, Edited, Request, Watch, read, run};
use toolcat::operations::{Kind, Refusal, address, show};
use toolcat::store::Connection;
use toolcat::store::tools::Handle;

use super::{caller, connect, dry, world};
use crate::common::definition;

fn shown(connection: &mut Connection) -> show::Shown {
    show::run(connection, &"df".parse().expect("an address"), None).expect("df")
}

fn edited(from: &str, to: &str) -> Document {
    let text = definition("linux", "df", "1.0", "disk_usage");
    assert!(text.contains(from), "{text}");
    read("df", text.replace(from, to), None).expect("a definition")
}

fn save(connection: &mut Connection, etag: &str, edited: Document) -> Result<Edited, Refusal> {
    let stored = address::find(connection, &"df".parse().expect("an address")).expect("df");
    let request = Request {
        tool: Handle::from(&stored),
        base: Base::Etag(etag.to_owned()),
        edited,
        watch: None,
    };
    run(connection, &caller(), &request)
}

#[test]
fn changes_of_other_fields_are_kept_and_of_the_same_are_told() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let first = shown(&mut connection).etag();
    assert_eq!(shown(&mut connection).etag(), first);
    world.ok(&[
        "update",
        "df",
        "--set",
        "category=storage",
        "--yes",
        "--quiet",
    ]);
    assert_ne!(shown(&mut connection).etag(), first);

    let other = edited("What df is for", "What df really is for");
    let done = save(&mut connection, &first, other).expect("another field");
    let fields: Vec<&str> = done.changes.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["description"]);
    let now = shown(&mut connection);
    assert_eq!(now.stored.category, "storage");
    assert_eq!(now.stored.description, "What df really is for");

    let same = edited("category: system", "category: disks");
    let refusal = save(&mut connection, &first, same).unwrap_err();
    assert_eq!(refusal.kind, Kind::Overtaken);
    let [overlap] = refusal.overlaps() else {
        panic!("{refusal:?}")
    };
    assert_eq!(overlap.field, "category");
    assert_eq!(
        [&overlap.base, &overlap.theirs, &overlap.ours],
        ["system", "storage", "disks"]
    );
    assert_eq!(shown(&mut connection).etag(), now.etag());
}

#[test]
fn the_mark_follows_what_is_not_in_the_definition() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let first = shown(&mut connection).etag();
    world.ok(&["disable", "df", "--quiet"]);
    let off = shown(&mut connection).etag();
    assert_ne!(off, first);
    world.ok(&["chown", "carol", "df", "--quiet"]);
    assert_ne!(shown(&mut connection).etag(), off);
}

#[test]
fn a_state_that_nobody_knows_is_overtaken() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let refusal = save(&mut connection, "no such mark", edited("df is", "df was")).unwrap_err();
    assert_eq!(refusal.kind, Kind::Overtaken);
    assert!(refusal.overlaps().is_empty());
}

#[test]
fn what_is_not_valid_or_another_tool_is_not_saved() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let text = definition("linux", "df", "1.0", "disk_usage");
    let refusal = read("df", text.replace("100 + N", "100 +"), None).unwrap_err();
    let flaw = refusal.flaws.first().expect("a flaw");
    assert_eq!(
        flaw.pointer,
        "/capabilities/disk_usage/patterns/use/time_estimate_ms"
    );
    assert!(flaw.place.is_some());
    let etag = shown(&mut connection).etag();
    for (from, to) in [("tool_name: df", "tool_name: du"), ("'1.0'", "'2.0'")] {
        let refusal = save(&mut connection, &etag, edited(from, to)).unwrap_err();
        assert_eq!(refusal.kind, Kind::Invalid);
    }
    let stored = shown(&mut connection).stored;
    let request = Request {
        tool: Handle::from(&stored),
        base: Base::Etag(etag.clone()),
        edited: edited("df is", "df was"),
        watch: None,
    };
    let tried = run(&mut connection, &dry(), &request).expect("a dry run");
    assert!(tried.dry_run && tried.changes.len() == 1);
    assert_eq!(tried.impact, None);
    assert_eq!(shown(&mut connection).etag(), etag);
}

#[test]
fn an_edit_tells_which_recorded_selections_it_would_answer_otherwise() {
    let world = world(&[("linux", "df", "1.0"), ("linux", "du", "1.0")]);
    let mut connection = connect(&world);
    let best = world.ok(&[
        "select",
        "--capability",
        "disk_usage",
        "--record",
        "--format",
        "json",
    ]);
    let best: serde_json::Value = serde_json::from_str(&best).expect("JSON");
    let etag = shown(&mut connection).etag();
    let stored = shown(&mut connection).stored;
    let winner = best["answer"]["tool"].as_str().expect("a tool");
    assert!(winner.contains("df"), "{best}");
    let slower = edited("100 + N", "900000 + N");
    let mut request = Request {
        tool: Handle::from(&stored),
        base: Base::Etag(etag.clone()),
        edited: slower,
        watch: Some(Watch {
            since: chrono::Utc::now() - chrono::TimeDelta::days(1),
            most: 10,
        }),
    };
    let tried = run(&mut connection, &dry(), &request).expect("a dry run");
    let impact = tried.impact.expect("an impact");
    assert_eq!((impact.selections, impact.changed.len()), (1, 1));
    assert!(
        impact.changed[0]
            .after
            .as_deref()
            .is_some_and(|it| it.contains("du"))
    );
    request.edited = edited("df is", "df was");
    let tried = run(&mut connection, &dry(), &request).expect("a dry run");
    let impact = tried.impact.expect("an impact");
    assert_eq!((impact.selections, impact.changed.len()), (1, 0));
}
