#!/usr/bin/env bash
# A real SLURM cluster of several "hosts" on one machine, for tests: each node has a network with its own address, process
# numbers, a /tmp and a slurmd of its own; slurmctld runs outside. Ranks on different nodes talk over TCP. Needs root.
# Nothing of the machine is changed but a bridge and namespaces, which `down` removes.
#
#   mini_slurm.sh up DIRECTORY [NODES=2] [CPUS=2]   start; jobs then need SLURM_CONF=DIRECTORY/slurm.conf
#   mini_slurm.sh cut|join DIRECTORY NODE           unplug, plug in the node's network cable (n1, n2, ...)
#   mini_slurm.sh kill|start DIRECTORY NODE         end everything that runs on the node; start its slurmd again
#   mini_slurm.sh down DIRECTORY                    stop and remove everything
#
# DIRECTORY must have a short path (a socket is made there) outside of /tmp. COMAP_KEEP names a directory that the nodes
# must see although it is below /tmp; COMAP_NODE_TIMEOUT is how long a node may be silent before it is lost (30 s).
set -euo pipefail
verb=${1:-help} root=${2:-}
name=comapslurm
net=10.79.0
bridge=${name}0
first_port=17900
export SLURM_CONF=$root/slurm.conf

say() { printf 'mini_slurm: %s\n' "$*" >&2; }
pid_of() { cat "$root/$1.pid" 2>/dev/null || true; }
node_numbers() { sed -n 's/^NodeName=n\([0-9]*\) .*/\1/p' "$root/slurm.conf"; }
on_node() { # on_node NUMBER COMMAND...: in the node's network
  local n=$1; shift
  nsenter --net="/run/netns/$name-n$n" "$@"
}
n_idle() { sinfo -h -N -t idle -o %N 2>/dev/null | sort -u | wc -l; }

write_configuration() { # write_configuration NODES CPUS
  cat <<CONF
ClusterName=$name
SlurmctldHost=$(hostname)($net.1)
SlurmctldPort=$first_port
AuthType=auth/munge
AuthInfo=socket=$root/munge.socket,cred_expire=5
SlurmUser=root
StateSaveLocation=$root/state
SlurmctldPidFile=$root/slurmctld.pid
SlurmctldLogFile=$root/slurmctld.log
SlurmdSpoolDir=$root/spool.%n
SlurmdPidFile=$root/%n.pid
SlurmdLogFile=$root/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=5
SlurmdTimeout=${COMAP_NODE_TIMEOUT:-30}
MinJobAge=3600
MessageTimeout=5
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=2,sched_interval=2,requeue_delay=1
CONF
  local n
  for ((n = 1; n <= $1; n++)); do
    echo "NodeName=n$n NodeHostname=n$n NodeAddr=$net.$((10 + n)) Port=$((first_port + n)) CPUs=$2 RealMemory=2000 State=UNKNOWN"
  done
  echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP"
}

start_munge() {
  mkdir -p "$root/munge"
  chmod 700 "$root/munge"
  dd if=/dev/urandom of="$root/munge/key" bs=128 count=1 status=none
  chmod 600 "$root/munge/key"
  munged --force --key-file="$root/munge/key" --socket="$root/munge.socket" --pid-file="$root/munged.pid" \
    --log-file="$root/munge/log" --seed-file="$root/munge/seed" 2>/dev/null
}

# What a killed test left: a second bridge of that name could not be made. Such directories end in the test's process number.
remove_dead_cluster() {
  local other of
  other=$(cat "/sys/class/net/$bridge/ifalias" 2>/dev/null) || return 0
  [[ $other =~ _([0-9]+)$ ]] && of=${BASH_REMATCH[1]} || of=$(cat "$other/slurmctld.pid" 2>/dev/null || true)
  if [[ $of && -e /proc/$of ]]; then
    say "a cluster runs in $other: end it with $0 down $other"
    exit 1
  fi
  say "removing what is left of the cluster in ${other:-a directory that is not known}"
  "$0" down "$other"
  for other in /run/netns/"$name"-n*; do ip netns del "${other##*/}" 2>/dev/null || true; done
  ip link del "$bridge" 2>/dev/null || true
}

