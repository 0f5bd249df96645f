//! `toolcat mcp`: agents ask the catalog, by the Model Context Protocol on stdin and stdout.

use std::io::{self, BufRead, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Args;
use serde_json::Value;

use crate::expression::Variables;
use crate::mcp::message::{self, LONGEST_MESSAGE, Message, Unreadable};
use crate::mcp::{self, Context, Defaults, Desk, Rights, text, tools};
use crate::operations::{Backend, Caller, Refusal, Via};
use crate::select::Request as Job;
use crate::select::permission::with_covered;
use crate::select::request::DEFAULT_ENVIRONMENT;
use crate::select::retrieval::Encoding;

use super::{CommandError, Outcome, Session};

/// Serve agents over stdin and stdout by the Model Context Protocol.
#[derive(Debug, Args)]
#[command(
    after_help = "A client starts it, asks on its stdin and reads its stdout; it ends when stdin does. The tools are\n\
                  find_tool, record_outcome, get_tool and list_capabilities; nothing is ever run.\n\n\
                  Examples:\n  toolcat mcp --check\n  claude mcp add toolcat -- toolcat mcp"
)]
pub struct McpArgs {
    /// Show what a client would see and how many tokens it takes, and end
    #[arg(long)]
    check: bool,

    /// Let agents ask only: record nothing
    #[arg(long, conflicts_with = "allow_writes")]
    read_only: bool,

    /// Let agents propose new tools, which stay in testing until a person activates them
    #[arg(long)]
    allow_writes: bool,
}

/// The catalog that agents ask.
fn backend(session: &Session, encoding: &Encoding) -> Result<Backend, Refusal> {
    Ok(session.backend()?.encoding_by(encoding.clone()))
}

pub fn run(args: &McpArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let rights = Rights {
        record: !args.read_only,
        propose: args.allow_writes,
    };
    if args.check {
        return check(rights, session);
    }
    let session = &*session;
    let encoding = session.encoding();
    let mut context = Context {
        catalog: Box::new(Desk::new(|| backend(session, &encoding))),
        caller: Caller {
            via: Via::Mcp,
            ..session.caller(false)
        },
        rights,
        defaults: defaults(session),
        agreed: None,
    };
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut line = Vec::new();
    while let Some(whole) = next(&mut input, &mut line)? {
        let answer = match whole {
            true => answer(&mut context, line.trim_ascii()),
            false => Some(Unreadable::too_long().answer()),
        };
        if let Some(answer) = answer {
            // One write: a reader never sees half a message.
            output.write_all(format!("{answer}\n").as_bytes())?;
            output.flush()?;
        }
    }
    Ok(Outcome::Done)
}

/// Answers a line. A fault of this program ends no connection.
fn answer(context: &mut Context<'_>, line: &[u8]) -> Option<Value> {
    let answered = catch_unwind(AssertUnwindSafe(|| mcp::exchange(context, line)));
    answered.unwrap_or_else(|_| match message::parse(line) {
        Ok(Message::Request(request)) => Some(mcp::broken(Some(&request.id))),
        _ => None,
    })
}

/// Reads the next line that holds anything: whether it is not too long; none at the end of the input.
fn next(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    loop {
        line.clear();
        let most = u64::try_from(LONGEST_MESSAGE).unwrap_or(u64::MAX);
        let read = input.by_ref().take(most + 1).read_until(b'\n', line)?;
        if read == 0 {
            return Ok(None);
        }
        if line.len() > LONGEST_MESSAGE && !line.ends_with(b"\n") {
            skip_line(input)?;
            return Ok(Some(false));
        }
        if !line.trim_ascii().is_empty() {
            return Ok(Some(true));
        }
    }
}

/// Passes over the rest of a line, keeping none of it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|it| *it == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// What the configuration says of a request. An agent stands on this machine.
fn defaults(session: &Session) -> Defaults {
    let config = &session.config.select;
    let mut context = Variables::defaults();
    for (name, value) in &config.context {
        context.set(name.as_str(), *value);
    }
    let home = match config.platform.as_deref() {
        Some("any") => None,
        Some(platform) => Some(platform.to_owned()),
        None => Some(std::env::consts::OS.to_owned()),
    };
    Defaults {
        job: Job {
            context,
            environment: (config.environment.clone())
                .unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned()),
            permissions: with_covered(&config.permissions, &session.config.covers),
            scoring: config.scoring.unwrap_or_default(),
            home,
            ..Job::default()
        },
        installed: config.installed,
        covers: session.config.covers.clone(),
    }
}

/// Shows what a client sees.
fn check(rights: Rights, session: &mut Session) -> Result<Outcome, CommandError> {
    let tools = tools::list(rights);
    let count = |text: &str| text::tokens(text);
    let mut total = count(mcp::INSTRUCTIONS);
    let out = session.ui.out();
    writeln!(
        out,
        "instructions, at most {total} tokens\n  {}",
        mcp::INSTRUCTIONS
    )?;
    for tool in tools.as_array().into_iter().flatten() {
        let tokens = count(&tool.to_string());
        total += tokens;
        let text = |name: &str| tool.get(name).and_then(Value::as_str).unwrap_or_default();
        writeln!(out, "\n{}, at most {tokens} tokens", text("name"))?;
        writeln!(out, "  {}", text("description"))?;
        let arguments = tool.pointer("/inputSchema/properties");
        let names: Vec<&str> = (arguments.and_then(Value::as_object).into_iter())
            .flat_map(|it| it.keys().map(String::as_str))
            .collect();
        writeln!(out, "  {}", names.join(", "))?;
    }
    writeln!(
        out,
        "\ntogether at most {total} tokens, counted as 3 bytes each"
    )?;
    Ok(Outcome::Done)
}
