//! How text from outside is read, whatever it holds.

pub mod json;
pub mod utf16;
