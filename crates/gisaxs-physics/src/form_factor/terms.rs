//! Blocks of pixels as form factors see them.

use num_complex::Complex64;

use crate::simd::{Cplx, LANES, Simd, lanes, lanes_mut, padded};

/// Most pixels of a block. Larger blocks leave the first-level cache, smaller ones repeat what is
/// done once per block more often.
pub(crate) const BLOCK: usize = 128;

const _: () = assert!(BLOCK.is_multiple_of(LANES));

/// One number per pixel of a block.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(crate) struct Column([f64; BLOCK]);

impl Column {
    pub(crate) const ZERO: Self = Self([0.0; BLOCK]);
}

impl Default for Column {
    fn default() -> Self {
        Self::ZERO
    }
}

impl std::ops::Deref for Column {
    type Target = [f64];

    #[inline]
    fn deref(&self) -> &[f64] {
        &self.0
    }
}

impl std::ops::DerefMut for Column {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.0
    }
}

/// One complex number per pixel of a block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    pub(crate) re: Column,
    pub(crate) im: Column,
}

impl Columns {
    /// The first `length` pixels.
    pub(crate) fn view(&self, length: usize) -> Split<'_> {
        Split {
            re: &self.re[..length],
            im: &self.im[..length],
        }
    }

    pub(crate) fn get(&self, pixel: usize) -> Complex64 {
        Complex64::new(self.re[pixel], self.im[pixel])
    }

    pub(crate) fn set(&mut self, pixel: usize, value: Complex64) {
        self.re[pixel] = value.re;
        self.im[pixel] = value.im;
    }

    /// Makes all numbers zero.
    pub(crate) fn clear(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
    }

    #[inline(always)]
    pub(crate) fn vector<S: Simd>(&self, simd: S, index: usize) -> Cplx<S> {
        simd.of_parts(lanes::<S>(&self.re)[index], lanes::<S>(&self.im)[index])
    }

    #[inline(always)]
    pub(crate) fn set_vector<S: Simd>(&mut self, index: usize, value: Cplx<S>) {
        lanes_mut::<S>(&mut self.re)[index] = value.re.lanes();
        lanes_mut::<S>(&mut self.im)[index] = value.im.lanes();
    }
}

/// Complex numbers, one per pixel of a block, as two slices.
#[derive(Debug, Clone, Copy)]
pub struct Split<'a> {
    /// Real parts.
    pub re: &'a [f64],
    /// Imaginary parts.
    pub im: &'a [f64],
}

impl Split<'_> {
    /// The number of one pixel.
    ///
    /// # Panics
    /// If there is no such pixel.
    #[must_use]
    pub fn at(&self, pixel: usize) -> Complex64 {
        Complex64::new(self.re[pixel], self.im[pixel])
    }
}

/// [`Split`] as vectors.
pub(crate) type SplitLanes<'a, S> = [&'a [<S as pulp::Simd>::f64s]; 2];

/// Complex numbers as vectors.
#[inline(always)]
pub(crate) fn lanes_of<'a, S: Simd>(split: &Split<'a>) -> SplitLanes<'a, S> {
    [lanes::<S>(split.re), lanes::<S>(split.im)]
}

/// One vector of complex numbers.
#[inline(always)]
pub(crate) fn vector<S: Simd>(simd: S, split: &SplitLanes<'_, S>, index: usize) -> Cplx<S> {
    simd.of_parts(split[0][index], split[1][index])
}

/// The four terms of the DWBA in a block of pixels, for one shape at one height: what
/// [`super::FormFactor::add_terms`] adds up.
///
/// All slices have the same length, a multiple of 8: from [`Self::pixels`] on they repeat the last
/// pixel, so that vectors need no tails. What is written there is ignored.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// How many pixels are meant.
    pub pixels: usize,
    /// q_x of incident minus exit, nm^-1.
    pub q_x: &'a [f64],
    /// q_y of incident minus exit, nm^-1.
    pub q_y: &'a [f64],
    /// sqrt(q_x^2 + q_y^2), nm^-1.
    pub q_par: &'a [f64],
    /// Normal wavenumber of the incident wave in the layer of the shape, nm^-1.
    pub k_i: Complex64,
    /// Normal wavenumbers of the exit waves, nm^-1.
    pub k_f: Split<'a>,
    /// T_i and R_i, the down- and up-going amplitude of the incident wave at the height of the
    /// shape's origin, times the contrast.
    pub incident: [Complex64; 2],
    /// T_f and R_f, those of the exit waves.
    pub exit: [Split<'a>; 2],
    /// Products T_i T_f, R_i T_f, T_i R_f, R_i R_f with the contrast. They belong to q_z = -k_i - k_f, k_i - k_f, -k_i + k_f, k_i + k_f.
    pub weights: [Split<'a>; 4],
    /// Whether the normal wavenumbers are real: no imaginary part differs from zero.
    pub real: bool,
    /// Whether all pixels have the same k_f and the same weights, as in a row of equal alpha_f.
    pub uniform: bool,
}

impl Terms<'_> {
    /// Length of all slices: [`Self::pixels`] rounded up to a multiple of 8.
    #[must_use]
    pub fn padded(&self) -> usize {
        padded(self.pixels)
    }
}

