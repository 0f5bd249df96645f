//! The forward pass of BERT (Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019) over weights
//! in mapped memory: the mean of the last layer over the pieces of a text, or its first piece, brought to length 1.

use std::path::Path;

use memmap2::Mmap;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis, s};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata};
use serde_json::Value;

use super::{EncoderError, json, regular};

/// The sizes of the model.
pub const CONFIG: &str = "config.json";

/// How the vectors of the pieces become one.
pub const POOLING: &str = "1_Pooling/config.json";

/// The weights.
pub const WEIGHTS: &str = "model.safetensors";

/// Most pieces of a text; models of sentences are trained on no longer ones.
const LONGEST: usize = 256;

/// A table of weights: where it begins, in bytes, and its shape.
#[derive(Clone, Copy)]
struct Table {
    start: usize,
    rows: usize,
    columns: usize,
}

/// `x` times the weights, and a bias.
struct Linear {
    weight: Table,
    bias: Table,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: Linear,
    inner: Linear,
    outer: Linear,
    outer_norm: Linear,
}

/// The model.
pub struct Model {
    weights: Mmap,
    words: Table,
    places: Table,
    kinds: Table,
    norm: Linear,
    layers: Vec<Layer>,
    heads: usize,
    epsilon: f32,
    /// Whether the mean of the pieces is taken, or the first.
    mean: bool,
}

/// Where tables are found while a model is read.
struct Tables<'a> {
    path: &'a Path,
    metadata: Metadata,
    /// Where the weights begin, in bytes.
    start: usize,
    bytes: &'a [u8],
}

impl Model {
    /// Reads the model of a folder. Its weights are read when they are needed.
    pub fn open(folder: &Path) -> Result<Self, EncoderError> {
        let config = Config::read(folder)?;
        let path = folder.join(WEIGHTS);
        let failed = |error| EncoderError::Read {
            path: path.clone(),
            error,
        };
        let file = regular(&path).map_err(failed)?;
        // SAFETY: the bytes are only read, and any bytes are valid numbers. Who cuts the file short meanwhile ends this
        // program by a signal; nothing else can come of it.
        #[allow(unsafe_code)]
        let weights = unsafe { Mmap::map(&file) }.map_err(failed)?;
        let (head, metadata) = SafeTensors::read_metadata(&weights)
            .map_err(|error| EncoderError::content(&path, error.to_string()))?;
        let tables = Tables {
            path: &path,
            metadata,
            start: head + 8,
            bytes: &weights,
        };
        let (wide, inner) = (config.hidden, config.inner);
        let layer = |number: usize| -> Result<Layer, EncoderError> {
            let name = |part: &str| format!("encoder.layer.{number}.{part}");
            let square = |part: &str| tables.linear(&name(part), wide, wide);
            Ok(Layer {
                query: square("attention.self.query")?,
                key: square("attention.self.key")?,
                value: square("attention.self.value")?,
                attended: square("attention.output.dense")?,
                attended_norm: tables.norm(&name("attention.output.LayerNorm"), wide)?,
                inner: tables.linear(&name("intermediate.dense"), inner, wide)?,
                outer: tables.linear(&name("output.dense"), wide, inner)?,
                outer_norm: tables.norm(&name("output.LayerNorm"), wide)?,
            })
        };
        let embedding = |name: &str, rows| {
            let name = format!("embeddings.{name}_embeddings.weight");
            tables.table(&name, rows, wide)
        };
        Ok(Self {
            words: embedding("word", config.vocabulary)?,
            places: embedding("position", config.places)?,
            kinds: embedding("token_type", config.kinds)?,
            norm: tables.norm("embeddings.LayerNorm", wide)?,
            layers: (0..config.layers).map(layer).collect::<Result<_, _>>()?,
            heads: config.heads,
            epsilon: config.epsilon,
            mean: config.mean,
            weights,
        })
    }

    /// Numbers of a vector.
    pub fn dimensions(&self) -> usize {
        self.words.columns
    }

    /// How many pieces it knows.
    pub fn vocabulary(&self) -> usize {
        self.words.rows
    }

    /// Most pieces of a text.
    pub fn longest(&self) -> usize {
        self.places.rows.min(LONGEST)
    }

