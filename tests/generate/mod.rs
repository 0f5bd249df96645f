//! New definitions: by flags, from help texts and other formats, and by the wizard.

mod flags;
mod wizard;
