//! Form factors of homogeneous particles and the catalogue of shapes.
//!
//! F(q) = int over the particle of exp(+i q.r) d^3r, in nm^3, so F(0) is the volume. The origin is the
//! centre of the base: z = 0 is the lowest plane of the shape, the vertical axis passes through
//! its centre. q may be complex (waves in absorbing layers); q.q then means the sum of squares
//! without conjugation.
//!
//! A new shape is one file with its type, kernel, parameter table and documentation, and one
//! line in the list below. The catalogue, the construction by name and the tests that run over
//! all shapes follow from that line.

use crate::elementary::{self, exp};

mod ball;
#[cfg(test)]
mod block_tests;
mod catalogue;
mod derivative;
mod revolution;
mod slab;
mod slices;
mod terms;

pub use catalogue::{Limits, Parameter, ShapeInfo, shape, shapes};
pub use derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS, cauchy_gradient};
pub(crate) use slab::up_and_down;
pub(crate) use terms::{BLOCK, Column, Columns, lanes_of, vector};
pub use terms::{Scratch, Split, Terms};

use std::sync::Arc;

use num_complex::Complex64;

use crate::particle::Rotation;

/// Registers the shapes: a module, its type, and its catalogue entries.
macro_rules! register {
    ($($module:ident::$shape:ident[$($info:ident),+]),+ $(,)?) => {
        $(mod $module; pub use $module::$shape;)+
        static CATALOGUE: &[ShapeInfo] = &[$($($module::$info),+),+];
    };
}

register! {
    cone::Cone[INFO],
    cuboid::Cuboid[INFO],
    cylinder::Cylinder[INFO],
    ellipsoid::Ellipsoid[INFO, SPHEROID],
    ellipsoidal_cylinder::EllipsoidalCylinder[INFO],
    ellipsoidal_segment::EllipsoidalSegment[INFO, SPHEROIDAL],
    fuzzy_sphere::FuzzySphere[INFO],
    horizontal_cylinder::HorizontalCylinder[INFO],
    polyhedron::Polyhedron[
        PRISM3, PRISM6, PYRAMID2, PYRAMID3, PYRAMID4, PYRAMID6, BIPYRAMID4, TETRAHEDRON, OCTAHEDRON,
        DODECAHEDRON, ICOSAHEDRON, TRUNCATED_CUBE, CANTELLATED_CUBE
    ],
    ridge::Ridge[
        BAR_GAUSS, BAR_LORENTZ, LONG_BOX_GAUSS, LONG_BOX_LORENTZ, COSINE_BOX, COSINE_GAUSS,
        COSINE_LORENTZ, SAWTOOTH_BOX, SAWTOOTH_GAUSS, SAWTOOTH_LORENTZ
    ],
    sphere::Sphere[INFO],
    spherical_segment::SphericalSegment[INFO],
}

pub use revolution::Revolution;
pub use ridge::{AlongRidge, CrossSection};

/// A homogeneous particle shape.
pub trait FormFactor: std::fmt::Debug + Send + Sync {
    /// F(q) in nm^3 for a complex scattering vector in nm^-1.
    fn at(&self, q: [Complex64; 3]) -> Complex64;

    /// Volume F(0) in nm^3.
    fn volume(&self) -> f64;

    /// Radius in nm that stands for the size of the particle in the surface plane: the
    /// equatorial or base radius of round shapes (the mean of both for ellipses), the largest
    /// distance of a corner from the centre of mass of polyhedra, half the length or the radius
    /// of lying cylinders, half the length of long boxes and the mean of half the length and half
    /// the width of other ridges.
    fn radius(&self) -> f64;

    /// Support function in nm: the largest value of direction.r over the shape. Gives the
    /// lowest and highest point of a rotated particle.
    fn support(&self, direction: [f64; 3]) -> f64;

    /// Smallest box along the axes that holds the shape, [[x, y, z] lowest, [x, y, z] highest]
    /// in nm. Shapes with soft limits end where their density has decayed to about 1e-5.
    fn bounding_box(&self) -> [[f64; 3]; 2] {
        let axis = |i: usize| std::array::from_fn(|j| f64::from(u8::from(i == j)));
        [
            std::array::from_fn(|i| -self.support(axis(i).map(|c: f64| -c))),
            std::array::from_fn(|i| self.support(axis(i))),
        ]
    }

    /// Density at a point (nm): 1 inside, 0 outside, between for shapes with soft limits.
    fn density(&self, r: [f64; 3]) -> f64;

    /// The part of the shape between two heights above its base (nm), standing on z = 0; `None`
    /// where there is no shape for it.
    fn cut(&self, _low_nm: f64, _high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        None
    }

    /// Derivatives with respect to q and to the shape's parameters; `None` where there are no closed
    /// forms. F can still be differentiated with respect to q, by [`cauchy_gradient`].
    fn derivatives(&self) -> Option<&dyn Differentiable> {
        None
    }

    /// The shape turned about its origin, if it can be described so: bodies with plane faces turn their
    /// corners. `None` for the others, where q is turned instead, for every pixel.
    fn turned(&self, _rotation: Rotation) -> Option<Arc<dyn FormFactor>> {
        None
    }

    /// F for the four vertical wavevector transfers of the DWBA, all with the same real
    /// in-plane q: q_z = -k_i - k_f, +k_i - k_f, -k_i + k_f, +k_i + k_f, where k_i and k_f
    /// are the normal wavenumbers (nm^-1) in the particle's layer.
    ///
    /// Shapes override it where the four values share work.
    fn at_four(&self, q_par: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let [x, y] = q_par.map(Complex64::from);
        [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f].map(|z| self.at([x, y, z]))
    }

    /// Adds the sum of the four terms, each F times its weight, for every pixel of a block to the
    /// real and imaginary parts `re` and `im` (as long as the slices of `terms`).
    ///
    /// Shapes override it where whole blocks are faster than pixels. `scratch` holds what shapes
    /// of the same kind share.
    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        let _ = scratch;
        add_terms_one_by_one(self, terms, re, im);
    }
}

/// [`FormFactor::add_terms`] pixel by pixel.
fn add_terms_one_by_one<F: FormFactor + ?Sized>(
    shape: &F,
    terms: &Terms<'_>,
    re: &mut [f64],
    im: &mut [f64],
) {
    for pixel in 0..terms.pixels {
        add_terms_of_pixel(shape, terms, pixel, re, im);
    }
}

/// [`FormFactor::add_terms`] for one pixel.
fn add_terms_of_pixel<F: FormFactor + ?Sized>(
    shape: &F,
    terms: &Terms<'_>,
    pixel: usize,
    re: &mut [f64],
    im: &mut [f64],
) {
    let q_par = [terms.q_x[pixel], terms.q_y[pixel]];
    let four = shape.at_four(q_par, terms.k_i, terms.k_f.at(pixel));
    let sum: Complex64 = four
        .iter()
        .zip(&terms.weights)
        .map(|(f, weight)| weight.at(pixel) * f)
        .sum();
    re[pixel] += sum.re;
    im[pixel] += sum.im;
}

/// 1 or 0.
fn solid(inside: bool) -> f64 {
    f64::from(u8::from(inside))
}

/// q.q without conjugation.
fn square(q: [Complex64; 3]) -> Complex64 {
    q[0] * q[0] + q[1] * q[1] + q[2] * q[2]
}

/// exp(i x).
fn cis(x: Complex64) -> Complex64 {
    if x.im == 0.0 {
        elementary::cis(x.re)
    } else {
        exp(Complex64::I * x)
    }
}

#[cfg(test)]
mod tests;
