#!/usr/bin/env bash
# install_dependencies.sh [--mpi openmpi|mpich] [PACKAGES...]: installs what building, testing and running need, all from
# this Debian (12, 13 or testing), and the packages given. Does nothing when everything is there.
# Works as root and as a user with sudo.
set -euo pipefail
mpi=openmpi
if [[ ${1:-} == --mpi ]]; then
  mpi=$2
  shift 2
fi
case $mpi in
  openmpi) mpi_packages=(libopenmpi-dev openmpi-bin libhdf5-openmpi-dev) ;;
  mpich) mpi_packages=(libmpich-dev mpich libhdf5-mpich-dev) ;;
  *) echo "install_dependencies.sh: --mpi is openmpi or mpich, not '$mpi'" >&2; exit 2 ;;
esac
command -v apt-get >/dev/null || { echo "install_dependencies.sh: not a Debian; docs/install.md says what is needed" >&2; exit 1; }
packages=(
  g++ cmake ninja-build pkg-config git procps ccache clang-format clang-tidy
  "${mpi_packages[@]}" libhdf5-dev libdeflate-dev
  libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libfmt-dev
  libeigen3-dev libceres-dev libfftw3-dev libcfitsio-dev wcslib-dev liberfa-dev libhealpix-cxx-dev
  libpqxx-dev libpq-dev libsqlite3-dev libgtest-dev
  gnuplot-nox rsync openssh-client
  fitsverify sqlite3 postgresql postgresql-client openssh-server
  slurm-wlm slurmctld slurmd munge iproute2 mount
  python3-numpy python3-scipy python3-h5py python3-astropy python3-healpy
  "$@"
)
missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true) == "install ok installed" ]] || missing+=("$package")
done
[[ ${#missing[@]} == 0 ]] && exit 0
echo "installing: ${missing[*]}"
as_root=()
[[ $(id -u) == 0 ]] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
