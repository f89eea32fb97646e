// catalogue verify: rows against files, over all ranks.
#include <fmt/core.h>

#include <array>
#include <iostream>
#include <map>
#include <memory>

#include "archive/verify.hpp"
#include "commands/catalogue_commands.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "mpi/stop_signal.hpp"
#include "probe.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

struct VerifyArguments {
  bool repair = false;
  bool write = false;
  bool files_only = false;
};

/// The action on a problem that is taken, or can be.
std::string remedy(const VerifyProblem& problem) {
  switch (problem.repair) {
    case Repair::clear_level2:
      return "--repair clears level2_path";
    case Repair::status_pending:
      return "--repair sets the status pending";
    case Repair::status_complete:
      return "--repair sets the status complete";
    case Repair::none:
      break;
  }
  if (problem.kind == "level2_outdated") return "run comap_mpi level2";
  if (problem.kind == "level1_missing") return "find the file: comap_mpi catalogue scan or remap";
  return "look at the file and its permissions, or get it again";
}

Tables verify_tables(const VerifyReport& report, std::int64_t n_repaired) {
  std::map<std::string, std::array<std::int64_t, 2>> kinds;
  std::int64_t n_repairable = 0;
  OutputTable problems = {"problems", {"obsid", "kind", "path", "reason", "remedy"}, {}};
  for (const VerifyProblem& one : report.problems) {
    const bool can_repair = one.repair != Repair::none;
    ++kinds[one.kind][0];
    kinds[one.kind][1] += can_repair ? 1 : 0;
    n_repairable += can_repair ? 1 : 0;
    problems.rows.push_back({one.obsid, one.kind, one.path, one.reason, remedy(one)});
  }
  OutputTable counts = {"verify", {"what", "count"}, {}};
  counts.rows = {{"observations", report.n_observations},
                 {"problems", static_cast<std::int64_t>(report.problems.size())},
                 {"that --repair can repair", n_repairable},
                 {"repaired", n_repaired}};
  OutputTable by_kind = {"kinds", {"kind", "count", "repairable"}, {}};
  for (const auto& [kind, count] : kinds) by_kind.rows.push_back({kind, count[0], count[1]});
  return {counts, by_kind, problems};
}

int run_verify(const CommandContext& context, const std::string& format, const VerifyArguments& own) {
  const mpi::StopSignals signals;
  const bool write = own.repair && own.write && !context.options.dry_run;
  const StageList stages = make_stages(context.config.level2);
  std::unique_ptr<Catalogue> catalogue;
  run_on_rank_zero(context.world, [&] {
    parse_output_format(format);
    catalogue =
        std::make_unique<Catalogue>(context.config.catalogue, write ? CatalogueUse::change : CatalogueUse::look);
  });
  const VerifyOptions options = {context.config.select, !own.files_only, make_probe(ProbeDepth::headers)};
  const VerifyReport report = verify(catalogue.get(), stages, options, context.world);
  std::int64_t n_left = 0;
  run_on_rank_zero(context.world, [&] {
    std::int64_t n_repaired = 0;
    if (write) {
      catalogue->change([&](sql::Connection& connection) { n_repaired = sql::repair(connection, report.problems); });
    }
    print_tables(std::cout, verify_tables(report, n_repaired), parse_output_format(format));
    std::cout.flush();
    if (own.repair && !write) log_info("nothing was changed; --write does it");
    n_left = std::ssize(report.problems) - n_repaired;
  });
  return context.world.sum(n_left) == 0 ? kDone : kSomeFailed;
}

}  // namespace

void add_catalogue_verify(const CatalogueGroup& group) {
  const auto own = std::make_shared<VerifyArguments>();
  CLI::App* app = add_catalogue_leaf(
      group, "verify", "Look into the files of the selected observations: are they there, whole, complete, up to date?",
      "comap.toml --repair",
      [own, format = group.format](const CommandContext& context) { return run_verify(context, *format, *own); });
  CLI::Option* repair = app->add_flag("--repair", own->repair, "Correct paths and statuses that are wrong");
  app->add_flag("--write", own->write, "With --repair: do it, in one transaction; without only show")->needs(repair);
  app->add_flag("--files-only", own->files_only, "Do not compare the stages of Level-2 files with the configuration");
}

}  // namespace comap
