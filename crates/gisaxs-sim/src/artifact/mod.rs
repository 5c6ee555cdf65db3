//! What a real experiment adds to, and takes from, the ideal pattern: one file each.
//!
//! Every artifact is a plain struct of the numbers drawn for it (serialisable, so that a
//! sample can record them), made by `draw` from a range in the prior. Three families:
//!
//! - **rates** change the expected counts per pixel of a set of [`Bins`]: [`Diffuse`] with
//!   [`Fringes`], [`Population`], [`Air`], [`GuinierPorod`], [`Window`], [`Rod`], [`Response`], [`Blur`],
//!   [`FlightTube`], the flat background, and gains of pixels: [`FlatField`], [`GapEdges`];
//! - **masks** hide detector pixels: [`ModuleLayout`] gaps, [`Beamstop`], [`Shadow`],
//!   [`DeadPixels`]; [`Obstacles`] hide cells;
//! - **counting** turns rates into counts: [`Exposure`], [`DeadTime`], [`poisson`],
//!   [`Saturation`], [`HotPixels`], [`NoisyPixels`], [`BadLines`], [`CosmicRays`].
//!
//! Bins are either the pixels of a frame or the cells of the network's grid: a sum of
//! Poisson counts is a Poisson count, so a cell of n pixels is drawn at once. [`Misalignment`]
//! is the difference between the true geometry and the one the user believes in, [`Mount`] what
//! the true detector has and no geometry file says.
//!
//! [`Drawn`] holds what every exposure has; [`Scatter`] and [`Camera`] hold what some have.
//! Artifacts of single pixels and lines know whole frames (`frame`) and, through [`CellRaster`],
//! the cells that the pixels fall into (`cells`).

mod air;
mod bad_lines;
mod beamstop;
mod blur;
mod camera;
mod convolution;
mod cosmic_rays;
mod dead_pixels;
mod dead_time;
mod diffuse;
mod drawn;
mod exposure;
mod flat_field;
mod flight_tube;
mod fringes;
mod gap_edges;
mod guinier_porod;
mod hot_pixels;
mod level;
mod misalignment;
mod module_gaps;
mod mount;
mod noisy_pixels;
mod obstacle;
pub(crate) mod pixelwise;
mod poisson;
mod population;
mod radial;
mod raster;
mod response;
mod rod;
mod saturation;
mod scatter;
mod shadow;
mod window;

pub use air::Air;
pub use bad_lines::{BadLine, BadLines};
pub use beamstop::{Arm, Beamstop};
pub use blur::Blur;
pub use camera::Camera;
pub use cosmic_rays::CosmicRays;
pub use dead_pixels::DeadPixels;
pub use dead_time::DeadTime;
pub use diffuse::Diffuse;
pub use drawn::Drawn;
pub use exposure::Exposure;
pub use flat_field::FlatField;
pub use flight_tube::FlightTube;
pub use fringes::{Film, Fringes};
pub use gap_edges::GapEdges;
pub use guinier_porod::GuinierPorod;
pub use hot_pixels::HotPixels;
pub use misalignment::{Misalignment, MisalignmentPrior};
pub use module_gaps::ModuleLayout;
pub use mount::Mount;
pub use noisy_pixels::NoisyPixels;
pub use obstacle::{Block, Obstacle, Obstacles};
pub use poisson::poisson;
pub use population::Population;
pub use raster::CellRaster;
pub use response::Response;
pub use rod::Rod;
pub use saturation::Saturation;
pub use scatter::Scatter;
pub use shadow::Shadow;
pub use window::Window;

use gisaxs_physics::elementary::{asinh, sinh};
use gisaxs_physics::{Beam, Multilayer};

/// Where the bins of an image lie: pixels of a frame, or cells of a lattice.
///
/// Both are pairs out of a table of q_par and a table of k_z, so that whatever depends on
/// one of the two is computed per table entry and not per bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    q_par: Vec<f32>,
    k_z: Vec<f32>,
    /// The entries of every bin; `None` for all pairs, `q_par` running fast.
    entries: Option<Vec<[u16; 2]>>,
}

