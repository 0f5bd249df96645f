//! `toolcat serve`: a real server over a real database.

mod abtests;
mod access;
mod agents;
mod bad_input;
mod catalogs;
mod changing;
mod client;
mod defining;
mod following;
mod gone;
mod hardship;
mod life;
mod members;
mod page;
mod proxy;
mod reading;
mod reference;
mod selecting;
mod ui;
mod ui_measured;
mod webhooks;

use crate::common::{World, definition};
pub use client::{Answer, Server};

/// A world with some tools.
pub fn world() -> World {
    let world = World::new();
    for (platform, name, capability) in [
        ("linux", "df", "disk_usage"),
        ("linux", "du", "disk_usage"),
        ("linux", "ping", "reachability"),
        ("windows", "ping", "reachability"),
        ("linux", "search", "lookup"),
    ] {
        let path = format!("{platform}-{name}.yaml");
        world.write(&path, definition(platform, name, "1.0", capability));
    }
    world.ok(&["import", "."]);
    world
}
