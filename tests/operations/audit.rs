//! The audit log page by page.

use toolcat::operations::audit::{Cursor, list, verify};
use toolcat::operations::{Kind, Page, Silent};
use toolcat::store::audit::EntryFilter;

use super::{connect, world};

#[test]
fn pages_go_back_through_the_whole_log_whatever_is_written_meanwhile() {
    let world = world(&["df", "du", "ls", "ps"].map(|name| ("linux", name, "1.0")));
    let mut connection = connect(&world);
    let filter = EntryFilter::default();
    let all = list(&mut connection, &filter, None).expect("the log");
    assert!(all.next.is_none() && all.entries.len() > 3);
    let mut seen = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = Page { limit: 2, after };
        let log = list(&mut connection, &filter, Some(&page)).expect("a page");
        seen.extend(log.entries);
        if seen.len() == 2 {
            world.ok(&["disable", "df", "--quiet"]);
        }
        after = log.next.map(|it| it.to_string().parse().expect("a cursor"));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all.entries);
    assert!(verify(&mut connection, None, &Silent).expect("a proof").ok);
}

#[test]
fn a_tool_that_never_was_is_not_found_and_one_without_such_changes_is() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let of = |tool: &str| EntryFilter {
        tools: vec![tool.parse().expect("an address")],
        actions: vec!["deleted".to_owned()],
        ..EntryFilter::default()
    };
    let nothing = list(&mut connection, &of("df"), None).expect("a log");
    assert!(nothing.entries.is_empty());
    let refusal = list(&mut connection, &of("dff"), None).unwrap_err();
    assert_eq!(refusal.kind, Kind::NotFound);
    let page = Page {
        limit: 0,
        after: None,
    };
    let refusal = list(&mut connection, &of("df"), Some(&page)).unwrap_err();
    assert_eq!(refusal.kind, Kind::Invalid);
}
