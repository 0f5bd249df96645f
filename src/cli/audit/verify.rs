//! `toolcat audit verify`: the log replayed from the start against the present state.

use clap::Args;

use crate::operations::audit;
use crate::output::style::GOOD;
use crate::output::{SummaryFormat, text};
use crate::store::chain::Head;
use crate::store::replay::Discrepancy;

use super::{CommandError, Outcome, Session, changes};

/// Prove that the log, replayed from the start, leads to the present state, and fits its hash chain
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 1 where the log and the catalog do not agree, or the log is not the one whose \
                  head was kept.\n\nExample:\n  toolcat audit head > head\n  \
                  toolcat audit verify --against \"$(cat head)\""
)]
pub struct VerifyArgs {
    /// Prove as well that nothing was rewritten since this head was printed (by this command, or by
    /// `audit head`)
    #[arg(long, value_name = "HEAD")]
    against: Option<Head>,

    /// How to write the result
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: SummaryFormat,
}

pub fn run(args: &VerifyArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    let backend = session.backend()?;
    let kept = args.against.as_ref();
    let verified = audit::verify(&mut backend.connect()?, kept, backend.progress())?;
    let outcome = match verified.ok {
        true => Outcome::Done,
        false => Outcome::No,
    };
    if args.format == SummaryFormat::Json {
        session.ui.json(&verified)?;
        return Ok(outcome);
    }
    let count = |n: i64, one: &str| text::counted(usize::try_from(n).unwrap_or(0), one);
    let extent = format!(
        "{}, {}, revision {}",
        count(verified.entries, "change"),
        count(verified.tools, "tool version"),
        verified.revision
    );
    let found = &verified.discrepancies;
    for it in found {
        writeln!(session.ui.out(), "{}", line(it))?;
    }
    let verdict = match found.len() {
        0 => session
            .ui
            .paint(GOOD, "the audit log leads to the present state"),
        n => format!(
            "{} between the audit log and the catalog",
            text::counted(n, "discrepancy").replace("discrepancys", "discrepancies")
        ),
    };
    writeln!(session.ui.out(), "{verdict} ({extent})")?;
    if let (Some(kept), true) = (&args.against, found.is_empty()) {
        let kept = kept.revision;
        writeln!(
            session.ui.out(),
            "nothing up to revision {kept} was rewritten since its head was kept"
        )?;
    }
    writeln!(session.ui.out(), "head {}", verified.head)?;
    Ok(outcome)
}

fn line(it: &Discrepancy) -> String {
    let value = |value: &Option<serde_json::Value>| match value {
        Some(value) => changes::value(value),
        None => "nothing".to_owned(),
    };
    let subject = format!(
        "{} {} {}",
        it.entity,
        it.entity_id,
        text::visible(it.name.as_deref().unwrap_or_default())
    );
    let revision = it.entity_id;
    match it.kind.as_str() {
        "revision" => format!(
            "revision {revision}: it is not in the log, the next is {}",
            value(&it.found)
        ),
        "time" if it.field == "now" => format!(
            "revision {revision}: its time {} is yet to come, the clock was set back",
            value(&it.found)
        ),
        "time" => format!(
            "revision {revision}: its time {} is before {} of the revision before",
            value(&it.found),
            value(&it.logged)
        ),
        "chain" => format!("revision {revision}: its entries are not those that were hashed"),
        "unchained" => format!(
            "revision {revision}: no hash covers entry {}",
            value(&it.found)
        ),
        "rewritten" => format!("revision {revision}: the log is not the one whose head was kept"),
        "latest" => format!("{subject}: no version is the latest"),
        "present" => format!(
            "{subject}: {} is {}, the log leads to {}",
            it.field,
            value(&it.found),
            value(&it.logged)
        ),
        "gap" => format!(
            "{subject}: {} was {} after one change and {} before the next",
            it.field,
            value(&it.logged),
            value(&it.found)
        ),
        "unlogged" => format!("{subject}: the log does not know it"),
        _ => format!("{subject}: the log knows it, the catalog does not"),
    }
}
