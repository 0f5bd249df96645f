//! What the scales make of candidates, and of the starter catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use toolcat::format::{Source, collect, read};
use toolcat::select::candidate::candidates_of;
use toolcat::select::estimate::Origin;
use toolcat::select::{Answer, Candidate, Mode, Request, Scoring, select};

use super::crossover::candidates;

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    })]

    #[test]
    fn another_candidate_never_swaps_two_others(
        candidates in candidates(), mode in prop::sample::select(Mode::ALL.to_vec()),
        scoring in prop::sample::select(Scoring::ALL.to_vec()),
    ) {
        let request = Request { mode, scoring, ..Request::default() };
        let names = |answer: &Answer| -> Vec<String> {
            answer.ranking.iter().map(|it| it.tool.clone()).collect()
        };
        let all = names(&select(&request, &candidates));
        for left_out in &candidates {
            let fewer: Vec<Candidate> =
                candidates.iter().filter(|it| it.tool != left_out.tool).cloned().collect();
            let mut expected = all.clone();
            expected.retain(|it| *it != left_out.tool);
            prop_assert_eq!(names(&select(&request, &fewer)), expected);
        }
    }
}

/// The candidates of the starter catalog by capability, where at least three tools offer it.
fn starter() -> BTreeMap<String, Vec<Candidate>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/catalog");
    let inputs = collect(&[folder.to_string_lossy()]).expect("the starter catalog");
    let mut found: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for input in &inputs {
        for loaded in read(&Source::load(input).expect("a file"), None).documents {
            let tool = loaded.document.to_tool().expect("a definition");
            for candidate in candidates_of(&tool, &[]) {
                found
                    .entry(candidate.capability.clone())
                    .or_default()
                    .push(candidate);
            }
        }
    }
    found.retain(|_, it| {
        let tools: BTreeSet<_> = it.iter().map(|it| (&it.platform, &it.tool)).collect();
        tools.len() >= 3
    });
    found
}

/// Estimates that differ by less than this do not tell tools apart.
const ALIKE: f64 = 1.1;

#[test]
fn the_modes_choose_on_the_starter_catalog() {
    let catalog = starter();
    let (mut fast, mut cheap, mut one_winner, mut close, mut asked) = (0, 0, 0, 0, 0);
    for candidates in catalog.values() {
        let mut winners = BTreeSet::new();
        for mode in Mode::ALL {
            let request = Request {
                mode,
                permissions: vec!["*".to_owned()],
                interactive: true,
                ..Request::default()
            };
            let answer = select(&request, candidates);
            let Some(best) = &answer.answer else { continue };
            winners.insert((
                best.platform.clone(),
                best.tool.clone(),
                best.pattern.clone(),
            ));
            let least = |of: fn(&toolcat::select::Choice) -> f64| {
                answer.ranking.iter().map(of).fold(f64::INFINITY, f64::min)
            };
            let least_time = least(|it| it.estimated_time_ms);
            let least_cost = least(|it| it.estimated_cost);
            fast += usize::from(mode == Mode::Fast && best.estimated_time_ms <= ALIKE * least_time);
            cheap += usize::from(mode == Mode::Cheap && best.estimated_cost <= ALIKE * least_cost);
            close += usize::from(answer.ambiguous);
            asked += 1;
        }
        one_winner += usize::from(winners.len() == 1);
    }
    let enough = catalog.len() * 9;
    let shown = format!(
        "{} capabilities: fastest in {fast}, cheapest in {cheap}, one winner in {one_winner}, \
         {close} of {asked} close",
        catalog.len()
    );
    assert!(fast * 10 >= enough && cheap * 10 >= enough, "{shown}");
    // a tool that is the fastest, the cheapest and the simplest may win throughout, in few capabilities
    assert!(
        one_winner * 100 <= 18 * catalog.len() && close * 10 < asked * 3,
        "{shown}"
    );
}

#[test]
fn a_variable_without_a_value_takes_a_stated_one() {
    let mut candidate = starter()
        .into_values()
        .flatten()
        .next()
        .expect("a candidate");
    candidate.time_estimate_ms = "rows + columns".to_owned();
    candidate.usage.optional = serde_json::from_value(serde_json::json!([
        {"name": "rows", "default": 7}
    ]))
    .expect("inputs");
    let asked = Request {
        permissions: vec!["*".to_owned()],
        ..Request::default()
    };
    let answer = select(&asked, std::slice::from_ref(&candidate));
    let best = answer.answer.expect("an answer");
    assert_eq!(best.estimated_time_ms, 107.0);
    let assumed: Vec<_> = best
        .assumed
        .iter()
        .map(|it| (it.name.as_str(), it.from))
        .collect();
    assert_eq!(
        assumed,
        [("rows", Origin::Declared), ("columns", Origin::Unknown)]
    );
    for strict in [
        Request {
            strict_context: true,
            ..asked.clone()
        },
        Request {
            scoring: Scoring::Classic,
            ..asked
        },
    ] {
        let answer = select(&strict, std::slice::from_ref(&candidate));
        assert_eq!(answer.answer, None);
        let message = &answer.set_aside[0].reason.message;
        assert!(message.contains("needs a value for rows"), "{message}");
    }
}
