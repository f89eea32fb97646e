#!/usr/bin/env python3
"""Writes tests/data/sky/pixels_<name>.csv: pixel coordinates by astropy on the grids of tests/data/sky/wcs.toml."""
import re
from pathlib import Path

import numpy as np
from astropy.wcs import WCS

DATA = Path(__file__).resolve().parents[2] / "data" / "sky"


def grids():
    for name, text in re.findall(r"^\[(\w+)\]\n((?:\w.*\n)+)", (DATA / "wcs.toml").read_text(), re.M):
        yield name, {key: eval(value) for key, value in re.findall(r"^(\w+) = (.*)$", text, re.M)}


def pixels(name, grid, rng):
    wcs = WCS(naxis=2)
    wcs.wcs.crpix, wcs.wcs.cdelt, wcs.wcs.crval, wcs.wcs.ctype = grid["CRPIX"], grid["CDELT"], grid["CRVAL"], grid["CTYPE"]
    n_x, n_y = grid["NAXIS"]
    x, y = rng.uniform(-0.1 * n_x, 1.1 * n_x, 300), rng.uniform(-0.1 * n_y, 1.1 * n_y, 300)
    lon, lat = wcs.wcs_pix2world(x, y, 0)
    x, y = wcs.wcs_world2pix(lon, lat, 0)
    column, row = np.floor(x + 0.5).astype(int), np.floor(y + 0.5).astype(int)
    inside = (column >= 0) & (column < n_x) & (row >= 0) & (row < n_y)
    np.savetxt(DATA / f"pixels_{name}.csv", np.column_stack([lon, lat, x, y, np.where(inside, row * n_x + column, -1)]),
               fmt="%.12f,%.12f,%.9f,%.9f,%d", header="longitude_deg,latitude_deg,x,y,index")


if __name__ == "__main__":
    generator = np.random.default_rng(26)
    for grid_name, definition in grids():
        pixels(grid_name, definition, generator)
