//! Jobs of cron.

use std::path::Path;

use super::machine::{entries, is_executable, text};
use super::{Kind, Thing};

/// Folders of scripts that are run at those times.
const TIMES: [&str; 4] = ["hourly", "daily", "weekly", "monthly"];

/// The jobs of the machine, and those of a user. One of a table is called by its program.
pub fn find(root: &Path, user: &str) -> Vec<Thing> {
    let mut jobs = Vec::new();
    for time in TIMES {
        for (name, file) in entries(&root.join(format!("etc/cron.{time}"))) {
            if is_executable(&file) {
                jobs.push(job(
                    &name,
                    &file.display().to_string(),
                    format!("every {}", unit(time)),
                ));
            }
        }
    }
    let mut tables = vec![(root.join("etc/crontab"), true)];
    let more = entries(&root.join("etc/cron.d")).into_iter();
    tables.extend(more.map(|(_, file)| (file, true)));
    // Whose name is a path is nobody.
    if !user.is_empty() && !user.contains('/') && !user.starts_with('.') {
        for spool in ["var/spool/cron/crontabs", "var/spool/cron"] {
            tables.push((root.join(spool).join(user), false));
        }
    }
    for (file, names_user) in tables {
        let text = text(&file).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            if let Some((when, program)) = entry(line, names_user) {
                let place = format!("{}:{}", file.display(), number + 1);
                jobs.push(job(&program, &place, when));
            }
        }
    }
    jobs.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    jobs
}

fn unit(time: &str) -> &str {
    match time {
        "hourly" => "hour",
        "daily" => "day",
        "weekly" => "week",
        _ => "month",
    }
}

fn job(name: &str, path: &str, when: String) -> Thing {
    Thing {
        kind: Kind::Cron,
        name: name.to_owned(),
        description: Some(when),
        path: path.to_owned(),
        manual: false,
    }
}

/// When a line of a table runs something, and the program that it runs first.
fn entry(line: &str, names_user: bool) -> Option<(String, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let times = if line.starts_with('@') { 1 } else { 5 };
    // `NAME=value` sets a variable.
    if words.first()?.contains('=') || words.get(1) == Some(&"=") {
        return None;
    }
    let command = words.get(times + usize::from(names_user)..)?;
    let program = command
        .iter()
        .find(|it| !it.contains('=') && !it.starts_with(['[', '(']))?;
    let program = super::base(program.trim_end_matches([';', '&', '|']));
    (!program.is_empty()).then(|| (words[..times].join(" "), program.to_owned()))
}
