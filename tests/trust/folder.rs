//! F1, F7, F8: a working folder, which may be a cloned repository, does not choose where to connect,
//! what to run or whose password goes where, until its file is trusted.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::Thief;
use crate::common::{Run, World, definition};

/// A world whose own database is named by the user's file, so that a project's could replace it.
fn world() -> World {
    let world = World::new();
    world.write("a.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.ok(&["import", "--quiet", "a.yaml"]);
    let url = format!("database_url = '{}'\n", world.url());
    world.write("../home/.config/toolcat/config.toml", url);
    world
}

/// Runs with nothing in the environment that names a database or an actor, and with a password that
/// a server may want.
fn run(world: &World, args: &[&str]) -> Run {
    let mut command = world.command(args);
    command
        .env_remove("TOOLCAT_DATABASE_URL")
        .env_remove("TOOLCAT_ACTOR")
        .env("PGPASSWORD", "hunter2");
    Run::of(command.output().expect("toolcat runs"))
}

/// What the first key that asks for names does.
fn press_tab(world: &World) -> Run {
    let mut command = world.command(&["--", "toolcat", "show", ""]);
    command
        .env_remove("TOOLCAT_DATABASE_URL")
        .env("PGPASSWORD", "hunter2")
        .env("TOOLCAT_COMPLETE", "bash")
        .env("TOOLCAT_COMPLETE_WAIT_MS", "60000")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "true");
    Run::of(command.output().expect("toolcat runs"))
}

#[test]
fn f8_a_folder_does_not_choose_the_database_until_it_is_trusted() {
    let world = world();
    let thief = Thief::new();
    let project = format!(
        "database_url = '{}'\nactor = 'someone'\ncatalog = 'tool_catalog'\n",
        thief.url()
    );
    world.write("toolcat.toml", &project);
    let listed = run(&world, &["list", "--format", "name"]);
    assert_eq!(
        (listed.code, listed.stdout.trim()),
        (0, "linux/df@1.0"),
        "{listed:?}"
    );
    let told = world.masked(&listed.stderr);
    assert_eq!(
        told,
        "warning: [FOLDER]/project/toolcat.toml is not trusted, so this was left out: database_url, actor\n\
         hint: read it, and run `toolcat config trust` if it is as you want it\n"
    );
    let tab = press_tab(&world);
    assert_eq!(
        (tab.stdout.lines().next(), tab.stderr.as_str()),
        (Some("df"), "")
    );
    assert_eq!(thief.taken(), [""; 0]);

    // Trusted, it is followed, and said so; a key that is pressed still does not.
    assert_eq!(run(&world, &["config", "trust"]).code, 0);
    let listed = run(&world, &["list"]);
    assert_eq!(listed.code, 3, "{listed:?}");
    assert!(
        listed
            .stderr
            .contains("toolcat.toml leads to the database at user=me dbname=x host=127.0.0.1"),
        "{listed:?}"
    );
    let tab = press_tab(&world);
    assert_eq!(tab.stderr, "");
    assert!(!tab.stdout.lines().any(|it| it == "df"), "{tab:?}");
    assert_eq!(thief.taken(), ["hunter2\0"]);

    // A file that changed is a stranger again, and so is one that is trusted no longer.
    world.write("toolcat.toml", format!("{project}# more\n"));
    assert_eq!(run(&world, &["list"]).code, 0);
    world.write("toolcat.toml", &project);
    assert_eq!(run(&world, &["list"]).code, 3);
    assert_eq!(run(&world, &["config", "untrust"]).code, 0);
    assert_eq!(run(&world, &["config", "untrust"]).code, 4);
    assert_eq!(run(&world, &["list"]).code, 0);
    assert_eq!(thief.taken(), ["hunter2\0"]);
}

#[test]
fn f8_tab_never_shows_a_password_to_a_server() {
    let world = World::bare();
    let thief = Thief::new();
    let url = format!("database_url = '{}'\n", thief.url());
    world.write("../home/.config/toolcat/config.toml", url);
    let tab = press_tab(&world);
    assert_eq!(tab.stderr, "");
    assert_eq!(thief.taken(), [""]);
    // The user's own choice of a server is the user's for a command.
    assert_eq!(run(&world, &["list"]).code, 3);
    assert_eq!(thief.taken(), ["hunter2\0"]);
}

