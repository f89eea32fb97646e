#include "config/table_json.hpp"

#include <fmt/core.h>

#include <memory>

#include "core/error.hpp"

namespace comap {
namespace {

class JsonPrinter final : public Binder {
 public:
  JsonPrinter(TableJson& json, bool has_effect) : json_(json), has_effect_(has_effect) {}

  Binder& without_effect() override {
    without_effect_ = std::make_unique<JsonPrinter>(json_, false);
    return *without_effect_;
  }
  void flag(std::string_view key, bool& value, std::string_view) override { put(key, value); }
  void number(std::string_view key, double& value, Limits, std::string_view) override { put(key, value); }
  void integer(std::string_view key, std::int64_t& value, Limits, std::string_view) override { put(key, value); }
  void text(std::string_view key, std::string& value, std::string_view) override { put(key, value); }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>&, std::string_view) override {
    put(key, value);
  }
  void choice_or_list(std::string_view key, std::vector<std::string>& value, const std::vector<std::string>&,
                      std::string_view) override {
    put(key, value);
  }
  void text_list(std::string_view key, std::vector<std::string>& value, std::string_view) override { put(key, value); }
  void integer_list(std::string_view key, std::vector<std::int64_t>& value, Limits, std::string_view) override {
    put(key, value);
  }
  void number_rows(std::string_view key, std::vector<std::vector<double>>& value, int, std::string_view) override {
    put(key, value);
  }
  void integer_or_word(std::string_view key, std::int64_t& value, std::string_view, std::int64_t, Limits,
                       std::string_view) override {
    put(key, value);
  }
  void integer_list_or_word(std::string_view key, std::vector<std::int64_t>& value, std::string_view,
                            const std::vector<std::int64_t>&, Limits, std::string_view) override {
    put(key, value);
  }
  void flag_or_word(std::string_view key, std::string& value, std::string_view, std::string_view) override {
    put(key, value);
  }
  void text_number_rows(std::string_view key, std::vector<std::pair<std::string, double>>& value,
                        std::string_view) override {
    put(key, value);
  }
  void credential_url(std::string_view key, std::string&, std::string_view) override { refuse(key); }
  void command(std::string_view key, std::string&, std::string_view) override { refuse(key); }
  void section(std::string_view key, const BindTable&, std::string_view) override { refuse(key); }
  void table(std::string_view key, const BindTable&, std::string_view) override { refuse(key); }
  void text_or_table(std::string_view key, std::string&, std::string_view, const BindTable&,
                     std::string_view) override {
    refuse(key);
  }
  std::vector<std::string> present_keys() const override { return {}; }
  void reject(std::string_view, std::string_view) override {}

 private:
  [[noreturn]] static void refuse(std::string_view key) {
    throw Bug(fmt::format("{} is a key that no record can hold", key));
  }
  template <typename T>
  void put(std::string_view key, const T& value) {
    json_.all[std::string(key)] = value;
    if (has_effect_) json_.effective[std::string(key)] = value;
  }

  TableJson& json_;
  bool has_effect_;
  std::unique_ptr<JsonPrinter> without_effect_;
};

}  // namespace

TableJson table_json(const Binder::BindTable& bind) {
  TableJson json;
  JsonPrinter printer(json, true);
  bind(printer);
  return json;
}

}  // namespace comap
