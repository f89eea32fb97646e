"""The same commands on SQLite and on PostgreSQL leave the same rows, read with sqlite3 and psql, and make the same map."""
import csv
import io
import json
import math
import sqlite3
import subprocess

from astropy.io import fits

from private_postgres import private_postgres
from program import run, scratch_directory, write_config

CONFIG = """
[simulate]
n_channels = 16
scan_duration_s = 20.0
n_calibrators = 1
[catalogue]
url = "{url}"
[select]
source_group = ["Galactic"]
[mapmake]
name = "{name}"
"""
TABLES = {
    "comap_data": "obsid",
    "observation_summary": "obsid",
    "quality_flags": "obsid, pixel, frequency_band",
    "calibration_flux": "obsid, feed, band, channel",
    "calibration_model_fit": "feed, band, channel",
    "old_path_data": "obsid",
    "comap_calibration_frequency": "obsid, feed, band, channel",
}


def commands(scratch, name, url):
    config = write_config(scratch / f"{name}.toml", CONFIG.format(url=url, name=name))
    run("catalogue", "init", config, directory=scratch)
    run("catalogue", "scan", config, "--level1", "level1", ranks=2, directory=scratch)
    run("level2", config, "--set", "level2.overwrite=true", "--set", "select.source_group=[]", ranks=2, directory=scratch)
    run("catalogue", "scan", config, "--level1", "level1", "--level2", "level2", "--overwrite", directory=scratch)
    run("calibrate", config, "--set", "select.source_group=[]", "--set", "calibrate.model_type=mean", "--set",
        "calibrate.min_observations=1", ranks=2, directory=scratch)
    run("mapmake", config, "--set", "mapmake.calibration=catalogue", ranks=2, directory=scratch)
    return (run("catalogue", "summary", config, "--format", "json", "--quiet", directory=scratch),
            run("catalogue", "show", config, "40002", "--format", "json", "--quiet", directory=scratch))


def comparable(text):
    """JSON output without what differs between two runs: the URL, and the size of files with another configuration."""
    found = json.loads(text)
    found.pop("files", None)
    return json.dumps(found).replace("sqlite:comap.db", "URL")


def sqlite_rows(database, table, order):
    cursor = sqlite3.connect(database).execute(f"SELECT * FROM {table} ORDER BY {order}")
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row)) for row in cursor]


def postgres_rows(url, table, order):
    text = subprocess.run(["psql", url, "-q", "--csv", "-P", "null=NULL", "-c", f"SELECT * FROM {table} ORDER BY {order}"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return list(csv.DictReader(io.StringIO(text)))


def same(sqlite_value, postgres_text):
    if sqlite_value is None:
        return postgres_text == "NULL"
    if postgres_text in ("t", "f"):
        return bool(sqlite_value) == (postgres_text == "t")
    if isinstance(sqlite_value, float):
        return math.isclose(sqlite_value, float(postgres_text), rel_tol=1e-14)
    return str(sqlite_value) == postgres_text


def check_rows(database, url):
    for table, order in TABLES.items():
        ours, theirs = sqlite_rows(database, table, order), postgres_rows(url, table, order)
        assert len(ours) == len(theirs), (table, len(ours), len(theirs))
        for first, second in zip(ours, theirs):
            assert first.keys() == second.keys(), table
            for column, value in first.items():
                # Keys that count up, and when a row was written, may differ.
                if column in ("id", "updated_at"):
                    continue
                assert same(value, second[column]), (table, column, value, second[column], first)
    summary = sqlite_rows(database, "observation_summary", "obsid")
    assert [row["processing_status"] for row in summary].count("complete") == 4
    for table in ("calibration_flux", "comap_calibration_frequency", "calibration_model_fit"):
        assert len(sqlite_rows(database, table, "id")) == 3 * 8, table
    flags = sqlite_rows(database, "quality_flags", "id")
    measured = [row for row in flags if row["filtered_auto_rms"] is not None]
    assert len(measured) == 4 * 3 * 8 and all(row["filtered_auto_rms"] > 0 for row in measured)


def main():
    scratch = scratch_directory()
    run("simulate", write_config(scratch / "simulate.toml", CONFIG.format(url="sqlite:unused.db", name="unused")),
        directory=scratch, ranks=2)
    with private_postgres() as url:
        sqlite_text = commands(scratch, "sqlite", "sqlite:comap.db")
        postgres_text = commands(scratch, "postgres", url)
        for ours, theirs in zip(sqlite_text, postgres_text):
            assert comparable(ours) == comparable(theirs)
        check_rows(scratch / "comap.db", url)
    maps = [fits.getdata(scratch / "maps" / f"{name}_band0.fits") for name in ("sqlite", "postgres")]
    assert maps[0].tobytes() == maps[1].tobytes()


main()
