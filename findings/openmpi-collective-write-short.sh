#!/usr/bin/env bash
# Open MPI 5.0.7 (Debian 13) with its own file access (io=ompio, the default): where the system refuses a part of what is
# written, the collective MPI_File_write_at_all returns MPI_SUCCESS, and MPI_Get_count gives all bytes, although half of
# them are not in the file. Seen with fcoll=vulcan and dynamic_gen2, one of which is chosen by default; fcoll=individual and
# the independent MPI_File_write_at return MPI_ERR_OTHER and a count of 0. The same in 6.0.0rc2 and 4.1.4. So a full disk,
# here a limit of the file size (EFBIG), cannot be told from a success by any program that writes collectively.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
mmdebstrap --quiet --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' --include=gcc,libc6-dev,libopenmpi-dev,openmpi-bin \
  trixie "$root"
chroot "$root" dpkg-query -W -f '${Version}\n' libopenmpi-dev | grep -q '^5\.0\.7-' || { echo "another version"; exit 1; }
cat >"$root/root/short.c" <<'CODE'
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(int argc, char** argv) {
  const int bytes = 2 << 20;
  int error, length, count;
  char* zeros = calloc(bytes, 1);
  char text[MPI_MAX_ERROR_STRING];
  MPI_File file;
  MPI_Status status;
  MPI_Offset size;
  signal(SIGXFSZ, SIG_IGN);
  MPI_Init(&argc, &argv);
  MPI_File_open(MPI_COMM_WORLD, "/root/short.dat", MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &file);
  struct rlimit limit = {bytes / 2, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
  error = argc > 1 ? MPI_File_write_at(file, 0, zeros, bytes, MPI_BYTE, &status)
                   : MPI_File_write_at_all(file, 0, zeros, bytes, MPI_BYTE, &status);
  MPI_Error_string(error, text, &length);
  MPI_Get_count(&status, MPI_BYTE, &count);
  MPI_File_get_size(file, &size);
  printf("%s, %d of %d bytes, file of %lld\n", text, count, bytes, (long long)size);
  MPI_File_close(&file);
  MPI_Finalize();
  return 0;
}
CODE
in_root() {
  chroot "$root" env HOME=/root OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_io=ompio "$@" 2>/dev/null
}
in_root mpicc -o /root/short /root/short.c
unchanged=true
expect() { # expect TEXT COMMAND...
  local seen
  seen=$(in_root "${@:2}" | tail -n 1)
  echo "${*:2}: $seen"
  [[ $seen == "$1"* ]] || unchanged=false
}
expect "MPI_SUCCESS: no errors, 2097152 of 2097152 bytes, file of 1048576" env OMPI_MCA_fcoll=vulcan /root/short
expect "MPI_SUCCESS: no errors, 2097152 of 2097152 bytes, file of 1048576" env OMPI_MCA_fcoll=dynamic_gen2 /root/short
expect "MPI_ERR_OTHER: known error not in list, 0 of 2097152 bytes" env OMPI_MCA_fcoll=individual /root/short
expect "MPI_ERR_OTHER: known error not in list, 0 of 2097152 bytes" /root/short independent
$unchanged || { echo "the behaviour has changed"; exit 1; }