    /// The vectors of texts, given by the numbers of their pieces: at least one each, and at most
    /// [`longest`](Self::longest).
    pub fn encode(&self, texts: &[Vec<u32>]) -> Vec<Vec<f32>> {
        let mut x = self.embedded(texts);
        for layer in &self.layers {
            let attended = self.attention(layer, &x, texts);
            x = &x + &self.linear(&layer.attended, &attended);
            self.normalise(&mut x, &layer.attended_norm);
            let mut inner = self.linear(&layer.inner, &x);
            inner.mapv_inplace(gelu);
            x = &x + &self.linear(&layer.outer, &inner);
            self.normalise(&mut x, &layer.outer_norm);
        }
        let vectors = spans(texts).map(|(start, end)| {
            let pieces = x.slice(s![start..end, ..]);
            let vector = match self.mean {
                true => pieces.mean_axis(Axis(0)),
                false => Some(pieces.row(0).to_owned()),
            };
            let vector: Array1<f32> = vector.unwrap_or_default();
            let length = vector.dot(&vector).sqrt();
            match length > 0.0 {
                true => (vector / length).to_vec(),
                false => vector.to_vec(),
            }
        });
        vectors.collect()
    }

    /// The pieces of all texts, row by row.
    fn embedded(&self, texts: &[Vec<u32>]) -> Array2<f32> {
        let (words, places) = (self.view(self.words), self.view(self.places));
        let kind = self.view(self.kinds);
        let rows = texts.iter().map(Vec::len).sum();
        let mut x = Array2::zeros((rows, self.dimensions()));
        let pieces = texts.iter().flat_map(|text| text.iter().enumerate());
        for (mut row, (place, &piece)) in x.rows_mut().into_iter().zip(pieces) {
            row += &words.row(piece as usize);
            row += &places.row(place);
            row += &kind.row(0);
        }
        self.normalise(&mut x, &self.norm);
        x
    }

    /// What each piece takes from the others of its text, head by head.
    fn attention(&self, layer: &Layer, x: &Array2<f32>, texts: &[Vec<u32>]) -> Array2<f32> {
        let query = self.linear(&layer.query, x);
        let key = self.linear(&layer.key, x);
        let value = self.linear(&layer.value, x);
        let wide = self.dimensions() / self.heads;
        let scale = 1.0 / (wide as f32).sqrt();
        let mut attended = Array2::zeros(x.raw_dim());
        for (start, end) in spans(texts) {
            for head in 0..self.heads {
                let part = s![start..end, head * wide..(head + 1) * wide];
                let mut shares = query.slice(part).dot(&key.slice(part).t()) * scale;
                shares.rows_mut().into_iter().for_each(softmax);
                attended
                    .slice_mut(part)
                    .assign(&shares.dot(&value.slice(part)));
            }
        }
        attended
    }

    fn linear(&self, linear: &Linear, x: &Array2<f32>) -> Array2<f32> {
        x.dot(&self.view(linear.weight).t()) + self.row(linear.bias)
    }

    /// Brings each row to mean 0 and variance 1, then to what the weights say (Ba et al., "Layer normalization", 2016).
    fn normalise(&self, x: &mut Array2<f32>, norm: &Linear) {
        let (weight, bias) = (self.row(norm.weight), self.row(norm.bias));
        for mut row in x.rows_mut() {
            let count = row.len() as f32;
            let mean = row.sum() / count;
            row -= mean;
            let deviation = (row.dot(&row) / count + self.epsilon).sqrt();
            row.zip_mut_with(&weight, |it, weight| *it *= weight / deviation);
            row += &bias;
        }
    }

    fn view(&self, table: Table) -> ArrayView2<'_, f32> {
        let bytes = self
            .weights
            .get(table.start..table.end())
            .unwrap_or_default();
        let numbers = bytemuck::try_cast_slice(bytes).unwrap_or_default();
        // Checked when the model was read.
        ArrayView2::from_shape((table.rows, table.columns), numbers)
            .unwrap_or_else(|_| ArrayView2::from_shape((0, table.columns), &[]).expect("no rows"))
    }

    fn row(&self, table: Table) -> ArrayView1<'_, f32> {
        self.view(table).index_axis_move(Axis(0), 0)
    }
}

impl Table {
    fn end(&self) -> usize {
        self.start + self.rows * self.columns * size_of::<f32>()
    }
}

