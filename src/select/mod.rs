//! Selection: which tool fits a request best. Every step is a pure function in its own file.

pub mod evaluate;
pub mod intent;
pub mod mode;
pub mod preference;
pub mod relevance;
pub mod retrieval;
pub mod weights;
