//! The catalogue of shapes: names, parameters, construction by name.

use super::FormFactor;
use crate::error::{Error, Result};

/// A parameter of a shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Name, as in [`shape`].
    pub name: &'static str,
    /// `nm`, `rad`, or empty for a pure number.
    pub unit: &'static str,
    /// Meaning.
    pub description: &'static str,
}

/// A length.
pub(super) const fn nm(name: &'static str, description: &'static str) -> Parameter {
    Parameter {
        name,
        unit: "nm",
        description,
    }
}

/// An angle.
pub(super) const fn rad(name: &'static str, description: &'static str) -> Parameter {
    Parameter {
        name,
        unit: "rad",
        description,
    }
}

/// A pure number.
pub(super) const fn ratio(name: &'static str, description: &'static str) -> Parameter {
    Parameter {
        name,
        unit: "",
        description,
    }
}

/// What the catalogue knows of a shape.
#[derive(Debug, Clone, Copy)]
pub struct ShapeInfo {
    /// Name of the shape.
    pub name: &'static str,
    /// One line of description.
    pub summary: &'static str,
    /// Parameters in the order of [`ShapeInfo::build`].
    pub parameters: &'static [Parameter],
    /// Values that make typical particles, for tests and tables.
    pub examples: &'static [&'static [f64]],
    pub(super) constructor: fn(&[f64]) -> Result<Box<dyn FormFactor>>,
}

impl ShapeInfo {
    /// The shape with these parameter values, in the order of [`Self::parameters`].
    ///
    /// # Errors
    /// If the number of values is wrong or a value is not allowed.
    pub fn build(&self, values: &[f64]) -> Result<Box<dyn FormFactor>> {
        if values.len() != self.parameters.len() {
            return Err(Error::Length {
                name: "shape parameters",
                found: values.len(),
                expected: "one value per parameter of the shape",
            });
        }
        (self.constructor)(values)
    }
}

/// All shapes of the crate.
#[must_use]
pub fn shapes() -> &'static [ShapeInfo] {
    super::CATALOGUE
}

/// The shape called `name` with parameters given by name, in any order.
///
/// ```
/// let cylinder = gisaxs_physics::shape("Cylinder", &[("radius", 3.0), ("height", 5.0)])?;
/// assert!((cylinder.volume() - 45.0 * std::f64::consts::PI).abs() < 1e-12);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
///
/// # Errors
/// If there is no such shape, a parameter is missing or unknown, or a value is not allowed.
pub fn shape(name: &str, parameters: &[(&str, f64)]) -> Result<Box<dyn FormFactor>> {
    let info = shapes()
        .iter()
        .find(|s| s.name == name)
        .ok_or_else(|| Error::UnknownShape {
            name: name.to_owned(),
        })?;
    if let Some((unknown, _)) = parameters
        .iter()
        .find(|(given, _)| info.parameters.iter().all(|p| p.name != *given))
    {
        return Err(Error::UnknownShapeParameter {
            shape: info.name,
            name: (*unknown).to_owned(),
        });
    }
    let values = info
        .parameters
        .iter()
        .map(|p| {
            parameters
                .iter()
                .find(|(given, _)| *given == p.name)
                .map(|(_, value)| *value)
                .ok_or(Error::MissingShapeParameter {
                    shape: info.name,
                    name: p.name,
                })
        })
        .collect::<Result<Vec<f64>>>()?;
    info.build(&values)
}
