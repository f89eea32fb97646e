#pragma once
/// \file
/// Arrays on a local disk, for what does not fit into memory.

#include <cstddef>
#include <map>
#include <string>

namespace comap {

/// Hands out memory that is backed by files without names in a directory, gone when the process ends however it ends.
/// The system writes pages out when it needs the memory and reads them ahead when they are passed over in order. Not
/// for several threads at once.
class Scratch {
 public:
  /// At most about `resident_bytes` of all arrays count as memory of the process.
  Scratch(std::string directory, std::size_t resident_bytes);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Throws IoError when the directory cannot be written or the disk is full: space is reserved at once.
  void* map(std::size_t bytes);
  void unmap(void* memory) noexcept;

  /// To be called by whoever passes over arrays of this scratch, with the bytes passed since the last call: what lies
  /// behind leaves the memory of the process.
  void passed(std::size_t bytes);

  const std::string& directory() const { return directory_; }

 private:
  void forget();

  std::string directory_;
  std::size_t resident_bytes_;
  std::size_t passed_bytes_ = 0;
  std::map<void*, std::size_t> bytes_;  ///< of each array
};

}  // namespace comap
