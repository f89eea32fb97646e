#!/usr/bin/env python3
"""The files of `comap_mpi simulate` against formats of the archive, astropy, and the equations of docs/simulate.md.

Everything is recomputed here with numpy and astropy from the truth file's parameters; nothing of the program is used
but its output.
"""
import filecmp
import json
import os
import shutil
import subprocess
import sys

import astropy.units as u
import h5py
import numpy as np
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers

iers.conf.auto_download = False
iers.conf.auto_max_age = None
iers.conf.iers_degraded_accuracy = "ignore"

PROGRAM = os.environ["COMAP_MPI"]
MPIRUN = os.environ["COMAP_MPIRUN"]
SITE = EarthLocation(lon=-(118 + 16 / 60 + 56 / 3600) * u.deg, lat=(37 + 14 / 60 + 2 / 3600) * u.deg, height=0 * u.m)
SMALL = ["n_feeds=2", "n_channels=32", "n_scans=2", "scan_duration_s=25", "n_calibrators=1",
         "calibrator_duration_s=30", "glitches_per_feed=3", "opacity_sigma=1e-3"]
N_SAMPLES = 50 * (2 + 12 + 2 + 2 * (25 + 3) + 12 + 2)
ATTRIBUTES = """obsid source comment utc_start bof bw coeff_iq features fft_shift instrument iqcalid level nbit nchan
                nint pixels platform telescope tsamp version""".split()
INTEGER, FLOAT, TEXT = "iu", "f", "SO"


