//! The tools, capabilities and patterns that an execution can belong to, found by name in memory.

use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};

use super::{Entry, Execution, Rejection};
use crate::definition::{Identity, ToolRef};
use crate::expression::{Expression, Variables, nearest};

/// A row of the catalog: a tool with one of its capabilities and one of that one's patterns, if it has any.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetRow {
    /// The version of the tool.
    pub tool_id: i64,
    /// Its identity.
    pub identity: Identity,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// The capability.
    pub capability: Option<(i64, String)>,
    /// The pattern.
    pub pattern: Option<(i64, String)>,
    /// Its expressions for time and cost.
    pub expressions: Option<(String, String)>,
}

/// The expressions of a usage pattern, parsed when they are first needed.
#[derive(Debug, Clone)]
pub struct PatternExpressions {
    sources: (String, String),
    parsed: OnceLock<(Option<Expression>, Option<Expression>)>,
}

impl PatternExpressions {
    fn parsed(&self) -> &(Option<Expression>, Option<Expression>) {
        self.parsed.get_or_init(|| {
            let parse = |source: &String| Expression::parse(source).ok();
            (parse(&self.sources.0), parse(&self.sources.1))
        })
    }

    /// The estimates of time (ms) and cost over that context; absent if a variable has no value or the result none.
    pub fn estimates(&self, context: &[(String, f64)]) -> (Option<f64>, Option<f64>) {
        let variables = Variables::from_iter(context.iter().map(|(k, v)| (k.as_str(), *v)));
        let (time, cost) = self.parsed();
        let value = |it: &Option<Expression>| it.as_ref()?.evaluate(&variables).ok();
        (value(time), value(cost))
    }
}

#[derive(Debug)]
struct Pattern {
    id: i64,
    name: String,
    expressions: PatternExpressions,
}

#[derive(Debug)]
struct Capability {
    id: i64,
    name: String,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Tool {
    id: i64,
    identity: Identity,
    is_latest: bool,
    capabilities: Vec<Capability>,
}

/// Every tool that executions can belong to.
#[derive(Debug, Default)]
pub struct Targets {
    tools: Vec<Tool>,
    by_name: HashMap<String, Vec<usize>>,
    resolved: HashMap<(String, String, String), Result<usize, Rejection>>,
}

impl Targets {
    /// Gathers rows, which come in the order of tool, capability and pattern.
    pub fn new(rows: impl IntoIterator<Item = TargetRow>) -> Self {
        let mut targets = Self::default();
        for row in rows {
            targets.add(row);
        }
        targets
    }

    fn add(&mut self, row: TargetRow) {
        if self.tools.last().is_none_or(|tool| tool.id != row.tool_id) {
            let at = self.tools.len();
            let name = row.identity.name.clone();
            self.by_name.entry(name).or_default().push(at);
            self.tools.push(Tool {
                id: row.tool_id,
                identity: row.identity,
                is_latest: row.is_latest,
                capabilities: Vec::new(),
            });
        }
        let (Some(tool), Some((id, name))) = (self.tools.last_mut(), row.capability) else {
            return;
        };
        if tool.capabilities.last().is_none_or(|last| last.id != id) {
            tool.capabilities.push(Capability {
                id,
                name,
                patterns: Vec::new(),
            });
        }
        if let (Some(capability), Some((id, name)), Some(sources)) =
            (tool.capabilities.last_mut(), row.pattern, row.expressions)
        {
            capability.patterns.push(Pattern {
                id,
                name,
                expressions: PatternExpressions {
                    sources,
                    parsed: OnceLock::new(),
                },
            });
        }
    }

