//! Laws that hold for every definition and every text.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Format, Source, read, write};
use crate::definition::Document;
use crate::validate::{Options, check_sources};

/// Few cases in the suite; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|it| it.parse().ok()).unwrap_or(96),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_ ]{0,12}",
        "\\PC{1,8}",
        any::<String>().prop_map(|it| it.replace('\0', "")),
        prop::sample::select(vec![
            "yes",
            "1.10",
            "2024-01-01",
            "012",
            "~",
            " a ",
            "a: b",
            "- x",
            "#",
            "\u{202e}",
            "\r\n",
            "\u{85}",
            "😀",
            "<<",
            "!!str",
            "0x1F",
            "1_000",
            "a\n\n  b\n",
            "---",
            "null",
            "'",
            "\"",
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |it| it.is_finite())
            .prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            fields(inner).prop_map(Value::Object),
        ]
    })
}

fn fields(
    inner: impl Strategy<Value = Value> + 'static,
) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((text(), inner), 0..4).prop_map(|pairs| pairs.into_iter().collect())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_-]{0,10}",
        "[a-zA-Z$\\[\\]/@. é😀]{1,12}x",
        "x{90,100}"
    ]
}

fn invocation() -> impl Strategy<Value = Value> {
    let argument = prop_oneof!["[a-z{}=-]{1,6}", text()];
    let argument = prop_oneof![
        argument.clone().prop_map(Value::from),
        prop::collection::vec(argument, 1..3).prop_map(Value::from),
    ];
    let argv = prop::collection::vec(argument, 1..4);
    prop_oneof![
        argv.prop_map(|argv| json!({"argv": argv, "interactive": true})),
        text().prop_map(|script| json!({"shell": "sh", "script": script, "endless": false})),
    ]
}

prop_compose! {
    fn definition()(
        tool in name(), version in "[0-9]\\.[0-9]{1,2}", capability in name(), pattern in name(),
        description in text(), metadata in fields(value()), score in 0.0..=1.0f64,
        time in prop_oneof![any::<u32>().prop_map(Value::from), Just(json!("10 + N"))],
        extra in prop::option::of(value()), defaults in prop::option::of(Just(json!({"scope": "batch"}))),
        inputs in prop::collection::vec(("[a-z]{1,5}", text()), 0..3),
        platform in prop::sample::select(vec!["linux", "windows"]),
        effect in prop::option::of(prop::sample::select(vec!["read", "write", "destroy"])),
        invocation in prop::option::of(invocation()),
    ) -> Document {
        let inputs: Vec<Value> = inputs
            .into_iter()
            .map(|(name, about)| json!({"name": name, "type": "string", "description": about}))
            .collect();
        let mut tool = json!({
            "tool_name": tool, "version": version, "description": description,
            "platform": platform, "category": "system", "metadata": metadata,
            "capabilities": {capability: {"description": "c", "patterns": {pattern: {
                "description": "p", "time_estimate_ms": time, "cost_estimate": 1,
                "complexity_score": score, "scope": "batch", "completeness": "complete",
                "policy": {"max_cost": 5}, "preference_match": {}, "required_inputs": inputs,
            }}}},
        });
        let patterns = tool["capabilities"].as_object_mut().into_iter().flat_map(Map::values_mut);
        for pattern in patterns.flat_map(|it| it["patterns"].as_object_mut()).flat_map(Map::values_mut) {
            if let Some(effect) = effect {
                pattern["effect"] = json!(effect);
            }
            if let Some(invocation) = &invocation {
                pattern["invocation"] = invocation.clone();
            }
        }
        if let Some(extra) = extra {
            tool["x-own"] = extra;
        }
        if let Some(defaults) = defaults {
            tool["defaults"] = defaults;
        }
        match tool {
            Value::Object(fields) => Document::new(fields),
            _ => Document::new(Map::new()),
        }
    }
}

