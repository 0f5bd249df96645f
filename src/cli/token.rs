//! `toolcat token`: tokens by which a server knows who asks.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::operations::access::Role;
use crate::operations::access::token::{self, MOST_DAYS, Request, USUAL_DAYS, Which};
use crate::output::{Column, Format, Record, record, text};
use crate::store::Connection;
use crate::store::access::tokens::Token;

use super::member::role;
use super::{CommandError, Outcome, Session};

/// Make, list and revoke the tokens by which a server knows who asks
#[derive(Debug, Args)]
#[command(
    after_help = "A token is shown once; the catalog keeps its SHA-256 alone. No more is allowed with it than \
                  its principal may.\n\n\
                  Examples:\n  toolcat token create --for ci --role viewer --record --note pipeline > token\n  \
                  toolcat token list\n  toolcat token revoke 3"
)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token, and print it alone on stdout
    Create(CreateArgs),
    /// List the tokens, newest first; not what they are
    List(ListArgs),
    /// Make tokens void from now on
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Member for whom it is [default: whoever asks]
    #[arg(long = "for", value_name = "MEMBER")]
    principal: Option<String>,

    /// The most that it allows: viewer, owner or admin [default: what the member may]
    #[arg(long, value_name = "ROLE", value_parser = role())]
    role: Option<Role>,

    /// Let a viewer's token record executions and assign units, where the member may
    #[arg(long)]
    record: bool,

    /// When it ends: 90d, 12w or 1y; a year at the most
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = days)]
    expires: i64,

    /// What it is for
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,

    /// Say what would be made, and make nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only tokens of this member
    #[arg(long = "for", value_name = "MEMBER")]
    principal: Option<String>,

    /// How to write the list
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Args)]
struct RevokeArgs {
    /// Numbers of the tokens (can be repeated)
    #[arg(value_name = "NUMBER", required_unless_present = "principal")]
    numbers: Vec<i64>,

    /// Every token of this member
    #[arg(long = "for", value_name = "MEMBER", conflicts_with = "numbers")]
    principal: Option<String>,

    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// A number of days, weeks or a year.
fn days(text: &str) -> Result<i64, String> {
    let expected =
        || format!("expected one like {USUAL_DAYS}d, 12w or 1y, at most {MOST_DAYS} days");
    let split = text
        .find(|it: char| !it.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let each = match unit {
        "d" | "" => 1,
        "w" => 7,
        "y" => MOST_DAYS,
        _ => return Err(expected()),
    };
    let days = number
        .parse::<i64>()
        .ok()
        .and_then(|it| it.checked_mul(each));
    days.filter(|it| (1..=MOST_DAYS).contains(it))
        .ok_or_else(expected)
}

/// A token as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    token: Token,
    state: &'static str,
}

impl From<Token> for Listed {
    fn from(token: Token) -> Self {
        let state = token::state(&token);
        Self { token, state }
    }
}

impl Record for Listed {
    const COLUMNS: &'static [Column] = &[
        Column::number("number"),
        Column::text("member"),
        Column::text("role"),
        Column::text("records").wide(),
        Column::text("state"),
        Column::text("ends"),
        Column::text("last used"),
        Column::text("made").wide(),
        Column::text("note"),
    ];

    fn cells(&self) -> Vec<String> {
        let token = &self.token;
        vec![
            token.id.to_string(),
            token.principal.clone(),
            token.role.clone(),
            if token.record { "yes" } else { "" }.to_owned(),
            self.state.to_owned(),
            text::time(token.expires_at),
            token
                .last_used_at
                .map_or_else(|| "never".to_owned(), text::time),
            text::time(token.created_at),
            token.note.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.token.id.to_string()
    }
}

pub fn run(args: &TokenArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match &args.command {
        TokenCommand::Create(args) => create(args, session),
        TokenCommand::List(args) => list(args, session),
        TokenCommand::Revoke(args) => revoke(args, session),
    }
}

fn create(args: &CreateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let request = Request {
        principal: args.principal.clone(),
        role: args.role,
        record: args.record,
        note: args.note.clone(),
        days: args.expires,
    };
    let mut connection = session.connect()?;
    let (secret, token) = token::create(&mut connection, &session.caller(args.dry_run), &request)?;
    let (done, number) = match args.dry_run {
        true => ("would make a token", String::new()),
        false => {
            let written = writeln!(session.ui.out(), "{}", secret.reveal());
            if let Err(error) = written.and_then(|()| session.ui.finish()) {
                return Err(unseen(&mut connection, session, &token, &error));
            }
            ("made token", format!(" {}", token.id))
        }
    };
    session.ui.status(&format!(
        "{done}{number} for {}, with the role {}, until {}; it is not shown again",
        token.principal,
        token.role,
        text::time(token.expires_at)
    ));
    Ok(Outcome::Done)
}

/// Revokes a token that nobody has seen, and says so.
fn unseen(
    connection: &mut Connection,
    session: &Session,
    token: &Token,
    error: &std::io::Error,
) -> CommandError {
    let which = Which::Numbers(vec![token.id]);
    let number = token.id;
    let lost = format!("token {number} could not be written, so that nobody has seen it ({error})");
    match token::revoke(connection, &session.caller(false), &which) {
        Ok(_) => CommandError::invalid(format!("{lost}: it was revoked")),
        Err(refusal) => {
            CommandError::invalid(format!("{lost}, and it could not be revoked: {refusal}"))
                .hint(format!("`toolcat token revoke {number}` makes it void"))
        }
    }
}

fn list(args: &ListArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut connection = session.connect()?;
    let tokens = token::list(&mut connection, args.principal.as_deref())?;
    let listed: Vec<Listed> = tokens.into_iter().map(Listed::from).collect();
    if listed.is_empty() && args.format.is_for_people() {
        session.ui.status("no token");
        return Ok(Outcome::Done);
    }
    record::write_list(&mut session.ui, &listed, args.format)?;
    Ok(Outcome::Done)
}

fn revoke(args: &RevokeArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let which = match &args.principal {
        Some(principal) => Which::Of(principal.clone()),
        None => Which::Numbers(args.numbers.clone()),
    };
    let mut connection = session.connect()?;
    let revoked = token::revoke(&mut connection, &session.caller(args.dry_run), &which)?;
    let done = if args.dry_run {
        "would revoke"
    } else {
        "revoked"
    };
    for token in &revoked {
        session
            .ui
            .status(&format!("{done} token {} of {}", token.id, token.principal));
    }
    if revoked.is_empty() {
        session.ui.status("nothing to revoke");
    }
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn times_are_days_weeks_or_a_year() {
        assert_eq!(days("90d"), Ok(90));
        assert_eq!(days("7"), Ok(7));
        assert_eq!(days("2w"), Ok(14));
        assert_eq!(days("1y"), Ok(365));
        for wrong in [
            "",
            "0d",
            "366d",
            "2y",
            "-1d",
            "1h",
            "d",
            "99999999999999999999d",
        ] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
