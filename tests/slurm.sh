#!/usr/bin/env bash
# A dataset built by a real Slurm: one node, started and stopped here.
#
#   tests/slurm.sh            # needs root; installs slurm-wlm (Debian, Ubuntu) if it is missing
#
# Exit code 0 if all is well, and, with a line "skipped: ...", where Slurm cannot be had; 1 on
# failure. Nothing of a Slurm that is already running is touched: daemons get ports, folders and
# a configuration of their own, and only the processes started here are ended.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    printf 'skipped: %s\n' "$1"
    exit 0
}
fail() {
    printf 'FAILED: %s\n' "$1" >&2
    for log in "$work"/*.log "$work"/data*/slurm/log/*; do
        [ -s "$log" ] && { printf -- '--- %s\n' "$log"; tail -n 25 "$log"; } >&2
    done
    exit 1
}

[ "$(id -u)" = 0 ] || skip 'not root, and slurmd has to be'
if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null; then
    command -v apt-get >/dev/null || skip 'no slurmctld and no apt-get'
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends slurm-wlm; } >/dev/null 2>&1 ||
        skip 'slurm-wlm cannot be installed'
fi

target=${CARGO_TARGET_DIR:-target}
[ -n "${XTASK:-}" ] || cargo build --quiet --release -p xtask
xtask=$(realpath "${XTASK:-$target/release/xtask}")

work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop EXIT

host=$(hostname -s 2>/dev/null || cat /proc/sys/kernel/hostname)
cores=$(nproc)
export SLURM_CONF=$work/slurm.conf
mkdir -p "$work/state" "$work/spool"
# No munge, no cgroups, no accounting: the smallest Slurm that queues. MaxArraySize is small so
# that a job of ten tasks takes several windows.
cat >"$SLURM_CONF" <<CONF
ClusterName=gisaxs
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
MaxArraySize=4
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=1000 State=UNKNOWN
PartitionName=short Nodes=$host Default=YES MaxTime=00:20:00 State=UP
CONF
slurmctld -D -f "$SLURM_CONF" >"$work/ctld.out.log" 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" >"$work/slurmd.out.log" 2>&1 &
pids+=($!)

for _ in $(seq 60); do
    state=$(sinfo --noheader --format %T 2>/dev/null | head -n 1 || true)
    [ "$state" = idle ] && break
    for pid in "${pids[@]}"; do
        kill -0 "$pid" 2>/dev/null || {
            tail -n 5 "$work"/*.log >&2
            skip 'a Slurm daemon does not start here (see above)'
        }
    done
    sleep 1
done
[ "$state" = idle ] || skip "the node does not come up (state ${state:-unknown})"
printf 'slurm %s is up\n' "$(sinfo --version)"

cat >"$work/config.toml" <<'CONF'
[dataset]
name = "slurm"
contents = "frame"
design = "sobol"
samples_per_setup = 2
shard_samples = 2
[setup]
distance_mm = 2000.0
min_window = 0.1
beam_row = 1.0
detectors = [{ name = "crop", weight = 1.0, pixel_mm = 0.688, layout = { module = [48, 64], gap = [0, 0], modules = [1, 1] } }]
CONF
plan() { "$xtask" --quiet dataset plan --config "$work/config.toml" --samples 20 --seed 3 --probe 0 --out "$1"; }
settle() {
    for _ in $(seq 180); do
        [ -z "$(squeue --noheader)" ] && return
        sleep 1
    done
    squeue >&2
    fail "jobs are still there after 180 s"
}
submit() {
    "$xtask" dataset slurm "$work/data" --partition short --time 00:05:00 --memory 200M \
        --throttle 2 --cpus 1 --submit
}

plan "$work/local"
"$xtask" --quiet dataset run "$work/local"

plan "$work/data"
submit
# Ten shards in arrays of at most four tasks.
[ "$(ls "$work"/data/slurm/array-*.sh | wc -l)" = 3 ] || fail 'not three windows of four tasks'
settle
"$xtask" dataset verify "$work/data" --again 4 || fail 'the dataset is not good'
grep -q 'good' "$work"/data/slurm/log/verify-*.log || fail 'the dependent job did not verify'
for file in manifest.json shards; do
    diff -r "$work/local/$file" "$work/data/$file" || fail "$file differs from a local build"
done
printf 'ok: ten shards in three windows, verified by the dependent job, equal to a local build\n'

# Only what is missing is queued again.
rm "$work"/data/shards/000003.* "$work"/data/shards/000007.safetensors "$work"/data/shards/000007.json
"$xtask" dataset slurm "$work/data" --partition short >/dev/null
[ "$(cat "$work/data/slurm/tasks.txt")" = $'3..4\n7..8' ] || fail 'more than the missing shards queued'
submit
settle
diff -r "$work/local/shards" "$work/data/shards" || fail 'shards differ after requeueing'
printf 'ok: two missing shards requeued and made again\n'

# A task outside of an array says so.
code=0
bash "$work/data/slurm/array-0.sh" 2>"$work/alone.log" || code=$?
[ "$code" = 2 ] && grep -q SLURM_ARRAY_TASK_ID "$work/alone.log" || fail 'a script outside of an array ran'
printf 'ok: without SLURM_ARRAY_TASK_ID the script is an error\n'
