"""Makes the small HDF5 files beside this script, as Eiger, Lambda and h5py write them.

    python make.py        (needs h5py and hdf5plugin; the numbers are a formula, see counts())

The Rust tests know the same formula, so that they need no Python.
"""

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

HERE = Path(__file__).parent
ROWS, COLS = 20, 30


def counts(frame, rows=ROWS, cols=COLS):
    """Counts of a frame: 0 to 96, different in every frame."""
    row, col = np.mgrid[:rows, :cols]
    return ((7 * row + 3 * col + 11 * frame) % 97).astype(np.uint32)


def eiger():
    frames = np.stack([counts(k) for k in range(5)])
    frames[:, 3, :] = 2**32 - 1  # a gap, flagged by the mask
    frames[:, 8, 9] = 2**32 - 1  # saturated, not flagged
    parts = [frames[:3], frames[3:]]
    filters = [hdf5plugin.Bitshuffle(cname="lz4"), hdf5plugin.LZ4()]
    for k, (part, how) in enumerate(zip(parts, filters), 1):
        with h5py.File(HERE / f"eiger_data_{k:06}.h5", "w", libver="earliest") as f:
            f.create_dataset(
                "entry/data/data", data=part, chunks=(1, ROWS, COLS), maxshape=(None, ROWS, COLS), **how
            )
    with h5py.File(HERE / "eiger_master.h5", "w", libver="earliest") as f:
        f["entry/definition"] = "NXmx"
        f["entry"].attrs["NX_class"] = "NXentry"
        f.create_group("entry/instrument").attrs["NX_class"] = "NXinstrument"
        d = f.create_group("entry/instrument/detector")
        d.attrs["NX_class"] = "NXdetector"
        d["description"] = "Dectris Eiger 1M"
        for name, value, unit in [
            ("x_pixel_size", 75e-6, "m"),
            ("y_pixel_size", 75e-6, "m"),
            ("count_time", 0.5, "s"),
            ("detector_distance", 2.5, "m"),
            ("beam_center_x", 14.5, "pixel"),
            ("beam_center_y", 10.25, "pixel"),
        ]:
            d[name] = np.float32(value) if unit == "m" else value
            d[name].attrs["units"] = unit
        d["bit_depth_image"] = np.uint32(32)
        s = d.create_group("detectorSpecific")
        s["countrate_correction_count_cutoff"] = np.uint32(1000000)
        s["nimages"] = np.uint32(6)  # one is missing
        s["ntrigger"] = np.uint32(1)
        mask = np.zeros((ROWS, COLS), np.uint32)
        mask[3, :] = 1
        mask[5, 6] = 2
        mask[7, 8] = 1 << 31
        s["pixel_mask"] = mask
        b = f.create_group("entry/instrument/beam")
        b["incident_wavelength"] = 1.05
        b["incident_wavelength"].attrs["units"] = "angstrom"
        g = f.create_group("entry/data")
        g.attrs["NX_class"] = "NXdata"
        for k in (1, 2):
            g[f"data_{k:06}"] = h5py.ExternalLink(f"eiger_data_{k:06}.h5", "/entry/data/data")


def lambda_modules():
    for module, (x, y) in enumerate([(0, 0), (33, 1)], 1):
        with h5py.File(HERE / f"lambda_m{module:02}.nxs", "w", libver="latest") as f:
            f.create_group("entry").attrs["NX_class"] = "NXentry"
            f.create_group("entry/instrument").attrs["NX_class"] = "NXinstrument"
            d = f.create_group("entry/instrument/detector")
            d.attrs["NX_class"] = "NXdetector"
            d["description"] = "Lambda"
            data = np.stack([counts(10 * module + k) for k in range(2)]).astype(np.int32)
            d.create_dataset("data", data=data, chunks=(1, ROWS, COLS), compression="gzip", compression_opts=2)
            flat = np.full((1, ROWS, COLS), 1.5, np.float32)
            flat[0, 2, 2] = 0
            d.create_dataset("flatfield", data=flat, chunks=(1, ROWS, COLS), compression="gzip")
            mask = np.zeros((1, ROWS, COLS), np.uint32)
            mask[0, 1, 1] = 4 | 1 << 31
            mask[0, 1, 2] = 1 << 31
            d.create_dataset("pixel_mask", data=mask, chunks=(1, ROWS, COLS), compression="gzip")
            for name, value, unit in [
                ("x_pixel_size", 55.0, "micrometer"),
                ("y_pixel_size", 55.0, "micrometer"),
                ("count_time", 998.0, "millisecond"),
                ("threshold_energy", 6000.0, "eV"),
            ]:
                d.create_dataset(name, data=[value])
                d[name].attrs["units"] = unit
            for name, value in [("flatfield_applied", 0), ("pixel_mask_applied", 0)]:
                d.create_dataset(name, data=np.array([value], np.int8))
            d.create_dataset("saturation_value", data=np.array([2**24 - 1], np.uint32))
            t = d.create_group("translation")
            t.create_dataset("distance", data=np.array([x, y, 0], np.float32))
            t["distance"].attrs["units"] = "pixel"


def stacks():
    frames = np.stack([counts(k) for k in range(3)])
    with h5py.File(HERE / "stack.h5", "w") as f:
        # Two frames per chunk, chunks that do not divide the frame, big-endian.
        f.create_dataset("scan/images", data=frames.astype(">u2"), chunks=(2, 7, 13), shuffle=True, compression="gzip")
        f["scan/mask"] = np.zeros((ROWS, COLS), np.uint8)
        f["scan/motor"] = np.arange(3.0)
    with h5py.File(HERE / "loop_a.h5", "w") as f:
        f["entry/data/data_000001"] = h5py.ExternalLink("loop_b.h5", "/entry/data/data_000001")
    with h5py.File(HERE / "loop_b.h5", "w") as f:
        f["entry/data/data_000001"] = h5py.ExternalLink("loop_a.h5", "/entry/data/data_000001")


def masks():
    """A bool mask (an enumeration in HDF5), bits with good and bad ones, and no mask."""
    row, col = np.mgrid[:ROWS, :COLS]
    with h5py.File(HERE / "masks.h5", "w") as f:
        f["entry/badmask"] = (row + 2 * col) % 7 == 0
        bits = np.where(row == 4, 0x80000001, 0) | np.where(col == 5, 0x80000000, 0)
        f["entry/mask_bits"] = bits.astype(np.uint32)
        f["entry/good"] = np.where(row + col > 9, 3, 1).astype(np.int16)


def unread():
    """What is not read: a virtual dataset, Zstandard, h5py's LZF."""
    with h5py.File(HERE / "virtual.h5", "w") as f:
        layout = h5py.VirtualLayout(shape=(3, ROWS, COLS), dtype=">u2")
        layout[:] = h5py.VirtualSource("stack.h5", "scan/images", shape=(3, ROWS, COLS))
        f.create_virtual_dataset("entry/data/data", layout)
    for name, how in [("zstd.h5", hdf5plugin.Zstd()), ("lzf.h5", {"compression": "lzf"})]:
        with h5py.File(HERE / name, "w") as f:
            f.create_dataset("entry/data/data", data=counts(0), chunks=(ROWS, COLS), **how)


if __name__ == "__main__":
    eiger()
    lambda_modules()
    stacks()
    masks()
    unread()
