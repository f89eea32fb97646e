"""Two lines of known frequency, width and strength in simulated observations: level2 and linemap recover both, and their
average, within the error, in cubes that astropy reads; the same cubes with 1 and 3 ranks; bad files are left out."""
import shutil
import subprocess
import warnings

import astropy.units as u
import h5py
import numpy as np
from astropy.coordinates import EarthLocation, SkyCoord, SpectralCoord
from astropy.io import fits
from astropy.time import Time
from astropy.utils import iers
from astropy.wcs import WCS
from scipy.optimize import curve_fit

from program import run, scratch_directory, write_config

C_KM_S = 299792.458
LINES_GHZ = (31.22332, 27.53)
PEAKS_K = (1.0, 0.6)
FWHM_KM_S = 1150.0
SOURCE = [30.0, 0.0, 0.2, 4.5, -2.1]  # l, b, K at 30 GHz, FWHM in arcmin, spectral index
PIXEL_ARCMIN = 0.5
OBSIDS, INJECTED = (40001, 40002), (50001, 50002)
CONFIG = f"""
[catalogue]
url = "sqlite:comap.db"
[simulate]
n_observations = 2
start_date = "2022-05-03"
n_feeds = 3
n_channels = 64
n_scans = 2
scan_duration_s = 40.0
scan_type = "raster"
azimuth_half_width_deg = 0.3
elevation_half_width_deg = 0.2
feed_spacing_arcmin = 6.0
ridge_T30_K = 0.02
glitches_per_feed = 3
sources = [{SOURCE}]
line_peak_K = {PEAKS_K[0]}
line_frequency_GHz = {LINES_GHZ[0]}
line_fwhm_GHz = {LINES_GHZ[0] * FWHM_KM_S / C_KM_S}
[level2.gain_filter]
centre_cut_fraction = 0.0
[mapmake]
feeds = [1, 2, 3]
cdelt_deg = {PIXEL_ARCMIN / 60}
padding_deg = 0.1
[linemap]
line_frequency_GHz = {LINES_GHZ[0]}
segment_width = 26
stack = [{LINES_GHZ[1]}]
line_window_km_s = [-1800.0, 1800.0]
"""
SITE = EarthLocation(lon=-118.28222222 * u.deg, lat=37.23388889 * u.deg, height=0 * u.m)


def simulate(scratch, config):
    """Observations with the first line, into which the second is put."""
    run("simulate", config, directory=scratch)
    for old, new in zip(OBSIDS, INJECTED):
        file = next((scratch / "level1").glob(f"*comap-{old:07d}*.hd5"))
        run("simulate", config, "--inject-into", file, "--as-obsid", new, "--set", "simulate.output_dir=both",
            "--set", f"simulate.sources=[{[*SOURCE[:2], 0.0, *SOURCE[3:]]}]", "--set", "simulate.ridge_T30_K=0",
            "--set", f"simulate.line_peak_K={PEAKS_K[1]}", "--set", f"simulate.line_frequency_GHz={LINES_GHZ[1]}",
            "--set", f"simulate.line_fwhm_GHz={LINES_GHZ[1] * FWHM_KM_S / C_KM_S}", directory=scratch)
    run("catalogue", "scan", config, "--level1", "both", directory=scratch)
    run("level2", config, ranks=2, directory=scratch)


def observer_velocity_km_s(scratch):
    """Towards the source, relative to the LSRK: mean of the observations, by astropy."""
    iers.conf.auto_download = False
    target = SkyCoord(l=SOURCE[0] * u.deg, b=SOURCE[1] * u.deg, distance=1 * u.Mpc, frame="galactic",
                      pm_l_cosb=0 * u.mas / u.yr, pm_b=0 * u.mas / u.yr, radial_velocity=0 * u.km / u.s)
    velocities = []
    for file in (scratch / "both").glob("*.hd5"):
        with h5py.File(file) as data:
            time = Time(np.mean(data["spectrometer/MJD"]), format="mjd")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen = SpectralCoord(30 * u.GHz, observer=SITE.get_itrs(obstime=time), target=target)
            at_rest = seen.with_observer_stationary_relative_to("lsrk")
        velocities.append(float(seen / at_rest - 1) * C_KM_S)
    return np.mean(velocities)


