//! `toolcat open`: the documentation of a tool.

use std::process::Command;

use clap::Args;

use crate::definition::ToolRef;
use crate::operations::show;
use crate::output::text;
use crate::words::is_unsafe;

use super::{CommandError, Outcome, Session, browser};

/// Open the documentation of a tool in a browser
///
/// The link is `metadata.documentation_url` of the definition. The browser is that of BROWSER, else of the desktop.
/// In a pipe the link is printed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  toolcat open df\n  toolcat open --print windows/ping")]
pub struct OpenArgs {
    /// Tool whose documentation to open: [PLATFORM/]NAME[@VERSION]
    #[arg(value_name = "TOOL")]
    tool: ToolRef,

    /// Print the link and open nothing
    #[arg(long)]
    print: bool,
}

pub fn run(args: &OpenArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let shown = show::run(&mut session.connect()?, &args.tool, None)?;
    let tool = shown.stored.identity();
    let address = format!("{}/{}", tool.platform, tool.name);
    let fields = shown.document.fields();
    let link = fields
        .get("metadata")
        .and_then(|it| it.get("documentation_url")?.as_str())
        .filter(|it| !it.trim().is_empty())
        .ok_or_else(|| none(&tool.to_string(), &address))?;
    if !is_a_page(link) {
        let link = text::visible(link);
        let message =
            format!("the documentation of {tool} is not at a http or https address: {link}");
        return Err(CommandError::invalid(message).hint(correct(&address)));
    }
    if args.print || !session.ui.is_terminal() {
        writeln!(session.ui.out(), "{link}")?;
        return Ok(Outcome::Done);
    }
    session.ui.status(&format!("opening {link}"));
    opened(browser::command(link), link)
}

fn none(tool: &str, address: &str) -> CommandError {
    CommandError::not_found(format!("{tool} names no documentation")).hint(correct(address))
}

fn correct(address: &str) -> String {
    format!("`toolcat update --set metadata.documentation_url=https://... {address}` names it")
}

/// Whether it leads to a page, and can be given to a browser as it stands.
fn is_a_page(link: &str) -> bool {
    let begins = |scheme: &str| {
        let start = link.get(..scheme.len());
        start.is_some_and(|it| it.eq_ignore_ascii_case(scheme)) && link.len() > scheme.len()
    };
    let plain = |c: char| !c.is_whitespace() && !is_unsafe(c) && !"\"'`<>\\".contains(c);
    (begins("https://") || begins("http://")) && link.chars().all(plain)
}

fn opened(mut browser: Command, link: &str) -> Result<Outcome, CommandError> {
    let failed = |why: String| {
        CommandError::invalid(format!("cannot open {link}: {why}"))
            .hint("set BROWSER to a program that can, or give --print")
    };
    let program = browser.get_program().display().to_string();
    match browser.status() {
        Ok(status) if status.success() => Ok(Outcome::Done),
        Ok(status) => Err(failed(format!("{program} ended with {status}"))),
        Err(error) => Err(failed(format!("cannot run {program}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::is_a_page;

    #[test]
    fn only_pages_are_opened() {
        for link in ["https://example.org/a?b=1#c", "HTTP://example.org"] {
            assert!(is_a_page(link), "{link}");
        }
        for link in [
            "",
            "https://",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "example.org",
            "--version",
            " https://example.org",
            "https://example.org/\u{1b}[2J",
            "https://example.org/\u{202e}",
            "https://example.org/a b",
            "https://example.org/`id`",
            "https://exa\nmple.org",
        ] {
            assert!(!is_a_page(link), "{link}");
        }
    }
}
