#include "catalogue/postgres_url.hpp"

#include <fmt/core.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <memory>

#include "core/error.hpp"

namespace comap::sql {

namespace {

constexpr auto kConnectTimeout_s = "10";

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string in_quotes(const std::string& value) {
  std::string text = "'";
  for (const char letter : value) {
    if (letter == '\'' || letter == '\\') text += '\\';
    text += letter;
  }
  return text += "'";
}

}  // namespace

PostgresUrl::PostgresUrl(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(PQconninfoParse(url.c_str(), nullptr),
                                                                              &PQconninfoFree);
  for (const PQconninfoOption* one = parsed.get(); one != nullptr && one->keyword != nullptr; ++one) {
    if (one->val != nullptr) options_[one->keyword] = one->val;
  }
  const std::string place = option("host") + option("port") + option("dbname") + option("user");
  if (!parsed || place.find('@') != std::string::npos) {
    throw CatalogueError(
        "catalogue: [catalogue] url cannot be understood; expected postgresql://user@host:port/database with special "
        "characters of user and password written as %XX");
  }
}

std::string PostgresUrl::option(const std::string& key) const {
  const auto found = options_.find(key);
  return found == options_.end() ? "" : found->second;
}

std::string PostgresUrl::description() const {
  std::string text = fmt::format("postgresql://{}", option("host"));
  if (!option("port").empty()) text += fmt::format(":{}", option("port"));
  text += fmt::format("/{}", option("dbname"));
  if (!option("service").empty()) text += fmt::format("?service={}", option("service"));
  return text;
}

std::string PostgresUrl::connection_options() const {
  std::map<std::string, std::string> all = options_;
  all["client_encoding"] = "UTF8";
  all.try_emplace("fallback_application_name", "comap_mpi");
  // A server that vanished without a word is noticed within minutes, not hours.
  all.try_emplace("keepalives_idle", "60");
  all.try_emplace("keepalives_interval", "10");
  all.try_emplace("keepalives_count", "6");
  all.try_emplace("tcp_user_timeout", "120000");
  if (std::getenv("PGCONNECT_TIMEOUT") == nullptr) all.try_emplace("connect_timeout", kConnectTimeout_s);
  std::string text;
  for (const auto& [key, value] : all) text += fmt::format("{}={} ", key, in_quotes(value));
  return text;
}

std::string PostgresUrl::without_secrets(std::string message) const {
  for (const char* key : {"password", "sslpassword"}) {
    if (!option(key).empty()) replace_all(message, option(key), "***");
  }
  return message;
}

}  // namespace comap::sql
