//! The pixels of a block: angles and in-plane scattering vectors.

use crate::form_factor::{BLOCK, Column};
use crate::geometry::{Beam, Direction};
use crate::simd::padded;

/// Up to [`BLOCK`] pixels, padded to whole vectors with copies of the last.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// How many there are.
    pub(crate) pixels: usize,
    /// Exit angles, rad.
    pub(crate) alpha_f: Column,
    /// q_x of incident minus exit, nm^-1.
    pub(crate) q_x: Column,
    /// q_y of incident minus exit, nm^-1.
    pub(crate) q_y: Column,
    /// sqrt(q_x^2 + q_y^2), nm^-1.
    pub(crate) q_par: Column,
}

impl Block {
    /// Number of pixels with the copies.
    pub(crate) fn padded(&self) -> usize {
        padded(self.pixels)
    }

    /// Exit angles without the copies.
    pub(crate) fn angles(&self) -> &[f64] {
        &self.alpha_f[..self.pixels]
    }

    /// The block of these exit directions.
    ///
    /// # Panics
    /// If there are none or more than [`BLOCK`].
    pub(crate) fn load(&mut self, beam: &Beam, directions: &[Direction]) {
        let last = *directions.last().expect("a block has pixels");
        assert!(directions.len() <= BLOCK, "too many pixels for a block");
        self.pixels = directions.len();
        for pixel in 0..self.padded() {
            let direction = directions.get(pixel).unwrap_or(&last);
            // The form factors are written for incident minus exit.
            let [q_x, q_y, _] = direction.q(beam).map(|c| -c);
            self.alpha_f[pixel] = direction.alpha_f_rad;
            self.q_x[pixel] = q_x;
            self.q_y[pixel] = q_y;
            self.q_par[pixel] = q_x.hypot(q_y);
        }
    }
}
