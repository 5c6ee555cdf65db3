//! Dual-branch CNN for GISAXS in candle: size distribution and interparticle correlation.
