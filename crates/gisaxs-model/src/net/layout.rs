//! Names, shapes and places of the parameters.
//!
//! All parameters live in one flat buffer, so that optimiser, average and checkpoint are single
//! loops. The names are a contract of the weight files.

use super::config::NetworkConfig;
use crate::bins::logits;
use std::ops::Range;

/// One parameter tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Path, such as `size.down.weight`.
    pub name: String,
    /// Shape: `[k_y, k_x, in, out]` for convolutions, `[in, out]` for linear layers, `[out]` for biases.
    pub shape: Vec<usize>,
    /// First value in the flat buffer.
    pub offset: usize,
    /// Standard deviation at the start, zero for biases.
    pub(crate) init_std: f32,
}

impl Parameter {
    /// Its values in the flat buffer.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>()
    }

    /// Whether weight decay applies: weights yes, biases no.
    #[must_use]
    pub fn decays(&self) -> bool {
        self.shape.len() > 1
    }
}

/// Weight and bias of one layer in the flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slots {
    pub(crate) weight: Range<usize>,
    pub(crate) bias: Option<Range<usize>>,
}

/// All parameters, in the order of the flat buffer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    parameters: Vec<Parameter>,
}

impl Layout {
    /// The parameters in the order of the flat buffer.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Number of values of the flat buffer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parameters.last().map_or(0, |p| p.range().end)
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    fn push(&mut self, name: String, shape: &[usize], init_std: f32) -> Range<usize> {
        let p = Parameter {
            name,
            shape: shape.to_vec(),
            offset: self.len(),
            init_std,
        };
        let range = p.range();
        self.parameters.push(p);
        range
    }

    /// A layer whose weights start with variance `gain^2 * 2 / fan_in` (He et al. 2015).
    fn layer(&mut self, name: &str, shape: &[usize], gain: f32, bias: bool) -> Slots {
        let (out, ins) = (shape[shape.len() - 1], &shape[..shape.len() - 1]);
        let fan_in = ins.iter().product::<usize>() as f32;
        let weight = self.push(
            format!("{name}.weight"),
            shape,
            gain * (2.0 / fan_in).sqrt(),
        );
        let bias = bias.then(|| self.push(format!("{name}.bias"), &[out], 0.0));
        Slots { weight, bias }
    }
}

/// The two convolutions of a residual block.
#[derive(Debug, Clone)]
pub(crate) struct BlockSlots {
    pub(crate) conv1: Slots,
    pub(crate) conv2: Slots,
}

/// Where each layer finds its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) stem: Slots,
    pub(crate) stem_blocks: Vec<BlockSlots>,
    pub(crate) down: Slots,
    pub(crate) trunk_blocks: Vec<BlockSlots>,
    pub(crate) embed1: Slots,
    pub(crate) embed2: Slots,
    pub(crate) film: Slots,
    pub(crate) size_down: Slots,
    pub(crate) size_blocks: Vec<BlockSlots>,
    pub(crate) size_squeeze: Slots,
    pub(crate) size_hidden: Slots,
    pub(crate) size_heads: Slots,
    pub(crate) structure_conv: Slots,
    pub(crate) structure_line1: Slots,
    pub(crate) structure_line2: Slots,
    pub(crate) structure_hidden: Slots,
    pub(crate) structure_heads: Slots,
}

/// Gain of the second convolution of a residual block: nearly the identity at the start, which
/// replaces normalisation layers (De and Smith 2020, <https://arxiv.org/abs/2002.10444>).
const BRANCH_GAIN: f32 = 0.2;
/// Gain of the stem: the planes have a root mean square of about two.
const STEM_GAIN: f32 = 0.5;
/// Gain of the heads: nearly uniform distributions at the start.
const HEAD_GAIN: f32 = 0.2;

