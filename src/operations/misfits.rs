//! Definitions that come back as they were: what today's rules have against them.
//!
//! What was in the catalog was valid under the rules of its day, and a rule that came later must not keep it
//! out. Whoever brings it back is told.

use rayon::prelude::*;
use serde::Serialize;

use super::refusal::Flaw;
use crate::definition::Document;
use crate::validate::{self, Options};

/// How many are kept with what is wrong with them.
const KEPT: usize = 10;

/// Definitions that today's rules would not let into the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Misfits {
    /// How many there are.
    pub definitions: usize,
    /// What is wrong with the first of them, one flaw for each.
    pub first: Vec<Flaw>,
}

impl Misfits {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.definitions == 0
    }

    /// Looks at more definitions.
    pub(super) fn look(&mut self, definitions: &[Document]) {
        let mut options = Options::default();
        options.lenient = true;
        let flaws: Vec<Flaw> = definitions
            .par_iter()
            .filter_map(|it| {
                let problem = validate::problems(it, &options).into_iter().next()?;
                Some(Flaw::new(&it.label(), problem))
            })
            .collect();
        self.definitions += flaws.len();
        let room = KEPT.saturating_sub(self.first.len());
        self.first.extend(flaws.into_iter().take(room));
    }
}
