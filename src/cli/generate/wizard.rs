//! The wizard: one question after the other, each answer checked at once, and a way back from each.

use std::path::PathBuf;

use inquire::validator::Validation;
use inquire::{InquireError, Select, Text};

use crate::definition::{Document, KNOWN_PLATFORMS};
use crate::expression::Expression;
use crate::generate::{Check, Draft, Question, Template};
use crate::output::text::visible;

use super::super::{CommandError, Outcome, Session, files};
use super::{GenerateArgs, deliver, interrupted, preview};

const KEYS: &str = "Enter takes the answer, Esc goes back, Ctrl-C keeps a draft and leaves";

/// What came of a question.
enum Step<T> {
    Given(T),
    Back,
}

/// Where the wizard stands.
struct Wizard<'a> {
    session: &'a mut Session,
    templates: &'a [Template],
    draft: Draft,
    file: Option<PathBuf>,
}

/// Leads through a definition, from what flags and an earlier draft have said.
pub fn run(
    args: &GenerateArgs,
    session: &mut Session,
    templates: &[Template],
    draft: Draft,
) -> Result<Outcome, CommandError> {
    let file = Draft::file();
    if file.is_none() {
        session
            .ui
            .warn("there is no home folder, so that no draft can be kept");
    }
    let mut wizard = Wizard {
        session,
        templates,
        draft,
        file,
    };
    match wizard.lead(args) {
        Err(error) if error.kind == super::ErrorKind::Interrupted => {
            wizard.keep();
            let kept = match wizard.file {
                Some(_) => "interrupted; the draft is kept",
                None => "interrupted",
            };
            Err(interrupted(kept).hint("`toolcat generate` offers it again"))
        }
        result => result,
    }
}

