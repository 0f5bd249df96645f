//! `toolcat export`: definitions out of the catalog, to stdout or into a folder.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use crate::definition::{Document, Identity, ToolRef};
use crate::format::{Format, LeftOut};
use crate::operations::export::{self, Export};
use crate::operations::past::At;
use crate::output::text;

use super::filter::FilterArgs;
use super::owned::Owned;
use super::{CommandError, Outcome, Session, files, moment};

/// Write definitions out of the catalog.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat export > catalog.yaml\n  \
                        toolcat export --platform linux --to-dir definitions\n  \
                        toolcat export --to-dir tools --layout name\n  \
                        toolcat export df --at 2d\n  \
                        toolcat export petstore --to-format openai --one-per pattern")]
pub struct ExportArgs {
    /// Tools to export [default: all that match the filters]
    #[arg(value_name = "TOOL")]
    tools: Vec<ToolRef>,

    /// Folder to write to, one file per tool
    #[arg(long, short = 'o', value_name = "DIR")]
    to_dir: Option<PathBuf>,

    /// How the files are named; by the name alone, they stay the same over versions, and those of tools that are gone
    /// are removed
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "LAYOUT",
        requires = "to_dir",
        conflicts_with = "all_versions"
    )]
    layout: Layout,

    /// Format to write: yaml, json, jsonl, profile, mcp, openai, anthropic
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    to_format: Format,

    /// What becomes one tool in the formats mcp, openai and anthropic
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    one_per: OnePer,

    /// Write them as they were then: a time, a date, how long ago (2h, 3d), or a revision (120)
    #[arg(long, value_name = "TIME|REVISION", value_parser = moment::at)]
    at: Option<At>,

    #[command(flatten)]
    filter: FilterArgs,
}

/// What becomes one tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OnePer {
    /// A whole tool, with the inputs of all its patterns
    #[default]
    Tool,
    /// A pattern, such as an operation of an API
    Pattern,
}

impl From<OnePer> for export::OnePer {
    fn from(it: OnePer) -> Self {
        match it {
            OnePer::Tool => Self::Tool,
            OnePer::Pattern => Self::Pattern,
        }
    }
}

/// How files are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// PLATFORM/NAME@VERSION.yaml
    #[default]
    Version,
    /// PLATFORM/NAME.yaml
    Name,
}

pub fn run(args: &ExportArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let mut filter = args.filter.filter();
    filter.tools.clone_from(&args.tools);
    let mut connection = session.connect()?;
    export::run(&mut connection, &filter, args.at, |export| {
        match &args.to_dir {
            None => to_stdout(args, session, export),
            Some(folder) => to_folder(args, session, folder, export),
        }
    })?;
    Ok(Outcome::Done)
}

fn to_stdout(
    args: &ExportArgs,
    session: &mut Session,
    export: &mut Export<'_>,
) -> Result<(), CommandError> {
    let out = session.ui.out();
    let notes = export.text(args.to_format, args.one_per.into(), |part| {
        Ok::<_, CommandError>(out.write_all(part.as_bytes())?)
    })?;
    warn(session, &notes);
    Ok(())
}

fn to_folder(
    args: &ExportArgs,
    session: &Session,
    folder: &Path,
    export: &mut Export<'_>,
) -> Result<(), CommandError> {
    let written = export.identities().count();
    let removed = match args.layout {
        Layout::Version => {
            each_file(args, session, export, |_, path, text| {
                files::write_below(folder, &path, text)
            })?;
            0
        }
        Layout::Name => by_name(args, session, folder, export)?,
    };
    let removed = match removed {
        0 => String::new(),
        n => format!(", removed {}", text::counted(n, "file")),
    };
    session.ui.status(&format!(
        "wrote {} to {}{removed}",
        text::counted(written, "definition"),
        folder.display()
    ));
    Ok(())
}

/// Writes a file for each tool, whatever its version, and removes ours of tools that are gone; how many.
fn by_name(
    args: &ExportArgs,
    session: &Session,
    folder: &Path,
    export: &mut Export<'_>,
) -> Result<usize, CommandError> {
    let mut seen = HashSet::new();
    let twice =
        (export.identities()).find(|it| !seen.insert((it.platform.clone(), it.name.clone())));
    if let Some(identity) = twice {
        let message = format!(
            "{}/{} is to be written in two versions, and a layout by name has one file for it",
            identity.platform, identity.name
        );
        return Err(CommandError::invalid(message).hint("name one version, or leave out --layout"));
    }
    let present = export.tools_of_catalog()?;
    let mut owned = Owned::of(folder);
    each_file(args, session, export, |identity, path, text| {
        owned.write(identity, path, text)
    })?;
    let removed =
        owned.keep(|platform, name| present.contains(&(platform.to_owned(), name.to_owned())));
    owned.save()?;
    Ok(removed)
}

