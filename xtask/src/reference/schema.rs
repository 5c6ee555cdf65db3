//! The JSON of a reference folder. Unknown keys are errors, so that a case this program does not
//! fully understand fails instead of being computed as something else.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Material {
    pub(crate) delta: f64,
    pub(crate) beta: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transient {
    Erf,
    Tanh,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Roughness {
    pub(crate) sigma_nm: f64,
    pub(crate) hurst: f64,
    pub(crate) lateral_corr_length_nm: f64,
    pub(crate) max_spatial_frequency_per_nm: f64,
    pub(crate) transient: Transient,
    pub(crate) vertical_corr_depth_nm: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layer {
    pub(crate) material: Material,
    pub(crate) thickness_nm: Option<f64>,
    pub(crate) top_roughness: Option<Roughness>,
    #[serde(default)]
    pub(crate) structures: Vec<Deposited>,
    pub(crate) slices: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Placement {
    Bottom,
    Top,
    Volume,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deposited {
    pub(crate) placement: Placement,
    pub(crate) structure: Structure,
    pub(crate) coverage: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) params: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    pub(crate) axis: Axis,
    pub(crate) angle_rad: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Axis {
    X,
    Y,
    Z,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(crate) enum Particle {
    #[serde(rename = "Particle")]
    Single {
        material: Material,
        formfactor: Shape,
        #[serde(default)]
        rotations: Vec<Turn>,
        translation_nm: Option<[f64; 3]>,
    },
    CoreAndShell {
        core: Box<Particle>,
        shell: Box<Particle>,
        #[serde(default)]
        rotations: Vec<Turn>,
        translation_nm: Option<[f64; 3]>,
    },
    Compound {
        components: Vec<Particle>,
        #[serde(default)]
        rotations: Vec<Turn>,
        translation_nm: Option<[f64; 3]>,
    },
    Mixture {
        items: Vec<Weighted>,
        /// How the items came about; the items say all that is needed.
        #[serde(rename = "size_distribution")]
        _size_distribution: Option<serde_json::Value>,
    },
    Mesocrystal {
        lattice_vectors_nm: [[f64; 3]; 3],
        basis: Box<Particle>,
        outer_shape: Shape,
        #[serde(default)]
        rotations: Vec<Turn>,
        translation_nm: Option<[f64; 3]>,
    },
}

impl Particle {
    /// Position relative to where the particle is placed, or to the whole that it is a part of.
    pub(crate) fn translation_nm(&self) -> [f64; 3] {
        match self {
            Self::Single { translation_nm, .. }
            | Self::CoreAndShell { translation_nm, .. }
            | Self::Compound { translation_nm, .. }
            | Self::Mesocrystal { translation_nm, .. } => translation_nm.unwrap_or_default(),
            Self::Mixture { .. } => [0.0; 3],
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Weighted {
    pub(crate) weight: f64,
    pub(crate) particle: Particle,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(crate) enum Profile1d {
    Gauss { omega_nm: f64 },
    Cauchy { omega_nm: f64 },
    Gate { omega_nm: f64 },
    Triangle { omega_nm: f64 },
    Cosine { omega_nm: f64 },
    Voigt { omega_nm: f64, eta: f64 },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(crate) enum Profile2d {
    Gauss {
        omega_x_nm: f64,
        omega_y_nm: f64,
        gamma_rad: f64,
    },
    Cauchy {
        omega_x_nm: f64,
        omega_y_nm: f64,
        gamma_rad: f64,
    },
    Gate {
        omega_x_nm: f64,
        omega_y_nm: f64,
        gamma_rad: f64,
    },
    Cone {
        omega_x_nm: f64,
        omega_y_nm: f64,
        gamma_rad: f64,
    },
    Voigt {
        omega_x_nm: f64,
        omega_y_nm: f64,
        gamma_rad: f64,
        eta: f64,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lattice {
    pub(crate) a_nm: f64,
    pub(crate) b_nm: f64,
    pub(crate) angle_rad: f64,
    pub(crate) xi_rad: f64,
}

/// An arrangement; `particle` is absent in the list of structure factors.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(crate) enum Structure {
    Dilute2D {
        density_per_nm2: f64,
        particle: Particle,
    },
    Dilute3D {
        density_per_nm3: f64,
        particle: Particle,
    },
    RadialParacrystal {
        particle: Option<Particle>,
        distance_nm: f64,
        damping_length_nm: f64,
        pdf: Profile1d,
        kappa: f64,
        /// Without effect in the program that made the numbers.
        #[serde(rename = "domain_size_nm")]
        _domain_size_nm: Option<f64>,
    },
    Crystal2D {
        particle: Option<Particle>,
        lattice: Lattice,
        decay: Profile2d,
        lateral_rms_displacement_nm: Option<f64>,
        #[serde(default)]
        integrate_over_xi: bool,
    },
    FiniteCrystal2D {
        particle: Option<Particle>,
        lattice: Lattice,
        cells_1: u32,
        cells_2: u32,
        lateral_rms_displacement_nm: Option<f64>,
        #[serde(default)]
        integrate_over_xi: bool,
    },
    Paracrystal2D {
        particle: Option<Particle>,
        lattice: Lattice,
        damping_length_nm: f64,
        domain_size_1_nm: f64,
        domain_size_2_nm: f64,
        pdf_1: Profile2d,
        pdf_2: Profile2d,
        #[serde(default)]
        integrate_over_xi: bool,
    },
    Crystal1D {
        particle: Option<Particle>,
        period_nm: f64,
        xi_rad: f64,
        linear_density_per_nm: f64,
        decay: Profile1d,
        lateral_rms_displacement_nm: Option<f64>,
    },
    Paracrystal1D {
        particle: Option<Particle>,
        period_nm: f64,
        xi_rad: f64,
        linear_density_per_nm: f64,
        damping_length_nm: f64,
        pdf: Profile1d,
        domain_size_nm: Option<f64>,
    },
    Dense2D {
        particle: Option<Particle>,
        density_per_nm2: f64,
        disk_radius_nm: Option<f64>,
        #[serde(rename = "particle_formfactor")]
        _particle_formfactor: Option<Shape>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(crate) enum Distribution {
    Gate {
        min: f64,
        max: f64,
        n: usize,
    },
    Gaussian {
        mean: f64,
        std_dev: f64,
        n: usize,
        rel_sampling_width: f64,
    },
    Lorentz {
        mean: f64,
        hwhm: f64,
        n: usize,
        rel_sampling_width: f64,
    },
    LogNormal {
        median: f64,
        scale_param: f64,
        n: usize,
        rel_sampling_width: f64,
    },
    Cosine {
        mean: f64,
        sigma: f64,
        n: usize,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beam {
    pub(crate) intensity: f64,
    pub(crate) wavelength_nm: f64,
    pub(crate) alpha_i_rad: f64,
    #[serde(default)]
    pub(crate) phi_i_rad: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Detector {
    pub(crate) n_phi: usize,
    pub(crate) phi_min_rad: f64,
    pub(crate) phi_max_rad: f64,
    pub(crate) n_alpha: usize,
    pub(crate) alpha_min_rad: f64,
    pub(crate) alpha_max_rad: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolution {
    pub(crate) sigma_phi_rad: f64,
    pub(crate) sigma_alpha_rad: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Footprint {
    Gauss { width_ratio: f64 },
    Square { width_ratio: f64 },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeamDistribution {
    pub(crate) parameter: BeamParameter,
    pub(crate) distribution: Distribution,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BeamParameter {
    Wavelength,
    AlphaI,
    PhiI,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sample {
    pub(crate) layers: Vec<Layer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    #[serde(rename = "name")]
    _name: String,
    pub(crate) beam: Beam,
    pub(crate) detector: Detector,
    pub(crate) average_layer_material: bool,
    pub(crate) sample: Sample,
    pub(crate) file: String,
    pub(crate) shape: [usize; 2],
    pub(crate) resolution: Option<Resolution>,
    pub(crate) footprint: Option<Footprint>,
    #[serde(default)]
    pub(crate) background: f64,
    #[serde(default)]
    pub(crate) beam_distributions: Vec<BeamDistribution>,
    // Remarks for human readers.
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "difficulty_rank")]
    _difficulty_rank: Option<u32>,
    #[serde(rename = "sum")]
    _sum: Option<f64>,
    #[serde(rename = "max")]
    _max: Option<f64>,
    #[serde(rename = "min")]
    _min: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormFactorCase {
    pub(crate) name: String,
    pub(crate) params: BTreeMap<String, f64>,
    pub(crate) volume_nm3: f64,
    pub(crate) start: usize,
    pub(crate) count: usize,
    /// Corners, for human readers: they follow from the parameters.
    #[serde(rename = "vertices_nm")]
    _vertices_nm: Option<Vec<[f64; 3]>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Curve {
    #[serde(rename = "name")]
    _name: String,
    pub(crate) wavelength_nm: f64,
    pub(crate) layers: Vec<Layer>,
    pub(crate) alpha_i_rad: Vec<f64>,
    pub(crate) reflectivity: Vec<f64>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) wavelength_nm: f64,
    pub(crate) alpha_i_rad: Vec<f64>,
    pub(crate) z_nm: Vec<f64>,
    pub(crate) layers: Option<Vec<Layer>>,
}
