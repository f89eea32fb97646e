#pragma once
/// \file
/// Rank 0 hands observations to teams as they become free, and takes the results, while it works itself. Both sides
/// use a communicator of their own, whose messages mix with no others.

#include <functional>
#include <list>

#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {

/// Messages on their way: sending never waits for the receiver.
class Outbox {
 public:
  explicit Outbox(const MpiCommunicator& ranks) : ranks_(ranks) {}
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  void send(Bytes message, int to, int tag);

 private:
  struct Letter {
    Bytes message;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  const MpiCommunicator& ranks_;
  std::list<Letter> letters_;
};

/// Server side, on rank 0 of the world only: messages of jobs and results. Independent: serve() answers whoever
/// has asked and returns at once, so rank 0 calls it between its own blocks of work.
class ObservationServer {
 public:
  /// Makes the message of the next job; empty when there are no more.
  using JobSource = std::function<Bytes()>;
  using ResultHandler = std::function<void(const Bytes& result)>;

  /// `n_clients`: team roots on other ranks.
  ObservationServer(const MpiCommunicator& ranks, JobSource jobs, int n_clients, ResultHandler handler)
      : ranks_(ranks),
        outbox_(ranks),
        jobs_(std::move(jobs)),
        n_clients_(n_clients),
        handle_result_(std::move(handler)) {}

  /// The next job for rank 0's own team.
  Bytes next() { return jobs_(); }
  void accept(const Bytes& result) { handle_result_(result); }
  void serve();
  /// Serves, resting between looks, until every team root knows that there is no more work and has sent its results.
  void serve_until_all_done();

 private:
  void answer(int client);

  const MpiCommunicator& ranks_;
  Outbox outbox_;
  JobSource jobs_;
  int n_clients_;
  int n_handed_out_ = 0;  ///< jobs of other teams whose result is to come
  ResultHandler handle_result_;
};

/// Client side, on the other team roots. Asks for the next job while it works on the one in hand, so that a rank 0
/// that is busy with a block of its own delays nobody.
class ObservationClient {
 public:
  explicit ObservationClient(const MpiCommunicator& ranks) : ranks_(ranks), outbox_(ranks) { request(); }

  /// Waits for the answer, resting; empty when there is no more work. The next request is sent with it.
  Bytes next();
  void send_result(Bytes result);

 private:
  void request();

  const MpiCommunicator& ranks_;
  Outbox outbox_;
};

/// Waits for all ranks without spinning. Collective.
void restful_barrier(const MpiCommunicator& ranks);

}  // namespace comap::mpi
