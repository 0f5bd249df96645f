//! The starter catalog, which the program holds.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

use crate::format::Source;

/// `examples/catalog`, packed by build.rs: before each file a record separator, its path and a line break.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/starter.deflate"));

/// Its definitions, one text for each file.
pub fn starter() -> Vec<Source> {
    let mut text = String::new();
    // It is part of the program, and unpacked by a test.
    if DeflateDecoder::new(PACKED)
        .read_to_string(&mut text)
        .is_err()
    {
        text.clear();
    }
    text.split('\u{1e}')
        .filter_map(|it| it.split_once('\n'))
        .map(|(name, text)| Source::new(format!("starter/{name}"), text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_starter_catalog_is_in_the_program() {
        let held = starter();
        let mut files = 0;
        for entry in walkdir::WalkDir::new("examples/catalog") {
            let path = entry.unwrap().into_path();
            if path.is_file() {
                files += 1;
                let name = path.strip_prefix("examples/catalog").unwrap().display();
                let name = format!("starter/{name}");
                let source = held.iter().find(|it| it.name == name).expect(&name);
                assert_eq!(source.bytes, std::fs::read(&path).unwrap(), "{name}");
            }
        }
        assert_eq!(held.len(), files);
    }
}
