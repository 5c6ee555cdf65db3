//! Several files as one stack, and the files of a folder.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::modules::Modules;
use super::{StackOptions, file_name, open_file};
use crate::error::{Error, Result};
use crate::format::source::Bytes;
use crate::format::{self, Description, FrameSource};
use crate::frame::FrameHeader;

/// Several files, or several sets of modules, one after another.
pub(super) struct Series {
    /// The files of each part: one, or the modules of one detector.
    parts: Vec<Vec<PathBuf>>,
    /// First frame of each part; empty if every part is one frame.
    starts: Vec<usize>,
    /// The part that the others are compared with: the first that can be opened.
    reference: usize,
    options: StackOptions,
    description: Description,
}

impl Series {
    pub(super) fn open(parts: Vec<Vec<PathBuf>>, options: &StackOptions) -> Result<Self> {
        // A damaged frame is an error where it is read, not the end of the series; of files with
        // several, the numbers of the frames after it would not be known.
        let mut first_error = None;
        let found = parts.iter().enumerate().find_map(|(i, part)| {
            open_part(part, options)
                .map(|source| (i, source.description().clone()))
                .map_err(|error| first_error.get_or_insert(error))
                .ok()
        });
        let (reference, mut description) = match (found, first_error) {
            (Some(found), _) => found,
            (None, Some(error)) => return Err(error),
            (None, None) => {
                return Err(Error::Value {
                    file: "series".to_owned(),
                    key: "files".to_owned(),
                    value: "0".to_owned(),
                    expected: "at least one file".to_owned(),
                });
            }
        };
        let first = &parts[reference];
        let mut starts = Vec::new();
        if description.frames > 1 {
            let mut frames = 0;
            for part in &parts {
                let own = open_part(part, options)?;
                check_shape(part, own.description(), first, description.shape)?;
                starts.push(frames);
                frames += own.description().frames;
            }
            description.frames = frames;
        } else {
            description.frames = parts.len();
        }
        Ok(Self {
            parts,
            starts,
            reference,
            options: options.clone(),
            description,
        })
    }

    /// Part and frame within it.
    fn locate(&self, index: usize) -> (usize, usize) {
        if self.starts.is_empty() {
            return (index, 0);
        }
        let part = self.starts.partition_point(|&start| start <= index) - 1;
        (part, index - self.starts[part])
    }
}

impl FrameSource for Series {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, index: usize) -> Result<(Array2<f32>, FrameHeader)> {
        let (part, frame) = self.locate(index);
        let files = &self.parts[part];
        let source = open_part(files, &self.options)?;
        let own = source.description();
        let reference = &self.parts[self.reference];
        check_shape(files, own, reference, self.description.shape)?;
        if self.starts.is_empty() && own.frames != 1 {
            return Err(Error::Mismatch {
                file: files[0].display().to_string(),
                what: "number of frames".to_owned(),
                found: own.frames.to_string(),
                expected: format!("1 as {} has", reference[0].display()),
            });
        }
        source.read(frame)
    }

    fn frame_name(&self, index: usize) -> Option<String> {
        let (part, frame) = self.locate(index);
        let name = file_name(&self.parts[part][0]);
        Some(if self.starts.is_empty() {
            name
        } else {
            super::numbered(&name, frame)
        })
    }

    fn flat_field(&self) -> Result<Option<Array2<f32>>> {
        open_part(&self.parts[self.reference], &self.options)?.flat_field()
    }
}

fn open_part(files: &[PathBuf], options: &StackOptions) -> Result<Box<dyn FrameSource>> {
    match files {
        [file] => open_file(file, options),
        modules => Ok(Box::new(Modules::open(modules, options)?)),
    }
}

fn check_shape(
    files: &[PathBuf],
    own: &Description,
    first: &[PathBuf],
    expected: [usize; 2],
) -> Result<()> {
    if own.shape == expected {
        return Ok(());
    }
    Err(Error::Mismatch {
        file: files[0].display().to_string(),
        what: "shape".to_owned(),
        found: format!("{} x {}", own.shape[0], own.shape[1]),
        expected: format!(
            "{} x {} as {} has",
            expected[0],
            expected[1],
            first[0].display()
        ),
    })
}

