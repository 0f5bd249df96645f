//! The whole selection: from a request and candidates to a ranking with its reasons.

use serde::{Deserialize, Serialize};

use super::ambiguity::{MARGIN, clarifying_question, gap, is_open};
use super::estimate::{Assumed, estimate};
use super::learned::{Learned, RELIABILITY_WEIGHT};
use super::normalise::{Features, features};
use super::policy::{self, Permit, Reason};
use super::score::{contributions, order, total};
use super::search::{Blocked, Relevance, Retrieval};
use super::{Candidate, Mode, Request, Scoring, Weights};

/// What a selection found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The preference in force.
    pub mode: Mode,
    /// The weights in force.
    pub weights: Weights,
    /// The best choice.
    pub answer: Option<Choice>,
    /// Whether the two best are too close to call.
    pub ambiguous: bool,
    /// By how much the best leads; none if there is no second.
    pub score_gap: Option<f64>,
    /// What to ask the user if it is ambiguous.
    pub clarifying_question: Option<String>,
    /// Every eligible choice, best first.
    pub ranking: Vec<Choice>,
    /// Every candidate that is not eligible, with the reason.
    pub set_aside: Vec<SetAside>,
    /// How many candidates there were.
    pub candidates: usize,
    /// Whether the answer may well be wrong: its relevance is low; only by words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// The best match, if it is set aside; only by words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
    /// What was made of the request's words; only where they decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<Retrieval>,
}

/// One eligible choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The tool's name.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// The version of its definition.
    pub version: String,
    /// The capability.
    pub capability: String,
    /// The way of using it.
    pub pattern: String,
    /// The score, 0 to 1.
    pub score: f64,
    /// The features, 0 to 1 each.
    pub features: Features,
    /// Each feature's part in the score.
    pub contributions: Features,
    /// Expected time, in milliseconds.
    pub estimated_time_ms: f64,
    /// Expected cost.
    pub estimated_cost: f64,
    /// How it must be run.
    pub execution_mode: ExecutionMode,
    /// How soon it answers.
    pub sla_class: SlaClass,
    /// Whether a person must approve it.
    pub requires_approval: bool,
    /// Why a person must approve it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approval_reasons: Vec<String>,
    /// Why it runs in the background.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background_reasons: Vec<String>,
    /// Values that its estimates took because none was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<Assumed>,
    /// Whether it is for another operating system than the asker's.
    #[serde(default, skip_serializing_if = "is_false")]
    pub away: bool,
    /// How relevant it is to the request's words; only where they decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevance: Option<Relevance>,
    /// What telemetry changed; only where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Choice {
    /// What it is ranked by: the score, or by words score and relevance combined.
    pub fn value(&self) -> f64 {
        self.relevance.as_ref().map_or(self.score, |it| it.combined)
    }

    /// Its name for messages: `platform/tool@version capability pattern`.
    pub fn label(&self) -> String {
        format!(
            "{}/{}@{} {} {}",
            self.platform, self.tool, self.version, self.capability, self.pattern
        )
    }
}

/// A candidate that is not eligible.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetAside {
    /// The tool's name.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// The version of its definition.
    pub version: String,
    /// The capability.
    pub capability: String,
    /// The way of using it.
    pub pattern: String,
    /// Why.
    pub reason: Reason,
}

/// How a choice must be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionMode {
    /// A person must approve it first.
    ApprovalRequired,
    /// It runs in the background.
    Background,
    /// It may run at once.
    Immediate,
}

impl ExecutionMode {
    /// The name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            ExecutionMode::ApprovalRequired => "approval_required",
            ExecutionMode::Background => "background",
            ExecutionMode::Immediate => "immediate",
        }
    }
}

/// How soon a choice answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlaClass {
    /// Under one second.
    Interactive,
    /// Under ten seconds.
    Batch,
    /// Ten seconds or more.
    Background,
}

impl SlaClass {
    /// The class of an expected time in milliseconds.
    pub fn of(time_ms: f64) -> Self {
        if time_ms < 1000.0 {
            SlaClass::Interactive
        } else if time_ms < 10_000.0 {
            SlaClass::Batch
        } else {
            SlaClass::Background
        }
    }

    /// The name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            SlaClass::Interactive => "interactive",
            SlaClass::Batch => "batch",
            SlaClass::Background => "background",
        }
    }
}

impl SetAside {
    /// A candidate that is set aside for that reason.
    pub fn of(candidate: &Candidate, reason: Reason) -> Self {
        Self {
            tool: candidate.tool.clone(),
            platform: candidate.platform.clone(),
            version: candidate.version.clone(),
            capability: candidate.capability.clone(),
            pattern: candidate.pattern.clone(),
            reason,
        }
    }
}

