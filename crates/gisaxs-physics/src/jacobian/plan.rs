//! Which elementary quantities a list of parameters needs, and how its columns are made of them.

use super::parameter::{FitParameter, Quantity};
use super::waves::WaveQuantity;
use crate::error::{Error, Result};
use crate::multilayer::Multilayer;

/// The elementary quantities behind some parameters.
#[derive(Debug)]
pub(super) struct Plan {
    /// Every quantity once.
    pub(super) quantities: Vec<Quantity>,
    /// For every parameter the quantities that it moves, with the rates.
    columns: Vec<Vec<(usize, f64)>>,
    /// What the waves are differentiated with respect to.
    pub(super) lanes: Vec<WaveQuantity>,
    /// The quantities that change waves or scattering vectors of all particles.
    pub(super) globals: Vec<Global>,
}

/// A quantity that acts through waves and scattering vectors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Global {
    /// Its index among the quantities.
    pub(super) quantity: usize,
    /// Its index among the quantities of the waves.
    pub(super) lane: usize,
    pub(super) kind: GlobalKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GlobalKind {
    /// The incident wave turns.
    Incidence,
    /// The sample turns.
    Pitch,
    /// A layer changes.
    Layer,
}

/// What a global quantity does to one pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct GlobalMove {
    pub(super) lane: usize,
    /// Factor on the derivatives of the exit wave.
    pub(super) exit: f64,
    /// Change of the in-plane q (incident minus exit), nm^-1.
    pub(super) q: [f64; 2],
}

impl Plan {
    pub(super) fn new(parameters: &[FitParameter], stack: &Multilayer) -> Result<Self> {
        let mut plan = Self {
            quantities: Vec::new(),
            columns: Vec::with_capacity(parameters.len()),
            lanes: Vec::new(),
            globals: Vec::new(),
        };
        for parameter in parameters {
            let mut column = Vec::with_capacity(parameter.moves().len());
            for (quantity, rate) in parameter.moves() {
                column.push((plan.index_of(quantity, stack)?, *rate));
            }
            plan.columns.push(column);
        }
        Ok(plan)
    }

    /// Index of a quantity, which is added if it is new.
    fn index_of(&mut self, quantity: &Quantity, stack: &Multilayer) -> Result<usize> {
        if let Some(known) = self.quantities.iter().position(|q| q == quantity) {
            return Ok(known);
        }
        let index = self.quantities.len();
        self.quantities.push(quantity.clone());
        let last = stack.layers().len() - 1;
        let refuse = |reason| {
            Err(Error::NoDerivative {
                quantity: quantity.to_string(),
                reason,
            })
        };
        let (wave, kind) = match *quantity {
            Quantity::IncidenceAngle => (WaveQuantity::Angle, GlobalKind::Incidence),
            Quantity::Pitch => (WaveQuantity::Angle, GlobalKind::Pitch),
            Quantity::Thickness { layer } if layer == 0 || layer >= last => {
                return refuse("only the layers between ambient and substrate have a thickness");
            }
            Quantity::Roughness { layer } if layer == 0 || layer > last => {
                return refuse("a layer below the ambient is expected");
            }
            Quantity::Thickness { layer } => (WaveQuantity::Thickness(layer), GlobalKind::Layer),
            Quantity::Roughness { layer } => (WaveQuantity::Roughness(layer), GlobalKind::Layer),
            _ => return Ok(index),
        };
        let lane = self.lanes.iter().position(|l| *l == wave);
        let lane = lane.unwrap_or_else(|| {
            self.lanes.push(wave);
            self.lanes.len() - 1
        });
        self.globals.push(Global {
            quantity: index,
            lane,
            kind,
        });
        Ok(index)
    }

    /// Number of parameters.
    pub(super) fn parameters(&self) -> usize {
        self.columns.len()
    }

    /// Derivatives with respect to the parameters from those with respect to the quantities.
    pub(super) fn columns(&self, of_quantities: &[f64], of_parameters: &mut [f64]) {
        for (sum, column) in of_parameters.iter_mut().zip(&self.columns) {
            *sum = column
                .iter()
                .map(|(i, rate)| rate * of_quantities[*i])
                .sum();
        }
    }
}
