//! Members and tokens: who may do what. For admins.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{Form, given};
use super::frame::{Place, Viewer};
use super::kit::{self, Column, Field, shown};
use super::url;
use crate::operations::access::{self, Deed, Role, member, team, token};
use crate::operations::{Kind, Refusal};
use crate::server::app::App;
use crate::server::problem::{Name, Problem};
use crate::store::Connection;
use crate::store::access::members::{Member, NewMember};
use crate::store::access::tokens::Token;

const ROLES: &[(&str, &str)] = &[
    ("viewer", "viewer: looks at everything"),
    ("owner", "owner: changes their own and their teams' tools"),
    ("admin", "admin: changes everything"),
];

/// Shows them.
pub async fn show(State(app): State<Arc<App>>, viewer: Viewer) -> Result<Response, Problem> {
    only_admins(&viewer)?;
    let work = |it: &mut Connection| {
        Ok((
            member::list(it)?,
            team::list(it, None)?,
            token::list(it, None)?,
        ))
    };
    let (members, teams, tokens) = app.pool.read(work).await?;
    let teams_of = |name: &str| {
        let own = teams.iter().filter(|it| it.principal == name);
        own.map(|it| it.team.clone()).collect::<Vec<_>>().join(", ")
    };
    let body = html! {
        (kit::section("Members", html! { (members_table(&members, teams_of)) (new_member()) }))
        (kit::section("Tokens", html! { (tokens_table(&tokens)) (new_token()) }))
    };
    Ok(viewer.page(Place::Members, "Members and tokens", body))
}

fn only_admins(viewer: &Viewer) -> Result<(), Problem> {
    Ok(access::may(&viewer.principal, Deed::Administer)?)
}

fn members_table(members: &[Member], teams: impl Fn(&str) -> String) -> Markup {
    if members.is_empty() {
        return kit::empty(
            "The catalog has no members",
            html! {
                "Whoever reaches the database may do everything. The first member should be an admin."
            },
        );
    }
    const COLUMNS: &[Column] = &[
        Column::Text("Member"),
        Column::Text("Role"),
        Column::Text("Teams"),
        Column::Text("Since"),
        Column::Text("Change"),
    ];
    let rows = members.iter().map(|it| {
        vec![
            html! { (shown(&it.principal)) },
            html! { (it.role) @if it.delegate { " " (kit::badge(kit::Tone::Plain, "speaks for others")) } },
            html! { (shown(&teams(&it.principal))) },
            html! { (kit::moment(it.created_at)) },
            html! {
                form.buttons method="post" action=(url::to("/members/change")) {
                    input type="hidden" name="principal" value=(it.principal);
                    select name="role" aria-label={ "Role of " (shown(&it.principal)) } {
                        @for (role, _) in ROLES { option value=(role) selected[*role == it.role] { (role) } }
                    }
                    button type="submit" name="action" value="role" { "Set role" }
                    button.grave type="submit" name="action" value="remove" { "Remove" }
                }
            },
        ]
    });
    kit::table("Members", COLUMNS, rows.collect())
}

fn new_member() -> Markup {
    let name = Field {
        label: "Name",
        name: "principal",
        help: "A database role, or whom the server speaks for.",
        error: None,
        required: true,
    };
    let role = Field {
        label: "Role",
        name: "role",
        help: "",
        error: None,
        required: true,
    };
    html! {
        details.more {
            summary { "Add a member" }
            form.narrow method="post" action=(url::to("/members")) {
                (name.text(""))
                (role.choice("viewer", ROLES))
                (kit::reason(""))
                (kit::buttons(html! { button.main type="submit" { "Add" } }))
            }
        }
    }
}

fn tokens_table(tokens: &[Token]) -> Markup {
    if tokens.is_empty() {
        return kit::empty(
            "There are no tokens",
            html! { "A token lets a program, or a person in a browser, show who they are." },
        );
    }
    const COLUMNS: &[Column] = &[
        Column::Number("Number"),
        Column::Text("For"),
        Column::Text("Role"),
        Column::Wide("Note"),
        Column::Text("Ends"),
        Column::Text("Last used"),
        Column::Text("State"),
    ];
    let now = chrono::Utc::now();
    let rows = tokens.iter().map(|it| {
        vec![
            html! { (it.id) },
            html! { (shown(&it.principal)) },
            html! { (it.role) },
            html! { (shown(it.note.as_deref().unwrap_or("–"))) },
            html! { (kit::moment(it.expires_at)) },
            html! { @match it.last_used_at { Some(at) => (kit::moment(at)), None => span.soft { "never" } } },
            html! {
                @if it.revoked_at.is_some() { (kit::badge(kit::Tone::Bad, "revoked")) }
                @else if it.expires_at <= now { (kit::badge(kit::Tone::Warn, "expired")) }
                @else {
                    form method="post" action=(url::to("/tokens/revoke")) {
                        input type="hidden" name="id" value=(it.id);
                        button.grave type="submit" aria-label={ "Revoke token " (it.id) } { "Revoke" }
                    }
                }
            },
        ]
    });
    kit::table("Tokens", COLUMNS, rows.collect())
}

