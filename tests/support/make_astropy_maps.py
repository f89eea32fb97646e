#!/usr/bin/env python3
"""make_astropy_maps.py DIRECTORY: maps as comap_mpi lays them out, written by astropy and h5py, with known differences.

a.fits      6 x 5 pixels; b.fits: another offset_length, one observation more, 0.25 mK added, one pixel lost, one gained
grid.fits   a.fits with another CRPIX1
float64.fits  a.fits in float64 without OBSIDS and HISTORY, as another program might write it
a.hd5       a.fits as HDF5
broken.fits, broken.hd5  a.fits and a.hd5 without RMS
planck.fits a table HEALPIX in RING order
"""
import pathlib
import sys

import h5py
import numpy as np
from astropy.io import fits

CONFIG = """[mapmake]
name = "%s"                         # files are <name>_band<k>.fits
feeds = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
    19,
]
offset_length = %d                  # samples of an offset; a comment that is
longer than a line of HISTORY
sources = "a # in quotes"
fit_airmass = true

[level2.gain_filter]
method = "maximum_posterior"        # maximum_posterior | least_squares
"""


def headers(offset_length, version):
    header = fits.Header()
    for axis, (kind, value) in enumerate((("GLON-CAR", 30.0), ("GLAT-CAR", 0.0)), 1):
        header[f"CTYPE{axis}"], header[f"CRVAL{axis}"], header[f"CRPIX{axis}"] = kind, value, 3.0
        header[f"CDELT{axis}"], header[f"CUNIT{axis}"] = (-1 if axis == 1 else 1) / 60, "deg"
    image = header.copy()
    header["SWVER"], header["OFFLEN"], header["CONVERGD"], header["RESID"] = version, offset_length, True, 8.7e-7
    header["FEEDS"] = ",".join(["1-19"] * 15)  # longer than a card
    return header, image


def write(path, name, offset_length, version, observations, change, dtype=np.float32):
    header, image_header = headers(offset_length, version)
    y, x = np.mgrid[:5, :6]
    mask = np.zeros((5, 6), np.uint8)
    mask[0] = 1
    mask[change["lost"]] = 4
    if "gained" in change:
        mask[change["gained"]] = 0
    images = {"": 1e-3 * (x + 10 * y), "NAIVE": 2e-3 * (x - y), "HITS": 5.0 + x, "RMS": np.full((5, 6), 5e-4)}
    images[""] = images[""] + change["added_K"]
    hdus = [fits.PrimaryHDU(np.where(mask == 0, images[""], np.nan).astype(dtype), header)]
    if dtype == np.float32:
        hdus[0].header.add_history("Selection:")
        hdus[0].header.add_history("Effective configuration:")
        for line in (CONFIG % (name, offset_length)).splitlines():
            hdus[0].header.add_history(line if line else " ")
    for hdu_name in ("NAIVE", "HITS", "RMS"):
        hdus.append(fits.ImageHDU(np.where(mask == 0, images[hdu_name], np.nan).astype(dtype), image_header, hdu_name))
    hdus.append(fits.ImageHDU(mask, image_header, "MASK"))
    if observations:
        columns = [fits.Column(name, "K", array=np.array(values, np.int64))
                   for name, values in zip(("OBSID", "N_SAMPLES"), zip(*observations))]
        hdus.append(fits.BinTableHDU.from_columns(columns, name="OBSIDS"))
    fits.HDUList(hdus).writeto(path, overwrite=True)


def write_hdf5(path, hdus):
    """The same content: images in lower case, cards as attributes, flags as numbers."""
    with h5py.File(path, "w") as file:
        for name, hdu in zip(("destriped", "naive", "hits", "rms", "mask"), hdus):
            file[name] = hdu.data.astype(np.uint8 if name == "mask" else np.float32)
        for key, value in hdus[0].header.items():
            if key != "HISTORY":
                file.attrs[key] = int(value) if isinstance(value, bool) else value
        file.attrs["HISTORY"] = "\n".join(hdus[0].header["HISTORY"]) + "\n"
        for column in ("OBSID", "N_SAMPLES"):
            file[f"observations/{column.lower()}"] = hdus["OBSIDS"].data[column].astype(np.int64)


def main(directory):
    directory = pathlib.Path(directory)
    same = {"lost": (4, 5), "added_K": 0.0}
    write(directory / "a.fits", "first", 25, "0.2.0", [(7, 1000), (9, 500)], same)
    write(directory / "b.fits", "second", 100, "0.3.0", [(7, 990), (9, 500), (11, 3)],
          {"lost": (4, 4), "gained": (4, 5), "added_K": 2.5e-4})
    write(directory / "float64.fits", "first", 25, "0.2.0", [], same, np.float64)
    with fits.open(directory / "a.fits") as hdus:
        for name in ("a.hd5", "broken.hd5"):
            write_hdf5(directory / name, hdus)
        with h5py.File(directory / "broken.hd5", "a") as file:
            del file["rms"]
        hdus[0].header["CRPIX1"] = 4.0
        hdus.writeto(directory / "grid.fits", overwrite=True)
        del hdus["RMS"]
        hdus.writeto(directory / "broken.fits", overwrite=True)
    table = fits.BinTableHDU.from_columns([fits.Column("TEMPERATURE", "E", array=np.zeros(12))], name="HEALPIX")
    table.header["NSIDE"], table.header["ORDERING"], table.header["COORDSYS"] = 1, "RING", "G"
    table.writeto(directory / "planck.fits", overwrite=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
