//! The Python programs of the field read what is written here, and the other way round.
//!
//! Run with fabio, h5py, hdf5plugin and silx installed for the Python that `GISAXS_PYTHON`
//! names (default `python3`); without one of them a test is skipped and says so.

use std::path::Path;
use std::process::Command;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Frame, FrameHeader, FrameStack, encode_edf, encode_nexus, encode_tiff};

fn python() -> String {
    std::env::var("GISAXS_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Runs a script in `folder`; `false`, with the reason printed, where packages are missing.
fn run(packages: &[&str], script: &str, folder: &Path) -> bool {
    let imports = packages.join(", ");
    let probe = Command::new(python())
        .args(["-c", &format!("import {imports}")])
        .output();
    match probe {
        Ok(output) if output.status.success() => {}
        _ => {
            println!("skipped: {} cannot import {imports}", python());
            return false;
        }
    }
    let path = folder.join("script.py");
    std::fs::write(&path, script).unwrap();
    let output = Command::new(python())
        .arg(&path)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    true
}

/// Counts as Python makes them below: zeros, sentinels, every length of byte offset.
fn counts(frame: usize) -> Array2<f32> {
    Array2::from_shape_fn((61, 47), |(r, c)| {
        let i = r * 47 + c;
        match i % 11 {
            0 => -1.0,
            1 => -2.0,
            2 => 1_000_000.0,
            3 => 40_000.0,
            4 => 300.0,
            _ => ((i + 5 * frame) % 60) as f32,
        }
    })
}

const PYTHON_COUNTS: &str = r"
import numpy as np
def counts(frame):
    i = np.arange(61 * 47).reshape(61, 47)
    rest = (i + 5 * frame) % 60
    return np.choose(np.minimum(i % 11, 5), [-1, -2, 1000000, 40000, 300, rest]).astype(np.int32)
";

#[test]
fn python_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let frames: Vec<Frame> = (0..3).map(|k| Frame::new(counts(k)).unwrap()).collect();
    let halves = Frame::new(counts(0).mapv(|x| x + 0.5)).unwrap();
    for ending in ["cbf", "tif", "edf", "npy", "nxs"] {
        frames[0].write(at(&format!("one.{ending}"))).unwrap();
        if ending != "cbf" {
            halves.write(at(&format!("half.{ending}"))).unwrap();
        }
    }
    let with_header = FrameHeader {
        detector: Some("PILATUS 2M".to_owned()),
        pixel_mm: Some([0.172, 0.172]),
        exposure_s: Some(0.995),
        count_cutoff: Some(1_382_835.0),
        wavelength_nm: Some(0.105),
        distance_mm: Some(2565.0),
        beam_px: Some([791.5, 1310.0]),
        ..FrameHeader::default()
    };
    let described = frames[0].clone().with_header(with_header);
    described.write(at("head.cbf")).unwrap();
    described.write(at("head.nxs")).unwrap();
    std::fs::write(at("many.edf"), encode_edf(&frames).unwrap()).unwrap();
    std::fs::write(at("many.tif"), encode_tiff(&frames).unwrap()).unwrap();
    std::fs::write(at("many.nxs"), encode_nexus(&frames).unwrap()).unwrap();
    let script = format!(
        r#"{PYTHON_COUNTS}
import fabio, h5py, silx.io
for ending in ["cbf", "tif", "edf", "npy"]:
    image = fabio.open("one." + ending)
    assert image.data.shape == (61, 47), ending
    assert (image.data == counts(0)).all(), ending
    if ending != "cbf":
        assert (fabio.open("half." + ending).data == counts(0) + 0.5).all(), ending
head = fabio.open("head.cbf")
assert (head.data == counts(0)).all()
keys = head.pilatus_headers
assert keys["Exposure_time"] == 0.995 and keys["Count_cutoff"] == 1382835, keys
assert keys["Wavelength"] == 1.05 and keys["Beam_xy"] == (791.5, 1310.0), keys
assert np.allclose(keys["Pixel_size"], 172e-6) and abs(keys["Detector_distance"] - 2.565) < 1e-9, keys
with h5py.File("head.nxs") as f:
    d = f["entry/instrument/detector"]
    assert d["count_time"][()] == 0.995 and d["count_time"].attrs["units"] in ("s", b"s")
    assert d["distance"][()] == 2565 and d["distance"].attrs["units"] in ("mm", b"mm")
for name in ["many.edf", "many.tif"]:
    many = fabio.open(name)
    assert many.nframes == 3, name
    for k in range(3):
        assert (many.get_frame(k).data == counts(k)).all(), (name, k)
data = "/entry/instrument/detector/data"
with h5py.File("many.nxs") as f:
    d = f[data]
    assert d.dtype == np.int32 and d.shape == (3, 61, 47) and d.chunks == (1, 61, 47)
    assert all((d[k] == counts(k)).all() for k in range(3))
    assert f["entry"].attrs["NX_class"] in ("NXentry", b"NXentry")
with h5py.File("half.nxs") as f:
    assert (f[data][0] == counts(0) + 0.5).all()
assert (silx.io.get_data("silx:many.nxs?path=" + data)[1] == counts(1)).all()
assert (silx.io.get_data("fabio:one.cbf") == counts(0)).all()
"#
    );
    run(
        &["fabio", "h5py", "silx.io", "numpy"],
        &script,
        folder.path(),
    );
}

#[test]
fn what_python_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        r#"{PYTHON_COUNTS}
import fabio, fabio.cbfimage, fabio.edfimage, fabio.tifimage, h5py, hdf5plugin
fabio.cbfimage.CbfImage(data=counts(0)).write("a.cbf")
fabio.tifimage.TifImage(data=counts(0)).write("a.tif")
for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]:
    data = (counts(0) % 100).astype(kind)
    fabio.edfimage.EdfImage(data=data).write(f"{{kind}}.edf")
    np.save(f"{{kind}}.npy", data)
