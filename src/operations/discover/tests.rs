use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::*;

fn write(root: &Path, name: &str, text: &str, mode: u32) {
    let file = root.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
}

fn programs(name: &str, programs: &[&str]) -> Programs {
    Programs {
        address: format!("linux/{name}@1.0"),
        name: name.to_owned(),
        programs: programs.iter().map(|it| (*it).to_owned()).collect(),
    }
}

/// A machine with something of each kind.
fn machine(root: &Path) -> Machine {
    for program in ["df", "frob", "hidden", "sha256sum"] {
        write(root, &format!("usr/bin/{program}"), "#!/bin/sh\n", 0o755);
    }
    write(root, "usr/bin/data", "no program", 0o644);
    write(root, "usr/local/bin/frob", "#!/bin/sh\n", 0o755);
    write(root, "usr/share/man/man1/df.1.gz", "", 0o644);
    write(root, "usr/share/man/man8/frob.8", "", 0o644);
    let unit = "[Unit]\nDescription=Serves pages\n";
    write(root, "usr/lib/systemd/system/nginx.service", unit, 0o644);
    write(root, "usr/lib/systemd/system/getty@.service", unit, 0o644);
    write(
        root,
        "usr/lib/systemd/system/tidy.timer",
        "[Timer]\n",
        0o644,
    );
    write(root, "usr/lib/systemd/system/off.service", unit, 0o644);
    fs::create_dir_all(root.join("etc/systemd/system")).unwrap();
    symlink("/dev/null", root.join("etc/systemd/system/off.service")).unwrap();
    write(root, "etc/cron.daily/rotate", "#!/bin/sh\n", 0o755);
    write(root, "etc/cron.daily/.placeholder", "", 0o644);
    let table =
        "SHELL=/bin/sh\n# m h\n17 * * * * root cd / && x\n@reboot root A=1 /opt/sync --all\n";
    write(root, "etc/crontab", table, 0o644);
    write(
        root,
        "var/spool/cron/crontabs/ada",
        "0 1 * * * backup; true\n",
        0o600,
    );
    let path = ["usr/local/bin", "usr/bin", "gone"].map(|it| root.join(it));
    Machine::at(root, path.to_vec(), Vec::new(), "ada")
}

fn told(found: &[Found]) -> Vec<String> {
    let line = |it: &Found| {
        let tool = it.tool.as_deref().unwrap_or("-");
        format!(
            "{} {} {} {tool}",
            it.state.as_str(),
            it.kind.as_str(),
            it.name
        )
    };
    found.iter().map(line).collect()
}

#[test]
fn what_is_here_is_compared_with_the_catalog() {
    let place = tempfile::tempdir().unwrap();
    let things = machine(place.path()).things();
    let known = [
        programs("df", &["df"]),
        programs("checksums", &["sha256sum"]),
        programs("nginx", &["nginx"]),
        programs("absent", &["/no/such/absent"]),
    ];
    let found = compare(&things, &known, false);
    assert_eq!(
        told(&found),
        [
            "unknown command frob -",
            "unknown timer tidy.timer -",
            "unknown cron backup -",
            "unknown cron cd -",
            "unknown cron rotate -",
            "unknown cron sync -",
            "gone command absent linux/absent@1.0",
            "gone command nginx linux/nginx@1.0",
            "known command df linux/df@1.0",
            "known command sha256sum linux/checksums@1.0",
            "known service nginx.service linux/nginx@1.0",
        ]
    );
    // The first on the path is the one that runs.
    let local = place.path().join("usr/local/bin/frob");
    assert_eq!(found[0].path.as_deref(), local.to_str());
    assert!(found[0].manual);
    let rotate = found.iter().find(|it| it.name == "rotate").unwrap();
    assert_eq!(rotate.description.as_deref(), Some("every day"));
    let sync = found.iter().find(|it| it.name == "sync").unwrap();
    assert_eq!(sync.description.as_deref(), Some("@reboot"));
    assert!(sync.path.as_ref().unwrap().ends_with("etc/crontab:4"));
    let all = compare(&things, &known, true);
    assert_eq!(all.len(), found.len() + 1, "{:?}", told(&all));
    assert!(told(&all).contains(&"unknown command hidden -".to_owned()));
}

#[test]
fn what_cannot_be_read_is_passed_over() {
    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("etc/crontab");
    fs::create_dir_all(pipe.parent().unwrap()).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let machine = Machine::at(place.path(), Vec::new(), Vec::new(), "../../etc/passwd");
    assert_eq!(machine.things(), []);
}
