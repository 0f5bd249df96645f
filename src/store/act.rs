//! Who changes the catalog, and why, as the triggers of the audit log are told.

use diesel::prelude::*;
use diesel::sql_types::Text;

/// Who changes the catalog, and why. Kept in the audit log with each change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The acting person or program.
    pub actor: String,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// What the audit log calls the updates of this act, where their fields do not say it.
    pub action: Option<&'static str>,
    /// The way it comes, for the audit log: cli, api, ui or mcp.
    pub via: &'static str,
    /// Whether everything is undone at the end.
    pub dry_run: bool,
    /// Its number in the log of the program that took it.
    pub request_id: Option<String>,
    /// The token that was shown for it, whose limits hold.
    pub token_id: Option<i64>,
    /// From where it was asked for, where a server took it.
    pub client_address: Option<String>,
}

impl Act {
    /// An act of that person, without a reason.
    pub fn by(actor: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            reason: None,
            action: None,
            via: "cli",
            dry_run: false,
            request_id: None,
            token_id: None,
            client_address: None,
        }
    }

    /// Tells the triggers who acts, to the end of the transaction; a change takes the writers' lock as well.
    pub(super) fn declare(&self, connection: &mut PgConnection, changes: bool) -> QueryResult<()> {
        let token_id = self.token_id.map(|it| it.to_string());
        let lock = if changes {
            ", lock_catalog(current_schema())"
        } else {
            ""
        };
        diesel::sql_query(format!(
            "SELECT set_config('toolcat.actor', $1, true), set_config('toolcat.reason', $2, true), \
                    set_config('toolcat.action', $3, true), set_config('toolcat.via', $4, true), \
                    set_config('toolcat.request_id', $5, true), set_config('toolcat.token_id', $6, true), \
                    set_config('toolcat.client_address', $7, true){lock}",
        ))
        .bind::<Text, _>(&self.actor)
        .bind::<Text, _>(self.reason.as_deref().unwrap_or_default())
        .bind::<Text, _>(self.action.unwrap_or_default())
        .bind::<Text, _>(self.via)
        .bind::<Text, _>(self.request_id.as_deref().unwrap_or_default())
        .bind::<Text, _>(token_id.as_deref().unwrap_or_default())
        .bind::<Text, _>(self.client_address.as_deref().unwrap_or_default())
        .execute(connection)
        .map(drop)
    }
}
