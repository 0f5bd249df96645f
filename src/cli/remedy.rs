//! What would help, in the words of the command line: flags and subcommands.

use crate::operations::refusal::DatabaseRemedy;
use crate::operations::{Kind, Refusal, Remedy};
use crate::output::text;
use crate::store::ab_tests::lifecycle::Next;

use super::{CommandError, ErrorKind, server_remedy};

impl From<CommandError> for Refusal {
    /// An error on the way to an operation, for those that can do without what failed.
    fn from(error: CommandError) -> Self {
        let kind = match error.kind {
            ErrorKind::NoDatabase => Kind::NoDatabase,
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::Conflict => Kind::Conflict,
            ErrorKind::Invalid
            | ErrorKind::NotWritten
            | ErrorKind::DoneUnreported
            | ErrorKind::ClosedPipe
            | ErrorKind::Interrupted => Kind::Invalid,
        };
        let refusal = Self::new(kind, error.message);
        match error.hint {
            Some(hint) => refusal.remedy(Remedy::Said(hint)),
            None => refusal,
        }
    }
}

/// How many errors in definitions of the catalog are shown, and how many of those in files.
const FLAWS: usize = 10;
const FLAWS_OF_FILES: usize = 100;

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.kind {
            Kind::Invalid | Kind::Ambiguous => ErrorKind::Invalid,
            Kind::NotFound => ErrorKind::NotFound,
            Kind::Conflict | Kind::Overtaken => ErrorKind::Conflict,
            Kind::Unauthenticated | Kind::Forbidden | Kind::NoDatabase => ErrorKind::NoDatabase,
        };
        let of_files = refusal.flaws.iter().any(|it| it.place.is_some());
        let shown = if of_files { FLAWS_OF_FILES } else { FLAWS };
        let more = refusal.flaws.len().saturating_sub(shown);
        let more = (of_files && more > 0).then(|| {
            let more = text::grouped(more);
            format!("and {more} more; `toolcat validate --all` shows every one")
        });
        Self {
            kind,
            message: refusal.message,
            details: (refusal.flaws.iter().take(shown))
                .map(ToString::to_string)
                .chain(more)
                .collect(),
            hint: refusal.remedy.as_ref().map(hint),
        }
    }
}

