"""Reading times of fabio and h5py for the files that `benches/formats.rs` reads.

    python compare_fabio.py FOLDER [CBF...]

Makes FOLDER/eiger.h5 (two Eiger 4M frames, uint32, bitshuffle LZ4) for the bench
(GISAXS_EIGER_FILE), and times reading it and the CBF files, one thread, best of many.
Needs fabio, h5py and hdf5plugin.
"""

import sys
import time
from pathlib import Path

import fabio
import h5py
import hdf5plugin
import numpy as np

SHAPE = (2167, 2070)


def pattern(seed):
    """Counts like a GISAXS pattern, gaps at the end of the range."""
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[: SHAPE[0], : SHAPE[1]]
    r = np.hypot(row - 0.78 * SHAPE[0], col - 0.53 * SHAPE[1])
    counts = rng.poisson(2e3 / (1 + (r / 60) ** 3)).astype(np.uint32)
    for start in (514, 1065, 1616):
        counts[start : start + 37] = 2**32 - 1
    counts[:, 1030:1040] = 2**32 - 1
    return counts


def best(function, repeats=15):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


folder = Path(sys.argv[1])
eiger = folder / "eiger.h5"
if not eiger.exists():
    with h5py.File(eiger, "w") as f:
        f.create_dataset(
            "entry/data/data",
            data=np.stack([pattern(1), pattern(2)]),
            chunks=(1, *SHAPE),
            **hdf5plugin.Bitshuffle(cname="lz4"),
        )
with h5py.File(eiger) as f:
    data = f["entry/data/data"]
    print(f"h5py, Eiger 4M bitshuffle LZ4: {best(lambda: data[0]):.1f} ms")
for name in sys.argv[2:]:
    print(f"fabio, {Path(name).name}: {best(lambda: fabio.open(name).data):.1f} ms")
