//! A/B tests on the real program and a real database: assignment, life, analysis, conclusion.

mod analysis;
mod assignment;
mod conclusion;
mod concurrency;
mod health;
mod input;
mod setting;
