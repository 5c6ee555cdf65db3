//! Derivatives of shapes that are integrals over height.
//!
//! With mu(x) = -lambda'(x) / x, the gradient of a term lambda(u r) exp(i q_z z) is
//! -q r^2 mu(u r) in the plane and i z along the normal. If all cross-sections grow by dr, their
//! transforms r^d lambda(u r), of dimension d, change by r^(d-1) (d lambda - x^2 mu) dr.

use num_complex::Complex64;

use super::{Section, Sliced, taxicab};
use crate::form_factor::{Differential, cis};
use crate::special::{sphere_3j1_over_x, sphere_3j1_over_x_real};
use crate::special_derivatives::{bessel_j2_over_x2, bessel_j2_over_z2};

impl Section {
    /// mu, which is 2 J2(x) / x^2 for disks and j1(x) / x for strips.
    fn slope(self, x: Complex64) -> Complex64 {
        match self {
            Self::Disk => 2.0 * bessel_j2_over_z2(x),
            Self::Strip => sphere_3j1_over_x(x * x) / 3.0,
        }
    }

    /// The same for a real argument.
    fn slope_real(self, x: f64) -> f64 {
        match self {
            Self::Disk => 2.0 * bessel_j2_over_x2(x),
            Self::Strip => sphere_3j1_over_x_real(x * x) / 3.0,
        }
    }

    fn dimension(self) -> f64 {
        match self {
            Self::Disk => 2.0,
            Self::Strip => 1.0,
        }
    }
}

/// Integrals over the height behind F and its derivatives.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::form_factor) struct Integrals {
    pub(in crate::form_factor) value: Complex64,
    /// The gradient in the plane is -q times this one, that along z is i times the next.
    pub(in crate::form_factor) lateral: Complex64,
    pub(in crate::form_factor) vertical: Complex64,
    /// Derivatives if all cross-sections grow by dr, and by z dr.
    pub(in crate::form_factor) wider: Complex64,
    pub(in crate::form_factor) wider_above: Complex64,
}

impl Integrals {
    fn add(&mut self, wave: Complex64, z: f64, [value, lateral, wider]: [Complex64; 3]) {
        let value = wave * value;
        self.value += value;
        self.vertical += z * value;
        self.lateral += wave * lateral;
        let wider = wave * wider;
        self.wider += wider;
        self.wider_above += z * wider;
    }

    fn conj(&self) -> Self {
        Self {
            value: self.value.conj(),
            lateral: self.lateral.conj(),
            vertical: self.vertical.conj(),
            wider: self.wider.conj(),
            wider_above: self.wider_above.conj(),
        }
    }

    /// F and its gradient for a shape whose cross-sections are disks.
    pub(in crate::form_factor) fn of_disks(&self, [x, y, _]: [Complex64; 3]) -> Differential {
        let gradient = [
            -x * self.lateral,
            -y * self.lateral,
            Complex64::I * self.vertical,
        ];
        Differential::new(self.value, gradient)
    }
}

/// The integrals at one complex (u, q_z), for a plane that is not stretched.
pub(in crate::form_factor) fn integrals<S: Sliced>(
    shape: &S,
    u: Complex64,
    q_z: Complex64,
) -> Integrals {
    let mut sum = Integrals::default();
    shape.slices(taxicab(u), taxicab(q_z), |slice| {
        let x = u * slice.r;
        let (transform, slope) = (S::SECTION.transform(x), S::SECTION.slope(x));
        let growth = S::SECTION.dimension() * transform - x * x * slope;
        let per_r = if slice.r > 0.0 {
            slice.volume / slice.r
        } else {
            0.0
        };
        let parts = [
            slice.volume * transform,
            slice.volume * slice.r * slice.r * slope,
            per_r * growth,
        ];
        sum.add(cis(q_z * slice.z), slice.z, parts);
    });
    sum
}

/// The integrals for the four terms of the DWBA, with a real u.
pub(in crate::form_factor) fn integrals_four<S: Sliced>(
    shape: &S,
    u: f64,
    k_i: Complex64,
    k_f: Complex64,
) -> [Integrals; 4] {
    let mut terms = [Integrals::default(); 4];
    let real = k_i.im == 0.0 && k_f.im == 0.0;
    shape.slices(u, taxicab(k_i) + taxicab(k_f), |slice| {
        let x = u * slice.r;
        let (transform, slope) = (S::SECTION.transform_real(x), S::SECTION.slope_real(x));
        let growth = S::SECTION.dimension() * transform - x * x * slope;
        let per_r = if slice.r > 0.0 {
            slice.volume / slice.r
        } else {
            0.0
        };
        let parts = [
            slice.volume * transform,
            slice.volume * slice.r * slice.r * slope,
            per_r * growth,
        ]
        .map(Complex64::from);
        let (i, f) = (cis(k_i * slice.z), cis(k_f * slice.z));
        terms[3].add(i * f, slice.z, parts);
        if real {
            terms[1].add(i * f.conj(), slice.z, parts);
        } else {
            let (inverse_i, inverse_f) = (i.inv(), f.inv());
            terms[0].add(inverse_i * inverse_f, slice.z, parts);
            terms[1].add(i * inverse_f, slice.z, parts);
            terms[2].add(inverse_i * f, slice.z, parts);
        }
    });
    if real {
        terms[0] = terms[3].conj();
        terms[2] = terms[1].conj();
    }
    terms
}
