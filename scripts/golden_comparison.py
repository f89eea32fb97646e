"""Level-2 of Level-1 files that this project did not make against reference results that it did not make either.

The reference pipeline leaves out the last sample of vane blocks and scans. Three sets of Level-1 files show what that
does: `own`, the files as they are; `vane`, copies in which vane events end one sample earlier; `all`, copies in which
scans do so too. With the same samples the results must agree to the tolerances of the reference, with ours to wider
ones."""
import dataclasses
import pathlib
import shutil

import h5py
import numpy as np

from validation_table import Table

VANE_FEATURE, SCAN_FEATURES = 2**13, (2**5, 2**9)
HOUSEKEEPING_DELAY_DAYS = 0.6 / 86400
COOL_K = 200.0
CONFIG = """
[catalogue]
url = "sqlite:comap.db"
[level2.noise_stats_level1]
estimator = "std"
[level2.noise_stats_level2]
detrend = false
estimator = "std"
fit = "log_bins"
[level2.calibrator_fit]
background = "scan"
[level2.gain_filter]
edge_cut_fraction = 0.0625
centre_cut_fraction = 0.0
channel_quality = false
"""
FILTERS = {
    "maximum_posterior": "prior_sigma = 1.34e-3\nprior_alpha = -1.3\nprior_band_ratio = 0.5\n",
    "common_mode": 'method = "common_mode"\nsubtract_atmosphere = true\nchannel_weights = "measured"\n',
    "joint_tsys": 'method = "least_squares"\ntemplate = "tsys"\nsubtract_atmosphere = true\n'
                  'channel_weights = "measured"\n',
}


@dataclasses.dataclass
class Case:
    """One observation: Level-1 file, expected results, samples trimmed from start and end of its scans. Scans of
    `lissajous` observations end with the tracker's status and not with a feature of the spectrometer."""
    level1: pathlib.Path
    expected: pathlib.Path
    trim: tuple = (0, 0)
    lissajous: bool = False

    @property
    def obsid(self):
        return int(self.level1.name.split("-")[1])

    def trim_of(self, variant):
        start, end = self.trim
        return (start, end + 1) if self.lissajous and variant == "all" else (start, end)


# ------------------------------------------------------------------------------- the samples of the reference pipeline
def end_vane_events_earlier(file):
    """Moves the first housekeeping time after each event so that the event is one spectrometer sample shorter."""
    mjd = file["spectrometer/MJD"][...] + HOUSEKEEPING_DELAY_DAYS
    utc, features = file["hk/array/frame/utc"][...], file["hk/array/frame/features"][...]
    for last in np.flatnonzero((features[:-1] == VANE_FEATURE) & (features[1:] != VANE_FEATURE)):
        end = np.searchsorted(mjd, (utc[last] + utc[last + 1]) / 2)
        utc[last + 1] = mjd[end - 2] + mjd[end - 1] - utc[last]
    file["hk/array/frame/utc"][...] = utc


def end_scans_earlier(file):
    features = file["spectrometer/features"][...]
    for feature in SCAN_FEATURES:
        inside = features == feature
        features[np.flatnonzero(inside & ~np.append(inside[1:], False))] = 0
    file["spectrometer/features"][...] = features


def make_level1(variant, cases, directory):
    directory.mkdir(parents=True, exist_ok=True)
    for case in cases:
        path = directory / case.level1.name
        shutil.copyfile(case.level1, path)
        with h5py.File(path, "r+") as file:
            if variant != "own":
                end_vane_events_earlier(file)
            if variant == "all":
                end_scans_earlier(file)


def make_level2(run, directory, variant, methods, cases):
    """Level-2 files of one variant, as {method: {obsid: path}}. `run` runs the program in `directory`."""
    make_level1(variant, cases, directory / f"level1_{variant}")
    catalogue = ["--set", f'catalogue.url="sqlite:{variant}.db"']
    found = {}
    for method in methods:
        config = directory / f"{method}.toml"
        config.write_text(CONFIG + FILTERS[method])
        run("catalogue", "scan", config, "--level1", f"level1_{variant}", *catalogue)
        output = f"level2_{variant}_{method}"
        for start, end in sorted({case.trim_of(variant) for case in cases}):
            obsids = [case.obsid for case in cases if case.trim_of(variant) == (start, end)]
            run("level2", config, *catalogue, "--set", f'level2.output_dir="{output}"', "--set",
                f"level2.find_scans.trim_start={start}", "--set", f"level2.find_scans.trim_end={end}", "--obsid",
                *obsids)
        found[method] = {int(path.name.split("-")[1]): path
                         for path in (directory / output).rglob("Level2_*.hd5")}
    return found


# ---------------------------------------------------------------------------------------------------------- quantities
def inside_scans(edges, n_samples):
    inside = np.zeros(n_samples, bool)
    for start, end in edges:
        inside[start:end] = True
    return inside


