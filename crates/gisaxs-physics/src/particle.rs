//! Particles: shapes made of a material, turned, shifted, and put together.

mod lattice;
mod mesocrystal;

pub use lattice::Lattice3d;

use std::sync::Arc;

use num_complex::Complex64;

use crate::elementary::{hypot, sin_cos};
use crate::error::{Error, Result, positive};
use crate::form_factor::FormFactor;
use crate::material::RefractiveIndex;

/// A rotation in space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation {
    matrix: [[f64; 3]; 3],
}

/// A coordinate axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Along the beam.
    X,
    /// In the surface, across the beam.
    Y,
    /// The surface normal.
    Z,
}

impl Rotation {
    /// No rotation.
    pub const IDENTITY: Self = Self {
        matrix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    };

    /// Right-handed, active rotation by `angle_rad` about an axis.
    #[must_use]
    pub fn about(axis: Axis, angle_rad: f64) -> Self {
        let (s, c) = sin_cos(angle_rad);
        let matrix = match axis {
            Axis::X => [[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]],
            Axis::Y => [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]],
            Axis::Z => [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]],
        };
        Self { matrix }
    }

    /// This rotation followed by `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let (a, b) = (next.matrix, self.matrix);
        let matrix = std::array::from_fn(|i| {
            std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum())
        });
        Self { matrix }
    }

    /// The rotated vector.
    #[must_use]
    pub fn apply(self, v: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|i| (0..3).map(|k| self.matrix[i][k] * v[k]).sum())
    }

    /// The vector rotated back.
    pub(crate) fn apply_inverse<T>(self, v: [T; 3]) -> [T; 3]
    where
        T: Copy + std::ops::Mul<f64, Output = T> + std::iter::Sum,
    {
        std::array::from_fn(|i| (0..3).map(|k| v[k] * self.matrix[k][i]).sum())
    }

    /// Whether the vertical axis stays vertical (upwards).
    pub(crate) fn keeps_the_normal(self) -> bool {
        self.matrix[2] == [0.0, 0.0, 1.0] && self.matrix[0][2] == 0.0 && self.matrix[1][2] == 0.0
    }
}

/// A particle: one homogeneous body, or several rigidly connected ones.
///
/// Its origin is the centre of the base of the (first) shape before rotation.
///
/// ```
/// use gisaxs_physics::{Particle, RefractiveIndex, Sphere};
///
/// let gold = RefractiveIndex::new(4.7e-5, 4.5e-6)?;
/// let silica = RefractiveIndex::new(7.1e-6, 9.2e-8)?;
/// let core = Particle::new(Sphere::new(3.0)?, gold).translated([0.0, 0.0, 2.0]);
/// let particle = Particle::core_shell(core, Particle::new(Sphere::new(5.0)?, silica));
/// assert_eq!(particle.vertical_extent(), [0.0, 10.0]);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Particle {
    components: Vec<Component>,
    /// Position of the particle's own origin.
    origin_nm: [f64; 3],
    /// Where the size is stated rather than computed.
    radius_nm: Option<f64>,
}

/// One homogeneous body of a particle.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    pub(crate) shape: Arc<dyn FormFactor>,
    pub(crate) index: RefractiveIndex,
    /// The material that the body replaces, where that is not the layer.
    pub(crate) inside: Option<RefractiveIndex>,
    pub(crate) rotation: Rotation,
    /// Position of the shape's origin, applied after the rotation.
    pub(crate) position_nm: [f64; 3],
    /// How many layers below the particle's layer the body is; its height counts from the top of
    /// that layer. Only sliced particles reach over several layers.
    pub(crate) layers_below: usize,
}

impl Component {
    /// Lowest and highest point.
    fn vertical_extent(&self) -> [f64; 2] {
        let up = self.rotation.apply_inverse([0.0, 0.0, 1.0]);
        let z = self.position_nm[2];
        [
            z - self.shape.support(up.map(|c| -c)),
            z + self.shape.support(up),
        ]
    }
}

impl Particle {
    /// A homogeneous particle.
    #[must_use]
    pub fn new(shape: impl FormFactor + 'static, index: RefractiveIndex) -> Self {
        Self::from_shape(Arc::new(shape), index)
    }

    /// A homogeneous particle of a shape that is only known at run time, see [`crate::shape`].
    #[must_use]
    pub fn from_shape(shape: Arc<dyn FormFactor>, index: RefractiveIndex) -> Self {
        let component = Component {
            shape,
            index,
            inside: None,
            rotation: Rotation::IDENTITY,
            position_nm: [0.0; 3],
            layers_below: 0,
        };
        Self::of_bodies(vec![component])
    }

