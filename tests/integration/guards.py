"""Files from outside are read in a process of their own by every command: where that process dies the reason is said,
and nobody else opens the file. What is no file does not hang, what claims to be gigantic takes no memory, grids that
cannot be are refused before anything is read. Paths with colons; no secret in a product."""
import os
import resource
import shutil
import sqlite3
import subprocess

import h5py
from astropy.io import fits

from program import PROGRAM, run, scratch_directory, scanned_site

CONFIG = """
[simulate]
n_observations = 2
n_feeds = 2
n_channels = 16
n_scans = 2
scan_duration_s = 15.0
[catalogue]
url = "sqlite:comap.db"
[parallel]
ranks_per_observation = 2
[io]
open_retries = 0
[mapmake]
bands = [0]
feeds = [1, 2]
format = "both"
[acquire]
list_command = "sshpass -p hunter2 ssh archive list"
remote = "https://me:hunter3@archive/"
remote_shell = "sshpass -phunter4 ssh -p 2222"
"""
DIES = "no process survives reading it"
FIELD, OTHER = 40001, 40002
MEMORY_LIMIT_KB = 1_000_000
N_HUGE = 1_500_000_000


def call(directory, *arguments, dies_at=None, expect, timeout_s=60):
    """Exit code and text of a command whose probe is told to die at paths that contain `dies_at`."""
    environment = {"COMAP_MPI_PROBE_DIES": dies_at} if dies_at else {}
    return run(*arguments, directory=directory, expect=expect, environment=environment, timeout_s=timeout_s)


def check_every_command(site, level1, level2, a_map):
    """A harmless stand-in for a file on which a library crashes: the process that reads it first is told to die."""
    other = str(OTHER)
    for command, dies_at, expect in (
            (["check", level1], level1.name, 1),
            (["check", level2], level2.name, 1),
            (["diff", a_map, a_map], a_map.name, 2),
            (["catalogue", "scan", "--level1", "level1"], f"level1/comap-00{FIELD}", 0),
            (["catalogue", "restore-from", level2], level2.name, 1),
            (["catalogue", "show", str(FIELD)], level2.name, 0),
            (["simulate", "--inject-into", level1, "--as-obsid", "50001", "--set", "simulate.output_dir=injected"],
             level1.name, 1),
            (["report", "--file", level2], level2.name, 3),
            (["level2", "--set", "level2.overwrite=true", "--obsid", other], f"level1/comap-00{other}", 3),
            (["level2", "--dry-run", "--obsid", str(FIELD)], level2.name, 0),
            (["mapmake", "--obsid", str(FIELD)], level2.name, 1),
            (["linemap", "--obsid", str(FIELD)], level1.name, 1),
            (["linemap", "--obsid", str(FIELD)], level2.name, 1),
            (["transfer", "--obsid", str(FIELD)], level1.name, 1)):
        text = call(site, *command, dies_at=dies_at, expect=expect)
        assert DIES in text and dies_at in text, (command, text)
        print(f"{' '.join(map(str, command[:2]))}: {DIES}")


def check_sky_map(site, sky):
    for key, command in (("level2.noise_stats_level2.planck_map", "level2"), ("mapmake.planck_map", "mapmake")):
        text = call(site, command, "--set", f"{key}={sky}", dies_at=sky.name, expect=1)
        assert f"{sky}: {DIES}" in text, text


def registered(site, column, path):
    with sqlite3.connect(site / "comap.db") as catalogue:
        before = catalogue.execute(f"SELECT {column} FROM comap_data WHERE obsid = ?", (OTHER,)).fetchone()[0]
        catalogue.execute(f"UPDATE comap_data SET {column} = ? WHERE obsid = ?", (str(path), OTHER))
    return before


