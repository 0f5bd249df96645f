//! New definitions: by flags, from help texts and other formats, by the wizard, and of what
//! is installed.

mod discover;
mod flags;
mod wizard;
