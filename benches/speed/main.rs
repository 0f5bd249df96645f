//! Measures what the design promises, each row beside its yardstick in the same run, and prints
//! ratios: `scripts/bench [ROW...]`. It ends with 1 where a bar is missed.
//!
//! Pairs run in turn (A B A B ...), and the median of the ratios is quoted, so that a machine that
//! is busy with something else slows both. Memory is the peak resident size of the process.

mod catalog;
mod measure;
mod scale;
mod telemetry;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use toolcat::cluster::Cluster;

use measure::{Cost, paired};

/// The program under test: the optimised build.
const PROGRAM: &str = env!("CARGO_BIN_EXE_toolcat");

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| !it.starts_with('-'))
        .collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    let bench = Bench {
        cluster: Cluster::at(&home).expect("a place for the server"),
        folder: folder.path().to_owned(),
        home,
        missed: Cell::new(false),
    };
    bench
        .cluster
        .ensure_running(&mut |_| {})
        .expect("a running server");
    for (name, count) in [("small", 200), ("large", 10_000)] {
        catalog::write(&bench.folder.join(name), count);
        bench.run(&["--catalog", name, "migrate", "up"]);
    }
    println!("| what | median | yardstick | ratio | bar | peak memory |");
    println!("| --- | --- | --- | --- | --- | --- |");
    type Row = fn(&Bench);
    let rows: [(&str, Row); 9] = [
        ("import", Bench::import),
        ("reimport", Bench::reimport),
        ("audit", Bench::audit),
        ("update", Bench::update),
        ("select", Bench::select),
        ("words", Bench::words),
        ("validate", Bench::validate),
        ("telemetry", telemetry::rows),
        ("scale", scale::rows),
    ];
    for (name, row) in rows {
        // The others need what an import leaves behind.
        if name == "import" || wanted.is_empty() || wanted.iter().any(|it| it == name) {
            row(&bench);
        }
    }
    bench
        .cluster
        .destroy(&mut |_| {})
        .expect("a stopped server");
    ExitCode::from(u8::from(bench.missed.get()))
}

struct Bench {
    cluster: Cluster,
    folder: PathBuf,
    home: PathBuf,
    /// Whether a bar was missed so far.
    missed: Cell<bool>,
}

