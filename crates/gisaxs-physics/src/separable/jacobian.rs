//! Derivatives of the averages on a grid, at the price of two more matrix products per radius.
//!
//! Seen from its top, a segment of a sphere does not know its height: with u = H - z the disk at depth u
//! has r^2 = 2 R u - u^2. So at constant R, height adds a disk at the base and lifts the rest,
//!
//! dF/dH = A(q_par, base) psi_i(0) psi_f(0) + int A(q_par, z) d/dz [psi_i psi_f] dz,
//!
//! and at constant H every disk grows by dr^2 = 2 u dR,
//!
//! dF/dR = int 2 pi (H - z) J0(q_par r) psi_i psi_f dz,
//!
//! since A = 2 pi r J1(q r) / q has dA/d(r^2) = pi J0(q r). Both are again products of a table per
//! column and a table per row. For cylinders dF/dH = A psi_i(H) psi_f(H) and
//! dF/dR = 2 pi R J0(q R) int psi_i psi_f dz.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};
use num_complex::Complex64;

use super::tables::{extend_disks, extend_rims, nodes_for};
use super::trig::sin_cos;
use super::{Averages, SeparableGrid, UprightShape};
use crate::jacobian::StructureDifferential;
use crate::quadrature::gauss_legendre;
use crate::simd::{Kernel, Simd, dispatch};
use crate::structure_factor::{RadialParacrystal, StructureFactor};

/// A direction in the space of ensembles: how radii, weights and height over radius change with one
/// parameter.
///
/// ```
/// use gisaxs_physics::EnsembleMove;
///
/// let radii = [3.0, 4.0, 5.0];
/// // ln of the mean radius, height over radius, the number of the largest particles.
/// let size = EnsembleMove { radii_nm: radii.to_vec(), ..EnsembleMove::default() };
/// let height = EnsembleMove { height_ratio: 1.0, ..EnsembleMove::default() };
/// let large = EnsembleMove { weights: vec![0.0, 0.0, 1.0], ..EnsembleMove::default() };
/// # let _ = (size, height, large);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnsembleMove {
    /// Change of every radius at constant height over radius, nm per unit of the parameter; empty:
    /// none.
    pub radii_nm: Vec<f64>,
    /// Change of every weight, per unit of the parameter; empty: none.
    pub weights: Vec<f64>,
    /// Change of the height over radius, per unit of the parameter.
    pub height_ratio: f64,
}

/// Averages over an ensemble and their derivatives.
#[derive(Clone, Debug)]
pub struct AveragesJacobian {
    /// The averages themselves.
    pub averages: Averages,
    /// For every [`EnsembleMove`] the derivatives of both averages, nm^6 per unit of the parameter.
    pub moves: Vec<Averages>,
}

/// Intensity in the decoupling approximation and its derivatives, per particle in nm^6, shape
/// (n_k, n_q), row-major.
#[derive(Clone, Debug)]
pub struct DecouplingJacobian {
    /// `<|F|^2> + |<F>|^2 (S - 1)`. It is also the derivative with respect to a scale; that with
    /// respect to a background is 1.
    pub intensity: Vec<f64>,
    /// For every [`EnsembleMove`], nm^6 per unit of the parameter.
    pub moves: Vec<Vec<f64>>,
    /// With respect to the mean distance D at constant sigma_D / D, nm^5. The number of particles per
    /// area, which goes with D as well, is no part of the intensity per particle.
    pub distance: Vec<f64>,
    /// With respect to sigma_D / D at constant D, nm^6.
    pub disorder: Vec<f64>,
}

impl AveragesJacobian {
    /// [`Averages::decoupling`] with the derivatives. `structure` has one entry per column.
    ///
    /// # Panics
    /// If the number of columns is not that of the grid.
    #[must_use]
    pub fn decoupling(&self, structure: &[StructureDifferential]) -> DecouplingJacobian {
        let excess: Vec<f64> = structure.iter().map(|s| s.value).collect();
        let of_structure = |part: fn(&StructureDifferential) -> f64| {
            let rows = self.averages.coherent.chunks_exact(structure.len());
            rows.flat_map(|row| row.iter().zip(structure).map(|(c, s)| c * part(s)))
                .collect()
        };
        DecouplingJacobian {
            intensity: self.averages.decoupling(&excess),
            moves: self.moves.iter().map(|m| m.decoupling(&excess)).collect(),
            distance: of_structure(|s| s.distance),
            disorder: of_structure(|s| s.disorder),
        }
    }
}

