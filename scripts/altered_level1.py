"""Copies of simulated Level-1 files with a fault put in, the truth beside them as it was."""
import shutil

import h5py
import numpy as np

SAMPLE_TIME_S = 0.02
REFERENCE_HZ = 0.1
GAIN_ALPHA = -1.3


def altered_copies(source, target, alter):
    """Copies every observation of `source` to `target` and calls alter(tod, truth, random generator) on its counts
    [feed][band][channel][sample], a change in place."""
    target.mkdir(parents=True)
    for truth_path in sorted(source.glob("*_truth.hdf5")):
        level1_path = truth_path.with_name(truth_path.name.replace("_truth.hdf5", ".hd5"))
        shutil.copy(level1_path, target)
        shutil.copy(truth_path, target)
        (target / level1_path.name).chmod(0o644)
        with h5py.File(target / level1_path.name, "r+") as level1, h5py.File(truth_path) as truth:
            tod = level1["spectrometer/tod"][...]
            alter(tod, truth, np.random.default_rng(int(level1_path.name.split("-")[1])))
            level1["spectrometer/tod"][...] = tod


def miscalibrated(factors):
    """The vane's gain of band b comes out `factors[b]` too high: counts outside scans are multiplied."""
    def alter(tod, truth, _):
        scans = truth["scans"][...]
        for band, factor in factors.items():
            tod[:, band, :, :scans[0][0]] *= factor
            tod[:, band, :, scans[-1][1]:] *= factor
    return alter


def red_noise(n, sigma, generator):
    """|FFT|^2 / n = sigma^2 (f / 0.1 Hz)^-1.3, no mean."""
    frequency_Hz = np.fft.rfftfreq(n, SAMPLE_TIME_S)
    frequency_Hz[0] = np.inf
    spectrum = np.fft.rfft(generator.normal(0.0, sigma, n)) * (frequency_Hz / REFERENCE_HZ) ** (GAIN_ALPHA / 2)
    return np.fft.irfft(spectrum, n)


def unstable_spikes(sigma):
    """The receiver temperature of every channel of high temperature has 1/f noise of its own."""
    def alter(tod, truth, generator):
        for feed, band, channel in truth["spiky_channels"][...]:
            receiver_counts = truth["gain"][feed, band, channel] * truth["t_rx"][feed, band, channel]
            tod[feed, band, channel] += receiver_counts * red_noise(tod.shape[-1], sigma, generator)
    return alter
