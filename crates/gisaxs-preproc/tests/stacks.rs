//! Stacks: small files as Eiger, Lambda and h5py write them (`data/make.py`), series,
//! folders, sums, streaming.

use std::path::{Path, PathBuf};

use gisaxs_preproc::ndarray::{Array2, s};
use gisaxs_preproc::{
    Frame, FrameHeader, FrameStack, Instrument, StackOptions, encode_edf, encode_nexus, encode_tiff,
};

const SHAPE: [usize; 2] = [20, 30];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// The formula of `make.py`.
fn counts(frame: usize) -> Array2<f32> {
    Array2::from_shape_fn(SHAPE, |(r, c)| ((7 * r + 3 * c + 11 * frame) % 97) as f32)
}

fn open(name: &str) -> FrameStack {
    FrameStack::open(data(name)).unwrap()
}

fn error(name: &str) -> String {
    FrameStack::open(data(name)).unwrap_err().to_string()
}

#[test]
fn eiger_master_with_external_links_and_both_filters() {
    let stack = open("eiger_master.h5");
    assert_eq!((stack.len(), stack.shape()), (5, SHAPE));
    for k in 0..5 {
        let frame = stack.frame(k).unwrap();
        assert_eq!(frame.name(), format!("eiger_master_0000{k}.h5"));
        let mut expected = counts(k);
        expected.slice_mut(s![3, ..]).fill(-1.0); // bit 0: gap
        expected[[5, 6]] = -2.0; // bit 1: dead
        expected[[8, 9]] = u32::MAX as f32; // saturated: the mask does not know
        assert_eq!(frame.counts(), expected, "frame {k}");
    }
    let header = stack.header();
    assert_eq!(header.detector.as_deref(), Some("Dectris Eiger 1M"));
    let close = |a: Option<f64>, b: f64| (a.unwrap() / b - 1.0).abs() < 1e-6;
    assert!(close(header.pixel_mm.map(|p| p[0]), 0.075));
    assert!(close(header.distance_mm, 2500.0));
    assert!(close(header.wavelength_nm, 0.105));
    assert_eq!(header.beam_px, Some([14.5, 10.25]));
    assert_eq!(header.exposure_s, Some(0.5));
    assert_eq!(header.count_cutoff, Some(1e6));
    assert_eq!(header.full_scale, Some(f64::from(u32::MAX)));
    // Missing frames, and a shape that is not the named detector's.
    let warnings = stack.warnings();
    assert_eq!(
        warnings,
        [
            "5 frames are stored, but nimages and ntrigger say 6",
            "the header names a Eiger 1M (1065 x 1030 pixels), but the frame has 20 x 30",
        ]
    );
    let entry = stack
        .metadata()
        .iter()
        .find(|e| e.key.ends_with("incident_wavelength"));
    assert_eq!(
        entry.unwrap().to_string(),
        "entry/instrument/beam/incident_wavelength = 1.05 angstrom"
    );
    // One frame was asked for.
    let error = Frame::open(data("eiger_master.h5"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("holds 5 frames, expected one; open it as a FrameStack"),
        "{error}"
    );
    assert!(
        stack
            .frame(5)
            .unwrap_err()
            .to_string()
            .contains("frame 5 does not exist")
    );
}

#[test]
fn a_missing_data_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let master = folder.path().join("eiger_master.h5");
    std::fs::copy(data("eiger_master.h5"), &master).unwrap();
    let error = FrameStack::open(&master).unwrap_err().to_string();
    assert!(error.contains("eiger_data_000001.h5 is missing"), "{error}");
    // The first is there: its frames are read, the rest is reported.
    std::fs::copy(
        data("eiger_data_000001.h5"),
        folder.path().join("eiger_data_000001.h5"),
    )
    .unwrap();
    let stack = FrameStack::open(&master).unwrap();
    assert_eq!(stack.len(), 3);
    assert!(stack.warnings()[0].contains("eiger_data_000002.h5 is missing"));
    // From memory, links lead nowhere.
    let bytes = std::fs::read(master).unwrap();
    let error = FrameStack::from_bytes("m.h5", bytes, &StackOptions::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("only be followed from a file on disk"),
        "{error}"
    );
}

#[test]
fn loops_of_links_end() {
    let error = error("loop_a.h5");
    assert!(error.contains("external links form a loop"), "{error}");
}

