//! The reference cases of the A/B statistics: published vectors and values from other programs.
//! Skipped where the reference data are not beside the repository.

use serde_json::{Value, json};
use std::path::PathBuf;
use toolcat::abtest::analysis::{AnalysisInput, analyze};
use toolcat::abtest::arms::{ArmStats, PerArm};
use toolcat::abtest::assignment::{
    BucketRange, Split, bucket, bucket_ranges, choose_variation, equal_weights,
};
use toolcat::abtest::bayes::success_belief;
use toolcat::abtest::decide::{Situation, Verdict};
use toolcat::abtest::evidence::{Guardrail, Metric, TestPlan};
use toolcat::abtest::health::{HealthCounts, chi_square, sequential_check};
use toolcat::abtest::moments::{Moments, UnitSums};
use toolcat::abtest::multiple::holm;
use toolcat::abtest::plan::{Target, detectable_ratio, detectable_ratio_normal, size_for_rates};
use toolcat::abtest::proportions::{Proportion, fisher_exact, newcombe, pooled_z, wilson};
use toolcat::abtest::quantile::quantile_interval;
use toolcat::abtest::ratio::{Estimate, compare, ln_ratio};
use toolcat::abtest::sequence::ConfidenceSequence;
use toolcat::abtest::success::{CountedOutcome, ln_e_value, ln_ratio_interval, p_from_ln_e};
use toolcat::abtest::welch::welch;
use toolcat::statistics::benjamini_hochberg;
use toolcat::statistics::special::normal_quantile_upper;

fn fixture(name: &str) -> Option<Value> {
    let folder = match std::env::var_os("TOOLCAT_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
    };
    let text = std::fs::read_to_string(folder.join("fixtures").join(name)).ok()?;
    Some(serde_json::from_str(&text).expect("the fixture is JSON"))
}

fn cases(kind: &str) -> Vec<Value> {
    let cases = fixture("stats_cases.json").map(|mut file| file["cases"].take());
    let is = |case: &Value| case["area"] == "abtest" && case["kind"] == kind;
    cases
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter(|case| is(case))
        .cloned()
        .collect()
}

fn f(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

fn n(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is not a count"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(f).collect()
}

fn split_of(weight_b: f64) -> Split {
    Split::from_share_of_a(weight_b).unwrap().swapped()
}

fn proportion(value: &Value) -> Proportion {
    Proportion {
        successes: n(&value["success"]),
        n: n(&value["n"]),
    }
}

fn moments(value: &Value) -> Moments {
    match value.as_array() {
        Some(_) => Moments::from_values(numbers(value)),
        None => Moments::from_sums(n(&value["n"]), f(&value["sum"]), f(&value["sum_squares"])),
    }
}

fn units(value: &Value) -> UnitSums {
    UnitSums::from_units(
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|unit| (f(&unit[0]), f(&unit[1]))),
    )
}

/// The hash that other systems use: arms of two experiments and the chi-square of their table.
fn independence(input: &Value) -> Value {
    let arm = |seed: &Value, i: u32| {
        usize::from(bucket(seed.as_str().unwrap(), &format!("exec-{i}")) >= 0.5)
    };
    let mut table = [[0u64; 2]; 2];
    for i in 0..10_000 {
        table[arm(&input["seedA"], i)][arm(&input["seedB"], i)] += 1;
    }
    json!({ "table": table })
}

