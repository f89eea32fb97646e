"""Reports of the catalogue and flags by hand: the same answers on SQLite and PostgreSQL, checked against what was put in
(read with sqlite3), against files on disk and against astropy."""
import csv
import io
import json
import os
import sqlite3
import subprocess

import h5py
import numpy as np
from astropy import units
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers

from private_postgres import private_postgres
from program import MPIRUN, PROGRAM, run, scratch_directory, write_config

iers.conf.auto_download = False
CONFIG = """
[simulate]
n_channels = 16
scan_duration_s = 20.0
n_calibrators = 1
[catalogue]
url = "{url}"
[mapmake]
site = {{ longitude_deg = -118.28222222, latitude_deg = 37.23388889, height_m = 0.0 }}
"""
FLAGS = "\ufeffObsID start,ObsID end,Pixels,Sidebands,Observer\r\n{first},,\"1, 3\",bandA,\"Ann, night\"\r\n{second},ongoing,2,all,\r\n"


def output(scratch, *arguments, expect=0):
    """Standard output alone."""
    done = subprocess.run([MPIRUN, "1", PROGRAM, "catalogue", *map(str, arguments)], cwd=scratch, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def answers(scratch, config, first):
    """Of every command, as JSON: the same on both databases."""
    questions = [("missing-level2",), ("missing-level2", "--by", "source"), ("missing-level2", "--by", "source_group"),
                 ("path-search", "level1"), ("field-status", "field*"), ("field-status", "none"), ("show", first),
                 ("query-target", "*", "--all"), ("stale", "2000-01-01", "--missing"), ("stale", "2100-01-01T00:00:00Z"),
                 ("export-paths", "--level", 2), ("flags", "list", first)]
    questions += [("statistics", kind) for kind in ("summary", "tsys", "tau", "calibrator", "failed", "status")]
    return {question: json.loads(output(scratch, *question, config, "--format", "json")) for question in questions}


def check_target(scratch, config, level2_of):
    """Mean coordinates of the files with h5py and astropy; columns, local time and exported paths."""
    rows = json.loads(output(scratch, "query-target", "field*", "--all", config, "--format", "json"))["observations"]
    assert [row["obsid"] for row in rows] == sorted(level2_of)
    for row in rows:
        with h5py.File(row["level2_path"]) as file:
            mjd, edges = file["spectrometer/MJD"][:], file["level2/scan_edges"][:]
            inside = np.concatenate([np.arange(*edge) for edge in edges])[::20]
            pointing = file["spectrometer/pixel_pointing"]
            lowest = np.argmin(file["spectrometer/feeds"][:])
            az, el = pointing["pixel_az"][lowest, inside], pointing["pixel_el"][lowest, inside]
        place = EarthLocation(lon=-118.28222222, lat=37.23388889, height=0.0)
        seen = SkyCoord(AltAz(az=az * units.deg, alt=el * units.deg, obstime=Time(mjd[inside], format="mjd"), location=place))
        mean = SkyCoord(seen.icrs.cartesian.mean(), frame="icrs").spherical
        shown = SkyCoord(row["ra_deg"], row["dec_deg"], unit="deg")
        distance = shown.separation(SkyCoord(mean.lon, mean.lat))
        assert distance < 10 * units.arcsec, distance
        assert abs(row["elevation_deg"] - el.mean()) < 0.05 and row["coordinates_from"] == "level2"
        assert abs(shown.galactic.b.deg - row["b_deg"]) < 1e-4
        assert row["local_time"].endswith(("PDT", "PST")) and row["statistics"] == "yes" and row["n_bad_elements"] == 0
    output(scratch, "query-target", "field*", "--export", config)
    listed = (scratch / "field__level2_paths.txt").read_text().splitlines()
    assert listed == [level2_of[obsid] for obsid in sorted(level2_of)]
    assert output(scratch, "export-paths", "--level", 2, "--source", "Field*", config).splitlines() == listed
    gone = json.loads(output(scratch, "query-target", "Nowhere", config, "--format", "json"))
    assert gone == {"observations": []}


def check_stale(scratch, config, paths):
    """Times set by hand."""
    os.utime(paths[0], (1.7e9, 1.7e9))  # 2023-11-14T22:13:20 UTC
    for date, expected in (("2023-11-14T22:13:21", [paths[0]]), ("2023-11-14-22:13:20", [])):
        rows = json.loads(output(scratch, "stale", date, config, "--format", "json"))["stale"]
        assert [row["level2_path"] for row in rows] == expected, (date, rows)
    hidden = paths[1] + ".hidden"
    os.rename(paths[1], hidden)
    rows = json.loads(output(scratch, "stale", "2023-11-15", "--missing", config, "--format", "json"))["stale"]
    assert {row["level2_path"]: row["state"] for row in rows} == {paths[0]: "older", paths[1]: "missing"}
    os.rename(hidden, paths[1])
    output(scratch, "stale", "yesterday", config, expect=2)


def bad_elements(scratch, config, obsid):
    rows = json.loads(output(scratch, "flags", "list", obsid, "--bad", config, "--format", "json"))["flags"]
    return {(row["pixel"], row["frequency_band"]): row["comment"] for row in rows}


def check_flags(scratch, config, obsids):
    first, second = obsids[:2]
    run("catalogue", "flags", "set", first, "--feeds", "7", "--bands", "bandB", "--bad", "--comment", "it's \"odd\"",
        "--dry-run", config, directory=scratch)
    assert bad_elements(scratch, config, first) == {}
    run("catalogue", "flags", "set", first, "--feeds", "7", "8-9", "--bands", "6,7", "--bad", "--comment", "it's \"odd\"",
        config, directory=scratch)
    assert bad_elements(scratch, config, f"00{first}") == {(feed, band): "it's \"odd\"" for feed in (7, 8, 9) for band in (6, 7)}
    run("catalogue", "flags", "set", first, "--feeds", "8", "--bands", "all", "--good", config, directory=scratch)
    assert len(bad_elements(scratch, config, first)) == 4
    run("catalogue", "flags", "set", first, "--feeds", "8", "--bands", "all", config, directory=scratch, expect=2)
    run("catalogue", "flags", "set", 1, "--feeds", "8", "--bands", "all", "--bad", config, directory=scratch, expect=1)

    table = scratch / "observers.csv"
    table.write_text(FLAGS.format(first=first, second=second), newline="")
    shown = run("catalogue", "flags", "import", table, config, directory=scratch)
    assert "--write does it" in shown and len(bad_elements(scratch, config, first)) == 4
    run("catalogue", "flags", "import", table, "--write", config, directory=scratch)
    by_hand = {(feed, band) for feed in (7, 9) for band in (6, 7)}
    of_table = {(feed, band) for feed in (1, 3) for band in range(4)}
    assert set(bad_elements(scratch, config, first)) == by_hand | of_table
    for obsid in obsids[1:]:
        assert set(bad_elements(scratch, config, obsid)) == {(2, band) for band in range(8)}
    table.write_text("ObsID start,ObsID end,Pixels,Sidebands\n1,2,all,bandC\n")
    refused = run("catalogue", "flags", "import", table, "--write", config, directory=scratch, expect=2)
    assert "observers.csv, line 2, column Sidebands: 'bandc' is not all, bandA or bandB" in refused, refused
    assert set(bad_elements(scratch, config, first)) == by_hand | of_table
    table.write_text(f"ObsID start,ObsID end,Pixels,Sidebands,Comment\n{first},,3,bandA,wind\n")
    lifted = run("catalogue", "flags", "import", table, "--write", config, directory=scratch)
    assert lifted.count("is good again, import observers.csv no longer names it") == 4 + 8 * len(obsids[1:]), lifted
    assert bad_elements(scratch, config, first) == \
        {**{element: "it's \"odd\"" for element in by_hand}, **{(3, band): "wind" for band in range(4)}}


def check_missing(scratch, config, without):
    """CSV as Python reads it, nothing else on standard output."""
    rows = list(csv.DictReader(io.StringIO(output(scratch, "missing-level2", "--csv", config))))
    assert [int(row["obsid"]) for row in rows] == without
    assert len(output(scratch, "missing-level2", "--csv", "--limit", 0, config).splitlines()) == 1
    assert json.loads(output(scratch, "statistics", "tsys", "--min", 1e6, config, "--format", "json")) == {"tsys": []}
    output(scratch, "statistics", "failed", "--min", 1, config, expect=2)
    output(scratch, "statistics", "tsis", config, expect=2)
    output(scratch, "path-search", "", config, expect=2)


def check_show(answer, obsid):
    """The files were looked into."""
    assert answer["comap_data"][0]["obsid"] == obsid and answer["flags"] == [{"elements": 152, "good": 152, "bad": 0}]
    assert [file["state"] for file in answer["files"]] == ["good", "good"]


def main():
    scratch = scratch_directory()
    configs = {"sqlite": write_config(scratch / "sqlite.toml", CONFIG.format(url="sqlite:comap.db"))}
    run("simulate", configs["sqlite"], directory=scratch, ranks=2)
    run("catalogue", "scan", configs["sqlite"], "--level1", "level1", directory=scratch)
    run("level2", configs["sqlite"], ranks=2, directory=scratch)
    database = sqlite3.connect(scratch / "comap.db")
    fields = dict(database.execute("SELECT obsid, level2_path FROM comap_data WHERE source_group <> 'Calibrator'"))
    obsids = [row[0] for row in database.execute("SELECT obsid FROM comap_data ORDER BY obsid")]
    database.close()
    with private_postgres() as url:
        configs["postgres"] = write_config(scratch / "postgres.toml", CONFIG.format(url=url))
        run("catalogue", "init", configs["postgres"], directory=scratch)
        run("catalogue", "scan", configs["postgres"], "--level1", "level1", "--level2", "level2", directory=scratch)
        run("level2", configs["postgres"], "--set", "level2.overwrite=true", ranks=2, directory=scratch)
        found = {name: answers(scratch, config, obsids[0]) for name, config in configs.items()}
        for question, answer in found["sqlite"].items():
            ignored = {"files"} if question[0] == "show" else set()
            theirs = found["postgres"][question]
            assert {key: answer[key] for key in answer.keys() - ignored} == \
                {key: theirs[key] for key in theirs.keys() - ignored}, question
        for name, config in configs.items():
            check_show(found[name][("show", obsids[0])], obsids[0])
            check_target(scratch, config, fields)
            check_stale(scratch, config, list(fields.values()))
            check_missing(scratch, config, [])
            check_flags(scratch, config, obsids)


main()
