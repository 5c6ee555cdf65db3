//! GISAXS detector frames: read, mask, map to q, and turn into network input.
