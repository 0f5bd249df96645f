use super::*;

fn input<'a>(described: &'a Described, name: &str) -> &'a Input {
    described
        .inputs
        .iter()
        .find(|it| it.name == name)
        .unwrap_or_else(|| panic!("no {name} in {:#?}", described.inputs))
}

#[test]
fn gnu_help_is_read() {
    let text = "Usage: df [OPTION]... [FILE]...
Show information about the file system on which each FILE resides,
or all file systems by default.

Mandatory arguments to long options are mandatory for short options too.
  -a, --all             include pseudo, duplicate, inaccessible file systems
  -B, --block-size=SIZE  scale sizes by SIZE before printing them; e.g.,
                           '-BM' prints sizes in units of 1,048,576 bytes;
  -k                    like --block-size=1K
      --output[=FIELD_LIST]  use the output format defined by FIELD_LIST,
                               or print all fields if FIELD_LIST is omitted.
      --help        display this help and exit
";
    let df = read("df", text);
    assert_eq!(
        df.description,
        "Show information about the file system on which each FILE resides, or all file systems by default"
    );
    assert!(!input(&df, "file").required);
    assert_eq!(input(&df, "all").kind, "boolean");
    assert_eq!(input(&df, "all").flag, "-a, --all");
    assert_eq!(input(&df, "block-size").kind, "string");
    assert_eq!(
        input(&df, "output").description,
        "use the output format defined by FIELD_LIST, or print all fields if FIELD_LIST is omitted"
    );
    assert!(df.inputs.iter().all(|it| it.name != "help"));
    let cases = df.use_cases();
    assert!(
        cases.contains(&"include pseudo, duplicate, inaccessible file systems".to_owned()),
        "{cases:?}"
    );
}

#[test]
fn clap_help_is_read() {
    let text = "Search for lines

Usage: finder [OPTIONS] <PATTERN> [PATH]...

Arguments:
  <PATTERN>  What to look for
  [PATH]...  Where to look

Options:
  -j, --threads <N>
          How many threads to use.

          More is not always faster.
  -i, --ignore-case  Ignore case
  -V, --version      Print version

Examples:
  $ finder TODO src
";
    let finder = read("finder", text);
    assert_eq!(finder.description, "Search for lines");
    assert!(input(&finder, "pattern").required);
    assert_eq!(input(&finder, "pattern").description, "What to look for");
    assert!(!input(&finder, "path").required);
    assert_eq!(input(&finder, "threads").kind, "integer");
    assert_eq!(
        input(&finder, "threads").description,
        "How many threads to use"
    );
    assert_eq!(input(&finder, "ignore-case").kind, "boolean");
    assert_eq!(finder.examples, ["finder TODO src"]);
}

#[test]
fn argparse_help_is_read() {
    let text = "usage: fetch [-h] [--retries N] [--out FILE] url

Download a page. It follows redirects.

positional arguments:
  url            address of the page

options:
  -h, --help     show this help message and exit
  --retries N    how often to try again
  --out FILE     file to write
";
    let fetch = read("fetch", text);
    assert_eq!(fetch.description, "Download a page");
    assert!(input(&fetch, "url").required);
    assert_eq!(input(&fetch, "url").description, "address of the page");
    assert_eq!(input(&fetch, "retries").kind, "integer");
    assert_eq!(input(&fetch, "out").kind, "string");
    assert_eq!(fetch.inputs.len(), 3, "{:#?}", fetch.inputs);
}

#[test]
fn subcommands_become_use_cases() {
    let text = "Manage packages

Usage:
  pack <command> [flags]

Available Commands:
  install     Install packages
  remove      Remove packages

Flags:
      --root string   use another root
";
    let pack = read("pack", text);
    assert_eq!(
        pack.use_cases(),
        [
            "manage packages",
            "install packages",
            "remove packages",
            "use another root"
        ]
    );
    assert_eq!(input(&pack, "root").kind, "string");
}

#[test]
fn any_text_gives_a_draft() {
    for text in [
        "",
        "\u{0}\u{1}",
        "-",
        "Usage:",
        "usage: [",
        "  --\n  -x",
        "日本語  説明\n  --名前=値  説明",
    ] {
        let answers = read("x", text).answers();
        assert_eq!(answers["tool_name"], "x");
        assert!(!answers["description"].is_empty());
        assert!(!answers["use_cases"].is_empty());
    }
}
