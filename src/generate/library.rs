//! The templates that there are: those of the program, and those of a folder of the user's.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::template::{Template, TemplateError};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../examples/templates/", $name, ".yaml")))),*]
    };
}

/// The templates of the program, by name.
const BUILT_IN: &[(&str, &str)] = built_in![
    "command",
    "service-control",
    "rest-api",
    "powershell-cmdlet",
    "packet-capture",
    "database",
    "scheduled-job",
    "monitor",
];

/// A folder of templates that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It cannot be read.
    #[error("cannot read templates from {path}: {source}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A template in it is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// All templates, the user's first; one of the user's takes the place of the program's own with
/// the same name.
///
/// # Errors
/// If the folder or one of its templates cannot be used.
pub fn templates(folder: Option<&Path>) -> Result<Vec<Template>, LibraryError> {
    let mut all = match folder {
        Some(folder) => own(folder)?,
        None => Vec::new(),
    };
    for (name, text) in BUILT_IN {
        if !all.iter().any(|it: &Template| it.name == *name) {
            all.push(Template::parse(name, text)?);
        }
    }
    Ok(all)
}

fn own(folder: &Path) -> Result<Vec<Template>, LibraryError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LibraryError::Folder { path, source }
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(failed(folder))?
        .map(|entry| entry.map(|it| it.path()))
        .collect::<Result<_, _>>()
        .map_err(failed(folder))?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|it| it == "yaml" || it == "yml")
    });
    paths.sort();
    let mut templates = Vec::new();
    for path in paths {
        let text = read(&path).map_err(failed(&path))?;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        templates.push(Template::parse(&name, &text)?);
    }
    Ok(templates)
}

/// The largest template, in bytes.
const MOST: u64 = 1 << 20;

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        let why = format!("larger than {} MB, the most that is read", MOST >> 20);
        return Err(io::Error::other(why));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::fill::{Answers, fill};
    use super::*;
    use crate::format::{Format, Source, write};
    use crate::generate::answer::Check;
    use crate::validate::{Options, check_sources};

    #[test]
    fn every_built_in_template_is_valid_once_filled() {
        for template in templates(None).unwrap() {
            let mut answers = Answers::new();
            for question in &template.questions {
                if question.default.is_empty() {
                    let answer = match question.check {
                        Check::List => "first use of it, second use of it, third use of it",
                        Check::Text => "Show every entry of the table that was asked for",
                        _ => "thing",
                    };
                    answers.insert(question.name.clone(), answer.to_owned());
                }
            }
            let document = fill(&template, &answers).unwrap();
            let text = write(Format::Yaml, &[document]).unwrap().text;
            let options = Options::default();
            let source = Source::new(format!("{}.yaml", template.name), text.into_bytes());
            let report = check_sources(vec![source], &options);
            assert_eq!(report.diagnostics, [], "{}", template.name);
        }
    }
}
