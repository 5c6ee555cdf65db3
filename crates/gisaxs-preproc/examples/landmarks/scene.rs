//! Frames with known landmarks. No particle model is needed: what is looked for comes from
//! the wave field at the surface and from the beams.

use gisaxs_preproc::gisaxs_physics::{Beam, FlatDetector, Up};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Detector, Frame, Geometry, Instrument, Mask};

/// What a frame shows.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) beam: Beam,
    pub(crate) detector: FlatDetector,
    /// 2 delta and 2 beta of the surface.
    pub(crate) optics: [f64; 2],
    /// Counts per pixel in the Yoneda band beside the rod.
    pub(crate) yoneda_counts: f64,
    /// Counts of the specular beam; of the direct beam a tenth.
    pub(crate) specular_counts: f64,
    /// Radius of the stops in front of both beams, px.
    pub(crate) stop_px: f64,
    pub(crate) gaps: bool,
}

/// A Pilatus 1M at 2.5 m, silicon at 11.8 keV.
pub(crate) fn p03_like() -> Scene {
    Scene {
        beam: Beam::new(0.105, 0.39_f64.to_radians()).unwrap(),
        detector: FlatDetector {
            rows: 1043,
            cols: 981,
            pixel_mm: [0.172, 0.172],
            distance_mm: 2565.0,
            direct_beam_px: [466.3, 808.6],
            up: Up::RowsDecrease,
        },
        optics: [2.0 * 3.4e-6, 2.0 * 4.0e-8],
        yoneda_counts: 100.0,
        specular_counts: 2e5,
        stop_px: 0.0,
        gaps: true,
    }
}

/// |T|^2 of a flat surface at the exit angle, zero below the horizon.
fn transmission(alpha_f: f64, [delta2, beta2]: [f64; 2]) -> f64 {
    if alpha_f <= 0.0 {
        return 0.0;
    }
    let s = alpha_f.sin();
    // Root of s^2 - 2 delta + 2 i beta.
    let (re, im) = (s * s - delta2, beta2);
    let modulus = re.hypot(im).sqrt();
    let half = 0.5 * im.atan2(re);
    let (kr, ki) = (modulus * half.cos(), modulus * half.sin());
    4.0 * s * s / ((s + kr).powi(2) + ki * ki)
}

/// Reproducible noise.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn uniform(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea, Flood, 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 60.0 {
            let normal: f64 = (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0;
            return (mean + mean.sqrt() * normal).round().max(0.0);
        }
        let limit = (-mean).exp();
        let (mut n, mut product) = (0.0, self.uniform());
        while product > limit {
            n += 1.0;
            product *= self.uniform();
        }
        n
    }
}

impl Scene {
    pub(crate) fn specular_row(&self) -> f64 {
        Geometry::from_flat(self.beam, &self.detector)
            .unwrap()
            .specular_px()
            .unwrap()[1]
    }

    pub(crate) fn horizon_row(&self) -> f64 {
        let up =
            self.detector.distance_mm * self.beam.alpha_i_rad().tan() / self.detector.pixel_mm[1];
        match self.detector.up {
            Up::RowsDecrease => self.detector.direct_beam_px[1] - up,
            Up::RowsIncrease => self.detector.direct_beam_px[1] + up,
        }
    }

    pub(crate) fn yoneda_row(&self) -> f64 {
        let k = |row: f64| {
            let d = self
                .detector
                .direction(&self.beam, self.detector.direct_beam_px[0], row);
            transmission(d.alpha_f_rad, self.optics)
        };
        (0..self.detector.rows * 4)
            .map(|i| f64::from(i as u32) / 4.0)
            .max_by(|a, b| k(*a).total_cmp(&k(*b)))
            .unwrap()
    }

    pub(crate) fn frame(&self, seed: u64) -> (Frame, Mask) {
        let d = &self.detector;
        let mut noise = Noise(seed);
        let [beam_col, beam_row] = d.direct_beam_px;
        let specular_row = self.specular_row();
        let known = Detector::by_shape([d.rows, d.cols]).filter(|_| self.gaps);
        let gaps = known.map(|known| known.gap_mask());
        let counts = Array2::from_shape_fn((d.rows, d.cols), |(row, col)| {
            if gaps.as_ref().is_some_and(|gaps| gaps[[row, col]]) {
                return -1.0;
            }
            let (c, r) = (col as f64, row as f64);
            let direction = d.direction(&self.beam, c, r);
            let [_, q_y, q_z] = direction.q(&self.beam);
            let wave = transmission(direction.alpha_f_rad, self.optics) / 4.0;
            // Particles: a broad maximum of structure and form factor.
            let lateral =
                1.0 / (1.0 + (q_y / 0.4).powi(2)).powf(1.5) * (-(q_z / 2.5).powi(2)).exp();
            // Diffuse scattering of a rough surface: a rod, 1.5 px wide.
            let rod =
                300.0 * (-0.5 * ((c - beam_col) / 1.5).powi(2)).exp() / (1.0 + (q_z / 0.6).powi(3));
            let spot = |row: f64, height: f64| {
                let r2 = (c - beam_col).powi(2) + (r - row).powi(2);
                // Core and wings, as slits and air make them.
                height * ((-0.5 * r2 / 4.0).exp() + 2e-3 / (1.0 + r2 / 25.0).powi(2))
            };
            let hidden = |row: f64| (c - beam_col).hypot(r - row) < self.stop_px;
            let mean = if hidden(specular_row) || hidden(beam_row) {
                0.05
            } else {
                let specular = if direction.alpha_f_rad > 0.0 {
                    spot(specular_row, self.specular_counts)
                } else {
                    0.0
                };
                self.yoneda_counts * (wave * (lateral + rod))
                    + specular
                    + spot(beam_row, 0.1 * self.specular_counts)
                    + 0.3
            };
            noise.poisson(mean) as f32
        });
        let frame = Frame::new(counts).unwrap();
        let instrument = Instrument::new(self.beam, *d).unwrap();
        let mask = Mask::new(&frame, &instrument).unwrap();
        (frame, mask)
    }
}
