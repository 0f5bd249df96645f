//! At which value of a context variable a tool begins to win: searched for numerically, since the
//! estimates are expressions of any shape and every other candidate moves as well.
//!
//! The selection itself is run at points on a logarithmic grid on both sides of the present value. Between
//! the nearest two that differ, bisection closes in until no number lies between them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::estimate::assume;
use super::{Candidate, Pool, Request};

/// Exponents of ten between which a value is searched for.
const DECADES: std::ops::RangeInclusive<i32> = -3..=9;

/// Points per decade.
const PER_DECADE: i32 = 16;

/// Candidates beyond which the grid is thinned, so that a large pool takes no longer.
const MANY: usize = 200;

/// Which way the variable must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It wins above the value.
    Above,
    /// It wins below the value.
    Below,
}

/// A value of a variable at which the answer becomes the tool in question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crossover {
    /// The variable.
    pub variable: String,
    /// Its value in the request; none if it has none.
    pub now: Option<f64>,
    /// Beyond this value the tool wins.
    pub value: f64,
    /// On which side of it.
    pub direction: Direction,
    /// The nearest value to it, on the side of the request, at which the tool does not win.
    pub loses_at: f64,
    /// The nearest value to it, on the other side, at which the tool wins.
    pub wins_at: f64,
    /// Where, further on, it ceases to win again.
    pub until: Option<f64>,
}

/// The variables of the candidates' expressions, in byte order.
pub fn variables<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Vec<String> {
    let mut names = BTreeSet::new();
    for candidate in candidates {
        if let Ok(expressions) = candidate.expressions() {
            names.extend(expressions.variables().map(str::to_owned));
        }
    }
    names.into_iter().collect()
}

/// The crossovers of one variable: the nearest above its present value and the nearest below, where
/// there are any. `wins` says whether the answer to a request is the tool in question.
pub fn crossovers(
    request: &Request,
    variable: &str,
    pool: &Pool,
    wins: impl Fn(&Request) -> bool,
) -> Vec<Crossover> {
    let now = request.context.get(variable);
    let wins_with = |value: f64| {
        let mut asked = request.clone();
        asked.context.set(variable, value);
        wins(&asked)
    };
    let grid = grid(pool.candidates().count());
    let assumed = || {
        let mut candidates = pool.candidates();
        let user = candidates.find(|it| {
            variables(std::iter::once(*it))
                .iter()
                .any(|it| it == variable)
        });
        user.map(|it| assume(it, variable).value)
    };
    let start = now
        .or_else(|| (!request.is_strict()).then(assumed).flatten())
        .unwrap_or(0.0);
    let above: Vec<f64> = grid.iter().copied().filter(|it| *it > start).collect();
    let below: Vec<f64> = grid
        .iter()
        .rev()
        .copied()
        .filter(|it| *it < start)
        .collect();
    let mut found = Vec::new();
    for (points, direction) in [(above, Direction::Above), (below, Direction::Below)] {
        let mut last = start;
        let mut points = points.into_iter();
        let Some(first) = points.by_ref().find(|point| {
            let here = wins_with(*point);
            if !here {
                last = *point;
            }
            here
        }) else {
            continue;
        };
        if wins_with(last) {
            continue;
        }
        let (loses_at, wins_at) = bisect(last, first, &wins_with);
        let mut still = first;
        let until = points
            .find(|point| {
                let here = wins_with(*point);
                if here {
                    still = *point;
                }
                !here
            })
            .map(|lost| {
                let (lost, won) = bisect(lost, still, &wins_with);
                simplest(lost, won)
            });
        found.push(Crossover {
            variable: variable.to_owned(),
            now,
            value: simplest(loses_at, wins_at),
            direction,
            loses_at,
            wins_at,
            until,
        });
    }
    found
}

fn grid(candidates: usize) -> Vec<f64> {
    let step = if candidates > MANY { 4 } else { 1 };
    let mut points = vec![0.0];
    for decade in DECADES {
        for part in (0..PER_DECADE).step_by(step) {
            points.push(10f64.powf(f64::from(decade) + f64::from(part) / f64::from(PER_DECADE)));
        }
    }
    points
}

/// Closes in on the change between a value that loses and one that wins, until they are neighbours
/// or cannot be told apart by people.
fn bisect(mut loses: f64, mut wins: f64, wins_with: &impl Fn(f64) -> bool) -> (f64, f64) {
    const ENOUGH: f64 = 1e-13;
    for _ in 0..200 {
        let middle = loses + (wins - loses) / 2.0;
        let near = (wins - loses).abs() <= ENOUGH * wins.abs().max(loses.abs());
        if near || middle == loses || middle == wins {
            break;
        }
        if wins_with(middle) {
            wins = middle;
        } else {
            loses = middle;
        }
    }
    (loses, wins)
}

/// The number with the fewest digits from one to the other.
fn simplest(a: f64, b: f64) -> f64 {
    let (low, high) = (a.min(b), a.max(b));
    for decimals in 0..17 {
        let scale = 10f64.powi(decimals);
        let candidate = (high * scale).floor() / scale;
        if (low..=high).contains(&candidate) {
            return candidate;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simplest_number_between_two_has_the_fewest_digits() {
        assert_eq!(simplest(1799.99999, 1800.00001), 1800.0);
        assert_eq!(simplest(0.33329, 0.33341), 0.3334);
        assert_eq!(simplest(2.0, 2.0), 2.0);
    }

    #[test]
    fn bisection_ends_at_the_change() {
        let (loses, wins) = bisect(1.0, 1e6, &|x| x > 1840.25);
        assert!(loses <= 1840.25 && wins > 1840.25 && wins - loses < 1e-9);
    }
}
