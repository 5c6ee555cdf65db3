//! Measured frames, where they are present: they are not part of the repository.

use std::path::{Path, PathBuf};

use gisaxs_preproc::gisaxs_physics::Direction;
use gisaxs_preproc::input::N_CELLS;
use gisaxs_preproc::{
    Beamstop, BeamstopOptions, Cut, CutKind, Detector, Frame, FrameStack, HotPixel,
    HotPixelOptions, Instrument, Mask, Reason, StackOptions, find_beamstops, find_hot_pixels,
    prepare,
};

const P03: [&str; 2] = [
    "jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_00005.cbf",
    "jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_00033.cbf",
];

const P03_TOML: &str = r#"
[beam]
wavelength_nm = 0.105
incidence_deg = 0.39
[detector]
name = "Pilatus 2M"
distance_mm = 2565.0
direct_beam_px = [791.5, 1310.0]
beamstops = [{ center_px = [795.0, 1305.0], radius_px = 25.0 },
             { center_px = [810.0, 1100.0], radius_px = 20.0 }]
[sample]
particle = "Au"
substrate = "Si"
"#;

/// The file, or `None` with a printed reason where it is absent.
fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/real")).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {name} is not here");
    None
}

#[test]
fn p03_frames_have_the_known_sentinels() {
    for name in P03 {
        let Some(path) = real(name) else { return };
        let frame = Frame::open(&path).unwrap();
        assert_eq!(frame.shape(), [1679, 1475]);
        assert_eq!(frame.header().detector.as_deref(), Some("PILATUS 2M"));
        assert_eq!(frame.header().count_cutoff, Some(1_382_835.0));
        assert_eq!(frame.header().exposure_s, Some(0.995));
        assert_eq!(frame.header().wavelength_nm, None);
        let of = |value: f32| frame.as_slice().iter().filter(|&&c| c == value).count();
        assert_eq!((of(-1.0), of(-2.0)), (197_365, 484));

        let instrument = Instrument::from_toml(P03_TOML, "p03.toml").unwrap();
        let mask = Mask::new(&frame, &instrument).unwrap();
        // The sentinels and the module table name the same pixels.
        let gaps = Detector::named("pilatus2m", "").unwrap().gap_mask();
        for ((row, col), &gap) in gaps.indexed_iter() {
            assert_eq!(mask.has(row, col, Reason::Gap), gap);
        }
        println!("{name}: {}", mask.summary());
        let hot = mask.counts()[3].1;
        assert!(hot < 200, "{hot} hot pixels");
    }
}

#[test]
fn p03_beamstops_and_hot_pixels_are_found() {
    let without_stops: String = P03_TOML
        .lines()
        .filter(|line| !line.contains("center_px"))
        .map(|line| format!("{line}\n"))
        .collect();
    let instrument = Instrument::from_toml(&without_stops, "p03.toml").unwrap();
    for name in P03 {
        let Some(path) = real(name) else { return };
        let frame = Frame::open(&path).unwrap();
        let mask = Mask::new(&frame, &instrument).unwrap();
        let hot = find_hot_pixels(&frame, &mask, &HotPixelOptions::default()).unwrap();
        println!("{name}: {} hot pixels", hot.len());
        // The specular beam and its rod, 25 rows high and brighter than all else, are spared.
        let in_rod = |h: &&HotPixel| (785..800).contains(&h.col) && (1105..1200).contains(&h.row);
        let rod: Vec<_> = hot.iter().filter(in_rod).collect();
        assert!(rod.is_empty(), "{rod:?}");
        assert!((5..200).contains(&hot.len()), "{}", hot.len());

        let mask = mask.with(Reason::Hot, &HotPixel::mask(&hot, frame.shape()));
        let stops = find_beamstops(&frame, &mask, &BeamstopOptions::default()).unwrap();
        for stop in &stops {
            println!("{stop:?}");
        }
        assert_eq!(stops.len(), 2);
        let near = |col: f64, row: f64| {
            let stop = stops.iter().find(|stop| {
                let [c, r] = stop.center_px();
                (c - col).hypot(r - row) < 5.0
            });
            stop.expect("the stop that is seen by eye")
        };
        let direct = near(795.0, 1305.0);
        assert!((direct.radius_px() - 21.0).abs() < 4.0);
        let reflected = near(810.0, 1100.0);
        assert!((reflected.radius_px() - 20.0).abs() < 3.0);
        // Its arm goes up and to the right.
        let arm = reflected.areas().into_iter().find_map(|area| match area {
            Beamstop::Strip { from_px, to_px, .. } => Some((from_px, to_px)),
            _ => None,
        });
        let (from, to) = arm.expect("an arm");
        assert!(to[0] > from[0] + 20.0 && to[1] < from[1] - 15.0);
    }
}

