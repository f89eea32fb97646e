#!/usr/bin/env python3
"""Residual receiver gain in destriped maps: a study on simulated observations.

    smooth_sky.py LEVEL2_DIR TRUTH_DIR --obsids 30001 30002 30003 [--task table|all_bands|joint|bound|amplitude]
                  [--centre L B] [--feeds 1 2 3] [--scripts DIR_OF_MAP_METRICS]

LEVEL2_DIR holds Level2_comap-<obsid>*.hd5 (gain filter maximum_posterior), TRUTH_DIR the sidecars *_truth.hdf5.
table: one half band; offset lengths, sky bases, templates.   all_bands: the recommended settings for eight half bands.
joint: generalised least squares of all eight half bands against one at a time.   bound: the same by Monte Carlo.
amplitude: source amplitude over truth in the cleaned time streams (bright calibrators).
Scans of equal length are assumed.
"""
import argparse, glob, os, sys, time
os.environ.setdefault("OMP_NUM_THREADS", "1")
import h5py
import numpy as np
import scipy.sparse as sp
from astropy.wcs import WCS
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, uniform_filter1d
from scipy.sparse.linalg import splu

SHAPE, CDELT = (211, 241), 0.0166666
SAMPLE_TIME_S = 0.02
BEAM_SIGMA_PIXELS = 4.5 / 2.3548
RIDGE = 1e-5


# ---------------------------------------------------------------- data
class Data:
    """Arrays [segment, half band, sample]; a segment is one scan of one feed."""


def bridge(values, bad):
    t = np.arange(values.size)
    values[bad] = np.interp(t[bad], t[~bad], values[~bad])


def flag(d):
    """NaN and fourth-difference glitches: weight 0, bridged for the Fourier transforms."""
    bad = ~np.isfinite(d.z)
    for i, h in np.argwhere(bad.any(-1)):
        bridge(d.z[i, h], bad[i, h])
    s = d.z.sum(1)
    q = np.zeros_like(s)
    q[:, 2:-2] = np.abs(s[:, 2:-2] - 2 / 3 * (s[:, 1:-3] + s[:, 3:-1]) + 1 / 6 * (s[:, :-4] + s[:, 4:]))
    largest = np.max([np.roll(q, j, 1) for j in (-2, -1, 0, 1, 2)], axis=0)
    glitch = (q > 6 * 1.4826 * np.median(q[:, 2:-2], axis=1, keepdims=True)) & (q >= largest)
    for i in np.flatnonzero(glitch.any(1)):
        for h in range(8):
            bridge(d.z[i, h], glitch[i])
    d.bad = bad | glitch[:, None, :]


def load(level2_dir, truth_dir, obsids, feeds, centre):
    d, rows = Data(), []
    truths = []
    for obsid in obsids:
        level2 = glob.glob(f"{level2_dir}/Level2_comap-{obsid:07d}-*.hd5")[0]
        truths += glob.glob(f"{truth_dir}/comap-{obsid:07d}-*_truth.hdf5")
        with h5py.File(level2) as f, h5py.File(truths[-1]) as t:
            g = f["level2/gain_filter"]
            el = f["spectrometer/pixel_pointing/pixel_el"]
            for feed in feeds:
                for scan, (s, e) in enumerate(f["level2/scan_edges"][...]):
                    e -= (e - s) % 100
                    l, b = t["galactic_l"][feed - 1, s:e], t["galactic_b"][feed - 1, s:e]
                    sky = []
                    for h in range(8):
                        band, channels = mm.half_band(t, h)
                        sky.append(mm.sky_K(t, l, b, t["frequency"][band, channels],
                                            mm.channel_weights(t, feed - 1, band, channels)))
                    i = feed - 1
                    rows.append(dict(
                        z=f["level2/binned_filtered_data"][i, :, :, s:e].reshape(8, -1).astype(float),
                        k=g["effective_tsys"][i, :, :, scan].ravel(), v=g["white_variance"][i, :, :, scan].ravel(),
                        M=g["gain_information"][i, :, scan], sigma_c=g["sigma_common"][i, 0, scan],
                        sigma_b=g["sigma_band"][i, 0, scan], alpha=g["alpha"][i, 0, scan],
                        l=l, b=b, el=el[i, s:e], sky=np.array(sky)))
    for name in rows[0]:
        setattr(d, name, np.array([row[name] for row in rows]))
    d.S, _, d.N = d.z.shape
    flag(d)
    wcs = WCS(naxis=2)
    wcs.wcs.crpix = [121, 106 - centre[1] / CDELT]
    wcs.wcs.crval, wcs.wcs.cdelt, wcs.wcs.ctype = [centre[0], 0.0], [-CDELT, CDELT], ["GLON-CAR", "GLAT-CAR"]
    d.x, d.y = (a.reshape(d.l.shape) for a in wcs.all_world2pix(d.l.ravel(), d.b.ravel(), 0))
    d.pixel = np.floor(d.y + 0.5).astype(int) * SHAPE[1] + np.floor(d.x + 0.5).astype(int)
    d.truth = [mm.truth_map(truths, wcs, SHAPE, h, list(feeds)) for h in range(8)]
    return d


