//! Rough interfaces: how the mean density profile changes reflection and transmission.

use num_complex::Complex64;

use crate::elementary::{exp, exp_m1, ln_1p, sqrt};
use crate::error::{Result, non_negative};
use crate::simd::{Cplx, Simd};

/// Shape of the mean refractive-index profile across a rough interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum InterfaceProfile {
    /// Error function (Gaussian height distribution) in the approximation of Nevot and Croce.
    #[default]
    Erf,
    /// Hyperbolic tangent (Epstein profile), exact for one interface.
    Tanh,
}

/// Roughness of one interface.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Roughness {
    /// Effective root-mean-square height s in nm: what remains of sigma after the spatial
    /// frequencies beyond the resolution are cut off, see [`effective_sigma`].
    pub sigma_nm: f64,
    /// Shape of the mean profile.
    pub profile: InterfaceProfile,
}

impl Roughness {
    /// A smooth interface.
    pub const NONE: Self = Self {
        sigma_nm: 0.0,
        profile: InterfaceProfile::Erf,
    };

    /// Roughness with an error-function profile (Nevot-Croce) of `sigma_nm` (nm).
    ///
    /// # Errors
    /// If sigma is negative or not finite.
    pub fn erf(sigma_nm: f64) -> Result<Self> {
        let sigma_nm = non_negative("roughness sigma", sigma_nm, "nm")?;
        Ok(Self {
            sigma_nm,
            profile: InterfaceProfile::Erf,
        })
    }

    /// Roughness with a tanh profile of `sigma_nm` (nm).
    ///
    /// # Errors
    /// If sigma is negative or not finite.
    pub fn tanh(sigma_nm: f64) -> Result<Self> {
        let sigma_nm = non_negative("roughness sigma", sigma_nm, "nm")?;
        Ok(Self {
            sigma_nm,
            profile: InterfaceProfile::Tanh,
        })
    }

    /// Fresnel coefficients (r, t) of the interface between normal wavenumbers `a` (above) and
    /// `b` (below), in nm^-1, for a wave from above and nothing coming back.
    ///
    /// With s = sigma:
    ///
    /// - smooth: r = (a - b) / (a + b), t = 2 a / (a + b);
    /// - erf: r = (a - b) / (a + b) exp(-2 a b s^2), t = 2 a / (a + b) exp((a - b)^2 s^2 / 2)
    ///   (L. Nevot, P. Croce, Rev. Phys. Appl. 15, 761 (1980));
    /// - tanh: r = sinh(sqrt3 s (a - b)) / sinh(sqrt3 s (a + b)); t follows from
    ///   the conservation of flux, the transfer matrix having the determinant b / a.
    pub(super) fn fresnel(self, a: Complex64, b: Complex64) -> (Complex64, Complex64) {
        if a == b {
            return (Complex64::ZERO, Complex64::ONE);
        }
        let s = self.sigma_nm;
        if s == 0.0 {
            let inverse = (a + b).inv();
            return ((a - b) * inverse, 2.0 * a * inverse);
        }
        match self.profile {
            InterfaceProfile::Erf => {
                let inverse = (a + b).inv();
                let difference = (a - b) * s;
                let r = (a - b) * inverse * exp(-2.0 * s * s * a * b);
                (r, 2.0 * a * inverse * exp(0.5 * difference * difference))
            }
            InterfaceProfile::Tanh => {
                // r = (a - b rho^2) / (a + b rho^2) with rho^2 = tanhc(w b) / tanhc(w a), which
                // equals the quotient of sinh above and cannot overflow.
                let w = 3.0_f64.sqrt() * s;
                let [above, below] = [tanhc(w * a), tanhc(w * b)];
                let rho_squared = below / above;
                let rho = root_of_tanhc(below) / root_of_tanhc(above);
                let inverse = (a + b * rho_squared).inv();
                ((a - b * rho_squared) * inverse, 2.0 * a * rho * inverse)
            }
        }
    }
}

impl Roughness {
    /// [`Self::fresnel`] for vectors of pixels.
    #[inline(always)]
    pub(super) fn fresnel_of_lanes<S: Simd>(self, a: Cplx<S>, b: Cplx<S>) -> (Cplx<S>, Cplx<S>) {
        let simd = a.re.simd();
        let s = self.sigma_nm;
        let twice = a + a;
        if s == 0.0 {
            let inverse = (a + b).inverse();
            return ((a - b) * inverse, twice * inverse);
        }
        match self.profile {
            InterfaceProfile::Erf => {
                let inverse = (a + b).inverse();
                let difference = a - b;
                let r = difference * inverse * (a * b).scale(simd.real(-2.0 * s * s)).exp();
                let exponent = (difference * difference).scale(simd.real(0.5 * s * s));
                (r, twice * inverse * exponent.exp())
            }
            InterfaceProfile::Tanh => {
                let w = simd.real(3.0_f64.sqrt() * s);
                let [above, below] = [a, b].map(|k| tanhc_of_lanes(k.scale(w)));
                let rho_squared = below * above.inverse();
                let rho = root_of_tanhc_of_lanes(below) * root_of_tanhc_of_lanes(above).inverse();
                let seen = b * rho_squared;
                let inverse = (a + seen).inverse();
                ((a - seen) * inverse, twice * rho * inverse)
            }
        }
    }
}

