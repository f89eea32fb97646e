"""benchmark io on a Level-1 and a Level-2 file: every setting reads the whole dataset, JSON and table say the same, what is
recommended is the fastest row and can be given to a run."""
import json
import shlex

import h5py

from program import run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 2
n_channels = 64
scan_duration_s = 20.0
n_scans = 2
[catalogue]
url = "sqlite:comap.db"
"""
COLUMNS = ("readers", "ranks_per_file", "access", "MB", "seconds", "MB_per_s", "open_ms", "mean_read_ms", "max_read_ms", "hints")
HINTS = ("default", "romio_cb_read=enable,cb_buffer_size=1048576")


def table_of(output):
    lines = output.splitlines()
    first = next(i for i, line in enumerate(lines) if line.split()[:2] == ["readers", "ranks_per_file"]) + 1
    last = next(i for i, line in enumerate(lines) if line.startswith("recommended: "))
    return [dict(zip(COLUMNS, line.split())) for line in lines[first:last]]


def bytes_of(path, dataset):
    with h5py.File(path) as file:
        return file[dataset].nbytes


def check_rows(report, table, files, sizes):
    assert len(report["rows"]) == len(table) > 0, report
    for row, shown in zip(report["rows"], table):
        assert row["bytes"] == sum(sizes[reader % len(files)] for reader in range(row["readers"])), row
        assert abs(row["MB_per_s"] - row["bytes"] / 1e6 / row["seconds"]) < 1e-6 * row["MB_per_s"], row
        assert 0 < row["mean_read_ms"] <= row["max_read_ms"] and row["open_ms"] > 0, row
        for name in ("readers", "ranks_per_file", "access", "hints"):
            assert str(row[name]) == shown[name], (row, shown)
        assert f"{row['bytes'] / 1e6:.1f}" == shown["MB"] and f"{row['MB_per_s']:.1f}" == shown["MB_per_s"], (row, shown)
        assert f"{row['mean_read_ms']:.2f}" == shown["mean_read_ms"], (row, shown)


def check_recommendation(scratch, report, output):
    assert output.splitlines()[-1].startswith(f"recommended: {report['recommended']}  # "), output
    best = max((row for row in report["rows"] if row["access"] == "slices"), key=lambda row: row["MB_per_s"])
    assert f"ranks_per_observation={best['ranks_per_file']} " in report["recommended"], (best, report)
    shown = run("config", "show", *shlex.split(report["recommended"]), directory=scratch)
    assert f"ranks_per_observation = {best['ranks_per_file']} " in shown, shown
    for hint in best["hints"].split(",") if best["hints"] != "default" else ():
        name, value = hint.split("=")
        assert f'{name} = "{value}"' in shown, (hint, shown)


def measure(scratch, files, *words, ranks):
    return run("benchmark", "io", *files, "--json", "io.json", "--repeat", "2", *words, ranks=ranks, directory=scratch)


def check_level1(scratch):
    files = sorted((scratch / "level1").rglob("*.hd5"))
    sizes = [bytes_of(path, "spectrometer/tod") for path in files]
    words = [word for hints in HINTS for word in ("--hints", hints)]
    output = measure(scratch, files, "--readers", "1,2,3", "--ranks-per-file", "1,2", "--access", "slices,whole",
                     "--slice-samples", "300", "--cold", "--plot", "io.png", *words, ranks=4)
    report = json.loads((scratch / "io.json").read_text())
    assert (report["dataset"], report["cold"]) == ("spectrometer/tod", True), report
    shapes = {(row["readers"], row["ranks_per_file"]) for row in report["rows"]}
    assert shapes == {(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)}, "what four ranks are enough for"
    assert len(report["rows"]) == len(shapes) * len(HINTS) * 2
    check_rows(report, table_of(output), files, sizes)
    check_recommendation(scratch, report, output)
    assert (scratch / "io.png").read_bytes().startswith(b"\x89PNG")


def check_level2(scratch):
    files = sorted((scratch / "level2").rglob("*.hd5"))[:1]
    output = measure(scratch, files, "--readers", "1,2", "--ranks-per-file", "1", ranks=2)
    report = json.loads((scratch / "io.json").read_text())
    assert report["dataset"] == "level2/binned_filtered_data", report
    check_rows(report, table_of(output), files, [bytes_of(files[0], report["dataset"])])


def check_gzip(scratch):
    """Stored chunks are inflated as level2 does it."""
    original = sorted((scratch / "level1").rglob("*.hd5"))[0]
    packed = scratch / original.name.replace(".hd5", "-gzip.hd5")
    with h5py.File(original) as source, h5py.File(packed, "w") as target:
        tod = source["spectrometer/tod"]
        target.create_dataset("spectrometer/tod", data=tod[()], compression=3, chunks=(1, 4, tod.shape[2], 200))
    output = measure(scratch, [packed], "--ranks-per-file", "1,2", "--slice-samples", "300", "--access", "slices,whole",
                     ranks=2)
    report = json.loads((scratch / "io.json").read_text())
    check_rows(report, table_of(output), [packed], [bytes_of(original, "spectrometer/tod")])


def check_refusals(scratch):
    level1 = sorted((scratch / "level1").rglob("*.hd5"))[0]
    for words, text, code in (([scratch / "absent.hd5"], "absent.hd5", 1),
                              ([level1, "--dataset", "spectrometer/tot"], "has no spectrometer/tot", 1),
                              ([level1, "--dataset", "spectrometer/MJD"], "must have more axes", 1),
                              ([level1, "--readers", "8"], "no number of readers", 2),
                              ([level1, "--hints", "nonsense"], "NAME=VALUE", 2)):
        output = run("benchmark", "io", *words, ranks=2, directory=scratch, expect=code)
        assert text in output, output


def main():
    scratch = scratch_directory()
    write_config(scratch / "comap.toml", CONFIG)
    run("simulate", ranks=2, directory=scratch)
    run("catalogue", "scan", "--level1", "level1", directory=scratch)
    run("level2", ranks=2, directory=scratch)
    check_level1(scratch)
    check_level2(scratch)
    check_gzip(scratch)
    check_refusals(scratch)


if __name__ == "__main__":
    main()
