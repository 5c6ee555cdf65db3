//! What a sample of a dataset holds: names, types, shapes, units.

use gisaxs_preproc::input::{N_K, N_PLANES, N_Q, N_SCALARS};
use serde::{Deserialize, Serialize};

use super::config::{Config, Contents};
use crate::{MAX_NODES, Range};

/// Type of a number, by its name in a safetensors header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    /// Unsigned byte.
    U8,
    /// 32-bit integer.
    I32,
    /// 64-bit unsigned integer.
    U64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
}

impl Type {
    /// Bytes of a number.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I32 | Self::F32 => 4,
            Self::U64 | Self::F64 => 8,
        }
    }
}

/// One array of a sample; in a shard, the samples are its first axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Name of the tensor.
    pub name: String,
    /// Type of its numbers, little-endian.
    pub dtype: Type,
    /// Shape for one sample; empty for a number.
    pub shape: Vec<usize>,
    /// Unit, empty for pure numbers.
    pub unit: String,
    /// Meaning.
    pub about: String,
    /// Smallest and largest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<[f64; 2]>,
    /// Whether NaN says that a sample has no such number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl Field {
    /// Numbers of one sample.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes of one sample.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.numbers() * self.dtype.bytes()
    }

    fn allowed(mut self, low: f64, high: f64) -> Self {
        self.allowed = Some([low, high]);
        self
    }

    fn within(self, range: &Range) -> Self {
        let (low, high) = (range.min(), range.max());
        // Logarithms and exponentials of the ends may round outwards.
        let slack = 1e-12 * high.abs().max(low.abs());
        self.allowed(low - slack, high + slack)
    }

    fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

fn field(name: &str, dtype: Type, shape: &[usize], unit: &str, about: &str) -> Field {
    Field {
        name: name.into(),
        dtype,
        shape: shape.to_vec(),
        unit: unit.into(),
        about: about.into(),
        allowed: None,
        optional: false,
    }
}

/// Names of the two tensors that hold one JSON text per sample: all texts behind each other, and
/// where each ends.
pub const PROVENANCE: [&str; 2] = ["provenance", "provenance_end"];

/// Number of the first column after the images, in the order of [`fields`].
pub(super) const INDEX: &str = "index";

/// The fields of a dataset of this configuration, in the order in which a sample lists them.
pub(super) fn fields(config: &Config) -> Vec<Field> {
    use Type::{F32, F64, I32, U8, U64};
    let mut fields = vec![
        field(INDEX, U64, &[], "", "number of the sample"),
        field(
            "setup",
            U64,
            &[],
            "",
            "number of the setup; samples of one setup share beam, detector, layers and mask",
        ),
    ];
    match config.dataset.contents {
        Contents::NetworkInput => fields.extend([
            field(
                "planes",
                F32,
                &[N_PLANES, N_K, N_Q],
                "",
                "log of the mean counts relative to the level, log of the summed counts, validity; \
                 rows are k sin(alpha_f) upwards, columns q_par",
            ),
            field(
                "scalars",
                F32,
                &[N_SCALARS],
                "",
                "numbers beside the planes",
            ),
            field(
                "valid",
                U8,
                &[N_K, N_Q],
                "",
                "1 where a cell holds a measured pixel",
            )
            .allowed(0.0, 1.0),
        ]),
        Contents::Frame => {
            let shape = config.setup.detectors[0].layout.shape();
            fields.extend([
                field(
                    "counts",
                    I32,
                    &shape,
                    "counts",
                    "raw counts, row 0 on top; -1 in gaps, -2 dead or behind a holder, 0 behind a beamstop",
                ),
                field("valid", U8, &shape, "", "1 where a pixel measures").allowed(0.0, 1.0),
            ]);
        }
    }
    let bins = config.dataset.radius_bins;
    fields.extend([
        field(
            "label/radius_number",
            F32,
            &[bins],
            "",
            "number-weighted probability per radius bin",
        )
        .allowed(0.0, 1.0 + 1e-5),
        field(
            "label/radius_volume",
            F32,
            &[bins],
            "",
            "volume-weighted probability per radius bin",
        )
        .allowed(0.0, 1.0 + 1e-5),
    ]);
    let nodes = nodes(config);
    if config.sample.is_none() {
        fields.extend([
            field(
                "label/radii",
                F32,
                &[nodes],
                "nm",
                "radii that were simulated, 0 where unused",
            ),
            field(
                "label/radius_weights",
                F32,
                &[nodes],
                "",
                "their numbers, sum 1",
            )
            .allowed(0.0, 1.0 + 1e-5),
        ]);
    }
    let number = |name: &str, unit: &str, about: &str| field(name, F64, &[], unit, about);
    fields.extend([
        number("label/mean_radius", "nm", "number-weighted mean radius").allowed(0.0, 1e4),
        number(
            "label/std_radius",
            "nm",
            "number-weighted standard deviation of the radius",
        )
        .allowed(0.0, 1e4),
    ]);
    match &config.sample {
        None => fields.extend([
            number("label/height_over_radius", "", "H / R").allowed(0.0, 2.0),
            number(
                "label/cylinder",
                "",
                "1 for cylinders, 0 for spherical segments",
            )
            .allowed(0.0, 1.0),
            number("label/distance", "nm", "mean centre-to-centre distance D")
                .within(&config.correlation.distance_nm),
            number("label/disorder", "", "sigma_D / D").within(&config.correlation.disorder),
            number(
                "label/ordered",
                "",
                "share of the particles that keep this distance",
            )
            .allowed(0.0, 1.0),
            number(
                "label/distance_visible",
                "",
                "1 if the first maximum of S(q) lies in the window",
            )
            .allowed(0.0, 1.0),
            number(
                "parameter/correlation",
                "",
                "0 decoupling, 1 size-spacing, 2 local monodisperse",
            )
            .allowed(0.0, 2.0),
            number(
                "parameter/kappa",
                "",
                "coupling constant of size-spacing correlation",
            )
            .optional(),
        ]),
        Some(sample) => fields.extend(sample.parameters.iter().map(|p| {
            number(&format!("label/{}", p.name), &p.unit, "drawn parameter").within(&p.range)
        })),
    }
    let setup = &config.setup;
    fields.extend([
        number("parameter/wavelength", "nm", "vacuum wavelength").within(&setup.wavelength_nm),
        number("parameter/incidence", "deg", "true incidence angle"),
        number("parameter/detector_distance", "mm", "sample to detector")
            .within(&setup.distance_mm),
        number("parameter/beam_column", "pixel", "direct beam, 0-based"),
        number(
            "parameter/beam_row",
            "pixel",
            "direct beam, 0-based, row 0 on top",
        ),
        number(
            "parameter/film_thickness",
            "nm",
            "first layer below the vacuum (film or native oxide), 0 on a bare substrate",
        )
        .allowed(0.0, 1e4),
        number(
            "parameter/peak_counts",
            "counts",
            "expected counts of the 99.5 % brightest pixel off the rod",
        )
        .within(&config.artifacts.peak_counts),
        number(
            "parameter/attempt",
            "",
            "draws that were rejected before this one",
        )
        .allowed(0.0, 63.0),
    ]);
    fields
}

/// Radii per sample that the label can hold.
pub(super) fn nodes(config: &Config) -> usize {
    config.particles.radii.unwrap_or(MAX_NODES).max(1)
}
