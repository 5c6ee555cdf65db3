"""Compares the detector table with pyFAI's, pixel by pixel, or prints the stored numbers.

    cargo run --release -p gisaxs-preproc --example detector_table > table.csv
    python compare_pyfai_detectors.py table.csv
    python compare_pyfai_detectors.py --rust > ../src/detector/pyfai.txt

Needs pyFAI (2026.9.0 for the stored numbers).
"""

import csv
import logging
import sys

logging.disable(logging.CRITICAL)
import numpy as np
import pyFAI
from pyFAI.detectors import Detector

SIZES = {
    "Pilatus": "100k 200k 300k 300k-W 900k 900k-W 1M 2M 6M",
    "Pilatus4": "260k 260k-W 1M 2M 4M",
    "Eiger": "500k 1M 4M 9M 16M",
    "Eiger2": "250k 500k 1M 1M-W 2M-W 4M 9M 16M",
    "Jungfrau": "500k 1M 4M",
    "Lambda": "60k 250k 750k 2M 7.5M 10M",
    "Rayonix": "133 SX165 SX200 SX30-HS SX85-HS LX170-HS LX255-HS MX170-HS MX225 MX225-HS "
    "MX300 MX300-HS MX325 MX340-HS",
}


def pyfai(name, cdte):
    """pyFAI's detector, or None where it has none."""
    family, size = name.split()
    if name == "Pilatus 900k-W" and not cdte:
        return None  # only with a CdTe sensor there
    size = size.replace("-W", "w").replace("-HS", "hs")
    if family in ("Pilatus4", "Eiger2"):
        tail = size if family == "Pilatus4" else size.replace("Mw", "M-W")
        tries = [f"{family}{'_CdTe' if cdte and family == 'Pilatus4' else ''}"
                 f"{'CdTe' if cdte and family == 'Eiger2' else ''}_{text}" for text in (tail, size)]
    elif cdte and family != "Pilatus":
        return None
    elif cdte:
        tries = [f"PilatusCdTe{size}", f"Pilatus CdTe {size}"]
    else:
        tries = [f"{family}{size}", f"{family}_{size}", f"{family.lower()}_{size.lower()}"]
    for text in tries + [t.lower() for t in tries]:
        try:
            detector = Detector.factory(text)
        except Exception:
            continue
        if family == "Rayonix":
            # Unbinned, as the table; the camera's default may be binned.
            detector.binning = (1, 1)
        return detector
    return None


def mask(detector):
    found = detector.calc_mask()
    return np.zeros(detector.shape, bool) if found is None else found.astype(bool)


def cdte_of(family):
    return family in ("Pilatus", "Pilatus4", "Eiger2")


if sys.argv[1] == "--rust":
    print(f"# name: rows columns pixel(um) masked pixels; pyFAI {pyFAI.version}")
    for family, sizes in SIZES.items():
        for size in sizes.split():
            for cdte in [False, True][: 1 + cdte_of(family)]:
                d = pyfai(f"{family} {size}", cdte)
                if d is None:
                    if f"{family} {size}" == "Pilatus 900k-W" and not cdte:
                        # The CdTe one without its seams.
                        d = pyfai("Pilatus 900k-W", True)
                        seams = 9 * 3 * 195
                        print(f"Pilatus 900k-W: {d.shape[0]} {d.shape[1]} "
                              f"{round(d.pixel1 * 1e6, 6)} {mask(d).sum() - seams}")
                    continue
                print(f"{family} {size}{' CdTe' if cdte else ''}: {d.shape[0]} {d.shape[1]} "
                      f"{round(d.pixel1 * 1e6, 6)} {mask(d).sum()}")
    sys.exit()

different = compared = 0
with open(sys.argv[1]) as f:
    for row in csv.DictReader(f, delimiter=";"):
        d = pyfai(row["name"], row["sensor"] == "CdTe")
        if d is None:
            print(f"{row['name']} {row['sensor']}: not in pyFAI")
            continue
        shape = (int(row["rows"]), int(row["columns"]))
        ours = np.zeros(shape, bool)
        for gap in row["gap rows"].split():
            a, b = map(int, gap.split("-"))
            ours[a : b + 1] = True
        for gap in row["gap columns"].split():
            a, b = map(int, gap.split("-"))
            ours[:, a : b + 1] = True
        if row["name"] in ("Rayonix 133", "Rayonix SX165"):
            y, x = (2 * np.arange(n) + 1 - n for n in shape)
            ours |= y[:, None] ** 2 + x**2 > min(shape) ** 2
        problems = []
        if tuple(d.shape) != shape:
            problems.append(f"shape {shape}, pyFAI {d.shape}")
        elif (ours != mask(d)).any():
            problems.append(f"{(ours != mask(d)).sum()} pixels masked otherwise")
        if abs(d.pixel1 * 1e3 / float(row["pixel_mm"]) - 1) > 1e-5:
            problems.append(f"pixel {row['pixel_mm']} mm, pyFAI {d.pixel1 * 1e3}")
        if not np.isclose(d.dummy or 0, -2) and row["name"].split()[0].startswith(("Pil", "Eig")):
            problems.append(f"dummy {d.dummy}")
        compared += 1
        different += bool(problems)
        if problems:
            print(f"{row['name']} {row['sensor']}: {'; '.join(problems)}")
print(f"{compared} detectors compared with pyFAI {pyFAI.version}, {different} differ")
sys.exit(different > 0)
