//! `toolcat select`, through the real command.

mod common;

#[path = "select/ab.rs"]
mod ab;
#[path = "select/answers.rs"]
mod answers;
#[path = "select/close_calls.rs"]
mod close_calls;
#[path = "select/crossover.rs"]
mod crossover;
#[path = "select/generated.rs"]
mod generated;
#[path = "select/index.rs"]
mod index;
#[path = "select/learned.rs"]
mod learned;
#[path = "select/recorded.rs"]
mod recorded;
#[path = "select/words.rs"]
mod words;
