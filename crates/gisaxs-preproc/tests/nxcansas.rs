//! Reduced files keep the rules of the NXcanSAS definition (version 1.0), as h5py sees them,
//! and SasView's loader reads them. Skipped, with the reason printed, without h5py or sasdata
//! for the Python that `GISAXS_PYTHON` names (default `python3`).

use std::path::Path;
use std::process::Command;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::reduce::{Image, Line, Profile, Regridder};
use gisaxs_preproc::{Frame, Instrument, Mask};

/// Runs a script in `folder`; what it prints, or `None` where a package is missing.
fn python(package: &str, script: &str, folder: &Path) -> Option<String> {
    let python = std::env::var("GISAXS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&python)
        .args(["-c", &format!("import {package}")])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("skipped: {python} cannot import {package}");
        return None;
    }
    let output = Command::new(&python)
        .args(["-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A cut with a gap in it and a map with empty cells: `cut.h5`, `map.h5`, `map.npy`.
fn write(folder: &Path) -> Profile {
    let instrument = Instrument::from_toml(
        "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nshape = [60, 50]\n\
         pixel_size_mm = [1, 1]\ndistance_mm = 1000\ndirect_beam_px = [25.3, 52.4]",
        "test.toml",
    )
    .unwrap();
    let counts = Array2::from_shape_fn((60, 50), |(r, c)| ((7 * r + 3 * c) % 50) as f32);
    let mut bits = vec![0; 3000];
    for row in bits.chunks_exact_mut(50) {
        row[10..14].fill(1);
    }
    let frame = Frame::new(counts).unwrap().with_name("frame.cbf");
    let image = Image::counts(frame, Mask::from_bits([60, 50], bits)).unwrap();
    let line = Line::horizontal([0.002, 0.02], [-1.5, 1.5], 40).unwrap();
    let cut = Profile::new(&image, &instrument, &line).unwrap();
    cut.write(folder.join("cut.h5")).unwrap();
    let map = Regridder::q_map(&instrument).unwrap().map(&image).unwrap();
    map.write(folder.join("map.h5")).unwrap();
    map.write(folder.join("map.npy")).unwrap();
    cut
}

/// The rules of the definition that concern these files.
const RULES: &str = r#"
import h5py, numpy as np

def text(x):
    return x.decode() if isinstance(x, bytes) else str(x)

def names(x):
    return [text(i) for i in np.atleast_1d(x)]

for name, rank in (("cut.h5", 1), ("map.h5", 2)):
    with h5py.File(name) as file:
        entry = file[text(file.attrs["default"])]
        assert text(entry.attrs["NX_class"]) == "NXentry"
        assert text(entry.attrs["canSAS_class"]) == "SASentry"
        assert text(entry.attrs["version"]) == "1.0"
        assert text(entry["definition"][()]) == "NXcanSAS"
        assert text(entry["title"][()]) == "frame.cbf"
        assert text(entry["run"][()])
        data = entry[text(entry.attrs["default"])]
        assert text(data.attrs["NX_class"]) == "NXdata"
        assert text(data.attrs["canSAS_class"]) == "SASdata"
        assert text(data.attrs["signal"]) == "I"
        I = data["I"]
        assert I.ndim == rank
        assert names(data.attrs["I_axes"]) == ["Q"] * rank
        # Every field with indices has the shape of those dimensions of I.
        for key in data.attrs:
            if key.endswith("_indices"):
                dims = np.atleast_1d(data.attrs[key])
                field = data[key[:-len("_indices")]]
                assert field.shape == tuple(I.shape[d] for d in dims), key
        for axis, n in zip(names(data.attrs["axes"]), I.shape):
            assert data[axis].shape == (n,)
        error = data[text(I.attrs["uncertainties"])]
        assert error.shape == I.shape
        for field in data:
            if field != "Mask":
                assert text(data[field].attrs["units"])
        pixels = data["pixels"][()]
        assert np.array_equal(np.isnan(I[()]), pixels == 0)
        # Raw counts: error = sqrt(sum) / n.
        filled = pixels > 0
        n = pixels[filled]
        assert np.allclose(error[()][filled], np.sqrt(I[()][filled] * n) / n, rtol=1e-5)
        instrument = entry["sasinstrument01"]
        for group, kind in ((instrument, "SASinstrument"),
                            (instrument["sasdetector01"], "SASdetector"),
                            (instrument["sassource01"], "SASsource"),
                            (entry["sasprocess01"], "SASprocess")):
            assert text(group.attrs["canSAS_class"]) == kind
        wavelength = instrument["sassource01/incident_wavelength"]
        assert abs(wavelength[()] - 0.1) < 1e-12 and text(wavelength.attrs["units"]) == "nm"
        assert instrument["sasdetector01/SDD"][()] == 1000
        if rank == 2:
            mask = data["Mask"][()]
            assert np.array_equal(mask != 0, pixels == 0) and 0 < mask.sum() < mask.size
            qxy, qz = np.meshgrid(data["qxy"][()], data["qz"][()])
            assert np.allclose(data["Qx"][()], qxy) and np.allclose(data["Qy"][()], qz)
            assert np.allclose(data["Q"][()], np.hypot(qxy, qz), rtol=1e-6)
            assert np.array_equal(np.load("map.npy"), I[()], equal_nan=True)
        else:
            print(len(I), float(data["Q"][0]), float(I[0]), float(error[0]), int(pixels[0]))
"#;

#[test]
fn files_keep_the_rules_of_the_definition() {
    let folder = tempfile::tempdir().unwrap();
    let cut = write(folder.path());
    let Some(printed) = python("h5py", RULES, folder.path()) else {
        return;
    };
    let numbers: Vec<f64> = printed
        .split_whitespace()
        .map(|x| x.parse().unwrap())
        .collect();
    let expected = [
        cut.len() as f64,
        cut.coordinate[0],
        cut.mean[0],
        cut.error[0],
        f64::from(cut.pixels[0]),
    ];
    assert_eq!(numbers, expected);
}

#[test]
fn sasview_reads_cuts_and_maps() {
    let script = r#"
import numpy as np
from sasdata.dataloader.loader import Loader
cut, = Loader().load("cut.h5")
map, = Loader().load("map.h5")
assert not cut.errors and not map.errors, (cut.errors, map.errors)
assert type(map).__name__ == "Data2D"
print(len(cut.x), cut.y[0], cut.dy[0], int(np.isfinite(map.data).sum()))
"#;
    let folder = tempfile::tempdir().unwrap();
    let cut = write(folder.path());
    let Some(printed) = python("sasdata", script, folder.path()) else {
        return;
    };
    let numbers: Vec<f64> = printed
        .split_whitespace()
        .map(|x| x.parse().unwrap())
        .collect();
    assert_eq!(numbers[0], cut.len() as f64);
    assert!((numbers[1] - cut.mean[0]).abs() < 1e-6 && (numbers[2] - cut.error[0]).abs() < 1e-6);
    assert!(numbers[3] > 500.0);
}
