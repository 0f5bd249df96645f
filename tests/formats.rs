//! Files of other catalogs and other programs, as people have them: what is read, what is kept, and
//! what is said where something is left out. The ids are those of the reports.

use serde_json::{Value, json};

use toolcat::definition::Document;
use toolcat::format::{Format, Reading, Source, read, write};
use toolcat::validate::{Options, Severity, check_sources};

use crate::common::{World, definition, psql};

fn reading(name: &str, text: &str) -> Reading {
    read(&Source::new(name, text), None)
}

/// The definitions of a text that is valid, and the messages of what is left out.
fn valid(name: &str, text: &str) -> (Vec<Document>, Vec<String>) {
    let report = check_sources(vec![Source::new(name, text)], &Options::default());
    assert_eq!(
        report.count(Severity::Error),
        0,
        "{:#?}",
        report.diagnostics
    );
    let left_out = report.diagnostics.iter();
    let left_out = left_out.filter(|it| it.rule == "format/left-out");
    let messages = left_out.map(|it| it.message.clone()).collect();
    let documents = report.documents.into_iter().map(|it| it.document);
    (documents.collect(), messages)
}

fn written(format: Format, documents: &[Document]) -> Value {
    let text = write(format, documents).unwrap().text;
    serde_json::from_str(&text).expect(&text)
}

fn mcp(schema: &str) -> String {
    format!(
        "{{\"tools\": [{{\"name\": \"find\", \"description\": \"Finds\", \"inputSchema\": {schema}}}]}}"
    )
}

#[test]
fn o1_a_large_number_in_a_foreign_schema_is_kept() {
    let large = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let schema = format!(
        "{{\"type\": \"object\", \"properties\": {{\"amount\": {{\"type\": \"integer\", \"maximum\": {large}, \
         \"minimum\": -9223372036854776000, \"default\": 0.1234567890123456789}}}}}}"
    );
    let (found, left_out) = valid("tools.json", &mcp(&schema));
    assert_eq!(left_out, [""; 0]);
    for (format, key) in [
        (Format::Mcp, "inputSchema"),
        (Format::Openai, "parameters"),
        (Format::Anthropic, "input_schema"),
    ] {
        let text = write(format, &found).unwrap().text;
        assert!(text.contains(&format!("\"maximum\": {large}")), "{text}");
        assert!(
            text.contains("\"default\": 0.1234567890123456789"),
            "{text}"
        );
        assert!(text.contains(key));
    }
    let text = write(Format::Mcp, &found).unwrap().text;
    assert_eq!(valid("tools.json", &text).0, found);
    let api = "openapi: 3.1.0\ninfo: {title: Dice, version: '1'}\npaths:\n  /roll:\n    post:\n      requestBody:\n        \
               content:\n          application/json:\n            schema: {type: object, properties: {seed: {type: integer, \
               minimum: -9223372036854776000, maximum: 1e999}}}\n      responses: {'200': {description: r}}\n";
    let (found, _) = valid("api.yaml", api);
    let pattern = &found[0].fields()["capabilities"]["operations"]["patterns"]["POST /roll"];
    assert_eq!(pattern["optional_inputs"][0]["name"], "seed");
    // A number of one's own is another matter.
    let own = definition("linux", "df", "1", "c")
        .replace("complexity_score: 0.3", "x: 123456789012345678901234567890");
    assert_eq!(reading("df.yaml", &own).problems[0].rule, "yaml/number");
}

