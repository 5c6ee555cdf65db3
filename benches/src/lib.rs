//! Benchmarks across crates: see `benches/`. Those of a single crate stand in that crate.
#![forbid(unsafe_code)]
