//! Structure factors made from others: random displacements, powders.

use std::f64::consts::PI;
use std::sync::Arc;

use super::StructureFactor;
use crate::elementary::{exp, hypot, sin_cos};
use crate::error::{Result, non_negative, positive};

/// A structure whose particles are displaced at random from their positions, independently, with
/// the rms displacement s along each direction: S becomes 1 + exp(-q_par^2 s^2) (S - 1).
#[derive(Debug, Clone)]
pub struct Displaced {
    structure: Arc<dyn StructureFactor>,
    rms_nm: f64,
}

impl Displaced {
    /// `structure` with rms displacements of `rms_nm` (nm).
    ///
    /// # Errors
    /// If the displacement is negative or not finite.
    pub fn new(structure: Arc<dyn StructureFactor>, rms_nm: f64) -> Result<Self> {
        let rms_nm = non_negative("rms displacement", rms_nm, "nm")?;
        Ok(Self { structure, rms_nm })
    }
}

impl StructureFactor for Displaced {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let order = exp(-(q_x * q_x + q_y * q_y) * self.rms_nm * self.rms_nm);
        1.0 + order * (self.structure.at(q_x, q_y) - 1.0)
    }

    fn density(&self) -> f64 {
        self.structure.density()
    }
}

/// Domains of a structure in all orientations about the surface normal: the mean of S over the
/// direction of q.
///
/// The mean is taken with equal steps, which converges exponentially as soon as the peaks,
/// whose width is the inverse of the coherence length, are resolved.
#[derive(Debug, Clone)]
pub struct Powder {
    structure: Arc<dyn StructureFactor>,
    coherence_nm: f64,
}

/// Steps per peak width on the circle, times 2 pi: a Gaussian peak is then exact to 1e-13.
const STEPS: f64 = 9.0;
/// Fewest steps on half a circle.
const FEWEST: f64 = 64.0;

impl Powder {
    /// Powder of `structure`, whose peaks are at least 1 / `coherence_nm` wide (nm).
    ///
    /// # Errors
    /// If the length is not positive.
    pub fn new(structure: Arc<dyn StructureFactor>, coherence_nm: f64) -> Result<Self> {
        let coherence_nm = positive("coherence length", coherence_nm, "nm")?;
        Ok(Self {
            structure,
            coherence_nm,
        })
    }
}

impl StructureFactor for Powder {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let q = hypot(q_x, q_y);
        // S(-q) = S(q): half a circle is enough.
        let n = (FEWEST + 0.5 * STEPS * q * self.coherence_nm).ceil();
        let sum: f64 = (0..n as usize)
            .map(|i| {
                let (sin, cos) = sin_cos(PI * i as f64 / n);
                self.structure.at(q * cos, q * sin)
            })
            .sum();
        sum / n
    }

    fn density(&self) -> f64 {
        self.structure.density()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Crystal2d, Form2d, Lattice2d, Profile2d};
    use super::*;

    fn crystal() -> Arc<Crystal2d> {
        let decay = Profile2d {
            form: Form2d::Gauss,
            omega_x_nm: 30.0,
            omega_y_nm: 20.0,
            gamma_rad: 0.3,
        };
        Arc::new(Crystal2d::new(Lattice2d::hexagonal(12.0).unwrap(), decay).unwrap())
    }

    #[test]
    fn powder_is_converged_and_isotropic() {
        let powder = Powder::new(crystal(), 30.0).unwrap();
        let finer = Powder::new(crystal(), 100.0).unwrap();
        for q in [0.05, 0.6046, 1.0, 1.7] {
            let s = powder.at(q, 0.0);
            assert!((s - powder.at(0.0, q)).abs() < 1e-10 * s);
            assert!((s - finer.at(q, 0.0)).abs() < 1e-10 * s, "{q}");
        }
    }

    #[test]
    fn displacements_fade_the_peaks() {
        let still = Displaced::new(crystal(), 0.0).unwrap();
        let moved = Displaced::new(crystal(), 1.0).unwrap();
        assert!((still.at(0.6046, 0.0) - crystal().at(0.6046, 0.0)).abs() < 1e-12);
        assert!((moved.at(9.0, 1.0) - 1.0).abs() < 1e-12);
        assert_eq!(moved.density(), crystal().density());
    }
}
