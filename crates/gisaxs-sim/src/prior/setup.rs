//! Beam, detector, layers and mask: what a group of samples shares.

use serde::{Deserialize, Serialize};

use gisaxs_physics::elementary::{sin_cos, tan};
use gisaxs_physics::{
    Beam, FlatDetector, InterfaceProfile, Layer, Material, Multilayer, RefractiveIndex, Roughness,
    Up,
};

use super::DetectorPrior;
use crate::artifact::{Beamstop, DeadPixels, ModuleLayout, Mount, Shadow};
use crate::range::check_share;
use crate::rng::{Purpose, Quantity, Source, stream};
use crate::{Range, Result};

/// Ranges of [`Setup`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SetupPrior {
    /// Vacuum wavelength, nm.
    pub wavelength_nm: Range,
    /// Incidence angle, deg.
    pub incidence_deg: Range,
    /// Sample to detector, mm.
    pub distance_mm: Range,
    /// Detectors to choose from.
    pub detectors: Vec<DetectorPrior>,
    /// Names of the particle materials.
    pub particles: Vec<String>,
    /// Names of the substrate materials.
    pub substrates: Vec<String>,
    /// Share of samples with a polymer film under the particles.
    pub polymer_films: f64,
    /// Names of the polymers.
    pub polymers: Vec<String>,
    /// Thickness of a polymer film, nm.
    pub polymer_nm: Range,
    /// Share of samples with a grown SiO2 layer (of those without a polymer film).
    pub oxides: f64,
    /// Thickness of a grown oxide, nm.
    pub oxide_nm: Range,
    /// Share of samples with a native oxide of 1 to 2.5 nm on the substrate.
    pub native_oxides: f64,
    /// Roughness of every interface, nm.
    pub roughness_nm: Range,
    /// Direct beam over the number of columns. If not given: the middle half, and one setup in
    /// four anywhere from 0.03 to 0.97.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beam_column: Option<Range>,
    /// Direct beam over the number of rows, from the top. If not given: 0.72 to 1.05.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beam_row: Option<Range>,
    /// Rotation of the detector about the beam, deg; none if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_deg: Option<Range>,
    /// Tilt of the detector about its horizontal and about its vertical axis, deg; none if not
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tilt_deg: Option<Range>,
    /// Radius of a beamstop, mm. If not given: uniform, 1 to 5 mm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beamstop_mm: Option<Range>,
    /// Share of beamstops with an arm that casts a shadow.
    pub beamstop_arms: f64,
    /// Share of setups with a beamstop for the reflected beam.
    pub reflected_beamstops: f64,
    /// Share of setups in which a holder or blade hides up to a third of the detector.
    pub holders: f64,
    /// Smallest q_par and k_z the detector must reach, nm^-1: less is no measurement.
    pub min_window: f64,
    /// How often a material that is there is known to the user.
    pub knowledge: f64,
}

impl Default for SetupPrior {
    fn default() -> Self {
        let detector = |name: &str, weight, pixel_mm, module, gap, modules| DetectorPrior {
            name: name.into(),
            weight,
            pixel_mm,
            layout: ModuleLayout {
                module,
                gap,
                modules,
            },
        };
        Self {
            wavelength_nm: Range::Uniform([0.08, 0.16]),
            incidence_deg: Range::Uniform([0.15, 0.8]),
            distance_mm: Range::Uniform([1000.0, 5000.0]),
            detectors: vec![
                detector("Pilatus 300k", 0.4, 0.172, [195, 487], [17, 7], [3, 1]),
                detector("Pilatus 1M", 0.3, 0.172, [195, 487], [17, 7], [5, 2]),
                detector("Pilatus 2M", 0.2, 0.172, [195, 487], [17, 7], [8, 3]),
                detector("Eiger 1M", 0.1, 0.075, [514, 1030], [37, 10], [2, 1]),
            ],
            particles: [
                "Au", "Ag", "Cu", "Pt", "Fe", "Co", "Ni", "Ti", "W", "SiO2", "TiO2", "Fe3O4",
            ]
            .map(String::from)
            .to_vec(),
            substrates: vec!["Si".into()],
            polymer_films: 0.25,
            polymers: ["PS", "PMMA"].map(String::from).to_vec(),
            polymer_nm: Range::LogUniform([4.0, 120.0]),
            oxides: 0.12,
            oxide_nm: Range::LogUniform([4.0, 120.0]),
            native_oxides: 0.5,
            roughness_nm: Range::Uniform([0.0, 0.8]),
            beam_column: None,
            beam_row: None,
            rotation_deg: None,
            tilt_deg: None,
            beamstop_mm: None,
            beamstop_arms: 0.3,
            reflected_beamstops: 0.7,
            holders: 0.12,
            min_window: 0.35,
            knowledge: 0.85,
        }
    }
}

