#include "support/mpi_main.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "mpi/environment.hpp"
#include "mpi/launcher.hpp"

namespace {

const comap::Communicator* g_world = nullptr;

// Rank 0 reports as usual; the others report their failures, at once since a failing rank may leave others waiting.
class FailurePrinter final : public testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::cerr << "[rank " << g_world->rank() << "] " << (result.file_name() != nullptr ? result.file_name() : "") << ":"
              << result.line_number() << ": " << result.message() << std::endl;
  }
};

}  // namespace

const comap::Communicator& comap::test::world() { return *g_world; }

int main(int argc, char** argv) {
  comap::mpi::check_launcher();
  comap::mpi::Environment environment(argc, argv);
  g_world = &environment.world();
  testing::InitGoogleTest(&argc, argv);
  if (g_world->rank() != 0) {
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailurePrinter);
  }
  double exit_code = RUN_ALL_TESTS();
  g_world->max(std::span<double>(&exit_code, 1));
  return static_cast<int>(exit_code);
}
