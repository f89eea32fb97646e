#include "mpi/observation_queue.hpp"

#include <chrono>
#include <thread>

namespace comap::mpi {
namespace {

enum Tag : int { kRequest = 1, kJob = 2, kResult = 3 };
constexpr auto kRest = std::chrono::milliseconds(2);

Bytes receive(const MpiCommunicator& ranks, const MPI_Status& status) {
  int size = 0;
  check(MPI_Get_count(&status, MPI_BYTE, &size), "MPI_Get_count");
  Bytes message(static_cast<std::size_t>(size));
  check(MPI_Recv(message.data(), size, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, ranks.native(), MPI_STATUS_IGNORE),
        "MPI_Recv");
  return message;
}

bool probe(const MpiCommunicator& ranks, int source, int tag, MPI_Status& status) {
  int found = 0;
  check(MPI_Iprobe(source, tag, ranks.native(), &found, &status), "MPI_Iprobe");
  return found != 0;
}

}  // namespace

Outbox::~Outbox() {
  for (Letter& letter : letters_) MPI_Wait(&letter.request, MPI_STATUS_IGNORE);
}

void Outbox::send(Bytes message, int to, int tag) {
  letters_.remove_if([](Letter& letter) {
    int arrived = 0;
    check(MPI_Test(&letter.request, &arrived, MPI_STATUS_IGNORE), "MPI_Test");
    return arrived != 0;
  });
  Letter& letter = letters_.emplace_back(Letter{std::move(message)});
  check(MPI_Isend(letter.message.data(), static_cast<int>(letter.message.size()), MPI_BYTE, to, tag, ranks_.native(),
                  &letter.request),
        "MPI_Isend");
}

void ObservationServer::answer(int client) {
  Bytes job = next();
  if (job.empty()) {
    --n_clients_;
  } else {
    ++n_handed_out_;
  }
  outbox_.send(std::move(job), client, kJob);
}

void ObservationServer::serve() {
  MPI_Status status;
  while (probe(ranks_, MPI_ANY_SOURCE, kResult, status)) {
    handle_result_(receive(ranks_, status));
    --n_handed_out_;
  }
  while (probe(ranks_, MPI_ANY_SOURCE, kRequest, status)) {
    receive(ranks_, status);
    answer(status.MPI_SOURCE);
  }
}

void ObservationServer::serve_until_all_done() {
  const MpiCommunicator::Waiting waiting(ranks_);
  while (n_clients_ > 0 || n_handed_out_ > 0) {
    serve();
    std::this_thread::sleep_for(kRest);
  }
}

void ObservationClient::request() { outbox_.send({}, 0, kRequest); }

Bytes ObservationClient::next() {
  const MpiCommunicator::Waiting waiting(ranks_);
  MPI_Status status;
  while (!probe(ranks_, 0, kJob, status)) std::this_thread::sleep_for(kRest);
  Bytes job = receive(ranks_, status);
  if (!job.empty()) request();
  return job;
}

void ObservationClient::send_result(Bytes result) { outbox_.send(std::move(result), 0, kResult); }

void restful_barrier(const MpiCommunicator& ranks) {
  const MpiCommunicator::Waiting waiting(ranks);
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(ranks.native(), &request), "MPI_Ibarrier");
  for (int done = 0; done == 0;) {
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) std::this_thread::sleep_for(kRest);
  }
}

}  // namespace comap::mpi
