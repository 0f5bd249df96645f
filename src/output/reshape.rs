//! What a command prints as JSON, as its user wants it: through a filter of jq, or a template.

use std::io::{self, Write};

use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile};
use jaq_json::{Val, read, write};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde_json::value::RawValue;

use super::NotTaken;

/// What makes another text of JSON documents.
pub trait Reshapes {
    /// Writes what becomes of whole documents that follow one another.
    ///
    /// # Errors
    /// [`NotReshaped`]; if nothing can be written.
    fn apply(&mut self, documents: &[u8], out: &mut dyn Write) -> io::Result<()>;
}

/// The same, in this process and without limits.
pub enum Reshape {
    /// A filter in the language of jq; texts are written without quotes.
    Jq(Box<Filter<JustLut<Val>>>),
    /// A template in the language of Jinja; the document is `it`.
    Template(Box<Environment<'static>>),
}

/// Why that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReshaped(pub String);

impl From<NotReshaped> for io::Error {
    fn from(error: NotReshaped) -> Self {
        io::Error::other(error)
    }
}

impl Reshape {
    /// Understands a filter of jq.
    ///
    /// # Errors
    /// The first place that is wrong.
    pub fn jq(code: &str) -> Result<Self, NotReshaped> {
        // To end the program is not for a filter to decide: exit codes have meanings of their own.
        let ends = |name: &str| ["halt", "halt_error"].contains(&name);
        let standard = jaq_std::defs().filter(|it| !ends(it.name));
        let definitions = jaq_core::defs().chain(standard);
        let loader = Loader::new(definitions.chain(jaq_json::defs()));
        let arena = Arena::default();
        let modules = loader
            .load(&arena, File { path: (), code })
            .map_err(|errors| not_loaded(code, &errors))?;
        // The compiler takes for granted that files which a filter imports have been read.
        load::import(&modules, |_| Err(String::new()))
            .map_err(|errors| not_loaded(code, &errors))?;
        let standard = jaq_std::funs().filter(|it| !ends(it.0));
        let natives = jaq_core::funs().chain(standard);
        let filter = Compiler::default()
            .with_funs(natives.chain(jaq_json::funs()))
            .compile(modules)
            .map_err(|errors| not_compiled(code, &errors))?;
        Ok(Self::Jq(Box::new(filter)))
    }

    /// Understands a template.
    ///
    /// # Errors
    /// The first place that is wrong.
    pub fn template(text: &str) -> Result<Self, NotReshaped> {
        let mut environment = Environment::new();
        // A field that is misspelt is an error, and not nothing.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .add_template_owned(TEMPLATE, text.to_owned())
            .map_err(|error| in_template(&error))?;
        Ok(Self::Template(Box::new(environment)))
    }

    /// Writes what becomes of one document.
    fn one(&self, document: &str, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Jq(filter) => filtered(filter, document, out),
            Self::Template(environment) => {
                let value: serde_json::Value = serde_json::from_str(document)?;
                let values = minijinja::context! { it => Value::from(Serde(value)) };
                let template = environment.get_template(TEMPLATE);
                let made = template.and_then(|it| it.render(values));
                let made = made.map_err(|error| in_template(&error))?;
                out.write_all(made.as_bytes())?;
                // A line is not left open.
                match made.ends_with('\n') || made.is_empty() {
                    true => Ok(()),
                    false => writeln!(out),
                }
            }
        }
    }
}

impl Reshapes for Reshape {
    fn apply(&mut self, documents: &[u8], out: &mut dyn Write) -> io::Result<()> {
        for document in serde_json::Deserializer::from_slice(documents).into_iter::<&RawValue>() {
            self.one(document.map_err(|_| not_json())?.get(), out)?;
        }
        Ok(())
    }
}

/// The name that the one template has.
const TEMPLATE: &str = "template";

fn in_template(error: &minijinja::Error) -> NotReshaped {
    let place = error
        .line()
        .map_or_else(String::new, |it| format!(" in line {it}"));
    let detail = error
        .detail()
        .map_or_else(String::new, |it| format!(": {it}"));
    NotReshaped(format!(
        "the template is wrong{place}: {}{detail}",
        error.kind()
    ))
}

