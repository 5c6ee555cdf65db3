//! Masks from files into instruments and out again.

use std::path::{Path, PathBuf};

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    Frame, FrameHeader, Instrument, Mask, MaskFile, MaskOptions, Polarity, Reason, write_mask,
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn open(dataset: Option<&str>, polarity: Polarity) -> gisaxs_preproc::Result<MaskFile> {
    let options = MaskOptions {
        polarity,
        dataset: dataset.map(str::to_owned),
    };
    MaskFile::open(data("masks.h5"), &options)
}

/// Rows, columns of `tests/data/masks.h5`.
const SHAPE: (usize, usize) = (20, 30);

#[test]
fn hdf5_masks_of_every_kind() {
    let bools = open(Some("entry/badmask"), Polarity::NonzeroMasked).unwrap();
    let expected = Array2::from_shape_fn(SHAPE, |(r, c)| (r + 2 * c) % 7 == 0);
    assert_eq!(bools.masked(), &expected);

    // Bit 31 alone is no reason, and it is not lost beside bit 0.
    let bits = open(Some("/entry/mask_bits"), Polarity::NEXUS).unwrap();
    let expected = Array2::from_shape_fn(SHAPE, |(r, _)| r == 4);
    assert_eq!(bits.masked(), &expected);
    let plain = open(Some("entry/mask_bits"), Polarity::NonzeroMasked).unwrap();
    let expected = Array2::from_shape_fn(SHAPE, |(r, c)| r == 4 || c == 5);
    assert_eq!(plain.masked(), &expected);

    let good = open(Some("entry/good"), Polarity::Bits { good: 2, bad: 0 }).unwrap();
    let expected = Array2::from_shape_fn(SHAPE, |(r, c)| r + c <= 9);
    assert_eq!(good.masked(), &expected);
    assert!((good.masked_fraction() - 55.0 / 600.0).abs() < 1e-12);
}

#[test]
fn several_masks_in_a_file_have_to_be_named() {
    let error = open(None, Polarity::NonzeroMasked).unwrap_err().to_string();
    assert!(
        error.contains("entry/badmask, entry/mask_bits") && !error.contains("entry/good"),
        "{error}"
    );
    let error = open(Some("entry/other"), Polarity::NonzeroMasked).unwrap_err();
    assert!(error.to_string().contains("entry/other"), "{error}");
    // The mask of a detector file is found by its name, beside the frames.
    let options = MaskOptions {
        polarity: Polarity::NEXUS,
        dataset: None,
    };
    let eiger = MaskFile::open(data("eiger_master.h5"), &options).unwrap();
    let masked: Vec<_> = eiger.masked().indexed_iter().filter(|m| *m.1).collect();
    assert_eq!(masked.len(), SHAPE.1 + 1);
}

fn toml(extra: &str) -> String {
    format!(
        "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nshape = [20, 30]\n\
         pixel_size_mm = [0.1, 0.1]\ndistance_mm = 2000\ndirect_beam_px = [5, 18]\n{extra}"
    )
}

fn instrument(extra: &str) -> gisaxs_preproc::Result<Instrument> {
    Instrument::from_toml(&toml(extra), "test.toml")
}

#[test]
fn an_instrument_names_polarity_dataset_and_bits() {
    let mask = format!("mask = '{}'\n", data("masks.h5").display());
    let cases = [
        ("mask_dataset = 'entry/badmask'", 86),
        (
            "mask_dataset = 'entry/badmask'\nmask_polarity = 'nonzero-valid'",
            514,
        ),
        (
            "mask_dataset = 'entry/mask_bits'\nmask_bad_bits = 0xffff",
            30,
        ),
        (
            "mask_dataset = 'entry/good'\nmask_good_bits = 2\nmask_bad_bits = 0x10",
            55,
        ),
    ];
    for (keys, pixels) in cases {
        let read = instrument(&format!("{mask}{keys}")).unwrap();
        let masked = read.user_mask().unwrap().iter().filter(|&&m| m).count();
        assert_eq!(masked, pixels, "{keys}");
        assert_eq!(read.user_masked_fraction(), Some(pixels as f64 / 600.0));
        let again = Instrument::from_toml(&read.to_toml(), "again").unwrap();
        assert_eq!(again.user_mask(), read.user_mask(), "{}", read.to_toml());
    }
    for (keys, what) in [
        ("mask_polarity = 'nonzero-valid'", "detector.mask beside it"),
        (
            &*format!("{mask}mask_polarity = 'inverted'"),
            "nonzero-masked",
        ),
        (
            &*format!("{mask}mask_polarity = 'nonzero-valid'\nmask_bad_bits = 1"),
            "not both",
        ),
        (&*format!("{mask}mask_bad_bits = -1"), "whole number"),
    ] {
        let error = instrument(keys).unwrap_err().to_string();
        assert!(
            error.contains(what) && error.contains("test.toml"),
            "{error}"
        );
    }
}

