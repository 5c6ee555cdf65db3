//! What is summed over the radii of an ensemble.

use num_complex::Complex64;

use crate::elementary::cis;
use crate::simd::{Cplx, LANES, Real, Simd, lanes, lanes_mut};

/// Radii that are summed together.
pub(super) const RADII: usize = 4;

/// Sums over radii for every cell of the padded grid.
pub(super) trait Sums {
    /// The amplitudes of a radius (nm) with this weight follow under the number `index`, below [`RADII`].
    fn begin(&mut self, index: usize, weight: f64, radius_nm: f64);

    /// Adds the amplitude F of a radius in one vector of columns of one row.
    fn add<S: Simd>(&mut self, index: usize, row: usize, vector: usize, f: Cplx<S>);
}

/// First and second moment of the DWBA amplitude over an ensemble, shape (n_k, n_q),
/// row-major. Amplitudes are in nm^3: the contrast is left out, see [`crate::contrast`].
#[derive(Clone, Debug)]
pub struct Averages {
    /// `|<F>|^2`, nm^6.
    pub coherent: Vec<f64>,
    /// `<|F|^2>`, nm^6.
    pub mean_square: Vec<f64>,
}

impl Averages {
    /// Decoupling approximation: `<|F|^2> + |<F>|^2 (S(q_par) - 1)`, per particle, nm^6
    /// (Renaud et al. 2009, eq. 4.13). `structure_factor` has one value per column.
    ///
    /// # Panics
    /// If the number of columns is not that of the grid.
    #[must_use]
    pub fn decoupling(&self, structure_factor: &[f64]) -> Vec<f64> {
        assert_eq!(self.coherent.len() % structure_factor.len(), 0);
        self.coherent
            .chunks_exact(structure_factor.len())
            .zip(self.mean_square.chunks_exact(structure_factor.len()))
            .flat_map(|(coherent, square)| {
                coherent
                    .iter()
                    .zip(square)
                    .zip(structure_factor)
                    .map(|((c, m), s)| m + c * (s - 1.0))
            })
            .collect()
    }
}

/// `K` numbers per cell of the padded grid.
///
/// What is summed together lies together: for each vector of columns its rows, for each row the
/// numbers. Separate arrays, whose sizes are powers of two, would fight for the same few places of
/// the first-level cache.
#[derive(Debug)]
pub(super) struct Grid<const K: usize> {
    /// Shape (columns / LANES, rows, K, LANES).
    cells: Vec<f64>,
    rows: usize,
}

impl<const K: usize> Grid<K> {
    fn new([rows, columns]: [usize; 2]) -> Self {
        let cells = vec![0.0; rows * columns * K];
        Self { cells, rows }
    }

    fn start(&self, number: usize, row: usize, column: usize) -> usize {
        ((column / LANES * self.rows + row) * K + number) * LANES
    }

    /// Number `number` of one cell.
    fn at(&self, number: usize, row: usize, column: usize) -> f64 {
        self.cells[self.start(number, row, column) + column % LANES]
    }

    /// Adds to number `number` in one vector of columns of a row.
    #[inline(always)]
    fn add<S: Simd>(&mut self, number: usize, row: usize, vector: usize, value: Real<S>) {
        let column = vector * S::F64_LANES;
        let start = self.start(number, row, column);
        let lanes = lanes_mut::<S>(&mut self.cells[start..start + LANES]);
        let sum = &mut lanes[column % LANES / S::F64_LANES];
        *sum = (value.simd().of(*sum) + value).lanes();
    }

    /// A function of the numbers of each cell of the unpadded grid, row by row.
    fn map(&self, [rows, columns]: [usize; 2], f: impl Fn(usize, [f64; K]) -> f64) -> Vec<f64> {
        let mut result = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for column in 0..columns {
                let cell = std::array::from_fn(|number| self.at(number, row, column));
                result.push(f(column, cell));
            }
        }
        result
    }
}

/// <F> and <|F|^2>.
pub(super) struct Moments {
    weights: [f64; RADII],
    /// Re <F>, Im <F>, <|F|^2>.
    grid: Grid<3>,
}

impl Moments {
    pub(super) fn new(size: [usize; 2]) -> Self {
        Self {
            weights: [0.0; RADII],
            grid: Grid::new(size),
        }
    }

    pub(super) fn averages(&self, size: [usize; 2]) -> Averages {
        Averages {
            coherent: self.grid.map(size, |_, [re, im, _]| re * re + im * im),
            mean_square: self.grid.map(size, |_, [_, _, square]| square),
        }
    }
}

impl Sums for Moments {
    fn begin(&mut self, index: usize, weight: f64, _radius_nm: f64) {
        self.weights[index] = weight;
    }

