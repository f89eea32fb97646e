#pragma once
/// \file
/// Shared by the commands `comap_mpi catalogue ...`: each asks or changes the catalogue on rank 0 and answers in
/// tables.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "catalogue/sql_connection.hpp"
#include "command.hpp"
#include "table_output.hpp"

namespace comap {

using Tables = std::vector<OutputTable>;

/// Where a command is added, and the `--format` that is given to one of them.
struct CatalogueGroup {
  CLI::App& parent;
  Commands& commands;
  GlobalOptions& options;
  std::string name;  ///< words before that of the command, for examples
  std::shared_ptr<std::string> format;
};

struct CatalogueView {
  const CommandContext& context;
  OutputFormat format;
};
using CatalogueQuestion = std::function<Tables(Catalogue&, const CatalogueView&)>;
/// Writes only if `write`; the tables are counts, then the rows concerned, all of them.
using CatalogueChange = std::function<Tables(Catalogue&, const CatalogueView&, bool write)>;

/// A question that one function of lib/catalogue answers; its columns and rows as a table.
using CatalogueQuery = std::function<sql::Result(sql::Connection&)>;
OutputTable ask(Catalogue& catalogue, const std::string& name, const CatalogueQuery& query);

/// A command with --format that runs on all ranks. `arguments` make the example of its help.
CLI::App* add_catalogue_leaf(const CatalogueGroup& group, const std::string& name, const std::string& description,
                             const std::string& arguments, CommandFunction run);
/// A command that answers at once, by itself without log file. Rank 0 opens the catalogue and asks; every rank gets
/// its error.
CLI::App* add_catalogue_report(const CatalogueGroup& group, const std::string& name, const std::string& description,
                               const std::string& arguments, CatalogueQuestion question,
                               CatalogueUse use = CatalogueUse::look);
/// A command that may change many rows: without --write, or with --dry-run, it only shows what it would do. For the eye
/// each table is cut after its first rows.
CLI::App* add_catalogue_change(const CatalogueGroup& group, const std::string& name, const std::string& description,
                               const std::string& arguments, CatalogueChange change);

// One function for each catalogue_<group>.cpp.
void add_catalogue_show(const CatalogueGroup& group);
void add_catalogue_reports(const CatalogueGroup& group);
void add_catalogue_target(const CatalogueGroup& group);
void add_catalogue_statistics(const CatalogueGroup& group);
void add_catalogue_flags(const CatalogueGroup& group);
void add_catalogue_maintenance(const CatalogueGroup& group);
void add_catalogue_verify(const CatalogueGroup& group);

}  // namespace comap
