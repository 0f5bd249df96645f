//! `toolcat mcp`: what clients of the Model Context Protocol get.

mod agent;
mod hostile;
mod loops;
mod protocol;
mod recovery;
mod tools;