#[test]
fn o2_an_operation_that_is_a_reference_is_followed_or_left_out() {
    let api = "openapi: 3.0.0\ninfo: {title: Split, version: '1'}\npaths:\n  /boxes:\n    get: {$ref: 'parts/list.yml'}\n    \
        post: {}\n    put: null\n  /lids:\n    get: {$ref: '#/x-operations/lids'}\n    parameters:\n    - {$ref: '#/nowhere'}\n  \
        /far: {$ref: 'https://example.org/far.yaml'}\nx-operations:\n  lids:\n    operationId: list_lids\n    tags: [lids]\n    \
        parameters: [{name: size, in: query, required: true, schema: {type: integer}}]\n    responses: {'200': {$ref: '#/lost'}}\n";
    let (found, left_out) = valid("api.yaml", api);
    let capabilities = found[0].fields()["capabilities"].as_object().unwrap();
    assert_eq!(capabilities.keys().collect::<Vec<_>>(), ["lids"]);
    let patterns = capabilities["lids"]["patterns"].as_object().unwrap();
    assert_eq!(patterns.keys().collect::<Vec<_>>(), ["list_lids"]);
    assert_eq!(
        patterns["list_lids"]["required_inputs"],
        json!([{"name": "size", "type": "integer", "in": "query"}])
    );
    assert_eq!(left_out.len(), 6, "{left_out:#?}");
    assert!(
        left_out.iter().any(|it| it.contains("parts/list.yml")),
        "{left_out:#?}"
    );
    let hollow =
        "openapi: 3.0.0\ninfo: {title: A, version: '1'}\npaths: {/a: {get: {$ref: 'b.yml'}}}\n";
    let report = check_sources(vec![Source::new("a.yaml", hollow)], &Options::default());
    assert_eq!(
        (report.count(Severity::Error), report.documents.len()),
        (1, 0)
    );
}

#[test]
fn o2_operations_in_files_beside_are_read_and_none_outside() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    };
    write("secret.yml", "summary: secret\nresponses: {}\n");
    write(
        "api/main.yaml",
        "openapi: 3.0.0\ninfo: {title: Split, version: '1'}\npaths:\n  /boxes:\n    \
        get: {$ref: 'parts/list.yml'}\n    put: {$ref: '../secret.yml'}\n    post: {$ref: 'parts/gone.yml'}\n  /lids: {$ref: 'parts/lids.json'}\n\
        components: {schemas: {Box: {properties: {lid: {$ref: 'parts/more/lid.yml#/Lid'}}}}}\n",
    );
    write(
        "api/parts/list.yml",
        "operationId: list_boxes\nsummary: List the boxes\nparameters: [{$ref: '#/own'}]\n\
        own: {name: page, in: query, required: true, schema: {$ref: 'more/lid.yml#/Size'}}\n\
        requestBody: {content: {application/json: {schema: {$ref: '../main.yaml#/components/schemas/Box'}}}}\nresponses: {}\n",
    );
    write(
        "api/parts/more/lid.yml",
        "Lid: {type: string}\nSize: {type: integer}\n",
    );
    write(
        "api/parts/lids.json",
        "{\"get\": {\"operationId\": \"lids\", \"responses\": {}}}",
    );
    let path = folder.path().join("api/main.yaml");
    let source = Source::load(&toolcat::format::Input::File(path)).unwrap();
    let reading = read(&source, None);
    assert_eq!(reading.problems, []);
    let patterns =
        &reading.documents[0].document.fields()["capabilities"]["operations"]["patterns"];
    assert_eq!(
        patterns.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["list_boxes", "lids"]
    );
    assert_eq!(
        (
            &patterns["list_boxes"]["required_inputs"],
            &patterns["list_boxes"]["optional_inputs"]
        ),
        (
            &json!([{"name": "page", "type": "integer", "in": "query"}]),
            &json!([{"name": "lid", "type": "string", "in": "body"}])
        )
    );
    let left_out = reading.documents[0]
        .notes
        .iter()
        .filter(|it| it.rule == "format/left-out");
    assert_eq!(left_out.count(), 2);
}

const GARAGE: &str = "openapi: 3.0.3\ninfo: {title: Garage, version: '1'}\npaths:\n  /cars:\n    post:\n      operationId: add_car\n      \
    requestBody:\n        required: true\n        content:\n          application/json:\n            schema:\n              allOf:\n              \
    - $ref: '#/components/schemas/Vehicle'\n              - {required: [doors], properties: {doors: {type: integer}}}\n      \
    responses: {'201': {description: Added}}\n    get:\n      operationId: find_cars\n      parameters:\n      - {name: filter, in: query, \
    content: {application/json: {schema: {type: object, description: What to find}}}}\n      responses: {'200': {description: Found}}\n  \
    /bikes:\n    post:\n      operationId: add_bike\n      requestBody:\n        required: true\n        content: {application/json: \
    {schema: {$ref: '#/components/schemas/Vehicle'}}}\n      responses: {'201': {description: Added}}\n    put:\n      operationId: set_bike\n      \
    requestBody: {content: {application/json: {schema: {oneOf: [{$ref: '#/components/schemas/Vehicle'}, {type: string}]}}}}\n      \
    responses: {'200': {description: Set}}\ncomponents:\n  schemas:\n    Vehicle:\n      type: object\n      required: [id, plate]\n      \
    properties:\n        id: {type: integer, readOnly: true}\n        plate: {type: string}\n        next: {$ref: '#/components/schemas/Vehicle'}\n";

