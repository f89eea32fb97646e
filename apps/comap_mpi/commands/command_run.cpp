#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "command.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "program.hpp"

namespace comap {
namespace {

/// One entry of [run] pipeline with a command line of its own, so that options of one do not stay for the next.
struct Step {
  std::string entry;
  std::unique_ptr<Program> program;
};

void append_directories(std::vector<std::string>& words, const std::string& option,
                        const std::vector<std::string>& directories) {
  if (directories.empty() || std::find(words.begin(), words.end(), option) != words.end()) return;
  words.push_back(option);
  words.insert(words.end(), directories.begin(), directories.end());
}

std::vector<std::string> words_of(const std::string& entry, const RunConfig& config) {
  std::vector<std::string> words = CLI::detail::split_up(entry);
  if (words.size() >= 2 && words[0] == "catalogue" && words[1] == "scan") {
    append_directories(words, "--level1", config.level1_dirs);
    append_directories(words, "--level2", config.level2_dirs);
  }
  return words;
}

bool has_global_values(const GlobalOptions& options) {
  return !options.config_file.empty() || !options.sets.empty() || !options.obsids.empty() ||
         !options.log_level.empty() || options.log_json || options.quiet || options.dry_run;
}

Step make_step(const std::string& entry, const RunConfig& config) {
  Step step{entry, make_program()};
  std::vector<std::string> words = words_of(entry, config);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    step.program->app.parse(words);
  } catch (const CLI::Error& error) {
    throw ConfigError(fmt::format("[run] pipeline entry \"{}\": {}", entry, error.what()));
  }
  if (has_global_values(step.program->options)) {
    throw ConfigError(
        fmt::format("[run] pipeline entry \"{}\": give CONFIG.toml and global options to run itself", entry));
  }
  return step;
}

int run_pipeline(const CommandContext& context) {
  std::vector<Step> steps;
  for (const std::string& entry : context.config.run.pipeline) steps.push_back(make_step(entry, context.config.run));

  const bool is_root = context.world.rank() == 0;
  int code = kDone;
  for (Step& step : steps) {
    if (is_root) log_info("run: {}", step.entry);
    step.program->options = context.options;
    const int step_code = parsed_command(*step.program).run(context);
    if (step_code != kDone && step_code != kSomeFailed) {
      if (is_root) log_error("run: \"{}\" ended with exit code {}; what follows is not started", step.entry, step_code);
      return step_code;
    }
    code = std::max(code, step_code);
  }
  return code;
}

}  // namespace

void add_run_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  add_leaf_command(program, commands, "run", "Run the commands of [run] pipeline in order",
                   "srun comap_mpi run comap.toml", run_pipeline, options);
}

}  // namespace comap
