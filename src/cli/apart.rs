//! A filter or a template in a process of its own, which may take so much memory and time and no more:
//! whatever it asks for ends that process, and not this one.
//!
//! Both speak in frames: a letter, a length and as many bytes. The first holds the text of the filter, each
//! further one JSON documents; what becomes of them comes back in any number of frames, and then one that
//! says that it was all, or why not.

use std::ffi::OsString;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::output::reshape::{NotReshaped, Reshape, Reshapes};

/// Names what the process is for, and so makes it one.
const VARIABLE: &str = "TOOLCAT_RESHAPE";

/// The most memory that it may take, in bytes.
const MEMORY: u64 = 2 << 30;

/// The most time that it may compute on one frame of documents, in seconds.
const SECONDS: u64 = 20;

/// Its stack, in bytes.
const STACK: usize = 256 << 20;

/// What a frame holds.
const INPUT: u8 = b'i';
const OUTPUT: u8 = b'o';
const DONE: u8 = b'd';
const REFUSED: u8 = b'e';

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A filter in the language of jq.
    Jq,
    /// A template in the language of Jinja.
    Template,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Jq, Kind::Template];

    fn name(self) -> &'static str {
        match self {
            Kind::Jq => "jq",
            Kind::Template => "template",
        }
    }

    /// How it is called in messages.
    fn title(self) -> &'static str {
        match self {
            Kind::Jq => "the filter of --jq",
            Kind::Template => "the template of --render",
        }
    }
}

/// The other end of such a process.
pub struct Apart {
    kind: Kind,
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Apart {
    /// Starts a process that has understood the text.
    ///
    /// # Errors
    /// What is wrong with the text, and where; where no process can be started.
    pub fn start(kind: Kind, text: &str) -> Result<Self, NotReshaped> {
        let not_started = |why: &dyn std::fmt::Display| {
            NotReshaped(format!("{} cannot be run: {why}", kind.title()))
        };
        // This very program, even where its file was replaced meanwhile.
        let itself = Path::new("/proc/self/exe");
        let program = match itself.exists() {
            true => Ok(itself.to_owned()),
            false => std::env::current_exe(),
        };
        let mut child = Command::new(program.map_err(|error| not_started(&error))?)
            .arg0("toolcat")
            .env(VARIABLE, kind.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| not_started(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(not_started(&"it has no pipes"));
        };
        let mut apart = Self {
            kind,
            child,
            input: BufWriter::new(input),
            output: BufReader::new(output),
        };
        let understood = apart.ask(text.as_bytes(), &mut io::sink());
        understood.map_err(|error| match error.downcast::<NotReshaped>() {
            Ok(why) => why,
            Err(error) => not_started(&error),
        })?;
        Ok(apart)
    }

    /// Sends a frame, and writes what comes back.
    fn ask(&mut self, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        let sent = send(&mut self.input, INPUT, bytes);
        if sent.and_then(|()| self.input.flush()).is_err() {
            return Err(self.ended());
        }
        loop {
            match receive(&mut self.output) {
                Ok(Some((OUTPUT, bytes))) => out.write_all(&bytes)?,
                Ok(Some((DONE, _))) => return Ok(()),
                Ok(Some((REFUSED, why))) => {
                    let why = String::from_utf8_lossy(&why).into_owned();
                    return Err(NotReshaped(why).into());
                }
                Ok(_) | Err(_) => return Err(self.ended()),
            }
        }
    }

    /// Why the process has ended.
    fn ended(&mut self) -> io::Error {
        let by_time = |signal: i32| signal == Signal::XCPU.as_raw();
        let ended = self.child.wait().ok().and_then(|it| it.signal());
        let why = match ended.is_some_and(by_time) {
            true => format!("computes for more than {SECONDS} s on one result"),
            false => format!(
                "takes more than {} GB of memory, or calls itself too deeply",
                MEMORY >> 30
            ),
        };
        NotReshaped(format!("{} was ended: it {why}", self.kind.title())).into()
    }
}

impl Reshapes for Apart {
    fn apply(&mut self, documents: &[u8], out: &mut dyn Write) -> io::Result<()> {
        self.ask(documents, out)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // It may be in the middle of something that nobody wants any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(out: &mut dyn Write, letter: u8, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&[letter])?;
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)
}

/// The next frame; none at the end.
fn receive(input: &mut dyn Read) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut letter = [0; 1];
    if input.read(&mut letter)? == 0 {
        return Ok(None);
    }
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut bytes = Vec::new();
    let read = input.take(length).read_to_end(&mut bytes)?;
    match read as u64 == length {
        true => Ok(Some((letter[0], bytes))),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Is such a process, where that was asked for; its exit code.
pub fn answer() -> Option<u8> {
    let asked: OsString = std::env::var_os(VARIABLE)?;
    // A command line is a command, whatever the environment holds.
    if std::env::args_os().len() > 1 {
        return None;
    }
    let kind = Kind::ALL.into_iter().find(|it| asked == it.name())?;
    let served = limit_memory().and_then(|()| {
        let work = std::thread::Builder::new().stack_size(STACK);
        work.spawn(move || serve(kind))
    });
    match served.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => Some(0),
        _ => Some(2),
    }
}

/// Answers frame by frame.
fn serve(kind: Kind) -> io::Result<()> {
    let (mut input, mut out) = (io::stdin().lock(), io::stdout().lock());
    let mut made: Option<Reshape> = None;
    while let Some((_, bytes)) = receive(&mut input)? {
        limit_time()?;
        let done = match &mut made {
            Some(reshape) => {
                let mut frames = BufWriter::with_capacity(1 << 16, Frames(&mut out));
                let applied = reshape.apply(&bytes, &mut frames);
                applied.and_then(|()| frames.flush())
            }
            None => {
                let text = String::from_utf8_lossy(&bytes);
                let understood = match kind {
                    Kind::Jq => Reshape::jq(&text),
                    Kind::Template => Reshape::template(&text),
                };
                understood
                    .map(|it| made = Some(it))
                    .map_err(io::Error::from)
            }
        };
        match done {
            Ok(()) => send(&mut out, DONE, &[])?,
            Err(error) => send(&mut out, REFUSED, error.to_string().as_bytes())?,
        }
        out.flush()?;
    }
    Ok(())
}

/// Each writing as a frame.
struct Frames<W>(W);

impl<W: Write> Write for Frames<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        send(&mut self.0, OUTPUT, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn limit_memory() -> io::Result<()> {
    lower(Resource::As, MEMORY)?;
    // Ended by a signal, it leaves nothing behind.
    lower(Resource::Core, 0)
}

/// Lets it compute for as long again.
fn limit_time() -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    lower(
        Resource::Cpu,
        u64::try_from(used).unwrap_or(0) + 1 + SECONDS,
    )
}

/// Sets a limit, where a lower one does not hold anyway.
fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let current = Some(maximum.map_or(most, |it| it.min(most)));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}
