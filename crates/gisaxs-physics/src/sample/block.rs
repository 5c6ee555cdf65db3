//! The pixels of a block: angles and in-plane scattering vectors.

use crate::elementary::sin;
use crate::form_factor::{BLOCK, Column};
use crate::geometry::{Beam, Direction};
use crate::simd::{Kernel, Simd, dispatch, lanes, lanes_mut, padded};

/// Up to [`BLOCK`] pixels, padded to whole vectors with copies of the last.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// How many there are.
    pub(crate) pixels: usize,
    /// Exit angles, rad.
    pub(crate) alpha_f: Column,
    /// Azimuths, rad.
    two_theta_f: Column,
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
            self.alpha_f[pixel] = direction.alpha_f_rad;
            self.two_theta_f[pixel] = direction.two_theta_f_rad;
        }
        dispatch(InPlane { beam, block: self });
    }
}

/// q_x, q_y and q_par, as [`Direction::q`] but incident minus exit, as form factors are written for.
struct InPlane<'a> {
    beam: &'a Beam,
    block: &'a mut Block,
}

impl Kernel for InPlane<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n = self.block.padded();
        let Block {
            alpha_f,
            two_theta_f,
            q_x,
            q_y,
            q_par,
            ..
        } = self.block;
        let k = simd.real(-2.0 * self.beam.k());
        let one = simd.real(1.0);
        let incident = simd.real(sin(0.5 * self.beam.alpha_i_rad()));
        let angles = lanes::<S>(&alpha_f[..n])
            .iter()
            .zip(lanes::<S>(&two_theta_f[..n]));
        let q = lanes_mut::<S>(&mut q_x[..n])
            .iter_mut()
            .zip(lanes_mut::<S>(&mut q_y[..n]))
            .zip(lanes_mut::<S>(&mut q_par[..n]));
        for ((alpha, theta), ((q_x, q_y), q_par)) in angles.zip(q) {
            // Half angles keep the digits of small q: with s_i, s_f the sines of alpha / 2,
            // cos f cos t - cos i = 2 (s_i - s_f) (s_i + s_f) - 2 cos f sin^2(t / 2).
            let (s_f, _) = (simd.of(*alpha) * 0.5).sin_cos();
            let (s_t, c_t) = (simd.of(*theta) * 0.5).sin_cos();
            let cos_f = (s_f * s_f).negative_mul_add(simd.real(2.0), one);
            let across = cos_f * s_t;
            let along = (incident - s_f) * (incident + s_f);
            let x = k * across.negative_mul_add(s_t, along);
            let y = k * across * c_t;
            *q_x = x.lanes();
            *q_y = y.lanes();
            *q_par = x.mul_add(x, y * y).sqrt().lanes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::testing::with_all_instructions;

    #[test]
    fn agrees_with_single_directions() {
        let beam = Beam::new(0.1, 0.004).unwrap();
        let directions: Vec<Direction> = (0..BLOCK - 3)
            .map(|i| Direction {
                alpha_f_rad: f64::from(i as u32 % 17) * 0.09 - 0.2 + 1e-9,
                two_theta_f_rad: f64::from(i as u32 % 23) * 0.13 - 1.5,
            })
            .chain([Direction {
                alpha_f_rad: 0.004 + 1e-12,
                two_theta_f_rad: 1e-12,
            }])
            .collect();
        with_all_instructions(|name| {
            let mut block = Block::default();
            block.load(&beam, &directions);
            for pixel in 0..block.padded() {
                let direction = directions.get(pixel).or(directions.last()).unwrap();
                let [q_x, q_y, _] = direction.q(&beam);
                let error = (block.q_x[pixel] + q_x)
                    .abs()
                    .max((block.q_y[pixel] + q_y).abs());
                assert!(error < 1e-15 * beam.k(), "{name} {direction:?}: {error:e}");
                assert!((block.q_par[pixel] - q_x.hypot(q_y)).abs() < 1e-15 * beam.k());
            }
            // The last direction is so close to the specular one that only small angles count.
            let q_x = block.q_x[directions.len() - 1];
            let [exact, ..] = directions[directions.len() - 1].q(&beam);
            assert!(
                (q_x / exact + 1.0).abs() < 1e-3,
                "{name}: {q_x:e} {exact:e}"
            );
        });
    }
}
