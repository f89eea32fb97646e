"""Every way in which Level-1 files are spoilt comes out as it should: mended, left out with a reason, or refused; said by
level2 and found by check; never a wrong map without a word.

    spoilt_files.py SCRATCH [NAME...]    # some of them only
"""
import dataclasses
import sys

import h5py
import numpy as np

from program import PROGRAM, datasets, run, scratch_directory
from spoilt_level1 import SPOILT
from spoilt_runs import CLEAN, all_outcomes, make_spoilt, simulate


@dataclasses.dataclass
class Expected:
    """A map as the clean one, or, where `refused` has words, none and these words in the log."""
    kinds: tuple = ()  # of troubles in the Level-2 files; one of them is enough
    refused: str = ""
    slope: float = 0.02       # most difference from 1
    rms: tuple = (0.97, 1.10)
    pixels: float = 0.97
    check: bool = True  # whether `check` finds it


SCAN_FLAGS = Expected(("scan flags",))
SAME = Expected(check=False)
EXPECTED = {
    "housekeeping_gap_long": Expected(("housekeeping gap",)),
    "housekeeping_gap_middle": Expected(("housekeeping gap",)),
    "housekeeping_clock_1s": Expected(("housekeeping clock",)),
    "housekeeping_clock_2s": Expected(("housekeeping clock",)),
    "housekeeping_clock_5s": Expected(refused="gain"),
    "housekeeping_unix_time": Expected(refused="hk/"),
    "vane_covers_feed_partly": Expected(("vane power",)),
    "shroud_zero": Expected(("vane temperature",)),
    "shroud_minus_999": Expected(("vane temperature",)),
    "shroud_one_row": Expected(("vane temperature",)),
    "stray_vane_flag": SCAN_FLAGS,
    "two_kinds_of_scan": SCAN_FLAGS,
    "short_other_kind": SCAN_FLAGS,
    "alternating_bits": SAME,
    "pause_between_scans": Expected(("recording gap",)),
    "gap_in_scan": Expected(("recording gap",), slope=0.05, pixels=0.95),
    "downsampled": Expected(("time step",)),
    "wrong_stamps": Expected(("time step",)),
    "frequency_in_MHz": Expected(("frequency unit",)),
    "frequency_in_Hz": Expected(("frequency unit",)),
    "clock_is_TAI": Expected(refused="TAI instead of UTC"),
    "clock_is_JD": Expected(refused="Julian date"),
    "one_reversed_channels": Expected(("channel order",)),
    "one_swapped_bands": Expected(("channel order",)),
    "five_zero_samples": Expected(("counts not positive",)),
    "absurd_samples": Expected(("counts absurd",)),
    "frozen_15s": Expected(("samples repeated",)),
    "doubled_spectra": Expected(refused="equal to the one before"),
    "too_quiet_scan": Expected(("noise too low",), slope=0.05),
    "azimuth_zero": Expected(("pointing missing", "pointing jump")),
    "pointing_frozen_5s": Expected(("pointing frozen",), slope=0.05),
    "elevation_nan": Expected(("pointing missing",)),
    "nan_half_second": Expected(("samples missing",)),
    "obsid_empty": Expected(("obsid",)),
    "obsid_padded": SAME,
    "utc_start_iso": SAME,
    "utc_start_no_date": Expected(("start time",)),
}


def faults(name, expected, outcome):
    """What is not as it should be."""
    refused = outcome.n_complete == 0
    if expected.check and outcome.check_code != 1:
        yield "check finds nothing"
    if refused:
        if not expected.refused:
            yield f"refused: {outcome.log}"
        elif outcome.level2_code != 3 or " failed: " not in outcome.log or expected.refused not in outcome.log:
            yield f"level2 ends with {outcome.level2_code}, no reason with '{expected.refused}': {outcome.log}"
        return
    if expected.refused:
        yield f"not refused; {outcome.kinds()}"
        return
    if not abs(outcome.slope - 1.0) <= expected.slope:
        yield f"slope {outcome.slope:.4f}"
    if not expected.rms[0] <= outcome.rms <= expected.rms[1]:
        yield f"RMS {outcome.rms:.3f} times that of the clean map"
    if not outcome.pixels >= expected.pixels:
        yield f"{100 * outcome.pixels:.1f} % of the pixels"
    if expected.kinds and not set(expected.kinds) & set(outcome.kinds()):
        yield f"says {outcome.kinds()}, not one of {expected.kinds}"
    if expected.kinds and not outcome.n_warnings:
        yield "no warning"


def other_orders_on_several_ranks(scratch):
    """Level-2 of files in another order, read together by three ranks, is that of the clean files, number for number."""
    make_spoilt(scratch, "one_swapped_bands")
    directory = scratch / "one_swapped_bands"
    run("catalogue", "scan", "--level1", "level1", directory=directory)
    run("level2", ranks=3, directory=directory)
    for clean in (scratch / CLEAN / "level2").rglob("*.hd5"):
        with h5py.File(clean) as one, h5py.File(directory / clean.relative_to(scratch / CLEAN)) as other:
            expected, found = datasets(one), datasets(other)
            for name in expected.keys() - {name for name in expected if "sql_snapshot" in name}:
                assert np.array_equal(expected[name], found[name], equal_nan=expected[name].dtype.kind == "f"), name


def main():
    scratch = scratch_directory()
    names = sys.argv[2:] or list(SPOILT)
    assert set(SPOILT) == set(EXPECTED)
    simulate(PROGRAM, scratch)
    found = all_outcomes(PROGRAM, scratch, names)
    other_orders_on_several_ranks(scratch)
    clean = found[CLEAN]
    assert clean.check_code == 0 and not clean.troubles and not clean.n_warnings, (clean.check, clean.log)
    wrong = {name: list(faults(name, EXPECTED[name], found[name])) for name in names}
    for name in names:
        outcome = found[name]
        assert "\x1b" not in outcome.log, name  # what attributes hold gives no orders to a terminal
        print(f"{name}: {outcome.n_complete} complete, slope {outcome.slope:.4f}, RMS {outcome.rms:.3f}, pixels "
              f"{outcome.pixels:.3f}, {outcome.kinds()}{': WRONG ' + '; '.join(wrong[name]) if wrong[name] else ''}")
    assert not any(wrong.values()), [name for name in names if wrong[name]]


main()
