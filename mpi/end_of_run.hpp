#pragma once
/// \file
/// Ends after errors: tells one that every rank met from one that only some met.

namespace comap::mpi {

/// Whether every rank of the program calls this within `timeout_s`. A rank that calls it has left its work for good;
/// when the others are still in theirs (perhaps waiting in a collective call for this rank) the answer is false, and
/// the caller must abort. Collective in the good case; sleeps while it waits.
bool all_ranks_arrive(double timeout_s);

/// Ends all ranks at once, after writing out the log of this one. For errors after which ranks cannot agree.
[[noreturn]] void end_all_ranks(int exit_code);

}  // namespace comap::mpi