    /// Whether a tool of that name exists on any platform, in any version.
    pub fn has_name(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Checks an entry and finds what it belongs to. `now` stands for a time that was not given.
    ///
    /// # Errors
    /// Why the entry is refused; a name that does not exist with the nearest ones.
    pub fn execution(&mut self, entry: Entry, now: DateTime<Utc>) -> Result<Execution, Rejection> {
        let at = self.tool(&entry)?;
        let (capability, pattern) = place(
            &self.tools[at],
            entry.capability.as_deref(),
            entry.pattern.as_deref(),
        )?;
        let mut execution = Execution::check(entry, now)?;
        execution.tool_id = self.tools[at].id;
        execution.capability_id = capability.map(|it| it.id);
        execution.pattern_id = pattern.map(|it| it.id);
        if let Some(pattern) = pattern {
            let (time, cost) = pattern.expressions.estimates(&execution.context);
            execution.estimated_time_ms = execution.estimated_time_ms.or(time);
            execution.estimated_cost = execution.estimated_cost.or(cost);
        }
        Ok(execution)
    }

    fn tool(&mut self, entry: &Entry) -> Result<usize, Rejection> {
        let name = entry.tool.as_deref().ok_or("`tool` is missing")?;
        let platform = entry.platform.as_deref().unwrap_or_default();
        let version = entry.version.as_deref().unwrap_or_default();
        let key = (name.to_owned(), platform.to_owned(), version.to_owned());
        if let Some(known) = self.resolved.get(&key) {
            return known.clone();
        }
        let found = self.find(name, platform, version);
        // The names of a hostile file must not fill the memory.
        if self.resolved.len() < 100_000 {
            self.resolved.insert(key, found.clone());
        }
        found
    }

    fn find(&self, name: &str, platform: &str, version: &str) -> Result<usize, Rejection> {
        let reference: ToolRef = name.parse().map_err(|it| format!("{it}"))?;
        let fits = |given: Option<&str>, apart: &str, own: &str| {
            given.is_none_or(|it| it == own) && (apart.is_empty() || apart == own)
        };
        let mut found: Vec<usize> = Vec::new();
        let mut other_versions: Vec<String> = Vec::new();
        for reading in reference.readings() {
            for &at in self
                .by_name
                .get(reading.name)
                .map_or(&[][..], Vec::as_slice)
            {
                let tool = &self.tools[at];
                if !fits(reading.platform, platform, &tool.identity.platform) {
                    continue;
                }
                let latest_is_meant = reading.version.is_none() && version.is_empty();
                let is_meant = if latest_is_meant {
                    tool.is_latest
                } else {
                    fits(reading.version, version, &tool.identity.version)
                };
                if is_meant && !found.contains(&at) {
                    found.push(at);
                } else if !is_meant {
                    other_versions.push(tool.identity.to_string());
                }
            }
        }
        // A name that is exactly the address is what is meant, whatever else it can be read as.
        if found.iter().any(|at| self.tools[*at].identity.name == name) {
            found.retain(|at| self.tools[*at].identity.name == name);
        }
        match found[..] {
            [one] => Ok(one),
            [] => Err(self.missing(name, &reference, other_versions)),
            _ => {
                let names: Vec<String> = found
                    .iter()
                    .map(|at| self.tools[*at].identity.to_string())
                    .collect();
                Err(Rejection {
                    message: format!("`{name}` can mean {}", names.join(", ")),
                    hint: Some(format!("name the platform, as in `{}`", names[0])),
                    not_found: false,
                })
            }
        }
    }

    fn missing(&self, name: &str, reference: &ToolRef, mut near: Vec<String>) -> Rejection {
        if near.is_empty() {
            let names = || self.by_name.keys().map(String::as_str);
            near = reference
                .readings()
                .iter()
                .filter_map(|reading| nearest(reading.name, names()))
                .map(str::to_owned)
                .collect();
        }
        near.sort();
        near.dedup();
        near.truncate(3);
        absent(format!("there is no tool `{name}` in the catalog"), &near)
    }
}

/// The capability and the pattern of those names. A pattern names its capability where only one has such a pattern.
fn place<'a>(
    tool: &'a Tool,
    capability: Option<&str>,
    pattern: Option<&str>,
) -> Result<(Option<&'a Capability>, Option<&'a Pattern>), Rejection> {
    let label = &tool.identity;
    let named = match capability {
        None => None,
        Some(name) => {
            let found = tool.capabilities.iter().find(|it| it.name == name);
            Some(found.ok_or_else(|| {
                let known = tool.capabilities.iter().map(|it| it.name.as_str());
                absent(
                    format!("{label} has no capability `{name}`"),
                    &choices(name, known),
                )
            })?)
        }
    };
    let Some(name) = pattern else {
        return Ok((named, None));
    };
    let searched = || {
        tool.capabilities
            .iter()
            .filter(|it| named.is_none_or(|named| named.id == it.id))
    };
    let found: Vec<(&Capability, &Pattern)> = searched()
        .flat_map(|it| it.patterns.iter().map(move |pattern| (it, pattern)))
        .filter(|(_, pattern)| pattern.name == name)
        .collect();
    match found[..] {
        [(capability, pattern)] => Ok((Some(capability), Some(pattern))),
        [] => {
            let known = searched().flat_map(|it| it.patterns.iter().map(|it| it.name.as_str()));
            let of = named.map_or_else(String::new, |it| format!(" in capability `{}`", it.name));
            Err(absent(
                format!("{label} has no pattern `{name}`{of}"),
                &choices(name, known),
            ))
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|(it, _)| it.name.as_str()).collect();
            Err(Rejection {
                message: format!(
                    "{label} has a pattern `{name}` in several capabilities: {}",
                    names.join(", ")
                ),
                hint: Some("name the capability".to_owned()),
                not_found: false,
            })
        }
    }
}