    fn of_bodies(components: Vec<Component>) -> Self {
        Self {
            components,
            origin_nm: [0.0; 3],
            radius_nm: None,
        }
    }

    /// Several particles that scatter as one rigid body. They must not overlap.
    #[must_use]
    pub fn compound(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::of_bodies(parts.into_iter().flat_map(|p| p.components).collect())
    }

    /// A core inside a homogeneous shell; the core's material replaces that of the shell. The
    /// core is placed relative to the shell's origin and must lie inside the shell.
    #[must_use]
    pub fn core_shell(core: Self, shell: Self) -> Self {
        let around = shell.components.first().map(|c| c.index);
        let core = core.components.into_iter().map(|c| Component {
            inside: c.inside.or(around),
            ..c
        });
        let mut components = shell.components;
        components.extend(core);
        Self::of_bodies(components)
    }

    /// The particle turned about its origin.
    #[must_use]
    pub fn rotated(mut self, rotation: Rotation) -> Self {
        for c in &mut self.components {
            // Turned corners spare turned q, and can be cut.
            let turned = c.shape.turned(c.rotation.then(rotation));
            (c.shape, c.rotation) = match turned {
                Some(shape) => (shape, Rotation::IDENTITY),
                None => (c.shape.clone(), c.rotation.then(rotation)),
            };
            c.position_nm = rotation.apply(c.position_nm);
        }
        self.origin_nm = rotation.apply(self.origin_nm);
        self
    }

    /// The particle shifted by a vector (nm).
    #[must_use]
    pub fn translated(mut self, shift_nm: [f64; 3]) -> Self {
        let positions = self.components.iter_mut().map(|c| &mut c.position_nm);
        for position in positions.chain([&mut self.origin_nm]) {
            for (coordinate, shift) in position.iter_mut().zip(shift_nm) {
                *coordinate += shift;
            }
        }
        self
    }

