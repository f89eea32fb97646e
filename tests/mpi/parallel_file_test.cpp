// A disk that fails one rank of a team: the whole team learns of it at the next agreement, and goes on.
#include "mpi/parallel_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/message.hpp"
#include "mpi/mpi_communicator.hpp"
#include "support/mpi_main.hpp"
#include "support/small_level1.hpp"

namespace comap {
namespace {

constexpr std::size_t kValues = 100'000;  // of each rank
constexpr rlim_t kUnlimited = RLIM_INFINITY;

/// Writing behind this many bytes fails in this process while the object lives (EFBIG).
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    set(bytes);
  }
  ~FileSizeLimit() { set(kUnlimited); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  static void set(rlim_t bytes) {
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    prlimit(0, RLIMIT_FSIZE, &limit, nullptr);  // setrlimit is a blank under sanitizers
  }
};

class ParallelFileTest : public testing::Test {
 protected:
  ParallelFileTest() {
    if (team_.rank() == 0) temporary_ = std::make_unique<test::TemporaryFile>("parallel_file_test.hd5");
    path_ = share(team_, temporary_ ? temporary_->path() : std::string());
  }
  ~ParallelFileTest() override {
    team_.sum(0.0);  // nobody needs the file any more
  }

  /// Each rank has a row; a step and an agreement at a time, as the Level-2 writer works.
  void write_file() {
    const std::vector<float> row(kValues, static_cast<float>(team_.rank()));
    h5::DatasetSpec spec;
    spec.type = h5::StoredType::float32;
    spec.extent = {n_ranks_, kValues};
    spec.chunk = {1, kValues};
    spec.checksum = true;
    std::optional<h5::File> file;
    run_collective(team_, "create", [&] { file.emplace(files_.create(path_)); });
    run_collective(team_, "declare", [&] { file->create_dataset("rows", spec); });
    run_collective(team_, "write", [&] {
      const auto first = static_cast<std::uint64_t>(team_.rank());
      file->open("rows").write({{first, 0}, {1, kValues}}, std::span<const float>(row));
    });
    run_collective(team_, "complete", [&] {
      file->write_attribute("/", "complete", std::int64_t{1});
      file->close();
    });
  }

  mpi::MpiCommunicator team_ = mpi::MpiCommunicator::duplicate(MPI_COMM_WORLD);
  std::uint64_t n_ranks_ = static_cast<std::uint64_t>(team_.size());
  mpi::ParallelFiles files_{team_, {}};
  std::unique_ptr<test::TemporaryFile> temporary_;
  std::string path_;
};

TEST_F(ParallelFileTest, AnErrorOfWritingOnOneRankIsThatOfAll) {
  for (const int failing : {0, team_.size() - 1}) {
    // Nothing can be written, metadata only, part of the data.
    for (const rlim_t bytes : {rlim_t{0}, rlim_t{4096}, rlim_t{300'000}}) {
      std::string message;
      {
        const FileSizeLimit limit(team_.rank() == failing ? bytes : kUnlimited);
        try {
          write_file();
        } catch (const IoError& error) {
          message = error.what();
        }
      }
      EXPECT_NE(message.find("rank " + std::to_string(failing) + ": " + path_), std::string::npos)
          << "limit of " << bytes << " on rank " << failing << ": " << message;
      EXPECT_NE(message.find("File too large"), std::string::npos) << message;
    }
  }
  write_file();
  const auto rows = h5::File::open_read(path_).read<float>("rows");
  for (std::uint64_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], static_cast<float>(i / kValues)) << i;
}

}  // namespace
}  // namespace comap