/// [`tanhc`] for vectors of pixels.
#[inline(always)]
fn tanhc_of_lanes<S: Simd>(z: Cplx<S>) -> Cplx<S> {
    let simd = z.re.simd();
    let one = simd.complex(Complex64::ONE);
    let square = z * z;
    let series = square.mul_add(
        simd.complex((2.0 / 15.0).into()),
        simd.complex((-1.0 / 3.0).into()),
    );
    let series = series.mul_add(square, one);
    let small = z.norm_sqr().less_than(simd.real(1e-6));
    // Where the series is used, the quotient is not to divide by zero.
    let z = Cplx::select(small, one, z);
    let e = (-(z + z)).exp();
    Cplx::select(small, series, (one - e) * ((one + e) * z).inverse())
}

/// [`root_of_tanhc`] for vectors of pixels.
#[inline(always)]
fn root_of_tanhc_of_lanes<S: Simd>(value: Cplx<S>) -> Cplx<S> {
    let zero = value.re.simd().real(0.0);
    let size = (-value.re).max(zero);
    let on_the_cut = value.im.abs().less_than(size * ROUNDING);
    let root = Cplx::new(zero, -size.sqrt());
    Cplx::select(on_the_cut, root, value.sqrt())
}

/// Imaginary parts of a real function that are rounding, relative to its value.
const ROUNDING: f64 = 1e-13;

/// Root of a value of [`tanhc`]. In a strongly evanescent wave of a transparent medium, tanhc is
/// real and negative, and the sign of the root must not be left to rounding: a little absorption
/// brings the value below the real axis.
pub(crate) fn root_of_tanhc(value: Complex64) -> Complex64 {
    if value.im.abs() < -value.re * ROUNDING {
        Complex64::new(0.0, -(-value.re).sqrt())
    } else {
        sqrt(value)
    }
}

/// tanh(z) / z for Re z >= 0, without overflow; 1 at z = 0.
fn tanhc(z: Complex64) -> Complex64 {
    // Series z - z^3/3 + 2 z^5/15: truncation below 17/315 |z|^6 = 5e-20 at the crossover.
    if z.norm_sqr() < 1e-6 {
        let z2 = z * z;
        return 1.0 - z2 / 3.0 + z2 * z2 * (2.0 / 15.0);
    }
    let e = exp(-2.0 * z);
    (1.0 - e) / ((1.0 + e) * z)
}

/// Effective roughness in nm of a self-affine surface of which only spatial frequencies up to
/// `f_max_per_nm` (nm^-1) are seen:
///
/// s^2 = sigma^2 (1 - (1 + (2 pi f_max xi)^2)^-H),
///
/// with the rms height sigma (`sigma_nm`), the Hurst exponent H (`hurst`) and the lateral
/// correlation length xi (`correlation_nm`).
#[must_use]
pub fn effective_sigma(sigma_nm: f64, hurst: f64, correlation_nm: f64, f_max_per_nm: f64) -> f64 {
    let x = 2.0 * std::f64::consts::PI * f_max_per_nm * correlation_nm;
    // 1 - (1 + x^2)^-H through expm1 and ln_1p keeps the digits where the cut takes nearly all.
    sigma_nm * (-exp_m1(-hurst * ln_1p(x * x))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanhc_is_continuous_and_finite() {
        for z in [
            Complex64::new(0.9999e-3, 0.0),
            Complex64::new(0.6e-3, 0.8001e-3),
        ] {
            let direct = z.tanh() / z;
            assert!((tanhc(z) - direct).norm() < 1e-12);
        }
        assert_eq!(tanhc(Complex64::ZERO), Complex64::ONE);
        assert!(
            (tanhc(Complex64::new(800.0, 3.0)) * Complex64::new(800.0, 3.0) - 1.0).norm() < 1e-12
        );
    }

    #[test]
    fn tanh_profile_matches_the_quotient_of_sinh() {
        let (a, b) = (Complex64::new(0.3, 1e-3), Complex64::new(0.25, 0.02));
        let w = 3.0_f64.sqrt() * 1.3;
        let (r, t) = Roughness::tanh(1.3).unwrap().fresnel(a, b);
        let expected = (w * (a - b)).sinh() / (w * (a + b)).sinh();
        assert!((r - expected).norm() < 1e-14);
        // Flux: (1 - r^2) a = t^2 b for the analytic continuation.
        assert!(((1.0 - r * r) * a - t * t * b).norm() < 1e-14);
    }

    #[test]
    fn small_roughness_tends_to_smooth() {
        let (a, b) = (Complex64::new(0.3, 0.0), Complex64::new(0.25, 0.02));
        let (r0, t0) = Roughness::NONE.fresnel(a, b);
        for rough in [
            Roughness::erf(1e-6).unwrap(),
            Roughness::tanh(1e-6).unwrap(),
        ] {
            let (r, t) = rough.fresnel(a, b);
            assert!((r - r0).norm() < 1e-12 && (t - t0).norm() < 1e-12);
        }
        assert!(Roughness::erf(-1.0).is_err() && Roughness::tanh(f64::NAN).is_err());
    }

    #[test]
    fn effective_sigma_limits() {
        assert!((effective_sigma(1.5, 0.7, 30.0, 1e9) - 1.5).abs() < 1e-9);
        assert_eq!(effective_sigma(1.5, 0.7, 30.0, 0.0), 0.0);
    }
}
