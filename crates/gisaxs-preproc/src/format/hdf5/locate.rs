//! Where the frames of an HDF5 file are.
//!
//! In this order: the dataset that the caller names; `data_000001`, `data_000002`, ... beside
//! each other (an Eiger's master file); `data` of an NXdetector; the signal of an NXdata; the
//! only numeric dataset with rows and columns. Where several are equal candidates, the caller
//! has to name one: nothing is guessed.

use hdf5_reader::error::Error as H5Error;
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Hdf5File};

use super::wrong;
use crate::error::{Error, Result};

/// Groups deeper than this are not searched.
const MAX_DEPTH: usize = 6;
/// Objects that are looked at: a file with more is no detector file.
const MAX_OBJECTS: usize = 4096;
/// Numbered data files of one master.
const MAX_PARTS: usize = 10_000;
/// What lies beside frames and has their shape.
const BESIDE_FRAMES: [&str; 5] = ["mask", "flat", "dark", "background", "weight"];

/// The frames, and the group that describes the detector.
pub(super) struct Located {
    /// Datasets whose last two axes are rows and columns, in order, with their paths.
    pub(super) parts: Vec<(String, Dataset)>,
    /// The NXdetector, if there is one, and its path.
    pub(super) detector: Option<(String, Group)>,
    pub(super) warnings: Vec<String>,
}

pub(super) fn locate(file: &str, h5: &Hdf5File, wanted: Option<&str>) -> Result<Located> {
    let root = h5.root_group().map_err(|e| wrong(file, "/", e))?;
    let mut search = Search::default();
    search.groups(&root, "", 0);
    let detectors = search.detectors;
    let mut located = Located {
        parts: Vec::new(),
        detector: None,
        warnings: Vec::new(),
    };
    if let Some(path) = wanted {
        let path = path.trim_matches('/');
        let dataset = h5
            .dataset(&format!("/{path}"))
            .map_err(|e| wrong(file, path, e))?;
        if !is_image(&dataset) {
            return Err(Error::Unsupported {
                file: file.to_owned(),
                format: super::FORMAT,
                field: "dataset",
                found: format!(
                    "{path} of {:?}, shape {:?}",
                    dataset.dtype(),
                    dataset.shape()
                ),
                expected: "numbers with rows and columns".to_owned(),
            });
        }
        located.parts.push((path.to_owned(), dataset));
    } else {
        numbered_parts(file, &root, &mut located)?;
    }
    if located.parts.is_empty() {
        let mut found: Vec<(String, Dataset)> = detectors
            .iter()
            .filter_map(|(path, group)| {
                let data = group.dataset("data").ok().filter(is_image)?;
                Some((format!("{path}/data"), data))
            })
            .collect();
        if found.is_empty() {
            found = search.signals;
        }
        if found.is_empty() {
            found = only_images(file, &root)?;
        }
        match found.len() {
            1 => located.parts = found,
            0 => return Err(nothing(file)),
            _ => {
                return Err(Error::Ambiguous {
                    file: file.to_owned(),
                    what: "datasets",
                    found: found.into_iter().map(|(path, _)| path).collect(),
                });
            }
        }
    }
    let chosen = &located.parts[0].0;
    // The detector that holds the frames, or the only one.
    let own = detectors
        .iter()
        .position(|(path, _)| chosen.starts_with(&format!("{path}/")));
    located.detector = match (own, detectors.len()) {
        (Some(i), _) => detectors.into_iter().nth(i),
        (None, 1) => detectors.into_iter().next(),
        _ => None,
    };
    Ok(located)
}

fn nothing(file: &str) -> Error {
    Error::Unsupported {
        file: file.to_owned(),
        format: super::FORMAT,
        field: "datasets",
        found: "none with rows and columns of numbers".to_owned(),
        expected: "frames in entry/instrument/detector/data or entry/data".to_owned(),
    }
}

/// Numeric, with at least two axes and no empty one.
pub(super) fn is_image(dataset: &Dataset) -> bool {
    super::number(dataset.dtype()).is_some() && dataset.ndim() >= 2 && !dataset.shape().contains(&0)
}

