//! `toolcat generate`: a new definition, by a wizard or by flags.

mod deliver;
mod preview;
mod source;
mod wizard;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::definition::Document;
use crate::expression::nearest;
use crate::generate::fill::{AnswerError, in_path};
use crate::generate::{Draft, Template, library, path};
use crate::output::{Column, Format, Record, record};
use crate::reading::json;

use super::{CommandError, ErrorKind, Outcome, Session};
pub use source::Origin;

/// Make a definition, by a wizard or by flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat generate\n  \
                  toolcat generate df --from-help 'df --help' --output df.yaml\n  \
                  toolcat generate --no-input --template command --set tool_name=du \\\n      \
                  --set 'description=Show how much space folders take' --set 'example=du -sh .' \\\n      \
                  --set capability=disk_usage --set 'use_cases=see what fills a disk, find large folders'\n  \
                  toolcat generate --from-openapi petstore.yaml --import")]
pub struct GenerateArgs {
    /// Name of the tool
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Template to start from [default: one that fits the platform]
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,

    /// Answer a question of the template, or set a value of the definition (can be repeated)
    ///
    /// PATH is the name of a question, such as tool_name, or a path of keys with dots between them,
    /// such as metadata.author. A value of the definition is read as JSON if it is JSON, else
    /// as text.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,

    /// Draft from the help text that a command prints, as in 'df --help'
    #[arg(long, value_name = "COMMAND", group = "origin")]
    from_help: Option<String>,

    /// Draft from a manual page
    #[arg(long, value_name = "PAGE", group = "origin")]
    from_man: Option<String>,

    /// Make definitions of the tools of an MCP server, as its tools/list gives them
    #[arg(long, value_name = "FILE", group = "origin")]
    from_mcp: Option<String>,

    /// Make a definition of an OpenAPI 3 or Swagger 2 description
    #[arg(long, value_name = "FILE", group = "origin")]
    from_openapi: Option<String>,

    /// Write the definition to a file; - is stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Import the definition into the catalog
    #[arg(long)]
    import: bool,

    /// Replace a file that exists
    #[arg(long)]
    force: bool,

    /// Say what would be written and imported, and do neither
    #[arg(long)]
    dry_run: bool,

    /// List the templates and their questions
    #[arg(long, conflicts_with = "origin")]
    list_templates: bool,

    /// How to write that list
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        requires = "list_templates"
    )]
    format: Format,
}

pub fn run(args: &GenerateArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let templates = library::templates(session.config.template_dir.as_deref())
        .map_err(|error| CommandError::invalid(error.to_string()))?;
    if args.list_templates {
        return list(args, session, &templates);
    }
    if let Some(documents) = source::foreign(args, session)? {
        let documents = with_places(documents, &args.set)?;
        preview::check(session, &documents)?;
        let yaml = preview::yaml(&documents)?;
        deliver::by_flags(args, session, &yaml)?;
        return Ok(Outcome::Done);
    }
    let mut draft = source::described(args)?.unwrap_or_default();
    let from_command = !draft.answers.is_empty();
    if let Some(name) = &args.name {
        draft.answers.insert("tool_name".to_owned(), name.clone());
    }
    let chosen = match (&args.template, from_command) {
        (Some(name), _) => Some(named(&templates, name)?),
        (None, true) => Some(named(&templates, "command")?),
        (None, false) => None,
    };
    draft.template = chosen.map(|it| it.name.clone());
    take_settings(&mut draft, chosen, &args.set)?;
    if session.ui.can_ask() {
        return wizard::run(args, session, &templates, draft);
    }
    let template = chosen.ok_or_else(|| {
        CommandError::invalid("a template is needed if nobody can be asked").hint(format!(
            "give --template with one of {}",
            names(&templates).join(", ")
        ))
    })?;
    let document = draft
        .document(template)
        .map_err(|errors| unanswered(template, &errors))?;
    let documents = [document];
    preview::check(session, &documents)?;
    let mut yaml = preview::yaml(&documents)?;
    if from_command {
        let guesses = guesses(template, &draft, &args.set);
        yaml = preview::with_guesses(&yaml, &guesses);
        say_guesses(session, template, &documents[0], &guesses);
    }
    deliver::by_flags(args, session, &yaml)?;
    Ok(Outcome::Done)
}

