//! The network: configuration, parameters, the CPU engine and the candle graph.
mod config;
pub(crate) mod engine;
mod graph;
pub(crate) mod layout;
mod network;

pub use config::NetworkConfig;
pub(crate) use graph::Graph;
pub use layout::{Layout, Parameter};
pub use network::{Network, Prediction};
