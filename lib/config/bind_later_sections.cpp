#include "config/bind_config.hpp"

namespace comap {
namespace {

/// Stands in for the members of structs that come with the commands.
struct Unused {
  std::string text;
  std::int64_t integer = 0;
  double number = 0.0;
  std::vector<std::string> texts;
};

constexpr double kMaxCount = 1e9;

void bind_linemap(Binder& binder) {
  Unused unused;
  binder.text("name", unused.text, "");
  binder.text("output_dir", unused.text, "");
  binder.number("line_frequency_GHz", unused.number, {kAboveZero, 100}, "");
  binder.integer("segment_width", unused.integer, {1, kMaxCount}, "");
  binder.choice("gain_filter", unused.text, {"line"}, "");
  binder.integer("baseline_order", unused.integer, {0, 100}, "");
  std::vector<std::vector<double>> stack;
  binder.number_rows("stack", stack, 0, "");
}

void bind_acquire(Binder& binder) {
  Unused unused;
  for (const std::string_view key : {"list_command", "list_file", "remote", "directory", "group", "mode"}) {
    binder.text(key, unused.text, "");
  }
  binder.integer("min_obsid", unused.integer, {0, kMaxCount}, "");
  binder.integer("n_rsyncs", unused.integer, {1, 100}, "");
  binder.integer("bandwidth_limit_KBps", unused.integer, {0, kMaxCount}, "");
  binder.integer("retries", unused.integer, {0, 100}, "");
}

}  // namespace

void bind_later_sections(Binder& binder) {
  binder.section("linemap", bind_linemap, "");
  binder.section("acquire", bind_acquire, "");
}

}  // namespace comap
