//! Lists page by page.

use std::collections::HashSet;

use toolcat::operations::list::{Cursor, run};
use toolcat::operations::{Kind, Page};
use toolcat::store::tools::Filter;

use super::{connect, world};

#[test]
fn pages_hold_every_tool_once_whatever_comes_and_goes() {
    let world = world(&[
        ("windows", "ping", "1.0"),
        ("linux", "df", "1.0"),
        ("linux", "df", "2.0"),
        ("linux", "Zip", "1.0"),
        ("linux", "ping", "1.0"),
    ]);
    let mut connection = connect(&world);
    let filter = Filter {
        all_versions: true,
        ..Filter::default()
    };
    let mut seen = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = Page { limit: 2, after };
        let listing = run(&mut connection, &filter, Some(&page)).expect("a page");
        seen.extend(
            listing
                .tools
                .iter()
                .map(|it| format!("{}/{}@{}", it.platform, it.tool, it.version)),
        );
        if seen.len() == 2 {
            assert_eq!(listing.total, 5);
            // The tool at which the next page begins goes, and one before it comes.
            world.ok(&["delete", "linux/df@1.0", "--yes", "--quiet"]);
            world.write(
                "a.yaml",
                crate::common::definition("linux", "awk", "1.0", "disk_usage"),
            );
            world.ok(&["import", "a.yaml", "--quiet"]);
        }
        // As text and back, as a client sends it.
        after = listing
            .next
            .map(|it| it.to_string().parse().expect("a cursor"));
        if after.is_none() {
            assert_eq!(listing.total, 5);
            break;
        }
    }
    assert_eq!(
        seen,
        [
            "linux/Zip@1.0",
            "linux/df@1.0",
            "linux/df@2.0",
            "linux/ping@1.0",
            "windows/ping@1.0"
        ]
    );
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
}

#[test]
fn a_page_that_ends_the_list_has_no_next() {
    let world = world(&[("linux", "df", "1.0"), ("linux", "du", "1.0")]);
    let mut connection = connect(&world);
    let page = |limit| Page { limit, after: None };
    let whole = run(&mut connection, &Filter::default(), Some(&page(2))).expect("a page");
    assert_eq!((whole.tools.len(), whole.next), (2, None));
    let all = run(&mut connection, &Filter::default(), None).expect("a list");
    assert_eq!(all.tools, whole.tools);
    for limit in [0, 1001] {
        let refusal = run(&mut connection, &Filter::default(), Some(&page(limit))).unwrap_err();
        assert_eq!(refusal.kind, Kind::Invalid);
    }
}
