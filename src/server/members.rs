//! `/me`, `/members`, `/teams`, `/tokens`: who may do what.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::{App, Asker};
use super::extract::{Answer, JsonBody, Named, Nothing, Params};
use super::finish::Signed;
use super::problem::{Name, Problem};
use super::writes::reason;
use crate::operations::access::token::{self, USUAL_DAYS};
use crate::operations::access::{Role, member, team};
use crate::store::Connection;
use crate::store::access::members::{Member, NewMember};
use crate::store::access::tokens::Token;

/// What somebody may do at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// Look at everything.
    Viewer,
    /// Change their own and their teams' tools as well.
    Owner,
    /// Change everything.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Role::Viewer,
            RoleName::Owner => Role::Owner,
            RoleName::Admin => Role::Admin,
        }
    }
}

/// Who asks, and what they may.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The name.
    name: String,
    /// admin, owner or viewer; admin if nobody has to sign in.
    role: &'static str,
    /// Whether executions may be recorded and units assigned.
    record: bool,
    /// The teams, whose tools are theirs as well; none of an admin, who may change all.
    teams: Vec<String>,
    /// The number of the token that was shown.
    token: Option<i64>,
    /// Whether the catalog has members, so that everybody shows a token.
    checked: bool,
    /// The catalog.
    catalog: String,
}

/// Show who asks, and what they may
#[utoipa::path(get, path = "/me", tag = "access", responses((status = 200, body = Me)))]
pub async fn me(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    _: Params<Nothing>,
) -> Answer<Me> {
    let catalog = app.catalog().to_owned();
    let checked = app.following.has_members();
    Answer(match signed {
        Signed::Own(name) => Me {
            name,
            role: Role::Admin.as_str(),
            record: true,
            teams: Vec::new(),
            token: None,
            checked,
            catalog,
        },
        Signed::In(principal) => Me {
            name: principal.name.clone(),
            role: principal.role.as_str(),
            record: principal.record,
            teams: principal.teams.clone(),
            token: principal.token_id,
            checked,
            catalog,
        },
    })
}

/// A member of the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberView {
    /// Whom a token stands for, or a database role.
    name: String,
    /// admin, owner or viewer.
    role: String,
    /// Whether it may record as a viewer.
    record: bool,
    /// Whether its database role speaks for others.
    delegate: bool,
    /// Since when.
    created_at: DateTime<Utc>,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            name: member.principal,
            role: member.role,
            record: member.record,
            delegate: member.delegate,
            created_at: member.created_at,
        }
    }
}

/// The members by name; if there are none, nobody has to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Members {
    /// Every member.
    members: Vec<MemberView>,
}

/// List the members
#[utoipa::path(get, path = "/members", tag = "access", responses((status = 200, body = Members)))]
pub async fn list(
    State(app): State<Arc<App>>,
    _: Params<Nothing>,
) -> Result<Answer<Members>, Problem> {
    let found = app.pool.read(member::list).await?;
    let members = found.into_iter().map(MemberView::from).collect();
    Ok(Answer(Members { members }))
}

/// What a member is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "owner"}))]
pub struct MemberBody {
    /// What the member may.
    role: RoleName,
    /// Whether it may record as a viewer.
    #[serde(default)]
    record: bool,
    /// Whether its database role speaks for others, as that of a server does.
    #[serde(default)]
    delegate: bool,
}

/// How a change is made.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// Do all but keep it, and answer what would be so.
    dry_run: bool,
    /// Why, for the audit log; the header Toolcat-Reason says it as well.
    reason: Option<String>,
}

/// Make somebody a member, or change what a member may
#[utoipa::path(put, path = "/members/{name}", tag = "access", request_body = MemberBody,
    params(("name" = String, Path, description = "The member"), How,
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = MemberView),
        (status = 201, body = MemberView, description = "The member is a new one"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "A team has the name"),
    ))]
