#!/usr/bin/python3
"""check_healpix_file.py MAP.fits ARRAYS.f32 COORDSYS: a HEALPix map read by astropy as healpy.read_map does it.

ARRAYS.f32 has the four float columns and the mask as float32. Any difference is an exception.
"""
import sys
import warnings

import numpy as np
from astropy.io import fits

FIRST_PIXEL, STEP, NSIDE = 5_000_000, 3, 1024


def read_partial_map(table, column):
    """The whole sky, NaN where there is no pixel; what healpy does with partial maps."""
    header = table.header
    assert header["PIXTYPE"] == "HEALPIX" and header["ORDERING"] == "NESTED"
    assert header["OBJECT"] == "PARTIAL" and header["INDXSCHM"] == "EXPLICIT"
    assert header["FIRSTPIX"] == 0 and header["LASTPIX"] == 12 * header["NSIDE"] ** 2 - 1
    assert table.columns[0].name == "PIXEL"
    sky = np.full(12 * header["NSIDE"] ** 2, np.nan)
    sky[table.data["PIXEL"]] = table.data[column]
    return sky


def main(map_path, arrays_path, coordinate_system):
    warnings.simplefilter("error")
    with fits.open(map_path, checksum=True) as file:
        assert [hdu.name for hdu in file[1:]] == ["HEALPIX", "OBSIDS", "CUTS"], file.info()
        table = file["HEALPIX"]
        assert table.header["NSIDE"] == NSIDE and table.header["COORDSYS"] == coordinate_system
        columns = np.fromfile(arrays_path, np.float32).reshape(5, -1)
        pixel = FIRST_PIXEL + STEP * np.arange(columns.shape[1])
        assert table.header["OBS_NPIX"] == pixel.size
        np.testing.assert_array_equal(table.data["PIXEL"], pixel)
        np.testing.assert_array_equal(table.data["MASK"], columns[4])
        for name, unit, expected in zip(("DESTRIPED", "NAIVE", "HITS", "RMS"), ("K", "K", None, "K"), columns):
            assert (table.columns[name].unit or None) == unit
            sky = read_partial_map(table, name)
            np.testing.assert_array_equal(sky[pixel], np.where(columns[4] == 0, expected, np.nan))
            assert np.isfinite(sky).sum() == (columns[4] == 0).sum()
        assert file[0].header["OFFSETL"] == 100 and "HISTORY" in file[0].header
        assert list(file["OBSIDS"].data["OBSID"]) == [7206, 30001, 101430]


if __name__ == "__main__":
    main(*sys.argv[1:4])