impl SeparableGrid {
    /// The structure factor and its derivatives in every column, for
    /// [`AveragesJacobian::decoupling`].
    #[must_use]
    pub fn structure(&self, chain: &RadialParacrystal) -> Vec<StructureDifferential> {
        self.q_par
            .iter()
            .map(|&q| chain.differential(q, 0.0).unwrap_or_default())
            .collect()
    }

    /// [`Self::averages`] with their derivatives along `moves`.
    ///
    /// # Panics
    /// If radii and weights, or those of a move, differ in number.
    #[must_use]
    pub fn averages_and_jacobian(
        &self,
        shape: UprightShape,
        radii_nm: &[f64],
        weights: &[f64],
        moves: &[EnsembleMove],
    ) -> AveragesJacobian {
        let n = radii_nm.len();
        assert_eq!(n, weights.len(), "one weight per radius");
        for change in moves {
            for list in [&change.radii_nm, &change.weights] {
                assert!(list.is_empty() || list.len() == n, "one change per radius");
            }
        }
        let resizes = moves.iter().any(|m| !m.radii_nm.is_empty());
        let needs = Needs {
            radius: resizes,
            height: resizes || moves.iter().any(|m| m.height_ratio != 0.0),
        };
        let (n_q, n_k) = (self.n_q(), self.n_k());
        let mut sums = Sums::new(n_q * n_k);
        let mut changes = vec![Sums::new(n_q * n_k); moves.len()];
        let mut fields = Fields::default();
        // Rows are taken by so many that fields and sums stay in the cache of a core.
        let rows = (CELLS_AT_ONCE / n_q.max(1)).max(1);
        let ratio = shape.height_ratio();
        for (a, (&radius, &weight)) in radii_nm.iter().zip(weights).enumerate() {
            let entry = |list: &[f64]| list.get(a).copied().unwrap_or(0.0);
            if weight == 0.0 && moves.iter().all(|m| entry(&m.weights) == 0.0) {
                continue;
            }
            let tables = match shape {
                UprightShape::Cylinder { .. } => self.cylinder(radius, ratio * radius),
                UprightShape::Segment { .. } => self.segment(shape, radius, ratio * radius, needs),
            };
            let rates: Vec<[f64; 3]> = moves
                .iter()
                .map(|m| {
                    let resized = weight * entry(&m.radii_nm);
                    let raised = weight * radius * m.height_ratio;
                    [resized, raised, entry(&m.weights)]
                })
                .collect();
            for first in (0..n_k).step_by(rows) {
                let rows = first..n_k.min(first + rows);
                fields.update(&tables, &rows, n_q, needs);
                dispatch(Accumulation {
                    fields: &mut fields,
                    sums: &mut sums,
                    changes: &mut changes,
                    weight,
                    rates: &rates,
                    rows,
                    n_q,
                    needs,
                    ratio,
                });
            }
            sums.weight += weight;
            for (sum, change) in changes.iter_mut().zip(moves) {
                sum.weight += entry(&change.weights);
            }
        }
        AveragesJacobian {
            averages: sums.averages(),
            moves: changes.iter().map(|c| sums.slopes(c)).collect(),
        }
    }

