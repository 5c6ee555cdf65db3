//! Ensembles: distributions of particle sizes.

mod distribution;
mod joint;

pub use distribution::{Distribution, Node};
pub use joint::{Joint, JointNode, mixture};
