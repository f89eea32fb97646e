-- A catalogue as the Python pipeline leaves it: no UNIQUE in quality_flags, pixels from 0, no tables of ours, no
-- calibration_model_fit; texts in columns of numbers, which SQLite allows; rows without an observation.
CREATE TABLE comap_data (obsid INTEGER NOT NULL, level1_path VARCHAR, level2_path VARCHAR, bof VARCHAR, bw FLOAT,
  coeff_iq INTEGER, features INTEGER, fft_shift INTEGER, instrument VARCHAR, iqcalid INTEGER, level INTEGER,
  nbit INTEGER, nchan INTEGER, nint INTEGER, pixels VARCHAR, platform VARCHAR, source VARCHAR, source_group VARCHAR,
  telescope VARCHAR, tsamp FLOAT, utc_start VARCHAR, version VARCHAR, PRIMARY KEY (obsid));
CREATE TABLE observation_summary (obsid INTEGER NOT NULL, processing_status VARCHAR, processing_error VARCHAR,
  median_tsys FLOAT, mean_tau FLOAT, calibrator_flux FLOAT, calibrator_flux_error FLOAT, calibrator_chi2 FLOAT,
  pointing_offset_az FLOAT, pointing_offset_el FLOAT, pointing_offset_ra FLOAT, pointing_offset_dec FLOAT,
  n_scans INTEGER, PRIMARY KEY (obsid), FOREIGN KEY(obsid) REFERENCES comap_data (obsid));
CREATE TABLE quality_flags (id INTEGER NOT NULL, obsid INTEGER, pixel INTEGER, frequency_band INTEGER,
  is_good BOOLEAN NOT NULL, comment VARCHAR, filtered_red_noise FLOAT, filtered_white_noise FLOAT,
  filtered_auto_rms FLOAT, filtered_noise_index FLOAT, unfiltered_red_noise FLOAT, unfiltered_white_noise FLOAT,
  unfiltered_auto_rms FLOAT, unfiltered_noise_index FLOAT, n_spikes INTEGER, n_nan_values INTEGER,
  mean_atm_temp FLOAT, PRIMARY KEY (id), FOREIGN KEY(obsid) REFERENCES comap_data (obsid));
CREATE TABLE calibration_flux (id INTEGER NOT NULL, obsid INTEGER, feed INTEGER, band INTEGER, channel INTEGER,
  mjd FLOAT, source VARCHAR, measured_flux FLOAT, flux_error FLOAT, amplitude FLOAT, chi2 FLOAT, PRIMARY KEY (id),
  UNIQUE (obsid, feed, band, channel));
CREATE TABLE old_path_data (obsid INTEGER NOT NULL, old_level1_path VARCHAR, PRIMARY KEY (obsid));
INSERT INTO comap_data VALUES
  (7206, '/data/level1/2022-01/comap-0007206-2022-01-01-000000.hd5', '/data/level2/Level2_comap-0007206-x.hd5', 'b.bof',
   2e9, 1, 'none', 3, 'COMAP', NULL, '1', 8, '1024', 32, '1,2,3', 'roach', 'TauA', 'Calibrator', 'OVRO', 0.1,
   '2022-01-01-00:00:00', '1.0'),
  (7207, NULL, NULL, NULL, NULL, NULL, 3000000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   'tab	and \ back' || char(10) || 'line', '', char(220) || 'ml', 0.30000000000000004, NULL, NULL),
  (7208, '', NULL, NULL, 'wide', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1024.0, NULL, NULL, NULL, 'fg4',
   'Foreground', NULL, 1e-300, NULL, NULL);
INSERT INTO observation_summary VALUES
  (7206, 'complete', NULL, 44.12345678901234, 0.06, 393.1, 1.5, 1.01, -0.001, 0.002, NULL, NULL, 12),
  (7207, 'failed', 'no vane', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (9999, 'complete', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1);
WITH RECURSIVE feeds(pixel) AS (SELECT 0 UNION ALL SELECT pixel + 1 FROM feeds WHERE pixel < 18),
  bands(band) AS (SELECT 0 UNION ALL SELECT band + 1 FROM bands WHERE band < 7)
INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, comment, filtered_auto_rms, n_spikes)
  SELECT 7206, pixel, band, (pixel + band) % 3 > 0, CASE WHEN pixel = 5 THEN 'noisy' END, 1.0 / (3 + pixel + band),
    CASE WHEN pixel > 0 THEN pixel END FROM feeds, bands;
INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, comment) VALUES
  (7207, 3, 2, 0, NULL), (7207, 3, 2, 1, 'said twice'), (9999, 1, 1, 1, NULL), (NULL, 1, 1, 1, NULL);
INSERT INTO calibration_flux VALUES (1, 7206, 1, 0, 0, 59580.5, 'TauA', 393.1, 1.5, 2.1, 1.01),
  (2, 7206, 1, 0, 1, 59580.5, 'TauA', NULL, NULL, NULL, NULL);
INSERT INTO old_path_data VALUES (7206, '/old/disk/comap-0007206-2022-01-01-000000.hd5'), (5, '/old/five.hd5');
