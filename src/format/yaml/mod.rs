//! YAML: definitions as people write them.

mod read;
pub mod scalar;

pub use read::read;
