//! The user's browser.

use std::process::Command;

/// The command that opens an address or a file: the first of `BROWSER`, as shells have it (`%s` stands for the
/// address, programs are divided by colons), else the desktop's own.
pub fn command(address: &str) -> Command {
    let usual = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let browser = std::env::var("BROWSER").unwrap_or_default();
    let browser = browser.split(':').next().unwrap_or_default();
    let mut words = browser.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(usual));
    let words: Vec<&str> = words.collect();
    command.args(words.iter().map(|it| it.replace("%s", address)));
    if !words.iter().any(|it| it.contains("%s")) {
        command.arg(address);
    }
    command
}