/// Lists the parameters of a (validated) configuration.
pub(crate) fn layout(c: &NetworkConfig) -> (Layout, Places) {
    let mut l = Layout::default();
    let blocks = |l: &mut Layout, name: &str, count: usize, ch: usize| -> Vec<BlockSlots> {
        (0..count)
            .map(|i| BlockSlots {
                conv1: l.layer(&format!("{name}.{i}.conv1"), &[3, 3, ch, ch], 1.0, true),
                conv2: l.layer(
                    &format!("{name}.{i}.conv2"),
                    &[3, 3, ch, ch],
                    BRANCH_GAIN,
                    false,
                ),
            })
            .collect()
    };
    let (rows8, cols8, cols4) = (c.n_kz / 8, c.n_q / 8, c.n_q / 4);
    let flat = rows8 * cols8 * c.squeeze;
    let places = Places {
        stem: l.layer("stem", &[5, 5, c.planes, c.stem], STEM_GAIN, true),
        stem_blocks: blocks(&mut l, "stem_blocks", c.stem_blocks, c.stem),
        down: l.layer("down", &[3, 3, c.stem, c.trunk], 1.0, true),
        trunk_blocks: blocks(&mut l, "trunk_blocks", c.trunk_blocks, c.trunk),
        embed1: l.layer("embed.0", &[c.scalars, c.embed], 1.0, true),
        embed2: l.layer("embed.1", &[c.embed, c.embed], 1.0, true),
        // Starts at zero: no modulation.
        film: l.layer("film", &[c.embed, 2 * c.trunk], 0.0, true),
        size_down: l.layer("size.down", &[3, 3, c.trunk, c.deep], 1.0, true),
        size_blocks: blocks(&mut l, "size.blocks", c.deep_blocks, c.deep),
        size_squeeze: l.layer("size.squeeze", &[1, 1, c.deep, c.squeeze], 1.0, true),
        size_hidden: l.layer("size.hidden", &[flat + c.embed, c.size_hidden], 1.0, true),
        size_heads: l.layer(
            "size.heads",
            &[c.size_hidden, logits::SIZE_COUNT],
            HEAD_GAIN,
            true,
        ),
        structure_conv: l.layer("structure.conv", &[3, 3, c.trunk, c.structure], 1.0, true),
        structure_line1: l.layer(
            "structure.line1",
            &[1, 5, c.groups * c.structure, c.line],
            1.0,
            true,
        ),
        structure_line2: l.layer("structure.line2", &[1, 5, c.line, c.line], 1.0, true),
        structure_hidden: l.layer(
            "structure.hidden",
            &[cols4 * c.line + c.size_hidden + c.embed, c.structure_hidden],
            1.0,
            true,
        ),
        structure_heads: l.layer(
            "structure.heads",
            &[c.structure_hidden, logits::STRUCTURE_COUNT],
            HEAD_GAIN,
            true,
        ),
    };
    (l, places)
}

/// Starting values: normal weights, zero biases. Every tensor has its own stream of the generator,
/// so that a change of one layer leaves the others as they were.
#[cfg(feature = "train")]
pub(crate) fn initial(layout: &Layout, seed: u64) -> Vec<f32> {
    use rand::{Rng, SeedableRng};
    let mut values = vec![0.0; layout.len()];
    for (i, p) in layout.parameters().iter().enumerate() {
        if p.init_std == 0.0 {
            continue;
        }
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(i as u64);
        for pair in values[p.range()].chunks_mut(2) {
            // Box-Muller: two normal deviates from two uniform ones.
            let (u, v): (f32, f32) = (1.0 - rng.random::<f32>(), rng.random());
            let r = p.init_std * (-2.0 * u.ln()).sqrt();
            let (s, c) = (std::f32::consts::TAU * v).sin_cos();
            pair[0] = r * c;
            if let Some(second) = pair.get_mut(1) {
                *second = r * s;
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and shapes of shipped weight files; a change here breaks them.
    #[test]
    fn names_and_shapes_are_a_contract() {
        let (layout, _) = layout(&NetworkConfig::default());
        let found: Vec<String> = layout
            .parameters()
            .iter()
            .map(|p| {
                let shape: Vec<String> = p.shape.iter().map(ToString::to_string).collect();
                format!("{} {}", p.name, shape.join("x"))
            })
            .collect();
        let expected = "\
stem.weight 5x5x3x16
stem.bias 16
stem_blocks.0.conv1.weight 3x3x16x16
stem_blocks.0.conv1.bias 16
stem_blocks.0.conv2.weight 3x3x16x16
down.weight 3x3x16x32
down.bias 32
trunk_blocks.0.conv1.weight 3x3x32x32
trunk_blocks.0.conv1.bias 32
trunk_blocks.0.conv2.weight 3x3x32x32
embed.0.weight 16x32
embed.0.bias 32
embed.1.weight 32x32
embed.1.bias 32
film.weight 32x64
film.bias 64
size.down.weight 3x3x32x64
size.down.bias 64
size.blocks.0.conv1.weight 3x3x64x64
size.blocks.0.conv1.bias 64
size.blocks.0.conv2.weight 3x3x64x64
size.squeeze.weight 1x1x64x32
size.squeeze.bias 32
size.hidden.weight 4512x192
size.hidden.bias 192
size.heads.weight 192x385
size.heads.bias 385
structure.conv.weight 3x3x32x48
structure.conv.bias 48
structure.line1.weight 1x5x192x64
structure.line1.bias 64
structure.line2.weight 1x5x64x64
structure.line2.bias 64
structure.hidden.weight 2016x128
structure.hidden.bias 128
structure.heads.weight 128x224
structure.heads.bias 224";
        assert_eq!(found.join("\n"), expected);
    }

    #[test]
    fn parameters_fill_the_buffer_without_gaps() {
        let (layout, _) = layout(&NetworkConfig::default());
        let mut end = 0;
        for p in layout.parameters() {
            assert_eq!(p.offset, end, "{}", p.name);
            end = p.range().end;
        }
        assert_eq!(end, layout.len());
        // Two bytes each in a shipped file.
        assert!(2 * layout.len() < 3_600_000, "{}", layout.len());
    }
}
