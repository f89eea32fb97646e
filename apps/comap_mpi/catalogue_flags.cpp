#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "catalogue/flag_changes.hpp"
#include "catalogue_commands.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

namespace comap {
namespace {

// ---- list

void add_list(const CatalogueGroup& group) {
  struct Options {
    std::int64_t obsid = 0;
    bool only_bad = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* app = add_catalogue_report(group, "list", "Flags of one observation, by feed and frequency band",
                                       "7206 --bad", [options](Catalogue& one, const CatalogueView&) -> Tables {
                                         return {ask(one, "flags", [&](sql::Connection& connection) {
                                           return sql::flags_of(connection, options->obsid, options->only_bad);
                                         })};
                                       });
  app->add_option("OBSID", options->obsid, "Number of the observation")->required();
  app->add_flag("--bad", options->only_bad, "Only what is flagged");
}

// ---- set

struct SetOptions {
  std::int64_t obsid = 0;
  std::vector<std::string> feeds, bands;
  bool is_good = false, is_bad = false;
  std::optional<std::string> comment;
};

sql::FlagSetting setting_of(const SetOptions& options) {
  if (options.is_good == options.is_bad) throw ConfigError("flags set: give either --good or --bad");
  const auto parsed = [](const char* option, const std::vector<std::string>& words, const auto& parse) {
    try {
      return parse(sql::joined(words));
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("flags set {}: {}", option, error.what()));
    }
  };
  return {parsed("--feeds", options.feeds, parse_feeds), parsed("--bands", options.bands, parse_frequency_bands),
          options.is_good, options.comment};
}

/// The elements that are set, before and after.
OutputTable set_table(const sql::FlagSetting& setting, const OutputTable& before) {
  OutputTable table = {"flags", {"pixel", "frequency_band", "was_good", "is_good", "comment"}, {}};
  const auto contains = [](const std::vector<int>& numbers, const SqlValue& value) {
    return std::find(numbers.begin(), numbers.end(), sql::integer_of(value)) != numbers.end();
  };
  for (const auto& row : before.rows) {
    if (!contains(setting.feeds, row[0]) || !contains(setting.frequency_bands, row[1])) continue;
    const SqlValue comment = !setting.comment ? row[3] : setting.comment->empty() ? SqlValue{} : *setting.comment;
    table.rows.push_back({row[0], row[1], row[2], setting.is_good, comment});
  }
  return table;
}

Tables set_flags(Catalogue& catalogue, const SetOptions& options, bool dry_run) {
  const sql::FlagSetting setting = setting_of(options);
  const OutputTable before = ask(
      catalogue, "flags", [&](sql::Connection& connection) { return sql::flags_of(connection, options.obsid, false); });
  if (dry_run) {
    log_info("nothing was changed: --dry-run");
  } else {
    catalogue.change([&](sql::Connection& connection) { sql::set_flags(connection, options.obsid, setting); });
  }
  return {set_table(setting, before)};
}

void add_set(const CatalogueGroup& group) {
  const auto options = std::make_shared<SetOptions>();
  CLI::App* app = add_catalogue_report(group, "set", "Flag elements of one observation; --dry-run shows which",
                                       "7206 --feeds 3 5 --bands bandA --bad --comment 'standing waves'",
                                       [options](Catalogue& one, const CatalogueView& view) {
                                         return set_flags(one, *options, view.context.options.dry_run);
                                       });
  group.commands.back().writes_log = true;
  app->add_option("OBSID", options->obsid, "Number of the observation")->required();
  app->add_option("--feeds", options->feeds, "all, or feeds 1-19: 3 5 or 1-4")->required()->type_name("FEED...");
  app->add_option("--bands", options->bands, "all, bandA, bandB, or frequency bands 0-7")
      ->required()
      ->type_name("BAND...");
  app->add_flag("--good", options->is_good, "They are good");
  app->add_flag("--bad", options->is_bad, "They are bad");
  app->add_option("--comment", options->comment, "Replaces their comment; \"\" takes it away")->type_name("TEXT");
}

// ---- import

OutputTable rule_table(const std::vector<FlagRule>& rules, const std::vector<std::int64_t>& n_observations) {
  OutputTable table = {"rules", {"line", "first_obsid", "last_obsid", "feeds", "frequency_bands", "observations"}, {}};
  const auto list = [](const std::vector<int>& numbers, const std::vector<int>& all) {
    return numbers == all ? std::string("all") : fmt::format("{}", fmt::join(numbers, ","));
  };
  const std::vector<int> all_feeds = parse_feeds("all"), all_bands = parse_frequency_bands("all");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const FlagRule& rule = rules[i];
    const bool is_open = rule.last_obsid == std::numeric_limits<std::int64_t>::max();
    table.rows.push_back({std::int64_t{rule.line}, rule.first_obsid,
                          is_open ? SqlValue{"ongoing"} : SqlValue{rule.last_obsid}, list(rule.feeds, all_feeds),
                          list(rule.frequency_bands, all_bands), n_observations[i]});
  }
  return table;
}

Tables import_flags(Catalogue& catalogue, const std::string& file, bool write) {
  const std::vector<FlagRule> rules = read_observer_flags(file);
  sql::FlagImport found;
  const auto import = [&](sql::Connection& connection) { found = sql::import_flags(connection, rules, write); };
  write ? catalogue.change(import) : catalogue.read(import);
  const auto n_unmatched = std::count(found.n_observations.begin(), found.n_observations.end(), 0);
  if (n_unmatched > 0) log_warning("{}: {} lines name no observation of the catalogue", file, n_unmatched);
  OutputTable counts = {"import", {"what", "count"}, {}};
  counts.rows = {{"lines", std::ssize(rules)},
                 {"lines without observations", std::int64_t{n_unmatched}},
                 {"observations changed", std::ssize(found.changes.rows)},
                 {"elements that become bad", found.n_become_bad},
                 {"elements that become good", found.n_become_good},
                 {"elements bad afterwards", found.n_bad}};
  return {counts, {"changes", found.changes.columns, found.changes.rows}, rule_table(rules, found.n_observations)};
}

void add_import(const CatalogueGroup& group) {
  const auto file = std::make_shared<std::string>();
  CLI::App* app = add_catalogue_change(
      group, "import", "Flags of the observers from a table: what it names becomes bad, everything else good",
      "observer_flags.csv --write",
      [file](Catalogue& one, const CatalogueView&, bool write) { return import_flags(one, *file, write); });
  app->add_option("CSV", *file, "Columns ObsID start, ObsID end, Pixels, Sidebands")->required()->type_name("");
}

}  // namespace

void add_catalogue_flags(const CatalogueGroup& group) {
  CLI::App* app = group.parent.add_subcommand("flags", "Flags by hand: what of an observation is not to be used");
  app->require_subcommand(1);
  const CatalogueGroup flags{*app, group.commands, group.options, group.name + " flags", group.format};
  add_list(flags);
  add_set(flags);
  add_import(flags);
}

}  // namespace comap
