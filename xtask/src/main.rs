//! `cargo xtask`: a thin command line over the gisaxs libraries.
//!
//! One file per command; a command parses its arguments, calls the libraries and
//! prints. Exit code 0 on success, 1 on failure, 2 on bad usage.
#![forbid(unsafe_code)]

fn main() {}