impl Wizard<'_> {
    fn lead(&mut self, args: &GenerateArgs) -> Result<Outcome, CommandError> {
        self.offer_draft()?;
        let mut ready = self.draft.template.is_some();
        loop {
            if !ready {
                self.choose_template()?;
            }
            ready = false;
            let template = self.template()?;
            self.drop_foreign_answers(&template);
            match self.questions(&template)? {
                Step::Given(()) => return self.finish(args, &template),
                Step::Back => self.draft.template = None,
            }
        }
    }

    /// Offers the draft of an interrupted run; what flags say now goes before it.
    fn offer_draft(&mut self) -> Result<(), CommandError> {
        let Some(path) = self.file.clone() else {
            return Ok(());
        };
        let Some(earlier) = Draft::load(&path) else {
            return Ok(());
        };
        let question = format!("Go on with the draft of {}?", visible(earlier.label()));
        // Whoever leaves at this question keeps the earlier draft.
        let now = std::mem::replace(&mut self.draft, earlier);
        let goes_on = loop {
            if let Step::Given(answer) = yes_or_no(&question, true)? {
                break answer;
            }
        };
        if goes_on {
            self.draft.answers.extend(now.answers);
            self.draft.places.extend(now.places);
            if now.template.is_some() {
                self.draft.template = now.template;
            }
        } else {
            self.draft = now;
            Draft::remove(&path);
        }
        Ok(())
    }

    /// A copy, since the wizard changes itself while it walks over the questions.
    fn template(&self) -> Result<Template, CommandError> {
        let name = self.draft.template.as_deref().unwrap_or_default();
        super::named(self.templates, name).cloned()
    }

    /// Platform first, then a template that fits it.
    fn choose_template(&mut self) -> Result<(), CommandError> {
        loop {
            let given = self.draft.answers.get("platform").cloned();
            let platforms: Vec<String> = KNOWN_PLATFORMS
                .iter()
                .filter(|platform| self.templates.iter().any(|it| it.fits(platform)))
                .map(|it| (*it).to_owned())
                .collect();
            let cursor = given
                .and_then(|given| platforms.iter().position(|it| *it == given))
                .unwrap_or(0);
            let Step::Given(platform) = choose("Where does the tool run?", platforms, cursor)?
            else {
                // There is nothing before the first question.
                continue;
            };
            let fitting: Vec<&Template> = self
                .templates
                .iter()
                .filter(|it| it.fits(&platform))
                .collect();
            let labels: Vec<String> = fitting
                .iter()
                .map(|it| visible(&format!("{:<18} {}", it.name, it.about)).into_owned())
                .collect();
            self.draft.answers.insert("platform".to_owned(), platform);
            if let Step::Given(label) = choose("What is it like?", labels.clone(), 0)? {
                let chosen = labels.iter().position(|it| *it == label).unwrap_or(0);
                self.draft.template = fitting.get(chosen).map(|it| it.name.clone());
                self.keep();
                return Ok(());
            }
        }
    }

    /// Answers from flags can be for questions that this template does not ask, or be wrong for
    /// it: they are dropped with a word.
    fn drop_foreign_answers(&mut self, template: &Template) {
        let session = &self.session;
        self.draft.answers.retain(|name, answer| {
            let problem = match template.question(name) {
                Some(question) => question.check.read(answer).err(),
                None => return name == "platform" || name == "tool_name",
            };
            if let Some(problem) = &problem {
                session
                    .ui
                    .warn(&format!("{name}: {problem}; it is asked again"));
            }
            problem.is_none()
        });
    }

    /// Asks what cannot be guessed and was not answered yet.
    fn questions(&mut self, template: &Template) -> Result<Step<()>, CommandError> {
        let open: Vec<&Question> = template
            .questions
            .iter()
            .filter(|it| it.is_essential() && !self.draft.answers.contains_key(&it.name))
            .collect();
        let mut at = 0;
        while let Some(question) = open.get(at) {
            match self.ask(question)? {
                Step::Given(()) => at += 1,
                Step::Back if at == 0 => return Ok(Step::Back),
                Step::Back => at -= 1,
            }
        }
        Ok(Step::Given(()))
    }

    /// Asks one question until its answer can be used, and keeps it.
    fn ask(&mut self, question: &Question) -> Result<Step<()>, CommandError> {
        let present = self
            .draft
            .answers
            .get(&question.name)
            .unwrap_or(&question.default)
            .clone();
        let asked = visible(&question.text).into_owned();
        let answer = match &question.check {
            Check::Choice(choices) => {
                let cursor = choices.iter().position(|it| *it == present).unwrap_or(0);
                choose(&asked, choices.clone(), cursor)?
            }
            Check::Bool => {
                let yes = matches!(question.check.read(&present), Ok(value) if value == true);
                match yes_or_no(&asked, yes)? {
                    Step::Given(yes) => Step::Given(if yes { "true" } else { "false" }.to_owned()),
                    Step::Back => Step::Back,
                }
            }
            check => write(&asked, &present, check)?,
        };
        let Step::Given(answer) = answer else {
            return Ok(Step::Back);
        };
        if question.check == Check::Expression
            && let Ok(expression) = Expression::parse(answer.trim())
        {
            let time = question.name.ends_with("ms");
            self.session.ui.status(&preview::drawing(&expression, time));
        }
        self.draft.answers.insert(question.name.clone(), answer);
        self.keep();
        Ok(Step::Given(()))
    }

    /// Preview, then what to do with it.
    fn finish(
        &mut self,
        args: &GenerateArgs,
        template: &Template,
    ) -> Result<Outcome, CommandError> {
        loop {
            let document = match self.draft.document(template) {
                Ok(document) => document,
                Err(errors) => {
                    for error in &errors {
                        self.session.ui.error(&error.to_string());
                    }
                    if self.change(template, errors.first().map(|it| it.name.as_str()))? {
                        continue;
                    }
                    return Ok(self.leave());
                }
            };
            let valid = preview::show(self.session, &document)?;
            if valid && (args.output.is_some() || args.import) {
                let documents = [document];
                let yaml = preview::yaml(&documents)?;
                deliver::by_flags(args, self.session, &yaml)?;
                return Ok(self.done());
            }
            match self.choose_end(&document, valid)? {
                End::Change => {
                    self.change(template, None)?;
                }
                End::Leave => return Ok(self.leave()),
                End::Keep { save, import } => {
                    match self.deliver(args, document, save, import) {
                        Ok(()) => return Ok(self.done()),
                        Err(error) if error.kind == super::ErrorKind::Interrupted => {
                            return Err(error);
                        }
                        // The answers are worth more than this failure: it can be tried otherwise.
                        Err(error) => {
                            self.session.ui.error(&error.message);
                            if let Some(hint) = &error.hint {
                                self.session.ui.hint(hint);
                            }
                            self.draft.template = Some(template.name.clone());
                        }
                    }
                }
            }
        }
    }

    fn choose_end(&self, document: &Document, valid: bool) -> Result<End, CommandError> {
        let file = deliver::usual_path(document);
        let file = file.display();
        let mut ends = Vec::new();
        if valid {
            ends.push((
                format!("Save as {file}"),
                End::Keep {
                    save: true,
                    import: false,
                },
            ));
            ends.push((
                "Import".to_owned(),
                End::Keep {
                    save: false,
                    import: true,
                },
            ));
            ends.push((
                format!("Save as {file} and import"),
                End::Keep {
                    save: true,
                    import: true,
                },
            ));
        }
        ends.push(("Change an answer".to_owned(), End::Change));
        ends.push(("Leave, and keep the draft".to_owned(), End::Leave));
        let labels: Vec<String> = ends
            .iter()
            .map(|(label, _)| visible(label).into_owned())
            .collect();
        match choose("What now?", labels.clone(), 0)? {
            Step::Given(label) => Ok(labels
                .iter()
                .position(|it| *it == label)
                .map_or(End::Leave, |at| ends.swap_remove(at).1)),
            Step::Back => Ok(End::Change),
        }
    }

    /// Saves and imports; a file that exists is replaced only after a yes.
    fn deliver(
        &mut self,
        args: &GenerateArgs,
        document: Document,
        save: bool,
        import: bool,
    ) -> Result<(), CommandError> {
        let path = deliver::usual_path(&document);
        let yaml = preview::yaml(&[document])?;
        if save {
            let mut replace = args.force;
            if !replace && path.exists() {
                let question = format!("{} exists. Replace it?", path.display());
                replace = matches!(yes_or_no(&question, false)?, Step::Given(true));
            }
            deliver::save(self.session, &path, &yaml, replace, args.dry_run)?;
        }
        if import {
            deliver::add(self.session, &yaml, args.dry_run)?;
        }
        Ok(())
    }

    /// Lets one answer be changed; whether one was.
    fn change(&mut self, template: &Template, first: Option<&str>) -> Result<bool, CommandError> {
        let labels: Vec<String> = template
            .questions
            .iter()
            .map(|it| {
                let answer = self.draft.answers.get(&it.name).unwrap_or(&it.default);
                visible(&format!("{}: {answer}", it.name)).into_owned()
            })
            .collect();
        let cursor = template
            .questions
            .iter()
            .position(|it| Some(it.name.as_str()) == first)
            .unwrap_or(0);
        let Step::Given(label) = choose("Which answer?", labels.clone(), cursor)? else {
            return Ok(false);
        };
        let chosen = labels.iter().position(|it| *it == label).unwrap_or(0);
        let Some(question) = template.questions.get(chosen) else {
            return Ok(false);
        };
        Ok(matches!(self.ask(question)?, Step::Given(())))
    }

    fn keep(&self) {
        let Some(path) = &self.file else {
            return;
        };
        let text = self.draft.to_json().map_err(CommandError::from);
        if let Err(error) = text.and_then(|text| files::write(path, &text)) {
            self.session
                .ui
                .warn(&format!("the draft is not kept: {}", error.message));
        }
    }

    fn done(&self) -> Outcome {
        if let Some(path) = &self.file {
            Draft::remove(path);
        }
        Outcome::Done
    }

    fn leave(&self) -> Outcome {
        self.keep();
        self.session
            .ui
            .status("the draft is kept; `toolcat generate` offers it again");
        Outcome::Done
    }
}

