//! The requests that `docs/server.md` shows, asked of a real server.

use std::path::Path;

use super::Server;
use crate::common::World;
use crate::documentation::{check_blocks, run};

/// `UPDATE_DOCS=1` writes the answers into the page.
#[test]
fn the_page_shows_what_the_server_answers() {
    let world = World::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalog = root.join("examples/catalog");
    world.ok(&["import", catalog.to_str().expect("a path")]);
    let server = Server::of(&world);
    let page = root.join("docs/server.md");
    check_blocks(&page, "```shell-session", |command| {
        let command = command.replace("127.0.0.1:8080", &server.address);
        let printed = run(&world, &command).replace(&server.address, "127.0.0.1:8080");
        masked(&printed)
    });
}

/// Request ids differ from run to run.
fn masked(text: &str) -> String {
    const BEGIN: &str = "\"request_id\":\"";
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        let (before, after) = rest.split_at(at + BEGIN.len());
        shown.push_str(before);
        shown.push_str("...");
        rest = after.find('"').map_or("", |end| &after[end..]);
    }
    shown.push_str(rest);
    shown
}
