"""HEALPix pixels (NESTED) of positions by the equations of Gorski et al. 2005 (ApJ 622, 759), section 4 and appendix A,
in plain numpy."""
import numpy as np


def face_and_place(nside, longitude_deg, latitude_deg):
    """Base pixel, and coordinates in it from 0 to nside."""
    z, quarter = np.sin(np.radians(latitude_deg)), np.asarray(longitude_deg) / 90 % 4
    rising, falling = nside * (0.5 + quarter - 0.75 * z), nside * (0.5 + quarter + 0.75 * z)
    up, down = rising // nside, falling // nside
    face = np.where(up == down, down % 4 + 4, np.where(up < down, up % 4, down % 4 + 8))
    x, y = falling - down * nside, nside - (rising - up * nside)

    base = np.floor(quarter)
    distance = nside * np.sqrt(3 * (1 - np.abs(z)))
    left, right = (quarter - base) * distance, (1 - quarter + base) * distance
    polar, north = np.abs(z) > 2 / 3, z > 0
    face = np.where(polar, np.where(north, base, base + 8), face)
    x = np.where(polar, np.where(north, nside - right, left), x)
    y = np.where(polar, np.where(north, nside - left, right), y)
    return face.astype(np.int64), x, y


def nested_pixel(nside, longitude_deg, latitude_deg):
    """Pixel numbers, and x and y from the pixels' centres along their axes to the north-east and the north-west."""
    face, x, y = face_and_place(nside, longitude_deg, latitude_deg)
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    number = sum((column >> bit & 1) << 2 * bit | (row >> bit & 1) << 2 * bit + 1 for bit in range(13))
    return face * nside**2 + number, x - column - 0.5, y - row - 0.5
