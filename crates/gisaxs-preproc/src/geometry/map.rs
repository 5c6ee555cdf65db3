//! Quantities over the whole detector.

use ndarray::Array2;

use super::{Geometry, Vector, signed};
use crate::error::{Error, Result};
use gisaxs_physics::elementary::{atan2, hypot, sin};

/// In-plane and normal component of q for every pixel, nm^-1, shape (rows, columns).
///
/// Two arrays of f64: as much memory as four frames of counts. A program that goes over the
/// frame once needs none of it, see [`Geometry::q_row`].
#[derive(Clone, Debug, PartialEq)]
pub struct QMap {
    /// q_xy = q_ip, signed as q_y.
    pub q_xy: Array2<f64>,
    /// q_z = q_oop.
    pub q_z: Array2<f64>,
}

/// What can be mapped over the detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// q along the projection of the beam on the surface, nm^-1 (pyFAI: q_beam).
    QX,
    /// q in the surface, across the beam, nm^-1 (pyFAI: q_horz).
    QY,
    /// q along the surface normal, nm^-1 (pyFAI: q_oop).
    QZ,
    /// In-plane q with the sign of q_y, nm^-1 (pyFAI: q_ip).
    QXy,
    /// Length of q, nm^-1.
    Q,
    /// k sin(alpha_f), nm^-1: the vertical axis of the network's grid.
    KZ,
    /// Exit angle from the surface, rad.
    AlphaF,
    /// Azimuth in the surface from the plane of incidence, rad.
    TwoThetaF,
    /// Angle between the direct beam and the ray, rad.
    TwoTheta,
    /// Angle of q to the surface normal, atan2(q_xy, q_z), with the sign of q_y, rad (pyFAI:
    /// chigi).
    Chi,
    /// Azimuth about the direct beam from the horizontal in the laboratory, rad (pyFAI: chi).
    Azimuth,
    /// Solid angle of the pixel, sr.
    SolidAngle,
    /// Distance from the sample to the pixel, mm.
    Distance,
    /// Column, 0-based; pixel centres are integers.
    Column,
    /// Row, 0-based.
    Row,
}

impl Quantity {
    /// All quantities.
    pub const ALL: [Self; 15] = [
        Self::QX,
        Self::QY,
        Self::QZ,
        Self::QXy,
        Self::Q,
        Self::KZ,
        Self::AlphaF,
        Self::TwoThetaF,
        Self::TwoTheta,
        Self::Chi,
        Self::Azimuth,
        Self::SolidAngle,
        Self::Distance,
        Self::Column,
        Self::Row,
    ];