def line_model(coordinates, peak_K, velocity_km_s, fwhm_km_s, fwhm_arcmin):
    radius_arcmin, v_km_s = coordinates
    exponent = (radius_arcmin / fwhm_arcmin)**2 + ((v_km_s - velocity_km_s) / fwhm_km_s)**2
    return peak_K * np.exp(-4 * np.log(2) * exponent)


def fitted(path):
    """Values and errors of peak, velocity, width and size, from all channels within 12 arcmin of the source."""
    with fits.open(path) as hdus:
        cube, rms, wcs = hdus[0].data, hdus["RMS"].data, WCS(hdus[0].header)
    channel, y, x = np.indices(cube.shape)
    sky, frequency = wcs.pixel_to_world(x, y, channel)
    v = frequency.to(u.km / u.s, doppler_convention="radio", doppler_rest=wcs.wcs.restfrq * u.Hz).value
    radius = sky.separation(SkyCoord(l=SOURCE[0] * u.deg, b=SOURCE[1] * u.deg, frame="galactic")).arcmin
    use = np.isfinite(cube) & (radius < 12)
    values, covariance = curve_fit(line_model, (radius[use], v[use]), cube[use], [0.5, 0.0, 1000.0, 4.0],
                                   sigma=rms[use], absolute_sigma=True)
    rest = cube[use] - line_model((radius[use], v[use]), *values)
    return values, np.sqrt(np.diag(covariance)), np.mean((rest / rms[use])**2)


def check_line(name, path, peak_K, velocity_km_s):
    values, errors, chi2 = fitted(path)
    # Samples anywhere in a pixel are a beam of somewhat larger size and lower peak.
    size2 = SOURCE[3]**2 + 8 * np.log(2) * PIXEL_ARCMIN**2 / 12
    truth = np.array([peak_K * SOURCE[3]**2 / size2, velocity_km_s, FWHM_KM_S, np.sqrt(size2)])
    allowed = 4 * errors + truth * [0.015, 0, 0.01, 0.015]
    for what, value, error, true in zip(("peak/K", "v/(km/s)", "width/(km/s)", "size/arcmin"), values, errors, truth):
        print(f"{name:6} {what:13} {value:9.4f} +- {error:.4f}, truth {true:9.4f}")
    print(f"{name:6} chi2 per value {chi2:.3f}")
    assert np.all(np.abs(values - truth) < allowed), (name, values, truth, errors)
    assert 0.8 < chi2 < 1.4, chi2  # the rms leaves out the noise of fit and baseline, here of 14 channels
    return errors


