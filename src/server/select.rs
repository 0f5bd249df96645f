//! `POST /select`: the best tool for a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::app::{App, Asker};
use super::extract::{Answer, JsonBody, Named, Params};
use super::problem::{Name, Problem};
use super::tools::Which;
use crate::definition::ToolRef;
use crate::expression::Variables;
use crate::operations::Refusal;
use crate::operations::select::{self as operation, Memory, Request, Source};
use crate::select::permission::with_covered;
use crate::select::request::DEFAULT_ENVIRONMENT;
use crate::select::{Mode, Request as Job, Scope, Scoring, Weights, preference};
use crate::store::Act;
use crate::store::index::Snapshot;

/// How many choices are listed where nothing else is said.
const DEFAULT_LIMIT: usize = 5;

/// The most choices or tools that are listed.
const LARGEST_LIMIT: usize = 200;

/// What is asked of a selection: a capability, or words, or both.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"capabilities": ["disk_usage"], "mode": "fast", "context": {"N": 200}}))]
pub struct SelectRequest {
    /// The job in words.
    query: String,
    /// Capabilities, of which the tool must offer one.
    capabilities: Vec<String>,
    /// What is preferred: fast, accurate, thorough, cheap, simple or balanced; else the words say.
    #[schema(value_type = Option<String>)]
    mode: Option<Mode>,
    /// Weights in place of the mode's: time, cost, complexity, accuracy, completeness.
    weights: Option<BTreeMap<String, f64>>,
    /// Which figures the scores are made of: log or classic.
    #[schema(value_type = Option<String>)]
    scoring: Option<Scoring>,
    /// Values of the variables of the estimates.
    context: BTreeMap<String, f64>,
    /// Values of the inputs, which are filled into the command.
    #[schema(value_type = BTreeMap<String, Object>)]
    inputs: BTreeMap<String, Input>,
    /// Where the tool is to run; production if nothing is said.
    environment: Option<String>,
    /// Permissions that the caller holds.
    permissions: Vec<String>,
    /// Only tools of these platforms.
    platforms: Vec<String>,
    /// Only tools with all of these tags.
    tags: Vec<String>,
    /// Tools that are not to be chosen.
    exclude: Vec<String>,
    /// The highest cost that the caller accepts.
    max_cost: Option<f64>,
    /// The longest time that the caller accepts, in milliseconds.
    max_time_ms: Option<f64>,
    /// Whether a tool that is not safe in production may be chosen there.
    allow_unsafe: bool,
    /// Whether patterns may be chosen that need somebody at a terminal, or never end.
    allow_interactive: bool,
    /// Whether a pattern with a variable that has no value is set aside.
    strict_context: bool,
    /// What relevance to the words weighs against fitness, 0 to 1.
    relevance_weight: Option<f64>,
    /// Whether telemetry corrects the estimates.
    learned: bool,
    /// Whether variables without a value take the median of their recorded values.
    infer_context: bool,
    /// For whom it is; decides the version where an A/B test is on.
    user: Option<String>,
    /// For which execution it is; decides the version where an A/B test is on.
    execution_id: Option<String>,
    /// The tool whose standing is to be explained.
    why_not: Option<String>,
    /// How many choices are listed, 1 to 200.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// The value of an input: text or a number.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Number(serde_json::Number),
}

impl Input {
    fn text(self) -> String {
        match self {
            Input::Text(text) => text,
            Input::Number(number) => number.to_string(),
        }
    }
}

/// The answer: the choice with its estimates and its command, the ranking, and what was set aside.
#[derive(Debug, Serialize, ToSchema)]
pub struct Selection {
    /// As `toolcat select --format json` writes it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    selected: Value,
    /// What the caller should know.
    warnings: Vec<String>,
}