#[test]
fn lambda_module_with_mask_and_flat_field() {
    let stack = open("lambda_m01.nxs");
    assert_eq!((stack.len(), stack.shape()), (2, SHAPE));
    let mut expected = counts(11);
    expected[[1, 1]] = -2.0; // bits 2 and 31
    expected[[2, 2]] = -2.0; // flat field 0; bit 31 alone at (1, 2) stays a count
    assert_eq!(stack.frame(1).unwrap().counts(), expected);
    let header = stack.header();
    assert_eq!(header.exposure_s, Some(0.998));
    assert!((header.pixel_mm.unwrap()[1] - 0.055).abs() < 1e-12);
    assert_eq!(header.full_scale, Some(16_777_215.0));
    assert!(
        stack
            .warnings()
            .iter()
            .any(|w| w.contains("flatfield is not applied"))
    );
    assert_eq!(stack.module_origin_px().unwrap(), Some([0, 0]));

    let options = StackOptions {
        apply_flat_field: true,
        apply_pixel_mask: false,
        ..StackOptions::default()
    };
    let flat = FrameStack::open_with(data("lambda_m01.nxs"), &options).unwrap();
    let corrected = flat.frame(1).unwrap();
    assert_eq!(corrected.counts()[[1, 1]], 1.5 * counts(11)[[1, 1]]);
}

#[test]
fn lambda_modules_make_one_frame() {
    let files = [data("lambda_m01.nxs"), data("lambda_m02.nxs")];
    let stack = FrameStack::open_modules(&files, &StackOptions::default()).unwrap();
    assert_eq!((stack.len(), stack.shape()), (2, [21, 63]));
    let frame = stack.frame(0).unwrap();
    assert_eq!(frame.counts()[[4, 5]], counts(10)[[4, 5]]);
    assert_eq!(frame.counts()[[1 + 4, 33 + 5]], counts(20)[[4, 5]]);
    let gaps = frame.as_slice().iter().filter(|&&c| c == -1.0).count();
    assert_eq!(gaps, 21 * 63 - 2 * 20 * 30);
    // As a folder.
    let folder = tempfile::tempdir().unwrap();
    for file in &files {
        std::fs::copy(file, folder.path().join(file.file_name().unwrap())).unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), "no frame").unwrap();
    let same = FrameStack::open(folder.path()).unwrap();
    assert_eq!(same.frame(0).unwrap().counts(), frame.counts());
    // Without a place there is no frame.
    let other = [data("lambda_m01.nxs"), data("stack.h5")];
    let error = FrameStack::open_modules(&other, &StackOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("translation is missing"),
        "{error}"
    );
}

#[test]
fn plain_stack_of_uneven_chunks() {
    let stack = open("stack.h5");
    assert_eq!((stack.len(), stack.shape()), (3, SHAPE));
    for k in 0..3 {
        assert_eq!(stack.frame(k).unwrap().counts(), counts(k));
    }
    let named = |name: &str| {
        let options = StackOptions {
            dataset: Some(name.to_owned()),
            ..StackOptions::default()
        };
        FrameStack::open_with(data("stack.h5"), &options)
    };
    assert_eq!(named("/scan/mask").unwrap().len(), 1);
    let error = named("scan/motor").unwrap_err().to_string();
    assert!(error.contains("dataset is scan/motor"), "{error}");
    assert!(named("nowhere").is_err());
}

fn frames() -> Vec<Frame> {
    let frame = |k| {
        let mut counts = counts(k);
        counts[[0, 0]] = -1.0;
        counts[[0, 1]] = -2.0;
        Frame::new(counts).unwrap().with_header(FrameHeader {
            detector: Some("PILATUS 300K".to_owned()),
            pixel_mm: Some([0.172, 0.172]),
            exposure_s: Some(0.5),
            count_cutoff: Some(95.0),
            wavelength_nm: Some(0.105),
            distance_mm: Some(2565.0),
            ..FrameHeader::default()
        })
    };
    (0..4).map(frame).collect()
}

#[test]
fn written_stacks_read_back_the_same() {
    let frames = frames();
    for (name, bytes) in [
        ("a.tif", encode_tiff(&frames).unwrap()),
        ("a.edf", encode_edf(&frames).unwrap()),
        ("a.nxs", encode_nexus(&frames).unwrap()),
    ] {
        let stack = FrameStack::from_bytes(name, bytes, &StackOptions::default()).unwrap();
        assert_eq!(stack.len(), 4, "{name}");
        for (k, frame) in frames.iter().enumerate() {
            let read = stack.frame(k).unwrap();
            assert_eq!(read.counts(), frame.counts(), "{name}");
            let (a, b) = (read.header(), frame.header());
            assert_eq!(a.exposure_s, b.exposure_s, "{name}");
            assert_eq!(a.detector, b.detector, "{name}");
            let close =
                |a: Option<f64>, b: Option<f64>| (a.unwrap() / b.unwrap() - 1.0).abs() < 1e-12;
            assert!(close(a.wavelength_nm, b.wavelength_nm), "{name}");
            assert!(close(a.distance_mm, b.distance_mm), "{name}");
            assert!(
                close(a.pixel_mm.map(|p| p[0]), b.pixel_mm.map(|p| p[0])),
                "{name}"
            );
        }
    }
    let odd = [
        frames[0].clone(),
        Frame::new(Array2::zeros((2, 2))).unwrap(),
    ];
    assert!(encode_edf(&odd).is_err() && encode_nexus(&odd).is_err() && encode_tiff(&[]).is_err());
}

