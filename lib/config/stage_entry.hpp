#pragma once
/// \file
/// An entry of the list of stages: a stage before it is made. The list is lib/stages/stage_list.cpp.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace comap {

class Binder;
class Stage;
struct Level2Config;

struct StageEntry {
  std::string_view name;    ///< in `pipeline = [...]`
  std::string_view table;   ///< of its settings, below [level2]; stages may share one; empty = it has none
  bool by_default = false;  ///< in the pipeline that runs when none is given
  void (*bind)(Binder&, Level2Config&) = nullptr;  ///< keys of the table
  std::unique_ptr<Stage> (*make)(const Level2Config&) = nullptr;
  /// "table.key" of other tables: what the result depends on and no stage that it builds on has in its record.
  std::vector<std::string_view> further_keys = {};
};

/// All stages that there are, in the order of the default pipeline, optional ones where they belong.
using StageEntries = std::span<const StageEntry>;

/// The key that every table of a stage has: `overwrite`.
void bind_overwrite(Binder& binder, bool& overwrite);

}  // namespace comap