    #[inline(always)]
    fn add<S: Simd>(&mut self, index: usize, row: usize, vector: usize, f: Cplx<S>) {
        let weight = self.weights[index];
        self.grid.add(0, row, vector, f.re * weight);
        self.grid.add(1, row, vector, f.im * weight);
        self.grid.add(2, row, vector, f.norm_sqr() * weight);
    }
}

/// sum w |F|^2 S, S being that of the radius; `structure_factor` fills it for all columns.
pub(super) struct LocalMonodisperse<F> {
    structure_factor: F,
    /// w S of the columns, for every radius.
    factors: [Vec<f64>; RADII],
    grid: Grid<1>,
}

impl<F: Fn(f64, &mut [f64])> LocalMonodisperse<F> {
    pub(super) fn new(size: [usize; 2], structure_factor: F) -> Self {
        Self {
            structure_factor,
            factors: std::array::from_fn(|_| vec![0.0; size[1]]),
            grid: Grid::new(size),
        }
    }

    pub(super) fn intensity(&self, size: [usize; 2]) -> Vec<f64> {
        self.grid.map(size, |_, [intensity]| intensity)
    }
}

impl<F: Fn(f64, &mut [f64])> Sums for LocalMonodisperse<F> {
    fn begin(&mut self, index: usize, weight: f64, radius_nm: f64) {
        (self.structure_factor)(radius_nm, &mut self.factors[index]);
        for factor in &mut self.factors[index] {
            *factor *= weight;
        }
    }

    #[inline(always)]
    fn add<S: Simd>(&mut self, index: usize, row: usize, vector: usize, f: Cplx<S>) {
        let factor = f.re.simd().of(lanes::<S>(&self.factors[index])[vector]);
        self.grid.add(0, row, vector, f.norm_sqr() * factor);
    }
}

/// sum w e F, sum w e F*, sum w |F|^2 and, of the columns, sum w e^2, with
/// e = exp(i kappa q (R - mean R)).
pub(super) struct Coupled<'a> {
    q_par: &'a [f64],
    kappa: f64,
    mean_radius: f64,
    weights: [f64; RADII],
    /// w e of the columns, for every radius.
    factors: [[Vec<f64>; 2]; RADII],
    phases: Vec<Complex64>,
    /// Real and imaginary part of the first and the second sum, the third.
    grid: Grid<5>,
}

impl<'a> Coupled<'a> {
    pub(super) fn new(size: [usize; 2], q_par: &'a [f64], kappa: f64, mean_radius: f64) -> Self {
        Self {
            q_par,
            kappa,
            mean_radius,
            weights: [0.0; RADII],
            factors: std::array::from_fn(|_| [vec![0.0; size[1]], vec![0.0; size[1]]]),
            phases: vec![Complex64::ZERO; q_par.len()],
            grid: Grid::new(size),
        }
    }

    /// Per particle, with the propagator f(q_par) of the mean distance.
    pub(super) fn intensity(
        &self,
        size: [usize; 2],
        propagator: impl Fn(f64) -> Complex64,
    ) -> Vec<f64> {
        let columns = self.q_par.iter().zip(&self.phases);
        let chain: Vec<Complex64> = columns
            .map(|(&q, phases)| {
                let f = propagator(q);
                f / (1.0 - f * phases)
            })
            .collect();
        self.grid.map(size, |column, [a, b, c, d, mean_square]| {
            let both = Complex64::new(a, b) * Complex64::new(c, d);
            mean_square + 2.0 * (both * chain[column]).re
        })
    }
}

impl Sums for Coupled<'_> {
    fn begin(&mut self, index: usize, weight: f64, radius_nm: f64) {
        self.weights[index] = weight;
        let [re, im] = &mut self.factors[index];
        for (column, q) in self.q_par.iter().enumerate() {
            let e = cis(self.kappa * q * (radius_nm - self.mean_radius));
            re[column] = weight * e.re;
            im[column] = weight * e.im;
            self.phases[column] += weight * e * e;
        }
    }

    #[inline(always)]
    fn add<S: Simd>(&mut self, index: usize, row: usize, vector: usize, f: Cplx<S>) {
        let [re, im] = &self.factors[index];
        let (re, im) = (lanes::<S>(re)[vector], lanes::<S>(im)[vector]);
        let e = f.re.simd().of_parts(re, im);
        let (with_f, with_conjugate) = (e * f, e * f.conj());
        self.grid.add(0, row, vector, with_f.re);
        self.grid.add(1, row, vector, with_f.im);
        self.grid.add(2, row, vector, with_conjugate.re);
        self.grid.add(3, row, vector, with_conjugate.im);
        self.grid
            .add(4, row, vector, f.norm_sqr() * self.weights[index]);
    }
}
