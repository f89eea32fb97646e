#include "acquire/observatory_list.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace comap {
namespace {

using Words = std::vector<std::string>;

TEST(ObservatoryList, TakesBlanksOrTabsAndKeepsTheComment) {
  const auto list = parse_observatory_list(
      "# obsid path target comment\n"
      "\n"
      "6557 /data/2019-05/comap-0006557-2019-05-09-011113.hd5 TauA  a  raster, wind 5 m/s\n"
      "  6558   /data/comap-0006558-x.hd5   fg4  \r\n"
      "6559\t/data/my disk/comap-0006559-x.hd5\tField 11\tit's late\n"
      "6560\t/data/comap-0006560-x.hd5\tCygA");
  ASSERT_TRUE(list.bad_lines.empty()) << list.bad_lines[0].reason;
  ASSERT_EQ(list.files.size(), 4U);
  EXPECT_EQ(list.files[0].obsid, 6557);
  EXPECT_EQ(list.files[0].path, "/data/2019-05/comap-0006557-2019-05-09-011113.hd5");
  EXPECT_EQ(list.files[0].target, "TauA");
  EXPECT_EQ(list.files[0].comment, "a  raster, wind 5 m/s");
  EXPECT_EQ(list.files[0].line, 3);
  EXPECT_EQ(file_name_of(list.files[0]), "comap-0006557-2019-05-09-011113.hd5");
  EXPECT_EQ(list.files[1].target, "fg4");
  EXPECT_EQ(list.files[1].comment, "");
  EXPECT_EQ(list.files[2].path, "/data/my disk/comap-0006559-x.hd5");
  EXPECT_EQ(list.files[2].target, "Field 11");
  EXPECT_EQ(list.files[2].comment, "it's late");
  EXPECT_EQ(list.files[3].target, "CygA");
  EXPECT_EQ(list.files[3].line, 6);
}

TEST(ObservatoryList, ReportsBadLinesAndGoesOn) {
  const auto list = parse_observatory_list(
      "Welcome to the observatory!\n"
      "6557\n"
      "6558 /data/comap-0006558-x.hd5\n"
      "-3 /data/comap-0000003-x.hd5 TauA\n"
      "99999999999999999999 /data/comap-1-x.hd5 TauA\n"
      "6559\t\tTauA\n"
      "6560 /data/comap-0006561-x.hd5 TauA\n"
      "6562 /data/comap-0006562-x.hd5 TauA\n");
  ASSERT_EQ(list.files.size(), 1U);
  EXPECT_EQ(list.files[0].obsid, 6562);
  ASSERT_EQ(list.bad_lines.size(), 7U);
  for (std::size_t i = 0; i < list.bad_lines.size(); ++i) EXPECT_EQ(list.bad_lines[i].line, static_cast<int>(i) + 1);
  EXPECT_EQ(list.bad_lines[0].reason, "'Welcome' is no obsid; expected: obsid path target comment");
  EXPECT_EQ(list.bad_lines[2].reason, "expected: obsid path target comment");
  EXPECT_EQ(list.bad_lines[6].reason, "'/data/comap-0006561-x.hd5' is not named after obsid 6560");
}

TEST(ObservatoryList, ShowsNoControlCharacterOfTheOtherMachine) {
  const auto list = parse_observatory_list("\x1b[2Jgone /x TauA\n7 /data/\x1b[2J/comap-7-x.hd5 TauA\n");
  ASSERT_EQ(list.bad_lines.size(), 2U);
  for (const BadLine& bad : list.bad_lines) EXPECT_EQ(bad.reason.find('\x1b'), std::string::npos) << bad.line;
}

TEST(PathProblem, LetsLevel1FilesPass) {
  for (const std::string path :
       {"/data/comap-0006557-2019-05-09-011113.hd5", "comap-6557.hd5", "2019-05/comap-0006557-x.hd5",
        "/data/a dir/comap-0006557-x.hd5", "/data/..hidden/comap-0006557-x.hd5", "~/comap-0006557-x.hd5"}) {
    EXPECT_EQ(path_problem(path, 6557), "") << path;
  }
}

TEST(PathProblem, RefusesWhatWouldEscapeOrBeTakenForSomethingElse) {
  for (const std::string path : {"",
                                 "/",
                                 "..",
                                 "../comap-0006557-x.hd5",
                                 "/data/../comap-0006557-x.hd5",
                                 "/data/comap-0006557-x.hd5/..",
                                 "/data/comap-0006557-x.hd5/",
                                 "-e/comap-0006557-x.hd5",
                                 "--rsh=sh/comap-0006557-x.hd5",
                                 "other:/data/comap-0006557-x.hd5",
                                 "rsync://other/comap-0006557-x.hd5",
                                 "/data/comap-0006557-*.hd5",
                                 "/data/comap-0006557-[ab].hd5",
                                 "/data/comap-0006557-?.hd5",
                                 "/data/comap-0006557-\\x.hd5",
                                 "/data/\ncomap-0006557-x.hd5",
                                 "/data/comap-0006557-\xc3\xa4.hd5",
                                 "/etc/passwd",
                                 "/data/.comap-0006557.hd5",
                                 "/data/Level2_comap-0006557-x.hd5",
                                 "/data/comap-0006557-x.hd5.gz",
                                 "/data/comap-x-0006557.hd5",
                                 "/data/comap-0006558-x.hd5"}) {
    EXPECT_NE(path_problem(path, 6557), "") << path;
  }
  EXPECT_NE(path_problem(std::string(5000, 'a') + "/comap-0006557-x.hd5", 6557), "");
  EXPECT_NE(path_problem("comap-0006557-" + std::string(300, 'a') + ".hd5", 6557), "");
}

TEST(SplitCommand, KnowsQuotesAndBackslashesAndNothingElse) {
  EXPECT_EQ(split_command(""), Words{});
  EXPECT_EQ(split_command("  \t "), Words{});
  EXPECT_EQ(split_command("ssh host  list-observations"), (Words{"ssh", "host", "list-observations"}));
  EXPECT_EQ(split_command("ssh host 'ls -l $HOME'"), (Words{"ssh", "host", "ls -l $HOME"}));
  EXPECT_EQ(split_command(R"(a "b 'c' \" \\" d\ e '\' '')"), (Words{"a", R"(b 'c' " \)", "d e", R"(\)", ""}));
  EXPECT_EQ(split_command("x'y z'w"), (Words{"xy zw"}));
  EXPECT_EQ(split_command("echo * | sh; $(id) > f"), (Words{"echo", "*", "|", "sh;", "$(id)", ">", "f"}));
  EXPECT_THROW(split_command("ssh 'host"), ConfigError);
  EXPECT_THROW(split_command("ssh \"host"), ConfigError);
}

}  // namespace
}  // namespace comap
