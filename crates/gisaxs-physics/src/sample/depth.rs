//! How particles inside a film are distributed over its depth.

use std::sync::Arc;

use num_complex::Complex64;

use crate::elementary::exp;
use crate::error::{Error, Result, check, positive};
use crate::exponential::divided_difference;

/// Distribution of the heights of the particles of [`super::Placement::Throughout`]: of the way
/// that a particle can be moved within its film, from touching the bottom to touching the top.
///
/// A particle at the height z has the four terms F_a exp(i q_a z) of the distorted-wave Born
/// approximation, so the mean of |F|^2 is the sum over pairs of F_a F_b* <exp(i (q_a - q_b*) z)>: the
/// distribution enters through its Fourier transform only, and no particle is evaluated at more
/// than one height.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum DepthProfile {
    /// All heights are equally probable.
    #[default]
    Uniform,
    /// The density falls off as exp(-depth / decay) below the top.
    FromTop {
        /// Decay length, nm.
        decay_nm: f64,
    },
    /// The density falls off as exp(-height / decay) above the bottom.
    FromBottom {
        /// Decay length, nm.
        decay_nm: f64,
    },
    /// Steps of equal thickness from the bottom to the top, with the relative number of particles
    /// in each.
    Steps(Arc<[f64]>),
}

impl DepthProfile {
    /// Checks the parameters.
    ///
    /// # Errors
    /// If a decay length is not positive, a weight is negative or not finite, or there is no
    /// positive weight.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Uniform => {}
            Self::FromTop { decay_nm } | Self::FromBottom { decay_nm } => {
                positive("decay length of the depth profile", *decay_nm, "nm")?;
            }
            Self::Steps(weights) => {
                if weights.is_empty() {
                    return Err(Error::Length {
                        name: "steps of the depth profile",
                        found: 0,
                        expected: "at least 1",
                    });
                }
                for weight in weights.iter() {
                    let allowed = "zero or positive";
                    check("weight of a depth", *weight, "", allowed, |w| w >= 0.0)?;
                }
                positive("sum of the weights of the depths", weights.iter().sum(), "")?;
            }
        }
        Ok(())
    }

    /// Mean of exp(i q z) over the heights z between 0 and `travel_nm` (nm), for q in nm^-1.
    pub(crate) fn mean_phase(&self, q: Complex64, travel_nm: f64) -> Complex64 {
        let phase = Complex64::I * q * travel_nm;
        // int_0^1 exp(x u) du.
        let uniform = |x: Complex64| {
            if x.norm_sqr() > 1.0 {
                (exp(x) - 1.0) / x
            } else {
                divided_difference([Complex64::ZERO, x])
            }
        };
        // With probabilities proportional to exp(-g u) above the bottom.
        let from_bottom = |phase: Complex64, decay_nm: f64| {
            let g = Complex64::from(travel_nm / decay_nm);
            uniform(phase - g) / uniform(-g)
        };
        match self {
            Self::Uniform => uniform(phase),
            Self::FromBottom { decay_nm } => from_bottom(phase, *decay_nm),
            // The same upside down: exp(x u) = exp(x) exp(-x (1 - u)).
            Self::FromTop { decay_nm } => exp(phase) * from_bottom(-phase, *decay_nm),
            Self::Steps(weights) => {
                let step = phase / weights.len() as f64;
                let (mut sum, mut total) = (Complex64::ZERO, 0.0);
                for (i, weight) in weights.iter().enumerate() {
                    sum += weight * exp(step * i as f64);
                    total += weight;
                }
                sum / total * uniform(step)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quadrature::gauss_legendre;

    const TRAVEL_NM: f64 = 30.0;

    /// By quadrature, with the density at a height.
    fn slow(density: impl Fn(f64) -> f64, q: Complex64) -> Complex64 {
        let (mut sum, mut total) = (Complex64::ZERO, 0.0);
        for step in 0..12 {
            for &(x, w) in gauss_legendre(40) {
                let z = TRAVEL_NM / 12.0 * (f64::from(step) + 0.5 * (x + 1.0));
                sum += w * density(z) * (Complex64::I * q * z).exp();
                total += w * density(z);
            }
        }
        sum / total
    }

    #[test]
    fn mean_phases_are_the_integrals() {
        let steps = DepthProfile::Steps(Arc::from([1.0, 0.0, 3.0, 2.0]));
        for q in [
            (0.0, 0.0),
            (1e-9, 0.0),
            (0.3, 0.0),
            (-1.2, 0.02),
            (2.0, -0.01),
            (0.0, 0.05),
        ] {
            let q = Complex64::new(q.0, q.1);
            for (profile, expected) in [
                (DepthProfile::Uniform, slow(|_| 1.0, q)),
                (
                    DepthProfile::FromTop { decay_nm: 4.0 },
                    slow(|z| ((z - TRAVEL_NM) / 4.0).exp(), q),
                ),
                (
                    DepthProfile::FromBottom { decay_nm: 70.0 },
                    slow(|z| (-z / 70.0).exp(), q),
                ),
                (
                    steps.clone(),
                    slow(|z| [1.0, 0.0, 3.0, 2.0][(z / TRAVEL_NM * 4.0) as usize], q),
                ),
            ] {
                let found = profile.mean_phase(q, TRAVEL_NM);
                let error = (found - expected).norm();
                assert!(
                    error < 1e-12 * expected.norm().max(1.0),
                    "{profile:?} {q}: {error:e}"
                );
            }
        }
    }

    #[test]
    fn limits() {
        let q = Complex64::new(0.4, 0.01);
        let uniform = DepthProfile::Uniform.mean_phase(q, TRAVEL_NM);
        for (profile, expected) in [
            (DepthProfile::FromTop { decay_nm: 1e9 }, uniform),
            (DepthProfile::Steps(Arc::from([2.0; 3])), uniform),
            // All at the bottom, all at the top; no overflow.
            (DepthProfile::FromBottom { decay_nm: 1e-9 }, Complex64::ONE),
            (
                DepthProfile::FromTop { decay_nm: 1e-9 },
                (Complex64::I * q * TRAVEL_NM).exp(),
            ),
        ] {
            let found = profile.mean_phase(q, TRAVEL_NM);
            assert!(
                (found - expected).norm() < 1e-8,
                "{profile:?}: {found} {expected}"
            );
        }
        assert_eq!(DepthProfile::Uniform.mean_phase(q, 0.0), Complex64::ONE);
    }

    #[test]
    fn steps_are_particles_at_many_heights() {
        use crate::quadrature::gauss_legendre;
        use crate::*;
        let index = |delta, beta| RefractiveIndex::new(delta, beta).unwrap();
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(index(2.5e-6, 4e-9), 30.0),
            Layer::semi_infinite(index(5.8e-6, 1e-7)),
        ])
        .unwrap();
        let density_per_nm2 = 1e-3;
        let film = |placement| Population::new(1, placement, Correlation::None { density_per_nm2 });
        let sphere = || Particle::new(Sphere::new(4.0).unwrap(), index(3.5e-5, 3e-6));
        let stepped = film(Placement::Throughout)
            .with(sphere(), 1.0)
            .and_then(|p| p.with_depth_profile(DepthProfile::Steps(Arc::from([1.0, 4.0]))))
            .unwrap();
        let mut at_heights = film(Placement::Bottom);
        for (step, share) in [(0.0, 1.0), (1.0, 4.0)] {
            for &(x, w) in gauss_legendre(60) {
                let offset = [0.0, 0.0, 11.0 * (step + 0.5 * (x + 1.0))];
                at_heights = at_heights.with_offset(sphere(), share * w, offset).unwrap();
            }
        }
        let beam = Beam::new(0.105, 0.005).unwrap();
        let directions: Vec<Direction> = (1..12)
            .map(|i| Direction {
                alpha_f_rad: 0.003 * f64::from(i),
                two_theta_f_rad: 0.004,
            })
            .collect();
        let [found, expected] = [stepped, at_heights].map(|population| {
            let sample = Sample::new(stack.clone(), vec![population]).unwrap();
            sample.cross_section(&beam, &directions)
        });
        for (a, b) in found.iter().zip(expected) {
            assert!((a / b - 1.0).abs() < 1e-10, "{a} {b}");
        }
        // A particle at one height has no profile.
        let fixed = film(Placement::Bottom).with_depth_profile(DepthProfile::Uniform);
        assert!(matches!(fixed, Err(Error::FixedHeight)));
    }

    #[test]
    fn refuses_bad_profiles() {
        assert!(DepthProfile::Uniform.validate().is_ok());
        assert!(DepthProfile::FromTop { decay_nm: 0.0 }.validate().is_err());
        assert!(
            DepthProfile::FromBottom { decay_nm: f64::NAN }
                .validate()
                .is_err()
        );
        for weights in [vec![], vec![0.0], vec![1.0, -1.0], vec![f64::INFINITY]] {
            assert!(DepthProfile::Steps(Arc::from(weights)).validate().is_err());
        }
    }
}
