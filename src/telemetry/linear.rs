//! Small dense linear algebra: the fits have a handful of columns.

/// A matrix of few columns, stored by rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    width: usize,
    data: Vec<f64>,
}

impl Matrix {
    /// A matrix without rows.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            data: Vec::new(),
        }
    }

    /// The matrix of a straight line: a column of ones and the values.
    pub fn line(x: &[f64]) -> Self {
        Self {
            width: 2,
            data: x.iter().flat_map(|x| [1.0, *x]).collect(),
        }
    }

    /// Appends a row; it has one value per column.
    pub fn push(&mut self, row: &[f64]) {
        debug_assert_eq!(row.len(), self.width);
        self.data.extend_from_slice(row);
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// One row.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.data[index * self.width..(index + 1) * self.width]
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.data.chunks_exact(self.width.max(1))
    }

    /// The rows at these positions.
    pub fn select(&self, indices: &[usize]) -> Self {
        let mut selected = Self::new(self.width);
        for index in indices {
            selected.push(self.row(*index));
        }
        selected
    }

    /// The columns at these positions.
    pub fn select_columns(&self, columns: &[usize]) -> Self {
        let mut selected = Self::new(columns.len());
        for row in self.rows() {
            selected.data.extend(columns.iter().map(|c| row[*c]));
        }
        selected
    }

    /// Each row times its weight.
    pub fn weighted(&self, weights: &[f64]) -> Self {
        let mut copy = self.clone();
        for (row, w) in copy.data.chunks_exact_mut(self.width.max(1)).zip(weights) {
            row.iter_mut().for_each(|v| *v *= w);
        }
        copy
    }

    /// The product with a vector.
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.rows().map(|row| dot(row, vector)).collect()
    }

    /// Largest size in each column; 1 for a column of zeros.
    pub fn scales(&self) -> Vec<f64> {
        let mut scales = vec![0.0_f64; self.width];
        for row in self.rows() {
            for (scale, v) in scales.iter_mut().zip(row) {
                *scale = scale.max(v.abs());
            }
        }
        scales
            .into_iter()
            .map(|s| if s > 0.0 { s } else { 1.0 })
            .collect()
    }

    /// X' W X for row weights W.
    pub fn cross(&self, weights: &[f64]) -> Vec<Vec<f64>> {
        let mut cross = vec![vec![0.0; self.width]; self.width];
        for (row, w) in self.rows().zip(weights) {
            for (i, a) in row.iter().enumerate() {
                for (j, b) in row.iter().enumerate() {
                    cross[i][j] += w * a * b;
                }
            }
        }
        cross
    }

    /// Minimises sum w (y - X b)^2; `None` if the columns are not independent.
    pub fn least_squares(&self, y: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
        let scales = self.scales();
        let inverse_scales: Vec<f64> = scales.iter().map(|s| 1.0 / s).collect();
        let mut scaled = self.clone();
        for row in scaled.data.chunks_exact_mut(self.width.max(1)) {
            row.iter_mut()
                .zip(&inverse_scales)
                .for_each(|(v, s)| *v *= s);
        }
        let mut right = vec![0.0; self.width];
        for ((row, y), w) in scaled.rows().zip(y).zip(weights) {
            right.iter_mut().zip(row).for_each(|(r, v)| *r += w * v * y);
        }
        let inverse = invert(&scaled.cross(weights))?;
        Some(
            inverse
                .iter()
                .zip(&scales)
                .map(|(row, s)| dot(row, &right) / s)
                .collect(),
        )
    }
}

/// The scalar product.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The inverse by elimination with row pivots; `None` if the matrix is singular to working precision.
pub fn invert(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let largest = matrix.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    let mut left = matrix.to_vec();
    let mut right: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    for column in 0..n {
        let pivot =
            (column..n).max_by(|a, b| left[*a][column].abs().total_cmp(&left[*b][column].abs()))?;
        let size = left[pivot][column].abs();
        if size.is_nan() || size <= 1e-12 * largest {
            return None;
        }
        left.swap(column, pivot);
        right.swap(column, pivot);
        let scale = 1.0 / left[column][column];
        left[column].iter_mut().for_each(|v| *v *= scale);
        right[column].iter_mut().for_each(|v| *v *= scale);
        for row in 0..n {
            let factor = left[row][column];
            if row == column || factor == 0.0 {
                continue;
            }
            for k in 0..n {
                left[row][k] -= factor * left[column][k];
                right[row][k] -= factor * right[column][k];
            }
        }
    }
    right
        .iter()
        .flatten()
        .all(|v| v.is_finite())
        .then_some(right)
}
