#include "mpi/mpi_communicator.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/failure.hpp"
#include "core/message.hpp"
#include "mpi/file_errors.hpp"

namespace comap::mpi {

namespace {

constexpr int kSumTag = 1;
constexpr int kBytesTag = 2;
constexpr int kExchangeTag = 3;

/// Calls `transfer(offset, count)` for every piece of an array.
template <typename Transfer>
void in_pieces(std::size_t length, std::size_t max_count, Transfer transfer) {
  for (std::size_t offset = 0; offset < length; offset += max_count) {
    transfer(offset, static_cast<int>(std::min(max_count, length - offset)));
  }
}

template <typename T>
void all_reduce(std::span<T> values, MPI_Datatype type, MPI_Op operation, MPI_Comm comm, std::size_t max_count) {
  in_pieces(values.size(), max_count, [&](std::size_t offset, int count) {
    check(MPI_Allreduce(MPI_IN_PLACE, values.data() + offset, count, type, operation, comm), "MPI_Allreduce");
  });
}

/// Open sends and receives; waits for what is left when an exception passes, so that no buffer dies in flight.
class Requests {
 public:
  Requests() = default;
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;
  ~Requests() { MPI_Waitall(static_cast<int>(open_.size()), open_.data(), MPI_STATUSES_IGNORE); }

  MPI_Request* next() { return &open_.emplace_back(MPI_REQUEST_NULL); }
  void wait() {
    check(MPI_Waitall(static_cast<int>(open_.size()), open_.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
    open_.clear();
  }

 private:
  std::vector<MPI_Request> open_;
};

}  // namespace

void check(int code, const char* function) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw Error(fmt::format("{} failed: {}", function, std::string_view(text.data(), static_cast<std::size_t>(length))));
}

MpiCommunicator::MpiCommunicator(MPI_Comm owned, std::size_t max_count) : comm_(owned), max_count_(max_count) {
  MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

MpiCommunicator MpiCommunicator::duplicate(MPI_Comm original, std::size_t max_count) {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(original, &copy), "MPI_Comm_dup");
  return {copy, max_count};
}

MpiCommunicator::MpiCommunicator(MpiCommunicator&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)),
      rank_(other.rank_),
      size_(other.size_),
      max_count_(other.max_count_),
      agreements_to_failure_(std::move(other.agreements_to_failure_)),
      waited_(std::move(other.waited_)) {}

MpiCommunicator& MpiCommunicator::operator=(MpiCommunicator&& other) noexcept {
  if (this == &other) return *this;
  free();
  comm_ = std::exchange(other.comm_, MPI_COMM_NULL);
  rank_ = other.rank_;
  size_ = other.size_;
  max_count_ = other.max_count_;
  agreements_to_failure_ = std::move(other.agreements_to_failure_);
  waited_ = std::move(other.waited_);
  return *this;
}

MpiCommunicator::~MpiCommunicator() { free(); }

void MpiCommunicator::free() noexcept {
  if (comm_ == MPI_COMM_NULL) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0) MPI_Comm_free(&comm_);
}

MpiCommunicator MpiCommunicator::split(int color, int key) const {
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(comm_, color, key, &part), "MPI_Comm_split");
  MpiCommunicator group(part, max_count_);
  group.agreements_to_failure_ = agreements_to_failure_;
  group.waited_ = waited_;
  return group;
}

// Recursive doubling instead of MPI_Allreduce: the order of the additions is ours, whatever the library would choose
// by message length and machine, and a + b == b + a makes every rank end with the same bits.
void MpiCommunicator::sum(std::span<double> values) const {
  const Waiting waiting(*this);
  int power = 1;
  while (power * 2 <= size_) power *= 2;
  const bool folded = rank_ >= power;  // hands its values to rank - power and gets the result back
  const bool folding = rank_ < size_ - power;
  std::vector<double> other(std::min(values.size(), max_count_));
  in_pieces(values.size(), max_count_, [&](std::size_t offset, int count) {
    double* mine = values.data() + offset;
    const auto add = [&] {
      for (int i = 0; i < count; ++i) mine[i] += other[i];
    };
    if (folded) {
      check(MPI_Send(mine, count, MPI_DOUBLE, rank_ - power, kSumTag, comm_), "MPI_Send");
      check(MPI_Recv(mine, count, MPI_DOUBLE, rank_ - power, kSumTag, comm_, MPI_STATUS_IGNORE), "MPI_Recv");
      return;
    }
    if (folding) {
      check(MPI_Recv(other.data(), count, MPI_DOUBLE, rank_ + power, kSumTag, comm_, MPI_STATUS_IGNORE), "MPI_Recv");
      add();
    }
    for (int distance = 1; distance < power; distance *= 2) {
      const int partner = rank_ ^ distance;
      check(MPI_Sendrecv(mine, count, MPI_DOUBLE, partner, kSumTag, other.data(), count, MPI_DOUBLE, partner, kSumTag,
                         comm_, MPI_STATUS_IGNORE),
            "MPI_Sendrecv");
      add();
    }
    if (folding) check(MPI_Send(mine, count, MPI_DOUBLE, rank_ + power, kSumTag, comm_), "MPI_Send");
  });
}

void MpiCommunicator::sum(std::span<std::int64_t> values) const {
  const Waiting waiting(*this);
  all_reduce(values, MPI_INT64_T, MPI_SUM, comm_, max_count_);
}

void MpiCommunicator::min(std::span<double> values) const {
  const Waiting waiting(*this);
  all_reduce(values, MPI_DOUBLE, MPI_MIN, comm_, max_count_);
}

void MpiCommunicator::max(std::span<double> values) const {
  const Waiting waiting(*this);
  all_reduce(values, MPI_DOUBLE, MPI_MAX, comm_, max_count_);
}

