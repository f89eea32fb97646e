#include "catalogue/file_search.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catalogue/inspect_file.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

/// Permissions do not hold for root: as long as this lives, files are opened as somebody else.
class AsOrdinaryUser {
 public:
  AsOrdinaryUser() { is_changed_ = geteuid() == 0 && seteuid(kNobody) == 0; }
  ~AsOrdinaryUser() {
    if (is_changed_ && seteuid(0) != 0) std::abort();
  }
  AsOrdinaryUser(const AsOrdinaryUser&) = delete;
  AsOrdinaryUser& operator=(const AsOrdinaryUser&) = delete;

 private:
  bool is_changed_ = false;
};

class FileSearch : public testing::Test {
 protected:
  FileSearch() { fs::permissions(directory_.path(), fs::perms::all); }

  std::string reason(const FoundFiles& found, const std::string& name) const {
    std::string text;
    for (const FileProblem& one : found.problems) {
      if (fs::path(one.path).filename() == name) text += one.reason + "\n";
    }
    return text;
  }

  test::TemporaryDirectory directory_;
};

TEST_F(FileSearch, ReportsDirectoriesAndFilesThatCannotBeRead) {
  fs::create_directories(directory_ / "closed");
  std::ofstream(directory_ / "closed/comap-0000001-x.hd5") << "x";
  const std::string secret = directory_ / "comap-0000002-x.hd5";
  std::ofstream(secret) << "not for everybody";
  fs::permissions(directory_ / "closed", fs::perms::none);
  fs::permissions(secret, fs::perms::none);
  FoundFiles found;
  FileFinding finding;
  {
    const AsOrdinaryUser somebody;
    found = find_files({directory_.path()}, DataLevel::level1);
    finding = inspect_file(secret, DataLevel::level1);
    EXPECT_EQ(presence_of(directory_ / "closed/comap-0000001-x.hd5"), Presence::unknown);
  }
  fs::permissions(directory_ / "closed", fs::perms::all);
  EXPECT_EQ(found.paths, std::vector<std::string>{secret});
  EXPECT_NE(reason(found, "closed").find("Permission denied"), std::string::npos);
  EXPECT_EQ(finding.state, FileState::unreadable);
  EXPECT_EQ(finding.obsid, 0);
  EXPECT_NE(finding.remarks.at(0).find("Permission denied"), std::string::npos);
}

TEST_F(FileSearch, ReportsLinksThatLeadNowhereWhateverTheirName) {
  fs::create_symlink("/nowhere/2022-09", directory_ / "2022-09");
  fs::create_symlink("/nowhere/comap-0000001-x.hd5", directory_ / "comap-0000001-x.hd5");
  fs::create_symlink("/nowhere/Level2_comap-0000001-x.hd5", directory_ / "Level2_comap-0000001-x.hd5");
  fs::create_symlink("comap-0000002-x.hd5", directory_ / "comap-0000002-x.hd5");
  const FoundFiles found = find_files({directory_.path()}, DataLevel::level1);
  EXPECT_TRUE(found.paths.empty());
  EXPECT_NE(reason(found, "2022-09").find("leads nowhere"), std::string::npos);
  EXPECT_NE(reason(found, "comap-0000001-x.hd5").find("does not exist"), std::string::npos);
  EXPECT_NE(reason(found, "comap-0000002-x.hd5").find("cannot be looked at"), std::string::npos);
  EXPECT_EQ(found.problems.size(), 3U);
  EXPECT_EQ(find_files({directory_.path()}, DataLevel::level2).problems.size(), 2U);
}

TEST_F(FileSearch, TellsWhatABadFileIsBadFor) {
  test::output_of(std::string(COMAP_PYTHON) + " " + COMAP_SOURCE_DIR + "/tests/support/make_scan_files.py " +
                  directory_.path());
  const auto state = [&](const std::string& name, DataLevel level) {
    return inspect_file(directory_ / name, level).state;
  };
  const std::string level1 = "level1/comap-000", level2 = "level2/Level2_comap-", end = "-2022-01-05-000000.hd5";
  EXPECT_EQ(state("level1/2022-09/comap-0007206-2022-01-01-000000.hd5", DataLevel::level1), FileState::usable);
  EXPECT_EQ(state(level1 + "7500" + end, DataLevel::level1), FileState::missing);
  EXPECT_EQ(state(level1 + "7501" + end, DataLevel::level1), FileState::damaged);
  EXPECT_EQ(state(level1 + "7502" + end, DataLevel::level1), FileState::damaged);
  EXPECT_EQ(state(level1 + "7503" + end, DataLevel::level1), FileState::damaged);
  EXPECT_EQ(state(level1 + "7504" + end, DataLevel::level1), FileState::foreign);
  EXPECT_EQ(state(level1 + "7302-2022-01-04-000000.hd5", DataLevel::level1), FileState::foreign);
  EXPECT_EQ(state(level2 + "7301-2022-01-03-000000.hd5", DataLevel::level2), FileState::incomplete);
  EXPECT_EQ(state(level2 + "0009000" + end, DataLevel::level2), FileState::usable);
  EXPECT_EQ(state("level1", DataLevel::level1), FileState::unreadable);
}

}  // namespace
}  // namespace comap
