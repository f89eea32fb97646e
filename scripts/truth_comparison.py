"""Level-2 files and maps of simulated observations, made with the default settings, against the truth."""
import dataclasses
import math
import pathlib
import re
import time

import level2_truth
import map_metrics
from astropy.io import fits
from validation_table import Table

CONFIG = """
[catalogue]
url = "sqlite:comap.db"
[level2.gain_filter]
edge_cut_fraction = 0.0625
centre_cut_fraction = 0.0
{gain_filter}
[mapmake]
wcs = "golden"
wcs_file = "{wcs_file}"
"""
WCS_FILE = pathlib.Path(__file__).resolve().parent.parent / "configs" / "wcs_definitions.toml"
AMPLITUDE, AMPLITUDE_TOLERANCE = 0.997, 0.003
SLOPE_ALL, SLOPE_SMALL = (0.990, 1.000), (0.980, 1.000)
SLOPE_OF_BAND = (0.98, 1.02)  # all and small scales
BAND_WITH_LINE = 4            # of SMALL; the truth leaves the line out


@dataclasses.dataclass
class SimulatedSet:
    """Level-1 files with their truth beside them, and what is required of their calibration."""
    name: str
    level1: pathlib.Path
    field_obsids: list
    feed_choices: list  # of feeds that go into a map together
    tsys_limit: float
    gain_limit: float
    residual_limits: tuple = (math.inf, math.inf)  # over white noise, all and small scales
    calibrator_obsids: list = dataclasses.field(default_factory=list)


def small_set(level1):
    return SimulatedSet("SMALL", level1, [30001, 30002, 30003], [[1, 2, 3]], 3e-4, 2e-4, (1.62, 1.60), [30004])


def full_set(level1):
    return SimulatedSet("FULL", level1, [31001, 31002], [[1, 2, 3], [1, 2, 3, 4]], 6e-4, 5e-4, (1.70, 1.66))


def truth_path(level1, obsid):
    return next(level1.glob(f"comap-{obsid:07d}-*_truth.hdf5"))


def make_level2(run, directory, name, level1, gain_filter=""):
    """Runs catalogue scan and level2; the catalogue then points to these Level-2 files."""
    config = directory / f"{name}.toml"
    config.write_text(CONFIG.format(gain_filter=gain_filter, wcs_file=WCS_FILE))
    catalogue = f'catalogue.url="sqlite:{name}.db"'
    run("catalogue", "scan", config, "--level1", level1, "--set", catalogue)
    run("level2", config, "--set", catalogue, "--set", f'level2.output_dir="level2_{name}"')
    return {int(path.name.split("-")[1]): path for path in (directory / f"level2_{name}").rglob("Level2_*.hd5")}


def make_map(run, directory, name, obsids, feeds, map_name, *settings):
    """Runs mapmake on what make_level2 made; [path] of one map for each band."""
    arguments = [argument for setting in settings for argument in ("--set", setting)]
    run("mapmake", directory / f"{name}.toml", "--set", f'catalogue.url="sqlite:{name}.db"', "--set",
        f"mapmake.feeds={feeds}", "--set", f'mapmake.name="{map_name}"', *arguments, "--obsid", *obsids)
    return sorted((directory / "maps").glob(f"{map_name}_band*.fits"))


def calibration_table(simulated, files):
    obsids = sorted(files)
    table = Table(f"{simulated.name}: calibration against truth", [str(obsid) for obsid in obsids])
    results = [level2_truth.results_of(files[obsid], truth_path(simulated.level1, obsid)) for obsid in obsids]
    table.at_most("Tsys, relative rms", simulated.tsys_limit, [result["tsys_rms"] for result in results], "{:.2e}")
    table.at_most("gain, relative rms", simulated.gain_limit, [result["gain_rms"] for result in results], "{:.2e}")
    table.add("prior from the data: sigma_c at 0.1 Hz (drawn with 1.34e-3)", "",
              [result["sigma_common"] for result in results], None, "{:.2e}")
    table.add("prior from the data: alpha (drawn with -1.3)", "", [result["alpha"] for result in results], None,
              "{:.2f}")
    return table, results


def amplitude_table(simulated, results):
    table = Table(f"{simulated.name}: source amplitude over truth", [f"half band {element}" for element in range(8)])
    for result in results:
        for feed, row in enumerate(result.get("amplitudes", []), start=1):
            table.add(f"{result['file'].split('-')[1].lstrip('0')} feed {feed}",
                      f"{AMPLITUDE} +- {AMPLITUDE_TOLERANCE}", row,
                      lambda value: abs(value - AMPLITUDE) <= AMPLITUDE_TOLERANCE, "{:.4f}")
    return table


FIT_OFFSET_ARCMIN, FIT_WIDTH = 0.01, 0.003


def calibrator_fit_table(simulated, results):
    table = Table(f"{simulated.name}: calibrator_fit against truth", [f"half band {element}" for element in range(8)])
    for result in results:
        fit, name = result.get("calibrator_fit"), result["file"].split("-")[1].lstrip("0")
        for row in range(len(fit["amplitude"]) if fit else 0):
            feed = f"{name} feed {row + 1}"
            table.add(f"{feed}: amplitude over truth", f"{AMPLITUDE} +- {AMPLITUDE_TOLERANCE}", fit["amplitude"][row],
                      lambda value: abs(value - AMPLITUDE) <= AMPLITUDE_TOLERANCE, "{:.4f}")
            table.add(f"{feed}: width over truth", f"1 +- {FIT_WIDTH}", fit["width"][row],
                      lambda value: abs(value - 1) <= FIT_WIDTH, "{:.4f}")
            table.at_most(f"{feed}: peak from the source [arcmin]", FIT_OFFSET_ARCMIN, fit["offset_arcmin"][row],
                          "{:.4f}")
    return table


