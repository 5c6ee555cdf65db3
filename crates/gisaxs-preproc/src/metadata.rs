//! What a file says beside its numbers: texts with their units, as read.

use std::fmt;

/// One entry of a file's header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataEntry {
    /// Name in the file; in HDF5 the path, as `entry/instrument/detector/count_time`.
    pub key: String,
    /// Value as the file has it.
    pub value: String,
    /// Unit, where the file names one.
    pub unit: Option<String>,
}

impl MetadataEntry {
    pub(crate) fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            unit: None,
        }
    }

    /// The value as a number, if it is a finite one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        let x: f64 = self.value.trim().parse().ok()?;
        x.is_finite().then_some(x)
    }

    /// The value in metres; `None` where the file names no unit of length.
    #[must_use]
    pub fn metres(&self) -> Option<f64> {
        self.scaled(|unit| {
            Some(match unit {
                "m" | "meter" | "metre" | "meters" | "metres" => 1.0,
                "cm" | "centimeter" | "centimetre" => 1e-2,
                "mm" | "millimeter" | "millimetre" | "millimeters" | "millimetres" => 1e-3,
                "um" | "\u{b5}m" | "\u{3bc}m" | "micrometer" | "micrometre" | "micron"
                | "micrometers" | "micrometres" | "microns" => 1e-6,
                "nm" | "nanometer" | "nanometre" | "nanometers" | "nanometres" => 1e-9,
                "angstrom" | "angstroms" | "angstroem" | "\u{e5}" | "a" => 1e-10,
                "pm" | "picometer" | "picometre" => 1e-12,
                _ => return None,
            })
        })
    }

    /// The value in seconds; `None` where the file names no unit of time.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.scaled(|unit| {
            Some(match unit {
                "s" | "sec" | "second" | "seconds" => 1.0,
                "ms" | "millisecond" | "milliseconds" => 1e-3,
                "us" | "\u{b5}s" | "\u{3bc}s" | "microsecond" | "microseconds" => 1e-6,
                "ns" | "nanosecond" | "nanoseconds" => 1e-9,
                "min" | "minute" | "minutes" => 60.0,
                _ => return None,
            })
        })
    }

    /// The value in keV; `None` where the file names no unit of energy.
    #[must_use]
    pub fn kilo_electron_volts(&self) -> Option<f64> {
        self.scaled(|unit| {
            Some(match unit {
                "ev" | "electronvolt" => 1e-3,
                "kev" => 1.0,
                _ => return None,
            })
        })
    }

    fn scaled(&self, factor: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let unit = self.unit.as_deref()?.trim().to_lowercase();
        Some(self.number()? * factor(&unit)?)
    }
}

impl fmt::Display for MetadataEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.key, self.value)?;
        match &self.unit {
            Some(unit) => write!(f, " {unit}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: &str, unit: &str) -> MetadataEntry {
        MetadataEntry {
            unit: Some(unit.to_owned()),
            ..MetadataEntry::new("x", value)
        }
    }

    #[test]
    fn units_are_converted_and_never_assumed() {
        assert_eq!(entry("998", "millisecond").seconds(), Some(0.998));
        assert!((entry("55", "micrometer").metres().unwrap() - 55e-6).abs() < 1e-18);
        assert_eq!(entry("12000", "eV").kilo_electron_volts(), Some(12.0));
        assert!((entry("1.05", "\u{c5}").metres().unwrap() - 1.05e-10).abs() < 1e-24);
        assert_eq!(entry("55", "pixel").metres(), None);
        assert_eq!(entry("nan", "m").metres(), None);
        assert_eq!(MetadataEntry::new("x", "55").metres(), None);
        assert_eq!(entry("55", "um").to_string(), "x = 55 um");
    }
}
