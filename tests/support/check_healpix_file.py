#!/usr/bin/env python3
"""check_healpix_file.py MAP.fits ARRAYS.f32 COORDSYS: a HEALPix map read by astropy and by healpy, of part of the sky or
of all of it.

ARRAYS.f32 has the four float columns and the mask as float32. Any difference is an exception.
"""
import sys
import warnings

import healpy
import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

FIRST_PIXEL, STEP, NSIDE = 5_000_000, 3, 1024
NAMES = ("DESTRIPED", "NAIVE", "HITS", "RMS")


def check_healpy(map_path, pixel, columns):
    """All fields at once; UNSEEN where there is no value, and nothing else that is none."""
    for field, expected in zip(healpy.read_map(map_path, field=None, nest=True, dtype=np.float32), columns):
        sky = np.full(12 * NSIDE**2, healpy.UNSEEN, np.float32)
        sky[pixel] = expected
        np.testing.assert_array_equal(field, sky)
    assert np.isfinite(healpy.ud_grade(field, 64, order_in="NESTED")).all()


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


def check_partial(file, pixel, columns, mask):
    table, good = file["HEALPIX"], mask == 0
    np.testing.assert_array_equal(table.data["PIXEL"], pixel[good])
    # One type for all fields: healpy fills the gaps with UNSEEN in it.
    assert {table.data[name].dtype.kind for name in table.columns.names[1:]} == {"f"}
    assert all(np.isfinite(table.data[name]).all() for name in table.columns.names[1:])
    for name, unit, expected in zip(NAMES, ("K", "K", None, "K"), columns):
        assert (table.columns[name].unit or None) == unit
        sky = read_partial_map(table, name)
        np.testing.assert_array_equal(sky[pixel], np.where(good, expected, np.nan))
        assert np.isfinite(sky).sum() == good.sum()


def check_full(table):
    header = table.header
    assert header["INDXSCHM"] == "IMPLICIT" and header["OBJECT"] == "FULLSKY" and header["NAXIS2"] == 12 * NSIDE**2
    assert tuple(table.columns.names) == NAMES and np.float32(header["BAD_DATA"]) == np.float32(healpy.UNSEEN)


def main(map_path, arrays_path, coordinate_system):
    warnings.simplefilter("error", AstropyWarning)
    with fits.open(map_path, checksum=True) as file:
        assert [hdu.name for hdu in file[1:]] == ["HEALPIX", "MASKED", "OBSIDS", "CUTS", "CONFIG"], file.info()
        header = file["HEALPIX"].header
        assert header["NSIDE"] == NSIDE and header["COORDSYS"] == coordinate_system
        *columns, mask = np.fromfile(arrays_path, np.float32).reshape(5, -1)
        pixel = FIRST_PIXEL + STEP * np.arange(mask.size)
        good = mask == 0
        assert header["OBS_NPIX"] == good.sum()
        if header["OBJECT"] == "PARTIAL":
            check_partial(file, pixel, columns, mask)
        else:
            check_full(file["HEALPIX"])
        np.testing.assert_array_equal(file["MASKED"].data["PIXEL"], pixel[~good])
        np.testing.assert_array_equal(file["MASKED"].data["MASK"], mask[~good])
        check_healpy(map_path, pixel[good], [column[good] for column in columns])
        assert file[0].header["OFFSETL"] == 100 and "HISTORY" in file[0].header
        assert list(file["OBSIDS"].data["OBSID"]) == [7206, 30001, 101430]


if __name__ == "__main__":
    main(*sys.argv[1:4])
