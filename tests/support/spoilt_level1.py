"""Level-1 files spoilt the way real ones are: what a telescope, its clocks and its archive do to them.

spoil(path, name) changes a copy of a clean file in place. SPOILT says for each name which of the files of a run are
changed (None = all) and what should come out of it.
"""
import dataclasses
from typing import Callable, Optional

import h5py
import numpy as np

SECOND_D = 1.0 / 86400.0
SAMPLE_RATE_HZ = 50
TOD = "spectrometer/tod"
MJD = "spectrometer/MJD"
FEATURES = "spectrometer/features"
FREQUENCY = "spectrometer/frequency"
POINTING = "spectrometer/pixel_pointing/pixel_"
VANE = "hk/antenna0/vane/"
FRAME = "hk/array/frame/"
SCAN, VANE_FEATURE = 1 << 9, 1 << 13


@dataclasses.dataclass
class Spoilt:
    apply: Callable
    wanted: str
    files: Optional[tuple] = None


def rewrite(file, name, values):
    """Replaces a dataset by one of another length or type, with its attributes."""
    attributes = dict(file[name].attrs)
    del file[name]
    file[name] = values
    file[name].attrs.update(attributes)


def scans(file):
    """Start and end of the scans of a clean file."""
    inside = np.concatenate([[False], file[FEATURES][...] == SCAN, [False]])
    return np.flatnonzero(np.diff(inside.astype(int))).reshape(-1, 2)


def middle_of_second_scan(file):
    return int(scans(file)[1].mean())


def keep_samples(file, keep):
    n = keep.size
    names = []
    file["spectrometer"].visititems(
        lambda name, item: names.append("spectrometer/" + name) if n in getattr(item, "shape", ()) else None)
    for name in names:
        rewrite(file, name, np.compress(keep, file[name][...], axis=file[name].shape.index(n)))


def hot_times(file):
    """First and last time at which the vane fills the beam for the first time."""
    angle = file[VANE + "angle"][...] / 100.0
    rows = np.flatnonzero(angle < angle.min() + 4.0)
    first_run = rows[:np.argmax(np.diff(rows) > 1) + 1] if (np.diff(rows) > 1).any() else rows
    utc = file[VANE + "utc"][...]
    return utc[first_run[0]], utc[first_run[-1]]


def lose_housekeeping(before_s, after_s):
    """No rows around the moment at which the vane leaves the beam."""
    def apply(file):
        end = hot_times(file)[1]
        for group, columns in ((VANE, ("angle", "Tvane", "Tambient", "Tshroud", "utc")), (FRAME, ("features", "utc"))):
            utc = file[group + "utc"][...]
            keep = (utc <= end - before_s * SECOND_D) | (utc >= end + after_s * SECOND_D)
            for column in columns:
                rewrite(file, group + column, file[group + column][...][keep])
    return apply


def housekeeping_times(change):
    def apply(file):
        for group in (VANE, FRAME):
            file[group + "utc"][...] = change(file[group + "utc"][...])
    return apply


def all_clocks(change):
    def apply(file):
        for name in (MJD, VANE + "utc", FRAME + "utc", "hk/antenna0/deTracker/utc", "hk/array/weather/utc"):
            if name in file:
                file[name][...] = change(file[name][...])
    return apply


def vane_covers(share):
    """In the first event the load covers that part of the beam of the first feed: the rest is sky."""
    def apply(file):
        start, end = hot_times(file)
        mjd = file[MJD][...]
        hot = np.flatnonzero((mjd >= start) & (mjd <= end))
        cold = np.flatnonzero((mjd > end + 2 * SECOND_D) & (mjd < end + 5 * SECOND_D))
        tod = file[TOD][0]
        sky = tod[..., cold].mean(axis=-1, keepdims=True)
        tod[..., hot] = share * tod[..., hot] + (1 - share) * sky
        file[TOD][0] = tod
    return apply


def column(name, change):
    def apply(file):
        file[name][...] = change(file[name][...])
    return apply


