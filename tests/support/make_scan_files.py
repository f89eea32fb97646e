"""Files as an archive has them, for the test of `catalogue scan`: make_scan_files.py DIRECTORY."""
import os
import sys

import h5py
import numpy as np


def level1(path, obsid, source, attributes=()):
    with h5py.File(path, "w") as file:
        file["spectrometer/tod"] = np.zeros((1, 4, 2, 3), np.float32)
        group = file.create_group("comap")
        group.attrs["obsid"] = obsid
        group.attrs["source"] = source
        for name, value in dict(attributes).items():
            group.attrs[name] = value


def level2(path, obsid, complete=None, filtered=False):
    with h5py.File(path, "w") as file:
        if complete is not None:
            file.attrs["comap_mpi_complete"] = complete
        if filtered:
            file["level2/binned_filtered_data"] = np.zeros((19, 4, 2, 3), np.float32)
        file.create_group("comap").attrs.update({"obsid": obsid, "source": "fg9"})


def main(top):
    one, two = os.path.join(top, "level1"), os.path.join(top, "level2")
    deep = os.path.join(one, "2022-09")
    for directory in (deep, two, os.path.join(top, "elsewhere")):
        os.makedirs(directory)
    variable = h5py.string_dtype()
    level1(f"{deep}/comap-0007206-2022-01-01-000000.hd5", np.bytes_("7206"), "TauA,sky nod",
           {"comment": "raster", "nchan": np.array([1024]), "tsamp": "0.02", "bw": np.bytes_("2e9"),
            "utc_start": np.array(["2022-01-01-00:00:00"], dtype=variable), "pixels": np.bytes_("1,2,20"),
            "features": "none", "level": np.float64(1.0)})
    level1(f"{one}/comap-0007300-2022-01-02-000000.hd5", np.int32(7300), np.bytes_("fg4"), {"comment": "Sky nod"})
    level1(f"{one}/comap-7301-2022-01-03-000000.hd5", np.array([7301.0]), "Field11")
    level1(f"{one}/comap-0007302-2022-01-04-000000.hd5", 7399, "Field11")
    level1(f"{deep}/comap-0007300-2022-01-02-000001.hd5", 7300, "fg4")
    level1(f"{top}/elsewhere/comap-0007400-2022-01-05-000000.hd5", 7400, "Venus")
    os.symlink(f"{top}/elsewhere/comap-0007400-2022-01-05-000000.hd5", f"{one}/comap-0007400-2022-01-05-000000.hd5")
    os.symlink(one, f"{deep}/circle")
    os.symlink("/nowhere/at/all.hd5", f"{one}/comap-0007500-2022-01-05-000000.hd5")
    open(f"{one}/comap-0007501-2022-01-05-000000.hd5", "w").close()
    whole = open(f"{deep}/comap-0007206-2022-01-01-000000.hd5", "rb").read()
    open(f"{one}/comap-0007502-2022-01-05-000000.hd5", "wb").write(whole[: len(whole) // 2])
    open(f"{one}/comap-0007503-2022-01-05-000000.hd5", "w").write("no HDF5 at all " * 100)
    with h5py.File(f"{one}/comap-0007504-2022-01-05-000000.hd5", "w") as file:
        file["other"] = 1
    level1(f"{one}/my_comap_test.hd5", 7505, "Field11")
    open(f"{one}/notes.txt", "w").write("foreign")
    level2(f"{two}/Level2_comap-0007206-2022-01-01-000000.hd5", 7206, complete=1)
    level2(f"{two}/Level2_comap-0007300-2022-01-02-000000.hd5", 7300, filtered=True)
    level2(f"{two}/Level2_comap-7301-2022-01-03-000000.hd5", 7301, complete=0, filtered=True)
    level2(f"{two}/Level2_comap-0007400-2022-01-05-000000.hd5", 7400)
    level2(f"{two}/Level2_comap-0009000-2022-01-05-000000.hd5", 9000, complete=1)


main(sys.argv[1])