/// Entries of the tables behind scattered bins, uniform in asinh(x / 0.05): positions are
/// rounded by at most 1.4e-4 of themselves (plus 7e-6 nm^-1), far inside a pixel.
const TABLE: usize = 16_384;
const TABLE_SCALE: f32 = 0.05;

impl Bins {
    /// Bins at any positions: one pair of sqrt(q_x^2 + q_y^2) and k sin(alpha_f), nm^-1, each.
    ///
    /// # Panics
    /// If the two differ in length.
    #[must_use]
    pub fn scattered(q_par: &[f32], k_z: &[f32]) -> Self {
        assert_eq!(q_par.len(), k_z.len(), "one k_z per q_par");
        let (q_par, q_entries) = used(tabulate(q_par));
        let (k_z, k_entries) = used(tabulate(k_z));
        let entries = q_entries.into_iter().zip(k_entries).map(|(q, k)| [q, k]);
        Self {
            q_par,
            k_z,
            entries: Some(entries.collect()),
        }
    }

    /// All pairs of the columns `q_par` and the rows `k_z`, nm^-1, row-major.
    #[must_use]
    pub fn lattice(q_par: Vec<f32>, k_z: Vec<f32>) -> Self {
        Self {
            q_par,
            k_z,
            entries: None,
        }
    }

    /// Number of bins.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.entries {
            Some(entries) => entries.len(),
            None => self.q_par.len() * self.k_z.len(),
        }
    }

    /// Whether there is no bin.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// sqrt(q_x^2 + q_y^2) of bin `i`, nm^-1.
    #[inline]
    #[must_use]
    pub fn q_par(&self, i: usize) -> f32 {
        match &self.entries {
            Some(entries) => self.q_par[usize::from(entries[i][0])],
            None => self.q_par[i % self.q_par.len()],
        }
    }

    /// k sin(alpha_f) of bin `i`, nm^-1.
    #[inline]
    #[must_use]
    pub fn k_z(&self, i: usize) -> f32 {
        match &self.entries {
            Some(entries) => self.k_z[usize::from(entries[i][1])],
            None => self.k_z[i / self.q_par.len()],
        }
    }

    /// Largest q_par and k_z, nm^-1.
    pub(crate) fn largest(&self) -> [f32; 2] {
        let largest = |table: &[f32]| table.iter().copied().fold(0.0, f32::max);
        [largest(&self.q_par), largest(&self.k_z)]
    }

    /// Calls `visit(value, f(q_par), g(k_z))` for every bin; `f` and `g` are evaluated once
    /// per entry of the tables.
    pub(crate) fn for_each_product<A, B>(
        &self,
        values: &mut [f32],
        f: impl Fn(f32) -> A,
        g: impl Fn(f32) -> B,
        visit: impl Fn(&mut f32, &A, &B),
    ) {
        let columns: Vec<A> = self.q_par.iter().map(|&q| f(q)).collect();
        let rows: Vec<B> = self.k_z.iter().map(|&k| g(k)).collect();
        self.for_each_entry(values, &columns, &rows, visit);
    }

    /// Calls `visit(value, combine(f(q_par), g(k_z)))` for every bin, in two steps: what is
    /// looked up is combined for some bins, then they are visited, which can happen in vectors.
    pub(crate) fn for_each_pair<A, B>(
        &self,
        values: &mut [f32],
        f: impl Fn(f32) -> A,
        g: impl Fn(f32) -> B,
        combine: impl Fn(&A, &B) -> f32,
        visit: impl Fn(&mut f32, f32),
    ) {
        /// Bins at a time: a fraction of the first-level cache.
        const BLOCK: usize = 256;
        let columns: Vec<A> = self.q_par.iter().map(|&q| f(q)).collect();
        let rows: Vec<B> = self.k_z.iter().map(|&k| g(k)).collect();
        let mut pairs = [0.0; BLOCK];
        let visit_all = |values: &mut [f32], pairs: &[f32]| {
            for (value, pair) in values.iter_mut().zip(pairs) {
                visit(value, *pair);
            }
        };
        match &self.entries {
            Some(entries) => {
                for (values, entries) in values.chunks_mut(BLOCK).zip(entries.chunks(BLOCK)) {
                    for (pair, &[q, k]) in pairs.iter_mut().zip(entries) {
                        *pair = combine(&columns[usize::from(q)], &rows[usize::from(k)]);
                    }
                    visit_all(values, &pairs);
                }
            }
            None => {
                for (line, b) in values.chunks_exact_mut(columns.len()).zip(&rows) {
                    for (values, columns) in line.chunks_mut(BLOCK).zip(columns.chunks(BLOCK)) {
                        for (pair, a) in pairs.iter_mut().zip(columns) {
                            *pair = combine(a, b);
                        }
                        visit_all(values, &pairs);
                    }
                }
            }
        }
    }

    /// The tables of q_par and k_z, nm^-1.
    pub(crate) fn tables(&self) -> [&[f32]; 2] {
        [&self.q_par, &self.k_z]
    }

    /// Calls `visit(value, column, row)` for every bin, with the entries of `columns` and `rows`
    /// that belong to its entries in the tables.
    pub(crate) fn for_each_entry<A, B>(
        &self,
        values: &mut [f32],
        columns: &[A],
        rows: &[B],
        visit: impl Fn(&mut f32, &A, &B),
    ) {
        match &self.entries {
            Some(entries) => {
                for (value, &[q, k]) in values.iter_mut().zip(entries) {
                    visit(value, &columns[usize::from(q)], &rows[usize::from(k)]);
                }
            }
            None => {
                for (line, b) in values.chunks_exact_mut(columns.len()).zip(rows) {
                    for (value, a) in line.iter_mut().zip(columns) {
                        visit(value, a, b);
                    }
                }
            }
        }
    }
}

