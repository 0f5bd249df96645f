//! `toolcat whoami`: who the user is to the catalog, and what they may.

use clap::Args;
use serde::Serialize;

use crate::operations::access;
use crate::output::{Column, Format, Record, record};
use crate::store::access::{Role, Standing};

use super::{CommandError, Outcome, Session};

/// Show who you are to the catalog, and what you may
#[derive(Debug, Args)]
#[command(
    after_help = "The principal is the database role of the session; if that is a member that speaks for \
                  others, the actor.\n\nExample:\n  toolcat whoami --format json"
)]
pub struct WhoamiArgs {
    /// How to write it
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Who the user is.
#[derive(Debug, Serialize)]
struct Whoami {
    principal: String,
    role: Option<Role>,
    record: bool,
    delegate: bool,
    checked: bool,
    teams: Vec<String>,
    db_user: String,
    catalog: String,
}

impl Whoami {
    fn new(standing: Standing, catalog: String) -> Self {
        // Whoever is not checked may record as they may do all else.
        let record = standing.record || !standing.checked;
        Self {
            teams: (standing.names.into_iter())
                .filter(|it| *it != standing.principal)
                .collect(),
            principal: standing.principal,
            role: standing.role,
            record,
            delegate: standing.delegate,
            checked: standing.checked,
            db_user: standing.db_user,
            catalog,
        }
    }
}

impl Record for Whoami {
    const COLUMNS: &'static [Column] = &[
        Column::text("principal"),
        Column::text("role"),
        Column::text("teams"),
        Column::text("records"),
        Column::text("database user"),
        Column::text("catalog"),
    ];

    fn cells(&self) -> Vec<String> {
        let role = match (self.role, self.checked) {
            (Some(role), true) => role.to_string(),
            (Some(role), false) => format!("{role}; no members, so nothing is checked"),
            (None, true) => "not a member".to_owned(),
            (None, false) => "no members, so nothing is checked".to_owned(),
        };
        vec![
            self.principal.clone(),
            role,
            self.teams.join(", "),
            if self.record { "yes" } else { "" }.to_owned(),
            self.db_user.clone(),
            self.catalog.clone(),
        ]
    }

    fn name(&self) -> String {
        self.principal.clone()
    }
}

pub fn run(args: &WhoamiArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let standing = access::whoami(&mut connection, &session.caller(false))?;
    let catalog = connection.location().catalog().to_string();
    let whoami = Whoami::new(standing, catalog);
    record::write_list(&mut session.ui, &[whoami], args.format)?;
    Ok(Outcome::Done)
}