#[test]
fn p03_landmarks_lie_where_they_were_observed() {
    let instrument = Instrument::from_toml(P03_TOML, "p03.toml").unwrap();
    let (beam, detector) = (instrument.beam(), instrument.detector().unwrap());
    let row_of = |alpha_f_rad: f64| {
        let direction = Direction {
            alpha_f_rad,
            two_theta_f_rad: 0.0,
        };
        detector.pixel(&beam, &direction).unwrap()[1]
    };
    // Specular beam at row 1107, to the half pixel that the angle's digits allow.
    assert!((row_of(beam.alpha_i_rad()) - 1107.0).abs() < 0.6);
    // Yoneda maximum of silicon at rows 1168-1174.
    let silicon = instrument.sample_knowledge().substrate.unwrap();
    let yoneda = row_of(silicon.critical_angle_rad());
    assert!((1166.0..1176.0).contains(&yoneda), "{yoneda}");
    // Edge of the horizon at rows 1198-1206, seen through a blurred edge.
    let horizon = row_of(0.0);
    assert!((1198.0..1210.0).contains(&horizon), "{horizon}");
}

#[test]
fn p03_frames_make_network_input() {
    let instrument = Instrument::from_toml(P03_TOML, "p03.toml").unwrap();
    for name in P03 {
        let Some(path) = real(name) else { return };
        let frame = Frame::open(&path).unwrap();
        let prepared = prepare(&frame, &instrument).unwrap();
        assert!(prepared.warnings.is_empty(), "{:?}", prepared.warnings);
        assert!(prepared.input.planes.iter().all(|x| x.is_finite()));
        let valid = prepared.input.planes[2 * N_CELLS..]
            .iter()
            .filter(|&&v| v == 1.0)
            .count();
        assert!(valid > N_CELLS / 2, "{valid} valid cells");

        // Side maxima of the Yoneda band at about +-205 px, q_y about 0.83 nm^-1.
        let beam = instrument.beam();
        let silicon = instrument.sample_knowledge().substrate.unwrap();
        let yoneda = silicon.critical_angle_rad();
        let kind = CutKind::Horizontal {
            alpha_f_rad: [yoneda - 2e-4, yoneda + 2e-3],
        };
        let cut = Cut::new(
            frame.as_slice(),
            &prepared.mask,
            &beam,
            &instrument.detector().unwrap(),
            kind,
            [0.45, 1.5],
            35,
        );
        let peak = (0..cut.len())
            .max_by(|&a, &b| cut.mean[a].total_cmp(&cut.mean[b]))
            .unwrap();
        let q = cut.coordinate[peak];
        println!("{name}: side maximum at {q:.3} nm^-1");
        assert!((q / 0.83 - 1.0).abs() < 0.15, "{q}");
    }
}

#[test]
fn a_geometry_upside_down_is_doubted() {
    let Some(path) = real(P03[0]) else { return };
    let frame = Frame::open(&path).unwrap();
    let text = P03_TOML.replace("distance_mm", "up = \"rows-increase\"\ndistance_mm");
    let instrument = Instrument::from_toml(&text, "p03.toml").unwrap();
    let prepared = prepare(&frame, &instrument).unwrap();
    assert!(
        prepared.warnings.iter().any(|w| w.contains("horizon")),
        "{:?}",
        prepared.warnings
    );
}

