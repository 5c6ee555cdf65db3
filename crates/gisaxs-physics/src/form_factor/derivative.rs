//! Derivatives of form factors with respect to q and to the parameters of the shape.
//!
//! Most of them follow from the gradient. A stretch of the shape along an axis by the factor s makes
//! F into s F(.., s q_a, ..), so that
//!
//! dF / d ln s = F + q_a dF/dq_a,
//!
//! and a cut that moves adds or removes a slab, whose transform is that of a plane figure.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::FormFactor;
use super::catalogue::Parameter;
use crate::elementary::cis;

/// Most parameters that a shape can have derivatives for.
pub const MOST_SHAPE_PARAMETERS: usize = 5;

/// F at one q with its derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Differential {
    /// F(q), nm^3.
    pub value: Complex64,
    /// dF/dq_x, dF/dq_y, dF/dq_z, nm^4.
    pub gradient: [Complex64; 3],
    /// Derivatives with respect to the parameters of the shape, nm^3 per unit of the parameter;
    /// zero beyond the number of parameters.
    pub parameters: [Complex64; MOST_SHAPE_PARAMETERS],
}

impl Differential {
    /// F and its gradient, without derivatives for parameters.
    #[must_use]
    pub fn new(value: Complex64, gradient: [Complex64; 3]) -> Self {
        Self {
            value,
            gradient,
            parameters: [Complex64::ZERO; MOST_SHAPE_PARAMETERS],
        }
    }

    /// dF / d ln s for a stretch by s along the axis (0 = x, 1 = y, 2 = z) that keeps the plane
    /// through the origin; `q` is where F was evaluated.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    pub fn stretch(&self, q: [Complex64; 3], axis: usize) -> Complex64 {
        self.value + q[axis] * self.gradient[axis]
    }

    /// dF / d ln s if all lengths grow by the factor s.
    #[must_use]
    pub fn size(&self, q: [Complex64; 3]) -> Complex64 {
        (0..3).map(|axis| self.stretch(q, axis)).sum()
    }

    pub(super) fn with<const N: usize>(mut self, parameters: [Complex64; N]) -> Self {
        self.parameters[..N].copy_from_slice(&parameters);
        self
    }
}

/// A shape with derivatives for its parameters; see [`FormFactor::derivatives`].
pub trait Differentiable: std::fmt::Debug {
    /// The parameters, in the order of the derivatives; at most [`MOST_SHAPE_PARAMETERS`].
    fn parameters(&self) -> &'static [Parameter];

    /// F(q) and its derivatives for a complex q in nm^-1.
    fn differential(&self, q: [Complex64; 3]) -> Differential;

    /// [`Self::differential`] for the four terms of [`FormFactor::at_four`]. Shapes override it
    /// where the four share work.
    fn differential_four(
        &self,
        q_par: [f64; 2],
        k_i: Complex64,
        k_f: Complex64,
    ) -> [Differential; 4] {
        let [x, y] = q_par.map(Complex64::from);
        [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f].map(|z| self.differential([x, y, z]))
    }

    /// Derivatives of [`FormFactor::radius`]. Where it is the larger one of equal parameters, each
    /// has its share, so that the derivative is exact if they move together.
    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS];

    /// Derivatives of [`FormFactor::support`] in a direction.
    fn support_derivatives(&self, direction: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS];
}

/// Points on the circle of Cauchy's integral, and its radius in units of 1/extent: what F has
/// beyond the twelfth order is below 0.5^12 / 13! = 4e-14 of its derivative's bound.
const CIRCLE: usize = 12;
const CIRCLE_RADIUS: f64 = 0.5;

/// F and its gradient for any shape of finite extent, from values of F alone: F is an entire function of
/// exponential type, so that its derivative is Cauchy's integral over a circle around q, where the
/// trapezoidal rule converges faster than any power. Errors below 1e-13 of V times the extent.
pub fn cauchy_gradient(shape: &(impl FormFactor + ?Sized), q: [Complex64; 3]) -> Differential {
    let gradient = std::array::from_fn(|axis| {
        let mut direction = [0.0; 3];
        direction[axis] = 1.0;
        let extent = shape
            .support(direction)
            .abs()
            .max(shape.support(direction.map(|c| -c)).abs());
        contour_derivative(extent, |step| {
            let mut moved = q;
            moved[axis] += step;
            shape.at(moved)
        })
    });
    Differential::new(shape.at(q), gradient)
}

