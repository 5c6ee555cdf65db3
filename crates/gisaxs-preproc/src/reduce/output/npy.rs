//! Plain arrays for numpy.

use ndarray::Array2;

use super::super::map::Map;
use super::super::profile::Profile;
use crate::format::npy::encode_npy;

impl Profile {
    /// An NPY file of f64, shape (bins, 5): coordinate, mean, error, sum, pixels.
    #[must_use]
    pub fn to_npy(&self) -> Vec<u8> {
        let table = Array2::from_shape_fn((self.len(), 5), |(i, column)| match column {
            0 => self.coordinate[i],
            1 => self.mean[i],
            2 => self.error[i],
            3 => self.sum[i],
            _ => f64::from(self.pixels[i]),
        });
        encode_npy(table.view())
    }
}

impl Map {
    /// An NPY file of the means as f32, shape (y bins, x bins), row 0 at the lowest y, NaN in
    /// empty cells.
    #[must_use]
    pub fn to_npy(&self) -> Vec<u8> {
        encode_npy(self.mean.view())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{map, profile};

    /// Values after the header of an NPY file.
    fn values<const N: usize>(bytes: &[u8], number: fn([u8; N]) -> f64) -> Vec<f64> {
        let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let data = bytes[10 + header..].chunks_exact(N);
        data.map(|x| number(x.try_into().unwrap())).collect()
    }

    #[test]
    fn arrays_hold_the_numbers() {
        let profile = profile();
        let table = values(&profile.to_npy(), f64::from_le_bytes);
        assert_eq!(table.len(), 5 * profile.len());
        assert_eq!(table[5..7], [profile.coordinate[1], profile.mean[1]]);
        let map = map();
        let means = values(&map.to_npy(), |x| f64::from(f32::from_le_bytes(x)));
        assert_eq!(means.len(), map.mean.len());
        for (found, expected) in means.iter().zip(&map.mean) {
            assert!(found.is_nan() && expected.is_nan() || *found == f64::from(*expected));
        }
    }
}
