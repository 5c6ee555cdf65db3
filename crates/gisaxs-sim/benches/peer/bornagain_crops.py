#!/usr/bin/env python3
"""Crops of gisaxs-sim against BornAgain, sample by sample, in one sitting.

    cargo build --release -p xtask
    python3 bornagain_crops.py target/release/xtask          # --samples 8 --ours 512

Needs bornagain (written against 25.0.0), numpy, safetensors. The dataset `crops.toml` is built
with all artifacts by one thread, and the first samples of it are simulated by BornAgain: the radii
and weights of the labels, layers and geometry of the provenance. It gets every seventh column of
pixels (every 31st for segments, which take it minutes), and its time is scaled to all. A second build,
with the artifacts switched off as far as they go, shows that both compute the same: the ratio of
BornAgain, blurred like ours, to the counts over all pixels with many.

Both times are CPU time: on a shared machine the one to trust. Ours is that of the whole program,
with setups, artifacts, counting, hashing and writing; BornAgain's that of `simulate()` alone, with
one thread and without layer averaging, which our samples do not need.
"""
import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bornagain as ba
import numpy as np
from safetensors.numpy import load_file

HERE = Path(__file__).parent
# BornAgain integrates over segments numerically: minutes a crop. Its time is per pixel, so that every
# so many columns of them tell it.
STEP = {"cylinders": 7, "spheres": 7, "segments": 31}  # odd: the middle of a bin is that of a pixel
# No counting noise to speak of, nothing that is not particle scattering.
CLEAN = """
[artifacts]
peak_counts = 1e6
flat = 0.0
diffuse = 0.0
air = 0.0
rod = 0.0
response = 0.0
flight_tube = 0.0
hot_pixels = 0
saturation = 1e9
"""


def build(xtask, config, samples, folder):
    """CPU seconds of a build, and its shards."""
    def run(*args):
        subprocess.run([xtask, "--quiet", "--threads", "1", "dataset", *args], check=True)
    run("plan", "--config", str(config), "--samples", str(samples), "--seed", "1", "--probe", "0",
        "--out", str(folder))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run("run", str(folder))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def records(folder, count):
    """The first samples: their tensors and provenance."""
    found = []
    for path in sorted((folder / "shards").glob("*.safetensors")):
        t = load_file(path)
        text, start = t["provenance"].tobytes(), 0
        for i, end in enumerate(t["provenance_end"]):
            fields = {name: t[name][i] for name in t if not name.startswith("provenance")}
            found.append((fields, json.loads(text[start:end])))
            start = int(end)
            if len(found) == count:
                return found
    return found


def material(index):
    return ba.RefractiveMaterial("m", (.5, .5, .5), index["delta"], index["beta"])


def simulation(fields, provenance, step):
    """The sample in front of every `step`-th column of pixels."""
    setup = provenance["setup"]
    h = float(fields["label/height_over_radius"])
    mixture = ba.Mixture()
    for radius, weight in zip(fields["label/radii"], fields["label/radius_weights"]):
        r = float(radius)
        if weight <= 0:
            continue
        if fields["label/cylinder"]:
            shape = ba.Cylinder(r, h * r)
        elif h == 2.0:
            shape = ba.Sphere(r)
        else:
            shape = ba.SphericalSegment(r, 0.0, (2.0 - h) * r)
        particle = ba.Particle(material(setup["particle"]["index"]), shape)
        mixture.addParticle(particle, float(weight))
    distance = float(fields["label/distance"])
    structure = ba.RadialParacrystal(mixture, distance, 0.0)
    structure.setProbabilityDistribution(ba.Profile1DGauss(float(fields["label/disorder"]) * distance))
    kappa = float(fields["parameter/kappa"])
    structure.setKappa(0.0 if math.isnan(kappa) else kappa)
    sample = ba.Sample()
    for i, layer in enumerate(setup["layers"]):
        index = material(layer["index"])
        inside = 0 < i < len(setup["layers"]) - 1
        made = ba.Layer(index, layer["thickness_nm"]) if inside else ba.Layer(index)
        if i == 0:
            made.deposit2D(structure)
        sample.addLayer(made)
    rows, cols = fields["counts"].shape
    (column, row), pixel = setup["direct_beam_px"], setup["pixel_mm"][0]
    incidence = math.radians(setup["incidence_deg"])
    angle = lambda pixels: math.atan(pixels * pixel / setup["distance_mm"])
    n_cols = cols // step
    detector = ba.SphericalDetector(
        n_cols, angle(-0.5 - column), angle(n_cols * step - 0.5 - column),
        rows, angle(row - rows + 0.5) - incidence, angle(row + 0.5) - incidence)
    made = ba.ScatteringSimulation(ba.Beam(1.0, setup["wavelength_nm"], incidence), sample, detector)
    made.options().setNumberOfThreads(1)
    made.options().setUseAvgMaterials(False)
    return made


