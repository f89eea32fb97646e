"""A second run does what changed and nothing else: the data are those of a run from nothing with the same settings, bit
for bit; stages that need no samples do without the Level-1 file; what fails on the way leaves the earlier file."""
import shutil
import sqlite3

import h5py

from program import datasets, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 1
n_channels = 32
scan_duration_s = 25.0
n_scans = 2
[catalogue]
url = "sqlite:comap.db"
"""
RECORDS = "comap_mpi/stages"
SNAPSHOT = "level2/sql_snapshot/"
NOISE = "level2.noise_stats_level2.outlier_sigma=3.5"
FILTER = "level2.gain_filter.channel_quality=false"
MAX_GROWTH = 1.05


class Site:
    """A directory with one observation, its catalogue and its Level-2 file."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.config = write_config(directory / "comap.toml", CONFIG)
        run("simulate", self.config, directory=directory)
        run("catalogue", "scan", self.config, "--level1", "level1", directory=directory)

    def level2(self, *settings, ranks=1, expect=0, options=()):
        arguments = [word for setting in settings for word in ("--set", setting)]
        return run("level2", self.config, *arguments, *options, ranks=ranks, directory=self.directory, expect=expect)

    def file(self):
        (path,) = (self.directory / "level2").rglob("Level2_*.hd5")
        assert not list(self.directory.rglob("*.partial"))
        return path

    def data(self):
        with h5py.File(self.file()) as file:
            assert file.attrs["comap_mpi_complete"] == 1
            return {name: value.tobytes() for name, value in datasets(file).items() if not name.startswith(SNAPSHOT)}

    def records(self):
        with h5py.File(self.file()) as file:
            return {name: dict(group.attrs) for name, group in file[RECORDS].items()}

    def forget_level2(self):
        shutil.rmtree(self.directory / "level2")


def stages_run(text):
    """Stages named in the line that says what is started, or would be run."""
    (line,) = [line for line in text.splitlines() if "starting: " in line or "would run " in line]
    start = line.index("starting: ") + 10 if "starting: " in line else line.index("would run ") + 10
    return [part.split(" (")[0].strip() for part in line[start:].split("; ") if " (" in part]


def assert_equal(data, expected):
    assert data.keys() == expected.keys(), data.keys() ^ expected.keys()
    different = [name for name in expected if data[name] != expected[name]]
    assert not different, different


def results_from_nothing(scratch, *settings):
    site = Site(scratch / "fresh")
    site.level2(*settings)
    data = site.data()
    shutil.rmtree(site.directory)
    return data


def check_unchanged(site):
    before = site.file().stat()
    assert "up to date                       1" in site.level2()
    after = site.file().stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def check_without_level1(scratch, site):
    """noise_stats_level2 needs no samples: Level-1 may be on tape."""
    expected = results_from_nothing(scratch, NOISE)
    level1 = site.directory / "level1"
    level1.rename(site.directory / "tape")
    plan = site.level2(NOISE, options=["--dry-run"])
    assert stages_run(plan) == ["noise_stats_level2", "finalize_metadata"], plan
    assert "outlier_sigma 3.0 -> 3.5" in plan and "without Level-1" in plan, plan
    assert site.data() != expected
    assert stages_run(site.level2(NOISE, ranks=2)) == ["noise_stats_level2", "finalize_metadata"]
    assert_equal(site.data(), expected)
    before = site.data()
    text = site.level2(NOISE, FILTER, expect=3)
    assert "No such file" in text, text
    assert_equal(site.data(), before)
    (site.directory / "tape").rename(level1)


