#!/usr/bin/env python3
"""Level-2 files from the expected_*.h5 of the golden set and the Level-1 files that they belong to.

    make_level2_from_golden.py GOLDEN LEVEL1_DIR OUT_DIR [--dataset NAME] [--scan-samples N] [--file-weights]

NAME is the expected dataset that becomes level2/binned_data: binned_data (default), maximum_posterior/unfiltered, or
one of binned_filtered_data/*, e.g. binned_filtered_data/maximum_posterior; level2/binned_filtered_data, without which
no catalogue takes a file for a finished one, is the same. N keeps only the first N samples of every scan (the golden
map uses 3500). Prints the files.

The map maker measures the noise of each scan. With --file-weights it finds one number for all scans of a feed and file,
as the golden map does: the median over scans of noise_stats/common_mode/auto_rms. For that the scans are followed by
samples off the map that have this noise.
"""

import argparse
import glob
import os
import sys

import h5py
import numpy as np

N_FEEDS = 19
# More than the samples of a scan, so that they decide about the median; in the time until the next scan, off any map.
PADDING_SAMPLES = 4000
PADDING_INTERVAL_DAYS = 1e-3 / 86400
PADDING_ELEVATION_DEG = 5.0


def rows_of_feeds(values, feeds):
    """[feed in file] to [19], NaN for absent feeds."""
    full = np.full((N_FEEDS,) + values.shape[1:], np.nan, values.dtype)
    for row, feed in enumerate(feeds):
        full[feed - 1] = values[row]
    return full


def scans_of(expected, scan_samples):
    edges = expected["maximum_posterior/scan_edges"][...].astype(np.int64)
    if scan_samples:
        edges[:, 1] = np.minimum(edges[:, 1], edges[:, 0] + scan_samples)
    return edges


def stretched(edges, n_samples):
    """For every sample of the file with padding the sample that it repeats, which are padding, and the new scans."""
    source, scans, last = [], [], 0
    for start, end in edges:
        source += [np.arange(last, end), np.full(PADDING_SAMPLES, end - 1)]
        last = end
        new_end = sum(map(len, source))
        scans.append((new_end - PADDING_SAMPLES - (end - start), new_end))
    source = np.concatenate(source + [np.arange(last, n_samples)])
    padding = np.zeros(source.size, bool)
    for _, end in scans:
        padding[end - PADDING_SAMPLES:end] = True
    return source, padding, np.array(scans, np.int64)


def pad(samples, padding, scans, sigma_K):
    """Fills the padding with pairs (+d, -d), (-d, +d), (0, 0), so that 1.4826 MAD / sqrt(2) of the differences within
    pairs, which the map maker takes for the noise of a scan, is sigma. The zeros hold the median of the differences."""
    signs = np.resize([1.0, -1.0, -1.0, 1.0], PADDING_SAMPLES)
    signs[:PADDING_SAMPLES // 10] = 0.0
    level = sigma_K * np.sqrt(2) / 1.4826 / 2
    samples[..., padding] = 0
    for start, end in scans:
        first = end - PADDING_SAMPLES
        centre = np.median(np.nan_to_num(samples[..., start:first]), axis=-1, keepdims=True)
        samples[..., first:end] = centre + level[..., None] * signs


def padded(data, edges, sigma_K):
    source, padding, scans = stretched(edges, data["MJD"].size)
    result = {name: values[..., source] for name, values in data.items()}
    pad(result["samples"], padding, scans, sigma_K)
    result["pixel_pointing/pixel_el"][:, padding] = PADDING_ELEVATION_DEG
    copies = np.concatenate([np.arange(1, PADDING_SAMPLES + 1)] * len(scans))
    result["MJD"][padding] += copies * PADDING_INTERVAL_DAYS
    return result, scans


def convert(expected_path, level1_path, out_path, arguments):
    with h5py.File(expected_path) as expected, h5py.File(level1_path) as level1, h5py.File(out_path, "w") as out:
        feeds = expected["feeds"][...]
        edges = scans_of(expected, arguments.scan_samples)
        noise = {name: expected["noise_stats/common_mode/" + name][...] for name in ("auto_rms", "sigma_red")}
        names = ("MJD", "pixel_pointing/pixel_az", "pixel_pointing/pixel_el")
        data = {name: level1["spectrometer/" + name][...] for name in names}
        data["samples"] = expected[arguments.dataset][...]
        if arguments.file_weights:
            data, edges = padded(data, edges, np.median(noise["auto_rms"], axis=-1))
        out.create_group("comap").attrs.update(level1["comap"].attrs)
        out["spectrometer/feeds"] = level1["spectrometer/feeds"][...]
        for name in names:
            out["spectrometer/" + name] = data[name]
        out["level2/scan_edges"] = edges
        samples = rows_of_feeds(data["samples"], feeds)
        for name in ("binned_data", "binned_filtered_data"):
            out.create_dataset("level2/" + name, data=samples, chunks=(1, 1, 1, samples.shape[3]))
            for statistic, values in noise.items():
                out[f"level2_noise_stats/{name}/{statistic}"] = rows_of_feeds(values, feeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golden")
    parser.add_argument("level1_dir")
    parser.add_argument("out_dir")
    parser.add_argument("--dataset", default="binned_data")
    parser.add_argument("--scan-samples", type=int, default=0)
    parser.add_argument("--file-weights", action="store_true")
    arguments = parser.parse_args()
    os.makedirs(arguments.out_dir, exist_ok=True)
    for expected in sorted(glob.glob(os.path.join(arguments.golden, "level2", "expected_*.h5"))):
        obsid = int(os.path.basename(expected)[len("expected_"):-len(".h5")])
        found = glob.glob(os.path.join(arguments.level1_dir, f"comap-{obsid:07d}-*.hd5"))
        if not found:
            continue
        out = os.path.join(arguments.out_dir, "Level2_" + os.path.basename(found[0]))
        convert(expected, found[0], out, arguments)
        print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
