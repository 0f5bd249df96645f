//! A new tool: by a form with what every tool needs, or as text.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::{invalid, yaml};
use super::form::{Form, given, lines};
use super::frame::{Place, Viewer};
use super::kit::{self, Field};
use super::url;
use crate::definition::Document;
use crate::format::Format;
use crate::operations::access::Deed;
use crate::operations::{Refusal, edit};
use crate::server::app::App;
use crate::server::definitions::bring_in;
use crate::server::extract::Params;
use crate::server::problem::Problem;
use crate::store::Connection;
use crate::store::import::OnConflict;

/// What a text is called if it is wrong.
const TEXT: &str = "text";

/// What the form asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Fields {
    name: String,
    version: String,
    platform: String,
    category: String,
    description: String,
    capability: String,
    can: String,
    pattern: String,
    how: String,
    uses: String,
    argv: String,
    time: String,
    cost: String,
    scope: String,
    completeness: String,
    approval: bool,
    production: bool,
    reason: String,
}

impl Default for Fields {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            name: String::new(),
            version: text("1.0"),
            platform: text("linux"),
            category: String::new(),
            description: String::new(),
            capability: String::new(),
            can: String::new(),
            pattern: text("usual"),
            how: String::new(),
            uses: String::new(),
            argv: String::new(),
            time: text("100"),
            cost: text("0"),
            scope: text("single_item"),
            completeness: text("complete"),
            approval: false,
            production: false,
            reason: String::new(),
        }
    }
}

impl Fields {
    /// The definition that the fields make up.
    fn document(&self) -> Document {
        let list = |text: &str| -> Vec<String> { lines(text).lines().filter_map(given).collect() };
        let mut pattern = json!({
            "description": self.how.trim(),
            "typical_use_cases": list(&self.uses),
            "time_estimate_ms": self.time.trim(),
            "cost_estimate": self.cost.trim(),
            "complexity_score": 0.3,
            "scope": self.scope,
            "completeness": self.completeness,
            "policy": {
                "max_cost": 100,
                "requires_approval": self.approval,
                "production_safe": self.production,
            },
            "preference_match": {
                "speed": 0.5, "accuracy": 0.5, "cost": 0.5, "complexity": 0.5, "completeness": 0.5,
            },
            "required_inputs": [],
            "expected_outputs": [],
        });
        let argv = list(&self.argv);
        if !argv.is_empty() {
            pattern["invocation"] = json!({ "argv": argv });
        }
        let definition = json!({
            "tool_name": self.name.trim(),
            "version": self.version.trim(),
            "description": self.description.trim(),
            "platform": self.platform.trim(),
            "category": self.category.trim(),
            "capabilities": {
                self.capability.trim(): {
                    "description": self.can.trim(),
                    "patterns": { self.pattern.trim(): pattern },
                },
            },
        });
        match definition {
            Value::Object(fields) => Document::new(fields),
            _ => Document::new(serde_json::Map::new()),
        }
    }
}

/// How it is made.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct How {
    by: Option<String>,
}

/// Shows an empty form, or an example as text.
pub async fn show(viewer: Viewer, Params(how): Params<How>) -> Result<Response, Problem> {
    match how.by.as_deref() {
        Some("text") => {
            let example = Fields {
                name: "my_tool".to_owned(),
                category: "system".to_owned(),
                description: "What it is for, in a sentence".to_owned(),
                capability: "what_it_does".to_owned(),
                can: "What the capability means".to_owned(),
                how: "When to use it this way".to_owned(),
                uses: "what somebody would ask for".to_owned(),
                argv: "my_tool\n--json".to_owned(),
                ..Fields::default()
            };
            let text = yaml(&example.document())?;
            Ok(as_text(&viewer, &text, "", html! {}))
        }
        _ => Ok(as_form(&viewer, &Fields::default(), html! {})),
    }
}

fn ways(by_text: bool) -> Markup {
    let here = |is: bool| is.then_some("page");
    html! {
        p {
            a href=(url::to("/new")) aria-current=[here(!by_text)] { "By form" } " · "
            a href=(url::to("/new?by=text")) aria-current=[here(by_text)] { "As text" }
        }
    }
}

fn save(viewer: &Viewer) -> Markup {
    let barred = viewer.barred(Deed::Administer);
    html! {
        (kit::buttons(html! {
            (kit::button("Make the tool", "main", barred.as_deref()))
            a.button href=(url::to("/tools")) { "Back to the list" }
        }))
    }
}

fn as_text(viewer: &Viewer, text: &str, reason: &str, said: Markup) -> Response {
    let field = Field {
        label: "Definition",
        name: "text",
        help: "In YAML, one tool.",
        error: None,
        required: true,
    };
    let body = html! {
        (ways(true))
        (said)
        form method="post" action=(url::to("/new/text")) {
            (field.area(text, 30))
            (kit::reason(reason))
            (save(viewer))
        }
    };
    viewer.page(Place::Tools, "New tool", body)
}

