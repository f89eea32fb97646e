#pragma once
/// \file
/// The configuration from TOML text, checked as a whole, and back to text. Names, ranges and meanings of the keys are
/// in config/bind_config.hpp.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/stage_entry.hpp"

namespace comap {

/// Reads a configuration: defaults, then the TOML text, then `sets` ("section.key=value"; a value that is none of
/// TOML's is a text). `file_name` is for messages. Files named by keys must exist. `stages` are all
/// that there are (stages/stage_list.hpp): level2.pipeline may hold their names, and [level2] has their tables.
/// Throws ConfigError with all errors, one line each: file and line, key, what was expected, and for unknown keys the
/// closest known name.
Config parse_config(std::string_view toml_text, const std::string& file_name, const std::vector<std::string>& sets,
                    StageEntries stages);

/// All keys with their values, meanings and units as TOML that parses to the same configuration, except that
/// passwords in catalogue.url and in commands of [acquire] are masked. `sections`: only these tables; empty = all.
std::string show_config(const Config& config, StageEntries stages, std::span<const std::string_view> sections = {});

/// Files that carry the configuration they were made with.
enum class Product { level2, map, cube, transfer };

/// The configuration as a product records it: the sections that it depends on. The others, and with them hosts,
/// commands and where the catalogue is, are nobody's business who gets the file.
std::string config_of_product(const Config& config, Product product, StageEntries stages);

}  // namespace comap