/// What the user knows of the materials.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// Particles.
    pub particle: Option<RefractiveIndex>,
    /// Substrate.
    pub substrate: Option<RefractiveIndex>,
    /// Film and its thickness, nm.
    pub film: Option<(RefractiveIndex, f64)>,
}

/// One experiment: a pure function of (prior, seed, index).
#[derive(Clone, Debug)]
pub struct Setup {
    /// Beam.
    pub beam: Beam,
    /// Detector geometry.
    pub detector: FlatDetector,
    /// Name of the detector.
    pub detector_name: String,
    /// Modules and gaps.
    pub layout: ModuleLayout,
    /// Vacuum, the layers, the substrate.
    pub stack: Multilayer,
    /// Names of the materials below the vacuum, from top to bottom; empty if nobody knows.
    pub materials: Vec<String>,
    /// Refractive index of the particles.
    pub particle: RefractiveIndex,
    /// Name of the particle material.
    pub particle_name: String,
    /// What of all this the user knows.
    pub known: Known,
    /// Beamstops; the first hides the direct beam.
    pub beamstops: Vec<Beamstop>,
    /// A blade or holder in the way.
    pub shadow: Option<Shadow>,
    /// Dead pixels.
    pub dead: DeadPixels,
    /// How the true detector stands otherwise than its geometry says.
    pub mount: Option<Mount>,
}

impl SetupPrior {
    pub(super) fn validate(&self) -> Result<()> {
        self.wavelength_nm.check(
            "setup.wavelength_nm",
            [0.04, 1.2],
            "0.04 to 1.2 nm (1 to 30 keV)",
        )?;
        self.incidence_deg
            .check("setup.incidence_deg", [0.01, 10.0], "0.01 to 10 deg")?;
        self.distance_mm
            .check("setup.distance_mm", [10.0, 1e5], "10 to 100000 mm")?;
        self.polymer_nm
            .check("setup.polymer_nm", [0.1, 1e4], "0.1 to 10000 nm")?;
        self.oxide_nm
            .check("setup.oxide_nm", [0.1, 1e4], "0.1 to 10000 nm")?;
        self.roughness_nm
            .check("setup.roughness_nm", [0.0, 5.0], "0 to 5 nm")?;
        for (key, beam) in [
            ("setup.beam_column", &self.beam_column),
            ("setup.beam_row", &self.beam_row),
        ] {
            if let Some(range) = beam {
                range.check(key, [-1.0, 2.0], "-1 to 2 times the edge of the detector")?;
            }
        }
        for (key, angle) in [
            ("setup.rotation_deg", &self.rotation_deg),
            ("setup.tilt_deg", &self.tilt_deg),
        ] {
            if let Some(range) = angle {
                range.check(key, [-5.0, 5.0], "-5 to 5 deg")?;
            }
        }
        for (key, names) in [
            ("setup.particles", &self.particles),
            ("setup.substrates", &self.substrates),
            ("setup.polymers", &self.polymers),
        ] {
            if names.is_empty() {
                return Err(crate::Error::Prior {
                    key,
                    value: "[]".into(),
                    expected: "at least one material",
                });
            }
            for name in names {
                Material::named(name)?;
            }
        }
        if self.detectors.is_empty() {
            return Err(crate::Error::Prior {
                key: "setup.detectors",
                value: "[]".into(),
                expected: "at least one entry",
            });
        }
        for detector in &self.detectors {
            let positive = |x: f64| x > 0.0 && x.is_finite();
            let ModuleLayout {
                module, modules, ..
            } = detector.layout;
            let empty = module.contains(&0) || modules.contains(&0);
            if empty || !positive(detector.weight) || !positive(detector.pixel_mm) {
                return Err(crate::Error::Prior {
                    key: "setup.detectors",
                    value: format!(
                        "{}: weight {}, pixel_mm {}, {modules:?} modules of {module:?} pixels",
                        detector.name, detector.weight, detector.pixel_mm
                    ),
                    expected: "positive weight, pixel size, and numbers of modules and pixels",
                });
            }
        }
        if !(0.0..=3.0).contains(&self.min_window) {
            return Err(crate::Error::Prior {
                key: "setup.min_window",
                value: self.min_window.to_string(),
                expected: "0 to 3 nm^-1",
            });
        }
        if let Some(range) = &self.beamstop_mm {
            range.check("setup.beamstop_mm", [0.01, 100.0], "0.01 to 100 mm")?;
        }
        check_share("setup.beamstop_arms", self.beamstop_arms)?;
        check_share("setup.reflected_beamstops", self.reflected_beamstops)?;
        check_share("setup.holders", self.holders)?;
        check_share("setup.polymer_films", self.polymer_films)?;
        check_share("setup.oxides", self.oxides)?;
        check_share("setup.native_oxides", self.native_oxides)?;
        check_share("setup.knowledge", self.knowledge)
    }