pub async fn set(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(principal): Named,
    Params(how): Params<How>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<MemberBody>,
) -> Result<Response, Problem> {
    let caller = asker.caller(reason(how.reason, &headers)?, how.dry_run);
    let new = NewMember {
        principal,
        role: body.role.into(),
        record: body.record,
        delegate: body.delegate,
    };
    let work = move |it: &mut Connection| member::set(it, &caller, &new);
    let (made, is_new) = app.pool.run(work).await?;
    let status = match is_new && !how.dry_run {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok((status, Answer(MemberView::from(made))).into_response())
}

/// Remove a member, with places in teams; the member's tokens are revoked
#[utoipa::path(delete, path = "/members/{name}", tag = "access",
    params(("name" = String, Path, description = "The member"), How,
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses((status = 204, description = "There is no such member any more, or it was a dry run")))]
pub async fn remove(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(principal): Named,
    Params(how): Params<How>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let caller = asker.caller(reason(how.reason, &headers)?, how.dry_run);
    let work = move |it: &mut Connection| member::remove(it, &caller, &[principal]);
    app.pool.run(work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamView {
    /// Its name, as the owner of tools.
    team: String,
    /// Its members by name.
    members: Vec<String>,
}

/// The teams by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Teams {
    /// Every team.
    teams: Vec<TeamView>,
}

/// List the teams, with their members
#[utoipa::path(get, path = "/teams", tag = "access", responses((status = 200, body = Teams)))]
pub async fn teams(
    State(app): State<Arc<App>>,
    _: Params<Nothing>,
) -> Result<Answer<Teams>, Problem> {
    let mut teams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for it in app.pool.read(|it| team::list(it, None)).await? {
        teams.entry(it.team).or_default().push(it.principal);
    }
    let teams = teams.into_iter();
    let teams = teams.map(|(team, members)| TeamView { team, members });
    Ok(Answer(Teams {
        teams: teams.collect(),
    }))
}

/// Who is in a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"members": ["ada", "alice"]}))]
pub struct TeamBody {
    /// Its members, at least one; whoever else was in it is not any more.
    #[schema(min_items = 1)]
    members: Vec<String>,
}

/// Let a team have these members and no others; it is made by that
#[utoipa::path(put, path = "/teams/{name}", tag = "access", request_body = TeamBody,
    params(("name" = String, Path, description = "The team"), How,
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = TeamView),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "One is not a member of the catalog"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "A member has the name"),
    ))]
pub async fn set_team(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(team): Named,
    Params(how): Params<How>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<TeamBody>,
) -> Result<Answer<TeamView>, Problem> {
    if body.members.is_empty() {
        let detail = "a team has at least one member";
        return Err(Problem::new(Name::Invalid, detail).hint("DELETE ends a team"));
    }
    let caller = asker.caller(reason(how.reason, &headers)?, how.dry_run);
    let mut members = body.members;
    members.sort_unstable();
    members.dedup();
    let work = move |it: &mut Connection| {
        team::set(it, &caller, &team, &members)?;
        Ok(TeamView { team, members })
    };
    Ok(Answer(app.pool.run(work).await?))
}

/// End a team; its tools keep its name as their owner
#[utoipa::path(delete, path = "/teams/{name}", tag = "access",
    params(("name" = String, Path, description = "The team"), How,
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses((status = 204, description = "There is no such team any more, or it was a dry run")))]
pub async fn end_team(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(team): Named,
    Params(how): Params<How>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let caller = asker.caller(reason(how.reason, &headers)?, how.dry_run);
    let work = move |it: &mut Connection| team::remove(it, &caller, &team, &[]);
    app.pool.run(work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// Its number, as the audit log names it.
    number: i64,
    /// The member for whom it is.
    member: String,
    /// The most that it allows: admin, owner or viewer.
    role: String,
    /// Whether it allows to record.
    record: bool,
    /// What it is for.
    note: Option<String>,
    /// valid, expired or revoked.
    state: &'static str,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it ends.
    expires_at: DateTime<Utc>,
    /// Since when it is void.
    revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, to about a minute.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            state: token::state(&token),
            number: token.id,
            member: token.principal,
            role: token.role,
            record: token.record,
            note: token.note,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// The tokens, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Every token, without its secret.
    tokens: Vec<TokenView>,
}

/// Which tokens are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct OfMember {
    /// Only tokens of this member.
    member: Option<String>,
}