impl SelectRequest {
    /// The request as the operation takes it.
    pub(super) fn into_request(
        self,
        covers: &BTreeMap<String, Vec<String>>,
    ) -> Result<Request, Problem> {
        let wrong = |text: String| Problem::new(Name::Invalid, text);
        if self.capabilities.is_empty() && self.query.trim().is_empty() {
            return Err(wrong("nothing is asked for".to_owned())
                .hint("name a capability, or say in `query` what the job is"));
        }
        for (name, limit) in [
            ("max_cost", self.max_cost),
            ("max_time_ms", self.max_time_ms),
        ] {
            if limit.is_some_and(|it| it < 0.0) {
                return Err(wrong(format!("{name} must be 0 or more")));
            }
        }
        let weights = self.weights.as_ref().map(weights).transpose()?;
        let given: Vec<String> = self.context.keys().cloned().collect();
        let mut context = Variables::defaults();
        for (name, value) in &self.context {
            context.set(name.as_str(), *value);
        }
        let mut inputs = BTreeMap::new();
        for (name, value) in self.inputs {
            let text = value.text();
            let number = text.parse().ok().filter(|it: &f64| it.is_finite());
            if let Some(number) = number.filter(|_| !given.contains(&name)) {
                context.set(name.as_str(), number);
            }
            inputs.insert(name, text);
        }
        let why_not = self.why_not.as_deref().map(str::parse::<ToolRef>);
        let why_not = why_not
            .transpose()
            .map_err(|error| wrong(format!("why_not: {error}")))?;
        let environment = self.environment.filter(|it| !it.is_empty());
        let defaults = Job::default();
        let job = Job {
            mode: self
                .mode
                .unwrap_or_else(|| preference::infer(&self.query).mode),
            query: self.query,
            weights,
            context,
            environment: environment.unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned()),
            permissions: with_covered(&self.permissions, covers),
            max_cost: self.max_cost,
            max_time_ms: self.max_time_ms,
            allow_unsafe: self.allow_unsafe,
            relevance_weight: self.relevance_weight.unwrap_or(defaults.relevance_weight),
            learned: self.learned,
            scoring: self.scoring.unwrap_or_default(),
            strict_context: self.strict_context,
            interactive: self.allow_interactive,
            inputs,
            scope: Scope {
                capabilities: self.capabilities,
                platforms: self.platforms,
                tags: self.tags,
                exclude: self.exclude,
            },
            ..defaults
        };
        Ok(Request {
            given,
            infer_context: self.infer_context,
            user: self.user,
            execution_id: self.execution_id,
            why_not,
            ..Request::of(job)
        })
    }
}

/// Weights by name, of which some may be left out.
fn weights(given: &BTreeMap<String, f64>) -> Result<Weights, Problem> {
    let text: Vec<String> = given
        .iter()
        .map(|(name, it)| format!("{name}={it}"))
        .collect();
    text.join(",")
        .parse()
        .map_err(|error| Problem::new(Name::Invalid, format!("weights: {error}")))
}

/// Whether something beside the candidates must be read or written.
fn needs_connection(request: &Request) -> bool {
    request.job.learned
        || request.infer_context
        || request.user.is_some()
        || request.execution_id.is_some()
        || request.why_not.is_some()
}