/// Ranks the candidates for the request. The order in which they come does not matter.
pub fn select(request: &Request, candidates: &[Candidate]) -> Answer {
    let weights = request.weights();
    let mut ranking = Vec::with_capacity(candidates.len());
    let mut set_aside = Vec::new();
    for candidate in candidates {
        match assess(request, candidate, weights) {
            Ok(choice) => ranking.push(choice),
            Err(reason) => set_aside.push(SetAside::of(candidate, reason)),
        }
    }
    ranking.sort_by(order);
    set_aside.sort_by(set_aside_order);
    conclude(request, weights, ranking, set_aside, candidates.len())
}

/// By name, platform, capability, pattern and version, in byte order.
pub(super) fn set_aside_order(a: &SetAside, b: &SetAside) -> std::cmp::Ordering {
    fn key(it: &SetAside) -> [&str; 5] {
        [
            &it.tool,
            &it.platform,
            &it.capability,
            &it.pattern,
            &it.version,
        ]
    }
    key(a).cmp(&key(b))
}

/// The answer that a finished ranking gives.
pub fn conclude(
    request: &Request,
    weights: Weights,
    ranking: Vec<Choice>,
    set_aside: Vec<SetAside>,
    candidates: usize,
) -> Answer {
    let score_gap = gap(&ranking);
    let ambiguous = match (&ranking[..], score_gap) {
        ([best, second, ..], Some(gap)) => {
            gap < MARGIN
                && same_class(best, second)
                && (request.scoring == Scoring::Classic || is_open(best, second, weights))
        }
        _ => false,
    };
    let clarifying_question = match &ranking[..] {
        [best, second, ..] if ambiguous => clarifying_question(best, second),
        _ => None,
    };
    Answer {
        mode: request.mode,
        weights,
        answer: ranking.first().cloned(),
        ambiguous,
        score_gap,
        clarifying_question,
        ranking,
        set_aside,
        candidates,
        doubtful: false,
        blocked: None,
        retrieval: None,
    }
}

/// Whether the two compete at all: a tool of another operating system has no rival in one of the asker's;
/// by words, a tool that is named or relevant has none in one
/// that is not.
fn same_class(best: &Choice, second: &Choice) -> bool {
    if best.away != second.away {
        return false;
    }
    match (&best.relevance, &second.relevance) {
        (Some(best), Some(second)) => {
            (best.named, best.relevant) == (second.named, second.relevant)
        }
        _ => true,
    }
}

/// Estimates, policy, features and score of one candidate.
///
/// # Errors
/// The reason for setting it aside.
pub fn assess(
    request: &Request,
    candidate: &Candidate,
    weights: Weights,
) -> Result<Choice, Reason> {
    let (expected, assumed) = estimate(candidate, request)?;
    let lesson = request
        .learned
        .then(|| candidate.lesson.unwrap_or_default());
    let estimate = match &lesson {
        Some(lesson) => lesson.correct(expected),
        None => expected,
    };
    let permit = policy::check(candidate, &estimate, request)?;
    let features = features(candidate, &estimate, request.scoring);
    let mut contributions = contributions(features, weights);
    let mut score = total(contributions);
    let learned = lesson.map(|lesson| {
        for part in contributions.as_mut() {
            *part *= 1.0 - RELIABILITY_WEIGHT;
        }
        let learned = lesson.learned(expected);
        score = total(contributions) + learned.reliability_contribution;
        learned
    });
    Ok(Choice {
        tool: candidate.tool.clone(),
        platform: candidate.platform.clone(),
        version: candidate.version.clone(),
        capability: candidate.capability.clone(),
        pattern: candidate.pattern.clone(),
        score,
        features,
        contributions,
        estimated_time_ms: estimate.time_ms,
        estimated_cost: estimate.cost,
        execution_mode: execution_mode(&permit),
        sla_class: SlaClass::of(estimate.time_ms),
        requires_approval: !permit.approval.is_empty(),
        approval_reasons: permit.approval,
        background_reasons: permit.background,
        assumed,
        away: request.is_away(&candidate.platform),
        relevance: None,
        learned,
    })
}

fn execution_mode(permit: &Permit) -> ExecutionMode {
    if !permit.approval.is_empty() {
        ExecutionMode::ApprovalRequired
    } else if !permit.background.is_empty() {
        ExecutionMode::Background
    } else {
        ExecutionMode::Immediate
    }
}
