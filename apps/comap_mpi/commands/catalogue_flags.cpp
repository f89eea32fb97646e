#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>

#include "catalogue/quality_flags.hpp"
#include "commands/catalogue_commands.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "whole_number.hpp"

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
  app->alias("show");
  add_obsid(*app, options->obsid);
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
  OutputTable table = {"flags", {"pixel", "frequency_band", "was_good", "is_good", "comment", "was_from"}, {}};
  const auto contains = [](const std::vector<int>& numbers, const SqlValue& value) {
    return std::find(numbers.begin(), numbers.end(), sql::integer_of(value)) != numbers.end();
  };
  for (const auto& row : before.rows) {
    if (!contains(setting.feeds, row[0]) || !contains(setting.frequency_bands, row[1])) continue;
    const SqlValue comment = !setting.comment ? row[3] : setting.comment->empty() ? SqlValue{} : *setting.comment;
    table.rows.push_back({row[0], row[1], row[2], setting.is_good, comment, row[4]});
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
  CLI::App* app = add_catalogue_report(
      group, "set", "Flag elements of one observation; --dry-run shows which",
      "7206 --feeds 3 5 --bands bandA --bad --comment 'standing waves'",
      [options](Catalogue& one, const CatalogueView& view) {
        return set_flags(one, *options, view.context.options.dry_run);
      },
      CatalogueUse::change);
  group.commands.back().writes_log = true;
  add_obsid(*app, options->obsid);
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

struct ImportOptions {
  std::string file;
  std::string name;
  bool adopt = false;
};

void log_lifted(const sql::FlagImport& found, const std::string& source) {
  for (const auto& row : found.lifted.rows) {
    log_info("observation {}, feed {}, frequency_band {}: is good again, {} no longer names it (its comment was '{}')",
             sql::text_of(row[0]), sql::text_of(row[1]), sql::text_of(row[2]), source, sql::text_of(row[3]));
  }
}

Tables import_flags(Catalogue& catalogue, const ImportOptions& options, bool write) {
  const std::string& file = options.file;
  const std::vector<FlagRule> rules = read_observer_flags(file);
  const std::string source =
      sql::import_source(options.name.empty() ? std::filesystem::path(file).filename().string() : options.name);
  sql::FlagImport found;
  const auto import = [&](sql::Connection& connection) {
    if (write && options.adopt) sql::adopt_flags(connection, source);
    found = sql::import_flags(connection, rules, source, write);
  };
  write ? catalogue.change(import) : catalogue.read(import);
  const auto n_unmatched = std::count(found.n_observations.begin(), found.n_observations.end(), 0);
  if (n_unmatched > 0) log_warning("{}: {} lines name no observation of the catalogue", file, n_unmatched);
  if (write) log_lifted(found, source);
  if (options.adopt && !write)
    log_warning("what --adopt makes good is not shown: {} elements have no known source", found.n_of_no_source);
  OutputTable counts = {"import", {"what", "count"}, {}};
  counts.rows = {{"lines", std::ssize(rules)},
                 {"lines without observations", std::int64_t{n_unmatched}},
                 {"observations changed", std::ssize(found.changes.rows)},
                 {"elements that become bad", found.n_become_bad},
                 {"elements that become good", found.n_become_good},
                 {"elements good by hand, left", found.n_good_by_hand},
                 {"bad elements of no known source, left", found.n_of_no_source},
                 {"elements bad afterwards", found.n_bad}};
  return {counts,
          {"changes", found.changes.columns, found.changes.rows},
          {"lifted", found.lifted.columns, found.lifted.rows},
          rule_table(rules, found.n_observations)};
}

void add_import(const CatalogueGroup& group) {
  const auto own = std::make_shared<ImportOptions>();
  CLI::App* app = add_catalogue_change(
      group, "import", "Flags of the observers from a table: what it names becomes bad, what it no longer names good",
      "observer_flags.csv --write",
      [own](Catalogue& one, const CatalogueView&, bool write) { return import_flags(one, *own, write); });
  app->add_option("CSV", own->file, "Columns ObsID start, ObsID end, Pixels, Sidebands; Comment")
      ->required()
      ->type_name("");
  app->add_option("--name", own->name, "Name of the table in the source of its flags, instead of that of the file")
      ->type_name("NAME");
  app->add_flag("--adopt", own->adopt, "Bad elements of no known source (before version 0.3) are of this table");
}

}  // namespace

void add_catalogue_flags(const CatalogueGroup& group) {
  CLI::App* app = add_group(group.parent, "flags", "Flags by hand: what of an observation is not to be used");
  const CatalogueGroup flags{*app, group.commands, group.options, group.name + " flags", group.format};
  add_list(flags);
  add_set(flags);
  add_import(flags);
}

}  // namespace comap
