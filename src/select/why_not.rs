//! Why a tool is not the answer, and what would make it so.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Choice, SetAside};
use super::crossover::{Crossover, crossovers, variables};
use super::policy::Lift;
use super::{Candidate, Mode, Pool, Request, Weights};
use crate::definition::{Identity, ToolRef};

/// How a tool stands in an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhyNot {
    /// The tool, as it was asked for.
    pub tool: String,
    /// Where it stands.
    pub standing: Standing,
    /// Why it is not a candidate; empty if it is one.
    pub absence: Vec<String>,
    /// Its best pattern in the ranking, with its place from 1.
    pub best: Option<Placed>,
    /// How far that one is behind the answer; none if it is the answer.
    pub gap: Option<f64>,
    /// Each feature's part of the gap; positive where the answer is better.
    pub parts: Vec<Part>,
    /// Its patterns that were set aside.
    pub set_aside: Vec<SetAside>,
    /// What the caller could change so that they are not.
    pub remedies: Vec<Remedy>,
    /// The preferences with which it would win.
    pub modes: Vec<Mode>,
    /// The values of context variables at which it begins to win.
    pub crossovers: Vec<Crossover>,
}

/// Where a tool stands in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is the answer.
    Chosen,
    /// It is in the ranking, behind the answer.
    Behind,
    /// Every pattern of it was set aside.
    SetAside,
    /// It is not a candidate.
    NoCandidate,
}

/// A choice and its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// Its place, from 1.
    pub rank: usize,
    /// The choice.
    pub choice: Choice,
}

/// One feature's part of a gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The feature: time, cost, complexity, accuracy, completeness, reliability or relevance.
    pub feature: String,
    /// What the answer gains by it over the tool.
    pub gap: f64,
    /// The value of the feature with which the tool would draw level, all else equal; none if
    /// even the best value would not do.
    pub needed: Option<f64>,
}

/// A change of the request that lifts a hard rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remedy {
    /// What of the request has to be changed.
    pub lifts: Vec<Lift>,
    /// The tool's place in the ranking with it; none if another rule still keeps it out.
    pub rank: Option<usize>,
}

/// Explains a tool's standing.
pub fn why_not(request: &Request, pool: &Pool, answer: &Answer, tool: &ToolRef) -> WhyNot {
    let is_tool = |choice: &Choice| {
        tool.matches(&Identity {
            platform: choice.platform.clone(),
            name: choice.tool.clone(),
            version: choice.version.clone(),
        })
    };
    let wins = |asked: &Request| {
        pool.answer(asked)
            .ok()
            .and_then(|answer| answer.answer)
            .is_some_and(|best| is_tool(&best))
    };
    let best = placed(answer, &is_tool);
    let set_aside = set_aside(answer, tool);
    let standing = match &best {
        Some(placed) if placed.rank == 1 => Standing::Chosen,
        Some(_) => Standing::Behind,
        None if !set_aside.is_empty() => Standing::SetAside,
        None => Standing::NoCandidate,
    };
    let behind = matches!(standing, Standing::Behind | Standing::SetAside);
    let leader = answer.answer.as_ref();
    let (gap, parts) = match (&best, leader) {
        (Some(placed), Some(leader)) if standing == Standing::Behind => (
            Some(leader.value() - placed.choice.value()),
            parts(leader, &placed.choice, answer.weights, request),
        ),
        _ => (None, Vec::new()),
    };
    let remedies = if standing == Standing::Chosen {
        Vec::new()
    } else {
        remedies(request, pool, &set_aside, &is_tool)
    };
    let modes = match behind && request.weights.is_none() {
        true => winning_modes(request, wins),
        false => Vec::new(),
    };
    let crossovers = if behind {
        variables(pool.candidates())
            .iter()
            .flat_map(|name| crossovers(request, name, pool, wins))
            .collect()
    } else {
        Vec::new()
    };
    WhyNot {
        tool: tool.to_string(),
        standing,
        absence: Vec::new(),
        best,
        gap,
        parts,
        set_aside,
        remedies,
        modes,
        crossovers,
    }
}

/// The tool's patterns that were set aside.
fn set_aside(answer: &Answer, tool: &ToolRef) -> Vec<SetAside> {
    let is_tool = |it: &&SetAside| {
        tool.matches(&Identity {
            platform: it.platform.clone(),
            name: it.tool.clone(),
            version: it.version.clone(),
        })
    };
    answer.set_aside.iter().filter(is_tool).cloned().collect()
}