/// A table without the entries that no bin has, if it is much shorter for that: along the rows of a
/// small detector k_z takes few values.
fn used((table, mut entries): (Vec<f32>, Vec<u16>)) -> (Vec<f32>, Vec<u16>) {
    let mut is_used = vec![false; table.len()];
    for &entry in &entries {
        is_used[usize::from(entry)] = true;
    }
    if 2 * is_used.iter().filter(|used| **used).count() > table.len() {
        return (table, entries);
    }
    let mut numbers = vec![0; table.len()];
    let mut shorter = Vec::new();
    for (number, (value, _)) in numbers
        .iter_mut()
        .zip(table.iter().zip(&is_used))
        .filter(|(_, (_, used))| **used)
    {
        *number = shorter.len() as u16;
        shorter.push(*value);
    }
    for entry in &mut entries {
        *entry = numbers[usize::from(*entry)];
    }
    (shorter, entries)
}

/// Smallest and largest value, eight at a time.
fn extremes(values: &[f32]) -> [f32; 2] {
    let (eights, rest) = values.as_chunks::<8>();
    let (mut low, mut high) = ([f32::MAX; 8], [f32::MIN; 8]);
    for eight in eights {
        for i in 0..8 {
            low[i] = if eight[i] < low[i] { eight[i] } else { low[i] };
            high[i] = if eight[i] > high[i] {
                eight[i]
            } else {
                high[i]
            };
        }
    }
    [
        low.iter().chain(rest).copied().fold(f32::MAX, f32::min),
        high.iter().chain(rest).copied().fold(f32::MIN, f32::max),
    ]
}

