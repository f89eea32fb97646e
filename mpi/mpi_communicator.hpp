#pragma once
/// \file
/// The Communicator of many ranks.

#include <mpi.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/communicator.hpp"

namespace comap::mpi {

/// Throws Error with MPI's own text when `code` is not MPI_SUCCESS.
void check(int code, const char* function);

/// A group of ranks over an MPI_Comm that this object owns and frees. Errors of MPI become exceptions. Arrays of any
/// length are passed in pieces, since MPI-3 counts are int.
class MpiCommunicator final : public Communicator {
 public:
  /// Longest piece in elements; tests make it small.
  static constexpr std::size_t kMaxCount = std::size_t{1} << 30;

  /// A duplicate of `original`, which stays the caller's. Collective over it.
  static MpiCommunicator duplicate(MPI_Comm original, std::size_t max_count = kMaxCount);

  MpiCommunicator(MpiCommunicator&& other) noexcept;
  MpiCommunicator& operator=(MpiCommunicator&& other) noexcept;
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;
  ~MpiCommunicator() override;

  /// The ranks with the same `color` (>= 0), ordered by `key`, then by rank here. Collective.
  MpiCommunicator split(int color, int key) const;
  /// For tests of what follows: the n-th run_agreed of this rank from now on (1 = the next), of this group or one split
  /// off it later, throws instead of working.
  void fail_at_agreement(std::int64_t n) { agreements_to_failure_ = std::make_shared<std::int64_t>(n); }
  /// How many of these n are still to come.
  std::int64_t agreements_to_failure() const { return agreements_to_failure_ ? *agreements_to_failure_ : 0; }
  /// For what only MPI can do, such as opening a file together. Stays owned by this object.
  MPI_Comm native() const { return comm_; }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  using Communicator::sum;
  void sum(std::span<double> values) const override;
  void sum(std::span<std::int64_t> values) const override;
  void min(std::span<double> values) const override;
  void max(std::span<double> values) const override;
  void broadcast(Bytes& bytes, int root) const override;
  std::vector<Bytes> all_gather(const Bytes& bytes) const override;
  std::vector<Bytes> all_to_all(const std::vector<Bytes>& to) const override;
  void exchange(
      std::span<const int> neighbours, const std::vector<std::span<const double>>& send,
      const std::vector<std::span<double>>& receive, const std::function<void()>& meanwhile = [] {}) const override;
  void run_agreed(std::string_view what, const std::function<void()>& work) const override;

  /// Time that this rank has spent waiting for others, here and in all groups that come from the same duplicate().
  double waited_s() const { return waited_->seconds; }
  /// Adds its lifetime to waited_s(); within another one it adds nothing.
  class Waiting;

 private:
  struct Waited {
    double seconds = 0.0;
    int depth = 0;
  };
  MpiCommunicator(MPI_Comm owned, std::size_t max_count);
  void free() noexcept;

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  std::size_t max_count_ = kMaxCount;
  std::shared_ptr<std::int64_t> agreements_to_failure_;          ///< shared with groups split off; usually none
  std::shared_ptr<Waited> waited_ = std::make_shared<Waited>();  ///< shared with groups split off
};

class MpiCommunicator::Waiting {
 public:
  explicit Waiting(const MpiCommunicator& ranks) : waited_(*ranks.waited_) { ++waited_.depth; }
  ~Waiting() {
    if (--waited_.depth > 0) return;
    waited_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Waited& waited_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace comap::mpi