    /// Name as files and command lines have it: `qxy`, `alpha_f`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QX => "qx",
            Self::QY => "qy",
            Self::QZ => "qz",
            Self::QXy => "qxy",
            Self::Q => "q",
            Self::KZ => "kz",
            Self::AlphaF => "alpha_f",
            Self::TwoThetaF => "two_theta_f",
            Self::TwoTheta => "two_theta",
            Self::Chi => "chi",
            Self::Azimuth => "azimuth",
            Self::SolidAngle => "solid_angle",
            Self::Distance => "distance",
            Self::Column => "column",
            Self::Row => "row",
        }
    }

    /// Unit as NeXus spells it: `1/nm`, `rad`, `pixel`.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::QX | Self::QY | Self::QZ | Self::QXy | Self::Q | Self::KZ => "1/nm",
            Self::AlphaF | Self::TwoThetaF | Self::TwoTheta | Self::Chi | Self::Azimuth => "rad",
            Self::SolidAngle => "sr",
            Self::Distance => "mm",
            Self::Column | Self::Row => "pixel",
        }
    }

    /// The quantity of a name.
    ///
    /// # Errors
    /// [`Error::Value`] that lists the names.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|q| q.name() == name);
        found.ok_or_else(|| Error::Value {
            file: "geometry".to_owned(),
            key: "quantity".to_owned(),
            value: name.to_owned(),
            expected: format!("one of {}", Self::ALL.map(Self::name).join(", ")),
        })
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Geometry {
    /// q_xy and q_z of every pixel.
    #[must_use]
    pub fn q_map(&self) -> QMap {
        let [rows, cols] = self.shape;
        let mut q_xy = vec![0.0; rows * cols];
        let mut q_z = vec![0.0; rows * cols];
        for (row, (q_xy, q_z)) in q_xy
            .chunks_exact_mut(cols)
            .zip(q_z.chunks_exact_mut(cols))
            .enumerate()
        {
            self.q_row(row, q_xy, q_z);
        }
        QMap {
            q_xy: self.array(q_xy),
            q_z: self.array(q_z),
        }
    }

    /// q_xy and q_z of the pixels of one row, nm^-1.
    ///
    /// # Panics
    /// If a slice is not as long as a row.
    pub fn q_row(&self, row: usize, q_xy: &mut [f64], q_z: &mut [f64]) {
        self.check_row(q_xy);
        self.check_row(q_z);
        let (start, step) = (self.sample.at(0.0, row as f64), self.sample.column);
        let k = self.beam.k();
        let k_i = self.k_i;
        for (col, (q_xy, q_z)) in q_xy.iter_mut().zip(q_z).enumerate() {
            let s = point(start, step, col);
            let scale = k / (s[0] * s[0] + s[1] * s[1] + s[2] * s[2]).sqrt();
            let q_x = s[0] * scale - k_i[0];
            let q_y = s[1] * scale - k_i[1];
            *q_xy = signed((q_x * q_x + q_y * q_y).sqrt(), q_y);
            *q_z = s[2] * scale - k_i[2];
        }
    }

    /// q_x, q_y and q_z of the pixels of one row, nm^-1.
    ///
    /// # Panics
    /// If a slice is not as long as a row.
    pub fn q_components_row(&self, row: usize, q: [&mut [f64]; 3]) {
        let [q_x, q_y, q_z] = q;
        self.check_row(q_x);
        self.check_row(q_y);
        self.check_row(q_z);
        let (start, step) = (self.sample.at(0.0, row as f64), self.sample.column);
        let k = self.beam.k();
        let k_i = self.k_i;
        for (col, ((q_x, q_y), q_z)) in q_x.iter_mut().zip(q_y).zip(q_z).enumerate() {
            let s = point(start, step, col);
            let scale = k / (s[0] * s[0] + s[1] * s[1] + s[2] * s[2]).sqrt();
            *q_x = s[0] * scale - k_i[0];
            *q_y = s[1] * scale - k_i[1];
            *q_z = s[2] * scale - k_i[2];
        }
    }

    /// A quantity of every pixel, shape (rows, columns).
    #[must_use]
    pub fn map(&self, quantity: Quantity) -> Array2<f64> {
        let [rows, cols] = self.shape;
        let mut values = vec![0.0; rows * cols];
        for (row, out) in values.chunks_exact_mut(cols).enumerate() {
            self.row(quantity, row, out);
        }
        self.array(values)
    }

    /// A quantity of the pixels of one row.
    ///
    /// # Panics
    /// If the slice is not as long as a row.
    pub fn row(&self, quantity: Quantity, row: usize, out: &mut [f64]) {
        self.check_row(out);
        let q = |i: usize| move |s: Vector| self.q_of(s)[i];
        match quantity {
            Quantity::QX => self.in_sample(row, out, q(0)),
            Quantity::QY => self.in_sample(row, out, q(1)),
            Quantity::QZ => self.in_sample(row, out, q(2)),
            Quantity::QXy => self.in_sample(row, out, |s| {
                let [q_x, q_y, _] = self.q_of(s);
                signed((q_x * q_x + q_y * q_y).sqrt(), q_y)
            }),
            Quantity::Q => {
                // 2 k sin(theta): subtracting the vectors would lose digits near the beam.
                let k = self.beam.k();
                self.in_lab(row, out, |[x, y, z]| {
                    2.0 * k * sin(0.5 * atan2(hypot(x, y), z))
                });
            }
            Quantity::KZ => {
                let k = self.beam.k();
                self.in_sample(row, out, |s| k * s[2] / super::length(s));
            }
            Quantity::AlphaF => self.in_sample(row, out, |[x, y, z]| atan2(z, hypot(x, y))),
            Quantity::TwoThetaF => {
                let azimuth = atan2(self.k_i[1], self.k_i[0]);
                self.in_sample(row, out, |[x, y, _]| atan2(y, x) - azimuth);
            }
            Quantity::TwoTheta => self.in_lab(row, out, |[x, y, z]| atan2(hypot(x, y), z)),
            Quantity::Chi => self.in_sample(row, out, |s| {
                let [q_x, q_y, q_z] = self.q_of(s);
                atan2(signed((q_x * q_x + q_y * q_y).sqrt(), q_y), q_z)
            }),
            Quantity::Azimuth => self.in_lab(row, out, |[x, y, _]| atan2(y, x)),
            Quantity::Column => {
                for (col, out) in out.iter_mut().enumerate() {
                    *out = col as f64;
                }
            }
            Quantity::Row => out.fill(row as f64),
            Quantity::Distance => self.in_lab(row, out, super::length),
            Quantity::SolidAngle => {
                let area = self.pixel_mm[0] * self.pixel_mm[1] * self.pose.distance_mm;
                self.in_lab(row, out, |s| {
                    let r = super::length(s);
                    area / (r * r * r)
                });
            }
        }
    }

    fn in_sample(&self, row: usize, out: &mut [f64], f: impl Fn(Vector) -> f64) {
        let (start, step) = (self.sample.at(0.0, row as f64), self.sample.column);
        for (col, out) in out.iter_mut().enumerate() {
            *out = f(point(start, step, col));
        }
    }

    pub(super) fn in_lab(&self, row: usize, out: &mut [f64], f: impl Fn(Vector) -> f64) {
        let (start, step) = (self.lab.at(0.0, row as f64), self.lab.column);
        for (col, out) in out.iter_mut().enumerate() {
            *out = f(point(start, step, col));
        }
    }

    pub(super) fn check_row(&self, slice: &[f64]) {
        let cols = self.shape[1];
        assert_eq!(slice.len(), cols, "a row of another detector");
    }

    pub(super) fn array(&self, values: Vec<f64>) -> Array2<f64> {
        let [rows, cols] = self.shape;
        Array2::from_shape_vec((rows, cols), values).expect("made of this shape")
    }
}

/// The point of one column of a row.
#[inline(always)]
fn point(start: Vector, step: Vector, col: usize) -> Vector {
    // Through i32: the conversion of an index of 64 bits has no vector instruction.
    let c = f64::from(col as i32);
    [
        start[0] + c * step[0],
        start[1] + c * step[1],
        start[2] + c * step[2],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_quantities_are_read_back() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::named(quantity.name()).unwrap(), quantity);
        }
        let error = Quantity::named("q_xy").unwrap_err().to_string();
        assert!(error.contains("q_xy") && error.contains("qxy"), "{error}");
    }
}
