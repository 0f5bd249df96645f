//! The description of the interface.

use std::path::Path;

use super::{Server, world};

/// `UPDATE_DOCS=1` writes the file.
#[test]
fn the_description_is_the_one_beside_the_sources() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi.json");
    let now = toolcat::server::openapi();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &now).expect("a file");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "schemas/openapi.json is not what the types say; UPDATE_DOCS=1 writes it"
    );
}

#[test]
fn the_server_shows_its_description() {
    let world = world();
    let server = Server::of(&world);
    let shown = server.get("/openapi.json").ok();
    assert_eq!(shown["openapi"], "3.1.0");
    assert!(shown["paths"]["/api/v1/tools/{name}"]["get"].is_object());
}
