#include <algorithm>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "core/rank_zero.hpp"
#include "data/level2_datasets.hpp"
#include "probe.hpp"
#include "table_output.hpp"

namespace comap {
namespace {

struct CheckOptions {
  std::vector<std::string> files;
  std::string format = "table";
  bool deep = false;
};

std::vector<OutputTable> tables_of(const std::vector<CheckedLevelFile>& checked) {
  OutputTable files = {"files", {"file", "kind", "problems"}, {}};
  OutputTable problems = {"problems", {"file", "dataset", "what", "what_to_do"}, {}};
  for (const CheckedLevelFile& file : checked) {
    files.rows.push_back(
        {file.path, std::string(file_kind_name(file.kind)), static_cast<std::int64_t>(file.findings.size())});
    for (const Finding& finding : file.findings) {
      problems.rows.push_back({file.path, finding.dataset, finding.what, finding.remedy});
    }
  }
  return {files, problems};
}

int run_check(const CommandContext& context, const CheckOptions& own) {
  std::int64_t n_bad = 0;
  run_on_rank_zero(context.world, [&] {
    const OutputFormat format = parse_output_format(own.format);
    const std::vector<CheckedLevelFile> checked =
        check_files(own.files, context.config, own.deep ? TodDepth::all : TodDepth::samples);
    n_bad = std::ranges::count_if(checked, [](const CheckedLevelFile& file) { return !file.findings.empty(); });
    print_tables(std::cout, tables_of(checked), format);
    std::cout.flush();
  });
  return context.world.sum(n_bad) == 0 ? kDone : kError;
}

}  // namespace

void add_check_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<CheckOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "check", "Lists what is wrong with Level-1 and Level-2 files; exit code 1 if anything is",
      "comap_mpi check level1/*.hd5 --format json",
      [own](const CommandContext& context) { return run_check(context, *own); }, options);
  commands.back().needs_config = false;
  commands.back().writes_log = false;
  commands.back().needs_mpi = false;
  app->add_option("FILE", own->files, "Level-1 or Level-2 files")->required()->type_name("");
  app->add_option("--format", own->format, kOutputFormats)->capture_default_str();
  // As --version it prints a text and ends, whatever else is given or missing.
  app->set_version_flag("--datasets", level2::datasets_page, "Print the table of Level-2 datasets (docs/files.md)");
  app->add_flag("--deep", own->deep, "Read all TOD of Level-1 files, not samples of it");
}

}  // namespace comap