    /// Heights (nm) of the lowest and the highest point.
    #[must_use]
    pub fn vertical_extent(&self) -> [f64; 2] {
        self.components
            .iter()
            .map(Component::vertical_extent)
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], [l, h]| {
                [low.min(l), high.max(h)]
            })
    }

    /// Radius in nm that stands for the size of the particle in the surface plane, in hard disks
    /// and where sizes determine distances: the radius (see [`FormFactor::radius`]) of a body plus
    /// its lateral distance from the particle's origin, for the body where that is largest. Cores
    /// inside a shell do not count.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.radius_nm.unwrap_or_else(|| {
            self.components
                .iter()
                .filter(|c| c.inside.is_none())
                .map(|c| self.reach(c))
                .fold(0.0, f64::max)
        })
    }

    /// Index of the body that determines the radius, unless that is stated.
    pub(crate) fn widest(&self) -> Option<usize> {
        let radius = self.radius();
        let widest = |c: &Component| c.inside.is_none() && self.reach(c) >= radius;
        let found = self.components.iter().position(widest);
        found.filter(|_| self.radius_nm.is_none())
    }

    /// Lateral distance of a body's far side from the origin, nm.
    fn reach(&self, body: &Component) -> f64 {
        let [x, y] = [0, 1].map(|i| body.position_nm[i] - self.origin_nm[i]);
        hypot(x, y) + body.shape.radius()
    }

    /// The same particle with another [`Self::radius`] (nm).
    ///
    /// # Errors
    /// If the radius is not positive.
    pub fn with_radius(self, radius_nm: f64) -> Result<Self> {
        let radius = positive("particle radius", radius_nm, "nm")?;
        Ok(Self {
            radius_nm: Some(radius),
            ..self
        })
    }

    /// Volume in nm^3.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.components
            .iter()
            .filter(|c| c.inside.is_none())
            .map(|c| c.shape.volume())
            .sum()
    }

    /// The particle shifted up by `z_nm` and cut at the boundaries between layers. `tops` are the
    /// heights of their top interfaces from the top down, and last that of the lowest bottom. The
    /// heights of the parts count from the top of their layer, or from its bottom where the top is
    /// infinitely high.
    ///
    /// # Errors
    /// If a body cannot be cut.
    pub(crate) fn sliced(&self, z_nm: f64, tops: &[f64]) -> Result<Self> {
        let mut components = Vec::new();
        for body in &self.components {
            let [low, high] = body.vertical_extent().map(|z| z + z_nm);
            let base = body.position_nm[2] + z_nm;
            for (layers_below, pair) in tops.windows(2).enumerate() {
                let (top, bottom) = (high.min(pair[0]), low.max(pair[1]));
                // Slices thinner than this hold less than 1e-9 of a particle.
                if top - bottom <= 1e-9 * (high - low) {
                    continue;
                }
                let reference = if pair[0].is_finite() {
                    pair[0]
                } else {
                    pair[1]
                };
                let [x, y, _] = body.position_nm;
                if top - bottom >= (1.0 - 1e-9) * (high - low) {
                    // Uncut, and so of any shape and orientation.
                    components.push(Component {
                        position_nm: [x, y, base - reference],
                        layers_below,
                        ..body.clone()
                    });
                    continue;
                }
                let upright = body.rotation.keeps_the_normal();
                let shape = body
                    .shape
                    .cut(bottom - base, top - base)
                    .filter(|_| upright);
                components.push(Component {
                    shape: shape.ok_or(Error::NotSliceable)?,
                    position_nm: [x, y, bottom - reference],
                    layers_below,
                    ..body.clone()
                });
            }
        }
        Ok(Self {
            components,
            ..self.clone()
        })
    }

    /// Whether parts of it are in other layers than its own.
    pub(crate) fn is_sliced(&self) -> bool {
        self.components.iter().any(|c| c.layers_below > 0)
    }

    /// The particle with each body that replaced its layer replacing the medium of the layer that it is
    /// in, the first medium being that of the particle's own layer.
    pub(crate) fn embedded_in(mut self, media: &[RefractiveIndex]) -> Self {
        for body in &mut self.components {
            body.inside = body.inside.or(Some(media[body.layers_below]));
        }
        self
    }

    /// Integral of n^2 - n_medium^2 over the bodies that are so many layers below, nm^3.
    pub(crate) fn excess(&self, medium: RefractiveIndex, layers_below: usize) -> Complex64 {
        self.components
            .iter()
            .filter(|c| c.layers_below == layers_below)
            .map(|c| c.index.contrast(c.inside.unwrap_or(medium)) * c.shape.volume())
            .sum()
    }

    pub(crate) fn components(&self) -> &[Component] {
        &self.components
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form_factor::{Cylinder, Sphere};

    const GOLD: RefractiveIndex = RefractiveIndex {
        delta: 4.7e-5,
        beta: 4.5e-6,
    };

    #[test]
    fn rotations_compose_in_order() {
        let quarter = std::f64::consts::FRAC_PI_2;
        let x_then_z = Rotation::about(Axis::X, quarter).then(Rotation::about(Axis::Z, quarter));
        let v = x_then_z.apply([0.0, 1.0, 0.0]);
        assert!((v[2] - 1.0).abs() < 1e-15 && v[0].abs() < 1e-15 && v[1].abs() < 1e-15);
        let back = x_then_z.apply_inverse(v);
        assert!((back[1] - 1.0).abs() < 1e-15);
        assert!(Rotation::about(Axis::Z, 0.3).keeps_the_normal());
        assert!(!x_then_z.keeps_the_normal());
        let y = Rotation::about(Axis::Y, quarter).apply([0.0, 0.0, 1.0]);
        assert!((y[0] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn extents_follow_rotation_and_translation() {
        let lying = Particle::new(Cylinder::new(2.0, 10.0).unwrap(), GOLD)
            .rotated(Rotation::about(Axis::X, std::f64::consts::FRAC_PI_2));
        let [low, high] = lying.vertical_extent();
        assert!((low + 2.0).abs() < 1e-14 && (high - 2.0).abs() < 1e-14);
        let dimer = Particle::compound([
            Particle::new(Sphere::new(3.0).unwrap(), GOLD),
            Particle::new(Sphere::new(1.0).unwrap(), GOLD).translated([4.0, 0.0, -0.5]),
        ]);
        assert_eq!(dimer.vertical_extent(), [-0.5, 6.0]);
        // The small sphere reaches 4 + 1 from the origin; moving the whole changes nothing.
        assert_eq!(dimer.radius(), 5.0);
        assert_eq!(dimer.clone().translated([7.0, 1.0, 0.0]).radius(), 5.0);
        assert_eq!(dimer.clone().with_radius(4.0).unwrap().radius(), 4.0);
        assert!(dimer.with_radius(0.0).is_err());
    }
}
