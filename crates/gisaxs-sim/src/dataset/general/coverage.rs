//! How much of the surface, or of a film, the particles of a described sample take.

use gisaxs_physics::{Axis, Correlation, FormFactor, Rotation, StructureFactor};

/// Columns and heights of the grid on which shadows are measured: 0.5 % of the area of a sphere.
const COLUMNS: u32 = 64;
const HEIGHTS: u32 = 24;
/// Distance of the lowest and highest grid points from the ends of a shape, over its height: the
/// widest section of most shapes is their base.
const INSET: f64 = 1e-3;

/// What stands for the area that a particle takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    /// The rectangle around its shadow, which is never smaller.
    Rectangle,
    /// Its shadow.
    Shadow,
}

/// A shape that was turned about its origin, first turn first, angles in rad.
pub(super) struct Turned<'a> {
    shape: &'a dyn FormFactor,
    back: Rotation,
}

impl<'a> Turned<'a> {
    pub(super) fn new(shape: &'a dyn FormFactor, turns: &[(Axis, f64)]) -> Self {
        let back = turns
            .iter()
            .rev()
            .fold(Rotation::IDENTITY, |back, &(axis, angle_rad)| {
                back.then(Rotation::about(axis, -angle_rad))
            });
        Self { shape, back }
    }

    /// Ends along an axis of space, nm.
    fn ends(&self, axis: usize) -> [f64; 2] {
        let mut direction = [0.0; 3];
        direction[axis] = 1.0;
        let direction = self.back.apply(direction);
        let opposite = direction.map(|x| -x);
        [-self.shape.support(opposite), self.shape.support(direction)]
    }

    /// Area of the rectangle around the shadow, nm^2.
    pub(super) fn rectangle(&self) -> f64 {
        [0, 1]
            .map(|axis| {
                let [low, high] = self.ends(axis);
                high - low
            })
            .iter()
            .product()
    }

    /// Area of the shadow on the surface, nm^2: where a vertical line somewhere meets at least
    /// half of the full density.
    pub(super) fn shadow(&self) -> f64 {
        let [x, y, z] = [0, 1, 2].map(|axis| self.ends(axis));
        let centre = |[low, high]: [f64; 2], i: u32| {
            low + (high - low) * (f64::from(i) + 0.5) / f64::from(COLUMNS)
        };
        let heights: Vec<f64> = (0..HEIGHTS)
            .map(|i| {
                let t = f64::from(i) / f64::from(HEIGHTS - 1);
                z[0] + (z[1] - z[0]) * (INSET + (1.0 - 2.0 * INSET) * t)
            })
            .collect();
        let mut hidden = 0_u32;
        for i in 0..COLUMNS {
            for j in 0..COLUMNS {
                let (x, y) = (centre(x, i), centre(y, j));
                let meets = |z: &f64| self.shape.density(self.back.apply([x, y, *z])) >= 0.5;
                hidden += u32::from(heights.iter().any(meets));
            }
        }
        self.rectangle() * f64::from(hidden) / f64::from(COLUMNS * COLUMNS)
    }
}

/// Particles per nm^2 of an arrangement.
pub(super) fn density_per_nm2(correlation: &Correlation) -> f64 {
    match correlation {
        Correlation::None { density_per_nm2 } => *density_per_nm2,
        Correlation::Decoupling(structure) => structure.density(),
        Correlation::SizeSpacing { paracrystal, .. }
        | Correlation::LocalMonodisperse(paracrystal) => paracrystal.density(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_PI_2, PI};

    #[test]
    fn shadows_are_those_of_geometry() {
        let area = |name: &str, parameters: &[(&str, f64)], turns: &[(Axis, f64)]| {
            let shape = gisaxs_physics::shape(name, parameters).unwrap();
            Turned::new(shape.as_ref(), turns).shadow()
        };
        let cylinder = [("radius", 3.0), ("height", 10.0)];
        let ellipsoid = [("radius_x", 2.0), ("radius_y", 3.0), ("radius_z", 5.0)];
        let cone = [("radius", 4.0), ("height", 2.0), ("alpha", 1.2)];
        for (found, expected) in [
            (area("Sphere", &[("radius", 3.0)], &[]), 9.0 * PI),
            (area("Cylinder", &cylinder, &[]), 9.0 * PI),
            // Lying down it hides a rectangle, and turned about the normal as well.
            (area("Cylinder", &cylinder, &[(Axis::X, FRAC_PI_2)]), 60.0),
            (
                area(
                    "Cylinder",
                    &cylinder,
                    &[(Axis::Y, FRAC_PI_2), (Axis::Z, 0.6)],
                ),
                60.0,
            ),
            (area("Cone", &cone, &[]), 16.0 * PI),
            (area("Ellipsoid", &ellipsoid, &[]), 6.0 * PI),
            (
                area("Ellipsoid", &ellipsoid, &[(Axis::X, FRAC_PI_2)]),
                10.0 * PI,
            ),
        ] {
            assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
        }
    }
}
