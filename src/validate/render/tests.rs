use super::*;
use crate::format::Source;
use crate::validate::{Options, Report, check_sources};

fn report(name: &str, text: &str) -> Report {
    check_sources(vec![Source::new(name, text)], &Options::default())
}

fn render(
    format: ReportFormat,
    report: &Report,
    files: &[String],
    options: &Options,
    colour: bool,
) -> String {
    let mut out = Vec::new();
    super::render(&mut out, format, report, files, options, colour).unwrap();
    String::from_utf8(out).unwrap()
}

const BAD: &str = "tool_name: df\nversion: 1.10\ndescription: <\u{1b}]0;x\u{7}>, a & b\nplatform: linux\n\
    category: filesystem\ncapabilities: {}\n";

fn bad() -> Report {
    report("a b,c.yaml", &BAD.replace(['\u{1b}', '\u{7}'], "?"))
}

#[test]
fn text_shows_line_and_caret() {
    let text = render(ReportFormat::Text, &bad(), &[], &Options::default(), false);
    assert!(
        text.contains("a b,c.yaml:2:10: error: `version` is the number 1.10, but text is needed [schema/type]\n  2 | version: 1.10\n    |          ^^^^\n  help: quote it: '1.10'\n"),
        "{text}"
    );
    assert!(
        text.ends_with("1 definition in 1 file: 2 errors\n"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn json_is_one_object() {
    let text = render(ReportFormat::Json, &bad(), &[], &Options::default(), false);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["valid"], false);
    assert_eq!(value["diagnostics"][0]["rule"], "schema/type");
    assert_eq!(value["diagnostics"][0]["line"], 2);
    assert_eq!(value["diagnostics"][0]["pointer"], "/version");
    let lines = render(ReportFormat::Jsonl, &bad(), &[], &Options::default(), false);
    assert_eq!(
        lines.lines().count(),
        value["diagnostics"].as_array().unwrap().len()
    );
}

#[test]
fn github_escapes_properties() {
    let text = render(
        ReportFormat::Github,
        &bad(),
        &[],
        &Options::default(),
        false,
    );
    assert_eq!(
        text.lines().next().unwrap(),
        "::error file=a b%2Cc.yaml,line=2,endLine=2,col=10,endColumn=13,title=schema/type::\
         `version` is the number 1.10, but text is needed [schema/type]%0Ahelp: quote it: '1.10'"
    );
}

#[test]
fn sarif_has_results_when_empty() {
    let text = render(
        ReportFormat::Sarif,
        &Report::default(),
        &[],
        &Options::default(),
        false,
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["version"], "2.1.0");
    assert_eq!(value["runs"][0]["results"], serde_json::json!([]));
    let text = render(ReportFormat::Sarif, &bad(), &[], &Options::default(), false);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let result = &value["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b%2Cc.yaml");
    assert_eq!(place["region"]["startLine"], 2);
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(
        value["runs"][0]["tool"]["driver"]["rules"][index]["id"],
        "schema/type"
    );
}

#[test]
fn junit_escapes_and_counts() {
    let text = render(ReportFormat::Junit, &bad(), &[], &Options::default(), false);
    assert!(text.contains("tests=\"1\" failures=\"1\""), "{text}");
    assert!(!text.contains("a & b"));
}

#[test]
fn junit_has_a_case_for_a_file_that_holds_nothing() {
    let source = Source::new("tools.json", "{\"tools\": []}");
    let report = check_sources(vec![source], &Options::default());
    let files = ["tools.json".to_owned()];
    let text = render(
        ReportFormat::Junit,
        &report,
        &files,
        &Options::default(),
        false,
    );
    assert!(text.contains("tests=\"1\" failures=\"0\""), "{text}");
    assert!(
        text.contains("name=\"tools.json\" classname=\"toolcat.validate\" file=\"tools.json\""),
        "{text}"
    );
}

#[test]
fn control_characters_are_shown_not_sent() {
    assert_eq!(harmless("a\u{1b}[2Jb\u{202e}"), "a\\u{1b}[2Jb\\u{202e}");
}
