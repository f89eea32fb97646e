// The configuration: any text, then `--set` texts after bytes of 0. What parses is printed as a configuration that
// means the same; what does not is a ConfigError, and nothing else.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_parser.hpp"
#include "config/cross_checks.hpp"
#include "core/error.hpp"
#include "fuzz/expect.hpp"
#include "stages/stage_list.hpp"

namespace {

constexpr std::string_view kFile = "fuzz.toml";

std::vector<std::string> split_at_zero(const std::string& text) {
  std::vector<std::string> parts = {""};
  for (const char letter : text) {
    if (letter == '\0') {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

void check_round_trip(const comap::Config& config) {
  const std::string shown = comap::show_config(config, comap::all_stages());
  try {
    const comap::Config parsed = comap::parse_config(shown, std::string(kFile), {}, comap::all_stages());
    const std::string again = comap::show_config(parsed, comap::all_stages());
    comap::fuzz::expect(again == shown, "config show prints a configuration that means something else");
  } catch (const comap::ConfigError& error) {
    comap::fuzz::expect(false, std::string("config show prints what does not parse: ") + error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> sets = split_at_zero(std::string(data, data + size));
  const std::string text = sets.front();
  sets.erase(sets.begin());
  try {
    const comap::Config config = comap::parse_config(text, std::string(kFile), sets, comap::all_stages());
    comap::config_warnings(config);
    check_round_trip(config);
  } catch (const comap::ConfigError& error) {
    comap::fuzz::expect(!std::string_view(error.what()).empty(), "an error without a text");
  }
  return 0;
}
