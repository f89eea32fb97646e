#!/usr/bin/env bash
# install_dependencies.sh [PACKAGES...]: installs what building, testing and running need, all from Debian 12, and the
# packages given. Does nothing when everything is there.
# Works as root and as a user with sudo.
set -euo pipefail
packages=(
  g++ cmake ninja-build pkg-config git procps ccache clang-format clang-tidy
  libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libhdf5-dev libdeflate-dev
  libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libfmt-dev
  libeigen3-dev libceres-dev libfftw3-dev libcfitsio-dev wcslib-dev liberfa-dev libhealpix-cxx-dev
  libpqxx-dev libpq-dev libsqlite3-dev libgtest-dev libbenchmark-dev
  gnuplot-nox rsync openssh-client
  fitsverify sqlite3 postgresql-15 postgresql-client-15 openssh-server
  slurm-wlm slurmctld slurmd munge iproute2
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
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
