//! `/tools`: one tool, its versions.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::extract::{Answer, Named, Params, tool};
use super::problem::{Name, Problem};
use crate::definition::Document;
use crate::format::{self, Format};
use crate::operations::Page;
use crate::operations::list::{self, Cursor};
use crate::operations::show as shown;
use crate::operations::versions::{self as operation, VersionOf};
use crate::store::tools::{Filter, StoredTool};
use crate::words::hex;

/// Which tool is meant, beside its name.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The platform, where the name alone can mean several tools.
    pub platform: Option<String>,
    /// The version, if it is not the one in use.
    pub version: Option<String>,
}

/// A version of a tool, as the catalog keeps it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToolView {
    /// Name on the platform.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// Version of the definition.
    pub version: String,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// active, deprecated, disabled or testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last.
    pub updated_by: String,
    /// The definition, of the shape of `schemas/tool.schema.json`.
    #[schema(value_type = Object)]
    pub definition: serde_json::Value,
}

impl ToolView {
    /// A stored version with its definition.
    pub fn new(stored: StoredTool, document: &Document) -> Self {
        Self {
            tool: stored.tool_name,
            platform: stored.platform,
            version: stored.version,
            is_latest: stored.is_latest,
            status: stored.status,
            enabled: stored.enabled,
            owner: stored.owner,
            created_at: stored.created_at,
            created_by: stored.created_by,
            updated_at: stored.updated_at,
            updated_by: stored.updated_by,
            definition: document.to_value(),
        }
    }
}

/// A version in a list of versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionView {
    /// Version of the definition.
    pub version: String,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// active, deprecated, disabled or testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// The version that it was made from.
    pub parent: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last.
    pub updated_by: String,
}

/// The versions of a tool, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Versions {
    /// Name on the platform.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// Every version.
    pub versions: Vec<VersionView>,
}

/// Show one tool.
///
/// `name` is NAME or PLATFORM%2FNAME. With `Accept: application/yaml`, the answer is the definition alone.
#[utoipa::path(get, path = "/tools/{name}", tag = "tools",
    params(("name" = String, Path, description = "NAME or PLATFORM%2FNAME"), Which),
    responses(
        (status = 200, description = "The tool; ETag names its state", content((ToolView = "application/json"), (Object = "application/yaml")),
            headers(("ETag" = String, description = "The state of the tool, for If-Match and If-None-Match"))),
        (status = 304, description = "It is as If-None-Match says"),
        (status = 406, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The name can mean several tools"),
    ))]
pub async fn show(
    State(app): State<Arc<App>>,
    Named(name): Named,
    Params(which): Params<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let reference = tool(&name, which.platform.as_deref(), which.version.as_deref())?;
    let yaml = wants_yaml(&headers)?;
    let read = app.pool.read(move |it| shown::run(it, &reference, None));
    let found = read.await?;
    let state = found.etag();
    let (stored, document) = (found.stored, found.document);
    let mark = match yaml {
        true => format!("{state}{YAML_MARK}"),
        false => state,
    };
    let tag = [
        (header::ETAG, format!("\"{mark}\"")),
        (header::VARY, "accept".to_owned()),
    ];
    if names(headers.get(header::IF_NONE_MATCH), &mark) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    if yaml {
        let text = format::write(Format::Yaml, &[document])
            .map_err(|error| Problem::internal(error.to_string()))?
            .text;
        let kind = [(header::CONTENT_TYPE, "application/yaml")];
        return Ok((tag, kind, text).into_response());
    }
    Ok((tag, Answer(ToolView::new(stored, &document))).into_response())
}

/// What the ETag of a tool in YAML has behind its state: another form has another ETag (RFC 9110, 8.8.3).
pub const YAML_MARK: &str = "-yaml";

/// Whether a header with ETags names one, or any.
fn names(header: Option<&HeaderValue>, mark: &str) -> bool {
    let text = header.and_then(|it| it.to_str().ok()).unwrap_or_default();
    text.split(',').any(|tag| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == mark
    })
}

/// Whether the client wants YAML rather than JSON.
///
/// # Errors
/// 406 if it wants neither.
fn wants_yaml(headers: &HeaderMap) -> Result<bool, Problem> {
    let given = headers.get_all(header::ACCEPT).iter();
    let given: Vec<&str> = given.filter_map(|it| it.to_str().ok()).collect();
    let given = given.join(",");
    if given.trim().is_empty() {
        return Ok(false);
    }
    let json = wish(&given, &["application/json"]);
    let yaml = wish(
        &given,
        &["application/yaml", "application/x-yaml", "text/yaml"],
    );
    if json.weight == 0 && yaml.weight == 0 {
        let detail = "a tool is written as application/json or application/yaml";
        return Err(Problem::new(Name::NotAcceptable, detail));
    }
    Ok(yaml > json)
}

/// How much a client wants a form: by its weight, if that is the same by how exactly it is named, and at last by
/// what is named first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    /// In thousandths.
    weight: u16,
    /// 0 for any type, 1 for any of an application, 2 for itself.
    exactness: u8,
    place: Reverse<usize>,
}

