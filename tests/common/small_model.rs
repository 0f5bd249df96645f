//! A sentence encoder that is small enough to be written by a formula.

use std::fs;
use std::path::Path;

/// Numbers of a vector.
pub const WIDE: usize = 8;

const INNER: usize = 16;

const WORDS: [&str; 12] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "list", "file", "the", "cafe", ".", "-", "\u{4e2d}", "re",
];

/// The vocabulary: some words, then every letter as a beginning and as a rest.
pub fn pieces() -> Vec<String> {
    let words = WORDS.iter().map(|it| (*it).to_owned());
    let letters = ('a'..='z').map(String::from);
    let rests = ('a'..='z').map(|it| format!("##{it}"));
    words.chain(letters).chain(rests).collect()
}

/// The tensors in the order of their numbers.
fn shapes() -> Vec<(String, Vec<usize>)> {
    let embeddings = |name: &str| format!("embeddings.{name}.weight");
    let mut shapes = vec![
        (embeddings("word_embeddings"), vec![pieces().len(), WIDE]),
        (embeddings("position_embeddings"), vec![16, WIDE]),
        (embeddings("token_type_embeddings"), vec![2, WIDE]),
        (embeddings("LayerNorm"), vec![WIDE]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![WIDE]),
    ];
    for layer in 0..2 {
        let parts: [(&str, &[usize]); 8] = [
            ("attention.self.query", &[WIDE, WIDE]),
            ("attention.self.key", &[WIDE, WIDE]),
            ("attention.self.value", &[WIDE, WIDE]),
            ("attention.output.dense", &[WIDE, WIDE]),
            ("attention.output.LayerNorm", &[WIDE]),
            ("intermediate.dense", &[INNER, WIDE]),
            ("output.dense", &[WIDE, INNER]),
            ("output.LayerNorm", &[WIDE]),
        ];
        for (part, shape) in parts {
            let name = format!("encoder.layer.{layer}.{part}");
            shapes.push((format!("{name}.weight"), shape.to_vec()));
            shapes.push((format!("{name}.bias"), shape[..1].to_vec()));
        }
    }
    shapes
}

/// The value at a place of a tensor.
fn weight(tensor: usize, at: usize) -> f32 {
    ((tensor * 7 + at * 13 + at * at % 11) % 17) as f32 / 10.0 - 0.8
}

/// Writes the model to a folder; the names of its tensors get the prefix.
pub fn write(folder: &Path, prefix: &str, dtype: &str) {
    let file = |name: &str, text: &[u8]| fs::write(folder.join(name), text).expect("a file");
    let known = pieces().len();
    let config = format!(
        "{{\"model_type\": \"bert\", \"hidden_act\": \"gelu\", \"hidden_size\": {WIDE}, \
         \"intermediate_size\": {INNER}, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, \
         \"vocab_size\": {known}, \"max_position_embeddings\": 16, \"type_vocab_size\": 2}}"
    );
    file("config.json", config.as_bytes());
    file("vocab.txt", pieces().join("\n").as_bytes());
    let mut weights: Vec<u8> = Vec::new();
    let mut tensors = serde_json::Map::new();
    for (number, (name, shape)) in shapes().into_iter().enumerate() {
        let (start, count) = (weights.len(), shape.iter().product());
        for at in 0..count {
            let value = weight(number, at).to_le_bytes();
            weights.extend(if dtype == "F32" {
                &value[..]
            } else {
                &value[2..]
            });
        }
        let offsets = [start, weights.len()];
        let tensor = serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
        tensors.insert(format!("{prefix}{name}"), tensor);
    }
    let mut head = serde_json::Value::Object(tensors).to_string();
    while !head.len().is_multiple_of(8) {
        head.push(' ');
    }
    let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
    bytes.extend(head.as_bytes());
    bytes.extend(weights);
    file("model.safetensors", &bytes);
}