fn as_form(viewer: &Viewer, fields: &Fields, said: Markup) -> Response {
    let line = |label, name, help, value: &str| {
        Field {
            label,
            name,
            help,
            error: None,
            required: true,
        }
        .text(value)
    };
    let area = |label, name, help, required, value: &str, rows| {
        Field {
            label,
            name,
            help,
            error: None,
            required,
        }
        .area(value, rows)
    };
    const SCOPES: &[(&str, &str)] = &[
        ("single_item", "one thing at a time"),
        ("batch", "many things at once"),
        ("precise", "exactly what is asked for"),
    ];
    const COMPLETENESS: &[(&str, &str)] = &[("complete", "everything"), ("summary", "a summary")];
    let choice = |label, name, value: &str, choices| {
        Field {
            label,
            name,
            help: "",
            error: None,
            required: true,
        }
        .choice(value, choices)
    };
    let body = html! {
        (ways(false))
        (said)
        form.middle method="post" action=(url::to("/new")) {
            fieldset {
                legend { "The tool" }
                div.pair {
                    (line("Name", "name", "As it is called, such as `df`.", &fields.name))
                    (line("Version", "version", "Of this description.", &fields.version))
                    (line("Platform", "platform", "Such as `linux`, `aws` or `kubernetes`.", &fields.platform))
                    (line("Category", "category", "Such as `filesystem`.", &fields.category))
                }
                (line("What it is for", "description", "In a sentence.", &fields.description))
            }
            fieldset {
                legend { "What it can do" }
                div.pair {
                    (line("Capability", "capability", "In lower case with underscores, such as `disk_usage`.", &fields.capability))
                    (line("What that means", "can", "In a sentence.", &fields.can))
                }
            }
            fieldset {
                legend { "How it is used" }
                div.pair {
                    (line("Usage pattern", "pattern", "One way to use it, in lower case with underscores.", &fields.pattern))
                    (line("When", "how", "What this way is good for.", &fields.how))
                }
                (area("What people ask for", "uses", "One wish a line, such as `find large files`.", true, &fields.uses, 4))
                (area("Command", "argv", "The program, then each argument on a line of its own.", false, &fields.argv, 4))
                div.pair {
                    (line("Time in ms", "time", "A number, or a formula such as `100 + 2 * N`.", &fields.time))
                    (line("Cost", "cost", "A number, or a formula.", &fields.cost))
                    (choice("It works on", "scope", &fields.scope, SCOPES))
                    (choice("It answers with", "completeness", &fields.completeness, COMPLETENESS))
                }
                p { label { input type="checkbox" name="approval" value="true" checked[fields.approval]; " A person must approve each use" } }
                p { label { input type="checkbox" name="production" value="true" checked[fields.production]; " It is safe in production" } }
            }
            (kit::reason(&fields.reason))
            (save(viewer))
        }
        p.soft { "Preferences, inputs and further patterns start with what is usual; edit them as text once the tool is made." }
    };
    viewer.page(Place::Tools, "New tool", body)
}

/// Makes it from the fields.
pub async fn by_form(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let text = yaml(&fields.document())?;
    match make(&app, &viewer, text.clone(), &fields.reason).await? {
        Ok(response) => Ok(response),
        Err(problem) => Ok(refused(
            as_form(&viewer, &fields, invalid(&problem, &text)),
            problem,
        )),
    }
}

/// A tool as text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    text: String,
    #[serde(default)]
    reason: String,
}

/// Makes it from the text.
pub async fn by_text(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Form(form): Form<Text>,
) -> Result<Response, Problem> {
    let text = lines(&form.text);
    match make(&app, &viewer, text.clone(), &form.reason).await? {
        Ok(response) => Ok(response),
        Err(problem) => {
            let said = invalid(&problem, &text);
            Ok(refused(
                as_text(&viewer, &text, &form.reason, said),
                problem,
            ))
        }
    }
}

fn refused(mut page: Response, problem: Problem) -> Response {
    *page.status_mut() = problem.status();
    page.extensions_mut().insert(problem);
    page.extensions_mut().insert(crate::server::finish::Worded);
    page
}

/// Makes one tool; what is wrong with it, for the page to say.
async fn make(
    app: &Arc<App>,
    viewer: &Viewer,
    text: String,
    reason: &str,
) -> Result<Result<Response, Problem>, Problem> {
    let caller = viewer.caller(given(reason), false);
    let work = move |it: &mut Connection| -> Result<Result<_, Refusal>, Refusal> {
        let document = match edit::read(TEXT, text.clone(), Some(Format::Yaml)) {
            Ok(document) => document,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let fail = (OnConflict::Fail, false);
        let made = bring_in(it, &caller, text.into_bytes(), Some(Format::Yaml), fail);
        Ok(made.map(|made| (made, document.identity())))
    };
    match app.pool.run(work).await? {
        Ok((made, identity)) => {
            app.following.settle(made.revision).await;
            let to = identity
                .as_ref()
                .map_or_else(|| url::to("/tools"), url::version);
            let name = identity.map(|it| it.to_string()).unwrap_or_default();
            let said = match made.created {
                0 => format!("The catalog has {name} already, as it is here."),
                _ => format!("{name} was made."),
            };
            Ok(Ok(viewer.done(&to, said, Some(made.revision))))
        }
        Err(refusal) => Ok(Err(Problem::from(refusal))),
    }
}
