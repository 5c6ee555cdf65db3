//! Sizes of the network.

use crate::bins;
use crate::error::Error;
use serde::{Deserialize, Serialize};

/// Sizes of the network. Convolution channels must be multiples of 16.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// Cells of the input along k sin(alpha_f).
    pub n_kz: usize,
    /// Cells of the input along q_par.
    pub n_q: usize,
    /// Input planes.
    pub planes: usize,
    /// Numbers beside the planes.
    pub scalars: usize,
    /// Channels of the stem, at half the input resolution.
    pub stem: usize,
    /// Residual blocks at half the input resolution.
    pub stem_blocks: usize,
    /// Channels of the trunk, at a quarter of the input resolution.
    pub trunk: usize,
    /// Residual blocks at a quarter of the input resolution.
    pub trunk_blocks: usize,
    /// Channels of the size branch, at an eighth of the input resolution.
    pub deep: usize,
    /// Residual blocks of the size branch.
    pub deep_blocks: usize,
    /// Channels of the size branch before it is flattened.
    pub squeeze: usize,
    /// Width of the embedding of the scalars.
    pub embed: usize,
    /// Width of the hidden layer of the size branch.
    pub size_hidden: usize,
    /// Channels of the structure branch.
    pub structure: usize,
    /// Groups of rows over which the structure branch averages.
    pub groups: usize,
    /// Channels of the two convolutions along q_par.
    pub line: usize,
    /// Width of the hidden layer of the structure branch.
    pub structure_hidden: usize,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            n_kz: 80,
            n_q: 112,
            planes: 3,
            scalars: 16,
            stem: 16,
            stem_blocks: 1,
            trunk: 32,
            trunk_blocks: 1,
            deep: 64,
            deep_blocks: 1,
            squeeze: 32,
            embed: 32,
            size_hidden: 192,
            structure: 48,
            groups: 4,
            line: 64,
            structure_hidden: 128,
        }
    }
}

impl NetworkConfig {
    /// A network for tests: the same graph, a few thousand parameters.
    #[must_use]
    pub fn tiny() -> Self {
        Self {
            n_kz: 16,
            n_q: 24,
            stem: 16,
            trunk: 16,
            deep: 16,
            squeeze: 16,
            embed: 8,
            size_hidden: 24,
            structure: 16,
            groups: 2,
            line: 16,
            structure_hidden: 20,
            ..Self::default()
        }
    }

    /// Values of one sample's planes.
    #[must_use]
    pub fn planes_len(&self) -> usize {
        self.planes * self.n_kz * self.n_q
    }

    /// Number of logits per sample, see [`bins::logits`].
    #[must_use]
    pub fn logits(&self) -> usize {
        bins::logits::COUNT
    }

    /// Checks the sizes.
    ///
    /// # Errors
    /// If a size is zero, the input is not divisible by eight, or a channel count not by 16.
    pub fn validate(&self) -> Result<(), Error> {
        let fail = |name: &'static str, value: usize, rule: &'static str| {
            Err(Error::Config { name, value, rule })
        };
        for (name, value) in [("n_kz", self.n_kz), ("n_q", self.n_q)] {
            if value == 0 || value % 8 != 0 {
                return fail(name, value, "a positive multiple of 8");
            }
        }
        for (name, value) in [
            ("stem", self.stem),
            ("trunk", self.trunk),
            ("deep", self.deep),
            ("squeeze", self.squeeze),
            ("structure", self.structure),
            ("line", self.line),
        ] {
            if value == 0 || value % 16 != 0 {
                return fail(name, value, "a positive multiple of 16");
            }
        }
        for (name, value) in [
            ("planes", self.planes),
            ("scalars", self.scalars),
            ("embed", self.embed),
            ("size_hidden", self.size_hidden),
            ("structure_hidden", self.structure_hidden),
        ] {
            if value == 0 {
                return fail(name, value, "positive");
            }
        }
        if self.groups == 0 || !(self.n_kz / 4).is_multiple_of(self.groups) {
            return fail("groups", self.groups, "a divisor of n_kz / 4");
        }
        Ok(())
    }
}
