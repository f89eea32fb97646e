#pragma once
/// \file
/// The operations that the numerics ask of a group of ranks. The only implementation in lib is the group of one; mpi/
/// has the other.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace comap {

using Bytes = std::vector<std::byte>;

/// A group of ranks that work together. Every function is collective: all ranks of the group must call it, in the
/// same order, with arguments of the same length (byte arrays may differ). Sums are taken in the same order in every
/// run with the same number of ranks, so results repeat bit for bit.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Element-wise over the ranks; every rank gets the result.
  virtual void sum(std::span<double> values) const = 0;
  virtual void sum(std::span<std::int64_t> values) const = 0;
  virtual void min(std::span<double> values) const = 0;
  virtual void max(std::span<double> values) const = 0;

  /// `bytes` of rank `root` on every rank.
  virtual void broadcast(Bytes& bytes, int root) const = 0;
  /// The bytes of every rank, by rank, on every rank.
  virtual std::vector<Bytes> all_gather(const Bytes& bytes) const = 0;
  /// Element r of `to` goes to rank r; returns what came from each rank. Sizes may differ and pass 2^31 bytes.
  virtual std::vector<Bytes> all_to_all(const std::vector<Bytes>& to) const = 0;

  /// Numbers for a fixed set of neighbours: `send[i]` goes to rank `neighbours[i]`, `receive[i]` is filled from it.
  /// The neighbour relation is symmetric and the lengths match. A rank without neighbours takes part trivially.
  /// `meanwhile`, which must contain no collective call, runs while the numbers are under way.
  virtual void exchange(
      std::span<const int> neighbours, const std::vector<std::span<const double>>& send,
      const std::vector<std::span<double>>& receive, const std::function<void()>& meanwhile = [] {}) const = 0;

  /// Runs `work` on every rank, then lets the group agree on the outcome. `work` must contain no collective call.
  /// Throws on every rank if `work` threw on any: the error of the lowest failing rank, with its type (failure.hpp) and
  /// `what` in front of its text.
  virtual void run_agreed(std::string_view what, const std::function<void()>& work) const = 0;

  double sum(double value) const {
    sum(std::span<double>(&value, 1));
    return value;
  }
  std::int64_t sum(std::int64_t value) const {
    sum(std::span<std::int64_t>(&value, 1));
    return value;
  }
};

/// The group of one rank.
class SerialCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  using Communicator::sum;
  void sum(std::span<double>) const override {}
  void sum(std::span<std::int64_t>) const override {}
  void min(std::span<double>) const override {}
  void max(std::span<double>) const override {}
  void broadcast(Bytes&, int) const override {}
  std::vector<Bytes> all_gather(const Bytes& bytes) const override { return {bytes}; }
  std::vector<Bytes> all_to_all(const std::vector<Bytes>& to) const override { return to; }
  void exchange(std::span<const int>, const std::vector<std::span<const double>>&,
                const std::vector<std::span<double>>&, const std::function<void()>& meanwhile) const override {
    meanwhile();
  }
  void run_agreed(std::string_view what, const std::function<void()>& work) const override;
};

/// Runs `work`, which may hold collective calls that fail on all ranks together or on the last to be made, and lets the
/// group agree on the outcome as run_agreed does. Collective.
void run_collective(const Communicator& ranks, std::string_view what, const std::function<void()>& work);

}  // namespace comap
