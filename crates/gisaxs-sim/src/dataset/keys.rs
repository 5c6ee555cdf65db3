//! Every key of a configuration, with unit, limits and meaning: the one table behind the
//! documentation and behind the check for unknown keys.

mod sample;

use toml::{Table, Value};

use super::error::{Error, Result};

/// A key of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Dotted path; `[]` stands for the entries of a list of tables.
    pub path: &'static str,
    /// Unit, or empty.
    pub unit: &'static str,
    /// Allowed values.
    pub allowed: &'static str,
    /// Meaning.
    pub about: &'static str,
}

const fn key(
    path: &'static str,
    unit: &'static str,
    allowed: &'static str,
    about: &'static str,
) -> Key {
    Key {
        path,
        unit,
        allowed,
        about,
    }
}

/// All keys. A *density* is a number or one of the tables of [`crate::Range`]; its ends obey the
/// limits.
pub const KEYS: &[Key] = &{
    let mut all = [MAIN[0]; MAIN.len() + sample::KEYS.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < MAIN.len() {
            MAIN[i]
        } else {
            sample::KEYS[i - MAIN.len()]
        };
        i += 1;
    }
    all
};

const MAIN: &[Key] = &[
    key(
        "dataset.name",
        "",
        "text",
        "Name of the dataset, in the manifest.",
    ),
    key(
        "dataset.contents",
        "",
        "one of network-input, frame",
        "What a sample holds: planes and scalars as the network sees them, or raw counts of a whole detector.",
    ),
    key(
        "dataset.design",
        "",
        "one of independent, latin-hypercube, sobol, grid",
        "How the drawn quantities are spread over their densities.",
    ),
    key(
        "dataset.levels",
        "",
        "a table of quantity = 1 to 1000000",
        "Levels of each quantity of a grid; quantities without an entry are independent.",
    ),
    key(
        "dataset.samples_per_setup",
        "",
        "1 to 1000000",
        "Samples that share beam, detector, layers and mask.",
    ),
    key(
        "dataset.shard_samples",
        "",
        "1 to 1000000",
        "Samples per file, a multiple of samples_per_setup; if not given, 1024, or as many frames as make 128 MiB.",
    ),
    key(
        "dataset.arithmetic",
        "",
        "one of portable, native",
        "Which machines make the same bits: all x86-64 and aarch64 ones, or those with the same instructions.",
    ),
    key(
        "dataset.radius_bins",
        "",
        "2 to 10000",
        "Bins of the label densities, equal in ln R.",
    ),
    key(
        "dataset.radius_edges_nm",
        "nm",
        "two ascending numbers, 0.25 to 1000",
        "First and last edge of the bins.",
    ),
    key(
        "setup.wavelength_nm",
        "nm",
        "density, 0.04 to 1.2",
        "Vacuum wavelength.",
    ),
    key(
        "setup.incidence_deg",
        "deg",
        "density, 0.01 to 10",
        "Incidence angle.",
    ),
    key(
        "setup.distance_mm",
        "mm",
        "density, 10 to 100000",
        "Sample to detector.",
    ),
    key(
        "setup.detectors",
        "",
        "a list of tables, not empty",
        "Detectors to choose from; frames need exactly one shape.",
    ),
    key(
        "setup.detectors[].name",
        "",
        "text",
        "Name as in an instrument file; that of a detector of gisaxs_preproc::Detector::all is enough.",
    ),
    key(
        "setup.detectors[].weight",
        "",
        "above 0",
        "How often, relative to the others.",
    ),
    key(
        "setup.detectors[].pixel_mm",
        "mm",
        "above 0; default that of the named detector",
        "Edge of a pixel.",
    ),
    key(
        "setup.detectors[].layout",
        "",
        "a table; default that of the named detector",
        "Modules and gaps, numbers are [rows, columns].",
    ),
    key(
        "setup.detectors[].layout.module",
        "pixel",
        "two positive numbers",
        "Pixels of a module.",
    ),
    key(
        "setup.detectors[].layout.gap",
        "pixel",
        "two numbers",
        "Pixels of a gap.",
    ),
    key(
        "setup.detectors[].layout.modules",
        "",
        "two positive numbers",
        "Number of modules.",
    ),
    key(
        "setup.particles",
        "",
        "names or formulas",
        "Particle materials, equally likely.",
    ),
    key(
        "setup.substrates",
        "",
        "names or formulas",
        "Substrate materials, equally likely.",
    ),
    key(
        "setup.polymer_films",
        "",
        "0 to 1",
        "Share of setups with a polymer film under the particles.",
    ),
    key(
        "setup.polymers",
        "",
        "names or formulas",
        "Polymers, equally likely.",
    ),
    key(
        "setup.polymer_nm",
        "nm",
        "density, 0.1 to 10000",
        "Thickness of a polymer film.",
    ),
    key(
        "setup.oxides",
        "",
        "0 to 1",
        "Share of setups with a grown SiO2 film, of those without a polymer.",
    ),
    key(
        "setup.oxide_nm",
        "nm",
        "density, 0.1 to 10000",
        "Thickness of a grown oxide.",
    ),
    key(
        "setup.native_oxides",
        "",
        "0 to 1",
        "Share of setups with a native oxide of 1 to 2.5 nm.",
    ),
    key(
        "setup.roughness_nm",
        "nm",
        "density, 0 to 5",
        "Roughness of every interface.",
    ),
    key(
        "setup.beam_column",
        "columns",
        "density, -1 to 2",
        "Direct beam over the number of columns; if absent, mostly in the middle half.",
    ),
    key(
        "setup.beam_row",
        "rows",
        "density, -1 to 2",
        "Direct beam over the number of rows, from the top; if absent, 0.72 to 1.05.",
    ),
    key(
        "setup.rotation_deg",
        "deg",
        "density, -5 to 5",
        "Rotation of the true detector about the beam; if absent, none.",
    ),
    key(
        "setup.tilt_deg",
        "deg",
        "density, -5 to 5",
        "Tilt of the true detector about either axis; if absent, none.",
    ),
    key(
        "setup.beamstop_mm",
        "mm",
        "density, 0.01 to 100",
        "Radius of a beamstop; if absent, uniform from 1 to 5 mm.",
    ),
    key(
        "setup.beamstop_arms",
        "",
        "0 to 1",
        "Share of beamstops with an arm that casts a shadow.",
    ),
    key(
        "setup.reflected_beamstops",
        "",
        "0 to 1",
        "Share of setups with a beamstop for the reflected beam.",
    ),
    key(
        "setup.holders",
        "",
        "0 to 1",
        "Share of setups in which a holder or blade hides up to a third of the detector.",
    ),
    key(
        "setup.min_window",
        "nm^-1",
        "0 to 3",
        "Smallest q_par and k sin(alpha_f) a setup must reach.",
    ),
    key(
        "setup.knowledge",
        "",
        "0 to 1",
        "How often a material is known to the user (an input of the network).",
    ),
    key(
        "particles.radius_nm",
        "nm",
        "density, 0.3 to 200",
        "Mean radius, number-weighted.",
    ),
    key(
        "particles.spread",
        "",
        "density, 0.001 to 1",
        "Standard deviation over radius of a component (log-normal: of ln R).",
    ),
    key(
        "particles.height_ratio",
        "",
        "density, 0.05 to 2",
        "Height over radius; H <= 2R always.",
    ),
    key(
        "particles.cylinders",
        "",
        "0 to 1",
        "Share of cylinders; the rest are spherical segments.",
    ),
    key(
        "particles.full_spheres",
        "",
        "0 to 1",
        "Share of full spheres among the segments.",
    ),
    key(
        "particles.modes",
        "",
        "three shares",
        "Size distributions of one, two, and three to five components.",
    ),
    key(
        "particles.log_normal",
        "",
        "0 to 1",
        "Share of log-normal among single components.",
    ),
    key(
        "particles.schulz_zimm",
        "",
        "0 to 1",
        "Share of Schulz-Zimm among single components; the rest are normal.",
    ),
    key(
        "particles.free_form",
        "",
        "0 to 1",
        "Share of smooth densities of no formula, before modes are asked.",
    ),
    key(
        "particles.min_radius_times_q",
        "",
        "0 to 100",
        "Smallest R q_max: smaller particles tell their size to nobody.",
    ),
    key(
        "particles.radii",
        "",
        "1 to 1500",
        "Radii that stand for a distribution; if absent, as many as the window needs, up to 40.",
    ),
    key(
        "correlation.distance_nm",
        "nm",
        "density, 0.5 to 10000",
        "Mean centre-to-centre distance D, conditional on distance_over_radius.",
    ),
    key(
        "correlation.distance_over_radius",
        "",
        "two ascending factors from 2",
        "Smallest and largest D over the mean radius: D > 2 R_mean times a margin; the largest is widened by small_particle_reach.",
    ),
    key(
        "correlation.small_particle_reach",
        "",
        "0, or 1 to 1000",
        "The upper limit of D is at least this many times the lower end of distance_nm, so that small particles keep a choice; 0 for no widening.",
    ),
    key(
        "correlation.disorder",
        "",
        "density, 0.001 to 1",
        "sigma_D / D; half of the draws of a log-uniform density are uniform.",
    ),
    key(
        "correlation.partly_ordered",
        "",
        "0 to 1",
        "Share of samples in which some of the particles lie at random.",
    ),
    key(
        "correlation.ordered",
        "",
        "density, 0 to 1",
        "Share of the particles that keep their distance in such a sample.",
    ),
    key(
        "correlation.size_spacing",
        "",
        "0 to 1",
        "Share of samples with size-spacing correlation; with local_monodisperse at most 1.",
    ),
    key(
        "correlation.local_monodisperse",
        "",
        "0 to 1",
        "Share of samples in the local monodisperse approximation; with size_spacing at most 1.",
    ),
    key(
        "correlation.kappa",
        "",
        "density, 0 to 4",
        "Coupling constant of size-spacing correlation.",
    ),
    key(
        "artifacts.peak_counts",
        "counts",
        "density, above 0, at most 1e9",
        "Expected counts of the 99.5 % brightest pixel off the rod.",
    ),
    key(
        "artifacts.flat",
        "of peak",
        "density, 0 to 1000",
        "Flat background.",
    ),
    key(
        "artifacts.diffuse",
        "of peak",
        "density, 0 to 1000",
        "Diffuse scattering of the surface.",
    ),
    key(
        "artifacts.air",
        "of peak",
        "density, 0 to 1000",
        "Scattering of air and windows.",
    ),
    key(
        "artifacts.rod",
        "of peak",
        "density, 0 to 1e9",
        "Specular rod.",
    ),
    key(
        "artifacts.response",
        "",
        "density, 0 to 1",
        "Standard deviation of the slow response error.",
    ),
    key(
        "artifacts.blur_px",
        "pixel",
        "density, 0 to 20",
        "Standard deviation of the point-spread function; if absent, 0.2 to 1.2, uniform in the logarithm.",
    ),
    key(
        "artifacts.flight_tube",
        "",
        "0 to 1",
        "Share of exposures that see the edge of the flight tube.",
    ),
    key(
        "artifacts.hot_pixels",
        "pixels",
        "0 to 10000",
        "Most hot pixels that nobody flagged, per frame.",
    ),
    key(
        "artifacts.obstacles",
        "",
        "0 to 1",
        "Share of network inputs with a dark block that nobody masked, and with a masked one.",
    ),
    key(
        "artifacts.saturation",
        "counts",
        "density, above 0, at most 1e9",
        "Counts at which a pixel is overloaded.",
    ),
    key(
        "artifacts.misalignment.beam_center_px",
        "pixel",
        "0 or more",
        "Standard deviation of the believed beam centre.",
    ),
    key(
        "artifacts.misalignment.incidence_deg",
        "deg",
        "0 or more",
        "Standard deviation of the believed incidence angle.",
    ),
    key(
        "artifacts.misalignment.distance",
        "",
        "0 or more",
        "Relative standard deviation of the believed distance.",
    ),
    key(
        "artifacts.misalignment.wavelength",
        "",
        "0 to 0.1",
        "Relative standard deviation of the believed wavelength.",
    ),
    key(
        "artifacts.scatter.guinier_porod",
        "",
        "0 to 1",
        "Share of exposures with parasitic Guinier-Porod scattering.",
    ),
    key(
        "artifacts.scatter.guinier_porod_amplitude",
        "of peak",
        "density, 0 to 1000",
        "Its intensity at 0.1 nm^-1.",
    ),
    key(
        "artifacts.scatter.guinier_porod_rg_nm",
        "nm",
        "density, 0.1 to 1000",
        "Its radius of gyration.",
    ),
    key(
        "artifacts.scatter.fringes",
        "",
        "0 to 1",
        "Share of exposures with film fringes in the diffuse scattering, where there is a film.",
    ),
    key(
        "artifacts.scatter.fringe_visibility",
        "",
        "density, 0 to 1",
        "Contrast of the fringes.",
    ),
    key(
        "artifacts.scatter.population",
        "",
        "0 to 1",
        "Share of exposures with a second, weak population of other sizes.",
    ),
    key(
        "artifacts.scatter.population_amplitude",
        "of peak",
        "density, 0 to 1000",
        "Its intensity in the forward direction.",
    ),
    key(
        "artifacts.scatter.population_radius_nm",
        "nm",
        "density, 0.3 to 200",
        "Its mean radius.",
    ),
    key(
        "artifacts.scatter.window",
        "",
        "0 to 1",
        "Share of exposures with scattering of windows and air behind the sample.",
    ),
    key(
        "artifacts.scatter.window_amplitude",
        "of peak",
        "density, 0 to 1000",
        "Its intensity at 0.1 nm^-1.",
    ),
    key(
        "artifacts.scatter.window_power",
        "",
        "density, 0 to 6",
        "Exponent of its power law.",
    ),
    key(
        "artifacts.scatter.divergence",
        "",
        "0 to 1",
        "Share of exposures with a diverging beam.",
    ),
    key(
        "artifacts.scatter.divergence_px",
        "pixel",
        "density, 0 to 20",
        "Standard deviation of the divergence on the detector, across and up each.",
    ),
    key(
        "artifacts.camera.exposure_s",
        "s",
        "density, 0.0001 to 10000",
        "Exposure time: scales muons and count rates.",
    ),
    key(
        "artifacts.camera.flat_field",
        "",
        "0 to 1",
        "Share of exposures with an error of the flat field.",
    ),
    key(
        "artifacts.camera.flat_field_module",
        "",
        "density, 0 to 0.5",
        "Standard deviation of the gain of modules.",
    ),
    key(
        "artifacts.camera.flat_field_pixel",
        "",
        "density, 0 to 0.5",
        "Standard deviation of the gain of pixels.",
    ),
    key(
        "artifacts.camera.gap_edges",
        "",
        "0 to 1",
        "Share of exposures with larger pixels along the rims of modules.",
    ),
    key(
        "artifacts.camera.gap_edge_gain",
        "",
        "density, 0 to 10",
        "Counts of a rim pixel over those of an inner one.",
    ),
    key(
        "artifacts.camera.dead_time",
        "",
        "0 to 1",
        "Share of exposures with pile-up and its correction.",
    ),
    key(
        "artifacts.camera.dead_time_s",
        "s",
        "density, 0 to 0.0001",
        "Dead time of a pixel.",
    ),
    key(
        "artifacts.camera.dead_time_error",
        "",
        "density, -1 to 1",
        "Relative error of the correction's dead time.",
    ),
    key(
        "artifacts.camera.noisy_pixels",
        "",
        "0 to 1",
        "Share of exposures with noisy pixels.",
    ),
    key(
        "artifacts.camera.noisy_pixel_share",
        "",
        "density, 0 to 0.1",
        "Noisy pixels over all.",
    ),
    key(
        "artifacts.camera.noisy_pixel_counts",
        "counts",
        "two ascending means above 0, at most 1e6",
        "Smallest and largest mean of a noisy pixel per frame, uniform in the logarithm.",
    ),
    key(
        "artifacts.camera.bad_lines",
        "",
        "0 to 1",
        "Share of exposures with one to three dead or noisy lines.",
    ),
    key(
        "artifacts.camera.cosmic_rays",
        "",
        "0 to 1",
        "Share of exposures with cosmic rays.",
    ),
    key(
        "artifacts.camera.cosmic_ray_flux",
        "cm^-2 s^-1",
        "density, 0 to 1",
        "Muons per area of the sensor and time.",
    ),
];