/// The nearest name, or all of a few.
fn choices<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    match nearest(name, known.clone()) {
        Some(near) => vec![near.to_owned()],
        None => known.take(5).map(str::to_owned).collect(),
    }
}

fn absent(message: String, near: &[String]) -> Rejection {
    Rejection {
        message,
        hint: (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or "))),
        not_found: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tool_id: i64, platform: &str, name: &str, version: &str, latest: bool) -> TargetRow {
        TargetRow {
            tool_id,
            identity: Identity {
                platform: platform.into(),
                name: name.into(),
                version: version.into(),
            },
            is_latest: latest,
            capability: Some((tool_id * 10, "query".into())),
            pattern: Some((tool_id * 100, "summary".into())),
            expressions: Some(("10 + 2 * N".into(), "0.01".into())),
        }
    }

    fn targets() -> Targets {
        Targets::new([
            row(1, "linux", "df", "1.0", false),
            row(2, "linux", "df", "2.0", true),
            row(3, "linux", "ping", "1.0", true),
            row(4, "windows", "ping", "1.0", true),
        ])
    }

    fn entry(tool: &str) -> Entry {
        Entry {
            tool: Some(tool.into()),
            pattern: Some("summary".into()),
            time_ms: Some(1.0),
            success: Some(true),
            context: vec![("N".into(), 5.0)],
            ..Entry::default()
        }
    }

    fn resolve(entry: Entry) -> Result<Execution, Rejection> {
        targets().execution(entry, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_latest_version_is_meant_and_its_estimates_are_kept() {
        let execution = resolve(entry("df")).unwrap();
        assert_eq!(
            (
                execution.tool_id,
                execution.capability_id,
                execution.pattern_id
            ),
            (2, Some(20), Some(200))
        );
        assert_eq!(execution.estimated_time_ms, Some(20.0));
        assert_eq!(execution.estimated_cost, Some(0.01));
        assert_eq!(resolve(entry("linux/df@1.0")).unwrap().tool_id, 1);
    }

    #[test]
    fn a_missing_variable_leaves_no_estimate() {
        let mut entry = entry("df");
        entry.context.clear();
        assert_eq!(resolve(entry).unwrap().estimated_time_ms, None);
    }

    #[test]
    fn platform_and_version_can_stand_apart() {
        let mut apart = entry("ping");
        assert!(
            resolve(apart.clone())
                .unwrap_err()
                .message
                .contains("can mean")
        );
        apart.platform = Some("windows".into());
        assert_eq!(resolve(apart).unwrap().tool_id, 4);
    }

    #[test]
    fn wrong_names_are_answered_with_near_ones() {
        let mut wrong = entry("dff");
        let rejection = resolve(wrong.clone()).unwrap_err();
        assert!(rejection.not_found);
        assert_eq!(rejection.hint.as_deref(), Some("did you mean df?"));
        wrong.tool = Some("df@3".into());
        let rejection = resolve(wrong.clone()).unwrap_err();
        assert!(rejection.hint.unwrap().contains("linux/df@2.0"));
        wrong.tool = Some("df".into());
        wrong.pattern = Some("sumary".into());
        let rejection = resolve(wrong.clone()).unwrap_err();
        assert_eq!(rejection.hint.as_deref(), Some("did you mean summary?"));
        wrong.capability = Some("querry".into());
        let rejection = resolve(wrong).unwrap_err();
        assert_eq!(rejection.hint.as_deref(), Some("did you mean query?"));
    }
}
