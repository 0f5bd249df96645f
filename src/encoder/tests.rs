//! A model that is small enough to be written by a formula. What it must say was computed beside this program, with
//! NumPy, from the same formula.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

#[path = "../../tests/common/small_model.rs"]
mod small_model;

use small_model::WIDE;

/// The vectors of "list the files", "a" and nothing.
const EXPECTED: [[f32; WIDE]; 3] = [
    [
        0.560326, -0.122445, 0.175452, 0.092745, -0.335564, 0.382598, 0.393736, -0.466523,
    ],
    [
        0.557481, -0.117606, 0.237583, 0.066696, -0.283456, 0.385078, 0.412031, -0.464852,
    ],
    [
        0.560417, -0.124019, 0.184068, 0.092965, -0.334337, 0.382602, 0.389323, -0.467215,
    ],
];

/// The vector of "a" by its first piece.
const FIRST: [f32; WIDE] = [
    0.556061, -0.121755, 0.232342, 0.073910, -0.294891, 0.381790, 0.412982, -0.461788,
];

fn model(prefix: &str, dtype: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    small_model::write(folder.path(), prefix, dtype);
    folder
}

fn near(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-5, "{found} is not {wanted}");
    }
}

#[test]
fn a_text_is_read_in_the_pieces_of_the_vocabulary() {
    let folder = model("", "F32");
    let pieces = Pieces::read(folder.path(), small_model::pieces().len(), 8).expect("pieces");
    let (start, end) = (2, 3);
    let (letter, rest) = (
        |it: u8| u32::from(it - b'a') + 12,
        |it: u8| u32::from(it - b'a') + 38,
    );
    for (text, inside) in [
        ("List the FILES.", &[4, 6, 5, rest(b's'), 8][..]),
        ("caf\u{e9}", &[7]),
        ("re-list", &[11, 9, 4]),
        (
            "a\u{4e2d}b \u{0}\u{200b}c",
            &[letter(b'a'), 10, letter(b'b'), letter(b'c')],
        ),
        ("listx 7", &[4, rest(b'x'), 1]),
        ("", &[]),
        ("a a a a a a a a a a", &[letter(b'a'); 6]),
    ] {
        let read = pieces.of(text);
        assert_eq!(read[1..read.len() - 1], *inside, "{text}");
        assert_eq!((read[0], read[read.len() - 1]), (start, end), "{text}");
    }
}

#[test]
fn vectors_are_those_of_the_formula() {
    let folder = model("bert.", "F32");
    let encoder = SentenceEncoder::open(folder.path()).expect("an encoder");
    assert_eq!(encoder.dimensions(), WIDE);
    let texts = ["list the files", "a", ""];
    let vectors = encoder.encode(&texts);
    near(&vectors[0], &EXPECTED[0]);
    near(&vectors[1], &EXPECTED[1]);
    near(&vectors[2], &EXPECTED[2]);
    // Whatever is read beside it, a text has the same vector.
    let many: Vec<&str> = texts.iter().copied().cycle().take(300).collect();
    for (text, vector) in many.iter().zip(encoder.encode(&many)) {
        assert_eq!(vector, encoder.encode(&[text])[0], "{text}");
    }
    fs::create_dir(folder.path().join("1_Pooling")).expect("a folder");
    let first = r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#;
    fs::write(folder.path().join(model::POOLING), first).expect("pooling");
    let encoder = SentenceEncoder::open(folder.path()).expect("an encoder");
    near(&encoder.encode(&["a"])[0], &FIRST);
}

fn refused(folder: &Path) -> String {
    match SentenceEncoder::open(folder) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_no_such_model_is_refused_with_its_place() {
    let change = |name: &str, from: &str, to: &str| {
        let folder = model("", "F32");
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from));
        fs::write(&path, text.replace(from, to)).expect("a file");
        let error = refused(folder.path());
        assert!(error.contains(name), "{error}");
        error
    };
    assert!(change("config.json", "\"bert\"", "\"roberta\"").contains("model_type"));
    assert!(change("config.json", "\"gelu\"", "\"relu\"").contains("hidden_act"));
    assert!(
        change("config.json", "\"hidden_size\": 8", "\"hidden_size\": -8").contains("hidden_size")
    );
    assert!(
        change(
            "config.json",
            "\"num_attention_heads\": 2",
            "\"num_attention_heads\": 3"
        )
        .contains("sizes")
    );
    assert!(change("config.json", "{", "[").contains("line 1"));
    assert!(change("vocab.txt", "[CLS]", "cls").contains("[CLS]"));
    assert!(change("vocab.txt", "##z", "##z\nmore").contains("64"));
    let folder = model("", "F32");
    let config = folder.path().join("config.json");
    let text = fs::read_to_string(&config).expect("a file");
    let wider = text.replace("\"hidden_size\": 8", "\"hidden_size\": 16");
    fs::write(&config, wider).expect("a file");
    assert!(
        refused(folder.path()).contains("shape"),
        "{}",
        refused(folder.path())
    );
    assert!(refused(model("", "F16").path()).contains("F32"));
    assert!(refused(model("gpt.", "F32").path()).contains("no tensor"));
    let folder = model("", "F32");
    let weights = folder.path().join("model.safetensors");
    let bytes = fs::read(&weights).expect("weights");
    for cut in [0, 4, 100, bytes.len() - 4] {
        fs::write(&weights, &bytes[..cut]).expect("weights");
        assert!(
            refused(folder.path()).contains("model.safetensors"),
            "{cut}"
        );
    }
    fs::remove_file(&weights).expect("removed");
    assert!(refused(folder.path()).contains("model.safetensors"));
}

#[test]
fn every_file_counts_for_the_digest() {
    let folder = model("", "F32");
    let before = digest(folder.path()).expect("a digest");
    assert_eq!(before, digest(model("", "F32").path()).expect("a digest"));
    fs::write(folder.path().join("tokenizer_config.json"), "{}").expect("a file");
    let with = digest(folder.path()).expect("a digest");
    assert_ne!(before, with);
    fs::write(
        folder.path().join("vocab.txt"),
        small_model::pieces().join("\r\n"),
    )
    .expect("a file");
    assert_ne!(with, digest(folder.path()).expect("a digest"));
}

#[test]
fn what_never_ends_is_not_read() {
    for name in FILES.iter().filter(|it| !it.contains('/')) {
        let folder = model("", "F32");
        let path = folder.path().join(name);
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
        let error = refused(folder.path());
        assert!(
            error.contains(name) && error.contains("not a regular file"),
            "{error}"
        );
    }
    let folder = model("", "F32");
    let long = fs::File::create(folder.path().join("vocab.txt")).expect("a file");
    long.set_len(1 << 26).expect("a long file");
    assert!(refused(folder.path()).contains("longer than"));
}
