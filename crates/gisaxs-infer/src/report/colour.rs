//! Colours of the maps.

/// Index of the palette entry for masked pixels.
pub(super) const MASKED: u8 = 255;
/// Entries of a palette that carry values; index `LEVELS` - 1 is the largest value.
pub(super) const LEVELS: usize = 255;
/// Neutral grey that neither map contains.
const MASK_GREY: [u8; 3] = [126, 130, 134];

/// Degree-6 polynomials through the colours of "inferno" (Nathaniel Smith and Stefan van
/// der Walt, matplotlib, CC0): lightness rises monotonically and nearly linearly.
const INFERNO: [[f64; 3]; 7] = [
    [0.000_218_940_4, 0.001_651_004_6, -0.019_480_898_4],
    [0.106_513_419_5, 0.563_956_436_8, 3.932_712_388_9],
    [11.602_493_082_5, -3.972_853_965_7, -15.942_394_106_3],
    [-41.703_996_131_4, 17.436_398_882_1, 44.354_145_198_7],
    [77.162_935_699_4, -33.402_358_942_1, -81.807_309_257_4],
    [-71.319_428_245_0, 32.626_064_264_0, 73.209_519_858_0],
    [25.131_126_224_8, -12.242_668_952_4, -23.070_325_002_9],
];

/// Ends and middle of the residual colours: too little signal, agreement, too much.
const DIVERGING: [[f64; 3]; 5] = [
    [0.13, 0.27, 0.53],
    [0.49, 0.67, 0.84],
    [0.97, 0.97, 0.96],
    [0.90, 0.58, 0.42],
    [0.60, 0.14, 0.12],
];

/// A colour map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// Dark to bright, for intensities.
    Sequential,
    /// Blue, white, red, for signed residuals.
    Diverging,
}

impl Colours {
    /// Colour at `t` in 0..1.
    pub(super) fn at(self, t: f64) -> [u8; 3] {
        let t = t.clamp(0.0, 1.0);
        let channel = |c: usize| match self {
            Self::Sequential => INFERNO.iter().rev().fold(0.0, |sum, row| sum * t + row[c]),
            Self::Diverging => {
                let x = t * (DIVERGING.len() - 1) as f64;
                let i = (x as usize).min(DIVERGING.len() - 2);
                let f = x - i as f64;
                DIVERGING[i][c] * (1.0 - f) + DIVERGING[i + 1][c] * f
            }
        };
        [0, 1, 2].map(|c| (channel(c).clamp(0.0, 1.0) * 255.0).round() as u8)
    }

    /// Palette of 256 RGB entries: `LEVELS` values, then grey for masked pixels.
    pub(super) fn palette(self) -> Vec<u8> {
        (0..LEVELS)
            .map(|i| self.at(i as f64 / (LEVELS - 1) as f64))
            .chain([MASK_GREY])
            .flatten()
            .collect()
    }

    /// SVG gradient stops.
    pub(super) fn stops(self) -> String {
        (0..=16)
            .map(|i| {
                let t = f64::from(i) / 16.0;
                let [r, g, b] = self.at(t);
                format!(r#"<stop offset="{t}" stop-color="rgb({r},{g},{b})"/>"#)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_of_the_sequential_map_rises() {
        let light = |t: f64| {
            let [r, g, b] = Colours::Sequential.at(t).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for i in 0..50 {
            let t = f64::from(i) / 50.0;
            assert!(light(t + 0.02) >= light(t) - 1.0, "at {t}");
        }
    }
}
