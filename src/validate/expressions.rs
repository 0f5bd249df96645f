//! The expressions of a definition: do they parse, and do they make sense for ordinary inputs?

use std::collections::BTreeSet;

use crate::definition::diff::Change;
use crate::expression::{Condition, EvaluationError, Expression, ParseError, Variables, nearest};
use crate::format::node::{Kind, Node, Style, pointer};
use crate::format::{Problem, Span};

/// The fields of a pattern that are estimates.
pub(super) const ESTIMATES: [&str; 2] = ["time_estimate_ms", "cost_estimate"];

/// The numbers of items that every estimate must make sense for.
pub(super) const PROBES: [f64; 4] = [0.0, 1.0, 100.0, 1e6];

/// Values tried for variables of which nothing is known.
const UNKNOWN: [f64; 2] = [1.0, 100.0];

/// Checks every estimate and condition of a definition.
pub(super) fn check(root: &Node, problems: &mut Vec<Problem>) {
    let patterns = patterns(root);
    if let Some(defaults) = root.get("defaults") {
        let inputs = patterns
            .iter()
            .flat_map(|(_, node)| input_names(node, None))
            .chain(input_names(defaults, None))
            .collect();
        fields(defaults, "/defaults", &inputs, problems);
    }
    for (place, pattern) in patterns {
        let inputs = input_names(pattern, root.get("defaults")).collect();
        fields(pattern, &place, &inputs, problems);
    }
}

/// Whether a change can make a difference to [`check`], or to the check of invocations: it is about an
/// expression or an invocation or what these are checked with, or about more than one value.
pub(super) fn concerned(change: &Change) -> bool {
    const OTHERS: [&str; 4] = [
        "invocation",
        "requires_background_if",
        "required_inputs",
        "optional_inputs",
    ];
    let mut keys = change.field.split('.');
    change.old.is_object()
        || change.new.is_object()
        || keys.any(|key| ESTIMATES.contains(&key) || OTHERS.contains(&key))
}

/// Every pattern of a definition with its JSON pointer.
pub(super) fn patterns(root: &Node) -> Vec<(String, &Node)> {
    let mut found = Vec::new();
    for capability in root
        .get("capabilities")
        .map(Node::entries)
        .unwrap_or_default()
    {
        let place = pointer("/capabilities", &capability.key) + "/patterns";
        for pattern in capability
            .value
            .get("patterns")
            .map(Node::entries)
            .unwrap_or_default()
        {
            found.push((pointer(&place, &pattern.key), &pattern.value));
        }
    }
    found
}

/// The names of a pattern's inputs, its own or the tool's default ones.
fn input_names<'a>(pattern: &'a Node, defaults: Option<&'a Node>) -> impl Iterator<Item = &'a str> {
    ["required_inputs", "optional_inputs"]
        .into_iter()
        .filter_map(move |field| {
            pattern
                .get(field)
                .or_else(|| defaults.and_then(|it| it.get(field)))
        })
        .flat_map(Node::items)
        .filter_map(input_name)
}

/// The name of an input, which is text or a map with a name.
pub(super) fn input_name(input: &Node) -> Option<&str> {
    input.as_text().or_else(|| input.get("name")?.as_text())
}

fn fields(holder: &Node, place: &str, inputs: &BTreeSet<&str>, problems: &mut Vec<Problem>) {
    for field in ESTIMATES {
        if let Some(node) = holder.get(field) {
            let at = pointer(place, field);
            estimate(node, field, inputs, problems, &at);
        }
    }
    let condition = holder
        .get("policy")
        .and_then(|policy| policy.get("requires_background_if"));
    if let Some(node) = condition {
        let at = format!("{place}/policy/requires_background_if");
        check_condition(node, inputs, problems, &at);
    }
}