    fn cylinder(&self, radius: f64, height: f64) -> Tables {
        let circumference = 2.0 * std::f64::consts::PI * radius;
        let (mut columns, mut columns_of_radius) = (Vec::new(), Vec::new());
        extend_disks(&mut columns, &self.q_par, radius, circumference * radius);
        extend_rims(&mut columns_of_radius, &self.q_par, radius, circumference);
        let (mut rows, mut rows_of_height) = (Rows::new(1), Rows::new(1));
        let incident = wave(self.r_i, sin_cos(self.k_i * height));
        for (&k_f, &r_f) in self.k_f.iter().zip(&self.r_f) {
            let integral = wave_integral(self.k_i, self.r_i, k_f, r_f, height);
            rows.push(std::iter::once(integral));
            let at_the_top = incident * wave(r_f, sin_cos(k_f * height));
            rows_of_height.push(std::iter::once(at_the_top));
        }
        Tables {
            columns_of_radius,
            columns_of_height: columns.clone(),
            columns,
            rows,
            rows_of_height,
        }
    }

    fn segment(&self, shape: UprightShape, radius: f64, height: f64, needs: Needs) -> Tables {
        let rule = gauss_legendre(nodes_for(height.max(radius), self.bandwidth()));
        let pi = std::f64::consts::PI;
        let nodes: Vec<(f64, f64, f64)> = rule
            .iter()
            .map(|&(x, w)| {
                let part = 0.5 * (x + 1.0);
                let r = radius * shape.radius_squared(part * shape.height_ratio()).sqrt();
                (part * height, 0.5 * height * w, r)
            })
            .collect();
        let add_disk = |columns: &mut Vec<f64>, r: f64, weight: f64| {
            extend_disks(columns, &self.q_par, r, weight * 2.0 * pi * r * r);
        };
        let mut columns = Vec::new();
        for &(_, weight, r) in &nodes {
            add_disk(&mut columns, r, weight);
        }
        let mut columns_of_radius = Vec::new();
        if needs.radius {
            for &(z, weight, r) in &nodes {
                let rim = weight * 2.0 * pi * (height - z);
                extend_rims(&mut columns_of_radius, &self.q_par, r, rim);
            }
        }
        let mut columns_of_height = Vec::new();
        if needs.height {
            // One more node: the disk at the base.
            columns_of_height.clone_from(&columns);
            let base = radius * shape.radius_squared(0.0).sqrt();
            add_disk(&mut columns_of_height, base, 1.0);
        }
        let waves = |k: f64, r: Complex64, z: f64| {
            let (sin, cos) = sin_cos(k * z);
            let value = wave(r, (sin, cos));
            // d/dz of exp(-i k z) + r exp(i k z) is i k (r exp(i k z) - exp(-i k z)).
            let slope = Complex64::new(0.0, -k) * wave(-r, (sin, cos));
            (value, slope)
        };
        let incident: Vec<_> = nodes
            .iter()
            .map(|n| waves(self.k_i, self.r_i, n.0))
            .collect();
        let n = nodes.len();
        let (mut rows, mut rows_of_height) = (Rows::new(n), Rows::new(n + 1));
        let mut exit = Vec::with_capacity(n);
        for (&k_f, &r_f) in self.k_f.iter().zip(&self.r_f) {
            exit.clear();
            exit.extend(nodes.iter().map(|node| waves(k_f, r_f, node.0)));
            let pairs = || incident.iter().zip(&exit);
            rows.push(pairs().map(|(i, f)| i.0 * f.0));
            if needs.height {
                let at_the_base = (1.0 + self.r_i) * (1.0 + r_f);
                let inside = pairs().map(|(i, f)| i.1 * f.0 + i.0 * f.1);
                rows_of_height.push(inside.chain(std::iter::once(at_the_base)));
            }
        }
        Tables {
            columns,
            columns_of_radius,
            columns_of_height,
            rows,
            rows_of_height,
        }
    }
}

/// Which derivatives of F are wanted.
#[derive(Clone, Copy)]
struct Needs {
    radius: bool,
    height: bool,
}

/// Tables per column, shape (n, n_q), and per row, shape (n_k, n), whose products are F, dF/dR at
/// constant H, and dF/dH at constant R.
struct Tables {
    columns: Vec<f64>,
    columns_of_radius: Vec<f64>,
    columns_of_height: Vec<f64>,
    rows: Rows,
    rows_of_height: Rows,
}