def map_table(title, *further):
    return Table(title, ["slope all", "slope small", "residual/white all", "residual/white small", "correlation all",
                         "correlation small", "pixels", *further])


def add_map(table, quantity, path, simulated, feeds, required="", is_good=None, further=()):
    """One row for a map; `is_good` is asked about slopes and residuals, each over all and over small scales."""
    truths = [truth_path(simulated.level1, obsid) for obsid in simulated.field_obsids]
    result = map_metrics.metrics_of(str(path), truths, feeds, None)
    large, small = result["all"], result["small"]
    values = [large["slope"], small["slope"], large["residual_over_white"], small["residual_over_white"]]
    shown = [f"{value:.3f}" for value in values[:2]] + [f"{value:.2f}" for value in values[2:]]
    shown += [f"{large['correlation']:.3f}", f"{small['correlation']:.3f}", str(result["n_pixels"]), *further]
    table.add(quantity, required, shown, None, "{}")
    table.rows[-1].ok = None if is_good is None else bool(is_good(*values))


def add_required_map(table, quantity, path, simulated, feeds):
    limit_all, limit_small = simulated.residual_limits
    add_map(table, quantity, path, simulated, feeds, f"{SLOPE_ALL[0]}-{SLOPE_ALL[1]} / {SLOPE_SMALL[0]}-{SLOPE_SMALL[1]}, "
            f"<= {limit_all} / {limit_small}",
            lambda slope_all, slope_small, residual_all, residual_small:
            SLOPE_ALL[0] <= slope_all <= SLOPE_ALL[1] and SLOPE_SMALL[0] <= slope_small <= SLOPE_SMALL[1]
            and residual_all <= limit_all and residual_small <= limit_small)


def truth_tables(run, directory, simulated):
    """Everything that is required of a set: calibration, amplitudes, map of frequency_band 0."""
    name = simulated.name.lower()
    files = make_level2(run, directory, name, simulated.level1)
    assert sorted(files) == sorted(simulated.field_obsids + simulated.calibrator_obsids), files
    calibration, results = calibration_table(simulated, files)
    tables = [calibration]
    if simulated.calibrator_obsids:
        tables.append(amplitude_table(simulated, results))
        tables.append(calibrator_fit_table(simulated, results))
    maps = map_table(f"{simulated.name}: map of frequency_band 0 against truth")
    for feeds in simulated.feed_choices:
        last = feeds[-1]
        path, = make_map(run, directory, name, simulated.field_obsids, feeds, f"{name}_feeds{last}",
                         "mapmake.plot=true")
        add_required_map(maps, f"feeds 1-{last}", path, simulated, feeds)
    return tables + [maps]


def band_table(run, directory, simulated):
    """All half bands, from the Level-2 files of truth_tables."""
    table = map_table(f"{simulated.name}: all half bands")
    name, feeds = simulated.name.lower(), simulated.feed_choices[0]
    low, high = SLOPE_OF_BAND
    paths = make_map(run, directory, name, simulated.field_obsids, feeds, f"{name}_all", 'mapmake.bands="all"')
    for band, path in enumerate(paths):
        required = (f"{low}-{high} / {low}-{high}", lambda slope_all, slope_small, *_: low <= slope_all <= high
                    and low <= slope_small <= high) if band != BAND_WITH_LINE else ("", None)
        add_map(table, f"frequency_band {band}", path, simulated, feeds, *required)
    return table


OFFSET_LENGTHS = (10, 25, 100)


def offset_table(run, directory, simulated):
    """Lengths of offsets with and without prior, the sub-pixel pass in both; nothing is required of them."""
    table = map_table(f"{simulated.name}: length of offsets, frequency_band 0", "iterations", "seconds")
    name, feeds = simulated.name.lower(), simulated.feed_choices[0]
    for prior in ("true", "false"):
        for length in OFFSET_LENGTHS:
            map_name, started, texts = f"offsets_{length}_{prior}", time.monotonic(), []
            path, = make_map(lambda *arguments: texts.append(run(*arguments)), directory, name, simulated.field_obsids,
                             feeds, map_name, f"mapmake.offset_length={length}", f"mapmake.noise_prior={prior}")
            seconds = time.monotonic() - started
            first = re.search(r"first pass, (\d+) iterations", texts[0]).group(1)
            add_map(table, f"{length} samples, {'with' if prior == 'true' else 'no'} prior", path, simulated, feeds,
                    further=[f"{first} + {fits.getheader(path)['NITER']}", f"{seconds:.1f}"])
    return table


METHODS = {
    "least_squares, template from the scan": 'method = "least_squares"',
    "least_squares, template from the vane": 'method = "least_squares"\ntemplate = "tsys"',
    "common_mode": 'method = "common_mode"',
    "common_mode, atmosphere subtracted": 'method = "common_mode"\nsubtract_atmosphere = true',
}


def method_table(run, directory, simulated):
    """Other gain filters, and none, on the same files; nothing is required of them."""
    table = map_table(f"{simulated.name}: other gain filters, frequency_band 0")
    feeds, obsids = simulated.feed_choices[0], simulated.field_obsids
    path, = make_map(run, directory, simulated.name.lower(), obsids, feeds, "unfiltered",
                     'mapmake.dataset="binned_data"')
    add_map(table, "none (dataset binned_data)", path, simulated, feeds)
    for i, (method, settings) in enumerate(METHODS.items()):
        name = f"method{i}"
        make_level2(run, directory, name, simulated.level1, settings)
        path, = make_map(run, directory, name, obsids, feeds, name)
        add_map(table, method, path, simulated, feeds)
    return table
