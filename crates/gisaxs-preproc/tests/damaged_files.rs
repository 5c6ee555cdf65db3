//! Truncated and changed files of every format: an error or a frame, never a panic, and no
//! allocation for a size that only a damaged header claims.

use gisaxs_preproc::{Frame, encode_npy, ndarray::Array2};
use proptest::prelude::*;

fn counts() -> Array2<f32> {
    Array2::from_shape_fn((37, 53), |(r, c)| ((r * 7 + c * 3) % 300) as f32 - 2.0)
}

fn edf() -> Vec<u8> {
    let mut bytes = b"{\nByteOrder = LowByteFirst ;\nDataType = FloatValue ;\nDim_1 = 53 ;\n\
        Dim_2 = 37 ;\n"
        .to_vec();
    bytes.resize(510, b' ');
    bytes.extend(b"}\n");
    bytes.extend(counts().iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

fn files() -> [Vec<u8>; 3] {
    [
        Frame::new(counts()).unwrap().to_cbf().unwrap(),
        encode_npy(counts().view()),
        edf(),
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
    fn truncated(kind in 0..3_usize, keep in 0.0..1.0_f64) {
        let bytes = &files()[kind];
        let cut = (keep * bytes.len() as f64) as usize;
        match Frame::from_bytes("cut", &bytes[..cut]) {
            // Only the padding after the data may be missing.
            Ok(frame) => prop_assert_eq!(frame.counts(), counts()),
            Err(error) => prop_assert!(error.to_string().starts_with("cut: ")),
        }
    }

    #[test]
    fn changed(
        kind in 0..3_usize,
        changes in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..6),
    ) {
        let mut bytes = files()[kind].clone();
        for (position, value) in changes {
            let at = (position * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        if let Err(error) = Frame::from_bytes("changed", &bytes) {
            prop_assert!(error.to_string().starts_with("changed: "));
        }
    }

    #[test]
    fn noise(start in 0..6_usize, noise in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let magic: [&[u8]; 6] = [
            b"###CBF:", b"II\x2a\0", b"MM\0\x2a", b"\x93NUMPY\x01\0", b"{\n", b"",
        ];
        let bytes = [magic[start], &noise].concat();
        prop_assert!(Frame::from_bytes("noise", &bytes).is_err());
    }
}
