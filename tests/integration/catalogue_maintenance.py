"""What keeps a catalogue true, with real files: verify of one and two ranks, a disk that moves (remap, reconcile), bad
files (verify --repair), a lost catalogue (restore-from), a file of the Python pipeline into PostgreSQL (merge)."""
import hashlib
import json
import math
import os
import sqlite3
import subprocess

from private_postgres import private_postgres
from program import DATA_DIR, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 2
n_channels = 32
scan_duration_s = 25.0
n_scans = 2
[catalogue]
url = "{url}"
"""
TABLES = ("comap_data", "observation_summary", "quality_flags", "calibration_flux", "calibration_model_fit",
          "old_path_data", "comap_calibration_frequency")
KEYS = {"quality_flags": "obsid, pixel, frequency_band", "calibration_model_fit": "feed, band, channel",
        "calibration_flux": "obsid, feed, band, channel", "comap_calibration_frequency": "obsid, feed, band, channel"}


def tables(scratch, config, command, *arguments, ranks=1, expect=0):
    """What a command answers, as {table: rows}."""
    text = run("catalogue", command, config, *arguments, "--format", "json", "--quiet", ranks=ranks, directory=scratch,
               expect=expect)
    return json.loads(text[text.index("\n{") + 1 if not text.startswith("{") else 0:text.rindex("}") + 1])


def kinds(report):
    return sorted((row["obsid"], row["kind"]) for row in report["problems"])


def rows_of(database, table):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(f"SELECT * FROM {table} ORDER BY {KEYS.get(table, 'obsid')}").fetchall()
    return [{name: value for name, value in dict(row).items() if name != "id"} for row in rows]


def postgres_rows(url, table):
    statement = f"SELECT row_to_json(t) FROM (SELECT * FROM {table} ORDER BY {KEYS.get(table, 'obsid')}) AS t"
    text = subprocess.run(["psql", "-X", url, "-q", "-A", "-t", "-c", statement], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    return [{name: value for name, value in json.loads(line).items() if name != "id"} for line in text.splitlines()]


def check_renewed_in_place(scratch, config):
    """Files that have moved are renewed where they are; another output_dir is for those that lie where they were made."""
    before = rows_of(scratch / "comap.db", "comap_data")
    assert run("level2", config, "--dry-run", directory=scratch).count("up to date: ") == 2
    one = before[0]
    changed = os.stat(one["level2_path"]).st_mtime_ns
    run("level2", config, "--obsid", one["obsid"], "--set", "level2.overwrite=true", directory=scratch)
    run("level2", config, "--set", 'level2.output_dir="elsewhere"', directory=scratch)
    assert os.stat(one["level2_path"]).st_mtime_ns > changed
    assert rows_of(scratch / "comap.db", "comap_data") == before
    assert not (scratch / "level2").exists() and not (scratch / "elsewhere").exists()


def check_moves(scratch, config, level2_files):
    before = rows_of(scratch / "comap.db", "comap_data")
    (scratch / "level2").rename(scratch / "disk2")
    report = tables(scratch, config, "remap", "--old-prefix", scratch / "level2", "--new-prefix", "disk2")
    assert len(report["level2_path"]) == 2 and not report["level1_path"]
    assert rows_of(scratch / "comap.db", "comap_data") == before
    tables(scratch, config, "remap", "--old-prefix", scratch / "level2", "--new-prefix", "disk2", "--write")
    for row in rows_of(scratch / "comap.db", "comap_data"):
        assert row["level2_path"].startswith(f"{scratch}/disk2/")
    check_renewed_in_place(scratch, config)
    (scratch / "disk2").rename(scratch / "level2")
    arguments = ("--search-root", "level2", "--output-dir", "lists")
    report = tables(scratch, config, "reconcile", *arguments)
    assert len(report["remapped"]) == 2 and len(report["written"]) == 6
    lines = (scratch / "lists" / "remapped_level2_rows.tsv").read_text().splitlines()
    assert [line.split("\t")[2] for line in lines] == level2_files
    tables(scratch, config, "reconcile", *arguments, "--write")
    assert rows_of(scratch / "comap.db", "comap_data") == before


def check_verify(scratch, config, level2_files):
    for ranks in (1, 2):
        report = tables(scratch, config, "verify", ranks=ranks)
        assert report["problems"] == [], report
    assert "verify" in run("catalogue", "verify", config, directory=scratch)
    settings = ("--set", "level2.noise_stats_level2.outlier_sigma=3.5")
    report = tables(scratch, config, "verify", *settings, ranks=2, expect=3)
    assert {row["kind"] for row in report["problems"]} == {"level2_outdated"} and len(report["problems"]) == 2
    assert "outlier_sigma" in report["problems"][0]["reason"]
    assert tables(scratch, config, "verify", *settings, "--files-only")["problems"] == []
    whole = open(level2_files[0], "rb").read()
    open(level2_files[0], "wb").write(whole[: len(whole) // 2])
    obsid = rows_of(scratch / "comap.db", "comap_data")[0]["obsid"]
    before = rows_of(scratch / "comap.db", "comap_data")
    assert kinds(tables(scratch, config, "verify", "--repair", expect=3)) == [(obsid, "level2_damaged")]
    assert rows_of(scratch / "comap.db", "comap_data") == before
    tables(scratch, config, "verify", "--repair", "--write", ranks=2)
    assert rows_of(scratch / "comap.db", "comap_data")[0]["level2_path"] is None
    assert rows_of(scratch / "comap.db", "observation_summary")[0]["processing_status"] == "pending"
    assert tables(scratch, config, "verify")["problems"] == []
    open(level2_files[0], "wb").write(whole)


def check_nothing_to_do(scratch, config):
    """A prefix that no path has, a new one that leads nowhere, no file to restore from: errors that say so."""
    assert "no path of the catalogue begins with" in \
        run("catalogue", "remap", config, "--old-prefix", "/no/where", "--new-prefix", "/x", directory=scratch, expect=1)
    assert "is the disk mounted?" in run("catalogue", "remap", config, "--old-prefix", "level2", "--new-prefix", "/x",
                                         "--require-new-path-exists", directory=scratch, expect=1)
    assert len(tables(scratch, config, "remap", "--old-prefix", "level2", "--new-prefix", "/x")["level2_path"]) == 2
    assert "no Level-2 file that can be used" in \
        run("catalogue", "restore-from", config, "level2/*/Level2_*.hd5", directory=scratch, expect=1)


def check_restore(scratch, expected):
    lost = write_config(scratch / "lost.toml", CONFIG.format(url="sqlite:lost.db"))
    run("catalogue", "init", lost, directory=scratch)
    bad = scratch / "Level2_comap-0000001-bad.hd5"
    bad.write_text("no HDF5")
    report = tables(scratch, lost, "restore-from", "level2", bad, "nowhere.hd5")
    assert {row["what"]: row["count"] for row in report["files"]}["observations restored"] == 2
    assert {row["path"] for row in report["problems"]} == {str(bad), "nowhere.hd5"}
    assert rows_of(scratch / "lost.db", "comap_data") == []
    tables(scratch, lost, "restore-from", "level2", bad, "--write")
    for table, rows in expected.items():
        assert rows_of(scratch / "lost.db", table) == rows, table
    assert tables(scratch, lost, "verify")["problems"] == []


def check_python_file(scratch):
    python = scratch / "python.db"
    subprocess.run(["sqlite3", "-bail", python, f".read {DATA_DIR / 'python_catalogue.sql'}"], check=True)
    before = hashlib.sha256(python.read_bytes()).hexdigest()
    with private_postgres() as url:
        config = write_config(scratch / "postgres.toml", CONFIG.format(url=url))
        run("catalogue", "merge", config, python, directory=scratch, expect=2)
        run("catalogue", "init", config, directory=scratch)
        dry = tables(scratch, config, "merge", python)
        assert postgres_rows(url, "comap_data") == []
        done = tables(scratch, config, "merge", python, "--write")
        assert done == dry
        left_out = {(row["table"], row["key"]) for row in done["problems"]}
        assert len(left_out) == 7, left_out
        for table in TABLES[:4] + TABLES[5:6]:
            theirs = [row for row in rows_of(python, table) if row["obsid"] not in (9999, None)]
            ours = postgres_rows(url, table)
            if table == "quality_flags":
                assert theirs.pop()["comment"] == "said twice"
            assert len(ours) == len(theirs) > 0, table
            for first, second in zip(theirs, ours):
                check_same(first, second)
        # And back.
        back = write_config(scratch / "back.toml", CONFIG.format(url="sqlite:back.db"))
        run("catalogue", "init", back, directory=scratch)
        tables(scratch, back, "merge", url, "--write")
        for table in TABLES:
            if table != "calibration_model_fit":
                assert [list(row.values()) for row in rows_of(scratch / "back.db", table)] == \
                    [list(row.values()) for row in postgres_rows(url, table)], table
    run("catalogue", "summary", "--set", "catalogue.url=sqlite:python.db", directory=scratch)
    run("catalogue", "show", "7206", "--set", "catalogue.url=sqlite:python.db", directory=scratch)
    assert hashlib.sha256(python.read_bytes()).hexdigest() == before
    run("catalogue", "merge", "python.db", "--set", "catalogue.url=sqlite:python.db", directory=scratch, expect=2)


def check_same(first, second):
    for name, value in first.items():
        unfit = (name == "features" and first["obsid"] in (7206, 7207)) or (name == "bw" and value == "wide")
        other = second[name]
        if unfit:
            assert other is None, (name, other)
        elif isinstance(value, float):
            assert math.isclose(value, other, rel_tol=0, abs_tol=0), (name, value, other)
        else:
            assert value == other, (name, value, other)


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "comap.toml", CONFIG.format(url="sqlite:comap.db"))
    run("simulate", config, directory=scratch, ranks=2)
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    run("level2", config, directory=scratch, ranks=2)
    level2_files = [row["level2_path"] for row in rows_of(scratch / "comap.db", "comap_data")]
    expected = {table: rows_of(scratch / "comap.db", table) for table in TABLES[:4]}
    check_moves(scratch, config, level2_files)
    check_nothing_to_do(scratch, config)
    check_verify(scratch, config, level2_files)
    check_restore(scratch, expected)
    check_python_file(scratch)


main()
