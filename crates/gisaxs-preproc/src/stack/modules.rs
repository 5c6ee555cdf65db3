//! Module files of one detector as one frame.

use std::path::PathBuf;

use ndarray::{Array2, Axis};

use super::{StackOptions, open_file};
use crate::error::{Error, Result};
use crate::format::{Description, FrameSource};
use crate::frame::{FrameHeader, MAX_PIXELS};

/// Where no module is.
const GAP: f32 = -1.0;
/// Largest share of gaps: a frame of more is a wrong place, not a detector.
const MAX_SPREAD: usize = 16;

/// Modules, each with its place on the common frame.
pub(super) struct Modules {
    parts: Vec<(Box<dyn FrameSource>, [usize; 2])>,
    description: Description,
}

impl Modules {
    pub(super) fn open(files: &[PathBuf], options: &StackOptions) -> Result<Self> {
        let mut opened = Vec::with_capacity(files.len());
        for path in files {
            let source = open_file(path, options)?;
            let Some(origin) = source.placement()? else {
                return Err(Error::Mismatch {
                    file: path.display().to_string(),
                    what: "translation".to_owned(),
                    found: "missing".to_owned(),
                    expected: "the place of the module on the detector".to_owned(),
                });
            };
            opened.push((path, source, origin));
        }
        let Some((first_path, first, _)) = opened.first() else {
            return Err(Error::Value {
                file: "modules".to_owned(),
                key: "files".to_owned(),
                value: "0".to_owned(),
                expected: "at least one file".to_owned(),
            });
        };
        let mut description = first.description().clone();
        let first_path = first_path.display().to_string();
        let smallest = [0, 1].map(|axis| opened.iter().map(|m| m.2[axis]).min().unwrap_or(0));
        let mut end = [0_usize; 2];
        let mut covered = 0;
        for (path, source, origin) in &opened {
            let own = source.description();
            if own.frames != description.frames {
                return Err(Error::Mismatch {
                    file: path.display().to_string(),
                    what: "number of frames".to_owned(),
                    found: own.frames.to_string(),
                    expected: format!("{} as {first_path} has", description.frames),
                });
            }
            // Origins are (column, row), shapes (rows, columns).
            for axis in 0..2 {
                let from = origin[axis] - smallest[axis];
                let size = own.shape[1 - axis];
                end[axis] = end[axis].max(usize::try_from(from).unwrap_or(usize::MAX / 4) + size);
            }
            covered += own.shape[0] * own.shape[1];
        }
        let pixels = end[0].saturating_mul(end[1]);
        if pixels > MAX_PIXELS || pixels / MAX_SPREAD > covered {
            return Err(Error::Mismatch {
                file: first_path,
                what: "extent of all modules".to_owned(),
                found: format!("{} x {}", end[1], end[0]),
                expected: format!("at most {MAX_SPREAD} times the {covered} pixels of the modules"),
            });
        }
        description.shape = [end[1], end[0]];
        let parts: Vec<_> = opened
            .into_iter()
            .map(|(_, source, origin)| {
                let at = [0, 1].map(|axis| (origin[axis] - smallest[axis]) as usize);
                (source, at)
            })
            .collect();
        for (i, (a, at_a)) in parts.iter().enumerate() {
            for (j, (b, at_b)) in parts.iter().enumerate().skip(i + 1) {
                let overlap = (0..2).all(|axis| {
                    let (na, nb) = (
                        a.description().shape[1 - axis],
                        b.description().shape[1 - axis],
                    );
                    at_a[axis] < at_b[axis] + nb && at_b[axis] < at_a[axis] + na
                });
                if overlap {
                    description.warnings.push(format!(
                        "{} and {} overlap: the second is shown there",
                        files[i].display(),
                        files[j].display()
                    ));
                }
            }
        }
        Ok(Self { parts, description })
    }

    fn assembled(
        &self,
        empty: f32,
        part: impl Fn(&dyn FrameSource) -> Result<Option<Array2<f32>>>,
    ) -> Result<Array2<f32>> {
        let mut whole = Array2::from_elem(self.description.shape, empty);
        for (source, [col, row]) in &self.parts {
            if let Some(module) = part(source.as_ref())? {
                for (mut to, from) in whole.outer_iter_mut().skip(*row).zip(module.outer_iter()) {
                    let (_, mut to) = to.view_mut().split_at(Axis(0), *col);
                    let (mut to, _) = to.view_mut().split_at(Axis(0), from.len());
                    to.assign(&from);
                }
            }
        }
        Ok(whole)
    }
}

impl FrameSource for Modules {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, index: usize) -> Result<(Array2<f32>, FrameHeader)> {
        let whole = self.assembled(GAP, |module| Ok(Some(module.read(index)?.0)))?;
        Ok((whole, self.description.header.clone()))
    }

    fn flat_field(&self) -> Result<Option<Array2<f32>>> {
        let mut any = false;
        for (module, _) in &self.parts {
            any |= module.flat_field()?.is_some();
        }
        match any {
            true => Ok(Some(self.assembled(1.0, |module| module.flat_field())?)),
            false => Ok(None),
        }
    }
}
