#pragma once
/// \file
/// One destriping problem for all maps of a split: labels are disjoint, so a sample of label i in pixel p goes to
/// pixel i x n_pixels + p of a map that holds the maps of all labels one after the other.

#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/problem.hpp"

namespace comap {

/// The map of one label in one stream.
struct LabelMap {
  SolverReport report;  ///< of the problem that it was solved in
  MapPiece map;         ///< what this rank owns
};

/// Whether the arrays of the data are needed after a solve.
enum class AfterSolve { keep, release };

/// Maps of all labels [stream][label]; `labels` [segment], negative = in no map. As many labels at a time as stay below
/// 2^31 pixels. The iterations begin at `start` [stream], a solution for the same segments, or at 0 when it is empty.
/// The data is as before afterwards, or empty. Collective.
std::vector<std::vector<LabelMap>> solve_labels(DestriperData& data, std::span<const int> labels, int n_labels,
                                                const DestriperSettings& settings, const Communicator& ranks,
                                                AfterSolve after, std::span<const DestriperResult> start = {});

}  // namespace comap
