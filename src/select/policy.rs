//! The rules under which a candidate may be chosen, and how it must then be run.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::permission::holds;
use super::{Candidate, Request};

/// Longer than this, in milliseconds, a tool runs in the background.
pub const MAX_IMMEDIATE_MS: f64 = 5000.0;

/// Permissions whose use a person must approve.
pub const ELEVATED_PERMISSIONS: &[&str] = &["admin", "root", "sudo"];

/// Why a candidate is not in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The first rule that it breaks.
    pub kind: ReasonKind,
    /// Every rule that it breaks, in words.
    pub message: String,
    /// What of the request could be changed so that the rules it breaks no longer keep it out; none for rules
    /// of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifts: Vec<Lift>,
}

/// A change of the request that lifts a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change", content = "value")]
pub enum Lift {
    /// Accept this cost.
    MaxCost(f64),
    /// Accept this time, in milliseconds.
    MaxTime(f64),
    /// Accept what is not marked as safe in production.
    Unsafe,
    /// Ask for this environment.
    Environment(String),
    /// Hold this permission.
    Permission(String),
    /// Have somebody at a terminal.
    Interactive,
    /// Give this variable a value.
    Context(String),
}

/// The kinds of reasons for setting a candidate aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// A variable of its estimates has no value.
    MissingVariable,
    /// One of its expressions cannot be read.
    InvalidExpression,
    /// One of its expressions has no finite value here.
    InvalidEstimate,
    /// It costs more than the caller or its own policy allows.
    MaxCost,
    /// It takes longer than the caller allows.
    MaxTime,
    /// It is not safe in production.
    NotProductionSafe,
    /// It may not run in this environment.
    Environment,
    /// The caller lacks a permission.
    Permission,
    /// It needs somebody at a terminal, or runs until it is ended.
    Interactive,
    /// The program that it runs is not on this machine.
    NotInstalled,
}

impl ReasonKind {
    /// The name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            ReasonKind::MissingVariable => "missing_variable",
            ReasonKind::InvalidExpression => "invalid_expression",
            ReasonKind::InvalidEstimate => "invalid_estimate",
            ReasonKind::MaxCost => "max_cost",
            ReasonKind::MaxTime => "max_time",
            ReasonKind::NotProductionSafe => "not_production_safe",
            ReasonKind::Environment => "environment",
            ReasonKind::Permission => "permission",
            ReasonKind::Interactive => "interactive",
            ReasonKind::NotInstalled => "not_installed",
        }
    }
}

/// How a candidate must be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// Why a person must approve it; empty if nobody must.
    pub approval: Vec<String>,
    /// Why it runs in the background; empty if it may run at once.
    pub background: Vec<String>,
}

/// Applies the hard rules, then the soft ones.
///
/// # Errors
/// The reason, where a hard rule is broken.
pub fn check(
    candidate: &Candidate,
    estimate: &Estimate,
    request: &Request,
) -> Result<Permit, Reason> {
    let broken = broken_rules(candidate, estimate, request);
    if let Some(first) = broken.first() {
        let messages: Vec<&str> = broken.iter().map(|it| it.text.as_str()).collect();
        return Err(Reason {
            kind: first.kind,
            message: messages.join("; "),
            lifts: broken.iter().flat_map(|it| it.lifts.clone()).collect(),
        });
    }
    Ok(Permit {
        approval: approval(candidate),
        background: background(candidate, estimate, request),
    })
}

/// A rule that keeps a candidate out.
struct Broken {
    kind: ReasonKind,
    text: String,
    lifts: Vec<Lift>,
}

fn broken_rules(candidate: &Candidate, estimate: &Estimate, request: &Request) -> Vec<Broken> {
    let policy = &candidate.policy;
    let environment = request.environment.as_str();
    let mut broken = Vec::new();
    let mut add = |kind, text, lifts| broken.push(Broken { kind, text, lifts });
    if let Some(max) = request.max_cost.filter(|max| estimate.cost > *max) {
        let text = format!("costs {}, over the limit of {max}", estimate.cost);
        let own = policy.max_cost.is_some_and(|max| estimate.cost > max);
        let lift = (!own).then_some(Lift::MaxCost(estimate.cost));
        add(ReasonKind::MaxCost, text, lift.into_iter().collect());
    }
    if let Some(max) = policy.max_cost.filter(|max| estimate.cost > *max) {
        let text = format!("costs {}, over its own max_cost of {max}", estimate.cost);
        add(ReasonKind::MaxCost, text, Vec::new());
    }
    if let Some(max) = request.max_time_ms.filter(|max| estimate.time_ms > *max) {
        let text = format!("takes {} ms, over the limit of {max} ms", estimate.time_ms);
        add(
            ReasonKind::MaxTime,
            text,
            vec![Lift::MaxTime(estimate.time_ms)],
        );
    }
    if !policy.production_safe && environment == "production" && !request.allow_unsafe {
        let text = "is not marked as safe in production".to_owned();
        add(ReasonKind::NotProductionSafe, text, vec![Lift::Unsafe]);
    }
    let allowed = &policy.allowed_environments;
    if !allowed.is_empty() && !allowed.iter().any(|it| it == environment) {
        let text = format!("runs only in {}, not in {environment}", allowed.join(", "));
        let first = allowed.first().cloned().map(Lift::Environment);
        add(ReasonKind::Environment, text, first.into_iter().collect());
    }
    let missing: Vec<&str> = policy
        .required_permissions
        .iter()
        .filter(|needed| !holds(&request.permissions, needed))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let text = format!("needs the permission {}", missing.join(" and "));
        let lifts = missing.iter().map(|it| Lift::Permission((*it).to_owned()));
        add(ReasonKind::Permission, text, lifts.collect());
    }
    let usage = &candidate.usage;
    if let Some(text) = usage.demand().filter(|_| !request.interactive) {
        add(
            ReasonKind::Interactive,
            text.to_owned(),
            vec![Lift::Interactive],
        );
    }
    if let Some(program) = &usage.not_installed {
        let text = format!("runs `{program}`, which is not on this machine");
        add(ReasonKind::NotInstalled, text, Vec::new());
    }
    broken
}

fn approval(candidate: &Candidate) -> Vec<String> {
    let mut reasons = Vec::new();
    if candidate.policy.requires_approval {
        reasons.push("its policy requires approval".to_owned());
    }
    let elevated: Vec<&str> = candidate
        .policy
        .required_permissions
        .iter()
        .map(String::as_str)
        .filter(|permission| ELEVATED_PERMISSIONS.contains(permission))
        .collect();
    if !elevated.is_empty() {
        reasons.push(format!(
            "it runs with the permission {}",
            elevated.join(" and ")
        ));
    }
    reasons
}

fn background(candidate: &Candidate, estimate: &Estimate, request: &Request) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(condition) = &candidate.policy.requires_background_if
        && estimate.background
    {
        reasons.push(format!("`{condition}` holds"));
    }
    if let (Some(n), Some(max)) = (request.context.get("N"), candidate.policy.max_n_immediate)
        && n > max
    {
        reasons.push(format!("N is {n}, above {max}"));
    }
    if estimate.time_ms > MAX_IMMEDIATE_MS {
        reasons.push(format!(
            "it takes {} ms, more than {MAX_IMMEDIATE_MS} ms",
            estimate.time_ms.round()
        ));
    }
    reasons
}