def check_named_pipe(site, level2):
    pipe = site / f"comap-00{OTHER}-2022-09-21-000000.hd5"
    os.mkfifo(pipe)
    before = registered(site, "level1_path", pipe)
    text = call(site, "level2", "--set", "level2.overwrite=true", "--obsid", str(OTHER), expect=3)
    assert "is a named pipe, not a file" in text, text
    text = call(site, "check", pipe, "/dev/null", site, expect=1)
    assert text.count("is not a file") == 3, text
    registered(site, "level1_path", before)
    before = registered(site, "level2_path", pipe)
    for command, expect in ((["mapmake", "--obsid", OTHER], 1), (["catalogue", "verify"], 3),
                            (["report", "--obsid", OTHER], 3), (["catalogue", "show", OTHER], 0)):
        text = call(site, *command, expect=expect)
        assert "is a named pipe, not a file" in text, (command, text)
    registered(site, "level2_path", before)
    pipe.unlink()
    # Where the Level-2 file of an observation belongs.
    aside = level2.with_name("aside")
    level2.rename(aside)
    os.mkfifo(level2)
    assert "is a named pipe" in call(site, "level2", "--dry-run", "--obsid", str(FIELD), expect=0)
    level2.unlink()
    aside.rename(level2)


def check_gigantic(site, level1):
    """Axes that exist in the header only: 1.5e9 times are 12 GB; and an array that is a hole but for its last value."""
    path = site / "gigantic" / level1.name
    path.parent.mkdir()
    shutil.copy(level1, path)
    with h5py.File(path, "r+") as file:
        for name in ("spectrometer/MJD", "spectrometer/features"):
            kind = file[name].dtype
            del file[name]
            file.create_dataset(name, shape=(N_HUGE,), dtype=kind, chunks=(100_000,), compression="gzip")
        shape = file["spectrometer/tod"].shape
        del file["spectrometer/tod"]
        file.create_dataset("spectrometer/tod", shape=(*shape[:3], N_HUGE), dtype="f4", chunks=(1, 4, 16, 4000),
                            compression="gzip")
    holes = path.parent / "holes" / level1.name
    holes.parent.mkdir()
    shutil.copy(level1, holes)
    with h5py.File(holes, "r+") as file:
        del file["spectrometer/MJD"]
        file.create_dataset("spectrometer/MJD", shape=(N_HUGE,), dtype="f8")[-1] = 1.0
        del file["spectrometer/tod"]
        file.create_dataset("spectrometer/tod", shape=(*shape[:3], N_HUGE), dtype="f4", chunks=(1, 4, 16, 4000),
                            compression="gzip")
    text = call(site, "check", path, holes, expect=1)
    assert text.count("12 GB of memory") >= 2, text
    for one in (path, holes):
        text = call(site, "simulate", "--inject-into", one, "--as-obsid", "50001", expect=1)
        assert "12 GB of memory" in text, text
    peak_kB = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak_kB < MEMORY_LIMIT_KB, f"a process took {peak_kB} kB"
    shutil.rmtree(path.parent)


def check_gigantic_map(site, a_map):
    path = site / "gigantic.fits"
    shutil.copy(a_map, path)
    with open(path, "r+b") as file:
        header = file.read(28800)
        card = header.index(b"NAXIS1  =")
        file.seek(card)
        file.write(f"NAXIS1  = {10**9:>20}".encode())
    text = call(site, "diff", path, a_map, expect=2)
    assert "GB by its header" in text and path.name in text, text
    text = call(site, "mapmake", "--set", "mapmake.cdelt_deg=1e-4", "--set", "mapmake.padding_deg=1", expect=2)
    assert "GB" in text and "cdelt_deg" in text and "bad_alloc" not in text, text
    text = call(site, "mapmake", "--dry-run", "--set",
                'mapmake.wcs={NAXIS=[40000,40000],CRPIX=[1,1],CDELT=[-1e-4,1e-4],CRVAL=[30,0],'
                'CTYPE=["GLON-CAR","GLAT-CAR"]}', expect=2)
    assert "GB" in text and "40000 x 40000" in text, text