fn computed(method: &str, input: &Value) -> Value {
    let alpha = input["alpha"].as_f64().unwrap_or(0.05);
    let (a, b) = (&input["a"], &input["b"]);
    if method.starts_with("Welch") {
        let test = welch(&moments(a), &moments(b), alpha).unwrap();
        json!({"diff": test.difference, "se": test.se, "t": test.t, "df": test.df, "p": test.p, "ci": [test.lower, test.upper]})
    } else if method.starts_with("ratio of means") {
        let of = |arm: &Value| Estimate::of_values(&moments(arm)).unwrap();
        let test = ln_ratio(of(a), of(b), alpha).unwrap();
        json!({"ratio": test.difference.exp(), "se_log": test.se, "z": test.z, "p": test.p, "ci": [test.lower.exp(), test.upper.exp()]})
    } else if method.starts_with("two-proportion") {
        let (a, b, z) = (proportion(a), proportion(b), normal_quantile_upper(0.025));
        let (z_pooled, p_pooled) = pooled_z(a, b).unzip();
        json!({"z_pooled": z_pooled, "p_pooled": p_pooled, "fisher_p": fisher_exact(a, b),
            "newcombe_ci_diff_b_minus_a": newcombe(a, b, z), "wilson_a": wilson(a, z), "wilson_b": wilson(b, z)})
    } else if method.starts_with("SRM chi-square") {
        let counts: Vec<u64> = input["counts"].as_array().unwrap().iter().map(n).collect();
        let test = chi_square(&counts, &numbers(&input["weights"]));
        json!({"chi2": test.statistic, "p": test.p})
    } else if method.starts_with("anytime-valid SRM") {
        let counts = PerArm {
            a: n(&input["count_a"]),
            b: n(&input["count_b"]),
        };
        let split = split_of(f(&input["weight_b"]));
        let ln_e = ln_e_value(counts.a as f64, counts.b as f64, split, f(&input["k"]));
        if f(&input["k"]) == 100.0 {
            assert_eq!(sequential_check(counts, split).ln_e, ln_e);
        }
        json!({"ln_e": ln_e, "p": p_from_ln_e(ln_e)})
    } else if method.starts_with("exact anytime-valid") {
        let (a, b, k) = (f(&input["fail_a"]), f(&input["fail_b"]), f(&input["k"]));
        let split = split_of(f(&input["weight_b"]));
        let ln_e = ln_e_value(a, b, split, k);
        let (lower, upper) = ln_ratio_interval(a, b, split, k, alpha);
        json!({"ln_e": ln_e, "p": p_from_ln_e(ln_e), "cs_failure_ratio": [lower.exp(), upper.exp()]})
    } else if method.starts_with("asymptotic") {
        let (estimate, se, total) = match a.as_object() {
            None => (f(&input["estimate"]), f(&input["se"]), f(&input["n_total"])),
            Some(_) => {
                let rate = |arm: &Value| (f(&arm["success"]) / f(&arm["n"]), f(&arm["n"]));
                let ((a, n_a), (b, n_b)) = (rate(a), rate(b));
                let variance =
                    b * (1.0 - b) / (n_b * a * a) + a * (1.0 - a) * b * b / (n_a * a.powi(4));
                ((b - a) / a, variance.sqrt(), n_a + n_b)
            }
        };
        let sequence = ConfidenceSequence {
            alpha,
            planned: f(&input["n_star"]),
        };
        let half = sequence.half_width(se, total);
        json!({"estimate": estimate, "se": se, "rho": sequence.rho_squared().sqrt(), "halfwidth": half,
            "ci": [estimate - half, estimate + half], "p": sequence.p_value(estimate, se, total)})
    } else if method.starts_with("n per arm") {
        let target = Target {
            alpha,
            power: f(&input["power"]),
        };
        let size = size_for_rates(
            f(&input["p_a"]),
            f(&input["p_b"]),
            f(&input["ratio"]),
            target,
        )
        .unwrap();
        json!({"n_a": size.fixed_a, "n_a_ceil": size.fixed_a.ceil(), "n_b_ceil": size.fixed_b.ceil(),
            "statsmodels_samplesize_proportions_2indep_onetail": size.fixed_a})
    } else if method.starts_with("minimum detectable") {
        let target = Target {
            alpha,
            power: f(&input["power"]),
        };
        let (arm, sd) = (f(&input["n_per_arm"]), f(&input["sd_log"]));
        json!({"mde_ratio": detectable_ratio(arm, arm, sd, target), "mde_ratio_normal": detectable_ratio_normal(arm, arm, sd, target)})
    } else if method.starts_with("adjusted p") {
        let p = numbers(&input["p"]);
        json!({"adjusted": if input["method"] == "holm" { holm(&p) } else { benjamini_hochberg(&p) }})
    } else if method.starts_with("P(pB>pA)") {
        let belief = success_belief(proportion(a), proportion(b));
        json!({"prob_b_beats_a": belief.prob_b_better, "expected_loss_b": belief.expected_loss_b})
    } else if method.starts_with("unit of assignment") {
        let of = |arm: &Value| Estimate::of_units(&units(arm)).unwrap();
        let (a, b) = (of(&input["units_a"]), of(&input["units_b"]));
        let test = compare(a, b, alpha);
        json!({"mean_a": a.mean, "mean_b": b.mean, "var_a": a.squared_error, "var_b": b.squared_error, "z": test.z, "p": test.p})
    } else if method.starts_with("distribution-free") {
        let mut values = numbers(&input["x"]);
        values.sort_by(f64::total_cmp);
        let interval = quantile_interval(&values, f(&input["q"]), 0.95).unwrap();
        json!({"estimate": interval.estimate, "ci": [interval.lower, interval.upper]})
    } else if method.starts_with("two experiments") {
        independence(input)
    } else if method.starts_with("non-ASCII") {
        let of = |id: &Value| bucket(input["seed"].as_str().unwrap(), id.as_str().unwrap());
        json!({"utf16_code_units": input["values"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()})
    } else {
        panic!("no function for the method {method:?}")
    }
}

fn agree(path: &str, got: &Value, expected: &Value, tolerance: f64) {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            for (key, value) in got {
                if let Some(expected) = expected.get(key) {
                    agree(&format!("{path}.{key}"), value, expected, tolerance);
                }
            }
        }
        (Value::Array(got), Value::Array(expected)) => {
            assert_eq!(got.len(), expected.len(), "{path}");
            got.iter()
                .zip(expected)
                .for_each(|(got, expected)| agree(path, got, expected, tolerance));
        }
        _ => {
            let (got, expected) = (f(got), f(expected));
            // tiny values are compared relatively too, so that a tail that underflows is noticed
            let slack =
                tolerance * expected.abs() + if expected.abs() < 1e-9 { 0.0 } else { 1e-12 };
            assert!(
                (got - expected).abs() <= slack,
                "{path}: {got} is not {expected}"
            );
        }
    }
}