/// Tables whose keys are names: quantities of a design, parameters of a shape. They are checked where
/// they are read.
const OPEN: [&str; 2] = [
    "dataset.levels",
    "sample.populations[].particles[].parameters",
];

/// Tables that are described once, at the second path.
const LIKE: [(&str, &str); 6] = [
    (
        "sample.populations[].particles[].core",
        "sample.populations[].particles[]",
    ),
    (
        "sample.populations[].structure.crystal-1d.decay",
        "sample.populations[].structure.radial-paracrystal.profile",
    ),
    (
        "sample.populations[].structure.paracrystal-1d.profile",
        "sample.populations[].structure.radial-paracrystal.profile",
    ),
    (
        "sample.populations[].structure.paracrystal-2d.profiles[]",
        "sample.populations[].structure.crystal-2d.decay",
    ),
    (
        "sample.populations[].structure.finite-crystal-2d.lattice",
        "sample.populations[].structure.crystal-2d.lattice",
    ),
    (
        "sample.populations[].structure.paracrystal-2d.lattice",
        "sample.populations[].structure.crystal-2d.lattice",
    ),
];

/// The forms of a density.
const DENSITIES: [&str; 5] = ["uniform", "log-uniform", "normal", "log-normal", "discrete"];

/// What the limits of a key with a choice of words start with.
const ONE_OF: &str = "one of ";

