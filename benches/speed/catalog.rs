//! Catalogs of any size, the same each time.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A capability that about twenty of 200 tools offer, whatever the size of the catalog.
pub const CAPABILITY: &str = "disk_query";

const VERBS: [&str; 16] = [
    "find", "list", "copy", "compress", "measure", "watch", "restart", "query", "trace", "merge",
    "split", "verify", "archive", "rotate", "scan", "resolve",
];
const THINGS: [&str; 16] = [
    "disk",
    "log",
    "packet",
    "process",
    "service",
    "user",
    "certificate",
    "route",
    "queue",
    "container",
    "backup",
    "index",
    "event",
    "memory",
    "session",
    "package",
];
const PLATFORMS: [&str; 5] = ["linux", "windows", "network", "scheduler", "custom"];

/// Writes that many definitions into the folder, a file each.
pub fn write(folder: &Path, count: usize) {
    std::fs::create_dir_all(folder).expect("a folder");
    for index in 0..count {
        std::fs::write(
            folder.join(format!("tool-{index:05}.yaml")),
            definition(index, count),
        )
        .expect("a file");
    }
}

/// Writes that many definitions into one file.
pub fn write_file(path: &Path, count: usize) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    for index in 0..count {
        write!(out, "---\n{}", definition(index, count)).expect("a definition");
    }
}

/// The files of such a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

/// A small generator of numbers (SplitMix64), so that catalogs do not depend on a library.
pub struct Numbers(pub u64);

impl Numbers {
    /// A number under the limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit as u64).expect("a small number")
    }

    /// Between 0 and 1, in hundredths.
    pub fn share(&mut self) -> f64 {
        self.below(101) as f64 / 100.0
    }

    /// One of the words.
    pub fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

fn definition(index: usize, count: usize) -> String {
    let mut numbers = Numbers(index as u64);
    let (verb, thing) = (numbers.of(&VERBS), numbers.of(&THINGS));
    let mut text = format!(
        "tool_name: {verb}-{thing}-{index:05}\nversion: '1.0'\n\
         description: {verb} every {thing} of a host, variant {index}\n\
         platform: {}\ncategory: system\nmetadata:\n  tags: [{thing}, generated]\ncapabilities:\n",
        PLATFORMS[index % PLATFORMS.len()]
    );
    // The share of tools that offer the measured capability shrinks with the size, so that the
    // number of candidates stays the same.
    let mut capabilities = vec![format!(
        "{thing}_{}",
        ["control", "report"][numbers.below(2)]
    )];
    if index.is_multiple_of((count / 20).max(1)) {
        capabilities.push(CAPABILITY.to_owned());
    }
    for capability in capabilities {
        let words = capability.replace('_', " ");
        let _ = write!(
            text,
            "  {capability}:\n    description: {words}\n    patterns:\n"
        );
        for pattern in 0..1 + numbers.below(3) {
            let verb = numbers.of(&VERBS);
            let thing = numbers.of(&THINGS);
            let _ = write!(
                text,
                "      {verb}_{pattern}:
        description: {verb} the {thing}
        typical_use_cases:
          - {verb} a large {thing}
          - {} all {thing} files
        time_estimate_ms: {} + {} * N
        cost_estimate: 0.01 * pages + N / 10000
        complexity_score: {}
        scope: batch
        completeness: complete
        policy:
          max_cost: 10
          requires_approval: false
          production_safe: true
        preference_match:
          speed: {}
          accuracy: {}
          cost: {}
          complexity: {}
          completeness: {}
        required_inputs: []
        expected_outputs: []
",
                numbers.of(&VERBS),
                10 + numbers.below(500),
                numbers.share(),
                numbers.share(),
                numbers.share(),
                numbers.share(),
                numbers.share(),
                numbers.share(),
                numbers.share(),
            );
        }
    }
    text
}