/// Derivative at 0 of an entire function that grows at most as exp(extent |step|).
pub(super) fn contour_derivative(extent: f64, f: impl Fn(Complex64) -> Complex64) -> Complex64 {
    let radius = CIRCLE_RADIUS / extent;
    (0..CIRCLE)
        .map(|j| {
            let unit = cis(2.0 * PI * j as f64 / CIRCLE as f64);
            f(radius * unit) * unit.conj()
        })
        .sum::<Complex64>()
        / (radius * CIRCLE as f64)
}

/// sinc(h) exp(i h) with h = q_z H / 2, the transform of a slab from 0 to H over H, and its derivative
/// with respect to q_z.
pub(super) fn slab(height: f64, q_z: Complex64) -> [Complex64; 2] {
    let half = 0.5 * height * q_z;
    let (phase, sinc) = (super::cis(half), crate::special::sinc(half));
    let slope = crate::special_derivatives::sinc_derivative(half) + Complex64::I * sinc;
    [sinc * phase, 0.5 * height * slope * phase]
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::shapes;
    use super::*;

    /// Wave vectors: small, generic, along axes, complex.
    fn wave_vectors() -> Vec<[Complex64; 3]> {
        let c = Complex64::new;
        vec![
            [c(0.0, 0.0); 3],
            [c(1e-7, 0.0), c(2e-8, 0.0), c(-1e-7, 1e-9)],
            [c(0.3, 0.0), c(-0.2, 0.0), c(0.5, 0.0)],
            [c(0.0, 0.0), c(0.0, 0.0), c(1.3, 0.0)],
            [c(0.9, 0.0), c(0.0, 0.0), c(0.0, 0.0)],
            [c(1.1, 0.0), c(0.7, 0.0), c(-2.1, 0.2)],
            [c(0.4, 0.05), c(-0.6, 0.02), c(0.8, -0.1)],
            [c(4.0, 0.0), c(1.0, 0.0), c(3.0, 0.0)],
        ]
    }

    /// Derivative of f at x by three central differences extrapolated to step 0.
    fn richardson(x: f64, step: f64, f: impl Fn(f64) -> Complex64) -> Complex64 {
        let central = |h: f64| (f(x + h) - f(x - h)) / (2.0 * h);
        let [a, b, c] = [step, 0.5 * step, 0.25 * step].map(central);
        let (d, e) = ((4.0 * b - a) / 3.0, (4.0 * c - b) / 3.0);
        (16.0 * e - d) / 15.0
    }

    #[test]
    fn every_differential_agrees_with_differences_of_the_shape() {
        let mut checked = 0;
        for info in shapes() {
            for example in info.examples {
                let shape = info.build(example).unwrap();
                let Some(derivatives) = shape.derivatives() else {
                    continue;
                };
                checked += 1;
                let volume = shape.volume();
                let size = shape.radius().max(shape.support([0.0, 0.0, 1.0]));
                for q in wave_vectors() {
                    let found = derivatives.differential(q);
                    // |F| and its derivatives are bounded by those at the imaginary part of q.
                    let bound = volume * (size * q.iter().map(|c| c.im.abs()).sum::<f64>()).exp();
                    let error = (found.value - shape.at(q)).norm();
                    assert!(error < 1e-13 * bound, "{} {q:?} F {error:e}", info.name);
                    for axis in 0..3 {
                        let exact = richardson(0.0, 0.05 / size, |t| {
                            let mut moved = q;
                            moved[axis] += t;
                            shape.at(moved)
                        });
                        let error = (found.gradient[axis] - exact).norm();
                        assert!(
                            error < 3e-10 * bound * size,
                            "{} {q:?} gradient {axis}: {error:e}",
                            info.name
                        );
                    }
                    // The parameters of the catalogue, in its own terms: "Spheroid" moves two
                    // radii of an ellipsoid.
                    for (i, parameter) in info.parameters.iter().enumerate() {
                        let moved = |value: f64| {
                            let mut values = example.to_vec();
                            values[i] = value;
                            info.build(&values).unwrap()
                        };
                        let analytic: Vec<usize> =
                            names_behind(parameter.name, derivatives.parameters());
                        // At the end of its range a cut has no difference to both sides.
                        if example[i] == 0.0 {
                            continue;
                        }
                        let step = 0.005 * example[i].abs().min(1.0);
                        let exact = richardson(example[i], step, |v| moved(v).at(q));
                        let sum: Complex64 = analytic.iter().map(|&j| found.parameters[j]).sum();
                        let error = (sum - exact).norm();
                        assert!(
                            error < 1e-8 * bound,
                            "{} {q:?} {}: {sum} {exact} {error:e}",
                            info.name,
                            parameter.name
                        );
                        let sum_of = |rates: [f64; MOST_SHAPE_PARAMETERS]| -> f64 {
                            analytic.iter().map(|&j| rates[j]).sum()
                        };
                        let exact = richardson(example[i], step, |v| moved(v).radius().into()).re;
                        let sum = sum_of(derivatives.radius_derivatives());
                        assert!(
                            (sum - exact).abs() < 1e-7,
                            "{} radius {}: {sum} {exact}",
                            info.name,
                            parameter.name
                        );
                        for direction in [
                            [0.0, 0.0, 1.0],
                            [0.0, 0.0, -1.0],
                            [0.37, 0.46, 0.81],
                            [-0.47, 0.66, -0.59],
                            [0.47, -0.79, 0.39],
                        ] {
                            let exact = richardson(example[i], step, |v| {
                                moved(v).support(direction).into()
                            })
                            .re;
                            let sum = sum_of(derivatives.support_derivatives(direction));
                            assert!(
                                (sum - exact).abs() < 1e-7,
                                "{} support {direction:?} {}: {sum} {exact}",
                                info.name,
                                parameter.name
                            );
                        }
                    }
                }
                for (k_i, k_f) in [(0.2, 0.5), (0.3, 0.3)] {
                    for im in [0.0, 0.03] {
                        let (k_i, k_f) = (Complex64::new(k_i, im), Complex64::new(k_f, 0.5 * im));
                        let four = derivatives.differential_four([0.4, -0.1], k_i, k_f);
                        let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
                        for (found, z) in four.iter().zip(q_z) {
                            let one = derivatives.differential([0.4.into(), (-0.1).into(), z]);
                            let size = size.max(1.0) * volume;
                            let near = |a: Complex64, b: Complex64| (a - b).norm() < 1e-12 * size;
                            assert!(near(found.value, one.value), "{}", info.name);
                            for (a, b) in found.gradient.iter().zip(one.gradient) {
                                assert!(near(*a, b), "{} {a} {b}", info.name);
                            }
                            for (a, b) in found.parameters.iter().zip(one.parameters) {
                                assert!(near(*a, b), "{} {a} {b}", info.name);
                            }
                        }
                    }
                }
            }
        }
        assert!(checked >= 20, "{checked} examples");
    }

    /// The parameters of the type that a parameter of the catalogue moves.
    fn names_behind(name: &str, all: &[Parameter]) -> Vec<usize> {
        let names: &[&str] = if name == "radius_xy" {
            &["radius_x", "radius_y"]
        } else {
            &[name]
        };
        let found: Vec<usize> = names
            .iter()
            .map(|n| {
                all.iter()
                    .position(|p| p.name == *n)
                    .expect("a parameter of the type")
            })
            .collect();
        found
    }

    #[test]
    fn cauchys_integral_is_the_gradient_of_any_shape() {
        for name in [
            "Sphere",
            "Cylinder",
            "Cone",
            "Pyramid4",
            "Prism6",
            "CosineRippleBox",
        ] {
            let info = shapes().iter().find(|s| s.name == name).unwrap();
            let shape = info.build(info.examples[0]).unwrap();
            let size = shape
                .radius()
                .max(shape.support([0.0, 0.0, 1.0]))
                .max(shape.support([1.0, 0.0, 0.0]));
            for q in wave_vectors() {
                let bound =
                    shape.volume() * (size * q.iter().map(|c| c.im.abs()).sum::<f64>()).exp();
                let found = cauchy_gradient(shape.as_ref(), q);
                for axis in 0..3 {
                    let exact = match shape.derivatives() {
                        Some(d) => d.differential(q).gradient[axis],
                        None => richardson(0.0, 0.05 / size, |t| {
                            let mut moved = q;
                            moved[axis] += t;
                            shape.at(moved)
                        }),
                    };
                    // Quadratures are good to 1e-12 V, which the division by the radius of the circle doubles.
                    let tolerance = if shape.derivatives().is_some() {
                        4e-12
                    } else {
                        3e-10
                    };
                    let error = (found.gradient[axis] - exact).norm();
                    assert!(
                        error < tolerance * bound * size,
                        "{name} {q:?} {axis}: {error:e}"
                    );
                }
            }
        }
    }
}