/// Cells per step: two dozen arrays of them fit into 1 MiB.
const CELLS_AT_ONCE: usize = 4096;

/// A complex table; the real parts of a row are followed by its imaginary parts, so that one real
/// product gives both.
struct Rows {
    /// Entries per row.
    n: usize,
    parts: Vec<f64>,
}

impl Rows {
    fn new(n: usize) -> Self {
        Self {
            n,
            parts: Vec::new(),
        }
    }

    fn push(&mut self, row: impl Iterator<Item = Complex64>) {
        let start = self.parts.len();
        self.parts.resize(start + 2 * self.n, 0.0);
        let (re, im) = self.parts[start..].split_at_mut(self.n);
        for ((re, im), value) in re.iter_mut().zip(im).zip(row) {
            (*re, *im) = (value.re, value.im);
        }
    }

    /// Some rows times a real table of columns, in the same layout.
    fn times(&self, rows: &Range<usize>, columns: &[f64], n_q: usize, field: &mut Vec<f64>) {
        field.resize(2 * rows.len() * n_q, 0.0);
        let parts = &self.parts[2 * rows.start * self.n..2 * rows.end * self.n];
        product(parts, columns, 2 * rows.len(), n_q, field);
    }
}

/// F and its derivatives in some rows of the grid, nm^3 and nm^2.
#[derive(Default)]
struct Fields {
    value: Vec<f64>,
    /// With respect to R at constant H/R.
    radius: Vec<f64>,
    /// With respect to H at constant R.
    height: Vec<f64>,
    /// Re(F* dF) for both, without the second part per row.
    square_of_radius: Vec<f64>,
    square_of_height: Vec<f64>,
}

/// One row of them.
struct FieldRow<'a> {
    re: &'a [f64],
    im: &'a [f64],
    of_radius: SlopeRow<'a>,
    of_height: SlopeRow<'a>,
}

/// One row of a derivative: that of F, and Re(F* dF).
struct SlopeRow<'a> {
    re: &'a [f64],
    im: &'a [f64],
    square: &'a [f64],
}

impl Fields {
    fn update(&mut self, tables: &Tables, rows: &Range<usize>, n_q: usize, needs: Needs) {
        tables
            .rows
            .times(rows, &tables.columns, n_q, &mut self.value);
        if needs.height {
            let columns = &tables.columns_of_height;
            tables
                .rows_of_height
                .times(rows, columns, n_q, &mut self.height);
        }
        if needs.radius {
            let columns = &tables.columns_of_radius;
            tables.rows.times(rows, columns, n_q, &mut self.radius);
        }
    }

    /// A row; derivatives that are not needed are empty.
    #[inline(always)]
    fn row(&self, row: usize, n_q: usize) -> FieldRow<'_> {
        let (re, im) = halves(&self.value, row, n_q);
        FieldRow {
            re,
            im,
            of_radius: SlopeRow::new(&self.radius, &self.square_of_radius, row, n_q),
            of_height: SlopeRow::new(&self.height, &self.square_of_height, row, n_q),
        }
    }
}

impl<'a> SlopeRow<'a> {
    #[inline(always)]
    fn new(field: &'a [f64], square: &'a [f64], row: usize, n_q: usize) -> Self {
        let (re, im) = halves(field, row, n_q);
        let square = square.get(row * n_q..(row + 1) * n_q).unwrap_or(&[]);
        Self { re, im, square }
    }
}

/// Adds one radius to the sums, in some rows of the grid.
struct Accumulation<'a> {
    fields: &'a mut Fields,
    sums: &'a mut Sums,
    changes: &'a mut [Sums],
    weight: f64,
    /// For every move weight x change of the radius, weight x change of the height, and change of the
    /// weight.
    rates: &'a [[f64; 3]],
    rows: Range<usize>,
    n_q: usize,
    needs: Needs,
    /// H/R.
    ratio: f64,
}