def check_filter(scratch, site):
    """A changed filter reads the samples again, but not for the calibration or the atmosphere."""
    expected = results_from_nothing(scratch, NOISE, FILTER)
    records = site.records()
    text = site.level2(NOISE, FILTER, ranks=2)
    assert stages_run(text) == ["gain_filter", "noise_stats_level2", "calibrator_fit", "finalize_metadata"], text
    assert "channel_quality true -> false" in text, text
    assert_equal(site.data(), expected)
    after = site.records()
    assert after["atmosphere"] == records["atmosphere"]
    assert after["gain_filter"]["inputs"] == records["gain_filter"]["inputs"]
    assert after["noise_stats_level2"]["inputs"] != records["noise_stats_level2"]["inputs"]


def check_overwrite(site):
    """A stage's own overwrite redoes it and what builds on it; the file does not grow with every rerun."""
    expected = site.data()
    size = site.file().stat().st_size
    for _ in range(3):
        text = site.level2(NOISE, FILTER, "level2.atmosphere.overwrite=true", "level2.gain_filter.overwrite=true")
        assert stages_run(text) == ["atmosphere", "gain_filter", "noise_stats_level2", "calibrator_fit",
                                    "finalize_metadata"], text
        assert_equal(site.data(), expected)
    assert site.file().stat().st_size < MAX_GROWTH * size, (site.file().stat().st_size, size)


def check_overwrite_of_a_table_for_two(site):
    """atmosphere_vane takes its settings from the table of atmosphere: overwrite there means both."""
    pipeline = ('level2.pipeline=["check_level1", "create_level2", "system_temperature", "find_scans", "atmosphere", '
                '"atmosphere_vane", "finalize_metadata"]')
    site.level2(pipeline)
    plan = site.level2(pipeline, "level2.atmosphere.overwrite=true", options=["--dry-run"])
    assert stages_run(plan) == ["atmosphere", "atmosphere_vane", "finalize_metadata"], plan


def check_flags(site):
    """What an observer says of the data goes into the file, and nothing else is done for it."""
    expected = site.data()
    with sqlite3.connect(site.directory / "comap.db") as database:
        (comment, pixel, band) = ("bad weather", 1, 3)
        changed = database.execute("UPDATE quality_flags SET is_good = 0, comment = ? WHERE pixel = ? AND frequency_band = ?",
                                   (comment, pixel, band)).rowcount
        assert changed == 1
    database.close()
    assert stages_run(site.level2(NOISE, FILTER)) == ["finalize_metadata"]
    assert_equal(site.data(), expected)
    with h5py.File(site.file()) as file:
        snapshot = file[SNAPSHOT]
        row = (snapshot["pixel"][:] == pixel) & (snapshot["frequency_band"][:] == band)
        assert list(snapshot["is_good"][row]) == [0] and snapshot["comment"].asstr()[row][0] == comment
        assert snapshot["is_good"][:].sum() == snapshot["is_good"].size - 1
    assert "up to date                       1" in site.level2(NOISE, FILTER)


def check_failure(site):
    """The earlier file stays when the new one cannot be made."""
    expected = site.data()
    (level1,) = (site.directory / "level1").glob("comap-*[0-9].hd5")
    good = level1.read_bytes()
    level1.write_bytes(good[:len(good) // 2])
    site.level2(expect=3)
    assert_equal(site.data(), expected)
    with sqlite3.connect(site.directory / "comap.db") as database:
        (status,) = database.execute("SELECT processing_status FROM observation_summary").fetchone()
        (path,) = database.execute("SELECT level2_path FROM comap_data").fetchone()
    database.close()
    assert status == "failed" and path.endswith(site.file().name), (status, path)
    level1.write_bytes(good)
    assert stages_run(site.level2())[0] == "all stages"


def main():
    scratch = scratch_directory()
    site = Site(scratch / "site")
    assert stages_run(site.level2(options=["--dry-run"])) == ["all stages"]
    site.level2()
    check_unchanged(site)
    check_without_level1(scratch, site)
    check_filter(scratch, site)
    check_overwrite(site)
    check_flags(site)
    check_failure(site)
    check_overwrite_of_a_table_for_two(Site(scratch / "vane"))


main()
