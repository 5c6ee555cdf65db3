//! Samples turned about their normal.

use std::sync::Arc;

use super::{Correlation, Sample};
use crate::elementary::sin_cos;
use crate::particle::{Axis, Rotation};
use crate::structure_factor::StructureFactor;

impl Sample {
    /// The sample turned about its normal, right-handed: particles and what orders them. An
    /// azimuthal scan is one sample after the other.
    #[must_use]
    pub fn turned(mut self, angle_rad: f64) -> Self {
        let turn = Rotation::about(Axis::Z, angle_rad);
        for population in &mut self.populations {
            for member in &mut population.members {
                // Turning about the particle's own origin, and the origin about that of the sample.
                member.particle = member.particle.clone().rotated(turn);
                member.offset_nm = turn.apply(member.offset_nm);
            }
            if let Correlation::Decoupling(order) = &population.correlation {
                population.correlation = Correlation::Decoupling(Arc::new(TurnedOrder {
                    order: Arc::clone(order),
                    sin_cos: sin_cos(angle_rad),
                }));
            }
        }
        self
    }
}

/// An arrangement turned about the normal.
#[derive(Debug)]
struct TurnedOrder {
    order: Arc<dyn StructureFactor>,
    sin_cos: (f64, f64),
}

impl StructureFactor for TurnedOrder {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let (sin, cos) = self.sin_cos;
        self.order.at(cos * q_x + sin * q_y, cos * q_y - sin * q_x)
    }

    fn density(&self) -> f64 {
        self.order.density()
    }
}