void MpiCommunicator::broadcast(Bytes& bytes, int root) const {
  const Waiting waiting(*this);
  std::uint64_t length = bytes.size();
  check(MPI_Bcast(&length, 1, MPI_UINT64_T, root, comm_), "MPI_Bcast");
  bytes.resize(length);
  in_pieces(bytes.size(), max_count_, [&](std::size_t offset, int count) {
    check(MPI_Bcast(bytes.data() + offset, count, MPI_BYTE, root, comm_), "MPI_Bcast");
  });
}

std::vector<Bytes> MpiCommunicator::all_gather(const Bytes& bytes) const {
  const Waiting waiting(*this);
  const std::size_t n_ranks = size_;
  std::vector<std::uint64_t> lengths(n_ranks);
  const std::uint64_t length = bytes.size();
  // NOLINTNEXTLINE(mpi-type-mismatch): the check sees unsigned long, which uint64_t is here
  check(MPI_Allgather(&length, 1, MPI_UINT64_T, lengths.data(), 1, MPI_UINT64_T, comm_), "MPI_Allgather");
  std::vector<Bytes> result(n_ranks);
  std::uint64_t total = 0;
  for (const std::uint64_t one : lengths) total += one;
  if (total > max_count_) {
    result[rank_] = bytes;
    for (int root = 0; root < size_; ++root) broadcast(result[root], root);
    return result;
  }
  std::vector<int> counts(n_ranks);
  std::vector<int> starts(n_ranks);
  for (std::size_t r = 0; r < n_ranks; ++r) {
    counts[r] = static_cast<int>(lengths[r]);
    starts[r] = r == 0 ? 0 : starts[r - 1] + counts[r - 1];
  }
  Bytes all(total);
  check(MPI_Allgatherv(bytes.data(), static_cast<int>(length), MPI_BYTE, all.data(), counts.data(), starts.data(),
                       MPI_BYTE, comm_),
        "MPI_Allgatherv");
  for (std::size_t r = 0; r < n_ranks; ++r)
    result[r].assign(all.begin() + starts[r], all.begin() + starts[r] + counts[r]);
  return result;
}

std::vector<Bytes> MpiCommunicator::all_to_all(const std::vector<Bytes>& to) const {
  const std::size_t n_ranks = size_;
  if (to.size() != n_ranks) throw Bug("all_to_all needs one array for each rank");
  const Waiting waiting(*this);
  std::vector<std::uint64_t> outgoing(n_ranks);
  std::vector<std::uint64_t> incoming(n_ranks);
  std::ranges::transform(to, outgoing.begin(), [](const Bytes& bytes) { return bytes.size(); });
  // NOLINTNEXTLINE(mpi-type-mismatch): as in all_gather
  check(MPI_Alltoall(outgoing.data(), 1, MPI_UINT64_T, incoming.data(), 1, MPI_UINT64_T, comm_), "MPI_Alltoall");
  std::vector<Bytes> from(n_ranks);
  Requests requests;
  for (int peer = 0; peer < size_; ++peer) {
    Bytes& bytes = from[peer];
    bytes.resize(incoming[peer]);
    if (peer == rank_) continue;
    in_pieces(bytes.size(), max_count_, [&](std::size_t offset, int count) {
      check(MPI_Irecv(bytes.data() + offset, count, MPI_BYTE, peer, kBytesTag, comm_, requests.next()), "MPI_Irecv");
    });
  }
  from[rank_] = to[rank_];
  for (int step = 1; step < size_; ++step) {
    const int peer = (rank_ + step) % size_;
    const Bytes& bytes = to[peer];
    in_pieces(bytes.size(), max_count_, [&](std::size_t offset, int count) {
      check(MPI_Isend(bytes.data() + offset, count, MPI_BYTE, peer, kBytesTag, comm_, requests.next()), "MPI_Isend");
    });
  }
  requests.wait();
  return from;
}

void MpiCommunicator::exchange(std::span<const int> neighbours, const std::vector<std::span<const double>>& send,
                               const std::vector<std::span<double>>& receive,
                               const std::function<void()>& meanwhile) const {
  if (send.size() != neighbours.size() || receive.size() != neighbours.size()) {
    throw Bug("exchange needs one array to send and one to receive for each neighbour");
  }
  Requests requests;
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    in_pieces(receive[i].size(), max_count_, [&](std::size_t offset, int count) {
      check(
          MPI_Irecv(receive[i].data() + offset, count, MPI_DOUBLE, neighbours[i], kExchangeTag, comm_, requests.next()),
          "MPI_Irecv");
    });
  }
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    in_pieces(send[i].size(), max_count_, [&](std::size_t offset, int count) {
      check(MPI_Isend(send[i].data() + offset, count, MPI_DOUBLE, neighbours[i], kExchangeTag, comm_, requests.next()),
            "MPI_Isend");
    });
  }
  meanwhile();
  const Waiting waiting(*this);
  requests.wait();
}

void MpiCommunicator::run_agreed(std::string_view what, const std::function<void()>& work) const {
  std::optional<Failure> failure = failure_of([&] {
    if (agreements_to_failure_ && --*agreements_to_failure_ == 0) throw Error("failure made for a test");
    work();
  });
  if (const std::string unsaid = take_file_error(); !unsaid.empty()) {
    failure = failure_of([&] { throw IoError(unsaid); });
  }
  const Waiting waiting(*this);
  int first_failed = failure ? rank_ : size_;
  check(MPI_Allreduce(MPI_IN_PLACE, &first_failed, 1, MPI_INT, MPI_MIN, comm_), "MPI_Allreduce");
  if (first_failed == size_) return;
  throw_again(share(*this, failure, first_failed).value(), fmt::format("{}, rank {}: ", what, first_failed));
}

}  // namespace comap::mpi
