//! How the program is linked, and what of its data is worked out beforehand.

use std::path::Path;

use rust_stemmers::{Algorithm, Stemmer};

const LEXICON: &str = "src/select/retrieval/lexicon.txt";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LEXICON}");
    stem_lexicon();
    // At a fixed address, the loader need not adjust the 30,000 pointers of the program's tables at
    // each start, which takes longer than a small answer does. The heap, the stack and all libraries
    // are still placed at random.
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

/// Writes the lexicon with stems in the place of its words: to find them takes longer than a selection
/// by capability does.
fn stem_lexicon() {
    let lexicon = std::fs::read_to_string(LEXICON).expect(LEXICON);
    let stemmer = Stemmer::create(Algorithm::English);
    let stem = |word: &str| match word.contains('_') || !word.starts_with(char::is_alphabetic) {
        true => word.to_owned(),
        false => stemmer.stem(word).into_owned(),
    };
    let lines = lexicon.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let stems = lines.map(|line| match line.starts_with('[') {
        true => line.to_owned(),
        false => line
            .split_whitespace()
            .map(stem)
            .collect::<Vec<_>>()
            .join(" "),
    });
    let folder = std::env::var_os("OUT_DIR").expect("OUT_DIR");
    let text = stems.collect::<Vec<_>>().join("\n");
    std::fs::write(Path::new(&folder).join("lexicon.txt"), text).expect("the stems are written");
}