many = fabio.edfimage.EdfImage(data=counts(0))
for k in (1, 2):
    many.append_frame(data=counts(k))
many.write("many.edf")
np.save("fortran.npy", np.asfortranarray(counts(0)))
np.savez_compressed("a.npz", image=counts(0), q=np.arange(4.0))
stack = np.stack([counts(k) for k in range(5)])
ways = dict(
    bitshuffle=hdf5plugin.Bitshuffle(cname="lz4"),
    blocks=hdf5plugin.Bitshuffle(nelems=64, cname="lz4"),
    lz4=hdf5plugin.LZ4(), lz4blocks=hdf5plugin.LZ4(nbytes=1000),
    gzip=dict(compression="gzip", shuffle=True, fletcher32=True), plain=dict(),
)
for version in ["earliest", "latest"]:
    for name, way in ways.items():
        for chunks in [(1, 61, 47), (2, 17, 23)]:
            with h5py.File(f"{{name}}_{{version}}_{{chunks[0]}}.h5", "w", libver=version) as f:
                for kind in ["u2", "i4", "f4"] if name == "bitshuffle" else ["i4"]:
                    size = dict(maxshape=(None, 61, 47)) if chunks[0] == 1 else dict()
                    data = np.abs(stack) % 1000 if kind == "u2" else stack
                    f.create_dataset(kind, data=data.astype(kind), chunks=chunks, **size, **way)
    with h5py.File(f"flat_{{version}}_1.h5", "w", libver=version) as f:
        f["i4"] = stack
"#
    );
    if !run(
        &["fabio", "h5py", "hdf5plugin", "numpy"],
        &script,
        folder.path(),
    ) {
        return;
    }
    let at = |name: &str| folder.path().join(name);
    for name in ["a.cbf", "a.tif", "fortran.npy", "a.npz"] {
        assert_eq!(Frame::open(at(name)).unwrap().counts(), counts(0), "{name}");
    }
    // Python's % is never negative.
    let small = counts(0).mapv(|x| x.rem_euclid(100.0));
    for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"] {
        for ending in ["edf", "npy"] {
            let name = format!("{kind}.{ending}");
            assert_eq!(Frame::open(at(&name)).unwrap().counts(), small, "{name}");
        }
    }
    let many = FrameStack::open(at("many.edf")).unwrap();
    assert_eq!(many.len(), 3);
    assert_eq!(many.frame(2).unwrap().counts(), counts(2));
    let mut read = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "h5") {
            continue;
        }
        for kind in ["u2", "i4", "f4"] {
            let options = gisaxs_preproc::StackOptions {
                dataset: Some(kind.to_owned()),
                ..Default::default()
            };
            let Ok(stack) = FrameStack::open_with(&path, &options) else {
                let only = path
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with("bitshuffle");
                assert!(!only && kind != "i4", "{}", path.display());
                continue;
            };
            for k in 0..5 {
                let expected = match kind {
                    "u2" => counts(k).mapv(|x| x.abs() % 1000.0),
                    _ => counts(k),
                };
                let frame = stack.frame(k).unwrap();
                assert_eq!(frame.counts(), expected, "{} {kind} {k}", path.display());
            }
            read += 1;
        }
    }
    assert_eq!(read, 4 * 7 - 2 + 2 * 4, "files read");
}
