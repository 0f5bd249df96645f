//! Bad files, each with the findings that are expected beside it: `NAME` and `NAME.expected`, one
//! line `LINE:COLUMN RULE MESSAGE (HELP)` per finding. `UPDATE_EXPECT=1` writes what was found.

use std::fs;
use std::path::{Path, PathBuf};

use toolcat::format::{Format, Input, Source, collect, read, write};
use toolcat::validate::{Options, Report, Severity, check, check_sources, fix};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/validate")
        .join(name)
}

/// Reference data of the project's users, if it is at hand.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TOOLCAT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    Some(root.join(name)).filter(|it| it.exists())
}

fn findings(report: &Report) -> String {
    report
        .diagnostics
        .iter()
        .map(|it| {
            let help = it
                .help
                .as_ref()
                .map_or_else(String::new, |help| format!(" ({help})"));
            format!(
                "{}:{} {} {}{help}\n",
                it.line, it.column, it.rule, it.message
            )
        })
        .collect()
}

#[test]
fn bad_files_give_the_expected_findings() {
    let mut files: Vec<PathBuf> = fs::read_dir(folder("bad"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|it| it != "expected"))
        .collect();
    files.sort();
    assert!(files.len() >= 60, "{} bad files", files.len());
    let mut wrong = String::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let source = Source::new(name.clone(), fs::read(file).unwrap());
        let found = findings(&check_sources(vec![source], &Options::default()));
        let expected = file.with_file_name(format!("{name}.expected"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if found.is_empty() || found != wanted {
            wrong += &format!("== {name}\n-- expected\n{wanted}-- found\n{found}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn report_of(path: &Path) -> Report {
    let inputs = collect(&[path.to_string_lossy()]).unwrap();
    let mut options = Options::default();
    // One reference definition has a negative estimate, which a selection copes with.
    options.lenient = true;
    check(&inputs, &options)
}

#[test]
fn reference_catalogs_are_valid_and_come_back_equal() {
    for (name, count) in [
        ("corpus/tldr-500.yaml", 500),
        ("fixtures/select/catalog", 80),
    ] {
        let Some(path) = shared(name) else { continue };
        let report = report_of(&path);
        let errors: Vec<_> = report
            .diagnostics
            .iter()
            .filter(|it| it.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(report.documents.len(), count);
        let documents: Vec<_> = report.documents.into_iter().map(|it| it.document).collect();
        for format in [
            Format::Yaml,
            Format::Json,
            Format::Jsonl,
            Format::Profile,
            Format::Mcp,
        ] {
            let text = write(format, &documents).unwrap().text;
            let again = read(&Source::new("<stdin>", text), Some(format));
            assert_eq!(again.problems, []);
            let again: Vec<_> = again.documents.into_iter().map(|it| it.document).collect();
            assert!(again == documents, "{format}");
        }
    }
}

#[test]
fn real_tools_of_mcp_become_valid_definitions() {
    for (name, count) in [
        ("corpus/mcp/buildkite.tools.json", 24),
        ("corpus/mcp/github_actions_list.tool.json", 1),
        ("corpus/mcp/ais-fleet.tools.json", 0),
    ] {
        let Some(path) = shared(name) else { continue };
        let report = report_of(&path);
        assert_eq!(report.documents.len(), count, "{name}");
        assert_eq!(report.count(Severity::Error), 0, "{}", findings(&report));
        assert_eq!(report.count(Severity::Warning), 0, "{}", findings(&report));
    }
}

#[test]
fn fixes_keep_what_a_definition_says_and_need_no_second_run() {
    for name in ["corpus/tldr-500.yaml", "fixtures/select/catalog"] {
        let Some(path) = shared(name) else { continue };
        for input in collect(&[path.to_string_lossy()]).unwrap() {
            let source = Source::load(&input).unwrap();
            let fixed = fix(&source, None).unwrap();
            let said = |source: &Source| -> Vec<_> {
                let documents = read(source, None).documents.into_iter();
                documents.map(|it| it.document).collect()
            };
            let after = Source::new(source.name.clone(), fixed.text);
            assert!(said(&source) == said(&after), "{input}");
            assert!(fix(&after, None).unwrap().changes.is_empty(), "{input}");
        }
    }
}

#[test]
fn paths_are_collected() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name).to_string_lossy().into_owned();
    for name in [
        "b.yaml",
        "a.yml",
        "sub/c.json",
        "sub/.hidden.yaml",
        ".git/d.yaml",
        "e.txt",
        "sub/f.jsonl",
    ] {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    fs::create_dir(root.path().join("empty")).unwrap();
    let names = |paths: &[String]| -> Vec<String> {
        collect(paths)
            .unwrap()
            .iter()
            .map(|input| match input {
                Input::File(path) => path
                    .strip_prefix(root.path())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
                Input::Stdin => "-".to_owned(),
            })
            .collect()
    };
    assert_eq!(
        names(&[path("")]),
        ["a.yml", "b.yaml", "sub/c.json", "sub/f.jsonl"]
    );
    assert_eq!(
        names(&[path("**/*.json"), "-".to_owned()]),
        ["sub/c.json", "-"]
    );
    assert_eq!(
        names(&[path("*.y*ml"), path("b.yaml")]),
        ["a.yml", "b.yaml"]
    );
    assert_eq!(names(&[path("e.txt")]), ["e.txt"]);
    for bad in ["empty", "missing.yaml", "*.toml"] {
        let error = collect(&[path(bad)]).unwrap_err().to_string();
        assert!(error.starts_with(&path(bad)), "{error}");
    }
}