#[test]
fn o3_o4_o5_bodies_and_parameters_are_read_through_their_parts() {
    let (found, left_out) = valid("api.yaml", GARAGE);
    let patterns = &found[0].fields()["capabilities"]["operations"]["patterns"];
    let names = |pattern: &str, list: &str| -> Vec<String> {
        let list = patterns[pattern][list].as_array().unwrap();
        list.iter()
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("add_car", "required_inputs"), ["plate", "doors"]);
    assert_eq!(names("add_bike", "required_inputs"), ["plate"]);
    assert_eq!(names("add_bike", "optional_inputs"), ["next"]);
    assert_eq!(
        patterns["find_cars"]["optional_inputs"],
        json!([{"name": "filter", "type": "object", "description": "What to find", "in": "query"}])
    );
    // A vehicle refers to itself: its schema cannot be put in place.
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    let flat = GARAGE.replace("        next: {$ref: '#/components/schemas/Vehicle'}\n", "");
    let (found, left_out) = valid("api.yaml", &flat);
    assert_eq!(left_out, [""; 0]);
    let set = &found[0].fields()["capabilities"]["operations"]["patterns"]["set_bike"];
    assert_eq!(
        set["interface"]["input_schema"]["oneOf"][0]["properties"]["plate"]["type"],
        "string"
    );
}

#[test]
fn swagger_2_is_read_by_rule() {
    let api = "swagger: '2.0'\ninfo: {title: Old pets, version: 1.0.0}\nhost: pets.example.org\nbasePath: /v2\nschemes: [https, http]\n\
        securityDefinitions: {key: {type: apiKey}}\npaths:\n  /pets/{id}:\n    parameters: [{$ref: '#/parameters/Id'}]\n    post:\n      \
        operationId: setPet\n      tags: [pets]\n      parameters:\n      - {in: body, name: pet, required: true, schema: {$ref: '#/definitions/Pet'}}\n      \
        responses: {'200': {description: The pet}}\n    put:\n      operationId: upload\n      tags: [pets]\n      parameters:\n      \
        - {in: formData, name: file, type: file, required: true}\n      - {in: query, name: sizes, type: array, items: {type: integer}}\n      \
        responses: {}\nparameters: {Id: {in: path, name: id, required: true, type: string}}\n\
        definitions: {Pet: {type: object, required: [name], properties: {name: {type: string}, tag: {type: string}}}}\n";
    let (found, left_out) = valid("api.yaml", api);
    let fields = found[0].fields();
    assert_eq!(
        fields["interface"]["servers"][0]["url"],
        "https://pets.example.org/v2"
    );
    let patterns = &fields["capabilities"]["pets"]["patterns"];
    assert_eq!(
        patterns["setPet"]["required_inputs"],
        json!([{"name": "id", "type": "string", "in": "path"}, {"name": "name", "type": "string", "in": "body"}])
    );
    assert_eq!(
        patterns["upload"]["required_inputs"][1],
        json!({"name": "file", "type": "file", "in": "formData"})
    );
    assert_eq!(patterns["upload"]["optional_inputs"][0]["type"], "array");
    assert_eq!(left_out, ["left out: the security definitions of the API"]);
    let reading = reading("api.yaml", &api.replace("'2.0'", "'1.2'"));
    assert_eq!(reading.problems[0].rule, "format/unknown-shape");
}

