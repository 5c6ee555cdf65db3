//! Finite two-dimensional crystal.

use std::f64::consts::PI;

use super::lattice::dot;
use super::{Lattice2d, StructureFactor};
use crate::elementary::{powi, sin};
use crate::error::{Error, Result};

/// A parallelogram of N1 x N2 cells without disorder:
///
/// S(q) = [sin(N1 x1) / sin x1]^2 [sin(N2 x2) / sin x2]^2 / (N1 N2), x_j = q.a_j / 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FiniteCrystal2d {
    lattice: Lattice2d,
    cells: [u32; 2],
}

impl FiniteCrystal2d {
    /// `cells` along the two vectors of `lattice`.
    ///
    /// # Errors
    /// If a number of cells is 0.
    pub fn new(lattice: Lattice2d, cells: [u32; 2]) -> Result<Self> {
        if cells.contains(&0) {
            return Err(Error::Length {
                name: "cells of a crystal",
                found: 0,
                expected: "at least 1",
            });
        }
        Ok(Self { lattice, cells })
    }
}

impl StructureFactor for FiniteCrystal2d {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let vectors = self.lattice.vectors_nm();
        (0..2)
            .map(|j| fejer(0.5 * dot([q_x, q_y], vectors[j]), self.cells[j]))
            .product()
    }

    fn density(&self) -> f64 {
        1.0 / self.lattice.cell_area()
    }
}

/// [sin(n x) / sin x]^2 / n, n at the multiples of pi.
fn fejer(x: f64, n: u32) -> f64 {
    let count = f64::from(n);
    // The quotient has the period pi, up to a sign; near 0 numerator and denominator are exact.
    let x = x - PI * (x / PI).round();
    if x.abs() < 1e-150 {
        return count;
    }
    powi(sin(count * x) / sin(x), 2) / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex64;

    #[test]
    fn is_the_sum_over_the_cells() {
        let lattice = Lattice2d::new(8.0, 11.0, 1.3, 0.4).unwrap();
        let crystal = FiniteCrystal2d::new(lattice, [4, 3]).unwrap();
        let [a1, a2] = lattice.vectors_nm();
        for q in [[0.0, 0.0], [0.3, 0.2], [0.78, -0.1], [40.0, 10.0]] {
            let sum: Complex64 = (0..12)
                .map(|n| {
                    let (i, j) = (f64::from(n % 4), f64::from(n / 4));
                    Complex64::cis(i * dot(q, a1) + j * dot(q, a2))
                })
                .sum();
            assert!(
                (crystal.at(q[0], q[1]) - sum.norm_sqr() / 12.0).abs() < 1e-10,
                "{q:?}"
            );
        }
        assert!(FiniteCrystal2d::new(lattice, [0, 3]).is_err());
    }
}
