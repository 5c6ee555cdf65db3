"""Reading times beside fabio and h5py: the same files, in turn, one thread, best of many.

    cargo build --release -p gisaxs-preproc --example read_speed
    python compare_fabio.py target/release/examples/read_speed [FILE.cbf...]

Makes a Pilatus 2M frame (CBF with MD5, as fabio writes it) and an Eiger 4M stack (uint32,
bitshuffle LZ4) in a temporary folder. Opening the file is part of every time; "data only" is
h5py with the file open already. Needs fabio, h5py and hdf5plugin.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fabio
import fabio.cbfimage
import h5py
import hdf5plugin
import numpy as np



def pattern(shape, gap_rows, gap_cols, gap, seed=1):
    """Counts like a GISAXS pattern, `gap` between the modules."""
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[: shape[0], : shape[1]]
    r = np.hypot(row - 0.78 * shape[0], col - 0.53 * shape[1])
    counts = rng.poisson(2e3 / (1 + (r / 60) ** 3)).astype(type(gap))
    for start, stop in gap_rows:
        counts[start:stop] = gap
    for start, stop in gap_cols:
        counts[:, start:stop] = gap
    return counts


def pilatus_2m(path):
    rows = [(195 + 212 * i, 212 + 212 * i) for i in range(7)]
    cols = [(487 + 494 * i, 494 + 494 * i) for i in range(2)]
    counts = pattern((1679, 1475), rows, cols, np.int32(-1))
    fabio.cbfimage.CbfImage(data=counts).write(str(path))


def eiger_4m(path):
    shape = (2167, 2070)
    rows = [(514 + 551 * i, 551 + 551 * i) for i in range(3)]
    counts = pattern(shape, rows, [(1030, 1040)], np.uint32(2**32 - 1))
    with h5py.File(path, "w") as f:
        f.create_dataset(
            "entry/data/data",
            data=counts[np.newaxis],
            chunks=(1, *shape),
            **hdf5plugin.Bitshuffle(cname="lz4"),
        )


def best(function, repeats=15):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def h5py_frame(path):
    with h5py.File(path) as f:
        return f["entry/data/data"][0]


def main():
    program, extra = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        pilatus, eiger = Path(folder) / "pilatus_2m.cbf", Path(folder) / "eiger_4m.h5"
        pilatus_2m(pilatus)
        eiger_4m(eiger)
        files = [pilatus, eiger, *map(Path, extra)]
        print(f"load {os.getloadavg()[0]:.1f}; ms per frame")
        for path in files:
            hdf5 = path.suffix == ".h5"
            name, read = ("h5py", h5py_frame) if hdf5 else ("fabio", lambda p: fabio.open(p).data)
            ours = theirs = float("inf")
            for _ in range(3):
                out = subprocess.run([program, path], check=True, capture_output=True, text=True)
                ours = min(ours, float(out.stdout))
                theirs = min(theirs, best(lambda: read(str(path))))
            print(f"{path.name}: this crate {ours:.2f}, {name} {theirs:.2f}", end="")
            if hdf5:
                with h5py.File(path) as f:
                    data = f["entry/data/data"]
                    print(f", data only {best(lambda: data[0]):.2f}", end="")
            print()


if __name__ == "__main__":
    main()