/// Memory that shapes use while they work on a block, and what shapes of one ensemble share.
///
/// Particles that differ in size only need the same intermediate results: |q| for spheres, the
/// vertical factor for cylinders of one height. Whoever comes first stores them under a key, the
/// others find them.
#[derive(Debug, Default)]
pub struct Scratch {
    entries: Vec<Entry>,
    /// The entry that is overwritten next.
    next: usize,
    memory: Vec<f64>,
    /// Memory of the shapes that are integrals over height.
    pub(super) slices: super::slices::Workspace,
}

#[derive(Debug)]
struct Entry {
    key: Option<Key>,
    columns: Vec<Column>,
}

type Key = (&'static str, [u64; 4]);

impl Scratch {
    /// Different things that are kept at a time.
    const MOST: usize = 8;

    /// Columns of numbers that depend on the block and on `parameters` only, as `fill` computes
    /// them; `name` tells what they are. `fill` is not called if they are there already. Each column
    /// has room for the largest block.
    pub(crate) fn shared(
        &mut self,
        name: &'static str,
        parameters: [f64; 4],
        columns: usize,
        fill: impl FnOnce(&mut [Column]),
    ) -> &[Column] {
        let key = (name, parameters.map(f64::to_bits));
        let known = self.entries.iter().position(|e| e.key == Some(key));
        let index = known.unwrap_or_else(|| {
            let index = self.next;
            self.next = (index + 1) % Self::MOST;
            if index == self.entries.len() {
                let columns = Vec::new();
                self.entries.push(Entry { key: None, columns });
            }
            let entry = &mut self.entries[index];
            entry
                .columns
                .resize(columns.max(entry.columns.len()), Column::ZERO);
            fill(&mut entry.columns[..columns]);
            entry.key = Some(key);
            index
        });
        &self.entries[index].columns[..columns]
    }

    /// So many numbers for any use, aligned to vectors. Their values are arbitrary.
    pub(crate) fn memory(&mut self, length: usize) -> &mut [f64] {
        const ALIGNMENT: usize = LANES * size_of::<f64>();
        if self.memory.len() < length + LANES {
            self.memory.resize(length + LANES, 0.0);
        }
        let start = self.memory.as_ptr().align_offset(ALIGNMENT);
        &mut self.memory[start..start + length]
    }

    /// Forgets what is stored (the block or the waves are others now) but keeps the memory.
    pub(crate) fn forget(&mut self) {
        for entry in &mut self.entries {
            entry.key = None;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_and_long_enough() {
        let mut scratch = Scratch::default();
        for length in [8, 1000, 16] {
            let memory = scratch.memory(length);
            assert_eq!(memory.len(), length);
            assert_eq!(memory.as_ptr().addr() % 64, 0);
        }
    }

    #[test]
    fn what_is_stored_is_found_until_it_is_forgotten() {
        let mut scratch = Scratch::default();
        let fill = |value: f64| move |columns: &mut [Column]| columns[0][0] = value;
        assert_eq!(scratch.shared("a", [1.0; 4], 1, fill(1.0))[0][0], 1.0);
        assert_eq!(scratch.shared("a", [2.0; 4], 2, fill(2.0))[0][0], 2.0);
        assert_eq!(scratch.shared("a", [1.0; 4], 1, fill(3.0))[0][0], 1.0);
        scratch.forget();
        assert_eq!(scratch.shared("a", [1.0; 4], 1, fill(4.0))[0][0], 4.0);
        // More than there is room for: the oldest goes.
        for i in 0..Scratch::MOST {
            scratch.shared("b", [i as f64; 4], 1, fill(i as f64));
        }
        assert_eq!(scratch.shared("a", [1.0; 4], 1, fill(5.0))[0][0], 5.0);
    }
}
