#pragma once
/// \file
/// The observatory's list of its files. Everything in it comes from another machine and is trusted in nothing.

#include <cstdint>
#include <string>
#include <vector>

namespace comap {

/// One line of the list.
struct ListedFile {
  std::int64_t obsid = 0;
  std::string path;  ///< on the remote machine
  std::string target;
  std::string comment;
  int line = 0;  ///< counts from 1
};

struct BadLine {
  int line = 0;
  std::string reason;
};

struct ObservatoryList {
  std::vector<ListedFile> files;  ///< in the order of the list
  std::vector<BadLine> bad_lines;
};

/// Reads lines `obsid path target comment`, separated by blanks, or by tabs when the line has one: fields may then
/// hold blanks. The comment goes to the end of the line and may be missing. Empty lines and those that start with `#`
/// are passed over. Lines with another form, or with a path that path_problem() refuses, are bad lines.
ObservatoryList parse_observatory_list(const std::string& text);

/// Why this path must not be asked for, empty when it may. Its last component becomes a file name of ours: it must be
/// that of a Level-1 file of this obsid (`comap-NNNNNNN-....hd5`). Refused are `..`, what rsync would take for an
/// option, a wildcard or another host, and characters that are not printable ASCII.
std::string path_problem(const std::string& path, std::int64_t obsid);

/// Last component of a path of the list.
std::string file_name_of(const ListedFile& file);

/// Words of a command line, to be started without a shell: blanks separate; '...' and "..." hold blanks together; a
/// backslash outside of '...' takes the next character as it is. Nothing else is special: no variables, no `*`, no
/// `|`. Throws ConfigError for a quote that is not closed.
std::vector<std::string> split_command(const std::string& text);

}  // namespace comap
