//! Truncated and changed files of every format: an error or a frame, never a panic, and no
//! allocation for a size that only a damaged header claims.

use gisaxs_preproc::{Frame, encode_edf, encode_nexus, encode_npy, encode_tiff, ndarray::Array2};
use proptest::prelude::*;
use std::sync::LazyLock;

fn counts() -> Array2<f32> {
    Array2::from_shape_fn((37, 53), |(r, c)| ((r * 7 + c * 3) % 300) as f32 - 2.0)
}

static FILES: LazyLock<[Vec<u8>; 5]> = LazyLock::new(files);

fn files() -> [Vec<u8>; 5] {
    let frame = Frame::new(counts()).unwrap();
    let one = std::slice::from_ref(&frame);
    [
        frame.to_cbf().unwrap(),
        encode_npy(counts().view()),
        encode_edf(one).unwrap(),
        encode_tiff(one).unwrap(),
        encode_nexus(one).unwrap(),
    ]
}

#[test]
fn they_are_good_to_begin_with() {
    for bytes in files() {
        assert_eq!(
            Frame::from_bytes("good", &bytes).unwrap().counts(),
            counts()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn truncated(kind in 0..5_usize, keep in 0.0..1.0_f64) {
        let bytes = &FILES[kind];
        let cut = (keep * bytes.len() as f64) as usize;
        match Frame::from_bytes("cut", &bytes[..cut]) {
            // Only the padding after the data may be missing.
            Ok(frame) => prop_assert_eq!(frame.counts(), counts()),
            Err(error) => prop_assert!(error.to_string().starts_with("cut: ")),
        }
    }

    #[test]
    fn changed(
        kind in 0..5_usize,
        changes in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..6),
    ) {
        let mut bytes = FILES[kind].clone();
        for (position, value) in changes {
            let at = (position * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        if let Err(error) = Frame::from_bytes("changed", &bytes) {
            prop_assert!(error.to_string().starts_with("changed: "));
        }
    }

    #[test]
    fn noise(start in 0..9_usize, noise in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let magic: [&[u8]; 9] = [
            b"###CBF:", b"II\x2a\0", b"MM\0\x2a", b"\x93NUMPY\x01\0", b"{\n", b"",
            b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0", b"PK\x03\x04", b"\x1f\x8b\x08\0",
        ];
        let bytes = [magic[start], &noise].concat();
        prop_assert!(Frame::from_bytes("noise", &bytes).is_err());
    }
}