def check_grid_without_data(site):
    text = call(site, "mapmake", "--set",
                'mapmake.wcs={NAXIS=[100,100],CRPIX=[50,50],CDELT=[-0.02,0.02],CRVAL=[200,0],'
                'CTYPE=["GLON-CAR","GLAT-CAR"]}', expect=2)
    assert "the grid holds none of the data" in text and "l = " in text and "b = " in text, text


def check_output_directories(site):
    """Said once, before any work, not for each observation."""
    (site / "a_file").write_text("")
    for command, key in (("level2", "level2"), ("mapmake", "mapmake"), ("linemap", "linemap")):
        arguments = ["--set", f"{key}.output_dir=a_file/below"]
        if command == "level2":
            arguments += ["--set", "catalogue.url=sqlite:fresh.db"]
            call(site, "catalogue", "scan", "--level1", "level1", *arguments, expect=0)
        text = call(site, command, *arguments, expect=1)
        assert text.count("output directory cannot be made") >= 1 and "starting" not in text, (command, text)


def check_colons(site, level1):
    """MPI-IO takes what stands before a colon for the kind of a file system."""
    directory = site / "host:1" / "level1"
    directory.mkdir(parents=True)
    shutil.copy(level1, directory)
    settings = ["--set", "catalogue.url=sqlite:colon.db", "--set", "level2.output_dir=out:put/level2",
                "--set", "mapmake.output_dir=maps:1"]
    call(site, "catalogue", "scan", "--level1", directory, *settings, expect=0)
    run("level2", *settings, ranks=2, directory=site)
    assert len(list((site / "out:put").rglob("Level2_*.hd5"))) == 1
    assert not list((site / "out:put").rglob("*.partial"))
    run("mapmake", *settings, ranks=2, directory=site)
    assert {path.suffix for path in (site / "maps:1").iterdir()} >= {".fits", ".hd5"} or list((site / "maps:1").iterdir())


def check_secrets(site, level2, a_map):
    """Products hold the sections that concern them; what is shown is masked."""
    with h5py.File(level2) as file:
        text = file.attrs["configuration"]
    text = text.decode() if isinstance(text, bytes) else text
    assert "[level2.gain_filter]" in text and "[acquire]" not in text and "[catalogue]" not in text, text
    shown = call(site, "config", "show", expect=0)
    assert "sshpass -p **** ssh archive list" in shown and "sshpass -p**** ssh -p 2222" in shown, shown
    files = [path for path in site.rglob("*") if path.is_file() and path.name != "comap.toml"]
    assert level2 in files and a_map in files
    for content, place in ((shown.encode(), "config show"), *((path.read_bytes(), path) for path in files)):
        for secret in (b"hunter2", b"hunter3", b"hunter4"):
            assert secret not in content, f"{secret} in {place}"
    with fits.open(a_map) as file:
        assert any("offset_length" in line for line in file["CONFIG"].data.field(0))


def main():
    scratch = scratch_directory()
    site = scratch / "site"
    site.mkdir()
    scanned_site(site, CONFIG)
    run("level2", ranks=2, directory=site)
    run("mapmake", directory=site)
    level1 = sorted((site / "level1").glob("comap-*.hd5"))[0]
    level2 = sorted((site / "level2").rglob("Level2_*.hd5"))[0]
    a_map = sorted((site / "maps").glob("*.fits"))[0]
    check_secrets(site, level2, a_map)
    check_every_command(site, level1, level2, a_map)
    sky = shutil.copy(os.environ["COMAP_SOURCE_DIR"] + "/tests/data/healpix_ring_K.fits", site)
    check_sky_map(site, site / os.path.basename(sky))
    check_named_pipe(site, level2)
    check_gigantic(site, level1)
    check_gigantic_map(site, a_map)
    check_grid_without_data(site)
    check_output_directories(site)
    check_colons(site, level1)


main()
