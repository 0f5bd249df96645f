//! Gathering the findings of one file, within bounds.

use crate::format::{Problem, Source, Span};

use super::{Diagnostic, Options, Related, Severity, excerpt, rules};

/// The most findings of each severity that are kept of one file: a report of more would be larger
/// than the file and help nobody.
const MOST: usize = 100_000;

/// The findings of one file.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    kept: Vec<Diagnostic>,
    /// Notes, warnings, errors.
    counts: [usize; 3],
}

impl Findings {
    /// Adds a finding, unless its rule is turned off.
    pub fn add(
        &mut self,
        file: &str,
        problem: Problem,
        related: Option<Related>,
        options: &Options,
    ) {
        let severity = match rules::explain(problem.rule) {
            Some(rule) => match options.severity(rule) {
                Some(severity) => severity,
                None => return,
            },
            None => Severity::Error,
        };
        let count = &mut self.counts[severity as usize];
        *count += 1;
        if *count > MOST {
            return;
        }
        let mut diagnostic = Diagnostic::new(file, problem, severity);
        if related.is_some() {
            diagnostic.related = related;
        }
        self.kept.push(diagnostic);
    }

    /// Gives the findings so far the text around them, which need not be kept for it.
    pub fn show(&mut self, source: &Source) {
        self.kept.sort_by(|a, b| a.place().cmp(&b.place()));
        excerpt::add(source, &mut self.kept);
    }

    /// Whether there are more errors than are kept.
    pub fn is_full(&self) -> bool {
        self.counts[Severity::Error as usize] > MOST
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts == [0; 3]
    }

    /// Adds those of the next part of the file.
    pub fn append(&mut self, next: Self) {
        let mut room = self.counts.map(|count| MOST.saturating_sub(count));
        for (count, more) in self.counts.iter_mut().zip(next.counts) {
            *count += more;
        }
        self.kept.extend(next.kept.into_iter().filter(|it| {
            let room = &mut room[it.severity as usize];
            let fits = *room > 0;
            *room = room.saturating_sub(1);
            fits
        }));
    }

    /// The findings, with a note of how many were not kept.
    pub fn finish(mut self, file: &str, options: &Options) -> Vec<Diagnostic> {
        let more: usize = self.counts.iter().map(|it| it.saturating_sub(MOST)).sum();
        if more > 0 {
            let message = format!("there are {more} more findings in this file");
            let problem = Problem::new("input/too-many-findings", Span::default(), message);
            self.add(file, problem, None, options);
        }
        self.kept
    }
}