/// The other modes with which the tool would win.
fn winning_modes(request: &Request, wins: impl Fn(&Request) -> bool) -> Vec<Mode> {
    let others = Mode::ALL.into_iter().filter(|mode| *mode != request.mode);
    let with = |mode: Mode| Request {
        mode,
        ..request.clone()
    };
    others.filter(|mode| wins(&with(*mode))).collect()
}

fn placed(answer: &Answer, is_tool: &impl Fn(&Choice) -> bool) -> Option<Placed> {
    let at = answer.ranking.iter().position(is_tool)?;
    Some(Placed {
        rank: at + 1,
        choice: answer.ranking.get(at)?.clone(),
    })
}

/// The features' parts of the gap, the largest first.
fn parts(leader: &Choice, choice: &Choice, weights: Weights, request: &Request) -> Vec<Part> {
    let gap = leader.score - choice.score;
    let share = match choice.learned {
        Some(learned) => 1.0 - learned.reliability_weight,
        None => 1.0,
    };
    let mut parts: Vec<Part> = Weights::FEATURES
        .iter()
        .zip(weights.to_array())
        .zip(
            leader
                .contributions
                .to_array()
                .into_iter()
                .zip(choice.contributions.to_array()),
        )
        .zip(choice.features.to_array())
        .map(|(((feature, weight), (theirs, own)), value)| {
            let needed = value + gap / (weight * share);
            Part {
                feature: (*feature).to_owned(),
                gap: theirs - own,
                needed: (choice.relevance.is_none() && (0.0..=1.0).contains(&needed))
                    .then_some(needed),
            }
        })
        .collect();
    if let (Some(theirs), Some(own)) = (leader.learned, choice.learned) {
        parts.push(Part {
            feature: "reliability".to_owned(),
            gap: theirs.reliability_contribution - own.reliability_contribution,
            needed: None,
        });
    }
    if let (Some(theirs), Some(own)) = (&leader.relevance, &choice.relevance) {
        // By words the score counts for what relevance leaves.
        for part in &mut parts {
            part.gap *= 1.0 - request.relevance_weight;
        }
        parts.push(Part {
            feature: "relevance".to_owned(),
            gap: request.relevance_weight * (theirs.relevance - own.relevance),
            needed: None,
        });
    }
    parts.sort_by(|a, b| b.gap.total_cmp(&a.gap));
    parts
}

/// The flags that lift the rules by which the tool's patterns were set aside, one by one and, where
/// there are several, together.
fn remedies(
    request: &Request,
    pool: &Pool,
    set_aside: &[SetAside],
    is_tool: &impl Fn(&Choice) -> bool,
) -> Vec<Remedy> {
    let mut remedies: Vec<Remedy> = Vec::new();
    for aside in set_aside {
        let Some(candidate) = pool.candidates().find(|it| is_of(it, aside)) else {
            continue;
        };
        let mut asked = request.clone();
        let mut lifts = Vec::new();
        // Lifting one rule can show another; there are fewer kinds than this.
        for _ in 0..8 {
            let Err(reason) = super::answer::assess(&asked, candidate, asked.weights()) else {
                break;
            };
            let found: Vec<Lift> = reason.lifts.into_iter().filter(can_be_applied).collect();
            if found.is_empty() {
                break;
            }
            for lift in &found {
                apply(&mut asked, lift);
            }
            lifts.extend(found);
        }
        if lifts.is_empty() || remedies.iter().any(|it| it.lifts == lifts) {
            continue;
        }
        let rank = pool
            .answer(&asked)
            .ok()
            .and_then(|answer| placed(&answer, is_tool))
            .map(|placed| placed.rank);
        remedies.push(Remedy { lifts, rank });
    }
    remedies
}

fn is_of(candidate: &Candidate, aside: &SetAside) -> bool {
    (
        &candidate.tool,
        &candidate.platform,
        &candidate.capability,
        &candidate.pattern,
    ) == (
        &aside.tool,
        &aside.platform,
        &aside.capability,
        &aside.pattern,
    )
}

/// Whether it is known which value would do: which one a variable has is for the caller to say.
fn can_be_applied(lift: &Lift) -> bool {
    !matches!(lift, Lift::Context(_))
}

/// Changes the request as the lift says.
fn apply(request: &mut Request, lift: &Lift) {
    match lift {
        Lift::MaxCost(cost) => request.max_cost = Some(*cost),
        Lift::MaxTime(ms) => request.max_time_ms = Some(*ms),
        Lift::Unsafe => request.allow_unsafe = true,
        Lift::Environment(name) => request.environment.clone_from(name),
        Lift::Permission(name) => request.permissions.push(name.clone()),
        Lift::Interactive => request.interactive = true,
        Lift::Context(_) => {}
    }
}
