//! Previews: a contact sheet, and a page with histograms of everything that was drawn and the
//! coverage of every pair.

mod page;
mod sheet;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::atomic;
use super::error::{Error, Result, io};
use super::manifest::Manifest;
use super::schema::{Field, Type};
use super::shard;

/// Most samples of the contact sheet.
const TILES: u64 = 48;

/// A column of numbers over all finished samples.
struct Column<'a> {
    field: &'a Field,
    values: Vec<f64>,
}

/// Writes `contact.png` and the self-contained `index.html` to `target`, from the shards that are
/// there. Returns the path of the page.
///
/// # Errors
/// If no shard is there, one is damaged, or the file system refuses.
pub fn write(folder: &Path, target: &Path) -> Result<PathBuf> {
    let manifest = Manifest::open(folder)?;
    let missing = super::build::missing(folder, &manifest)?;
    let there: Vec<u64> = (0..manifest.shards_planned)
        .filter(|s| !missing.contains(s))
        .collect();
    if there.is_empty() {
        return Err(Error::Incomplete {
            folder: folder.to_owned(),
            missing,
            of: manifest.shards_planned,
        });
    }
    let columns = manifest
        .fields
        .iter()
        .filter(|f| f.dtype == Type::F64 && f.shape.is_empty())
        .map(|field| {
            let mut values = Vec::new();
            for &number in &there {
                let bytes = shard::column(folder, &manifest, number, field, None)?;
                values.extend(
                    bytes
                        .as_chunks::<8>()
                        .0
                        .iter()
                        .map(|b| f64::from_le_bytes(*b)),
                );
            }
            Ok(Column { field, values })
        })
        .collect::<Result<Vec<_>>>()?;
    let sheet = sheet::sheet(folder, &manifest, &there)?;
    std::fs::create_dir_all(target).map_err(io(target, "create"))?;
    let picture = target.join("contact.png");
    atomic::write(&picture, |file| file.write_all(&sheet))?;
    let page = target.join("index.html");
    let text = page::page(&manifest, there.len() as u64, &sheet, &columns);
    atomic::write(&page, |file| file.write_all(text.as_bytes()))?;
    Ok(page)
}

/// An RGB picture as PNG.
fn png(width: usize, height: usize, rgb: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Memory does not refuse, and sizes agree by construction.
    let written = encoder.write_header().and_then(|mut w| {
        w.write_image_data(rgb)?;
        w.finish()
    });
    debug_assert!(written.is_ok());
    bytes
}

/// Colours from dark blue to yellow, perceptually about even, for `t` from 0 to 1.
fn colour(t: f64) -> [u8; 3] {
    const STOPS: [[f64; 3]; 6] = [
        [68.0, 1.0, 84.0],
        [65.0, 68.0, 135.0],
        [42.0, 120.0, 142.0],
        [34.0, 168.0, 132.0],
        [122.0, 209.0, 81.0],
        [253.0, 231.0, 37.0],
    ];
    let x = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let i = (x as usize).min(STOPS.len() - 2);
    let u = x - i as f64;
    std::array::from_fn(|c| (STOPS[i][c] * (1.0 - u) + STOPS[i + 1][c] * u).round() as u8)
}