def largest(values):
    """Largest modulus; infinite when there is nothing, so that nothing compared is never good."""
    return float(np.max(np.abs(values))) if np.size(values) else np.inf


def vane_difference(ours, expected, name):
    wanted = expected[f"vane/{name}"][...]
    cool = expected["vane/system_temperature"][...] < COOL_K
    return largest(ours[f"level2/vane/{name}"][:, :wanted.shape[1]][cool] / wanted[cool] - 1)


def level1_noise_difference(ours, expected):
    wanted = expected["auto_rms_level1"][...]
    rms, good = ours["level1_noise_stats/auto_rms"][:wanted.shape[0]], wanted > 0
    return largest(rms[good] / wanted[good] - 1) if np.isnan(rms[~good]).all() else np.inf


def atmosphere_difference(ours, expected, name):
    """In units of the median, over scans with an elevation range that allows a fit."""
    wanted, tau = expected[f"atmosphere/{name}"][...], expected["atmosphere/tau"][...]
    good = np.isfinite(wanted) & np.isfinite(tau) & (tau != 0)
    if not good.any():
        return None
    value = ours[f"level2/atmosphere/{name}"][:wanted.shape[0]]
    return largest((value[good] - wanted[good]) / np.median(np.abs(wanted[good])))


def scan_difference(ours, expected):
    """Samples between our scans and those of the reference; its stored end is one less than the exclusive one."""
    return largest(ours["level2/scan_edges"][...] - expected["scan_edges_stored"][...] - [0, 1])


def stream_difference(ours, expected, name, reference, edges):
    """rms of the difference over rms of the reference, worst of feeds and half bands. Left out: half bands that the
    reference does not have, and samples that are NaN in any band, which have entered its gain of all bands as 0."""
    wanted = expected[reference]
    inside = inside_scans(edges, wanted.shape[3])
    worst = 0.0
    for feed in range(wanted.shape[0]):
        value, want = ours[f"level2/{name}"][feed][..., inside], wanted[feed][..., inside]
        complete = np.isfinite(value).all(axis=(0, 1))
        if complete.mean() < 0.99:
            return np.inf
        for ours_of, wanted_of in zip(value.reshape(8, -1), want.reshape(8, -1)):
            good = complete & np.isfinite(wanted_of)
            if good.sum() > good.size // 2:
                difference = ours_of[good].astype(float) - wanted_of[good]
                worst = max(worst, np.sqrt(np.mean(difference**2) / np.mean(wanted_of[good].astype(float)**2)))
    return worst


def ratio_difference(ours, expected, name, reference):
    wanted = expected[reference][...]
    value = ours[name][:wanted.shape[0]]
    good = np.isfinite(wanted) & (wanted != 0)
    return largest(value[good] / wanted[good] - 1)


def frequency_difference_GHz(ours, expected, name, reference):
    """Where the reference has the half band, and all its channels: those with NaN channels differ."""
    wanted = expected[reference][...]
    if wanted.ndim == 4:
        wanted = wanted.mean(axis=3)
    value, good = ours[f"level2/{name}"][:wanted.shape[0]], np.isfinite(wanted)
    if name == "bandwidths" or reference == "central_freqs":
        good &= np.isfinite(expected["binned_data"][...]).mean(axis=3) > 0.5
    return largest(value[good] - wanted[good])


def missing_fraction(ours, expected):
    """Largest part of NaN inside scans, over feeds and half bands, and over those outside scans and absent feeds that
    are not as they should be (0 and NaN)."""
    n_feeds, data = expected["feeds"].size, ours["level2/binned_filtered_data"][...]
    inside = inside_scans(ours["level2/scan_edges"][...], data.shape[3])
    present = np.isnan(data[:n_feeds][..., inside]).mean(axis=3).max()
    outside = (data[:n_feeds][..., ~inside] != 0).mean()
    absent = np.isfinite(data[n_feeds:]).mean() if data.shape[0] > n_feeds else 0.0
    return float(max(present, outside, absent))


def noise_difference(ours, expected, name, reference):
    wanted = expected[f"noise_stats/{reference}/auto_rms"][...]
    good = wanted > 0
    value = ours[f"level2_noise_stats/{name}/auto_rms"][:wanted.shape[0]]
    return largest(value[good] / wanted[good] - 1)


def calibrator_difference(ours, expected, name, relative):
    """Of the fit to joint_tsys; None for observations that the reference has no fit of."""
    if "calibrator_fit" not in expected:
        return None
    wanted = expected[f"calibrator_fit/joint_tsys/{name}"][...]
    value, good = ours[f"level2/calibrator_fit/{name}"][:wanted.shape[0]], wanted != 0
    if relative:
        return largest(value[good] / wanted[good] - 1)
    return largest(value[good] - wanted[good]) * 60


