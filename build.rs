//! How the program is linked, and what of its data is worked out beforehand.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rust_stemmers::{Algorithm, Stemmer};

const LEXICON: &str = "src/select/retrieval/lexicon.txt";

/// The definitions that `import --starter` brings in.
const CATALOG: &str = "examples/catalog";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LEXICON}");
    stem_lexicon();
    println!("cargo::rerun-if-changed={CATALOG}");
    // At a fixed address, the loader need not adjust the 30,000 pointers of the program's tables at
    // each start, which takes longer than a small answer does. The heap, the stack and all libraries
    // are still placed at random.
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    starter()
}

/// Packs the catalog into one text: before each file a record separator, its path and a line break.
fn starter() -> io::Result<()> {
    let mut files = Vec::new();
    collect(Path::new(CATALOG), &mut files)?;
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let packed = fs::File::create(out.join("starter.deflate"))?;
    let mut packed = DeflateEncoder::new(packed, Compression::best());
    for file in files {
        let name = file.strip_prefix(CATALOG).unwrap_or(&file).display();
        write!(packed, "\u{1e}{name}\n{}", fs::read_to_string(&file)?)?;
    }
    packed.finish()?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            false if path.extension().is_some_and(|it| it == "yaml") => files.push(path),
            false => {}
        }
    }
    Ok(())
}

/// Writes the lexicon with stems in the place of its words: to find them takes longer than a selection
/// by capability does.
fn stem_lexicon() {
    let lexicon = fs::read_to_string(LEXICON).expect(LEXICON);
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
    let folder = env::var_os("OUT_DIR").expect("OUT_DIR");
    let text = stems.collect::<Vec<_>>().join("\n");
    fs::write(Path::new(&folder).join("lexicon.txt"), text).expect("the stems are written");
}
