#!/usr/bin/env python3
"""Writes tests/data/sky/velocities.csv: velocity of the observer towards directions, relative to the LSRK, by astropy.

Columns: MJD (UTC), Galactic longitude and latitude [deg], velocity [km/s], positive where frequencies are seen raised.
"""
import astropy.units as u
import numpy as np
from astropy.constants import c
from astropy.coordinates import Galactic, SkyCoord, SpectralCoord
from astropy.time import Time

from make_astropy_positions import FIRST_MJD, LAST_MJD, SITE, save, use_the_table_of_the_project


def velocity_km_s(mjd, longitude, latitude):
    time = Time(mjd, format="mjd", scale="utc")
    target = SkyCoord(l=longitude * u.deg, b=latitude * u.deg, distance=1 * u.Mpc, frame=Galactic(),
                      pm_l_cosb=0 * u.mas / u.yr, pm_b=0 * u.mas / u.yr, radial_velocity=0 * u.km / u.s)
    seen = SpectralCoord(30 * u.GHz, observer=SITE.get_itrs(obstime=time), target=target)
    at_rest = seen.with_observer_stationary_relative_to("lsrk")
    return ((seen / at_rest - 1) * c).to_value(u.km / u.s)


def main():
    use_the_table_of_the_project()
    rng = np.random.default_rng(31)
    rows = []
    for _ in range(60):
        mjd, longitude = rng.uniform(FIRST_MJD, LAST_MJD), rng.uniform(0, 360)
        latitude = np.degrees(np.arcsin(rng.uniform(-1, 1)))
        rows.append([mjd, longitude, latitude, velocity_km_s(mjd, longitude, latitude)])
    save("velocities.csv", np.transpose(rows), "mjd_utc,l_deg,b_deg,velocity_km_s")


if __name__ == "__main__":
    main()