#[test]
fn sums_keep_what_is_invalid() {
    let bytes = encode_nexus(&frames()).unwrap();
    let stack = FrameStack::from_bytes("a.nxs", bytes, &StackOptions::default()).unwrap();
    let sum = stack.sum(1..4).unwrap();
    assert_eq!((sum.counts()[[0, 0]], sum.counts()[[0, 1]]), (-1.0, -2.0));
    assert_eq!(sum.header().exposure_s, Some(1.5));
    assert_eq!(sum.header().count_cutoff, Some(3.0 * 95.0));
    let mean = stack.mean(1..4).unwrap();
    for ((r, c), &total) in sum.counts().indexed_iter() {
        let all: Vec<f32> = (1..4).map(|k| counts(k)[[r, c]]).collect();
        if (r, c) == (0, 0) || (r, c) == (0, 1) {
            continue;
        }
        if all.iter().any(|&x| x > 95.0) {
            assert!(total > 3.0 * 95.0 && mean.counts()[[r, c]] > 95.0);
        } else {
            assert_eq!(total, all.iter().sum::<f32>());
            assert_eq!(mean.counts()[[r, c]], total / 3.0);
        }
    }
    for range in [0..0, 2..5, 4..4] {
        let error = stack.sum(range).unwrap_err().to_string();
        assert!(error.contains("expected a range"), "{error}");
    }
}

#[test]
fn nan_is_an_error_or_a_bad_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.npy");
    let mut counts = counts(0);
    counts[[4, 5]] = f32::NAN;
    std::fs::write(&path, gisaxs_preproc::encode_npy(counts.view())).unwrap();
    let error = FrameStack::open(&path).unwrap().frame(0).unwrap_err();
    assert!(error.to_string().contains("row 4, column 5"), "{error}");
    let options = StackOptions {
        nan_is_bad: true,
        ..StackOptions::default()
    };
    let stack = FrameStack::open_with(&path, &options).unwrap();
    assert_eq!(stack.frame(0).unwrap().counts()[[4, 5]], -2.0);
    assert_eq!(stack.sum(0..1).unwrap().counts()[[4, 5]], -2.0);
    // Infinite pixels are no mask.
    counts[[6, 7]] = f32::INFINITY;
    std::fs::write(&path, gisaxs_preproc::encode_npy(counts.view())).unwrap();
    let stack = FrameStack::open_with(&path, &options).unwrap();
    let error = stack.frame(0).unwrap_err().to_string();
    assert!(error.contains("row 6, column 7"), "{error}");
}

#[test]
fn a_folder_of_frames_streams_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for (k, frame) in (0..12).map(|k| (k, Frame::new(counts(k)).unwrap())) {
        frame
            .write(folder.path().join(format!("scan_{k}.cbf")))
            .unwrap();
    }
    std::fs::write(folder.path().join("instrument.toml"), "[beam]").unwrap();
    let stack = FrameStack::open(folder.path()).unwrap();
    assert_eq!(stack.len(), 12);
    for threads in [1, 3, 40] {
        for (k, frame) in stack.stream(2..12, threads).enumerate() {
            let frame = frame.unwrap();
            assert_eq!(frame.name(), format!("scan_{}.cbf", k + 2));
            assert_eq!(frame.counts(), counts(k + 2));
        }
    }
    // A damaged file is an error in its place.
    std::fs::write(folder.path().join("scan_5.cbf"), "###CBF: cut").unwrap();
    let results: Vec<_> = stack.stream(0..12, 3).collect();
    let bad: Vec<usize> = (0..12).filter(|&k| results[k].is_err()).collect();
    assert_eq!(bad, [5]);
    // Files that are no frames but called like one keep the place of theirs.
    let name = folder.path().join("scan_7.cbf");
    let good = std::fs::read(&name).unwrap();
    for junk in ["", "hello"] {
        std::fs::write(&name, junk).unwrap();
        let stack = FrameStack::open(folder.path()).unwrap();
        assert_eq!(stack.len(), 12);
        let error = stack.frame(7).unwrap_err().to_string();
        assert!(error.contains("scan_7.cbf"), "{error}");
    }
    std::fs::write(&name, good).unwrap();
    // A damaged one may come first: the next one stands for the folder.
    std::fs::rename(
        folder.path().join("scan_0.cbf"),
        folder.path().join("scan_00.cbf"),
    )
    .unwrap();
    std::fs::write(folder.path().join("scan_0.cbf"), "###CBF: cut").unwrap();
    let damaged = FrameStack::open(folder.path()).unwrap();
    assert_eq!((damaged.len(), damaged.shape()), (13, SHAPE));
    let error = damaged.frame(0).unwrap_err().to_string();
    assert!(error.contains("scan_0.cbf"), "{error}");
    assert_eq!(damaged.frame(1).unwrap().counts(), counts(0));
    std::fs::rename(
        folder.path().join("scan_00.cbf"),
        folder.path().join("scan_0.cbf"),
    )
    .unwrap();
    // Another shape as well, and it says which.
    Frame::new(Array2::zeros((3, 3)))
        .unwrap()
        .write(folder.path().join("scan_5.cbf"))
        .unwrap();
    let error = stack.frame(5).unwrap_err().to_string();
    assert!(
        error.contains("scan_5.cbf: shape is 3 x 3, expected 20 x 30"),
        "{error}"
    );
    // Leaving early ends the threads.
    assert!(stack.stream(0..12, 2).next().unwrap().is_ok());
    // Files of two formats are no series.
    Frame::new(counts(0))
        .unwrap()
        .write(folder.path().join("mask.npy"))
        .unwrap();
    let error = FrameStack::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("several formats could be the frames"),
        "{error}"
    );
}

