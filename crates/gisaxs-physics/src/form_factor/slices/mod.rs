//! Shapes as integrals over height: bodies of revolution, and ridges.
//!
//! A shape whose horizontal cross-section keeps its form and changes its size r(z) has
//!
//! F(q) = int_0^H a(z) lambda(u r(z)) exp(i q_z z) dz
//!
//! with the area (or width) a of the cross-section and its normalised transform lambda: 2 J1(x)/x
//! for disks and ellipses, u = sqrt((s_x q_x)^2 + (s_y q_y)^2), and sin(x)/x for strips, u = |q_y|.
//! Both are even entire functions, so that the integrand is entire in z wherever r(z)^2 is a
//! polynomial, and Gauss-Legendre quadrature converges exponentially once it resolves the
//! oscillation ([`band_limit`] says when).
//!
//! A shape implements [`Sliced`] and gets the evaluation for one q, for the four terms of the
//! DWBA, and for blocks of pixels.

mod band_limit;
mod block;
mod derivative;
mod direct;
mod expansion;
mod upright;

pub(super) use band_limit::{ETAS, nodes, nodes_on_ellipses};
pub(super) use block::{Workspace, add_terms};
pub(super) use derivative::{Integrals, integrals, integrals_four};
pub(super) use upright::add_terms_upright;

use num_complex::Complex64;

use super::cis;
use crate::quadrature::gauss_legendre;
use crate::simd::{Real, Simd};
use crate::special::{bessel_j1_over_x, bessel_j1_over_z, sinc, sinc_real};

/// One node of a quadrature over height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slice {
    /// Height, nm.
    pub(super) z: f64,
    /// Quadrature weight (nm) times area of the cross-section (nm^2), or times its width (nm).
    pub(super) volume: f64,
    /// Size of the cross-section, nm: radius or half width.
    pub(super) r: f64,
}

/// Form of the horizontal cross-sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Disks; ellipses once the plane is stretched.
    Disk,
    /// Strips along x.
    Strip,
}

impl Section {
    /// Normalised transform lambda, 1 at 0.
    fn transform(self, x: Complex64) -> Complex64 {
        match self {
            Self::Disk => 2.0 * bessel_j1_over_z(x),
            Self::Strip => sinc(x),
        }
    }

    /// The same for real arguments.
    #[inline(always)]
    pub(super) fn transform_vector<S: Simd>(self, x: Real<S>) -> Real<S> {
        match self {
            Self::Disk => x.bessel_j1_over_x() * 2.0,
            Self::Strip => {
                let (sin, _) = x.sin_cos();
                x.is_zero().select(x.simd().real(1.0), sin / x)
            }
        }
    }

    /// The same for a real argument.
    fn transform_real(self, x: f64) -> f64 {
        match self {
            Self::Disk => 2.0 * bessel_j1_over_x(x),
            Self::Strip => sinc_real(x),
        }
    }
}

/// A shape given by its horizontal slices.
pub(super) trait Sliced {
    /// Form of the cross-sections.
    const SECTION: Section;

    /// Height, nm.
    fn height(&self) -> f64;

    /// Largest r(z), nm.
    fn largest(&self) -> f64;

    /// Visits the nodes of a quadrature that resolves wavevectors up to `u`, `q_z` (nm^-1): the error
    /// of F is below 1e-12 V.
    fn slices(&self, u: f64, q_z: f64, visit: impl FnMut(Slice));

    /// Factors s_x, s_y of the plane; strips have none.
    fn stretch(&self) -> [f64; 2] {
        [1.0; 2]
    }

    /// u of the pixels.
    #[inline(always)]
    fn argument<S: Simd>(&self, q_x: Real<S>, q_y: Real<S>) -> Real<S> {
        match Self::SECTION {
            Section::Disk => {
                let [s_x, s_y] = self.stretch();
                let (x, y) = (q_x * s_x, q_y * s_y);
                x.mul_add(x, y * y).sqrt()
            }
            Section::Strip => q_y.abs(),
        }
    }

    /// Factor of F that depends on q_x at most.
    #[inline(always)]
    fn factor<S: Simd>(&self, q_x: Real<S>) -> Real<S> {
        q_x.simd().real(1.0)
    }

    /// Position y = a + b z of the centre of the slice at the height z: \[a (nm), b\].
    fn lean(&self) -> [f64; 2] {
        [0.0; 2]
    }
}

/// Visits the nodes of an n-point Gauss-Legendre rule from `low` to `high`: (z, weight) in nm.
pub(super) fn gauss(n: usize, [low, high]: [f64; 2], mut visit: impl FnMut(f64, f64)) {
    let half = 0.5 * (high - low);
    for &(x, weight) in gauss_legendre(n.clamp(1, MOST_NODES)) {
        visit(low + half * (x + 1.0), half * weight);
    }
}

/// Phases beyond about 8000 are no longer resolved; F is below 1e-5 V there.
const MOST_NODES: usize = 4096;

/// F at one complex (u, q_z), for a plane that is not stretched.
pub(super) fn at(shape: &impl Sliced, u: Complex64, q_z: Complex64) -> Complex64 {
    let mut sum = Complex64::ZERO;
    shape.slices(taxicab(u), taxicab(q_z), |slice| {
        sum += slice.volume * transform(shape, u * slice.r) * cis(q_z * slice.z);
    });
    sum
}

/// F for the four terms of the DWBA, with a real u: one transform and two exponentials per slice.
pub(super) fn at_four(
    shape: &impl Sliced,
    u: f64,
    k_i: Complex64,
    k_f: Complex64,
) -> [Complex64; 4] {
    let mut terms = [Complex64::ZERO; 4];
    let real = k_i.im == 0.0 && k_f.im == 0.0;
    shape.slices(u, taxicab(k_i) + taxicab(k_f), |slice| {
        let disk = slice.volume * transform_real(shape, u * slice.r);
        let (i, f) = (cis(k_i * slice.z), cis(k_f * slice.z));
        if real {
            terms[3] += disk * i * f;
            terms[1] += disk * i * f.conj();
        } else {
            let (inverse_i, inverse_f) = (i.inv(), f.inv());
            terms[0] += disk * inverse_i * inverse_f;
            terms[1] += disk * i * inverse_f;
            terms[2] += disk * inverse_i * f;
            terms[3] += disk * i * f;
        }
    });
    if real {
        terms[0] = terms[3].conj();
        terms[2] = terms[1].conj();
    }
    terms
}

fn transform<S: Sliced>(_: &S, x: Complex64) -> Complex64 {
    S::SECTION.transform(x)
}

fn transform_real<S: Sliced>(_: &S, x: f64) -> f64 {
    S::SECTION.transform_real(x)
}

/// |Re z| + |Im z|, the band limit of a complex wavevector: relative to exp(|Im z|), an exponential
/// exp(i z x) is on Bernstein ellipses below exp(this sinh(eta)).
fn taxicab(z: Complex64) -> f64 {
    z.re.abs() + z.im.abs()
}

#[cfg(test)]
mod tests;
