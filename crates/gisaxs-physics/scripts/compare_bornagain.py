#!/usr/bin/env python3
"""Time BornAgain and gisaxs-physics on the same images, in turn, and print the ratios.

    pip install bornagain numpy
    python compare_bornagain.py path/to/bornagain_bench.py [--threads 1] [--cases a1_sphere ...]
                                [--repeats 3] [--json FILE] [--markdown]

To be run in the repository. For every case BornAgain is timed first, then
`cargo xtask bench --filter physics/<case>`, so that both see the same machine. CPU time of the
process is compared, all threads together, because other programs may be running; wall clocks are
in the JSON. The cases and the detector directions are the same on both sides.
"""
import argparse
import importlib.util
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

# Required speed-ups by family.
WANTED = {"a": 50, "b": 50, "c": 80, "d": 20, "e": 50, "f": 500}


def load(path):
    spec = importlib.util.spec_from_file_location("bornagain_bench", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ours(name, threads, xtask):
    """Row of `xtask bench`, or None where it has no such case."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.json"
        command = [*xtask, "bench", "--quiet", "--threads", str(threads),
                   "--filter", f"physics/{name}", "--json", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows = json.loads(out.read_text())
    return next((r for r in rows if r["name"] == f"physics/{name}"), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", help="bornagain_bench.py")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", nargs="+")
    parser.add_argument("--repeats", type=int, default=3, help="of BornAgain; f2 is run once")
    parser.add_argument("--xtask", nargs="+", default=["cargo", "xtask"], help="command of the repository")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()

    theirs = load(args.script)
    line = "| {:30s} | {:>12s} | {:>12s} | {:>7s} | {:>6s} |" if args.markdown else "{:32s}{:>12s}{:>12s}{:>9s}{:>8s}"
    print(line.format("case", "BornAgain ms", "gisaxs-rs ms", "ratio", "wanted"))
    if args.markdown:
        print("|---|---|---|---|---|")
    rows = []
    for name, (_, factory, _) in theirs.CASES.items():
        if args.cases and name not in args.cases:
            continue
        repeats = 1 if name.startswith("f2") else args.repeats
        walls, cpus, _ = theirs.run_case(factory, 256, args.threads, repeats, False)
        row = ours(name, args.threads, args.xtask)
        theirs_s = statistics.median(cpus)
        # The mean over many runs; where the system does not tell, the fastest.
        ours_s = (row["cpu_s"] or row["min_s"]) if row else None
        ratio = theirs_s / ours_s if row else None
        rows.append({"case": name, "threads": args.threads, "bornagain_cpu_s": cpus, "bornagain_wall_s": walls,
                     "gisaxs_cpu_s": ours_s, "gisaxs_min_wall_s": row["min_s"] if row else None,
                     "ratio": ratio, "wanted": WANTED[name[0]]})
        print(line.format(name, f"{1e3 * theirs_s:.0f}", f"{1e3 * ours_s:.2f}" if row else "-",
                          f"{ratio:.0f}" if row else "-", str(WANTED[name[0]])), flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
