//! A million executions: recorded against `\copy` of the same rows, analysed against the plain SQL.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use crate::Bench;
use crate::catalog::Numbers;
use crate::measure::{in_turn, once, paired};

const ROWS: usize = 1_000_000;
const FEWER_ROWS: usize = 100_000;
const DAYS: usize = 100;
const TOOLS: usize = 20;
const PATTERNS: [&str; 4] = ["summary", "details", "recursive", "watched"];
/// Catalogs with the same tools: one is recorded into, the other copied into.
const CATALOGS: [&str; 2] = ["recorded", "copied"];

/// Every column but the row number, which both sides leave to the table.
const COLUMNS: &str = "tool_id, capability_id, pattern_id, execution_id, user_id, environment, actual_time_ms, \
     actual_cost, estimated_time_ms, estimated_cost, success, error_message, context_variables, executed_at, rating";

/// The rows of the table.
pub fn rows(bench: &Bench) {
    let tools = bench.folder.join("telemetry-tools");
    write_tools(&tools);
    for catalog in CATALOGS {
        bench.run(&["--catalog", catalog, "migrate", "up"]);
        bench.run(&[
            "--catalog",
            catalog,
            "import",
            &bench.path("telemetry-tools"),
        ]);
    }
    write_executions(&bench.folder.join("fewer.jsonl"), FEWER_ROWS);
    write_executions(&bench.folder.join("all.jsonl"), ROWS);
    record(bench);
    analyze(bench);
    bare(bench);
}

fn record(bench: &Bench) {
    let batch = |file: &str| {
        empty(bench, "recorded");
        bench.command(&[
            "--catalog",
            "recorded",
            "telemetry",
            "record",
            "--batch",
            &bench.path(file),
        ])
    };
    // The rows as they are stored, for the other side.
    once(&mut batch("all.jsonl"));
    let copied = bench.path("rows.txt");
    once(&mut bench.psql(&format!(
        "\\copy (SELECT {COLUMNS} FROM recorded.tool_telemetry ORDER BY id) TO '{copied}'"
    )));
    let copy = || -> Command {
        empty(bench, "copied");
        bench.psql(&format!(
            "\\copy copied.tool_telemetry ({COLUMNS}) FROM '{copied}'"
        ))
    };
    let fewer = once(&mut batch("fewer.jsonl"));
    let (cost, ratio) = in_turn(3, || batch("all.jsonl"), copy);
    bench.row(
        "telemetry record of 1,000,000",
        &cost,
        "psql \\copy",
        ratio,
        1.43,
    );
    let memory = cost.peak_bytes as f64 / fewer.peak_bytes as f64;
    bench.row("- its memory", &cost, "that of 100,000", memory, 1.1);
}

/// The rows of a part of the file, against a table without indexes and keys.
fn bare(bench: &Bench) {
    const PART: usize = 200_000;
    write_executions(&bench.folder.join("part.jsonl"), PART);
    let part = bench.path("part.txt");
    once(&mut bench.psql(&format!(
        "\\copy (SELECT {COLUMNS} FROM recorded.tool_telemetry ORDER BY id LIMIT {PART}) TO '{part}'"
    )));
    once(&mut bench.psql(
        "CREATE TABLE copied.bare (LIKE copied.tool_telemetry INCLUDING DEFAULTS INCLUDING IDENTITY)",
    ));
    let file = bench.path("part.jsonl");
    let record = || {
        empty(bench, "recorded");
        let args = [
            "--catalog",
            "recorded",
            "telemetry",
            "record",
            "--batch",
            &file,
        ];
        bench.command(&args)
    };
    let copy = || {
        once(&mut bench.psql("TRUNCATE copied.bare"));
        bench.psql(&format!("\\copy copied.bare ({COLUMNS}) FROM '{part}'"))
    };
    let (cost, ratio) = in_turn(3, record, copy);
    bench.row(
        "telemetry record of 200,000",
        &cost,
        "\\copy without indexes",
        ratio,
        6.0,
    );
}

/// Both sides start from an empty table, with nothing left to be written back.
fn empty(bench: &Bench, catalog: &str) {
    once(&mut bench.psql(&format!("TRUNCATE {catalog}.tool_telemetry")));
    once(&mut bench.psql("CHECKPOINT"));
}