#[test]
fn numeric_cases_agree() {
    for case in cases("numeric") {
        let id = case["id"].as_str().unwrap();
        let got = computed(case["method"].as_str().unwrap(), &case["input"]);
        let known = got
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| case["expected"].get(key).is_some())
            .count();
        assert!(known > 0, "{id}: nothing compared");
        let tolerance = f(&case["rel_tol"]).max(1e-12);
        agree(id, &got, &case["expected"], tolerance);
    }
}

fn scenario_arm(value: &Value) -> ArmStats {
    let (n_total, success) = (n(&value["n"]), n(&value["success"]));
    let times = value["times"]
        .as_array()
        .map(|_| numbers(&value["times"]))
        .unwrap_or_default();
    ArmStats {
        records: n_total,
        failures: n_total - success,
        ln_time: Moments::from_values(times.into_iter().map(f64::ln)),
        ..ArmStats::default()
    }
}

#[test]
fn scenarios_are_decided_as_described() {
    for case in cases("scenario") {
        let (id, input, expected) = (
            case["id"].as_str().unwrap(),
            &case["input"],
            &case["expected"],
        );
        if !input["a"].is_object() {
            continue;
        }
        let weights = numbers(&input["weights"]);
        let guardrails =
            input["guardrails"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, margin)| Guardrail {
                    metric: name.split('_').next().unwrap().parse().unwrap(),
                    margin: f(margin),
                });
        let arms = PerArm {
            a: scenario_arm(&input["a"]),
            b: scenario_arm(&input["b"]),
        };
        let plan = TestPlan {
            split: Split {
                a: weights[0],
                b: weights[1],
            },
            confidence: 0.95,
            primaries: vec![input["primary"].as_str().unwrap().parse().unwrap()],
            guardrails: guardrails.collect(),
            counted: CountedOutcome::Failures,
            planned: arms.a.records + arms.b.records,
            minimum_duration_s: 0.0,
        };
        let look = |plan: &TestPlan, arms: PerArm<ArmStats>| {
            let counts = HealthCounts {
                assigned: arms.map(|arm| arm.records),
                ..HealthCounts::default()
            };
            analyze(&AnalysisInput {
                plan,
                arms,
                counts,
                situation: Situation::default(),
                smallest_p: &[],
            })
        };
        let analysis = look(&plan, arms);
        let winner = analysis.decision.verdict.winner().map(|arm| arm.as_str());
        println!("{id}: {}", analysis.decision.sentence);
        for clause in &analysis.decision.clauses {
            println!("  {} {}", clause.holds, clause.detail);
        }
        if let Some(expected) = expected.get("winner") {
            assert_eq!(winner, expected.as_str(), "{id}: {analysis:#?}");
        }
        if let Some(not) = expected.get("winner_not") {
            assert_ne!(winner, not.as_str(), "{id}");
        }
        if let Some(text) = expected["must_report"].as_str() {
            assert_eq!(analysis.decision.verdict, Verdict::Invalid, "{id}");
            assert!(analysis.decision.sentence.contains(text), "{id}");
        }
        if let Some(p) = expected.get("srm_p") {
            agree(id, &json!(analysis.health.srm_chi_square.p), p, 1e-6);
        }
        if let Some(ln_e) = expected.get("ln_e_failures") {
            let success = analysis
                .metrics
                .iter()
                .find(|report| report.metric == Metric::Success)
                .unwrap();
            agree(id, &json!(success.ln_e), ln_e, 1e-6);
        }
        if let Some(interval) = expected.get("newcombe") {
            let success = analysis
                .metrics
                .iter()
                .find(|report| report.metric == Metric::Success)
                .unwrap();
            let one_look = success.difference.unwrap().one_look;
            agree(id, &json!([one_look.lower, one_look.upper]), interval, 1e-6);
        }
        let mirrored = look(&plan.swapped(), arms.swapped());
        assert_eq!(
            mirrored.decision.verdict,
            analysis.decision.verdict.swapped(),
            "{id}"
        );
    }
}

