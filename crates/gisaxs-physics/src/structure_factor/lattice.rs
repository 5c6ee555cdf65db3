//! Two-dimensional lattices.

use std::f64::consts::PI;

use crate::elementary::{cos, sin};
use crate::error::{Result, check, positive};

/// A lattice in the surface plane: a1 = a (cos xi, sin xi), a2 = b (cos(xi + angle), sin(xi + angle)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice2d {
    a_nm: f64,
    b_nm: f64,
    angle_rad: f64,
    xi_rad: f64,
}

impl Lattice2d {
    /// Lattice with the constants `a_nm` and `b_nm` (nm), the angle between the lattice vectors
    /// and the angle `xi_rad` of the first to the x axis (rad).
    ///
    /// # Errors
    /// If a length is not positive or the vectors are parallel.
    pub fn new(a_nm: f64, b_nm: f64, angle_rad: f64, xi_rad: f64) -> Result<Self> {
        Ok(Self {
            a_nm: positive("lattice constant a", a_nm, "nm")?,
            b_nm: positive("lattice constant b", b_nm, "nm")?,
            angle_rad: check("lattice angle", angle_rad, "rad", "0 < angle < pi", |g| {
                g > 0.0 && g < PI
            })?,
            xi_rad: check(
                "lattice orientation",
                xi_rad,
                "rad",
                "a finite number",
                |_| true,
            )?,
        })
    }

    /// Square lattice along the axes.
    ///
    /// # Errors
    /// If the length is not positive.
    pub fn square(a_nm: f64) -> Result<Self> {
        Self::new(a_nm, a_nm, 0.5 * PI, 0.0)
    }

    /// Hexagonal lattice with the first vector along x.
    ///
    /// # Errors
    /// If the length is not positive.
    pub fn hexagonal(a_nm: f64) -> Result<Self> {
        Self::new(a_nm, a_nm, 2.0 * PI / 3.0, 0.0)
    }

    /// The lattice turned by `angle_rad` (rad) about the normal.
    #[must_use]
    pub fn turned(self, angle_rad: f64) -> Self {
        Self {
            xi_rad: self.xi_rad + angle_rad,
            ..self
        }
    }

    /// Lengths a and b in nm.
    #[must_use]
    pub fn lengths_nm(&self) -> [f64; 2] {
        [self.a_nm, self.b_nm]
    }

    /// Angle between the lattice vectors in rad.
    #[must_use]
    pub fn angle_rad(&self) -> f64 {
        self.angle_rad
    }

    /// Directions of the lattice vectors, as angles to the x axis in rad.
    #[must_use]
    pub fn directions_rad(&self) -> [f64; 2] {
        [self.xi_rad, self.xi_rad + self.angle_rad]
    }

    /// The lattice vectors a1 and a2, nm.
    #[must_use]
    pub fn vectors_nm(&self) -> [[f64; 2]; 2] {
        let [d1, d2] = self.directions_rad();
        [
            [self.a_nm * cos(d1), self.a_nm * sin(d1)],
            [self.b_nm * cos(d2), self.b_nm * sin(d2)],
        ]
    }

    /// The reciprocal vectors b1 and b2 with a_i.b_j = 2 pi delta_ij, nm^-1.
    #[must_use]
    pub fn reciprocal(&self) -> [[f64; 2]; 2] {
        let [a1, a2] = self.vectors_nm();
        let scale = 2.0 * PI / (a1[0] * a2[1] - a1[1] * a2[0]);
        [
            [scale * a2[1], -scale * a2[0]],
            [-scale * a1[1], scale * a1[0]],
        ]
    }

    /// Area of the unit cell in nm^2; one particle per cell.
    #[must_use]
    pub fn cell_area(&self) -> f64 {
        self.a_nm * self.b_nm * sin(self.angle_rad)
    }
}

/// Scalar product in the plane.
pub(super) fn dot(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reciprocal_vectors() {
        let lattice = Lattice2d::new(12.0, 17.0, 1.2, 0.3).unwrap().turned(0.4);
        let (a, b) = (lattice.vectors_nm(), lattice.reciprocal());
        for (i, a) in a.into_iter().enumerate() {
            for (j, b) in b.into_iter().enumerate() {
                let expected = if i == j { 2.0 * PI } else { 0.0 };
                assert!((dot(a, b) - expected).abs() < 1e-13);
            }
        }
        assert!(Lattice2d::new(1.0, 1.0, 0.0, 0.0).is_err());
        let hexagonal = Lattice2d::hexagonal(2.0).unwrap();
        assert!((hexagonal.cell_area() - 2.0 * 3.0_f64.sqrt()).abs() < 1e-14);
    }
}
