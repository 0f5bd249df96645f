//! Why an operation was not done, as data: the front ends word what would help.

use std::fmt;

use serde::Serialize;

use crate::cluster::{ClusterError, ServerRemedy};
use crate::definition::Overlap;
use crate::format::Problem;
use crate::store::ab_tests::lifecycle::Next;
use crate::store::{QueryError, StoreError, TransactionError};
use crate::validate::{Report, Severity};

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be used as it is.
    Invalid,
    /// A thing that was named does not exist.
    NotFound,
    /// A name can mean several things.
    Ambiguous,
    /// Something stands in the way: a version, a test, a lock, a concurrent change.
    Conflict,
    /// What was meant is gone or was changed meanwhile; trying again would not help.
    Overtaken,
    /// Whoever asks is not known: no token, or one that does not hold.
    Unauthenticated,
    /// Whoever asks lacks a right: by the catalog's members, or as a database role.
    Forbidden,
    /// The database cannot be used.
    NoDatabase,
}

/// What would help.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// One of these names may be meant.
    DidYouMean(Vec<String>),
    /// Read the tool again: it is no longer in the state that was acted on.
    ReadAgain,
    /// The list of the tools shows what there is.
    ListTools,
    /// The audit log shows which tools were deleted.
    ListDeleted,
    /// The deleted tool at that address can be brought back.
    Restore(String),
    /// The list of its versions shows what there is.
    ListVersions,
    /// The list of the capabilities shows what there is.
    ListCapabilities,
    /// Tools of other platforms would do.
    OtherPlatforms,
    /// The audit log shows the changes of the tool at that address.
    ShowChanges(String),
    /// Look up what the rules that were broken are for.
    ExplainRules,
    /// Give what differs a new version, or say what becomes of it.
    NewVersionOrPolicy,
    /// Restore the backup into another catalog, or let what this one holds go.
    RestoreElsewhereOrReplace,
    /// Restore the backup into a catalog that does not exist yet.
    RestoreIntoNewCatalog,
    /// Delete or rename the one in the way; the deleted one can be seen as it was.
    DeleteOrRename,
    /// Name the platform, as the choices do.
    NamePlatform {
        /// Every address that can be meant, with its platform.
        choices: Vec<String>,
        /// Whether a filter by platform would do as well.
        or_filter: bool,
    },
    /// Make the catalog, unless its name is a mistake for one that is there.
    MakeCatalog {
        /// Its name.
        name: String,
        /// One that is there and has nearly that name.
        near: Option<String>,
    },
    /// Name tools, filter, or say that every tool is meant.
    NameTools,
    /// The versions from which one can be chosen.
    ChooseVersion(Vec<String>),
    /// Roll the whole tool back to the version.
    RollBackTo {
        /// Its address without a version.
        tool: String,
        /// The version.
        version: String,
    },
    /// End the A/B test first.
    EndTest {
        /// Its name.
        test: String,
        /// Whether force would do as well.
        or_force: bool,
    },
    /// End the other A/B test first.
    EndOtherTest {
        /// Its name.
        test: String,
    },
    /// Name two versions, one for each arm.
    NameTwoVersions,
    /// The list of the A/B tests shows what there is.
    ListTests,
    /// Choose another name, or look at the A/B test that has it.
    OtherTestName {
        /// The name.
        test: String,
    },
    /// What can be done with an A/B test in its state.
    Test {
        /// Its name.
        test: String,
        /// What can be done.
        next: Next,
    },
    /// A cancelled A/B test has no result: make a new one.
    NoResult,
    /// Look at the result of an A/B test.
    ShowResult {
        /// Its name.
        test: String,
    },
    /// Say how the tool at that address is used, in place of what was assumed.
    Complete(String),
    /// Switch the version on.
    EnableTool(String),
    /// Cancel an A/B test whose row was changed by hand, and make it again.
    RemakeTest,
    /// Give the id with which telemetry will be recorded.
    GiveUnit,
    /// Give a shorter id, or a hash of it: telemetry could not be recorded under it.
    ShorterUnit,
    /// Give the id on one line.
    UnitOnOneLine,
    /// Use the latest version of the tool.
    UseLatest,
    /// Name the user.
    NameUser,
    /// Say 1 or 2, or the name of one of the two tools.
    SayChoice,
    /// Give the command that settles close calls more time.
    MoreTime,
    /// Recording a selection tells its number.
    RecordSelection,
    /// Deprecate it, which keeps what was recorded, or purge that as well.
    DeprecateOrPurge,
    /// The list of the catalogs shows what there is.
    ListCatalogs,
    /// The list of the members shows who there is.
    ListMembers,
    /// Make somebody an admin of the catalog, as its owner.
    MakeAdmin,
    /// Make new tokens, and revoke these.
    RenewTokens,
    /// A proof of the audit log lists what is wrong with it.
    VerifyLog,
    /// The list of the teams shows what there is.
    ListTeams,
    /// The list of the tokens shows what there is.
    ListTokens,
    /// Make somebody a member first.
    AddMember {
        /// The name.
        name: String,
    },
    /// Change the role of somebody who is a member already.
    ChangeRole {
        /// The member.
        member: String,
    },
    /// Of the database and the connection.
    Database(DatabaseRemedy),
    /// In words that name no front end.
    Said(String),
    /// Of the local server.
    Server(ServerRemedy),
}

