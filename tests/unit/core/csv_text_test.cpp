#include "core/csv_text.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.hpp"

namespace comap {
namespace {

using Fields = std::vector<std::string>;

TEST(CsvText, FieldsInQuotesHoldCommasQuotesAndLines) {
  const auto records = parse_csv("a,\"b, c\",\"say \"\"hi\"\"\"\n\"two\nlines\",,\"\"\nlast,1,2", "x.csv");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].fields, (Fields{"a", "b, c", "say \"hi\""}));
  EXPECT_EQ(records[1].fields, (Fields{"two\nlines", "", ""}));
  EXPECT_EQ(records[2].fields, (Fields{"last", "1", "2"}));
  EXPECT_EQ(records[1].line, 2);
  EXPECT_EQ(records[2].line, 4);  // the second record has two lines
}

TEST(CsvText, ByteOrderMarkWindowsLinesAndBlankLinesAreNoMatter) {
  const auto records = parse_csv("\xEF\xBB\xBFid,x\r\n\r\n1,2\r\n\r\n", "x.csv");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].fields, (Fields{"id", "x"}));
  EXPECT_EQ(records[1].fields, (Fields{"1", "2"}));
  EXPECT_EQ(records[1].line, 3);
  EXPECT_TRUE(parse_csv("", "x.csv").empty());
}

std::string message_of(const std::string& text) {
  try {
    parse_csv(text, "x.csv");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CsvText, BrokenQuotesNameTheirLine) {
  EXPECT_EQ(message_of("a\n\"b,c\nd\n"), "x.csv, line 2: a quote is opened and never closed");
  EXPECT_EQ(message_of("a,\"b\"\""), "x.csv, line 1: a quote is opened and never closed");
  EXPECT_EQ(message_of("a\n\"b\"c\n"), "x.csv, line 2: text after a closing quote; quotes in a field are doubled");
}

TEST(CsvText, AFieldIsReadBackAsItWas) {
  for (const std::string field : {"plain", "a,b", "\"", "line\nline", "cr\rlf", ""}) {
    const auto records = parse_csv("x," + csv_field(field) + "\n", "x.csv");
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].fields, (Fields{"x", field}));
  }
}

TEST(CsvText, AFileThatCannotBeReadIsAnError) {
  EXPECT_THROW(read_csv("/no/such/file.csv"), ConfigError);
  EXPECT_THROW(read_csv("/"), ConfigError);
}

}  // namespace
}  // namespace comap
