# Sourced by test_platforms.sh and test_aarch64.sh: roots of other releases of Debian, kept between runs in
# COMAP_PLATFORMS_DIR. Needs root and network. Called in the top folder of this tree.
directory=${COMAP_PLATFORMS_DIR:-/var/tmp/comap_platforms}
mirror=$(sed -n 's/^\(URIs:\|deb\) *\(https\?:[^ ]*debian\)\/\? *.*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  grep -v security | head -n 1 || true)

say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2; }

make_root() { # make_root SUITE ROOT [OPTIONS OF MMDEBSTRAP...]
  [[ -d $2 ]] && return
  command -v mmdebstrap >/dev/null || scripts/install_dependencies.sh mmdebstrap
  say "making $2"
  # A mirror that stands still has lists past their date.
  mmdebstrap --quiet --variant=apt --include=ca-certificates --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt=force-unsafe-io "${@:3}" "$1" "$2.new" "${mirror:-http://deb.debian.org/debian}"
  printf '#!/bin/sh\nexit 101\n' >"$2.new/usr/sbin/policy-rc.d"  # no servers are started
  chmod +x "$2.new/usr/sbin/policy-rc.d"
  mv "$2.new" "$2"
}

copy_tree() { # copy_tree ROOT
  mkdir -p "$1/comap"
  git ls-files -z --cached --others --exclude-standard |
    rsync -a --from0 --files-from=- --delete-missing-args --ignore-missing-args ./ "$1/comap/"
}
