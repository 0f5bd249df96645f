//! Files beside the definitions of a folder that hold no definition: a package.json, a workflow, a chart.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::{Report, Severity};
use crate::format::Loaded;

/// Keys at the top of a document by which it can be meant as a definition, in any layout that is read.
const TELLING: [&str; 19] = [
    "tool_name",
    "tool",
    "tools",
    "capabilities",
    "capability",
    "patterns",
    "pattern",
    "platform",
    "category",
    "openapi",
    "swagger",
    "paths",
    "functions",
    "function",
    "parameters",
    "inputSchema",
    "input_schema",
    "result",
    "defaults",
];

/// The note on a `name` that became `tool_name`.
const RENAMED: &str = "format/legacy-name";

/// How many names are told of one kind.
const TOLD: usize = 3;

/// Files that were passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Their names.
    pub files: HashSet<String>,
    /// A sentence for each kind of them.
    pub told: Vec<String>,
}

/// Whether a document has a key by which it can be meant as a definition.
pub(super) fn is_telling(loaded: &Loaded) -> bool {
    let fields = loaded.document.fields();
    // Much has a `name`, which is read as that of a tool.
    let renamed = |key| key == "tool_name" && loaded.notes.iter().any(|it| it.rule == RENAMED);
    TELLING
        .iter()
        .any(|key| fields.contains_key(*key) && !renamed(*key))
}

/// Takes out of a report the files that nobody named and that hold no definition: they can be read,
/// and no document in them has a key by which it could be meant as one. What cannot be read stays, for
/// it may have been a definition.
pub fn pass_over(report: &mut Report, found: &HashSet<String>) -> PassedOver {
    let mut strangers: HashSet<String> = report
        .diagnostics
        .iter()
        .filter(|it| it.severity == Severity::Error && found.contains(&it.file))
        .filter(|it| report.strange.contains_key(&it.file))
        .map(|it| it.file.clone())
        .collect();
    for diagnostic in &report.diagnostics {
        if !diagnostic.rule.starts_with("schema/") && diagnostic.severity == Severity::Error {
            strangers.remove(&diagnostic.file);
        }
    }
    if strangers.is_empty() {
        return PassedOver::default();
    }
    report
        .diagnostics
        .retain(|it| !strangers.contains(&it.file));
    report
        .documents
        .retain(|it| !strangers.contains(it.origin.file.as_ref()));
    report.files -= strangers.len();
    let passed = strangers.iter().filter_map(|it| report.strange.get(it));
    report.definitions -= passed.sum::<usize>();
    let mut kinds: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in &strangers {
        let kind = Path::new(file).extension().unwrap_or_default();
        let kind = kind.to_string_lossy().to_lowercase();
        kinds.entry(kind).or_default().push(file);
    }
    let told = kinds
        .into_iter()
        .map(|(kind, files)| told(&kind, files))
        .collect();
    PassedOver {
        files: strangers,
        told,
    }
}

fn told(kind: &str, mut files: Vec<&str>) -> String {
    files.sort_unstable();
    let count = files.len();
    let more = if count > TOLD { ", ..." } else { "" };
    files.truncate(TOLD);
    format!(
        "passed over {count} .{kind} {} without a definition: {}{more}",
        if count == 1 { "file" } else { "files" },
        files.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Source;
    use crate::validate::{Options, check_sources};

    #[test]
    fn what_is_no_definition_is_passed_over_and_what_may_be_one_is_not() {
        let texts = [
            ("package.json", "{\"name\": \"x\", \"version\": \"1.0.0\"}"),
            ("tsconfig.json", "{\"compilerOptions\": {}}"),
            ("ci.yml", "on: push\njobs: {}\n"),
            ("half.yaml", "description: d\nplatform: linux\n"),
            ("empty.yaml", ""),
            ("broken.yaml", "a: [1\n"),
            ("named.yaml", "a: 1\n"),
        ];
        let sources = texts.map(|(name, text)| Source::new(name, text)).into();
        let mut report = check_sources(sources, &Options::default());
        let found = texts.iter().map(|(name, _)| (*name).to_owned());
        let found = found.filter(|name| name != "named.yaml").collect();
        assert_eq!(
            pass_over(&mut report, &found).told,
            [
                "passed over 2 .json files without a definition: package.json, tsconfig.json",
                "passed over 1 .yml file without a definition: ci.yml",
            ]
        );
        let mut left: Vec<&str> = report
            .diagnostics
            .iter()
            .map(|it| it.file.as_str())
            .collect();
        left.dedup();
        assert_eq!(
            left,
            ["half.yaml", "empty.yaml", "broken.yaml", "named.yaml"]
        );
        assert_eq!(report.files, 4);
        assert_eq!(pass_over(&mut report, &found), PassedOver::default());
    }
}
