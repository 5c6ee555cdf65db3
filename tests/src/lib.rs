//! Tests of the whole chain, across crates: see `tests/`.
