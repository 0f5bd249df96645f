//! Near the limit: 20,000 tools in one file, imported, listed and exported, beside what the server alone takes.

use crate::Bench;
use crate::catalog;
use crate::measure::{Cost, once, paired};

const FEWER: usize = 5_000;
const ALL: usize = 20_000;
const TABLES: [&str; 3] = ["tools", "tool_capabilities", "tool_patterns"];

/// The rows of the table.
pub fn rows(bench: &Bench) {
    let fewer = imported(bench, "fewer_tools", FEWER);
    let all = imported(bench, "all_tools", ALL);
    let copied = copied(bench);
    let ratio = all.seconds / copied.seconds;
    bench.row("import of 20,000", &all, "\\copy of its rows", ratio, 3.5);
    let growth = (all.seconds / fewer.seconds).ln() / (ALL as f64 / FEWER as f64).ln();
    bench.row("- its exponent", &all, "5,000", growth, 1.05);
    let memory = all.peak_bytes as f64 / fewer.peak_bytes as f64;
    bench.row("- its memory", &all, "that of 5,000", memory, 1.1);
    let memory = all.peak_bytes as f64 / 130e6;
    bench.row("- its memory", &all, "130 MB", memory, 1.0);
    let entries = figure(bench, "SELECT count(*) FROM all_tools.tool_audit_log");
    bench.row(
        "- entries of the log",
        &all,
        "one for each tool",
        entries / ALL as f64,
        2.0,
    );
    let index = figure(
        bench,
        "SELECT pg_total_relation_size('all_tools.selection_index') \
              + pg_total_relation_size('all_tools.search_terms')",
    );
    bench.row("- index of selection", &all, "30 MB", index / 30e6, 1.0);
    list(bench);
    export(bench);
}

/// The import of that many tools into a catalog of their own.
fn imported(bench: &Bench, catalog: &str, count: usize) -> Cost {
    catalog::write_file(&bench.folder.join(format!("{catalog}.yaml")), count);
    bench.run(&["--catalog", catalog, "migrate", "up"]);
    let file = bench.path(&format!("{catalog}.yaml"));
    bench.run(&["--catalog", catalog, "import", &file])
}

/// `\copy` of the same rows into the same tables, with their indexes and keys and without triggers.
fn copied(bench: &Bench) -> Cost {
    bench.run(&["--catalog", "copied_tools", "migrate", "up"]);
    let mut all = Cost {
        seconds: 0.0,
        peak_bytes: 0,
    };
    for table in TABLES {
        let file = bench.path(&format!("{table}.txt"));
        once(&mut bench.psql(&format!(
            "\\copy (SELECT * FROM all_tools.{table} ORDER BY id) TO '{file}'"
        )));
        once(&mut bench.psql(&format!(
            "ALTER TABLE copied_tools.{table} DISABLE TRIGGER USER"
        )));
        let cost = once(&mut bench.psql(&format!("\\copy copied_tools.{table} FROM '{file}'")));
        all.seconds += cost.seconds;
        all.peak_bytes = all.peak_bytes.max(cost.peak_bytes);
    }
    all
}

fn figure(bench: &Bench, statement: &str) -> f64 {
    let output = bench.psql(statement).output().expect("psql runs");
    let text = String::from_utf8(output.stdout).expect("a number");
    text.trim().parse().expect("a number")
}

fn list(bench: &Bench) {
    once(&mut bench.psql("VACUUM ANALYZE"));
    let columns = "SELECT t.tool_name, t.version, t.platform, t.category, t.status, t.enabled, t.is_latest, t.owner, \
                          ARRAY(SELECT capability_name FROM all_tools.tool_capabilities k WHERE k.tool_id = t.id ORDER BY id), \
                          t.description, t.updated_at \
                   FROM all_tools.tools t WHERE t.is_latest \
                   ORDER BY t.platform COLLATE \"C\", t.tool_name COLLATE \"C\", t.id";
    let args = ["--catalog", "all_tools", "list", "--format", "json"];
    let (cost, ratio) = paired(9, || bench.command(&args), || bench.psql(columns));
    bench.row(
        "list --format json of 20,000",
        &cost,
        "psql, the same columns",
        ratio,
        1.5,
    );
}

fn export(bench: &Bench) {
    let export = |catalog| bench.command(&["--catalog", catalog, "export"]);
    let fewer = once(&mut export("fewer_tools"));
    let all = once(&mut export("all_tools"));
    let memory = all.peak_bytes as f64 / fewer.peak_bytes as f64;
    bench.row(
        "export of 20,000, its memory",
        &all,
        "that of 5,000",
        memory,
        1.1,
    );
}
