#!/bin/sh
# A real Slurm of one node, this machine, for `npm run test:launchers`: `slurm-one-node.sh start|stop|kill-controller|
# start-controller DIR`. Needs root, and Debian's slurm-wlm and munge. Everything of it stands in DIR: its own munge key
# and socket, configuration (clients find it by SLURM_CONF=DIR/slurm.conf), state and logs. Nothing in /etc is touched,
# and a Slurm that the machine already runs goes on beside it, on other ports.
set -eu
verb=$1
dir=$2
name=$(hostname -s)

running() { [ -s "$dir/$1.pid" ] && kill -0 "$(cat "$dir/$1.pid" 2>/dev/null)" 2>/dev/null; }

end() {
  running "$1" || return 0
  kill "$(cat "$dir/$1.pid")"
  tries=0
  while running "$1" && [ "$tries" -lt 100 ]; do
    sleep 0.2
    tries=$((tries + 1))
  done
}

controller() { slurmctld -f "$dir/slurm.conf"; }

configure() {
  mkdir -p "$dir/state" "$dir/spool"
  # munged refuses sockets and keys where others may write
  chmod 755 "$dir"
  [ -s "$dir/munge.key" ] || (umask 077 && dd if=/dev/urandom of="$dir/munge.key" bs=128 count=1 2>/dev/null)
  cat >"$dir/slurm.conf" <<CONF
ClusterName=foil-test
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=${SLURM_PORT:-16817}
SlurmdPort=$((${SLURM_PORT:-16817} + 1))
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=5,batch_sched_delay=1
ReturnToService=2
MinJobAge=300
MessageTimeout=30
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=$name Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:16
CONF
}

case $verb in
  start)
    configure
    running munged || munged --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
      --log-file="$dir/munged.log" --seed-file="$dir/munge.seed" --num-threads=2 --force
    running slurmctld || controller
    running slurmd || slurmd -f "$dir/slurm.conf"
    tries=0
    until SLURM_CONF=$dir/slurm.conf sinfo -h -o %T 2>/dev/null | grep -Eq 'idle|mix|alloc'; do
      tries=$((tries + 1))
      if [ "$tries" -gt 90 ]; then
        echo "no idle node after 90 s; see $dir/slurmctld.log and $dir/slurmd.log" >&2
        exit 1
      fi
      sleep 1
    done
    ;;
  stop) for daemon in slurmd slurmctld munged; do end "$daemon"; done ;;
  kill-controller) end slurmctld ;;
  start-controller) controller ;;
  *)
    echo "usage: ${0##*/} start|stop|kill-controller|start-controller DIR" >&2
    exit 2
    ;;
esac