/// Share of a Gaussian of standard deviation `sigma` that falls on the pixel at a distance of `x`.
fn share(x: f64, sigma: f64) -> f64 {
    // The integral by the midpoint rule: the pixel is the only scale.
    let steps = 200;
    let at = |i: i32| x - 0.5 + (f64::from(i) + 0.5) / f64::from(steps);
    let density =
        |x: f64| (-0.5 * (x / sigma).powi(2)).exp() / (sigma * (std::f64::consts::TAU).sqrt());
    (0..steps).map(|i| density(at(i))).sum::<f64>() / f64::from(steps)
}

#[test]
fn bragg_peaks_are_not_taken_for_hot_pixels() {
    let toml = "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.39\n[detector]\nshape = [21, 21]\n\
         pixel_size_mm = [0.172, 0.172]\ndistance_mm = 2565.0\ndirect_beam_px = [10.0, 18.0]\n";
    let instrument = Instrument::from_toml(toml, "peaks.toml").unwrap();
    let mask = |frame: &Frame| Mask::new(frame, &instrument).unwrap();
    for (sigma, height) in [(0.5, 300.0), (0.5, 2e3), (0.5, 1e6), (0.7, 2e3), (2.0, 1e5)] {
        for step in 0..25 {
            let [x, y] = [step % 5, step / 5].map(|i| 10.0 + f64::from(i) / 5.0 - 0.4);
            let counts = Array2::from_shape_fn((21, 21), |(row, col)| {
                let peak = share(col as f64 - x, sigma) * share(row as f64 - y, sigma);
                (1.0 + height * peak).round() as f32
            });
            let frame = Frame::new(counts).unwrap();
            let found = mask(&frame);
            assert_eq!(
                found.valid_pixels(),
                21 * 21,
                "{sigma} px, {height} counts at {x}, {y}"
            );
        }
    }
    // A single pixel of the same counts is hot.
    let mut counts = Array2::from_elem((21, 21), 1.0);
    counts[[10, 10]] = 300.0;
    let mask = mask(&Frame::new(counts).unwrap());
    assert_eq!(mask.bits()[10 * 21 + 10], Reason::Hot.bit());
    assert_eq!(mask.valid_pixels(), 21 * 21 - 1);
}

#[test]
fn strips_and_shadows() {
    let read = instrument(
        "beamstops = [{ from_px = [4.0, 3.0], to_px = [20.0, 15.0], width_px = 5.0 }]\n\
         shadows = [{ rectangle_px = [25, 0, 29, 19] }]",
    )
    .unwrap();
    let frame = Frame::new(Array2::zeros(SHAPE)).unwrap();
    let mask = Mask::new(&frame, &read).unwrap();
    for row in 0..SHAPE.0 {
        for col in 0..SHAPE.1 {
            // Distance from the line, along it from the first end.
            let (x, y) = (col as f64 - 4.0, row as f64 - 3.0);
            let (along, off) = ((0.8 * x + 0.6 * y), (0.8 * y - 0.6 * x));
            let beyond = (along - along.clamp(0.0, 20.0)).hypot(off);
            // Beside rounding of the exact half width.
            if (beyond - 2.5).abs() > 1e-9 {
                assert_eq!(mask.has(row, col, Reason::Beamstop), beyond < 2.5);
            }
            assert_eq!(mask.has(row, col, Reason::Shadow), col >= 25);
        }
    }
    let again = Instrument::from_toml(&read.to_toml(), "again").unwrap();
    assert_eq!(again.beamstops(), read.beamstops());
    assert_eq!(again.shadows(), read.shadows());
    let both = "beamstops = [{ center_px = [4, 3], radius_px = 2, width_px = 5.0 }]";
    let error = instrument(both).unwrap_err().to_string();
    assert!(error.contains("not two of them"), "{error}");
}

#[test]
fn a_mask_is_written_and_used_again() {
    let mut counts = Array2::from_elem(SHAPE, 3.0);
    counts[[2, 3]] = -1.0;
    counts[[5, 6]] = -2.0;
    counts[[7, 8]] = 1e5;
    let frame = Frame::new(counts).unwrap().with_header(FrameHeader {
        count_cutoff: Some(1e4),
        ..FrameHeader::default()
    });
    let stop = "beamstops = [{ center_px = [15, 10], radius_px = 2 }]";
    let mask = Mask::new(&frame, &instrument(stop).unwrap()).unwrap();
    let mask = mask.grown(Reason::Gap, 1);
    let masked = mask.masked(&Reason::MEASUREMENT);
    assert_eq!(masked.iter().filter(|&&m| m).count(), 9 + 1 + 1 + 13);
    let folder = tempfile::tempdir().unwrap();
    for name in ["mask.npy", "mask.edf", "mask.msk"] {
        let path = folder.path().join(name);
        write_mask(masked.view(), &path).unwrap();
        let plain = Frame::new(Array2::zeros(SHAPE)).unwrap();
        let again = instrument("").unwrap().with_mask_file(&path).unwrap();
        let user = Mask::new(&plain, &again).unwrap().masked(&[Reason::User]);
        assert_eq!(user, masked, "{name}");
    }
    let error = write_mask(masked.view(), folder.path().join("mask.png")).unwrap_err();
    assert!(error.to_string().contains("npy, edf or msk"), "{error}");
}
