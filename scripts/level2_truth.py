#!/usr/bin/env python3
"""Hold Level-2 files of simulated observations against their truth.

    level2_truth.py [--json FILE] --truth TRUTH... -- LEVEL2...

TRUTH are the sidecar files `..._truth.hdf5` beside simulated Level-1 files (which must still be there), LEVEL2 the
Level-2 files made of them. For each observation:

    Tsys, gain   relative rms and mean of level2/vane over the vane equations applied to the noiseless loads of the
                 first event: V_hot = G (1 + <dg>_hot)(T_rx + T_hot), V_cold = G (1 + <dg>_cold) T_cold, <dg> the mean
                 of the gain fluctuation over the hot or cold samples
    amplitude    for calibrators: regression of binned_filtered_data on the true sky, both high-passed (running mean
                 over 10 s subtracted), for every feed and half band. 0.996-0.998 is what a perfect file shows: the vane
                 calibrates against an atmosphere colder than itself.
    calibrator_fit  for calibrators (JSON only): fitted amplitude and width over truth, distance from the source
"""
import argparse
import json
import pathlib
import sys

import h5py
import numpy as np
from scipy.ndimage import uniform_filter1d

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from map_metrics import channel_weights, cuts_of_level2, half_band, sky_K  # noqa: E402

SAMPLE_RATE_HZ = 50.0
HOUSEKEEPING_DELAY_DAYS = 0.6 / 86400
HOT_MARGIN_DEG, COLD_ANGLE_DEG = 4.0, 180.0
T_COLD_K = 2.73
HIGH_PASS_S = 10.0
CALIBRATORS = ("TauA", "CasA", "CygA", "Jupiter")


def vane_samples(level1, start, end):
    """Hot and cold samples of a vane event [start, end)."""
    mjd = level1["spectrometer/MJD"][start:end]
    times = level1["hk/antenna0/vane/utc"][...] - HOUSEKEEPING_DELAY_DAYS
    angles_deg = level1["hk/antenna0/vane/angle"][...] * 0.01
    right = np.clip(np.searchsorted(times, mjd), 1, times.size - 1)
    nearest = np.where(mjd - times[right - 1] <= times[right] - mjd, right - 1, right)
    angle_deg = angles_deg[nearest]
    hot = angle_deg < angle_deg.min() + HOT_MARGIN_DEG
    return start + np.flatnonzero(hot), start + np.flatnonzero(angle_deg > COLD_ANGLE_DEG)


def expected_calibration(level1, truth):
    """Tsys [K] and gain [counts/K] that the vane equations give without radiometer noise."""
    start, end = truth["vanes"][0]
    hot, cold = vane_samples(level1, start, end)
    t_hot_K = level1["hk/antenna0/vane/Tshroud"][...].mean() * 0.01 + 273.15
    dg = truth["dg"]
    dg_hot = np.array([[dg[f, b][hot].mean() for b in range(4)] for f in range(dg.shape[0])])[..., None]
    dg_cold = np.array([[dg[f, b][cold].mean() for b in range(4)] for f in range(dg.shape[0])])[..., None]
    v_hot = truth["gain"][...] * (1 + dg_hot) * (truth["t_rx"][...] + t_hot_K)
    v_cold = truth["gain"][...] * (1 + dg_cold) * truth["tsys_cold"][...]
    y = v_hot / v_cold
    return (t_hot_K - y * T_COLD_K) / (y - 1), (v_hot - v_cold) / (t_hot_K - T_COLD_K)


def relative(measured, expected):
    """rms and mean of measured / expected - 1 over finite values."""
    ratio = measured / expected - 1
    ratio = ratio[np.isfinite(ratio)]
    return float(np.sqrt(np.mean(ratio**2))), float(ratio.mean())


def high_passed(x):
    return x - uniform_filter1d(x, int(HIGH_PASS_S * SAMPLE_RATE_HZ), mode="nearest")