/// What would help where the database refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseRemedy {
    /// Write the URL as one.
    UrlForm,
    /// Look at the server, and where the URL comes from.
    CheckServer,
    /// Nothing of the unfinished change was kept: ask again.
    AskAgain,
    /// Bring the catalog up to date.
    Migrate,
    /// Use the program that made the catalog, or a newer one.
    NewerProgram,
    /// Wait for the other, and try again.
    TryAgain,
    /// Ask the owner of the catalog for a grant.
    AskForGrant,
    /// Wait, let the server take more connections, or put a pool in front.
    MoreConnections,
    /// Let the pool keep sessions or transactions, or go around it.
    OtherPooling,
    /// Connect to the primary: this server or session answers reads alone.
    UsePrimary,
    /// Raise the time limit of statements, or wait.
    RaiseTimeLimit,
    /// Make room on the server.
    MakeRoom,
    /// See where the catalog stands.
    MigrationStatus,
}

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// The file, or the version of the tool.
    pub subject: String,
    /// Line and column in the file, from 1; none for a definition of the catalog.
    pub place: Option<(u32, u32)>,
    /// The place in the definition, as a JSON pointer; empty for a file.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// The rule that says so.
    pub rule: &'static str,
}

impl Flaw {
    /// Of a definition of the catalog.
    pub(super) fn new(tool: &str, problem: Problem) -> Self {
        Self {
            subject: tool.to_owned(),
            place: None,
            pointer: problem.pointer.to_string(),
            message: problem.message,
            rule: problem.rule,
        }
    }

    /// The errors of a validation of files.
    pub(super) fn errors(report: &Report) -> Vec<Self> {
        let errors = report.diagnostics.iter();
        errors
            .filter(|it| it.severity == Severity::Error)
            .map(|it| Self {
                subject: it.file.clone(),
                place: Some((it.line, it.column)),
                pointer: it.pointer.clone(),
                message: it.message.clone(),
                rule: it.rule,
            })
            .collect()
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subject,
            pointer,
            message,
            rule,
            ..
        } = self;
        match self.place {
            Some((line, column)) => write!(f, "{subject}:{line}:{column}: {message} [{rule}]"),
            None => write!(f, "{subject}{pointer}: {message} [{rule}]"),
        }
    }
}

/// Why an operation was not done; nothing was changed.
#[derive(Debug)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub kind: Kind,
    /// What failed, where and why, in a sentence that names no front end.
    pub message: String,
    /// What would help.
    pub remedy: Option<Remedy>,
    /// What is wrong with the definitions, if it is about definitions.
    pub flaws: Vec<Flaw>,
    cause: Option<Box<Cause>>,
}

/// What lies behind a refusal; boxed, as a refusal is returned everywhere.
#[derive(Debug)]
enum Cause {
    /// The store failed, or refused.
    Store(StoreError),
    /// Others changed the same fields.
    Overlaps(Vec<Overlap>),
}

