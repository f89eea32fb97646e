"""What compare_filters.py compares, beside what the study of the filter (a numpy prototype) found for the same files."""
import dataclasses


@dataclasses.dataclass
class Method:
    label: str
    name: str
    settings: str
    dataset: str = "binned_filtered_data"
    sky_factor: float = 1.0  # 0: the method takes out the continuum
    study_noise: dict = dataclasses.field(default_factory=dict)  # of each set
    study_amplitude: str = ""
    study_map: dict = dataclasses.field(default_factory=dict)          # offsets of 100 without prior
    study_default_map: dict = dataclasses.field(default_factory=dict)  # offsets of 25 with prior, two passes


METHODS = [
    Method("none", "default", "", "binned_data",
           study_noise={"SMALL": [146, 44.6, 15.1, 5.3, 2.2, 1.44, 1.22], "FULL": [194, 52, 15, 5.2, 2.2, 1.43, 1.21]},
           study_map={"SMALL": "1.002 / 0.986, 2.00 / 1.83", "FULL": "1.90 / 1.81"},
           study_default_map={"SMALL": "0.992 / 0.989, 1.79 / 1.70", "FULL": "1.85 / 1.76"}),
    Method("common_mode", "common_mode", 'method = "common_mode"', study_amplitude="study: 0.165 .. -0.358"),
    Method("least_squares, template of the vane", "least_squares_tsys", 'method = "least_squares"\ntemplate = "tsys"',
           study_noise={"SMALL": [100, 50, 22.6, 14.3, 12.3, 11.7, 11.4]},
           study_amplitude="study: 0.955 .. 0.926", study_map={"SMALL": "0.914 / 0.925, 4.02 / 3.89"},
           study_default_map={"SMALL": "0.945 / 0.939, 3.79 / 3.76"}),
    Method("least_squares, template of the scan", "least_squares", 'method = "least_squares"',
           study_amplitude="study: 0.976 .. 0.960", study_map={"SMALL": "0.931 / 0.942, 4.09 / 3.96"},
           study_default_map={"SMALL": "0.962 / 0.957, 3.85 / 3.82"}),
    Method("**maximum_posterior, sky free**", "default", "",
           study_noise={"SMALL": [31, 16.2, 9.3, 4.5, 2.2, 1.43, 1.22], "FULL": [38, 20, 9.8, 4.4, 2.2, 1.42, 1.21]},
           study_amplitude="study: 0.997-0.998, scatter 0.001",
           study_map={"SMALL": "0.989 / 0.986, 1.77 / 1.68", "FULL": "0.994 / 0.993, 1.74 / 1.68"},
           study_default_map={"SMALL": "0.995 / 0.990, 1.60 / 1.57", "FULL": "0.991 / 0.994, 1.67 / 1.63"}),
    Method("maximum_posterior, sky power_law", "power_law", 'sky = "power_law"',
           study_noise={"SMALL": [16, 11.3, 7.3, 3.9, 2.0, 1.38, 1.21], "FULL": [20, 14, 7.9, 3.8, 2.0, 1.37, 1.20]},
           study_amplitude="study: 0.998 0.997 0.997 0.998 0.997 0.998 0.997 0.998, scatter 0.001",
           study_map={"SMALL": "0.989 / 0.982, 1.68 / 1.61", "FULL": "1.68 / 1.62"},
           study_default_map={"SMALL": "0.995 / 0.986, 1.54 / 1.52", "FULL": "0.995 / 0.994, 1.59 / 1.57"}),
    Method("line (no continuum left)", "line", 'method = "line"', sky_factor=0.0),
]

TRUE_SIGMA, TRUE_ALPHA = 1.34e-3, -1.3


def fixed_prior(sigma=TRUE_SIGMA, alpha=TRUE_ALPHA, ratio=0.5):
    return f"prior_sigma = {sigma}\nprior_alpha = {alpha}\nprior_band_ratio = {ratio}"


# Label, settings, residual/white that the study found on all scales.
PRIORS = [
    ("prior from the data", "", "1.77"),
    ("as simulated: sigma 1.34e-3, alpha -1.3, ratio 0.5", fixed_prior(), ""),
    ("sigma x 0.5", fixed_prior(sigma=0.5 * TRUE_SIGMA), "1.86"),
    ("sigma x 2", fixed_prior(sigma=2 * TRUE_SIGMA), "1.90"),
    ("sigma x 4", fixed_prior(sigma=4 * TRUE_SIGMA), "2.53, TauA 0.994-0.999"),
    ("alpha -1.0", fixed_prior(alpha=-1.0), "1.77"),
    ("alpha -1.8", fixed_prior(alpha=-1.8), "1.79"),
    ("ratio 0.1", fixed_prior(ratio=0.1), "1.59 (offsets of 25 with a prior)"),
    ("ratio 0.25", fixed_prior(ratio=0.25), "1.59 (the same)"),
    ("ratio 1", fixed_prior(ratio=1.0), "1.65 (the same)"),
    ("ratio 2", fixed_prior(ratio=2.0), "1.84 (the same)"),
]

MISCALIBRATION_STUDY = {"least_squares": "study: common skies move all bands, -3 .. -5 %", "default": "study: 1.0000",
                        "power_law": "study: -2.2 .. +1.4 %"}

UNSTABLE_SIGMAS = [1.5e-3, 5e-3]
UNSTABLE_STUDY = {(1.5e-3, "channel_quality off"): "study: 1.60 -> 1.64 (offsets of 25 with a prior)",
                  (5e-3, "channel_quality off"): "study: 2.18 (the same), 850 at 0.04 Hz"}

# The last stage that a narrow sub-band needs; the table of the settings follows it.
LINE_PIPELINE = '[level2]\npipeline = ["check_level1", "create_level2", "system_temperature", "find_scans", "gain_filter"]'
LINE_MASK = "line_mask = [[31.22332, 0.045]]"  # 1.5 x its width
# Label, settings, dataset, what the study found: line, noise 0.1-1 Hz, noise > 5 Hz (of single channels).
LINES = [
    ("no filter", "", "binned_data", "0.973, 2.62, 1.005"),
    ("maximum_posterior", "", "binned_filtered_data", "0.975, 2.54, 1.006"),
    ("**line, masked**", f'method = "line"\n{LINE_MASK}', "binned_filtered_data", "0.985, 1.08, 1.001"),
    ("line, not masked", 'method = "line"', "binned_filtered_data", "0.965, 1.07, 0.991"),
]


@dataclasses.dataclass
class PublishedCase:
    name: str
    label: str
    speed_deg_s: float
    sigma: float
    n_spiky: int


PUBLISHED = [
    PublishedCase("calm_0.2", "gain 1.5e-3 at 0.1 Hz, 2 spikes a band", 0.2, 1.5e-3, 2),
    PublishedCase("calm_0.8", "the same", 0.8, 1.5e-3, 2),
    PublishedCase("rough_0.2", "gain 5e-3, 8 spikes", 0.2, 5e-3, 8),
    PublishedCase("rough_0.8", "the same", 0.8, 5e-3, 8),
]
