//! Fast DWBA of upright, axially symmetric particles on the (q_par, k sin alpha_f) grid.
//!
//! For a particle of profile r(z) standing on the sample surface, the four terms of the
//! DWBA (Renaud, Lazzari & Leroy, Surf. Sci. Rep. 64 (2009) 255, eq. 3.16) are one
//! integral over height,
//!
//! F_DW(q_par, k_f) = int_0^H A(q_par, z) psi_i(z) psi_f(k_f, z) dz,
//!
//! A(q_par, z) = 2 pi r(z)^2 J1(q_par r) / (q_par r),
//! psi(k_z, z) = exp(-i k_z z) + R(k_z) exp(+i k_z z),
//!
//! with R the reflection coefficient of the whole stack below. Multiplying out the two
//! waves psi gives the four terms. Since A depends on the column and the height only, and
//! psi on the row and the height only, n quadrature nodes turn the whole grid into the
//! product of an (n_k x n) and an (n x n_q) matrix: a table of Bessel functions per
//! column, a table of exponentials per row, and no special function per pixel.
//!
//! A is an entire function of r(z)^2, which for spheres and their segments is a polynomial
//! in z, so Gauss-Legendre quadrature converges exponentially once the nodes resolve the
//! fastest oscillation; [`nodes_for`] holds the count and its measured error.

mod bessel;
mod jacobian;
mod trig;

pub use jacobian::{AveragesJacobian, DecouplingJacobian, EnsembleMove};

use bessel::BesselTable;
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};
use num_complex::Complex64;
use trig::sin_cos;

use crate::quadrature::gauss_legendre;
use crate::{Beam, Multilayer, RefractiveIndex};

/// Shapes that differ in size only: every radius has the same height over radius.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum UprightShape {
    /// Sphere of radius R cut at the bottom so that its height is `height_ratio` x R,
    /// standing on the cut. Range of `height_ratio`: above 0 to 2 (the full sphere).
    Segment {
        /// Height over radius.
        height_ratio: f64,
    },
    /// Upright cylinder of height `height_ratio` x R.
    Cylinder {
        /// Height over radius.
        height_ratio: f64,
    },
}

impl UprightShape {
    /// Height over radius.
    #[must_use]
    pub fn height_ratio(&self) -> f64 {
        match *self {
            Self::Segment { height_ratio } | Self::Cylinder { height_ratio } => height_ratio,
        }
    }

    /// Volume of the particle of radius `radius_nm`, nm^3.
    #[must_use]
    pub fn volume(&self, radius_nm: f64) -> f64 {
        let cube = std::f64::consts::PI * radius_nm.powi(3);
        match *self {
            Self::Segment { height_ratio: h } => cube * h * h * (1.0 - h / 3.0),
            Self::Cylinder { height_ratio: h } => cube * h,
        }
    }

    /// r(z)^2 of the particle of radius 1, with z from 0 to the height ratio.
    fn radius_squared(&self, z: f64) -> f64 {
        match *self {
            Self::Segment { height_ratio } => {
                let above_centre = z - (height_ratio - 1.0);
                (1.0 - above_centre * above_centre).max(0.0)
            }
            Self::Cylinder { .. } => 1.0,
        }
    }
}

/// The grid and what the surface does to a wave: shared by all particles of a sample.
///
/// Particles stand on the surface of the stack, in its ambient layer.
#[derive(Clone, Debug)]
pub struct SeparableGrid {
    q_par: Vec<f64>,
    k_i: f64,
    r_i: Complex64,
    k_f: Vec<f64>,
    r_f: Vec<Complex64>,
}

/// First and second moment of the DWBA amplitude over an ensemble, shape (n_k, n_q),
/// row-major. Amplitudes are in nm^3: the contrast is left out, see [`contrast`].
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

/// Scattering-length contrast k^2 (n^2 - 1) / (4 pi) of a particle in vacuum, nm^-2: times
/// F_DW it is the scattering amplitude in nm.
#[must_use]
pub fn contrast(beam: &Beam, particle: RefractiveIndex) -> Complex64 {
    particle.n_squared_minus_one() * (beam.k() * beam.k() / (4.0 * std::f64::consts::PI))
}

/// Quadrature nodes for a particle of height and lateral size up to `size_nm`, where wave
/// vectors reach `q_max` nm^-1.
///
/// Gauss-Legendre resolves exp(i q z) over a length L once n exceeds q L / 4 by a few; 10
/// more nodes give 1e-10 of the volume for the shapes here (measured by a test over the
/// whole range of radii).
#[must_use]
pub(crate) fn nodes_for(size_nm: f64, q_max: f64) -> usize {
    (10.0 + 0.35 * size_nm * q_max).ceil() as usize
}

