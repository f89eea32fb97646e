#pragma once
/// \file
/// Conditions of statements that mean the same on both databases.

#include <string>
#include <vector>

#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// A text column in an order that does not depend on the locale of the server: that of its bytes.
std::string in_byte_order(const std::string& column, Dialect dialect);

/// WHERE clause and its parameters, grown condition by condition.
struct Condition {
  explicit Condition(Dialect the_dialect) : dialect(the_dialect) {}

  /// Adds a parameter and returns its mark, `$1` and so on.
  std::string parameter(const SqlValue& value);
  void require(const std::string& condition);
  /// One of these names, in which * stands for any text and ? for one character, without regard to the case of ASCII
  /// letters. No names, no condition.
  void require_name(const std::string& column, const std::vector<std::string>& wildcards);
  /// One of the columns contains `part` as it is written, without regard to the case of ASCII letters.
  void require_part(const std::vector<std::string>& columns, const std::string& part);
  /// Rows of comap_data by source, source_group, min_obsid and max_obsid; not by the lists of obsids.
  void require_selection(const SelectConfig& selection);

  Dialect dialect;
  std::string text = "1 = 1";
  Values parameters;
};

}  // namespace comap::sql
