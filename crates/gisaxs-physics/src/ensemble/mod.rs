//! Ensembles: distributions of particle sizes.

mod distribution;

pub use distribution::{Distribution, Node};
