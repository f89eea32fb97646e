#include "data/scratch.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "data/large_vector.hpp"

namespace comap {
namespace {

constexpr std::size_t kBytes = std::size_t{64} << 20;

/// Memory of this process that is backed by files [bytes]; the second kind is that of files in a tmpfs, as /tmp of
/// Debian 13 is.
double resident_file_bytes() {
  std::ifstream status("/proc/self/status");
  double kilobytes = 0.0;
  for (std::string word; status >> word;) {
    double of_kind = 0.0;
    if (word == "RssFile:" || word == "RssShmem:") status >> of_kind;
    kilobytes += of_kind;
  }
  return 1024.0 * kilobytes;
}

TEST(Scratch, ArraysKeepTheirValuesWhenTheyLeaveMemory) {
  Scratch scratch(::testing::TempDir(), kBytes / 4);
  LargeVector<std::int32_t> values(kBytes / sizeof(std::int32_t), &scratch);
  std::iota(values.begin(), values.end(), 0);
  const double full = resident_file_bytes();
  passed_over(values, values.size() / 8);
  EXPECT_GT(resident_file_bytes(), 0.9 * full) << "nothing goes before as much was passed as may stay";
  passed_over(values, values.size() / 8);
  EXPECT_LT(resident_file_bytes(), full - 0.9 * static_cast<double>(kBytes));
  for (std::size_t i = 0; i < values.size(); i += 1000) ASSERT_EQ(values[i], static_cast<std::int32_t>(i));
}

TEST(Scratch, CopiesAndGrownVectorsStayThere) {
  Scratch scratch(::testing::TempDir(), kBytes);
  const double before = resident_file_bytes();
  LargeVector<char> values(&scratch);
  values.resize(kBytes, 'a');
  values.push_back('b');
  LargeVector<char> copy;
  copy = values;
  EXPECT_EQ(copy.get_allocator().scratch(), &scratch);
  EXPECT_EQ(copy[kBytes], 'b');
  EXPECT_GT(resident_file_bytes(), before + 1.9 * static_cast<double>(kBytes));
}

TEST(Scratch, SaysWhichDirectoryIsOfNoUse) {
  Scratch scratch("/no/such/directory", kBytes);
  try {
    const LargeVector<char> values(kBytes, &scratch);
    FAIL() << "expected an error";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/directory"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace comap