#[test]
fn a_written_frame_reads_back_the_same() {
    let Some(path) = real(P03[0]) else { return };
    let frame = Frame::open(&path).unwrap();
    let bytes = frame.to_cbf().unwrap();
    let again = Frame::from_bytes(frame.name(), &bytes).unwrap();
    assert_eq!(again.counts(), frame.counts());
    assert_eq!(again.header().count_cutoff, frame.header().count_cutoff);
    assert_eq!(again.header().date, frame.header().date);
}

#[test]
fn a_changed_byte_of_a_real_frame_is_noticed() {
    let Some(path) = real(P03[0]) else { return };
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1_500_000] ^= 4;
    let error = Frame::from_bytes("a.cbf", &bytes).unwrap_err().to_string();
    assert!(error.contains("Content-MD5"), "{error}");
}

#[test]
fn aps_pilatus_1m_tiff() {
    let Some(path) = real("aps_pilatus1m_giwaxs.tif") else {
        return;
    };
    let frame = Frame::open(path).unwrap();
    assert_eq!(frame.shape(), [1043, 981]);
    // This file has bad pixels flagged but its gaps filled with zeros: only the module
    // table tells them from data.
    let of = |value: f32| frame.as_slice().iter().filter(|&&c| c == value).count();
    assert_eq!((of(-1.0), of(-2.0)), (0, 81));
    let gaps = Detector::by_shape(frame.shape()).unwrap().gap_mask();
    let in_gaps = gaps.iter().zip(frame.as_slice()).filter(|(gap, _)| **gap);
    assert_eq!(in_gaps.clone().count(), 73_533);
    assert!(in_gaps.clone().all(|(_, &count)| count == 0.0));
    assert_eq!(frame.header().count_cutoff, Some(1_108_029.0));
    let detector = frame
        .header()
        .detector
        .as_deref()
        .and_then(Detector::lookup);
    assert_eq!(detector.map(|d| d.name()), Some("Pilatus 1M"));
    assert_eq!(frame.header().exposure_s, Some(4.0));
}

#[test]
fn lambda_module() {
    let Some(path) = real("jg_gisaxs_12nm_insitu_00001r3_00001_m01.nxs") else {
        return;
    };
    let stack = FrameStack::open(&path).unwrap();
    assert_eq!((stack.len(), stack.shape()), (1, [516, 1556]));
    assert_eq!(stack.module_origin_px().unwrap(), Some([1588, 0]));
    let header = stack.header();
    assert_eq!(header.detector.as_deref(), Some("Lambda"));
    assert!((header.pixel_mm.unwrap()[0] - 0.055).abs() < 1e-12);
    assert_eq!(header.exposure_s, Some(0.998));
    assert_eq!(header.full_scale, Some(16_777_215.0));
    // As h5py sums the dataset. 477 pixels are dead or respond wrongly; virtual ones stay.
    let as_stored = StackOptions {
        apply_pixel_mask: false,
        ..StackOptions::default()
    };
    let stored = FrameStack::open_with(&path, &as_stored).unwrap();
    let total: f64 = stored
        .frame(0)
        .unwrap()
        .as_slice()
        .iter()
        .map(|&c| f64::from(c))
        .sum();
    assert_eq!(total, 2_826_612.0);
    let frame = stack.frame(0).unwrap();
    let bad = frame.as_slice().iter().filter(|&&c| c == -2.0).count();
    assert_eq!(bad, 477);
    // Chip edges are split into three equal virtual pixels.
    let row = frame.counts().row(100);
    for edge in [255, 515, 775, 1035, 1295] {
        assert!(
            row[edge] == row[edge + 1] && row[edge] == row[edge + 2],
            "{edge}"
        );
    }
    let factors = stack.flat_field().unwrap().unwrap();
    let mut sorted: Vec<f32> = factors.iter().copied().collect();
    sorted.sort_by(f32::total_cmp);
    assert!((sorted[sorted.len() / 2] - 1.0056).abs() < 0.001);
}