fn estimate(
    node: &Node,
    field: &str,
    inputs: &BTreeSet<&str>,
    problems: &mut Vec<Problem>,
    at: &str,
) {
    // A number cannot be wrong in any other way than the schema finds, and text that is too long
    // is found there as well.
    let Kind::Text(text) = &node.kind else { return };
    if too_long(text) || text.is_empty() {
        return;
    }
    match Expression::parse(text) {
        Err(error) => problems.push(parse_problem(node, text, &error).at(at)),
        Ok(expression) => {
            let names: Vec<&str> = expression.variables().collect();
            unknown(node, text, &names, inputs, problems, at);
            problems.extend(probe(&expression, node, field).map(|it| it.at(at)));
        }
    }
}

fn check_condition(node: &Node, inputs: &BTreeSet<&str>, problems: &mut Vec<Problem>, at: &str) {
    let Kind::Text(text) = &node.kind else { return };
    if too_long(text) || text.is_empty() {
        return;
    }
    match Condition::parse(text) {
        Err(error) => problems.push(parse_problem(node, text, &error).at(at)),
        Ok(condition) => {
            let names: Vec<&str> = condition.variables().collect();
            unknown(node, text, &names, inputs, problems, at);
            let failed = first_failure(&names, |variables| condition.holds(variables).err());
            problems.extend(failed.map(|(error, shown)| {
                Problem::new(
                    error.rule(),
                    node.span,
                    format!("the condition cannot be decided for {shown}: {error}"),
                )
                .at(at)
            }));
        }
    }
}

fn too_long(text: &str) -> bool {
    text.chars().count() > crate::expression::MAX_CHARACTERS
}

fn parse_problem(node: &Node, text: &str, error: &ParseError) -> Problem {
    let problem = Problem::new(
        error.rule(),
        within(node, text, error.span.start, error.span.end),
        error.to_string(),
    );
    match error.suggestion() {
        Some(suggestion) => problem.help(suggestion),
        None => problem,
    }
}

/// The place of some bytes of a scalar's text: exact where the text stands in the file as it is,
/// the whole scalar otherwise.
fn within(node: &Node, text: &str, start: usize, end: usize) -> Span {
    let Span {
        start: from,
        end: to,
    } = node.span;
    let quote = usize::from(node.style == Style::Quoted);
    let length = text.chars().count() + 2 * quote;
    let exact = node.span.is_single_line()
        && node.style != Style::Block
        && (to.column - from.column) as usize == length;
    let characters = |bytes: usize| text.get(..bytes).map(|it| it.chars().count());
    match (exact, characters(start), characters(end)) {
        (true, Some(first), Some(last)) => Span::new(
            from.plus(quote + first),
            from.plus(quote + last.max(first + 1)),
        ),
        _ => node.span,
    }
}

/// Reports variables that no selection has a value for.
fn unknown(
    node: &Node,
    text: &str,
    names: &[&str],
    inputs: &BTreeSet<&str>,
    problems: &mut Vec<Problem>,
    at: &str,
) {
    let standard = Variables::defaults();
    for name in names {
        if standard.get(name).is_some() || inputs.contains(name) {
            continue;
        }
        let start = word_position(text, name).unwrap_or(0);
        let known = standard.names().chain(inputs.iter().copied());
        let problem = Problem::new(
            "lint/unknown-variable",
            within(node, text, start, start + name.len()),
            format!("the variable `{name}` is not an input of the pattern"),
        );
        problems.push(
            match nearest(name, known) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(
                    "name it in required_inputs or optional_inputs, or give it a value in each selection",
                ),
            }
            .at(at),
        );
    }
}

