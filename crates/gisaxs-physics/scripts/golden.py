#!/usr/bin/env python3
"""Pick a few dozen reference numbers into tests/golden/*.toml.

    python scripts/golden.py REFERENCE_FOLDER tests/golden

The folder holds numbers computed with BornAgain (its README.md describes them). The tables are
`independent`: they come from another program and are never regenerated from this crate.
"""
import datetime
import json
import os
import sys

import numpy as np

source, target = sys.argv[1:]


def load(name):
    with open(os.path.join(source, name)) as file:
        return json.load(file)


PROGRAM = load("manifest.json")["generator"]


def write(topic, section, units, lines):
    head = [
        f'program = "{PROGRAM}"',
        'kind = "independent"',
        f'section = "{section}"',
        f'units = "{units}"',
        f'date = "{datetime.date.today()}"',
        'digits = 17',
    ]
    with open(os.path.join(target, topic + ".toml"), "w") as file:
        file.write("\n".join(head + lines) + "\n")


def numbers(values):
    return "[" + ", ".join(repr(float(v)) for v in values) + "]"


def form_factors():
    array = np.load(os.path.join(source, "formfactors.npy"))
    lines, seen = [], {}
    for case in load("formfactors.json"):
        seen[case["name"]] = seen.get(case["name"], 0) + 1
        if seen[case["name"]] > 1:
            continue
        lines += ["", "[[case]]", f'shape = "{case["name"]}"']
        lines.append("parameters = { " + ", ".join(f"{k} = {float(v)!r}" for k, v in case["params"].items()) + " }")
        lines.append(f'volume = {case["volume_nm3"]!r}')
        rows = array[case["start"]:case["start"] + case["count"]]
        # Near zero, an axis, a generic real q, complex q_z, fully complex q.
        chosen = [rows[i] for i in (2, 8, len(rows) // 2, -5, -1)]
        lines.append("# [Re qx, Im qx, Re qy, Im qy, Re qz, Im qz, Re F, Im F]")
        lines.append("rows = [")
        lines += ["  " + numbers(row) + "," for row in chosen]
        lines.append("]")
    write("form_factors", "2", "nm^-1, nm^3", lines)


def structure_factors():
    array = np.load(os.path.join(source, "structure_factors.npy"))
    lines = []
    for case in load("structure_factors.json"):
        if case["type"] != "RadialParacrystal":
            continue
        pdf = case["pdf"]
        lines += ["", "[[case]]", f'profile = "{pdf["type"]}"', f'omega = {pdf["omega_nm"]!r}',
                  f'eta = {float(pdf.get("eta", 0.0))!r}', f'distance = {case["distance_nm"]!r}',
                  f'damping = {case["damping_length_nm"]!r}', f'density = {case["particle_density_per_nm2"]!r}']
        rows = array[case["start"]:case["start"] + case["count"]]
        lines.append("# [q_x, q_y, S]")
        lines.append("rows = [")
        lines += ["  " + numbers(row) + "," for row in rows[5::60]]
        lines.append("]")
    write("structure_factors", "3", "nm, nm^-1", lines)


def specular():
    lines = []
    for case in load("specular.json")["curves"]:
        lines += ["", "[[case]]", f'name = "{case["name"]}"', f'wavelength = {case["wavelength_nm"]!r}']
        lines.append("# [delta, beta, thickness, sigma, hurst, correlation length, largest frequency, tanh (1) or erf (0)]")
        lines.append("layers = [")
        for layer in case["layers"]:
            rough = layer.get("top_roughness", {})
            lines.append("  " + numbers([
                layer["material"]["delta"], layer["material"]["beta"], layer.get("thickness_nm", 0.0),
                rough.get("sigma_nm", 0.0), rough.get("hurst", 0.5), rough.get("lateral_corr_length_nm", 1.0),
                rough.get("max_spatial_frequency_per_nm", 0.0), float(rough.get("transient") == "tanh")]) + ",")
        lines.append("]")
        lines.append("# [alpha_i, reflectivity]")
        lines.append("rows = [")
        lines += ["  " + numbers(pair) + "," for pair in
                  list(zip(case["alpha_i_rad"], case["reflectivity"]))[2::17]]
        lines.append("]")
    write("specular", "4", "nm, nm^-1, rad", lines)


IMAGES = ("sphere_on_si", "cylinder_on_si", "hemisphere_on_si", "core_shell_on_si", "buried_in_film",
          "radial_paracrystal", "polydisperse_da", "polydisperse_ssca", "yoneda")


def images():
    detectors = load("detectors.json")
    lines = []
    for case in load("images.json"):
        if case["name"] not in IMAGES:
            continue
        file = next(d["file"] for d in detectors.values() if all(d[k] == v for k, v in case["detector"].items()))
        phi, alpha, omega = np.load(os.path.join(source, file))
        image = np.load(os.path.join(source, case["file"]))
        lines += ["", "[[case]]", f'name = "{case["name"]}"']
        lines.append("# [phi_f, alpha_f, solid angle, counts]")
        lines.append("pixels = [")
        for i, j in ((3, 40), (9, 12), (17, 66), (33, 5), (52, 41), (75, 78)):
            lines.append("  " + numbers([phi[i, j], alpha[i, j], omega[i, j], image[i, j]]) + ",")
        lines.append("]")
    write("images", "5", "rad, sr, counts per pixel", lines)


form_factors()
structure_factors()
specular()
images()
