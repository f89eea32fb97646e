"""What a gain filter leaves in the time streams of simulated observations: noise by frequency, the strength of a line; and
the noise power of a map by angular scale."""
import h5py
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from level2_truth import amplitudes
from map_metrics import (BANDWIDTH_HZ, SAMPLE_TIME_S, channel_weights, cuts_of_level2, cuts_of_map, half_band,
                         separation_deg, sky_K, truth_map)

NOISE_BANDS_HZ = [(0.02, 0.06), (0.06, 0.15), (0.15, 0.4), (0.4, 1), (1, 3), (3, 8), (10, 25)]
LINE_NOISE_BANDS_HZ = [(0.1, 1), (5, 25)]
ARCMIN_PER_DEG = 60.0
MAX_CHANNELS = 64
# Periods of the sky structure that a 4.5 arcmin beam just resolves, and larger ones [arcmin].
BEAM_SCALE_ARCMIN, LARGE_SCALE_ARCMIN = (4.5, 9.0), (15.0, 60.0)


def band_means(x, bands_Hz):
    """Mean of |FFT|^2 / n between frequencies."""
    power = np.abs(np.fft.rfft(x - x.mean())) ** 2 / x.size
    frequency_Hz = np.fft.rfftfreq(x.size, SAMPLE_TIME_S)
    return np.array([power[(frequency_Hz >= low) & (frequency_Hz < high)].mean() for low, high in bands_Hz])


def without_drifts(x, elevation_deg, relative_tau):
    """Minus constant, slope in time and the atmosphere, whose opacity varied by the true `relative_tau` [sample]."""
    time = np.linspace(-1, 1, x.size)
    airmass = 1 / np.sin(np.radians(elevation_deg))
    model = np.stack([np.ones(x.size), time, airmass - airmass.mean(), airmass * (relative_tau - relative_tau.mean())])
    return x - np.linalg.lstsq(model.T, x, rcond=1e-8)[0] @ model


def bridged(x, lost_samples):
    good = np.isfinite(x)
    good[lost_samples] = False
    index = np.arange(x.size)
    return np.interp(index, index[good], x[good])


def glitch_samples(truth, feed, start, end):
    return [int(t) - start for f, t, _ in truth["spikes"][...] if int(f) == feed and start <= t < end]