#[test]
fn f8_what_others_own_or_may_write_is_not_used_even_where_it_is_trusted() {
    let world = world();
    let project = world.write("toolcat.toml", "catalog = 'theirs'\nactor = 'they'\n");
    assert_eq!(run(&world, &["config", "trust"]).code, 0);
    let folder = world.path();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let refused = |why: &str| {
        let shown = run(&world, &["list", "--format", "name"]);
        assert_eq!(
            (shown.code, shown.stdout.trim()),
            (0, "linux/df@1.0"),
            "{shown:?}"
        );
        assert!(
            shown.stderr.contains(&format!("is not used: {why}")),
            "{shown:?}"
        );
        assert_eq!(run(&world, &["config", "trust"]).code, 5);
        assert_eq!(run(&world, &["doctor"]).code, 1);
        assert_eq!(press_tab(&world).stderr, "");
    };
    mode(&project, 0o666);
    refused("other users may write it");
    mode(&project, 0o644);
    mode(&folder, 0o1777);
    refused("other users may write its folder");
    mode(&folder, 0o755);
    if rustix::process::geteuid().is_root() {
        let owner = |path: &std::path::Path, uid| {
            std::os::unix::fs::chown(path, Some(uid), None).expect("an owner");
        };
        owner(&project, 12345);
        refused("it belongs to another user (uid 12345)");
        owner(&project, 0);
        owner(&folder, 12345);
        refused("its folder belongs to another user (uid 12345)");
        owner(&folder, 0);
    }
    let shown = run(&world, &["config", "show", "--format", "csv"]);
    assert!(
        shown.stdout.contains("catalog,theirs,project file"),
        "{shown:?}"
    );
}