    /// Smallest end of the lateral window that can be drawn, nm^-1.
    pub(super) fn smallest_window(&self) -> f64 {
        let k = std::f64::consts::TAU / self.wavelength_nm.max();
        // Columns on the wider side of the beam, over all.
        let side = match &self.beam_column {
            None => 0.5,
            Some(range) => {
                let middle = 0.5_f64.clamp(range.min(), range.max());
                middle.max(1.0 - middle)
            }
        };
        let edge = |d: &DetectorPrior| d.layout.shape()[1] as f64 * d.pixel_mm;
        let edges = self.detectors.iter().map(edge).fold(f64::MAX, f64::min);
        // Sines, not tangents, and no more than what is simulated.
        let ratio = side * edges / self.distance_mm.max();
        let q = k * ratio / (1.0 + ratio * ratio).sqrt();
        q.max(self.min_window).clamp(f64::MIN_POSITIVE, 3.0)
    }

    /// Setup number `index`.
    ///
    /// # Errors
    /// If a material is unknown or the ranges leave no possible geometry.
    pub fn draw(&self, seed: u64, index: u64) -> Result<Setup> {
        self.draw_from(&mut stream(seed, Purpose::Setup, index))
    }

    /// A setup from the numbers of `rng`.
    ///
    /// # Errors
    /// As [`draw`](Self::draw).
    pub fn draw_from(&self, rng: &mut impl Source) -> Result<Setup> {
        let (beam, detector, choice) = self.geometry(rng)?;
        let energy = beam.energy_kev();

        let particle_name =
            &self.particles[rng.choice(Quantity::ParticleMaterial, self.particles.len())];
        let particle = Material::named(particle_name)?.index(energy)?;
        let (stack, materials, film) = self.layers(energy, rng)?;
        let silicon = stack.layers()[stack.layers().len() - 1].index;
        let known = Known {
            particle: rng.random_bool(self.knowledge).then_some(particle),
            substrate: rng.random_bool(self.knowledge).then_some(silicon),
            film: film.filter(|_| rng.random_bool(self.knowledge)),
        };

        let layout = choice.layout;
        let [rows, cols] = layout.shape();
        let stop = |at_px: [f64; 2], rng: &mut _| {
            let radius_mm = self.beamstop_mm.as_ref();
            Beamstop::draw(at_px, choice.pixel_mm, radius_mm, self.beamstop_arms, rng)
        };
        let mut beamstops = vec![stop(detector.direct_beam_px, rng)];
        if rng.random_bool(self.reflected_beamstops) {
            let rise = detector.distance_mm * tan(2.0 * beam.alpha_i_rad()) / choice.pixel_mm;
            let [col, row] = detector.direct_beam_px;
            beamstops.push(stop([col, row - rise], rng));
        }
        let shadow = rng
            .random_bool(self.holders)
            .then(|| Shadow::draw(rows, cols, rng));
        let dead = DeadPixels::draw(rows * cols, Range::LogUniform([1e-6, 2e-3]).draw(rng), rng);
        Ok(Setup {
            beam,
            detector,
            detector_name: choice.name.clone(),
            layout,
            stack,
            materials,
            particle,
            particle_name: particle_name.clone(),
            known,
            beamstops,
            shadow,
            dead,
            mount: Mount::draw(
                self.rotation_deg.as_ref(),
                self.tilt_deg.as_ref(),
                &mut rng.branch(Purpose::Artifacts),
            ),
        })
    }