/// `data_000001` and so on in `<entry>/data` or `<entry>`.
fn numbered_parts(file: &str, root: &Group, located: &mut Located) -> Result<()> {
    let Ok((entries, _)) = root.member_names() else {
        return Ok(());
    };
    for entry in entries.iter().take(16) {
        let Ok(entry_group) = root.group(entry) else {
            continue;
        };
        let holders = [
            (format!("{entry}/data"), entry_group.group("data").ok()),
            (entry.clone(), Some(entry_group)),
        ];
        for (path, holder) in holders {
            let Some(holder) = holder else { continue };
            for k in 0..MAX_PARTS {
                let name = format!("data_{k:06}");
                match holder.dataset(&name) {
                    Ok(dataset) => located.parts.push((format!("{path}/{name}"), dataset)),
                    Err(H5Error::DatasetNotFound(_)) if k == 0 => {}
                    Err(H5Error::DatasetNotFound(_)) => break,
                    // An acquisition that was stopped links to files that never came.
                    Err(error) if !located.parts.is_empty() => {
                        located.warnings.push(format!("{path}/{name}: {error}"));
                        break;
                    }
                    Err(error) => return Err(wrong(file, &format!("{path}/{name}"), error)),
                }
            }
            if !located.parts.is_empty() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Path of the mask in a file: the only image, or the only one with `mask` in its name.
pub(super) fn locate_mask(file: &str, h5: &Hdf5File) -> Result<String> {
    let root = h5.root_group().map_err(|e| wrong(file, "/", e))?;
    let mut found = images(file, &root)?;
    if found.len() > 1 {
        let named = |path: &str| last_name(path).contains("mask");
        if found.iter().any(|(path, _)| named(path)) {
            found.retain(|(path, _)| named(path));
        }
    }
    match found.len() {
        1 => Ok(found.swap_remove(0).0),
        0 => Err(nothing(file)),
        _ => Err(Error::Ambiguous {
            file: file.to_owned(),
            what: "datasets",
            found: found.into_iter().map(|(path, _)| path).collect(),
        }),
    }
}

fn last_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_lowercase()
}

/// The numeric datasets with rows and columns; without masks and the like if others remain.
fn only_images(file: &str, root: &Group) -> Result<Vec<(String, Dataset)>> {
    let found = images(file, root)?;
    if found.len() > 1 {
        let is_beside = |path: &str| {
            let name = last_name(path);
            BESIDE_FRAMES.iter().any(|word| name.contains(word))
        };
        let frames: Vec<_> = found
            .iter()
            .filter(|(p, _)| !is_beside(p))
            .cloned()
            .collect();
        if !frames.is_empty() {
            return Ok(frames);
        }
    }
    Ok(found)
}

/// All numeric datasets with rows and columns.
fn images(file: &str, root: &Group) -> Result<Vec<(String, Dataset)>> {
    let mut found = Vec::new();
    let mut stack = vec![(String::new(), root.clone(), 0)];
    let mut objects = 0;
    while let Some((path, group, depth)) = stack.pop() {
        let (groups, datasets) = group
            .members()
            .map_err(|e| wrong(file, if path.is_empty() { "/" } else { &path }, e))?;
        objects += groups.len() + datasets.len();
        if objects > MAX_OBJECTS {
            break;
        }
        let inside = |name: &str| match path.is_empty() {
            true => name.to_owned(),
            false => format!("{path}/{name}"),
        };
        for dataset in datasets.into_iter().filter(is_image) {
            found.push((inside(dataset.name()), dataset));
        }
        if depth < MAX_DEPTH {
            let below = groups.into_iter().map(|g| (inside(g.name()), g, depth + 1));
            stack.extend(below.collect::<Vec<_>>());
        }
    }
    // A hard link shows one dataset under two names.
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut seen = Vec::new();
    found.retain(|(_, dataset)| {
        let new = !seen.contains(&dataset.address());
        seen.push(dataset.address());
        new
    });
    Ok(found)
}

/// What a walk over the groups collects.
#[derive(Default)]
struct Search {
    detectors: Vec<(String, Group)>,
    signals: Vec<(String, Dataset)>,
    seen: usize,
}

impl Search {
    fn groups(&mut self, group: &Group, path: &str, depth: usize) {
        let class = text_attribute(group, "NX_class");
        if class.as_deref() == Some("NXdetector") {
            self.detectors.push((path.to_owned(), group.clone()));
            return;
        }
        if class.as_deref() == Some("NXdata") {
            let name = text_attribute(group, "signal").unwrap_or_else(|| "data".to_owned());
            if let Some(dataset) = group.dataset(&name).ok().filter(is_image) {
                let address = dataset.address();
                if self.signals.iter().all(|(_, d)| d.address() != address) {
                    self.signals.push((format!("{path}/{name}"), dataset));
                }
            }
            return;
        }
        let Ok((names, _)) = group.member_names() else {
            return;
        };
        self.seen += names.len();
        if depth >= MAX_DEPTH || self.seen > MAX_OBJECTS {
            return;
        }
        for name in names {
            let inside = match path.is_empty() {
                true => name.clone(),
                false => format!("{path}/{name}"),
            };
            if let Ok(child) = group.group(&name) {
                self.groups(&child, &inside, depth + 1);
            }
        }
    }
}

/// An attribute of one text.
pub(super) fn text_attribute(group: &Group, name: &str) -> Option<String> {
    let text = group.attribute(name).ok()?.read_string().ok()?;
    Some(text.trim_matches('\0').to_owned())
}