/// The wish for any of those names of a form, as Accept has it: the most exact range counts (RFC 9110, 12.5.1).
fn wish(accept: &str, names: &[&str]) -> Wish {
    let ranges = accept.split(',').enumerate().filter_map(|(place, range)| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let exactness = match kind.as_str() {
            "*/*" => 0,
            "application/*" => 1,
            kind if names.contains(&kind) => 2,
            _ => return None,
        };
        Some(Wish {
            weight: parts.find_map(weight).unwrap_or(1000),
            exactness,
            place: Reverse(place),
        })
    });
    let most_exact = ranges.max_by_key(|it| (it.exactness, it.weight, it.place));
    most_exact.unwrap_or_default()
}

/// The weight that a parameter of a range gives, in thousandths; one that is not a number counts for nothing.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value: f64 = value.trim().parse().unwrap_or(0.0);
    Some((value.clamp(0.0, 1.0) * 1000.0).round() as u16)
}

/// List the versions of a tool, newest first
#[utoipa::path(get, path = "/tools/{name}/versions", tag = "tools",
    params(("name" = String, Path, description = "NAME or PLATFORM%2FNAME"), Which),
    responses(
        (status = 200, body = Versions),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn versions(
    State(app): State<Arc<App>>,
    Named(name): Named,
    Params(which): Params<Which>,
) -> Result<Answer<Versions>, Problem> {
    let reference = tool(&name, which.platform.as_deref(), which.version.as_deref())?;
    let read = app.pool.read(move |it| operation::run(it, &reference));
    let versions = read.await?;
    let (tool, platform) = match versions.first() {
        Some(first) => (first.tool.clone(), first.platform.clone()),
        None => return Err(Problem::internal("a tool without a version")),
    };
    let versions = versions.into_iter().map(VersionView::from).collect();
    Ok(Answer(Versions {
        tool,
        platform,
        versions,
    }))
}

impl From<VersionOf> for VersionView {
    fn from(it: VersionOf) -> Self {
        Self {
            version: it.version,
            is_latest: it.is_latest,
            status: it.status,
            enabled: it.enabled,
            parent: it.parent,
            created_at: it.created_at,
            created_by: it.created_by,
            updated_at: it.updated_at,
            updated_by: it.updated_by,
        }
    }
}

/// Which tools are listed. Values of one parameter are alternatives; different parameters must all hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Listing {
    /// Platform; can be repeated.
    platform: Vec<String>,
    /// Category; can be repeated.
    category: Vec<String>,
    /// Status: active, deprecated, disabled or testing; can be repeated.
    status: Vec<String>,
    /// Tag, each of which a tool must have; can be repeated.
    tag: Vec<String>,
    /// Capability; can be repeated.
    capability: Vec<String>,
    /// Owner; can be repeated.
    owner: Vec<String>,
    /// Only tools that are switched on, or off.
    enabled: Option<bool>,
    /// Older versions as well as those in use.
    all_versions: bool,
    /// How many tools are listed at once, 1 to 200; 50 if nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page begins, as the page before says.
    cursor: Option<String>,
}

/// A tool in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedView {
    /// Name on the platform.
    tool: String,
    /// Where it runs.
    platform: String,
    /// Version of the definition.
    version: String,
    /// Kind of tool.
    category: String,
    /// active, deprecated, disabled or testing.
    status: String,
    /// Whether it may be selected.
    enabled: bool,
    /// Whether it is the version in use.
    is_latest: bool,
    /// Who answers for it.
    owner: Option<String>,
    /// What it can do.
    capabilities: Vec<String>,
    /// What it is for.
    description: String,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

/// A page of tools, by platform and name in byte order.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageView {
    /// The tools.
    tools: Vec<ListedView>,
    /// How many there are on all pages.
    total: u64,
    /// The cursor of the next page, if there is one; the header Link names it as well.
    next: Option<String>,
    /// The revision of the catalog that the page shows.
    revision: i64,
}

/// How many tools are listed at once if nothing is said.
const DEFAULT_LIMIT: u32 = 50;

/// The most tools that are listed at once.
const LARGEST_LIMIT: u32 = 200;

impl Listing {
    fn filter(&self) -> Filter {
        Filter {
            platforms: self.platform.clone(),
            categories: self.category.clone(),
            statuses: self.status.clone(),
            tags: self.tag.clone(),
            capabilities: self.capability.clone(),
            owners: self.owner.clone(),
            enabled: self.enabled,
            all_versions: self.all_versions,
            tools: Vec::new(),
        }
    }

    /// What tells this filter from others: a cursor belongs to the list that gave it out.
    fn mark(&self) -> String {
        let hash = Sha256::digest(format!("{:?}", self.filter()));
        hex(&hash[..4])
    }

