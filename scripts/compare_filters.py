#!/usr/bin/env python3
"""Compares the methods of the gain filter on the same simulated observations: the tables of docs/validation.md.

    compare_filters.py --golden DIR --work DIR [--full] [--only NAME...] [--program PATH]

--golden is the directory of reference data, --work as for run_validation.py, whose simulated Level-1 files are used or made.
Tables: methods, sensitivity, faults, line, published; --only chooses some of them. --full adds FULL to the first.
They go to WORK/filters.md and WORK/filters.json. Exit code 1 when a figure of the study of the filter is missed.
"""
import subprocess
import sys

import numpy as np

import altered_level1
import filter_cases
import filter_metrics
import map_metrics
import run_validation
import truth_comparison
from validation_table import Row, Table

BAND_NAMES = [f"{low:g}-{high:g} Hz" for low, high in filter_metrics.NOISE_BANDS_HZ]
# Of the destriper: offsets of 100 samples that nothing holds, as in most tables of the study. Else the defaults.
PLAIN_SOLVER = ("mapmake.offset_length=100", "mapmake.noise_prior=false", "mapmake.subpixel_pass=false")
MAP_COLUMNS = ["slope all", "slope small", "residual/white all", "residual/white small"]
# The study does not say how it averages over modes and scans: its row of unfiltered data differs by up to 18 %.
STUDY_MARGIN = 1.06
LINE_SUB_BANDS = 42  # of 128 channels: the narrowest that keep three good channels each


class Comparison:
    """Level-2 files and maps of one set of observations by settings, made once."""

    def __init__(self, run, directory, simulated):
        self.run, self.directory, self.simulated = run, directory, simulated
        self.files = {}

    def level2(self, name, settings):
        if name not in self.files:
            self.files[name] = truth_comparison.make_level2(self.run, self.directory, name, self.simulated.level1,
                                                            settings)
        return self.files[name]

    def truths(self, obsids):
        return [truth_comparison.truth_path(self.simulated.level1, obsid) for obsid in obsids]

    def noise(self, name, settings, dataset, sky_factor):
        files = self.level2(name, settings)
        obsids = self.simulated.field_obsids
        rows = [row for obsid, truth in zip(obsids, self.truths(obsids))
                for row in filter_metrics.noise_power(files[obsid], truth, dataset, sky_factor)]
        return np.mean(rows, axis=0)

    def amplitudes(self, name, settings):
        files = self.level2(name, settings)
        obsid, = self.simulated.calibrator_obsids
        return filter_metrics.source_amplitudes(files[obsid], self.truths([obsid])[0])

    def map_path(self, name, settings, dataset="binned_filtered_data", solver=()):
        self.level2(name, settings)
        feeds = self.simulated.feed_choices[0]
        path, = truth_comparison.make_map(self.run, self.directory, name, self.simulated.field_obsids, feeds,
                                          f"{name}_{dataset}_{len(solver)}", f'mapmake.dataset="{dataset}"', *solver)
        return path

    def map_values(self, name, settings, dataset="binned_filtered_data", solver=()):
        """The four numbers of MAP_COLUMNS."""
        path = self.map_path(name, settings, dataset, solver)
        result = map_metrics.metrics_of(str(path), self.truths(self.simulated.field_obsids),
                                        self.simulated.feed_choices[0], None)
        large, small = result["all"], result["small"]
        return [large["slope"], small["slope"], large["residual_over_white"], small["residual_over_white"]]