def simulate(directory, extra=(), ranks=1, expect=0, options=()):
    command = ([MPIRUN, str(ranks)] if ranks > 1 else []) + [PROGRAM, "simulate", *options]
    for setting in [*SMALL, f"output_dir={directory}", *extra]:
        command += ["--set", f"simulate.{setting}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == expect, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def names(directory):
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


def level1_of(directory):
    return [os.path.join(directory, n) for n in names(directory) if n.endswith(".hd5")]


def truth_of(path):
    return path.replace(".hd5", "_truth.hdf5")


def check_layout(path):
    """Every dataset of the Level-1 format with its type and shape."""
    with h5py.File(path) as f:
        n = f["spectrometer/MJD"].size
        assert n == N_SAMPLES, n
        n_hk = f["hk/antenna0/vane/utc"].size
        expected = {"spectrometer/tod": (FLOAT, (3, 4, 32, n)), "spectrometer/MJD": (FLOAT, (n,)),
                    "spectrometer/feeds": (INTEGER, (3,)), "spectrometer/bands": (TEXT, (4,)),
                    "spectrometer/frequency": (FLOAT, (4, 32)), "spectrometer/features": (INTEGER, (n,)),
                    "spectrometer/pixel_pointing/pixel_xoffset": (FLOAT, (3,)),
                    "spectrometer/pixel_pointing/pixel_yoffset": (FLOAT, (3,)),
                    "hk/antenna0/vane/utc": (FLOAT, (n_hk,)), "hk/array/frame/utc": (FLOAT, (n_hk,)),
                    "hk/array/frame/features": (INTEGER, (n_hk,))}
        for name in ("az", "el", "ra", "dec"):
            expected[f"spectrometer/pixel_pointing/pixel_{name}"] = (FLOAT, (3, n))
        for name in ("angle", "Tvane", "Tambient", "Tshroud"):
            expected[f"hk/antenna0/vane/{name}"] = (INTEGER, (n_hk,))
        n_weather = f["hk/array/weather/airTemperature"].size
        for name in ("airTemperature", "pressure", "dewPointTemp", "windSpeed", "windDirection"):
            expected[f"hk/array/weather/{name}"] = (FLOAT, (n_weather,))
        n_track = f["hk/antenna0/deTracker/utc"].size
        expected["hk/antenna0/deTracker/utc"] = (FLOAT, (n_track,))
        expected["hk/antenna0/deTracker/lissajous_status"] = (INTEGER, (n_track,))
        for name, (kind, shape) in expected.items():
            assert f[name].shape == shape, (name, f[name].shape, shape)
            assert f[name].dtype.kind in kind, (name, f[name].dtype)
        for name in ("tod", "MJD"):
            assert f[f"spectrometer/{name}"].dtype == {"tod": np.float32, "MJD": np.float64}[name]
        assert list(f["spectrometer/feeds"]) == [1, 2, 20]
        assert [b.decode() for b in f["spectrometer/bands"].asstr()[...].astype("S")] == \
            ["A:LSB", "A:USB", "B:LSB", "B:USB"]
        attributes = dict(f["comap"].attrs)
        assert sorted(attributes) == sorted(ATTRIBUTES), attributes
        stem = os.path.basename(path)[:-4]
        stamp = Time(f["spectrometer/MJD"][0], format="mjd").strftime("%Y-%m-%d-%H:%M:%S")
        assert attributes["utc_start"] in (stamp, stamp.encode()), attributes["utc_start"]
        assert stem == f"comap-{int(attributes['obsid']):07d}-{stamp.replace(':', '')}", stem
        steps_s = np.diff(f["spectrometer/MJD"][...]) * 86400
        assert np.abs(steps_s - 0.02).max() < 2e-6
        assert f["spectrometer/tod"].chunks is None


def check_positions(path):
    """Az/el lead to RA/Dec and to the truth's Galactic position."""
    with h5py.File(path) as f, h5py.File(truth_of(path)) as t:
        pick = np.arange(0, N_SAMPLES, 97)
        when = Time(f["spectrometer/MJD"][...][pick], format="mjd", scale="utc")
        pointing = {k: f[f"spectrometer/pixel_pointing/pixel_{k}"][...] for k in ("az", "el", "ra", "dec")}
        for feed in range(2):
            beam = SkyCoord(az=pointing["az"][feed, pick] * u.deg, alt=pointing["el"][feed, pick] * u.deg,
                            frame=AltAz(obstime=when, location=SITE)).icrs
            stored = SkyCoord(pointing["ra"][feed, pick] * u.deg, pointing["dec"][feed, pick] * u.deg)
            galactic = SkyCoord(l=t["galactic_l"][feed][pick] * u.deg, b=t["galactic_b"][feed][pick] * u.deg,
                                frame="galactic")
            assert beam.separation(stored).arcsec.max() < 0.1, beam.separation(stored).arcsec.max()
            # astropy ties the Galactic frame to FK5, ERFA to the ICRS: 0.025 arcsec apart.
            assert stored.separation(galactic.icrs).arcsec.max() < 0.05
        field = SkyCoord(l=t.attrs["field_l"] * u.deg, b=t.attrs["field_b"] * u.deg, frame="galactic")
        offsets = []
        for a, b in t["scans"][...]:
            track = SkyCoord(l=t["galactic_l"][0, a:b] * u.deg, b=t["galactic_b"][0, a:b] * u.deg, frame="galactic")
            offsets.append(track.separation(field).deg)
            el = pointing["el"][0, a:b]
            assert np.ptp(el) > 0.2 or json.loads(t.attrs["config"])["scan_type"] == "ces"
        assert min(o.min() for o in offsets) < 0.3 and max(o.max() for o in offsets) < 1.0


def check_course(path):
    """Features, housekeeping late by 0.6 s, vane angle in and out."""
    with h5py.File(path) as f, h5py.File(truth_of(path)) as t:
        features = f["spectrometer/features"][...]
        marked = np.zeros(N_SAMPLES, int)
        for a, b in t["scans"][...]:
            marked[a:b] = 2**9
        for a, b in t["vanes"][...]:
            marked[a:b] = 2**13
        assert (features == marked).all() and len(t["scans"]) == 2 and len(t["vanes"]) == 2
        seen_s = (f["hk/array/frame/utc"][...] - f["spectrometer/MJD"][0]) * 86400 - 0.6
        sample = np.floor(seen_s * 50 + 0.01).astype(int)
        inside = (sample >= 0) & (sample < N_SAMPLES)
        assert (f["hk/array/frame/features"][...][inside] == features[sample[inside]]).all()
        angle = f["hk/antenna0/vane/angle"][...] / 100.0
        assert angle.min() == 62.0 and angle.max() == 196.0
        in_vane = inside & (f["hk/array/frame/features"][...] == 2**13)
        assert (angle[~in_vane] == 196.0).all()
        assert np.allclose(f["hk/antenna0/vane/Tshroud"][...] * 0.01 + 273.15, 291.15)


def vane_fraction(path):
    """Of each sample, from the truth's vane events: 1 where it surely fills the beam, 0 where it is away, else NaN."""
    with h5py.File(truth_of(path)) as t:
        fraction = np.zeros(N_SAMPLES)
        for a, b in t["vanes"][...]:
            length_s = (b - a) / 50
            out_s = 3 + 0.45 * (length_s - 6)
            s = (np.arange(a, b) - a) / 50
            fraction[a:b] = np.where((s > 3) & (s < out_s), 1, np.where((s < 1) | (s > out_s + 2), 0, np.nan))
    return fraction


def sky_K(t, l, b, nu):
    """The described sky at Galactic positions [sample] for one frequency."""
    total = np.zeros(l.size)
    here = SkyCoord(l=l * u.deg, b=b * u.deg, frame="galactic")
    for i, (l0, b0, t30, fwhm, beta) in enumerate(t["sky/sources"][...]):
        r = here.separation(SkyCoord(l=l0 * u.deg, b=b0 * u.deg, frame="galactic")).arcmin
        shape = np.exp(-4 * np.log(2) * (r / fwhm) ** 2)
        spectrum = t30 * (nu / 30) ** beta
        if "line" in t["sky"] and int(t["sky/line"][0]) == i:
            _, peak, centre, width = t["sky/line"][...]
            spectrum += peak * np.exp(-4 * np.log(2) * ((nu - centre) / width) ** 2)
        total += spectrum * shape
    if "ridge" in t["sky"]:
        b0, sigma, t30, beta, modulation, period = t["sky/ridge"][...]
        total += (t30 * (nu / 30) ** beta * np.exp(-0.5 * ((b - b0) / sigma) ** 2)
                  * (1 + modulation * np.sin(2 * np.pi * l / period)))
    return total


def check_physics(path):
    """P / (G (1 + dg) T) - 1 with T from the equations is white noise of 1/sqrt(B tau) in every channel looked at."""
    sigma = 1 / np.sqrt(2e9 / 32 * 0.02)
    fraction = vane_fraction(path)
    known = np.isfinite(fraction)
    with h5py.File(path) as f, h5py.File(truth_of(path)) as t:
        config = json.loads(t.attrs["config"])
        nu = t["frequency"][...]
        assert np.allclose(f["spectrometer/frequency"][...], nu)
        assert np.isclose(t.attrs["relative_white_sigma_per_channel"], sigma)
        line_channel = np.abs(nu[2] - 31.22332).argmin()
        for feed in range(2):
            airmass = 1 / np.sin(np.radians(f["spectrometer/pixel_pointing/pixel_el"][feed]))
            glitch = np.zeros(N_SAMPLES)
            for row, sample, amplitude in t["spikes"][...]:
                if row == feed:
                    glitch[int(sample)] += amplitude
            l, b = t["galactic_l"][feed], t["galactic_b"][feed]
            for band, channel in ((0, 5), (1, 16), (2, line_channel), (3, 28)):
                x = t["tau_nu"][band, channel] * t["tau_t"][...] * airmass
                cold = (sky_K(t, l, b, nu[band, channel]) + 2.7255) * np.exp(-x) + config["t_atm"] * (1 - np.exp(-x))
                T = t["t_rx"][feed, band, channel] + (1 - fraction) * (cold + glitch) + fraction * config["t_hot"]
                P = f["spectrometer/tod"][feed, band, channel].astype(float)
                ratio = P / (t["gain"][feed, band, channel] * (1 + t["dg"][feed, band].astype(float)) * T) - 1
                good = known & np.isfinite(P)
                if not good.any():
                    continue
                n = good.sum()
                assert abs(ratio[good].mean()) < 5 * sigma / np.sqrt(n), (feed, band, channel, ratio[good].mean())
                assert abs(ratio[good].std() / sigma - 1) < 5 / np.sqrt(2 * n), (ratio[good].std() / sigma)
                # Nothing of the sky is left, nor was any put in that is not there.
                in_scan = good & (f["spectrometer/features"][...] == 2**9)
                model = cold[in_scan] - cold[in_scan].mean()
                slope = (ratio[in_scan] * model).sum() / (model**2).sum()
                assert abs(slope) < 5 * sigma / np.sqrt((model**2).sum()), (feed, band, channel, slope)


def vane_angle_deg(a, b):
    """Samples 0 to b of an event [a, b): 2 s of smooth travel after 1 s and after 45 % of the time between."""
    s = (np.arange(b) - a) / 50
    step = lambda x: np.clip(x, 0, 1) ** 2 * (3 - 2 * np.clip(x, 0, 1))
    return 196 - 134 * (step((s - 1) / 2) - step((s - 3 - 0.45 * ((b - a) / 50 - 6)) / 2))


def check_vane(path):
    """The Y factor gives receiver temperature and gain back, to the white noise of the means."""
    fraction = vane_fraction(path)
    with h5py.File(path) as f, h5py.File(truth_of(path)) as t:
        a, b = t["vanes"][0]
        event = np.zeros(N_SAMPLES, bool)
        event[a:b] = True
        tod = f["spectrometer/tod"][:2, :, :, :b] / (1 + t["dg"][:, :, :b].astype(float))[:, :, None]
        is_hot, is_cold = (event & (fraction == 1))[:b], event[:b] & (vane_angle_deg(a, b) > 180)
        hot, cold = tod[..., is_hot].mean(-1), tod[..., is_cold].mean(-1)
        t_hot, t_rx = 291.15, t["t_rx"][...]
        t_cold = t["tsys_cold"][...] - t_rx
        y = hot / cold
        measured = (t_hot - y * t_cold) / (y - 1)
        gain = (hot - cold) / (t_hot - t_cold)
        white = np.sqrt((1 / is_hot.sum() + 1 / is_cold.sum()) / (2e9 / 32 * 0.02))
        error = (t_cold + t_rx) * (t_hot + t_rx) / (t_hot - t_cold) * white
        pull = ((measured - t_rx) / error)[np.isfinite(hot)]
        assert pull.size >= hot.size - 32, pull.size
        assert abs(pull.std() - 1) < 5 / np.sqrt(2 * pull.size) and abs(pull.mean()) < 5 / np.sqrt(pull.size), (
            pull.mean(), pull.std())
        assert np.nanmax(np.abs(gain / t["gain"][...] - 1)) < 5e-3


def check_faults(path):
    with h5py.File(path) as f, h5py.File(truth_of(path)) as t:
        lost = np.zeros(f["spectrometer/tod"].shape, bool)
        for feed, band, sample in t["nan_time"][...]:
            lost[feed, band, :, sample] = True
        for feed, band, channel in t["nan_channels"][...]:
            lost[feed, band, channel] = True
        assert (np.isnan(f["spectrometer/tod"][...]) == lost).all() and lost.any()
        assert len(t["spikes"]) == 6 and len(t["spiky_channels"]) == 2 * 4 * 2
        for feed, band, channel in t["spiky_channels"][...]:
            assert t["t_rx"][feed, band, channel] > 90


def check_calibrator(path):
    with h5py.File(path) as f, h5py.File(truth_of(path)) as t:
        assert f["comap"].attrs["source"] in ("TauA", b"TauA")
        source = SkyCoord(l=t["sky/sources"][0, 0] * u.deg, b=t["sky/sources"][0, 1] * u.deg, frame="galactic")
        assert source.separation(SkyCoord("05h34m31.94s +22d00m52.2s")).arcsec < 1
        # 336.7 Jy in a Gaussian beam of 4.5 arcmin: T = S lambda^2 / (2 k Omega).
        omega = 2 * np.pi * np.radians(4.5 / 60) ** 2 / (8 * np.log(2))
        kelvin = 336.7e-26 * (299792458.0 / 30e9) ** 2 / (2 * 1.380649e-23 * omega)
        assert abs(t["sky/sources"][0, 2] / kelvin - 1) < 1e-6


def check_lissajous(directory):
    simulate(directory, ["calibrator_pattern=lissajous", "n_observations=0"])
    (path,) = level1_of(directory)
    with h5py.File(path) as f:
        scan_mjd = f["spectrometer/MJD"][...][f["spectrometer/features"][...] == 2**5]
        track_mjd = f["hk/antenna0/deTracker/utc"][...]
        inside = (track_mjd >= scan_mjd[0]) & (track_mjd <= scan_mjd[-1])
        assert (f["hk/antenna0/deTracker/lissajous_status"][...] == inside).all() and inside.any()


def check_chunked(directory, contiguous_path):
    extra = ["n_observations=1", "n_calibrators=0", "storage=chunked", "chunk_samples=1000", "gzip_level=3"]
    simulate(directory, extra)
    (path,) = level1_of(directory)
    with h5py.File(path) as f, h5py.File(contiguous_path) as g:
        tod = f["spectrometer/tod"]
        assert tod.chunks == (1, 4, 32, 1000) and tod.compression == "gzip" and tod.compression_opts == 3
        assert not tod.shuffle and not tod.fletcher32
        assert np.array_equal(tod[...], g["spectrometer/tod"][...], equal_nan=True)


def check_reruns(directory):
    """A second run keeps the files; other settings make them again; a dry run and an error write nothing."""
    before = {n: os.stat(os.path.join(directory, n)).st_mtime_ns for n in names(directory)}
    text = simulate(directory)
    assert "4 kept" in text, text
    assert before == {n: os.stat(os.path.join(directory, n)).st_mtime_ns for n in names(directory)}
    simulate(directory, ["gain_sigma=2e-3"], options=["--dry-run"])
    assert before == {n: os.stat(os.path.join(directory, n)).st_mtime_ns for n in names(directory)}
    text = simulate(directory, ["gain_sigma=2e-3"])
    assert "4 written" in text, text
    with h5py.File(truth_of(level1_of(directory)[0])) as t:
        assert json.loads(t.attrs["config"])["sigma_red"] == 2e-3


def check_refusals(directory):
    text = simulate(directory, ["hour_angles_h=[6.0]"], expect=2)
    assert "elevation" in text and "hour angle" in text, text
    text = simulate(directory, ["line_source=99"], expect=2)
    assert "line_source" in text, text
    assert names(directory) == []


def main():
    scratch = sys.argv[1]
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    one, three = os.path.join(scratch, "one"), os.path.join(scratch, "three")
    text = simulate(one)
    assert "4 written" in text, text
    paths = level1_of(one)
    assert len(paths) == 4 and len(names(one)) == 8, names(one)
    for path in paths[:3]:
        check_layout(path)
        check_positions(path)
        check_course(path)
        check_physics(path)
        check_vane(path)
        check_faults(path)
    check_calibrator(paths[3])
    simulate(three, ranks=3)
    same = filecmp.cmpfiles(one, three, names(one), shallow=False)
    assert sorted(same[0]) == names(one) == names(three), same
    check_chunked(os.path.join(scratch, "chunked"), paths[0])
    check_lissajous(os.path.join(scratch, "lissajous"))
    check_reruns(three)
    check_refusals(os.path.join(scratch, "refused"))


if __name__ == "__main__":
    main()