/// Refuses keys that are not in [`KEYS`], and words that are not among those of their key.
pub(super) fn check(file: &str, table: &Table) -> Result<()> {
    walk(file, "", "", table)
}

/// Where the table at `path` is described.
fn described(path: &str) -> &str {
    LIKE.iter().find(|l| l.0 == path).map_or(path, |l| l.1)
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// `path` is that of the table in [`KEYS`], `shown` the one with the numbers of list entries.
fn walk(file: &str, path: &str, shown: &str, table: &Table) -> Result<()> {
    for (name, value) in table {
        let (full, shown) = (joined(path, name), joined(shown, name));
        let full = described(&full);
        if OPEN.contains(&full) {
            continue;
        }
        let known = |prefix: String| KEYS.iter().any(|k| k.path.starts_with(&prefix));
        let key = KEYS.iter().find(|k| k.path == full);
        let entries = format!("{full}[]");
        let entries = described(&entries);
        let (below, inside) = (known(format!("{full}.")), known(format!("{entries}.")));
        match value {
            Value::Table(table) if below => walk(file, full, &shown, table)?,
            Value::Array(list) if inside => {
                for (i, table) in list.iter().enumerate() {
                    if let Some(table) = table.as_table() {
                        walk(file, entries, &format!("{shown}[{i}]"), table)?;
                    }
                }
            }
            Value::Table(table) if key.is_some_and(|k| k.allowed.starts_with("density")) => {
                if let Some(unknown) = table.keys().find(|k| !DENSITIES.contains(&k.as_str())) {
                    return Err(nearest(
                        file,
                        &format!("{shown}."),
                        unknown,
                        &DENSITIES.map(String::from),
                    ));
                }
            }
            Value::String(word) => match key.map(words) {
                Some(known) if known.is_empty() || known.contains(word) => {}
                Some(known) => {
                    return Err(Error::UnknownName {
                        file: file.to_owned(),
                        nearest: similar(word, &known).map(str::to_owned),
                        key: shown,
                        name: word.clone(),
                        known: known.join(", "),
                    });
                }
                None if below => {}
                None => return Err(unknown(file, path, &shown, name)),
            },
            _ if key.is_some() || below => {}
            _ => return Err(unknown(file, path, &shown, name)),
        }
    }
    Ok(())
}

/// Words that a key allows; none if it is not a choice of words.
fn words(key: &Key) -> Vec<String> {
    let list = key.allowed.strip_prefix(ONE_OF).unwrap_or_default();
    let words = list
        .split([',', ';'])
        .map(str::trim)
        .filter(|w| !w.is_empty());
    words.map(str::to_owned).collect()
}

/// The error for `name` in the table at `path`, with the most similar of its siblings.
fn unknown(file: &str, path: &str, shown: &str, name: &str) -> Error {
    let prefix = joined(path, "");
    let mut siblings: Vec<String> = KEYS
        .iter()
        .map(|k| k.path)
        .chain(OPEN)
        .filter_map(|k| k.strip_prefix(&prefix))
        .map(|k| k.split(['.', '[']).next().unwrap_or(k).to_owned())
        .filter(|k| !k.is_empty())
        .collect();
    siblings.sort_unstable();
    siblings.dedup();
    nearest(
        file,
        shown.strip_suffix(name).unwrap_or_default(),
        name,
        &siblings,
    )
}

/// The most similar of some names, if one is similar at all.
pub(super) fn similar<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|k| (strsim::jaro_winkler(name, k), k))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.7)
        .map(|(_, k)| k.as_str())
}

/// The error for an unknown `name` beside `known` names.
pub(super) fn nearest(file: &str, prefix: &str, name: &str, known: &[String]) -> Error {
    Error::UnknownKey {
        file: file.to_owned(),
        key: format!("{prefix}{name}"),
        nearest: similar(name, known).map(|k| format!("{prefix}{k}")),
        known: known.join(", "),
    }
}
