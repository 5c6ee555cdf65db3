//! How much memory reading and reducing takes, as Linux counts it. One test: the numbers are
//! those of the process.
#![cfg(target_os = "linux")]

use std::sync::Arc;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::reduce::{Image, Regridder};
use gisaxs_preproc::{
    Frame, Instrument, PixelMap, encode_edf, encode_npy, encode_tiff, prepare_with,
};

const P03: &str = r#"
[beam]
wavelength_nm = 0.105
incidence_deg = 0.39
[detector]
name = "Pilatus 2M"
distance_mm = 2565.0
direct_beam_px = [791.5, 1310.0]
"#;

/// Bytes of a field of `/proc/self/status`.
fn status(field: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024.0
}

/// Bytes in memory at once during `work` beyond those before it; `None` if the kernel does not
/// let us reset its mark.
fn peak<T>(work: impl FnOnce() -> T) -> Option<(T, f64)> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = status("VmRSS");
    let result = work();
    Some((result, status("VmHWM") - before))
}

/// Files of a hundred bytes or so whose headers claim 8192 x 8192 pixels, 268 MB.
fn boasters() -> Vec<(&'static str, Vec<u8>)> {
    let frame = Frame::new(Array2::from_elem((17, 19), 1.0)).unwrap();
    let one = std::slice::from_ref(&frame);
    let replace = |bytes: Vec<u8>, what: &[(&str, &str)]| {
        // Headers are text in Latin-1: one character per byte.
        let mut text: String = bytes.iter().map(|&b| char::from(b)).collect();
        for (from, to) in what {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        text.chars().map(|c| c as u8).collect()
    };
    let mut tiff = encode_tiff(one).unwrap();
    for tag in [256_u16, 257] {
        // Width and height: tag, type 4 (u32), one value.
        let entry = [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0]].concat();
        let at = tiff.windows(8).position(|w| w == entry).unwrap() + 8;
        tiff[at..at + 4].copy_from_slice(&8192_u32.to_le_bytes());
    }
    let lines = [
        ("Fastest-Dimension: 19", "Fastest-Dimension: 8192"),
        ("Second-Dimension: 17", "Second-Dimension: 8192"),
        ("Elements: 323", "Elements: 67108864"),
    ];
    vec![
        (
            "npy",
            replace(
                encode_npy(frame.counts().view()),
                &[("(17, 19)", "(8192, 8192)")],
            ),
        ),
        (
            "edf",
            replace(
                encode_edf(one).unwrap(),
                &[
                    ("Dim_1 = 19", "Dim_1 = 8192"),
                    ("Dim_2 = 17", "Dim_2 = 8192"),
                ],
            ),
        ),
        ("cbf", replace(frame.to_cbf().unwrap(), &lines)),
        ("tif", tiff),
    ]
}

#[test]
fn memory_is_what_the_frames_justify() {
    for (format, bytes) in boasters() {
        let before = status("VmPeak");
        let error = Frame::from_bytes(format, &bytes).unwrap_err();
        let claimed = status("VmPeak") - before;
        assert!(claimed < 20e6, "{format}: {claimed} bytes for: {error}");
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frame.cbf");
    let counts = Array2::from_shape_fn((1679, 1475), |(r, c)| ((r * 31 + c * 17) % 23) as f32);
    Frame::new(counts).unwrap().write(&path).unwrap();
    let one = 4.0 * 1679.0 * 1475.0;
    let instrument = Instrument::from_toml(P03, "p03.toml").unwrap();
    let map = Arc::new(PixelMap::new(&instrument).unwrap());
    let Some((prepared, peak_input)) = peak(|| {
        let frame = Frame::open(&path).unwrap();
        prepare_with(&frame, &map).unwrap()
    }) else {
        println!("skipped: the kernel does not reset its mark of peak memory");
        return;
    };
    drop(prepared);
    let regridder = Regridder::q_map(&instrument).unwrap();
    let image = || {
        let frame = Frame::open(&path).unwrap();
        let mask = map.mask(&frame).unwrap();
        Image::counts(frame, mask).unwrap()
    };
    let (_, peak_map) = peak(|| regridder.map(&image()).unwrap()).unwrap();
    println!(
        "frames of memory: input {:.2}, map {:.2}",
        peak_input / one,
        peak_map / one
    );
    assert!(peak_input < 3.0 * one, "{:.2} frames", peak_input / one);
    // The frame and its mask are 1.25 of them, the map's mean, variance and pixels the rest.
    let cells = (regridder.map(&image()).unwrap().mean.len() as f64) * 12.0;
    assert!(peak_map < 1.4 * one + cells, "{:.2} frames", peak_map / one);
}
