//! GISAXS physics: optical constants, geometry, form and structure factors, multilayer DWBA.
