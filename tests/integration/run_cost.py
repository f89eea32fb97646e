"""What a run costs: the table at its end, its JSON and the history agree with each other and with what was done."""
import json
import re

import h5py
from astropy.io import fits

from program import datasets, run, scanned_site, scratch_directory

CONFIG = """
[simulate]
n_observations = 3
n_channels = 64
scan_duration_s = 20.0
n_scans = 2
[catalogue]
url = "sqlite:comap.db"
"""
COMMANDS = ("level2", "mapmake", "linemap")


def table_of(output):
    """The rows of the table of costs, by name."""
    lines = output[output.index("cost of "):].splitlines()
    return dict(re.split(r"  +", line.strip(), maxsplit=1) for line in lines[1:11])


def history(scratch):
    return [json.loads(line) for line in (scratch / "logs" / "run_costs.jsonl").read_text().splitlines()]


def check_table(output, cost):
    table = table_of(output)
    assert table["ranks"] == str(cost["ranks"]) and table["nodes"] == str(cost["nodes"]), table
    assert table["elapsed"] == f"{cost['elapsed_s']:.2f} s", table
    assert table["CPU"] == f"{cost['cpu_h']:.5f} h", table
    assert table["read"] == f"{cost['bytes_read'] / 1e6:.1f} MB", table
    assert table["written"] == f"{cost['bytes_written'] / 1e6:.1f} MB", table
    assert table["samples"] == str(cost["samples"]), table
    assert table["samples/node-second"] == f"{cost['samples_per_node_s']:.3e}", table
    assert table["load-balance loss"] == f"{100 * cost['load_balance_loss']:.1f} %", table
    assert table["peak memory of a rank"] == f"{cost['peak_memory_bytes_per_rank'] / 1e6:.1f} MB", table


def check_command(scratch, command, ranks):
    output = run(command, ranks=ranks, directory=scratch)
    cost = history(scratch)[-1]
    assert cost == json.loads((scratch / "logs" / f"{command}_summary.json").read_text())["cost"]
    check_table(output, cost)
    assert (cost["command"], cost["ranks"], cost["nodes"], cost["observations"]) == (command, ranks, 1, 3), cost
    assert 0 < cost["cpu_h"] * 3600 and 0 <= cost["load_balance_loss"] < 1, cost
    assert abs(cost["samples_per_node_s"] * cost["elapsed_s"] / cost["samples"] - 1) < 1e-9, cost
    return cost


def check_level2(scratch):
    cost = check_command(scratch, "level2", 2)
    level1 = sorted((scratch / "level1").rglob("*.hd5"))
    level2 = sorted((scratch / "level2").rglob("*.hd5"))
    assert cost["input_bytes"] == sum(path.stat().st_size for path in level1), cost
    n_tod = 0
    for path in level1:
        with h5py.File(path) as file:
            n_tod += file["spectrometer/tod"].size
    assert 0.5 * n_tod < cost["samples"] <= 1.5 * n_tod, (cost, n_tod)
    assert cost["bytes_read"] > 4 * cost["samples"], cost
    stored = 0
    for path in level2:
        with h5py.File(path) as file:
            stored += sum(values.nbytes for values in datasets(file).values() if values.dtype.kind == "f")
    assert cost["bytes_written"] > stored, (cost, stored)


def check_maps(scratch):
    level2_bytes = sum(path.stat().st_size for path in (scratch / "level2").rglob("*.hd5"))
    cost = check_command(scratch, "mapmake", 2)
    assert cost["input_bytes"] == level2_bytes and cost["bytes_read"] > 0, cost
    summary = json.loads((scratch / "logs" / "mapmake_summary.json").read_text())
    assert cost["samples"] == sum(band["samples"] for band in summary["bands"]) > 0, summary
    for band in summary["bands"]:
        with fits.open(scratch / band["map"]) as file:
            assert file["CUTS"].data["USED"].sum() == band["samples"], band
    cost = check_command(scratch, "linemap", 1)
    assert cost["input_bytes"] == level2_bytes and cost["samples"] > 0, cost


def main():
    scratch = scratch_directory()
    scanned_site(scratch, CONFIG)
    check_level2(scratch)
    check_maps(scratch)
    assert [cost["command"] for cost in history(scratch)] == list(COMMANDS)

    # Nothing to do: it costs little and says so. A disk that takes nothing is a warning.
    run("level2", "--quiet", directory=scratch)
    assert history(scratch)[-1]["input_bytes"] == 0 and history(scratch)[-1]["observations"] == 0
    (scratch / "logs" / "run_costs.jsonl").unlink()
    (scratch / "logs" / "run_costs.jsonl").mkdir()
    assert "the summary of the run is lost" in run("level2", directory=scratch)


if __name__ == "__main__":
    main()
