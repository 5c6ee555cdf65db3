//! The contact sheet: samples from all over the dataset, side by side.

use std::path::Path;

use super::{TILES, colour, png};
use crate::dataset::config::Contents;
use crate::dataset::error::Result;
use crate::dataset::manifest::Manifest;
use crate::dataset::shard;
use gisaxs_physics::elementary::ln;

/// Tiles per row.
const ACROSS: usize = 8;
/// Largest edge of a tile, pixels.
const EDGE: usize = 224;
/// Pixels between tiles.
const GUTTER: usize = 6;
const BACKGROUND: [u8; 3] = [255, 255, 255];
/// Colour of what was not measured.
const HIDDEN: [u8; 3] = [150, 150, 150];

/// A picture of one sample: logarithm of the counts, `NaN` where nothing was measured, row 0 on
/// top.
struct Tile {
    rows: usize,
    cols: usize,
    values: Vec<f32>,
}

/// PNG of up to [`TILES`] samples, evenly spaced over the finished shards.
pub(super) fn sheet(folder: &Path, manifest: &Manifest, there: &[u64]) -> Result<Vec<u8>> {
    let available: u64 = there.iter().map(|&s| manifest.identity(s).samples).sum();
    let count = TILES.min(available);
    let mut tiles = Vec::new();
    for i in 0..count {
        // The position among the samples that are there, and the shard it is in.
        let mut at = i * available / count;
        for &number in there {
            let samples = manifest.identity(number).samples;
            if at < samples {
                tiles.push(tile(folder, manifest, number, at)?);
                break;
            }
            at -= samples;
        }
    }
    let (rows, cols) = (tiles[0].rows, tiles[0].cols);
    let across = ACROSS.min(tiles.len());
    let down = tiles.len().div_ceil(across);
    let width = across * (cols + GUTTER) + GUTTER;
    let height = down * (rows + GUTTER) + GUTTER;
    let mut rgb = BACKGROUND.repeat(width * height);
    for (i, tile) in tiles.iter().enumerate() {
        let (x, y) = (
            GUTTER + i % across * (cols + GUTTER),
            GUTTER + i / across * (rows + GUTTER),
        );
        for (row, line) in tile.colours().chunks_exact(3 * cols).enumerate() {
            let start = 3 * ((y + row) * width + x);
            rgb[start..start + 3 * cols].copy_from_slice(line);
        }
    }
    Ok(png(width, height, &rgb))
}

fn tile(folder: &Path, manifest: &Manifest, number: u64, at: u64) -> Result<Tile> {
    let name = match manifest.config.dataset.contents {
        Contents::NetworkInput => "planes",
        Contents::Frame => "counts",
    };
    let read = |name: &str| {
        // The manifest was checked against its configuration, which has both fields.
        let field = manifest.fields.iter().find(|f| f.name == name);
        let field = field.unwrap_or(&manifest.fields[0]);
        shard::column(folder, manifest, number, field, Some(at)).map(|bytes| (field, bytes))
    };
    let (image, bytes) = read(name)?;
    let (_, valid) = read("valid")?;
    let shape = &image.shape[image.shape.len() - 2..];
    let (rows, cols) = (shape[0], shape[1]);
    let words = bytes.as_chunks::<4>().0;
    Ok(match manifest.config.dataset.contents {
        Contents::NetworkInput => {
            // k sin(alpha_f) goes upwards; cells are small, so they are drawn twice as large.
            const SCALE: usize = 2;
            let mut values = Vec::with_capacity(rows * cols * SCALE * SCALE);
            for row in 0..rows * SCALE {
                let k = rows - 1 - row / SCALE;
                values.extend((0..cols * SCALE).map(|col| {
                    let i = k * cols + col / SCALE;
                    if valid[i] > 0 {
                        f32::from_le_bytes(words[i])
                    } else {
                        f32::NAN
                    }
                }));
            }
            Tile {
                rows: rows * SCALE,
                cols: cols * SCALE,
                values,
            }
        }
        Contents::Frame => {
            // The brightest pixel of each block, so that narrow things survive.
            let block = rows.max(cols).div_ceil(EDGE);
            let (small_rows, small_cols) = (rows.div_ceil(block), cols.div_ceil(block));
            let mut values = vec![f32::NAN; small_rows * small_cols];
            for (i, (word, &valid)) in words.iter().zip(&valid).enumerate() {
                if valid > 0 {
                    let value = ln(1.0 + i32::from_le_bytes(*word).max(0) as f32);
                    let at = i / cols / block * small_cols + i % cols / block;
                    values[at] = values[at].max(value);
                }
            }
            Tile {
                rows: small_rows,
                cols: small_cols,
                values,
            }
        }
    })
}

impl Tile {
    /// Colours between the 2 % and the 99.8 % quantile.
    fn colours(&self) -> Vec<u8> {
        let mut sorted: Vec<f32> = self
            .values
            .iter()
            .copied()
            .filter(|v| v.is_finite())
            .collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |p: f64| {
            sorted
                .get((p * sorted.len() as f64) as usize)
                .copied()
                .unwrap_or(0.0)
        };
        let (low, high) = (at(0.02), at(0.998));
        let span = (high - low).max(1e-6);
        self.values
            .iter()
            .flat_map(|&v| {
                if v.is_nan() {
                    HIDDEN
                } else {
                    colour(f64::from((v - low) / span))
                }
            })
            .collect()
    }
}
