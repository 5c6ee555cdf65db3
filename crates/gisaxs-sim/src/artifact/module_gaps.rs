//! Gaps between the modules of a hybrid pixel detector.

use serde::{Deserialize, Serialize};

/// Equal modules with equal gaps; numbers are [rows, columns].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleLayout {
    /// Pixels of a module.
    pub module: [usize; 2],
    /// Pixels of a gap.
    pub gap: [usize; 2],
    /// Number of modules.
    pub modules: [usize; 2],
}

impl ModuleLayout {
    /// Rows and columns of the whole detector: n modules and n - 1 gaps.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [0, 1].map(|i| self.modules[i] * (self.module[i] + self.gap[i]) - self.gap[i])
    }

    /// Whether the pixel lies between modules.
    #[must_use]
    pub fn is_gap(&self, col: usize, row: usize) -> bool {
        row % (self.module[0] + self.gap[0]) >= self.module[0]
            || col % (self.module[1] + self.gap[1]) >= self.module[1]
    }
}

impl std::fmt::Display for ModuleLayout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            module,
            gap,
            modules,
        } = self;
        write!(
            f,
            "{modules:?} modules of {module:?} pixels with gaps of {gap:?}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pilatus_1m_has_the_shape_and_gaps_of_the_manual() {
        let layout = ModuleLayout {
            module: [195, 487],
            gap: [17, 7],
            modules: [5, 2],
        };
        assert_eq!(layout.shape(), [1043, 981]);
        let gaps = (0..1043 * 981)
            .filter(|i| layout.is_gap(i % 981, i / 981))
            .count();
        assert_eq!(gaps, 73_533);
    }
}