impl SeparableGrid {
    /// Columns `q_par` (nm^-1, >= 0) and rows `k_f` = k sin(alpha_f) (nm^-1, > 0) over `stack`.
    #[must_use]
    pub fn new(stack: &Multilayer, beam: &Beam, q_par: &[f64], k_f: &[f64]) -> Self {
        let k = beam.k();
        Self {
            q_par: q_par.to_vec(),
            k_i: beam.kz(),
            r_i: stack.reflection(k, beam.kz()),
            r_f: k_f.iter().map(|&kz| stack.reflection(k, kz)).collect(),
            k_f: k_f.to_vec(),
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn n_q(&self) -> usize {
        self.q_par.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn n_k(&self) -> usize {
        self.k_f.len()
    }

    /// `<F>` and `<|F|^2>` over radii with the given weights (which need not be normalised:
    /// the averages are).
    ///
    /// # Panics
    /// If radii and weights differ in number.
    #[must_use]
    pub fn averages(&self, shape: UprightShape, radii_nm: &[f64], weights: &[f64]) -> Averages {
        let cells = self.n_q() * self.n_k();
        let (mut mean_re, mut mean_im) = (vec![0.0; cells], vec![0.0; cells]);
        let mut mean_square = vec![0.0; cells];
        let total: f64 = weights.iter().sum();
        self.for_each_radius(shape, radii_nm, weights, |weight, _, re, im| {
            let w = weight / total;
            let sums = mean_re.iter_mut().zip(&mut mean_im).zip(&mut mean_square);
            for (((m_re, m_im), m2), (re, im)) in sums.zip(re.iter().zip(im)) {
                *m_re += w * re;
                *m_im += w * im;
                *m2 += w * (re * re + im * im);
            }
        });
        let coherent = mean_re
            .iter()
            .zip(&mean_im)
            .map(|(re, im)| re * re + im * im)
            .collect();
        Averages {
            coherent,
            mean_square,
        }
    }

    /// Local monodisperse approximation: sum_a w_a |F_a|^2 S_a(q_par), per particle, nm^6.
    /// Every particle sees neighbours of its own size, at a spacing scaled with it
    /// (Pedersen, J. Appl. Cryst. 27 (1994) 595). `structure_factor(radius, q_par)` is the
    /// structure factor around a particle of that radius.
    ///
    /// # Panics
    /// If radii and weights differ in number.
    #[must_use]
    pub fn local_monodisperse(
        &self,
        shape: UprightShape,
        radii_nm: &[f64],
        weights: &[f64],
        structure_factor: impl Fn(f64, f64) -> f64,
    ) -> Vec<f64> {
        let mut intensity = vec![0.0; self.n_q() * self.n_k()];
        let total: f64 = weights.iter().sum();
        self.for_each_radius(shape, radii_nm, weights, |weight, radius, re, im| {
            let s: Vec<f64> = self
                .q_par
                .iter()
                .map(|&q| weight / total * structure_factor(radius, q))
                .collect();
            let rows = intensity.chunks_exact_mut(s.len());
            let fields = re.chunks_exact(s.len()).zip(im.chunks_exact(s.len()));
            for (row, (re, im)) in rows.zip(fields) {
                for (((i, s), re), im) in row.iter_mut().zip(&s).zip(re).zip(im) {
                    *i += s * (re * re + im * im);
                }
            }
        });
        intensity
    }

    /// Size-spacing correlation approximation of a radial paracrystal (Leroy, Lazzari &
    /// Renaud, Acta Cryst. A 60 (2004) 565): a particle's distance to its neighbours grows
    /// with its radius by `kappa` times the deviation from the mean radius. Per particle,
    /// nm^6. `propagator(q_par)` is f = phi(q) exp(i q D) of the mean distance.
    ///
    /// With e(q) = exp(i kappa q (R - mean R)):
    /// `I = <|F|^2> + 2 Re[ <e F> <e F*> f / (1 - f <e(2q)>) ]`.
    ///
    /// # Panics
    /// If radii and weights differ in number.
    #[must_use]
    pub fn size_spacing_correlation(
        &self,
        shape: UprightShape,
        radii_nm: &[f64],
        weights: &[f64],
        kappa: f64,
        propagator: impl Fn(f64) -> Complex64,
    ) -> Vec<f64> {
        let cells = self.n_q() * self.n_k();
        let zero = Complex64::new(0.0, 0.0);
        let (mut with_f, mut with_conj_f) = (vec![zero; cells], vec![zero; cells]);
        let mut intensity = vec![0.0; cells];
        let mut phase_2q = vec![zero; self.n_q()];
        let total: f64 = weights.iter().sum();
        let mean_radius = radii_nm
            .iter()
            .zip(weights)
            .map(|(r, w)| r * w / total)
            .sum::<f64>();
        self.for_each_radius(shape, radii_nm, weights, |weight, radius, re, im| {
            let w = weight / total;
            let e: Vec<Complex64> = self
                .q_par
                .iter()
                .map(|&q| Complex64::cis(kappa * q * (radius - mean_radius)))
                .collect();
            for (sum, e) in phase_2q.iter_mut().zip(&e) {
                *sum += w * e * e;
            }
            for (i, (re, im)) in re.iter().zip(im).enumerate() {
                let e = w * e[i % e.len()];
                let f = Complex64::new(*re, *im);
                with_f[i] += e * f;
                with_conj_f[i] += e * f.conj();
                intensity[i] += w * f.norm_sqr();
            }
        });
        let chain: Vec<Complex64> = self
            .q_par
            .iter()
            .zip(&phase_2q)
            .map(|(&q, e2)| {
                let f = propagator(q);
                f / (1.0 - f * e2)
            })
            .collect();
        for (i, value) in intensity.iter_mut().enumerate() {
            *value += 2.0 * (with_f[i] * with_conj_f[i] * chain[i % chain.len()]).re;
        }
        intensity
    }

    /// Largest wavevector transfer on the grid, nm^-1.
    fn bandwidth(&self) -> f64 {
        let q_max = self.q_par.iter().copied().fold(0.0, f64::max);
        let k_max = self.k_i + self.k_f.iter().copied().fold(0.0, f64::max);
        q_max.hypot(k_max)
    }

    /// Calls `visit(weight, radius, Re F, Im F)` for every radius of non-zero weight, F of
    /// shape (n_k, n_q).
    fn for_each_radius(
        &self,
        shape: UprightShape,
        radii_nm: &[f64],
        weights: &[f64],
        mut visit: impl FnMut(f64, f64, &[f64], &[f64]),
    ) {
        assert_eq!(radii_nm.len(), weights.len(), "one weight per radius");
        let (n_q, n_k) = (self.n_q(), self.n_k());
        let bandwidth = self.bandwidth();
        let mut columns = Vec::new();
        let (mut rows_re, mut rows_im) = (Vec::new(), Vec::new());
        let mut field_re = vec![0.0; n_q * n_k];
        let mut field_im = vec![0.0; n_q * n_k];
        for (&radius, &weight) in radii_nm.iter().zip(weights) {
            if weight == 0.0 {
                continue;
            }
            let n = self.tables(
                shape,
                radius,
                bandwidth,
                &mut columns,
                &mut rows_re,
                &mut rows_im,
            );
            product(&rows_re, &columns[..n * n_q], n_k, n_q, &mut field_re);
            product(&rows_im, &columns[..n * n_q], n_k, n_q, &mut field_im);
            visit(weight, radius, &field_re, &field_im);
        }
    }

    /// Fills the column table (n, n_q) with quadrature weight x A and the row tables
    /// (n_k, n) with the product of the two waves; returns n.
    fn tables(
        &self,
        shape: UprightShape,
        radius: f64,
        bandwidth: f64,
        columns: &mut Vec<f64>,
        rows_re: &mut Vec<f64>,
        rows_im: &mut Vec<f64>,
    ) -> usize {
        let bessel = BesselTable::get();
        let height = shape.height_ratio() * radius;
        columns.clear();
        let area = |r: f64| {
            let c = 2.0 * std::f64::consts::PI * r * r;
            self.q_par.iter().map(move |&q| c * bessel.j1_over_x(q * r))
        };
        if let UprightShape::Cylinder { .. } = shape {
            // The profile does not depend on z: the integral over the waves is closed.
            columns.extend(area(radius));
            (*rows_re, *rows_im) = self
                .k_f
                .iter()
                .zip(&self.r_f)
                .map(|(&k_f, &r_f)| {
                    let f = wave_integral(self.k_i, self.r_i, k_f, r_f, height);
                    (f.re, f.im)
                })
                .unzip();
            return 1;
        }

        let rule = gauss_legendre(nodes_for(height.max(radius), bandwidth));
        let n = rule.len();
        for &(x, w) in rule {
            let r = radius
                * shape
                    .radius_squared(0.5 * (x + 1.0) * shape.height_ratio())
                    .sqrt();
            let weight = 0.5 * height * w;
            columns.extend(area(r).map(|a| weight * a));
        }
        let heights: Vec<f64> = rule
            .iter()
            .map(|&(x, _)| 0.5 * (x + 1.0) * height)
            .collect();
        let incident: Vec<Complex64> = heights
            .iter()
            .map(|&z| wave(self.r_i, sin_cos(self.k_i * z)))
            .collect();
        rows_re.resize(self.n_k() * n, 0.0);
        rows_im.resize(self.n_k() * n, 0.0);
        let rows = rows_re.chunks_exact_mut(n).zip(rows_im.chunks_exact_mut(n));
        for ((re, im), (&k_f, &r_f)) in rows.zip(self.k_f.iter().zip(&self.r_f)) {
            for j in 0..n {
                let product = incident[j] * wave(r_f, sin_cos(k_f * heights[j]));
                re[j] = product.re;
                im[j] = product.im;
            }
        }
        n
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
    use crate::Layer;

    fn silicon() -> (Multilayer, Beam) {
        let index = RefractiveIndex::new(5e-6, 1e-7).unwrap();
        (
            Multilayer::substrate(index).unwrap(),
            Beam::new(0.105, 0.4_f64.to_radians()).unwrap(),
        )
    }

    /// Form factor of a full sphere standing on z = 0: 4 pi R^3 (sin x - x cos x) / x^3 exp(i q_z R).
    fn sphere(radius: f64, q_par: f64, q_z: f64) -> Complex64 {
        let x = q_par.hypot(q_z) * radius;
        let shape = if x < 1e-3 {
            1.0 / 3.0 - x * x / 30.0
        } else {
            (x.sin() - x * x.cos()) / x.powi(3)
        };
        Complex64::cis(q_z * radius) * (4.0 * std::f64::consts::PI * radius.powi(3) * shape)
    }

    fn four_terms(
        f: impl Fn(f64) -> Complex64,
        (k_i, r_i): (f64, Complex64),
        (k_f, r_f): (f64, Complex64),
    ) -> Complex64 {
        f(-k_i - k_f) + r_i * f(k_i - k_f) + r_f * f(k_f - k_i) + r_i * r_f * f(k_i + k_f)
    }

    #[test]
    fn spheres_agree_with_the_four_closed_terms() {
        let (stack, beam) = silicon();
        let q: Vec<f64> = (0..30).map(|i| 0.1 * f64::from(i)).collect();
        let k: Vec<f64> = (0..25).map(|i| 0.01 + 0.12 * f64::from(i)).collect();
        let grid = SeparableGrid::new(&stack, &beam, &q, &k);
        let full = UprightShape::Segment { height_ratio: 2.0 };
        for radius in [0.5, 2.0, 7.0, 25.0] {
            let averages = grid.averages(full, &[radius], &[3.0]);
            let volume = full.volume(radius);
            for (i, (&c, &m)) in averages
                .coherent
                .iter()
                .zip(&averages.mean_square)
                .enumerate()
            {
                let (k_f, q_par) = (k[i / q.len()], q[i % q.len()]);
                let exact = four_terms(
                    |q_z| sphere(radius, q_par, q_z),
                    (beam.kz(), stack.reflection(beam.k(), beam.kz())),
                    (k_f, stack.reflection(beam.k(), k_f)),
                )
                .norm_sqr();
                // Amplitudes agree to 1e-9 V (the Bessel table), so squares to 2e-9 V |F|.
                let tolerance = 4e-9 * volume * (exact.sqrt() + 1e-9 * volume);
                assert!(
                    (m - exact).abs() < tolerance,
                    "R {radius} q {q_par} k {k_f}"
                );
                assert!((c - m).abs() < tolerance);
            }
        }
    }

    #[test]
    fn cylinders_agree_with_the_limit_of_many_slices() {
        let (stack, beam) = silicon();
        let (q, k) = ([0.0, 0.3, 1.1], [0.05, 0.4, 1.7]);
        let grid = SeparableGrid::new(&stack, &beam, &q, &k);
        let (radius, height_ratio) = (4.0, 1.5);
        let shape = UprightShape::Cylinder { height_ratio };
        let averages = grid.averages(shape, &[radius], &[1.0]);
        for (i, m) in averages.mean_square.iter().enumerate() {
            let (k_f, q_par) = (k[i / 3], q[i % 3]);
            let x = q_par * radius;
            let area = std::f64::consts::PI
                * radius
                * radius
                * if x == 0.0 { 1.0 } else { 2.0 * libm::j1(x) / x };
            let height = height_ratio * radius;
            let slice = |q_z: f64| -> Complex64 {
                let rule = gauss_legendre(60);
                rule.iter()
                    .map(|&(t, w)| {
                        0.5 * w * height * Complex64::cis(0.5 * q_z * height * (t + 1.0))
                    })
                    .sum::<Complex64>()
                    * area
            };
            let exact = four_terms(
                slice,
                (beam.kz(), stack.reflection(beam.k(), beam.kz())),
                (k_f, stack.reflection(beam.k(), k_f)),
            )
            .norm_sqr();
            assert!((m - exact).abs() < 1e-8 * shape.volume(radius) * exact.sqrt());
        }
    }

    #[test]
    fn quadrature_is_converged_for_every_radius_and_height() {
        // Doubling the radius doubles the nodes, so a segment is compared with itself as
        // one entry of a list whose first entry does not change the rule.
        let (stack, beam) = silicon();
        let (q, k) = ([0.02, 0.7, 3.0], [0.02, 0.9, 3.0]);
        let grid = SeparableGrid::new(&stack, &beam, &q, &k);
        for radius in [0.5, 3.0, 10.0, 25.0] {
            for height_ratio in [0.5, 1.0, 1.7] {
                let shape = UprightShape::Segment { height_ratio };
                let found = grid.averages(shape, &[radius], &[1.0]).mean_square;
                for (i, &m) in found.iter().enumerate() {
                    let (k_f, q_par) = (k[i / 3], q[i % 3]);
                    let r_i = stack.reflection(beam.k(), beam.kz());
                    let r_f = stack.reflection(beam.k(), k_f);
                    let height = height_ratio * radius;
                    let exact: Complex64 = gauss_legendre(400)
                        .iter()
                        .map(|&(t, w)| {
                            let z = 0.5 * (t + 1.0) * height;
                            let r2 = shape.radius_squared(z / radius) * radius * radius;
                            let x = q_par * r2.sqrt();
                            let area = 2.0 * std::f64::consts::PI * r2 * libm::j1(x) / x;
                            let psi = |k: f64, r: Complex64| {
                                Complex64::cis(-k * z) + r * Complex64::cis(k * z)
                            };
                            0.5 * height * w * area * psi(beam.kz(), r_i) * psi(k_f, r_f)
                        })
                        .sum();
                    let volume = shape.volume(radius);
                    assert!(
                        (m.sqrt() - exact.norm()).abs() < 2e-9 * volume,
                        "R {radius} H/R {height_ratio} q {q_par} k {k_f}: {} {}",
                        m.sqrt() / volume,
                        exact.norm() / volume
                    );
                }
            }
        }
    }

    #[test]
    fn monodisperse_ensembles_make_all_approximations_equal() {
        let (stack, beam) = silicon();
        let (q, k) = ([0.1, 0.6, 1.4], [0.05, 0.3, 1.0]);
        let film = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(RefractiveIndex::new(3.5e-6, 5e-9).unwrap(), 40.0),
            stack.layers()[1],
        ])
        .unwrap();
        let grid = SeparableGrid::new(&film, &beam, &q, &k);
        let shape = UprightShape::Segment { height_ratio: 1.3 };
        let f = |q: f64| Complex64::from_polar((-0.5_f64 * (q * 2.0).powi(2)).exp(), q * 12.0);
        let s = |q: f64| ((1.0 + f(q)) / (1.0 - f(q))).re;
        let s_columns: Vec<f64> = q.iter().map(|&q| s(q)).collect();
        let da = grid.averages(shape, &[4.0], &[1.0]).decoupling(&s_columns);
        let lma = grid.local_monodisperse(shape, &[4.0], &[1.0], |_, q| s(q));
        let ssca = grid.size_spacing_correlation(shape, &[4.0], &[1.0], 1.3, f);
        for i in 0..da.len() {
            assert!((da[i] - lma[i]).abs() < 1e-9 * da[i]);
            assert!((da[i] - ssca[i]).abs() < 1e-9 * da[i]);
        }
        // And without size-spacing coupling, SSCA is the decoupling approximation.
        let (radii, weights) = ([3.0, 4.0, 5.0], [0.2, 0.5, 0.3]);
        let da = grid
            .averages(shape, &radii, &weights)
            .decoupling(&s_columns);
        let ssca = grid.size_spacing_correlation(shape, &radii, &weights, 0.0, f);
        for (a, b) in da.iter().zip(&ssca) {
            assert!((a - b).abs() < 1e-9 * a);
        }
    }
}
