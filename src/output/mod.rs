//! How anything reaches a terminal or a pipe.
//!
//! Results go to stdout through [`Ui::out`], everything else to stderr. Text that came from a file
//! or the database passes [`text::visible`] on its way to a person, so that it cannot drive the
//! terminal; machine formats escape by their own rules. Before a terminal stands a [guard] all the
//! same.

pub mod format;
pub mod guard;
pub mod interval_plot;
mod pager;
pub mod plot;
pub mod progress;
pub mod record;
pub mod reshape;
pub mod style;
pub mod table;
pub mod text;
mod ui;

pub use format::{AnswerFormat, Format, SummaryFormat};
pub use pager::NotTaken;
pub use progress::Progress;
pub use record::{Column, Record};
pub use ui::{ColorChoice, Times, Ui, UiOptions};