#[test]
fn gzip_of_every_format() {
    use std::io::Write;
    let frame = &frames()[0];
    let folder = tempfile::tempdir().unwrap();
    for ending in ["cbf", "tif", "edf", "npy", "nxs"] {
        let path = folder.path().join(format!("a.{ending}"));
        frame.write(&path).unwrap();
        let packed = folder.path().join(format!("a.{ending}.gz"));
        let file = std::fs::File::create(&packed).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(&std::fs::read(&path).unwrap()).unwrap();
        gzip.finish().unwrap();
        assert_eq!(Frame::open(&path).unwrap().counts(), frame.counts());
        assert_eq!(
            Frame::open(&packed).unwrap().counts(),
            frame.counts(),
            "{ending}"
        );
    }
    let error = frame
        .write(folder.path().join("a.jpg"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("ending = jpg, expected cbf, tif"), "{error}");
}

#[test]
fn a_stack_is_compared_with_the_instrument() {
    let toml = "[beam]\nwavelength_nm = 0.154\nincidence_deg = 0.4\n[detector]\nname = \
                'Pilatus 300k'\ndistance_mm = 2565.0\ndirect_beam_px = [243, 560]\n";
    let instrument = Instrument::from_toml(toml, "a.toml").unwrap();
    let bytes = encode_nexus(&frames()).unwrap();
    let stack = FrameStack::from_bytes("a.nxs", bytes, &StackOptions::default()).unwrap();
    assert_eq!(
        stack.disagreements(&instrument),
        [
            "wavelength is 0.154 nm in a.toml but 0.105 nm in the frame's header",
            "frames have 20 x 30 pixels, but the instrument's detector has 619 x 487",
        ]
    );
}

#[test]
fn a_header_is_compared_with_the_instrument() {
    let toml = "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.4\n[detector]\nname = \
                'Pilatus 300k'\ndistance_mm = 2565.0\ndirect_beam_px = [243, 560]\n";
    let instrument = Instrument::from_toml(toml, "a.toml").unwrap();
    let same = FrameHeader {
        wavelength_nm: Some(0.1053),
        distance_mm: Some(2600.0),
        pixel_mm: Some([0.172; 2]),
        beam_px: Some([240.0, 565.0]),
        ..FrameHeader::default()
    };
    assert!(instrument.disagreements(&same).is_empty());
    let untold = FrameHeader {
        beam_px: Some([0.0; 2]),
        ..FrameHeader::default()
    };
    assert!(instrument.disagreements(&untold).is_empty());
    let other = FrameHeader {
        wavelength_nm: Some(0.108),
        distance_mm: Some(2000.0),
        pixel_mm: Some([0.172, 0.2]),
        beam_px: Some([100.0, 560.0]),
        ..FrameHeader::default()
    };
    assert_eq!(
        instrument.disagreements(&other),
        [
            "wavelength is 0.105 nm in a.toml but 0.108 nm in the frame's header",
            "distance is 2565 mm in a.toml but 2000 mm in the frame's header",
            "direct beam's column is 243 px in a.toml but 100 px in the frame's header",
            "pixel height is 0.172 mm in a.toml but 0.2 mm in the frame's header",
        ]
    );
}

#[test]
fn special_files_are_refused() {
    let error = FrameStack::open("/dev/null").unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
}