    fn page(&self) -> Result<Page<Cursor>, Problem> {
        let wrong = |detail: &str| Problem::new(Name::Parameter, detail);
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            return Err(wrong("limit must be 1 to 200"));
        }
        let after = match &self.cursor {
            None => None,
            Some(text) => {
                let own = text.strip_prefix(&self.mark());
                let cursor = own.and_then(|it| it.parse::<Cursor>().ok());
                Some(cursor.ok_or_else(|| wrong("the cursor is not one of this list"))?)
            }
        };
        Ok(Page { limit, after })
    }
}

/// List the tools
#[utoipa::path(get, path = "/tools", tag = "tools", params(Listing), responses(
    (status = 200, body = PageView, headers(("Link" = Option<String>, description = "The next page, as rel=next"))),
))]
pub async fn list(
    State(app): State<Arc<App>>,
    uri: OriginalUri,
    Params(listing): Params<Listing>,
) -> Result<Response, Problem> {
    page(&app, &uri.0, listing).await
}

/// List the tools of a platform
#[utoipa::path(get, path = "/tools/platform/{name}", tag = "tools",
    params(("name" = String, Path, description = "The platform"), Listing),
    responses(
        (status = 200, body = PageView, headers(("Link" = Option<String>, description = "The next page, as rel=next"))),
    ))]
pub async fn of_platform(
    State(app): State<Arc<App>>,
    uri: OriginalUri,
    Named(name): Named,
    Params(mut listing): Params<Listing>,
) -> Result<Response, Problem> {
    if !listing.platform.is_empty() {
        return Err(Problem::new(
            Name::Parameter,
            "the path names the platform already",
        ));
    }
    listing.platform.push(name);
    page(&app, &uri.0, listing).await
}

/// List the tools of a category
#[utoipa::path(get, path = "/tools/category/{name}", tag = "tools",
    params(("name" = String, Path, description = "The category"), Listing),
    responses(
        (status = 200, body = PageView, headers(("Link" = Option<String>, description = "The next page, as rel=next"))),
    ))]
pub async fn of_category(
    State(app): State<Arc<App>>,
    uri: OriginalUri,
    Named(name): Named,
    Params(mut listing): Params<Listing>,
) -> Result<Response, Problem> {
    if !listing.category.is_empty() {
        return Err(Problem::new(
            Name::Parameter,
            "the path names the category already",
        ));
    }
    listing.category.push(name);
    page(&app, &uri.0, listing).await
}

async fn page(app: &Arc<App>, uri: &Uri, listing: Listing) -> Result<Response, Problem> {
    let (page, filter, mark) = (listing.page()?, listing.filter(), listing.mark());
    let read = app.pool.read(move |it| list::run(it, &filter, Some(&page)));
    let found = read.await?;
    let next = found.next.map(|it| format!("{mark}{it}"));
    let link = next.as_ref().map(|cursor| {
        let others = uri.query().unwrap_or_default().split('&');
        let others = others.filter(|it| !it.is_empty() && !it.starts_with("cursor="));
        let query: String = others.map(|it| format!("{it}&")).collect();
        let path = uri.path();
        [(
            header::LINK,
            format!("<{path}?{query}cursor={cursor}>; rel=\"next\""),
        )]
    });
    let tools = found.tools.into_iter().map(|it| ListedView {
        tool: it.tool,
        platform: it.platform,
        version: it.version,
        category: it.category,
        status: it.status,
        enabled: it.enabled,
        is_latest: it.is_latest,
        owner: it.owner,
        capabilities: it.capabilities,
        description: it.description,
        updated_at: it.updated_at,
    });
    let answer = Answer(PageView {
        tools: tools.collect(),
        total: found.total,
        next,
        revision: found.revision,
    });
    Ok(match link {
        Some(link) => (link, answer).into_response(),
        None => answer.into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L8.
    #[test]
    fn what_a_client_accepts_is_weighed() {
        let asked = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a value"));
            wants_yaml(&headers).map_err(|it| it.status)
        };
        for json in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "application/yaml;q=0, application/json",
            "application/yaml;q=0.1, application/json;q=0.9",
            "application/json, application/yaml",
            "application/yaml; q=0, */*",
            "application/x-yaml;Q=0.5, application/*",
            "text/html, */*;q=0.1",
            "application/yaml;q=nonsense, application/json;q=0.001",
            "application/yaml;q=NaN, application/json;q=0.001",
        ] {
            assert_eq!(asked(json), Ok(false), "{json}");
        }
        for yaml in [
            "application/yaml",
            "text/yaml",
            "application/json;q=0.5, application/yaml",
            "application/yaml, application/json",
            "*/*, application/yaml",
            "application/json;q=0, */*;q=0.1",
            "application/json; charset=utf-8; q=0.2, APPLICATION/YAML; q=0.3",
        ] {
            assert_eq!(asked(yaml), Ok(true), "{yaml}");
        }
        for neither in ["text/html", "application/json;q=0", "*/*;q=0", "text/*"] {
            assert_eq!(asked(neither), Err(406), "{neither}");
        }
    }
}