/// Runs the filter, and writes each of its results on a line.
fn filtered(filter: &Filter<JustLut<Val>>, document: &str, out: &mut dyn Write) -> io::Result<()> {
    let input = read::parse_single(document.as_bytes())
        .map_err(|error| NotReshaped(format!("the result cannot be read: {error}")))?;
    let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
    for result in filter.id.run((context, input)) {
        match result.map_err(jaq_core::Exn::get_err) {
            Ok(Val::TStr(text)) => out.write_all(&text)?,
            Ok(value) => write::write(out, &write::Pp::default(), 0, &value)?,
            Err(error) => {
                let error = error.map_or_else(|_| "it ends".to_owned(), |it| it.to_string());
                let message = format!("the filter of --jq fails on this result: {error}");
                return Err(NotReshaped(message).into());
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A message about a place of the filter.
fn at(code: &str, part: &str, what: &str) -> NotReshaped {
    // Where the filter ends, there is no part of it.
    let inside = code.as_bytes().as_ptr_range().contains(&part.as_ptr());
    let place = match inside {
        true => {
            let before = &code[..load::span(code, part).start];
            format!("at character {}", before.chars().count() + 1)
        }
        false => "at its end".to_owned(),
    };
    NotReshaped(format!("the filter is wrong {place}: {what}"))
}

fn not_loaded(code: &str, errors: &load::Errors<&str, ()>) -> NotReshaped {
    match errors.first() {
        Some((_, load::Error::Lex(all))) if !all.is_empty() => {
            let (expected, part) = &all[0];
            at(code, part, &format!("expected {}", expected.as_str()))
        }
        Some((_, load::Error::Parse(all))) if !all.is_empty() => {
            let (expected, part) = &all[0];
            at(code, part, &format!("expected {}", expected.as_str()))
        }
        Some((_, load::Error::Io(all))) if !all.is_empty() => {
            let (part, _) = &all[0];
            at(code, part, "modules cannot be loaded")
        }
        _ => NotReshaped("the filter is wrong".to_owned()),
    }
}

fn not_compiled(code: &str, errors: &compile::Errors<&str, ()>) -> NotReshaped {
    match errors.first().and_then(|(_, all)| all.first()) {
        Some((part, missing)) => {
            let what = format!("there is no {} `{part}`", missing.as_str());
            at(code, part, &what)
        }
        None => NotReshaped("the filter is wrong".to_owned()),
    }
}

/// A writer of JSON documents that are reshaped on the way, if that is asked for; else bytes pass as
/// they are.
pub struct Reshaper<W> {
    inner: W,
    reshape: Option<Box<dyn Reshapes>>,
    held: Vec<u8>,
    /// Why a document was not reshaped, or not written: nothing comes behind it.
    failed: Option<io::Error>,
    /// From so many bytes on, what is whole is written.
    next: usize,
}

/// Bytes that are held before it is first looked for documents that are whole.
const FIRST: usize = 1 << 20;

impl<W: Write> Reshaper<W> {
    /// Lets bytes pass.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            reshape: None,
            held: Vec::new(),
            failed: None,
            next: FIRST,
        }
    }

    /// Reshapes from here on.
    pub fn reshape(&mut self, reshape: Box<dyn Reshapes>) {
        self.reshape = Some(reshape);
    }

    /// Where the bytes go.
    pub fn inner_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    /// Whether everything that was written could be reshaped.
    ///
    /// # Errors
    /// If something is held that is not a whole document.
    pub fn done(&self) -> io::Result<()> {
        match self.held.iter().all(u8::is_ascii_whitespace) {
            true => Ok(()),
            false => Err(not_json().into()),
        }
    }

    /// Writes what becomes of the documents that are whole.
    fn pass(&mut self) -> io::Result<()> {
        let Some(reshape) = &mut self.reshape else {
            return Ok(());
        };
        if let Some(failed) = &self.failed {
            return Err(again(failed));
        }
        let mut documents =
            serde_json::Deserializer::from_slice(&self.held).into_iter::<&RawValue>();
        let mut whole = 0;
        let mut read = Ok(());
        while let Some(document) = documents.next() {
            match document {
                Ok(_) => whole = documents.byte_offset(),
                Err(error) if error.is_eof() => break,
                Err(_) => {
                    read = Err(not_json().into());
                    break;
                }
            }
        }
        let rest = self.held.split_off(whole);
        let documents = std::mem::replace(&mut self.held, rest);
        self.next = (2 * self.held.len()).max(FIRST);
        let applied = match documents.is_empty() {
            true => Ok(()),
            false => reshape.apply(&documents, &mut self.inner),
        };
        let done = applied.and(read);
        self.failed = done.as_ref().err().map(again);
        done
    }
}

/// The same error once more.
fn again(error: &io::Error) -> io::Error {
    let inner = error.get_ref();
    if let Some(why) = inner.and_then(|it| it.downcast_ref::<NotReshaped>()) {
        return why.clone().into();
    }
    match inner.and_then(|it| it.downcast_ref::<NotTaken>()) {
        Some(why) => io::Error::new(error.kind(), why.clone()),
        None => error.kind().into(),
    }
}

fn not_json() -> NotReshaped {
    NotReshaped("what the command prints is not JSON, which --jq and --render need".to_owned())
}

impl<W: Write> Write for Reshaper<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.reshape.is_none() {
            return self.inner.write(bytes);
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() >= self.next {
            self.pass()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass()?;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of those pieces, written one by one.
    fn reshaped(reshape: Reshape, pieces: &[&str]) -> io::Result<String> {
        let mut writer = Reshaper::new(Vec::new());
        writer.reshape(Box::new(reshape));
        for piece in pieces {
            writer.write_all(piece.as_bytes())?;
            writer.flush()?;
        }
        writer.done()?;
        Ok(String::from_utf8(writer.inner).unwrap())
    }

    fn jq(code: &str, pieces: &[&str]) -> String {
        reshaped(Reshape::jq(code).unwrap(), pieces).unwrap()
    }

    #[test]
    fn texts_come_without_quotes_and_all_else_as_json() {
        let document = r#"[{"name":"größe","n":1.5},{"name":"b","n":null}]"#;
        assert_eq!(jq(".[].name", &[document]), "größe\nb\n");
        assert_eq!(jq(".[] | .n", &[document]), "1.5\nnull\n");
        assert_eq!(
            jq("map({name})", &[document]),
            "[{\"name\":\"größe\"},{\"name\":\"b\"}]\n"
        );
        assert_eq!(
            jq(r#"map(select(.name | test("^b"))) | length"#, &[document]),
            "1\n"
        );
        assert_eq!(jq("empty", &[document]), "");
    }

    #[test]
    fn no_file_is_read() {
        for code in [
            r#"import "/etc/passwd" as $x; $x"#,
            r#"import "x" as x; x::y"#,
            r#"include "x"; ."#,
        ] {
            let refused = Reshape::jq(code).map(drop).expect_err(code);
            assert!(refused.to_string().contains("modules"), "{code}: {refused}");
        }
    }

    #[test]
    fn a_filter_ends_no_program() {
        for code in ["halt", "halt(3)", "halt_error", "\"x\" | halt_error(1)"] {
            let refused = Reshape::jq(code).map(drop).expect_err(code);
            assert!(refused.to_string().contains("no filter `halt"), "{refused}");
        }
    }

    /// A failure that was passed over is told again, and nothing comes twice.
    #[test]
    fn what_failed_once_goes_on_failing() {
        let mut writer = Reshaper::new(Vec::new());
        writer.reshape(Box::new(Reshape::jq("1, error").unwrap()));
        writer.write_all(b"{}").unwrap();
        assert!(writer.flush().is_err());
        assert!(writer.flush().is_err());
        assert_eq!(writer.inner, b"1\n");
    }

    #[test]
    fn documents_come_one_by_one_wherever_they_are_divided() {
        assert_eq!(
            jq(".a", &["{\"a\":1}\n{\"a\":", "2}\n", "{\"a\":3}"]),
            "1\n2\n3\n"
        );
        let lines: Vec<String> = (0..200_000).map(|it| format!("{{\"a\":{it}}}\n")).collect();
        let mut writer = Reshaper::new(Vec::new());
        writer.reshape(Box::new(
            Reshape::jq("select(.a % 100000 == 0) | .a").unwrap(),
        ));
        for line in &lines {
            writer.write_all(line.as_bytes()).unwrap();
            // Memory does not grow with the number of documents.
            assert!(writer.held.len() <= FIRST);
        }
        writer.flush().unwrap();
        assert_eq!(writer.inner, b"0\n100000\n");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let told = |code: &str| match Reshape::jq(code) {
            Ok(_) => panic!("{code} is right"),
            Err(error) => error.to_string(),
        };
        assert_eq!(
            told(".name | nosuch"),
            "the filter is wrong at character 9: there is no filter `nosuch`"
        );
        assert_eq!(
            told(".a |"),
            "the filter is wrong at its end: expected term"
        );
        assert_eq!(
            told(".["),
            "the filter is wrong at its end: expected closing bracket"
        );
        assert!(told("import \"x\" as x; .").contains("modules cannot be loaded"));
        let Err(error) = Reshape::template("a\n{% for %}") else {
            panic!("it is wrong");
        };
        assert!(
            error
                .to_string()
                .starts_with("the template is wrong in line 2: "),
            "{error}"
        );
        for (code, text) in [(".name", "[1]"), (".", "words"), (".", "{\"a\":")] {
            assert!(
                reshaped(Reshape::jq(code).unwrap(), &[text]).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_template_is_filled_with_each_document() {
        let made =
            |template: &str, text: &str| reshaped(Reshape::template(template).unwrap(), &[text]);
        let list = "{% for t in it %}{{ t.tool }} {{ t.n }}\n{% endfor %}";
        assert_eq!(
            made(list, r#"[{"tool":"df","n":1},{"tool":"<du>","n":2}]"#).unwrap(),
            "df 1\n<du> 2\n"
        );
        assert_eq!(
            made("{{ it.a }}", "{\"a\":1}\n{\"a\":2}\n").unwrap(),
            "1\n2\n"
        );
        let error = made("{{ it.b }}", "{\"a\":1}").unwrap_err().to_string();
        assert!(error.contains("undefined"), "{error}");
    }
}
