#!/usr/bin/env python3
"""Hold destriped maps of simulated observations against their truth.

    map_metrics.py [--feeds 1 2 3] [--json FILE] --truth TRUTH... -- MAP...
    map_metrics.py --truth level1/*_truth.hdf5 -- maps/map_band0.fits

TRUTH are the sidecar files `..._truth.hdf5` that lie beside simulated Level-1 files; MAP are maps of comap_mpi (the
frequency_band is read from the header: FREQBAND).

The truth map is the noiseless sky without lines, at the true position of every sample inside scans, binned with
weights 1/sigma^2, sigma = median cold Tsys of the half band / sqrt(1 GHz x 0.02 s); e = 1/sqrt(sum of weights). The
channels are those of the map's own configuration (edge_cut_fraction, centre_cut_fraction; table CONFIG or HISTORY).

    slope, correlation   weighted regression of the map on the truth, with a free constant
    residual/white       rms of (what the regression leaves / e)
    small                the same after an 8-pixel Gaussian-smoothed background, normalised by coverage, is subtracted
                         from both

Slopes of 0.996-0.998 are what a perfect map shows: the vane calibrates against an atmosphere colder than itself.
White noise alone gives residual/white of about 1.1, since the channels that are cut are not in e: 1.07 for the band
edges, 3 % more with the default cut around the centre.
"""

import argparse
import json
import re
import sys
from typing import NamedTuple

import h5py
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_matrix
from scipy.spatial import cKDTree

from healpix_pixels import nested_pixel

BANDWIDTH_HZ = 1e9
SAMPLE_TIME_S = 0.02
BACKGROUND_SIGMA_PIXELS = 8.0
PIVOT_GHZ = 30.0


class ChannelCuts(NamedTuple):
    """Shares of the channels of a band that are not used, as [level2.gain_filter] has them."""
    edge: float = 0.0625  # at either end
    centre: float = 0.0  # around the middle


def cuts_of_text(text):
    """From a configuration, which may be broken into lines; the defaults where it does not tell."""
    found = {name: re.search(rf"\b{name}_cut_fraction\s*=\s*([0-9.eE+-]+)", text) for name in ChannelCuts._fields}
    return ChannelCuts(**{name: float(match[1]) for name, match in found.items() if match})


def cuts_of_map(hdus):
    if "CONFIG" in hdus:
        return cuts_of_text("\n".join(hdus["CONFIG"].data["LINE"]))
    return cuts_of_text("\n".join(map(str, hdus[0].header.get("HISTORY", []))))


def cuts_of_level2(file):
    """Of an open Level-2 file."""
    record = file["comap_mpi/stages/gain_filter"].attrs["parameters"]
    parameters = json.loads(record.decode() if isinstance(record, bytes) else record)
    return ChannelCuts(parameters["edge_cut_fraction"], parameters["centre_cut_fraction"])


def separation_deg(l_deg, b_deg, l0_deg, b0_deg):
    """Angle between positions and one point, stable for small angles."""
    l_rad, b_rad, l0, b0 = (np.radians(x) for x in (l_deg, b_deg, l0_deg, b0_deg))
    chord = np.sin((b_rad - b0) / 2) ** 2 + np.cos(b_rad) * np.cos(b0) * np.sin((l_rad - l0) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(chord, 0, 1))))


def spectral_factor(beta, frequency_GHz, weights):
    """Mean over channels of (nu / 30 GHz)^beta."""
    return float(np.sum(weights * (frequency_GHz / PIVOT_GHZ) ** beta) / np.sum(weights))


def sky_K(truth, l_deg, b_deg, frequency_GHz, weights):
    """Noiseless continuum at positions, averaged over channels."""
    total = np.zeros_like(l_deg)
    for l0, b0, peak, fwhm_arcmin, beta in np.atleast_2d(truth["sky/sources"][...]):
        sigma_deg = fwhm_arcmin / 60 / np.sqrt(8 * np.log(2))
        profile = np.exp(-0.5 * (separation_deg(l_deg, b_deg, l0, b0) / sigma_deg) ** 2)
        total += peak * spectral_factor(beta, frequency_GHz, weights) * profile
    if "sky/ridge" in truth:
        b0, sigma_b, peak, beta, modulation, period = truth["sky/ridge"][...]
        profile = np.exp(-0.5 * ((b_deg - b0) / sigma_b) ** 2) * (1 + modulation * np.sin(2 * np.pi * l_deg / period))
        total += peak * spectral_factor(beta, frequency_GHz, weights) * profile
    return total