/// List the tokens, newest first; not what they are
#[utoipa::path(get, path = "/tokens", tag = "access", params(OfMember), responses((status = 200, body = Tokens)))]
pub async fn tokens(
    State(app): State<Arc<App>>,
    Params(of): Params<OfMember>,
) -> Result<Answer<Tokens>, Problem> {
    let read = app
        .pool
        .read(move |it| token::list(it, of.member.as_deref()));
    let tokens = read.await?.into_iter().map(TokenView::from).collect();
    Ok(Answer(Tokens { tokens }))
}

/// A token to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"member": "ci", "role": "viewer", "record": true, "days": 30, "note": "pipeline"}))]
pub struct NewToken {
    /// The member for whom it is; whoever asks if nobody is named.
    member: Option<String>,
    /// The most that it allows; what the member may if nothing is said.
    role: Option<RoleName>,
    /// Whether it lets a viewer record, where the member may.
    record: bool,
    /// Days until it ends, 1 to 365; 90 if nothing is said.
    #[schema(minimum = 1, maximum = 365)]
    days: Option<i64>,
    /// What it is for.
    #[schema(max_length = 200)]
    note: Option<String>,
    /// Do all but keep it, and answer what would be made.
    dry_run: bool,
    /// Why, for the audit log.
    reason: Option<String>,
}

/// A token that was made, with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeToken {
    /// The secret: it is shown this once, and kept nowhere. Of a dry run, there is none.
    token: Option<String>,
    /// What is known of it.
    #[serde(flatten)]
    view: TokenView,
}

/// Make a token; the answer alone shows it
#[utoipa::path(post, path = "/tokens", tag = "access", request_body = NewToken,
    params(("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses(
        (status = 200, body = MadeToken, description = "A dry run: what would be made"),
        (status = 201, body = MadeToken),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such member"),
    ))]
pub async fn make_token(
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
    JsonBody(body): JsonBody<NewToken>,
) -> Result<Response, Problem> {
    let dry_run = body.dry_run;
    let caller = asker.caller(reason(body.reason, &headers)?, dry_run);
    let request = token::Request {
        principal: body.member,
        role: body.role.map(Role::from),
        record: body.record,
        note: body.note,
        days: body.days.unwrap_or(USUAL_DAYS),
    };
    let work = move |it: &mut Connection| token::create(it, &caller, &request);
    let (secret, made) = app.pool.run(work).await?;
    let view = TokenView::from(made);
    let (status, token) = match dry_run {
        true => (StatusCode::OK, None),
        false => (StatusCode::CREATED, Some(secret.reveal().to_owned())),
    };
    let unkept = [(header::CACHE_CONTROL, "no-store")];
    Ok((status, unkept, Answer(MadeToken { token, view })).into_response())
}

/// Revoke a token, which is void from now on
#[utoipa::path(delete, path = "/tokens/{number}", tag = "access",
    params(("number" = i64, Path, description = "The number of the token"), How,
        ("Toolcat-Reason" = Option<String>, Header, description = "Why, for the audit log")),
    responses((status = 204, description = "The token is void, or it was a dry run")))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    asker: Asker,
    Named(number): Named,
    Params(how): Params<How>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let number = number
        .parse::<i64>()
        .map_err(|_| Problem::new(Name::Parameter, "the number of a token is a whole number"))?;
    let caller = asker.caller(reason(how.reason, &headers)?, how.dry_run);
    let which = token::Which::Numbers(vec![number]);
    let work = move |it: &mut Connection| token::revoke(it, &caller, &which);
    app.pool.run(work).await?;
    Ok(StatusCode::NO_CONTENT)
}
