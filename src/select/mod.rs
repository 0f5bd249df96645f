//! The choice of a tool, as pure functions from a request and candidates to an answer.
//!
//! The steps, each in its own file: the preference ([`preference`]), the candidates
//! ([`candidate`], [`retrieval`]), their estimates ([`estimate`](mod@estimate)), the policy
//! ([`policy`]), the features ([`normalise`]), the score ([`score`]), ambiguity ([`ambiguity`]) and
//! the [`answer`]. [`select`](fn@select) runs them in that order; by words, [`search`] and [`relevance`] then join
//! what was asked with what is preferred. The same input always gives the same output.

pub mod ambiguity;
pub mod answer;
pub mod candidate;
pub mod crossover;
pub mod drift;
pub mod estimate;
pub mod evaluate;
pub mod intent;
pub mod learned;
pub mod mode;
pub mod normalise;
pub mod permission;
pub mod policy;
pub mod pool;
pub mod preference;
pub mod relevance;
pub mod request;
pub mod retrieval;
pub mod score;
pub mod scoring;
pub mod search;
pub mod used;
pub mod weights;
pub mod why_not;

pub use answer::{Answer, Choice, SetAside, select};
pub use candidate::{Candidate, Usage};
pub use mode::Mode;
pub use pool::Pool;
pub use request::{Request, Scope};
pub use scoring::Scoring;
pub use weights::Weights;
