//! Two-dimensional crystal with a finite coherence.

use std::f64::consts::PI;

use super::lattice::dot;
use super::{Form2d, Lattice2d, Profile2d, StructureFactor};
use crate::elementary::{cos, sin};
use crate::error::{Error, Result};

/// Particles on a lattice that is coherent over the range of a decay function:
///
/// S(q) = (1/A) sum_G 2 pi omega_x omega_y phi(q - G),
///
/// A the area of the cell, G the reciprocal lattice, phi the transform of the decay function
/// (Gaussian, Cauchy or Voigt), whose axes are turned by gamma from the first lattice vector.
///
/// The sum is limited to the neighbours of q that are 20 / omega away or closer along the axes
/// of the decay function (at least 4 in each direction). For the Gaussian that is complete; the
/// algebraic tails of the other two are cut, where an untruncated sum would be some per cent
/// larger between the peaks. Reference: G. Pospelov et al., J. Appl. Cryst. 53, 262 (2020).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crystal2d {
    lattice: Lattice2d,
    decay: Profile2d,
    /// Reciprocal points to either side.
    reach: [i32; 2],
}

/// Distance in units of 1 / omega up to which reciprocal points are counted.
const REACH: f64 = 20.0;
/// Fewest points to either side.
const FEWEST: i32 = 4;
/// Most points to either side; more would need coherence over less than a thousandth of a cell.
const MOST: f64 = 10_000.0;

impl Crystal2d {
    /// Crystal on `lattice` with the decay function `decay`.
    ///
    /// # Errors
    /// If the decay function is not valid or not Gaussian, Cauchy or Voigt.
    pub fn new(lattice: Lattice2d, decay: Profile2d) -> Result<Self> {
        decay.validate()?;
        if matches!(decay.form, Form2d::Gate | Form2d::Cone) {
            return Err(Error::DecayFunction);
        }
        let (x, y) = (REACH / decay.omega_x_nm, REACH / decay.omega_y_nm);
        let widest = |length: f64, angle: f64| {
            let (u, v) = (x * cos(angle), y * sin(angle));
            length * (u.abs() + v.abs()) / (2.0 * PI)
        };
        let [a, b] = lattice.lengths_nm();
        let reach = [
            widest(a, decay.gamma_rad),
            widest(b, lattice.angle_rad() - decay.gamma_rad),
        ]
        .map(|q| ((q + 1.0).floor().min(MOST) as i32).max(FEWEST) + 1);
        Ok(Self {
            lattice,
            decay,
            reach,
        })
    }

    /// The lattice.
    #[must_use]
    pub fn lattice(&self) -> Lattice2d {
        self.lattice
    }
}

impl StructureFactor for Crystal2d {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let q = [q_x, q_y];
        let [a1, a2] = self.lattice.vectors_nm();
        let [b1, b2] = self.lattice.reciprocal();
        let minus = |q: [f64; 2], i: f64, j: f64| {
            [q[0] - i * b1[0] - j * b2[0], q[1] - i * b1[1] - j * b2[1]]
        };
        let nearest = minus(
            q,
            (dot(a1, q) / (2.0 * PI)).round(),
            (dot(a2, q) / (2.0 * PI)).round(),
        );
        let direction = self.lattice.directions_rad()[0];
        let [n1, n2] = self.reach;
        let mut sum = 0.0;
        for i in -n1..=n1 {
            for j in -n2..=n2 {
                sum += self
                    .decay
                    .fourier(minus(nearest, i.into(), j.into()), direction);
            }
        }
        2.0 * PI * self.decay.omega_x_nm * self.decay.omega_y_nm / self.lattice.cell_area() * sum
    }

    fn density(&self) -> f64 {
        1.0 / self.lattice.cell_area()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_sum_over_the_lattice() {
        // Gaussian decay: sum over sites of exp(-r^2 / 2 omega^2) cos(q r), in the axes of the decay.
        let lattice = Lattice2d::new(8.0, 11.0, 1.3, 0.4).unwrap();
        let decay = Profile2d {
            form: Form2d::Gauss,
            omega_x_nm: 14.0,
            omega_y_nm: 20.0,
            gamma_rad: 0.7,
        };
        let crystal = Crystal2d::new(lattice, decay).unwrap();
        let [a1, a2] = lattice.vectors_nm();
        let (sin, cos) = (0.4_f64 + 0.7).sin_cos();
        for q in [[0.0, 0.0], [0.3, 0.2], [0.78, -0.1], [1.5, 1.0]] {
            let mut sum = 0.0;
            for i in -40..=40 {
                for j in -40..=40 {
                    let (i, j) = (f64::from(i), f64::from(j));
                    let r = [i * a1[0] + j * a2[0], i * a1[1] + j * a2[1]];
                    let u = (r[0] * cos + r[1] * sin) / 14.0;
                    let v = (r[1] * cos - r[0] * sin) / 20.0;
                    sum += (-0.5 * (u * u + v * v)).exp() * dot(q, r).cos();
                }
            }
            assert!((crystal.at(q[0], q[1]) - sum).abs() < 1e-10, "{q:?}");
        }
    }

    #[test]
    fn refuses_compact_decay_functions() {
        let decay = Profile2d {
            form: Form2d::Gate,
            omega_x_nm: 14.0,
            omega_y_nm: 20.0,
            gamma_rad: 0.7,
        };
        assert!(Crystal2d::new(Lattice2d::square(10.0).unwrap(), decay).is_err());
    }
}