/// A draft of a command from its own words, as text in which guesses are marked.
///
/// # Errors
/// If the words cannot be had, or do not suffice.
pub fn drafted(origin: &Origin, session: &Session) -> Result<String, CommandError> {
    let templates = library::templates(session.config.template_dir.as_deref())
        .map_err(|error| CommandError::invalid(error.to_string()))?;
    let template = named(&templates, "command")?;
    let draft = source::draft(origin)?;
    let document = draft
        .document(template)
        .map_err(|errors| unanswered(template, &errors))?;
    let documents = [document];
    preview::check(session, &documents)?;
    let yaml = preview::yaml(&documents)?;
    let guesses = guesses(template, &draft, &[]);
    Ok(preview::with_guesses(&yaml, &guesses))
}

/// The places of a draft from a command's own words whose values are guesses: what the template
/// assumes, and the names and use cases that were made of the text.
fn guesses(template: &Template, draft: &Draft, settings: &[String]) -> Vec<Vec<String>> {
    const MADE: [&str; 4] = ["capability", "use_cases", "example", "production_safe"];
    let said: Vec<&str> = settings
        .iter()
        .filter_map(|it| Some(it.split_once('=')?.0.trim()))
        .collect();
    let gaps: Vec<String> = template
        .questions
        .iter()
        .map(|it| it.name.as_str())
        .filter(|name| !said.contains(name))
        .filter(|name| MADE.contains(name) || !draft.answers.contains_key(*name))
        .map(|name| format!("{{{{{name}}}}}"))
        .collect();
    let mut places = template.places_of(&gaps);
    for place in &mut places {
        for key in place.iter_mut() {
            *key = in_path(template, &draft.answers, key).replace("\\.", ".");
        }
    }
    places.retain(|place| !said.contains(&place.join(".").as_str()));
    places
}

/// Says what of a draft is guessed, once.
fn say_guesses(
    session: &Session,
    template: &Template,
    document: &Document,
    guesses: &[Vec<String>],
) {
    let field = |place: &Vec<String>| match place.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        ["capabilities", _] => "capability".to_owned(),
        ["capabilities", _, "patterns", _] => "pattern".to_owned(),
        [.., "preference_match", _] => "preference_match".to_owned(),
        [.., "policy", rule] => format!("policy.{rule}"),
        [.., field] => field.to_owned(),
        [] => String::new(),
    };
    let mut fields: Vec<String> = guesses.iter().map(field).collect();
    fields.sort_unstable();
    fields.dedup();
    if fields.is_empty() {
        return;
    }
    session.ui.warn(&format!(
        "guessed by the template `{}`, and marked in the draft: {}",
        template.name,
        fields.join(", ")
    ));
    if document
        .fields()
        .get("status")
        .is_some_and(|it| it == "testing")
    {
        session.ui.hint(
            "the draft has the status `testing` and is not safe for production until you say so",
        );
    }
}

fn names(templates: &[Template]) -> Vec<&str> {
    templates.iter().map(|it| it.name.as_str()).collect()
}

/// The template of that name.
fn named<'a>(templates: &'a [Template], name: &str) -> Result<&'a Template, CommandError> {
    templates.iter().find(|it| it.name == name).ok_or_else(|| {
        let error = CommandError::not_found(format!("there is no template `{name}`"));
        match nearest(name, templates.iter().map(|it| it.name.as_str())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("there are {}", names(templates).join(", "))),
        }
    })
}

/// Takes what `--set` says: answers to questions, and values at places of the definition.
fn take_settings(
    draft: &mut Draft,
    template: Option<&Template>,
    settings: &[String],
) -> Result<(), CommandError> {
    for (name, value) in divided(settings)? {
        let question = template.and_then(|it| it.question(name));
        match question {
            Some(question) => {
                question
                    .check
                    .read(value)
                    .map_err(|message| CommandError::invalid(format!("--set {name}: {message}")))?;
                draft.answers.insert(name.to_owned(), value.to_owned());
            }
            // A wizard chooses its template later, and then takes the answers that fit.
            None if template.is_none() && !name.contains('.') => {
                draft.answers.insert(name.to_owned(), value.to_owned());
            }
            None => {
                known_place(name, template)?;
                draft
                    .places
                    .push((name.to_owned(), read_value(name, value)?));
            }
        }
    }
    Ok(())
}

