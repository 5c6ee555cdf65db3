//! The re-simulated structure beside the frame: maps and cuts, ready to be drawn.

use crate::structure::Fit;

/// Frame and re-simulation, pixels averaged over square blocks, row 0 on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Rows of blocks.
    pub rows: usize,
    /// Columns of blocks.
    pub cols: usize,
    /// Mean counts per valid pixel; NaN in blocks without a valid pixel.
    pub measured: Vec<f32>,
    /// The same of the re-simulation; NaN below the horizon.
    pub simulated: Vec<f32>,
    /// (measured - simulated) / sqrt(simulated) of the summed counts of a block; NaN where
    /// not compared.
    pub residual: Vec<f32>,
    /// q_y of the columns' centres along the horizon, nm^-1.
    pub q_y: Vec<f64>,
    /// q_z of the rows' centres along the column of the beam, nm^-1.
    pub q_z: Vec<f64>,
}

/// One point of a [`Cut`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutPoint {
    /// Position, nm^-1.
    pub q: f64,
    /// Mean counts per valid pixel.
    pub measured: f64,
    /// Poisson error of `measured`: sqrt(sum) / valid pixels.
    pub error: f64,
    /// The same of the re-simulation.
    pub simulated: f64,
}

/// Intensity along one axis, averaged over a band of the other; positions without a valid
/// pixel are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The band averaged over, nm^-1.
    pub band: [f64; 2],
    /// Points by increasing q.
    pub points: Vec<CutPoint>,
}

/// The frame against its re-simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The figures.
    pub fit: Fit,
    /// Detector view.
    pub maps: Maps,
    /// Along q_par in the Yoneda band (band limits: k sin(alpha_f)).
    pub horizontal: Cut,
    /// Along q_z beside the specular rod (band limits: q_par).
    pub vertical: Cut,
}
