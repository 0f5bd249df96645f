//! What would help, in the words of the HTTP interface.

use super::extract::encoded;
use crate::operations::Remedy;
use crate::operations::refusal::DatabaseRemedy;

/// What would help; nothing if only the operator of the server can do something.
pub fn of(remedy: &Remedy) -> Option<String> {
    Some(match remedy {
        Remedy::DidYouMean(names) => format!("did you mean {}?", names.join(" or ")),
        Remedy::ReadAgain => "GET the tool again, and act on the ETag of that".to_owned(),
        Remedy::ListTools => "GET /api/v1/tools lists what there is".to_owned(),
        Remedy::Restore(tool) => {
            format!("{tool} was deleted; GET /api/v1/audit?action=deleted lists what was deleted")
        }
        Remedy::ListDeleted => "GET /api/v1/audit?action=deleted lists what was deleted".to_owned(),
        Remedy::ListVersions => "GET /api/v1/tools/{name}/versions lists its versions".to_owned(),
        Remedy::ListCapabilities => "GET /api/v1/capabilities lists what there is".to_owned(),
        Remedy::OtherPlatforms => "tools of other platforms do".to_owned(),
        Remedy::ShowChanges(tool) => {
            format!("GET /api/v1/audit?tool={} lists its changes", encoded(tool))
        }
        Remedy::NewVersionOrPolicy => {
            "give what differs a new version; an import can say by ?on_conflict= what becomes of it"
                .to_owned()
        }
        Remedy::Complete(_) => {
            "PUT the definition with its own estimates, scope and completeness first".to_owned()
        }
        Remedy::DeleteOrRename => "delete or rename that one first".to_owned(),
        Remedy::NamePlatform { choices, .. } => {
            let example = choices.first().map(|it| encoded(it)).unwrap_or_default();
            format!("name the platform, as in /api/v1/tools/{example}, or by ?platform=")
        }
        Remedy::NameTools => "name tools, or give a filter".to_owned(),
        Remedy::ChooseVersion(versions) => format!("its versions are {}", versions.join(", ")),
        Remedy::RollBackTo { tool, version } => {
            format!("`{tool}` can be rolled back to {version} as a whole")
        }
        Remedy::EndTest { test, .. } | Remedy::EndOtherTest { test } => {
            format!("end the A/B test `{test}` first")
        }
        Remedy::ListTests => "GET /api/v1/abtests lists the A/B tests".to_owned(),
        Remedy::OtherTestName { .. } => "choose another name".to_owned(),
        Remedy::Test { test, .. } | Remedy::ShowResult { test } => {
            format!("GET /api/v1/abtests/{test} shows it")
        }
        Remedy::NoResult => "a cancelled test has no result; create a new one".to_owned(),
        Remedy::EnableTool(tool) => format!("switch {tool} on first"),
        Remedy::RemakeTest => "cancel the test, and create it again".to_owned(),
        Remedy::GiveUnit => "give the id that the telemetry will be recorded with".to_owned(),
        Remedy::ShorterUnit => "use a shorter id, or a hash of it".to_owned(),
        Remedy::UnitOnOneLine => "give the id on one line, without control characters".to_owned(),
        Remedy::UseLatest => "use the latest version of the tool".to_owned(),
        Remedy::NameUser => "name the user".to_owned(),
        Remedy::DeprecateOrPurge => {
            "deprecate it, which keeps what was recorded, or purge that as well".to_owned()
        }
        Remedy::Database(DatabaseRemedy::TryAgain | DatabaseRemedy::AskAgain) => {
            "try again in a moment".to_owned()
        }
        Remedy::Said(hint) => hint.clone(),
        Remedy::NameTwoVersions => "name two different versions".to_owned(),
        Remedy::ListMembers => "GET /api/v1/members lists the members".to_owned(),
        Remedy::ListTeams => "GET /api/v1/teams lists the teams".to_owned(),
        Remedy::ListTokens => "GET /api/v1/tokens lists the tokens".to_owned(),
        Remedy::AddMember { name } => format!("make {name} a member first"),
        // What is for a terminal, or for the operator of the server.
        _ => return None,
    })
}

/// What an ambiguous name can mean.
pub fn candidates(remedy: &Remedy) -> Vec<String> {
    match remedy {
        Remedy::DidYouMean(names) | Remedy::ChooseVersion(names) => names.clone(),
        Remedy::NamePlatform { choices, .. } => choices.clone(),
        _ => Vec::new(),
    }
}
