#include "acquire/fetch.hpp"

#include <gtest/gtest.h>

namespace comap {
namespace {

using Words = std::vector<std::string>;

const ListedFile kFile = {7, "/far/comap-7-x.hd5", "TauA", "", 1};

TEST(RsyncArguments, KeepNamesBehindTheOptions) {
  AcquireConfig config;
  config.remote = "host:";
  config.remote_shell = "ssh -p 22";
  EXPECT_EQ(rsync_arguments(config, kFile, "/here/comap-7-x.hd5.fetch"),
            (Words{"rsync", "--times", "--copy-links", "--protect-args", "--partial-dir=.partial", "--timeout=120",
                   "--bwlimit=5000", "--rsh=ssh -p 22", "--", "host:/far/comap-7-x.hd5", "/here/comap-7-x.hd5.fetch"}));
  config.bandwidth_limit_KBps = 0;
  config.remote = "host::module";
  const Words daemon = rsync_arguments(config, kFile, "/here/x");
  for (const std::string& word : daemon) {
    EXPECT_FALSE(word.starts_with("--rsh") || word.starts_with("--bwlimit")) << word;
  }
}

TEST(Retries, AreForWhatCanPass) {
  for (const int code : {10, 12, 30, 35, 255, -1}) EXPECT_TRUE(is_worth_another_try(code)) << code;
  for (const int code : {0, 1, 2, 3, 11, 23, 24}) EXPECT_FALSE(is_worth_another_try(code)) << code;
}

TEST(Retries, PausesGrowToALimit) {
  AcquireConfig config;
  config.retry_delay_s = 10.0;
  EXPECT_DOUBLE_EQ(pause_after_s(1, config), 10.0);
  EXPECT_DOUBLE_EQ(pause_after_s(2, config), 20.0);
  EXPECT_DOUBLE_EQ(pause_after_s(3, config), 40.0);
  EXPECT_DOUBLE_EQ(pause_after_s(100, config), 600.0);
}

}  // namespace
}  // namespace comap