    /// Beam and detector whose window is worth measuring.
    fn geometry(&self, rng: &mut impl Source) -> Result<(Beam, FlatDetector, &DetectorPrior)> {
        const TRIES: usize = 1000;
        let total: f64 = self.detectors.iter().map(|d| d.weight).sum();
        for _ in 0..TRIES {
            let mut pick = rng.unit(Quantity::Detector) * total;
            let choice = self
                .detectors
                .iter()
                .find(|d| {
                    pick -= d.weight;
                    pick <= 0.0
                })
                .unwrap_or(&self.detectors[0]);
            let [rows, cols] = choice.layout.shape();
            let beam = Beam::new(
                self.wavelength_nm.quantile(rng.unit(Quantity::Wavelength)),
                self.incidence_deg
                    .quantile(rng.unit(Quantity::Incidence))
                    .to_radians(),
            )?;
            let distance_mm = self
                .distance_mm
                .quantile(rng.unit(Quantity::DetectorDistance));
            // The beam stands in the middle half of the columns, or to one side to gain
            // range; low on the detector, so that most of it looks above the horizon.
            let column = match &self.beam_column {
                Some(range) => range.draw(rng),
                None if rng.random_bool(0.75) => rng.random_range(0.25..0.75),
                None => rng.random_range(0.03..0.97),
            };
            let row = match &self.beam_row {
                Some(range) => range.draw(rng),
                None => rng.random_range(0.72..1.05),
            };
            let direct_beam_px = [cols as f64 * column, rows as f64 * row];
            let detector = FlatDetector {
                rows,
                cols,
                pixel_mm: [choice.pixel_mm; 2],
                distance_mm,
                direct_beam_px,
                up: Up::RowsDecrease,
            };
            let side = direct_beam_px[0].max(cols as f64 - direct_beam_px[0]);
            let q_max = beam.k() * side * choice.pixel_mm / distance_mm;
            let rise = direct_beam_px[1] * choice.pixel_mm / distance_mm;
            let k_max = beam.k() * (rise - beam.alpha_i_rad());
            if q_max > self.min_window && k_max > self.min_window {
                return Ok((beam, detector, choice));
            }
        }
        Err(crate::Error::Prior {
            key: "setup",
            value: format!(
                "no geometry with a window of {} nm^-1 in {TRIES} tries",
                self.min_window
            ),
            expected: "ranges of distance, wavelength and detector that reach min_window",
        })
    }

    /// Vacuum / [polymer or oxide film] / [native oxide] / substrate, their names below the
    /// vacuum, and the film.
    #[allow(clippy::type_complexity)]
    fn layers(
        &self,
        energy: f64,
        rng: &mut impl Source,
    ) -> Result<(Multilayer, Vec<String>, Option<(RefractiveIndex, f64)>)> {
        let index =
            |name: &str| -> Result<RefractiveIndex> { Ok(Material::named(name)?.index(energy)?) };
        let mut names = Vec::new();
        let film = if rng.chance(Quantity::Film, self.polymer_films) {
            let pick = rng.random::<f64>() * self.polymers.len() as f64;
            let name = &self.polymers[(pick as usize).min(self.polymers.len() - 1)];
            let thickness = self.polymer_nm.quantile(rng.unit(Quantity::FilmThickness));
            names.push(name.clone());
            Some((index(name)?, thickness))
        } else if rng.random_bool(self.oxides) {
            let thickness = self.oxide_nm.quantile(rng.unit(Quantity::FilmThickness));
            names.push("SiO2".into());
            Some((index("SiO2")?, thickness))
        } else {
            None
        };
        let mut rough = || Roughness {
            sigma_nm: self.roughness_nm.quantile(rng.unit(Quantity::Roughness)),
            profile: InterfaceProfile::Erf,
        };
        let mut layers = vec![Layer::semi_infinite(RefractiveIndex::VACUUM)];
        if let Some((index, thickness)) = film {
            layers.push(Layer::new(index, thickness).with_roughness(rough()));
        }
        let roughness = rough();
        if rng.random_bool(self.native_oxides) {
            // Native oxide: nobody writes it down, nearly every wafer has it.
            let thickness = rng.random_range(1.0..2.5);
            names.push("SiO2".into());
            let smooth = Roughness {
                sigma_nm: 0.3 * roughness.sigma_nm,
                ..roughness
            };
            layers.push(Layer::new(index("SiO2")?, thickness).with_roughness(smooth));
        }
        // No draw where there is no choice.
        let substrate = match self.substrates.as_slice() {
            [only] => only,
            several => &several[rng.random_range(0..several.len())],
        };
        layers.push(Layer::semi_infinite(index(substrate)?).with_roughness(roughness));
        names.push(substrate.clone());
        Ok((Multilayer::new(layers)?, names, film))
    }
}

