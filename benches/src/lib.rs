//! Benchmarks across crates: see `benches/`.
