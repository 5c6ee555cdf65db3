//! Samples by number: a pure function of (configuration, seed, index, number of samples).
//!
//! The number of samples enters through Latin hypercubes only, which are made for it.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use gisaxs_physics::elementary::{hypot, powi};
use gisaxs_physics::{Multilayer, UprightShape};
use gisaxs_preproc::input::{CellSums, N_CELLS, N_K, N_Q, encode};
use rand::Rng;
use rayon::prelude::*;
use serde_json::json;

use super::config::{Config, Contents};
use super::design::Points;
use super::error::{Error, Result};
use super::general::{self, Description, Refusal};
use super::schema::{self, Field};
use crate::artifact::Drawn;
use crate::frame::FrameSetup;
use crate::network_input::{
    TRIES, cells_of, conditions, distance_visible, narrow_window, network_grid,
};
use crate::pattern::{CellGrid, Moments, StoredPattern};
use crate::prior::CorrelationModel;
use crate::rng::{DesignPoint, Purpose, Quantity, Source, stream};
use crate::view::draw_artifacts;
use crate::{CellSetup, Correlation, Known, Particles, Prior, Sample, Setup, View};

/// Numbers of one field of one sample. Two are equal if all their bits are.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// Bytes.
    U8(Vec<u8>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit unsigned integers.
    U64(Vec<u64>),
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
}

impl Numbers {
    /// Appends the numbers, little-endian.
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::U8(x) => bytes.extend_from_slice(x),
            Self::I32(x) => x.iter().for_each(|x| bytes.extend(x.to_le_bytes())),
            Self::U64(x) => x.iter().for_each(|x| bytes.extend(x.to_le_bytes())),
            Self::F32(x) => x.iter().for_each(|x| bytes.extend(x.to_le_bytes())),
            Self::F64(x) => x.iter().for_each(|x| bytes.extend(x.to_le_bytes())),
        }
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::U8(a), Self::U8(b)) => a == b,
            (Self::I32(a), Self::I32(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::F32(a), Self::F32(b)) => a
                .iter()
                .map(|x| x.to_bits())
                .eq(b.iter().map(|x| x.to_bits())),
            (Self::F64(a), Self::F64(b)) => a
                .iter()
                .map(|x| x.to_bits())
                .eq(b.iter().map(|x| x.to_bits())),
            _ => false,
        }
    }
}

/// One sample: its fields in the order of the schema, and everything that was drawn as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// One entry per [`Field`].
    pub fields: Vec<Numbers>,
    /// JSON object: setup, particles, correlation, artifacts.
    pub provenance: String,
}

/// Makes samples.
#[derive(Clone, Debug)]
pub struct Generator {
    config: Config,
    prior: Prior,
    seed: u64,
    samples: u64,
    fields: Vec<Field>,
    radius_edges: Vec<f64>,
    grid: CellGrid,
    setup_points: Points,
    sample_points: Points,
}

/// What the samples of a group share.
#[derive(Clone, Debug)]
pub enum Group {
    /// The experiment seen through the network's grid.
    Cells(Box<CellSetup>),
    /// The experiment pixel by pixel.
    Frame(Box<FrameSetup>),
}

impl Group {
    /// The experiment.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        match self {
            Self::Cells(cells) => &cells.setup,
            Self::Frame(frame) => &frame.setup,
        }
    }

    fn q_max(&self) -> f64 {
        match self {
            Self::Cells(cells) => cells.q_max(),
            Self::Frame(frame) => frame.setup.q_max(),
        }
    }
}

