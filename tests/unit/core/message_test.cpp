#include "core/message.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/rank_zero.hpp"

namespace comap {
namespace {

enum class Colour : unsigned char { red, green };

struct Point {
  double x = 0.0;
  float y = 0.0F;
  std::array<std::int64_t, 2> cell{};

  bool operator==(const Point&) const = default;
  static auto members(auto& p) { return std::tie(p.x, p.y, p.cell); }
};
static_assert(message::Flat<Point> && !message::Flat<std::tuple<int&, int&>>);

class Everything {
 public:
  bool truth = true;
  Colour colour = Colour::red;
  std::string text;
  std::vector<Point> points;
  std::vector<std::string> texts;
  std::vector<bool> bits;
  std::array<std::string, 2> names;
  std::pair<std::string, int> named;
  std::optional<std::string> maybe = "set before";
  std::map<std::string, std::vector<int>, std::less<>> lists;
  std::variant<std::monostate, std::int64_t, std::string, std::vector<double>> value;
  nlohmann::json document;
  void hide(int number) { hidden_ = number; }

  bool operator==(const Everything&) const = default;
  static auto members(auto& x) {
    return std::tie(x.truth, x.colour, x.text, x.points, x.texts, x.bits, x.names, x.named, x.maybe, x.lists, x.value,
                    x.document, x.hidden_);
  }

 private:
  int hidden_ = 0;
};

Everything filled() {
  Everything x;
  x.truth = false;
  x.colour = Colour::green;
  x.text = std::string("a\0b\xff", 4);
  x.points = {{1.5, 2.5F, {3, -4}}, {}};
  x.texts = {"", "one"};
  x.bits = {true, false, true};
  x.names = {"first", "second"};
  x.named = {"feed", 7};
  x.maybe = std::nullopt;
  x.lists = {{"a", {1, 2}}, {"b", {}}};
  x.value = std::vector<double>{0.1, -0.0};
  x.document = {{"key", {1, 2.5, nullptr}}};
  x.hide(42);
  return x;
}

TEST(Message, BringsEveryKindOfMember) {
  EXPECT_EQ(unpack<Everything>(pack(filled())), filled());
  EXPECT_EQ(unpack<Everything>(pack(Everything())), Everything());
  const std::vector<Everything> nested = {filled(), {}, filled()};
  EXPECT_EQ(unpack<std::vector<Everything>>(pack(nested)), nested);
  Everything with_text = filled();
  with_text.value = "a text";
  with_text.maybe = "given";
  EXPECT_EQ(unpack<Everything>(pack(with_text)), with_text);
}

TEST(Message, KeepsNumbersThatTextWouldLose) {
  const std::vector<double> numbers = {std::nan(""), -std::numeric_limits<double>::infinity(), -0.0, 5e-324};
  const auto back = unpack<std::vector<double>>(pack(numbers));
  EXPECT_EQ(std::memcmp(back.data(), numbers.data(), sizeof(double) * numbers.size()), 0);
}

TEST(Message, LargeAndEmptyOnes) {
  const std::vector<double> large(3'000'000, 1.25);
  const Bytes bytes = pack(large);
  EXPECT_EQ(bytes.size(), sizeof(std::size_t) + large.size() * sizeof(double));
  EXPECT_EQ(unpack<std::vector<double>>(bytes), large);
  EXPECT_TRUE(unpack<std::vector<std::string>>(pack(std::vector<std::string>())).empty());
}

TEST(Message, TiedValuesTravelThemselves) {
  const int number = 3;
  const std::string text = "three";
  const auto back = unpack<std::tuple<int, std::string>>(pack(std::tie(number, text)));
  EXPECT_EQ(back, std::tuple(3, "three"));
}

TEST(Message, OfAnotherLengthIsABug) {
  const Bytes bytes = pack(filled());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THROW(unpack<Everything>(std::span(bytes).first(n)), Bug) << n;
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_THROW(unpack<Everything>(longer), Bug);
  EXPECT_THROW(unpack<std::vector<int>>(pack(std::numeric_limits<std::size_t>::max())), Bug);
}

TEST(Message, OfAnUnknownKindOfValueIsABug) {
  using Value = std::variant<int, std::string>;
  EXPECT_THROW(unpack<Value>(pack(std::pair(std::size_t{2}, 0))), Bug);
}

TEST(Message, SharedByOneRankWithItself) {
  const SerialCommunicator alone;
  EXPECT_EQ(share(alone, filled()), filled());
  EXPECT_EQ(all_gather(alone, filled()), std::vector{filled()});
  EXPECT_EQ(gather(alone, std::string("mine")), std::vector<std::string>{"mine"});
  EXPECT_EQ(joined(std::vector<std::vector<int>>{{1, 2}, {}, {3}}), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(from_rank_zero(alone, [] { return Point{1.0, 2.0F, {3, 4}}; }), (Point{1.0, 2.0F, {3, 4}}));
}

}  // namespace
}  // namespace comap