impl Setup {
    /// Valid pixels of the detector, row-major: not in a gap, dead, or behind a beamstop or
    /// blade.
    #[must_use]
    pub fn valid_pixels(&self) -> Vec<bool> {
        let (rows, cols) = (self.detector.rows, self.detector.cols);
        // Rows and columns of gaps, so that no pixel divides.
        let row_is_gap = |row: usize| self.layout.is_gap(0, row);
        let measures: Vec<bool> = (0..cols).map(|col| !self.layout.is_gap(col, 0)).collect();
        let mut valid = Vec::with_capacity(rows * cols);
        for row in 0..rows {
            if row_is_gap(row) {
                valid.resize(valid.len() + cols, false);
            } else {
                valid.extend_from_slice(&measures);
            }
        }
        for &dead in &self.dead.pixels {
            valid[dead as usize] = false;
        }
        for stop in &self.beamstops {
            for (row, line) in valid.chunks_exact_mut(cols).enumerate() {
                for col in reach(stop, row as f64, cols) {
                    line[col] &= !stop.hides(col as f64, row as f64);
                }
            }
        }
        if let Some(shadow) = self.shadow {
            for (row, line) in valid.chunks_exact_mut(cols).enumerate() {
                for (col, v) in line.iter_mut().enumerate() {
                    *v &= !shadow.hides(col, row);
                }
            }
        }
        valid
    }

    /// Largest q_par of the row through the middle, at most 3 nm^-1.
    #[must_use]
    pub fn q_max(&self) -> f64 {
        let corner = |col: usize| {
            let row = self.detector.rows / 2;
            let direction = self.detector.direction(&self.beam, col as f64, row as f64);
            direction.q_par(&self.beam)
        };
        corner(0).max(corner(self.detector.cols - 1)).min(3.0)
    }

    /// Width of a pixel at small angles, nm^-1.
    #[must_use]
    pub fn pixel_q(&self) -> f64 {
        self.beam.k() * self.detector.pixel_mm[0] / self.detector.distance_mm
    }
}

/// Columns of a row among which are all that the beamstop hides: asking every pixel of a detector
/// costs more than simulating it.
fn reach(stop: &Beamstop, row: f64, cols: usize) -> std::ops::Range<usize> {
    let y = row - stop.center_px[1];
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    if y.abs() <= stop.radius_px {
        (low, high) = (-stop.radius_px, stop.radius_px);
    }
    if let Some(arm) = stop.arm {
        let (sin, cos) = sin_cos(arm.angle_rad);
        // |y cos - x sin| <= half width, and ahead of the centre. An arm along the row reaches to
        // both ends of it.
        let ends = [-arm.half_width_px, arm.half_width_px].map(|w| (y * cos + w) / sin);
        let [a, b] = if ends.iter().all(|e| e.is_finite()) {
            [ends[0].min(ends[1]), ends[0].max(ends[1])]
        } else if (y * cos).abs() <= arm.half_width_px {
            [f64::NEG_INFINITY, f64::INFINITY]
        } else {
            [0.0, 0.0]
        };
        (low, high) = (low.min(a), high.max(b));
    }
    let column = |x: f64| (stop.center_px[0] + x).clamp(0.0, cols as f64);
    // One more on either side for rounding.
    let first = (column(low - 1.0).floor() as usize).min(cols);
    let last = (column(high + 2.0).ceil() as usize).min(cols);
    first..last.max(first)
}

#[cfg(test)]
mod tests {
    use crate::Prior;

    #[test]
    fn masks_are_those_of_asking_every_pixel() {
        let prior = Prior::default();
        for index in 0..12 {
            let setup = prior.setup.draw(8, index).unwrap();
            let cols = setup.detector.cols;
            for (i, valid) in setup.valid_pixels().into_iter().enumerate() {
                let (col, row) = (i % cols, i / cols);
                let hidden = setup.layout.is_gap(col, row)
                    || setup.dead.pixels.contains(&(i as u32))
                    || setup
                        .beamstops
                        .iter()
                        .any(|b| b.hides(col as f64, row as f64))
                    || setup.shadow.is_some_and(|s| s.hides(col, row));
                assert_eq!(valid, !hidden, "setup {index} column {col} row {row}");
            }
        }
    }
}
