#pragma once
/// \file
/// Numbers on the command line are decimal: the parser of the command line itself takes 010 for 8 and 0x10 for 16.
/// Given to an option with transform().

#include <CLI/CLI.hpp>
#include <cstdint>

namespace comap {

/// Counts and obsids: digits only, so that 0030001 as in names of files is 30001, and blanks, signs and separators are
/// refused.
CLI::Validator whole_number();

/// The same for lists of obsids, with what to write instead of a range.
CLI::Validator obsid_number();

/// The positional argument OBSID.
CLI::Option* add_obsid(CLI::App& app, std::int64_t& obsid);

/// 12, -0.5, 1e-3; no hexadecimal numbers, words, or blanks.
CLI::Validator decimal_number();

}  // namespace comap
