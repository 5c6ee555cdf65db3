//! From a measured GISAXS frame to size distribution, spacing and disorder in milliseconds.
