#pragma once
/// \file
/// Tells an error that every rank met from one that only some met.

namespace comap::mpi {

/// Whether every rank of the program calls this within `timeout_s`. A rank that calls it has left its work for good;
/// when the others are still in theirs (perhaps waiting in a collective call for this rank) the answer is false, and
/// the caller must abort. Collective in the good case; sleeps while it waits.
bool all_ranks_arrive(double timeout_s);

}  // namespace comap::mpi
