"""Reduction side by side with pyFAI, without pixel splitting.

    compare_reduction.py golden              writes tests/data/pyfai_histogram.json (stored numbers)
    compare_reduction.py map MAP.h5 FRAME    regrids FRAME with pyFAI on the axes of MAP.h5, a q map
                                             written as NXcanSAS, compares and times

Needs pyFAI (2026.9.0 was used), h5py and fabio.
"""

import json
import pathlib
import sys
import time

import numpy as np
import pyFAI
from pyFAI.detectors import Detector
from pyFAI.integrator.azimuthal import AzimuthalIntegrator
from pyFAI.integrator.fiber import FiberIntegrator

# Histogram without splitting: each pixel goes to the bin of its centre.
METHOD = ("no", "histogram", "cython")


def integrators(shape, pixel_m, distance_m, beam_px, wavelength_m):
    """Row 0 on top is pyFAI's orientation 2: axis 1 counts from the bottom."""
    detector = Detector(pixel_m[1], pixel_m[0], max_shape=shape, orientation=2)
    poni1 = (shape[0] - 1 - beam_px[1] + 0.5) * pixel_m[1]
    poni2 = (beam_px[0] + 0.5) * pixel_m[0]
    settings = dict(dist=distance_m, poni1=poni1, poni2=poni2, wavelength=wavelength_m)
    return (FiberIntegrator(detector=detector, **settings),
            AzimuthalIntegrator(detector=detector, **settings))


def q_map(fiber, counts, mask, incidence_rad, ranges, bins):
    """Sums and numbers of pixels, shape (q_oop, q_ip)."""
    result = fiber.integrate2d_grazing_incidence(
        counts, npt_ip=bins[0], npt_oop=bins[1], ip_range=ranges[0], oop_range=ranges[1],
        unit_ip="qip_nm^-1", unit_oop="qoop_nm^-1", incident_angle=incidence_rad,
        tilt_angle=0.0, sample_orientation=1, angle_unit="rad", mask=mask,
        correctSolidAngle=False, method=METHOD)
    return result.sum_signal, result.count


def golden():
    shape, pixel_m, distance_m = (60, 50), (2e-3, 2e-3), 0.4
    beam_px, wavelength_m, incidence_deg = (25.3, 52.4), 1e-10, 0.4
    fiber, azimuthal = integrators(shape, pixel_m, distance_m, beam_px, wavelength_m)
    row, col = np.mgrid[:60, :50]
    # From 1 on: pyFAI's Poisson variance is max(counts, 1), here it is the counts.
    counts = (1 + (7 * row + 3 * col + row * col) % 50).astype(np.float32)
    mask = ((col >= 30) & (col < 34)).astype(np.int8)
    # Ranges hold all pixels: pyFAI's histogram puts what lies up to one bin below a range into
    # its first bin (positions are truncated towards zero).
    ranges, bins = ((-9.0, 9.0), (-3.0, 17.0)), (24, 20)
    signal, count = q_map(fiber, counts, mask, np.radians(incidence_deg), ranges, bins)
    radial = azimuthal.integrate1d(counts, 25, unit="q_nm^-1", radial_range=(0.0, 20.0), mask=mask,
                                   correctSolidAngle=False, error_model="poisson", method=METHOD)
    data = {
        "program": f"pyFAI {pyFAI.version}",
        "script": "scripts/compare_reduction.py golden",
        "units": "q in nm^-1; counts",
        "geometry": {"shape": shape, "pixel_mm": [2, 2], "distance_mm": 400,
                     "direct_beam_px": beam_px, "wavelength_nm": 0.1,
                     "incidence_deg": incidence_deg},
        "counts": "1 + (7 row + 3 column + row x column) mod 50, columns 30 to 33 masked",
        "map": {"qxy": [*ranges[0], bins[0]], "qz": [*ranges[1], bins[1]],
                "sum": [float(x) for x in signal.ravel()],
                "pixels": [int(x) for x in count.ravel()]},
        "radial": {"q": [0.0, 20.0, 25], "sum": [float(x) for x in radial.sum_signal],
                   "pixels": [int(x) for x in radial.count],
                   "error": [float(x) for x in radial.sigma]},
    }
    path = pathlib.Path(__file__).parent.parent / "tests/data/pyfai_histogram.json"
    path.write_text(json.dumps(data) + "\n")
    print(path, count.sum(), "pixels on the map")


def compare_map(map_file, frame_file):
    import fabio
    import h5py

    with h5py.File(map_file) as file:
        entry = file["sasentry01"]
        detector = entry["sasinstrument01/sasdetector01"]
        pixel_m = [detector[f"{axis}_pixel_size"][()] * 1e-3 for axis in "xy"]
        beam_px = [detector[f"beam_center_{axis}"][()] * 1e-3 / p - 0.5
                   for axis, p in zip("xy", pixel_m)]
        distance_m = detector["SDD"][()] * 1e-3
        wavelength_m = entry["sasinstrument01/sassource01/incident_wavelength"][()] * 1e-9
        incidence = np.radians(entry["incidence_angle"][()])
        data = entry["sasdata01"]
        ours, pixels = data["I"][()], data["pixels"][()]
        edges = []
        for name in ("qxy", "qz"):
            centres = data[name][()]
            half = (centres[1] - centres[0]) / 2
            edges.append((centres[0] - half, centres[-1] + half))
    counts = fabio.open(frame_file).data.astype(np.float32)
    # What our mask leaves out is not in the file: compare where the numbers of pixels agree.
    mask = (counts < 0).astype(np.int8)
    fiber, _ = integrators(counts.shape, pixel_m, distance_m, beam_px, wavelength_m)
    bins = ours.shape[::-1]
    times = []
    for _ in range(5):
        start = time.process_time()
        signal, count = q_map(fiber, counts, mask, incidence, edges, bins)
        times.append(time.process_time() - start)
    same = (count == pixels) & (pixels > 0)
    theirs = signal[same] / count[same]
    worst = np.abs(ours[same] - theirs) / np.maximum(theirs, 1)
    print(f"pyFAI {pyFAI.version}: first {times[0] * 1e3:.0f} ms, "
          f"then at least {min(times[1:]) * 1e3:.0f} ms of CPU time")
    print(f"{bins[0]} x {bins[1]} cells, {(pixels > 0).sum()} filled here, {(count > 0).sum()} there")
    print(f"{pixels.sum()} pixels here, {int(count.sum())} there; "
          f"number differs in {(count != pixels).sum()} cells")
    print(f"where it agrees: {(worst > 1e-4).sum()} of {same.sum()} means differ by more than 1e-4")


if __name__ == "__main__":
    if sys.argv[1:] == ["golden"]:
        golden()
    elif len(sys.argv) == 4 and sys.argv[1] == "map":
        compare_map(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
