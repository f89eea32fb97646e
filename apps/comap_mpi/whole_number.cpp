#include "whole_number.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace comap {
namespace {

constexpr auto kDigits = "0123456789";

bool is_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of(kDigits) == std::string::npos;
}

/// Replaces digits by the same number without zeros in front; says what is wrong with anything else.
std::string make_decimal(std::string& text) {
  if (!is_digits(text)) return fmt::format("'{}' is no whole number from 0 on", text);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  return "";
}

std::string make_obsid(std::string& text) {
  const auto dash = text.find('-');
  if (dash != std::string::npos && is_digits(text.substr(0, dash)) && is_digits(text.substr(dash + 1))) {
    return fmt::format("'{}' is a range: write --set select.min_obsid={} --set select.max_obsid={}", text,
                       text.substr(0, dash), text.substr(dash + 1));
  }
  if (text.ends_with(".toml")) return fmt::format("'{}' is no obsid: name the configuration before --obsid", text);
  return make_decimal(text);
}

std::string check_decimal(const std::string& text) {
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool is_number = error == std::errc{} && stop == end && text.find_first_of(kDigits) != std::string::npos;
  return is_number ? "" : fmt::format("'{}' is no decimal number", text);
}

}  // namespace

CLI::Validator whole_number() { return {make_decimal, "", "whole number"}; }

CLI::Validator obsid_number() { return {make_obsid, "", "obsid"}; }

// As text, for a validator of a positional argument would only pass the word on to the next one.
CLI::Option* add_obsid(CLI::App& app, std::int64_t& obsid) {
  const auto take = [&obsid](std::string text) {
    const std::string reason = make_obsid(text);
    if (!reason.empty()) throw CLI::ValidationError("OBSID", reason);
    if (!CLI::detail::lexical_cast(text, obsid)) throw CLI::ValidationError("OBSID", text + " is too large");
  };
  return app.add_option_function<std::string>("OBSID", take, "Number of the observation")->required()->type_name("");
}

CLI::Validator decimal_number() {
  return {[](const std::string& text) { return check_decimal(text); }, "", "decimal number"};
}

}  // namespace comap