impl Generator {
    /// For `samples` samples of a dataset.
    ///
    /// # Errors
    /// If the configuration is not allowed or there are no samples.
    pub fn new(config: Config, seed: u64, samples: u64) -> Result<Self> {
        config.validate("configuration")?;
        if samples == 0 || samples > 1 << 32 {
            return Err(Error::Argument {
                name: "samples",
                value: samples.to_string(),
                expected: "1 to 2^32".into(),
            });
        }
        let levels = |names: &[String]| -> Vec<Option<u32>> {
            let levels = &config.dataset.levels;
            names.iter().map(|n| levels.get(n).copied()).collect()
        };
        let design = config.dataset.design;
        let setups = samples.div_ceil(config.dataset.samples_per_setup);
        let (of_setups, of_samples) = (Config::setup_quantities(), config.sample_quantities());
        Ok(Self {
            prior: config.prior(),
            fields: schema::fields(&config),
            radius_edges: config.radius_edges(),
            grid: network_grid(),
            setup_points: Points::new(design, seed, Purpose::Setup, &levels(&of_setups), setups),
            sample_points: Points::new(
                design,
                seed,
                Purpose::Sample,
                &levels(&of_samples),
                samples,
            ),
            config,
            seed,
            samples,
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Seed of everything that is drawn.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Number of samples.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The fields of every sample.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Edges of the label densities, nm.
    #[must_use]
    pub fn radius_edges(&self) -> &[f64] {
        &self.radius_edges
    }

    /// Group of a sample.
    #[must_use]
    pub fn group_of(&self, index: u64) -> u64 {
        index / self.config.dataset.samples_per_setup
    }

    /// Setup number `group`. One whose detector sees almost nothing of the grid is drawn again.
    ///
    /// # Errors
    /// If the priors leave no possible experiment.
    pub fn group(&self, group: u64) -> Result<Group> {
        let arithmetic = self.config.dataset.arithmetic;
        arithmetic.scope(|| self.draw_group(group))
    }

    fn draw_group(&self, group: u64) -> Result<Group> {
        let index = group * self.config.dataset.samples_per_setup;
        let failed = |source| Error::Simulation { index, source };
        for attempt in 0..TRIES {
            let rng = stream(self.seed, Purpose::Setup, group | attempt << 40);
            let point = if attempt == 0 {
                let quantities = Quantity::OF_SETUPS.iter().enumerate();
                let coordinates = quantities
                    .filter_map(|(d, &q)| Some((q, self.setup_points.coordinate(d, group)?)));
                DesignPoint::new(rng, coordinates.collect())
            } else {
                DesignPoint::new(rng, Vec::new())
            };
            let setup = self.draw_setup(point).map_err(failed)?;
            match self.config.dataset.contents {
                Contents::Frame => return Ok(Group::Frame(Box::new(FrameSetup::new(setup)))),
                Contents::NetworkInput => {
                    if let Some(cells) = cells_of(setup, &self.grid).map_err(failed)? {
                        return Ok(Group::Cells(Box::new(cells)));
                    }
                }
            }
        }
        Err(failed(narrow_window()))
    }

    fn draw_setup(&self, mut point: DesignPoint) -> crate::Result<Setup> {
        self.prior.setup.draw_from(&mut point)
    }

    /// Streams of an attempt at a sample, for particles and for what the experiment adds, with
    /// the point of the design in them.
    fn sources(&self, index: u64, attempt: u64) -> [DesignPoint; 2] {
        let coordinates: Vec<(Quantity, f64)> = match &self.config.sample {
            _ if attempt > 0 => Vec::new(),
            None => Quantity::OF_SAMPLES
                .iter()
                .enumerate()
                .filter_map(|(d, &q)| Some((q, self.sample_points.coordinate(d, index)?)))
                .collect(),
            Some(sample) => self
                .sample_points
                .coordinate(sample.parameters.len(), index)
                .map(|u| (Quantity::PeakCounts, u))
                .into_iter()
                .collect(),
        };
        [Purpose::Sample, Purpose::View].map(|purpose| {
            let rng = stream(self.seed, purpose, index | attempt << 48);
            DesignPoint::new(rng, coordinates.clone())
        })
    }

    /// Sample number `index`, measured with the setup of its group.
    ///
    /// # Errors
    /// If physics refuses what the configuration draws, or nothing is ever counted.
    pub fn sample(&self, group: &Group, index: u64) -> Result<Record> {
        let arithmetic = self.config.dataset.arithmetic;
        arithmetic.scope(|| self.draw_sample(group, index))
    }

    fn draw_sample(&self, group: &Group, index: u64) -> Result<Record> {
        let failed = |source| Error::Simulation { index, source };
        for attempt in 0..TRIES {
            let sources = self.sources(index, attempt);
            let record = match &self.config.sample {
                None => self.fast(group, index, attempt, sources).map_err(failed)?,
                Some(sample) => self
                    .described(group, sample, index, attempt, sources)
                    .map_err(|refusal| refusal.of(&format!("sample {index}")))?,
            };
            if let Some(record) = record {
                return Ok(record);
            }
        }
        Err(Error::Dark {
            index,
            attempts: TRIES,
        })
    }

    /// A range of samples in order, on all threads of the current pool. `progress` is called
    /// after each sample; the build ends early once `stop` is set.
    ///
    /// # Errors
    /// The first failure, or [`Error::Stopped`].
    pub fn range(
        &self,
        range: Range<u64>,
        stop: &AtomicBool,
        progress: &(impl Fn() + Sync),
    ) -> Result<Vec<Record>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let groups = self.group_of(range.start)..self.group_of(range.end - 1) + 1;
        let per_group = self.config.dataset.samples_per_setup;
        let records = groups
            .into_par_iter()
            .map(|g| {
                if stop.load(Ordering::Relaxed) {
                    return Err(Error::Stopped);
                }
                let group = self.group(g)?;
                let first = (g * per_group).max(range.start);
                let last = ((g + 1) * per_group).min(range.end);
                (first..last)
                    .into_par_iter()
                    .map(|index| {
                        if stop.load(Ordering::Relaxed) {
                            return Err(Error::Stopped);
                        }
                        let record = self.sample(&group, index)?;
                        progress();
                        Ok(record)
                    })
                    .collect::<Result<Vec<Record>>>()
            })
            .collect::<Result<Vec<Vec<Record>>>>()?;
        Ok(records.into_iter().flatten().collect())
    }

    /// A sample of upright, round particles; `None` if nothing was counted.
    fn fast(
        &self,
        group: &Group,
        index: u64,
        attempt: u64,
        [mut of_sample, mut of_view]: [DesignPoint; 2],
    ) -> crate::Result<Option<Record>> {
        let prior = &self.prior;
        let (image, particles, correlation, drawn) = match group {
            Group::Cells(cells) => {
                let sample = Sample::draw_from(prior, cells, &mut of_sample)?;
                let view = View::draw_from(prior, cells, &sample, (N_Q, N_K), &mut of_view);
                let sums = CellSums {
                    sum: view.sum,
                    pixels: view.pixels,
                };
                let known = &cells.setup.known;
                let Some(image) = encoded(&sums, &cells.setup, known, &view.drawn)? else {
                    return Ok(None);
                };
                (image, sample.particles, view.correlation, view.drawn)
            }
            Group::Frame(frame) => {
                let particles = prior.particles.draw(group.q_max(), &mut of_sample)?;
                let mean = particles.sizes.mean_nm();
                prior.correlation.check_spacing(mean)?;
                let model = prior.correlation.draw_model(&mut of_sample);
                let correlation = prior.correlation.draw(mean, model, &mut of_sample);
                let mut drawn = draw_artifacts(prior, &mut of_view);
                let rate = frame.cross_section(&particles, &correlation);
                let image = exposed(
                    frame,
                    rate,
                    &mut drawn,
                    prior.artifacts.hot_pixels,
                    &mut of_view,
                );
                (image, particles, correlation, drawn)
            }
        };
        let setup = group.setup();
        let mut fields = self.head(index, image);
        let sizes = &particles.sizes;
        fields.push(Numbers::F32(narrow(&sizes.masses(&self.radius_edges))));
        fields.push(Numbers::F32(narrow(
            &sizes.volume_masses(&self.radius_edges),
        )));
        let (radii, weights) = sizes.nodes(simulated_q_max(group));
        for mut nodes in [narrow(&radii), narrow(&weights)] {
            nodes.resize(schema::nodes(&self.config), 0.0);
            fields.push(Numbers::F32(nodes));
        }
        let (model, kappa) = match correlation.model {
            CorrelationModel::Decoupling => (0.0, f64::NAN),
            CorrelationModel::SizeSpacing { kappa } => (1.0, kappa),
            CorrelationModel::LocalMonodisperse => (2.0, f64::NAN),
        };
        let cylinder = matches!(particles.shape, UprightShape::Cylinder { .. });
        let flag = |b: bool| f64::from(u8::from(b));
        let numbers = [
            sizes.mean_nm(),
            sizes.std_nm(),
            particles.shape.height_ratio(),
            flag(cylinder),
            correlation.distance_nm,
            correlation.disorder,
            correlation.ordered,
            flag(distance_visible(&correlation, group.q_max())),
            model,
            kappa,
        ];
        fields.extend(numbers.map(|x| Numbers::F64(vec![x])));
        let film = film_thickness(&setup.stack);
        fields.extend(tail(setup, film, &drawn, attempt));
        let what = json!({
            "shape": particles.shape,
            "sizes": particles.sizes.form(),
            "correlation": correlation,
        });
        Ok(Some(Record {
            fields,
            provenance: provenance(index, attempt, setup, what, &drawn),
        }))
    }

    /// A sample of the configuration's own description.
    fn described(
        &self,
        group: &Group,
        description: &Description,
        index: u64,
        attempt: u64,
        [mut of_sample, mut of_view]: [DesignPoint; 2],
    ) -> std::result::Result<Option<Record>, Refusal> {
        let designed = |d: usize| self.sample_points.coordinate(d, index);
        let values = description.draw(|d| match designed(d) {
            Some(u) if attempt == 0 => u,
            _ => of_sample.random(),
        })?;
        let beam = &group.setup().beam;
        let general::Drawn {
            sample,
            sizes,
            materials,
        } = description.build(&values, beam, general::Purpose::Image)?;
        let stack = sample.stack().clone();
        let mut drawn = draw_artifacts(&self.prior, &mut of_view);
        let artifacts = &self.prior.artifacts;
        let layers = stack.layers();
        let substrate = layers[layers.len() - 1].index;
        let film = (layers.len() == 3).then(|| (layers[1].index, layers[1].thickness_nm));
        let image = match group {
            Group::Cells(cells) => {
                let cells = cells.on(stack.clone());
                let pattern = StoredPattern::new(&general_moments(&sample, &cells));
                let rate = cells.expected_of(&pattern, None, &drawn);
                let (sum, pixels) =
                    cells.expose(rate, &mut drawn, artifacts, (N_Q, N_K), &mut of_view);
                let known = Known {
                    particle: None,
                    substrate: Some(substrate),
                    film,
                };
                let sums = CellSums { sum, pixels };
                let image = encoded(&sums, &cells.setup, &known, &drawn)
                    .map_err(|e| Refusal::built("setup", e))?;
                let Some(image) = image else {
                    return Ok(None);
                };
                image
            }
            Group::Frame(frame) => {
                let frame = frame.on(stack.clone());
                let rate = general_rate(&sample, &frame);
                let hot_pixels = artifacts.hot_pixels;
                exposed(&frame, rate, &mut drawn, hot_pixels, &mut of_view)
            }
        };
        let mut fields = self.head(index, image);
        let volume: f64 = sizes.iter().map(|[_, v, w]| v * w).sum();
        for weight in [|_: f64| 1.0, |v: f64| v] {
            let total = if weight(0.0) == 1.0 { 1.0 } else { volume };
            let mut masses = vec![0.0_f32; self.radius_edges.len() - 1];
            for &[r, v, w] in &sizes {
                let bin = self.radius_edges.partition_point(|&e| e <= r);
                if (1..=masses.len()).contains(&bin) {
                    masses[bin - 1] += (w * weight(v) / total) as f32;
                }
            }
            fields.push(Numbers::F32(masses));
        }
        let mean: f64 = sizes.iter().map(|[r, _, w]| r * w).sum();
        let square: f64 = sizes.iter().map(|[r, _, w]| w * powi(r - mean, 2)).sum();
        fields.extend([mean, square.sqrt()].map(|x| Numbers::F64(vec![x])));
        fields.extend(values.iter().map(|&x| Numbers::F64(vec![x])));
        let mut setup = group.setup().clone();
        (setup.stack, setup.materials) = (stack, materials);
        let thickness = film_thickness(&setup.stack);
        fields.extend(tail(&setup, thickness, &drawn, attempt));
        let named: serde_json::Map<String, serde_json::Value> = description
            .parameters
            .iter()
            .zip(&values)
            .map(|(p, &v)| (p.name.clone(), v.into()))
            .collect();
        Ok(Some(Record {
            fields,
            provenance: provenance(
                index,
                attempt,
                &setup,
                json!({ "parameters": named }),
                &drawn,
            ),
        }))
    }

    fn head(&self, index: u64, image: Vec<Numbers>) -> Vec<Numbers> {
        let mut fields = vec![
            Numbers::U64(vec![index]),
            Numbers::U64(vec![self.group_of(index)]),
        ];
        fields.extend(image);
        fields
    }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

/// Largest wave vector of the amplitudes that were averaged: decides the radii.
fn simulated_q_max(group: &Group) -> f64 {
    match group {
        Group::Cells(cells) => {
            let (q, k) = (cells.grid.q_centres(), &cells.grid.k_edges);
            let last = k.len() - 1;
            // Of two rows per cell, the upper lies a quarter below the edge.
            let k_end = k[last] - 0.25 * (k[last] - k[last - 1]);
            hypot(q[q.len() - 1], k_end)
        }
        Group::Frame(frame) => {
            let [q, k] = frame.bins.largest().map(|x| f64::from(x.max(0.1)) * 1.001);
            hypot(q, k)
        }
    }
}

/// Thickness of the first layer below the vacuum, nm; 0 on a bare substrate.
fn film_thickness(stack: &Multilayer) -> f64 {
    let layers = stack.layers();
    layers[1..layers.len() - 1]
        .first()
        .map_or(0.0, |layer| layer.thickness_nm)
}

/// The network's input of counts on cells; `None` if hardly anything was measured.
fn encoded(
    sums: &CellSums,
    setup: &Setup,
    known: &Known,
    drawn: &Drawn,
) -> crate::Result<Option<Vec<Numbers>>> {
    let (beam, _) = drawn.misalignment.believed(&setup.beam, &setup.detector)?;
    let conditions = conditions(beam.wavelength_nm(), beam.alpha_i_rad(), known);
    let Ok(input) = encode(sums, &conditions) else {
        return Ok(None);
    };
    let valid = input.planes[2 * N_CELLS..]
        .iter()
        .map(|&v| u8::from(v > 0.0));
    let valid = Numbers::U8(valid.collect());
    Ok(Some(vec![
        Numbers::F32(input.planes),
        Numbers::F32(input.scalars.to_vec()),
        valid,
    ]))
}

/// Counts and mask of a frame.
fn exposed(
    frame: &FrameSetup,
    rate: Vec<f32>,
    drawn: &mut Drawn,
    hot_pixels: usize,
    rng: &mut impl Source,
) -> Vec<Numbers> {
    let counts = frame.expose(rate, drawn, hot_pixels, rng);
    vec![
        // Counts are whole numbers far below 2^31.
        Numbers::I32(counts.iter().map(|&c| c as i32).collect()),
        Numbers::U8(frame.valid.iter().map(|&v| u8::from(v)).collect()),
    ]
}

/// Columns of the experiment.
fn tail(setup: &Setup, film_nm: f64, drawn: &Drawn, attempt: u64) -> Vec<Numbers> {
    let [column, row] = setup.detector.direct_beam_px;
    [
        setup.beam.wavelength_nm(),
        setup.beam.alpha_i_rad().to_degrees(),
        setup.detector.distance_mm,
        column,
        row,
        film_nm,
        drawn.exposure.peak_counts,
        attempt as f64,
    ]
    .map(|x| Numbers::F64(vec![x]))
    .to_vec()
}

/// Everything that was drawn, as a JSON text.
fn provenance(
    index: u64,
    attempt: u64,
    setup: &Setup,
    sample: serde_json::Value,
    drawn: &Drawn,
) -> String {
    let dead = setup.dead.sorted();
    json!({
        "index": index,
        "attempt": attempt,
        "setup": {
            "wavelength_nm": setup.beam.wavelength_nm(),
            "incidence_deg": setup.beam.alpha_i_rad().to_degrees(),
            "detector": setup.detector_name,
            "distance_mm": setup.detector.distance_mm,
            "direct_beam_px": setup.detector.direct_beam_px,
            "pixel_mm": setup.detector.pixel_mm,
            "particle": { "material": setup.particle_name, "index": setup.particle },
            "layers": setup.stack.layers(),
            "materials": setup.materials,
            "known": {
                "particle": setup.known.particle.is_some(),
                "substrate": setup.known.substrate.is_some(),
                "film": setup.known.film.is_some(),
            },
            "beamstops": setup.beamstops,
            "shadow": setup.shadow,
            "dead_pixels": dead.len(),
            "dead_pixels_at": dead,
            "mount": setup.mount,
        },
        "sample": sample,
        "artifacts": drawn,
    })
    .to_string()
}

/// Intensity of a described sample on the cells of a window: the mean over both sides of the
/// plane of incidence at the centre of each cell.
fn general_moments(sample: &gisaxs_physics::Sample, cells: &CellSetup) -> Moments {
    let beam = &cells.setup.beam;
    let columns = cells.grid.q_centres();
    let rows = cells.grid.k_centres();
    let directions: Vec<gisaxs_physics::Direction> = rows
        .iter()
        .flat_map(|&k| columns.iter().map(move |&q| (q, k)))
        .flat_map(|(q, k)| general::directions(beam, q, k))
        .collect();
    let values = sample.cross_section(beam, &directions);
    Moments {
        mean_square: values
            .chunks_exact(2)
            .map(|v| 0.5 * (v[0] + v[1]))
            .collect(),
        coherent: Vec::new(),
    }
}

/// Intensity of a described sample on every pixel above the horizon, zero below.
fn general_rate(sample: &gisaxs_physics::Sample, frame: &FrameSetup) -> Vec<f32> {
    let setup = &frame.setup;
    let (rows, cols) = (setup.detector.rows, setup.detector.cols);
    let mut rate = vec![0.0; rows * cols];
    let (at, directions): (Vec<usize>, Vec<_>) = (0..rows * cols)
        .filter(|&i| frame.bins.k_z(i) > 0.0)
        .map(|i| {
            let (col, row) = ((i % cols) as f64, (i / cols) as f64);
            (i, setup.detector.direction(&setup.beam, col, row))
        })
        .unzip();
    for (i, value) in at
        .into_iter()
        .zip(sample.cross_section(&setup.beam, &directions))
    {
        rate[i] = value as f32;
    }
    rate
}

impl Group {
    /// Intensity of particles on the cells or pixels of the group, noise-free: the fast path.
    #[must_use]
    pub fn ideal(&self, particles: &Particles, correlation: &Correlation) -> Vec<f64> {
        match self {
            Self::Cells(cells) => {
                let setup = &cells.setup;
                crate::pattern::moments(
                    &setup.stack,
                    &setup.beam,
                    particles,
                    Some(correlation),
                    &cells.grid,
                )
                .mean_square
            }
            Self::Frame(frame) => frame
                .cross_section(particles, correlation)
                .into_iter()
                .map(f64::from)
                .collect(),
        }
    }

    /// Intensity of a described sample on the same bins: the general path.
    #[must_use]
    pub fn ideal_of(&self, sample: &gisaxs_physics::Sample) -> Vec<f64> {
        match self {
            Self::Cells(cells) => general_moments(sample, cells).mean_square,
            Self::Frame(frame) => general_rate(sample, frame)
                .into_iter()
                .map(f64::from)
                .collect(),
        }
    }
}