/// What would help, as flags and subcommands.
pub(super) fn hint(remedy: &Remedy) -> String {
    match remedy {
        Remedy::DidYouMean(names) => format!("did you mean {}?", names.join(" or ")),
        Remedy::ReadAgain => "look at it again with `toolcat show`".to_owned(),
        Remedy::ListTools => "`toolcat list` shows what there is".to_owned(),
        Remedy::ListDeleted => "`toolcat list --deleted` shows what was deleted".to_owned(),
        Remedy::Restore(tool) => format!("`toolcat restore {tool}` brings it back"),
        Remedy::ListVersions => "`toolcat versions` shows its versions".to_owned(),
        Remedy::ListCapabilities => "`toolcat capabilities` lists what there is".to_owned(),
        Remedy::OtherPlatforms => "tools of other platforms do".to_owned(),
        Remedy::ShowChanges(tool) => format!("`toolcat audit {tool}` shows its changes"),
        Remedy::ExplainRules => {
            "`toolcat validate --explain RULE` tells more about a rule".to_owned()
        }
        Remedy::NewVersionOrPolicy => {
            "give the changed definition a new version, or say --on-conflict skip, update or bump"
                .to_owned()
        }
        Remedy::Complete(tool) => {
            format!("say how it is used, with `toolcat edit {tool}` or in its file, and activate it then")
        }
        Remedy::RestoreElsewhereOrReplace => {
            "restore into another catalog with --catalog, or give --replace to lose what is there"
                .to_owned()
        }
        Remedy::RestoreIntoNewCatalog => {
            "restore into a catalog that does not exist yet, with --catalog; it is migrated afterwards"
                .to_owned()
        }
        Remedy::DeleteOrRename => {
            "delete or rename that one first; `toolcat show NAME --at TIME` shows the deleted one"
                .to_owned()
        }
        Remedy::MakeCatalog { name, near } => {
            let near = match near {
                Some(near) => format!("did you mean `{near}`? "),
                None => String::new(),
            };
            format!("{near}`toolcat migrate up --catalog {name}` makes it")
        }
        Remedy::NamePlatform { choices, or_filter } => format!(
            "name the platform, as in `{}`{}",
            choices.first().map_or("linux/df", String::as_str),
            if *or_filter { ", or give --platform" } else { "" }
        ),
        Remedy::NameTools => {
            "name tools, give filters such as --platform linux, or say --all".to_owned()
        }
        Remedy::ChooseVersion(versions) => format!("its versions are {}", versions.join(", ")),
        Remedy::RollBackTo { tool, version } => {
            format!("`toolcat rollback {tool} --to {version}` takes that version into use")
        }
        Remedy::EndTest { test, or_force } => format!(
            "end the A/B test first: `toolcat abtest conclude {test}` or `toolcat abtest cancel {test}`{}",
            if *or_force { "; or add --force" } else { "" }
        ),
        Remedy::EndOtherTest { test } => format!(
            "end the other test first: `toolcat abtest conclude {test}` or `toolcat abtest cancel {test}`"
        ),
        Remedy::NameTwoVersions => {
            "name the versions, as in --a df@1.0 --b df@2.0".to_owned()
        }
        Remedy::ListTests => "`toolcat abtest list` shows the tests".to_owned(),
        Remedy::OtherTestName { test } => {
            format!("choose another name, or see `toolcat abtest show {test}`")
        }
        Remedy::Test { test, next } => match next {
            Next::Show => format!("`toolcat abtest show {test}` shows it"),
            Next::Start => format!("`toolcat abtest start {test}` starts it"),
            Next::Pause => format!("`toolcat abtest pause {test}` pauses it"),
            Next::Resume => format!("`toolcat abtest resume {test}` goes on with it"),
            Next::Another => "an ended test stays as it is; create a new one".to_owned(),
        },
        Remedy::NoResult => "a cancelled test has no result; create a new one".to_owned(),
        Remedy::ShowResult { test } => format!("`toolcat abtest show {test}` shows its result"),
        Remedy::EnableTool(tool) => format!("`toolcat enable {tool}` switches it on"),
        Remedy::RemakeTest => {
            "the row was changed by hand; cancel the test and create it again".to_owned()
        }
        Remedy::GiveUnit => "give the id that the telemetry will be recorded with".to_owned(),
        Remedy::ShorterUnit => "telemetry could not be recorded under so long an id: use a shorter one, or a hash of it".to_owned(),
        Remedy::UnitOnOneLine => "give the id on one line, without control characters".to_owned(),
        Remedy::UseLatest => "use the latest version of the tool".to_owned(),
        Remedy::NameUser => "name the user with --user".to_owned(),
        Remedy::SayChoice => "it must print 1 or 2, the name of one of the two tools, or {\"choice\": ...} with one of these".to_owned(),
        Remedy::MoreTime => "--tie-break-timeout SECONDS gives it more time".to_owned(),
        Remedy::RecordSelection => {
            "`toolcat select --record ...` records one and tells its number".to_owned()
        }
        Remedy::DeprecateOrPurge => {
            "`toolcat deprecate` takes it out of use and keeps them; --purge deletes them as well"
                .to_owned()
        }
        Remedy::ListCatalogs => "`toolcat catalog list` shows what there is".to_owned(),
        Remedy::ListMembers => "`toolcat member list` shows who is one".to_owned(),
        Remedy::MakeAdmin => {
            "run `toolcat member add NAME --role admin` as the catalog's owner".to_owned()
        }
        Remedy::RenewTokens => {
            "make new ones with `toolcat token create`, and revoke these".to_owned()
        }
        Remedy::VerifyLog => {
            "`toolcat audit verify` lists them; compare with a backup".to_owned()
        }
        Remedy::ListTeams => "`toolcat team list` shows what there is".to_owned(),
        Remedy::ListTokens => "`toolcat token list` shows what there is".to_owned(),
        Remedy::AddMember { name } => {
            format!("`toolcat member add {name} --role ROLE` makes them one")
        }
        Remedy::ChangeRole { member } => {
            format!("`toolcat member role {member} ROLE` changes the role")
        }
        Remedy::Database(remedy) => database(*remedy).to_owned(),
        Remedy::Server(remedy) => server_remedy::hint(remedy),
        Remedy::Said(hint) => hint.clone(),
    }
}

fn database(remedy: DatabaseRemedy) -> &'static str {
    match remedy {
        DatabaseRemedy::UrlForm => "a URL looks like postgresql://user@host:5432/database",
        DatabaseRemedy::CheckServer => {
            "check the server, and where the URL comes from: --database-url, TOOLCAT_DATABASE_URL, DATABASE_URL or the configuration file"
        }
        DatabaseRemedy::AskAgain => {
            "nothing of the unfinished change was kept; run the command again"
        }
        DatabaseRemedy::Migrate => "run `toolcat migrate up`",
        DatabaseRemedy::NewerProgram => "install the toolcat that made it, or a newer one",
        DatabaseRemedy::TryAgain => "try again in a moment",
        DatabaseRemedy::AskForGrant => {
            "the database role lacks a right; ask the owner of the catalog for a grant"
        }
        DatabaseRemedy::MoreConnections => {
            "try again in a moment; raise max_connections, or put a pool such as PgBouncer in front"
        }
        DatabaseRemedy::OtherPooling => {
            "use session or transaction pooling, or connect to the server itself"
        }
        DatabaseRemedy::UsePrimary => {
            "a standby, or a read-only session, answers reads alone; connect to the primary"
        }
        DatabaseRemedy::RaiseTimeLimit => {
            "raise the time limit (statement_timeout), or try again when less is going on"
        }
        DatabaseRemedy::MakeRoom => "make room on the server; the catalog is unchanged",
        DatabaseRemedy::MigrationStatus => {
            "the migration was undone; `toolcat migrate status` shows where the catalog stands"
        }
    }
}
