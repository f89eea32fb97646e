"""Level-1 files damaged in every way: each is refused or reduced, with a reason that names file and dataset when it is
refused; the run, its other observations and its memory are unharmed. COMAP_FAULTS=all: more than 1,000 files."""
import collections
import os
import random
import resource
import shutil
import sqlite3

import h5py
import numpy as np

from faults import ALL, Work
from program import scratch_directory

FIRST_OBSID = 100000
DEADLY = "the process that reads it first is told to die"
MEMORY_LIMIT_KB = 2_000_000
TIMEOUT_S = 10_000 if ALL else 300


def datasets_of(path):
    names = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names


def replace(file, name, values, **options):
    attributes = dict(file[name].attrs)
    del file[name]
    dataset = file.create_dataset(name, data=values, **options)
    for key, value in attributes.items():
        dataset.attrs[key] = value


def damage_bytes(rng):
    """Damages of the file as bytes."""
    def truncate(path):
        os.truncate(path, rng.randrange(path.stat().st_size))

    def flip(path, reach):
        data = bytearray(path.read_bytes())
        for _ in range(rng.choice((1, 4, 64))):
            data[rng.randrange(min(reach, len(data)))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)

    def zero_block(path):
        data = bytearray(path.read_bytes())
        start = rng.randrange(len(data))
        data[start:start + 4096] = bytes(len(data[start:start + 4096]))
        path.write_bytes(data)

    n = 1 if not ALL else 40
    yield DEADLY, lambda path: None
    yield "empty", lambda path: path.write_bytes(b"")
    yield "text", lambda path: path.write_text("not an HDF5 file\n" * 100)
    yield "signature alone", lambda path: os.truncate(path, 8)
    for _ in range(4 * n):
        yield "truncated", truncate
    for _ in range(8 * n):
        yield "head flipped", lambda path: flip(path, 65536)
    for _ in range(4 * n):
        yield "flipped", lambda path: flip(path, 1 << 40)
    for _ in range(2 * n):
        yield "block of zeros", zero_block


def change(edit):
    def damage(path):
        with h5py.File(path, "r+") as file:
            edit(file)
    return damage


def damage_dataset(name):
    """Damages of one dataset."""
    def delete(file):
        del file[name]

    def text(file):
        replace(file, name, np.array([b"text"] * 5))

    def compound(file):
        replace(file, name, np.zeros(7, dtype=[("a", "f4"), ("b", "i8")]))

    def shorter(file):
        replace(file, name, file[name][...][..., :-3] if file[name].ndim else np.zeros(2))

    def nothing(file):
        replace(file, name, np.zeros((0,) * max(file[name].ndim, 1), dtype=file[name].dtype))

    def more_axes(file):
        replace(file, name, file[name][...][np.newaxis])

    def scalar(file):
        replace(file, name, np.float32(3.0))

    def all_nan(file):
        replace(file, name, np.full(file[name].shape, np.nan, dtype="f4"))

    def huge_values(file):
        replace(file, name, np.full(file[name].shape, 1e38, dtype="f4"))

    def no_storage(file):
        del file[name]
        file.create_dataset(name, shape=(1 << 40,), dtype="f8")

    def loop(file):
        del file[name]
        file[name] = h5py.SoftLink("/" + name)

    def elsewhere(file):
        del file[name]
        file[name] = h5py.ExternalLink("no_such_file.hd5", "/data")

    def group(file):
        del file[name]
        file.create_group(name)

    for edit in (delete, text, compound, shorter, nothing, more_axes, scalar, all_nan, huge_values, no_storage, loop,
                 elsewhere, group):
        yield f"{name}: {edit.__name__}", change(edit)


def damage_attributes(path):
    with h5py.File(path) as file:
        names = list(file["comap"].attrs)
    for name in names:
        for value in (None, 12.5, np.arange(4), b"\xff\xfe", h5py.Empty("f8")):
            def edit(file, name=name, value=value):
                if value is None:
                    del file["comap"].attrs[name]
                else:
                    file["comap"].attrs[name] = value
            yield f"comap.{name}: {value!r}", change(edit)


