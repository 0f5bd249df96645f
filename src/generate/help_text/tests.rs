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

/// H1: kubectl's options, in both of its layouts.
#[test]
fn h1_options_with_their_defaults_are_read() {
    let beside = "Show the boats.\n\nUsage:\n  fleet list [flags] [options]\n\nOptions:\n  \
        -A, --all-harbours=false: If present, list the boats of every harbour.\n      \
        --page-size=500: Return the list in pages.\n  -o, --output='': Output format. One of: json|yaml.\n      \
        --selector=[]: Labels: a, b.\n";
    let below = "Show the boats.\n\nOptions:\n    -A, --all-harbours=false:\n        \
        If present, list the boats of every harbour.\n\n    --page-size=500:\n        Return the list in pages.\n\n    \
        -o, --output='':\n        Output format. One of: (json, yaml).\n\n    --selector=[]:\n        Labels.\n\n\
        Usage:\n  fleet list [flags] [options]\n";
    for text in [beside, below] {
        let fleet = read("fleet list", text);
        assert_eq!(fleet.description, "Show the boats");
        let all = input(&fleet, "all-harbours");
        assert_eq!(
            (all.kind, all.flag.as_str()),
            ("boolean", "-A, --all-harbours")
        );
        assert_eq!(all.default, Some(json!(false)));
        assert_eq!(
            all.description,
            "If present, list the boats of every harbour"
        );
        let size = input(&fleet, "page-size");
        assert_eq!((size.kind, &size.default), ("integer", &Some(json!(500))));
        let output = input(&fleet, "output");
        assert_eq!((output.kind, &output.default), ("string", &None));
        assert_eq!(output.description, "Output format");
        assert_eq!(input(&fleet, "selector").kind, "string");
        assert_eq!(fleet.inputs.len(), 4, "{:#?}", fleet.inputs);
    }
}

/// H2 and the like: git's options, which can be said both ways.
#[test]
fn h2_negated_options_are_read() {
    let text = "usage: git keep [-a | --interactive] [(-c | -C) <commit>] [(--trailer <token>[=<value>])...] [--] [<pathspec>...]\n   or: git keep --list\n\n    \
        -q, --[no-]quiet      say less\n    -m, --[no-]message <message>\n                          keep with this message\n    \
        --[no-]jobs <n>       work side by side\n    -S, --[no-]sign[=<key-id>]\n                          sign it\n";
    let keep = read("git keep", text);
    assert_eq!(input(&keep, "quiet").kind, "boolean");
    assert_eq!(input(&keep, "message").kind, "string");
    assert_eq!(
        input(&keep, "message").description,
        "keep with this message"
    );
    assert_eq!(input(&keep, "jobs").kind, "integer");
    assert_eq!(input(&keep, "sign").kind, "string");
    assert!(!input(&keep, "pathspec").required);
    assert_eq!(keep.command_line(), "git keep");
    assert_eq!(keep.inputs.len(), 5, "{:#?}", keep.inputs);
    let all = "usage: git [-v] <command> [<args>]\n\nThese are common commands used in various situations:\n\n\
        start a working area (see also: git help tutorial)\n   clone     Copy it\n";
    assert_eq!(read("git", all).description, "");
}

/// H3: clap's switches that can be repeated.
#[test]
fn h3_repeated_switches_have_their_long_name() {
    let text = "Keeps parcels\n\nUsage: parcel [OPTIONS] <FILE>\n\nOptions:\n  \
        -v, --verbose...       Say more\n  -e, --exclude <GLOB>...  Leave these out\n";
    let parcel = read("parcel", text);
    assert_eq!(input(&parcel, "verbose").flag, "-v, --verbose");
    assert_eq!(input(&parcel, "verbose").kind, "boolean");
    assert_eq!(input(&parcel, "exclude").kind, "string");
}

/// H4: argparse says in the usage what may be left out.
#[test]
fn h4_an_argument_in_brackets_is_optional() {
    let text = "usage: serve [-h] [--bind ADDRESS] folder [port] [files ...]\n\nServe a folder.\n\n\
        positional arguments:\n  {start,stop}\n  folder      the folder to serve\n  port        listen here\n  files       more\n\n\
        options:\n  -h, --help     show this\n  --bind ADDRESS  bind to this address\n";
    let serve = read("serve", text);
    assert!(input(&serve, "folder").required);
    assert!(!input(&serve, "port").required && !input(&serve, "files").required);
    assert_eq!(serve.answers()["example"], "serve FOLDER");
}

