//! Long work tells how far it is while it works: the parts of it, and every step of each.

use std::sync::{Arc, Mutex};

use toolcat::operations::{Progress, Stage, audit, backup, update};
use toolcat::outside;
use toolcat::store::tools::{self, Filter};

use super::{caller, connect, world};

/// A part of long work: how many steps it was to have, and how many of them were told, each time.
pub type Part = (Stage, u64, Vec<u64>);

/// What was told of the progress.
#[derive(Debug, Clone, Default)]
pub struct Told(Arc<Mutex<Vec<Part>>>);

impl Told {
    pub fn parts(&self) -> Vec<Part> {
        self.0.lock().expect("parts").clone()
    }

    /// The steps of the only part.
    fn only(&self, stage: Stage) -> u64 {
        let parts = self.parts();
        let [(told, steps, advanced)] = parts.as_slice() else {
            panic!("{parts:?}")
        };
        assert_eq!(*told, stage);
        assert_eq!(advanced.iter().sum::<u64>(), *steps, "{parts:?}");
        *steps
    }
}

impl Progress for Told {
    fn begin(&self, stage: Stage, steps: u64) {
        self.0
            .lock()
            .expect("parts")
            .push((stage, steps, Vec::new()));
    }

    fn advance(&self, steps: u64) {
        let mut parts = self.0.lock().expect("parts");
        parts.last_mut().expect("a part").2.push(steps);
    }

    fn end(&self) {}
}

const TOOLS: &[(&str, &str, &str)] = &[
    ("linux", "df", "1.0"),
    ("linux", "du", "1.0"),
    ("windows", "ping", "1.0"),
];

#[test]
fn an_update_tells_each_tool() {
    let world = world(TOOLS);
    let mut connection = connect(&world);
    let told = Told::default();
    let request = update::Request {
        tools: connection
            .read(|it| tools::handles(it, &Filter::default()))
            .expect("tools"),
        assignments: vec!["category=storage".parse().expect("an assignment")],
        agreed: None,
    };
    update::run(&mut connection, &caller(), &request, &told).expect("an update");
    assert_eq!(told.only(Stage::Writing), 3);
}

#[test]
fn a_backup_tells_each_row_and_a_restore_each_byte() {
    let world = world(TOOLS);
    let mut connection = connect(&world);
    let (told, mut out) = (Told::default(), Vec::new());
    let written = backup::write(&mut connection, outside::now(), &mut out, &told);
    let rows: u64 = written.expect("a backup").iter().map(|it| it.rows).sum();
    assert_eq!(told.only(Stage::Writing), rows);

    let told = Told::default();
    let request = backup::Request {
        input: &mut out.as_slice(),
        length: out.len() as u64,
        replace: true,
    };
    let restored = backup::restore(&mut connection, &caller(), request, &told).expect("a restore");
    let parts = told.parts();
    let [(Stage::Reading, bytes, read), (Stage::Checking, 0, checked)] = parts.as_slice() else {
        panic!("{parts:?}")
    };
    assert_eq!(*bytes, out.len() as u64);
    assert_eq!(read.iter().sum::<u64>(), *bytes);
    assert_eq!(checked.iter().sum::<u64>(), 3);
    assert!(restored.misfits.is_empty(), "{:?}", restored.misfits);
}

#[test]
fn a_proof_of_the_log_tells_each_entry() {
    let world = world(TOOLS);
    let told = Told::default();
    let verified = audit::verify(&mut connect(&world), None, &told).expect("a proof");
    let parts = told.parts();
    let [
        (Stage::Verifying, entries, followed),
        (Stage::Replaying, 0, _),
    ] = parts.as_slice()
    else {
        panic!("{parts:?}")
    };
    assert_eq!(*entries, verified.entries.unsigned_abs());
    assert_eq!(followed.iter().sum::<u64>(), *entries);
}
