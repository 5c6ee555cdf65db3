//! Simulated GISAXS frames: priors, detector artifacts, labelled samples, deterministic to the bit.