def scan_temperature_K(level1, level2, feed, band, channels, start, end):
    """Median over channels of the total system temperature m of a scan, of one chunk of channels and every tenth sample."""
    middle = (channels.start + channels.stop) // 2
    some = slice(max(channels.start, middle - MAX_CHANNELS // 2), min(channels.stop, middle + MAX_CHANNELS // 2))
    counts = np.median(level1["spectrometer/tod"][feed, band, some, start:end][:, ::10], axis=1)
    return np.nanmedian(counts / level2["level2/vane/gain"][0, feed, band, some])


def noise_power(level2_path, truth_path, dataset, sky_factor, element=0):
    """Power in NOISE_BANDS_HZ over that of 1 GHz at the median system temperature of the scan; true sky, airmass and slope
    removed; [feed and scan][band]."""
    rows = []
    level1_path = str(truth_path).replace("_truth.hdf5", ".hd5")
    with h5py.File(level2_path) as level2, h5py.File(truth_path) as truth, h5py.File(level1_path) as level1:
        band, channels = half_band(truth, element)
        for feed in range(truth["galactic_l"].shape[0]):
            for start, end in level2["level2/scan_edges"][...]:
                temperature_K = scan_temperature_K(level1, level2, feed, band, channels, start, end)
                radiometer_K2 = temperature_K**2 / (BANDWIDTH_HZ * SAMPLE_TIME_S)
                x = level2[f"level2/{dataset}"][feed, band, element % 2, start:end].astype(float)
                sky = sky_K(truth, truth["galactic_l"][feed, start:end], truth["galactic_b"][feed, start:end],
                            truth["frequency"][band, channels],
                            channel_weights(truth, feed, band, channels, cuts_of_level2(level2)))
                x = bridged(x - sky_factor * sky, glitch_samples(truth, feed, start, end))
                elevation_deg = level2["spectrometer/pixel_pointing/pixel_el"][feed, start:end]
                rows.append(band_means(without_drifts(x, elevation_deg, truth["tau_t"][start:end]), NOISE_BANDS_HZ) / radiometer_K2)
    return rows


def source_amplitudes(level2_path, truth_path):
    """Mean over feeds of the amplitude over truth, and its scatter, per half band."""
    with h5py.File(level2_path) as level2, h5py.File(truth_path) as truth:
        values = np.array(amplitudes(level2, truth))
    return values.mean(axis=0), values.std(axis=0)


def line_profile(truth, l_deg, b_deg, frequency_GHz, weights):
    """The line of the truth, averaged over channels [K]."""
    source, peak_K, centre_GHz, fwhm_GHz = truth["sky/line"][...]
    l0, b0, _, fwhm_arcmin, _ = np.atleast_2d(truth["sky/sources"][...])[int(source)]
    to_sigma = np.sqrt(8 * np.log(2))
    shape = np.exp(-0.5 * ((frequency_GHz - centre_GHz) / (fwhm_GHz / to_sigma)) ** 2)
    beam = np.exp(-0.5 * (separation_deg(l_deg, b_deg, l0, b0) / (fwhm_arcmin / ARCMIN_PER_DEG / to_sigma)) ** 2)
    return peak_K * np.average(shape, weights=weights) * beam


def narrow_streams(level2, truth, dataset, n_freq_bin, has_continuum):
    """Of every feed and scan, for the sub-band that holds the line's centre: the stream without the true continuum, the true
    line, and the sum of 1/m^2 over its channels."""
    frequency = truth["frequency"][...]
    band, channel = np.unravel_index(np.abs(frequency - truth["sky/line"][2]).argmin(), frequency.shape)
    n_channel = frequency.shape[1]
    sub_band = next(i for i in range(n_freq_bin) if channel < (i + 1) * n_channel // n_freq_bin)
    channels = slice(sub_band * n_channel // n_freq_bin, (sub_band + 1) * n_channel // n_freq_bin)
    for feed in range(truth["galactic_l"].shape[0]):
        weights = 1 / truth["tsys_cold"][feed, band, channels] ** 2
        for start, end in level2["level2/scan_edges"][...]:
            line = line_profile(truth, truth["galactic_l"][feed, start:end], truth["galactic_b"][feed, start:end],
                                frequency[band, channels], weights)
            x = level2[f"level2/{dataset}"][feed, band, sub_band, start:end].astype(float)
            if np.isfinite(x).mean() < 0.5:
                continue
            if has_continuum:
                x = x - sky_K(truth, truth["galactic_l"][feed, start:end], truth["galactic_b"][feed, start:end],
                              frequency[band, channels], weights)
            temperature_K = level2["level2/gain_filter/effective_tsys"][feed, band, sub_band, 0]
            yield bridged(x, glitch_samples(truth, feed, start, end)), line, weights.size / temperature_K**2


def line_metrics(pairs, dataset, n_freq_bin, has_continuum):
    """Slope of the streams on the true line with a free constant in every scan, its error, and the noise power over white
    in LINE_NOISE_BANDS_HZ, of the narrow sub-band around the line."""
    xx = xy = residual = n = 0.0
    noise = []
    for level2_path, truth_path in pairs:
        with h5py.File(level2_path) as level2, h5py.File(truth_path) as truth:
            width_Hz = np.abs(np.diff(truth["frequency"][0])).mean() * 1e9
            for x, line, weight in narrow_streams(level2, truth, dataset, n_freq_bin, has_continuum):
                white_K2 = 1 / (weight * width_Hz * SAMPLE_TIME_S)
                noise.append(band_means(x - line, LINE_NOISE_BANDS_HZ) / white_K2)
                x, line = x - x.mean(), line - line.mean()
                xx, xy = xx + line @ line, xy + line @ x
                residual, n = residual + np.sum((x - line) ** 2), n + x.size
    return xy / xx, np.sqrt(residual / n / xx), np.mean(noise, axis=0)


def residual_map(path, truth_paths, feeds):
    """Map minus truth on the pixels that have both, else NaN [K]."""
    with fits.open(path) as hdus:
        image, header, cuts = hdus[0].data.astype(float), hdus[0].header, cuts_of_map(hdus)
    truth, _ = truth_map(truth_paths, WCS(header), image.shape, header["FREQBAND"], feeds, cuts)
    return image - truth, abs(header["CDELT2"]) * ARCMIN_PER_DEG


def scale_power(residuals, pixel_arcmin, period_arcmin):
    """Mean |FFT|^2 of maps on the pixels that all of them have, over structure of these periods; [map]."""
    covered = np.all(np.isfinite(residuals), axis=0)
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    box = np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(covered[box].shape[0], pixel_arcmin),
                                      np.fft.fftfreq(covered[box].shape[1], pixel_arcmin), indexing="ij"))
    chosen = (frequency >= 1 / period_arcmin[1]) & (frequency < 1 / period_arcmin[0])
    maps = [np.where(covered, image - image[covered].mean(), 0.0)[box] for image in residuals]
    return [float(np.mean(np.abs(np.fft.fft2(image)[chosen]) ** 2)) for image in maps]
