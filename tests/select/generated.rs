//! Generated catalogs and requests: the same answer from everywhere.

use crate::common::World;

/// A small generator with a fixed seed (xorshift), so that every run is the same.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    pub fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const VERBS: &[&str] = &[
    "find", "list", "compress", "scan", "report", "restart", "monitor", "delete", "convert", "copy",
];
const THINGS: &[&str] = &[
    "files", "logs", "disks", "packets", "users", "services", "queues", "images", "backups",
    "hosts",
];
const KINDS: &[&str] = &[
    "large", "old", "remote", "hidden", "idle", "broken", "local",
];
const PLATFORMS: &[&str] = &["linux", "windows", "network"];

fn definition(random: &mut Random, number: usize) -> String {
    let platform = random.of(PLATFORMS);
    let mut text = format!(
        "---\ntool_name: tool-{number}\nversion: '1.{}'\ndescription: {} {} {}\nplatform: {platform}\n\
         category: system\nmetadata:\n  tags: [{}]\ncapabilities:\n",
        random.below(9),
        random.of(VERBS),
        random.of(KINDS),
        random.of(THINGS),
        random.of(KINDS)
    );
    let first = random.below(VERBS.len());
    for verb in [first, (first + 1 + random.below(3)) % VERBS.len()] {
        let thing = random.of(THINGS);
        text.push_str(&format!(
            "  {}_{thing}:\n    description: {} the {thing}\n    patterns:\n",
            VERBS[verb], VERBS[verb]
        ));
        for pattern in 0..=random.below(2) {
            let cost = random.below(400) as f64 / 100.0;
            let limit = random.below(8);
            text.push_str(&format!(
                "      way_{pattern}:\n        description: {} every {} one\n        typical_use_cases:\n\
                 \x20         - {} {} {}\n        time_estimate_ms: '{} + {} * N'\n        cost_estimate: '{cost} + 0.001 * N'\n\
                 \x20       complexity_score: 0.{}\n        scope: batch\n        completeness: complete\n\
                 \x20       policy:\n          max_cost: {limit}\n          requires_approval: {}\n          production_safe: {}\n\
                 \x20       preference_match:\n          speed: 0.5\n          accuracy: 0.{}\n          cost: 0.5\n\
                 \x20         complexity: 0.5\n          completeness: 0.{}\n        required_inputs: []\n        expected_outputs: []\n",
                random.of(VERBS),
                random.of(KINDS),
                random.of(VERBS),
                random.of(KINDS),
                random.of(THINGS),
                random.below(900),
                random.below(30),
                random.below(100),
                random.below(5) == 0,
                random.below(6) > 0,
                random.below(100),
                random.below(1000),
            ));
        }
    }
    text
}

pub fn catalog(seed: u64, count: usize) -> String {
    let mut random = Random(seed);
    (0..count)
        .map(|number| definition(&mut random, number))
        .collect()
}

pub fn requests(seed: u64, count: usize, by_words: impl Fn(usize) -> bool) -> String {
    let mut random = Random(seed);
    (0..count)
        .map(|id| {
            let capability = format!("{}_{}", random.of(VERBS), random.of(THINGS));
            let query = format!(
                "{} {} {} {}",
                random.of(&["quickly", "", "cheaply", "unheardof", "exactly"]),
                random.of(VERBS),
                random.of(KINDS),
                random.of(THINGS)
            );
            let environment = random.of(&["production", "staging"]);
            let n = random.below(5000);
            let asked = if by_words(id) {
                serde_json::json!({"id": id, "query": query, "context": {"N": n}, "environment": environment})
            } else {
                serde_json::json!({"id": id, "capabilities": [capability], "query": query, "context": {"N": n},
                                   "max_cost": random.below(9), "environment": environment})
            };
            format!("{asked}\n")
        })
        .collect()
}

#[test]
fn a_thousand_requests_have_the_same_answers_everywhere() {
    let world = World::new();
    world.write("catalog.yaml", catalog(7, 150));
    world.write("requests.jsonl", requests(11, 1000, |id| id % 2 == 0));
    world.ok(&["import", "catalog.yaml"]);
    let batch = ["select", "--batch", "requests.jsonl"];
    let stored = world.ok(&batch);
    assert_eq!(stored.lines().count(), 1000);
    let answered = stored.lines().filter(|it| !it.contains("\"answer\":null"));
    assert!(answered.count() > 600);
    assert_eq!(stored, world.ok(&batch), "the same twice");
    let from_files = world.ok(&[&batch[..], &["--from", "catalog.yaml"]].concat());
    assert_eq!(stored, from_files, "the same from files");
    world.ok(&["export", "--to-dir", "exported"]);
    let other = World::new();
    other.write("requests.jsonl", world.read("requests.jsonl"));
    let exported = world.path().join("exported").display().to_string();
    other.ok(&["import", &exported]);
    assert_eq!(stored, other.ok(&batch), "the same after export and import");
}

#[test]
fn unrelated_tools_do_not_change_an_answer_by_capability() {
    let world = World::new();
    world.write("catalog.yaml", catalog(3, 60));
    world.write("requests.jsonl", requests(5, 200, |_| false));
    world.ok(&["import", "catalog.yaml"]);
    let batch = ["select", "--batch", "requests.jsonl"];
    let before = world.ok(&batch);
    let unrelated: String = (0..40)
        .map(|number| {
            let text =
                crate::common::definition("linux", &format!("other-{number}"), "1.0", "knitting");
            format!("---\n{text}")
        })
        .collect();
    world.write("unrelated.yaml", unrelated);
    world.ok(&["import", "unrelated.yaml"]);
    assert_eq!(before, world.ok(&batch));
}
