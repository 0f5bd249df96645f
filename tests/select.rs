//! `toolcat select`, through the real command.

mod ab;
mod answers;
mod close_calls;
mod crossover;
mod generated;
mod index;
mod learned;
mod recorded;
mod scoring;
mod words;