def amplitudes(level2, truth):
    """Source amplitude over truth [feed][half band]."""
    n_feed = truth["galactic_l"].shape[0]
    glitches = {(int(f), int(t)) for f, t, _ in truth["spikes"][...]}
    result = np.full((n_feed, 8), np.nan)
    for feed in range(n_feed):
        for element in range(8):
            band, channels = half_band(truth, element)
            sky, data = [], []
            for start, end in level2["level2/scan_edges"][...]:
                l_deg, b_deg = truth["galactic_l"][feed, start:end], truth["galactic_b"][feed, start:end]
                x = sky_K(truth, l_deg, b_deg, truth["frequency"][band, channels],
                          channel_weights(truth, feed, band, channels, cuts_of_level2(level2)))
                y = level2["level2/binned_filtered_data"][feed, band, element % 2, start:end].astype(float)
                good = np.isfinite(y)
                good[[t - start for f, t in glitches if f == feed and start <= t < end]] = False
                index = np.arange(y.size)
                y = np.interp(index, index[good], y[good])
                sky.append(high_passed(x)[good])
                data.append(high_passed(y)[good])
            sky, data = np.concatenate(sky), np.concatenate(data)
            result[feed, element] = (sky @ data) / (sky @ sky)
    return result


def calibrator_fits(level2, truth):
    """level2/calibrator_fit against the only source [feed][half band]: amplitude and width over truth, distance of the
    peak from the source in arcmin."""
    l_deg, b_deg, _, fwhm_arcmin, _ = truth["sky/sources"][0]
    n_feed = truth["galactic_l"].shape[0]
    true_K = np.empty((n_feed, 8))
    for feed in range(n_feed):
        for element in range(8):
            band, channels = half_band(truth, element)
            true_K[feed, element] = sky_K(truth, np.array([l_deg]), np.array([b_deg]),
                                          truth["frequency"][band, channels],
                                          channel_weights(truth, feed, band, channels, cuts_of_level2(level2)))[0]
    fit = {name: level2[f"level2/calibrator_fit/{name}"][:n_feed].reshape(n_feed, 8)
           for name in ("amplitudes", "major_std", "minor_std", "ra_offset", "dec_offset")}
    width = np.sqrt(fit["major_std"] * fit["minor_std"]) * 60 * np.sqrt(8 * np.log(2)) / fwhm_arcmin
    return {"amplitude": (fit["amplitudes"] / true_K).tolist(), "width": width.tolist(),
            "offset_arcmin": (np.hypot(fit["ra_offset"], fit["dec_offset"]) * 60).tolist()}


def results_of(level2_path, truth_path):
    level1_path = str(truth_path).replace("_truth.hdf5", ".hd5")
    with h5py.File(level2_path) as level2, h5py.File(truth_path) as truth, h5py.File(level1_path) as level1:
        tsys_K, gain = expected_calibration(level1, truth)
        n_feed = tsys_K.shape[0]
        tsys_rms, tsys_mean = relative(level2["level2/vane/system_temperature"][0, :n_feed], tsys_K)
        gain_rms, gain_mean = relative(level2["level2/vane/gain"][0, :n_feed], gain)
        result = {"file": pathlib.Path(level2_path).name, "tsys_rms": tsys_rms, "tsys_mean": tsys_mean,
                  "gain_rms": gain_rms, "gain_mean": gain_mean}
        for name in ("sigma_common", "alpha"):
            result[name] = float(np.nanmedian(level2[f"level2/gain_filter/{name}"][...])) \
                if f"level2/gain_filter/{name}" in level2 else None
        source = level1["comap"].attrs["source"]
        if (source.decode() if isinstance(source, bytes) else str(source)) in CALIBRATORS:
            result["amplitudes"] = amplitudes(level2, truth).tolist()
            if "level2/calibrator_fit" in level2:
                result["calibrator_fit"] = calibrator_fits(level2, truth)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", nargs="+", required=True)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("level2", nargs="+", metavar="LEVEL2")
    arguments = parser.parse_args()
    truths = {pathlib.Path(path).name.replace("_truth.hdf5", ""): path for path in arguments.truth}
    results = []
    print(f"{'Level-2 file':46} {'Tsys rms':>9} {'gain rms':>9} {'sigma_c':>9} {'alpha':>6}")
    for path in arguments.level2:
        name = pathlib.Path(path).name.removeprefix("Level2_").removesuffix(".hd5")
        result = results_of(path, truths[name])
        results.append(result)
        prior = [result["sigma_common"], result["alpha"]]
        prior_text = "" if None in prior else f" {prior[0]:9.2e} {prior[1]:6.2f}"
        print(f"{result['file']:46} {result['tsys_rms']:9.2e} {result['gain_rms']:9.2e}{prior_text}")
        for feed, row in enumerate(result.get("amplitudes", []), start=1):
            print(f"  amplitude over truth, feed {feed}: " + " ".join(f"{value:.4f}" for value in row))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