/// The frames of a folder.
pub(super) fn folder(path: &Path, options: &StackOptions) -> Result<Series> {
    let refused = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut files: Vec<(PathBuf, &'static str)> = Vec::new();
    let mut others = Vec::new();
    for entry in std::fs::read_dir(path).map_err(refused)? {
        let file = entry.map_err(refused)?.path();
        if file_name(&file).starts_with('.') || !file.is_file() {
            continue;
        }
        match format::recognise(&file_head(&file)?) {
            Some(kind) => files.push((file, kind)),
            None => others.push(file),
        }
    }
    // Empty or overwritten, but called like a frame: an error in its place, or all frames after
    // it would change their numbers.
    if let Some(kind) = files.first().map(|(_, kind)| *kind) {
        let endings: HashSet<_> = files
            .iter()
            .map(|(f, _)| f.extension().map(OsStr::to_owned))
            .collect();
        others.retain(|file| endings.contains(&file.extension().map(OsStr::to_owned)));
        files.extend(others.into_iter().map(|file| (file, kind)));
    }
    files.sort_by_cached_key(|(file, _)| natural(&file_name(file)));
    let masters = |file: &Path| {
        file.file_stem()
            .is_some_and(|s| s.to_string_lossy().ends_with("_master"))
    };
    if files.iter().any(|(file, _)| masters(file)) {
        files.retain(|(file, _)| masters(file));
    }
    let Some((first, kind)) = files.first() else {
        return Err(Error::UnknownFormat {
            file: path.display().to_string(),
            found: "a folder without a frame".to_owned(),
        });
    };
    if let Some((other, _)) = files.iter().find(|(_, other)| other != kind) {
        return Err(Error::Ambiguous {
            file: path.display().to_string(),
            what: "formats",
            found: vec![file_name(first), file_name(other)],
        });
    }
    let mut parts: Vec<(Option<String>, Vec<PathBuf>)> = Vec::new();
    for (file, _) in files {
        let series = module_of(&file);
        match parts.last_mut() {
            Some((last, modules)) if series.is_some() && *last == series => modules.push(file),
            _ => parts.push((series, vec![file])),
        }
    }
    Series::open(parts.into_iter().map(|(_, files)| files).collect(), options)
}

fn file_head(file: &Path) -> Result<Vec<u8>> {
    let name = file.display().to_string();
    let head = Bytes::open(file)?
        .range(&name, 0, format::MAGIC_BYTES)?
        .into_owned();
    Ok(head)
}

/// `scan_00007_m03.nxs` is a module of `scan_00007`.
fn module_of(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_str()?;
    let (series, number) = stem.rsplit_once("_m")?;
    let digits = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| series.to_owned())
}

/// Text and numbers of a name, so that 9 comes before 10.
fn natural(name: &str) -> Vec<(String, u128, String)> {
    let mut out = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (text, after) = rest.split_at(text);
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let (digits, after) = after.split_at(digits);
        // More than 38 digits are compared as text.
        let number = digits.parse().unwrap_or(u128::MAX);
        out.push((text.to_owned(), number, digits.to_owned()));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_natural_order() {
        let mut names = [
            "a_10.cbf",
            "a_9.cbf",
            "a_09.cbf",
            "b.cbf",
            "a.cbf",
            "a_100.cbf",
        ];
        names.sort_by_key(|name| natural(name));
        assert_eq!(
            names,
            [
                "a.cbf",
                "a_09.cbf",
                "a_9.cbf",
                "a_10.cbf",
                "a_100.cbf",
                "b.cbf"
            ]
        );
    }

    #[test]
    fn modules_by_name() {
        let series = |name: &str| module_of(Path::new(name));
        assert_eq!(series("x/scan_7_m03.nxs").as_deref(), Some("scan_7"));
        assert_eq!(series("scan_m3.nxs"), None);
        assert_eq!(series("scan_max.nxs"), None);
    }
}
