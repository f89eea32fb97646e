#!/usr/bin/env python3
"""Writes tests/data/sky/planets.csv: where the planets are seen by astropy, with the ephemeris that needs no download.

Columns: number of the planet (1 Mercury ... 8 Neptune), MJD (UTC), azimuth, elevation [deg], distance [au].
"""
import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, get_body
from astropy.time import Time

from make_astropy_positions import FIRST_MJD, LAST_MJD, OUT, SITE, save, use_the_table_of_the_project

PLANETS = {1: "mercury", 2: "venus", 4: "mars", 5: "jupiter", 6: "saturn", 7: "uranus", 8: "neptune"}
N_TIMES = 30


def places(number, mjd):
    times = Time(mjd, format="mjd", scale="utc")
    seen = get_body(PLANETS[number], times, location=SITE, ephemeris="builtin")
    horizontal = seen.transform_to(AltAz(obstime=times, location=SITE))
    return [np.full(mjd.size, number), mjd, horizontal.az.deg, horizontal.alt.deg, seen.distance.to_value(u.au)]


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    use_the_table_of_the_project()
    random = np.random.default_rng(5)
    rows = [places(number, random.uniform(FIRST_MJD, LAST_MJD, N_TIMES)) for number in PLANETS]
    save("planets.csv", np.concatenate(rows, axis=1), "planet,mjd_utc,az_deg,el_deg,distance_au")
