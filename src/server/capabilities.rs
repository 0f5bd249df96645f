//! `/capabilities`: what the tools of the catalog can do.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::extract::{Answer, Named, Params};
use super::problem::Problem;
use crate::operations::capabilities;

/// On which platforms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OnPlatforms {
    /// Only tools of this platform; can be repeated.
    #[serde(default)]
    pub platform: Vec<String>,
}

/// A capability, and how many tools offer it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapabilityView {
    /// Its name.
    pub capability: String,
    /// Tools that offer it.
    pub tools: i64,
    /// Those of them that may be selected.
    pub selectable: i64,
}

/// The capabilities by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Capabilities {
    /// Every capability.
    pub capabilities: Vec<CapabilityView>,
}

/// A tool that offers a capability.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferView {
    /// Name on the platform.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// The version in use.
    pub version: String,
    /// active, deprecated, disabled or testing.
    pub status: String,
    /// Whether it may be selected.
    pub enabled: bool,
    /// What the capability is, in the words of this tool.
    pub description: String,
    /// Its usage patterns.
    pub patterns: Vec<String>,
}

/// The tools that offer a capability.
#[derive(Debug, Serialize, ToSchema)]
pub struct Offers {
    /// The capability.
    pub capability: String,
    /// By platform and name.
    pub tools: Vec<OfferView>,
}

/// List the capabilities, with the number of tools that offer each
#[utoipa::path(get, path = "/capabilities", tag = "capabilities", params(OnPlatforms), responses(
    (status = 200, body = Capabilities),
))]
pub async fn list(
    State(app): State<Arc<App>>,
    Params(on): Params<OnPlatforms>,
) -> Result<Answer<Capabilities>, Problem> {
    let read = app.pool.read(move |it| capabilities::all(it, &on.platform));
    let capabilities = read.await?.into_iter().map(|it| CapabilityView {
        capability: it.capability,
        tools: it.tools,
        selectable: it.selectable,
    });
    let capabilities = capabilities.collect();
    Ok(Answer(Capabilities { capabilities }))
}

/// List the tools that offer a capability
#[utoipa::path(get, path = "/capabilities/{name}/tools", tag = "capabilities",
    params(("name" = String, Path, description = "The capability"), OnPlatforms),
    responses(
        (status = 200, body = Offers),
    ))]
pub async fn offers(
    State(app): State<Arc<App>>,
    Named(capability): Named,
    Params(on): Params<OnPlatforms>,
) -> Result<Answer<Offers>, Problem> {
    let name = capability.clone();
    let read = app
        .pool
        .read(move |it| capabilities::offers(it, &name, &on.platform));
    let tools = read.await?.into_iter().map(|it| OfferView {
        tool: it.tool,
        platform: it.platform,
        version: it.version,
        status: it.status,
        enabled: it.enabled,
        description: it.description,
        patterns: it.patterns,
    });
    let tools = tools.collect();
    Ok(Answer(Offers { capability, tools }))
}
