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
    /// Values that are allowed whatever the other parameters are.
    pub limits: Limits,
}

/// Allowed values of a [`Parameter`] by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// Positive.
    Positive,
    /// Zero or positive.
    NonNegative,
    /// Any finite number.
    Finite,
    /// An angle between 0 and pi, ends excluded.
    Angle,
}

impl Limits {
    /// Whether a value is inside.
    #[must_use]
    pub fn allow(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Positive => value > 0.0,
                Self::NonNegative => value >= 0.0,
                Self::Finite => true,
                Self::Angle => value > 0.0 && value < std::f64::consts::PI,
            }
    }

    /// The allowed values in words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Positive => "a positive finite number",
            Self::NonNegative => "zero or a positive finite number",
            Self::Finite => "a finite number",
            Self::Angle => "more than 0 and less than pi",
        }
    }
}

impl Parameter {
    const fn new(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        limits: Limits,
    ) -> Self {
        Self {
            name,
            unit,
            description,
            limits,
        }
    }
}

/// A positive length.
pub(super) const fn nm(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, "nm", description, Limits::Positive)
}

/// A length that may be zero.
pub(super) const fn nm_or_zero(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, "nm", description, Limits::NonNegative)
}

/// A shift, of either sign.
pub(super) const fn nm_signed(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, "nm", description, Limits::Finite)
}

/// An angle.
pub(super) const fn rad(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, "rad", description, Limits::Angle)
}

/// A positive pure number.
pub(super) const fn ratio(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, "", description, Limits::Positive)
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
        for (parameter, &value) in self.parameters.iter().zip(values) {
            let limits = parameter.limits;
            crate::error::check(parameter.name, value, parameter.unit, limits.text(), |v| {
                limits.allow(v)
            })?;
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
