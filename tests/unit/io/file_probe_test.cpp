#include "io/file_probe.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace comap {
namespace {

constexpr double kTimeout_s = 1.0;

/// Reads its arguments in order: dies at the one that ends in "dies", hangs at the one that ends in "hangs".
FileProbe shell_probe() {
  const std::string script =
      "for path; do case $path in *dies) echo broken >&2; kill -SEGV $$;; *hangs) sleep 100;; esac; echo \"line of "
      "$path\"; done";
  return {{"/bin/sh", "-c", script, "sh"}, kTimeout_s};
}

TEST(FileProbe, GoesOnAfterADeadlyFile) {
  const std::vector<ProbedFile> probed = shell_probe().read({"a", "dies", "b", "hangs", "c"});
  ASSERT_EQ(probed.size(), 5U);
  EXPECT_EQ(probed[0].line, "line of a");
  EXPECT_NE(probed[1].deadly.find("signal 11"), std::string::npos) << probed[1].deadly;
  EXPECT_NE(probed[1].deadly.find("broken"), std::string::npos) << probed[1].deadly;
  EXPECT_EQ(probed[2].line, "line of b");
  EXPECT_NE(probed[3].deadly.find("does not end"), std::string::npos) << probed[3].deadly;
  EXPECT_EQ(probed[4].line, "line of c");
  EXPECT_TRUE(probed[4].deadly.empty());
}

TEST(FileProbe, WhatIsNoFileIsNotOpened) {
  const std::string pipe = testing::TempDir() + "/file_probe_test.fifo";
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto deadly = shell_probe().deadly_files({"a", pipe, "/dev/zero", testing::TempDir()});
  EXPECT_EQ(deadly.size(), 3U);
  EXPECT_EQ(deadly.at(pipe), "is a named pipe, not a file");
  EXPECT_EQ(deadly.at("/dev/zero"), "is a device, not a file");
  EXPECT_EQ(deadly.at(testing::TempDir()), "is a directory, not a file");
  std::filesystem::remove(pipe);
}

}  // namespace
}  // namespace comap
