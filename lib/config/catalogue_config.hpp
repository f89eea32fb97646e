#pragma once
/// \file
/// [catalogue] and [select].

#include <cstdint>
#include <string>
#include <vector>

namespace comap {

/// [catalogue]
struct CatalogueConfig {
  std::string url = "sqlite:comap.db";
  int connect_retries = 8;
  double connect_retry_delay_s = 2.0;
  double claim_minutes = 15.0;
};

/// [select]: which observations
struct SelectConfig {
  std::vector<std::string> source;        ///< names; * and ? as wildcards; empty = all
  std::vector<std::string> source_group;  ///< empty = all
  std::int64_t min_obsid = 0;
  std::int64_t max_obsid = 0;  ///< 0 = no limit
  std::vector<std::int64_t> obsids;
  std::string obsid_file;  ///< one obsid per line
};

}  // namespace comap