#[test]
fn m1_a_schema_of_alternatives_is_written_as_it_was() {
    let schema = r##"{"anyOf": [{"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
        {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}]}"##;
    let (found, _) = valid("tools.json", &mcp(schema));
    let pattern = &found[0].fields()["capabilities"]["find"]["patterns"]["call"];
    assert_eq!(
        pattern["optional_inputs"],
        json!([{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}])
    );
    let mut expected: Value = serde_json::from_str(schema).unwrap();
    expected["type"] = json!("object");
    assert_eq!(
        written(Format::Mcp, &found)["tools"][0]["inputSchema"],
        expected
    );
    assert_eq!(written(Format::Openai, &found)[0]["parameters"], expected);
    let reference = r##"{"$ref": "#/$defs/In", "$defs": {"In": {"type": "object", "properties": {"id": {}}, "required": ["id"]}}}"##;
    let (found, _) = valid("tools.json", &mcp(reference));
    let pattern = &found[0].fields()["capabilities"]["find"]["patterns"]["call"];
    assert_eq!(pattern["required_inputs"], json!([{"name": "id"}]));
    assert_eq!(
        written(Format::Mcp, &found)["tools"][0]["inputSchema"]["$ref"],
        "#/$defs/In"
    );
    for (odd, said) in [
        ("{\"type\": \"dict\"}", true),
        ("false", true),
        ("null", false),
        ("{}", false),
    ] {
        let (found, _) = valid("tools.json", &mcp(odd));
        let text = write(Format::Mcp, &found).unwrap();
        let schema = &written(Format::Mcp, &found)["tools"][0]["inputSchema"];
        assert_eq!(schema["type"], "object", "{odd}");
        assert_eq!(!text.notes.is_empty(), said, "{odd}: {:?}", text.notes);
    }
}

#[test]
fn m2_the_properties_of_a_schema_keep_their_order() {
    let world = World::new();
    let schema = r#"{"type": "object", "properties": {"reasoning": {"type": "string"}, "conclusion": {"type": "string"}, "sure": {"type": "boolean"}}}"#;
    world.write("tools.json", mcp(schema));
    world.ok(&["import", "tools.json"]);
    for format in ["mcp", "openai", "anthropic", "yaml"] {
        let text = world.ok(&["export", "find", "--to-format", format]);
        let at = |word: &str| {
            text.find(&format!("{word}\""))
                .or_else(|| text.find(&format!("{word}:")))
                .expect(word)
        };
        assert!(
            at("reasoning") < at("conclusion") && at("conclusion") < at("sure"),
            "{text}"
        );
    }
    world.ok(&["import", "tools.json"]);
    assert_eq!(world.sql("SELECT count(*) FROM tools").trim(), "1");
}

#[test]
fn m3_a_nul_character_does_not_keep_a_tool_out() {
    let world = World::new();
    let tools = r#"{"tools": [{"name": "safe", "description": "fine", "inputSchema": {"type": "object"}},
        {"name": "line", "description": "a\u0000b", "inputSchema": {"type": "object", "properties": {
            "text": {"type": "string", "pattern": "^[^\u0000-\u001f]+$"}}}}]}"#;
    let (_, left_out) = valid("tools.json", tools);
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    world.write("tools.json", tools);
    world.ok(&["import", "tools.json"]);
    let exported: Value =
        serde_json::from_str(&world.ok(&["export", "line", "--to-format", "mcp"])).unwrap();
    let text = &exported["tools"][0]["inputSchema"]["properties"]["text"];
    assert_eq!(text["pattern"], "^[^\\u0000-\u{1f}]+$");
    let own = json!({"tool_name": "a\u{0}"}).to_string();
    assert_eq!(reading("a.json", &own).problems[0].rule, "input/nul");
}