fn word_position(text: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .find(|&at| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

/// The values that an expression over these variables is tried with: one set per probed N and per
/// value of the unknown variables.
pub(super) fn samples(names: &[&str]) -> Vec<Vec<Variables>> {
    let standard = Variables::defaults();
    let free = names.iter().any(|name| standard.get(name).is_none());
    let probes: &[f64] = if names.contains(&"N") {
        &PROBES
    } else {
        &PROBES[2..3]
    };
    let unknown = if free { &UNKNOWN[..] } else { &UNKNOWN[..1] };
    probes
        .iter()
        .map(|&n| {
            unknown
                .iter()
                .map(|&value| {
                    let mut variables = Variables::defaults();
                    variables.set("N", n);
                    variables.extend(
                        names
                            .iter()
                            .filter(|name| standard.get(name).is_none())
                            .map(|name| (*name, value)),
                    );
                    variables
                })
                .collect()
        })
        .collect()
}

/// The first probe at which something fails whatever the unknown variables are.
fn first_failure<T>(
    names: &[&str],
    fails: impl Fn(&Variables) -> Option<T>,
) -> Option<(T, String)> {
    samples(names).into_iter().find_map(|tries| {
        let shown = tries.first().map(|it| shown(it, names))?;
        let mut failures: Vec<T> = tries.iter().map_while(&fails).collect();
        (failures.len() == tries.len()).then(|| (failures.remove(0), shown))
    })
}

fn shown(variables: &Variables, names: &[&str]) -> String {
    let values: Vec<String> = variables
        .iter()
        .filter(|(name, _)| names.contains(name))
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    if values.is_empty() {
        "any input".to_owned()
    } else {
        values.join(", ")
    }
}

enum Nonsense {
    Failed(EvaluationError),
    Negative(f64),
}

/// Tries an estimate where it must have a value that is finite and not negative.
fn probe(expression: &Expression, node: &Node, field: &str) -> Option<Problem> {
    let names: Vec<&str> = expression.variables().collect();
    let failed = first_failure(&names, |variables| match expression.evaluate(variables) {
        Err(error) => Some(Nonsense::Failed(error)),
        Ok(value) if value < 0.0 => Some(Nonsense::Negative(value)),
        Ok(_) => None,
    });
    failed.map(|(nonsense, shown)| match nonsense {
        Nonsense::Failed(error) => Problem::new(
            error.rule(),
            node.span,
            format!("`{field}` has no value for {shown}: {error}"),
        ),
        Nonsense::Negative(value) => Problem::new(
            "expr/negative",
            node.span,
            format!("`{field}` is negative for {shown}: {value}"),
        )
        .help("wrap it in max(0, ...)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::yaml;

    fn found(pattern: &str) -> Vec<String> {
        let text = format!("capabilities: {{c: {{patterns: {{p:\n  {{{pattern}}}}}}}}}");
        let mut problems = Vec::new();
        let nodes = yaml::read(&text, &mut problems);
        assert_eq!(problems, []);
        check(&nodes[0], &mut problems);
        problems
            .iter()
            .map(|it| {
                format!(
                    "{}:{} {}",
                    it.span.start.line, it.span.start.column, it.rule
                )
            })
            .collect()
    }

    #[test]
    fn good_expressions_pass() {
        for pattern in [
            "time_estimate_ms: 10 + N",
            "time_estimate_ms: 5, cost_estimate: '0'",
            "time_estimate_ms: 1000 / x, optional_inputs: [{name: x}]",
            "time_estimate_ms: log(2 - share), required_inputs: [share]",
            "policy: {requires_background_if: N > 5 and pages < 2}",
        ] {
            assert_eq!(found(pattern), [""; 0], "{pattern}");
        }
    }

    #[test]
    fn places_and_rules() {
        for (pattern, expected) in [
            (
                "time_estimate_ms: 10 + sqr(N)",
                "2:27 expr/unknown-function",
            ),
            (
                "time_estimate_ms: '10 + sqr(N)'",
                "2:28 expr/unknown-function",
            ),
            ("time_estimate_ms: 10 * page", "2:27 lint/unknown-variable"),
            ("time_estimate_ms: 1 / N", "2:22 expr/division-by-zero"),
            ("cost_estimate: log(N)", "2:19 expr/not-finite"),
            ("cost_estimate: 5 - N", "2:19 expr/negative"),
            ("cost_estimate: 2 ** N", "2:19 expr/exponent-too-large"),
            ("cost_estimate: N > 5", "2:21 expr/unexpected-comparison"),
            (
                "policy: {requires_background_if: N}",
                "2:37 expr/not-a-condition",
            ),
        ] {
            assert_eq!(found(pattern), [expected], "{pattern}");
        }
    }
}
