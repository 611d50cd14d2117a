#!/bin/sh
# A SLURM of one node on this host, for the tests: munge, slurmctld and slurmd from Debian's packages, all state in DIR.
#   apt-get install slurmctld slurmd slurm-client munge
#   sh start_slurm.sh DIR; export SLURM_CONF=DIR/slurm.conf; ...; sh start_slurm.sh DIR stop
# Needs root. Four jobs may run at once whatever the number of cores.
set -eu
dir=$1
socket=$dir/munge.socket

if [ "${2:-start}" = stop ]; then
    for name in slurmd slurmctld munged; do
        [ -f "$dir/$name.pid" ] && kill "$(cat "$dir/$name.pid")" 2>/dev/null || true
    done
    exit 0
fi

mkdir -p "$dir/ctld" "$dir/d"
chmod 755 "$dir"
dd if=/dev/urandom of="$dir/munge.key" bs=1024 count=1 status=none
chmod 400 "$dir/munge.key"
munged --force --key-file="$dir/munge.key" --socket="$socket" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munged.log" --seed-file="$dir/munge.seed"

cat > "$dir/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$socket
CredType=cred/munge
StateSaveLocation=$dir/ctld
SlurmdSpoolDir=$dir/d
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
JobRequeue=1
MinJobAge=3600
SlurmdParameters=config_overrides
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
# slurmd wants a cgroup plugin even if nothing uses it.
if [ -d /sys/fs/cgroup/cpuset ]; then plugin=cgroup/v1; else plugin=cgroup/v2; fi
printf 'CgroupPlugin=%s\nIgnoreSystemd=yes\n' $plugin > "$dir/cgroup.conf"
export SLURM_CONF=$dir/slurm.conf
slurmctld
slurmd
for _ in $(seq 30); do
    sinfo --noheader --format=%T 2>/dev/null | grep -q idle && exit 0
    sleep 1
done
echo "SLURM did not start; see $dir/slurmctld.log and $dir/slurmd.log" >&2
exit 1
