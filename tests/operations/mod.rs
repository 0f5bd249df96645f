//! Operations called as the library's, without the command line: what its tests do not reach.

mod abtest;
mod audit;
mod edit;
mod import;
mod list;
mod progress;
mod record;

use toolcat::operations::{Backend, Caller};
use toolcat::store::{Connection, Location};

use crate::common::{World, definition};

/// The catalog of a world.
pub fn backend(world: &World) -> Backend {
    let location = Location::parse(world.url(), Default::default()).expect("a URL");
    Backend::new(location, None)
}

/// A connection to the catalog of a world.
pub fn connect(world: &World) -> Connection {
    backend(world).connect().expect("a connection")
}

pub fn caller() -> Caller {
    Caller::named("tester")
}

pub fn dry() -> Caller {
    Caller {
        dry_run: true,
        ..caller()
    }
}

/// A world with a tool of each of those addresses.
pub fn world(tools: &[(&str, &str, &str)]) -> World {
    let world = World::new();
    for (index, (platform, name, version)) in tools.iter().enumerate() {
        let text = definition(platform, name, version, "disk_usage");
        world.write(&format!("{index:03}.yaml"), text);
        world.ok(&["import", &format!("{index:03}.yaml"), "--quiet"]);
    }
    world
}
