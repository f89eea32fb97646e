#!/usr/bin/python3
"""Level-2 files from the expected_*.h5 of the golden set and the Level-1 files that they belong to.

    make_level2_from_golden.py GOLDEN LEVEL1_DIR OUT_DIR [--dataset NAME] [--scan-samples N]

NAME is the expected dataset that becomes level2/binned_data: binned_data (default), maximum_posterior/unfiltered, or
one of binned_filtered_data/*, e.g. binned_filtered_data/maximum_posterior. N keeps only the first N samples of every
scan (the golden map uses 3500). Prints the files.
"""

import argparse
import glob
import os
import sys

import h5py
import numpy as np

N_FEEDS = 19


def rows_of_feeds(values, feeds):
    """[feed in file] to [19], NaN for absent feeds."""
    full = np.full((N_FEEDS,) + values.shape[1:], np.nan, values.dtype)
    for row, feed in enumerate(feeds):
        full[feed - 1] = values[row]
    return full


def convert(expected_path, level1_path, out_path, dataset, scan_samples):
    with h5py.File(expected_path) as expected, h5py.File(level1_path) as level1, h5py.File(out_path, "w") as out:
        feeds = expected["feeds"][...]
        edges = expected["maximum_posterior/scan_edges"][...].astype(np.int64)
        if scan_samples:
            edges[:, 1] = np.minimum(edges[:, 1], edges[:, 0] + scan_samples)
        out.create_group("comap").attrs.update(level1["comap"].attrs)
        for name in ("MJD", "feeds", "pixel_pointing/pixel_az", "pixel_pointing/pixel_el"):
            out["spectrometer/" + name] = level1["spectrometer/" + name][...]
        out["level2/scan_edges"] = edges
        samples = rows_of_feeds(expected[dataset][...], feeds)
        out.create_dataset("level2/binned_data", data=samples, chunks=(1, 1, 1, samples.shape[3]))
        for name in ("auto_rms", "sigma_red"):
            noise = expected["noise_stats/common_mode/" + name][...]
            out[f"level2_noise_stats/binned_data/{name}"] = rows_of_feeds(noise, feeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golden")
    parser.add_argument("level1_dir")
    parser.add_argument("out_dir")
    parser.add_argument("--dataset", default="binned_data")
    parser.add_argument("--scan-samples", type=int, default=0)
    arguments = parser.parse_args()
    os.makedirs(arguments.out_dir, exist_ok=True)
    for expected in sorted(glob.glob(os.path.join(arguments.golden, "level2", "expected_*.h5"))):
        obsid = int(os.path.basename(expected)[len("expected_"):-len(".h5")])
        found = glob.glob(os.path.join(arguments.level1_dir, f"comap-{obsid:07d}-*.hd5"))
        if not found:
            continue
        out = os.path.join(arguments.out_dir, "Level2_" + os.path.basename(found[0]))
        convert(expected, found[0], out, arguments.dataset, arguments.scan_samples)
        print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
