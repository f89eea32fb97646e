#pragma once
/// \file
/// The configuration that a command runs with, the same on every rank.

#include <functional>
#include <string>

#include "command.hpp"

namespace comap {

struct EffectiveConfig {
  Config config;
  std::string text;  ///< as `config show` prints it
};

/// Runs `work`, in which no rank talks to another, on every rank. Collective.
/// Throws ConfigError on every rank if it threw on any, with the text of the lowest such rank.
void agree_on_config(const Communicator& world, const std::function<void()>& work);

/// Rank 0 finds and reads the file (CONFIG.toml, $COMAP_CONFIG, ./comap.toml); every rank parses the same bytes, with
/// --set laid over them and the other global options over the result. Collective.
/// Throws ConfigError on every rank. Without any file the result is all defaults, if `needs_config` is false.
EffectiveConfig load_config(const GlobalOptions& options, bool needs_config, const Communicator& world);

}  // namespace comap
