//! Words that the program knows itself, or that the user's configuration has, for completion.

use clap::{ArgMatches, CommandFactory};

use crate::abtest::Metric;
use crate::config::{self, Config};
use crate::definition::Status;
use crate::format::Format;
use crate::generate::library;
use crate::output::Column;
use crate::select::{Mode, Scoring};
use crate::validate::render::ReportFormat;
use crate::validate::rules;

use super::super::{Cli, config::SETTINGS, help};
use super::lookup::in_time;

/// Words that an argument takes.
pub type Words = fn() -> Vec<String>;

fn owned<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<String> {
    all.iter().map(|it| name(*it).to_owned()).collect()
}

pub fn modes() -> Vec<String> {
    owned(&Mode::ALL, Mode::as_str)
}

pub fn scorings() -> Vec<String> {
    owned(&Scoring::ALL, Scoring::as_str)
}

pub fn statuses() -> Vec<String> {
    owned(&Status::ALL, Status::as_str)
}

pub fn formats() -> Vec<String> {
    owned(&Format::ALL, Format::as_str)
}

pub fn report_formats() -> Vec<String> {
    owned(&ReportFormat::ALL, ReportFormat::as_str)
}

pub fn metrics() -> Vec<String> {
    owned(&Metric::ALL, Metric::as_str)
}

pub fn settings() -> Vec<String> {
    owned(SETTINGS, |it| it)
}

/// The rules of validation, and their groups.
pub fn rules() -> Vec<String> {
    let groups = rules::ALL.iter().filter_map(|it| it.id.split_once('/'));
    let mut all: Vec<String> = groups.map(|(group, _)| group.to_owned()).collect();
    all.dedup();
    all.extend(rule_names());
    all
}

/// What can be explained.
pub fn explained() -> Vec<String> {
    let mut all = vec!["all".to_owned()];
    all.extend(rule_names());
    all
}

fn rule_names() -> Vec<String> {
    rules::ALL.iter().map(|it| it.id.to_owned()).collect()
}

/// Topics of the help and subcommands; after a subcommand, those that it has.
pub fn topics() -> Vec<String> {
    let mut command = Cli::command();
    command.build();
    let before = line().map(|it| values(&it, &["words"])).unwrap_or_default();
    let (mut all, mut below) = (help::topics(), &command);
    for word in &before {
        // The last word may be the one that is being written.
        match below.find_subcommand(word) {
            Some(next) => (all, below) = (Vec::new(), next),
            None => break,
        }
    }
    let named = below.get_subcommands().filter(|it| !it.is_hide_set());
    all.extend(named.map(|it| it.get_name().to_owned()));
    all
}

/// What the configuration files that count say together.
fn configured() -> Config {
    config::layers().map_or_else(|_| Config::default(), |it| Config::merged(&it))
}

/// Profiles of weights.
pub fn profiles() -> Vec<String> {
    configured().profiles.into_keys().collect()
}

/// Templates of definitions.
pub fn templates() -> Vec<String> {
    in_time(|| {
        let all = library::templates(configured().template_dir.as_deref());
        all.into_iter().flatten().map(|it| it.name).collect()
    })
}

/// Columns as they are named on the command line.
pub fn columns(columns: &[Column]) -> Vec<String> {
    let titles = columns.iter().map(|it| it.title);
    titles.map(|it| it.replace(' ', "_")).collect()
}

/// The tool that stands on the line.
pub fn tool() -> Option<String> {
    values(&line()?, &["tool", "tools"]).into_iter().next()
}

/// The line that is being written, as far as it can be understood: what its last subcommand has.
fn line() -> Option<ArgMatches> {
    let command = Cli::command().ignore_errors(true);
    let mut found = command.try_get_matches_from(words()).ok()?;
    while let Some((_, below)) = found.remove_subcommand() {
        found = below;
    }
    Some(found)
}

fn values(found: &ArgMatches, ids: &[&str]) -> Vec<String> {
    let raw = |id: &&str| found.try_get_raw(id).ok().flatten();
    let all = ids.iter().filter_map(raw).flatten();
    all.map(|it| it.to_string_lossy().into_owned()).collect()
}

/// The words of the line that is being written.
pub fn words() -> Vec<String> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    joined(words.map(|it| it.to_string_lossy().into_owned()))
}

/// Shells divide words at `=`, `@` and `:`, which stand in the middle of one here.
fn joined(words: impl Iterator<Item = String>) -> Vec<String> {
    let (mut joined, mut goes_on): (Vec<String>, bool) = (Vec::new(), false);
    for word in words {
        let joins = matches!(word.as_str(), "=" | "@" | ":");
        match joined.last_mut().filter(|_| joins || goes_on) {
            Some(last) => last.push_str(&word),
            None => joined.push(word),
        }
        goes_on = joins;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn what_a_shell_divided_is_one_word_again() {
        let line = [
            "show",
            "df",
            "@",
            "1.0",
            "--catalog",
            "=",
            "x",
            "-o",
            "json",
        ];
        assert_eq!(
            joined(line.into_iter().map(str::to_owned)),
            ["show", "df@1.0", "--catalog=x", "-o", "json"]
        );
    }
}
