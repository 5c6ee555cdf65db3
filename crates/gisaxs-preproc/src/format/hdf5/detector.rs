//! What an NXdetector says: header, mask, flat field, place of a module.

use std::sync::Arc;

use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype};

use super::open::{Content, Linked};
use super::{locate, number, read_bits, read_image, wrong};
use crate::error::{Error, Result};
use crate::format::Number;
use crate::frame::FrameHeader;
use crate::metadata::MetadataEntry;

/// Longer datasets are no metadata.
const MAX_VALUES: u64 = 16;
/// Entries that are kept.
const MAX_ENTRIES: usize = 2000;
const MAX_DEPTH: usize = 4;
const MAX_GROUPS: usize = 200;
/// Bits of `pixel_mask` that reject a pixel. Bit 31 marks virtual pixels, in Lambda files
/// also at wrong columns: it alone is no reason.
const REJECTING_BITS: u64 = 0xffff;
/// Factors of a flat field outside 1/10 to 10 belong to pixels that do not work; zeros and
/// values of thousands occur at dead pixels of a Lambda.
const FLAT_RANGE: std::ops::RangeInclusive<f32> = 0.1..=10.0;

/// Every short dataset of the detector, of the instrument and of the entry around it.
pub(super) fn metadata(
    content: &Content,
    links: &Arc<Linked>,
    path: &str,
    detector: &Group,
) -> Vec<MetadataEntry> {
    let mut found = Vec::new();
    let mut groups = 0;
    collect(detector, path, 0, &mut found, &mut groups);
    // Beam and sample stand beside the detector's groups.
    let Ok(h5) = content.open(Arc::clone(links), false) else {
        return found;
    };
    let ancestors: Vec<&str> = path.match_indices('/').map(|(i, _)| &path[..i]).collect();
    for above in ancestors.into_iter().rev() {
        let Ok(group) = h5.group(&format!("/{above}")) else {
            continue;
        };
        if let Ok((names, _)) = group.member_names() {
            for name in names {
                let inside = format!("{above}/{name}");
                let known = path == inside || path.starts_with(&format!("{inside}/"));
                let Ok(child) = group.group(&name) else {
                    continue;
                };
                let class = locate::text_attribute(&child, "NX_class").unwrap_or_default();
                if !known && class != "NXdata" && class != "NXdetector" && name != "data" {
                    collect(&child, &inside, 2, &mut found, &mut groups);
                }
            }
        }
        own_values(&group, above, &mut found);
    }
    found
}

/// Links may lead in circles, so depth and number of groups are limited.
fn collect(
    group: &Group,
    path: &str,
    depth: usize,
    found: &mut Vec<MetadataEntry>,
    groups: &mut usize,
) {
    own_values(group, path, found);
    *groups += 1;
    if depth >= MAX_DEPTH || found.len() > MAX_ENTRIES {
        return;
    }
    for child in group.groups().unwrap_or_default() {
        if *groups > MAX_GROUPS {
            return;
        }
        let inside = format!("{path}/{}", child.name());
        collect(&child, &inside, depth + 1, found, groups);
    }
}

fn own_values(group: &Group, path: &str, found: &mut Vec<MetadataEntry>) {
    let Ok(datasets) = group.datasets() else {
        return;
    };
    for dataset in datasets {
        if found.len() > MAX_ENTRIES {
            return;
        }
        if let Some(value) = value(&dataset) {
            let mut entry = MetadataEntry::new(format!("{path}/{}", dataset.name()), value);
            let unit = dataset.attribute("units").ok();
            entry.unit = unit
                .and_then(|a| a.read_string().ok())
                .map(|unit| unit.trim_matches('\0').to_owned())
                .filter(|unit| !unit.is_empty());
            found.push(entry);
        }
    }
}

/// A short dataset as text.
fn value(dataset: &Dataset) -> Option<String> {
    let count = dataset
        .num_elements()
        .ok()
        .filter(|n| (1..=MAX_VALUES).contains(n))?;
    if let Some((number, big_endian)) = number(dataset.dtype()) {
        let bytes = dataset.read_raw_bytes().ok()?;
        return Some(number.texts(&bytes, big_endian).join(" "));
    }
    match dataset.dtype() {
        Datatype::String { .. } | Datatype::VarLen { .. } if count == 1 => {
            let text = dataset.read_string().ok()?;
            Some(text.trim_matches('\0').trim().to_owned())
        }
        _ => None,
    }
}