#[test]
fn f7_a_project_hides_nothing_by_an_alias() {
    let world = world();
    let config = world.read("../home/.config/toolcat/config.toml");
    let mine = format!("{config}[alias]\nls = 'list --format name'\n");
    world.write("../home/.config/toolcat/config.toml", mine);
    world.write(
        "toolcat.toml",
        "[alias]\nls = 'watch --count 1 --exec id>ran'\nlist = 'watch --exec id>ran'\n\
         foo = 'watch --exec id>ran'\nown = 'list --format json'\n",
    );
    let program = world.write("bin/toolcat-foo", "#!/bin/sh\necho the program\n");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!(
        "{}:{}",
        world.path().join("bin").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let run = |args: &[&str]| {
        let mut command = world.command(args);
        command
            .env_remove("TOOLCAT_DATABASE_URL")
            .env("PATH", &path);
        Run::of(command.output().expect("toolcat runs"))
    };
    for trusted in [false, true] {
        if trusted {
            assert_eq!(run(&["config", "trust"]).code, 0);
        }
        assert_eq!(run(&["ls"]).stdout, "linux/df@1.0\n");
        assert_eq!(run(&["list", "--format", "name"]).stdout, "linux/df@1.0\n");
        assert_eq!(run(&["foo"]).stdout, "the program\n");
        assert!(!world.path().join("ran").exists());
        let own = run(&["own"]);
        match trusted {
            true => assert!(own.stdout.starts_with('['), "{own:?}"),
            false => {
                assert_eq!(own.code, 2, "{own:?}");
                assert!(own.stderr.contains("config trust"), "{own:?}");
            }
        }
    }
}

#[test]
fn f1_no_file_of_a_project_loads_code_or_says_who_the_user_is() {
    let world = world();
    for keyword in [
        "sslkey=/proc/self/cwd/logo.so:k",
        "sslkey=mine.key",
        "passfile=/home/me/.pgpass",
        "service=tools",
        "sslkeylogfile=/tmp/keys",
        "gsslib=x",
        "oauth_issuer=https://example.com",
    ] {
        let url = format!("database_url = 'host=127.0.0.1 port=1 {keyword}'\n");
        world.write("toolcat.toml", url);
        let trusted = run(&world, &["config", "trust"]);
        assert_eq!(trusted.code, 2, "{keyword}: {trusted:?}");
        let name = keyword.split('=').next().expect("a keyword");
        assert!(
            trusted.stderr.contains(&format!("may not set {name}")),
            "{trusted:?}"
        );
        assert_eq!(run(&world, &["list"]).code, 0);
    }
    // From anywhere else an engine needs a decision of its own.
    let engine = "host=127.0.0.1 port=1 sslkey=/tmp/x.so:k";
    let refused = run(&world, &["list", "--database-url", engine]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.stderr.contains("TOOLCAT_ALLOW_SSL_ENGINE=1"),
        "{refused:?}"
    );
    let mut command = world.command(&["list"]);
    command.env("PGSSLKEY", "/tmp/x.so:k");
    assert_eq!(Run::of(command.output().expect("it runs")).code, 2);
    let mut command = world.command(&["list", "--database-url", engine]);
    command.env("TOOLCAT_ALLOW_SSL_ENGINE", "1");
    assert_eq!(Run::of(command.output().expect("it runs")).code, 3);
}

#[test]
fn a_project_does_not_bring_its_own_trust() {
    let world = world();
    world.write("toolcat.toml", "actor = 'they'\n");
    let trust = |state: std::path::PathBuf| {
        let mut command = world.command(&["config", "trust"]);
        command.env("XDG_STATE_HOME", state);
        Run::of(command.output().expect("it runs"))
    };
    let inside = trust(world.path().join("state"));
    assert_eq!(inside.code, 2, "{inside:?}");
    assert!(!world.path().join("state").exists());
    symlink(world.path(), world.path().join("../home/link")).expect("a link");
    let inside = trust(world.path().join("../home/link/state"));
    assert_eq!(inside.code, 2, "{inside:?}");
    // Nor does it lie where others could put it.
    let open = world.path().join("../open");
    std::fs::create_dir_all(open.join("toolcat/trust")).expect("folders");
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(open.join("toolcat/trust"), mode).expect("a mode");
    assert_eq!(trust(open).code, 2);
}

#[test]
fn what_is_trusted_is_shown_and_not_the_folder_it_was_linked_from() {
    let world = world();
    let elsewhere = world.write("../mine/toolcat.toml", "template_dir = 'templates'\n");
    let named = elsewhere.display().to_string();
    assert_eq!(run(&world, &["config", "trust", &named]).code, 0);
    let paths = run(&world, &["config", "path"]);
    insta::assert_snapshot!(world.masked(&paths.stdout), @r"
    FILE     PATH                                              EXISTS  USED
    project  [FOLDER]/project/toolcat.toml              no      no
    user     [FOLDER]/home/.config/toolcat/config.toml  yes     yes
    trusted  [FOLDER]/mine/toolcat.toml                 yes     in its folder
    ");
    // A link leads to the file that is trusted, and to what stands beside that one.
    symlink(&elsewhere, world.path().join("toolcat.toml")).expect("a link");
    let shown = run(&world, &["config", "show", "--format", "csv"]);
    assert!(
        world
            .masked(&shown.stdout)
            .contains("template_dir,[FOLDER]/mine/templates"),
        "{shown:?}"
    );
    std::fs::remove_file(&elsewhere).expect("it goes");
    let real = elsewhere
        .parent()
        .expect("a folder")
        .canonicalize()
        .expect("a folder");
    let gone = real.join("toolcat.toml").display().to_string();
    assert_eq!(run(&world, &["config", "untrust", &gone]).code, 0);
}

#[test]
fn f14_a_file_of_any_size_or_kind_ends_no_command_badly() {
    let world = world();
    let file = std::fs::File::create(world.path().join("toolcat.toml")).expect("a file");
    file.set_len(2 << 30).expect("a sparse file");
    let run_now = run(&world, &["list"]);
    assert_eq!(run_now.code, 2, "{run_now:?}");
    assert!(run_now.stderr.contains("larger than 1 MB"), "{run_now:?}");
    assert_eq!(press_tab(&world).stderr, "");
    std::fs::remove_file(world.path().join("toolcat.toml")).expect("it goes");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        world.path().join("toolcat.toml"),
        rustix::fs::Mode::from_raw_mode(0o644),
    )
    .expect("a pipe");
    assert_eq!(run(&world, &["list"]).code, 0);
    let trusted = run(&world, &["config", "trust", "toolcat.toml"]);
    assert_eq!(trusted.code, 2, "{trusted:?}");
}

/// S5: a folder may say where the asker stands, but lifts no hard rule of selection.
#[test]
fn s5_a_folder_lifts_no_rule_of_selection_until_it_is_trusted() {
    let world = world();
    let guarded = definition("linux", "guarded", "1.0", "job").replace(
        "production_safe: true",
        "production_safe: false\n          required_permissions: [docker]",
    );
    world.write("guarded.yaml", guarded);
    world.ok(&["import", "--quiet", "guarded.yaml"]);
    world.write(
        "toolcat.toml",
        "[select]\nplatform = 'windows'\nlimit = 1\nenvironment = 'lab'\npermissions = ['mine']\n\
         context = { N = 0 }\n[covers]\nmine = ['docker']\n",
    );
    let select = ["select", "-c", "job", "--format", "json"];
    let refused = run(&world, &select);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(
        world.masked(&refused.stderr),
        "warning: [FOLDER]/project/toolcat.toml is not trusted, so this was left out: covers.mine, \
         select.environment, select.permissions, select.context\n\
         hint: read it, and run `toolcat config trust` if it is as you want it\n"
    );
    let reason = &refused.json()["set_aside"][0]["reason"]["message"];
    let reason = reason.as_str().expect("a reason");
    assert!(
        reason.contains("safe in production") && reason.contains("docker"),
        "{reason}"
    );
    // What lifts nothing counts all the same.
    let shown = run(&world, &["config", "show", "select", "-o", "csv"]).stdout;
    let shown = world.masked(&shown);
    for line in [
        "select.platform,windows,project file: [FOLDER]/project/toolcat.toml",
        "select.limit,1,project file: [FOLDER]/project/toolcat.toml",
        "select.permissions,,left out: [FOLDER]/project/toolcat.toml",
    ] {
        assert!(
            shown.replace('"', "").contains(line),
            "{line} is not in\n{shown}"
        );
    }
    let doctor = run(&world, &["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.stdout.contains("select.permissions"), "{doctor:?}");
    assert_eq!(run(&world, &["config", "trust"]).code, 0);
    let chosen = run(&world, &select);
    assert_eq!((chosen.code, chosen.stderr.as_str()), (0, ""), "{chosen:?}");
}

/// A link in a clone does not lead what toolcat writes by itself to a file of the user's.
#[test]
fn what_is_written_beside_a_file_follows_no_link() {
    let world = world();
    let mine = world.write("../home/mine", "precious\n");
    let good = "{\"tool\":\"df\",\"time_ms\":5,\"success\":true}\n";
    world.write("runs.jsonl", good);
    symlink(&mine, world.path().join("runs.jsonl.rejects.jsonl")).expect("a link");
    let record = ["telemetry", "record", "--batch", "runs.jsonl"];
    let done = run(&world, &record);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(world.read("../home/mine"), "precious\n");
    world.write("runs.jsonl", format!("{good}[]\n"));
    let refused = run(&world, &record);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("it is a link"), "{refused:?}");
    assert_eq!(world.read("../home/mine"), "precious\n");
    // Where the user names it, a link is followed.
    let mut named = record.to_vec();
    named.extend(["--reject-file", "runs.jsonl.rejects.jsonl"]);
    assert_eq!(run(&world, &named).code, 1);
    assert!(world.read("../home/mine").contains("\"line\":2"));

    let made = world.path().join("../home/made");
    symlink(&made, world.path().join("toolcat.toml")).expect("a link");
    for args in [&["config", "init"][..], &["config", "init", "--force"]] {
        let refused = run(&world, args);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(!made.exists());
    }
}
