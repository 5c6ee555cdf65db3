//! Colours of intensities.

/// Neutral grey that the map does not contain.
pub(super) const NOT_MEASURED: [u8; 3] = [126, 130, 134];
pub(super) const INK: [u8; 3] = [32, 32, 32];
pub(super) const FAINT: [u8; 3] = [222, 222, 222];
pub(super) const CURVE: [u8; 3] = [24, 80, 148];
pub(super) const ERROR_BAR: [u8; 3] = [150, 180, 215];

/// Degree-6 polynomials through the colours of "inferno" (Nathaniel Smith and Stefan van
/// der Walt, matplotlib, CC0), as in the reports of `gisaxs-infer`.
const INFERNO: [[f64; 3]; 7] = [
    [0.000_218_940_4, 0.001_651_004_6, -0.019_480_898_4],
    [0.106_513_419_5, 0.563_956_436_8, 3.932_712_388_9],
    [11.602_493_082_5, -3.972_853_965_7, -15.942_394_106_3],
    [-41.703_996_131_4, 17.436_398_882_1, 44.354_145_198_7],
    [77.162_935_699_4, -33.402_358_942_1, -81.807_309_257_4],
    [-71.319_428_245_0, 32.626_064_264_0, 73.209_519_858_0],
    [25.131_126_224_8, -12.242_668_952_4, -23.070_325_002_9],
];

/// Colour at `t` in 0..1, dark to bright.
pub(super) fn at(t: f64) -> [u8; 3] {
    let t = t.clamp(0.0, 1.0);
    [0, 1, 2].map(|c| {
        let value = INFERNO.iter().rev().fold(0.0, |sum, row| sum * t + row[c]);
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}
