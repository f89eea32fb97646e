#!/usr/bin/env bash
# in_root.sh ROOT COMMAND...: runs a command in the root of another system, with process numbers, /tmp and /run of its own.
# COMAP_ROOT_NETWORK=own (a network of its own) or shared; COMAP_ROOT_SHARE=DIR is seen there as /share. Needs root.
set -euo pipefail
root=$1
shift
network=(--net)
[[ ${COMAP_ROOT_NETWORK:-own} == own ]] || network=()
export COMAP_ROOT_SHARE=${COMAP_ROOT_SHARE:-}
# shellcheck disable=SC2016
exec unshare --mount --uts --ipc --pid --fork "${network[@]}" bash -ec '
  root=$1; shift
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"; mount --rbind /sys "$root/sys"; mount --rbind /dev "$root/dev"
  # Open MPI names what ranks share there by process numbers, which another system in a namespace has as well.
  mount -t tmpfs none "$root/dev/shm"
  mount -t tmpfs none "$root/tmp"; mount -t tmpfs none "$root/run"; mkdir -p "$root/run/lock"
  if [[ $COMAP_ROOT_SHARE ]]; then mkdir -p "$root/share"; mount --bind "$COMAP_ROOT_SHARE" "$root/share"; fi
  [[ ${COMAP_ROOT_NETWORK:-own} != own ]] || ip link set lo up
  printf "127.0.0.1 localhost %s\n" "$(hostname)" >"$root/etc/hosts"
  exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' - "$root" "$@"