fn divided(settings: &[String]) -> Result<Vec<(&str, &str)>, CommandError> {
    settings
        .iter()
        .map(|setting| {
            setting
                .split_once('=')
                .map(|(name, value)| (name.trim(), value))
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| {
                    CommandError::invalid(format!("--set {setting}: it must be PATH=VALUE"))
                })
        })
        .collect()
}

/// A path must begin with a field of a definition: a slip of the pen would otherwise be kept as a
/// field of its own.
fn known_place(place: &str, template: Option<&Template>) -> Result<(), CommandError> {
    const OTHER: [&str; 4] = ["status", "enabled", "owner", "capabilities"];
    let first = place.split('.').next().unwrap_or(place);
    let fields = crate::definition::row::TOOL_FIELDS.iter().chain(&OTHER);
    if fields.clone().any(|field| *field == first) {
        return Ok(());
    }
    let questions = template
        .map(|it| it.questions.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|it| it.name.as_str());
    let error = CommandError::invalid(format!(
        "--set {place}: this is neither a question of the template nor a field of a definition"
    ));
    Err(match nearest(first, fields.copied().chain(questions)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`toolcat generate --list-templates` shows the questions"),
    })
}

/// JSON if it is JSON, else text.
fn read_value(place: &str, text: &str) -> Result<Value, CommandError> {
    match json::value(text.as_bytes()) {
        Ok(value) => Ok(value),
        Err(error) if error.is_data() => {
            Err(CommandError::invalid(format!("--set {place}: {error}")))
        }
        Err(_) => Ok(text.into()),
    }
}

fn with_places(
    mut documents: Vec<Document>,
    settings: &[String],
) -> Result<Vec<Document>, CommandError> {
    for (place, value) in divided(settings)? {
        known_place(place, None)?;
        for document in &mut documents {
            path::set(document.fields_mut(), place, read_value(place, value)?)
                .map_err(|message| CommandError::invalid(format!("--set {place}: {message}")))?;
        }
    }
    Ok(documents)
}

/// What is still to be answered, with the flags that do it.
fn unanswered(template: &Template, errors: &[AnswerError]) -> CommandError {
    let mut message = format!("template {} needs more answers", template.name);
    for error in errors {
        let question = template.question(&error.name);
        let asked = question.map_or("", |it| it.text.as_str());
        message.push_str(&format!("\n  {}: {} ({asked})", error.name, error.message));
    }
    let flags: Vec<String> = errors
        .iter()
        .map(|error| format!("--set {}=...", error.name))
        .collect();
    CommandError::invalid(message).hint(format!("give {}", flags.join(" ")))
}

fn interrupted(message: impl Into<String>) -> CommandError {
    CommandError::new(ErrorKind::Interrupted, message)
}

/// A template in a list.
#[derive(Debug, Serialize)]
struct Listed {
    template: String,
    about: String,
    platforms: Vec<String>,
    questions: Vec<Asked>,
}

#[derive(Debug, Serialize)]
struct Asked {
    name: String,
    question: String,
    default: Option<String>,
}

impl Record for Listed {
    const COLUMNS: &'static [Column] = &[
        Column::text("template"),
        Column::text("for"),
        Column::text("platforms"),
        Column::text("needed"),
        Column::text("guessed").wide(),
    ];

    fn cells(&self) -> Vec<String> {
        let asked = |guessed: bool| {
            self.questions
                .iter()
                .filter(|it| it.default.is_some() == guessed)
                .map(|it| it.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        vec![
            self.template.clone(),
            self.about.clone(),
            self.platforms.join(", "),
            asked(false),
            asked(true),
        ]
    }

    fn name(&self) -> String {
        self.template.clone()
    }
}

fn list(
    args: &GenerateArgs,
    session: &mut Session,
    templates: &[Template],
) -> Result<Outcome, CommandError> {
    let rows: Vec<Listed> = templates
        .iter()
        .map(|template| Listed {
            template: template.name.clone(),
            about: template.about.clone(),
            platforms: template
                .platforms()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            questions: template
                .questions
                .iter()
                .map(|question| Asked {
                    name: question.name.clone(),
                    question: question.text.clone(),
                    default: Some(question.default.clone()).filter(|it| !it.is_empty()),
                })
                .collect(),
        })
        .collect();
    record::write_list(&mut session.ui, &rows, args.format)?;
    Ok(Outcome::Done)
}
