//! Where views come from.

use crate::bins::Labels;

/// One training view: what the network sees and what it should say.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Planes, `[plane][k_z][q_par]` row-major.
    pub planes: Vec<f32>,
    /// Numbers beside the planes.
    pub scalars: [f32; 16],
    /// The truth.
    pub labels: Labels,
}

/// A source of views. `view(index)` must be a pure function of the index: training reads indices
/// 0, 1, 2, ... once each, evaluation and calibration read from [`HELD_OUT`] and
/// [`CALIBRATION`] on. It is called from several threads at once.
pub trait ViewSource: Send + Sync {
    /// The view with this index.
    fn view(&self, index: u64) -> View;
}

impl<F: Fn(u64) -> View + Send + Sync> ViewSource for F {
    fn view(&self, index: u64) -> View {
        self(index)
    }
}

/// First index of the held-out views for evaluation.
pub const HELD_OUT: u64 = 1 << 62;
/// First index of the held-out views for the calibration of intervals.
pub const CALIBRATION: u64 = HELD_OUT + (1 << 40);