#[test]
fn m9_cursors_pages_and_messages_of_real_servers_are_read() {
    let tool = |name: &str| {
        format!(
            "{{\"name\": \"{name}\", \"description\": \"d\", \"inputSchema\": {{\"type\": \"object\"}}, \"title\": null, \"annotations\": null}}"
        )
    };
    let page = |name: &str, cursor: &str| {
        format!(
            "{{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {{{cursor}\"tools\": [{}]}}}}",
            tool(name)
        )
    };
    let hello =
        "{\"jsonrpc\": \"2.0\", \"id\": 0, \"result\": {\"protocolVersion\": \"2025-06-18\"}}";
    let news = "{\"jsonrpc\": \"2.0\", \"method\": \"notifications/initialized\"}";
    let (a, b) = (
        page("a", "\"nextCursor\": \"p2\", "),
        page("b", "\"nextCursor\": null, "),
    );
    for (name, text, count, left_out) in [
        ("a.json", page("a", "\"nextCursor\": null, "), 1, 0),
        ("a.json", page("a", "\"nextCursor\": \"\", "), 1, 0),
        ("a.json", a.clone(), 1, 1),
        ("a.jsonl", format!("{a}\n{b}\n"), 2, 0),
        ("a.json", format!("{hello}\n{news}\n{a}\n{b}\n"), 2, 0),
        ("a.json", format!("[{a}, {b}]"), 2, 0),
        ("<stdin>", format!("{a}{b}"), 2, 0),
        (
            "a.txt",
            format!("event: message\nid: 7\ndata: {a}\n\n: ping\n\ndata: {b}\n\n"),
            2,
            0,
        ),
        (
            "a.json",
            format!("event: message\r\ndata: {b}\r\n\r\n"),
            1,
            0,
        ),
        (
            "a.sse",
            format!("data: {}", b.replace("\"result\"", "\ndata: \"result\"")),
            1,
            0,
        ),
    ] {
        let (found, said) = valid(name, &text);
        assert_eq!(
            (found.len(), said.len()),
            (count, left_out),
            "{text}\n{said:?}"
        );
        assert!(
            found[0]
                .fields()
                .get("interface")
                .is_some_and(|it| it.get("title").is_none())
        );
    }
    let failed =
        "{\"jsonrpc\": \"2.0\", \"id\": 1, \"error\": {\"code\": -1, \"message\": \"not now\"}}";
    let reading = reading("a.json", failed);
    assert!(
        reading.problems[0].message.contains("not now"),
        "{:?}",
        reading.problems
    );
    let world = World::new();
    world.write("pages.json", a);
    let run = world.run(&["generate", "--no-input", "--from-mcp", "pages.json"]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert!(run.stderr.contains("nextCursor"), "{}", run.stderr);
}

#[test]
fn a_file_of_lines_is_read_whatever_it_is_called() {
    let line = |name: &str| {
        let reading = reading("a.yaml", &definition("linux", name, "1", "c"));
        format!("{}\n", reading.documents[0].document.to_value())
    };
    let (a, b) = (line("a"), line("b"));
    for name in ["a.json", "a.jsonl", "a.txt"] {
        assert_eq!(valid(name, &format!("{a}{b}")).0.len(), 2, "{name}");
    }
    let pretty = |text: &str| format!("{:#}\n", serde_json::from_str::<Value>(text).unwrap());
    for name in ["a.json", "a.jsonl"] {
        assert_eq!(
            valid(name, &format!("{}{}", pretty(&a), pretty(&b)))
                .0
                .len(),
            2,
            "{name}"
        );
    }
    let broken = reading("a.json", &format!("{a}{{\"tool_name\": \n{b}"));
    assert_eq!(
        (broken.documents.len(), broken.problems[0].span.start.line),
        (2, 2)
    );
}

#[test]
fn other_encodings_are_read_or_named() {
    let text = definition("linux", "dé", "1", "c");
    let (little, big): (Vec<u8>, Vec<u8>) = (
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    );
    let marked = |mark: [u8; 2], bytes: &[u8]| [&mark, bytes].concat();
    for bytes in [
        marked([0xff, 0xfe], &little),
        marked([0xfe, 0xff], &big),
        little,
        big,
        text.clone().into_bytes(),
    ] {
        let report = check_sources(vec![Source::new("a.yaml", bytes)], &Options::default());
        assert_eq!(report.diagnostics, []);
        assert_eq!(report.documents[0].document.fields()["tool_name"], "dé");
    }
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let report = check_sources(vec![Source::new("a.yaml", latin)], &Options::default());
    let found = &report.diagnostics[0];
    assert_eq!(
        (found.rule, found.line, found.column),
        ("input/encoding", 1, 13)
    );
    assert!(
        found
            .help
            .as_ref()
            .is_some_and(|it| it.contains("ISO-8859-1")),
        "{found:?}"
    );
}

#[test]
fn e1_a_catalog_in_a_database_of_another_encoding_is_searched() {
    let world = World::new();
    let name = format!("latin_{}", std::process::id());
    psql(
        world.url(),
        &format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"),
    );
    let mut url = world.url().to_owned();
    let own = psql(world.url(), "SELECT current_database()");
    url = url.replace(own.trim(), &name);
    world.write("df.yaml", definition("linux", "df", "1", "disk_usage"));
    let run = |args: &[&str]| {
        let output = world
            .command(args)
            .env("TOOLCAT_DATABASE_URL", &url)
            .output();
        crate::common::Run::of(output.expect("toolcat runs"))
    };
    run(&["migrate", "up"]);
    let imported = run(&["import", "df.yaml"]);
    let selected = run(&["select", "fulll disks caf\u{ff}"]);
    psql(world.url(), &format!("DROP DATABASE {name} WITH (FORCE)"));
    assert_eq!(imported.code, 0, "{}", imported.shown(""));
    assert!(selected.code <= 1, "{}", selected.shown(""));
}

/// What PyYAML reads of a text, if there is a Python with it.
fn read_by_pyyaml(text: &str) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, text).unwrap();
    let script = "import json, sys\ntry:\n import yaml\nexcept ImportError:\n sys.exit(9)\n\
                  print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1], encoding='utf-8', newline=''))), default=str))";
    let output = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&file)
        .output()
        .ok()?;
    match output.status.code() {
        Some(9) | None => None,
        _ => Some(
            serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr))),
        ),
    }
}

