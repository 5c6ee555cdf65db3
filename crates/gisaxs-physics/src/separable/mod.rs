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
//! fastest oscillation; `nodes_for` holds the count and its measured error.
//!
//! Radii are summed tile by tile: `product` keeps the amplitudes of a few rows and columns in
//! registers, and what is averaged (`sums`) takes them from there.

use crate::elementary::hypot;

mod jacobian;
mod product;
mod shape;
mod sums;
mod tables;
#[cfg(test)]
mod tests;
mod trig;

pub use jacobian::{AveragesJacobian, DecouplingJacobian, EnsembleMove};
pub use shape::UprightShape;
pub use sums::Averages;

use num_complex::Complex64;

use crate::simd::{dispatch, padded};
use crate::{Beam, Multilayer, RefractiveIndex};
use product::AddRadii;
use sums::{Coupled, LocalMonodisperse, Moments, RADII, Sums};
use tables::Tables;

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

/// Scattering-length contrast k^2 (n^2 - 1) / (4 pi) of a particle in vacuum, nm^-2: times
/// F_DW it is the scattering amplitude in nm.
#[must_use]
pub fn contrast(beam: &Beam, particle: RefractiveIndex) -> Complex64 {
    particle.n_squared_minus_one() * (beam.k() * beam.k() / (4.0 * std::f64::consts::PI))
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
        let size = self.padded_size();
        let mut moments = Moments::new(size);
        self.sum(shape, radii_nm, weights, &mut moments);
        moments.averages([self.n_k(), self.n_q()])
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
        let mut sums = LocalMonodisperse::new(self.padded_size(), |radius, s: &mut [f64]| {
            for (s, q) in s.iter_mut().zip(&self.q_par) {
                *s = structure_factor(radius, *q);
            }
        });
        self.sum(shape, radii_nm, weights, &mut sums);
        sums.intensity([self.n_k(), self.n_q()])
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
        let total: f64 = weights.iter().sum();
        let mean_radius: f64 = radii_nm
            .iter()
            .zip(weights)
            .map(|(r, w)| r * w / total)
            .sum();
        let mut sums = Coupled::new(self.padded_size(), &self.q_par, kappa, mean_radius);
        self.sum(shape, radii_nm, weights, &mut sums);
        sums.intensity([self.n_k(), self.n_q()], propagator)
    }

    /// Sums over all radii of non-zero weight; the weights are normalised.
    fn sum<A: Sums>(&self, shape: UprightShape, radii_nm: &[f64], weights: &[f64], sums: &mut A) {
        assert_eq!(radii_nm.len(), weights.len(), "one weight per radius");
        let total: f64 = weights.iter().sum();
        let radii: Vec<(f64, f64)> = radii_nm
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight != 0.0)
            .map(|(radius, weight)| (*radius, weight / total))
            .collect();
        let mut tables = vec![Tables::new(self); RADII.min(radii.len())];
        for radii in radii.chunks(RADII) {
            for (index, ((radius, weight), tables)) in radii.iter().zip(&mut tables).enumerate() {
                tables.fill(shape, *radius);
                sums.begin(index, *weight, *radius);
            }
            dispatch(AddRadii {
                tables: &tables[..radii.len()],
                sums,
            });
        }
    }

    /// Largest wavevector transfer on the grid, nm^-1.
    fn bandwidth(&self) -> f64 {
        let q_max = self.q_par.iter().copied().fold(0.0, f64::max);
        let k_max = self.k_i + self.k_f.iter().copied().fold(0.0, f64::max);
        hypot(q_max, k_max)
    }

    /// Rows and columns of the sums: both are padded to whole vectors.
    fn padded_size(&self) -> [usize; 2] {
        [padded(self.n_k()), padded(self.n_q())]
    }
}
