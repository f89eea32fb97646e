#!/usr/bin/env python3
"""Writes tests/data/sky/healpix_pixels.csv: HEALPix pixels by the equations of the paper (scripts/healpix_pixels.py).

Columns: nside, longitude, latitude [deg], pixel, and x and y from its centre.
"""
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))
from healpix_pixels import nested_pixel  # noqa: E402

N_POSITIONS = 60
NSIDES = (1, 2, 64, 1024, 8192)

if __name__ == "__main__":
    random = np.random.default_rng(7)
    rows = []
    for n in NSIDES:
        lon, lat = random.uniform(0, 360, N_POSITIONS), np.degrees(np.arcsin(random.uniform(-1, 1, N_POSITIONS)))
        rows.append(np.column_stack([np.full(N_POSITIONS, n), lon, lat, *nested_pixel(n, lon, lat)]))
    np.savetxt(ROOT / "tests/data/sky/healpix_pixels.csv", np.concatenate(rows), fmt="%d,%.12f,%.12f,%d,%.6f,%.6f",
               header="nside,longitude_deg,latitude_deg,pixel,x,y")
