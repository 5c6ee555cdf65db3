//! The whole way: frame and instrument in, network input out.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::input::{CellSums, NetworkInput, encode};
use crate::instrument::Instrument;
use crate::mask::Mask;
use crate::pixel_map::PixelMap;

/// A frame ready for the network, with everything that was found on the way.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The map that was used: give it to [`prepare_with`] for the next frame of a series.
    pub map: Arc<PixelMap>,
    /// Reasons per pixel.
    pub mask: Mask,
    /// Counts per cell.
    pub cells: CellSums,
    /// What the network sees.
    pub input: NetworkInput,
    /// Doubts about frame or geometry, one sentence each.
    pub warnings: Vec<String>,
}

/// Prepares one frame. For a series, keep [`Prepared::map`] and use [`prepare_with`].
///
/// # Errors
/// [`Error`] if the frame does not fit the instrument, is masked altogether, or holds no
/// counts above the horizon.
pub fn prepare(frame: &Frame, instrument: &Instrument) -> Result<Prepared> {
    let map = PixelMap::new(&instrument.for_frame(frame)?)?;
    prepare_with(frame, &Arc::new(map))
}

/// As [`prepare`], with a map made before for the same instrument.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_with(frame: &Frame, map: &Arc<PixelMap>) -> Result<Prepared> {
    let mask = map.mask(frame)?;
    let cells = map.bin(frame, &mask);
    let input = encode(&cells, &map.instrument().conditions()).map_err(|source| Error::Input {
        file: frame.name().to_owned(),
        source,
    })?;
    let mut warnings = map.instrument().disagreements(frame.header());
    warnings.extend(frame.mismatches());
    warnings.extend(bright_below_horizon(frame, &mask, map));
    Ok(Prepared {
        map: Arc::clone(map),
        mask,
        cells,
        input,
        warnings,
    })
}

/// A sentence if the frame is brighter below the horizon than above: the sample shadows
/// that side, so the geometry must be wrong.
fn bright_below_horizon(frame: &Frame, mask: &Mask, map: &PixelMap) -> Option<String> {
    /// How much brighter the shadow must be: scatter of windows and air fills it a little.
    const FACTOR: f64 = 1.5;
    let [below, above] = map.sides_of_horizon(frame, mask);
    (below > FACTOR * above).then(|| {
        format!(
            "the frame is brighter below the horizon ({below:.2} counts per pixel) than above \
             ({above:.2}): check incidence angle, direct beam and orientation"
        )
    })
}