def damage_contents():
    """What the numbers say."""
    def time_backwards(file):
        file["spectrometer/MJD"][...] = file["spectrometer/MJD"][...][::-1]

    def time_stands(file):
        file["spectrometer/MJD"][...] = file["spectrometer/MJD"][0]

    def time_jumps(file):
        mjd = file["spectrometer/MJD"][...]
        mjd[len(mjd) // 2:] += 1e6
        file["spectrometer/MJD"][...] = mjd

    def feeds_repeated(file):
        file["spectrometer/feeds"][...] = file["spectrometer/feeds"][0]

    def feeds_unknown(file):
        file["spectrometer/feeds"][...] = 99

    def no_channels(file):
        shape = list(file["spectrometer/tod"].shape)
        shape[2] = 0
        replace(file, "spectrometer/tod", np.zeros(shape, dtype="f4"))

    def gigantic_chunk(file):
        shape = list(file["spectrometer/tod"].shape)
        del file["spectrometer/tod"]
        file.create_dataset("spectrometer/tod", shape=[shape[0], shape[1], shape[2], 1 << 33], dtype="f4",
                            chunks=(1, 1, 1, 1 << 29), compression="gzip")

    def group_in_itself(file):
        file["spectrometer/again"] = file["spectrometer"]
        file["spectrometer/root"] = file["/"]

    def all_flags(file):
        file["spectrometer/features"][...] = 0

    for edit in (time_backwards, time_stands, time_jumps, feeds_repeated, feeds_unknown, no_channels, gigantic_chunk,
                 group_in_itself, all_flags):
        yield edit.__name__, change(edit)


def make_damaged(good, directory):
    """{obsid: (path, what was done)}. No file is made on which a library is known to crash: the stand-in is a good file
    at which the probe is told to die (docs/faults.md)."""
    directory.mkdir()
    rng = random.Random(1)
    every = [*damage_contents(), *damage_bytes(rng)]
    of_parts = [one for name in datasets_of(good) for one in damage_dataset(name)] + list(damage_attributes(good))
    every += of_parts if ALL else rng.sample(of_parts, 25)
    made = {}
    for i, (what, damage) in enumerate(every):
        obsid = FIRST_OBSID + i
        path = directory / f"comap-{obsid:07d}-2022-09-15-010101.hd5"
        shutil.copy(good, path)
        with h5py.File(path, "r+") as file:
            file["comap"].attrs["obsid"] = file["comap"].attrs["obsid"].dtype.type(obsid)
        damage(path)
        made[obsid] = (path, what)
        if what == DEADLY:
            os.environ["COMAP_MPI_PROBE_DIES"] = path.name
    return made


def register(database, damaged):
    """Rows as of the good file: a scan would leave most of them out."""
    with sqlite3.connect(database) as catalogue:
        catalogue.row_factory = sqlite3.Row
        row = dict(catalogue.execute("SELECT * FROM comap_data ORDER BY obsid").fetchone())
        for obsid, (path, _) in damaged.items():
            row |= {"obsid": obsid, "level1_path": str(path)}
            catalogue.execute(f"INSERT INTO comap_data ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                              list(row.values()))


def check_outcomes(work, damaged, text):
    with sqlite3.connect(work.directory / "comap.db") as catalogue:
        rows = {obsid: (status, error) for obsid, status, error in catalogue.execute(
            "SELECT obsid, processing_status, processing_error FROM observation_summary")}
    ends = collections.Counter()
    for obsid, (path, what) in damaged.items():
        status, error = rows.get(obsid, (None, None))
        assert status in ("complete", "failed"), f"{path.name} ({what}): {status}\n{text[-3000:]}"
        ends[status] += 1
        assert what != DEADLY or "no process survives reading it" in error, error
        assert status == "complete" or path.name in error, f"{what}: the reason does not name the file: {error}"
    good = [obsid for obsid in rows if obsid < FIRST_OBSID]
    assert len(good) == 3 and all(rows[obsid][0] == "complete" for obsid in good), rows
    return ends


def main():
    scratch = scratch_directory()
    work = Work(scratch, "work", per_observation=1)
    good = sorted((scratch / "level1").glob("comap-*.hd5"))[0]
    damaged = make_damaged(good, scratch / "damaged")
    register(work.directory / "comap.db", damaged)
    text = work.run("catalogue", "scan", "--level1", str(scratch / "damaged"), timeout_s=TIMEOUT_S)
    assert text.count("no process survives reading it") >= 1, text
    text = work.run("level2", expect=3, timeout_s=TIMEOUT_S)
    ends = check_outcomes(work, damaged, text)
    work.check_claims()
    peak_kB = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak_kB < MEMORY_LIMIT_KB, f"a process took {peak_kB} kB"
    assert ends["failed"] > 0.5 * len(damaged)
    print(f"{len(damaged)} damaged files: {dict(ends)}, at most {peak_kB / 1000:.0f} MB in a process")


main()