impl Bench {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TOOLCAT_HOME", &self.home);
        command
    }

    /// Prints a row of the table.
    fn row(&self, what: &str, cost: &Cost, yardstick: &str, ratio: f64, bar: f64) {
        let met = if ratio <= bar { "" } else { " (missed)" };
        self.missed.set(self.missed.get() || ratio > bar);
        println!(
            "| {what} | {:.1} ms | {yardstick} | {ratio:.2} | {bar}{met} | {:.1} MB |",
            cost.seconds * 1000.0,
            cost.peak_bytes as f64 / 1e6
        );
    }

    fn run(&self, args: &[&str]) -> Cost {
        measure::once(&mut self.command(args))
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// `psql` with a statement, on the same socket.
    fn psql(&self, statement: &str) -> Command {
        let mut command = Command::new(self.cluster.psql_program().expect("psql"));
        command
            .args(["-XAtqc", statement, "-d", &self.cluster.url()])
            .env_clear();
        command
    }

    /// A connection and the smallest statement.
    fn select_one(&self) -> Command {
        self.psql("select 1")
    }

    fn import(&self) {
        let small = self.run(&["--catalog", "small", "import", &self.path("small")]);
        let large = self.run(&["--catalog", "large", "import", &self.path("large")]);
        self.row("import of 200", &small, "0.5 s", small.seconds / 0.5, 1.0);
        let per_tool = (large.seconds / 10_000.0) / (small.seconds / 200.0);
        self.row(
            "import of 10,000, per tool",
            &large,
            "import of 200",
            per_tool,
            1.2,
        );
        let memory = large.peak_bytes as f64 / 130e6;
        self.row("- its memory", &large, "130 MB", memory, 1.0);
        for name in ["small", "large"] {
            let sql = format!(
                "VACUUM ANALYZE {name}.tools, {name}.tool_capabilities, {name}.tool_patterns, \
                 {name}.selection_index, {name}.search_terms"
            );
            self.sql(&sql);
        }
    }

    fn reimport(&self) {
        self.run(&["--catalog", "fresh", "migrate", "up"]);
        let first = self.run(&["--catalog", "fresh", "import", &self.path("large")]);
        let again = self.run(&["--catalog", "fresh", "import", &self.path("large")]);
        let ratio = again.seconds / first.seconds;
        self.row(
            "import of 10,000, nothing changed",
            &again,
            "the first import",
            ratio,
            0.25,
        );
    }

    /// The same import with the audit triggers and without them. The index of selection is made in
    /// both: where nothing is logged, a catalog says so by a number that is none.
    fn audit(&self) {
        for name in ["audited", "unaudited"] {
            self.run(&["--catalog", name, "migrate", "up"]);
        }
        let triggers = ["tools", "tool_capabilities", "tool_patterns"]
            .map(|table| format!("ALTER TABLE unaudited.{table} DISABLE TRIGGER audit_insert;"));
        self.sql(&format!(
            "{} UPDATE unaudited.catalog_state SET index_format = 0",
            triggers.concat()
        ));
        let with = self.run(&["--catalog", "audited", "import", &self.path("large")]);
        let without = self.run(&["--catalog", "unaudited", "import", &self.path("large")]);
        self.row(
            "import of 10,000 with its audit",
            &with,
            "without the triggers",
            with.seconds / without.seconds,
            1.4,
        );
    }

    fn update(&self) {
        let cost = self.run(&[
            "--catalog",
            "large",
            "update",
            "--set",
            "policy.requires_approval=true",
            "--yes",
        ]);
        self.row(
            "update --set of 10,000",
            &cost,
            "3 s",
            cost.seconds / 3.0,
            1.0,
        );
        self.sql("VACUUM ANALYZE");
    }

    fn sql(&self, sql: &str) {
        measure::once(&mut self.psql(sql));
    }

    fn select(&self) {
        for (name, label, bar) in [
            ("small", "select by capability, 200 tools", 1.0),
            ("large", "select by capability, 10,000 tools", 1.1),
        ] {
            let args = [
                "--catalog",
                name,
                "select",
                "-c",
                catalog::CAPABILITY,
                "--format",
                "name",
            ];
            let (cost, ratio) = paired(40, || self.command(&args), || self.select_one());
            self.row(label, &cost, "psql select 1", ratio, bar);
            self.parts(&args, cost.seconds);
        }
    }

    /// Where the time of a selection goes: what it tells of itself, and the start as the rest.
    fn parts(&self, args: &[&str], total: f64) {
        const RUNS: usize = 15;
        let mut told: Vec<(String, Vec<f64>)> = Vec::new();
        for _ in 0..RUNS {
            let output = self
                .command(&[args, &["--timing"]].concat())
                .output()
                .expect("toolcat runs");
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            // Warnings come first.
            let Some(times) = text.trim().lines().last() else {
                continue;
            };
            for part in times.split(", ") {
                let mut words = part.split_whitespace();
                let (Some(name), Some(Ok(time))) = (words.next(), words.next().map(str::parse))
                else {
                    continue;
                };
                match told.iter_mut().find(|(it, _)| it == name) {
                    Some((_, times)) => times.push(time),
                    None => told.push((name.to_owned(), vec![time])),
                }
            }
        }
        let mut rest = total * 1000.0;
        for (name, times) in &mut told {
            times.sort_by(f64::total_cmp);
            let median = times[times.len() / 2];
            rest -= median;
            println!("| - {name} | {median:.2} ms | | | | |");
        }
        println!("| - start and end | {rest:.2} ms | | | | |");
    }

    fn words(&self) {
        let args = [
            "--catalog",
            "large",
            "select",
            "find large log files quickly",
            "--format",
            "name",
        ];
        let (cost, ratio) = paired(40, || self.command(&args), || self.select_one());
        self.row(
            "select by words, 10,000 tools",
            &cost,
            "psql select 1",
            ratio,
            1.5,
        );
        self.parts(&args, cost.seconds);
    }

    fn validate(&self) {
        let large = self.run(&["validate", &self.path("large")]);
        self.row(
            "validate 10,000 files",
            &large,
            "3 s",
            large.seconds / 3.0,
            1.0,
        );
        let Some(program) = check_jsonschema() else {
            println!("| validate 2,000 files | | check-jsonschema (not installed) | | 0.05 | |");
            return;
        };
        let files = self.folder.join("two-thousand");
        catalog::write(&files, 2000);
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/tool.schema.json");
        let mut peer = Command::new(program);
        peer.arg("--schemafile").arg(schema);
        peer.args(catalog::files(&files));
        let ours = self.run(&["validate", &files.display().to_string()]);
        let theirs = measure::once(&mut peer);
        self.row(
            "validate 2,000 files",
            &ours,
            "check-jsonschema",
            ours.seconds / theirs.seconds,
            0.05,
        );
    }
}

fn check_jsonschema() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("check-jsonschema"))
        .find(|path| path.is_file())
}
