//! Orientation of the stored frame and of the sample, numbered as EXIF does.

use crate::error::{Error, Result};

/// Where pixel (0, 0) of the stored frame lies on the detector, as pyFAI numbers it
/// (`orientation` of a `.poni` file, 1 to 4), seen from the sample.
///
/// Axis 1 of the detector points up, axis 2 to the left or right of the beam as the detector
/// is built; an orientation says whether rows and columns of the file run along or against
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DetectorOrientation {
    /// 1: rows and columns run against the axes.
    TopRight,
    /// 2: rows run downwards, columns along axis 2; what cameras usually write.
    TopLeft,
    /// 3: rows and columns run along the axes; pyFAI's own.
    #[default]
    BottomLeft,
    /// 4: columns run against axis 2.
    BottomRight,
}

impl DetectorOrientation {
    /// From its number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::TopRight),
            2 => Some(Self::TopLeft),
            3 => Some(Self::BottomLeft),
            4 => Some(Self::BottomRight),
            _ => None,
        }
    }

    /// Its number, 1 to 4.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::TopRight => 1,
            Self::TopLeft => 2,
            Self::BottomLeft => 3,
            Self::BottomRight => 4,
        }
    }

    pub(crate) fn new(rows_reversed: bool, columns_reversed: bool) -> Self {
        match (rows_reversed, columns_reversed) {
            (true, true) => Self::TopRight,
            (true, false) => Self::TopLeft,
            (false, false) => Self::BottomLeft,
            (false, true) => Self::BottomRight,
        }
    }

    /// Whether rows are counted from the other end of axis 1.
    #[must_use]
    pub fn rows_reversed(self) -> bool {
        matches!(self, Self::TopRight | Self::TopLeft)
    }

    /// Whether columns are counted from the other end of axis 2.
    #[must_use]
    pub fn columns_reversed(self) -> bool {
        matches!(self, Self::TopRight | Self::BottomRight)
    }
}

/// How the sample is mounted: which direction of the laboratory is its surface normal.
/// pyFAI's `sample_orientation`, numbered as EXIF does.
///
/// The laboratory coordinates (x horizontal, y up) of a pixel are replaced before the sample
/// is pitched: 1 (x, y), 2 (-x, y), 3 (-x, -y), 4 (x, -y), 5 (-y, -x), 6 (-y, x), 7 (y, x),
/// 8 (y, -x). 1 is a surface facing up; 6 and 8 are the two vertical ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SampleOrientation(u8);

impl SampleOrientation {
    /// From its number, 1 to 8.
    ///
    /// # Errors
    /// [`Error::Value`] for another number.
    pub fn new(number: i64) -> Result<Self> {
        u8::try_from(number)
            .ok()
            .filter(|n| (1..=8).contains(n))
            .map(Self)
            .ok_or_else(|| Error::Value {
                file: "geometry".to_owned(),
                key: "sample_orientation".to_owned(),
                value: number.to_string(),
                expected: "a whole number from 1 to 8".to_owned(),
            })
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The coordinates (x, y) that take the place of a point's own.
    #[must_use]
    pub fn apply(self, x: f64, y: f64) -> [f64; 2] {
        match self.0 {
            2 => [-x, y],
            3 => [-x, -y],
            4 => [x, -y],
            5 => [-y, -x],
            6 => [-y, x],
            7 => [y, x],
            8 => [y, -x],
            _ => [x, y],
        }
    }
}

impl Default for SampleOrientation {
    /// 1: the surface faces up.
    fn default() -> Self {
        Self(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_round() {
        for number in 1..=4 {
            let orientation = DetectorOrientation::from_number(number).unwrap();
            assert_eq!(orientation.number(), number);
            let again = DetectorOrientation::new(
                orientation.rows_reversed(),
                orientation.columns_reversed(),
            );
            assert_eq!(again, orientation);
        }
        assert_eq!(DetectorOrientation::from_number(5), None);
        assert!(SampleOrientation::new(0).is_err());
        let error = SampleOrientation::new(9).unwrap_err().to_string();
        assert!(error.contains("sample_orientation = 9"), "{error}");
    }

    #[test]
    fn sample_orientations_are_the_symmetries_of_a_square() {
        let mut images: Vec<[f64; 2]> = (1..=8)
            .map(|n| SampleOrientation::new(n).unwrap().apply(1.0, 2.0))
            .collect();
        images.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        images.dedup();
        assert_eq!(images.len(), 8);
    }
}