# -------------------------------------------------------------------------------------------------------------- tables
def add_calibration(table, of, samples, vane, noise, offsets, tau):
    for name in ("system_temperature", "gain"):
        table.at_most(f"vane/{name}, Tsys < 200 K, {samples}", vane, of(vane_difference, name))
    table.at_most(f"auto_rms_level1, {samples}", noise, of(level1_noise_difference))
    table.at_most(f"atmosphere/offsets, of the median, {samples}", offsets, of(atmosphere_difference, "offsets"))
    table.at_most(f"atmosphere/tau, of the median, {samples}", tau, of(atmosphere_difference, "tau"))


def add_maximum_posterior(table, of, samples, stream, products):
    reference = {"binned_filtered_data": "binned_filtered_data/maximum_posterior",
                 "binned_data": "maximum_posterior/unfiltered"}
    for name, wanted in reference.items():
        table.at_most(f"{wanted}, {samples}", stream, of(
            lambda ours, expected: stream_difference(ours, expected, name, wanted,
                                                     expected["maximum_posterior/scan_edges"][...])))
    for name in ("effective_tsys", "gain_information"):
        table.at_most(f"maximum_posterior/{name}, {samples}", products,
                      of(ratio_difference, f"level2/gain_filter/{name}", f"maximum_posterior/{name}"))


def add_comparison_method(table, of, name, reference):
    table.at_most(f"{reference}, the same samples", 1e-2, of(
        lambda ours, expected: stream_difference(ours, expected, name, reference,
                                                 expected["scan_edges_stored"][...])))


def columns_of(files, cases):
    """A function that measures a quantity in the Level-2 file of every case."""
    def of(quantity, *arguments):
        values = []
        for case in cases:
            with h5py.File(files[case.obsid]) as ours, h5py.File(case.expected) as expected:
                values.append(quantity(ours, expected, *arguments))
        return values
    return of


def add_own(table, of):
    add_calibration(table, of, "our samples", 1e-3, 1e-3, 4e-3, 1e-2)
    table.at_most("scan edges, ends + 1 [samples]", 0, of(scan_difference), "{:.0f}")
    add_maximum_posterior(table, of, "our vane", 1e-3, 2e-3)
    table.at_most("missing or misplaced samples, a NaN channel notwithstanding", 1e-2, of(missing_fraction))


def add_same_vane(table, of):
    add_maximum_posterior(table, of, "the same vane", 1e-4, 2e-5)
    table.at_most("maximum_posterior/central_freqs [GHz]", 1e-5,
                  of(frequency_difference_GHz, "central_freqs", "maximum_posterior/central_freqs"))


def add_calibrator(table, joint):
    """Rows for the fit of calibrators, when there is one among the cases."""
    for name, limit, relative in (("amplitudes", 1e-2, True), ("major_std", 1e-2, True), ("minor_std", 1e-2, True),
                                  ("ra_offset", 0.05, False), ("dec_offset", 0.05, False)):
        values = joint(calibrator_difference, name, relative)
        if any(value is not None for value in values):
            table.at_most(f"calibrator_fit/joint_tsys/{name}{'' if relative else ' [arcmin]'}", limit, values)


def add_same_samples(table, common_mode, joint):
    add_calibration(table, common_mode, "the same samples", 1e-6, 1e-5, 1e-4, 1e-4)
    add_comparison_method(table, common_mode, "binned_data", "binned_data")
    add_comparison_method(table, common_mode, "binned_filtered_data", "binned_filtered_data/common_mode")
    for name in ("central_freqs", "bandwidths"):
        table.at_most(f"{name} [GHz]", 1e-4, common_mode(frequency_difference_GHz, name, name))
    add_comparison_method(table, joint, "binned_filtered_data", "binned_filtered_data/joint_tsys")
    add_calibrator(table, joint)
    table.at_most("noise_stats/binned_data/auto_rms, end to end", 1e-2,
                  common_mode(noise_difference, "binned_data", "binned_data"))
    table.at_most("noise_stats/common_mode/auto_rms, end to end", 1e-2,
                  common_mode(noise_difference, "binned_filtered_data", "common_mode"))


def golden_table(run, directory, cases):
    """Makes the Level-2 files below `directory` and compares them."""
    table = Table("Golden set", [str(case.obsid) for case in cases])
    own = make_level2(run, directory, "own", ["maximum_posterior"], cases)
    add_own(table, columns_of(own["maximum_posterior"], cases))
    vane = make_level2(run, directory, "vane", ["maximum_posterior"], cases)
    add_same_vane(table, columns_of(vane["maximum_posterior"], cases))
    same = make_level2(run, directory, "all", ["common_mode", "joint_tsys"], cases)
    add_same_samples(table, columns_of(same["common_mode"], cases), columns_of(same["joint_tsys"], cases))
    return table
