//! `toolcat export`: definitions out of the catalog, to stdout or into a folder.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::definition::{Document, Identity, ToolRef};
use crate::format::{self, Format};
use crate::output::text;
use crate::store::tools;

use super::filter::FilterArgs;
use super::{CommandError, Outcome, Session, files};

/// Write definitions out of the catalog.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat export > catalog.yaml\n  \
                        toolcat export --platform linux --to-dir definitions")]
pub struct ExportArgs {
    /// Tools to export [default: all that match the filters]
    #[arg(value_name = "TOOL")]
    tools: Vec<ToolRef>,

    /// Folder to write to, one file per tool: PLATFORM/NAME@VERSION.yaml
    #[arg(long, short = 'o', value_name = "DIR")]
    to_dir: Option<PathBuf>,

    /// Format to write: yaml, json, jsonl, profile, mcp, openai, anthropic
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    to_format: Format,

    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(args: &ExportArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut filter = args.filter.filter();
    filter.tools.clone_from(&args.tools);
    let mut connection = session.connect()?;
    let stored = connection.read(|connection| tools::list(connection, &filter))?;
    if stored.is_empty() && !args.tools.is_empty() {
        return Err(CommandError::not_found("no such tool in the catalog")
            .hint("`toolcat list` shows what there is"));
    }
    let documents = connection.definitions(&stored)?;
    match &args.to_dir {
        None => {
            let text = written(session, args.to_format, &documents)?;
            session.ui.out().write_all(text.as_bytes())?;
        }
        Some(folder) => {
            for (tool, document) in stored.iter().zip(&documents) {
                let path = folder.join(relative_path(&tool.identity(), args.to_format));
                let text = written(session, args.to_format, std::slice::from_ref(document))?;
                files::write(&path, &text)?;
            }
            session.ui.status(&format!(
                "wrote {} to {}",
                text::counted(documents.len(), "definition"),
                folder.display()
            ));
        }
    }
    Ok(Outcome::Done)
}

/// One definition as YAML.
///
/// # Errors
/// Where it cannot be written, which its type excludes.
pub fn yaml(document: &Document) -> Result<String, CommandError> {
    format::write(Format::Yaml, std::slice::from_ref(document))
        .map(|written| written.text)
        .map_err(|error| CommandError::invalid(error.to_string()))
}

/// The text of the definitions; what the format cannot carry is said.
fn written(
    session: &Session,
    format: Format,
    documents: &[Document],
) -> Result<String, CommandError> {
    let written = format::write(format, documents)
        .map_err(|error| CommandError::invalid(error.to_string()))?;
    for note in &written.notes {
        session
            .ui
            .warn(&format!("{}: {}", note.subject, note.message));
    }
    Ok(written.text)
}

/// `PLATFORM/NAME@VERSION.yaml`, with everything that could lead out of the folder, or that a file
/// system does not take, written as `%XX`.
pub fn relative_path(identity: &Identity, format: Format) -> PathBuf {
    let extension = match format {
        Format::Yaml | Format::Profile => "yaml",
        Format::Jsonl => "jsonl",
        _ => "json",
    };
    Path::new(&file_name(&identity.platform)).join(format!(
        "{}@{}.{extension}",
        file_name(&identity.name),
        file_name(&identity.version)
    ))
}

fn file_name(text: &str) -> String {
    let mut name = String::new();
    for (index, c) in text.char_indices() {
        let reserved = matches!(
            c,
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | '@'
        );
        let hidden = index == 0 && c == '.';
        let shown_as_it_is = text::visible(c.encode_utf8(&mut [0; 4])).len() == c.len_utf8();
        let plain = shown_as_it_is && !reserved && !hidden;
        if plain {
            name.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                name.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let path = |name: &str| {
            let identity = Identity {
                platform: "..".to_owned(),
                name: name.to_owned(),
                version: "1/0".to_owned(),
            };
            relative_path(&identity, Format::Yaml).display().to_string()
        };
        assert_eq!(
            path("../../etc/passwd"),
            "%2E./%2E.%2F..%2Fetc%2Fpasswd@1%2F0.yaml"
        );
        assert_eq!(path("a\u{202e}b\u{1b}"), "%2E./a%E2%80%AEb%1B@1%2F0.yaml");
        assert_eq!(path("日本 x"), "%2E./日本 x@1%2F0.yaml");
    }
}
