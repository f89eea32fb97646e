"""Level-2 of a file that this project did not make, against reference results that it did not make
(tests/data/expected_30011.h5): the whole program, with our own vane calibration and scans and with those of the reference.
docs/validation.md lists the faults of the reference that explain the difference."""
import functools
import sys

from program import DATA_DIR, SOURCE_DIR, run, scratch_directory

sys.path.insert(0, str(SOURCE_DIR / "scripts"))
from golden_comparison import Case, golden_table  # noqa: E402

MINI = Case(DATA_DIR / "comap-0030011-2022-09-20-003020.hd5", DATA_DIR / "expected_30011.h5")
N_REQUIREMENTS = 28


def main():
    scratch = scratch_directory()
    table = golden_table(functools.partial(run, directory=scratch, ranks=2), scratch, [MINI])
    print(table.markdown())
    assert len(table.rows) == N_REQUIREMENTS
    assert table.ok, "\n".join(table.missed())


main()