def one_row(value):
    def change(values):
        values[values.size // 2] = value
        return values
    return change


def stray_vane_flag(file):
    row = np.argmin(np.abs(file[FRAME + "utc"][...] - file[MJD][middle_of_second_scan(file)]))
    file[FRAME + "features"][row:row + 3] = VANE_FEATURE


def scan_features(of_scan, before_second=None):
    """of_scan(k): features of scan k. before_second: (length, features) of a stretch that ends shortly before scan 1."""
    def apply(file):
        features = file[FEATURES][...]
        ranges = scans(file)
        for k, (start, end) in enumerate(ranges):
            features[start:end] = of_scan(k)
        if before_second:
            length, value = before_second
            start = ranges[1][0]
            features[start - length - 1:start - 1] = value
        file[FEATURES][...] = features
    return apply


def pause_between_scans(file):
    """Only scans are recorded, and the clock of the samples says that each pause takes 59 s longer."""
    keep = np.ones(file[MJD].shape[0], bool)
    ranges = scans(file)
    for (_, end), (start, _) in zip(ranges, ranges[1:]):
        keep[end + 2:start - 2] = False
    keep_samples(file, keep)
    mjd = file[MJD][...]
    step = np.diff(mjd)
    mjd[1:] += np.cumsum(59 * SECOND_D * (step > 10 * np.median(step)))
    file[MJD][...] = mjd


def gap_in_scan(seconds):
    def apply(file):
        keep = np.ones(file[MJD].shape[0], bool)
        half = int(seconds * SAMPLE_RATE_HZ / 2)
        middle = middle_of_second_scan(file)
        keep[middle - half:middle + half] = False
        keep_samples(file, keep)
    return apply


def average_pairs(file):
    """As somebody else's program leaves a file: tsamp still says what it was."""
    n_pairs = file[MJD].shape[0] // 2
    tod = file[TOD][..., :2 * n_pairs]
    keep_samples(file, np.arange(file[MJD].shape[0]) % 2 == 0)
    file[TOD][..., :n_pairs] = (tod[..., 0::2] + tod[..., 1::2]) / 2


def wrong_stamps(file):
    """One repeated, one zero, two exchanged."""
    mjd = file[MJD][...]
    middle = middle_of_second_scan(file)
    mjd[middle] = mjd[middle - 1]
    mjd[middle + 50] = 0.0
    mjd[[middle + 100, middle + 101]] = mjd[[middle + 101, middle + 100]]
    file[MJD][...] = mjd


def reverse_channels(file):
    file[FREQUENCY][...] = file[FREQUENCY][...][:, ::-1]
    file[TOD][...] = file[TOD][...][:, :, ::-1]


def exchange_bands(file):
    for name, axis in ((FREQUENCY, 0), (TOD, 1), ("spectrometer/bands", 0)):
        file[name][...] = np.take(file[name][...], [1, 0, 2, 3], axis=axis)


def samples(value, n):
    """`n` samples of the first feed."""
    def apply(file):
        middle = middle_of_second_scan(file)
        file[TOD][0, :, :, middle:middle + n] = value
    return apply


def freeze(seconds):
    def apply(file):
        half = int(seconds * SAMPLE_RATE_HZ / 2)
        first = middle_of_second_scan(file) - half
        file[TOD][0, :, :, first:first + 2 * half] = file[TOD][0, :, :, first:first + 1]
    return apply


def double_spectra(file):
    tod = file[TOD][...]
    tod[..., 1::2] = tod[..., 0:2 * (tod.shape[-1] // 2):2]
    file[TOD][...] = tod


def quiet_scan(file):
    start, end = scans(file)[1]
    tod = file[TOD][0, :, :, start:end]
    mean = tod.mean(axis=-1, keepdims=True)
    file[TOD][0, :, :, start:end] = mean + 1e-3 * (tod - mean)


def pointing(names, value, n):
    """`n` samples of every feed; value None: the direction stands still."""
    def apply(file):
        start, end = scans(file)[1]
        first = start + 10 * ((end - start) // 20)
        for name in names:
            values = file[POINTING + name][...]
            values[:, first:first + n] = values[:, first:first + 1] if value is None else value
            file[POINTING + name][...] = values
    return apply


def attribute(name, change):
    def apply(file):
        value = file["comap"].attrs[name]
        file["comap"].attrs[name] = change(value.decode() if isinstance(value, bytes) else str(value))
    return apply


SAME_MAP = "the map of the clean files"
MISSING = "these samples are missing, with a reason"
RIGHT_OR_FAILED = "gain right within 2 %, or the observation fails"
SPOILT = {
    "housekeeping_gap_long": Spoilt(lose_housekeeping(1, 20), RIGHT_OR_FAILED),
    "housekeeping_gap_middle": Spoilt(lose_housekeeping(2, 6), RIGHT_OR_FAILED),
    "housekeeping_clock_1s": Spoilt(housekeeping_times(lambda t: t + 1 * SECOND_D), RIGHT_OR_FAILED),
    "housekeeping_clock_2s": Spoilt(housekeeping_times(lambda t: t + 2 * SECOND_D), RIGHT_OR_FAILED),
    "housekeeping_clock_5s": Spoilt(housekeeping_times(lambda t: t + 5 * SECOND_D), "the observation fails"),
    "housekeeping_unix_time": Spoilt(housekeeping_times(lambda t: (t - 40587.0) * 86400.0), "the observation fails"),
    "vane_covers_feed_partly": Spoilt(vane_covers(0.3), "the other event calibrates this feed"),
    "shroud_zero": Spoilt(column(VANE + "Tshroud", lambda t: 0 * t), "another sensor of the load, or failed"),
    "shroud_minus_999": Spoilt(column(VANE + "Tshroud", lambda t: 0 * t - 99900), "another sensor of the load, or failed"),
    "shroud_one_row": Spoilt(column(VANE + "Tshroud", one_row(2**31 - 1)), SAME_MAP),
    "stray_vane_flag": Spoilt(stray_vane_flag, "all scans kept"),
    "two_kinds_of_scan": Spoilt(scan_features(lambda k: SCAN | 1 << 10, (120, SCAN)), "all scans kept"),
    "short_other_kind": Spoilt(scan_features(lambda k: SCAN, (110, 1 << 8)), "all scans kept"),
    "alternating_bits": Spoilt(scan_features(lambda k: SCAN | (1 << 10) * (k % 2)), "all scans kept"),
    "pause_between_scans": Spoilt(pause_between_scans, "sample time of 0.02 s, " + SAME_MAP),
    "gap_in_scan": Spoilt(gap_in_scan(20), "the scan is split, " + SAME_MAP),
    "downsampled": Spoilt(average_pairs, "sample time of 0.04 s, " + SAME_MAP),
    "wrong_stamps": Spoilt(wrong_stamps, SAME_MAP),
    "frequency_in_MHz": Spoilt(column(FREQUENCY, lambda f: f * 1e3), SAME_MAP),
    "frequency_in_Hz": Spoilt(column(FREQUENCY, lambda f: f * 1e9), SAME_MAP),
    "clock_is_TAI": Spoilt(all_clocks(lambda t: t + 37 * SECOND_D), "warned, or refused above a limit"),
    "clock_is_JD": Spoilt(all_clocks(lambda t: t + 2400000.5), "refused"),
    "one_reversed_channels": Spoilt(reverse_channels, SAME_MAP, (1,)),
    "one_swapped_bands": Spoilt(exchange_bands, SAME_MAP, (1,)),
    "five_zero_samples": Spoilt(samples(0.0, 5), MISSING),
    "absurd_samples": Spoilt(samples(1e30, 20), MISSING),
    "frozen_15s": Spoilt(freeze(15), MISSING),
    "doubled_spectra": Spoilt(double_spectra, "half of the samples missing, or refused"),
    "too_quiet_scan": Spoilt(quiet_scan, "this scan of this feed is left out"),
    "azimuth_zero": Spoilt(pointing(["az"], 0.0, 5), MISSING),
    "pointing_frozen_5s": Spoilt(pointing(["az", "el"], None, 250), MISSING),
    "elevation_nan": Spoilt(pointing(["el"], np.nan, 3), MISSING),
    "nan_half_second": Spoilt(samples(np.nan, 25), MISSING),
    "obsid_empty": Spoilt(attribute("obsid", lambda text: ""), "the number of the file's name"),
    "obsid_padded": Spoilt(attribute("obsid", lambda text: f" {text} "), SAME_MAP),
    "utc_start_iso": Spoilt(attribute("utc_start", lambda text: text[:10] + "T" + text[11:]), SAME_MAP),
    "utc_start_no_date": Spoilt(attribute("utc_start", lambda text: "../../\x1b[31m/tmp\nx"), SAME_MAP),
}


def spoil(path, name):
    with h5py.File(path, "r+") as file:
        SPOILT[name].apply(file)