fn analyze(bench: &Bench) {
    once(&mut bench.psql("VACUUM ANALYZE recorded.tool_telemetry"));
    let plain = "SELECT pattern_id, count(*), avg(success::int), \
                        percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY actual_time_ms) \
                 FROM recorded.tool_telemetry GROUP BY pattern_id";
    let args = ["--catalog", "recorded", "telemetry", "analyze"];
    let (cost, ratio) = paired(5, || bench.command(&args), || bench.psql(plain));
    bench.row(
        "telemetry analyze of 1,000,000",
        &cost,
        "plain SQL",
        ratio,
        2.0,
    );
    let day = ["--since", "2026-02-10", "--until", "2026-02-11"];
    let args = [&args[..], &day].concat();
    let (cost, _) = paired(15, || bench.command(&args), || bench.select_one());
    bench.row("- one day of it", &cost, "0.3 s", cost.seconds / 0.3, 1.0);
}

fn write_tools(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for tool in 0..TOOLS {
        let mut text = format!(
            "tool_name: tool-{tool}\nversion: '1.0'\ndescription: Disk space\nplatform: linux\n\
             category: filesystem\ncapabilities:\n  disk_usage:\n    description: How full disks are\n    patterns:\n"
        );
        for (at, pattern) in PATTERNS.iter().enumerate() {
            let _ = write!(
                text,
                "      {pattern}:
        description: {pattern} of all disks
        typical_use_cases: [check disks]
        time_estimate_ms: {} + {} * N
        cost_estimate: 0.01 + pages / 1000
        complexity_score: 0.1
        scope: batch
        completeness: complete
        policy: {{max_cost: 10, requires_approval: false, production_safe: true}}
        preference_match: {{speed: 0.8, accuracy: 0.7, cost: 0.6, complexity: 0.5, completeness: 0.4}}
        required_inputs: []
        expected_outputs: []
",
                40 + 10 * at,
                1 + at,
            );
        }
        std::fs::write(folder.join(format!("tool-{tool}.yaml")), text).expect("a file");
    }
}

/// Executions in the order of their time, evenly over the days; one in twenty fails, one in twenty is rated.
fn write_executions(file: &Path, count: usize) {
    let mut out = BufWriter::new(File::create(file).expect("a file"));
    let mut numbers = Numbers(1);
    for index in 0..count {
        let (tool, at) = (numbers.below(TOOLS), numbers.below(PATTERNS.len()));
        let n = 10 + numbers.below(990);
        let pages = numbers.below(50);
        let spread = 0.7 + 0.3 * (numbers.share() + numbers.share());
        let time = (40 + 10 * at + (1 + at) * n) as f64 * spread;
        let outcome = match numbers.below(20) {
            0 => format!(
                "false,\"error\":\"timeout after {} ms on host-{}\"",
                numbers.below(9000),
                numbers.below(5)
            ),
            _ => "true".to_owned(),
        };
        let rating = match numbers.below(20) {
            0 => format!(",\"rating\":{}", 1 + numbers.below(5)),
            _ => String::new(),
        };
        let environment = numbers.of(&["production", "production", "production", "staging"]);
        let user = numbers.below(50);
        writeln!(
            out,
            "{{\"tool\":\"tool-{tool}\",\"capability\":\"disk_usage\",\"pattern\":\"{}\",\"time_ms\":{time:.1},\
             \"cost\":{:.4},\"success\":{outcome},\"context\":{{\"N\":{n},\"pages\":{pages}}},\"user\":\"user-{user}\",\
             \"environment\":\"{environment}\",\"execution_id\":\"run-{index}\",\"at\":\"{}\"{rating}}}",
            PATTERNS[at],
            0.01 + pages as f64 / 1000.0 * spread,
            time_of(index, count),
        )
        .expect("a line");
    }
}

/// The time of an execution as text, from 2026-01-01 on.
fn time_of(index: usize, count: usize) -> String {
    let start = chrono::DateTime::from_timestamp_millis(1_767_225_600_000).expect("a time");
    let span = DAYS * 86_400_000 / count;
    let offset = i64::try_from(index * span).expect("a small number");
    let at = start + chrono::TimeDelta::milliseconds(offset);
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