/// Find the best tool for a job
///
/// Answers from memory; the database is asked only where the request names a user, an execution or a tool
/// to be explained, or wants telemetry to count.
#[utoipa::path(post, path = "/select", tag = "select", request_body = SelectRequest, responses(
    (status = 200, body = Selection, description = "The answer; `answer` is null if nothing is eligible"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub async fn select(
    State(app): State<Arc<App>>,
    asker: Asker,
    JsonBody(body): JsonBody<SelectRequest>,
) -> Result<Answer<Selection>, Problem> {
    let limit = body.limit.unwrap_or(DEFAULT_LIMIT);
    check_limit(limit).map_err(|detail| Problem::new(Name::Invalid, detail))?;
    let request = body.into_request(&app.shared.covers)?;
    let caller = asker.caller(None, false);
    let speaker = caller.speaker();
    let needs_connection = needs_connection(&request);
    let ask = move |source: &mut Source| operation::run(source, &caller, &request, None);
    let selected = answer(&app, needs_connection.then_some(speaker), ask).await?;
    let warnings = selected.warnings.iter().map(ToString::to_string);
    Ok(Answer(Selection {
        warnings: warnings.collect(),
        selected: selected.full_json(limit),
    }))
}

/// Asks the index in memory, with a connection where one is needed; the database, while the index is not
/// known to be up to date. `connected` says that a connection is needed, and for whom it records.
pub async fn answer<T: Send + 'static>(
    app: &Arc<App>,
    connected: Option<Option<Act>>,
    ask: impl FnOnce(&mut Source) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    let warm = app.following.warm();
    if let (Some(index), None) = (&warm, &connected) {
        let index = Arc::clone(index);
        let work = move || {
            let connection = None;
            ask(&mut Source::Memory(Box::new(Memory { index, connection })))
        };
        return Ok(super::blocking(work).await??);
    }
    let encoding = app.pool.backend().encoding().clone();
    let lent = app.pool.lend(move |mut connection| {
        let index = match warm {
            Some(index) => index,
            None => match connection.snapshot(|it| Snapshot::load(it, &encoding)) {
                Ok(index) => Arc::new(index),
                Err(error) => return (None, Err(error.into())),
            },
        };
        connection.speak_for(connected.flatten());
        let connection = Some(connection);
        let mut source = Source::Memory(Box::new(Memory { index, connection }));
        let outcome = ask(&mut source);
        let connection = source.into_connection();
        let lost = outcome.as_ref().is_err_and(Refusal::is_lost);
        (connection.filter(|_| !lost), outcome.map_err(Problem::from))
    });
    lent.await
}

fn check_limit(limit: usize) -> Result<(), String> {
    match (1..=LARGEST_LIMIT).contains(&limit) {
        true => Ok(()),
        false => Err(format!("limit must be 1 to {LARGEST_LIMIT}")),
    }
}

/// The words to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// The words; without them, the answer is the tool of the name `search`.
    q: Option<String>,
    /// How many tools are listed, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// The platform of the tool of that name.
    platform: Option<String>,
    /// The version of the tool of that name.
    version: Option<String>,
}

/// A tool that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    /// Name on the platform.
    tool: String,
    /// Where it runs.
    platform: String,
    /// The chance that it is what was meant, 0 to 1.
    relevance: f64,
}

/// The tools that share words with the query.
#[derive(Debug, Serialize, ToSchema)]
pub struct Search {
    /// Best first.
    tools: Vec<Found>,
    /// How many there are in all.
    total: usize,
}

/// Find tools by words, best first, among those that may be selected
#[utoipa::path(get, path = "/tools/search", tag = "tools", params(SearchParams), responses(
    (status = 200, body = Search),
    (status = 304, description = "The tool of that name is as If-None-Match says"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "Without words: there is no tool of that name"),
    (status = 406, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub async fn search(
    State(app): State<Arc<App>>,
    Params(params): Params<SearchParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (platform, version) = (params.platform, params.version);
    let Some(words) = params.q else {
        let name = Named("search".to_owned());
        let which = Params(Which { platform, version });
        return super::tools::show(State(app), name, which, headers).await;
    };
    if platform.is_some() || version.is_some() {
        let detail =
            "q goes with limit alone: platform and version are those of a tool named `search`";
        return Err(Problem::new(Name::Parameter, detail));
    }
    let limit = params.limit.unwrap_or(50);
    check_limit(limit).map_err(|detail| Problem::new(Name::Parameter, detail))?;
    let ranked = answer(&app, None, move |source| source.ranked(&words)).await?;
    let total = ranked.len();
    let tools = ranked.into_iter().take(limit).map(|it| Found {
        tool: it.tool,
        platform: it.platform,
        relevance: it.relevance,
    });
    let tools = tools.collect();
    Ok(Answer(Search { tools, total }).into_response())
}