impl Kernel for Accumulation<'_> {
    type Output = ();

    /// Plain loops; the dispatch compiles them for wide vectors.
    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) {
        let (fields, n_q) = (self.fields, self.n_q);
        if self.needs.height {
            squares(
                &fields.value,
                &fields.height,
                n_q,
                &mut fields.square_of_height,
            );
        }
        if self.needs.radius {
            // At constant H/R the height follows the radius.
            axpy(&mut fields.radius, self.ratio, &fields.height);
            squares(
                &fields.value,
                &fields.radius,
                n_q,
                &mut fields.square_of_radius,
            );
        }
        for (row, k) in self.rows.enumerate() {
            let cells = k * n_q..(k + 1) * n_q;
            let field = fields.row(row, n_q);
            self.sums.row(cells.clone()).add(self.weight, &field);
            for (sum, [resized, raised, weight]) in self.changes.iter_mut().zip(self.rates) {
                let mut sum = sum.row(cells.clone());
                if *resized != 0.0 {
                    sum.add_slope(*resized, &field.of_radius);
                }
                if *raised != 0.0 {
                    sum.add_slope(*raised, &field.of_height);
                }
                if *weight != 0.0 {
                    sum.add(*weight, &field);
                }
            }
        }
    }
}

/// Real and imaginary parts of a row.
#[inline(always)]
fn halves(field: &[f64], row: usize, n_q: usize) -> (&[f64], &[f64]) {
    field
        .get(2 * row * n_q..2 * (row + 1) * n_q)
        .map_or((&[], &[]), |parts| parts.split_at(n_q))
}

/// Re(F* dF) of every cell.
#[inline(always)]
fn squares(value: &[f64], slope: &[f64], n_q: usize, out: &mut Vec<f64>) {
    out.resize(value.len() / 2, 0.0);
    for (row, out) in out.chunks_exact_mut(n_q).enumerate() {
        let ((a, b), (c, d)) = (halves(value, row, n_q), halves(slope, row, n_q));
        for (out, ((a, b), (c, d))) in out.iter_mut().zip(a.iter().zip(b).zip(c.iter().zip(d))) {
            *out = a * c + b * d;
        }
    }
}

/// sum w F, sum w |F|^2 and sum w; also changes of these.
#[derive(Clone, Debug)]
struct Sums {
    re: Vec<f64>,
    im: Vec<f64>,
    square: Vec<f64>,
    weight: f64,
}

/// One row of the sums.
struct SumRow<'a> {
    re: &'a mut [f64],
    im: &'a mut [f64],
    square: &'a mut [f64],
}

impl SumRow<'_> {
    #[inline(always)]
    fn add(&mut self, w: f64, f: &FieldRow<'_>) {
        axpy(self.re, w, f.re);
        axpy(self.im, w, f.im);
        for (sum, (re, im)) in self.square.iter_mut().zip(f.re.iter().zip(f.im)) {
            *sum += w * (re * re + im * im);
        }
    }

    /// Adds the changes that belong to w dF.
    #[inline(always)]
    fn add_slope(&mut self, w: f64, slope: &SlopeRow<'_>) {
        axpy(self.re, w, slope.re);
        axpy(self.im, w, slope.im);
        axpy(self.square, 2.0 * w, slope.square);
    }
}

/// y += a x.
#[inline(always)]
fn axpy(y: &mut [f64], a: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

impl Sums {
    fn new(cells: usize) -> Self {
        Self {
            re: vec![0.0; cells],
            im: vec![0.0; cells],
            square: vec![0.0; cells],
            weight: 0.0,
        }
    }

    #[inline(always)]
    fn row(&mut self, cells: Range<usize>) -> SumRow<'_> {
        SumRow {
            re: &mut self.re[cells.clone()],
            im: &mut self.im[cells.clone()],
            square: &mut self.square[cells],
        }
    }

    fn averages(&self) -> Averages {
        let inverse = self.weight.recip();
        let coherent = (self.re.iter().zip(&self.im))
            .map(|(re, im)| (re * re + im * im) * inverse * inverse)
            .collect();
        Averages {
            coherent,
            mean_square: self.square.iter().map(|s| s * inverse).collect(),
        }
    }

    /// Changes of the averages.
    fn slopes(&self, change: &Self) -> Averages {
        let inverse = self.weight.recip();
        let relative = change.weight * inverse;
        let fields = (self.re.iter().zip(&self.im)).zip(change.re.iter().zip(&change.im));
        let coherent = fields
            .map(|((re, im), (d_re, d_im))| {
                let along = re * (d_re - re * relative) + im * (d_im - im * relative);
                2.0 * along * inverse * inverse
            })
            .collect();
        let squares = self.square.iter().zip(&change.square);
        Averages {
            coherent,
            mean_square: squares.map(|(s, d)| (d - s * relative) * inverse).collect(),
        }
    }
}