def check_header(path, rest_GHz, frame):
    subprocess.run(["fitsverify", "-q", path], check=True, stdout=subprocess.PIPE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*OBSGEO-L")  # told of every file with OBSGEO-X, Y, Z
        with fits.open(path, checksum=True) as hdus:
            assert [hdu.name for hdu in hdus] == ["LINE", "HITS", "RMS", "OBSIDS", "CONFIG"]
            header = hdus[0].header
            wcs = WCS(header)
            never_hit = np.isnan(hdus["HITS"].data)
            assert never_hit.any() and not never_hit.all()
            for name in ("LINE", "RMS"):
                assert np.array_equal(np.isnan(hdus[name].data), never_hit)
                assert hdus[name].data.shape[0] == 26
            assert sorted(hdus["OBSIDS"].data["OBSID"]) == list(INJECTED)
            history = "".join(header["HISTORY"])
            configuration = "\n".join(hdus["CONFIG"].data.field(0))
    assert wcs.wcs.ctype[2] == "FREQ" and wcs.wcs.cunit[2] == u.Hz and wcs.wcs.specsys == frame
    assert np.isclose(wcs.wcs.restfrq, rest_GHz * 1e9, rtol=1e-12) and wcs.celestial.wcs.ctype[0] == "GLON-CAR"
    assert header["BUNIT"] == "K" and header["BMAJ"] == header["BMIN"] == 0.075 and header["BPA"] == 0
    alternative = C_KM_S * 1e3 * (1 - (header["CRVAL3"] + (header["ALTRPIX"] - header["CRPIX3"]) * header["CDELT3"])
                                  / header["RESTFRQ"])
    assert np.isclose(header["ALTRVAL"], alternative) and header["VELREF"] == (257 if frame == "LSRK" else 259)
    geocentric = [header[f"OBSGEO-{axis}"] for axis in "XYZ"]
    assert np.allclose(geocentric, [value.to_value(u.m) for value in SITE.geocentric], atol=1)
    assert "used: 2 of 2 observations" in history and "segment_width = 26" in configuration


def same_cubes(one, other):
    for path in sorted(one.glob("*.fits")):
        with fits.open(path) as a, fits.open(other / path.name) as b:
            for hdu in ("HITS", "RMS", "LINE"):
                scale = np.nanmedian(np.abs(a["RMS"].data))
                np.testing.assert_allclose(a[hdu].data, b[hdu].data, rtol=1e-5, atol=1e-4 * scale)


def path_of(directory, rest_GHz):
    return directory / f"line_{rest_GHz}GHz.fits"


def recovers_the_lines(scratch, config):
    run("linemap", config, "--plot", "--set", "linemap.output_dir=one", directory=scratch)
    velocity = observer_velocity_km_s(scratch)
    print(f"observer towards the source: {velocity:.2f} km/s")
    assert abs(velocity) > 15
    # Simulated lines are at rest for the observer: from the LSRK they are receding as fast as the observer approaches.
    receding = velocity / (1 + velocity / C_KM_S)
    weights = []
    for rest, peak in zip(LINES_GHZ, PEAKS_K):
        check_header(path_of(scratch / "one", rest), rest, "LSRK")
        check_line(f"{rest}", path_of(scratch / "one", rest), peak, receding)
        weights.append(np.nanmean(fits.getdata(path_of(scratch / "one", rest), "RMS")**-2.0))
    check_header(scratch / "one/line_stack.fits", LINES_GHZ[0], "LSRK")
    check_line("stack", scratch / "one/line_stack.fits", np.average(PEAKS_K, weights=weights), receding)
    assert len(list((scratch / "one").glob("*.png"))) == 3
    run("linemap", config, "--set", "linemap.output_dir=topocentric", "--set", "linemap.spectral_frame=topocentric",
        "--set", "linemap.stack=[]", directory=scratch)
    assert len(list((scratch / "topocentric").glob("*"))) == 1
    check_header(path_of(scratch / "topocentric", LINES_GHZ[0]), LINES_GHZ[0], "TOPOCENT")
    check_line("topoc.", path_of(scratch / "topocentric", LINES_GHZ[0]), PEAKS_K[0], 0.0)


def refuses_what_cannot_be(scratch, config):
    text = run("linemap", config, "--set", "linemap.line_frequency_GHz=40", directory=scratch, expect=2)
    assert "no band" in text and "40" in text, text
    text = run("linemap", config, "--set", "linemap.segment_width=10", ranks=2, directory=scratch, expect=2)
    assert "larger segment_width" in text, text


def leaves_out_bad_files(scratch, config):
    file = next((scratch / "both").glob(f"*comap-{INJECTED[1]:07d}*.hd5"))
    kept = shutil.copy(file, scratch / "kept")
    for damage, reason in ((lambda: file.unlink(), "does not exist"),
                           (lambda: file.write_bytes(kept.read_bytes()[:100000]), "hd5")):
        damage()
        text = run("linemap", config, "--set", "linemap.output_dir=bad", ranks=2, directory=scratch, expect=3)
        assert reason in text and f"{INJECTED[1]}  excluded" in text, text
        assert "1 observation: Level-1 file missing" in text and "used: 1 of 2" in text, text
        with fits.open(path_of(scratch / "bad", LINES_GHZ[0])) as hdus:
            assert list(hdus["OBSIDS"].data["OBSID"]) == [INJECTED[0]]
    kept.replace(file)


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "comap.toml", CONFIG)
    simulate(scratch, config)
    recovers_the_lines(scratch, config)
    run("linemap", config, "--set", "linemap.output_dir=three", ranks=3, directory=scratch)
    same_cubes(scratch / "one", scratch / "three")
    refuses_what_cannot_be(scratch, config)
    leaves_out_bad_files(scratch, config)
    shutil.rmtree(scratch / "level1")


main()
