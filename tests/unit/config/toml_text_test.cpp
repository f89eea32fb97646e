#include "config/toml_text.hpp"

#include <gtest/gtest.h>

namespace comap {
namespace {

TEST(TomlText, EscapesAndKeepsNumbersExact) {
  EXPECT_EQ(toml_text("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
  EXPECT_EQ(toml_number(1.0), "1.0");
  EXPECT_EQ(toml_number(0.1), "0.1");
  EXPECT_EQ(toml_number(1e-6), "1e-06");
  EXPECT_EQ(std::stod(toml_number(1.0 / 3.0)), 1.0 / 3.0);
  EXPECT_EQ(toml_key("romio_cb-read"), "romio_cb-read");
  EXPECT_EQ(toml_key("odd key"), "\"odd key\"");
  EXPECT_EQ(toml_key(""), "\"\"");
}

}  // namespace
}  // namespace comap
