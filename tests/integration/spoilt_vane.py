"""Observations whose vane calibration or scan flags were spoilt, against the same observations as they were simulated:
the gain is right to 2 % or the observation fails with the reason; the scans are those of the clean file; every mend is
said in the Level-2 file. One observation for each way of spoiling."""
import json
import sqlite3

import h5py
import numpy as np

from program import run, scratch_directory, write_config

SECOND = 1 / 86400.0
VANE, FRAME = "hk/antenna0/vane", "hk/array/frame"
FEATURES, TOD = "spectrometer/features", "spectrometer/tod"
N_FEEDS = 3
MAX_GAIN_ERROR = 0.02
CONFIG = """
[simulate]
n_observations = {n}
n_feeds = 3
n_channels = 16
n_scans = 2
scan_duration_s = 12.0
hour_angles_h = [0.2]
[level2]
pipeline = ["check_level1", "create_level2", "system_temperature", "find_scans", "finalize_metadata"]
[catalogue]
url = "sqlite:comap.db"
"""


def vane_run(h):
    """First and last sample of the first vane event."""
    is_vane = np.flatnonzero(h[FEATURES][...] == 1 << 13)
    return is_vane[0], is_vane[np.flatnonzero(np.diff(is_vane) > 1)[0]]


def scans(h):
    is_scan = np.concatenate([[False], h[FEATURES][...] == 1 << 9, [False]])
    return np.flatnonzero(np.diff(is_scan.astype(int))).reshape(-1, 2)


def keep_rows(h, keep):
    for group, columns in ((VANE, ("angle", "Tvane", "Tambient", "Tshroud", "utc")), (FRAME, ("features", "utc"))):
        for column in columns:
            values = h[f"{group}/{column}"][...][keep]
            del h[f"{group}/{column}"]
            h[f"{group}/{column}"] = values


def set_values(path, change):
    def edit(h):
        values = h[path][...]
        change(h, values)
        h[path][...] = values
    return edit


def hot_rows_missing(h):
    """The housekeeping stops when the vane is in the beam, and goes on when it is not."""
    angle = h[f"{VANE}/angle"][...]
    hot = np.flatnonzero(angle < angle.min() + 400)
    first_event = hot[hot < hot[0] + 200]
    keep = np.ones(len(angle), bool)
    keep[first_event[-1] - 10:first_event[-1] + 60] = False
    keep_rows(h, keep)


def clock(late_s, every=1):
    def edit(h):
        for group in (VANE, FRAME):
            h[f"{group}/utc"][...] += late_s * SECOND
        keep_rows(h, np.arange(len(h[f"{VANE}/utc"])) % every == 0)
    return edit


def unix_time(h):
    for group in (VANE, FRAME):
        h[f"{group}/utc"][...] = (h[f"{group}/utc"][...] - 40587.0) * 86400.0


def covered_partly(h):
    first, last = vane_run(h)
    event = h[TOD][1][..., first:last + 1]
    sky = event[..., -20:].mean(axis=-1, keepdims=True)
    h[TOD][1, :, :, first:last + 1] = 0.4 * event + 0.6 * sky


