//! Arrangements of a described sample: every structure factor of `gisaxs-physics` by name.

use std::sync::Arc;

use gisaxs_physics::{
    Correlation, Crystal1d, Crystal2d, Displaced, FiniteCrystal2d, HardDisks, Lattice2d,
    PairCorrelation, PairWindow, Paracrystal1d, Paracrystal2d, Powder, Profile1d, Profile2d,
    RadialParacrystal, Result, StructureFactor,
};
use serde::Deserialize;

use super::Purpose;

/// An arrangement as it is written: a table of one key.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Structure {
    Dilute {
        density_per_nm2: f64,
    },
    RadialParacrystal {
        distance_nm: f64,
        /// Standard deviation of a Gaussian, in place of `profile`.
        width_nm: Option<f64>,
        profile: Option<Profile1d>,
        #[serde(default)]
        damping_length_nm: f64,
        #[serde(default)]
        coupling: Coupling,
    },
    HardDisks {
        density_per_nm2: f64,
        radius_nm: f64,
    },
    PairCorrelation {
        density_per_nm2: f64,
        r_nm: Vec<f64>,
        g: Vec<f64>,
        #[serde(default)]
        window: Window,
    },
    #[serde(rename = "crystal-2d")]
    Crystal2d {
        lattice: Lattice,
        decay: Profile2d,
        #[serde(default)]
        powder: bool,
        #[serde(default)]
        displacement_nm: f64,
    },
    #[serde(rename = "finite-crystal-2d")]
    FiniteCrystal2d {
        lattice: Lattice,
        cells: [u32; 2],
        #[serde(default)]
        powder: bool,
        #[serde(default)]
        displacement_nm: f64,
    },
    #[serde(rename = "paracrystal-2d")]
    Paracrystal2d {
        lattice: Lattice,
        profiles: [Profile2d; 2],
        #[serde(default)]
        damping_length_nm: f64,
        #[serde(default)]
        domain_sizes_nm: [f64; 2],
    },
    #[serde(rename = "crystal-1d")]
    Crystal1d {
        period_nm: f64,
        #[serde(default)]
        rotation_deg: f64,
        linear_density_per_nm: f64,
        decay: Profile1d,
    },
    #[serde(rename = "paracrystal-1d")]
    Paracrystal1d {
        period_nm: f64,
        #[serde(default)]
        rotation_deg: f64,
        linear_density_per_nm: f64,
        profile: Profile1d,
        #[serde(default)]
        damping_length_nm: f64,
        #[serde(default)]
        domain_size_nm: f64,
    },
}

/// What multiplies g - 1 of a pair correlation function.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Window {
    #[default]
    None,
    Lorch,
}

/// Wave vector up to which S of a pair correlation function is tabulated for images, nm^-1: that
/// of the network's grid and of most frames. Beyond, it is integrated.
const TABULATED_Q: f64 = 3.0;

/// How sizes and positions of a radial paracrystal go together.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Coupling {
    #[default]
    Decoupling,
    SizeSpacing {
        kappa: f64,
    },
    LocalMonodisperse,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lattice {
    a_nm: f64,
    b_nm: f64,
    angle_deg: f64,
    #[serde(default)]
    rotation_deg: f64,
}

impl Lattice {
    fn build(self) -> Result<Lattice2d> {
        Lattice2d::new(
            self.a_nm,
            self.b_nm,
            self.angle_deg.to_radians(),
            self.rotation_deg.to_radians(),
        )
    }
}

/// A structure with its powder average, over peaks as sharp as the inverse of a coherence
/// length, and random displacements.
fn modified(
    mut structure: Arc<dyn StructureFactor>,
    powder_coherence_nm: Option<f64>,
    displacement_nm: f64,
) -> Result<Correlation> {
    if let Some(coherence) = powder_coherence_nm {
        structure = Arc::new(Powder::new(structure, coherence)?);
    }
    if displacement_nm != 0.0 {
        structure = Arc::new(Displaced::new(structure, displacement_nm)?);
    }
    Ok(Correlation::Decoupling(structure))
}

impl Structure {
    pub(super) fn correlation(&self, purpose: Purpose) -> Result<Correlation> {
        Ok(match *self {
            Self::PairCorrelation {
                density_per_nm2,
                ref r_nm,
                ref g,
                window,
            } => {
                let window = match window {
                    Window::None => PairWindow::None,
                    Window::Lorch => PairWindow::Lorch,
                };
                let pairs = PairCorrelation::new(r_nm, g, density_per_nm2)?.with_window(window);
                let pairs = match purpose {
                    Purpose::Check => pairs,
                    Purpose::Image => pairs.tabulated(TABULATED_Q)?,
                };
                Correlation::Decoupling(Arc::new(pairs))
            }
            Self::Dilute { density_per_nm2 } => Correlation::None { density_per_nm2 },
            Self::RadialParacrystal {
                distance_nm,
                width_nm,
                profile,
                damping_length_nm,
                coupling,
            } => {
                let omega_nm = width_nm.unwrap_or(0.0);
                let profile = profile.unwrap_or(Profile1d::Gauss { omega_nm });
                let paracrystal = RadialParacrystal::with_profile(distance_nm, profile)?
                    .with_damping(damping_length_nm)?;
                match coupling {
                    Coupling::Decoupling => Correlation::Decoupling(Arc::new(paracrystal)),
                    Coupling::SizeSpacing { kappa } => {
                        Correlation::SizeSpacing { paracrystal, kappa }
                    }
                    Coupling::LocalMonodisperse => Correlation::LocalMonodisperse(paracrystal),
                }
            }
            Self::HardDisks {
                density_per_nm2,
                radius_nm,
            } => Correlation::Decoupling(Arc::new(HardDisks::new(density_per_nm2, radius_nm)?)),
            Self::Crystal2d {
                lattice,
                decay,
                powder,
                displacement_nm,
            } => {
                let coherence = decay.omega_x_nm.max(decay.omega_y_nm);
                let crystal = Arc::new(Crystal2d::new(lattice.build()?, decay)?);
                modified(crystal, powder.then_some(coherence), displacement_nm)?
            }
            Self::FiniteCrystal2d {
                lattice,
                cells,
                powder,
                displacement_nm,
            } => {
                let size =
                    (lattice.a_nm * f64::from(cells[0])).max(lattice.b_nm * f64::from(cells[1]));
                let crystal = Arc::new(FiniteCrystal2d::new(lattice.build()?, cells)?);
                modified(crystal, powder.then_some(size), displacement_nm)?
            }
            Self::Paracrystal2d {
                lattice,
                profiles,
                damping_length_nm,
                domain_sizes_nm,
            } => Correlation::Decoupling(Arc::new(
                Paracrystal2d::new(lattice.build()?, profiles)?
                    .with_damping(damping_length_nm)?
                    .with_domain_sizes(domain_sizes_nm)?,
            )),
            Self::Crystal1d {
                period_nm,
                rotation_deg,
                linear_density_per_nm,
                decay,
            } => Correlation::Decoupling(Arc::new(Crystal1d::new(
                period_nm,
                rotation_deg.to_radians(),
                linear_density_per_nm,
                decay,
            )?)),
            Self::Paracrystal1d {
                period_nm,
                rotation_deg,
                linear_density_per_nm,
                profile,
                damping_length_nm,
                domain_size_nm,
            } => Correlation::Decoupling(Arc::new(
                Paracrystal1d::new(
                    period_nm,
                    rotation_deg.to_radians(),
                    linear_density_per_nm,
                    profile,
                )?
                .with_damping(damping_length_nm)?
                .with_domain_size(domain_size_nm)?,
            )),
        })
    }
}
