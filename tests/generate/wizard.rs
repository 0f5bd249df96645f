//! The wizard, driven through a pseudo-terminal.

use rexpect::session::{PtySession, spawn_command};

use crate::common::World;

/// A person who types.
struct Person(PtySession);

impl Person {
    fn at(world: &World, args: &[&str]) -> Self {
        let mut command = world.command(args);
        command
            .env("TERM", "xterm")
            .stdin(std::process::Stdio::inherit());
        Self(spawn_command(command, Some(60_000)).expect("a terminal"))
    }

    /// Waits for a question and types an answer; nothing takes the one that is proposed. Of a list
    /// the answer finds the item that holds it.
    fn answer(&mut self, question: &str, answer: &str) {
        self.0.exp_string(question).expect(question);
        // The keys are of use only once the question can be answered.
        self.0.exp_string("\u{1b}[?25h").expect(question);
        self.0.send(answer).expect("keys");
        self.0.send("\r").expect("keys");
        self.0.flush().expect("keys");
    }

    fn expect(&mut self, text: &str) {
        self.0.exp_string(text).expect(text);
    }

    /// The exit code.
    fn leaves(mut self) -> i32 {
        self.0.exp_eof().expect("the end");
        match self.0.process_mut().wait().expect("the end") {
            rexpect::process::WaitStatus::Exited(_, code) => code,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn from_start_to_import() {
    let world = World::new();
    let mut person = Person::at(&world, &["generate"]);
    person.answer("Where does the tool run?", "linux");
    person.answer("What is it like?", "command");
    person.answer("What is the command called?", "du");
    person.answer(
        "What does it do, in one sentence?",
        "Show how much room folders take",
    );
    person.answer("Which capability", "disk_usage");
    person.answer(
        "When would someone use it?",
        "find large folders, see what fills a disk, size a backup",
    );
    person.answer("How many milliseconds", "10 +");
    person.answer("expected a number", " 2 * N");
    person.expect("N = 10,000");
    person.expect("20.01 s");
    person.answer("What does it cost", "0.1");
    person.answer("Show one complete command line", "du -sh .");
    person.expect("tool_name: du");
    person.expect("The definition is valid.");
    person.answer("What now?", "and import");
    person.expect("imported 1 definition");
    assert_eq!(person.leaves(), 0);
    assert_eq!(
        world.sql("SELECT tool_name, time_estimate_ms FROM tools JOIN tool_capabilities c ON c.tool_id = tools.id JOIN tool_patterns ON capability_id = c.id").trim(),
        "du|10 + 2 * N"
    );
    world.ok(&["validate", "--strict", "du.yaml"]);
    let selected = world.ok(&["select", "--capability", "disk_usage"]);
    assert!(selected.contains("du"), "{selected}");
}

#[test]
fn interrupted_and_resumed() {
    let world = World::new();
    let mut person = Person::at(&world, &["generate", "--template", "command"]);
    person.answer("What is the command called?", "du");
    person.answer(
        "What does it do, in one sentence?",
        "Show how much room folders take",
    );
    person.expect("Which capability");
    person.0.send_control('c').expect("keys");
    person.expect("the draft is kept");
    assert_eq!(person.leaves(), 130);

    let mut person = Person::at(&world, &["generate"]);
    person.answer("Go on with the draft of du?", "");
    person.answer("Which capability", "disk_usage");
    person.answer(
        "When would someone use it?",
        "find large folders, see what fills a disk",
    );
    person.answer("How many milliseconds", "");
    person.answer("What does it cost", "");
    person.answer("Show one complete command line", "du -sh .");
    person.answer("What now?", "Change");
    person.answer("Which answer?", "version:");
    person.answer("Which version", "2.0");
    person.expect("version: '2.0'");
    person.answer("What now?", "Import");
    person.expect("imported 1 definition");
    assert_eq!(person.leaves(), 0);
    assert_eq!(
        world
            .sql("SELECT tool_name, version, description FROM tools")
            .trim(),
        "du|2.0|Show how much room folders take"
    );

    // The draft has done its work, and is not offered again.
    let mut person = Person::at(&world, &["generate"]);
    person.expect("Where does the tool run?");
    person.0.send_control('c').expect("keys");
    assert_eq!(person.leaves(), 130);
}