/// psi = exp(-i x) + R exp(i x) from sin x and cos x.
#[inline]
fn wave(r: Complex64, (sin, cos): (f64, f64)) -> Complex64 {
    Complex64::new(
        (1.0 + r.re) * cos - r.im * sin,
        r.im * cos - (1.0 - r.re) * sin,
    )
}

/// int_0^H psi_i psi_f dz: four terms exp(i kappa z), each H exp(i kappa H/2) sinc(kappa H/2).
fn wave_integral(k_i: f64, r_i: Complex64, k_f: f64, r_f: Complex64, height: f64) -> Complex64 {
    let term = |kappa: f64| {
        let x = 0.5 * kappa * height;
        let (sin, cos) = sin_cos(x);
        let sinc = if x == 0.0 { 1.0 } else { sin / x };
        Complex64::new(cos, sin) * (height * sinc)
    };
    term(-k_i - k_f) + r_i * term(k_i - k_f) + r_f * term(k_f - k_i) + r_i * r_f * term(k_i + k_f)
}

/// `field` = `rows` of shape (n_k, n) times `columns` of shape (n, n_q).
fn product(rows: &[f64], columns: &[f64], n_k: usize, n_q: usize, field: &mut [f64]) {
    let n = columns.len().checked_div(n_q).unwrap_or(0);
    let mut out = ArrayViewMut2::from_shape((n_k, n_q), field).expect("a field of the grid");
    let (rows, columns) = (view(rows, n_k, n), view(columns, n, n_q));
    general_mat_mul(1.0, &rows, &columns, 0.0, &mut out);
}

