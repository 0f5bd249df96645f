//! The value that `--why-not` names is checked by selecting on both sides of it.

use proptest::prelude::*;
use toolcat::definition::{Policy, PreferenceMatch, ToolRef};
use toolcat::select::crossover::Direction;
use toolcat::select::why_not::why_not;
use toolcat::select::{Candidate, Mode, Pool, Request};

fn expression() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u32..5000).prop_map(|a| format!("{a}")),
        (1u32..2000, 1u32..400).prop_map(|(a, b)| format!("{a} + {b} / 10 * N")),
        (1u32..500, 1u32..100).prop_map(|(a, b)| format!("{a} + {b} * sqrt(N)")),
        (1u32..100, 1u32..50).prop_map(|(a, b)| format!("{a} + {b} * ceil(N / 100) * pages")),
        (1u32..100, 1u32..9).prop_map(|(a, b)| format!("{a} + {b} * N * ln(N + 1)")),
        (100u32..40_000).prop_map(|a| format!("{a} / (1 + N / 50)")),
    ]
}

pub fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (
        expression(),
        0u32..40,
        0.0f64..1.0,
        0.0f64..1.0,
        proptest::option::of(1.0f64..4.0),
    );
    proptest::collection::vec(one, 2..6).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(
                |(index, (time, cost, accuracy, complexity, max_cost))| Candidate {
                    tool: format!("tool{index}"),
                    platform: "linux".to_owned(),
                    version: "1".to_owned(),
                    capability: "job".to_owned(),
                    pattern: "use".to_owned(),
                    time_estimate_ms: time,
                    cost_estimate: format!("{cost} / 10 + N / 5000"),
                    complexity_score: complexity,
                    policy: Policy {
                        max_cost,
                        ..Policy::default()
                    },
                    preference_match: PreferenceMatch {
                        speed: 0.5,
                        accuracy,
                        cost: 0.5,
                        complexity: 0.5,
                        completeness: 0.5,
                    },
                    usage: toolcat::select::Usage::default(),
                    lesson: None,
                    compiled: toolcat::select::estimate::Compiled::default(),
                },
            )
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(24)
    })]

    #[test]
    fn the_answer_flips_at_the_value_that_is_named(
        candidates in candidates(), n in 0.0f64..3000.0, fast in any::<bool>()
    ) {
        let pool = Pool::Offered(candidates);
        let mut request = Request {
            mode: if fast { Mode::Fast } else { Mode::Balanced },
            ..Request::default()
        };
        request.context.set("N", n);
        let answer = pool.answer(&request).expect("an answer");
        let Some(last) = answer.ranking.last() else { return Ok(()) };
        let tool: ToolRef = last.tool.parse().expect("an address");
        let explained = why_not(&request, &pool, &answer, &tool);
        for crossover in &explained.crossovers {
            let winner = |value: f64| {
                let mut asked = request.clone();
                asked.context.set(crossover.variable.as_str(), value);
                pool.answer(&asked).expect("an answer").answer.map(|it| it.tool)
            };
            let (low, high) = match crossover.direction {
                Direction::Above => (crossover.loses_at, crossover.wins_at),
                Direction::Below => (crossover.wins_at, crossover.loses_at),
            };
            prop_assert!(low < high && (low..=high).contains(&crossover.value), "{crossover:?}");
            prop_assert!(high - low <= 1e-9 * high.abs().max(1e-3), "{crossover:?}");
            prop_assert_eq!(winner(crossover.wins_at), Some(last.tool.clone()));
            prop_assert_ne!(winner(crossover.loses_at), Some(last.tool.clone()));
        }
    }
}
