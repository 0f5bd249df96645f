//! How to install the PostgreSQL programs on this system.

/// The command that installs the PostgreSQL server programs, or advice in
/// words where the system is not a known one.
pub(super) fn advice() -> String {
    let release = ["/etc/os-release", "/usr/lib/os-release"]
        .into_iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    advice_for(
        &release,
        cfg!(target_os = "macos"),
        super::account::effective_user() == 0,
    )
}

fn advice_for(os_release: &str, macos: bool, root: bool) -> String {
    let Some(command) = command(os_release, macos) else {
        return "install the PostgreSQL server programs (initdb, postgres, psql) with this \
                system's package manager, or set TOOLCAT_PG_BINDIR to the folder that holds them"
            .to_owned();
    };
    let sudo = if root || macos { "" } else { "sudo " };
    format!("install them with: {sudo}{command}")
}

/// The install command of the distribution, by `ID` and then `ID_LIKE`.
fn command(os_release: &str, macos: bool) -> Option<&'static str> {
    if macos {
        return Some("brew install postgresql");
    }
    let field = |name: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_default()
            .trim_matches(['"', '\''])
            .to_ascii_lowercase()
    };
    format!("{} {}", field("ID"), field("ID_LIKE"))
        .split_whitespace()
        .find_map(|id| {
            Some(match id {
                "debian" | "ubuntu" | "linuxmint" | "raspbian" => "apt-get install postgresql",
                "fedora" | "rhel" | "centos" | "rocky" | "almalinux" | "amzn" | "ol" => {
                    "dnf install postgresql-server postgresql"
                }
                "arch" | "manjaro" => "pacman -S postgresql",
                "alpine" => "apk add postgresql postgresql-client",
                "opensuse" | "opensuse-leap" | "opensuse-tumbleweed" | "sles" | "suse" => {
                    "zypper install postgresql-server postgresql"
                }
                "void" => "xbps-install postgresql",
                "gentoo" => "emerge dev-db/postgresql",
                "nixos" => "nix-env -iA nixos.postgresql",
                _ => return None,
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_systems_get_their_own_command() {
        let debian = "NAME=\"Debian\"\nID=debian\n";
        assert_eq!(
            advice_for(debian, false, true),
            "install them with: apt-get install postgresql"
        );
        assert!(advice_for(debian, false, false).contains("sudo apt-get"));
        let rocky = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n";
        assert!(advice_for(rocky, false, true).contains("dnf install postgresql-server"));
        for (id, tool) in [("arch", "pacman"), ("alpine", "apk"), ("sles", "zypper")] {
            assert!(advice_for(&format!("ID={id}\n"), false, true).contains(tool));
        }
        assert!(advice_for("", true, false).contains("brew"));
    }

    #[test]
    fn a_derived_system_uses_what_it_is_like() {
        let derived = "ID=pop\nID_LIKE=\"ubuntu debian\"\n";
        assert!(advice_for(derived, false, true).contains("apt-get"));
    }

    #[test]
    fn an_unknown_system_gets_words() {
        assert!(advice_for("ID=other\n", false, true).contains("TOOLCAT_PG_BINDIR"));
    }
}
