//! Every file looked at by itself, on all processors, and then its definitions beside those of the others.

use rayon::prelude::*;

use crate::definition::Document;
use crate::format::{self, Format, Input, Loaded, Parts, Problem, Source, Span};

use super::check::document;
use super::cross::{self, Brief};
use super::directive::{self, Directives};
use super::findings::Findings;
use super::{Options, Report, excerpt, secrets, strangers};

/// How files are looked at, and what is made of each of their definitions.
pub(super) struct Look<'a, T> {
    pub(super) options: &'a Options,
    /// Whether a definition is known to be valid.
    pub(super) known: &'a (dyn Fn(&Document) -> bool + Sync),
    pub(super) make: &'a (dyn Fn(Loaded) -> T + Sync),
}

impl<'a> Look<'a, Loaded> {
    /// Looks at every definition and hands it on as it is.
    pub(super) fn whole(options: &'a Options) -> Self {
        Self {
            options,
            known: &|_| false,
            make: &|loaded| loaded,
        }
    }
}

/// A file that was checked by itself.
struct Checked<T> {
    file: File,
    briefs: Vec<Brief>,
    made: Vec<T>,
}

/// What is kept of a file until all were compared.
struct File {
    name: String,
    /// The text, if it cannot be read again for what findings show of it.
    text: Option<Vec<u8>>,
    directives: Directives,
    found: Findings,
    definitions: usize,
    /// Whether a document in it can be meant as a definition.
    telling: bool,
}

/// Small files that are read before what was made of their definitions is handed on; parts of a large one.
const WINDOW: usize = 64;
const PARTS: usize = 8;

impl<T: Send> Look<'_, T> {
    pub(super) fn files<E>(
        &self,
        inputs: &[Input],
        mut keep: impl FnMut(T) -> Result<(), E>,
        done: impl Fn() + Sync,
    ) -> Result<Compared, E> {
        let mut all = Compared::default();
        for some in inputs.chunks(WINDOW) {
            let checked: Vec<Option<Checked<T>>> = some
                .par_iter()
                .map(|input| {
                    let small = input.is_at_most(format::WHOLE);
                    small.then(|| {
                        let checked = match Source::load(input) {
                            Ok(source) => self.file(source, false),
                            Err(error) => self.unreadable(&input.to_string(), &error),
                        };
                        done();
                        checked
                    })
                })
                .collect();
            for (input, checked) in some.iter().zip(checked) {
                match checked {
                    Some(it) => all.add(it).into_iter().try_for_each(&mut keep)?,
                    None => {
                        self.large(input, &mut all, &mut keep)?;
                        done();
                    }
                }
            }
        }
        Ok(all)
    }

    /// A file that may be too large to be read at once: some parts at a time.
    fn large<E>(
        &self,
        input: &Input,
        all: &mut Compared,
        keep: &mut impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let name = input.to_string();
        let (mut parts, mut failure) = match Parts::open(input, self.options.from) {
            Ok(parts) => (Some(parts), None),
            Err(error) => (None, Some(error)),
        };
        let mut whole: Option<File> = None;
        let mut some = Vec::new();
        while let Some(reader) = &mut parts {
            match reader.read_on() {
                Ok(Some(part)) => some.push(part),
                Ok(None) => parts = None,
                Err(error) => (parts, failure) = (None, Some(error)),
            }
            if parts.is_some() && some.len() < PARTS {
                continue;
            }
            let checked: Vec<Checked<T>> = std::mem::take(&mut some)
                .into_par_iter()
                .map(|part| {
                    let keep_text = !part.is_part && *input == Input::Stdin;
                    self.file(part, keep_text)
                })
                .collect();
            for it in checked {
                all.briefs.extend(it.briefs);
                whole = Some(match whole.take() {
                    Some(file) => file.and(it.file),
                    None => it.file,
                });
                it.made.into_iter().try_for_each(&mut *keep)?;
            }
            if let Some(file) = whole.as_mut().filter(|it| it.found.is_full()) {
                let message = "there are too many errors; the rest of it is not read";
                let problem =
                    format::Problem::new("input/too-many-findings", Span::default(), message);
                file.found.add(&name, problem, None, self.options);
                parts = None;
            }
        }
        if let Some(error) = failure {
            let unread = self.unreadable(&name, &error).file;
            whole = Some(match whole.take() {
                Some(file) => file.and(unread),
                None => unread,
            });
        }
        if let Some(mut file) = whole {
            if file.definitions == 0 && file.found.is_empty() {
                file.found.add(&name, format::nothing(), None, self.options);
            }
            all.files.push(file);
        }
        Ok(())
    }

    pub(super) fn sources<E>(
        &self,
        sources: Vec<Source>,
        mut keep: impl FnMut(T) -> Result<(), E>,
    ) -> Result<Compared, E> {
        let checked: Vec<Checked<T>> = sources
            .into_par_iter()
            .map(|source| self.file(source, true))
            .collect();
        let mut all = Compared::default();
        for it in checked {
            all.add(it).into_iter().try_for_each(&mut keep)?;
        }
        Ok(all)
    }

    fn unreadable(&self, name: &str, error: &format::Error) -> Checked<T> {
        let rule = match error {
            format::Error::TooLarge(_) => "input/too-large",
            _ => "input/unreadable",
        };
        let message = error.to_string();
        let message = message
            .strip_prefix(&format!("{name}: "))
            .unwrap_or(&message);
        let problem = Problem::new(rule, Span::default(), message);
        let mut found = Findings::default();
        found.add(name, problem, None, self.options);
        Checked {
            file: File {
                name: name.to_owned(),
                text: Some(Vec::new()),
                directives: Directives::default(),
                found,
                definitions: 0,
                telling: false,
            },
            briefs: Vec::new(),
            made: Vec::new(),
        }
    }

    fn file(&self, source: Source, keep_text: bool) -> Checked<T> {
        let options = self.options;
        let reading = format::read(&source, options.from);
        let mut problems = reading.problems;
        let mut documents = reading.documents;
        let directives = match reading.format {
            Format::Json | Format::Jsonl => Directives::default(),
            _ => directive::read(&source, &mut problems),
        };
        let mut found = Findings::default();
        for problem in problems {
            found.add(&source.name, problem, None, options);
        }
        let mut briefs = Vec::with_capacity(documents.len());
        let mut made = Vec::with_capacity(documents.len());
        let mut telling = false;
        while !documents.is_empty() {
            let rest = documents.split_off(documents.len().min(CHUNK));
            let looked: Vec<_> = std::mem::replace(&mut documents, rest)
                .into_par_iter()
                .map(|loaded| self.definition(loaded))
                .collect();
            for (problems, brief, is_telling, it) in looked {
                for problem in problems {
                    found.add(&source.name, problem, None, options);
                }
                telling |= is_telling;
                briefs.push(brief);
                made.push(it);
            }
        }
        found.show(&source);
        Checked {
            file: File {
                name: source.name,
                text: keep_text.then_some(source.bytes),
                directives,
                found,
                definitions: made.len(),
                telling,
            },
            briefs,
            made,
        }
    }

    /// What is wrong with a definition, what others are compared with, whether it can be meant as one, and what is
    /// made of it.
    fn definition(&self, mut loaded: Loaded) -> (Vec<Problem>, Brief, bool, T) {
        if self.options.complete {
            format::complete(&mut loaded);
        }
        let problems = match (self.known)(&loaded.document) {
            true => Vec::new(),
            false => document(&mut loaded, self.options),
        };
        let brief = Brief::new(&mut loaded);
        let telling = strangers::is_telling(&loaded);
        (problems, brief, telling, (self.make)(loaded))
    }
}

