//! Spread of the beam in wavelength and direction.

use super::Footprint;
use crate::ensemble::Node;
use crate::error::{Error, Result, check, positive};
use crate::geometry::{Beam, Direction};
use crate::sample::Sample;

/// A beam that is neither monochromatic nor parallel: a weighted list of plane waves, whose images
/// add up incoherently.
///
/// ```
/// use gisaxs_physics::*;
///
/// // 0.5 mrad of vertical divergence and 1 % of bandwidth.
/// let angles = Distribution::Gaussian { mean: 0.005, std_dev: 2e-4 }.nodes(5, 2.0)?;
/// let wavelengths = Distribution::Gate { min: 0.0995, max: 0.1005 }.nodes(3, 1.0)?;
/// let spread = BeamSpread::new(Beam::new(0.1, 0.005)?)
///     .with_incidence_angles(&angles)?
///     .with_wavelengths(&wavelengths)?;
/// assert_eq!(spread.waves().len(), 15);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BeamSpread {
    waves: Vec<SpreadWave>,
}

/// One plane wave of a [`BeamSpread`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpreadWave {
    /// Wavelength and angle of incidence.
    pub beam: Beam,
    /// Azimuth of its wavevector in the surface, rad, right-handed about the normal from the
    /// direction that two_theta_f counts from.
    pub azimuth_rad: f64,
    /// Share of the photons; the sum over all waves is 1.
    pub weight: f64,
}

impl BeamSpread {
    /// A beam without spread.
    #[must_use]
    pub fn new(beam: Beam) -> Self {
        Self {
            waves: vec![SpreadWave {
                beam,
                azimuth_rad: 0.0,
                weight: 1.0,
            }],
        }
    }

    /// Every wave at each of these wavelengths (nm), see [`crate::Distribution::nodes`].
    ///
    /// The refractive indices of a sample stay as they are, although delta is proportional to the
    /// square of the wavelength; for spreads beyond a few per cent, add up images of samples
    /// with the indices of each wavelength.
    ///
    /// # Errors
    /// If there are none, a wavelength is not positive, or the weights are not.
    pub fn with_wavelengths(self, nodes: &[Node]) -> Result<Self> {
        self.with(nodes, |wave, wavelength_nm| {
            let beam = Beam::new(wavelength_nm, wave.beam.alpha_i_rad())?;
            Ok(SpreadWave { beam, ..wave })
        })
    }

    /// Every wave at each of these angles of incidence (rad).
    ///
    /// # Errors
    /// If there are none, an angle is not in (0, pi/2], or the weights are not positive.
    pub fn with_incidence_angles(self, nodes: &[Node]) -> Result<Self> {
        self.with(nodes, |wave, alpha_i_rad| {
            let beam = Beam::new(wave.beam.wavelength_nm(), alpha_i_rad)?;
            Ok(SpreadWave { beam, ..wave })
        })
    }

    /// Every wave at each of these azimuths (rad).
    ///
    /// # Errors
    /// If there are none, an angle is not finite, or the weights are not positive.
    pub fn with_azimuths(self, nodes: &[Node]) -> Result<Self> {
        self.with(nodes, |wave, azimuth_rad| {
            check(
                "azimuth of the beam",
                azimuth_rad,
                "rad",
                "a finite number",
                |_| true,
            )?;
            Ok(SpreadWave {
                azimuth_rad,
                ..wave
            })
        })
    }

    fn with(
        self,
        nodes: &[Node],
        wave: impl Fn(SpreadWave, f64) -> Result<SpreadWave>,
    ) -> Result<Self> {
        if nodes.is_empty() {
            return Err(Error::Length {
                name: "waves of a beam",
                found: 0,
                expected: "at least 1",
            });
        }
        for node in nodes {
            check(
                "share of the photons",
                node.weight,
                "",
                "zero or positive",
                |w| w >= 0.0,
            )?;
        }
        let total = positive(
            "sum of the shares of the photons",
            nodes.iter().map(|n| n.weight).sum(),
            "",
        )?;
        let mut waves = Vec::with_capacity(self.waves.len() * nodes.len());
        for old in &self.waves {
            for node in nodes {
                let weight = old.weight * node.weight / total;
                waves.push(SpreadWave {
                    weight,
                    ..wave(*old, node.value)?
                });
            }
        }
        Ok(Self { waves })
    }

    /// The plane waves.
    #[must_use]
    pub fn waves(&self) -> &[SpreadWave] {
        &self.waves
    }