/// The entry of that name in the detector's group, or else anywhere with that ending.
fn find<'a>(entries: &'a [MetadataEntry], path: &str, name: &str) -> Option<&'a MetadataEntry> {
    let own = format!("{path}/{name}");
    let ending = format!("/{name}");
    entries
        .iter()
        .find(|entry| entry.key == own)
        .or_else(|| entries.iter().find(|entry| entry.key.ends_with(&ending)))
}

/// The frame header: only values whose unit the file names.
pub(super) fn header(
    entries: &[MetadataEntry],
    path: &str,
    number: &Datatype,
    warnings: &mut Vec<String>,
) -> FrameHeader {
    let mut quantity = |names: &[&str], convert: fn(&MetadataEntry) -> Option<f64>| {
        let entry = names.iter().find_map(|name| find(entries, path, name))?;
        let value = convert(entry).filter(|x| x.is_finite());
        if value.is_none() && entry.number().is_some() {
            warnings.push(format!(
                "{} is not used: {}",
                entry.key,
                match &entry.unit {
                    Some(unit) => format!("its unit {unit} is not one of the quantity"),
                    None => "it has no unit".to_owned(),
                }
            ));
        }
        value.filter(|&x| x > 0.0)
    };
    let x = quantity(&["x_pixel_size"], MetadataEntry::metres);
    let y = quantity(&["y_pixel_size"], MetadataEntry::metres);
    let exposure = quantity(&["count_time"], MetadataEntry::seconds);
    let distance = quantity(&["distance", "detector_distance"], MetadataEntry::metres);
    let wavelength = quantity(
        &[
            "beam/incident_wavelength",
            "monochromator/wavelength",
            "incident_wavelength",
        ],
        MetadataEntry::metres,
    )
    .or_else(|| {
        let names = [
            "beam/incident_energy",
            "monochromator/energy",
            "beam_energy",
            "photon_energy",
        ];
        let energy = quantity(&names, MetadataEntry::kilo_electron_volts)?;
        Some(gisaxs_physics::wavelength_nm(energy) * 1e-9)
    });
    let plain = |name| find(entries, path, name)?.number();
    let text = |name| find(entries, path, name).map(|e| e.value.clone());
    let beam = |name, pixel: Option<f64>| {
        let entry = find(entries, path, name)?;
        match entry.unit.as_deref() {
            Some("pixel" | "pixels" | "px") => entry.number(),
            // In the raw-data definition it is a length.
            Some(_) => Some(entry.metres()? / pixel?),
            None => None,
        }
    };
    let beam_px = beam("beam_center_x", x).zip(beam("beam_center_y", y));
    let saturation = plain("saturation_value").filter(|&x| x > 0.0);
    FrameHeader {
        detector: text("description").filter(|d| !d.is_empty() && d != "UNKNOWN"),
        pixel_mm: x.zip(y).map(|(x, y)| [x * 1e3, y * 1e3]),
        count_cutoff: plain("countrate_correction_count_cutoff").filter(|&x| x > 0.0),
        full_scale: saturation.or_else(|| full_scale(number)),
        exposure_s: exposure,
        wavelength_nm: wavelength.map(|x| x * 1e9),
        distance_mm: distance.map(|x| x * 1e3),
        beam_px: beam_px.map(|(x, y)| [x, y]),
        date: text("start_time").or_else(|| text("data_collection_date")),
        lines: entries.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn full_scale(number: &Datatype) -> Option<f64> {
    match number {
        Datatype::FixedPoint {
            size,
            signed: false,
            ..
        } => Number::Unsigned(usize::from(*size)).full_scale(),
        _ => None,
    }
}

/// Compares the number of frames with what the detector was asked for.
pub(super) fn check_frames(
    entries: &[MetadataEntry],
    path: &str,
    frames: usize,
    warnings: &mut Vec<String>,
) {
    let count = |name| find(entries, path, name).and_then(MetadataEntry::number);
    if let Some(images) = count("nimages").filter(|&n| n >= 1.0) {
        let asked = images * count("ntrigger").filter(|&n| n >= 1.0).unwrap_or(1.0);
        if asked != frames as f64 {
            warnings.push(format!(
                "{frames} frames are stored, but nimages and ntrigger say {asked}"
            ));
        }
    }
}

/// Sentinels for the pixels that mask or flat field reject: 1 gap, 2 bad, 0 none. Empty if
/// the file has neither.
pub(super) fn rejected(
    file: &str,
    path: &str,
    group: &Group,
    shape: [usize; 2],
) -> Result<Vec<u8>> {
    let pixels = shape[0] * shape[1];
    let mut codes = Vec::new();
    for name in ["pixel_mask", "detectorSpecific/pixel_mask"] {
        let Some(dataset) = child(group, name).filter(locate::is_image) else {
            continue;
        };
        let object = format!("{path}/{name}");
        check_size(file, &object, &dataset, shape)?;
        let bits = read_bits(&dataset, 0).map_err(|e| wrong(file, &object, e))?;
        codes.resize(pixels, 0_u8);
        for (code, bits) in codes.iter_mut().zip(bits) {
            *code = match bits & REJECTING_BITS {
                0 => 0,
                b if b & 1 == 1 => 1,
                _ => 2,
            };
        }
        break;
    }
    if let Some(dataset) = child(group, "flatfield").filter(locate::is_image) {
        let object = format!("{path}/flatfield");
        check_size(file, &object, &dataset, shape)?;
        let factors = read_image(&dataset, 0).map_err(|e| wrong(file, &object, e))?;
        codes.resize(pixels, 0);
        for (code, factor) in codes.iter_mut().zip(factors) {
            if *code == 0 && !FLAT_RANGE.contains(&factor) {
                *code = 2;
            }
        }
    }
    Ok(codes)
}

fn check_size(file: &str, object: &str, dataset: &Dataset, shape: [usize; 2]) -> Result<()> {
    let sizes = dataset.shape();
    let own = [sizes[sizes.len() - 2], sizes[sizes.len() - 1]];
    if own == shape.map(|n| n as u64) {
        return Ok(());
    }
    Err(Error::Mismatch {
        file: file.to_owned(),
        what: format!("shape of {object}"),
        found: format!("{} x {}", own[0], own[1]),
        expected: format!("{} x {} as the frames have", shape[0], shape[1]),
    })
}

/// A dataset below a group, by a path of one or two names.
fn child(group: &Group, path: &str) -> Option<Dataset> {
    match path.split_once('/') {
        Some((folder, name)) => group.group(folder).ok()?.dataset(name).ok(),
        None => group.dataset(path).ok(),
    }
}

/// The flat field, unless the file says that it is applied already.
pub(super) fn flat_field_dataset(
    group: &Group,
    entries: &[MetadataEntry],
    path: &str,
) -> Option<Dataset> {
    let applied = ["flatfield_applied", "flatfield_correction_applied"]
        .iter()
        .find_map(|name| find(entries, path, name)?.number());
    if applied.is_some_and(|x| x != 0.0) {
        return None;
    }
    child(group, "flatfield").filter(locate::is_image)
}

/// Where the module's first pixel lies: column and row from `translation/distance`.
pub(super) fn placement(
    file: &str,
    entries: &[MetadataEntry],
    path: &str,
) -> Result<Option<[i64; 2]>> {
    let key = format!("{path}/translation/distance");
    let Some(entry) = entries.iter().find(|entry| entry.key == key) else {
        return Ok(None);
    };
    let values: Vec<f64> = entry
        .value
        .split(' ')
        .filter_map(|x| x.parse().ok())
        .collect();
    // Far beyond any detector, but exact as an integer.
    const FARTHEST: f64 = 1e6;
    let in_pixels = matches!(entry.unit.as_deref(), Some("pixel" | "pixels" | "px"));
    match values.as_slice() {
        [x, y, ..] if in_pixels && x.abs() < FARTHEST && y.abs() < FARTHEST => {
            Ok(Some([x.round() as i64, y.round() as i64]))
        }
        _ => Err(Error::Unsupported {
            file: file.to_owned(),
            format: super::FORMAT,
            field: "translation/distance",
            found: entry.to_string(),
            expected: "column and row of the module in pixels".to_owned(),
        }),
    }
}
