"""Frames per second from a folder, this crate and fabio, in turn and on the same files.

    cargo build --release -p gisaxs-preproc --example stream_speed
    python compare_streaming.py target/release/examples/stream_speed FRAME.cbf [FRAMES] [ROUNDS]

Links FRAME into a temporary folder FRAMES times, so that all is read from the cache. Wall
clock depends on what else the machine does; the processor time per frame does not, much.
Needs fabio.
"""

import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fabio


def read(path):
    return int(fabio.open(path).data[0, 0])


def processor_time():
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main():
    program, frame = sys.argv[1], Path(sys.argv[2]).resolve()
    frames = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    threads = os.cpu_count()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for k in range(frames):
            paths.append(str(Path(folder) / f"frame_{k:05}{frame.suffix}"))
            os.symlink(frame, paths[-1])

        def fabio_many():
            with multiprocessing.Pool(threads) as pool:
                pool.map(read, paths, chunksize=4)

        ways = {
            "this crate, 1 thread": lambda: subprocess.run(
                [program, folder, "1"], check=True, stdout=subprocess.DEVNULL
            ),
            f"this crate, {threads} threads": lambda: subprocess.run(
                [program, folder, str(threads)], check=True, stdout=subprocess.DEVNULL
            ),
            "fabio, 1 process": lambda: [read(path) for path in paths],
            f"fabio, {threads} processes": fabio_many,
        }
        best = {name: (float("inf"), float("inf")) for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                busy, start = processor_time(), time.perf_counter()
                way()
                wall, busy = time.perf_counter() - start, processor_time() - busy
                best[name] = (min(best[name][0], wall), min(best[name][1], busy))
    print(f"load {os.getloadavg()[0]:.1f}, {threads} processors, best of {rounds}")
    for name, (wall, busy) in best.items():
        print(f"{name}: {frames / wall:.1f} frames/s, {1e3 * busy / frames:.1f} ms processor time each")


if __name__ == "__main__":
    main()