#[test]
fn published_hash_vectors_agree() {
    let Some(file) = fixture("growthbook_hash_cases.json") else {
        return;
    };
    for case in file["hash"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case[2] == 2)
    {
        assert_eq!(
            bucket(case[0].as_str().unwrap(), case[1].as_str().unwrap()),
            f(&case[3]),
            "{case}"
        );
    }
    for case in file["getBucketRange"].as_array().unwrap() {
        let [arms, coverage, weights] = [0, 1, 2].map(|i| &case[1][i]);
        let bad_split = weights.as_array().is_some_and(|weights| {
            let sum: f64 = weights.iter().map(f).sum();
            (sum - 1.0).abs() > 0.01 || weights.len() as u64 != n(arms)
        });
        let weights = if weights.is_null() {
            equal_weights(n(arms) as usize)
        } else {
            numbers(weights)
        };
        let ranges = bucket_ranges(f(coverage), &weights);
        if bad_split {
            // the reference falls back to equal shares; here a bad split is an error
            assert!(ranges.is_err() || weights.len() as u64 != n(arms), "{case}");
            continue;
        }
        let ranges: Vec<[f64; 2]> = ranges
            .unwrap()
            .iter()
            .map(|range| [range.start, range.end])
            .collect();
        agree(&case[0].to_string(), &json!(ranges), &case[2], 1e-12);
    }
    for case in file["chooseVariation"].as_array().unwrap() {
        let range = |range: &Value| BucketRange {
            start: f(&range[0]),
            end: f(&range[1]),
        };
        let ranges: Vec<BucketRange> = case[2].as_array().unwrap().iter().map(range).collect();
        let chosen = choose_variation(f(&case[1]), &ranges).map_or(-1, |index| index as i64);
        assert_eq!(json!(chosen), case[3], "{case}");
    }
    for case in file["getEqualWeights"].as_array().unwrap() {
        let weights = equal_weights(case[0].as_u64().unwrap_or(0) as usize);
        agree("equal weights", &json!(weights), &case[1], 1e-7);
    }
}