impl Tables<'_> {
    fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear, EncoderError> {
        Ok(Linear {
            weight: self.table(&format!("{name}.weight"), rows, columns)?,
            bias: self.table(&format!("{name}.bias"), 1, rows)?,
        })
    }

    fn norm(&self, name: &str, columns: usize) -> Result<Linear, EncoderError> {
        Ok(Linear {
            weight: self.table(&format!("{name}.weight"), 1, columns)?,
            bias: self.table(&format!("{name}.bias"), 1, columns)?,
        })
    }

    fn table(&self, name: &str, rows: usize, columns: usize) -> Result<Table, EncoderError> {
        let wrong = |message: String| EncoderError::content(self.path, message);
        let info = (self.metadata.info(name))
            .or_else(|| self.metadata.info(&format!("bert.{name}")))
            .ok_or_else(|| wrong(format!("it has no tensor `{name}`: it is not a BERT")))?;
        if info.dtype != Dtype::F32 {
            return Err(wrong(format!(
                "`{name}` holds {:?}; only F32 is read",
                info.dtype
            )));
        }
        let table = Table {
            start: self.start + info.data_offsets.0,
            rows,
            columns,
        };
        let shaped = info.shape == [rows, columns] || (rows == 1 && info.shape == [columns]);
        let aligned = (self.bytes.get(table.start..table.end()))
            .is_some_and(|it| bytemuck::try_cast_slice::<u8, f32>(it).is_ok());
        if !shaped || !aligned {
            let message = format!(
                "`{name}` has the shape {:?}, not {rows} x {columns}",
                info.shape
            );
            return Err(wrong(message));
        }
        Ok(table)
    }
}

/// What `config.json` says.
struct Config {
    hidden: usize,
    inner: usize,
    layers: usize,
    heads: usize,
    vocabulary: usize,
    places: usize,
    kinds: usize,
    epsilon: f32,
    mean: bool,
}

impl Config {
    fn read(folder: &Path) -> Result<Self, EncoderError> {
        let (path, value) = json(folder, CONFIG)?;
        let wrong = |message: String| EncoderError::content(&path, message);
        let value = value.ok_or_else(|| EncoderError::Read {
            path: path.clone(),
            error: std::io::ErrorKind::NotFound.into(),
        })?;
        let says = |key: &str, wanted: &str| match value.get(key).and_then(Value::as_str) {
            Some(it) if it != wanted => {
                Err(wrong(format!("`{key}` is {it:?}; only {wanted:?} is read")))
            }
            _ => Ok(()),
        };
        says("model_type", "bert")?;
        says("hidden_act", "gelu")?;
        says("position_embedding_type", "absolute")?;
        let size = |key: &str| {
            let found = value.get(key).and_then(Value::as_u64);
            let found = found.filter(|it| (1..=1_000_000).contains(it));
            let missing = || wrong(format!("`{key}` is not a whole number from 1 to 1,000,000"));
            found.map(|it| it as usize).ok_or_else(missing)
        };
        let config = Self {
            hidden: size("hidden_size")?,
            inner: size("intermediate_size")?,
            layers: size("num_hidden_layers")?,
            heads: size("num_attention_heads")?,
            vocabulary: size("vocab_size")?,
            places: size("max_position_embeddings")?,
            kinds: size("type_vocab_size")?,
            epsilon: value
                .get("layer_norm_eps")
                .and_then(Value::as_f64)
                .unwrap_or(1e-12) as f32,
            mean: mean_is_taken(folder)?,
        };
        if !config.hidden.is_multiple_of(config.heads) || config.places < 3 {
            return Err(wrong("its sizes do not fit one another".to_owned()));
        }
        Ok(config)
    }
}

/// Whether a text is the mean of its pieces; where nothing is said, it is.
fn mean_is_taken(folder: &Path) -> Result<bool, EncoderError> {
    let (path, value) = json(folder, POOLING)?;
    let Some(value) = value else { return Ok(true) };
    let is_set = |key: &str| value.get(key).and_then(Value::as_bool) == Some(true);
    match (
        is_set("pooling_mode_mean_tokens"),
        is_set("pooling_mode_cls_token"),
    ) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        _ => Err(EncoderError::content(
            &path,
            "only the mean of the pieces or the first of them is taken",
        )),
    }
}

/// Where the pieces of each text begin and end.
fn spans(texts: &[Vec<u32>]) -> impl Iterator<Item = (usize, usize)> {
    texts.iter().scan(0, |start, text| {
        let span = (*start, *start + text.len());
        *start = span.1;
        Some(span)
    })
}

fn softmax(mut row: ArrayViewMut1<f32>) {
    let most = row.fold(f32::NEG_INFINITY, |most, it| most.max(*it));
    row.mapv_inplace(|it| (it - most).exp());
    let sum = row.sum();
    row /= sum;
}

/// Hendrycks and Gimpel, "Gaussian error linear units", 2016.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}
