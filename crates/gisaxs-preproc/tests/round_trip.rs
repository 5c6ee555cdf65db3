//! What is written is read back equal, in every format, for any counts and shapes.

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    Frame, FrameHeader, FrameStack, MaskFormat, StackOptions, decode_mask, encode_edf, encode_mask,
    encode_nexus, encode_npy, encode_tiff,
};
use proptest::prelude::*;

/// Counts that are whole numbers f32 holds exactly, sentinels and all lengths of byte offset.
fn whole() -> BoxedStrategy<f32> {
    prop_oneof![
        4 => (0..20_i32).prop_map(|n| n as f32),
        1 => (-(1_i32 << 24)..=1 << 24).prop_map(|n| n as f32),
        1 => prop_oneof![Just(-1.0), Just(-2.0), Just(127.0), Just(-128.0), Just(32_768.0)],
        1 => Just(-2_147_483_648.0_f32),
    ]
    .boxed()
}

fn any_finite() -> BoxedStrategy<f32> {
    prop_oneof![
        whole(),
        any::<f32>().prop_filter("finite", |x| x.is_finite())
    ]
    .boxed()
}

fn frames(value: BoxedStrategy<f32>, most: usize) -> impl Strategy<Value = Vec<Frame>> {
    (1..=most, 1..12_usize, 1..40_usize).prop_flat_map(move |(n, rows, cols)| {
        let one = prop::collection::vec(value.clone(), rows * cols)
            .prop_map(move |v| Array2::from_shape_vec((rows, cols), v).expect("that many"));
        prop::collection::vec(one, n).prop_map(|stack| {
            stack
                .into_iter()
                .map(|counts| Frame::new(counts).expect("finite counts"))
                .collect()
        })
    })
}

fn header() -> impl Strategy<Value = FrameHeader> {
    (1e-3..1e3_f64, 0.02..0.4_f64, 10.0..1e4_f64).prop_map(|(exposure, pixel, distance)| {
        FrameHeader {
            detector: Some("PILATUS 2M".to_owned()),
            pixel_mm: Some([pixel, pixel]),
            exposure_s: Some(exposure),
            distance_mm: Some(distance),
            ..FrameHeader::default()
        }
    })
}

/// Reads bytes back and compares bit by bit; zeros may change their sign.
fn same(bytes: Vec<u8>, frames: &[Frame]) -> Result<FrameStack, TestCaseError> {
    let stack = FrameStack::from_bytes("t", bytes, &StackOptions::default())
        .map_err(|e| TestCaseError::fail(e.to_string()))?;
    prop_assert_eq!(stack.len(), frames.len());
    for (i, frame) in frames.iter().enumerate() {
        let again = stack
            .frame(i)
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(again.counts(), frame.counts());
    }
    Ok(stack)
}

fn close(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(a), Some(b)) => (a / b - 1.0).abs() < 1e-6,
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cbf(frames in frames(whole(), 1), header in header()) {
        let frame = frames[0].clone().with_header(header.clone());
        let bytes = frame.to_cbf().map_err(|e| TestCaseError::fail(e.to_string()))?;
        let stack = same(bytes, &frames)?;
        prop_assert!(close(stack.header().exposure_s, header.exposure_s));
        prop_assert!(close(stack.header().distance_mm, header.distance_mm));
    }

    #[test]
    fn tiff(frames in frames(any_finite(), 3), header in header()) {
        let with: Vec<Frame> = frames.iter().map(|f| f.clone().with_header(header.clone())).collect();
        let stack = same(encode_tiff(&with).expect("a TIFF"), &frames)?;
        prop_assert!(close(stack.header().exposure_s, header.exposure_s));
    }

    #[test]
    fn edf(frames in frames(any_finite(), 3), header in header()) {
        let with: Vec<Frame> = frames.iter().map(|f| f.clone().with_header(header.clone())).collect();
        let stack = same(encode_edf(&with).expect("an EDF"), &frames)?;
        prop_assert!(close(stack.header().exposure_s, header.exposure_s));
        prop_assert!(close(stack.header().distance_mm, header.distance_mm));
    }

    #[test]
    fn nexus(frames in frames(any_finite(), 3), header in header()) {
        let with: Vec<Frame> = frames.iter().map(|f| f.clone().with_header(header.clone())).collect();
        let stack = same(encode_nexus(&with).expect("a NeXus file"), &frames)?;
        prop_assert!(close(stack.header().exposure_s, header.exposure_s));
        prop_assert!(close(stack.header().distance_mm, header.distance_mm));
    }

    #[test]
    fn npy(frames in frames(any_finite(), 1)) {
        same(encode_npy(frames[0].counts().view()), &frames)?;
    }

    #[test]
    fn masks(values in (1..12_usize, 1..70_usize).prop_flat_map(|(rows, cols)| {
        prop::collection::vec(any::<bool>(), rows * cols)
            .prop_map(move |v| Array2::from_shape_vec((rows, cols), v).expect("that many"))
    })) {
        for format in MaskFormat::ALL {
            let again = decode_mask("m", encode_mask(values.view(), format));
            prop_assert_eq!(again.expect("a mask"), values.clone());
        }
    }
}
