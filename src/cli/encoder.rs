//! `toolcat encoder`: the sentence encoder that judges the meaning of words.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::encoder::{self, Choice, EncoderError, SentenceEncoder};
use crate::operations::encode;
use crate::select::retrieval::{Encoder, Encoding};
use crate::store::index;
use crate::words::counted;

use super::{CommandError, Outcome, Session};

/// Judge the meaning of words by a sentence encoder
///
/// Without one, a table that is built in judges it. An encoder is a folder with a small BERT such as all-MiniLM-L6-v2:
/// config.json, vocab.txt and model.safetensors. It finds more of what people ask for in their own words, and costs tens
/// of milliseconds for each request. Nothing is downloaded; docs/selection.md says where to get one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  toolcat encoder use ~/models/all-MiniLM-L6-v2\n  toolcat encoder status"
)]
pub struct EncoderArgs {
    #[command(subcommand)]
    command: EncoderCommand,
}

#[derive(Debug, Subcommand)]
enum EncoderCommand {
    /// Use the encoder in a folder from now on, and have it read the catalog
    Use {
        /// The folder of the model
        #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// Show the encoder in use, and how much of the catalog it has read
    Status,
    /// Have it read what it has not read yet
    Index {
        /// Read everything again
        #[arg(long)]
        anew: bool,
    },
    /// Use the built-in table again
    Off,
}

pub fn run(args: &EncoderArgs, session: &mut Session) -> Result<Outcome, CommandError> {
    match &args.command {
        EncoderCommand::Use { folder } => {
            let (choice, encoder) = Choice::of(folder).map_err(unusable)?;
            choice.keep()?;
            describe(&choice, &encoder, session);
            tell(read(&encoder, false, session)?, session);
            Ok(Outcome::Done)
        }
        EncoderCommand::Status => status(session),
        EncoderCommand::Index { anew } => match open()? {
            Some((_, encoder)) => {
                tell(read(&encoder, *anew, session)?, session);
                Ok(Outcome::Done)
            }
            None => none(session),
        },
        EncoderCommand::Off => {
            let was = encoder::forget()?;
            session.ui.status(match was {
                true => "the built-in table of meanings is used from now on",
                false => "no encoder was in use",
            });
            Ok(Outcome::Done)
        }
    }
}

/// The encoder that the user has chosen, for selections.
///
/// # Errors
/// Where it cannot be read, or is another one by now.
pub fn chosen() -> Result<Encoding, CommandError> {
    Ok(open()?.map(|(_, encoder)| Arc::new(encoder) as Arc<dyn Encoder>))
}

fn open() -> Result<Option<(Choice, SentenceEncoder)>, CommandError> {
    let Some(choice) = encoder::chosen()? else {
        return Ok(None);
    };
    let encoder = choice.open().map_err(unusable)?;
    Ok(Some((choice, encoder)))
}

fn unusable(error: EncoderError) -> CommandError {
    CommandError::invalid(error.to_string())
}

fn none(session: &Session) -> Result<Outcome, CommandError> {
    session
        .ui
        .status("no encoder is in use: the built-in table judges the meaning of words");
    session.ui.hint("`toolcat encoder use DIR` chooses one");
    Ok(Outcome::No)
}

fn describe(choice: &Choice, encoder: &SentenceEncoder, session: &Session) {
    let (folder, dimensions) = (choice.folder.display(), encoder.dimensions());
    let digest = &choice.digest[..12];
    session.ui.status(&format!(
        "encoder {digest} in {folder}: vectors of {dimensions} numbers"
    ));
}

fn status(session: &mut Session) -> Result<Outcome, CommandError> {
    let Some((choice, encoder)) = open()? else {
        return none(session);
    };
    describe(&choice, &encoder, session);
    let unread = session
        .connect()?
        .read(|it| index::unread(it, encoder.digest()))?;
    session.ui.status(&match unread.len() {
        0 => "it has read every tool of the catalog".to_owned(),
        count => format!(
            "{} of the catalog not read yet: `toolcat encoder index` reads them",
            counted(count, "tool")
        ),
    });
    Ok(Outcome::Done)
}

/// Has the encoder read what it has not read of the catalog, or everything anew; how many tools.
fn read(encoder: &SentenceEncoder, anew: bool, session: &Session) -> Result<usize, CommandError> {
    let backend = session.backend()?;
    let mut connection = backend.connect()?;
    Ok(encode::run(
        &mut connection,
        encoder,
        anew,
        backend.progress(),
    )?)
}

fn tell(count: usize, session: &Session) {
    session.ui.status(&match count {
        0 => "the encoder has read every tool already".to_owned(),
        count => format!("the encoder has read {}", counted(count, "tool")),
    });
}

/// Has the encoder in use, if there is one, read what an import has brought. What fails is told, since the import is
/// done.
pub fn read_imported(session: &Session) {
    let encoder = match open() {
        Ok(Some((_, encoder))) => encoder,
        Ok(None) => return,
        Err(error) => return session.ui.warn(&error.message),
    };
    match read(&encoder, false, session) {
        Ok(0) => {}
        Ok(count) => tell(count, session),
        Err(error) => {
            session.ui.warn(&error.message);
            session
                .ui
                .hint("`toolcat encoder index` reads the tools later");
        }
    }
}
