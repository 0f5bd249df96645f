//! What a validation is asked to look for.

use crate::expression::nearest;
use crate::format::Format;

use super::rules::{self, Rule};
use super::{Diagnostic, Severity};

/// What a validation is asked to look for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    allow: Vec<String>,
    deny: Vec<String>,
    /// Whether warnings make validation fail.
    pub strict: bool,
    /// For those who use definitions rather than check them: style is not looked at, and findings
    /// that do not keep a definition from being stored and ranked, such as a negative estimate, are
    /// warnings.
    pub lenient: bool,
    /// Whether a definition that does not say how its tool is used is completed as `testing`, with a
    /// warning, rather than refused.
    pub complete: bool,
    /// How many findings the report for people shows; all where not given.
    pub shown: Option<usize>,
    /// The format of every source; found by itself where not given.
    pub from: Option<Format>,
}

/// A name that is not a rule, or a rule that cannot be turned off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownRule {
    /// No rule and no group of rules has this name.
    #[error("there is no rule `{name}`{}", suggestion.as_ref().map_or_else(String::new, |it| format!("; did you mean `{it}`?")))]
    Unknown {
        /// The name given.
        name: String,
        /// The nearest name.
        suggestion: Option<String>,
    },
    /// The rule reports errors.
    #[error("the rule `{0}` finds errors, which cannot be allowed; only warnings and notes can")]
    NotAllowable(String),
}

impl Options {
    /// Turns a rule off. A group, such as `lint`, stands for all of its rules that may be.
    ///
    /// # Errors
    /// If there is no such rule, or it finds errors.
    pub fn allow(&mut self, name: &str) -> Result<(), UnknownRule> {
        allowable(name)?;
        self.allow.push(name.to_owned());
        Ok(())
    }

    /// Makes the findings of a rule, or of a group of rules, errors.
    ///
    /// # Errors
    /// If there is no such rule.
    pub fn deny(&mut self, name: &str) -> Result<(), UnknownRule> {
        known(name)?;
        self.deny.push(name.to_owned());
        Ok(())
    }

    /// The severity that a rule's findings have, or none if it is turned off. A rule named
    /// itself goes before its group; where both lists name it alike, it is denied.
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        let exact = |list: &[String]| list.iter().any(|it| it == rule.id);
        let group = |list: &[String]| list.iter().any(|it| names(it, rule.id));
        if exact(&self.deny) {
            Some(Severity::Error)
        } else if exact(&self.allow) {
            None
        } else if group(&self.deny) {
            Some(Severity::Error)
        } else if group(&self.allow) && rule.severity < Severity::Error {
            None
        } else if self.lenient && rule.id == "expr/negative" {
            Some(Severity::Warning)
        } else {
            Some(rule.severity)
        }
    }

    /// Whether a finding makes validation fail.
    pub fn fails(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.severity == Severity::Error
            || (self.strict && diagnostic.severity == Severity::Warning)
    }
}

/// Whether a name, of a rule or of a group (`lint`, `lint/`, `lint/*`), stands for a rule.
pub fn names(name: &str, rule: &str) -> bool {
    name == rule
        || rule
            .split_once('/')
            .is_some_and(|(group, _)| name.trim_end_matches('*').trim_end_matches('/') == group)
}

fn known(name: &str) -> Result<(), UnknownRule> {
    if rules::ALL.iter().any(|rule| names(name, rule.id)) {
        return Ok(());
    }
    let by_id = nearest(name, rules::ALL.iter().map(|rule| rule.id));
    let by_tail = || {
        rules::ALL
            .iter()
            .map(|rule| rule.id)
            .find(|id| id.split_once('/').is_some_and(|(_, tail)| tail == name))
    };
    Err(UnknownRule::Unknown {
        name: name.to_owned(),
        suggestion: by_tail().or(by_id).map(str::to_owned),
    })
}

/// Whether a rule or a group may be turned off.
pub(super) fn allowable(name: &str) -> Result<(), UnknownRule> {
    known(name)?;
    let may = rules::ALL
        .iter()
        .any(|rule| names(name, rule.id) && rule.severity < Severity::Error);
    if may {
        Ok(())
    } else {
        Err(UnknownRule::NotAllowable(name.to_owned()))
    }
}