    /// Expected counts as [`Sample::image`], for `photons` of all waves together, of which the
    /// `footprint` lets a part fall on the sample. Anisotropic samples are seen from the azimuth of
    /// each wave.
    ///
    /// # Errors
    /// If the footprint is not allowed.
    pub fn image(
        &self,
        sample: &Sample,
        photons: f64,
        footprint: Option<Footprint>,
        pixels: &[(Direction, f64)],
    ) -> Result<Vec<f64>> {
        if let Some(footprint) = footprint {
            footprint.validate()?;
        }
        let mut counts = vec![0.0; pixels.len()];
        for wave in &self.waves {
            let hit = footprint.map_or(1.0, |f| f.factor(wave.beam.alpha_i_rad()));
            let photons = photons * hit * wave.weight;
            let image = if wave.azimuth_rad == 0.0 {
                sample.image(&wave.beam, photons, pixels)
            } else {
                // The same as turning sample and detector back.
                let seen: Vec<(Direction, f64)> = pixels
                    .iter()
                    .map(|&(direction, solid_angle)| {
                        let two_theta_f_rad = direction.two_theta_f_rad - wave.azimuth_rad;
                        let direction = Direction {
                            two_theta_f_rad,
                            ..direction
                        };
                        (direction, solid_angle)
                    })
                    .collect();
                let sample = sample.clone().turned(-wave.azimuth_rad);
                sample.image(&wave.beam, photons, &seen)
            };
            for (sum, value) in counts.iter_mut().zip(image) {
                *sum += value;
            }
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        Correlation, Cuboid, FiniteCrystal2d, Lattice2d, Multilayer, Particle, Placement,
        Population, RefractiveIndex,
    };

    fn node(value: f64, weight: f64) -> Node {
        Node { value, weight }
    }

    fn sample(xi_rad: f64) -> Sample {
        let gold = RefractiveIndex::new(3.5e-5, 3e-6).unwrap();
        let silicon = RefractiveIndex::new(5.8e-6, 1e-7).unwrap();
        let lattice = Lattice2d::new(12.0, 15.0, 1.2, xi_rad).unwrap();
        let crystal = FiniteCrystal2d::new(lattice, [5, 7]).unwrap();
        let shape = Cuboid::new(4.0, 7.0, 5.0).unwrap();
        let turn = crate::Rotation::about(crate::Axis::Z, xi_rad);
        let population = Population::new(
            0,
            Placement::Bottom,
            Correlation::Decoupling(Arc::new(crystal)),
        )
        .with(Particle::new(shape, gold).rotated(turn), 1.0)
        .unwrap();
        Sample::new(Multilayer::substrate(silicon).unwrap(), vec![population]).unwrap()
    }

    fn pixels(azimuth: f64) -> Vec<(Direction, f64)> {
        (0..40)
            .map(|i| {
                let direction = Direction {
                    alpha_f_rad: 0.002 + 1e-3 * f64::from(i % 7),
                    two_theta_f_rad: azimuth - 0.02 + 1e-3 * f64::from(i),
                };
                (direction, 1e-6)
            })
            .collect()
    }

    #[test]
    fn one_wave_is_the_plain_image() {
        let beam = Beam::new(0.1, 0.005).unwrap();
        let spread = BeamSpread::new(beam)
            .with_wavelengths(&[node(0.1, 3.0)])
            .unwrap();
        let (a, b) = (
            spread.image(&sample(0.3), 1e9, None, &pixels(0.0)).unwrap(),
            sample(0.3).image(&beam, 1e9, &pixels(0.0)),
        );
        assert_eq!(a, b);
    }

    #[test]
    fn waves_add_up_by_their_shares() {
        let beam = |alpha| Beam::new(0.1, alpha).unwrap();
        let footprint = Footprint::Square {
            width_ratio: 0.0055,
        };
        let spread = BeamSpread::new(beam(0.005))
            .with_incidence_angles(&[node(0.005, 1.0), node(0.006, 3.0)])
            .unwrap();
        let found = spread
            .image(&sample(0.0), 1e9, Some(footprint), &pixels(0.0))
            .unwrap();
        let hit = 0.005_f64.sin() / 0.0055;
        let a = sample(0.0).image(&beam(0.005), 0.25e9 * hit, &pixels(0.0));
        let b = sample(0.0).image(&beam(0.006), 0.75e9, &pixels(0.0));
        for ((found, a), b) in found.iter().zip(a).zip(b) {
            assert!((found / (a + b) - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn an_azimuth_turns_the_sample_back() {
        let azimuth = 0.4;
        let beam = Beam::new(0.1, 0.005).unwrap();
        let spread = BeamSpread::new(beam)
            .with_azimuths(&[node(azimuth, 1.0)])
            .unwrap();
        let found = spread
            .image(&sample(0.7), 1e9, None, &pixels(azimuth))
            .unwrap();
        let expected = sample(0.7 - azimuth).image(&beam, 1e9, &pixels(0.0));
        let brightest = expected.iter().fold(0.0, |a: f64, b| a.max(*b));
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-9 * brightest, "{a} {b}");
        }
    }

    #[test]
    fn refuses_bad_spreads() {
        let spread = || BeamSpread::new(Beam::new(0.1, 0.005).unwrap());
        assert!(spread().with_wavelengths(&[]).is_err());
        assert!(spread().with_wavelengths(&[node(-0.1, 1.0)]).is_err());
        assert!(spread().with_incidence_angles(&[node(0.0, 1.0)]).is_err());
        assert!(spread().with_azimuths(&[node(f64::NAN, 1.0)]).is_err());
        assert!(spread().with_azimuths(&[node(0.1, 0.0)]).is_err());
        let zero = Footprint::Gauss { width_ratio: 0.0 };
        assert!(spread().image(&sample(0.0), 1.0, Some(zero), &[]).is_err());
    }
}
