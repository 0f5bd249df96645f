//! New definitions: by flags, from help texts and other formats, and by the wizard.

#[path = "../common/mod.rs"]
mod common;

mod flags;
mod wizard;
