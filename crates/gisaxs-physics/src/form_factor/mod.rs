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

mod catalogue;

pub use catalogue::{Parameter, ShapeInfo, shape, shapes};

use num_complex::Complex64;

/// Registers the shapes: one module, one type and one catalogue entry each.
macro_rules! register {
    ($($module:ident::$shape:ident),+ $(,)?) => {
        $(mod $module; pub use $module::$shape;)+
        static CATALOGUE: &[ShapeInfo] = &[$($module::INFO),+];
    };
}

register! {
    cylinder::Cylinder,
    sphere::Sphere,
    spherical_segment::SphericalSegment,
}

/// A homogeneous particle shape.
pub trait FormFactor: std::fmt::Debug + Send + Sync {
    /// F(q) in nm^3 for a complex scattering vector in nm^-1.
    fn at(&self, q: [Complex64; 3]) -> Complex64;

    /// Volume F(0) in nm^3.
    fn volume(&self) -> f64;

    /// Radius in nm that stands for the size of the particle in the surface plane: the
    /// equatorial or base radius of round shapes, the largest distance of a corner from the
    /// centre of mass of polyhedra.
    fn radius(&self) -> f64;

    /// Support function in nm: the largest value of direction.r over the shape. Gives the
    /// lowest and highest point of a rotated particle.
    fn support(&self, direction: [f64; 3]) -> f64;

    /// Whether a point (nm) lies inside the shape.
    fn contains(&self, r: [f64; 3]) -> bool;

    /// F for the four vertical wavevector transfers of the DWBA, all with the same real
    /// in-plane q: q_z = -k_i - k_f, +k_i - k_f, -k_i + k_f, +k_i + k_f, where k_i and k_f
    /// are the normal wavenumbers (nm^-1) in the particle's layer.
    ///
    /// Shapes override it where the four values share work.
    fn at_four(&self, q_par: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let [x, y] = q_par.map(Complex64::from);
        [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f].map(|z| self.at([x, y, z]))
    }
}

/// q.q without conjugation.
fn square(q: [Complex64; 3]) -> Complex64 {
    q[0] * q[0] + q[1] * q[1] + q[2] * q[2]
}

/// exp(i x).
fn cis(x: Complex64) -> Complex64 {
    if x.im == 0.0 {
        Complex64::cis(x.re)
    } else {
        (Complex64::I * x).exp()
    }
}

#[cfg(test)]
mod tests;
