//! Sums over the particles of a population, and how correlations make an intensity of them.
//!
//! With weights W, their sum w and the amplitudes F, everything is made of sums such as sum W F. Their
//! derivatives are summed along, and the rules of calculus are applied once per pixel at the end.

use num_complex::Complex64;

use super::structure::{
    RadialSlopes, SMALLEST_PHASE, StructureDifferential, step, structure_factor,
};
use crate::elementary::{cis, hypot};
use crate::sample::Correlation;
use crate::structure_factor::RadialParacrystal;

/// How the particles see each other at one q.
#[derive(Debug, Clone, Copy)]
pub(super) enum Neighbours {
    None,
    Decoupling(StructureDifferential),
    SizeSpacing {
        q_par: f64,
        kappa: f64,
        step: RadialSlopes<Complex64>,
    },
    LocalMonodisperse {
        q_par: f64,
        chain: RadialParacrystal,
    },
}

impl Neighbours {
    /// `differentiated` says whether derivatives of a structure factor are needed.
    pub(super) fn new(correlation: &Correlation, q: [f64; 2], differentiated: bool) -> Self {
        let q_par = hypot(q[0], q[1]);
        match correlation {
            Correlation::None { .. } => Self::None,
            Correlation::Decoupling(structure) => {
                let differential = differentiated
                    .then(|| structure.differential(q[0], q[1]))
                    .flatten();
                Self::Decoupling(differential.unwrap_or_else(|| StructureDifferential {
                    value: structure.at(q[0], q[1]),
                    ..StructureDifferential::default()
                }))
            }
            Correlation::SizeSpacing { paracrystal, kappa } => {
                // At q = 0 itself the chain without damping is 0/0.
                let q_par = q_par.max(SMALLEST_PHASE / paracrystal.distance_nm());
                Self::SizeSpacing {
                    q_par,
                    kappa: *kappa,
                    step: step(paracrystal, q_par),
                }
            }
            Correlation::LocalMonodisperse(chain) => Self::LocalMonodisperse {
                q_par,
                chain: *chain,
            },
        }
    }
}

/// Sums over the particles; also the derivatives of these sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    /// sum W.
    weight: f64,
    /// sum W F.
    amplitude: Complex64,
    /// sum W |F|^2.
    square: f64,
    /// Size-spacing correlation: sum W e F, sum W e F*, sum W e^2 with e = exp(i kappa q (R - Rm)).
    with_f: Complex64,
    with_conjugate: Complex64,
    phases: Complex64,
    /// The same with R - Rm as a factor.
    moment_with_f: Complex64,
    moment_with_conjugate: Complex64,
    moment_phases: Complex64,
    /// Local monodisperse approximation: sum W |F|^2 S(q R / Rm), and with dS/d ln q, dS/dD and
    /// dS/d(disorder) for S.
    local: f64,
    local_q: f64,
    local_distance: f64,
    local_disorder: f64,
}

/// One particle as the sums see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contribution {
    pub(super) weight: f64,
    pub(super) amplitude: Complex64,
    /// |F|^2, or its mean over heights.
    pub(super) square: f64,
}

/// Change of a [`Contribution`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Change {
    pub(super) weight: f64,
    pub(super) radius: f64,
    pub(super) amplitude: Complex64,
    pub(super) square: f64,
}

/// What depends on the size of a particle only.
#[derive(Debug, Clone, Copy)]
pub(super) enum Surroundings {
    None,
    Phase {
        /// kappa q.
        per_radius: f64,
        /// R - Rm.
        offset: f64,
        /// exp(i kappa q (R - Rm)).
        e: Complex64,
    },
    Local {
        radius: f64,
        /// q R / Rm, and S there.
        u: f64,
        s: RadialSlopes<f64>,
    },
}

impl Neighbours {
    pub(super) fn around(&self, radius: f64, mean_radius: f64) -> Surroundings {
        match self {
            Self::None | Self::Decoupling(_) => Surroundings::None,
            Self::SizeSpacing { q_par, kappa, .. } => {
                let offset = radius - mean_radius;
                let per_radius = kappa * q_par;
                Surroundings::Phase {
                    per_radius,
                    offset,
                    e: cis(per_radius * offset),
                }
            }
            Self::LocalMonodisperse { q_par, chain } => {
                let u = q_par * radius / mean_radius;
                Surroundings::Local {
                    radius,
                    u,
                    s: structure_factor(chain, u),
                }
            }
        }
    }
}

impl Sums {
    pub(super) fn add(&mut self, c: &Contribution, around: &Surroundings) {
        let w = c.weight;
        self.weight += w;
        self.amplitude += w * c.amplitude;
        self.square += w * c.square;
        match around {
            Surroundings::None => {}
            Surroundings::Phase { offset, e, .. } => {
                let (f, g, h) = (w * e * c.amplitude, w * e * c.amplitude.conj(), w * e * e);
                self.with_f += f;
                self.with_conjugate += g;
                self.phases += h;
                self.moment_with_f += offset * f;
                self.moment_with_conjugate += offset * g;
                self.moment_phases += offset * h;
            }
            Surroundings::Local { u, s, .. } => {
                let square = w * c.square;
                self.local += square * s.value;
                self.local_q += square * s.q * u;
                self.local_distance += square * s.distance;
                self.local_disorder += square * s.disorder;
            }
        }
    }