fn new_token() -> Markup {
    let field = |label, name, help, required| Field {
        label,
        name,
        help,
        error: None,
        required,
    };
    html! {
        details.more {
            summary { "Make a token" }
            form.narrow method="post" action=(url::to("/tokens")) {
                (field("For", "principal", "A member.", true).text(""))
                (field("Role", "role", "The most that it allows.", true).choice("viewer", ROLES))
                (field("Note", "note", "What it is for.", false).text(""))
                (field("Days", "days", "Until it ends, 1 to 365.", true).text("90"))
                (kit::reason(""))
                (kit::buttons(html! { button.main type="submit" { "Make" } }))
            }
        }
    }
}

/// A member to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    principal: String,
    role: String,
    #[serde(default)]
    reason: String,
}

fn role(name: &str) -> Result<Role, Problem> {
    name.parse()
        .map_err(|error: String| Problem::new(Name::Invalid, error))
}

/// Adds a member.
pub async fn add(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(form): Form<New>,
) -> Result<Response, Problem> {
    only_admins(&viewer)?;
    let caller = viewer.caller(given(&form.reason), false);
    let new = NewMember {
        principal: form.principal,
        role: role(&form.role)?,
        record: false,
        delegate: false,
    };
    let work = move |it: &mut Connection| member::add(it, &caller, &new);
    let (added, revision) = app.pool.run(work).await?;
    let said = format!(
        "{} is a member now, with the role {}.",
        added.principal, added.role
    );
    Ok(viewer.done(&url::to("/members"), said, Some(revision)))
}

/// What becomes of a member.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    principal: String,
    role: String,
    action: String,
}

/// Gives a member another role, or removes them.
pub async fn change(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(form): Form<Change>,
) -> Result<Response, Problem> {
    only_admins(&viewer)?;
    let caller = viewer.caller(None, false);
    let role = role(&form.role)?;
    let work = move |it: &mut Connection| -> Result<(String, i64), Refusal> {
        let name = form.principal;
        match form.action.as_str() {
            "role" => {
                let revised = member::Revision {
                    principal: name,
                    role: Some(role),
                    record: None,
                    delegate: None,
                };
                let (now, revision) = member::revise(it, &caller, &revised)?;
                Ok((
                    format!("{} has the role {} now.", now.principal, now.role),
                    revision,
                ))
            }
            "remove" => {
                let revision = member::remove(it, &caller, std::slice::from_ref(&name))?;
                Ok((format!("{name} is not a member any more."), revision))
            }
            other => Err(Refusal::new(
                Kind::Invalid,
                format!("`{other}` is not something to do with a member"),
            )),
        }
    };
    let (said, revision) = app.pool.run(work).await?;
    Ok(viewer.done(&url::to("/members"), said, Some(revision)))
}

/// A token to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    principal: String,
    role: String,
    note: String,
    days: i64,
    #[serde(default)]
    reason: String,
}

/// Makes a token, and shows it once.
pub async fn make_token(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(form): Form<NewToken>,
) -> Result<Response, Problem> {
    only_admins(&viewer)?;
    let caller = viewer.caller(given(&form.reason), false);
    let request = token::Request {
        principal: given(&form.principal),
        role: Some(role(&form.role)?),
        record: false,
        note: given(&form.note),
        days: form.days,
    };
    let work = move |it: &mut Connection| token::create(it, &caller, &request);
    let (secret, made) = app.pool.run(work).await?;
    let body = html! {
        div.flash role="status" {
            p { "Token " (made.id) " for " strong { (shown(&made.principal)) } ", with the role " (made.role) ", until " (kit::moment(made.expires_at)) ":" }
            p { code { (secret.reveal()) } }
            p { "It is shown this once. Keep it where secrets are kept." }
        }
        p { a href=(url::to("/members")) { "Back to members and tokens" } }
    };
    Ok(viewer.page(Place::Members, "A new token", body))
}

/// The token to be void.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Void {
    id: i64,
}

/// Makes a token void.
pub async fn revoke(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(form): Form<Void>,
) -> Result<Response, Problem> {
    only_admins(&viewer)?;
    let caller = viewer.caller(None, false);
    let which = token::Which::Numbers(vec![form.id]);
    let work = move |it: &mut Connection| token::revoke(it, &caller, &which);
    app.pool.run(work).await?;
    app.following.tokens().forget();
    Ok(viewer.done(
        &url::to("/members"),
        format!("Token {} is void.", form.id),
        None,
    ))
}
