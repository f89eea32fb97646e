#!/usr/bin/env python3
"""check_map_file.py MAP.fits PIXELS.csv ARRAYS.f32: reads a map with astropy and compares it with what was written.

PIXELS.csv has columns x, y, longitude_deg, latitude_deg by our own code; ARRAYS.f32 the four float images and the mask
as float32. Any difference is an exception.
"""
import sys
import warnings

import numpy as np
from astropy.coordinates import angular_separation
from astropy.io import fits
from astropy.wcs import WCS

MAX_SEPARATION_ARCSEC = 0.01


def check_positions(header, pixels):
    x, y, lon, lat = pixels.T
    world_lon, world_lat = WCS(header).wcs_pix2world(x, y, 0)
    separation = np.degrees(angular_separation(*np.radians([world_lon, world_lat, lon, lat]))) * 3600
    assert separation.max() < MAX_SEPARATION_ARCSEC, f"{separation.max()} arcsec"


def check_image(hdu, expected, mask, unit):
    header = hdu.header
    assert hdu.data.dtype.kind + str(hdu.data.dtype.itemsize) == "f4", hdu.data.dtype
    assert np.isnan(hdu.data[mask != 0]).all(), "not NaN under the mask"
    np.testing.assert_array_equal(hdu.data[mask == 0], expected[mask == 0])
    assert header.get("BUNIT", "") == unit
    np.testing.assert_allclose([header["DATAMIN"], header["DATAMAX"]], [np.nanmin(hdu.data), np.nanmax(hdu.data)])


def main(map_path, pixels_path, arrays_path):
    warnings.simplefilter("error")
    pixels = np.loadtxt(pixels_path, delimiter=",")
    with fits.open(map_path, checksum=True) as file:
        assert [hdu.name for hdu in file[1:]] == ["NAIVE", "HITS", "RMS", "MASK", "OBSIDS", "CUTS", "CONFIG"], file.info()
        images = np.fromfile(arrays_path, np.float32).reshape(5, *file[0].data.shape)
        mask = file["MASK"].data
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, images[4])
        for hdu, expected, unit in zip(file[:4], images, ("K", "K", "", "K")):
            check_image(hdu, expected, mask, unit)
        for hdu in file[:5]:
            check_positions(hdu.header, pixels)
        for hdu in file:
            assert "DATE" in hdu.header and "CHECKSUM" in hdu.header and "DATASUM" in hdu.header
        header = file[0].header
        assert header["ORIGIN"] == "COMAP" and header["OFFSETL"] == 100 and header["CONVERGD"] is True
        assert header["RESIDUAL"] == 8.7e-7 and header["FEEDS"].endswith("longer than one card")
        assert "MEAN_AZ" not in header
        assert " ".join("".join(header["HISTORY"]).split()).endswith("FITS header")
        assert not any(card[8:10] == "= " for card in map(str, header.cards["HISTORY"])), "looks like a value"
        assert list(file["CONFIG"].data["LINE"]) == ["[mapmake]", "", 'name = "a # b"']
        if header["CTYPE1"].startswith("RA"):
            assert header["RADESYS"] == "ICRS"
        table = file["OBSIDS"].data
        assert list(table["OBSID"]) == [7206, 30001, 101430] and list(table["N_SAMPLES"]) == [120000, 98765, 1]
        table = file["CUTS"].data
        assert table["SAMPLES"].tolist() == [7000, 0, 50] and table["BRIGHT"].tolist() == [5, 0, 0]
        assert list(table["REASON"]) == ["", "feed not in the file", "flagged bad"]
        assert table["SCAN"].tolist() == [3, -1, 0]


if __name__ == "__main__":
    main(*sys.argv[1:])