    /// Adds the change of [`Self::add`] by a change of the particle at a constant mean radius. Only
    /// what [`intensity_change`] reads is kept up to date.
    pub(super) fn add_change(&mut self, c: &Contribution, d: &Change, around: &Surroundings) {
        self.weight += d.weight;
        self.amplitude += d.weight * c.amplitude + c.weight * d.amplitude;
        let square = d.weight * c.square + c.weight * d.square;
        self.square += square;
        match around {
            Surroundings::None => {}
            Surroundings::Phase { per_radius, e, .. } => {
                // d ln e = i kappa q dR.
                let turn = Complex64::new(d.weight, c.weight * per_radius * d.radius);
                let (f, df) = (c.amplitude, d.amplitude);
                self.with_f += e * (turn * f + c.weight * df);
                self.with_conjugate += e * (turn * f.conj() + c.weight * df.conj());
                let turn = Complex64::new(d.weight, 2.0 * c.weight * per_radius * d.radius);
                self.phases += e * e * turn;
            }
            Surroundings::Local { radius, u, s } => {
                self.local +=
                    square * s.value + c.weight * c.square * s.q * u * (d.radius / radius);
            }
        }
    }
}

/// Intensity per particle.
pub(super) fn intensity(sums: &Sums, neighbours: &Neighbours) -> f64 {
    let w = sums.weight;
    match neighbours {
        Neighbours::None => sums.square / w,
        Neighbours::Decoupling(s) => {
            sums.square / w + (sums.amplitude / w).norm_sqr() * (s.value - 1.0)
        }
        Neighbours::SizeSpacing { step, .. } => {
            let coupling = step.value / (1.0 - step.value * sums.phases / w);
            let pairs = sums.with_f * sums.with_conjugate / (w * w);
            sums.square / w + 2.0 * (pairs * coupling).re
        }
        Neighbours::LocalMonodisperse { .. } => sums.local / w,
    }
}

/// How the arrangement changes together with the sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ArrangementChange {
    /// Change of q_par and of the in-plane q (nm^-1).
    pub(super) q_par: f64,
    pub(super) q: [f64; 2],
    /// Change of D (nm), of sigma_D / D, and of kappa.
    pub(super) distance: f64,
    pub(super) disorder: f64,
    pub(super) coupling: f64,
    /// Change of the mean radius, nm.
    pub(super) mean_radius: f64,
}

/// Change of the intensity per particle; `change` holds that of the sums.
pub(super) fn intensity_change(
    sums: &Sums,
    change: &Sums,
    neighbours: &Neighbours,
    arrangement: &ArrangementChange,
    mean_radius: f64,
) -> f64 {
    let w = sums.weight;
    let of_mean = |sum: f64, change_of_sum: f64| (change_of_sum - sum / w * change.weight) / w;
    let square = of_mean(sums.square, change.square);
    match neighbours {
        Neighbours::None => square,
        Neighbours::Decoupling(s) => {
            let mean = sums.amplitude / w;
            let d_mean = (change.amplitude - mean * change.weight) / w;
            let d_s = s.gradient[0] * arrangement.q[0]
                + s.gradient[1] * arrangement.q[1]
                + s.distance * arrangement.distance
                + s.disorder * arrangement.disorder;
            square + 2.0 * (mean.conj() * d_mean).re * (s.value - 1.0) + mean.norm_sqr() * d_s
        }
        Neighbours::SizeSpacing { q_par, kappa, step } => {
            // d ln e = i [(R - Rm) d(kappa q) - kappa q dRm] for all particles.
            let spread = kappa * arrangement.q_par + arrangement.coupling * q_par;
            let shift = kappa * q_par * arrangement.mean_radius;
            let mean = |sum: Complex64, moment: Complex64, own: Complex64, power: f64| {
                let turned = Complex64::I * power * (spread * moment - shift * sum);
                (sum / w, (own + turned - sum / w * change.weight) / w)
            };
            let (x, d_x) = mean(sums.with_f, sums.moment_with_f, change.with_f, 1.0);
            let (y, d_y) = mean(
                sums.with_conjugate,
                sums.moment_with_conjugate,
                change.with_conjugate,
                1.0,
            );
            let (z, d_z) = mean(sums.phases, sums.moment_phases, change.phases, 2.0);
            let f = step.value;
            let d_f = step.q * arrangement.q_par
                + step.distance * arrangement.distance
                + step.disorder * arrangement.disorder;
            let inverse = (1.0 - f * z).inv();
            let coupling = f * inverse;
            let d_coupling = (d_f + f * f * d_z) * inverse * inverse;
            square + 2.0 * ((d_x * y + x * d_y) * coupling + x * y * d_coupling).re
        }
        Neighbours::LocalMonodisperse { q_par, .. } => {
            // q R / Rm grows with q and shrinks with Rm; at q = 0 its logarithm does not change S.
            let relative = if *q_par > 0.0 {
                arrangement.q_par / q_par
            } else {
                0.0
            } - arrangement.mean_radius / mean_radius;
            let own = change.local
                + sums.local_q * relative
                + sums.local_distance * arrangement.distance
                + sums.local_disorder * arrangement.disorder;
            of_mean(sums.local, own)
        }
    }
}
