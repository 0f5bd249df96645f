//! What the store says against a change of a test, as a refusal.

use crate::abtest::AssignmentError;
use crate::operations::{Kind, Refusal, Remedy};
use crate::store::ab_tests::UnusableTest;
use crate::store::ab_tests::assign::AssignError;
use crate::store::ab_tests::lifecycle::ChangeError;
use crate::store::ab_tests::look::LookError;

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        let message = error.to_string();
        match error {
            ChangeError::NoSuchTest(_) => {
                Self::new(Kind::NotFound, message).remedy(Remedy::ListTests)
            }
            ChangeError::Exists(test) => {
                Self::new(Kind::Conflict, message).remedy(Remedy::OtherTestName { test })
            }
            ChangeError::State { test, next, .. } => {
                Self::new(Kind::Conflict, message).remedy(Remedy::Test { test, next })
            }
            ChangeError::SwitchedOff { tool, .. } => {
                Self::new(Kind::Conflict, message).remedy(Remedy::EnableTool(tool))
            }
            ChangeError::Overlap { other, .. } => {
                Self::new(Kind::Conflict, message).remedy(Remedy::EndOtherTest { test: other })
            }
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<UnusableTest> for Refusal {
    fn from(error: UnusableTest) -> Self {
        Self::new(Kind::Invalid, error.to_string()).remedy(Remedy::RemakeTest)
    }
}

impl From<LookError> for Refusal {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Unusable(error) => error.into(),
            LookError::Store(error) => error.into(),
        }
    }
}

impl From<AssignError> for Refusal {
    fn from(error: AssignError) -> Self {
        let message = error.to_string();
        match error {
            AssignError::Unit { error, .. } => {
                Self::new(Kind::Invalid, message).remedy(match error {
                    AssignmentError::EmptyUnit => Remedy::GiveUnit,
                    AssignmentError::LongUnit(_) => Remedy::ShorterUnit,
                    _ => Remedy::UnitOnOneLine,
                })
            }
            AssignError::NoSuchTest(_) => {
                Self::new(Kind::NotFound, message).remedy(Remedy::ListTests)
            }
            AssignError::NotStarted(test) => {
                Self::new(Kind::Conflict, message).remedy(Remedy::Test {
                    test,
                    next: crate::store::ab_tests::lifecycle::Next::Start,
                })
            }
            AssignError::Ended { .. } => {
                Self::new(Kind::Conflict, message).remedy(Remedy::UseLatest)
            }
            AssignError::NeedsUser(_) => Self::new(Kind::Invalid, message).remedy(Remedy::NameUser),
            AssignError::Store(error) => error.into(),
        }
    }
}
