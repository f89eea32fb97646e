#!/usr/bin/env bash
# mpirun.sh RANKS COMMAND...: mpirun as tests, demo and benchmarks use it, in the one spelling that Open MPI 4, 5, 6 and
# MPICH share. Sets what this machine needs and nothing else: root is allowed where we are root, more ranks than cores only
# where there are more, and then without spinning.
set -euo pipefail
ranks=$1; shift
if [[ $(id -u) == 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
if (( ranks > $(nproc) )); then
  export OMPI_MCA_mpi_yield_when_idle=1
fi
# Ranks are left to the scheduler: two jobs on one machine would otherwise be bound to the same first cores. Slots are not
# counted: to mpirun they are cores, to nproc hyperthreads.
exec mpirun --bind-to none --map-by :OVERSUBSCRIBE -n "$ranks" "$@"