add_network() { # add_network NODES
  local n
  ip link add "$bridge" type bridge
  ip link set "$bridge" alias "$root"
  ip addr add "$net.1/24" dev "$bridge"
  ip link set "$bridge" up
  printf '127.0.0.1 localhost\n%s.1 %s\n' "$net" "$(hostname)" >"$root/hosts"
  for ((n = 1; n <= $1; n++)); do
    ip netns add "$name-n$n"
    ip link add "csv$n" type veth peer name "cse$n"
    ip link set "csv$n" master "$bridge" up
    ip link set "cse$n" netns "$name-n$n"
    on_node "$n" ip addr add "$net.$((10 + n))/24" dev "cse$n"
    on_node "$n" ip link set "cse$n" up
    on_node "$n" ip link set lo up
    echo "$net.$((10 + n)) n$n" >>"$root/hosts"
  done
}

# An own /tmp, because PMIx keeps its meeting places there and two nodes must not share them; its own System V memory and list
# of network devices, by which UCX, which MPICH rests on, finds how to reach a rank. The shell that starts slurmd is the
# node's first process: it takes in orphans.
start_node() {
  local keep=${COMAP_KEEP:-}
  [[ $keep == /tmp/* ]] || keep=""
  on_node "${1#n}" env KEEP="$keep" ROOT="$root" setsid unshare --mount --uts --ipc --pid --fork --mount-proc \
    bash -ec '
    if [[ $KEEP ]]; then mkdir -p "$ROOT/keep.'"$1"'"; mount --bind "$KEEP" "$ROOT/keep.'"$1"'"; fi
    mount -t tmpfs none /tmp
    mkdir -p "$ROOT/sys.'"$1"'"; mount -t sysfs none "$ROOT/sys.'"$1"'"
    for place in class/net devices/virtual/net; do mount --bind "$ROOT/sys.'"$1"'/$place" "/sys/$place"; done
    if [[ $KEEP ]]; then mkdir -p "$KEEP"; mount --bind "$ROOT/keep.'"$1"'" "$KEEP"; fi
    mount --bind "$ROOT/hosts" /etc/hosts
    hostname '"$1"'
    slurmd -D -N '"$1"' & wait $!' </dev/null &>/dev/null &
}

up() { # up NODES CPUS
  [[ -e $root/slurm.conf ]] && { say "$root is in use"; exit 1; }
  remove_dead_cluster
  mkdir -p "$root/state"
  trap 'down' ERR
  start_munge
  write_configuration "$1" "$2" >"$root/slurm.conf"
  # Not every SLURM is built with pmix.
  if srun --mpi=list 2>&1 | grep -qw pmix; then sed -i 's/^MpiDefault=.*/MpiDefault=pmix/' "$root/slurm.conf"; fi
  # Newer slurmd want the cgroups of systemd, where older ones know no such word.
  [[ $(slurmd -V) =~ \ 2[0-3]\. ]] || echo "CgroupPlugin=disabled" >"$root/cgroup.conf"
  add_network "$1"
  slurmctld
  for ((n = 1; n <= $1; n++)); do start_node "n$n"; done
  for _ in $(seq 80); do
    [[ $(n_idle) -eq $1 ]] && return
    sleep 0.5
  done
  tail -n 5 "$root"/*.log >&2
  say "not all nodes came up"
  down
  exit 1
}

kill_node() { # every process whose network namespace is the node's
  local pid
  for pid in $(ip netns pids "$name-$1" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
}

down() {
  trap - ERR
  [[ -e $root/slurm.conf ]] || return 0
  local n pid what
  for n in $(node_numbers); do kill_node "n$n"; done
  for what in slurmctld munged; do
    pid=$(pid_of "$what"); [[ -z $pid ]] || kill "$pid" 2>/dev/null || true
  done
  sleep 1
  for n in $(node_numbers); do ip netns del "$name-n$n" 2>/dev/null || true; done
  ip link del "$bridge" 2>/dev/null || true
  rm -rf "$root"
}

case $verb in
  up) up "${3:-2}" "${4:-2}" ;;
  cut) ip link set "csv${3#n}" down ;;
  join) ip link set "csv${3#n}" up ;;
  kill) kill_node "$3" ;;
  start) start_node "$3" ;;
  down) down ;;
  *) sed -n '2,13p' "$0"; exit 2 ;;
esac