impl Refusal {
    /// A refusal without a remedy.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            remedy: None,
            flaws: Vec::new(),
            cause: None,
        }
    }

    /// Whether the connection to the database is of no more use.
    pub fn is_lost(&self) -> bool {
        matches!(self.store(), Some(StoreError::Lost(_)))
    }

    /// Whether the database role may not write, or nobody may write there.
    pub(super) fn is_for_want_of_writing(&self) -> bool {
        matches!(self.store(), Some(StoreError::Forbidden(denial)) if denial.is_of_the_database())
    }

    /// The same with what is wrong with the definitions.
    #[must_use]
    pub fn flaws(self, flaws: Vec<Flaw>) -> Self {
        Self { flaws, ..self }
    }

    /// The same with the fields that others changed meanwhile.
    #[must_use]
    pub(super) fn overlapping(self, overlaps: Vec<Overlap>) -> Self {
        let cause = Some(Box::new(Cause::Overlaps(overlaps)));
        Self { cause, ..self }
    }

    /// The fields that others changed meanwhile, if it is about an edit.
    pub fn overlaps(&self) -> &[Overlap] {
        match self.cause.as_deref() {
            Some(Cause::Overlaps(overlaps)) => overlaps,
            _ => &[],
        }
    }

    /// The same for a request that can name the platform as a filter, too.
    #[must_use]
    pub(super) fn or_filter(mut self) -> Self {
        if let Some(Remedy::NamePlatform { or_filter, .. }) = &mut self.remedy {
            *or_filter = true;
        }
        self
    }

    /// The same with what would help.
    #[must_use]
    pub fn remedy(self, remedy: Remedy) -> Self {
        Self {
            remedy: Some(remedy),
            ..self
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.store().map(|it| it as _)
    }
}

impl TransactionError for Refusal {
    fn store(&self) -> Option<&StoreError> {
        match self.cause.as_deref() {
            Some(Cause::Store(error)) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        use DatabaseRemedy as Help;
        if let StoreError::Forbidden(denial) = &error
            && let Some(who) = denial.who_may()
        {
            let remedy = Remedy::Said(who.to_owned());
            let refusal = Self::new(Kind::Forbidden, error.to_string()).remedy(remedy);
            return Self {
                cause: Some(Box::new(Cause::Store(error))),
                ..refusal
            };
        }
        let (kind, help) = match &error {
            StoreError::Url(_) => (Kind::Invalid, Some(Help::UrlForm)),
            StoreError::Unreachable { .. } => (Kind::NoDatabase, Some(Help::CheckServer)),
            StoreError::Lost(_) => (Kind::NoDatabase, Some(Help::AskAgain)),
            StoreError::NoCatalog(_) | StoreError::SchemaTooOld { .. } => {
                (Kind::NoDatabase, Some(Help::Migrate))
            }
            StoreError::SchemaTooNew { .. } => (Kind::NoDatabase, Some(Help::NewerProgram)),
            StoreError::Conflict(_) => (Kind::Conflict, Some(Help::TryAgain)),
            StoreError::Overtaken(_) => (Kind::Overtaken, None),
            StoreError::Full { .. } => (Kind::NoDatabase, Some(Help::MoreConnections)),
            StoreError::Pool(_) => (Kind::NoDatabase, Some(Help::OtherPooling)),
            StoreError::Cancelled(_) => (Kind::NoDatabase, Some(Help::RaiseTimeLimit)),
            StoreError::Forbidden(denial) if denial.is_read_only() => {
                (Kind::Forbidden, Some(Help::UsePrimary))
            }
            StoreError::Forbidden(_) => (Kind::Forbidden, Some(Help::AskForGrant)),
            StoreError::OutOfResources(_) => (Kind::NoDatabase, Some(Help::MakeRoom)),
            StoreError::Migration(_) => (Kind::NoDatabase, Some(Help::MigrationStatus)),
            StoreError::Definition(_) | StoreError::Query(_) => (Kind::Invalid, None),
        };
        Self {
            kind,
            message: error.to_string(),
            remedy: help.map(Remedy::Database),
            flaws: Vec::new(),
            cause: Some(Box::new(Cause::Store(error))),
        }
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<ClusterError> for Refusal {
    fn from(error: ClusterError) -> Self {
        let refusal = Self::new(Kind::NoDatabase, error.to_string());
        match error.remedy() {
            Some(remedy) => refusal.remedy(Remedy::Server(remedy)),
            None => refusal,
        }
    }
}
