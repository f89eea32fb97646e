// Text from outside cannot forge lines of a log or give orders to a terminal.

#include "core/printable.hpp"

#include <gtest/gtest.h>

namespace comap {
namespace {

constexpr std::size_t kMost = 100;

TEST(Printable, ControlCharactersBecomeEscapes) {
  EXPECT_EQ(printable("Field12", kMost), "Field12");
  EXPECT_EQ(printable("a\nb\tc", kMost), "a\\nb\\tc");
  EXPECT_EQ(printable("\x1b[31m\r\x7f", kMost), "\\x1b[31m\\x0d\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3), kMost), "a\\x00b");
}

TEST(Printable, ControlCharactersOfUtf8Too) {
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m",
                      kMost),
            "\\xc2\\x9b31m")
      << "CSI";
  EXPECT_EQ(printable("\xc2\xb5K \xc3\xa9", kMost), "\xc2\xb5K \xc3\xa9") << "micro sign and e acute stay";
  EXPECT_EQ(printable("\xc2", kMost), "\xc2");
}

TEST(Printable, LongTextIsCutAndSaysSo) {
  EXPECT_EQ(printable(std::string(60000, 'x'), 10), "xxxxxxxxxx... (60000 characters in all)");
  EXPECT_EQ(printable(std::string(10, 'x'), 10), "xxxxxxxxxx");
}

}  // namespace
}  // namespace comap