def as_texts(values):
    return [f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" for value in values]


def noise_table(comparison):
    table = Table(f"{comparison.simulated.name}: noise power over the radiometer's, by method", BAND_NAMES)
    for case in filter_cases.METHODS:
        power = comparison.noise(case.name, case.settings, case.dataset, case.sky_factor)
        study = case.study_noise.get(comparison.simulated.name)
        judged = study is not None and case.dataset == "binned_filtered_data"
        ok = None if not judged else bool(np.all(power <= STUDY_MARGIN * np.array(study)))
        table.rows.append(Row(case.label, "" if study is None else "study: " + " ".join(map(str, study)),
                              as_texts(power), ok))
    return table


def amplitude_table(comparison):
    table = Table("TauA over truth, mean of the feeds, by method",
                  [*(f"half band {element}" for element in range(8)), "scatter of feeds"])
    for case in filter_cases.METHODS:
        if case.dataset != "binned_filtered_data" or case.sky_factor == 0:
            continue
        mean, scatter = comparison.amplitudes(case.name, case.settings)
        table.rows.append(Row(case.label, case.study_amplitude, [*(f"{value:.3f}" for value in mean),
                                                                 f"{np.median(scatter):.3f}"], None))
    return table


def methods_map_table(comparison, solver, title, studies):
    table = Table(f"{comparison.simulated.name}: maps of frequency_band 0, {title}, by method", MAP_COLUMNS)
    for case in filter_cases.METHODS:
        if case.sky_factor == 0:
            continue
        values = comparison.map_values(case.name, case.settings, case.dataset, solver)
        study = getattr(case, studies).get(comparison.simulated.name, "")
        table.rows.append(Row(case.label, f"study: {study}" if study else "",
                              [f"{values[0]:.3f}", f"{values[1]:.3f}", f"{values[2]:.2f}", f"{values[3]:.2f}"], None))
    return table


def map_tables(comparison):
    yield methods_map_table(comparison, (), "default solver", "study_default_map")
    yield methods_map_table(comparison, PLAIN_SOLVER, "offsets of 100 without prior", "study_map")


def sensitivity_table(comparison):
    table = Table("SMALL: how much the filter's prior matters", [*MAP_COLUMNS, "residual/white all, offsets of 100 without prior", "TauA, half bands 0-7"])
    for label, settings, study in filter_cases.PRIORS:
        name = "prior_" + "".join(character if character.isalnum() else "_" for character in label)
        values = comparison.map_values(name, settings)
        plain = comparison.map_values(name, settings, solver=PLAIN_SOLVER)
        mean, _ = comparison.amplitudes(name, settings)
        table.rows.append(Row(label, f"study: {study}" if study else "",
                              [f"{values[0]:.3f}", f"{values[1]:.3f}", f"{values[2]:.2f}", f"{values[3]:.2f}",
                               f"{plain[2]:.2f}", f"{mean.min():.3f}-{mean.max():.3f}"], None))
    return table


def faulty(comparison, work, fault, alter):
    """A comparison on copies of the same files with a fault in them."""
    level1 = run_validation.fresh(work / f"level1_{fault}")
    level1.rmdir()
    altered_level1.altered_copies(comparison.simulated.level1, level1, alter)
    simulated = truth_comparison.small_set(level1)
    directory = run_validation.fresh(comparison.directory / fault)
    return Comparison(Runner(comparison.run.program, directory), directory, simulated)


def miscalibration_table(comparison, work):
    factors = {1: 1.03, 2: 0.97}
    other = faulty(comparison, work, "miscalibrated", altered_level1.miscalibrated(factors))
    table = Table("SMALL: gain of bands 1 and 2 wrong by +3 and -3 %: TauA over what it should be",
                  [f"half band {element}" for element in range(8)])
    expected = np.repeat([1 / factors.get(band, 1.0) for band in range(4)], 2)
    for case in filter_cases.METHODS:
        if case.name not in filter_cases.MISCALIBRATION_STUDY or case.dataset == "binned_data":
            continue
        ratio = other.amplitudes(case.name, case.settings)[0] / comparison.amplitudes(case.name, case.settings)[0]
        table.rows.append(Row(case.label, filter_cases.MISCALIBRATION_STUDY[case.name],
                              [f"{value:.4f}" for value in ratio / expected], None))
    return table


def unstable_table(comparison, work):
    table = Table("SMALL: channels of high temperature with 1/f noise of their own", [*MAP_COLUMNS, *BAND_NAMES])
    for sigma in filter_cases.UNSTABLE_SIGMAS:
        other = faulty(comparison, work, f"unstable_{sigma:g}", altered_level1.unstable_spikes(sigma))
        cases = [("none", "unfiltered", "", "binned_data"),
                 ("channel_quality off", "quality_off", "channel_quality = false", "binned_filtered_data"),
                 ("channel_quality on", "unfiltered", "", "binned_filtered_data")]
        for label, name, settings, dataset in cases:
            values = other.map_values(name, settings, dataset)
            noise = other.noise(name, settings, dataset, 1.0)
            study = filter_cases.UNSTABLE_STUDY.get((sigma, label), "")
            table.rows.append(Row(f"{sigma:g} at 0.1 Hz, {label}", study,
                                  [f"{values[0]:.3f}", f"{values[1]:.3f}", f"{values[2]:.2f}", f"{values[3]:.2f}",
                                   *as_texts(noise)], None))
    return table


def line_table(comparison):
    table = Table("SMALL: the line of 31.223 GHz, sub-bands of three channels",
                  ["line over truth", "error", "noise over white, 0.1-1 Hz", "> 5 Hz"])
    for label, settings, dataset, study in filter_cases.LINES:
        name = "line_" + "".join(character if character.isalnum() else "_" for character in label)
        files = comparison.level2(name, f"n_freq_bin = {LINE_SUB_BANDS}\n{settings}\n{filter_cases.LINE_PIPELINE}")
        obsids = comparison.simulated.field_obsids
        slope, error, noise = filter_metrics.line_metrics(
            [(files[obsid], truth) for obsid, truth in zip(obsids, comparison.truths(obsids))], dataset, LINE_SUB_BANDS,
            has_continuum="line" not in settings)
        table.rows.append(Row(label, f"study: {study}" if study else "",
                              [f"{slope:.3f}", f"{error:.3f}", f"{noise[0]:.2f}", f"{noise[1]:.3f}"], None))
    return table


def simulate_scans(golden, target, case):
    """Three cross-linked observations of the field at the speed and with the receiver of a PublishedCase."""
    if target.exists():
        return
    partial = run_validation.fresh(target.with_name(target.name + ".partial"))
    field = "--source Field12 --field-ra 281.552792 --field-dec -2.547647 --nchan 128 --nfeed 3 --mantissa-bits 11"
    for i, (hour_angle, scan_type) in enumerate([(-2.6, "mixed"), (2.6, "mixed"), (0.2, "ces")]):
        half_width_deg = 1.0 if scan_type == "ces" else 0.8
        command = [sys.executable, golden / "simulate_level1.py", *field.split(), "--out", partial,
                   "--obsid", 30001 + i, "--seed", 101 + i, "--date", f"2022-09-{20 + i}", "--hour-angle", hour_angle,
                   "--az-half", half_width_deg, "--sweep-time", 2 * half_width_deg / case.speed_deg_s,
                   "--sigma-red", case.sigma, "--nspiky", case.n_spiky]
        command += ["--scan-type", "ces", "--el-half", 0.4] if scan_type == "ces" else []
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    partial.rename(target)


def published_table(program, golden, work):
    table = Table("Noise power of the map, unfiltered over filtered",
                  ["scan speed [deg/s]", "beam scale, free", "larger scales, free", "beam scale, power_law",
                   "larger scales, power_law"])
    for case in filter_cases.PUBLISHED:
        level1 = work / f"level1_published_{case.name}"
        simulate_scans(golden, level1, case)
        directory = run_validation.fresh(work / "published" / case.name)
        simulated = truth_comparison.SimulatedSet(case.name, level1, [30001, 30002, 30003], [[1, 2, 3]], 0, 0)
        comparison = Comparison(Runner(program, directory), directory, simulated)
        paths = [comparison.map_path("free", "", "binned_data"), comparison.map_path("free", ""),
                 comparison.map_path("power_law", 'sky = "power_law"')]
        residuals = [filter_metrics.residual_map(path, comparison.truths(simulated.field_obsids), [1, 2, 3])
                     for path in paths]
        images, pixel_arcmin = [image for image, _ in residuals], residuals[0][1]
        beam, large = (filter_metrics.scale_power(images, pixel_arcmin, scale) for scale in
                       (filter_metrics.BEAM_SCALE_ARCMIN, filter_metrics.LARGE_SCALE_ARCMIN))
        table.rows.append(Row(case.label, "", [f"{case.speed_deg_s:g}", f"{beam[0] / beam[1]:.1f}",
                                               f"{large[0] / large[1]:.1f}", f"{beam[0] / beam[2]:.1f}",
                                               f"{large[0] / large[2]:.1f}"], None))
    return table


class Runner:
    """Runs the program in a directory; knows which program."""

    def __init__(self, program, directory):
        self.program, self.directory = program, directory

    def __call__(self, *arguments):
        run_validation.run_program(self.program, self.directory, *arguments)


def all_tables(arguments):
    golden, work, program = arguments.golden.resolve(), arguments.work.resolve(), arguments.program.resolve()
    wanted = arguments.only or ["methods", "sensitivity", "faults", "line", "published"]
    small = truth_comparison.small_set(run_validation.level1_set(golden, work, "small"))
    directory = run_validation.fresh(work / "filters")
    comparison = Comparison(Runner(program, directory), directory, small)
    if "methods" in wanted:
        yield noise_table(comparison)
        yield amplitude_table(comparison)
        yield from map_tables(comparison)
    if "methods" in wanted and arguments.full:
        directory = run_validation.fresh(work / "filters_full")
        full = truth_comparison.full_set(run_validation.level1_set(golden, work, "full"))
        of_full = Comparison(Runner(program, directory), directory, full)
        yield noise_table(of_full)
        yield from map_tables(of_full)
    if "sensitivity" in wanted:
        yield sensitivity_table(comparison)
    if "faults" in wanted:
        yield miscalibration_table(comparison, work)
        yield unstable_table(comparison, work)
    if "line" in wanted:
        yield line_table(comparison)
    if "published" in wanted:
        yield published_table(program, golden, work)


def main():
    parser = run_validation.argument_parser(__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    return run_validation.show_tables(all_tables, parser.parse_args(), "filters", "all figures of the study are reached")


if __name__ == "__main__":
    sys.exit(main())