# ---------------------------------------------------------------- noise model
def gain_covariance(d, scale=1.0):
    """Posterior covariance of the gains of four bands after the filter [segment, frequency, 4, 4], |FFT|^2/N."""
    f = np.fft.rfftfreq(d.N, SAMPLE_TIME_S)
    f[0] = f[1]
    shape = scale * (f / 0.1) ** d.alpha[:, None]
    shape[:, 0] *= 1000
    prior = (d.sigma_c[:, None]**2 * shape)[..., None, None] + (d.sigma_b[:, None]**2 * shape)[..., None, None] * np.eye(4)
    return np.linalg.inv(np.linalg.inv(prior) + d.M[:, None, :, None] * np.eye(4))


def red_covariance(d, D, bands, n_free=2):
    """k k' D between half bands; the slowest modes of each half band are free."""
    k, b = d.k[:, bands], np.asarray(bands) // 2
    R = D[:, :, b][:, :, :, b] * k[:, None, :, None] * k[:, None, None, :]
    for i in range(len(bands)):
        R[:, :n_free, i, i] += 1e3 * np.maximum(R[:, :n_free, i, i], d.v[:, bands[i], None])
    return R


# ---------------------------------------------------------------- sky bases and templates
def spline_basis(d, spacing, degree):
    """Weights of every sample on a grid of B-spline nodes, `spacing` in pixels (arcmin)."""
    if degree == 3:
        w = lambda u: np.stack([(1 - u)**3 / 6, (3*u**3 - 6*u**2 + 4) / 6, (-3*u**3 + 3*u**2 + 3*u + 1) / 6, u**3 / 6], -1)
    elif degree == 2:
        w = lambda u: np.stack([0.5 * (0.5 - u)**2, 0.75 - u**2, 0.5 * (0.5 + u)**2], -1)
    else:
        w = lambda u: np.stack([1 - u, u], -1)
    gx, gy = d.x.ravel() / spacing + 8, d.y.ravel() / spacing + 8
    half = 0.5 if degree == 2 else 0.0
    ix, iy = np.floor(gx + half).astype(int), np.floor(gy + half).astype(int)
    o, m, nx = np.arange(degree + 1) - (degree > 1), (degree + 1)**2, int(SHAPE[1] / spacing) + 24
    values = (w(gy - iy)[:, :, None] * w(gx - ix)[:, None, :]).ravel()
    node = ((iy[:, None] + o)[:, :, None] * nx + (ix[:, None] + o)[:, None, :]).ravel()
    used, column = np.unique(node, return_inverse=True)
    return sp.csr_matrix((values, column.ravel(), np.arange(0, m * gx.size + 1, m)), shape=(gx.size, used.size))


def pixel_basis(d):
    used, column = np.unique(d.pixel.ravel(), return_inverse=True)
    n = column.size
    return sp.csr_matrix((np.ones(n), column.ravel(), np.arange(n + 1)), shape=(n, used.size))


