"""Scattering vectors and corrections of pyFAI, stored and compared.

    python compare_pyfai.py --write ../tests/golden/pyfai_geometry.toml
    python compare_pyfai.py --example PATH/TO/examples/q_map [--cases 20]

The first call makes the table that `tests/pyfai.rs` checks. The second draws random
geometries, has the example `q_map` (cargo build --release --example q_map) map the whole
detector from the same .poni file, compares every pixel, and times both. Needs pyFAI and
numpy; one thread. Angles in rad, q in nm^-1.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Before numexpr is imported: the comparison is one thread against one.
os.environ.setdefault("NUMEXPR_MAX_THREADS", "1")
os.environ.setdefault("NUMEXPR_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyFAI
import pyFAI.detectors
from pyFAI.integrator.fiber import FiberIntegrator
from pyFAI.units import get_unit_fiber

# Detector, orientation, dist (m), poni1, poni2 (m), rot1, rot2, rot3 (rad),
# wavelength (m), incident angle, tilt angle (rad), sample orientation.
CASES = [
    ("Pilatus300k", 3, 3.0, 0.02, 0.04, 0, 0, 0, 9.762e-11, 0.4, 0, 1),
    ("Pilatus300k", 3, 3.0, 0.02, 0.04, 0, 0, 0, 9.762e-11, 0.4, 0, 4),
    ("Pilatus300k", 2, 3.0, 0.02, 0.04, 0, 0, 0, 9.762e-11, 0.4, 0, 2),
    ("Pilatus2M", 2, 2.565, 0.0633, 0.13622, 0, 0, 0, 1.05e-10, 0.39, 0, 1),
    ("Pilatus2M", 2, 2.565, 0.0633, 0.13622, 0.003, -0.004, 0.01, 1.05e-10, 0.39, 0, 1),
    ("Pilatus1M", 1, 0.21, 0.005, 0.09, 0.1, 0.2, 0.3, 1.24e-10, 0.12, 0.02, 1),
    ("Pilatus1M", 4, 0.21, 0.005, 0.09, -0.3, 0.25, -1.2, 1.24e-10, 2.5, -0.3, 3),
    ("Eiger4M", 3, 0.15, 0.08, 0.07, 0.4, -0.35, 1.5, 7.3e-11, 0.2, 0, 5),
    ("Eiger4M", 2, 5.0, 0.08, 0.07, 0, 0, 0, 1.54e-10, 0.2, 0, 6),
    ("Eiger2_1M", 1, 0.3, -0.05, 0.2, 0.6, 0.1, 3.0, 9e-11, 0.15, 0.1, 7),
    ("Eiger2_1M", 4, 0.3, -0.05, 0.2, -0.6, -0.1, -3.0, 9e-11, 0.15, 0.1, 8),
    ("Eiger500k", 2, 0.2, 0.01, 0.04, 0.05, 0, 0, 1.03e-10, 0.5, 0, 1),
    ("generic", 3, 0.4, 0.03, 0.02, 0.2, 0.1, 0.05, 1.2e-10, 1.0, 0.5, 2),
]
FRACTIONS = [(0, 0), (1, 1), (0, 1), (0.5, 0.5), (0.87, 0.31)]
POLARIZATION = (0.95, 0.1)
TRANSMISSION = 0.6


def integrator(case):
    name, orientation, dist, poni1, poni2, rot1, rot2, rot3, wavelength, *_ = case
    if name == "generic":
        detector = pyFAI.detectors.Detector(2e-4, 1e-4, max_shape=(301, 211), orientation=orientation)
    else:
        detector = pyFAI.detectors.detector_factory(name, {"orientation": orientation})
    return FiberIntegrator(
        dist=dist, poni1=poni1, poni2=poni2, rot1=rot1, rot2=rot2, rot3=rot3,
        wavelength=wavelength, detector=detector,
    )


def unit(name, incident_deg, tilt, sample):
    return get_unit_fiber(
        name, incident_angle=np.radians(incident_deg), tilt_angle=tilt, sample_orientation=sample
    )


def write(path):
    lines = [
        f"# independent: pyFAI {pyFAI.version}, FiberIntegrator, made by",
        "# scripts/compare_pyfai.py --write; do not edit.",
        "# q_beam, q_horz, q_oop, q_ip, q in nm^-1; two_theta, chi in rad; solid angle in sr;",
        f"# polarization: factor {POLARIZATION[0]}, axis_offset {POLARIZATION[1]} rad;",
        f"# sensor: calc_transmission({TRANSMISSION}).",
        "",
        f"polarization = [{POLARIZATION[0]}, {POLARIZATION[1]}]",
        f"normal_transmission = {TRANSMISSION}",
    ]
    for case in CASES:
        name, orientation, *_ = case
        incident, tilt, sample = case[9:]
        fi = integrator(case)
        rows, cols = fi.detector.shape
        d1 = np.array([round(f * (rows - 1)) for f, _ in FRACTIONS], dtype=float)
        d2 = np.array([round(f * (cols - 1)) for _, f in FRACTIONS], dtype=float)
        z, y, x = fi.calc_pos_zyx(d1=d1, d2=d2)
        values = {}
        components = [
            ("q_beam", "qzgi"), ("q_horz", "qxgi"), ("q_oop", "qoop"), ("q_ip", "qip"),
        ]
        for key, what in components:
            u = unit(what + "_nm^-1", incident, tilt, sample)
            values[key] = u.equation(x, y, z, fi.wavelength) * u.scale
        for key, what in [("q", "q_nm^-1"), ("two_theta", "2th_rad"), ("chi", "chi_rad")]:
            u = pyFAI.units.to_unit(what)
            values[key] = u.equation(x, y, z, fi.wavelength) * u.scale
        at = (d1.astype(int), d2.astype(int))
        values["solid_angle"] = fi.solidAngleArray(absolute=True)[at]
        values["polarization"] = fi.polarization(factor=POLARIZATION[0], axis_offset=POLARIZATION[1])[at]
        values["sensor"] = fi.calc_transmission(TRANSMISSION)[at]
        poni = Path(tempfile.mkdtemp()) / "a.poni"
        fi.save(str(poni))
        text = [line for line in poni.read_text().splitlines() if not line.startswith("#")]
        lines += ["", "[[case]]", f'name = "{name}, orientation {orientation}, sample {sample}"']
        lines += ["poni = '''", *text, "'''"]
        lines += [f"incident_deg = {incident}", f"tilt_rad = {tilt}", f"sample_orientation = {sample}"]
        lines += [f"rows = {d1.astype(int).tolist()}", f"columns = {d2.astype(int).tolist()}"]
        for key, v in values.items():
            lines.append(f"{key} = [{', '.join(repr(float(a)) for a in np.ravel(v))}]")
    Path(path).write_text("\n".join(lines) + "\n")
    print(f"{len(CASES)} cases written to {path}")


def best(function, repeats=5):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def compare(example, number):
    rng = np.random.default_rng(1)
    names = ["Pilatus300k", "Pilatus1M", "Pilatus2M", "Eiger1M", "Eiger2_1M", "Eiger500k", "generic"]
    worst = 0.0
    for i in range(number):
        case = (
            rng.choice(names), int(rng.integers(1, 5)), rng.uniform(0.1, 5), *rng.uniform(-0.1, 0.3, 2),
            *rng.uniform(-0.6, 0.6, 2), rng.uniform(-3, 3), rng.uniform(0.5e-10, 2e-10),
            rng.uniform(0.05, 5), rng.uniform(-0.5, 0.5), int(rng.integers(1, 9)),
        )
        fi = integrator(case)
        with tempfile.TemporaryDirectory() as folder:
            poni = Path(folder) / "a.poni"
            fi.save(str(poni))
            subprocess.run(
                [example, "--poni", poni, "--incidence-deg", repr(float(case[9])),
                 "--sample-tilt-rad", repr(float(case[10])), "--sample-orientation", str(case[11]),
                 "--out", folder],
                check=True, stdout=subprocess.DEVNULL,
            )
            for ours, theirs in [("q_xy", "qip_nm^-1"), ("q_z", "qoop_nm^-1")]:
                a = np.load(Path(folder) / f"{ours}.npy")
                b = fi.center_array(unit=unit(theirs, *case[9:]))
                worst = max(worst, float(np.abs(a - b).max()))
    print(f"{number} geometries, largest difference {worst:.1e} nm^-1")

    case = CASES[3]
    fi = integrator(case)
    units = [unit(name, *case[9:]) for name in ("qip_nm^-1", "qoop_nm^-1")]

    def both():
        fi.reset()
        return [fi.center_array(unit=u) for u in units]

    print(f"pyFAI {pyFAI.version}, q_ip and q_oop of a Pilatus 2M, one thread: {best(both):.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        poni = Path(folder) / "a.poni"
        fi.save(str(poni))
        subprocess.run([example, "--poni", poni, "--incidence-deg", "0.39", "--time"], check=True)
    if worst > 1e-7:
        sys.exit("larger than 1e-7 nm^-1")


parser = argparse.ArgumentParser()
parser.add_argument("--write")
parser.add_argument("--example")
parser.add_argument("--cases", type=int, default=20)
arguments = parser.parse_args()
if arguments.write:
    write(arguments.write)
if arguments.example:
    compare(arguments.example, arguments.cases)