/// What becomes of the definition.
enum End {
    Keep { save: bool, import: bool },
    Change,
    Leave,
}

fn choose(
    question: &str,
    choices: Vec<String>,
    cursor: usize,
) -> Result<Step<String>, CommandError> {
    step(
        Select::new(question, choices)
            .with_starting_cursor(cursor)
            .with_page_size(12)
            .with_help_message(KEYS)
            .prompt(),
    )
}

fn yes_or_no(question: &str, yes: bool) -> Result<Step<bool>, CommandError> {
    let choices = vec!["yes".to_owned(), "no".to_owned()];
    Ok(match choose(question, choices, usize::from(!yes))? {
        Step::Given(choice) => Step::Given(choice == "yes"),
        Step::Back => Step::Back,
    })
}

/// A line of text; Enter alone takes the present answer.
fn write(question: &str, present: &str, check: &Check) -> Result<Step<String>, CommandError> {
    let check = check.clone();
    let help = match check {
        Check::List => "Items with commas between them, or semicolons. Esc goes back",
        Check::Expression => {
            "Numbers, + - * / ^, min, max, log2, variables such as N. Esc goes back"
        }
        Check::Condition => "A comparison such as N > 1000, with and, or, not. Esc goes back",
        _ => KEYS,
    };
    let present = visible(present).into_owned();
    let text = match present.is_empty() {
        true => Text::new(question),
        false => Text::new(question).with_default(&present),
    };
    step(
        text.with_help_message(help)
            .with_validator(move |answer: &str| {
                Ok(match check.read(answer) {
                    Ok(_) => Validation::Valid,
                    Err(message) => Validation::Invalid(message.into()),
                })
            })
            .prompt(),
    )
}

fn step<T>(result: Result<T, InquireError>) -> Result<Step<T>, CommandError> {
    match result {
        Ok(answer) => Ok(Step::Given(answer)),
        Err(InquireError::OperationCanceled) => Ok(Step::Back),
        Err(InquireError::OperationInterrupted) => Err(interrupted("interrupted")),
        Err(InquireError::IO(error)) => Err(error.into()),
        Err(error) => Err(CommandError::invalid(format!("cannot ask: {error}"))
            .hint("give the answers by flags: --no-input, --template, --set")),
    }
}