def stray_vane(h, features):
    start, end = scans(h)[1]
    middle = h["spectrometer/MJD"][(start + end) // 2]
    row = np.argmin(np.abs(h[f"{FRAME}/utc"][...] - middle))
    features[row:row + 3] = 1 << 13


def flags(h, features):
    """Two kinds, one that alternates from sample to sample, a rare one between the scans, and a flicker."""
    (first, first_end), (second, second_end) = scans(h)
    features[first:first_end:2] = 1 << 9 | 1 << 10
    features[second:second_end] = 1 << 10
    features[second - 41:second - 1] = 1 << 8
    features[first + 100:first + 110] = 0
    features[second + 50:second + 53] = 1 << 9 | 1 << 13


def no_vane_power(h):
    first, last = vane_run(h)
    for start in (first, len(h[FEATURES]) - 800):
        h[TOD][:, :, :, start:start + 800] = h[TOD][:, :, :, first:first + 1]


# name: (edit, kind of trouble that must be said, "kept" or words of the reason with which it fails)
CASES = {
    "rows missing": (hot_rows_missing, "housekeeping gap", "kept"),
    "clock 1 s late, rows every 0.5 s": (clock(1.0, 5), "housekeeping clock", "kept"),
    "clock 2 s early": (clock(-2.0), "housekeeping clock", "kept"),
    "clock 5 s late": (clock(5.0), None, "against the power"),
    "Unix times": (unix_time, None, "Unix seconds"),
    "covered partly": (covered_partly, "vane power", "kept"),
    "shroud -999": (set_values(f"{VANE}/Tshroud", lambda h, v: v.fill(-99900)), "vane temperature", "kept"),
    "one row": (set_values(f"{VANE}/Tshroud", lambda h, v: v.__setitem__(45, 2**31 - 1)), "vane temperature", "kept"),
    "stray vane flag": (set_values(f"{FRAME}/features", stray_vane), "scan flags", "kept"),
    "scan flags": (set_values(FEATURES, flags), "scan flags", "kept"),
    "no vane in the power": (no_vane_power, None, "no feed has a gain"),
}


def gain_of_first(gain):
    """[feed][band][channel] of the first event that a feed has."""
    chosen = np.full(gain.shape[1:], np.nan)
    for feed in range(N_FEEDS):
        usable = [event for event in range(len(gain)) if np.isfinite(gain[event, feed]).any()]
        chosen[feed] = gain[usable[0], feed]
    return chosen[:N_FEEDS]


def level2_files(directory):
    return {int(path.name.split("-")[1]): path for path in directory.rglob("Level2_*.hd5")}


def check_kept(name, spoilt, clean, kind):
    with h5py.File(spoilt) as made, h5py.File(clean) as right:
        expected = gain_of_first(right["level2/vane/gain"][...])
        ratio = gain_of_first(made["level2/vane/gain"][...]) / expected
        error = np.nanmax(np.abs(np.nanmedian(ratio, axis=-1) - 1))
        assert np.array_equal(np.isfinite(ratio), np.isfinite(expected)) and error < MAX_GAIN_ERROR, (name, error)
        assert np.nanmin(made["level2/vane/system_temperature"]) > 0, name
        assert np.array_equal(made["level2/scan_edges"], right["level2/scan_edges"]), \
            (name, made["level2/scan_edges"][...], right["level2/scan_edges"][...])
        assert right["comap_mpi"].attrs["troubles"] == "[]", right["comap_mpi"].attrs["troubles"]
        kinds = {trouble["kind"] for trouble in json.loads(made["comap_mpi"].attrs["troubles"])}
        assert kinds == ({kind} if kind else set()), (name, kinds)
        print(f"{name}: gain within {100 * error:.2f} %")


def main():
    scratch = scratch_directory()
    write_config(scratch / "comap.toml", CONFIG.format(n=len(CASES)))
    run("simulate", ranks=2, directory=scratch)
    run("catalogue", "scan", "--level1", "level1", directory=scratch)
    run("level2", "--set", "level2.output_dir=clean", directory=scratch)
    clean = level2_files(scratch / "clean")
    level1 = sorted(scratch.glob("level1/**/*.hd5"))
    for (edit, _, _), path in zip(CASES.values(), level1, strict=True):
        with h5py.File(path, "r+") as h:
            edit(h)
    run("level2", "--set", "level2.output_dir=spoilt", directory=scratch, expect=3)
    spoilt = level2_files(scratch / "spoilt")
    with sqlite3.connect(scratch / "comap.db") as connection:
        states = {obsid: (status, error) for obsid, status, error in connection.execute(
            "SELECT obsid, processing_status, processing_error FROM observation_summary")}
    for (name, (_, kind, outcome)), obsid in zip(CASES.items(), sorted(clean), strict=True):
        if outcome == "kept":
            check_kept(name, spoilt[obsid], clean[obsid], kind)
        else:
            status, error = states[obsid]
            assert status == "failed" and outcome in error and obsid not in spoilt, (name, status, error)
            print(f"{name}: {error[-150:]}")


main()
