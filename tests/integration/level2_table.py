"""The table of docs/files.md, held against Level-2 files as h5py reads them."""
import re

from program import SOURCE_DIR, datasets

ROW = re.compile(r"^\| `(.+?)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", re.M)
# path -> type, axes, unit, stage, description
TABLE = {row[0]: row[1:] for row in ROW.findall((SOURCE_DIR / "docs/files.md").read_text())}
COPIES = ("spectrometer/", "hk/", "level2/sql_snapshot/")
LENGTHS = {"feed": 19, "band": 4, "other_band": 4, "edge": 2}


def check_described(file):
    """Every dataset of an open file is a row of the table, with its type, axes, unit and description as attributes, or a
    copy; axes of one name have one length. Returns the paths that are in the table."""
    lengths = dict(LENGTHS)
    described = set()
    for path in datasets(file):
        if path not in TABLE:
            assert path.startswith(COPIES), f"{path} is not in docs/files.md"
            assert "description" not in file[path].attrs, path
            continue
        element, axes, unit, _, description = TABLE[path]
        dataset, attributes = file[path], file[path].attrs
        assert dataset.dtype.name == element, (path, dataset.dtype)
        assert attributes["axes"] == axes and attributes["description"] == description, (path, dict(attributes))
        assert attributes.get("unit", "") == unit, (path, dict(attributes))
        assert dataset.ndim == len(axes.split()), (path, dataset.shape)
        for axis, length in zip(axes.split(), dataset.shape):
            assert lengths.setdefault(axis, length) == length, (path, axis, dataset.shape, lengths)
        described.add(path)
    assert {"spectrometer/MJD", "spectrometer/feeds", "level2/scan_edges"} <= described, described
    return described
