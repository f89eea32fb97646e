#!/usr/bin/env python3
"""check_map_hdf5.py MAP.hd5 MAP.fits: both files hold the same map, read by h5py and astropy. Any difference is an
exception."""
import sys

import h5py
import numpy as np
from astropy.io import fits

# Of FITS itself, or of a single image.
FITS_ONLY = {"SIMPLE", "BITPIX", "NAXIS", "EXTEND", "EXTNAME", "BUNIT", "DATAMIN", "DATAMAX", "CHECKSUM", "DATASUM",
             "DATE", "LONGSTRN", "COMMENT", "HISTORY", "XTENSION", "PCOUNT", "GCOUNT", "TFIELDS",
             "OBS_NPIX"}  # pixels with a value, not all that were hit


def check_header(attributes, header):
    for key, value in header.items():
        if key in FITS_ONLY or key.startswith(("TTYPE", "TFORM", "TUNIT")) or key == "":
            continue
        if header.get("XTENSION") and key.startswith("NAXIS"):
            continue
        stored = attributes[key]
        assert stored == value or np.isclose(float(stored), float(value), rtol=1e-14), (key, stored, value)


def check_arrays(file, table_or_images):
    for name, unit in (("destriped", "K"), ("naive", "K"), ("hits", None), ("rms", "K"), ("mask", None)):
        dataset, expected = file[name], table_or_images[name.upper()]
        assert dataset.dtype == (np.uint8 if name == "mask" else np.float32), (name, dataset.dtype)
        assert dataset.attrs.get("unit") == unit, name
        np.testing.assert_array_equal(dataset[...], expected)


def healpix_columns(hdus):
    """Pixels with a value and those without, in order; NaN where there is none."""
    table, masked = hdus["HEALPIX"].data, hdus["MASKED"].data
    pixel = np.concatenate([table["PIXEL"], masked["PIXEL"]])
    order = np.argsort(pixel)
    columns = {"PIXEL": pixel[order],
               "MASK": np.concatenate([np.zeros(len(table), np.uint8), masked["MASK"]])[order]}
    for name in ("DESTRIPED", "NAIVE", "HITS", "RMS"):
        columns[name] = np.concatenate([table[name], np.full(len(masked), np.nan, np.float32)])[order]
    return columns


def check_cuts(group, table):
    assert sorted(group) == sorted(column.name.lower() for column in table.columns)
    for name in group:
        if name == "reason":
            assert [text.decode() for text in group[name][...]] == list(table.data["REASON"])
        else:
            np.testing.assert_array_equal(group[name][...], table.data[name.upper()])


def main(hdf5_path, fits_path):
    with h5py.File(hdf5_path) as file, fits.open(fits_path) as hdus:
        check_header(file.attrs, hdus[0].header)
        history = " ".join("".join(hdus[0].header["HISTORY"]).split())
        assert "".join(file.attrs["HISTORY"].split()) == history.replace(" ", ""), "HISTORY differs"
        if "HEALPIX" in hdus:
            check_header(file.attrs, hdus["HEALPIX"].header)
            check_arrays(file, healpix_columns(hdus))
            np.testing.assert_array_equal(file["pixel"][...], healpix_columns(hdus)["PIXEL"])
        else:
            check_arrays(file, {"DESTRIPED": hdus[0].data, **{hdu.name: hdu.data for hdu in hdus[1:5]}})
        np.testing.assert_array_equal(file["observations/obsid"][...], hdus["OBSIDS"].data["OBSID"])
        np.testing.assert_array_equal(file["observations/n_samples"][...], hdus["OBSIDS"].data["N_SAMPLES"])
        assert "".join(line + "\n" for line in hdus["CONFIG"].data["LINE"]) == file.attrs["configuration"]
        if "CUTS" in hdus:
            check_cuts(file["cuts"], hdus["CUTS"])


if __name__ == "__main__":
    main(*sys.argv[1:3])