def with_templates(d, B, slope=True):
    """Basis plus airmass (not at constant elevation) and, optionally, a slope in time per segment."""
    n, segment, parts = d.S * d.N, np.repeat(np.arange(d.S), d.N), [B]
    airmass = 1 / np.sin(np.radians(d.el))
    airmass = airmass - airmass.mean(1, keepdims=True)
    moving = np.ptp(d.el, axis=1, keepdims=True) > 0.1
    rows = [np.where(moving, airmass / np.maximum(airmass.std(1, keepdims=True), 1e-12), 0)]
    if slope:
        rows.append(np.broadcast_to(np.linspace(-1, 1, d.N), (d.S, d.N)))
    parts += [sp.csr_matrix((row.ravel(), segment, np.arange(n + 1)), shape=(n, d.S)) for row in rows]
    return sp.hstack(parts).tocsr()


# ---------------------------------------------------------------- one half band: offsets with prior + sky nodes
def offset_spectrum(d, D, h, L, n_free=2):
    """Power spectrum of the means of L samples (window of the mean, aliases folded), |FFT|^2/n."""
    P = d.k[:, h, None]**2 * D[:, :, h // 2, h // 2]
    full = np.concatenate([P, P[:, 1:(d.N + 1) // 2][:, ::-1]], axis=1)
    f = np.minimum(np.arange(d.N), d.N - np.arange(d.N)) / d.N
    window = np.where(f > 0, (np.sin(np.pi * f * L) / (L * np.sin(np.pi * np.maximum(f, 1e-12))))**2, 1.0)
    n = d.N // L
    Q = ((full * window).reshape(d.S, L, n).sum(1) / L)[:, :n // 2 + 1].copy()
    white = d.v[:, [h]] / L
    Q[:, :n_free] += 1e3 * np.maximum(Q[:, :n_free], white)
    return np.maximum(Q, 1e-3 * white)


def destripe(d, B, h, data, D, L, slope=True, preconditioner="diagonal", tolerance=1e-4, max_iterations=1000, ridge=RIDGE):
    """Offsets + templates as time streams, and the number of iterations."""
    n, n_node = d.N // L, B.shape[1]
    Q = offset_spectrum(d, D, h, L)
    B = with_templates(d, B, slope)
    BT = B.T.tocsr()
    w = np.where(d.bad[:, h], 0, 1 / d.v[:, h, None])
    F, FT = (lambda a: np.repeat(a, L, axis=1)), (lambda t: t.reshape(d.S, n, L).sum(2))
    BWB = (BT.multiply(w.ravel()[None, :]) @ B).tocsr()
    diagonal = BWB.diagonal()
    r0 = ridge * np.median(diagonal[:n_node])
    inverse = np.where(diagonal > 0, 1 / np.maximum(diagonal, 1e-300), 0)
    inverse[:n_node] = 1 / (diagonal[:n_node] + r0)
    fft = lambda a, q: np.fft.irfft(np.fft.rfft(a, axis=1) * q, n, axis=1)
    precondition_offsets = 1 / (1 / Q + L / d.v[:, [h]])
    if preconditioner == "factor":
        lu = splu((BWB[:n_node, :n_node] + r0 * sp.eye(n_node)).tocsc(), permc_spec="MMD_AT_PLUS_A",
                  options=dict(SymmetricMode=True), diag_pivot_thresh=0.0)

    def A(a, x):
        t = w * (F(a) + (B @ x).reshape(d.S, d.N))
        q = BT @ t.ravel()
        q[:n_node] += r0 * x[:n_node]
        return FT(t) + fft(a, 1 / Q), q

    def M(ra, rx):
        y = inverse * rx
        if preconditioner == "factor":
            y[:n_node] = lu.solve(rx[:n_node])
        return fft(ra, precondition_offsets), y

    dot = lambda p, q: np.sum(p[0] * q[0]) + p[1] @ q[1]
    r = (FT(w * data), BT @ (w * data).ravel())
    x = (np.zeros((d.S, n)), np.zeros(B.shape[1]))
    p = z = M(*r)
    rz = first = dot(r, z)
    for iteration in range(1, max_iterations + 1):
        q = A(*p)
        step = rz / dot(p, q)
        x = tuple(a + step * b for a, b in zip(x, p))
        r = tuple(a - step * b for a, b in zip(r, q))
        z = M(*r)
        new = dot(r, z)
        if new < tolerance**2 * first:
            break
        p = tuple(a + new / rz * b for a, b in zip(z, p))
        rz = new
    templates = x[1].copy()
    templates[:n_node] = 0
    return F(x[0]) + (B @ templates).reshape(d.S, d.N), iteration


def subpixel(d, image):
    """Structure of a map inside its pixels: spline at the position minus the pixel's value."""
    hole = ~np.isfinite(image)
    nearest = distance_transform_edt(hole, return_distances=False, return_indices=True)
    filled = image[tuple(nearest)]
    return map_coordinates(filled, [d.y, d.x], order=3, mode="nearest") - filled.ravel()[d.pixel]


# ---------------------------------------------------------------- several half bands: exact generalised least squares
def gls(d, B, R, bands, data, slope=True, tolerance=1e-3, max_iterations=400):
    """Sky, red noise + templates as time streams [segment, half band, sample]; every frequency is a small matrix."""
    H, n_node = len(bands), B.shape[1]
    B = with_templates(d, B, slope)
    BT = B.T.tocsr()
    v = d.v[:, bands]
    inverse = np.linalg.inv(R + (v[:, :, None] * np.eye(H))[:, None])
    apply = lambda m, t: np.fft.irfft(np.matmul(m, np.fft.rfft(t, axis=-1).transpose(0, 2, 1)[..., None])[..., 0]
                                      .transpose(0, 2, 1), d.N, axis=-1)
    to_time = lambda x: (B @ x).reshape(d.S, d.N, H).transpose(0, 2, 1)
    to_sky = lambda t: BT @ np.ascontiguousarray(t.transpose(0, 2, 1)).reshape(d.S * d.N, H)
    w = (1 / v).mean(1)
    BWB = BT.multiply(np.repeat(w, d.N)[None, :]).tocsr() @ B
    diagonal = BWB.diagonal()
    r0 = 1e-6 * np.median(diagonal[:n_node])
    lu = splu((BWB[:n_node, :n_node] + r0 * sp.eye(n_node)).tocsc(), permc_spec="MMD_AT_PLUS_A",
              options=dict(SymmetricMode=True), diag_pivot_thresh=0.0)
    tail = np.where(diagonal[n_node:] > 0, 1 / np.maximum(diagonal[n_node:], 1e-300), 0)[:, None]
    M = lambda r: np.concatenate([lu.solve(np.ascontiguousarray(r[:n_node])), tail * r[n_node:]])
    r = to_sky(apply(inverse, data))
    x, z = np.zeros_like(r), M(r)
    p, rz = z, np.sum(r * z)
    first = rz
    for iteration in range(1, max_iterations + 1):
        q = to_sky(apply(inverse, to_time(p))) + r0 * p
        step = rz / np.sum(p * q)
        x, r = x + step * p, r - step * q
        z = M(r)
        new = np.sum(r * z)
        if new < tolerance**2 * first:
            break
        p, rz = z + new / rz * p, new
    fit = to_time(x)
    x[:n_node] = 0
    templates = to_time(x)
    return fit - templates, apply(np.matmul(R, inverse), data - fit) + templates, iteration


# ---------------------------------------------------------------- metric
def bin_map(d, data, h):
    w = np.where(d.bad[:, h], 0, 1 / d.v[:, h, None]).ravel()
    size = SHAPE[0] * SHAPE[1]
    hits = np.bincount(d.pixel.ravel(), w, size)
    with np.errstate(all="ignore"):
        return (np.bincount(d.pixel.ravel(), w * data.ravel(), size) / hits).reshape(SHAPE)


def beam_noise(residual, e, covered):
    """rms of the residual smoothed with the beam (weights 1/e^2) over what white noise would leave."""
    w = np.where(covered, 1 / np.where(covered, e, 1)**2, 0)
    norm = gaussian_filter(w, BEAM_SIGMA_PIXELS)
    smooth = gaussian_filter(w * np.where(covered, residual, 0), BEAM_SIGMA_PIXELS)
    variance = gaussian_filter(w, BEAM_SIGMA_PIXELS / np.sqrt(2)) / (4 * np.pi * BEAM_SIGMA_PIXELS**2)
    use = covered & (norm > 0.1 * np.median(norm[covered]))
    return np.sqrt(np.mean(smooth[use]**2 / variance[use]))


def metrics(d, image, h):
    truth, e = d.truth[h]
    covered = np.isfinite(image) & np.isfinite(truth)
    pairs = [(image, truth), [mm.without_background(np.where(covered, a, 0.0), covered) for a in (image, truth)]]
    row = []
    for a, b in pairs:
        r = mm.regression(a, b, e, covered)
        rest = np.where(covered, a - r["slope"] * b, 0)
        rest[covered] -= np.average(rest[covered], weights=1 / e[covered]**2)
        row.append([r["slope"], r["correlation"], r["residual_over_white"], beam_noise(rest, e, covered)])
    return np.array(row).T.ravel()      # slope all, small, correlation .., residual/white .., beam ..


def line(name, m, extra=""):
    print(f"{name:34s} slope {m[0]:.3f}/{m[1]:.3f}  corr {m[2]:.3f}/{m[3]:.3f}  res/white {m[4]:.2f}/{m[5]:.2f}  "
          f"beam {m[6]:.2f}/{m[7]:.2f}  {extra}", flush=True)


# ---------------------------------------------------------------- tasks
def task_table(d, D, h=0):
    pixels, z = pixel_basis(d), d.z[:, h]
    for slope in (False, True):
        for L in (25, 10, 2):
            offsets, it = destripe(d, pixels, h, z, D, L, slope)
            image = bin_map(d, z - offsets, h)
            second, it2 = destripe(d, pixels, h, z - subpixel(d, image), D, L, slope)
            name = f"pixels, L {L}" + (", slope" if slope else "")
            line(name, metrics(d, image, h), f"it {it}")
            line(name + ", 2 passes", metrics(d, bin_map(d, z - second, h), h), f"it {it2}")
    for degree, spacing, L, slope in ((2, 2.5, 25, True), (2, 2.5, 10, True), (2, 2.5, 5, True), (2, 2.5, 2, False), (2, 2.5, 2, True), (2, 2.0, 2, True),
                                      (3, 1.5, 2, True), (3, 2.0, 2, True), (3, 2.5, 25, True), (3, 2.5, 5, True), (3, 2.5, 2, True), (3, 2.5, 1, True), (3, 3.0, 2, True)):
        basis = spline_basis(d, spacing, degree)
        for kind in ("diagonal", "factor"):
            start = time.process_time()
            offsets, it = destripe(d, basis, h, z, D, L, slope, kind)
            used = time.process_time() - start
            line(f"spline {degree}, {spacing}', L {L}" + (", slope" if slope else ""), metrics(d, bin_map(d, z - offsets, h), h),
                 f"it {it} {kind} {used:.1f} s")


def task_all_bands(d, D, degree=3, spacing=2.5, L=2):
    basis, rows = spline_basis(d, spacing, degree), []
    for h in range(8):
        offsets, it = destripe(d, basis, h, d.z[:, h], D, L)
        rows.append(metrics(d, bin_map(d, d.z[:, h] - offsets, h), h))
        line(f"half band {h}", rows[-1], f"it {it}")
    line("mean", np.mean(rows, axis=0))


def task_joint(d, D):
    bands = list(range(8))
    for name, basis in (("pixels", pixel_basis(d)), ("spline 3, 2.5'", spline_basis(d, 2.5, 3))):
        _, red, it = gls(d, basis, red_covariance(d, D, bands), bands, d.z)
        line(name + ", joint", np.mean([metrics(d, bin_map(d, d.z[:, h] - red[:, h], h), h) for h in bands], axis=0), f"it {it}")
        rows = []
        for h in bands:
            _, red, it = gls(d, basis, red_covariance(d, D, [h]), [h], d.z[:, [h]], tolerance=1e-4)
            rows.append(metrics(d, bin_map(d, d.z[:, h] - red[:, 0], h), h))
        line(name + ", one at a time", np.mean(rows, axis=0), f"it {it}")


def task_bound(d, D, realisations=3, h=0):
    """n half bands with a common gain: one combination of them has white noise + n x gain, the others are white."""
    rng, e = np.random.default_rng(3), d.truth[h][1]
    power = red_covariance(d, D, [h], 0)
    for name, basis in (("pixels", pixel_basis(d)), ("spline 3, 2.5'", spline_basis(d, 2.5, 3))):
        sums = {n: 0.0 for n in (0, 1, 8, 64)}
        for _ in range(realisations):
            white = rng.normal(size=(d.S, 1, d.N)) * np.sqrt(d.v[:, [h]])[..., None]
            red = np.fft.irfft(np.fft.rfft(rng.normal(size=white.shape)) * np.sqrt(power[:, None, :, 0, 0]), d.N)
            red -= red.mean(-1, keepdims=True)
            for n in sums:
                R = red_covariance(d, D * max(n, 1e-12), [h], 2 if n else 0)
                data = white + np.sqrt(n) * red
                _, estimate, _ = gls(d, basis, R, [h], data, tolerance=3e-5)
                image = bin_map(d, data[:, 0] - estimate[:, 0], h)
                use = np.isfinite(image) & np.isfinite(e)
                rest = np.where(use, image, 0)
                sums[n] = sums[n] + np.array([np.mean((rest[use] / e[use])**2), beam_noise(rest, e, use)**2,
                                              beam_noise(mm.without_background(rest, use), e, use)**2]) / realisations
        print(name, "[pixel, beam all, beam small]", "white", np.round(sums[0]**0.5, 3), "single", np.round(sums[1]**0.5, 3),
              "8 joint", np.round((7 / 8 * sums[0] + sums[8] / 8)**0.5, 3), "64 joint", np.round((63 / 64 * sums[0] + sums[64] / 64)**0.5, 3), flush=True)


def task_amplitude(d, D):
    high_pass = lambda t: t - uniform_filter1d(t, 500, axis=-1, mode="nearest")
    amplitude = lambda t, h: np.sum(high_pass(d.sky[:, h]) * high_pass(t)) / np.sum(high_pass(d.sky[:, h])**2)
    for h in (0, 7):
        print(f"half band {h}: Level-2 {amplitude(d.z[:, h], h):.4f}")
        offsets, _ = destripe(d, pixel_basis(d), h, d.z[:, h], D, 25)
        second, _ = destripe(d, pixel_basis(d), h, d.z[:, h] - subpixel(d, bin_map(d, d.z[:, h] - offsets, h)), D, 25)
        print(f"  pixels, L 25                 {amplitude(d.z[:, h] - offsets, h):.4f}, 2 passes {amplitude(d.z[:, h] - second, h):.4f}")
        for degree, spacing in ((2, 2.5), (3, 2.0), (3, 2.5), (3, 3.0)):
            basis = spline_basis(d, spacing, degree)
            offsets, _ = destripe(d, basis, h, d.z[:, h], D, 2, preconditioner="factor", tolerance=1e-5)
            sky, _ = destripe(d, basis, h, d.sky[:, h], D, 2, preconditioner="factor", tolerance=1e-5)
            print(f"  spline {degree}, {spacing}', L 2           {amplitude(d.z[:, h] - offsets, h):.4f}, sky alone {amplitude(d.sky[:, h] - sky, h):.5f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("level2")
    parser.add_argument("truth")
    parser.add_argument("--obsids", type=int, nargs="+", required=True)
    parser.add_argument("--feeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--centre", type=float, nargs=2, default=[29.95, 0.0], help="galactic l, b of the grid")
    parser.add_argument("--scripts", default="scripts", help="directory of map_metrics.py")
    parser.add_argument("--task", default="table", choices=["table", "all_bands", "joint", "bound", "amplitude"])
    a = parser.parse_args()
    sys.path.insert(0, a.scripts)
    import map_metrics as mm
    data = load(a.level2, a.truth, a.obsids, a.feeds, a.centre)
    print(f"{data.S} segments of {data.N} samples, {np.unique(data.pixel).size} pixels")
    globals()["task_" + a.task](data, gain_covariance(data))
