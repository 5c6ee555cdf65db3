//! Populations: particles of one kind of order in one layer.

use std::sync::Arc;

use super::DepthProfile;
use crate::error::{Error, Result, check};
use crate::material::RefractiveIndex;
use crate::multilayer::Layer;
use crate::particle::Particle;
use crate::structure_factor::{RadialParacrystal, StructureFactor};

/// How the particles of a population are correlated in the surface plane.
///
/// With the weights w, amplitudes F and radii R of the particles, m1 = sum w F and
/// m2 = sum w |F|^2, the scattering per particle is:
#[derive(Debug, Clone)]
pub enum Correlation {
    /// Independent particles: m2.
    None {
        /// Particles per nm^2.
        density_per_nm2: f64,
    },
    /// Decoupling approximation: sizes are independent of positions,
    /// m2 + |m1|^2 (S - 1). Exact for identical particles.
    Decoupling(Arc<dyn StructureFactor>),
    /// Size-spacing correlation approximation: the distance between two neighbours is
    /// D + kappa (R_1 - Rm + R_2 - Rm), with the mean radius Rm. With e(q) = exp(i kappa q (R - Rm)),
    /// f of the paracrystal and all sums weighted:
    /// m2 + 2 Re[ (sum e F) (sum e F*) f / (1 - f sum e^2) ].
    /// kappa = 0 is the decoupling approximation. Reference: F. Leroy, R. Lazzari, G. Renaud,
    /// Acta Cryst. A 60, 565 (2004).
    SizeSpacing {
        /// Arrangement for particles of the mean radius.
        paracrystal: RadialParacrystal,
        /// Coupling kappa.
        kappa: f64,
    },
    /// Local monodisperse approximation: every particle is surrounded by its likes, at distances
    /// scaled with its size: sum w |F|^2 S_R, S_R that of the paracrystal scaled by R / Rm.
    /// Reference: J. S. Pedersen, J. Appl. Cryst. 27, 595 (1994).
    LocalMonodisperse(RadialParacrystal),
}

impl Correlation {
    pub(crate) fn density(&self) -> f64 {
        match self {
            Self::None { density_per_nm2 } => *density_per_nm2,
            Self::Decoupling(structure) => structure.density(),
            Self::SizeSpacing { paracrystal, .. } | Self::LocalMonodisperse(paracrystal) => {
                paracrystal.density()
            }
        }
    }
}

/// Where the particles of a population are within their layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// The lowest point of each particle on the bottom interface of the layer (for the ambient:
    /// on the surface of the sample).
    #[default]
    Bottom,
    /// The highest point of each particle at the top interface of the layer.
    Top,
    /// The origin of each particle at the top interface of the layer (for the ambient: on the
    /// surface); used with offsets.
    Origin,
    /// Anywhere in a film, the whole particle inside: the centres of all kinds of particles are
    /// spread over the heights at which the tallest one fits, with equal probability or as
    /// [`Population::with_depth_profile`] says. Only for independent particles; the density is
    /// that of all particles of the film per area, and vertical offsets do not count.
    Throughout,
}

/// Particles of one kind of order in one layer.
#[derive(Debug, Clone)]
pub struct Population {
    pub(crate) layer: usize,
    pub(crate) placement: Placement,
    pub(crate) members: Vec<Member>,
    pub(crate) correlation: Correlation,
    pub(crate) coverage: f64,
    /// What the particles replace, where that is not the material of the layer.
    pub(crate) medium: Option<RefractiveIndex>,
    /// Heights of particles throughout a film.
    pub(crate) depth: DepthProfile,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) particle: Particle,
    pub(crate) weight: f64,
    pub(crate) offset_nm: [f64; 3],
}

impl Population {
    /// An empty population in the layer with this index (0 = ambient).
    #[must_use]
    pub fn new(layer: usize, placement: Placement, correlation: Correlation) -> Self {
        Self {
            layer,
            placement,
            members: Vec::new(),
            correlation,
            coverage: 1.0,
            medium: None,
            depth: DepthProfile::Uniform,
        }
    }

    /// Adds a kind of particle with a relative number; the numbers need not add up to 1.
    ///
    /// # Errors
    /// If the weight is negative or not finite.
    pub fn with(self, particle: Particle, weight: f64) -> Result<Self> {
        self.with_offset(particle, weight, [0.0; 3])
    }

    /// Adds a kind of particle shifted by a vector (nm) from where its [`Placement`] puts it.
    ///
    /// # Errors
    /// If the weight is negative or not finite.
    pub fn with_offset(
        mut self,
        particle: Particle,
        weight: f64,
        offset_nm: [f64; 3],
    ) -> Result<Self> {
        check(
            "weight of a particle",
            weight,
            "",
            "zero or positive",
            |w| w >= 0.0,
        )?;
        self.members.push(Member {
            particle,
            weight,
            offset_nm,
        });
        Ok(self)
    }

    /// Fraction of the surface that this population covers; its scattering is multiplied by it.
    ///
    /// # Errors
    /// If the fraction is not between 0 and 1.
    pub fn with_coverage(self, coverage: f64) -> Result<Self> {
        check("coverage", coverage, "", "0 to 1", |c| {
            (0.0..=1.0).contains(&c)
        })?;
        Ok(Self { coverage, ..self })
    }

    /// Distribution of particles [`Placement::Throughout`] a film over its depth.
    ///
    /// # Errors
    /// If a parameter of the profile is not allowed, or the particles have another placement.
    pub fn with_depth_profile(self, depth: DepthProfile) -> Result<Self> {
        depth.validate()?;
        if self.placement != Placement::Throughout {
            return Err(Error::FixedHeight);
        }
        Ok(Self { depth, ..self })
    }

    /// Position of a member's origin, with z from the top interface of the population's layer.
    pub(crate) fn origin(&self, member: &Member, layer: &Layer) -> [f64; 3] {
        let [low, high] = member.particle.vertical_extent();
        let bottom = if self.layer == 0 {
            0.0
        } else {
            -layer.thickness_nm
        };
        let [x, y, z] = member.offset_nm;
        let z = match self.placement {
            Placement::Bottom => z + bottom - low,
            Placement::Top => z - high,
            Placement::Origin => z,
            // Particles throughout a film start from the lowest height of the tallest one.
            Placement::Throughout => bottom + 0.5 * (self.tallest() - low - high),
        };
        [x, y, z]
    }

    /// Range of heights of the members, nm: 0 unless they are anywhere in the layer.
    pub(crate) fn travel(&self, layer: &Layer) -> f64 {
        match self.placement {
            Placement::Throughout => layer.thickness_nm - self.tallest(),
            _ => 0.0,
        }
    }

    /// Height of the tallest member, nm.
    pub(crate) fn tallest(&self) -> f64 {
        let heights = self.members.iter().map(|m| m.particle.vertical_extent());
        heights.map(|[low, high]| high - low).fold(0.0, f64::max)
    }
}
