#pragma once
/// \file
/// How fast files of Level-1 and Level-2 can be read, against how many read at once and how.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {

/// slices: all channels of one feed over a stretch of time, as level2 reads. whole: in the order of the file.
enum class IoAccess { slices, whole };

/// The dataset that every measurement reads. Axes of the dataset: feed first, sample last.
struct IoSubject {
  std::vector<std::string> files;  ///< reader i reads files[i % size]
  std::string dataset;             ///< empty = spectrometer/tod, or the binned data of a Level-2 file
  std::int64_t slice_samples = 7000;
  int repeats = 3;
  bool cold = false;  ///< drops the files from the page cache of the readers' nodes before each repetition
};

/// Readers are teams of ranks that open a file together; they read at the same time.
struct IoSetting {
  int n_readers = 1;
  int ranks_per_file = 1;
  std::map<std::string, std::string> hints;  ///< for MPI-IO, beside those of ParallelFiles
  IoAccess access = IoAccess::slices;
};

/// The fastest repetition.
struct IoMeasurement {
  IoSetting setting;
  std::int64_t bytes = 0;  ///< of the dataset, read by all readers together
  double seconds = 0.0;    ///< from before opening to the end of the last reader
  double open_s = 0.0;     ///< of the slowest rank
  double mean_read_s = 0.0;
  double longest_read_s = 0.0;  ///< of one call

  double MB_per_s() const;
};

/// Dataset of `subject` in its first file. Throws IoError, ObservationError when a file has no such dataset or one of
/// fewer than 2 axes. Rank 0 only.
std::string dataset_to_read(const IoSubject& subject);

/// Every rank gets the result. `world` must have n_readers * ranks_per_file ranks or more; the others rest. Errors of
/// reading become ObservationError on all. Collective.
IoMeasurement measure_reading(const IoSubject& subject, const IoSetting& setting, const MpiCommunicator& world);

/// The fastest with slices, since that is how level2 reads; of all when none has slices. Throws Bug for none.
const IoMeasurement& fastest(const std::vector<IoMeasurement>& measurements);

}  // namespace comap::mpi
