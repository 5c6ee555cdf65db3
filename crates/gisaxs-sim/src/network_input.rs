//! Views as the network sees them: the simulator's cells, encoded by `gisaxs-preproc` like a
//! measured frame. Training draws from here, and so do dataset builds.

use gisaxs_physics::RefractiveIndex;
use gisaxs_preproc::Instrument;
use gisaxs_preproc::PixelMap;
use gisaxs_preproc::input::{Conditions, K_AXIS, KnownMaterial, N_CELLS, N_K, N_Q, Q_AXIS};

use crate::pattern::CellGrid;
use crate::{CellSetup, Correlation, Error, Known, Prior, Result, Setup};

/// The grid of the network's input, as the simulator wants it.
#[must_use]
pub fn network_grid() -> CellGrid {
    CellGrid {
        q_edges: (0..=N_Q).map(|i| Q_AXIS.edge(i)).collect(),
        k_edges: (0..=N_K).map(|i| K_AXIS.edge(i)).collect(),
    }
}

/// Setups whose detector covers less of the grid are drawn again.
const MIN_COVERED_CELLS: usize = N_CELLS / 25;

/// `setup` seen through `grid`; `None` if its detector covers less than 4 % of it.
///
/// # Errors
/// If preprocessing refuses the geometry.
pub fn cells_of(setup: Setup, grid: &CellGrid) -> Result<Option<CellSetup>> {
    let refused = |error: gisaxs_preproc::Error| Error::Prior {
        key: "setup",
        value: error.to_string(),
        expected: "a geometry that preprocessing accepts",
    };
    let instrument = Instrument::new(setup.beam, setup.detector).map_err(refused)?;
    let map = PixelMap::new(&instrument).map_err(refused)?;
    let mut pixels = vec![0.0; N_CELLS];
    for (&cell, valid) in map.cells().iter().zip(setup.valid_pixels()) {
        if valid && usize::from(cell) < N_CELLS {
            pixels[usize::from(cell)] += 1.0;
        }
    }
    let covered = pixels.iter().filter(|p| **p > 0.0).count();
    if covered < MIN_COVERED_CELLS {
        return Ok(None);
    }
    Ok(CellSetup::new(setup, grid, &pixels))
}

/// Draws of one index before its prior is given up.
pub(crate) const TRIES: u64 = 64;

/// Setup number `index` seen through `grid`. A setup whose detector covers almost nothing
/// of the grid is replaced by another draw of the same index.
///
/// # Errors
/// If the prior draws something that physics or preprocessing refuse, or only geometries that
/// see less than 4 % of the grid.
pub fn cell_setup(prior: &Prior, grid: &CellGrid, seed: u64, index: u64) -> Result<CellSetup> {
    for attempt in 0..TRIES {
        let setup = prior.setup.draw(seed, index | attempt << 40)?;
        if let Some(cells) = cells_of(setup, grid)? {
            return Ok(cells);
        }
    }
    Err(narrow_window())
}

/// Nothing of the grid is seen, however often one draws.
pub(crate) fn narrow_window() -> Error {
    Error::Prior {
        key: "setup",
        value: format!("{TRIES} geometries that see less than 4 % of the grid"),
        expected: "geometries that see more of (q_par, k sin alpha_f)",
    }
}

/// What the network is told of an experiment.
#[must_use]
pub fn conditions(wavelength_nm: f64, alpha_i_rad: f64, known: &Known) -> Conditions {
    let material = |i: RefractiveIndex| KnownMaterial::new(i.delta, i.beta, wavelength_nm);
    Conditions {
        wavelength_nm,
        alpha_i_rad,
        particle: known.particle.map(material),
        substrate: known.substrate.map(material),
        film: known
            .film
            .map(|(index, thickness)| (material(index), thickness)),
    }
}

/// The first maximum of S(q_par) counts as visible below this share of the largest q_par.
const VISIBLE_Q_SHARE: f64 = 0.85;
/// ... and above this wave vector, nm^-1: further in stands the beamstop.
const VISIBLE_Q_MIN: f64 = 0.06;

/// Whether the first maximum of the structure factor lies inside a window that ends at `q_max`
/// (nm^-1).
#[must_use]
pub fn distance_visible(correlation: &Correlation, q_max: f64) -> bool {
    let first_maximum = std::f64::consts::TAU / correlation.distance_nm;
    first_maximum > VISIBLE_Q_MIN && first_maximum < VISIBLE_Q_SHARE * q_max
}
