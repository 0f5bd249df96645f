//! Statistics and decision of A/B tests between two versions of a tool: pure functions over sufficient
//! statistics, valid however often one looks.
//!
//! - [`assignment`]: which arm a unit belongs to.
//! - [`arms`], [`moments`]: what is summed up per arm; [`covariate`]: times at equal inputs.
//! - [`success`], [`sequence`]: the anytime-valid tests; [`welch`], [`ratio`], [`proportions`], [`quantile`],
//!   [`bayes`]: estimates and one-look tests shown beside them; [`multiple`]: adjusted p-values.
//! - [`health`]: whether the data can be trusted.
//! - [`evidence`], [`decide`]: the rule; [`analysis`]: the whole answer at one look.
//! - [`plan`], [`simulate`]: how many records a test needs, and what the rule does on made-up or replayed streams.

pub mod analysis;
pub mod arms;
pub mod assignment;
pub mod bayes;
pub mod covariate;
pub mod decide;
pub mod evidence;
pub mod health;
pub mod moments;
pub mod multiple;
pub mod plan;
pub mod proportions;
pub mod quantile;
pub mod ratio;
mod sentence;
pub mod sequence;
pub mod simulate;
pub mod success;
pub mod welch;

pub use analysis::{Analysis, AnalysisInput, analyze};
pub use arms::{ArmStats, Execution, PerArm, UnitStats};
pub use assignment::{Allocation, ArmLabel, AssignmentError, Placement, Split};
pub use decide::{Clause, ClauseKind, Decision, Situation, Verdict};
pub use evidence::{Guardrail, Metric, TestPlan};
pub use health::{Health, HealthCounts};