def half_band(truth, frequency_band):
    """Band and channels of a half band, in stored order."""
    band, half = divmod(frequency_band, 2)
    n_channel = truth["frequency"].shape[1]
    return band, slice(half * n_channel // 2, (half + 1) * n_channel // 2)


def channel_weights(truth, feed, band, channels, cuts=ChannelCuts()):
    """1/T^2 of the channels that are not cut at the edges and around the centre of the band."""
    n_channel = truth["frequency"].shape[1]
    cut = int(round(cuts.edge * n_channel))
    inside = np.zeros(n_channel, bool)
    inside[cut:n_channel - cut] = True
    centre = np.arange(n_channel) + 0.5
    inside &= np.abs(centre - 0.5 * n_channel) >= 0.5 * cuts.centre * n_channel
    tsys_K = truth["tsys_cold"][feed, band, :]
    return (inside / tsys_K**2)[channels]


class ImageGrid:
    """Pixels of an image, [y * n_x + x]."""

    def __init__(self, wcs, shape):
        self.wcs, self.shape, self.n_pixels = wcs, shape, shape[0] * shape[1]

    def index(self, l_deg, b_deg):
        """Place of the pixel of each position; -1 where there is none."""
        x, y = np.floor(np.array(self.wcs.all_world2pix(l_deg, b_deg, 0)) + 0.5).astype(int)
        inside = (x >= 0) & (x < self.shape[1]) & (y >= 0) & (y < self.shape[0])
        return np.where(inside, y * self.shape[1] + x, -1)

    def without_background(self, image, covered):
        return without_background(image.reshape(self.shape), covered.reshape(self.shape)).ravel()


class HealpixGrid:
    """Pixels of a HEALPix table, in its order."""

    def __init__(self, table):
        self.nside, self.pixel = table.header["NSIDE"], table.data["PIXEL"].astype(np.int64)
        self.n_pixels = self.pixel.size
        self.centre_deg = np.zeros((2, self.n_pixels))  # last position seen in each pixel, good to half a pixel

    def index(self, l_deg, b_deg):
        pixel = nested_pixel(self.nside, l_deg, b_deg)[0]
        place = np.minimum(np.searchsorted(self.pixel, pixel), self.n_pixels - 1)
        found = self.pixel[place] == pixel
        self.centre_deg[:, place[found]] = np.array([l_deg, b_deg])[:, found]
        return np.where(found, place, -1)

    def without_background(self, image, covered):
        sigma_deg = BACKGROUND_SIGMA_PIXELS * np.sqrt(41252.96 / (12 * self.nside**2))
        l_deg, b_deg = self.centre_deg[:, covered]
        tree = cKDTree(np.column_stack([l_deg * np.cos(np.radians(b_deg.mean())), b_deg]))
        distances = tree.sparse_distance_matrix(tree, 4 * sigma_deg, output_type="coo_matrix")
        weight = coo_matrix((np.exp(-0.5 * (distances.data / sigma_deg) ** 2), (distances.row, distances.col)),
                            shape=distances.shape).tocsr()
        result = np.zeros(self.n_pixels)
        result[covered] = image[covered] - weight @ image[covered] / np.asarray(weight.sum(axis=1)).ravel()
        return result


def without_background(image, covered):
    """Image minus its smoothed self, the smoothing normalised by coverage."""
    smooth = gaussian_filter(np.where(covered, image, 0.0), BACKGROUND_SIGMA_PIXELS)
    coverage = gaussian_filter(covered.astype(float), BACKGROUND_SIGMA_PIXELS)
    return image - smooth / np.maximum(coverage, 1e-12)


def truth_map(paths, wcs, shape, frequency_band, feeds, cuts=ChannelCuts()):
    """Binned noiseless sky [K] and its white noise e [K] as images; NaN where there is no sample."""
    truth, e = binned_truth(paths, ImageGrid(wcs, shape), frequency_band, feeds, cuts)
    return truth.reshape(shape), e.reshape(shape)


def binned_truth(paths, grid, frequency_band, feeds, cuts=ChannelCuts()):
    """The same for the pixels of any grid."""
    weight_sum, sky_sum = np.zeros(grid.n_pixels), np.zeros(grid.n_pixels)
    for path in paths:
        with h5py.File(path) as truth:
            band, channels = half_band(truth, frequency_band)
            frequency_GHz = truth["frequency"][band, channels]
            inside = np.zeros(truth["galactic_l"].shape[1], bool)
            for start, end in truth["scans"][...]:
                inside[start:end] = True
            for feed in range(truth["galactic_l"].shape[0]):
                if feeds and feed + 1 not in feeds:
                    continue
                l_deg, b_deg = truth["galactic_l"][feed, inside], truth["galactic_b"][feed, inside]
                tsys_K = np.median(truth["tsys_cold"][feed, band, channels])
                weight = BANDWIDTH_HZ * SAMPLE_TIME_S / tsys_K**2
                weights = channel_weights(truth, feed, band, channels, cuts)
                sky = sky_K(truth, l_deg, b_deg, frequency_GHz, weights)
                index = grid.index(l_deg, b_deg)
                good = index >= 0
                np.add.at(weight_sum, index[good], weight)
                np.add.at(sky_sum, index[good], weight * sky[good])
    with np.errstate(invalid="ignore", divide="ignore"):
        return sky_sum / weight_sum, np.where(weight_sum > 0, 1 / np.sqrt(weight_sum), np.nan)


def regression(image, truth, e, covered):
    y, x, weight = image[covered], truth[covered], 1 / e[covered] ** 2
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    xx = np.sum(weight * (x - mean_x) ** 2)
    yy = np.sum(weight * (y - mean_y) ** 2)
    xy = np.sum(weight * (x - mean_x) * (y - mean_y))
    slope = xy / xx
    residual = y - mean_y - slope * (x - mean_x)
    over_white = np.sqrt(np.mean((residual / e[covered]) ** 2))
    error = over_white / np.sqrt(xx)
    return {"slope": slope, "slope_error": error, "correlation": xy / np.sqrt(xx * yy), "residual_over_white": over_white}


def metrics_of(path, truth_paths, feeds, frequency_band):
    with fits.open(path) as hdus:
        header = hdus[0].header
        if "HEALPIX" in hdus:
            grid, image = HealpixGrid(hdus["HEALPIX"]), hdus["HEALPIX"].data["DESTRIPED"].astype(float)
        else:
            grid, image = ImageGrid(WCS(header), hdus[0].data.shape), hdus[0].data.astype(float).ravel()
        if frequency_band is None:
            frequency_band = header["FREQBAND"]
        truth, e = binned_truth(truth_paths, grid, frequency_band, feeds, cuts_of_map(hdus))
    covered = np.isfinite(image) & np.isfinite(truth)
    small = [grid.without_background(np.where(covered, values, 0.0), covered) for values in (image, truth)]
    return {
        "map": path,
        "frequency_band": int(frequency_band),
        "n_pixels": int(covered.sum()),
        "all": regression(image, truth, e, covered),
        "small": regression(small[0], small[1], e, covered),
    }


def print_table(results):
    print(f"{'map':40} {'band':>4} {'pixels':>7} {'slope all / small':>20} {'corr all / small':>17} {'residual/white':>16}")
    for result in results:
        large, small = result["all"], result["small"]
        print(
            f"{result['map'][-40:]:40} {result['frequency_band']:4d} {result['n_pixels']:7d} "
            f"{large['slope']:11.3f} / {small['slope']:.3f} {large['correlation']:9.3f} / {small['correlation']:.3f} "
            f"{large['residual_over_white']:8.2f} / {small['residual_over_white']:.2f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", nargs="+", metavar="MAP")
    parser.add_argument("--truth", nargs="+", required=True, metavar="TRUTH")
    parser.add_argument("--feeds", nargs="+", type=int, default=[], help="feeds in the map (default: all)")
    parser.add_argument("--band", type=int, help="frequency_band of maps whose header does not tell")
    parser.add_argument("--json", metavar="FILE", help="also write the numbers there")
    arguments = parser.parse_args()
    results = [metrics_of(path, arguments.truth, arguments.feeds, arguments.band) for path in arguments.maps]
    print_table(results)
    if arguments.json:
        with open(arguments.json, "w") as out:
            json.dump(results, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