/// Y1: texts and numbers come to a reader of YAML 1.1 as they are.
#[test]
fn y1_pyyaml_reads_the_same() {
    let mut texts: Vec<String> = [
        "=",
        "<<",
        "~",
        "",
        "y",
        "n",
        "yes",
        "NO",
        "on",
        "Off",
        "null",
        "true",
        "-12:30:45",
        "+12:30",
        "190:20:30.15",
        "1:30",
        "0b1_0",
        "0b11",
        "0x_1F",
        "0o7",
        "012",
        "08",
        "-1_000",
        "1_000",
        "1,000",
        "685.230_15e+03",
        "1e3",
        "1.5e3",
        ".5",
        "-.5",
        "+.5",
        "5.",
        "._",
        "._1",
        ".inf",
        "-.INF",
        ".nan",
        "2024-01-01",
        "2024-1-1",
        "2024-01-01T10:00:00Z",
        "2024-01-01 10:00:00.5 +1",
        "2024-01-01t1:2:3",
        "-",
        "--",
        "---",
        "...",
        "!x",
        "&x",
        "*x",
        "%x",
        "@x",
        "`x",
        "?",
        "? a",
        "a: b",
        "a #b",
        "#",
        "|",
        ">",
        "'",
        "\"",
        " a",
        "a ",
        "a\nb",
        "\n",
        "\t",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "é",
        "日本",
        "😀",
        "\u{7f}",
        "\u{1b}",
        "{",
        "[",
        "]",
        ",",
        "0",
        "-0",
        "1__0",
        "0_",
        "0x",
        "1e",
        "e1",
        "1.2.3",
        "1.2e+3",
        "1e+3",
        "60:00",
        "0:0",
    ]
    .map(str::to_owned)
    .into();
    // Everything of up to three characters that numbers, dates and marks are made of.
    let alphabet: Vec<char> = "01_.:-+eEx~=yn".chars().collect();
    for a in &alphabet {
        for b in &alphabet {
            texts.push(format!("{a}{b}"));
            texts.extend(alphabet.iter().map(|c| format!("{a}{b}{c}")));
            texts.extend(alphabet.iter().map(|c| format!("1{a}{b}{c}0")));
        }
    }
    let mut values: Vec<Value> = texts.iter().map(|it| json!([it, {it: it}])).collect();
    values.push(json!([1e300, -2.5e-9, 1000.0, 0.1, 12, -7, 1e16]));
    let stream: String = values
        .iter()
        .map(|it| format!("---\n{}", toolcat::format::yaml::write_value(it)))
        .collect();
    let mut problems = Vec::new();
    let own = toolcat::format::yaml::read(&stream, &mut problems);
    assert_eq!(problems, []);
    assert!(
        own.iter()
            .map(|it| it.to_value())
            .eq(values.iter().cloned())
    );
    let Some(Value::Array(found)) = read_by_pyyaml(&stream) else {
        return;
    };
    for (found, value) in found.iter().zip(&values) {
        assert_eq!(found, value);
    }
    assert_eq!(found.len(), values.len());
}