fn through(format: Format, documents: &[Document]) -> (Vec<Document>, String) {
    let text = write(format, documents).unwrap().text;
    let reading = read(&Source::new("<stdin>", text.clone()), Some(format));
    let shown = format!("{:?}\n{text}", reading.problems);
    let found = reading.documents.into_iter().map(|it| it.document);
    (found.collect(), shown)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_written_is_read_again(documents in prop::collection::vec(definition(), 1..4)) {
        for format in [Format::Yaml, Format::Json, Format::Jsonl, Format::Profile, Format::Mcp] {
            let (found, text) = through(format, &documents);
            prop_assert_eq!(&found, &documents, "{}", text);
            let again = write(format, &found).unwrap().text;
            prop_assert_eq!(&again, &write(format, &documents).unwrap().text);
        }
    }

    #[test]
    fn formats_are_found_by_themselves(documents in prop::collection::vec(definition(), 1..3)) {
        for (format, name) in [
            (Format::Yaml, "a.yaml"), (Format::Json, "a.json"), (Format::Jsonl, "a.jsonl"),
            (Format::Profile, "a.yaml"), (Format::Mcp, "a.json"), (Format::Json, "<stdin>"),
        ] {
            let text = write(format, &documents).unwrap().text;
            let reading = read(&Source::new(name, text), None);
            let found: Vec<Document> = reading.documents.into_iter().map(|it| it.document).collect();
            prop_assert_eq!(&found, &documents, "{:?} {}", reading.problems, format);
        }
    }

    #[test]
    fn function_tools_keep_name_description_and_schema(documents in prop::collection::vec(definition(), 1..3)) {
        for format in [Format::Openai, Format::Anthropic] {
            let (found, text) = through(format, &documents);
            let again = write(format, &found).unwrap().text;
            let once = write(format, &documents).unwrap().text;
            prop_assert_eq!(again, once, "{}", text);
        }
    }

    #[test]
    fn no_text_is_too_much(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,60}",
        yamlish in "[-a:\\[\\]{}&*!|>'\"#%@`,? \n\t<~.0-9]{0,80}")
    {
        for bytes in [bytes, text.into_bytes(), yamlish.into_bytes()] {
            for name in ["a.yaml", "a.json", "a.jsonl", "<stdin>"] {
                check_sources(vec![Source::new(name, bytes.clone())], &Options::default());
            }
        }
    }

    #[test]
    fn no_damage_is_too_much(at in 0..SAMPLE.len(), cut in 0..40usize, with in "[-a:\\[\\]{}&*!|>'\"#%, \n\t<~.0-9é]{0,6}") {
        let start = (0..=at).rev().find(|&it| SAMPLE.is_char_boundary(it)).unwrap_or(0);
        let end = (start + cut..=SAMPLE.len()).find(|&it| SAMPLE.is_char_boundary(it)).unwrap_or(SAMPLE.len());
        let text = format!("{}{with}{}", &SAMPLE[..start], &SAMPLE[end..]);
        let report = check_sources(vec![Source::new("a.yaml", text)], &Options::default());
        for found in &report.diagnostics {
            prop_assert!(found.line >= 1 && found.column >= 1);
            prop_assert!((found.end_line, found.end_column) >= (found.line, found.column), "{found:?}");
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_damage_to_foreign_texts_is_too_much(
        sample in prop::sample::select(&FOREIGN), at in 0..1_000usize, cut in 0..40usize,
        with in "[-a:\\[\\]{}&*!|>'\"#%, \n\t$0-9é]{0,6}",
        part in prop::sample::select(vec!["null", "[]", "{}", "7", "\"x\"", "1e999", "{\"$ref\": \"#\"}", "\"\\u0000\""]),
        whole in any::<bool>(),
    ) {
        let (name, sample) = sample;
        let boundary = |mut at: usize| {
            at = at.min(sample.len());
            while !sample.is_char_boundary(at) { at -= 1; }
            at
        };
        let start = boundary(at % sample.len());
        // Either some characters go, or the value of a key does.
        let (start, end, with) = match sample[start..].find(": ").filter(|_| whole) {
            Some(colon) => {
                let from = start + colon + 2;
                let to = sample[from..].find([',', '}', '\n']).map_or(sample.len(), |it| from + it);
                (from, to, part)
            }
            None => (start, boundary(start + cut), with.as_str()),
        };
        let text = format!("{}{with}{}", &sample[..start], &sample[end..]);
        let mut options = Options::default();
        options.complete = true;
        options.lenient = true;
        let report = check_sources(vec![Source::new(name, text)], &options);
        for found in &report.diagnostics {
            prop_assert!((found.end_line, found.end_column) >= (found.line, found.column), "{found:?}");
        }
        let incomplete = report.diagnostics.iter().any(|it| it.rule == "format/incomplete");
        let testing = report.documents.iter().all(|it| it.document.fields().get("status") == Some(&json!("testing")));
        prop_assert!(!incomplete || testing || report.documents.len() > 1);
        let documents: Vec<Document> = report.documents.into_iter().map(|it| it.document).collect();
        for format in [Format::Mcp, Format::Openai, Format::Anthropic] {
            let text = write(format, &documents).unwrap().text;
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
        }
    }
}

/// Texts of other catalogs, in every layout that is read.
const FOREIGN: [(&str, &str); 6] = [
    (
        "a.yaml",
        "openapi: 3.0.3\ninfo: {title: é, version: '1'}\npaths:\n  /a/{id}:\n    parameters: [{$ref: '#/p'}]\n    \
        post:\n      requestBody: {required: true, content: {application/json: {schema: {allOf: [{$ref: '#/s'}, {oneOf: [{$ref: '#/s'}]}]}}}}\n      \
        responses: {'200': {description: d}}\n    get: {$ref: '#/o'}\np: {name: id, in: path, required: true, schema: {type: integer}}\n\
        o: {summary: s, responses: {'200': {description: d}}}\ns: {type: object, required: [a], properties: {a: {readOnly: true}, b: {$ref: '#/s'}}}\n",
    ),
    (
        "a.yaml",
        "swagger: '2.0'\ninfo: {title: t, version: '1'}\nhost: h\npaths:\n  /a:\n    post:\n      \
        parameters: [{in: body, name: b, schema: {$ref: '#/definitions/D'}}, {in: formData, name: f, type: file}]\n      \
        responses: {}\ndefinitions: {D: {properties: {x: {type: string}}}}\n",
    ),
    (
        "a.json",
        "{\"jsonrpc\": \"2.0\", \"result\": {\"nextCursor\": null, \"tools\": [{\"name\": \"é\", \"inputSchema\": {\"anyOf\": \
        [{\"properties\": {\"a\": {\"maximum\": 1e999}}}, {\"$ref\": \"#\"}]}}]}}\n{\"tools\": []}\n",
    ),
    (
        "a.sse",
        "event: message\ndata: {\"jsonrpc\": \"2.0\", \"result\": {\"tools\": [\ndata: {\"name\": \"a\", \"inputSchema\": {}}]}}\n\n",
    ),
    (
        "a.json",
        "{\"functions\": [{\"name\": \"a\", \"parameters\": {\"type\": \"object\", \"properties\": {\"b\": {\"enum\": [1, 99999999999999999999]}}}}]}",
    ),
    (
        "a.yaml",
        "tool:\n  name: a\n  version: 1.0\n  description: d\n  platform: linux\n  category: c\n  tags: [x]\n\
        capability: {name: c, description: d}\npattern: {name: p}\ninputs: [{name: i, required: true}]\n\
        policy: {approval_required: 'yes', timeout_seconds: '30'}\n",
    ),
];

const SAMPLE: &str = "\
tool_name: dé
version: '1.0'
description: |
  Shows free
  space
platform: linux
category: filesystem
defaults: &d {policy: {max_cost: 5}, preference_match: {speed: 0.5}}
capabilities:
  disk_usage:
    description: \"Tells \\u00e9 how full disks are\"
    patterns:
      all:
        <<: *d
        description: All file systems
        typical_use_cases: [is the disk full, \"how much is left\"]
        time_estimate_ms: 20 + 0.5 * N
        cost_estimate: 1
        complexity_score: 0.1
        scope: batch
        completeness: complete
        required_inputs:
        - name: path
          type: string
---
tool: {name: x, capabilities: [{name: c, time_estimate_ms: '1'}]}
";