fn view(data: &[f64], rows: usize, cols: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows, cols), data).expect("tables are filled to this shape")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Beam, Layer, Multilayer, RefractiveIndex};

    fn grid() -> SeparableGrid {
        let silicon = RefractiveIndex::new(5e-6, 1e-7).unwrap();
        let film = RefractiveIndex::new(2.5e-6, 4e-9).unwrap();
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(film, 25.0),
            Layer::semi_infinite(silicon),
        ]);
        let beam = Beam::new(0.105, 0.4_f64.to_radians()).unwrap();
        let q: Vec<f64> = (0..9).map(|i| 0.02 + 0.25 * f64::from(i)).collect();
        let k: Vec<f64> = (0..7).map(|i| 0.05 + 0.3 * f64::from(i)).collect();
        SeparableGrid::new(&stack.unwrap(), &beam, &q, &k)
    }

    const SHAPES: [UprightShape; 4] = [
        UprightShape::Segment { height_ratio: 0.6 },
        UprightShape::Segment { height_ratio: 1.4 },
        UprightShape::Cylinder { height_ratio: 0.3 },
        UprightShape::Cylinder { height_ratio: 1.7 },
    ];
    const RADII: [f64; 3] = [2.0, 4.0, 6.5];
    const WEIGHTS: [f64; 3] = [0.5, 1.0, 0.2];

    fn moved(shape: UprightShape, by: &EnsembleMove, t: f64) -> (UprightShape, Vec<f64>, Vec<f64>) {
        let add = |start: &[f64], change: &[f64]| -> Vec<f64> {
            let change = change.iter().copied().chain(std::iter::repeat(0.0));
            start.iter().zip(change).map(|(s, c)| s + t * c).collect()
        };
        let height_ratio = shape.height_ratio() + t * by.height_ratio;
        let shape = match shape {
            UprightShape::Segment { .. } => UprightShape::Segment { height_ratio },
            UprightShape::Cylinder { .. } => UprightShape::Cylinder { height_ratio },
        };
        (shape, add(&RADII, &by.radii_nm), add(&WEIGHTS, &by.weights))
    }

    /// Relative to the largest derivative: the difference quotient magnifies the error of the
    /// quadrature in the averages by 1 / step.
    const TOLERANCE: f64 = 3e-6;

    #[test]
    fn derivatives_agree_with_differences_of_the_averages() {
        let grid = grid();
        let moves = [
            EnsembleMove {
                radii_nm: vec![1.0, 0.5, -0.7],
                ..EnsembleMove::default()
            },
            EnsembleMove {
                height_ratio: 1.0,
                ..EnsembleMove::default()
            },
            EnsembleMove {
                weights: vec![0.0, 0.0, 1.0],
                ..EnsembleMove::default()
            },
            EnsembleMove {
                radii_nm: vec![0.1, 0.2, 0.3],
                weights: vec![0.2, -0.3, 0.1],
                height_ratio: 0.4,
            },
        ];
        for shape in SHAPES {
            let found = grid.averages_and_jacobian(shape, &RADII, &WEIGHTS, &moves);
            let plain = grid.averages(shape, &RADII, &WEIGHTS);
            for (a, b) in [
                (&found.averages.coherent, &plain.coherent),
                (&found.averages.mean_square, &plain.mean_square),
            ] {
                let largest = b.iter().copied().fold(0.0, f64::max);
                let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 * largest;
                assert!(a.iter().zip(b).all(close), "{shape:?}");
            }
            for (change, slopes) in moves.iter().zip(&found.moves) {
                let at = |t: f64| {
                    let (shape, radii, weights) = moved(shape, change, t);
                    let a = grid.averages(shape, &radii, &weights);
                    [a.coherent, a.mean_square]
                };
                let quotients = [4e-2, 2e-2, 1e-2].map(|h| (h, at(h), at(-h)));
                for (which, slopes) in [&slopes.coherent, &slopes.mean_square]
                    .into_iter()
                    .enumerate()
                {
                    let exact: Vec<f64> = (0..slopes.len())
                        .map(|i| {
                            let [a, b, c] = [0, 1, 2].map(|n: usize| {
                                let (h, up, down) = &quotients[n];
                                (up[which][i] - down[which][i]) / (2.0 * h)
                            });
                            (64.0 * c - 20.0 * b + a) / 45.0
                        })
                        .collect();
                    let largest = exact.iter().fold(0.0_f64, |m, e| m.max(e.abs()));
                    for (slope, exact) in slopes.iter().zip(&exact) {
                        assert!(
                            (slope - exact).abs() < TOLERANCE * largest,
                            "{shape:?} {change:?} {which}: {slope} {exact} of {largest}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn decoupling_follows_distance_and_disorder() {
        let grid = grid();
        let (d, disorder) = (14.0, 0.22);
        let chain = |d: f64, disorder: f64| RadialParacrystal::new(d, disorder * d).unwrap();
        let jacobian = grid.averages_and_jacobian(SHAPES[1], &RADII, &WEIGHTS, &[]);
        let found = jacobian.decoupling(&grid.structure(&chain(d, disorder)));
        let at = |d: f64, disorder: f64| {
            jacobian
                .decoupling(&grid.structure(&chain(d, disorder)))
                .intensity
        };
        let h = 1e-5;
        let (up, down) = (at(d + h, disorder), at(d - h, disorder));
        let (more, less) = (at(d, disorder + h), at(d, disorder - h));
        for i in 0..up.len() {
            let exact = (up[i] - down[i]) / (2.0 * h);
            let scale = found.intensity[i];
            assert!((found.distance[i] - exact).abs() < 1e-6 * scale, "{i}");
            let exact = (more[i] - less[i]) / (2.0 * h);
            assert!((found.disorder[i] - exact).abs() < 1e-6 * scale, "{i}");
        }
    }
}
