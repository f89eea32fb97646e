#!/usr/bin/env python3
"""Writes tests/data/sky/*.csv: positions by astropy, which the tests of lib/sky are held against.

Earth orientation is astropy's own copy of IERS C04; the script stops if it differs from lib/sky/eop_c04.csv.
Optional arguments: a Level-1 file and its truth file with l, b of every sample, from which a sample is taken.
"""
import sys
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, EarthLocation, Galactic, SkyCoord, get_sun
from astropy.time import Time
from astropy.utils import iers

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "tests" / "data" / "sky"
SITE = EarthLocation(lon=-(118 + 16 / 60 + 56 / 3600) * u.deg, lat=(37 + 14 / 60 + 2 / 3600) * u.deg, height=0 * u.m)
FIRST_MJD, LAST_MJD = 58119.0, 59900.0  # 2018-01-01 to 2022-11


def use_the_table_of_the_project():
    iers.conf.auto_download = False
    table = iers.IERS_B.open()
    ours = np.loadtxt(ROOT / "lib/sky/eop_c04.csv", delimiter=",", skiprows=2)
    rows = np.searchsorted(table["MJD"].to_value(u.d), ours[:, 0])
    for name, unit, column in (("PM_x", u.arcsec, 1), ("PM_y", u.arcsec, 2), ("UT1_UTC", u.s, 3)):
        np.testing.assert_allclose(table[name][rows].to_value(unit), ours[:, column], atol=1e-7)
    iers.earth_orientation_table.set(table)


def save(name, columns, header):
    np.savetxt(OUT / name, np.column_stack(columns), fmt="%.11f", delimiter=",", header=header)


def positions(mjd, az, el, **air):
    frame = AltAz(obstime=Time(mjd, format="mjd", scale="utc"), location=SITE, **air)
    icrs = SkyCoord(az=az * u.deg, alt=el * u.deg, frame=frame).icrs
    galactic = icrs.transform_to(Galactic())
    return [icrs.ra.deg, icrs.dec.deg, galactic.l.deg, galactic.b.deg]


def random_positions(rng):
    n = 800
    mjd, az, el = rng.uniform(FIRST_MJD, LAST_MJD, n), rng.uniform(0, 360, n), rng.uniform(30, 80, n)
    save("horizontal.csv", [mjd, az, el, *positions(mjd, az, el)], "mjd_utc,az_deg,el_deg,ra_deg,dec_deg,l_deg,b_deg")
    n = 100
    mjd, az, el = rng.uniform(FIRST_MJD, LAST_MJD, n), rng.uniform(0, 360, n), rng.uniform(20, 80, n)
    air = dict(pressure=1013.25 * u.hPa, temperature=15 * u.deg_C, relative_humidity=0.5, obswl=1 * u.cm)
    save("refraction.csv", [mjd, az, el, *positions(mjd, az, el, **air)],
         "mjd_utc,az_deg,el_deg,ra_deg,dec_deg,l_deg,b_deg")


def sun_elevations(rng):
    mjd = rng.uniform(FIRST_MJD, LAST_MJD, 100)
    times = Time(mjd, format="mjd", scale="utc")
    save("sun.csv", [mjd, get_sun(times).transform_to(AltAz(obstime=times, location=SITE)).alt.deg],
         "mjd_utc,sun_elevation_deg")


def golden_positions(level1, truth):
    import h5py

    with h5py.File(level1) as data, h5py.File(truth) as true:
        pointing = data["spectrometer/pixel_pointing"]
        mjd = data["spectrometer/MJD"][::29]
        columns = [[mjd, pointing["pixel_az"][feed, ::29], pointing["pixel_el"][feed, ::29],
                    true["galactic_l"][feed, ::29], true["galactic_b"][feed, ::29]] for feed in range(2)]
    save("golden_mini.csv", np.concatenate(columns, axis=1), "mjd_utc,az_deg,el_deg,l_deg,b_deg")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    use_the_table_of_the_project()
    generator = np.random.default_rng(2018)
    random_positions(generator)
    sun_elevations(generator)
    if len(sys.argv) == 3:
        golden_positions(*sys.argv[1:])