def compare(image, fields, sigma, step):
    """Relative differences over pixels of more than 1000 counts, both on one scale, and their number.

    Ours are blurred by the detector. BornAgain's are blurred here up the columns, where film fringes
    are sharp; across them, pixels are left out which another blur would change by 2 %.
    """
    counts = fields["counts"].astype(float)
    rows, cols = counts.shape
    # Rows of BornAgain ascend, ours descend.
    theirs = np.asarray(image).reshape(rows, cols // step)[::-1]
    x = np.arange(-8, 9)
    kernel = np.exp(-0.5 * (x / sigma) ** 2)
    padded = np.pad(theirs, ((8, 8), (0, 0)), mode="edge")
    theirs = sum(k * padded[8 + i:8 + i + rows] for i, k in zip(x, kernel / kernel.sum()))
    beside = np.pad(counts, ((0, 0), (1, 1)), mode="edge")
    across = (beside[:, :-2] + 2 * counts + beside[:, 2:]) / 4
    counts = np.where(np.abs(across - counts) < 0.02 * counts, counts, 0)
    ours = counts[:, step // 2:cols // step * step:step]
    ratio = ours[ours > 1000] / theirs[ours > 1000]
    ratio /= np.median(ratio)
    return np.quantile(np.abs(ratio - 1), [0.5, 0.95]), len(ratio)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("xtask")
    parser.add_argument("--samples", type=int, default=8, help="samples of BornAgain")
    parser.add_argument("--ours", type=int, default=512, help="samples of gisaxs-sim")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        clean = folder / "clean.toml"
        clean.write_text((HERE / "crops.toml").read_text() + CLEAN)
        build(args.xtask, clean, args.ours, folder / "clean")
        ours = build(args.xtask, HERE / "crops.toml", args.ours, folder / "full") / args.ours
        print(f"gisaxs-sim: {ours * 1e3:.1f} ms of one core per crop, {1 / ours:.0f} per second")
        # Spread over the setups: they differ.
        step = max(1, args.ours // args.samples)
        everything = records(folder / "clean", args.ours)
        times, worst = [], 0.0
        for fields, provenance in everything[::step][:args.samples]:
            h, cylinder = float(fields["label/height_over_radius"]), fields["label/cylinder"]
            shape = "cylinders" if cylinder else "spheres" if h == 2.0 else "segments"
            step = STEP[shape]
            made = simulation(fields, provenance, step)
            started = time.process_time()
            image = made.simulate().intensities()
            elapsed = time.process_time() - started
            pixels = 256 * (256 // step)
            times.append(elapsed * 256 ** 2 / pixels)
            sigma = provenance["artifacts"]["blur"]["sigma_px"]
            (median, most), pixels = compare(image, fields, sigma, step)
            worst = max(worst, median)
            ssca = "size-spacing" if not math.isnan(fields["parameter/kappa"]) else "decoupling"
            print(f"BornAgain: sample {int(fields['index']):4d} {times[-1]:8.2f} s a crop  {shape}, {ssca}, "
                  f"{len(provenance['setup']['layers'])} layers; difference median {median:.1e}, "
                  f"95 % {most:.1e} of {pixels} pixels", flush=True)
        theirs = sum(times) / len(times)
        print(f"BornAgain {ba.version_str}: {theirs:.2f} s of one core per crop; ratio {theirs / ours:.0f}")
    if worst > 0.02:
        sys.exit(f"the two do not compute the same: median difference {worst:.1e}")


if __name__ == "__main__":
    main()
