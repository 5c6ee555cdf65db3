//! Good files of every format: what is damaged.

use std::io::Write;
use std::path::Path;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    Frame, FrameHeader, MaskFormat, encode_edf, encode_mask, encode_nexus, encode_npy, encode_tiff,
};

use crate::exercise;

const TOML: &str = "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.39\n[detector]\nname = \
    \"Pilatus 300k\"\ndistance_mm = 2565.0\ndirect_beam_px = [243.0, 560.0]\nbeamstops = \
    [{ center_px = [243.0, 560.0], radius_px = 12.0 }, { rectangle_px = [1, 2, 3, 4] }]\n\
<<<<<<< HEAD
    shadows = [{ from_px = [1.0, 2.0], to_px = [30.0, 4.5], width_px = 3.0 }]\n\
=======
>>>>>>> 0a6a4f5 (Show and time the geometry)
    [sample]\nparticle = { name = \"Fe3O4\", density_g_cm3 = 5.2 }\nsubstrate = \"Si\"\n\
    film = { material = \"PS\", thickness_nm = 40.0 }\n";
const PONI: &str = "# Nota: C-Order\nponi_version: 2.1\nDetector: Pilatus300k\nDetector_config: \
    {\"pixel1\": 0.000172, \"pixel2\": 0.000172, \"orientation\": 3}\nDistance: 3.0\n\
    Poni1: 0.02\nPoni2: 0.04\nRot1: 0\nRot2: 0\nRot3: 0\nWavelength: 9.762e-11\n";
const OLD_PONI: &str = "PixelSize1: 0.000172\nPixelSize2: 0.000172\nDetector: Pilatus300k\n\
    Distance: 3.0\nPoni1: 0.02\nPoni2: 0.04\nRot1: 0\nRot2: 0\nRot3: 0\nWavelength: 1e-10\n";

const NEW_PONI: &str = "poni_version: 3\nDetector: Detector\nDetector_config: {\"pixel1\": 0.0001, \
    \"pixel2\": 0.0002, \"max_shape\": [300, 200], \"orientation\": 1, \"sensor\": \
    {\"material\": \"Si\", \"thickness\": 0.00032}}\nDistance: 0.3\nPoni1: 0.02\nPoni2: -0.04\n\
    Rot1: 0.1\nRot2: -0.2\nRot3: 1.5\nWavelength: 1e-10\nParallax: True\n";
const TILTED: &str = "[beam]\nenergy_kev = 11.9\nincidence_deg = 0.2\nsample_tilt_deg = 1.5\n\
    sample_orientation = 6\n[detector]\nshape = [300, 200]\npixel_size_mm = [0.1, 0.2]\n\
    distance_mm = 200\ndirect_beam_px = [100, 280]\ntilt_deg = [10, -5, 90]\n\
    right = \"columns-decrease\"\nup = \"rows-increase\"\n";
const GIXSGUI: &str = "beam_center_px = [467.0, 909.0]\nspecular_px = [487.0, 707.0]\n\
    incidence_deg = 0.39\nsdd_mm = 2565.0\nenergy_kev = 11.9\ndetector = 'Pilatus 1M'\n";

type Reader = (&'static str, fn(&[u8]) -> bool, Vec<Vec<u8>>);

/// Name, reader and good inputs of every format.
pub(crate) fn all() -> Vec<Reader> {
    let frames = frames();
    let halves = Frame::new(frames[0].counts().mapv(|x| x + 0.5)).expect("finite");
    let cbf = frames[0].to_cbf().expect("whole counts");
    let without_md5 = String::from_utf8_lossy(&cbf).find("Content-MD5").map(|at| {
        let mut bytes = cbf.clone();
        bytes[at] = b'X';
        bytes
    });
    let tiff =
        [&frames[..], std::slice::from_ref(&halves)].map(|f| encode_tiff(f).expect("a TIFF"));
    let edf = [&frames[..], &[halves]].map(|f| encode_edf(f).expect("an EDF"));
    let npy = vec![
        encode_npy(frames[0].counts().view()),
        encode_npy(frames[0].counts().mapv(|x| x as i32).view()),
    ];
    let mut hdf5 = vec![encode_nexus(&frames).expect("a NeXus file")];
    hdf5.extend(made("lambda_m01.nxs").into_iter().chain(made("stack.h5")));
    hdf5.extend(
        made("eiger_data_000001.h5")
            .into_iter()
            .chain(made("eiger_data_000002.h5")),
    );
    let zipped = [&cbf, &npy[0]].map(|bytes| gzip(bytes));
    vec![
        (
            "cbf",
            exercise::frames,
            without_md5.into_iter().chain([cbf]).collect(),
        ),
        ("tiff", exercise::frames, tiff.to_vec()),
        ("edf", exercise::frames, edf.to_vec()),
        (
            "npz",
            exercise::frames,
            vec![zip(&npy[0], true), zip(&npy[1], false)],
        ),
        ("npy", exercise::frames, npy),
        ("gzip", exercise::frames, zipped.to_vec()),
        ("hdf5", exercise::frames, hdf5),
        ("mask", exercise::mask, masks()),
        (
            "poni",
            exercise::poni,
            [PONI, OLD_PONI, NEW_PONI]
                .map(|t| t.as_bytes().to_vec())
                .to_vec(),
        ),
        (
            "toml",
            exercise::toml,
            [TOML, TILTED, GIXSGUI]
                .map(|t| t.as_bytes().to_vec())
                .to_vec(),
        ),
    ]
}

fn frames() -> Vec<Frame> {
    let header = FrameHeader {
        detector: Some("PILATUS 300K".to_owned()),
        pixel_mm: Some([0.172, 0.172]),
        exposure_s: Some(0.5),
        count_cutoff: Some(1e6),
        wavelength_nm: Some(0.105),
        ..FrameHeader::default()
    };
    let frame = |k: usize| {
        let counts = Array2::from_shape_fn((17, 23), |(r, c)| match (r * 23 + c) % 31 {
            0 => -1.0,
            1 => 70_000.0,
            n => (n + k) as f32,
        });
        Frame::new(counts)
            .expect("finite")
            .with_header(header.clone())
    };
    vec![frame(0), frame(1)]
}

/// A file of `tests/data`, where the repository is.
fn made(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).ok()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes)
        .and_then(|()| out.finish())
        .expect("memory")
}

fn zip(npy: &[u8], deflated: bool) -> Vec<u8> {
    use zip::CompressionMethod::{Deflated, Stored};
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let method = if deflated { Deflated } else { Stored };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    out.start_file("image.npy", options).expect("memory");
    out.write_all(npy).expect("memory");
    out.finish().expect("memory").into_inner()
}

fn masks() -> Vec<Vec<u8>> {
    let masked = Array2::from_shape_fn((9, 33), |(r, c)| (r + 3 * c) % 5 == 0);
    let mut seeds: Vec<Vec<u8>> = MaskFormat::ALL
        .map(|format| encode_mask(masked.view(), format))
        .into();
    seeds.extend(made("masks.h5"));
    seeds
}