#[test]
fn g1_the_name_that_is_given_is_taken() {
    let world = World::new();
    world.write("api.yaml", GARAGE);
    let made = world.ok(&[
        "generate",
        "garage-v2",
        "--no-input",
        "--from-openapi",
        "api.yaml",
    ]);
    assert_eq!(made.lines().next(), Some("tool_name: garage-v2"));
    world.write(
        "tools.json",
        r#"[{"name": "a", "inputSchema": {}}, {"name": "b", "inputSchema": {}}]"#,
    );
    let run = world.run(&["generate", "c", "--no-input", "--from-mcp", "tools.json"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("holds 2 tools"), "{}", run.stderr);
}

/// Issue 24, point 7: what does not say how it is used is in the catalog, and is not selected.
#[test]
fn incomplete_tools_are_imported_as_testing_and_never_selected() {
    let world = World::new();
    world.write("gauge.yaml", "name: gauge\nversion: 1.0\ndescription: Reads gauges\nplatform: linux\ncategory: monitoring\ntags: [gauge]\n");
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    assert_eq!(world.run(&["validate", "gauge.yaml"]).code, 1);
    let run = world.run(&[
        "import",
        "--keep-going",
        "--report",
        "report.json",
        "gauge.yaml",
        "df.yaml",
    ]);
    assert_eq!(run.code, 0, "{}", run.shown(""));
    assert!(
        run.stdout.contains("2 created") && run.stdout.contains("0 refused"),
        "{}",
        run.stdout
    );
    let report: Value = serde_json::from_str(&world.read("report.json")).unwrap();
    assert_eq!(
        (&report[0]["file"], &report[0]["kind"]),
        (&json!("gauge.yaml"), &json!("incomplete"))
    );
    assert_eq!(
        world
            .sql("SELECT status FROM tools WHERE tool_name = 'gauge'")
            .trim(),
        "testing"
    );
    let selected = world.run(&["select", "-c", "monitoring"]);
    assert_eq!(selected.code, 1, "{}", selected.shown(""));
    assert!(
        !world
            .run(&["select", "read gauges"])
            .stdout
            .contains("gauge@")
    );
    for activation in [
        &["activate", "gauge"][..],
        &["update", "gauge", "--set", "status=active", "--yes"],
    ] {
        let run = world.run(activation);
        assert_eq!(run.code, 2, "{}", run.shown(""));
        assert!(
            run.stderr.contains("linux/gauge@1.0 is not complete"),
            "{}",
            run.stderr
        );
    }
    world.ok(&["import", "gauge.yaml"]);
    assert_eq!(
        world.run(&["diff", "gauge.yaml", "catalog"]).code,
        world.run(&["diff", "df.yaml", "catalog"]).code
    );
    let estimate = "capabilities.monitoring.patterns.default.time_estimate_ms=20 + N";
    let patterns = world.run(&["export", "gauge"]).stdout;
    assert!(patterns.contains("      default:"), "{patterns}");
    world.ok(&["update", "gauge", "--set", estimate, "--yes"]);
    world.ok(&["activate", "gauge"]);
}

/// One tool per pattern: for the formats of APIs alone, each with its own name and inputs.
#[test]
fn a_tool_is_written_for_each_pattern() {
    let world = World::new();
    world.ok(&[
        "import",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/examples/catalog/linux/df.yaml"
        ),
    ]);
    for (format, schema) in [
        ("openai", "parameters"),
        ("anthropic", "input_schema"),
        ("mcp", "inputSchema"),
    ] {
        let text = world.ok(&[
            "export",
            "df",
            "--to-format",
            format,
            "--one-per",
            "pattern",
        ]);
        let value: Value = serde_json::from_str(&text).unwrap();
        let tools = value
            .as_array()
            .or_else(|| value["tools"].as_array())
            .unwrap();
        let names: Vec<&str> = tools.iter().filter_map(|it| it["name"].as_str()).collect();
        assert_eq!(names, ["df_mount_summary", "df_inode_summary"]);
        assert!(tools[0][schema]["properties"]["type"].is_object(), "{text}");
        assert!(
            tools[1][schema]["properties"].get("type").is_none(),
            "{text}"
        );
    }
    let refused = world.run(&["export", "df", "--one-per", "pattern"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("mcp, openai or anthropic"),
        "{}",
        refused.stderr
    );
}