/// Definitions of one file that are checked side by side before their findings are gathered.
const CHUNK: usize = 256;

/// Files whose definitions are to be compared with each other.
#[derive(Default)]
pub(super) struct Compared {
    files: Vec<File>,
    briefs: Vec<Brief>,
}

impl File {
    /// The file of which this is a part, with the part that follows.
    fn and(mut self, next: Self) -> Self {
        self.directives.append(next.directives);
        self.found.append(next.found);
        Self {
            text: self.text.or(next.text),
            definitions: self.definitions + next.definitions,
            telling: self.telling || next.telling,
            ..self
        }
    }
}

impl Compared {
    /// Adds a file, and hands back what was made of its definitions.
    fn add<T>(&mut self, checked: Checked<T>) -> Vec<T> {
        self.files.push(checked.file);
        self.briefs.extend(checked.briefs);
        checked.made
    }

    /// The findings of each file, with those of the comparison; `again` reads the text of one.
    pub(super) fn finish(
        mut self,
        again: &dyn Fn(usize) -> Option<Vec<u8>>,
        options: &Options,
    ) -> Report {
        let mut across = cross::check(&self.briefs);
        let mut report = Report {
            files: self.files.len(),
            ..Report::default()
        };
        let mut first = 0;
        for (place, file) in self.files.iter_mut().enumerate() {
            for index in first..first + file.definitions {
                for (problem, related) in across.remove(&index).unwrap_or_default() {
                    file.found.add(&file.name, problem, related, options);
                }
            }
            first += file.definitions;
            let mut found = std::mem::take(&mut file.found).finish(&file.name, options);
            found.retain(|it| !file.directives.allow(it));
            found.sort_by(|a, b| a.place().cmp(&b.place()));
            if found.iter().any(|it| it.excerpt.is_none())
                && let Some(text) = file.text.take().or_else(|| again(place))
            {
                excerpt::add(&Source::new(file.name.as_str(), text), &mut found);
            }
            secrets::hide(&mut found);
            report.diagnostics.append(&mut found);
            report.definitions += file.definitions;
            if file.definitions > 0 && !file.telling {
                let name = std::mem::take(&mut file.name);
                report.strange.insert(name, file.definitions);
            }
        }
        report
    }
}