/// H5 and the like: systemd's help has no word for its usage, and no comma between spellings.
#[test]
fn h5_a_usage_without_its_word_is_read() {
    let text = "unitctl [OPTIONS...] COMMAND ...\n\nQuery or change the units of the system.\n\nUnit Commands:\n  \
        list-units [PATTERN...]  List units in memory\n  start UNIT...            Start units,\n                           \
        one or more\n\nOptions:\n  -h --help              Show this help\n  -H --host=[USER@]HOST  Operate on another host\n     \
        --recursive-errors=MODE Control which units are verified\n  -a --all               Show all\n";
    let unit = read("unitctl", text);
    assert_eq!(unit.description, "Query or change the units of the system");
    assert_eq!(input(&unit, "host").kind, "string");
    assert_eq!(
        input(&unit, "recursive-errors").description,
        "Control which units are verified"
    );
    assert_eq!(input(&unit, "all").kind, "boolean");
    assert_eq!(unit.inputs.len(), 3, "{:#?}", unit.inputs);
    assert_eq!(
        unit.subcommands,
        [
            ("list-units".to_owned(), "List units in memory".to_owned()),
            ("start".to_owned(), "Start units, one or more".to_owned()),
        ]
    );
}

/// H6: several forms under one usage, as pip has them.
#[test]
fn h6_what_one_form_needs_is_not_required() {
    let text = "\nUsage:\n  fetchpack install [options] <requirement specifier> ...\n  \
        fetchpack install [options] -r <requirements file> ...\n  fetchpack install [options] <archive url/path> ...\n\n\
        Description:\n  Install packages from an index.\n\nInstall Options:\n  \
        -r, --requirement <file>    Install from the file.\n  --no-deps                   Leave out what they need.\n";
    let pack = read("fetchpack install", text);
    assert_eq!(pack.description, "Install packages from an index");
    assert!(
        pack.inputs.iter().all(|it| !it.required),
        "{:#?}",
        pack.inputs
    );
    assert_eq!(input(&pack, "requirement").flag, "-r, --requirement <file>");
    assert_eq!(
        pack.command_line(),
        "fetchpack install REQUIREMENT_SPECIFIER"
    );
    let copy = read(
        "copy",
        "Usage: copy [OPTION]... SOURCE DEST\n  or:  copy [OPTION]... SOURCE... DIRECTORY\nCopy.\n",
    );
    assert!(input(&copy, "source").required && !input(&copy, "dest").required);
}

/// H7: versions, authors and licences are no description.
#[test]
fn h7_the_description_is_what_it_does() {
    for (start, name) in [
        ("quickfind 13.0.0\nAda Example <ada@example.org>\n\n", "qf"),
        ("quick 2.6.1 (amd64)\n", "qf-get"),
        (
            "qf (GnuQF) 2.2.40\nlibqf 1.10.1\nCopyright (C) 2022 q10 Code GmbH\nLicense GPL-3.0-or-later\n\
          This is free software: you are free to change it.\nThere is NO WARRANTY, to the extent permitted by law.\n\n",
            "qf",
        ),
        (
            "qf  version 3.2.7  protocol version 31\nWeb site: https://example.org/\n\n",
            "qf",
        ),
        (
            "qf 3.1 (libq 1.2)\nqf comes with ABSOLUTELY NO WARRANTY. This is free software, and you\n\
          are welcome to redistribute it.  See the GNU\nGeneral Public Licence for details.\n\n\
          Home: /home/me/.qf\nCapabilities:\n    64-bit files, 64-bit times, links, threads,\n    ACLs, no pipes\n\n",
            "qf",
        ),
        ("QuickBox v1.36.1 (2022) multi-call binary.\n\n", "qf"),
    ] {
        let text =
            format!("{start}quickfind (qf) looks through folders.\n\nUSAGE:\n    {name} PATTERN\n");
        assert_eq!(
            read(name, &text).description,
            "quickfind (qf) looks through folders",
            "{start}"
        );
    }
}

/// H8 and the like: an error is neither a description nor a help text.
#[test]
fn h8_an_error_is_no_description() {
    for error in [
        "qf: unrecognized option '--help'",
        "Error: unknown flag: --help",
        "qf: invalid option -- 'h'",
        "error: Found argument '--help' which wasn't expected\nFor more information try --help",
        "fatal: not a git repository",
        "sh: 1: qf: not found",
        "Try 'qf --usage' for more help.",
        "qf: 'frob' is not a qf command. See 'qf --help'.",
    ] {
        assert!(only_errors("qf", error).is_some(), "{error}");
        let text = format!("{error}\nUsage: qf [-a] FILE\n\nFind lines.\n");
        assert_eq!(only_errors("qf", &text), None, "{error}");
        assert_eq!(read("qf", &text).description, "Find lines", "{error}");
    }
    assert_eq!(only_errors("qf", "Finds errors in files.\n"), None);
}

/// H9: a word that a page divided at the end of a line is one word.
#[test]
fn h9_divided_words_are_joined() {
    let text = "OPTIONS\n  -i, --info\n         control over  the   infor\u{2010}\n         mational   output\n";
    assert_eq!(
        input(&read("mend", text), "info").description,
        "control over the informational output"
    );
}

#[test]
fn prose_without_end_is_no_description() {
    let text = format!(
        "Usage: big\n\n{}",
        "does one thing and another\n".repeat(10_000)
    );
    assert!(read("big", &text).description.len() < 3_000);
}