/// The table that covers `values`, and the entry nearest to each.
fn tabulate(values: &[f32]) -> (Vec<f32>, Vec<u16>) {
    let position = |x: f32| {
        let t = x.abs() / TABLE_SCALE;
        pixelwise::ln(t + (t * t + 1.0).sqrt()).copysign(x)
    };
    let [low, high] = extremes(values).map(position);
    let step = ((high - low) / (TABLE - 1) as f32).max(f32::MIN_POSITIVE);
    let table = (0..TABLE)
        .map(|i| TABLE_SCALE * sinh(low + step * i as f32))
        .collect();
    let entries = values
        .iter()
        .map(|&x| ((position(x) - low) / step + 0.5).clamp(0.0, (TABLE - 1) as f32) as u16)
        .collect();
    (table, entries)
}

/// What the sample surface does to waves: used by every artifact that leaves through it.
#[derive(Clone, Debug)]
pub struct Surface {
    /// k sin(alpha_i), nm^-1.
    pub k_i: f64,
    /// |1 + R|^2 at the surface for the incident wave.
    pub incident: f64,
    /// The film on the substrate, if there is one that fringes could show.
    pub film: Option<Film>,
    /// |1 + R|^2 over k_z, on a table uniform in asinh(k_z / 0.3).
    exit: Vec<f32>,
    /// |R|^2 on the same table.
    reflectivity: Vec<f32>,
}

const SURFACE_TABLE: usize = 600;
const SURFACE_SCALE: f64 = 0.3;
const SURFACE_K_MAX: f64 = 12.0;
/// Thinner layers have no fringe inside a window.
const FRINGE_FILM_NM: f64 = 3.0;

impl Surface {
    /// Tabulates the surface of `stack`.
    #[must_use]
    pub fn new(stack: &Multilayer, beam: &Beam) -> Self {
        let end = asinh(SURFACE_K_MAX / SURFACE_SCALE);
        let amplitudes = (0..=SURFACE_TABLE).map(|i| {
            let k_z = SURFACE_SCALE * sinh(end * i as f64 / SURFACE_TABLE as f64);
            stack.reflection(beam.k(), k_z.max(1e-6))
        });
        let (exit, reflectivity) = amplitudes
            .map(|r| ((1.0 + r).norm_sqr() as f32, r.norm_sqr() as f32))
            .unzip();
        Self {
            k_i: beam.kz(),
            film: (stack.layers().len() > 2)
                .then(|| stack.layers()[1])
                .filter(|layer| layer.thickness_nm >= FRINGE_FILM_NM)
                .map(|layer| Film {
                    thickness_nm: layer.thickness_nm,
                    critical_k2: 2.0 * layer.index.delta * beam.k() * beam.k(),
                }),
            incident: (1.0 + stack.reflection(beam.k(), beam.kz())).norm_sqr(),
            exit,
            reflectivity,
        }
    }

    fn interpolate(table: &[f32], k_z: f32) -> f32 {
        let scale = SURFACE_TABLE as f32 / asinh(SURFACE_K_MAX / SURFACE_SCALE) as f32;
        let t =
            (asinh(k_z.max(0.0) / SURFACE_SCALE as f32) * scale).min(SURFACE_TABLE as f32 - 1e-3);
        let (i, u) = (t as usize, t.fract());
        table[i] * (1.0 - u) + table[i + 1] * u
    }

    /// |1 + R(k_z)|^2: intensity of the exit wave at the surface; peaks in the Yoneda band.
    #[must_use]
    pub fn exit(&self, k_z: f32) -> f32 {
        Self::interpolate(&self.exit, k_z)
    }

    /// |R(k_z)|^2.
    #[must_use]
    pub fn reflectivity(&self, k_z: f32) -> f32 {
        Self::interpolate(&self.reflectivity, k_z)
    }
}

/// The surface of silicon at 0.1 nm and 0.005 rad.
#[cfg(test)]
fn test_surface() -> Surface {
    let beam = Beam::new(0.1, 0.005).unwrap();
    let silicon = gisaxs_physics::RefractiveIndex::new(5e-6, 1e-7).unwrap();
    Surface::new(&Multilayer::substrate(silicon).unwrap(), &beam)
}