/// Gives each definition to `write` as the text of a file, with the path below the folder.
fn each_file(
    args: &ExportArgs,
    session: &Session,
    export: &mut Export<'_>,
    mut write: impl FnMut(&Identity, PathBuf, &str) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    loop {
        let part = export.next_part()?;
        if part.is_empty() {
            return Ok(());
        }
        for (identity, document) in part {
            let path = told_path(&identity, args.to_format, args.layout, session);
            let written = export::text(args.to_format, args.one_per.into(), &[document])?;
            warn(session, &written.notes);
            write(&identity, path, &written.text)?;
        }
    }
}

/// One definition as YAML.
///
/// # Errors
/// If it cannot be written, which its type excludes.
pub fn yaml(document: &Document) -> Result<String, CommandError> {
    let one = std::slice::from_ref(document);
    let written = export::text(Format::Yaml, export::OnePer::Tool, one)?;
    Ok(written.text)
}

/// Says what the format cannot carry.
fn warn(session: &Session, notes: &[LeftOut]) {
    for note in notes {
        let message = format!("{}: {}", note.subject, note.message);
        session.ui.warn(&message);
    }
}

/// The same as [`relative_path`]; says where a name was shortened.
pub fn told_path(
    identity: &Identity,
    format: Format,
    layout: Layout,
    session: &Session,
) -> PathBuf {
    let path = relative_path(identity, format, layout);
    if path.to_string_lossy().contains(CUT) {
        session.ui.warn(&format!(
            "{identity}: its name is too long for a file; it is in {}",
            path.display()
        ));
    }
    path
}

/// The longest name of a file or folder, in bytes.
const LONGEST_NAME: usize = 255;

/// Stands before the digest in a name that was shortened; no other name has it.
const CUT: &str = "%~";

/// `PLATFORM/NAME@VERSION.yaml` or `PLATFORM/NAME.yaml`, with everything that could lead out of the folder, or that a file
/// system does not take, written as `%XX`. A name that is too long ends in a digest of the whole.
fn relative_path(identity: &Identity, format: Format, layout: Layout) -> PathBuf {
    let extension = match format {
        Format::Yaml | Format::Profile => "yaml",
        Format::Jsonl => "jsonl",
        _ => "json",
    };
    let name = match layout {
        Layout::Version => format!(
            "{}@{}",
            file_name(&identity.name),
            file_name(&identity.version)
        ),
        Layout::Name => file_name(&identity.name),
    };
    let platform = shortened(file_name(&identity.platform), LONGEST_NAME);
    let name = shortened(name, LONGEST_NAME - extension.len() - 1);
    Path::new(&platform).join(format!("{name}.{extension}"))
}

fn shortened(name: String, longest: usize) -> String {
    if name.len() <= longest {
        return name;
    }
    let digest = Sha256::digest(&name);
    let digest: String = digest[..8].iter().map(|it| format!("{it:02x}")).collect();
    let mut end = longest - CUT.len() - digest.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    // Half of a `%XX` is none.
    if let Some(at) = name[..end].rfind('%').filter(|at| at + 3 > end) {
        end = at;
    }
    format!("{}{CUT}{digest}", &name[..end])
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
            relative_path(&identity, Format::Yaml, Layout::Version)
                .display()
                .to_string()
        };
        assert_eq!(
            path("../../etc/passwd"),
            "%2E./%2E.%2F..%2Fetc%2Fpasswd@1%2F0.yaml"
        );
        assert_eq!(path("a\u{202e}b\u{1b}"), "%2E./a%E2%80%AEb%1B@1%2F0.yaml");
        assert_eq!(path("日本 x"), "%2E./日本 x@1%2F0.yaml");
    }

    #[test]
    fn a_name_that_is_too_long_is_shortened_and_stays_its_own() {
        let path = |name: String| {
            let identity = Identity {
                platform: "x".repeat(300),
                name,
                version: "1.0".to_owned(),
            };
            relative_path(&identity, Format::Jsonl, Layout::Version)
        };
        let mut seen = std::collections::HashSet::new();
        for length in 60..100 {
            for sign in ["/", "\u{1f600}", "é", "x/"] {
                let path = path(sign.repeat(length));
                assert!(path.iter().all(|it| it.len() <= LONGEST_NAME), "{path:?}");
                assert!(seen.insert(path));
            }
        }
    }
}
